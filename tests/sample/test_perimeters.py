"""The files of perimeters: their bytes and their traps."""

import polars as pl
import pytest

from pipelines.sample.country import Country
from pipelines.sample.perimeters import SCOT_COLUMNS

from .readers import ARRONDISSEMENTS, ISLANDS, METROPOLISES, Content, sheet, table

LITTORAL_XLSX = "communes-loi-littoral-cog-2022.xlsx"
PERIMETER_HEADER = (
    "annee_cog",
    "collectivite_code",
    "collectivite_type",
    "procedure_id",
    "type_document",
    "opposable",
)


@pytest.fixture(scope="module")
def schemes(content: Content) -> pl.DataFrame:
    return table(content("scots.csv"))


@pytest.fixture(scope="module")
def perimeters(content: Content) -> pl.DataFrame:
    return table(content("perimetres.csv"))


@pytest.fixture(scope="module")
def shores(content: Content) -> pl.DataFrame:
    return sheet(content(LITTORAL_XLSX), "Perimetre", header_row=2)


@pytest.mark.parametrize(
    ("name", "header"), [("scots.csv", SCOT_COLUMNS), ("perimetres.csv", PERIMETER_HEADER)]
)
def test_schemes_to_the_byte(content: Content, name: str, header: tuple[str, ...]) -> None:
    text = content(name)
    assert text.startswith(",".join(f'"{column}"' for column in header).encode() + b"\n")
    assert b"\r" not in text and not text.startswith(b"\xef\xbb\xbf")
    assert all(
        line.startswith(b'"2024","') and line.endswith(b'"') for line in text.splitlines()[1:]
    )


def test_schemes_in_force_and_in_preparation(schemes: pl.DataFrame) -> None:
    in_force, coming = schemes["pa_id"].is_not_null(), schemes["pc_id"].is_not_null()
    assert (in_force | coming).all()
    assert (in_force & coming).any() and (~in_force).any() and (~coming).any()
    assert schemes.filter(in_force)["pa_date_approbation"].str.contains(r"^20\d\d-12-16$").all()
    assert schemes.filter(~in_force)["pa_nom_schema"].null_count() == (~in_force).sum()
    assert set(schemes["pa_scot_interdepartement"].drop_nulls()) <= {"True", "False"}
    assert schemes["scot_codecollectivite"].is_duplicated().any(), "a body with two schemes"


def test_perimeters_are_those_of_the_schemes(
    schemes: pl.DataFrame, perimeters: pl.DataFrame
) -> None:
    communes = perimeters.filter(type_document="SCOT", collectivite_type="COM")
    sizes = dict(communes.group_by("procedure_id").len().iter_rows())
    for kind in ("pa", "pc"):
        told = schemes.filter(pl.col(f"{kind}_id").is_not_null())
        for id_, size in told.select(f"{kind}_id", f"{kind}_nombre_communes").iter_rows():
            assert sizes[id_] == int(size)
    in_force = communes.filter(opposable="True")
    assert set(in_force["procedure_id"]) == set(schemes["pa_id"].drop_nulls())
    assert in_force["collectivite_code"].is_unique().all()
    replaced = set(communes["procedure_id"]) - set(schemes["pa_id"]) - set(schemes["pc_id"])
    assert replaced and replaced <= set(communes.filter(opposable="False")["procedure_id"])


def test_perimeters_of_other_documents_and_communes_of_old(
    perimeters: pl.DataFrame, country: Country
) -> None:
    assert set(perimeters["type_document"]) == {"SCOT", "PLU", "PLUi", "CC"}
    communes = perimeters.filter(collectivite_type="COM")
    assert set(communes["collectivite_code"]) == set(country.names[2024]["code"])
    delegated = perimeters.filter(collectivite_type="COMD")
    assert set(delegated["collectivite_code"]) & set(communes["collectivite_code"])
    key = ["procedure_id", "collectivite_code", "collectivite_type"]
    assert perimeters.select(key).is_unique().all()


def test_parks(content: Content, country: Country) -> None:
    text = content("pnr_com2021.csv")
    assert text.startswith(b"codgeo;libgeo;pnr\n") and b"\r" not in text and b'"' not in text
    rows = table(text, ";")
    assert rows["codgeo"].to_list() == country.names[2021]["code"].to_list()
    inside = rows.filter(pl.col("pnr") != "-9999")
    assert inside["pnr"].str.contains(r"^FR80000\d\d$").all()
    assert inside["pnr"].n_unique() > 1
    assert 0.02 < len(inside) / len(rows) < 0.25


def test_shores(content: Content, shores: pl.DataFrame, country: Country) -> None:
    assert shores.columns == ["INSEE_COM", "NOM_COM", "INSEE_DEP", "INSEE_REG", "CLASSEMENT"]
    titles = sheet(content(LITTORAL_XLSX), "Perimetre")
    assert titles.item(0, 0).startswith("Communes soumises")
    assert sheet(content(LITTORAL_XLSX), "Lisez-moi").height > 0
    rows = shores.filter(pl.col("INSEE_COM").is_not_null())
    assert set(rows["CLASSEMENT"]) == {"Mer", "Estuaire", "Lac"}
    codes = set(rows["INSEE_COM"])
    assert codes <= set(country.names[2022]["code"])
    assert codes >= ISLANDS
    assert not codes & ARRONDISSEMENTS
    assert not any(code.startswith("97") for code in codes)


def test_a_commune_by_two_shores_and_a_row_repeated(shores: pl.DataFrame) -> None:
    shores_of = shores.group_by("INSEE_COM").agg(pl.col("CLASSEMENT").sort())["CLASSEMENT"]
    assert ["Lac", "Mer"] in shores_of.to_list()
    assert shores.is_duplicated().any()


def test_the_coast_is_where_the_land_ends(shores: pl.DataFrame, country: Country) -> None:
    by_the_sea = shores.filter(CLASSEMENT="Mer")["INSEE_COM"]
    communes = country.communes(2022).filter(pl.col("code").is_in(by_the_sea.implode()))
    # The metropolises lie amid their département.
    assert not set(communes["code"]) & METROPOLISES - {"13055"}
    assert 0.02 < len(communes) / len(country.names[2022]) < 0.2
