"""Commune codes through time, replayed from INSEE's movement file apart from the project."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import files

REFERENCE_YEAR = 2026


class Cog:
    """The communes of 2026, and where the codes of an earlier year have gone."""

    def __init__(self, mirror: Path) -> None:
        rows = files.read_csv(files.find(mirror, "insee_cog_communes").read_bytes())
        self.communes = {row["COM"]: row for row in rows if row["TYPECOM"] == "COM"}
        self.districts = {row["COM"]: row["COMPARENT"] for row in rows if row["TYPECOM"] == "ARM"}
        self._movements = [
            (row["DATE_EFF"], row["COM_AV"], row["COM_AP"])
            for row in files.read_csv(files.find(mirror, "insee_cog_movements").read_bytes())
            if row["TYPECOM_AV"] == row["TYPECOM_AP"] == "COM" and row["MOD"] != "10"
        ]

    def alive(self, year: int) -> set[str]:
        """The communes of the COG of an earlier year: the log played backwards."""
        current = set(self.communes)
        for events in reversed(self._events(year)):
            current -= set().union(*events.values())
            current |= set(events)
        return current

    def forward(self, codes: Iterable[str], year: int) -> dict[str, set[str]]:
        """Communes of the COG of `year` → the communes of 2026 that succeed them."""
        current = {code: {code} for code in codes}
        for events in self._events(year):
            for code, now in current.items():
                current[code] = set().union(*(events.get(one, {one}) for one in now))
        return current

    def carry(
        self, codes: Iterable[str], year: int, populations: Mapping[str, float]
    ) -> dict[str, dict[str, float]]:
        """Codes of a file of the COG of `year` → communes of 2026, with the share of each.

        Arrondissements are folded; `populations` share out a commune that was split.
        """
        asked = set(codes)
        folded = {code: self.districts[code] for code in asked & set(self.districts)}
        whole = asked - set(folded)
        assert whole <= self.alive(year), f"not in the COG of {year}: {whole - self.alive(year)}"
        carried = {code: {commune: 1.0} for code, commune in folded.items()}
        for code, successors in self.forward(whole, year).items():
            people = {one: populations[one] for one in successors}
            total = sum(people.values())
            carried[code] = (
                dict.fromkeys(successors, 1.0)
                if len(successors) == 1
                else {one: count / total for one, count in people.items()}
            )
        return carried

    def _events(self, year: int) -> list[dict[str, set[str]]]:
        """What happened after 1 January of `year`, up to 1 January 2026, date by date."""
        by_date: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for day, before, after in self._movements:
            if f"{year}-01-01" < day <= f"{REFERENCE_YEAR}-01-01":
                by_date[day][before].add(after)
        return [by_date[day] for day in sorted(by_date)]
