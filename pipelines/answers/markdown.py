"""A territory's answer as Markdown, in French: what a person reads, prints, or sends."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipelines.answers.explain import Explanation
from pipelines.answers.sheet import Sheet
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import signals
from pipelines.catalogue.units import units
from pipelines.catalogue.words import functions, levels, needs

QUESTIONS = {
    "depends_on": "De qui ce territoire dépend",
    "depended_on_by": "Qui dépend de lui",
}
EVIDENCE = {"observed": "observé", "modelled": "modélisé", "assumed": "supposé"}
BASKETS = {
    "reciprocal": "réciproque",
    "crossed": "croisé",
    "one_way": "à sens unique",
    "none": "aucun",
}
LIMITS = {
    "above": "limite : plus de {}",
    "below": "limite : moins de {}",
    "top_quartile": "dans le quart le plus haut de son niveau",
    "bottom_quartile": "dans le quart le plus bas de son niveau",
}


def markdown(sheet: Sheet) -> str:
    """The whole answer."""
    lost = {row["source_id"] for row in sheet.not_measured if not row["need"]}
    return (
        environment()
        .get_template("sheet.md.jinja")
        .render(
            vars(sheet),
            functions=functions(),
            levels=levels(),
            needs=needs(),
            units={name: unit.fr for name, unit in units().items()},
            questions=QUESTIONS,
            missing=_missing(sheet),
            lost=sorted(lost - {None}),
        )
    )


def explained(explanation: Explanation) -> str:
    """Where a figure comes from."""
    template = environment().get_template("explain.md.jinja")
    return template.render(
        vars(explanation), units={name: unit.fr for name, unit in units().items()}
    )


def environment(folder: Path = Path(__file__).parent) -> jinja2.Environment:
    """The templates of a folder: what they show is text, never Markdown of its own."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escaped,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": number,
        "percent": lambda share: f"{number(100 * share)} %",
        "interval": interval,
        "evidence": EVIDENCE.__getitem__,
        "basket": lambda kind: BASKETS[kind] if kind else "autre sens inconnu",
        "needs": _need_labels,
        "call": _call,
        "code": Markup,
    }
    environment.filters.update(filters)
    return environment


def _escaped(value: Any) -> Any:
    # A name is text: it draws no table, no link and no HTML; what stands as code is as it is.
    if isinstance(value, str) and not isinstance(value, Markup):
        for sign in "\\|<>*_`[]":
            value = value.replace(sign, "\\" + sign)
    return value


def _missing(sheet: Sheet) -> dict[str, dict[str, list[str]]]:
    """By function and reason, what cannot be said: what lacks a value for one reason together."""
    missing: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for one in sheet.not_measured:
        if one["indicator"] or one["need"]:
            need = needs().get(one["need"])
            named = one["label_fr"] or (need.fr if need else None)
            labels = missing[one["function"]].setdefault(one["reason_fr"], [])
            labels += [named] if named and named not in labels else []
    return missing


def _need_labels(ids: str | None) -> str:
    # Without what a label explains in brackets.
    labels = [needs()[id_].fr.split(" (")[0] for id_ in ids.split(", ")] if ids else ["rien"]
    return ", ".join(dict.fromkeys(labels))


def _call(one: dict[str, Any]) -> str:
    """The figure that calls for a lever, beside its limit."""
    id_ = one["indicator"]
    signal = signals().get(id_.removeprefix("signal."))
    label = signal.fr if signal else indicators()[id_].fr.label
    limit = LIMITS[one["comparison"]].format(number(one["threshold"]))
    # That there is one territory at all is no limit worth saying.
    said = "" if signal and one["threshold"] == 0 else f" ({limit})"
    return f"{label}, {number(one['value'])} {units()[one['unit']].fr}{said}"


def number(value: float) -> str:
    """A number as French typography writes it: thin spaces, decimal comma."""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")
    return text.rstrip("0").rstrip(",") if "," in text else text


def interval(row: dict[str, Any]) -> str:
    """The bounds of a row, as a person says them."""
    if row["low"] is None or row["high"] is None:
        # A lower bound alone: what is hidden is unknown.
        return "" if row["low"] is None else f"au moins {number(row['low'])}"
    if row["low"] == row["high"]:
        return ""
    return f"{number(row['low'])} à {number(row['high'])}"
