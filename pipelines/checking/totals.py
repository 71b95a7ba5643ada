"""Figures published (or measured) elsewhere, which a release of the same vintage must reproduce."""

from functools import cache
from typing import Any, Literal

import duckdb

from pipelines import engine, paths
from pipelines.catalogue.loading import Entry, read_entries
from pipelines.checking.checks import TOTALS, Outcome, judge, keep
from pipelines.store import Store

READS = frozenset(
    {
        "sources",
        "territories",
        "indicators",
        "dependencies",
        "balances",
        "territory_measures",
        "published_totals",
        "emission_factors",
    }
)


class FileSum(Entry):
    """What a file itself holds: a sum of one column, or a number of rows.

    Attributes:
        table: a table of a source. `column`: what is summed (rows are counted when not given).
        missing: count the rows where the column is empty. `distinct`: count its values.
        where: by column, a pattern that the whole cell must match.
        per: what it is divided by.
    """

    table: str
    column: str | None = None
    missing: bool = False
    distinct: bool = False
    where: dict[str, str] = {}
    per: "FileSum | None" = None

    def compute(self, con: duckdb.DuckDBPyConnection) -> float | None:
        """The sum over the table as it is attached."""
        what = "count(*)::double"
        if self.column:
            what = f"exact_sum({self.column})"
        if self.missing:
            what = f"count(*) - count({self.column})"
        if self.distinct:
            what = f"count(distinct {self.column})"
        kept = " and ".join(f"regexp_full_match({name}::varchar, ?)" for name in self.where)
        query = f"select {what} from {self.table} where {kept or 'true'}"
        found = con.execute(query, list(self.where.values())).fetchall()[0][0]
        whole = self.per.compute(con) if self.per else 1.0
        return None if found is None or whole is None else float(found) / whole

    @property
    def tables(self) -> set[str]:
        """The tables it reads."""
        return {self.table} | (self.per.tables if self.per else set())


class Total(Entry):
    """One known figure.

    Attributes:
        source, vintage, extent: the data it holds for (any extent when not given).
        also: other sources it needs, with their vintage.
        indicator | flow | measure | published | factor | file | count: what is compared: an
            indicator (of `year`); the quantity of a need that `code` gets from `partner`; what
            `code` needs of a need in all (`demand`); a
            measure summed over the communes of `code`; what the publisher says itself of `code`
            (over what it says as `per`); an emission factor; what the file holds; or the number
            of territories of `level`.
        bound: the lower or upper bound is compared, not the value.
        times: what our value is multiplied by, where the figure has another unit.
    """

    source: str
    vintage: str
    extent: str | None = None
    also: dict[str, str] = {}
    indicator: str | None = None
    flow: str | None = None
    demand: str | None = None
    measure: str | None = None
    published: str | None = None
    per: str | None = None
    factor: str | None = None
    file: FileSum | None = None
    count: bool = False
    level: str | None = None
    code: str | None = None
    partner: str | None = None
    year: int | None = None
    bound: Literal["value", "low", "high"] = "value"
    times: float = 1
    value: float
    tolerance: float
    reference: str


@cache
def totals() -> dict[str, Total]:
    """The known figures (`control_totals.yml`), by id."""
    return read_entries(Total, paths.CATALOGUE / "control_totals.yml")


def check_totals(store: Store) -> list[Outcome]:
    """Compare every figure that applies to the data of this run, and keep the outcomes."""
    files = {name for total in totals().values() if total.file for name in total.file.tables}
    with engine.connection(store) as con:
        engine.attach(con, store, READS | files)
        sources = {
            row[0]: row[1:]
            for row in con.sql(
                "select source_id, vintage, extent, layout, status from sources"
            ).fetchall()
        }
        outcomes = [_outcome(con, id_, total, sources) for id_, total in totals().items()]
    keep(store, TOTALS, outcomes)
    return outcomes


def _outcome(
    con: duckdb.DuckDBPyConnection, id_: str, total: Total, sources: dict[str, tuple[Any, ...]]
) -> Outcome:
    vintage, extent, layout, status = sources[total.source]
    applies = (
        status == "ok"
        and layout != "synthetic"
        and vintage == total.vintage
        and total.extent in (None, extent)
        and all(sources[other][0] == of for other, of in total.also.items())
    )
    observed = _observed(con, total) if applies else None
    if applies and observed is None:
        state, message = "failed", f"no value to compare with: {total.reference}"
    else:
        state, message = judge(observed, total.value, total.tolerance, "blocking"), total.reference
        if not applies:
            message = f"holds for {total.source} {total.vintage} ({total.extent or 'any extent'})"
    return Outcome(
        f"{TOTALS}.{id_}",
        _table(total),
        "blocking",
        state,  # type: ignore[arg-type]
        observed,
        total.value,
        total.tolerance,
        message,
    )


def _table(total: Total) -> str:
    """The table that a figure is compared with."""
    if total.file:
        return total.file.table
    for name, field in _TABLES.items():
        if getattr(total, field):
            return name
    return "territories"


_TABLES = {
    "indicators": "indicator",
    "dependencies": "flow",
    "balances": "demand",
    "published_totals": "published",
    "emission_factors": "factor",
    "territory_measures": "measure",
}
_QUERIES = {
    "indicators": "select {bound} from indicators where level = $level and code = $code"
    " and indicator = $indicator and ($year is null or year = $year) order by year desc",
    "dependencies": "select quantity from dependencies where level = $level and code = $code"
    " and need = $flow and direction = 'depends_on' and partner_code = $partner",
    "balances": "select demand from balances where level = $level and code = $code"
    " and need = $demand",
    "published_totals": "select one.value / coalesce(other.value, 1) from published_totals as one"
    " left join published_totals as other on other.level = one.level and other.code = one.code"
    " and other.year = one.year and other.measure = $per"
    " where one.level = $level and one.code = $code and one.measure = $published"
    " and ($year is null or one.year = $year) order by one.year desc",
    "emission_factors": "select value from emission_factors where factor || '/' || scope = $factor",
    "territory_measures": "select {bound} from territory_measures where level = $level"
    " and code = $code and measure = $measure and ($year is null or year = $year)"
    " order by year desc",
    "territories": "select count(*)::double from territories where level = $level",
}


def _observed(con: duckdb.DuckDBPyConnection, total: Total) -> float | None:
    if total.file:
        found = total.file.compute(con)
        return None if found is None else found * total.times
    query = _QUERIES[_table(total)].format(bound=total.bound)
    asked = {name: value for name, value in total.model_dump().items() if f"${name}" in query}
    rows = con.execute(query, asked).fetchall()
    return None if not rows or rows[0][0] is None else rows[0][0] * total.times
