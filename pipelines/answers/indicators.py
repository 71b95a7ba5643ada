"""Compute the declared indicators for every territory, and spread them into profiles."""

from collections.abc import Iterable

import polars as pl

from pipelines import engine
from pipelines.catalogue.formulas import Formula
from pipelines.catalogue.indicators import EVIDENCE, Indicator, indicator_records, indicators
from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import Table, tables
from pipelines.catalogue.words import needs
from pipelines.store import Store

TERRITORY = ["level", "code"]


def write_indicators(store: Store) -> int:
    """Make `indicators`: one row per territory, indicator and year, where it is known."""
    terms = _wide(pl.read_parquet(store.path("indicator_terms")))
    computed = [compute(terms, id_, one) for id_, one in indicators().items()]
    return _write(store, tables()["indicators"], pl.concat(computed))


def compute(terms: pl.DataFrame, id_: str, indicator: Indicator) -> pl.DataFrame:
    """One indicator for every territory.

    Args:
        terms: one row per territory; columns `value|term`, `low|term`, `high|term`,
            `variance|term`, `year|term`, `evidence|term` (its place in EVIDENCE),
            `coverage|term`.
        id_, indicator: which one.

    Returns:
        The columns of the table `indicators`; territories without a finite value are left out.
    """
    formula = Formula(indicator.formula)
    absent = [f"value|{term}" for term in formula.terms if f"value|{term}" not in terms.columns]
    frame = terms.with_columns(
        pl.lit(None, dtype=pl.Float64).alias(name.replace("value", kind, 1))
        for name in absent
        for kind in ("value", "low", "high", "variance", "year", "evidence", "coverage")
    )
    bounds = formula.share() if indicator.interval == "share" else formula.interval()
    measured = pl.any_horizontal(pl.col(f"low|{term}").is_not_null() for term in formula.terms)
    weakest = pl.max_horizontal(
        *(pl.col(f"evidence|{term}") for term in formula.terms),
        pl.lit(EVIDENCE.index(indicator.evidence)),
    )
    return (
        frame.select(
            *TERRITORY,
            indicator=pl.lit(id_),
            function=pl.lit(indicator.function),
            value=_finite(bounds.value),
            low=pl.when(measured).then(_finite(bounds.low)),
            high=pl.when(measured).then(_finite(bounds.high)),
            unit=pl.lit(indicator.unit),
            year=pl.max_horizontal(f"year|{term}" for term in formula.terms).cast(pl.Int64),
            evidence=weakest.cast(pl.Int64).replace_strict(dict(enumerate(EVIDENCE)), default=None),
            coverage=pl.min_horizontal(f"coverage|{term}" for term in formula.terms),
        )
        .drop_nulls("value")
        .with_columns(percentile=_percentile("value").over("level"))
    )


def write_profile(store: Store, level: str) -> int:
    """Make `profiles_<level>`: one row per territory, one column per indicator."""
    territories = pl.read_parquet(store.path("territories")).filter(level=level)
    wide = (
        pl.read_parquet(store.path("indicators"))
        .filter(level=level)
        .pivot(on="indicator", index="code", values="value", on_columns=list(indicators()))
    )
    profile = territories.join(wide, on="code", how="left")
    table = tables()[f"profiles_{level}"]
    return _write(store, table, profile.select(table.column_names))


def write_indicator_catalogue(store: Store) -> int:
    """Make `indicator_catalogue`: the declarations, with the sources and years of this run."""
    known = pl.read_parquet(store.path("indicators"), columns=["indicator", "year"]).unique()
    measured = pl.read_parquet(store.path("measures"), columns=["measure", "source_id"]).unique()
    from_measures: dict[str, list[str]] = {}
    for measure, source in measured.sort("measure", "source_id").iter_rows():
        from_measures.setdefault(measure, []).append(source)
    used = {
        id_: sorted(set(_sources_of(Formula(one.formula).terms, from_measures)))
        for id_, one in indicators().items()
    }
    years = {id_: sorted(known.filter(indicator=id_)["year"].to_list()) for id_ in indicators()}
    missing = {
        id_: sorted(
            {str(v.year) for source in used[id_] for v in sources()[source].vintages.values()}
            - set(map(str, years[id_]))
        )
        for id_ in indicators()
    }
    table = tables()["indicator_catalogue"]
    return engine.write_records(table, store, indicator_records(used, years, missing))


def _sources_of(terms: Iterable[str], from_measures: dict[str, list[str]]) -> Iterable[str]:
    for term in terms:
        table, _, name = term.partition(".")
        if table == "measure":
            yield from from_measures.get(name, [])
        else:
            yield needs()[table].source


def _wide(terms: pl.DataFrame) -> pl.DataFrame:
    strength = {name: place for place, name in enumerate(EVIDENCE)}
    return (
        terms.with_columns(evidence=pl.col("evidence").replace_strict(strength))
        .rename({"sampling_variance": "variance"})
        .pivot(
            on="term",
            index=TERRITORY,
            values=["value", "low", "high", "variance", "year", "evidence", "coverage"],
            separator="|",
        )
        .sort(TERRITORY)
    )


def _finite(expression: pl.Expr) -> pl.Expr:
    return pl.when(expression.is_finite()).then(expression)


def _percentile(column: str) -> pl.Expr:
    # Null where a level has a single territory: it has no peers.
    place = (pl.col(column).rank("average") - 1) / (pl.len() - 1)
    return pl.when(pl.len() > 1).then((100 * place).clip(0, 100))


def _write(store: Store, table: Table, frame: pl.DataFrame) -> int:
    with engine.connection(store) as con:
        con.register("frame", frame.select(table.column_names))
        return store.write(con, table, "select * from frame")
