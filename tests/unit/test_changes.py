"""What differs between two small releases is found, each thing once; and judged, or not."""

import json

import duckdb
import pytest

from pipelines.errors import MetabolismeError, UsageError
from pipelines.release import changes
from pipelines.release.changes import Asked, ColumnChange, RowChange, compare, none_before
from pipelines.release.changes_page import markdown, record
from pipelines.release.drift import judge
from pipelines.release.versions import find
from tests.small import COMMUNES, EPCI, INDICATOR, MEASURE, records, small_release, source


@pytest.fixture
def differ(tmp_path):
    """Compare a release with one that a function has changed; give back what is not the same."""

    def compared(change, first=None):
        before, after = first or records(), records()
        change(after)
        return compare(
            small_release(tmp_path / "before", before), small_release(tmp_path / "after", after)
        )

    return compared


def rewrite(path, query):
    """Put what a query makes of a Parquet file in its place."""
    with duckdb.connect() as con:
        file = f"'{path}'"
        con.execute(f"create table changed as {query.format(file)}")
        con.execute(f"copy changed to '{path}' (format parquet)")


def row(content, table, **named):
    (found,) = (r for r in content[table] if named.items() <= r.items())
    return found


def without(content, table, *codes):
    content[table] = [r for r in content[table] if not {*codes} & {*r.values()}]


# --- each kind of change ---


def test_the_same_release_twice(differ):
    found = differ(lambda content: None)
    assert found.is_empty and found.same_request
    assert judge(found).compared and not judge(found).passed
    assert "Rien" in markdown(found, judge(found))


def test_the_same_rows_in_other_bytes(tmp_path):
    before = small_release(tmp_path / "before", records())
    after = small_release(tmp_path / "after", records())
    rewrite(after / "indicators.parquet", "select * from {} order by random()")
    assert compare(before, after).is_empty


def test_a_first_release(tmp_path):
    found = none_before(small_release(tmp_path, records()))
    assert found.before is None and found.asked == Asked(sample=False, cog_year=2026)
    assert not judge(found).compared
    assert record(found, judge(found))["before"] is None
    assert "Première version" in markdown(found, judge(found))


def test_tables_that_come_and_go(tmp_path):
    before = small_release(tmp_path / "before", records())
    after = small_release(tmp_path / "after", records())
    (before / "checks.parquet").rename(before / "old_table.parquet")
    found = compare(before, after)
    assert (found.tables_added, found.tables_removed) == (["checks"], ["old_table"])


def test_columns_that_come_go_and_change_type(tmp_path):
    before = small_release(tmp_path / "before", records())
    after = small_release(tmp_path / "after", records())
    rewrite(
        after / "territories.parquet",
        "select * exclude lon replace (n_communes::double as n_communes), 1 as rank from {}",
    )
    found = compare(before, after)
    assert found.columns == [
        ColumnChange("territories", "lon", "DOUBLE", None),
        ColumnChange("territories", "n_communes", "BIGINT", "DOUBLE"),
        ColumnChange("territories", "rank", None, "INTEGER"),
    ]
    # The type that changes is told once, and not of every row.
    assert found.rows == []


def test_rows_by_key(differ):
    def change(content):
        without(content, "measures", "01001", "01002", "01003")
        content["measures"].append(content["measures"][0] | {"year": 2024})
        content["measures"][1]["value"] = 7.0

    assert differ(change).rows == [RowChange("measures", 120, 118, added=1, removed=3, changed=1)]


def test_a_key_that_is_partly_empty(tmp_path):
    said = {
        "function": "work",
        "level": "epci",
        "code": "*",
        "reason_fr": "r",
        "reason_en": "r",
    }
    before = records() | {"not_measured": [said, said | {"need": "jobs"}]}
    after = records() | {"not_measured": [said, said | {"need": "study"}]}
    found = compare(
        small_release(tmp_path / "before", before), small_release(tmp_path / "after", after)
    )
    assert found.rows == [RowChange("not_measured", 2, 2, added=1, removed=1, changed=0)]


def test_many_rows_are_counted_only(differ, monkeypatch):
    monkeypatch.setattr(changes, "MATCHED_ROWS", 119)
    found = differ(lambda content: without(content, "measures", "01001"))
    assert found.rows == [RowChange("measures", 120, 119, None, None, None)]
    assert "rapprochées" in markdown(found, judge(found))


def test_a_table_of_which_no_key_is_known_is_counted_only(tmp_path):
    for side in ("before", "after"):
        folder = small_release(tmp_path / side, records())
        rewrite(folder / "checks.parquet", f"select *, '{side}' as side from {{}}")
        (folder / "checks.parquet").rename(folder / "another.parquet")
    found = compare(tmp_path / "before", tmp_path / "after")
    assert found.rows == [RowChange("another", 1, 1, None, None, None)]


def test_sources(differ):
    def change(content):
        row(content, "sources", source_id="dgcl_epci").update(vintage="2027", sha256="1" * 64)
        row(content, "sources", source_id="insee_populations").update(extent="reg:11")
        row(content, "sources", source_id="lovac").update(status="ok")
        content["sources"].append(source("irve"))

    found = {(one.source_id, one.what): (one.before, one.after) for one in differ(change).sources}
    assert found == {
        ("dgcl_epci", "vintage"): ("2026", "2027"),
        ("dgcl_epci", "sha256"): ("0" * 64, "1" * 64),
        ("insee_populations", "extent"): ("france", "reg:11"),
        ("lovac", "status"): ("unavailable", "ok"),
        ("irve", "vintage"): (None, "2026"),
        ("irve", "sha256"): (None, "0" * 64),
        ("irve", "extent"): (None, "france"),
        ("irve", "status"): (None, "ok"),
    }


def test_checks(differ):
    def change(content):
        (known,) = content["checks"]
        content["checks"] = [known | {"status": "warned"}, known | {"table_name": "flows"}]

    found = differ(change)
    assert {(one.table_name, one.before, one.after) for one in found.checks} == {
        ("measures", "passed", "warned"),
        ("flows", None, "passed"),
    }
    page = markdown(found, judge(found))
    assert "réussi | avertit" in page and "absent" not in page


def test_territories_and_measures(differ):
    def change(content):
        without(content, "territories", EPCI[0])
        content["territories"].append(content["territories"][-1] | {"code": "200000099"})
        without(content, "measures", "01001")

    found = differ(change)
    (level,) = found.territories
    assert (level.level, level.before, level.after, level.lost, level.gained) == (
        "epci", 10, 10, 1, 1
    )  # fmt: skip
    (measure,) = found.measures
    assert (measure.source_id, measure.measure) == ("insee_populations", MEASURE)
    assert (measure.before, measure.after) == (120, 119)


def test_an_indicator(differ):
    def change(content):
        without(content, "indicators", EPCI[0])
        values = [one for one in content["indicators"] if one["level"] == "epci"]
        for one, move in zip(values, (8.0, -3.0, 5.0, 1.0, -9.0, 2.0, 1e-12), strict=False):
            one["value"] += move
        content["indicators"].append(values[0] | {"year": 2023, "years": "2023"})
        content["indicators"].append(values[0] | {"code": "200000099"})

    found = differ(change)
    (one,) = found.indicators
    assert (one.indicator, one.level, one.source_ids) == (INDICATOR, "epci", ["insee_commuting"])
    assert (one.before, one.after, one.lost, one.gained) == (10, 10, 1, 1)
    # Nine are in both, of which a move that is no more than noise, and two that are none.
    assert (one.compared, one.moved, one.largest_move) == (9, 6, 9.0)
    assert one.median_move == 2.0
    assert [(m.code, m.name) for m in one.largest[:2]] == [
        (EPCI[5], f"Le {EPCI[5]}"), (EPCI[1], f"Le {EPCI[1]}")
    ]  # fmt: skip
    assert [round(m.after - m.before, 9) for m in one.largest] == [-9.0, 8.0, 5.0, -3.0, 2.0]
    assert all(m.year == 2022 for m in one.largest)
    page = markdown(found, judge(found))
    assert "Actifs occupés résidents" in page and "225 → 216 personnes (2022)" in page


def test_values_of_other_years_are_not_compared(differ):
    def change(content):
        for one in content["indicators"]:
            one["years"], one["value"] = "2019+2022", 3 * one["value"]

    found = differ(change)
    assert found.indicators == [] and judge(found).passed == []


def test_a_release_of_another_version(tmp_path):
    before = small_release(tmp_path / "before", records())
    after = small_release(tmp_path / "after", records())
    rewrite(before / "indicators.parquet", "select * exclude (years, coverage) from {}")
    rewrite(before / "sources.parquet", "select * exclude sha256 from {}")
    (before / "measures.parquet").unlink()
    found = compare(before, after)
    assert found.tables_added == ["measures"]
    assert {one.column for one in found.columns} == {"years", "coverage", "sha256"}
    assert found.indicators == []


def test_the_same_each_time(tmp_path):
    after = records()
    for place, one in enumerate(after["indicators"]):
        one["value"] += place % 3
    small_release(tmp_path / "before", records())
    small_release(tmp_path / "after", after)
    told = [
        json.dumps(record(found, judge(found)))
        for found in (compare(tmp_path / "before", tmp_path / "after") for _ in range(5))
    ]
    assert len(set(told)) == 1
    assert str(tmp_path) not in told[0]


def test_names_draw_nothing_in_the_page(differ):
    def change(content):
        row(content, "indicators", code=EPCI[0])["value"] = 1.0
        row(content, "territories", code=EPCI[0])["name"] = "<b>|[x](http://x)"

    page = markdown(found := differ(change), judge(found))
    assert "<b>" not in page.replace("\\<b\\>", "") and "\\|\\[x\\]" in page


# --- judged ---


def passed(found):
    return {(one.limit, one.what, one.where) for one in judge(found).passed}


def halve(content):
    for one in content["indicators"]:
        one["value"] /= 2


def test_each_limit(differ):
    assert passed(differ(lambda c: without(c, "territories", *EPCI[:2]))) == {
        ("territories_lost", "epci", None)
    }
    assert passed(differ(lambda c: without(c, "measures", *COMMUNES[:10]))) == {
        ("measures_lost", MEASURE, "insee_populations")
    }
    assert passed(differ(lambda c: without(c, "indicators", *EPCI[:2]))) == {
        ("values_lost", INDICATOR, "epci")
    }
    assert passed(differ(halve)) == {
        ("values_moved", INDICATOR, "commune"),
        ("values_moved", INDICATOR, "epci"),
    }


def test_within_the_limits(differ):
    def change(content):
        without(content, "territories", *COMMUNES[:2])
        without(content, "measures", *COMMUNES[:5])
        without(content, "indicators", *COMMUNES[:5])
        for one in content["indicators"]:
            one["value"] *= 1.1

    assert passed(differ(change)) == set()


def test_gone_territories_are_said_once(differ):
    def change(content):
        without(content, "territories", *EPCI[:2])
        without(content, "indicators", *EPCI[:2])

    assert passed(differ(change)) == {("territories_lost", "epci", None)}


@pytest.mark.parametrize(
    "said",
    [
        {"status": "unavailable", "sha256": None, "extent": None, "vintage": None},
        {"status": "rejected"},
        {"status": "not_requested"},
        {"extent": "reg:11"},
    ],
    ids=lambda said: next(iter(said.values())),
)
def test_a_source_that_is_missing_or_has_another_extent_is_no_drift(differ, said):
    def change(content):
        for id_ in ("insee_commuting", "dgcl_epci", "insee_populations"):
            row(content, "sources", source_id=id_).update(said)
        content["indicators"] = [r for r in content["indicators"] if r["level"] == "region"]
        content["measures"] = []
        without(content, "territories", *EPCI)

    found = differ(change)
    assert found.indicators and found.measures and found.territories
    assert judge(found).compared and passed(found) == set()
    assert passed(differ(change, first=None)) == set()


def test_a_new_vintage_is_judged(differ):
    def change(content):
        row(content, "sources", source_id="insee_commuting").update(
            vintage="2027", sha256="1" * 64, status="cached"
        )
        halve(content)

    assert passed(differ(change)) != set()


def test_a_source_that_the_source_leans_on(differ):
    def change(content):
        row(content, "sources", source_id="insee_comparateur")["status"] = "unavailable"
        halve(content)

    first = records()
    first["sources"] += [source("insee_comparateur"), source("insee_modal_share")]
    first["indicator_catalogue"][0]["source_ids"] = "insee_modal_share"
    after = json.loads(json.dumps(first))

    def replaced(content):
        content.update(after)
        change(content)

    assert passed(differ(replaced, first)) == set()


def test_a_source_that_places_the_others_is_missing(differ):
    def change(content):
        row(content, "sources", source_id="etalab_commune_contours")["status"] = "unavailable"
        halve(content)
        without(content, "territories", EPCI[0])

    first = records()
    first["sources"] += [source("etalab_commune_contours")]
    after = json.loads(json.dumps(first))

    def replaced(content):
        content.update(after)
        change(content)

    # The territories are judged all the same.
    assert {limit for limit, *_ in passed(differ(replaced, first))} == {"territories_lost"}


def test_another_request_is_not_judged(differ):
    def other_year(content):
        halve(content)
        for one in content["territories"]:
            one["cog_year"] = 2025

    def sample(content):
        halve(content)
        for one in content["sources"]:
            one["layout"] = "synthetic"

    for change in (other_year, sample):
        found = differ(change)
        assert found.indicators and not judge(found).compared
        assert "même demande" in markdown(found, judge(found))


def test_a_sample_is_judged_by_one_of_the_same_country(differ):
    first = records()
    for one in first["sources"]:
        one["layout"] = "synthetic"

    def one_file_differs(content):
        content["sources"] = json.loads(json.dumps(first["sources"]))
        content["sources"][1]["sha256"] = "1" * 64
        halve(content)

    def drawn_again(content):
        one_file_differs(content)
        for one in content["sources"]:
            one["sha256"] = one["sha256"] and "2" * 64

    assert passed(differ(one_file_differs, first)) != set()
    assert not judge(differ(drawn_again, first)).compared


def test_the_users_own_perimeters_are_not_judged(differ):
    first = records()
    for table in ("territories", "indicators"):
        for one in first[table]:
            one["level"] = "custom" if one["level"] == "epci" else one["level"]
    assert passed(differ(lambda c: without(c, "indicators", *EPCI), first)) == set()


# --- what cannot be compared ---


@pytest.mark.parametrize("content", [b"", b"<html>", b"PAR1"])
def test_a_file_that_cannot_be_read(tmp_path, content):
    before = small_release(tmp_path / "before", records())
    after = small_release(tmp_path / "after", records())
    (after / "measures.parquet").write_bytes(content)
    with pytest.raises(MetabolismeError) as caught:
        compare(before, after)
    assert caught.value.where == str(after / "measures.parquet") and caught.value.todo


def test_releases_are_found_by_version_or_folder(tmp_path):
    for name in ("2026.01.1", "2026.01.2", "held/2026.01.3", "elsewhere/kept"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "datapackage.json").write_text("{}", encoding="utf-8")
    (tmp_path / "latest").symlink_to("2026.01.2")
    assert find(tmp_path, "2026.01.1").name == "2026.01.1"
    assert find(tmp_path, "latest").name == "2026.01.2"
    assert find(tmp_path, "held/2026.01.3").name == "2026.01.3"
    assert find(tmp_path, str(tmp_path / "elsewhere" / "kept")).name == "kept"
    for asked in ("2026.01.9", "", "elsewhere"):
        with pytest.raises(UsageError) as caught:
            find(tmp_path, asked)
        assert caught.value.expected == "2026.01.1, 2026.01.2, held/2026.01.3"
