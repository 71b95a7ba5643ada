"""Build the site of a release: its pages in both languages, and what they load."""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from pipelines.answers.language import Code, language
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import levers, signals
from pipelines.catalogue.units import units
from pipelines.catalogue.words import functions, levels, needs, parameter_values
from pipelines.release.changes import Changes, IndicatorChange
from pipelines.site.content import NOWHERE, PARTS, Row, content
from pipelines.site.data import write_data, write_script
from pipelines.site.indicator import write_indicator
from pipelines.site.pages import Pages
from pipelines.site.settings import site_settings
from pipelines.site.territory import write_territories

NAME = "site"
LANGUAGES: tuple[Code, Code] = ("fr", "en")
# Territories of each level on the first page; indicators among those that move.
EXAMPLES = 12


def write_site(folder: Path, version: str, changes: Changes) -> Path:
    """Write the pages of a release in its folder `site`.

    Args:
        folder: the release, whose tables are there.
        version: its name.
        changes: what has changed since the release before.
    """
    site = folder / NAME
    assets = site / "assets"
    _write_assets(assets)
    with content(folder) as known:
        write_data(known, site / "data")
        for code in LANGUAGES:
            pages = Pages(site, known, version, language(code))
            write_script(assets / f"texts.{code}.js", "texts", script_texts(pages))
            write_pages(pages, changes)
    return site


def write_pages(pages: Pages, changes: Changes) -> None:
    """Write every page of a language."""
    listed = _by_function(pages.catalogue)
    main = [one for one in pages.catalogue if indicators()[one["indicator"]].main]
    paged = [level for level in reversed(site_settings().paged) if level in pages.content.levels]
    groups = [(level, _places(pages, level)) for level in paged]
    largest = [(level, _largest(places)) for level, places in groups]
    pages.write("home", "index", largest=largest, of_function=_by_function(main))
    pages.write("territories", groups=groups)
    pages.write("place", scripts=["maps", "place"])
    pages.write("compare", scripts=["maps", "place", "compare"])
    pages.write(
        "map",
        scripts=["maps"],
        of_function=listed,
        mapped=[level for level in site_settings().mapped if level in pages.content.levels],
        departements=_places(pages, "departement"),
        regions=_places(pages, "region"),
    )
    pages.write("indicators", of_function=listed)
    pages.write("sources", **_sources(pages))
    pages.write("changes", changes=changes, moved=_moved(changes))
    for one in pages.catalogue:
        write_indicator(pages, one)
    for level in pages.paged:
        write_territories(pages, level)


def script_texts(pages: Pages) -> dict[str, Any]:
    """All that the pages filled by scripts say, and the columns of the files of data."""
    say = pages.lang.say
    used = {
        one["indicator"]: [source["source_id"] for source in pages.used([one["source_ids"]])]
        for one in pages.catalogue
    }
    return {
        "lang": pages.lang.code,
        "ui": pages.texts,
        "words": pages.lang.texts,
        "paged": pages.paged,
        "peers": site_settings().peers,
        "nowhere": NOWHERE,
        "partial": parameter_values()["partial_coverage"],
        "colours": site_settings().colours,
        "functions": {id_: say(one) for id_, one in functions().items()},
        "levels": {id_: say(one) for id_, one in levels().items()},
        "units": {id_: say(unit) for id_, unit in units().items()},
        "one": {id_: say(unit.one) for id_, unit in units().items() if unit.one},
        "indicators": [
            [id_, pages.labels[id_], one.unit, one.function, int(one.main), used.get(id_, [])]
            for id_, one in indicators().items()
        ],
        "sources": [
            [id_, one["title"], one["publisher"], one["vintage"]]
            for id_, one in pages.sources.items()
        ],
        "needs": [
            [id_, pages.lang.need(id_), one.unit, one.function, pages.lang.short_need(id_)]
            for id_, one in needs().items()
        ],
        "levers": [
            [id_, getattr(one, pages.lang.code).label, getattr(one, pages.lang.code).description]
            for id_, one in levers().items()
        ],
        "signals": {id_: say(one) for id_, one in signals().items()},
        "reasons": [row[f"reason_{pages.lang.code}"] for row in pages.content.reasons],
        "missing": [
            [row["level"], row["indicator"], row["need"], row["reason"]]
            for row in pages.content.missing_of_levels
        ],
        "columns": {part: pages.content.columns(part) for part in PARTS},
    }


def _write_assets(assets: Path) -> None:
    """Styles, with the colours of `site.yml`; scripts, with Vega, out of the package it is in."""
    import vl_convert

    shutil.copytree(Path(__file__).with_name("assets"), assets)
    colours = " ".join(f"--{id_}: {colour};" for id_, colour in site_settings().colours.items())
    styles = assets / "site.css"
    styles.write_text(f":root {{ {colours} }}\n{styles.read_text('utf-8')}", encoding="utf-8")
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    # In a page, its own names must not be the page's.
    (assets / "vega.js").write_text(f"(function(){{{bundle}}})();\n", encoding="utf-8")


def _places(pages: Pages, level: str) -> list[Row]:
    return [place for (of, _), place in pages.content.territories.items() if of == level]


def _largest(places: list[Row]) -> list[Row]:
    return sorted(places, key=lambda place: -(place["population"] or 0))[:EXAMPLES]


def _by_function(rows: list[Row]) -> dict[str, list[Row]]:
    return {function: [r for r in rows if r["function"] == function] for function in functions()}


def _sources(pages: Pages) -> dict[str, Any]:
    """The sources, those that are only planned apart, and the checks by how they ended."""
    by_plan: dict[bool, list[Row]] = {True: [], False: []}
    for one in pages.sources.values():
        by_plan[one["status"] == "planned"].append(one)
    checks: dict[str, list[Row]] = defaultdict(list)
    for one in pages.content.rows("select * from checks order by check_id, table_name"):
        checks[one["status"]].append(one)
    return {
        "read": by_plan[False],
        "planned": by_plan[True],
        "warned": checks["failed"] + checks["warned"],
        "passed": checks["passed"],
    }


def _moved(changes: Changes) -> list[IndicatorChange]:
    """The indicators that move the most."""
    moved = [one for one in changes.indicators if one.median_share or one.lost]
    moved.sort(key=lambda one: (-(one.median_share or 0), one.indicator, one.level))
    return moved[:EXAMPLES]
