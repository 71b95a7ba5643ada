"""Who serves whom, from what each place makes and needs alone: models that keep both totals.

Matrices have a row per provider and a column per dependent. A kernel is written as a cost: the
flow is exp(provider factor - cost + dependent factor), and an infinite cost allows none.
"""

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import ot
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Above, exp(-cost) vanishes: the same iterations are then run on logarithms.
_VANISHING = 600.0
# Totals that are farther than this from those asked, as a share of the whole, are no solution.
_CONSERVED = 1e-6
# No stricter tolerance is tried: iterations end in the noise of the numbers.
_FINEST = 1e-14
# The ladder of decays: each rung so much steeper than the last, up to this one per km.
_RUNG, _STEEPEST = 1.8, 10.0
# How well flows are balanced where only their mean distance is read.
_COARSE = 1e-5


class NotConverged(Exception):
    """No flows with these totals were found."""


@dataclass(frozen=True)
class Factors:
    """The balancing factors of a model, as logarithms.

    Attributes:
        provider, dependent: one per place; -inf for those that make (or need) nothing.
    """

    provider: Vector
    dependent: Vector

    def flows(self, cost: Matrix) -> Matrix:
        """The flows, in the unit of supply."""
        return np.exp(self.provider[:, None] - cost + self.dependent)


@dataclass(frozen=True)
class Closed:
    """Supply and demand that meet within each landmass, the rest being traded with the world.

    Attributes:
        supply, demand: what goes to, and comes from, the places of the landmass: equal totals.
        exports, imports: what goes to, and comes from, the rest of the world.
    """

    supply: Vector
    demand: Vector
    exports: Vector
    imports: Vector


def close(supply: Vector, demand: Vector, landmass: NDArray[np.str_], imported: float) -> Closed:
    """Balance each landmass with the rest of the world.

    A part `imported` of every demand comes from abroad; then the landmass imports what it lacks, or
    exports what it has left. Every place takes part in proportion: trade knows no distance.
    """
    home_supply, home_demand = np.zeros_like(supply), np.zeros_like(demand)
    for land in np.unique(landmass):
        here = landmass == land
        made, needed = supply[here].sum(), (1 - imported) * demand[here].sum()
        met = min(made, needed)
        if met > 0:
            home_supply[here] = supply[here] * (met / made)
            home_demand[here] = demand[here] * (1 - imported) * (met / needed)
    return Closed(home_supply, home_demand, supply - home_supply, demand - home_demand)


def road_distances(
    lon: Vector,
    lat: Vector,
    area_km2: Vector,
    landmass: NDArray[np.str_],
    *,
    radius: float,
    detour: float,
    own: float,
) -> Matrix:
    """Estimated road km between places (great circle × detour), and inside them.

    The mean distance inside a place is `own` × √area (two random points of a disc). Infinite
    where no road crosses the sea.
    """
    x, y = np.radians(lon), np.radians(lat)
    chord = np.sin((y[:, None] - y) / 2) ** 2
    chord += np.cos(y)[:, None] * np.cos(y) * np.sin((x[:, None] - x) / 2) ** 2
    distance: Matrix = detour * 2 * radius * np.arcsin(np.sqrt(np.minimum(1, chord)))
    np.fill_diagonal(distance, detour * own * np.sqrt(area_km2))
    distance[landmass[:, None] != landmass] = np.inf
    return distance


def gravity_cost(distance: Matrix, decay: float) -> Matrix:
    """The cost of doubly constrained gravity with exponential decay; 0 gives the proportional."""
    return np.where(
        np.isfinite(distance), decay * np.where(np.isfinite(distance), distance, 0), np.inf
    )


def radiation_cost(distance: Matrix, supply: Vector, demand: Vector) -> Matrix:
    """The cost of radiation (Simini et al. 2012), each dependent looking for the nearest supply.

    A dependent of demand m takes of a supply n, with a supply s nearer than it, in proportion to
    m n / ((m + s) (m + n + s)). Its own supply comes first.
    """
    ordering = distance.copy()
    np.fill_diagonal(ordering, -1.0)
    order = np.argsort(ordering, axis=0, kind="stable")
    sorted_supply = supply[order]
    nearer = np.empty_like(distance)
    np.put_along_axis(nearer, order, np.cumsum(sorted_supply, axis=0) - sorted_supply, axis=0)
    # What the dependent makes itself is no rival: it is left out of what is nearer.
    nearer = np.maximum(nearer - np.where(np.eye(len(supply), dtype=bool), 0, supply), 0)
    near, far = demand + nearer, demand + supply[:, None] + nearer
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = demand * supply[:, None] / (near * far)
        cost = -np.log(np.where(np.isfinite(kernel), kernel, 0))
    return np.where(np.isfinite(distance), cost, np.inf)


def balance(
    cost: Matrix,
    supply: Vector,
    demand: Vector,
    *,
    tolerance: float = 1e-9,
    start: Factors | None = None,
) -> Factors:
    """Factors such that rows sum to the supply and columns to the demand (Sinkhorn).

    Args:
        cost: what a unit costs between two places.
        supply, demand: equal totals.
        tolerance: largest error of the totals, as a share of the whole.
        start: factors of a near problem.

    Raises:
        NotConverged: nothing to balance, or not within 20,000 iterations.
    """
    total = supply.sum()
    if not all(np.isfinite(side).all() and (side >= 0).all() for side in (supply, demand)):
        raise NotConverged("a supply or a demand is below zero, or no number")
    rows, columns = supply > 0, demand > 0
    if total <= 0 or not np.isclose(total, demand.sum(), rtol=1e-9):
        raise NotConverged(f"supply {total:g}, demand {demand.sum():g}")
    inner = cost[np.ix_(rows, columns)]
    largest = inner[np.isfinite(inner)].max(initial=0)
    warm = start and (start.provider[rows], start.dependent[columns] - np.log(total))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        plan, log = ot.sinkhorn(
            supply[rows] / total,
            demand[columns] / total,
            inner,
            1.0,
            method="sinkhorn_log" if largest > _VANISHING else "sinkhorn",
            numItermax=20_000,
            stopThr=tolerance,
            warmstart=warm,
            log=True,
        )
    if not np.isfinite(plan).all():
        raise NotConverged("; ".join(str(one.message) for one in said) or "no finite flows")
    found = Factors(np.full_like(supply, -np.inf), np.full_like(demand, -np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        if largest > _VANISHING:
            provider, dependent = log["log_u"], log["log_v"]
        else:
            provider, dependent = np.log(log["u"]), np.log(log["v"])
        # The columns to the last digit; the rows are within the tolerance.
        missing = demand[columns] / total / plan.sum(0)
        found.provider[rows] = provider
        found.dependent[columns] = dependent + np.log(total) + np.log(missing)
        gaps = np.abs(plan @ missing - supply[rows] / total)
    error, allowed = float(gaps.max()), max(_CONSERVED, 10 * tolerance)
    if error > allowed and tolerance > _FINEST:
        # Iterations that gain little each are not at their end yet.
        return balance(cost, supply, demand, tolerance=tolerance / 1000, start=found)
    if not error <= allowed:
        raise NotConverged(f"a place gives what it has not, by {error:g} of the whole")
    return found


class Gravity:
    """Gravity between some places: solved at one decay after another, each helping the next.

    Args:
        distance: between places, infinite where there is no road.
        supply, demand: equal totals.
    """

    def __init__(self, distance: Matrix, supply: Vector, demand: Vector) -> None:
        self._distance, self._supply, self._demand = distance, supply, demand
        self._solved: dict[float, Factors] = {}
        self._tolerance: dict[float, float] = {}

    def at(self, decay: float, tolerance: float = 1e-9) -> Factors:
        """The factors at a decay.

        Raises:
            NotConverged: there are no flows with these totals.
        """
        if self._tolerance.get(decay, np.inf) > tolerance:
            cost, start = gravity_cost(self._distance, decay), self._guess(decay)
            self._solved[decay] = balance(
                cost, self._supply, self._demand, tolerance=tolerance, start=start
            )
            self._tolerance[decay] = tolerance
        return self._solved[decay]

    def _guess(self, decay: float) -> Factors | None:
        """Factors bend little from a decay to the next: those of the two nearest, prolonged."""
        near = sorted(self._solved, key=lambda solved: abs(np.log(solved / decay)))[:2]
        if not near or decay in near:
            return self._solved.get(decay)
        first = self._solved[near[0]]
        if len(near) == 1:
            return first
        other, reach = self._solved[near[1]], (decay - near[0]) / (near[1] - near[0])
        with np.errstate(invalid="ignore"):
            return Factors(
                first.provider + reach * (other.provider - first.provider),
                first.dependent + reach * (other.dependent - first.dependent),
            )

    def fitted(self, targets: Collection[float]) -> dict[float, float]:
        """The decays at which the mean distance is each target, within a percent or two.

        The mean distance is known on a ladder of decays that spans the targets, and read between
        the rungs.

        Raises:
            NotConverged: no decay does, or one along the way has no flows.
        """
        flat = steep = 1 / max(targets)
        means = {flat: self._mean_at(flat)}
        while means[flat] < max(targets):
            before, flat = flat, flat / _RUNG
            means[flat] = self._mean_at(flat)
            if means[flat] <= means[before] * (1 + _COARSE):
                raise NotConverged(f"no decay brings the mean distance up to {max(targets):g} km")
        while means[steep] > min(targets):
            before, steep = steep, steep * _RUNG
            if steep > _STEEPEST:
                raise NotConverged(f"no decay brings the mean distance down to {min(targets):g} km")
            means[steep] = self._mean_at(steep)
            if means[steep] >= means[before]:
                raise NotConverged(f"the mean distance stays at {means[steep]:g} km")
        rungs = sorted(means, reverse=True)
        if len(rungs) == 1:
            return dict.fromkeys(targets, rungs[0])
        read = PchipInterpolator(np.log([means[rung] for rung in rungs]), np.log(rungs))
        return {target: float(np.exp(read(np.log(target)))) for target in targets}

    def _mean_at(self, decay: float) -> float:
        flows = self.at(decay, _COARSE).flows(gravity_cost(self._distance, decay))
        return mean_distance(flows, self._distance)


def least_cost(distance: Matrix, supply: Vector, demand: Vector) -> Matrix:
    """The flows of the least total distance (exact optimal transport).

    Places come in a fixed order, so that ties are always settled alike. Each landmass is balanced,
    so that nothing need cross the sea.
    """
    total = supply.sum()
    far = 10 * distance[np.isfinite(distance)].max(initial=1)
    within = np.where(np.isfinite(distance), distance, far)
    plan = ot.emd(supply / total, demand / total, within, numItermax=5_000_000)
    return np.where(np.isfinite(distance), plan * total, 0)


def proportional(distance: Matrix, supply: Vector, demand: Vector) -> Matrix:
    """The flows that ignore distance, each landmass being balanced."""
    reach = np.isfinite(distance)
    reached = np.where(reach, demand, 0).sum(1)
    shares = np.divide(supply, reached, out=np.zeros_like(supply), where=reached > 0)
    flows: Matrix = shares[:, None] * np.where(reach, demand, 0)
    return flows


def mean_distance(flows: Matrix, distance: Matrix) -> float:
    """Mean distance of what flows."""
    return float((flows * np.where(np.isfinite(distance), distance, 0)).sum() / flows.sum())
