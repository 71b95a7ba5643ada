"""The short catalogues: parameters, measures, needs and levels (one YAML each)."""

from functools import cache
from typing import Any, Literal

from pydantic import field_validator

from pipelines import paths
from pipelines.catalogue.loading import Entry, read_entries
from pipelines.catalogue.sources import Function
from pipelines.catalogue.units import check_unit


class _WithUnit(Entry):
    unit: str
    fr: str
    en: str

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        check_unit(unit)
        return unit


class Parameter(_WithUnit):
    """A number a method chooses, with where it comes from."""

    value: float
    source: str


class Measure(_WithUnit):
    """An additive quantity of a commune in a year."""


class Need(_WithUnit):
    """What a territory's people require of others.

    Attributes:
        row_side: the end of the flow for whose communes a partial source is complete.
        mirror_of: the need that counts the same people seen from the other end.
    """

    function: Function
    source: str
    row_side: Literal["dependent", "provider"]
    mirror_of: str | None = None


class Level(Entry):
    """A level of territory: a partition of communes, or perimeters that may overlap."""

    kind: Literal["partition", "perimeter"]
    fr: str
    en: str


@cache
def parameters() -> dict[str, Parameter]:
    """All parameters, by name."""
    return read_entries(Parameter, paths.CATALOGUE / "parameters.yml")


@cache
def measures() -> dict[str, Measure]:
    """All measures, by name."""
    return read_entries(Measure, paths.CATALOGUE / "measures.yml")


@cache
def needs() -> dict[str, Need]:
    """All needs, by name."""
    return read_entries(Need, paths.CATALOGUE / "needs.yml")


@cache
def levels() -> dict[str, Level]:
    """All levels of territory, by name."""
    return read_entries(Level, paths.CATALOGUE / "levels.yml")


def parameter_values() -> dict[str, float]:
    """The values that queries read as `$name`."""
    return {name: parameter.value for name, parameter in parameters().items()}


def level_records() -> list[dict[str, Any]]:
    """Rows of `level_catalogue`."""
    return [
        {"level": name, "kind": level.kind, "label_fr": level.fr, "label_en": level.en}
        for name, level in levels().items()
    ]


def need_records() -> list[dict[str, Any]]:
    """Rows of `need_catalogue`."""
    return [
        {
            "need": name,
            "function": need.function,
            "unit": need.unit,
            "source_id": need.source,
            "row_side": need.row_side,
            "mirror_of": need.mirror_of,
            "label_fr": need.fr,
            "label_en": need.en,
        }
        for name, need in needs().items()
    ]


def measure_records() -> list[dict[str, Any]]:
    """Rows of `measure_catalogue`."""
    return [
        {"measure": name, "unit": measure.unit, "label_fr": measure.fr, "label_en": measure.en}
        for name, measure in measures().items()
    ]
