"""On a release of the sample: who serves whom where nobody counts it, whole and within bounds."""

import math

import polars as pl
import pytest

from pipelines.catalogue.words import attributions
from pipelines.settings import Settings

# Where what the country lacks comes from, and where what it has left goes.
REST = ["ROW", "XXXXX"]
MERGED = "FRXXX"
NEEDS = sorted(attributions())


@pytest.fixture(scope="module")
def made(release, workplace):
    """Read a table of the release, or one that is made on the way and not published."""
    kept = Settings().tables

    def read(name):
        published = release / f"{name}.parquet"
        return pl.read_parquet(published if published.exists() else kept / f"{name}.parquet")

    return read


@pytest.fixture(scope="module")
def flows(made):
    return made("flows").filter(pl.col("need").is_in(NEEDS))


@pytest.fixture(scope="module")
def partners(made):
    return made("dependencies").filter(pl.col("need").is_in(NEEDS))


@pytest.fixture(scope="module")
def land(made):
    """The landmass of a territory, by level and code."""
    rows = made("territories").filter(pl.col("departement_code").is_not_null())
    return {
        (level, code): _landmass(departement)
        for level, code, departement in rows.select("level", "code", "departement_code").iter_rows()
    }


def _landmass(departement):
    if departement.startswith("97"):
        return departement
    return "corse" if departement in ("2A", "2B") else "mainland"


def test_every_need_is_attributed_or_it_is_said_why(made, flows):
    models = made("attribution_models")
    assert set(models["need"]) == set(NEEDS)
    used = set(models.filter(status="used", model="gravity")["need"])
    assert used == set(flows["need"])
    silent = models.filter(status="not_attributed")
    assert set(silent["need"]) == set(NEEDS) - used
    assert silent["why_fr"].is_not_null().all()
    assert silent["why_en"].is_not_null().all()
    # The sample has every source: both sides of most needs are known.
    assert len(used) >= 8


def test_models_keep_both_totals_and_lie_between_the_bounds(made):
    models = made("attribution_models").filter(pl.col("status") != "not_attributed")
    assert (models["margin_error"] < 1e-6).all()
    for need in set(models["need"]):
        km = dict(models.filter(need=need).select("model", "mean_km").iter_rows())
        assert {"gravity", "gravity_near", "gravity_far"} <= set(km), need
        for model, mean in km.items():
            assert km["least_cost"] * (1 - 1e-6) <= mean, (need, model)
        assert km["gravity_near"] <= km["gravity"] * (1 + 1e-6)
        assert km["gravity"] <= km["gravity_far"] * (1 + 1e-6)
        assert km["gravity_far"] <= km["proportional"] * (1 + 1e-6)


def test_what_a_place_gives_and_takes_is_what_it_makes_and_needs(made, flows):
    sides = made("zone_sides").filter(pl.col("need").is_in(flows["need"].unique().implode()))
    assert sides.height > 300
    for end, side in (("provider_code", "supply"), ("dependent_code", "demand")):
        sums = flows.group_by("need", pl.col(end).alias("zone_code")).agg(pl.col("quantity").sum())
        both = sides.join(sums, on=["need", "zone_code"], how="left").with_columns(
            pl.col("quantity").fill_null(0)
        )
        # Quantities are kept with six decimals, and smaller flows are left out.
        allowed = 1e-6 * pl.col(side) + 1e-4
        wrong = both.filter((pl.col("quantity") - pl.col(side)).abs() > allowed)
        assert wrong.is_empty(), wrong
        assert both[side].sum() > 0
        # Nobody else gives or takes.
        others = set(sums["zone_code"]) - set(sides["zone_code"])
        assert others <= {MERGED, *REST}


def test_what_a_territory_needs_is_the_sum_of_its_partners(made, partners):
    """Where both the balance and the partners speak of all of it."""
    sums = partners.group_by("need", "level", "code", "direction").agg(
        pl.col("quantity").sum(), pl.col("coverage").first()
    )
    balances = made("balances").filter(pl.col("coverage") == 1)
    both = sums.filter(pl.col("coverage") == 1, pl.col("direction") == "depends_on").join(
        balances.select("need", "level", "code", "demand"), on=["need", "level", "code"]
    )
    assert both["level"].n_unique() > 5
    assert both["need"].n_unique() > 5
    gap = (both["quantity"] - both["demand"]).abs()
    wrong = both.filter(gap > 1e-6 * both["demand"] + 1e-3)
    assert wrong.is_empty(), wrong


def test_shares_sum_to_one_and_ranks_follow(partners):
    lists = partners.sort("rank").group_by("need", "level", "code", "direction")
    sums = lists.agg(
        pl.col("share").sum(),
        last=pl.col("cumulative_share").last(),
        n_ranks=pl.col("rank").n_unique(),
        n=pl.len(),
    )
    assert sums.height > 1000
    assert ((sums["share"] - 1).abs() < 1e-9).all()
    assert ((sums["last"] - 1).abs() < 1e-9).all()
    assert (sums["n_ranks"] == sums["n"]).all()
    # Rank 0 is the part met at home.
    own = (pl.col("code") == pl.col("partner_code")) & (pl.col("level") == pl.col("partner_level"))
    assert partners.filter((pl.col("rank") == 0) & ~own).is_empty()
    assert partners.filter((pl.col("rank") > 0) & own).is_empty()


def test_nothing_is_attributed_to_communes(partners):
    assert "commune" not in set(partners["level"])
    assert {"epci", "departement", "region", "aav", "crte", "scot", "pat", "pnr"} <= set(
        partners["level"]
    )


def test_a_modelled_flow_says_so_and_lies_in_its_interval(flows, partners):
    assert set(flows["evidence"]) == {"modelled"}
    assert set(flows["method"]) == {"gravity"}
    assert set(flows["grain"]) == {"epci"}
    assert set(partners["evidence"]) == {"modelled"}
    for rows in (flows, partners):
        assert (rows["low"] <= rows["quantity"]).all()
        assert (rows["quantity"] <= rows["high"]).all()
        assert (rows["low"] >= 0).all()
    inland = partners.filter(~pl.col("partner_code").is_in(REST), pl.col("quantity") > 1)
    assert (inland["low"] <= 0.36 * inland["quantity"]).all()
    assert (inland["high"] >= 1.64 * inland["quantity"]).all()


def test_no_modelled_flow_crosses_the_sea(flows, land):
    places = {code: there for (level, code), there in land.items() if level in ("epci", "commune")}
    ends = flows.select("provider_code", "dependent_code").unique()
    seen = set()
    for provider, dependent in ends.iter_rows():
        if provider in places and dependent in places:
            assert places[provider] == places[dependent], (provider, dependent)
            seen.add(places[provider])
        else:
            assert {provider, dependent} & {MERGED, *REST}
    assert {"mainland", "corse", "971"} <= seen


@pytest.mark.parametrize("level", ["epci", "departement"])
def test_islands_deal_with_themselves_and_the_world(partners, land, level):
    rows = partners.filter(pl.col("level") == level)
    seen = set()
    for code, partner_level, partner in (
        rows.select("code", "partner_level", "partner_code").unique().iter_rows()
    ):
        here = land[level, code]
        if partner_level == level:
            assert land[partner_level, partner] == here, (code, partner)
            seen.add(here)
        else:
            assert partner in (MERGED, *REST), (code, partner)
    assert {"mainland", "corse", "971"} <= seen


def test_a_flow_is_as_far_as_the_road(made, flows):
    """Great circle and detour, from the published positions."""
    at = {
        code: (lon, lat, area)
        for code, lon, lat, area in made("territories")
        .filter(pl.col("level") == "epci")
        .select("code", "lon", "lat", "area_km2")
        .iter_rows()
    }
    compared = 0
    for provider, dependent, km in (
        flows.select("provider_code", "dependent_code", "distance_km").unique().iter_rows()
    ):
        if provider in at and dependent in at:
            due = 1.3 * _crow(at[provider], at[dependent])
            if provider == dependent:
                due = 1.3 * 0.511 * math.sqrt(at[provider][2])
            assert km == pytest.approx(due, abs=0.06)
            compared += 1
        elif provider in REST or dependent in REST:
            assert km is None
    assert compared > 300


def _crow(one, other):
    x, y, u, v = map(math.radians, (*one[:2], *other[:2]))
    cosine = math.sin(y) * math.sin(v) + math.cos(y) * math.cos(v) * math.cos(u - x)
    return 6371.0088 * math.acos(min(1, cosine))


def test_wood_alone_is_weighed_hence_emits(made, flows):
    weighed = {need for need, one in attributions().items() if one.tonnes}
    located = flows.filter(pl.col("distance_km").is_not_null())
    emits = located.filter(pl.col("ghg_kgco2e").is_not_null())
    assert set(emits["need"]) == weighed & set(flows["need"])
    carried = made("emission_factors").filter(factor="truck_articulated")
    factor = dict(zip(carried["scope"], carried["value"], strict=True))
    for column, scope in (("ghg_kgco2e", "full"), ("ghg_ttw_kgco2e", "ttw")):
        due = emits["quantity"] * emits["distance_km"] * 0.9 * factor[scope]
        slack = emits["quantity"] * 0.051 * 0.9 * factor[scope] + 0.06
        assert ((emits[column] - due).abs() <= slack).all()
    still = flows.filter(pl.col("distance_km").is_null() | ~pl.col("need").is_in(sorted(weighed)))
    assert still["ghg_kgco2e"].is_null().all()
