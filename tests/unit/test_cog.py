"""Passage of commune codes between years: the log of events, replayed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.observations import cog


def history(*events):
    return cog.History(cog.Movement(date.fromisoformat(day), a, b) for day, a, b in events)


MERGE = [("2019-01-01", "A", "C"), ("2019-01-01", "B", "C"), ("2019-01-01", "C", "C")]


def passage(log, reference, source_year, *, reference_year=2026, districts=None, people=None):
    return cog.passage(log, reference, reference_year, source_year, districts or {}, people or {})


def test_a_merged_commune_becomes_its_successor():
    found = passage(history(*MERGE), {"C", "D"}, 2018)
    assert {code: found[code][0].code for code in "ABCD"} == {
        "A": "C",
        "B": "C",
        "C": "C",
        "D": "D",
    }
    assert found["A"][0].passage == "mapped"
    assert found["D"][0].passage == "same"


def test_an_event_of_the_first_january_belongs_to_that_year():
    log = history(*MERGE)
    assert log.successors("A", date(2018, 1, 1), date(2026, 1, 1)) == {"C"}
    assert log.successors("A", date(2019, 1, 1), date(2026, 1, 1)) == {"A"}
    assert log.successors("A", date(2018, 1, 1), date(2018, 12, 31)) == {"A"}


def test_a_code_that_leaves_and_comes_back():
    log = history(("2021-01-01", "27676", "27058"), ("2023-01-01", "27058", "27676"))
    assert log.successors("27676", date(2020, 1, 1), date(2026, 1, 1)) == {"27676"}
    assert log.successors("27676", date(2020, 1, 1), date(2022, 1, 1)) == {"27058"}
    assert passage(log, {"27676"}, 2022)["27058"][0].code == "27676"


def test_a_split_is_shared_by_population():
    log = history(("2024-01-01", "S", "S"), ("2024-01-01", "S", "T"))
    parts = passage(log, {"S", "T"}, 2022, people={"S": 300, "T": 100})["S"]
    assert [(p.code, p.weight, p.basis, p.passage) for p in parts] == [
        ("S", 0.75, "population", "split"),
        ("T", 0.25, "population", "split"),
    ]


def test_a_split_without_population_is_shared_equally():
    log = history(("2024-01-01", "S", "S"), ("2024-01-01", "S", "T"))
    assert {p.weight for p in passage(log, {"S", "T"}, 2022)["S"]} == {0.5}


def test_a_code_of_another_moment_is_placed_from_there():
    """A file dated 2024 may hold the code from before or after a change of mid-2024."""
    log = history(("2024-03-04", "12076", "12218"))
    of_2024 = passage(log, {"12218"}, 2024)
    assert of_2024["12076"][0].code == "12218"
    assert of_2024["12218"] == [cog.Successor("12218", 1.0, "whole", "other_year", 1)]
    of_2025 = passage(log, {"12218"}, 2025)
    assert (of_2025["12076"][0].code, of_2025["12076"][0].passage) == ("12218", "other_year")


def test_a_revived_code_is_itself_in_its_own_year():
    """60694 was merged into 60054 in 2019, then became the name of a part of it in 2024."""
    log = history(
        ("2019-01-01", "60694", "60054"),
        ("2019-01-01", "60054", "60054"),
        ("2024-01-01", "60054", "60054"),
        ("2024-01-01", "60054", "60694"),
    )
    assert passage(log, {"60054", "60694"}, 2025)["60694"][0].passage == "same"
    assert len(passage(log, {"60054", "60694"}, 2018)["60694"]) == 2


def test_arrondissements_fold_into_their_commune():
    found = passage(history(), {"75056"}, 2026, districts={"75101": "75056"})
    assert found["75101"] == [cog.Successor("75056", 1.0, "whole", "folded", 1)]


def test_a_code_that_leads_nowhere_is_said_so():
    log = history(("2010-01-01", "97123", "97701"))
    assert passage(log, {"97101"}, 2005)["97123"][0] == cog.Successor(
        None, 1.0, "whole", "unmapped", 0
    )


def test_a_source_newer_than_the_reference_year():
    """Reference 2018: C of 2026 comes from A and B, nothing says how it divides."""
    found = passage(
        history(*MERGE, ("2020-01-01", "E", "F")), {"A", "B", "C", "E"}, 2026, reference_year=2018
    )
    assert found["F"][0].code == "E"
    assert found["C"][0].code is None


def test_earlier_communes_are_rebuilt():
    log = history(*MERGE, ("2021-01-01", "X", "Y"))
    assert log.alive({"C", "Y"}, date(2026, 1, 1), date(2018, 1, 1)) == {"A", "B", "C", "X"}
    assert log.alive({"C", "Y"}, date(2026, 1, 1), date(2020, 1, 1)) == {"C", "X"}


CODES = st.sampled_from("ABCDEFGH")


@st.composite
def logs(draw):
    """A plausible log: on some dates, living codes merge, split, or change name."""
    alive, events = set("ABCD"), []
    for year in range(2015, 2021):
        if draw(st.booleans()) and alive:
            olds = draw(st.sets(st.sampled_from(sorted(alive)), min_size=1, max_size=2))
            news = draw(st.sets(CODES, min_size=1, max_size=2)) - (alive - olds)
            if news:
                events += [
                    (f"{year}-01-01", old, new) for old in sorted(olds) for new in sorted(news)
                ]
                alive = (alive - olds) | news
    return events, alive


@given(logs(), st.integers(2014, 2021))
def test_every_code_of_every_year_arrives_whole(log, year):
    events, alive = log
    found = passage(history(*events), alive, year, reference_year=2021)
    for successors in found.values():
        assert sum(s.weight for s in successors) == pytest.approx(1)
        assert all(s.code in alive for s in successors if s.code)
    for code in history(*events).alive(alive, date(2021, 1, 1), cog.first_january(year)):
        assert all(s.code for s in found[code])
