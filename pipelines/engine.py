"""Run the queries of `sql/`: one file is one table, and the tables it reads are those upstream."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from pipelines import paths
from pipelines.catalogue.tables import Table, tables
from pipelines.catalogue.words import parameter_values
from pipelines.errors import CatalogueError, UsageError
from pipelines.store import SPILL, Store

# What does not fit spills to the disk; a query that goes wrong must not fill it.
MEMORY_LIMIT = os.environ.get("METABOLISME_MEMORY", "2GB")
SPILL_LIMIT = "20GB"


def query_path(table: Table) -> Path:
    """Where the query of a table stands."""
    return paths.SQL / table.stage / f"{table.name}.sql"


@cache
def tables_read(path: Path) -> frozenset[str]:
    """The tables that a query reads (its own `with` tables left out).

    Raises:
        CatalogueError: the query does not parse, or reads a table the catalogue does not know.
    """
    tree = _parsed(path)
    own = {with_table.alias_or_name for with_table in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table) if table.name} - own
    if unknown := sorted(read - set(tables())):
        raise CatalogueError(
            "a query reads a table that is not in the catalogue",
            where=str(path),
            found=", ".join(unknown),
            todo="mend the name, or describe the table in pipelines/catalogue/tables.yml",
        )
    return frozenset(read)


@cache
def parameters_read(path: Path) -> frozenset[str]:
    """The `$name` parameters that a query reads."""
    return frozenset(parameter.name for parameter in _parsed(path).find_all(exp.Placeholder))


@cache
def _parsed(path: Path) -> exp.Expr:
    try:
        return sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb")
    except sqlglot.ParseError as error:
        raise CatalogueError(
            "a query does not parse", where=str(path), found=str(error), todo="mend the query"
        ) from error


@contextmanager
def connection(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory with our macros; what does not fit in memory spills under the store."""
    with _database(store.folder).cursor() as con:
        # A name in a query is a table, never a variable of Python.
        con.execute("set python_enable_replacements = false")
        yield con


@lru_cache(maxsize=1)
def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    """One database for all connections to a store: to set one up takes longer than most queries.

    It holds nothing but macros: each connection attaches its tables for itself.
    """
    con = duckdb.connect()
    # Tables are sorted where it matters; to keep the order of the others takes much memory.
    con.execute("set preserve_insertion_order = false")
    # A table is read soon after it was made, when the system still has it in memory.
    con.execute("set enable_external_file_cache = false")
    limit_memory(con, folder / SPILL)
    con.execute((paths.SQL / "macros.sql").read_text(encoding="utf-8"))
    return con


def limit_memory(con: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Bound the memory of a connection; what does not fit goes to the folder `spill`.

    Raises:
        UsageError: the limit asked for is no amount of memory.
    """
    try:
        con.execute("set memory_limit = $most", {"most": MEMORY_LIMIT})
    except duckdb.Error as error:
        raise UsageError(
            "this is not an amount of memory",
            where="METABOLISME_MEMORY",
            expected="for instance 2GB",
            found=MEMORY_LIMIT,
        ) from error
    con.execute("set temp_directory = $folder", {"folder": str(spill)})
    con.execute("set max_temp_directory_size = $most", {"most": SPILL_LIMIT})


def attach(con: duckdb.DuckDBPyConnection, store: Store, names: frozenset[str]) -> None:
    """Make tables of the store readable by their names.

    A column of a few values is read as an enumeration: it is joined, grouped and sorted as a
    number.
    """
    for name in sorted(names):
        columns = [
            f'"{c.name}"::{c.duckdb_type} as "{c.name}"' if c.values else f'"{c.name}"'
            for c in tables()[name].columns
        ]
        file = str(store.path(name)).replace("'", "''")
        con.execute(
            f"create or replace temp view {name} as"
            f" select {', '.join(columns)} from read_parquet('{file}')"
        )


def run_query(table: Table, store: Store, parameters: dict[str, Any] | None = None) -> int:
    """Make a table from its query, and say how many rows it has."""
    path = query_path(table)
    values = parameter_values() | (parameters or {})
    with connection(store) as con:
        attach(con, store, tables_read(path))
        return store.write(
            con,
            table,
            path.read_text(encoding="utf-8"),
            {name: values[name] for name in parameters_read(path)},
        )


def write_frame(table: Table, store: Store, frame: pl.DataFrame) -> int:
    """Make a table from a frame, and say how many rows it has."""
    with connection(store) as con:
        con.register("frame", frame.select(table.column_names))
        return store.write(con, table, "select * from frame")


def write_records(table: Table, store: Store, records: list[dict[str, Any]]) -> int:
    """Make a table from a few records (catalogues, statuses, checks)."""
    if not records:
        return store.write_empty(table)
    types = {c.name: _JSON_TYPES.get(c.type, "VARCHAR") for c in table.columns}
    with connection(store) as con:
        query = "select unnest(from_json($records::json, $types), recursive := true)"
        rows = [{name: record.get(name) for name in table.column_names} for record in records]
        return store.write(
            con, table, query, {"records": json.dumps(rows), "types": json.dumps([types])}
        )


_JSON_TYPES = {"number": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN"}
