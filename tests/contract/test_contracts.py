"""What must agree: names of tables, queries and assets; units; who may know Dagster."""

import ast
import re

import pytest

from pipelines import engine, paths
from pipelines.catalogue.formulas import Formula
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.sources import read_only, sources
from pipelines.catalogue.tables import column_specs, tables
from pipelines.catalogue.words import flow_needs, levels, measures, needs, parameter_values
from pipelines.checking.checks import queries
from pipelines.checking.totals import totals
from pipelines.recipes import in_order, recipes
from pipelines.release.datapackage import LICENCES
from pipelines.site.content import PARTS

QUERIES = sorted(path for path in paths.SQL.rglob("*.sql") if path.parent != paths.SQL)
# Queries of tables and checks; those of pages are read from a release.
OF_TABLES = [path for path in QUERIES if path.parent.name != "pages"]
# What DESIGN.md promises; releases may add columns, never lose one.
CONTRACT = {
    "territories": "level code name departement_code region_code epci_code population area_km2 lon"
    " lat n_communes cog_year",
    "territory_members": "level code commune_code",
    "measures": "commune_code measure year value unit evidence source_id",
    "flows": "function need provider_code dependent_code quantity unit year evidence method low"
    " high distance_km ghg_kgco2e source_id grain",
    "balances": "level code function need demand local_supply net self_sufficiency unit year"
    " evidence coverage low high",
    "indicators": "level code indicator function value low high unit year evidence coverage"
    " percentile",
    "dependencies": "level code name function need direction rank partner_level partner_code"
    " partner_name quantity share cumulative_share unit year distance_km ghg_kgco2e evidence low"
    " high",
    "reciprocity": "level code_a name_a code_b name_b function need a_to_b b_to_a reciprocity"
    " expected_reciprocity reciprocity_vs_chance evidence",
    "cooperation": "level code_a name_a code_b name_b distance_km a_gives b_gives basket score"
    " levers evidence",
    "levers": "lever type function",
    "triggered_levers": "level code lever indicator value threshold",
    "not_measured": "function need level code",
    "checks": "check_id table_name severity status observed expected tolerance message",
}


def test_a_query_is_a_table_of_its_stage():
    made = {(q.parent.name, q.stem) for q in OF_TABLES if q.parent.name != "checks"}
    declared = {
        (recipe.table.stage, name) for name, recipe in recipes().items() if recipe.kind == "sql"
    }
    assert made == declared


def test_a_check_query_is_a_declared_check():
    assert {q.stem for q in QUERIES if q.parent.name == "checks"} == set(queries())


def test_a_query_of_pages_is_a_part_of_them():
    assert {q.stem for q in QUERIES if q.parent.name == "pages"} == set(PARTS)


@pytest.mark.parametrize("path", OF_TABLES, ids=lambda path: path.stem)
def test_a_query_reads_known_tables_and_parameters(path):
    engine.tables_read(path)
    assert engine.parameters_read(path) <= set(parameter_values()) | {"cog_year"}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_says_why_it_exists_and_stays_readable(path):
    lines = path.read_text("utf-8").splitlines()
    assert path.parent.name == "checks" or lines[0].startswith("-- ")
    assert max(map(len, lines)) <= 120


def test_every_parameter_is_used():
    read = {name for path in OF_TABLES for name in engine.parameters_read(path)}
    code = "".join(path.read_text("utf-8") for path in (paths.PROJECT / "pipelines").rglob("*.py"))
    in_python = {name for name in parameter_values() if f'"{name}"' in code}
    # What is partial is for who shows it to say.
    assert set(parameter_values()) == (read - {"cog_year"}) | in_python | {"partial_coverage"}


@pytest.mark.parametrize(("name", "columns"), CONTRACT.items())
def test_the_published_contract_holds(name, columns):
    table = tables()[name]
    assert table.published
    assert set(columns.split()) <= set(table.column_names)


def test_every_level_has_its_profile():
    assert {f"profiles_{level}" for level in levels()} <= set(tables())


def test_every_number_has_a_unit_and_every_column_two_descriptions():
    for table in tables().values():
        for column in table.columns:
            assert column.type != "number" or column.unit, (table.name, column.name)
            assert column.description.fr and column.description.en


def test_no_column_is_described_in_vain():
    used = {c.name for table in tables().values() for c in table.columns}
    aliases = {"check_status", "source_status", "missing_need", "level_or_all"}
    aliases |= {"formula_id", "factor_value", "factor_unit", "factor_status"}
    aliases |= {"lever_function", "condition_term", "indicator_or_signal"}
    aliases |= {"model_status", "backtest_scope", "backtest_model", "backtest_choice"}
    assert set(column_specs()) <= used | aliases


def test_every_upstream_table_is_made_before():
    made = set()
    for recipe in in_order():
        assert recipe.reads <= made, recipe.table.name
        made.add(recipe.table.name)
    assert made == set(tables())


def test_stages_only_read_what_stands_before_them():
    order = ["raw", "observations", "ledger", "answers", "release"]
    for name, recipe in recipes().items():
        for read in recipe.reads - {name}:
            assert order.index(tables()[read].stage) <= order.index(recipe.table.stage), (
                name,
                read,
            )


def test_needs_and_their_sources_exist():
    for id_, need in needs().items():
        assert need.source is None or need.source in sources(), id_
        assert need.mirror_of is None or need.mirror_of in needs()
        assert {need.demand, need.local_supply} - {None} <= set(measures()), id_


def test_every_measure_comes_from_a_source_and_every_source_says_which():
    said = {measure for source in sources().values() for measure in source.measures}
    assert said == set(measures())
    for id_, source in sources().items():
        if f"{id_}_measures" in tables():
            assert source.measures, id_


def test_the_licence_of_a_source_that_is_read_is_one_we_can_name():
    assert {source.licence for source in read_only().values()} <= set(LICENCES)


def test_a_source_leans_on_sources():
    for source in sources().values():
        assert {*source.leans_on} <= set(sources()), source.id


def test_formulas_name_terms_that_exist():
    text = (paths.SQL / "answers" / "indicator_terms.sql").read_text("utf-8")
    of_needs = set(re.findall(r"need_id \|\| '\.(\w+)'", text))
    known = {f"{need}.{term}" for need in flow_needs() for term in of_needs}
    known |= {f"measure.{measure}" for measure in measures()}
    known |= {f"fact.{fact}" for fact in column_specs()["fact"].values or []}
    for id_, one in indicators().items():
        assert set(Formula(one.formula).terms) <= known, id_


def test_known_totals_name_what_exists():
    for id_, total in totals().items():
        assert total.vintage in sources()[total.source].vintages, id_
        assert total.indicator is None or total.indicator in indicators(), id_
        assert total.flow is None or total.flow in needs(), id_
        assert {total.measure, total.published} - {None} <= set(measures()), id_
        if total.file:
            columns = tables()[total.file.table].column_names
            assert {total.file.column, *total.file.where} - {None} <= set(columns), id_


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_only_the_orchestration_room_knows_dagster():
    for path in (paths.PROJECT / "pipelines").rglob("*.py"):
        if path.parent.name != "orchestration":
            assert not any(name.split(".")[0] == "dagster" for name in imports(path)), path


def test_sources_are_versioned_without_the_clock():
    """A vintage is a name that sorts, and its year is in the catalogue, not in the code."""
    for source in read_only().values():
        assert source.newest == max(source.vintages)
        for vintage in source.vintages.values():
            assert all(
                link is None or link.startswith("https://") for link in vintage.links.values()
            )
