"""Indicators of a few territories: years, bounds, evidence, what has no value."""

import polars as pl
import pytest

from pipelines.answers.indicators import compute
from pipelines.catalogue.indicators import EVIDENCE, Indicator

WORDING = {"label": "l", "description": "d"}


def indicator(formula, **known):
    return Indicator.model_validate(
        {"function": "food", "fr": WORDING, "en": WORDING, "formula": formula, "unit": "percent"}
        | known
    )


def term(*rows):
    """Rows: code, year, value, and what differs from an exact and observed one."""
    return pl.DataFrame(
        [
            {
                "level": "epci",
                "code": code,
                "year": year,
                "value": value,
                "low": known.get("low", value),
                "high": known.get("high", value),
                "variance": known.get("variance"),
                "evidence": EVIDENCE.index(known.get("evidence", "observed")),
                "coverage": known.get("coverage", 1.0),
                "support": known.get("support", 1.0),
            }
            for code, year, value, known in (
                (*row, {}) if len(row) == 3 else row for row in rows
            )
        ],
        schema={
            "level": pl.Categorical, "code": pl.String, "year": pl.Int64,
            **dict.fromkeys(["value", "low", "high", "variance"], pl.Float64),
            "evidence": pl.Int64, "coverage": pl.Float64, "support": pl.Float64,
        },
    )  # fmt: skip


def sums(*rows):
    """Rows of `shared_sums`: code, year, measure, value, low, high, coverage."""
    names = ["code", "year", "measure", "value", "low", "high", "coverage"]
    return pl.DataFrame(
        [{"formula": "some", "level": "epci"} | dict(zip(names, row, strict=True)) for row in rows],
        schema={
            "formula": pl.String, "level": pl.Categorical, "code": pl.String, "year": pl.Int64,
            "measure": pl.String,
            **dict.fromkeys(["value", "low", "high", "coverage"], pl.Float64),
        },
    )  # fmt: skip


RATIO = "100 * measure.farmland / measure.population"


def ratio(farmland, population, formula=RATIO, shared=(), **known):
    terms = {"measure.farmland": farmland, "measure.population": population}
    return compute(terms, "some", indicator(formula, **known), sums(*shared)).to_dicts()


def test_a_value_for_each_year_that_all_terms_have():
    found = ratio(
        term(("E", 2020, 10), ("E", 2021, 12), ("E", 2022, 30), ("F", 2021, 1)),
        term(("E", 2021, 40), ("E", 2022, 50), ("E", 2023, 60), ("F", 2023, 1)),
    )
    assert [(row["code"], row["year"], row["years"], row["value"]) for row in found] == [
        ("E", 2021, "2021", 30), ("E", 2022, "2022", 60),
    ]  # fmt: skip
    assert {row["indicator"] for row in found} == {"some"}


def test_terms_that_share_no_year_give_the_latest_of_each():
    found = ratio(
        term(("E", 2020, 30), ("E", 2010, 10), ("F", 2010, 5)),
        term(("E", 2022, 50), ("E", 2023, 60), ("F", 2022, 10), ("G", 2023, 1)),
    )
    assert [(row["code"], row["year"], row["years"], row["value"]) for row in found] == [
        ("E", 2023, "2020+2023", 50), ("F", 2022, "2010+2022", 50),
    ]  # fmt: skip


def test_no_row_for_a_term_that_nobody_has():
    assert compute({}, "some", indicator(RATIO), sums()).is_empty()
    terms = {"measure.farmland": term(("E", 2020, 1))}
    assert compute(terms, "some", indicator(RATIO), sums()).is_empty()


def test_the_bounds_of_exact_terms_are_not_said():
    exact = ratio(term(("E", 2020, 10)), term(("E", 2020, 40)))
    assert [(row["low"], row["high"]) for row in exact] == [(None, None)]
    known = ratio(term(("E", 2020, 10, {"low": 8, "high": 12})), term(("E", 2020, 40)))
    assert [(row["low"], row["high"]) for row in known] == [(20, 30)]


@pytest.mark.parametrize(
    ("farmland", "population", "bounds"),
    [
        ({"high": None}, {}, (25, None)),
        ({"high": None, "low": 8}, {}, (20, None)),
        ({}, {"high": None}, (None, 25)),
    ],
)
def test_a_bound_that_is_missing_leaves_one_empty(farmland, population, bounds):
    (row,) = ratio(term(("E", 2020, 10, farmland)), term(("E", 2020, 40, population)))
    assert row["value"] == 25
    assert (row["low"], row["high"]) == bounds


def test_what_is_not_finite_has_no_value():
    assert ratio(term(("E", 2020, 10)), term(("E", 2020, 0))) == []
    assert ratio(term(("E", 2020, 0)), term(("E", 2020, 0))) == []
    # A bound over zero is none, and the value stands.
    (row,) = ratio(term(("E", 2020, 10)), term(("E", 2020, 40, {"low": 0, "high": 50})))
    assert (row["value"], row["low"], row["high"]) == (25, 20, None)


@pytest.mark.parametrize(("minimum", "values"), [(None, [-25]), (0, []), (-25, [-25])])
def test_below_its_minimum_an_indicator_has_no_meaning(minimum, values):
    found = ratio(
        term(("E", 2020, 10)),
        term(("E", 2020, 40)),
        "0 - 100 * measure.farmland / measure.population",
        minimum=minimum,
    )
    assert [row["value"] for row in found] == values


@pytest.mark.parametrize(
    ("farmland", "population", "claimed", "weakest"),
    [
        ("observed", "observed", "observed", "observed"),
        ("modelled", "observed", "observed", "modelled"),
        ("observed", "assumed", "modelled", "assumed"),
        ("observed", "observed", "modelled", "modelled"),
    ],
)
def test_the_weakest_evidence_and_the_least_coverage(farmland, population, claimed, weakest):
    (row,) = ratio(
        term(("E", 2020, 10, {"evidence": farmland, "coverage": 0.6})),
        term(("E", 2020, 40, {"evidence": population, "coverage": 0.9})),
        evidence=claimed,
    )
    assert (row["evidence"], row["coverage"]) == (weakest, 0.6)


def test_a_place_among_those_of_the_same_level_and_year():
    codes = "ABCDE"
    values = dict(zip(codes, [5, 1, 3, 3, 9], strict=True))
    found = ratio(
        term(*((code, 2020, value) for code, value in values.items()), ("A", 2021, 7)),
        term(*((code, 2020, 100) for code in codes), ("A", 2021, 100)),
    )
    places = {(row["code"], row["year"]): row["percentile"] for row in found}
    assert places == {
        ("A", 2020): 75, ("B", 2020): 0, ("C", 2020): 37.5, ("D", 2020): 37.5, ("E", 2020): 100,
        # Alone, it has no peers.
        ("A", 2021): None,
    }  # fmt: skip


def test_a_part_of_a_sampled_whole_has_its_interval():
    (row,) = ratio(
        term(("E", 2020, 50, {"variance": 50})),
        term(("E", 2020, 100, {"low": 90, "high": 110, "variance": 100})),
        interval="share",
    )
    assert (row["value"], round(row["low"], 1), round(row["high"], 1)) == (50, 40.4, 59.6)


PART = {"support": 0.5, "coverage": 0.6}


def test_a_ratio_is_of_the_communes_that_all_terms_speak_of():
    (found,) = ratio(
        term(("E", 2020, 10, PART)),
        term(("E", 2023, 100)),
        shared=[
            ("E", 2023, "farmland", 10, 10, 10, 0.6),
            ("E", 2023, "population", 40, 40, 40, 0.6),
        ],
    )
    assert (found["value"], found["coverage"], found["years"]) == (25, 0.6, "2020+2023")


@pytest.mark.parametrize("coverage", [None, 0.4])
def test_without_enough_of_them_there_is_no_ratio(coverage):
    shared = [
        ("E", 2023, name, 1, 1, 1, coverage) for name in ("farmland", "population") if coverage
    ]
    assert ratio(term(("E", 2020, 10, PART)), term(("E", 2023, 100)), shared=shared) == []


def test_a_sum_over_a_part_is_at_least_that():
    (found,) = ratio(term(("E", 2020, 10, PART)), term(), formula="measure.farmland")
    assert (found["value"], found["low"], found["high"]) == (10, 10, None)


def test_flows_and_measures_go_together_for_whole_territories_only():
    formula = "100 * residents.external / measure.population"
    whole, part = term(("E", 2022, 10)), term(("E", 2022, 10, PART))
    for moves, count in ((whole, 1), (part, 0)):
        terms = {"residents.external": moves, "measure.population": term(("E", 2022, 100))}
        assert compute(terms, "some", indicator(formula), sums()).height == count


def test_a_difference_over_a_part_has_no_bounds():
    terms = {
        "residents.external": term(("E", 2022, 10, {"low": 8, "high": 12, **PART})),
        "housing.external": term(("E", 2022, 4, {"low": 3, "high": 5, **PART})),
    }
    formula = indicator("residents.external - housing.external")
    (found,) = compute(terms, "some", formula, sums()).to_dicts()
    assert (found["value"], found["low"], found["high"]) == (6, None, None)
