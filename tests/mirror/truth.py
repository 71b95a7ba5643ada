"""What a release must say, computed from the mirror's files alone, without the project's code."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from . import files
from .cog import Cog

FRENCH_CODE = re.compile(r"(0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])\d{3}|97[12346]\d{2}")
PARTITIONS = ("commune", "epci", "departement", "region", "zone_emploi", "bassin_vie", "aav")
PERIMETERS = ("crte", "custom")
PUBLISHED_FROM = 0.5  # share of a territory's population for which the source must have data
ENDS = {
    # Whose need (or supply) it is, and the end of the flow where its partners are.
    ("jobs", "depends_on"): ("residence", "workplace"),
    ("jobs", "depended_on_by"): ("workplace", "residence"),
    ("workers", "depends_on"): ("workplace", "residence"),
    ("workers", "depended_on_by"): ("residence", "workplace"),
}
PARTNER = ["code", "partner_level", "partner_code"]


def exact(quantity: pd.Series) -> pd.Series:
    """Sums of hundredths come back to hundredths: equal quantities compare equal."""
    return quantity.round(6)


@dataclass(frozen=True)
class Commuting:
    """One vintage of the commuting flows, on the communes of 2026.

    Attributes:
        vintage: the year of the file.
        flows: residence, workplace, workers, unit_weight: one row per pair.
        labels: the file's name of each workplace that is no French commune.
        complete: the communes whose residents are all in the file.
        workplaces_complete: those whose workers are, or None if no commune's are.
    """

    vintage: str
    flows: pd.DataFrame
    labels: dict[str, str]
    complete: frozenset[str]
    workplaces_complete: frozenset[str]

    def known(self, end: str) -> frozenset[str]:
        """The communes for which the file is complete at that end."""
        return self.complete if end == "residence" else self.workplaces_complete


class Truth:
    """The mirror's files, read and brought to the communes of 2026."""

    def __init__(self, mirror: Path) -> None:
        self.mirror = mirror
        self.cog = Cog(mirror)
        self._lists: dict[tuple[str, str, str], pd.DataFrame] = {}

    # --- territories ---

    @cached_property
    def populations(self) -> dict[str, float]:
        """Inhabitants of each commune: arrondissements folded, Mayotte from its own file."""
        file = self._read("insee_populations", name="donnees_communes.csv", delimiter=";")
        people: dict[str, float] = defaultdict(float)
        for row in file:
            people[self.cog.districts.get(row["COM"], row["COM"])] += int(row["PMUN"])
        mayotte = self._read(
            "insee_populations", name="donnees_communes_mayotte.csv", delimiter=";"
        )
        return dict(people) | {f"97{row['CODCOM']}": int(row["PMUN"]) for row in mayotte}

    @cached_property
    def epci(self) -> dict[str, str]:
        """The EPCI of each commune that has one."""
        rows = files.read_sheet(self._path("dgcl_epci").read_bytes(), "Epcicom2025")
        return {row["insee"]: row["siren"] for row in rows}

    @cached_property
    def zones(self) -> dict[str, dict[str, str]]:
        """For each zoning, the zone of each commune: a merged one follows its chef-lieu."""
        names = {"zone_emploi": "ZE2020", "bassin_vie": "BV2012", "aav": "AAV2020"}
        outside = {"000", "ZZZZ", "ZZZZZ"}
        rows = files.read_sheet(files.unzip(self._path("insee_zonings"), "*.xlsx"), "COM", 6)
        zone_of = {row["CODGEO"]: row for row in rows}
        carried = self.cog.carry(zone_of, 2022, self.populations)
        before: dict[str, list[str]] = defaultdict(list)
        for old in sorted(carried):
            for new in carried[old]:
                before[new].append(old)
        source = {new: new if new in olds else olds[0] for new, olds in before.items()}
        return {
            level: {
                new: zone_of[old][column]
                for new, old in source.items()
                if zone_of[old][column] not in outside
            }
            for level, column in names.items()
        }

    @cached_property
    def contracts(self) -> set[tuple[str, str]]:
        """The contracts (CRTE) and their communes; a commune may be in several."""
        rows = [
            row
            for row in self._read("anct_programmes")
            if FRENCH_CODE.fullmatch(row["insee_com"]) and row["id_crte"] not in ("", "NULL")
        ]
        carried = self.cog.carry((r["insee_com"] for r in rows), 2023, self.populations)
        return {
            (contract, commune)
            for row in rows
            for contract in row["id_crte"].split(" ; ")
            for commune in carried[row["insee_com"]]
        }

    @cached_property
    def members(self) -> dict[str, pd.DataFrame]:
        """The communes of the territories of each level: columns code, commune."""
        communes = self.cog.communes
        pairs: dict[str, Iterable[tuple[str, str]]] = {
            "commune": [(code, code) for code in communes],
            "epci": [(epci, commune) for commune, epci in self.epci.items()],
            "departement": [(row["DEP"], code) for code, row in communes.items()],
            "region": [(row["REG"], code) for code, row in communes.items()],
            "country": [("FR", code) for code in communes],
            "crte": self.contracts,
        }
        pairs |= {
            level: [(zone, commune) for commune, zone in zones.items()]
            for level, zones in self.zones.items()
        }
        return {
            level: pd.DataFrame(sorted(of_level), columns=["code", "commune"])
            for level, of_level in pairs.items()
        }

    @cached_property
    def areas(self) -> dict[str, float]:
        """Area (km²) of each commune, where the comparison base says it for all its parts."""
        return self._compared(lambda row: float(row["SUPERF"] or "nan"))

    @cached_property
    def comparison_base(self) -> tuple[dict[str, float], dict[str, float]]:
        """Jobs at the workplace, and employed residents of 15 to 64, of each commune."""
        jobs = self._compared(lambda row: float(row["P18_EMPLT"] or "nan"))
        employed = self._compared(
            lambda row: float(row["P18_ACT1564"] or "nan") - float(row["P18_CHOM1564"] or "nan")
        )
        return jobs, employed

    @cached_property
    def _comparison_rows(self) -> dict[str, files.Row]:
        content = files.unzip(self._path("insee_comparateur"), "base_cc_comparateur.csv")
        rows = {row["CODGEO"]: row for row in files.read_csv(content, ";")}
        return {code: row for code, row in rows.items() if code not in self.cog.districts}

    def _compared(self, quantity: Callable[[files.Row], float]) -> dict[str, float]:
        """A quantity of the comparison base, where it is known for all parts of a commune."""
        carried = self.cog.carry(self._comparison_rows, 2021, self.populations)
        sums: dict[str, float] = defaultdict(float)
        for old, parts in carried.items():
            for new, part in parts.items():
                sums[new] += part * quantity(self._comparison_rows[old])
        return {code: value for code, value in sums.items() if not math.isnan(value)}

    @cached_property
    def boxes(self) -> dict[str, tuple[float, float, float, float]]:
        """The box (west, south, east, north) around each commune's contour."""
        shapes = {
            feature["properties"]["code"]: feature["geometry"]["coordinates"]
            for feature in files.read_geojson(self._path("etalab_commune_contours"))
            if not feature["properties"]["commune"]
        }
        carried = self.cog.carry(shapes, 2022, self.populations)
        corners: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for old, parts in carried.items():
            for new in parts:
                corners[new] += _points(shapes[old])
        return {
            code: (
                min(x for x, _ in points),
                min(y for _, y in points),
                max(x for x, _ in points),
                max(y for _, y in points),
            )
            for code, points in corners.items()
        }

    def total(self, level: str, of_commune: dict[str, float]) -> pd.Series:
        """Sum of a quantity of communes, by territory."""
        members = self.members[level]
        return members["commune"].map(of_commune).groupby(members["code"]).sum(min_count=1)

    # --- commuting ---

    def commuting(self, vintage: str, cog_year: int, extent: set[str], closed: bool) -> Commuting:
        """The flows of a vintage.

        Args:
            vintage, cog_year: the file, and the year of its codes.
            extent: the communes of 2026 whose residents are in it.
            closed: only the pairs inside the extent are.
        """
        column = f"NBFLUX_C{vintage[2:]}_ACTOCC15P"
        path = self._path("insee_commuting", vintage)
        rows = files.read_csv(files.unzip(path, "*.csv"), ";")
        french = {
            code
            for row in rows
            for code in (row["CODGEO"], row["DCLT"])
            if FRENCH_CODE.fullmatch(code)
        }
        carried = self.cog.carry(french, cog_year, self.populations)
        workers: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows:
            for residence, part in carried[row["CODGEO"]].items():
                for workplace, share in carried.get(row["DCLT"], {row["DCLT"]: 1.0}).items():
                    workers[residence, workplace] += float(row[column]) * part * share
        flows = pd.DataFrame(
            [(*pair, count) for pair, count in workers.items()],
            columns=["residence", "workplace", "workers"],
        )
        flows["workers"] = exact(flows["workers"])
        small = 4 if int(vintage) <= 2014 else 5
        flows["unit_weight"] = [
            1.3 * ((small if self.populations[code] < 10_000 else 3.4) - 1)
            for code in flows["residence"]
        ]
        labels = {row["DCLT"]: row["L_DCLT"] for row in rows if row["DCLT"] not in french}
        return Commuting(
            vintage, flows, labels, frozenset(extent), frozenset(extent if closed else ())
        )

    def coverage(self, members: pd.DataFrame, complete: Iterable[str]) -> pd.Series:
        """Share of the population of each territory (code, commune) that is in these communes."""
        # A commune without inhabitants still counts for something.
        people = members["commune"].map(self.populations).clip(lower=1)
        known = people.where(members["commune"].isin(set(complete)), 0.0)
        return known.groupby(members["code"]).sum() / people.groupby(members["code"]).sum()

    def published(self, members: pd.DataFrame, complete: Iterable[str]) -> list[str]:
        """The territories for which the source has enough data.

        One that holds the whole extent is left out: what crosses its border is not in the file.
        """
        complete = set(complete)
        coverage = self.coverage(members, complete)
        held = members["commune"].isin(complete).groupby(members["code"]).sum()
        enough = (coverage >= PUBLISHED_FROM) & (held.reindex(coverage.index) < len(complete))
        return sorted(coverage[enough].index)

    def uncounted(self, commuting: Commuting, level: str, end: str) -> set[str]:
        """The published territories where nobody lives (or works): a fact, not a gap."""
        members = self.members[level]
        somebody = members.loc[members["commune"].isin(set(commuting.flows[end])), "code"]
        return set(self.published(members, commuting.known(end))) - set(somebody)

    def partners(self, commuting: Commuting, level: str, end: str) -> pd.DataFrame:
        """The partners of every published territory of a level, itself included, ranked.

        Args:
            commuting: the flows.
            level: the level; partners are of the same level, or EPCI around perimeters.
            end: the end of the flows where the territory is, `residence` or `workplace`.

        Returns:
            Columns code, partner_level, partner_code, quantity, variance, is_own, rank, share,
            cumulative_share: rank 0 is the territory itself, ties go to the lowest code.
        """
        key = (commuting.vintage, level, end)
        if key not in self._lists:
            self._lists[key] = self.partners_of(self.members[level], commuting, level, end)
        return self._lists[key]

    def partners_of(
        self, members: pd.DataFrame, commuting: Commuting, level: str, end: str
    ) -> pd.DataFrame:
        """The same for territories made of these communes (code, commune), which may overlap."""
        other = "workplace" if end == "residence" else "residence"
        codes = self.published(members, commuting.known(end))
        own = commuting.flows.merge(
            members[members["code"].isin(codes)], left_on=end, right_on="commune"
        )
        both_ends = members.rename(columns={"commune": other}).assign(inside=True)
        inside = own.merge(both_ends, on=["code", other], how="left")["inside"].eq(True)
        group = self._groups("epci" if level in PERIMETERS else level)
        places = {place: group(place) for place in own[other].unique()}
        kind = own[other].map({place: level for place, (level, _) in places.items()})
        partner = own[other].map({place: code for place, (_, code) in places.items()})
        own["partner_level"] = kind.where(~inside, level)
        own["partner_code"] = partner.where(~inside, own["code"])
        own["variance"] = own["workers"] * own["unit_weight"]
        sums = own.groupby(PARTNER)[["workers", "variance"]].sum().reset_index()
        return _ranked(sums.rename(columns={"workers": "quantity"}), level)

    def _groups(self, level: str) -> Callable[[str], tuple[str, str]]:
        """A place → the territory of the level it is in, else itself."""
        members = self.members[level]
        of_commune = dict(zip(members["commune"], members["code"], strict=True))

        def group(place: str) -> tuple[str, str]:
            if place in of_commune:
                return level, of_commune[place]
            return ("commune" if place in self.cog.communes else "foreign"), place

        return group

    # --- files ---

    def _path(self, source_id: str, vintage: str = "", name: str = "") -> Path:
        return files.find(self.mirror, source_id, vintage, name)

    def _read(self, source_id: str, name: str = "", delimiter: str = ",") -> list[files.Row]:
        return files.read_csv(self._path(source_id, name=name).read_bytes(), delimiter)


def _ranked(sums: pd.DataFrame, level: str) -> pd.DataFrame:
    sums["is_own"] = (sums["partner_level"] == level) & (sums["partner_code"] == sums["code"])
    has_own = sums.loc[sums["is_own"], "code"]
    without = sorted(set(sums["code"]) - set(has_own))
    own = pd.DataFrame({"code": without, "partner_level": level, "partner_code": without})
    ranked = pd.concat([sums, own.assign(quantity=0.0, variance=0.0, is_own=True)])
    ranked["quantity"] = exact(ranked["quantity"])
    ranked = ranked.sort_values(
        ["code", "is_own", "quantity", "partner_code"], ascending=[True, False, False, True]
    ).reset_index(drop=True)
    by_territory = ranked.groupby("code")
    total = by_territory["quantity"].transform("sum")
    ranked["rank"] = by_territory.cumcount()
    ranked["share"] = ranked["quantity"] / total
    ranked["cumulative_share"] = by_territory["quantity"].cumsum() / total
    return ranked


def _points(shape: list) -> list[tuple[float, float]]:  # type: ignore[type-arg]
    if isinstance(shape[0], int | float):
        return [(float(shape[0]), float(shape[1]))]
    return [point for part in shape for point in _points(part)]
