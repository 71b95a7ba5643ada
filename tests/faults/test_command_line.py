"""The command: its exit codes, and messages that a script or a person can use."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from pipelines import cli
from pipelines.release.publishing import latest

from .damage import Cells, cells, damage, forget, state, with_cell
from .ground import Ground, photograph, tells

WELL, FAILED, MISUSED, RESERVATIONS = 0, 1, 2, 3


@dataclass(frozen=True)
class Ended:
    """How the command ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command in this process: for what ends before Dagster starts."""

    def call(*given: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["metabolisme", *map(str, given)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return call


# --- misused: 2 ---


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["run", "--nonsense"], ["--nonsense"]),
        (["nonsense"], ["nonsense"]),
        (["run", "--sources", "nonsense"], ["nonsense", "sample", "official"]),
        (["run", "--sources", "sample", "--mirror", "."], ["mirror"]),
        (["run", "--vintage", "nonsense=2022"], ["nonsense=2022", "SOURCE=VINTAGE"]),
        (["run", "--vintage", "insee_commuting"], ["insee_commuting", "SOURCE=VINTAGE"]),
        (["run", "--vintage", "insee_commuting=1789"], ["insee_commuting", "1789", "2022"]),
        (["run", "--only", "nonsense"], ["nonsense", "work"]),
        (["run", "--only", "work,,nonsense"], ["nonsense", "work"]),
        (["run", "--cog-year", "nonsense"], ["--cog-year"]),
        (["run", "--mirror", "nowhere"], ["--mirror", "nowhere"]),
        (["run", "--perimeters", "nowhere.csv"], ["--perimeters", "nowhere.csv"]),
        (["sources", "fetch", "nonsense"], ["nonsense", "insee_commuting"]),
        (["sources", "nonsense"], ["nonsense"]),
        (["mirror"], ["folder"]),
        (["mirror", "nowhere", "--source", "nonsense"], ["nonsense", "insee_commuting"]),
        (["territory"], ["NAME_OR_CODE"]),
    ],
    ids=lambda given: " ".join(given),
)
def test_misused(
    ground: Ground, command: Command, given: list[str], words: list[str], tmp_path: Path
) -> None:
    ended = command(*given)
    assert ended.code == MISUSED
    assert not ended.out
    tells(ended.err, *words)
    assert not ground.outputs.exists() and not Path("nowhere").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["--mirror", "{file}"], "no such mirror folder"),
        (["--mirror", "{empty}"], "manifest.csv"),
        (["--mirror", "{mirror}", "--cog-year", "1900"], "1900"),
        (["--mirror", "{mirror}", "--perimeters", "{empty}"], "{empty}"),
    ],
    ids=["a file", "no manifest", "a year without list", "a folder as perimeters"],
)
def test_misused_in_a_way_that_only_the_files_tell(
    published: Ground, given: list[str], word: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    before = photograph(published.outputs)
    places = {
        "file": published.mirror / "manifest.csv",
        "empty": tmp_path / "empty",
        "mirror": published.mirror,
    }
    ended = metabolisme("run", *(text.format(**places) for text in given))
    assert ended.code == MISUSED
    assert word.format(**places) in ended.err
    assert photograph(published.outputs) == before


# --- a territory ---


def test_a_territory(published: Ground, command: Command) -> None:
    ended = command("territory", "01001", "--level", "commune")
    assert ended.code == WELL and "01001" in ended.out


def test_a_territory_that_is_unknown(published: Ground, command: Command) -> None:
    ended = command("territory", "Atlantide")
    assert ended.code == MISUSED and "Atlantide" in ended.err and not ended.out


def test_a_territory_without_letters(published: Ground, command: Command) -> None:
    assert command("territory", "---x---").code == MISUSED
    assert command("territory", "").code == MISUSED


def test_a_territory_of_a_level_that_does_not_exist(published: Ground, command: Command) -> None:
    ended = command("territory", "01001", "--level", "canton")
    assert ended.code == MISUSED
    tells(ended.err, "canton", "commune", "epci")


def test_a_name_that_several_bear(published: Ground, command: Command) -> None:
    # A town gives its name to the zone around it.
    names = published.table("territories").filter(level="zone_emploi")["name"]
    named = pl.col("name").is_in(names.to_list())
    town = published.table("territories").filter(named, level="commune")
    ended = command("territory", town["name"][0])
    assert ended.code == MISUSED and not ended.out
    tells(ended.err, f"commune {town['code'][0]}", "zone_emploi", "--level")
    assert command("territory", town["name"][0], "--level", "commune").code == WELL


def test_a_name_of_which_many_have_a_part(published: Ground, command: Command) -> None:
    ended = command("territory", "sur")
    assert ended.code == MISUSED
    assert re.search(r"fits \d+ territories", ended.err) and "…" in ended.err


@pytest.mark.parametrize("given", [["01001"], ["01001", "--json"]])
def test_there_is_no_release(ground: Ground, command: Command, given: list[str]) -> None:
    ended = command("territory", *given)
    assert ended.code == FAILED and not ended.out
    tells(ended.err, "no release", "metabolisme run")


def test_the_release_has_been_removed(published: Ground, command: Command) -> None:
    latest(published.outputs).folder.rename(published.outputs / "old")
    ended = command("territory", "01001", "--level", "commune")
    assert ended.code == FAILED
    tells(ended.err, published.outputs, "what to do")


def test_a_message_does_not_break_a_path(ground: Ground, command: Command) -> None:
    """What a person copies from a log is the path, whole."""
    folder = ground.outputs / ("a" * 60) / ("b" * 60)
    ended = command("territory", "01001", "--out", folder)
    assert str(folder) in ended.err


# --- whole runs, with Dagster: a few, and long ---


def arguments(*given: object) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", *map(str, given)]


def metabolisme(*given: object) -> Ended:
    wide = os.environ | {"COLUMNS": "1000"}
    ended = subprocess.run(arguments(*given), capture_output=True, text=True, check=False, env=wide)
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.slow
def test_a_good_run(ground: Ground) -> None:
    ended = metabolisme("run", "--mirror", ground.mirror, "--json")
    assert ended.code == WELL, ended.err
    assert json.loads(ended.out)["reservations"] == []
    assert (ground.outputs / "latest").is_symlink()


@pytest.mark.slow
def test_a_required_source_fails(published: Ground) -> None:
    before = photograph(published.outputs)
    path = damage(published.mirror, "insee_populations", cells(with_cell("PMUN", "douze")))
    ended = metabolisme("run", "--mirror", published.mirror)
    assert ended.code == FAILED
    tells(ended.err, path.name, "PMUN", "line 5", "douze", "what to do")
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_a_blocking_check_fails(published: Ground) -> None:
    before = photograph(published.outputs)

    def halve(rows: Cells) -> Cells:
        return rows[: len(rows) // 2]

    damage(published.mirror, "insee_cog_communes", cells(halve))
    ended = metabolisme("run", "--mirror", published.mirror)
    assert ended.code == FAILED
    tells(ended.err, "population_conserved", "inhabitants")
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_an_optional_source_fails(published: Ground) -> None:
    old = latest(published.outputs)
    forget(published.mirror, "insee_zonings")
    state(published.mirror, "insee_commuting", sha256="0" * 64)
    ended = metabolisme("run", "--mirror", published.mirror, "--json")
    assert ended.code == RESERVATIONS, ended.err
    summary = json.loads(ended.out)
    said = " ".join(summary["reservations"])
    tells(
        said,
        "unavailable, see the table sources: insee_zonings",
        "insee_commuting: rejected",
        "0" * 64,
    )
    assert latest(published.outputs).version == summary["version"] != old.version


@pytest.mark.slow
def test_a_check_warns(published: Ground) -> None:
    damage(published.mirror, "insee_commuting", cells(with_cell("DCLT", "45999")))
    ended = metabolisme("run", "--mirror", published.mirror)
    assert ended.code == RESERVATIONS, ended.err
    tells(ended.out, "reservation", "flows_placed", "XXXXX")


@pytest.mark.slow
@pytest.mark.parametrize("place", ["file", "file/within"])
def test_the_folder_of_releases_cannot_be_made(ground: Ground, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    ended = metabolisme("run", "--mirror", ground.mirror, "--out", tmp_path / place)
    assert ended.code == FAILED
    tells(ended.err, place, "what to do")


@pytest.mark.slow
def test_another_run_works_on_the_same_tables(published: Ground) -> None:
    before = photograph(published.outputs)
    with FileLock(published.store.folder / ".lock"):
        ended = metabolisme("run", "--mirror", published.mirror)
    assert ended.code == FAILED
    tells(ended.err, "another run is under way", "METABOLISME_HOME")
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_two_runs_at_once(published: Ground) -> None:
    runs = [
        subprocess.Popen(
            arguments("run", "--mirror", published.mirror),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=240)[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [WELL, FAILED], said
    loser = said[[run.returncode for run in runs].index(FAILED)]
    tells(loser, "another run")
    assert (published.outputs / "latest").resolve() == latest(published.outputs).folder


@pytest.mark.slow
def test_the_working_folder_is_a_file(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METABOLISME_HOME", str(ground.mirror / "manifest.csv"))
    ended = metabolisme("run", "--mirror", ground.mirror)
    assert ended.code == FAILED
    tells(ended.err, "manifest.csv", "what to do")
