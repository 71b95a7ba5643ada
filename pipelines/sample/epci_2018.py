"""The EPCI of 2018 and 2019, by which some files still speak: some have merged since.

Communes of those years are given their EPCI of then, which files by EPCI must agree with.
"""

import polars as pl

from pipelines.sample.administration import siren
from pipelines.sample.country import Country
from pipelines.sample.names import elide

EVERY = 8
"""One in so many of today's EPCI was two in 2018."""
SMALLEST = 6
"""Parcels of an EPCI that can have been two."""


def epci_of_2018(country: Country, year: int) -> pl.DataFrame:
    """The communes of a year (2018 or 2019), by code, with their EPCI of 2018.

    The columns of ``communes(year)``, but ``siren`` is the EPCI of 2018 (null: in none), and
    ``epci`` its name.
    """
    main = (
        _parcels(country)
        .join(country.members[year], on="parcel")
        .sort("population_2023", "parcel", descending=[True, False])
        .group_by("code", maintain_order=True)
        .agg(pl.first("siren"))
    )
    communes = country.communes(year).drop("siren").join(main, on="code")
    return communes.join(_names(communes, country), on="siren", how="left").sort("code")


def _parcels(country: Country) -> pl.DataFrame:
    """The parcels with their EPCI of 2018: the north and the south of some were apart."""
    parcels = country.parcels.select("parcel", "siren", "lat", "population_2023")
    counted = parcels.drop_nulls("siren").group_by("siren").len().sort("siren")
    merged = counted.filter(pl.col("len") >= SMALLEST)["siren"].gather_every(EVERY)
    rank = pl.DataFrame({"siren": merged}).with_row_index("rank")
    half = (pl.col("lat") < pl.col("lat").median().over("siren")).cast(pl.UInt32)
    number = (1 + 2 * pl.col("rank") + half).cast(pl.String).str.zfill(4)
    return parcels.join(rank, on="siren", how="left", maintain_order="left").with_columns(
        siren=pl.when(pl.col("rank").is_null())
        .then("siren")
        .otherwise(siren(pl.lit("2991") + number))
    )


def _names(communes: pl.DataFrame, country: Country) -> pl.DataFrame:
    """Names of the EPCI: those of today, or after the largest commune of those that are no more."""
    gone = (
        communes.drop_nulls("siren")
        .join(country.epci, on="siren", how="anti")
        .sort("population_2023", "code", descending=[True, False])
        .group_by("siren", maintain_order=True)
        .agg(pl.first("rich"))
    )
    names = [elide(f"CC du Canton de {name}") for name in gone["rich"]]
    return pl.concat(
        [
            country.epci.select("siren", epci="label"),
            gone.select("siren", epci=pl.Series(names, dtype=pl.String)),
        ]
    )
