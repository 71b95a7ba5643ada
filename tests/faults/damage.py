"""Damage one file of a mirror, as accidents and publishers do."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastexcel
import xlsxwriter

Change = Callable[[bytes], bytes]
Row = dict[str, str]
Cells = list[list[str]]

WEB_PAGE = b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head></html>\n"


def damage(mirror: Path, source_id: str, change: Change) -> Path:
    """Change the content of a source's file (of its one member, in an archive of texts).

    The manifest is made to agree: what is wrong with the file is in the file.
    """
    return damage_whole(mirror, source_id, lambda content: _inside(content, change))


def damage_whole(mirror: Path, source_id: str, change: Change) -> Path:
    """Change the bytes of a source's file as they are, archive or not; the manifest agrees."""
    path = file_of(mirror, source_id)
    content = change(path.read_bytes())
    path.write_bytes(content)
    relative = path.relative_to(mirror).as_posix()

    def agree(row: Row) -> Row:
        facts = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": str(len(content))}
        return row | facts if row["path"] == relative else row

    edit_manifest(mirror, lambda rows: [agree(row) for row in rows])
    return path


def file_of(mirror: Path, source_id: str) -> Path:
    """The file of a source; of several, the first (the one that is not optional)."""
    return min(path for path in (mirror / source_id).rglob("*") if path.is_file())


def forget(mirror: Path, *source_ids: str) -> None:
    """Take sources out of the mirror, lines and files."""
    edit_manifest(mirror, lambda rows: [r for r in rows if r["source_id"] not in source_ids])
    for source_id in source_ids:
        for path in (mirror / source_id).rglob("*"):
            if path.is_file():
                path.unlink()


def state(mirror: Path, source_id: str, **values: str) -> None:
    """Have the manifest say something else of a source."""
    edit_manifest(
        mirror, lambda rows: [r | values if r["source_id"] == source_id else r for r in rows]
    )


def edit_manifest(mirror: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    path = mirror / "manifest.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), list(reader.fieldnames or [])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(change(rows))


# --- texts ---


def text(change: Callable[[str], str]) -> Change:
    """A change of a text in UTF-8."""
    return lambda content: change(content.decode("utf-8")).encode("utf-8")


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Change:
    """A change of the lines, line breaks included; the first is the header."""
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


def cells(change: Callable[[Cells], Cells], quoting: Any = csv.QUOTE_MINIMAL) -> Change:
    """A change of the cells of a CSV; the first row is the header."""

    def apply(content: str) -> str:
        delimiter = ";" if ";" in content.partition("\n")[0] else ","
        rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(
            change(rows)
        )
        return written.getvalue()

    return text(apply)


def header(change: Callable[[list[str]], list[str]]) -> Change:
    """A change of the names of the columns."""
    return cells(lambda rows: [change(rows[0]), *rows[1:]])


def without_column(name: str) -> Callable[[Cells], Cells]:
    def change(rows: Cells) -> Cells:
        at = rows[0].index(name)
        return [row[:at] + row[at + 1 :] for row in rows]

    return change


def with_cell(column: str, value: str, line: int = 5) -> Callable[[Cells], Cells]:
    """Put a value on a line of the file (the header is line 1)."""

    def change(rows: Cells) -> Cells:
        changed = list(rows[line - 1])
        changed[rows[0].index(column)] = value
        return [*rows[: line - 1], changed, *rows[line:]]

    return change


def reordered(rows: Cells) -> Cells:
    return [row[::-1] for row in rows]


def repeated(rows: Cells) -> Cells:
    """The second row, once more at the end."""
    return [*rows, rows[1]]


# --- archives and workbooks ---


def packed(member: str) -> Change:
    """The file in an archive."""

    def change(content: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, content)
        return buffer.getvalue()

    return change


def flipped(content: bytes) -> bytes:
    """Some bytes in the middle are others: an archive still opens, its content is damaged."""
    at = len(content) // 3
    return content[:at] + bytes(b ^ 0xFF for b in content[at : at + 40]) + content[at + 40 :]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def workbook(change: Callable[[dict[str, Cells]], dict[str, Cells]]) -> Change:
    """A change of the sheets of a workbook (alone in its archive, or the file itself)."""

    def apply(content: bytes) -> bytes:
        book = fastexcel.read_excel(content)
        sheets = {
            name: [
                ["" if cell is None else cell for cell in row]
                for row in book.load_sheet(name, header_row=None, dtypes="string")
                .to_polars()
                .rows()
            ]
            for name in book.sheet_names
        }
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as written:
            for name, rows in change(sheets).items():
                sheet = written.add_worksheet(name)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
        return buffer.getvalue()

    return apply


def sheet(
    name: str, change: Callable[[Cells], Cells]
) -> Callable[[dict[str, Cells]], dict[str, Cells]]:
    return lambda sheets: sheets | {name: change(sheets[name])}


def hollow(content: bytes) -> bytes:
    """A workbook that is a sound archive, whose parts are no longer those of a workbook."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as whole,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for part in whole.namelist():
            kept = part == "[Content_Types].xml"
            archive.writestr(part, whole.read(part) if kept else b"<html>")
    return buffer.getvalue()


# --- geographic data ---


def features(change: Callable[[list[dict[str, Any]]], Any]) -> Change:
    """A change of the features of a GeoJSON, in place."""

    def apply(content: bytes) -> bytes:
        collection = json.loads(content)
        change(collection["features"])
        return json.dumps(collection).encode()

    return apply


def _inside(content: bytes, change: Change) -> bytes:
    if content[:4] != b"PK\x03\x04":
        return change(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if "[Content_Types].xml" in parts:
        return change(content)
    largest = max(parts, key=lambda name: len(parts[name]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, change(part) if name == largest else part)
    return buffer.getvalue()
