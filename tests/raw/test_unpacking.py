"""The one wanted file out of an archive."""

import errno
from pathlib import Path

import pytest

from pipelines.errors import MetabolismeError, RejectedError
from pipelines.raw import unpacking
from pipelines.raw.unpacking import unpack
from tests.raw.conftest import CSV, make_zip

WORKBOOK = make_zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "unpacked"


def archive(tmp_path: Path, members: dict[str, bytes]) -> Path:
    path = tmp_path / "archive.zip"
    path.write_bytes(make_zip(members))
    return path


def test_a_plain_file_is_left_where_it_is(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_bytes(CSV)
    assert unpack(path, ("csv",), "anything*.csv", folder) == path
    assert not folder.exists()


def test_a_workbook_is_left_as_it_is(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "zones.xlsx"
    path.write_bytes(WORKBOOK)
    assert unpack(path, ("xlsx",), "*.xlsx", folder) == path


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("flows_2023.csv", "flows_*.csv"),
        ("Livraison/2023/FLOWS_2023.CSV", "flows_*.csv"),
        ("Livraison\\flows_2023.csv", "FLOWS_2023.csv"),
        ("flows.csv", None),
    ],
)
def test_the_member_is_found(tmp_path: Path, folder: Path, name: str, member: str | None) -> None:
    members = {"lisez-moi.txt": b"...", name: CSV, "__MACOSX/._flows_2023.csv": b"junk"}
    path = unpack(archive(tmp_path, members), ("csv",), member, folder)
    assert (path.parent, path.read_bytes()) == (folder, CSV)
    assert [p.name for p in folder.iterdir()] == [path.name]


def test_data_and_metadata_are_told_apart(tmp_path: Path, folder: Path) -> None:
    path = archive(tmp_path, {"DS_X_2023_data.csv": CSV, "DS_X_2023_metadata.csv": b"x"})
    assert unpack(path, ("csv",), "*_data.csv", folder).read_bytes() == CSV


def test_archives_in_archives(tmp_path: Path, folder: Path) -> None:
    inner = make_zip({"deep/flows.csv": CSV, "other.txt": b""})
    path = archive(tmp_path, {"a/inner.ZIP": inner, "read.me": b""})
    assert unpack(path, ("csv",), None, folder).read_bytes() == CSV
    assert [p.name for p in folder.iterdir()] == ["flows.csv"]


def test_a_workbook_in_an_archive_in_an_archive(tmp_path: Path, folder: Path) -> None:
    path = archive(tmp_path, {"inner.zip": make_zip({"zones-26.xlsx": WORKBOOK})})
    assert unpack(path, ("xlsx",), "*.xlsx", folder).read_bytes() == WORKBOOK


def test_no_member(tmp_path: Path, folder: Path) -> None:
    path = archive(tmp_path, {"a.csv": CSV, "inner.zip": make_zip({"b.csv": CSV})})
    with pytest.raises(RejectedError, match=r"no files.*(\n.*)*a\.csv, inner\.zip/b\.csv"):
        unpack(path, ("csv",), "flows*.csv", folder)
    with pytest.raises(RejectedError, match="found: nothing"):
        unpack(archive(tmp_path, {}), ("csv",), None, folder)


def test_several_members(tmp_path: Path, folder: Path) -> None:
    path = archive(tmp_path, {"a.csv": CSV, "b.csv": CSV, "c.txt": b""})
    with pytest.raises(
        RejectedError, match=r"2 files(.*\n)*.*found: a\.csv, b\.csv\n.*\n?.*member"
    ):
        unpack(path, ("csv",), None, folder)


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, folder: Path, name: str) -> None:
    for members in ({name: CSV}, {"inner.zip": make_zip({name: CSV})}):
        with pytest.raises(RejectedError, match="lead out of the folder"):
            unpack(archive(tmp_path, members), ("csv",), None, folder)
    assert not list(tmp_path.rglob("evil.csv"))


def test_bombs_are_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "UNPACKED_LIMIT", 50_000)
    bomb = make_zip({"a.csv": b"0" * 60_000})
    for members in ({"a.csv": b"0" * 60_000}, {"inner.zip": bomb}):
        with pytest.raises(RejectedError, match="more than the 50000 allowed"):
            unpack(archive(tmp_path, members), ("csv",), None, folder)
    assert not folder.exists() or not list(folder.iterdir())


def test_endless_nesting_is_refused(tmp_path: Path, folder: Path) -> None:
    content = make_zip({"a.csv": CSV})
    for _ in range(5):
        content = make_zip({"inner.zip": content})
    with pytest.raises(RejectedError, match="too deep"):
        unpack(archive(tmp_path, {"inner.zip": content}), ("csv",), None, folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("cut", [10, -30])
def test_a_truncated_archive(tmp_path: Path, folder: Path, cut: int) -> None:
    path = archive(tmp_path, {"a.csv": CSV})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RejectedError, match="an archive is broken"):
        unpack(path, ("csv",), None, folder)


def test_a_damaged_member_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    path = archive(tmp_path, {"a.csv": CSV})
    content = bytearray(path.read_bytes())
    content[100] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(RejectedError, match="an archive is broken"):
        unpack(path, ("csv",), None, folder)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_full_disk(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(MetabolismeError, match="the disk is full"):
        unpack(archive(tmp_path, {"a.csv": CSV}), ("csv",), None, folder)
