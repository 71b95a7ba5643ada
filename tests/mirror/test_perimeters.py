"""A user's perimeters: lists of communes, old codes accepted, overlaps allowed."""

import pandas as pd
import pytest

from .comparing import assert_same_partners, assert_same_values
from .runs import Published
from .truth import ENDS, Commuting, Truth

pytestmark = pytest.mark.mirror
INSIDE = ["twin", "left", "right"]


@pytest.fixture(scope="module")
def twin_of(truth: Truth) -> dict[str, tuple[str, str]]:
    """The territories that two of the perimeters repeat."""
    return {"twin": ("epci", truth.epci["77316"]), "whole": ("region", "11")}


def test_members_are_those_asked_old_codes_replaced(
    release_2014: Published, perimeters: pd.DataFrame
) -> None:
    found = release_2014.rows("territory_members", level="custom")
    assert set(zip(found["code"], found["commune_code"], strict=True)) == set(
        perimeters.itertuples(index=False, name=None)
    )


@pytest.mark.parametrize("code", ["twin", "whole"])
def test_a_perimeter_has_the_people_and_the_area_of_its_twin(
    release_2014: Published, twin_of: dict[str, tuple[str, str]], code: str
) -> None:
    territories = release_2014.table("territories").set_index(["level", "code"])
    ours, theirs = territories.loc[("custom", code)], territories.loc[twin_of[code]]
    assert ours["name"] == f"Périmètre {code}"
    for column in ("population", "area_km2", "n_communes", "lon", "lat", "region_code"):
        assert ours[column] == theirs[column], column


@pytest.mark.parametrize(("code", "least"), [("twin", 10), ("whole", 0)])
def test_a_perimeter_has_the_indicators_of_its_twin(
    release_2014: Published, twin_of: dict[str, tuple[str, str]], code: str, least: int
) -> None:
    level, other = twin_of[code]
    columns = ["value", "low", "high", "year", "coverage"]
    ours, theirs = (
        rows.set_index("indicator")[columns].sort_index()
        for rows in (
            release_2014.rows("indicators", level="custom", code=code),
            release_2014.rows("indicators", level=level, code=other),
        )
    )
    assert len(ours) > least
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize(("need", "direction"), ENDS)
def test_the_twin_of_an_epci_has_its_partners(
    release_2014: Published, twin_of: dict[str, tuple[str, str]], need: str, direction: str
) -> None:
    columns = ["rank", "partner_level", "partner_code", "quantity", "share", "low", "high"]
    columns += ["cumulative_share", "distance_km"]
    level, epci = twin_of["twin"]
    wanted = {"need": need, "direction": direction}
    ours = release_2014.rows("dependencies", level="custom", code="twin", **wanted)
    theirs = release_2014.rows("dependencies", level=level, code=epci, **wanted)
    ours, theirs = (rows[columns].reset_index(drop=True) for rows in (ours, theirs))
    assert len(ours) > 10
    # Each names itself at rank 0.
    assert ours.loc[0, ["partner_level", "partner_code"]].tolist() == ["custom", "twin"]
    assert theirs.loc[0, ["partner_level", "partner_code"]].tolist() == [level, epci]
    ours.loc[0, ["partner_level", "partner_code"]] = [level, epci]
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize(("need", "direction"), ENDS)
def test_partners_of_perimeters_even_where_they_overlap(
    release_2014: Published,
    truth: Truth,
    flows_2014: Commuting,
    perimeters: pd.DataFrame,
    need: str,
    direction: str,
) -> None:
    found = release_2014.rows("dependencies", level="custom", need=need, direction=direction)
    expected = truth.partners_of(perimeters, flows_2014, "custom", ENDS[need, direction][0])
    assert set(expected["code"]) == set(INSIDE)
    assert_same_partners(found, expected)


@pytest.mark.parametrize("code", ["left", "right"])
def test_an_epci_that_a_perimeter_cuts_is_a_partner_for_its_other_part(
    release_2014: Published, truth: Truth, perimeters: pd.DataFrame, code: str
) -> None:
    cut = truth.epci["77316"]
    inside = set(perimeters.loc[perimeters["code"] == code, "commune"])
    rest = {commune for commune, epci in truth.epci.items() if epci == cut} - inside
    assert rest
    flows = release_2014.rows("flows", need="jobs")
    due = flows.loc[
        flows["dependent_code"].isin(inside) & flows["provider_code"].isin(rest), "quantity"
    ].sum()
    rows = release_2014.rows("dependencies", level="custom", code=code, need="jobs")
    found = rows[(rows["direction"] == "depends_on") & (rows["partner_code"] == cut)]
    assert found["quantity"].tolist() == pytest.approx([due], abs=1e-3)


def test_of_a_whole_closed_extent_nothing_is_said_and_the_reason_is(
    release_2014: Published,
) -> None:
    """The file holds no pair that crosses the border of the région: zero would be a lie."""
    for level, code in (("custom", "whole"), ("region", "11"), ("aav", "001")):
        for need in ("jobs", "workers"):
            for table in ("dependencies", "balances"):
                assert release_2014.rows(table, level=level, code=code, need=need).empty
        said = release_2014.rows("not_measured", level=level, code=code)
        said = said[said["indicator"].isna() & said["need"].isin(["jobs", "workers"])]
        assert set(said["need"]) == {"jobs", "workers"}
        assert said["reason_en"].str.contains("both ends in reg:11").all()


@pytest.mark.parametrize("code", INSIDE)
def test_balance_of_a_perimeter(
    release_2014: Published, perimeters: pd.DataFrame, code: str
) -> None:
    inside = set(perimeters.loc[perimeters["code"] == code, "commune"])
    flows = release_2014.rows("flows", need="jobs")
    (row,) = release_2014.rows("balances", level="custom", code=code, need="jobs").to_dict(
        "records"
    )
    residents = flows.loc[flows["dependent_code"].isin(inside), "quantity"].sum()
    held = flows.loc[flows["provider_code"].isin(inside), "quantity"].sum()
    assert_same_values(
        {"demand": row["demand"], "supply": row["local_supply"], "net": row["net"]},
        {"demand": residents, "supply": held, "net": held - residents},
    )


def test_a_perimeter_outside_the_extent_has_no_answer_and_a_reason(
    release_2014: Published,
) -> None:
    for need in ("jobs", "workers"):
        for table in ("dependencies", "balances"):
            assert release_2014.rows(table, level="custom", code="far", need=need).empty
    said = release_2014.rows("not_measured", level="custom", code="far")
    assert {"jobs", "workers"} <= set(said.loc[said["indicator"].isna(), "need"])
    # What covers the whole country is there.
    found = release_2014.rows("indicators", level="custom", code="far", function="work")
    assert found["indicator"].tolist() == ["jobs_per_100_employed_15_64"]
