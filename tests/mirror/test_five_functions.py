"""The five functions on real files: values everywhere, known figures, the workshop's first pair."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from .runs import Published

pytestmark = pytest.mark.mirror

PAIR = {"deficit": "243400017", "surplus": "200066553"}
# Figures of the mirror's sources that a release cannot show, and why.
NOT_SHOWN = {
    "rp2018_naive_population": "a trap: communes and arrondissements summed together",
    "aldo_sum_epci_naive": "a trap: repeated rows summed",
    "aldo_repeated_siren": "counted before repeated rows are removed",
    "epci2025_members": "counted with the rows of the workbook that are empty",
    "epci2025_count": "compared under another name (epci_2025)",
    "fr_2020_sau": "needs the national file",
    "fr_2021_moves": "needs the national file",
}


@pytest.mark.parametrize("level", ["commune", "epci", "departement"])
def test_each_function_has_five_indicators(release_2019: Published, level: str) -> None:
    rows = release_2019.rows("indicators", level=level)
    counts = rows.groupby("function")["indicator"].nunique()
    assert set(counts.index) == {"cohabit", "food", "energy", "work", "mobility"}
    assert (counts >= 5).all(), counts.to_dict()


@pytest.mark.parametrize("need", ["construction_wood", "wood_energy"])
def test_the_first_pair_of_the_workshop(release_2019: Published, need: str) -> None:
    """Montpellier lacks the wood that the Haut-Languedoc has."""
    rows = release_2019.rows("balances", level="epci", need=need).set_index("code")
    town, hills = rows.loc[PAIR["deficit"]], rows.loc[PAIR["surplus"]]
    assert town["net"] < 0 and town["self_sufficiency"] < 0.05
    assert hills["net"] > 0 and hills["self_sufficiency"] > 10
    assert {town["evidence"], hills["evidence"]} == {"assumed"}


def test_wood_of_an_epci_is_that_of_the_file(release_2019: Published, mirror: Path) -> None:
    """For every EPCI of 2018 that there still is: the sum of its present communes."""
    file = pd.read_csv(mirror / "aldo_wood_harvest/2018/produits-bois.csv", dtype={"siren": str})
    due = file.drop_duplicates().groupby("siren")["RECOLTE TOTALE (m3/an)"].sum()
    members = release_2019.rows("territory_members", level="epci")
    wood = release_2019.rows("measures", measure="wood_harvest")
    ours = members.merge(wood, on="commune_code").groupby("code")["value"].sum()
    # Loire-Authion stands apart in the file.
    both = sorted((set(due.index) & set(ours.index)) - {"244900015"})
    assert len(both) > 1_200
    assert (ours[both] - due[both]).abs().max() < 1e-2
    assert set(wood["evidence"]) == {"modelled"}


def test_consumption_is_what_is_published_and_says_what_is_hidden(
    release_2019: Published, mirror: Path
) -> None:
    file = pd.read_csv(
        next((mirror / "ore_consumption/2024").glob("*.csv")),
        dtype={"code_commune": str, "code_departement": str},
    )
    file = file[file["filiere"] == "Electricité"]
    due = file.groupby("code_departement")["conso_totale_mwh"].sum()
    rows = release_2019.rows("indicators", level="departement", indicator="electricity_consumption")
    ours = rows.set_index("code")["value"]
    assert set(ours.index) == set(due.index)
    assert (ours - due).abs().max() < 1e-3
    hidden = file[
        file["conso_totale_mwh"].fillna(0).eq(0) | (file["nombre_de_mailles_secretisees"] > 0)
    ]
    open_ended = set(rows.loc[rows["low"].notna() & rows["high"].isna(), "code"])
    assert open_ended == set(hidden["code_departement"])


def test_no_zero_comes_from_silence(release_2019: Published) -> None:
    """Farmland, electricity and land take are known in nine départements and in Gironde only."""
    members = release_2019.rows("territory_members", level="departement")
    where = members.set_index("commune_code")["code"]
    measures = release_2019.table("measures")
    nine = {"29", "31", "32", "34", "75", "81", "92", "93", "94"}
    for source, known in {
        "agreste_ra2020": nine, "ore_consumption": nine, "odre_electricity_registry": nine,
        "cerema_land_take": {"33"},
    }.items():  # fmt: skip
        communes = measures.loc[measures["source_id"] == source, "commune_code"]
        assert set(where[communes.unique()]) <= known, source


def test_known_figures_are_among_the_checks(release_2019: Published, mirror: Path) -> None:
    """Every figure of a source at hand is compared, but those named above."""
    with (mirror / "manifest.csv").open(encoding="utf-8") as file:
        extents = {(r["source_id"], r["vintage"]): r["extent"] for r in csv.DictReader(file)}
    with (mirror.parent / "published_figures.csv").open(encoding="utf-8") as file:
        figures = [r for r in csv.DictReader(file) if r["applies_to_source"]]
    checks = release_2019.rows("checks", status="passed")["check_id"]
    passed = set(checks.str.removeprefix("control_totals."))
    # Of these the names differ, as several of our own came first; other tests compare them.
    elsewhere = {"insee_commuting", "ademe_base_carbone", "insee_cog_communes", "insee_zonings",
                 "insee_cog_departements", "insee_cog_regions", "insee_populations"}  # fmt: skip
    missing = []
    for figure in figures:
        sources = figure["applies_to_source"].split("+")
        vintages = figure["applies_to_vintage"].split("+")
        at_hand = all(pair in extents for pair in zip(sources, vintages, strict=False))
        if not at_hand or elsewhere & set(sources) or figure["id"] in NOT_SHOWN:
            continue
        national = figure["level"] == "country" or "national file" in figure["note"]
        partial = any(
            not extents[p].startswith("france") for p in zip(sources, vintages, strict=False)
        )
        if national and partial and figure["id"] not in passed:
            continue
        if figure["id"] not in passed:
            missing.append(figure["id"])
    assert missing == []
