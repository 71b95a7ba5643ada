"""Values that cannot be: a file in its layout, that says nonsense on some lines."""

from collections.abc import Callable

import polars as pl
import pytest

from pipelines.errors import MetabolismeError

from .damage import (
    Cells,
    Change,
    cells,
    damage,
    features,
    repeated,
    sheet,
    with_cell,
    workbook,
)
from .ground import Ground, rejected, tells

FLOWS, FLOW = "insee_commuting", "NBFLUX_C22_ACTOCC15P"
EPCI = "dgcl_epci"
BASE = "insee_comparateur"
CONTOURS = "etalab_commune_contours"
POPULATIONS = "insee_populations"
NOWHERE = "45999"


# --- numbers ---


@pytest.mark.parametrize(
    ("source_id", "column", "value"),
    [
        (FLOWS, FLOW, "-3"),
        (BASE, "SUPERF", "-0.5"),
        (POPULATIONS, "PMUN", "-1"),
    ],
)
def test_a_negative_number(ground: Ground, source_id: str, column: str, value: str) -> None:
    damage(ground.mirror, source_id, cells(with_cell(column, value)))
    rejected(ground, source_id, ".csv", column, "below 0", "line 5", value)


@pytest.mark.parametrize("value", ["douze", "12,5", "1 200", "#N/A", "1e999", "NaN", "inf"])
def test_a_flow_that_is_no_number(ground: Ground, value: str) -> None:
    damage(ground.mirror, FLOWS, cells(with_cell(FLOW, value)))
    rejected(ground, FLOWS, ".csv", FLOW, "line 5", value)


@pytest.mark.parametrize("value", ["douze", "12.6", "1 200", "s"])
def test_a_population_that_is_no_whole_number(ground: Ground, value: str) -> None:
    damage(ground.mirror, POPULATIONS, cells(with_cell("PMUN", value)))
    rejected(ground, POPULATIONS, ".csv", "PMUN", "line 5", value)


def test_a_date_that_is_none(ground: Ground) -> None:
    path = damage(ground.mirror, "insee_cog_movements", cells(with_cell("DATE_EFF", "2019-02-30")))
    rejected(ground, "insee_cog_movements", path.name, "DATE_EFF", "line 5", "2019-02-30")


def test_an_event_without_date(ground: Ground) -> None:
    def change(rows: Cells) -> Cells:
        at = [rows[0].index(name) for name in ("MOD", "TYPECOM_AV", "TYPECOM_AP")]
        merged = ["32", "COM", "COM"]
        line = next(n for n, row in enumerate(rows, 1) if [row[i] for i in at] == merged)
        return with_cell("DATE_EFF", "", line)(rows)

    path = damage(ground.mirror, "insee_cog_movements", cells(change))
    with pytest.raises(MetabolismeError) as caught:
        ground.make("source_files", "insee_cog_movements", "sources", "commune_passage")
    tells(str(caught.value), path.name, "DATE_EFF")


def test_a_flow_without_number_is_not_lost_in_silence(ground: Ground) -> None:
    damage(ground.mirror, FLOWS, cells(with_cell(FLOW, "")))
    rejected(ground, FLOWS, ".csv", FLOW, "line 5")


def test_a_commune_without_population_is_unknown_and_not_empty(ground: Ground) -> None:
    damage(ground.mirror, POPULATIONS, cells(with_cell("PMUN", "")))
    assert ground.read(POPULATIONS)["status"] == "ok"
    ground.make("communes")
    code = ground.table(POPULATIONS)["commune_code"][3]
    assert ground.table("communes").filter(commune_code=code)["population"].to_list() == [None]
    outcome = ground.check("communes")["communes_populated"]
    assert outcome.status == "warned" and code in outcome.message


# --- keys ---


@pytest.mark.parametrize(
    ("source_id", "column"),
    [
        ("insee_cog_communes", "COM"),
        ("insee_cog_departements", "DEP"),
        (POPULATIONS, "COM"),
        (FLOWS, "CODGEO"),
        (FLOWS, "DCLT"),
        (BASE, "CODGEO"),
        ("anct_programmes", "insee_com"),
    ],
)
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_key(ground: Ground, source_id: str, column: str, value: str) -> None:
    damage(ground.mirror, source_id, cells(with_cell(column, value)))
    rejected(ground, source_id, ".csv", column, "empty", "line 5")


@pytest.mark.parametrize(
    "source_id",
    ["insee_cog_communes", POPULATIONS, FLOWS, BASE, "anct_programmes", "insee_foreign_codes"],
)
def test_a_line_twice(ground: Ground, source_id: str) -> None:
    code = ground.table(source_id).row(0)[1 if source_id == "insee_cog_communes" else 0]
    damage(ground.mirror, source_id, cells(repeated))
    if source_id == "insee_foreign_codes":  # no header: the second line is the second code
        code = ground.table(source_id)["foreign_code"][1]
    rejected(ground, source_id, ".csv", "repeats", code, "2 times")


def test_a_line_twice_where_one_has_lost_its_zero(ground: Ground) -> None:
    damage(
        ground.mirror,
        POPULATIONS,
        cells(lambda rows: [*rows, [*rows[1][:6], "1001", *rows[1][7:]]]),
    )
    rejected(ground, POPULATIONS, ".csv", "repeats", "01001")


def test_a_commune_twice_in_a_workbook(ground: Ground) -> None:
    path = damage(ground.mirror, EPCI, workbook(sheet("Epcicom2025", repeated)))
    rejected(ground, EPCI, path.name, "repeats", ground.table(EPCI)["commune_code"][0])


def test_a_zone_twice_in_a_workbook(ground: Ground) -> None:
    damage(ground.mirror, "insee_zonings", workbook(sheet("COM", lambda rows: [*rows, rows[-1]])))
    rejected(ground, "insee_zonings", ".xlsx", "repeats", "2 times")


def test_an_empty_key_in_a_workbook(ground: Ground) -> None:
    path = damage(ground.mirror, EPCI, workbook(sheet("Epcicom2025", with_cell("insee", ""))))
    rejected(ground, EPCI, path.name, "insee", "empty", "line 5")


def test_a_contour_twice(ground: Ground) -> None:
    path = damage(ground.mirror, CONTOURS, features(lambda all_: all_.append(all_[0])))
    rejected(ground, CONTOURS, path.name, "repeats", "01001")


# --- codes that no year knows ---


@pytest.mark.parametrize("column", ["CODGEO", "DCLT"])
def test_an_unknown_commune_in_the_flows(ground: Ground, column: str) -> None:
    damage(ground.mirror, FLOWS, cells(with_cell(column, NOWHERE)))
    assert ground.read(FLOWS)["status"] == "ok"
    ground.make("reported_flows", "census_flows")
    given = ground.table(FLOWS)
    theirs = given.filter(pl.any_horizontal(pl.col("residence_code", "workplace_code") == NOWHERE))
    kept = ground.table("census_flows").filter(source_id=FLOWS)
    ours = kept.filter(pl.any_horizontal(pl.col("residence_code", "other_code") == "XXXXX"))
    # No worker is lost: those of the line stand under the unknown place.
    assert kept["people"].sum() == pytest.approx(given["workers"].sum(), rel=1e-9)
    assert ours["people"].sum() == pytest.approx(theirs["workers"].sum(), abs=1e-6)
    found = ground.check("census_flows")
    assert found["flows_conserved"].status == "passed"
    placed = found["flows_placed"]
    assert placed.status == "warned"
    assert placed.observed == pytest.approx(theirs["workers"].sum(), abs=1e-6)
    tells(placed.message, NOWHERE)


def _stranger(column: str) -> Callable[[Cells], Cells]:
    """One more line, of a commune that does not exist."""

    def change(rows: Cells) -> Cells:
        line = list(rows[1])
        line[rows[0].index(column)] = NOWHERE
        return [*rows, line]

    return change


@pytest.mark.parametrize(
    ("source_id", "change", "made"),
    [
        (EPCI, workbook(sheet("Epcicom2025", _stranger("insee"))), ["communes"]),
        (POPULATIONS, cells(_stranger("COM")), ["communes"]),
        (BASE, cells(_stranger("CODGEO")), ["communes", "insee_comparateur_measures"]),
    ],
    ids=[EPCI, POPULATIONS, BASE],
)
def test_an_unknown_commune_elsewhere_is_told(
    ground: Ground, source_id: str, change: Change, made: list[str]
) -> None:
    """It stops the run or is published as a warning, but it is not passed over in silence."""
    damage(ground.mirror, source_id, change)
    try:
        ground.read(source_id)
        ground.make(*made)
        checked = (source_id, "commune_passage", *made)
        outcomes = [o for name in checked for o in ground.check(name).values()]
    except MetabolismeError as error:
        tells(str(error), NOWHERE)
    else:
        told = [o.message for o in outcomes if o.status in ("warned", "failed")]
        tells(" ".join(told), NOWHERE)


# --- optional sources that lie: the release does without them, it does not stop ---


def test_a_commune_without_contour(ground: Ground) -> None:
    lost: list[object] = []

    def change(all_: list[dict[str, object]]) -> None:
        all_[3]["geometry"] = None
        lost.append(all_[3]["properties"]["code"])  # type: ignore[index]

    damage(ground.mirror, CONTOURS, features(change))
    row = ground.read(CONTOURS)
    ground.make("commune_shapes")
    assert ground.check("commune_shapes")["valid"].status == "passed"
    if row["status"] == "ok":
        ground.make("communes")
        outcome = ground.check("communes")["communes_located"]
        assert outcome.status == "warned" and str(lost[0]) in outcome.message


def test_contours_in_metres(ground: Ground) -> None:
    def change(all_: list[dict[str, object]]) -> None:
        all_[3]["geometry"] = {
            "type": "Polygon",
            "coordinates": [[[652e3, 6862e3], [653e3, 6862e3], [653e3, 6863e3], [652e3, 6862e3]]],
        }

    damage(ground.mirror, CONTOURS, features(change))
    row = ground.read(CONTOURS)
    ground.make("commune_shapes")
    assert ground.check("commune_shapes")["valid"].status == "passed"
    if row["status"] != "ok":
        tells(row["why"], CONTOURS, ".geojson")


def test_more_people_out_of_work_than_at_work(ground: Ground) -> None:
    damage(ground.mirror, BASE, cells(with_cell("P18_CHOM1564", "999999")))
    row = ground.read(BASE)
    ground.make("communes", "insee_comparateur_measures", "measures")
    for name in ("insee_comparateur_measures", "measures"):
        assert ground.check(name)["valid"].status == "passed"
    if row["status"] != "ok":
        tells(row["why"], BASE, ".csv")


@pytest.mark.parametrize("value", ["NaN", "inf"])
def test_an_area_that_is_no_number(ground: Ground, value: str) -> None:
    damage(ground.mirror, BASE, cells(with_cell("SUPERF", value)))
    rejected(ground, BASE, "SUPERF", "line 5")
