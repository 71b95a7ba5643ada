"""Compute the declared indicators for every territory, and spread them into profiles."""

import math
from collections.abc import Iterable

import polars as pl

from pipelines import engine
from pipelines.catalogue.formulas import Formula
from pipelines.catalogue.indicators import EVIDENCE, Indicator, indicator_records, indicators
from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import functions, needs, parameter_values
from pipelines.ledger.shared import TERRITORY, side_by_side
from pipelines.store import Store

KINDS = ["value", "low", "high", "variance", "evidence", "coverage", "support"]

_NOTHING = pl.DataFrame(
    schema={"level": pl.Categorical, "code": pl.String, "year": pl.Int64}
    | dict.fromkeys(KINDS, pl.Float64)
    | {"evidence": pl.Int64}
)


def write_indicators(store: Store) -> int:
    """Make `indicators`: one row per territory, indicator and year, where it is known."""
    computed = []
    sums = _sums(store)
    # A function at a time: all terms of the country together take gigabytes.
    for function in functions():
        ours = {id_: one for id_, one in indicators().items() if one.function == function}
        terms = _terms(store, ours.values())
        computed += [compute(terms, id_, one, sums) for id_, one in ours.items()]
    return engine.write_frame(tables()["indicators"], store, pl.concat(computed))


def write_indicator_inputs(store: Store) -> int:
    """Make `indicator_inputs`: the sums that each value was computed from.

    Where all those of a commune are rows of `measures`, they are not written again.
    """
    key = ["indicator", *TERRITORY, "year"]
    wanted = pl.scan_parquet(store.path("indicators")).select(key).collect()
    sums, frames = _sums(store), []
    for function in functions():
        ours = {id_: one for id_, one in indicators().items() if one.function == function}
        above = _terms(store, ours.values(), pl.col("level") != "commune")
        every = _terms(store, [one for one in ours.values() if one.needs])
        frames += [
            _inputs(every if one.needs else above, id_, one, sums) for id_, one in ours.items()
        ]
    inputs = pl.concat(frames).join(wanted, on=key, how="semi")
    return engine.write_frame(tables()["indicator_inputs"], store, inputs)


def _inputs(
    terms: dict[str, pl.DataFrame], id_: str, indicator: Indicator, sums: pl.DataFrame
) -> pl.DataFrame:
    """The terms of an indicator, a row each."""
    formula = Formula(indicator.formula)
    frame = _prepared(terms, id_, indicator, sums)
    year = pl.max_horizontal(f"year|{term}" for term in formula.terms)
    return pl.concat(
        frame.select(
            pl.col("level").cast(pl.String),
            "code",
            indicator=pl.lit(id_),
            year=year,
            term=pl.lit(term),
            value=pl.col(f"value|{term}"),
            low=pl.col(f"low|{term}"),
            high=pl.col(f"high|{term}"),
            term_year=pl.col(f"year|{term}"),
            evidence=_evidence(pl.col(f"evidence|{term}")).cast(pl.String),
            coverage=pl.col(f"coverage|{term}"),
        )
        for term in formula.terms
    )


def _sums(store: Store) -> pl.DataFrame:
    return pl.read_parquet(store.path("shared_sums")).with_columns(
        pl.col("level").cast(pl.Categorical)
    )


def _evidence(strength: pl.Expr) -> pl.Expr:
    return strength.cast(pl.Int64).replace_strict(
        dict(enumerate(EVIDENCE)), default=None, return_dtype=pl.Categorical
    )


def _terms(
    store: Store, asked: Iterable[Indicator], where: pl.Expr | None = None
) -> dict[str, pl.DataFrame]:
    """The terms that some indicators name, as `compute` takes them."""
    names = {term for one in asked for term in Formula(one.formula).terms}
    strength = {name: place for place, name in enumerate(EVIDENCE)}
    terms = (
        pl.scan_parquet(store.path("indicator_terms"))
        .filter(pl.col("term").is_in(sorted(names)), pl.col("value").is_not_null())
        .filter(pl.lit(True) if where is None else where)
        .select(
            "term",
            pl.col("level").cast(pl.Categorical),
            "code",
            "year",
            pl.col("sampling_variance").alias("variance"),
            pl.col("evidence").replace_strict(strength),
            "value",
            "low",
            "high",
            "coverage",
            "support",
        )
        .collect()
    )
    return {str(term): rows.drop("term") for (term,), rows in terms.group_by("term")}


def compute(
    terms: dict[str, pl.DataFrame], id_: str, indicator: Indicator, sums: pl.DataFrame
) -> pl.DataFrame:
    """One indicator for every territory, for each year that all its terms have.

    Terms that share no year give one value: the latest of each.

    Args:
        terms: by term, `level, code, year`, the `value`, its bounds `low, high`, its sampling
            `variance`, `evidence` (its place in EVIDENCE), `coverage` of the population and
            `support` (the share of the communes that it speaks of).
        id_, indicator: which one.
        sums: the table `shared_sums`.

    Returns:
        The columns of the table `indicators`; territories without a finite value are left out.
    """
    formula = Formula(indicator.formula)
    frame = _prepared(terms, id_, indicator, sums)
    bounds = formula.share() if indicator.interval == "share" else formula.interval()
    # The bounds of exact terms say nothing.
    measured = pl.any_horizontal(
        pl.col(f"{bound}|{term}").ne_missing(pl.col(f"value|{term}"))
        for term in formula.terms
        for bound in ("low", "high")
    )
    # A sum over a part of a territory is at least a part of the whole, and may be any part.
    in_part = pl.lit(not formula.is_ratio) & (
        pl.min_horizontal(f"support|{term}" for term in formula.terms) < 1
    )
    no_low = in_part & pl.lit(formula.subtracts)
    weakest = pl.max_horizontal(
        *(pl.col(f"evidence|{term}") for term in formula.terms),
        pl.lit(EVIDENCE.index(indicator.evidence)),
    )
    years = pl.concat_list(f"year|{term}" for term in formula.terms).list.unique().list.sort()
    return (
        frame.select(
            *TERRITORY,
            indicator=_said(id_),
            function=_said(indicator.function),
            value=_finite(bounds.value),
            low=pl.when((measured | in_part) & ~no_low).then(_finite(bounds.low)),
            high=pl.when(measured & ~in_part).then(_finite(bounds.high)),
            unit=_said(indicator.unit),
            year=years.list.last(),
            years=years.cast(pl.List(pl.String)).list.join("+").cast(pl.Categorical),
            evidence=_evidence(weakest),
            coverage=pl.min_horizontal(f"coverage|{term}" for term in formula.terms),
        )
        .filter(pl.col("value") >= (-math.inf if indicator.minimum is None else indicator.minimum))
        .with_columns(percentile=_percentile("value").over("level", "year"))
    )


def _prepared(
    terms: dict[str, pl.DataFrame], id_: str, indicator: Indicator, sums: pl.DataFrame
) -> pl.DataFrame:
    """The terms of an indicator side by side, of the same communes."""
    names = Formula(indicator.formula).terms
    frame = side_by_side({name: terms.get(name, _NOTHING) for name in names}, KINDS)
    return _over_shared_communes(frame, id_, indicator, sums)


def _over_shared_communes(
    frame: pl.DataFrame, id_: str, indicator: Indicator, sums: pl.DataFrame
) -> pl.DataFrame:
    """Terms that do not speak of all communes of a territory, over those that all speak of.

    Where there are none, or too few, the territory is left out.
    """
    names = [f"measure.{name}" for name in indicator.measures]
    terms = Formula(indicator.formula).terms
    if len(terms) < 2:
        return frame
    is_whole = pl.min_horizontal(f"support|{term}" for term in terms) == 1
    if indicator.needs:
        # Flows are not summed again: with measures, only whole territories have a value.
        return frame if not indicator.measures else frame.filter(is_whole)
    year = pl.max_horizontal(f"year|{term}" for term in terms)
    frame = frame.with_columns(year.alias("year"), is_whole.alias("is_whole"))
    replaced = ["value", "low", "high", "coverage"]
    for term in names:
        ours = sums.filter(formula=id_, measure=term.removeprefix("measure.")).select(
            *TERRITORY, "year", *(pl.col(kind).alias(f"{kind}|shared") for kind in replaced)
        )
        frame = (
            frame.join(ours, on=[*TERRITORY, "year"], how="left")
            .with_columns(
                pl.when("is_whole")
                .then(f"{kind}|{term}")
                .otherwise(f"{kind}|shared")
                .alias(f"{kind}|{term}")
                for kind in replaced
            )
            .drop(f"{kind}|shared" for kind in replaced)
        )
    enough = (
        pl.min_horizontal(f"coverage|{term}" for term in names)
        >= (parameter_values()["minimum_coverage"])
    )
    return frame.filter(pl.col("is_whole") | enough)


def write_profile(store: Store, level: str) -> int:
    """Make `profiles_<level>`: one row per territory, one column per indicator."""
    territories = pl.read_parquet(store.path("territories")).filter(level=level)
    known = pl.read_parquet(store.path("indicators")).filter(level=level)
    # One year a column: the one that most territories have, of those the latest.
    year = (
        known.group_by("indicator", "year")
        .len()
        .sort("len", "year")
        .group_by("indicator", maintain_order=True)
        .last()
    )
    wide = known.join(year, on=["indicator", "year"]).pivot(
        on="indicator", index="code", values="value", on_columns=list(indicators())
    )
    profile = territories.join(wide, on="code", how="left")
    table = tables()[f"profiles_{level}"]
    return engine.write_frame(table, store, profile)


def write_indicator_catalogue(store: Store) -> int:
    """Make `indicator_catalogue`: the declarations, with the sources and years of this run."""
    known = pl.read_parquet(store.path("indicators"), columns=["indicator", "year"]).unique()
    status = pl.read_parquet(store.path("sources"), columns=["source_id", "status"])
    read = set(status.filter(status="ok")["source_id"])
    used = {id_: sorted(read & _sources_of(one)) for id_, one in indicators().items()}
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


def _sources_of(indicator: Indicator) -> set[str]:
    """The sources that can bring the terms of an indicator."""
    found = set(indicator.leans_on)
    for term in Formula(indicator.formula).terms:
        table, _, name = term.partition(".")
        if table in needs():
            found.add(str(needs()[table].source))
        else:
            found |= {id_ for id_, one in sources().items() if name in one.measures + one.facts}
    return found


def _said(text: str) -> pl.Expr:
    # The same text in every row: kept once.
    return pl.lit(text, dtype=pl.Categorical)


def _finite(expression: pl.Expr) -> pl.Expr:
    return pl.when(expression.is_finite()).then(expression)


def _percentile(column: str) -> pl.Expr:
    # Null where a level has a single territory: it has no peers.
    place = (pl.col(column).rank("average") - 1) / (pl.len() - 1)
    return pl.when(pl.len() > 1).then((100 * place).clip(0, 100))
