"""Make releases from the mirror, in this process or in one that has a single core."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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

    def rows(self, name: str, **wanted: object) -> pd.DataFrame:
        """The rows of a table with these values."""
        table = self.table(name)
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


def make_on_one_core(
    folder: Path, mirror: Path, vintages: dict[str, str], perimeters: Path
) -> Published:
    """The same in a fresh process bound to one core: one thread, other hashes, another day's zone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _bind) as alone:
        return alone.submit(make, folder, mirror, vintages, perimeters).result()


def _bind() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ["TZ"] = "Pacific/Noumea"
