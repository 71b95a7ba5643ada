"""Allocate surpluses to the deficits within their reach, so that nothing is promised twice."""

import numpy as np
import ot
import polars as pl

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.store import Store

READS = frozenset({"complement_pairs"})


def write_complement_allocation(store: Store) -> int:
    """Make `complement_allocation`: for each need, between EPCI."""
    table = tables()["complement_allocation"]
    pairs = (
        pl.scan_parquet(store.path("complement_pairs"))
        .filter(giver_level="epci", receiver_level="epci")
        .sort("need", "giver_code", "receiver_code")
        .collect()
    )
    if pairs.is_empty():
        return store.write_empty(table)
    return engine.write_frame(
        table, store, pl.concat([allocated(rows) for rows in pairs.partition_by("need")])
    )


def allocated(pairs: pl.DataFrame) -> pl.DataFrame:
    """The allocation that covers most of the deficits, then with the fewest km (exact transport).

    Args:
        pairs: of one need: columns need, giver_code, receiver_code, surplus, deficit, distance_km.

    Returns:
        Columns need, giver_code, receiver_code, potential_allocated; pairs that get nothing are
        left out.
    """
    givers = pairs.group_by("giver_code").agg(pl.col("surplus").first()).sort("giver_code")
    takers = pairs.group_by("receiver_code").agg(pl.col("deficit").first()).sort("receiver_code")
    surplus, deficit = givers["surplus"].to_numpy(), takers["deficit"].to_numpy()
    giver = givers["giver_code"].search_sorted(pairs["giver_code"]).to_numpy()
    taker = takers["receiver_code"].search_sorted(pairs["receiver_code"]).to_numpy()
    # What is left over goes to, and what is not covered comes from, a place of last resort: farther
    # than any chain of swaps could save. What is out of reach is farther still.
    last_resort = 1 + pairs["distance_km"].to_numpy().max() * (len(surplus) + len(deficit))
    cost = np.full((len(surplus) + 1, len(deficit) + 1), 3 * last_resort)
    cost[giver, taker] = pairs["distance_km"].to_numpy()
    cost[-1, :], cost[:, -1], cost[-1, -1] = last_resort, last_resort, 0
    made, needed = np.append(surplus, deficit.sum()), np.append(deficit, surplus.sum())
    plan = ot.emd(made / made.sum(), needed / needed.sum(), cost, numItermax=5_000_000)
    found = (plan * made.sum())[giver, taker].round(6)
    return pairs.select(
        "need", "giver_code", "receiver_code", potential_allocated=pl.Series(found)
    ).filter(pl.col("potential_allocated") > 0)
