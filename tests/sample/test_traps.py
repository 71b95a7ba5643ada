"""Every trap of the real files is in the sample."""

import json

import polars as pl
import pytest
import shapely

from pipelines.sample.country import Country

from .readers import (
    ARRONDISSEMENTS,
    COMPARATEUR_CSV,
    COMPARATEUR_ZIP,
    ISLANDS,
    METROPOLISES,
    ZONING_XLSX,
    ZONING_ZIP,
    Content,
    sheet,
    table,
)


@pytest.fixture(scope="module")
def zones(content: Content) -> pl.DataFrame:
    return sheet(content(ZONING_ZIP, ZONING_XLSX), "COM", header_row=5)


@pytest.fixture(scope="module")
def populations(content: Content) -> pl.DataFrame:
    return table(content("donnees_communes.csv"), ";")


@pytest.fixture(scope="module")
def comparateur(content: Content) -> pl.DataFrame:
    return table(content(COMPARATEUR_ZIP, COMPARATEUR_CSV), ";")


def test_codes_that_are_no_numbers(communes: pl.DataFrame) -> None:
    assert {"01001", "2A004", "97101", "97601"} <= set(communes["COM"])
    assert communes.filter(COM="97101")["DEP"].to_list() == ["971"]
    assert communes.filter(COM="97601")["ARR"].to_list() == [None]


def test_kinds_of_communes(communes: pl.DataFrame) -> None:
    kinds = communes.group_by("TYPECOM").len()
    assert set(kinds["TYPECOM"]) == {"COM", "ARM", "COMD", "COMA"}
    assert set(communes.filter(TYPECOM="ARM")["COM"]) == ARRONDISSEMENTS
    former = communes.filter(pl.col("TYPECOM").is_in(["COMD", "COMA"]))
    assert former["DEP"].is_null().all()
    assert former["COMPARENT"].is_in(communes.filter(TYPECOM="COM")["COM"].implode()).all()
    twins = former.filter(TYPECOM="COMD").filter(pl.col("COM") == pl.col("COMPARENT"))
    assert len(twins) > 10
    assert communes.select("TYPECOM", "COM").is_unique().all()
    assert communes["COM"].is_duplicated().any()


def test_names_are_of_the_language(communes: pl.DataFrame) -> None:
    text = "".join(communes["LIBELLE"])
    assert set("éèÉÎ'-& ") <= set(text)
    assert communes["NCC"].str.contains(r"^[A-Z0-9 &]+$").all()
    assert set(communes["TNCC"]) >= {"0", "1", "2", "3", "4", "5"}


def test_events(movements: pl.DataFrame) -> None:
    kinds = set(movements.select("MOD", "TYPECOM_AV", "TYPECOM_AP").iter_rows())
    assert kinds >= {
        ("10", "COM", "COM"),
        ("20", "ARM", "ARM"),
        ("21", "COM", "COM"),
        ("21", "COMD", "COM"),
        ("31", "COM", "COM"),
        ("32", "COM", "COM"),
        ("32", "COM", "COMD"),
        ("32", "COMD", "COM"),
        ("32", "COMD", "COMD"),
        ("33", "COM", "COMA"),
        ("34", "COMA", "COM"),
        ("35", "COMD", "COM"),
        ("50", "COM", "COM"),
        ("70", "COMA", "COMD"),
        ("72", "COM", "COMD"),
    }
    assert movements["DATE_EFF"].is_sorted(descending=True)
    years = set(movements["DATE_EFF"].str.head(4))
    assert {"1952", "1973", "2013", "2016", "2019", "2022", "2024", "2025", "2026"} <= years


def test_events_that_mislead(movements: pl.DataFrame) -> None:
    communes = movements.filter(TYPECOM_AV="COM", TYPECOM_AP="COM")
    after = communes.group_by("MOD", "DATE_EFF", "COM_AV").agg(pl.col("COM_AP").sort())
    successors = {row[:3]: row[3] for row in after.iter_rows()}
    assert successors["21", "2025-01-01", "15141"] == ["15031", "15035", "15047", "15141", "15171"]
    assert successors["21", "2024-01-01", "85084"] == ["85084", "85165", "85212"]
    assert successors["50", "2021-01-01", "27676"] == ["27058"]
    assert successors["50", "2023-01-01", "27058"] == ["27676"]
    assert successors["50", "2024-03-15", "69159"] == ["69114"]
    assert successors["32", "2019-01-01", "60694"] == ["60054"]
    assert successors["21", "2024-01-01", "60054"] == ["60054", "60694"]
    assert communes.filter(MOD="32").filter(pl.col("COM_AV") == pl.col("COM_AP")).height > 10


def test_communes_without_epci(content: Content, communes: pl.DataFrame) -> None:
    epci = sheet(content("epcicom2025.xlsx"), "Epcicom2025", header_row=0)
    assert set(communes.filter(TYPECOM="COM")["COM"]) - set(epci["insee"]) == ISLANDS
    assert set(epci["nature_juridique"]) == {"CC", "CA", "CU", "METRO", "MET69"}
    assert epci.group_by("siren").agg(pl.n_unique("dep_com"))["dep_com"].max() > 1
    assert (epci.group_by("siren").len()["len"] > 1).all()


def test_populations_by_arrondissement(populations: pl.DataFrame) -> None:
    codes = set(populations["COM"])
    assert codes >= ARRONDISSEMENTS
    assert not codes & METROPOLISES
    assert not populations["COM"].str.starts_with("976").any()
    assert populations["CODCAN"].is_null().any()
    overseas = populations.filter(DEP="971")
    assert (overseas["DEP"] + overseas["CODCOM"]).str.len_chars().unique().to_list() == [6]
    assert populations.filter(COM="01039")["PTOT"].to_list() == ["0"]
    total = populations.select(pl.col("PMUN", "PCAP", "PTOT").cast(pl.Int64))
    assert (total["PMUN"] + total["PCAP"] == total["PTOT"]).all()


def test_mayotte_hides_its_codes(content: Content, communes: pl.DataFrame) -> None:
    rows = table(content("donnees_communes_mayotte.csv"), ";")
    assert rows["COM"].is_null().all()
    assert set("97" + rows["CODCOM"]) == set(communes.filter(DEP="976")["COM"])


def test_zones(zones: pl.DataFrame) -> None:
    assert set(zones.filter(EPCI="ZZZZZZZZZ")["CODGEO"]) == ISLANDS
    assert set(zones["NATURE_EPCI"]) == {"CC", "CA", "CU", "ME", "ZZ"}
    assert zones["AAV2020"].eq("000").any()
    assert {"GEN", "LUX"} & set(zones["AAV2020"])
    assert zones.filter(pl.col("AAV2020").eq("000") != pl.col("CATEAAV2020").eq("30")).is_empty()
    regions = zones.group_by("ZE2020").agg(pl.n_unique("REG").alias("regions"))
    shared = regions.filter(pl.col("regions") > 1)["ZE2020"]
    assert sorted(shared) == ["0051", "0052"]
    assert set(zones.filter(DEP="976")["ARR"]) == {"ZZZZ"}
    assert set(zones.filter(DEP="976")["BV2012"]) == {"ZZZZZ"}
    assert zones.filter(CODGEO="75056").select("CV", "UU2020").row(0) == ("75ZZ", "00851")
    assert zones["UU2020"].str.ends_with("000").any()


def test_zonings_of_an_older_geography(zones: pl.DataFrame, communes: pl.DataFrame) -> None:
    today = set(communes.filter(TYPECOM="COM")["COM"])
    codes = set(zones["CODGEO"])
    assert "27058" in codes - today
    assert {"15031", "85165", "60694"} <= today - codes


def test_comparateur_counts_twice(comparateur: pl.DataFrame) -> None:
    people = dict(comparateur.select("CODGEO", pl.col("P18_POP").cast(pl.Int64)).iter_rows())
    assert set(people) >= ARRONDISSEMENTS | METROPOLISES
    for metropolis, prefix in {"75056": "751", "69123": "6938", "13055": "132"}.items():
        parts = [
            n
            for code, n in people.items()
            if code in ARRONDISSEMENTS and code[:4].startswith(prefix)
        ]
        assert sum(parts) == people[metropolis]
    mayotte = comparateur.filter(pl.col("CODGEO").str.starts_with("976"))
    assert mayotte["P18_POP"].is_null().all()
    assert mayotte["NAISD20"].is_not_null().all()
    assert comparateur["PIMP19"].null_count() > comparateur["MED19"].null_count() > 0


def test_workplaces_everywhere(flows: pl.DataFrame) -> None:
    homes, workplaces = set(flows["CODGEO"]), set(flows["DCLT"])
    assert homes >= ARRONDISSEMENTS
    assert workplaces >= ARRONDISSEMENTS
    assert not (homes | workplaces) & METROPOLISES
    assert {code[:2] for code in workplaces} >= {"AL", "BE", "LU", "SU", "MO"}
    assert workplaces >= {"SUC1L", "MO001", "ZZZZZ", "97502", "97801", "98735"}
    assert not any(code.startswith("99") for code in workplaces)
    assert "01039" not in homes


def test_overseas_collectivities_are_no_foreign_codes(
    content: Content, flows: pl.DataFrame
) -> None:
    known = set(table(content("insee_RP2021_mobpro_border_cities.csv"), header=False).to_series(0))
    abroad = {code for code in flows["DCLT"] if not code[0].isdigit()}
    assert abroad <= known
    assert not {"97502", "97801", "98735"} & known


def test_contours(content: Content) -> None:
    features = json.loads(content("communes-1000m.geojson"))["features"]
    properties = {f["properties"]["code"]: f["properties"] for f in features}
    assert {code for code, p in properties.items() if p["commune"]} == ARRONDISSEMENTS
    assert {code for code, p in properties.items() if p["plm"]} == METROPOLISES
    assert {code for code, p in properties.items() if not p["epci"]} == ARRONDISSEMENTS | ISLANDS
    assert "27058" in properties
    assert not {"15031", "85165", "60694"} & set(properties)
    kinds = [feature["geometry"]["type"] for feature in features]
    assert 3 < kinds.count("MultiPolygon") < 20
    assert set(kinds) == {"Polygon", "MultiPolygon"}


def test_contours_tile_the_country(content: Content) -> None:
    features = json.loads(content("communes-1000m.geojson"))["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    assert shapely.is_valid(shapes).all()
    whole = [not feature["properties"]["commune"] for feature in features]
    communes = shapes[whole]
    united = shapely.union_all(communes)
    assert united.area == pytest.approx(shapely.area(communes).sum(), rel=1e-9)
    assert united.area == pytest.approx(shapely.union_all(shapes).area, rel=1e-3), (
        "arrondissements lie inside their commune"
    )


def test_programmes(content: Content) -> None:
    rows = table(content("ngeo-anct-cog2023.csv"))
    assert rows["id_crte"].str.contains(" ; ").any()
    assert rows["id_fs"].str.contains(" ; ").any()
    assert rows["id_crte"].drop_nulls().str.contains(r"^crte-\w+-\w+-\d+( ; crte-[\w-]+)*$").all()
    assert {"97501", "97801", "98735"} <= set(rows["insee_com"])
    assert not ARRONDISSEMENTS & set(rows["insee_com"])


def test_no_name_of_a_country_is_used_twice(country: Country) -> None:
    assert country.epci["siren"].is_unique().all()
    assert country.parcels["parcel"].is_unique().all()
