"""The shapes of the territories beside their main figures: GeoParquet, and layers for QGIS."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from pipelines import engine
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.loading import Text
from pipelines.catalogue.tables import ColumnSpec, Table, column_specs, tables
from pipelines.catalogue.units import units
from pipelines.catalogue.words import levels
from pipelines.errors import MetabolismeError, first
from pipelines.store import Store, arrow_schema

Shapes = npt.NDArray[np.object_]

CRS = "EPSG:4326"
# Degrees: the square root of the smallest triangle a border keeps. Contours generalised at 1,000 m
# are as coarse already; finer ones come to the same.
TOLERANCE = 0.005
# A GeoPackage dates its layers; ours are dated by the release, and the same each time.
_NO_DATE = "2000-01-01T00:00:00.000Z"
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_READS = frozenset({"etalab_commune_contours", "commune_passage", "sources"})


@cache
def geo_table() -> Table:
    """`territories_geo`: territories that have a shape, those figures that are `main`, the shape.

    It has no recipe: it is made of the tables when they are published.
    """
    specs = column_specs()
    key = [specs["level"], specs["code"]]
    profile = tables()["profiles_commune"].columns
    main = [column for column in profile[1:] if column.name in specs or _is_main(column.name)]
    shape = ColumnSpec(
        name="geometry",
        type="binary",
        description=Text(
            fr="Forme simplifiée (WKB, WGS 84), pour une carte ; les voisins ont la même frontière",
            en="Simplified shape (WKB, WGS 84), to map; neighbours have the same border",
        ),
    )
    return Table(
        name="territories_geo",
        stage="release",
        published=True,
        title=Text(
            fr="Formes des territoires, avec leurs principaux indicateurs",
            en="Shapes of the territories, with their main indicators",
        ),
        key=["level", "code"],
        order=["level", "code"],
        columns=[*key, *main, shape],
    )


def write_geo(store: Store, folder: Path) -> list[Path]:
    """Write `territories_geo.parquet` and, if a territory has a shape, `territories.gpkg`.

    The same tables give the same bytes. A territory of which no commune has a contour is left
    out; the notes of the Parquet file (`Store.notes`) say how many, and which communes.

    Returns:
        The files written.

    Raises:
        MetabolismeError: the GeoPackage cannot be written.
    """
    communes, contours = commune_contours(store)
    shapes = simplified(contours)
    has_shape = ~shapely.is_empty(shapes)
    rows, drawn = territory_shapes(store, communes[has_shape], shapes[has_shape])
    table = _with_figures(store, rows)
    files = [folder / "territories_geo.parquet"]
    _write_geoparquet(table, drawn, files[0], _notes(store, rows))
    if table.num_rows:
        files.append(folder / "territories.gpkg")
        _write_geopackage(pq.read_table(files[0]), files[1])
    return files


def commune_contours(store: Store) -> tuple[npt.NDArray[np.str_], Shapes]:
    """Codes of communes of the reference year, and their contours (WGS 84), in order of codes.

    A contour goes to the commune that its code has become, so that a merged commune has several
    contours, here put together. That of a commune split since goes to the one that keeps the code
    (else to the most populated): the others have none. What is no polygon is left out.
    """
    with engine.connection(store) as con:
        engine.attach(con, store, _READS)
        rows = con.sql(
            "select any_value(contour.geometry), arg_max(passage.commune_code, ("
            " passage.commune_code = passage.source_code, passage.weight, passage.commune_code))"
            " from etalab_commune_contours as contour"
            " inner join commune_passage as passage"
            " on contour.commune_code = passage.source_code"
            " inner join sources on sources.source_id = 'etalab_commune_contours'"
            " and passage.cog_year = sources.cog_year"
            " where contour.parent_code is null and contour.geometry is not null"
            " and passage.passage != 'folded' and passage.commune_code is not null"
            " group by contour.commune_code order by contour.commune_code"
        ).fetchall()
    shapes = polygons([wkb for wkb, _ in rows])
    found = ~shapely.is_missing(shapes)
    if not found.any():
        return np.empty(0, dtype="U5"), shapes[found]
    # Before parts are put together: an overlap between two would make an invalid whole.
    clean = shapely.coverage_clean(shapes[found], merge_strategy="min_area")
    codes, part_of = np.unique([code for _, code in rows], return_inverse=True)
    return codes, _unions(clean, part_of[found], len(codes))


def polygons(wkbs: list[bytes]) -> Shapes:
    """Shapes made valid; none for what cannot be read, has no surface or is not on the globe."""
    with np.errstate(invalid="ignore"):
        shapes: Shapes = shapely.from_wkb(np.array(wkbs, dtype=object), on_invalid="ignore")
    on_globe = (np.abs(shapely.bounds(shapes)) <= (180, 90, 180, 90)).all(axis=1)
    shapes[~on_globe] = None
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    surface = np.isin(shapely.get_type_id(shapes), _POLYGONS) & (shapely.area(shapes) > 0)
    shapes[~surface] = None
    return shapes


def simplified(shapes: Shapes) -> Shapes:
    """Shapes that do not overlap, simplified so that neighbours keep one border."""
    return shapely.coverage_simplify(shapes, TOLERANCE) if len(shapes) else shapes


def territory_shapes(
    store: Store, communes: npt.NDArray[np.str_], shapes: Shapes
) -> tuple[pl.DataFrame, Shapes]:
    """The territories that have a shape (`level, code`, in order), and their shapes.

    A territory is the union of its communes: along a border, neighbours of any level have the
    same points.
    """
    known = pl.DataFrame({"commune_code": communes, "commune": np.arange(len(communes))})
    members = (
        pl.read_parquet(store.path("territory_members"))
        .join(known, on="commune_code")
        .sort("level", "code", "commune")
        .with_columns(territory=pl.struct("level", "code").rle_id())
    )
    territories = members.select("level", "code").unique(maintain_order=True)
    members_of = members["territory"].to_numpy()
    return territories, _unions(
        shapes[members["commune"].to_numpy()], members_of, territories.height
    )


def _unions(shapes: Shapes, group: npt.NDArray[np.integer[Any]], groups: int) -> Shapes:
    """The union of the shapes of each group, as one multipolygon; they do not overlap."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(groups + 1))
    unions = np.full(groups, None, dtype=object)
    for number, (start, end) in enumerate(pairwise(bounds)):
        parts = shapes[order[start:end]]
        unions[number] = parts[0] if len(parts) == 1 else shapely.coverage_union_all(parts)
    # One type of geometry a layer.
    parts, part_of = shapely.get_parts(unions, return_index=True)
    whole = np.full(groups, shapely.MultiPolygon(), dtype=object)
    shapely.multipolygons(parts, indices=part_of, out=whole)
    return whole


def _is_main(column: str) -> bool:
    return column in indicators() and indicators()[column].main


def _with_figures(store: Store, territories: pl.DataFrame) -> pa.Table:
    """Name, population, area and main figures of territories, in their order."""
    names = [name for name in geo_table().column_names if name not in ("level", "geometry")]
    profiles = [
        pl.read_parquet(store.path(f"profiles_{level}"), columns=names).with_columns(
            level=pl.lit(level)
        )
        for level in levels()
    ]
    figures = territories.join(
        pl.concat(profiles), on=["level", "code"], how="left", maintain_order="left"
    )
    return figures.select("level", *names).to_arrow()


def _notes(store: Store, shown: pl.DataFrame) -> dict[str, str]:
    """What is left out: territories without a shape, by level, and which communes."""
    members = pl.read_parquet(store.path("territory_members"), columns=["level", "code"]).unique()
    missing = members.join(shown, on=["level", "code"], how="anti").sort("level", "code")
    counts = dict(missing.group_by("level").len().sort("level").iter_rows())
    communes = missing.filter(pl.col("level") == "commune")["code"].to_list()
    return {
        "without_shape": ", ".join(f"{level} {count}" for level, count in counts.items()) or "none",
        "communes_without_shape": first(communes, 50) or "none",
    }


def _write_geoparquet(rows: pa.Table, shapes: Shapes, path: Path, notes: dict[str, str]) -> None:
    """Write GeoParquet 1.1, with the descriptions and units of columns, as our other tables."""
    import geopandas

    table, plain = geo_table(), io.BytesIO()
    frame = geopandas.GeoDataFrame(rows.to_pandas(), geometry=shapes, crs=CRS)
    frame.to_parquet(plain, index=False, schema_version="1.1.0", geometry_encoding="WKB")
    written = pq.read_table(plain)
    schema = arrow_schema(table).with_metadata(
        {
            "geo": written.schema.metadata[b"geo"],
            "title": table.title.en,
            "metabolisme": json.dumps(notes, ensure_ascii=False, sort_keys=True),
        }
    )
    pq.write_table(written.cast(schema), path, compression="zstd")


def _write_geopackage(table: pa.Table, path: Path) -> None:
    """Write a layer per level, with the French names of columns, to the GeoPackage `path`."""
    import pyogrio

    table = table.cast(_gdal_schema(table.schema))
    path.unlink(missing_ok=True)
    level_of = table.column("level").to_pylist()
    with _undated():
        for level, about in levels().items():
            layer = table.filter(pa.array([of == level for of in level_of])).drop_columns("level")
            if not layer.num_rows:
                continue
            try:
                pyogrio.write_arrow(
                    layer,
                    path,
                    layer=level,
                    driver="GPKG",
                    geometry_type="MultiPolygon",
                    geometry_name="geometry",
                    crs=CRS,
                    layer_options={"IDENTIFIER": about.fr, "DESCRIPTION": about.en},
                )
            except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
                raise MetabolismeError(
                    "the layers of territories cannot be written",
                    where=f"{path}, layer {level}",
                    found=str(error),
                    todo="look at the room left on the disk, and at the rights of the folder",
                ) from error


def _gdal_schema(schema: pa.Schema) -> pa.Schema:
    """The same columns, with what QGIS shows of them: a French name and description."""
    fields = []
    for field, column in zip(schema, geo_table().columns, strict=True):
        about = {"GDAL:OGR:comment": f"{column.description.fr} / {column.description.en}"}
        if _is_main(column.name):
            assert column.unit is not None
            label = indicators()[column.name].fr.label
            about["GDAL:OGR:alternative_name"] = f"{label} ({units()[column.unit].fr})"
        if column.type == "binary":
            about = {"ARROW:extension:name": "geoarrow.wkb"}
        fields.append(field.with_metadata(about))
    return pa.schema(fields)


@contextmanager
def _undated() -> Iterator[None]:
    """What GDAL writes meanwhile bears one fixed date."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _NO_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
