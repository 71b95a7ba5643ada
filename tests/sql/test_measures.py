"""What sources say of communes: secrets, bounds, sums, silence."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.conftest import Tiny

AT = {"measure": "x", "year": 2020}


def by(rows, *keys):
    return {tuple(row[key] for key in keys): row for row in rows}


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
    assert (solar["value"], solar["low"], solar["high"]) == (5, 5, None)
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
    assert (row["value"], row["low"], row["high"]) == (value, low, None)


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
    assert (secret["value"], secret["low"], secret["high"]) == (None, 0, 10)
    known = found["01002", "long_vacant_homes"]
    assert (known["value"], known["low"], known["high"]) == (42, None, None)
    assert found["01001", "private_dwellings"]["year"] == 2024


def test_land_taken_by_year_use_and_period(tiny):
    tiny.put(
        "cerema_land_take",
        [
            {"commune_code": "33001", "littoral": "C", "kind": kind, "first_year": first,
             "use": use, "last_year": last, "taken_m2": m2, "surface_m2": 1e6,
             "households_2016": 90, "households_2022": 100}
            for kind, first, use, last, m2 in [
                ("naf", "23", "art", "24", 100), ("art", "23", "hab", "24", 60),
                ("art", "23", "rou", "24", 10), ("art", "23", "fer", "24", 5),
                ("naf", "11", "art", "21", 900), ("naf", "21", "art", "25", 400),
                ("naf", "16", "art", "22", 500), ("naf", "11", "art", "25", 1300),
            ]
        ],
    )  # fmt: skip
    found = {(r["measure"], r["year"]): r["value"] for r in tiny.make("cerema_land_take_measures")}
    assert found == {
        ("land_take", 2023): 100, ("land_take_housing", 2023): 60,
        ("land_take_transport", 2023): 15, ("coastal_land_take", 2023): 100,
        ("land_take_2011_2020", 2020): 900, ("land_take_since_2021", 2024): 400,
        ("land_take_yearly_since_2021", 2024): 100, ("land_take_2016_2021", 2021): 500,
        ("households_gained_2016_2022", 2022): 10,
    }  # fmt: skip


def placed(tiny, passage, reported):
    tiny.source("lovac", cog_year=2025)
    tiny.put(
        "commune_passage",
        [
            {"cog_year": 2025, "source_code": old, "commune_code": new, "weight": weight,
             "weight_basis": "whole", "passage": "mapped", "n_successors": 1}
            for old, new, weight in passage
        ],
    )  # fmt: skip
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
    assert (merged["value"], merged["low"], merged["high"]) == (20, 20, 30)
    assert (split["value"], split["evidence"]) == (10, "modelled")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.floats(0.5, 400).map(lambda x: round(x, 2)), min_size=1, max_size=6),
    st.floats(0, 1e6).map(lambda x: round(x, 3)),
)
def test_communes_sum_what_is_said_of_their_epci(areas, value):
    with tempfile.TemporaryDirectory() as folder:
        tiny = Tiny(Path(folder))
        tiny.source("aldo_wood_harvest", grain="epci", year=2018)
        tiny.put(
            "communes",
            [
                {"commune_code": f"0100{i}", "name": "c", "departement_code": "01",
                 "region_code": "84", "epci_code": "E", "area_km2": area, "landmass": "mainland"}
                for i, area in enumerate(areas)
            ],
        )  # fmt: skip
        said = {"source_id": "aldo_wood_harvest", "measure": "wood_harvest", "year": 2018}
        tiny.put(
            "reported_measures",
            [
                said | {"source_code": "E", "value": value},
                said | {"source_code": "GONE", "value": 9},
            ],
        )
        rows = tiny.make("epci_of_2018", "epci_measures")
    assert sum(row["value"] for row in rows) == pytest.approx(value, abs=1e-5)
    assert len(rows) == len(areas)
    assert {row["evidence"] for row in rows} == {"modelled"}


def test_silence_is_zero_inside_the_extent_only_and_where_the_catalogue_says_so(tiny):
    for source in ("odre_electricity_registry", "agreste_ra2020"):
        tiny.source(source)
        tiny.put(
            "source_extents",
            [
                {"source_id": s, "commune_code": c, "as_row": True, "as_column": False}
                for s in ("odre_electricity_registry", "agreste_ra2020")
                for c in ("81001", "81002")
            ],
        )
    tiny.put(
        "placed_measures",
        [
            {"commune_code": "81001", "measure": "electricity_production_wind", "year": 2026,
             "value": 7, "evidence": "observed", "source_id": "odre_electricity_registry"},
            {"commune_code": "81001", "measure": "farmland", "year": 2020, "value": 9,
             "evidence": "observed", "source_id": "agreste_ra2020"},
        ],
    )  # fmt: skip
    found = by(tiny.make("measures"), "commune_code", "measure")
    assert found["81002", "electricity_production_wind"]["value"] == 0
    # A kind that nobody makes there is zero too.
    assert found["81001", "electricity_production_nuclear"]["value"] == 0
    assert ("81002", "farmland") not in found


def test_a_territory_knows_its_bounds_its_coverage_and_its_weakest_evidence(tiny):
    people = {"01001": 600, "01002": 300, "01003": 100}
    tiny.put(
        "communes",
        [
            {"commune_code": c, "name": "c", "departement_code": "01", "region_code": "84",
             "population": n, "landmass": "mainland"}
            for c, n in people.items()
        ],
    )  # fmt: skip
    tiny.put(
        "territory_members", [{"level": "epci", "code": "E", "commune_code": c} for c in people]
    )
    same = {"year": 2025, "unit": "dwelling", "source_id": "lovac", "evidence": "observed"}
    tiny.put(
        "measures",
        [
            {"commune_code": "01001", "measure": "long_vacant_homes", "value": 50, **same},
            {"commune_code": "01002", "measure": "long_vacant_homes", "value": None, "low": 0,
             "high": 10, **same},
            {"commune_code": "01001", "measure": "gas_consumption", "value": 8, "low": 8, **same},
            {"commune_code": "01001", "measure": "dwellings", "value": 96, **same},
            {"commune_code": "01002", "measure": "dwellings", "value": 4,
             **same | {"evidence": "assumed"}},
        ],
    )  # fmt: skip
    found = by(tiny.make("territory_measures"), "measure")
    vacant = found[("long_vacant_homes",)]
    assert (vacant["value"], vacant["low"], vacant["high"]) == (50, 50, 60)
    assert vacant["coverage"] == pytest.approx(0.6)
    gas = found[("gas_consumption",)]
    assert (gas["low"], gas["high"]) == (8, None)
    # Four of a hundred assumed: not enough to weaken the whole.
    assert found[("dwellings",)]["evidence"] == "observed"
    assert found[("dwellings",)]["coverage"] == pytest.approx(0.9)


def test_a_measured_need_is_balanced_with_the_range_of_both_sides(tiny):
    row = {"level": "epci", "code": "E", "evidence": "observed", "coverage": 1.0}
    tiny.put(
        "territory_measures",
        [
            row | {"measure": "food_land_need", "year": 2023, "value": 40, "low": 30, "high": 43},
            row | {"measure": "farmland", "year": 2020, "value": 50, "low": 50, "high": 50},
            row | {"measure": "aggregates_need", "year": 2023, "value": 5, "low": 5, "high": 6},
        ],
    )
    found = by(tiny.make("balances"), "need")
    food = found[("food_land",)]
    assert (food["demand"], food["local_supply"], food["net"]) == (40, 50, 10)
    assert (food["low"], food["high"], food["years"]) == (7, 20, "2020+2023")
    aggregates = found[("aggregates",)]
    assert (aggregates["demand"], aggregates["local_supply"], aggregates["net"]) == (5, None, None)
