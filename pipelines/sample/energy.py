"""The files of energy: where electricity and biomethane are made, what is used, networks of heat.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
a row per installation, or for all small ones of a          ``registry``
commune; names that are not told; no commune, or one that
has merged since; arrondissements; energy that is blank
(secret), negative, or 0 for much power; hydropower that
is called photovoltaic; storage, which makes nothing
a second byte-order mark inside the header; both positions  ``biomethane``
in one cell; a kind of site misspelt; no commune; a closed
site; geography of 2024
labels as headers, with units and two spaces; blank for a   ``consumption``
secret, whatever the number of secret cells; 0 for another
secret; operators, categories and sectors that share a
commune; most communes without gas; metropolises whole
everything quoted; ``secret`` for a number; several         ``heat_networks``
networks in a commune; cold beside heat
==========================================================  =====================
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.entries import Entry
from pipelines.sample.files import LF, Sample, _csv
from pipelines.sample.ground import ISLAND_DEPARTEMENTS, stream
from pipelines.sample.land import Floats, Ints

BOM = "\ufeff"
Rng = np.random.Generator
Flags = np.typing.NDArray[np.bool_]


def _text(values: Any) -> pl.Expr:
    return pl.lit(pl.Series(values))


def _among(flags: Flags, values: Any) -> pl.Expr:
    """Values where something is so, and nothing elsewhere."""
    return pl.when(_text(flags)).then(_text(values))


def _placed(country: Country, communes: pl.DataFrame) -> pl.DataFrame:
    """Communes with the names of where they belong, in their order."""
    return (
        communes.join(
            country.epci.select("siren", epci_label="label"),
            on="siren",
            how="left",
            maintain_order="left",
        )
        .join(
            country.departements.select(departement="code", departement_label="label"),
            on="departement",
            maintain_order="left",
        )
        .join(
            country.regions.select(region="code", region_label="label"),
            on="region",
            maintain_order="left",
        )
    )


# --- installations that make electricity ---

REGISTRY_COLUMNS = (
    *("idpeps", "nominstallation", "codeeicresourceobject", "codeiris", "codeinseecommune"),
    *("commune", "codeepci", "epci", "codedepartement", "departement", "coderegion", "region"),
    *("codeiriscommuneimplantation", "codeinseecommuneimplantation", "codes3renr"),
    *("dateraccordement", "datederaccordement", "datemiseenservice", "datedebutversion"),
    *("datemiseenservice_date", "postesource", "tensionraccordement", "moderaccordement"),
    *("codefiliere", "filiere", "codecombustible", "combustible"),
    *("codescombustiblessecondaires", "combustiblessecondaires", "codetechnologie"),
    *("technologie", "typestockage", "puismaxinstallee", "puismaxraccharge", "puismaxcharge"),
    *("puismaxrac", "puismaxinstalleedischarge", "nbgroupes", "nbinstallations", "regime"),
    *("energiestockable", "capacitereservoir", "hauteurchute", "productible", "debitmaximal"),
    *("codegestionnaire", "gestionnaire", "energieannuelleglissanteinjectee"),
    *("energieannuelleglissanteproduite", "energieannuelleglissantesoutiree"),
    *("energieannuelleglissantestockee", "maxpuis"),
)
FILIERES = {
    # Name, technology, hours of full power in a year.
    "SOLAI": ("Solaire", "Photovoltaïque", 1_120),
    "EOLIE": ("Eolien", "Eolien terrestre", 2_050),
    "HYDLQ": ("Hydraulique", "Fil de l'eau", 3_100),
    "BIOEN": ("Bioénergies", "Moteur à combustion interne", 5_200),
    "THERM": ("Thermique non renouvelable", "Turbine à combustion", 1_300),
    "NUCLE": ("Nucléaire", "Réacteur à eau pressurisée", 6_100),
    "GEOTH": ("Géothermie", "Turbine à vapeur", 6_500),
    "MARIN": ("Energies Marines", "Hydrolien", 2_000),
    "STOCK": ("Stockage non hydraulique", "Batterie", 300),
}
SMALL_ONES = "Agrégation des installations de moins de 36KW"
NOT_TOLD = "Confidentiel"
FUELS = {
    "BIOEN": (
        ("B.MET", "Biogaz de méthanisation"),
        ("B.STO", "Biogaz de centre de stockage de déchets"),
        ("B.EPU", "Biogaz de station d'épuration"),
    ),
    "THERM": (("GAZNA", "Gaz naturel"), ("FIOUL", "Fioul")),
}
COMMUNES_PER_NUCLEAR_SITE = 1_800
NUCLEAR_KW = 900_000.0


def electricity_registry(sample: Sample) -> bytes:
    """The national registry, as exported: byte-order mark, semicolons."""
    country = sample.country
    rng = stream("electricity")
    communes = country.communes_and_arrondissements(2026)
    plants = _plants(communes, rng)
    rows = _placed(country, communes)[plants["row"]].with_columns(
        plants.drop("row"), former=_former(country, communes)[plants["row"]]
    )
    count = len(rows)
    rank = np.arange(count)
    kind = rows["kind"].to_numpy()
    lost = (kind == "SOLAI") & (rank % 110 == 60)
    # A merged commune is still known by an old code in one row of two.
    code = pl.when(_text(rank % 2 == 0)).then(pl.coalesce("former", "code")).otherwise("code")
    known, several = _text(~lost), pl.col("installations") > 1
    hydro_in_corsica = (pl.col("kind") == "HYDLQ") & pl.col("departement").is_in(
        ISLAND_DEPARTEMENTS
    )
    started = rng.integers(1_995, 2_026, count)
    day = (
        pl.Series(started).cast(pl.String)
        + "-"
        + pl.Series(rng.integers(1, 13, count)).cast(pl.String).str.zfill(2)
    )
    overseas = pl.col("departement").str.len_chars() == 3
    operator = (
        pl.when(overseas | pl.col("departement").is_in(ISLAND_DEPARTEMENTS))
        .then(pl.lit("EDF SEI"))
        .when(pl.col("kw") > 50_000)
        .then(pl.lit("RTE"))
        .otherwise(pl.lit("Enedis"))
    )
    volts = (
        pl.when(pl.col("kw") > 50_000)
        .then(pl.lit("HTB2"))
        .when(pl.col("kw") > 250)
        .then(pl.lit("HTA"))
        .otherwise(pl.lit("BT"))
    )
    columns = {
        "nominstallation": pl.when(several)
        .then(pl.lit(SMALL_ONES))
        .when(_text(rank % 2 == 0))
        .then(pl.lit(NOT_TOLD))
        .otherwise(pl.lit("CENTRALE DE ") + pl.col("poor")),
        "codeeicresourceobject": _among(
            rows["kw"].to_numpy() > 36, "17W" + pl.Series(rank).cast(pl.String).str.zfill(12)
        ),
        "codeiris": pl.when(known & several).then(code + pl.lit("0000")),
        "codeinseecommune": pl.when(known).then(code),
        "commune": pl.when(known).then("label"),
        "codeepci": pl.when(known).then("siren"),
        "epci": pl.when(known).then("epci_label"),
        "codedepartement": pl.col("departement"),
        "departement": pl.col("departement_label"),
        "coderegion": pl.col("region"),
        "region": pl.col("region_label"),
        "datemiseenservice": pl.when(~several).then(_text(day + "-15")),
        "datemiseenservice_date": pl.when(~several).then(_text(day + "-15")),
        "tensionraccordement": volts,
        "moderaccordement": pl.when(~several).then(pl.lit("Direct")),
        "codefiliere": pl.col("kind"),
        "filiere": pl.col("kind").replace_strict({k: name for k, (name, _, _) in FILIERES.items()}),
        "codecombustible": pl.col("fuel"),
        "combustible": pl.col("fuel").replace(
            dict(pair for all_ in FUELS.values() for pair in all_)
        ),
        "technologie": pl.when(hydro_in_corsica)
        .then(pl.lit("Photovoltaïque"))
        .otherwise(pl.col("kind").replace_strict({k: how for k, (_, how, _) in FILIERES.items()})),
        "typestockage": pl.when(pl.col("kind") == "STOCK").then(pl.lit("Batterie")),
        "puismaxinstallee": pl.col("kw"),
        "puismaxrac": pl.when(~several).then("kw"),
        "nbgroupes": pl.when(~several).then(pl.lit(1)),
        "nbinstallations": pl.col("installations"),
        "regime": pl.lit("En service"),
        "hauteurchute": pl.when(pl.col("kind") == "HYDLQ").then(pl.lit(0)),
        "productible": pl.when(pl.col("kind") == "HYDLQ").then(pl.lit(0)),
        "debitmaximal": pl.when(pl.col("kind") == "HYDLQ").then(pl.lit(0)),
        "gestionnaire": operator,
        "energieannuelleglissanteinjectee": pl.col("kwh"),
        "energieannuelleglissantesoutiree": pl.when(pl.col("kind") == "STOCK").then(
            pl.col("kwh") * 1.2
        ),
        "maxpuis": pl.when(~several).then("kw"),
    }
    nothing = pl.lit(None, dtype=pl.String)
    frame = rows.select(columns.get(name, nothing).alias(name) for name in REGISTRY_COLUMNS)
    return BOM.encode() + _csv(frame, ";", LF, quote="necessary")


def _former(country: Country, communes: pl.DataFrame) -> pl.Series:
    """For every commune, a code of 2024 that it has taken over, if there is one."""
    taken = (
        country.members[2024]
        .rename({"code": "former"})
        .join(country.members[2026], on="parcel")
        .filter(pl.col("former") != pl.col("code"))
        .filter(~pl.col("former").is_in(communes["code"].implode()))
        .group_by("code")
        .agg(pl.col("former").min())
    )
    return communes.join(taken, on="code", how="left", maintain_order="left")["former"]


def _plants(communes: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Installations by the row of their commune: ``row, kind, fuel, installations, kw, kwh``."""
    people, area = (communes[name].to_numpy() for name in ("population_2023", "area"))
    count = len(communes)
    mainland = (communes["departement"].str.len_chars() == 2).to_numpy()
    density = people / area
    roofs = rng.poisson(0.011 * people + 1) * (people > 0)

    def some(chance: Floats | float, most: int = 1) -> Ints:
        """Rows of communes that have such installations, each up to so many times."""
        there = np.flatnonzero(rng.random(count) < chance)
        return np.repeat(there, rng.integers(1, most + 1, len(there)))

    rural, urban = mainland & (density < 60), density > 300
    near = np.argsort(np.abs(people - 1_500) + 1e6 * ~rural, kind="stable")
    sites = near[: max(1, count // COMMUNES_PER_NUCLEAR_SITE)]
    mountains = communes["departement"].is_in(["15", "2A", "2B", "01", "73", "74", "05"]).to_numpy()
    coast = np.flatnonzero(communes["departement"].is_in(["29", "35", "50"]).to_numpy())[:1]
    overseas = np.flatnonzero(communes["departement"].eq("971").to_numpy())[:1]
    kinds = [
        ("SOLAI", np.flatnonzero(roofs), None),
        ("SOLAI", np.repeat(np.arange(count), rng.poisson(0.35 + people / 12_000)), (130, 1.1)),
        ("EOLIE", some(np.where(rural, 0.05, 0), 3), (11_500, 0.3)),
        ("HYDLQ", some(np.where(mountains, 0.12, 0.02), 2), (420, 1.5)),
        ("BIOEN", some(np.where(mainland, 0.04, 0)), (480, 0.9)),
        ("THERM", some(np.where(urban, 0.25, 0.004)), (6_000, 1.3)),
        ("NUCLE", np.repeat(sites, 2), (NUCLEAR_KW, 0.0)),
        ("GEOTH", overseas, (15_000, 0.0)),
        ("MARIN", coast, (1_000, 0.0)),
        ("STOCK", some(0.01), (8_000, 0.5)),
    ]
    frames = []
    for kind, row, of_kw in kinds:
        installations = np.ones(len(row), dtype=np.int64)
        if of_kw is None:
            installations = roofs[row]
            kw = installations * rng.normal(4.3, 0.4, len(row))
        else:
            middle, spread = of_kw
            kw = np.maximum(36, middle * rng.lognormal(0, spread, len(row)))
        hours = FILIERES[kind][2] * rng.normal(1, 0.12, len(row)).clip(0.4, 1.6)
        kwh = np.round(kw * hours, -3)
        fuels = [code for code, _ in FUELS.get(kind, ())]
        frames.append(
            pl.DataFrame(
                {
                    "row": row,
                    "kind": [kind] * len(row),
                    "fuel": rng.choice(fuels, len(row)).tolist() if fuels else [None] * len(row),
                    "installations": installations,
                    "kw": np.round(kw, 1),
                    "kwh": kwh,
                },
                schema_overrides={"fuel": pl.String},
            )
        )
    plants = pl.concat(frames)
    return plants.with_columns(kwh=_energy(plants)).sort("row", maintain_order=True)


def _energy(plants: pl.DataFrame) -> pl.Expr:
    """Energy as it is told: not always."""
    rank = pl.int_range(pl.len())
    kind, one = pl.col("kind"), pl.col("installations") == 1
    secret = (pl.col("installations") < 3) & ~one | (one & (rank % 23 == 9))
    thermal = kind == "THERM"
    order = pl.col("kw").rank("ordinal", descending=True).over("kind")
    return (
        pl.when(thermal & (order == 1))
        .then(pl.lit(0.0))
        .when(thermal & (order == 2))
        .then(pl.lit(-104_000.0))
        .when((kind == "SOLAI") & (order == 5))
        .then(pl.lit(-23_000.0))
        .when(secret & (kind != "NUCLE"))
        .then(None)
        .otherwise("kwh")
    )


# --- biomethane ---

SITE_TYPES = {
    "Agricole autonome": 0.65,
    "Agricole territorial": 0.2,
    "Station d'épuration": 0.07,
    "Industriel territorial": 0.04,
    "ISDND": 0.04,
}
MISSPELT = "Aricole Territoriale"
SITES_PER_COMMUNE, FEWEST_SITES = 0.016, 30
BIOMETHANE_COG = 2024


def biomethane(sample: Sample) -> bytes:
    """Points of injection, exported with labels: a byte-order mark stands in the header too."""
    country = sample.country
    rng = stream("biomethane")
    communes = country.communes(BIOMETHANE_COG).filter(
        (pl.col("departement").str.len_chars() == 2) & pl.col("siren").is_not_null()
    )
    count = max(FEWEST_SITES, round(SITES_PER_COMMUNE * len(communes)))
    # The first of all in a commune that has been split since.
    rows = np.append(
        communes["code"].index_of("15141") or 0, rng.integers(0, len(communes), count - 1)
    )
    rank = np.arange(count)
    nowhere = rank % max(1, count // 2) == 4
    kind = np.array(rng.choice(list(SITE_TYPES), count, p=list(SITE_TYPES.values())), dtype=object)
    kind[7] = MISSPELT
    year = rng.choice(np.arange(2_014, 2_024), count, p=np.arange(1, 11) / 55)
    month = pl.Series(rng.integers(1, 13, count)).cast(pl.String).str.zfill(2)
    network = np.where(rank % 8 == 3, "Transport", "Distribution")
    operator = np.where(rank % 8 == 3, "GRTgaz", np.where(rank % 30 == 5, "R-GDS", "GRDF"))
    here = pl.when(_text(~nowhere))
    place = pl.concat_str(pl.col("lat").round(10), pl.col("lon").round(10), separator=", ")
    frame = _placed(country, communes[rows]).select(
        _text(year).alias("Annee mise en service"),
        (pl.lit("BIOGAZ DE ") + pl.col("poor")).alias("Nom du site"),
        _text(kind.tolist()).alias("Type de site"),
        here.then("label").alias("Commune"),
        here.then(place).alias("Coordonnees"),
        here.then("siren").alias("Code EPCI"),
        here.then("epci_label").alias("EPCI"),
        here.then("departement_label").alias("Departement"),
        here.then("region_label").alias("Region"),
        _text(pl.Series(year).cast(pl.String) + "-" + month + "-12").alias(
            "Date de mise en service"
        ),
        _text(operator).alias("Reseau"),
        _text(network).alias("Type de Réseau"),
        _text((4.469 * rng.integers(1, 9, count)).round(4)).alias(
            "Capacite de production (GWh/an)"
        ),
        pl.lit("GRTgaz").alias("Gestionnaire de registre"),
        (pl.lit("GD") + _text(pl.Series(rank + 300).cast(pl.String).str.zfill(4))).alias(
            "N° de PITD/PITP"
        ),
        here.then("departement").alias("Code Departement"),
        pl.col("region").alias("Code Region"),
        _text(
            np.where(
                rank % 3 == 0, "Augmentation prévue", "Aucune augmentation supplémentaire prévue"
            )
        ).alias("Augmentation prévue ?"),
        _text(11 + 7 * rng.permutation(count)).alias(f"{BOM}ID unique projet"),
        _among(rank == 9, np.full(count, "2021-07-13")).alias("Date de fermeture du site"),
        _text(np.where(rank == 9, "False", "True")).alias("Site ouvert ?"),
        here.then("code").alias("Code Commune Courant"),
    )
    text = _csv(frame, ";", LF).decode()
    return f"{BOM}{text}".encode()


# --- consumption of electricity and gas ---

HOUSING = (
    *("Nombre d'habitants", "Taux de logements collectifs", "Taux de résidences principales"),
    *("Superficie des logements < 30 m2", "Superficie des logements 30 à 40 m2"),
    *("Superficie des logements 40 à 60 m2", "Superficie des logements 60 à 80 m2"),
    *("Superficie des logements 80 à 100 m2", "Superficie des logements > 100 m2"),
    *("Résidences principales avant 1919", "Résidences principales de 1919 à 1945"),
    *("Résidences principales de 1946 à 1970", "Résidences principales de 1971 à 1990"),
    *("Résidences principales de 1991 à 2005", "Résidences principales de 2006 à 2015"),
    *("Résidences principales après 2016", "Taux de chauffage électrique"),
)
CONSUMPTION_COLUMNS = (
    *("OPERATEUR", "FILIERE", "Année", "Code Commune", "Nom Commune", "Code EPCI", "Nom EPCI"),
    *("Type EPCI", "Code Département", "Nom Département", "Code Région", "Nom Région"),
    *("CODE CATEGORIE CONSOMMATION", "CODE GRAND SECTEUR", "CODE SECTEUR NAF2", "Nb sites"),
    *("Conso totale (MWh)", "Conso moyenne (MWh)", "Nombre de mailles secretisées"),
    *("Part thermosensible (%)", "Conso totale  usages thermosensibles (MWh)"),
    *("Conso totale  usages non thermosensibles (MWh)", "Thermosensibilité totale (kWh/DJU)"),
    "Conso totale corrigée de l'aléa climatique  usages thermosensibles (MWh)",
    *(
        "Conso moyenne usages thermosensibles (MWh)",
        "Conso moyenne  usages non thermosensibles (MWh)",
    ),
    "Thermosensibilité moyenne (kWh/DJU)",
    "Conso moyenne corrigée de l'aléa climatique  usages thermosensibles (MWh)",
    *("DJU à TR", "DJU à TN", *HOUSING),
)
ELECTRICITY, GAS = "Electricité", "Gaz"
FEWEST_TOLD = 11
"""Sites under which what they use is not told."""


def consumption(sample: Sample) -> bytes:
    """Electricity and gas of 2024, exported with labels: a row per operator, category, sector."""
    country = sample.country
    rng = stream("consumption")
    communes = country.communes(2025)
    people = communes["population_2022"].to_numpy()
    count = len(communes)
    mainland = (communes["departement"].str.len_chars() == 2).to_numpy() & ~communes[
        "departement"
    ].is_in(ISLAND_DEPARTEMENTS).to_numpy()
    piped = mainland & (rng.random(count) < (people / 6_000).clip(0.03, 0.97))
    jobs = communes["pull"].to_numpy() ** 0.8 * 0.4
    factories = np.where(rng.random(count) < 0.3, jobs * rng.lognormal(0, 1, count), 0)
    # Kind of energy, category, sector, where, sites, megawatt-hours by site.
    blocks: list[tuple[str, str, str | None, Flags, Floats, float]] = [
        (ELECTRICITY, "RES", "RESIDENTIEL", people > 0, people / 1.95, 4.6),
        (ELECTRICITY, "PRO", "TERTIAIRE", people > 30, people / 14, 9.0),
        (ELECTRICITY, "PRO", "AGRICULTURE", mainland & (people < 3_000), np.sqrt(people) / 2, 11.0),
        (ELECTRICITY, "ENT", "TERTIAIRE", people > 1_000, people / 160, 230.0),
        (ELECTRICITY, "ENT", "INDUSTRIE", factories > 2, 1 + factories / 60, 900.0),
        (ELECTRICITY, "PRO", None, people > 4_000, np.full(count, 1.0), 20.0),
        (GAS, "RES", "RESIDENTIEL", piped, people / 5, 9.5),
        (GAS, "ENT", "INDUSTRIE", piped & (factories > 5), 1 + factories / 120, 1_500.0),
        (GAS, "PRO", "TERTIAIRE", piped, people / 70, 60.0),
    ]
    frames = [
        _consumers(block, rng).with_columns(block=pl.lit(rank)) for rank, block in enumerate(blocks)
    ]
    # What the largest plants take from the transport network.
    large = (factories > np.quantile(factories, 0.985)) & mainland
    high = (ELECTRICITY, "ENT", "INDUSTRIE", large, np.full(count, 1.0), 45_000.0)
    frames.append(_consumers(high, rng).with_columns(block=pl.lit(len(blocks)), secret=False))
    used = pl.concat(frames).sort("row", "block")
    rows = _placed(country, communes)[used["row"]].with_columns(used.drop("row"))
    return BOM.encode() + _csv(_consumption_columns(rows, len(blocks)), ";", LF, quote="necessary")


def _consumers(block: tuple[str, str, str | None, Flags, Floats, float], rng: Rng) -> pl.DataFrame:
    """Sites and their consumption by the row of their commune."""
    energy, category, sector, where, sites, by_site = block
    row = np.flatnonzero(where)
    number = np.maximum(1, np.round(sites[row] * rng.lognormal(0, 0.15, len(row))))
    mwh = number * by_site * rng.lognormal(0, 0.25, len(row))
    few = number < FEWEST_TOLD
    return pl.DataFrame(
        {
            "row": row,
            "energy": [energy] * len(row),
            "category": [category] * len(row),
            "sector": [sector] * len(row),
            "sites": number.astype(np.int64),
            "mwh": mwh.round(3),
            "secret": few & (rng.random(len(row)) < 0.85),
        },
        schema_overrides={"sector": pl.String},
    )


def _consumption_columns(rows: pl.DataFrame, transport: int) -> pl.DataFrame:
    """The columns of the file; ``transport`` is the block of what RTE delivers."""
    rank = np.arange(len(rows))
    told = ~pl.col("secret")
    island = pl.col("departement").is_in(ISLAND_DEPARTEMENTS)
    overseas = pl.col("departement").str.len_chars() == 3
    operator = (
        pl.when(pl.col("block") == transport)
        .then(pl.lit("RTE"))
        .when(pl.col("energy") == GAS)
        .then(pl.lit("GRDF"))
        .when(pl.col("departement") == MAYOTTE)
        .then(pl.lit("Electricité de Mayotte"))
        .when(island | overseas)
        .then(pl.lit("EDF SEI"))
        .when(pl.col("siren").str.slice(6, 2).eq("11"))
        .then(pl.lit("Régie d'électricité de ") + pl.col("epci_label"))
        .otherwise(pl.lit("Enedis"))
    )
    # A few secrets are zeros.
    zero = pl.col("secret") & _text(rank % 19 == 4)
    mean = (pl.col("mwh") / pl.col("sites")).round(6)
    homes = (pl.col("category") == "RES") & (pl.col("energy") == ELECTRICITY)
    shares = stream("housing").dirichlet(np.ones(6), len(rows)).round(3) * 100
    sizes = {name: shares[:, i].round(1) for i, name in enumerate(HOUSING[3:9])}
    values = {
        "OPERATEUR": operator,
        "FILIERE": pl.col("energy"),
        "Année": pl.lit(2024),
        "Code Commune": pl.col("code"),
        "Nom Commune": pl.col("label"),
        "Code EPCI": pl.col("siren"),
        "Nom EPCI": pl.col("epci_label"),
        "Code Département": pl.col("departement"),
        "Nom Département": pl.col("departement_label"),
        "Code Région": pl.col("region"),
        "Nom Région": pl.col("region_label"),
        "CODE CATEGORIE CONSOMMATION": pl.col("category"),
        "CODE GRAND SECTEUR": pl.col("sector"),
        "Nb sites": pl.when(told).then("sites"),
        "Conso totale (MWh)": pl.when(zero).then(pl.lit(0.0)).when(told).then("mwh"),
        "Conso moyenne (MWh)": pl.when(told).then(mean),
        # Of a secret, there are 0, 1 or 2.
        "Nombre de mailles secretisées": pl.when(told).then(pl.lit(0)).otherwise(_text(rank % 3)),
        "Nombre d'habitants": pl.when(homes).then("population_2022"),
        **{name: pl.when(homes).then(_text(share)) for name, share in sizes.items()},
        "Taux de chauffage électrique": pl.when(homes).then(_text(shares[:, 0].round(1))),
    }
    nothing = pl.lit(None, dtype=pl.String)
    return rows.select(values.get(name, nothing).alias(name) for name in CONSUMPTION_COLUMNS)


# --- networks of heat and cold ---

HEAT_SOURCES = {
    "BIOMASSE_SOLIDE": 0.26,
    "UIOM": 0.25,
    "GAZ_NATUREL": 0.34,
    "GEOTHERMIE": 0.07,
    "CHARBON": 0.01,
    "FIOUL_DOMESTIQUE": 0.01,
    "CHALEUR_INDUSTRIEL": 0.03,
    "AUTRES": 0.03,
}
OTHER_SOURCES = (
    *("AUTRE_CHALEUR_RECUPEREE", "AUTRES_ENR", "BIOGAZ", "CHAUDIERES_ELECTRIQUES"),
    *("DECHETS_INTERNES", "FIOUL_LOURD", "GPL", "PAC", "SOLAIRE_THERMIQUE"),
)
COLD_SOURCES = ("AUTRES_FROID", "FROID_PASSIF", "GF_ABSORPTION", "GF_COMPRESSION", "PAC_FROID")
COGENERATION = (
    *("AUTRES", "BIOGAZ", "BIOMASSE_SOLIDE", "CHARBON", "DECHETS_INTERNES", "FIOUL_DOMESTIQUE"),
    *("FIOUL_LOURD", "GAZ_NATUREL", "GPL"),
)
HEAT_COLUMNS = (
    *("ANNEE", "COMMUNE_CODE", "COMMUNE_LIBELLE", "FILIERE", "ID", "NCC", "OPERATEUR"),
    *("PUISSANCE", *(f"PUISSANCE_{s}" for s in sorted((*HEAT_SOURCES, *OTHER_SOURCES)))),
    *(f"PUISSANCE_{source}" for source in COLD_SOURCES),
    *("PRODUCTION_TOTALE", *(f"PRODUCTION_{s}" for s in sorted((*HEAT_SOURCES, *OTHER_SOURCES)))),
    *("PCTCOG", *(f"PCTCOG_{source}" for source in COGENERATION)),
    *("CONSOR", "CONSOT", "CONSOI", "CONSOA", "CONSONA", "CONSOTOT", "PDL"),
    *("CONTENU_EN_CO2", "CONTENU_EN_CO2_ACV"),
)
NETWORKS_PER_COMMUNE, FEWEST_NETWORKS = 0.025, 20
COLD_EVERY = 12
"""One network in so many is of cold."""


def heat_networks(sample: Sample) -> bytes:
    """Networks of 2024: everything quoted."""
    rng = stream("heat networks")
    communes = sample.country.communes(2025).filter(pl.col("departement").str.len_chars() == 2)
    people = communes["population_2022"].to_numpy().astype(float)
    count = max(FEWEST_NETWORKS, round(NETWORKS_PER_COMMUNE * len(communes)))
    weight = people**1.2
    rows = communes[np.sort(rng.choice(len(communes), count, p=weight / weight.sum()))]
    rank = np.arange(count)
    cold = rank % COLD_EVERY == 5
    made = np.where(cold, 6_000, 22_000) * rng.lognormal(0, 1, count)
    sources = np.array(list(HEAT_SOURCES.values()))
    parts = made[:, None] * rng.dirichlet(sources * 6, count) * ~cold[:, None]
    sold = made * rng.uniform(0.78, 0.93, count)
    uses = (sold[:, None] * rng.dirichlet([6, 4, 1, 0.2, 0.1], count)).round(1)
    points = np.maximum(1, np.round(made / 180)).astype(np.int64)
    secret = (points < FEWEST_TOLD) | (rank % 6 == 3)
    digits = pl.Series(rank + 101).cast(pl.String).str.zfill(4)

    def told(values: Iterable[float], hidden: Flags | None = None) -> pl.Expr:
        text = pl.Series(values).cast(pl.String).str.strip_suffix(".0")
        if hidden is None:
            return _text(text)
        return pl.when(_text(hidden)).then(pl.lit("secret")).otherwise(_text(text))

    columns = {
        "ANNEE": pl.lit("2024"),
        "COMMUNE_CODE": pl.col("code"),
        "COMMUNE_LIBELLE": pl.col("label"),
        "FILIERE": _text(np.where(cold, "F", "C")),
        "ID": pl.col("departement") + _text(digits) + _text(np.where(cold, "F", "C")),
        "NCC": pl.lit("Réseau de ") + pl.col("label"),
        "OPERATEUR": pl.lit("Réseaux réunis"),
        "PUISSANCE": told((made / 1_800).round(2)),
        "PRODUCTION_TOTALE": told(parts.round(1).sum(axis=1).round(1) + made.round(1) * cold),
        "CONTENU_EN_CO2": told(rng.uniform(0.03, 0.25, count).round(3)),
        "CONTENU_EN_CO2_ACV": told(rng.uniform(0.05, 0.3, count).round(3)),
        "PDL": told(points, secret & (rank % 2 == 0)),
        "CONSOTOT": told(uses.sum(axis=1).round(1), secret),
    }
    columns |= {
        f"PRODUCTION_{source}": told(parts[:, i].round(1)) for i, source in enumerate(HEAT_SOURCES)
    }
    columns |= {
        name: told(uses[:, i], secret)
        for i, name in enumerate(("CONSOR", "CONSOT", "CONSOI", "CONSOA", "CONSONA"))
    }
    frame = rows.select(columns.get(name, pl.lit("0")).alias(name) for name in HEAT_COLUMNS)
    return _csv(frame, ";", LF, quote="always")


ODRE = "https://odre.opendatasoft.com/api/explore/v2.1/catalog/datasets"
REGISTRY = "registre-national-installation-production-stockage-electricite-agrege"
ORE = "consommation-annuelle-d-electricite-et-gaz-par-commune"
ENTRIES = (
    Entry(
        "odre_electricity_registry",
        "2026-07-31",
        f"{REGISTRY}.csv",
        "ODRÉ",
        "Registre national des installations de production et de stockage d'électricité"
        " (au 31/07/2026)",
        f"{ODRE}/{REGISTRY}/exports/csv",
        electricity_registry,
        "one row per installation or group of small ones; blank energy = unknown; codes of 2024",
    ),
    Entry(
        "odre_biomethane",
        "2023",
        "points-d-injection-de-biomethane-en-france.csv",
        "ODRÉ",
        "Points d'injection de biométhane en France",
        f"{ODRE}/points-dinjection-de-biomethane-en-france/exports/csv?use_labels=true",
        biomethane,
        "BOM at the start and a second one inside the header; capacity GWh/year; COG 2024",
    ),
    Entry(
        "ore_consumption",
        "2024",
        f"{ORE}.csv",
        "Agence ORE",
        "Consommation annuelle d'électricité et de gaz par commune",
        f"https://opendata.agenceore.fr/data-fair/api/v1/datasets/{ORE}/raw",
        consumption,
        "labels as headers; blank = secret; one year of those the file has",
    ),
    Entry(
        "sdes_heat_networks",
        "2024",
        "reseaux-de-chaleur-et-de-froid.csv",
        "SDES",
        "Réseaux de chaleur et de froid",
        "https://data.statistiques.developpement-durable.gouv.fr/dido/api/v1/datafiles/"
        "b0c273bb-1578-42f3-b22b-074d78de3ca3/csv?millesime=2024-09",
        heat_networks,
        "secret deliveries; heat (C) and cold (F)",
    ),
)
