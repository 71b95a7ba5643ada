"""The files of mobility: their bytes and their traps."""

import json
from datetime import datetime, timedelta

import polars as pl
import pytest
import shapely

from pipelines.sample.country import Country
from pipelines.sample.ground import stream
from pipelines.sample.transport import BNLC_COLUMNS, FACILITIES, IRVE_COLUMNS, uuids

from .readers import ARRONDISSEMENTS, METROPOLISES, Content, table

RPC_CSV = "2026-05.csv"
IRVE_CSV = "consolidation-etalab-schema-irve-statique-v-2.3.1-20260801.csv"
END = ("datetime", "date", "time", "lon", "lat", "insee", "department", "town", "towngroup")
END += ("country",)
RPC_HEADER = [
    *("journey_id", "trip_id"),
    *(f"journey_start_{name}" for name in END),
    *(f"journey_end_{name}" for name in END),
    *("passenger_seats", "operator_class", "journey_distance", "journey_duration"),
    "has_incentive",
]


@pytest.fixture(scope="module")
def journeys(content: Content) -> pl.DataFrame:
    numbers = dict.fromkeys(("journey_distance", "journey_duration"), pl.Int64)
    return table(content(RPC_CSV), ";").cast(numbers)


@pytest.fixture(scope="module")
def places(content: Content) -> pl.DataFrame:
    return table(content("bnlc.csv"))


@pytest.fixture(scope="module")
def points(content: Content) -> pl.DataFrame:
    return table(content(IRVE_CSV))


@pytest.fixture(scope="module")
def sections(content: Content) -> list[dict[str, object]]:
    return [f["properties"] for f in json.loads(content("france-20260807.geojson"))["features"]]


def test_journeys_to_the_byte(content: Content) -> None:
    text = content(RPC_CSV)
    assert text.startswith(";".join(f'"{name}"' for name in RPC_HEADER).encode() + b"\n")
    assert text.endswith(b"\n") and b"\r" not in text
    cells = [line.split(";") for line in text.decode().splitlines()[1:]]
    naked = {"journey_id", "passenger_seats", "journey_distance", "journey_duration"}
    naked |= {f"journey_{side}_{axis}" for side in ("start", "end") for axis in ("lon", "lat")}
    for row in cells:
        for name, cell in zip(RPC_HEADER, row, strict=True):
            assert cell == "" or cell.startswith('"') == (name not in naked)
    assert not any(cell == '""' for row in cells for cell in row), "none is not even quoted"


def test_journeys_are_those_of_a_month(journeys: pl.DataFrame) -> None:
    assert journeys["journey_id"].is_unique().all()
    assert 0.02 < journeys["trip_id"].is_duplicated().mean() < 0.3, "several in one car"
    assert journeys["journey_start_date"].str.starts_with("2026-05-").all()
    assert journeys["journey_start_time"].str.contains(r"^\d\d:\d0:00$").all()
    for row in journeys.head(100).iter_rows(named=True):
        start, end = (
            datetime.fromisoformat(row[f"journey_{side}_datetime"]) for side in ("start", "end")
        )
        took = timedelta(minutes=row["journey_duration"])
        assert took <= end - start < took + timedelta(minutes=10)
    speed = (journeys["journey_distance"] / journeys["journey_duration"]).median()
    assert isinstance(speed, float) and 500 < speed < 1_000, "metres a minute"


def test_journeys_lead_abroad_and_to_arrondissements(journeys: pl.DataFrame) -> None:
    ends = set(journeys["journey_start_insee"]) | set(journeys["journey_end_insee"])
    assert ends & ARRONDISSEMENTS
    assert not ends & METROPOLISES
    abroad = journeys.filter(pl.col("journey_end_insee").str.starts_with("99"))
    assert set(abroad["journey_end_country"]) & {"Suisse", "Luxembourg", "Belgique", "Allemagne"}
    assert abroad["journey_end_town"].null_count() == len(abroad) > 0
    at_home = journeys.filter(journey_end_country="France")
    assert not at_home["journey_end_insee"].str.starts_with("99").any()


def test_few_journeys_are_not_told(journeys: pl.DataFrame, flows: pl.DataFrame) -> None:
    communes = set(flows["CODGEO"])
    told = set(journeys["journey_start_insee"]) & communes
    assert 0 < len(told) < len(communes) / 2


def test_places_to_the_byte(content: Content, places: pl.DataFrame) -> None:
    text = content("bnlc.csv")
    assert text.startswith(",".join(BNLC_COLUMNS).encode() + b"\n")
    assert text.endswith(b"\n") and b"\r" not in text
    assert b'"D3, sortie ' in text
    assert places["id_lieu"].is_unique().all()


def test_codes_of_places_mislead(places: pl.DataFrame, country: Country) -> None:
    today = set(country.names[2026]["code"])
    strange = places.filter(~pl.col("insee").is_in(today))
    postal = strange.filter(pl.col("insee").str.ends_with("000"))
    assert len(postal) == 3
    former = set(strange["insee"]) - set(postal["insee"])
    assert former and former <= set(country.parcels["parcel"])


def test_places_that_are_not_plain(places: pl.DataFrame) -> None:
    assert set(places["ouvert"]) == {"true", "false"}
    assert "2026-12-13" in set(places["date_maj"])
    assert places["nbre_pl"].null_count() > 0 and "0" in set(places["nbre_pl"])
    assert places["Xlong"].str.len_chars().max() > 14


def test_points_to_the_byte(content: Content) -> None:
    text = content(IRVE_CSV)
    assert text.startswith(",".join(IRVE_COLUMNS).encode() + b"\n")
    assert b"\r" not in text
    assert b'mairie,\n\xc3\xa0 c\xc3\xb4t\xc3\xa9 de ""la Halle"""' in text
    assert "Acc\x8fs libre".encode() in text


def test_points_told_by_two_producers(points: pl.DataFrame) -> None:
    twice = points.filter(pl.col("id_pdc_itinerance").is_duplicated())
    assert 0 < len(twice) < len(points) / 4
    assert twice.group_by("id_pdc_itinerance").agg(pl.n_unique("datagouv_dataset_id"))[
        "datagouv_dataset_id"
    ].to_list() == [2] * (len(twice) // 2)
    of_another_day = twice.group_by("id_pdc_itinerance").agg(pl.n_unique("date_maj"))
    assert set(of_another_day["date_maj"]) == {1, 2}


def test_points_out_of_place(points: pl.DataFrame) -> None:
    lon, lat = (pl.col(f"consolidated_{n}").cast(pl.Float64) for n in ("longitude", "latitude"))
    mainland = points.filter(~pl.col("code_insee_commune").str.starts_with("97"))
    assert len(mainland.filter(lon > 40)) > 0, "the wrong way round"
    assert len(points.filter((lon == 0) & (lat == 0))) > 0
    unknown = points["code_insee_commune"].null_count() / len(points)
    assert 0.15 < unknown < 0.35
    unverified = points.filter(consolidated_is_lon_lat_correct="False")
    assert 0 < unverified["consolidated_commune"].null_count() < len(unverified)
    assert "22000" in set(points["puissance_nominale"])
    assert set(points["station_deux_roues"]) >= {"false", "FALSE", "False"}
    assert {xy.count(", ") for xy in points["coordonneesXY"]} == {0, 1}


def test_sections(sections: list[dict[str, object]], country: Country) -> None:
    sides = {(s["ame_d"], s["ame_g"]) for s in sections}
    assert sides == {(right, left) for right, left, _ in FACILITIES}
    codes = {s[f"code_com_{side}"] for s in sections for side in "dg"}
    assert codes <= set(country.names[2022]["code"])
    assert codes & METROPOLISES and not codes & ARRONDISSEMENTS
    assert not any(str(code).startswith("97") for code in codes)
    assert any(s["code_com_d"] != s["code_com_g"] for s in sections)
    assert len({s["id_local"] for s in sections}) == len(sections)


def test_lines_are_short_and_in_degrees(content: Content) -> None:
    shapes = shapely.get_parts(shapely.from_geojson(content("france-20260807.geojson")))
    assert set(shapely.get_type_id(shapes)) == {shapely.GeometryType.LINESTRING}
    assert shapely.length(shapes).max() < 0.05
    assert (shapely.bounds(shapes)[:, 1] > 40).all()


def test_identifiers_are_drawn_as_such() -> None:
    drawn = uuids(50, stream("test"))
    assert len(set(drawn)) == 50
    assert (
        pl.Series(drawn).str.contains(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-").all()
    )
