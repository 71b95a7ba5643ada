"""Every table as an asset, its checks beside it, and the release that they make together."""

import hashlib

import dagster as dg

from pipelines import engine
from pipelines.catalogue.tables import Table, tables
from pipelines.checking.checks import Outcome, check_ids, check_table, guard
from pipelines.errors import MetabolismeError
from pipelines.orchestration.settings import RunSettings
from pipelines.recipes import Recipe, recipes
from pipelines.release.publishing import publish


def table_assets() -> list[dg.AssetsDefinition]:
    """One asset a table, in the group of its stage."""
    return [_asset(recipe) for recipe in recipes().values()]


def _asset(recipe: Recipe) -> dg.AssetsDefinition:
    table = recipe.table

    @dg.asset(
        name=table.name,
        deps=sorted(recipe.reads),
        group_name=table.stage,
        description=f"{table.title.en}\n\n{table.title.fr}",
        kinds={"duckdb" if recipe.kind == "sql" else "python", "parquet"},
        code_version=_code_version(recipe),
        metadata={"dagster/column_schema": _schema(table)},
        check_specs=[
            dg.AssetCheckSpec(name=id_, asset=table.name, blocking=severity == "blocking")
            for id_, severity in check_ids(table).items()
        ],
    )
    def made(settings: RunSettings) -> dg.MaterializeResult:  # type: ignore[type-arg]
        store = settings.store()
        try:
            rows = recipe.make(store, settings.settings())
            outcomes = check_table(table, store)
        except MetabolismeError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "dagster/uri": store.path(table.name).as_uri(),
                "bytes": store.path(table.name).stat().st_size,
                "key": ", ".join(table.key),
                **{
                    name: dg.MetadataValue.md(note)
                    for name, note in store.notes(table.name).items()
                },
            },
            check_results=[_result(table, outcome) for outcome in outcomes],
        )

    return made


@dg.asset(
    deps=sorted(name for name, table in tables().items() if table.published or name == "checks"),
    group_name="release",
    description="The release: every published table as Parquet and CSV, moved into `latest` whole.",
    kinds={"parquet", "csv"},
)
def release(settings: RunSettings) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Publish the tables, unless a check that guards the release has failed."""
    store = settings.store()
    try:
        guard(store)
        asked = settings.settings()
        published = publish(store, asked.outputs, asked.keep, asked.accept_drift)
    except MetabolismeError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return dg.MaterializeResult(
        metadata={
            "version": published.version,
            "folder": dg.MetadataValue.path(published.folder),
            "changes": dg.MetadataValue.md((published.folder / "changes.md").read_text("utf-8")),
            **({"remark": published.remark} if published.remark else {}),
        }
    )


def _result(table: Table, outcome: Outcome) -> dg.AssetCheckResult:
    warning = outcome.severity == "warning"
    return dg.AssetCheckResult(
        check_name=outcome.check_id,
        asset_key=table.name,
        passed=outcome.status in ("passed", "not_applicable"),
        severity=dg.AssetCheckSeverity.WARN if warning else dg.AssetCheckSeverity.ERROR,
        description=outcome.message,
        metadata={
            name: value
            for name, value in (("observed", outcome.observed), ("expected", outcome.expected))
            if value is not None
        },
    )


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description.en,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
                tags={"unit": column.unit} if column.unit else {},
            )
            for column in table.columns
        ]
    )


def _code_version(recipe: Recipe) -> str | None:
    """A query's version is its text; that of a function is the package's."""
    if recipe.kind == "python":
        return None
    text = engine.query_path(recipe.table).read_bytes()
    return hashlib.sha256(text).hexdigest()[:12]
