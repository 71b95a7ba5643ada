"""Where the parcels lie: landmasses, départements, metropolises of many cells, islands."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import shapely

from pipelines.sample import land
from pipelines.sample.land import Floats, Ints, Landmass, Shapes
from pipelines.sample.sizes import Size

Texts = npt.NDArray[np.str_]

SEED = 20_260_101

MAINLAND = Landmass(2.5, 46.6)
SOUTHERN_ISLAND = Landmass(9.1, 42.1)
OVERSEAS = {
    "971": Landmass(-61.5, 16.2),
    "972": Landmass(-61.0, 14.6),
    "973": Landmass(-53.1, 4.0),
    "974": Landmass(55.5, -21.1),
    "976": Landmass(45.15, -12.8),
}
ISLAND_DEPARTEMENTS = ("2A", "2B")

ISLANDS = ("29083", "29155", "85113", "22016")
"""Communes off the coast that belong to no EPCI."""
ISLETS = 6
"""Coastal parcels that own a bit of land apart."""


@dataclass(frozen=True)
class Metropolis:
    """A city that statistics also know by its arrondissements, numbered from the first."""

    code: str
    name: str
    cells: int
    first: int
    count: int

    @property
    def departement(self) -> str:
        """Code of its département."""
        return self.code[:2]

    @property
    def arrondissements(self) -> list[str]:
        """Codes of its arrondissements."""
        return [str(self.first + rank) for rank in range(self.count)]


PARIS = Metropolis("75056", "Paris", 7, 75_101, 20)
LYON = Metropolis("69123", "Lyon", 3, 69_381, 9)
MARSEILLE = Metropolis("13055", "Marseille", 13, 13_201, 16)
METROPOLISES = (PARIS, LYON, MARSEILLE)


def stream(purpose: str) -> np.random.Generator:
    """A stream of chance of its own for each purpose: a change in one room spares the others."""
    return np.random.default_rng([SEED, crc32(purpose.encode())])


@dataclass(frozen=True)
class Ground:
    """The parcels, one row of every array each.

    ``code`` is the code a parcel must have, or empty; ``place`` its landmass (0 is the mainland);
    ``points`` its centre on the plane of the landmass (km), ``area`` in km², ``shapes`` in WGS 84.
    """

    departement: Texts
    code: Texts
    place: Ints
    points: Floats
    area: Floats
    shapes: Shapes

    def __len__(self) -> int:
        """Number of parcels."""
        return len(self.code)


def lay_out(size: Size, parcels: int) -> Ground:
    """The ground of a country of so many parcels."""
    counts = _parcels_by_departement(size, parcels)
    island = {d: counts.pop(d) for d in ISLAND_DEPARTEMENTS if d in counts}
    overseas = {d: counts.pop(d) for d in OVERSEAS if d in counts}
    regions = [[d for d in codes if d in counts] for _, codes in size.regions]
    pieces = [_mainland([codes for codes in regions if codes], counts)]
    pieces.append(_part_land(SOUTHERN_ISLAND, 1, island, "southern island"))
    for rank, (code, count) in enumerate(overseas.items(), start=2):
        pieces.append(_part_land(OVERSEAS[code], rank, {code: count}, code))
    return Ground(
        *(
            np.concatenate([getattr(piece, name) for piece in pieces])
            for name in Ground.__dataclass_fields__
        )
    )


def _parcels_by_departement(size: Size, parcels: int) -> dict[str, int]:
    fixed = dict(size.fixed)
    equal = [code for code in size.departements if code not in fixed]
    counts = land.even(parcels - sum(fixed.values()), len(equal))
    return fixed | dict(zip(equal, counts, strict=True))


def _part_land(landmass: Landmass, place: int, counts: dict[str, int], purpose: str) -> Ground:
    """A landmass parted between départements."""
    shapes = land.honeycomb(sum(counts.values()), stream(f"land {purpose}"))
    groups = land.part(land.centres(shapes), list(counts.values()))
    departement = np.array(list(counts))[groups]
    return _ground(landmass, place, departement, np.full(len(shapes), ""), shapes)


def _ground(
    landmass: Landmass, place: int, departement: Texts, code: Texts, shapes: Shapes
) -> Ground:
    return Ground(
        departement.astype("U3"),
        code.astype("U5"),
        np.full(len(shapes), place),
        land.centres(shapes),
        shapely.area(shapes),
        landmass.to_globe(shapes),
    )


def _mainland(regions: list[list[str]], counts: dict[str, int]) -> Ground:
    """The mainland with its metropolises, its islets and its islands."""
    islands = [code for code in ISLANDS if code[:2] in counts]
    cells = dict(counts)
    for city in METROPOLISES:
        cells[city.departement] += city.cells - 1
    for island in islands:
        cells[island[:2]] -= 1
    shapes = land.honeycomb(sum(cells.values()), stream("land mainland"))
    departement = _departement_of_cell(land.centres(shapes), regions, cells)
    code = np.full(len(shapes), "", dtype="U5")
    for city in METROPOLISES:
        departement, code, shapes = _found(city, departement, code, shapes)
    shapes = _with_islets(shapes)
    points = land.centres(shapes)
    off_coast = [_off_coast(points, points[departement == c[:2]], i) for i, c in enumerate(islands)]
    return _ground(
        MAINLAND,
        0,
        np.append(departement, [c[:2] for c in islands]),
        np.append(code, islands),
        np.append(shapes, off_coast),
    )


def _departement_of_cell(points: Floats, regions: list[list[str]], cells: dict[str, int]) -> Texts:
    """Départements inside régions, all compact; Paris fills its own, amid its région."""
    departement = np.full(len(points), "", dtype="U3")
    by_region = land.part(points, [sum(cells[d] for d in codes) for codes in regions])
    for rank, codes in enumerate(regions):
        rows = np.flatnonzero(by_region == rank)
        if PARIS.departement in codes:
            middle = _nearest(points[rows], points[rows].mean(axis=0))[: PARIS.cells]
            departement[rows[middle]] = PARIS.departement
            rows = np.delete(rows, middle)
        others = [code for code in codes if code != PARIS.departement]
        groups = land.part(points[rows], [cells[code] for code in others])
        departement[rows] = np.array(others)[groups]
    return departement


def _nearest(points: Floats, to: Floats) -> Ints:
    """Rows of points, the nearest first."""
    return np.argsort(np.hypot(*(points - to).T), kind="stable")


def _found(
    city: Metropolis, departement: Texts, code: Texts, shapes: Shapes
) -> tuple[Texts, Texts, Shapes]:
    """A city on the middle cells of its département: they become one parcel."""
    rows = np.flatnonzero(departement == city.departement)
    points = land.centres(shapes[rows])
    members = rows[_nearest(points, points.mean(axis=0))[: city.cells]]
    shapes[members[0]] = shapely.union_all(shapes[members])
    code[members[0]] = city.code
    kept = np.setdiff1d(np.arange(len(shapes)), members[1:])
    return departement[kept], code[kept], shapes[kept]


def _with_islets(shapes: Shapes) -> Shapes:
    """The parcels that reach farthest in some directions get an islet: two polygons each."""
    points = land.centres(shapes)
    for angle in np.linspace(0, 2 * np.pi, ISLETS, endpoint=False):
        direction = np.array([np.cos(angle), np.sin(angle)])
        owner = int(np.argmax(points @ direction))
        x, y = points[owner] + 5 * direction
        shapes[owner] = shapely.union(shapes[owner], land.islet(x, y, 0.7))
    return shapes


def _off_coast(points: Floats, home: Floats, rank: int) -> shapely.Geometry:
    """An island in the sea in front of its département."""
    middle = home.mean(axis=0)
    direction = middle / np.hypot(*middle)
    distance = (points @ direction).max() + 12 + 6 * rank
    x, y = distance * direction
    return land.islet(x, y, 1.5)
