"""A disk that is full, or that may not be written: one message, and the last release stays."""

import errno
import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import disk, engine
from pipelines.catalogue.tables import tables
from pipelines.errors import MetabolismeError
from pipelines.raw.obtaining import write_source_files
from pipelines.release import as_csv, publishing
from pipelines.release.publishing import publish
from pipelines.settings import Settings
from pipelines.store import Store

from .damage import file_of
from .ground import Ground, photograph, tells
from .killed import without_pages

FULL = os.strerror(errno.ENOSPC)


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are files like the others to a disk, and take long to make."""
    monkeypatch.setattr(publishing, "write_site", without_pages)


def full(*args: Any, **named: Any) -> Any:
    raise OSError(errno.ENOSPC, FULL)


def fails(act: Callable[[], object], *words: object) -> None:
    with pytest.raises(MetabolismeError) as caught:
        act()
    assert type(caught.value).__module__ == "pipelines.errors"
    tells(str(caught.value), *words, "where", "found", "what to do")


# --- full, where it is told to be ---


class FullConnection:
    """DuckDB on a full disk: nothing can be written."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: str, *parameters: Any) -> Any:
        if query.startswith("copy"):
            raise duckdb.IOException(f'IO Error: Could not write file "x": {FULL}')
        return self._connection.execute(query, *parameters)


def test_a_table_cannot_be_written(published: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    before = photograph(published.outputs)
    tables = photograph(published.store.folder)
    connection = engine.connection

    @contextmanager
    def full_connection(store: Store) -> Iterator[FullConnection]:
        with connection(store) as con:
            yield FullConnection(con)

    monkeypatch.setattr(engine, "connection", full_connection)
    fails(published.run, "the disk is full", published.store.path("source_files"))
    assert photograph(published.outputs) == before
    assert photograph(published.store.folder) == tables


def _half(parquet: Path, table: object) -> Path:
    parquet.with_suffix(".csv").write_text("level,code\ncomm", encoding="utf-8")
    return full()


ON_PUBLISHING: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "the copy of a table": (shutil, "copyfile", full),
    "a CSV": (publishing, "write_csv", _half),
    "the data package": (publishing, "write_datapackage", full),
    "the flush": (os, "fsync", full),
    "the folder's own name": (Path, "rename", full),
    "the link": (Path, "symlink_to", full),
    "the folder": (Path, "mkdir", full),
}


# The others write most of a release before they fail: they take long.
QUICK = {"the copy of a table", "a CSV", "the link", "the folder"}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(place, id=name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name, place in ON_PUBLISHING.items()
    ],
)
def test_a_release_cannot_be_written(
    published: Ground,
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[object, str, Callable[..., Any]],
) -> None:
    before = photograph(published.outputs)
    with monkeypatch.context() as patch:
        patch.setattr(*place)
        fails(lambda: publish(published.store, published.outputs), "full", published.outputs)
    left = photograph(published.outputs)
    # A release that could not be pointed at may stand there, whole; half of one may not.
    assert {path: left.get(path) for path in before} == before
    assert not [path for path in left if path.startswith(".")]


def test_the_disk_fills_while_a_csv_is_packed(
    published: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(published.store.path("flows"), tmp_path))
    plain = as_csv.write_csv(copy, tables()["flows"])
    assert plain.suffix == ".csv" and plain.stat().st_size > 1_000_000
    monkeypatch.setattr(as_csv, "PLAIN", 1_000_000)
    packed = as_csv.write_csv(copy, tables()["flows"])
    assert packed.name == "flows.csv.gz"
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    # The one who packs goes away: it says why, not that the pipe is broken.
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match=FULL):
        as_csv.write_csv(copy, tables()["flows"])


def test_latest_json_cannot_be_written(published: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text = Path.write_text

    def refuse(path: Path, *args: Any, **named: Any) -> int:
        return full() if "latest.json" in path.name else write_text(path, *args, **named)

    old = publishing.latest(published.outputs)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        fails(lambda: publish(published.store, published.outputs), "full")
    # The two pointers may differ for lack of room, but both are to whole releases.
    assert publishing.latest(published.outputs) == old
    for pointed in (old.folder, (published.outputs / "latest").resolve()):
        assert (pointed / "datapackage.json").is_file()


def test_the_outcome_of_a_check_cannot_be_written(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", full)
    fails(lambda: ground.check("sources"), "full", ground.store.folder)


def test_what_comes_out_of_an_archive_cannot_be_written(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This machine fails, not the source: it is not set aside.
    monkeypatch.setattr(shutil, "copyfileobj", full)
    fails(lambda: ground.make("insee_commuting"), "full")


def test_the_scratch_folder_cannot_be_made(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", full)
    fails(lambda: ground.make("insee_commuting"), "full")


def test_the_sample_cannot_be_written(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", full)
    fails(lambda: write_source_files(Settings("sample"), ground.store), "full", "sample")


# --- a disk that fails while it is read ---


def test_a_mirror_on_a_disk_that_fails(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file_of(ground.mirror, "insee_commuting")

    def broken(read: Any, **named: Any) -> str:
        if read == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return hash_of(read, **named)

    import pooch

    hash_of = pooch.file_hash
    monkeypatch.setattr(pooch, "file_hash", broken)
    fails(lambda: ground.make("source_files"), path)


# --- full or read-only in truth ---


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A small disk in memory, where this is allowed."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        made = subprocess.run(["mount", *options], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_of_releases(published: Ground, tmp_path: Path) -> None:
    size = sum(p.stat().st_size for p in published.outputs.rglob("*") if p.is_file())
    with mounted(tmp_path / "disk", str(int(size * 1.4))) as folder:
        outputs = folder / "outputs"
        shutil.copytree(published.outputs, outputs, symlinks=True)
        before = photograph(outputs)
        fails(lambda: publish(published.store, outputs), "the disk is full", outputs)
        assert photograph(outputs) == before


@pytest.mark.parametrize("size", ["16k", "256k"])
def test_a_full_disk_of_tables(
    published: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    before = photograph(published.outputs)
    with mounted(tmp_path / "disk", size) as folder:
        monkeypatch.setenv("METABOLISME_HOME", str(folder / "home"))
        fails(published.run, "the disk is full", folder)
    assert photograph(published.outputs) == before


def test_a_read_only_disk(published: Ground, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "256m") as folder:
        outputs = folder / "outputs"
        shutil.copytree(published.outputs, outputs, symlinks=True)
        before = photograph(outputs)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        fails(lambda: publish(published.store, outputs), "rights", outputs)
        assert photograph(outputs) == before


# --- not a folder ---


@pytest.mark.parametrize("place", ["file", "file/within"])
def test_the_folder_of_releases_is_a_file(ground: Ground, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    fails(lambda: publish(ground.store, tmp_path / place), tmp_path / place)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("origin", ["sample", "mirror"])
def test_the_working_folder_is_a_file(
    published: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    before = photograph(published.outputs)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / "file"))
    settings = Settings(
        origin,  # type: ignore[arg-type]
        published.mirror if origin == "mirror" else None,
        outputs=published.outputs,
    )
    fails(lambda: write_source_files(settings, published.store), tmp_path / "file")
    assert photograph(published.outputs) == before


def test_the_folder_of_the_sample_holds_something_else(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "home/sample").mkdir()
    (tmp_path / "home/sample/mine.txt").write_text("mine", encoding="utf-8")
    fails(lambda: write_source_files(Settings("sample"), ground.store), tmp_path / "home/sample")
    assert (tmp_path / "home/sample/mine.txt").is_file()


def test_errors_of_rights_and_room_are_told_apart(tmp_path: Path) -> None:
    for number, word in ((errno.ENOSPC, "full"), (errno.EROFS, "rights"), (errno.EIO, "answer")):
        with pytest.raises(MetabolismeError, match=word), disk.disk_errors(tmp_path):
            raise OSError(number, os.strerror(number))
