"""Vintages: the movement file links the communes of every file with those of today."""

from collections import defaultdict
from collections.abc import Iterable

import polars as pl
import pytest

from pipelines.sample.country import VINTAGES, Country
from pipelines.sample.files import COLLECTIVITIES

from .readers import (
    ARRONDISSEMENTS,
    COMPARATEUR_CSV,
    COMPARATEUR_ZIP,
    METROPOLISES,
    ZONING_XLSX,
    ZONING_ZIP,
    Content,
    sheet,
    table,
)


def changes(movements: pl.DataFrame, year: int) -> dict[str, list[tuple[str, str]]]:
    """Pairs of an old and a new code since a year, by date."""
    by_date: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = movements.filter(
        pl.col("MOD") != "10",
        pl.col("DATE_EFF") > f"{year}-01-01",
        TYPECOM_AV="COM",
        TYPECOM_AP="COM",
    )
    for date, old, new in rows.select("DATE_EFF", "COM_AV", "COM_AP").iter_rows():
        by_date[date].append((old, new))
    return by_date


def backward(today: Iterable[str], movements: pl.DataFrame, year: int) -> set[str]:
    """The communes of a year, from those of today."""
    codes = set(today)
    for _, pairs in sorted(changes(movements, year).items(), reverse=True):
        codes = (codes - {new for _, new in pairs}) | {old for old, _ in pairs}
    return codes


def forward(codes: Iterable[str], movements: pl.DataFrame, year: int) -> dict[str, set[str]]:
    """What the communes of a year have become."""
    current = {code: {code} for code in codes}
    for _, pairs in sorted(changes(movements, year).items()):
        became: dict[str, set[str]] = defaultdict(set)
        for old, new in pairs:
            became[old].add(new)
        for code, now in current.items():
            current[code] = set().union(*(became.get(each, {each}) for each in now))
    return current


@pytest.fixture(scope="module")
def today(communes: pl.DataFrame) -> set[str]:
    return set(communes.filter(TYPECOM="COM")["COM"])


@pytest.mark.parametrize("year", VINTAGES)
def test_the_communes_of_a_year_are_found_again(
    country: Country, movements: pl.DataFrame, today: set[str], year: int
) -> None:
    assert backward(today, movements, year) == set(country.names[year]["code"])


@pytest.mark.parametrize("year", VINTAGES)
def test_every_commune_leads_to_today(
    country: Country, movements: pl.DataFrame, today: set[str], year: int
) -> None:
    became = forward(country.names[year]["code"], movements, year)
    assert set().union(*became.values()) == today


def test_the_files_have_the_geography_they_are_known_for(
    content: Content, flows: pl.DataFrame, movements: pl.DataFrame, today: set[str]
) -> None:
    comparateur = table(content(COMPARATEUR_ZIP, COMPARATEUR_CSV), ";")
    assert set(comparateur["CODGEO"]) - ARRONDISSEMENTS == backward(today, movements, 2021)
    zones = sheet(content(ZONING_ZIP, ZONING_XLSX), "COM", header_row=5)
    assert set(zones["CODGEO"]) == backward(today, movements, 2022)
    programmes = set(table(content("ngeo-anct-cog2023.csv"))["insee_com"])
    assert backward(today, movements, 2023) == programmes - set(COLLECTIVITIES)
    homes = set(flows["CODGEO"]) - ARRONDISSEMENTS | METROPOLISES
    assert homes == backward(today, movements, 2025) - {"01039"}


def test_parcels_never_get_lost(country: Country) -> None:
    parcels = set(country.parcels["parcel"])
    for year in VINTAGES:
        assert country.members[year]["parcel"].is_unique().all()
        assert set(country.members[year]["parcel"]) == parcels
        assert country.communes(year)["population_2023"].sum() == (
            country.parcels["population_2023"].sum()
        )
