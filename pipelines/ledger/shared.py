"""Which measures are to be summed over the same communes, for whom and of which years.

A ratio of two sums means nothing if they are of different communes: farmland of four départements
over the people of thirteen. Where measures do not speak of all communes of a territory, those of
one formula (or both sides of a balance) are summed over the communes that all of them speak of.
"""

import polars as pl

from pipelines import engine
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import needs, parameter_values
from pipelines.store import Store

TERRITORY = ["level", "code"]
READS = frozenset({"territory_measures"})


def write_asked_sums(store: Store) -> int:
    """Make `asked_sums`: the measures of each formula that some territory knows only in part."""
    together = formulas()
    names = sorted({name for measures in together.values() for name in measures})
    rows = (
        pl.scan_parquet(store.path("territory_measures"))
        .filter(
            pl.col("measure").is_in(names),
            pl.col("value").is_not_null(),
            pl.col("coverage") >= parameter_values()["minimum_coverage"],
        )
        .select(*TERRITORY, "measure", "year", "support")
        .collect()
    )
    # Territories that all measures speak of whole need nothing more.
    partly = rows.filter(pl.col("support") < 1).select(TERRITORY).unique()
    rows = rows.join(partly, on=TERRITORY, how="semi")
    by_measure = {str(name): group for (name,), group in rows.group_by("measure")}
    asked = [
        _asked(formula, {name: by_measure.get(name, rows.clear()) for name in measures})
        for formula, measures in together.items()
    ]
    return engine.write_frame(tables()["asked_sums"], store, pl.concat(asked))


def formulas() -> dict[str, list[str]]:
    """The measures that belong together: those of an indicator, or of a balanced need."""
    of_indicators = {id_: one.measures for id_, one in indicators().items() if not one.needs}
    of_needs = {
        id_: [need.demand, need.local_supply]
        for id_, need in needs().items()
        if need.demand and need.local_supply
    }
    return {id_: names for id_, names in (of_indicators | of_needs).items() if len(names) > 1}


def side_by_side(
    terms: dict[str, pl.DataFrame], kinds: list[str], *, latest: bool = False
) -> pl.DataFrame:
    """Terms as columns: for each year that all have, else (or if asked) the latest of each.

    Args:
        terms: by name, `level, code, year` and the columns `kinds`.

    Returns:
        `level, code`, and for each term `year|term` and `kind|term`; `level, code` alone are in
        order.
    """
    shared = not latest and set.intersection(*(set(frame["year"]) for frame in terms.values()))
    keys = [*TERRITORY, "year"] if shared else TERRITORY
    joined = None
    for name, frame in terms.items():
        if not shared:
            frame = frame.sort("year").group_by(TERRITORY, maintain_order=True).last()
        renamed = frame.select(
            *keys,
            pl.col("year").alias(f"year|{name}"),
            *(pl.col(kind).alias(f"{kind}|{name}") for kind in kinds),
        )
        joined = renamed if joined is None else joined.join(renamed, on=keys)
    assert joined is not None, "a formula has a term at least"
    return joined.sort(keys)


def _asked(formula: str, terms: dict[str, pl.DataFrame]) -> pl.DataFrame:
    frame = side_by_side(terms, ["support"], latest=formula in needs())
    partly = frame.filter(pl.min_horizontal(f"support|{name}" for name in terms) < 1)
    year = pl.max_horizontal(f"year|{name}" for name in terms)
    return pl.concat(
        partly.select(
            *TERRITORY,
            formula=pl.lit(formula),
            year=year,
            measure=pl.lit(name),
            measure_year=pl.col(f"year|{name}"),
        )
        for name in terms
    )
