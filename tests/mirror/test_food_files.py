"""The files of food and emission factors, read by the project and, apart from it, by hand."""

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
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("food"))


def read(store: Store, path: Path, table: str, source_id: str, vintage: str) -> pl.DataFrame:
    source = sources()[source_id]
    reading = Reading(source, source.vintage(vintage), table, path, complete=False)
    read_table(reading, tables()[table], store)
    return pl.read_parquet(store.path(table))


def compare_numbers(ours: pl.Series, theirs: list[str]) -> None:
    """As many values, as many blanks, the same sum."""
    assert ours.null_count() == theirs.count(""), ours.name
    values = math.fsum(float(text) for text in theirs if text)
    assert math.fsum(ours.drop_nulls().to_list()) == pytest.approx(values, rel=1e-12), ours.name


def compare_texts(ours: pl.Series, theirs: list[str]) -> None:
    """The same texts, each as often."""
    both = [sorted(map(plain, texts)) for texts in (ours.fill_null("").to_list(), theirs)]
    assert both[0] == both[1], ours.name


def plain(text: str) -> str:
    """A cell of text: a number without digits that a workbook adds, an error as nothing."""
    if text == "#N/A":
        return ""
    try:
        return repr(float(text))
    except ValueError:
        return text


# --- the agricultural census ---


def test_farmland(mirror: Path, store: Store) -> None:
    path = files.find(mirror, "agreste_ra2020")
    rows = files.read_csv(path.read_bytes(), ";")
    ours = read(store, path, "agreste_ra2020", "agreste_ra2020", "2020")
    assert len(ours) == len(rows) == len(path.read_bytes().splitlines()) - 1
    compare_texts(ours["commune_code"], [row["CODE_COM"] for row in rows])
    for column, name in {
        "farmland_ha": "SAU",
        "cereals_oilseeds_ha": "Surfaces céréales et oléoprotéagineux",
        "grassland_ha": "Surfaces prairies",
        "permanent_crops_ha": "Surfaces cultures permanentes",
    }.items():
        compare_numbers(ours[column], [row[name] for row in rows])
    assert ours["farmland_ha"].sum() == 1_633_353
    assert ours.filter(pl.col("commune_code").str.starts_with("81"))["farmland_ha"].sum() == 296_909
    # In Paris and around, some parts are told and some communes are absent: none is blank.
    assert ours.null_count().sum_horizontal().item() == 0


# --- emission factors ---

FACTOR_TEXTS = {
    "line_type": "Type Ligne",
    "element_id": "Identifiant de l'élément",
    "element_type": "Type de l'élément",
    "status": "Statut de l'élément",
    "name_fr": "Nom base français",
    "attribute_fr": "Nom attribut français",
    "boundary_fr": "Nom frontière français",
    "category": "Code de la catégorie",
    "unit_fr": "Unité français",
    "location": "Localisation géographique",
    "sub_location_fr": "Sous-localisation géographique français",
    "part_type": "Type poste",
    "part_name_fr": "Nom poste français",
}
FACTOR_NUMBERS = {
    "uncertainty_percent": "Incertitude",
    "total": "Total poste non décomposé",
    "co2f": "CO2f",
    "ch4f": "CH4f",
    "ch4b": "CH4b",
    "n2o": "N2O",
    "other_ghg": "Autres GES",
    "co2b": "CO2b",
}


@pytest.fixture(scope="module")
def factor_rows(mirror: Path) -> list[files.Row]:
    path = files.find(mirror, "ademe_base_carbone")
    return files.read_sheet(path.read_bytes(), "Base_Carbone_V23.6")


@pytest.fixture(scope="module")
def factors(mirror: Path, store: Store) -> pl.DataFrame:
    path = files.find(mirror, "ademe_base_carbone")
    return read(store, path, "ademe_base_carbone", "ademe_base_carbone", "23.6")


def test_emission_factors(factors: pl.DataFrame, factor_rows: list[files.Row]) -> None:
    assert len(factors) == len(factor_rows) == 18_616
    for column, name in FACTOR_NUMBERS.items():
        compare_numbers(factors[column], [row[name] for row in factor_rows])
    for column, name in FACTOR_TEXTS.items():
        compare_texts(factors[column], [row[name] for row in factor_rows])


@pytest.mark.parametrize(("column", "name"), FACTOR_NUMBERS.items())
def test_small_factors_keep_their_digits(
    factors: pl.DataFrame, factor_rows: list[files.Row], column: str, name: str
) -> None:
    theirs = sorted(float(row[name]) for row in factor_rows if row[name])
    ours = factors[column].drop_nulls().sort().to_list()
    assert ours == pytest.approx(theirs, rel=1e-9, abs=0)


def test_kinds_of_emission_factors(factors: pl.DataFrame) -> None:
    def count(column: str) -> dict[str, int]:
        return dict(factors.group_by(column).len().iter_rows())

    assert count("line_type") == {"Elément": 12_817, "Poste": 5_799}
    assert count("status") == {
        "Valide générique": 11_368,
        "Archivé": 7_171,
        "Valide spécifique": 77,
    }
    assert count("element_type") == {"Facteur d'émission": 16_738, "Données source": 1_878}
    # A date, a year, or words: nothing of it is lost.
    blank = factors["valid_until"].null_count()
    dates = factors["valid_until"].str.contains(r"^\d{4}-\d\d-\d\d").sum()
    words = factors["valid_until"].str.contains(r"^\D").sum()
    assert blank == 18_616 - 17_418
    assert dates > words > 1_000


# --- territorial food projects, as one région tells them ---


def test_communes_of_food_projects(mirror: Path, store: Store) -> None:
    path = files.find(mirror, "pat_perimeters", name="pat_com.csv")
    rows = files.read_csv(path.read_bytes())
    ours = read(store, path, "pat_perimeters_communes", "pat_perimeters", "2025")
    assert len(ours) == len(rows) == 4_036
    pairs = sorted((row["code_insee"], row["code_pat"].removesuffix(".0")) for row in rows)
    assert sorted(ours.select("commune_code", "pat_code").iter_rows()) == pairs
    assert ours["commune_code"].n_unique() == 3_061
    assert ours["pat_code"].n_unique() == 64


def test_food_projects(mirror: Path, store: Store) -> None:
    path = files.find(mirror, "pat_perimeters", name="pat_aura_112025_attributes.csv")
    rows = files.read_csv(path.read_bytes(), ";")
    ours = read(store, path, "pat_perimeters_projects", "pat_perimeters", "2025")
    assert len(ours) == len(rows) == 64
    compare_texts(ours["pat_code"], [row["code_pat"].removesuffix(".0") for row in rows])
    compare_texts(ours["name"], [row["nom_du_pat"].strip() for row in rows])
    compare_texts(ours["scale"], [row["echelle"].strip() for row in rows])
    compare_texts(ours["level"], [row["niveau"].removesuffix(".0") for row in rows])
    compare_numbers(ours["labelled_year"], [row["annee_labe"] for row in rows])
    path = files.find(mirror, "pat_perimeters", name="pat_com.csv")
    communes = read(store, path, "pat_perimeters_communes", "pat_perimeters", "2025")
    assert set(communes["pat_code"]) == set(ours["pat_code"])
