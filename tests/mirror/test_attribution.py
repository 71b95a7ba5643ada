"""Who serves whom where nobody counts it: found again from what is published, and plausible."""

import numpy as np
import pandas as pd
import pytest

from .runs import Published
from .truth import Truth

pytestmark = pytest.mark.mirror

ATTRIBUTED = ["wood_energy", "construction_wood", "cereals", "grassland", "permanent_crops"]
SILENT = [
    "electricity",
    "electricity_without_nuclear",
    "renewable_electricity",
    "gas",
    "drinking_water",
]
# What is made, as the mirror knows it for the whole mainland.
SUPPLY = {
    "wood_energy": "wood_harvest_energy",
    "construction_wood": "wood_harvest_timber",
    "cereals": "land_cover_arable",
    "grassland": "land_cover_pastures",
    "permanent_crops": "land_cover_permanent_crops",
}
# Hectares that feed an inhabitant: 0.40, of which 40 % of grassland, and fruit and vegetables.
PER_HEAD = {"cereals": 0.40 * 0.60 - 0.0046, "grassland": 0.40 * 0.40}
MONTPELLIER, HAUT_LANGUEDOC = "243400017", "200066553"
PARIS, TOULOUSE = "200054781", "243100518"
REST = {"ROW", "XXXXX"}
MERGED = "FRXXX"


def flows_of(release: Published, need: str) -> pd.DataFrame:
    return release.rows("flows", need=need)


def partners_of(release: Published, code: str, need: str) -> pd.DataFrame:
    """On whom an EPCI depends."""
    return release.rows("dependencies", level="epci", code=code, need=need, direction="depends_on")


def measure(release: Published, name: str) -> pd.DataFrame:
    rows = release.rows("measures", measure=name)
    return rows[rows["year"] == rows["year"].max()]


@pytest.fixture(scope="module")
def people(release_2019: Published) -> pd.Series:
    """Inhabitants of each commune, as published."""
    communes = release_2019.rows("territories", level="commune")
    return communes.set_index("code")["population"]


@pytest.fixture(scope="module")
def place(release_2019: Published) -> pd.Series:
    """The EPCI of each commune, itself where it has none."""
    codes = release_2019.rows("territories", level="commune")["code"]
    members = release_2019.rows("territory_members", level="epci")
    of = members.set_index("commune_code")["code"].to_dict()
    return pd.Series({code: of.get(code, code) for code in codes})


@pytest.fixture(scope="module")
def needed(release_2019: Published, people: pd.Series) -> dict[str, float]:
    """What an inhabitant needs: a convention, or what is made per inhabitant of its source."""
    means = {}
    for need in set(ATTRIBUTED) - set(PER_HEAD):
        made = measure(release_2019, SUPPLY[need])
        means[need] = made["value"].sum() / people.reindex(made["commune_code"]).sum()
    return PER_HEAD | means


# --- which needs ---


def test_wood_and_land_are_attributed(release_2019: Published) -> None:
    models = release_2019.table("attribution_models")
    used = models[(models["status"] == "used") & (models["model"] == "gravity")]
    assert set(used["need"]) == set(ATTRIBUTED)
    assert dict(zip(used["need"], used["supply_measure"], strict=True)) == SUPPLY
    flows = release_2019.table("flows")
    modelled = flows[flows["evidence"] == "modelled"]
    assert set(modelled["need"]) == set(ATTRIBUTED)
    assert set(modelled["method"]) == {"gravity"}
    assert set(modelled["grain"]) == {"epci"}
    assert (models.loc[models["status"] == "used", "margin_error"] < 1e-6).all()
    # Nearly all 1,254 EPCI: those of the mainland and of Corse.
    assert used["n_zones"].between(1_150, 1_260).all()


@pytest.mark.parametrize("need", SILENT)
def test_what_is_known_of_too_few_is_not_attributed(
    release_2019: Published, people: pd.Series, place: pd.Series, need: str
) -> None:
    (row,) = release_2019.rows("attribution_models", need=need).to_dict("records")
    assert row["status"] == "not_attributed"
    side = "demand" if row["known_demand"] < 0.8 else "supply"
    share, name = row[f"known_{side}"], row[f"{side}_measure"]
    assert share < 0.8
    for why in (row["why_fr"], row["why_en"]):
        assert f"({name})" in why
        assert f"{100 * share:.0f} %" in why
    assert release_2019.rows("dependencies", need=need).empty
    assert flows_of(release_2019, need).empty
    # The share, found again: people of the EPCI at least half known.
    rows = measure(release_2019, name)
    known = set(rows.loc[rows["value"].notna(), "commune_code"])
    everyone = people.fillna(0)
    inside = everyone.where(everyone.index.isin(known), 0)
    by_place = pd.DataFrame({"all": everyone, "known": inside}).groupby(place).sum()
    enough = by_place[by_place["known"] >= 0.5 * by_place["all"]]
    assert share == pytest.approx(enough["known"].sum() / everyone.sum(), abs=0.01)


# --- totals ---


@pytest.mark.parametrize("need", ATTRIBUTED)
def test_each_epci_takes_what_its_people_need(
    release_2019: Published,
    people: pd.Series,
    place: pd.Series,
    needed: dict[str, float],
    need: str,
) -> None:
    taken = flows_of(release_2019, need).groupby("dependent_code")["quantity"].sum()
    taken = taken.drop([MERGED, *REST], errors="ignore")
    due = needed[need] * people.groupby(place).sum().reindex(taken.index)
    assert len(taken) > 1_150
    np.testing.assert_allclose(taken, due, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize("need", ATTRIBUTED)
def test_each_epci_gives_what_it_makes(
    release_2019: Published, place: pd.Series, need: str
) -> None:
    made = measure(release_2019, SUPPLY[need]).dropna(subset=["value"])
    given = flows_of(release_2019, need).groupby("provider_code")["quantity"].sum()
    given = given.drop([MERGED, *REST], errors="ignore")
    due = made.groupby(made["commune_code"].map(place))["value"].sum().reindex(given.index)
    # Vines and orchards are the least spread.
    assert len(given) > 500
    np.testing.assert_allclose(given, due, rtol=1e-6, atol=1e-3)
    # Nobody who makes something is left out, but where people or places are unknown.
    assert given.sum() == pytest.approx(made["value"].sum(), rel=1e-3)


@pytest.mark.parametrize("code", [MONTPELLIER, PARIS, TOULOUSE, HAUT_LANGUEDOC])
@pytest.mark.parametrize("need", ATTRIBUTED)
def test_partners_give_all_that_the_people_of_an_epci_need(
    release_2019: Published,
    truth: Truth,
    needed: dict[str, float],
    code: str,
    need: str,
) -> None:
    rows = partners_of(release_2019, code, need)
    inhabitants = sum(truth.populations[c] for c, epci in truth.epci.items() if epci == code)
    assert rows["quantity"].sum() == pytest.approx(inhabitants * needed[need], rel=1e-6)
    assert rows["share"].sum() == pytest.approx(1)
    assert set(rows["evidence"]) == {"modelled"}
    (balance,) = release_2019.rows("balances", level="epci", code=code, need=need).to_dict(
        "records"
    )
    assert rows["quantity"].sum() == pytest.approx(balance["demand"], rel=1e-6)


@pytest.mark.parametrize("level", ["departement", "region", "zone_emploi", "aav", "crte"])
def test_partners_of_every_level_give_all_that_its_people_need(
    release_2019: Published, people: pd.Series, needed: dict[str, float], level: str
) -> None:
    members = release_2019.rows("territory_members", level=level)
    inhabitants = members["commune_code"].map(people).groupby(members["code"]).sum()
    for need in ATTRIBUTED:
        rows = release_2019.rows(
            "dependencies", level=level, need=need, direction="depends_on", coverage=1.0
        )
        sums = rows.groupby("code")["quantity"].sum()
        assert len(sums) >= 3
        due = needed[need] * inhabitants.reindex(sums.index)
        np.testing.assert_allclose(sums, due, rtol=1e-6, atol=1e-2)


# --- who ---


def test_montpellier_burns_the_wood_of_the_haut_languedoc(release_2019: Published) -> None:
    (balance,) = release_2019.rows(
        "balances", level="epci", code=MONTPELLIER, need="wood_energy"
    ).to_dict("records")
    assert balance["local_supply"] < 0.05 * balance["demand"]
    rows = partners_of(release_2019, MONTPELLIER, "wood_energy")
    own = rows[rows["partner_code"] == MONTPELLIER]
    assert own["share"].sum() < 0.05
    (partner,) = rows[rows["partner_code"] == HAUT_LANGUEDOC].to_dict("records")
    assert partner["partner_level"] == "epci"
    assert partner["quantity"] > 500
    assert 0 <= partner["low"] < partner["quantity"] < partner["high"]
    assert 60 < partner["distance_km"] < 160
    # The same flow, from the other end.
    back = release_2019.rows(
        "dependencies", level="epci", code=HAUT_LANGUEDOC, need="wood_energy",
        direction="depended_on_by", partner_code=MONTPELLIER,
    )  # fmt: skip
    assert back["quantity"].tolist() == pytest.approx([partner["quantity"]], rel=1e-6)


@pytest.mark.parametrize("need", ["cereals", "wood_energy", "construction_wood"])
@pytest.mark.parametrize("code", [PARIS, TOULOUSE])
def test_large_cities_have_named_partners_with_intervals(
    release_2019: Published, code: str, need: str
) -> None:
    rows = partners_of(release_2019, code, need).sort_values("rank")
    named = rows[(rows["partner_level"] == "epci") & (rows["partner_code"] != code)]
    assert len(named) >= 20
    assert (named["partner_name"] != named["partner_code"]).all()
    assert (named["low"] < named["quantity"]).all()
    assert (named["quantity"] < named["high"]).all()
    assert named["distance_km"].notna().all()
    own = rows[rows["partner_code"] == code]
    assert (own["rank"] == 0).all()
    elsewhere = rows[~rows["partner_level"].isin(["epci"])]
    assert set(elsewhere["partner_code"]) <= {MERGED, *REST}


# --- how far ---


def km_as_the_crow_flies(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    x, y, u, v = (np.radians(frame[name].to_numpy()) for frame in (one, other)
                  for name in ("lon", "lat"))  # fmt: skip
    chord = np.sin((v - y) / 2) ** 2 + np.cos(y) * np.cos(v) * np.sin((u - x) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(chord))


@pytest.mark.parametrize("need", ATTRIBUTED)
def test_the_mean_distance_is_that_of_the_flows(release_2019: Published, need: str) -> None:
    """Named pairs from their positions; what was merged, as published, at the dependent's end."""
    territories = release_2019.table("territories")
    at = territories[territories["level"].isin(["epci", "commune"])].set_index("code")
    flows = flows_of(release_2019, need)
    flows = flows[~flows["provider_code"].isin(REST) & ~flows["dependent_code"].isin(REST)]
    flows = flows[flows["dependent_code"] != MERGED]
    merged = flows["provider_code"] == MERGED
    named, rest = flows[~merged], flows[merged]
    ends = [at.loc[named[end]] for end in ("provider_code", "dependent_code")]
    own = (named["provider_code"] == named["dependent_code"]).to_numpy()
    inside = 0.511 * np.sqrt(ends[0]["area_km2"].to_numpy())
    km = 1.3 * np.where(own, inside, km_as_the_crow_flies(*ends))
    # Quantities are kept with six decimals, and distances are those of their sums.
    sizeable = (named["quantity"] > 0.1).to_numpy()
    assert sizeable.mean() > 0.5
    np.testing.assert_allclose(named["distance_km"][sizeable], km[sizeable], atol=0.06)
    total = (named["quantity"] * km).sum() + (rest["quantity"] * rest["distance_km"]).sum()
    (model,) = release_2019.rows("attribution_models", need=need, model="gravity").to_dict(
        "records"
    )
    assert total / flows["quantity"].sum() == pytest.approx(model["mean_km"], rel=0.01)
    home = named.loc[own, "quantity"].sum() / flows["quantity"].sum()
    assert home == pytest.approx(model["own_share"], rel=0.01)
    # Asked, or as near as it can be.
    bounds = release_2019.rows("attribution_models", need=need).set_index("model")["mean_km"]
    assert bounds["least_cost"] < model["mean_km"] < bounds["proportional"]
    assert model["mean_km"] == pytest.approx(model["target_km"], rel=0.01)


# --- the sea ---


def island(departement: str) -> str:
    if departement.startswith("97"):
        return departement
    return "corse" if departement in ("2A", "2B") else "mainland"


@pytest.mark.parametrize("need", ATTRIBUTED)
def test_no_modelled_flow_crosses_the_sea(release_2019: Published, truth: Truth, need: str) -> None:
    communes = truth.cog.communes
    land = {code: island(row["DEP"]) for code, row in communes.items()}
    land |= {epci: land[commune] for commune, epci in truth.epci.items() if commune in land}
    flows = flows_of(release_2019, need)
    ends = pd.DataFrame({end: flows[end].map(land) for end in ("provider_code", "dependent_code")})
    inland = ends.dropna()
    assert len(inland) > 50_000
    assert (inland["provider_code"] == inland["dependent_code"]).all()
    others = flows[ends.isna().any(axis=1)]
    closing = {MERGED, *REST}
    assert (others["provider_code"].isin(closing) | others["dependent_code"].isin(closing)).all()
    assert (inland["provider_code"] == "corse").any()


@pytest.mark.parametrize("direction", ["depends_on", "depended_on_by"])
def test_corse_deals_with_itself_and_the_world(release_2019: Published, direction: str) -> None:
    for level, codes in (("departement", {"2A", "2B"}), ("region", {"94"})):
        rows = release_2019.rows("dependencies", level=level, direction=direction)
        rows = rows[rows["need"].isin(ATTRIBUTED) & rows["code"].isin(codes)]
        assert set(rows["code"]) == codes
        assert set(rows["need"]) == set(ATTRIBUTED)
        # What is left of a sum once all its parts are named is no partner.
        partners = rows[rows["share"] > 1e-9]
        assert set(partners["partner_code"]) <= codes | REST, partners
    mainland = release_2019.rows("dependencies", level="departement", direction=direction)
    mainland = mainland[mainland["need"].isin(ATTRIBUTED) & ~mainland["code"].isin(["2A", "2B"])]
    assert not {"2A", "2B"} & set(mainland["partner_code"])
