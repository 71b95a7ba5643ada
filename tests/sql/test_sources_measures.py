"""Each source's query says what the file says, on its own codes: secrets, totals, filters."""

import pytest

from tests.sql.rows import bounds, by, communes, passage


def said(tiny, source, rows, year=2022, **known):
    """What the query of a source makes of rows of its table: `(code, measure)` to its row.

    The year is a part of the key where there are several.
    """
    tiny.source(source, year=year, **known).put(source, rows)
    found = tiny.make(f"{source}_measures")
    several = len({row["year"] for row in found}) > 1
    keys = ["source_code", "measure", "year"][: 3 if several else 2]
    return by(found, *keys)


def values(found):
    return {key: row["value"] for key, row in found.items()}


# --- food ---


def test_secret_farmland_is_not_zero(tiny):
    found = said(
        tiny,
        "agreste_ra2020",
        [
            {"commune_code": "01001", "farmland_ha": 100, "grassland_ha": 30,
             "cereals_oilseeds_ha": 50, "permanent_crops_ha": 0},
            # Rounded: grassland a hectare above the whole.
            {"commune_code": "01002", "farmland_ha": 8, "grassland_ha": 9},
            {"commune_code": "01003", "farmland_ha": 70, "grassland_ha": None},
            {"commune_code": "01004", "farmland_ha": None, "grassland_ha": 5},
        ],
        year=2020,
    )  # fmt: skip
    assert values(found) == {
        ("01001", "farmland"): 100, ("01001", "farmland_grassland"): 30,
        ("01001", "farmland_cereals_oilseeds"): 50, ("01001", "farmland_permanent_crops"): 0,
        ("01001", "farmland_crops"): 70,
        ("01002", "farmland"): 8, ("01002", "farmland_grassland"): 9,
        ("01002", "farmland_crops"): 0,
        # Either hidden, crops are unknown.
        ("01003", "farmland"): 70,
        ("01004", "farmland_grassland"): 5,
    }  # fmt: skip


def test_the_postal_codes_of_a_commune_add_up(tiny):
    rows = [
        {"year": 2023, "commune_code": "01001", "postal_code": "01000", "organic_ha": 4},
        {"year": 2023, "commune_code": "01001", "postal_code": "01090", "organic_ha": 6},
        {"year": 2023, "commune_code": None, "postal_code": "99999", "organic_ha": 50},
        {"year": 2024, "commune_code": "01001", "postal_code": "01000", "organic_ha": 7},
        {"year": 2024, "commune_code": "01002", "postal_code": "01100", "organic_ha": None},
    ]
    assert values(said(tiny, "agence_bio", rows)) == {
        ("01001", "organic_farmland", 2023): 10,
        ("01001", "organic_farmland", 2024): 7,
        ("01002", "organic_farmland", 2024): None,
    }


def test_water_of_dams_is_not_withdrawn(tiny):
    water = [("AEP", 10), ("IRR", 20), ("IND", 30), ("ENE", 40), ("CAN", 50), ("BAR", 9000)]
    rows = [
        {"installation_code": use, "year": 2023, "commune_code": "01001", "usage_code": use,
         "volume_m3": volume}
        for use, volume in water
    ]  # fmt: skip
    rows += [
        rows[0] | {"installation_code": "second", "volume_m3": 5},
        rows[0] | {"installation_code": "nowhere", "commune_code": None},
        rows[5] | {"installation_code": "dam", "commune_code": "01002"},
    ]
    assert values(said(tiny, "bnpe_withdrawals", rows)) == {
        ("01001", "water_withdrawal"): 155,
        ("01001", "water_withdrawal_drinking"): 15,
        ("01001", "water_withdrawal_irrigation"): 20,
        ("01001", "water_withdrawal_industry"): 30,
        ("01001", "water_withdrawal_cooling"): 40,
    }


def test_a_volume_that_is_not_given_leaves_its_uses_without_an_upper_bound(tiny):
    found = said(
        tiny,
        "bnpe_withdrawals",
        [
            {"installation_code": str(number), "year": 2024, "commune_code": commune,
             "usage_code": use, "volume_m3": volume}
            for number, (commune, use, volume) in enumerate(
                [("01001", "AEP", 10), ("01001", "AEP", None), ("01001", "IRR", 20),
                 ("01002", "IRR", None), ("01003", "IND", 30), ("01003", "BAR", None),
                 ("01004", "CAN", None), ("01005", "BAR", None), ("01006", "ENE", 0),
                 (None, "AEP", None)]
            )
        ],
    )  # fmt: skip
    hidden = (None, 0, None)
    assert {key: bounds(row) for key, row in found.items()} == {
        # Of one use a volume is known and another is not; the other use is exact.
        ("01001", "water_withdrawal"): (30, 30, None),
        ("01001", "water_withdrawal_drinking"): (10, 10, None),
        ("01001", "water_withdrawal_irrigation"): (20, None, None),
        # Unknown, it is no zero.
        ("01002", "water_withdrawal"): hidden, ("01002", "water_withdrawal_irrigation"): hidden,
        # What a dam turbines hides nothing, known or not.
        ("01003", "water_withdrawal"): (30, None, None),
        ("01003", "water_withdrawal_industry"): (30, None, None),
        # A use that is not told apart still counts in the whole.
        ("01004", "water_withdrawal"): hidden,
        # A volume of zero is known.
        ("01006", "water_withdrawal"): (0, None, None),
        ("01006", "water_withdrawal_cooling"): (0, None, None),
    }  # fmt: skip


# --- energy ---


def test_operators_add_up_and_gas_is_apart(tiny):
    rows = [
        {"commune_code": "01001", "filiere": kind, "year": 2024, "category_code": category,
         "consumption_mwh": mwh, "secret_cells": 0}
        for kind, category, mwh in [
            ("Electricité", "RES", 10), ("Electricité", "RES", 4), ("Electricité", "PRO", 5),
            ("Gaz", "RES", 20), ("Gaz", "IND", 30),
        ]
    ]  # fmt: skip
    rows.append(rows[0] | {"commune_code": None, "consumption_mwh": 999})
    found = said(tiny, "ore_consumption", rows)
    assert values(found) == {
        ("01001", "electricity_consumption"): 19,
        ("01001", "electricity_consumption_residential"): 14,
        ("01001", "gas_consumption"): 50,
        ("01001", "gas_consumption_residential"): 20,
    }
    assert {(row["low"], row["high"]) for row in found.values()} == {(None, None)}


def test_a_secret_of_firms_hides_nothing_of_homes(tiny):
    rows = [
        {"commune_code": "01001", "filiere": "Gaz", "year": 2024, "category_code": category,
         "consumption_mwh": mwh}
        for category, mwh in [("RES", 20), ("IND", None)]
    ]  # fmt: skip
    found = said(tiny, "ore_consumption", rows)
    assert bounds(found["01001", "gas_consumption"]) == (20, 20, None)
    assert bounds(found["01001", "gas_consumption_residential"]) == (20, None, None)


def test_kinds_of_power_are_told_apart_and_all_counted(tiny):
    kinds = ["Solaire", "Eolien", "Éolien", "Hydraulique", "Bioénergies", "Nucléaire", "Autre",
             "Thermique non renouvelable", "Géothermie", "Energies marines"]  # fmt: skip
    rows = [
        {"commune_code": "01001", "filiere": kind, "energy_injected_kwh": 1000 * 2**place,
         "capacity_kw": 10 * 2**place}
        for place, kind in enumerate(kinds)
    ]  # fmt: skip
    found = values(said(tiny, "odre_electricity_registry", rows))
    produced = {
        measure.removeprefix("electricity_production").lstrip("_"): value
        for (_, measure), value in found.items()
        if measure.startswith("electricity_production")
    }
    assert produced == {
        "": 2**10 - 1, "renewable": 2**10 - 1 - 32 - 64 - 128, "solar": 1, "wind": 2 + 4,
        "hydro": 8, "bioenergy": 16, "nuclear": 32, "thermal": 128,
        "without_nuclear": 2**10 - 1 - 32,
    }  # fmt: skip
    assert found["01001", "electricity_capacity_wind"] == 60


def test_a_secret_of_one_kind_leaves_the_others_exact(tiny):
    rows = [
        {"commune_code": "01001", "filiere": "Solaire", "energy_injected_kwh": None},
        {"commune_code": "01001", "filiere": "Eolien", "energy_injected_kwh": 8000},
    ]
    found = said(tiny, "odre_electricity_registry", rows)
    assert bounds(found["01001", "electricity_production"]) == (8, 8, None)
    assert bounds(found["01001", "electricity_production_wind"]) == (8, None, None)
    assert bounds(found["01001", "electricity_production_solar"]) == (None, 0, None)


def test_a_network_whose_mix_is_hidden_is_out_of_the_mix(tiny):
    known = {"commune_code": "01001", "year": 2024, "filiere": "C", "delivered_mwh": 80,
             "production_mwh": 100, "biomass_mwh": 50, "geothermal_mwh": 10,
             "waste_mwh": 0}  # fmt: skip
    found = said(
        tiny,
        "sdes_heat_networks",
        [
            known | {"network_id": "1"},
            known | {"network_id": "2", "biomass_mwh": None},
            known | {"network_id": "3", "delivered_mwh": None},
            known | {"network_id": "4", "filiere": "F"},
            known | {"network_id": "5", "commune_code": "01002", "delivered_mwh": None},
            known | {"network_id": "6", "commune_code": "01003"},
        ],
    )
    assert bounds(found["01001", "heat_network_delivery"]) == (160, 160, None)
    assert bounds(found["01001", "heat_network_production"]) == (200, 200, None)
    assert bounds(found["01001", "heat_network_renewable"]) == (120, 120, None)
    assert bounds(found["01002", "heat_network_delivery"]) == (None, 0, None)
    assert bounds(found["01003", "heat_network_delivery"]) == (80, None, None)


def test_wood_of_an_epci_without_the_rows_of_the_whole(tiny):
    rows = [
        {"siren": siren, "composition": species, "harvest_m3": n, "sawlogs_m3": n / 2,
         "industry_wood_m3": n / 4, "fuel_wood_m3": n / 4, "fuel_wood_sold_m3": n / 5,
         "fuel_wood_own_use_m3": n / 20}
        for siren, species, n in [
            ("200000001", "coniferes", 100), ("200000001", "feuillus", 300),
            ("200000002", "feuillus", 20), ("FRANCE", "coniferes", 9e6),
            ("FRANCE", "feuillus", 9e6),
        ]
    ]  # fmt: skip
    found = values(said(tiny, "aldo_wood_harvest", rows, year=2018, grain="epci"))
    assert {code for code, _ in found} == {"200000001", "200000002"}
    assert {m: v for (code, m), v in found.items() if code == "200000001"} == {
        "wood_harvest": 400, "wood_harvest_timber": 200, "wood_harvest_industry": 100,
        "wood_harvest_energy": 100, "wood_harvest_energy_commercial": 80,
        "wood_harvest_energy_own_use": 20, "wood_harvest_conifers": 100,
    }  # fmt: skip
    assert found["200000002", "wood_harvest_conifers"] == 0


def test_the_totals_of_a_forest_are_not_added_to_its_parts(tiny):
    rows = [
        {"siren": "200000001", "composition": composition, "epci_area_ha": area,
         "surface_ha": 10, "growth_m3_per_ha": growth, "removals_m3_per_ha": 2}
        for composition, area, growth in [
            ("total", 50, 5), ("feuillus", 50, 4), ("coniferes", 50, 6),
            # Its part in another région.
            ("total", 20, 7),
        ]
    ]  # fmt: skip
    assert values(said(tiny, "aldo_forest_stock", rows, year=2018, grain="epci")) == {
        ("200000001", "forest_production"): 120, ("200000001", "forest_removals"): 40,
    }  # fmt: skip


def test_land_cover_by_class_without_the_copies_of_islands(tiny):
    cover = {"111": 10, "141": 3, "211": 200, "221": 7, "231": 80, "311": 50, "411": 4, "512": 6}
    rows = [
        {"siren": siren, "clc_code": clc, "surface_ha": ha}
        for siren in ("200000001", "2")
        for clc, ha in cover.items()
    ]
    assert values(said(tiny, "aldo_land_cover", rows, year=2018, grain="epci")) == {
        ("200000001", measure): value
        for measure, value in {
            "land_cover": 360, "land_cover_artificial": 13, "land_cover_agricultural": 287,
            "land_cover_arable": 200, "land_cover_permanent_crops": 7, "land_cover_pastures": 80,
            "land_cover_forest_seminatural": 50, "land_cover_wetlands": 4, "land_cover_water": 6,
            "urban_green_area": 3,
        }.items()
    }  # fmt: skip


def test_an_empty_forest_cell_stays_empty(tiny):
    rows = [{"siren": "200000001", "forest_ha": 12}, {"siren": "200000002"}]
    assert values(said(tiny, "aldo_forest_area", rows, year=2018, grain="epci")) == {
        ("200000001", "forest_area"): 12, ("200000002", "forest_area"): None,
    }  # fmt: skip


# --- cohabit ---

CUBE = ["l_stay", "tdw", "cars", "carpark", "nor", "tsh", "build_end", "nrg_src"]


def housing(**cell):
    return {
        "geo": "01001", "geo_object": "COM", "ocs": "_T", "rp_measure": "DWELLINGS",
        "time_period": 2022, "obs_value": 100, **dict.fromkeys(CUBE, "_T"), **cell,
    }  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [
        *({dimension: "1"} for dimension in CUBE),
        {"geo_object": "EPCI"},
        {"rp_measure": "ROOMS"},
        {"ocs": "DW_OTHER"},
    ],
    ids=lambda cell: "-".join(cell),
)
def test_dwellings_are_the_total_of_every_dimension(tiny, cell):
    found = said(tiny, "insee_housing", [housing(), housing(obs_value=7, **cell)])
    assert values(found) == {("01001", "dwellings"): 100}


def test_dwellings_by_occupation_and_year_without_empty_cells(tiny):
    rows = [
        housing(), housing(ocs="DW_MAIN", obs_value=70), housing(ocs="DW_VAC", obs_value=None),
        housing(ocs="DW_SEC_DW_OCC", obs_value=0), housing(time_period=2017, obs_value=90),
    ]  # fmt: skip
    assert values(said(tiny, "insee_housing", rows)) == {
        ("01001", "dwellings", 2022): 100, ("01001", "main_homes", 2022): 70,
        ("01001", "second_homes", 2022): 0, ("01001", "dwellings", 2017): 90,
    }  # fmt: skip


def test_each_lodging_counts_in_its_own_unit_and_once(tiny):
    rows = [
        {"geo": "01001", "geo_object": level, "activity": activity, "tour_measure": counted,
         "unit_loc_ranking": ranking, "l_stay": stay, "time_period": 2025, "obs_value": n}
        for level, activity, counted, ranking, stay, n in [
            ("COM", "I551", "PLACE", "_T", "_T", 30), ("COM", "I551", "PLACE", "3", "_T", 12),
            ("COM", "I551", "UNIT_LOC", "_T", "_T", 2), ("COM", "I553", "PLACE", "_T", "_T", 80),
            ("COM", "I553", "PLACE", "_T", "1", 60), ("COM", "I552", "BEDPLACE", "_T", "_T", 15),
            ("COM", "I552A", "BEDPLACE", "_T", "_T", 9), ("DEP", "I551", "PLACE", "_T", "_T", 500),
        ]
    ]  # fmt: skip
    rows.append(rows[0] | {"geo": "01002", "obs_value": None})
    assert values(said(tiny, "insee_tourism_capacity", rows)) == {
        ("01001", "hotel_rooms"): 30, ("01001", "camping_pitches"): 80,
        ("01001", "other_tourist_beds"): 15,
    }  # fmt: skip


def test_a_year_that_is_not_over_is_left_out(tiny):
    rows = [
        {"commune_code": "01001", "year": year, "month": month, "dwelling_type": kind,
         "permitted": 2, "begun": 1}
        for kind in ("Tous Logements", "Collectif")
        for year, months in [(2024, 12), (2025, 11)]
        for month in range(1, months + 1)
    ]  # fmt: skip
    assert values(said(tiny, "sitadel", rows)) == {
        ("01001", "dwellings_authorised"): 24, ("01001", "dwellings_started"): 12,
    }  # fmt: skip


# --- work, mobility ---


def test_districts_are_left_out_where_their_commune_is_there(tiny):
    rows = [
        {"commune_code": code, "population": 1000, "active_15_64": 500, "unemployed_15_64": 60}
        for code in ("75056", "75101", "69381", "13216", "01001")
    ]
    rows.append({"commune_code": "01002", "active_15_64": 10})
    assert values(said(tiny, "insee_comparateur", rows)) == {
        (code, measure): value
        for code in ("75056", "01001")
        for measure, value in {"population": 1000, "employed_residents_15_64": 440}.items()
    }
    rows = [{"commune_code": code, "tax_households": 9} for code in ("75056", "75101")]
    rows.append({"commune_code": "01001", "tax_households": None})
    assert values(said(tiny, "insee_income", rows)) == {("75056", "tax_households"): 9}


def asked(tiny, year, rows):
    """Three communes: 01001 is 5 km wide; 01002 is 4.5 km from it by road, 01003 30 km."""
    tiny.put(
        "communes",
        communes(
            {
                code: {"area_km2": area, "lon": lon, "lat": 46}
                for code, area, lon in [
                    ("01001", 25, 5), ("01002", 400, 5.045), ("01003", 9, 5.3),
                    ("01004", 9, 4.94), ("75056", 105, 2.3),
                ]
            }
        ),
    )  # fmt: skip
    same = ["01001", "01002", "01003", "01004", "75056"]
    tiny.put(
        "commune_passage",
        passage(2026, *((code, code, 1) for code in same), ("75101", "75056", 1)),
    )
    rows = [
        {"commune_code": home, "arrondissement_code": district, "workplace_code": work,
         "mode": mode, "weight": weight}
        for home, district, work, mode, weight in rows
    ]  # fmt: skip
    return values(said(tiny, "insee_commuting_detail", rows, year=year))


@pytest.mark.parametrize(("year", "car", "other"), [(2016, "4", "5"), (2017, "5", "4")])
def test_modes_were_five_until_2016(tiny, year, car, other):
    found = asked(
        tiny,
        year,
        [
            ("01001", "ZZZZZ", "01001", "1", 3), ("01001", None, "01001", "2", 4),
            ("01001", "ZZZZZ", "01001", car, 10), ("01001", "ZZZZZ", "01001", other, 20),
        ],
    )  # fmt: skip
    assert found == {
        ("01001", "detailed_commuters"): 37, ("01001", "detailed_commuters_none"): 3,
        ("01001", "detailed_commuters_walk"): 4, ("01001", "detailed_commuters_car"): 10,
        ("01001", "detailed_commuters_located"): 37,
        ("01001", "detailed_car_commuters_short"): 10,
    }  # fmt: skip


def test_a_short_way_by_car_is_of_a_known_distance(tiny):
    found = asked(
        tiny,
        2022,
        [
            ("01001", None, "01001", "5", 1), ("01001", None, "01002", "5", 2),
            ("01001", None, "01003", "5", 4), ("01001", None, "99140", "5", 8),
            # Under 5 km as the crow flies, more by road; a short way, on foot.
            ("01001", None, "01004", "5", 32), ("01001", None, "01001", "2", 64),
            # In a large commune, the mean way is long.
            ("01002", None, "01002", "5", 16),
        ],
    )  # fmt: skip
    assert found["01001", "detailed_car_commuters_short"] == 3
    assert found["01001", "detailed_commuters_located"] == 103
    assert found["01001", "detailed_commuters"] == 111
    assert found["01002", "detailed_car_commuters_short"] == 0
    assert found["01002", "detailed_commuters_located"] == 16


def test_people_of_a_district_are_of_their_district(tiny):
    found = asked(
        tiny,
        2022,
        [("75056", "75101", "75056", "2", 5), ("75056", "75101", "75101", "2", 6)],
    )
    assert {code for code, _ in found} == {"75101"}
    assert found["75101", "detailed_commuters_walk"] == 11
    assert found["75101", "detailed_commuters_located"] == 11


def test_a_carpool_journey_counts_at_both_ends_in_france(tiny):
    rows = [
        {"journey_id": str(number), "start_commune_code": start, "end_commune_code": end}
        for number, (start, end) in enumerate(
            [("01001", "01002"), ("01001", "99140"), (None, "01002"), ("01001", "01001")]
        )
    ]
    found = said(tiny, "rpc_carpool", rows)
    assert {key: bounds(row) for key, row in found.items()} == {
        ("01001", "carpool_journeys_out"): (3, 3, None),
        ("01001", "carpool_journeys_in"): (1, 1, None),
        ("01002", "carpool_journeys_in"): (2, 2, None),
    }


def test_each_side_of_a_street_has_its_cycleway(tiny):
    tiny.put(
        "cycleway_lengths",
        [
            {"section_number": number, "right_commune_code": "01001", "right_facility": right,
             "left_commune_code": left_code, "left_facility": left, "length_km": length}
            for number, (right, left_code, left, length) in enumerate(
                [("PISTE CYCLABLE", "01001", "PISTE CYCLABLE", 2),
                 ("BANDE CYCLABLE", "01002", "Aucun", 3), ("AUCUN", "01002", "VELO RUE", 4),
                 (None, None, "VELO RUE", 5)]
            )
        ],
    )  # fmt: skip
    assert values(said(tiny, "bnac_cycling", [])) == {
        ("01001", "cycleways"): 7, ("01002", "cycleways"): 4,
    }  # fmt: skip
