"""The fictitious country: its people, its ground, its names."""

import numpy as np
import pytest

from pipelines.sample import SMALL, land
from pipelines.sample.country import Country
from pipelines.sample.ground import METROPOLISES, stream
from pipelines.sample.names import Name, elide, invent, named


def test_the_dimensions(country: Country) -> None:
    assert len(country.names[2026]) == SMALL.communes
    assert len(country.epci) == SMALL.epci
    assert len(country.departements) == len(SMALL.departements)
    assert len(country.regions) == len(SMALL.regions)


def test_many_villages_and_few_cities(country: Country) -> None:
    people = country.communes(2026)["population_2023"]
    assert 300 < people.median() < 600
    assert (people < 1_000).mean() > 0.6
    assert people.max() == SMALL.metropolises[0]
    assert people.min() == 0
    assert (people == 0).sum() == 1


def test_communes_are_of_the_real_size(country: Country) -> None:
    capitals = [city.code for city in METROPOLISES]
    areas = country.parcels.filter(~country.parcels["parcel"].is_in(capitals))["area"]
    assert areas.mean() == pytest.approx(16, abs=0.5)


def test_arrondissements_add_up(country: Country) -> None:
    whole = country.communes(2025)
    for city in METROPOLISES:
        parts = country.arrondissements.filter(parent=city.code)
        assert parts["code"].to_list() == city.arrondissements
        for column in ("population_2018", "population_2023"):
            assert parts[column].sum() == whole.filter(code=city.code)[column].item()


def test_places_lie_where_they_should(country: Country) -> None:
    mainland = country.parcels.filter(country.parcels["departement"].str.len_chars() == 2)
    assert mainland["lon"].is_between(-5, 10).all()
    assert mainland["lat"].is_between(41, 51.5).all()
    assert country.parcels.filter(departement="971")["lon"].max() < -60
    assert country.parcels.filter(departement="976")["lat"].max() < -12


def test_names() -> None:
    assert named("Les Hauts-Talourds") == Name(4, "Hauts-Talourds")
    assert named("L'Oyelle") == Name(5, "Oyelle")
    assert named("Échaudas-sur-Bélorme").tncc == 1
    assert Name(2, "Cœur-d'Ourvie").poor == "COEUR D OURVIE"
    assert Name(2, "Cœur-d'Ourvie").label == "Le Cœur-d'Ourvie"
    assert elide("CC du Pays de Aldouras") == "CC du Pays d'Aldouras"
    assert elide("Saint-Ferjol-de-Échaudas") == "Saint-Ferjol-d'Échaudas"


def test_invented_names_differ() -> None:
    names = invent(40_000, stream("test"))
    assert len({name.label for name in names}) == 40_000
    with pytest.raises(ValueError, match="can be invented"):
        invent(10**7, stream("test"))


def test_parting_makes_groups_of_the_wanted_sizes() -> None:
    points = stream("test").random((100, 2))
    groups = land.part(points, [50, 30, 20])
    assert np.bincount(groups).tolist() == [50, 30, 20]
    with pytest.raises(ValueError, match="100 points"):
        land.part(points, [50, 30])


def test_shares_add_up() -> None:
    assert land.shares(10, [1.0, 1.0, 1.0]) == [4, 3, 3]
    assert sum(land.shares(1_255, stream("test").random(101))) == 1_255
    assert land.even(7, 3) == [3, 2, 2]
