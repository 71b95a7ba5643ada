"""Make releases from the mirror, in this process or apart, and read them back."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.recipes import make_all
from pipelines.settings import Settings


@dataclass(frozen=True)
class Published:
    """A release on the disk, read back as any reader would."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """One table of it (do not change it: it is read once)."""
        return _read(self.folder / f"{name}.parquet")

    def rows(self, name: str, level: str = "", **wanted: object) -> pd.DataFrame:
        """The rows of a table of this level, with these values."""
        path = self.folder / f"{name}.parquet"
        table = _by_level(path).get(level, _read(path).head(0)) if level else _read(path)
        for column, value in wanted.items():
            table = table[table[column] == value]
        return table

    def schema(self, name: str) -> pa.Schema:
        """Its Arrow schema, as stored in the file."""
        return pq.read_schema(self.folder / f"{name}.parquet")

    @property
    def tables(self) -> list[str]:
        """The names of its tables."""
        return sorted(path.stem for path in self.folder.glob("*.parquet"))


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


@cache
def _by_level(path: Path) -> dict[str, pd.DataFrame]:
    return {str(level): rows for level, rows in _read(path).groupby("level")}


def make(
    folder: Path,
    mirror: Path,
    vintages: dict[str, str] | None = None,
    perimeters: Path | None = None,
) -> Published:
    """A release made in `folder`, which also holds its own METABOLISME_HOME."""
    settings = Settings(
        origin="mirror",
        mirror=mirror,
        vintages=vintages or {},
        perimeters=perimeters,
        outputs=folder / "outputs",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METABOLISME_HOME", str(folder / "home"))
        return Published(make_all(settings).folder)


def make_apart(
    folder: Path, mirror: Path, vintages: dict[str, str], perimeters: Path
) -> tuple[Published, int]:
    """The same in a fresh process, and how many threads DuckDB had there: not as many as here."""
    other = 1 if threads() > 1 else 3
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start, (other,)) as process:
        made = process.submit(make, folder, mirror, vintages, perimeters)
        return made.result(), process.submit(threads).result()


def threads() -> int:
    """How many threads DuckDB takes unless it is told."""
    with duckdb.connect() as con:
        return int(con.sql("select current_setting('threads')").fetchall()[0][0])


def _start(count: int) -> None:
    # The one variable through which DuckDB hears how many cores it has.
    os.environ["SLURM_CPUS_ON_NODE"] = str(count)
    os.environ["POLARS_MAX_THREADS"] = str(count)
    os.environ["TZ"] = "Pacific/Noumea"
