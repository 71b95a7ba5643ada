"""A mirror, a working folder and published releases, to run again on what has been damaged."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import recipes
from pipelines.catalogue.sources import read_only, sources
from pipelines.catalogue.tables import tables
from pipelines.checking import checks
from pipelines.errors import MetabolismeError
from pipelines.release.publishing import Release
from pipelines.settings import Settings
from pipelines.store import Store

REQUIRED = sorted(id_ for id_, source in read_only().items() if source.required)
OPTIONAL = sorted(id_ for id_, source in read_only().items() if not source.required)


@dataclass(frozen=True)
class Ground:
    """Where a run takes place. The working folder is that of METABOLISME_HOME."""

    mirror: Path
    outputs: Path
    perimeters: Path | None = None

    @property
    def settings(self) -> Settings:
        return Settings("mirror", self.mirror, perimeters=self.perimeters, outputs=self.outputs)

    @property
    def store(self) -> Store:
        return Store(self.settings.tables)

    def drawing(self, perimeters: Path) -> "Ground":
        return replace(self, perimeters=perimeters)

    def run(self) -> Release:
        """A whole run, as `metabolisme run --mirror` does it."""
        return recipes.make_all(self.settings)

    def make(self, *names: str) -> None:
        """Make some tables again, in their order; the others stay as they are."""
        for recipe in recipes.in_order():
            if recipe.table.name in names:
                recipe.make(self.store, self.settings)

    def check(self, name: str) -> dict[str, checks.Outcome]:
        """Check a table: what was found, by check."""
        return {o.check_id: o for o in checks.check_table(tables()[name], self.store)}

    def read(self, source_id: str) -> dict[str, Any]:
        """Obtain and read one source, and say how it stands: its row of `sources`."""
        self.make("source_files", "sources", *sources()[source_id].tables)
        return self.stand(source_id)

    def stand(self, source_id: str) -> dict[str, Any]:
        (row,) = self.table("sources").filter(source_id=source_id).to_dicts()
        return row

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.store.path(name))


def photograph(outputs: Path) -> dict[str, str]:
    """All that stands in the folder of the releases, to the byte; the lock aside."""
    return {
        path.relative_to(outputs).as_posix(): f"→ {path.readlink()}"
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(outputs.rglob("*"))
        if path.is_symlink() or (path.is_file() and path.name != ".lock")
    }


def says(error: MetabolismeError, *words: object) -> None:
    """The message is one that a person can act on, and names what it is about."""
    assert type(error).__module__ == "pipelines.errors"
    assert error.what and error.where and error.found and error.todo, str(error)
    tells(str(error), *words)


def tells(message: str | None, *words: object) -> None:
    assert message
    assert "Traceback" not in message and "Stack Trace" not in message
    for word in map(str, words):
        assert word.casefold() in message.casefold(), f"{word!r} is not in: {message}"


def rejected(ground: Ground, source_id: str, *words: object) -> None:
    """An optional source is set aside with a reason; a required one stops the run.

    Either way the message names the words.
    """
    if sources()[source_id].required:
        with pytest.raises(MetabolismeError) as caught:
            ground.read(source_id)
        says(caught.value, source_id, *words)
        return
    row = ground.read(source_id)
    assert row["status"] == "rejected", row
    assert row["rows"] is None and row["extent"] is None, "nothing of it is used"
    # What is published does not tell the folders of a machine.
    tells(row["why"], source_id, *(Path(str(word)).name for word in words))
