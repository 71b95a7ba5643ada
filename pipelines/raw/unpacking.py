"""Take the one wanted file out of an archive, even out of an archive in an archive."""

import shutil
import tempfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PureWindowsPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from pipelines.disk import replacing
from pipelines.errors import RejectedError, first

# The largest official file we know unpacks to some 2 GB.
UNPACKED_LIMIT = 8 * 1024**3
_DEEPEST = 3
PARQUET = b"PAR1"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how a workbook starts that is no archive (`xls`)
# What zipfile raises on damaged, encrypted or unsupported content.
BROKEN = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpack(path: Path, formats: Collection[str], member: str | None, folder: Path) -> Path:
    """The path of the inner file: `path` itself if it is no archive, else a copy in `folder`.

    `member` is a pattern of the inner file's name, as in a shell, folders and case aside (by
    default, any file of the formats). A workbook is a zip archive too, and is left as it is.

    Raises:
        RejectedError: the archive is broken or unsafe, or not exactly one file in it matches.
        MetabolismeError: the disk is full, or `folder` cannot be written.
    """
    if not is_zip(path):
        return path
    with opened(path) as archive:
        if workbook(archive) in formats:
            return path
    patterns = [member.casefold()] if member else [f"*.{name}" for name in formats]
    with ExitStack() as stack:
        there: list[_Found] = []
        _list(path, "", 1, folder, stack, there)
        matches = [
            f for f in there if any(fnmatchcase(f.file_name.casefold(), p) for p in patterns)
        ]
        if len(matches) != 1:
            names = first([f.shown for f in (matches or there)], 20) or "nothing"
            raise RejectedError(
                f"{len(matches) or 'no'} files in the archive match, where one is wanted",
                where=str(path),
                expected=f"one file like {member or first(patterns)}",
                found=names,
                todo="correct the table's `member` in the source's YAML",
            )
        target = folder / matches[0].file_name
        _extract(matches[0].archive, matches[0].info, target)
        return target


def is_zip(path: Path) -> bool:
    """Whether a file starts as a zip archive does (it may be broken further on)."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def workbook(archive: ZipFile) -> str | None:
    """The format of the workbook an archive is (`xlsx` or `ods`), if it is one."""
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        return "xlsx"
    return "ods" if "mimetype" in names and "content.xml" in names else None


def format_of(path: Path, formats: Collection[str]) -> str:
    """Which of the `formats` a file that is no archive has, by its first bytes."""
    if is_zip(path):
        with opened(path) as archive:
            return workbook(archive) or first(list(formats))
    with path.open("rb") as file:
        head = file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith(OLE) and "xls" in formats:
        return "xls"
    structured = [name for name in formats if name in ("json", "geojson")]
    if structured and head.startswith((b"{", b"[")):
        return structured[0]
    return next((name for name in formats if name == "csv"), next(iter(formats)))


def members(archive: ZipFile) -> list[ZipInfo]:
    """The files in an archive, without folders and the traces left by operating systems."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not (name := _path(info)).name.startswith(".")
        and "__MACOSX" not in name.parts
    ]


def unsafe(archive: ZipFile) -> list[str]:
    """Why an archive should not be unpacked (nothing: it may)."""
    problems = []
    outside = [i.filename for i in archive.infolist() if _escapes(_path(i))]
    if outside:
        problems.append(f"names that lead out of the folder ({first(outside)})")
    if encrypted := [i.filename for i in archive.infolist() if i.flag_bits & 1]:
        problems.append(f"encrypted files ({first(encrypted)})")
    # The sizes told are also the most that zipfile gives out: a lie shows as a wrong checksum.
    if (size := sum(i.file_size for i in archive.infolist())) > UNPACKED_LIMIT:
        problems.append(f"{size} bytes once unpacked, more than the {UNPACKED_LIMIT} allowed")
    return problems


@contextmanager
def opened(path: Path) -> Iterator[ZipFile]:
    """A zip archive.

    Raises:
        RejectedError: it cannot be opened, or what is read from it is damaged.
    """
    try:
        with ZipFile(path) as archive:
            yield archive
    except BROKEN as error:
        raise RejectedError(
            "an archive is broken",
            where=str(path),
            expected="a zip archive that opens",
            found=str(error) or type(error).__name__,
            todo="fetch it again; if it comes back broken, tell its publisher",
        ) from error


@dataclass(frozen=True)
class _Found:
    """A file in an archive, and the way to it as a person reads it."""

    archive: Path
    info: ZipInfo
    shown: str

    @property
    def file_name(self) -> str:
        return _path(self.info).name


def _list(
    path: Path, outer: str, depth: int, folder: Path, stack: ExitStack, there: list[_Found]
) -> None:
    """Add to `there` the files of an archive and of those inside it, which are unpacked aside."""
    with opened(path) as archive:
        if problems := [
            *unsafe(archive),
            *(["archives in archives, too deep"] * (depth > _DEEPEST)),
        ]:
            raise RejectedError(
                "an archive is not safe to unpack",
                where=f"{path.name}{' ← ' + outer if outer else ''}",
                expected="plain files, of a reasonable size, that stay in their folder",
                found="; ".join(problems),
                todo="open it by hand; if it is sound, ask its publisher for a plain archive",
            )
        for info in members(archive):
            shown = f"{outer}{info.filename}"
            if _path(info).suffix.casefold() != ".zip":
                there.append(_Found(path, info, shown))
                continue
            folder.mkdir(parents=True, exist_ok=True)
            aside = stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix=".unpack-"))
            inner = Path(aside) / _path(info).name
            _extract(path, info, inner)
            _list(inner, f"{shown}/", depth + 1, folder, stack, there)


def _extract(path: Path, info: ZipInfo, target: Path) -> None:
    with (
        opened(path) as archive,
        archive.open(info) as packed,
        replacing(target) as part,
        part.open("wb") as file,
    ):
        shutil.copyfileobj(packed, file, 1 << 20)


def _path(info: ZipInfo) -> PureWindowsPath:
    # Understands both separators: some archives made on Windows keep its own.
    return PureWindowsPath(info.filename)


def _escapes(path: PureWindowsPath) -> bool:
    return bool(path.anchor) or ".." in path.parts
