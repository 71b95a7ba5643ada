"""Compare what is published with what was computed apart."""

import pandas as pd

from .truth import PARTNER

QUANTITY = 1e-3  # people
SHARE = 1e-9


def assert_same_partners(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """The lists are the same: who, how much, which share, in which order."""
    columns = ["quantity", "rank", "share", "cumulative_share"]
    both = found[PARTNER + columns].merge(
        expected[PARTNER + columns], on=PARTNER, how="outer", suffixes=("", "_due"), indicator=True
    )
    lost = both[both["_merge"] != "both"]
    assert lost.empty, f"{len(lost)} partners on one side only:\n{lost.head(5).to_string()}"
    assert not both.empty, "nothing to compare"
    for column, tolerance in (
        ("quantity", QUANTITY),
        ("share", SHARE),
        ("cumulative_share", SHARE),
        ("rank", 0),
    ):
        gap = (both[column] - both[f"{column}_due"]).abs()
        wrong = both[~(gap <= tolerance)]
        assert wrong.empty, f"{len(wrong)} wrong {column}:\n{wrong.head(5).to_string()}"
