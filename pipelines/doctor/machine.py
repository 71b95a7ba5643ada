"""The machine: its Python and libraries, processors, memory, room on its disks."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

import duckdb
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pipelines import engine, paths
from pipelines.doctor.findings import Finding, of_error
from pipelines.doctor.folders import standing
from pipelines.errors import UsageError

PROJECT = "metabolisme"
# Those that a table or a run depends on most are told one by one, the others together.
NAMED = ("duckdb", "polars", "dagster")
GB = 1_000_000_000
# What a run of the whole of France takes beside the memory that DuckDB is bounded to: 3.3 GB in all
# at its peak, where DuckDB has 2.
BESIDE_DUCKDB = 1_300_000_000
# Below this, even the run of the sample ends badly.
LEAST_MEMORY = 1 * GB
# DuckDB bounds itself to this part of the memory it sees, that of its container included.
_PART_OF_DUCKDB = 0.8
# Room in bytes: for the sample, and (rounded up) for the whole of France.
ROOM = {
    "releases": (GB // 5, 5 * GB),  # one more release: 4.6 GB, the pages included
    "working folder": (GB // 2, 10 * GB),  # downloads, tables, what does not fit in memory
    "temporary folder": (GB // 10, 3 * GB),  # the largest file, unpacked: some 2 GB
}
_INSTALL = "make .venv/.ready, or pip install --require-hashes -r requirements.lock"


def python() -> Finding:
    """The version of Python, beside the one that the project declares."""
    expected, found = str(metadata(PROJECT)["Requires-Python"]), platform.python_version()
    if SpecifierSet(expected).contains(found, prereleases=True):
        return Finding("Python", "ok", found, expected)
    return Finding("Python", "failed", found, expected, "install a Python that fits, then: make")


def libraries() -> Iterator[Finding]:
    """The versions of the libraries, beside those that the project declares."""
    others = 0
    for requirement in _requirements():
        found = _version(requirement.name)
        expected = str(requirement.specifier) or "any version"
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            yield Finding(requirement.name, "failed", found or "not installed", expected, _INSTALL)
        elif requirement.name in NAMED:
            yield Finding(requirement.name, "ok", found, expected)
        else:
            others += 1
    yield Finding("other libraries", "ok", f"{others} as the project declares them")


def _requirements() -> list[Requirement]:
    """What the project needs to run here, as its own metadata says."""
    declared = [Requirement(text) for text in requires(PROJECT) or []]
    return [one for one in declared if one.marker is None or one.marker.evaluate({"extra": ""})]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processors() -> Finding:
    """How many processors a run may use, within the limits of its container."""
    # DuckDB knows the limits of a container, the system those of a process.
    with duckdb.connect() as con:
        count = int(con.execute("select current_setting('threads')").fetchall()[0][0])
    if hasattr(os, "sched_getaffinity"):
        count = min(count, len(os.sched_getaffinity(0)))
    if count >= 2:
        return Finding("processors", "ok", str(count), "2 or more")
    return Finding("processors", "warning", "1", "2 or more", "none needed: a run takes longer")


def memory() -> Finding:
    """The memory there is for a run, beside what it needs."""
    try:
        bound = _bound_of_duckdb()
    except UsageError as error:
        return of_error("memory", error)
    needed = bound + BESIDE_DUCKDB
    there = available_memory()
    found, expected = f"{_gb(there)} available", f"{_gb(needed)} for the whole of France"
    if there >= needed:
        return Finding("memory", "ok", found, expected)
    less = f"free some, or bound DuckDB to less than {_gb(bound)}: METABOLISME_MEMORY=1GB"
    return Finding("memory", "failed" if there < LEAST_MEMORY else "warning", found, expected, less)


def available_memory() -> int:
    """The bytes of memory that processes started now can have, the limit of a container kept."""
    with duckdb.connect() as con:
        whole = int(_bytes(con) / _PART_OF_DUCKDB)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:  # not Linux
        return whole
    told = dict(line.split(":", 1) for line in lines)
    return min(whole, int(told["MemAvailable"].split()[0]) * 1024)


def _bound_of_duckdb() -> int:
    with duckdb.connect() as con:
        engine.limit_memory(con, Path(tempfile.gettempdir()))
        return _bytes(con)


def _bytes(con: duckdb.DuckDBPyConnection) -> int:
    """The memory that a connection is bounded to."""
    query = "select parse_formatted_bytes(current_setting('memory_limit'))"
    return int(con.execute(query).fetchall()[0][0])


def room(outputs: Path) -> Iterator[Finding]:
    """The free room of each disk, beside what the folders that stand on it need together."""
    folders = {
        "releases": outputs,
        "working folder": paths.home(),
        "temporary folder": Path(tempfile.gettempdir()),
    }
    on_disk: dict[int, list[str]] = {}
    for name, folder in folders.items():
        on_disk.setdefault(standing(folder).stat().st_dev, []).append(name)
    for names in on_disk.values():
        yield _room(names, standing(folders[names[0]]))


def _room(names: list[str], folder: Path) -> Finding:
    about, free = f"room for: {', '.join(names)}", shutil.disk_usage(folder).free
    sample, france = (sum(ROOM[name][size] for name in names) for size in (0, 1))
    found = f"{_gb(free)} free (disk of {folder})"
    expected = f"{_gb(france)} for the whole of France, {_gb(sample)} for the sample"
    if free >= france:
        return Finding(about, "ok", found, expected)
    todo = (
        "free some, keep fewer releases (metabolisme run --keep N), or choose another disk:"
        " METABOLISME_OUTPUTS, METABOLISME_HOME, TMPDIR"
    )
    return Finding(about, "failed" if free < sample else "warning", found, expected, todo)


def _gb(size: float) -> str:
    return f"{size / GB:.1f} GB"
