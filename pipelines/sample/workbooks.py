"""Workbooks of other kinds than Excel's of today: OpenDocument (``ods``), Excel 97 (``xls``).

Their bytes depend on their cells only. Both hold what a reader of tables needs, no more.
"""

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from pipelines.sample.files import MOMENT, Row

Sheets = Mapping[str, Iterable[Row]]
"""Rows by the name of their sheet."""

# --- OpenDocument ---

_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MANIFEST = (
    f'{_XML}<manifest:manifest xmlns:manifest="{_OPEN}:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
_EMPTY_ROWS = 1_000
"""Empty rows that a sheet claims to go on with, in one element, as office suites write them."""


def ods(sheets: Sheets) -> bytes:
    """A workbook of these sheets; each ends on empty rows."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>{''.join(map(_ods_row, rows))}"
        f'<table:table-row table:number-rows-repeated="{_EMPTY_ROWS}"><table:table-cell/>'
        "</table:table-row></table:table>"
        for name, rows in sheets.items()
    )
    spaces = " ".join(f'xmlns:{name}="{_OPEN}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'{_XML}<office:document-content {spaces} office:version="1.2"><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # The type comes first, and is not compressed: this is how the format is told.
        for name, text, method in (
            ("mimetype", _ODS, zipfile.ZIP_STORED),
            ("content.xml", content, zipfile.ZIP_DEFLATED),
            ("META-INF/manifest.xml", _MANIFEST, zipfile.ZIP_DEFLATED),
        ):
            archive.writestr(zipfile.ZipInfo(name, MOMENT.timetuple()[:6]), text, method)
    return buffer.getvalue()


def _ods_row(row: Row) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: str | int | None) -> str:
    if value is None:
        return "<table:table-cell/>"
    kind = (
        'office:value-type="string"'
        if isinstance(value, str)
        else f'office:value-type="float" office:value="{value}"'
    )
    return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"


# --- Excel 97: records of cells (BIFF8) in a file of sectors (OLE) ---

_SECTOR, _PER_SECTOR = 512, 128
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SMALLEST = 4_096
"""A shorter stream would have to lie elsewhere in the file."""
_FIRST_TABLES = 109
"""Sectors of the table of sectors that the header can name: files up to 7 MB."""


def xls(sheets: Sheets) -> bytes:
    """A workbook of these sheets, of texts only."""
    bodies = {name: _sheet(rows) for name, rows in sheets.items()}
    begins, ends = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)), _record(0x0A)
    names = [_text(name, "<B") for name in bodies]
    place = len(begins) + sum(4 + 6 + len(name) for name in names) + len(ends)
    bounds = b""
    for name, body in zip(names, bodies.values(), strict=True):
        bounds += _record(0x85, struct.pack("<IBB", place, 0, 0) + name)
        place += len(body)
    return _ole("Workbook", begins + bounds + ends + b"".join(bodies.values()))


def _sheet(rows: Iterable[Row]) -> bytes:
    cells = [
        _record(0x204, struct.pack("<HHH", number, column, 0) + _text(str(value), "<H"))
        for number, row in enumerate(rows)
        for column, value in enumerate(row)
        if value is not None
    ]
    begins = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    return b"".join([begins, *cells, _record(0x0A)])


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _text(text: str, length: str) -> bytes:
    """Its length, whether its letters take two bytes, its letters."""
    wide = any(letter > "\xff" for letter in text)
    letters = text.encode("utf-16-le" if wide else "latin-1")
    return struct.pack(length, len(text)) + bytes([wide]) + letters


def _ole(name: str, stream: bytes) -> bytes:
    """A file of one stream: header, table of sectors, directory, stream."""
    stream = stream.ljust(_SMALLEST, b"\0")
    used = -(-len(stream) // _SECTOR)
    tables = 1
    while tables * _PER_SECTOR < tables + 1 + used:
        tables += 1
    if tables > _FIRST_TABLES:
        raise ValueError(f"{len(stream)} bytes are more than this kind of file holds here")
    first = tables + 1
    sectors = [_TABLE] * tables + [_END] + [*range(first + 1, first + used), _END]
    sectors += [_FREE] * (tables * _PER_SECTOR - len(sectors))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),  # version, byte order, sizes of sectors as powers of two
        *(0, tables, tables, 0, _SMALLEST),  # the directory stands after the tables
        *(_END, 0, _END, 0),  # no small streams, no further tables
    )
    places = [*range(tables), *[_FREE] * (_FIRST_TABLES - tables)]
    entries = [
        _entry("Root Entry", 5, child=1, start=_END, size=0),
        _entry(name, 2, child=_FREE, start=first, size=len(stream)),
    ]
    return b"".join(
        [
            header + _words(places),
            _words(sectors),
            b"".join(entries).ljust(_SECTOR, b"\0"),
            stream.ljust(used * _SECTOR, b"\0"),
        ]
    )


def _words(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    """An entry of the directory."""
    letters = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII36xIQ",
        letters,
        len(letters) + 2,
        kind,
        1,
        *(_FREE, _FREE, child),
        start,
        size,
    )
