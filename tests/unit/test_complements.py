"""Surpluses allocated to deficits within reach, against linear programming."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipelines.answers.complements import allocated

few = settings(max_examples=40, deadline=None)


def table(surplus, deficit, roads):
    """Pairs within reach: `roads` is (giver, taker) to km."""
    return pl.DataFrame(
        [
            ("wood_energy", giver, taker, float(surplus[giver]), float(deficit[taker]), float(km))
            for (giver, taker), km in sorted(roads.items())
        ],
        schema=["need", "giver_code", "receiver_code", "surplus", "deficit", "distance_km"],
        orient="row",
    )


def plan(surplus, deficit, roads):
    """What is allocated, by (giver, taker)."""
    rows = allocated(table(surplus, deficit, roads))
    assert set(rows["need"]) <= {"wood_energy"}
    found = {
        (giver, taker): quantity
        for giver, taker, quantity in rows.select(
            "giver_code", "receiver_code", "potential_allocated"
        ).iter_rows()
    }
    assert len(found) == len(rows)
    return found


def given_by(found, giver):
    return sum(quantity for (one, _), quantity in found.items() if one == giver)


def taken_by(found, taker):
    return sum(quantity for (_, one), quantity in found.items() if one == taker)


def best(surplus, deficit, roads):
    """The most that can be covered, and the fewest quantity-km that cover as much."""
    pairs = sorted(roads)
    sides = np.array(
        [[giver == one for giver, _ in pairs] for one in surplus]
        + [[taker == one for _, taker in pairs] for one in deficit],
        dtype=float,
    )
    held = [*surplus.values(), *deficit.values()]
    km = [roads[pair] for pair in pairs]
    most = -linprog(-np.ones(len(pairs)), A_ub=sides, b_ub=held).fun
    # A little under it, so that rounding leaves a solution.
    enough = {"A_eq": np.ones((1, len(pairs))), "b_eq": [most * (1 - 1e-12)]}
    return most, linprog(km, A_ub=sides, b_ub=held, **enough).fun


@st.composite
def reaches(draw, amounts=st.integers(1, 300), km=st.integers(0, 100)):
    """Surpluses, deficits, and the roads between those within reach of each other."""
    givers = [f"G{i}" for i in range(draw(st.integers(1, 6)))]
    takers = [f"T{i}" for i in range(draw(st.integers(1, 6)))]
    pairs = st.sampled_from(list(itertools.product(givers, takers)))
    roads = draw(st.dictionaries(pairs, km, min_size=1))
    return (
        {giver: draw(amounts) for giver in givers if any(giver == one for one, _ in roads)},
        {taker: draw(amounts) for taker in takers if any(taker == one for _, one in roads)},
        roads,
    )


@few
@given(reaches())
def test_nothing_is_promised_twice_nor_given_beyond_need(reach):
    surplus, deficit, roads = reach
    found = plan(*reach)
    assert set(found) <= set(roads)
    assert all(quantity > 0 for quantity in found.values())
    assert all(given_by(found, giver) <= held + 1e-5 for giver, held in surplus.items())
    assert all(taken_by(found, taker) <= held + 1e-5 for taker, held in deficit.items())


@few
@given(reaches())
def test_as_much_as_can_be_is_covered_with_the_fewest_km(reach):
    found = plan(*reach)
    most, fewest = best(*reach)
    assert sum(found.values()) == pytest.approx(most, abs=1e-4)
    km = sum(quantity * reach[2][pair] for pair, quantity in found.items())
    assert km == pytest.approx(fewest, rel=1e-6, abs=1e-2)


@few
@given(reaches(amounts=st.sampled_from([0.01, 1.0, 333.3, 5e4, 2e8])))
def test_small_and_large_amounts_go_together(reach):
    most, _ = best(*reach)
    found = plan(*reach)
    assert sum(found.values()) == pytest.approx(most, rel=1e-6)
    for giver, held in reach[0].items():
        assert given_by(found, giver) <= held + 1e-6 * most


@few
@given(reaches(), st.randoms(use_true_random=False))
def test_it_is_the_same_again_and_whatever_the_order_of_the_pairs(reach, random):
    rows = table(*reach)
    found = allocated(rows)
    assert allocated(rows).equals(found)
    order = list(range(len(rows)))
    random.shuffle(order)
    again = allocated(rows[order]).sort("giver_code", "receiver_code")
    assert again.equals(found)


@few
@given(reaches(), st.sampled_from([1e-2, 1e3]))
def test_what_is_covered_is_in_the_unit_of_the_surplus(reach, factor):
    surplus, deficit, roads = reach
    scaled = plan(
        {giver: factor * held for giver, held in surplus.items()},
        {taker: factor * held for taker, held in deficit.items()},
        roads,
    )
    assert sum(scaled.values()) == pytest.approx(factor * sum(plan(*reach).values()), rel=1e-4)


@pytest.mark.parametrize(("surplus", "deficit"), [(5, 8), (8, 5), (5, 5)])
@pytest.mark.parametrize("km", [0, 12.5])
def test_one_giver_and_one_taker_share_the_lesser(surplus, deficit, km):
    assert plan({"G": surplus}, {"T": deficit}, {("G", "T"): km}) == {("G", "T"): 5}


def test_the_nearest_is_served_first():
    found = plan({"G": 5}, {"FAR": 5, "NEAR": 5}, {("G", "FAR"): 40, ("G", "NEAR"): 10})
    assert found == {("G", "NEAR"): 5}


def test_the_nearest_gives_first():
    found = plan({"FAR": 5, "NEAR": 3}, {"T": 4}, {("FAR", "T"): 40, ("NEAR", "T"): 10})
    assert found == {("NEAR", "T"): 3, ("FAR", "T"): 1}


def test_to_cover_more_comes_before_the_nearest():
    """A alone reaches FAR: it leaves NEAR, which is next to it, to B."""
    roads = {("A", "NEAR"): 1, ("A", "FAR"): 99, ("B", "NEAR"): 98}
    found = plan({"A": 5, "B": 5}, {"FAR": 5, "NEAR": 5}, roads)
    assert found == {("A", "FAR"): 5, ("B", "NEAR"): 5}


def test_a_long_chain_of_swaps_is_worth_a_unit_more():
    """Each gives to the next, 100 km away, rather than at home, so that the last is served."""
    links = range(30)
    roads = {(f"G{i:02}", f"T{i:02}"): 0.0 for i in links}
    roads |= {(f"G{i:02}", f"T{i + 1:02}"): 100.0 for i in links}
    surplus = {f"G{i:02}": 7 for i in links}
    deficit = {f"T{i:02}": 7 for i in range(1, 31)} | {"T00": 7}
    # What T00 is given, T30 lacks: nothing to gain, all stay at home.
    assert plan(surplus, deficit, roads) == {(f"G{i:02}", f"T{i:02}"): 7 for i in links}
    # Another gives to T00 alone: all move on by one.
    found = plan(surplus | {"H": 7}, deficit, roads | {("H", "T00"): 50.0})
    assert sum(found.values()) == 7 * 31
    assert found["G29", "T30"] == 7


def test_those_out_of_reach_of_each_other_exchange_nothing():
    roads = {("A", "T"): 10, ("B", "U"): 10}
    found = plan({"A": 9, "B": 1}, {"T": 1, "U": 9}, roads)
    assert found == {("A", "T"): 1, ("B", "U"): 1}
