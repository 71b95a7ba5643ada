"""What the models are worth: commuting, which is counted, found again from its totals alone.

Each model sees how many leave every EPCI of a région and how many arrive, and says who goes where.
The common part of commuters tells how well (Sørensen; 1 is perfect). Parameters are chosen on a
grid, and the choice is judged on residences that had no part in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import parameter_values
from pipelines.ledger import attribution, models
from pipelines.ledger.models import Matrix, NotConverged, Vector
from pipelines.store import Store

READS = frozenset({"backtest_flows", "zones", "communes"})

# Error of the totals, as a share of the whole: scores are read to the third digit.
_TOLERANCE = 1e-7
_FOLDS = 5
_SEED = 2014
_TOP = 5
# Flows from which an interval is judged: under, they are an order of magnitude.
_JUDGED_FROM = 200
# Above, the kernel between communes takes too long for a test.
_MOST_COMMUNES = 2_000
_RATIOS = np.geomspace(0.4, 2.5, 23)
_ROOTS = np.geomspace(0.3, 3.2, 25)
_POWERS = np.linspace(0, 3.3, 12)


@dataclass(frozen=True)
class Model:
    """A family of models: a cost for each set of parameters.

    Attributes:
        parameters: sets of parameters to try, by their name.
    """

    name: str
    cost: Callable[..., Matrix]
    parameters: list[dict[str, float]]


@dataclass(frozen=True)
class Area:
    """The EPCI of a région and the commuters between them, a row per workplace.

    Attributes:
        with_own: those who work in the EPCI where they live are counted too.
        observed: counted flows, a row per provider of jobs, a column per residence.
        distance: estimated road km, own distance on the diagonal.
        between_communes: road km between the communes, and the share of its EPCI's people in each
            (a row per EPCI); None where there are too many.
    """

    code: str
    with_own: bool
    observed: Matrix
    distance: Matrix
    mean_area_km2: float
    between_communes: tuple[Matrix, Matrix] | None

    @cached_property
    def supply(self) -> Vector:
        """Jobs that each EPCI offers to these residents."""
        return np.asarray(self.observed.sum(1))

    @cached_property
    def demand(self) -> Vector:
        """Residents at work in each EPCI."""
        return np.asarray(self.observed.sum(0))

    def flows(self, cost: Matrix) -> Matrix:
        """The flows of a model, from the totals alone."""
        return self.solved(cost)[0]

    def solved(
        self, cost: Matrix, near: models.Factors | None = None
    ) -> tuple[Matrix, models.Factors]:
        """The flows of a model and its factors, sought from those of a near model."""
        if not self.with_own:
            cost = cost.copy()
            np.fill_diagonal(cost, np.inf)
        factors = models.balance(cost, self.supply, self.demand, tolerance=_TOLERANCE, start=near)
        return factors.flows(cost), factors

    def common_part(self, found: Matrix) -> Vector:
        """Commuters of each residence that a model sends where they go."""
        return np.asarray(np.minimum(self.observed, found).sum(0))


def write_backtest(store: Store) -> int:
    """Make `backtest`: each model on each area, with and without those who stay."""
    records = [row for area in _areas(store) for row in _judged(area)]
    return engine.write_records(tables()["backtest"], store, records)


def families(area: Area) -> list[Model]:
    """The models that are tried on an area."""
    law = (
        attribution.commuting_decay(area.mean_area_km2)
        / parameter_values()["commuting_decay_ratio"]
    )
    root, distance = np.sqrt(area.distance), area.distance
    found = [
        Model("proportional", lambda: np.zeros_like(distance), [{}]),
        Model(
            "radiation",
            lambda: models.radiation_cost(distance, area.supply, area.demand),
            [{}],
        ),
        Model(
            "gravity",
            lambda decay: decay * distance,
            [{"decay": ratio * law} for ratio in _RATIOS],
        ),
        Model(
            "gravity_root",
            lambda root_decay: root_decay * root,
            [{"root_decay": b} for b in _ROOTS],
        ),
        Model(
            "gravity_power",
            lambda decay, power: decay * distance + power * np.log(distance),
            [
                {"decay": ratio * law, "power": power}
                for ratio in (0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
                for power in _POWERS
            ],
        ),
    ]
    if area.between_communes is not None:
        ways, people = area.between_communes
        ways = np.sqrt(ways)

        def of_communes(root_decay: float) -> Matrix:
            return -np.log(people @ np.exp(-root_decay * ways) @ people.T)

        found.append(Model("gravity_communes", of_communes, [{"root_decay": b} for b in _ROOTS]))
    return found


def _judged(area: Area) -> Iterator[dict[str, object]]:
    least = models.least_cost(_own_aside(area), area.supply, area.demand)
    yield _row(area, "least_cost", {}, least, "compared")
    for family in families(area):
        tried: list[tuple[dict[str, float], Matrix]] = []
        near = None
        for parameters in family.parameters:
            try:
                found, near = area.solved(family.cost(**parameters), near)
            except NotConverged:
                continue
            tried.append((parameters, found))
        if not tried:
            continue
        parts = np.array([area.common_part(found) for _, found in tried])
        best = int(parts.sum(1).argmax())
        held_out = _cross_validated(parts) / area.observed.sum() if len(tried) > 1 else None
        for number, (parameters, found) in enumerate(tried):
            is_plain = family.name == "gravity"
            if number == best or is_plain:
                choice = "fitted" if number == best and len(tried) > 1 else "compared"
                row = _row(area, family.name, parameters, found, choice)
                yield row | {"cross_validated": held_out if number == best else None}
    yield _used(area)


def _own_aside(area: Area) -> Matrix:
    distance = area.distance.copy()
    if not area.with_own:
        np.fill_diagonal(distance, np.inf)
    return distance


def _used(area: Area) -> dict[str, object]:
    """The model as it attributes what has no distance of its own, and its interval."""
    constants = parameter_values()
    decay = attribution.commuting_decay(area.mean_area_km2)
    spread = constants["decay_spread"]
    flows = [
        area.flows(cost)
        for cost in (
            decay * area.distance,
            decay * spread * area.distance,
            decay / spread * area.distance,
            models.radiation_cost(area.distance, area.supply, area.demand),
        )
    ]
    low = np.minimum.reduce([*flows, constants["spread_low"] * flows[0]])
    high = np.maximum.reduce([*flows, constants["spread_high"] * flows[0]])
    judged = np.maximum(area.observed, flows[0]) >= _JUDGED_FROM
    inside = (low <= area.observed) & (area.observed <= high)
    row = _row(area, "gravity", {"decay": decay}, flows[0], "used")
    return row | {"interval_coverage": float(inside[judged].mean()) if judged.any() else None}


def _cross_validated(parts: Matrix) -> float:
    """Commuters found, each fold of residences with the parameters that the others choose.

    Args:
        parts: commuters found, by set of parameters and residence.
    """
    order = np.random.default_rng(_SEED).permutation(parts.shape[1])
    total = 0.0
    for fold in np.array_split(order, _FOLDS):
        others = np.setdiff1d(order, fold)
        chosen = parts[:, others].sum(1).argmax()
        total += float(parts[chosen, fold].sum())
    return total


def _row(
    area: Area, model: str, parameters: dict[str, float], found: Matrix, choice: str
) -> dict[str, object]:
    counted = models.mean_distance(area.observed, area.distance)
    return {
        "area_code": area.code,
        "scope": "all" if area.with_own else "external",
        "model": model,
        "parameters": ", ".join(f"{name} {value:.4g}" for name, value in parameters.items())
        or "none",
        "choice": choice,
        "n_zones": len(area.observed),
        "commuters": float(area.observed.sum()),
        "common_part": float(area.common_part(found).sum() / area.observed.sum()),
        "distance_error": models.mean_distance(found, area.distance) / counted - 1,
        "top_partners": _top_partners(area.observed, found),
    }


def _top_partners(observed: Matrix, found: Matrix) -> float:
    """Mean share of the first five workplaces of a residence that the model names among its own."""
    shares = []
    for counted, modelled in zip(observed.T, found.T, strict=True):
        first = min(_TOP, int((counted > 0).sum()))
        if first:
            ours = set(np.argsort(-counted, kind="stable")[:first])
            shares.append(len(ours & set(np.argsort(-modelled, kind="stable")[:first])) / first)
    return float(np.mean(shares))


# --- reading ---


def _areas(store: Store) -> Iterator[Area]:
    flows = pl.read_parquet(store.path("backtest_flows"))
    zones = pl.read_parquet(store.path("zones")).sort("zone_code")
    communes = pl.read_parquet(store.path("communes")).sort("commune_code")
    for (code,), ours in flows.sort("area_code").group_by("area_code", maintain_order=True):
        ends = pl.concat([ours["provider_code"], ours["dependent_code"]]).unique()
        inside = zones.filter(pl.col("zone_code").is_in(ends.implode()))
        place = {zone: number for number, zone in enumerate(inside["zone_code"])}
        observed = np.zeros((len(place), len(place)))
        observed[
            [place[zone] for zone in ours["provider_code"]],
            [place[zone] for zone in ours["dependent_code"]],
        ] = ours["quantity"]
        external = observed.copy()
        np.fill_diagonal(external, 0)
        distance = _distances(inside)
        resolved = _between_communes(communes, place)
        area_km2 = float(inside["area_km2"].mean())  # type: ignore[arg-type]
        for with_own, counted in ((False, external), (True, observed)):
            if counted.sum() > 0:
                yield Area(str(code), with_own, counted, distance, area_km2, resolved)


def _between_communes(
    communes: pl.DataFrame, place: dict[str, int]
) -> tuple[Matrix, Matrix] | None:
    ours = communes.filter(pl.col("epci_code").is_in(list(place))).drop_nulls(["lon", "area_km2"])
    if len(ours) > _MOST_COMMUNES:
        return None
    people = np.zeros((len(place), len(ours)))
    zone = np.array([place[code] for code in ours["epci_code"]])
    people[zone, np.arange(len(ours))] = np.maximum(ours["population"].fill_null(0).to_numpy(), 1)
    return _distances(ours), people / people.sum(1, keepdims=True)


def _distances(places: pl.DataFrame) -> Matrix:
    constants = parameter_values()
    landmass: NDArray[np.str_] = places["landmass"].to_numpy().astype(str)
    return models.road_distances(
        places["lon"].to_numpy(),
        places["lat"].to_numpy(),
        np.maximum(places["area_km2"].to_numpy(), 0.01),
        landmass,
        radius=constants["earth_radius_km"],
        detour=constants["detour_factor"],
        own=constants["own_distance_factor"],
    )
