"""The indicators, declared as formulas over sums (`indicators.yml`)."""

from functools import cache
from typing import Any, Literal

from pydantic import field_validator

from pipelines import paths
from pipelines.catalogue.formulas import Formula
from pipelines.catalogue.loading import Entry, Text, read_entries
from pipelines.catalogue.sources import Function
from pipelines.catalogue.units import check_unit
from pipelines.catalogue.words import flow_needs

Evidence = Literal["observed", "modelled", "assumed"]
# From the strongest to the weakest.
EVIDENCE: tuple[Evidence, ...] = ("observed", "modelled", "assumed")


class Wording(Entry):
    """How an indicator is called and explained in one language."""

    label: str
    description: str


class Indicator(Entry):
    """One indicator.

    Attributes:
        formula: over the terms of `indicator_terms`.
        interval: how its bounds come from those of its terms: `extremes`, or `share` (Wilson)
            for a part of a sampled whole.
        reading: whether more (or less) of it means less dependence; none if neither.
        evidence: the strongest evidence it can claim, whatever its terms.
        leans_on: sources that its terms are made with, beside those that bring them.
        minimum: below it the formula has no meaning, and there is no value.
        main: one of the few of its function that are shown beside the shapes.
    """

    function: Function
    fr: Wording
    en: Wording
    formula: str
    interval: Literal["extremes", "share"] = "extremes"
    unit: str
    reading: Literal["more", "less", "none"] = "none"
    evidence: Evidence = "observed"
    minimum: float | None = None
    main: bool = False
    caveats: list[Text] = []
    leans_on: list[str] = []

    @field_validator("unit")
    @classmethod
    def _unit_known(cls, unit: str) -> str:
        check_unit(unit)
        return unit

    @field_validator("formula")
    @classmethod
    def _formula_reads(cls, formula: str) -> str:
        Formula(formula)
        return formula

    @property
    def needs(self) -> list[str]:
        """The needs whose flows the formula sums."""
        named = {term.split(".")[0] for term in Formula(self.formula).terms}
        return sorted(named & set(flow_needs()))

    @property
    def measures(self) -> list[str]:
        """The measures that the formula sums, and the facts it names."""
        terms = (term.split(".") for term in Formula(self.formula).terms)
        return [name for table, name in terms if table in ("measure", "fact")]


@cache
def indicators() -> dict[str, Indicator]:
    """All indicators, by id."""
    return read_entries(Indicator, paths.CATALOGUE / "indicators.yml")


def indicator_records(
    sources_of: dict[str, list[str]], years: dict[str, list[int]], missing: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """Rows of `indicator_catalogue`: what the YAML says, and what this run has of it."""
    return [
        {
            "indicator": id_,
            "function": one.function,
            "label_fr": one.fr.label,
            "label_en": one.en.label,
            "description_fr": one.fr.description,
            "description_en": one.en.description,
            "formula": one.formula,
            "unit": one.unit,
            "reading": one.reading,
            "source_ids": ", ".join(sources_of.get(id_, [])) or None,
            "years": ", ".join(map(str, years.get(id_, []))) or None,
            "years_missing": ", ".join(missing.get(id_, [])) or None,
            "evidence": one.evidence,
            "caveats_fr": " ".join(c.fr for c in one.caveats) or None,
            "caveats_en": " ".join(c.en for c in one.caveats) or None,
        }
        for id_, one in indicators().items()
    ]
