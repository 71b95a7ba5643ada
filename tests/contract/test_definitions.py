"""Dagster's definitions: every table an asset, described, checked; one job; one schedule."""

import dagster as dg
import pytest

from pipelines.catalogue.tables import tables
from pipelines.checking.checks import check_ids
from pipelines.orchestration.definitions import JOB, defs
from pipelines.recipes import recipes


@pytest.fixture(scope="module")
def nodes():
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_every_table_is_an_asset_and_the_release_one_more(nodes):
    assert set(nodes) == set(tables()) | {"release"}


@pytest.mark.parametrize("name", sorted(tables()))
def test_an_asset_reads_what_its_recipe_reads(nodes, name):
    upstream = {dep.asset_key.to_user_string() for dep in nodes[name].deps}
    assert upstream == recipes()[name].reads


@pytest.mark.parametrize("name", sorted(tables()))
def test_an_asset_has_its_group_description_and_schema(nodes, name):
    spec = nodes[name]
    assert spec.group_name == tables()[name].stage
    assert tables()[name].title.en in spec.description
    schema = spec.metadata["dagster/column_schema"]
    schema = getattr(schema, "schema", schema)
    assert [column.name for column in schema.columns] == tables()[name].column_names


def test_checks_that_guard_the_release_are_blocking():
    specs = {
        (spec.asset_key.to_user_string(), spec.name): spec.blocking
        for asset in defs.assets
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.check_specs
    }
    wanted = {
        (name, id_): severity == "blocking"
        for name, table in tables().items()
        for id_, severity in check_ids(table).items()
    }
    assert specs == wanted


def test_one_job_runs_everything_monthly_from_the_publishers():
    (schedule,) = defs.schedules
    assert (schedule.job_name, schedule.cron_schedule) == (JOB, "0 3 5 * *")
    job = defs.resolve_job_def(JOB)
    assert len(job.asset_layer.executable_asset_keys) == len(tables()) + 1


def test_no_asset_is_pickled_in_dagsters_storage():
    """An asset that returns a value would be; ours return what Dagster should know of them."""
    for asset in defs.assets:
        assert asset.op.output_defs[0].dagster_type.is_nothing or (
            asset.op.compute_fn.decorated_fn.__annotations__["return"] is dg.MaterializeResult
        )
