"""The floor: DuckDB reads the CSV and writes it as Parquet, once."""

import os
import tempfile
from pathlib import Path

import duckdb

from tests.bench.measuring import report, step

with tempfile.TemporaryDirectory() as folder:
    with step("read CSV, write Parquet"):
        duckdb.connect().execute(
            "copy (from read_csv($csv, delim = ';', header = true, all_varchar = true))"
            " to $parquet (format parquet, compression zstd)",
            {"csv": os.environ["BENCH_CSV"], "parquet": str(Path(folder) / "floor.parquet")},
        )
    report(["read CSV, write Parquet"])
