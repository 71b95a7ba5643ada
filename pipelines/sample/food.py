"""The files of food, water and emission factors, and the EPCI that old files speak of.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
an OpenDocument workbook in a zip, the sheet after another  ``ra2020``
one, empty rows at its end; a header on two lines; blank
for a secret, all of a row or parts of it; communes
without a row; parts a hectare above the whole; land of
neighbours counted at the farm's seat; geography of 2020
several years; a header of both cases; commas in names;     ``agence_bio``
communes that appear, disappear, or have several postal
codes; conversion and certified land in one sum
codes of communes merged long ago, some in the 1970s, and   ``inao``
some that lost their zero; cp1252; a row repeated; a
commune in several areas
several uses of one installation; volumes of dams, that     ``bnpe``
dwarf all others; nothing under 10,000 m³; a volume that
is unknown; codes of communes merged since
decimal commas, powers of ten; negative values; parts that  ``base_carbone``
must not be added to their whole; archived elements; stray
quotes, tabulators, line breaks and separators in names;
ends of validity in all forms; cp1252
one line for a project, its communes in one cell; projects  ``pats``
that overlap; one without communes; no usual name; cp1252
a workbook of Excel 97, codes on line 6; geography of       ``epci_2019``
2019; EPCI that are no more; ``ZZZZZZZZZ``
==========================================================  =====================
"""

import json
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from pipelines.sample.base_carbone import base_carbone
from pipelines.sample.country import Country
from pipelines.sample.entries import Entry
from pipelines.sample.epci_2018 import epci_of_2018
from pipelines.sample.files import CRLF, LF, Row, Sample, _csv, _zip
from pipelines.sample.ground import stream
from pipelines.sample.land import Floats, Ints
from pipelines.sample.names import ARTICLES, elide, invent
from pipelines.sample.workbooks import ods, xls

# --- the agricultural census ---

RA2020_HEADER = (
    *("CODE_COM", "LIB_COM", "SAU (en hectares)"),
    "Surfaces céréales et oléoprotéagineux\n(en hectares)",
    *("Surfaces prairies (en hectares)", "Surfaces cultures permanentes (en hectares)"),
)
NO_SEAT, ALL_SECRET, PARTS_SECRET = 0.05, 0.08, 0.13
"""Chances, one on top of the other: no farm has its seat here, nothing is told, parts are not."""
CROWDED = 1_500
"""Inhabitants per km² where nothing is farmed any more."""


def _farmland(country: Country, year: int) -> pl.DataFrame:
    """The communes of a year with ``farmland`` (ha), at the seat of farms, none where crowded."""
    communes = country.communes(year)
    spread = stream(f"farmland {year}").lognormal(0, 0.5, len(communes)).round(6)
    density = pl.col("population_2023") / pl.col("area")
    share = 0.52 * (1 - density / CROWDED).clip(0.002, 1)
    return communes.with_columns(farmland=100 * pl.col("area") * share * pl.lit(pl.Series(spread)))


def ra2020(sample: Sample) -> bytes:
    """``RA2020_1013_SAU_Communes.zip``: a workbook, the communes of 2020 on its second sheet."""
    farms = _farmland(sample.country, 2020)
    rng = stream("ra2020")
    luck = rng.random(len(farms))
    parts = rng.dirichlet([2, 2, 0.4], len(farms)).round(6)
    told, parts_told = (
        pl.lit(pl.Series(luck >= ALL_SECRET)),
        pl.lit(pl.Series(luck >= PARTS_SECRET)),
    )

    def part(rank: int) -> pl.Expr:
        # Each is rounded for itself: their sum can be above the whole, as in the real file.
        value = (pl.col("farmland") * pl.lit(pl.Series(parts[:, rank]))).round()
        return pl.when(parts_told).then(value.cast(pl.Int64))

    rows = farms.select(
        "code",
        "label",
        farmland=pl.when(told).then(pl.col("farmland").round().cast(pl.Int64)),
        cereals=part(0),
        grassland=part(1),
        permanent=part(2),
    ).filter(pl.Series(luck >= NO_SEAT))
    note = [["Recensement agricole 2020"], ["Une case vide : secret statistique"]]
    book = ods({"Lisez-moi": note, "RA2020_Communes": [RA2020_HEADER, *rows.iter_rows()]})
    return _zip({"RA2020_1013_SAU_Communes.ods": book})


# --- organic farming ---

BIO_YEARS = range(2021, 2026)
BIO_SEATS, BIO_SHARE = 0.55, 0.11
"""Share of the communes with an organic farm once, and of organic land in theirs."""
SEVERAL_POSTAL_CODES = 20_000
"""Inhabitants from which a commune has two postal codes, and a row for each."""


def agence_bio(sample: Sample) -> bytes:
    """``donnees-communes-sau.csv``: a row per commune (postal code) and year with operators."""
    country = sample.country
    farms = _farmland(country, 2025)
    rng = stream("organic")
    size = (len(farms), len(BIO_YEARS))
    seat = rng.random((len(farms), 1)) < BIO_SEATS
    there = seat & (rng.random(size) > 0.08)
    growth = np.array([0.94 ** (max(BIO_YEARS) - year) for year in BIO_YEARS])
    share = (BIO_SHARE / BIO_SEATS) * rng.lognormal(-0.3, 0.8, (len(farms), 1)) * growth
    organic = (farms["farmland"].to_numpy()[:, None] * share.clip(0, 0.9)).round(2)
    conversion = (organic * rng.beta(1.2, 9, size)).round(2)
    commune, year = np.nonzero(there)
    ha, converted = organic[there], conversion[there]
    rows = (
        farms[commune]
        .with_columns(
            annee=np.array(BIO_YEARS)[year],
            nb_exp=np.maximum(1, (ha / 55).round()).astype(np.int64),
            surfab=(ha - converted).round(2),
            surfc1=(converted * 0.5).round(2),
            surfc2=(converted * 0.3).round(2),
            surfc3=(converted - (converted * 0.5).round(2) - (converted * 0.3).round(2)).round(2),
            surfc123=converted,
            surfbio=ha,
        )
        .join(country.regions.select(region="code", region_label="label"), on="region")
        .join(country.departements.select(departement="code", dep_label="label"), on="departement")
        .join(country.epci.select("siren", epci="label"), on="siren", how="left")
        .with_columns(
            codes=pl.when(pl.col("population_2023") > SEVERAL_POSTAL_CODES).then(2).otherwise(1)
        )
        .with_columns(rank=pl.int_ranges("codes"))
        .explode("rank")
        .sort("annee", "code", "rank")
    )
    columns = rows.select(
        "annee",
        coderegion="region",
        region="region_label",
        codedepartement="departement",
        departement="dep_label",
        codeepci="siren",
        epci="epci",
        codeinseecommune="code",
        codepostalcommune=pl.col("code").str.head(4).str.replace("[AB]", "0")
        + pl.col("rank").cast(pl.String),
        commune="label",
        nb_exp=(pl.col("nb_exp") + pl.col("codes") - 1) // pl.col("codes"),
        surfab=pl.col("surfab") / pl.col("codes"),
        surfc1=pl.col("surfc1") / pl.col("codes"),
        surfc2=pl.col("surfc2") / pl.col("codes"),
        surfc3=pl.col("surfc3") / pl.col("codes"),
        surfc123=pl.col("surfc123") / pl.col("codes"),
        SurfBIO=pl.col("surfbio") / pl.col("codes"),
    )
    return _csv(columns, ",", LF, quote="necessary")


# --- protected appellations of origin ---

LONG_GONE = ("01024", "27109", "15068")
"""Communes merged in the 1970s: each lies in an area of its own, under its old code."""
AREAS_PER_DEPARTEMENT = 4
OLD_CODES, LOST_ZEROS = 0.3, 0.03
"""Share of the communes merged since that keep their old code; of codes without their zero."""


def inao(sample: Sample) -> bytes:
    """``2025-10-09-comagri-communes-aires-ao.csv``: a row per commune and area."""
    country = sample.country
    parcels = country.parcels.join(country.members[2025], on="parcel").sort("parcel")
    rng = stream("appellations")
    area, parcel = _areas(parcels, AREAS_PER_DEPARTEMENT * len(country.departements), rng)
    codes = parcels.select("parcel", "departement", "code")[parcel].with_columns(
        area=pl.Series(area), old=pl.Series(rng.random(len(parcel)) < OLD_CODES)
    )
    old = pl.col("parcel").is_in(LONG_GONE) | (
        pl.col("old") & pl.col("parcel").is_in(_gone(country))
    )
    listed = (
        codes.with_columns(code=pl.when(old).then("parcel").otherwise("code"))
        .unique(["area", "code"], maintain_order=True)
        .join(_names_of_all_times(country), on="code", how="left")
        .join(country.departements.select(departement="code", dep="poor"), on="departement")
        .sort("area", "code")
    )
    names = [name.label for name in invent(int(area.max()) + 1, stream("appellation names"))]
    zero = pl.col("code").str.starts_with("0") & pl.Series(rng.random(len(listed)) < LOST_ZEROS)
    first = pl.col("code").str.starts_with("0").cum_sum().eq(1) & pl.col("code").str.starts_with(
        "0"
    )
    rows = listed.select(
        CI=pl.when(zero | first).then(pl.col("code").str.slice(1)).otherwise("code"),
        Département="dep",
        Commune="rich",
        Art=pl.col("tncc").replace_strict({str(i): a.strip() for i, a in enumerate(ARTICLES)}),
        aire=pl.col("area").replace_strict(dict(enumerate(names))),
        IDA=pl.col("area").cast(pl.Int64) * 3 + 101,
    )
    lines = [
        f'{ci};{dep};{commune};{article};"{name}";{ida}'
        for ci, dep, commune, article, name, ida in pl.concat([rows, rows.head(1)]).iter_rows()
    ]
    return _lines(['CI;Département;Commune;Art;"Aire géographique";IDA', *lines], CRLF)


def _areas(parcels: pl.DataFrame, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Areas of neighbouring parcels, of many sizes: number of the area, row of the parcel."""
    points = parcels.select(pl.col("lon") * pl.col("lat").radians().cos(), "lat").to_numpy()
    named = [parcels["parcel"].index_of(code) for code in LONG_GONE]
    centres = [row for row in named if row is not None]
    centres += [int(row) for row in rng.integers(0, len(parcels), count - len(centres))]
    sizes = rng.lognormal(2.6, 0.9, count).clip(3, len(parcels) // 4).astype(np.int64)
    near = [_nearest(points, points[row], size) for row, size in zip(centres, sizes, strict=True)]
    return np.repeat(np.arange(count), sizes), np.concatenate(near)


def _nearest(points: Floats, to: Floats, count: int) -> Ints:
    distance = np.hypot(*(points - to).T)
    rows: Ints = np.sort(np.argpartition(distance, count)[:count])
    return rows


def _gone(country: Country) -> list[str]:
    """Codes that no commune bears any more."""
    return country.parcels.join(country.names[2025], left_on="parcel", right_on="code", how="anti")[
        "parcel"
    ].to_list()


def _names_of_all_times(country: Country) -> pl.DataFrame:
    """Names by code: those of 2025, or the last of those that are no more."""
    gone = country.movements.filter(old_type="COM").select(
        code="old", tncc="tncc_old", rich="rich_old"
    )
    return pl.concat([country.names[2025].select("code", "tncc", "rich"), gone]).unique(
        "code", keep="first", maintain_order=True
    )


# --- withdrawals of water ---

BNPE_YEAR = 2024
USES = {
    "AEP": "EAU POTABLE",
    "BAR": "EAU TURBINEE (barrage)",
    "CAN": "CANAUX",
    "ENE": "ENERGIE",
    "EXO": "EXONERATION",
    "IND": "INDUSTRIE et ACTIVITES ECONOMIQUES (hors irrigation, hors énergie)",
    "IRR": "IRRIGATION",
}
SMALLEST_DECLARED = 10_000
LITRES_DRUNK = 150 * 365
"""What one inhabitant takes from the pipes in a year, which leak a fifth."""


def bnpe(sample: Sample) -> bytes:
    """``chroniques_2024.json``: the answer of Hub'Eau for one year, all départements joined."""
    country = sample.country
    places = (
        country.parcels.sort("parcel")
        .join(country.members[2021].rename({"code": "former"}), on="parcel")
        .join(country.members[2026], on="parcel")
        .join(country.names[2026], on="code")
        .join(country.departements.select(departement="code", dep="label"), on="departement")
    )
    drawn = pl.concat(_withdrawals(places, stream("withdrawals")))
    rows = drawn.filter(pl.col("volume").is_null() | (pl.col("volume") >= SMALLEST_DECLARED))
    numbered = rows.sort("parcel", "site", "usage").with_columns(
        installation=pl.struct("parcel", "site").rank("dense").cast(pl.String).str.zfill(10)
    )
    data = [_withdrawal(row) for row in numbered.iter_rows(named=True)]
    url = "https://hubeau.eaufrance.fr/api/v1/prelevements/chroniques"
    envelope = {
        "count": len(data),
        "first": f"{url}?annee={BNPE_YEAR}&page=1&size=20000",
        "last": None,
        "prev": None,
        "next": None,
        "api_version": "1.0.0",
        "data": data,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def _withdrawals(places: pl.DataFrame, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    """Installations by use: where they are (``site`` tells those of a parcel), what they take.

    A well in three takes the water of a town and of its workshops.
    """
    people, area = places["population_2023"].to_numpy(), places["area"].to_numpy()
    drunk = people.sum() * LITRES_DRUNK / 1_000 / 0.8
    for usage, site, chance, volume in (
        ("AEP", 0, 0.3, drunk * people / people.sum() / 0.3),
        ("IND", 0, 0.1, 0.3 * drunk * people / people.sum() / 0.1),
        ("IRR", 1, 0.15, 1_500.0 * area),
        ("EXO", 2, 0.02, 1_000.0 * area),
        ("CAN", 3, 0.006, np.full(len(places), 4e6)),
        ("ENE", 4, 0.004, np.full(len(places), 9e7)),
        ("BAR", 5, 0.006, np.full(len(places), 2e9)),
    ):
        there = rng.random(len(places)) < chance
        there[rng.integers(len(places))] = True
        taken = (volume * rng.lognormal(-0.2, 0.7, len(places))).round()
        unknown = rng.random(len(places)) < 0.01
        yield places.with_columns(
            usage=pl.lit(usage),
            site=pl.lit(site),
            volume=pl.Series(taken).set(pl.Series(unknown), None).cast(pl.Int64),
            # Some declarations still name the commune of before a merge.
            declared=pl.when(pl.Series(rng.random(len(places)) < 0.3))
            .then("former")
            .otherwise("code"),
        ).filter(pl.Series(there))


def _withdrawal(row: dict[str, str | int | float]) -> dict[str, object]:
    """A row as Hub'Eau writes it."""
    code = f"OPR{row['installation']}"
    volume = row["volume"]
    return {
        "code_ouvrage": code,
        "annee": BNPE_YEAR,
        "volume": volume,
        "code_usage": row["usage"],
        "libelle_usage": USES[str(row["usage"])],
        "code_statut_volume": "1" if volume is not None else "0",
        "libelle_statut_volume": "Volume réel" if volume is not None else "Volume inconnu",
        "code_qualification_volume": "1",
        "libelle_qualification_volume": "Correcte",
        "code_statut_instruction": "CON",
        "libelle_statut_instruction": "Confirmé",
        "code_mode_obtention_volume": "MDI",
        "libelle_mode_obtention_volume": "Mesure directe",
        "prelevement_ecrasant": False,
        "producteur_donnee": "Agence de l'eau fictive",
        "longitude": round(float(row["lon"]), 6),
        "latitude": round(float(row["lat"]), 6),
        "code_commune_insee": row["declared"],
        "nom_commune": row["label"],
        "code_departement": row["departement"],
        "libelle_departement": row["dep"],
        "nom_ouvrage": f"OUVRAGE DE {row['poor']}",
        "uri_ouvrage": f"https://id.eaufrance.fr/OuvragePrel/{code}",
    }


# --- territorial food projects ---

PAT_HEADER = (
    "id;lien_vers_la_fiche_pat;nom_administratif;nom_usuel;regions;departement;epci;"
    "communes_code_insee"
)
EPCI_PER_PAT = 2


def pats(sample: Sample) -> bytes:
    """``pats-20250710-win1252.csv``: projects of some EPCI, of départements, of nobody."""
    country = sample.country
    communes = country.communes(2025).drop_nulls("siren")
    groups = country.epci.sort("departement", "siren").with_columns(
        pat=pl.int_range(pl.len()) // EPCI_PER_PAT
    )
    of_epci = (
        communes.join(groups.select("siren", "pat", home="departement"), on="siren")
        .filter(pl.col("pat") % 3 != 0)
        .group_by("pat", maintain_order=True)
        .agg(
            pl.col("home").first(),
            pl.col("code").sort(),
            pl.col("rich").get(pl.col("population_2023").arg_max()),
        )
        .sort("pat")
    )
    every_other = country.departements["code"].sort().gather_every(2).to_list()
    of_departements = (
        communes.filter(pl.col("departement").is_in(every_other))
        .group_by(home="departement", maintain_order=True)
        .agg(pl.col("code").sort(), pl.lit("").alias("rich"))
        .sort("home")
    )
    labels = {
        row[0]: row[1:]
        for row in country.departements.select("code", "label", "region").iter_rows()
    }
    regions = dict(country.regions.select("code", "label").iter_rows())
    lines, number = [PAT_HEADER], 800
    for home, codes, name in [
        *of_epci.select("home", "code", "rich").iter_rows(),
        *of_departements.select("home", "code", "rich").iter_rows(),
        (every_other[0], [], "Sœurville"),
    ]:
        number += 7
        label, region = labels[home]
        official = elide(f"Projet de l’agglomération de {name}") if name else f"PAT de {label}"
        usual = f"Manger à {name} : « les bœufs & l’orge »" if name and number % 2 else ""
        link = f"https://example.org/pat/{number}/"
        texts = map(_as_php_writes, (official, usual, regions[region], label))
        lines.append(";".join([str(number), link, *texts, "", ",".join(codes)]))
    return _lines(lines, LF)


def _as_php_writes(text: str) -> str:
    """In quotes if there is a space in it, or what else could mislead."""
    return '"' + text.replace('"', '""') + '"' if set(' ;"\t\n') & set(text) else text


def _lines(lines: Iterable[str], newline: str) -> bytes:
    return "".join(line + newline for line in lines).encode("cp1252")


# --- the EPCI of 2019 ---


def epci_2019(sample: Sample) -> bytes:
    """``Intercommunalite_Metropole_au_01-01-2019.zip``: a workbook of Excel 97, two sheets."""
    communes = epci_of_2018(sample.country, 2019)
    members = communes.select(
        CODGEO="code",
        LIBGEO="label",
        EPCI=pl.col("siren").fill_null("ZZZZZZZZZ"),
        LIBEPCI=pl.col("epci").fill_null("Sans objet"),
        DEP="departement",
        REG="region",
    )
    kinds = sample.country.epci.select(
        siren="siren", nature=pl.col("nature").replace("METRO", "ME")
    )
    epci = (
        communes.drop_nulls("siren")
        .group_by("siren", "epci")
        .len("NB_COM")
        .join(kinds, on="siren", how="left")
        .sort("siren")
        .select(
            EPCI="siren",
            LIBEPCI="epci",
            NATURE_EPCI=pl.col("nature").fill_null("CC"),
            NB_COM="NB_COM",
        )
    )
    labels = ("Code géographique", "Libellé géographique")
    member_labels = (*labels, "EPCI", "Libellé de l'EPCI", "Département", "Région")
    epci_labels = ("EPCI", "Libellé de l'EPCI", "Nature d'EPCI", "Nombre de communes")
    book = xls(
        {
            "EPCI": _titled_2019("Liste des EPCI", epci_labels, epci),
            "Composition_communale": _titled_2019("Composition communale", member_labels, members),
        }
    )
    return _zip({"Intercommunalité - Métropole au 01-01-2019.xls": book})


def _titled_2019(title: str, labels: Row, frame: pl.DataFrame) -> Iterator[Row]:
    yield ["Intercommunalité - Métropole au 1er janvier 2019"]
    yield [title]
    yield ["Mise en ligne le 15/04/2019       Géographie au 01/01/2019"]
    yield ["@Insee       Source(s) : Insee, Code officiel géographique"]
    yield labels
    yield frame.columns
    yield from frame.iter_rows()


ENTRIES = (
    Entry(
        "agreste_ra2020",
        "2020",
        "RA2020_1013_SAU_Communes.zip",
        "Agreste",
        "Recensement agricole 2020 : surface agricole utilisée par commune du siège",
        "https://agreste.agriculture.gouv.fr/agreste-web/download/publication/publie/RA2020_1013/"
        "RA2020_1013_SAU_Communes.zip",
        ra2020,
        "ha, at the farm's seat; empty = secret; COG 2020",
    ),
    Entry(
        "agence_bio",
        "2025",
        "donnees-communes-sau.csv",
        "Agence Bio",
        "Surfaces en agriculture biologique à la commune",
        "https://www.data.gouv.fr/fr/datasets/r/b7ce51bf-5675-4843-b618-247ef209416d",
        agence_bio,
        "several years; a commune without operators has no row",
    ),
    Entry(
        "inao_aop",
        "2025",
        "2025-10-09-comagri-communes-aires-ao.csv",
        "INAO",
        "Aires géographiques des AOC/AOP par commune",
        "https://static.data.gouv.fr/resources/aires-geographiques-des-aoc-aop/20251009-122320/"
        "2025-10-09-comagri-communes-aires-ao.csv",
        inao,
        "codes of communes merged since the 1970s; some lost their leading zero",
    ),
    Entry(
        "bnpe_withdrawals",
        "2024",
        "chroniques_2024.json",
        "OFB, Hub'Eau",
        "Prélèvements d'eau par ouvrage (BNPE)",
        f"https://hubeau.eaufrance.fr/api/v1/prelevements/chroniques?annee={BNPE_YEAR}",
        bnpe,
        "all uses, turbined water too; nothing under 10,000 m³",
    ),
    Entry(
        "ademe_base_carbone",
        "23.6",
        "Base_Carbone_V23.6.csv",
        "ADEME",
        "Base Carbone V23.6",
        "https://data.ademe.fr/data-fair/api/v1/datasets/base-carboner/data-files/"
        "Base_Carbone_V23.6.csv",
        base_carbone,
        "cp1252, decimal commas; invented values",
    ),
    Entry(
        "pat_perimeters",
        "2025",
        "pats-20250710-win1252.csv",
        "Ministère de l'agriculture",
        "Projets alimentaires territoriaux",
        "https://static.data.gouv.fr/resources/pat-projets-alimentaires-territoriaux-description/"
        "20250710-204354/pats-20250710-win1252.csv",
        pats,
        "national layout: the communes of a project in one cell; projects overlap",
    ),
    Entry(
        "insee_epci",
        "2019",
        "Intercommunalite_Metropole_au_01-01-2019.zip",
        "INSEE",
        "Composition communale des EPCI au 1er janvier 2019",
        "https://www.insee.fr/fr/statistiques/fichier/2510634/"
        "Intercommunalite_Metropole_au_01-01-2019.zip",
        epci_2019,
        "COG 2019; a workbook of Excel 97",
    ),
)
