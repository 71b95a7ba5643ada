"""The flat map of the pages: Lambert-93, and overseas beside the mainland."""

from functools import cache

import numpy as np
import numpy.typing as npt
import pyproj

from pipelines.site.settings import Inset, site_settings

Points = npt.NDArray[np.float64]
# Of a degree of latitude (IUGG's mean Earth radius).
_KM_PER_DEGREE = 6371.0088 * np.pi / 180


def flat(lon_lat: Points) -> Points:
    """Points (n, 2) in degrees as points on the map, in `grid_m` metres of Lambert-93.

    What lies overseas is brought where `site.yml` says, at its scale.
    """
    to_lambert = _to_lambert()
    placed = np.column_stack(to_lambert.transform(lon_lat[:, 0], lon_lat[:, 1])) / 1000
    for inset in site_settings().overseas.values():
        west, south, east, north = inset.box
        inside = (lon_lat >= (west, south)).all(axis=1) & (lon_lat <= (east, north)).all(axis=1)
        placed[inside] = _brought(lon_lat[inside], inset)
    return placed * (1000 / site_settings().grid_m)


@cache
def _to_lambert() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True)


def _brought(lon_lat: Points, inset: Inset) -> Points:
    west, south, east, north = inset.box
    middle = np.array([(west + east) / 2, (south + north) / 2])
    # So small a part of the globe is flat.
    km = (lon_lat - middle) * _KM_PER_DEGREE * (np.cos(np.radians(middle[1])), 1)
    brought: Points = km * inset.scale + inset.at
    return brought
