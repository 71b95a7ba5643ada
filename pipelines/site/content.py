"""What the pages say of each territory, read from a release by the queries of `sql/pages/`."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines import engine, paths
from pipelines.answers.sheet import read_release
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import levers
from pipelines.catalogue.words import levels, needs
from pipelines.site.projection import flat
from pipelines.site.settings import site_settings

Row = dict[str, Any]
Key = tuple[str, str]
# Ends of flows that are nobody's territory.
NOWHERE = ("foreign", "elsewhere", "unknown")
PARTS = (
    "figures",
    "relations",
    "partners",
    "baskets",
    "cooperation",
    "calls",
    "missing",
    "pairs",
)


@dataclass(frozen=True)
class Content:
    """The rows of a release that the pages show.

    Attributes:
        folder: the release.
        con: the release's tables, and `page_<part>` for each of `PARTS`.
    """

    folder: Path
    con: duckdb.DuckDBPyConnection

    def rows(self, query: str, values: dict[str, Any] | None = None) -> list[Row]:
        """What a query finds, each row by its column names."""
        cursor = self.con.execute(query, values or {})
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def is_sample(self) -> bool:
        """Whether the release is of the fictitious country."""
        found = self.rows("select bool_or(layout = 'synthetic') as sample from sources")
        return bool(found[0]["sample"])

    @cached_property
    def territories(self) -> dict[Key, Row]:
        """All territories that have a page, or are shown by one."""
        found = self.rows(
            "select * from territories where not list_contains($nowhere, level)"
            " order by level, code",
            {"nowhere": NOWHERE},
        )
        return {(row["level"], row["code"]): row for row in found}

    def parents(self, place: Row) -> list[Row]:
        """The EPCI, département and région that a territory is in."""
        inside = [
            (level, place.get(f"{level}_code")) for level in ("epci", "departement", "region")
        ]
        return [
            self.territories[level, code]
            for level, code in inside
            if code is not None and level != place["level"] and (level, code) in self.territories
        ]

    @cached_property
    def levels(self) -> list[str]:
        """The levels of this release, in the order of levels.yml."""
        there = {level for level, _ in self.territories}
        return [level for level in levels() if level in there]

    @cached_property
    def positions(self) -> dict[Key, list[int]]:
        """Where territories stand on the map."""
        return {
            (row["level"], row["code"]): [row["x"], row["y"]]
            for row in self.rows("select * from positions")
        }

    @cached_property
    def reasons(self) -> list[Row]:
        """Why things are not measured: each reason once, in their order."""
        return self.rows("select * from reasons order by reason")

    @cached_property
    def missing_of_levels(self) -> list[Row]:
        """What is not measured of a whole level (`*`: of any), and which reason is given."""
        return self.rows(
            "select level, function, need, indicator, reason from not_measured"
            " inner join reasons using (reason_fr, reason_en) where code = '*' or level = '*'"
            " order by all"
        )

    def of(self, level: str, part: str) -> dict[str, list[Row]]:
        """A part, for each territory of a level: its rows by code, in their order."""
        found: dict[str, list[Row]] = defaultdict(list)
        names = ["code", *self.columns(part)]
        # The same decimals as in the files of data: both must show the same.
        shown = ", ".join(
            f"{_DIGITS.format(name)} as {name}" if name in _FIGURES else name for name in names
        )
        query = f"select {shown} from page_{part} where level = $level order by nth"
        for row in self.rows(query, {"level": level}):
            found[row.pop("code")].append(row)
        return found

    def packed(self, level: str, part: str) -> dict[str, str]:
        """The same by columns, which compress well: by file of data, a JSON list of columns.

        The first is the codes, then `columns`. What the catalogue lists is told by its place
        there, and the strength of an evidence by its first letter.
        """
        names = ["code", *self.columns(part)]
        shown = ", ".join(f"{_PACKED.get(name, '{}').format(name)} as {name}" for name in names)
        found = self.con.sql(
            f"select file, {shown} from page_{part}"
            " inner join page_files using (level, code) where level = $level order by file, nth",
            params={"level": level},
        ).pl()
        return {
            str(file): json.dumps(
                list(rows.drop("file").to_dict(as_series=False).values()),
                ensure_ascii=False,
                separators=(",", ":"),
            )
            for (file,), rows in found.partition_by("file", as_dict=True).items()
        }

    def columns(self, part: str) -> list[str]:
        """The columns of a part, those that name the territory apart."""
        rows = self.con.execute(f"describe page_{part}").fetchall()
        return [name for name, *_ in rows if name not in ("level", "code", "nth")]


# As many decimals as a page shows (`Language.number`), or nearly: a share is shown in percent.
_DIGITS = "round({0}, if(abs({0}) >= 1000, 0, if(abs({0}) >= 10, 1, 4)))"
_FIGURES = {"value", "low", "high", "threshold", "quantity", "total", "share", "coverage"}
_FIGURES |= {"self_containment", "external", "score", "distance_km", "a_to_b", "b_to_a"}
_PLACE = "list_position(getvariable('{1}s'), {0}) - 1"
_PACKED = {
    **dict.fromkeys(_FIGURES, _DIGITS),
    "evidence": "left({0}, 1)",
    "indicator": _PLACE.format("{0}", "indicator"),
    "need": _PLACE.format("{0}", "need"),
    "lever": _PLACE.format("{0}", "lever"),
}


# The file of data of each territory: communes by département, others alone.
_FILES = """
    create table page_files as
    select level, code, if(level = 'commune', coalesce(departement_code, ''), code) as file
    from territories
"""


@contextmanager
def content(folder: Path) -> Iterator[Content]:
    """Read a release for its pages."""
    settings = site_settings()
    values: dict[str, Any] = {
        "sizes": settings.sizes,
        "partners": settings.partners,
        "mirrors": [name for name, need in needs().items() if need.mirror_of],
    }
    with TemporaryDirectory(prefix="metabolisme-") as spill, read_release(folder) as con:
        engine.limit_memory(con, Path(spill))
        # Shapes are bytes here: shapely reads them.
        con.execute("set enable_geoparquet_conversion = false")
        con.execute(
            "create table reasons as select reason_fr, reason_en,"
            " row_number() over (order by reason_fr, reason_en) - 1 as reason"
            " from (select distinct reason_fr, reason_en from not_measured)"
        )
        _place(con)
        con.execute(_FILES)
        for name, ids in (("indicators", indicators()), ("needs", needs()), ("levers", levers())):
            con.execute(f"set variable {name} = $ids", {"ids": list(ids)})
        for part in PARTS:
            path = paths.SQL / "pages" / f"{part}.sql"
            query = path.read_text(encoding="utf-8")
            asked = {name: values[name] for name in engine.parameters_read(path)}
            con.execute(
                f"create table page_{part} as select *, row_number() over () as nth from ({query})",
                asked,
            )
        yield Content(folder, con)


def _place(con: duckdb.DuckDBPyConnection) -> None:
    """Make `positions`: where the territories with a known centre stand on the map."""
    known = con.sql(
        "select level, code, lon, lat from territories where lon is not null order by level, code"
    ).pl()
    flat_points = np.rint(flat(known.select("lon", "lat").to_numpy())).astype(int)
    placed = known.select("level", "code").with_columns(
        x=pl.Series(flat_points[:, 0]), y=pl.Series(flat_points[:, 1])
    )
    con.register("placed", placed)
    con.execute("create table positions as from placed")
    con.unregister("placed")
