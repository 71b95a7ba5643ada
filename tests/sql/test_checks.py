"""The checks of measures pass on good rows, and fail on spoiled ones."""

import pytest

from pipelines.catalogue.tables import tables
from pipelines.checking import checks
from tests.sql.rows import passage


def outcome(tiny, id_):
    """What a check finds on the tables written; the others are empty."""
    table = tables()[checks.queries()[id_].table]
    for name in checks.reads(table) | {table.name}:
        if not tiny.store.path(name).exists():
            tiny.store.write_empty(tables()[name])
    (found,) = [one for one in checks.check_table(table, tiny.store) if one.check_id == id_]
    return found


NEW = [id_ for id_ in checks.queries() if id_.split("_")[0] in ("measures", "epci", "points")]


def test_the_checks_of_measures():
    assert set(NEW) == {
        "measures_conserved", "measures_placed", "measures_in_bounds", "epci_conserved",
        "epci_placed", "points_placed",
    }  # fmt: skip


@pytest.mark.parametrize("id_", [*NEW, "published_totals_agree"])
def test_without_rows_no_check_fails(tiny, id_):
    assert outcome(tiny, id_).status in ("passed", "not_applicable")


@pytest.fixture
def placed(tiny):
    """Two communes that have merged since, and what is said of them."""
    tiny.source("lovac", cog_year=2025).source("aldo_forest_area", grain="epci", cog_year=None)
    tiny.put("commune_passage", passage(2025, ("01001", "01001", 1), ("01002", "01001", 1)))
    homes = {"measure": "long_vacant_homes", "year": 2025, "source_id": "lovac"}
    tiny.put(
        "reported_measures",
        [
            homes | {"source_code": "01001", "value": 20},
            homes | {"source_code": "01002", "value": 30.5},
            homes | {"source_code": "01002", "value": None, "year": 2024},
            # Of an EPCI: checked apart.
            {"source_id": "aldo_forest_area", "source_code": "E", "measure": "forest_area",
             "year": 2018, "value": 1000},
        ],
    )  # fmt: skip
    tiny.make("placed_measures")
    return tiny


def respoiled(tiny, name, column, change):
    """Write a table again, one column of its first known value changed."""
    rows = tiny.get(name)
    row = next(row for row in rows if row[column] is not None)
    row[column] = change(row[column])
    tiny.put(name, rows)


def test_nothing_is_lost_between_years(placed):
    good = outcome(placed, "measures_conserved")
    assert (good.status, good.observed, good.expected) == ("passed", 50.5, 50.5)
    respoiled(placed, "placed_measures", "value", lambda value: value + 0.01)
    bad = outcome(placed, "measures_conserved")
    assert (bad.status, bad.severity) == ("failed", "blocking")


def test_a_code_that_leads_nowhere_is_told_and_not_called_lost(placed):
    assert outcome(placed, "measures_placed").observed == 0
    homes = {"measure": "long_vacant_homes", "year": 2025, "source_id": "lovac"}
    strange = [homes | {"source_code": "99999", "value": 7}]
    placed.put("reported_measures", placed.get("reported_measures") + strange)
    assert outcome(placed, "measures_conserved").status == "passed"
    found = outcome(placed, "measures_placed")
    assert (found.status, found.severity) == ("warned", "warning")
    assert found.observed == pytest.approx(1 / 3)
    assert "lovac 99999" in found.message
    assert found.message.startswith("1 codes")


def test_one_code_in_two_hundred_is_not_worth_a_warning(tiny):
    tiny.source("lovac", cog_year=2025)
    codes = [f"{n:05}" for n in range(1001, 1201)]
    tiny.put("commune_passage", passage(2025, *((code, code, 1) for code in codes[1:])))
    homes = {"measure": "long_vacant_homes", "year": 2025, "source_id": "lovac", "value": 1}
    tiny.put("reported_measures", [homes | {"source_code": code} for code in codes])
    found = outcome(tiny, "measures_placed")
    assert (found.status, found.observed) == ("passed", 0.005)


@pytest.fixture
def shared_out(tiny):
    """An EPCI of two communes, one that is gone, and one that has nothing."""
    tiny.source("aldo_forest_area", grain="epci", cog_year=None)
    tiny.put(
        "epci_of_2018",
        [
            {"epci_code": "E", "commune_code": "01001", "area_share": 0.25},
            {"epci_code": "E", "commune_code": "01002", "area_share": 0.75},
        ],
    )
    wood = {"source_id": "aldo_forest_area", "measure": "forest_area", "year": 2018}
    tiny.put(
        "reported_measures",
        [
            wood | {"source_code": "E", "value": 1000.001},
            wood | {"source_code": "GONE", "value": 5},
            wood | {"source_code": "EMPTY", "value": 0},
        ],
    )
    tiny.make("epci_measures")
    return tiny


def test_communes_sum_their_epci_or_the_release_stops(shared_out):
    good = outcome(shared_out, "epci_conserved")
    assert (good.status, good.expected) == ("passed", 1000.001)
    respoiled(shared_out, "epci_measures", "value", lambda value: value * 1.001)
    bad = outcome(shared_out, "epci_conserved")
    assert (bad.status, bad.severity) == ("failed", "blocking")


def test_an_epci_that_is_gone_is_told(shared_out):
    bad = outcome(shared_out, "epci_placed")
    assert (bad.status, bad.severity, bad.observed) == ("warned", "warning", 0.5)
    assert "GONE" in bad.message and "EMPTY" not in bad.message
    rows = shared_out.get("reported_measures")
    shared_out.put("reported_measures", [row for row in rows if row["source_code"] != "GONE"])
    assert outcome(shared_out, "epci_placed").status == "passed"


@pytest.mark.parametrize(("lost", "status"), [(0, "passed"), (1, "passed"), (2, "warned")])
def test_places_without_commune_or_position_are_few(tiny, lost, status):
    tiny.put(
        "points",
        [
            {"source_id": "bnlc", "point_number": number, "measure": "carpool_places",
             "source_code": "01001" if number > 2 else None, "year": 2025}
            for number in range(1, 11)
        ],
    )  # fmt: skip
    tiny.put(
        "located_points",
        [
            {"source_id": source, "point_number": number, "source_code": "01001"}
            # The same number in another source is another place.
            for source, numbers in [("bnlc", range(1 + lost, 3)), ("irve", range(1, 3))]
            for number in numbers
        ],
    )
    found = outcome(tiny, "points_placed")
    assert (found.status, found.observed) == (status, lost / 10)
    assert found.message.startswith(f"{lost} places")


@pytest.mark.parametrize(
    ("value", "low", "high", "status"),
    [
        (5, None, None, "passed"),
        (5, 5, None, "passed"),
        (5, 0, 10, "passed"),
        (None, 0, 10, "passed"),
        (5, 5.1, None, "failed"),
        (5, None, 4.9, "failed"),
    ],
)
def test_a_value_lies_between_its_bounds(tiny, value, low, high, status):
    measure = {"commune_code": "01001", "measure": "gas_consumption", "year": 2024}
    tiny.put("measures", [measure | {"value": value, "low": low, "high": high}])
    assert outcome(tiny, "measures_in_bounds").status == status


@pytest.mark.parametrize(
    ("ours", "coverage", "year", "status"),
    [
        (1004, 1.0, 2022, "passed"),
        (1006, 1.0, 2022, "warned"),
        (994, 1.0, 2022, "warned"),
        # Not all of its communes are known; not the same year.
        (500, 0.6, 2022, "passed"),
        (500, 1.0, 2017, "passed"),
    ],
)
def test_our_sums_are_those_of_publishers(tiny, ours, coverage, year, status):
    dwellings = {"level": "departement", "code": "01", "measure": "dwellings"}
    tiny.put(
        "published_totals",
        [dwellings | {"year": 2022, "value": 1000, "source_id": "insee_housing"}],
    )
    tiny.put(
        "territory_measures", [dwellings | {"year": year, "value": ours, "coverage": coverage}]
    )
    found = outcome(tiny, "published_totals_agree")
    assert (found.status, found.severity) == (status, "warning")
    assert ("departement 01 dwellings 2022" in found.message) == (status == "warned")


# --- references ---


@pytest.mark.parametrize(("code", "status"), [("E1", "passed"), ("E9", "failed")])
def test_a_territory_that_is_named_is_there(tiny, code, status):
    place = {"level": "epci", "name": "n", "n_communes": 1, "cog_year": 2026}
    tiny.put("territories", [place | {"code": "E1"}])
    row = {"level": "epci", "function": "food", "need": "cereals", "unit": "ha", "year": 2020}
    row |= {"years": "2020", "evidence": "observed", "coverage": 1}
    tiny.put("balances", [row | {"code": code}])
    table = tables()["balances"]
    (found,) = [o for o in checks.check_table(table, tiny.store) if o.check_id == "valid"]
    assert found.status == status
    assert ("territories named in level, code are not there" in found.message) == (code == "E9")
