"""`sources check`: what is said of each locked file, and that nothing is touched for it."""

import gzip
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli, paths
from pipelines.catalogue.sources import Source
from pipelines.errors import CatalogueError
from pipelines.raw import editions, obtaining
from pipelines.raw.download import Patience
from pipelines.raw.editions import Comparison, Edition, by_marks
from pipelines.raw.links import Answer
from pipelines.raw.lock import Lock, Locked
from pipelines.raw.publisher import Publisher
from tests.raw.conftest import CSV, Handler, Notes, Web, make_source

OTHER = CSV + b"99999;new\n"
# As long as CSV, and another content.
ALIKE = CSV.replace(b"00001", b"99991")
DATE, LATER = "Mon, 02 Nov 2026 08:00:00 GMT", "Tue, 03 Nov 2026 08:00:00 GMT"
QUICK = Patience(attempts=1, connect=1, silence=0.5, slowest=1)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def photograph(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Place:
    """A source with its cache and its lock, whose one file was fetched."""

    folder: Path
    web: Web
    url: str = ""

    @property
    def publisher(self) -> Publisher:
        lock = Lock(self.folder / "lock.json")
        return Publisher(self.folder / "cache", lock, patience=QUICK, progress=Notes())

    @property
    def source(self) -> Source:
        return make_source({"flows": self.url})

    def fetch(self, **marks: str) -> None:
        self.url = self.web.gives("/flows.csv", CSV, **marks)
        self.publisher.obtain(self.source)
        self.web.requests.clear()

    def now(self, body: bytes = CSV, **options: Any) -> None:
        """What the publisher gives from now on."""
        self.web.gives("/flows.csv", body, **options)

    def check(self, *chosen: Source, download: bool = False) -> list[Edition]:
        before = photograph(self.folder / "cache"), photograph(self.folder / "lock.json")
        comparison = Comparison(self.publisher, download=download, brief=QUICK, patience=QUICK)
        found = list(comparison.of(chosen or [self.source]))
        assert (photograph(self.folder / "cache"), photograph(self.folder / "lock.json")) == before
        assert not (list(paths.home().iterdir()) if paths.home().exists() else [])
        return found

    def stands(self, status: str, *words: str, download: bool = False) -> Edition:
        (edition,) = self.check(download=download)
        assert edition.status == status, edition
        for word in words:
            assert word in f"{edition.found} {edition.todo}", edition
        return edition


@pytest.fixture
def place(tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / "home"))
    return Place(tmp_path, web)


# --- told by the publisher's marks: nothing is downloaded


def test_the_same_by_its_etag(place: Place) -> None:
    place.fetch(ETag='"1"', Last_Modified=DATE)
    place.now(ALIKE, ETag='"1"', Last_Modified=LATER)
    edition = place.stands("same", "ETag")
    assert (edition.source_id, edition.vintage, edition.file) == ("toy", "2023", "flows")
    assert (edition.where, edition.todo) == (place.url, "")


def test_a_weak_etag_is_the_same_edition(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(ETag='W/"1"')
    place.stands("same", "ETag")


def test_the_same_by_its_date(place: Place) -> None:
    place.fetch(Last_Modified=DATE)
    place.now(Last_Modified=DATE)
    place.stands("same", "Last-Modified")


@pytest.mark.parametrize(
    ("before", "body", "after", "word"),
    [
        ({"ETag": '"1"'}, ALIKE, {"ETag": '"2"'}, '"2"'),
        ({"Last_Modified": DATE}, ALIKE, {"Last_Modified": LATER}, LATER),
        ({"ETag": '"1"', "Last_Modified": DATE}, ALIKE, {"Last_Modified": LATER}, LATER),
        ({"ETag": '"1"'}, OTHER, {"ETag": '"1"'}, f"{len(OTHER)} bytes"),
        ({}, OTHER, {}, f"{len(OTHER)} bytes"),
    ],
    ids=["by its ETag", "by its date", "by its date alone", "by its size", "by its size alone"],
)
def test_changed(
    place: Place, before: dict[str, str], body: bytes, after: dict[str, str], word: str
) -> None:
    place.fetch(**before)
    place.now(body, **after)
    fetch = "metabolisme sources fetch toy --vintage toy=2023 --accept toy"
    place.stands("changed", word, "--download", fetch)


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ({}, {}, "no mark"),
        ({"ETag": '"1"'}, {}, "no mark"),
        ({}, {"ETag": '"1"', "Last_Modified": DATE}, "no mark"),
        (
            {"ETag": '"1"', "Last_Modified": DATE},
            {"ETag": '"2"', "Last_Modified": DATE},
            "another ETag",
        ),
    ],
    ids=["never any", "not any more", "not before", "they contradict each other"],
)
def test_what_the_marks_do_not_tell(
    place: Place, before: dict[str, str], after: dict[str, str], word: str
) -> None:
    place.fetch(**before)
    place.now(ALIKE, **after)
    place.stands("unknown", word, "cannot be told without downloading")
    place.stands("changed", sha(ALIKE), sha(CSV), download=True)
    place.now(CSV, **after)
    place.stands("same", "sha256", download=True)


def test_the_body_is_not_asked_for_when_the_headers_tell(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(ETag='"1"', Content_Type="text/csv")
    place.stands("same")
    assert place.web.methods[1:] == ["HEAD"]


@pytest.mark.parametrize("status", [403, 405, 501])
def test_head_is_refused(place: Place, status: int) -> None:
    place.fetch(ETag='"1"', Accept_Ranges="bytes")

    def answer(handler: Handler) -> None:
        if handler.command == "HEAD":
            return handler.reply(b"", status, Content_Type="text/csv")
        assert handler.headers["Range"] == "bytes=0-1023"
        span = f"bytes 0-1023/{len(CSV)}"
        handler.reply(CSV[:1024], 206, Content_Range=span, ETag='"1"')

    place.web.at("/flows.csv", answer)
    place.stands("same", "ETag")
    # The size is that of the whole file, not of the bytes that came.
    place.web.at(
        "/flows.csv",
        lambda handler: (
            handler.reply(b"", status)
            if handler.command == "HEAD"
            else handler.reply(CSV[:1024], 206, Content_Range="bytes 0-1023/9", ETag='"1"')
        ),
    )
    place.stands("changed", "9 bytes")


def test_head_is_refused_and_ranges_are_ignored(place: Place) -> None:
    place.fetch(ETag='"1"')

    def answer(handler: Handler) -> None:
        refused = handler.command == "HEAD"
        handler.reply(b"" if refused else CSV, 405 if refused else 200, ETag='"1"')

    place.web.at("/flows.csv", answer)
    place.stands("same")


def test_a_size_of_nought_in_answer_to_head_is_no_size(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(b"", ETag='"1"')
    place.stands("same")


def test_the_size_of_a_compressed_transfer_is_not_that_of_the_file(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(gzip.compress(CSV), ETag='W/"1"', Content_Encoding="gzip")
    place.stands("same")


def test_another_address_than_the_locked_one(place: Place) -> None:
    place.fetch(ETag='"1"')
    locked, place.url = place.url, place.web.gives("/new.csv", CSV, ETag='"1"')
    place.stands("unknown", locked)
    place.stands("same", download=True)


def test_an_address_that_leads_elsewhere() -> None:
    url = "https://example.org/latest"
    marks: dict[str, Any] = {"sha256": sha(CSV), "bytes": 9, "fetched_at": "2026-11-02"}
    locked = Locked(url=url, url_after_redirect="https://example.org/2025.csv", **marks)
    answer = Answer("https://example.org/2026.csv", True, False, 9, None, None)
    verdict = by_marks(locked, answer)
    assert verdict.status == "unknown" and "2026.csv" in verdict.found


# --- out of reach


def test_404(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(b"gone", status=404, ETag='"1"')
    for download in (False, True):
        place.stands("unreachable", "404", "links", download=download)


def test_a_web_page_in_place_of_the_file(place: Place) -> None:
    place.fetch()
    place.now(b"\n<!DOCTYPE html><html></html>", Content_Type="text/html; charset=utf-8")
    place.stands("unreachable", "a web page")


def test_a_redirect_to_a_web_page(place: Place) -> None:
    place.fetch(ETag='"1"')
    home = place.web.gives("/home", b"<html></html>", Content_Type="text/html")
    place.web.at("/flows.csv", lambda handler: handler.reply(b"", 302, Location=home))
    place.stands("unreachable", "a web page", home)


def test_a_file_that_is_said_to_be_a_web_page(place: Place) -> None:
    place.fetch(ETag='"1"')
    place.now(ETag='"1"', Content_Type="text/html")
    place.stands("same")


def test_a_web_page_that_is_said_to_be_a_file(place: Place) -> None:
    place.fetch()
    place.now(b"<html>" + b" " * 200, Content_Type="text/csv")
    place.stands("changed", "not the file any more", "a web page", download=True)


def test_nobody_answers(place: Place) -> None:
    place.fetch()
    records = json.loads((place.folder / "lock.json").read_text())
    place.url = records["toy"]["2023"]["flows"]["url"] = "http://127.0.0.1:1/flows.csv"
    (place.folder / "lock.json").write_text(json.dumps(records))
    place.stands("unreachable", "no answer", "refused", "network")


def test_the_catalogue_has_no_address_any_more(place: Place) -> None:
    place.fetch()
    (edition,) = place.check(make_source({"flows": None}))
    assert (edition.status, edition.where) == ("unknown", place.url)
    assert "no address" in edition.found and not place.web.requests


# --- the cache


def test_a_damaged_file_in_the_cache(place: Place) -> None:
    place.fetch(ETag='"1"')
    (path,) = place.folder.glob("cache/toy/2023/*.csv")
    path.write_bytes(ALIKE)
    damaged, published = place.check()
    assert (damaged.status, damaged.where, published.status) == ("damaged", str(path), "same")
    assert sha(ALIKE) in damaged.found and sha(CSV) in damaged.found
    assert "metabolisme sources fetch toy --vintage toy=2023" in damaged.todo
    path.unlink()
    place.stands("same")  # a cache may be emptied


# --- what is in one of lock and catalogue only


def test_never_fetched(place: Place) -> None:
    (edition,) = place.check(make_source({"flows": place.web.root}))
    assert (edition.status, edition.todo) == ("never fetched", "metabolisme sources fetch toy")
    assert not place.web.requests


def test_a_vintage_that_the_catalogue_has_no_more(place: Place) -> None:
    place.fetch()
    only = make_source(vintages={"2022": {"year": 2022, "links": {"flows": None}}})
    (edition,) = place.check(only)
    assert edition.status == "unknown" and "not in the catalogue" in edition.found


def test_a_source_that_the_catalogue_has_no_more(place: Place) -> None:
    place.fetch()
    (edition,) = Comparison(place.publisher).forgotten()
    assert (edition.source_id, edition.status) == ("toy", "unknown")
    assert not place.web.requests


@pytest.mark.parametrize("text", ["{", '{"toy": {"2023": {"flows": {"url": 1}}}}'])
def test_a_lock_that_is_not_readable(place: Place, text: str) -> None:
    (place.folder / "lock.json").write_text(text)
    with pytest.raises(CatalogueError, match=r"lock\.json"):
        place.check()


# --- the command

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`metabolisme sources check`, where the toy is the only source."""
    known = {"toy": make_source({"flows": place.web.root + "/flows.csv"})}
    monkeypatch.setattr(cli, "read_only", lambda: known)
    monkeypatch.setattr(editions, "read_only", lambda: known)
    monkeypatch.setattr(obtaining, "publisher", lambda: place.publisher)

    def call(*given: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["metabolisme", "sources", "check", *given])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_the_command_when_all_is_the_same(place: Place, command: Command) -> None:
    place.fetch(ETag='"1"')
    code, out, _ = command()
    assert code == 0 and "toy 2023, flows: the same ETag" in out
    assert out.splitlines()[-1] == "1 same"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"body": OTHER}, "1 changed"),
        ({"body": b"", "status": 404}, "1 unreachable"),
        ({"body": CSV}, "1 unknown"),
    ],
)
def test_the_command_when_something_is_to_look_at(
    place: Place, command: Command, answer: dict[str, Any], line: str
) -> None:
    place.fetch(ETag='"1"')
    place.now(**answer)
    code, out, _ = command("toy")
    assert code == 3 and out.splitlines()[-1] == line
    assert place.url in out and "what to do" in out


def test_the_command_when_the_cache_is_damaged(place: Place, command: Command) -> None:
    place.fetch(ETag='"1"')
    (path,) = place.folder.glob("cache/toy/2023/*.csv")
    path.write_bytes(b"damaged")
    code, out, _ = command()
    assert code == 3 and str(path) in out
    assert out.splitlines()[-1] == "1 same, 1 damaged"


def test_the_command_for_scripts(place: Place, command: Command) -> None:
    place.fetch(ETag='"1"')
    place.now(OTHER)
    code, out, _ = command("--json")
    said = json.loads(out)
    assert (code, said["summary"]) == (3, {"changed": 1})
    assert (
        said["files"][0].items()
        >= {
            "source_id": "toy",
            "vintage": "2023",
            "file": "flows",
            "status": "changed",
            "where": place.url,
        }.items()
    )


def test_the_command_downloads_when_it_is_told_to(place: Place, command: Command) -> None:
    place.fetch()
    place.now(ALIKE)
    assert command()[0] == 3
    code, out, _ = command("--download")
    assert code == 3 and sha(ALIKE) in out and out.splitlines()[-1] == "1 changed"
    place.now(CSV)
    assert command("--download")[0] == 0


def test_the_command_when_nothing_was_fetched(command: Command) -> None:
    code, out, _ = command()
    assert code == 0 and "never fetched: toy (metabolisme sources fetch)" in out


def test_the_command_when_the_lock_is_not_readable(place: Place, command: Command) -> None:
    (place.folder / "lock.json").write_text("{")
    code, out, err = command()
    assert code == 1 and not out and "lock.json" in err and "what to do" in err


def test_the_command_for_a_source_that_does_not_exist(command: Command) -> None:
    code, out, err = command("nonsense")
    assert code == 2 and not out and "nonsense" in err and "toy" in err
