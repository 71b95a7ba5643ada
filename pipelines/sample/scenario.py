"""The plot: which communes exist for the sake of a trap, and what happens to all of them."""

from collections.abc import Iterator, Sequence

import numpy as np

from pipelines.sample.ground import METROPOLISES
from pipelines.sample.history import (
    ARRONDISSEMENT,
    Carve,
    Delegate,
    Event,
    Merge,
    Promote,
    Rename,
    SeatMove,
    Side,
    Split,
    Suppress,
)
from pipelines.sample.names import Name, named

EMPTY_COMMUNE = "01039"
"""A commune without inhabitants since a war."""

FIXED = {
    **{city.code: city.name for city in METROPOLISES},
    "29083": "Île-de-Sarnez",
    "29155": "Ouvessan",
    "85113": "L'Île-d'Yvau",
    "22016": "Île-de-Bréhouat",
}
"""Communes whose code the ground gives, and their names."""

RETURNING = {"60054": "Bellombre-les-Nouets", "60455": "La Neuvarde", "60694": "Villorme"}
TO_AND_FRO = {"27058": "Berniouze", "27647": "Tosnelle", "27676": "Venabray"}
FIVE = {
    "15031": "Cellorgues",
    "15035": "Chalinardes",
    "15047": "Chavagnoux",
    "15141": "Neussarde-Moissouze",
    "15171": "Sainte-Anastorge",
}
FOUR = {"85030": "Boulorge", "85084": "Les Essardes", "85165": "L'Oyelle", "85212": "Florençole"}
NEIGHBOURS: tuple[dict[str, str], ...] = (
    RETURNING,
    TO_AND_FRO,
    FIVE,
    FOUR,
    {"69101": "Jarnuzel", "69114": "Liérgoux", "69159": "Pouillorme-le-Monteux"},
    {"01022": "Bohasse", "01024": "Rignelle"},
    {"15066": "Rocheverne", "15068": "La Vernaude"},
    {"27105": "Cérolles-d'Ourvie", "27109": "Hardencelle"},
    {"29021": "Morannelle", "29024": "Daumerie"},
    {EMPTY_COMMUNE: "Beaumorte"},
)
"""Groups of neighbours with the codes a trap needs, and their oldest names."""


def oldest_names() -> dict[str, Name]:
    """The oldest names of all communes that must have a given code."""
    groups = (FIXED, *NEIGHBOURS)
    return {code: named(label) for group in groups for code, label in group.items()}


def trap_events() -> list[Event]:
    """The events that every size of the country knows."""
    hauts, lacs = named("Les Hauts-Talourds"), named("Les Trois Lagunes")
    five, three = named("Neussarde en Pinelle"), named("Essardes en Bocagelle")
    oldest = oldest_names()

    def back(*codes: str) -> dict[str, tuple[Name, tuple[str, ...]]]:
        return {code: (oldest[code], (code,)) for code in codes}

    return [
        # A code that comes back: 60694 is merged, then carries the rest of the whole.
        Merge("2019-01-01", "60054", tuple(RETURNING), hauts),
        Split("2024-01-01", "60054", back("60054") | {"60694": (hauts, ("60694", "60455"))}),
        # There and back: the seat moves and returns.
        Merge("2017-01-01", "27676", tuple(TO_AND_FRO), lacs),
        SeatMove("2021-01-01", "27676", "27058"),
        SeatMove("2023-01-01", "27058", "27676"),
        # A split in five, one of which keeps the code.
        Merge("2016-12-01", "15141", tuple(FIVE), five),
        Split("2025-01-01", "15141", back(*FIVE)),
        # A split in three of a whole of four.
        Merge("2016-01-01", "85084", tuple(FOUR), three),
        Split(
            "2024-01-01",
            "85084",
            {"85084": (three, ("85084", "85030"))} | back("85165", "85212"),
        ),
        # A seat that moves in the middle of a year.
        Merge("2017-01-01", "69159", ("69114", "69159"), named("Porte des Pierres Dorelles")),
        Merge("2019-01-01", "69159", ("69101", "69159"), named("Porte des Pierres Dorelles")),
        SeatMove("2024-03-15", "69159", "69114"),
        # Associated communes: one is still there, one becomes delegated, one is suppressed.
        Merge("1973-01-01", "01022", ("01022", "01024"), named("Bohasse-Rignelle"), mod="33"),
        Merge("1972-12-01", "27105", ("27105", "27109"), named("Cérolles-d'Ourvie"), mod="33"),
        Promote("2016-06-01", "27105"),
        Merge("1973-01-01", "15066", ("15066", "15068"), named("Rocheverne"), mod="33"),
        Suppress("2026-01-01", "15066"),
        # A plain merge that gets a delegated twin of its own code ten years later.
        Merge("2016-01-01", "29021", ("29021", "29024"), named("Morannelle-Daumerie"), mod="31"),
        Delegate("2026-01-01", "29021", named("Morannelle")),
        # No commune is concerned.
        Carve(
            "1964-08-12",
            Side(ARRONDISSEMENT, "69385", Name(0, "Lyon 5e Arrondissement")),
            Side(ARRONDISSEMENT, "69389", Name(0, "Lyon 9e Arrondissement")),
        ),
        # Only the name changes.
        Rename("1952-03-28", EMPTY_COMMUNE, named("Beaumorte-en-Verduse")),
        Rename("2022-01-01", "01022", named("Bohasse & Rignelle")),
        Rename("2025-01-11", "69114", named("Porte-des-Pierres-Dorelles")),
    ]


def merge_sizes(merges: Sequence[tuple[int, int]], rng: np.random.Generator) -> list[int]:
    """How many communes take part in each of the ordinary merges."""
    count = sum(number for _, number in merges)
    return [int(n) for n in rng.choice([2, 3, 4, 5, 6], count, p=[0.62, 0.2, 0.1, 0.05, 0.03])]


def lost(events: Sequence[Event], sizes: Sequence[int]) -> int:
    """How many communes are fewer in the end than there were parcels in the beginning."""
    merged = sum(len(event.members) - 1 for event in events if isinstance(event, Merge))
    split = sum(len(event.successors) - 1 for event in events if isinstance(event, Split))
    return merged - split + sum(size - 1 for size in sizes)


def ordinary_merges(
    groups: Sequence[Sequence[str]],
    merges: Sequence[tuple[int, int]],
    oldest: dict[str, Name],
    new_names: Iterator[Name],
    rng: np.random.Generator,
) -> Iterator[Event]:
    """One merge of each group, spread over the years; the largest member stands first.

    Half of them take a new name, one in twelve is a plain merge, and some lose their delegated
    communes in 2026.
    """
    years = [year for year, number in merges for _ in range(number)]
    for year, members in zip(rng.permutation(years), groups, strict=True):
        name = next(new_names) if rng.random() < 0.5 else oldest[members[0]]
        mod = "31" if rng.random() < 1 / 12 else "32"
        yield Merge(f"{year}-01-01", members[0], tuple(members), name, mod)
        if mod == "32" and rng.random() < 0.1:
            yield Suppress("2026-01-01", members[0])
