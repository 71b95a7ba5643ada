"""A window on the site, and the kinds of pages that it has."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl
import pytest
from playwright.sync_api import Page

from pipelines.site.naming import address
from pipelines.site.settings import site_settings

# What is there once scripts have filled a page of a kind.
READY = {
    "home": "h1",
    "territories": ".places a",
    "territory": "article h1",
    "place": "[data-fill] section.flows",
    "compare": "[data-compared] table.compared",
    "map": "[data-canvas] svg path",
    "indicators": ".box a",
    "indicator": "[data-distribution] svg path",
    "sources": "main table",
    "changes": "h1",
}
INDICATOR = "job_self_containment"
SLOW = pytest.mark.slow
ENGLISH_LATER = ["fr", pytest.param("en", marks=SLOW)]
# The kinds that scripts fill, or that hold the most; the others are tried with the slow tests.
RICH = ("territory", "place", "compare", "map")
RICH_FIRST = [kind if kind in RICH else pytest.param(kind, marks=SLOW) for kind in READY]


@dataclass
class Pages:
    """The site of a release, and whom its pages speak of.

    Attributes:
        url: where it is served.
    """

    release: Path
    url: str
    folder: Path | None = None

    @property
    def site(self) -> Path:
        return self.folder or self.release / "site"

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.release / f"{name}.parquet")

    @cached_property
    def territories(self) -> pl.DataFrame:
        return self.table("territories").sort("level", "code")

    def codes(self, level: str) -> list[str]:
        return self.territories.filter(pl.col("level") == level)["code"].to_list()

    def name(self, level: str, code: str) -> str:
        return self.territories.row(
            by_predicate=(pl.col("level") == level) & (pl.col("code") == code), named=True
        )["name"]

    @cached_property
    def pair(self) -> tuple[str, str]:
        """Two EPCI that give each other something of many needs."""
        both = self.table("reciprocity").filter(level="epci", level_b="epci")
        best = both.group_by("code_a", "code_b").len().sort("len", "code_a", "code_b").row(-1)
        return best[0], best[1]

    @property
    def epci(self) -> str:
        return self.pair[0]

    @cached_property
    def commune(self) -> str:
        """The most populated of that EPCI."""
        inside = self.territories.filter(
            pl.col("level") == "commune", pl.col("epci_code") == self.epci
        )
        return inside.sort("population")["code"][-1]

    def kinds(self, lang: str = "fr") -> dict[str, str]:
        """A page of each kind, by its address."""
        paged = site_settings().paged if lang == "fr" else []
        a, b = self.pair
        kinds = {
            "home": "index.html",
            "territories": "territories.html",
            "territory": address("epci", a, paged),
            "place": f"place.html#commune/{self.commune}",
            "compare": f"compare.html#epci/{a}/epci/{b}",
            "map": "map.html",
            "indicators": "indicators.html",
            "indicator": f"indicator/{INDICATOR}.html",
            "sources": "sources.html",
            "changes": "changes.html",
        }
        return {kind: f"en/{at}" if lang == "en" else at for kind, at in kinds.items()}


@dataclass
class Window:
    """A page of a browser, and what nobody would see going wrong in it."""

    page: Page
    pages: Pages
    requests: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    # Files that this test has taken away.
    awaited: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("console", self._console)
        self.page.on("dialog", self._dialog)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", lambda got: got.status >= 400 and self.lost.append(got.url))

    def _console(self, message):
        of_lost = "Failed to load resource" in message.text or "ERR_FILE" in message.text
        if message.type in ("error", "warning") and not of_lost:
            self.errors.append(f"{message.type}: {message.text}")

    def _failed(self, request):
        # What a page had not yet loaded when another was asked for is not lost.
        if request.failure != "net::ERR_ABORTED":
            self.lost.append(request.url)

    def _dialog(self, dialog):
        self.errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def unseen(self) -> list[str]:
        """Uncaught errors, dialogs, files that could not be read, requests to another host."""
        lost = [url for url in self.lost if not any(url.endswith(one) for one in self.awaited)]
        ours = ("", urlsplit(self.pages.url).netloc)
        away = [r.url for r in self.requests if urlsplit(r.url).netloc not in ours]
        return self.errors + [f"lost: {one}" for one in lost] + [f"away: {one}" for one in away]

    def go(self, at: str, ready: str | None = None, http: bool = False) -> Page:
        """Open a page by its address in the site, and wait for what it shows."""
        base = self.pages.url if http else self.pages.site.as_uri()
        # To change the hash alone would not load the page again.
        self.page.goto("about:blank")
        self.page.goto(f"{base}/{at}")
        if ready:
            self.page.wait_for_selector(ready, state="attached")
        return self.page

    def see(self, kind: str, lang: str = "fr", http: bool = False) -> Page:
        """Open a page of a kind, filled."""
        filled = "place" if (kind, lang) == ("territory", "en") else kind
        return self.go(self.pages.kinds(lang)[kind], READY[filled], http)

    def flow_map(self) -> None:
        """Look at the map of flows, which is drawn then."""
        self.page.locator("[data-flows]").scroll_into_view_if_needed()
        self.page.wait_for_selector("[data-flows] svg path", state="attached")

    @property
    def at(self) -> str:
        """The address of the page shown, within the site."""
        url = unquote(self.page.url)
        for base in (unquote(self.pages.site.as_uri()), self.pages.url):
            if base and url.startswith(base):
                return url[len(base) + 1 :]
        return url
