"""Releases made from the mirror of real files, and the truth they are held against."""

import csv
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from . import files, runs
from .truth import Commuting, Truth

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
PORTES_DE_GASCOGNE = ["200023620", "200034726", "200042372", "243200391", "243200599"]
METROPOLES = ["243400017", "244200770", "200040715", "243500139", "200023414"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To make a release of the real files takes a minute or more: what asks for one is slow."""
    for item in items:
        # Some ask for the release of a year by its name.
        asked = " ".join([item.name, *getattr(item, "fixturenames", ())])
        if item.path.parent == HERE and re.search("release|2014|2019", asked):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The mirror's folder; without it the tests are skipped, but CI must have it."""
    folder = Path(os.environ.get("METABOLISME_MIRROR", PROJECT.parent / "shared" / "mirror"))
    if (folder / "manifest.csv").is_file():
        return folder
    reason = f"no mirror of the real files in {folder}: METABOLISME_MIRROR says where it is"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def truth(mirror: Path) -> Truth:
    return Truth(mirror)


@pytest.fixture(scope="session")
def perimeters(truth: Truth) -> pd.DataFrame:
    """A user's perimeters, as (code, commune) of 2026.

    `twin` is an EPCI; `left` and `right` overlap, and cut EPCI; `whole` is a région; `far` and
    `gascogne`, the five EPCI of the PETR “Portes de Gascogne”, lie outside Île-de-France.
    """
    epci = truth.members["epci"]
    home = truth.epci["77316"]
    twin = sorted(epci.loc[epci["code"] == home, "commune"])
    neighbour = sorted(epci.loc[epci["code"] == truth.epci["77186"], "commune"])
    lists = {
        "twin": twin,
        "left": twin[: len(twin) // 2] + neighbour[:12],
        "right": [*twin[len(twin) // 4 :], "75056"],
        "whole": [code for code, row in truth.cog.communes.items() if row["REG"] == "11"],
        "far": [code for code, row in truth.cog.communes.items() if row["DEP"] == "32"],
        "gascogne": sorted(epci.loc[epci["code"].isin(PORTES_DE_GASCOGNE), "commune"]),
    }
    return pd.DataFrame(
        [(code, commune) for code, communes in lists.items() for commune in communes],
        columns=["code", "commune"],
    )


@pytest.fixture(scope="session")
def perimeters_csv(perimeters: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as the user's file: one commune of `twin` goes by a code it had until 2015."""
    path = tmp_path_factory.mktemp("perimeters") / "perimeters.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["perimeter_code", "perimeter_name", "commune_code"])
        for code, commune in perimeters.itertuples(index=False):
            old = code == "twin" and commune == "77316"
            writer.writerow([code, f"Périmètre {code}", "77166" if old else commune])
    return path


@pytest.fixture(scope="session")
def release_2014(
    mirror: Path, perimeters_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> runs.Published:
    """Commuting of 2014: residents and workplaces of Île-de-France."""
    folder = tmp_path_factory.mktemp("release-2014")
    return runs.make(folder, mirror, {"insee_commuting": "2014"}, perimeters_csv)


@pytest.fixture(scope="session")
def release_2014_again(
    mirror: Path, perimeters_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[runs.Published, int]:
    """The same made apart, and the number of DuckDB's threads there."""
    folder = tmp_path_factory.mktemp("release-2014-again")
    return runs.make_apart(folder, mirror, {"insee_commuting": "2014"}, perimeters_csv)


@pytest.fixture(scope="session")
def release_2019(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Published:
    """No vintage asked: the newest commuting there is, residents of five métropoles."""
    return runs.make(tmp_path_factory.mktemp("release-2019"), mirror)


@pytest.fixture(scope="session")
def file_2014(mirror: Path) -> pd.DataFrame:
    """The file of 2014 as it is: residence, workplace, workers, with the codes of its year."""
    return commuting_file(mirror, "2014")


@pytest.fixture(scope="session")
def file_2019(mirror: Path) -> pd.DataFrame:
    return commuting_file(mirror, "2019")


def commuting_file(mirror: Path, vintage: str) -> pd.DataFrame:
    archive = files.find(mirror, "insee_commuting", vintage)
    count = f"NBFLUX_C{vintage[2:]}_ACTOCC15P"
    rows = files.read_csv(files.unzip(archive, "*.csv"), ";")
    return pd.DataFrame(
        [(row["CODGEO"], row["DCLT"], float(row[count])) for row in rows],
        columns=["residence", "workplace", "workers"],
    )


@pytest.fixture(scope="session")
def codes_of_2014(file_2014: pd.DataFrame) -> set[str]:
    return set(file_2014["residence"]) | set(file_2014["workplace"])


@pytest.fixture(scope="session")
def flows_2014(truth: Truth) -> Commuting:
    region = {code for code, row in truth.cog.communes.items() if row["REG"] == "11"}
    return truth.commuting("2014", cog_year=2014, extent=region, closed=True)


@pytest.fixture(scope="session")
def flows_2019(truth: Truth) -> Commuting:
    residents = {commune for commune, epci in truth.epci.items() if epci in METROPOLES}
    return truth.commuting("2019", cog_year=2022, extent=residents, closed=False)
