"""A release as one DuckDB file: the same tables, described, for SQL and dashboards."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines import engine
from pipelines.catalogue.tables import ColumnSpec, Table, tables
from pipelines.catalogue.units import units
from pipelines.disk import disk_errors
from pipelines.errors import MetabolismeError
from pipelines.release.geo import geo_table

NAME = "metabolisme.duckdb"
# Any DuckDB since 1.3 opens it. Later layouts also hold a number drawn by chance.
_LAYOUT = "v1.3.0"


def write_database(folder: Path) -> Path:
    """Write `metabolisme.duckdb`: a table for each Parquet file of a release, with comments.

    Tables, and not views on the Parquet files: a view keeps the path it was made with, and breaks
    when the release is moved, or opened from another folder. The price, on a national release:
    1.7 GB beside 0.9 GB of Parquet, and 105 s of one core. There are no primary keys, which would
    make it five times larger: the comment of a table names its key. Shapes are WKB.

    The same Parquet files give the same bytes: one thread writes, in the order of the files.

    Raises:
        MetabolismeError: a Parquet file is not a table of the catalogue, or the disk fails.
    """
    target = folder / NAME
    described = tables() | {geo_table().name: geo_table()}
    files = sorted(folder.glob("*.parquet"))
    if strays := [file.name for file in files if file.stem not in described]:
        raise MetabolismeError(
            "a Parquet file of the release is not a table of the catalogue",
            where=str(folder),
            found=", ".join(strays),
            todo="describe it in pipelines/catalogue/tables.yml, or take it away",
        )
    # Whole, or not there: what is half made, and its journal, stay in a folder that goes away.
    with disk_errors(target), TemporaryDirectory(dir=folder, prefix=".database-") as apart:
        made = Path(apart) / NAME
        with duckdb.connect() as con:
            engine.limit_memory(con, Path(apart))
            con.execute("set threads = 1")
            # GEOMETRY is a type that older clients do not know; bytes, they do.
            con.execute("set enable_geoparquet_conversion = false")
            con.execute(f"attach '{_quoted(made)}' as release (storage_version '{_LAYOUT}')")
            con.execute("use release")
            for file in files:
                _add(con, described[file.stem], file)
            con.execute("use memory")
            con.execute("detach release")
        made.replace(target)
    return target


def _add(con: duckdb.DuckDBPyConnection, table: Table, file: Path) -> None:
    """Copy one file as a table, and say what it and its columns are."""
    con.execute(f"create table \"{table.name}\" as from read_parquet('{_quoted(file)}')")
    con.execute(f"comment on table \"{table.name}\" is '{_quoted(_about_table(table))}'")
    for column in table.columns:
        about = _quoted(_about_column(column))
        con.execute(f'comment on column "{table.name}"."{column.name}" is \'{about}\'')


def _about_table(table: Table) -> str:
    return f"{table.title.fr} / {table.title.en} (clé / key: {', '.join(table.key)})"


def _about_column(column: ColumnSpec) -> str:
    fr = column.description.fr.removesuffix(".")
    en = column.description.en.removesuffix(".")
    if column.unit and column.unit != "unit_of_row":
        unit = units()[column.unit]
        fr, en = f"{fr} ({unit.fr})", f"{en} ({unit.en})"
    return f"{fr} / {en}"


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")
