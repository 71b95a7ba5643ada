"""Territories against the COG, the census, the zonings, the contracts and the contours."""

import math

import pandas as pd
import pytest

from .runs import Published
from .truth import Truth

pytestmark = pytest.mark.mirror
WITHOUT_EPCI = {"22016", "29083", "29155", "85113"}
LEVELS = [
    "commune",
    "epci",
    "departement",
    "region",
    "country",
    "zone_emploi",
    "bassin_vie",
    "aav",
    "crte",
]


def of_level(release: Published, level: str) -> pd.DataFrame:
    return release.rows("territories", level=level).set_index("code").sort_index()


@pytest.mark.parametrize(
    ("level", "count"),
    [
        ("commune", 34_875),
        ("epci", 1_255),
        ("departement", 101),
        ("region", 18),
        ("country", 1),
        ("zone_emploi", 306),
    ],
)
def test_number_of_territories(release_2014: Published, level: str, count: int) -> None:
    assert len(of_level(release_2014, level)) == count


@pytest.mark.parametrize("level", LEVELS)
def test_members_are_those_of_the_files(release_2014: Published, truth: Truth, level: str) -> None:
    found = release_2014.rows("territory_members", level=level)
    expected = truth.members[level]
    assert set(zip(found["code"], found["commune_code"], strict=True)) == set(
        zip(expected["code"], expected["commune"], strict=True)
    )
    assert set(of_level(release_2014, level).index) == set(expected["code"])


@pytest.mark.parametrize("level", LEVELS)
def test_populations_are_sums_of_the_census(
    release_2014: Published, truth: Truth, level: str
) -> None:
    found = of_level(release_2014, level)
    expected = truth.total(level, truth.populations)
    pd.testing.assert_series_equal(
        found["population"], expected, check_names=False, check_dtype=False, check_index_type=False
    )
    assert found["n_communes"].to_dict() == truth.members[level].groupby("code").size().to_dict()


def test_population_of_france_and_of_paris(release_2014: Published) -> None:
    assert of_level(release_2014, "country").loc["FR", "population"] == 68_350_798
    communes = of_level(release_2014, "commune")
    paris = communes[communes["departement_code"] == "75"]
    assert paris["population"].to_dict() == {"75056": 2_103_778}


def test_communes_without_epci_stay(release_2014: Published, truth: Truth) -> None:
    communes = of_level(release_2014, "commune")
    assert set(communes.index[communes["epci_code"].isna()]) == WITHOUT_EPCI
    assert communes["epci_code"].dropna().to_dict() == truth.epci


def test_names_and_parents_of_communes(release_2014: Published, truth: Truth) -> None:
    communes = of_level(release_2014, "commune")
    rows = truth.cog.communes
    assert communes["name"].to_dict() == {code: row["LIBELLE"] for code, row in rows.items()}
    assert communes["departement_code"].to_dict() == {
        code: row["DEP"] for code, row in rows.items()
    }
    assert communes["region_code"].to_dict() == {code: row["REG"] for code, row in rows.items()}


@pytest.mark.parametrize("level", ["epci", "zone_emploi", "bassin_vie", "aav", "crte"])
@pytest.mark.parametrize("parent", ["DEP", "REG"])
def test_a_territory_is_where_most_of_its_people_are(
    release_2014: Published, truth: Truth, level: str, parent: str
) -> None:
    members = truth.members[level].assign(
        parent=lambda m: m["commune"].map(lambda code: truth.cog.communes[code][parent]),
        people=lambda m: m["commune"].map(truth.populations),
    )
    people = members.groupby(["code", "parent"])["people"].sum().unstack(fill_value=-1)
    column = {"DEP": "departement_code", "REG": "region_code"}[parent]
    found = of_level(release_2014, level)[column]
    in_found = pd.Series({code: people.loc[code, where] for code, where in found.items()})
    assert (in_found == people.max(axis=1)).all()


@pytest.mark.parametrize(
    "level", ["epci", "departement", "region", "zone_emploi", "bassin_vie", "aav"]
)
def test_territories_have_names(release_2014: Published, level: str) -> None:
    territories = of_level(release_2014, level)
    assert territories["name"].str.len().min() > 1
    assert not (territories["name"] == territories.index).any()


def test_areas_are_those_of_the_files(release_2014: Published, truth: Truth) -> None:
    found = of_level(release_2014, "commune")["area_km2"]
    expected = pd.Series(truth.areas)
    assert len(expected) > 34_800
    assert (found[expected.index] - expected).abs().max() <= 5.1e-5
    assert (found > 0).all()


@pytest.mark.parametrize("level", LEVELS)
def test_areas_are_sums_of_communes(release_2014: Published, truth: Truth, level: str) -> None:
    of_communes = of_level(release_2014, "commune")["area_km2"].to_dict()
    expected = truth.total(level, of_communes)
    assert (of_level(release_2014, level)["area_km2"] - expected).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("level", "code", "low", "high"),
    [
        ("country", "FR", 632_000, 640_000),
        ("region", "11", 11_900, 12_150),
        ("commune", "75056", 104, 107),
    ],
)
def test_areas_are_plausible(
    release_2014: Published, level: str, code: str, low: float, high: float
) -> None:
    assert low < of_level(release_2014, level).loc[code, "area_km2"] < high


def test_centres_of_communes_are_inside_the_box_of_their_contour(
    release_2014: Published, truth: Truth
) -> None:
    communes = of_level(release_2014, "commune")
    assert set(truth.boxes) == set(communes.index)
    margin = 1e-5  # published to five decimals
    outside = [
        code
        for code, (west, south, east, north) in truth.boxes.items()
        if not (
            west - margin <= communes.at[code, "lon"] <= east + margin
            and south - margin <= communes.at[code, "lat"] <= north + margin
        )
    ]
    assert outside == []


@pytest.mark.parametrize("level", ["epci", "departement", "zone_emploi", "crte"])
def test_centres_of_territories_are_weighted_by_population(
    release_2014: Published, truth: Truth, level: str
) -> None:
    communes = of_level(release_2014, "commune")
    found = of_level(release_2014, level)
    people = truth.total(level, truth.populations)
    for axis in ("lon", "lat"):
        moments = communes[axis] * communes["population"]
        expected = truth.total(level, moments.to_dict()) / people
        assert (found[axis] - expected).abs().max() < 1e-3, axis


def test_every_commune_has_a_position_and_the_reference_year(release_2014: Published) -> None:
    territories = release_2014.table("territories")
    communes = territories[territories["level"] == "commune"]
    assert communes[["lon", "lat", "population", "area_km2"]].notna().all().all()
    assert set(territories["cog_year"]) == {2026}


def test_the_comparison_base_covers_the_country(release_2014: Published) -> None:
    jobs = release_2014.rows("measures", measure="jobs_at_workplace")
    assert math.isclose(jobs["value"].sum(), 26_599_318, rel_tol=1e-5)
    assert not jobs["commune_code"].str.match(r"751\d\d|132\d\d|6938\d").any()
