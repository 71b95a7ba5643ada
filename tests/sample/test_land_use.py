"""The files of land, forests and homes: their bytes and their traps."""

import re
from itertools import pairwise

import polars as pl
import pytest

from pipelines.sample.country import Country
from pipelines.sample.epci_2018 import epci_of_2018
from pipelines.sample.land_use import ALONE, CLC, HARVEST_COLUMNS, STOCK_COLUMNS

from .readers import ARRONDISSEMENTS, METROPOLISES, Content, sheet, table

BOM = b"\xef\xbb\xbf"
CLC18, IGN19, BIOMASS = "clc18.csv", "ign19.csv", "biomass-forets.csv"
WOOD, EPCI = "produits-bois.csv", "epci.csv"
LAND_TAKE = "conso-com.csv"
LOVAC = "lovac-opendata-communes26.csv"
SITADEL = "logements-mensuels-communaux.csv"
USES = ("hab", "act", "inc", "mix", "fer", "rou")


def of_epci(content: bytes) -> pl.DataFrame:
    """A file of ALDO without its nameless columns; sure of their emptiness."""
    rows = table(content)
    return rows.select(name for name in rows.columns if not re.match(r"^$|_duplicated", name))


@pytest.fixture(scope="module")
def epci(content: Content) -> pl.DataFrame:
    return of_epci(content(EPCI)).cast({"nombreCommunes": pl.Int64, "populationTotale": pl.Int64})


@pytest.fixture(scope="module")
def taken(content: Content) -> pl.DataFrame:
    return table(content(LAND_TAKE))


@pytest.fixture(scope="module")
def homes(content: Content) -> pl.DataFrame:
    return table(content(LOVAC).decode("cp1252").encode(), ";")


@pytest.fixture(scope="module")
def permits(content: Content) -> pl.DataFrame:
    return table(content(SITADEL), ";").cast({"LOG_AUT": pl.Int64, "LOG_COM": pl.Int64})


# --- ALDO ---


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (CLC18, f"siren,{','.join(CLC)},"),
        (IGN19, "siren,feuillus,coniferes,mixtes,peupleraies,total,jeune_peup,tx_boisement,,"),
        (BIOMASS, ",".join(STOCK_COLUMNS) + 316 * ","),
    ],
)
def test_files_that_end_with_commas(content: Content, name: str, header: str) -> None:
    text = content(name)
    assert text.startswith(BOM + header.encode() + b"\r\n")
    lines = text.decode().split("\r\n")
    assert {line.count(",") for line in lines} == {header.count(",")}
    assert not lines[-1].strip(","), "a last line of commas, without line break"
    blank = [line for line in lines if not line.strip(",")]
    assert len(blank) == (17 if name == CLC18 else 1)


def test_other_files_of_epci(content: Content) -> None:
    text = content(EPCI)
    header = "code,Commune,Nom unique,nom,nature,nombreCommunes,populationTotale\r\n"
    assert text.startswith(BOM + header.encode()) and text.endswith(b"\r\n")
    text = content(WOOD)
    assert text.startswith(",".join(HARVEST_COLUMNS).encode() + b"\n")
    assert text.endswith(b"\n") and b"\r" not in text
    lines = text.decode().splitlines()[1:]
    named = [line.startswith("FRANCE") for line in lines]
    assert [line[-1] != "," for line in lines] == named, "only totals have a last cell"
    assert named.count(True) == 2 and named[-1] and named[len(named) // 2 - 1]


def test_epci_are_those_of_2018(epci: pl.DataFrame, content: Content, country: Country) -> None:
    today = sheet(content("epcicom2025.xlsx"), "Epcicom2025", header_row=0)
    then, now = set(epci["code"]), set(today["siren"])
    assert then - now > set(ALONE), "some are no more"
    assert len(now - then) > 1, "and some came since, or lie overseas"
    names = dict(today.select("siren", "raison_sociale").iter_rows())
    other = [
        row for row in epci.select("code", "nom").iter_rows() if names.get(row[0], row[1]) != row[1]
    ]
    assert 1 < len(other) < len(epci) / 4
    assert epci["code"].is_unique().all()
    assert epci["code"].head(4).to_list() == list(ALONE)
    assert set(epci["nature"]) == {"CC", "CA", "CU", "ME", "Comm"}
    members = country.communes(2018).filter(pl.col("departement").str.len_chars() == 2)
    of_none = epci.filter(pl.col("code").is_in(["1", "3"]))
    assert epci["nombreCommunes"].sum() - len(of_none) == len(members)
    assert epci["populationTotale"].sum() == members["population_2018"].sum()


def test_epci_are_those_of_insee(epci: pl.DataFrame, country: Country) -> None:
    mainland = epci_of_2018(country, 2018).filter(pl.col("departement").str.len_chars() == 2)
    assert set(epci["code"]) - set(ALONE) == set(mainland["siren"].drop_nulls())


def test_land_cover(content: Content, epci: pl.DataFrame) -> None:
    rows = of_epci(content(CLC18)).filter(pl.col("siren").is_not_null())
    assert rows["siren"].to_list() == epci["code"].to_list()
    classes = rows.drop("siren")
    without = rows.filter(pl.sum_horizontal(pl.col(classes.columns).is_not_null()) == 0)
    assert len(without) == 4
    for number in ALONE:
        same = rows.join(rows.filter(siren=number), on=classes.columns, nulls_equal=True)
        assert len(same.filter(pl.col("siren").str.len_chars() > 1)) == 1


@pytest.mark.parametrize("name", [IGN19, BIOMASS, WOOD])
def test_rows_are_repeated(content: Content, epci: pl.DataFrame, name: str) -> None:
    rows = of_epci(content(name)).filter(
        pl.col("siren").is_not_null() & (pl.col("siren") != "FRANCE")
    )
    kind = {IGN19: "feuillus", BIOMASS: "type", WOOD: "composition"}[name]
    by = ["siren"] if name == IGN19 else ["siren", kind]
    times = rows.group_by(by).len()["len"]
    assert set(times) == {1, 2, 3, 6}
    assert set(rows["siren"]) == set(epci["code"])
    distinct = rows.unique()
    more = len(distinct) - distinct.select(by).n_unique()
    assert more == (4 if name == BIOMASS else 0), "the EPCI that is there in two parts"


def test_forest_stock(content: Content) -> None:
    number = pl.col("SUPERFICIE", "SUPERFICIE_EPCI").cast(pl.Float64)
    rows = of_epci(content(BIOMASS)).filter(pl.col("siren").is_not_null()).unique()
    rows = rows.with_columns(number)
    assert set(rows["type"]) == {"Conifere", "Feuillu", "Mixte", "total"}
    none = rows.filter(pl.col("SUPERFICIE_EPCI") == 0, pl.col("siren").str.len_chars() > 1)
    assert none["siren"].n_unique() == 4
    areas = table(content(IGN19)).unique().select("siren", pl.col("total").cast(pl.Float64))
    total = rows.filter(type="total").group_by("siren").agg(pl.sum("SUPERFICIE"))
    both = total.join(areas, on="siren")
    assert len(both) == len(total)
    assert (both["SUPERFICIE"] - both["total"]).abs().max() < 0.2


def test_wood_harvest_totals_are_swapped(content: Content) -> None:
    rows = of_epci(content(WOOD)).unique()
    volumes = ["RECOLTE TOTALE (m3/an)", "recolteBo", "recolteBi", "RECOLTE TOTALE BE  (m3/an)"]
    rows = rows.with_columns(pl.col(volumes).cast(pl.Float64))
    total, *parts = volumes
    assert (rows[total] - rows.select(pl.sum_horizontal(parts)).to_series()).abs().max() < 1e-3
    sums = rows.group_by("composition", pl.col("siren") == "FRANCE").agg(pl.sum(total))
    by_name = {row[:2]: row[2] for row in sums.iter_rows()}
    assert by_name["coniferes", True] == pytest.approx(by_name["feuillus", False])
    assert by_name["feuillus", True] == pytest.approx(by_name["coniferes", False])
    assert by_name["coniferes", True] != pytest.approx(by_name["coniferes", False])


# --- land take ---


def test_land_take_to_the_byte(content: Content, taken: pl.DataFrame) -> None:
    text = content(LAND_TAKE)
    assert text.startswith(b"idcom,idcomtxt,idreg,idregtxt,iddep,iddeptxt,epci25,epci25txt,scot,")
    assert text.endswith(b"\n") and b"\r" not in text
    assert len(taken.columns) == 172
    assert taken.columns[18:26] == [
        "naf11art12",
        *(f"art11{use}12" for use in ("hab", "act", "inc")),
        "art11mix12",
        "art11fer12",
        "art11rou12",
        "naf12art13",
    ]
    assert taken.columns[-8:] == [
        *("naf11art16", "naf16art22", "naf11art22", "art11hab16", "art16hab22", "art11hab22"),
        *("surfcom2025", "artcom1125"),
    ]
    assert taken["naf11art12"].str.ends_with(".0").all()
    assert taken["pop16"].str.ends_with(".0").all()
    assert not taken["pop11"].str.contains(".", literal=True).any()


def test_land_take_adds_up(taken: pl.DataFrame) -> None:
    def number(name: str) -> pl.Series:
        return taken[name].cast(pl.Float64)

    for since, until in [*pairwise(range(11, 26)), (11, 21), (21, 25), (11, 25)]:
        uses = sum(number(f"art{since}{use}{until}") for use in USES)
        assert (number(f"naf{since}art{until}") == uses).all()
    years = sum(number(f"naf{a}art{b}") for a, b in pairwise(range(11, 26)))
    assert (number("naf11art25") == years).all()
    least = min(
        number(name).min()
        for name in taken.columns
        if name.startswith("art") and name[3:5].isdigit()
    )
    assert least == -1
    assert (number("naf24art25") == 0).any(), "a true zero"
    assert (number("naf11art25") < number("surfcom2025")).all()


def test_land_take_of_whom(taken: pl.DataFrame, country: Country) -> None:
    codes = set(taken["idcom"])
    everywhere = set(country.names[2025]["code"])
    assert codes >= METROPOLISES and not codes & ARRONDISSEMENTS
    missing = everywhere - codes
    assert "29083" in missing and {code[:3] for code in missing - {"29083"}} == {"976"}
    assert set(taken["littoral"]) == {"C", "NC"}
    assert taken["scot"].n_unique() > 5
    blank = {name for name in taken.columns if taken[name].null_count()}
    ratios = {name for name in taken.columns if re.match(r"(mepart|menhab|artpop)\d", name)}
    assert blank & ratios and blank <= ratios | {"epci25", "epci25txt", "scot"}


# --- homes ---


def test_vacancy_to_the_byte(content: Content, homes: pl.DataFrame) -> None:
    text = content(LOVAC)
    assert text.startswith(
        b"CODGEO_26;LIBGEO_26;DEP;LIB_DEP;pp_vacant_26;pp_vacant_plus_2ans_26;ff_pp_total_25;"
    )
    assert text.count(b"\n") == text.count(b"\r\n") == len(homes) + 1
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")
    assert b"1\xa0" in text
    numbers = homes.select(pl.col("^(ff_|pp_).*$"))
    assert numbers.select(pl.all().str.contains("^(s|\\d{1,3}(\u00a0\\d{3})*)$").all()).row(0) == (
        (True,) * numbers.width
    )


def test_vacancy_is_often_secret(homes: pl.DataFrame, country: Country) -> None:
    codes = set(homes["CODGEO_26"])
    assert codes >= ARRONDISSEMENTS and not codes & METROPOLISES
    assert "97127" in codes and "29083" not in codes
    long, stock = homes["pp_vacant_plus_2ans_26"], homes["ff_pp_total_25"]
    assert 0.3 < long.eq("s").mean() < 0.8
    assert 0 < stock.eq("s").mean() < 0.1
    told = long.filter(long != "s").str.replace_all("\u00a0", "").cast(pl.Int64)
    assert told.min() >= 11
    assert "ff_pp_total_26" not in homes.columns


def test_permits_to_the_byte(content: Content) -> None:
    text = content(SITADEL)
    assert text.startswith(b'"ANNEE";"MOIS";"CODE_INSEE";"TYPE_LGT";"LOG_AUT";"LOG_COM"\n')
    assert text.endswith(b"\n") and b"\r" not in text
    line = text.decode().splitlines()[1]
    assert re.fullmatch(r'"2025";"01";"01001";"Tous Logements";\d+;\d+', line)


def test_permits_and_their_total(permits: pl.DataFrame) -> None:
    total = pl.col("TYPE_LGT") == "Tous Logements"
    by = ["ANNEE", "MOIS", "CODE_INSEE"]
    sums = permits.group_by(by).agg(
        (pl.col("LOG_AUT").filter(total).sum() - pl.col("LOG_AUT").filter(~total).sum()).alias("a"),
        (pl.col("LOG_COM").filter(total).sum() - pl.col("LOG_COM").filter(~total).sum()).alias("b"),
    )
    assert sums["a"].eq(0).all() and sums["b"].eq(0).all()
    assert permits["LOG_AUT"].eq(0).mean() > 0.5, "zeros are told"
    assert set(permits.filter(ANNEE="2026")["MOIS"]) == {"01"}


def test_permits_of_communes_that_became_one(permits: pl.DataFrame, country: Country) -> None:
    assert set(permits["CODE_INSEE"]) == set(country.names[2023]["code"])
    month = permits.filter(ANNEE="2025", MOIS="12", TYPE_LGT="Collectif")
    twice = month.filter(pl.col("CODE_INSEE").is_duplicated())["CODE_INSEE"]
    assert 0 < twice.n_unique() < 10
    assert set(twice) <= set(country.names[2022]["code"])
