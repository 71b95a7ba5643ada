"""How far a release may be from the one before (`drift.yml`)."""

from functools import cache
from typing import Self

from pydantic import Field, model_validator

from pipelines import paths
from pipelines.catalogue.loading import Entry, Text, read_yaml, validate
from pipelines.catalogue.sources import sources
from pipelines.catalogue.words import levels


class Limit(Entry):
    """A share that a release must not pass.

    Attributes:
        most: the largest share let through.
        among: fewer things than this are not compared.
        fr, en: what the share is of.
        look: where to look when it is passed.
    """

    most: float = Field(gt=0, le=1)
    among: int = Field(1, ge=1)
    fr: str
    en: str
    look: Text


class Drift(Entry):
    """The limits.

    Attributes:
        placed_by: the sources without which the observations of others stand elsewhere.
        drawn_by: by level, the sources that draw its territories.
    """

    territories_lost: Limit
    measures_lost: Limit
    values_lost: Limit
    values_moved: Limit
    placed_by: list[str]
    drawn_by: dict[str, list[str]]

    @model_validator(mode="after")
    def _known(self) -> Self:
        named = {*self.placed_by}.union(*self.drawn_by.values())
        if strange := sorted(self.drawn_by.keys() - levels().keys()):
            raise ValueError(f"levels of levels.yml, not {', '.join(strange)}")
        if strange := sorted(named - sources().keys()):
            raise ValueError(f"sources of sources/, not {', '.join(strange)}")
        return self


@cache
def drift() -> Drift:
    """The limits of `drift.yml`.

    Raises:
        CatalogueError: the file does not follow its schema.
    """
    path = paths.CATALOGUE / "drift.yml"
    return validate(Drift, read_yaml(path), path)
