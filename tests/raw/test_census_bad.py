"""The files of the census and of incomes, damaged: refused with the place to look at, or known."""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.errors import RejectedError
from pipelines.raw.reading import Reading, read_table
from pipelines.sample import SMALL
from pipelines.sample.census import ENTRIES
from pipelines.sample.country import build
from pipelines.sample.entries import Entry
from pipelines.sample.files import Sample
from pipelines.store import Store
from tests.raw.conftest import make_zip

Cells = list[list[str]]
Change = Callable[[Cells], Cells]

DETAIL = "insee_commuting_detail"
ROWS = 60
"""Rows of the sample that are enough here."""


@dataclass(frozen=True)
class Layout:
    """A text file of the sample: its lines above the header, and columns to damage."""

    number: str
    text: str
    delimiter: str = ";"
    encoding: str = "utf-8"
    above: int = 0
    newline: str = "\n"
    open_end: bool = False
    quoting: int = csv.QUOTE_MINIMAL


LAYOUTS = {
    "insee_housing": Layout("OBS_VALUE", "OCS"),
    "insee_tourism_capacity": Layout("OBS_VALUE", "ACTIVITY", quoting=csv.QUOTE_ALL),
    "insee_modal_share": Layout(
        "Part des ménages ayant au moins 1 voiture 2021",
        "Code",
        encoding="utf-8-sig",
        above=2,
        newline="\r\n",
        open_end=True,
    ),
    DETAIL: Layout("IPONDI", "DCLT"),
    "insee_school_commuting": Layout("NBFLUX_C22_SCOL02P", "DCETU"),
    "insee_residential_moves": Layout("NBFLUX_C22_POP01P", "DCRAN"),
    "insee_income": Layout("MED20", "CODGEO"),
    "insee_commuting_departements": Layout(
        "Flux Dom-Travail",
        "Destination",
        delimiter=",",
        encoding="latin-1",
        newline="\r\n",
        open_end=True,
    ),
}
ACCENTED = ["insee_modal_share", "insee_school_commuting", "insee_residential_moves"]


@dataclass(frozen=True)
class File:
    """The first rows of a file of the sample, to be written again with a change."""

    entry: Entry
    preamble: list[str]
    cells: Cells
    member: str

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.entry.source_id]

    def text(self, change: Change = lambda cells: cells) -> str:
        """Its text after a change of the cells, the header being the first row."""
        written = io.StringIO()
        layout = self.layout
        written.write("".join(line + layout.newline for line in self.preamble))
        csv.writer(
            written,
            delimiter=layout.delimiter,
            lineterminator=layout.newline,
            quoting=layout.quoting,  # type: ignore[arg-type]
        ).writerows(change(self.cells))
        text = written.getvalue()
        return text.removesuffix(layout.newline) if layout.open_end else text

    def content(self, change: Change = lambda cells: cells, encoding: str = "") -> bytes:
        """Its bytes after a change, in its archive if it comes in one."""
        data = self.text(change).encode(encoding or self.layout.encoding, errors="replace")
        return make_zip({self.member: data}) if self.member else data


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    sample = Sample(build(SMALL))
    return {entry.source_id: entry.content(sample) for entry in ENTRIES}


@pytest.fixture(scope="module")
def files(originals: dict[str, bytes]) -> dict[str, File]:
    """Every file as text: the detail file in the layout it has as CSV."""
    files = {}
    for entry in ENTRIES:
        content, member = originals[entry.source_id], ""
        layout = LAYOUTS[entry.source_id]
        if entry.source_id == DETAIL:
            rows = pl.read_parquet(content).head(ROWS).with_columns(pl.col("TRANS").cast(pl.Int64))
            content, member = rows.write_csv(separator=";").encode(), "FD_MOBPRO_2022.csv"
        elif content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                (member,) = archive.namelist()
                content = archive.read(member)
        lines = content.decode(layout.encoding).split(layout.newline)[: layout.above + 1 + ROWS]
        cells = list(csv.reader(lines[layout.above :], delimiter=layout.delimiter))
        files[entry.source_id] = File(entry, lines[: layout.above], [c for c in cells if c], member)
    return files


def read(folder: Path, entry: Entry, content: bytes, vintage: str = "") -> pl.DataFrame:
    """The table made of a file."""
    path = folder / "file"
    path.write_bytes(content)
    source, store = sources()[entry.source_id], Store(folder)
    reading = Reading(source, source.vintage(vintage or entry.vintage), source.id, path, False)
    read_table(reading, tables()[source.id], store)
    return pl.read_parquet(store.path(source.id))


def refused(folder: Path, file: Entry, content: bytes, *words: str) -> None:
    """The file is refused; the message names the YAML, a line of it, and the words."""
    with pytest.raises(
        RejectedError, match=rf"sources/{file.source_id}\.yml.*\(line \d+\)"
    ) as told:
        read(folder, file, content)
    for word in words:
        assert word in str(told.value), f"{word!r} is not in: {told.value}"


def renamed(name: str) -> Change:
    return lambda cells: [[f"{c}_bis" if c == name else c for c in cells[0]], *cells[1:]]


def without(name: str) -> Change:
    def change(cells: Cells) -> Cells:
        at = cells[0].index(name)
        return [row[:at] + row[at + 1 :] for row in cells]

    return change


def with_more(cells: Cells) -> Cells:
    return [[*cells[0], "NOUVELLE"], *([*row, "1"] for row in cells[1:])]


def with_word(name: str) -> Change:
    def change(cells: Cells) -> Cells:
        row = list(cells[3])
        row[cells[0].index(name)] = "douze"
        return [*cells[:3], row, *cells[4:]]

    return change


def repeated(cells: Cells) -> Cells:
    return [*cells, cells[1]]


@pytest.fixture(params=LAYOUTS)
def file(request: pytest.FixtureRequest, files: dict[str, File]) -> File:
    return files[request.param]


def test_the_file_as_it_is(tmp_path: Path, file: File) -> None:
    rows = read(tmp_path, file.entry, file.content())
    assert len(rows) == len(file.cells) - 1


def test_a_column_renamed(tmp_path: Path, file: File) -> None:
    for name in (file.layout.number, file.layout.text):
        content = file.content(renamed(name))
        refused(tmp_path, file.entry, content, f"{name}_bis", "absent")


def test_a_column_missing(tmp_path: Path, file: File) -> None:
    for name in (file.layout.number, file.layout.text):
        refused(tmp_path, file.entry, file.content(without(name)), "absent")


def test_a_new_column(tmp_path: Path, file: File) -> None:
    refused(tmp_path, file.entry, file.content(with_more), "unknown columns: NOUVELLE")


def test_a_word_for_a_number(tmp_path: Path, file: File) -> None:
    content = file.content(with_word(file.layout.number))
    line = f"line {4 + file.layout.above}"
    refused(tmp_path, file.entry, content, file.layout.number, "not a", line, "douze")


def test_a_line_twice(tmp_path: Path, file: File) -> None:
    content = file.content(repeated)
    if file.entry.source_id == DETAIL:  # people who gave the same answers
        assert len(read(tmp_path, file.entry, content)) == len(file.cells)
    else:
        refused(tmp_path, file.entry, content, "repeats", "2 times")


def test_another_encoding(tmp_path: Path, file: File) -> None:
    refused(tmp_path, file.entry, file.content(encoding="utf-16"))


@pytest.mark.parametrize("source_id", ACCENTED)
def test_accents_of_another_encoding(
    tmp_path: Path, files: dict[str, File], source_id: str
) -> None:
    refused(tmp_path, files[source_id].entry, files[source_id].content(encoding="cp1252"))


@pytest.mark.parametrize("source_id", ["insee_income", "insee_housing"])
def test_a_line_that_is_cut(tmp_path: Path, files: dict[str, File], source_id: str) -> None:
    file = files[source_id]
    cut = file.text().encode()[:-4]
    content = make_zip({file.member: cut}) if file.member else cut
    refused(tmp_path, file.entry, content, "cut short", "last_line_open")


@pytest.mark.parametrize("source_id", [i for i, one in LAYOUTS.items() if one.open_end])
def test_an_open_last_line_may_be_closed(
    tmp_path: Path, files: dict[str, File], source_id: str
) -> None:
    file = files[source_id]
    as_it_is = read(tmp_path, file.entry, file.content())
    closed = (file.text() + file.layout.newline).encode(file.layout.encoding)
    assert read(tmp_path, file.entry, closed).equals(as_it_is)
    lines = file.text().split(file.layout.newline)
    lines[-1] = lines[-1].rsplit(file.layout.delimiter, 1)[0]
    cut = file.layout.newline.join(lines).encode(file.layout.encoding)
    refused(tmp_path, file.entry, cut)


@pytest.mark.parametrize("source_id", ["insee_housing", "insee_tourism_capacity"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
def test_cubes_however_quoted_and_ordered(
    tmp_path: Path, files: dict[str, File], source_id: str, quoting: int
) -> None:
    file = files[source_id]
    order = sorted(range(len(file.cells[0])), key=lambda i: file.cells[0][i])
    extra = [*file.cells[0], "CONF_STATUS"]
    rows = [extra, *([*row, "F"] for row in file.cells[1:])]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([row[i] for i in [*order, len(order)]] for row in rows)
    found = read(tmp_path, file.entry, make_zip({file.member: written.getvalue().encode()}))
    assert found.equals(read(tmp_path, file.entry, file.content()))


def test_marks_of_absent_values_only(tmp_path: Path, files: dict[str, File]) -> None:
    """A mark is one where it is declared; any other text is an error."""
    file = files["insee_income"]
    rows = read(tmp_path, file.entry, file.content())
    at = file.cells[0].index("PIMP20")
    marks = [row[at] in ("s", "nd") for row in file.cells[1:]]
    assert rows["taxed_households_percent"].is_null().to_list() == marks
    earned = [row[file.cells[0].index("PACT20")].replace(",", ".") for row in file.cells[1:]]
    numbers = [float(text) for text in earned if text not in ("s", "nd")]
    assert rows["earnings_percent"].drop_nulls().to_list() == numbers

    def change(cells: Cells) -> Cells:
        return [cells[0], *([*row[:at], "c", *row[at + 1 :]] for row in cells[1:])]

    refused(tmp_path, file.entry, file.content(change), "PIMP20", "'c'")


# --- the detail file: three layouts ---


def test_the_detail_file_reads_the_same_in_every_layout(
    tmp_path: Path, originals: dict[str, bytes], files: dict[str, File]
) -> None:
    file = files[DETAIL]
    whole = read(tmp_path, file.entry, originals[DETAIL])
    assert set(whole["mode"]) == {"1", "2", "3", "4", "5", "6"}
    expected = whole.head(len(file.cells) - 1)

    def accented(cells: Cells) -> Cells:
        """An accent where nobody looks."""
        at = cells[0].index("STOCD")
        return [cells[0], *([*row[:at], "logé", *row[at + 1 :]] for row in cells[1:])]

    def as_before(cells: Cells) -> Cells:
        """The columns as they were called until 2020."""
        old = {"GS": "CS1", "DIPL": "DIPL_15"}
        return [[old.get(name, name) for name in cells[0]], *accented(cells)[1:]]

    for vintage, member, change, encoding in (
        ("2015", "FD_MOBPRO_2015.txt", as_before, "latin-1"),
        ("2020", "FD_MOBPRO_2020.csv", as_before, "utf-8"),
        ("2021", "FD_MOBPRO_2021.csv", accented, "latin-1"),
        ("2023", "FD_MOBPRO_2023.csv", accented, "utf-8-sig"),
    ):
        dictionary = "COD_VAR;LIB_VAR;COD_MOD;LIB_MOD\nTRANS;Mode;1;Pas de déplacement\n"
        content = make_zip(
            {
                member: file.text(change).encode(encoding),
                f"Varmod_MOBPRO_{vintage}.csv": dictionary.encode(encoding),
            }
        )
        assert read(tmp_path, file.entry, content, vintage).equals(expected), vintage


def test_a_lost_zero_is_given_back(tmp_path: Path, files: dict[str, File]) -> None:
    file = files[DETAIL]

    def change(cells: Cells) -> Cells:
        return [cells[0], *([row[0].lstrip("0"), *row[1:]] for row in cells[1:])]

    rows = read(tmp_path, file.entry, file.content(change))
    assert set(rows["commune_code"]) == {row[0] for row in file.cells[1:]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.rename({"TRANS": "MODE"}), ["MODE", "TRANS (absent)"]),
        (lambda rows: rows.drop("DCFLT"), ["DCFLT (absent)"]),
        (lambda rows: rows.with_columns(NOUVELLE=pl.lit(1)), ["NOUVELLE"]),
        (lambda rows: rows.with_columns(IPONDI=pl.lit("douze")), ["IPONDI", "douze"]),
        (lambda rows: rows.with_columns(IPONDI=pl.lit(None)), ["IPONDI", "empty"]),
    ],
    ids=["renamed", "missing", "new", "word", "empty"],
)
def test_a_damaged_parquet(
    tmp_path: Path,
    originals: dict[str, bytes],
    files: dict[str, File],
    change: Callable[[pl.DataFrame], pl.DataFrame],
    words: list[str],
) -> None:
    written = io.BytesIO()
    change(pl.read_parquet(originals[DETAIL]).head(ROWS)).write_parquet(written)
    refused(tmp_path, files[DETAIL].entry, written.getvalue(), *words)


def test_a_parquet_that_is_cut(
    tmp_path: Path, originals: dict[str, bytes], files: dict[str, File]
) -> None:
    refused(tmp_path, files[DETAIL].entry, originals[DETAIL][:2_000], "cannot be read")
