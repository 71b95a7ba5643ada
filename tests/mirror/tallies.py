"""What the real files count, by commune and by département, against a release's measures."""

import math
from collections import defaultdict
from collections.abc import Iterable

import pandas as pd

from . import files
from .runs import Published
from .truth import Truth

KEY = ["commune", "measure", "year"]
BOUNDS = ["value", "low", "high"]
Row = tuple[str, str, int, float, bool]


def number(text: str) -> float:
    """The number in a cell, not a number where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def rows_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows of a file: code, measure, year, the value if any, whether something is hidden."""
    return pd.DataFrame(rows, columns=["code", "measure", "year", "value", "hidden"])


def extent(truth: Truth, source_id: str, vintage: str = "") -> set[str]:
    """The communes of 2026 for which the manifest says a source is complete."""
    manifest = files.read_csv((truth.mirror / "manifest.csv").read_bytes())
    (said,) = {
        row["extent"]
        for row in manifest
        if row["source_id"] == source_id and vintage in ("", row["vintage"])
    }
    scope, _, codes = said.partition(":")
    level = {"dep": "departement", "reg": "region", "epci": "epci"}[scope]
    members = truth.members[level]
    return set(members.loc[members["code"].isin(codes.split("+")), "commune"])


def measured(release: Published, source_id: str) -> pd.DataFrame:
    """What a release says from a source: value, low, high by commune, measure, year."""
    rows = release.rows("measures", source_id=source_id)
    return rows.rename(columns={"commune_code": "commune"}).set_index(KEY)[BOUNDS]


def by_commune(
    truth: Truth, rows: pd.DataFrame, cog_year: int, most: float = math.nan
) -> pd.DataFrame:
    """The rows of a file on the communes of 2026, with bounds where something is hidden.

    Args:
        truth, rows, cog_year: the rows, and the year of their codes.
        most: what a hidden value can be at most, if it is known.
    """
    carried = truth.cog.carry(rows["code"].unique(), cog_year, truth.populations)
    parts = [(code, new, part) for code, news in carried.items() for new, part in news.items()]
    placed = rows.merge(pd.DataFrame(parts, columns=["code", "commune", "part"]), on="code")
    placed["value"] *= placed["part"]
    placed["hidden"] *= placed["part"]
    return _added(placed, KEY, most)


def by_departement(rows: pd.DataFrame, most: float = math.nan) -> pd.DataFrame:
    """The same rows added up by the département that their code tells, as they are."""
    overseas = rows["code"].str.startswith("97")
    departement = rows["code"].str[:3].where(overseas, rows["code"].str[:2])
    return _added(rows.assign(departement=departement), ["departement", *KEY[1:]], most)


def read_by_departement(truth: Truth, found: pd.DataFrame) -> pd.DataFrame:
    """Measures of communes added up by département: a row without bounds is exact."""
    rows = found.reset_index()
    rows["departement"] = [truth.cog.communes[code]["DEP"] for code in rows["commune"]]
    bounded = rows["low"].notna() | rows["high"].notna()
    rows["low"] = rows["low"].where(bounded, rows["value"])
    rows["high"] = rows["high"].where(bounded, rows["value"])
    groups = rows.assign(bounded=bounded).groupby(["departement", *KEY[1:]])
    sums = groups[BOUNDS].sum(min_count=1)
    sums["high"] = sums["high"].where(groups["high"].count() == groups.size())
    sums.loc[~groups["bounded"].any(), ["low", "high"]] = math.nan
    return sums


def assert_same_tallies(
    found: pd.DataFrame, due: pd.DataFrame, zero_for: set[str] | None = None
) -> None:
    """Values and bounds are the same, for the same rows.

    Args:
        found, due: value, low, high by place, measure and year.
        zero_for: the places for which a source's silence is a zero, where silence says something.
    """
    lost = due.index.difference(found.index)
    assert lost.empty, f"{len(lost)} lost: {lost[:5].tolist()}"
    more = found.loc[found.index.difference(due.index)]
    assert set(more.index.get_level_values(0)) <= (zero_for or set()), more.head().to_string()
    assert (more["value"] == 0).all(), more.head().to_string()
    assert more[["low", "high"]].isna().all(axis=None), more.head().to_string()
    both = found.join(due.add_suffix("_due"), how="inner")
    assert len(both) > 0
    for bound in BOUNDS:
        gap = (both[bound] - both[f"{bound}_due"]).abs()
        near = gap <= 1e-9 * both[f"{bound}_due"].abs() + 1e-4
        wrong = both[~(near | (both[bound].isna() & both[f"{bound}_due"].isna()))]
        assert wrong.empty, f"{len(wrong)} wrong {bound}:\n{wrong.head().to_string()}"


def aldo(truth: Truth) -> pd.DataFrame:
    """What ALDO says of the EPCI of 2018 (index), by measure, its repeated rows taken once."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(siren: str, measure: str, value: float) -> None:
        found[measure][siren] += value

    columns = {
        "wood_harvest": "RECOLTE TOTALE (m3/an)",
        "wood_harvest_timber": "recolteBo",
        "wood_harvest_industry": "recolteBi",
        "wood_harvest_energy": "RECOLTE TOTALE BE  (m3/an)",
        "wood_harvest_energy_commercial": "RECOLTE TOTALE BE COMM  (m3/an)",
        "wood_harvest_energy_own_use": "RECOLTE TOTALE BE AUTOCONSOM  (m3/an)",
    }
    for row in _distinct(truth, "aldo_wood_harvest"):
        if row["siren"] != "FRANCE":
            for measure, column in columns.items():
                add(row["siren"], measure, float(row[column]))
            if row["composition"] == "coniferes":
                add(row["siren"], "wood_harvest_conifers", float(row[columns["wood_harvest"]]))
    for row in _distinct(truth, "aldo_forest_area"):
        add(row["siren"], "forest_area", float(row["total"]))
    for row in _distinct(truth, "aldo_forest_stock"):
        if row["type"] == "total":
            area = float(row["SUPERFICIE"])
            growth, removals = row["PRODUCTION (m3∙ha-1)"], row["PRELEVEMENT (m3∙ha-1∙an-1)"]
            add(row["siren"], "forest_production", area * float(growth))
            add(row["siren"], "forest_removals", area * float(removals))
    classes = {"1": "artificial", "2": "agricultural", "3": "forest_seminatural"}
    classes |= {"4": "wetlands", "5": "water"}
    farmland = {"21": "arable", "22": "permanent_crops", "23": "pastures"}
    for row in _distinct(truth, "aldo_land_cover"):
        # The islands (1 to 4) repeat the figures of their neighbour.
        for code, text in row.items() if len(row["siren"]) > 1 else ():
            if code.isdigit() and text:
                add(row["siren"], "land_cover", float(text))
                add(row["siren"], f"land_cover_{classes[code[0]]}", float(text))
                for start, name in farmland.items():
                    share = float(text) if code.startswith(start) else 0
                    add(row["siren"], f"land_cover_{name}", share)
                add(row["siren"], "urban_green_area", float(text) if code == "141" else 0)
    return pd.DataFrame(found)


def _distinct(truth: Truth, source_id: str) -> list[files.Row]:
    rows = files.read_csv(files.find(truth.mirror, source_id).read_bytes())
    return [dict(row) for row in {tuple(row.items()): None for row in rows if row["siren"]}]


def _added(placed: pd.DataFrame, key: list[str], most: float) -> pd.DataFrame:
    hidden = placed["hidden"].astype(float)
    low = placed["value"].fillna(0)
    high = low + (hidden * most).where(hidden > 0, 0)
    sums = placed.assign(low=low, high=high, hidden=hidden).groupby(key)
    added = sums[BOUNDS].sum(min_count=1)
    added["high"] = added["high"].where(sums["high"].count() == sums.size())
    nothing_hidden = sums["hidden"].max() == 0
    added.loc[nothing_hidden, ["low", "high"]] = math.nan
    return added
