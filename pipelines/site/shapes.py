"""The shapes of territories for maps on a page: flat and light."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely

from pipelines.site.content import Content
from pipelines.site.projection import flat
from pipelines.site.settings import site_settings

Shapes = npt.NDArray[np.object_]


def drawn(content: Content, level: str) -> Iterator[tuple[str, Shapes, list[str]]]:
    """The shapes of a level, by file: its name, the shapes on the map, and their codes.

    Communes are drawn one département at a time, the other levels all at once; neighbours keep
    the same border.
    """
    rows = content.rows(
        "select code, geometry, coalesce(departement_code, '') as departement from territories_geo"
        " where level = $level and geometry is not null order by code",
        {"level": level},
    )
    by_file: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        name = f"{level}/{row['departement']}" if level == "commune" else level
        by_file.setdefault(name, []).append(i)
    if not rows:
        return
    shapes = shapely.transform(
        shapely.from_wkb(np.array([row["geometry"] for row in rows], dtype=object)), flat
    )
    tolerance = site_settings().tolerance_m[level] / site_settings().grid_m
    for name, kept in by_file.items():
        simple = shapely.coverage_simplify(shapes[kept], tolerance)
        yield name, simple, [rows[i]["code"] for i in kept]


def geojson(shape: shapely.Geometry) -> str:
    """A shape as GeoJSON, with whole coordinates."""
    return str(shapely.to_geojson(shapely.transform(shape, np.rint))).replace(".0", "")
