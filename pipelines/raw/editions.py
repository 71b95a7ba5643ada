"""Compare what was locked with what the publishers' links give now; nothing is changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pooch

from pipelines import paths
from pipelines.catalogue.sources import Source, read_only
from pipelines.disk import disk_errors
from pipelines.errors import RejectedError, UnavailableError
from pipelines.raw.download import Download, Patience
from pipelines.raw.links import BRIEF, Answer, ask
from pipelines.raw.lock import Locked
from pipelines.raw.progress import Progress, Silent
from pipelines.raw.publisher import Publisher

Status = Literal["same", "changed", "unreachable", "damaged", "never fetched", "unknown"]
# What a person should look at; a source that was never fetched has nothing to differ from.
TO_LOOK_AT: tuple[Status, ...] = ("changed", "unreachable", "damaged", "unknown")


@dataclass(frozen=True)
class Verdict:
    """How a file stands.

    Attributes:
        found: what tells so.
        todo: what the reader can do about it; empty where all is well.
    """

    status: Status
    found: str
    todo: str = ""


@dataclass(frozen=True)
class Edition:
    """How one locked file stands: at its publisher, or (when it is damaged) in the cache.

    Attributes:
        vintage, file: empty for a source that was never fetched.
        where: the address, or the path.
        found, todo: what tells so, and what the reader can do about it.
    """

    source_id: str
    vintage: str
    file: str
    status: Status
    where: str
    found: str
    todo: str


class Comparison:
    """Compares the publishers' links, and the cache, with the lock.

    Where the publisher's marks (ETag, Last-Modified, size) tell, nothing is downloaded.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        download: bool = False,
        progress: Progress | None = None,
        brief: Patience = BRIEF,
        patience: Patience | None = None,
    ) -> None:
        """What to compare, and how.

        Args:
            publisher: its lock and its cache are read.
            download: what the marks do not show to be the same is downloaded, aside.
            progress: told how it goes.
            brief: how long to insist when an address is asked.
            patience: how long to insist on a download.
        """
        self._publisher, self._download = publisher, download
        self._progress = progress or Silent()
        self._brief, self._patience = brief, patience or Patience()

    def of(self, chosen: Iterable[Source]) -> Iterator[Edition]:
        """How each locked file of these sources stands, and which were never fetched.

        Raises:
            CatalogueError: the lock is not readable.
            MetabolismeError: this machine fails (disk full, folder not writable).
        """
        records = self._publisher.lock.records()
        for source in chosen:
            if source.id not in records:
                yield _never_fetched(source)
            for vintage, files in records.get(source.id, {}).items():
                for key, locked in files.items():
                    yield from self._cached(source.id, vintage, key, locked)
                    yield self._published(source, vintage, key, locked)

    def forgotten(self) -> Iterator[Edition]:
        """The locked files of sources that the catalogue does not have any more.

        Raises:
            CatalogueError: the lock is not readable.
        """
        for source_id, vintages in self._publisher.lock.records().items():
            if source_id not in read_only():
                for vintage, files in vintages.items():
                    for key, locked in files.items():
                        yield _edition(_FORGOTTEN, source_id, vintage, key, locked.url)

    def _cached(self, source_id: str, vintage: str, key: str, locked: Locked) -> Iterator[Edition]:
        """The file in the cache, if it is there and is not what was locked."""
        for path in self._publisher.in_cache(source_id, vintage, locked.sha256):
            with disk_errors(path):
                sha256 = pooch.file_hash(str(path))
            if sha256 != locked.sha256:
                verdict = Verdict(
                    "damaged",
                    f"in the cache, sha256 {sha256}, where {locked.sha256} was locked",
                    f"have it brought again: {_fetch(source_id, vintage)}",
                )
                yield _edition(verdict, source_id, vintage, key, str(path))

    def _published(self, source: Source, vintage: str, key: str, locked: Locked) -> Edition:
        known = source.vintages.get(vintage)
        if known is None or key not in known.links:
            return _edition(_FORGOTTEN, source.id, vintage, key, locked.url)
        url = known.links[key]
        verdict = _NO_ADDRESS if url is None else self._verdict(source, vintage, key, url, locked)
        return _edition(verdict, source.id, vintage, key, url or locked.url)

    def _verdict(self, source: Source, vintage: str, key: str, url: str, locked: Locked) -> Verdict:
        label = f"{source.id} {vintage}, {key}"
        self._progress.note(f"asking for {label}")
        try:
            answer = ask(url, label, self._brief)
        except UnavailableError as error:
            return Verdict("unreachable", error.found, error.todo)
        if url != locked.url:
            verdict = Verdict("unknown", f"the address is another: {locked.url} was locked")
        else:
            verdict = by_marks(locked, answer)
        if verdict.status != "same" and self._download:
            verdict = self._by_content(source, key, url, label, locked)
        return replace(verdict, todo=verdict.todo or self._advice(verdict, source, vintage))

    def _advice(self, verdict: Verdict, source: Source, vintage: str) -> str:
        take = f"to take the new file: {_fetch(source.id, vintage)} --accept {source.id}"
        tell = f"metabolisme sources check {source.id} --download"
        match verdict.status:
            case "changed" if self._download:
                return f"read what the publisher says of the change; {take}"
            case "changed":
                return f"see whether its content is another: {tell}; {take}"
            case "unknown":
                return f"it cannot be told without downloading: {tell}"
            case _:
                return ""

    def _by_content(
        self, source: Source, key: str, url: str, label: str, locked: Locked
    ) -> Verdict:
        """Download the file aside, on the disk that is meant for downloads, and compare it."""
        download = Download(source.files[key], label, self._patience, self._progress)
        home = paths.home()
        with disk_errors(home):
            home.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=home, prefix=".editions-") as aside:
                try:
                    download(url, str(Path(aside, "file")))
                except UnavailableError as error:
                    return Verdict("unreachable", error.found, error.todo)
                except RejectedError as error:
                    return Verdict("changed", f"not the file any more: {error.found}", error.todo)
        found = download.found
        assert found is not None  # else it would have raised
        if found.sha256 == locked.sha256:
            return Verdict("same", "the same sha256")
        return Verdict(
            "changed",
            f"sha256 {found.sha256} ({found.bytes} bytes), where {locked.sha256}"
            f" ({locked.bytes} bytes) was locked",
        )


def by_marks(locked: Locked, answer: Answer) -> Verdict:
    """What the publisher's marks tell: the ETag first, then the date; a size can only differ."""
    if answer.bytes is not None and answer.bytes != locked.bytes:
        return Verdict("changed", f"{answer.bytes} bytes, where {locked.bytes} were locked")
    same_etag = _alike(_opaque(locked.etag), _opaque(answer.etag))
    same_date = _alike(locked.last_modified, answer.last_modified)
    if same_etag:
        return Verdict("same", "the same ETag")
    if same_etag is None and same_date:
        return Verdict("same", "the same date (Last-Modified)")
    if same_date:
        # One server of several may mark the same file otherwise.
        return Verdict("unknown", "another ETag, but the same date (Last-Modified)")
    if same_date is False:
        date = f"last modified {answer.last_modified}, where {locked.last_modified} was locked"
        return Verdict("changed", date)
    if same_etag is False:
        return Verdict("changed", f"the ETag {answer.etag}, where {locked.etag} was locked")
    if answer.url != locked.url_after_redirect:
        there = f"the address leads to {answer.url}, where it led to {locked.url_after_redirect}"
        return Verdict("unknown", there)
    return Verdict("unknown", "the publisher gives no mark to tell this edition by")


def tally(editions: Iterable[Edition]) -> dict[str, int]:
    """How many there are of each status, those to look at last."""
    order: tuple[Status, ...] = ("same", "never fetched", *TO_LOOK_AT)
    counts = dict.fromkeys(order, 0)
    for edition in editions:
        counts[edition.status] += 1
    return {status: count for status, count in counts.items() if count}


_FORGOTTEN = Verdict(
    "unknown",
    "it is in the lock, but not in the catalogue",
    "take it out of sources/lock.json, or put it back in the source's YAML",
)
_NO_ADDRESS = Verdict(
    "unknown", "the catalogue has no address of it", "complete `links` in the source's YAML"
)


def _never_fetched(source: Source) -> Edition:
    verdict = Verdict(
        "never fetched", "nothing of it is in the lock", f"metabolisme sources fetch {source.id}"
    )
    return _edition(verdict, source.id, "", "", "")


def _edition(verdict: Verdict, source_id: str, vintage: str, key: str, where: str) -> Edition:
    return Edition(source_id, vintage, key, verdict.status, where, verdict.found, verdict.todo)


def _fetch(source_id: str, vintage: str) -> str:
    """The command that fetches a vintage of a source."""
    return f"metabolisme sources fetch {source_id} --vintage {source_id}={vintage}"


def _opaque(etag: str | None) -> str | None:
    # What makes an ETag weak is the transfer (a server that compresses), not the edition.
    return etag.removeprefix("W/") if etag else None


def _alike(before: str | None, now: str | None) -> bool | None:
    """Whether two marks are the same; null: one of them is missing."""
    return before == now if before and now else None
