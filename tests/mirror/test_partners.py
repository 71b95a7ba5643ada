"""On whom each territory depends, and who depends on it: every list, whole, in both directions."""

import pandas as pd
import pytest

from .comparing import assert_same_partners
from .runs import Published
from .truth import ENDS, PARTITIONS, Commuting, Truth

pytestmark = pytest.mark.mirror
LEVELS = [*PARTITIONS, "crte"]
IN_ILE_DE_FRANCE = {"departement": 8, "epci": 51, "commune": 1_266}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("need", "direction"), ENDS)
def test_partners_of_2014(
    release_2014: Published,
    truth: Truth,
    flows_2014: Commuting,
    level: str,
    need: str,
    direction: str,
) -> None:
    found = release_2014.rows("dependencies", level=level, need=need, direction=direction)
    assert_same_partners(found, truth.partners(flows_2014, level, ENDS[need, direction][0]))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("need", "direction"), [pair for pair, (own, _) in ENDS.items() if own == "residence"]
)
def test_partners_of_2019(
    release_2019: Published,
    truth: Truth,
    flows_2019: Commuting,
    level: str,
    need: str,
    direction: str,
) -> None:
    found = release_2019.rows("dependencies", level=level, need=need, direction=direction)
    assert_same_partners(found, truth.partners(flows_2019, level, "residence"))


@pytest.mark.parametrize("level", [*LEVELS, "custom"])
@pytest.mark.parametrize("year", ["2014", "2019"])
def test_equal_quantities_are_ranked_by_code(
    request: pytest.FixtureRequest, level: str, year: str
) -> None:
    rows = request.getfixturevalue(f"release_{year}").rows("dependencies", level=level)
    rows = rows[rows["rank"] > 0].sort_values(["need", "direction", "code", "rank"])
    before = rows.shift()
    tied = (rows[["need", "direction", "code"]] == before[["need", "direction", "code"]]).all(
        axis=1
    )
    tied &= rows["quantity"] == before["quantity"]
    wrong = rows[tied & ~(rows["partner_code"] > before["partner_code"])]
    assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize(("level", "count"), IN_ILE_DE_FRANCE.items())
def test_every_territory_of_ile_de_france_is_there(
    release_2014: Published, truth: Truth, flows_2014: Commuting, level: str, count: int
) -> None:
    members = truth.members[level]
    inside = members["commune"].isin(flows_2014.complete).groupby(members["code"]).all()
    whole = set(inside[inside].index)
    assert len(whole) == count
    # A commune that nobody lives in (or works in) has no need (or supply) to share out.
    residents = set(flows_2014.flows["residence"])
    lived_in = set(members.loc[members["commune"].isin(residents), "code"])
    found = release_2014.rows("dependencies", level=level, need="jobs", direction="depends_on")
    assert set(found["code"]) >= whole & lived_in


@pytest.mark.parametrize("level", LEVELS)
def test_the_mirror_need_says_the_same_from_the_other_end(
    release_2014: Published, level: str
) -> None:
    rows = release_2014.rows("dependencies", level=level)
    key = ["code", "partner_level", "partner_code", "quantity", "rank", "share"]
    for need, direction, mirror, turned in (
        ("jobs", "depends_on", "workers", "depended_on_by"),
        ("jobs", "depended_on_by", "workers", "depends_on"),
    ):
        ours = rows[(rows["need"] == need) & (rows["direction"] == direction)]
        theirs = rows[(rows["need"] == mirror) & (rows["direction"] == turned)]
        pd.testing.assert_frame_equal(
            ours[key].reset_index(drop=True), theirs[key].reset_index(drop=True)
        )


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_names_are_those_of_the_territories(request: pytest.FixtureRequest, year: str) -> None:
    release = request.getfixturevalue(f"release_{year}")
    names = release.table("territories").set_index(["level", "code"])["name"].to_dict()
    rows = release.table("dependencies")
    for columns in (("level", "code", "name"), ("partner_level", "partner_code", "partner_name")):
        said = rows[list(columns)].drop_duplicates()
        for level, code, name in said.itertuples(index=False):
            assert name == names[level, code]


def test_around_a_contract_partners_are_epci(release_2014: Published) -> None:
    rows = release_2014.rows("dependencies", level="crte", need="jobs")
    own = rows[rows["rank"] == 0]
    assert (own["partner_code"] == own["code"]).all()
    assert set(own["partner_level"]) == {"crte"}
    assert set(rows.loc[rows["rank"] > 0, "partner_level"]) == {"epci"}
