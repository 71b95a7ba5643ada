"""What differs between two releases, read from their Parquet files alone."""

import filecmp
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.errors import MetabolismeError
from pipelines.release.geo import geo_table

# Above this number of rows, those of a table are counted, and not matched.
MATCHED_ROWS = 5_000_000
# Two computations of the same value may differ by this part of it.
NOISE = 1e-9
LARGEST = 5


@dataclass(frozen=True)
class Asked:
    """What a release was asked for: releases that differ in this have little in common."""

    sample: bool
    cog_year: int | None


@dataclass(frozen=True)
class ColumnChange:
    """A column that has come, gone or changed type; `before` or `after` is the type, if any."""

    table: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class RowChange:
    """The rows of a table: how many there were and are, and by key, those that differ.

    Attributes:
        added, removed, changed: none where rows are only counted (too many, or no known key).
    """

    table: str
    before: int
    after: int
    added: int | None
    removed: int | None
    changed: int | None


@dataclass(frozen=True)
class SourceChange:
    """Something said of a source that has changed: `vintage`, `sha256`, `status` or `extent`."""

    source_id: str
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class CheckChange:
    """A check whose status has changed (none: there was, or is, no such check)."""

    check_id: str
    table_name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class TerritoryChange:
    """The territories of a level: how many there were and are, and those that come and go."""

    level: str
    before: int
    after: int
    lost: int
    gained: int


@dataclass(frozen=True)
class MeasureChange:
    """A source that gives more, or fewer, rows of a measure."""

    source_id: str
    measure: str
    before: int
    after: int


@dataclass(frozen=True)
class Move:
    """A value of an indicator that is no longer what it was."""

    code: str
    name: str | None
    year: int
    before: float
    after: float


@dataclass(frozen=True)
class IndicatorChange:
    """What has changed in an indicator, among the territories of a level.

    Attributes:
        before, after, lost, gained: numbers of territories that have a value, for any year.
        compared: values that both releases have, for the same years; `moved`: those that differ.
        median_move, largest_move: of the absolute moves of all those compared, in its unit.
        median_share: the median of the moves, each as a part of the larger of its two values.
        source_ids: the sources it had or has.
        largest: the largest moves.
    """

    indicator: str
    level: str
    before: int
    after: int
    lost: int
    gained: int
    compared: int
    moved: int
    median_move: float | None
    largest_move: float | None
    median_share: float | None
    source_ids: list[str]
    largest: list[Move]


@dataclass(frozen=True)
class Changes:
    """All that differs between a release and the one before; what is the same is not listed.

    Attributes:
        before: the name of the release before; none for the first.
        asked_before, asked: what each was asked for.
        same_country: false where the fictitious country of a sample is another one.
    """

    before: str | None
    asked_before: Asked | None
    asked: Asked
    same_country: bool = True
    tables_added: list[str] = field(default_factory=list)
    tables_removed: list[str] = field(default_factory=list)
    columns: list[ColumnChange] = field(default_factory=list)
    rows: list[RowChange] = field(default_factory=list)
    sources: list[SourceChange] = field(default_factory=list)
    checks: list[CheckChange] = field(default_factory=list)
    territories: list[TerritoryChange] = field(default_factory=list)
    measures: list[MeasureChange] = field(default_factory=list)
    indicators: list[IndicatorChange] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """There is no difference."""
        return self == Changes(self.before, self.asked, self.asked)

    @property
    def same_request(self) -> bool:
        """Both releases answer the same request, and can be judged by each other."""
        return self.asked_before == self.asked and self.same_country


def compare(before: Path, after: Path) -> Changes:
    """Compare two releases, by their folders.

    Raises:
        MetabolismeError: a file of one of them is not what it should be.
    """
    with _both(before, after) as con:
        old, new = _columns(con, "before"), _columns(con, "after")
        kept = sorted(old.keys() & new.keys())
        differ = [table for table in kept if not _same_bytes(before, after, table)]
        return Changes(
            before=before.name,
            asked_before=_asked(con, "before"),
            asked=_asked(con, "after"),
            same_country=_same_country(con),
            tables_added=sorted(new.keys() - old.keys()),
            tables_removed=sorted(old.keys() - new.keys()),
            columns=[one for table in kept for one in _retyped(table, old[table], new[table])],
            rows=[
                row
                for row in (_rows(con, table, old[table], new[table]) for table in differ)
                if row.changed is None or row.added or row.removed or row.changed
            ],
            sources=_found(con, SourceChange, _SOURCES),
            checks=_found(con, CheckChange, _CHECKS),
            territories=_found(con, TerritoryChange, _TERRITORIES),
            measures=_found(con, MeasureChange, _MEASURES),
            indicators=_indicators(con) if "indicators" in differ else [],
        )


def none_before(after: Path) -> Changes:
    """What is said of a first release: there is none before."""
    with _both(after, after) as con:
        return Changes(before=None, asked_before=None, asked=_asked(con, "after"))


# What is read of the tables that are looked into; a release of another version may lack some.
_READ = {
    "sources": "source_id vintage sha256 status extent layout",
    "checks": "check_id table_name status",
    "territories": "level code name cog_year",
    "measures": "source_id measure",
    "indicators": "indicator level code year years value",
    "indicator_catalogue": "indicator source_ids",
}
_TYPES = {"cog_year": "bigint", "year": "bigint", "value": "double"}

_SAME_COUNTRY = """
select 2 * count(*) filter (old.sha256 != new.sha256) <= count(*)
from before.sources as old inner join after.sources as new using (source_id)
where old.sha256 is not null and new.sha256 is not null
"""

_SOURCES = """
select source_id, what, before, after
from (
    unpivot (
        select
            source_id,
            {'before': old.vintage, 'after': new.vintage} as vintage,
            {'before': old.sha256, 'after': new.sha256} as sha256,
            {'before': old.status, 'after': new.status} as status,
            {'before': old.extent, 'after': new.extent} as extent
        from before.sources as old full join after.sources as new using (source_id)
    )
    on vintage, sha256, status, extent into name what value pair
), lateral (select pair.before, pair.after)
where before is distinct from after
order by source_id, what
"""

_CHECKS = """
select check_id, table_name, old.status as before, new.status as after
from before.checks as old full join after.checks as new using (check_id, table_name)
where old.status is distinct from new.status
order by check_id, table_name
"""

_TERRITORIES = """
select
    level,
    count(old.code) as before,
    count(new.code) as after,
    count(*) - count(new.code) as lost,
    count(*) - count(old.code) as gained
from before.territories as old full join after.territories as new using (level, code)
group by level
having lost > 0 or gained > 0
order by level
"""

_MEASURES = """
with
counted as (
    select source_id, measure, 1 as before, 0 as after from before.measures
    union all
    select source_id, measure, 0, 1 from after.measures
)

select source_id, measure, sum(before)::bigint as before, sum(after)::bigint as after
from counted
group by source_id, measure
having sum(before) != sum(after)
order by source_id, measure
"""

# Indicators and levels are few: as enumerations, they are joined and grouped as numbers.
_VALUES = """
create type one_indicator as enum (
    select indicator from (
        select indicator from before.indicators union select indicator from after.indicators
    )
    where indicator is not null
    order by indicator
);
create type one_level as enum (
    select level from (select level from before.indicators union select level from after.indicators)
    where level is not null
    order by level
);
create view before.known_values as
select * replace (indicator::one_indicator as indicator, level::one_level as level)
from before.indicators where value is not null;
create view after.known_values as
select * replace (indicator::one_indicator as indicator, level::one_level as level)
from after.indicators where value is not null;
"""

# The values that both have; a value over other years is another value.
_MOVES = """
create temp table moves as
select
    indicator,
    level,
    code,
    year,
    old.value as before,
    new.value as after,
    case
        when abs(new.value - old.value) <= $noise * greatest(abs(old.value), abs(new.value)) then 0
        else abs(new.value - old.value)
    end as move
from before.known_values as old
inner join after.known_values as new using (indicator, level, code, year)
where coalesce(old.years, '') = coalesce(new.years, '')
"""

_INDICATORS = """
with
had as (
    select distinct indicator, level, code from before.known_values
),

has as (
    select distinct indicator, level, code from after.known_values
),

known as (
    select
        indicator,
        level,
        count(had.code) as before,
        count(has.code) as after,
        count(*) - count(has.code) as lost,
        count(*) - count(had.code) as gained
    from had full join has using (indicator, level, code)
    group by indicator, level
),

moved as (
    select
        indicator,
        level,
        count(*) as compared,
        count(*) filter (move > 0) as moved,
        median(move) as median_move,
        max(move) as largest_move,
        median(case when move = 0 then 0 else move / greatest(abs(before), abs(after)) end)
            as median_share
    from moves
    group by indicator, level
),

largest as (
    select
        indicator,
        level,
        list(
            {'code': code, 'name': name, 'year': year, 'before': before, 'after': after}
            order by move desc, code, year
        ) as largest
    from (
        from moves
        where move > 0
        qualify row_number() over (partition by indicator, level order by move desc, code, year)
            <= $largest
    )
    left join after.territories using (level, code)
    group by indicator, level
),

sources as (
    select indicator, list(distinct source_id order by source_id) as source_ids
    from (
        select indicator, unnest(string_split(source_ids, ', ')) as source_id
        from (from before.indicator_catalogue union all from after.indicator_catalogue)
    )
    group by indicator
)

select
    indicator, level, before, after, lost, gained,
    coalesce(compared, 0) as compared,
    coalesce(moved, 0) as moved,
    median_move, largest_move, median_share,
    coalesce(source_ids, []) as source_ids,
    coalesce(largest, []) as largest
from known
left join moved using (indicator, level)
left join largest using (indicator, level)
left join sources using (indicator)
where lost > 0 or gained > 0 or moved > 0
order by indicator, level
"""


# The rows of a table by what their key comes to, and of those whose key is in both, the others'.
_MATCHED = """
with
old as (select hash({key}) as key, hash({others}) as content from before_whole."{table}"),
new as (select hash({key}) as key, hash({others}) as content from after_whole."{table}")

select
    count(*) filter (old.key is null) as added,
    count(*) filter (new.key is null) as removed,
    count(*) filter (old.content != new.content) as changed
from old full join new using (key)
"""


@contextmanager
def _both(before: Path, after: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the tables of two releases, in the schemas `before_whole` and `after_whole`.

    What is looked into stands in `before` and `after`.
    """
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as con:
        engine.limit_memory(con, Path(spill))
        con.execute("set preserve_insertion_order = false")
        # A shape is bytes.
        con.execute("set enable_geoparquet_conversion = false")
        with _readable(f"{before} or {after}"):
            _attach(con, "before", before)
            _attach(con, "after", after)
            yield con


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.InvalidInputException, duckdb.SerializationException) as error:
        raise MetabolismeError(
            "a release holds a file that cannot be read",
            where=where,
            found=str(error).partition("\n")[0],
            todo="put that file back, or remove that release",
        ) from error


def _attach(con: duckdb.DuckDBPyConnection, side: str, folder: Path) -> None:
    con.execute(f"create schema {side}_whole; create schema {side}")
    for path in folder.glob("*.parquet"):
        file = str(path).replace("'", "''")
        with _readable(str(path)):
            view = f'{side}_whole."{path.stem}"'
            con.execute(f"create view {view} as from read_parquet('{file}')")
    there = _columns(con, side)
    for name, columns in _READ.items():
        # What is not there is empty.
        wanted = ", ".join(
            f"try_cast({column if column in there.get(name, {}) else 'null'}"
            f" as {_TYPES.get(column, 'varchar')}) as {column}"
            for column in columns.split()
        )
        rows = f"from {side}_whole.{name}" if name in there else "where false"
        con.execute(f"create view {side}.{name} as select {wanted} {rows}")


def _columns(con: duckdb.DuckDBPyConnection, side: str) -> dict[str, dict[str, str]]:
    """By table, the columns of a release, with their types."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, type_ in con.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where schema_name = $schema order by table_name, column_index",
        {"schema": f"{side}_whole"},
    ).fetchall():
        columns.setdefault(table, {})[column] = type_
    return columns


def _asked(con: duckdb.DuckDBPyConnection, side: str) -> Asked:
    (row,) = con.execute(
        f"select (select coalesce(bool_or(layout = 'synthetic'), false) from {side}.sources),"
        f" (select max(cog_year) from {side}.territories)"
    ).fetchall()
    return Asked(*row)


def _same_country(con: duckdb.DuckDBPyConnection) -> bool:
    """Most files of a sample are the same: its generator has not drawn another country."""
    ((is_same,),) = con.execute(_SAME_COUNTRY).fetchall()
    return not (_asked(con, "before").sample and _asked(con, "after").sample) or bool(is_same)


def _same_bytes(before: Path, after: Path, table: str) -> bool:
    return filecmp.cmp(before / f"{table}.parquet", after / f"{table}.parquet", shallow=False)


def _retyped(table: str, before: dict[str, str], after: dict[str, str]) -> list[ColumnChange]:
    """The columns of a table that come, go or change type, in the order of their names."""
    return [
        ColumnChange(table, column, before.get(column), after.get(column))
        for column in sorted(before.keys() | after.keys())
        if before.get(column) != after.get(column)
    ]


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, before: dict[str, str], after: dict[str, str]
) -> RowChange:
    ((n_before, n_after),) = con.execute(
        f'select (select count(*) from before_whole."{table}"),'
        f' (select count(*) from after_whole."{table}")'
    ).fetchall()
    known = tables() | {geo_table().name: geo_table()}
    key = known[table].key if table in known else []
    lost_key = {*key} - (before.keys() & after.keys())
    if max(n_before, n_after) > MATCHED_ROWS or not key or lost_key:
        return RowChange(table, n_before, n_after, None, None, None)
    # A change of type is told as such, and is none of every row.
    others = [name for name, type_ in before.items() if after.get(name) == type_] or key
    query = _MATCHED.format(
        table=table,
        key=", ".join(f'"{name}"::varchar' for name in key),
        others=", ".join(f'"{name}"' for name in others),
    )
    ((added, removed, changed),) = con.execute(query).fetchall()
    return RowChange(table, n_before, n_after, added, removed, changed)


def _indicators(con: duckdb.DuckDBPyConnection) -> list[IndicatorChange]:
    con.execute(_VALUES)
    con.execute(_MOVES, {"noise": NOISE})
    cursor = con.execute(_INDICATORS, {"largest": LARGEST})
    names = [column[0] for column in cursor.description or ()]
    records = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        IndicatorChange(**record | {"largest": [Move(**move) for move in record["largest"]]})
        for record in records
    ]


def _found(con: duckdb.DuckDBPyConnection, kind: type[Any], query: str) -> list[Any]:
    return [kind(*row) for row in con.execute(query).fetchall()]
