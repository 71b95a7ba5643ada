"""What Dagster loads: the assets, one job for the whole, a monthly schedule on it."""

import dagster as dg

from pipelines.orchestration.assets import release, table_assets
from pipelines.orchestration.settings import RunSettings
from pipelines.orchestration.steps import steps_logger

JOB = "make_release"

make_release = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Fetch, transform, check, publish: the whole pipeline.",
    # In process: both engines use every core, and a process per step costs a minute of start-ups.
    executor_def=dg.in_process_executor,
)

monthly = dg.ScheduleDefinition(
    name="monthly",
    job=make_release,
    cron_schedule="0 3 5 * *",
    execution_timezone="Europe/Paris",
    run_config={"resources": {"settings": {"config": {"origin": "official"}}}},
    description="On the 5th of each month, from the publishers' links.",
)

defs = dg.Definitions(
    assets=[*table_assets(), release],
    jobs=[make_release],
    schedules=[monthly],
    resources={"settings": RunSettings()},
    loggers={"console": dg.colored_console_logger, "steps": steps_logger},
)
