"""Indicators of relation against the formulas of the methods, for every territory published."""

import math

import pandas as pd
import pytest

from . import formulas
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
COUNTS = {"employed_residents", "internal_commuters", "commuters_out", "jobs_held", "commuters_in"}


def values(release: Published, level: str, indicator: str) -> dict[str, float]:
    rows = release.rows("indicators", level=level, indicator=indicator)
    return dict(zip(rows["code"], rows["value"], strict=True))


def assert_same_values(found: dict[str, float], expected: dict[str, float | None]) -> None:
    """The values are the same, for the same territories."""
    due = {code: value for code, value in expected.items() if value is not None}
    assert set(found) - set(due) == set(), "published, though it has no value"
    assert set(due) - set(found) == set(), "not published, though it has a value"
    wrong = {
        code: (found[code], value)
        for code, value in due.items()
        if not math.isclose(found[code], value, rel_tol=1e-9, abs_tol=1e-6)
    }
    assert not wrong, dict(list(wrong.items())[:5])


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


def with_zeros(
    expected: dict[str, float | None], indicator: str, known: list[str]
) -> dict[str, float | None]:
    """A count is zero where the source is complete and nobody is counted; a ratio is not."""
    if indicator not in COUNTS:
        return expected
    return dict.fromkeys(known, 0.0) | expected


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
    # The commune whose count is zero has a test of its own.
    expected = expected_2014[level, end][indicator].to_dict()
    found = values(release_2014, level, indicator)
    assert_same_values({code: v for code, v in found.items() if v or code in expected}, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("indicator", FROM_RESIDENCE)
def test_indicators_of_2019(
    release_2019: Published, expected_2019: dict[str, pd.DataFrame], level: str, indicator: str
) -> None:
    expected = expected_2019[level]
    due = expected[indicator].to_dict() if indicator in expected else {}
    assert_same_values(values(release_2019, level, indicator), due)


@pytest.mark.parametrize("indicator", sorted(COUNTS))
def test_a_count_is_zero_where_the_source_is_complete_and_counts_nobody(
    release_2014: Published,
    truth: Truth,
    flows_2014: Commuting,
    expected_2014: dict[tuple[str, str], pd.DataFrame],
    indicator: str,
) -> None:
    end = "residence" if indicator in FROM_RESIDENCE else "workplace"
    counted = expected_2014["commune", end][indicator].to_dict()
    known = truth.published("commune", flows_2014.known(end))
    nobody = set(known) - set(counted)
    assert nobody, "no such commune: nothing is tested"
    found = values(release_2014, "commune", indicator)
    assert {code: found.get(code) for code in nobody} == dict.fromkeys(nobody, 0.0)


@pytest.mark.parametrize("level", [*LEVELS, "country"])
def test_jobs_per_100_employed_of_the_comparison_base(
    release_2014: Published, truth: Truth, level: str
) -> None:
    jobs, employed = truth.comparison_base
    ratio = 100 * truth.total(level, jobs) / truth.total(level, employed)
    covered = truth.coverage(level, jobs) >= 0.5
    finite = ratio[covered & (truth.total(level, employed) > 0)].dropna()
    found = values(release_2014, level, "jobs_per_100_employed_15_64")
    assert_same_values(found, finite.to_dict())
    assert len(found) > 0


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
        expected = truth.coverage(level, commuting.complete)[of_level.index]
        assert ((of_level - expected).abs() < 1e-3).all(), level
        assert (of_level >= 0.5).all()


@pytest.mark.parametrize("level", [*PARTITIONS, "crte", "custom", "country"])
@pytest.mark.parametrize("year", ["2014", "2019"])
def test_profiles_are_the_indicators_laid_wide(
    request: pytest.FixtureRequest, level: str, year: str
) -> None:
    release = request.getfixturevalue(f"release_{year}")
    profile = release.table(f"profiles_{level}").set_index("code")
    territories = release.rows("territories", level=level).set_index("code")
    assert profile.index.tolist() == sorted(territories.index)
    wide = (
        release.rows("indicators", level=level)
        .pivot(index="code", columns="indicator", values="value")
        .reindex(profile.index)
    )
    columns = set(release.table("indicator_catalogue")["indicator"])
    assert columns <= set(profile.columns)
    for indicator in columns:
        expected = wide[indicator] if indicator in wide else pd.Series(index=profile.index)
        pd.testing.assert_series_equal(
            profile[indicator], expected, check_names=False, check_dtype=False
        )
    pd.testing.assert_series_equal(
        profile["population"], territories["population"].sort_index(), check_names=False
    )
