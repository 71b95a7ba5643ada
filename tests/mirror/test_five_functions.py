"""The five functions on real territories: indicators, balances, study, moves, published figures."""

import math
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest

from . import files
from .comparing import assert_same_partners, assert_same_values
from .conftest import METROPOLES
from .runs import Published
from .tallies import aldo, extent, number
from .truth import PARTITIONS, Commuting, Truth, exact

pytestmark = pytest.mark.mirror
FUNCTIONS = {"cohabit", "food", "energy", "work", "mobility"}
PRODUCED = ["electricity_production"] + [
    f"electricity_production_{kind}" for kind in ("solar", "wind", "hydro", "bioenergy")
]
COVERED = [
    "electricity_self_sufficiency",
    "electricity_self_sufficiency_without_nuclear",
    "renewable_electricity_self_sufficiency",
]
LIMITED = {
    # What needs a source that does not know all of France.
    "agreste_ra2020": [
        "farmland",
        "farmland_per_head",
        "food_self_sufficiency",
        "food_self_sufficiency_balanced",
        "food_import_dependence",
    ],
    "odre_electricity_registry": [*PRODUCED, *COVERED],
    "ore_consumption": [
        "electricity_consumption",
        "electricity_consumption_per_head",
        "gas_consumption",
        "biomethane_self_sufficiency",
        *COVERED,
    ],
    "cerema_land_take": [
        "land_take_per_year",
        "land_take_per_head",
        "land_take_trend",
        "land_take_per_new_household",
        "coastal_land_take_share",
    ],
    "pat_perimeters": ["pat_coverage"],
    "insee_school_commuting": ["study_places_needed", "study_self_containment"],
    "insee_residential_moves": ["moves_in", "newcomer_share"],
    "insee_commuting": ["employed_residents", "commuters_out", "mean_commute_km"],
}
# Who comes in from elsewhere is unknown where a file only has the residents of five métropoles.
UNKNOWN = [
    "jobs_held",
    "commuters_in",
    "job_self_sufficiency",
    "job_concentration_index",
    "job_basin_coherence",
    "moves_out",
    "moves_net",
    "moves_turnover",
]
MODES = {
    "car_share_workers": "voiture pour travailler",
    "transit_share_workers": "les transports en commun",
    "bike_share_workers": "vélo pour travailler",
}
FOOD = {"value": 0.40, "low": 0.43, "high": 0.30}  # ha to feed an inhabitant: more, less food
GRASS = 0.40
MONTPELLIER, LACAUNE = "243400017", "200066553"


def values(release: Published, level: str, indicator: str, year: int = 0) -> dict[str, float]:
    rows = release.rows("indicators", level=level, indicator=indicator)
    rows = rows[rows["year"] == year] if year else rows
    return dict(zip(rows["code"], rows["value"], strict=True))


def departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def people(truth: Truth, level: str) -> pd.Series:
    return truth.total(level, truth.populations)


def comparateur(truth: Truth) -> pd.DataFrame:
    """The comparison base as it is: communes only, as numbers."""
    archive = files.find(truth.mirror, "insee_comparateur")
    rows = files.read_csv(files.unzip(archive, "base_cc_comparateur.csv"), ";")
    kept = [row for row in rows if row["CODGEO"] not in truth.cog.districts]
    return pd.DataFrame(kept).set_index("CODGEO").map(number)


# --- what is there, and what is not ---


@pytest.mark.parametrize("level", ["commune", "epci", "departement"])
def test_every_function_has_five_indicators(
    release_2019: Published, truth: Truth, level: str
) -> None:
    rows = release_2019.rows("indicators", level=level)
    real = rows[rows["code"].isin(truth.members[level]["code"]) & rows["value"].notna()]
    count = real.groupby("function")["indicator"].nunique()
    assert set(count.index) == FUNCTIONS
    assert count.min() >= 5, count.to_dict()


@pytest.mark.parametrize("level", PARTITIONS)
@pytest.mark.parametrize("source_id", LIMITED)
def test_nothing_is_said_outside_the_extent_of_a_source(
    release_2019: Published, truth: Truth, source_id: str, level: str
) -> None:
    known = extent(truth, source_id, "2019" if source_id == "insee_commuting" else "")
    coverage = truth.coverage(truth.members[level], known)
    due = set(coverage[coverage >= 0.5].index)
    rows = release_2019.rows("indicators", level=level)
    rows = rows[rows["indicator"].isin(LIMITED[source_id])]
    assert set(rows["code"]) <= due
    if level == "commune":
        assert set(rows["indicator"]) == set(LIMITED[source_id])


@pytest.mark.parametrize("source_id", [one for one in LIMITED if one.startswith(("a", "o", "c"))])
def test_no_measure_is_filled_outside_the_extent_of_a_source(
    release_2019: Published, truth: Truth, source_id: str
) -> None:
    rows = release_2019.rows("measures", source_id=source_id)
    assert len(rows) > 0
    assert set(rows["commune_code"]) <= extent(truth, source_id)


@pytest.mark.parametrize("level", PARTITIONS)
@pytest.mark.parametrize(
    ("source_id", "indicator"),
    [
        ("insee_housing", "second_home_rate"),
        ("insee_housing", "vacancy_rate"),
        ("insee_tourism_capacity", "tourism_function_rate"),
    ],
)
def test_a_sample_speaks_for_its_communes_only(
    release_2019: Published, truth: Truth, source_id: str, indicator: str, level: str
) -> None:
    archive = files.find(truth.mirror, source_id)
    rows = files.read_csv(files.unzip(archive, "*_data.csv"), ";")
    listed = {row["GEO"] for row in rows if row["GEO_OBJECT"] == "COM"}
    coverage = truth.coverage(truth.members[level], listed)
    found = release_2019.rows("indicators", level=level, indicator=indicator)
    # Another source of dwellings knows 2018, and all of France.
    found = found[found["year"] != 2018]
    assert set(found["code"]) <= set(coverage[coverage >= 0.5].index)
    assert not found.empty or level != "commune"


def test_who_comes_from_elsewhere_is_not_guessed(release_2019: Published) -> None:
    rows = release_2019.table("indicators")
    assert set(rows["indicator"]).isdisjoint(UNKNOWN)
    said = release_2019.table("indicator_catalogue")["indicator"]
    assert set(UNKNOWN) <= set(said)


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_values_lie_within_their_bounds(request: pytest.FixtureRequest, year: str) -> None:
    rows = request.getfixturevalue(f"release_{year}").table("indicators")
    assert rows["value"].notna().all()
    for low, high in (("low", "value"), ("value", "high")):
        wrong = rows[rows[low] > rows[high]]
        assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_shares_lie_between_0_and_100(request: pytest.FixtureRequest, year: str) -> None:
    rows = request.getfixturevalue(f"release_{year}").table("indicators")
    percent = rows[rows["unit"] == "percent"]
    # More can be made than is needed; but two of that name are shares.
    free = percent["indicator"].str.contains("self_sufficiency")
    free &= ~percent["indicator"].isin(["food_self_sufficiency_balanced", "job_self_sufficiency"])
    shares = percent[~free]
    assert shares["indicator"].nunique() > 10
    for column in ("value", "low", "high"):
        wrong = shares[(shares[column] < 0) | (shares[column] > 100 + 1e-9)]
        assert wrong.empty, wrong.head().to_string()


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_percentiles_lie_between_0_and_100(request: pytest.FixtureRequest, year: str) -> None:
    rows = request.getfixturevalue(f"release_{year}").table("indicators")
    assert rows["percentile"].dropna().between(0, 100).all()
    peers = rows.groupby(["level", "indicator", "year"])["code"].transform("size")
    assert (rows["percentile"].isna() == (peers == 1)).all()


# --- co-habiter ---


@pytest.mark.parametrize(
    ("indicator", "column"), [("second_home_rate", "P18_RSECOCC"), ("vacancy_rate", "P18_LOGVAC")]
)
def test_dwellings_of_departements(
    release_2019: Published, truth: Truth, indicator: str, column: str
) -> None:
    base = comparateur(truth).groupby(departement).sum(min_count=1)
    due = (100 * base[column] / base["P18_LOG"]).dropna()
    assert len(due) == 100  # all but Mayotte
    assert_same_values(values(release_2019, "departement", indicator, 2018), due.to_dict(), 1e-7)


def test_long_vacancy_of_departements(release_2019: Published, truth: Truth) -> None:
    """Of the dwellings of the communes that the vacancy file lists, and of no others."""
    rows = files.read_csv(files.find(truth.mirror, "lovac").read_bytes(), ";")
    vacant, secret, known = Counter[str](), Counter[str](), set()
    for row in rows:
        code, text = row["CODGEO_25"], row["pp_vacant_plus_2ans_25"]
        secret[departement(code)] += text == "s"
        if text != "s":
            vacant[departement(code)] += int(text)
            known.add(truth.cog.districts.get(code, code))
    codes = {row["CODGEO_25"] for row in rows} - {"97127"}  # Saint-Martin, no commune since 2007
    listed = truth.cog.carry(codes, 2025, truth.populations)
    spoken_of = {commune for parts in listed.values() for commune in parts}
    homes = comparateur(truth)["P18_LOG"].dropna()
    carried = truth.cog.carry(homes.index, 2021, truth.populations)
    dwellings = pd.Series(0.0, sorted(set(homes.index.map(departement))))
    for code, parts in carried.items():
        part = sum(share for commune, share in parts.items() if commune in spoken_of)
        dwellings[departement(code)] += part * homes[code]
    assert dwellings.sum() < homes.sum()  # some communes are not listed
    coverage = truth.coverage(truth.members["departement"], known)
    found = release_2019.rows("indicators", level="departement", indicator="long_vacancy_rate")
    found = found.set_index("code")
    assert set(found.index) == set(dwellings.index) & set(coverage[coverage >= 0.5].index)
    for code, row in found.iterrows():
        low, high = (
            100 * count / dwellings[code]
            for count in (vacant[code], vacant[code] + 10 * secret[code])
        )
        assert row["value"] == pytest.approx(low, rel=1e-7)
        if secret[code]:
            assert (row["low"], row["high"]) == pytest.approx((low, high), rel=1e-7)
        else:
            assert row[["low", "high"]].isna().all()


# --- se déplacer ---


def modal_shares(truth: Truth, indicator: str) -> pd.DataFrame:
    """The share that INSEE says, of each commune of 2026: `alone` if it is one of INSEE's.

    Of several, the mean is weighted by the workers that each code has in the comparison base.
    """
    lines = files.find(truth.mirror, "insee_modal_share").read_text("utf-8-sig").split("\n", 2)
    rows = files.read_csv(lines[2].encode(), ";")
    (column,) = [name for name in rows[0] if MODES[indicator] in name]
    said = {row["Code"]: number(row[column]) for row in rows}
    carried = truth.cog.carry(said, 2024, truth.populations)
    shares = pd.DataFrame(
        [(new, code, said[code]) for code, parts in carried.items() for new in parts],
        columns=["commune", "code", "share"],
    ).dropna()
    base = comparateur(truth)
    shares["weight"] = shares["code"].map(base["P18_ACT1564"] - base["P18_CHOM1564"]).fillna(1)
    shares["people"] = shares["share"] * shares["weight"]
    sums = shares.groupby("commune")[["people", "weight", "share"]].agg(["sum", "size"])
    alone = sums["share", "size"] == 1
    mean = sums["people", "sum"] / sums["weight", "sum"]
    return pd.DataFrame({"share": sums["share", "sum"].where(alone, mean), "alone": alone})


@pytest.mark.parametrize("indicator", MODES)
def test_modal_shares_of_communes(release_2019: Published, truth: Truth, indicator: str) -> None:
    shares = modal_shares(truth, indicator)
    employed = pd.Series(truth.comparison_base[1])
    shares = shares[shares.index.isin(employed[employed > 0].index)]
    found = values(release_2019, "commune", indicator)
    assert set(found) == set(shares.index)
    alone = shares.loc[shares["alone"], "share"].to_dict()
    assert len(alone) > 34_700
    # People are kept with six decimals, and a commune can have one.
    assert_same_values({code: found[code] for code in alone}, alone, precision=1e-4)


@pytest.mark.parametrize("indicator", MODES)
def test_modal_shares_of_departements_are_weighted(
    release_2019: Published, truth: Truth, indicator: str
) -> None:
    shares = modal_shares(truth, indicator)["share"]
    weights = pd.Series(truth.comparison_base[1])[lambda count: count > 0]
    both = pd.DataFrame({"share": shares, "weight": weights}).dropna()
    both["people"] = both["share"] * both["weight"]
    sums = both.groupby(departement)[["people", "weight"]].sum()
    due = sums["people"] / sums["weight"]
    found = pd.Series(values(release_2019, "departement", indicator))
    assert set(found.index) == set(due.index)
    assert len(found) == 100
    assert (found - due[found.index]).abs().max() < 1e-5
    # Not the mean of shares.
    plain = both.groupby(departement)["share"].mean()
    assert (plain[found.index] - found).abs().max() > 1


# --- se nourrir ---


def farmland(truth: Truth) -> pd.DataFrame:
    """Farmland, grassland and crops by commune, as the census of farms says."""
    rows = files.read_csv(files.find(truth.mirror, "agreste_ra2020").read_bytes(), ";")
    table = pd.DataFrame(rows).set_index("CODE_COM")
    found = pd.DataFrame(
        {"all": table["SAU"].map(number), "grass": table["Surfaces prairies"].map(number)}
    )
    return found.assign(crops=(found["all"] - found["grass"]).clip(lower=0))


def test_food_of_departements(release_2019: Published, truth: Truth) -> None:
    land = farmland(truth)
    carried = truth.cog.carry(land.index, 2020, truth.populations)
    known = {new for parts in carried.values() for new in parts}
    coverage = truth.coverage(truth.members["departement"], known)
    published = set(coverage[coverage >= 0.5].index)
    assert published == {"29", "31", "32", "34", "75", "81"}
    sums = land.groupby(departement).sum()
    ids = ("food_self_sufficiency", "food_self_sufficiency_balanced", "food_import_dependence")
    found = {
        id_: release_2019.rows("indicators", level="departement", indicator=id_).set_index("code")
        for id_ in ids
    }
    for rows in found.values():
        assert set(rows.index) == published
        assert set(rows["evidence"]) == {"assumed"}
    for code in sorted(published):
        for bound, hectares in FOOD.items():
            need = hectares * people(truth, "departement")[code]
            has = sums.loc[code]
            gross = 100 * has["all"] / need
            crops = min(1, has["crops"] / ((1 - GRASS) * need))
            grass = min(1, has["grass"] / (GRASS * need))
            balanced = 100 * ((1 - GRASS) * crops + GRASS * grass)
            other = {"value": "value", "low": "high", "high": "low"}[bound]
            due = {ids[0]: (bound, gross), ids[1]: (bound, balanced)}
            due[ids[2]] = (other, 100 - min(100, gross))
            for id_, (column, value) in due.items():
                said = found[id_].at[code, column]
                assert said == pytest.approx(value, rel=1e-7, abs=1e-9), (code, id_, column)


def test_silent_communes_leave_no_upper_bound(release_2019: Published, truth: Truth) -> None:
    """Where the census of farms keeps a twentieth of the communes from us, or more."""
    carried = truth.cog.carry(farmland(truth).index, 2020, truth.populations)
    known = {new for parts in carried.values() for new in parts}
    members = truth.members["epci"]
    members = members[members["commune"].isin(extent(truth, "agreste_ra2020"))]
    silent = (~members["commune"].isin(known)).groupby(members["code"]).mean()
    found = release_2019.rows("indicators", level="epci", indicator="food_self_sufficiency")
    found = found.set_index("code")
    notable = silent[found.index] >= 0.05
    assert notable.any() and not notable.all()
    assert (found["high"].isna() == notable).all()
    assert found["low"].notna().all()


# --- wood ---


def assert_wood(rows: pd.DataFrame, demand: pd.Series, supply: pd.Series) -> None:
    due = pd.DataFrame({"demand": demand, "local_supply": supply}).dropna()
    assert set(rows.index) == set(due.index)
    due["net"] = due["local_supply"] - due["demand"]
    due["self_sufficiency"] = due["local_supply"] / due["demand"]
    for column in due:
        pd.testing.assert_series_equal(
            rows[column].sort_index(), due[column].sort_index(), check_names=False, rtol=1e-6
        )


@pytest.mark.parametrize(
    ("need", "measure"),
    [("construction_wood", "wood_harvest_timber"), ("wood_energy", "wood_harvest_energy")],
)
def test_wood_balance_of_epci(
    release_2019: Published, truth: Truth, need: str, measure: str
) -> None:
    harvest = aldo(truth)[measure]
    inhabitants = people(truth, "epci")
    # Île-de-Bréhat, Sein, Ouessant, Loire-Authion and Yeu were in no EPCI; one of them is now.
    islands = {"22016": "1", "29083": "2", "29155": "2", "49307": "3", "85113": "4"}
    placed = harvest[harvest.index.isin(inhabitants.index)].sum()
    placed += harvest[sorted(set(islands.values()))].sum()
    lived_in = inhabitants[inhabitants.index.isin(harvest.index)].sum()
    lived_in += sum(truth.populations[one] for one in islands if one not in truth.epci)
    joined = [truth.epci[one] for one in islands if one in truth.epci]
    demand = (placed / lived_in * inhabitants).drop(joined)
    rows = release_2019.rows("balances", level="epci", need=need).set_index("code").drop(joined)
    supplied = rows[rows["local_supply"].notna()]
    assert_wood(supplied, demand, harvest.drop(joined, errors="ignore"))
    assert set(rows["evidence"]) == {"assumed"}
    # A great city lacks nearly all of it; the Monts de Lacaune have many times what they need.
    assert rows.at[MONTPELLIER, "self_sufficiency"] < 0.02
    assert rows.at[MONTPELLIER, "net"] < -0.2 * inhabitants[MONTPELLIER]
    assert rows.at[LACAUNE, "self_sufficiency"] > 20
    assert rows.at[LACAUNE, "net"] > 5 * inhabitants[LACAUNE]


# --- study and residential moves ---


def census_flows(truth: Truth, source_id: str, other: str, people: str) -> Commuting:
    """The flows of a census file on the communes of 2026, seen from the residence."""
    archive = files.find(truth.mirror, source_id)
    rows = files.read_csv(files.unzip(archive, "*.csv"), ";")
    french = set(truth.cog.alive(2022)) | set(truth.cog.districts)
    codes = {row[end] for row in rows for end in ("CODGEO", other)}
    carried = truth.cog.carry(codes & french, 2022, truth.populations)
    sums: dict[tuple[str, str], float] = Counter()
    for row in rows:
        for home, part in carried[row["CODGEO"]].items():
            for place, share in carried.get(row[other], {row[other]: 1.0}).items():
                sums[home, place] += float(row[people]) * part * share
    flows = pd.DataFrame(
        [(*pair, count) for pair, count in sums.items()],
        columns=["residence", "workplace", "workers"],
    )
    flows["workers"] = exact(flows["workers"])
    known = frozenset(extent(truth, source_id))
    return Commuting(source_id, flows.assign(unit_weight=1.0), {}, known, frozenset())


@pytest.fixture(scope="module")
def study(truth: Truth) -> Commuting:
    return census_flows(truth, "insee_school_commuting", "DCETU", "NBFLUX_C19_SCOL02P")


@pytest.fixture(scope="module")
def moves(truth: Truth) -> Commuting:
    return census_flows(truth, "insee_residential_moves", "DCRAN", "NBFLUX_C19_POP01P")


@pytest.mark.parametrize("level", PARTITIONS)
@pytest.mark.parametrize(
    ("need", "direction", "flows"),
    [
        ("study", "depends_on", "study"),
        ("residents", "depends_on", "moves"),
        ("housing", "depended_on_by", "moves"),
    ],
)
def test_partners(
    release_2019: Published,
    request: pytest.FixtureRequest,
    truth: Truth,
    level: str,
    need: str,
    direction: str,
    flows: str,
) -> None:
    due = truth.partners(request.getfixturevalue(flows), level, "residence")
    found = release_2019.rows("dependencies", level=level, need=need, direction=direction)
    assert_same_partners(found, due)
    if level == "epci":
        assert set(found["code"]) == set(METROPOLES)


@pytest.mark.parametrize(
    ("need", "flows", "external", "share", "is_internal"),
    [
        ("study", "study", None, "study_self_containment", True),
        ("residents", "moves", "moves_in", "newcomer_share", False),
    ],
)
def test_demand_and_internal_share_of_the_metropoles(
    release_2019: Published,
    request: pytest.FixtureRequest,
    truth: Truth,
    need: str,
    flows: str,
    external: str | None,
    share: str,
    is_internal: bool,
) -> None:
    counted = request.getfixturevalue(flows).flows
    home, place = (counted[end].map(truth.epci) for end in ("residence", "workplace"))
    demand = counted.groupby(home)["workers"].sum()
    internal = counted[home == place].groupby(home)["workers"].sum()
    part = internal if is_internal else demand - internal
    balances = release_2019.rows("balances", level="epci", need=need).set_index("code")
    assert set(balances.index) == set(METROPOLES)
    assert_same_values(balances["demand"].to_dict(), demand.to_dict())
    assert balances["local_supply"].isna().all()
    assert_same_values(values(release_2019, "epci", share), (100 * part / demand).to_dict())
    if external:
        assert_same_values(values(release_2019, "epci", external), (demand - internal).to_dict())
    else:
        assert_same_values(values(release_2019, "epci", "study_places_needed"), demand.to_dict())


# --- figures published elsewhere ---

SAME = {
    # id of the figure → id of the check
    "cog2026_commune_count": "communes_2026",
    "cog2026_departements": "departements_2026",
    "cog2026_regions": "regions_2026",
    "epci2025_count": "epci_2025",
    "zonings2022_ze": "zones_emploi_2022",
    "idf14_workers": "employed_residents_2014",
    "work19_total": "employed_residents_2019",
}
FACTORS = {
    "ef_ter_2022": "ef_regional_train",
    "ef_rer_transilien_2022": "ef_suburban_train_idf",
    "ef_metro_idf_2022": "ef_metro_idf",
}
# The share of those who have stayed: the release has that of newcomers.
STAYED = {f"moves19_{code}_internal" for code in METROPOLES}
EXCEPTIONS = {
    "needs the national file": [
        *(f"enaf_fr_{year}" for year in range(2019, 2025)),
        "fr_2020_sau",
        "243100518_2019_moves_field",
        "243100518_2019_moves_in_communes",
    ],
    "a trap: what is counted twice, or not folded": [
        "rp2018_naive_population",
        "aldo_sum_epci_naive",
        "aldo_repeated_siren",
        "idf14_pairs",
        "idf14_pairs_merged",
        "idf14_pairs_200",
        "idf14_self_raw",
        "idf14_self_merged",
        "work19_pairs",
    ],
    "read below, in the tables": [
        "epci2025_members",
        "pop2023_excl_mayotte",
        "idf14_pairs_cog2026",
        "idf14_95_dominant_provider",
        "idf14_95127_dominant_provider",
        "idf14_95018_dominant_provider",
        "idf14_75056_dominant_provider",
    ],
    "reciprocity is not published": [
        *(f"idf14_{pair}_reciprocity" for pair in ("95_75", "92_75", "95018_95063")),
        *(
            f"idf14_{level}_{what}"
            for level in ("communes", "epci", "departements")
            for what in (
                "network_reciprocity",
                "null_plain",
                "null_zero_diagonal",
                "reciprocity_vs_chance_plain",
                "reciprocity_vs_chance",
            )
        ),
    ],
    "modelled flows are not published": [
        *(
            f"idf14_backtest_commune_{model}"
            for model in (
                "gravity_default",
                "gravity_calibrated",
                "proportional",
                "least_cost",
                "external_gravity_default",
                "external_radiation",
                "external_radiation_two_margins",
                "external_extended_radiation_two_margins",
            )
        ),
        *(
            f"idf14_backtest_epci_external_{model}"
            for model in ("gravity", "radiation_two_margins", "proportional")
        ),
    ],
}


def check_of(figure: files.Row) -> str:
    """The check that compares a figure of `published_figures.csv`."""
    if not figure["id"].startswith("ef_"):
        return SAME.get(figure["id"], figure["id"])
    factor = FACTORS.get(figure["indicator"], figure["indicator"])
    return factor if factor.endswith("_ttw") else f"{factor}_full"


@pytest.fixture(scope="module")
def figures(truth: Truth) -> dict[str, files.Row]:
    """The published figures that hold for the vintages of the mirror."""
    path = truth.mirror.parent / "published_figures.csv"
    if not path.is_file():
        pytest.skip(f"no published figures in {path}")
    manifest = files.read_csv((truth.mirror / "manifest.csv").read_bytes())
    there = {(row["source_id"], row["vintage"]) for row in manifest}
    return {
        row["id"]: row
        for row in files.read_csv(path.read_bytes())
        if row["applies_to_source"] and set(sources_of(row)) <= there
    }


def sources_of(figure: files.Row) -> list[tuple[str, str]]:
    """A figure can be of several sources, of one vintage or of one each."""
    sources = figure["applies_to_source"].split("+")
    vintages = figure["applies_to_vintage"].split("+")
    return list(zip(sources, vintages * (len(sources) // len(vintages)), strict=True))


def test_the_exceptions_are_figures_without_a_check(
    figures: dict[str, files.Row], release_2019: Published
) -> None:
    listed = [id_ for ids in EXCEPTIONS.values() for id_ in ids]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(figures)
    checks = set(release_2019.table("checks")["check_id"])
    assert {f"control_totals.{check_of(figures[id_])}" for id_ in listed}.isdisjoint(checks)


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_every_published_figure_is_found_again(
    figures: dict[str, files.Row], request: pytest.FixtureRequest, year: str
) -> None:
    checks = request.getfixturevalue(f"release_{year}").table("checks").set_index("check_id")
    passed = checks[checks["status"] == "passed"]
    excepted = {id_ for ids in EXCEPTIONS.values() for id_ in ids}
    other = ("insee_commuting", {"2014": "2019", "2019": "2014"}[year])
    due = {
        id_: row
        for id_, row in figures.items()
        if id_ not in excepted and other not in sources_of(row)
    }
    assert len(due) > 200
    lost = {
        id_ for id_, row in due.items() if f"control_totals.{check_of(row)}" not in passed.index
    }
    assert lost == set()
    for id_, row in due.items():
        check = passed.loc[f"control_totals.{check_of(row)}"]
        value = float(row["value"])
        observed = 100 - check["observed"] if id_ in STAYED else check["observed"]
        # A figure is known to its last digit, at best.
        digits = len(row["value"].partition(".")[2])
        allowed = max(float(row["tolerance_rel"]) * abs(value), 0.5001 * 10**-digits)
        assert math.isclose(observed, value, rel_tol=0, abs_tol=allowed), id_
        assert check["tolerance"] * abs(check["expected"]) <= 1.1 * allowed, id_


def test_figures_that_tables_tell(figures: dict[str, files.Row], release_2014: Published) -> None:
    members = release_2014.rows("territory_members", level="epci")["commune_code"]
    populations = release_2014.rows("territories", level="departement").set_index("code")[
        "population"
    ]
    tables: dict[str, Callable[[], float]] = {
        "epci2025_members": lambda: members.nunique(),
        "pop2023_excl_mayotte": lambda: populations.drop("976").sum(),
        "idf14_pairs_cog2026": lambda: len(release_2014.rows("flows", need="jobs")),
    }
    for id_, found in tables.items():
        assert found() == float(figures[id_]["value"]), id_
    first = [id_ for id_ in figures if id_.endswith("_dominant_provider")]
    assert len(first) == 4
    for id_ in first:
        figure = figures[id_]
        rows = release_2014.rows(
            "dependencies", level=figure["level"], need="jobs", direction="depends_on", rank=1
        )
        (row,) = rows[rows["code"] == figure["territory_code"]].to_dict("records")
        assert row["partner_code"] == figure["partner_code"], id_
        assert row["quantity"] == pytest.approx(float(figure["value"]), rel=1e-6), id_
