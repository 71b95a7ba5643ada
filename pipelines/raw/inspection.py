"""Look at a file before it is trusted: is it what the catalogue promises, and whole?"""

import re
from collections.abc import Sequence
from io import SEEK_END
from pathlib import Path

from pipelines.catalogue.sources import SourceFile
from pipelines.errors import RejectedError
from pipelines.raw.unpacking import OLE, PARQUET, is_zip, members, opened, unsafe, workbook

_HEAD = 65_536
_WORKBOOKS = {"xlsx", "xls", "ods"}
_WEB_PAGE = re.compile(rb"<(!doctype\s+html|html)", re.IGNORECASE)
# Text in any encoding of the catalogue has none of these.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")


def inspect(path: Path, file: SourceFile, where: str, complete: bool) -> None:
    """Check a file's size and first bytes, and an archive to its last.

    The lower bound of the size holds only for a file that is `complete`: the whole of France.

    Raises:
        RejectedError: all that is wrong with it, in one message.
    """
    size = path.stat().st_size
    if size == 0:
        problems = ["an empty file"]
    elif is_zip(path):
        problems = _archive_problems(path, file.formats)
    else:
        problems = _plain_problems(path, file.formats)
    if size > file.bytes.max or (complete and 0 < size < file.bytes.min):
        problems.append(f"{size} bytes")
    if problems:
        lowest, formats = file.bytes.min if complete else 1, " or ".join(file.formats)
        raise RejectedError(
            "a file is not what it should be",
            where=where,
            expected=f"{formats} or a zip of it, of {lowest} to {file.bytes.max} bytes",
            found="; ".join(problems),
            todo="open the source's page: the address or the format may have changed",
        )


def is_web_page(head: bytes) -> bool:
    """Whether what starts so is a web page, which often stands where a file has gone."""
    return _WEB_PAGE.match(_begun(head)) is not None


def _archive_problems(path: Path, formats: Sequence[str]) -> list[str]:
    try:
        with opened(path) as archive:
            if problems := unsafe(archive):
                return problems
            if damaged := archive.testzip():
                return [f"a zip archive in which {damaged} is damaged"]
            inside = [info.filename for info in members(archive)]
            if kind := workbook(archive):
                return [] if kind in formats else ["a workbook"]
            # The member of an archive is told by its pattern; a workbook, by its suffix.
            workbooks = not set(formats) - _WORKBOOKS
            suffixes = (".zip", *(f".{name}" for name in formats)) if workbooks else ("",)
            if not any(name.casefold().endswith(suffixes) for name in inside):
                said = " or ".join(formats)
                return [f"a zip archive without {said}: {', '.join(inside[:5]) or 'nothing'}"]
            return []
    except RejectedError as error:
        return [f"a broken zip archive ({error.found})"]
    except OSError as error:
        return [f"a zip archive that cannot be read ({error})"]


def _plain_problems(path: Path, formats: Sequence[str]) -> list[str]:
    with path.open("rb") as opened_file:
        head = _begun(opened_file.read(_HEAD))
        opened_file.seek(-min(4, path.stat().st_size), SEEK_END)
        tail = opened_file.read()
    if "parquet" in formats and head.startswith(PARQUET):
        return [] if tail == PARQUET else ["Parquet cut short"]
    if head.startswith(b"<"):
        kind = "a web page" if is_web_page(head) else "XML or a web page"
        return [f"{kind}: {_excerpt(head)}"]
    if "xls" in formats and head.startswith(OLE):
        return []
    if not set(formats) - _WORKBOOKS:
        return [f"no workbook: {_excerpt(head)}"]
    if not set(formats) - {"parquet"}:
        return [f"no Parquet: {_excerpt(head)}"]
    if not head:
        return ["nothing but blanks"]
    if _NOT_TEXT.search(head):
        return [f"no text: {_excerpt(head)}"]
    structured = head.startswith((b"{", b"["))
    if "json" in formats:
        return [] if structured else [f"no JSON: {_excerpt(head)}"]
    if "csv" in formats and structured:
        return [f"JSON (an error message?): {_excerpt(head)}"]
    # An error message in JSON starts like geographic data, but has no feature in it.
    features = b'"Feature' in head or b'"features"' in head
    if "geojson" in formats and not (structured and features):
        return [f"no GeoJSON: {_excerpt(head)}"]
    return []


def _begun(head: bytes) -> bytes:
    """The start of a text, without the mark and the blanks before its first word."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _excerpt(head: bytes) -> str:
    return repr(" ".join(head[:120].decode("utf-8", errors="replace").split()))
