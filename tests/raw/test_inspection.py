"""Files that are, and are not, what they should be."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.sources import SourceFile
from pipelines.errors import RejectedError
from pipelines.raw import unpacking
from pipelines.raw.inspection import inspect
from tests.raw.conftest import CSV, make_zip

WORKBOOK = make_zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
GEOJSON = b'{"type": "FeatureCollection", "features": []}'


def look(
    path: Path, content: bytes, format: str = "csv", complete: bool = True, **bounds: int
) -> None:
    path = path / "file"
    path.write_bytes(content)
    described: dict[str, Any] = {"name": "*", "format": format}
    described["bytes"] = {"min": 1, "max": 1_000_000} | bounds
    inspect(path, SourceFile.model_validate(described), "toy 2023, flows", complete)


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (CSV, "csv"),
        (b"\xef\xbb\xbf" + CSV, "csv"),
        ("Libellé;Région\nÀ;É\x1a".encode("cp1252"), "csv"),
        (make_zip({"a.csv": CSV, "lisez-moi.pdf": b"%PDF"}), "csv"),
        (make_zip({"inner.zip": make_zip({"a.csv": CSV})}), "csv"),
        (WORKBOOK, "xlsx"),
        (make_zip({"table/ZONES.XLSX": WORKBOOK}), "xlsx"),
        (make_zip({"inner.zip": make_zip({"a.xlsx": WORKBOOK})}), "xlsx"),
        (GEOJSON, "geojson"),
        (b"\xef\xbb\xbf  " + GEOJSON, "geojson"),
        (make_zip({"a.geojson": GEOJSON}), "geojson"),
    ],
)
def test_good_files(tmp_path: Path, content: bytes, format: str) -> None:
    look(tmp_path, content, format)


@pytest.mark.parametrize("format", ["csv", "xlsx", "geojson"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"<!doctype HTML>\n<title>Erreur</title>", "a web page"),
        (b"\xef\xbb\xbf\r\n\t<HTML lang=fr>", "a web page"),
        (b'<?xml version="1.0"?><Error/>', "XML or a web page"),
        (b'{"message": "dataset not found"}', "JSON|no workbook|no GeoJSON"),
        (b"[]", "JSON|no workbook|no GeoJSON"),
        (b"  \n ", "nothing but blanks|no workbook"),
        (b"%PDF-1.7\x00\x01", "no text|no workbook"),
        (b"PK\x03\x04 and nothing more", "broken zip"),
        (make_zip({"a.csv": CSV})[:-30], "broken zip"),
        (make_zip({}), "without"),
        (make_zip({"../../evil.csv": CSV}), "lead out of the folder"),
        (make_zip({"C:\\evil.csv": CSV}), "lead out of the folder"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, format: str, found: str) -> None:
    with pytest.raises(RejectedError, match=found) as caught:
        look(tmp_path, content, format)
    assert caught.value.where == "toy 2023, flows"


def test_formats_are_not_taken_for_each_other(tmp_path: Path) -> None:
    for content, format, found in [
        (WORKBOOK, "csv", "a workbook"),
        (CSV, "xlsx", "no workbook"),
        (CSV, "geojson", "no GeoJSON"),
        (GEOJSON, "csv", "JSON"),
        (make_zip({"a.csv": CSV}), "xlsx", "without xlsx"),
    ]:
        with pytest.raises(RejectedError, match=found):
            look(tmp_path, content, format)


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    content = bytearray(make_zip({"a.csv": CSV, "b.csv": CSV}))
    content[60] ^= 0xFF
    with pytest.raises(RejectedError, match=r"a\.csv|invalid|Error"):
        look(tmp_path, bytes(content))


def test_an_encrypted_member_is_said(tmp_path: Path) -> None:
    content = bytearray(make_zip({"a.csv": CSV}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(RejectedError, match=r"encrypted files \(a\.csv\)"):
        look(tmp_path, bytes(content))


def test_a_bomb_is_not_even_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "UNPACKED_LIMIT", 1000)
    with pytest.raises(RejectedError, match="once unpacked"):
        look(tmp_path, make_zip({"a.csv": b"0" * 100_000}))


def test_bounds(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match=r"of 5 to 6 bytes\n.*7 bytes"):
        look(tmp_path, b"1234567", min=5, max=6)
    with pytest.raises(RejectedError, match="4 bytes"):
        look(tmp_path, b"1234", min=5, max=6)
    look(tmp_path, b"1234", complete=False, min=5, max=6)
    with pytest.raises(RejectedError, match="7 bytes"):
        look(tmp_path, b"1234567", complete=False, min=5, max=6)


def test_all_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match=r"a web page.*; 6 bytes"):
        look(tmp_path, b"<html>", min=5000, max=6000)
