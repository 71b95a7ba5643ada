"""The short catalogues, one YAML each: parameters, measures, needs, attributions, levels,
functions, emission factors."""

from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipelines import paths
from pipelines.catalogue.loading import Entry, Text, read_entries
from pipelines.catalogue.sources import Function, sources
from pipelines.catalogue.units import check_unit
from pipelines.errors import CatalogueError


class WithUnit(Entry):
    """Something counted or measured in a unit of `units.yml`, with its label."""

    unit: str
    fr: str
    en: str

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        check_unit(unit)
        return unit


class Parameter(WithUnit):
    """A number a method chooses, with where it comes from."""

    value: float
    source: str


class Measure(WithUnit):
    """An additive quantity of a commune in a year.

    Attributes:
        absent: what it means that a source gives nothing for a commune of its extent: `zero`;
            `hidden`, none or a secret, which sums pass over; or `unknown`, and the commune is
            left out of what is compared with it.
        absent_at_most: what a commune that stands for zero can have at most.
    """

    function: Function
    absent: Literal["zero", "hidden", "unknown"] = "unknown"
    absent_at_most: float | None = None


class Need(WithUnit):
    """What a territory's people require of others: counted as flows, or balanced.

    Attributes:
        source: the source that counts its flows.
        row_side: the end of the flow for whose communes a partial source is complete.
        mirror_of: the need that counts the same people seen from the other end.
        demand, local_supply: for a balanced need, the measures of what is needed and made here.
        reach_km: how far by road a surplus can meet a deficit.
    """

    function: Function
    source: str | None = None
    row_side: Literal["dependent", "provider"] | None = None
    mirror_of: str | None = None
    demand: str | None = None
    local_supply: str | None = None
    reach_km: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _counted_or_balanced(self) -> Self:
        if (self.source is None) == (self.demand is None):
            raise ValueError("a need has a source of flows, or a demand")
        if (self.source is None) != (self.row_side is None):
            raise ValueError("a need counted by a source has a row_side")
        if self.reach_km and not self.local_supply:
            raise ValueError("a surplus has a reach where there is a local_supply")
        return self


class MeanDistance(Entry):
    """Mean distances by road that the decay of a need is fitted to, in km."""

    near: float
    central: float
    far: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 < self.near <= self.central <= self.far:
            raise ValueError("0 < near <= central <= far")
        return self


class Attribution(Entry):
    """How the supply of a need is attributed to its dependents, where nobody counts them.

    Attributes:
        supply: measures of what is made, the best first.
        mean_km: what the decay is fitted to; without it, the decay of commuting is borrowed.
        imports: part of every need met from abroad, whatever the country makes.
        remainder: where what the country lacks comes from: the rest of the world, or nobody knows.
        tonnes: weight of a unit; with `carried_by`, an emission factor per tonne-km.
        source: where these numbers come from.
    """

    supply: list[str] = Field(min_length=1)
    mean_km: MeanDistance | None = None
    imports: float = Field(0, ge=0, lt=1)
    remainder: Literal["world", "unknown"] = "world"
    tonnes: float | None = None
    carried_by: str | None = None
    source: str

    @model_validator(mode="after")
    def _weighed_to_be_carried(self) -> Self:
        if (self.tonnes is None) != (self.carried_by is None):
            raise ValueError("tonnes and carried_by go together")
        return self


class Level(Entry):
    """A level of territory: a partition of communes, or perimeters that may overlap."""

    kind: Literal["partition", "perimeter"]
    fr: str
    en: str


class Factor(Entry):
    """An emission factor we use, by its element in the Base Carbone."""

    element: str
    fr: str
    en: str


@cache
def factors() -> dict[str, Factor]:
    """All emission factors we use, by name."""
    return read_entries(Factor, paths.CATALOGUE / "emission_factors.yml")


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
def attributions() -> dict[str, Attribution]:
    """How flows are attributed, by need.

    Raises:
        CatalogueError: an entry is of no balanced need, or names a measure or a factor that is not
            in its catalogue.
    """
    path = paths.CATALOGUE / "attributions.yml"
    entries = read_entries(Attribution, path)
    unknown = [
        *(name for name in entries if name not in needs() or not needs()[name].demand),
        *(name for one in entries.values() for name in one.supply if name not in measures()),
        *(one.carried_by for one in entries.values() if one.carried_by not in {None, *factors()}),
    ]
    if unknown:
        raise CatalogueError(
            "attributions.yml names what other catalogues do not have",
            where=str(path),
            expected="balanced needs, measures and emission factors",
            found=", ".join(map(str, unknown)),
        )
    return entries


@cache
def functions() -> dict[str, Text]:
    """The five functions of habitability, by id, in the workshop's order."""
    return read_entries(Text, paths.CATALOGUE / "functions.yml")


@cache
def levels() -> dict[str, Level]:
    """All levels of territory, by name."""
    return read_entries(Level, paths.CATALOGUE / "levels.yml")


def flow_needs() -> dict[str, Need]:
    """The needs that a source counts as flows, by name."""
    return {name: need for name, need in needs().items() if need.source}


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
            "demand_measure": need.demand,
            "supply_measure": need.local_supply,
            "reach_km": need.reach_km,
            "label_fr": need.fr,
            "label_en": need.en,
        }
        for name, need in needs().items()
    ]


def attribution_records() -> list[dict[str, Any]]:
    """Rows of `attribution_catalogue`: the measures that each side of a need can be known by."""
    sides = [
        (id_, side, choice, measure)
        for id_, one in attributions().items()
        for side, chosen in (("demand", [needs()[id_].demand]), ("supply", one.supply))
        for choice, measure in enumerate(chosen, 1)
    ]
    return [dict(zip(("need", "side", "choice", "measure"), row, strict=True)) for row in sides]


def source_measure_records() -> list[dict[str, Any]]:
    """Rows of `source_measures`."""
    return [
        {"source_id": id_, "measure": measure}
        for id_, source in sources().items()
        for measure in source.measures
    ]


def factor_records() -> list[dict[str, Any]]:
    """Rows of `factor_catalogue`."""
    return [
        {"factor": name, "element_id": one.element, "label_fr": one.fr, "label_en": one.en}
        for name, one in factors().items()
    ]


def measure_records() -> list[dict[str, Any]]:
    """Rows of `measure_catalogue`."""
    return [
        {
            "measure": name,
            "function": measure.function,
            "unit": measure.unit,
            "absent": measure.absent,
            "absent_at_most": measure.absent_at_most,
            "label_fr": measure.fr,
            "label_en": measure.en,
        }
        for name, measure in measures().items()
    ]
