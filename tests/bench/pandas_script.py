"""The plain alternative: a pandas script that makes the same tables, as one would write it."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.measuring import report, step

TABLES = Path(os.environ["METABOLISME_HOME"]) / "tables" / "mirror"
PAIR = ["residence", "workplace"]
FRENCH = r"(?:(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])\d{3}|97[12346]\d{2})"

# The geography is the same for both: it is read, not made.
passage = pd.read_parquet(TABLES / "commune_passage.parquet")
communes = pd.read_parquet(TABLES / "communes.parquet").set_index("commune_code")
members = pd.read_parquet(TABLES / "territory_members.parquet")
cog_year = pd.read_parquet(TABLES / "sources.parquet").set_index("source_id").cog_year
passage = passage[(passage.cog_year == cog_year["insee_commuting"]) & passage.commune_code.notna()]
passage = passage.set_index("source_code")[["commune_code", "weight"]]


def placed(frame: pd.DataFrame, end: str) -> pd.DataFrame:
    """Bring one end of the flows to the reference communes."""
    frame = frame.join(passage, on=end)
    french = frame[end].str.fullmatch(FRENCH)
    frame[end] = frame.commune_code.fillna(frame[end].where(~french, "XXXXX"))
    frame["workers"] *= frame.weight.fillna(1)
    return frame.drop(columns=["commune_code", "weight"])


def distance(pairs: pd.DataFrame) -> pd.Series:
    """Estimated road distance between the centres of the communes."""
    a = communes.reindex(pairs.residence).reset_index(drop=True)
    b = communes.reindex(pairs.workplace).reset_index(drop=True)
    lat_a, lat_b = np.radians(a.lat), np.radians(b.lat)
    half = (
        np.sin((lat_b - lat_a) / 2) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin(np.radians(b.lon - a.lon) / 2) ** 2
    )
    far = 2 * 6371.0088 * np.arcsin(np.sqrt(half.clip(upper=1)))
    own = 0.511 * np.sqrt(a.area_km2)
    same = pairs.residence.to_numpy() == pairs.workplace.to_numpy()
    return (1.3 * own.where(same, far.where(a.landmass == b.landmass))).round(1)


def at_level(pairs: pd.DataFrame, level: str) -> pd.DataFrame:
    """Flows between the territories of a level."""
    node = members[members.level == level].set_index("commune_code").code
    provider = pairs.provider.map(node).fillna(pairs.provider)
    dependent = pairs.dependent.map(node).fillna(pairs.dependent)
    sums = pairs[["quantity", "variance", "located", "quantity_km"]]
    return sums.groupby([provider, dependent]).sum().reset_index()


def around(pairs: pd.DataFrame, level: str) -> pd.DataFrame:
    """Flows between perimeters, which may overlap, and the EPCI around them."""
    own = members[members.level == level][["commune_code", "code"]]
    inside = set(zip(own.code, own.commune_code, strict=True))
    epci = members[members.level == "epci"].set_index("commune_code").code
    parts = []
    for mine, other in (("dependent", "provider"), ("provider", "dependent")):
        seen = pairs.merge(own, left_on=mine, right_on="commune_code")
        is_inside = pd.Series(
            [pair in inside for pair in zip(seen.code, seen[other], strict=True)], index=seen.index
        )
        partner = seen[other].map(epci).fillna(seen[other]).mask(is_inside, seen.code)
        sums = seen[["quantity", "variance", "located", "quantity_km"]]
        parts.append(sums.groupby([seen.code, partner]).sum().reset_index())
    return pd.concat(parts)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    with step("read and verify"):
        columns = ["CODGEO", "DCLT", "L_DCLT", "NBFLUX_C22_ACTOCC15P"]
        raw = pd.read_csv(os.environ["BENCH_CSV"], sep=";", usecols=columns, dtype=str)
        raw = raw.rename(columns=dict(zip(columns, [*PAIR, "name", "workers"], strict=True)))
        raw["workers"] = pd.to_numeric(raw.workers)
        assert not raw.duplicated(PAIR).any() and (raw.workers >= 0).all()
        raw.to_parquet(folder / "raw.parquet", compression="snappy")
    with step("to the reference communes"):
        pairs = placed(placed(raw[[*PAIR, "workers"]].copy(), "residence"), "workplace")
        pairs = pairs.groupby(PAIR).workers.sum().reset_index()
        large = pairs.residence.map(communes.population) >= 10_000
        pairs["unit_weight"] = np.where(large, 3.4 - 1, 5 - 1) * 1.3
        pairs.to_parquet(folder / "commuting.parquet", compression="snappy")
    with step("the ledger"):
        pairs["distance_km"] = distance(pairs)
        n = pairs.workers / pairs.unit_weight
        low = pairs.workers * (1 - 1 / (9 * n) - 1.96 / (3 * np.sqrt(n))).clip(lower=0) ** 3
        up = (n + 1) * (1 - 1 / (9 * (n + 1)) + 1.96 / (3 * np.sqrt(n + 1))) ** 3
        pairs["low"], pairs["high"] = low.round(1), (pairs.unit_weight * up).round(1)
        both = [
            pairs.rename(columns={"workplace": "provider", "residence": "dependent"}).assign(
                need="jobs"
            ),
            pairs.rename(columns={"residence": "provider", "workplace": "dependent"}).assign(
                need="workers"
            ),
        ]
        flows = pd.concat(both).rename(columns={"workers": "quantity"})
        flows = flows.sort_values(["need", "dependent", "provider"])
        flows.to_parquet(folder / "flows.parquet", compression="zstd")
    with step("sums at all levels"):
        jobs = flows[flows.need == "jobs"].copy()
        jobs["variance"] = jobs.quantity * jobs.unit_weight
        jobs["located"] = jobs.quantity.where(jobs.distance_km.notna(), 0)
        jobs["quantity_km"] = (jobs.quantity * jobs.distance_km).fillna(0)
        partitions = [
            "commune",
            "epci",
            "departement",
            "region",
            "zone_emploi",
            "bassin_vie",
            "aav",
            "country",
        ]
        levels = [at_level(jobs, level).assign(level=level) for level in partitions]
        pd.concat([*levels, around(jobs, "crte").assign(level="crte")]).to_parquet(
            folder / "territory_flows.parquet", compression="snappy"
        )
    report(["read and verify", "to the reference communes", "the ledger", "sums at all levels"])
