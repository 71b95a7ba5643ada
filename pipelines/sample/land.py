"""The ground: a honeycomb of cells of about 16 km², its parting into groups, its coordinates.

Shapes are drawn on a local plane in kilometres (equal areas, one plane per landmass) and put on
the globe at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

CELL_KM2 = 16.0
WIDTH = (CELL_KM2 * 2 / np.sqrt(3)) ** 0.5
"""Distance between the centres of two neighbours of a row (km)."""
HEIGHT = WIDTH * np.sqrt(3) / 2
"""Distance between two rows (km)."""
JITTER_KM = 0.45
DECIMALS = 3
"""Of the published degrees: about 100 m, as in contours generalised at 1,000 m."""


@dataclass(frozen=True)
class Landmass:
    """A piece of the country around a point of the globe (degrees)."""

    lon: float
    lat: float

    def to_globe(self, shapes: Shapes) -> Shapes:
        """Shapes of the local plane (km) in WGS 84, rounded so that neighbours still touch."""
        plane = f"+proj=laea +lon_0={self.lon} +lat_0={self.lat} +units=km"
        transformer = Transformer.from_crs(plane, "EPSG:4326", always_xy=True)

        def project(points: Floats) -> Floats:
            lon, lat = transformer.transform(points[:, 0], points[:, 1])
            return np.round(np.column_stack([lon, lat]), DECIMALS)

        placed: Shapes = shapely.transform(shapes, project)
        return placed


def honeycomb(count: int, rng: np.random.Generator) -> Shapes:
    """``count`` irregular hexagons that tile a land with a wavy coast around the origin (km)."""
    reach = int(np.ceil(0.8 * np.sqrt(count))) + 2
    side = 2 * reach + 1
    row, column = (axis.ravel() - reach for axis in np.mgrid[0:side, 0:side])
    x, y = (column + row % 2 / 2) * WIDTH, row * HEIGHT
    inside = np.argsort(np.hypot(x, y) / _coast(np.arctan2(y, x), rng), kind="stable")[:count]
    corners = _corners(reach, rng)
    left, bottom = 2 * column[inside] + row[inside] % 2 + 2 * reach, row[inside] + reach
    ring = [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)]
    points = np.stack([corners[bottom + up, left + right] for right, up in ring], axis=1)
    shapes: Shapes = shapely.polygons(points)
    return shapes


def _coast(angle: Floats, rng: np.random.Generator) -> Floats:
    """Relative distance from the centre to the sea, by direction (radians)."""
    waves = [(2, 0.10), (3, 0.08), (5, 0.05), (9, 0.02)]
    phases = rng.uniform(0, 2 * np.pi, len(waves))
    radius = np.ones(len(angle))
    for (number, height), phase in zip(waves, phases, strict=True):
        radius += height * np.sin(number * angle + phase)
    return radius


def _corners(reach: int, rng: np.random.Generator) -> Floats:
    """Corner of every line and half step of the lattice, shape (lines, half steps, 2), in km."""
    lines, steps = 2 * reach + 2, 4 * reach + 4
    line, step = np.mgrid[0:lines, 0:steps]
    zigzag = np.where((line - reach + step) % 2 == 0, 1, -1) * HEIGHT / 6
    x = (step - 2 * reach - 1) * WIDTH / 2
    y = (line - reach - 0.5) * HEIGHT + zigzag
    corners: Floats = np.stack([x, y], axis=2)
    corners += rng.normal(0, JITTER_KM, corners.shape).clip(-1, 1)
    return corners


def islet(x: float, y: float, radius: float) -> shapely.Geometry:
    """A small round island (km)."""
    return shapely.Point(x, y).buffer(radius, quad_segs=2)


def centres(shapes: Shapes) -> Floats:
    """Centroid of every shape, shape (n, 2)."""
    points: Floats = shapely.get_coordinates(shapely.centroid(shapes))
    return points


def part(points: Floats, sizes: Sequence[int]) -> Ints:
    """Compact groups of neighbours: the group of every point, groups having the given sizes.

    The points are cut across their longer side, again and again, until one group is left.
    """
    if sum(sizes) != len(points):
        raise ValueError(f"{len(points)} points cannot make groups of {sum(sizes)}")
    groups = np.zeros(len(points), dtype=np.int64)
    _cut(points, np.arange(len(points)), list(sizes), 0, groups)
    return groups


def _cut(points: Floats, members: Ints, sizes: list[int], first: int, groups: Ints) -> None:
    if len(sizes) == 1:
        groups[members] = first
        return
    half = len(sizes) // 2
    extent = np.ptp(points[members], axis=0)
    order = members[np.argsort(points[members, int(extent[1] > extent[0])], kind="stable")]
    limit = sum(sizes[:half])
    _cut(points, order[:limit], sizes[:half], first, groups)
    _cut(points, order[limit:], sizes[half:], first + half, groups)


def shares(total: int, weights: Floats | Ints | Sequence[float]) -> list[int]:
    """``total`` in whole numbers proportional to ``weights`` (largest remainder)."""
    exact = total * np.asarray(weights, dtype=float) / np.sum(weights)
    whole = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return [int(n) for n in whole]


def even(total: int, count: int) -> list[int]:
    """``total`` in ``count`` whole numbers that differ by one at most."""
    return shares(total, np.ones(count))


def sunflower(shape: shapely.Geometry, count: int) -> Shapes:
    """A shape cut in ``count`` pieces that spiral out from its middle."""
    rank = np.arange(count)
    radius = 0.85 * np.sqrt(shape.area / np.pi) * np.sqrt((rank + 0.5) / count)
    angle = rank * np.pi * (3 - np.sqrt(5))
    seeds = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    seeds += shapely.get_coordinates(shape.centroid)
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=shape, ordered=True)
    pieces: Shapes = shapely.intersection(shapely.get_parts(cells), shape)
    return pieces
