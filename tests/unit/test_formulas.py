"""Formulas of indicators: reading, values and intervals."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalogue.formulas import Formula


def terms(**values):
    """One territory: name=(value, low, high, variance)."""
    kinds = ("value", "low", "high", "variance")
    return pl.DataFrame(
        {
            f"{kind}|{name.replace('__', '.')}": [given[i]]
            for name, given in values.items()
            for i, kind in enumerate(kinds)
        },
        schema_overrides={},
    ).with_columns(pl.all().cast(pl.Float64))


def evaluate(interval, frame):
    return frame.select(value=interval.value, low=interval.low, high=interval.high).row(0)


def test_terms_from_left_to_right():
    assert Formula("100 * jobs.internal / jobs.demand").terms == ["jobs.internal", "jobs.demand"]


@pytest.mark.parametrize(
    "text", ["jobs", "sum(jobs.demand)", "jobs.demand +", "jobs.demand ** 2", "'a' || jobs.demand"]
)
def test_what_is_not_a_formula(text):
    with pytest.raises(ValueError, match=r"formula|term"):
        Formula(text)


def test_bounds_combine_by_extremes():
    frame = terms(a__x=(10, 8, 12, 4), a__y=(5, 4, 6, 1))
    assert evaluate(Formula("a.x / a.y").interval(), frame) == (2, 8 / 6, 12 / 4)
    assert evaluate(Formula("a.x - a.y").interval(), frame) == (5, 2, 8)
    assert evaluate(Formula("2 * (a.x + a.y)").interval(), frame) == (30, 24, 36)


def test_where_a_term_has_no_upper_bound_neither_has_the_result():
    frame = terms(a__x=(10, 10, None, None), a__y=(5, 4, 6, 1))
    assert evaluate(Formula("a.x / a.y").interval(), frame) == (2, 10 / 6, None)
    assert evaluate(Formula("a.y / a.x").interval(), frame) == (0.5, None, 6 / 10)


def test_the_least_of_two():
    frame = terms(a__x=(10, 8, 12, 4), a__y=(5, 4, 20, 1))
    assert evaluate(Formula("least(a.x, a.y)").interval(), frame) == (5, 4, 12)
    assert evaluate(Formula("1 - least(1, a.x / a.y)").interval(), frame) == (0, 0, 0.6)


def test_a_parameter_is_its_number():
    formula = Formula("(1 - parameter.grass_share) * a.x")
    assert formula.terms == ["a.x"]
    assert evaluate(formula.interval(), terms(a__x=(10, 5, 20, 1))) == (6, 3, 12)
    with pytest.raises(ValueError, match="no parameter"):
        Formula("parameter.nothing * a.x")


def test_wilson_share_of_a_known_case():
    """50 of 100 respondents: 40.4 to 59.6 % (Wilson 1927)."""
    frame = terms(n__part=(50, 0, 0, 50), n__whole=(100, 0, 0, 100))
    value, low, high = evaluate(Formula("100 * n.part / n.whole").share(), frame)
    assert (value, round(low, 1), round(high, 1)) == (50, 40.4, 59.6)


def test_a_share_needs_a_part_and_a_whole():
    with pytest.raises(ValueError, match="part / whole"):
        Formula("100 * a.x").share()


@given(st.floats(0, 1), st.floats(1, 1e7), st.floats(0.1, 10))
def test_a_share_stays_within_its_bounds(share, whole, weight):
    frame = terms(n__part=(share * whole, 0, 0, 0), n__whole=(whole, 0, 0, whole * weight))
    value, low, high = evaluate(Formula("100 * n.part / n.whole").share(), frame)
    assert 0 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 100
