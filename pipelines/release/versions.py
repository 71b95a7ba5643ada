"""The folders of releases: which there are, which come next, which are held, kept or removed."""

import json
import os
import re
import shutil
from datetime import date
from pathlib import Path

from pipelines.errors import MetabolismeError, UsageError

HELD = "held"
# Hidden while it is removed: a kill leaves no half of a release in sight.
REMOVED = ".removed-"
_NAME = re.compile(r"\d{4}\.\d{2}\.\d+")


def released(folder: Path) -> list[Path]:
    """The whole releases of a folder, the oldest first; nothing else that stands there."""
    found = [path for path in folder.glob("*") if _is_release(path)]
    return sorted(found, key=lambda path: [int(part) for part in path.name.split(".")])


def find(outputs: Path, asked: str) -> Path:
    """The folder of a release, by its version in `outputs` or by its path.

    Raises:
        UsageError: there is no such release.
    """
    for folder in (outputs / asked, Path(asked)):
        if (folder / "datapackage.json").is_file():
            return folder.resolve()
    there = [path.name for path in released(outputs)]
    there += [f"{HELD}/{path.name}" for path in released(outputs / HELD)]
    raise UsageError(
        "there is no such release",
        where=str(outputs),
        expected=", ".join(there) or "no release is there yet",
        found=asked,
        todo="name one of these, or the folder of a release elsewhere",
    )


def lacking(release: Path) -> list[str]:
    """The files that the data package of a release names, and that are not there whole.

    Raises:
        MetabolismeError: the data package cannot be read.
    """
    package = release / "datapackage.json"
    try:
        sizes = {
            str(resource["path"]): int(resource["bytes"])
            for resource in json.loads(package.read_text(encoding="utf-8"))["resources"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise MetabolismeError(
            "the data package of a release is not readable",
            where=str(package),
            found=f"{type(error).__name__}: {error}",
            todo="put the release back, or make another: metabolisme run",
        ) from error
    return [path for path, size in sizes.items() if _size(release / path) != size]


def following(outputs: Path, today: date) -> str:
    """The name of the next release, which no other bears, nor one that is held."""
    month = f"{today:%Y.%m}."
    taken = [
        int(number)
        for folder in (outputs, outputs / HELD)
        for path in folder.glob(f"{month}*")
        if (number := path.name.removeprefix(month)).isdigit()
    ]
    return f"{month}{max(taken, default=0) + 1}"


def hold(staging: Path, outputs: Path, version: str) -> Path:
    """Put a release aside, in the place of the one that was held."""
    held = outputs / HELD
    held.mkdir(exist_ok=True)
    folder = held / version
    staging.rename(folder)
    for path in released(held):
        if path != folder:
            remove(path, outputs)
    return folder


def remove_held(outputs: Path) -> None:
    """Remove what is held, and its folder if it holds nothing else."""
    held = outputs / HELD
    for path in released(held):
        remove(path, outputs)
    if held.is_dir() and not any(held.iterdir()):
        held.rmdir()


def remove_old(outputs: Path, keep: int, latest: str) -> None:
    """Remove the releases before the last `keep`, that which `latest` names aside."""
    for path in released(outputs)[:-keep]:
        if path.name != latest:
            remove(path, outputs)


def remove(release: Path, outputs: Path) -> None:
    """Remove a release, which is out of sight at once."""
    hidden = outputs / f"{REMOVED}{release.name}.{os.getpid()}"
    release.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def remove_left(outputs: Path) -> list[str]:
    """Remove what was being removed when a run was killed.

    Returns:
        What does not go away.
    """
    left = list(outputs.glob(f"{REMOVED}*"))
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return sorted(path.name for path in left if path.exists())


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _is_release(path: Path) -> bool:
    return (
        _NAME.fullmatch(path.name) is not None
        and not path.is_symlink()
        and (path / "datapackage.json").is_file()
    )
