"""Who works where: a census drawn from a gravity model.

The census asks one employed resident in about five, one in three and a half in large communes.
Each of those asked works at home or where many jobs and few kilometres say, and stands for as
many residents as the weight of the commune. Small flows are therefore multiples of about five,
as in the real census.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.sample import land
from pipelines.sample.country import Country
from pipelines.sample.ground import MAINLAND, stream
from pipelines.sample.land import Floats, Ints

EARTH_KM = 6_371.0
KM_PER_DEGREE = 111.2
BLOCKS = 2_500
"""The country is parted into at most about so many blocks of neighbours to draw workplaces from."""
BORDER_KM = 6.0
"""From the last commune under its bearing to a border town."""
DECAY, NEAR_KM = 3.3, 6.0
"""Workplaces weigh ``(km + NEAR_KM) ** -DECAY``."""
EMPLOYED_SHARE = 0.43
LARGE_COMMUNE = 10_000
"""Inhabitants from which the census asks more people."""
SMALL_WEIGHT, LARGE_WEIGHT = 5.0, 3.5
"""Residents that one person asked stands for."""


@dataclass(frozen=True)
class BorderTown:
    """A town abroad, seen from the middle of the mainland under a bearing (degrees from east)."""

    code: str
    name: str
    bearing: float
    jobs: float
    """Relative to all jobs of the country."""


BORDER_TOWNS = (
    BorderTown("BE570", "TOURNAI", 80, 0.0015),
    BorderTown("BE924", "FERNELMONT", 66, 0.0006),
    BorderTown("LU320", "LUXEMBOURG", 48, 0.0050),
    BorderTown("AL102", "MERZIG", 38, 0.0006),
    BorderTown("AL157", "SAARBRUECKEN", 32, 0.0025),
    BorderTown("SU611", "BALE", 8, 0.0040),
    BorderTown("SU96F", "LAUSANNE", -12, 0.0015),
    BorderTown("SU97T", "MORGES", -17, 0.0005),
    BorderTown("SUC1L", "GENEVE", -24, 0.0060),
    BorderTown("MO001", "Monaco (MO001)", -62, 0.0020),
)
ELSEWHERE = {
    "ZZZZZ": ("Individus travaillant à l'étranger (sans précision de commune)", 0.000_8),
    "97502": ("97502", 0.000_004),
    "97701": ("97701", 0.000_006),
    "97801": ("97801", 0.000_008),
    "98735": ("Papeete", 0.000_006),
    "98818": ("Nouméa", 0.000_006),
}
"""Workplaces that no distance explains: label and share of those who work outside their commune."""


def places(country: Country) -> pl.DataFrame:
    """Communes and arrondissements of 2025 with ``employed``, their residents who work."""
    every = country.communes_and_arrondissements(2025)
    rate = stream("employment").normal(EMPLOYED_SHARE, 0.03, len(every)).clip(0.3, 0.55).round(6)
    return every.with_columns(employed=pl.col("population_2022") * rate)


def commuting(country: Country) -> pl.DataFrame:
    """Employed residents by commune of residence and workplace, by code.

    Columns ``origin, origin_label, destination, destination_label, flow``.
    """
    home = places(country)
    outside = abroad(home)
    origin = np.repeat(np.arange(len(home)), _asked(home))
    destination = _workplaces(origin, home, outside)
    origin, destination, count = _pairs(origin, destination, country.size.commuting_pairs)
    ends = pl.concat([home.select("code", "label"), outside.select("code", "label")])
    return pl.DataFrame(
        {
            "origin": ends["code"][origin],
            "origin_label": ends["label"][origin],
            "destination": ends["code"][destination],
            "destination_label": ends["label"][destination],
            "flow": _flows(origin, count, home),
        }
    ).sort("origin", "destination")


def abroad(home: pl.DataFrame) -> pl.DataFrame:
    """Workplaces outside the country: border towns with a position, then the others without.

    Columns ``code, label, lon, lat, pull``.
    """
    stretch = np.array([np.cos(np.radians(MAINLAND.lat)), 1.0])
    middle = np.array([MAINLAND.lon, MAINLAND.lat])
    points = home.filter(pl.col("departement").str.len_chars() == 2).select("lon", "lat").to_numpy()
    bearing = np.radians([town.bearing for town in BORDER_TOWNS])
    direction = np.column_stack([np.cos(bearing), np.sin(bearing)])
    last = np.argmax((points - middle) * stretch @ direction.T, axis=0)
    place = points[last] + BORDER_KM / KM_PER_DEGREE * direction / stretch
    jobs = home["pull"].sum() * np.array([town.jobs for town in BORDER_TOWNS])
    towns = pl.DataFrame(
        {
            "code": [town.code for town in BORDER_TOWNS],
            "label": [town.name for town in BORDER_TOWNS],
            "lon": place[:, 0],
            "lat": place[:, 1],
            "pull": jobs,
        }
    )
    others = pl.DataFrame(
        {"code": list(ELSEWHERE), "label": [label for label, _ in ELSEWHERE.values()]}
    )
    return pl.concat([towns, others], how="diagonal")


def _sampling_weight(home: pl.DataFrame) -> Floats:
    """Residents that one of those asked stands for, roughly."""
    large = home["population_2022"].to_numpy() >= LARGE_COMMUNE
    spread = stream("weights").normal(1, 0.03, len(home))
    weight: Floats = np.where(large, LARGE_WEIGHT, SMALL_WEIGHT) * spread
    return weight


def _asked(home: pl.DataFrame) -> Ints:
    """How many employed residents of every place are asked; one at least where there are any."""
    employed = home["employed"].to_numpy()
    asked: Ints = np.round(employed / _sampling_weight(home)).astype(np.int64)
    return np.maximum(asked, employed > 0)


def _workplaces(origin: Ints, home: pl.DataFrame, outside: pl.DataFrame) -> Ints:
    """Workplace of everyone asked: a row of home, or after them one of outside.

    Somebody works in every place where people live, and in every place outside.
    """
    rng = stream("workplaces")
    people = home["population_2022"].to_numpy()
    stay = (0.08 + 0.045 * np.log(np.maximum(people, 100) / 100)).clip(0.08, 0.6)
    first = np.append(True, origin[1:] != origin[:-1])
    movers = np.flatnonzero((rng.random(len(origin)) >= stay[origin]) & ~first)
    destination = origin.copy()
    destination[movers] = _attracted(origin[movers], home, outside, rng)
    shares = [0.0] * len(BORDER_TOWNS) + [share for _, share in ELSEWHERE.values()]
    for rank, share in enumerate(shares):
        count = max(1, round(share * len(movers)))
        destination[rng.choice(movers, count, replace=False)] = len(home) + rank
    return destination


def _attracted(
    origin: Ints, home: pl.DataFrame, outside: pl.DataFrame, rng: np.random.Generator
) -> Ints:
    """Workplaces by gravity: first a block of neighbours, then a place in the block by its jobs."""
    columns = ["lon", "lat", "pull"]
    towns = outside.head(len(BORDER_TOWNS))
    located = pl.concat([home.select(columns), towns.select(columns)])
    block = np.append(_blocks(home), np.zeros(len(towns), dtype=np.int64))
    block[len(home) :] = block.max() + 1 + np.arange(len(towns))
    pull = located["pull"].to_numpy()
    order = np.argsort(block, kind="stable")
    starts = np.searchsorted(block[order], np.arange(block.max() + 2))
    jobs = np.append(0, np.cumsum(pull[order]))[starts]
    vector = _unit_vectors(located["lon"].to_numpy(), located["lat"].to_numpy())
    middle = np.add.reduceat(vector[order], starts[:-1]) / np.diff(starts)[:, None]
    attraction = _attraction(middle, np.diff(jobs))
    # Those who stay in their own place are already known: nobody moves inside a block of one.
    attraction[np.diag_indices(len(attraction))] *= 1 - 1 / np.diff(starts)
    chosen = _draw_rows(attraction, block[origin], rng)
    target = jobs[chosen] + rng.random(len(origin)) * (jobs[chosen + 1] - jobs[chosen])
    place = np.searchsorted(np.cumsum(pull[order]), target, side="right")
    workplaces: Ints = order[np.minimum(place, starts[chosen + 1] - 1)]
    return workplaces


def _blocks(home: pl.DataFrame) -> Ints:
    """Blocks of neighbours of one département."""
    points = home.select("lon", "lat").to_numpy()
    departement = home["departement"].to_numpy()
    per_block = max(1.0, len(home) / BLOCKS)
    block, first = np.zeros(len(home), dtype=np.int64), 0
    for code in np.unique(departement):
        rows = np.flatnonzero(departement == code)
        count = max(1, round(len(rows) / per_block))
        block[rows] = first + land.part(points[rows], land.even(len(rows), count))
        first += count
    return block


def _unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Points of the globe (degrees) as vectors from its centre, shape (n, 3)."""
    lon, lat = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _attraction(middle: Floats, jobs: Floats) -> Floats:
    """Weight of every block (column) for the residents of every block (row)."""
    chord = np.sqrt((2 - 2 * middle @ middle.T).clip(0))
    weight: Floats = jobs * (EARTH_KM * chord + NEAR_KM) ** -DECAY
    return weight


def _draw_rows(weights: Floats, rows: Ints, rng: np.random.Generator) -> Ints:
    """For each of ``rows``, a column of the weights drawn in proportion to them."""
    np.cumsum(weights, axis=1, out=weights)
    weights /= weights[:, -1:].copy()
    weights += np.arange(len(weights))[:, None]
    found = np.searchsorted(weights.ravel(), rows + rng.random(len(rows)), side="right")
    columns: Ints = np.minimum(found - rows * weights.shape[1], weights.shape[1] - 1)
    return columns


def _pairs(origin: Ints, destination: Ints, pairs: int) -> tuple[Ints, Ints, Ints]:
    """About so many pairs, by origin and destination, and how many of those asked they have.

    Pairs are kept by chance, in proportion to those they have (and surely if they lead abroad or
    nowhere); who gave another answer gives that of another resident of the same place.
    """
    rng = stream("pairs")
    width = int(destination.max()) + 1
    pair, answer, count = np.unique(
        origin * width + destination, return_inverse=True, return_counts=True
    )
    rare = np.zeros(len(pair), dtype=bool)
    certain = (pair % width > origin.max()) | (pair % width == pair // width)
    luck = np.where(certain, 0, rng.standard_exponential(len(pair)) / count)
    rare[np.argsort(luck, kind="stable")[pairs:]] = True
    kept, lost = np.flatnonzero(~rare[answer]), np.flatnonzero(rare[answer])
    first = np.searchsorted(origin[kept], np.arange(origin.max() + 2))
    others = np.diff(first)[origin[lost]]
    other = np.minimum(first[origin[lost]] + rng.integers(0, np.maximum(others, 1)), len(kept) - 1)
    answer[lost] = np.where(others > 0, answer[kept[other]], answer[lost])
    count = np.bincount(answer, minlength=len(pair))
    left = np.flatnonzero(count)
    return pair[left] // width, pair[left] % width, count[left]


def _flows(origin: Ints, count: Ints, home: pl.DataFrame) -> Floats:
    """Residents of every pair, of 15 significant digits; they add up to the employed of a place."""
    large = home["population_2022"].to_numpy()[origin] >= LARGE_COMMUNE
    spread = stream("flows").normal(0, 0.15, len(origin)) / np.sqrt(count)
    # Rounded, so that no other processor's last bit shows in the file.
    weighted = count * np.exp(np.where(large, spread, 0.0)).round(6)
    total = np.bincount(origin, weights=weighted, minlength=len(home))
    flows: Floats = weighted * (home["employed"].to_numpy() / np.maximum(total, 1e-9))[origin]
    return flows
