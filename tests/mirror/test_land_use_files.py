"""The real files of land, forests and homes, read whole and read apart."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.raw.reading import Reading, read_table
from pipelines.store import Store

from . import files

pytestmark = pytest.mark.mirror

AREA, STOCK, HARVEST = "aldo_forest_area", "aldo_forest_stock", "aldo_wood_harvest"
EPCI, COVER = "aldo_epci", "aldo_land_cover"
TAKE, LOVAC = "cerema_land_take", "lovac"
ALIKE = {"1": "200067072", "2": "242900074", "3": "244900015", "4": "248500258"}


@dataclass(frozen=True)
class Both:
    """The cells of a file, and the table read from it."""

    header: list[str]
    rows: list[list[str]]
    found: pl.DataFrame

    def column(self, name: str, rows: list[list[str]] | None = None) -> list[str]:
        """The texts of a column, of all rows or of these."""
        at = self.header.index(name)
        return [row[at].strip() for row in (self.rows if rows is None else rows)]

    @property
    def once(self) -> list[list[str]]:
        """The rows that are not blank, each once."""
        return [list(row) for row in dict.fromkeys(tuple(r) for r in self.rows if any(r))]


@pytest.fixture(scope="module")
def both(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Both]:
    store = Store(tmp_path_factory.mktemp("land"))

    def read(source_id: str) -> Both:
        path = files.find(mirror, source_id)
        if not store.path(source_id).exists():
            source = sources()[source_id]
            complete = source_id != TAKE
            reading = Reading(source, source.vintage(path.parent.name), source_id, path, complete)
            read_table(reading, tables()[source_id], store)
        text = io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
        header, *rows = csv.reader(text, delimiter=";" if source_id == LOVAC else ",", strict=True)
        return Both(header, rows, pl.read_parquet(store.path(source_id)))

    return read


@pytest.mark.parametrize(
    ("source_id", "lines", "repeated", "blank", "kept"),
    [
        (AREA, 1_344, 95, 1, 1_248),
        (STOCK, 5_373, 376, 1, 4_996),
        (HARVEST, 2_688, 190, 0, 2_498),
        (EPCI, 1_248, 0, 0, 1_248),
        (LOVAC, 34_912, 0, 0, 34_912),
    ],
)
def test_every_line_is_accounted_for(
    both: Callable[[str], Both],
    source_id: str,
    lines: int,
    repeated: int,
    blank: int,
    kept: int,
) -> None:
    real = both(source_id)
    assert len(real.rows) == lines
    filled = [row for row in real.rows if any(row)]
    assert (len(filled) - len(real.once), lines - len(filled)) == (repeated, blank)
    assert len(real.found) == len(real.once) == kept == lines - repeated - blank


@pytest.mark.parametrize(
    ("source_id", "published", "column"),
    [
        (AREA, "feuillus", "broadleaf_ha"),
        (AREA, "coniferes", "conifer_ha"),
        (AREA, "mixtes", "mixed_ha"),
        (AREA, "peupleraies", "poplar_ha"),
        (AREA, "total", "forest_ha"),
        (STOCK, "SUPERFICIE_EPCI", "epci_area_ha"),
        (STOCK, "SUPERFICIE", "surface_ha"),
        (STOCK, "VOLUME (m3∙ha-1)", "volume_m3_per_ha"),
        (STOCK, "PRODUCTION (m3∙ha-1)", "growth_m3_per_ha"),
        (STOCK, "PRELEVEMENT (m3∙ha-1∙an-1)", "removals_m3_per_ha"),
        (STOCK, "MORTALITE (m3∙ha-1∙an-1)", "mortality_m3_per_ha"),
        (HARVEST, "SUPERFICIE_EPCI", "epci_area_ha"),
        (HARVEST, "RECOLTE TOTALE (m3/an)", "harvest_m3"),
        (HARVEST, "recolteBo", "sawlogs_m3"),
        (HARVEST, "recolteBi", "industry_wood_m3"),
        (HARVEST, "RECOLTE TOTALE BE  (m3/an)", "fuel_wood_m3"),
        (HARVEST, "RECOLTE TOTALE BE COMM  (m3/an)", "fuel_wood_sold_m3"),
        (HARVEST, "RECOLTE TOTALE BE AUTOCONSOM  (m3/an)", "fuel_wood_own_use_m3"),
        (EPCI, "nombreCommunes", "communes"),
        (EPCI, "populationTotale", "population"),
        (LOVAC, "pp_vacant_plus_2ans_25", "long_vacant"),
    ],
)
def test_numbers_add_up(
    both: Callable[[str], Both], source_id: str, published: str, column: str
) -> None:
    real = both(source_id)
    texts = real.column(published, real.once)
    values = [float(text) for text in texts if text not in ("", "s")]
    assert math.fsum(real.found[column].drop_nulls()) == math.fsum(values)
    assert real.found[column].null_count() == len(texts) - len(values)


@pytest.mark.parametrize(
    ("source_id", "published", "column"),
    [
        (AREA, "siren", "siren"),
        (STOCK, "siren", "siren"),
        (STOCK, "type", "composition"),
        (HARVEST, "siren", "siren"),
        (HARVEST, "composition", "composition"),
        (EPCI, "code", "siren"),
        (EPCI, "nom", "name"),
        (EPCI, "nature", "nature"),
        (LOVAC, "CODGEO_25", "commune_code"),
    ],
)
def test_texts_are_those_of_the_file(
    both: Callable[[str], Both], source_id: str, published: str, column: str
) -> None:
    real = both(source_id)
    assert Counter(real.found[column]) == Counter(real.column(published, real.once))


def test_land_cover_by_class(both: Callable[[str], Both]) -> None:
    real = both(COVER)
    cells = 0
    sums = dict(real.found.group_by("clc_code").agg("surface_ha").iter_rows())
    for code in filter(str.isdigit, real.header):
        texts = [text for text in real.column(code) if text]
        cells += len(texts)
        assert math.fsum(sums.get(code, [])) == math.fsum(map(float, texts))
    assert len(real.found) == cells == 18_928
    assert sum(not any(row) for row in real.rows) == 17
    assert real.found["surface_ha"].sum() == pytest.approx(54.86e6, rel=1e-3)


def test_what_is_known_of_land_cover(both: Callable[[str], Both]) -> None:
    found = both(COVER).found
    named = set(both(EPCI).found["siren"])
    assert named - set(found["siren"]) == {"200071892", "240700864", "247000623", "247400666"}
    for number, neighbour in ALIKE.items():
        rows = found.filter(siren=number).drop("siren").sort("clc_code")
        assert rows.equals(found.filter(siren=neighbour).drop("siren").sort("clc_code"))
    of_albi = found.filter(siren="248100737")["surface_ha"].sum()
    assert of_albi == pytest.approx(21_165, abs=1)


def test_the_epci_of_two_regions_is_there_in_parts(both: Callable[[str], Both]) -> None:
    rows = both(STOCK).found.filter(composition="total")
    assert rows.filter(pl.col("siren").is_duplicated())["siren"].to_list() == ["244400610"] * 2
    parts = rows.filter(siren="244400610")["surface_ha"].sum()
    (whole,) = both(AREA).found.filter(siren="244400610")["forest_ha"]
    assert parts == pytest.approx(whole, abs=0.05)
    none = rows.filter(epci_area_ha=0)["siren"].to_list()
    assert sorted(none) == ["200072122", "243800455", "246900633", "247700024"]


def test_wood_harvest_and_its_totals(both: Callable[[str], Both]) -> None:
    found = both(HARVEST).found
    parts = found.select(pl.sum_horizontal("sawlogs_m3", "industry_wood_m3", "fuel_wood_m3"))
    assert (parts.to_series() - found["harvest_m3"]).abs().max() == pytest.approx(0, abs=1e-2)
    by_name = found.group_by("composition", pl.col("siren") == "FRANCE").agg(pl.sum("harvest_m3"))
    sums = {row[:2]: row[2] for row in by_name.iter_rows()}
    assert sums["coniferes", False] == pytest.approx(27_453_106, abs=1)
    # The labels of the totals are swapped.
    assert sums["feuillus", True] == pytest.approx(sums["coniferes", False], rel=1e-6)
    assert sums["coniferes", True] == pytest.approx(sums["feuillus", False], rel=1e-3)


def test_land_take_by_column(both: Callable[[str], Both]) -> None:
    real = both(TAKE)
    keys = ("kind", "first_year", "use", "last_year")
    sums = {
        "".join(row[:4]): row[4] for row in real.found.group_by(keys).agg("taken_m2").iter_rows()
    }
    assert set(sums) == {n for n in real.header if re.fullmatch(r"(naf|art)\d\d[a-z]+\d\d", n)}
    for name, values in sums.items():
        texts = real.column(name)
        assert len(values) == len(texts) == 534, "no cell is blank"
        assert math.fsum(values) == math.fsum(map(float, texts))
    assert len(real.found) == 534 * 125
    assert math.fsum(sums["naf23art24"]) == 3_117_494
    assert real.found["taken_m2"].min() == -1


@pytest.mark.parametrize(
    ("published", "column"),
    [
        ("surfcom2025", "surface_m2"),
        ("men16", "households_2016"),
        ("men22", "households_2022"),
    ],
)
def test_numbers_of_communes(both: Callable[[str], Both], published: str, column: str) -> None:
    real = both(TAKE)
    rows = real.found.unique("commune_code")
    assert math.fsum(rows[column]) == math.fsum(map(float, real.column(published)))


def test_what_is_known_of_land_take(both: Callable[[str], Both]) -> None:
    real = both(TAKE)
    rows = real.found.unique("commune_code")
    assert Counter(rows["scot_name"]) == Counter(real.column("scot"))
    assert rows["scot_name"].n_unique() == 8
    assert Counter(rows["littoral"]) == {"C": 38, "NC": 496}
    yearly = real.found.filter(first_year="23", last_year="24").group_by("commune_code")
    parts = yearly.agg(
        pl.col("taken_m2").filter(kind="naf").sum().alias("all"),
        pl.col("taken_m2").filter(kind="art").sum().alias("uses"),
    )
    assert parts["all"].equals(parts["uses"])


def test_what_is_known_of_vacancy(both: Callable[[str], Both]) -> None:
    real = both(LOVAC)
    assert real.found["long_vacant"].null_count() == 22_135
    assert real.column("pp_vacant_plus_2ans_25").count("s") == 22_135
    assert real.found["long_vacant"].sum() == 1_126_268
    assert real.found["vacant"].null_count() == len(real.found), "not in this edition"
    assert "97127" in set(real.found["commune_code"])
