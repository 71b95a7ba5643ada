"""From flows between communes to the partners of every territory, against plain Python."""

import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.conftest import Tiny

# Commune -> EPCI (C5 has none), département, CRTE(s): C2 is in two contracts, C6 in none.
EPCI = {"C1": "E1", "C2": "E1", "C3": "E2", "C4": "E2", "C5": None, "C6": "E3"}
DEPARTEMENT = {"C1": "01", "C2": "01", "C3": "01", "C4": "02", "C5": "02", "C6": "02"}
CRTE = {"C1": ["K1"], "C2": ["K1", "K2"], "C3": ["K2"], "C4": [], "C5": ["K2"], "C6": []}
ABROAD, UNKNOWN = "SUC1L", "XXXXX"


def members():
    for commune in EPCI:
        yield "commune", commune, commune
        yield "country", "FR", commune
        yield "departement", DEPARTEMENT[commune], commune
        if EPCI[commune]:
            yield "epci", EPCI[commune], commune
        for contract in CRTE[commune]:
            yield "crte", contract, commune


def world(tiny, flows, extent_kind="by_row", known=tuple(EPCI)):
    """A country of six communes; `flows`: (residence, workplace) -> workers."""
    tiny.put(
        "communes",
        [
            {
                "commune_code": c,
                "name": c,
                "departement_code": DEPARTEMENT[c],
                "region_code": "R",
                "epci_code": EPCI[c],
                "population": 100,
                "area_km2": 4.0,
                "lon": i,
                "lat": 45,
                "landmass": "mainland",
            }
            for i, c in enumerate(EPCI)
        ],
    )
    tiny.put(
        "territory_members",
        [dict(zip(("level", "code", "commune_code"), m, strict=True)) for m in members()],
    )
    tiny.put(
        "foreign_places",
        [
            {"level": "foreign", "code": ABROAD, "name": "Genève"},
            {"level": "unknown", "code": UNKNOWN, "name": "?"},
        ],
    )
    territories = {(level, code) for level, code, _ in members()} | {
        ("foreign", ABROAD),
        ("unknown", UNKNOWN),
    }
    tiny.put(
        "territories",
        [
            {"level": lv, "code": c, "name": c, "n_communes": 1, "cog_year": 2026}
            for lv, c in sorted(territories)
        ],
    )
    tiny.source("insee_commuting", extent_kind=extent_kind)
    whole = set(known) == set(EPCI)
    tiny.put(
        "source_extents",
        [
            {
                "source_id": "insee_commuting",
                "commune_code": c,
                "as_row": True,
                "as_column": whole or extent_kind == "closed",
            }
            for c in known
        ],
    )
    tiny.put(
        "census_flows",
        [
            {
                "source_id": "insee_commuting",
                "residence_code": r,
                "other_code": w,
                "people": n,
                "unit_weight": 5.2,
                "year": 2022,
            }
            for (r, w), n in flows.items()
        ],
    )
    steps = ("flows", "places", "networks", "nodes", "place_nodes", "need_coverage")
    tiny.make(*steps, "territory_flows", "unit_weights")
    return tiny


def node(level, place, own=None):
    """The node of a place at a level; around the perimeter `own`, the rest is made of EPCI."""
    if place in (ABROAD, UNKNOWN):
        return ("foreign" if place == ABROAD else "unknown", place)
    if level == "crte":
        return ("crte", own) if own in CRTE[place] else node("epci", place)
    code = {
        "commune": place,
        "epci": EPCI[place],
        "departement": DEPARTEMENT[place],
        "country": "FR",
    }[level]
    return (level, code) if code else ("commune", place)


def expected(flows):
    """(level, code, direction) -> partner -> workers, by going through every flow."""
    seen = defaultdict(lambda: defaultdict(float))
    for (residence, workplace), workers in flows.items():
        for level in ("commune", "epci", "departement", "country", "crte"):
            for direction, own, other in (
                ("depends_on", residence, workplace),
                ("depended_on_by", workplace, residence),
            ):
                if own in (ABROAD, UNKNOWN):
                    continue
                for code in CRTE[own] if level == "crte" else [node(level, own)[1]]:
                    if level != "crte" and node(level, own)[0] != level:
                        continue
                    seen[level, code, direction][node(level, other, code)] += workers
    return seen


places = st.sampled_from([*EPCI, ABROAD, UNKNOWN])
networks = st.dictionaries(
    st.tuples(st.sampled_from(list(EPCI)), places),
    st.floats(0.5, 5000).map(lambda x: round(x, 3)),
    min_size=1,
    max_size=20,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks)
def test_dependencies_of_any_network(flows):
    with tempfile.TemporaryDirectory() as folder:
        rows = world(Tiny(Path(folder)), flows).make("dependencies")
    found = defaultdict(dict)
    for row in rows:
        key = row["level"], row["code"], row["need"], row["direction"]
        found[key][row["partner_level"], row["partner_code"]] = row
    turned = {"depends_on": "depended_on_by", "depended_on_by": "depends_on"}
    wanted = expected(flows)
    assert set(found) == {(lv, c, "jobs", d) for lv, c, d in wanted} | {
        (lv, c, "workers", turned[d]) for lv, c, d in wanted
    }
    for (level, code, direction), partners in wanted.items():
        for need, seen_as in (("jobs", direction), ("workers", turned[direction])):
            ours = found[level, code, need, seen_as]
            own = (level, code)
            assert set(ours) == set(partners) | {own}
            total = sum(partners.values())
            for partner, row in ours.items():
                assert row["quantity"] == pytest.approx(partners.get(partner, 0), abs=1e-5)
                assert row["share"] == pytest.approx(partners.get(partner, 0) / total, abs=1e-6)
                assert (
                    row["low"] <= row["quantity"] + 0.06 and row["quantity"] <= row["high"] + 0.06
                )
            by_rank = sorted(ours.values(), key=lambda row: row["rank"])
            assert [row["rank"] for row in by_rank] == list(range(len(by_rank)))
            assert (by_rank[0]["partner_level"], by_rank[0]["partner_code"]) == own
            assert by_rank[-1]["cumulative_share"] == pytest.approx(1)
            known = [r["quantity"] for r in by_rank[1:] if r["partner_level"] != "unknown"]
            assert known == sorted(known, reverse=True)


FLOWS = {
    ("C1", "C1"): 60.0, ("C1", "C3"): 30.0, ("C1", "C2"): 10.0,
    ("C2", "C3"): 20.0, ("C2", ABROAD): 5.0, ("C3", "C1"): 40.0, ("C5", "C3"): 7.0,
}  # fmt: skip


def value(rows, **where):
    (row,) = [r for r in rows if all(r[k] == v for k, v in where.items())]
    return row["value"]


def test_terms_of_a_known_territory(tiny):
    """E1 (C1, C2): 125 residents work; 70 inside, 50 in E2, 5 abroad."""
    world(tiny, FLOWS)
    terms = tiny.make("indicator_terms")
    at = {"level": "epci", "code": "E1"}
    assert value(terms, term="jobs.demand", **at) == 125
    assert value(terms, term="jobs.internal", **at) == 70
    assert value(terms, term="jobs.external", **at) == 55
    assert value(terms, term="jobs.foreign", **at) == 5
    assert value(terms, term="workers.demand", **at) == 110
    assert value(terms, term="jobs.partner_hhi", **at) == pytest.approx(
        (50 / 55) ** 2 + (5 / 55) ** 2
    )
    assert value(terms, term="jobs.partners_50", **at) == 1
    assert value(terms, term="jobs.partners_80", **at) == 1
    assert value(terms, term="workers.partners_80", **at) == 1


def test_a_territory_without_partner_has_no_concentration(tiny):
    world(tiny, {("C1", "C1"): 60.0})
    terms = tiny.make("indicator_terms")
    at = {"level": "commune", "code": "C1"}
    assert value(terms, term="jobs.partner_hhi", **at) is None
    assert value(terms, term="jobs.effective_partners", **at) == 0
    assert value(terms, term="jobs.partners_50", **at) == 0
    assert value(terms, term="jobs.partner_evenness", **at) is None


def test_outside_the_extent_nothing_is_said(tiny):
    """Residents of C1 and C2 are counted: their needs are known, who comes in is not."""
    world(tiny, {k: v for k, v in FLOWS.items() if k[0] in ("C1", "C2")}, known=("C1", "C2"))
    rows = tiny.make("dependencies")
    assert {(r["need"], r["direction"]) for r in rows} == {
        ("jobs", "depends_on"), ("workers", "depended_on_by"),
    }  # fmt: skip
    assert {r["code"] for r in rows if r["level"] == "epci"} == {"E1"}
    balances = tiny.make("balances")
    assert {r["code"] for r in balances if r["level"] == "epci"} == {"E1"}
    assert all(r["local_supply"] is None for r in balances if r["need"] == "jobs")
    # Two communes of three of the département: published, and said to be partial.
    (coverage,) = {r["coverage"] for r in rows if r["level"] == "departement"}
    assert coverage == pytest.approx(2 / 3)


def test_a_closed_source_does_not_know_who_works_abroad(tiny):
    world(tiny, FLOWS, extent_kind="closed")
    terms = tiny.make("indicator_terms")
    assert value(terms, term="jobs.foreign", level="epci", code="E1") is None


def test_a_balance_nets_what_goes_out_and_comes_in(tiny):
    (row,) = [
        r
        for r in world(tiny, FLOWS).make("balances")
        if (r["level"], r["code"], r["need"]) == ("epci", "E1", "jobs")
    ]
    assert (row["demand"], row["local_supply"], row["net"]) == (125, 110, -15)
    assert row["self_sufficiency"] == 110 / 125
    assert row["low"] < row["net"] < row["high"]


def test_a_territory_without_flow_has_a_need_of_zero(tiny):
    rows = world(tiny, FLOWS).make("balances")
    (row,) = [r for r in rows if (r["level"], r["code"], r["need"]) == ("commune", "C6", "jobs")]
    assert (row["demand"], row["local_supply"], row["self_sufficiency"]) == (0, 0, None)
