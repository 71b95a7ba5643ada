"""Reciprocity of jobs and baskets of territories, worked out apart from the file and its lists."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from .runs import Published
from .truth import Commuting, Truth

pytestmark = pytest.mark.mirror
# METHODS, section 5: reciprocity, that of chance, and the one against the other, as printed.
KNOWN = {
    "departement": (8, 0.577, 0.598, -0.05),
    "epci": (52, 0.522, 0.556, -0.08),
    "commune": (1_265, 0.456, 0.550, -0.21),
}
GIVING_SHARE, GIVING_PEOPLE = 0.01, 100
MIRROR_NEEDS = {"workers", "residents"}
EVIDENCE = ["assumed", "modelled", "observed"]  # the worst first
LINKS = ["code_a", "code_b"]


@dataclass(frozen=True)
class Network:
    """Jobs that territories of a level provide each other.

    Attributes:
        codes: the territories that are known, in the order of the matrices.
        flows: workers by provider (row) and dependent (column), none on the diagonal.
        expected: the same by chance.
        needs: all employed residents of each, wherever they work.
        others: flows to those that are known from those that are not: (provider, dependent).
    """

    codes: list[str]
    flows: NDArray[np.float64]
    expected: NDArray[np.float64]
    needs: dict[str, float]
    others: dict[tuple[str, str], float]


@pytest.fixture(scope="session")
def networks_2014(truth: Truth, flows_2014: Commuting) -> dict[str, Network]:
    return {level: network(truth, flows_2014, level) for level in KNOWN}


def network(truth: Truth, commuting: Commuting, level: str) -> Network:
    members = truth.members[level]
    of_commune = dict(zip(members["commune"], members["code"], strict=True))
    sums: dict[tuple[str | None, str | None], float] = defaultdict(float)
    for residence, workplace, workers in commuting.flows[
        ["residence", "workplace", "workers"]
    ].itertuples(index=False):
        sums[of_commune.get(workplace), of_commune.get(residence)] += workers
    codes = truth.published(members, commuting.complete)
    place = {code: i for i, code in enumerate(codes)}
    flows = np.zeros((len(codes), len(codes)))
    needs: dict[str, float] = defaultdict(float)
    others = {}
    for (provider, dependent), workers in sums.items():
        if dependent in place:
            needs[dependent] += workers
            if provider in place and provider != dependent:
                flows[place[provider], place[dependent]] = round(workers, 6)
            elif provider is not None and provider not in place:
                others[provider, dependent] = round(workers, 6)
    return Network(codes, flows, fitted(flows), dict(needs), others)


def fitted(flows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network of chance: products of totals, none on the diagonal, rows and columns scaled."""
    out, into = flows.sum(1), flows.sum(0)
    expected = np.outer(out, into)
    np.fill_diagonal(expected, 0)
    for _ in range(2_000):
        rows = expected.sum(1)
        expected *= np.divide(out, rows, out=np.zeros_like(out), where=rows > 0)[:, None]
        columns = expected.sum(0)
        expected *= np.divide(into, columns, out=np.zeros_like(into), where=columns > 0)
        if np.abs(expected.sum(1) - out).max() < 1e-13 * out.sum():
            return expected
    raise AssertionError("the network of chance is not found")


def returned(flows: NDArray[np.float64]) -> float:
    return float(np.minimum(flows, flows.T).sum() / flows.sum())


def test_the_network_of_chance_keeps_what_each_gives_and_takes(
    networks_2014: dict[str, Network],
) -> None:
    for one in networks_2014.values():
        for axis in (0, 1):
            np.testing.assert_allclose(
                one.expected.sum(axis), one.flows.sum(axis), atol=1e-10 * one.flows.sum()
            )


@pytest.mark.parametrize("level", KNOWN)
def test_reciprocity_of_a_network_is_that_of_its_matrix(
    release_2014: Published, networks_2014: dict[str, Network], level: str
) -> None:
    (row,) = release_2014.rows("network_reciprocity", level=level, need="jobs").to_dict("records")
    one = networks_2014[level]
    observed, by_chance = returned(one.flows), returned(one.expected)
    assert row["total"] == pytest.approx(one.flows.sum(), abs=1e-2)
    assert row["n_territories"] == ((one.flows + one.flows.T).sum(0) > 0).sum()
    assert row["reciprocity"] == pytest.approx(observed, abs=1e-9)
    assert row["expected_reciprocity"] == pytest.approx(by_chance, abs=1e-7)
    vs_chance = (observed - by_chance) / (1 - by_chance)
    assert row["reciprocity_vs_chance"] == pytest.approx(vs_chance, abs=1e-6)
    assert (row["unit"], row["year"], row["evidence"]) == ("person", 2014, "observed")


@pytest.mark.parametrize(("level", "known"), KNOWN.items())
def test_reciprocity_is_that_of_the_methods(
    release_2014: Published, level: str, known: tuple[int, float, float, float]
) -> None:
    (row,) = release_2014.rows("network_reciprocity", level=level, need="jobs").to_dict("records")
    count, observed, by_chance, vs_chance = known
    assert row["n_territories"] == count
    assert row["reciprocity"] == pytest.approx(observed, abs=0.0005)
    assert row["expected_reciprocity"] == pytest.approx(by_chance, abs=0.0005)
    assert row["reciprocity_vs_chance"] == pytest.approx(vs_chance, abs=0.005)


@pytest.mark.parametrize("table", ["network_reciprocity", "reciprocity"])
def test_mirror_needs_are_not_counted_twice(release_2014: Published, table: str) -> None:
    assert not set(release_2014.table(table)["need"]) & MIRROR_NEEDS


def test_pairs_of_epci_are_those_of_the_matrix(
    release_2014: Published, networks_2014: dict[str, Network]
) -> None:
    one = networks_2014["epci"]
    size = range(len(one.codes))
    due = {
        (one.codes[i], one.codes[j]): (
            one.flows[i, j], one.flows[j, i], one.expected[i, j], one.expected[j, i]
        )
        for i in size for j in size if i < j and one.flows[i, j] + one.flows[j, i] > 0
    }  # fmt: skip
    rows = release_2014.rows("reciprocity", level="epci", need="jobs")
    rows = rows[rows["level_b"] == "epci"]
    assert not rows.duplicated(LINKS).any()
    assert (rows["code_a"] < rows["code_b"]).all()
    beyond = {(*sorted(ends), ends[0] < ends[1]): workers for ends, workers in one.others.items()}
    assert set(rows[LINKS].itertuples(index=False, name=None)) == set(due) | {
        (a, b) for a, b, _ in beyond
    }
    for row in rows.to_dict("records"):
        pair = row["code_a"], row["code_b"]
        if pair not in due:
            # One of the two is not known: what it takes is not, nor what chance would make.
            gives = (*pair, not np.isnan(row["a_to_b"]))
            assert np.nansum([row["a_to_b"], row["b_to_a"]]) == pytest.approx(beyond[gives])
            assert np.isnan([row["reciprocity"], row["expected_reciprocity"]]).all()
            continue
        a_to_b, b_to_a, chance_a, chance_b = due[pair]
        assert row["a_to_b"] == pytest.approx(a_to_b, abs=1e-4)
        assert row["b_to_a"] == pytest.approx(b_to_a, abs=1e-4)
        assert row["share_of_a"] == pytest.approx(b_to_a / one.needs[pair[0]], abs=1e-9)
        assert row["share_of_b"] == pytest.approx(a_to_b / one.needs[pair[1]], abs=1e-9)
        observed = 2 * min(a_to_b, b_to_a) / (a_to_b + b_to_a)
        by_chance = 2 * min(chance_a, chance_b) / (chance_a + chance_b)
        assert row["reciprocity"] == pytest.approx(observed, abs=1e-8)
        assert row["expected_reciprocity"] == pytest.approx(by_chance, abs=1e-6)
        # Where chance alone is nearly even, the comparison would be noise.
        if by_chance > 0.95:
            assert by_chance < 0.9501 or np.isnan(row["reciprocity_vs_chance"])
        elif by_chance < 0.9499:
            vs_chance = (observed - by_chance) / (1 - by_chance)
            assert row["reciprocity_vs_chance"] == pytest.approx(vs_chance, rel=1e-3, abs=1e-4)
        for gives, quantity, need in (
            ("a_is_giver", a_to_b, one.needs[pair[1]]),
            ("b_is_giver", b_to_a, one.needs[pair[0]]),
        ):
            assert row[gives] == (quantity >= GIVING_PEOPLE and quantity / need >= GIVING_SHARE)


# --- baskets, from the lists of partners ---


@pytest.fixture(scope="session")
def ways_2014(release_2014: Published) -> pd.DataFrame:
    """What an EPCI provides another, by need: at the end of it where it is named."""
    rows = release_2014.rows("dependencies", level="epci")
    rows = rows[~rows["need"].isin(MIRROR_NEEDS)]
    takes = rows[rows["direction"] == "depends_on"]
    needed = takes.groupby(["need", "code"])["quantity"].sum().rename("needed").reset_index()
    between = rows[(rows["partner_level"] == "epci") & (rows["rank"] > 0)]
    turned = between["direction"] == "depended_on_by"
    # A counted flow is that of its dependent's list; an attributed one is named at either end.
    between = between[~turned | (between["evidence"] != "observed")]
    turned = between["direction"] == "depended_on_by"
    between = between.assign(
        provider=between["partner_code"].where(~turned, between["code"]),
        dependent=between["code"].where(~turned, between["partner_code"]),
        worst=between["evidence"].map(EVIDENCE.index),
    )
    ends = ["function", "need", "unit", "provider", "dependent"]
    ways = between.groupby(ends)[["quantity", "worst"]].agg({"quantity": "max", "worst": "min"})
    ways = ways.reset_index().merge(
        needed.rename(columns={"code": "dependent"}), on=["need", "dependent"], how="left"
    )
    ways["share"] = ways["quantity"] / ways["needed"]
    ways["gives"] = (ways["share"] >= GIVING_SHARE) & (
        (ways["unit"] != "person") | (ways["quantity"] >= GIVING_PEOPLE)
    )
    return ways


def kind(first: set[str], second: set[str]) -> str:
    if first and second:
        return "reciprocal" if first & second else "crossed"
    return "one_way" if first or second else "none"


@pytest.fixture(scope="module")
def known_2014(release_2014: Published) -> set[str]:
    """The EPCI whose counted needs are all known."""
    rows = release_2014.rows("balances", level="epci")
    rows = rows[rows["demand"].notna() & rows["need"].isin(["jobs", "study", "housing"])]
    counts = rows.groupby("code")["need"].nunique()
    return set(counts[counts == 3].index)


def test_baskets_are_what_each_gives_the_other(
    release_2014: Published, ways_2014: pd.DataFrame, known_2014: set[str]
) -> None:
    given: dict[tuple[str, str], set[str]] = defaultdict(set)
    functions: dict[tuple[str, str], set[str]] = defaultdict(set)
    share: dict[tuple[str, str, str], float] = defaultdict(float)
    worst: dict[tuple[str, str, str], int] = defaultdict(lambda: len(EVIDENCE) - 1)
    for way in ways_2014.to_dict("records"):
        ends = way["provider"], way["dependent"]
        if way["gives"]:
            given[ends].add(way["need"])
            functions[ends].add(way["function"])
        if not np.isnan(way["share"]):
            share[(*ends, way["function"])] = max(share[(*ends, way["function"])], way["share"])
        pair = (*sorted(ends), way["need"])
        worst[pair] = min(worst[pair], way["worst"])
    exchanged = {(*sorted(key[:2]), key[2]) for key in share}
    due = {tuple(sorted(ends)) for ends, needs in given.items() if needs}
    rows = release_2014.rows("baskets", level="epci")
    rows = rows[rows["level_b"] == "epci"]
    assert len(due) > 200
    assert set(rows[LINKS].itertuples(index=False, name=None)) == due
    kinds: dict[str, int] = defaultdict(int)
    for row in rows.to_dict("records"):
        a, b = row["code_a"], row["code_b"]
        ours, theirs = given[a, b], given[b, a]
        for gives, named in (("a_gives", ours), ("b_gives", theirs)):
            assert ("" if pd.isna(row[gives]) else row[gives]) == ", ".join(sorted(named))
        assert (row["a_functions"], row["b_functions"]) == (
            len(functions[a, b]), len(functions[b, a])
        )  # fmt: skip
        # Where the need of one is not known, neither is what it is given.
        one_sided = {"one_way", "none"}
        if pd.isna(row["basket"]):
            assert kind(ours, theirs) in one_sided
            assert not known_2014.issuperset({a, b})
        else:
            assert row["basket"] == kind(ours, theirs)
        counted = {
            need for need in ours | theirs if worst[a, b, need] == EVIDENCE.index("observed")
        }
        due_observed = kind(ours & counted, theirs & counted)
        if pd.isna(row["basket_observed"]):
            assert due_observed in one_sided and not known_2014.issuperset({a, b})
        else:
            assert row["basket_observed"] == due_observed
        assert row["evidence"] == EVIDENCE[min(worst[a, b, need] for need in ours | theirs)]
        for function in ("cohabit", "food", "energy", "work"):
            # b takes the larger share of a need from a: it leans on a.
            taken = share.get((a, b, function), 0.0) - share.get((b, a, function), 0.0)
            leans = row[f"leans_{function}"]
            if (a, b, function) not in exchanged:
                assert not isinstance(leans, str)
            elif not isinstance(leans, str):
                assert not known_2014.issuperset({a, b})
            elif abs(taken) > 1e-9:
                assert leans == ("b_on_a" if taken > 0 else "a_on_b")
        kinds[row["basket"]] += 1
    assert min(kinds["reciprocal"], kinds["one_way"]) > 0


def test_those_who_give_each_other_most_are_neighbours(release_2014: Published) -> None:
    """Paris and those around it: jobs go both ways."""
    rows = release_2014.rows("baskets", level="departement", code_a="75")
    around = rows[rows["code_b"].isin(["92", "93", "94"])]
    assert set(around["basket"]) == {"reciprocal"}
    assert all("jobs" in gives for gives in [*around["a_gives"], *around["b_gives"]])
