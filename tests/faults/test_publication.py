"""Whatever happens while a release is made, `latest` is whole: the old one, or the new one."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.errors import MetabolismeError
from pipelines.release.changes import compare
from pipelines.release.publishing import latest, publish

from .damage import WEB_PAGE, damage, damage_whole, edit_manifest, file_of, forget, halved
from .ground import Ground, photograph, says, tells

# They depend on the release before, or hold the hash of one that does.
TOLD_OF_THE_ONE_BEFORE = {"changes.json", "changes.md", "datapackage.json", "catalog.jsonld"}


def is_whole(folder: Path) -> bool:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return all((folder / r["path"]).stat().st_size == r["bytes"] for r in package["resources"])


# --- a run that fails leaves everything as it was ---


def _web_page(mirror: Path) -> None:
    damage_whole(mirror, "insee_populations", lambda content: WEB_PAGE)


def _lost(mirror: Path) -> None:
    forget(mirror, "insee_cog_communes")


def _cut(mirror: Path) -> None:
    damage(mirror, "insee_cog_movements", halved)


def _workbook(mirror: Path) -> None:
    damage_whole(mirror, "dgcl_epci", halved)


def _other_bytes(mirror: Path) -> None:
    file_of(mirror, "insee_cog_regions").write_bytes(b"REG,LIBELLE\n")


def _unlinked(mirror: Path) -> None:
    file_of(mirror, "dgcl_epci").unlink()


def _no_manifest(mirror: Path) -> None:
    (mirror / "manifest.csv").unlink()


def _empty_manifest(mirror: Path) -> None:
    edit_manifest(mirror, lambda rows: [])


@pytest.mark.parametrize(
    ("accident", "word"),
    [
        (_web_page, "insee_populations"),
        (_lost, "insee_cog_communes"),
        (_cut, "insee_cog_movements"),
        (_workbook, "dgcl_epci"),
        (_other_bytes, "insee_cog_regions"),
        (_unlinked, "dgcl_epci"),
        (_no_manifest, "manifest.csv"),
        (_empty_manifest, "manifest.csv"),
    ],
)
def test_a_run_that_fails(published: Ground, accident: object, word: str) -> None:
    before = photograph(published.outputs)
    accident(published.mirror)  # type: ignore[operator]
    with pytest.raises(MetabolismeError) as caught:
        published.run()
    tells(str(caught.value), word, "what to do")
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_after_a_run_that_failed_the_next_one_is_whole(published: Ground) -> None:
    good = file_of(published.mirror, "insee_populations").read_bytes()
    before = {k: v for k, v in photograph(published.outputs).items() if "latest" not in k}
    old = latest(published.outputs)
    damage(published.mirror, "insee_populations", halved)
    with pytest.raises(MetabolismeError):
        published.run()
    damage_whole(published.mirror, "insee_populations", lambda content: good)
    release = published.run()
    after = photograph(published.outputs)
    assert release != old and latest(published.outputs) == release
    # Same input, same bytes; and the release of before stands beside.
    for path, content in before.items():
        assert after[path] == content
        # A page names its release.
        if Path(path).name not in TOLD_OF_THE_ONE_BEFORE and Path(path).suffix != ".html":
            assert after[path.replace(old.version, release.version)] == content, path
    assert compare(old.folder, release.folder).is_empty


# --- killed at the worst moments ---

KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.release import publishing
from pipelines.store import Store

def die(*args, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(function, times):
    left = [times]
    def call(*args, **named):
        left[0] -= 1
        return function(*args, **named) if left[0] >= 0 else die()
    return call

def die_putting(name):
    replace = Path.replace
    def call(path, target):
        return die() if Path(target).name == name else replace(path, target)
    return call

moment, tables, outputs = sys.argv[1:]
if moment == "a table is copied":
    publishing.write_csv = die_after(publishing.write_csv, 3)
elif moment == "before the folder has its name":
    Path.rename = die
elif moment == "before the link is made":
    publishing._point_latest = die
elif moment == "before the link takes its place":
    Path.replace = die_putting("latest")
elif moment == "between the two pointers":
    Path.replace = die_putting("latest.json")
publishing.publish(Store(Path(tables)), Path(outputs))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        "a table is copied",
        "before the folder has its name",
        "before the link is made",
        "before the link takes its place",
        "between the two pointers",
    ],
)
def test_killed_while_publishing(published: Ground, moment: str) -> None:
    outputs = published.outputs
    before = photograph(outputs)
    old = latest(outputs)
    script = textwrap.dedent(KILLED)
    ended = subprocess.run(
        [sys.executable, "-c", script, moment, published.store.folder, outputs],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    # Whoever reads, by either pointer, reads a whole release; the old one has not moved.
    after = photograph(outputs)
    pointers = {"latest", "latest.json"}
    for path in before.keys() - pointers:
        assert after[path] == before[path]
    if moment != "between the two pointers":
        assert {p: after[p] for p in pointers} == {p: before[p] for p in pointers}
    assert is_whole((outputs / "latest").resolve()) and is_whole(latest(outputs).folder)
    assert all(is_whole(f) for f in outputs.iterdir() if f.name[0] != "." and f.is_dir())
    # The next one is published, and cleans up.
    release = publish(published.store, outputs)
    assert release.version > old.version
    assert (outputs / "latest").resolve() == latest(outputs).folder == release.folder
    assert sorted(p.name for p in outputs.iterdir() if p.name.startswith(".")) == [".lock"]


# --- what stands in the way ---


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_latest_is_no_link(published: Ground, kind: str) -> None:
    link = published.outputs / "latest"
    link.unlink()
    if kind == "folder":
        link.mkdir()
        (link / "mine.txt").write_text("mine", encoding="utf-8")
    else:
        link.write_text("mine", encoding="utf-8")
    before = photograph(published.outputs)
    with pytest.raises(MetabolismeError) as caught:
        publish(published.store, published.outputs)
    says(caught.value, link, f"a {kind}")
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_latest_points_to_nothing(published: Ground) -> None:
    link = published.outputs / "latest"
    link.unlink()
    link.symlink_to("2001.01.1")
    release = publish(published.store, published.outputs)
    assert link.resolve() == release.folder


@pytest.mark.slow
def test_a_file_bears_the_name_of_the_next_release(published: Ground) -> None:
    old = latest(published.outputs)
    month, _, number = old.version.rpartition(".")
    (published.outputs / f"{month}.{int(number) + 1}").write_text("mine", encoding="utf-8")
    release = publish(published.store, published.outputs)
    assert release.version == f"{month}.{int(number) + 2}"


@pytest.mark.slow
def test_versions_are_numbers_and_not_text(published: Ground) -> None:
    old = latest(published.outputs)
    month = old.version.rpartition(".")[0]
    (published.outputs / f"{month}.10").mkdir()
    assert publish(published.store, published.outputs).version == f"{month}.11"


@pytest.mark.parametrize(
    "content",
    [
        '{"version": "2001.01.1"}',
        *(
            pytest.param(content, marks=pytest.mark.slow)
            for content in ("", "{", "[]", "{}", '{"version": null}', "\x00")
        ),
    ],
)
def test_the_pointer_is_nonsense(published: Ground, content: str) -> None:
    pointer = published.outputs / "latest.json"
    pointer.write_text(content, encoding="utf-8")
    with pytest.raises(MetabolismeError) as caught:
        latest(published.outputs)
    tells(str(caught.value), pointer, "what to do")
    # It does not stop the next release.
    release = publish(published.store, published.outputs)
    assert latest(published.outputs) == release


def test_there_is_no_release(ground: Ground) -> None:
    with pytest.raises(MetabolismeError) as caught:
        latest(ground.outputs)
    tells(str(caught.value), "no release", ground.outputs, "metabolisme run")


# --- two at once ---


def test_another_publishes_there(published: Ground) -> None:
    before = photograph(published.outputs)
    with FileLock(published.outputs / ".lock"), pytest.raises(MetabolismeError) as caught:
        publish(published.store, published.outputs)
    tells(str(caught.value), "another run", published.outputs, "what to do")
    assert photograph(published.outputs) == before
