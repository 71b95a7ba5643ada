"""The fictitious country: its people and groups, its communes of every vintage, as frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import shapely

from pipelines.sample import land, scenario
from pipelines.sample.administration import departements, epci, regions, siren
from pipelines.sample.ground import LYON, METROPOLISES, Ground, Metropolis, Texts, lay_out, stream
from pipelines.sample.groups import NO_EPCI, Groups, group
from pipelines.sample.history import ASSOCIATED, DELEGATED, Commune, Movement, play
from pipelines.sample.land import Ints, Shapes
from pipelines.sample.names import Name, invent, name_columns
from pipelines.sample.settlement import Neighbourhood, baptise, gather, inhabitants, reserve
from pipelines.sample.sizes import Size

VINTAGES = (2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026)
"""Years of the code officiel géographique that some file of the sample uses."""
MAYOTTE = "976"

CANTON_CITY = 25_000
"""Inhabitants from which a commune lies in several cantons, known by a code of its own."""


@dataclass(frozen=True)
class Country:
    """All that the files say, before it is written.

    - ``regions``: ``code, seat``; ``departements``: ``code, region, seat``, both with their name;
    - ``epci``: ``siren, label, nature`` as the DGCL codes it;
    - ``parcels``, a row per oldest commune: ``parcel, departement, region, siren, district,
      canton, crte, lon, lat, area`` (km²)``, population_2013, _2018, _2022, _2023`` (inhabitants)
      ``, pull`` (relative weight of its jobs), with their outlines in ``shapes`` (WGS 84);
    - ``arrondissements``, with their outlines in ``arrondissement_shapes``: the columns of
      ``communes(year)`` and ``parent``, the code of their commune;
    - ``names`` and ``members``: for each vintage the communes and the parcels they are made of;
    - ``movements`` and ``formers``: rows of the movement file, delegated and associated communes.

    A name is the four columns ``tncc, poor, rich, label``.
    """

    size: Size
    regions: pl.DataFrame
    departements: pl.DataFrame
    epci: pl.DataFrame
    parcels: pl.DataFrame
    shapes: Shapes
    arrondissements: pl.DataFrame
    arrondissement_shapes: Shapes
    names: dict[int, pl.DataFrame]
    members: dict[int, pl.DataFrame]
    movements: pl.DataFrame
    formers: pl.DataFrame

    def communes(self, year: int) -> pl.DataFrame:
        """The communes of a vintage, by code: names, attributes of the main parcel, sums."""
        return _communes(self.parcels, self.names[year], self.members[year])

    @property
    def in_lyon_metropolis(self) -> pl.Expr:
        """Whether a commune belongs to the EPCI of Lyon, which is a collectivity of its own."""
        lyon = self.parcels.filter(pl.col("parcel") == LYON.code)["siren"].item()
        return pl.col("siren").eq(lyon) & pl.col("departement").eq(LYON.departement)

    def communes_and_arrondissements(self, year: int) -> pl.DataFrame:
        """The communes of a vintage, the metropolises by arrondissement instead of as a whole."""
        whole = pl.col("code").is_in([city.code for city in METROPOLISES])
        communes = self.communes(year).filter(~whole)
        return pl.concat([communes, self.arrondissements.select(communes.columns)]).sort("code")

    def outlines(self, year: int) -> Shapes:
        """Outline of every commune of a vintage (WGS 84), in the order of ``communes(year)``."""
        rows = (
            self.parcels.select("parcel")
            .with_row_index("row")
            .join(self.members[year], on="parcel")
            .group_by("code")
            .agg("row")
            .sort("code")["row"]
            .to_list()
        )
        outlines = np.empty(len(rows), dtype=object)
        for rank, members in enumerate(rows):
            outlines[rank] = self.shapes[members[0]]
            if len(members) > 1:
                outlines[rank] = shapely.union_all(self.shapes[members])
        return outlines


def build(size: Size) -> Country:
    """The country of a size; the same at every call."""
    traps = scenario.trap_events()
    merge_sizes = scenario.merge_sizes(size.merges, stream("merge sizes"))
    plots = lay_out(size, size.communes + scenario.lost(traps, merge_sizes))
    groups = group(plots, size)
    people = inhabitants(plots, size)
    neighbourhood = Neighbourhood(plots, groups.epci)
    reserved = reserve(neighbourhood, plots)
    pool = invent(len(plots) + len(merge_sizes), stream("names"))
    codes, names = baptise(plots, reserved, pool[: len(plots)])
    people[codes == scenario.EMPTY_COMMUNE] = 0

    gathered = gather(neighbourhood, merge_sizes, people)
    merges = scenario.ordinary_merges(
        [[str(codes[row]) for row in rows] for rows in gathered],
        size.merges,
        names,
        iter(pool[len(plots) :]),
        stream("merges"),
    )
    oldest = {code: Commune(name, (code,)) for code, name in names.items()}
    vintages, movements = play(oldest, [*traps, *merges], VINTAGES)

    order = np.argsort(codes, kind="stable")
    parcels = _parcels(plots, groups, people, codes, size)[order]
    shapes = plots.shapes[order]
    arrondissements, arrondissement_shapes = _arrondissements(parcels, shapes)
    names_of = {year: _names(communes) for year, communes in vintages.items()}
    members = {year: _members(communes) for year, communes in vintages.items()}
    latest = _communes(parcels, names_of[VINTAGES[-1]], members[VINTAGES[-1]])
    return Country(
        size,
        regions(latest, size),
        departements(latest, size),
        epci(latest),
        parcels,
        shapes,
        arrondissements,
        arrondissement_shapes,
        names_of,
        members,
        _movements(movements),
        _formers(vintages[VINTAGES[-1]]),
    )


def _communes(parcels: pl.DataFrame, names: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Communes from their parcels: attributes of the largest, sums of what adds up."""
    sums = [c for c in parcels.columns if c.startswith(("area", "pull", "population"))]
    firsts = [c for c in parcels.columns if c not in sums and c != "parcel"]
    grouped = (
        parcels.join(members, on="parcel")
        .sort("population_2023", "parcel", descending=[True, False])
        .group_by("code", maintain_order=True)
        .agg(pl.first(*firsts), pl.sum(*sums))
    )
    return names.join(grouped, on="code").sort("code")


def _parcels(plots: Ground, groups: Groups, people: Ints, codes: Texts, size: Size) -> pl.DataFrame:
    """One row per parcel (see ``Country``)."""
    rng = stream("parcels")
    growth = 1 + rng.normal(0.003, 0.008, len(plots)).clip(-0.02, 0.02)
    pull = np.round(people**1.22 * rng.lognormal(0, 0.45, len(plots)), 3)
    middles = land.centres(plots.shapes)
    region_of = {code: region for region, codes in size.regions for code in codes}
    past = {
        f"population_{year}": np.round(people * growth ** (year - 2023)).astype(np.int64)
        for year in (2013, 2018, 2022, 2023)
    }
    frame = pl.DataFrame(
        {
            "parcel": codes,
            "departement": plots.departement,
            "epci": groups.epci,
            "district": groups.district,
            "canton": groups.canton,
            "crte": groups.crte,
            "lon": middles[:, 0],
            "lat": middles[:, 1],
            "area": np.round(plots.area, 2),
            "pull": pull,
            **past,
        }
    )
    size_rank = pl.col("population_2023").rank("ordinal", descending=True).over("departement")
    number = pl.when(pl.col("epci") != NO_EPCI).then("epci")
    return frame.with_columns(
        pl.col("departement").replace_strict(region_of).alias("region"),
        siren(pl.lit("2990") + number.cast(pl.String).str.zfill(4)).alias("siren"),
        pl.when(pl.col("population_2023") > CANTON_CITY)
        .then(pl.col("departement") + (100 - size_rank).cast(pl.String))
        .otherwise("canton")
        .alias("canton"),
    ).drop("epci")


def _arrondissements(parcels: pl.DataFrame, shapes: Shapes) -> tuple[pl.DataFrame, Shapes]:
    """Arrondissements of the metropolises and their outlines (see ``Country``)."""
    frames, outlines = [], []
    for city in METROPOLISES:
        row = parcels["parcel"].to_list().index(city.code)
        outlines.append(_slices(shapes[row], city.count))
        frames.append(_arrondissements_of(city, parcels.row(row, named=True), outlines[-1]))
    frame = pl.concat(frames)
    order = frame["code"].arg_sort().to_numpy()
    return frame[order], np.concatenate(outlines)[order]


def _arrondissements_of(city: Metropolis, whole: dict[str, Any], slices: Shapes) -> pl.DataFrame:
    """The arrondissements of one city: what adds up is shared, the rest is that of the whole."""
    ordinals = ["1er", *(f"{rank}e" for rank in range(2, city.count + 1))]
    names = [Name(0, f"{city.name} {ordinal} Arrondissement") for ordinal in ordinals]
    middles = land.centres(slices)
    weight = stream(f"arrondissements {city.code}").uniform(0.6, 1.4, city.count)
    own = {
        "code": city.arrondissements,
        "parent": [city.code] * city.count,
        **name_columns(names),
        "lon": middles[:, 0],
        "lat": middles[:, 1],
    }
    additive = {
        column: land.shares(whole[column], weight)
        for column in whole
        if column.startswith("population")
    } | {column: whole[column] * weight / weight.sum() for column in ("area", "pull")}
    common = {
        column: pl.lit(value) for column, value in whole.items() if column not in own | additive
    }
    return pl.DataFrame(own | additive).with_columns(**common).drop("parcel")


def _slices(outline: shapely.Geometry, count: int) -> Shapes:
    """Pieces of an outline (WGS 84), cut on a plane where a degree is as long both ways."""
    stretch = np.array([np.cos(np.radians(outline.centroid.y)), 1.0])
    pieces = land.sunflower(shapely.transform(outline, lambda points: points * stretch), count)
    slices: Shapes = shapely.transform(
        pieces, lambda points: np.round(points / stretch, land.DECIMALS)
    )
    return slices


def _names(communes: Mapping[str, Commune]) -> pl.DataFrame:
    """Codes and names of communes, by code."""
    names = name_columns(commune.name for commune in communes.values())
    return pl.DataFrame({"code": list(communes), **names}).sort("code")


def _members(communes: Mapping[str, Commune]) -> pl.DataFrame:
    """The commune of every parcel."""
    pairs = [(parcel, code) for code, commune in communes.items() for parcel in commune.parcels]
    return pl.DataFrame(pairs, schema=["parcel", "code"], orient="row")


def _formers(communes: Mapping[str, Commune]) -> pl.DataFrame:
    """Delegated and associated communes: ``type, code, parent`` and names."""
    rows = [
        (kind, code, parent, name)
        for parent, commune in communes.items()
        for kind, formers in ((DELEGATED, commune.delegated), (ASSOCIATED, commune.associated))
        for code, name in formers.items()
    ]
    kinds, codes, parents, names = zip(*rows, strict=True)
    return pl.DataFrame(
        {"type": kinds, "code": codes, "parent": parents, **name_columns(names)}
    ).sort("code")


def _movements(rows: Sequence[Movement]) -> pl.DataFrame:
    """Rows of the movement file, the newest first."""
    return pl.DataFrame(
        {
            "mod": [row.mod for row in rows],
            "date": [row.date for row in rows],
            "old_type": [row.old.kind for row in rows],
            "old": [row.old.code for row in rows],
            **name_columns((row.old.name for row in rows), "_old"),
            "new_type": [row.new.kind for row in rows],
            "new": [row.new.code for row in rows],
            **name_columns((row.new.name for row in rows), "_new"),
        }
    ).sort(
        "date", "new", "old", "old_type", "new_type", descending=[True, False, False, False, False]
    )
