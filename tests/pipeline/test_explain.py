"""Any value of a release leads back to its formula, its sums, their sources and files."""

import polars as pl
import pytest

from pipelines.answers.explain import explain
from pipelines.answers.markdown import explained
from pipelines.answers.sheet import Place
from pipelines.catalogue.indicators import indicators
from pipelines.errors import UsageError


def places(folder, count=1):
    """The territories of some levels that have most indicators."""
    known = pl.read_parquet(folder / "indicators.parquet")
    names = pl.read_parquet(folder / "territories.parquet").select("level", "code", "name")
    return (
        known.filter(pl.col("level").is_in(["commune", "epci", "pat"]))
        .group_by("level", "code")
        .agg(pl.col("indicator").n_unique())
        .join(names, on=["level", "code"])
        .sort("level", "indicator", "code", descending=[False, True, False])
        .group_by("level", maintain_order=True)
        .head(count)
        .select("level", "code", "name")
        .rows()
    )


@pytest.mark.slow
def test_the_sums_that_are_told_give_the_value_that_is_published(release):
    known = pl.read_parquet(release / "indicators.parquet")
    seen = set()
    for level, code, name in places(release):
        for id_ in sorted(set(known.filter(level=level, code=code)["indicator"])):
            found = explain(release, Place(level, code, name), id_)
            assert found.computed == pytest.approx(found.found["value"], rel=1e-9), (code, id_)
            assert found.terms and found.sources, (code, id_)
            seen.add(id_)
    assert seen == set(known["indicator"])
    assert len(seen) > 0.9 * len(indicators())


def test_every_source_is_named_with_its_file_and_checksum(release):
    level, code, name = places(release)[0]
    found = explain(release, Place(level, code, name), "food_self_sufficiency")
    assert {source["source_id"] for source in found.sources} == {
        "agreste_ra2020",
        "insee_populations",
    }
    for source in found.sources:
        assert len(source["sha256"].split(" ; ")[0]) == 64
        assert source["official_url"].startswith("https://")


def test_the_text_says_formula_unit_years_evidence_and_extent(release):
    level, code, name = next(place for place in places(release) if place[0] == "epci")
    text = explained(explain(release, Place(level, code, name), "car_share_workers"))
    assert "`100 * measure." in text
    for word in ("couverture", "étendue : france", "sha256", "pays fictif", "%"):
        assert word in text


def test_an_indicator_that_is_not_there_is_refused_with_those_that_are(release):
    level, code, name = places(release)[0]
    with pytest.raises(UsageError, match="there is no such indicator"):
        explain(release, Place(level, code, name), "happiness")


def test_a_value_that_is_not_measured_says_why(release):
    known = pl.read_parquet(release / "indicators.parquet", columns=["level", "code", "indicator"])
    communes = pl.read_parquet(release / "territories.parquet").filter(level="commune")
    without = communes.join(
        known.filter(indicator="median_income"), on=["level", "code"], how="anti"
    )
    assert not without.is_empty()
    place = Place("commune", without["code"][0], without["name"][0])
    with pytest.raises(UsageError, match="has no value of median_income"):
        explain(release, place, "median_income")
