"""Commuting of 2019: residents of five métropoles. Who comes in from elsewhere is not known."""

import hashlib
import re

import pandas as pd
import pytest

from . import files
from .conftest import METROPOLES
from .runs import Published
from .truth import PARTITIONS, PERIMETERS, Commuting, Truth

pytestmark = pytest.mark.mirror
WORKERS = 909_783.97
RESIDENTS = {
    "243400017": 193_185.66,
    "243500139": 193_734.26,
    "200040715": 185_161.45,
    "244200770": 147_147.89,
    "200023414": 190_554.71,
}
ABROAD = {
    # pattern of the codes → workers there
    "AL.*": 54.61,
    "BE.*": 80.07,
    "LU.*": 9.80,
    "MO.*": 10.22,
    "SU.*": 360.43,
    "ZZZZZ": 660.38,
    r"97[578]\d\d": 29.02,
    r"98\d\d\d": 16.88,
}
UNKNOWN = ["jobs_held", "commuters_in", "job_self_sufficiency", "job_concentration_index"]
LEVELS = [*PARTITIONS, *PERIMETERS, "country"]


def test_the_newest_vintage_is_used_and_said(release_2019: Published, truth: Truth) -> None:
    (row,) = release_2019.rows("sources", source_id="insee_commuting").to_dict("records")
    file = files.find(truth.mirror, "insee_commuting", "2019")
    content = file.read_bytes()
    due = {
        "status": "ok",
        "vintage": "2019",
        "year": 2019,
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": 18_771,
        "extent": f"epci:{'+'.join(METROPOLES)}",
        "extent_kind": "by_row",
    }
    assert {column: row[column] for column in due} == due


@pytest.mark.parametrize(("code", "residents"), RESIDENTS.items())
def test_residents_of_the_metropoles_are_those_of_the_file(
    release_2019: Published, truth: Truth, flows_2019: Commuting, code: str, residents: float
) -> None:
    of_epci = flows_2019.flows[flows_2019.flows["residence"].map(truth.epci) == code]
    inside = of_epci.loc[of_epci["workplace"].map(truth.epci) == code, "workers"].sum()
    rows = release_2019.rows("indicators", level="epci", code=code)
    found = dict(zip(rows["indicator"], rows["value"], strict=True))
    assert of_epci["workers"].sum() == pytest.approx(residents, abs=1e-3)
    assert found["employed_residents"] == pytest.approx(residents, abs=1e-3)
    assert found["internal_commuters"] == pytest.approx(inside, abs=1e-3)
    assert found["job_self_containment"] == pytest.approx(100 * inside / residents, rel=1e-9)


def test_nobody_is_lost(release_2019: Published, flows_2019: Commuting) -> None:
    for need in ("jobs", "workers"):
        flows = release_2019.rows("flows", need=need)
        assert flows["quantity"].sum() == pytest.approx(WORKERS, abs=1e-3)
        assert len(flows) == len(flows_2019.flows)


@pytest.mark.parametrize("indicator", UNKNOWN)
def test_what_needs_those_who_come_in_has_no_value(release_2019: Published, indicator: str) -> None:
    assert release_2019.rows("indicators", indicator=indicator).empty
    for level in LEVELS:
        assert release_2019.table(f"profiles_{level}")[indicator].isna().all(), level


@pytest.mark.parametrize("level", sorted(set(LEVELS) - {"custom"}))
def test_who_comes_in_is_said_not_measured(release_2019: Published, level: str) -> None:
    said = release_2019.rows("not_measured", need="workers", level=level)
    assert said["code"].tolist() == ["*"]
    assert said["indicator"].isna().all()
    assert said["reason_fr"].str.contains("résidents").all()


@pytest.mark.parametrize(
    ("need", "direction"), [("jobs", "depended_on_by"), ("workers", "depends_on")]
)
def test_no_partner_is_listed_for_those_who_come_in(
    release_2019: Published, need: str, direction: str
) -> None:
    assert release_2019.rows("dependencies", need=need, direction=direction).empty


def test_balances_leave_the_unknown_side_empty(release_2019: Published) -> None:
    balances = release_2019.table("balances")
    for need, known, unknown in (
        ("jobs", "demand", "local_supply"),
        ("workers", "local_supply", "demand"),
    ):
        rows = balances[balances["need"] == need]
        assert len(rows) > 0
        assert rows[known].notna().all()
        assert rows[[unknown, "net", "self_sufficiency", "low", "high"]].isna().all().all()


def test_measures_of_the_unknown_side_are_absent(release_2019: Published) -> None:
    assert release_2019.rows("measures", measure="jobs_held").empty
    residents = release_2019.rows("measures", measure="employed_residents")["value"]
    assert residents.sum() == pytest.approx(WORKERS, abs=1e-3)


@pytest.mark.parametrize(("pattern", "workers"), ABROAD.items())
def test_workplaces_outside_france_keep_their_workers(
    release_2019: Published, pattern: str, workers: float
) -> None:
    flows = release_2019.rows("flows", need="jobs")
    abroad = flows[flows["provider_code"].str.fullmatch(pattern)]
    assert abroad["quantity"].sum() == pytest.approx(workers, abs=1e-3)
    rows = release_2019.rows("dependencies", level="epci", need="jobs", partner_level="foreign")
    partners = rows[rows["partner_code"].str.fullmatch(pattern)]
    assert partners["quantity"].sum() == pytest.approx(workers, abs=1e-3)
    assert set(partners["partner_code"]) == set(abroad["provider_code"])


def test_workplaces_outside_france_are_named(
    release_2019: Published, flows_2019: Commuting
) -> None:
    named = release_2019.rows("territories", level="foreign").set_index("code")["name"].to_dict()
    # Those who moved or study come from, or go to, other places abroad.
    assert set(flows_2019.labels) <= set(named)
    for code, label in flows_2019.labels.items():
        # Some labels of the file only repeat the code: then another name is found.
        assert named[code] == label if label != code else named[code] not in ("", code), code


def test_every_end_of_a_flow_is_a_territory(release_2019: Published) -> None:
    territories = release_2019.table("territories")
    flows = release_2019.table("flows")
    for grain, levels in (
        ("commune", ["commune", "foreign", "unknown"]),
        ("epci", ["epci", "commune", "foreign", "elsewhere", "unknown"]),
    ):
        places = set(territories.loc[territories["level"].isin(levels), "code"])
        ours = flows[flows["grain"] == grain]
        assert len(ours) > 0
        assert set(ours["provider_code"]) | set(ours["dependent_code"]) <= places


def test_a_split_commune_shares_its_workers_by_population(
    release_2019: Published, truth: Truth, file_2019: pd.DataFrame
) -> None:
    """85084 has become three communes: the workers it drew are shared, none is lost."""
    successors = truth.cog.forward(["85084"], 2022)["85084"]
    assert successors == {"85084", "85165", "85212"}
    drawn = file_2019.loc[file_2019["workplace"] == "85084", "workers"].sum()
    assert drawn > 0
    flows = release_2019.rows("flows", need="jobs")
    found = flows.groupby("provider_code")["quantity"].sum()
    people = {code: truth.populations[code] for code in successors}
    for code, inhabitants in people.items():
        due = drawn * inhabitants / sum(people.values())
        assert found[code] == pytest.approx(due, abs=1e-3), code


def test_no_code_is_an_arrondissement(release_2019: Published) -> None:
    flows = release_2019.table("flows")
    district = re.compile(r"751\d\d|132\d\d|6938\d")
    for end in ("provider_code", "dependent_code"):
        assert not flows[end].str.fullmatch(district).any()
