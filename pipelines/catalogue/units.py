"""The units a column, a measure or an indicator may have."""

from functools import cache

import pint
from pydantic import Field

from pipelines import paths
from pipelines.catalogue.loading import Entry, Text, read_entries
from pipelines.errors import CatalogueError


class Unit(Entry):
    """A unit, with how it is written beside a number.

    Attributes:
        expression: what it is, as pint reads it; none for things that are counted.
        one: how it is written beside a one, where that is not the same.
    """

    expression: str | None = Field(None, alias="is")
    fr: str
    en: str
    one: Text | None = None


@cache
def units() -> dict[str, Unit]:
    """All units, by name.

    Raises:
        CatalogueError: one is said to be what the units library does not know.
    """
    path = paths.CATALOGUE / "units.yml"
    entries = read_entries(Unit, path)
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    for name, unit in entries.items():
        if unit.expression is None:
            registry.define(f"{name} = [{name}]")
    for name, unit in entries.items():
        try:
            registry.parse_expression(unit.expression or name)
        except (pint.PintError, AttributeError, TypeError) as error:
            raise CatalogueError(
                f"the unit {name} is not what pint can read",
                where=str(path),
                found=f"{unit.expression}: {error}",
                todo="write it with the units of pint, or those counted in this file",
            ) from error
    return entries


def check_unit(unit: str | None) -> None:
    """Accept a unit of `units.yml`, or none.

    Raises:
        ValueError: the unit is not one of them.
    """
    if unit is not None and unit not in units():
        raise ValueError(f"unit {unit!r} is not one of {', '.join(units())}")
