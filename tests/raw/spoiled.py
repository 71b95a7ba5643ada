"""Files of the sample read as a publisher might spoil them."""

import csv
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.raw.reading import Reading, read_table
from pipelines.sample import SMALL
from pipelines.sample.country import build
from pipelines.sample.files import Sample
from pipelines.sample.mirror import ENTRIES
from pipelines.store import Store

Cells = list[list[str]]


@cache
def sample() -> Sample:
    """One country for all tests."""
    return Sample(build(SMALL))


@cache
def content(source_id: str, name: str = "") -> bytes:
    """The bytes of the file of a source in the sample."""
    (found,) = [e for e in ENTRIES if e.source_id == source_id and name in ("", e.name)]
    return found.content(sample())


def read(
    source_id: str, table: str, file: bytes, folder: Path, name: str = "file.csv"
) -> pl.DataFrame:
    """What a table of a source holds, read from such a file."""
    source = sources()[source_id]
    path = folder / name
    path.write_bytes(file)
    store = Store(folder / "store")
    vintage = source.vintage(source.newest)
    read_table(Reading(source, vintage, table, path, complete=False), tables()[table], store)
    return pl.read_parquet(store.path(table))


def changed(file: bytes, delimiter: str, change: Callable[[Cells], Cells]) -> bytes:
    """A text file with other cells, header included."""
    rows = list(csv.reader(io.StringIO(file.decode(), newline=""), delimiter=delimiter))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(change(rows))
    return text.getvalue().encode()


def renamed(column: str) -> Callable[[Cells], Cells]:
    """The column goes by another name."""
    return lambda rows: [[f"{name}_2" if name == column else name for name in rows[0]], *rows[1:]]


def without(column: str) -> Callable[[Cells], Cells]:
    """The column is gone."""

    def change(rows: Cells) -> Cells:
        at = rows[0].index(column)
        return [row[:at] + row[at + 1 :] for row in rows]

    return change


def with_another(rows: Cells) -> Cells:
    """There is a column nobody has announced."""
    return [[*rows[0], "nouveau"], *([*row, "x"] for row in rows[1:])]


def with_word(column: str) -> Callable[[Cells], Cells]:
    """The fifth line says a word where there should be a number or a date."""

    def change(rows: Cells) -> Cells:
        spoiled = list(rows[4])
        spoiled[rows[0].index(column)] = "environ"
        return [*rows[:4], spoiled, *rows[5:]]

    return change


def with_row_twice(rows: Cells) -> Cells:
    """The first row stands there again at the end."""
    return [*rows, rows[1]]
