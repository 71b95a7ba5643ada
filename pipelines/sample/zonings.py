"""Statistical zonings of the communes of 2022: employment zones, urban units, urban areas…"""

import numpy as np
import polars as pl
import shapely

from pipelines.sample import land
from pipelines.sample.commuting import abroad, places
from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.ground import LYON, MARSEILLE, PARIS

YEAR = 2022
KM = np.array([76.4, 111.2])
"""Kilometres per degree of longitude and latitude, in the middle of the mainland."""

FOREIGN_AREAS = {
    "SUC1L": ("GEN", "Genève (partie française)"),
    "SU611": ("BAL", "Bâle (partie française)"),
    "SU96F": ("LAU", "Lausanne (partie française)"),
    "LU320": ("LUX", "Luxembourg (partie française)"),
    "AL157": ("SAR", "Sarrebruck (partie française)"),
    "MO001": ("MON", "Monaco (partie française)"),
}
"""Attraction areas whose centre is a town abroad."""
FOREIGN_AREA_KM = 15.0
NATURES = {"MET69": "ME", "METRO": "ME", "CU": "CU", "CA": "CA", "CC": "CC"}
"""Kinds of EPCI as INSEE codes them, by the code of the DGCL."""
OVERSEAS_LETTERS = {"971": "9A", "972": "9B", "973": "9C", "974": "9D", "976": "9F"}
METROPOLITAN_UNITS = {PARIS.code: "00851", LYON.code: "00760", MARSEILLE.code: "00759"}
URBAN = 2_000
"""Inhabitants from which a commune is urban."""
NO_AREA = "000"
WITHOUT_CANTONS = (PARIS.departement, "972", "973")

UNIT_SIZES = {
    **{0: "11", 2_500: "12", 3_000: "13", 4_000: "14", 5_000: "21", 7_000: "22"},
    **{10_000: "31", 15_000: "32", 20_000: "41", 25_000: "42", 30_000: "43", 40_000: "44"},
    **{50_000: "51", 70_000: "52", 100_000: "61", 150_000: "62"},
    **{200_000: "71", 300_000: "72", 500_000: "73"},
}
"""Code of the size of an urban unit, by the inhabitants from which it holds (``TDUU2017``)."""
AREA_SIZES = {
    **{0: "11", 10_000: "12", 20_000: "13", 30_000: "14"},
    **{50_000: "21", 75_000: "22", 100_000: "23", 125_000: "24", 150_000: "25"},
    **{200_000: "31", 300_000: "32", 400_000: "33", 500_000: "34", 700_000: "41", 1_000_000: "42"},
}
"""Code of the size of an attraction area, likewise (``TDAAV2017``)."""
PARIS_UNIT_SIZE, PARIS_AREA_SIZE, NO_SIZE = "80", "50", "00"

LEVELS = ("ARR", "CV", "DEP", "REG", "EPCI", "ZE2020", "UU2020", "BV2012", "AAV2020")
COLUMNS = (
    *("CODGEO", "LIBGEO", "DEP", "REG", "EPCI", "NATURE_EPCI", "ARR", "CV", "ZE2020"),
    *("UU2020", "TUU2017", "TDUU2017", "AAV2020", "TAAV2017", "TDAAV2017", "CATEAAV2020"),
    "BV2012",
)


def zonings(country: Country) -> pl.DataFrame:
    """The zones of every commune of 2022: INSEE's ``COLUMNS`` and ``population`` (2018)."""
    natures = country.epci.select("siren", pl.col("nature").replace(NATURES).alias("NATURE_EPCI"))
    communes = (
        country.communes(YEAR)
        .join(natures, on="siren", how="left")
        .sort("code")
        .select(
            pl.col("code").alias("CODGEO"),
            pl.col("label").alias("LIBGEO"),
            pl.col("departement").alias("DEP"),
            pl.col("region").alias("REG"),
            pl.col("siren").fill_null("ZZZZZZZZZ").alias("EPCI"),
            pl.col("NATURE_EPCI").fill_null("ZZ"),
            pl.when(pl.col("departement") == MAYOTTE)
            .then(pl.lit("ZZZZ"))
            .otherwise("district")
            .alias("ARR"),
            pl.when(
                pl.col("departement").is_in(WITHOUT_CANTONS)
                | country.in_lyon_metropolis.fill_null(False)
            )
            .then(pl.col("departement") + "ZZ")
            .otherwise("canton")
            .alias("CV"),
            pl.col("population_2018").alias("population"),
            pl.col("lon") * KM[0],
            pl.col("lat") * KM[1],
        )
    )
    communes = communes.with_columns(
        ZE2020=_employment_zones(communes, country), leader=_leaders(communes, country)
    )
    communes = _with_urban_units(communes)
    return _with_attraction_areas(communes, country).select(*COLUMNS, "population")


def _parted(communes: pl.DataFrame, level: str, counts: dict[str, int]) -> pl.Series:
    """Compact groups inside the groups of a level, numbered through the country."""
    points, groups = communes.select("lon", "lat").to_numpy(), communes[level].to_numpy()
    numbers, first = np.zeros(len(communes), dtype=np.int64), 0
    for group, wanted in counts.items():
        rows = np.flatnonzero(groups == group)
        count = min(wanted, len(rows))
        numbers[rows] = first + land.part(points[rows], land.even(len(rows), count))
        first += count
    return pl.Series(numbers)


def _counts(communes: pl.DataFrame, level: str, total: int) -> dict[str, int]:
    """How many of ``total`` zones each group of a level gets: one at least."""
    groups = communes.group_by(level).len().sort(level)
    more = land.shares(max(0, total - len(groups)), groups["len"].to_list())
    return {group: 1 + extra for group, extra in zip(groups[level], more, strict=True)}


def _employment_zones(communes: pl.DataFrame, country: Country) -> pl.Series:
    """Zones inside régions, but for some that two neighbouring régions share (``005x``)."""
    size = country.size
    total = size.employment_zones + size.shared_employment_zones
    zone = _parted(communes, "REG", _counts(communes, "REG", total))
    zones = (
        communes.with_columns(zone=zone)
        .group_by("zone", maintain_order=True)
        .agg(pl.first("REG"), pl.col("lon", "lat").mean())
        .sort("zone")
    )
    codes = zones.select(
        pl.col("REG") + (pl.int_range(pl.len()).over("REG") + 1).cast(pl.String).str.zfill(2)
    ).to_series()
    shared = _closest_pairs(zones, size.shared_employment_zones)
    renamed = {codes[zone]: f"{51 + rank:04d}" for rank, pair in enumerate(shared) for zone in pair}
    return zone.replace_strict(zones["zone"], codes).replace(renamed)


def _closest_pairs(zones: pl.DataFrame, count: int) -> list[tuple[int, int]]:
    """Pairs of zones of two régions whose middles are the closest, no zone twice."""
    points, region = zones.select("lon", "lat").to_numpy(), zones["REG"].to_numpy()
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    distance[region[:, None] == region[None]] = np.inf
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        a, b = (int(i) for i in np.unravel_index(np.argmin(distance), distance.shape))
        distance[[a, b]] = distance[:, [a, b]] = np.inf
        pairs.append((a, b))
    return pairs


def _leaders(communes: pl.DataFrame, country: Country) -> pl.Series:
    """The largest commune of the living area of every commune."""
    counts = _counts(communes, "DEP", country.size.living_areas)
    zone = _parted(communes, "DEP", counts)
    largest = pl.col("CODGEO").sort_by("population", "CODGEO").last().over("zone")
    return communes.with_columns(zone=zone).select(largest).to_series()


def _prefix() -> pl.Expr:
    """First two characters of the codes of a département's urban units and areas."""
    return pl.col("DEP").replace(OVERSEAS_LETTERS)


def _size_code(population: pl.Expr, sizes: dict[int, str]) -> pl.Expr:
    """Code of the size a population has."""
    largest_first = sorted(sizes.items(), reverse=True)
    return pl.coalesce(
        pl.when(population >= bound).then(pl.lit(code)) for bound, code in largest_first
    )


def _with_urban_units(communes: pl.DataFrame) -> pl.DataFrame:
    """Add the urban units: the urban communes of one living area or one metropolis.

    Codes are the département, the size of the unit and a number; ``000`` where it is rural.
    """
    capital = communes.filter(pl.col("CODGEO").is_in(list(METROPOLITAN_UNITS))).select(
        "EPCI", pl.col("CODGEO").replace(METROPOLITAN_UNITS).alias("metropolitan")
    )
    communes = communes.join(capital, on="EPCI", how="left", maintain_order="left")
    key = pl.coalesce("metropolitan", "leader")
    paris = pl.col("metropolitan") == METROPOLITAN_UNITS[PARIS.code]
    units = (
        communes.filter(pl.col("population") >= URBAN)
        .group_by(key.alias("key"))
        .agg(pl.sum("population"), pl.min("DEP"), pl.first("metropolitan"))
        .sort("key")
        .with_columns(TDUU2017=_size_code(pl.col("population"), UNIT_SIZES))
        .with_columns(
            pl.when(paris).then(pl.lit(PARIS_UNIT_SIZE)).otherwise("TDUU2017").alias("TDUU2017"),
            TUU2017=pl.col("TDUU2017").str.head(1),
        )
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("DEP", "TUU2017"))
        .select(
            "key",
            "TDUU2017",
            pl.coalesce(
                "metropolitan",
                pl.concat_str(_prefix(), "TUU2017", pl.col("rank").cast(pl.String).str.zfill(2)),
            ).alias("UU2020"),
        )
    )
    urban = pl.when(pl.col("population") >= URBAN).then(key)
    return (
        communes.with_columns(key=urban)
        .join(units, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("UU2020", _prefix() + "000").alias("UU2020"),
            pl.col("TDUU2017").fill_null(NO_SIZE),
        )
        .with_columns(TUU2017=pl.col("TDUU2017").str.head(1))
        .drop("key", "metropolitan")
    )


def _with_attraction_areas(communes: pl.DataFrame, country: Country) -> pl.DataFrame:
    """Add the areas that cities attract, at home (a number) or abroad (letters)."""
    centres = _centres(communes, country)
    points = shapely.points(communes.select("lon", "lat").to_numpy())
    middles = shapely.points(centres.select("lon", "lat").to_numpy())
    tree = shapely.STRtree(points)
    centre, row = tree.query(middles, predicate="dwithin", distance=centres["reach"].to_numpy())
    reach = centres["reach"].to_numpy()[centre]
    attracted = (
        pl.DataFrame(
            {
                "row": row,
                "near": shapely.distance(points[row], middles[centre]) / reach,
                "AAV2020": centres["AAV2020"][centre],
                "seat": centres["CODGEO"][centre],
            }
        )
        .sort("near", "AAV2020")
        .unique("row", keep="first", maintain_order=True)
    )
    pole = (pl.col("near") < 0.3) & (pl.col("population") >= URBAN)
    category = (
        pl.when(pl.col("AAV2020").is_null())
        .then(pl.lit("30"))
        .when(pl.col("CODGEO") == pl.col("seat"))
        .then(pl.lit("11"))
        .when(pole & pl.col("seat").is_not_null())
        .then(pl.lit("12"))
        .when(pole)
        .then(pl.lit("13"))
        .otherwise(pl.lit("20"))
    )
    people = pl.col("population").sum().over("AAV2020")
    size = (
        pl.when(pl.col("AAV2020").is_null())
        .then(pl.lit(NO_SIZE))
        .when(pl.col("seat") == PARIS.code)
        .then(pl.lit(PARIS_AREA_SIZE))
        .otherwise(_size_code(people, AREA_SIZES))
    )
    living_area = pl.when(pl.col("DEP") == MAYOTTE).then(pl.lit("ZZZZZ")).otherwise("leader")
    return (
        communes.with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64))
        .join(attracted, on="row", how="left", maintain_order="left")
        .with_columns(
            TDAAV2017=size,
            TAAV2017=size.str.head(1),
            CATEAAV2020=category,
            AAV2020=pl.col("AAV2020").fill_null(NO_AREA),
            BV2012=living_area,
        )
    )


def _centres(communes: pl.DataFrame, country: Country) -> pl.DataFrame:
    """Cities that attract, with how far they do: ``AAV2020, CODGEO, lon, lat, reach`` (km).

    They are the largest of the communes that lead a living area, and some towns abroad.
    """
    cities = (
        communes.filter(pl.col("CODGEO") == pl.col("leader"))
        .sort("population", "CODGEO", descending=[True, False])
        .head(country.size.urban_areas)
        .with_columns(prefix=_prefix().str.extract(r"^(9[A-F])$").fill_null(""))
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("prefix"))
        .select(
            pl.when(pl.col("prefix") == "")
            .then(pl.col("rank").cast(pl.String).str.zfill(3))
            .otherwise(pl.concat_str("prefix", "rank"))
            .alias("AAV2020"),
            "CODGEO",
            "lon",
            "lat",
            (1.2 * pl.col("population").cast(pl.Float64) ** 0.3).alias("reach"),
        )
    )
    letters = {town: code for town, (code, _) in FOREIGN_AREAS.items()}
    towns = (
        abroad(places(country))
        .filter(pl.col("code").is_in(list(letters)))
        .select(
            pl.col("code").replace_strict(letters).alias("AAV2020"),
            pl.lit(None, dtype=pl.String).alias("CODGEO"),
            pl.col("lon") * KM[0],
            pl.col("lat") * KM[1],
            pl.lit(FOREIGN_AREA_KM).alias("reach"),
        )
    )
    return pl.concat([cities, towns])


def supra_communal(zones: pl.DataFrame, country: Country) -> pl.DataFrame:
    """All zones with their names: ``NIVGEO, CODGEO, LIBGEO, NB_COM`` (number of communes)."""
    named = {
        "DEP": dict(country.departements.select("code", "label").iter_rows()),
        "REG": dict(country.regions.select("code", "label").iter_rows()),
        "EPCI": dict(country.epci.select("siren", "label").iter_rows()),
        "AAV2020": {NO_AREA: "Commune hors attraction des villes"} | dict(FOREIGN_AREAS.values()),
    }
    return pl.concat(
        zones.group_by(pl.col(level).alias("CODGEO"))
        .agg(pl.col("LIBGEO").sort_by("population").last(), pl.len().alias("NB_COM"))
        .sort("CODGEO")
        .select(
            pl.lit(level).alias("NIVGEO"),
            "CODGEO",
            pl.when(pl.col("CODGEO").str.contains("ZZ"))
            .then(pl.lit("Sans objet"))
            .otherwise(
                pl.col("CODGEO").replace_strict(named.get(level, {}), default=pl.col("LIBGEO"))
            )
            .alias("LIBGEO"),
            "NB_COM",
        )
        for level in LEVELS
    )
