"""Figures published (or measured) elsewhere, which a release of the same vintage must reproduce."""

from functools import cache
from typing import Any

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
        "territory_measures",
        "published_totals",
    }
)


class Total(Entry):
    """One known figure.

    Attributes:
        source, vintage, extent: the data it holds for (any extent when not given).
        indicator | flow | measure | published | factor | count: what is compared: an indicator
            (of `year`); the quantity of a need that `code` gets from `partner`; a measure summed
            over the communes of `code`; what the publisher says itself of `code`; an emission
            factor (`code`); or the number of territories of `level`.
        times: what our value is multiplied by, where the figure has another unit.
    """

    source: str
    vintage: str
    extent: str | None = None
    indicator: str | None = None
    flow: str | None = None
    measure: str | None = None
    published: str | None = None
    factor: str | None = None
    count: bool = False
    level: str
    code: str | None = None
    partner: str | None = None
    year: int | None = None
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
    with engine.connection(store) as con:
        engine.attach(con, store, READS)
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
    if total.indicator:
        return "indicators"
    if total.flow:
        return "dependencies"
    if total.published:
        return "published_totals"
    if total.factor:
        return "emission_factors"
    return "measures" if total.measure else "territories"


_QUERIES = {
    "indicators": "select value from indicators where level = $level and code = $code"
    " and indicator = $indicator and ($year is null or year = $year) order by year desc",
    "dependencies": "select quantity from dependencies where level = $level and code = $code"
    " and need = $flow and direction = 'depends_on' and partner_code = $partner",
    "published_totals": "select value from published_totals where level = $level and code = $code"
    " and measure = $published and ($year is null or year = $year) order by year desc",
    "emission_factors": "select value from emission_factors where factor = $factor",
    "measures": "select value from territory_measures where level = $level and code = $code"
    " and measure = $measure and ($year is null or year = $year) order by year desc",
    "territories": "select count(*)::double from territories where level = $level",
}


def _observed(con: duckdb.DuckDBPyConnection, total: Total) -> float | None:
    query = _QUERIES[_table(total)]
    asked = {name: value for name, value in total.model_dump().items() if f"${name}" in query}
    rows = con.execute(query, asked).fetchall()
    return None if not rows or rows[0][0] is None else rows[0][0] * total.times
