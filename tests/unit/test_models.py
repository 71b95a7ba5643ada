"""Models of who serves whom: what any of them must keep, whatever the places."""

import math

import numpy as np
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines import paths
from pipelines.catalogue import words
from pipelines.errors import CatalogueError
from pipelines.ledger import models
from pipelines.ledger.models import NotConverged

few = settings(max_examples=25, deadline=None)
ROAD = {"radius": 6371.0088, "detour": 1.3, "own": 0.511}
# Steeper ones take thousands of iterations among a handful of places: they have tests of their own.
DECAYS = st.sampled_from([0.0, 0.001, 0.004, 0.01])


class Country:
    """Places with a supply and a demand, closed with the world, and the roads between them."""

    def __init__(self, points, areas, made, needed, lands, imported=0.0):
        self.lon, self.lat = np.array(points, dtype=float).T / 10
        self.area = np.array(areas, dtype=float)
        self.land = np.array(list(lands))
        self.made, self.needed = np.array(made, dtype=float), np.array(needed, dtype=float)
        self.distance = models.road_distances(self.lon, self.lat, self.area, self.land, **ROAD)
        self.closed = models.close(self.made, self.needed, self.land, imported)
        self.supply, self.demand = self.closed.supply, self.closed.demand

    def gravity(self, decay):
        return self.balanced(models.gravity_cost(self.distance, decay))

    def radiation(self):
        return self.balanced(models.radiation_cost(self.distance, self.supply, self.demand))

    def balanced(self, cost):
        return models.balance(cost, self.supply, self.demand).flows(cost)


# Some make nothing, some need nothing; units are whole, so that no flow is a rounding.
amounts = st.one_of(st.just(0), st.integers(1, 500))


@st.composite
def countries(draw, sizes=(2, 8), lands="AAB", made=amounts, needed=amounts):
    size = draw(st.integers(*sizes))
    point = st.tuples(st.integers(-40, 70), st.integers(430, 500))
    several = {"min_size": size, "max_size": size}
    country = Country(
        draw(st.lists(point, unique=True, **several)),
        draw(st.lists(st.integers(20, 900), **several)),
        draw(st.lists(made, **several)),
        draw(st.lists(needed, **several)),
        draw(st.lists(st.sampled_from(lands), **several)),
        draw(st.sampled_from([0.0, 0.027, 0.4])),
    )
    assume(country.supply.sum() > 0)
    return country


def assert_conserved(flows, supply, demand):
    np.testing.assert_allclose(flows.sum(1), supply, atol=1e-6 * supply.sum())
    np.testing.assert_allclose(flows.sum(0), demand, atol=1e-6 * demand.sum())


def all_models(country, decay):
    return {
        "gravity": country.gravity(decay),
        "radiation": country.radiation(),
        "proportional": models.proportional(country.distance, country.supply, country.demand),
        "least_cost": models.least_cost(country.distance, country.supply, country.demand),
    }


# --- what every model keeps ---


@few
@given(countries(), DECAYS)
def test_every_model_gives_all_that_is_made_and_takes_all_that_is_needed(country, decay):
    apart = country.land[:, None] != country.land
    for name, flows in all_models(country, decay).items():
        assert (flows >= 0).all(), name
        assert_conserved(flows, country.supply, country.demand)
        assert (flows[country.supply == 0] == 0).all(), name
        assert (flows[:, country.demand == 0] == 0).all(), name
        assert (flows[apart] == 0).all(), name


@few
@given(countries(), DECAYS)
def test_nothing_is_nearer_than_the_least_cost(country, decay):
    means = {
        name: models.mean_distance(flows, country.distance)
        for name, flows in all_models(country, decay).items()
    }
    least = means.pop("least_cost")
    assert least > 0
    assert all(mean >= least * (1 - 1e-6) for mean in means.values()), (least, means)


def test_the_least_cost_is_that_of_the_best_of_all_plans():
    """Three places whose plans in whole units can be listed."""
    country = Country([(0, 470), (5, 470), (20, 470)], [400] * 3, [3, 1, 0], [1, 1, 2], "AAA")
    found = models.least_cost(country.distance, country.supply, country.demand)
    plans = [
        np.array([[a, b, 3 - a - b], [1 - a, 1 - b, a + b - 1], [0, 0, 0]])
        for a in range(2)
        for b in range(2)
        if a + b >= 1
    ]
    costs = [(plan * country.distance).sum() for plan in plans]
    np.testing.assert_allclose(found, plans[int(np.argmin(costs))], atol=1e-9)
    assert len(set(np.round(costs, 6))) == len(plans)


def test_mean_distance_is_that_of_a_unit():
    distance = np.array([[2.0, 10.0], [np.inf, 4.0]])
    assert models.mean_distance(np.array([[1.0, 3.0], [0.0, 4.0]]), distance) == 48 / 8


# --- gravity ---


@few
@given(countries(), st.lists(DECAYS, min_size=2, max_size=2, unique=True))
def test_a_larger_decay_is_never_farther(country, decays):
    far, near = (
        models.mean_distance(country.gravity(decay), country.distance) for decay in sorted(decays)
    )
    assert near <= far * (1 + 1e-6)


def test_a_larger_decay_is_nearer_where_there_is_a_choice():
    country = Country([(0, 470), (9, 470), (30, 470)], [400] * 3, [5, 5, 5], [5, 5, 5], "AAA")
    means = [
        models.mean_distance(country.gravity(decay), country.distance)
        for decay in (0, 0.005, 0.01, 0.02, 0.05)
    ]
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0] / 2


@few
@given(countries())
def test_without_decay_flows_are_in_proportion(country):
    flows = country.gravity(0.0)
    for land in np.unique(country.land):
        here = country.land == land
        made, needed = country.supply[here], country.demand[here]
        if made.sum() > 0:
            np.testing.assert_allclose(
                flows[np.ix_(here, here)],
                np.outer(made, needed) / made.sum(),
                atol=1e-6 * country.supply.sum(),
            )


@few
@given(countries(lands="A"), DECAYS)
def test_places_that_make_what_they_need_exchange_alike(country, decay):
    made = country.made
    assume(made.sum() > 0)
    cost = models.gravity_cost(country.distance, decay)
    flows = models.balance(cost, made, made).flows(cost)
    np.testing.assert_allclose(flows, flows.T, atol=1e-6 * made.sum())


@few
@given(countries(), DECAYS, st.sampled_from([1e-3, 7.0, 1e6]))
def test_flows_are_in_the_unit_of_what_is_made(country, decay, factor):
    cost = models.gravity_cost(country.distance, decay)
    scaled = models.balance(cost, factor * country.supply, factor * country.demand).flows(cost)
    np.testing.assert_allclose(
        scaled, factor * country.gravity(decay), atol=1e-6 * factor * country.supply.sum()
    )


@few
@given(countries(), DECAYS)
def test_gravity_is_a_product_of_both_ends_and_of_the_distance(country, decay):
    """The cross ratio of four flows is that of the kernels, whatever the totals."""
    flows = country.gravity(decay)
    rows, columns = np.flatnonzero(country.supply), np.flatnonzero(country.demand)
    for p in rows:
        for d in columns:
            square = np.ix_([rows[0], p], [columns[0], d])
            (a, b), (c, e) = flows[square]
            (ka, kb), (kc, ke) = country.distance[square]
            if np.isfinite(country.distance[square]).all() and min(a, b, c, e) > 0:
                cross = math.log(a) + math.log(e) - math.log(b) - math.log(c)
                assert cross == pytest.approx(-decay * (ka + ke - kb - kc), abs=1e-9)


def test_a_start_leads_to_the_same_flows():
    country = Country([(0, 470), (9, 470), (30, 470)], [400] * 3, [5, 1, 8], [2, 9, 3], "AAA")
    near, far = (models.gravity_cost(country.distance, decay) for decay in (0.02, 0.01))
    start = models.balance(far, country.supply, country.demand)
    warm = models.balance(near, country.supply, country.demand, start=start)
    np.testing.assert_allclose(warm.flows(near), country.balanced(near), rtol=1e-6)
    # The start is left as it was.
    assert_conserved(start.flows(far), country.supply, country.demand)


# --- what cannot be balanced, and steep decays ---


@pytest.mark.parametrize(
    ("made", "needed"),
    [([0, 0], [0, 0]), ([1, 2], [1, 3]), ([1, 2], [0, 0]), ([0, 0], [2, 1])],
)
def test_totals_that_are_nothing_or_differ_are_refused(made, needed):
    with pytest.raises(NotConverged, match="supply"):
        models.balance(np.ones((2, 2)), np.array(made, float), np.array(needed, float))


def test_what_can_go_nowhere_is_refused():
    cost = np.array([[1.0, np.inf], [np.inf, 1.0]])
    with pytest.raises(NotConverged):
        models.balance(cost, np.array([2.0, 1.0]), np.array([1.0, 2.0]))


@pytest.mark.parametrize("cost", [12, 20, 50])
def test_what_has_not_converged_is_not_given_for_flows(cost):
    """Only the diagonal keeps the totals, and it is reached ever more slowly."""
    costs = np.array([[0.0, 0.0], [cost, 0.0]])
    ends = np.array([1.0, 1.0])
    try:
        flows = models.balance(costs, ends, ends).flows(costs)
    except NotConverged:
        return
    assert_conserved(flows, ends, ends)


@pytest.mark.parametrize("made", [[10, 5, -1], [-5, 9, 10]])
def test_a_supply_below_zero_is_refused_or_gives_nothing(made):
    """No flow can be negative: the totals of the others must not pass for theirs."""
    cost = np.array([[0.1, 0.8, 1.2], [0.8, 0.1, 0.6], [1.2, 0.6, 0.1]])
    supply, demand = np.array(made, float), np.array([4.0, 4, 6])
    try:
        flows = models.balance(cost, supply, demand).flows(cost)
    except NotConverged:
        return
    assert_conserved(flows, supply, demand)


@pytest.mark.parametrize("cost", [100, 590, 610, 700])
def test_a_steep_decay_conserves_what_must_go_far(cost):
    """One unit has nowhere else to go."""
    costs = np.array([[1.0, cost], [cost, 1.0]])
    supply, demand = np.array([2.0, 1.0]), np.array([1.0, 2.0])
    flows = models.balance(costs, supply, demand).flows(costs)
    assert_conserved(flows, supply, demand)
    np.testing.assert_allclose(flows, [[1, 1], [0, 1]], atol=1e-6)


@pytest.mark.parametrize("cost", [800, 2000, 10_000])
def test_a_decay_so_steep_that_its_kernel_is_zero_conserves_or_says_it_does_not(cost):
    """exp(-800) is no number: totals that are wrong must not pass for flows."""
    costs = np.array([[1.0, cost], [cost, 1.0]])
    supply, demand = np.array([2.0, 1.0]), np.array([1.0, 2.0])
    try:
        flows = models.balance(costs, supply, demand).flows(costs)
    except NotConverged:
        return
    assert_conserved(flows, supply, demand)


@pytest.mark.parametrize("cost", [800, 2000, 10_000])
def test_a_steep_decay_conserves_what_stays_near(cost):
    """Far pairs vanish; nothing has to go there."""
    costs = np.array([[1.0, 3.0, cost], [3.0, 1.0, cost], [cost, cost, 1.0]])
    supply, demand = np.array([3.0, 1.0, 5.0]), np.array([1.0, 3.0, 5.0])
    flows = models.balance(costs, supply, demand).flows(costs)
    assert_conserved(flows, supply, demand)
    assert flows[0, 1] > 2 * flows[1, 0]


# --- fitted decays ---


def scattered(seed, size=40):
    """A country of many places, so that what is near is a matter of degree."""
    draw = np.random.default_rng(seed)
    points = np.column_stack([draw.integers(-40, 70, size), draw.integers(430, 500, size)])
    made, needed = draw.integers(1, 500, (2, size))
    return Country(points, draw.integers(20, 900, size), made, needed, "A" * size)


@pytest.mark.parametrize("seed", range(5))
def test_a_fitted_decay_gives_the_mean_distance_asked(seed):
    country = scattered(seed)
    ends = country.supply, country.demand
    least = models.mean_distance(models.least_cost(country.distance, *ends), country.distance)
    most = models.mean_distance(models.proportional(country.distance, *ends), country.distance)
    asked = [1.15 * least, math.sqrt(least * most), most / 1.15]
    found = models.Gravity(country.distance, *ends).fitted(asked)
    assert [found[target] for target in asked] == sorted(found.values(), reverse=True)
    for target, decay in found.items():
        mean = models.mean_distance(country.gravity(decay), country.distance)
        assert mean == pytest.approx(target, rel=0.01)


@pytest.mark.parametrize(("asked", "said"), [(1.0, "down|stays"), (1e6, "up")])
def test_a_mean_distance_that_no_decay_gives_is_refused(asked, said):
    country = Country([(0, 470), (9, 470), (30, 470)], [400] * 3, [5, 1, 8], [2, 9, 3], "AAA")
    with pytest.raises(NotConverged, match=said):
        models.Gravity(country.distance, country.supply, country.demand).fitted([asked])


# --- trade with the world ---


@few
@given(countries(), st.sampled_from([0.0, 0.027, 0.5]))
def test_what_is_traded_and_what_stays_are_all_there_is(country, imported):
    made, needed, land = country.made, country.needed, country.land
    closed = models.close(made, needed, land, imported)
    for part in (closed.supply, closed.demand, closed.exports, closed.imports):
        assert (part >= -1e-9).all()
    np.testing.assert_allclose(closed.supply + closed.exports, made, rtol=1e-12)
    np.testing.assert_allclose(closed.demand + closed.imports, needed, rtol=1e-12)
    assert (closed.imports >= imported * needed * (1 - 1e-12)).all()
    for one in np.unique(land):
        here = land == one
        assert closed.supply[here].sum() == pytest.approx(closed.demand[here].sum(), rel=1e-12)
        # A landmass does not export what it could have used.
        short = closed.imports[here].sum() > imported * needed[here].sum() * (1 + 1e-9)
        assert not (short and closed.exports[here].sum() > 1e-9)
        for part, whole in ((closed.supply, made), (closed.demand, needed)):
            shares = part[here][whole[here] > 0] / whole[here][whole[here] > 0]
            assert np.ptp(shares, axis=0) < 1e-12 if len(shares) else True


def test_a_landmass_lives_on_its_own_and_on_the_world():
    land = np.array(["A", "A", "B", "B", "C"])
    made = np.array([60.0, 20, 0, 0, 7])
    needed = np.array([10.0, 30, 3, 5, 0])
    closed = models.close(made, needed, land, 0.1)
    # A needs 36 at home, of 80; B makes nothing; C needs nothing.
    np.testing.assert_allclose(closed.supply, [27, 9, 0, 0, 0])
    np.testing.assert_allclose(closed.demand, [9, 27, 0, 0, 0])
    np.testing.assert_allclose(closed.imports, [1, 3, 3, 5, 0])
    np.testing.assert_allclose(closed.exports, [33, 11, 0, 0, 7])


# --- distances ---


def haversine(lon, lat, other_lon, other_lat):
    x, y, u, v = map(math.radians, (lon, lat, other_lon, other_lat))
    chord = math.sin((v - y) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((u - x) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(chord))


@few
@given(countries(lands="AAAB"))
def test_roads_are_great_circles_with_detours(country):
    size = len(country.area)
    for p in range(size):
        for d in range(size):
            found = country.distance[p, d]
            if p == d:
                assert found == pytest.approx(1.3 * 0.511 * math.sqrt(country.area[p]))
            elif country.land[p] != country.land[d]:
                assert found == math.inf
            else:
                ends = (country.lon[p], country.lat[p], country.lon[d], country.lat[d])
                assert found == pytest.approx(1.3 * haversine(*ends), rel=1e-9)


def test_from_paris_to_toulouse():
    """589 km as the crow flies."""
    distance = models.road_distances(
        np.array([2.3522, 1.4442]), np.array([48.8566, 43.6047]), np.array([100.0, 100]),
        np.array(["A", "A"]), **ROAD,
    )  # fmt: skip
    assert distance[0, 1] == distance[1, 0] == pytest.approx(1.3 * 588.6, rel=2e-3)
    assert distance[0, 0] == pytest.approx(6.643)


# --- radiation ---


def radiation(distance, supply, demand):
    """The formula, pair by pair: i looks for n_j, and s_ij is nearer."""
    size = len(supply)
    kernel = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            nearer = 0.0
            for k in range(size):
                # Of two as near, the first in order is nearer; what i makes itself is no rival.
                closer = (distance[k, i], k) < (distance[j, i], j)
                if k not in (i, j) and i != j and closer:
                    nearer += supply[k]
            m, n = demand[i], supply[j]
            if np.isfinite(distance[j, i]) and m > 0 and n > 0:
                kernel[j, i] = m * n / ((m + nearer) * (m + n + nearer))
    return kernel


@few
@given(countries(lands="AAAB"))
def test_radiation_is_the_formula(country):
    cost = models.radiation_cost(country.distance, country.supply, country.demand)
    due = radiation(country.distance, country.supply, country.demand)
    np.testing.assert_allclose(np.exp(-cost), due, rtol=1e-6, atol=1e-12)


def test_radiation_by_hand():
    """Two supplies on the way of a dependent, and its own, which hides nothing."""
    distance = np.array([[50.0, 10, 20], [10, 1, 15], [20, 15, 1]])
    supply, demand = np.array([4.0, 3.0, 5.0]), np.array([2.0, 1.0, 1.0])
    kernel = np.exp(-models.radiation_cost(distance, supply, demand))
    assert kernel[0, 0] == pytest.approx(2 * 4 / (2 * (2 + 4)))
    assert kernel[1, 0] == pytest.approx(2 * 3 / (2 * (2 + 3)))
    assert kernel[2, 0] == pytest.approx(2 * 5 / ((2 + 3) * (2 + 5 + 3)))


# --- the catalogue ---


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """Read a file of attributions that differs from ours."""
    path = paths.CATALOGUE / "attributions.yml"
    entries = yaml.safe_load(path.read_text("utf-8"))
    words.needs(), words.measures(), words.factors()

    def read(need, **changes):
        entry = {**entries.get(need, entries["cereals"]), **changes}
        entry = {name: value for name, value in entry.items() if value != "none"}
        text = yaml.safe_dump({**entries, need: entry}, allow_unicode=True)
        (tmp_path / "attributions.yml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(paths, "CATALOGUE", tmp_path)
        return words.attributions.__wrapped__()

    return read


def test_a_changed_attribution_reads_back(catalogue):
    found = catalogue("cereals", imports=0.3, mean_km={"near": 1, "central": 2, "far": 2})
    assert found["cereals"].imports == 0.3
    assert found["cereals"].mean_km.far == 2
    assert set(found) == set(words.attributions())


@pytest.mark.parametrize(
    ("need", "changes", "said"),
    [
        ("wood_energy", {"carried_by": "none"}, "tonnes and carried_by go together"),
        ("wood_energy", {"tonnes": "none"}, "tonnes and carried_by go together"),
        ("cereals", {"mean_km": {"near": 9, "central": 5, "far": 20}}, "near <= central <= far"),
        ("cereals", {"mean_km": {"near": 1, "central": 50, "far": 20}}, "near <= central <= far"),
        ("cereals", {"mean_km": {"near": 0, "central": 5, "far": 20}}, "0 < near"),
        ("cereals", {"mean_km": {"near": 1, "central": 5}}, "far"),
        ("cereals", {"imports": 1}, "imports"),
        ("cereals", {"imports": -0.1}, "imports"),
        ("cereals", {"supply": []}, "supply"),
        ("cereals", {"source": "none"}, "source"),
        ("cereals", {"decay": 0.1}, "decay"),
        ("cereals", {"supply": ["manna"]}, "manna"),
        ("wood_energy", {"carried_by": "stork"}, "stork"),
        # Counted, hence not attributed; and no need at all.
        ("jobs", {}, "jobs"),
        ("dreams", {}, "dreams"),
    ],
)
def test_an_attribution_that_makes_no_sense_is_refused(catalogue, need, changes, said):
    with pytest.raises(CatalogueError) as caught:
        catalogue(need, **changes)
    assert said in str(caught.value)
