"""The files of data behind the pages: what scripts read, one file for each thing asked for.

A browser that opens a page from a folder may not read files, only run scripts: each file is a
script that hands over its name and its content, JSON compressed and written in base 64.
"""

import base64
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pipelines.site.content import PARTS, Content, Row
from pipelines.site.naming import file_name
from pipelines.site.settings import site_settings
from pipelines.site.shapes import drawn, geojson

# Compared territories alone ask for these.
_APART = "pairs"


def write_data(content: Content, folder: Path) -> None:
    """Write the data of all pages under `folder`."""
    for level in content.levels:
        write_places(content, folder, level)
    write_values(content, folder)
    for level in site_settings().mapped:
        for name, shapes, codes in drawn(content, level):
            features = (
                f'{{"type":"Feature","id":{json.dumps(code)},"geometry":{geojson(shape)}}}'
                for code, shape in zip(codes, shapes, strict=True)
            )
            hand_over(folder, f"shapes/{name}", f"[{','.join(features)}]")
    write_search(content, folder)


def write_places(content: Content, folder: Path, level: str) -> None:
    """Write what is known of the territories of a level: communes by département, others alone."""
    pairs = content.packed(level, _APART)
    for file, packed in pairs.items():
        hand_over(folder, f"pairs/{level}/{file_name(file)}", packed)
    parts = {part: content.packed(level, part) for part in PARTS if part != _APART}
    places: dict[str, dict[str, Row]] = defaultdict(dict)
    for (of, code), place in content.territories.items():
        if of == level:
            file = (place["departement_code"] or "") if level == "commune" else code
            places[file][code] = _facts(content, place) | {"has_pairs": file in pairs}
    for file, known in places.items():
        said = [f'"places":{_json(known)}', *(f'"{p}":{parts[p].get(file, "[]")}' for p in parts)]
        hand_over(folder, f"{level}/{file_name(file)}", f"{{{','.join(said)}}}")


def _facts(content: Content, place: Row) -> Row:
    names = ("name", "population", "area_km2", "n_communes")
    return {name: place[name] for name in names if place[name] is not None} | {
        "parents": [[p["level"], p["code"], p["name"]] for p in content.parents(place)],
        "at": content.positions.get((place["level"], place["code"])),
    }


def write_values(content: Content, folder: Path) -> None:
    """Write the latest values of each indicator at the levels that are mapped whole."""
    levels = [level for level in site_settings().mapped if level != "commune"]
    found = content.con.execute(
        "select indicator, to_json(map(list(level order by level), list(of_level order by level)))"
        " from (select indicator, level, map(list(code order by code), list(value order by code))"
        " as of_level from page_figures where list_contains($levels, level) group by all)"
        " group by all order by indicator",
        {"levels": levels},
    ).fetchall()
    for indicator, values in found:
        hand_over(folder, f"values/{indicator}", values)


def write_search(content: Content, folder: Path) -> None:
    """Write the names of all territories, by level: the most populated first."""
    by_level: dict[str, list[Row]] = defaultdict(list)
    for place in content.territories.values():
        by_level[place["level"]].append(place)
    names = {
        level: [
            [place["code"], place["name"], place["departement_code"] or ""]
            for place in sorted(places, key=lambda place: -(place["population"] or 0))
        ]
        for level, places in by_level.items()
    }
    hand_over(folder, "search", _json(names))


def hand_over(folder: Path, name: str, content: str) -> None:
    """Write one file of data: a script that hands over its content under its name."""
    packed = base64.b64encode(gzip.compress(content.encode(), 5, mtime=0)).decode()
    path = folder / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'metabolisme.got({json.dumps(name)},"{packed}")\n', encoding="ascii")


def write_script(path: Path, name: str, values: dict[str, Any]) -> None:
    """Write values that scripts read at once, as one object."""
    path.write_text(f"const {name}={_json(values)};\n".replace("</", "<\\/"), encoding="utf-8")


def _json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
