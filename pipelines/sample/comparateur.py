"""INSEE's table to compare territories: population, dwellings, jobs, firms by commune of 2021."""

import polars as pl

from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.ground import stream

YEAR = 2021
VARIABLES = {
    "P18_POP": "Population en 2018",
    "P13_POP": "Population en 2013",
    "SUPERF": "Superficie (en km2)",
    "NAIS1318": "Naissances entre 2013 et 2018",
    "DECE1318": "Décès entre 2013 et 2018",
    "P18_MEN": "Ménages en 2018",
    "NAISD20": "Naissances domiciliées en 2020",
    "DECESD20": "Décès domiciliés en 2020",
    "P18_LOG": "Logements en 2018",
    "P18_RP": "Résidences principales en 2018",
    "P18_RSECOCC": "Résidences secondaires et logements occasionnels en 2018",
    "P18_LOGVAC": "Logements vacants en 2018",
    "P18_RP_PROP": "Résidences principales occupées par leur propriétaire en 2018",
    "NBMENFISC19": "Ménages fiscaux en 2019",
    "PIMP19": "Part des ménages fiscaux imposés en 2019",
    "MED19": "Médiane du niveau de vie en 2019",
    "TP6019": "Taux de pauvreté en 2019",
    "P18_EMPLT": "Emplois au lieu de travail en 2018",
    "P18_EMPLT_SAL": "Emplois salariés au lieu de travail en 2018",
    "P13_EMPLT": "Emplois au lieu de travail en 2013",
    "P18_POP1564": "Population de 15 à 64 ans en 2018",
    "P18_CHOM1564": "Chômeurs de 15 à 64 ans en 2018",
    "P18_ACT1564": "Actifs de 15 à 64 ans en 2018",
    "ETTOT18": "Établissements actifs fin 2018",
    "ETAZ18": "Établissements de l'agriculture fin 2018",
    "ETBE18": "Établissements de l'industrie fin 2018",
    "ETFZ18": "Établissements de la construction fin 2018",
    "ETGU18": "Établissements du commerce et des services fin 2018",
    "ETGZ18": "dont établissements du commerce fin 2018",
    "ETOQ18": "Établissements publics, d'enseignement et de santé fin 2018",
    "ETTEF118": "Établissements de 1 à 9 salariés fin 2018",
    "ETTEFP1018": "Établissements de 10 salariés ou plus fin 2018",
}
"""Names of the columns and what they mean."""
CIVIL_STATUS = ("NAISD20", "DECESD20")
"""What is known of Mayotte."""
INCOME_FROM, POVERTY_FROM = 50, 1_000
"""Fiscal households from which incomes, and taxes and poverty, are published."""


def comparateur(country: Country, flows: pl.DataFrame) -> pl.DataFrame:
    """Communes of 2021 and then arrondissements: ``CODGEO``, ``label`` and the variables."""
    communes = country.communes(YEAR).join(_jobs(country, flows), on="code")
    arrived = flows.group_by(pl.col("destination").alias("code"), maintain_order=True).agg(
        jobs=pl.sum("flow")
    )
    arrondissements = country.arrondissements.join(arrived, on="code", how="left").sort("code")
    rows = pl.concat(
        [communes.sort("code"), arrondissements.select(communes.columns)], how="vertical"
    )
    return _with_variables(rows.with_columns(pl.col("jobs").fill_null(0.0)))


def _jobs(country: Country, flows: pl.DataFrame) -> pl.DataFrame:
    """Jobs of every commune of 2021: those who work there, as the flows of 2022 say."""
    parents = dict(country.arrondissements.select("code", "parent").iter_rows())
    arrived = flows.group_by(
        pl.col("destination").replace(parents).alias("code"), maintain_order=True
    ).agg(arrived=pl.sum("flow"))
    share = pl.col("pull") / pl.col("pull").sum().over("code")
    return (
        country.parcels.select("parcel", "pull")
        .join(country.members[2025], on="parcel")
        .join(arrived, on="code", how="left")
        .select("parcel", jobs=(pl.col("arrived") * share).fill_nan(0.0).fill_null(0.0))
        .join(country.members[YEAR], on="parcel")
        .sort("parcel")
        .group_by("code", maintain_order=True)
        .agg(pl.sum("jobs"))
    )


def _with_variables(rows: pl.DataFrame) -> pl.DataFrame:
    """All variables of the rows; blank where they are not published."""
    chance = stream("comparateur").random((len(rows), 8))
    varied = [pl.lit(pl.Series(0.8 + 0.4 * chance[:, i])) for i in range(8)]
    people, before = pl.col("population_2018"), pl.col("population_2013")
    dwellings = people / 2.2 * varied[0]
    second, vacant = people * 0.05 * varied[1] * varied[2], people * 0.04 * varied[2]
    jobs = pl.col("jobs") * (0.95 + 0.05 * varied[3])
    working_age = people * 0.6 * (0.9 + 0.1 * varied[4])
    firms = people * 0.06 * varied[5]
    overseas = pl.col("departement").str.len_chars() == 3
    households = dwellings.round() * 0.98

    def whole(value: pl.Expr) -> pl.Expr:
        return value.round().cast(pl.Int64)

    def published(value: pl.Expr, least: int) -> pl.Expr:
        return pl.when((households >= least) & ~overseas).then(whole(value))

    firms_by_kind = {
        "ETAZ18": whole(firms * 0.1),
        "ETBE18": whole(firms * 0.08),
        "ETFZ18": whole(firms * 0.14),
        "ETGU18": whole(firms * 0.5),
        "ETOQ18": whole(firms * 0.18),
    }
    values = {
        "P18_POP": people,
        "P13_POP": before,
        "SUPERF": pl.col("area").round(2),
        "NAIS1318": whole(people * 0.055 * varied[6]),
        "DECE1318": whole(people * 0.045 * varied[7]),
        "P18_MEN": dwellings,
        "NAISD20": whole(people * 0.011 * varied[6]),
        "DECESD20": whole(people * 0.010 * varied[7]),
        "P18_LOG": dwellings + second + vacant,
        "P18_RP": dwellings,
        "P18_RSECOCC": second,
        "P18_LOGVAC": vacant,
        "P18_RP_PROP": dwellings * 0.6 * varied[4],
        "NBMENFISC19": published(households, INCOME_FROM),
        "PIMP19": published(55 * varied[6], POVERTY_FROM),
        "MED19": published(22_000 * varied[6], INCOME_FROM).floordiv(10) * 10,
        "TP6019": published(14 * varied[7], POVERTY_FROM),
        "P18_EMPLT": jobs,
        "P18_EMPLT_SAL": jobs * 0.87,
        "P13_EMPLT": jobs * (0.9 + 0.1 * varied[2]),
        "P18_POP1564": working_age,
        "P18_CHOM1564": working_age * 0.09 * varied[1],
        "P18_ACT1564": working_age * 0.75,
        "ETTOT18": pl.sum_horizontal(*firms_by_kind.values()),
        **firms_by_kind,
        "ETGZ18": whole(firms * 0.16),
        "ETTEF118": whole(firms * 0.28),
        "ETTEFP1018": whole(firms * 0.06),
    }
    mayotte = pl.col("departement") == MAYOTTE
    return rows.select(
        pl.col("code").alias("CODGEO"),
        "label",
        *(
            pl.when(~mayotte | (name in CIVIL_STATUS)).then(values[name]).alias(name)
            for name in VARIABLES
        ),
    )
