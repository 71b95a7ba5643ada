"""The folders that a run writes to: the rights, the links, and what earlier runs have left."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines import paths, store
from pipelines.disk import disk_errors
from pipelines.doctor.findings import Finding, of_error
from pipelines.errors import MetabolismeError, first
from pipelines.raw import publisher
from pipelines.release import publishing
from pipelines.release.versions import lacking

_TRIAL = ".doctor-"


def writable(outputs: Path) -> Iterator[Finding]:
    """Whether the folders can be written to: a file is really written, and taken away."""
    home = paths.home()
    # Those of an earlier run may belong to somebody else than the folder they stand in.
    inside = sorted(path for path in home.glob("*") if path.is_dir()) if home.is_dir() else []
    yield _writable("releases", [outputs])
    yield _writable("working folder", [home, *inside])
    yield _writable("temporary folder", [Path(tempfile.gettempdir())])


def _writable(name: str, folders: list[Path]) -> Finding:
    about = f"writing: {name}"
    for folder in folders:
        try:
            with disk_errors(folder), _trial(folder) as trial:
                Path(trial, "file").write_bytes(b"written")
        except MetabolismeError as error:
            return of_error(about, error)
    there = "" if folders[0].is_dir() else " (not there yet: a run makes it)"
    return Finding(about, "ok", f"{folders[0]} can be written to{there}")


def links(outputs: Path) -> Finding:
    """Whether the folder of the releases can hold what publishing needs.

    That is symbolic links, and renaming a link and a folder into place.
    """
    about = "links and renames"
    expected = "symbolic links, that can be replaced at once"
    try:
        with disk_errors(outputs), _trial(outputs) as trial:
            folder = Path(trial)
            (folder / "staging").mkdir()
            (folder / "staging").rename(folder / "release")
            for name in ("first", "second"):
                (folder / name).symlink_to("release", target_is_directory=True)
                (folder / name).replace(folder / "latest")
            pointed = (folder / "latest").resolve() == (folder / "release").resolve()
    except NotImplementedError:
        # `latest.json` says it alone there, as publishing does.
        found = "no symbolic links here: only latest.json names the last release"
        return Finding(about, "warning", found, expected, "read latest.json, not the link")
    except MetabolismeError as error:
        todo = "choose a folder on another disk for the releases: METABOLISME_OUTPUTS or --out"
        return Finding(about, "failed", f"{error.what}: {error.found}", expected, todo)
    if pointed:
        return Finding(about, "ok", f"both work in {standing(outputs)}", expected)
    found = "a link is made, but leads elsewhere"
    return Finding(about, "failed", found, expected, "choose a folder on another disk")


def pointers(outputs: Path) -> Finding:
    """Whether `latest` and `latest.json` agree, and name a release that is whole."""
    about, link, pointer = "latest release", outputs / "latest", outputs / "latest.json"
    try:
        publishing.check_latest(outputs)
    except MetabolismeError as error:
        return of_error(about, error)
    led_to = link.readlink().name if link.is_symlink() else "nothing"
    if not pointer.exists():
        if not link.is_symlink():
            return Finding(about, "ok", "none yet")
        return _at_odds(led_to, "is not there")
    try:
        with disk_errors(outputs):
            release = publishing.latest(outputs)
            lost = lacking(release.folder)
    except MetabolismeError as error:
        return of_error(about, error, "warning")
    if led_to != release.version:
        return _at_odds(led_to, f"names {release.version}")
    if lost:
        todo = "put these files back, or make another release: metabolisme run"
        found = f"{release.version} has lost files, or parts of them: {first(lost)}"
        return Finding(about, "warning", found, "all files of its datapackage.json, whole", todo)
    return Finding(about, "ok", f"{release.version}, whole")


def _at_odds(led_to: str, said: str) -> Finding:
    found = f"the link latest leads to {led_to}, latest.json {said}"
    todo = "make another release, which sets both: metabolisme run"
    return Finding("latest release", "warning", found, "both name the same release", todo)


def locks(outputs: Path) -> Iterator[Finding]:
    """Whether another run works in the same folders now."""
    taken = [lock for lock in (outputs / ".lock", *_of_tables()) if held(lock)]
    for lock in taken:
        todo = "wait for it to end, or give a run its own METABOLISME_HOME and --out"
        found = f"another run is under way in {lock.parent}"
        yield Finding("other runs", "failed", found, "none", todo)
    if not taken:
        yield Finding("other runs", "ok", "none is under way")


def leftovers(outputs: Path) -> Finding:
    """What runs and downloads that were killed have left half-made."""
    left = [path for folder in (outputs, paths.home()) for path in folder.glob(f"{_TRIAL}*")]
    # What is half-made under a lock is being made.
    if not held(outputs / ".lock"):
        left += publishing.half_made(outputs)
    for lock in _of_tables():
        left += [] if held(lock) else store.half_made(lock.parent)
    for lock in (paths.home() / "cache").glob("*/*/.lock"):
        left += [] if held(lock) else publisher.half_made(lock.parent)
    if not left:
        return Finding("leftovers", "ok", "nothing half-made")
    found = f"{len(left)} half-made: {first(sorted(left))}"
    todo = "remove them, or leave them: the next run, or download, of the same kind does it"
    return Finding("leftovers", "warning", found, "nothing half-made", todo)


def held(lock: Path) -> bool:
    """Whether somebody holds a lock; one that is not there is not made.

    Raises:
        OSError: the rights forbid it.
    """
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def _of_tables() -> list[Path]:
    """The locks of runs on the tables, by origin."""
    return sorted((paths.home() / "tables").glob("*/.lock"))


def standing(folder: Path) -> Path:
    """A folder, or the nearest above it that is there."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if os.path.lexists(path))


def _trial(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder to try things in, where a run would make its own; it goes away."""
    return tempfile.TemporaryDirectory(dir=standing(folder), prefix=_TRIAL)
