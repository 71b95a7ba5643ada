"""From communes to territories: sums, balances, facts, what publishers say, emission factors."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.rows import bounds, by, communes, passage

PEOPLE = {"01001": 600, "01002": 300, "01003": 100}


def territory(tiny, measures, people=PEOPLE):
    """One EPCI of three communes: what it knows of the measures said of them."""
    tiny.put("communes", communes({c: {"population": n} for c, n in people.items()}))
    tiny.put(
        "territory_members", [{"level": "epci", "code": "E", "commune_code": c} for c in people]
    )
    same = {"year": 2025, "unit": "dwelling", "source_id": "lovac", "evidence": "observed"}
    tiny.put("measures", [same | row for row in measures])
    return by(tiny.make("territory_measures"), "measure", "year")


def test_a_territory_knows_its_bounds_and_its_coverage(tiny):
    found = territory(
        tiny,
        [
            {"commune_code": "01001", "measure": "long_vacant_homes", "value": 50},
            {"commune_code": "01002", "measure": "long_vacant_homes", "low": 0, "high": 10},
            {"commune_code": "01001", "measure": "gas_consumption", "value": 8, "low": 8},
            {"commune_code": "01002", "measure": "gas_consumption", "value": 3},
            {"commune_code": "01001", "measure": "dwellings", "value": 7},
            {"commune_code": "01001", "measure": "dwellings", "value": 9, "year": 2020},
            {"commune_code": "01003", "measure": "main_homes", "value": None},
        ],
    )
    vacant = found["long_vacant_homes", 2025]
    assert bounds(vacant) == (50, 50, 60)
    assert vacant["coverage"] == pytest.approx(0.6)
    assert bounds(found["gas_consumption", 2025]) == (11, 11, None)
    assert found["gas_consumption", 2025]["coverage"] == pytest.approx(0.9)
    # Exact: the bounds are the value. Years are never added.
    assert bounds(found["dwellings", 2025]) == (7, 7, 7)
    assert bounds(found["dwellings", 2020]) == (9, 9, 9)
    # Unknown is unknown, however small.
    hidden = found["main_homes", 2025]
    assert (*bounds(hidden), hidden["coverage"]) == (None, 0, None, 0)


@pytest.mark.parametrize(
    ("observed", "modelled", "assumed", "evidence"),
    [
        (100, 0, 0, "observed"),
        (95.1, 4.9, 0, "observed"),
        (95, 5, 0, "modelled"),
        (90, 5.1, 4.9, "modelled"),
        (95.2, 2.4, 2.4, "observed"),
        (94, 3, 3, "modelled"),
        (95, 0, 5, "assumed"),
        # What is produced and what is consumed both weigh.
        (-95, 0, 5, "assumed"),
        (-100, 0, 4.9, "observed"),
        (0, 0, 0, "assumed"),
        (0, 0, None, "modelled"),
        (0, None, None, "observed"),
    ],
)
def test_a_twentieth_of_weaker_evidence_weakens_the_whole(
    tiny, observed, modelled, assumed, evidence
):
    kinds = {"observed": observed, "modelled": modelled, "assumed": assumed}
    found = territory(
        tiny,
        [
            {"commune_code": commune, "measure": "farmland", "value": value, "evidence": kind}
            for commune, (kind, value) in zip(PEOPLE, kinds.items(), strict=True)
            if value is not None
        ],
    )
    assert found["farmland", 2025]["evidence"] == evidence


# A value, its bounds if it has any: exact, partly hidden, wholly hidden.
amount = st.floats(0, 1e5).map(lambda x: round(x, 3))
exact = amount.map(lambda x: (x, None, None))
partial = st.tuples(amount, amount, st.booleans()).map(
    lambda t: (t[0], t[0], t[0] + t[1] if t[2] else None)
)
hidden = st.one_of(st.just(None), amount).map(lambda high: (None, 0, high))


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.one_of(exact, partial, hidden), st.sampled_from("ABC")), min_size=1, max_size=9
    )
)
def test_the_parts_of_a_whole_sum_to_it(tiny, said):
    codes = [f"0100{i}" for i in range(len(said))]
    parts = [(code, epci) for code, (_, epci) in zip(codes, said, strict=True)]
    tiny.put("communes", communes({code: {"population": 10} for code in codes}))
    tiny.put(
        "territory_members",
        [{"level": "epci", "code": epci, "commune_code": code} for code, epci in parts]
        + [{"level": "country", "code": "FR", "commune_code": code} for code in codes],
    )
    same = {"measure": "gas_consumption", "year": 2024, "unit": "mwh", "evidence": "observed"}
    tiny.put(
        "measures",
        [
            same | {"commune_code": code, "value": value, "low": low, "high": high}
            for code, ((value, low, high), _) in zip(codes, said, strict=True)
        ],
    )
    rows = tiny.make("territory_measures")
    (whole,) = [row for row in rows if row["level"] == "country"]
    parts = [row for row in rows if row["level"] == "epci"]
    for column in ("value", "low"):
        assert sum(row[column] or 0 for row in parts) == pytest.approx(whole[column] or 0, abs=1e-5)
    assert (whole["high"] is None) == any(row["high"] is None for row in parts)
    if whole["high"] is not None:
        assert sum(row["high"] for row in parts) == pytest.approx(whole["high"], abs=1e-5)
    for row in rows:
        value = row["value"] or 0
        assert row["low"] <= value + 1e-6
        assert row["high"] is None or value <= row["high"] + 1e-6
    known = sum(value is not None for (value, *_), _ in said)
    assert whole["coverage"] == pytest.approx(known / len(said))


def balanced(tiny, *rows):
    """The balance of each need, from what one EPCI knows."""
    same = {"level": "epci", "code": "E", "evidence": "observed", "coverage": 1.0, "year": 2023}
    tiny.put("territory_measures", [{"support": 1.0} | same | row for row in rows])
    return {need: row for (need,), row in by(tiny.make("balances"), "need").items()}


def of(measure, value, low, high, **known):
    return {"measure": measure, "value": value, "low": low, "high": high, **known}


def test_a_measured_need_is_balanced_with_the_range_of_both_sides(tiny):
    food = balanced(
        tiny,
        of("food_land_need", 40, 30, 43, evidence="assumed", coverage=0.9),
        of("farmland", 50, 48, 55, year=2020, coverage=0.7),
    )["food_land"]
    assert (food["demand"], food["local_supply"], food["net"]) == (40, 50, 10)
    assert food["self_sufficiency"] == 1.25
    assert (food["low"], food["high"]) == (5, 25)
    assert (food["year"], food["years"]) == (2023, "2020+2023")
    assert (food["evidence"], food["coverage"]) == ("assumed", 0.7)
    assert (food["function"], food["unit"]) == ("food", "ha")


def test_one_demand_can_have_two_supplies(tiny):
    found = balanced(
        tiny,
        of("electricity_consumption", 100, 100, None),
        of("electricity_production", 80, 80, 80, evidence="modelled"),
        of("electricity_production_renewable", 30, 30, None),
    )
    assert found["electricity"]["net"] == -20
    # What is consumed has no upper bound, hence no lower bound of the net.
    assert (found["electricity"]["low"], found["electricity"]["high"]) == (None, -20)
    renewable = found["renewable_electricity"]
    assert (renewable["net"], renewable["low"], renewable["high"]) == (-70, None, None)
    assert found["electricity"]["years"] == "2023"
    assert found["electricity"]["evidence"] == "modelled"


def test_a_side_that_is_not_known_leaves_the_net_empty(tiny):
    found = balanced(
        tiny,
        of("aggregates_need", 5, 5, 6),
        of("cropland_need", 5, 5, 6),
        # Known of too few.
        of("farmland_crops", 50, 50, 50, coverage=0.4),
        # Nothing is needed.
        of("gas_consumption", 0, 0, 0),
        of("biomethane_capacity", 9, 9, 9),
        # A supply without a need is no balance.
        of("wood_harvest_energy", 7, 7, 7),
        of("drinking_water_need", None, 0, None),
        of("water_withdrawal_drinking", 4, 4, 4),
    )
    assert set(found) == {"aggregates", "cropland", "gas", "drinking_water"}
    for need in ("aggregates", "cropland"):
        row = found[need]
        assert row["demand"] == 5
        assert {row[name] for name in ("local_supply", "net", "low", "high")} == {None}
    assert (found["gas"]["net"], found["gas"]["self_sufficiency"]) == (9, None)
    water = found["drinking_water"]
    assert (water["local_supply"], water["net"], water["high"]) == (4, None, None)


def test_the_latest_year_that_speaks_for_enough_of_the_territory(tiny):
    food = balanced(
        tiny,
        of("food_land_need", 10, 10, 10),
        of("farmland", 1, 1, 1, year=2010),
        of("farmland", 2, 2, 2, year=2020, coverage=0.5),
        of("farmland", 3, 3, 3, year=2022, coverage=0.49),
    )["food_land"]
    assert (food["local_supply"], food["years"]) == (2, "2020+2023")


def partly(tiny):
    """An EPCI of three communes: all need land, farmland is known of two, the largest apart."""
    people = {"01001": 500, "01002": 300, "01003": 200}
    tiny.put("communes", communes({c: {"population": n} for c, n in people.items()}))
    tiny.put(
        "territory_members", [{"level": "epci", "code": "E", "commune_code": c} for c in people]
    )
    same = {"unit": "ha", "source_id": "agreste_ra2020", "evidence": "observed"}
    need = {"measure": "food_land_need", "year": 2023, **same}
    land = {"measure": "farmland", "year": 2020, **same}
    tiny.put(
        "measures",
        [need | {"commune_code": c, "value": 2 * n, "low": n, "high": 3 * n}
         for c, n in people.items()]
        + [land | {"commune_code": "01001", "value": 400}],
    )  # fmt: skip
    # Inside the extent of the source, which gives nothing for it: none, or a secret.
    tiny.put("silent_measures", [{"commune_code": "01002", "measure": "farmland", "year": 2020}])
    return tiny


def test_what_is_compared_is_of_the_same_communes(tiny):
    partly(tiny).make("territory_measures", "asked_sums", "shared_sums")
    found = by(tiny.get("shared_sums"), "formula", "measure")
    need, land = found["food_land", "food_land_need"], found["food_land", "farmland"]
    # The third commune, outside the extent, is on neither side.
    assert (need["value"], need["low"], need["high"]) == (1600, 800, 2400)
    # What the silent commune holds is unknown: at least so much.
    assert (land["value"], land["low"], land["high"]) == (400, 400, None)
    assert (need["year"], need["coverage"]) == (2023, 0.8)
    assert land["coverage"] == 0.5


def test_a_balance_of_a_part_has_no_bounds_of_the_whole(tiny):
    partly(tiny).make("territory_measures", "asked_sums", "shared_sums")
    food = by(tiny.make("balances"), "need")[("food_land",)]
    assert (food["demand"], food["local_supply"], food["net"]) == (1600, 400, -1200)
    assert (food["self_sufficiency"], food["coverage"]) == (0.25, 0.5)
    assert (food["low"], food["high"]) == (None, None)


def test_a_balance_needs_communes_that_both_sides_speak_of(tiny):
    partly(tiny)
    tiny.put(
        "measures",
        [row for row in tiny.get("measures") if (row["measure"], row["commune_code"])
         != ("food_land_need", "01001")],
    )  # fmt: skip
    tiny.make("territory_measures", "asked_sums", "shared_sums")
    assert ("food_land",) not in by(tiny.make("balances"), "need")


# --- facts ---


def facts(tiny):
    found = by(tiny.make("territory_facts"), "level", "code", "fact")
    return {key: row["value"] for key, row in found.items()}


def test_a_median_is_of_a_commune_that_has_not_changed(tiny):
    tiny.source("insee_income", cog_year=2022)
    tiny.put(
        "commune_passage",
        passage(
            2022, ("01001", "01001", 1), ("01002", "01002", 1), ("01003", "01002", 1),
            ("75056", "75056", 1), ("75101", "75056", 1), ("01004", "01004", 1),
        ),
    )  # fmt: skip
    tiny.put(
        "insee_income",
        [
            {"commune_code": code, "median_income_euro": euro}
            for code, euro in [("01001", 21000), ("01002", 22000), ("01003", 23000),
                               ("75056", 30000), ("75101", 40000), ("01004", None)]
        ],
    )  # fmt: skip
    assert facts(tiny) == {
        ("commune", "01001", "median_income"): 21000, ("commune", "75056", "median_income"): 30000,
    }  # fmt: skip


def test_an_area_counts_once_in_a_territory(tiny):
    tiny.source("inao_aop", cog_year=2026)
    tiny.put(
        "commune_passage",
        passage(2026, *((c, c, 1) for c in ("01001", "01002", "01003")), ("01099", "01002", 1)),
    )
    tiny.put(
        "inao_aop",
        [
            {"commune_code": code, "area_code": area}
            for code, area in [("01001", "1"), ("01001", "2"), ("01002", "2"), ("01099", "3"),
                               ("99999", "4"), ("01099", "2")]
        ],
    )  # fmt: skip
    tiny.put(
        "territory_members",
        [{"level": "epci", "code": "E", "commune_code": c} for c in ("01001", "01002")]
        + [{"level": "commune", "code": c, "commune_code": c} for c in PEOPLE],
    )
    assert facts(tiny) == {
        ("epci", "E", "quality_label_areas"): 3,
        ("commune", "01001", "quality_label_areas"): 2,
        ("commune", "01002", "quality_label_areas"): 2,
        # The list names all communes of an area: the others have none.
        ("commune", "01003", "quality_label_areas"): 0,
    }


def test_without_its_source_nobody_has_no_label(tiny):
    tiny.source("inao_aop", cog_year=2026, status="unavailable")
    tiny.put("territory_members", [{"level": "epci", "code": "E", "commune_code": "01001"}])
    assert facts(tiny) == {}


def test_half_of_the_workers_go_less_far(tiny):
    tiny.put(
        "territory_members",
        [
            {"level": "epci", "code": code, "commune_code": commune}
            for code, commune in [("E", "01001"), ("E", "01002"), ("F", "01003")]
        ],
    )
    tiny.put(
        "need_coverage",
        [
            {"need": "jobs", "level": "epci", "code": code, "direction": "depends_on",
             "coverage": coverage, "is_whole": False}
            for code, coverage in [("E", 1.0), ("F", 0.4)]
        ],
    )  # fmt: skip
    tiny.put(
        "flows",
        [
            {"need": need, "dependent_code": home, "provider_code": work, "quantity": people,
             "distance_km": km, "year": 2022}
            for need, home, work, people, km in [
                ("jobs", "01001", "01001", 30, 2), ("jobs", "01002", "01001", 19, 8),
                ("jobs", "01001", "01003", 2, 20), ("jobs", "01001", "SUC1L", 500, None),
                ("jobs", "01002", "01003", 49, 40), ("workers", "01001", "01003", 900, 70),
                ("jobs", "01003", "01003", 10, 3),
            ]
        ],
    )  # fmt: skip
    # Of a hundred whose distance is known, 49 go 8 km at most, 51 go 20.
    assert facts(tiny) == {("epci", "E", "median_commute_km"): 20}


# --- what publishers say ---


def test_the_totals_of_publishers_are_read_at_every_level(tiny):
    tiny.source("aldo_wood_harvest", year=2018, grain="epci")
    totals = ["l_stay", "tdw", "cars", "carpark", "nor", "tsh", "build_end", "nrg_src"]
    cell = {"rp_measure": "DWELLINGS", "ocs": "_T", "time_period": 2022, "obs_value": 5}
    cell |= dict.fromkeys(totals, "_T") | {"geo": "01", "geo_object": "DEP"}
    tiny.put(
        "insee_housing",
        [
            cell, cell | {"geo": "F", "geo_object": "FRANCE", "obs_value": 90},
            cell | {"geo": "0056", "geo_object": "ZE2020"}, cell | {"cars": "1", "obs_value": 2},
            cell | {"ocs": "DW_VAC", "obs_value": None}, cell | {"geo": "84", "geo_object": "REG"},
        ],
    )  # fmt: skip
    beds = {"geo": "200000001", "geo_object": "EPCI", "activity": "I552", "l_stay": "_T",
            "unit_loc_ranking": "_T", "tour_measure": "BEDPLACE", "time_period": 2025,
            "obs_value": 7}  # fmt: skip
    tiny.put("insee_tourism_capacity", [beds, beds | {"l_stay": "1", "obs_value": 3}])
    tiny.put(
        "aldo_wood_harvest",
        [
            {"siren": siren, "composition": species, "harvest_m3": n, "sawlogs_m3": n / 2}
            for siren, species, n in [
                ("FRANCE", "coniferes", 10), ("FRANCE", "feuillus", 20), ("E", "feuillus", 4),
            ]
        ],
    )  # fmt: skip
    found = by(tiny.make("published_totals"), "level", "code", "measure", "year")
    assert {key: row["value"] for key, row in found.items() if row["value"] is not None} == {
        ("departement", "01", "dwellings", 2022): 5,
        ("country", "FR", "dwellings", 2022): 90,
        ("region", "84", "dwellings", 2022): 5,
        ("epci", "200000001", "other_tourist_beds", 2025): 7,
        ("metropolitan_france", "FM", "wood_harvest", 2018): 30,
        ("metropolitan_france", "FM", "wood_harvest_timber", 2018): 15,
    }


def test_an_emission_factor_has_its_whole_and_what_burns_on_the_way(tiny):
    tiny.put(
        "factor_catalogue",
        [
            {"factor": name, "element_id": id_, "label_fr": "f", "label_en": "e"}
            for name, id_ in [("city_bus", "1"), ("e_bike", "2"), ("coach", "3"), ("cement", "4")]
        ],
    )
    whole = {"line_type": "Elément", "element_type": "Facteur d'émission", "unit_fr": "kgCO2e/km",
             "status": "Valide générique", "uncertainty_percent": 20}  # fmt: skip
    part = whole | {"line_type": "Poste", "unit_fr": None}
    old = {"status": "Archivé"}
    tiny.put(
        "ademe_base_carbone",
        [
            whole | {"element_id": "1", "total": 1.5},
            part | {"element_id": "1", "part_type": "Amont", "total": 0.25},
            part | {"element_id": "1", "part_type": "Combustion", "total": 0.75},
            part | {"element_id": "1", "part_type": "Combustion", "total": 0.5},
            whole | {"element_id": "2", "total": 0.01},
            part | {"element_id": "2", "part_type": "Fabrication", "total": 0.01},
            whole | {"element_id": "3", "total": 9} | old,
            part | {"element_id": "3", "part_type": "Combustion", "total": 9} | old,
            whole | {"element_id": "4", "total": 8, "element_type": "Données source"},
            whole | {"element_id": "5", "total": 7},
        ],
    )
    found = by(tiny.make("emission_factors"), "factor", "scope")
    assert {key: row["value"] for key, row in found.items()} == {
        ("city_bus", "full"): 1.5, ("city_bus", "ttw"): 1.25, ("e_bike", "full"): 0.01,
    }  # fmt: skip
    assert {row["unit"] for row in found.values()} == {"kgCO2e/km"}
