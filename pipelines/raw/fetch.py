"""What an obtained file is, and what any origin of files must be able to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pipelines.catalogue.sources import Source


@dataclass(frozen=True)
class Obtained:
    """One verified file of a source, and where it comes from.

    Attributes:
        file: its key in the source's `files`.
        url: the publisher's address (null: none is known).
        origin: who gave it this time: the publisher, a mirror, or the cache of downloads.
        extent: for whom it is complete: `france`, `reg:11`, `epci:…+…`, `sample`, `partial`…
        extent_kind: `by_row` (complete for the territory of the row) or `closed` (only pairs
            with both ends inside the extent).
        layout: `official`, `rebuilt` (real values re-laid) or `synthetic` (invented).
        fetched_at: when it was downloaded, in UTC, if anyone noted it.
    """

    source_id: str
    vintage: str
    file: str
    path: Path
    sha256: str
    bytes: int
    url: str | None
    origin: Literal["publisher", "mirror", "cache"]
    extent: str
    extent_kind: str
    layout: str
    fetched_at: str | None

    @property
    def complete(self) -> bool:
        """Whether it must be as large as the real thing: the whole of France, not invented."""
        return is_complete(self.extent, self.layout)


class Origin(Protocol):
    """Where files come from: the publishers, or a mirror."""

    def obtain(self, source: Source, vintage: str | None = None) -> dict[str, Obtained]:
        """The files of one vintage of a source, by key, without the optional ones not to be had.

        Raises:
            UnavailableError: a file that is not optional cannot be had.
            RejectedError: a file was had, but is not what it should be.
            UsageError: the source has no such vintage.
            MetabolismeError: this machine fails (disk full, folder not writable).
        """
        ...


def is_complete(extent: str, layout: str) -> bool:
    """Whether the lower bounds of the catalogue, meant for the whole of France, apply."""
    return extent in ("france", "france-metropolitaine") and layout != "synthetic"
