"""The network that chance would make, against the same worked out in another way."""

import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.answers.reciprocity import factors

few = settings(max_examples=40, deadline=None)
KEPT = 1e-8  # of the whole network


def without_diagonal(flows):
    flows = np.array(flows, dtype=float)
    np.fill_diagonal(flows, 0)
    return flows


def margins(flows):
    """What each gives to the others, and what each takes from them."""
    return flows.sum(1), flows.sum(0)


def chance(given, taken):
    """The network of chance between these, or None."""
    found = factors(np.array(given, dtype=float), np.array(taken, dtype=float))
    return None if found is None else without_diagonal(np.outer(*found))


def returned(flows):
    """The part of the flows that is returned."""
    return np.minimum(flows, flows.T).sum() / flows.sum()


def against_chance(flows):
    flows = without_diagonal(flows)
    expected = returned(chance(*margins(flows)))
    return (returned(flows) - expected) / (1 - expected)


def assert_kept(expected, given, taken):
    assert (expected >= 0).all()
    np.testing.assert_allclose(expected.sum(1), given, rtol=0, atol=KEPT * np.sum(given))
    np.testing.assert_allclose(expected.sum(0), taken, rtol=0, atol=KEPT * np.sum(given))


def by_iteration(given, taken, rounds=20_000):
    """The same network by scaling the whole matrix, rows then columns."""
    flows = without_diagonal(np.outer(given, taken))
    for _ in range(rounds):
        flows *= (given / flows.sum(1))[:, None]
        flows *= taken / flows.sum(0)
        if np.abs(flows.sum(1) - given).max() < 1e-12 * np.sum(given):
            break
    return flows


def squares(values, sizes=(3, 8)):
    return st.integers(*sizes).flatmap(
        lambda n: st.lists(values, min_size=n * n, max_size=n * n).map(
            lambda cells: without_diagonal(np.reshape(cells, (n, n)))
        )
    )


# Everybody exchanges with everybody; or some with some, in amounts that differ widely.
dense = squares(st.integers(1, 100))
sparse = squares(st.sampled_from([0, 0, 0, 1, 7, 40, 900]), sizes=(2, 8))


# --- what it keeps ---


@few
@given(dense)
def test_each_gives_and_takes_as_much_as_it_does(flows):
    assert_kept(chance(*margins(flows)), *margins(flows))


@few
@given(sparse)
def test_what_is_found_in_a_sparse_network_keeps_what_each_gives(flows):
    assume(flows.sum() > 0)
    expected = chance(*margins(flows))
    if expected is not None:
        assert_kept(expected, *margins(flows))
        assert (expected[flows.sum(1) == 0] == 0).all()
        assert (expected[:, flows.sum(0) == 0] == 0).all()


@few
@given(dense)
def test_it_is_that_of_an_iteration_over_the_whole_matrix(flows):
    np.testing.assert_allclose(
        chance(*margins(flows)), by_iteration(*margins(flows)), atol=1e-6 * flows.sum()
    )


@few
@given(dense)
def test_who_gives_as_much_as_it_takes_exchanges_evenly(flows):
    expected = chance(*margins(flows + flows.T))
    np.testing.assert_allclose(expected, expected.T, atol=1e-6 * expected.sum())
    assert returned(expected) == pytest.approx(1, abs=1e-6)


@few
@given(dense, st.sampled_from([1e-3, 7.0, 1e6]))
def test_it_is_in_the_unit_of_the_flows(flows, factor):
    given, taken = margins(flows)
    np.testing.assert_allclose(
        chance(factor * given, factor * taken),
        factor * chance(given, taken),
        atol=1e-6 * factor * flows.sum(),
    )


@few
@given(dense, st.randoms(use_true_random=False))
def test_the_order_of_territories_does_not_matter(flows, random):
    order = list(range(len(flows)))
    random.shuffle(order)
    shuffled = flows[np.ix_(order, order)]
    np.testing.assert_allclose(
        chance(*margins(shuffled)),
        chance(*margins(flows))[np.ix_(order, order)],
        atol=1e-6 * flows.sum(),
    )


@few
@given(dense)
def test_turned_round_it_is_turned_round(flows):
    np.testing.assert_allclose(
        chance(*margins(flows.T)), chance(*margins(flows)).T, atol=1e-6 * flows.sum()
    )


@few
@given(sparse)
def test_reciprocity_is_a_share(flows):
    assume(flows.sum() > 0)
    expected = chance(*margins(flows))
    assert 0 <= returned(flows) <= 1
    if expected is not None:
        assert 0 <= returned(expected) <= 1 + KEPT


def test_nothing_is_returned_between_those_who_only_give_and_those_who_only_take():
    expected = chance([3, 4, 0, 0], [0, 0, 5, 2])
    np.testing.assert_allclose(expected[:2, 2:], [[15 / 7, 6 / 7], [20 / 7, 8 / 7]])
    assert returned(expected) == 0


def test_between_two_chance_has_no_choice():
    np.testing.assert_allclose(chance([10, 3], [3, 10]), [[0, 10], [3, 0]])


def test_no_flow_stays_where_it_is():
    """The plain form, given × taken / total, would put a third of them on the diagonal."""
    expected = chance([1, 1, 1], [1, 1, 1])
    np.testing.assert_allclose(expected, without_diagonal(np.full((3, 3), 0.5)))


# --- what cannot be, or only just ---


EDGES = {
    "nobody": ([], []),
    "nothing": ([0, 0, 0], [0, 0, 0]),
    "itself alone": ([10, 0], [10, 0]),
    "itself alone of three": ([10, 0, 0], [10, 0, 0]),
    # One gives and takes more than all others together.
    "more than all": ([5, 1, 1, 1], [5, 1, 1, 1]),
    "more than two": ([6, 1, 0], [6, 0, 1]),
    "far more than all": ([900, 3, 2, 1, 4], [880, 9, 12, 6, 3]),
    # All that others give, one takes; and nearly all.
    "star": ([3, 1, 1, 1], [3, 1, 1, 1]),
    "uneven star": ([3, 2, 0, 2], [4, 1, 1, 1]),
    "chain": ([3, 2, 0], [0, 3, 2]),
    "nearly a star": ([2.9999, 1, 1, 1], [2.9999, 1, 1, 1]),
    "large star": ([10_000, *[1] * 10_000], [10_000, *[1] * 10_000]),
}


@pytest.mark.parametrize(("given", "taken"), EDGES.values(), ids=EDGES)
def test_what_cannot_be_is_said_soon_or_what_is_found_is_right(given, taken):
    start = time.perf_counter()
    found = factors(np.array(given, dtype=float), np.array(taken, dtype=float))
    assert time.perf_counter() - start < 20
    if found is not None:
        a, b = found
        assert (a >= 0).all() and (b >= 0).all()
        kept = (a * b.sum() - a * b, a.sum() * b - a * b)
        for ours, due in zip(kept, (given, taken), strict=True):
            np.testing.assert_allclose(ours, due, rtol=0, atol=KEPT * sum(given))


def test_one_that_takes_nearly_all_is_still_found():
    """Nine tenths of the most that can be: Paris among its neighbours, and more."""
    given, taken = np.array([100.0, 300, 150, 50]), np.array([440.0, 60, 60, 40])
    assert_kept(chance(given, taken), given, taken)


# --- what it says of networks ---


def scattered(seed, size=30):
    """What each would give and take: as uneven as towns are."""
    draw = np.random.default_rng(seed)
    given, taken = draw.lognormal(0, 1, (2, size))
    return 1e8 * given / given.sum(), 1e8 * taken / taken.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_network_drawn_at_random_is_as_reciprocal_as_chance(seed):
    drawn = np.random.default_rng(seed).poisson(chance(*scattered(seed)))
    assert abs(against_chance(drawn)) < 0.01


def least_exchanged(given, taken):
    """Flows from those who give more to those who take more, and none back."""
    flows = np.zeros((len(given), len(given)))
    left = given - taken
    for p in range(len(left)):
        for d in range(len(left)):
            if left[p] > 0 > left[d]:
                flows[p, d] = min(left[p], -left[d])
                left[p] -= flows[p, d]
                left[d] += flows[p, d]
    return flows


@pytest.mark.parametrize("seed", range(5))
def test_a_network_whose_exchanges_are_returned_is_above_chance(seed):
    """All is returned, but what each must give more than it takes."""
    given, taken = scattered(seed)
    even = chance(np.minimum(given, taken), np.minimum(given, taken))
    assert against_chance(even + least_exchanged(given, taken)) > 0.1


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_turns_one_way_is_below_chance(seed):
    flows = chance(*scattered(seed))
    ring = np.roll(np.eye(len(flows)), 1, axis=1)
    assert against_chance(flows + 1e7 * ring) < -0.1
    # Turning the other way as much, it is not.
    assert against_chance(flows + 1e7 * (ring + ring.T)) > against_chance(flows + 1e7 * ring)
