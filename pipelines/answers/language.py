"""Say figures and identifiers in French or in English, with the typography of each."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import signals
from pipelines.catalogue.loading import read_yaml
from pipelines.catalogue.units import units
from pipelines.catalogue.words import needs

Code = Literal["fr", "en"]


@dataclass(frozen=True)
class Language:
    """A language, and how it says things.

    Attributes:
        code: `fr` or `en`.
        texts: the words of `texts.yml`, in this language.
    """

    code: Code
    texts: dict[str, Any]

    def say(self, text: Any) -> str:
        """The text of an entry of the catalogue (anything with `fr` and `en`)."""
        said: str = getattr(text, self.code)
        return said

    def number(self, value: float) -> str:
        """A number with the decimals that its size deserves: 1 234, 12,3, 0,12."""
        decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
        # As written, not as stored: scripts round so too.
        text = f"{Decimal(repr(float(value))):,.{decimals}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text.translate(self._signs)

    @cached_property
    def _signs(self) -> dict[int, str]:
        signs = self.texts["number"]
        return str.maketrans({",": signs["thousands"], ".": signs["decimal"], "-": "\u2212"})

    def percent(self, share: float) -> str:
        """A share, in percent."""
        said: str = self.texts["percent"].format(self.number(100 * share))
        return said

    def interval(self, row: dict[str, Any]) -> str:
        """The bounds of a row, as a person says them; nothing where they add nothing."""
        if row["low"] is None:
            return ""
        low = self.number(row["low"])
        # A lower bound alone: what is hidden is unknown.
        if row["high"] is None:
            said: str = self.texts["interval"]["at_least"].format(low)
            return said
        high = self.number(row["high"])
        said = self.texts["interval"]["between"].format(low, high)
        return "" if low == high else said

    def evidence(self, id_: str) -> str:
        """How sure a figure is."""
        said: str = self.texts["evidence"][id_]
        return said

    def basket(self, kind: str | None) -> str:
        """What a basket is."""
        said: str = self.texts["basket"][kind or "unknown"]
        return said

    def unit(self, id_: str) -> str:
        """The name of a unit."""
        return self.say(units()[id_])

    def beside(self, id_: str, value: float) -> str:
        """A unit as it stands beside a number: in its number, with the space that it takes."""
        unit, one = self.unit(id_), units()[id_].one
        if unit == "%":
            said: str = self.texts["percent"].format("")
            return said
        return f" {self.say(one) if one and self._is_one(value) else unit}"

    def _is_one(self, value: float) -> bool:
        """Whether what is counted is one: in French, all that is under two."""
        shown = round(abs(value), 2)
        return shown < 2 if self.code == "fr" else shown == 1

    def need(self, id_: str) -> str:
        """The name of a need: without what its label explains in brackets, if that is enough."""
        short = self.short_need(id_)
        # Of those that share it, the first listed goes by the short name.
        first = next(one for one in needs() if self.short_need(one) == short)
        return short if id_ == first else self.say(needs()[id_])

    def short_need(self, id_: str) -> str:
        """Without what its label explains in brackets."""
        return self.say(needs()[id_]).split(" (")[0]

    def needs(self, ids: str | None) -> str:
        """The names of several needs; conventions of the same need are named once."""
        short = map(self.short_need, ids.split(", ")) if ids else [self.texts["nothing"]]
        return ", ".join(dict.fromkeys(short))

    def call(self, one: dict[str, Any]) -> str:
        """The figure that calls for a lever, beside its limit."""
        id_ = one["indicator"]
        signal = signals().get(id_.removeprefix("signal."))
        label = self.say(signal) if signal else getattr(indicators()[id_], self.code).label
        limit = self.texts["limit"][one["comparison"]].format(self.number(one["threshold"]))
        # That there is one territory at all is no limit worth saying.
        said = "" if signal and one["threshold"] == 0 else f" ({limit})"
        value = one["value"]
        return f"{label}, {self.number(value)}{self.beside(one['unit'], value)}{said}"


@cache
def language(code: Code) -> Language:
    """A language, with its words."""
    texts = read_yaml(Path(__file__).with_name("texts.yml"))
    return Language(code, spoken(texts, code))


def spoken(texts: Any, code: Code) -> Any:
    """The words of one language, out of entries that have both, set as it sets them."""
    if not isinstance(texts, dict):
        return texts
    if set(texts) == {"fr", "en"}:
        said = texts[code]
        return typeset(said) if code == "fr" and isinstance(said, str) else said
    return {key: spoken(value, code) for key, value in texts.items()}


def typeset(text: str) -> str:
    """French as it is set: the signs that a space comes before, or after, stay with their word."""
    return _BEFORE.sub("\u00a0", text)


_BEFORE = re.compile(r" (?=[;:?!»])|(?<=«) ")
