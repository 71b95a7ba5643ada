"""Every link of every page leads somewhere; nothing of a page is another host's."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.words import levels
from pipelines.site.naming import file_name

from .conftest import PERIMETERS


class Read(HTMLParser):
    """What a page links to, loads, and names."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.ids, self.tags = [], [], [], Counter()
        self.lang = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        if tag == "html":
            self.lang = known["lang"]
        if tag in ("script", "img", "iframe", "source", "object", "embed"):
            self.loaded.append(known.get("src") or known.get("data"))
        elif tag == "link" and known.get("rel") != "alternate":
            self.loaded.append(known["href"])
        elif "href" in known:
            self.links.append(known["href"])


@pytest.fixture(scope="module")
def read(pages):
    """Every page, by its path in the site."""
    return {
        path.relative_to(pages.site).as_posix(): Read(path.read_text(encoding="utf-8"))
        for path in sorted(pages.site.rglob("*.html"))
    }


def to(at, link):
    """The path in the site that a link of a page leads to, and its hash."""
    file, _, hash_ = link.partition("#")
    folder = at.rpartition("/")[0]
    parts = [*folder.split("/"), *file.split("/")] if file else at.split("/")
    path = []
    for part in filter(None, parts):
        if part == "..":
            path.pop()
        else:
            path.append(unquote(part))
    return "/".join(path), hash_


def test_there_is_a_page_for_each_territory_and_indicator(read, pages):
    there = pages.table("indicator_catalogue")["indicator"]
    for level in ("epci", "departement", "region", "custom"):
        assert all(f"{level}/{file_name(code)}.html" in read for code in pages.codes(level))
    assert {f"{lang}indicator/{one}.html" for lang in ("", "en/") for one in there} == {
        at for at in read if "indicator/" in at
    }
    assert {at for at in read if "/" not in at} == {
        at.removeprefix("en/") for at in read if at.startswith("en/") and at.count("/") == 1
    }


def test_every_internal_link_leads_to_a_page_and_a_part_of_it(read, pages):
    lost = set()
    for at, page in read.items():
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            path, hash_ = to(at, link)
            name = path.removeprefix("en/")
            if path not in read:
                lost.add((at, link))
            elif where(link) and name in ("place.html", "map.html", "compare.html"):
                if hash_ and not _named(pages, name, hash_):
                    lost.add((at, link))
            elif hash_ and hash_ not in read[path].ids:
                lost.add((at, link))
    assert not lost, sorted(lost)[:20]


def where(link):
    """The page that a link names, or nothing when it leads within its own."""
    return link.partition("#")[0]


def _named(pages, name, hash_):
    """Whether a hash that scripts read names what is there."""
    if name == "map.html":
        return hash_ in set(pages.table("indicator_catalogue")["indicator"])
    parts = hash_.split("/")
    ends = list(zip(parts[::2], parts[1::2], strict=True)) if len(parts) % 2 == 0 else []
    known = pages.territories.select("level", "code").iter_rows()
    there = {(level, file_name(code)) for level, code in known if level in levels()}
    return bool(ends) and len(ends) <= 1 + (name == "compare.html") and set(ends) <= there


def test_what_a_page_loads_is_there_and_of_the_site(read, pages):
    for at, page in read.items():
        for one in page.loaded:
            assert one == "data:," or (pages.site / to(at, one)[0]).is_file(), (at, one)


def test_a_link_elsewhere_is_safe(read):
    away = {urlsplit(link).scheme for page in read.values() for link in page.links}
    assert away <= {"", "https", "http"}


def test_no_id_is_given_twice(read):
    for at, page in read.items():
        twice = [id_ for id_, n in Counter(page.ids).items() if n > 1]
        assert not twice, (at, twice)


def test_each_page_says_its_language(read):
    assert all(page.lang == ("en" if at.startswith("en/") else "fr") for at, page in read.items())


def test_the_names_of_perimeters_are_text(read, pages):
    for at, page in read.items():
        assert None not in page.loaded and not page.tags["img"], at
    for name in PERIMETERS.values():
        shown = [
            path for path in pages.site.rglob("*.html") if name in path.read_text(encoding="utf-8")
        ]
        assert not shown, "written as it is"


def test_the_words_of_scripts_close_no_script(pages):
    for path in (pages.site / "assets").glob("texts.*.js"):
        assert "</" not in path.read_text(encoding="utf-8")
    for path in (pages.site / "data").rglob("*.js"):
        assert path.read_bytes().isascii() and path.read_text().count("\n") == 1


def test_indicators_of_the_release_are_listed_in_both_languages(read, pages):
    there = set(pages.table("indicator_catalogue")["indicator"])
    assert there <= set(indicators())
    for at in ("indicators.html", "en/indicators.html"):
        linked = {to(at, link)[0].rpartition("/")[2] for link in read[at].links}
        assert {f"{one}.html" for one in there} <= linked
