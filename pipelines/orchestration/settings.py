"""The choices of a run, as a Dagster resource."""

from pathlib import Path

import dagster as dg

from pipelines import paths
from pipelines.settings import Settings
from pipelines.store import Store


class RunSettings(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What a run is asked to do: see `pipelines.settings.Settings`."""

    origin: str = "sample"
    mirror: str = ""
    vintages: dict[str, str] = {}
    functions: list[str] = []
    perimeters: str = ""
    cog_year: int = 0
    outputs: str = ""
    keep: int = 0
    accept_drift: bool = False

    def settings(self) -> Settings:
        """The same, as the plain functions take it."""
        return Settings(
            origin=self.origin,  # type: ignore[arg-type]
            mirror=Path(self.mirror) if self.mirror else None,
            vintages=dict(self.vintages),
            functions=frozenset(self.functions),
            perimeters=Path(self.perimeters) if self.perimeters else None,
            cog_year=self.cog_year or None,
            outputs=Path(self.outputs) if self.outputs else paths.outputs(),
            keep=self.keep or None,
            accept_drift=self.accept_drift,
        )

    def store(self) -> Store:
        """The folder of the tables of this run."""
        return Store(self.settings().tables)
