"""The files of mobility: carpool journeys and places, charging points, cycling facilities.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
header and texts quoted, numbers and empty cells not;       ``rpc_carpool``
arrondissements; a country (99xxx) abroad, without town;
several passengers of one car; no commune with fewer than
six journeys at one end
codes of communes that have merged, postal codes; closed    ``bnlc``
places; a date to come; no number of parking places, or
none; commas in names; up to 15 digits in a coordinate
a point told by two producers, once with the same cells;    ``irve``
no commune on a quarter of the rows; watts instead of
kilowatts; coordinates the wrong way round, at (0, 0) or
in another commune; true, TRUE and True; a broken accent;
line breaks and quotes in a cell; a comma in ``[x, y]``
both sides of a line, one with nothing or ``AUCUN``; a      ``bnac_cycling``
line between two communes; geography of 2022; metropolises
as a whole; nothing overseas
==========================================================  =====================
"""

import json
from typing import Any

import numpy as np
import polars as pl
import shapely

from pipelines.sample.commuting import BORDER_TOWNS, EARTH_KM, abroad
from pipelines.sample.entries import Entry
from pipelines.sample.files import LF, Sample
from pipelines.sample.ground import Texts, stream
from pipelines.sample.land import Floats, Ints

DATA_GOUV = "https://www.data.gouv.fr/fr/datasets"

# --- carpool journeys ---

COUNTRIES = {
    "AL": ("99109", "Allemagne"),
    "BE": ("99131", "Belgique"),
    "LU": ("99137", "Luxembourg"),
    "MO": ("99138", "Monaco"),
    "SU": ("99140", "Suisse"),
}
"""Countries of the border towns, by the first letters of their code."""
PASSENGERS_PER_COMMUNE = 0.2
"""People who carpool through a platform, relative to the number of communes."""
BORDER_JOURNEYS = 20
"""In the month, of those who cross a border."""
FEWEST = 6
"""Journeys that start (or end) in a commune, without which none of it is published."""
DENSE = 40
"""People per km² from which positions keep three decimals instead of two."""


def rpc_carpool(sample: Sample) -> bytes:
    """``2026-05.csv``: a row per journey of a passenger."""
    ends = _ends(sample)
    rows = _with_fellow_passengers(_journeys(sample, ends))
    for side in ("start", "end"):
        columns = ends.select(pl.all().name.prefix(f"{side}_"))
        rows = rows.join(columns, left_on=side, right_on=f"{side}_row", maintain_order="left")
    counted = pl.min_horizontal(pl.len().over("start_insee"), pl.len().over("end_insee"))
    rows = rows.filter(counted >= FEWEST).sort("start_minute", "journey_id")
    return _with_quoted_texts(
        rows.select(
            "journey_id",
            "trip_id",
            *_side("start"),
            *_side("end"),
            "passenger_seats",
            "operator_class",
            pl.col("distance").alias("journey_distance"),
            pl.col("duration").alias("journey_duration"),
            "has_incentive",
        )
    )


def _ends(sample: Sample) -> pl.DataFrame:
    """Where journeys lead: communes and arrondissements, then border towns, with a row number."""
    country = sample.country
    towns = country.epci.select("siren", group="label")
    home = country.communes_and_arrondissements(2025)
    prefix = pl.col("code").str.head(2)
    foreign = (
        abroad(home)
        .head(len(BORDER_TOWNS))
        .select(
            insee=prefix.replace_strict({key: code for key, (code, _) in COUNTRIES.items()}),
            country=prefix.replace_strict({key: name for key, (_, name) in COUNTRIES.items()}),
            decimals=pl.lit(3),
            place="code",
            lon="lon",
            lat="lat",
        )
    )
    own = home.join(towns, on="siren", how="left", maintain_order="left").select(
        insee="code",
        country=pl.lit("France"),
        decimals=pl.when(pl.col("population_2023") > DENSE * pl.col("area")).then(3).otherwise(2),
        place="code",
        lon="lon",
        lat="lat",
        department="departement",
        town="label",
        towngroup="group",
    )
    return pl.concat([own, foreign], how="diagonal_relaxed").with_row_index("row")


def _journeys(sample: Sample, ends: pl.DataFrame) -> pl.DataFrame:
    """Journeys to work and back in May 2026; ``start`` and ``end`` are rows of ``ends``."""
    rng = stream("carpool")
    row_of = ends.select(pl.col("row").cast(pl.Int64), code="place")
    pairs = (
        sample.flows.filter(pl.col("origin") != pl.col("destination"))
        .join(row_of.rename({"row": "start"}), left_on="origin", right_on="code")
        .join(row_of.rename({"row": "end"}), left_on="destination", right_on="code")
        .sort("origin", "destination")
    )
    weight = pairs["flow"].to_numpy()
    people = round(PASSENGERS_PER_COMMUNE * sample.country.size.communes)
    chosen = rng.choice(len(pairs), people, p=weight / weight.sum())
    # Few cross the border: those of the largest flows are sure to.
    crossing = pairs.with_row_index("pair").filter(
        pl.col("destination").str.head(1).is_in(["A", "B", "L", "M", "S"])
    )
    border = crossing.sort("flow", "pair", descending=[True, False])["pair"].to_numpy()
    border = border[: max(2, people // 40)]
    journeys = np.append(rng.integers(2, 15, people), np.full(len(border), BORDER_JOURNEYS))
    journey = np.repeat(np.append(chosen, border), journeys)
    back = rng.random(len(journey)) < 0.5
    start, end = pairs["start"].to_numpy()[journey], pairs["end"].to_numpy()[journey]
    start, end = np.where(back, end, start), np.where(back, start, end)
    distance = (
        1_000 * (2 + 1.25 * _kilometres(ends, start, end)) * rng.uniform(0.9, 1.2, len(start))
    )
    day = rng.choice([4, 5, 6, 7, 11, 12, 13, 18, 19, 20, 21, 22, 26, 27, 28, 29], len(start))
    hour = np.where(back, rng.normal(17.5, 1.2, len(start)), rng.normal(7.7, 1.0, len(start)))
    minute = (day - 1) * 1_440 + np.ceil(hour.clip(5, 21) * 6).astype(np.int64) * 10
    return pl.DataFrame(
        {
            "trip_id": uuids(len(start), rng),
            "start": start,
            "end": end,
            "start_minute": minute,
            "distance": distance.astype(np.int64),
            "duration": np.ceil(distance / 800).astype(np.int64),
        }
    )


def _kilometres(ends: pl.DataFrame, start: Ints, end: Ints) -> Floats:
    """Distances as the crow flies."""
    lon, lat = (np.radians(ends[name].to_numpy()) for name in ("lon", "lat"))
    half = np.sin((lat[end] - lat[start]) / 2) ** 2
    half += np.cos(lat[start]) * np.cos(lat[end]) * np.sin((lon[end] - lon[start]) / 2) ** 2
    kilometres: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
    return kilometres.round(6)


def _with_fellow_passengers(journeys: pl.DataFrame) -> pl.DataFrame:
    """Numbered journeys; in one car in twelve there is a second passenger."""
    rng = stream("fellow passengers")
    shared = journeys.filter(pl.lit(pl.Series(rng.random(len(journeys)) < 1 / 12)))
    rows = pl.concat([journeys, shared])
    return rows.with_columns(
        journey_id=pl.lit(pl.Series(61_000_000 + 3 * rng.permutation(len(rows)))),
        passenger_seats=pl.lit(pl.Series(rng.choice([1, 2], len(rows), p=[0.96, 0.04]))),
        operator_class=pl.lit(
            pl.Series(rng.choice(["A", "B", "C"], len(rows), p=[0.02, 0.18, 0.8]))
        ),
        has_incentive=pl.lit(pl.Series(rng.choice(["OUI", "NON"], len(rows), p=[0.8, 0.2]))),
    )


def _side(side: str) -> list[pl.Expr]:
    """The ten columns of one end of a journey."""
    minute = pl.col("start_minute")
    if side == "end":
        minute = (minute + pl.col("duration") + 9) // 10 * 10
    moment = pl.lit("2026-05-01 00:00").str.to_datetime("%Y-%m-%d %H:%M") + pl.duration(
        minutes=minute
    )
    scale = pl.lit(10).pow(pl.col(f"{side}_decimals"))
    position = [
        # Cut, not rounded.
        ((pl.col(f"{side}_{name}") * scale).cast(pl.Int64) / scale).alias(f"journey_{side}_{name}")
        for name in ("lon", "lat")
    ]
    texts = ("insee", "department", "town", "towngroup", "country")
    return [
        moment.dt.strftime("%Y-%m-%dT%H:%M:%S+0200").alias(f"journey_{side}_datetime"),
        moment.dt.strftime("%Y-%m-%d").alias(f"journey_{side}_date"),
        moment.dt.strftime("%H:%M:%S").alias(f"journey_{side}_time"),
        *position,
        *(pl.col(f"{side}_{name}").alias(f"journey_{side}_{name}") for name in texts),
    ]


def _with_quoted_texts(frame: pl.DataFrame) -> bytes:
    """Semicolons; the header and texts quoted, numbers and empty cells not."""
    cells = []
    for name, kind in frame.schema.items():
        text = pl.col(name).cast(pl.String)
        if kind == pl.String:
            text = pl.lit('"') + text + pl.lit('"')
        cells.append(text.str.strip_suffix(".0").fill_null(""))
    lines = frame.select(pl.concat_str(cells, separator=";")).to_series()
    header = ";".join(f'"{name}"' for name in frame.columns)
    return (LF.join([header, *lines]) + LF).encode()


def uuids(count: int, rng: np.random.Generator) -> list[str]:
    """Identifiers as UUID version 4 are written."""
    drawn = rng.bytes(16 * count).hex()
    digits = pl.Series([drawn[32 * i : 32 * i + 32] for i in range(count)])
    frame = pl.select(
        pl.concat_str(
            digits.str.slice(0, 8),
            digits.str.slice(8, 4),
            "4" + digits.str.slice(13, 3),
            "a" + digits.str.slice(17, 3),
            digits.str.slice(20),
            separator="-",
        )
    )
    return frame.to_series().to_list()


# --- carpool places ---

BNLC_COLUMNS = (
    *("id_lieu", "id_local", "nom_lieu", "ad_lieu", "com_lieu", "insee", "type", "date_maj"),
    *("ouvert", "source", "Xlong", "Ylat", "nbre_pl", "nbre_pmr", "duree", "horaires", "proprio"),
    *("lumiere", "comm"),
)
PLACES_PER_COMMUNE = 0.15
PLACE_TYPES = {
    "Aire de covoiturage": 0.53,
    "Parking": 0.36,
    "Auto-stop": 0.03,
    "Supermarché": 0.03,
    "Parking relais": 0.03,
    "Sortie d'autoroute": 0.02,
}
PLACE_NAMES = ("Parking du Stade", "Salle des fêtes", "Place de la Mairie", "Aire du Rond-Point")
UPDATES = ("2019-08-29", "2021-06-08", "2022-07-11", "2023-02-09")
IN_THE_FUTURE = "2026-12-13"
POSTAL = 3
"""Places that give a postal code for their commune."""


def bnlc(sample: Sample) -> bytes:
    """``bnlc.csv``: the places that are kept centrally."""
    rng = stream("carpool places")
    communes = sample.country.communes(2026).filter(pl.col("departement").str.len_chars() == 2)
    count = round(PLACES_PER_COMMUNE * len(communes))
    weight = np.sqrt(communes["population_2023"].to_numpy() + 1.0)
    chosen = np.sort(rng.choice(len(communes), count, p=weight / weight.sum()))
    rank = np.arange(count)
    postal = np.isin(rank, rng.choice(count, POSTAL, replace=False))
    former = (
        sample.country.parcels.select("parcel")
        .join(sample.country.members[2026], on="parcel")
        .group_by("code")
        .agg(pl.col("parcel").filter(pl.col("parcel") != pl.col("code")).sort().first())
    )
    rows = communes.join(former, on="code", how="left", maintain_order="left")[chosen]
    departement = pl.col("departement").replace({"2A": "20", "2B": "20"})
    spread = rng.uniform(-0.004, 0.004, (count, 2))
    spaces = rng.choice([5, 10, 15, 20, 30, 50, 100], count).astype(object)
    spaces[rng.random(count) < 0.35] = None
    spaces[rank % 25 == 7] = 0
    number = pl.int_range(1, pl.len() + 1).over("code").cast(pl.String).str.zfill(3)
    name = pl.Series(rng.choice(PLACE_NAMES, count))
    return _plain_csv(
        rows.with_columns(
            insee=pl.when(pl.lit(pl.Series(postal)))
            .then(departement + pl.lit("000"))
            .otherwise(pl.coalesce("parcel", "code")),
            id_local=pl.lit("C-") + number,
            nom_lieu=pl.lit(name),
            ad_lieu=pl.when(pl.lit(pl.Series(rank % 3 == 0))).then(
                pl.lit("D3, sortie ") + pl.col("label")
            ),
            com_lieu=pl.when(pl.lit(pl.Series(rank % 2 == 0))).then("poor").otherwise("label"),
            type=pl.lit(pl.Series(_draw(PLACE_TYPES, count, rng))),
            date_maj=pl.lit(pl.Series(_with_one(rng.choice(UPDATES, count), IN_THE_FUTURE))),
            ouvert=pl.lit(pl.Series(np.where(rank % 40 == 11, "false", "true"))),
            source=pl.when(pl.lit(pl.Series(rank % 16 > 0))).then("siren"),
            # Some producers give all the digits they have.
            Xlong=pl.lit(pl.Series(_digits(rows["lon"].to_numpy() + spread[:, 0], rank))),
            Ylat=pl.lit(pl.Series(_digits(rows["lat"].to_numpy() + spread[:, 1], rank))),
            nbre_pl=pl.lit(pl.Series(spaces.tolist(), dtype=pl.Int64)),
            nbre_pmr=pl.when(pl.lit(pl.Series(rank % 4 == 0))).then(pl.lit(1)),
            duree=pl.when(pl.lit(pl.Series(rank % 50 == 1))).then(pl.lit(10_080)),
            horaires=pl.when(pl.lit(pl.Series(rank % 20 == 3))).then(pl.lit("24/7")),
            proprio=pl.when(pl.lit(pl.Series(rank % 5 == 2))).then(pl.lit("Commune")),
            lumiere=pl.when(pl.lit(pl.Series(rank % 5 == 2))).then(pl.lit("true")),
            comm=pl.when(pl.lit(pl.Series(rank % 11 == 5))).then(pl.lit("Abri vélo à proximité")),
        )
        .with_columns(
            id_lieu=pl.col("code") + "-" + pl.col("id_local"),
        )
        .select(BNLC_COLUMNS)
    )


def _draw(shares: dict[str, float], count: int, rng: np.random.Generator) -> list[str]:
    return [str(word) for word in rng.choice(list(shares), count, p=list(shares.values()))]


def _with_one(texts: Texts, one: str) -> list[str]:
    """The texts, the first of them another one."""
    return [one, *texts.tolist()[1:]]


def _digits(degrees: Floats, rank: Ints) -> Floats:
    return np.where(rank % 9 == 4, degrees.round(14), degrees.round(6))


def _plain_csv(frame: pl.DataFrame) -> bytes:
    """Commas, quotes where they are needed only."""
    return frame.write_csv(line_terminator=LF, quote_style="necessary").encode()


# --- charging points ---

IRVE_COLUMNS = (
    *("nom_amenageur", "siren_amenageur", "contact_amenageur", "nom_operateur"),
    *("contact_operateur", "telephone_operateur", "nom_enseigne", "id_station_itinerance"),
    *("id_station_local", "nom_station", "implantation_station", "adresse_station"),
    *("code_insee_commune", "coordonneesXY", "nbre_pdc", "id_pdc_itinerance", "id_pdc_local"),
    *("puissance_nominale", "prise_type_ef", "prise_type_2", "prise_type_combo_ccs"),
    *("prise_type_chademo", "prise_type_autre", "gratuit", "paiement_acte", "paiement_cb"),
    *("paiement_autre", "tarification", "condition_acces", "reservation", "horaires"),
    *("accessibilite_pmr", "restriction_gabarit", "station_deux_roues", "raccordement", "num_pdl"),
    *("date_mise_en_service", "observations", "date_maj", "cable_t2_attache", "last_modified"),
    *("datagouv_dataset_id", "datagouv_resource_id", "datagouv_organization_or_owner"),
    *("created_at", "consolidated_longitude", "consolidated_latitude", "consolidated_code_postal"),
    *("consolidated_commune", "consolidated_is_lon_lat_correct"),
    *("consolidated_is_code_insee_verified", "consolidated_is_code_insee_modified"),
)
STATIONS_PER_COMMUNE = 0.15
POWERS = {"3.7": 0.05, "7.4": 0.25, "11": 0.1, "22": 0.4, "22.0": 0.05, "50": 0.07, "150": 0.08}
TRUTH = (("true", "false"), ("TRUE", "FALSE"), ("True", "False"))
"""Yes and no as producers write them."""
NETWORKS = ("Recharge du Marais", "Bornes & Compagnie", "Voltamine", "Syndicat d'énergie fictif")
OBSERVATION = 'Borne derrière la mairie,\nà côté de "la Halle"'


def irve(sample: Sample) -> bytes:
    """The consolidated file: a row per charging point and producer."""
    points = _points(sample)
    rng = stream("charging twice")
    again = points.filter(pl.lit(pl.Series(rng.random(len(points)) < 0.06))).with_columns(
        datagouv_dataset_id=pl.lit("5f516fbd0000000000000002"),
        nom_operateur=pl.lit("Agrégateur national"),
    )
    # Some copies have lost their power or are of another day; the others say just the same.
    later = pl.int_range(pl.len()) % 3 == 1
    again = again.with_columns(
        date_maj=pl.when(later).then(pl.lit("2026-07-30")).otherwise("date_maj")
    )
    rows = pl.concat([points, again])
    return _plain_csv(rows.select(IRVE_COLUMNS))


def _points(sample: Sample) -> pl.DataFrame:
    """The points by station, as their first producer tells them."""
    rng = stream("charging points")
    places = sample.country.communes_and_arrondissements(2026)
    stations = max(30, round(STATIONS_PER_COMMUNE * len(places)))
    people = places["population_2023"].to_numpy()
    station_place = rng.choice(len(places), stations, p=people / people.sum())
    sizes = rng.choice([1, 2, 4, 6, 8], stations, p=[0.15, 0.4, 0.25, 0.1, 0.1])
    station = np.repeat(np.arange(stations), sizes)
    rank = np.arange(len(station))
    rows = places[station_place[station]]
    spread = rng.uniform(-0.004, 0.004, (stations, 2))[station]
    lon, lat = rows["lon"].to_numpy() + spread[:, 0], rows["lat"].to_numpy() + spread[:, 1]
    lon, lat = lon.round(6), lat.round(6)
    lost = station % 30
    # The wrong way round, nowhere, and in the commune of another station.
    lon, lat = np.where(lost == 11, lat, lon), np.where(lost == 11, lon, lat)
    lon, lat = np.where(lost == 17, 0.0, lon), np.where(lost == 17, 0.0, lat)
    lat = np.where(lost == 23, lat + 1, lat)
    unknown = station % 4 == 1
    wrong = np.isin(lost, (11, 17, 23))
    network = np.array(NETWORKS)[station % len(NETWORKS)]
    yes, no = (np.array(words)[station % len(TRUTH)] for words in zip(*TRUTH, strict=True))
    power = np.array(_draw(POWERS, stations, rng))[station]
    power = np.where(station % 45 == 8, "22000", power)
    number = pl.Series(station + 1).cast(pl.String).str.zfill(5)
    within = pl.Series(rank - np.searchsorted(station, station) + 1).cast(pl.String)
    opened = pl.Series(rng.integers(2018, 2027, stations)[station]).cast(pl.String)

    def text(values: Any) -> pl.Expr:
        return pl.lit(pl.Series(values))

    where = text(pl.Series(lon).cast(pl.String) + ", " + pl.Series(lat).cast(pl.String))
    tight = where.str.replace(", ", ",", literal=True)
    known = text(~unknown)
    access = np.where(station % 37 == 5, "Acc\x8fs libre", "Accès libre")
    columns = {
        "nom_amenageur": text(network),
        "nom_operateur": text(network),
        "contact_operateur": pl.lit("contact@exemple.fr"),
        "nom_enseigne": text(network),
        "id_station_itinerance": text("FRMETP" + number),
        "nom_station": pl.lit("Station ") + pl.col("label"),
        "implantation_station": pl.lit("Voirie"),
        "adresse_station": pl.lit("1 place de la Mairie, ") + pl.col("label"),
        "code_insee_commune": pl.when(known).then("code"),
        "coordonneesXY": pl.lit("[")
        + pl.when(text(rank % 2 == 0)).then(where).otherwise(tight)
        + pl.lit("]"),
        "nbre_pdc": text(sizes[station]),
        "id_pdc_itinerance": text("FRMETE" + number + within),
        "puissance_nominale": text(power),
        "prise_type_2": text(yes),
        "gratuit": text(no),
        "paiement_cb": text(yes),
        "condition_acces": text(access),
        "reservation": text(no),
        "horaires": pl.lit("24/7"),
        "station_deux_roues": text(np.where(station % 50 == 20, yes, no)),
        "date_mise_en_service": pl.when(text(station % 3 > 0)).then(text(opened + "-06-01")),
        "observations": pl.when(text(station % 25 == 9)).then(pl.lit(OBSERVATION)),
        "date_maj": text(opened + "-12-01"),
        "last_modified": pl.lit("2026-08-01T02:00:00+00:00"),
        "datagouv_dataset_id": pl.lit("5f516fbd0000000000000001"),
        "created_at": pl.lit("2024-01-01T02:00:00+00:00"),
        "consolidated_longitude": text(lon),
        "consolidated_latitude": text(lat),
        "consolidated_commune": pl.when(known).then("label"),
        "consolidated_is_lon_lat_correct": text(np.where(unknown | wrong, "False", "True")),
        "consolidated_is_code_insee_verified": text(np.where(unknown, "False", "True")),
        "consolidated_is_code_insee_modified": pl.lit("False"),
    }
    nothing = pl.lit(None, dtype=pl.String)
    return rows.select(columns.get(name, nothing).alias(name) for name in IRVE_COLUMNS)


# --- cycling facilities ---

PEOPLE_PER_SECTION = 6_000
FACILITIES = (
    ("VOIE VERTE", "VOIE VERTE", 0.25),
    ("PISTE CYCLABLE", "AUCUN", 0.25),
    ("AUCUN", "PISTE CYCLABLE", 0.1),
    ("BANDE CYCLABLE", "BANDE CYCLABLE", 0.2),
    ("PISTE CYCLABLE", None, 0.1),
    ("DOUBLE SENS CYCLABLE NON MATERIALISE", "AUCUN", 0.1),
)
"""Facilities on the right and on the left, and how common they are."""


def bnac_cycling(sample: Sample) -> bytes:
    """``france-20260807.geojson``: a line per section of the mainland."""
    rng = stream("cycling")
    communes = (
        sample.country.communes(2022)
        .filter(pl.col("departement").str.len_chars() == 2)
        .with_columns(neighbour=pl.col("code").shift(1, fill_value=None).over("siren"))
    )
    people = communes["population_2023"].to_numpy()
    row = np.repeat(np.arange(len(communes)), rng.poisson(people / PEOPLE_PER_SECTION))
    middle = communes.select("lon", "lat").to_numpy()[row]
    steps = rng.normal(0, 0.0012, (len(row), 4, 2))
    steps[:, 0] = rng.uniform(-0.003, 0.003, (len(row), 2))
    shapes = shapely.linestrings((middle[:, None] + np.cumsum(steps, axis=1)).round(6))
    kind = rng.choice(len(FACILITIES), len(row), p=[share for _, _, share in FACILITIES])
    osm = 100_000_000 + 13 * rng.permutation(len(row))
    shared = rng.random(len(row)) < 0.04
    codes = communes["code"][row].to_list()
    neighbours = communes["neighbour"][row].to_list()
    features = (
        f'{{"type": "Feature", "properties": {json.dumps(properties, ensure_ascii=False)}, '
        f'"geometry": {shape}}}'
        for shape, properties in zip(
            shapely.to_geojson(shapes),
            (
                _section(int(osm[i]), codes[i], neighbours[i] if shared[i] else None, int(kind[i]))
                for i in range(len(row))
            ),
            strict=True,
        )
    )
    lines = f",{LF}".join(features)
    return f'{{"type": "FeatureCollection", "features": [{LF}{lines}{LF}]}}{LF}'.encode()


def _section(osm: int, code: str, neighbour: str | None, kind: int) -> dict[str, str | int | None]:
    """The properties of a section, in the order of the schema."""
    right, left, _ = FACILITIES[kind]
    return {
        "id_local": f"geovelo_{osm}_{code}",
        "id_osm": osm,
        "num_iti": None,
        "code_com_d": code,
        "ame_d": right,
        "regime_d": "ZONE 30" if osm % 3 else "AUTRE",
        "sens_d": "BIDIRECTIONNEL" if right == "VOIE VERTE" else "UNIDIRECTIONNEL",
        "largeur_d": None,
        "local_d": None,
        "statut_d": "EN SERVICE",
        "revet_d": "LISSE",
        "code_com_g": neighbour or code,
        "ame_g": left,
        "regime_g": "ZONE 30" if osm % 3 else "AUTRE",
        "sens_g": "UNIDIRECTIONNEL",
        "largeur_g": None,
        "local_g": None,
        "statut_g": "EN SERVICE",
        "revet_g": None,
        "access_ame": None,
        "date_maj": f"20{20 + osm % 6}-05-11",
        "trafic_vit": 30 if osm % 3 else None,
        "lumiere": None,
        "d_service": None,
        "source": "Les contributeurs OpenStreetmap",
        "project_c": 4326,
        "ref_geo": "OpenStreetmap",
    }


ENTRIES = (
    Entry(
        "rpc_carpool",
        "2026-05",
        "2026-05.csv",
        "DGITM / Registre de preuve de covoiturage",
        "Trajets réalisés en covoiturage, mai 2026",
        f"{DATA_GOUV}/trajets-realises-en-covoiturage-registre-de-preuve-de-covoiturage/",
        rpc_carpool,
        "journeys of registered platforms only, none of communes with fewer than six; 99xxx abroad",
        extent="partial",
    ),
    Entry(
        "bnlc",
        "2026",
        "bnlc.csv",
        "transport.data.gouv.fr",
        "Base nationale des lieux de covoiturage (part tenue centralement)",
        f"{DATA_GOUV}/r/4fd78dee-e122-4c0d-8bf6-ff55d79f3af1",
        bnlc,
        "territories that publish their own file are missing; postal codes and old codes in insee",
        extent="partial",
        licence="ODbL 1.0",
    ),
    Entry(
        "irve",
        "2026",
        "consolidation-etalab-schema-irve-statique-v-2.3.1-20260801.csv",
        "Etalab / transport.data.gouv.fr / DGEC",
        "Points de recharge de véhicules électriques, consolidation",
        f"{DATA_GOUV}/r/eb76d20a-8501-400e-b336-d85724de5435",
        irve,
        "points told by two producers; no commune on a quarter of the rows; some wrong coordinates",
    ),
    Entry(
        "bnac_cycling",
        "2026-08",
        "france-20260807.geojson",
        "transport.data.gouv.fr / Geovelo",
        "Base nationale des aménagements cyclables",
        "https://static.data.gouv.fr/resources/amenagements-cyclables-france-metropolitaine/"
        "20260807-093353/france-20260807.geojson",
        bnac_cycling,
        "COG 2022; a line has two sides, each with its commune and its facility",
        extent="france-metropolitaine",
        licence="ODbL 1.0",
    ),
)
