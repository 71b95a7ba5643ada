"""`doctor`: what makes a machine unfit is found, and nothing is left behind by looking."""

import errno
import json
import os
import shutil
import sys
import tomllib
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from packaging.requirements import Requirement

from pipelines import cli, engine, paths
from pipelines.catalogue.sources import read_source
from pipelines.doctor import examination, folders, machine, project
from pipelines.doctor.examination import examine
from pipelines.doctor.findings import Finding, worst
from pipelines.release.versions import lacking

GB = 1_000_000_000
VERSION = "2026.10.1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def outputs(tmp_path: Path, home: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture
def published(outputs: Path) -> Path:
    """The folder of the releases, with one in it."""
    release(outputs, VERSION)
    (outputs / "latest").symlink_to(VERSION)
    (outputs / "latest.json").write_text(json.dumps({"version": VERSION}))
    return outputs


def release(outputs: Path, version: str) -> Path:
    folder = outputs / version
    folder.mkdir(parents=True)
    (folder / "flows.csv").write_text("need\n")
    package = {"resources": [{"path": "flows.csv", "bytes": 5}]}
    (folder / "datapackage.json").write_text(json.dumps(package))
    return folder


def is_(finding: Finding, status: str, *words: object) -> None:
    """The finding has this status, says these words, and what to do if all is not well."""
    assert finding.status == status, finding
    for word in map(str, words):
        assert word in f"{finding.found} {finding.expected} {finding.todo}", finding
    assert finding.todo or status == "ok", finding


def about(name: str, findings: Iterable[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.about == name]
    return found


def refusing(number: int) -> Callable[..., Any]:
    def refuse(*args: Any, **named: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse


def everything(folder: Path) -> dict[str, float]:
    return {str(path): path.lstat().st_mtime for path in folder.rglob("*")}


# --- versions


def test_the_python_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text())["project"]
    is_(machine.python(), "ok", declared["requires-python"])
    monkeypatch.setattr("platform.python_version", lambda: "3.9.18")
    is_(machine.python(), "failed", "3.9.18", declared["requires-python"])


def test_the_libraries_declared() -> None:
    declared = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text())["project"]
    found = list(machine.libraries())
    assert worst(found) == "ok"
    (duckdb,) = [one for one in map(Requirement, declared["dependencies"]) if one.name == "duckdb"]
    is_(about("duckdb", found), "ok", engine.duckdb.__version__, duckdb.specifier)
    others = len(declared["dependencies"]) - len(machine.NAMED)
    is_(about("other libraries", found), "ok", others)


@pytest.mark.parametrize("name", ["polars", "scipy"])
@pytest.mark.parametrize(("there", "said"), [("0.1", "0.1"), (None, "not installed")])
def test_a_library_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, name: str, there: str | None, said: str
) -> None:
    real = machine._version
    monkeypatch.setattr(machine, "_version", lambda one: there if one == name else real(one))
    found = list(machine.libraries())
    is_(about(name, found), "failed", said, ">=", "requirements.lock")
    assert [finding.about for finding in found if finding.status != "ok"] == [name]


# --- processors and memory


def test_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    is_(machine.processors(), "warning", "2 or more")


@pytest.mark.parametrize(
    ("there", "status"), [(4 * GB, "ok"), (2 * GB, "warning"), (GB // 2, "failed")]
)
def test_memory(monkeypatch: pytest.MonkeyPatch, there: int, status: str) -> None:
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "2GB")
    monkeypatch.setattr(machine, "available_memory", lambda: there)
    is_(machine.memory(), status, f"{there / GB:.1f} GB available")


def test_the_memory_needed_follows_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 3 * GB)
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "16GB")
    is_(machine.memory(), "warning", "METABOLISME_MEMORY")


def test_a_setting_that_is_no_amount_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "plenty")
    finding = machine.memory()
    assert finding.status == "failed"
    assert "METABOLISME_MEMORY" in finding.found and "plenty" in finding.found


def test_the_memory_of_a_container_is_the_most_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # DuckDB bounds itself to 80 % of what its container has.
    monkeypatch.setattr(machine, "_bytes", lambda con: 8_000_000)
    assert machine.available_memory() == 10_000_000


def test_the_memory_that_others_use_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "MemTotal: 9000 kB\nMemAvailable:  2000 kB\n"
    monkeypatch.setattr(Path, "read_text", lambda path, **named: text)
    assert machine.available_memory() == 2000 * 1024


# --- room

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "status"), [(100 * GB, "ok"), (2 * GB, "warning"), (GB // 100, "failed")]
)
def test_room(outputs: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setenv("TMPDIR", str(outputs.parent))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, free))
    (finding,) = machine.room(outputs)
    is_(finding, status, f"{free / GB:.1f} GB free")
    # One disk: what stands on it needs room together.
    assert "releases, working folder, temporary folder" in finding.about
    is_(finding, status, "18.0 GB", "0.8 GB")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no other disk to name")
def test_the_room_of_each_disk(home: Path) -> None:
    found = list(machine.room(Path("/proc/outputs")))
    is_(about("room for: releases", found), "failed", "0.0 GB free", "/proc")
    assert len(found) > 1


# --- rights


@pytest.mark.parametrize("place", ["file", "file/within"])
def test_a_file_where_a_folder_should_be(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("mine")
    found = list(folders.writable(tmp_path / place))
    is_(about("writing: releases", found), "failed", tmp_path / "file")
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / place))
    found = list(folders.writable(tmp_path / "outputs"))
    is_(about("writing: working folder", found), "failed", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="root may write everywhere here")
def test_a_folder_that_nobody_may_write_to(home: Path) -> None:
    found = list(folders.writable(Path("/proc/outputs")))
    is_(about("writing: releases", found), "failed", "/proc")
    is_(folders.links(Path("/proc/outputs")), "failed", "--out")


@pytest.mark.parametrize(("number", "word"), [(errno.EROFS, "rights"), (errno.ENOSPC, "full")])
def test_a_disk_that_refuses(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, number: int, word: str
) -> None:
    monkeypatch.setattr(Path, "write_bytes", refusing(number))
    found = list(folders.writable(outputs))
    assert [finding.status for finding in found] == ["failed"] * 3
    is_(found[0], "failed", word, os.strerror(number))


def test_a_folder_of_the_working_folder_that_is_somebody_elses(
    outputs: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "cache").mkdir(parents=True)
    real = Path.write_bytes

    def write(path: Path, content: bytes) -> int:
        if home / "cache" in path.parents:
            refusing(errno.EACCES)()
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    found = list(folders.writable(outputs))
    is_(about("writing: working folder", found), "failed", home / "cache", "rights")


def test_a_temporary_folder_that_is_not_there(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(outputs / "gone"))
    monkeypatch.setattr("tempfile.mkdtemp", refusing(errno.ENOENT))
    found = list(folders.writable(outputs))
    is_(about("writing: temporary folder", found), "failed", "gone")


# --- links and renames


@pytest.mark.parametrize("act", ["symlink_to", "rename", "replace"])
def test_what_publishing_needs_is_refused(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    is_(folders.links(outputs), "ok")
    monkeypatch.setattr(Path, act, refusing(errno.EPERM))
    is_(folders.links(outputs), "failed", "rights", "METABOLISME_OUTPUTS")
    assert not everything(outputs.parent)


def test_a_platform_without_links(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **named: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Path, "symlink_to", unknown)
    is_(folders.links(outputs), "warning", "latest.json")


def test_a_link_that_leads_nowhere(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "symlink_to", lambda path, *_, **__: path.mkdir())
    is_(folders.links(outputs), "failed")


# --- the latest release


def test_no_release_yet(outputs: Path) -> None:
    is_(folders.pointers(outputs), "ok", "none yet")


def test_a_release_that_is_whole(published: Path) -> None:
    is_(folders.pointers(published), "ok", VERSION)
    assert lacking(published / VERSION) == []


def test_latest_is_no_link(published: Path) -> None:
    (published / "latest").unlink()
    (published / "latest").mkdir()
    is_(folders.pointers(published), "failed", "not a link", "move it away")


def _garbage(outputs: Path) -> None:
    (outputs / "latest.json").write_text("{")


def _of_nothing(outputs: Path) -> None:
    (outputs / "latest.json").write_text('{"version": "2026.09.1"}')


def _removed(outputs: Path) -> None:
    shutil.rmtree(outputs / VERSION)


def _no_json(outputs: Path) -> None:
    (outputs / "latest.json").unlink()


def _no_link(outputs: Path) -> None:
    (outputs / "latest").unlink()


def _older_link(outputs: Path) -> None:
    release(outputs, "2026.09.1")
    (outputs / "latest").unlink()
    (outputs / "latest").symlink_to("2026.09.1")


def _lost_file(outputs: Path) -> None:
    (outputs / VERSION / "flows.csv").unlink()


def _cut_file(outputs: Path) -> None:
    (outputs / VERSION / "flows.csv").write_text("ne")


def _package(outputs: Path) -> None:
    (outputs / VERSION / "datapackage.json").write_text('{"resources": [{}]}')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_garbage, ["latest.json", "{"]),
        (_of_nothing, ["2026.09.1", "latest.json"]),
        (_removed, [VERSION, "put the release back"]),
        (_no_json, [VERSION, "latest.json is not there"]),
        (_no_link, ["leads to nothing", VERSION]),
        (_older_link, ["2026.09.1", VERSION]),
        (_lost_file, ["flows.csv"]),
        (_cut_file, ["flows.csv"]),
        (_package, ["datapackage.json", "KeyError"]),
    ],
)
def test_a_latest_that_is_broken(
    published: Path, spoil: Callable[[Path], None], words: list[str]
) -> None:
    spoil(published)
    # A run would publish all the same: what reads `latest` fails till then.
    is_(folders.pointers(published), "warning", *words, "metabolisme run")


# --- other runs, and what they left


@pytest.fixture
def places(published: Path, home: Path) -> dict[str, Path]:
    """The folders that a lock protects."""
    there = {
        "releases": published,
        "tables": home / "tables" / "sample",
        "downloads": home / "cache" / "toy" / "2023",
    }
    for folder in there.values():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    return there


@pytest.mark.parametrize("name", ["releases", "tables"])
def test_another_run(places: dict[str, Path], name: str) -> None:
    is_(about("other runs", folders.locks(places["releases"])), "ok")
    with FileLock(places[name] / ".lock"):
        found = list(folders.locks(places["releases"]))
    is_(about("other runs", found), "failed", places[name], "wait")


def test_a_lock_is_not_made_by_looking(outputs: Path) -> None:
    outputs.mkdir()
    is_(about("other runs", folders.locks(outputs)), "ok")
    assert not list(outputs.iterdir())


LEFT = [
    ("releases", ".staging-12"),
    ("releases", ".latest.12"),
    ("releases", ".latest.json.12.part"),
    ("releases", ".removed-2026.09.1.12"),
    ("tables", ".flows.parquet.12.part"),
    ("tables", ".spill"),
    ("downloads", "tmpabc"),
    ("downloads", ".incoming"),
]


@pytest.mark.parametrize(("place", "name"), LEFT)
def test_something_half_made(places: dict[str, Path], place: str, name: str) -> None:
    is_(folders.leftovers(places["releases"]), "ok")
    (places[place] / name).touch()
    is_(folders.leftovers(places["releases"]), "warning", places[place] / name)
    # What is under way is no leftover.
    with FileLock(places[place] / ".lock"):
        is_(folders.leftovers(places["releases"]), "ok")


# --- the project


def test_the_catalogues() -> None:
    (finding,) = project.catalogues()
    is_(finding, "ok", "sources", "tables", "indicators")


def test_every_yaml_is_read_by_some_catalogue() -> None:
    assert len(project.CATALOGUES) == len(list(paths.CATALOGUE.glob("*.yml"))) + 1


@pytest.mark.parametrize(
    ("text", "word"), [("id: [", "not valid YAML"), ("id: toy\ncolour: blue", "colour")]
)
def test_a_catalogue_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, word: str
) -> None:
    path = tmp_path / "toy.yml"
    path.write_text(text)
    # Two catalogues that read the same file say it once.
    for name in ("sources", "tables"):
        monkeypatch.setitem(project.CATALOGUES, name, lambda: {"toy": read_source(path)})
    (finding,) = project.catalogues()
    is_(finding, "failed", word, path)


def test_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    is_(project.chromium(), "warning", "sheet --pdf")
    (tmp_path / "chromium").touch(mode=0o755)
    is_(project.chromium(), "ok", tmp_path / "chromium")


# --- the whole


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without fault in what is not of the folders."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, 100 * GB))
    monkeypatch.setattr(machine, "available_memory", lambda: 100 * GB)
    monkeypatch.setattr(machine, "processors", lambda: Finding("processors", "ok", "2"))
    monkeypatch.setattr(project, "chromium", lambda: Finding("Chromium", "ok", "there"))


@pytest.mark.usefixtures("quick")
def test_looking_leaves_nothing(outputs: Path, tmp_path: Path) -> None:
    assert worst(examine(outputs)) == "ok"
    assert everything(tmp_path) == {}


@pytest.mark.usefixtures("quick")
def test_looking_changes_nothing(places: dict[str, Path], tmp_path: Path) -> None:
    (places["releases"] / ".staging-12").mkdir()
    before = everything(places["releases"] / VERSION)
    names = set(everything(tmp_path))
    examine(places["releases"])
    assert everything(places["releases"] / VERSION) == before
    assert set(everything(tmp_path)) == names


def test_what_cannot_be_looked_at_is_found_so(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", refusing(errno.EACCES))
    is_(about("room", examine(outputs)), "failed", os.strerror(errno.EACCES))


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    def call(*given: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["metabolisme", "doctor", *map(str, given)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    yield call


def test_a_machine_that_is_fit(command: Command, published: Path) -> None:
    code, out = command("--out", published)
    assert code == 0 and VERSION in out
    assert out.splitlines()[-1].startswith("fit for a run (")


def test_a_machine_with_something_to_know(command: Command, published: Path) -> None:
    (published / ".staging-12").mkdir()
    code, out = command("--out", published)
    assert code == 3 and "what to do: remove them" in out
    assert "with reservations" in out.splitlines()[-1]


def test_a_machine_that_is_not_fit(command: Command, published: Path) -> None:
    (published / ".staging-12").mkdir()
    (published / "latest").unlink()
    (published / "latest").mkdir()
    code, out = command("--out", published)
    assert code == 1 and "what to do: move it away" in out
    assert out.splitlines()[-1].startswith("not fit")


def test_a_message_does_not_break_a_path(command: Command, published: Path) -> None:
    (published / ".staging-12").mkdir()
    _, out = command("--out", published)
    assert f"found: 1 half-made: {published / '.staging-12'}\n" in out


def test_for_scripts(command: Command, published: Path) -> None:
    (published / ".lock").touch()
    with FileLock(published / ".lock"):
        code, out = command("--out", published, "--json")
    said = json.loads(out)
    assert (code, said["status"]) == (1, "failed")
    (failed,) = [one for one in said["findings"] if one["status"] == "failed"]
    assert failed["about"] == "other runs" and failed["found"] and failed["todo"]


def test_links_are_asked_for_only_when_told_to(
    command: Command, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(examination.project, "publishers", lambda say: asked.append(say) or [])
    command("--out", published)
    assert not asked
    command("--out", published, "--links")
    assert asked
