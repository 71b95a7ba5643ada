"""Publishing in a process of its own, to be killed: all that takes long is loaded beforehand."""

from pathlib import Path

import geopandas  # noqa: F401
import pyogrio  # noqa: F401

from pipelines.catalogue.drift import drift
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.tables import Table, tables
from pipelines.catalogue.units import units
from pipelines.release import publishing
from pipelines.release.changes import Changes
from pipelines.store import Store
from tests.small import records

FEW: dict[str, Table] = {name: tables()[name] for name in records()}
assert drift() and indicators() and units()


def without_pages(folder: Path, version: str, changes: Changes) -> None:
    """Stand for `write_site`: pages are made of all tables, and few are published here."""


def publish_few(tables: Path, outputs: Path, keep: int | None, accept_drift: bool) -> None:
    """Publish the few tables that are not empty."""
    publishing.tables = lambda: FEW  # type: ignore[assignment]
    publishing.write_site = without_pages  # type: ignore[assignment]
    publishing.publish(Store(tables), outputs, keep, accept_drift)
