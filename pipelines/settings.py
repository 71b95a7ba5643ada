"""What a run is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines import paths

Origin = Literal["sample", "official", "mirror"]


@dataclass(frozen=True)
class Settings:
    """The choices of one run.

    Attributes:
        origin: the embedded sample, the publishers' links, or a mirror folder.
        mirror: that folder; beside `official`, where to look when a link fails.
        vintages: source id → the vintage wanted (default: the newest there is).
        functions: the functions wanted (default: all); geography always comes along.
        perimeters: the user's CSV of perimeters.
        cog_year: the reference year of commune codes (default: the newest list there is).
        outputs: the folder of the releases.
        keep: how many of them are kept after this one is published (default: all).
        accept_drift: publish, however far the release is from the one before.
    """

    origin: Origin = "sample"
    mirror: Path | None = None
    vintages: dict[str, str] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    perimeters: Path | None = None
    cog_year: int | None = None
    outputs: Path = field(default_factory=paths.outputs)
    keep: int | None = None
    accept_drift: bool = False

    @property
    def tables(self) -> Path:
        """The folder of the tables a run makes."""
        return paths.home() / "tables" / self.origin
