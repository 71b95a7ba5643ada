"""The real files of energy, read whole and read apart."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.raw.reading import Reading, read_table
from pipelines.store import Store

from . import files

pytestmark = pytest.mark.mirror

REGISTRY, BIOMETHANE, CONSUMPTION = (
    "odre_electricity_registry",
    "odre_biomethane",
    "ore_consumption",
)
DELIMITERS = {REGISTRY: ";", BIOMETHANE: ";", CONSUMPTION: ","}
# Published column, our column.
NUMBERS = [
    (REGISTRY, "nbinstallations", "installations"),
    (REGISTRY, "puismaxinstallee", "capacity_kw"),
    (REGISTRY, "energieannuelleglissanteinjectee", "energy_injected_kwh"),
    (BIOMETHANE, "Capacite de production (GWh/an)", "capacity_gwh_per_year"),
    (BIOMETHANE, "Annee mise en service", "commissioning_year"),
    (CONSUMPTION, "nb_sites", "sites"),
    (CONSUMPTION, "conso_totale_mwh", "consumption_mwh"),
    (CONSUMPTION, "nombre_de_mailles_secretisees", "secret_cells"),
]
TEXTS = [
    (REGISTRY, "codeinseecommune", "commune_code"),
    (REGISTRY, "codedepartement", "departement_code"),
    (REGISTRY, "filiere", "filiere"),
    (BIOMETHANE, "\ufeffID unique projet", "project_id"),
    (BIOMETHANE, "Code Commune Courant", "commune_code"),
    (BIOMETHANE, "Type de site", "site_type"),
    (BIOMETHANE, "Date de fermeture du site", "closing_date"),
    (BIOMETHANE, "Site ouvert ?", "is_open"),
    (CONSUMPTION, "code_commune", "commune_code"),
    (CONSUMPTION, "operateur", "operator"),
    (CONSUMPTION, "filiere", "filiere"),
    (CONSUMPTION, "annee", "year"),
    (CONSUMPTION, "code_categorie_consommation", "category_code"),
]
Both = Callable[[str], tuple[list[files.Row], pl.DataFrame]]


@pytest.fixture(scope="module")
def both(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """The rows of a file as text, and the table read from it."""
    store = Store(tmp_path_factory.mktemp("energy"))

    def read(source_id: str) -> tuple[list[files.Row], pl.DataFrame]:
        path = files.find(mirror, source_id)
        if not store.path(source_id).exists():
            source = sources()[source_id]
            reading = Reading(source, source.vintage(path.parent.name), source_id, path, False)
            read_table(reading, tables()[source_id], store)
        rows = files.read_csv(path.read_bytes(), DELIMITERS[source_id])
        return rows, pl.read_parquet(store.path(source_id))

    return read


@pytest.mark.parametrize(
    ("source_id", "rows"), [(REGISTRY, 2_175), (BIOMETHANE, 566), (CONSUMPTION, 5_434)]
)
def test_every_row_is_kept(both: Both, source_id: str, rows: int) -> None:
    real, found = both(source_id)
    assert len(found) == len(real) == rows


@pytest.mark.parametrize(("source_id", "published", "column"), NUMBERS)
def test_numbers_add_up(both: Both, source_id: str, published: str, column: str) -> None:
    real, found = both(source_id)
    values = [float(row[published]) for row in real if row[published]]
    assert math.fsum(found[column].drop_nulls()) == math.fsum(values)
    assert found[column].null_count() == len(real) - len(values)


@pytest.mark.parametrize(("source_id", "published", "column"), TEXTS)
def test_texts_are_those_of_the_file(
    both: Both, source_id: str, published: str, column: str
) -> None:
    real, found = both(source_id)
    due = Counter(row[published].strip() or None for row in real)
    assert Counter(found[column].cast(pl.String)) == due


def test_what_is_known_of_the_registry(both: Both) -> None:
    _, found = both(REGISTRY)
    energy = found["energy_injected_kwh"]
    assert energy.null_count() == 90
    assert found.filter(energy < 0)["commune_code"].sort().to_list() == ["92049", "94046"]
    tarn = found.filter(departement_code="81").group_by("filiere").agg(pl.sum(energy.name) / 1e6)
    assert dict(tarn.iter_rows())["Solaire"] == pytest.approx(440.4, abs=0.1)
    assert found["fuel_code"].null_count() == found["regime"].null_count() == len(found)
    assert found.select("commune_code", "filiere").is_unique().all()


def test_what_is_known_of_biomethane(both: Both) -> None:
    _, found = both(BIOMETHANE)
    assert dict(found["is_open"].value_counts().iter_rows()) == {"True": 565, "False": 1}
    assert found["commune_code"].null_count() == 2
    assert found["capacity_gwh_per_year"].sum() == pytest.approx(9_954.1, abs=0.1)
    # Codes that are no more.
    assert {"49069", "71131"} <= set(found["commune_code"])


def test_what_is_known_of_consumption(both: Both) -> None:
    _, found = both(CONSUMPTION)
    gwh = found.group_by("departement_code", "filiere").agg(pl.sum("consumption_mwh") / 1e3)
    due = {("81", "Electricité"): 2_007.8, ("81", "Gaz"): 1_289.0, ("75", "Gaz"): 8_182.6}
    sums = {row[:2]: row[2] for row in gwh.iter_rows()}
    assert {key: sums[key] for key in due} == pytest.approx(due, abs=0.1)
    assert found["consumption_mwh"].eq(0).sum() == 284
    assert found["sector_code"].null_count() == len(found)
