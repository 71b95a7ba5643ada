"""The files of the census and of incomes: cubes, flows of pupils and movers, people one by one.

==========================================================  =========================
trap of the real files                                      where
==========================================================  =========================
rows of totals (``_T``) beside their parts; every level     ``housing_zip``,
at once, where the same digits are a région and a           ``tourism_zip``
département; metropolises both whole and by arrondissement
nothing quoted; the last digits of sums that are none;      ``housing_zip``
status ``K`` without value: counted in another commune;
no value for Mayotte in 2012
texts quoted and numbers not; no Mayotte; places that are   ``tourism_zip``
rooms in hotels and pitches on campsites
byte-order mark, two lines of title, no last line break;    ``modal_share``
texts instead of shares where communes are new, empty or
on Mayotte; two spaces in a label; metropolises as a
whole; geography of 2024
modes as floating-point numbers; metropolises as commune    ``commuting_detail``
and arrondissement, ``ZZZZZ`` elsewhere; abroad, a country
and a foreign commune in two columns; columns renamed
since 2021; rows that are the same in all we read
arrondissements at both ends; pupils abroad and overseas;   ``school_zip``
communes without a school, so without flow to themselves
``99999`` for abroad; who has not moved is a flow of a      ``moves_zip``
commune to itself; collectivities overseas
decimal comma; ``s`` for secret, ``nd`` for no data; the    ``income``
median alone for small communes; communes and
arrondissements; overseas départements missing; geography
of 2022
broken accents; no last line break; only pairs from 200     ``commuting_departements``
people
==========================================================  =========================
"""

import numpy as np
import polars as pl

from pipelines.sample import scenario
from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.files import LF, Sample, _csv, _zip
from pipelines.sample.ground import ISLANDS, MAINLAND
from pipelines.sample.land import Ints

# --- cubes: every level, every total ---

LEVELS = {
    "COM": pl.coalesce("parent", "code"),
    "ARM": pl.when(pl.col("parent").is_not_null()).then("code"),
    "EPCI": pl.col("siren"),
    "DEP": pl.col("departement"),
    "REG": pl.col("region"),
}
"""Code of a commune or an arrondissement at every level of a cube but the country."""
SPLIT_OFF = {
    **{"60694": "60054", "85165": "85084", "85212": "85084"},
    **{code: "15141" for code in scenario.FIVE if code != "15141"},
}
"""Communes that were part of another one, where their dwellings are counted before."""

DIMENSIONS = ("OCS", "L_STAY", "TDW", "CARS", "RP_MEASURE", "CARPARK", "NOR", "TSH")
DIMENSIONS += ("BUILD_END", "NRG_SRC")
HOUSING_YEARS = {2012: "population_2013", 2017: "population_2018", 2023: "population_2023"}
HUNDRED_THOUSANDTH = 100_000
"""Dwellings are counted in parts, so that all sums are exact."""

RANKINGS = ("1", "2", "3", "4", "5", "NC")
SECOND_HOME_LAND = 0.9
"""Part of the way to the farthest commune from which a commune has the sea in sight."""


def housing_zip(sample: Sample) -> bytes:
    """``DS_RP_LOGEMENT_PRINC_2023_CSV_FR.zip``: dwellings of three years."""
    leaves = _leaves(sample.country, 2026)
    counts, known, cells = _dwellings(leaves)
    places_, sums = _at_every_level(leaves, counts)
    _, numbers = _at_every_level(leaves, known.astype(np.int64))
    rows = _cube(places_, cells)
    filled = numbers.ravel() > 0
    # As a chain of additions leaves them: 355.50825 or 225826.0328100001.
    value = sums.ravel() / HUNDRED_THOUSANDTH * (1 + 2e-15 * (np.arange(sums.size) % 11 == 0))
    moved = rows["GEO"].is_in(list(SPLIT_OFF)) & (rows["TIME_PERIOD"] != "2023")
    rows = rows.with_columns(
        pl.when(pl.lit(moved) & pl.col("GEO_OBJECT").eq("COM"))
        .then(pl.lit("K"))
        .otherwise(pl.lit("A"))
        .alias("OBS_STATUS"),
        pl.lit("A").alias("FREQ"),
        OBS_VALUE=pl.when(pl.lit(pl.Series(filled))).then(pl.lit(pl.Series(value))),
    )
    text = pl.col("OBS_VALUE").cast(pl.String).str.strip_suffix(".0")
    columns = ("GEO", "GEO_OBJECT", *DIMENSIONS, "FREQ", "OBS_STATUS", "TIME_PERIOD", "OBS_VALUE")
    content = _csv(rows.with_columns(text).select(columns), ";", LF)
    return _zip({"DS_RP_LOGEMENT_PRINC_2023_data.csv": content})


def tourism_zip(sample: Sample) -> bytes:
    """``DS_TOUR_CAP_2026_CSV_FR.zip``: lodgings, rooms, pitches and beds."""
    leaves = _leaves(sample.country, 2026).filter(pl.col("departement") != MAYOTTE)
    counts, cells = _lodgings(leaves)
    places_, sums = _at_every_level(leaves, counts)
    rows = _cube(places_, cells).with_columns(
        pl.lit("A").alias("FREQ"),
        pl.lit("A").alias("OBS_STATUS"),
        pl.lit(2026).alias("TIME_PERIOD"),
        OBS_VALUE=pl.lit(pl.Series(sums.ravel())),
    )
    columns = ("GEO", "GEO_OBJECT", "ACTIVITY", "UNIT_LOC_RANKING", "L_STAY", "TOUR_MEASURE")
    columns += ("FREQ", "OBS_STATUS", "TIME_PERIOD", "OBS_VALUE")
    content = _csv(rows.select(columns), ";", LF, quote="non_numeric")
    header, _, lines = content.partition(b"\n")
    quoted = b";".join(b'"' + name.strip(b'"') + b'"' for name in header.split(b";"))
    return _zip({"DS_TOUR_CAP_2026_data.csv": quoted + b"\n" + lines})


def _leaves(country: Country, year: int) -> pl.DataFrame:
    """Communes, the metropolises by arrondissement (``parent`` is then the commune), by code."""
    parents = country.arrondissements.select("code", "parent")
    return (
        country.communes_and_arrondissements(year)
        .join(parents, on="code", how="left", maintain_order="left")
        .with_columns(seaside=_seaside())
    )


def _seaside() -> pl.Expr:
    """Whether a commune is near the edge of the land, as seen from the middle of the mainland."""
    lon = (pl.col("lon") - MAINLAND.lon) * np.cos(np.radians(MAINLAND.lat))
    away = (lon**2 + (pl.col("lat") - MAINLAND.lat) ** 2).sqrt()
    mainland = pl.col("departement").str.len_chars().eq(2) & pl.col("region").ne("94")
    farthest = away.filter(mainland & ~pl.col("code").is_in(ISLANDS)).max()
    return ~mainland | (away > SECOND_HOME_LAND * farthest)


def _at_every_level(leaves: pl.DataFrame, values: Ints) -> tuple[pl.DataFrame, Ints]:
    """The territories of all levels (``GEO``, ``GEO_OBJECT``) and what their leaves sum up to."""
    names, sums = [], []
    mainland = pl.col("departement").str.len_chars() == 2
    france = {"F": pl.lit("F"), "FM": pl.when(mainland).then(pl.lit("FM"))}
    levels = [*LEVELS.items(), *(("FRANCE", code) for code in france.values())]
    for level, code in levels:
        codes = leaves.select(code=code).to_series()
        there = codes.drop_nulls().unique().sort()
        total = np.zeros((len(there), values.shape[1]), dtype=np.int64)
        rows = codes.is_not_null().to_numpy()
        np.add.at(total, there.search_sorted(codes.drop_nulls()).to_numpy(), values[rows])
        names.append(pl.DataFrame({"GEO": there}).with_columns(GEO_OBJECT=pl.lit(level)))
        sums.append(total)
    return pl.concat(names), np.concatenate(sums)


def _cube(territories: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Every territory with every cell."""
    return territories.join(cells, how="cross", maintain_order="left_right")


def _dwellings(leaves: pl.DataFrame) -> tuple[Ints, npt_bools, pl.DataFrame]:
    raise NotImplementedError
