"""Commuting flows: totals as planned, shapes as in a census."""

import numpy as np
import polars as pl
import pytest

from pipelines.sample import SMALL
from pipelines.sample.commuting import LARGE_COMMUNE, places
from pipelines.sample.country import Country


@pytest.fixture(scope="module")
def home(country: Country) -> pl.DataFrame:
    return places(country)


def test_the_number_of_pairs(flows: pl.DataFrame) -> None:
    assert len(flows) == pytest.approx(SMALL.commuting_pairs, rel=0.02)
    ends = flows.select("CODGEO", "DCLT")
    assert ends.is_unique().all()
    assert ends.equals(ends.sort("CODGEO", "DCLT"))


def test_every_employed_resident_works_somewhere(flows: pl.DataFrame, home: pl.DataFrame) -> None:
    totals = flows.group_by(pl.col("CODGEO").alias("code")).agg(pl.sum("flow"))
    joined = home.filter(pl.col("employed") > 0).join(totals, on="code", how="left")
    assert joined["flow"].to_numpy() == pytest.approx(joined["employed"].to_numpy(), rel=1e-12)
    assert flows["flow"].sum() == pytest.approx(home["employed"].sum(), rel=1e-12)


def test_small_flows_are_multiples_of_about_five(flows: pl.DataFrame, home: pl.DataFrame) -> None:
    villages = home.filter(pl.col("population_2022").is_between(500, LARGE_COMMUNE - 1))["code"]
    small = flows.filter(pl.col("CODGEO").is_in(villages.implode()))
    weight = small.group_by("CODGEO").agg(pl.min("flow"))["flow"]
    assert weight.quantile(0.05) > 4.4
    assert weight.quantile(0.5) < 5.6
    assert (flows["flow"] < 200).mean() > 0.9
    assert flows["flow"].min() > 0.5


def test_home_comes_first(flows: pl.DataFrame) -> None:
    at_home = flows.filter(pl.col("CODGEO") == pl.col("DCLT"))
    assert at_home["CODGEO"].n_unique() == flows["CODGEO"].n_unique()
    assert 0.2 < at_home["flow"].sum() / flows["flow"].sum() < 0.5


def test_distance_keeps_people_near(flows: pl.DataFrame, home: pl.DataFrame) -> None:
    place = home.select("code", pl.col("lon") * 76, pl.col("lat") * 111)
    trips = (
        flows.filter(pl.col("CODGEO") != pl.col("DCLT"))
        .join(place.rename({"code": "CODGEO"}), on="CODGEO")
        .join(place.rename({"code": "DCLT"}), on="DCLT", suffix="_work")
    )
    distance = np.hypot(trips["lon"] - trips["lon_work"], trips["lat"] - trips["lat_work"])
    near = trips.filter(distance < 15)["flow"].sum()
    far = trips.filter(distance > 45)["flow"].sum()
    assert near > 0.6 * trips["flow"].sum()
    assert far < 0.1 * trips["flow"].sum()


def test_metropolises_attract(flows: pl.DataFrame) -> None:
    incoming = flows.filter(pl.col("CODGEO") != pl.col("DCLT"))
    city = pl.col("DCLT").str.contains(r"^751|^6938|^132")
    per_place = incoming.group_by("DCLT").agg(pl.sum("flow"))
    assert per_place.filter(city)["flow"].mean() > 5 * per_place.filter(~city)["flow"].mean()


def test_few_work_abroad(flows: pl.DataFrame) -> None:
    abroad = flows.filter(pl.col("DCLT").str.contains(r"^[A-Z]|^97[578]|^98"))
    assert 0.0005 < abroad["flow"].sum() / flows["flow"].sum() < 0.02
