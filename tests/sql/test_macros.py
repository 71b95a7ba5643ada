"""The macros every query shares."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import paths

con = duckdb.connect()
con.execute((paths.SQL / "macros.sql").read_text("utf-8"))


def one(query, *parameters):
    return con.execute(query, parameters).fetchall()[0][0]


@pytest.mark.parametrize(
    "code", ["01001", "2A004", "2B033", "75056", "75101", "97101", "97608", "95018"]
)
def test_french_codes(code):
    assert one("select is_french_code(?)", code)


@pytest.mark.parametrize(
    "code", ["BE540", "SUC1L", "ZZZZZ", "97502", "97701", "98818", "99999", "96001", "1001", ""]
)
def test_codes_that_are_not_french(code):
    assert not one("select is_french_code(?)", code)


def test_great_circle_of_a_quarter_turn():
    assert one("select great_circle(0, 0, 90, 0, 6371.0088)") == pytest.approx(10_007.557, abs=0.01)


def test_byar_at_the_figures_of_the_method():
    """With w = 5 and no design effect (u = 4): about ±28 % at 200, ±14 % at 1,000 (METHODS 7)."""
    for count, around in ((200, 0.28), (1000, 0.125)):
        low, high = one("select byar_low(?, 4)", count), one("select byar_high(?, 4)", count)
        assert (high - low) / 2 / count == pytest.approx(around, rel=0.05)


@given(st.floats(0.01, 1e7), st.floats(0.5, 10))
def test_the_interval_holds_the_count(count, weight):
    assert 0 <= one("select byar_low(?, ?)", count, weight) <= count
    assert one("select byar_high(?, ?)", count, weight) >= count


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.randoms())
def test_sums_do_not_depend_on_the_order(numbers, random):
    shuffled = random.sample(numbers, len(numbers))
    query = "select exact_sum(x) from (select unnest(?) as x)"
    assert one(query, numbers) == one(query, shuffled)
