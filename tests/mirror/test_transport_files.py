"""The carpool places of the real file, read whole and read apart."""

import math
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.raw.reading import Reading, read_table
from pipelines.store import Store

from . import files

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def real(mirror: Path) -> list[files.Row]:
    return files.read_csv(files.find(mirror, "bnlc").read_bytes())


@pytest.fixture(scope="module")
def found(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    source, store = sources()["bnlc"], Store(tmp_path_factory.mktemp("bnlc"))
    path = files.find(mirror, "bnlc")
    reading = Reading(source, source.vintage(path.parent.name), "bnlc", path, complete=True)
    read_table(reading, tables()["bnlc"], store)
    return pl.read_parquet(store.path("bnlc"))


def test_every_place_is_kept(real: list[files.Row], found: pl.DataFrame) -> None:
    assert len(found) == len(real) == 2_473
    assert sorted(found["place_id"]) == sorted(row["id_lieu"] for row in real)


@pytest.mark.parametrize(
    ("published", "column"),
    [("Xlong", "longitude"), ("Ylat", "latitude"), ("nbre_pl", "parking_places")],
)
def test_numbers_add_up(
    real: list[files.Row], found: pl.DataFrame, published: str, column: str
) -> None:
    values = [float(row[published]) for row in real if row[published]]
    assert math.fsum(found[column].drop_nulls()) == math.fsum(values)
    assert found[column].null_count() == len(real) - len(values)


@pytest.mark.parametrize(
    ("published", "column"),
    [
        ("insee", "commune_code"),
        ("type", "place_type"),
        ("date_maj", "updated_on"),
        ("ouvert", "is_open"),
    ],
)
def test_texts_are_those_of_the_file(
    real: list[files.Row], found: pl.DataFrame, published: str, column: str
) -> None:
    due = {row["id_lieu"]: row[published].strip() or None for row in real}
    texts = found[column].cast(pl.String)
    assert dict(zip(found["place_id"], texts, strict=True)) == due


def test_what_is_known_of_the_file(found: pl.DataFrame) -> None:
    assert dict(found.group_by("is_open").len().iter_rows()) == {"true": 2_462, "false": 11}
    assert found["parking_places"].null_count() == 870
    assert found["parking_places"].eq(0).sum() == 90
    assert str(found["updated_on"].max()) == "2026-12-13"
    # Postal codes.
    assert {"33000", "59700", "03800"} <= set(found["commune_code"])
