"""What went wrong, said so that a person can act: what, where, expected, found, what to do."""

from collections.abc import Iterable


class MetabolismeError(Exception):
    """An error a person can act on.

    Attributes:
        what: what happened, in one sentence.
        where: the source, file, column, line or folder concerned.
        expected, found: what should have been there, and what was.
        todo: what the reader can do about it.
    """

    def __init__(
        self, what: str, *, where: str = "", expected: str = "", found: str = "", todo: str = ""
    ) -> None:
        self.what, self.where = what, where
        self.expected, self.found, self.todo = expected, found, todo
        parts = [("where", where), ("expected", expected), ("found", found), ("what to do", todo)]
        super().__init__("\n".join([what, *(f"  {name}: {text}" for name, text in parts if text)]))


class CatalogueError(MetabolismeError):
    """A YAML file of the project does not say what it should."""


class UnavailableError(MetabolismeError):
    """A source cannot be had: no entry in the mirror, no answer from the publisher."""


class RejectedError(MetabolismeError):
    """A source was had, but is not what it should be: checksum, bounds, columns, values."""


class UsageError(MetabolismeError):
    """The person asked for something that does not exist or does not fit (exit code 2)."""


def first(items: Iterable[object], limit: int = 5) -> str:
    """Join the first `limit` items for a message, saying how many more there are."""
    listed = list(items)
    rest = f" … and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(map(str, listed[:limit])) + rest
