"""Run the whole job in this process, on an instance that keeps its history in our folder."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from filelock import FileLock, Timeout

from pipelines import paths
from pipelines.disk import disk_errors
from pipelines.errors import MetabolismeError
from pipelines.orchestration.definitions import JOB, defs
from pipelines.orchestration.steps import Report, reporting
from pipelines.settings import Settings
from pipelines.store import half_made

# Telemetry is off twice: the instance does not collect, the uploader does not send. The interface
# does not open on an invitation to join a mailing list.
INSTANCE = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"


@dataclass(frozen=True)
class Run:
    """How a run ended: the folder of its release (and a remark on it), or why there is none."""

    folder: Path | None
    error: str | None
    remark: str | None = None


def prepare_instance() -> Path:
    """Make Dagster's home under our folder, and tell Dagster of it."""
    home = paths.home() / "dagster"
    with disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        config = home / "dagster.yaml"
        if not config.exists():
            config.write_text(INSTANCE, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return home


def run_alone(settings: Settings, report: Report) -> Run:
    """Execute the whole job, unless another run works on the same tables.

    Raises:
        MetabolismeError: another run is under way there, or the folder cannot be written.
    """
    with disk_errors(settings.tables):
        settings.tables.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.tables / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise MetabolismeError(
                "another run is under way",
                where=str(settings.tables),
                todo="wait for it to end, or give this one its own METABOLISME_HOME",
            ) from error
    try:
        _tidy(settings.tables)
        return run_job(settings, report)
    finally:
        lock.release()


def _tidy(tables: Path) -> None:
    """Remove what a run that was killed left half-made."""
    with disk_errors(tables):
        for left in half_made(tables):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()


def serve(port: int) -> None:
    """Replace this process by Dagster's interface and its daemon, on the loopback address."""
    prepare_instance()
    module = "pipelines.orchestration.definitions"
    command = [sys.executable, "-m", "dagster", "dev", "-m", module, "-h", "127.0.0.1"]
    os.execv(sys.executable, [*command, "-p", str(port)])


def run_job(settings: Settings, report: Report) -> Run:
    """Execute the job; `report` is told the name and seconds of each step that ends."""
    prepare_instance()
    job = defs.resolve_job_def(JOB)
    config = {
        "resources": {"settings": {"config": _config(settings)}},
        "loggers": {"steps": {"config": {}}},
    }
    with dg.DagsterInstance.get() as instance, reporting(report):
        result = job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)
    if result.success:
        (made,) = result.asset_materializations_for_node("release")
        remark = str(made.metadata["remark"].value) if "remark" in made.metadata else None
        return Run(Path(str(made.metadata["folder"].value)), None, remark)
    return Run(None, "\n".join(dict.fromkeys(_errors(result))) or "the run failed")


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "origin": settings.origin,
        "mirror": str(settings.mirror.absolute()) if settings.mirror else "",
        "vintages": settings.vintages,
        "functions": sorted(settings.functions),
        "perimeters": str(settings.perimeters.absolute()) if settings.perimeters else "",
        "cog_year": settings.cog_year or 0,
        "outputs": str(settings.outputs.absolute()),
        "keep": settings.keep or 0,
        "accept_drift": settings.accept_drift,
    }


def _errors(result: dg.ExecuteInProcessResult) -> list[str]:
    said = []
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                found = {name: value.value for name, value in check.metadata.items()}
                said.append(
                    f"the check {check.check_name} of {check.asset_key.to_user_string()} failed: "
                    f"{check.description} (found {found.get('observed')}, "
                    f"expected {found.get('expected')})"
                )
        elif event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                said.append(data.user_failure_data.description)
            elif data.error:
                cause = data.error.cause or data.error
                if cause.cls_name != "DagsterAssetCheckFailedError":
                    said.append(f"{event.step_key}: {cause.message.strip()}")
    return said
