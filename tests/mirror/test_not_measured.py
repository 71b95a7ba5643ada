"""Missing is never zero: outside the extent nothing is published, and that is said."""

import pandas as pd
import pytest

from .runs import Published
from .truth import PARTITIONS, Commuting, Truth

pytestmark = pytest.mark.mirror
LEVELS = [*PARTITIONS, "country", "crte", "custom"]
OF_RESIDENTS = [
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
    "mean_commute_km",
]
OF_WORKERS = ["jobs_held", "commuters_in", "job_self_sufficiency", "job_concentration_index"]
YEARS = ["2014", "2019"]


def members_of(truth: Truth, perimeters: pd.DataFrame, level: str) -> pd.DataFrame:
    return perimeters if level == "custom" else truth.members[level]


def outside(truth: Truth, members: pd.DataFrame, complete: frozenset[str]) -> set[str]:
    """The territories too little covered by the source."""
    return set(members["code"]) - set(truth.published(members, complete))


def said_of(release: Published, level: str, indicator: str) -> set[str]:
    """The codes of a level (or `*`) said not measured for an indicator; general words left out."""
    rows = release.rows("not_measured", level=level)
    whole_need = rows["indicator"].isna() & rows["need"].isin(["jobs", "workers"])
    if indicator in OF_RESIDENTS:
        whole_need &= rows["need"] == "jobs"
    return set(rows.loc[whole_need | (rows["indicator"] == indicator), "code"])


@pytest.fixture
def case(request: pytest.FixtureRequest, year: str) -> tuple[Published, Commuting]:
    return request.getfixturevalue(f"release_{year}"), request.getfixturevalue(f"flows_{year}")


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("table", ["indicators", "dependencies", "balances"])
def test_nothing_is_published_outside_the_extent(
    case: tuple[Published, Commuting],
    truth: Truth,
    perimeters: pd.DataFrame,
    level: str,
    table: str,
) -> None:
    release, commuting = case
    far = outside(truth, members_of(truth, perimeters, level), commuting.complete)
    rows = release.rows(table, level=level)
    if table == "indicators":
        rows = rows[rows["indicator"].isin(OF_RESIDENTS + OF_WORKERS)]
    else:
        rows = rows[rows["need"].isin(["jobs", "workers"])]
    assert far.isdisjoint(rows["code"])


@pytest.mark.parametrize(
    ("year", "level"),
    # The release of 2019 has no perimeter of a user.
    [("2014", level) for level in LEVELS] + [("2019", level) for level in LEVELS[:-1]],
)
def test_the_extent_is_said(
    case: tuple[Published, Commuting], truth: Truth, perimeters: pd.DataFrame, level: str
) -> None:
    release, commuting = case
    members = members_of(truth, perimeters, level)
    far = outside(truth, members, commuting.complete)
    # Those that hold the whole extent have a reason of their own.
    held = members["commune"].isin(commuting.complete).groupby(members["code"]).sum()
    enough = truth.coverage(members, commuting.complete) >= 0.5
    whole = set(held[(held == len(commuting.complete)) & enough.reindex(held.index)].index)
    rows = release.rows("not_measured", level=level, need="jobs")
    said = set(rows.loc[rows["indicator"].isna(), "code"])
    # Most of a level, or all of it, is told in one row.
    most = 2 * len(far - whole) > members["code"].nunique()
    assert said == ({"*"} | (far & whole) if most else far)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("indicator", OF_RESIDENTS + OF_WORKERS)
def test_a_territory_has_a_value_or_a_reason(
    case: tuple[Published, Commuting], level: str, indicator: str
) -> None:
    release, _ = case
    everybody = set(release.rows("territories", level=level)["code"])
    valued = set(release.rows("indicators", level=level, indicator=indicator)["code"])
    said = said_of(release, level, indicator)
    # The code * stands for those of the level that have no value.
    missing = (everybody - valued if "*" in said else set()) | (said - {"*"})
    assert everybody - valued - missing == set(), "neither a value nor a reason"
    assert valued & missing == set(), "a value, and a reason why there is none"


@pytest.mark.parametrize("year", YEARS)
def test_reasons_are_given_in_both_languages(case: tuple[Published, Commuting]) -> None:
    release, _ = case
    rows = release.table("not_measured")
    assert (rows[["reason_fr", "reason_en"]].map(len) > 20).all().all()


def test_inner_pairs_only_is_said(release_2014: Published) -> None:
    """The file of 2014 has no pair that crosses the border of Île-de-France."""
    rows = release_2014.rows("not_measured", level="*", need="jobs")
    assert rows["reason_fr"].str.contains("deux bouts").any()
    assert release_2014.rows("indicators", indicator="cross_border_share").empty
