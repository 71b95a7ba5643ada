"""The links that planners named in their workshop, as the real files tell them."""

import math
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from pipelines.answers.markdown import markdown
from pipelines.answers.sheet import Place, sheet

from . import files
from .conftest import PORTES_DE_GASCOGNE
from .runs import Published
from .tallies import aldo, number
from .truth import Commuting, Truth

pytestmark = pytest.mark.mirror

TOULOUSE, MONTPELLIER, LACAUNE = "243100518", "243400017", "200066553"
BREST, LANDIVISIAU, MONTS_D_ARREE = "242900314", "242900751", "200067197"
VAL_DE_GARONNE, REOLAIS = "200030674", "200044394"
LYON, SAINT_ETIENNE, LYON_COMMUNE = "200046977", "244200770", "69123"
CLERMONT, AMBERT, FOOD_PROJECT = "246300701", "200070761", "43"
ALBI, PARIS, GREATER_PARIS = "248100737", "75056", "200054781"
PORTES = ["gascogne toulousaine", "saves", "bastides de lomagne", "lomagne gersoise",
          "coteaux arrats gimone"]  # fmt: skip
# Hectares of cereals, and of all farmland, that feed an inhabitant.
CEREALS, FOOD_LAND = 0.40 * 0.60 - 0.0046, 0.40
RENEWABLE = {"Solaire", "Eolien", "Hydraulique", "Bioénergies", "Géothermie", "Energies Marines"}


# --- what the files say ---


@dataclass(frozen=True)
class Known:
    """Quantities of communes as their files say, added up by EPCI or for one commune."""

    of_commune: dict[str, dict[str, float]]
    epci: dict[str, str]

    def of(self, measure: str) -> pd.Series:
        """By EPCI."""
        values = pd.Series(self.of_commune[measure])
        return values.groupby(values.index.map(lambda code: self.epci.get(code, code))).sum()


@pytest.fixture(scope="module")
def known(truth: Truth) -> Known:
    """Electricity (MWh) made and used, farmland (ha) and inhabitants."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(measure: str, code: str, text: str, unit: float = 1) -> None:
        value = number(text) * unit
        found[measure][truth.cog.districts.get(code, code)] += 0 if math.isnan(value) else value

    for row in read(truth, "odre_electricity_registry"):
        for measure in ["made"] + ["renewable"] * (row["filiere"] in RENEWABLE):
            add(measure, row["codeinseecommune"], row["energieannuelleglissanteinjectee"], 1e-3)
    for row in read(truth, "ore_consumption", ","):
        if row["filiere"] == "Electricité":
            add("used", row["code_commune"], row["conso_totale_mwh"])
    for row in read(truth, "agreste_ra2020"):
        add("farmland", row["CODE_COM"], row["SAU"])
        add("cereals", row["CODE_COM"], row["Surfaces céréales et oléoprotéagineux"])
    found["people"] = truth.populations
    return Known(found, truth.epci)


def read(truth: Truth, source_id: str, delimiter: str = ";") -> list[files.Row]:
    return files.read_csv(files.find(truth.mirror, source_id).read_bytes(), delimiter)


@pytest.fixture(scope="module")
def portes(truth: Truth) -> dict[str, str]:
    """The five EPCI of the PETR “Portes de Gascogne”, found by their names: code to name."""
    book = files.find(truth.mirror, "dgcl_epci").read_bytes()
    names = {
        row["siren"]: row["raison_sociale"]
        for row in files.read_sheet(book, "Epcicom2025")
        if row["dept"] == "32"
    }
    return {
        code: name for code, name in names.items() if any(plain(name).endswith(p) for p in PORTES)
    }


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


# --- what the release says ---


def only(rows: pd.DataFrame) -> dict[Any, Any]:
    (row,) = rows.to_dict("records")
    return row


def balance(release: Published, code: str, need: str, level: str = "epci") -> dict[Any, Any]:
    return only(release.rows("balances", level=level, code=code, need=need))


def partners(release: Published, code: str, need: str, level: str = "epci") -> pd.DataFrame:
    """On whom a territory depends, by partner."""
    rows = release.rows("dependencies", level=level, code=code, need=need, direction="depends_on")
    return rows.set_index("partner_code")


def pairs(release: Published, table: str, one: str, other: str) -> pd.DataFrame:
    """The rows of a table that speak of two EPCI."""
    code_a, code_b = sorted([one, other])
    return release.rows(table, level="epci", level_b="epci", code_a=code_a, code_b=code_b)


def gifts(release: Published, giver: str, taker: str, table: str = "baskets") -> set[str]:
    """The needs that one EPCI gives another, in their basket or their cooperation."""
    row = only(pairs(release, table, giver, taker))
    said = row["a_gives" if giver < taker else "b_gives"]
    return set() if pd.isna(said) else set(said.split(", "))


def givers(release: Published, code: str, need: str) -> set[str]:
    """The EPCI whose surplus is within reach of a deficit."""
    rows = release.rows("complements", need=need, receiver_level="epci", receiver_code=code)
    return set(rows.loc[rows["giver_level"] == "epci", "giver_code"])


def reasons(release: Published, need: str, level: str, code: str) -> str:
    """Why nothing is said of a need of a territory."""
    rows = release.table("not_measured")
    here = rows["level"].isin([level, "*"]) & rows["code"].isin([code, "*"])
    return " ".join(rows[here & (rows["need"] == need)]["reason_en"])


def assert_named_with_intervals(rows: pd.DataFrame, least: int) -> None:
    """Partners have a name, a distance, and a quantity between its bounds."""
    named = rows[(rows["rank"] > 0) & ~rows["partner_level"].isin(["foreign", "elsewhere"])]
    assert len(named) >= least
    assert (named["partner_name"] != named.index).all()
    assert ((named["low"] < named["quantity"]) & (named["quantity"] < named["high"])).all()
    assert named["distance_km"].notna().all()
    assert set(named["evidence"]) == {"modelled"}


# --- Toulouse and the Portes de Gascogne: cereals ---


def test_the_portes_de_gascogne_are_five_epci(portes: dict[str, str]) -> None:
    assert sorted(portes) == PORTES_DE_GASCOGNE


def test_toulouse_grows_a_twentieth_of_its_cereals(release_2019: Published, known: Known) -> None:
    row = balance(release_2019, TOULOUSE, "cereals")
    needed = CEREALS * known.of("people")[TOULOUSE]
    assert row["demand"] == pytest.approx(needed, rel=1e-9)
    assert row["local_supply"] == pytest.approx(known.of("cereals")[TOULOUSE])
    assert row["self_sufficiency"] < 0.05
    assert row["evidence"] == "assumed"


def test_each_of_the_portes_has_cereals_to_spare(
    release_2019: Published, known: Known, portes: dict[str, str]
) -> None:
    for code in portes:
        row = balance(release_2019, code, "cereals")
        spare = known.of("cereals")[code] - CEREALS * known.of("people")[code]
        assert row["net"] == pytest.approx(spare, rel=1e-9)
        assert row["self_sufficiency"] > 3


# The PETR itself, given as a user's perimeter.


def test_the_petr_has_the_balance_of_its_five_epci(
    release_2014: Published, portes: dict[str, str]
) -> None:
    of_epci = [balance(release_2014, code, "cereals") for code in portes]
    row = balance(release_2014, "gascogne", "cereals", level="custom")
    for column in ("demand", "local_supply", "net"):
        assert row[column] == pytest.approx(sum(one[column] for one in of_epci), rel=1e-9)


def test_toulouse_takes_most_of_the_cereals_of_the_petr(
    release_2014: Published, portes: dict[str, str]
) -> None:
    asked = {"need": "cereals", "direction": "depended_on_by"}
    taken = release_2014.rows("dependencies", level="custom", code="gascogne", **asked)
    taken = taken[taken["partner_level"] == "epci"].set_index("partner_code")
    assert taken["quantity"].idxmax() == TOULOUSE
    by_epci = release_2014.rows("dependencies", level="epci", **asked)
    from_each = by_epci[by_epci["code"].isin(portes) & (by_epci["partner_code"] == TOULOUSE)]
    assert taken.loc[TOULOUSE, "quantity"] == pytest.approx(from_each["quantity"].sum(), rel=1e-6)
    assert 20_000 < taken.loc[TOULOUSE, "quantity"] < 25_000


def test_the_petr_can_cover_most_of_what_toulouse_lacks(
    release_2014: Published, known: Known, portes: dict[str, str]
) -> None:
    cereals, people = known.of("cereals"), known.of("people")
    spare = sum(cereals[code] - CEREALS * people[code] for code in portes)
    lacking = CEREALS * people[TOULOUSE] - cereals[TOULOUSE]
    pair = {"giver_level": "custom", "giver_code": "gascogne", "receiver_level": "epci"}
    row = only(release_2014.rows("complements", need="cereals", receiver_code=TOULOUSE, **pair))
    assert row["share_of_deficit"] == pytest.approx(spare / lacking, rel=1e-6)
    assert row["share_of_deficit"] == pytest.approx(0.60, abs=0.01)


def test_the_petr_and_toulouse_are_told_to_talk(release_2014: Published) -> None:
    pair = {"code_a": "gascogne", "level_b": "epci", "code_b": TOULOUSE}
    row = only(release_2014.rows("cooperation", level="custom", **pair))
    assert "cereals" in row["a_gives"].split(", ")


def test_toulouse_depends_on_each_for_cereals(
    release_2019: Published, portes: dict[str, str]
) -> None:
    rows = partners(release_2019, TOULOUSE, "cereals")
    theirs = rows.loc[list(portes)]
    assert (theirs["rank"] <= 20).all()
    assert theirs.at[theirs["rank"].idxmin(), "rank"] == 1
    assert "Lomagne Gersoise" in theirs.at[theirs["rank"].idxmin(), "partner_name"]
    assert_named_with_intervals(theirs, least=5)
    # Together more than Toulouse itself, and over a tenth of its need.
    assert theirs["share"].sum() > 0.10 > 5 * rows.at[TOULOUSE, "share"]


def test_they_give_toulouse_cereals_and_it_gives_them_none(
    release_2019: Published, portes: dict[str, str]
) -> None:
    for code in portes:
        row = only(pairs(release_2019, "baskets", TOULOUSE, code))
        assert gifts(release_2019, code, TOULOUSE) == {"cereals"}
        assert gifts(release_2019, TOULOUSE, code) == set()
        assert (row["basket"], row["basket_observed"]) == ("one_way", "none")
        assert row["leans_food"] == ("a_on_b" if code > TOULOUSE else "b_on_a")
        assert row["evidence"] == "modelled"


def test_they_could_feed_toulouse_better(release_2019: Published, portes: dict[str, str]) -> None:
    for code in portes:
        row = only(pairs(release_2019, "cooperation", TOULOUSE, code))
        assert "cereals" in gifts(release_2019, code, TOULOUSE, "cooperation")
        assert gifts(release_2019, TOULOUSE, code, "cooperation") == set()
        assert row["distance_km"] < 100 and not row["is_two_way"]
        assert row["score"] == pytest.approx(row["mean_share_of_deficit"] / 2)
        assert "short_supply_chains" in row["levers"]


def test_nobody_has_electricity_to_spare_around_toulouse(
    release_2019: Published, known: Known, portes: dict[str, str]
) -> None:
    for code in [TOULOUSE, *portes]:
        row = balance(release_2019, code, "electricity")
        assert row["net"] == pytest.approx(known.of("made")[code] - known.of("used")[code])
        assert row["net"] < 0


def test_who_works_in_toulouse_is_not_in_the_files(release_2019: Published) -> None:
    assert partners(release_2019, TOULOUSE, "jobs").empty
    assert "insee_commuting 2019" in reasons(release_2019, "jobs", "epci", TOULOUSE)


# As the perimeter of a user (in the release that has some).


# --- Montpellier and the Monts de Lacaune: wood ---


def test_montpellier_depends_on_the_haut_languedoc_for_wood(release_2019: Published) -> None:
    assert {"wood_energy", "construction_wood"} <= gifts(release_2019, LACAUNE, MONTPELLIER)
    for need in ("wood_energy", "construction_wood"):
        rows = partners(release_2019, MONTPELLIER, need)
        assert rows.at[LACAUNE, "share"] > 0.03
        assert rows.at[LACAUNE, "quantity"] > 5 * rows.at[MONTPELLIER, "quantity"]
        assert_named_with_intervals(rows.loc[[LACAUNE]], least=1)
    row = only(pairs(release_2019, "baskets", LACAUNE, MONTPELLIER))
    assert (row["leans_cohabit"], row["leans_energy"]) == ("b_on_a", "b_on_a")
    assert row["evidence"] == "modelled"


def test_the_haut_languedoc_depends_on_montpellier_for_no_wood(release_2019: Published) -> None:
    assert gifts(release_2019, MONTPELLIER, LACAUNE) == {"permanent_crops"}
    assert only(pairs(release_2019, "baskets", LACAUNE, MONTPELLIER))["basket"] == "crossed"


def test_the_haut_languedoc_harvests_many_times_what_it_burns(
    release_2019: Published, truth: Truth, known: Known
) -> None:
    row = balance(release_2019, LACAUNE, "wood_energy")
    harvest = aldo(truth)["wood_harvest_energy"]
    assert row["local_supply"] == pytest.approx(harvest[LACAUNE], rel=0.1)
    assert row["net"] > 5 * known.of("people")[LACAUNE]


def test_they_are_as_far_as_the_wood_travels_and_can_cooperate(release_2019: Published) -> None:
    """Foresters say 90 to 100 km; the estimated road is longer."""
    km = partners(release_2019, MONTPELLIER, "wood_energy").at[LACAUNE, "distance_km"]
    assert 90 < km / 1.3 < 100 < km
    row = only(pairs(release_2019, "cooperation", LACAUNE, MONTPELLIER))
    assert "wood_energy" in row["a_gives"].split(", ")
    # Nearer woods are there.
    assert len(givers(release_2019, MONTPELLIER, "wood_energy")) >= 3


# --- Brest and its neighbours: electricity ---


@pytest.fixture(scope="module")
def in_finistere(truth: Truth) -> list[str]:
    """The EPCI that lie in the Finistère whole."""
    members = truth.members["epci"]
    inside = members["commune"].str.startswith("29").groupby(members["code"]).all()
    return sorted(inside[inside].index)


def test_brest_makes_a_quarter_of_its_electricity(release_2019: Published, known: Known) -> None:
    row = balance(release_2019, BREST, "electricity")
    made, used = known.of("made")[BREST], known.of("used")[BREST]
    assert (row["local_supply"], row["demand"]) == pytest.approx((made, used))
    assert 0.2 < row["self_sufficiency"] < 0.3
    # Of which little is renewable.
    renewable = balance(release_2019, BREST, "renewable_electricity")
    assert renewable["local_supply"] == pytest.approx(known.of("renewable")[BREST])
    assert renewable["self_sufficiency"] < 0.06


@pytest.mark.parametrize(
    ("need", "supply", "due"),
    [
        ("electricity", "made", {LANDIVISIAU, MONTS_D_ARREE}),
        ("renewable_electricity", "renewable", {MONTS_D_ARREE}),
    ],
)
def test_who_has_electricity_to_spare_around_brest(
    release_2019: Published,
    known: Known,
    in_finistere: list[str],
    need: str,
    supply: str,
    due: set[str],
) -> None:
    spare = (known.of(supply) - known.of("used"))[in_finistere]
    assert len(spare) > 15
    for code in in_finistere:
        assert balance(release_2019, code, need)["net"] == pytest.approx(spare[code])
    assert set(spare[spare > 0].index) == due
    assert givers(release_2019, BREST, need) == due


def test_the_surplus_of_landivisiau_is_named_in_the_cooperation(release_2019: Published) -> None:
    row = only(pairs(release_2019, "cooperation", BREST, LANDIVISIAU))
    assert "electricity" in row["b_gives"] and "renewable_electricity" not in row["b_gives"]
    assert row["distance_km"] < 50
    # The nearest deficits take it all.
    rows = release_2019.rows("complements", need="electricity", giver_code=LANDIVISIAU)
    rows = rows[(rows["receiver_level"] == "epci")]
    assert rows["potential_allocated"].sum() == pytest.approx(rows["surplus"].iloc[0])


def test_who_supplies_brest_is_not_attributed(release_2019: Published) -> None:
    assert partners(release_2019, BREST, "electricity").empty
    assert "80 %" in reasons(release_2019, "electricity", "epci", BREST)


def test_of_the_next_departements_nothing_is_said(release_2019: Published) -> None:
    territories = release_2019.rows("territories", level="epci")
    beyond = territories.loc[territories["departement_code"].isin(["22", "56"]), "code"]
    rows = release_2019.rows("balances", level="epci", need="electricity")
    assert len(beyond) > 15 and set(rows["code"]).isdisjoint(beyond)


# --- Val de Garonne and the Réolais ---


def test_work_between_them_is_not_in_the_files_and_it_is_said(release_2019: Published) -> None:
    for code in (VAL_DE_GARONNE, REOLAIS):
        for need in ("jobs", "workers", "study", "housing"):
            assert release_2019.rows("dependencies", level="epci", code=code, need=need).empty
        name = only(release_2019.rows("territories", level="epci", code=code))["name"]
        answer = sheet(release_2019.folder, Place("epci", code, name))
        said = {row["need"]: row["reason_fr"] for row in answer.not_measured}
        assert "insee_commuting 2019" in said["jobs"]
        assert "Emplois" in markdown(answer)


def test_they_exchange_wood_and_food_both_ways(release_2019: Published) -> None:
    given = gifts(release_2019, VAL_DE_GARONNE, REOLAIS)
    taken = gifts(release_2019, REOLAIS, VAL_DE_GARONNE)
    assert {"wood_energy", "cereals"} <= given & taken
    row = only(pairs(release_2019, "baskets", VAL_DE_GARONNE, REOLAIS))
    assert (row["basket"], row["basket_observed"]) == ("reciprocal", "none")


@pytest.mark.parametrize("need", ["wood_energy", "cereals"])
def test_what_they_exchange_is_what_flows_say(release_2019: Published, need: str) -> None:
    rows = pairs(release_2019, "reciprocity", VAL_DE_GARONNE, REOLAIS)
    row = only(rows[rows["need"] == need])
    ways = []
    for giver, taker in ((VAL_DE_GARONNE, REOLAIS), (REOLAIS, VAL_DE_GARONNE)):
        flows = release_2019.rows("flows", need=need, provider_code=giver, dependent_code=taker)
        ways.append(flows["quantity"].sum())
    assert [row["a_to_b"], row["b_to_a"]] == pytest.approx(ways, rel=1e-6)
    assert row["reciprocity"] == pytest.approx(2 * min(ways) / sum(ways), rel=1e-6)


def test_the_reolais_has_wood_that_val_de_garonne_lacks(release_2019: Published) -> None:
    assert gifts(release_2019, REOLAIS, VAL_DE_GARONNE, "cooperation") == {"wood_energy"}
    assert gifts(release_2019, VAL_DE_GARONNE, REOLAIS, "cooperation") == set()
    row = only(pairs(release_2019, "cooperation", VAL_DE_GARONNE, REOLAIS))
    assert row["distance_km"] < 50
    assert "wood_energy_chain" in row["levers"]


# --- Lyon and Saint-Étienne ---


@pytest.fixture(scope="module")
def to_lyon(truth: Truth, flows_2019: Commuting) -> pd.DataFrame:
    """Residents of the métropole of Saint-Étienne who work in that of Lyon."""
    flows = flows_2019.flows
    home, work = (flows[end].map(truth.epci) for end in ("residence", "workplace"))
    return flows[(home == SAINT_ETIENNE) & (work == LYON)]


def test_saint_etienne_depends_on_lyon_for_work(
    release_2019: Published, to_lyon: pd.DataFrame
) -> None:
    row = partners(release_2019, SAINT_ETIENNE, "jobs").loc[LYON]
    assert row["rank"] == 1
    assert row["quantity"] == pytest.approx(to_lyon["workers"].sum(), abs=1e-3)
    assert row["quantity"] > 10_000 and row["evidence"] == "observed"
    assert row["low"] < row["quantity"] < row["high"]


def test_where_in_lyon_is_told_by_commune(release_2019: Published, to_lyon: pd.DataFrame) -> None:
    rows = release_2019.rows(
        "commune_partners", level="epci", code=SAINT_ETIENNE, need="jobs", direction="depends_on"
    ).set_index("partner_code")
    due = to_lyon.groupby("workplace")["workers"].sum()
    assert rows.at[LYON_COMMUNE, "quantity"] == pytest.approx(due[LYON_COMMUNE], abs=1e-3)
    assert rows.at[LYON_COMMUNE, "rank"] == 1
    assert due.idxmax() == LYON_COMMUNE


def test_who_goes_the_other_way_is_unknown_not_none(release_2019: Published) -> None:
    rows = pairs(release_2019, "reciprocity", LYON, SAINT_ETIENNE)
    row = only(rows[rows["need"] == "jobs"])
    assert row["a_to_b"] > 10_000
    assert pd.isna(row["b_to_a"]) and pd.isna(row["reciprocity"]) and pd.isna(row["share_of_a"])
    assert "insee_commuting 2019" in reasons(release_2019, "jobs", "epci", LYON)


def test_lyon_gives_work_and_takes_wood(release_2019: Published) -> None:
    assert gifts(release_2019, LYON, SAINT_ETIENNE) == {"jobs", "study"}
    assert gifts(release_2019, SAINT_ETIENNE, LYON) == {"construction_wood", "wood_energy"}
    row = only(pairs(release_2019, "baskets", LYON, SAINT_ETIENNE))
    # Who leans on whom for work, and what is observed both ways, needs the residents of Lyon.
    assert row["basket"] == "crossed" and pd.isna(row["basket_observed"])
    assert pd.isna(row["leans_work"])


def test_both_lack_wood_hence_neither_covers_the_other(release_2019: Published) -> None:
    for code in (LYON, SAINT_ETIENNE):
        for need in ("wood_energy", "construction_wood"):
            assert balance(release_2019, code, need)["net"] < 0
    assert pairs(release_2019, "cooperation", LYON, SAINT_ETIENNE).empty


# --- Clermont and Livradois-Forez: one food project ---


def test_the_food_project_holds_the_town_and_the_country(
    release_2019: Published, truth: Truth
) -> None:
    path = files.find(truth.mirror, "pat_perimeters", name="pat_com.csv")
    rows = files.read_csv(path.read_bytes())
    due = {row["code_insee"] for row in rows if row["code_pat"] == FOOD_PROJECT}
    members = release_2019.rows("territory_members", level="pat", code=FOOD_PROJECT)
    assert set(members["commune_code"]) == due
    for epci in (CLERMONT, AMBERT):
        assert {commune for commune, code in truth.epci.items() if code == epci} <= due
    name = only(release_2019.rows("territories", level="pat", code=FOOD_PROJECT))["name"]
    assert "Livradois" in name and "Clermont" in name
    covered = release_2019.rows("indicators", indicator="pat_coverage", level="epci")
    covered = covered.set_index("code")["value"]
    assert covered[CLERMONT] == covered[AMBERT] == 100


def test_who_feeds_the_food_project_is_named(release_2019: Published, truth: Truth) -> None:
    rows = partners(release_2019, FOOD_PROJECT, "cereals", "pat")
    assert_named_with_intervals(rows, least=20)
    # Its fields feed a small part, and it keeps some of it.
    assert 0 < rows.at[FOOD_PROJECT, "share"] < 0.05
    members = release_2019.rows("territory_members", level="pat", code=FOOD_PROJECT)
    people = sum(truth.populations[commune] for commune in members["commune_code"])
    assert rows["quantity"].sum() == pytest.approx(CEREALS * people, rel=0.01)


def test_its_farmland_is_not_in_the_mirror(release_2019: Published) -> None:
    for need in ("cereals", "food_land"):
        assert pd.isna(balance(release_2019, FOOD_PROJECT, need, "pat")["local_supply"])
    rows = release_2019.rows("not_measured", indicator="food_self_sufficiency", level="pat")
    assert set(rows["code"]) & {FOOD_PROJECT, "*"}
    assert rows["reason_fr"].str.contains("agreste_ra2020").any()


def test_livradois_gives_clermont_its_timber(release_2019: Published) -> None:
    rows = partners(release_2019, CLERMONT, "construction_wood")
    assert rows.at[AMBERT, "rank"] == 1 and rows.at[AMBERT, "share"] > 0.15
    assert {"construction_wood", "wood_energy"} <= gifts(release_2019, AMBERT, CLERMONT)
    assert gifts(release_2019, CLERMONT, AMBERT) == set()
    row = only(pairs(release_2019, "cooperation", AMBERT, CLERMONT))
    assert row["a_gives"] == "construction_wood, wood_energy" and row["distance_km"] < 100
    timber = balance(release_2019, AMBERT, "construction_wood")
    assert timber["net"] > -balance(release_2019, CLERMONT, "construction_wood")["net"]


# --- Albi and its surroundings: energy and farmland ---


def test_albi_lacks_energy_and_farmland(release_2019: Published, known: Known) -> None:
    power = balance(release_2019, ALBI, "electricity")
    made, used = known.of("made")[ALBI], known.of("used")[ALBI]
    assert (power["local_supply"], power["demand"]) == pytest.approx((made, used))
    assert 0.2 < power["self_sufficiency"] < 0.3
    land = balance(release_2019, ALBI, "food_land")
    assert land["local_supply"] == pytest.approx(known.of("farmland")[ALBI])
    assert land["demand"] == pytest.approx(FOOD_LAND * known.of("people")[ALBI])
    assert 0.25 < land["self_sufficiency"] < 0.30


@pytest.mark.parametrize(("need", "supply"), [("electricity", "made"), ("cereals", "cereals")])
def test_its_neighbours_of_the_tarn_have_some_to_spare(
    release_2019: Published, truth: Truth, known: Known, need: str, supply: str
) -> None:
    members = truth.members["epci"]
    inside = members["commune"].str.startswith("81").groupby(members["code"]).all()
    around = sorted(set(inside[inside].index) - {ALBI})
    needed = known.of("used") if need == "electricity" else CEREALS * known.of("people")
    spare = (known.of(supply) - needed)[around]
    due = set(spare[spare > 0].index)
    found = givers(release_2019, ALBI, need)
    # All of the département are within reach.
    assert len(due) >= 3 and found & set(around) == due
    for code in due:
        assert need in gifts(release_2019, code, ALBI, "cooperation")


# --- Paris ---


def test_paris_makes_next_to_none_of_its_electricity(release_2019: Published, known: Known) -> None:
    made, used = (known.of_commune[name][PARIS] for name in ("renewable", "used"))
    for level, code in (("commune", PARIS), ("departement", "75")):
        row = balance(release_2019, code, "renewable_electricity", level)
        assert (row["local_supply"], row["demand"]) == pytest.approx((made, used))
        assert row["net"] == pytest.approx(made - used)
        # All but a few thousandths of a percent must come from outside.
        assert row["net"] < -12e6 and row["self_sufficiency"] < 0.001
        assert row["evidence"] == "observed" and row["coverage"] == 1


def test_from_where_its_electricity_comes_is_not_attributed(release_2019: Published) -> None:
    assert partners(release_2019, "75", "renewable_electricity", "departement").empty
    said = reasons(release_2019, "renewable_electricity", "departement", "75")
    assert "electricity_consumption" in said and "80 %" in said


def test_who_feeds_paris(release_2019: Published, known: Known) -> None:
    rows = partners(release_2019, "75", "cereals", "departement")
    needed = CEREALS * known.of_commune["people"][PARIS]
    assert rows["quantity"].sum() == pytest.approx(needed, rel=1e-6)
    assert_named_with_intervals(rows, least=20)
    assert rows.at["75", "share"] < 0.001
    # The plains around, nearest first.
    first = rows[(rows["rank"] >= 1) & (rows["rank"] <= 3)]
    assert "28" in first.index and (first["distance_km"] < 200).all()


def test_who_warms_paris(release_2019: Published) -> None:
    rows = partners(release_2019, "75", "wood_energy", "departement")
    assert_named_with_intervals(rows, least=15)
    assert rows.at["75", "share"] < 0.01
    assert rows["share"].sum() == pytest.approx(1)
    assert rows.index[rows["rank"] == 1].tolist() == ["21"]
    gas = balance(release_2019, "75", "gas", "departement")
    assert gas["local_supply"] == 0 and gas["net"] == -gas["demand"]


def test_the_metropolis_depends_on_the_country_too(release_2019: Published) -> None:
    for need in ("cereals", "wood_energy", "construction_wood"):
        rows = partners(release_2019, GREATER_PARIS, need)
        assert_named_with_intervals(rows, least=20)
        assert rows.at[GREATER_PARIS, "share"] < 0.01
