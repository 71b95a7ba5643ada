"""The levers: actions a territory can take, and the figures that call for them (`levers.yml`)."""

from functools import cache
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from pipelines import paths
from pipelines.catalogue.indicators import Wording, indicators
from pipelines.catalogue.loading import Entry, Text, read_entries
from pipelines.catalogue.units import units
from pipelines.catalogue.words import WithUnit, needs
from pipelines.errors import CatalogueError, first

LeverFunction = Literal["cohabit", "food", "energy", "work", "mobility", "all"]
LeverType = Literal["planning", "pooling", "exchange", "regulation", "sobriety"]
Form = Literal["planning", "pooling", "exchange"]
Comparison = Literal["above", "below", "top_quartile", "bottom_quartile"]

_SIGNAL = "signal."


class Signal(WithUnit):
    """A number that the links of a territory give: a row of the table `signals`."""


class Condition(Entry):
    """What a figure of the territory must be.

    Attributes:
        of: an indicator, or `signal.<name>`.
        above, below: strictly.
        quartile: among the territories of the level, the limit included.
    """

    of: str
    above: float | None = None
    below: float | None = None
    quartile: Literal["top", "bottom"] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if (self.above, self.below, self.quartile).count(None) != 2:
            raise ValueError("a condition has one of above, below, quartile")
        if self.quartile and self.is_signal:
            raise ValueError("a signal has no quartile: only indicators have a percentile")
        return self

    @property
    def is_signal(self) -> bool:
        """Whether it looks at a signal, not at an indicator."""
        return self.of.startswith(_SIGNAL)

    @property
    def term(self) -> str:
        """The indicator, or the name of the signal."""
        return self.of.removeprefix(_SIGNAL)

    @property
    def is_known(self) -> bool:
        """Whether what it looks at exists."""
        return self.term in (signals() if self.is_signal else indicators())

    @property
    def unit(self) -> str:
        """The unit of the figure."""
        return (signals() if self.is_signal else indicators())[self.term].unit

    @property
    def comparison(self) -> Comparison:
        """How the figure is compared."""
        if self.quartile:
            return "top_quartile" if self.quartile == "top" else "bottom_quartile"
        return "below" if self.above is None else "above"

    @property
    def threshold(self) -> float | None:
        """What the figure is compared to; none for a quartile."""
        return self.below if self.above is None else self.above

    def said(self, language: Literal["fr", "en"]) -> str:
        """The condition, as a person says it."""
        words = _WORDS[language]
        if self.is_signal:
            label = getattr(signals()[self.term], language)
        else:
            label = getattr(indicators()[self.term], language).label
        named = words["named"].format(label)
        if self.unit == "partner" and self.above == 0:
            return named + words["one"]
        if self.threshold is None:
            return f"{named} {words[self.comparison]}"
        number = f"{self.threshold:,.12g}"
        if language == "fr":
            number = number.replace(",", "\u202f").replace(".", ",")
        unit = "" if self.unit == "ratio" else f" {getattr(units()[self.unit], language)}"
        return f"{named} {words[self.comparison]} {number}{unit}"


_WORDS = {
    "fr": {
        "named": "« {} »",
        "one": " : au moins un",
        "above": "au-dessus de",
        "below": "au-dessous de",
        "top_quartile": "dans le quart le plus haut de son niveau",
        "bottom_quartile": "dans le quart le plus bas de son niveau",
        "and": " et ",
        "or": " ; ou ",
    },
    "en": {
        "named": "“{}”",
        "one": ": one at least",
        "above": "above",
        "below": "below",
        "top_quartile": "in the highest quarter of its level",
        "bottom_quartile": "in the lowest quarter of its level",
        "and": " and ",
        "or": "; or ",
    },
}


class Lever(Entry):
    """An action.

    Attributes:
        form: the cooperation that it proposes to several territories; none if it is for one alone.
        needs: those that the cooperation is about; all of the function where it names none.
        when: alternatives, each of conditions that must all hold.
    """

    function: LeverFunction
    type: LeverType
    form: Form | None = None
    needs: list[str] = []
    fr: Wording
    en: Wording
    when: list[list[Condition]]
    caveats: list[Text] = []

    @field_validator("when")
    @classmethod
    def _alternatives_have_conditions(cls, when: list[list[Condition]]) -> list[list[Condition]]:
        if not all(when):
            raise ValueError("an alternative has a condition at least")
        return when

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not self.when and not self.caveats:
            raise ValueError("a lever without a trigger says why in its caveats")
        if self.needs and not self.form:
            raise ValueError("needs are those of a form of cooperation")
        if any(len({c.of for c in every}) < len(every) for every in self.when):
            raise ValueError("an alternative names a figure once")
        limits: dict[str, Condition] = {}
        for condition in self.conditions:
            # A row of `triggered_levers` is a figure and its limit.
            if limits.setdefault(condition.of, condition) != condition:
                raise ValueError(f"{condition.of} has two limits in one lever")
        return self

    @property
    def conditions(self) -> list[Condition]:
        """The conditions of all alternatives."""
        return [condition for every in self.when for condition in every]

    def trigger(self, language: Literal["fr", "en"]) -> str | None:
        """The trigger as a sentence, without its full stop; none if there is no trigger."""
        words = _WORDS[language]
        alternatives = [
            words["and"].join(condition.said(language) for condition in every)
            for every in self.when
        ]
        return words["or"].join(alternatives) or None


@cache
def signals() -> dict[str, Signal]:
    """All signals, by name."""
    return read_entries(Signal, paths.CATALOGUE / "signals.yml")


@cache
def levers() -> dict[str, Lever]:
    """All levers, by id.

    Raises:
        CatalogueError: one names an indicator, a signal or a need that does not exist.
    """
    path = paths.CATALOGUE / "levers.yml"
    entries = read_entries(Lever, path)
    unknown = [
        f"{name}: {what}"
        for name, lever in entries.items()
        for what in [
            *dict.fromkeys(c.of for c in lever.conditions if not c.is_known),
            *(need for need in lever.needs if not _is_need_of(need, lever.function)),
        ]
    ]
    if unknown:
        raise CatalogueError(
            "levers.yml names what other catalogues do not have",
            where=str(path),
            expected="indicators (indicators.yml), signals (signal.<name> of signals.yml), needs"
            " of the lever's function (needs.yml)",
            found=first(unknown, 20),
            todo="mend the names, or describe what they name in its catalogue",
        )
    return entries


def _is_need_of(name: str, function: LeverFunction) -> bool:
    need = needs().get(name)
    return need is not None and function in ("all", need.function)


def lever_records() -> list[dict[str, Any]]:
    """Rows of `levers`."""
    return [
        {
            "lever": name,
            "function": lever.function,
            "type": lever.type,
            "form": lever.form,
            "needs": ", ".join(lever.needs) or None,
            "label_fr": lever.fr.label,
            "label_en": lever.en.label,
            "description_fr": lever.fr.description,
            "description_en": lever.en.description,
            "trigger_fr": lever.trigger("fr"),
            "trigger_en": lever.trigger("en"),
            "caveats_fr": " ".join(c.fr for c in lever.caveats) or None,
            "caveats_en": " ".join(c.en for c in lever.caveats) or None,
        }
        for name, lever in levers().items()
    ]


def condition_records() -> list[dict[str, Any]]:
    """Rows of `lever_conditions`: alternatives and their conditions are counted from 1."""
    return [
        {
            "lever": name,
            "alternative": alternative,
            "condition": number,
            "term": condition.term,
            "is_signal": condition.is_signal,
            "comparison": condition.comparison,
            "threshold": condition.threshold,
            "unit": condition.unit,
        }
        for name, lever in levers().items()
        for alternative, every in enumerate(lever.when, 1)
        for number, condition in enumerate(every, 1)
    ]
