"""Measures of the real files: sums, what secrecy hides, and what no source says."""

import math
from collections import Counter, defaultdict

import pandas as pd
import pytest

from . import files
from .runs import Published
from .tallies import (
    BOUNDS,
    aldo,
    assert_same_tallies,
    by_commune,
    by_departement,
    extent,
    measured,
    number,
    read_by_departement,
    rows_of,
)
from .truth import Truth

pytestmark = pytest.mark.mirror
NINE = {"29", "31", "32", "34", "75", "81", "92", "93", "94"}
FARMLAND = {
    "farmland": "SAU",
    "farmland_cereals_oilseeds": "Surfaces céréales et oléoprotéagineux",
    "farmland_grassland": "Surfaces prairies",
    "farmland_permanent_crops": "Surfaces cultures permanentes",
}
KINDS = {
    "Solaire": "solar",
    "Eolien": "wind",
    "Hydraulique": "hydro",
    "Bioénergies": "bioenergy",
    "Thermique non renouvelable": "thermal",
    "Nucléaire": "nuclear",
    "Energies Marines": "marine",
    "Autre": "other",
}
RENEWABLE = {"solar", "wind", "hydro", "bioenergy", "marine"}
# The year of the codes of each file (that of consumption still has communes merged in 2025).
COG_YEARS = {
    "agreste_ra2020": 2020,
    "odre_electricity_registry": 2026,
    "ore_consumption": 2024,
    "cerema_land_take": 2025,
}
# Island communes of no EPCI, by their number in ALDO; one has joined an EPCI since.
ISLANDS = {"22016": "1", "29083": "2", "29155": "2", "49307": "3", "85113": "4"}
SAINT_MARTIN = "97127"


def read(truth: Truth, source_id: str, delimiter: str = ";") -> list[files.Row]:
    return files.read_csv(files.find(truth.mirror, source_id).read_bytes(), delimiter)


def farmland(truth: Truth) -> pd.DataFrame:
    """Farmland by group of crops; crops are what is not grassland."""
    rows = []
    for row in read(truth, "agreste_ra2020"):
        values = {name: number(row[column]) for name, column in FARMLAND.items()}
        crops = values["farmland"] - values["farmland_grassland"]
        values["farmland_crops"] = max(crops, 0.0)
        rows += [(row["CODE_COM"], name, 2020, value, False) for name, value in values.items()]
    return rows_of(rows)


def registry(truth: Truth) -> pd.DataFrame:
    """Capacity (kW) and energy injected (MWh): an empty energy is a secret."""
    rows = []
    for row in read(truth, "odre_electricity_registry"):
        kind = KINDS[row["filiere"]]
        mwh = number(row["energieannuelleglissanteinjectee"]) / 1000
        names = ["electricity_production", f"electricity_production_{kind}"]
        names += ["electricity_production_renewable"] if kind in RENEWABLE else []
        names += ["electricity_production_without_nuclear"] if kind != "nuclear" else []
        code = row["codeinseecommune"]
        rows += [(code, name, 2026, mwh, math.isnan(mwh)) for name in names]
        capacity = float(row["puismaxinstallee"])
        rows.append((code, f"electricity_capacity_{kind}", 2026, capacity, False))
    return rows_of(row for row in rows if not row[1].endswith(("_marine", "_other")))


def consumption(truth: Truth) -> pd.DataFrame:
    """Electricity and gas: empty, 0 or with hidden meshes is a secret."""
    rows = []
    for row in read(truth, "ore_consumption", ","):
        name = {"Gaz": "gas", "Electricité": "electricity"}[row["filiere"]] + "_consumption"
        mwh = number(row["conso_totale_mwh"]) or math.nan
        hidden = math.isnan(mwh) or int(row["nombre_de_mailles_secretisees"]) > 0
        names = [name] + [f"{name}_residential"] * (row["code_categorie_consommation"] == "RES")
        rows += [(row["code_commune"], one, int(row["annee"]), mwh, hidden) for one in names]
    return rows_of(rows)


def land_take(truth: Truth) -> pd.DataFrame:
    """Land consumed, year by year and by use, and over longer periods."""
    rows = []
    for row in read(truth, "cerema_land_take", ","):
        said: dict[tuple[str, int], float] = {}
        for year in range(2011, 2025):
            a, b = year - 2000, year - 1999
            total = float(row[f"naf{a}art{b}"])
            uses = {use: float(row[f"art{a}{use}{b}"]) for use in ("hab", "act", "rou", "fer")}
            said["land_take", year] = total
            said["land_take_housing", year] = uses["hab"]
            said["land_take_activity", year] = uses["act"]
            said["land_take_transport", year] = uses["rou"] + uses["fer"]
            said["coastal_land_take", year] = total if row["littoral"] == "C" else 0.0
        since = sum(said["land_take", year] for year in range(2021, 2025))
        said["land_take_2011_2020", 2020] = sum(said["land_take", y] for y in range(2011, 2021))
        said["land_take_2016_2021", 2021] = sum(said["land_take", y] for y in range(2016, 2022))
        said["land_take_since_2021", 2024] = since
        said["land_take_yearly_since_2021", 2024] = since / 4
        said["households_gained_2016_2022", 2022] = float(row["men22"]) - float(row["men16"])
        rows += [(row["idcom"], *key, value, False) for key, value in said.items()]
    return rows_of(rows)


READ = {
    "agreste_ra2020": farmland,
    "odre_electricity_registry": registry,
    "ore_consumption": consumption,
    "cerema_land_take": land_take,
}


@pytest.fixture(scope="module")
def rows(truth: Truth) -> dict[str, pd.DataFrame]:
    """The rows of the files that know a few départements."""
    return {source: reader(truth) for source, reader in READ.items()}


@pytest.fixture(scope="module")
def vacancy(truth: Truth) -> pd.DataFrame:
    """Dwellings vacant for over two years: `s` stands for 0 to 10."""
    return rows_of(
        (
            row["CODGEO_25"],
            "long_vacant_homes",
            2025,
            number(row["pp_vacant_plus_2ans_25"]),
            row["pp_vacant_plus_2ans_25"] == "s",
        )
        for row in read(truth, "lovac")
        if row["CODGEO_25"] != SAINT_MARTIN
    )


@pytest.fixture(scope="module")
def of_epci(truth: Truth) -> pd.DataFrame:
    return aldo(truth)


@pytest.fixture(scope="module")
def placed(release_2019: Published, of_epci: pd.DataFrame) -> pd.DataFrame:
    """What the release says from ALDO."""
    table = release_2019.table("measures")
    return table[table["source_id"].str.startswith("aldo_")]


# --- the files of nine départements, and of the Gironde ---


@pytest.mark.parametrize("source_id", READ)
def test_communes_have_what_the_file_says_and_no_more(
    release_2019: Published, truth: Truth, rows: dict[str, pd.DataFrame], source_id: str
) -> None:
    found = measured(release_2019, source_id)
    due = by_commune(truth, rows[source_id], COG_YEARS[source_id])
    # Only a list of what there is says zero by its silence, and of its own départements.
    silent = source_id in ("agreste_ra2020", "cerema_land_take")
    zero_for = set() if silent else extent(truth, source_id)
    assert_same_tallies(found, due, zero_for)
    if not silent:
        # All of them: every commune of the extent has every measure that silence fills.
        listed = found.index.get_level_values("measure").value_counts()
        assert set(listed) == {len(zero_for)}


@pytest.mark.parametrize("source_id", READ)
def test_departements_add_up_to_the_file(
    release_2019: Published, truth: Truth, rows: dict[str, pd.DataFrame], source_id: str
) -> None:
    found = read_by_departement(truth, measured(release_2019, source_id))
    own = {"33"} if source_id == "cerema_land_take" else NINE
    assert set(found.index.get_level_values("departement")) == own
    silent = source_id in ("agreste_ra2020", "cerema_land_take")
    assert_same_tallies(found, by_departement(rows[source_id]), set() if silent else own)


@pytest.mark.parametrize("source_id", ["odre_electricity_registry", "ore_consumption"])
def test_what_is_hidden_leaves_no_upper_bound(
    release_2019: Published, rows: dict[str, pd.DataFrame], source_id: str
) -> None:
    found = measured(release_2019, source_id)
    bounded = found[found["low"].notna()]
    assert 0 < len(bounded) < len(found)
    assert (bounded["low"] == bounded["value"].fillna(0)).all()
    assert bounded["high"].isna().all()
    assert found.loc[found["low"].isna(), "value"].notna().all()
    # A measure hides something here only if the file does there.
    hidden = rows[source_id].groupby("measure")["hidden"].any()
    assert set(bounded.index.get_level_values("measure")) == set(hidden[hidden].index)


def test_energy_that_is_fed_back_is_less_than_nothing(release_2019: Published) -> None:
    found = measured(release_2019, "odre_electricity_registry")["value"]
    assert found["92049", "electricity_production_solar", 2026] == -23
    assert found["94046", "electricity_production_thermal", 2026] == -104


# --- what ALDO says of the EPCI of 2018 ---


def test_epci_that_are_still_there_sum_what_the_file_says(
    truth: Truth, placed: pd.DataFrame, of_epci: pd.DataFrame
) -> None:
    epci = placed["commune_code"].map(truth.epci)
    found = placed.groupby([epci, "measure"])["value"].sum().unstack()
    own = sorted(set(of_epci.index) & set(truth.epci.values()) - with_an_island(truth))
    assert len(own) > 1_200
    assert set(found.columns) == set(of_epci.columns)
    due = of_epci.loc[own].fillna(0)
    gap = (found.loc[own, due.columns].fillna(0) - due).abs()
    wrong = gap[(gap > 1e-6 * due + 1e-3).any(axis=1)]
    assert wrong.empty, wrong.head().to_string()


def with_an_island(truth: Truth) -> set[str]:
    """The EPCI of today that an island of 2018 has joined."""
    return {truth.epci[commune] for commune in ISLANDS if commune in truth.epci}


def test_nothing_of_aldo_is_lost_but_with_the_epci_that_are_gone(
    truth: Truth, placed: pd.DataFrame, of_epci: pd.DataFrame
) -> None:
    today = set(truth.epci.values()) | set(ISLANDS.values())
    gone = of_epci.index.difference(sorted(today))
    assert len(gone) == 31
    found = placed.groupby("measure")["value"].sum() + of_epci.loc[gone].sum()
    pd.testing.assert_series_equal(
        found, of_epci.sum(), check_names=False, check_like=True, rtol=1e-8
    )


def test_communes_have_their_share_of_the_area(
    release_2019: Published, truth: Truth, placed: pd.DataFrame, of_epci: pd.DataFrame
) -> None:
    areas = release_2019.rows("territories", level="commune").set_index("code")["area_km2"]
    epci = pd.Series(truth.epci).drop([code for code in ISLANDS if code in truth.epci])
    share = areas[epci.index] / areas[epci.index].groupby(epci).transform("sum")
    due = (share * epci.map(of_epci["wood_harvest"])).dropna()
    rows = placed[placed["measure"] == "wood_harvest"].set_index("commune_code")["value"]
    assert set(rows.index) == set(due.index) | set(ISLANDS)
    assert ((rows[due.index] - due).abs() <= 1e-6 * due + 1e-3).all()


def test_an_island_has_its_own_row(placed: pd.DataFrame, of_epci: pd.DataFrame) -> None:
    found = placed[placed["measure"] == "forest_area"].set_index("commune_code")["value"]
    both = found["29083"] + found["29155"]
    assert both == pytest.approx(of_epci.at["2", "forest_area"], abs=1e-6)
    for island in ("22016", "49307", "85113"):
        assert found[island] == pytest.approx(of_epci.at[ISLANDS[island], "forest_area"], abs=1e-6)
    # The file repeats a neighbour's land cover there.
    assert placed[placed["measure"] == "land_cover"]["commune_code"].isin(ISLANDS).sum() == 0


def test_what_is_shared_out_is_modelled(placed: pd.DataFrame) -> None:
    assert set(placed["evidence"]) == {"modelled"}
    assert placed["low"].isna().all()


# --- long vacancy ---


def test_long_vacancy_of_communes(
    release_2019: Published, truth: Truth, vacancy: pd.DataFrame
) -> None:
    found = measured(release_2019, "lovac")
    assert_same_tallies(found, by_commune(truth, vacancy, 2025, most=10))
    secret = found[found["low"].notna()]
    assert len(secret) == vacancy["hidden"].sum()
    assert secret["value"].isna().all()


def test_long_vacancy_of_departements(
    release_2019: Published, truth: Truth, vacancy: pd.DataFrame
) -> None:
    found = read_by_departement(truth, measured(release_2019, "lovac"))
    due = by_departement(vacancy, most=10)
    assert len(due) == 101
    assert_same_tallies(found, due)


# --- biomethane ---


def test_biomethane_of_departements(release_2019: Published, truth: Truth) -> None:
    due: dict[str, Counter[str]] = defaultdict(Counter)
    nowhere = []
    for row in read(truth, "odre_biomethane"):
        if row["Site ouvert ?"] == "True":
            gwh = float(row["Capacite de production (GWh/an)"])
            due[row["Code Departement"]]["biomethane_sites"] += 1
            due[row["Code Departement"]]["biomethane_capacity"] += 1000 * gwh
            nowhere += [row] if not row["Code Departement"] else []
    # Two sites tell neither their commune nor where it is.
    assert len(nowhere) == 2
    assert not any(row["Code Commune Courant"] or row["Coordonnees"] for row in nowhere)
    due.pop("")
    found = read_by_departement(truth, measured(release_2019, "odre_biomethane"))
    assert len(found) == 2 * 101
    for (departement, measure, _), row in found.iterrows():
        assert row["value"] == pytest.approx(due[departement][measure], abs=1e-4), departement
    assert found[["low", "high"]].isna().all(axis=None)


# --- everything ---


def test_nothing_is_said_of_a_place_twice(release_2019: Published) -> None:
    rows = release_2019.table("measures")
    key = ["commune_code", "measure", "year", "source_id"]
    assert not rows.duplicated(key).any()


def test_every_measure_is_within_its_bounds(release_2019: Published) -> None:
    rows = release_2019.table("measures")
    assert not (rows["low"] > rows["value"]).any()
    assert not (rows["high"] < rows["value"]).any()
    assert rows[BOUNDS].notna().any(axis=1).all()
