"""Write what has changed since the release before: for a program, and for a person (in French)."""

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.answers.markdown import environment
from pipelines.catalogue.drift import drift
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.units import units
from pipelines.catalogue.words import levels, measures
from pipelines.release.changes import (
    MATCHED_ROWS,
    Changes,
    CheckChange,
    ColumnChange,
    IndicatorChange,
    SourceChange,
)
from pipelines.release.drift import Verdict, together

# The page is to be read; `changes.json` has them all.
INDICATORS = 30
_STATUSES = {
    None: "absent",
    "passed": "réussi",
    "warned": "avertit",
    "failed": "échoué",
    "not_applicable": "sans objet",
}
_SAID = {"vintage": "millésime", "status": "statut", "extent": "étendue"}


def write_changes(folder: Path, changes: Changes, verdict: Verdict) -> list[Path]:
    """Write `changes.json` and `changes.md` in a release.

    Returns:
        The two files.
    """
    as_json, as_text = folder / "changes.json", folder / "changes.md"
    as_json.write_text(
        json.dumps(record(changes, verdict), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    as_text.write_text(markdown(changes, verdict), encoding="utf-8")
    return [as_json, as_text]


def record(changes: Changes, verdict: Verdict) -> dict[str, Any]:
    """All of it, as JSON takes it."""
    return asdict(changes) | {"drift": asdict(verdict)}


def markdown(changes: Changes, verdict: Verdict) -> str:
    """What a person should know of it."""
    templates = environment(Path(__file__).parent)
    templates.filters |= {
        "label": _label,
        "unit": lambda id_: units()[indicators()[id_].unit].fr if id_ in indicators() else "",
        "status": _STATUSES.__getitem__,
    }
    return templates.get_template("changes.md.jinja").render(
        changes=changes,
        verdict=verdict,
        passed=together(verdict),
        limits=dict(drift()),
        columns=_columns(changes.columns),
        sources=_sources(changes.sources),
        checks=_checks(changes.checks),
        indicators=_foremost(changes.indicators),
        uncounted=any(row.changed is None for row in changes.rows),
        matched_rows=MATCHED_ROWS,
    )


def _label(id_: str) -> str:
    """What an indicator, a level or a measure is called; of another version, its id."""
    if id_ in indicators():
        return indicators()[id_].fr.label
    known = levels().get(id_) or measures().get(id_)
    return known.fr if known else id_


def _columns(changes: list[ColumnChange]) -> list[dict[str, str]]:
    """Columns that change alike, with all their tables."""
    tables: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in changes:
        what = f"passe de {one.before} à {one.after}"
        if one.before is None:
            what = "ajoutée"
        elif one.after is None:
            what = "retirée"
        tables[one.column, what].append(one.table)
    return [
        {"column": column, "what": what, "tables": ", ".join(_profiles_together(names))}
        for (column, what), names in tables.items()
    ]


def _profiles_together(tables: list[str]) -> list[str]:
    profiles = [name for name in tables if name.startswith("profiles_")]
    if len(profiles) < 2:
        return tables
    return [*(name for name in tables if name not in profiles), f"{len(profiles)} profils"]


def _sources(changes: list[SourceChange]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = defaultdict(list)
    for one in changes:
        if one.what == "sha256":
            said[one.source_id].append("contenu du fichier")
        else:
            pair = f"{one.before or 'aucun'} → {one.after or 'aucun'}"
            said[one.source_id].append(f"{_SAID[one.what]} : {pair}")
    return dict(said)


def _checks(changes: list[CheckChange]) -> list[CheckChange]:
    """Those that warn or fail, or did."""
    return [one for one in changes if {one.before, one.after} & {"warned", "failed"}]


def _foremost(changes: list[IndicatorChange]) -> list[IndicatorChange]:
    """Those that lose the most territories or move the most."""

    def size(one: IndicatorChange) -> float:
        return max(one.lost / one.before if one.before else 0, one.median_share or 0)

    ranked = sorted(changes, key=lambda one: (-size(one), -(one.moved + one.gained)))
    return ranked[:INDICATORS]
