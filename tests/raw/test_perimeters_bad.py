"""Files of perimeters that are not as declared: refused by name and line, or read as said."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import fastexcel
import polars as pl
import pytest
import xlsxwriter

from pipelines.catalogue.sources import sources
from pipelines.errors import RejectedError

from .spoiled import (
    Cells,
    changed,
    content,
    read,
    renamed,
    with_another,
    with_row_twice,
    with_word,
    without,
)

# By table: its source, its file, what parts its cells, a column that is read.
TEXTS = {
    "docurba_scot": ("docurba_scot", "scots.csv", ",", "pa_id"),
    "docurba_scot_communes": ("docurba_scot", "perimetres.csv", ",", "type_document"),
    "pnr_perimeters": ("pnr_perimeters", "pnr_com2021.csv", ";", "pnr"),
}


def refusal(source_id: str, table: str, file: bytes, folder: Path, name: str = "file.csv") -> str:
    """Why the file is refused; it must say where in the YAML."""
    with pytest.raises(RejectedError) as refused:
        read(source_id, table, file, folder, name)
    message = str(refused.value)
    assert re.search(rf"sources/{source_id}\.yml, tables\.{table}.*\(line \d+\)", message)
    return message


@pytest.mark.parametrize("table", TEXTS)
@pytest.mark.parametrize("change", [renamed, without])
def test_a_column_that_is_not_there(
    table: str, change: Callable[[str], Callable[[Cells], Cells]], tmp_path: Path
) -> None:
    source_id, name, delimiter, column = TEXTS[table]
    file = changed(content(source_id, name), delimiter, change(column))
    assert f"{column} (absent)" in refusal(source_id, table, file, tmp_path)


@pytest.mark.parametrize("table", TEXTS)
def test_a_column_nobody_announced(table: str, tmp_path: Path) -> None:
    source_id, name, delimiter, _ = TEXTS[table]
    file = changed(content(source_id, name), delimiter, with_another)
    assert "unknown columns: nouveau" in refusal(source_id, table, file, tmp_path)


@pytest.mark.parametrize("table", TEXTS)
def test_another_encoding(table: str, tmp_path: Path) -> None:
    source_id, name, _, _ = TEXTS[table]
    file = content(source_id, name).decode().encode("utf-16")
    assert "cannot be read" in refusal(source_id, table, file, tmp_path)


def test_a_word_where_a_date_is_due(tmp_path: Path) -> None:
    file = changed(content("docurba_scot", "scots.csv"), ",", with_word("pa_date_approbation"))
    message = refusal("docurba_scot", "docurba_scot", file, tmp_path)
    assert "pa_date_approbation: 1 value(s) not a date ('environ'" in message


@pytest.mark.parametrize("table", ["docurba_scot", "docurba_scot_communes"])
def test_a_scheme_told_twice_counts_once(table: str, tmp_path: Path) -> None:
    source_id, name, delimiter, _ = TEXTS[table]
    file = content(source_id, name)
    before = read(source_id, table, file, tmp_path)
    after = read(source_id, table, changed(file, delimiter, with_row_twice), tmp_path)
    assert after.sort(pl.all()).equals(before.sort(pl.all()))


def test_a_commune_in_force_and_not_in_force_is_refused(tmp_path: Path) -> None:
    def contradict(rows: Cells) -> Cells:
        return [*rows, [*rows[1][:-1], "False"]]

    assert content("docurba_scot", "perimetres.csv").splitlines()[1].endswith(b'"True"')
    file = changed(content("docurba_scot", "perimetres.csv"), ",", contradict)
    message = refusal("docurba_scot", "docurba_scot_communes", file, tmp_path)
    assert "repeats" in message


def test_a_commune_in_two_parks_is_refused(tmp_path: Path) -> None:
    file = changed(content("pnr_perimeters"), ";", with_row_twice)
    message = refusal("pnr_perimeters", "pnr_perimeters", file, tmp_path)
    assert 'the key ("commune_code") repeats: 01001: 2 times' in message


def test_a_header_is_found_in_a_text_file_and_lines_are_counted_from_its_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources()["pnr_perimeters"]
    table = source.tables["pnr_perimeters"].model_copy(update={"skip": "found"})
    monkeypatch.setitem(source.tables, "pnr_perimeters", table)
    file = content("pnr_perimeters")
    before = read("pnr_perimeters", "pnr_perimeters", file, tmp_path)
    after = read("pnr_perimeters", "pnr_perimeters", b"Titre\n\n" + file, tmp_path)
    assert after.equals(before)
    empty = re.sub(rb"^01002;", b";", file, flags=re.MULTILINE)
    message = refusal("pnr_perimeters", "pnr_perimeters", b"Titre\n\n" + empty, tmp_path)
    assert "codgeo: 1 value(s) empty (line 5: None" in message


# --- the workbook of the coastal law ---


def workbook(change: Callable[[Cells], Cells], sheet: str = "Perimetre") -> bytes:
    """The sheet with other cells, its two lines of title included."""
    book = fastexcel.read_excel(content("littoral_law"))
    found = book.load_sheet("Perimetre", header_row=None, skip_rows=0, dtypes="string")
    rows = [[cell or "" for cell in row] for row in found.to_polars().iter_rows()]
    buffer = io.BytesIO()
    written = xlsxwriter.Workbook(buffer)
    page = written.add_worksheet(sheet)
    for line, row in enumerate(change(rows)):
        for place, cell in enumerate(row):
            if cell:
                page.write_string(line, place, cell)
    written.close()
    return buffer.getvalue()


def shores(file: bytes, folder: Path) -> pl.DataFrame:
    return read("littoral_law", "littoral_law", file, folder, "file.xlsx").sort(pl.all())


def below_titles(change: Callable[[Cells], Cells]) -> Callable[[Cells], Cells]:
    return lambda rows: [*rows[:2], *change(rows[2:])]


@pytest.mark.parametrize("titles", [0, 1, 5])
def test_the_header_is_found_wherever_it_is(titles: int, tmp_path: Path) -> None:
    def moved(rows: Cells) -> Cells:
        return [*([["Titre"]] * titles), *rows[2:]]

    assert shores(workbook(moved), tmp_path).equals(shores(content("littoral_law"), tmp_path))


@pytest.mark.parametrize("change", [renamed, without])
def test_a_header_without_its_column(
    change: Callable[[str], Callable[[Cells], Cells]], tmp_path: Path
) -> None:
    file = workbook(below_titles(change("CLASSEMENT")))
    message = refusal("littoral_law", "littoral_law", file, tmp_path, "file.xlsx")
    assert "CLASSEMENT (absent)" in message


def test_a_header_that_is_not_found(tmp_path: Path) -> None:
    file = workbook(below_titles(renamed("INSEE_COM")))
    message = refusal("littoral_law", "littoral_law", file, tmp_path, "file.xlsx")
    assert "the header of file.xlsx is not found" in message
    assert "INSEE_COM in one of the first 50 lines" in message


def test_a_sheet_that_is_not_there(tmp_path: Path) -> None:
    file = workbook(list, sheet="Feuil1")
    message = refusal("littoral_law", "littoral_law", file, tmp_path, "file.xlsx")
    assert "the workbook does not have the sheet we read" in message


def test_other_columns_and_repeated_rows_change_nothing(tmp_path: Path) -> None:
    # The headers of the other columns were never seen: all are allowed.
    file = workbook(below_titles(lambda rows: with_another(with_row_twice(rows))))
    assert shores(file, tmp_path).equals(shores(content("littoral_law"), tmp_path))
