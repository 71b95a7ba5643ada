"""What a person reads at the end of a command."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table as Grid

from pipelines.answers.sheet import Sheet
from pipelines.catalogue.sources import Source
from pipelines.catalogue.units import UNITS
from pipelines.catalogue.words import functions, needs

DIRECTIONS = {"depends_on": "De qui ce territoire dépend", "depended_on_by": "Qui dépend de lui"}


@dataclass(frozen=True)
class Summary:
    """A run in a few figures.

    Attributes:
        rows: number of rows of each published table.
        sources: number of sources by status.
        checks: number of checks by status.
        reservations: what a person should know before using the release; none means all well.
    """

    version: str
    folder: Path
    sample: bool
    rows: dict[str, int]
    sources: dict[str, int]
    checks: dict[str, int]
    reservations: list[str]


def summarise(folder: Path) -> Summary:
    """Read the summary of a release from its own tables."""
    sources = pl.read_parquet(folder / "sources.parquet")
    checks = pl.read_parquet(folder / "checks.parquet")
    lost = sources.filter(pl.col("status").is_in(["unavailable", "rejected"]))
    # Sources that were missing are told one by one.
    warned = checks.filter(pl.col("check_id") != "sources_used", status="warned")
    return Summary(
        version=folder.name,
        folder=folder,
        sample=bool((sources["layout"] == "synthetic").any()),
        rows={
            path.stem: pl.scan_parquet(path).select(pl.len()).collect().item()
            for path in sorted(folder.glob("*.parquet"))
        },
        sources=dict(sources.group_by("status").len().sort("status").iter_rows()),
        checks=dict(checks.group_by("status").len().sort("status").iter_rows()),
        reservations=_lost(lost.to_dicts())
        + [f"{r['check_id']}: {r['message']} ({r['observed']:g})" for r in warned.to_dicts()],
    )


def _lost(sources: list[dict[str, Any]]) -> list[str]:
    """Sources that were refused, each with why; and in one line, those that could not be had."""
    absent = [r["source_id"] for r in sources if r["status"] == "unavailable"]
    refused = [f"{r['source_id']}: rejected. {r['why']}" for r in sources if r["why"]]
    return [line for line in refused if line.split(":")[0] not in absent] + (
        [f"unavailable, see the table sources: {', '.join(absent)}"] if absent else []
    )


def show(summary: Summary, console: Console) -> None:
    """Print a summary."""
    kind = "  [bold]SAMPLE: a fictitious country, no figure is real[/]" if summary.sample else ""
    console.print(f"[bold green]release {summary.version}[/]{kind}")
    console.print(f"  {summary.folder}", markup=False, soft_wrap=True)
    console.print(
        f"  {len(summary.rows)} tables, {sum(summary.rows.values()):,} rows, as Parquet and CSV;"
        f" sources {_tally(summary.sources)}; checks {_tally(summary.checks)}",
        soft_wrap=True,
    )
    for reservation in summary.reservations:
        console.print(f"  [yellow]reservation[/] {_flat(reservation)}", soft_wrap=True)
    console.print('  next: metabolisme territory "a name", or open outputs/latest')


def sources_table(known: Iterable[Source]) -> Grid:
    """The catalogue of sources, as a table for the terminal."""
    grid = Grid("source", "publisher", "vintages", "licence", "required", box=None)
    for source in known:
        vintages = ", ".join(sorted(source.vintages)) or source.status
        grid.add_row(
            source.id, source.publisher, vintages, source.licence, "yes" if source.required else ""
        )
    return grid


def show_sheet(sheet: Sheet, console: Console) -> None:
    """Print a territory's answer, in French."""
    t = sheet.territory
    if sheet.sample:
        console.print("[bold]EXEMPLE : pays fictif, aucun chiffre n'est réel[/]")
    people = f", {_number(t['population'])} habitants" if t["population"] is not None else ""
    console.print(f"[bold]{t['name']}[/] ({t['level']} {t['code']}{people})")
    for function, label in functions().items():
        _show_function(sheet, function, label.fr, console)
    for need, direction in dict.fromkeys((p["need"], p["direction"]) for p in sheet.partners):
        _show_partners(sheet, need, direction, console)
    lost = {m["source_id"] for m in sheet.not_measured if not m["need"] and not m["indicator"]}
    if lost:
        console.print(f"\n[bold]Sources qui ont manqué[/] : {', '.join(sorted(lost))}")


def _show_function(sheet: Sheet, function: str, label: str, console: Console) -> None:
    """The indicators of one function, then what cannot be said of it."""
    console.print(f"\n[bold]{label}[/]")
    grid = Grid("indicateur", "valeur", "intervalle", "années", "preuve", "rang", box=None)
    for one in sheet.indicators:
        if one["function"] == function:
            partial = "" if one["coverage"] >= 0.8 else f" (partiel : {one['coverage']:.0%})"
            grid.add_row(
                one["label_fr"] + partial,
                f"{_number(one['value'])} {UNITS[one['unit']]}",
                _interval(one),
                one["years"],
                _evidence(one["evidence"]),
                "" if one["percentile"] is None else f"{one['percentile']:.0f}/100",
            )
    console.print(grid)
    # Indicators that lack a value for the same reason are told together.
    missing: dict[str, list[str]] = {}
    for one in sheet.not_measured:
        if one["function"] == function and (one["indicator"] or one["need"]):
            need = needs().get(one["need"])
            named = one["label_fr"] or (need.fr if need else None)
            missing.setdefault(one["reason_fr"], []).extend([named] if named else [])
    for reason, labels in missing.items():
        console.print(
            f"  [dim]non mesuré[/] {', '.join(labels) + ' : ' if labels else ''}{reason}",
            soft_wrap=False,
        )


def _show_partners(sheet: Sheet, need: str, direction: str, console: Console) -> None:
    rows = [row for row in sheet.partners if (row["need"], row["direction"]) == (need, direction)]
    evidence = f", {_evidence(rows[0]['evidence'])}" if rows else ""
    console.print(f"\n[bold]{DIRECTIONS[direction]}[/] : {needs()[need].fr}{evidence}")
    grid = Grid("", "partenaire", "quantité", "intervalle", "part", "distance", box=None)
    for row in rows:
        own = row["rank"] == 0
        grid.add_row(
            "" if own else str(row["rank"]),
            "(lui-même)" if own else row["partner_name"],
            f"{_number(row['quantity'])} {UNITS[row['unit']]}",
            _interval(row),
            f"{100 * row['share']:.1f} %".replace(".", ","),
            "" if row["distance_km"] is None else f"{_number(row['distance_km'])} km",
        )
    console.print(grid)


def _number(value: float) -> str:
    """A number as French typography writes it: thin spaces, decimal comma."""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")
    return text.rstrip("0").rstrip(",") if "," in text else text


def _interval(row: dict[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        # A lower bound alone: what is hidden is unknown.
        return "" if row["low"] is None else f"au moins {_number(row['low'])}"
    return f"{_number(row['low'])} à {_number(row['high'])}"


def _evidence(evidence: str) -> str:
    return {"observed": "observé", "modelled": "modélisé", "assumed": "supposé"}[evidence]


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())


def _flat(text: str) -> str:
    return " ".join(text.split())
