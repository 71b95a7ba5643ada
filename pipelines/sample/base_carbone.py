"""The Base Carbone of a country that has none: invented factors under the codes that we use.

Every element of ``emission_factors.yml`` is there, valid, with a value of the order of magnitude
of its kind; then elements that must not be taken for them.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.catalogue.words import factors
from pipelines.sample.files import LF, Sample
from pipelines.sample.ground import stream

LANGUAGES = ("français", "anglais", "espagnol")
GASES = tuple(f"{what} gaz supplémentaire {i}" for i in range(1, 6) for what in ("Code", "Valeur"))


def _in(*names: str, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    return [f"{name} {language}" for name in names for language in languages]


COLUMNS = [
    *("Type Ligne", "Identifiant de l'élément", "Structure", "Type de l'élément"),
    *("Statut de l'élément", *_in("Nom base", "Nom attribut", "Nom frontière")),
    *("Code de la catégorie", *_in("Tags"), *_in("Unité")),
    *("Contributeur", "Autres Contributeurs", "Programme", "Url du programme", "Source"),
    *("Localisation géographique", *_in("Sous-localisation géographique")),
    *("Date de création", "Date de modification", "Période de validité", "Incertitude"),
    *("Réglementations", "Transparence", "Qualité"),
    *(f"Qualité {kind}" for kind in ("TeR", "GR", "TiR", "C", "P", "M")),
    *(*_in("Commentaire"), "Type poste", *_in("Nom poste"), "Total poste non décomposé"),
    *("CO2f", "CH4f", "CH4b", "N2O", *GASES, "Autres GES", "CO2b"),
]


@dataclass(frozen=True)
class Kind:
    """Elements of one kind, by a pattern of our names for them.

    ``least`` and ``most`` bound the total; ``burnt`` is the share of it that burns on the way.
    """

    pattern: str
    category: str
    unit: str
    least: float
    most: float
    burnt: float = 0.0


KINDS = (
    Kind("car_vehicle_km", "Transport de personnes > Routier", "kgCO2e/km", 0.15, 0.25, 0.65),
    Kind("car_.*", "Transport de personnes > Routier", "kgCO2e/passager.km", 0.1, 0.2, 0.65),
    Kind(
        ".*bus.*|coach", "Transport de personnes > Routier", "kgCO2e/passager.km", 0.03, 0.15, 0.7
    ),
    Kind("motorbike.*", "Transport de personnes > Routier", "kgCO2e/km", 0.06, 0.2, 0.75),
    Kind("e_.*", "Transport de personnes > Routier", "kgCO2e/km", 0.01, 0.03),
    Kind(
        ".*train.*|metro.*|tramway.*",
        "Transport de personnes > Ferroviaire",
        "kgCO2e/passager.km",
        0.003,
        0.03,
    ),
    Kind("truck.*|van", "Transport de marchandises > Routier", "kgCO2e/t.km", 0.08, 0.7, 0.7),
    Kind("rail_.*|barge", "Transport de marchandises > Autres", "kgCO2e/t.km", 0.01, 0.02, 0.6),
    Kind("power_.*", "Électricité > Moyens de production", "kgCO2e/kWh", 0.4, 1.1, 0.9),
    Kind("electricity.*|nuclear|hydro|wind.*|solar.*", "Électricité", "kgCO2e/kWh", 0.004, 0.08),
    Kind("gas_.*", "Combustibles > Fossiles > Gazeux", "kgCO2e/kWh PCI", 0.2, 0.25, 0.85),
    Kind("biomethane", "Combustibles > Organiques > Gazeux", "kgCO2e/kWh PCI", 0.03, 0.06),
    Kind("(log|pellet|chip)_.*", "Combustibles > Organiques > Solides", "kgCO2e/kWh", 0.01, 0.05),
    Kind("aggregates.*", "Achats de biens > Matériaux", "kgCO2e/tonne", 2, 6),
    Kind("concrete", "Achats de biens > Matériaux", "kgCO2e/m3", 80, 300),
    Kind(".*", "Achats de biens > Matériaux", "kgCO2e/tonne", 600, 900),
)
VALIDITY = ("2026-12-31", "2026", "Année 2024", "déc.-26", "46387", "5ème rapport du GIEC (2013)")
"""Forms of the end of validity."""
STRAY_NAME = '"\tSalade Vauquelin (salade verte"'
"""A label with the quotes and the tabulator that some keep."""


def base_carbone(sample: Sample) -> bytes:
    """``Base_Carbone_V23.6.csv``: cp1252, decimal commas, 67 columns."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="", delimiter=";", lineterminator=LF)
    writer.writeheader()
    writer.writerows(_rows())
    return buffer.getvalue().encode("cp1252")


def _rows() -> Iterator[dict[str, str]]:
    rng = stream("base carbone")
    for rank, (name, factor) in enumerate(factors().items()):
        kind = next(kind for kind in KINDS if re.fullmatch(kind.pattern, name))
        element = {
            "Identifiant de l'élément": factor.element,
            "Nom base français": factor.fr,
            "Nom base anglais": factor.en,
            "Code de la catégorie": kind.category,
            "Unité français": kind.unit,
            "Période de validité": VALIDITY[rank % len(VALIDITY)],
            "Incertitude": str(int(rng.choice([10, 20, 30, 50, 60, 70]))),
        }
        yield from _element(element, _number(rng, kind), kind.burnt)
    yield from _others(rng)


def _number(rng: np.random.Generator, kind: Kind) -> float:
    return float(f"{rng.uniform(kind.least, kind.most):.3g}")


def _element(element: dict[str, str], total: float, burnt: float) -> Iterator[dict[str, str]]:
    """An element; if some of it burns, the gases of its total, then its parts."""
    common = {
        "Structure": "élément non décomposé",
        "Type de l'élément": "Facteur d'émission",
        "Statut de l'élément": "Valide générique",
        "Localisation géographique": "France continentale",
        "Date de création": "2024-03-04",
        "Date de modification": "2025-04-24",
        "Contributeur": "ADEME",
    } | element
    burns = (
        {} if not burnt else {"Structure": "élément décomposé par poste et par gaz"} | _gases(total)
    )
    whole = {"Type Ligne": "Elément", "Total poste non décomposé": _written(total)}
    yield common | burns | whole
    if burnt:
        part = float(f"{total * burnt:.3g}")
        for name, value in (("Combustion", part), ("Amont", total - part)):
            yield (
                common
                | burns
                | _gases(value)
                | {
                    "Type Ligne": "Poste",
                    "Type poste": name,
                    "Nom poste français": "Amont du carburant" if name == "Amont" else "",
                    "Total poste non décomposé": _written(value),
                }
            )


def _gases(total: float) -> dict[str, str]:
    return {
        "CO2f": _written(total * 0.95),
        "CH4f": _written(total * 0.0001),
        "CH4b": "0",
        "N2O": _written(total * 0.05),
        "Autres GES": "0",
        "CO2b": _written(total * 0.06),
    }


def _written(value: float) -> str:
    """With a comma, and as 1,2E-05 if it is very small."""
    return f"{value:.7G}".replace(".", ",")


def _others(rng: np.random.Generator) -> Iterator[dict[str, str]]:
    """Elements that nobody asks for: archived, of other places, negative, with odd names."""
    used = {factor.element for factor in factors().values()}
    codes = (one for number in range(10_001, 99_999) if (one := str(number)) not in used)
    for factor in [*factors().values()][:12]:
        archived = {"Statut de l'élément": "Archivé", "Période de validité": "2017-12-31"}
        element = {"Identifiant de l'élément": next(codes), "Nom base français": factor.fr}
        yield from _element(archived | element, float(rng.integers(1, 9)), 0.6)
    odd: tuple[dict[str, str], ...] = (
        {"Nom base français": STRAY_NAME, "Nom attribut français": "fromage, croûtons ; sauce)"},
        {"Nom base français": "Aluminium", "Nom frontière français": "recyclé\nfin de vie"},
        {"Nom base français": "Cœur de palmier", "Type de l'élément": "Données source"},
        {
            "Nom base français": "Électricité",
            "Localisation géographique": "Outre-mer",
            "Sous-localisation géographique français": "Îles du sud",
            "Statut de l'élément": "Valide spécifique",
        },
        {"Nom base français": "Fluide d'essai", "Code gaz supplémentaire 1": "SF6"},
    )
    for element in odd:
        code = {"Identifiant de l'élément": next(codes), "Unité français": "kgCO2e/kg"}
        yield from _element(code | element, -float(rng.integers(1, 9)) / 1e5, 0)
    yield from _element({"Identifiant de l'élément": next(codes)}, -1_234_567.0, 0)
