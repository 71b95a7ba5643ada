"""Tables of the observations stage that need more than SQL: passage of codes, shapes."""

from typing import Any

import duckdb

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import parameter_values
from pipelines.errors import MetabolismeError
from pipelines.observations import cog
from pipelines.store import Store

EQUAL_AREA = "EPSG:6933"
PASSAGE_READS = frozenset(
    {
        "insee_cog_communes",
        "insee_cog_movements",
        "insee_populations",
        "insee_populations_mayotte",
        "sources",
    }
)
SHAPES_READS = frozenset({"etalab_commune_contours"})
LOCATED_READS = frozenset({"points", "etalab_commune_contours"})
CYCLEWAYS_READS = frozenset({"bnac_cycling"})


def write_commune_passage(store: Store, reference_year: int) -> int:
    """Make `commune_passage`: for each COG year that a source uses, and the reference year.

    Raises:
        MetabolismeError: the list of communes is not that of the reference year.
    """
    with engine.connection(store) as con:
        engine.attach(con, store, PASSAGE_READS)
        years = _source_years(con, reference_year)
        history = cog.History(
            cog.Movement(on, before, after)
            for on, before, after in con.sql(
                "select effective_date, code_before, code_after from insee_cog_movements"
                " where type_before = 'COM' and type_after = 'COM' and event_type != $renamed",
                params={"renamed": cog.RENAMED},
            ).fetchall()
        )
        communes = _column(
            con, "select commune_code from insee_cog_communes where commune_type = 'COM'"
        )
        districts = dict(
            con.sql(
                "select commune_code, parent_code from insee_cog_communes"
                " where commune_type = 'ARM'"
            ).fetchall()
        )
        populations = dict(
            con.sql(
                "select commune_code, population::double from insee_populations union all"
                " select '97' || commune_number, population::double from insee_populations_mayotte"
            ).fetchall()
        )
        rows = [
            (year, code, to.code, to.weight, to.basis, to.passage, to.count)
            for year in sorted(years)
            for code, successors in cog.passage(
                history, communes, reference_year, year, districts, populations
            ).items()
            for to in successors
        ]
        return _write_rows(con, store, "commune_passage", rows)


def write_commune_shapes(store: Store) -> int:
    """Make `commune_shapes`: centroid (WGS 84 degrees) and area (km²) of each commune's contour.

    Areas are measured on the ellipsoid, in an equal-area projection (EASE-Grid 2.0). Contours
    of arrondissements are left out: they lie inside their commune.
    """
    import shapely
    from pyproj import Transformer

    with engine.connection(store) as con:
        engine.attach(con, store, SHAPES_READS)
        codes, shapes = _contours(con)
        projection = Transformer.from_crs("EPSG:4326", EQUAL_AREA, always_xy=True)
        flat = shapely.transform(shapes, projection.transform, interleaved=False)
        centres = shapely.centroid(shapes)
        rows = [
            (code, lon, lat, area)
            for code, lon, lat, area in zip(
                codes,
                shapely.get_x(centres).tolist(),
                shapely.get_y(centres).tolist(),
                (shapely.area(flat) / 1e6).tolist(),
                strict=True,
            )
        ]
        return _write_rows(con, store, "commune_shapes", rows)


def write_departement_neighbours(store: Store) -> int:
    """Make `departement_neighbours`: pairs of départements of which two communes touch."""
    import shapely

    with engine.connection(store) as con:
        engine.attach(con, store, SHAPES_READS)
        codes, contours = _contours(con)
        tree = shapely.STRtree(contours)
        touching = zip(*tree.query(contours, predicate="intersects").tolist(), strict=True)
        of = [code[:3] if code.startswith("97") else code[:2] for code in codes]
        pairs = sorted({(of[a], of[b]) for a, b in touching if of[a] != of[b]})
        return _write_rows(con, store, "departement_neighbours", pairs)


def write_located_points(store: Store) -> int:
    """Make `located_points`: the commune in whose contour a point without a valid code lies."""
    import numpy as np
    import shapely

    with engine.connection(store) as con:
        engine.attach(con, store, LOCATED_READS)
        points = con.sql(
            "select source_id, point_number, lon, lat from points"
            " where source_code is null and lon is not null and lat is not null"
        ).fetchnumpy()
        codes, contours = _contours(con)
        tree = shapely.STRtree(contours)
        at, inside = tree.query(shapely.points(points["lon"], points["lat"]), predicate="within")
        # On a border shared by two contours: the first of them.
        at, first_of = np.unique(at, return_index=True)
        rows = [
            (str(points["source_id"][i]), int(points["point_number"][i]), codes[contour])
            for i, contour in zip(at.tolist(), inside[first_of].tolist(), strict=True)
        ]
        return _write_rows(con, store, "located_points", rows)


def write_cycleway_lengths(store: Store) -> int:
    """Make `cycleway_lengths`: the length (km, great circle) of each section of cycleway."""
    import numpy as np
    import shapely

    radius = parameter_values()["earth_radius_km"]
    with engine.connection(store) as con:
        engine.attach(con, store, CYCLEWAYS_READS)
        sections = con.sql(
            "select right_commune_code, right_facility, left_commune_code, left_facility, geometry"
            " from bnac_cycling where geometry is not null"
        ).fetchall()
        lines = shapely.from_wkb(np.array([row[-1] for row in sections], dtype=object))
        degrees, line = shapely.get_coordinates(lines, return_index=True)
        lon, lat = np.radians(degrees).T
        haversine = (
            np.sin(np.diff(lat) / 2) ** 2
            + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
        )
        steps = 2 * radius * np.arcsin(np.sqrt(haversine.clip(0, 1)))
        # From the end of a line to the beginning of the next is no step.
        steps[line[1:] != line[:-1]] = 0.0
        lengths = np.bincount(line[1:], weights=steps, minlength=len(sections))
        rows = [
            (number, *row[:-1], round(length, 6))
            for number, (row, length) in enumerate(zip(sections, lengths.tolist(), strict=True))
        ]
        return _write_rows(con, store, "cycleway_lengths", rows)


def _contours(con: duckdb.DuckDBPyConnection) -> tuple[list[str], Any]:
    """Codes of the communes and their contours (WGS 84), without arrondissements."""
    import numpy as np
    import shapely

    rows = con.sql(
        "select commune_code, geometry from etalab_commune_contours"
        " where parent_code is null and geometry is not null"
    ).fetchall()
    return [code for code, _ in rows], shapely.from_wkb(
        np.array([wkb for _, wkb in rows], dtype=object)
    )


def _source_years(con: duckdb.DuckDBPyConnection, reference_year: int) -> set[int]:
    stated = dict(
        con.sql("select source_id, cog_year from sources where cog_year is not null").fetchall()
    )
    if stated["insee_cog_communes"] != reference_year:
        raise MetabolismeError(
            "the list of communes is not that of the reference year",
            where="insee_cog_communes",
            expected=str(reference_year),
            found=str(stated["insee_cog_communes"]),
            todo="choose a --cog-year whose list can be had",
        )
    return {reference_year, *stated.values()}


def _column(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in con.sql(query).fetchall()]


def _write_rows(
    con: duckdb.DuckDBPyConnection, store: Store, name: str, rows: list[tuple[Any, ...]]
) -> int:
    import pyarrow as pa

    from pipelines.store import arrow_schema

    table = tables()[name]
    schema = arrow_schema(table)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    frame = pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
    con.register("frame", frame)
    return store.write(con, table, "select * from frame")
