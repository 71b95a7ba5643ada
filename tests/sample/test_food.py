"""The files of food, water and emission factors: their bytes, and their traps."""

import csv
import io
import json
import zipfile

import fastexcel
import polars as pl
import pytest

from pipelines.catalogue.words import factors
from pipelines.sample.country import Country
from pipelines.sample.epci_2018 import epci_of_2018
from pipelines.sample.workbooks import xls

from .readers import ISLANDS, METROPOLISES, Content, sheet, table
from .test_layouts import is_crlf, is_lf, members

BIO = "donnees-communes-sau.csv"
INAO = "2025-10-09-comagri-communes-aires-ao.csv"
BNPE = "chroniques_2024.json"
BASE_CARBONE = "Base_Carbone_V23.6.csv"
PATS = "pats-20250710-win1252.csv"
RA2020, RA2020_ODS = "RA2020_1013_SAU_Communes.zip", "RA2020_1013_SAU_Communes.ods"
EPCI = "Intercommunalite_Metropole_au_01-01-2019.zip"
EPCI_XLS = "Intercommunalité - Métropole au 01-01-2019.xls"


def of_windows(content: bytes) -> list[dict[str, str]]:
    """A text of Windows separated by semicolons."""
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    text = io.StringIO(content.decode("cp1252"), newline="")
    return list(csv.DictReader(text, delimiter=";", strict=True))


# --- the agricultural census ---


@pytest.fixture(scope="module")
def farmland(content: Content) -> pl.DataFrame:
    return sheet(content(RA2020, RA2020_ODS), "RA2020_Communes", header_row=0)


def test_the_census_is_an_opendocument_workbook(content: Content, farmland: pl.DataFrame) -> None:
    assert members(content(RA2020)) == [RA2020_ODS]
    book = content(RA2020, RA2020_ODS)
    assert members(book) == ["mimetype", "content.xml", "META-INF/manifest.xml"]
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    assert book[30:].startswith(b"mimetype" + kind), "its type comes first, uncompressed"
    assert fastexcel.read_excel(book).sheet_names == ["Lisez-moi", "RA2020_Communes"]
    starts = ["CODE_COM", "LIB_COM", "SAU", "Surfaces céréales", "Surfaces prairies"]
    starts += ["Surfaces cultures"]
    for name, start in zip(farmland.columns, starts, strict=True):
        assert name.startswith(start)
    assert "\n" in farmland.columns[3]
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert b'number-rows-repeated="1000"' in archive.read("content.xml")


def test_secrets_and_sums_of_the_census(farmland: pl.DataFrame, country: Country) -> None:
    codes = set(farmland["CODE_COM"])
    assert codes < set(country.names[2020]["code"])
    assert "27676" in codes, "geography of 2020"
    rows = farmland.select(pl.all().exclude("CODE_COM", "LIB_COM").cast(pl.Int64))
    total, parts = rows.to_series(0), rows.select(pl.nth(1, 2, 3))
    assert total.is_null().any()
    assert (parts.to_series(0).is_null() & total.is_not_null()).any()
    above = parts.sum_horizontal(ignore_nulls=False) - total
    assert above.max() == 1
    area = country.communes(2020).select(CODE_COM="code", ha=100 * pl.col("area"))
    ha = farmland.join(area, on="CODE_COM", maintain_order="left")["ha"]
    assert (total > ha).any(), "land is counted at the farm's seat"


# --- organic farming ---


def test_organic_farming(content: Content, country: Country) -> None:
    text = content(BIO)
    assert text.startswith(
        b"annee,coderegion,region,codedepartement,departement,codeepci,epci,codeinseecommune,"
        b"codepostalcommune,commune,nb_exp,surfab,surfc1,surfc2,surfc3,surfc123,SurfBIO\n"
    )
    assert is_lf(text)
    rows = table(text)
    assert rows["annee"].n_unique() == 5
    assert set(rows["codeinseecommune"]) < set(country.names[2025]["code"])
    by_year = rows.group_by("codeinseecommune").agg(pl.n_unique("annee"))["annee"]
    assert by_year.min() < 5
    assert rows.select("annee", "codeinseecommune").is_duplicated().any(), "two postal codes"
    ha = rows.select(
        pl.col("surfab", "surfc1", "surfc2", "surfc3", "surfc123", "SurfBIO").cast(float)
    )
    assert (ha["surfab"] + ha["surfc123"] - ha["SurfBIO"]).abs().max() < 0.02
    assert (ha["surfc1"] + ha["surfc2"] + ha["surfc3"] - ha["surfc123"]).abs().max() < 0.02


# --- protected appellations of origin ---


def test_appellations(content: Content, country: Country) -> None:
    text = content(INAO)
    assert text.startswith(
        'CI;Département;Commune;Art;"Aire géographique";IDA\r\n'.encode("cp1252")
    )
    assert is_crlf(text)
    rows = of_windows(text)
    alive = set(country.names[2025]["code"])
    codes = [row["CI"] for row in rows]
    assert {"27109", "15068"} <= set(codes) - alive, "merged in the 1970s"
    assert {"01024", "1024"} & set(codes)
    assert sum(len(code) == 4 for code in codes) > 1
    assert rows.count(rows[0]) == 2
    assert len({(row["CI"], row["IDA"]) for row in rows}) == len(rows) - 1
    several = {row["CI"] for row in rows if sum(code == row["CI"] for code in codes) > 1}
    assert len(several) > 50
    assert {"", "Le", "La", "L'"} <= {row["Art"] for row in rows}


# --- withdrawals of water ---


def test_withdrawals(content: Content, country: Country) -> None:
    answer = json.loads(content(BNPE))
    assert list(answer) == ["count", "first", "last", "prev", "next", "api_version", "data"]
    rows = answer["data"]
    assert answer["count"] == len(rows) > 200
    assert all(len(row) == 23 for row in rows)
    assert {row["code_usage"] for row in rows} == {"AEP", "BAR", "CAN", "ENE", "EXO", "IND", "IRR"}
    volumes = [row["volume"] for row in rows if row["volume"] is not None]
    assert len(volumes) < len(rows), "some are unknown"
    assert min(volumes) >= 10_000
    dams = sum(row["volume"] or 0 for row in rows if row["code_usage"] == "BAR")
    assert dams > sum(volumes) / 2
    keys = [(row["code_ouvrage"], row["code_usage"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert len({code for code, _ in keys}) < len(keys), "several uses of one installation"
    assert {row["code_commune_insee"] for row in rows} - set(country.names[2026]["code"])


# --- emission factors ---


def test_emission_factors(content: Content) -> None:
    text = content(BASE_CARBONE)
    assert text.startswith("Type Ligne;Identifiant de l'élément;Structure;".encode("cp1252"))
    rows = of_windows(text)
    assert all(len(row) == 67 for row in rows)
    total = [row["Total poste non décomposé"] for row in rows]
    assert not any("." in value for value in total)
    assert any("E-05" in value for value in total)
    assert any(value.startswith("-") for value in total)
    assert {row["Statut de l'élément"] for row in rows} == {
        "Archivé",
        "Valide générique",
        "Valide spécifique",
    }
    assert {"Elément", "Poste"} == {row["Type Ligne"] for row in rows}
    names = "".join(row["Nom base français"] for row in rows)
    assert set('"\tœ') <= set(names)
    assert "\n" in "".join(row["Nom frontière français"] for row in rows)
    assert {len(row["Période de validité"]) for row in rows} >= {0, 4, 5, 7, 10}


def test_every_factor_in_use_is_valid_and_the_sum_of_its_parts(content: Content) -> None:
    rows = of_windows(content(BASE_CARBONE))
    for name, factor in factors().items():
        own = [row for row in rows if row["Identifiant de l'élément"] == factor.element]
        (whole, *parts) = own
        assert whole["Type Ligne"] == "Elément"
        assert whole["Statut de l'élément"].startswith("Valide"), name
        value, *values = [float(r["Total poste non décomposé"].replace(",", ".")) for r in own]
        assert value > 0
        assert not parts or sum(values) == pytest.approx(value)


# --- territorial food projects ---


def test_food_projects(content: Content, country: Country) -> None:
    text = content(PATS)
    assert text.startswith(
        b"id;lien_vers_la_fiche_pat;nom_administratif;nom_usuel;regions;departement;epci;"
        b"communes_code_insee\n"
    )
    assert is_lf(text)
    rows = of_windows(text)
    lists = [row["communes_code_insee"] for row in rows]
    assert "" in lists
    codes = [code for one in lists for code in one.split(",") if code]
    assert len(codes) > len(set(codes)), "projects overlap"
    assert set(codes) < set(country.names[2025]["code"])
    assert {"", *"’œ«&"} <= {"", *"".join(r["nom_administratif"] + r["nom_usuel"] for r in rows)}
    assert "" in [row["nom_usuel"] for row in rows]


# --- the EPCI of 2019 ---


def test_epci_of_2019(content: Content, country: Country) -> None:
    with zipfile.ZipFile(io.BytesIO(content(EPCI))) as archive:
        assert archive.namelist() == [EPCI_XLS]
    book = content(EPCI, EPCI_XLS)
    assert book.startswith(b"\xd0\xcf\x11\xe0"), "a workbook of Excel 97"
    assert sheet(book, "Composition_communale").row(4)[0] == "Code géographique"
    rows = sheet(book, "Composition_communale", header_row=5)
    assert rows.columns == ["CODGEO", "LIBGEO", "EPCI", "LIBEPCI", "DEP", "REG"]
    assert rows["CODGEO"].to_list() == country.names[2019]["code"].to_list()
    assert set(rows.filter(EPCI="ZZZZZZZZZ")["CODGEO"]) == ISLANDS
    assert set(rows["CODGEO"]) > METROPOLISES
    epci = sheet(book, "EPCI", header_row=5)
    assert set(epci["EPCI"]) == set(rows["EPCI"]) - {"ZZZZZZZZZ"}
    assert epci["NB_COM"].cast(int).sum() == len(rows) - len(ISLANDS)
    assert len(set(epci["EPCI"]) - set(country.epci["siren"])) > 4, "some are no more"
    assert rows["LIBEPCI"].is_not_null().all()


def test_epci_of_2018_and_2019_are_the_same(country: Country) -> None:
    lists = [
        set(epci_of_2018(country, year)["siren"].drop_nulls().to_list()) for year in (2018, 2019)
    ]
    assert lists[0] == lists[1]


def test_a_workbook_too_large_for_its_header_is_refused() -> None:
    with pytest.raises(ValueError, match="more than this kind of file holds"):
        xls({"A": [["x" * 60_000]] * 130})
