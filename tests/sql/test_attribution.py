"""Who serves whom where nobody counts it: sides, parts, emissions, and the whole chain."""

import math
from collections import defaultdict

import pytest

from pipelines.catalogue.words import attributions, parameter_values
from pipelines.ledger import attribution
from tests.sql.rows import by, communes


def near(value):
    """Equal, but for quantities kept with six decimals."""
    return pytest.approx(value, rel=1e-6, abs=1e-4)


# --- the places ---


def test_a_place_is_an_epci_or_a_commune_that_belongs_to_none(tiny):
    tiny.put(
        "communes",
        communes({
            "01001": {"epci_code": "E1", "population": 300},
            "01002": {"epci_code": "E1", "population": None},
            "01003": {"population": 7},
            "2A001": {"epci_code": "E2", "population": 50, "landmass": "corse"},
            "97101": {"landmass": "97101"},
        }),
    )  # fmt: skip
    same = {"name": "t", "n_communes": 1, "cog_year": 2026}
    tiny.put(
        "territories",
        [
            same | {"level": level, "code": code, "lon": lon, "lat": 45, "area_km2": area}
            for level, code, lon, area in [
                ("epci", "E1", 5, 20), ("epci", "E2", 9, 4), ("commune", "01001", 1, 1),
                ("commune", "01002", 2, 1), ("commune", "01003", 3, 9), ("commune", "2A001", 4, 1),
                ("commune", "97101", None, None), ("departement", "E1", 8, 8),
            ]
        ],
    )  # fmt: skip
    found = by(tiny.make("zones"), "zone_code")
    assert {
        code: (row["level"], row["landmass"], row["lon"], row["area_km2"], row["population"])
        for (code,), row in found.items()
    } == {
        "E1": ("epci", "mainland", 5, 20, 300),
        "E2": ("epci", "corse", 9, 4, 50),
        "01003": ("commune", "mainland", 3, 9, 7),
        "97101": ("commune", "97101", None, None, 0),
    }


def zones(tiny, people):
    tiny.put(
        "zones",
        [
            {"zone_code": code, "level": "epci", "landmass": "mainland", "lon": 1, "lat": 45,
             "area_km2": 9, "population": n}
            for code, n in people.items()
        ],
    )  # fmt: skip


def known(tiny, *rows):
    """What zones know: (measure, zone, coverage), or more by name."""
    same = {"level": "epci", "evidence": "observed", "support": 1.0, "year": 2020, "value": 1}
    tiny.put(
        "territory_measures",
        [
            same | dict(zip(("measure", "code", "coverage"), row[:3], strict=True)) | dict(*row[3:])
            for row in rows
        ],
    )


LAND, COVER = "farmland_cereals_oilseeds", "land_cover_arable"


@pytest.mark.parametrize(
    ("said", "measure", "year", "share"),
    [
        # The first that speaks for 80 % of the people, even if another speaks for more.
        ([(LAND, "A", 1.0), (COVER, "A", 1.0), (COVER, "B", 1.0)], LAND, 2020, 0.8),
        # It does not: the next.
        ([(LAND, "A", 0.99), (COVER, "A", 1.0), (COVER, "B", 1.0)], COVER, 2020, 1.0),
        # A zone that is half unknown is not known at all.
        ([(LAND, "A", 1.0), (LAND, "B", 0.49)], LAND, 2020, 0.8),
        ([(LAND, "A", 1.0), (LAND, "B", 0.5)], LAND, 2020, 0.9),
        # None does: the one that is known for most.
        ([(LAND, "B", 1.0), (COVER, "A", 0.6)], COVER, 2020, 0.48),
        ([(LAND, "B", 1.0), (COVER, "B", 1.0)], LAND, 2020, 0.2),
        # The latest year that speaks for enough; years are never added.
        (
            [(LAND, "A", 1.0), (LAND, "B", 1.0), (LAND, "A", 1.0, {"year": 2023}),
             (LAND, "B", 1.0, {"year": 2024})],
            LAND, 2023, 0.8,
        ),
        ([(LAND, "A", 0.6), (LAND, "B", 1.0, {"year": 2024})], LAND, 2020, 0.48),
        # Of another level than the zone's.
        ([(LAND, "A", 1.0, {"level": "departement"})], LAND, None, 0),
        ([], LAND, None, 0),
    ],
)  # fmt: skip
def test_a_side_is_known_by_the_first_measure_that_speaks_for_enough(
    tiny, said, measure, year, share
):
    zones(tiny, {"A": 800, "B": 200})
    known(tiny, *said)
    found = by(tiny.make("attribution_sides"), "need", "side")
    assert set(found) == {(need, side) for need in attributions() for side in ("demand", "supply")}
    row = found["cereals", "supply"]
    assert (row["measure"], row["year"]) == (measure, year)
    assert row["known_share"] == pytest.approx(share)
    assert row["is_enough"] == (share >= 0.8)
    assert found["cereals", "demand"]["measure"] == "cereals_need"
    assert not found["cereals", "demand"]["is_enough"]


def sides(tiny, *enough, year=2020):
    """Sides of needs, and whether each is known for enough: (need, demand, supply)."""
    names = {
        "cereals": ("cereals_need", LAND),
        "wood_energy": ("wood_energy_need", "wood_harvest_energy"),
    }
    tiny.put(
        "attribution_sides",
        [
            {"need": need, "side": side, "measure": measure, "known_share": 0.9, "is_enough": is_ok,
             "year": year + (side == "demand")}
            for need, *oks in enough
            for side, measure, is_ok in zip(("demand", "supply"), names[need], oks, strict=True)
        ],
    )  # fmt: skip


def test_what_each_place_needs_and_makes(tiny):
    zones(tiny, {"A": 800, "B": 200, "C": 5, "D": 5, "E": 5})
    sides(tiny, ("cereals", True, True), ("wood_energy", True, False))
    need = {"year": 2021}
    known(
        tiny,
        ("cereals_need", "A", 1.0, need | {"value": 40}), (LAND, "A", 0.5, {"value": 30}),
        ("cereals_need", "B", 1.0, need | {"value": 10}), (LAND, "B", 1.0, {"value": 0}),
        # Of another year, of too few, unknown, of one side, of no zone.
        (LAND, "A", 1.0, {"value": 99, "year": 2019}),
        ("cereals_need", "C", 1.0, need), (LAND, "C", 0.49),
        ("cereals_need", "D", 1.0, need), (LAND, "D", 1.0, {"value": None}),
        ("cereals_need", "E", 1.0, need),
        ("cereals_need", "01", 1.0, need | {"level": "departement"}),
        (LAND, "01", 1.0, {"level": "departement"}),
        ("wood_energy_need", "A", 1.0, need), ("wood_harvest_energy", "A", 1.0),
    )  # fmt: skip
    same = {"unit": "ha", "evidence": "observed", "commune_code": "01001"}
    tiny.put(
        "measures",
        [
            same | {"measure": "cereals_need", "year": 2021, "source_id": "insee_populations"},
            same | {"measure": LAND, "year": 2020, "source_id": "agreste_ra2020"},
            same | {"measure": LAND, "year": 2019, "source_id": "aldo_land_cover"},
        ],
    )
    assert tiny.make("zone_sides") == [
        {"need": "cereals", "zone_code": code, "level": "epci", "demand": demand, "supply": supply,
         "year": 2021, "source_id": "agreste_ra2020"}
        for code, demand, supply in [("A", 40, 30), ("B", 10, 0)]
    ]  # fmt: skip


@pytest.mark.parametrize("oks", [(True, False), (False, True), (False, False)])
def test_one_side_alone_attributes_nothing(tiny, oks):
    zones(tiny, {"A": 1})
    sides(tiny, ("cereals", *oks))
    known(tiny, ("cereals_need", "A", 1.0, {"year": 2021}), (LAND, "A", 1.0))
    same = {
        "unit": "ha",
        "evidence": "observed",
        "commune_code": "01001",
        "source_id": "aldo_wood_harvest",
    }
    tiny.put("measures", [same | {"measure": LAND, "year": 2020}])
    assert tiny.make("zone_sides") == []


def test_a_place_is_shared_out_as_its_communes_need_and_make(tiny):
    of = {"01001": "A", "01002": "A", "01003": "B", "01004": None}
    tiny.put("communes", communes({code: {"epci_code": epci} for code, epci in of.items()}))
    sides(tiny, ("cereals", True, True))
    same = {"need": "cereals", "level": "epci", "demand": 1, "supply": 1, "year": 2021,
            "source_id": "aldo_wood_harvest"}  # fmt: skip
    tiny.put("zone_sides", [same | {"zone_code": code} for code in ("A", "B", "01004")])
    said = {"unit": "ha", "evidence": "observed", "source_id": "aldo_wood_harvest"}
    tiny.put(
        "measures",
        [
            said | {"commune_code": code, "measure": measure, "year": year, "value": value}
            for code, need, made in [("01001", 30, 2), ("01002", 10, 6), ("01003", 5, 0),
                                     ("01004", 1, 4)]
            for measure, year, value in [("cereals_need", 2021, need), (LAND, 2020, made),
                                         (LAND, 2019, 50)]
        ],
    )  # fmt: skip
    members = {
        ("epci", "A"): ["01001", "01002"], ("epci", "B"): ["01003"], ("country", "FR"): list(of),
        ("departement", "D"): ["01001", "01003"], ("departement", "F"): ["01002", "01004"],
        ("aav", "V"): ["01002"], ("crte", "K"): ["01001", "01002"], ("crte", "L"): ["01002"],
    }  # fmt: skip
    tiny.put(
        "territory_members",
        [
            {"level": level, "code": code, "commune_code": commune}
            for (level, code), list_ in members.items()
            for commune in list_
        ]
        + [{"level": "commune", "code": code, "commune_code": code} for code in of],
    )
    rows = tiny.make("zone_parts")
    found = by(rows, "level", "code", "zone_code")
    assert {key: (row["demand_share"], row["supply_share"]) for key, row in found.items()} == {
        ("epci", "A", "A"): (1, 1), ("epci", "B", "B"): (1, 0),
        ("country", "FR", "A"): (1, 1), ("country", "FR", "B"): (1, 0),
        ("country", "FR", "01004"): (1, 1), ("departement", "D", "A"): (0.75, 0.25),
        ("departement", "D", "B"): (1, 0), ("departement", "F", "A"): (0.25, 0.75),
        ("departement", "F", "01004"): (1, 1), ("aav", "V", "A"): (0.25, 0.75),
        ("crte", "K", "A"): (1, 1), ("crte", "L", "A"): (0.25, 0.75),
    }  # fmt: skip
    for level in ("departement", "country"):
        for zone in ("A", "01004"):
            parts = [r for r in rows if (r["level"], r["zone_code"]) == (level, zone)]
            assert sum(row["demand_share"] for row in parts) == pytest.approx(1)
            assert sum(row["supply_share"] for row in parts) == pytest.approx(1)


# --- emissions of commuting ---


def factors(tiny, **values):
    """Emission factors: name=(full, ttw)."""
    same = {"unit": "u", "element_id": "1", "label_fr": "f", "label_en": "e", "status": "valid"}
    tiny.put(
        "emission_factors",
        [
            same
            | {"factor": name, "scope": scope, "value": value, "source_id": "aldo_wood_harvest"}
            for name, both in values.items()
            for scope, value in zip(("full", "ttw"), both, strict=True)
            if value is not None
        ],
    )
    return tiny


def modes(tiny, said):
    """Modes of commuters: commune to (asked, by car, by transit)."""
    same = {"year": 2022, "evidence": "observed", "source_id": "insee_modal_share"}
    names = ("commuters_asked", "commuters_by_car", "commuters_by_transit")
    tiny.put(
        "modal_measures",
        [
            same | {"commune_code": code, "measure": name, "value": value}
            for code, counts in said.items()
            for name, value in zip(names, counts, strict=True)
            if value is not None
        ],
    )


ROAD = {"car_vehicle_km": (0.256, 0.161), "city_bus": (0.122, 0.0873)}


def test_a_kilometre_to_work_is_that_of_the_modes(tiny):
    factors(tiny, **ROAD, suburban_train_idf=(0.01, None), e_bike=(9, 9), coach=(9, 9))
    tiny.put(
        "communes",
        communes({code: {"region_code": "11" if code[0] == "7" else "84"}
                  for code in ("01001", "01002", "01003", "01004", "75056")}),
    )  # fmt: skip
    modes(
        tiny,
        {
            "01001": (100, 50, 20),
            "75056": (100, 10, 60),
            "01002": (80, 0, 0),
            "01003": (0, 0, 0),
            "01004": (100, None, 20),
            "99999": (10, 10, 0),
        },
    )
    found = by(tiny.make("commute_factors"), "commune_code")
    assert {code: (r["full_kg_per_km"], r["ttw_kg_per_km"]) for (code,), r in found.items()} == {
        "01001": pytest.approx((0.5 * 0.256 + 0.2 * 0.122, 0.5 * 0.161 + 0.2 * 0.0873)),
        # By train, which burns nothing on the way.
        "75056": pytest.approx((0.1 * 0.256 + 0.6 * 0.01, 0.1 * 0.161)),
        "01002": (0, 0),
    }


def test_without_factors_nothing_is_said(tiny):
    tiny.put("communes", communes({"01001": {}}))
    modes(tiny, {"01001": (100, 50, 20)})
    assert tiny.make("commute_factors") == []


@pytest.mark.parametrize("missing", ["car_vehicle_km", "city_bus"])
def test_without_one_of_the_factors_nothing_is_said(tiny, missing):
    factors(
        tiny, suburban_train_idf=(0.01, None), **{k: v for k, v in ROAD.items() if k != missing}
    )
    tiny.put("communes", communes({"01001": {}}))
    modes(tiny, {"01001": (100, 50, 20)})
    assert tiny.make("commute_factors") == []


def test_without_a_scope_the_other_is_said(tiny):
    factors(tiny, car_vehicle_km=(0.256, None), city_bus=(0.122, None))
    tiny.put("communes", communes({"01001": {}}))
    modes(tiny, {"01001": (100, 50, 20)})
    (row,) = tiny.make("commute_factors")
    assert row["full_kg_per_km"] == pytest.approx(0.1524)
    assert row["ttw_kg_per_km"] is None


def test_a_flow_of_commuters_emits_on_the_way_there_and_back(tiny):
    """One degree of latitude is 111.195 km: places stand on one meridian."""
    degree, area = 111.195, {"area_km2": 100.0, "lon": 2.0}
    at = {"01001": 45.0, "01002": 45.1, "01003": 45.7, "2A001": 45.2}
    tiny.put(
        "communes",
        communes({code: area | {"lat": lat} for code, lat in at.items()}
                 | {"2A001": area | {"lat": 45.2, "landmass": "corse"}}),
    )  # fmt: skip
    tiny.put(
        "commute_factors",
        [{"commune_code": "01001", "full_kg_per_km": 0.2, "ttw_kg_per_km": 0.1}],
    )
    same = {"unit_weight": 5.2, "year": 2022, "people": 10}
    pairs = [("01001", "01001"), ("01001", "01002"), ("01001", "01003"), ("01001", "2A001"),
             ("01001", "SUC1L"), ("01002", "01001")]  # fmt: skip
    tiny.put(
        "census_flows",
        [
            same | {"source_id": source, "residence_code": home, "other_code": other}
            for source in ("insee_commuting", "insee_school_commuting", "insee_residential_moves")
            for home, other in pairs
        ],
    )
    rows = tiny.make("flows")
    jobs = by([r for r in rows if r["need"] == "jobs"], "provider_code", "dependent_code")
    own, next_door, far = 1.3 * 0.511 * 10, 1.3 * degree / 10, 1.3 * degree * 0.7
    for place, km in (("01001", own), ("01002", next_door)):
        row = jobs[place, "01001"]
        assert row["distance_km"] == pytest.approx(km, abs=0.06)
        yearly = 10 * 2 * 4 * 52 * row["distance_km"]
        assert row["ghg_kgco2e"] == pytest.approx(yearly * 0.2, abs=0.06)
        assert row["ghg_ttw_kgco2e"] == pytest.approx(yearly * 0.1, abs=0.06)
    # Not every day; by sea; abroad; from a commune whose modes nobody knows.
    assert jobs["01003", "01001"]["distance_km"] == pytest.approx(far, abs=0.06)
    assert far > 100
    for key in [("01003", "01001"), ("2A001", "01001"), ("SUC1L", "01001"), ("01001", "01002")]:
        assert (jobs[key]["ghg_kgco2e"], jobs[key]["ghg_ttw_kgco2e"]) == (None, None), key
    assert jobs["2A001", "01001"]["distance_km"] is None
    # The same people seen from the other end emit the same.
    workers = by([r for r in rows if r["need"] == "workers"], "provider_code", "dependent_code")
    for (provider, dependent), row in jobs.items():
        assert workers[dependent, provider]["ghg_kgco2e"] == row["ghg_kgco2e"]
    others = [row for row in rows if row["need"] in ("study", "housing", "residents")]
    assert {row["need"] for row in others} == {"study", "housing", "residents"}
    assert {(row["ghg_kgco2e"], row["ghg_ttw_kgco2e"]) for row in others} == {(None, None)}


def test_attributed_flows_are_modelled_between_epci(tiny):
    flow = {"need": "wood_energy", "provider_code": "A", "dependent_code": "B", "quantity": 5.0,
            "low": 2.0, "high": 9.0, "distance_km": 30.0, "ghg_kgco2e": 4.0, "ghg_ttw_kgco2e": 3.0,
            "year": 2021, "source_id": "aldo_wood_harvest"}  # fmt: skip
    tiny.put("attributed_flows", [flow])
    assert tiny.make("flows") == [
        flow
        | {"function": "energy", "unit": "m3", "evidence": "modelled", "method": "gravity",
           "unit_weight": None, "grain": "epci"}
    ]  # fmt: skip


# --- a whole country ---

# Commune -> EPCI, département, aav, landmass, east, north (tenths of a degree), then what it needs
# and makes of wood, of electricity.
COUNTRY = {
    "01001": ("E1", "01", "V", "mainland", 0, 0, (90, 10), (500, 20)),
    "01002": ("E1", "01", None, "mainland", 1, 1, (30, 40), (100, 300)),
    "01003": ("E2", "01", "V", "mainland", 6, 2, (20, 70), (150, 0)),
    "02001": ("E3", "02", None, "mainland", 3, 9, (15, 20), (80, 900)),
    "02002": ("E3", "02", None, "mainland", 5, 10, (5, 60), (20, 50)),
    "02003": ("E4", "02", None, "mainland", 22, 4, (60, 0), (300, 10)),
    "01004": (None, "01", None, "mainland", 14, 7, (2, 8), (9, 4)),
    "2A001": ("E5", "2A", None, "corse", 60, -30, (30, 12), (70, 40)),
    "2A002": ("E6", "2A", None, "corse", 63, -34, (10, 4), (30, 90)),
}
PERIMETERS = {
    "cut": ["01001", "02001"],
    "twin": ["02001", "02002"],
    "pair": ["01001", "01002", "01003"],
    "far": ["02003", "2A001"],
}
NEEDS = {
    "wood_energy": ("wood_energy_need", "wood_harvest_energy", "m3"),
    "electricity": ("electricity_consumption", "electricity_production", "mwh"),
}
MEMBERS = (
    [("commune", code, code) for code in COUNTRY]
    + [("country", "FR", code) for code in COUNTRY]
    + [("custom", name, code) for name, codes in PERIMETERS.items() for code in codes]
    + [
        (level, row[column], code)
        for column, level in enumerate(("epci", "departement", "aav"))
        for code, row in COUNTRY.items()
        if row[column]
    ]
)
ZONE = {code: row[0] or code for code, row in COUNTRY.items()}
ISLAND = {"E5", "E6"}
WORLD, ELSEWHERE = ("foreign", "ROW"), ("elsewhere", "FRXXX")


def both(code, need):
    """What a commune needs and makes."""
    return COUNTRY[code][6 if need == "wood_energy" else 7]


def total(codes, need):
    """What communes need and make."""
    return [sum(both(code, need)[side] for code in codes) for side in (0, 1)]


def members_of(level, code):
    return [commune for lv, c, commune in MEMBERS if (lv, c) == (level, code)]


def country(tiny, changes=None):
    """The tables upstream; `changes`: (commune, measure) to its value."""
    tiny.put(
        "communes",
        communes({
            code: {"epci_code": row[0], "departement_code": row[1], "landmass": row[3],
                   "lon": 2 + row[4] / 10, "lat": 45 + row[5] / 10, "area_km2": 60.0,
                   "population": 100 + row[6][0]}
            for code, row in COUNTRY.items()
        }),
    )  # fmt: skip
    tiny.put(
        "territory_members",
        [dict(zip(("level", "code", "commune_code"), m, strict=True)) for m in MEMBERS],
    )
    rows = []
    for level, code in sorted({(level, code) for level, code, _ in MEMBERS}):
        inside = [COUNTRY[commune] for commune in members_of(level, code)]
        rows.append(
            {"level": level, "code": code, "name": code, "n_communes": len(inside),
             "cog_year": 2026, "area_km2": 60.0 * len(inside),
             "lon": 2 + sum(row[4] for row in inside) / len(inside) / 10,
             "lat": 45 + sum(row[5] for row in inside) / len(inside) / 10}
        )  # fmt: skip
    rows += [
        {"level": level, "code": code, "name": code, "n_communes": 0, "cog_year": 2026}
        for level, code in (WORLD, ELSEWHERE)
    ]
    tiny.put("territories", rows)
    said = {
        (code, measure): value
        for need, (*measures, _) in NEEDS.items()
        for code in COUNTRY
        for measure, value in zip(measures, both(code, need), strict=True)
    } | (changes or {})
    unit = {measure: unit for (*measures, unit) in NEEDS.values() for measure in measures}
    tiny.put(
        "measures",
        [
            {"commune_code": code, "measure": measure, "year": 2022, "value": value,
             "unit": unit[measure], "evidence": "observed", "source_id": "aldo_wood_harvest"}
            for (code, measure), value in said.items()
        ],
    )  # fmt: skip
    factors(tiny, truck_articulated=(0.08, 0.06))
    tiny.make("territory_measures", "zones", "attribution_sides", "zone_sides", "zone_parts")
    tiny.make("attribution_factors")
    return tiny


# As published; and so that much is merged.
SETTINGS = {
    "ours": {},
    "merged": {"kept_share": 0.5, "partner_share": 0.25, "partners_listed": 1},
}


@pytest.fixture
def unmerged(monkeypatch):
    """Every flow is named, however small."""
    changed = parameter_values() | {"kept_share": 0, "partner_share": 0}
    monkeypatch.setattr(attribution, "parameter_values", lambda: changed)


@pytest.fixture(params=SETTINGS)
def merging(request, monkeypatch):
    changed = parameter_values() | SETTINGS[request.param]
    monkeypatch.setattr(attribution, "parameter_values", lambda: changed)
    return request.param


def partners(tiny):
    """(need, level, code, direction) to partner to row."""
    found = defaultdict(dict)
    for row in tiny.make("attributed_partners"):
        key = row["need"], row["level"], row["code"], row["direction"]
        assert (row["partner_level"], row["partner_code"]) not in found[key]
        found[key][row["partner_level"], row["partner_code"]] = row
    return found


def quantities(rows):
    return {partner: row["quantity"] for partner, row in rows.items()}


def test_flows_give_all_that_each_place_makes_and_take_all_it_needs(tiny, merging):
    flows = country(tiny).make("attributed_flows")
    given, taken = defaultdict(float), defaultdict(float)
    for row in flows:
        given[row["need"], row["provider_code"]] += row["quantity"]
        taken[row["need"], row["dependent_code"]] += row["quantity"]
        assert row["low"] <= row["quantity"] <= row["high"]
        assert row["quantity"] > 0
        inland = {row["provider_code"], row["dependent_code"]} <= {*ZONE.values()}
        if inland:
            assert row["low"] <= 0.35 * row["quantity"] + 1e-6
            assert row["high"] >= 1.65 * row["quantity"] - 1e-6
        if "ROW" in (row["provider_code"], row["dependent_code"]):
            assert row["high"] - row["low"] < 0.002
            assert row["distance_km"] is None
            assert row["ghg_kgco2e"] is None
        else:
            assert row["distance_km"] > 0
    for need in NEEDS:
        for zone in set(ZONE.values()):
            needed, made = total([c for c, z in ZONE.items() if z == zone], need)
            assert given[need, zone] == near(made)
            assert taken[need, zone] == near(needed)
    merged = sum(row["quantity"] for row in flows if row["provider_code"] == "FRXXX")
    all_ = sum(given.values())
    assert merged > 0.02 * all_ if merging == "merged" else merged < 0.001 * all_


def test_flows_do_not_cross_the_sea(tiny):
    flows = country(tiny).make("attributed_flows")
    for row in flows:
        ends = {row["provider_code"], row["dependent_code"]} - {"ROW", "FRXXX"}
        assert ends <= ISLAND or not ends & ISLAND, row
    # What a landmass lacks is imported, and what it has left is exported.
    world = {
        (row["need"], row["provider_code"], row["dependent_code"]): row["quantity"]
        for row in flows
        if "ROW" in (row["provider_code"], row["dependent_code"])
    }
    # Wood: 222 needed and 208 made on the mainland, 40 and 16 on the island.
    assert world["wood_energy", "ROW", "E4"] == near(60 * (1 - 208 / 222))
    assert world["wood_energy", "ROW", "E5"] == near(30 * (1 - 16 / 40))
    assert not [key for key in world if key[0] == "wood_energy" and key[2] == "ROW"]
    # Electricity: the island makes 130 and needs 100, of which 2.7 come from abroad all the same.
    assert world["electricity", "ROW", "E5"] == near(70 * 0.027)
    assert world["electricity", "E6", "ROW"] == near(90 * (1 - 97.3 / 130))


def test_wood_is_carried_and_electricity_is_not(tiny):
    for row in country(tiny).make("attributed_flows"):
        road = row["distance_km"] is not None
        if row["need"] == "wood_energy" and road:
            tonne_km = row["quantity"] * row["distance_km"] * 0.9
            # Distances are kept with one decimal.
            slack = row["quantity"] * 0.05 * 0.9 * 0.08 + 0.06
            assert row["ghg_kgco2e"] == pytest.approx(tonne_km * 0.08, abs=slack)
            assert row["ghg_ttw_kgco2e"] == pytest.approx(tonne_km * 0.06, abs=slack)
        else:
            assert (row["ghg_kgco2e"], row["ghg_ttw_kgco2e"]) == (None, None)


def test_partners_give_all_that_a_territory_needs(tiny, merging):
    found = partners(country(tiny))
    seen = {(level, code) for _, level, code, _ in found}
    assert seen == {(level, code) for level, code, _ in MEMBERS if level != "commune"}
    for (need, level, code, direction), rows in found.items():
        needed, made = total(members_of(level, code), need)
        due = needed if direction == "depends_on" else made
        assert sum(quantities(rows).values()) == near(due), (need, level, code, direction)
        for (partner_level, partner), row in rows.items():
            assert row["low"] <= row["quantity"] <= row["high"]
            kinds = {"foreign", "elsewhere", level} | ({"epci", "commune"} & {level, "epci"})
            if level == "custom":
                kinds |= {"epci", "commune"}
            assert partner_level in kinds
            assert partner_level != "custom" or partner == code
            located = 0 if partner == "ROW" else row["quantity"]
            assert row["located_quantity"] == located
    for need in NEEDS:
        country_rows = quantities(found[need, "country", "FR", "depends_on"])
        assert set(country_rows) == {("country", "FR"), WORLD}


def test_on_whom_one_depends_is_who_depends_on_it(tiny):
    found = partners(country(tiny))
    pairs = 0
    for (need, level, code, direction), rows in found.items():
        if direction != "depends_on" or level == "custom":
            continue
        for (partner_level, partner), row in rows.items():
            # Who meets nothing of its need itself says so, and may make nothing.
            if partner_level == level and row["quantity"] > 0:
                seen = found[need, level, partner, "depended_on_by"][level, code]
                for name in ("quantity", "low", "high", "quantity_km", "ghg_kgco2e"):
                    if row[name] is None:
                        assert seen[name] is None, name
                    else:
                        assert seen[name] == pytest.approx(row[name], rel=1e-6, abs=0.11), name
                pairs += partner != code
    assert pairs > 20


def test_between_epci_partners_are_the_flows(tiny, unmerged):
    tiny = country(tiny)
    flows = by(tiny.make("attributed_flows"), "need", "provider_code", "dependent_code")
    found = partners(tiny)
    compared = 0
    for (need, provider, dependent), flow in flows.items():
        for own, partner, direction in (
            (dependent, provider, "depends_on"),
            (provider, dependent, "depended_on_by"),
        ):
            rows = found.get((need, "epci", own, direction), {})
            if partner[0] == "E" and rows:
                row = rows["epci", partner]
                for name in ("quantity", "low", "high"):
                    assert row[name] == pytest.approx(flow[name], rel=1e-6, abs=2e-3)
                compared += 1
            elif partner == "ROW" and rows:
                assert rows[WORLD]["quantity"] == near(flow["quantity"])
    assert compared > 20
    # A commune of no EPCI is elsewhere, seen from an EPCI.
    (lone,) = [row for key, row in flows.items() if key == ("wood_energy", "01004", "E1")]
    elsewhere = found["wood_energy", "epci", "E1", "depends_on"][ELSEWHERE]
    assert elsewhere["quantity"] == near(lone["quantity"])


def shared_out(flows, need, level_codes):
    """Quantity between the communes of two territories: each place is shared out among its own."""
    providers, dependents = level_codes

    def part(zone, inside, side):
        everyone = [c for c, z in ZONE.items() if z == zone]
        whole = total(everyone, need)[side]
        return total([c for c in everyone if c in inside], need)[side] / whole if whole else 0

    return sum(
        row["quantity"]
        * part(row["provider_code"], providers, 1)
        * part(row["dependent_code"], dependents, 0)
        for row in flows
        if row["need"] == need
        and not {"ROW", "FRXXX"} & {row["provider_code"], row["dependent_code"]}
    )


def test_a_perimeter_has_its_part_of_the_places_it_cuts(tiny, unmerged):
    tiny = country(tiny)
    flows = tiny.make("attributed_flows")
    found = partners(tiny)
    for need in NEEDS:
        for level, code in (
            ("custom", "cut"),
            ("custom", "far"),
            ("departement", "01"),
            ("aav", "V"),
        ):
            own = members_of(level, code)
            rows = quantities(found[need, level, code, "depends_on"])
            assert rows.get((level, code), 0) == near(shared_out(flows, need, (own, own)))
            back = quantities(found[need, level, code, "depended_on_by"])
            assert back.get((level, code), 0) == near(rows.get((level, code), 0))
        # What is left of an EPCI that is cut is a partner.
        cut = members_of("custom", "cut")
        rest = [c for c, z in ZONE.items() if z == "E1" and c not in cut]
        rows = quantities(found[need, "custom", "cut", "depends_on"])
        assert rows["epci", "E1"] == near(shared_out(flows, need, (rest, cut)))
        lone = quantities(found[need, "custom", "cut", "depends_on"])["commune", "01004"]
        assert lone == near(shared_out(flows, need, (["01004"], cut)))
        aav = quantities(found[need, "aav", "V", "depends_on"])
        assert set(aav) == {("aav", "V"), ELSEWHERE, WORLD}


def test_a_perimeter_made_of_an_epci_is_that_epci(tiny, merging):
    found = partners(country(tiny))
    for need in NEEDS:
        for direction in ("depends_on", "depended_on_by"):
            twin = found[need, "custom", "twin", direction]
            epci = found[need, "epci", "E3", direction]
            for name in ("quantity", "low", "high", "quantity_km"):
                assert twin["custom", "twin"][name] == near(epci["epci", "E3"][name])
            if WORLD in epci:
                assert twin[WORLD]["quantity"] == near(epci[WORLD]["quantity"])
            else:
                assert WORLD not in twin
            others = [
                sum(row["quantity"] for (level, code), row in rows.items()
                    if level != own and (level, code) not in ((own, "E3"), WORLD))
                for rows, own in ((twin, "custom"),)
            ]  # fmt: skip
            theirs = sum(
                row["quantity"]
                for partner, row in epci.items()
                if partner not in (("epci", "E3"), WORLD)
            )
            assert others == [near(theirs)]
            if merging == "ours":
                for (level, code), row in epci.items():
                    if level == "epci" and code != "E3":
                        assert twin[level, code]["quantity"] == near(row["quantity"])


def test_two_epci_together_no_longer_exchange(tiny):
    found = partners(country(tiny))
    for need in NEEDS:
        for direction in ("depends_on", "depended_on_by"):
            pair = quantities(found[need, "custom", "pair", direction])
            one, two = (quantities(found[need, "epci", e, direction]) for e in ("E1", "E2"))
            inside = sum(rows.get(("epci", e), 0) for rows in (one, two) for e in ("E1", "E2"))
            assert pair["custom", "pair"] == near(inside)
            assert not {("epci", "E1"), ("epci", "E2")} & set(pair)
            for other in ("E3", "E4"):
                due = one.get(("epci", other), 0) + two.get(("epci", other), 0)
                assert pair.get(("epci", other), 0) == near(due)


def test_models_say_how_far_and_how_well(tiny):
    tiny = country(tiny)
    found = by(tiny.make("attribution_models"), "need", "model")
    flows = tiny.get("attribution_factors")
    assert {row["need"] for row in flows} == set(NEEDS)
    for need in NEEDS:
        gravity = found[need, "gravity"]
        assert gravity["status"] == "used"
        assert gravity["n_zones"] == len(set(ZONE.values()))
        needed, made = total(COUNTRY, need)
        assert (gravity["demand_total"], gravity["supply_total"]) == (needed, made)
        km = {model: row["mean_km"] for (n, model), row in found.items() if n == need}
        assert km["gravity_near"] <= km["gravity"] <= km["gravity_far"]
        assert km["least_cost"] < km["gravity"] < km["proportional"]
        assert {found[need, model]["status"] for model in ("least_cost", "proportional")} == {
            "bound"
        }
        assert all(row["margin_error"] < 1e-6 for (n, _), row in found.items() if n == need)
    wood = found["wood_energy", "gravity"]
    assert wood["imported_share"] == pytest.approx((14 + 24) / 262)
    assert wood["exported_share"] == pytest.approx(0, abs=1e-9)
    assert wood["mean_km"] == pytest.approx(wood["target_km"], rel=0.03)
    # Borrowed from commuting: no distance is aimed at.
    electricity = {m: found["electricity", m] for m in ("gravity", "gravity_near", "gravity_far")}
    assert {row["target_km"] for row in electricity.values()} == {None}
    decay = electricity["gravity"]["decay_per_km"]
    law = 0.3028016 * ((2 * 120 + 5 * 60) / 7) ** -0.1665103
    assert decay == pytest.approx(0.85 * law / 1.3)
    assert electricity["gravity_near"]["decay_per_km"] == pytest.approx(1.5 * decay)
    assert electricity["gravity_far"]["decay_per_km"] == pytest.approx(decay / 1.5)
    # All others say why they are not attributed.
    for need in set(attributions()) - set(NEEDS):
        row = found[need, "gravity"]
        assert row["status"] == "not_attributed"
        word, side = ("supply", "supply") if row["known_demand"] else ("need", "demand")
        assert f"The {word} ({row[f'{side}_measure']}) is known for 0 %" in row["why_en"]
        assert f"({row[f'{side}_measure']})" in row["why_fr"]


@pytest.mark.parametrize(
    "side", ["wood_harvest_energy", "wood_energy_need"], ids=["no supply", "no need"]
)
def test_where_nobody_makes_or_needs_anything_it_is_said(tiny, side):
    tiny = country(tiny, {(code, side): 0 for code in COUNTRY})
    row = by(tiny.make("attribution_models"), "need", "model")["wood_energy", "gravity"]
    assert row["status"] == "not_attributed"
    assert "nothing to attribute" in row["why_en"]
    assert {flow["need"] for flow in tiny.make("attributed_flows")} == {"electricity"}
    assert {need for need, *_ in partners(tiny)} == {"electricity"}


def test_a_plant_that_consumes_more_than_it_makes_silences_nobody(tiny):
    """Registers have negative productions; the others still serve who needs."""
    tiny = country(tiny, {("02003", "electricity_production"): -1})
    rows = by(tiny.make("attribution_models"), "need", "model")
    assert rows["electricity", "gravity"]["status"] == "used"
    for (need, model), row in rows.items():
        if need == "electricity":
            numbers = ("mean_km", "own_share", "margin_error", "imported_share", "exported_share")
            assert all(math.isfinite(row[name]) for name in numbers), model
            assert row["margin_error"] < 1e-6, model
    given, taken = defaultdict(float), defaultdict(float)
    for flow in tiny.make("attributed_flows"):
        assert flow["quantity"] > 0
        if flow["need"] == "electricity":
            given[flow["provider_code"]] += flow["quantity"]
            taken[flow["dependent_code"]] += flow["quantity"]
    assert taken["E1"] == near(600)
    assert given["E3"] == near(950)
    assert given["E4"] == 0


def test_dependencies_tell_all_partners_of_a_territory(tiny):
    tiny = country(tiny)
    tiny.make("attributed_flows", "attributed_partners", "flows", "foreign_places", "places")
    tiny.make("networks", "nodes", "place_nodes", "need_coverage", "territory_flows")
    rows = [row for row in tiny.make("unit_weights", "dependencies") if row["need"] in NEEDS]
    found = defaultdict(list)
    for row in rows:
        found[row["level"], row["code"], row["need"], row["direction"]].append(row)
    given = partners(tiny)
    assert {(need, level, code, direction) for level, code, need, direction in found} == set(given)
    for (level, code, need, direction), ranked in found.items():
        ranked.sort(key=lambda row: row["rank"])
        mine = given[need, level, code, direction]
        assert {(r["partner_level"], r["partner_code"]): r["quantity"] for r in ranked} == (
            quantities(mine)
        )
        assert sum(row["share"] for row in ranked) == pytest.approx(1)
        assert ranked[-1]["cumulative_share"] == pytest.approx(1)
        own = [row["rank"] for row in ranked if row["partner_code"] == code]
        assert own in ([], [0])
        assert {row["evidence"] for row in ranked} == {"modelled"}
        assert {row["coverage"] for row in ranked} == {1.0}
        assert [row["partner_code"] for row in ranked[:-1]].count("FRXXX") == 0
        carried = [row for row in ranked if row["ghg_kgco2e"] is not None]
        assert bool(carried) == (need == "wood_energy" and any(
            row["partner_code"] != "ROW" for row in ranked))  # fmt: skip
