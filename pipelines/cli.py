"""The one command, `metabolisme`.

It exits 0 (all well), 1 (failed: nothing published), 2 (misused) or 3 (published, with
reservations: sources unavailable, checks that warn; or nothing to publish, but something to know).
"""

import json
import sys
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines import paths, summaries
from pipelines.catalogue.sources import read_only, sources
from pipelines.errors import MetabolismeError, UsageError, first
from pipelines.settings import Settings

FAILED, MISUSED, RESERVATIONS = 1, 2, 3

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False
)
sources_app = typer.Typer(no_args_is_help=True, help="What we use: list, fetch, check.")
app.add_typer(sources_app, name="sources")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="The summary as JSON, for scripts.")]
Vintages = Annotated[
    list[str] | None,
    typer.Option("--vintage", metavar="SOURCE=VINTAGE", help="A vintage other than the newest."),
]
Out = Annotated[Path | None, typer.Option("--out", help="The folder of the releases.")]


class Format(StrEnum):
    """How a territory's answer is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


@app.command()
def run(
    origin: Annotated[
        str | None, typer.Option("--sources", metavar="sample|official", help="Where from.")
    ] = None,
    mirror: Annotated[Path | None, typer.Option(help="A mirror folder.")] = None,
    only: Annotated[str | None, typer.Option(help="Functions wanted, e.g. work,energy.")] = None,
    vintage: Vintages = None,
    perimeters: Annotated[Path | None, typer.Option(help="CSV of the user's perimeters.")] = None,
    outputs: Out = None,
    cog_year: Annotated[int | None, typer.Option(help="Reference year of commune codes.")] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Releases kept once this one is published (all).")
    ] = None,
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Publish, however far from the release before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a release: the embedded sample, unless sources or a mirror are named."""
    settings = Settings(
        origin=_origin(origin, mirror),  # type: ignore[arg-type]
        mirror=mirror,
        vintages=_vintages(vintage),
        functions=_functions(only),
        perimeters=perimeters,
        cog_year=cog_year,
        outputs=outputs or paths.outputs(),
        keep=keep,
        accept_drift=accept_drift,
    )
    _check_asked(settings)
    from pipelines.orchestration.running import run_alone

    with err.status("starting…") as status:
        ended = run_alone(
            settings, lambda step, seconds: status.update(f"{step} done in {seconds:.1f} s")
        )
    if ended.folder is None:
        raise MetabolismeError(ended.error or "the run failed")
    summary = summaries.summarise(ended.folder)
    if ended.remark:
        summary = replace(summary, reservations=[*summary.reservations, ended.remark])
    out.print_json(json.dumps(asdict(summary), default=str)) if as_json else summaries.show(
        summary, out
    )
    if summary.reservations:
        raise typer.Exit(RESERVATIONS)


@app.command()
def mirror(
    folder: Path, only: Annotated[list[str] | None, typer.Option("--source")] = None
) -> None:
    """Download everything once into a mirror FOLDER, for servers without internet."""
    from pipelines.raw.mirror import write_mirror
    from pipelines.raw.obtaining import publisher
    from pipelines.raw.progress import RichProgress

    with RichProgress(err) as progress:
        made = write_mirror(folder, publisher(progress=progress), _chosen(only), progress)
    out.print(f"{len(made.obtained)} file(s) brought, {len(made.kept)} kept, in {made.folder}")
    for source_id, why in made.unavailable.items():
        out.print(f"[yellow]{source_id}[/]: {why}")
    if made.unavailable:
        raise typer.Exit(RESERVATIONS)


@sources_app.command("list")
def sources_list(as_json: AsJson = False) -> None:
    """What we use: publisher, vintages, licence."""
    if as_json:
        out.print_json(json.dumps([s.model_dump(mode="json") for s in sources().values()]))
    else:
        out.print(summaries.sources_table(sources().values()))


@sources_app.command("fetch")
def sources_fetch(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]…")] = None,
    vintage: Vintages = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="A source whose new content is accepted.")
    ] = None,
) -> None:
    """Download from the publishers' links into the cache, and lock what was had."""
    from pipelines.errors import RejectedError, UnavailableError
    from pipelines.raw.obtaining import publisher
    from pipelines.raw.progress import RichProgress

    wanted = _vintages(vintage)
    lost = 0
    with RichProgress(err) as progress:
        where_from = publisher(progress=progress, accept=accept or ())
        for source in _chosen(names):
            try:
                files = where_from.obtain(source, wanted.get(source.id))
            except (UnavailableError, RejectedError) as error:
                lost += 1
                out.print(f"[yellow]{source.id}[/]: {error}")
            else:
                for file in files.values():
                    out.print(f"{source.id} {file.vintage}: {file.path} ({file.bytes:,} bytes)")
    if lost:
        raise typer.Exit(RESERVATIONS)


@sources_app.command("check")
def sources_check(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]…")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Download, aside, what cannot be told otherwise.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what was locked with what the publishers give now, and with the cache.

    Exits 3 if a file changed, is damaged, out of reach or cannot be told. Nothing is replaced.
    """
    from pipelines.raw.editions import TO_LOOK_AT, Comparison, tally
    from pipelines.raw.obtaining import publisher
    from pipelines.raw.progress import RichProgress

    chosen = _chosen(names)
    with RichProgress(err) as progress:
        comparison = Comparison(publisher(), download=download, progress=progress)
        found = [*comparison.of(chosen), *([] if names else comparison.forgotten())]
    if as_json:
        files = [asdict(edition) for edition in found]
        out.print_json(json.dumps({"summary": tally(found), "files": files}))
    else:
        summaries.show_editions(found, out)
    if any(edition.status in TO_LOOK_AT for edition in found):
        raise typer.Exit(RESERVATIONS)


@app.command()
def territory(
    name_or_code: Annotated[str, typer.Argument(metavar="NAME_OR_CODE")],
    level: Annotated[str | None, typer.Option(help="Its level, when several fit.")] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How it is written.")
    ] = Format.text,
    outputs: Out = None,
    as_json: AsJson = False,
) -> None:
    """Answer the three questions for one territory: on whom it depends, who depends on it, and
    what it could negotiate with whom."""
    from rich.markdown import Markdown

    from pipelines.answers.markdown import markdown
    from pipelines.answers.sheet import find, sheet
    from pipelines.release.publishing import latest

    folder = latest(outputs or paths.outputs()).folder
    answer = sheet(folder, find(folder, name_or_code, level))
    if as_json or output_format is Format.json:
        out.print_json(json.dumps(asdict(answer)))
    elif output_format is Format.markdown:
        print(markdown(answer))
    else:
        out.print(Markdown(markdown(answer)))


@app.command()
def explain(
    level: Annotated[str, typer.Argument(help="The level of the territory.")],
    code: Annotated[str, typer.Argument(help="Its code (or name).")],
    indicator: Annotated[str, typer.Argument(help="An indicator of indicator_catalogue.")],
    outputs: Out = None,
    as_json: AsJson = False,
) -> None:
    """Where a figure comes from: formula, sums, sources, files."""
    from rich.markdown import Markdown

    from pipelines.answers.explain import explain
    from pipelines.answers.markdown import explained
    from pipelines.answers.sheet import find
    from pipelines.release.publishing import latest

    folder = latest(outputs or paths.outputs()).folder
    explanation = explain(folder, find(folder, code, level), indicator)
    if as_json:
        out.print_json(json.dumps(asdict(explanation), default=str))
    else:
        out.print(Markdown(explained(explanation)))


@app.command()
def sheet(
    name_or_code: Annotated[str, typer.Argument(metavar="NAME_OR_CODE")],
    level: Annotated[str | None, typer.Option(help="Its level, when several fit.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it, by Chromium.")] = False,
    file: Annotated[Path | None, typer.Option(help="The PDF file (here, by its name).")] = None,
    outputs: Out = None,
) -> None:
    """The page of one territory: where it stands, or a PDF of it."""
    from pipelines.answers.sheet import find
    from pipelines.release.publishing import latest
    from pipelines.site import naming, showing

    folder = latest(outputs or paths.outputs()).folder
    place = find(folder, name_or_code, level)
    if pdf:
        named = f"{place.level}-{naming.file_name(place.code)}.pdf"
        made = showing.write_pdf(folder, place.level, place.code, file or Path(named))
        out.print(f"{place.name}: {made}", soft_wrap=True)
    else:
        out.print(showing.page(folder, place.level, place.code).replace("?print", ""))


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8000, outputs: Out = None
) -> None:
    """Preview the pages of the latest release in a browser (on this machine only)."""
    from pipelines.release.publishing import latest
    from pipelines.site import showing

    folder = latest(outputs or paths.outputs()).folder
    try:
        showing.serve(folder, port, lambda url: out.print(f"{folder.name}: {url} (Ctrl+C ends)"))
    except KeyboardInterrupt:
        out.print("ended")


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A version, or a folder.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="A version, or a folder.")],
    outputs: Out = None,
    as_json: AsJson = False,
) -> None:
    """What changed from the release BEFORE to AFTER: tables, rows, sources, checks, figures."""
    from rich.markdown import Markdown

    from pipelines.disk import disk_errors
    from pipelines.release.changes import compare
    from pipelines.release.changes_page import markdown, record
    from pipelines.release.drift import judge
    from pipelines.release.versions import find

    folder = outputs or paths.outputs()
    old, new = find(folder, before), find(folder, after)
    with disk_errors(folder):
        changes = compare(old, new)
    verdict = judge(changes)
    if as_json:
        out.print_json(json.dumps({"after": new.name} | record(changes, verdict)))
    else:
        out.print(Markdown(markdown(changes, verdict)))


@app.command()
def doctor(
    links: Annotated[bool, typer.Option("--links", help="Ask the publishers' links too.")] = False,
    outputs: Out = None,
    as_json: AsJson = False,
) -> None:
    """Is this machine fit for a run: versions, memory, disks, folders, catalogues, links.

    Exits 1 if something would make a run fail, 3 if there is only something to know.
    """
    from pipelines.doctor.examination import examine
    from pipelines.doctor.findings import worst

    with err.status("looking…") as status:
        found = examine(outputs or paths.outputs(), status.update, links=links)
    if as_json:
        findings = [asdict(finding) for finding in found]
        out.print_json(json.dumps({"status": worst(found), "findings": findings}))
    else:
        summaries.show_findings(found, out)
    if code := {"ok": 0, "warning": RESERVATIONS, "failed": FAILED}[worst(found)]:
        raise typer.Exit(code)


@app.command()
def dev(port: Annotated[int, typer.Option(help="Port of the interface.")] = 3000) -> None:
    """Open Dagster's own interface on the same definitions (on this machine only)."""
    from pipelines.orchestration.running import serve

    serve(port)


def main() -> None:
    """Run the command; an error a person can act on is shown as such, without a traceback."""
    try:
        app()
    except UsageError as error:
        _say(error)
        sys.exit(MISUSED)
    except MetabolismeError as error:
        _say(error)
        sys.exit(FAILED)


def _say(error: MetabolismeError) -> None:
    err.print("[bold red]error[/] ", end="")
    err.print(str(error), markup=False, soft_wrap=True)


def _origin(named: str | None, mirror: Path | None) -> str:
    if named not in (None, "sample", "official"):
        raise UsageError(
            "there are no such sources",
            where="--sources",
            expected="sample or official (a mirror is named with --mirror DIR)",
            found=str(named),
        )
    if named == "sample" and mirror:
        raise UsageError("the sample needs no mirror", where="--sources sample --mirror")
    return named or ("mirror" if mirror else "sample")


def _vintages(given: list[str] | None) -> dict[str, str]:
    wanted = {}
    for text in given or []:
        source, equals, vintage = text.partition("=")
        if not equals or source not in sources():
            raise UsageError(
                "a vintage is not asked for as it should be",
                where="--vintage",
                expected="SOURCE=VINTAGE, with a source of `metabolisme sources list`",
                found=text,
                todo="for instance --vintage insee_commuting=2019",
            )
        sources()[source].vintage(vintage)
        wanted[source] = vintage
    return wanted


def _functions(only: str | None) -> frozenset[str]:
    known = ("cohabit", "food", "energy", "work", "mobility")
    wanted = frozenset(filter(None, (name.strip() for name in (only or "").split(","))))
    if strange := sorted(wanted - set(known)):
        raise UsageError(
            "there is no such function",
            where="--only",
            expected=", ".join(known),
            found=first(strange),
        )
    return wanted


def _chosen(names: list[str] | None) -> list[Any]:
    if strange := sorted(set(names or ()) - set(read_only())):
        raise UsageError(
            "there is no such source", expected=first(sorted(read_only()), 60), found=first(strange)
        )
    return [source for id_, source in read_only().items() if not names or id_ in names]


def _check_asked(settings: Settings) -> None:
    """Say at once what is wrong with the request, before anything starts."""
    from pipelines.raw.mirror import Mirror

    if settings.mirror is not None:
        if not settings.mirror.is_dir():
            raise UsageError(
                "there is no such mirror folder",
                where="--mirror",
                found=str(settings.mirror),
                todo="check the path, or make one: metabolisme mirror DIR",
            )
        Mirror(settings.mirror)
    if settings.perimeters is not None and not settings.perimeters.is_file():
        raise UsageError(
            "there is no such perimeter file",
            where="--perimeters",
            found=str(settings.perimeters),
            todo="check the path",
        )
    if settings.cog_year is not None:
        sources()["insee_cog_communes"].vintage(str(settings.cog_year))


if __name__ == "__main__":
    main()
