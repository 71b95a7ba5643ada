"""The files of perimeters: coherence schemes, regional nature parks, communes by the sea.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
everything quoted, True and False as Python writes them;    ``scots``
a body without a scheme in force, one with two of them;
one in force and one in preparation; ``annee_cog`` 2024
whatever the day
schemes and other planning documents; a scheme in           ``perimetres``
preparation over one in force; one replaced, of which the
list says nothing; delegated communes with the code of
their commune; geography of 2024
``-9999`` for no park; geography of 2021                    ``pnr``
lines of title above the header; a commune by the sea and   ``littoral``
by a lake, on two rows; a row repeated; an empty last row;
other sheets; geography of 2022; nothing overseas
==========================================================  =====================
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely

from pipelines.sample.administration import siren
from pipelines.sample.country import Country
from pipelines.sample.entries import Entry
from pipelines.sample.files import LF, Row, Sample, _csv, _Workbook
from pipelines.sample.ground import MAINLAND, stream
from pipelines.sample.land import Ints, Shapes
from pipelines.sample.names import elide
from pipelines.sample.transport import uuids

DOCURBA = "https://docurba.beta.gouv.fr/api"

# --- coherence schemes ---

COG_YEAR = 2024
EPCI_PER_SCHEME = 2
IN_FORCE, IN_PREPARATION = 0.8, 0.3
"""Of the schemes; an EPCI can be under one of both kinds, or of none."""


@dataclass(frozen=True)
class _Schemes:
    """Schemes by row, and the communes of 2024 with the row of their scheme.

    ``in_force`` and ``next`` are the identifiers of the schemes of each row, or nothing;
    ``replaced`` is one of a time before, known by its perimeter only.
    """

    rows: pl.DataFrame
    communes: pl.DataFrame


def _schemes(country: Country) -> _Schemes:
    """Groups of EPCI of a département, named after the largest of their communes."""
    rng = stream("schemes")
    number = pl.col("siren").rank("dense").over("departement") - 1
    communes = country.communes(COG_YEAR).filter(
        pl.col("siren").is_not_null() & (pl.col("departement").str.len_chars() == 2)
    )
    groups = communes.group_by("siren").agg(pl.col("departement").mode().sort().first())
    scheme = pl.struct("departement", number // EPCI_PER_SCHEME).rank("dense") - 1
    communes = communes.join(
        groups.sort("siren").select("siren", scheme=scheme.cast(pl.Int64)), on="siren"
    ).sort("code")
    rows = (
        communes.sort("population_2023", "code", descending=[True, False])
        .group_by("scheme")
        .agg(
            pl.first("label", "departement", "region"),
            pl.len().alias("size"),
            pl.n_unique("departement").alias("departements"),
        )
        .sort("scheme")
    )
    luck = rng.random(len(rows))
    luck[:3] = (0.0, IN_FORCE - 0.01, IN_FORCE + 0.01)  # in force; and its successor; that alone
    in_force = luck < IN_FORCE
    next_ = (luck >= IN_FORCE - IN_PREPARATION / 2) & (luck < IN_FORCE + IN_PREPARATION / 2)
    ids = [uuids(len(rows), rng) for _ in range(3)]
    year = pl.lit(pl.Series(rng.integers(2011, 2024, len(rows))))

    def where(condition: np.typing.NDArray[np.bool_], values: Iterable[str]) -> pl.Expr:
        return pl.when(pl.lit(pl.Series(condition))).then(pl.lit(pl.Series(values)))

    return _Schemes(
        rows.with_columns(
            in_force=where(in_force, ids[0]),
            next=where(next_, ids[1]),
            replaced=where(in_force & next_, ids[2]),
            approved=year.cast(pl.String) + "-12-16",
            name=_elided(pl.lit("SCoT de ") + pl.col("label")),
            holder_siren=siren(pl.lit("2500") + pl.col("scheme").cast(pl.String).str.zfill(4)),
            holder=_elided(pl.lit("PETR de ") + pl.col("label")),
            year=year,
        ),
        communes,
    )


def _elided(name: pl.Expr) -> pl.Expr:
    elided = name.map_elements(elide, return_dtype=pl.String)
    return elided.str.replace(" de Les ", " des ").str.replace(" de Le ", " du ")


SCOT_COLUMNS = (
    *("annee_cog", "scot_code_region", "scot_libelle_region", "scot_code_departement"),
    *("scot_lib_departement", "scot_codecollectivite", "scot_code_type_collectivite"),
    *("scot_nom_collectivite", "pa_id", "pa_nom_schema", "pa_noserie_procedure"),
    *("pa_scot_interdepartement", "pa_date_publication_perimetre", "pa_date_prescription"),
    *("pa_date_arret_projet", "pa_date_approbation", "pa_annee_approbation"),
    *("pa_date_fin_echeance", "pa_nombre_communes", "pc_id", "pc_nom_schema"),
    *("pc_noserie_procedure", "pc_proc_elaboration_revision", "pc_scot_interdepartement"),
    *("pc_date_publication_perimetre", "pc_date_prescription", "pc_date_arret_projet"),
    "pc_nombre_communes",
)


def scots(sample: Sample) -> bytes:
    """``scots.csv``: bodies that bear schemes, the one in force and the next one."""
    country = sample.country
    rows = _schemes(country).rows.filter(
        pl.col("in_force").is_not_null() | pl.col("next").is_not_null()
    )
    names = {
        level: frame.select(pl.col("code").alias(level), pl.col("label").alias(f"{level}_label"))
        for level, frame in (("region", country.regions), ("departement", country.departements))
    }
    for level, frame in names.items():
        rows = rows.join(frame, on=level, how="left", maintain_order="left")
    # The first body bears the second scheme too, on a row of its own.
    rank = pl.int_range(pl.len())
    rows = rows.with_columns(
        pl.when(rank == 1).then(pl.col(name).get(0)).otherwise(name).alias(name)
        for name in ("holder_siren", "holder")
    )
    here, coming = pl.col("in_force").is_not_null(), pl.col("next").is_not_null()
    wide = pl.when(pl.col("departements") > 1).then(pl.lit("True")).otherwise(pl.lit("False"))
    columns = {
        "annee_cog": pl.lit("2024"),
        "scot_code_region": pl.col("region"),
        "scot_libelle_region": pl.col("region_label"),
        "scot_code_departement": pl.col("departement"),
        "scot_lib_departement": pl.col("departement_label"),
        "scot_codecollectivite": pl.col("holder_siren"),
        "scot_code_type_collectivite": pl.lit("PETR"),
        "scot_nom_collectivite": pl.col("holder"),
        "pa_id": pl.col("in_force"),
        "pa_nom_schema": pl.when(here).then("name"),
        "pa_noserie_procedure": pl.when(here).then((40_000 + rank).cast(pl.String)),
        "pa_scot_interdepartement": pl.when(here).then(wide),
        "pa_date_approbation": pl.when(here).then("approved"),
        "pa_annee_approbation": pl.when(here).then("year"),
        "pa_date_fin_echeance": pl.when(here).then((pl.col("year") + 6).cast(pl.String) + "-12-16"),
        "pa_nombre_communes": pl.when(here).then("size"),
        "pc_id": pl.col("next"),
        "pc_nom_schema": pl.when(coming).then("name"),
        "pc_proc_elaboration_revision": pl.when(coming).then(pl.lit("Révision")),
        "pc_scot_interdepartement": pl.when(coming).then(wide),
        "pc_date_publication_perimetre": pl.when(coming).then(pl.lit("2024-12-01")),
        "pc_nombre_communes": pl.when(coming).then("size"),
    }
    nothing = pl.lit(None, dtype=pl.String)
    return _as_python_writes(
        rows.select(columns.get(name, nothing).alias(name) for name in SCOT_COLUMNS)
    )


def perimetres(sample: Sample) -> bytes:
    """``perimetres.csv``: communes of every planning procedure."""
    country = sample.country
    schemes = _schemes(country)
    communes = schemes.communes.select("code", "scheme", type=pl.lit("COM"))
    formers = country.formers.filter(type="COMD").select("code", "parent", "type")
    formers = formers.join(communes.select("scheme", parent="code"), on="parent").drop("parent")
    members = pl.concat([communes, formers], how="diagonal")
    with_schemes = members.join(
        schemes.rows.select("scheme", "in_force", "next", "replaced"), on="scheme"
    )
    of_schemes = [
        with_schemes.filter(pl.col(kind).is_not_null()).select(
            "code", "type", procedure=kind, document=pl.lit("SCOT"), applies=pl.lit(applies)
        )
        for kind, applies in (("in_force", "True"), ("next", "False"), ("replaced", "False"))
    ]
    return _as_python_writes(
        pl.concat([*of_schemes, _plans(country.communes(COG_YEAR))])
        .sort("code", "type", "document", "procedure")
        .select(
            annee_cog=pl.lit("2024"),
            collectivite_code="code",
            collectivite_type="type",
            procedure_id="procedure",
            type_document="document",
            opposable="applies",
        )
    )


def _plans(communes: pl.DataFrame) -> pl.DataFrame:
    """Land-use plans: of the commune, or, in one EPCI of three, of all its communes."""
    rank = pl.int_range(pl.len())
    own = pl.lit(pl.Series(uuids(len(communes), stream("plans"))))
    common = (pl.col("siren").rank("dense") % 3 == 0).fill_null(False)
    return communes.select(
        "code",
        type=pl.lit("COM"),
        procedure=pl.when(common).then(own.first().over("siren")).otherwise(own),
        document=pl.when(common)
        .then(pl.lit("PLUi"))
        .when(rank % 5 == 0)
        .then(pl.lit("CC"))
        .otherwise(pl.lit("PLU")),
        applies=pl.lit("True"),
    )


def _as_python_writes(frame: pl.DataFrame) -> bytes:
    """Everything quoted, empty cells too."""
    return _csv(frame.with_columns(pl.all().cast(pl.String)).fill_null(""), ",", LF, quote="always")


# --- regional nature parks ---

COMMUNES_PER_PARK = 200
"""Of the country: about every tenth commune is in a park."""
PARK_KM = 10.0


def pnr(sample: Sample) -> bytes:
    """``pnr_com2021.csv``: every commune, and its park."""
    rng = stream("parks")
    communes = sample.country.communes(2021)
    mainland = (communes["departement"].str.len_chars() == 2).to_numpy()
    people = communes["population_2023"].to_numpy()
    small = mainland & (people < 2_000)
    parks = max(2, len(communes) // COMMUNES_PER_PARK)
    middles = rng.choice(np.flatnonzero(small), parks, replace=False)
    stretch = 111.2 * np.array([np.cos(np.radians(MAINLAND.lat)), 1.0])
    points = communes.select("lon", "lat").to_numpy() * stretch
    away = np.full((len(communes), parks), np.inf)
    for park, middle in enumerate(middles):
        away[:, park] = np.hypot(*(points - points[middle]).T)
    nearest = away.argmin(axis=1)
    inside = mainland & (away.min(axis=1) < PARK_KM) & (people < 20_000)
    code = pl.lit("FR80000") + pl.lit(pl.Series(nearest + 1)).cast(pl.String).str.zfill(2)
    rows = communes.select(
        codgeo="code",
        libgeo="label",
        pnr=pl.when(pl.lit(pl.Series(inside))).then(code).otherwise(pl.lit("-9999")),
    )
    return _csv(rows, ";", LF)


# --- communes by the sea ---

ESTUARY, LAKE = 0.12, 0.02
"""Of the communes by the sea and of the others."""
TITLES: tuple[Row, ...] = (
    ["Communes soumises à la loi Littoral (territoire fictif)"],
    ["Périmètre au 1er janvier 2022"],
)


def littoral(sample: Sample) -> bytes:
    """The workbook of the DGALN: a row per commune and shore."""
    rng = stream("shores")
    communes = sample.country.communes(2022).filter(pl.col("departement").str.len_chars() == 2)
    sea = communes["code"].is_in(_by_the_sea(sample.country, 2022).implode())
    luck = pl.Series(rng.random(len(communes)))
    shore = (
        pl.when(sea & (luck < ESTUARY))
        .then(pl.lit("Estuaire"))
        .when(sea)
        .then(pl.lit("Mer"))
        .when(luck < LAKE)
        .then(pl.lit("Lac"))
    )
    rows = communes.select(
        INSEE_COM="code",
        NOM_COM="label",
        INSEE_DEP="departement",
        INSEE_REG="region",
        CLASSEMENT=shore,
    ).filter(pl.col("CLASSEMENT").is_not_null())
    by_the_sea = rows.filter(CLASSEMENT="Mer")
    lake_too = by_the_sea.head(2).with_columns(CLASSEMENT=pl.lit("Lac"))
    rows = pl.concat([rows, lake_too, by_the_sea[2:3]]).sort("INSEE_COM", "CLASSEMENT")
    book = _Workbook()
    book.sheet("Lisez-moi", [["Territoire fictif : données synthétiques."]])
    book.sheet("Perimetre", [*TITLES, rows.columns, *rows.iter_rows()], empty_row=(0, 4))
    return book.close()


def _by_the_sea(country: Country, year: int) -> pl.Series:
    """Codes of the communes of a year with a coast: in the west of the mainland, and islands."""
    coast = pl.lit(pl.Series(_on_the_edge(country.shapes)))
    west = (pl.col("lon") < MAINLAND.lon) | (pl.col("region") == "94")
    return (
        country.parcels.filter(coast & west)
        .join(country.members[year], on="parcel")["code"]
        .unique()
        .sort()
    )


def _on_the_edge(shapes: Shapes) -> np.typing.NDArray[np.bool_]:
    """Which shapes have a border that is nobody else's: neighbours share their corners."""
    points, shape = shapely.get_coordinates(shapes, return_index=True)
    corner = np.unique(points, axis=0, return_inverse=True)[1].ravel()
    # Rings end where they begin, so that what leads from one ring to the next is no border.
    here, there = corner[:-1], corner[1:]
    same = (shape[:-1] == shape[1:]) & (here != there)
    low, high = np.minimum(here, there)[same], np.maximum(here, there)[same]
    _, border, count = np.unique(
        low * (corner.max() + 1) + high, return_inverse=True, return_counts=True
    )
    owner: Ints = shape[:-1][same]
    edge = np.zeros(len(shapes), dtype=bool)
    edge[owner[count[border] == 1]] = True
    return edge


ENTRIES = (
    Entry(
        "docurba_scot",
        "2026",
        "scots.csv",
        "Docurba / DGALN",
        "Schémas de cohérence territoriale",
        f"{DOCURBA}/scots",
        scots,
        "in force (pa_) and in preparation (pc_), either may be missing",
    ),
    Entry(
        "docurba_scot",
        "2026",
        "perimetres.csv",
        "Docurba / DGALN",
        "Communes des procédures d'urbanisme",
        f"{DOCURBA}/perimetres",
        perimetres,
        "COG 2024; SCOT and other documents; COM and COMD rows; not all in force",
    ),
    Entry(
        "pnr_perimeters",
        "2021",
        "pnr_com2021.csv",
        "Observatoire des territoires (ANCT)",
        "Communes des parcs naturels régionaux",
        "https://www.observatoire-des-territoires.gouv.fr/outils/cartographie-interactive/api/v1/"
        "functions/GC_API_download.php?type=stat&nivgeo=com2021&dataset=_zon_&indic=pnr&format=csv",
        pnr,
        "COG 2021; -9999 for no park",
    ),
    Entry(
        "littoral_law",
        "2022",
        "communes-loi-littoral-cog-2022.xlsx",
        "DGALN",
        "Communes soumises à la loi Littoral",
        "https://www.data.gouv.fr/fr/datasets/r/5da30edb-2854-47c6-9537-192ee9ca2a70",
        littoral,
        "COG 2022; lines of title above the header; a commune may have a row for the sea and one"
        " for a lake",
        extent="france-metropolitaine",
    ),
)
