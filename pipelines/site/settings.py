"""What the pages show, and of whom (`site.yml`)."""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.catalogue.loading import Entry, read_yaml, validate
from pipelines.catalogue.words import functions, levels

Degrees = tuple[float, float, float, float]


class Inset(Entry):
    """A part of the country that is drawn elsewhere than it lies.

    Attributes:
        box: where it lies: west, south, east, north (degrees).
        at: where its centre is drawn (km in Lambert-93).
        scale: how much larger it is drawn.
    """

    box: Degrees
    at: tuple[float, float]
    scale: float = Field(gt=0)


class SiteSettings(Entry):
    """The choices of `site.yml`, each told there."""

    paged: list[str]
    mapped: list[str]
    sizes: list[float]
    peers: int = Field(ge=1)
    partners: int = Field(ge=1)
    grid_m: int = Field(ge=1)
    tolerance_m: dict[str, float]
    overseas: dict[str, Inset]
    colours: dict[str, Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if strange := sorted({*self.paged, *self.mapped, *self.tolerance_m} - levels().keys()):
            raise ValueError(f"levels of levels.yml, not {', '.join(strange)}")
        if self.tolerance_m.keys() != {*self.mapped}:
            raise ValueError("a tolerance for each level that is mapped")
        if self.colours.keys() != functions().keys():
            raise ValueError("a colour for each function of functions.yml")
        if self.sizes != sorted(self.sizes):
            raise ValueError("sizes in order")
        return self


@cache
def site_settings() -> SiteSettings:
    """The choices of `site.yml`.

    Raises:
        CatalogueError: the file does not follow its schema.
    """
    path = Path(__file__).with_name("site.yml")
    return validate(SiteSettings, read_yaml(path), path)
