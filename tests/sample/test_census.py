"""The files of the census and of incomes: to the byte, and with the traps of the real ones."""

import io
import re
import zipfile
from collections.abc import Callable

import polars as pl
import pytest

from pipelines.sample import SMALL
from pipelines.sample.census import DIMENSIONS, ENTRIES
from pipelines.sample.country import Country
from pipelines.sample.files import Sample

from .readers import ARRONDISSEMENTS, ISLANDS, METROPOLISES, table

Member = Callable[[str], bytes]
KEY = ["residence", "place"]
HOUSING_HEADER = (
    "GEO;GEO_OBJECT;OCS;L_STAY;TDW;CARS;RP_MEASURE;CARPARK;NOR;TSH;BUILD_END;NRG_SRC;FREQ;"
    "OBS_STATUS;TIME_PERIOD;OBS_VALUE"
)
TOURISM_HEADER = (
    '"GEO";"GEO_OBJECT";"ACTIVITY";"UNIT_LOC_RANKING";"L_STAY";"TOUR_MEASURE";"FREQ";'
    '"OBS_STATUS";"TIME_PERIOD";"OBS_VALUE"'
)
MODAL_LINES = (
    "\ufeffInsee - Statistiques locales; ; ; ; ; \r\n"
    "Référentiel géographique : France par commune; ; ; ; ; \r\n"
    "Code;Libellé;Part des actifs occupés de 15 ans ou plus  les transports en commun 2021;"
    "Part des ménages ayant au moins 1 voiture 2021;"
    "Part des actifs occ 15 ans ou plus voiture pour travailler 2021;"
    "Part des actifs occ 15 ans ou plus vélo pour travailler 2021\r\n"
)
INCOME_HEADER = (
    "CODGEO;NBMENFISC20;NBPERSMENFISC20;MED20;PIMP20;TP6020;TP60AGE120;TP60AGE220;TP60AGE320;"
    "TP60AGE420;TP60AGE520;TP60AGE620;TP60TOL120;TP60TOL220;PACT20;PTSA20;PCHO20;PBEN20;PPEN20;"
    "PPAT20;PPSOC20;PPFAM20;PPMINI20;PPLOGT20;PIMPOT20;D120;D920;RD20"
)
FLOWS = {
    "insee_school_commuting": (
        "base-flux-mobilite-domicile-lieu-etude-2022.csv",
        "CODGEO;LIBGEO;DCETU;L_DCETU;NBFLUX_C22_SCOL02P",
    ),
    "insee_residential_moves": (
        "base-flux-mobilite-residentielle-2022.csv",
        "CODGEO;LIBGEO;DCRAN;L_DCRAN;NBFLUX_C22_POP01P",
    ),
}


@pytest.fixture(scope="module")
def sample(country: Country) -> Sample:
    return Sample(country)


@pytest.fixture(scope="module")
def files(sample: Sample) -> dict[str, bytes]:
    """The bytes of every file, by source."""
    return {entry.source_id: entry.content(sample) for entry in ENTRIES}


def unzip(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [name]
        return archive.read(name)


@pytest.fixture(scope="module")
def housing(files: dict[str, bytes]) -> pl.DataFrame:
    content = unzip(files["insee_housing"], "DS_RP_LOGEMENT_PRINC_2023_data.csv")
    return table(content, ";").with_columns(value=pl.col("OBS_VALUE").cast(pl.Float64))


@pytest.fixture(scope="module")
def lodgings(files: dict[str, bytes]) -> pl.DataFrame:
    content = unzip(files["insee_tourism_capacity"], "DS_TOUR_CAP_2026_data.csv")
    return table(content, ";").with_columns(value=pl.col("OBS_VALUE").cast(pl.Int64))


@pytest.fixture(scope="module")
def shares(files: dict[str, bytes]) -> pl.DataFrame:
    return pl.read_csv(files["insee_modal_share"], separator=";", skip_rows=2, infer_schema=False)


@pytest.fixture(scope="module")
def detail(files: dict[str, bytes]) -> pl.DataFrame:
    return pl.read_parquet(files["insee_commuting_detail"])


@pytest.fixture(scope="module")
def incomes(files: dict[str, bytes]) -> pl.DataFrame:
    return table(files["insee_income"], ";")


def flows_of(files: dict[str, bytes], source_id: str) -> pl.DataFrame:
    frame = table(unzip(files[source_id], FLOWS[source_id][0]), ";")
    names = ["residence", "residence_name", "place", "place_name", "people"]
    return frame.rename(dict(zip(frame.columns, names, strict=True))).cast({"people": pl.Float64})


# --- layouts ---


def test_housing_is_not_quoted(files: dict[str, bytes]) -> None:
    text = unzip(files["insee_housing"], "DS_RP_LOGEMENT_PRINC_2023_data.csv")
    assert text.startswith(f"{HOUSING_HEADER}\n".encode())
    assert text.endswith(b"\n")
    assert not {b'"', b"\r"} & {text[i : i + 1] for i in range(len(text))}


def test_lodgings_quote_texts_only(files: dict[str, bytes]) -> None:
    text = unzip(files["insee_tourism_capacity"], "DS_TOUR_CAP_2026_data.csv").decode()
    header, *lines = text.splitlines()
    assert header == TOURISM_HEADER
    assert "\r" not in text and text.endswith("\n")
    assert all(re.fullmatch(r'("\w+";){8}2026;\d+', line) for line in lines)


def test_modal_shares_are_an_export_of_a_page(files: dict[str, bytes]) -> None:
    text = files["insee_modal_share"].decode()
    assert text.startswith(MODAL_LINES)
    assert not text.endswith("\n"), "the last line is open"
    assert text.count("\n") == text.count("\r\n")
    assert '"' not in text and ".0;" not in text


def test_the_detail_file_is_parquet(detail: pl.DataFrame) -> None:
    numbers = detail.select(pl.col(pl.Float64)).columns
    assert numbers == ["IPONDI", "TRANS"]
    assert detail.select(pl.col(pl.String)).width == detail.width - 2
    assert {"GS", "DIPL"} <= set(detail.columns)
    assert not {"CS1", "DIPL_15"} & set(detail.columns)
    assert set(detail["TRANS"]) == {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}


@pytest.mark.parametrize("source_id", FLOWS)
def test_flows(files: dict[str, bytes], source_id: str) -> None:
    name, header = FLOWS[source_id]
    text = unzip(files[source_id], name)
    assert text.startswith(f"{header}\n".encode())
    assert text.endswith(b"\n") and b"\r" not in text and b'"' not in text
    values = table(text, ";").to_series(4)
    assert values.str.contains(r"^\d+(\.\d+)?$").all()
    digits = values.str.replace(".", "", literal=True).str.strip_chars_start("0").str.len_chars()
    assert 12 <= digits.max() <= 15
    keys = table(text, ";").select(pl.nth(0, 2))
    assert keys.is_unique().all() and keys.equals(keys.sort(pl.all()))
    assert len(keys) == pytest.approx(SMALL.commuting_pairs / 2, rel=0.1)


def test_incomes_have_a_decimal_comma(files: dict[str, bytes]) -> None:
    header, *lines = files["insee_income"].decode("ascii").split("\n")
    assert header == INCOME_HEADER
    assert lines.pop() == "" and "\r" not in "".join(lines)
    assert all(re.fullmatch(r"\w+(;(s|nd|-?\d+(,\d)?)){27}", line) for line in lines)


def test_departements_have_lost_their_accents(files: dict[str, bytes]) -> None:
    content = files["insee_commuting_departements"]
    assert content.startswith(b"Origine,Destination,Flux Dom-Travail\r\n01 - ")
    assert not content.endswith(b"\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"\x92" in content
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


# --- traps ---


def total(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(
        pl.all_horizontal(pl.col(name) == "_T" for name in DIMENSIONS if name in ALL)
    )


ALL = {"L_STAY", "TDW", "CARS", "CARPARK", "NOR", "TSH", "BUILD_END", "NRG_SRC"}


def test_levels_add_up(housing: pl.DataFrame) -> None:
    rows = total(housing).filter(RP_MEASURE="DWELLINGS", OCS="DW_MAIN", TIME_PERIOD="2023")
    sums = dict(rows.group_by("GEO_OBJECT").agg(pl.sum("value")).iter_rows())
    value = dict(
        rows.filter(pl.col("GEO_OBJECT").is_in(["COM", "FRANCE"]))
        .select("GEO", "value")
        .iter_rows()
    )
    for level in ("COM", "DEP", "REG"):
        assert sums[level] == pytest.approx(value["F"], abs=1e-4)
    assert value["FM"] < value["F"]
    arrondissements = rows.filter(GEO_OBJECT="ARM")
    assert set(arrondissements["GEO"]) == ARRONDISSEMENTS
    parts = arrondissements["value"].sum()
    assert parts == pytest.approx(sum(value[code] for code in METROPOLISES), abs=1e-4)
    assert (
        housing.filter(RP_MEASURE="DWELLINGS", GEO="F", TIME_PERIOD="2023")["value"].sum()
        > 4 * value["F"]
    )


def test_the_same_digits_at_two_levels(housing: pl.DataFrame) -> None:
    assert {"DEP", "REG"} <= set(housing.filter(GEO="01")["GEO_OBJECT"])
    assert set(housing["GEO_OBJECT"]) == {"COM", "ARM", "EPCI", "DEP", "REG", "FRANCE"}


def test_occupations_add_up(housing: pl.DataFrame) -> None:
    rows = total(housing).filter(RP_MEASURE="DWELLINGS", GEO_OBJECT="COM")
    by_kind = rows.pivot("OCS", index=["GEO", "TIME_PERIOD"], values="value").drop_nulls()
    parts = by_kind["DW_MAIN"] + by_kind["DW_SEC_DW_OCC"] + by_kind["DW_VAC"]
    assert (parts - by_kind["_T"]).abs().max() < 1e-4
    assert set(rows["TIME_PERIOD"]) == {"2012", "2017", "2023"}


def test_dwellings_counted_elsewhere(housing: pl.DataFrame) -> None:
    moved = housing.filter(OBS_STATUS="K")
    assert set(moved["GEO"]) == {"60694", "85165", "85212", "15031", "15035", "15047", "15171"}
    assert set(moved["TIME_PERIOD"]) == {"2012", "2017"}
    assert moved["value"].is_null().all()
    empty = housing.filter(pl.col("value").is_null() & (pl.col("OBS_STATUS") == "A"))
    assert set(empty["TIME_PERIOD"]) == {"2012"}
    assert {"976", "06", "97601"} <= set(empty["GEO"])
    assert housing["OBS_VALUE"].str.contains(r"\.\d{9,}$").any(), "sums have stray digits"


def test_lodgings_of_every_kind(lodgings: pl.DataFrame) -> None:
    per_place = lodgings.group_by("GEO_OBJECT", "GEO").len()["len"]
    assert per_place.unique().to_list() == [54]
    assert not lodgings["GEO"].str.starts_with("976").any()
    france = lodgings.filter(GEO="F", L_STAY="_T")
    rooms = france.filter(ACTIVITY="I551", TOUR_MEASURE="PLACE")
    assert rooms.filter(UNIT_LOC_RANKING="_T")["value"].item() * 2 == rooms["value"].sum()
    assert set(france.filter(TOUR_MEASURE="BEDPLACE")["ACTIVITY"]) == {
        *("I552", "I552A", "I552B", "I552C")
    }
    pitches = lodgings.filter(GEO="F", ACTIVITY="I553", TOUR_MEASURE="PLACE", UNIT_LOC_RANKING="_T")
    stay = dict(pitches.select("L_STAY", "value").iter_rows())
    assert stay["LONG"] + stay["SHORT"] == stay["_T"] > 0


def test_texts_instead_of_shares(shares: pl.DataFrame, country: Country) -> None:
    assert set(shares["Code"]) == set(country.communes(2024)["code"])
    transit, motorised = shares.to_series(2), shares.to_series(3)
    unavailable = shares.filter(transit == "N/A - résultat non disponible")["Code"]
    mayotte = {code for code in shares["Code"] if code.startswith("976")}
    assert set(unavailable) == {"60694", "85165", "85212"} | mayotte
    divided = set(shares.filter(transit == "N/A - division par 0")["Code"])
    assert set(shares.filter(motorised == "N/A - division par 0")["Code"]) == {"01039"} < divided
    numbers = shares.select(pl.nth(2, 3, 4, 5).cast(pl.Float64, strict=False))
    assert all(column.is_between(0, 100).all() for column in numbers)
    assert numbers.sum_horizontal().max() < 200


def test_the_detail_file_agrees_with_the_flows(detail: pl.DataFrame, sample: Sample) -> None:
    place = pl.when(pl.col("DCFLT") == "99999").then("DCLT").otherwise("DCFLT")
    residence = pl.when(pl.col("ARM") == "ZZZZZ").then("COMMUNE").otherwise("ARM")
    pairs = detail.group_by(residence.alias("origin"), place.alias("destination")).agg(
        pl.sum("IPONDI")
    )
    both = sample.flows.join(pairs, on=["origin", "destination"], how="full")
    assert both["IPONDI"].null_count() == both["flow"].null_count() == 0
    assert (both["IPONDI"] - both["flow"]).abs().max() < 1e-6


def test_the_detail_file_knows_cities_by_both_codes(detail: pl.DataFrame) -> None:
    in_city = detail.filter(pl.col("ARM") != "ZZZZZ")
    assert set(in_city["ARM"]) == ARRONDISSEMENTS
    assert set(in_city["COMMUNE"]) == METROPOLISES
    assert not METROPOLISES & set(detail["DCLT"])
    abroad = detail.filter(pl.col("DCFLT") != "99999")
    assert set(abroad["DCLT"]) >= {"99140", "99109", "99131", "99137", "99138"}
    assert {"SUC1L", "ZZZZZ"} <= set(abroad["DCFLT"])
    assert set(abroad["ILT"]) == {"7"}
    assert {"97502", "98735"} <= set(detail.filter(ILT="6")["DCLT"])
    read = ["COMMUNE", "ARM", "DCFLT", "DCLT", "IPONDI", "TRANS", "ILT"]
    assert detail.select(read).is_duplicated().any()


def test_pupils(files: dict[str, bytes], country: Country) -> None:
    flows = flows_of(files, "insee_school_commuting")
    homes, places = set(flows["residence"]), set(flows["place"])
    assert homes & places >= ARRONDISSEMENTS
    assert not METROPOLISES & (homes | places)
    assert places >= {"BE570", "SUC1L", "97502", "97801", "98735"}
    at_home = flows.filter(pl.col("residence") == pl.col("place"))
    assert 50 < len(homes) - at_home["residence"].n_unique() < len(homes) / 3
    assert 0.5 < at_home["people"].sum() / flows["people"].sum() < 0.8
    known = set(country.communes_and_arrondissements(2025)["code"])
    assert homes <= known and {"69114", "15031"} <= known and "69159" not in places


def test_movers(files: dict[str, bytes], country: Country) -> None:
    flows = flows_of(files, "insee_residential_moves")
    at_home = flows.filter(pl.col("residence") == pl.col("place"))
    assert at_home["residence"].n_unique() == flows["residence"].n_unique()
    assert 0.85 < at_home["people"].sum() / flows["people"].sum() < 0.95
    abroad = flows.filter(place="99999")
    assert set(abroad["place_name"]) == {"Résidence antérieure dans un pays étranger"}
    assert len(abroad) > 100
    assert not flows["place"].str.contains("^[A-Z]").any()
    assert {"97502", "98736"} <= set(flows["place"])
    people = country.communes_and_arrondissements(2025)["population_2022"].sum()
    assert flows["people"].sum() == pytest.approx(people * 0.99, rel=1e-9)


def test_secret_and_missing_incomes(incomes: pl.DataFrame, country: Country) -> None:
    codes = set(incomes["CODGEO"])
    assert ARRONDISSEMENTS | METROPOLISES | {"27058", "60054"} <= codes
    assert not any(code.startswith("97") for code in codes)
    assert codes - ARRONDISSEMENTS <= set(country.communes(2022)["code"])
    assert set(incomes.filter(MED20="nd")["CODGEO"]) == {"01039"} | ISLANDS
    secret = {name: incomes[name].eq("s").sum() for name in incomes.columns[1:]}
    assert 0 < secret["MED20"] == secret["NBMENFISC20"] < secret["PIMP20"]
    assert (
        secret["PIMP20"] == secret["D120"] < secret["TP6020"] < secret["TP60AGE620"] < len(incomes)
    )
    full = incomes.filter(~pl.col("PACT20").is_in(["s", "nd"]))
    parts = full.select(
        pl.col("PACT20", "PPEN20", "PPAT20", "PPSOC20", "PIMPOT20")
        .str.replace(",", ".")
        .cast(pl.Float64)
    )
    assert (parts.sum_horizontal() - 100).abs().max() < 1e-9
    assert (parts["PIMPOT20"] < 0).all()


def test_pairs_of_departements(files: dict[str, bytes], country: Country) -> None:
    text = files["insee_commuting_departements"].decode("latin-1")
    rows = pl.read_csv(io.StringIO(text))
    assert rows["Flux Dom-Travail"].min() >= 200
    assert (rows["Origine"] != rows["Destination"]).all()
    codes = set(rows["Origine"].str.split(" - ").list.first())
    assert codes <= set(country.departements["code"])
