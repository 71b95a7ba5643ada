"""A table of a release as CSV: plain, or compressed on its way to the disk."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from isal import igzip

from pipelines.catalogue.tables import Table

# Above this size a CSV is compressed.
PLAIN = 20_000_000


def write_csv(parquet: Path, table: Table) -> Path:
    """Write the rows of a Parquet file beside it as `.csv`, or as `.csv.gz` above 20 MB.

    DuckDB writes to a pipe, and what comes out is packed meanwhile: the plain text, several times
    larger, never stands on the disk.

    Raises:
        OSError: the disk fails.
    """
    names = ", ".join(f'"{name}"' for name in table.column_names)
    read_end, write_end = os.pipe()
    with ThreadPoolExecutor(1) as aside:
        kept = aside.submit(_keep, read_end, parquet.with_suffix(".csv"))
        try:
            with os.fdopen(write_end, "wb"), duckdb.connect() as con:
                rows = con.read_parquet(str(parquet)).project(names)
                rows.write_csv(f"/dev/fd/{write_end}", header=True)
        except duckdb.Error:
            kept.result()  # If the disk refused, it says so better.
            raise
        return kept.result()


def _keep(read_end: int, plain: Path) -> Path:
    """Write all that comes out of a pipe, and say where."""
    with os.fdopen(read_end, "rb") as read:
        start = read.read(PLAIN + 1)
        if len(start) <= PLAIN:
            plain.write_bytes(start)
            return plain
        packed = plain.with_suffix(".csv.gz")
        # No date inside: the same table gives the same bytes.
        with (
            packed.open("wb") as raw,
            igzip.IGzipFile("", fileobj=raw, mode="wb", compresslevel=2, mtime=0) as written,
        ):
            written.write(start)
            shutil.copyfileobj(read, written, 1 << 20)
        return packed
