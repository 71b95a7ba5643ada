"""Say what long work is doing: nothing by default, or bars in a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

# Bytes there so far, and in all where known; both may go back when a download starts again.
Advance = Callable[[int, int | None], None]


class Progress(Protocol):
    """Told how the work goes."""

    def task(self, label: str) -> AbstractContextManager[Advance]:
        """One piece of work, from start to end of the block."""
        ...

    def note(self, message: str) -> None:
        """Something a person would like to know, that stops nothing."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def task(self, label: str) -> Iterator[Advance]:
        """Ignore one piece of work."""
        yield lambda _done, _total: None

    def note(self, message: str) -> None:
        """Ignore a message."""


class RichProgress:
    """Bars in a terminal; where there is none, one line a file. To be used in a `with` block."""

    def __init__(self, console: Console | None = None) -> None:
        """Draw on a console, by default that of the standard error."""
        # Standard output is for the summary, which scripts read.
        self._console = console or Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        self._bars.stop()

    @contextmanager
    def task(self, label: str) -> Iterator[Advance]:
        """One bar, replaced by a line once the block ends well."""
        bar = self._bars.add_task(label, total=None)
        there = 0

        def advance(done: int, total: int | None) -> None:
            nonlocal there
            there = done
            self._bars.update(bar, completed=done, total=total)

        try:
            yield advance
            self.note(f"{label}: {decimal(there)}")
        finally:
            self._bars.remove_task(bar)

    def note(self, message: str) -> None:
        """Print a line above the bars."""
        self._console.print(message, markup=False, highlight=False)
