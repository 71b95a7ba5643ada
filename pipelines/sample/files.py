"""The files as their publishers write them: one function per layout, each the bytes of a file.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
every field quoted, empty ones too; CRLF                    ``cog_*``
rows COMD, COMA and ARM; no DEP on COMD and COMA; a COMD    ``cog_communes``
with the code of its COM; codes with letters or of
overseas; no ARR on Mayotte
merges, splits in two, three and five, rows from a code     ``cog_movements``
to itself, new names, a seat that moves there and back or
in mid-year, a code that comes back, rows that concern no
commune (COMD, COMA); the newest first, 1952 to 2026
communes without EPCI; codes as numbers; a last row that    ``dgcl_epci``
is empty; the year in column names; an EPCI in two
départements
Paris, Lyon and Marseille by arrondissement only; DEP and   ``populations``
CODCOM that do not make the code; CODCAN missing in
cities; a commune without people; no Mayotte
Mayotte apart: LF, no names, no COM                         ``populations_mayotte``
five rows above the codes; geography of 2022; leading       ``zonings``
zeros; ``ZZZZZZZZZ``, ``ZZZZ``, ``ZZZZZ``, ``75ZZ``; AAV
``000`` and with letters; a zone of two régions; BV2012
communes and arrondissements, to be counted once; empty     ``comparateur``
values of Mayotte and of small communes; upper-case name
arrondissements at both ends; workplaces abroad, unknown    ``commuting``
or in overseas collectivities; small multiples of five;
geography of 2025, newer than the outlines
no header; no overseas collectivities                       ``foreign_codes``
geography of 2022 under the label 2023; communes and        ``contours``
arrondissements; several polygons; no EPCI on islands and
arrondissements
several identifiers in a cell; nothing, not even quotes,    ``anct_programmes``
for none; overseas collectivities
==========================================================  =====================
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
import shapely
import xlsxwriter

from pipelines.sample.administration import siren
from pipelines.sample.commuting import BORDER_TOWNS, commuting
from pipelines.sample.comparateur import VARIABLES, comparateur
from pipelines.sample.country import CANTON_CITY, MAYOTTE, Country
from pipelines.sample.ground import METROPOLISES, PARIS, stream
from pipelines.sample.names import invent
from pipelines.sample.zonings import COLUMNS, supra_communal, zonings

MOMENT = datetime(2026, 1, 1)
"""Date of every member of a zip and of every workbook."""
CRLF, LF = "\r\n", "\n"

FOREIGN_TOWNS = 200
"""Towns abroad where nobody works."""
COLLECTIVITIES = {
    "97501": "Miquelon-Langlade",
    "97502": "Saint-Pierre",
    "97701": "Saint-Barthélemy",
    "97801": "Saint-Martin",
    "98735": "Papeete",
    "98818": "Nouméa",
}
PROGRAMMES = (
    *("id_pvd", "id_ti", "id_crte", "id_acv", "id_ami", "id_fabp", "id_amm", "id_habinclus"),
    *("id_cite", "id_cde", "id_fs", "id_acv2", "id_va", "id_site"),
)

Row = Sequence[str | int | None]


@dataclass(frozen=True)
class Sample:
    """A country, and what is computed from it once for several files."""

    country: Country

    @cached_property
    def flows(self) -> pl.DataFrame:
        """Commuting flows of 2022 (see ``commuting``)."""
        return commuting(self.country)

    @cached_property
    def zones(self) -> pl.DataFrame:
        """Zonings of the communes of 2022 (see ``zonings``)."""
        return zonings(self.country)


def cog_communes(sample: Sample) -> bytes:
    """``v_commune``: communes, arrondissements, delegated and associated communes, by code."""
    country = sample.country
    canton = (
        pl.when(pl.col("departement") == PARIS.departement).then(pl.lit("7599")).otherwise("canton")
    )
    attributes = [
        pl.col("region").alias("REG"),
        pl.col("departement").alias("DEP"),
        _collectivity(country).alias("CTCD"),
        pl.when(pl.col("departement") != MAYOTTE).then("district").alias("ARR"),
        *_names(),
        canton.alias("CAN"),
    ]
    communes = country.communes(2026).select(
        pl.lit("COM").alias("TYPECOM"), pl.col("code").alias("COM"), *attributes
    )
    arrondissements = country.arrondissements.select(
        pl.lit("ARM").alias("TYPECOM"),
        pl.col("code").alias("COM"),
        *attributes,
        pl.col("parent").alias("COMPARENT"),
    )
    formers = country.formers.select(
        pl.col("type").alias("TYPECOM"),
        pl.col("code").alias("COM"),
        *_names(),
        pl.col("parent").alias("COMPARENT"),
    )
    rows = pl.concat([communes, arrondissements, formers], how="diagonal")
    return _insee_csv(rows.sort("COM", "TYPECOM"))


def _collectivity(country: Country) -> pl.Expr:
    """Code of the collectivity that acts as the département (``CTCD``)."""
    departement = pl.col("departement")
    return (
        pl.when(departement.is_in(["2A", "2B"]))
        .then(pl.lit("20R"))
        .when(departement.is_in(["67", "68"]))
        .then(pl.lit("6AE"))
        .when(departement == PARIS.departement)
        .then(pl.lit("75C"))
        .when(country.in_lyon_metropolis)
        .then(pl.lit("69M"))
        .when(departement.is_in(["972", "973", MAYOTTE]))
        .then(departement + "R")
        .otherwise(departement + "D")
    )


def _names(suffix: str = "", of: str = "") -> list[pl.Expr]:
    """The four columns of a name as INSEE calls them."""
    columns = {"tncc": "TNCC", "poor": "NCC", "rich": "NCCENR", "label": "LIBELLE"}
    return [pl.col(ours + of).alias(theirs + suffix) for ours, theirs in columns.items()]


def cog_movements(sample: Sample) -> bytes:
    """``v_mvt_commune``: what happened to communes, the newest first."""
    return _insee_csv(
        sample.country.movements.select(
            pl.col("mod").alias("MOD"),
            pl.col("date").alias("DATE_EFF"),
            pl.col("old_type").alias("TYPECOM_AV"),
            pl.col("old").alias("COM_AV"),
            *_names("_AV", "_old"),
            pl.col("new_type").alias("TYPECOM_AP"),
            pl.col("new").alias("COM_AP"),
            *_names("_AP", "_new"),
        )
    )


def cog_departements(sample: Sample) -> bytes:
    """``v_departement``."""
    columns = {"code": "DEP", "region": "REG", "seat": "CHEFLIEU"}
    return _insee_csv(
        sample.country.departements.select(
            *(pl.col(ours).alias(theirs) for ours, theirs in columns.items()), *_names()
        )
    )


def cog_regions(sample: Sample) -> bytes:
    """``v_region``."""
    return _insee_csv(
        sample.country.regions.select(
            pl.col("code").alias("REG"), pl.col("seat").alias("CHEFLIEU"), *_names()
        )
    )


def dgcl_epci(sample: Sample) -> bytes:
    """``epcicom2025.xlsx``: a row per member of every EPCI."""
    country = sample.country
    communes = country.communes(2025).with_columns(
        municipal=pl.col("population_2022"), total=_total_population("population_2022")
    )
    epci = country.epci.join(
        communes.group_by("siren").agg(
            pl.len().alias("members"),
            pl.sum("total").alias("epci_total"),
            pl.sum("municipal").alias("epci_municipal"),
        ),
        on="siren",
    )
    rows = (
        epci.select(
            pl.col("departement").alias("dept"),
            "siren",
            pl.col("label").alias("raison_sociale"),
            pl.col("nature").alias("nature_juridique"),
            pl.when((pl.col("nature") == "CC") & (pl.col("members") < 12))
            .then(pl.lit("FA"))
            .otherwise(pl.lit("FPU"))
            .alias("mode_financ"),
            pl.col("members").alias("nb_membres"),
            pl.col("epci_total").alias("total_pop_tot"),
            pl.col("epci_municipal").alias("total_pop_mun"),
        )
        .join(
            communes.select(
                "siren",
                pl.col("departement").alias("dep_com"),
                pl.col("code").alias("insee"),
                _siren_of_commune().alias("siren_membre"),
                pl.col("label").alias("nom_membre"),
                pl.col("total").alias("ptot_2025"),
                pl.col("municipal").alias("pmun_2025"),
            ),
            on="siren",
        )
        .sort("dept", "siren", "ptot_2025", "insee", descending=[False, False, True, False])
        .with_columns(pl.col("siren", "siren_membre").cast(pl.Int64))
    )
    book = _Workbook()
    book.sheet("Epcicom2025", [rows.columns, *rows.iter_rows()], empty_row=(12, 13))
    return book.close()


def _total_population(municipal: str) -> pl.Expr:
    """Municipal population and those counted apart (students, barracks), about two per cent."""
    return pl.col(municipal) + _counted_apart(municipal)


def _counted_apart(municipal: str) -> pl.Expr:
    return (pl.col(municipal) * (12 + pl.col(municipal) % 17) // 1_000).cast(pl.Int64)


def _siren_of_commune() -> pl.Expr:
    """Number of a commune as a legal person."""
    code = pl.col("code")
    departement = code.str.head(2).replace({"2A": "20", "2B": "20"})
    overseas = pl.col("departement").str.len_chars() == 3
    number = pl.when(overseas).then(code.str.slice(2, 1)).otherwise(pl.lit("0")) + code.str.tail(3)
    return siren(pl.lit("21") + departement + number)


def populations(sample: Sample) -> bytes:
    """``donnees_communes.csv``: everywhere but on Mayotte, metropolises by arrondissement."""
    country = sample.country
    regions = country.regions.select(pl.col("code").alias("region"), Région="label")
    canton = pl.col("canton").str.tail(2)
    rows = (
        country.communes_and_arrondissements(2025)
        .filter(pl.col("departement") != MAYOTTE)
        .join(regions, on="region")
        .sort("code")
        .select(
            pl.col("region").alias("REG"),
            "Région",
            pl.col("departement").alias("DEP"),
            pl.col("district").str.tail(1).alias("CODARR"),
            pl.when(pl.col("population_2023") <= CANTON_CITY).then(canton).alias("CODCAN"),
            pl.col("code").str.slice(2).alias("CODCOM"),
            pl.col("code").alias("COM"),
            pl.col("label").alias("Commune"),
            *_population_columns(),
        )
    )
    return _csv(rows, ";", CRLF)


def populations_mayotte(sample: Sample) -> bytes:
    """``donnees_communes_mayotte.csv``: the code is ``97`` and CODCOM."""
    empty = pl.lit(None, dtype=pl.String)
    rows = (
        sample.country.communes(2025)
        .filter(pl.col("departement") == MAYOTTE)
        .select(
            pl.col("region").alias("CODREG"),
            empty.alias("REG"),
            pl.col("departement").alias("DEP"),
            empty.alias("CODARR"),
            empty.alias("CODCAN"),
            pl.col("code").str.slice(2).alias("CODCOM"),
            empty.alias("COM"),
            *_population_columns(),
        )
    )
    return _csv(rows, ";", LF)


def _population_columns() -> list[pl.Expr]:
    municipal = pl.col("population_2023")
    return [
        municipal.alias("PMUN"),
        _counted_apart("population_2023").alias("PCAP"),
        _total_population("population_2023").alias("PTOT"),
    ]


ZONING_LABELS = (
    *("Code géographique", "Libellé géographique", "Département", "Région"),
    *("Intercommunalité - Métropole", "Nature d'EPCI", "Arrondissement", "Canton ville"),
    *("Zone d'emploi 2020", "Unité urbaine 2020"),
    "Tranche d'unité urbaine 2020 calculée sur la population 2017",
    "Tranche détaillée d'unité urbaine 2020 calculée sur la population 2017",
    "Aire d'attraction des villes 2020",
    "Tranche d'aire d'attraction des villes 2020 calculée sur la population 2017",
    "Tranche détaillée d'aire d'attraction des villes 2020 calculée sur la population 2017",
    "Catégorie commune dans aire d'attraction des villes 2020",
    "Bassin de vie 2012",
)


def zonings_zip(sample: Sample) -> bytes:
    """``table-appartenance-geo-communes-22.zip``: one workbook of five sheets."""
    country = sample.country
    communes = sample.zones.select(COLUMNS)
    arrondissements = (
        country.arrondissements.select(CODGEO="code", LIBGEO="label", COM="parent")
        .join(communes.drop("LIBGEO").rename({"CODGEO": "COM"}), on="COM")
        .select(*COLUMNS, "COM")
        .sort("CODGEO")
    )
    zones = supra_communal(sample.zones, country)
    parent = ("Commune englobante",)
    zone_labels = ("Niveau géographique", *ZONING_LABELS[:2], "Nombre communes")
    book = _Workbook()
    book.sheet("COM", _titled("France - Communes", ZONING_LABELS, communes))
    labels = ZONING_LABELS + parent
    book.sheet("ARM", _titled("Arrondissements municipaux", labels, arrondissements))
    book.sheet("Zones_supra_communales", _titled("Zones supra - communales", zone_labels, zones))
    variables = pl.DataFrame(
        {
            "VAR_ID": [*COLUMNS, "COM", "NIVGEO", "NB_COM"],
            "VAR_LIB": [*ZONING_LABELS, *parent, zone_labels[0], zone_labels[-1]],
        }
    ).with_columns(VAR_LIB_LONG="VAR_LIB")
    book.sheet("Variables", _titled("Variables", (), variables))
    documentation = pl.DataFrame({"Définitions": ["Territoire fictif : données synthétiques."]})
    book.sheet("Documentation", _titled("Documentation", (), documentation))
    name = "table-appartenance-geo-communes-22"
    return _zip({f"{name}.xlsx": book.close()})


def _titled(subtitle: str, labels: Sequence[str], frame: pl.DataFrame) -> Iterable[Row]:
    """Rows of a sheet of INSEE: four of title, one of labels, one of codes, then the data."""
    yield ["Liste des communes au 1er janvier 2022"]
    yield [subtitle]
    yield ["Mise en ligne le 18/03/2022       Géographie au 01/01/2022"]
    yield ["@Insee       Source(s) : Insee, Code officiel géographique"]
    yield labels
    yield frame.columns
    yield from frame.iter_rows()


def comparateur_zip(sample: Sample) -> bytes:
    """``base_cc_comparateur_csv.zip``: communes of 2021, then arrondissements; and a dictionary."""
    rows = comparateur(sample.country, sample.flows)
    variables = pl.DataFrame(
        {"COD_VAR": list(VARIABLES), "LIB_VAR": list(VARIABLES.values())}
    ).with_columns(LIB_VAR_LONG="LIB_VAR", TYPE_VAR=pl.lit("NUM"), LONG_VAR=pl.lit("16"))
    codes = rows.select(
        COD_VAR=pl.lit("CODGEO"),
        LIB_VAR=pl.lit("CODGEO"),
        LIB_VAR_LONG=pl.lit("Code de la commune ou de l'arrondissement municipal"),
        COD_MOD="CODGEO",
        LIB_MOD="label",
        TYPE_VAR=pl.lit("CHAR"),
        LONG_VAR=pl.lit("5"),
    )
    dictionary = pl.concat([variables, codes], how="diagonal").select(codes.columns)
    return _zip(
        {
            "base_cc_comparateur.CSV": _csv(rows.drop("label"), ";", CRLF),
            "meta_base_cc_comparateur.CSV": _csv(dictionary, ";", CRLF),
        }
    )


def commuting_zip(sample: Sample) -> bytes:
    """``base-flux-mobilite-domicile-lieu-travail-2022_csv.zip``."""
    rows = sample.flows.rename(
        {
            "origin": "CODGEO",
            "origin_label": "LIBGEO",
            "destination": "DCLT",
            "destination_label": "L_DCLT",
            "flow": "NBFLUX_C22_ACTOCC15P",
        }
    )
    return _zip({"base-flux-mobilite-domicile-lieu-travail-2022.csv": _csv(rows, ";", LF)})


def foreign_codes(sample: Sample) -> bytes:
    """``insee_RP2021_mobpro_border_cities.csv``: codes and names, without header.

    The towns people work in, and others.
    """
    towns = {town.code: town.name for town in BORDER_TOWNS}
    others = invent(FOREIGN_TOWNS, stream("foreign towns"))
    prefixes = ("AL", "BE", "LU", "SU")
    for rank, name in enumerate(others):
        towns.setdefault(f"{prefixes[rank % 4]}{900 + rank // 4:03d}", name.poor)
    rows = [
        *sorted(towns.items()),
        ("ZZZZZ", "Sans objet ou autre commune étrangère"),
        ("99999", "Individu travaillant en France ou inscrit dans un établissement en France"),
    ]
    return _csv(pl.DataFrame(rows, orient="row"), ",", LF, header=False)


def contours(sample: Sample) -> bytes:
    """``communes-1000m.geojson``: communes and arrondissements of 2022, by code."""
    country = sample.country
    nothing = pl.lit(None, dtype=pl.String)
    metropolis = pl.col("code").is_in([city.code for city in METROPOLISES])
    communes = country.communes(2022).select(
        "code",
        pl.col("label").alias("nom"),
        "departement",
        "region",
        nothing.alias("commune"),
        pl.when(metropolis).then(True).alias("plm"),
        pl.col("siren").alias("epci"),
    )
    arrondissements = country.arrondissements.select(
        "code",
        pl.col("label").alias("nom"),
        "departement",
        "region",
        pl.col("parent").alias("commune"),
        pl.lit(None, dtype=pl.Boolean).alias("plm"),
        nothing.alias("epci"),
    )
    properties = pl.concat([communes, arrondissements])
    shapes = np.append(country.outlines(2022), country.arrondissement_shapes)
    order = properties["code"].arg_sort().to_numpy()
    features = (
        f'{{"type": "Feature", "properties": {json.dumps(row, ensure_ascii=False)}, '
        f'"geometry": {geometry}}}'
        for row, geometry in zip(
            properties[order].iter_rows(named=True),
            shapely.to_geojson(shapes[order]),
            strict=True,
        )
    )
    return f'{{"type": "FeatureCollection", "features": [{", ".join(features)}]}}'.encode()


def anct_programmes(sample: Sample) -> bytes:
    """``ngeo-anct-cog2023.csv``: communes of 2023, then overseas collectivities."""
    communes = sample.country.communes(2023)
    luck = pl.lit(pl.Series(stream("programmes").random(len(communes))))
    rank = pl.int_range(1, pl.len() + 1).cast(pl.String)
    place = pl.concat_str("region", "departement", rank, separator="-")
    metropolis = pl.col("code").is_in([city.code for city in METROPOLISES])
    ids = {
        "id_pvd": pl.when(luck.is_between(0.10, 0.15)).then(pl.lit("pvd-") + place),
        "id_ti": pl.when(pl.col("district").str.ends_with("1")).then(pl.lit("ti-") + "district"),
        "id_crte": pl.col("crte"),
        "id_cite": pl.when(metropolis).then(pl.lit("cite-056 ; cite-057")),
        "id_fs": pl.when(luck < 0.01).then(rank + " ; 9" + rank).when(luck < 0.07).then(rank),
        "id_va": pl.when(luck > 0.93).then(pl.lit("va-") + place),
    }
    rows = communes.select(
        pl.col("code").alias("insee_com"),
        pl.col("label").alias("lib_com"),
        *(ids.get(name, pl.lit(None, dtype=pl.String)).alias(name) for name in PROGRAMMES),
    )
    others = pl.DataFrame(
        {"insee_com": list(COLLECTIVITIES), "lib_com": list(COLLECTIVITIES.values())}
    )
    return _csv(pl.concat([rows, others], how="diagonal"), ",", CRLF, quote="non_numeric")


def _insee_csv(frame: pl.DataFrame) -> bytes:
    """Everything quoted, empty fields too."""
    return _csv(frame.fill_null(""), ",", CRLF, quote="always")


def _csv(
    frame: pl.DataFrame,
    separator: str,
    newline: str,
    quote: Literal["never", "always", "non_numeric", "necessary"] = "never",
    header: bool = True,
) -> bytes:
    """UTF-8 without BOM; numbers with at most 15 significant digits and no needless zero."""
    numbers = frame.select(pl.col(pl.Float64)).columns
    digits = pl.col(numbers).round_sig_figs(15).cast(pl.String).str.strip_suffix(".0")
    return (
        frame.with_columns(digits)
        .write_csv(
            separator=separator, line_terminator=newline, quote_style=quote, include_header=header
        )
        .encode()
    )


def _zip(members: Mapping[str, bytes]) -> bytes:
    """An archive whose bytes depend on its members only."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, MOMENT.timetuple()[:6])
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class _Workbook:
    """An Excel workbook whose bytes depend on its cells only."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self._book.set_properties({"created": MOMENT})

    def sheet(self, name: str, rows: Iterable[Row], empty_row: Sequence[int] = ()) -> None:
        """Add a sheet; ``empty_row`` gives the columns of a last row of formatted, empty cells."""
        sheet = self._book.add_worksheet(name)
        last = 0
        for last, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(last, column, value)
                elif value is not None:
                    sheet.write_number(last, column, value)
        for column in empty_row:
            sheet.write_blank(last + 1, column, None, self._book.add_format({"num_format": "0"}))

    def close(self) -> bytes:
        """The bytes of the workbook."""
        self._book.close()
        return self._buffer.getvalue()
