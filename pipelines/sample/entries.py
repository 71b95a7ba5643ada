"""What the manifest of the sample says of a file, and the function that gives its bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.sample.files import Sample


@dataclass(frozen=True)
class Entry:
    """A file of the mirror: whose it is, where it belongs, what it holds."""

    source_id: str
    vintage: str
    name: str
    publisher: str
    title: str
    official_url: str
    content: Callable[[Sample], bytes]
    remarks: str = ""
    extent: str = "france"
    extent_kind: str = "by_row"
    licence: str = "Licence Ouverte 2.0"

    @property
    def path(self) -> str:
        """Place in the mirror folder."""
        return f"{self.source_id}/{self.vintage}/{self.name}"
