"""Indicators of relation against the formulas of the methods, for every territory published."""

import pandas as pd
import pytest

from . import formulas
from .comparing import assert_same_values
from .runs import Published
from .truth import PARTITIONS, Commuting, Truth

pytestmark = pytest.mark.mirror
LEVELS = [*PARTITIONS, "crte"]
FROM_RESIDENCE = [
    "employed_residents",
    "internal_commuters",
    "commuters_out",
    "job_self_containment",
    "jobs_external_dependence",
    "cross_border_share",
    "jobs_partner_hhi",
    "jobs_effective_partners",
    "jobs_partner_entropy",
    "jobs_partner_evenness",
    "jobs_partners_50",
    "jobs_partners_80",
]
FROM_WORKPLACE = ["jobs_held", "commuters_in", "job_self_sufficiency", "job_concentration_index"]
COUNTS = {
    # indicator → the end where nobody is counted
    "employed_residents": "residence",
    "internal_commuters": "residence",
    "commuters_out": "residence",
    "jobs_held": "workplace",
    "commuters_in": "workplace",
}


def values(release: Published, level: str, indicator: str) -> dict[str, float]:
    rows = release.rows("indicators", level=level, indicator=indicator)
    return dict(zip(rows["code"], rows["value"], strict=True))


def seen_from_home(truth: Truth, commuting: Commuting, level: str) -> pd.DataFrame:
    """One row per territory with residents at work: its indicators seen from the residence."""
    closed = bool(commuting.workplaces_complete)
    partners = truth.partners(commuting, level, "residence")
    return pd.DataFrame(
        {
            code: formulas.of_residence(group, closed=closed)
            for code, group in partners.groupby("code")
        },
        dtype=object,
    ).T


def seen_from_work(truth: Truth, commuting: Commuting, level: str) -> pd.DataFrame:
    """One row per territory with workers: its indicators seen from the workplace."""
    demand = truth.partners(commuting, level, "residence").groupby("code")["quantity"].sum()
    partners = truth.partners(commuting, level, "workplace")
    return pd.DataFrame(
        {
            code: formulas.of_workplace(group, demand.get(code))
            for code, group in partners.groupby("code")
        },
        dtype=object,
    ).T


@pytest.fixture(scope="module")
def expected_2014(truth: Truth, flows_2014: Commuting) -> dict[tuple[str, str], pd.DataFrame]:
    return {
        (level, end): seen(truth, flows_2014, level)
        for level in LEVELS
        for end, seen in (("residence", seen_from_home), ("workplace", seen_from_work))
    }


@pytest.fixture(scope="module")
def expected_2019(truth: Truth, flows_2019: Commuting) -> dict[str, pd.DataFrame]:
    return {level: seen_from_home(truth, flows_2019, level) for level in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("indicator", "end"),
    [(one, "residence") for one in FROM_RESIDENCE] + [(one, "workplace") for one in FROM_WORKPLACE],
)
def test_indicators_of_2014(
    release_2014: Published,
    expected_2014: dict[tuple[str, str], pd.DataFrame],
    level: str,
    indicator: str,
    end: str,
) -> None:
    expected = expected_2014[level, end].get(indicator, pd.Series(dtype=object)).to_dict()
    found = values(release_2014, level, indicator)
    # Communes where nobody lives (or works) have a test of their own.
    counted = {code: value for code, value in found.items() if value or code in expected}
    assert_same_values(counted, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("indicator", FROM_RESIDENCE)
def test_indicators_of_2019(
    release_2019: Published, expected_2019: dict[str, pd.DataFrame], level: str, indicator: str
) -> None:
    expected = expected_2019[level]
    due = expected[indicator].to_dict() if indicator in expected else {}
    assert_same_values(values(release_2019, level, indicator), due)


@pytest.mark.parametrize(("indicator", "end"), COUNTS.items())
def test_a_count_is_zero_where_the_source_is_complete_and_counts_nobody(
    release_2014: Published, truth: Truth, flows_2014: Commuting, indicator: str, end: str
) -> None:
    nobody = truth.uncounted(flows_2014, "commune", end)
    assert nobody, "no such commune: nothing is tested"
    found = values(release_2014, "commune", indicator)
    assert {code: found.get(code) for code in nobody} == dict.fromkeys(nobody, 0.0)


def test_the_index_of_residents_without_jobs_around_is_zero(
    release_2014: Published, truth: Truth, flows_2014: Commuting
) -> None:
    without_jobs = truth.uncounted(flows_2014, "commune", "workplace")
    without_jobs -= truth.uncounted(flows_2014, "commune", "residence")
    assert without_jobs, "no such commune: nothing is tested"
    found = values(release_2014, "commune", "job_concentration_index")
    assert {code: found.get(code) for code in without_jobs} == dict.fromkeys(without_jobs, 0.0)


@pytest.mark.parametrize("indicator", ["job_self_containment", "jobs_external_dependence"])
def test_a_share_of_nothing_is_no_share(
    release_2014: Published, truth: Truth, flows_2014: Commuting, indicator: str
) -> None:
    nobody = truth.uncounted(flows_2014, "commune", "residence")
    assert nobody.isdisjoint(values(release_2014, "commune", indicator))


@pytest.mark.parametrize("level", [*LEVELS, "country"])
def test_jobs_per_100_employed_of_the_comparison_base(
    release_2014: Published, truth: Truth, level: str
) -> None:
    jobs, employed = truth.comparison_base
    ratio = 100 * truth.total(level, jobs) / truth.total(level, employed)
    covered = truth.coverage(truth.members[level], jobs) >= 0.5
    finite = ratio[covered & (truth.total(level, employed) > 0)].dropna()
    found = values(release_2014, level, "jobs_per_100_employed_15_64")
    assert len(found) > 0
    # Measures keep six decimals.
    assert_same_values(found, finite.to_dict(), precision=1e-6)


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_indicators_say_year_unit_and_coverage(
    request: pytest.FixtureRequest, truth: Truth, year: str
) -> None:
    release = request.getfixturevalue(f"release_{year}")
    commuting = request.getfixturevalue(f"flows_{year}")
    rows = release.rows("indicators", indicator="employed_residents")
    assert set(rows["year"]) == {int(year)}
    assert set(rows["unit"]) == {"person"}
    assert set(rows["evidence"]) == {"observed"}
    for level in LEVELS:
        of_level = rows[rows["level"] == level].set_index("code")["coverage"]
        expected = truth.coverage(truth.members[level], commuting.complete)[of_level.index]
        assert ((of_level - expected).abs() < 1e-3).all(), level
        assert (of_level >= 0.5).all()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("indicator", ["employed_residents", "jobs_per_100_employed_15_64"])
def test_percentile_is_the_place_among_the_level(
    release_2014: Published, level: str, indicator: str
) -> None:
    rows = release_2014.rows("indicators", level=level, indicator=indicator)
    if level in ("region", "aav") and indicator == "employed_residents":
        assert rows.empty  # those published hold the whole extent of a closed source
        return
    if len(rows) == 1:
        assert rows["percentile"].isna().all()
        return
    assert len(rows) > 1
    # The share of territories below, those of the same value counted in part.
    below = 100 * (rows["value"].rank(method="min") - 1) / len(rows)
    not_above = 100 * rows["value"].rank(method="max") / len(rows)
    assert ((below <= rows["percentile"]) & (rows["percentile"] <= not_above)).all()
    assert rows.groupby("value")["percentile"].nunique().max() == 1
    assert rows.sort_values("value")["percentile"].is_monotonic_increasing


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_the_catalogue_says_which_years_are_there(
    request: pytest.FixtureRequest, year: str
) -> None:
    catalogue = request.getfixturevalue(f"release_{year}").table("indicator_catalogue")
    said = catalogue.set_index("indicator")
    assert said.at["employed_residents", "years"] == year
    assert year not in said.at["employed_residents", "years_missing"].split(", ")
    assert said.at["jobs_per_100_employed_15_64", "years"] == "2018"
    assert pd.isna(said.at["jobs_held", "years"]) == (year == "2019")


@pytest.mark.parametrize("level", [*PARTITIONS, "crte", "custom", "country"])
@pytest.mark.parametrize("year", ["2014", "2019"])
def test_profiles_are_the_indicators_laid_wide(
    request: pytest.FixtureRequest, level: str, year: str
) -> None:
    release = request.getfixturevalue(f"release_{year}")
    profile = release.table(f"profiles_{level}").set_index("code")
    territories = release.rows("territories", level=level).set_index("code")
    assert profile.index.tolist() == sorted(territories.index)
    columns = release.table("indicator_catalogue")["indicator"].tolist()
    known = release.rows("indicators", level=level)
    # A column is of one year: the one that most territories have, of those the latest.
    counted = known.groupby(["indicator", "year"]).size().reset_index(name="n")
    chosen = counted.sort_values(["n", "year"]).groupby("indicator").last()["year"]
    known = known[known["year"] == known["indicator"].map(chosen)]
    wide = known.pivot(index="code", columns="indicator", values="value")
    wide = wide.reindex(index=profile.index, columns=columns)
    pd.testing.assert_frame_equal(
        profile[columns], wide, check_names=False, check_dtype=False, check_exact=True
    )
    pd.testing.assert_frame_equal(
        profile[["name", "population", "area_km2"]],
        territories.loc[profile.index, ["name", "population", "area_km2"]],
    )
