"""What each download was when we first accepted it, so that a change never goes unnoticed."""

import json
from pathlib import Path

from filelock import FileLock
from pydantic import RootModel

from pipelines.catalogue.loading import Entry, validate
from pipelines.disk import disk_errors, replacing
from pipelines.errors import CatalogueError, RejectedError


class Locked(Entry):
    """One file as it was downloaded.

    Attributes:
        url: the address asked.
        url_after_redirect: the address that answered.
        etag, last_modified: the publisher's own marks of this edition.
        fetched_at: when, in UTC.
    """

    url: str
    url_after_redirect: str
    sha256: str
    bytes: int
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: str


class Lock:
    """A JSON file with one record per source, vintage and file; only this class writes it."""

    def __init__(self, path: Path) -> None:
        """The lock kept at `path`; a file that is not there is an empty lock."""
        self.path = path

    def get(self, source_id: str, vintage: str, file: str) -> Locked | None:
        """The record of a file, if there is one.

        Raises:
            CatalogueError: the lock is not readable.
        """
        return self.records().get(source_id, {}).get(vintage, {}).get(file)

    def records(self) -> dict[str, dict[str, dict[str, Locked]]]:
        """All records, by source, vintage and file.

        Raises:
            CatalogueError: the lock is not readable.
            MetabolismeError: the disk fails, or the rights forbid it.
        """
        if not self.path.exists():
            return {}
        try:
            with disk_errors(self.path):
                content = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CatalogueError(
                "the lock of the downloads is not valid JSON",
                where=str(self.path),
                found=str(error),
                todo="restore it from the versions of the project",
            ) from error
        return validate(_Records, content, self.path).root

    def put(
        self, source_id: str, vintage: str, file: str, found: Locked, *, accept: bool = False
    ) -> Locked:
        """Record a download, unless the same content is there already, and return what stands.

        Raises:
            RejectedError: another content is locked, and the change was not accepted.
            CatalogueError: the lock is not readable.
            MetabolismeError: the lock cannot be written.
        """
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.guard")):
                records = self.records()
                before = records.setdefault(source_id, {}).setdefault(vintage, {}).get(file)
                if before and before.sha256 == found.sha256 and before.url == found.url:
                    # The same bytes again: the record, which is versioned, keeps its first date.
                    return before
                if before and before.sha256 != found.sha256 and not accept:
                    raise changed(source_id, vintage, file, before, found)
                records[source_id][vintage][file] = found
                content = _Records(records).model_dump(mode="json")
                with replacing(self.path) as part:
                    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
                    part.write_text(text + "\n", encoding="utf-8")
                return found


def changed(
    source_id: str, vintage: str, file: str, before: Locked, found: Locked
) -> RejectedError:
    """The error for a file that is no longer the one that was locked."""
    return RejectedError(
        f"{source_id} {vintage} ({file}) has changed at its publisher since it was locked",
        where=found.url,
        expected=f"sha256 {before.sha256} ({before.bytes} bytes, fetched at {before.fetched_at})",
        found=f"sha256 {found.sha256} ({found.bytes} bytes,"
        f" last modified {found.last_modified or 'unknown'})",
        todo="read what the publisher says of the change; to take the new file:"
        f" metabolisme sources fetch --accept {source_id}",
    )


class _Records(RootModel[dict[str, dict[str, dict[str, Locked]]]]):
    """The lock's whole content."""
