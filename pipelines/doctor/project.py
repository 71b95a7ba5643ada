"""The project: its catalogues, the publishers' links that they name, the browser that prints."""

from collections.abc import Callable, Iterator, Sized

from pipelines.answers.not_measured import never_measured
from pipelines.catalogue.drift import drift
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import levers, signals
from pipelines.catalogue.sources import Source, read_only, sources
from pipelines.catalogue.tables import column_specs, tables
from pipelines.catalogue.units import units
from pipelines.catalogue.words import (
    attributions,
    factors,
    functions,
    measures,
    needs,
    parameters,
)
from pipelines.catalogue.words import levels as levels_of
from pipelines.checking.checks import queries, references
from pipelines.checking.totals import totals
from pipelines.doctor.findings import Finding, of_error
from pipelines.errors import CatalogueError, UnavailableError, first
from pipelines.raw.download import Patience
from pipelines.raw.links import BRIEF, NO_ANSWER, ask
from pipelines.raw.obtaining import publisher
from pipelines.site.showing import BROWSERS, browser

CATALOGUES: dict[str, Callable[[], Sized]] = {
    "sources": sources,
    "tables": tables,
    "indicators": indicators,
    "needs": needs,
    "units": units,
    "columns": column_specs,
    "levels": levels_of,
    "functions": functions,
    "measures": measures,
    "parameters": parameters,
    "emission factors": factors,
    "attributions": attributions,
    "signals": signals,
    "levers": levers,
    "references": references,
    "checks": queries,
    "known totals": totals,
    "links not measured": never_measured,
    "limits of drift": lambda: drift().model_dump(),
}


def catalogues() -> Iterator[Finding]:
    """Whether all the catalogues follow their schemas; what is wrong with one is told once."""
    counts, told = [], set()
    for name, read in CATALOGUES.items():
        try:
            counts.append(f"{len(read())} {name}")
        except CatalogueError as error:
            # Catalogues read each other: one that is wrong spoils several.
            if str(error) not in told:
                yield of_error(f"catalogue: {name}", error)
            told.add(str(error))
    if not told:
        yield Finding("catalogues", "ok", first(counts, 4))


def publishers(
    say: Callable[[str], object] = lambda _: None, patience: Patience = BRIEF
) -> Iterator[Finding]:
    """Whether the publishers' links of the newest vintages answer, and with a file.

    `say` is told which is asked.
    """
    found = [
        _link(source, key, url, say, patience)
        for source in read_only().values()
        for key, url in source.vintage(source.newest).links.items()
        if url is not None
    ]
    silent = [link for link in found if link.found.startswith(NO_ANSWER)]
    if found and len(silent) == len(found):
        # A server without internet is fit: it reads a mirror.
        said = f"none of the {len(found)} answers: {silent[0].found}"
        todo = (
            "look at the network; without any, a run reads a mirror: metabolisme run --mirror DIR"
        )
        yield Finding("links", "warning", said, "answers", todo)
        return
    well = [link for link in found if link.status == "ok"]
    yield Finding("links", "ok", f"{len(well)} of {len(found)} give a file")
    yield from (link for link in found if link.status != "ok" or link.found)


def _link(
    source: Source, key: str, url: str, say: Callable[[str], object], patience: Patience
) -> Finding:
    """How one link stands; nothing is said of one that gives its file without a detour."""
    about, label = f"link: {source.id}", f"{source.id} {source.newest}, {key}"
    say(f"asking for {label}")
    try:
        answer = ask(url, label, patience)
    except UnavailableError as error:
        needed = source.required and not source.files[key].optional and not _in_cache(source, key)
        said = f"{error.found} ({label}: {url})"
        todo = f"{error.todo}; till then, use a mirror" if needed else error.todo
        return Finding(about, "failed" if needed else "warning", said, "the file", todo)
    if answer.moved:
        todo = f"write the new address in sources/{source.id}.yml"
        said = f"moved for good to {answer.url} ({label}: {url})"
        return Finding(about, "warning", said, "no redirect for good", todo)
    return Finding(
        about, "ok", f"redirected to {answer.url} ({label})" if answer.redirected else ""
    )


def _in_cache(source: Source, key: str) -> bool:
    """Whether a run would use the file that is in the cache, and not the link."""
    ours = publisher()
    locked = ours.lock.get(source.id, source.newest, key)
    return bool(locked and ours.in_cache(source.id, source.newest, locked.sha256))


def chromium() -> Finding:
    """Whether a sheet can be printed to PDF: optional."""
    found = browser()
    expected = f"one of {', '.join(BROWSERS)}"
    if found:
        return Finding("Chromium", "ok", found, expected)
    todo = "nothing, unless sheets are to be printed (metabolisme sheet --pdf): install chromium"
    return Finding("Chromium", "warning", "none", expected, todo)
