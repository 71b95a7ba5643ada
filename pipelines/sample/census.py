"""The files of the census and of incomes: cubes, flows of pupils and movers, people one by one.

==========================================================  =========================
trap of the real files                                      where
==========================================================  =========================
rows of totals (``_T``) beside their parts; every level     ``housing_zip``,
at once, where the same digits are a région and a           ``tourism_zip``
département; metropolises both whole and by arrondissement
nothing quoted; sums with stray last digits; status ``K``   ``housing_zip``
and no value where another commune has the dwellings; no
value for Mayotte in 2012
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

import io
from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from pipelines.sample import commuting as model
from pipelines.sample import scenario
from pipelines.sample.commuting import ELSEWHERE, abroad, places
from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.entries import Entry
from pipelines.sample.files import CRLF, LF, Sample, _csv, _zip
from pipelines.sample.ground import ISLANDS, MAINLAND, stream
from pipelines.sample.land import Floats, Ints

Cell = tuple[str, ...]

# --- cubes: every level, every total ---

TOTAL = "_T"
LEVELS = {
    "COM": pl.coalesce("parent", "code"),
    "ARM": pl.when(pl.col("parent").is_not_null()).then("code"),
    "EPCI": pl.col("siren"),
    "DEP": pl.col("departement"),
    "REG": pl.col("region"),
}
"""Code of a commune or an arrondissement at every level but the country."""
SEA = 0.9
"""Part of the way to the farthest commune of the mainland from where on the sea is near."""

DIMENSIONS = (
    *("OCS", "L_STAY", "TDW", "CARS", "RP_MEASURE", "CARPARK", "NOR", "TSH", "BUILD_END"),
    "NRG_SRC",
)
POPULATION_OF = {2012: "population_2013", 2017: "population_2018", 2023: "population_2023"}
"""The years of the cube of dwellings, and whose people live in them."""
SPLIT_OFF = {
    **{"60694": "60054", "85165": "85084", "85212": "85084"},
    **{code: "15141" for code in scenario.FIVE if code != "15141"},
}
"""Communes that were part of another one, where their dwellings are counted before 2023."""
PARTS = 100_000
"""Dwellings are counted in hundred-thousandths, so that sums are exact."""

RANKINGS = ("1", "2", "3", "4", "5", "NC")
ROOMS, PITCHES, BEDS = (18, 22, 28, 45, 60, 20), (40, 60, 90, 140, 180, 25), (60, 90, 35)
"""Of a hotel, a campsite (by ranking), another lodging (by kind)."""


def housing_zip(sample: Sample) -> bytes:
    """``DS_RP_LOGEMENT_PRINC_2023_CSV_FR.zip``: dwellings of three years."""
    leaves = _leaves(sample.country, 2026)
    counts, known, cells = _dwellings(leaves)
    territories, sums = _at_every_level(leaves, counts)
    _, counted = _at_every_level(leaves, known)
    stray = np.arange(sums.size) % 11 == 0
    value = sums.ravel() / PARTS * np.where(stray, 1 + 2e-15, 1.0)
    there = pl.lit(pl.Series(counted.ravel() > 0))
    elsewhere = (
        pl.col("GEO").is_in(list(SPLIT_OFF))
        & pl.col("GEO_OBJECT").eq("COM")
        & pl.col("TIME_PERIOD").ne("2023")
    )
    rows = _every(territories, cells, [*DIMENSIONS, "TIME_PERIOD"]).select(
        "GEO",
        "GEO_OBJECT",
        *DIMENSIONS,
        FREQ=pl.lit("A"),
        OBS_STATUS=pl.when(elsewhere).then(pl.lit("K")).otherwise(pl.lit("A")),
        TIME_PERIOD="TIME_PERIOD",
        OBS_VALUE=pl.when(there)
        .then(pl.lit(pl.Series(value)))
        .cast(pl.String)
        .str.strip_suffix(".0"),
    )
    return _zip({"DS_RP_LOGEMENT_PRINC_2023_data.csv": _csv(rows, ";", LF)})


def tourism_zip(sample: Sample) -> bytes:
    """``DS_TOUR_CAP_2026_CSV_FR.zip``: lodgings, rooms, pitches and beds."""
    leaves = _leaves(sample.country, 2026).filter(pl.col("departement") != MAYOTTE)
    capacity = _lodgings(leaves)
    territories, sums = _at_every_level(leaves, np.column_stack(list(capacity.values())))
    dimensions = ["ACTIVITY", "UNIT_LOC_RANKING", "L_STAY", "TOUR_MEASURE"]
    rows = _every(territories, list(capacity), dimensions).with_columns(
        FREQ=pl.lit("A"),
        OBS_STATUS=pl.lit("A"),
        TIME_PERIOD=pl.lit(2026),
        OBS_VALUE=pl.lit(pl.Series(sums.ravel())),
    )
    return _zip({"DS_TOUR_CAP_2026_data.csv": _csv(rows, ";", LF, quote="non_numeric")})


def _leaves(country: Country, year: int) -> pl.DataFrame:
    """Communes, the metropolises by arrondissement (``parent`` is then the commune), by code."""
    parents = country.arrondissements.select("code", "parent")
    return (
        country.communes_and_arrondissements(year)
        .join(parents, on="code", how="left", maintain_order="left")
        .with_columns(seaside=_seaside())
    )


def _seaside() -> pl.Expr:
    """Whether a commune is near the edge of the mainland, or off it."""
    east = (pl.col("lon") - MAINLAND.lon) * float(np.cos(np.radians(MAINLAND.lat)))
    away = (east**2 + (pl.col("lat") - MAINLAND.lat) ** 2).sqrt()
    overseas = pl.col("departement").str.len_chars() == 3
    islands = overseas | pl.col("departement").is_in(["2A", "2B"]) | pl.col("code").is_in(ISLANDS)
    return islands | (away > SEA * away.filter(~islands).max())


def _at_every_level(leaves: pl.DataFrame, values: Ints) -> tuple[pl.DataFrame, Ints]:
    """The territories of all levels (``GEO, GEO_OBJECT``), and the sums of their leaves."""
    mainland = pl.col("departement").str.len_chars() == 2
    country = [("FRANCE", pl.lit("F")), ("FRANCE", pl.when(mainland).then(pl.lit("FM")))]
    names, sums = [], []
    for level, code in [*LEVELS.items(), *country]:
        codes = leaves.with_columns(geo=code)["geo"]
        there = codes.drop_nulls().unique().sort()
        total = np.zeros((len(there), values.shape[1]), dtype=np.int64)
        rows = there.search_sorted(codes.drop_nulls()).to_numpy()
        np.add.at(total, rows, values[codes.is_not_null().to_numpy()])
        names.append(pl.DataFrame({"GEO": there, "GEO_OBJECT": [level] * len(there)}))
        sums.append(total)
    return pl.concat(names), np.concatenate(sums)


def _every(territories: pl.DataFrame, cells: list[Cell], dimensions: list[str]) -> pl.DataFrame:
    """Every territory with every cell, a row each."""
    frame = pl.DataFrame(cells, schema=dimensions, orient="row")
    return territories.join(frame, how="cross", maintain_order="left_right")


def _dwellings(leaves: pl.DataFrame) -> tuple[Ints, Ints, list[Cell]]:
    """Dwellings of the leaves by cell, in ``PARTS``; 1 where they are known; the cells."""
    rng = stream("dwellings")
    luck = {
        "size": rng.normal(2.1, 0.08, len(leaves)).clip(1.8, 2.5),
        "second": rng.lognormal(-2.8, 0.6, len(leaves)),
        "vacant": rng.uniform(0.05, 0.1, len(leaves)),
        "owners": rng.uniform(0.5, 0.8, len(leaves)) - 0.35 * _urban(leaves["population_2023"]),
        "houses": 0.98 - 0.8 * _urban(leaves["population_2023"]),
    }
    luck["second"] *= np.where(leaves["seaside"].to_numpy(), 6, 1)
    host = pl.col("code").replace(SPLIT_OFF)
    columns, known, cells = [], [], []
    for year, population in POPULATION_OF.items():
        apart = (host != pl.col("code")) & (year < 2023)
        people = pl.when(~apart).then(
            pl.col(population).sum().over(host) if year < 2023 else population
        )
        lived = leaves.with_columns(people=people)["people"]
        unseen = (leaves["departement"] == MAYOTTE) & (year == 2012)
        of_year = _dwellings_of(lived.fill_null(0).to_numpy(), luck, year)
        columns += list(of_year.values())
        known += [(lived.is_not_null() & ~unseen).to_numpy()] * len(of_year)
        cells += [(*cell, str(year)) for cell in of_year]
    seen = np.column_stack(known).astype(np.int64)
    return np.column_stack(columns) * seen, seen, cells


def _dwellings_of(people: Ints, luck: Mapping[str, Floats], year: int) -> dict[Cell, Ints]:
    """Dwellings of a year by cell; the last one has more details."""

    def share(whole: Ints, part: Floats | float) -> Ints:
        return np.round(whole * part).astype(np.int64)

    main = share(people * PARTS, 1 / luck["size"])
    second, vacant = share(main, luck["second"]), share(main, luck["vacant"])
    every = main + second + vacant
    owners, free = share(main, luck["owners"]), share(main, 0.025)
    tenants = main - owners - free
    private, furnished = share(tenants, 0.55), share(tenants, 0.08)
    dwellings = {
        _cell(NOR="R3"): share(main, 0.22),
        _cell(TSH="100"): owners,
        _cell(TSH="200"): tenants,
        _cell(TSH="211"): private,
        _cell(TSH="212_222"): furnished,
        _cell(TSH="221"): tenants - private - furnished,
        _cell(TSH="300"): free,
        _cell(): main,
        _cell(OCS="DW_SEC_DW_OCC"): second,
        _cell(OCS="DW_VAC"): vacant,
        _cell(OCS=TOTAL): every,
        _cell(RP_MEASURE="DWELLINGS_ROOMS"): share(main, 3.9),
    }
    if year < max(POPULATION_OF):
        return dwellings
    houses = share(every, luck["houses"])
    without, one = share(main, 0.15), share(main, 0.47)
    return dwellings | {
        _cell(OCS=TOTAL, TDW="1"): houses,
        _cell(OCS=TOTAL, TDW="2"): every - houses,
        _cell(CARS="C0"): without,
        _cell(CARS="C1"): one,
        _cell(CARS="C_GE2"): main - without - one,
    }


def _cell(**dimensions: str) -> Cell:
    """A cell of the cube of dwellings: main homes, and the total of what is not named."""
    usual = {"OCS": "DW_MAIN", "RP_MEASURE": "DWELLINGS"}
    return tuple((usual | dimensions).get(name, TOTAL) for name in DIMENSIONS)


def _lodgings(leaves: pl.DataFrame) -> dict[Cell, Ints]:
    """Lodgings of the leaves and what they hold, by cell."""
    rng = stream("lodgings")
    people = leaves["population_2023"].to_numpy()
    draw = rng.lognormal(0, 0.8, len(leaves)) * np.where(leaves["seaside"].to_numpy(), 4, 0.6)
    hotels = rng.poisson(np.outer(people * draw / 4_000, [0.04, 0.12, 0.3, 0.2, 0.04, 0.3]))
    camps = rng.poisson(np.outer((people > 0) * draw / 8, [0.1, 0.25, 0.3, 0.2, 0.05, 0.1]))
    rooms, pitches = rng.poisson(hotels * ROOMS), rng.poisson(camps * PITCHES)
    # Let by the year to one household, or by the night.
    let = rng.binomial(pitches, 0.3)
    cells: dict[Cell, Ints] = {}
    for ranking, at in {**{r: [i] for i, r in enumerate(RANKINGS)}, TOTAL: range(6)}.items():
        columns = list(at)
        cells["I551", ranking, TOTAL, "UNIT_LOC"] = hotels[:, columns].sum(axis=1)
        cells["I551", ranking, TOTAL, "PLACE"] = rooms[:, columns].sum(axis=1)
        cells["I553", ranking, TOTAL, "UNIT_LOC"] = camps[:, columns].sum(axis=1)
        for stay, number in {TOTAL: pitches, "LONG": let, "SHORT": pitches - let}.items():
            cells["I553", ranking, stay, "PLACE"] = number[:, columns].sum(axis=1)
    others = rng.poisson(np.outer(people * draw / 9_000, [0.5, 0.3, 0.2]))
    flats = rng.poisson(others * BEDS)
    kinds = {"I552": [0, 1, 2], "I552A": [0], "I552B": [1], "I552C": [2]}
    for kind, columns in kinds.items():
        for measure, number in {"UNIT_LOC": others, "PLACE": flats, "BEDPLACE": 3 * flats}.items():
            cells[kind, TOTAL, TOTAL, measure] = number[:, columns].sum(axis=1)
    return cells


def _urban(people: pl.Series) -> Floats:
    """From 0 for villages to 1 for cities."""
    urban: Floats = (np.log(np.maximum(people.to_numpy(), 1) / 500) / np.log(200)).clip(0, 1)
    return urban.round(6)


# --- shares on a web page, people one by one ---

TITLES = ("Insee - Statistiques locales", "Référentiel géographique : France par commune")
SHARES = (
    "Part des actifs occupés de 15 ans ou plus  les transports en commun 2021",
    "Part des ménages ayant au moins 1 voiture 2021",
    "Part des actifs occ 15 ans ou plus voiture pour travailler 2021",
    "Part des actifs occ 15 ans ou plus vélo pour travailler 2021",
)
UNAVAILABLE, DIVIDED_BY_ZERO = "N/A - résultat non disponible", "N/A - division par 0"
HAMLET = 13
"""Inhabitants from which somebody works, or so the census says."""

COUNTRIES = {"AL": "99109", "BE": "99131", "LU": "99137", "MO": "99138", "SU": "99140"}
"""Where a town abroad lies, by the first letters of its code."""
OTHER_COUNTRY = "99127"
MOST_ASKED = 4
"""People asked that a pair of communes has in the file at most, to keep it small."""
ASKED = 4.0
"""Employed residents that one of those asked stands for."""
DETAIL_COLUMNS = (
    *("COMMUNE", "ARM", "DCFLT", "DCLT", "AGEREVQ", "DEROU", "DIPL", "EMPL", "GS", "ILT", "ILTUU"),
    *("IMMI", "INATC", "INEEM", "INPOM", "INPSM", "IPONDI", "LPRM", "METRODOM", "MOCO", "NA5"),
    *("NPERR", "REGION", "REGLT", "SEXE", "STAT", "STOCD", "TP", "TRANS", "TYPL", "TYPMR", "VOIT"),
)
OF_NO_USE = {
    "AGEREVQ": ("020", "025", "030", "035", "040", "045", "050", "055", "060"),
    "DEROU": ("0", "1", "2", "Z"),
    "DIPL": ("01", "03", "11", "13", "14", "16", "18", "19"),
    "EMPL": ("11", "12", "15", "16", "21", "23"),
    "GS": ("1", "2", "3", "4", "5", "6"),
    "ILTUU": ("1", "2", "3"),
    "IMMI": ("1", "2"),
    "INATC": ("1", "2"),
    "INEEM": ("0", "1", "2"),
    "INPOM": ("0", "1"),
    "INPSM": ("0", "1"),
    "LPRM": ("1", "2", "3"),
    "MOCO": ("11", "21", "22", "31", "32"),
    "NA5": ("AZ", "BE", "FZ", "GU", "OQ"),
    "NPERR": ("1", "2", "3", "4", "5"),
    "SEXE": ("1", "2"),
    "STAT": ("10", "21"),
    "STOCD": ("10", "21", "22", "23"),
    "TP": ("1", "2"),
    "TYPL": ("1", "2"),
    "TYPMR": ("11", "12", "20", "31", "41"),
    "VOIT": ("0", "1", "2", "3", "X"),
}
"""Columns nobody reads here, and some of their codes."""


def modal_share(sample: Sample) -> bytes:
    """``INSEE_Statistiques_locales_part_modale_2021.csv``: shares of the communes of 2024."""
    communes = sample.country.communes(2024)
    people = pl.col("population_2022")
    urban = pl.lit(pl.Series(_urban(communes["population_2022"])))
    chance = stream("modal shares").normal(0, 1, (len(communes), 4)).clip(-2, 2)
    luck = [pl.lit(pl.Series(chance[:, i])) for i in range(4)]
    transit = (1.5 + 40 * urban**2 + luck[0]).clip(0, 100)
    bike = (1 + 4 * urban + 0.8 * luck[1]).clip(0, 100)
    car = (92 - 3 * luck[2].abs() - transit - bike - 12 * urban).clip(0, 100)
    motorised = (96 - 45 * urban**2 + 2 * luck[3]).clip(0, 100)
    newborn = pl.col("code").is_in([code for code, host in SPLIT_OFF.items() if host != "15141"])

    def published(share: pl.Expr, least: int) -> pl.Expr:
        return (
            pl.when(newborn | pl.col("departement").eq(MAYOTTE))
            .then(pl.lit(UNAVAILABLE))
            .when(people < least)
            .then(pl.lit(DIVIDED_BY_ZERO))
            .otherwise(share.round(1).cast(pl.String).str.strip_suffix(".0"))
        )

    shares = (
        published(transit, HAMLET),
        published(motorised, 1),
        published(car, HAMLET),
        published(bike, HAMLET),
    )
    rows = communes.select(
        pl.col("code").alias("Code"),
        pl.col("label").alias("Libellé"),
        *(share.alias(name) for name, share in zip(SHARES, shares, strict=True)),
    )
    titles = "".join(title + "; " * (rows.width - 1) + CRLF for title in TITLES)
    return ("\ufeff" + titles).encode() + _csv(rows, ";", CRLF).removesuffix(CRLF.encode())


def commuting_detail(sample: Sample) -> bytes:
    """``RP2022_mobpro.parquet``: some of those asked for every pair of the commuting flows."""
    pairs = _described_pairs(sample)
    rng = stream("detail")
    asked = np.round(pairs["flow"].to_numpy() / ASKED).clip(1, MOST_ASKED).astype(np.int64)
    rows = np.repeat(np.arange(len(pairs)), asked)
    mode = (rng.random((len(rows), 1)) >= _mode_shares(pairs)[rows][:, :-1]).sum(axis=1) + 1
    own = {
        name: pl.Series(codes).gather(rng.integers(0, len(codes), len(rows)))
        for name, codes in OF_NO_USE.items()
    }
    frame = pairs.select(
        "COMMUNE", "ARM", "DCFLT", "DCLT", "ILT", "METRODOM", "REGION", "REGLT", "flow"
    )[rows].with_columns(
        IPONDI=pl.col("flow") / pl.lit(pl.Series(asked[rows])),
        TRANS=pl.lit(pl.Series(mode.astype(np.float64))),
        **own,
    )
    buffer = io.BytesIO()
    frame.select(DETAIL_COLUMNS).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _described_pairs(sample: Sample) -> pl.DataFrame:
    """The commuting flows with what the detail file says of both ends, and their ``km``."""
    home = places(sample.country).join(
        sample.country.arrondissements.select("code", "parent"), on="code", how="left"
    )
    ends = pl.concat([home, abroad(home)], how="diagonal").select(
        "code",
        "lon",
        "lat",
        "area",
        "region",
        "departement",
        people="population_2022",
        commune=pl.coalesce("parent", "code"),
        arrondissement=pl.when(pl.col("parent").is_not_null()).then("code"),
    )
    pairs = (
        sample.flows.select("origin", "destination", "flow")
        .join(ends, left_on="origin", right_on="code", maintain_order="left")
        .join(
            ends,
            left_on="destination",
            right_on="code",
            suffix="_work",
            how="left",
            maintain_order="left",
        )
    )
    foreign = pl.col("destination").str.contains(r"^[A-Z]")
    overseas = pl.col("departement").str.len_chars() == 3
    stretch = pl.col("lat").radians().cos()
    apart = (
        ((pl.col("lon_work") - pl.col("lon")) * stretch) ** 2
        + (pl.col("lat_work") - pl.col("lat")) ** 2
    ).sqrt() * model.KM_PER_DEGREE
    return pairs.select(
        "flow",
        "people",
        km=pl.when(pl.col("origin") == pl.col("destination"))
        .then(pl.col("area").sqrt() / 2)
        .otherwise(apart),
        stays=pl.col("origin") == pl.col("destination"),
        COMMUNE="commune",
        ARM=pl.col("arrondissement").fill_null("ZZZZZ"),
        DCFLT=pl.when(foreign).then("destination").otherwise(pl.lit("99999")),
        DCLT=pl.when(foreign)
        .then(pl.col("destination").str.head(2).replace_strict(COUNTRIES, default=OTHER_COUNTRY))
        .otherwise("destination"),
        ILT=pl.when(foreign)
        .then(pl.lit("7"))
        .when(pl.col("region_work").is_null())
        .then(pl.lit("6"))
        .when(pl.col("commune") == pl.col("commune_work"))
        .then(pl.lit("1"))
        .when(pl.col("departement") == pl.col("departement_work"))
        .then(pl.lit("2"))
        .when(pl.col("region") == pl.col("region_work"))
        .then(pl.lit("3"))
        .when(pl.col("departement_work").str.len_chars() == 2)
        .then(pl.lit("4"))
        .otherwise(pl.lit("5")),
        METRODOM=pl.when(overseas).then(pl.lit("D")).otherwise(pl.lit("M")),
        REGION="region",
        REGLT=pl.col("region_work").fill_null("99"),
    )


def _mode_shares(pairs: pl.DataFrame) -> Floats:
    """Chances of the six modes for every pair, added up from the first mode to the last."""
    km = pairs["km"].fill_null(500.0).to_numpy()
    urban = _urban(pairs["people"])
    weights = np.column_stack(
        [
            np.where(pairs["stays"].to_numpy(), 0.06, 0.005),
            0.6 * np.exp(-km / 1.2),
            0.06 * np.exp(-km / 6) * (1 + urban),
            np.full(len(pairs), 0.02),
            1 - 0.6 * urban,
            0.02 + 0.7 * urban**2 * (1 - np.exp(-km / 2)),
        ]
    ).cumsum(axis=1)
    shares: Floats = (weights / weights[:, -1:]).round(6)
    return shares


# --- flows of pupils and of those who move ---

PUPILS, NO_SCHOOL_BELOW, NO_SCHOOL = 0.23, 400, 0.6
"""Share of pupils among the people; who has no school (chance, below so many inhabitants)."""
SCHOOLS_ABROAD = ("BE570", "SU96F", "SUC1L")
SCHOOLS_ELSEWHERE = {code: (ELSEWHERE[code][0], 2e-5) for code in ("97502", "97801", "98735")}
MOVED = 0.11
FAR_STUDIES, FAR_MOVES = 0.04, 0.35
"""Of those who leave their commune, how many do so without regard to distance."""
FROM_ABROAD = {
    **{code: (label, 4e-4) for code, (label, _) in ELSEWHERE.items() if code != "ZZZZZ"},
    "98736": ("Pirae", 4e-4),
    "99999": ("Résidence antérieure dans un pays étranger", 0.08),
}
"""Former residences that no distance explains, and their shares of those who moved."""


def school_zip(sample: Sample) -> bytes:
    """``base-flux-mobilite-domicile-lieu-etude-2022_csv.zip``."""
    home = places(sample.country)
    people = pl.col("population_2022")
    luck = stream("schools").random((len(home), 2))
    rate = PUPILS * (0.8 + 0.4 * luck[:, 0]).round(6)
    without = (home["population_2022"].to_numpy() < NO_SCHOOL_BELOW) & (luck[:, 1] < NO_SCHOOL)
    stays = np.where(without, 0, 0.4 + 0.4 * _urban(home["population_2022"]))
    home = home.with_columns(
        people=people * pl.lit(pl.Series(rate)),
        stays=pl.lit(pl.Series(stays)),
        pull=pl.when(pl.lit(pl.Series(~without))).then(people**1.25).otherwise(0.0),
    )
    towns = abroad(home).filter(pl.col("code").is_in(SCHOOLS_ABROAD))
    towns = towns.with_columns(pl.col("pull") / 4)
    pairs = min(sample.country.size.commuting_pairs // 2, 400_000)
    flows = _flows(home, towns, SCHOOLS_ELSEWHERE, pairs, FAR_STUDIES, "pupils")
    return _flow_zip(flows, "domicile-lieu-etude", "DCETU", "NBFLUX_C22_SCOL02P")


def moves_zip(sample: Sample) -> bytes:
    """``base-flux-mobilite-residentielle-2022_csv.zip``: where people lived a year before."""
    people = pl.col("population_2022")
    home = places(sample.country).with_columns(
        people=people * 0.99, stays=pl.lit(1 - MOVED), pull=people.cast(pl.Float64)
    )
    pairs = sample.country.size.commuting_pairs
    pairs = max(pairs // 2, round(1.1 * pairs) - 10_000)
    flows = _flows(home, abroad(home).clear(), FROM_ABROAD, pairs, FAR_MOVES, "moves")
    return _flow_zip(flows, "residentielle", "DCRAN", "NBFLUX_C22_POP01P")


def _flow_zip(flows: pl.DataFrame, about: str, other: str, count: str) -> bytes:
    names = {"origin": "CODGEO", "origin_label": "LIBGEO"}
    names |= {"destination": other, "destination_label": f"L_{other}", "flow": count}
    content = _csv(flows.rename(names), ";", LF)
    return _zip({f"base-flux-mobilite-{about}-2022.csv": content})


def _flows(
    home: pl.DataFrame,
    towns: pl.DataFrame,
    elsewhere: Mapping[str, tuple[str, float]],
    pairs: int,
    far: float,
    purpose: str,
) -> pl.DataFrame:
    """People by commune of residence and another place, by code; they add up to ``people``.

    ``home`` says how many ``people`` a place has, which share ``stays`` and how much it attracts
    (``pull``); the share ``far`` goes anywhere. Columns as those of the commuting flows.
    """
    rng = stream(purpose)
    people, stays = home["people"].to_numpy(), home["stays"].to_numpy()
    weight = model._sampling_weight(home)
    asked = np.maximum(np.round(people / weight).astype(np.int64), people > 0)
    origin = np.repeat(np.arange(len(home)), rng.binomial(asked, 1 - stays))
    destination = model._attracted(origin, home, towns, rng)
    farther = np.flatnonzero(rng.random(len(origin)) < far)
    pull = home["pull"].to_numpy().cumsum()
    drawn = np.searchsorted(pull, rng.random(len(farther)) * pull[-1], side="right")
    destination[farther] = np.minimum(drawn, len(home) - 1)
    for rank, (_, share) in enumerate(elsewhere.values(), start=len(home) + len(towns)):
        count = max(1, round(share * len(origin)))
        destination[rng.choice(len(origin), count, replace=False)] = rank
    away = destination != origin
    origin, destination, number = model._pairs(
        origin[away], destination[away], pairs - int(((people > 0) & (stays > 0)).sum())
    )
    flow = number * weight[origin].round(6)
    leave = np.bincount(origin, weights=flow, minlength=len(home))
    most = np.where(stays > 0, 0.97, 1.0) * people / np.maximum(leave, 1e-9)
    flow *= np.where(stays > 0, np.minimum(most, 1), most)[origin]
    remain = people - np.bincount(origin, weights=flow, minlength=len(home))
    at_home = np.flatnonzero(remain > 1e-3)
    others = pl.DataFrame(
        {"code": list(elsewhere), "label": [text for text, _ in elsewhere.values()]}
    )
    ends = pl.concat([frame.select("code", "label") for frame in (home, towns, others)])
    origin = np.append(origin, at_home)
    destination = np.append(destination, at_home)
    return pl.DataFrame(
        {
            "origin": ends["code"].gather(origin),
            "origin_label": ends["label"].gather(origin),
            "destination": ends["code"].gather(destination),
            "destination_label": ends["label"].gather(destination),
            "flow": np.append(flow, remain[at_home]),
        }
    ).sort("origin", "destination")


# --- incomes ---

SECRET, NO_DATA = "s", "nd"
SECRET_BELOW, MEDIAN_ALONE_BELOW, FINE_FROM = 50, 2_000, 9_000
"""Households, then people, under which incomes are secret; people from which all is published."""
NOT_COVERED = ("971", "973", MAYOTTE)


def income(sample: Sample) -> bytes:
    """``cc_filosofi_2020_COM.csv``: communes and arrondissements of 2022, by code."""
    country = sample.country
    communes = country.communes(2022)
    rows = (
        pl.concat([communes, country.arrondissements.select(communes.columns)])
        .filter(~pl.col("departement").is_in(NOT_COVERED))
        .sort("code")
        .with_columns(people=(pl.col("population_2018") * 0.98).round().cast(pl.Int64))
        .with_columns(households=(pl.col("people") / 2.2).round().cast(pl.Int64))
    )
    return _csv(rows.select(pl.col("code").alias("CODGEO"), *_incomes(len(rows))), ";", LF)


def _incomes(count: int) -> Iterator[pl.Expr]:
    """The columns of incomes: whole numbers, or tenths after a comma, or a mark."""
    chance = stream("incomes").normal(0, 1, (count, 6)).clip(-2, 2)
    luck = [pl.lit(pl.Series(chance[:, i])) for i in range(6)]
    median = 22_500 * (1 + 0.12 * luck[0])
    poverty = (11 - 5 * luck[0] + 2 * luck[1]).clip(2, 45)
    first = (median * 0.52 / 10).floor() * 10
    ninth = (median * (1.75 + 0.1 * luck[2]) / 10).floor() * 10
    # Shares of the income, in tenths of a per cent: they add up to 100 per cent.
    jobless, own = (32 + 4 * luck[3]).round(), (40 + 8 * luck[4]).round()
    wages = (640 + 40 * luck[5]).round()
    family, minima = (25 + 4 * luck[1]).round(), (16 + 5 * luck[1]).round()
    rents = (12 + 4 * luck[3]).round()
    wealth, taxes = (80 + 15 * luck[2]).round(), (150 + 25 * luck[0]).round()
    benefits = family + minima + rents
    earned = wages + jobless + own
    pensions = 1_000 - earned - benefits - wealth + taxes
    empty = (pl.col("people") == 0) | pl.col("code").is_in(ISLANDS)
    all_ = pl.col("households") >= SECRET_BELOW
    many = all_ & (pl.col("people") >= MEDIAN_ALONE_BELOW)
    fine = pl.col("people") >= FINE_FROM

    def whole(name: str, value: pl.Expr, known: pl.Expr) -> pl.Expr:
        return marked(name, value.cast(pl.Int64).cast(pl.String), known)

    def tenths(name: str, value: pl.Expr, known: pl.Expr) -> pl.Expr:
        text = value.round(1).cast(pl.String).str.replace(".", ",", literal=True)
        return marked(name, text, known)

    def marked(name: str, text: pl.Expr, known: pl.Expr) -> pl.Expr:
        mark = pl.when(empty).then(pl.lit(NO_DATA)).when(~known).then(pl.lit(SECRET))
        return mark.otherwise(text).alias(f"{name}20")

    yield whole("NBMENFISC", pl.col("households"), all_)
    yield whole("NBPERSMENFISC", pl.col("people"), all_)
    yield whole("MED", (median / 10).floor() * 10, all_)
    yield tenths("PIMP", (48 + 12 * luck[0]).round(), many)
    yield tenths("TP60", poverty.round(), many & (poverty >= 5))
    for rank, more in enumerate((7, 4, 3, 1, -1, -3), start=1):
        rate = (poverty + more).round()
        yield tenths(f"TP60AGE{rank}", rate, fine & (rate >= 8))
    yield tenths("TP60TOL1", (poverty / 2).round(), fine & (poverty > 10))
    yield tenths("TP60TOL2", (poverty * 2).round(), fine)
    for name, value in {
        **{"PACT": earned, "PTSA": wages, "PCHO": jobless, "PBEN": own, "PPEN": pensions},
        **{"PPAT": wealth, "PPSOC": benefits, "PPFAM": family, "PPMINI": minima},
        **{"PPLOGT": rents, "PIMPOT": -taxes},
    }.items():
        yield tenths(name, value / 10, many)
    yield whole("D1", first, many)
    yield whole("D9", ninth, many)
    yield tenths("RD", ninth / first, many)


# --- a control total ---

FEWEST = 200
"""People of the smallest pair of départements."""
BROKEN = {
    **{"é": "\x92\xa9", "è": "\x92\xe5", "ê": "\x92\x90", "ë": "\x92\x91", "ô": "\x92\x82"},
    **{"É": "\x92\x83", "Î": "\x92\x94", "î": "\x92\x95", "ç": "\x92\x8d", "â": "\x92\x89"},
}
"""What became of accents."""


def commuting_departements(sample: Sample) -> bytes:
    """``Flux_DomicileTravail_2016_Dep.csv``: pairs of different départements."""
    departements = sample.country.departements
    label = pl.col("code") + " - " + pl.col("label").str.replace_many(BROKEN)
    labels = dict(departements.select("code", label=label).iter_rows())

    def departement(end: str) -> pl.Expr:
        code = pl.col(end)
        length = pl.when(code.str.starts_with("97")).then(3).otherwise(2)
        return code.str.head(length).replace_strict(labels, default=None).alias(end)

    rows = (
        sample.flows.select(departement("origin"), departement("destination"), "flow")
        .drop_nulls()
        .filter(pl.col("origin") != pl.col("destination"))
        .group_by("origin", "destination", maintain_order=True)
        .agg(pl.sum("flow").round().cast(pl.Int64))
        .filter(pl.col("flow") >= FEWEST)
        .sort("origin", "flow", "destination")
        .rename({"origin": "Origine", "destination": "Destination", "flow": "Flux Dom-Travail"})
    )
    text = _csv(rows, ",", CRLF).decode().removesuffix(CRLF)
    return text.encode("latin-1", errors="replace")


# --- what the manifest says of them ---

_INSEE = "https://www.insee.fr/fr/statistiques"
_MELODI = "https://api.insee.fr/melodi/file"

ENTRIES = (
    Entry(
        "insee_housing",
        "2023",
        "DS_RP_LOGEMENT_PRINC_2023_CSV_FR.zip",
        "INSEE",
        "Logements (Melodi DS_RP_LOGEMENT_PRINC)",
        f"{_MELODI}/DS_RP_LOGEMENT_PRINC/DS_RP_LOGEMENT_PRINC_2023_CSV_FR",
        housing_zip,
        "every level, totals (_T) beside their parts; status K: counted in another commune",
    ),
    Entry(
        "insee_tourism_capacity",
        "2026",
        "DS_TOUR_CAP_2026_CSV_FR.zip",
        "INSEE",
        "Capacité des hébergements touristiques (Melodi DS_TOUR_CAP)",
        f"{_MELODI}/DS_TOUR_CAP/DS_TOUR_CAP_2026_CSV_FR",
        tourism_zip,
        "texts quoted and numbers not; without Mayotte",
    ),
    Entry(
        "insee_modal_share",
        "2021",
        "INSEE_Statistiques_locales_part_modale_2021.csv",
        "INSEE",
        "Statistiques locales : parts modales et équipement automobile des ménages",
        "https://statistiques-locales.insee.fr/",
        modal_share,
        "UTF-8 BOM, 2 title lines, shares in %, N/A texts, no last line break; COG 2024",
    ),
    Entry(
        "insee_commuting_detail",
        "2022",
        "RP2022_mobpro.parquet",
        "INSEE",
        "Mobilités professionnelles 2022 : fichier détail",
        f"{_INSEE}/fichier/8589904/RP2022_mobpro.parquet",
        commuting_detail,
        "COG 2025; modes as floating-point numbers; countries in DCLT, foreign communes in DCFLT",
    ),
    Entry(
        "insee_school_commuting",
        "2022",
        "base-flux-mobilite-domicile-lieu-etude-2022_csv.zip",
        "INSEE",
        "Mobilités scolaires 2022 : flux domicile - lieu d'étude",
        f"{_INSEE}/8201894",
        school_zip,
        "COG 2025; arrondissements at both ends",
    ),
    Entry(
        "insee_residential_moves",
        "2022",
        "base-flux-mobilite-residentielle-2022_csv.zip",
        "INSEE",
        "Migrations résidentielles 2022 : flux",
        f"{_INSEE}/7632715",
        moves_zip,
        "COG 2025; who has not moved is a flow of a commune to itself; 99999 is abroad",
    ),
    Entry(
        "insee_income",
        "2020",
        "cc_filosofi_2020_COM.csv",
        "INSEE",
        "Filosofi 2020 : revenus des communes",
        f"{_INSEE}/fichier/6692220/base-cc-filosofi-2020-geo2023_csv.zip",
        income,
        "decimal comma, s = secret, nd = no data; COG 2022, communes and arrondissements",
    ),
    Entry(
        "insee_commuting_departements",
        "2016",
        "Flux_DomicileTravail_2016_Dep.csv",
        "INSEE",
        "Flux domicile - travail entre départements (paires ≥ 200)",
        _INSEE,
        commuting_departements,
        "latin-1, accents lost, no last line break; a control total, not an input",
        extent="france-metropolitaine",
    ),
)
