"""The network that chance would make: as much given and taken by each, whoever the partner is."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.store import Store

Vector = NDArray[np.float64]

READS = frozenset({"exchanges"})

_ITERATIONS = 20_000
# Largest error of what a territory gives or takes, as a share of the whole network.
_FITTED = 1e-9


def write_reciprocity_factors(store: Store) -> int:
    """Make `reciprocity_factors`, for each level and need; those without solution are left out."""
    table = tables()["reciprocity_factors"]
    margins = _margins(store)
    frames = []
    for (level, need), rows in margins.group_by("level", "need", maintain_order=True):
        found = factors(rows["given"].to_numpy(), rows["taken"].to_numpy())
        if found is not None:
            frames.append(
                rows.select("code").with_columns(
                    level=pl.lit(level),
                    need=pl.lit(need),
                    out_factor=pl.Series(found[0]),
                    in_factor=pl.Series(found[1]),
                )
            )
    if not frames:
        return store.write_empty(table)
    return engine.write_frame(table, store, pl.concat(frames))


def factors(given: Vector, taken: Vector) -> tuple[Vector, Vector] | None:
    """Factors a, b such that flows a_i b_j (i ≠ j, none on the diagonal) keep what each gives.

    The null model of Squartini et al. (2013), Sci. Rep. 3:2729, in its mean-field form. Its plain
    form, given_i taken_j / total, puts a part of the flows on the diagonal, where none is counted.

    Args:
        given, taken: what each territory gives to and takes from the others: equal totals.

    Returns:
        The two factors, or None if no such network is found within the iterations.
    """
    total = given.sum()
    # Nobody exchanges with itself: what one gives, others take.
    if total <= 0 or (given + taken > total * (1 + _FITTED)).any():
        return None
    a, b = given / total, taken / 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_ITERATIONS):
            a = np.where(given > 0, given / (b.sum() - b), 0)
            b = np.where(taken > 0, taken / (a.sum() - a), 0)
            if not (np.isfinite(a).all() and np.isfinite(b).all()):
                return None
            flows = a.sum() * b.sum() - (a * b).sum()
            if np.abs(a * (b.sum() - b) - given).max() <= _FITTED * total >= abs(flows - total):
                return a, b
    return None


def _margins(store: Store) -> pl.DataFrame:
    """What each territory gives to and takes from those of its level: columns level, need, code."""
    pairs = (
        pl.scan_parquet(store.path("exchanges"))
        .filter(pl.col("level") == pl.col("level_b"), "is_known")
        .select(
            "level",
            "need",
            "code_a",
            "code_b",
            pl.col("a_to_b").fill_null(0),
            pl.col("b_to_a").fill_null(0),
        )
    )
    ends = pl.concat(
        [
            pairs.select("level", "need", code="code_a", given="a_to_b", taken="b_to_a"),
            pairs.select("level", "need", code="code_b", given="b_to_a", taken="a_to_b"),
        ]
    )
    return (
        ends.group_by("level", "need", "code")
        # Quantities have six decimals: so have their sums, whatever the order they are added in.
        .agg(pl.col("given", "taken").sum().round(6))
        .sort("level", "need", "code")
        .collect()
    )
