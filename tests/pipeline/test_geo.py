"""The shapes of the territories of the sample: whole, valid, with one border between neighbours."""

import json
import sqlite3

import duckdb
import geopandas
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from pipelines import engine
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import functions, levels
from pipelines.release.geo import commune_contours, geo_table, polygons, simplified, write_geo
from pipelines.store import Store

PARTITIONS = ["commune", "epci", "departement", "region", "zone_emploi", "bassin_vie", "aav"]


@pytest.fixture(scope="module")
def store(release, workplace):
    """The tables of the sample."""
    return Store(workplace / "tables" / "sample")


@pytest.fixture(scope="module")
def files(store, tmp_path_factory):
    """The two files, in a folder of their own."""
    return write_geo(store, tmp_path_factory.mktemp("geo"))


@pytest.fixture(scope="module")
def shown(files):
    """The GeoParquet file, as geopandas reads it."""
    return geopandas.read_parquet(files[0])


def shapes_of(shown, level):
    return np.array(shown[shown["level"] == level].geometry)


def test_each_territory_that_has_a_contour_is_there_once(store, shown):
    with engine.connection(store) as con:
        engine.attach(
            con,
            store,
            frozenset({"commune_passage", "territory_members", "etalab_commune_contours"}),
        )
        with_contour = con.sql(
            "select distinct level::varchar, code from territory_members where commune_code in ("
            " select passage.commune_code from etalab_commune_contours as contour"
            " inner join commune_passage as passage"
            " on contour.commune_code = passage.source_code and passage.cog_year = 2022"
            " where contour.parent_code is null and (passage.passage in ('same', 'mapped')"
            " or passage.passage = 'split' and passage.commune_code = passage.source_code))"
        ).fetchall()
    rows = list(zip(shown["level"], shown["code"], strict=True))
    assert rows == sorted(set(rows))
    assert set(rows) == set(with_contour)
    # The user's perimeters too.
    assert {level for level, _ in rows} == set(levels())


def test_what_has_no_shape_is_counted(store, files, shown):
    members = pl.read_parquet(store.path("territory_members"), columns=["level", "code"]).unique()
    left_out = members.height - len(shown)
    notes = Store(files[0].parent).notes("territories_geo")
    counts = [part.split() for part in notes["without_shape"].split(", ") if part != "none"]
    assert sum(int(count) for _, count in counts) == left_out
    assert all(level == "commune" for level, _ in counts)


def test_shapes_are_valid_and_on_the_globe(shown):
    assert shown.crs.to_epsg() == 4326
    assert shown.is_valid.all() and not shown.is_empty.any()
    assert set(shown.geom_type) == {"MultiPolygon"}
    west, south, east, north = shown.total_bounds
    assert -63 < west < 5 < east < 56 and -22 < south < 46 < north < 52


@pytest.mark.parametrize("level", PARTITIONS)
def test_neighbours_share_their_border(shown, level):
    shapes = shapes_of(shown, level)
    # The same points on both sides: nothing between them, nothing twice.
    assert shapely.coverage_is_valid(shapes)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = one < other
    overlaps = shapely.area(shapely.intersection(shapes[one[pairs]], shapes[other[pairs]]))
    assert pairs.any() or level == "aav"
    assert overlaps.max(initial=0) < 1e-9


def test_the_epci_of_a_departement_are_the_departement(store, shown):
    """For those whose EPCI neither leave communes out nor cross a border."""
    members = pl.read_parquet(store.path("territory_members"))
    epci, of = (
        members.filter(level=level).select("commune_code", pl.col("code").alias(level))
        for level in ("epci", "departement")
    )
    both = of.join(epci, on="commune_code", how="left")
    straddling = both.group_by("epci").agg(pl.col("departement").n_unique() > 1)
    whole = (
        both.join(straddling.rename({"departement": "straddles"}), on="epci", how="left")
        .group_by("departement")
        .agg(pl.col("epci").unique(), ok=pl.col("epci").is_not_null() & ~pl.col("straddles"))
        .filter(pl.col("ok").list.all())
    )
    assert whole.height > 3
    shape = {(row.level, row.code): row.geometry for row in shown.itertuples(index=False)}
    for departement, codes, _ in whole.iter_rows():
        union = shapely.union_all([shape["epci", code] for code in codes])
        gap = shapely.symmetric_difference(union, shape["departement", departement])
        assert gap.area < 1e-9


def test_the_figures_are_those_of_the_profiles(store, shown):
    mains = [id_ for id_, one in indicators().items() if one.main]
    assert {indicators()[id_].function for id_ in mains} == set(functions())
    for level in ("epci", "region"):
        profile = pl.read_parquet(store.path(f"profiles_{level}")).to_pandas().set_index("code")
        ours = shown[shown["level"] == level].set_index("code")
        for column in ["population", "area_km2", *mains]:
            assert ours[column].equals(profile.loc[ours.index, column]), column
    assert shown[shown["level"] == "epci"][mains].notna().any().all()


def test_columns_are_described_in_the_file(files):
    schema = pq.read_schema(files[0])
    assert schema.names == geo_table().column_names
    for column in geo_table().columns:
        metadata = schema.field(column.name).metadata
        assert metadata[b"description"].decode() == column.description.en
        assert metadata[b"description_fr"].decode() == column.description.fr
        assert metadata.get(b"unit", b"").decode() == (column.unit or "")
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0" and geo["primary_column"] == "geometry"
    assert geo["columns"]["geometry"]["encoding"] == "WKB"


def test_duckdb_reads_it_as_a_table(files, shown):
    con = duckdb.connect()
    con.execute("set enable_geoparquet_conversion = false")
    rows = con.execute(
        "select level, count(*), sum(population) from read_parquet(?) group by level",
        [str(files[0])],
    ).fetchall()
    assert {level: count for level, count, _ in rows} == shown["level"].value_counts().to_dict()
    # As geometries, too, and without the spatial extension.
    con.execute("set enable_geoparquet_conversion = true")
    (kind,) = con.execute(
        "select distinct split_part(typeof(geometry), '(', 1) from read_parquet(?)",
        [str(files[0])],
    ).fetchall()
    assert kind == ("GEOMETRY",)


def test_qgis_finds_a_layer_per_level(files, shown):
    layers = dict(pyogrio.list_layers(files[1]).tolist())
    assert layers == dict.fromkeys(levels(), "MultiPolygon")
    for level in layers:
        ours = shown[shown["level"] == level].drop(columns="level").reset_index(drop=True)
        layer = geopandas.read_file(files[1], layer=level)
        assert layer.crs.to_epsg() == 4326
        assert list(layer["code"]) == list(ours["code"])
        assert layer.geometry.geom_equals_exact(ours.geometry, 0).all()
        assert layer["second_home_rate"].equals(ours["second_home_rate"])


def test_qgis_shows_french_names(files):
    with sqlite3.connect(files[1]) as con:
        names = dict(
            con.execute(
                "select column_name, name from gpkg_data_columns where table_name = 'epci'"
            ).fetchall()
        )
        dates = con.execute("select distinct last_change from gpkg_contents").fetchall()
    con.close()
    assert names["second_home_rate"] == "Résidences secondaires (%)"
    assert len(dates) == 1


def test_the_same_tables_give_the_same_bytes(store, files, tmp_path):
    for one, other in zip(files, write_geo(store, tmp_path), strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_contour_that_is_wrong_stops_nothing():
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    read = polygons(
        [
            shapely.to_wkb(shape)
            for shape in (
                shapely.box(0, 0, 1, 1),
                bow_tie,
                shapely.Polygon([(0, 0), (1, 1), (0, 0), (0, 0)]),
                shapely.Point(0, 0),
                shapely.box(700_000, 6_600_000, 700_100, 6_600_100),
                shapely.Polygon([(0, 0), (np.nan, 1), (1, 1)]),
                shapely.Polygon(),
            )
        ]
        + [b"no shape"]
    )
    assert shapely.is_missing(read).tolist() == [False, False] + [True] * 6
    assert shapely.is_valid(read[:2]).all() and shapely.area(read[1]) == pytest.approx(0.5)


def write_contours(tmp_path, contours, passages):
    """A store of nothing but contours, and what their codes have become."""
    store = Store(tmp_path / "tables")
    source = {"source_id": "etalab_commune_contours", "publisher": "p", "title_fr": "t"}
    source |= {"title_en": "t", "licence": "l", "grain": "commune", "status": "ok"}
    engine.write_records(tables()["sources"], store, [source | {"cog_year": 2022}])
    passage = {"cog_year": 2022, "weight": 1.0, "weight_basis": "whole", "n_successors": 1}
    engine.write_records(tables()["commune_passage"], store, [passage | row for row in passages])
    with engine.connection(store) as con:
        con.execute("create table contours (commune_code varchar, wkb blob)")
        for code, shape in contours.items():
            con.execute("insert into contours values ($1, $2)", [code, shapely.to_wkb(shape)])
        store.write(
            con,
            tables()["etalab_commune_contours"],
            "select commune_code, null as parent_code, wkb as geometry from contours",
        )
    return store


def test_merged_and_split_communes(tmp_path):
    """A merged commune has the contours of its parts; a split one's stays with its code."""
    box = shapely.box
    contours = {
        "01001": box(0, 0, 1, 1),
        # Overlaps the first: the smaller of the two keeps what both claim.
        "01002": box(0.9, 0, 1.5, 1),
        "01003": box(3, 0, 4, 1),
        "01004": box(9, 9, 9.5, 9.5),
    }
    store = write_contours(
        tmp_path,
        contours,
        [
            {"source_code": "01001", "commune_code": "01001", "passage": "same"},
            {"source_code": "01002", "commune_code": "01001", "passage": "mapped"},
            {"source_code": "01003", "commune_code": "01003", "passage": "split", "weight": 0.4},
            {"source_code": "01003", "commune_code": "01009", "passage": "split", "weight": 0.6},
            {"source_code": "01004", "commune_code": None, "passage": "unmapped"},
        ],
    )
    codes, found = commune_contours(store)
    assert codes.tolist() == ["01001", "01003"]
    assert simplified(found)[0].equals(box(0, 0, 1.5, 1))
    assert found[1].equals(box(3, 0, 4, 1))


def test_without_contours_there_is_a_table_without_rows(store, tmp_path):
    empty = write_contours(tmp_path, {}, [])
    names = ["territory_members", *(f"profiles_{level}" for level in levels())]
    for name in names:
        empty.path(name).write_bytes(store.path(name).read_bytes())
    (only,) = write_geo(empty, tmp_path)
    assert len(geopandas.read_parquet(only)) == 0
    assert pq.read_schema(only).names == geo_table().column_names
    assert "epci" in Store(tmp_path).notes("territories_geo")["without_shape"]
