"""A release as one DuckDB file: opened as an analyst, a dashboard or a notebook does."""

import re
import shutil
import warnings

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from pipelines import paths
from pipelines.catalogue.tables import tables
from pipelines.errors import MetabolismeError
from pipelines.release.database import write_database
from pipelines.release.geo import geo_table, write_geo
from pipelines.store import Store

DESCRIBED = {name: table for name, table in tables().items() if table.published}
DESCRIBED |= {"territories_geo": geo_table()}
README = paths.SQL.parent / "README.md"


@pytest.fixture(scope="module")
def folder(release, workplace, tmp_path_factory):
    """The Parquet files of a release, shapes among them."""
    folder = tmp_path_factory.mktemp("database")
    for file in release.glob("*.parquet"):
        shutil.copyfile(file, folder / file.name)
    write_geo(Store(workplace / "tables" / "sample"), folder)
    return folder


@pytest.fixture(scope="module")
def database(folder):
    """The database, opened for reading only, from another folder than the one it was made in."""
    made = write_database(folder)
    moved = folder / "elsewhere" / made.name
    moved.parent.mkdir()
    shutil.copyfile(made, moved)
    with duckdb.connect(str(moved), read_only=True) as con:
        yield con


def test_every_table_is_there_with_its_rows(database, folder):
    found = dict(database.sql("select table_name, comment from duckdb_tables()").fetchall())
    assert set(found) == set(DESCRIBED)
    for name, table in DESCRIBED.items():
        ((rows,),) = database.sql(f'select count(*) from "{name}"').fetchall()
        assert rows == pq.read_metadata(folder / f"{name}.parquet").num_rows, name
        assert table.title.fr in found[name] and table.title.en in found[name]
        assert ", ".join(table.key) in found[name]


def test_every_column_says_what_it_is(database):
    comments = {
        (table, column): comment
        for table, column, comment in database.sql(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    }
    assert set(comments) == {(t.name, c.name) for t in DESCRIBED.values() for c in t.columns}
    assert all(" / " in comment for comment in comments.values())
    assert comments["territories", "area_km2"] == "Superficie (km²) / Area (km²)"


def test_the_values_are_those_of_the_files(database, folder):
    for name in ("dependencies", "indicators", "profiles_epci", "sources"):
        file = str(folder / f"{name}.parquet")
        for query in (
            f"from {name} except all from read_parquet($file)",
            f"from read_parquet($file) except all from {name}",
        ):
            assert database.execute(query, {"file": file}).fetchall() == [], name


def test_the_queries_of_the_readme_run(database):
    queries = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert queries
    for query in queries:
        on_tables = re.sub(r"'outputs/latest/(\w+)\.parquet'", r"\1", query)
        assert on_tables != query
        assert database.execute(on_tables).fetchall()


def test_shapes_are_bytes_that_any_tool_reads(database):
    import shapely

    ((wkb,),) = database.sql(
        "select geometry from territories_geo where level = 'epci' order by code limit 1"
    ).fetchall()
    assert shapely.from_wkb(wkb).is_valid


def test_it_is_for_reading_only(database):
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        database.execute("create table other (a integer)")


def test_dashboards_see_tables_and_columns(folder, database, tmp_path):
    """Through SQLAlchemy, as Superset; the columns as JDBC asks for them, as Metabase.

    duckdb-engine 0.17 finds columns itself with SQLAlchemy 2.0 and 1.4, not with 2.1.
    """
    # Another copy: one process opens a file in one way only.
    file = shutil.copyfile(folder / "metabolisme.duckdb", tmp_path / "metabolisme.duckdb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = sqlalchemy.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
        inspector = sqlalchemy.inspect(engine)
        assert set(inspector.get_table_names()) == set(DESCRIBED)
        comment = inspector.get_table_comment("territories")["text"]
        assert DESCRIBED["territories"].title.fr in comment
    with engine.connect() as connection:
        found = connection.execute(
            sqlalchemy.text(
                "select column_name, data_type from information_schema.columns"
                " where table_name = :name order by ordinal_position"
            ),
            {"name": "indicators"},
        ).all()
        assert [name for name, _ in found] == DESCRIBED["indicators"].column_names
        assert dict(found)["value"] == "DOUBLE" and dict(found)["level"] == "VARCHAR"
    engine.dispose()


def test_the_same_files_give_the_same_bytes(folder, tmp_path):
    for file in folder.glob("*.parquet"):
        shutil.copyfile(file, tmp_path / file.name)
    again = write_database(tmp_path)
    assert again.read_bytes() == (folder / again.name).read_bytes()
    # Nothing else is left.
    assert {path.suffix for path in tmp_path.iterdir()} == {".parquet", ".duckdb"}


def test_a_file_of_no_known_table_is_refused(tmp_path, folder):
    shutil.copyfile(folder / "sources.parquet", tmp_path / "guests.parquet")
    with pytest.raises(MetabolismeError, match=r"guests\.parquet"):
        write_database(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["guests.parquet"]


def test_a_crash_leaves_nothing_half_made(tmp_path, folder):
    (tmp_path / "sources.parquet").write_bytes((folder / "sources.parquet").read_bytes()[:500])
    with pytest.raises(duckdb.Error):
        write_database(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sources.parquet"]
