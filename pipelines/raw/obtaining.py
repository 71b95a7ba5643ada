"""Obtain every source a run needs, and say of each how it stands."""

import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import engine, paths
from pipelines.catalogue.sources import Source, sources
from pipelines.catalogue.tables import tables
from pipelines.disk import disk_errors
from pipelines.errors import MetabolismeError, RejectedError, UnavailableError, UsageError, first
from pipelines.raw.fetch import Obtained, Origin, is_complete
from pipelines.raw.lock import Lock
from pipelines.raw.mirror import Mirror
from pipelines.raw.progress import Progress
from pipelines.raw.publisher import Publisher
from pipelines.raw.reading import Reading, read_table
from pipelines.settings import Settings
from pipelines.store import Store

WHOLE = "*"
AT_ONCE = 5  # what data.gouv.fr asks of those who download


@dataclass(frozen=True)
class Fetched:
    """What became of one source: its files, or why there are none."""

    status: str
    why: str | None
    files: dict[str, Obtained]


def origin(settings: Settings) -> Origin:
    """Where the files of a run come from.

    Raises:
        UsageError: a mirror is asked for without its folder.
    """
    if settings.origin == "sample":
        from pipelines.sample import write_sample

        with disk_errors(paths.home() / "sample"):
            return Mirror(write_sample(paths.home() / "sample"))
    mirror = Mirror(settings.mirror) if settings.mirror else None
    if settings.origin == "official":
        return publisher(mirror)
    if mirror is None:
        raise UsageError("no mirror folder was named", todo="metabolisme run --mirror DIR")
    return mirror


def publisher(
    mirror: Mirror | None = None, progress: Progress | None = None, accept: Collection[str] = ()
) -> Publisher:
    """The publishers' own links, with our cache and lock; the mirror serves when a link fails."""
    lock = Lock(paths.SOURCES / "lock.json")
    return Publisher(paths.home() / "cache", lock, mirror, progress=progress, accept=accept)


def write_source_files(settings: Settings, store: Store) -> int:
    """Make `source_files`: obtain the sources of the run, five at a time.

    Raises:
        MetabolismeError: a required source cannot be had, or was rejected.
        UsageError: a vintage is asked of a source that does not exist.
    """
    if unknown := sorted(set(settings.vintages) - set(sources())):
        raise UsageError(
            "a vintage is asked of a source that does not exist",
            where="--vintage",
            expected=first(sorted(sources()), 60),
            found=first(unknown),
            todo="metabolisme sources list",
        )
    where_from = origin(settings)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fetched = dict(
            zip(
                sources(),
                pool.map(lambda s: _fetch(s, where_from, settings), sources().values()),
                strict=True,
            )
        )
    _require({id_: f.why for id_, f in fetched.items() if sources()[id_].required and not f.files})
    return engine.write_records(
        tables()["source_files"],
        store,
        [record for id_, what in fetched.items() for record in _records(id_, what)],
    )


def _fetch(source: Source, where_from: Origin, settings: Settings) -> Fetched:
    if source.status == "planned":
        return Fetched("planned", " ".join(caveat.en for caveat in source.caveats), {})
    wanted = settings.functions
    if (
        wanted
        and not source.required
        and not wanted & {*source.functions}
        and "territory" not in source.functions
    ):
        return Fetched("not_requested", f"not among {first(sorted(wanted))}", {})
    try:
        asked = settings.vintages.get(source.id)
        if asked is None and settings.cog_year and source.id.startswith("insee_cog_"):
            asked = str(settings.cog_year)
        return Fetched("ok", None, where_from.obtain(source, asked))
    except UnavailableError as error:
        return Fetched("unavailable", _line(error), {})
    except RejectedError as error:
        return Fetched("rejected", _line(error), {})


def _records(source_id: str, fetched: Fetched) -> list[dict[str, Any]]:
    if not fetched.files:
        return [
            {
                "source_id": source_id,
                "file_role": WHOLE,
                "status": fetched.status,
                "why": fetched.why,
            }
        ]
    return [
        {
            "source_id": source_id,
            "file_role": role,
            "vintage": file.vintage,
            "path": str(file.path),
            "official_url": file.url,
            "sha256": file.sha256,
            "bytes": file.bytes,
            "fetched_at": file.fetched_at,
            "extent": file.extent,
            "extent_kind": file.extent_kind,
            "layout": file.layout,
            "status": fetched.status,
        }
        for role, file in fetched.files.items()
    ]


def write_raw_table(source: Source, name: str, store: Store) -> int:
    """Make one table of a source; without its file, an empty one that notes why.

    Raises:
        RejectedError: the source is required and its file is not what it should be.
    """
    role = source.tables[name].file
    files = _files(store, source.id)
    if role not in files:
        nothing = {"status": "unavailable", "why": f"the file {role} of {source.id} is not there"}
        lost = files.get(WHOLE, nothing)
        return store.write_empty(tables()[name], {k: str(lost[k]) for k in ("status", "why")})
    row = files[role]
    reading = Reading(
        source,
        source.vintage(row["vintage"]),
        name,
        Path(row["path"]),
        complete=is_complete(row["extent"], row["layout"]),
    )
    try:
        return read_table(reading, tables()[name], store)
    except RejectedError as error:
        if source.required:
            raise
        return store.write_empty(tables()[name], {"status": "rejected", "why": _line(error)})


def write_sources(store: Store) -> int:
    """Make `sources`: how each source stands once its files have been read."""
    return engine.write_records(
        tables()["sources"], store, [_source_record(s, store) for s in sources().values()]
    )


def _source_record(source: Source, store: Store) -> dict[str, Any]:
    files = list(_files(store, source.id).values())
    notes = {name: store.notes(name) for name in source.tables}
    optional = {n for n, t in source.tables.items() if source.files[t.file].optional}
    if all("status" in note for note in notes.values()):
        optional = set()  # any may be lost, but not all
    lost = [note for n, note in notes.items() if "status" in note and n not in optional]
    status = lost[0]["status"] if lost else files[0]["status"]
    record: dict[str, Any] = {
        "source_id": source.id,
        "publisher": source.publisher,
        "title_fr": source.title.fr,
        "title_en": source.title.en,
        "licence": source.licence,
        "vintage": files[0]["vintage"],
        "official_url": _joined(row["official_url"] for row in files),
        "file": _joined(Path(row["path"]).name for row in files if row["path"]),
        "sha256": _joined(row["sha256"] for row in files),
        "bytes": sum(row["bytes"] or 0 for row in files) or None,
        "fetched_at": _joined(row["fetched_at"] for row in files),
        "layout": files[0]["layout"],
        "grain": source.grain,
        "status": status,
        "why": _joined(_placeless(note["why"]) for note in notes.values() if "why" in note),
    }
    if status != "ok":
        # Nothing of it is used: it has neither a year nor an extent.
        return record
    vintage = source.vintage(files[0]["vintage"])
    return record | {
        "year": vintage.year,
        "cog_year": vintage.cog_year,
        "rows": sum(store.rows(name) for name in source.tables),
        "extent": files[0]["extent"],
        "extent_kind": files[0]["extent_kind"],
    }


def _files(store: Store, source_id: str) -> dict[str, dict[str, Any]]:
    """Role -> the row of `source_files`; a source without any file has one row, `WHOLE`."""
    import pyarrow.parquet as pq

    rows = pq.read_table(store.path("source_files")).to_pylist()
    return {row["file_role"]: row for row in rows if row["source_id"] == source_id}


def _line(error: Exception) -> str:
    """A message on one line, as a cell of a table."""
    return " ".join(str(error).split())


def _placeless(why: str) -> str:
    """A message that is published: without the folders of this machine."""

    def shorten(path: re.Match[str]) -> str:
        parts = path[0].split("/")
        known = len(parts) > 3 and parts[-3] in sources()
        return "/".join(parts[-3:] if known else parts[-1:])

    return re.sub(r"(?<![\w/.])/(?:[^\s/:;,()]+/)+[^\s/:;,()]*", shorten, why)


def _joined(texts: Any) -> str | None:
    return " ; ".join(dict.fromkeys(text for text in texts if text)) or None


def _require(missing: dict[str, str | None]) -> None:
    if missing:
        raise MetabolismeError(
            "a required source is missing: there is no release without geography and population",
            where=", ".join(missing),
            found="; ".join(filter(None, missing.values())),
            todo="put it in the mirror, or try again when its publisher answers",
        )
