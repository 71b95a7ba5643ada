"""Build the site of a release: its pages in both languages, and what they load."""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipelines.answers.language import Code, Language, language, spoken
from pipelines.answers.markdown import FILTERS
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import levers, signals
from pipelines.catalogue.loading import read_yaml
from pipelines.catalogue.units import units
from pipelines.catalogue.words import functions, levels, needs, parameter_values
from pipelines.release.changes import Changes
from pipelines.site.content import NOWHERE, PARTS, Content, Row, content
from pipelines.site.data import write_data, write_script
from pipelines.site.naming import address, file_name
from pipelines.site.settings import site_settings

NAME = "site"
LANGUAGES: tuple[Code, Code] = ("fr", "en")
_HERE = Path(__file__).parent
# A list of examples on the first page, and on that of an indicator.
EXAMPLES = 12
EXTREMES = 5


def write_site(folder: Path, version: str, changes: Changes) -> Path:
    """Write the pages of a release in its folder `site`.

    Args:
        folder: the release, whose tables are there.
        version: its name.
        changes: what has changed since the release before.
    """
    site = folder / NAME
    shutil.copytree(_HERE / "assets", site / "assets")
    (site / "assets" / "vega.js").write_text(_vega(), encoding="utf-8")
    with content(folder) as read:
        write_data(read, site / "data")
        for code in LANGUAGES:
            build = Build(site, read, version, changes, language(code))
            write_script(site / "assets" / f"texts.{code}.js", "texts", build.script_texts())
            build.pages()
    return site


def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, out of the package that ships them."""
    import vl_convert

    # As a script in the page, its own names must not be the page's.
    return f"(function(){{{vl_convert.javascript_bundle()}}})();\n"  # type: ignore[call-arg]


@dataclass(frozen=True)
class Build:
    """The pages of one language.

    Attributes:
        site: the folder of the site.
        content: the release.
        version: its name.
        changes: what has changed since the one before.
        lang: the language.
    """

    site: Path
    content: Content
    version: str
    changes: Changes
    lang: Language
    texts: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        texts = spoken(read_yaml(_HERE / "texts.yml"), self.lang.code)
        object.__setattr__(self, "texts", texts)

    def pages(self) -> None:
        """Write every page."""
        self.page("home", "index", largest=self._largest(), of_function=self._listed(main=True))
        self.page("territories", groups=self._groups())
        self.page("place", scripts=["maps", "place"])
        self.page("compare", scripts=["maps", "place", "compare"])
        self.page(
            "map",
            scripts=["maps"],
            of_function=self._listed(),
            mapped=[level for level in site_settings().mapped if level in self.content.levels],
            departements=self._places("departement"),
            regions=self._places("region"),
        )
        self.page("indicators", of_function=self._listed())
        self.page("sources", **self._sources())
        self.page("changes", changes=self.changes, moved=self._moved())
        for one in self.catalogue:
            self.page("indicator", f"indicator/{one['indicator']}", **self._indicator(one))
        for level in self.paged:
            self._territories(level)

    def page(self, kind: str, name: str | None = None, **values: Any) -> None:
        """Write one page, from the template of its kind."""
        name = name or kind
        path = self.site / ("" if self.lang.code == "fr" else self.lang.code) / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * name.count("/")
        root = up if self.lang.code == "fr" else f"../{up}"
        other = "en" if self.lang.code == "fr" else "fr"
        elsewhere = values.pop("elsewhere", f"{name}.html")
        elsewhere = f"{root}en/{elsewhere}" if other == "en" else f"{root}{elsewhere}"
        text = self.templates.get_template(f"{kind}.html.jinja").render(
            {"page": kind, "title": self.texts.get(kind, self.texts["tagline"]), "scripts": []}
            | values
            | {"here": up, "root": root, "other": other, "elsewhere": elsewhere}
        )
        path.write_text(text, encoding="utf-8")

    @property
    def paged(self) -> list[str]:
        """The levels with a page for each territory: in French, which is read without scripts.

        In English, scripts fill one page from the same data; twice the pages would be half as
        much again to build and to keep.
        """
        return site_settings().paged if self.lang.code == "fr" else []

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The templates: what they show is text, never HTML of its own."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {name: getattr(self.lang, name) for name in (*FILTERS, "say")}
        environment.filters |= {"unit": self.lang.unit, "need": self.lang.need}
        french = self.lang.code == "fr"
        environment.globals |= {
            "lang": self.lang,
            "t": self.texts,
            "colon": Markup("&nbsp;:") if french else ":",
            "semicolon": " ; " if french else "; ",
            "address": partial(address, paged=self.paged),
            "functions": functions(),
            "levels": levels(),
            "needs": needs(),
            "labels": self.labels,
            "nowhere": NOWHERE,
            "sample": self.content.is_sample,
            "version": self.version,
            "partial": parameter_values()["partial_coverage"],
            "peers": site_settings().peers,
        }
        return environment

    @cached_property
    def catalogue(self) -> list[Row]:
        """The indicators of this release, in the order of indicators.yml, in this language."""
        rows = {
            row["indicator"]: self._said(row)
            for row in self.content.rows("select * from indicator_catalogue")
        }
        return [rows[id_] for id_ in indicators() if id_ in rows]

    @cached_property
    def labels(self) -> dict[str, str]:
        """What each indicator is called."""
        return {id_: getattr(one, self.lang.code).label for id_, one in indicators().items()}

    @cached_property
    def sources(self) -> dict[str, Row]:
        """The sources, in this language."""
        rows = self.content.rows("select * from sources order by source_id")
        return {row["source_id"]: self._said(row) for row in rows}

    @cached_property
    def places(self) -> list[tuple[tuple[str, str], Row]]:
        """The territories, by name."""
        return sorted(self.content.territories.items(), key=lambda one: (one[0][0], one[1]["code"]))

    def _said(self, row: Row) -> Row:
        """A row with its columns in this language under their bare names."""
        ending = f"_{self.lang.code}"
        return row | {k.removesuffix(ending): v for k, v in row.items() if k.endswith(ending)}

    def _listed(self, main: bool = False) -> dict[str, list[Row]]:
        return {
            function: [
                one
                for one in self.catalogue
                if one["function"] == function and (not main or indicators()[one["indicator"]].main)
            ]
            for function in functions()
        }

    def _places(self, level: str) -> list[Row]:
        return [place for (of, _), place in self.places if of == level]

    def _groups(self) -> list[dict[str, Any]]:
        return [
            {"level": level, "places": self._places(level)}
            for level in reversed(site_settings().paged)
            if level in self.content.levels
        ]

    def _largest(self) -> list[dict[str, Any]]:
        groups = [group for group in self._groups() if group["level"] != "custom"]
        return [
            group
            | {"places": sorted(group["places"], key=lambda p: -(p["population"] or 0))[:EXAMPLES]}
            for group in groups
        ]

    def _sources(self) -> dict[str, Any]:
        by_plan: dict[bool, list[Row]] = {True: [], False: []}
        for one in self.sources.values():
            by_plan[one["status"] == "planned"].append(one)
        checks: dict[str, list[Row]] = defaultdict(list)
        for one in self.content.rows("select * from checks order by check_id, table_name"):
            checks[one["status"]].append(one)
        return {
            "read": by_plan[False],
            "planned": by_plan[True],
            "warned": checks["failed"] + checks["warned"],
            "passed": checks["passed"],
        }

    def _moved(self) -> list[Any]:
        moved = [one for one in self.changes.indicators if one.median_share or one.lost]
        return sorted(moved, key=lambda one: (-(one.median_share or 0), one.indicator, one.level))[
            :EXAMPLES
        ]

    # --- an indicator ---

    def _indicator(self, one: Row) -> dict[str, Any]:
        asked = {"indicator": one["indicator"]}
        spread = self.content.rows(_SPREAD, asked)
        order = list(levels())
        ends = defaultdict(list)
        for row in self.content.rows(_EXTREMES, asked | {"most": EXTREMES}):
            ends[row.pop("what")].append(row)
        named = [
            (self.texts[what], ends[what])
            for what in ("highest", "lowest", "best_covered", "worst_covered")
        ]
        return {
            "title": one["label"],
            "scripts": ["maps"],
            "one": one,
            "used": self._used([one["source_ids"]]),
            "spread": sorted(spread, key=lambda row: order.index(row["level"])),
            "mapped": site_settings().mapped,
            "extremes": named,
        }

    def _used(self, source_ids: Iterable[str | None]) -> list[Row]:
        ids = {id_ for listed in source_ids if listed for id_ in listed.split(", ")}
        return [self.sources[id_] for id_ in sorted(ids) if id_ in self.sources]

    # --- a territory ---

    def _territories(self, level: str) -> None:
        parts = {part: self.content.of(level, part) for part in PARTS if part != "pairs"}
        members = self._members(level)
        for (of, code), place in self.content.territories.items():
            if of == level:
                said = {part: rows.get(code, []) for part, rows in parts.items()}
                self.page(
                    "territory",
                    f"{level}/{file_name(code)}",
                    title=place["name"],
                    elsewhere=address(level, code, []),
                    scripts=["maps"],
                    place=place,
                    parents=self.content.parents(place),
                    members=members.get(code, []),
                    **self._territory(level, said),
                )

    def _members(self, level: str) -> dict[str, list[Row]]:
        """The communes of an EPCI, the EPCI of a département or région."""
        inside = "commune" if level == "epci" else "epci"
        members = defaultdict(list)
        for (of, _), place in self.places:
            if of == inside and level != "custom" and place[f"{level}_code"] is not None:
                members[place[f"{level}_code"]].append(place)
        return members

    def _territory(self, level: str, parts: dict[str, list[Row]]) -> dict[str, Any]:
        figures = {row["indicator"]: row for row in parts["figures"]}
        known = [one for one in self.catalogue if one["indicator"] in figures]
        boxes: dict[str, dict[str, list[Row]]] = {
            f: {"main": [], "others": []} for f in functions()
        }
        for one in known:
            kind = "main" if indicators()[one["indicator"]].main else "others"
            boxes[one["function"]][kind].append(figures[one["indicator"]])
        partners: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in parts["partners"]:
            partners[row["need"], row["direction"]].append(row)
        order = list(needs())
        relations = sorted(parts["relations"], key=lambda row: order.index(row["need"]))
        calls: dict[str, list[Row]] = defaultdict(list)
        for row in parts["calls"]:
            calls[row["lever"]].append(row | {"indicator": row["called_by"]})
        return {
            "figures": boxes,
            "one_unit": {one["indicator"]: one["unit"] for one in known},
            "relations": {
                direction: [row for row in relations if row["direction"] == direction]
                for direction in ("depends_on", "depended_on_by")
            },
            "partners": partners,
            "baskets": parts["baskets"],
            "cooperation": parts["cooperation"],
            "levers": {id_: calls[id_] for id_ in levers() if id_ in calls},
            "lever_texts": self.lever_texts,
            "missing": self._missing(
                level, parts["missing"], {*figures, *(k for k, _ in partners)}
            ),
            "used": self._used(one["source_ids"] for one in known),
        }

    @cached_property
    def lever_texts(self) -> dict[str, Any]:
        """The label and description of each lever."""
        return {id_: getattr(one, self.lang.code) for id_, one in levers().items()}

    def _missing(self, level: str, own: list[Row], known: set[str]) -> list[tuple[str, list[str]]]:
        """What cannot be said, by reason: of it alone, or of its whole level."""
        general = [
            row
            for row in self.content.missing_of_levels
            if row["level"] in ("*", level) and (row["indicator"] or row["need"]) not in known
        ]
        named: dict[str, list[str]] = defaultdict(list)
        for row in own + general:
            reason = self.content.reasons[row["reason"]][f"reason_{self.lang.code}"]
            label = self._missing_label(row)
            if label not in named[reason]:
                named[reason] += [label] if label else []
        return list(named.items())

    def _missing_label(self, row: Row) -> str | None:
        if row["indicator"]:
            return self.labels.get(row["indicator"])
        return self.lang.need(row["need"]) if row["need"] in needs() else None

    # --- what scripts say ---

    def script_texts(self) -> dict[str, Any]:
        """All that the pages filled by scripts say, and the columns of the files of data."""
        say = self.lang.say
        there = {one["indicator"]: one for one in self.catalogue}
        return {
            "lang": self.lang.code,
            "sample": self.content.is_sample,
            "ui": self.texts,
            "words": self.lang.texts,
            "paged": self.paged,
            "mapped": site_settings().mapped,
            "peers": site_settings().peers,
            "nowhere": NOWHERE,
            "partial": parameter_values()["partial_coverage"],
            "colours": site_settings().colours,
            "functions": {id_: say(one) for id_, one in functions().items()},
            "levels": {id_: say(one) for id_, one in levels().items()},
            "units": {id_: say(one) for id_, one in units().items()},
            "indicators": [
                [id_, self.labels[id_], one.unit, one.function, int(bool(one.main)), id_ in there]
                for id_, one in indicators().items()
            ],
            "needs": [
                [id_, self.lang.need(id_), one.unit, one.function] for id_, one in needs().items()
            ],
            "levers": [
                [id_, text.label, text.description] for id_, text in self.lever_texts.items()
            ],
            "signals": {id_: say(one) for id_, one in signals().items()},
            "reasons": [row[f"reason_{self.lang.code}"] for row in self.content.reasons],
            "missing": [
                [row["level"], row["indicator"], row["need"], row["reason"]]
                for row in self.content.missing_of_levels
            ],
            "columns": {part: self.content.columns(part) for part in PARTS},
        }


_SPREAD = """
    select
        level, count(*) as n, any_value(size) as of,
        median(value) as median, quantile_cont(value, 0.25) as q1, quantile_cont(value, 0.75) as q3,
        avg(coverage) as coverage
    from page_figures
    inner join (select level, count(*) as size from territories group by all) using (level)
    where indicator = $indicator
    group by level
"""
# Of EPCI, where nearly everyone lives, and whose figures compare.
_EXTREMES = """
    with
    known as (
        select level, code, name, value, coverage
        from page_figures inner join territories using (level, code)
        where level = 'epci' and indicator = $indicator
    ),
    partly as (select * from known where coverage < 1)
    (select 'highest' as what, * from known order by value desc, code limit $most)
    union all
    (select 'lowest' as what, * from known order by value, code limit $most)
    union all
    (select 'best_covered' as what, * from partly order by coverage desc, code limit $most)
    union all
    (select 'worst_covered' as what, * from partly order by coverage, code limit $most)
"""
