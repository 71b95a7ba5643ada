"""Tables as Parquet files in a folder: the contract between assets, written one way only."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.catalogue.tables import ColumnSpec, Table
from pipelines.disk import replacing
from pipelines.errors import MetabolismeError

# Where DuckDB puts, in a folder of tables, what does not fit in memory.
SPILL = ".spill"
ROW_GROUP = 122_880
_ARROW_TYPES = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "binary": pa.binary(),
}


def half_made(folder: Path) -> list[Path]:
    """What runs that were killed have left in a folder of tables, or the one under way."""
    return [*folder.glob(SPILL), *folder.glob(".*.part")]


@dataclass(frozen=True)
class Store:
    """A folder of tables, one Parquet file each."""

    folder: Path

    def path(self, table: str) -> Path:
        """Where a table stands (or will)."""
        return self.folder / f"{table}.parquet"

    def write(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        query: str,
        parameters: dict[str, Any] | None = None,
        notes: dict[str, str] | None = None,
    ) -> int:
        """Write the rows of `query` as `table`, with its schema, and say how many.

        The file takes its place only once it is whole. `notes` are kept beside the schema.

        Raises:
            MetabolismeError: the query's columns are not those of the catalogue, or the disk
                fails.
        """
        _check_columns(connection, table, query, parameters)
        columns = ", ".join(f'"{c.name}"::{c.duckdb_type} as "{c.name}"' for c in table.columns)
        sort, compression = "", "snappy"
        if table.published:
            # The same rows give the same bytes; what stays here is only read again, and soon.
            sort = "order by " + ", ".join(f'"{name}"' for name in table.order)
            compression = "zstd"
        with replacing(self.path(table.name), lasting=False) as part:
            connection.execute(
                f"copy (select {columns} from ({query}) {sort}) to '{_quoted(part)}'"
                f" (format parquet, compression {compression}, row_group_size {ROW_GROUP},"
                f" kv_metadata {{{_footer(table, notes or {})}}})",
                parameters or {},
            )
        return self.rows(table.name)

    def write_empty(self, table: Table, notes: dict[str, str] | None = None) -> int:
        """Write `table` without any row."""
        nothing = ", ".join(f'null::{c.duckdb_type} as "{c.name}"' for c in table.columns)
        with duckdb.connect() as connection:
            return self.write(connection, table, f"select {nothing} where false", notes=notes)

    def rows(self, table: str) -> int:
        """Number of rows of a table."""
        return int(pq.read_metadata(self.path(table)).num_rows)

    def notes(self, table: str) -> dict[str, str]:
        """What was noted beside a table when it was written."""
        metadata = pq.read_metadata(self.path(table)).metadata or {}
        return dict(json.loads(metadata.get(b"metabolisme", b"{}")))


def arrow_schema(table: Table) -> pa.Schema:
    """The table's Arrow schema: types, and each column's description and unit as metadata."""
    return pa.schema([_arrow_field(column) for column in table.columns])


def _arrow_field(column: ColumnSpec) -> pa.Field:
    metadata = {"description": column.description.en, "description_fr": column.description.fr}
    if column.unit:
        metadata["unit"] = column.unit
    return pa.field(column.name, _ARROW_TYPES[column.type], metadata=metadata)


def _footer(table: Table, notes: dict[str, str]) -> str:
    # Arrow keeps the metadata of fields in this entry of the Parquet footer; DuckDB writes the
    # file, faster and within less memory than Arrow, and leaves the entry to us.
    schema = base64.b64encode(arrow_schema(table).serialize().to_pybytes()).decode()
    entries = {
        "ARROW:schema": schema,
        "title": table.title.en,
        "metabolisme": json.dumps(notes, ensure_ascii=False, sort_keys=True),
    }
    return ", ".join(f"'{key}': '{_quoted(value)}'" for key, value in entries.items())


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _check_columns(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    query: str,
    parameters: dict[str, Any] | None,
) -> None:
    found = [
        row[0] for row in connection.execute(f"describe ({query})", parameters or {}).fetchall()
    ]
    if found != table.column_names:
        raise MetabolismeError(
            f"table {table.name} does not have the columns of the catalogue",
            where=f"the query of {table.name}; pipelines/catalogue/tables.yml",
            expected=", ".join(table.column_names),
            found=", ".join(found),
            todo="make the query's select list and the catalogue agree",
        )
