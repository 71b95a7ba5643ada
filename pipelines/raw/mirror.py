"""Files from a mirror: a folder with a manifest, for servers without internet; and its making."""

import csv
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pooch
from filelock import FileLock

from pipelines.catalogue.sources import Source
from pipelines.disk import disk_errors, replacing
from pipelines.errors import RejectedError, UnavailableError, UsageError, first
from pipelines.raw.fetch import Obtained, Origin, is_complete
from pipelines.raw.inspection import inspect
from pipelines.raw.progress import Progress, Silent

MANIFEST = "manifest.csv"
COLUMNS = [
    "source_id",
    "vintage",
    "path",
    "extent",
    "extent_kind",
    "layout",
    "publisher",
    "title",
    "official_url",
    "licence",
    "sha256",
    "bytes",
    "remarks",
]
# Ours beside the format's. `file` is the key of the file in the source's YAML: a publisher's
# address does not always end in a name that the YAML's pattern knows.
EXTRA_COLUMNS = ["file", "fetched_at"]
_PATTERNS = {
    "extent": r"france|france-metropolitaine|sample|partial|(reg|dep|epci):\w+(\+\w+)*",
    "extent_kind": r"by_row|closed",
    "layout": r"official|rebuilt|synthetic",
    "sha256": r"[0-9a-fA-F]{64}",
    "bytes": r"\d+",
}

Row = dict[str, str]


class Mirror:
    """A folder of files described by a manifest.

    A bad line of the manifest rejects its source only, when that source is asked for.
    """

    def __init__(self, folder: Path) -> None:
        """Read the manifest of a folder.

        Raises:
            UsageError: there is no such folder, or it has no manifest.
            RejectedError: the manifest is not readable, or lacks columns.
        """
        self.folder = folder
        self.manifest = folder / MANIFEST
        if not folder.is_dir():
            raise UsageError(
                "there is no such mirror folder",
                where=str(folder),
                expected=f"a folder that holds {MANIFEST}",
                todo="correct the path, or make a mirror there: metabolisme mirror DIR",
            )
        if not self.manifest.is_file():
            raise UsageError(
                "the mirror has no manifest",
                where=str(folder),
                expected=MANIFEST,
                found=first(sorted(p.name for p in folder.iterdir())) or "an empty folder",
                todo="name the folder that holds the manifest, or: metabolisme mirror DIR",
            )
        self.rows = _read_manifest(self.manifest)

    def vintages(self, source_id: str) -> list[str]:
        """The vintages of a source that the mirror holds, oldest first."""
        return sorted({row["vintage"] for row in self.rows if row["source_id"] == source_id})

    def obtain(self, source: Source, vintage: str | None = None) -> dict[str, Obtained]:
        """The files of one vintage (by default the newest there), verified, by key.

        Raises:
            UnavailableError: the source, the vintage or a file that is needed is not there.
            RejectedError: a line of the manifest, or a file, is not what it should be.
            UsageError: neither the mirror nor the catalogue has this vintage.
        """
        vintage = self._vintage(source, vintage)
        rows = self._rows(source, vintage)
        needed = {key for key, file in source.files.items() if not file.optional}
        if absent := sorted(needed - set(rows)):
            raise _absent(self, source, vintage, absent)
        obtained = {}
        missing: UnavailableError | None = None
        for key in source.files:  # in this order, whatever that of the manifest
            try:
                if key in rows:
                    obtained[key] = self._verified(source, vintage, key, rows[key])
            except UnavailableError as error:
                if key in needed:
                    raise
                missing = missing or error
        if missing and not obtained:  # all may be absent, but not together
            raise missing
        return obtained

    def file(self, source: Source, vintage: str, key: str) -> Obtained:
        """One file of a vintage, verified.

        Raises:
            UnavailableError, RejectedError, UsageError: as `obtain`.
        """
        vintage = self._vintage(source, vintage)
        rows = self._rows(source, vintage)
        if key not in rows:
            raise _absent(self, source, vintage, [key])
        return self._verified(source, vintage, key, rows[key])

    def _vintage(self, source: Source, asked: str | None) -> str:
        there = self.vintages(source.id)
        vintage = asked or max(there, default=None)
        if asked and asked not in there:
            source.vintage(asked)
        if vintage is None or vintage not in there:
            raise UnavailableError(
                f"the mirror does not hold {source.id}{f' {asked}' if asked else ''}",
                where=str(self.manifest),
                expected=f"{source.id} {asked or ''}".strip(),
                found=f"vintages {first(there, 20)}" if there else "no entry of this source",
                todo=f"ask for one that is there: --vintage {source.id}={there[-1]}"
                if there
                else "add the source to the mirror",
            )
        if vintage not in source.vintages:
            raise RejectedError(
                f"the mirror holds a vintage of {source.id} that the catalogue does not know",
                where=f"{self.manifest}; sources/{source.id}.yml, vintages",
                expected=first(sorted(source.vintages), 20),
                found=vintage,
                todo=f"add vintage {vintage} to sources/{source.id}.yml, or ask for another:"
                f" --vintage {source.id}=…",
            )
        return vintage

    def _rows(self, source: Source, vintage: str) -> dict[str, Row]:
        """The lines of one vintage, by the key of their file in the source's YAML."""
        matched: dict[str, Row] = {}
        problems = []
        for row in self.rows:
            if (row["source_id"], row["vintage"]) != (source.id, vintage):
                continue
            key = _key(source, row)
            if key is None:
                names = first(f"{k}: {f.name}" for k, f in source.files.items())
                problems.append(
                    f"{row['path']} is none of sources/{source.id}.yml, files ({names})"
                )
            elif key in matched:
                problems.append(f"{matched[key]['path']} and {row['path']} are both `{key}`")
            else:
                matched[key] = row
                problems += self._row_problems(row)
        if problems:
            raise RejectedError(
                f"the mirror's manifest is wrong about {source.id} {vintage}",
                where=str(self.manifest),
                expected="one sound line for each file",
                found="; ".join(problems),
                todo=f"correct the manifest, or files.….name in sources/{source.id}.yml",
            )
        return matched

    def _row_problems(self, row: Row) -> list[str]:
        problems = [
            f"{row['path']}: {name} is {row[name]!r}"
            for name, pattern in _PATTERNS.items()
            if not re.fullmatch(pattern, row[name])
        ]
        if not (self.folder / row["path"]).resolve().is_relative_to(self.folder.resolve()):
            problems.append(f"{row['path']} leads out of the mirror")
        return problems

    def _verified(self, source: Source, vintage: str, key: str, row: Row) -> Obtained:
        path = self.folder / row["path"]
        label = f"{source.id} {vintage}, {key}: {path}"
        if not path.is_file():
            raise UnavailableError(
                f"the mirror's manifest names a file that is not there ({source.id} {vintage})",
                where=str(path),
                expected=f"a file of {row['bytes']} bytes",
                found="no file",
                todo="copy the mirror again, whole",
            )
        with disk_errors(path):
            size, sha256 = path.stat().st_size, pooch.file_hash(path)
            if size != int(row["bytes"]) or sha256 != row["sha256"].lower():
                raise RejectedError(
                    f"a file of the mirror is not the one of its manifest ({source.id} {vintage})",
                    where=str(path),
                    expected=f"sha256 {row['sha256'].lower()} ({row['bytes']} bytes)",
                    found=f"sha256 {sha256} ({size} bytes)",
                    todo="copy the file again; if it was changed on purpose, correct the manifest",
                )
            complete = is_complete(row["extent"], row["layout"])
            inspect(path, source.files[key], label, complete)
        return Obtained(
            source_id=source.id,
            vintage=vintage,
            file=key,
            path=path,
            sha256=sha256,
            bytes=size,
            url=row["official_url"] or None,
            origin="mirror",
            extent=row["extent"],
            extent_kind=row["extent_kind"],
            layout=row["layout"],
            fetched_at=row.get("fetched_at") or None,
        )


@dataclass(frozen=True)
class MirrorSummary:
    """What a mirror holds after its making.

    Attributes:
        obtained: the files brought this time; kept: those that were there, and sound.
        unavailable: the sources that could not be had, and why.
    """

    folder: Path
    obtained: list[Obtained] = field(default_factory=list)
    kept: list[Obtained] = field(default_factory=list)
    unavailable: dict[str, UnavailableError | RejectedError] = field(default_factory=dict)


def write_mirror(
    folder: Path,
    origin: Origin,
    sources: Iterable[Source],
    progress: Progress | None = None,
    vintages: Mapping[str, str] | None = None,
) -> MirrorSummary:
    """Bring the sources (their newest vintage, or the one of `vintages`) into a mirror folder.

    What is there and sound is kept; what is there of other sources and vintages stays. A run
    that was stopped goes on where it was.

    Raises:
        RejectedError: the folder holds a manifest that is not readable.
        UsageError: a source has no such vintage.
        MetabolismeError: this machine fails (disk full, folder not writable).
    """
    progress = progress or Silent()
    summary = MirrorSummary(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        guard = FileLock(folder / ".lock")
    with guard:
        for source in sources:
            rows = _read_manifest(folder / MANIFEST) if (folder / MANIFEST).exists() else []
            vintage = (vintages or {}).get(source.id)
            if kept := _kept(folder, source, vintage or source.newest):
                summary.kept.extend(kept)
                continue
            try:
                obtained = origin.obtain(source, vintage)
            except (UnavailableError, RejectedError) as error:
                progress.note(f"{source.id}: {error.what}")
                summary.unavailable[source.id] = error
                continue
            new = [_copied(folder, source, one) for one in obtained.values()]
            replaced = {(row["source_id"], row["vintage"], row["file"]) for row in new}
            old = [
                row
                for row in rows
                if (row["source_id"], row["vintage"], _key(source, row)) not in replaced
            ]
            # After each source, so that what is there is known to a run that goes on from here.
            _write_manifest(folder, old + new)
            mirrored = Mirror(folder)
            summary.obtained.extend(
                mirrored.file(source, one.vintage, key) for key, one in obtained.items()
            )
        if not (folder / MANIFEST).exists():
            _write_manifest(folder, [])
    return summary


def _kept(folder: Path, source: Source, vintage: str) -> list[Obtained]:
    """The files of a vintage, if all those with an address are there and sound."""
    if not (folder / MANIFEST).exists():
        return []
    wanted = {key for key, link in source.vintage(vintage).links.items() if link}
    try:
        there = Mirror(folder).obtain(source, vintage)
    except (UnavailableError, RejectedError):
        return []
    return list(there.values()) if wanted <= set(there) else []


def _copied(folder: Path, source: Source, one: Obtained) -> Row:
    """Copy a file into the mirror, and describe it as a line of the manifest."""
    name = one.path.name.removeprefix(f"{one.sha256[:12]}-")
    # Two files of a source may bear the same name at their publisher.
    path = PurePosixPath(one.source_id, one.vintage, name)
    if len(source.files) > 1 and _key(source, {"path": str(path)}) != one.file:
        path = path.with_name(f"{one.file}-{name}")
    target = folder / path
    if not (target.is_file() and pooch.file_hash(target) == one.sha256):
        with replacing(target) as part:
            shutil.copyfile(one.path, part)
    return {
        "source_id": one.source_id,
        "vintage": one.vintage,
        "path": str(path),
        "extent": one.extent,
        "extent_kind": one.extent_kind,
        "layout": one.layout,
        "publisher": source.publisher,
        "title": source.title.fr,
        "official_url": one.url or "",
        "licence": source.licence,
        "sha256": one.sha256,
        "bytes": str(one.bytes),
        "remarks": "",
        "file": one.file,
        "fetched_at": one.fetched_at or "",
    }


def _write_manifest(folder: Path, rows: list[Row]) -> None:
    known = [*COLUMNS, *EXTRA_COLUMNS]
    others = [name for name in dict.fromkeys(n for row in rows for n in row) if name not in known]
    with replacing(folder / MANIFEST) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*known, *others], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda r: (r["source_id"], r["vintage"], r["path"])))


def _read_manifest(path: Path) -> list[Row]:
    rows: list[Row] = []
    try:
        with disk_errors(path), path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if lacking := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
                raise RejectedError(
                    "the mirror's manifest lacks columns",
                    where=str(path),
                    expected=", ".join(COLUMNS),
                    found=f"no {', '.join(lacking)}",
                    todo="add them, or make the mirror again: metabolisme mirror DIR",
                )
            for row in reader:
                if None in row or None in row.values():
                    raise ValueError(f"line {reader.line_num} has too many or too few fields")
                rows.append(row)
    except (ValueError, csv.Error) as error:
        raise RejectedError(
            "the mirror's manifest is not readable",
            where=str(path),
            expected="a CSV file in UTF-8, separated by commas",
            found=str(error),
            todo="correct the line, or make the mirror again: metabolisme mirror DIR",
        ) from error
    return rows


def _key(source: Source, row: Row) -> str | None:
    """Which file of the source a line of the manifest is: the best match of its name."""
    if row.get("file") in source.files:
        return row["file"]
    name = PurePosixPath(row["path"]).name.casefold()
    matching = [k for k, f in source.files.items() if fnmatchcase(name, f.name.casefold())]

    def precision(key: str) -> tuple[bool, int]:
        pattern = source.files[key].name
        wild = re.findall(r"[*?\[]", pattern)
        return not wild, len(pattern) - len(wild)

    return max(matching, key=precision, default=None)


def _absent(mirror: Mirror, source: Source, vintage: str, keys: list[str]) -> UnavailableError:
    return UnavailableError(
        f"the mirror's {source.id} {vintage} is not complete",
        where=str(mirror.manifest),
        expected=first(f"{key} ({source.files[key].name})" for key in keys),
        found="no such line",
        todo="add the file to the mirror and to its manifest",
    )
