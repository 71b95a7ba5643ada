"""The files of land: its cover, its forests, what is built on it, the homes that stand empty.

==========================================================  =====================
trap of the real files                                      where
==========================================================  =====================
EPCI of 2018, some of which are no more or bear another     ``aldo_*``
name today; numbers 1 to 4 for communes without EPCI;
only the mainland and its island; commas without columns
rows 1 to 4 with the cover of a neighbour; four EPCI with   ``clc18``
none; empty cells for nothing; empty lines at the end
rows repeated twice, three and six times; a last row of     ``ign19``, ``biomass``
nothing, without line break
an EPCI of two départements in two parts; no area on four   ``biomass``
others; 316 columns without name; rows of totals
rows FRANCE whose labels are swapped, one in the middle,    ``wood``
with a last cell that no other row has; rows repeated;
no byte-order mark; two spaces in headers
years in column names, spans of several years among them;   ``land_take``
``.0`` in some columns and not in others; minus one square
metre; metropolises as a whole; no Mayotte, an island
without a row; ratios that are blank where nothing changes
cp1252; thousands apart by a space that does not break;     ``lovac``
``s`` for under 11; all years side by side, the stock a
year later; arrondissements; a code of Saint-Martin
text quoted; ``Tous Logements``, the sum of the others;     ``sitadel``
geography of 2023; two rows for communes that became one;
a year that has just begun
==========================================================  =====================
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl

from pipelines.sample import scenario
from pipelines.sample.country import MAYOTTE, Country
from pipelines.sample.entries import Entry
from pipelines.sample.epci_2018 import epci_of_2018
from pipelines.sample.files import CRLF, LF, Sample, _csv
from pipelines.sample.ground import stream
from pipelines.sample.land import Floats, Ints
from pipelines.sample.perimeters import _by_the_sea, _schemes

BOM = b"\xef\xbb\xbf"
Rng = np.random.Generator
Content = Callable[[Sample], bytes]

# --- ALDO: by EPCI of 2018 ---

ALONE = {
    "1": (("22016",), "Île-de-Bréhouat"),
    "2": (("29083", "29155"), "Île-de-Sarnez & Ouvessan"),
    "3": (("49307",), "Val-d'Authanne"),
    "4": (("85113",), "L'Île-d'Yvau"),
}
"""Communes in no EPCI, by the number they have instead, and what they are called together."""
RENAMED = 9
"""One in so many EPCI has had another name."""
WITHOUT = 4
"""EPCI without land cover, and others without area."""
HECTARES = 100
"""In a square kilometre."""
NATURES = {"METRO": "ME", "MET69": "ME"}


def _epci(country: Country) -> pl.DataFrame:
    """EPCI of 2018 and the numbers of ``ALONE``, in the order of the files.

    Columns ``siren, name, nature, communes, people, ha, departements`` (of its communes),
    ``times`` (that its rows are repeated), and hectares of forest: ``broadleaf, conifer, mixed,
    poplar, young, forest``.
    """
    number = {code: number for number, (codes, _) in ALONE.items() for code in codes}
    communes = epci_of_2018(country, 2018).filter(pl.col("departement").str.len_chars() == 2)
    groups = (
        communes.with_columns(
            siren=pl.coalesce("siren", pl.col("code").replace_strict(number, default=None))
        )
        .group_by("siren")
        .agg(
            pl.first("epci"),
            communes=pl.len(),
            people=pl.sum("population_2018"),
            ha=pl.sum("area") * HECTARES,
            departements=pl.col("departement").unique().sort(),
        )
        .join(country.epci.select("siren", "nature"), on="siren", how="left")
        .with_columns(nature=pl.col("nature").fill_null("CC").replace(NATURES))
    )
    # Of the four, the small country has not all; the files have.
    alone = pl.DataFrame({"siren": list(ALONE), "named": [name for _, name in ALONE.values()]})
    rows = (
        groups.join(alone, on="siren", how="full", coalesce=True)
        .with_columns(
            pl.col("communes").fill_null(1),
            pl.col("people", "ha").fill_null(0),
            pl.col("departements").fill_null([]),
            nature=pl.when(pl.col("named").is_null()).then("nature").otherwise(pl.lit("Comm")),
        )
        .sort(pl.col("siren").str.len_chars(), "siren")
    )
    rank = pl.int_range(pl.len())
    name = pl.coalesce("named", "epci")
    was = name.str.replace("CC du Pays de", "CC du Canton de").str.replace("Communauté", "Contrée")
    rows = rows.with_columns(
        name=pl.when(rank % RENAMED == 5).then(was).otherwise(name),
        # One six times, one three times, some twice.
        times=pl.when(rank == 11)
        .then(6)
        .when(rank == 17)
        .then(3)
        .when(rank % 15 == 8)
        .then(2)
        .otherwise(1),
    )
    return _with_forests(rows, stream("forests"))


def _with_forests(rows: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Hectares of forest by composition."""
    count = len(rows)
    share = 0.9 * rng.beta(1.8, 4, count)
    parts = rng.dirichlet([6, 2.5, 1.2, 0.15], count) * (rows["ha"].to_numpy() * share)[:, None]
    young = parts[:, 3] * rng.uniform(0, 0.3, count)
    columns = {
        name: parts[:, i].round(1)
        for i, name in enumerate(("broadleaf", "conifer", "mixed", "poplar"))
    }
    columns["young"] = young.round(1)
    # The islands of the second row have no forest.
    there = np.where(rows["siren"].to_numpy() == "2", 0.0, 1.0)
    return rows.with_columns(
        **{name: pl.lit(pl.Series(values * there)) for name, values in columns.items()}
    ).with_columns(forest=pl.sum_horizontal(*columns).round(6))


def aldo_epci(sample: Sample) -> bytes:
    """``epci.csv``."""
    nothing = pl.lit(None, dtype=pl.String)
    rows = _epci(sample.country).select(
        pl.col("siren").alias("code"),
        nothing.alias("Commune"),
        nothing.alias("Nom unique"),
        pl.col("name").alias("nom"),
        "nature",
        pl.col("communes").alias("nombreCommunes"),
        pl.col("people").alias("populationTotale"),
    )
    return BOM + _csv(rows, ",", CRLF, quote="necessary")


CLC = {
    **{"111": 9, "112": 420, "121": 70, "122": 5, "123": 2, "124": 7, "131": 14, "132": 2},
    **{"133": 3, "141": 3, "142": 17, "211": 2_770, "212": 1, "213": 5, "221": 200, "222": 40},
    **{"223": 3, "231": 1_550, "241": 1, "242": 1_000, "243": 450, "244": 1, "311": 1_650},
    **{"312": 700, "313": 350, "321": 150, "322": 120, "323": 60, "324": 200, "331": 5, "332": 60},
    **{"333": 50, "334": 2, "335": 3, "411": 10, "412": 10, "421": 6, "422": 3, "423": 3},
    **{"511": 20, "512": 30, "521": 5, "522": 3, "523": 5},
}
"""Classes of the third level, and how common each is."""
EMPTY_LINES = 17


def aldo_land_cover(sample: Sample) -> bytes:
    """``clc18.csv``: hectares of every class."""
    rows = _epci(sample.country)
    ha = _land_cover(rows, stream("land cover"))
    small = rows.with_row_index("row").filter(pl.col("siren").str.len_chars() > 1)
    without = small.sort("people", "siren")["row"].head(WITHOUT).to_list()
    neighbour = small.filter(~pl.col("row").is_in(without)).sort("siren")
    for row, (codes, _) in enumerate(ALONE.values()):
        near = neighbour.filter(pl.col("departements").list.contains(codes[0][:2]))
        taken = neighbour.filter(~pl.col("row").is_in(near["row"].implode()))
        ha[row] = ha[(near if len(near) else taken)["row"][row % max(1, len(near))]]
    ha[without] = 0
    frame = rows.select("siren").with_columns(
        pl.Series(code, ha[:, i]).replace(0.0, None) for i, code in enumerate(CLC)
    )
    # A comma ends the header and every row.
    text = _csv(frame.with_columns(pl.lit(None, dtype=pl.String).alias("")), ",", CRLF)
    lines = CRLF.join(["," * (len(CLC) + 1)] * EMPTY_LINES)
    return BOM + text + lines.encode()


def _land_cover(rows: pl.DataFrame, rng: Rng) -> Floats:
    """Hectares by EPCI and class."""
    size = (len(rows), len(CLC))
    common = np.array(list(CLC.values()), dtype=float)
    there = rng.random(size) < np.minimum(1, (common / 170) ** 0.55)
    there[:, np.isin(list(CLC), ("112", "211", "311"))] = True
    weight = common * rng.lognormal(0, 0.7, size) * there
    ha, people = (rows[name].to_numpy().astype(float) for name in ("ha", "people"))
    built = 0.9 * (1 - np.exp(-people * HECTARES / np.maximum(ha, 1) / 2_000))
    wooded = rows["forest"].to_numpy() / np.maximum(ha, 1)
    shares = {"1": built, "3": (1 - built) * wooded}
    first = np.array([code[0] for code in CLC])
    for group, share in shares.items():
        inside = first == group
        weight[:, inside] *= share[:, None] / weight[:, inside].sum(axis=1, keepdims=True)
    rest = ~np.isin(first, list(shares))
    left = 1 - sum(shares.values())
    weight[:, rest] *= left[:, None] / weight[:, rest].sum(axis=1, keepdims=True)
    # Most areas are those of the EPCI, some are off by more than a twentieth.
    off = np.where(rng.random(len(rows)) < 0.06, 1.09, rng.uniform(0.99, 1.01, len(rows)))
    hectares: Floats = (weight * (ha * off)[:, None]).round(6)
    return hectares


def aldo_forest_area(sample: Sample) -> bytes:
    """``ign19.csv``: hectares of forest."""
    rows = _epci(sample.country)
    part = (pl.col("forest") / pl.col("ha")).fill_nan(0).round(9)
    frame = _repeated(rows).select(
        "siren",
        pl.col("broadleaf").alias("feuillus"),
        pl.col("conifer").alias("coniferes"),
        pl.col("mixed").alias("mixtes"),
        pl.col("poplar").alias("peupleraies"),
        pl.col("forest").alias("total"),
        pl.col("young").alias("jeune_peup"),
        part.alias("tx_boisement"),
    )
    return BOM + _ragged(frame, 2, CRLF) + b"," * 9


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    return rows[np.repeat(np.arange(len(rows)), rows["times"].to_numpy())]


def _ragged(frame: pl.DataFrame, more: int, newline: str) -> bytes:
    """A file whose lines all end with so many commas too many."""
    text = _csv(frame, ",", newline).decode()
    return text.replace(newline, "," * more + newline).encode()


COMPOSITIONS = {
    "Conifere": ("conifer", 205.0, 10.2, 0.66, 0.31),
    "Feuillu": ("broadleaf", 155.0, 5.4, 0.42, 0.54),
    "Mixte": ("mixed", 188.0, 8.0, 0.45, 0.40),
}
"""Column of its area; m³ and growth in m³ per hectare, removals by growth, carbon by volume."""
NAMELESS = 316
"""Columns without a name at the end of the file."""
STOCK_COLUMNS = (
    *("siren", "SUPERFICIE_EPCI", "type", "SUPERFICIE", "VOLUME (m3∙ha-1)", "stock"),
    *("PRODUCTION (m3∙ha-1)", "PRELEVEMENT (m3∙ha-1∙an-1)", "MORTALITE (m3∙ha-1∙an-1)"),
    *("TX_PRELEV", "BILAN_M3 (m3∙ha-1∙an-1)", "BILAN_CARB (tC∙ha-1∙an-1)"),
    *("BILAN_CO2 (tCO2/an)", "BILAN_CO2_HA (tCO2/ha/an)", "Fexp (VOL -> CARB)"),
)


def aldo_forest_stock(sample: Sample) -> bytes:
    """``biomass-forets.csv``: a row per EPCI and composition, and one of the total."""
    rows = _in_parts(_epci(sample.country)).with_row_index("row")
    blocks = _stocks(rows)
    areas = pl.sum_horizontal(f"area {name}" for name in COMPOSITIONS)
    mean = {
        value: pl.sum_horizontal(
            pl.col(f"{value} {name}") * pl.col(f"area {name}") for name in COMPOSITIONS
        )
        / areas
        for value in ("volume", "growth", "removals", "mortality", "carbon")
    }
    blocks = blocks.with_columns(
        pl.col("forest").alias("area total"),
        *(value.fill_nan(0).alias(f"{name} total") for name, value in mean.items()),
    )
    frame = pl.concat(
        blocks.select(
            "row",
            "siren",
            "ha",
            "times",
            pl.lit(name).alias("type"),
            *(pl.col(f"{value} {name}").alias(value) for value in ("area", *mean)),
        )
        for name in (*COMPOSITIONS, "total")
    )
    group = pl.col("siren").str.len_chars()
    frame = _repeated(frame.sort(group, "siren", "type", "row"))
    balance = pl.col("growth") - pl.col("removals") - pl.col("mortality")
    carbon = balance * pl.col("carbon") * 1.1
    columns = (
        *("siren", "ha", "type", "area", "volume"),
        pl.col("volume") * pl.col("carbon") * 1.1,
        *("growth", "removals", "mortality"),
        pl.col("removals") / (pl.col("growth") - pl.col("mortality")),
        balance,
        carbon,
        -carbon * pl.col("area") * 44 / 12,
        -carbon * 44 / 12,
        "carbon",
    )
    expressions = [pl.col(c) if isinstance(c, str) else c for c in columns]
    frame = frame.select(
        (e if name in ("siren", "type") else e.fill_nan(0).round(9) + 0.0).alias(name)
        for e, name in zip(expressions, STOCK_COLUMNS, strict=True)
    )
    return BOM + _ragged(frame, NAMELESS, CRLF) + b"," * (len(STOCK_COLUMNS) + NAMELESS - 1)


def _in_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """The EPCI, one of two départements in two parts, and no area on four."""
    rank = pl.int_range(pl.len())
    amounts = ["ha", "broadleaf", "conifer", "mixed", "poplar", "young", "forest"]
    across = rows.filter(pl.col("departements").list.len() > 1, pl.col("times") == 1).head(1)
    parts = [
        across.with_columns((pl.col(amounts) * share).round(6)) for share in (0.812_5, 0.187_5)
    ]
    others = rows.join(across.select("siren"), on="siren", how="anti", maintain_order="left")
    none = (rank % 7 == 6) & (rank < 7 * WITHOUT)
    others = others.with_columns(ha=pl.when(~none).then("ha").otherwise(0.0))
    return pl.concat([others, *parts])


def _stocks(rows: pl.DataFrame) -> pl.DataFrame:
    """What stands on a hectare, by composition, about the same in a département."""
    rng = stream("stocks")
    columns: dict[str, Floats] = {}
    for name, (area, volume, growth, removed, carbon) in COMPOSITIONS.items():
        luck = rng.lognormal(0, 0.18, (len(rows), 3)).round(6)
        grown = growth * luck[:, 1]
        columns |= {
            f"area {name}": rows[area].to_numpy(),
            f"volume {name}": volume * luck[:, 0],
            f"growth {name}": grown,
            f"removals {name}": grown * np.minimum(0.85, removed * luck[:, 2]),
            f"mortality {name}": 0.09 * grown,
            f"carbon {name}": np.full(len(rows), carbon),
        }
    return rows.with_columns(**{name: pl.Series(value) for name, value in columns.items()})


USES = {"coniferes": (0.56, 0.25, 0.19), "feuillus": (0.19, 0.17, 0.64)}
"""Sawlogs, wood for industry, fuel, by composition."""
HARVEST_COLUMNS = (
    *("siren", "SUPERFICIE_EPCI", "composition", "PRELEVEMENT  Bois Fort Tige(m3/an)"),
    *("PRELEVEMENT VAT (m3/an)", "RECOLTE TOTALE (m3/an)", "recolteBo", "recolteBi"),
    *("RECOLTE TOTALE BE  (m3/an)", "RECOLTE TOTALE BE COMM  (m3/an)"),
    *("RECOLTE TOTALE BE AUTOCONSOM  (m3/an)", "PUITS PB (tco2/an)", "STOCKS PB (tCO2/m3)"),
    *("STOCKS BO", "STOCKS BI", ""),
)


def aldo_wood_harvest(sample: Sample) -> bytes:
    """``produits-bois.csv``: all EPCI for conifers, then for broadleaves, each with a total."""
    rows = _epci(sample.country)
    rng = stream("harvest")
    blocks = {}
    for composition, area in (("coniferes", "conifer"), ("feuillus", "broadleaf")):
        per_hectare = (6.5 if area == "conifer" else 2.3) * rng.lognormal(0, 0.3, len(rows))
        vat = (rows[area] + rows["mixed"] / 2).to_numpy() * per_hectare
        split = rng.dirichlet(np.array(USES[composition]) * 25, len(rows))
        sawlogs, industry, fuel = (0.82 * vat[:, None] * split).round(9).T
        sold = (fuel * rng.uniform(0.2, 1, len(rows))).round(9)
        values = (
            *(vat * 0.75, vat, sawlogs + industry + fuel, sawlogs, industry, fuel, sold),
            fuel - sold,
            -0.04 * vat,
            14 * sawlogs + 7 * industry,
            14 * sawlogs,
            7 * industry,
        )
        names = HARVEST_COLUMNS[3:-1]
        blocks[composition] = pl.DataFrame(
            {
                "siren": rows["siren"],
                "SUPERFICIE_EPCI": rows["ha"],
                "composition": [composition] * len(rows),
                **{name: np.round(v, 9) + 0.0 for name, v in zip(names, values, strict=True)},
            }
        )
    frames = []
    for composition, swapped in (("coniferes", "feuillus"), ("feuillus", "coniferes")):
        block, other = blocks[composition], blocks[swapped]
        numbers = block.select(pl.col(pl.Float64)).columns
        total = other.select(
            pl.lit("FRANCE").alias("siren"),
            pl.lit(composition).alias("composition"),
            pl.col(numbers).sum(),
        )
        repeated = _repeated(block.with_columns(rows["times"])).drop("times")
        frames += [repeated, total.with_columns(pl.lit(1_663_096.47).alias(""))]
    frame = pl.concat(frames, how="diagonal").select(HARVEST_COLUMNS)
    return _csv(frame, ",", LF)


# --- land take ---

FIRST, LAST = 11, 25
"""Land is compared on the 1 January of these years and of those between."""
SPANS, CENSUSES = ((11, 25), (11, 21), (21, 25)), ((11, 16), (16, 22), (11, 22))
"""Of several years; the second ones only for all uses and for dwellings."""
TAKEN_FOR = {"hab": 0.66, "act": 0.21, "inc": 0.03, "mix": 0.02, "fer": 0.005, "rou": 0.075}
"""What land is taken for, in the order of the file, and how much of it."""
M2_PER_PERSON = 3.4
"""Of a year, where people are few; rarer land is taken more sparingly."""
NO_LAND_FILE = "29083"
PEOPLE_IN = {11: "population_2013", 16: "population_2018", 22: "population_2022"}
RURAL, PERIURBAN, TOWN, CITY = (
    *("Rural non périurbain", "Rural périurbain", "Urbain intermédiaire"),
    "Urbain dense",
)


def cerema_land_take(sample: Sample) -> bytes:
    """``conso-com.csv``: square metres by year and use, and people, households and jobs."""
    country = sample.country
    communes = country.communes(2025).filter(
        (pl.col("departement") != MAYOTTE) & (pl.col("code") != NO_LAND_FILE)
    )
    taken = _taken(communes, stream("land take"))
    naf = taken.sum(axis=2)

    def span(since: int, until: int) -> dict[str, Floats]:
        years = slice(since - FIRST, until - FIRST)
        uses = taken[:, years].sum(axis=1)
        return {f"naf{since}art{until}": naf[:, years].sum(axis=1)} | {
            f"art{since}{use}{until}": uses[:, i] for i, use in enumerate(TAKEN_FOR)
        }

    made: dict[str, Floats] = {}
    for since, until in (*pairwise(range(FIRST, LAST + 1)), *SPANS):
        made |= span(since, until)
    censuses = {years: span(*years) for years in CENSUSES}
    people, ratios = _people(communes, censuses)
    surface = (communes["area"] * 1e6).round().to_numpy()
    last = {f"naf{a}art{b}": columns[f"naf{a}art{b}"] for (a, b), columns in censuses.items()}
    last |= {f"art{a}hab{b}": columns[f"art{a}hab{b}"] for (a, b), columns in censuses.items()}
    last |= {"surfcom2025": surface, "artcom1125": (100 * made["naf11art25"] / surface).round(2)}
    frame = pl.concat(
        [
            _whereabouts(sample, communes),
            pl.DataFrame({name: _pointed(v) for name, v in made.items()}),
            people,
            ratios,
            pl.DataFrame({name: _pointed(v) for name, v in last.items()}),
        ],
        how="horizontal",
    )
    return _csv(frame, ",", LF, quote="necessary")


def _pointed(values: Floats) -> pl.Series:
    """Numbers as pandas writes those that could be missing: all with a decimal."""
    return pl.Series(values.astype(float)).cast(pl.String)


def _taken(communes: pl.DataFrame, rng: Rng) -> Floats:
    """Square metres by commune, year and use."""
    people = communes["population_2022"].to_numpy().astype(float)
    years = LAST - FIRST
    size = (len(communes), years, len(TAKEN_FOR))
    mean = (400 + M2_PER_PERSON * people**0.95)[:, None, None] * np.array(list(TAKEN_FOR.values()))
    slower = np.linspace(1.5, 0.6, years)[None, :, None]
    some = rng.random(size) < np.minimum(0.9, 0.1 + mean / 6_000)
    taken = np.round(mean * slower * some * rng.lognormal(0.2, 0.9, size) / 0.9)
    # What rounding leaves ends in the unknown use.
    unknown = list(TAKEN_FOR).index("inc")
    rank = np.arange(len(communes))
    residue = (rank % 40 == 7) & (taken[:, 3, unknown] == 0) & (taken[:, 3].sum(axis=1) > 0)
    taken[:, 3, unknown] -= residue
    result: Floats = taken
    return result


def _people(
    communes: pl.DataFrame, land: dict[tuple[int, int], dict[str, Floats]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People, households and jobs at three moments and what they gained, and ratios."""
    count = {year: communes[column].to_numpy() for year, column in PEOPLE_IN.items()}
    size = stream("land take people").uniform(1.9, 2.5, len(communes)).round(3)
    jobs = (communes["pull"] ** 0.8 * 0.4).to_numpy()
    kinds = {
        "pop": count,
        "men": {y: np.round(n / size).astype(np.int64) for y, n in count.items()},
        "emp": {y: np.round(jobs * (0.97 + y / 700)).astype(np.int64) for y in count},
    }
    columns: dict[str, pl.Series] = {}
    gained: dict[str, Ints] = {}
    for kind, by_year in kinds.items():
        of_kind = {f"{kind}{a}{b}": by_year[b] - by_year[a] for a, b in CENSUSES}
        columns |= {f"{kind}{year}": pl.Series(values) for year, values in by_year.items()}
        columns |= {name: pl.Series(values) for name, values in of_kind.items()}
        gained |= of_kind
    # Some of these columns went through a table with holes, and have decimals since.
    pointed = ("pop16", "pop1116", "pop1622", *(name for name in columns if name[:3] == "emp"))
    columns |= {name: columns[name].cast(pl.Float64).cast(pl.String) for name in pointed}

    def ratio(over: Floats | Ints, under: Floats | Ints, factor: float = 1.0) -> pl.Series:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.round(factor * over / under, 2)
        return pl.Series(np.where(np.isfinite(values), values, np.nan)).fill_nan(None)

    hectare = 1e4
    ratios: dict[str, pl.Series] = {}
    for (a, b), taken in land.items():
        homes, all_uses = taken[f"art{a}hab{b}"], taken[f"naf{a}art{b}"]
        more = gained[f"men{a}{b}"] + gained[f"emp{a}{b}"]
        ratios[f"mepart{a}{b}"] = ratio(more, all_uses, hectare)
        ratios[f"menhab{a}{b}"] = ratio(gained[f"men{a}{b}"], homes, hectare)
        ratios[f"artpop{a}{b}"] = ratio(all_uses, gained[f"pop{a}{b}"])
    order = [f"{kind}{a}{b}" for kind in ("mepart", "menhab") for a, b in CENSUSES]
    order += ["artpop1622", "artpop1116", "artpop1122"]
    return pl.DataFrame(columns), pl.DataFrame(ratios).select(order)


def _whereabouts(sample: Sample, communes: pl.DataFrame) -> pl.DataFrame:
    """Where the communes belong, and what kind they are of."""
    country = sample.country
    schemes = _schemes(country)
    scheme_of = (
        schemes.communes.unique("siren", maintain_order=True)
        .select("siren", "scheme")
        .join(schemes.rows.filter(pl.col("in_force").is_not_null()), on="scheme")
        .select("siren", scot=pl.col("name").str.to_titlecase())
    )
    sea = _by_the_sea(country, 2025)
    density = pl.col("population_2022") / pl.col("area")
    zone = pl.col("AAV2020").fill_null("000")
    ring = pl.col("CATEAAV2020").fill_null("30")
    rows = (
        communes.join(country.regions.select(region="code", idregtxt="label"), on="region")
        .join(country.departements.select(departement="code", iddeptxt="label"), on="departement")
        .join(country.epci.select("siren", epci25txt="label"), on="siren", how="left")
        .join(scheme_of, on="siren", how="left")
        .join(
            sample.zones.select("CODGEO", "AAV2020", "CATEAAV2020", "TAAV2017", "TDAAV2017"),
            left_on="code",
            right_on="CODGEO",
            how="left",
        )
        .sort("code")
    )
    return rows.select(
        idcom="code",
        idcomtxt="label",
        idreg="region",
        idregtxt="idregtxt",
        iddep="departement",
        iddeptxt="iddeptxt",
        epci25="siren",
        epci25txt="epci25txt",
        scot="scot",
        aav2020=zone,
        libaav2020=pl.when(zone == "000")
        .then(pl.lit("Commune hors attraction des villes"))
        .otherwise(pl.lit("Ville ") + zone),
        cateaav2020=ring,
        taav2017=pl.col("TAAV2017").fill_null("0"),
        tdaav2017=pl.col("TDAAV2017").fill_null("0"),
        littoral=pl.when(pl.col("code").is_in(sea.implode()))
        .then(pl.lit("C"))
        .otherwise(pl.lit("NC")),
        montagne_urba=pl.when(pl.col("departement").is_in(["15", "2A"]))
        .then(pl.lit("in"))
        .otherwise(pl.lit("out")),
        abc=pl.when(density > 2_000)
        .then(pl.lit("A"))
        .when(density > 600)
        .then(pl.lit("B1"))
        .when(density > 250)
        .then(pl.lit("B2"))
        .otherwise(pl.lit("C")),
        libdens_aav=pl.when(density > 1_500)
        .then(pl.lit(CITY))
        .when(density > 300)
        .then(pl.lit(TOWN))
        .when(zone == "000")
        .then(pl.lit(RURAL))
        .otherwise(pl.lit(PERIURBAN)),
    )


# --- homes that stand empty ---

LOVAC_YEAR = 26
SECRET = 11
"""Dwellings under which their number is not told."""
NOT_LISTED = ("29083", scenario.EMPTY_COMMUNE)
SAINT_MARTIN = "97127"


def lovac(sample: Sample) -> bytes:
    """``lovac-opendata-communes26.csv``: all years side by side, the newest first."""
    rng = stream("lovac")
    country = sample.country
    communes = country.communes_and_arrondissements(2026).filter(~pl.col("code").is_in(NOT_LISTED))
    stock = communes["population_2023"].to_numpy() / 2.05 * rng.uniform(0.9, 1.4, len(communes))
    rate = rng.beta(3, 30, len(communes))
    long_rate = rate * rng.beta(4, 4, len(communes))
    columns: dict[str, pl.Series] = {}
    for year in range(LOVAC_YEAR, 19, -1):
        # Two years of the method: what is counted before each is not what is counted after.
        change = 1.0 + 0.06 * (year < 23) - 0.04 * (year > 24)
        drift = 1 - 0.008 * (LOVAC_YEAR - year)
        homes, empty = stock * drift, stock * drift * rate * change
        columns[f"pp_vacant_{year}"] = pl.Series(empty)
        columns[f"pp_vacant_plus_2ans_{year}"] = pl.Series(empty * long_rate / rate)
        if year < LOVAC_YEAR:
            columns[f"ff_pp_total_{year}"] = pl.Series(homes)
    names = country.departements.select(departement="code", LIB_DEP="label")
    rows = communes.join(names, on="departement", maintain_order="left").select(
        pl.col("code").alias(f"CODGEO_{LOVAC_YEAR}"),
        pl.col("label").alias(f"LIBGEO_{LOVAC_YEAR}"),
        pl.col("departement").alias("DEP"),
        "LIB_DEP",
        *(_told(values).alias(name) for name, values in _by_newest(columns)),
    )
    elsewhere = pl.DataFrame({rows.columns[0]: [SAINT_MARTIN], rows.columns[1]: ["Saint-Martin"]})
    elsewhere = elsewhere.join(rows, on=rows.columns[0], how="anti")
    rows = pl.concat([rows, elsewhere], how="diagonal").sort(rows.columns[0])
    rows = rows.with_columns(pl.all().exclude(rows.columns[:4]).fill_null("s"))
    return _csv(rows, ";", CRLF).decode().encode("cp1252")


def _by_newest(columns: dict[str, pl.Series]) -> list[tuple[str, pl.Series]]:
    """The columns by year; in a year the stock comes first."""
    return sorted(columns.items(), key=lambda column: (-int(column[0][-2:]), column[0]))


def _told(values: pl.Series) -> pl.Expr:
    """Dwellings as the file says them: thousands apart, or ``s``."""
    whole = pl.lit(values.round().cast(pl.Int64))
    text = whole.cast(pl.String).str.replace(r"(\d)(\d{3})$", "${1}\u00a0${2}")
    return pl.when(whole < SECRET).then(pl.lit("s")).otherwise(text)


# --- building permits ---

DWELLING_TYPES = {
    "Individuel pur": 0.42,
    "Individuel groupe": 0.1,
    "Collectif": 0.4,
    "Residence": 0.08,
}
TOTAL = "Tous Logements"
PERMITTED_A_YEAR = 0.006
"""Dwellings permitted in a year, by inhabitant."""
SITADEL_COG = 2023


def sitadel(sample: Sample) -> bytes:
    """Dwellings by month, commune and type: 2025, and January 2026."""
    rng = stream("sitadel")
    country = sample.country
    # Communes that became one in 2023 keep a row each, under its code.
    main = country.members[SITADEL_COG].join(
        country.members[SITADEL_COG - 1], on="parcel", suffix="_before"
    )
    before = country.communes(SITADEL_COG - 1).select("code", "population_2023")
    communes = (
        main.unique(["code", "code_before"])
        .join(before, left_on="code_before", right_on="code")
        .sort("code", "code_before")
    )
    months = [("2025", f"{month:02d}") for month in range(1, 13)]
    people = communes["population_2023"].to_numpy()[:, None, None] * PERMITTED_A_YEAR / 12
    mean = people * np.array(list(DWELLING_TYPES.values()))
    # Projects come now and then, and then of several homes.
    burst = rng.gamma(0.4, 2.5, (len(communes), len(months), len(DWELLING_TYPES)))
    permitted = rng.poisson(mean * burst)
    begun = rng.binomial(permitted, 0.85)

    def total(values: Ints) -> Ints:
        whole: Ints = np.concatenate([values.sum(axis=2, keepdims=True), values], axis=2)
        return whole

    types = (TOTAL, *DWELLING_TYPES)
    size = (len(communes), len(months), len(types))
    commune, month, kind = (axis.ravel() for axis in np.indices(size))
    year, number = (pl.Series(texts) for texts in zip(*months, strict=True))
    frame = pl.DataFrame(
        {
            "ANNEE": year[month],
            "MOIS": number[month],
            "CODE_INSEE": communes["code"][commune],
            "TYPE_LGT": pl.Series(types)[kind],
            "LOG_AUT": total(permitted).ravel(),
            "LOG_COM": total(begun).ravel(),
        }
    )
    january = frame.filter(MOIS="01").with_columns(ANNEE=pl.lit("2026"), LOG_COM=pl.lit(0))
    frame = pl.concat([frame, january.with_columns(pl.col("LOG_COM").cast(frame["LOG_COM"].dtype))])
    return _csv(
        frame.sort("ANNEE", "MOIS", "CODE_INSEE", maintain_order=True),
        ";",
        LF,
        quote="non_numeric",
    )


ALDO, DATA_GOUV = "https://aldo-carbone.ademe.fr/", "https://www.data.gouv.fr/fr/datasets/r"
METROPOLITAN = "france-metropolitaine"


def _aldo(source_id: str, name: str, title: str, content: Content, remarks: str) -> Entry:
    return Entry(
        source_id,
        "2018",
        name,
        "ADEME",
        f"ALDO : {title}",
        ALDO,
        content,
        f"EPCI boundaries of 17/12/2018; {remarks}",
        extent=METROPOLITAN,
        licence="MIT (tool) / Licence Ouverte 2.0 (data)",
    )


ENTRIES = (
    _aldo(
        "aldo_epci",
        "epci.csv",
        "liste des EPCI 2018",
        aldo_epci,
        "numbers 1 to 4 are communes in none",
    ),
    _aldo(
        "aldo_land_cover",
        "clc18.csv",
        "occupation du sol CLC 2018 par EPCI (ha)",
        aldo_land_cover,
        "rows 1 to 4 repeat a neighbour; four EPCI have no surface",
    ),
    _aldo(
        "aldo_forest_area",
        "ign19.csv",
        "surfaces de forêt par EPCI (ha)",
        aldo_forest_area,
        "identical EPCI rows repeat: remove duplicates",
    ),
    _aldo(
        "aldo_forest_stock",
        "biomass-forets.csv",
        "volume, production et prélèvement des forêts par EPCI",
        aldo_forest_stock,
        "identical EPCI rows repeat; an EPCI of two départements has two rows that add up",
    ),
    _aldo(
        "aldo_wood_harvest",
        "produits-bois.csv",
        "récolte de bois par EPCI (m³/an)",
        aldo_wood_harvest,
        "identical EPCI rows repeat; FRANCE total rows whose species labels are swapped",
    ),
    Entry(
        "cerema_land_take",
        "2025",
        "conso-com.csv",
        "Cerema",
        "Consommation d'espaces naturels, agricoles et forestiers 2011-2025 par commune",
        f"{DATA_GOUV}/b258feec-f8ff-4e0a-93b3-baf1fe46ef66",
        cerema_land_take,
        "m²; COG 2025, Paris, Lyon and Marseille whole; no Mayotte, no Île-de-Sarnez",
    ),
    Entry(
        "lovac",
        "2026",
        "lovac-opendata-communes26.csv",
        "DGALN / Cerema",
        "LOVAC : logements vacants du parc privé par commune",
        f"{DATA_GOUV}/2e0417b4-902d-4c60-90e7-bf5df148cb87",
        lovac,
        "s = secret (under 11); the private stock stops a year before the vacancy",
    ),
    Entry(
        "sitadel",
        "2026",
        "logements-mensuels-communaux.csv",
        "SDES",
        "Logements autorisés et commencés, séries mensuelles communales",
        "https://data.statistiques.developpement-durable.gouv.fr/dido/api/v1/datafiles/"
        "577a8a66-4157-4787-b00a-031b61afea61/csv",
        sitadel,
        "COG 2023; Tous Logements is the sum of the other types; two rows where communes merged",
    ),
)
