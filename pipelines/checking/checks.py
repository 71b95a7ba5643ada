"""Check a table once it is made; the outcomes are kept beside it, and published as data."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import duckdb

from pipelines import engine, paths
from pipelines.catalogue.loading import Entry, read_entries
from pipelines.catalogue.tables import Table, tables
from pipelines.catalogue.words import parameter_values
from pipelines.disk import replacing
from pipelines.errors import MetabolismeError
from pipelines.store import Store

# The outcomes of the known totals are kept under this name.
TOTALS = "control_totals"

Severity = Literal["warning", "blocking"]
Status = Literal["passed", "warned", "failed", "not_applicable"]


@dataclass(frozen=True)
class Outcome:
    """What a check found. `tolerance` is relative to `expected` (absolute when that is zero)."""

    check_id: str
    table_name: str
    severity: Severity
    status: Status
    observed: float | None
    expected: float | None
    tolerance: float | None
    message: str


class Query(Entry):
    """A check written as a query, `sql/checks/<id>.sql`, of columns `observed, expected, message`.

    It yields no row when it has nothing to say (the source is not there).
    """

    table: str
    severity: Severity
    tolerance: float = 0.0
    fr: str
    en: str


class Reference(Entry):
    """Columns that name a row of another table, by its key."""

    columns: list[str]
    of: str
    key: list[str]


@cache
def references() -> dict[str, Reference]:
    """What columns refer to (`references.yml`), by name."""
    return read_entries(Reference, paths.CATALOGUE / "references.yml")


def refers(table: Table) -> list[Reference]:
    """The references of a table: of those that tell a release, and name one row at a time."""
    # A column without a list of values can also stand for all (`*`).
    named = {c.name for c in table.columns if c.values or not c.name.startswith("level")}
    return [
        one
        for one in references().values()
        if table.published
        and table.stage in ("ledger", "answers")
        and table.name != one.of
        and named.issuperset(one.columns)
    ]


@cache
def queries() -> dict[str, Query]:
    """The checks written as queries (`checks.yml`), by id."""
    return read_entries(Query, paths.CATALOGUE / "checks.yml")


def check_ids(table: Table) -> dict[str, Severity]:
    """The checks of a table, with what a failure does."""
    severities: dict[str, Severity] = {"valid": "blocking"}
    for id_, query in queries().items():
        if query.table == table.name:
            severities[id_] = query.severity
    return severities


def reads(table: Table) -> frozenset[str]:
    """The tables that the checks of a table read, itself left out."""
    asked = frozenset(
        name
        for id_, query in queries().items()
        if query.table == table.name
        for name in engine.tables_read(paths.SQL / "checks" / f"{id_}.sql")
    )
    return (asked | {one.of for one in refers(table)}) - {table.name}


def check_table(table: Table, store: Store) -> list[Outcome]:
    """Run the checks of a table, and keep what they found beside it."""
    ours = {id_: query for id_, query in queries().items() if query.table == table.name}
    with engine.connection(store) as con:
        engine.attach(con, store, frozenset({table.name}) | reads(table))
        found = [_valid(con, table)] + [_run(con, id_, query) for id_, query in ours.items()]
    keep(store, table.name, found)
    return found


def keep(store: Store, name: str, outcomes: list[Outcome]) -> None:
    """Keep outcomes beside the tables, under a name."""
    with replacing(store.folder / "checks" / f"{name}.json", lasting=False) as part:
        part.write_text(json.dumps([asdict(o) for o in outcomes]), encoding="utf-8")


def kept(store: Store, name: str) -> list[Outcome]:
    """The outcomes kept under a name; none if that was never checked."""
    path = store.folder / "checks" / f"{name}.json"
    return [Outcome(**o) for o in json.loads(path.read_text("utf-8"))] if path.exists() else []


def write_checks(store: Store) -> int:
    """Make `checks`: the outcomes of all tables, and the known totals."""
    names = [*(name for name in tables() if name != "checks"), TOTALS]
    outcomes = [asdict(outcome) for name in names for outcome in kept(store, name)]
    return engine.write_records(tables()["checks"], store, outcomes)


def guard(store: Store) -> None:
    """Let a release pass only if no blocking check has failed.

    Raises:
        MetabolismeError: some have; all are named.
    """
    with engine.connection(store) as con:
        engine.attach(con, store, frozenset({"checks"}))
        failed = con.sql(
            "select format('{} ({}): {}; expected {}, found {}', check_id, table_name, message,"
            " coalesce(expected::varchar, '?'), coalesce(observed::varchar, 'nothing'))"
            " from checks where status = 'failed' order by check_id, table_name"
        ).fetchall()
    if failed:
        raise MetabolismeError(
            "checks that guard the release have failed: nothing is published",
            found="; ".join(row[0] for row in failed),
            todo="look at the tables named; the last release is untouched",
        )


def judge(
    observed: float | None, expected: float | None, tolerance: float, severity: Severity
) -> Status:
    """Compare: `tolerance` is relative, absolute where zero is expected."""
    if observed is None or expected is None:
        return "not_applicable"
    if abs(observed - expected) <= tolerance * (abs(expected) or 1.0):
        return "passed"
    return "failed" if severity == "blocking" else "warned"


def _run(con: duckdb.DuckDBPyConnection, id_: str, query: Query) -> Outcome:
    path = paths.SQL / "checks" / f"{id_}.sql"
    values: dict[str, Any] = {n: parameter_values()[n] for n in engine.parameters_read(path)}
    rows = con.execute(path.read_text(encoding="utf-8"), values).fetchall()
    numbers, message = (rows[0][:2], rows[0][2]) if rows else ((None, None), "nothing to check")
    observed, expected = (None if n is None else float(n) for n in numbers)
    status = judge(observed, expected, query.tolerance, query.severity)
    return Outcome(
        id_, query.table, query.severity, status, observed, expected, query.tolerance, message
    )


def _valid(con: duckdb.DuckDBPyConnection, table: Table) -> Outcome:
    """The rows are as the catalogue says: key, empty cells, bounds, values, references."""
    rules = {f"{c.name} is empty": f'"{c.name}" is null' for c in table.columns if not c.nullable}
    for c in table.columns:
        if c.minimum is not None:
            rules[f"{c.name} is below {c.minimum:g}"] = f'"{c.name}" < {c.minimum}'
        if c.maximum is not None:
            rules[f"{c.name} is above {c.maximum:g}"] = f'"{c.name}" > {c.maximum}'
        if c.values is not None:
            allowed = ", ".join(f"'{value}'" for value in c.values)
            rules[f"{c.name} is not one of its values"] = f'"{c.name}" not in ({allowed})'
        if c.type == "number":
            rules[f"{c.name} is not a finite number"] = f'not isfinite("{c.name}")'
    counts = ", ".join(f"count(*) filter (where {rule})" for rule in rules.values())
    found = con.execute(f"select {counts} from {table.name}").fetchall()[0] if rules else ()
    said = [
        f"{count} row(s) where {rule}" for rule, count in zip(rules, found, strict=True) if count
    ]
    wrong = sum(found)
    if table.key:
        key = ", ".join(f'"{name}"' for name in table.key)
        repeated = con.execute(
            f"select count(*) - count(distinct ({key})) from {table.name}"
        ).fetchall()[0][0]
        wrong += repeated
        said += [f"{repeated} row(s) repeat the key ({', '.join(table.key)})"] if repeated else []
    for one in refers(table):
        lost = _lost(con, table, one)
        wrong += lost
        said += [f"{lost} {one.of} named in {', '.join(one.columns)} are not there"] if lost else []
    message = "; ".join(said) or "key, empty cells, bounds and allowed values are as declared"
    status: Status = "failed" if wrong else "passed"
    return Outcome("valid", table.name, "blocking", status, float(wrong), 0.0, 0.0, message)


def _lost(con: duckdb.DuckDBPyConnection, table: Table, reference: Reference) -> int:
    """How many rows of another table a table names that are not there."""
    columns = ", ".join(f'"{name}"' for name in reference.columns)
    key = ", ".join(f'"{name}"' for name in reference.key)
    filled = " and ".join(f'"{name}" is not null' for name in reference.columns)
    return int(
        con.execute(
            f"select count(*) from (select distinct {columns} from {table.name} where {filled}"
            f" except select {key} from {reference.of})"
        ).fetchall()[0][0]
    )
