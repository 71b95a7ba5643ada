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
    "degree": "degrés",
    "percent": "%",
    "ratio": "rapport",
    "nat": "nats",
    "per_100_persons": "pour 100 personnes",
    "kg_co2e": "kg CO₂e",
    "person2": "personnes²",
    "unit_of_row": "selon la ligne",
}


def check_unit(unit: str | None) -> None:
    """Accept a unit of `UNITS`, or none.

    Raises:
        ValueError: the unit is not one of them.
    """
    if unit is not None and unit not in UNITS:
        raise ValueError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
