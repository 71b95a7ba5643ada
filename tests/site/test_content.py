"""What the pages say of each territory, beside the same computed another way."""

from collections import defaultdict

import polars as pl
import pytest

from pipelines.catalogue.words import needs
from pipelines.site.content import NOWHERE, content
from pipelines.site.settings import site_settings

KEY = ["level", "code"]


@pytest.fixture(scope="module")
def parts(release):
    """The tables behind the pages."""
    with content(release) as read:
        names = ("figures", "partners", "pairs", "baskets", "relations", "missing")
        yield {name: read.con.sql(f"select * from page_{name}").pl() for name in names}


@pytest.fixture(scope="module")
def counted():
    """The needs that are counted once: a mirror need says the same of the same people."""
    return [id_ for id_, need in needs().items() if not need.mirror_of]


def latest(pages):
    known = pages.table("indicators").sort("year")
    return known.group_by(*KEY, "indicator").agg(pl.all().last())


def test_figures_are_the_latest_of_each_indicator(parts, pages):
    expected = latest(pages).sort(*KEY, "indicator")
    found = parts["figures"].sort(*KEY, "indicator")
    for column in (*KEY, "indicator", "value", "low", "high", "year", "evidence", "coverage"):
        assert found[column].to_list() == expected[column].to_list(), column


def test_a_place_is_among_those_of_the_same_level_and_size(parts, pages):
    population = {(p["level"], p["code"]): p["population"] for p in pages.territories.to_dicts()}
    sizes = site_settings().sizes

    def size(row):
        people = population[row["level"], row["code"]]
        return None if people is None else sum(limit <= people for limit in sizes)

    alike = defaultdict(list)
    rows = latest(pages).to_dicts()
    for row in rows:
        if row["percentile"] is not None:
            alike[row["level"], row["indicator"], size(row)].append(row["value"])
    assert max(map(len, alike.values())) > 10
    found = {(r["level"], r["code"], r["indicator"]): r for r in parts["figures"].to_dicts()}
    for row in rows:
        said = found[row["level"], row["code"], row["indicator"]]
        if row["percentile"] is None:
            assert said["place"] is None and said["peers"] is None
        else:
            peers = alike[row["level"], row["indicator"], size(row)]
            assert said["peers"] == len(peers)
            assert said["place"] == 1 + sum(value > row["value"] for value in peers)


def test_partners_are_the_first_and_the_unknown(parts, pages, counted):
    most = site_settings().partners
    all_ = pages.table("dependencies")
    expected = {
        (d["level"], d["code"], d["need"], d["direction"], d["rank"], d["partner_code"])
        for d in all_.to_dicts()
        if d["need"] in counted
        and d["share"] is not None
        and d["share"] > 0
        and (d["rank"] <= most or d["partner_level"] == "unknown")
    }
    found = parts["partners"]
    asked = ("level", "code", "need", "direction", "rank", "partner_code")
    assert set(found.select(asked).iter_rows()) == expected
    assert found.height == len(expected)
    for _, rows in found.group_by("level", "code", "need", "direction", maintain_order=True):
        assert rows["rank"].is_sorted()
        known = rows.filter((pl.col("rank") > 0) & ~pl.col("partner_level").is_in(NOWHERE))
        assert known["quantity"].is_sorted(descending=True)
        assert known.height <= most


def test_partners_stand_on_the_map_where_they_are(parts, pages):
    placed = parts["partners"].filter(pl.col("x").is_not_null())
    located = pages.territories.filter(pl.col("lon").is_not_null()).select(KEY).rows()
    ends = set(placed.select("partner_level", "partner_code").rows())
    assert ends and ends <= set(located)
    unplaced = parts["partners"].filter(pl.col("x").is_null())
    assert not set(unplaced.select("partner_level", "partner_code").rows()) & set(located)


def test_pairs_say_the_same_from_both_ends(parts, counted):
    pairs = parts["pairs"]
    assert set(pairs["need"]) <= set(counted)
    same = pairs.filter(pl.col("level") == pl.col("partner_level"))
    ends = ("level", "code", "partner_code", "need")
    there = {row[:4]: row[4:] for row in same.select(*ends, "a_to_b", "b_to_a").iter_rows()}
    assert len(there) == same.height > 1000
    for (level, code, partner, need), given in there.items():
        assert there[level, partner, code, need] == given[::-1]


def test_baskets_are_read_from_both_ends(parts, pages):
    found = defaultdict(list)
    for row in parts["baskets"].to_dicts():
        found[row["level"], row["code"]].append(row)
    ends = defaultdict(set)
    for row in pages.table("baskets").to_dicts():
        a, b = (row["level"], row["code_a"]), (row["level_b"], row["code_b"])
        ends[a].add((*b, row["a_gives"], row["b_gives"]))
        if row["level"] == row["level_b"]:
            ends[b].add((*a, row["b_gives"], row["a_gives"]))
    assert found.keys() == ends.keys()
    for key, rows in found.items():
        said = [(r["partner_level"], r["partner_code"], r["given"], r["taken"]) for r in rows]
        assert set(said) <= ends[key]
        assert len(said) == len(set(said)) == min(site_settings().partners, len(ends[key]))
        both = [row["basket"] in ("reciprocal", "crossed") for row in rows]
        assert both == sorted(both, reverse=True)


def test_what_is_missing_of_one_territory_has_its_reason(release, parts, pages):
    own = pages.table("not_measured").filter((pl.col("code") != "*") & (pl.col("level") != "*"))
    assert parts["missing"].height == own.height > 0
    with content(release) as read:
        said = [(row["reason_fr"], row["reason_en"]) for row in read.reasons]
        asked = [row["reason"] for row in read.reasons]
    assert asked == list(range(len(said)))
    named = {
        (r["level"], r["code"], r["need"], r["indicator"], *said[r["reason"]])
        for r in parts["missing"].to_dicts()
    }
    columns = ("level", "code", "need", "indicator", "reason_fr", "reason_en")
    assert named == set(own.select(columns).iter_rows())
