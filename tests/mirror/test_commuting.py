"""Commuting of 2014 on the communes of 2026: nobody lost, nobody moved to the wrong place."""

import pandas as pd
import pytest

from .runs import Published
from .truth import Commuting, Truth

pytestmark = pytest.mark.mirror
WORKERS = 5_326_058.2
SUCCESSORS = {
    # The codes of the file that the COG of 2026 does not know.
    "77028": "77433",
    "77149": "77109",
    "77166": "77316",
    "77170": "77316",
    "77299": "77316",
    "77399": "77504",
    "77491": "77316",
    "78251": "78551",
    "78503": "78320",
    "78524": "78158",
    "91182": "91228",
    "91222": "91390",
    "93059": "93066",
    "95259": "95040",
    "95282": "95169",
}
END_OF = {
    # need → the column of its dependent and of its provider
    "jobs": ("residence", "workplace"),
    "workers": ("workplace", "residence"),
}


def pairs(release: Published, need: str) -> pd.DataFrame:
    """The flows of a need, with the two ends of the commute named."""
    dependent, provider = END_OF[need]
    flows = release.rows("flows", need=need)
    return flows.rename(columns={"dependent_code": dependent, "provider_code": provider})


@pytest.mark.parametrize("need", END_OF)
def test_nobody_is_lost(release_2014: Published, need: str) -> None:
    flows = release_2014.rows("flows", need=need)
    assert flows["quantity"].sum() == pytest.approx(WORKERS, abs=1e-3)
    assert len(flows) == 108_777


@pytest.mark.parametrize("need", END_OF)
def test_every_pair_is_that_of_the_file(
    release_2014: Published, flows_2014: Commuting, need: str
) -> None:
    both = pairs(release_2014, need).merge(
        flows_2014.flows, on=["residence", "workplace"], how="outer", indicator=True
    )
    assert (both["_merge"] == "both").all()
    assert (both["quantity"] - both["workers"]).abs().max() < 1e-5


def test_codes_unknown_in_2026_are_these(truth: Truth, codes_of_2014: set[str]) -> None:
    unknown = codes_of_2014 - set(truth.cog.communes) - set(truth.cog.districts)
    assert unknown == set(SUCCESSORS)
    assert truth.cog.forward(unknown, 2014) == {old: {new} for old, new in SUCCESSORS.items()}


@pytest.mark.parametrize(("old", "new"), SUCCESSORS.items())
@pytest.mark.parametrize("end", ["residence", "workplace"])
def test_flows_of_an_old_code_land_on_its_successor(
    release_2014: Published,
    file_2014: pd.DataFrame,
    truth: Truth,
    old: str,
    new: str,
    end: str,
) -> None:
    flows = pairs(release_2014, "jobs")
    assert old not in set(flows["residence"]) | set(flows["workplace"])
    # All codes of 2014 that have become this commune, the old one among them.
    parts = {old} | {code for code in SUCCESSORS if SUCCESSORS[code] == new}
    parts |= {new} & truth.cog.alive(2014)
    expected = file_2014.loc[file_2014[end].isin(parts), "workers"].sum()
    assert file_2014.loc[file_2014[end] == old, "workers"].sum() > 0
    assert flows.loc[flows[end] == new, "quantity"].sum() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("need", END_OF)
def test_paris_is_one_commune(release_2014: Published, file_2014: pd.DataFrame, need: str) -> None:
    flows = pairs(release_2014, need)
    for end in ("residence", "workplace"):
        assert not flows[end].str.match(r"751\d\d").any()
        expected = file_2014.loc[file_2014[end].str.match(r"751\d\d"), "workers"].sum()
        found = flows.loc[flows[end] == "75056", "quantity"].sum()
        assert found == pytest.approx(expected, abs=1e-4)


def test_argenteuil_depends_on_paris_first(release_2014: Published) -> None:
    partners = release_2014.rows("dependencies", level="commune", code="95018", need="jobs")
    first = partners[(partners["direction"] == "depends_on") & (partners["rank"] == 1)]
    assert first["partner_code"].tolist() == ["75056"]
    assert first["quantity"].tolist() == pytest.approx([8_726], abs=1)


@pytest.mark.parametrize(
    ("end", "measure"), [("residence", "employed_residents"), ("workplace", "jobs_held")]
)
def test_measures_of_communes_are_sums_of_the_file(
    release_2014: Published, flows_2014: Commuting, end: str, measure: str
) -> None:
    found = release_2014.rows("measures", measure=measure).set_index("commune_code")["value"]
    expected = flows_2014.flows.groupby(end)["workers"].sum()
    assert set(found.index) == set(expected.index)
    assert (found - expected).abs().max() < 1e-5


def test_flows_say_what_they_are(release_2014: Published) -> None:
    flows = release_2014.table("flows")
    flows = flows[flows["need"].isin(["jobs", "workers"])]
    said = {
        "function": "work",
        "unit": "person",
        "year": 2014,
        "evidence": "observed",
        "grain": "commune",
        "source_id": "insee_commuting",
    }
    for column, value in said.items():
        assert set(flows[column]) == {value}, column


PUPILS, MOVERS = 624_432.42, 2_268_848.04


def test_checks_say_that_nobody_is_lost(release_2014: Published) -> None:
    (row,) = release_2014.rows("checks", check_id="flows_conserved").to_dict("records")
    assert row["status"] == "passed"
    everybody = WORKERS + PUPILS + MOVERS
    assert row["observed"] == pytest.approx(everybody, abs=1e-2)
    assert row["expected"] == pytest.approx(everybody, abs=1e-2)
    (row,) = release_2014.rows("checks", check_id="territory_flows_conserved").to_dict("records")
    assert row["status"] == "passed"
    assert row["observed"] == pytest.approx(row["expected"], rel=1e-9) != 0


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_checks_hold_and_known_figures_of_the_vintage_are_compared(
    request: pytest.FixtureRequest, year: str
) -> None:
    checks = request.getfixturevalue(f"release_{year}").table("checks")
    wrong = checks[~checks["status"].isin(["passed", "not_applicable"])]
    # The mirror has no file of some sources, hence not the composition of the EPCI of 2018.
    assert set(wrong["check_id"]) == {"sources_used", "epci_placed"}
    prefix = {"2014": "control_totals.idf14", "2019": "control_totals.work19"}[year]
    of_vintage = checks[checks["check_id"].str.startswith(prefix)]
    assert len(of_vintage) > 10
    assert set(of_vintage["status"]) == {"passed"}
