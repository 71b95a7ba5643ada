"""On a release of the sample: each territory's answer to the three questions holds together."""

import itertools
import json
import re
import sys
from collections import defaultdict
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines import cli, paths
from pipelines.answers.markdown import markdown
from pipelines.answers.sheet import Place, find, sheet
from pipelines.catalogue.words import attributions, functions, levels, needs
from pipelines.errors import UsageError
from pipelines.recipes import make_all
from pipelines.settings import Settings

# Two releases are made, and every row is computed again.
pytestmark = pytest.mark.slow

COUNTED = sorted(name for name, need in needs().items() if need.source and not need.mirror_of)
FLOWING = [*COUNTED, *sorted(attributions())]
PERIMETERS = sorted(name for name, level in levels().items() if level.kind == "perimeter")
PARTITIONS = sorted(set(levels()) - set(PERIMETERS))
BEYOND = "('foreign', 'elsewhere', 'unknown')"
LIST = ["level", "code", "need", "direction"]
PAIR = ["level", "code_a", "level_b", "code_b"]
GIVERS = ["a_is_giver", "b_is_giver"]
SHARES = ["share_of_a", "share_of_b"]
# A name that a table, a page or a terminal could take for its own signs.
NASTY = "Val | *Haut* <script>alert('x')</script> [ici](http://x) `y` _z_ \\"


@pytest.fixture(scope="module")
def close(release):
    """Two EPCI of the mainland, the two that exchange most workers among the middling ones."""
    found = duckdb.sql(
        f"select code, partner_code from '{release}/dependencies.parquet'"
        " where level = 'epci' and need = 'jobs' and direction = 'depends_on' and rank > 0"
        " and partner_level = 'epci' and share between 0.05 and 0.3"
        " order by quantity desc, code limit 1"
    )
    return found.fetchall()[0]


@pytest.fixture(scope="module")
def drawn(release, close):
    """A user's perimeters: code to the communes it holds; `twin` repeats the largest EPCI."""
    members = pd.read_parquet(release / "territory_members.parquet")
    of_epci = members[members["level"] == "epci"].groupby("code")["commune_code"].apply(list)
    everyone = members.loc[members["level"] == "commune", "code"].tolist()
    one, other = close
    largest = max(of_epci.index.difference(close), key=lambda code: (len(of_epci[code]), code))
    return {
        "twin": of_epci[largest],
        "one": of_epci[one],
        "other": of_epci[other],
        "union": of_epci[one] + of_epci[other],
        "single": ["01001"],
        "whole": everyone,
    }


@pytest.fixture(scope="module")
def answers(drawn, tmp_path_factory):
    """The folder of a release with these perimeters."""
    folder = tmp_path_factory.mktemp("answers")
    lists = [(code, commune) for code, communes in drawn.items() for commune in communes]
    frame = pd.DataFrame(lists, columns=["perimeter_code", "commune_code"])
    frame.insert(1, "perimeter_name", frame["perimeter_code"].replace("single", NASTY))
    frame.to_csv(folder / "perimeters.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METABOLISME_HOME", str(folder / "home"))
        asked = Settings(outputs=folder / "outputs", perimeters=folder / "perimeters.csv")
        return make_all(asked).folder


@pytest.fixture(scope="module")
def ask(answers):
    """Ask its tables something in SQL: a frame, null as NaN."""
    with duckdb.connect() as con:
        for path in answers.glob("*.parquet"):
            con.read_parquet(str(path)).create_view(path.stem)
        yield lambda query, **named: con.execute(query, named or None).df()


@pytest.fixture(scope="module")
def dependencies(ask):
    return ask("from dependencies")


@pytest.fixture(scope="module")
def relations(ask):
    return ask("from relations")


@pytest.fixture(scope="module")
def reciprocity(ask):
    return ask("from reciprocity")


@pytest.fixture(scope="module")
def twin_of(ask, drawn):
    """The EPCI that the perimeter `twin` repeats."""
    return ask(
        "select code from territory_members where level = 'epci' and commune_code = $commune",
        commune=drawn["twin"][0],
    )["code"].item()


def same(found, due, on, columns, rel=1e-9, abs_tol=1e-6):
    """Two frames say the same of the same keys."""
    both = due.merge(found, on=on, how="outer", suffixes=("_due", ""), indicator=True)
    lost = both[both["_merge"] != "both"]
    assert lost.empty, lost.head().to_string()
    for column in columns:
        ours, theirs = both[column], both[f"{column}_due"]
        if ours.dtype == object or str(ours.dtype) in ("str", "string", "category"):
            wrong = both[(ours != theirs) & ~(ours.isna() & theirs.isna())]
        else:
            alike = np.isclose(ours, theirs, rtol=rel, atol=abs_tol, equal_nan=True)
            wrong = both[~alike]
        assert wrong.empty, f"{column}:\n{wrong.head().to_string()}"


# --- every territory answers ---


def test_every_need_of_every_territory_has_partners_or_a_reason(ask):
    silent = ask(
        "select distinct b.level, b.code, b.need from balances as b"
        " inner join (select unnest($needs) as need) using (need)"
        " anti join relations as r on r.level = b.level and r.code = b.code and r.need = b.need"
        " and r.direction = 'depends_on'"
        " anti join not_measured as n on n.need = b.need and n.indicator is null"
        " and n.level in (b.level, '*') and n.code in (b.code, '*')"
        " where b.demand > 0",
        needs=FLOWING,
    )
    assert silent.empty, silent


def test_every_territory_where_somebody_lives_answers(ask):
    count = ask(
        "select t.level, count(distinct t.code) as territories,"
        " count(distinct t.code) filter (where d.code is not null) as answered"
        f" from territories as t left join dependencies as d using (level, code)"
        f" where t.level not in {BEYOND} and t.population > 0 group by t.level"
    )
    assert set(count["level"]) == set(levels())
    assert (count["territories"] == count["answered"]).all(), count


@pytest.mark.parametrize("level", sorted(levels()))
def test_the_answer_sheet_of_a_territory_is_whole(answers, ask, level):
    codes = ask(
        "select code, name from territories where level = $level and population > 0"
        " order by population, code",
        level=level,
    )
    picked = codes if len(codes) < 7 else codes.iloc[np.linspace(0, len(codes) - 1, 6).astype(int)]
    for code, name in picked.itertuples(index=False):
        place = find(answers, code, level)
        assert place == Place(level, code, name)
        answer = sheet(answers, place)
        assert answer.territory["code"] == code and answer.indicators and answer.relations
        said = {(row["need"], row["direction"]) for row in answer.partners}
        assert said == {(row["need"], row["direction"]) for row in answer.relations}
        at_home = {(row["need"], row["direction"]) for row in answer.partners if not row["rank"]}
        assert at_home >= {
            (row["need"], row["direction"]) for row in answer.relations if row["internal"]
        }
        written = markdown(answer)
        for label in functions().values():
            assert f"### {label.fr}\n" in written
        for need, _ in said:
            assert f"### {needs()[need].fr}\n" in written
        assert "## Que négocier ?" in written
        assert "None" not in written and "nan" not in written.split()


# --- on whom we depend, who depends on us ---


def test_shares_sum_to_one_with_the_part_met_at_home(dependencies):
    lists = dependencies.groupby(LIST)
    assert ((lists["share"].sum() - 1).abs() < 1e-9).all()
    home = dependencies["rank"] == 0
    assert not dependencies[home].duplicated(LIST).any()
    own = dependencies["code"] == dependencies["partner_code"]
    own &= dependencies["level"] == dependencies["partner_level"]
    assert (home == own).all()
    # Who is counted and meets nothing of it at home says so.
    counted = ~dependencies["need"].isin(list(attributions()))
    assert lists.ngroups > dependencies[home].groupby(LIST).ngroups * 0.95
    assert dependencies[counted].groupby(LIST)["rank"].min().eq(0).all()


def test_a_share_is_of_the_whole_need(dependencies, relations):
    both = dependencies.merge(relations[[*LIST, "total"]], on=LIST)
    assert len(both) == len(dependencies)
    assert np.allclose(both["share"], both["quantity"] / both["total"], rtol=1e-9, atol=1e-12)


def test_relations_are_the_sums_of_partners(dependencies, relations):
    external = dependencies["rank"] > 0
    due = (
        dependencies.assign(
            total=dependencies["quantity"],
            internal=dependencies["quantity"].where(~external, 0),
            external=dependencies["quantity"].where(external, 0),
        )
        .groupby(LIST)[["total", "internal", "external"]]
        .sum()
        .reset_index()
    )
    due["external_dependence"] = due["external"] / due["total"]
    due["self_containment"] = due["internal"] / due["total"]
    columns = ["total", "internal", "external", "external_dependence", "self_containment"]
    same(relations[LIST + columns], due, LIST, columns)


@pytest.fixture(scope="module")
def named(dependencies, relations):
    """The partners that are named, with what comes from elsewhere, largest first."""
    rows = dependencies[(dependencies["rank"] > 0) & (dependencies["quantity"] > 0)]
    rows = rows[~rows["partner_level"].isin(["unknown", "elsewhere"])]
    rows = rows.merge(relations[[*LIST, "external"]], on=LIST)
    rows = rows.sort_values(
        [*LIST, "quantity", "partner_code"], ascending=[True] * 4 + [False, True]
    )
    rows["part"] = rows["quantity"] / rows["external"]
    rows["before"] = rows.groupby(LIST)["part"].cumsum() - rows["part"]
    return rows


def test_concentration_is_that_of_the_partners(named, relations, dependencies):
    merged = dependencies[dependencies["partner_level"] == "elsewhere"]
    whole = relations.merge(merged[LIST], on=LIST, how="left", indicator=True)
    is_whole = (whole["_merge"] == "left_only").to_numpy()
    due = named.assign(partner_hhi=named["part"] ** 2).groupby(LIST)["partner_hhi"].sum()
    both = relations.set_index(LIST)[["partner_hhi", "effective_partners"]].assign(due=due)
    compared = both[is_whole]
    assert len(compared) > 5000
    assert np.allclose(compared["partner_hhi"], compared["due"], rtol=1e-6, equal_nan=True)
    # Small partners that are merged can only add to it.
    merged_too = both[~is_whole].dropna()
    assert len(merged_too) > 1000
    assert (merged_too["partner_hhi"] >= merged_too["due"] - 1e-9).all()
    # Of what comes from a known place.
    nowhere = dependencies[dependencies["partner_level"] == "unknown"].set_index(LIST)["quantity"]
    both["located"] = 1 - (nowhere / relations.set_index(LIST)["external"]).fillna(0)
    some = both.dropna(subset=["partner_hhi"])
    due = some["located"] ** 2 / some["partner_hhi"]
    assert np.allclose(some["effective_partners"], due, rtol=1e-6)
    assert some["partner_hhi"].between(0, 1 + 1e-9).all()


@pytest.mark.parametrize(("column", "part"), [("partners_50", 0.5), ("partners_80", 0.8)])
def test_partners_for_half_and_four_fifths(named, relations, column, part):
    needed = named[named["before"] < part - 1e-6].groupby(LIST).size()
    named_part = named.groupby(LIST)["part"].sum()
    both = relations.set_index(LIST)[[column, "external"]].assign(due=needed, named=named_part)
    none = both[both["external"] == 0]
    assert (none[column] == 0).all()
    enough = both[(both["external"] > 0) & (both["named"] >= part + 1e-6)]
    assert len(enough) > 5000
    assert (enough[column] == enough["due"]).all()
    # Where too much is merged, nobody can tell how many.
    unclear = both[(both["external"] > 0) & ~(both["named"] >= part - 1e-6)]
    assert unclear[column].isna().all()


def test_the_first_partner_is_the_largest(named, relations):
    first = named.drop_duplicates(LIST)
    due = first.rename(columns={"partner_code": "dominant_code", "share": "dominant_share"})
    found = relations[relations["dominant_code"].notna()]
    columns = ["dominant_code", "dominant_share"]
    same(found[LIST + columns], due[LIST + columns], LIST, columns)


def test_what_i_take_from_you_is_what_you_give_me(dependencies):
    """Between territories of a partition; small attributed parts may be named at one end."""
    rows = dependencies[dependencies["level"].isin(PARTITIONS)]
    rows = rows[(rows["rank"] > 0) & (rows["level"] == rows["partner_level"])]
    rows = rows[rows["need"].isin(FLOWING)]
    columns = ["level", "need", "code", "partner_code", "quantity"]
    taken = rows.loc[rows["direction"] == "depends_on", columns]
    given = rows.loc[rows["direction"] == "depended_on_by", columns]
    given = given.rename(columns={"code": "partner_code", "partner_code": "code"})
    on = ["level", "need", "code", "partner_code"]
    both = taken.merge(given, on=on, how="outer", suffixes=("", "_given"), indicator=True)
    counted = both["need"].isin(COUNTED)
    assert (both.loc[counted, "_merge"] == "both").all()
    pairs = both[both["_merge"] == "both"]
    assert len(pairs) > 15_000
    assert np.allclose(pairs["quantity"], pairs["quantity_given"], rtol=1e-9, atol=2e-6)


# --- reciprocity ---


def test_each_pair_appears_once(reciprocity):
    equals = reciprocity["level"] == reciprocity["level_b"]
    assert (reciprocity.loc[equals, "code_a"] < reciprocity.loc[equals, "code_b"]).all()
    assert not reciprocity.duplicated([*PAIR, "need"]).any()
    assert set(reciprocity.loc[~equals, "level"]) == set(PERIMETERS)
    assert set(reciprocity.loc[~equals, "level_b"]) == {"epci"}
    assert set(reciprocity["need"]) == set(FLOWING)


@pytest.mark.parametrize(
    ("gives", "own", "partner"),
    [("a_to_b", "code_b", "code_a"), ("b_to_a", "code_a", "code_b")],
)
def test_what_a_pair_exchanges_is_what_dependencies_say(
    reciprocity, dependencies, gives, own, partner
):
    pairs = reciprocity[reciprocity["level"] == reciprocity["level_b"]]
    pairs = pairs.rename(columns={own: "code", partner: "partner_code"})
    taken = dependencies[(dependencies["direction"] == "depends_on") & (dependencies["rank"] > 0)]
    taken = taken[taken["level"] == taken["partner_level"]]
    on = ["level", "need", "code", "partner_code"]
    both = pairs[[*on, gives, "share_of_b" if own == "code_b" else "share_of_a"]].merge(
        taken[[*on, "quantity", "share"]], on=on, how="left"
    )
    assert both["quantity"].notna().sum() > 5000
    counted = both["need"].isin(COUNTED)
    said = both["quantity"].notna()
    assert np.allclose(both.loc[said, gives], both.loc[said, "quantity"], rtol=1e-9, atol=2e-6)
    assert np.allclose(both.loc[said].iloc[:, 5], both.loc[said, "share"], rtol=1e-6, atol=1e-9)
    # A counted flow that is not there is none.
    assert (both.loc[counted & ~said, gives].fillna(0) == 0).all()


def test_around_a_perimeter_it_is_what_the_perimeter_says(reciprocity, dependencies):
    pairs = reciprocity[reciprocity["level"] != reciprocity["level_b"]]
    rows = dependencies[(dependencies["rank"] > 0) & (dependencies["partner_level"] == "epci")]
    rows = rows.rename(columns={"code": "code_a", "partner_code": "code_b"})
    on = ["level", "code_a", "code_b", "need"]
    for gives, direction in (("a_to_b", "depended_on_by"), ("b_to_a", "depends_on")):
        due = rows[rows["direction"] == direction][[*on, "quantity"]]
        both = pairs.merge(due, on=on, how="left")
        said = both["quantity"].notna()
        assert said.sum() > 1000
        assert np.allclose(both.loc[said, gives], both.loc[said, "quantity"], rtol=1e-9)
        assert (both.loc[~said, gives].fillna(0) == 0).all()


def test_reciprocity_is_what_is_returned(reciprocity):
    known = reciprocity.dropna(subset=["a_to_b", "b_to_a"])
    due = 2 * known[["a_to_b", "b_to_a"]].min(axis=1) / (known["a_to_b"] + known["b_to_a"])
    assert np.allclose(known["reciprocity"], due, rtol=1e-9, atol=1e-12)
    for column in ("reciprocity", "expected_reciprocity"):
        assert reciprocity[column].dropna().between(0, 1 + 1e-9).all()
        assert reciprocity[column].notna().sum() > 1000
    against = reciprocity.dropna(subset=["reciprocity_vs_chance"])
    chance = against["expected_reciprocity"]
    due = (against["reciprocity"] - chance) / (1 - chance)
    assert np.allclose(against["reciprocity_vs_chance"], due, rtol=1e-6, atol=1e-9)


def test_reciprocity_of_a_network_is_that_of_its_pairs(ask, reciprocity):
    pairs = reciprocity[reciprocity["level"] == reciprocity["level_b"]]
    pairs = pairs[pairs["level"] != "commune"].fillna({"a_to_b": 0, "b_to_a": 0})
    pairs = pairs[pairs["is_known"]]
    pairs = pairs.assign(
        total=pairs["a_to_b"] + pairs["b_to_a"], back=2 * pairs[["a_to_b", "b_to_a"]].min(axis=1)
    )
    sums = pairs.groupby(["level", "need"])[["total", "back"]].sum().reset_index()
    sums["reciprocity"] = sums["back"] / sums["total"]
    found = ask("from network_reciprocity where level != 'commune'")
    assert found["reciprocity"].between(0, 1).all()
    same(found, sums, ["level", "need"], ["total", "reciprocity"], rel=1e-6)


# --- the basket ---


def test_who_gives_gives_a_notable_part(reciprocity):
    for giver, gives, share in (
        ("a_is_giver", "a_to_b", "share_of_b"),
        ("b_is_giver", "b_to_a", "share_of_a"),
    ):
        notable = reciprocity[share].fillna(0) >= 0.01
        enough = (reciprocity["unit"] != "person") | (reciprocity[gives].fillna(0) >= 100)
        assert (reciprocity[giver] == (notable & enough)).all()


def basket(rows, is_known):
    """The basket of one pair, from what is said of its needs."""
    a, b = ({row.need for row in rows if getattr(row, giver)} for giver in GIVERS)
    if a and b:
        return "reciprocal" if a & b else "crossed"
    # What a territory of unknown need is given is not known either.
    if not is_known:
        return None
    return "one_way" if a or b else "none"


def leaning(rows):
    """Which of the two takes the larger share of a need of one function from the other."""
    rows = [row for row in rows if row.is_known]
    if not rows:
        return None
    a, b = (max(np.nan_to_num(getattr(row, side)) for row in rows) for side in SHARES)
    return "a_on_b" if a > b else "b_on_a" if b > a else "even"


def test_baskets_are_what_pairs_give_each_other(ask, reciprocity):
    pairs = defaultdict(list)
    for row in reciprocity.itertuples():
        if row.level not in ("commune", "country"):
            pairs[row.level, row.code_a, row.level_b, row.code_b].append(row)
    due = []
    for pair, rows in pairs.items():
        if not any(row.a_is_giver or row.b_is_giver for row in rows):
            continue
        is_known = all(row.is_known for row in rows)
        of_function = defaultdict(list)
        for row in rows:
            of_function[row.function].append(row)
        said = {f"leans_{name}": leaning(ours) for name, ours in of_function.items()}
        for side, giver in zip("ab", GIVERS, strict=True):
            given = [row for row in rows if getattr(row, giver)]
            said[f"{side}_gives"] = ", ".join(sorted(row.need for row in given)) or None
            said[f"{side}_functions"] = len({row.function for row in given})
        said["basket"] = basket(rows, is_known)
        observed = [row for row in rows if row.evidence == "observed"]
        said["basket_observed"] = basket(observed, is_known)
        due.append(dict(zip(PAIR, pair, strict=True)) | said)
    due = pd.DataFrame(due)
    assert set(due["basket"].dropna()) == {"reciprocal", "crossed", "one_way"}
    same(ask("from baskets"), due, PAIR, [c for c in due.columns if c not in PAIR])


# --- with whom to cooperate ---


@pytest.fixture(scope="module")
def complements(ask):
    return ask("from complements")


def test_a_complement_is_a_surplus_and_a_deficit_of_the_balances(ask, complements):
    nets = ask(
        "select need, level, code, net from balances where net is not null"
        " qualify row_number() over (partition by need, level, code order by year desc) = 1"
    ).set_index(["need", "level", "code"])["net"]
    for end, column, sign in (("giver", "surplus", 1), ("receiver", "deficit", -1)):
        keys = pd.MultiIndex.from_frame(complements[["need", f"{end}_level", f"{end}_code"]])
        assert np.allclose(sign * nets.reindex(keys), complements[column], rtol=1e-9)
        assert (complements[column] > 0).all()
    least = complements[["surplus", "deficit"]].min(axis=1)
    assert np.allclose(complements["potential_exclusive"], least)
    assert np.allclose(complements["share_of_deficit"], least / complements["deficit"])
    assert np.allclose(complements["share_of_surplus"], least / complements["surplus"])
    reach = complements["need"].map({name: need.reach_km for name, need in needs().items()})
    assert (complements["distance_km"] <= reach + 0.05).all()


def test_nothing_is_promised_twice(complements):
    between = complements[complements["potential_allocated"].notna()]
    assert len(between) > 500
    assert set(between["giver_level"]) == set(between["receiver_level"]) == {"epci"}
    for end, limit in (("giver", "surplus"), ("receiver", "deficit")):
        sums = between.groupby(["need", f"{end}_code"]).agg(
            promised=("potential_allocated", "sum"), limit=(limit, "first")
        )
        assert (sums["promised"] <= sums["limit"] * (1 + 1e-9) + 1e-5).all()
    assert (between["potential_allocated"] <= between["potential_exclusive"] + 1e-5).all()


def test_what_can_be_given_is_given(complements):
    """No surplus is left beside a deficit within its reach."""
    between = complements[complements["potential_allocated"].notna()]
    given = between.groupby(["need", "giver_code"])["potential_allocated"].transform("sum")
    taken = between.groupby(["need", "receiver_code"])["potential_allocated"].transform("sum")
    left = np.minimum(between["surplus"] - given, between["deficit"] - taken)
    slack = 1e-6 * between[["surplus", "deficit"]].max(axis=1) + 1e-3
    assert (left <= slack).all(), between[left > slack].head().to_string()


def test_the_score_of_a_cooperation_is_its_parts(ask, complements):
    rows = complements.copy()
    epci = (rows["giver_level"] == "epci") & (rows["receiver_level"] == "epci")
    gives_a = np.where(
        epci, rows["giver_code"] < rows["receiver_code"], rows["giver_level"] != "epci"
    )
    for side, first in (("a", gives_a), ("b", ~gives_a)):
        for what in ("level", "code"):
            rows[f"{what}_{side}"] = rows[f"giver_{what}"].where(first, rows[f"receiver_{what}"])
    rows = rows.rename(columns={"level_a": "level"}).assign(a_gives=gives_a)
    best = rows.groupby([*PAIR, "function"])["share_of_deficit"].max()
    due = best.groupby(PAIR).agg(mean_share_of_deficit="mean", n_functions="size")
    for column, own in (("a_gives", rows["a_gives"]), ("b_gives", ~rows["a_gives"])):
        due[column] = rows[own].groupby(PAIR)["need"].agg(lambda s: ", ".join(sorted(s)))
    due["is_two_way"] = due["a_gives"].notna() & due["b_gives"].notna()
    due["score"] = due["mean_share_of_deficit"] * np.where(due["is_two_way"], 1, 0.5)
    found = ask("from cooperation")
    columns = ["mean_share_of_deficit", "n_functions", "score", "a_gives", "b_gives"]
    same(found, due.reset_index(), PAIR, columns)
    assert found["score"].between(0, 1).all()
    assert found["is_two_way"].nunique() == 2
    baskets = ask("from baskets")[[*PAIR, "basket"]]
    both = found.merge(baskets, on=PAIR, how="left", suffixes=("", "_due"), indicator=True)
    alone = both["_merge"] == "left_only"
    assert (both.loc[alone, "basket"] == "none").all()
    pd.testing.assert_series_equal(
        both.loc[~alone, "basket"], both.loc[~alone, "basket_due"], check_names=False
    )


# --- levers ---


@pytest.fixture(scope="module")
def conditions():
    """The triggers as written: lever to its alternatives."""
    text = (paths.CATALOGUE / "levers.yml").read_text(encoding="utf-8")
    return {lever: about["when"] for lever, about in yaml.safe_load(text).items()}


def holds(condition, figure):
    """Whether a figure (value, percentile) meets a condition of levers.yml."""
    value, percentile = figure
    if "above" in condition:
        return value > condition["above"]
    if "below" in condition:
        return value < condition["below"]
    if pd.isna(percentile):
        return False
    return percentile >= 75 if condition["quartile"] == "top" else percentile <= 25


@pytest.fixture(scope="module")
def figures(ask, complements, relations):
    """What the levers look at, for each EPCI: figure to (value, percentile)."""
    found = defaultdict(dict)
    latest = ask(
        "select code, indicator, value, percentile from indicators where level = 'epci'"
        " qualify row_number() over (partition by code, indicator order by year desc) = 1"
    )
    for code, indicator, value, percentile in latest.itertuples(index=False):
        found[code][indicator] = value, percentile
    territories = ask("from territories where level = 'epci'").set_index("code")
    balances = ask(
        "select code, need, self_sufficiency from balances where level = 'epci' and net is not null"
    )
    near = complements[
        (complements["giver_level"] == "epci") & (complements["receiver_level"] == "epci")
    ]
    reached = {name: need for name, need in needs().items() if need.reach_km}
    ways = (("surplus", "receiver_code", "giver_code"), ("deficit", "giver_code", "receiver_code"))
    for code, need, _ in balances.itertuples(index=False):
        if need in reached:
            matches = f"signal.nearby_matches_{reached[need].function}"
            found[code].setdefault(matches, (0, None))
            for found_, own, other in ways:
                ours = near[(near[own] == code) & (near["need"] == need)]
                found[code][f"signal.nearby_{found_}_{need}"] = ours[other].nunique(), None
    for function, rows in near.groupby("function"):
        ends = pd.concat(
            [
                rows[["giver_code", "receiver_code"]].set_axis(["code", "other"], axis=1),
                rows[["receiver_code", "giver_code"]].set_axis(["code", "other"], axis=1),
            ]
        )
        for code, count in ends.groupby("code")["other"].nunique().items():
            found[code][f"signal.nearby_matches_{function}"] = count, None
    # Any contract with an EPCI on both sides counts.
    both_ways = ask(
        "select code, count(*) as n from (select unnest([code_a, code_b]) as code from baskets"
        " where level = 'epci' and level_b = 'epci' and basket in ('reciprocal', 'crossed'))"
        " group by code"
    )
    for code, count in both_ways.itertuples(index=False):
        found[code]["signal.reciprocal_baskets"] = count, None
    # Nobody plans with the rest of the world.
    partners = ask(
        "select code, function, max(share) as share from dependencies where level = 'epci'"
        " and direction = 'depends_on' and rank > 0 and partner_level in ('epci', 'commune')"
        " group by all"
    )
    for code, function, share in partners.itertuples(index=False):
        found[code][f"signal.largest_share_{function}"] = 100 * share, None
    ours = relations[(relations["level"] == "epci") & (relations["direction"] == "depends_on")]
    providers = ours[(ours["need"] == "jobs")].dropna(subset=["dominant_code"])
    same_first = providers.groupby("dominant_code")["code"].transform("size") - 1
    for code, count in zip(providers["code"], same_first, strict=True):
        found[code]["signal.shared_dominant_provider"] = count, None
    lacking = balances[balances["need"].isin(reached) & (balances["self_sufficiency"] < 1)]
    weakest = lacking.sort_values(["code", "self_sufficiency", "need"]).drop_duplicates("code")
    place = weakest["code"].map(territories["departement_code"])
    for code, count in zip(
        weakest["code"], weakest.groupby([place, "need"])["code"].transform("size"), strict=True
    ):
        found[code]["signal.shared_weakest_need"] = count - 1, None
    for code, people in territories["population"].items():
        found[code]["signal.population"] = people, None
    return found


def test_levers_are_those_that_the_figures_of_an_epci_call_for(ask, conditions, figures):
    due = set()
    for code, known in figures.items():
        for lever, alternatives in conditions.items():
            for every in alternatives:
                if all(c["of"] in known and holds(c, known[c["of"]]) for c in every):
                    due |= {(code, lever, c["of"]) for c in every}
    found = ask("from triggered_levers where level = 'epci'")
    rows = set(found[["code", "lever", "indicator"]].itertuples(index=False, name=None))
    assert len(due) > 200
    assert rows - due == set(), "called for nothing"
    assert due - rows == set(), "not called for"


def wrong_figures(ask, figures, nearby):
    """The figures of EPCI that are not what other tables say."""
    found = ask("select code, indicator, value from triggered_levers where level = 'epci'")
    return {
        (code, term): (value, figures[code][term][0])
        for code, term, value in found.itertuples(index=False)
        if ("nearby" in term) == nearby and value != pytest.approx(figures[code][term][0], rel=1e-9)
    }


def test_the_figure_of_a_lever_is_that_of_its_table(ask, figures):
    assert wrong_figures(ask, figures, nearby=False) == {}


def test_territories_within_reach_of_an_epci_are_epci(ask, figures):
    assert wrong_figures(ask, figures, nearby=True) == {}


def test_a_figure_is_beyond_its_limit(ask, conditions):
    rows = ask("from triggered_levers")
    assert set(rows["level"]) == set(levels()) - {"country"}
    value = rows["percentile"].where(rows["comparison"].str.contains("quartile"), rows["value"])
    for comparison, beyond in (
        ("above", value > rows["threshold"]),
        ("below", value < rows["threshold"]),
        ("top_quartile", value >= 75),
        ("bottom_quartile", value <= 25),
    ):
        said = rows["comparison"] == comparison
        assert said.any() and beyond[said].all(), comparison
    never = {lever for lever, alternatives in conditions.items() if not alternatives}
    assert set(rows["lever"]).isdisjoint(never)


# --- commune by commune ---


def test_partners_by_commune_are_what_flows_say(ask, relations):
    """All those of an EPCI that are not inside it: the first, and any of a notable share."""
    ends = ask(
        "with inside as (select code, commune_code from territory_members where level = 'epci'),"
        " seen as (select need, 'depends_on' as direction, dependent_code as own,"
        " provider_code as partner_code, quantity from flows"
        " union all select need, 'depended_on_by', provider_code, dependent_code, quantity"
        " from flows)"
        " select own.code, need, direction, partner_code, sum(quantity) as quantity"
        " from seen inner join inside as own on seen.own = own.commune_code"
        " anti join inside as theirs"
        " on theirs.code = own.code and theirs.commune_code = seen.partner_code"
        " where list_contains($needs, need) and quantity > 0 group by all",
        needs=COUNTED,
    )
    on = ["code", "need", "direction"]
    sums = ends.groupby(on)["quantity"].sum().reset_index(name="external")
    totals = relations[(relations["level"] == "epci") & relations["need"].isin(COUNTED)]
    same(totals[totals["external"] > 0][[*on, "external"]], sums, on, ["external"], abs_tol=1e-3)
    due = ends.merge(totals[[*on, "total"]], on=on)
    due["share"] = due["quantity"] / due["total"]
    due = due.sort_values([*on, "quantity", "partner_code"], ascending=[True] * 3 + [False, True])
    due["rank"] = due.groupby(on).cumcount() + 1
    due = due[(due["share"] >= 0.01) | (due["rank"] <= 20)]
    found = ask("from commune_partners where level = 'epci'")
    key = [*on, "partner_code"]
    same(found, due, key, ["quantity", "share"], abs_tol=1e-4)
    assert set(found["direction"]) == {"depends_on", "depended_on_by"}


# --- perimeters ---


@pytest.fixture(scope="module")
def twins(dependencies, twin_of):
    """The partners of the perimeter `twin`, and those of its EPCI."""
    rows = dependencies[dependencies["rank"] > 0]
    return (
        rows[(rows["level"] == "custom") & (rows["code"] == "twin")],
        rows[(rows["level"] == "epci") & (rows["code"] == twin_of)],
    )


PARTNER = ["need", "direction", "partner_level", "partner_code"]
SAID = ["quantity", "share", "low", "high", "distance_km"]


def test_a_perimeter_of_the_communes_of_an_epci_has_its_partners(twins):
    counted = [rows[~rows["need"].isin(list(attributions()))] for rows in twins]
    columns = [*SAID, "rank", "cumulative_share", "ghg_kgco2e", "evidence"]
    ours, theirs = (rows[PARTNER + columns] for rows in counted)
    assert len(ours) > 100
    same(ours, theirs, PARTNER, columns)


def test_and_those_that_a_model_attributes(twins):
    """Around a perimeter, communes without EPCI are named too, in the place of a small partner."""
    modelled = [rows[rows["need"].isin(list(attributions()))] for rows in twins]
    both = modelled[0].merge(modelled[1], on=PARTNER, how="outer", suffixes=("", "_due"))
    shared = both[both["partner_level"] != "elsewhere"].dropna(subset=["share", "share_due"])
    assert len(shared) > 300
    for column in SAID:
        assert np.allclose(shared[column], shared[f"{column}_due"], atol=1e-5, equal_nan=True)
    alone = both[both["share"].isna() | both["share_due"].isna()]
    assert (alone[["share", "share_due"]].max(axis=1) < 0.01).all()


def test_and_its_relations(relations, twin_of):
    ours = relations[(relations["level"] == "custom") & (relations["code"] == "twin")]
    theirs = relations[(relations["level"] == "epci") & (relations["code"] == twin_of)]
    key = ["need", "direction"]
    columns = ["total", "internal", "external", "self_containment", "foreign_share", "partners_50"]
    columns += ["partners_80", "dominant_code", "dominant_share", "distance_km", "located_share"]
    columns += ["ghg_kgco2e", "year", "evidence", "coverage"]
    assert len(ours) > 20
    same(ours[key + columns], theirs[key + columns], key, columns, abs_tol=1e-5)
    # Small partners that are merged are not all the same: communes without EPCI are named.
    shape = ["partner_hhi", "effective_partners"]
    same(ours[key + shape], theirs[key + shape], key, shape, rel=0.01)


def test_and_its_partners_by_commune(ask, twin_of):
    rows = ask("from commune_partners")
    ours = rows[(rows["level"] == "custom") & (rows["code"] == "twin")]
    theirs = rows[(rows["level"] == "epci") & (rows["code"] == twin_of)]
    key = ["need", "direction", "partner_code"]
    columns = ["rank", "partner_level", "partner_name", "quantity", "share", "low", "high"]
    assert len(ours) > 50
    same(ours[key + columns], theirs[key + columns], key, columns)


def exchanged(dependencies, need, one, other):
    """What two EPCI give each other; a small attributed part can be named at one end only."""
    rows = dependencies[(dependencies["level"] == "epci") & (dependencies["need"] == need)]
    rows = rows.set_index(["direction", "code", "partner_code"])["quantity"]
    return sum(
        max(rows.get(("depends_on", d, p), 0), rows.get(("depended_on_by", p, d), 0))
        for p, d in ((one, other), (other, one))
    )


@pytest.mark.parametrize("need", FLOWING)
@pytest.mark.parametrize("direction", ["depends_on", "depended_on_by"])
def test_a_union_nets_out_what_its_parts_exchange(dependencies, relations, close, need, direction):
    ours = relations[(relations["level"] == "custom") & (relations["need"] == need)]
    ours = ours[ours["direction"] == direction].set_index("code")
    if not {"one", "other"} & set(ours.index):
        pytest.skip("neither has any of it")
    between = exchanged(dependencies, need, *close)
    parts = ours.reindex(["one", "other"]).fillna({"external": 0, "internal": 0, "total": 0})
    assert ours.at["union", "external"] == pytest.approx(
        parts["external"].sum() - between, rel=1e-9, abs=1e-3
    )
    assert ours.at["union", "internal"] == pytest.approx(
        parts["internal"].sum() + between, rel=1e-9, abs=1e-3
    )
    assert ours.at["union", "total"] == pytest.approx(parts["total"].sum(), rel=1e-9, abs=1e-3)
    if need == "jobs":
        assert between > 100


@pytest.mark.parametrize("direction", ["depends_on", "depended_on_by"])
def test_a_perimeter_of_one_commune_needs_what_the_commune_does(relations, direction):
    rows = relations[(relations["direction"] == direction) & relations["need"].isin(COUNTED)]
    ours = rows[(rows["level"] == "custom") & (rows["code"] == "single")]
    theirs = rows[(rows["level"] == "commune") & (rows["code"] == "01001")]
    columns = ["total", "internal", "external", "coverage"]
    assert len(ours) >= 2
    same(ours[["need", *columns]], theirs[["need", *columns]], ["need"], columns)


def test_a_perimeter_of_the_whole_country_is_the_country(relations):
    ours = relations[(relations["level"] == "custom") & (relations["code"] == "whole")]
    theirs = relations[relations["level"] == "country"]
    key, columns = ["need", "direction"], ["total", "internal", "external", "self_containment"]
    assert set(ours["need"]) >= set(FLOWING)
    same(ours[key + columns], theirs[key + columns], key, columns, abs_tol=1e-3)


def test_no_partner_of_a_perimeter_lies_inside_it(dependencies, ask):
    inside = ask(
        "select m.level, m.code, e.code as partner_code from territory_members as m"
        " inner join territory_members as e on e.level = 'epci' and e.commune_code = m.commune_code"
        " inner join territories as t on t.level = 'epci' and t.code = e.code"
        " where list_contains($perimeters, m.level) group by m.level, m.code, e.code, t.n_communes"
        " having count(*) = t.n_communes",
        perimeters=PERIMETERS,
    )
    rows = dependencies[(dependencies["partner_level"] == "epci") & (dependencies["rank"] > 0)]
    wrong = rows.merge(inside, on=["level", "code", "partner_code"])
    assert wrong.empty, wrong.head().to_string()


# --- the answer as it is written ---


@pytest.fixture
def command(answers, monkeypatch, capsys):
    """The territory command on this release: exit code, what it said, what was wrong."""

    def call(*given):
        monkeypatch.setenv("COLUMNS", "300")
        out = str(answers.parent)
        monkeypatch.setattr(sys, "argv", ["metabolisme", "territory", *given, "--out", out])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return call


def cells(line):
    """The number of cells of a table's line: a `|` that is escaped ends none."""
    return len(re.split(r"(?<!\\)(?:\\\\)*\|", line))


@pytest.fixture(scope="module")
def nasty(answers):
    """A sheet in which every name is nasty."""
    answer = sheet(answers, Place("custom", "single", NASTY))
    rich = sheet(answers, Place("custom", "union", "union"))
    assert rich.partners and rich.baskets and rich.cooperation and rich.levers
    return replace(
        rich,
        territory=answer.territory,
        **{
            part: [row | {"partner_name": NASTY} for row in getattr(rich, part)]
            for part in ("partners", "baskets", "cooperation")
        },
    )


def test_a_name_draws_no_table(nasty):
    lines = markdown(nasty).splitlines()
    width = 0
    drawn = 0
    for before, line in itertools.pairwise(["", *lines]):
        if line.startswith("|"):
            width = width if before.startswith("|") else cells(line)
            assert cells(line) == width, line
            drawn += NASTY.split()[0] in line
    assert drawn > 20


@pytest.mark.parametrize("sign", ["<", ">", "*", "`", "[", "]", "|", "_"])
def test_a_name_bears_no_sign_of_markdown(nasty, sign):
    written = markdown(nasty)
    assert written.startswith("# Val \\| \\*Haut\\* \\<script\\>")
    named = [line for line in written.splitlines() if "Haut" in line]
    assert len(named) > 20
    # A table's own lines, and what is bold by the template.
    own = {"|", "*"} if sign in "|*" else set()
    assert sign in own or not any(re.search(rf"(?<!\\){re.escape(sign)}", one) for one in named)


def test_the_command_writes_markdown(command, nasty):
    code, out, err = command("single", "--level", "custom", "--format", "markdown")
    assert (code, err) == (0, "")
    assert out.startswith("# Val \\| \\*Haut\\* \\<script\\>")
    assert "<script>" not in out


@pytest.mark.parametrize("asked", [["--format", "json"], ["--json"]])
def test_the_command_writes_json_with_names_as_they_are(command, asked):
    code, out, err = command("single", "--level", "custom", *asked)
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["territory"]["name"] == NASTY
    assert answer["sample"] is True
    assert {"partners", "relations", "baskets", "cooperation", "levers", "not_measured"} <= set(
        answer
    )


@pytest.mark.parametrize("asked", [["--format", "text"], []])
def test_the_command_writes_text_with_names_as_they_are(command, asked):
    code, out, err = command("single", "--level", "custom", *asked)
    assert (code, err) == (0, "")
    assert NASTY in out
    assert "De qui ce territoire dépend" in out and "Que négocier ?" in out


def test_a_format_that_does_not_exist_is_refused(command):
    code, out, err = command("single", "--format", "pdf")
    assert (code, out) == (2, "")
    assert "markdown" in err


def test_a_name_that_several_bear_lists_them(command, answers):
    code, out, err = command("Paris")
    assert (code, out) == (2, "")
    assert "commune 75056 Paris" in err and "--level" in err
    with pytest.raises(UsageError, match=r"fits \d+ territories"):
        find(answers, "Paris")


def test_a_direction_without_flow_says_so(answers):
    answer = sheet(answers, Place("custom", "union", "union"))
    silent = replace(
        answer, relations=[r for r in answer.relations if r["direction"] == "depends_on"]
    )
    assert "Aucun flux n'est connu dans ce sens" not in markdown(answer)
    assert markdown(silent).count("Aucun flux n'est connu dans ce sens") == 1


def test_a_need_without_flow_has_its_reason(answers, ask):
    """Nothing is attributed below the EPCI: a commune is told why."""
    answer = sheet(answers, find(answers, "01001", "commune"))
    assert {row["need"] for row in answer.relations} <= set(COUNTED)
    reasons = {row["need"]: row["reason_fr"] for row in answer.not_measured if row["need"]}
    written = markdown(answer)
    for need in attributions():
        assert need in reasons
        assert needs()[need].fr.split(" (")[0] in written


def test_nobody_to_talk_to_is_said(answers):
    answer = sheet(answers, Place("custom", "single", NASTY))
    written = markdown(replace(answer, baskets=[], cooperation=[], levers=[]))
    assert "assez pour faire un panier" in written
    assert "Aucun excédent ni déficit connu" in written
    assert "\nAucun.\n" in written
