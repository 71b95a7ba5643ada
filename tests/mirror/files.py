"""Read the mirror's files with the standard library, apart from the project's own readers."""

import csv
import io
import json
import re
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Row = dict[str, str]


def find(mirror: Path, source_id: str, vintage: str = "", name: str = "") -> Path:
    """The one file of a source in the manifest (of a vintage, with a name, if given)."""
    found = [
        mirror / row["path"]
        for row in read_csv((mirror / "manifest.csv").read_bytes())
        if row["source_id"] == source_id
        and vintage in ("", row["vintage"])
        and name in ("", Path(row["path"]).name)
    ]
    assert len(found) == 1, f"{source_id} {vintage} {name}: {found}"
    return found[0]


def read_csv(content: bytes, delimiter: str = ",") -> list[Row]:
    """Every row, every cell as text."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter, strict=True))


def unzip(path: Path, name: str) -> bytes:
    """The only member of an archive with such a name (`*` allowed, case does not matter)."""
    with zipfile.ZipFile(path) as archive:
        (member,) = [n for n in archive.namelist() if fnmatch(n.lower(), name)]
        return archive.read(member)


def read_sheet(content: bytes, sheet: str, header_row: int = 1) -> list[Row]:
    """The rows of a workbook's sheet below its header, every cell as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{_MAIN}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        with book.open(_sheet_path(book, sheet)) as xml:
            rows = [
                (int(row.get("r", "0")), {_column(cell): _text(cell, shared) for cell in row})
                for _, row in ElementTree.iterparse(xml)
                if row.tag == f"{_MAIN}row"
            ]
    names = next(cells for number, cells in rows if number == header_row)
    return [
        {name: cells.get(column, "") for column, name in names.items()}
        for number, cells in rows
        if number > header_row and any(cells.values())
    ]


def read_geojson(path: Path) -> list[dict[str, Any]]:
    """The features of a file of shapes."""
    return list(json.loads(path.read_text(encoding="utf-8"))["features"])


def _sheet_path(book: zipfile.ZipFile, sheet: str) -> str:
    sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    (relation,) = [s.get(_RELATION) for s in sheets if s.get("name", "").lower() == sheet.lower()]
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    (target,) = [link.get("Target", "") for link in links if link.get("Id") == relation]
    return "xl/" + target.removeprefix("/xl/")


def _column(cell: ElementTree.Element) -> str:
    return re.sub(r"\d", "", cell.get("r", ""))


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{_MAIN}t")).strip()
    value = cell.findtext(f"{_MAIN}v") or ""
    return (shared[int(value)] if cell.get("t") == "s" else value).strip()
