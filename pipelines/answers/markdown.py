"""A territory's answer as Markdown, in French: what a person reads, prints, or sends."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipelines.answers.explain import Explanation
from pipelines.answers.language import language
from pipelines.answers.sheet import Sheet
from pipelines.catalogue.words import functions, levels, needs

# What templates say of a value: methods of `Language`.
FILTERS = ("number", "percent", "interval", "evidence", "basket", "beside", "needs", "call")


def markdown(sheet: Sheet) -> str:
    """The whole answer."""
    french = language("fr")
    lost = {row["source_id"] for row in sheet.not_measured if not row["need"]}
    return (
        environment()
        .get_template("sheet.md.jinja")
        .render(
            vars(sheet),
            functions=functions(),
            levels=levels(),
            needs=needs(),
            questions=french.texts["question"],
            missing=_missing(sheet),
            lost=sorted(lost - {None}),
        )
    )


def explained(explanation: Explanation) -> str:
    """Where a figure comes from."""
    template = environment().get_template("explain.md.jinja")
    return template.render(vars(explanation))


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
    french = language("fr")
    environment.filters |= {name: getattr(french, name) for name in FILTERS} | {"code": Markup}
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
