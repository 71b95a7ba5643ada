"""Régions, départements and intercommunalities: their seats, names and kinds."""

import polars as pl

from pipelines.sample.ground import LYON, METROPOLISES
from pipelines.sample.names import RIVERS, elide, name_columns, named
from pipelines.sample.sizes import Size

REGION_NAMES = (
    *("Ponthémie", "Bourvenne", "Armélie", "Hauts-de-Brézanne", "Val-de-Garmance"),
    *("Île-Corvane", "Grand-Calval", "Pays-d'Ourvie", "Terres-Hautes", "Marches-d'Orient"),
    *("Plaines-de-Tréolle", "Rivages-de-Lurende", "Île-Mandrelle", "Îles-sous-Brise"),
    *("Basse-Sarmande", "Haute-Jolvanne", "Île-Volcane", "Récifs-du-Sud"),
)
DEPARTEMENT_FORMS = ("Haute-{}", "Val-de-{}", "Basse-{}", "Monts-de-{}")
EPCI_FORMS = {
    "MET69": ("Métropole de {}",),
    "METRO": ("Métropole {}",),
    "CU": ("CU {}",),
    "CA": ("CA {} Agglomération",),
    "CC": ("CC du Pays de {}", "CC {} Communauté", "CC Terres & Eaux de {}", "CC « Cœur de {} »"),
}
"""Forms of an EPCI's name, by its kind as the DGCL codes it."""
EPCI_RANKS = {"METRO": 22, "CU": 36, "CA": 266}
"""Among 1,255 EPCI, the rank by population below which each kind ends."""


def regions(communes: pl.DataFrame, size: Size) -> pl.DataFrame:
    """Régions, by code: ``code, seat`` and names."""
    codes = [code for code, _ in size.regions]
    names = name_columns(named(label) for label in REGION_NAMES[: len(codes)])
    seats = _seats(communes, "region").select(pl.col("region").alias("code"), "seat")
    return pl.DataFrame({"code": codes, **names}).join(seats, on="code").sort("code")


def departements(communes: pl.DataFrame, size: Size) -> pl.DataFrame:
    """Départements, by code: ``code, region, seat`` and names."""
    region_of = {code: region for region, codes in size.regions for code in codes}
    labels = [elide(form.format(river)) for form in DEPARTEMENT_FORMS for river in RIVERS]
    names = name_columns(named(label) for label in labels[: len(region_of)])
    seats = _seats(communes, "departement").select(pl.col("departement").alias("code"), "seat")
    frame = pl.DataFrame({"code": region_of.keys(), "region": region_of.values(), **names})
    return frame.join(seats, on="code").sort("code")


def epci(communes: pl.DataFrame) -> pl.DataFrame:
    """EPCI, by département and number: ``siren, departement, seat, nature, label``."""
    members = communes.filter(pl.col("siren").is_not_null())
    ranked = (
        _seats(members, "siren")
        .sort("population_2023", "siren", descending=[True, False])
        .with_row_index("rank")
        .with_columns(nature=_nature(members["siren"].n_unique()))
    )
    labels = [
        elide(EPCI_FORMS[nature][rank % len(EPCI_FORMS[nature])].format(seat_name))
        for rank, nature, seat_name in ranked.select("rank", "nature", "seat_name").iter_rows()
    ]
    return (
        ranked.select("siren", pl.col("home").alias("departement"), "seat", "nature")
        .with_columns(label=pl.Series(labels))
        .sort("departement", "siren")
    )


def _nature(count: int) -> pl.Expr:
    """Kind of an EPCI among ``count``: the metropolises, then the largest."""
    limit = {
        kind: max(place, rank * count // 1_255)
        for place, (kind, rank) in enumerate(EPCI_RANKS.items(), start=3)
    }
    return (
        pl.when(pl.col("codes").list.contains(LYON.code))
        .then(pl.lit("MET69"))
        .when(
            pl.any_horizontal(pl.col("codes").list.contains(city.code) for city in METROPOLISES)
            | (pl.col("rank") < limit["METRO"])
        )
        .then(pl.lit("METRO"))
        .when(pl.col("rank") < limit["CU"])
        .then(pl.lit("CU"))
        .when(pl.col("rank") < limit["CA"])
        .then(pl.lit("CA"))
        .otherwise(pl.lit("CC"))
    )


def _seats(communes: pl.DataFrame, level: str) -> pl.DataFrame:
    """Every group of a level: its most populous commune, its people, the codes of its communes."""
    return (
        communes.sort("population_2023", "code", descending=[True, False])
        .group_by(level, maintain_order=True)
        .agg(
            pl.first("code").alias("seat"),
            pl.first("rich").alias("seat_name"),
            pl.col("departement").first().alias("home"),
            pl.sum("population_2023"),
            pl.col("code").alias("codes"),
        )
    )


def siren(digits: pl.Expr) -> pl.Expr:
    """Number of a legal person, 9 digits: the 8 given ones and their key (Luhn)."""
    total = pl.lit(0)
    for position in range(8):
        digit = digits.str.slice(position, 1).cast(pl.Int64) * (1 + position % 2)
        total = total + digit // 10 + digit % 10
    return digits + ((10 - total % 10) % 10).cast(pl.String)
