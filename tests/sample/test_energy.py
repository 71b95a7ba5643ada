"""The files of energy: their bytes and their traps."""

import polars as pl
import pytest

from pipelines.sample.country import Country
from pipelines.sample.energy import CONSUMPTION_COLUMNS, HEAT_COLUMNS, REGISTRY_COLUMNS

from .readers import ARRONDISSEMENTS, METROPOLISES, Content, table

REGISTRY = "registre-national-installation-production-stockage-electricite-agrege.csv"
BIOMETHANE = "points-d-injection-de-biomethane-en-france.csv"
CONSUMPTION = "consommation-annuelle-d-electricite-et-gaz-par-commune.csv"
HEAT = "reseaux-de-chaleur-et-de-froid.csv"
BOM = b"\xef\xbb\xbf"
BIOMETHANE_HEADER = (
    "Annee mise en service;Nom du site;Type de site;Commune;Coordonnees;Code EPCI;EPCI;Departement;"
    "Region;Date de mise en service;Reseau;Type de Réseau;Capacite de production (GWh/an);"
    "Gestionnaire de registre;N° de PITD/PITP;Code Departement;Code Region;Augmentation prévue ?;"
    "\ufeffID unique projet;Date de fermeture du site;Site ouvert ?;Code Commune Courant"
)
ENERGY = "energieannuelleglissanteinjectee"


@pytest.fixture(scope="module")
def plants(content: Content) -> pl.DataFrame:
    numbers = dict.fromkeys(("puismaxinstallee", "nbinstallations", ENERGY), pl.Float64)
    return table(content(REGISTRY), ";").cast(numbers)


@pytest.fixture(scope="module")
def points(content: Content) -> pl.DataFrame:
    return table(content(BIOMETHANE), ";")


@pytest.fixture(scope="module")
def used(content: Content) -> pl.DataFrame:
    return table(content(CONSUMPTION), ";").rename({"Conso totale (MWh)": "mwh"})


@pytest.fixture(scope="module")
def networks(content: Content) -> pl.DataFrame:
    return table(content(HEAT), ";")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (REGISTRY, BOM + ";".join(REGISTRY_COLUMNS).encode()),
        (BIOMETHANE, BOM + BIOMETHANE_HEADER.encode()),
        (CONSUMPTION, BOM + ";".join(CONSUMPTION_COLUMNS).encode()),
        (HEAT, ";".join(f'"{column}"' for column in HEAT_COLUMNS).encode()),
    ],
)
def test_to_the_byte(content: Content, name: str, header: bytes) -> None:
    text = content(name)
    assert text.startswith(header + b"\n")
    assert text.endswith(b"\n") and b"\r" not in text
    assert len(CONSUMPTION_COLUMNS) == 47


def test_installations_and_groups_of_them(plants: pl.DataFrame) -> None:
    several = plants.filter(pl.col("nbinstallations") > 1)
    assert several["nominstallation"].str.starts_with("Agrégation").all()
    assert set(several["codefiliere"]) == {"SOLAI"}
    assert plants.filter(pl.col("nominstallation") == "Confidentiel").height > 10
    assert set(plants["codefiliere"]) >= {"SOLAI", "EOLIE", "HYDLQ", "BIOEN", "THERM", "NUCLE"}
    assert plants.select("codeinseecommune", "filiere").is_duplicated().any()


def test_energy_that_is_not_plain(plants: pl.DataFrame) -> None:
    energy = plants[ENERGY]
    assert 10 < energy.null_count() < len(plants) / 5
    assert plants["puismaxinstallee"].null_count() == 0
    assert set(plants.filter(energy < 0)["codefiliere"]) == {"SOLAI", "THERM"}
    idle = plants.filter(energy == 0)
    assert idle["puismaxinstallee"].max() == (
        plants.filter(codefiliere="THERM")["puismaxinstallee"].max()
    )
    corsica = plants.filter(technologie="Photovoltaïque").filter(codefiliere="HYDLQ")
    assert set(corsica["codedepartement"]) == {"2A"}


def test_communes_of_installations(plants: pl.DataFrame, country: Country) -> None:
    codes = set(plants["codeinseecommune"].drop_nulls())
    assert codes & ARRONDISSEMENTS and not codes & METROPOLISES
    assert plants["codeinseecommune"].null_count() > 3
    assert plants["codedepartement"].null_count() == 0
    former = codes - ARRONDISSEMENTS - set(country.names[2026]["code"])
    assert former and former <= set(country.names[2024]["code"])


def test_points_of_injection(points: pl.DataFrame, country: Country) -> None:
    assert points["\ufeffID unique projet"].is_unique().all()
    assert points["Coordonnees"].drop_nulls().str.contains(r"^\d+\.\d+, -?\d+\.\d+$").all()
    codes = set(points["Code Commune Courant"].drop_nulls())
    assert points["Code Commune Courant"].null_count() == 2
    assert "15141" in codes and codes <= set(country.names[2024]["code"])
    assert "Aricole Territoriale" in set(points["Type de site"])
    closed = points.filter(pl.col("Site ouvert ?") == "False")
    assert closed["Date de fermeture du site"].to_list() == ["2021-07-13"]


def test_consumption_that_is_secret(used: pl.DataFrame) -> None:
    secret = used.filter(pl.col("mwh").is_null())
    assert 50 < len(secret) < len(used) / 3
    assert set(secret["Nombre de mailles secretisées"]) == {"0", "1", "2"}
    assert secret["Nb sites"].null_count() == len(secret)
    zero = used.filter(mwh="0")
    assert 0 < len(zero) < 100 and zero["Nb sites"].null_count() == len(zero)


def test_consumption_is_shared_out(used: pl.DataFrame, country: Country) -> None:
    assert set(used["FILIERE"]) == {"Electricité", "Gaz"}
    assert set(used["CODE CATEGORIE CONSOMMATION"]) == {"RES", "PRO", "ENT"}
    assert used["CODE GRAND SECTEUR"].null_count() > 0
    assert {"Enedis", "GRDF", "RTE", "EDF SEI"} <= set(used["OPERATEUR"])
    codes = set(used["Code Commune"])
    assert codes == set(country.names[2025]["code"])
    piped = set(used.filter(FILIERE="Gaz")["Code Commune"])
    assert 0 < len(piped) < len(codes) / 2


def test_networks(networks: pl.DataFrame) -> None:
    assert networks["ID"].is_unique().all()
    assert set(networks["FILIERE"]) == {"C", "F"}
    assert networks["COMMUNE_CODE"].is_duplicated().any()
    delivered = networks["CONSOTOT"]
    assert 0 < delivered.eq("secret").sum() < len(networks) / 2
    numbers = networks.filter(delivered != "secret").select(
        pl.col("CONSOTOT", "PRODUCTION_TOTALE").cast(pl.Float64)
    )
    assert (numbers["CONSOTOT"] < numbers["PRODUCTION_TOTALE"]).all()
    sources = networks.select(pl.col("^PRODUCTION_.*$").exclude("PRODUCTION_TOTALE").cast(float))
    made = networks.select(
        pl.sum_horizontal(sources).alias("parts"), "FILIERE", "PRODUCTION_TOTALE"
    )
    heat = made.filter(FILIERE="C")
    assert (heat["parts"] - heat["PRODUCTION_TOTALE"].cast(float)).abs().max() < 0.2
