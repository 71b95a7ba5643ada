"""How large the fictitious country is, and of which régions and départements it is made."""

from dataclasses import dataclass

Counts = tuple[tuple[str, int], ...]
"""Pairs of a code and a number of communes."""


@dataclass(frozen=True)
class Size:
    """The dimensions of a fictitious country.

    The traps need the départements 01, 13, 15, 27, 29, 2A, 60, 69, 75, 85, 971 and 976.
    ``regions`` pairs the code of each région with those of its départements, from west to east.
    ``fixed`` gives the communes of the départements that do not take an equal share.
    ``metropolises`` gives the inhabitants of Paris, Lyon and Marseille.
    ``merges`` pairs a year with the number of ordinary merges of communes on its first day.
    """

    name: str
    communes: int
    epci: int
    commuting_pairs: int
    regions: tuple[tuple[str, tuple[str, ...]], ...]
    fixed: Counts
    metropolises: tuple[int, int, int]
    merges: tuple[tuple[int, int], ...]
    employment_zones: int
    shared_employment_zones: int
    urban_areas: int
    living_areas: int
    crte: int

    @property
    def departements(self) -> tuple[str, ...]:
        """Codes of all départements, in the order of the régions."""
        return tuple(code for _, codes in self.regions for code in codes)


SMALL = Size(
    name="small",
    communes=600,
    epci=40,
    commuting_pairs=10_000,
    regions=(
        ("53", ("29", "85")),
        ("11", ("27", "75", "60")),
        ("84", ("15", "69", "01")),
        ("93", ("13", "2A")),
        ("01", ("971",)),
        ("06", ("976",)),
    ),
    fixed=(("75", 1), ("2A", 24), ("971", 14), ("976", 7)),
    metropolises=(240_000, 100_000, 130_000),
    merges=(
        (2013, 1),
        (2015, 1),
        (2016, 4),
        (2017, 3),
        (2018, 1),
        (2019, 5),
        (2021, 1),
        (2022, 1),
        (2023, 2),
        (2024, 2),
        (2025, 3),
    ),
    employment_zones=14,
    shared_employment_zones=2,
    urban_areas=20,
    living_areas=40,
    crte=16,
)

NATIONAL = Size(
    name="national",
    communes=34_875,
    epci=1_255,
    commuting_pairs=1_100_000,
    regions=(
        ("53", ("29", "22", "56", "35")),
        ("52", ("44", "85", "49", "53", "72")),
        ("28", ("50", "14", "61", "27", "76")),
        ("75", ("40", "64", "33", "47", "17", "79", "16", "24", "86", "87", "19", "23")),
        ("24", ("37", "41", "36", "18", "28", "45")),
        ("11", ("78", "95", "75", "92", "93", "94", "91", "77")),
        ("32", ("62", "80", "59", "60", "02")),
        ("76", ("65", "32", "31", "09", "82", "81", "11", "66", "46", "12", "48", "34", "30")),
        ("27", ("58", "89", "71", "21", "39", "70", "25", "90")),
        ("44", ("51", "10", "08", "52", "55", "54", "88", "57", "67", "68")),
        ("84", ("03", "15", "63", "43", "42", "69", "07", "26", "01", "38", "73", "74")),
        ("93", ("13", "84", "04", "83", "05", "06")),
        ("94", ("2A", "2B")),
        ("01", ("971",)),
        ("02", ("972",)),
        ("03", ("973",)),
        ("04", ("974",)),
        ("06", ("976",)),
    ),
    fixed=(
        ("75", 1),
        ("92", 36),
        ("93", 40),
        ("94", 47),
        ("90", 101),
        ("2A", 124),
        ("2B", 236),
        ("971", 32),
        ("972", 34),
        ("973", 22),
        ("974", 24),
        ("976", 17),
    ),
    metropolises=(2_100_000, 520_000, 880_000),
    merges=(
        (2013, 2),
        (2014, 1),
        (2015, 25),
        (2016, 317),
        (2017, 181),
        (2018, 37),
        (2019, 239),
        (2021, 3),
        (2022, 8),
        (2023, 9),
        (2024, 7),
        (2025, 44),
    ),
    employment_zones=306,
    shared_employment_zones=14,
    urban_areas=700,
    living_areas=1_664,
    crte=853,
)
