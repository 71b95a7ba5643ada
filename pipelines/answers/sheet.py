"""One territory's answer to the three questions, read from a release."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.words import levels, needs
from pipelines.errors import MetabolismeError, UsageError

PARTNERS = 8
# Territories to talk to.
BASKETS = 8


@dataclass(frozen=True)
class Place:
    """A territory of a release."""

    level: str
    code: str
    name: str


@dataclass(frozen=True)
class Sheet:
    """What a release says of one territory.

    Attributes:
        sample: the release is of the fictitious country.
        territory: its row of `territories`.
        indicators: its indicators, with their French labels.
        partners: its first partners for each need and direction, its own part (rank 0) first;
            a mirror need is left out: it says the same of the same people.
        relations: how each need is spread over all its partners.
        baskets: territories of which the most is given and taken, over all functions.
        cooperation: territories within reach that complement it best.
        levers: actions that its own figures call for, with the figures that do.
        not_measured: what cannot be said of it, and why.
    """

    sample: bool
    territory: dict[str, Any]
    indicators: list[dict[str, Any]]
    partners: list[dict[str, Any]]
    relations: list[dict[str, Any]]
    baskets: list[dict[str, Any]]
    cooperation: list[dict[str, Any]]
    levers: list[dict[str, Any]]
    not_measured: list[dict[str, Any]]


def find(folder: Path, asked: str, level: str | None = None) -> Place:
    """The territory a person means by a code or a name (accents and case do not matter).

    Raises:
        UsageError: none fits, or several: the candidates are listed.
    """
    if level is not None and level not in levels():
        raise UsageError(
            "there is no such level", where="--level", expected=", ".join(levels()), found=level
        )
    with read_release(folder, ["territories"]) as con:
        places = [
            Place(*row)
            for row in con.execute(
                "select level, code, name from territories"
                " where level not in ('foreign', 'elsewhere', 'unknown')"
                " and ($level is null or level = $level)"
                " order by level, code",
                {"level": level},
            ).fetchall()
        ]
    wanted = _plain(asked)
    for fits in (
        [p for p in places if p.code.lower() == asked.strip().lower()],
        [p for p in places if _plain(p.name) == wanted],
        [p for p in places if wanted and wanted in _plain(p.name)],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise UsageError(
                f"“{asked}” fits {len(fits)} territories",
                found="".join(f"\n    {p.level} {p.code} {p.name}" for p in fits[:20])
                + ("\n    …" if len(fits) > 20 else ""),
                todo="name one by its code, with --level if the code is at several levels",
            )
    raise UsageError(
        f"no territory is called “{asked}”",
        where=str(folder),
        todo="try its code, or a part of its name",
    )


def sheet(folder: Path, place: Place) -> Sheet:
    """Read what a release says of a territory."""
    asked = {"level": place.level, "code": place.code}
    mirrors = [name for name, need in needs().items() if need.mirror_of]
    with read_release(folder) as con:
        (territory,) = rows(
            con, "select * from territories where level = $level and code = $code", asked
        )
        indicators = rows(
            con,
            "select indicator, label_fr, indicators.function, value, low, high, indicators.unit,"
            " indicators.years, year, indicators.evidence, coverage, percentile, source_ids"
            " from indicators"
            " inner join indicator_catalogue using (indicator)"
            " where level = $level and code = $code"
            # Of an indicator known for several years, the latest.
            " qualify row_number() over (partition by indicator order by year desc) = 1"
            " order by indicators.function, indicator",
            asked,
        )
        partners = rows(
            con,
            "select need, direction, rank, partner_level, partner_code, partner_name, quantity,"
            " share, cumulative_share, unit, distance_km, low, high, evidence, year"
            " from dependencies where level = $level and code = $code"
            " and (rank <= 3 or rank <= $partners and share >= 0.001 or partner_level = 'unknown')"
            " and not list_contains($mirrors, need) order by need, direction desc, rank",
            asked | {"partners": PARTNERS, "mirrors": mirrors},
        )
        relations = rows(
            con,
            "select * from relations where level = $level and code = $code"
            " and not list_contains($mirrors, need) order by function, need, direction desc",
            asked | {"mirrors": mirrors},
        )
        baskets = rows(con, _BOTH_WAYS.format(table="baskets", order=_BEST_BASKETS), asked)
        cooperation = rows(
            con, _BOTH_WAYS.format(table="cooperation", order="score desc, partner_code"), asked
        )
        levers = rows(
            con,
            "select lever, levers.function, type, label_fr, description_fr,"
            " list({'indicator': indicator, 'value': value, 'unit': triggered_levers.unit,"
            " 'comparison': comparison, 'threshold': threshold} order by indicator) as called_by"
            " from triggered_levers inner join levers using (lever)"
            " where level = $level and code = $code group by all order by levers.function, lever",
            asked,
        )
        missing = rows(
            con,
            "select function, need, indicator, label_fr, reason_fr, source_id"
            " from (select function, need, indicator, level, code, reason_fr, source_id"
            " from not_measured)"
            " left join (select indicator, label_fr from indicator_catalogue) using (indicator)"
            " where level = '*' or level = $level and (code = $code or code = '*' and"
            # A whole level is named even where some of its territories have a value.
            " coalesce(indicator, need) not in ("
            "select indicator from indicators where level = $level and code = $code union all"
            " select need from dependencies where level = $level and code = $code)) order by all",
            asked,
        )
        sample = con.sql("select bool_or(layout = 'synthetic') from sources").fetchall()[0][0]
    return Sheet(
        bool(sample),
        territory,
        indicators,
        partners,
        relations,
        baskets,
        cooperation,
        levers,
        missing,
    )


# A pair is kept once: it is read from either of its ends.
_BOTH_WAYS = (
    "select * from ("
    "select * exclude (code_a, name_a, level_b, code_b, name_b, a_gives, b_gives),"
    " level_b as partner_level, code_b as partner_code, name_b as partner_name,"
    " a_gives as given, b_gives as taken"
    " from {table} where level = $level and code_a = $code"
    " union all by name"
    " select * exclude (code_a, name_a, level_b, code_b, name_b, a_gives, b_gives),"
    " level as partner_level, code_a as partner_code, name_a as partner_name,"
    " b_gives as given, a_gives as taken"
    " from {table} where level = $level and level_b = $level and code_b = $code"
    f") order by {{order}} limit {BASKETS}"
)
# First those where each gives, in most functions; then those where one side gives most.
_BEST_BASKETS = (
    "basket in ('reciprocal', 'crossed') desc, least(a_functions, b_functions) desc,"
    " len(coalesce(given, '')) + len(coalesce(taken, '')) desc, partner_code"
)


def read_release(folder: Path, names: Iterable[str] | None = None) -> duckdb.DuckDBPyConnection:
    """The tables of a release, by their names: all of them, or only those named."""
    con = duckdb.connect()
    paths = folder.glob("*.parquet") if names is None else (folder / f"{n}.parquet" for n in names)
    for path in filter(Path.exists, paths):
        con.read_parquet(str(path)).create_view(path.stem)
    return con


def rows(con: duckdb.DuckDBPyConnection, query: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What a query finds, each row by its column names.

    Raises:
        MetabolismeError: the release was made by another version, without these tables.
    """
    try:
        cursor = con.execute(query, asked)
    except duckdb.CatalogException as error:
        raise MetabolismeError(
            "this release has not the tables that are asked for",
            found=str(error).partition("\n")[0],
            todo="make one with this version: metabolisme run",
        ) from error
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _plain(text: str) -> str:
    """Letters and figures only, without accents or case."""
    split = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    return " ".join(
        "".join(c if c.isalnum() else " " for c in split if not unicodedata.combining(c)).split()
    )
