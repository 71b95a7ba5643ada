"""Settling the ground: how many people live on each parcel, which code and name it has."""

from collections.abc import Sequence

import numpy as np

from pipelines.sample import scenario
from pipelines.sample.ground import METROPOLISES, Ground, Texts, stream
from pipelines.sample.land import Floats, Ints
from pipelines.sample.names import Name
from pipelines.sample.sizes import Size

PARCELS_PER_CITY = 60
"""Cities are places around which people gather."""
CITY_KM = 4.0
"""Distance at which a city means half as much."""
POPULATION_QUANTILES = (
    (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0),
    (12, 100, 200, 460, 1_170, 3_200, 6_300, 14e3, 26e3, 43e3, 108e3, 152e3, 310e3, 500e3),
)
"""Inhabitants of a commune, by the share of communes that have fewer."""


def inhabitants(plots: Ground, size: Size) -> Ints:
    """Inhabitants of every parcel in 2023: many villages, few cities with their suburbs."""
    rng = stream("inhabitants")
    attraction = np.zeros(len(plots))
    for place in np.unique(plots.place):
        rows = np.flatnonzero(plots.place == place)
        cities = rng.choice(rows, max(1, len(rows) // PARCELS_PER_CITY), replace=False)
        weight = (1 + np.arange(len(cities), dtype=np.float32)) ** -0.8
        for city in METROPOLISES:
            cities = np.append(cities, rows[plots.code[rows] == city.code])
        weight = np.append(weight, np.full(len(cities) - len(weight), 2.0, dtype=np.float32))
        attraction[rows] = _potential(plots.points[rows], plots.points[cities], weight)
    urbanity = np.log(attraction) + rng.normal(0, 0.7, len(plots)) + (plots.place > 1)
    ordinary = np.flatnonzero(~np.isin(plots.code, [city.code for city in METROPOLISES]))
    rank = np.empty(len(ordinary))
    rank[np.argsort(urbanity[ordinary], kind="stable")] = np.arange(len(ordinary)) + 0.5
    shares_below, inhabitants_below = POPULATION_QUANTILES
    inhabitants = np.zeros(len(plots), dtype=np.int64)
    inhabitants[ordinary] = np.exp(
        np.interp(rank / len(ordinary), shares_below, np.log(inhabitants_below))
    )
    for city, people in zip(METROPOLISES, size.metropolises, strict=True):
        inhabitants[plots.code == city.code] = people
    return inhabitants


def _potential(points: Floats, cities: Floats, weight: Floats) -> Floats:
    """What all cities mean to every point: their weights, less with the distance."""
    near = points.astype(np.float32), cities.astype(np.float32)
    squared = sum((near[0][:, None, axis] - near[1][None, :, axis]) ** 2 for axis in (0, 1))
    pull: Floats = (weight / (1 + squared / CITY_KM**2)).sum(axis=1)
    return pull


class Neighbourhood:
    """Parcels not yet bound to any event, given out in groups of neighbours of one EPCI."""

    def __init__(self, plots: Ground, epci: Ints) -> None:
        self._plots, self._epci = plots, epci
        self._free = (plots.code == "") & (plots.place == 0)
        self._order = np.argsort(epci, kind="stable")
        self._starts = np.searchsorted(epci[self._order], np.arange(epci.max() + 2))

    def anchors(self, departement: str | None, rng: np.random.Generator) -> list[int]:
        """Free parcels (of a département), in an order of chance."""
        free = (
            self._free
            if departement is None
            else (self._free & (self._plots.departement == departement))
        )
        return [int(row) for row in rng.permutation(np.flatnonzero(free))]

    def take(self, anchor: int, count: int) -> list[int] | None:
        """The anchor and its nearest free neighbours of the same EPCI and département."""
        number = self._epci[anchor]
        rows = self._order[self._starts[number] : self._starts[number + 1]]
        same = self._plots.departement[rows] == self._plots.departement[anchor]
        rows = rows[self._free[rows] & same]
        if not self._free[anchor] or len(rows) < count:
            return None
        distance = np.hypot(*(self._plots.points[rows] - self._plots.points[anchor]).T)
        taken = rows[np.argsort(distance, kind="stable")[:count]]
        self._free[taken] = False
        return [int(row) for row in taken]


def reserve(neighbourhood: Neighbourhood, plots: Ground) -> Texts:
    """The code every parcel must have, or empty: those of cities, islands and traps."""
    reserved = plots.code.copy()
    rng = stream("traps")
    for codes in scenario.NEIGHBOURS:
        departement = next(iter(codes))[:2]
        anchors = neighbourhood.anchors(departement, rng)
        groups = (neighbourhood.take(anchor, len(codes)) for anchor in anchors)
        reserved[next(rows for rows in groups if rows)] = list(codes)
    return reserved


def gather(
    neighbourhood: Neighbourhood, sizes: Sequence[int], inhabitants: Ints
) -> list[list[int]]:
    """Groups of neighbours of the given sizes, the largest parcel first."""
    anchors = iter(neighbourhood.anchors(None, stream("gather")))
    gathered = []
    for size in sizes:
        rows = next(rows for anchor in anchors if (rows := neighbourhood.take(anchor, size)))
        gathered.append(sorted(rows, key=lambda row: -inhabitants[row]))
    return gathered


def baptise(plots: Ground, reserved: Texts, pool: Sequence[Name]) -> tuple[Texts, dict[str, Name]]:
    """Codes and oldest names: in every département, numbers follow the alphabet."""
    codes = reserved.copy()
    names = {c: name for c, name in scenario.oldest_names().items() if c in set(reserved)}
    used = {*names, *(code for city in METROPOLISES for code in city.arrondissements)}
    for departement in np.unique(plots.departement):
        rows = np.flatnonzero((plots.departement == departement) & (reserved == ""))
        digits = 5 - len(departement)
        numbers = (f"{departement}{number:0{digits}d}" for number in range(1, 10**digits))
        free = (code for code in numbers if code not in used)
        for row, code in zip(sorted(rows, key=lambda row: pool[row].poor), free, strict=False):
            codes[row] = code
            names[code] = pool[row]
    return codes, names
