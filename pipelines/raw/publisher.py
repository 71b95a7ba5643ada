"""Files from their publishers, kept in a cache, with a mirror to fall back on."""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

import pooch
from filelock import FileLock

from pipelines.catalogue.sources import Source
from pipelines.disk import disk_errors
from pipelines.errors import RejectedError, UnavailableError
from pipelines.raw.download import Download, Patience
from pipelines.raw.fetch import Obtained
from pipelines.raw.lock import Lock, Locked, changed
from pipelines.raw.mirror import Mirror
from pipelines.raw.progress import Progress, Silent

_INCOMING = ".incoming"
_NAMED_BY = 12  # digits of its sha256

pooch.get_logger().setLevel(logging.WARNING)


class Publisher:
    """The publishers' own links first, then the mirror.

    The cache holds `<source>/<vintage>/<start of sha256>-<name>`; only what was verified stands
    there under such a name. A locked file that is there whole is used without any request.
    """

    def __init__(
        self,
        cache: Path,
        lock: Lock,
        mirror: Mirror | None = None,
        *,
        progress: Progress | None = None,
        accept: Collection[str] = (),
        patience: Patience | None = None,
    ) -> None:
        """Where downloads are kept, and what they must be.

        Args:
            cache: the folder of the downloads.
            lock: what was downloaded before, which a download must equal.
            mirror: where to look next for what the publisher does not give.
            progress: told how it goes.
            accept: ids of the sources whose change is accepted; they are downloaded again.
            patience: how long to insist.
        """
        self.cache, self.lock, self.mirror = cache, lock, mirror
        self._progress = progress or Silent()
        self._accept = frozenset(accept)
        self._patience = patience or Patience()

    def obtain(self, source: Source, vintage: str | None = None) -> dict[str, Obtained]:
        """The files of one vintage of a source (by default the newest), by key.

        Raises:
            UnavailableError: neither the publisher nor the mirror has a file that is needed, or
                any file at all.
            RejectedError: a file was had, but is not what it should be, or not the locked one.
            UsageError: the source has no such vintage.
            MetabolismeError: this machine fails (disk full, folder not writable).
        """
        vintage = vintage or source.newest
        source.vintage(vintage)
        obtained = {}
        missing: UnavailableError | None = None
        for key, file in source.files.items():
            try:
                obtained[key] = self._file(source, vintage, key)
            except UnavailableError as error:
                if not file.optional:
                    raise
                missing = missing or error
                self._progress.note(f"{source.id} {vintage}: done without {key} ({error.what})")
        if missing and not obtained:  # all may be absent, but not together
            raise missing
        return obtained

    def in_cache(self, source_id: str, vintage: str, sha256: str) -> list[Path]:
        """The files of the cache that bear the name of a checksum; their content is not read."""
        return sorted((self.cache / source_id / vintage).glob(f"{sha256[:_NAMED_BY]}-*"))

    def _file(self, source: Source, vintage: str, key: str) -> Obtained:
        try:
            return self._from_publisher(source, vintage, key)
        except (UnavailableError, RejectedError) as error:
            if self.mirror is None:
                raise
            try:
                obtained = self._from_mirror(self.mirror, source, vintage, key)
            except (UnavailableError, RejectedError) as second:
                raise type(error)(
                    error.what,
                    where=error.where,
                    expected=error.expected,
                    found=f"{error.found or 'nothing'}; and from the mirror: {second.what}"
                    f" ({second.found or 'nothing'})",
                    todo=error.todo,
                ) from second
            self._progress.note(f"{source.id} {vintage}, {key}: from the mirror ({error.what})")
            return obtained

    def _from_mirror(self, mirror: Mirror, source: Source, vintage: str, key: str) -> Obtained:
        obtained = mirror.file(source, vintage, key)
        locked = self.lock.get(source.id, vintage, key)
        # A mirror may hold an extract: it must not pass for the file that was locked.
        if locked and locked.sha256 != obtained.sha256:
            raise RejectedError(
                "the mirror's file is not the one that was locked",
                where=str(obtained.path),
                expected=f"sha256 {locked.sha256}",
                found=f"sha256 {obtained.sha256}",
                todo="use the mirror alone (`--mirror`), or wait for the publisher",
            )
        return obtained

    def _from_publisher(self, source: Source, vintage: str, key: str) -> Obtained:
        label = f"{source.id} {vintage}, {key}"
        url = source.vintage(vintage).links[key]
        if url is None:
            raise UnavailableError(
                f"{label} has no known address",
                where=f"sources/{source.id}.yml, vintages.{vintage}.links.{key}",
                todo="give a mirror that holds the file",
            )
        published = source.vintage(vintage).sha256.get(key)
        folder = self.cache / source.id / vintage
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock"):
                # Read only now: another run may just have written it.
                locked = self.lock.get(source.id, vintage, key)
                if source.id in self._accept:
                    locked = None
                elif locked and published and locked.sha256 != published:
                    raise _contradiction(source.id, vintage, key, published, locked)
                # Nobody else writes here now: these are what a killed run has left.
                for leftover in half_made(folder):
                    leftover.unlink()
                wanted = _Wanted(source, vintage, key, url, published, locked, folder)
                return self._cached(wanted) or self._downloaded(wanted)

    def _cached(self, wanted: "_Wanted") -> Obtained | None:
        """The file as the cache holds it, if it is there and sound."""
        path = wanted.path
        if wanted.expected is None or not path.exists():
            return None
        if pooch.file_hash(path) != wanted.expected:
            self._progress.note(f"{wanted.label}: damaged in the cache, fetched again")
            path.unlink()
            return None
        fetched_at = wanted.locked.fetched_at if wanted.locked else None
        return wanted.obtained(path, wanted.expected, "cache", fetched_at)

    def _downloaded(self, wanted: "_Wanted") -> Obtained:
        source, vintage, key, url = wanted.source, wanted.vintage, wanted.key, wanted.url
        download = Download(source.files[key], wanted.label, self._patience, self._progress)
        path = wanted.path
        try:
            # Streams to a temporary file, which takes its place if its checksum is right.
            pooch.retrieve(url, wanted.expected, path.name, wanted.folder, downloader=download)
        except ValueError as error:
            if download.found is None:
                raise
            if wanted.locked:
                raise changed(source.id, vintage, key, wanted.locked, download.found) from error
            raise _not_the_published_one(wanted, download.found) from error
        found = download.found
        assert found is not None  # nothing stood at `path`, so pooch has called it
        path = path.replace(wanted.named(found.sha256))
        accept = source.id in self._accept
        standing = self.lock.put(source.id, vintage, key, found, accept=accept)
        return wanted.obtained(path, found.sha256, "publisher", standing.fetched_at)


def half_made(folder: Path) -> list[Path]:
    """What downloads that were killed have left in a folder of the cache, or those under way."""
    return [*folder.glob("tmp*"), *folder.glob(_INCOMING)]


@dataclass(frozen=True)
class _Wanted:
    """One file to obtain: where it is, what we know of it, where it goes."""

    source: Source
    vintage: str
    key: str
    url: str
    published: str | None
    locked: Locked | None
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.source.id} {self.vintage}, {self.key}"

    @property
    def expected(self) -> str | None:
        """The checksum it must have, if we know it."""
        return self.published or (self.locked.sha256 if self.locked else None)

    @property
    def path(self) -> Path:
        """Where pooch puts it: under its final name only if its checksum is known."""
        return self.named(self.expected) if self.expected else self.folder / _INCOMING

    def named(self, sha256: str) -> Path:
        """Its place in the cache."""
        name = _file_name(self.url, self.key, self.source.files[self.key].formats[0])
        return self.folder / f"{sha256[:_NAMED_BY]}-{name}"

    def obtained(
        self, path: Path, sha256: str, origin: Literal["publisher", "cache"], fetched_at: str | None
    ) -> Obtained:
        """What is handed over: the publisher's own file, complete for the source's extent."""
        return Obtained(
            source_id=self.source.id,
            vintage=self.vintage,
            file=self.key,
            path=path,
            sha256=sha256,
            bytes=path.stat().st_size,
            url=self.url,
            origin=origin,
            extent=self.source.extent,
            extent_kind="by_row",
            layout="official",
            fetched_at=fetched_at,
        )


def _file_name(url: str, key: str, format: str) -> str:
    """A readable name for a file: the address's own, if it looks like one."""
    last = PurePosixPath(unquote(urlsplit(url).path)).name
    name = re.sub(r"[^\w.-]+", "_", last)[-100:]
    return name if re.search(r"\.[A-Za-z][A-Za-z0-9]{1,7}$", name) else f"{key}.{format}"


def _not_the_published_one(wanted: _Wanted, found: Locked) -> RejectedError:
    return RejectedError(
        f"{wanted.label} is not the file its publisher describes",
        where=wanted.url,
        expected=f"sha256 {wanted.published}",
        found=f"sha256 {found.sha256} ({found.bytes} bytes)",
        todo=f"open the source's page; if the edition was replaced, correct"
        f" vintages.{wanted.vintage}.sha256.{wanted.key} in sources/{wanted.source.id}.yml",
    )


def _contradiction(
    source_id: str, vintage: str, key: str, published: str, locked: Locked
) -> RejectedError:
    return RejectedError(
        f"{source_id} {vintage} ({key}): its YAML and the lock do not name the same file",
        where=f"sources/{source_id}.yml, vintages.{vintage}.sha256.{key}",
        expected=f"sha256 {locked.sha256} (fetched at {locked.fetched_at})",
        found=f"sha256 {published}",
        todo=f"correct the YAML, or: metabolisme sources fetch --accept {source_id}",
    )
