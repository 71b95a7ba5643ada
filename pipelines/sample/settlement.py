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
RURAL = 0.01
"""Attraction where there is no city at all."""
POPULATION_QUANTILES = (
    (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0),
    (12, 100, 200, 460, 1_170, 3_200, 6_300, 14e3, 26e3, 43e3, 108e3, 152e3, 310e3, 500e3),
)
"""Inhabitants of a commune, by the share of communes that have fewer."""


def inhabitants(plots: Ground, size: Size) -> Ints:
    """Inhabitants of every parcel in 2023: many villages, few cities with their suburbs."""
    capitals = [city.code for city in METROPOLISES]
    ordinary = np.flatnonzero(~np.isin(plots.code, capitals))
    order = np.argsort(_urbanity(plots)[ordinary], kind="stable")
    shares_below, inhabitants_below = POPULATION_QUANTILES
    share = (np.arange(len(ordinary)) + 0.5) / len(ordinary)
    people = np.zeros(len(plots), dtype=np.int64)
    people[ordinary[order]] = np.exp(np.interp(share, shares_below, np.log(inhabitants_below)))
    for code, number in zip(capitals, size.metropolises, strict=True):
        people[plots.code == code] = number
    return people


def _urbanity(plots: Ground) -> Floats:
    """How urban every parcel is, on a scale without unit: near cities, overseas, and by chance."""
    rng = stream("inhabitants")
    capital = np.isin(plots.code, [city.code for city in METROPOLISES])
    weight = np.where(capital, 2.0, 0.0)
    cities = rng.choice(len(plots), len(plots) // PARCELS_PER_CITY, replace=False)
    weight[cities] += (1.0 + np.arange(len(cities))) ** -0.6
    urbanity = rng.normal(0, 0.7, len(plots)) + (plots.place > 1)
    for place in np.unique(plots.place):
        rows = np.flatnonzero(plots.place == place)
        towns = rows[weight[rows] > 0]
        attraction = _attraction(plots.points[rows], plots.points[towns], weight[towns])
        urbanity[rows] += np.log(attraction + RURAL)
    return urbanity


def _attraction(points: Floats, cities: Floats, weight: Floats) -> Floats:
    """What all cities mean to every point: their weights, less with the distance (km)."""
    (x, y), (city_x, city_y) = points.T, cities.T
    squared = (x[:, None] - city_x).astype(np.float32) ** 2
    squared += (y[:, None] - city_y).astype(np.float32) ** 2
    attraction: Floats = (weight / (1 + squared / CITY_KM**2)).sum(axis=1)
    return attraction


class Neighbourhood:
    """Parcels not yet bound to any event, given out in groups of neighbours of one EPCI."""

    def __init__(self, plots: Ground, epci: Ints) -> None:
        """Every parcel of the mainland is free that needs no code of its own."""
        self._plots, self._epci = plots, epci
        self._free = (plots.code == "") & (plots.place == 0)
        self._order = np.argsort(epci, kind="stable")
        self._starts = np.searchsorted(epci[self._order], np.arange(epci.max() + 2))

    def anchors(self, rng: np.random.Generator, departement: str = "") -> list[int]:
        """Free parcels (of a département), in an order of chance."""
        inside = (self._plots.departement == departement) | (departement == "")
        return [int(row) for row in rng.permutation(np.flatnonzero(self._free & inside))]

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
        anchors = neighbourhood.anchors(rng, departement)
        groups = (neighbourhood.take(anchor, len(codes)) for anchor in anchors)
        reserved[next(rows for rows in groups if rows)] = list(codes)
    return reserved


def gather(neighbourhood: Neighbourhood, sizes: Sequence[int], people: Ints) -> list[list[int]]:
    """Groups of neighbours of the given sizes, the largest parcel first."""
    anchors = iter(neighbourhood.anchors(stream("gather")))
    gathered = []
    for size in sizes:
        rows = next(rows for anchor in anchors if (rows := neighbourhood.take(anchor, size)))
        gathered.append(sorted(rows, key=lambda row: -people[row]))
    return gathered


def baptise(plots: Ground, reserved: Texts, pool: Sequence[Name]) -> tuple[Texts, dict[str, Name]]:
    """Codes and oldest names: in every département, numbers follow the alphabet."""
    codes = reserved.copy()
    names = {c: name for c, name in scenario.oldest_names().items() if c in set(reserved)}
    used = {*names, *(code for city in METROPOLISES for code in city.arrondissements)}
    for departement in np.unique(plots.departement):
        rows = np.flatnonzero((plots.departement == departement) & (reserved == "")).tolist()
        digits = 5 - len(departement)
        numbers = (f"{departement}{number:0{digits}d}" for number in range(1, 10**digits))
        free = (code for code in numbers if code not in used)
        for row in sorted(rows, key=lambda row: pool[row].poor):
            codes[row] = code = next(free)
            names[code] = pool[row]
    return codes, names
