"""The fictitious country: its people and groups, its communes of every vintage, as frames."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import shapely

from pipelines.sample import land, scenario
from pipelines.sample.ground import LYON, METROPOLISES, Ground, Metropolis, Texts, lay_out, stream
from pipelines.sample.groups import NO_EPCI, Groups, group
from pipelines.sample.history import ASSOCIATED, DELEGATED, Commune, Movement, Timeline
from pipelines.sample.land import Floats, Ints, Shapes
from pipelines.sample.names import RIVERS, Name, invent, named
from pipelines.sample.sizes import Size

VINTAGES = (2018, 2021, 2022, 2023, 2025, 2026)
"""Years of the code officiel géographique that some file of the sample uses."""
MAYOTTE = "976"

CANTON_CITY = 25_000
"""Inhabitants from which a commune lies in several cantons, known by a code of its own."""
CITY_KM = 4.0
CITIES = 1 / 60
"""Cities per parcel: places around which people gather."""
POPULATION_QUANTILES = (
    (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0),
    (12, 100, 200, 460, 1_170, 3_200, 6_300, 14e3, 26e3, 43e3, 108e3, 152e3, 310e3, 500e3),
)
"""Inhabitants of a commune, by the share of communes that have fewer."""

REGION_NAMES = (
    "Ponthémie Bourvenne Armélie Hauts-de-Brézanne Val-de-Garmance Île-Corvane Grand-Calval "
    "Pays-d'Ourvie Terres-Hautes Marches-d'Orient Plaines-de-Tréolle Rivages-de-Lurende "
    "Île-Mandrelle Îles-sous-Brise Basse-Sarmande Haute-Jolvanne Île-Volcane Récifs-du-Sud"
).split()
DEPARTEMENT_FORMS = ("Haute-{}", "Val-de-{}", "Basse-{}", "Monts-de-{}")


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
        sums = [c for c in self.parcels.columns if c.startswith(("area", "pull", "population"))]
        firsts = [c for c in self.parcels.columns if c not in sums and c != "parcel"]
        grouped = (
            self.parcels.join(self.members[year], on="parcel")
            .sort("population_2023", "parcel", descending=[True, False])
            .group_by("code", maintain_order=True)
            .agg(pl.first(*firsts), pl.sum(*sums))
        )
        return self.names[year].join(grouped, on="code").sort("code")

    @property
    def in_lyon_metropolis(self) -> pl.Expr:
        """Whether a commune belongs to the EPCI of Lyon, which is a collectivity of its own."""
        siren = self.parcels.row(by_predicate=pl.col("parcel") == LYON.code, named=True)["siren"]
        return (pl.col("siren") == siren) & (pl.col("departement") == LYON.departement)

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
    inhabitants = _inhabitants(plots, size)
    neighbourhood = _Neighbourhood(plots, groups.epci)
    reserved = _reserve(neighbourhood, plots)
    pool = invent(len(plots) + len(merge_sizes), stream("names"))
    codes, names = _baptise(plots, reserved, pool[: len(plots)])
    inhabitants[codes == scenario.EMPTY_COMMUNE] = 0

    gathered = _gather(neighbourhood, merge_sizes, inhabitants)
    merges = scenario.ordinary_merges(
        [[str(codes[row]) for row in rows] for rows in gathered],
        size.merges,
        names,
        iter(pool[len(plots) :]),
        stream("merges"),
    )
    timeline = Timeline(names)
    vintages = timeline.play([*traps, *merges], VINTAGES)

    order = np.argsort(codes, kind="stable")
    parcels = _parcels(plots, groups, inhabitants, codes, size)[order]
    shapes = plots.shapes[order]
    names_of = {year: _names(communes) for year, communes in vintages.items()}
    last = parcels.join(_members(vintages[VINTAGES[-1]]), on="parcel").join(
        names_of[VINTAGES[-1]], on="code"
    )
    arrondissements, arrondissement_shapes = _arrondissements(parcels, shapes)
    return Country(
        size,
        regions=_regions(last, size),
        departements=_departements(last, size),
        epci=_epci(last),
        parcels=parcels,
        shapes=shapes,
        arrondissements=arrondissements,
        arrondissement_shapes=arrondissement_shapes,
        names=names_of,
        members={year: _members(communes) for year, communes in vintages.items()},
        movements=_movements(timeline.movements),
        formers=_formers(vintages[VINTAGES[-1]]),
    )


def _inhabitants(plots: Ground, size: Size) -> Ints:
    """Inhabitants of every parcel in 2023: many villages, few cities with their suburbs."""
    rng = stream("inhabitants")
    attraction = np.zeros(len(plots))
    for place in np.unique(plots.place):
        rows = np.flatnonzero(plots.place == place)
        cities = rng.choice(rows, max(1, round(CITIES * len(rows))), replace=False)
        weight = (1 + np.arange(len(cities), dtype=np.float32)) ** -0.8
        for city in METROPOLISES:
            cities = np.append(cities, rows[plots.code[rows] == city.code])
        weight = np.append(weight, np.full(len(cities) - len(weight), 2.0, dtype=np.float32))
        attraction[rows] = _potential(plots.points[rows], plots.points[cities], weight)
    urbanity = np.log(attraction) + rng.normal(0, 0.7, len(plots)) + (plots.place > 1)
    ordinary = np.flatnonzero(np.isin(plots.code, [city.code for city in METROPOLISES], invert=True))
    rank = np.empty(len(ordinary))
    rank[np.argsort(urbanity[ordinary], kind="stable")] = np.arange(len(ordinary)) + 0.5
    shares_below, inhabitants_below = POPULATION_QUANTILES
    inhabitants = np.zeros(len(plots), dtype=np.int64)
    inhabitants[ordinary] = np.exp(
        np.interp(rank / len(ordinary), shares_below, np.log(inhabitants_below))
    )
    for city, people in zip(METROPOLISES, size.metropolises, strict=True):
        inhabitants[plots.code == city.code] = people
    return inhabitants


def _potential(points: Floats, cities: Floats, weight: Floats) -> Floats:
    """What all cities mean to every point: their weights, less with the distance."""
    near = points.astype(np.float32), cities.astype(np.float32)
    squared = sum((near[0][:, None, axis] - near[1][None, :, axis]) ** 2 for axis in (0, 1))
    pull: Floats = (weight / (1 + squared / CITY_KM**2)).sum(axis=1)
    return pull


class _Neighbourhood:
    """Parcels not yet bound to any event, given out in groups of neighbours of one EPCI."""

    def __init__(self, plots: Ground, epci: Ints) -> None:
        self._plots, self._epci = plots, epci
        self._free = (plots.code == "") & (plots.place == 0)
        self._order = np.argsort(epci, kind="stable")
        self._starts = np.searchsorted(epci[self._order], np.arange(epci.max() + 2))

    def anchors(self, departement: str | None, rng: np.random.Generator) -> list[int]:
        """Free parcels (of a département), in an order of chance."""
        free = self._free if departement is None else (
            self._free & (self._plots.departement == departement)
        )
        return [int(row) for row in rng.permutation(np.flatnonzero(free))]

    def take(self, anchor: int, count: int) -> list[int] | None:
        """The anchor and its nearest free neighbours of the same EPCI and département."""
        number = self._epci[anchor]
        rows = self._order[self._starts[number] : self._starts[number + 1]]
        same = self._plots.departement[rows] == self._plots.departement[anchor]
        rows = rows[self._free[rows] & same]
        if not self._free[anchor] or len(rows) < count:
            return None
        distance = np.hypot(*(self._plots.points[rows] - self._plots.points[anchor]).T)
        taken = rows[np.argsort(distance, kind="stable")[:count]]
        self._free[taken] = False
        return [int(row) for row in taken]


def _reserve(neighbourhood: _Neighbourhood, plots: Ground) -> Texts:
    """The code every parcel must have, or empty: those of cities, islands and traps."""
    reserved = plots.code.copy()
    rng = stream("traps")
    for codes in scenario.NEIGHBOURS:
        departement = next(iter(codes))[:2]
        anchors = neighbourhood.anchors(departement, rng)
        groups = (neighbourhood.take(anchor, len(codes)) for anchor in anchors)
        reserved[next(rows for rows in groups if rows)] = list(codes)
    return reserved


def _gather(
    neighbourhood: _Neighbourhood, sizes: Sequence[int], inhabitants: Ints
) -> list[list[int]]:
    """Groups of neighbours of the given sizes, the largest parcel first."""
    anchors = iter(neighbourhood.anchors(None, stream("gather")))
    gathered = []
    for size in sizes:
        rows = next(rows for anchor in anchors if (rows := neighbourhood.take(anchor, size)))
        gathered.append(sorted(rows, key=lambda row: -inhabitants[row]))
    return gathered


def _baptise(plots: Ground, reserved: Texts, pool: Sequence[Name]) -> tuple[Texts, dict[str, Name]]:
    """Codes and oldest names: in every département, numbers follow the alphabet."""
    codes = reserved.copy()
    names = {c: name for c, name in scenario.oldest_names().items() if c in set(reserved)}
    used = {*names, *(code for city in METROPOLISES for code in city.arrondissements)}
    for departement in np.unique(plots.departement):
        rows = np.flatnonzero((plots.departement == departement) & (reserved == ""))
        digits = 5 - len(departement)
        numbers = (f"{departement}{number:0{digits}d}" for number in range(1, 10**digits))
        free = (code for code in numbers if code not in used)
        for row, code in zip(sorted(rows, key=lambda row: pool[row].poor), free, strict=False):
            codes[row] = code
            names[code] = pool[row]
    return codes, names


def _parcels(
    plots: Ground, groups: Groups, inhabitants: Ints, codes: Texts, size: Size
) -> pl.DataFrame:
    """One row per parcel (see ``Country``)."""
    rng = stream("parcels")
    growth = 1 + rng.normal(0.003, 0.008, len(plots)).clip(-0.02, 0.02)
    pull = inhabitants**1.22 * rng.lognormal(0, 0.45, len(plots))
    middles = land.centres(plots.shapes)
    region_of = {code: region for region, codes in size.regions for code in codes}
    past = {
        f"population_{year}": np.round(inhabitants * growth ** (year - 2023)).astype(np.int64)
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


def siren(digits: pl.Expr) -> pl.Expr:
    """A number of 9 digits: 8 given ones and their key (Luhn)."""
    total = pl.lit(0)
    for position in range(8):
        digit = digits.str.slice(position, 1).cast(pl.Int64) * (1 + position % 2)
        total = total + digit // 10 + digit % 10
    return digits + ((10 - total % 10) % 10).cast(pl.String)


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
    """The arrondissements of one city: what is additive is shared, the rest is that of the whole."""
    ordinals = ["1er", *(f"{rank}e" for rank in range(2, city.count + 1))]
    names = [Name(0, f"{city.name} {ordinal} Arrondissement") for ordinal in ordinals]
    middles = land.centres(slices)
    weight = stream(f"arrondissements {city.code}").lognormal(0, 0.3, city.count)
    own = {
        "code": city.arrondissements,
        "parent": [city.code] * city.count,
        **_name_columns(names),
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


def _name_columns(names: Iterable[Name], suffix: str = "") -> dict[str, list[str]]:
    """The four columns of names."""
    names = list(names)
    return {
        f"tncc{suffix}": [str(name.tncc) for name in names],
        f"poor{suffix}": [name.poor for name in names],
        f"rich{suffix}": [name.rich for name in names],
        f"label{suffix}": [name.label for name in names],
    }


def _names(communes: Mapping[str, Commune]) -> pl.DataFrame:
    """Codes and names of communes, by code."""
    names = _name_columns(commune.name for commune in communes.values())
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
        {"type": kinds, "code": codes, "parent": parents, **_name_columns(names)}
    ).sort("code")


def _movements(rows: Sequence[Movement]) -> pl.DataFrame:
    """Rows of the movement file, the newest first."""
    return pl.DataFrame(
        {
            "mod": [row.mod for row in rows],
            "date": [row.date for row in rows],
            "old_type": [row.old_type for row in rows],
            "old": [row.old for row in rows],
            **_name_columns((row.old_name for row in rows), "_old"),
            "new_type": [row.new_type for row in rows],
            "new": [row.new for row in rows],
            **_name_columns((row.new_name for row in rows), "_new"),
        }
    ).sort(
        "date", "new", "old", "old_type", "new_type", descending=[True, False, False, False, False]
    )


def _seats(last: pl.DataFrame, level: str) -> pl.DataFrame:
    """The most populous commune of every group of a level."""
    return (
        last.sort("population_2023", "parcel", descending=[True, False])
        .group_by(level, maintain_order=True)
        .agg(pl.first("code").alias("seat"), pl.first("rich").alias("seat_name"))
        .rename({level: "key"})
    )


def _regions(last: pl.DataFrame, size: Size) -> pl.DataFrame:
    """Régions: ``code, seat`` and names."""
    codes = [code for code, _ in size.regions]
    names = _name_columns(named(label) for label in REGION_NAMES[: len(codes)])
    seats = _seats(last, "region").rename({"key": "code"}).drop("seat_name")
    return pl.DataFrame({"code": codes, **names}).join(seats, on="code").sort("code")


def _departements(last: pl.DataFrame, size: Size) -> pl.DataFrame:
    """Départements: ``code, region, seat`` and names."""
    pairs = [(code, region) for region, codes in size.regions for code in codes]
    labels = [form.format(river) for form in DEPARTEMENT_FORMS for river in RIVERS]
    frame = pl.DataFrame(pairs, schema=["code", "region"], orient="row")
    names = pl.DataFrame(_name_columns(named(label) for label in labels[: len(pairs)]))
    seats = _seats(last, "departement").rename({"key": "code"}).drop("seat_name")
    return pl.concat([frame, names], how="horizontal").join(seats, on="code").sort("code")


def _epci(last: pl.DataFrame) -> pl.DataFrame:
    """EPCI: ``siren, label, nature, departement`` (of its seat)``, seat``, by département and siren.

    The metropolises come first, then by population urban, agglomeration and plain communities.
    """
    members = last.filter(pl.col("siren").is_not_null())
    capitals = [city.code for city in METROPOLISES]
    people = members.group_by(pl.col("siren").alias("key")).agg(
        pl.sum("population_2023"),
        pl.col("code").is_in(capitals).any().alias("capital"),
        (pl.col("code") == LYON.code).any().alias("lyon"),
    )
    seats = _seats(members, "siren").join(people, on="key")
    seats = seats.sort("population_2023", "key", descending=[True, False]).with_row_index("rank")
    count = len(seats)
    nature = (
        pl.when("lyon")
        .then(pl.lit("MET69"))
        .when(pl.col("capital") | (pl.col("rank") < 21 * count // 1255))
        .then(pl.lit("METRO"))
        .when(pl.col("rank") < max(4, 36 * count // 1255))
        .then(pl.lit("CU"))
        .when(pl.col("rank") < 266 * count // 1255)
        .then(pl.lit("CA"))
        .otherwise(pl.lit("CC"))
    )
    forms = pl.DataFrame(
        {
            "nature": ["MET69", "METRO", "CU", "CA", "CC", "CC", "CC", "CC"],
            "form": [0, 0, 0, 0, 0, 1, 2, 3],
            "before": [
                "Métropole de ", "Métropole ", "CU ", "CA ",
                "CC du Pays de ", "CC ", "CC Terres & Eaux de ", "CC « Cœur de ",
            ],
            "after": ["", "", "", " Agglomération", "", " Communauté", "", " »"],
        },
        schema_overrides={"form": pl.UInt32},
    )
    form = pl.when(pl.col("nature") == "CC").then(pl.col("rank") % 4).otherwise(0)
    return (
        seats.with_columns(nature=nature)
        .with_columns(form=form.cast(pl.UInt32))
        .join(forms, on=["nature", "form"], maintain_order="left")
        .select(
            pl.col("key").alias("siren"),
            pl.concat_str("before", "seat_name", "after").alias("label"),
            "nature",
            "seat",
        )
        .join(members.select(pl.col("code").alias("seat"), "departement").unique(), on="seat")
        .sort("departement", "siren")
    )
