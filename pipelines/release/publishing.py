"""Publish a release: a folder made apart, whole, then moved into place; `latest` moves last."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.catalogue.tables import tables
from pipelines.disk import disk_errors, replacing
from pipelines.errors import MetabolismeError, UsageError
from pipelines.release.as_csv import write_csv
from pipelines.release.changes import Changes, compare, none_before
from pipelines.release.changes_page import write_changes
from pipelines.release.database import write_database
from pipelines.release.datapackage import Member, write_datapackage
from pipelines.release.dcat import write_dcat
from pipelines.release.dictionary import write_dictionary
from pipelines.release.drift import Verdict, held_error, judge
from pipelines.release.geo import geo_table, write_geo
from pipelines.release.versions import (
    REMOVED,
    following,
    hold,
    released,
    remove_held,
    remove_left,
    remove_old,
)
from pipelines.site.building import write_site
from pipelines.store import Store

STAGING = ".staging-"


@dataclass(frozen=True)
class Release:
    """A published release: its folder, and its name.

    Attributes:
        remark: what went wrong once it was published: an older release that does not go away.
    """

    folder: Path
    remark: str | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """Its name, `YYYY.MM.N`."""
        return self.folder.name


def publish(
    store: Store, outputs: Path, keep: int | None = None, accept_drift: bool = False
) -> Release:
    """Publish the tables of a store as the next release, and point `latest` at it.

    A crash at any moment leaves the previous `latest`; what it left half-made is removed by the
    next publication. A release too far from the one before is held: it stands in `held/`.

    Args:
        keep: how many releases are kept, once this one is published (all, when not given).
        accept_drift: publish it, however far from the one before.

    Raises:
        UsageError: no release would be kept.
        MetabolismeError: another publication is under way, the disk fails or forbids, or the
            release is held.
    """
    if keep is not None and keep < 1:
        raise UsageError("at least one release is kept", where="--keep", found=str(keep))
    with disk_errors(outputs):
        outputs.mkdir(parents=True, exist_ok=True)
        check_latest(outputs)
        with _alone(outputs):
            _tidy(outputs)
            staging = outputs / f"{STAGING}{os.getpid()}"
            staging.mkdir()
            try:
                version = following(outputs, date.today())
                changes, verdict = write_release(store, staging, version, _before(outputs))
                if verdict.passed and not accept_drift:
                    held = hold(staging, outputs, version)
                    _sync(held.parent)
                    raise held_error(held, changes, verdict)
                release = Release(outputs / version)
                staging.rename(release.folder)
                _sync(outputs)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            _point_latest(outputs, release)
            remark = _make_room(outputs, release, keep)
    return replace(release, remark=remark)


def latest(outputs: Path) -> Release:
    """The release that `latest` points to.

    Raises:
        MetabolismeError: there is none.
    """
    pointer = outputs / "latest.json"
    if not pointer.exists():
        raise MetabolismeError(
            "there is no release yet", where=str(outputs), todo="metabolisme run"
        )
    text = pointer.read_text(encoding="utf-8", errors="replace")
    try:
        release = Release(outputs / str(json.loads(text)["version"]))
        is_there = (release.folder / "datapackage.json").exists()
    except (ValueError, KeyError, TypeError):
        is_there = False
    if not is_there:
        raise MetabolismeError(
            "latest.json does not name a release that is there",
            where=str(pointer),
            found=text.strip()[:80] or "an empty file",
            todo="metabolisme run, or put the release back",
        )
    return release


def check_latest(outputs: Path) -> None:
    """Accept a `latest` that is a link, or not there.

    Raises:
        MetabolismeError: something else stands there.
    """
    link = outputs / "latest"
    if link.exists() and not link.is_symlink():
        raise MetabolismeError(
            "`latest` is not a link: something else put it there",
            where=str(link),
            expected="a symbolic link to a release",
            found="a folder" if link.is_dir() else "a file",
            todo="move it away and run again",
        )


def half_made(outputs: Path) -> list[Path]:
    """What publications that were killed have left, or the one under way."""
    return [path for mark in (STAGING, ".latest.", REMOVED) for path in outputs.glob(f"{mark}*")]


def write_release(
    store: Store, folder: Path, version: str, before: Path | None
) -> tuple[Changes, Verdict]:
    """Write every published table as Parquet and CSV, what describes them, and the pages.

    Returns:
        What has changed since the release `before`, and how that is judged.
    """
    members = []
    for table in tables().values():
        if not table.published:
            continue
        parquet = folder / f"{table.name}.parquet"
        shutil.copyfile(store.path(table.name), parquet)
        members += [Member(table, parquet), Member(table, write_csv(parquet, table))]
    shapes, *layers = write_geo(store, folder)
    members += [Member(geo_table(), shapes), *(Member(None, path) for path in layers)]
    members += [Member(None, write_database(folder))]
    published = [*(table for table in tables().values() if table.published), geo_table()]
    members += [Member(None, path) for path in write_dictionary(folder, published)]
    changes = compare(before, folder) if before else none_before(folder)
    verdict = judge(changes)
    members += [Member(None, path) for path in write_changes(folder, changes, verdict)]
    write_datapackage(folder, members, store)
    write_dcat(folder)
    write_site(folder, version, changes)
    # The pages are thousands of small files: the system is asked once for all of them.
    os.sync()
    for path in filter(Path.is_file, folder.iterdir()):
        _sync(path)
    _sync(folder)
    return changes, verdict


def _tidy(outputs: Path) -> None:
    """Remove what a publication that was killed left half-made, or half-removed."""
    for left in outputs.glob(f"{STAGING}*"):
        shutil.rmtree(left)
    for left in outputs.glob(".latest.*"):
        left.unlink()
    remove_left(outputs)


def _before(outputs: Path) -> Path | None:
    """The release before: the one that `latest` names, else the newest there is."""
    there = released(outputs)
    link = outputs / "latest"
    if link.is_symlink() and outputs / link.readlink().name in there:
        return outputs / link.readlink().name
    try:
        return latest(outputs).folder
    except MetabolismeError:
        return there[-1] if there else None


def _make_room(outputs: Path, release: Release, keep: int | None) -> str | None:
    """Remove what is held, and the releases before the last `keep`; say what does not go away."""
    try:
        remove_held(outputs)
        if keep is not None:
            remove_old(outputs, keep, release.version)
    except OSError as error:
        return f"an older release could not be removed: {error}"
    left = remove_left(outputs)
    return f"these could not be removed, in {outputs}: {', '.join(left)}" if left else None


def _point_latest(outputs: Path, release: Release) -> None:
    link = outputs / f".latest.{os.getpid()}"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(release.version, target_is_directory=True)
    except NotImplementedError:  # a platform without links: latest.json says it
        link = None  # type: ignore[assignment]
    if link:
        link.replace(outputs / "latest")
    with replacing(outputs / "latest.json") as part:
        part.write_text(json.dumps({"version": release.version}) + "\n", encoding="utf-8")
    _sync(outputs)


@contextmanager
def _alone(outputs: Path) -> Iterator[None]:
    lock = FileLock(outputs / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise MetabolismeError(
            "another run is publishing there",
            where=str(outputs),
            todo="wait for it to end, or publish elsewhere with --out",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _sync(path: Path) -> None:
    """Have the system write a file (or the entries of a folder) to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
