"""Releases follow one another, some are kept and some held: whatever happens, `latest` is whole."""

import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pooch
import pytest
from filelock import FileLock

from pipelines import cli
from pipelines.catalogue import drift as limits
from pipelines.errors import CatalogueError, MetabolismeError, UsageError
from pipelines.orchestration import running
from pipelines.orchestration.running import run_alone
from pipelines.orchestration.settings import RunSettings
from pipelines.release import publishing, versions
from pipelines.release.publishing import Release, latest, publish
from pipelines.settings import Settings
from pipelines.store import Store
from tests.small import EPCI, Records, records, small_release, small_store

from .ground import photograph, tells
from .killed import FEW, publish_few, without_pages
from .test_disk import fails, full, mounted

KILLS = 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a small store."""
    return small_store(tmp_path_factory.mktemp("small"), records()).folder


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A copy of it, to change, of which the tables that are not empty are published."""
    monkeypatch.setattr(publishing, "tables", lambda: FEW)
    monkeypatch.setattr(publishing, "write_site", without_pages)
    shutil.copytree(made, tmp_path / "tables")
    return Store(tmp_path / "tables")


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def names(folder: Path) -> list[str]:
    return [path.name for path in versions.released(folder)]


def is_whole(folder: Path) -> bool:
    """Every file that the data package names is there, to the byte."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return all(
        f"sha256:{pooch.file_hash(str(folder / one['path']), alg='sha256')}" == one["hash"]
        for one in package["resources"]
    )


def next_to(release: Release, steps: int = 1) -> str:
    month, _, number = release.version.rpartition(".")
    return f"{month}.{int(number) + steps}"


def drifted() -> Records:
    """Two EPCI in ten are gone."""
    changed = records()
    changed["territories"] = [row for row in changed["territories"] if row["code"] not in EPCI[:2]]
    return changed


# --- killed at any moment ---


def process(*given: Any) -> Any:
    """A process that publishes, or dies where it is told to; it starts with all that it needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([publish_few.__module__])
    started = context.Process(target=publish_and_die, args=given)
    started.start()
    return started


def publish_and_die(place: tuple[str, str] | None, *given: Any) -> None:
    if place:
        module, function = place
        setattr(importlib.import_module(module), function, die)
    publish_few(*given)


def die(*given: Any, **named: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_killed_at_any_moment(store: Store, outputs: Path) -> None:
    moment = random.Random(20260301)
    asked = (None, store.folder, outputs, 2, False)
    process(*asked).join()
    began = time.monotonic()
    whole = process(*asked)
    whole.join()
    assert whole.exitcode == 0
    whole_time = time.monotonic() - began
    killed = 0
    for _ in range(KILLS):
        dying = process(*asked)
        dying.join(moment.uniform(0, whole_time))
        dying.kill()
        dying.join()
        killed += dying.exitcode == -signal.SIGKILL
        assert is_whole((outputs / "latest").resolve()) and is_whole(latest(outputs).folder)
        assert all(is_whole(folder) for folder in versions.released(outputs))
        release = publish(store, outputs, keep=2)
        assert (outputs / "latest").resolve() == latest(outputs).folder == release.folder
        hidden = sorted(p.name for p in outputs.iterdir() if p.name.startswith("."))
        assert hidden == [".lock"]
        assert len(names(outputs)) <= 2
    assert killed > KILLS / 2, "the machine was too slow, or too fast: few were killed"


def killed_at(*given: Any) -> None:
    dying = process(*given)
    dying.join()
    assert dying.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        ("pipelines.release.publishing", "_make_room"),
        ("pipelines.release.publishing", "remove_held"),
        ("pipelines.release.publishing", "remove_old"),
        ("shutil", "rmtree"),
    ],
    ids=lambda place: place[1],
)
def test_killed_while_older_releases_are_removed(
    store: Store, outputs: Path, place: tuple[str, str]
) -> None:
    for _ in range(3):
        publish(store, outputs)
    killed_at(place, store.folder, outputs, 1, False)
    assert is_whole((outputs / "latest").resolve()) and is_whole(latest(outputs).folder)
    assert all(is_whole(folder) for folder in versions.released(outputs))
    release = publish(store, outputs, keep=1)
    assert names(outputs) == [release.version]
    assert sorted(p.name for p in outputs.iterdir() if p.name[0] == ".") == [".lock"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        ("pipelines.release.publishing", "hold"),
        ("pipelines.release.versions", "remove"),
        ("pipelines.release.publishing", "held_error"),
    ],
    ids=lambda place: place[1],
)
def test_killed_while_a_release_is_held(
    store: Store, outputs: Path, place: tuple[str, str]
) -> None:
    first = publish(store, outputs)
    small_release(store.folder, drifted())
    with pytest.raises(MetabolismeError):
        publish(store, outputs)
    killed_at(place, store.folder, outputs, None, False)
    assert latest(outputs) == first and names(outputs) == [first.version]
    assert all(is_whole(folder) for folder in versions.released(outputs / "held"))
    release = publish(store, outputs, accept_drift=True)
    assert names(outputs) == [first.version, release.version]
    assert not (outputs / "held").exists()
    assert sorted(p.name for p in outputs.iterdir() if p.name[0] == ".") == [".lock"]


# --- how many are kept ---


def test_the_last_releases_are_kept(store: Store, outputs: Path) -> None:
    made = [publish(store, outputs).version for _ in range(4)]
    assert names(outputs) == made
    last = publish(store, outputs, keep=2)
    assert names(outputs) == [made[-1], last.version]
    assert last.remark is None
    assert publish(store, outputs, keep=9).version == next_to(last)
    assert len(names(outputs)) == 3


def test_the_order_is_that_of_numbers(store: Store, outputs: Path) -> None:
    first = publish(store, outputs)
    for steps in range(8, 11):
        shutil.copytree(first.folder, outputs / next_to(first, steps))
    last = publish(store, outputs, keep=2)
    assert last.version == next_to(first, 11)
    assert names(outputs) == [next_to(first, 10), last.version]


def test_only_releases_are_removed(store: Store, outputs: Path) -> None:
    first = publish(store, outputs)
    mine = outputs / "2001.01.1"
    mine.mkdir()
    (mine / "notes.txt").write_text("no data package: no release", encoding="utf-8")
    shutil.copytree(first.folder, outputs / "mine")
    shutil.copytree(first.folder, outputs / "2001.01.1-copy")
    (outputs / "2001.01.2").symlink_to(first.version, target_is_directory=True)
    (outputs / "2001.01.3").write_text("a file", encoding="utf-8")
    last = publish(store, outputs, keep=1)
    assert names(outputs) == [last.version]
    for name in ("2001.01.1/notes.txt", "mine/datapackage.json", "2001.01.1-copy", "2001.01.3"):
        assert (outputs / name).exists(), name
    assert (outputs / "2001.01.2").is_symlink()


def test_the_release_that_latest_names_is_kept(store: Store, outputs: Path) -> None:
    # The clock went back: what is newest by name is not.
    first = publish(store, outputs)
    shutil.copytree(first.folder, outputs / "2999.01.1")
    last = publish(store, outputs, keep=1)
    assert names(outputs) == [last.version, "2999.01.1"]
    assert latest(outputs) == last


@pytest.mark.parametrize("keep", [0, -1])
def test_none_would_be_kept(store: Store, outputs: Path, keep: int) -> None:
    with pytest.raises(UsageError) as caught:
        publish(store, outputs, keep=keep)
    tells(str(caught.value), "--keep", keep)
    assert not outputs.exists()


def test_nothing_is_removed_by_a_run_that_fails(
    store: Store, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        publish(store, outputs)
    before = photograph(outputs)
    monkeypatch.setattr(publishing, "write_datapackage", full)
    fails(lambda: publish(store, outputs, keep=1), "full", outputs)
    assert photograph(outputs) == before


def test_an_older_release_that_cannot_be_removed(
    store: Store, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(store, outputs)

    def forbidden(*given: Any, **named: Any) -> None:
        raise PermissionError(13, "Permission denied", str(first.folder))

    with monkeypatch.context() as patch:
        patch.setattr(versions, "remove", forbidden)
        last = publish(store, outputs, keep=1)
    # It is published, and says what is left to do.
    assert latest(outputs) == last
    tells(last.remark, "could not be removed", first.folder)
    with monkeypatch.context() as patch:
        patch.setattr(versions.shutil, "rmtree", lambda *given, **named: None)
        last = publish(store, outputs, keep=1)
    tells(last.remark, "could not be removed", first.version)
    assert names(outputs) == [last.version]
    last = publish(store, outputs, keep=1)
    assert last.remark is None and names(outputs) == [last.version]


# --- held ---


def test_a_release_that_drifts_is_held(store: Store, outputs: Path) -> None:
    first = publish(store, outputs)
    before = photograph(outputs)
    small_release(store.folder, drifted())
    with pytest.raises(MetabolismeError) as caught:
        publish(store, outputs, keep=1)
    held = outputs / "held" / next_to(first)
    tells(str(caught.value), "held", held, first.version, "territories_lost", "epci: 20 %")
    tells(str(caught.value), "at most 2", "what to do", "--accept-drift", "changes.md")
    after = photograph(outputs)
    assert {path: after.get(path) for path in before} == before
    assert is_whole(held) and names(outputs) == [first.version]
    told = json.loads((held / "changes.json").read_text(encoding="utf-8"))
    assert told["before"] == first.version
    assert [one["what"] for one in told["drift"]["passed"]] == ["epci"]
    assert "Intercommunalité" in (held / "changes.md").read_text(encoding="utf-8")


def test_only_the_last_held_stays_and_no_number_comes_twice(store: Store, outputs: Path) -> None:
    first = publish(store, outputs)
    small_release(store.folder, drifted())
    for steps in (1, 2):
        with pytest.raises(MetabolismeError):
            publish(store, outputs)
        assert names(outputs / "held") == [next_to(first, steps)]
    last = publish(store, outputs, accept_drift=True)
    assert last.version == next_to(first, 3)
    assert not (outputs / "held").exists()
    # The drift is told all the same; and the next release is judged by this one.
    told = json.loads((last.folder / "changes.json").read_text(encoding="utf-8"))
    assert told["drift"]["passed"]
    assert publish(store, outputs).version == next_to(last)


def test_a_release_that_is_as_it_was_removes_what_is_held(store: Store, outputs: Path) -> None:
    publish(store, outputs)
    small_release(store.folder, drifted())
    with pytest.raises(MetabolismeError):
        publish(store, outputs)
    (outputs / "held" / "mine.txt").write_text("mine", encoding="utf-8")
    small_release(store.folder, records())
    publish(store, outputs)
    assert [path.name for path in (outputs / "held").iterdir()] == ["mine.txt"]


def test_limits_that_make_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (limits.paths.CATALOGUE / "drift.yml").read_text(encoding="utf-8")
    limits.drift.cache_clear()
    monkeypatch.setattr(limits.paths, "CATALOGUE", tmp_path)
    for good, bad, word in (
        ("most: 0.02", "most: 2", "less than or equal to 1"),
        ("most: 0.02", "moost: 0.02", "moost"),
        ("dgcl_epci", "dgcl_epcii", "dgcl_epcii"),
        ("  region:", "  regoin:", "regoin"),
    ):
        (tmp_path / "drift.yml").write_text(text.replace(good, bad, 1), encoding="utf-8")
        with pytest.raises(CatalogueError) as caught:
            limits.drift()
        tells(str(caught.value), "drift.yml", word)
    monkeypatch.undo()
    limits.drift.cache_clear()


# --- the release before ---


def test_the_release_before_is_the_one_that_latest_names(store: Store, outputs: Path) -> None:
    first = publish(store, outputs)
    shutil.copytree(first.folder, outputs / next_to(first))
    last = publish(store, outputs)
    assert last.version == next_to(first, 2)
    told = json.loads((last.folder / "changes.json").read_text(encoding="utf-8"))
    assert told["before"] == first.version


@pytest.mark.parametrize("pointer", ["broken", "none"])
def test_without_latest_it_is_the_newest(store: Store, outputs: Path, pointer: str) -> None:
    for _ in range(2):
        newest = publish(store, outputs)
    (outputs / "latest").unlink()
    (outputs / "latest.json").unlink()
    if pointer == "broken":
        (outputs / "latest").symlink_to("2001.01.1")
    last = publish(store, outputs)
    told = json.loads((last.folder / "changes.json").read_text(encoding="utf-8"))
    assert told["before"] == newest.version


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", None], ids=["empty", "a page", "cut"]
)
def test_the_release_before_is_damaged(store: Store, outputs: Path, content: bytes | None) -> None:
    first = publish(store, outputs)
    file = first.folder / "indicators.parquet"
    file.write_bytes(file.read_bytes()[:-200] if content is None else content)
    before = photograph(outputs)
    with pytest.raises(MetabolismeError) as caught:
        publish(store, outputs)
    tells(str(caught.value), "cannot be read", file, "what to do")
    assert photograph(outputs) == before
    # As it says: without that release, or with its file, the next one is published.
    shutil.rmtree(first.folder)
    release = publish(store, outputs)
    assert latest(outputs) == release


# --- a disk that is full, or read-only ---


def test_a_full_disk_keeps_all_releases(store: Store, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "64m") as disk:
        outputs = disk / "outputs"
        for _ in range(3):
            publish(store, outputs)
        room = shutil.disk_usage(disk).free - 20_000
        (disk / "ballast").write_bytes(b"0" * room)
        before = photograph(outputs)
        fails(lambda: publish(store, outputs, keep=1), "the disk is full", outputs)
        assert photograph(outputs) == before


def test_read_only_outputs(store: Store, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "32m") as disk:
        outputs = disk / "outputs"
        publish(store, outputs)
        before = photograph(outputs)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        fails(lambda: publish(store, outputs, keep=1), "rights", outputs)
        assert photograph(outputs) == before


# --- the command ---


def command(monkeypatch: pytest.MonkeyPatch, *given: object) -> int:
    """Call the command in this process: its exit code."""
    monkeypatch.setattr(sys, "argv", ["metabolisme", *map(str, given)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_the_command_that_compares(
    store: Store,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = publish(store, outputs)
    small_release(store.folder, drifted())
    last = publish(store, outputs, accept_drift=True)
    assert command(monkeypatch, "diff", first.version, "latest", "--out", outputs) == 0
    tells(capsys.readouterr().out, first.version, "Intercommunalité (EPCI)", "20\u00a0%")
    # By their folders, from anywhere; a drift is told, and is no failure.
    given = ["diff", first.folder, last.folder, "--out", "elsewhere", "--json"]
    assert command(monkeypatch, *given) == 0
    told = json.loads(capsys.readouterr().out)
    published = json.loads((last.folder / "changes.json").read_text(encoding="utf-8"))
    assert told == {"after": last.version} | published


def test_a_release_that_is_not_there(
    store: Store,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = publish(store, outputs)
    for given in ([first.version, "2001.01.1"], ["2001.01.1", "latest"], ["..", "latest"]):
        assert command(monkeypatch, "diff", *given, "--out", outputs) == 2
        said = capsys.readouterr()
        assert not said.out
        tells(said.err, "no such release", first.version, "what to do")
    assert command(monkeypatch, "diff", first.version) == 2


@pytest.mark.parametrize("keep", ["0", "-1", "all", "1.5"])
def test_a_number_to_keep_that_makes_no_sense(
    keep: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "run", "--keep", keep) == 2
    tells(capsys.readouterr().err, "--keep")


def test_the_choices_reach_the_run() -> None:
    """From the command to the assets: what is scheduled can be asked the same."""
    settings = Settings(keep=3, accept_drift=True)
    assert RunSettings(**running._config(settings)).settings() == settings
    assert RunSettings().settings().keep is None


# --- two at once ---


def test_another_run_works_on_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path))
    settings = Settings(outputs=tmp_path / "outputs", keep=1)
    settings.tables.mkdir(parents=True)
    with FileLock(settings.tables / ".lock"), pytest.raises(MetabolismeError) as caught:
        run_alone(settings, lambda step, seconds: None)
    tells(str(caught.value), "another run", settings.tables, "METABOLISME_HOME")
    assert not settings.outputs.exists()
