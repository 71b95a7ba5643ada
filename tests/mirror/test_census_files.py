"""The files of the census and of incomes, read by us and read apart: nothing lost on the way."""

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.raw.reading import Reading, read_table
from pipelines.store import Store

from . import files

pytestmark = pytest.mark.mirror


@dataclass(frozen=True)
class File:
    """A file of the mirror: how to read it apart, and which of its columns we keep as what."""

    source_id: str
    vintage: str
    rows: int
    texts: dict[str, str]
    numbers: dict[str, str]
    member: str = ""
    delimiter: str = ";"
    encoding: str = "utf-8-sig"
    above: int = 0
    comma: bool = False
    marks: frozenset[str] = field(default=frozenset())


CUBE = {"geo": "GEO", "geo_object": "GEO_OBJECT", "freq": "FREQ", "obs_status": "OBS_STATUS"}
HOUSING = (
    "ocs",
    "l_stay",
    "tdw",
    "cars",
    "rp_measure",
    "carpark",
    "nor",
    "tsh",
    "build_end",
    "nrg_src",
)
TOURISM = ("activity", "unit_loc_ranking", "l_stay", "tour_measure")
OBSERVED = {"time_period": "TIME_PERIOD", "obs_value": "OBS_VALUE"}
FILES = [
    File(
        "insee_housing",
        "2023",
        360,
        CUBE | {name: name.upper() for name in HOUSING},
        OBSERVED,
        member="*_data.csv",
    ),
    File(
        "insee_tourism_capacity",
        "2026",
        540,
        CUBE | {name: name.upper() for name in TOURISM},
        OBSERVED,
        member="*_data.csv",
    ),
    File(
        "insee_modal_share",
        "2021",
        34_935,
        {"commune_code": "Code"},
        {
            "transit_percent": (
                "Part des actifs occupés de 15 ans ou plus  les transports en commun 2021"
            ),
            "households_with_car_percent": "Part des ménages ayant au moins 1 voiture 2021",
            "car_percent": "Part des actifs occ 15 ans ou plus voiture pour travailler 2021",
            "bike_percent": "Part des actifs occ 15 ans ou plus vélo pour travailler 2021",
        },
        above=2,
        marks=frozenset({"N/A - résultat non disponible", "N/A - division par 0"}),
    ),
    File(
        "insee_school_commuting",
        "2019",
        6_391,
        {"residence_code": "CODGEO", "study_code": "DCETU", "study_name": "L_DCETU"},
        {"pupils": "NBFLUX_C19_SCOL02P"},
        member="*.csv",
    ),
    File(
        "insee_residential_moves",
        "2019",
        16_853,
        {"residence_code": "CODGEO", "previous_code": "DCRAN", "previous_name": "L_DCRAN"},
        {"people": "NBFLUX_C19_POP01P"},
        member="*.csv",
    ),
    File(
        "insee_income",
        "2020",
        34_929,
        {"commune_code": "CODGEO"},
        {
            "tax_households": "NBMENFISC20",
            "tax_household_people": "NBPERSMENFISC20",
            "median_income_euro": "MED20",
            "taxed_households_percent": "PIMP20",
            "poverty_percent": "TP6020",
            "earnings_percent": "PACT20",
            "pensions_percent": "PPEN20",
            "wealth_percent": "PPAT20",
            "benefits_percent": "PPSOC20",
            "taxes_percent": "PIMPOT20",
            "first_decile_euro": "D120",
            "ninth_decile_euro": "D920",
            "decile_ratio": "RD20",
        },
        comma=True,
        marks=frozenset({"s", "nd"}),
    ),
    File(
        "insee_commuting_departements",
        "2016",
        930,
        {"origin": "Origine", "destination": "Destination"},
        {"workers": "Flux Dom-Travail"},
        delimiter=",",
        encoding="latin-1",
    ),
    File(
        "insee_comparateur",
        "2018",
        35_010,
        {"commune_code": "CODGEO"},
        {
            "area_km2": "SUPERF",
            "population": "P18_POP",
            "population_15_64": "P18_POP1564",
            "households": "P18_MEN",
            "dwellings": "P18_LOG",
            "main_homes": "P18_RP",
            "second_homes": "P18_RSECOCC",
            "vacant_homes": "P18_LOGVAC",
            "jobs_at_workplace": "P18_EMPLT",
            "active_15_64": "P18_ACT1564",
            "unemployed_15_64": "P18_CHOM1564",
        },
        member="base_cc_comparateur.csv",
    ),
]


@pytest.fixture(scope="module", params=FILES, ids=[file.source_id for file in FILES])
def both(
    request: pytest.FixtureRequest, mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[File, pl.DataFrame, list[dict[str, str]]]:
    """A file, the table we make of it, and its rows as text."""
    file: File = request.param
    path = files.find(mirror, file.source_id, file.vintage)
    source, store = sources()[file.source_id], Store(tmp_path_factory.mktemp(file.source_id))
    reading = Reading(source, source.vintage(file.vintage), file.source_id, path, complete=False)
    read_table(reading, tables()[file.source_id], store)
    content = files.unzip(path, file.member) if file.member else path.read_bytes()
    lines = io.StringIO(content.decode(file.encoding), newline="")
    for _ in range(file.above):
        lines.readline()
    rows = list(csv.DictReader(lines, delimiter=file.delimiter, strict=True))
    return file, pl.read_parquet(store.path(file.source_id)), rows


Both = tuple[File, pl.DataFrame, list[dict[str, str]]]


def number(text: str, file: File) -> float | None:
    """A cell as a number; nothing for a blank and for a mark."""
    if text in file.marks or not text:
        return None
    return float(text.replace(",", ".") if file.comma else text)


def test_every_row_is_kept(both: Both) -> None:
    file, ours, theirs = both
    assert len(ours) == len(theirs) == file.rows
    assert set(ours.columns) == set(file.texts) | set(file.numbers)


def test_every_text_is_the_same(both: Both) -> None:
    file, ours, theirs = both
    names = list(file.texts)
    expected = Counter(tuple(row[file.texts[name]] for name in names) for row in theirs)
    assert Counter(ours.select(names).rows()) == expected
    assert sum(ours[name].null_count() for name in names) == 0


def test_every_number_is_the_same(both: Both) -> None:
    file, ours, theirs = both
    key = list(file.texts)
    for name, header in file.numbers.items():
        cells = [number(row[header], file) for row in theirs]
        assert ours[name].null_count() == cells.count(None), name
        assert math.fsum(ours[name].drop_nulls()) == math.fsum(c for c in cells if c is not None)
        found = Counter(ours.select(*key, name).rows())
        expected = Counter(
            (*(row[file.texts[k]] for k in key), cell)
            for row, cell in zip(theirs, cells, strict=True)
        )
        assert found == expected, name


def test_what_is_absent_is_a_mark_or_a_blank(both: Both) -> None:
    """Marks and blanks of the real files, as they were counted once."""
    file, ours, _ = both
    absent = {name: ours[name].null_count() for name in file.numbers}
    match file.source_id:
        case "insee_income":
            assert absent["median_income_euro"] == 3_591 + 9
            assert absent["taxed_households_percent"] == 29_563 + 9
            assert absent["poverty_percent"] == 30_550 + 9
            assert absent["first_decile_euro"] == 29_569 + 9
        case "insee_modal_share":
            assert set(absent.values()) == {20 + 6, 20 + 9}
        case "insee_comparateur":
            assert set(absent.values()) == {17}
        case _:
            assert set(absent.values()) == {0}


def test_totals_known_of_the_files(both: Both) -> None:
    file, ours, _ = both
    totals = {
        "insee_school_commuting": ("pupils", 624_432.42),
        "insee_residential_moves": ("people", 2_268_848.04),
        "insee_comparateur": ("population", 70_295_051),
    }
    if file.source_id in totals:
        name, expected = totals[file.source_id]
        assert ours[name].sum() == pytest.approx(expected, abs=0.01)
    if file.source_id == "insee_residential_moves":
        abroad = ours.filter(previous_code="99999")
        assert (len(abroad), round(abroad["people"].sum(), 2)) == (134, 15_986.78)
    if file.source_id == "insee_commuting_departements":
        assert ours["origin"].str.contains(r"^(\d[\dAB]|97\d) - ").all()
        assert ours["workers"].min() == 200
