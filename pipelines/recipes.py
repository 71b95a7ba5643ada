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


def _made(of: dict[str, tuple[frozenset[str], Callable[[Store], int]]]) -> dict[str, Recipe]:
    """The tables that a function makes of others, with those it reads."""

    def make(write: Callable[[Store], int], store: Store, settings: Settings) -> int:
        return write(store)

    return {
        name: Recipe(tables()[name], reads, partial(make, write))
        for name, (reads, write) in of.items()
    }


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

    def obtain(store: Store, settings: Settings) -> int:
        return obtaining.write_source_files(settings, store)

    return (
        {"source_files": Recipe(tables()["source_files"], frozenset(), obtain)}
        | read
        | _made({"sources": (files | frozenset(read), obtaining.write_sources)})
    )


def _geography() -> dict[str, Recipe]:
    def passage(store: Store) -> int:
        return geography.write_commune_passage(store, reference_year(store))

    def drawn(store: Store, settings: Settings) -> int:
        year = reference_year(store)
        return perimeters.write_user_perimeters(store, settings.perimeters, year)

    reads = perimeters.READS | {"sources"}
    return {"user_perimeters": Recipe(tables()["user_perimeters"], reads, drawn)} | _made(
        {
            "commune_passage": (geography.PASSAGE_READS, passage),
            "commune_shapes": (geography.SHAPES_READS, geography.write_commune_shapes),
            "departement_neighbours": (
                geography.SHAPES_READS,
                geography.write_departement_neighbours,
            ),
            "located_points": (geography.LOCATED_READS, geography.write_located_points),
            "cycleway_lengths": (geography.CYCLEWAYS_READS, geography.write_cycleway_lengths),
        }
    )


def _ledger() -> dict[str, Recipe]:
    return _made(
        {
            "asked_sums": (shared.READS, shared.write_asked_sums),
            "attribution_factors": (attribution.READS_FACTORS, attribution.write_factors),
            "attribution_models": (attribution.READS_MODELS, attribution.write_models),
            "attributed_flows": (attribution.READS_FLOWS, attribution.write_flows),
            "attributed_partners": (attribution.READS_PARTNERS, attribution.write_partners),
            "backtest": (backtest.READS, backtest.write_backtest),
        }
    )


def _answers() -> dict[str, Recipe]:
    known = frozenset({"territories", "indicators"})
    profiles = {
        f"profiles_{level}": (known, partial(answers.write_profile, level=level))
        for level in words.levels()
    }
    terms = frozenset({"indicator_terms", "shared_sums"})
    return _made(
        profiles
        | {
            "indicators": (terms, answers.write_indicators),
            "indicator_inputs": (terms | {"indicators"}, answers.write_indicator_inputs),
            "indicator_catalogue": (
                frozenset({"indicators", "sources"}),
                answers.write_indicator_catalogue,
            ),
            "reciprocity_factors": (reciprocity.READS, reciprocity.write_reciprocity_factors),
            "complement_allocation": (complements.READS, complements.write_complement_allocation),
            "not_measured": (not_measured.READS, not_measured.write_not_measured),
            "checks": (frozenset(set(tables()) - {"checks"}), _checks),
        }
    )


def _checks(store: Store) -> int:
    totals.check_totals(store)
    return checks.write_checks(store)
