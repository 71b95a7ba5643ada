"""The units a column, a measure or an indicator may have."""

from typing import Final

UNITS: Final[dict[str, str]] = {
    "person": "personnes",
    "inhabitant": "habitants",
    "job": "emplois",
    "commune": "communes",
    "partner": "partenaires",
    "row": "lignes",
    "byte": "octets",
    "km": "km",
    "km2": "km²",
    "per_km": "par km",
    "kg_co2e_per_km": "kg CO₂e/km",
    "tonne_co2e": "t CO₂e",
    "kg_co2e_per_person": "kg CO₂e/personne",
    "degree": "degrés",
    "percent": "%",
    "ratio": "rapport",
    "nat": "nats",
    "per_100_persons": "pour 100 personnes",
    "kg_co2e": "kg CO₂e",
    "person2": "personnes²",
    "dwelling": "logements",
    "household": "ménages",
    "room": "chambres",
    "pitch": "emplacements",
    "bed": "lits",
    "m2": "m²",
    "ha": "ha",
    "m3": "m³",
    "tonne": "tonnes",
    "mwh": "MWh",
    "kwh": "kWh",
    "kw": "kW",
    "site": "sites",
    "farm": "exploitations",
    "place": "places",
    "point": "points",
    "journey": "trajets",
    "ha_per_inhabitant": "ha/habitant",
    "m3_per_inhabitant": "m³/habitant",
    "m2_per_inhabitant": "m²/habitant",
    "mwh_per_inhabitant": "MWh/habitant",
    "tonne_per_inhabitant": "t/habitant",
    "m2_per_household": "m² par ménage gagné",
    "per_1000_inhabitants": "pour 1 000 habitants",
    "per_1000_commuters": "pour 1 000 conducteurs",
    "per_100_inhabitants": "pour 100 habitants",
    "euro": "euros",
    "label": "appellations",
    "metre": "m",
    "minute": "min",
    "year": "années",
    "m3_per_ha": "m³/ha",
    "gwh": "GWh",
    "gwh_per_year": "GWh/an",
    "mw": "MW",
    "month": "mois",
    "unit_of_row": "selon la ligne",
}


def check_unit(unit: str | None) -> None:
    """Accept a unit of `UNITS`, or none.

    Raises:
        ValueError: the unit is not one of them.
    """
    if unit is not None and unit not in UNITS:
        raise ValueError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
