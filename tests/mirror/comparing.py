"""Compare what is published with what was computed apart."""

import math

import pandas as pd

from .truth import PARTNER

QUANTITY = 1e-3  # people
SHARE = 1e-9
MEASURES = {"quantity": QUANTITY, "share": SHARE, "cumulative_share": SHARE}


def assert_same_partners(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """The lists are the same: who, how much, which share, in which order.

    The order of equal quantities is left to a test of its own.
    """
    if expected.empty:
        assert found.empty, found.head().to_string()
        return
    for key, measures in (
        (PARTNER, ["quantity", "share"]),
        (["code", "rank"], ["quantity", "share", "cumulative_share"]),
    ):
        both = expected[key + measures].merge(
            found[key + measures], on=key, how="outer", suffixes=("_due", ""), indicator=True
        )
        lost = both[both["_merge"] != "both"]
        assert lost.empty, f"{len(lost)} on one side only:\n{lost.head().to_string()}"
        for measure in measures:
            gap = (both[measure] - both[f"{measure}_due"]).abs()
            wrong = both[~(gap <= MEASURES[measure])]
            assert wrong.empty, f"{len(wrong)} wrong {measure}:\n{wrong.head().to_string()}"


def assert_same_values(
    found: dict[str, float], expected: dict[str, float | None], precision: float = 1e-9
) -> None:
    """The values are the same, for the same territories; None is no value."""
    due = {code: value for code, value in expected.items() if not pd.isna(value)}
    assert set(found) - set(due) == set(), "published, though it has no value"
    assert set(due) - set(found) == set(), "not published, though it has a value"
    wrong = {
        code: (found[code], value)
        for code, value in due.items()
        if not math.isclose(found[code], value, rel_tol=precision, abs_tol=1e-6)
    }
    assert not wrong, dict(list(wrong.items())[:5])
