"""How parcels are grouped: intercommunalities (EPCI), districts, cantons, project contracts."""

from dataclasses import dataclass

import numpy as np
import shapely

from pipelines.sample import land
from pipelines.sample.ground import ISLANDS, PARIS, Ground, Texts, stream
from pipelines.sample.land import Ints
from pipelines.sample.sizes import Size

PARCELS_PER_DISTRICT = 120
PARCELS_PER_CANTON = 17
STRADDLING = 0.06
"""Share of the EPCI that take in a commune of the next département."""
TOUCHING_KM = 4.9
"""Centres that are no farther apart belong to parcels that touch."""
NO_EPCI = -1


@dataclass(frozen=True)
class Groups:
    """Groups of every parcel: the number of its EPCI (or -1), the codes of the others.

    ``crte`` holds several codes joined by `` ; `` where an EPCI takes part in two contracts.
    """

    epci: Ints
    district: Texts
    canton: Texts
    crte: Texts


def group(plots: Ground, size: Size) -> Groups:
    """Group the parcels of a country."""
    epci = _epci(plots, size)
    crte = _contracts(plots, size, epci)
    _straddle(plots, epci, crte)
    return Groups(
        epci,
        _numbered(plots, PARCELS_PER_DISTRICT, digits=1),
        _numbered(plots, PARCELS_PER_CANTON, digits=2),
        crte,
    )


def _epci(plots: Ground, size: Size) -> Ints:
    """Compact EPCI of unequal sizes, each in one département; Paris joins its neighbours'."""
    epci = np.full(len(plots), NO_EPCI)
    members = {
        code: np.flatnonzero((plots.departement == code) & ~np.isin(plots.code, ISLANDS))
        for code in size.departements
        if code != PARIS.departement
    }
    weights = [len(rows) for rows in members.values()]
    rng = stream("epci")
    first = 0
    for rows, extra in zip(
        members.values(), land.shares(size.epci - len(members), weights), strict=True
    ):
        count = extra + 1
        sizes = land.shares(len(rows), rng.lognormal(0, 0.4, count))
        epci[rows] = first + land.part(plots.points[rows], sizes)
        first += count
    paris = np.flatnonzero(plots.code == PARIS.code)[0]
    mainland = np.flatnonzero((plots.place == 0) & (epci != NO_EPCI))
    distance = np.hypot(*(plots.points[mainland] - plots.points[paris]).T)
    epci[paris] = epci[mainland[np.argmin(distance)]]
    return epci


def _contracts(plots: Ground, size: Size, epci: Ints) -> Texts:
    """Contracts (CRTE) of whole EPCI of one département."""
    crte = np.full(len(plots), "", dtype="U120")
    regions = [(region, code) for region, codes in size.regions for code in codes]
    weights = [float(np.sum(plots.departement == code)) for _, code in regions]
    extra = land.shares(size.crte - len(regions), weights)
    for (region, code), more in zip(regions, extra, strict=True):
        rows = np.flatnonzero(plots.departement == code)
        numbers, inverse = np.unique(epci[rows], return_inverse=True)
        sums = np.stack([np.bincount(inverse, weights=axis) for axis in plots.points[rows].T])
        middles = (sums / np.bincount(inverse)).T
        contract = land.part(middles, land.even(len(numbers), min(more + 1, len(numbers))))
        crte[rows] = [f"crte-{region}-{code}-{rank + 1}" for rank in contract[inverse]]
    return crte


def _straddle(plots: Ground, epci: Ints, crte: Texts) -> None:
    """Let some EPCI take in a parcel of the next département, and so take part in two contracts."""
    apart = np.flatnonzero((plots.place == 0) & (plots.code == ""))
    points = shapely.points(plots.points[apart])
    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=TOUCHING_KM)
    taken, taker = apart[pairs]
    border = np.flatnonzero(plots.departement[taken] != plots.departement[taker])
    count = max(2, round(STRADDLING * (epci.max() + 1)))
    for pair in stream("straddle").choice(border, count, replace=False):
        number, parcel = epci[taker[pair]], taken[pair]
        if epci[parcel] == number:
            continue
        both = f"{crte[taker[pair]]} ; {crte[parcel]}"
        epci[parcel] = number
        crte[epci == number] = both


def _numbered(plots: Ground, parcels: int, digits: int) -> Texts:
    """Groups of about so many parcels inside each département, numbered after its code."""
    codes = np.full(len(plots), "", dtype="U5")
    for departement in np.unique(plots.departement):
        rows = np.flatnonzero(plots.departement == departement)
        sizes = land.even(len(rows), max(1, round(len(rows) / parcels)))
        ranks = land.part(plots.points[rows], sizes)
        codes[rows] = [f"{departement}{rank + 1:0{digits}d}" for rank in ranks]
    return codes
