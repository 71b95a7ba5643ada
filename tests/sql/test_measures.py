"""What sources say of communes: secrets, bounds, sums, silence."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import engine
from pipelines.catalogue.tables import tables
from tests.sql.rows import bounds, by, communes, extents, passage

# The tables of a test are written anew by each example.
few = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def test_unknown_energy_is_a_lower_bound_and_storage_is_left_out(tiny):
    tiny.source("odre_electricity_registry", year=2026)
    tiny.put(
        "odre_electricity_registry",
        [
            {"commune_code": "01001", "filiere": "Solaire", "energy_injected_kwh": 5000},
            {"commune_code": "01001", "filiere": "Solaire", "energy_injected_kwh": None},
            {"commune_code": "01002", "filiere": "Hydraulique", "energy_injected_kwh": None},
            {"commune_code": "01002", "filiere": "Stockage non hydraulique",
             "energy_injected_kwh": 9000},
            {"commune_code": "01003", "filiere": "Nucléaire", "energy_injected_kwh": -2000},
        ],
    )  # fmt: skip
    found = by(tiny.make("odre_electricity_registry_measures"), "source_code", "measure")
    solar = found["01001", "electricity_production_solar"]
    assert bounds(solar) == (5, 5, None)
    hydro = found["01002", "electricity_production"]
    assert (hydro["value"], hydro["low"]) == (None, 0)
    assert found["01003", "electricity_production"]["value"] == -2
    assert ("01003", "electricity_production_renewable") not in found


@pytest.mark.parametrize(
    ("cells", "value", "low"),
    [
        ([("RES", 10, 0), ("PRO", 5, 0)], 15, None),
        ([("RES", 10, 0), ("PRO", None, 1)], 10, 10),
        ([("RES", 10, 0), ("PRO", 0, 0)], 10, 10),
        ([("RES", 10, 2), ("PRO", 5, 0)], 15, 15),
        ([("RES", None, 0)], None, 0),
        ([("RES", 0, 0), ("PRO", 0, 0)], None, 0),
    ],
)
def test_a_blank_or_zero_consumption_is_a_secret(tiny, cells, value, low):
    tiny.source("ore_consumption")
    tiny.put(
        "ore_consumption",
        [
            {"commune_code": "01001", "filiere": "Electricité", "year": 2024,
             "category_code": category, "consumption_mwh": mwh, "secret_cells": secret}
            for category, mwh, secret in cells
        ],
    )  # fmt: skip
    found = by(tiny.make("ore_consumption_measures"), "measure")
    row = found[("electricity_consumption",)]
    assert bounds(row) == (value, low, None)


def test_a_secret_vacancy_is_between_zero_and_ten(tiny):
    tiny.source("lovac", year=2025)
    tiny.put(
        "lovac",
        [
            {"commune_code": "01001", "long_vacant": None, "private_dwellings": 300},
            {"commune_code": "01002", "long_vacant": 42},
        ],
    )
    found = by(tiny.make("lovac_measures"), "source_code", "measure")
    secret = found["01001", "long_vacant_homes"]
    assert bounds(secret) == (None, 0, 10)
    known = found["01002", "long_vacant_homes"]
    assert bounds(known) == (42, None, None)
    assert found["01001", "private_dwellings"]["year"] == 2024


def test_land_taken_by_year_use_and_period(tiny):
    tiny.put(
        "cerema_land_take",
        [
            {"commune_code": "33001", "littoral": "C", "kind": kind, "first_year": first,
             "use": use, "last_year": last, "taken_m2": m2, "surface_m2": 1e6,
             "households_2016": 90, "households_2022": 100}
            for kind, first, use, last, m2 in [
                ("naf", "21", "art", "22", 7),
                ("naf", "23", "art", "24", 100), ("art", "23", "hab", "24", 60),
                ("art", "23", "rou", "24", 10), ("art", "23", "fer", "24", 5),
                ("naf", "11", "art", "21", 900), ("naf", "21", "art", "25", 400),
                ("naf", "16", "art", "22", 500), ("naf", "11", "art", "25", 1300),
            ]
        ],
    )  # fmt: skip
    found = by(tiny.make("cerema_land_take_measures"), "measure", "year")
    assert {key: row["value"] for key, row in found.items()} == {
        # A year of the period is no period of its own.
        ("land_take", 2021): 7, ("coastal_land_take", 2021): 7,
        ("land_take", 2023): 100, ("land_take_housing", 2023): 60,
        ("land_take_transport", 2023): 15, ("coastal_land_take", 2023): 100,
        ("land_take_2011_2020", 2020): 900, ("land_take_since_2021", 2024): 400,
        ("land_take_yearly_since_2021", 2024): 100, ("land_take_2016_2021", 2021): 500,
        ("households_gained_2016_2022", 2022): 10,
    }  # fmt: skip


def test_what_is_taken_inland_is_not_coastal(tiny):
    year = {"kind": "naf", "first_year": "23", "use": "art", "last_year": "24", "taken_m2": 9}
    tiny.put(
        "cerema_land_take",
        [
            year | {"commune_code": "81001", "littoral": "NC"},
            # The column is not in every edition.
            year | {"commune_code": "81002", "littoral": None},
        ],
    )
    found = by(tiny.make("cerema_land_take_measures"), "source_code", "measure")
    assert {key: row["value"] for key, row in found.items()} == {
        ("81001", "land_take"): 9, ("81001", "coastal_land_take"): 0, ("81002", "land_take"): 9,
    }  # fmt: skip


def placed(tiny, steps, reported):
    tiny.source("lovac", cog_year=2025).put("commune_passage", passage(2025, *steps))
    tiny.put("reported_measures", [{"source_id": "lovac", **row} for row in reported])
    return by(tiny.make("placed_measures"), "commune_code")


def test_a_secret_part_widens_a_merged_commune(tiny):
    known = {"measure": "long_vacant_homes", "year": 2025}
    found = placed(
        tiny,
        [("01001", "01001", 1), ("01002", "01001", 1), ("15141", "15031", 0.25)],
        [
            {"source_code": "01001", "value": 20, **known},
            {"source_code": "01002", "value": None, "low": 0, "high": 10, **known},
            {"source_code": "15141", "value": 40, **known},
        ],
    )
    merged, split = found[("01001",)], found[("15031",)]
    assert bounds(merged) == (20, 20, 30)
    assert (split["value"], split["evidence"]) == (10, "modelled")


def test_districts_fold_and_a_split_secret_keeps_its_share_of_the_bounds(tiny):
    known = {"measure": "long_vacant_homes", "year": 2025}
    found = placed(
        tiny,
        [("75101", "75056", 1), ("75102", "75056", 1), ("15141", "15031", 0.25),
         ("15141", "15141", 0.75)],
        [
            {"source_code": "75101", "value": 20, **known},
            {"source_code": "75102", "value": 30, **known},
            {"source_code": "15141", "value": None, "low": 0, "high": 10, **known},
            {"source_code": "99999", "value": 7, **known},
        ],
    )  # fmt: skip
    assert set(found) == {("75056",), ("15031",), ("15141",)}
    folded = found[("75056",)]
    assert (folded["value"], folded["low"], folded["evidence"]) == (50, None, "observed")
    assert [found[(code,)]["high"] for code in ("15031", "15141")] == [2.5, 7.5]
    assert found[("15031",)]["value"] is None


def test_a_secret_without_a_bound_leaves_its_merged_commune_without_one(tiny):
    known = {"measure": "electricity_consumption", "year": 2024}
    found = placed(
        tiny,
        [("01001", "01001", 1), ("01002", "01001", 1), ("01003", "01001", 1)],
        [
            {"source_code": "01001", "value": 20, **known},
            {"source_code": "01002", "value": 5, "low": 5, **known},
            {"source_code": "01003", "value": None, "low": 0, "high": 10, **known},
        ],
    )
    merged = found[("01001",)]
    assert bounds(merged) == (25, 25, None)


@few
@given(
    areas=st.lists(st.floats(0.5, 400).map(lambda x: round(x, 2)), min_size=1, max_size=6),
    value=st.floats(0, 1e6).map(lambda x: round(x, 3)),
)
def test_communes_sum_what_is_said_of_their_epci(tiny, areas, value):
    tiny.put("sources", []).source("aldo_wood_harvest", grain="epci", year=2018)
    tiny.put(
        "communes",
        communes({f"0100{i}": {"epci_code": "E", "area_km2": a} for i, a in enumerate(areas)}),
    )
    wood = {"source_id": "aldo_wood_harvest", "measure": "wood_harvest", "year": 2018}
    tiny.put(
        "reported_measures",
        [
            wood | {"source_code": "E", "value": value},
            wood | {"source_code": "GONE", "value": 9},
        ],
    )
    rows = tiny.make("epci_of_2018", "epci_measures")
    assert sum(row["value"] for row in rows) == pytest.approx(value, abs=1e-5)
    assert [row["value"] for row in rows] == pytest.approx(
        [value * area / sum(areas) for area in areas], abs=1e-5
    )
    assert {row["evidence"] for row in rows} == {"modelled"}


def epci(tiny):
    found = tiny.make("epci_of_2018")
    return {(row["epci_code"], row["commune_code"]): row["area_share"] for row in found}


def test_the_epci_of_2018_are_those_of_today_where_nothing_tells_more(tiny):
    tiny.put(
        "communes",
        communes(
            {
                "01001": {"epci_code": "E", "area_km2": 10},
                "01002": {"epci_code": "E", "area_km2": 30},
                "01003": {"epci_code": "F", "area_km2": None},
                # Two islands that were in no EPCI, under one number; one has joined since.
                "29083": {"epci_code": None, "area_km2": 1},
                "29155": {"epci_code": "E", "area_km2": 3},
            }
        ),
    )
    assert epci(tiny) == {
        ("E", "01001"): 0.25, ("E", "01002"): 0.75, ("2", "29083"): 0.25, ("2", "29155"): 0.75,
    }  # fmt: skip


def test_the_composition_of_2018_comes_first_and_through_the_passage(tiny):
    tiny.source("insee_epci", cog_year=2019)
    tiny.put(
        "insee_epci",
        [
            {"commune_code": code, "epci_code": of, "epci_name": "e"}
            for code, of in [("01001", "OLD"), ("01002", "OLD"), ("01003", "OLD"),
                             ("85113", "ZZZZZZZZZ"), ("01005", "ZZZZZZZZZ"), ("01004", "OTHER")]
        ],
    )  # fmt: skip
    tiny.put(
        "commune_passage",
        passage(
            2019, ("01001", "01001", 1), ("01002", "01001", 1), ("01003", "01003", 0.5),
            ("01003", "01004", 0.5), ("01004", "01004", 1), ("85113", "85113", 1),
            ("01005", "01005", 1),
        ),
    )  # fmt: skip
    known = {"epci_code": "TODAY", "area_km2": 10}
    tiny.put(
        "communes", communes(dict.fromkeys(["01001", "01003", "01004", "01005", "85113"], known))
    )
    # 01001 twice (two parts of it were there), halves of 01003 in two communes; an island.
    assert epci(tiny) == pytest.approx(
        {
            ("OLD", "01001"): 20 / 30, ("OLD", "01003"): 5 / 30, ("OLD", "01004"): 5 / 30,
            ("OTHER", "01004"): 1, ("4", "85113"): 1,
        }
    )  # fmt: skip


def contours(tiny, squares):
    """Communes as squares of a degree: code to its south-west corner."""
    rows = " union all ".join(
        f"select '{code}', null, unhex('{_square(*corner)}')" for code, corner in squares.items()
    )
    with engine.connection(tiny.store) as con:
        tiny.store.write(
            con,
            tables()["etalab_commune_contours"],
            f"select * from ({rows}) as t(commune_code, parent_code, geometry)",
        )


def _square(lon, lat):
    import shapely

    return shapely.to_wkb(shapely.box(lon, lat, lon + 1, lat + 1), hex=True)


def test_a_place_is_where_it_says_else_where_its_coordinates_are(tiny):
    tiny.source("bnlc", cog_year=2026).source("etalab_commune_contours", cog_year=2022)
    tiny.put(
        "commune_passage",
        [*passage(2026, ("01001", "01001", 1), ("15141", "15141", 1)),
         *passage(2022, ("01099", "01001", 1), ("15141", "15141", 1))],
    )  # fmt: skip
    contours(tiny, {"01099": (5, 46), "15141": (2, 45)})
    rows = [
        # A code that is one wins over coordinates; a postal code, and none, are no code.
        ("01001", 2.5, 45.5, 10, "true"), ("01000", 5.5, 46.5, 20, None),
        # And the code of a year that is not the file's.
        (None, 2.5, 45.5, 5, None), ("01099", 2.5, 45.5, 2, None),
        # Neither; in no commune; closed; of unknown size.
        ("01000", None, None, 40, None), (None, 9.5, 50.5, 80, None),
        ("01001", None, None, 160, "false"), ("15141", None, None, None, "true"),
    ]  # fmt: skip
    tiny.put(
        "bnlc",
        [
            {"commune_code": code, "longitude": lon, "latitude": lat, "parking_places": places,
             "is_open": is_open}
            for code, lon, lat, places, is_open in rows
        ],
    )  # fmt: skip
    points = tiny.make("points")
    assert sorted(row["value"] or 0 for row in points if row["source_code"] is None) == [
        2, 5, 20, 40, 80,
    ]  # fmt: skip
    assert 160 not in [row["value"] for row in points]
    found = by(tiny.make("located_points", "point_measures"), "commune_code")
    assert found[("01001",)]["value"] == 30
    part = found[("15141",)]
    assert bounds(part) == (7, 7, None)


def test_a_charging_point_declared_twice_is_one(tiny):
    tiny.source("irve", cog_year=2026)
    tiny.put("commune_passage", passage(2026, ("01001", "01001", 1)))
    tiny.put(
        "irve",
        [
            {"point_id": "A", "commune_code": "01001", "coordinates": "[5.25, 46.5]"},
            {"point_id": "A", "commune_code": None, "longitude": 5.5, "latitude": 46.5},
            {"station_id": "B", "commune_code": None, "coordinates": "[5.75, 46.25]"},
            {"commune_code": "01001"},
        ],
    )
    found = tiny.make("points")
    assert [(row["source_code"], row["lon"], row["lat"], row["value"]) for row in found] == [
        # Columns of their own come before the pair in one cell.
        ("01001", 5.5, 46.5, 1),
        (None, 5.75, 46.25, 1),
    ]


def test_an_open_site_counts_with_what_it_can_inject(tiny):
    tiny.source("odre_biomethane", cog_year=2026)
    tiny.put("commune_passage", passage(2026, ("01001", "01001", 1)))
    site = {"commune_code": "01001", "coordinates": "46.5, 5.25", "is_open": "True"}
    tiny.put(
        "odre_biomethane",
        [
            site | {"project_id": "1", "capacity_gwh_per_year": 12.5},
            site | {"project_id": "2", "capacity_gwh_per_year": None},
            site | {"project_id": "3", "capacity_gwh_per_year": 99, "is_open": "False"},
        ],
    )
    points = tiny.make("points")
    assert {(row["lon"], row["lat"]) for row in points} == {(5.25, 46.5)}
    found = by(tiny.make("point_measures"), "measure")
    assert found[("biomethane_sites",)]["value"] == 2
    capacity = found[("biomethane_capacity",)]
    assert bounds(capacity) == (12500, 12500, None)


def test_a_modal_share_becomes_people_and_the_larger_commune_weighs_more(tiny):
    tiny.source("insee_modal_share", cog_year=2024, year=2021)
    tiny.put(
        "insee_modal_share",
        [
            {"commune_code": "01001", "car_percent": 80, "transit_percent": 10,
             "bike_percent": 0, "households_with_car_percent": 90},
            {"commune_code": "01002", "car_percent": 40, "transit_percent": 10, "bike_percent": 0},
            {"commune_code": "01003", "car_percent": None},
            {"commune_code": "01004", "car_percent": 50},
            # Modes are known together, or not at all.
            {"commune_code": "01005", "car_percent": 50, "transit_percent": 20},
        ],
    )  # fmt: skip
    tiny.put(
        "commune_passage",
        passage(
            2024, ("01001", "01001", 1), ("01002", "01001", 1), ("01003", "01003", 1),
            ("01004", "01004", 1), ("01005", "01005", 1),
        ),
    )  # fmt: skip
    workers, homes = "employed_residents_15_64", "main_homes"
    counts = "insee_comparateur"
    tiny.put(
        "insee_comparateur_measures",
        [
            {"source_code": code, "measure": measure, "year": 2018, "value": n}
            for code, measure, n in [("01001", workers, 300), ("01002", workers, 100),
                                     ("01001", homes, 50), ("01003", workers, 70)]
        ],
    )  # fmt: skip
    tiny.put(
        "placed_measures",
        [
            {"commune_code": code, "measure": measure, "year": 2018, "value": n,
             "evidence": "observed", "source_id": source}
            for code, measure, n, source in [
                ("01001", workers, 400, counts), ("01001", homes, 60, counts),
                ("01003", workers, 70, counts), ("01001", homes, 999, "insee_housing"),
                ("01005", workers, 80, counts),
            ]
        ],
    )  # fmt: skip
    found = tiny.make("modal_measures")
    assert {(r["commune_code"], r["measure"]): round(r["value"], 6) for r in found} == {
        # (80 % of 300 and 40 % of 100) of 400, hence 70 %.
        ("01001", "commuters_by_car"): 280, ("01001", "commuters_by_transit"): 40,
        ("01001", "commuters_by_bike"): 0, ("01001", "commuters_asked"): 400,
        ("01001", "households_with_car"): 54, ("01001", "households_asked"): 60,
    }  # fmt: skip
    assert {(row["year"], row["evidence"]) for row in found} == {(2021, "modelled")}


def test_what_people_need_by_convention_and_by_the_mean_of_the_mainland(tiny):
    tiny.source("insee_populations", year=2023)
    tiny.source("aldo_wood_harvest", extent="france-metropolitaine", grain="epci")
    tiny.put(
        "communes",
        communes({"01001": {"population": 100}, "01002": {"population": 300},
                    "97401": {"population": 50}, "01003": {"population": None}}),
    )  # fmt: skip
    tiny.put(
        "epci_measures",
        [
            {"commune_code": code, "measure": measure, "year": 2018, "value": n,
             "evidence": "modelled", "source_id": "aldo_wood_harvest"}
            for code, measure, n in [("01001", "wood_harvest_timber", 10),
                                     ("01002", "wood_harvest_timber", 190),
                                     ("01001", "wood_harvest_energy", 40),
                                     ("01002", "wood_harvest_energy", 0)]
        ],
    )  # fmt: skip
    rows = tiny.make("derived_measures")
    found = {(r["commune_code"], r["measure"]): bounds(r) for r in rows}
    assert found["01001", "food_land_need"] == pytest.approx((40, 30, 43))
    assert found["01001", "grassland_need"] == pytest.approx((16, 12, 17.2))
    assert found["01001", "cropland_need"] == pytest.approx((24, 18, 25.8))
    assert found["01001", "aggregates_need"] == pytest.approx((550, 500, 600))
    assert found["01001", "drinking_water_need"] == (pytest.approx(6750), None, None)
    # 200 m³ for the 400 of the mainland, then for everybody.
    assert found["01001", "construction_wood_need"] == (50, None, None)
    assert found["97401", "construction_wood_need"] == (25, None, None)
    assert found["01002", "wood_energy_need"] == (30, None, None)
    assert "01003" not in {code for code, _ in found}
    assert {(row["year"], row["evidence"]) for row in rows} == {(2023, "assumed")}


def test_no_mean_of_the_mainland_is_drawn_from_a_part_of_it(tiny):
    tiny.source("insee_populations", year=2023)
    tiny.source("aldo_wood_harvest", extent="reg:84", grain="epci")
    tiny.put("communes", communes({"01001": {"population": 100}}))
    tiny.put(
        "epci_measures",
        [{"commune_code": "01001", "measure": "wood_harvest_timber", "year": 2018, "value": 9,
          "evidence": "modelled", "source_id": "aldo_wood_harvest"}],
    )  # fmt: skip
    found = {row["measure"] for row in tiny.make("derived_measures")}
    assert "food_land_need" in found
    assert "construction_wood_need" not in found


def test_nobody_lives_on_the_coast_where_the_law_names_no_commune(tiny):
    tiny.source("insee_populations", year=2023)
    tiny.source("littoral_law", year=2025, cog_year=2025).source("pat_perimeters", year=2025)
    known = {"population": 100}
    tiny.put("communes", communes(dict.fromkeys(["22001", "01001", "97401"], known)))
    tiny.put(
        "commune_passage",
        passage(2025, ("22001", "22001", 1), ("22002", "22001", 1), ("01001", "01001", 1)),
    )
    tiny.put("littoral_law", [{"commune_code": "22002", "shore": "mer"}])
    tiny.put(
        "territory_members", [{"level": "pat", "code": p, "commune_code": "01001"} for p in "ab"]
    )
    tiny.put("source_extents", extents(["22001", "01001"], "littoral_law", "pat_perimeters"))
    rows = [row for row in tiny.make("derived_measures") if row["evidence"] == "observed"]
    found = {(row["commune_code"], row["measure"]): row["value"] for row in rows}
    # In two projects, people still count once; outside the extent nothing is said.
    assert len(found) == len(rows)
    assert found == {
        ("22001", "coastal_population"): 100, ("01001", "coastal_population"): 0,
        ("22001", "pat_population"): 0, ("01001", "pat_population"): 100,
    }  # fmt: skip


def test_silence_is_zero_inside_the_extent_only_and_where_the_catalogue_says_so(tiny):
    energy, farms = "odre_electricity_registry", "agreste_ra2020"
    tiny.source(energy).source(farms)
    tiny.put(
        "source_extents",
        [
            *extents(["81001", "81002"], energy, farms),
            # Complete for those who work there only.
            {"source_id": energy, "commune_code": "81009", "as_row": False, "as_column": True},
        ],
    )
    row = {"commune_code": "81001", "year": 2026, "evidence": "observed", "source_id": energy}
    tiny.put(
        "placed_measures",
        [
            row | {"measure": "electricity_production_wind", "value": 7},
            row | {"measure": "electricity_production_wind", "value": 5, "year": 2025},
            row | {"measure": "electricity_production_solar", "value": None, "low": 0},
            row | {"measure": "farmland", "year": 2020, "value": 9, "source_id": farms},
        ],
    )
    rows = tiny.make("measures")
    found = by(rows, "commune_code", "measure", "year")
    assert len(found) == len(rows)
    assert found["81002", "electricity_production_wind", 2026]["value"] == 0
    assert found["81002", "electricity_production_wind", 2025]["value"] == 0
    assert found["81001", "electricity_production_wind", 2026]["value"] == 7
    # A kind that nobody makes there is zero too; what is unknown stays so.
    assert found["81001", "electricity_production_nuclear", 2026]["value"] == 0
    assert found["81001", "electricity_production_solar", 2025]["value"] == 0
    solar = found["81001", "electricity_production_solar", 2026]
    assert bounds(solar) == (None, 0, None)
    assert {code for code, *_ in found} == {"81001", "81002"}
    assert ("81002", "farmland", 2020) not in found


def members(code, communes_of_it):
    return [{"level": "epci", "code": code, "commune_code": c} for c in communes_of_it]


def test_what_can_be_left_unsaid_at_most_bounds_the_zeros_and_their_sum(tiny):
    water, energy = "bnpe_withdrawals", "odre_electricity_registry"
    tiny.source(water).source(energy)
    told = ["01001", "01002", "01003"]
    tiny.put("communes", communes({c: {"population": 100} for c in [*told, "01009"]}))
    tiny.put("territory_members", [*members("E", [*told, "01009"]), *members("F", told[1:])])
    tiny.put(
        "source_extents",
        [
            *extents(told, water, energy),
            {"source_id": water, "commune_code": "01009", "as_row": False, "as_column": True},
        ],
    )
    row = {"commune_code": "01001", "year": 2024, "evidence": "observed", "source_id": water}
    tiny.put(
        "placed_measures",
        [
            row | {"measure": "water_withdrawal", "value": 50_000},
            row | {"measure": "water_withdrawal_irrigation", "low": 0},
            row | {"measure": "electricity_production_wind", "value": 7, "source_id": energy},
        ],
    )
    found = by(tiny.make("measures"), "measure", "commune_code")
    kinds = ["", "_drinking", "_irrigation", "_industry", "_cooling"]
    unsaid = {(f"water_withdrawal{kind}", commune): (0, 0, 10_000)
              for kind in kinds for commune in told}  # fmt: skip
    # What is declared is as it is, a volume that is not given too; of another use, nothing is.
    declared = {
        ("water_withdrawal", "01001"): (50_000, None, None),
        ("water_withdrawal_irrigation", "01001"): (None, 0, None),
    }
    water_only = {key: bounds(one) for key, one in found.items() if one["source_id"] == water}
    assert water_only == unsaid | declared
    wind = "electricity_production_wind"
    assert bounds(found[wind, "01002"]) == (0, None, None)
    evidence = [found[key]["evidence"] for key in [("water_withdrawal", "01002"), (wind, "01002")]]
    assert evidence == ["assumed", "observed"]

    sums = by(tiny.make("territory_measures"), "measure", "code")
    # Outside the extent a commune bounds nothing.
    assert bounds(sums["water_withdrawal", "E"]) == (50_000, 50_000, 70_000)
    assert sums["water_withdrawal", "E"]["support"] == 0.75
    assert bounds(sums["water_withdrawal_irrigation", "E"]) == (0, 0, None)
    assert bounds(sums["water_withdrawal", "F"]) == (0, 0, 20_000)
    assert sums["water_withdrawal", "F"]["evidence"] == "assumed"
    assert bounds(sums[wind, "E"]) == (7, 7, 7)
    assert (*bounds(sums[wind, "F"]), sums[wind, "F"]["evidence"]) == (0, 0, 0, "observed")


def test_a_source_is_silent_of_what_it_may_hide_inside_its_extent(tiny):
    farms, energy = "agreste_ra2020", "ore_consumption"
    told = ["01001", "01002", "01003"]
    tiny.put(
        "source_extents",
        [
            *extents(told, farms),
            # Inside the extent of another source; complete for those who work there only.
            *extents([*told, "01004"], energy),
            {"source_id": farms, "commune_code": "01005", "as_row": False, "as_column": True},
        ],
    )
    tiny.put(
        "measures",
        [
            {"commune_code": commune, "measure": measure, "year": year, "value": value, "low": low,
             "unit": "ha", "evidence": "observed", "source_id": source}
            for commune, measure, year, value, low, source in [
                ("01001", "farmland", 2020, 400, None, farms),
                # It gives bounds: that is to speak.
                ("01002", "farmland", 2020, None, 0, farms),
                ("01003", "farmland", 2010, 20, None, farms),
                ("01001", "farmland_grassland", 2020, 30, None, farms),
                # Given, though outside the extent.
                ("01006", "farmland_grassland", 2020, 40, None, farms),
                # What is absent is unknown, or zero.
                ("01001", "electricity_consumption", 2024, 5, None, energy),
                ("01001", "gas_consumption", 2024, 8, None, energy),
            ]
        ],
    )  # fmt: skip
    found = by(tiny.make("silent_measures"), "measure", "year", "commune_code")
    assert set(found) == {
        ("farmland", 2020, "01003"),
        ("farmland", 2010, "01001"), ("farmland", 2010, "01002"),
        ("farmland_grassland", 2020, "01002"), ("farmland_grassland", 2020, "01003"),
    }  # fmt: skip


def test_a_silent_commune_is_spoken_of_and_brings_no_value(tiny):
    people = {"01001": 500, "01002": 300, "01003": 150, "01004": 50}
    tiny.put("communes", communes({c: {"population": n} for c, n in people.items()}))
    tiny.put("territory_members", [*members("E", people), *members("SILENT", ["01002", "01003"])])
    # The last commune is outside the extent of the farms.
    tiny.put("source_extents", extents(["01001", "01002", "01003"], "agreste_ra2020"))
    same = {"unit": "ha", "evidence": "observed"}
    land = same | {"measure": "farmland", "year": 2020, "source_id": "agreste_ra2020"}
    need = same | {"measure": "food_land_need", "year": 2023, "source_id": "insee_populations"}
    tiny.put(
        "measures",
        [land | {"commune_code": "01001", "value": 400},
         *(need | {"commune_code": c, "value": 2 * n} for c, n in people.items())],
    )  # fmt: skip
    tiny.make("silent_measures", "territory_measures", "asked_sums", "shared_sums")

    sums = by(tiny.get("territory_measures"), "code", "measure")
    farmland = sums["E", "farmland"]
    assert [farmland[name] for name in ("value", "coverage", "support")] == [400, 0.5, 0.75]
    # A lower bound: what the silent commune holds is unknown.
    assert (farmland["low"], farmland["high"]) == (400, None)
    assert sums["E", "food_land_need"]["support"] == 1
    # All that is hidden is no zero: nothing is said.
    assert ("SILENT", "farmland") not in sums
    shared = by(tiny.get("shared_sums"), "code", "formula", "measure")
    assert {
        (code, measure): (row["value"], row["coverage"])
        for (code, formula, measure), row in shared.items()
        if formula == "food_land"
    } == {("E", "farmland"): (400, 0.5), ("E", "food_land_need"): (1900, 0.95)}
