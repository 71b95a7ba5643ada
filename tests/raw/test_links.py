"""`doctor --links`: each way in which a publisher's link does not give its file."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.catalogue.sources import Source
from pipelines.doctor import project
from pipelines.doctor.findings import Finding
from pipelines.raw.download import Patience
from pipelines.raw.publisher import Publisher
from tests.raw.conftest import CSV, Web, make_source

QUICK = Patience(attempts=1, connect=1, silence=0.3)


class Links:
    """The findings of one source's link, beside another that answers."""

    def __init__(self, web: Web, monkeypatch: pytest.MonkeyPatch, folder: Any) -> None:
        from pipelines.raw.lock import Lock

        self.web, self.monkeypatch = web, monkeypatch
        self.cache = Publisher(folder / "cache", Lock(folder / "lock.json"))
        monkeypatch.setattr(project, "publisher", lambda: self.cache)
        self.well = web.gives("/well.csv", CSV, Content_Type="text/csv")

    def found(self, *sources: Source) -> list[Finding]:
        self.monkeypatch.setattr(project, "read_only", lambda: {s.id: s for s in sources})
        return list(project.publishers(patience=QUICK))

    def of(self, url: str, **changes: Any) -> Finding | None:
        """What is said of a link, if anything is."""
        source, well = make_source({"flows": url}, **changes), make_source({"flows": self.well})
        both = self.found(source, well.model_copy(update={"id": "well"}))
        return next((one for one in both if one.about == f"link: {source.id}"), None)


@pytest.fixture
def links(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Links]:
    yield Links(web, monkeypatch, tmp_path)


def test_links_that_answer(links: Links) -> None:
    source = make_source({"flows": links.well})
    (finding,) = links.found(source)
    assert (finding.status, finding.found) == ("ok", "1 of 1 give a file")
    # Only the newest vintage, and only by its headers.
    assert links.web.methods == ["HEAD"]


def test_a_source_without_address_is_not_asked_for(links: Links) -> None:
    (finding,) = links.found(make_source({"flows": None}))
    assert finding.status == "ok" and not links.web.methods


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"body": b"gone", "status": 404}, "404"),
        ({"body": b"busy", "status": 503}, "503"),
        ({"body": b"<!doctype html><p>", "Content_Type": "text/html"}, "a web page"),
        ({"body": b"<html>"}, "a web page"),
    ],
)
def test_a_link_that_does_not_give_its_file(
    links: Links, answer: dict[str, Any], words: str
) -> None:
    url = links.web.gives("/flows.csv", **answer)
    finding = links.of(url)
    assert finding and finding.status == "warning" and finding.todo
    assert words in finding.found and url in finding.found
    required = links.of(url, required=True)
    assert required and required.status == "failed"


def test_a_required_file_that_is_in_the_cache_is_not_asked_for_by_a_run(links: Links) -> None:
    url = links.web.gives("/flows.csv", CSV)
    links.cache.obtain(make_source({"flows": url}))
    links.web.gives("/flows.csv", b"", status=404)
    finding = links.of(url, required=True)
    assert finding and finding.status == "warning"


def test_silence(links: Links) -> None:
    import time

    def wait(handler: Any) -> None:
        time.sleep(0.4)

    finding = links.of(links.web.at("/flows.csv", wait))
    assert finding and finding.status == "warning"
    assert finding.found.startswith("no answer: Read timed out")


def test_a_redirect_is_told(links: Links) -> None:
    url = links.web.at("/r", lambda h: h.reply(b"", 302, Location=links.well + "?signature=1"))
    links.web.gives("/well.csv?signature=1", CSV)
    finding = links.of(url)
    assert finding and finding.status == "ok"
    assert f"redirected to {links.well} (" in finding.found


def test_a_redirect_for_good_is_to_be_written_down(links: Links) -> None:
    url = links.web.at("/old.csv", lambda h: h.reply(b"", 301, Location=links.well))
    finding = links.of(url)
    assert finding and finding.status == "warning"
    assert links.well in finding.found and "sources/toy.yml" in finding.todo


def test_a_redirect_to_a_page(links: Links) -> None:
    home = links.web.gives("/home", b"<html>", Content_Type="text/html")
    finding = links.of(links.web.at("/r", lambda h: h.reply(b"", 302, Location=home)))
    assert finding and finding.status == "warning" and f"at {home}" in finding.found


def test_a_machine_without_network_is_told_once(links: Links) -> None:
    nobody = [
        make_source({"flows": "http://127.0.0.1:1/f.csv"}, id=f"toy{n}", required=True)
        for n in range(3)
    ]
    (finding,) = links.found(*nobody)
    assert finding.status == "warning" and "none of the 3" in finding.found
    assert "--mirror" in finding.todo
