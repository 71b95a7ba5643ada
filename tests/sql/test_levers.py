"""Which levers the figures of a territory call for."""

import pytest

from pipelines.catalogue.levers import condition_records, lever_records
from tests.sql.rows import by


def lever(name, *alternatives, function="work"):
    """A lever, and its alternatives: conditions `(figure, comparison, threshold)`."""
    conditions = [
        {"lever": name, "alternative": place, "condition": number, "comparison": comparison,
         "term": figure.removeprefix("signal."), "is_signal": figure.startswith("signal."),
         "threshold": threshold, "unit": "percent"}
        for place, every in enumerate(alternatives, 1)
        for number, (figure, comparison, threshold) in enumerate(every, 1)
    ]  # fmt: skip
    words = dict.fromkeys(["label_fr", "label_en", "description_fr", "description_en"], "l")
    return {"lever": name, "function": function, "type": "planning"} | words, conditions


def figure(indicator, value, code="E", **known):
    row = {"level": "epci", "code": code, "indicator": indicator, "function": "work"}
    row |= {"value": value, "unit": "percent", "year": 2022, "years": "2022"}
    return row | {"evidence": "observed", "coverage": 1.0, "percentile": 50.0} | known


def signal(name, value, code="E", **known):
    row = {"level": "epci", "code": code, "signal": name, "value": value, "year": 2023}
    return row | {"evidence": "modelled"} | known


def called(tiny, known, figures, signals=()):
    """The rows of `triggered_levers`, by level, code, lever and figure."""
    tiny.put("levers", [about for about, _ in known])
    tiny.put("lever_conditions", [one for _, conditions in known for one in conditions])
    tiny.put("indicators", figures).put("signals", signals)
    return by(tiny.make("triggered_levers"), "level", "code", "lever", "indicator")


def test_all_conditions_of_one_alternative_must_hold(tiny):
    known = [
        lever("both", [("a", "above", 10), ("b", "below", 20)]),
        lever("either", [("a", "above", 10)], [("b", "below", 20)]),
    ]
    figures = [
        figure("a", 11, "BOTH"), figure("b", 19, "BOTH"),
        figure("a", 11, "A"), figure("b", 21, "A"),
        figure("a", 9, "B"), figure("b", 19, "B"),
        figure("a", 9, "NONE"), figure("b", 21, "NONE"),
    ]  # fmt: skip
    assert set(called(tiny, known, figures)) == {
        ("epci", "BOTH", "both", "a"), ("epci", "BOTH", "both", "b"),
        ("epci", "BOTH", "either", "a"), ("epci", "BOTH", "either", "b"),
        ("epci", "A", "either", "a"), ("epci", "B", "either", "b"),
    }  # fmt: skip


def test_conditions_of_two_alternatives_do_not_add_up(tiny):
    known = [
        lever(
            "l",
            [("a", "above", 0), ("b", "above", 0)],
            [("c", "above", 0), ("d", "above", 0)],
        )
    ]
    assert not called(tiny, known, [figure("a", 1), figure("c", 1), figure("b", -1)])


def test_a_condition_of_two_alternatives_is_said_once(tiny):
    known = [
        lever(
            "l",
            [("signal.population", "below", 9), ("a", "above", 0)],
            [("signal.population", "below", 9), ("b", "above", 0)],
            [("signal.population", "below", 9), ("c", "above", 0)],
        )
    ]
    found = called(tiny, known, [figure("a", 1), figure("b", 1)], [signal("population", 5)])
    assert {key[3] for key in found} == {"signal.population", "a", "b"}


@pytest.mark.parametrize(
    ("comparison", "value", "calls"),
    [
        ("above", 20.001, True), ("above", 20, False), ("above", 19, False),
        ("below", 19.999, True), ("below", 20, False), ("below", 21, False),
    ],
)  # fmt: skip
def test_a_limit_is_not_beyond_itself(tiny, comparison, value, calls):
    assert bool(called(tiny, [lever("l", [("a", comparison, 20)])], [figure("a", value)])) == calls


@pytest.mark.parametrize(
    ("comparison", "percentile", "calls"),
    [
        ("top_quartile", 75, True), ("top_quartile", 74.9, False), ("top_quartile", 0, False),
        ("bottom_quartile", 25, True), ("bottom_quartile", 25.1, False),
        # A level of one territory has no quarters.
        ("top_quartile", None, False), ("bottom_quartile", None, False),
    ],
)  # fmt: skip
def test_a_quartile_is_of_the_level(tiny, comparison, percentile, calls):
    known = [lever("l", [("a", comparison, None)])]
    found = called(tiny, known, [figure("a", 7, percentile=percentile)])
    assert bool(found) == calls
    for row in found.values():
        assert (row["value"], row["percentile"]) == (7, percentile)
        assert (row["comparison"], row["threshold"]) == (
            comparison, {"top_quartile": 75, "bottom_quartile": 25}[comparison],
        )  # fmt: skip


def test_the_latest_year_of_each_territory_alone_counts(tiny):
    found = called(
        tiny,
        [lever("l", [("a", "above", 10)])],
        [
            figure("a", 99, "E", year=2011), figure("a", 5, "E", year=2022),
            figure("a", 5, "F", year=2011), figure("a", 99, "F", year=2016),
        ],
    )  # fmt: skip
    ((key, row),) = found.items()
    assert (key[1], row["value"], row["year"]) == ("F", 99, 2016)


def test_what_is_not_known_never_calls_for_a_lever(tiny):
    known = [
        lever("l", [("a", "below", 10), ("b", "below", 10)]),
        lever("m", [("signal.s", "below", 1)]),
        lever("n"),
    ]
    assert called(tiny, known, [figure("a", 1), figure("b", 1, "F")]) == {}


def test_a_signal_is_no_indicator(tiny):
    known = [lever("l", [("a", "above", 0)]), lever("m", [("signal.b", "above", 0)])]
    assert not called(tiny, known, [figure("b", 1)], [signal("a", 1)])


def test_a_figure_comes_with_its_year_its_unit_and_its_evidence(tiny):
    found = called(
        tiny,
        [lever("l", [("a", "above", 1), ("signal.s", "above", 2)], function="all")],
        [figure("a", 3, evidence="assumed", year=2020)],
        [signal("s", 4)],
    )
    assert list(found.values()) == [
        {"level": "epci", "code": "E", "lever": "l", "function": "all", "indicator": "a",
         "value": 3, "percentile": 50, "comparison": "above", "threshold": 1, "unit": "percent",
         "year": 2020, "evidence": "assumed"},
        {"level": "epci", "code": "E", "lever": "l", "function": "all", "indicator": "signal.s",
         "value": 4, "percentile": None, "comparison": "above", "threshold": 2,
         "unit": "percent", "year": 2023, "evidence": "modelled"},
    ]  # fmt: skip


def test_levels_do_not_mix_and_the_country_has_none(tiny):
    found = called(
        tiny,
        [lever("l", [("a", "above", 1), ("signal.s", "above", 0)])],
        [figure("a", 3), figure("a", 3, "1", level="region"),
         figure("a", 3, "FR", level="country"), figure("a", 3, level="scot")],
        [signal("s", 4), signal("s", 4, "FR", level="country"),
         signal("s", 4, "1", level="departement"), signal("s", 0, level="scot")],
    )  # fmt: skip
    assert {key[:2] for key in found} == {("epci", "E")}


def test_the_levers_of_the_catalogue(tiny):
    """A commuter town that its neighbours could feed."""
    tiny.put("levers", lever_records()).put("lever_conditions", condition_records())
    tiny.put(
        "indicators",
        [
            figure("food_self_sufficiency", 30), figure("pat_coverage", 0),
            figure("jobs_external_dependence", 65), figure("car_share_workers", 80),
            figure("mean_commute_km", 25), figure("long_vacancy_rate", 4),
            figure("electricity_consumption_per_head", 9, percentile=80.0),
            figure("renewable_electricity_self_sufficiency", 20),
        ],
    )  # fmt: skip
    tiny.put(
        "signals",
        [
            signal("population", 20000), signal("nearby_surplus_cereals", 3),
            signal("nearby_matches_food", 3), signal("largest_share_work", 10),
        ],
    )  # fmt: skip
    found = by(tiny.make("triggered_levers"), "level", "code", "lever", "indicator")
    assert {key[2] for key in found} == {
        "shared_food_project", "energy_sobriety", "renewable_energy_scheme",
        "alternatives_to_the_car", "soft_modes_and_carpooling", "structured_supply_chains",
        "short_supply_chains",
    }  # fmt: skip
