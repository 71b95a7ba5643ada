"""Write pages in one language: the templates, the words, and what every kind of page needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipelines.answers.language import Language, spoken
from pipelines.answers.markdown import FILTERS
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.loading import read_yaml
from pipelines.catalogue.words import functions, levels, needs, parameter_values
from pipelines.site.content import NOWHERE, Content, Row
from pipelines.site.naming import address, file_name
from pipelines.site.settings import site_settings

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pages:
    """The pages of one language.

    Attributes:
        site: the folder of the site.
        content: the release.
        version: its name.
        lang: the language.
    """

    site: Path
    content: Content
    version: str
    lang: Language

    def write(self, kind: str, name: str | None = None, **values: Any) -> None:
        """Write one page, from the template of its kind.

        Args:
            name: its address in this language, without its ending: its kind, unless it is given.
            values: what the template asks for; `elsewhere`, the address of the same in the other
                language, where it is not the same.
        """
        name = name or kind
        french = self.lang.code == "fr"
        path = self.site / ("" if french else "en") / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * name.count("/")
        root = up if french else f"../{up}"
        elsewhere = values.pop("elsewhere", f"{name}.html")
        elsewhere = f"{root}en/{elsewhere}" if french else f"{root}{elsewhere}"
        text = self.templates.get_template(f"{kind}.html.jinja").render(
            {"page": kind, "title": self.texts.get(kind, self.texts["tagline"]), "scripts": []}
            | values
            | {"here": up, "root": root, "other": "en" if french else "fr", "elsewhere": elsewhere}
        )
        path.write_text(text, encoding="utf-8")

    @cached_property
    def texts(self) -> dict[str, Any]:
        """The words of `texts.yml`, in this language."""
        texts: dict[str, Any] = spoken(read_yaml(_HERE / "texts.yml"), self.lang.code)
        return texts

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
        said = (*FILTERS, "say", "unit", "need")
        environment.filters |= {name: getattr(self.lang, name) for name in said}
        environment.filters["file_name"] = file_name
        french = self.lang.code == "fr"
        environment.globals |= {
            "lang": self.lang,
            "t": self.texts,
            "colon": Markup("&nbsp;:") if french else ":",
            "semicolon": "\u00a0; " if french else "; ",
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
            row["indicator"]: self.said(row)
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
        return {row["source_id"]: self.said(row) for row in rows}

    def said(self, row: Row) -> Row:
        """A row with its columns in this language under their bare names."""
        ending = f"_{self.lang.code}"
        return row | {k.removesuffix(ending): v for k, v in row.items() if k.endswith(ending)}

    def used(self, source_ids: Iterable[str | None]) -> list[Row]:
        """The sources named in some lists, each once."""
        ids = {id_ for listed in source_ids if listed for id_ in listed.split(", ")}
        return [self.sources[id_] for id_ in sorted(ids) if id_ in self.sources]
