"""Figures published (or measured) elsewhere, which a release of the same vintage must reproduce."""

from functools import cache
from typing import Any

import duckdb

from pipelines import engine, paths
from pipelines.catalogue.loading import Entry, read_entries
from pipelines.checking.checks import TOTALS, Outcome, judge, keep
from pipelines.store import Store

READS = frozenset({"sources", "territories", "indicators", "dependencies", "measures"})


class Total(Entry):
    """One known figure.

    Attributes:
        source, vintage, extent: the data it holds for (any extent when not given).
        indicator | flow | measure | count: what is compared: an indicator; the quantity of a need
            that `code` gets from `partner`; a measure summed over `code`; or the number of
            territories of `level`.
    """

    source: str
    vintage: str
    extent: str | None = None
    indicator: str | None = None
    flow: str | None = None
    measure: str | None = None
    count: bool = False
    level: str
    code: str | None = None
    partner: str | None = None
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
    return "measures" if total.measure else "territories"


def _observed(con: duckdb.DuckDBPyConnection, total: Total) -> float | None:
    asked = total.model_dump(include={"level", "code"})
    if total.indicator:
        query = (
            "select value from indicators"
            " where level = $level and code = $code and indicator = $what"
        )
        asked["what"] = total.indicator
    elif total.flow:
        query = (
            "select quantity from dependencies where level = $level and code = $code"
            " and need = $what and direction = 'depends_on' and partner_code = $partner"
        )
        asked |= {"what": total.flow, "partner": total.partner}
    elif total.measure:
        query = "select exact_sum(value) from measures where measure = $what"
        asked = {"what": total.measure}
    else:
        query = "select count(*)::double from territories where level = $level"
        del asked["code"]
    rows = con.execute(query, asked).fetchall()
    return rows[0][0] if rows else None
