"""Write files so that a crash never leaves half of one, and say clearly when a disk fails."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import MetabolismeError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def replacing(target: Path, *, lasting: bool = True) -> Iterator[Path]:
    """A path to write to; it takes the place of `target` when the block ends well, whole.

    A file that need not outlive a power cut (`lasting` false) is not forced onto the disk.

    Raises:
        MetabolismeError: the disk is full or fails, or the rights forbid it.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            if lasting:
                with part.open("rb+") as written:
                    # Else power lost after the rename could leave an empty file in place.
                    os.fsync(written.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn the errors of the operating system into ones a person can act on.

    Raises:
        MetabolismeError: the disk is full or fails, the rights forbid it, or memory runs out.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MetabolismeError(
            "there is not enough memory, or room beside it to spill to",
            where=str(where),
            found=str(error).partition("\n")[0],
            todo="give more with METABOLISME_MEMORY (for instance 4GB), or free some disk",
        ) from error
    except (OSError, duckdb.IOException) as error:
        what, todo = "the disk does not answer as it should", "look at the state of the disk"
        if _is(error, _FULL):
            what, todo = "the disk is full", "free some room, or choose a folder on another disk"
        elif _is(error, _FORBIDDEN):
            what, todo = "the rights of a file or folder forbid it", "change them"
        raise MetabolismeError(what, where=str(where), found=str(error), todo=todo) from error


def _is(error: Exception, numbers: set[int]) -> bool:
    if isinstance(error, OSError):
        return error.errno in numbers
    # DuckDB passes on the words of the operating system, not its number.
    return any(os.strerror(number) in str(error) for number in numbers)
