"""Files of mobility that are not as declared: refused by name and line, or read as said."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import RejectedError

from .spoiled import (
    Cells,
    changed,
    content,
    read,
    renamed,
    with_another,
    with_row_twice,
    with_word,
    without,
)

DELIMITERS = {"rpc_carpool": ";", "bnlc": ",", "irve": ","}
# A column of each source that is read and always there, and its number or date.
COLUMNS = {
    "rpc_carpool": ("journey_end_insee", "journey_distance"),
    "bnlc": ("insee", "date_maj"),
    "irve": ("puissance_nominale", "puissance_nominale"),
}


def refusal(source_id: str, file: bytes, folder: Path, name: str = "file.csv") -> str:
    """Why the file is refused; it must say where in the YAML."""
    with pytest.raises(RejectedError) as refused:
        read(source_id, source_id, file, folder, name)
    message = str(refused.value)
    assert re.search(rf"sources/{source_id}\.yml, tables\.{source_id}.*\(line \d+\)", message)
    return message


@pytest.mark.parametrize("source_id", DELIMITERS)
@pytest.mark.parametrize("change", [renamed, without])
def test_a_column_that_is_not_there(
    source_id: str, change: Callable[[str], Callable[[Cells], Cells]], tmp_path: Path
) -> None:
    column, _ = COLUMNS[source_id]
    file = changed(content(source_id), DELIMITERS[source_id], change(column))
    assert f"{column} (absent)" in refusal(source_id, file, tmp_path)


@pytest.mark.parametrize("source_id", DELIMITERS)
def test_a_column_nobody_announced(source_id: str, tmp_path: Path) -> None:
    file = changed(content(source_id), DELIMITERS[source_id], with_another)
    assert "unknown columns: nouveau" in refusal(source_id, file, tmp_path)


@pytest.mark.parametrize("source_id", DELIMITERS)
def test_another_encoding(source_id: str, tmp_path: Path) -> None:
    file = content(source_id).decode().encode("cp1252", errors="replace")
    assert "cannot be read" in refusal(source_id, file, tmp_path)


@pytest.mark.parametrize("source_id", DELIMITERS)
def test_a_word_where_a_number_is_due(source_id: str, tmp_path: Path) -> None:
    _, column = COLUMNS[source_id]
    file = changed(content(source_id), DELIMITERS[source_id], with_word(column))
    message = refusal(source_id, file, tmp_path)
    assert f"{column}: 1 value(s) not a" in message
    assert "'environ'" in message


def test_a_journey_told_twice_is_refused(tmp_path: Path) -> None:
    file = changed(content("rpc_carpool"), ";", with_row_twice)
    assert 'the key ("journey_id") repeats' in refusal("rpc_carpool", file, tmp_path)


@pytest.mark.parametrize("source_id", ["bnlc", "irve"])
def test_a_place_told_twice_counts_once(source_id: str, tmp_path: Path) -> None:
    file = content(source_id)
    before = read(source_id, source_id, file, tmp_path)
    after = read(source_id, source_id, changed(file, ",", with_row_twice), tmp_path)
    assert after.sort(pl.all()).equals(before.sort(pl.all()))


def test_a_point_in_watts_and_one_without_commune_are_read(tmp_path: Path) -> None:
    rows = read("irve", "irve", content("irve"), tmp_path)
    assert rows["power_kw"].max() == 22_000
    assert 0.15 < rows["commune_code"].null_count() / len(rows) < 0.35


def test_columns_of_the_consolidation_may_be_missing(tmp_path: Path) -> None:
    def bare(rows: Cells) -> Cells:
        kept = [i for i, name in enumerate(rows[0]) if not name.startswith("consolidated_")]
        return [[row[i] for i in kept] for row in rows]

    rows = read("irve", "irve", changed(content("irve"), ",", bare), tmp_path)
    assert rows["longitude"].null_count() == rows["verified_commune"].null_count() == len(rows)
    assert rows["coordinates"].null_count() == 0


def test_columns_of_the_consolidated_places_are_known(tmp_path: Path) -> None:
    def consolidated(rows: Cells) -> Cells:
        more = [["dataset_id", "resource_id"], *([["a", "b"]] * (len(rows) - 1))]
        return [row + two for row, two in zip(rows, more, strict=True)]

    file = content("bnlc")
    rows = read("bnlc", "bnlc", changed(file, ",", consolidated), tmp_path)
    assert len(rows) == file.count(b"\n") - 1


def test_a_latitude_that_is_none(tmp_path: Path) -> None:
    def north(rows: Cells) -> Cells:
        at = rows[0].index("Ylat")
        return [rows[0], [*rows[1][:at], "146.2", *rows[1][at + 1 :]], *rows[2:]]

    message = refusal("bnlc", changed(content("bnlc"), ",", north), tmp_path)
    assert "Ylat: 1 value(s) above 90" in message


def test_half_a_file(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="ends in the middle of a line"):
        read("bnlc", "bnlc", content("bnlc")[:-9], tmp_path)


# --- cycling facilities ---


def sections(change: Callable[[dict[str, Any]], dict[str, Any]], **more: Any) -> bytes:
    """The lines with other properties."""
    collection = json.loads(content("bnac_cycling"))
    for feature in collection["features"]:
        feature["properties"] = change(feature["properties"])
    return json.dumps(collection | more).encode()


def test_a_property_that_is_not_there(tmp_path: Path) -> None:
    def change(properties: dict[str, Any]) -> dict[str, Any]:
        return {"amenagement" if key == "ame_d" else key: v for key, v in properties.items()}

    message = refusal("bnac_cycling", sections(change), tmp_path, "france.geojson")
    assert "ame_d (absent)" in message
    assert "unknown columns: amenagement" in message


def test_other_degrees(tmp_path: Path) -> None:
    collection = json.loads(content("bnac_cycling"))
    for feature in collection["features"]:
        points = feature["geometry"]["coordinates"]
        feature["geometry"]["coordinates"] = [[600_000 + x, 6_000_000 + y] for x, y in points]
    file = json.dumps(collection).encode()
    assert "not in degrees" in refusal("bnac_cycling", file, tmp_path, "france.geojson")


def test_shapes_cut_short(tmp_path: Path) -> None:
    file = content("bnac_cycling")[: len(content("bnac_cycling")) // 2]
    assert "cannot be read" in refusal("bnac_cycling", file, tmp_path, "france.geojson")


def test_both_spellings_of_the_surface_and_a_section_told_twice(tmp_path: Path) -> None:
    def change(properties: dict[str, Any]) -> dict[str, Any]:
        return {key.replace("revet_", "revetement_"): v for key, v in properties.items()}

    features = json.loads(sections(change))["features"]
    file = sections(change, features=[*features, features[0]])
    rows = read("bnac_cycling", "bnac_cycling", file, tmp_path, "france.geojson")
    assert len(rows) == len(features)
