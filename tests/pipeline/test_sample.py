"""A release of the sample: whole, honest, the same each time."""

import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines import summaries
from pipelines.answers.sheet import Place, find, sheet
from pipelines.catalogue.indicators import indicators as declared
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import attributions, measures, needs
from pipelines.errors import UsageError
from pipelines.recipes import make_all
from pipelines.settings import Settings

PUBLISHED = [name for name, table in tables().items() if table.published]


def read(release, name):
    return pl.read_parquet(release / f"{name}.parquet")


def test_every_step_was_reported(release, steps):
    assert set(steps) == set(tables()) | {"release"}


def test_latest_points_to_it(release):
    assert (release.parent / "latest").resolve() == release.resolve()
    pointer = json.loads((release.parent / "latest.json").read_text("utf-8"))
    assert pointer == {"version": release.name}


def test_nothing_but_the_release_is_left(release):
    left = {path.name for path in release.parent.iterdir()}
    assert left == {release.name, "latest", "latest.json", ".lock"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_table_is_published_as_described(release, name):
    table = tables()[name]
    file = pq.ParquetFile(release / f"{name}.parquet")
    assert file.schema_arrow.names == table.column_names
    for column in table.columns:
        metadata = file.schema_arrow.field(column.name).metadata
        assert metadata[b"description"].decode() == column.description.en
        assert metadata.get(b"unit", b"").decode() == (column.unit or "")
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    codecs = {g.column(j).compression for g in groups for j in range(g.num_columns)}
    assert codecs <= {"ZSTD"}
    frame = read(release, name)
    assert frame.equals(frame.sort(table.order, nulls_last=True))


@pytest.mark.parametrize("name", PUBLISHED)
def test_csv_and_parquet_hold_the_same_rows(release, name):
    (csv,) = [*release.glob(f"{name}.csv"), *release.glob(f"{name}.csv.gz")]
    con = duckdb.connect()
    files = {"parquet": str(release / f"{name}.parquet")}
    types = con.execute("describe from read_parquet($parquet)", files).fetchall()
    files |= {"csv": str(csv), "columns": {row[0]: row[1] for row in types}}
    for one, other in (
        ("read_parquet($parquet)", "read_csv($csv, columns = $columns, header = true)"),
        ("read_csv($csv, columns = $columns, header = true)", "read_parquet($parquet)"),
    ):
        query = f"select count(*) from (from {one} except all from {other})"
        assert con.execute(query, files).fetchall() == [(0,)]
    assert csv.stat().st_size <= 20_000_000 or csv.suffix == ".gz"


def test_the_data_package_says_that_no_figure_is_real(release):
    package = json.loads((release / "datapackage.json").read_text("utf-8"))
    assert package["sample"] and "SAMPLE" in package["description"]


def test_the_data_package_is_valid(release):
    from frictionless import Package

    report = Package.validate_descriptor(str(release / "datapackage.json"))
    assert report.valid, report.flatten(["note"])


@pytest.mark.slow
def test_another_run_gives_the_same_bytes(release, tmp_path, monkeypatch, perimeters):
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / "home"))
    again = make_all(Settings(outputs=tmp_path / "outputs", perimeters=perimeters)).folder
    for path in filter(Path.is_file, release.rglob("*")):
        assert path.read_bytes() == (again / path.relative_to(release)).read_bytes(), path


def test_all_is_well_on_the_sample(release):
    summary = summaries.summarise(release)
    assert summary.sample and summary.reservations == []
    assert set(summary.sources) == {"ok", "planned"}
    assert set(summary.checks) == {"passed", "not_applicable"}
    checks = read(release, "checks")
    # Totals of real files do not apply to a fictitious country; everything else does.
    skipped = checks.filter(status="not_applicable")["check_id"]
    assert set(skipped.filter(~skipped.str.starts_with("control_totals."))) == {
        "backtest_common_part"
    }


def test_no_worker_is_lost_from_the_file_to_the_country(release, workplace):
    raw = pl.read_parquet(workplace / "tables" / "sample" / "insee_commuting.parquet")
    flows = read(release, "flows")
    for need in ("jobs", "workers"):
        assert flows.filter(need=need)["quantity"].sum() == pytest.approx(
            raw["workers"].sum(), abs=0.01
        )
    country = read(release, "indicators").filter(level="country", indicator="employed_residents")
    assert country["value"].item() == pytest.approx(raw["workers"].sum(), abs=0.01)


def test_paris_is_one_commune(release):
    territories = read(release, "territories").filter(level="commune")
    assert "75056" in territories["code"]
    assert not territories["code"].str.starts_with("751").any()
    flows = read(release, "flows")
    assert not flows["provider_code"].str.starts_with("751").any()


def test_the_users_perimeters_are_a_level(release):
    members = read(release, "territory_members").filter(level="custom")
    # 75101 stands for its commune, 27058 for what its commune is called today.
    assert members.filter(code="p1")["commune_code"].to_list() == ["01001", "75056"]
    assert members.filter(code="p2")["commune_code"].to_list() == ["01001", "27676"]
    partners = read(release, "dependencies").filter(level="custom", code="p1", need="jobs")
    assert set(partners.filter(pl.col("rank") > 0)["partner_level"]) <= {
        "epci",
        "commune",
        "foreign",
    }


def test_workplaces_abroad_are_named(release):
    abroad = read(release, "territories").filter(level="foreign")
    assert abroad.height > 5
    assert (abroad["name"] != abroad["code"]).all()


def test_profiles_are_the_indicators_spread_out(release):
    indicators = read(release, "indicators").filter(level="epci")
    profile = read(release, "profiles_epci")
    long = profile.unpivot(
        index="code", on=profile.columns[6:], variable_name="indicator"
    ).drop_nulls()
    # One year each: the one that most territories have, of those the latest.
    year = indicators.group_by("indicator", "year").len().sort("len", "year")
    chosen = year.group_by("indicator", maintain_order=True).last().drop("len")
    assert long.sort("code", "indicator").equals(
        indicators.join(chosen, on=["indicator", "year"])
        .select("code", "indicator", "value")
        .sort("code", "indicator")
    )


def test_each_function_has_its_indicators(release):
    indicators = read(release, "indicators")
    for level in ("commune", "epci", "departement", "crte", "pat", "scot", "pnr"):
        of_level = indicators.filter(level=level).unique(["function", "indicator"])
        assert (of_level.group_by("function").len()["len"] >= 5).all(), level
        assert of_level["function"].n_unique() == 5, level


def test_every_measure_and_every_indicator_of_the_catalogue_has_a_value(release):
    """The sample has all sources: what the catalogue declares, it shows."""
    known = set(read(release, "measures").drop_nulls("value")["measure"])
    assert known == set(measures())
    assert set(read(release, "indicators")["indicator"]) == set(declared())
    assert set(read(release, "balances")["need"]) == set(needs())


def test_a_territory_is_found_by_code_or_name(release):
    epci = read(release, "territories").filter(level="epci").row(0, named=True)
    place = Place("epci", epci["code"], epci["name"])
    assert find(release, epci["code"]) == place
    assert find(release, epci["name"].upper().replace("É", "e"), level="epci") == place
    with pytest.raises(UsageError, match="no territory"):
        find(release, "nowhere at all")
    with pytest.raises(UsageError, match=r"fits \d+ territories(.|\n)*commune 75056"):
        find(release, "Paris")


def test_a_territory_answers_the_questions(release):
    epci = read(release, "territories").filter(level="epci").sort("population").row(-1, named=True)
    answer = sheet(release, Place("epci", epci["code"], epci["name"]))
    assert answer.sample
    assert {p["direction"] for p in answer.partners} == {"depends_on", "depended_on_by"}
    assert {p["need"] for p in answer.partners} == {"jobs", "study", "housing", *attributions()}
    assert len(answer.indicators) >= 15
    assert any("salaire" in m["reason_fr"] for m in answer.not_measured)


def test_the_readme_reads_a_release(release):
    """What an analyst types first: one territory's partners, with DuckDB."""
    query = (
        "select partner_name, quantity, share from read_parquet(?)"
        " where level = 'departement' and code = '01' and need = 'jobs'"
        " and direction = 'depends_on' order by rank"
    )
    rows = duckdb.connect().execute(query, [str(release / "dependencies.parquet")]).fetchall()
    assert sum(row[2] for row in rows) == pytest.approx(1)
