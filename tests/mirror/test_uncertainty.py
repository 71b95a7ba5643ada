"""Intervals against section 7 of the methods; distances against section 6."""

import math
import random
from typing import Any

import pandas as pd
import pytest

from . import formulas
from .runs import Published
from .truth import ENDS, Commuting, Truth

pytestmark = pytest.mark.mirror
BOUNDS_ROUNDED_TO = 0.05 + 1e-6
SHARES = {
    # indicator → the end whose total is the whole, and whether the part is inside or outside
    "job_self_containment": ("residence", "inside"),
    "jobs_external_dependence": ("residence", "outside"),
    "job_self_sufficiency": ("workplace", "inside"),
}
TOTALS = {
    "employed_residents": ("residence", "all"),
    "internal_commuters": ("residence", "inside"),
    "commuters_out": ("residence", "outside"),
    "jobs_held": ("workplace", "all"),
    "commuters_in": ("workplace", "outside"),
}
YEARS = ["2014", "2019"]


def some(things: list, count: int) -> list:  # type: ignore[type-arg]
    """A choice that is the same every time."""
    return random.Random(20_261_125).sample(sorted(things), min(count, len(things)))


def part_of(partners: pd.DataFrame, which: str) -> pd.DataFrame:
    """The rows of a list of partners: all, the territory itself, or the others."""
    if which == "all":
        return partners
    return partners[partners["is_own"] == (which == "inside")]


def of_year(request: pytest.FixtureRequest, year: str) -> tuple[Published, Commuting]:
    return (
        request.getfixturevalue(f"release_{year}"),
        request.getfixturevalue(f"flows_{year}"),
    )


# --- intervals ---


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("table", ["flows", "dependencies"])
def test_a_quantity_is_within_its_bounds(
    request: pytest.FixtureRequest, year: str, table: str
) -> None:
    rows = request.getfixturevalue(f"release_{year}").table(table)
    assert len(rows) > 0
    assert (rows["low"] >= 0).all()
    wrong = rows[~((rows["low"] <= rows["quantity"]) & (rows["quantity"] <= rows["high"]))]
    assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("noise", [1e-9, 0.0])
def test_an_indicator_is_within_its_bounds(
    request: pytest.FixtureRequest, year: str, noise: float
) -> None:
    rows = request.getfixturevalue(f"release_{year}").table("indicators")
    bounded = rows[rows["low"].notna() | rows["high"].notna()]
    assert len(bounded) > 0
    assert (bounded["low"].dropna() >= 0).all()
    # Where a part is secret there may be one bound only.
    below = bounded["low"].isna() | (bounded["low"] <= bounded["value"] + noise)
    above = bounded["high"].isna() | (bounded["value"] <= bounded["high"] + noise)
    wrong = bounded[~(below & above)]
    assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize("year", YEARS)
def test_a_balance_is_within_its_bounds(request: pytest.FixtureRequest, year: str) -> None:
    rows = request.getfixturevalue(f"release_{year}").table("balances")
    known = rows[rows["net"].notna()]
    counted = known[known["function"] == "work"]
    assert counted[["low", "high"]].notna().all().all()
    wrong = known[(known["low"] > known["net"]) | (known["net"] > known["high"])]
    assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize("year", YEARS)
def test_weight_of_an_answer(request: pytest.FixtureRequest, year: str) -> None:
    release, commuting = of_year(request, year)
    found = release.rows("flows", need="jobs").rename(
        columns={"dependent_code": "residence", "provider_code": "workplace"}
    )
    both = found.merge(commuting.flows, on=["residence", "workplace"], suffixes=("", "_due"))
    assert len(both) == len(found)
    assert (both["unit_weight"] - both["unit_weight_due"]).abs().max() < 1e-9
    # (weight - 1) × design effect: small communes, then large ones.
    assert set(both["unit_weight"].round(6)) == {{"2014": 3.9, "2019": 5.2}[year], 3.12}


@pytest.mark.parametrize("year", YEARS)
def test_bounds_of_a_pair_of_communes(request: pytest.FixtureRequest, year: str) -> None:
    release, commuting = of_year(request, year)
    published = release.rows("flows", need="jobs").set_index(["dependent_code", "provider_code"])
    due = commuting.flows.set_index(["residence", "workplace"])
    for pair in some(due.index.tolist(), 500):
        low, high = formulas.byar(due.at[pair, "workers"], due.at[pair, "unit_weight"])
        found = published.loc[pair]
        assert abs(found["low"] - low) <= BOUNDS_ROUNDED_TO, pair
        assert abs(found["high"] - high) <= BOUNDS_ROUNDED_TO, pair


@pytest.mark.parametrize("level", ["epci", "departement", "zone_emploi", "crte"])
@pytest.mark.parametrize(("need", "direction"), ENDS)
def test_bounds_of_a_pair_of_territories(
    release_2014: Published,
    truth: Truth,
    flows_2014: Commuting,
    level: str,
    need: str,
    direction: str,
) -> None:
    """The weight of a sum is that of its communes, by how many people each brings."""
    rows = release_2014.rows("dependencies", level=level, need=need, direction=direction)
    published = rows.set_index(["code", "partner_code"])
    due = truth.partners(flows_2014, level, ENDS[need, direction][0])
    due = due[due["quantity"] > 0].set_index(["code", "partner_code"])
    for pair in some(due.index.tolist(), 100):
        count, variance = due.at[pair, "quantity"], due.at[pair, "variance"]
        low, high = formulas.byar(count, variance / count)
        found = published.loc[pair]
        assert abs(found["low"] - low) <= BOUNDS_ROUNDED_TO, pair
        assert abs(found["high"] - high) <= BOUNDS_ROUNDED_TO, pair


def own_parts(release: Published) -> pd.DataFrame:
    """What each commune meets itself, with the bounds that each table gives it."""
    own = release.rows("dependencies", level="commune", rank=0)
    internal = release.rows("indicators", level="commune", indicator="internal_commuters")
    return own.merge(internal[["code", "low", "high"]], on="code", suffixes=("", "_indicator"))


def test_the_own_part_has_the_same_bounds_in_all_tables(release_2014: Published) -> None:
    own = own_parts(release_2014)
    counted = own[own["quantity"] > 0]
    assert len(counted) > 4_900
    for bound in ("low", "high"):
        gap = (counted[bound] - counted[f"{bound}_indicator"]).abs()
        assert (gap <= BOUNDS_ROUNDED_TO).all(), bound


def test_nobody_counted_does_not_mean_nobody(release_2014: Published) -> None:
    own = own_parts(release_2014)
    absent = own[own["quantity"] == 0]
    assert len(absent) > 0
    assert (absent[["low", "low_indicator"]] == 0).all().all()
    assert (absent[["high", "high_indicator"]] > 0).all().all()


def test_nobody_counted_is_about_three_answers_at_most(
    release_2014: Published, truth: Truth
) -> None:
    """An absent flow has one upper bound, that of the residents who were not found."""
    own = own_parts(release_2014)
    absent = own[own["quantity"] == 0]
    assert len(absent) > 0
    people = absent["code"].map(truth.populations)
    unit = 1.3 * (people.lt(10_000).map({True: 4, False: 3.4}) - 1)
    for high in (absent["high"], absent["high_indicator"]):
        assert ((3 * unit <= high) & (high <= 3.7 * unit)).all(), high.round(1).unique()


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("level", ["epci", "commune", "zone_emploi", "crte"])
@pytest.mark.parametrize("indicator", TOTALS)
def test_bounds_of_a_total(
    request: pytest.FixtureRequest, truth: Truth, year: str, level: str, indicator: str
) -> None:
    release, commuting = of_year(request, year)
    end, which = TOTALS[indicator]
    rows = release.rows("indicators", level=level, indicator=indicator).set_index("code")
    if not commuting.known(end):
        assert rows.empty
        return
    lists = truth.partners(commuting, level, end).groupby("code")
    coverage = truth.coverage(truth.members[level], commuting.known(end))
    for code in some(list(lists.groups), 40):
        counted = part_of(lists.get_group(code), which)
        total, variance = counted["quantity"].sum(), counted["variance"].sum()
        if total == 0:
            continue
        low, high = formulas.byar(total, variance / total)
        assert math.isclose(rows.at[code, "low"], low, rel_tol=1e-6, abs_tol=1e-3), code
        if coverage[code] < 1:  # nobody knows how many live in the rest
            assert math.isnan(rows.at[code, "high"]), code
            continue
        assert math.isclose(rows.at[code, "high"], high, rel_tol=1e-6, abs_tol=1e-3), code


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("level", ["epci", "commune", "zone_emploi", "crte"])
@pytest.mark.parametrize("indicator", SHARES)
def test_bounds_of_a_share(
    request: pytest.FixtureRequest, truth: Truth, year: str, level: str, indicator: str
) -> None:
    release, commuting = of_year(request, year)
    end, which = SHARES[indicator]
    rows = release.rows("indicators", level=level, indicator=indicator).set_index("code")
    if not commuting.known(end):
        assert rows.empty
        return
    lists = truth.partners(commuting, level, end).groupby("code")
    for code in some(list(lists.groups), 40):
        partners = lists.get_group(code)
        total = partners["quantity"].sum()
        answers = total / (partners["variance"].sum() / total)
        share = part_of(partners, which)["quantity"].sum() / total
        low, high = formulas.wilson(share, answers)
        assert math.isclose(rows.at[code, "low"], 100 * low, rel_tol=1e-6, abs_tol=1e-6), code
        assert math.isclose(rows.at[code, "high"], 100 * high, rel_tol=1e-6, abs_tol=1e-6), code


# --- balances ---


@pytest.mark.parametrize("level", ["commune", "epci", "departement", "zone_emploi", "crte"])
@pytest.mark.parametrize("need", ["jobs", "workers"])
def test_balances_of_2014(
    release_2014: Published, truth: Truth, flows_2014: Commuting, level: str, need: str
) -> None:
    residents = truth.partners(flows_2014, level, "residence").groupby("code")["quantity"].sum()
    held = truth.partners(flows_2014, level, "workplace").groupby("code")["quantity"].sum()
    published = truth.published(truth.members[level], flows_2014.complete)
    demand, supply = (residents, held) if need == "jobs" else (held, residents)
    found = release_2014.rows("balances", level=level, need=need).set_index("code").sort_index()
    assert found.index.tolist() == published
    demand, supply = (side.reindex(published, fill_value=0.0) for side in (demand, supply))
    assert (found["demand"] - demand).abs().max() < 1e-3
    assert (found["local_supply"] - supply).abs().max() < 1e-3
    assert (found["net"] - (supply - demand)).abs().max() < 1e-3
    ratio = (supply / demand).where(demand > 0)
    assert found["self_sufficiency"].isna().equals(ratio.isna())
    assert (found["self_sufficiency"] - ratio).abs().max() < 1e-9


# --- distances ---


@pytest.mark.parametrize("year", YEARS)
def test_distance_between_communes(request: pytest.FixtureRequest, year: str) -> None:
    release, _ = of_year(request, year)
    communes = release.rows("territories", level="commune").set_index("code")
    flows = release.rows("flows", need="jobs").set_index(["dependent_code", "provider_code"])
    places = communes[["lon", "lat", "area_km2", "departement_code"]].to_dict("index")
    distances = flows["distance_km"].to_dict()
    for pair in some(list(distances), 3_000):
        due = road_between(*pair, places)
        if due is None:
            assert math.isnan(distances[pair]), pair
        else:
            assert abs(distances[pair] - due) <= BOUNDS_ROUNDED_TO, pair


def road_between(a: str, b: str, places: dict[str, dict[str, Any]]) -> float | None:
    """The distance by road, if there is one."""
    if b not in places:
        return None  # abroad: no position
    here, there = places[a], places[b]
    if a == b:
        return formulas.own_km(here["area_km2"])
    if land(here["departement_code"]) != land(there["departement_code"]):
        return None
    return formulas.road_km(here["lon"], here["lat"], there["lon"], there["lat"])


def land(departement: str) -> str:
    if departement in ("2A", "2B"):
        return "Corse"
    return departement if departement.startswith("97") else "mainland"


def test_a_commune_s_own_distance_is_that_of_its_area(release_2014: Published) -> None:
    areas = release_2014.rows("territories", level="commune").set_index("code")["area_km2"]
    own = release_2014.rows("dependencies", level="commune", need="jobs", rank=0)
    own = own[(own["direction"] == "depends_on") & (own["quantity"] > 0)]
    assert len(own) > 1_000
    due = own["code"].map(areas).map(formulas.own_km)
    assert ((own["distance_km"] - due).abs() <= BOUNDS_ROUNDED_TO).all()


def test_no_road_crosses_the_sea(release_2019: Published) -> None:
    flows = release_2019.rows("flows", need="jobs")
    over_sea = flows["provider_code"].str.match("97|2A|2B|98")
    abroad = ~flows["provider_code"].str.match(r"\d|2[AB]")
    assert over_sea.sum() > 0
    assert abroad.sum() > 0
    assert flows.loc[over_sea | abroad, "distance_km"].isna().all()
    assert flows.loc[~(over_sea | abroad), "distance_km"].notna().all()


def test_distance_of_territories_is_the_mean_of_their_people(
    release_2014: Published, truth: Truth
) -> None:
    epci = truth.epci
    flows = release_2014.rows("flows", need="jobs").assign(
        home=lambda f: f["dependent_code"].map(epci),
        work=lambda f: f["provider_code"].map(epci),
        km=lambda f: f["quantity"] * f["distance_km"],
    )
    sums = flows.groupby(["home", "work"])[["km", "quantity"]].sum()
    rows = release_2014.rows("dependencies", level="epci", need="jobs", direction="depends_on")
    rows = rows[rows["quantity"] > 0].set_index(["code", "partner_code"])
    due = (sums["km"] / sums["quantity"])[rows.index]
    assert ((rows["distance_km"] - due).abs() <= BOUNDS_ROUNDED_TO).all()


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("level", ["commune", "epci", "zone_emploi"])
def test_mean_commuting_distance(
    request: pytest.FixtureRequest, truth: Truth, year: str, level: str
) -> None:
    release, commuting = of_year(request, year)
    members = truth.members[level]
    flows = release.rows("flows", need="jobs").dropna(subset="distance_km")
    flows = flows.merge(members, left_on="dependent_code", right_on="commune")
    flows["km"] = flows["quantity"] * flows["distance_km"]
    sums = flows.groupby("code")[["km", "quantity"]].sum()
    due = sums["km"] / sums["quantity"]
    found = release.rows("indicators", level=level, indicator="mean_commute_km")
    found = found.set_index("code")["value"]
    lived_in = set(flows["code"])
    assert set(found.index) == set(truth.published(members, commuting.complete)) & lived_in
    assert ((found - due[found.index]).abs() < 1e-6).all()
