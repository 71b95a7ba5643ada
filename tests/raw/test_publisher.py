"""Downloads: what a publisher may do, and what must come of it."""

import errno
import hashlib
import json
import multiprocessing
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import stamina

from pipelines.errors import MetabolismeError, RejectedError, UnavailableError, UsageError
from pipelines.raw import download
from pipelines.raw.download import Patience
from pipelines.raw.fetch import Obtained
from pipelines.raw.lock import Lock
from pipelines.raw.mirror import Mirror, write_mirror
from pipelines.raw.publisher import Publisher
from tests.raw.conftest import CSV, Handler, Notes, Web, make_source, make_zip

SHA = hashlib.sha256(CSV).hexdigest()
OTHER = CSV + b"99999;new\n"
QUICK = Patience(attempts=4, connect=2, silence=0.3, slowest=1)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return make_publisher(tmp_path)


def make_publisher(folder: Path, mirror: Mirror | None = None, **options: Any) -> Publisher:
    options = {"progress": Notes(), "patience": QUICK} | options
    return Publisher(folder / "cache", Lock(folder / "lock.json"), mirror, **options)


def notes(publisher: Publisher) -> Notes:
    assert isinstance(publisher._progress, Notes)
    return publisher._progress


def flows(publisher: Publisher, url: str | None, **changes: Any) -> Obtained:
    return publisher.obtain(make_source({"flows": url}, **changes))["flows"]


def in_cache(publisher: Publisher) -> list[str]:
    """What looks like a whole file there."""
    there = publisher.cache.rglob("*")
    return sorted(p.name for p in there if p.is_file() and p.name != ".lock")


# --- what goes well


def test_a_file_is_downloaded_verified_cached_and_locked(publisher: Publisher, web: Web) -> None:
    url = web.gives("/a/flows%202023.csv", CSV, ETag='"1"', Last_Modified="Mon, 02 Nov 2026")
    obtained = flows(publisher, url)
    assert obtained.path == publisher.cache / "toy" / "2023" / f"{SHA[:12]}-flows_2023.csv"
    assert obtained.path.read_bytes() == CSV
    assert (obtained.sha256, obtained.bytes, obtained.url) == (SHA, len(CSV), url)
    assert (obtained.origin, obtained.extent, obtained.extent_kind) == (
        "publisher",
        "france",
        "by_row",
    )
    assert (obtained.layout, obtained.complete, obtained.vintage) == ("official", True, "2023")
    assert obtained.fetched_at and re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", obtained.fetched_at
    )
    assert json.loads(publisher.lock.path.read_text())["toy"]["2023"]["flows"] == {
        "url": url,
        "url_after_redirect": url,
        "sha256": SHA,
        "bytes": len(CSV),
        "etag": '"1"',
        "last_modified": "Mon, 02 Nov 2026",
        "fetched_at": obtained.fetched_at,
    }
    assert web.requests[0][1]["User-Agent"].startswith("metabolisme/")


def test_a_second_run_asks_nothing(publisher: Publisher, web: Web, tmp_path: Path) -> None:
    url = web.gives("/flows.csv", CSV)
    before = flows(publisher, url)
    after = flows(make_publisher(tmp_path), url)
    assert len(web.requests) == 1
    assert (after.origin, after.path, after.fetched_at) == ("cache", before.path, before.fetched_at)


def test_the_lock_is_not_rewritten_when_the_same_comes_again(
    publisher: Publisher, web: Web
) -> None:
    url = web.gives("/flows.csv", CSV)
    flows(publisher, url).path.unlink()
    text = publisher.lock.path.read_text()
    os.utime(publisher.lock.path, (0, 0))
    assert flows(publisher, url).origin == "publisher"
    assert publisher.lock.path.read_text() == text
    assert publisher.lock.path.stat().st_mtime == 0


def test_a_redirect_is_followed_and_its_signature_not_recorded(
    publisher: Publisher, web: Web
) -> None:
    end = web.gives("/static/2026/flows.csv?signature=secret", CSV)
    url = web.at("/r/4fd78dee-e122-4c0d", lambda h: h.reply(b"", 302, Location=end))
    assert flows(publisher, url).path.name == f"{SHA[:12]}-flows.csv"
    locked = publisher.lock.get("toy", "2023", "flows")
    assert locked and locked.url == url
    assert locked.url_after_redirect == f"{web.root}/static/2026/flows.csv"


def test_a_redirect_without_end_is_given_up(publisher: Publisher, web: Web) -> None:
    url = web.root + "/loop"
    web.at("/loop", lambda h: h.reply(b"", 302, Location=url))
    with pytest.raises(UnavailableError, match="redirects"):
        flows(publisher, url)


def test_the_vintage_asked_for(publisher: Publisher, web: Web) -> None:
    source = make_source({"flows": web.gives("/flows.csv", CSV)})
    assert publisher.obtain(source, "2022")["flows"].vintage == "2022"
    with pytest.raises(UsageError, match="no vintage 1999"):
        publisher.obtain(source, "1999")


# --- interruptions


def broken_midway(web: Web, path: str, resumable: bool = True, **headers: str) -> str:
    """Break the first answer midway; honour a Range afterwards, or not."""
    half = len(CSV) // 2

    def answer(handler: Handler) -> None:
        asked = handler.headers.get("Range")
        if len(web.requests) == 1:
            handler.reply(CSV[:half], announced=len(CSV), **headers)
        elif asked and resumable and handler.headers.get("If-Range") == headers.get("ETag"):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            rest = f"bytes {start}-{len(CSV) - 1}/{len(CSV)}"
            handler.reply(CSV[start:], 206, Content_Range=rest, **headers)
        else:
            handler.reply(CSV, **headers)

    return web.at(path, answer)


def test_a_broken_download_goes_on_where_it_stopped(publisher: Publisher, web: Web) -> None:
    url = broken_midway(web, "/flows.csv", ETag='"v1"', Accept_Ranges="bytes")
    assert flows(publisher, url).path.read_bytes() == CSV
    (_, first), (_, second) = web.requests
    assert "Range" not in first
    assert second["Range"] == f"bytes={len(CSV) // 2}-"
    assert second["If-Range"] == '"v1"'


def test_it_starts_again_where_the_server_ignores_ranges(publisher: Publisher, web: Web) -> None:
    url = broken_midway(web, "/flows.csv", resumable=False, ETag='"v1"')
    assert flows(publisher, url).path.read_bytes() == CSV
    assert "Range" in web.requests[1][1]


@pytest.mark.parametrize(
    "headers", [{}, {"ETag": 'W/"weak"'}, {"ETag": '"v1"', "Accept_Ranges": "none"}]
)
def test_it_does_not_ask_for_a_range_it_could_not_trust(
    publisher: Publisher, web: Web, headers: dict[str, str]
) -> None:
    url = broken_midway(web, "/flows.csv", **headers)
    assert flows(publisher, url).path.read_bytes() == CSV
    assert "Range" not in web.requests[1][1]


def test_a_file_that_changed_midway_is_not_mixed(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) == 1:
            handler.reply(CSV[:900], announced=len(CSV), ETag='"old"')
        else:  # the validator does not fit any more: a whole new file
            handler.reply(OTHER, ETag='"new"')

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == OTHER


def test_the_rest_of_another_edition_is_refused(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) == 1:
            handler.reply(CSV[:900], announced=len(CSV), ETag='"old"')
        elif handler.headers.get("Range"):  # against the rules: If-Range does not fit
            rest = f"bytes 900-{len(OTHER) - 1}/{len(OTHER)}"
            handler.reply(OTHER[900:], 206, ETag='"new"', Content_Range=rest)
        else:
            handler.reply(OTHER, ETag='"new"')

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == OTHER
    assert len(web.requests) == 3


def test_a_busy_server_in_between_does_not_lose_the_part(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) == 1:
            handler.reply(CSV[:900], announced=len(CSV), ETag='"v1"')
        elif len(web.requests) == 2:
            handler.reply(b"busy", 503)
        else:
            rest = f"bytes 900-{len(CSV) - 1}/{len(CSV)}"
            handler.reply(CSV[900:], 206, ETag='"v1"', Content_Range=rest)

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert web.requests[2][1]["Range"] == "bytes=900-"


@pytest.mark.parametrize("content_range", ["bytes 5-9/10", "nonsense"])
def test_a_range_that_does_not_fit_is_refused(
    publisher: Publisher, web: Web, content_range: str
) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) == 1:
            handler.reply(CSV[:900], announced=len(CSV), ETag='"v1"')
        elif handler.headers.get("Range"):
            handler.reply(CSV[5:10], 206, ETag='"v1"', Content_Range=content_range)
        else:
            handler.reply(CSV, ETag='"v1"')

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert len(web.requests) == 3


def test_a_range_that_breaks_without_a_word_goes_on_again(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        end = len(web.requests) * 9000
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        if not start:
            return handler.reply(CSV[:9000], announced=len(CSV), ETag='"v1"')
        # No Content-Length: only the range tells how much should come.
        rest = f"bytes {start}-{len(CSV) - 1}/{len(CSV)}"
        handler.head(None, 206, ETag='"v1"', Content_Range=rest)
        handler.wfile.write(CSV[start:end])

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert len(web.requests) == 4


def test_a_range_not_satisfiable_starts_again(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) == 1:
            handler.reply(CSV[:900], announced=len(CSV), ETag='"v1"')
        elif handler.headers.get("Range"):
            handler.reply(b"", 416)
        else:
            handler.reply(CSV)

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV


def test_always_too_short_is_unavailable(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", CSV, announced=len(CSV) + 1000)
    with pytest.raises(UnavailableError, match=r"IncompleteRead.*after 4 attempts"):
        flows(publisher, url)
    assert len(web.requests) == 4
    assert in_cache(publisher) == []


def test_a_broken_chunked_answer_is_noticed(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        handler.head(None, Transfer_Encoding="chunked")
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(CSV), CSV))
        if len(web.requests) > 1:
            handler.wfile.write(b"0\r\n\r\n")

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert len(web.requests) == 2


def test_a_compressed_transfer_is_undone(publisher: Publisher, web: Web) -> None:
    import gzip

    url = web.gives("/flows.csv", gzip.compress(CSV), Content_Encoding="gzip", ETag='"1"')
    assert flows(publisher, url).path.read_bytes() == CSV
    assert web.requests[0][1]["Accept-Encoding"] == "identity"


def test_silence_is_an_interruption(publisher: Publisher, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) > 1:
            return handler.reply(CSV)
        handler.reply(CSV[:1000], announced=len(CSV))
        time.sleep(0.6)

    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert "timed out" in notes(publisher)


def test_a_trickle_is_an_interruption(tmp_path: Path, web: Web) -> None:
    def answer(handler: Handler) -> None:
        if len(web.requests) > 1:
            return handler.reply(CSV)
        handler.head(len(CSV))
        for byte in CSV[:10]:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.1)

    publisher = make_publisher(tmp_path, patience=Patience(silence=0.3, slowest=1000))
    assert flows(publisher, web.at("/flows.csv", answer)).path.read_bytes() == CSV
    assert "bytes in 0 seconds" in notes(publisher)


# --- statuses


@pytest.mark.parametrize("status", [202, 429, 500, 503])
def test_a_passing_status_is_tried_again(publisher: Publisher, web: Web, status: int) -> None:
    def answer(handler: Handler) -> None:
        busy = len(web.requests) <= 2
        handler.reply(b"busy" if busy else CSV, status if busy else 200)

    assert flows(publisher, web.at("/flows.csv", answer)).sha256 == SHA
    assert len(web.requests) == 3


def test_a_lasting_503_is_unavailable(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", b"busy", status=503)
    with pytest.raises(UnavailableError, match="503 Service Unavailable, after 4 attempts"):
        flows(publisher, url)
    assert len(web.requests) == 4


@pytest.mark.parametrize("status", [204, 403, 404, 410])
def test_a_final_status_is_not_tried_again(publisher: Publisher, web: Web, status: int) -> None:
    url = web.gives("/flows.csv", b"", status=status)
    with pytest.raises(UnavailableError, match=f"the answer {status}.*\n.*links"):
        flows(publisher, url)
    assert len(web.requests) == 1


def test_nobody_listens(publisher: Publisher) -> None:
    with pytest.raises(UnavailableError, match="ConnectionError"):
        flows(publisher, "http://127.0.0.1:1/flows.csv")


def test_an_address_that_is_none(publisher: Publisher) -> None:
    with pytest.raises(UnavailableError, match="InvalidSchema"):
        flows(publisher, "nowhere://flows.csv")


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ("7", 7, 7),
        ("100000", 120, 120),
        (timedelta(seconds=60), 50, 60),
        (timedelta(hours=-1), 0, 0),
    ],
)
def test_the_wait_a_publisher_asks_for_is_kept(
    asked: str | timedelta, low: float, high: float
) -> None:
    import requests

    if isinstance(asked, timedelta):
        asked = format_datetime(datetime.now(UTC) + asked, usegmt=True)
    response = requests.Response()
    response.headers["Retry-After"] = asked
    wait = download._retry_after(response)
    assert wait is not None and low <= wait <= high


def test_waits_grow_without_a_wish_of_the_publisher(
    tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    url = web.gives("/flows.csv", b"", status=503)
    with stamina.set_testing(False), pytest.raises(UnavailableError):
        flows(make_publisher(tmp_path, patience=Patience(attempts=4)), url)
    # What else runs in the process may sleep too, for less.
    waits = [wait for wait in waits if wait >= 1]
    assert [1 <= w <= 2 for w in waits[:1]] == [True]
    assert len(waits) == 3 and waits == sorted(waits)


# --- a file that is not the file


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"\xef\xbb\xbf \n<!DOCTYPE html><html><body>Maintenance</body></html>", "a web page"),
        (b'{"error": "not found"}', "JSON"),
        (b"", "an empty file"),
        (make_zip({"flows.csv": CSV})[:200], "a broken zip archive"),
        (b"code;name\n", "10 bytes"),
    ],
)
def test_what_is_not_the_file_is_rejected(
    publisher: Publisher, web: Web, body: bytes, found: str
) -> None:
    url = web.gives("/flows.csv", body)
    with pytest.raises(RejectedError, match=found) as caught:
        flows(publisher, url)
    assert url in caught.value.where
    assert len(web.requests) == 1
    assert in_cache(publisher) == []
    assert publisher.lock.get("toy", "2023", "flows") is None


def test_too_large_by_its_own_word_is_not_even_read(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", CSV, announced=10**12)
    with pytest.raises(RejectedError, match="at most 100000 bytes"):
        flows(publisher, url)
    assert len(web.requests) == 1


def test_too_large_without_a_word_is_cut(publisher: Publisher, web: Web) -> None:
    sent = []

    def answer(handler: Handler) -> None:
        handler.head(None)
        for _ in range(100):
            sent.append(handler.wfile.write(b"x" * 100_000))

    with pytest.raises(RejectedError, match="larger than it should be"):
        flows(publisher, web.at("/flows.csv", answer))
    assert in_cache(publisher) == []


def test_the_checksum_the_publisher_gives_is_enforced(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", OTHER)
    edition = {"year": 2023, "links": {"flows": url}, "sha256": {"flows": SHA}}
    with pytest.raises(RejectedError, match="is not the file its publisher describes") as caught:
        flows(publisher, url, vintages={"2023": edition})
    assert SHA in caught.value.expected
    assert hashlib.sha256(OTHER).hexdigest() in caught.value.found
    assert in_cache(publisher) == []
    web.gives("/flows.csv", CSV)
    assert flows(publisher, url, vintages={"2023": edition}).sha256 == SHA


# --- the lock


def test_a_change_is_rejected_until_it_is_accepted(
    publisher: Publisher, web: Web, tmp_path: Path
) -> None:
    url = web.gives("/flows.csv", CSV)
    flows(publisher, url).path.unlink()
    web.gives("/flows.csv", OTHER)
    new = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(RejectedError, match="has changed at its publisher") as caught:
        flows(publisher, url)
    assert SHA in caught.value.expected and new in caught.value.found
    assert "metabolisme sources fetch --accept toy" in caught.value.todo
    assert in_cache(publisher) == []
    assert flows(make_publisher(tmp_path, accept={"toy"}), url).sha256 == new
    again = flows(make_publisher(tmp_path), url)
    assert (again.origin, again.sha256) == ("cache", new)


def test_accepting_looks_again_even_when_the_locked_file_is_there(
    publisher: Publisher, web: Web, tmp_path: Path
) -> None:
    url = web.gives("/flows.csv", CSV)
    flows(publisher, url)
    web.gives("/flows.csv", OTHER)
    assert flows(publisher, url).origin == "cache"
    accepting = make_publisher(tmp_path, accept={"toy"})
    assert flows(accepting, url).bytes == len(OTHER)


def test_yaml_and_lock_may_not_contradict_each_other(
    publisher: Publisher, web: Web, tmp_path: Path
) -> None:
    url = web.gives("/flows.csv", CSV)
    flows(publisher, url)
    web.gives("/flows.csv", OTHER)
    new = hashlib.sha256(OTHER).hexdigest()
    edition = {"year": 2023, "links": {"flows": url}, "sha256": {"flows": new}}
    with pytest.raises(RejectedError, match="do not name the same file"):
        flows(publisher, url, vintages={"2023": edition})
    accepting = make_publisher(tmp_path, accept={"toy"})
    assert flows(accepting, url, vintages={"2023": edition}).sha256 == new


def test_a_damaged_cache_is_noticed_and_mended(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", CSV)
    path = flows(publisher, url).path
    path.write_bytes(CSV[:-1] + b"!")
    again = flows(publisher, url)
    assert (again.path, again.origin, path.read_bytes()) == (path, "publisher", CSV)
    assert "damaged in the cache" in notes(publisher)


def test_a_damaged_cache_is_not_used_when_the_publisher_is_away(
    publisher: Publisher, web: Web
) -> None:
    url = web.gives("/flows.csv", CSV)
    flows(publisher, url).path.write_bytes(b"damaged")
    web.gives("/flows.csv", b"", status=404)
    with pytest.raises(UnavailableError):
        flows(publisher, url)
    assert in_cache(publisher) == []


# --- the mirror behind


@pytest.fixture
def mirror(tmp_path: Path, web: Web) -> Mirror:
    source = make_source({"flows": web.gives("/mirrored/flows.csv", CSV)})
    write_mirror(tmp_path / "mirror", make_publisher(tmp_path / "elsewhere"), [source])
    web.requests.clear()
    return Mirror(tmp_path / "mirror")


@pytest.mark.parametrize(("body", "status"), [(b"", 404), (b"<html>", 200), (b"busy", 503)])
def test_the_mirror_stands_in(
    tmp_path: Path, web: Web, mirror: Mirror, body: bytes, status: int
) -> None:
    publisher = make_publisher(tmp_path, mirror)
    obtained = flows(publisher, web.gives("/flows.csv", body, status=status))
    assert (obtained.origin, obtained.sha256) == ("mirror", SHA)
    assert "from the mirror" in notes(publisher)


def test_the_mirror_serves_what_has_no_address(tmp_path: Path, mirror: Mirror) -> None:
    assert flows(make_publisher(tmp_path, mirror), None).origin == "mirror"
    with pytest.raises(UnavailableError, match="no known address"):
        flows(make_publisher(tmp_path), None)


def test_the_publisher_comes_first(tmp_path: Path, web: Web, mirror: Mirror) -> None:
    obtained = flows(make_publisher(tmp_path, mirror), web.gives("/flows.csv", OTHER))
    assert (obtained.origin, obtained.bytes) == ("publisher", len(OTHER))


def test_the_mirror_does_not_stand_in_with_another_file_than_the_locked(
    tmp_path: Path, web: Web, mirror: Mirror
) -> None:
    publisher = make_publisher(tmp_path, mirror)
    url = web.gives("/flows.csv", OTHER)
    flows(publisher, url).path.unlink()
    web.gives("/flows.csv", b"", status=404)
    with pytest.raises(
        UnavailableError, match=r"404.*the mirror's file is not the one that was locked"
    ):
        flows(publisher, url)


def test_the_mirror_stands_in_for_the_same_vintage_only(
    tmp_path: Path, web: Web, mirror: Mirror
) -> None:
    source = make_source({"flows": web.gives("/flows.csv", b"", status=404)})
    with pytest.raises(UnavailableError, match=r"404.*does not hold toy 2022.*2023"):
        make_publisher(tmp_path, mirror).obtain(source, "2022")


def test_an_optional_file_may_be_absent(publisher: Publisher, web: Web) -> None:
    files = {
        "flows": {"name": "flows.csv", "format": "csv", "bytes": {"min": 1, "max": 100_000}},
        "more": {"name": "m.csv", "format": "csv", "bytes": {"min": 1, "max": 9}, "optional": True},
    }
    links = {"flows": web.gives("/flows.csv", CSV), "more": None}
    assert list(publisher.obtain(make_source(links, files=files))) == ["flows"]
    assert "done without more" in notes(publisher)


# --- the machine


def test_a_full_disk_is_said_clearly(
    publisher: Publisher, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = Path.open

    def open_on_a_full_disk(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if path.name.startswith("tmp") and mode in ("wb", "ab"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_open(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_on_a_full_disk)
    with pytest.raises(MetabolismeError, match="the disk is full") as caught:
        flows(publisher, web.gives("/flows.csv", CSV))
    assert not isinstance(caught.value, UnavailableError | RejectedError)
    assert "free some room" in caught.value.todo
    assert len(web.requests) == 1
    assert in_cache(publisher) == []


def test_five_threads_share_a_publisher(publisher: Publisher, web: Web) -> None:
    url = web.gives("/flows.csv", CSV)
    with ThreadPoolExecutor(5) as pool:
        there = list(pool.map(lambda n: flows(publisher, url, id=f"toy{n % 3}"), range(15)))
    assert {one.path.read_bytes() for one in there} == {CSV}
    assert len(web.requests) == 3
    assert list(json.loads(publisher.lock.path.read_text())) == ["toy0", "toy1", "toy2"]


def _obtain_once(folder: Path, url: str) -> None:
    flows(make_publisher(folder), url)


def test_two_processes_fetch_the_same_file_once(tmp_path: Path, web: Web) -> None:
    def slowly(handler: Handler) -> None:
        handler.head(len(CSV))
        handler.wfile.write(CSV[:9000])
        time.sleep(0.2)
        handler.wfile.write(CSV[9000:])

    url = web.at("/flows.csv", slowly)
    spawn = multiprocessing.get_context("spawn")
    runs = [spawn.Process(target=_obtain_once, args=(tmp_path, url)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert len(web.requests) == 1
    assert flows(make_publisher(tmp_path), url).path.read_bytes() == CSV


def test_a_killed_run_leaves_nothing_that_looks_whole(tmp_path: Path, web: Web) -> None:
    def stuck(handler: Handler) -> None:
        handler.head(len(CSV))
        handler.wfile.write(CSV[:9000])
        handler.wfile.flush()
        time.sleep(2 if len(web.requests) == 1 else 0)
        handler.wfile.write(CSV[9000:])

    url = web.at("/flows.csv", stuck)
    run = multiprocessing.get_context("spawn").Process(
        target=_obtain_patiently, args=(tmp_path, url)
    )
    run.start()
    publisher = make_publisher(tmp_path)
    deadline = time.monotonic() + 10
    while not any(p.stat().st_size for p in publisher.cache.rglob("tmp*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(run.pid or 0, signal.SIGKILL)
    run.join()
    assert all(name.startswith("tmp") for name in in_cache(publisher))
    assert publisher.lock.get("toy", "2023", "flows") is None
    assert flows(publisher, url).path.read_bytes() == CSV
    assert in_cache(publisher) == [f"{SHA[:12]}-flows.csv"]


def _obtain_patiently(folder: Path, url: str) -> None:
    flows(make_publisher(folder, patience=Patience()), url)
