"""How every table is made, from which others: the whole pipeline, in order, without Dagster."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from pipelines import engine
from pipelines.answers import complements, not_measured, reciprocity
from pipelines.answers import indicators as answers
from pipelines.catalogue import levers, words
from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import Table, tables
from pipelines.checking import checks, totals
from pipelines.ledger import attribution, backtest, shared
from pipelines.observations import geography, perimeters
from pipelines.raw import obtaining
from pipelines.release.publishing import Release, publish
from pipelines.settings import Settings
from pipelines.store import Store

Make = Callable[[Store, Settings], int]


@dataclass(frozen=True)
class Recipe:
    """One table: what it reads, and the function that makes it (and says how many rows).

    Attributes:
        reads: the tables upstream: those its query or function reads, and those its checks read.
        kind: what makes it.
    """

    table: Table
    reads: frozenset[str]
    make: Make
    kind: Literal["sql", "python"] = "python"


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes, by table."""
    made_in_python = _catalogue() | _raw() | _geography() | _ledger() | _answers()
    made = made_in_python | {
        name: Recipe(table, engine.tables_read(engine.query_path(table)), _query(table), "sql")
        for name, table in tables().items()
        if name not in made_in_python
    }
    return {name: _with_checks(made[name]) for name in tables()}


def in_order() -> list[Recipe]:
    """All recipes, each after those it reads."""
    from graphlib import TopologicalSorter

    graph = {name: recipe.reads for name, recipe in recipes().items()}
    return [recipes()[name] for name in TopologicalSorter(graph).static_order()]


def make_all(settings: Settings) -> Release:
    """Make and check every table, then publish: the whole pipeline, without Dagster.

    For notebooks and tests; a run on a server is Dagster's.

    Raises:
        MetabolismeError: a table cannot be made, a blocking check fails, or the disk does.
    """
    store = Store(settings.tables)
    for recipe in in_order():
        recipe.make(store, settings)
        checks.check_table(recipe.table, store)
    checks.guard(store)
    return publish(store, settings.outputs, settings.keep, settings.accept_drift)


def reference_year(store: Store) -> int:
    """The COG year of the list of communes in use."""
    with engine.connection(store) as con:
        engine.attach(con, store, frozenset({"sources"}))
        rows = con.sql(
            "select cog_year from sources where source_id = 'insee_cog_communes'"
        ).fetchall()
    return int(rows[0][0])


def _with_checks(recipe: Recipe) -> Recipe:
    return Recipe(recipe.table, recipe.reads | checks.reads(recipe.table), recipe.make, recipe.kind)


def _query(table: Table) -> Make:
    needs_year = "cog_year" in engine.parameters_read(engine.query_path(table))

    def make(store: Store, settings: Settings) -> int:
        parameters = {"cog_year": reference_year(store)} if needs_year else {}
        return engine.run_query(table, store, parameters)

    return make


def _python(name: str, reads: frozenset[str], make: Make) -> dict[str, Recipe]:
    return {name: Recipe(tables()[name], reads, make)}


def _catalogue() -> dict[str, Recipe]:
    records = {
        "level_catalogue": words.level_records,
        "need_catalogue": words.need_records,
        "measure_catalogue": words.measure_records,
        "attribution_catalogue": words.attribution_records,
        "factor_catalogue": words.factor_records,
        "levers": levers.lever_records,
        "lever_conditions": levers.condition_records,
        "source_measures": words.source_measure_records,
    }

    def make(name: str, store: Store, settings: Settings) -> int:
        return engine.write_records(tables()[name], store, records[name]())

    return {n: Recipe(tables()[n], frozenset(), partial(make, n)) for n in records}


def _raw() -> dict[str, Recipe]:
    def make(source_id: str, name: str, store: Store, settings: Settings) -> int:
        return obtaining.write_raw_table(sources()[source_id], name, store)

    files = frozenset({"source_files"})
    read = {
        name: Recipe(tables()[name], files, partial(make, source.id, name))
        for source in sources().values()
        for name in source.tables
    }
    return (
        _python("source_files", frozenset(), lambda st, run: obtaining.write_source_files(run, st))
        | read
        | _python("sources", files | frozenset(read), lambda st, run: obtaining.write_sources(st))
    )


def _geography() -> dict[str, Recipe]:
    return (
        _python(
            "commune_passage",
            geography.PASSAGE_READS,
            lambda st, run: geography.write_commune_passage(st, reference_year(st)),
        )
        | _python(
            "commune_shapes",
            geography.SHAPES_READS,
            lambda st, run: geography.write_commune_shapes(st),
        )
        | _python(
            "departement_neighbours",
            geography.SHAPES_READS,
            lambda st, run: geography.write_departement_neighbours(st),
        )
        | _python(
            "located_points",
            geography.LOCATED_READS,
            lambda st, run: geography.write_located_points(st),
        )
        | _python(
            "cycleway_lengths",
            geography.CYCLEWAYS_READS,
            lambda st, run: geography.write_cycleway_lengths(st),
        )
        | _python(
            "user_perimeters",
            perimeters.READS | {"sources"},
            lambda st, run: perimeters.write_user_perimeters(
                st, run.perimeters, reference_year(st)
            ),
        )
    )


def _ledger() -> dict[str, Recipe]:
    return (
        _python("asked_sums", shared.READS, lambda st, run: shared.write_asked_sums(st))
        | _python(
            "attribution_factors",
            attribution.READS_FACTORS,
            lambda st, run: attribution.write_factors(st),
        )
        | _python(
            "attribution_models",
            attribution.READS_MODELS,
            lambda st, run: attribution.write_models(st),
        )
        | _python(
            "attributed_flows",
            attribution.READS_FLOWS,
            lambda st, run: attribution.write_flows(st),
        )
        | _python(
            "attributed_partners",
            attribution.READS_PARTNERS,
            lambda st, run: attribution.write_partners(st),
        )
        | _python("backtest", backtest.READS, lambda st, run: backtest.write_backtest(st))
    )


def _answers() -> dict[str, Recipe]:
    profile_of = {
        name: name.removeprefix("profiles_") for name in tables() if name.startswith("profiles_")
    }

    def profile(level: str, store: Store, settings: Settings) -> int:
        return answers.write_profile(store, level)

    profiles = {
        name: Recipe(
            tables()[name], frozenset({"territories", "indicators"}), partial(profile, level)
        )
        for name, level in profile_of.items()
    }
    return (
        _python(
            "indicators",
            frozenset({"indicator_terms", "shared_sums"}),
            lambda st, run: answers.write_indicators(st),
        )
        | _python(
            "indicator_inputs",
            frozenset({"indicators", "indicator_terms", "shared_sums"}),
            lambda st, run: answers.write_indicator_inputs(st),
        )
        | profiles
        | _python(
            "indicator_catalogue",
            frozenset({"indicators", "sources"}),
            lambda st, run: answers.write_indicator_catalogue(st),
        )
        | _python(
            "reciprocity_factors",
            reciprocity.READS,
            lambda st, run: reciprocity.write_reciprocity_factors(st),
        )
        | _python(
            "complement_allocation",
            complements.READS,
            lambda st, run: complements.write_complement_allocation(st),
        )
        | _python(
            "not_measured",
            not_measured.READS,
            lambda st, run: not_measured.write_not_measured(st),
        )
        | _python(
            "checks",
            frozenset(set(tables()) - {"checks"}),
            lambda st, run: _checks(st),
        )
    )


def _checks(store: Store) -> int:
    totals.check_totals(store)
    return checks.write_checks(store)
