"""The models of attribution at national size, each next to the optimal-transport library alone."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import ot

from pipelines.ledger import models

ZONES = 1_255
ROUNDS = 3


def timed_models(zones: int = ZONES) -> dict[str, float]:
    """Seconds of each model between invented EPCI of a country of that many, once."""
    draw = np.random.default_rng(2026)
    supply, demand = draw.lognormal(8, 1.2, (2, zones))
    demand *= supply.sum() / demand.sum()
    distance = models.road_distances(
        draw.uniform(-3, 7, zones),
        draw.uniform(43, 50, zones),
        draw.uniform(100, 900, zones),
        np.full(zones, "mainland"),
        radius=6371.0088,
        detour=1.3,
        own=0.511,
    )
    least = models.mean_distance(models.least_cost(distance, supply, demand), distance)
    target = 2 * least
    (decay,) = models.Gravity(distance, supply, demand).fitted({target}).values()
    cost = models.gravity_cost(distance, decay)
    shares = supply / supply.sum(), demand / demand.sum()
    ways: dict[str, Callable[[], object]] = {
        "gravity, decay fitted to a mean distance": lambda: models.Gravity(
            distance, supply, demand
        ).fitted({target}),
        "gravity": lambda: models.balance(cost, supply, demand),
        "  library alone (sinkhorn)": lambda: ot.sinkhorn(*shares, cost, 1.0, stopThr=1e-9),
        "  library alone (sinkhorn_log)": lambda: ot.sinkhorn(
            *shares, cost, 1.0, method="sinkhorn_log", stopThr=1e-9
        ),
        "radiation, both totals": lambda: models.balance(
            models.radiation_cost(distance, supply, demand), supply, demand
        ),
        "proportional": lambda: models.proportional(distance, supply, demand),
        "least cost": lambda: models.least_cost(distance, supply, demand),
        "  library alone (emd)": lambda: ot.emd(*shares, distance, numItermax=5_000_000),
    }
    return {name: _seconds(way) for name, way in ways.items()}


def _seconds(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def main() -> None:
    """Print the median of a few rounds."""
    rounds = [timed_models() for _ in range(ROUNDS)]
    print(f"models between {ZONES:,} places")
    for name in rounds[0]:
        seconds = sorted(one[name] for one in rounds)
        print(f"  {name:42} median {statistics.median(seconds):6.2f} s")


if __name__ == "__main__":
    main()
