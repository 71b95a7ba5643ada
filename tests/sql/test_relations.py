"""What territories are to each other: how dependence is spread, who gives to whom, who could."""

import math
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.catalogue.words import needs, parameter_values
from tests.sql.conftest import Tiny
from tests.sql.rows import by, communes
from tests.sql.test_network import ABROAD, FLOWS, UNKNOWN, expected, networks, world

few = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
DEPENDS, DEPENDED = "depends_on", "depended_on_by"
COUNTED = {name for name, need in needs().items() if need.source}
near = pytest.approx


def about(need, **known):
    """What all rows of a need say."""
    row = {"need": need, "function": needs()[need].function, "unit": needs()[need].unit}
    row |= {"year": 2022, "evidence": "observed" if need in COUNTED else "modelled"}
    return row | known


def listed(code, own, *partners, need="jobs", level="epci", direction=DEPENDS, **known):
    """Rows of `dependencies`: partners in the order of their rank, `(code, quantity, known…)`.

    A partner is of the same level unless its code says otherwise: E1, level:code.
    """
    total = own + sum(quantity for _, quantity, *_ in partners)
    rows, so_far = [], 0.0
    for rank, (partner, quantity, *more) in enumerate([(code, own), *partners]):
        so_far += quantity
        kind, _, name = partner.rpartition(":")
        rows.append(
            about(need)
            | {"level": level, "code": code, "name": f"N{code}", "direction": direction}
            | {"rank": rank, "partner_level": kind or level, "partner_code": name}
            | {"partner_name": f"N{name}", "quantity": quantity, "share": quantity / total}
            | {"cumulative_share": so_far / total, "low": 0, "high": 2 * quantity, "coverage": 1.0}
            | known
            | (more[0] if more else {})
        )
    return rows


def related(tiny, *lists, **known):
    """Rows of `relations` by code, need and direction."""
    tiny.source("insee_commuting", **known)
    tiny.source("insee_residential_moves")
    tiny.put("dependencies", [row for rows in lists for row in rows])
    return by(tiny.make("relations"), "code", "need", "direction")


def relation(tiny, own, *partners, **known):
    """The relation of one territory."""
    (row,) = related(tiny, listed("E", own, *partners), **known).values()
    return row


# --- relations: how dependence is spread ---


def test_a_relation_is_what_a_hand_finds(tiny):
    row = relation(tiny, 60, ("A", 20), ("B", 10), ("C", 10), ("foreign:CH", 5))
    shares = [20 / 45, 10 / 45, 10 / 45, 5 / 45]
    assert (row["total"], row["internal"], row["external"]) == (105, 60, 45)
    assert row["external_dependence"] == near(45 / 105)
    assert row["self_containment"] == near(60 / 105)
    assert row["foreign_share"] == near(5 / 105)
    assert row["partners"] == 4
    assert row["partner_hhi"] == near(sum(s * s for s in shares))
    assert row["effective_partners"] == near(1 / row["partner_hhi"])
    assert row["partner_entropy"] == near(-sum(s * math.log(s) for s in shares))
    assert row["partner_evenness"] == near(row["partner_entropy"] / math.log(4))
    assert (row["partners_50"], row["partners_80"]) == (2, 3)
    assert (row["dominant_code"], row["dominant_name"]) == ("A", "NA")
    assert row["dominant_share"] == near(20 / 105)
    assert (row["function"], row["unit"], row["year"]) == ("work", "person", 2022)
    assert (row["name"], row["evidence"], row["coverage"]) == ("NE", "observed", 1)


@pytest.mark.parametrize(
    ("partners", "half", "most"),
    [
        ([50, 30, 20], 1, 2),
        ([50, 25, 25], 1, 3),
        ([49.9, 30, 20.1], 2, 3),
        ([25, 25, 25, 25], 2, 4),
        ([20, 20, 20, 20, 20], 3, 4),
        ([1, 1, 1], 2, 3),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 5, 8),
        ([7], 1, 1),
        ([80, 20], 1, 1),
    ],
)
def test_the_fewest_partners_that_carry_half_and_four_fifths(tiny, partners, half, most):
    row = relation(tiny, 33.3, *((f"P{i}", quantity) for i, quantity in enumerate(partners)))
    assert (row["partners_50"], row["partners_80"]) == (half, most)


def test_equal_partners_are_as_many_as_they_are(tiny):
    row = relation(tiny, 3, *((f"P{i}", 2.5) for i in range(8)))
    assert row["effective_partners"] == near(8)
    assert row["partner_evenness"] == near(1)


def test_a_single_partner_is_all_the_concentration_there_is(tiny):
    row = relation(tiny, 3, ("A", 7))
    assert (row["partner_hhi"], row["effective_partners"], row["partners"]) == (1, 1, 1)
    assert (row["partner_entropy"], row["partner_evenness"]) == (near(0), None)


def test_who_depends_on_nobody_has_no_partners(tiny):
    row = relation(tiny, 60)
    assert (row["external"], row["external_dependence"], row["self_containment"]) == (0, 0, 1)
    assert [row[name] for name in ("partners", "effective_partners", "partners_50")] == [0, 0, 0]
    assert row["partners_80"] == 0
    for name in ("partner_hhi", "partner_entropy", "partner_evenness", "dominant_code"):
        assert row[name] is None, name
    assert (row["distance_km"], row["located_share"]) == (None, None)


def test_without_any_need_there_is_no_relation(tiny):
    assert related(tiny, listed("E", 1), listed("F", 1, quantity=0, share=0)).keys() == {
        ("E", "jobs", DEPENDS)
    }


def test_the_unknown_place_counts_in_the_need_and_is_no_partner(tiny):
    row = relation(tiny, 40, ("A", 30), ("B", 10), ("unknown:ZZZZZ", 20))
    assert (row["total"], row["external"], row["partners"]) == (100, 60, 2)
    assert row["partner_hhi"] == near((30 / 60) ** 2 + (10 / 60) ** 2)
    # Half is A; the four fifths are not known.
    assert (row["partners_50"], row["partners_80"]) == (1, None)
    assert row["dominant_code"] == "A"
    assert row["foreign_share"] == 0


def test_evenness_is_one_at_most_whatever_is_unknown(tiny):
    row = relation(tiny, 40, ("A", 37), ("B", 37), ("unknown:ZZZZZ", 26))
    assert row["partner_evenness"] <= 1 + 1e-6


def test_those_who_leave_for_a_place_unknown_have_no_partner(tiny):
    row = relation(tiny, 40, ("unknown:ZZZZZ", 60))
    assert (row["partners"], row["dominant_code"], row["partner_hhi"]) == (0, None, None)
    assert (row["external"], row["partners_50"], row["partners_80"]) == (60, None, None)


def test_small_partners_merged_concentrate_and_are_not_counted(tiny):
    tiny.put(
        "attributed_partners",
        [
            {"need": "wood_energy", "level": "epci", "code": "E", "direction": DEPENDS}
            | {"partner_level": "elsewhere", "partner_code": "FRXXX", "quantity": 30}
            | {"low": 1, "high": 50, "located_quantity": 30, "merged_hhi": 0.02, "year": 2022}
        ],
    )
    partners = [("A", 50), ("B", 20), ("elsewhere:FRXXX", 30)]
    (row,) = related(tiny, listed("E", 10, *partners, need="wood_energy")).values()
    assert row["partners"] == 2
    assert row["partner_hhi"] == near(0.5**2 + 0.2**2 + 0.02)
    assert row["effective_partners"] == near(1 / 0.31)
    assert (row["partner_entropy"], row["partner_evenness"]) == (None, None)
    assert (row["partners_50"], row["partners_80"]) == (1, None)


def test_the_mean_distance_is_that_of_partners_whose_place_is_known(tiny):
    partners = [("A", 20, {"distance_km": 10.0}), ("B", 10, {"distance_km": 40.0})]
    row = relation(tiny, 60, *partners, ("foreign:CH", 10))
    assert row["distance_km"] == 20
    assert row["located_share"] == near(30 / 40)


def test_a_closed_source_says_nothing_of_those_who_go_abroad(tiny):
    row = relation(tiny, 60, ("A", 40), extent_kind="closed")
    assert row["foreign_share"] is None


def test_an_attributed_need_knows_what_comes_from_abroad(tiny):
    rows = listed("E", 10, ("A", 50), ("foreign:ROW", 40), need="gas")
    (row,) = related(tiny, rows, extent_kind="closed").values()
    assert row["foreign_share"] == near(0.4)


def test_a_link_is_nodal_when_the_first_provider_offers_more(tiny):
    rows = related(
        tiny,
        listed("E", 60, ("A", 40)), listed("E", 60, ("A", 30), direction=DEPENDED),
        listed("A", 70, ("E", 20)), listed("A", 70, ("E", 40), direction=DEPENDED),
        listed("B", 5, ("E", 1)),
    )  # fmt: skip
    nodal = {key: row["is_nodal"] for key, row in rows.items()}
    # A offers 110, E 90. Who depends on one is no provider; the offer of B is not known.
    assert nodal == {
        ("E", "jobs", DEPENDS): True, ("E", "jobs", DEPENDED): None,
        ("A", "jobs", DEPENDS): False, ("A", "jobs", DEPENDED): None,
        ("B", "jobs", DEPENDS): None,
    }  # fmt: skip


def test_the_weakest_evidence_is_that_of_the_relation(tiny):
    row = relation(
        tiny, 60, ("A", 20, {"evidence": "assumed"}), ("B", 20, {"evidence": "modelled"})
    )
    assert row["evidence"] == "assumed"


@pytest.mark.slow
@few
@given(networks)
def test_relations_of_any_network(flows):
    with tempfile.TemporaryDirectory() as folder:
        rows = world(Tiny(Path(folder)), flows).make("dependencies", "relations")
    found = by(rows, "level", "code", "need", "direction")
    for (level, code, direction), partners in expected(flows).items():
        row = found[level, code, "jobs", direction]
        own = partners.pop((level, code), 0)
        external = sum(partners.values())
        known = {key: n for key, n in partners.items() if key[0] != "unknown"}
        assert row["internal"] == near(own, abs=1e-5)
        assert row["external"] == near(external, abs=1e-5)
        assert row["partners"] == len(known)
        abroad = sum(n for (kind, _), n in known.items() if kind == "foreign")
        assert row["foreign_share"] == near(abroad / (own + external), abs=1e-9)
        if not known:
            assert (row["partner_hhi"], row["dominant_code"]) == (None, None)
            continue
        hhi = sum((n / external) ** 2 for n in known.values())
        assert row["partner_hhi"] == near(hhi, rel=1e-6)
        # Of what comes from a known place.
        located = sum(known.values()) / external
        assert row["effective_partners"] == near(located**2 / hhi, rel=1e-6)
        first = min(known.items(), key=lambda item: (-round(item[1], 6), item[0][1]))
        assert row["dominant_code"] == first[0][1]
        assert row["dominant_share"] == near(first[1] / (own + external), rel=1e-6)


# --- exchanges: what two territories provide each other ---


def needed(code, demand, need="jobs", level="epci"):
    """A row of `balances`: a counted need that is known."""
    row = {"level": level, "code": code, "demand": demand, "years": "2022", "coverage": 1.0}
    return about(need) | row


def exchanged(tiny, *lists, known=()):
    """Rows of `exchanges` by both codes and need."""
    tiny.source("insee_commuting").source("insee_residential_moves")
    tiny.put("dependencies", [row for rows in lists for row in rows]).put("balances", known)
    return by(tiny.make("relations", "exchanges"), "code_a", "code_b", "need")


def test_two_territories_meet_once(tiny):
    rows = exchanged(
        tiny,
        listed("E2", 60, ("E1", 40)), listed("E1", 30, ("E2", 10), ("E3", 10)),
        listed("E1", 30, ("E2", 40), direction=DEPENDED),
        known=[needed("E1", 50), needed("E2", 100), needed("E3", 7)],
    )  # fmt: skip
    assert set(rows) == {("E1", "E2", "jobs"), ("E1", "E3", "jobs")}
    pair = rows["E1", "E2", "jobs"]
    assert (pair["a_to_b"], pair["b_to_a"]) == (40, 10)
    assert (pair["share_of_a"], pair["share_of_b"]) == (near(10 / 50), near(40 / 100))
    assert (pair["level"], pair["level_b"], pair["is_known"]) == ("epci", "epci", True)
    # Counted, and not there: none.
    pair = rows["E1", "E3", "jobs"]
    assert (pair["a_to_b"], pair["b_to_a"], pair["share_of_b"]) == (0, 10, 0)


def test_what_a_need_unknown_takes_is_unknown(tiny):
    rows = exchanged(tiny, listed("E1", 30, ("E2", 10)), known=[needed("E1", 40)])
    pair = rows["E1", "E2", "jobs"]
    assert (pair["a_to_b"], pair["b_to_a"]) == (None, 10)
    assert (pair["share_of_a"], pair["share_of_b"]) == (near(0.25), None)
    assert pair["is_known"] is False


def test_who_needs_nothing_takes_nothing(tiny):
    """A need of zero is known: its share is not."""
    rows = exchanged(tiny, listed("E1", 30, ("E2", 10)), known=[needed("E1", 40), needed("E2", 0)])
    pair = rows["E1", "E2", "jobs"]
    assert (pair["a_to_b"], pair["share_of_b"], pair["is_known"]) == (0, None, True)


def test_mirror_needs_are_no_exchange(tiny):
    rows = exchanged(
        tiny,
        *(listed("E1", 30, ("E2", 10), need=need) for need in ("workers", "residents", "housing")),
        known=[needed("E1", 40, "workers"), needed("E1", 40, "housing")],
    )  # fmt: skip
    assert set(rows) == {("E1", "E2", "housing")}


def test_abroad_the_unknown_and_small_parts_are_no_territory(tiny):
    others = [("foreign:CH", 9), ("elsewhere:FRXXX", 2), ("unknown:ZZZZZ", 9), ("commune:01001", 1)]
    assert not exchanged(tiny, listed("E1", 30, *others), known=[needed("E1", 51)])


@pytest.mark.parametrize("seen_by", ["both", "dependent", "provider"])
def test_an_attributed_flow_can_be_named_at_either_end(tiny, seen_by):
    lists = [
        listed("E1", 50, need="gas"),
        listed("E2", 80, *([("E1", 20)] if seen_by != "provider" else [("E3", 20)]), need="gas"),
        listed("E1", 50, *([("E2", 20)] if seen_by != "dependent" else []), need="gas",
               direction=DEPENDED),
    ]  # fmt: skip
    pair = exchanged(tiny, *lists)["E1", "E2", "gas"]
    assert pair["a_to_b"] == 20
    assert pair["share_of_b"] == near(0.2)
    assert pair["is_known"] is True
    # Nothing is named the other way: little, not none.
    assert (pair["b_to_a"], pair["share_of_a"]) == (None, None)


def test_a_perimeter_meets_the_epci_around_it(tiny):
    rows = exchanged(
        tiny,
        listed("K", 60, ("epci:E1", 30), ("epci:E2", 10), level="crte"),
        listed("K", 60, ("epci:E1", 5), level="crte", direction=DEPENDED),
        listed("E1", 30, ("E2", 10)),
        known=[needed("K", 100, level="crte"), needed("E1", 40), needed("E2", 20)],
    )  # fmt: skip
    assert set(rows) == {("K", "E1", "jobs"), ("K", "E2", "jobs"), ("E1", "E2", "jobs")}
    pair = rows["K", "E1", "jobs"]
    assert (pair["level"], pair["level_b"]) == ("crte", "epci")
    assert (pair["a_to_b"], pair["b_to_a"]) == (5, 30)
    assert (pair["share_of_a"], pair["share_of_b"]) == (near(0.3), near(5 / 40))
    assert (rows["K", "E2", "jobs"]["a_to_b"], rows["K", "E2", "jobs"]["b_to_a"]) == (0, 10)


def test_two_perimeters_never_meet(tiny):
    rows = exchanged(
        tiny,
        listed("K", 60, ("crte:L", 30), ("epci:E1", 1), level="crte"),
        known=[needed("K", 91, level="crte")],
    )
    assert set(rows) == {("K", "E1", "jobs")}


def test_the_weakest_evidence_of_both_ways_is_that_of_the_pair(tiny):
    pair = exchanged(
        tiny,
        listed("E1", 1, ("E2", 10), need="gas"),
        listed("E2", 1, ("E1", 10, {"evidence": "assumed"}), need="gas"),
    )["E1", "E2", "gas"]
    assert pair["evidence"] == "assumed"


# --- reciprocity: pair by pair, network by network ---


def named(tiny, *places):
    """Rows of `territories`: level:code."""
    split = [place.split(":") for place in places]
    return tiny.put(
        "territories",
        [{"level": level, "code": code, "name": f"N{code}", "n_communes": 1, "cog_year": 2026}
         for level, code in split],
    )  # fmt: skip


def pair(a_to_b, b_to_a, of_a=100.0, of_b=100.0, need="jobs", codes=("E1", "E2"), **known):
    """A row of `exchanges` between two whose needs are `of_a` and `of_b`."""
    share = {
        "share_of_a": None if b_to_a is None or not of_a else b_to_a / of_a,
        "share_of_b": None if a_to_b is None or not of_b else a_to_b / of_b,
    }
    row = {"level": "epci", "code_a": codes[0], "level_b": "epci", "code_b": codes[1]}
    row |= {"a_to_b": a_to_b, "b_to_a": b_to_a, "is_known": True}
    return about(need) | row | share | known


def compared(tiny, *exchanges, factors=()):
    """Rows of `reciprocity` by both codes and need."""
    places = {f"{row['level']}:{row['code_a']}" for row in exchanges}
    places |= {f"{row['level_b']}:{row['code_b']}" for row in exchanges}
    named(tiny, *sorted(places)).put("exchanges", exchanges).put("reciprocity_factors", factors)
    return by(tiny.make("reciprocity"), "code_a", "code_b", "need")


def factor(code, out, into, level="epci", need="jobs"):
    return {"level": level, "need": need, "code": code, "out_factor": out, "in_factor": into}


def test_a_pair_is_compared_with_what_chance_would_make_of_it(tiny):
    row = compared(
        tiny, pair(300, 100, 2_000, 1_000), factors=[factor("E1", 40, 2), factor("E2", 30, 6)]
    )["E1", "E2", "jobs"]
    assert row["reciprocity"] == near(200 / 400)
    # E1 would give 40 × 6, and be given 30 × 2.
    assert row["expected_reciprocity"] == near(120 / 300)
    assert row["reciprocity_vs_chance"] == near(0.1 / 0.6)
    assert (row["name_a"], row["name_b"], row["function"]) == ("NE1", "NE2", "work")
    assert (row["a_is_giver"], row["b_is_giver"]) == (True, True)


def test_a_pair_without_factors_is_not_compared_with_chance(tiny):
    row = compared(tiny, pair(300, 100))["E1", "E2", "jobs"]
    assert row["reciprocity"] == near(0.5)
    assert (row["expected_reciprocity"], row["reciprocity_vs_chance"]) == (None, None)


def test_where_a_side_is_unknown_there_is_no_reciprocity(tiny):
    rows = compared(
        tiny,
        pair(300, None, is_known=False),
        pair(300, None, need="gas"),
        pair(5, 5, need="housing", is_known=False),
        factors=[factor("E1", 40, 2), factor("E2", 30, 6)],
    )
    for row in rows.values():
        assert (row["reciprocity"], row["reciprocity_vs_chance"]) == (None, None)
    assert rows["E1", "E2", "jobs"]["expected_reciprocity"] is None


def test_factors_are_those_of_the_level_and_the_need(tiny):
    rows = compared(
        tiny,
        pair(300, 100),
        pair(300, 100, level="crte", codes=("K", "E2")),
        factors=[
            factor("E1", 40, 2, level="zone_emploi"), factor("E2", 30, 6, level="zone_emploi"),
            factor("E1", 40, 2, need="study"), factor("E2", 30, 6, need="study"),
            factor("K", 40, 2, level="crte"), factor("E2", 30, 6, level="crte"),
        ],
    )  # fmt: skip
    assert {row["expected_reciprocity"] for row in rows.values()} == {None}


@pytest.mark.parametrize(
    ("need", "quantity", "of", "gives"),
    [
        ("jobs", 100, 10_000, True),
        ("jobs", 99.9, 1_000, False),
        ("jobs", 100, 10_001, False),
        ("jobs", 5_000, 500_001, False),
        ("jobs", 0, 0, False),
        # Tonnes and hectares have no people to count.
        ("gas", 1, 100, True),
        ("gas", 0.9, 100, False),
        ("gas", None, 100, False),
    ],
)
def test_one_gives_from_a_share_and_from_a_number_of_people(tiny, need, quantity, of, gives):
    row = compared(tiny, pair(quantity, 0, of_b=of, need=need))["E1", "E2", need]
    assert (row["a_is_giver"], row["b_is_giver"]) == (gives, False)
    row = compared(tiny, pair(0, quantity, of_a=of, need=need))["E1", "E2", need]
    assert (row["a_is_giver"], row["b_is_giver"]) == (False, gives)


def test_between_communes_only_pairs_of_which_one_gives_are_kept(tiny):
    rows = compared(
        tiny,
        pair(150, 3, level="commune", level_b="commune", codes=("C1", "C2")),
        pair(3, 150, level="commune", level_b="commune", codes=("C1", "C3")),
        pair(50, 50, level="commune", level_b="commune", codes=("C1", "C4")),
        pair(3, 3),
    )
    assert {key[:2] for key in rows} == {("C1", "C2"), ("C1", "C3"), ("E1", "E2")}


amounts = st.sampled_from([0, 0, 0.5, 1, 1, 2, 3.75, 10, 1000])


@pytest.mark.slow
@few
@given(st.lists(st.tuples(amounts, amounts), min_size=2, max_size=9))
def test_the_sum_over_sorted_ratios_is_that_over_all_pairs(said):
    """Factors of any kind: ties, those who give nothing, those who take nothing."""
    size = range(len(said))
    # Somebody has to exchange something.
    flows = [pair(1, 2, codes=("T0", f"T{i}")) for i in size[1:]]
    with tempfile.TemporaryDirectory() as folder:
        tiny = Tiny(Path(folder))
        tiny.put("exchanges", flows)
        tiny.put("reciprocity_factors", [factor(f"T{i}", *said[i]) for i in size])
        (row,) = tiny.make("network_reciprocity")
    total = 3.0 * len(flows)
    lesser = sum(
        min(said[i][0] * said[j][1], said[j][0] * said[i][1]) for i in size for j in size if i != j
    )
    assert row["reciprocity"] == near(2 / 3)
    assert row["expected_reciprocity"] == near(min(lesser / total, 1))
    if lesser / total < 0.9:
        assert row["reciprocity_vs_chance"] == near((2 / 3 - lesser / total) / (1 - lesser / total))
    assert (row["n_territories"], row["total"], row["unit"]) == (len(said), total, "person")


full_networks = st.integers(3, 6).flatmap(
    lambda size: st.lists(st.integers(1, 50), min_size=size * size, max_size=size * size)
)


@pytest.mark.slow
@few
@given(full_networks)
def test_reciprocity_of_any_network_is_that_of_its_matrix(cells):
    size = math.isqrt(len(cells))
    flow = {(i, j): float(cells[i * size + j]) for i in range(size) for j in range(size) if i != j}
    with tempfile.TemporaryDirectory() as folder:
        tiny = named(Tiny(Path(folder)), *(f"epci:T{i}" for i in range(size)))
        tiny.put(
            "exchanges",
            [pair(flow[i, j], flow[j, i], codes=(f"T{i}", f"T{j}")) for i, j in flow if i < j],
        )
        tiny.make("reciprocity_factors", "network_reciprocity")
        (network,) = tiny.get("network_reciprocity")
        pairs = by(tiny.make("reciprocity"), "code_a", "code_b")
    # Scale rows and columns of the products of totals, none on the diagonal.
    out = [sum(flow[i, j] for j in range(size) if j != i) for i in range(size)]
    into = [sum(flow[j, i] for j in range(size) if j != i) for i in range(size)]
    chance = {(i, j): out[i] * into[j] for i, j in flow}
    for _ in range(3_000):
        for side, due in ((0, out), (1, into)):
            sums = defaultdict(float)
            for ends, quantity in chance.items():
                sums[ends[side]] += quantity
            chance = {ends: q * due[ends[side]] / sums[ends[side]] for ends, q in chance.items()}
    total = sum(flow.values())
    observed, by_chance = (
        sum(min(one[i, j], one[j, i]) for i, j in one) / total for one in (flow, chance)
    )
    assert network["reciprocity"] == near(observed)
    assert network["expected_reciprocity"] == near(by_chance, abs=1e-6)
    assert 0 <= network["reciprocity"] <= 1
    gap = 1 - by_chance - parameter_values()["chance_margin"]
    if gap > 1e-6:
        vs_chance = (observed - by_chance) / (1 - by_chance)
        assert network["reciprocity_vs_chance"] == near(vs_chance, abs=1e-3)
    elif gap < -1e-6:
        assert network["reciprocity_vs_chance"] is None
    for (a, b), row in pairs.items():
        i, j = int(a[1:]), int(b[1:])
        both = chance[i, j] + chance[j, i]
        assert row["expected_reciprocity"] == near(
            2 * min(chance[i, j], chance[j, i]) / both, abs=1e-5
        )


def ring(*quantities):
    """Each gives to the next, and the last to the first."""
    size = len(quantities)
    ends = [(i, (i + 1) % size, quantity) for i, quantity in enumerate(quantities)]
    return [
        pair(q, 0, codes=(f"T{i}", f"T{j}")) if i < j else pair(0, q, codes=(f"T{j}", f"T{i}"))
        for i, j, q in ends
    ]


@pytest.mark.parametrize(("size", "quantity"), [(3, 1), (8, 1), (3, 0.1), (8, 0.1), (3, 1 / 3)])
def test_where_chance_returns_all_nothing_is_said_of_more_or_less(tiny, size, quantity):
    """Each gives as much as it takes: chance is even, and r - 1 over 1 - 1 says nothing."""
    tiny.put("exchanges", ring(*[quantity] * size))
    tiny.make("reciprocity_factors")
    (row,) = tiny.make("network_reciprocity")
    assert row["reciprocity"] == 0
    assert row["expected_reciprocity"] == near(1)
    assert row["reciprocity_vs_chance"] is None


def test_a_pair_even_by_chance_is_not_compared_with_a_rounding(tiny):
    """Each would give the other 0.21: 0.1 × 2.1 and 0.3 × 0.7 are not the same to a computer."""
    factors = [factor("E1", 0.1, 0.7), factor("E2", 0.3, 2.1)]
    row = compared(tiny, pair(300, 100), factors=factors)["E1", "E2", "jobs"]
    assert row["expected_reciprocity"] == near(1)
    assert row["reciprocity_vs_chance"] is None


def test_networks_are_made_of_what_is_known_between_equals(tiny):
    tiny.put(
        "exchanges",
        [
            pair(10, 4), pair(7, 3, codes=("E1", "E3"), is_known=False),
            pair(9, 9, level="crte", codes=("K", "E1")),
            pair(6, None, need="gas", codes=("E2", "E3")),
            pair(0, 0, need="study"),
        ],
    )  # fmt: skip
    rows = by(tiny.make("reciprocity_factors", "network_reciprocity"), "level", "need")
    assert set(rows) == {("epci", "jobs"), ("epci", "gas")}
    jobs = rows["epci", "jobs"]
    assert (jobs["n_territories"], jobs["total"], jobs["reciprocity"]) == (2, 14, near(8 / 14))
    assert jobs["expected_reciprocity"] == near(8 / 14)
    assert jobs["reciprocity_vs_chance"] == near(0, abs=1e-9)
    assert (rows["epci", "gas"]["reciprocity"], rows["epci", "gas"]["total"]) == (0, 6)


def test_a_star_that_chance_cannot_spread_is_not_compared(tiny):
    """Or it is compared with itself: all goes through its centre."""
    tiny.put("exchanges", [pair(i, 2, codes=("T0", f"T{i}")) for i in range(1, 4)])
    tiny.make("reciprocity_factors")
    (row,) = tiny.make("network_reciprocity")
    assert row["reciprocity"] == near(10 / 12)
    assert row["expected_reciprocity"] in (None, near(10 / 12, abs=1e-4))
    assert row["reciprocity_vs_chance"] in (None, near(0, abs=1e-3))


def test_reciprocity_from_the_flows_on(tiny):
    """E1 (C1, C2), E2 (C3, C4), and C5 that has no EPCI: 50 one way, 40 the other."""
    tiny = world(tiny, FLOWS)
    tiny.make("dependencies", "balances", "relations", "exchanges", "reciprocity_factors")
    (row,) = [row for row in tiny.make("network_reciprocity") if row["level"] == "epci"]
    assert (row["need"], row["total"]) == ("jobs", 90)
    assert row["reciprocity"] == near(80 / 90)
    rows = by(tiny.make("reciprocity"), "level", "code_a", "code_b")
    pair = rows["epci", "E1", "E2"]
    assert (pair["a_to_b"], pair["b_to_a"]) == (40, 50)
    assert (pair["share_of_a"], pair["share_of_b"]) == (near(50 / 125), 1)
    # A contract and what is left of the EPCI it cuts: E2 without C3.
    assert ("crte", "K2", "E1") in rows


# --- baskets ---


def basket(tiny, *exchanges):
    """The one basket these pairs make, or None."""
    compared(tiny, *exchanges)
    rows = tiny.make("baskets")
    return rows[0] if rows else None


def gift(share, need="gas", back=0.0, **known):
    """What E1 gives E2 of a need, and is given back, as percents of what each needs."""
    return pair(None if share is None else 1_000 * share, None if back is None else 1_000 * back,
                100_000, 100_000, need, **known)  # fmt: skip


def test_each_gives_the_same(tiny):
    row = basket(tiny, gift(2, "gas", back=3), gift(5, "jobs"))
    assert (row["basket"], row["a_gives"], row["b_gives"]) == ("reciprocal", "gas, jobs", "gas")
    assert (row["a_functions"], row["b_functions"]) == (2, 1)
    assert (row["name_a"], row["name_b"]) == ("NE1", "NE2")


def test_each_gives_something_else(tiny):
    row = basket(tiny, gift(2, "gas", back=0.5), gift(0, "wood_energy", back=4))
    assert (row["basket"], row["a_gives"], row["b_gives"]) == ("crossed", "gas", "wood_energy")
    # One function each, and the same.
    assert (row["a_functions"], row["b_functions"]) == (1, 1)


def test_one_gives_and_the_other_does_not(tiny):
    row = basket(tiny, gift(0.2, "gas", back=1.5), gift(0.9, "jobs", back=0.9))
    assert (row["basket"], row["a_gives"], row["b_gives"]) == ("one_way", None, "gas")
    assert (row["a_functions"], row["b_functions"]) == (0, 1)


def test_nobody_gives_there_is_no_basket(tiny):
    assert basket(tiny, gift(0.9, "gas", back=0.9), gift(0.9, "jobs")) is None


@pytest.mark.parametrize(
    ("counted", "attributed", "kinds"),
    [
        (gift(2, "jobs", back=2), gift(2), ("reciprocal", "reciprocal")),
        (gift(2, "jobs"), gift(0, back=2), ("crossed", "one_way")),
        (gift(0.2, "jobs"), gift(2, back=2), ("reciprocal", "none")),
        (gift(2, "jobs"), gift(2, back=2), ("reciprocal", "one_way")),
    ],
)
def test_counted_needs_alone_make_a_basket_of_their_own(tiny, counted, attributed, kinds):
    row = basket(tiny, counted, attributed)
    assert (row["basket"], row["basket_observed"]) == kinds


def test_the_evidence_of_a_basket_is_the_worst_of_what_is_given(tiny):
    assert basket(tiny, gift(2, "jobs"))["evidence"] == "observed"
    unused = gift(0.1, "wood_energy", evidence="assumed")
    assert basket(tiny, gift(2, "jobs"), unused)["evidence"] == "observed"
    assert basket(tiny, gift(2, "jobs"), gift(2), unused)["evidence"] == "modelled"
    used = gift(2, "wood_energy", evidence="assumed")
    assert basket(tiny, gift(2, "jobs"), gift(2), used)["evidence"] == "assumed"


def test_who_leans_on_whom_in_each_function(tiny):
    row = basket(
        tiny,
        gift(2, "gas", back=7), gift(9, "wood_energy", back=1),
        gift(3, "cereals", back=3), gift(1, "jobs", back=4),
    )  # fmt: skip
    leans = {name: row[f"leans_{name}"] for name in ("cohabit", "food", "energy", "work")}
    # The largest share of a need of the function, each way.
    assert leans == {"cohabit": None, "food": "even", "energy": "b_on_a", "work": "a_on_b"}


def test_nobody_knows_who_leans_on_one_whose_need_is_unknown(tiny):
    unknown = gift(None, "jobs", back=4, is_known=False)
    assert basket(tiny, unknown)["leans_work"] is None


def test_baskets_are_not_of_communes(tiny):
    between = {"level": "commune", "level_b": "commune", "codes": ("C1", "C2")}
    assert basket(tiny, gift(20, "jobs", back=20, **between)) is None


def test_a_perimeter_has_a_basket_with_an_epci(tiny):
    row = basket(tiny, gift(2, "jobs", back=2, level="crte", codes=("K", "E1")))
    assert (row["level"], row["code_a"], row["level_b"], row["code_b"]) == (
        "crte", "K", "epci", "E1"
    )  # fmt: skip


# --- surpluses within reach of deficits ---


KM_PER_DEGREE = 1.3 * math.radians(6371.0088)
# EPCI: degrees east of the first, département, landmass, what is left of each need.
PLACES = {
    "E1": (0.0, "01", "mainland", {"wood_energy": 30, "drinking_water": 4}),
    "E2": (0.3, "01", "mainland", {"wood_energy": -20, "drinking_water": -9}),
    "E3": (0.5, "02", "mainland", {"wood_energy": -50, "drinking_water": -1}),
    "E4": (0.6, "03", "mainland", {"wood_energy": -8}),
    "E5": (0.95, "01", "mainland", {"wood_energy": -7}),
    "E6": (0.1, "01", "island", {"wood_energy": -6}),
}


def land(tiny, perimeters=(), areas=(), places=PLACES):
    """EPCI of two communes each, on the equator; départements 01 and 02 are neighbours.

    `perimeters`: level:code to the communes; `areas`: the same, of zones that places may share.
    """
    members = [("epci", code, f"{code}{part}") for code in places for part in "ab"]
    extra = [
        (*key.split(":"), commune) for key, inside in [*perimeters, *areas] for commune in inside
    ]
    tiny.put(
        "communes",
        communes({
            f"{code}{part}": {"departement_code": departement, "landmass": landmass,
                              "epci_code": code, "lon": lon, "lat": 0, "population": 10}
            for code, (lon, departement, landmass, _) in places.items() for part in "ab"
        }),
    )  # fmt: skip
    tiny.put(
        "territory_members",
        [dict(zip(("level", "code", "commune_code"), one, strict=True)) for one in members + extra],
    )
    inside = defaultdict(list)
    for level, code, commune in members + extra:
        inside[level, code].append(places[commune[:-1]])
    tiny.put(
        "territories",
        [{"level": level, "code": code, "name": f"N{code}", "n_communes": 2, "cog_year": 2026,
          "lon": sum(place[0] for place in of) / len(of), "lat": 0, "departement_code": of[0][1]}
         for (level, code), of in inside.items()],
    )  # fmt: skip
    pairs = [("01", "02"), ("02", "01")]
    keys = ("departement_code", "neighbour_code")
    tiny.put("departement_neighbours", [dict(zip(keys, one, strict=True)) for one in pairs])
    left = [
        ("epci", code, need, net)
        for code, place in places.items()
        for need, net in place[3].items()
    ]
    return tiny.put("balances", [net_of(*one) for one in left])


def net_of(level, code, need, net, **known):
    """A row of `balances`: 100 are needed."""
    row = {"level": level, "code": code, "demand": 100, "local_supply": 100 + net, "net": net}
    row |= {"self_sufficiency": 1 + net / 100, "years": "2022", "coverage": 1.0}
    return about(need) | row | known


def matched(tiny, level="epci"):
    """Rows of `complement_pairs` by giver, receiver and need."""
    rows = by(tiny.make("complement_pairs"), "giver_code", "receiver_code", "need")
    return {
        key: row
        for key, row in rows.items()
        if level in (row["giver_level"], row["receiver_level"])
    }


def test_a_surplus_meets_the_deficits_within_reach(tiny):
    rows = matched(land(tiny))
    # E4 is in no neighbouring département, E6 over the sea, E5 farther than wood reaches.
    assert set(rows) == {
        ("E1", "E2", "wood_energy"), ("E1", "E3", "wood_energy"), ("E1", "E2", "drinking_water"),
    }  # fmt: skip
    row = rows["E1", "E2", "wood_energy"]
    assert (row["surplus"], row["deficit"]) == (near(30), near(20))
    assert row["distance_km"] == near(0.3 * KM_PER_DEGREE, abs=0.06)
    assert (row["year"], row["evidence"]) == (2022, "modelled")


def test_each_need_has_its_reach(tiny):
    """E3 is 72 km away: wood goes that far, water does not."""
    rows = matched(land(tiny))
    assert ("E1", "E3", "wood_energy") in rows
    assert ("E1", "E3", "drinking_water") not in rows
    assert (
        needs()["drinking_water"].reach_km < 0.5 * KM_PER_DEGREE < needs()["wood_energy"].reach_km
    )


@pytest.mark.parametrize("area", ["zone_emploi", "aav"])
def test_one_employment_or_attraction_area_is_as_good_as_a_neighbour(tiny, area):
    rows = matched(land(tiny, areas=[(f"{area}:Z", ["E1b", "E4a"])]))
    assert ("E1", "E4", "wood_energy") in rows
    assert not [key for key in rows if "E5" in key or "E6" in key]


@pytest.mark.parametrize("area", ["bassin_vie", "region", "crte"])
def test_other_areas_in_common_bring_nobody_nearer(tiny, area):
    rows = matched(land(tiny, areas=[(f"{area}:Z", ["E1b", "E4a"])]))
    assert ("E1", "E4", "wood_energy") not in rows


def test_who_has_neither_surplus_nor_deficit_matches_nobody(tiny):
    places = {
        "E1": (0.0, "01", "mainland", {"wood_energy": 0}),
        "E2": (0.1, "01", "mainland", {"wood_energy": -20}),
        "E3": (0.2, "01", "mainland", {"wood_energy": -20}),
        "E4": (0.3, "01", "mainland", {"food_land": 20}),
        "E5": (0.4, "01", "mainland", {"food_land": -20, "wood_energy": -1}),
    }
    # Nothing says how far food land reaches.
    assert not matched(land(tiny, places=places))


def test_a_balance_unknown_on_a_side_matches_nobody(tiny):
    land(tiny)
    known = tiny.get("balances")
    unknown = {"local_supply": None, "net": None, "self_sufficiency": None}
    tiny.put("balances", [row | (unknown if row["code"] == "E2" else {}) for row in known])
    assert {receiver for _, receiver, _ in matched(tiny)} == {"E3"}


def test_the_worst_evidence_and_the_latest_year_of_both(tiny):
    land(tiny)
    tiny.put(
        "balances",
        [
            net_of("epci", "E1", "gas", 5, year=2020),
            net_of("epci", "E2", "gas", -5, evidence="assumed"),
        ],
    )
    (row,) = matched(tiny).values()
    assert (row["evidence"], row["year"]) == ("assumed", 2022)


def test_a_perimeter_matches_the_epci_around_it_both_ways(tiny):
    """K is E2 and half of E3: it is matched with neither, and gives to none of them."""
    land(tiny, perimeters=[("crte:K", ["E2a", "E2b", "E3a"])])
    around = [("E1", 30), ("E2", -20), ("E3", -50), ("E5", -7)]
    nets = [net_of("epci", code, "wood_energy", net) for code, net in around]
    tiny.put("balances", [*nets, net_of("crte", "K", "wood_energy", -25)])
    assert {key[:2] for key in matched(tiny, "crte")} == {("E1", "K")}
    tiny.put("balances", [*nets, net_of("crte", "K", "wood_energy", 25)])
    rows = matched(tiny, "crte")
    assert {key[:2] for key in rows} == {("K", "E5")}
    row = rows["K", "E5", "wood_energy"]
    assert (row["giver_level"], row["receiver_level"]) == ("crte", "epci")
    assert (row["surplus"], row["deficit"]) == (near(25), near(7))


def test_two_perimeters_are_not_matched(tiny):
    land(tiny, perimeters=[("crte:K", ["E2a"]), ("scot:L", ["E1a"])])
    nets = [net_of("crte", "K", "wood_energy", -25), net_of("scot", "L", "wood_energy", 25)]
    tiny.put("balances", nets)
    assert not tiny.make("complement_pairs")


def test_complements_say_what_could_be_covered_alone_and_together(tiny):
    land(tiny)
    rows = by(
        tiny.make("complement_pairs", "complement_allocation", "complements"),
        "giver_code",
        "receiver_code",
        "need",
    )
    near_one, far_one = rows["E1", "E2", "wood_energy"], rows["E1", "E3", "wood_energy"]
    assert (near_one["potential_exclusive"], near_one["potential_allocated"]) == (
        near(20),
        near(20),
    )
    assert (near_one["share_of_surplus"], near_one["share_of_deficit"]) == (near(20 / 30), near(1))
    # The nearest is served first: ten are left of thirty.
    assert (far_one["potential_exclusive"], far_one["potential_allocated"]) == (near(30), near(10))
    assert (far_one["share_of_surplus"], far_one["share_of_deficit"]) == (near(1), near(30 / 50))
    assert (near_one["giver_name"], near_one["receiver_name"]) == ("NE1", "NE2")
    assert (near_one["function"], near_one["unit"]) == ("energy", "m3")


def test_who_is_left_without_is_allocated_nothing(tiny):
    places = {
        "E1": (0.0, "01", "mainland", {"wood_energy": 30}),
        "E2": (0.3, "01", "mainland", {"wood_energy": -40}),
        "E3": (0.5, "01", "mainland", {"wood_energy": -50}),
    }
    land(tiny, perimeters=[("crte:K", ["E3a"])], places=places)
    tiny.put("balances", [*tiny.get("balances"), net_of("crte", "K", "wood_energy", -9)])
    rows = by(
        tiny.make("complement_pairs", "complement_allocation", "complements"), "receiver_code"
    )
    assert rows["E2",]["potential_allocated"] == near(30)
    assert rows["E3",]["potential_allocated"] == 0
    # Surpluses are allocated between EPCI alone.
    assert rows["K",]["potential_allocated"] is None


# --- partners, commune by commune ---


def partners(tiny, flows, code="E1", direction=DEPENDS, level="epci"):
    """Rows of `commune_partners` of one territory, by partner."""
    world(tiny, flows)
    tiny.make("dependencies", "relations")
    rows = [
        row for row in tiny.make("commune_partners")
        if (row["level"], row["code"], row["direction"]) == (level, code, direction)
    ]  # fmt: skip
    assert {row["need"] for row in rows} <= {"jobs"}
    return {partner: row for (partner,), row in by(rows, "partner_code").items()}


def test_partners_of_an_epci_are_communes_outside_it(tiny):
    """E1 is C1 and C2: 50 of its 125 go to C3, 5 abroad."""
    found = partners(tiny, FLOWS)
    assert set(found) == {"C3", ABROAD}
    assert (found["C3"]["quantity"], found["C3"]["rank"]) == (50, 1)
    assert found["C3"]["share"] == near(50 / 125)
    assert (found["C3"]["partner_level"], found[ABROAD]["partner_level"]) == ("commune", "foreign")
    assert (found[ABROAD]["rank"], found[ABROAD]["partner_name"]) == (2, ABROAD)
    for row in found.values():
        assert row["low"] <= row["quantity"] <= row["high"]
        assert (row["evidence"], row["year"], row["unit"]) == ("observed", 2022, "person")


def test_those_who_come_are_seen_by_commune_too(tiny):
    found = partners(tiny, FLOWS, "E2", DEPENDED)
    assert {code: row["quantity"] for code, row in found.items()} == {"C1": 30, "C2": 20, "C5": 7}
    assert found["C1"]["share"] == near(30 / 57)


@pytest.mark.parametrize(
    ("direction", "expected"), [(DEPENDED, {"C1": 40}), (DEPENDS, {"C1": 40, ABROAD: 5})]
)
def test_communes_inside_a_perimeter_are_no_partners(tiny, direction, expected):
    """K2 is C2, C3 and C5: what they exchange is inside; 10 and 30 come from C1, 40 go there."""
    found = partners(tiny, FLOWS, "K2", direction, "crte")
    assert {code: row["quantity"] for code, row in found.items()} == expected


def test_the_unknown_place_is_never_ranked_before_a_partner(tiny):
    flows = {("C1", "C3"): 30.0, ("C1", UNKNOWN): 50.0, ("C1", "C4"): 20.0}
    found = partners(tiny, flows)
    assert (found["C3"]["rank"], found["C4"]["rank"]) == (1, 2)


def test_a_need_that_is_not_known_has_no_partners(tiny):
    world(tiny, {("C1", "C3"): 30.0}, known=("C1", "C2"))
    tiny.make("dependencies", "relations")
    rows = tiny.make("commune_partners")
    assert {(row["code"], row["direction"]) for row in rows if row["level"] == "epci"} == {
        ("E1", DEPENDS)
    }


def test_the_first_few_partners_are_named_however_small(tiny):
    """One brings nearly all, and thirty others less than a hundredth each."""
    found = partners_of(tiny, {"BIG": 1_000.0} | {f"P{i:02}": 3.0 for i in range(30)})
    assert set(found) == {"BIG", *(f"P{i:02}" for i in range(19))}
    assert [found[f"P{i:02}"]["rank"] for i in range(19)] == list(range(2, 21))


def test_all_partners_of_a_notable_share_are_named(tiny):
    assert len(partners_of(tiny, {f"P{i:02}": 3.0 for i in range(30)})) == 30


def partners_of(tiny, quantities):
    """The partners named of an EPCI of one commune, by the quantity of each."""
    tiny.put("communes", communes({code: {} for code in ("C", *quantities)}))
    tiny.put("territory_members", [{"level": "epci", "code": "E", "commune_code": "C"}])
    named(tiny, "epci:E", *(f"commune:{code}" for code in quantities))
    tiny.put("places", [{"level": "commune", "code": code} for code in ("C", *quantities)])
    flow = {"dependent_code": "C", "method": "census", "unit_weight": 5, "grain": "commune"}
    flow |= {"low": 0, "high": 1, "source_id": "insee_commuting"}
    tiny.put(
        "flows",
        [
            about("jobs") | flow | {"provider_code": code, "quantity": n}
            for code, n in quantities.items()
        ],
    )
    related(tiny, listed("E", 0, *((f"commune:{code}", n) for code, n in quantities.items())))
    steps = ("networks", "nodes", "place_nodes", "territory_flows", "commune_partners")
    return {code: row for (code,), row in by(tiny.make(*steps), "partner_code").items()}


# --- signals ---


def signals(tiny, *names, level="epci"):
    """The value of each signal, by territory, whose name begins so."""
    rows = by(tiny.make("signals"), "level", "code", "signal")
    return {
        (code, signal): row["value"]
        for (of, code, signal), row in rows.items()
        if of == level and signal.startswith(names)
    }


def test_who_can_meet_a_deficit_is_counted(tiny):
    land(tiny).make("complement_pairs", "complement_allocation", "complements")
    found = signals(tiny, "nearby_surplus_wood", "nearby_deficit_wood", "nearby_matches_energy")
    assert found["E1", "nearby_deficit_wood_energy"] == 2
    assert found["E1", "nearby_surplus_wood_energy"] == 0
    assert found["E2", "nearby_surplus_wood_energy"] == 1
    # Nobody within reach: none, as its balance is known.
    assert found["E5", "nearby_surplus_wood_energy"] == 0
    assert (found["E1", "nearby_matches_energy"], found["E5", "nearby_matches_energy"]) == (2, 0)


def test_where_a_balance_is_not_known_there_is_no_signal(tiny):
    unknown = {"local_supply": None, "net": None, "self_sufficiency": None}
    nets = [net_of("epci", "E1", "gas", 5), net_of("epci", "E2", "gas", 5) | unknown]
    found = signals(land(tiny).put("balances", nets), "nearby_")
    assert {code for code, _ in found} == {"E1"}
    assert ("E1", "nearby_surplus_wood_energy") not in found


def test_one_territory_of_several_needs_is_one_match(tiny):
    land(tiny)
    of_each = {"E1": 5, "E2": -5, "E3": -5}.items()
    nets = [
        net_of("epci", code, need, net) for need in ("gas", "wood_energy") for code, net in of_each
    ]
    tiny.put("balances", nets).make("complement_pairs", "complement_allocation", "complements")
    assert signals(tiny, "nearby_matches_energy")["E1", "nearby_matches_energy"] == 2


def test_what_was_looked_for_and_not_found_is_no_better_known_than_the_balance(tiny):
    land(tiny).make("complement_pairs", "complement_allocation", "complements")
    rows = by(tiny.make("signals"), "code", "signal")
    assert rows["E2", "nearby_surplus_wood_energy"]["evidence"] == "modelled"
    assert rows["E5", "nearby_surplus_wood_energy"]["evidence"] == "modelled"


def test_baskets_of_both_are_counted_on_both_sides(tiny):
    kinds = [("E1", "E2", "reciprocal"), ("E1", "E3", "crossed"), ("E2", "E3", "one_way")]
    rows = [
        {"level": "epci", "code_a": a, "name_a": a, "level_b": "epci", "code_b": b, "name_b": b,
         "a_functions": 1, "b_functions": 1, "basket": kind, "basket_observed": kind,
         "evidence": "observed"}
        for a, b, kind in kinds
    ]  # fmt: skip
    related(tiny, *(listed(code, 5, ("E9", 5)) for code in ("E1", "E2", "E3", "E4")))
    tiny.put("baskets", rows)
    found = signals(tiny, "reciprocal_baskets")
    assert {code: n for (code, _), n in found.items()} == {"E1": 2, "E2": 1, "E3": 1, "E4": 0}


def test_the_largest_share_of_a_function_is_in_percent(tiny):
    related(
        tiny,
        listed("E1", 50, ("E2", 30), ("E3", 20)), listed("E1", 10, ("E3", 90), need="study"),
        listed("E1", 0, ("E2", 100), direction=DEPENDED), listed("E2", 7),
        listed("E1", 60, ("E2", 40), need="housing"),
    )  # fmt: skip
    found = signals(tiny, "largest_share")
    assert found == {
        ("E1", "largest_share_work"): near(90),
        ("E1", "largest_share_cohabit"): near(40),
    }


def test_nobody_plans_with_the_rest_of_the_world(tiny):
    """The largest share is that of a territory one can plan with."""
    related(tiny, listed("E1", 0, ("foreign:ROW", 97), ("E2", 3), need="gas"))
    assert signals(tiny, "largest_share_energy")["E1", "largest_share_energy"] == near(3)


def test_those_of_one_first_provider_are_counted(tiny):
    related(
        tiny,
        *(listed(code, 5, ("P", 5), ("Q", 1)) for code in ("E1", "E2", "E3")),
        listed("E4", 5, ("Q", 5)), listed("E5", 5), listed("K", 5, ("epci:P", 5), level="crte"),
        listed("E4", 5, ("P", 5), need="study"),
    )  # fmt: skip
    found = signals(tiny, "shared_dominant")
    assert {code: n for (code, _), n in found.items()} == {"E1": 2, "E2": 2, "E3": 2, "E4": 0}
    assert signals(tiny, "shared_dominant", level="crte") == {("K", "shared_dominant_provider"): 0}


def test_those_of_one_weakest_need_in_a_departement_are_counted(tiny):
    gas = {"E1": -50, "E2": -60, "E3": -50, "E4": 5, "E5": -10, "E6": -30}
    wood = {"E1": -20, "E2": 5, "E3": -20, "E4": 0, "E5": -90, "E6": -30}
    nets = [net_of("epci", code, "gas", net) for code, net in gas.items()]
    nets += [net_of("epci", code, "wood_energy", net) for code, net in wood.items()]
    land(tiny).put("balances", nets)
    found = signals(tiny, "shared_weakest")
    # Gas in 01: E1, E2, and E6 by the alphabet. E5 lacks wood, E3 is alone in 02, E4 lacks nothing.
    assert {code: n for (code, _), n in found.items()} == {
        "E1": 2,
        "E2": 2,
        "E6": 2,
        "E5": 0,
        "E3": 0,
    }


def test_population_is_a_signal_where_it_is_known(tiny):
    tiny.put(
        "territories",
        [
            {"level": "epci", "code": code, "name": code, "n_communes": 1, "cog_year": 2026}
            | {"population": n}
            for code, n in (("E1", 900), ("E2", None))
        ],
    )
    assert signals(tiny, "population") == {("E1", "population"): 900}
