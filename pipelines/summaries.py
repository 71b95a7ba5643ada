"""What a person reads at the end of a command."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from pipelines.catalogue.sources import Source
from pipelines.doctor.findings import Finding, worst
from pipelines.errors import first

if TYPE_CHECKING:
    # At run time, whoever shows editions has loaded them: the other commands need not.
    from pipelines.raw.editions import Edition


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
    console.print('  next: metabolisme territory "a name", or metabolisme serve: its pages')


def sources_table(known: Iterable[Source]) -> Grid:
    """The catalogue of sources, as a table for the terminal."""
    grid = Grid("source", "publisher", "vintages", "licence", "required", box=None)
    for source in known:
        vintages = ", ".join(sorted(source.vintages)) or source.status
        grid.add_row(
            source.id, source.publisher, vintages, source.licence, "yes" if source.required else ""
        )
    return grid


def show_editions(editions: list["Edition"], console: Console) -> None:
    """Print how the locked files stand, one by one; the sources never fetched, together."""
    from pipelines.raw.editions import tally

    never = [edition.source_id for edition in editions if edition.status == "never fetched"]
    for edition in editions:
        if edition.status != "never fetched":
            _show_edition(edition, console)
    if never:
        listed = first(never, 60)
        console.print(f"never fetched: {listed} (metabolisme sources fetch)", soft_wrap=True)
    console.print(f"[bold]{_tally(tally(editions))}[/]" if editions else "nothing to compare")


def _show_edition(edition: "Edition", console: Console) -> None:
    from pipelines.raw.editions import TO_LOOK_AT

    colour = "yellow" if edition.status in TO_LOOK_AT else "green"
    console.print(f"[{colour}]{edition.status:<11}[/] ", end="")
    said = f"{edition.source_id} {edition.vintage}, {edition.file}: {edition.found}"
    console.print(_flat(said), markup=False, soft_wrap=True)
    if edition.todo:
        console.print(f"            {edition.where}", markup=False, soft_wrap=True)
        console.print(f"            what to do: {edition.todo}", markup=False, soft_wrap=True)


def show_findings(findings: list[Finding], console: Console) -> None:
    """Print what was found of a machine: all in a table, then what is not well in full."""
    grid = Grid("", "what", "found", "expected", box=None, pad_edge=False)
    for finding in findings:
        style = _STYLES[finding.status]
        # The table folds what is long: a path or an address would be broken.
        found = (
            finding.found
            if finding.status == "ok"
            else shorten(finding.found, 60, placeholder=" …")
        )
        said = [Text(text, overflow="fold") for text in (finding.about, found, finding.expected)]
        grid.add_row(f"[{style}]{finding.status}[/]", *said)
    console.print(grid)
    for finding in findings:
        if finding.status != "ok":
            _show_finding(finding, console)
    counts: Counter[str] = Counter(finding.status for finding in findings)
    console.print(f"[bold]{_FITNESS[worst(findings)]}[/] ({_tally(counts)})")


def _show_finding(finding: Finding, console: Console) -> None:
    console.print(f"[{_STYLES[finding.status]}]{finding.status}[/] ", end="")
    console.print(finding.about, markup=False)
    for name, text in (
        ("found", finding.found),
        ("expected", finding.expected),
        ("what to do", finding.todo),
    ):
        if text:
            console.print(f"  {name}: {_flat(text)}", markup=False, soft_wrap=True)


_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_FITNESS = {
    "ok": "fit for a run",
    "warning": "fit for a run, with reservations",
    "failed": "not fit: a run would fail",
}


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())


def _flat(text: str) -> str:
    return " ".join(text.split())
