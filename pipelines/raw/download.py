"""Bring one address to one file: again when it fails, and on from where it broke."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
import stamina
from stamina.instrumentation import set_on_retry_hooks
from urllib3.exceptions import HTTPError as BodyError

from pipelines.catalogue.sources import SourceFile
from pipelines.errors import RejectedError, UnavailableError
from pipelines.raw.inspection import inspect
from pipelines.raw.lock import Locked
from pipelines.raw.progress import Advance, Progress

USER_AGENT = f"metabolisme/{version('metabolisme')} (open data pipeline)"
_PIECE = 1 << 16
_PASSING_STATUSES = {202, 408, 416, 425, 429}
_LONGEST_WAIT = 120.0

# By default each retry is printed on standard output, which belongs to the summary.
set_on_retry_hooks([])


@dataclass(frozen=True)
class Patience:
    """How long to insist.

    Attributes:
        attempts: in all, for one file.
        connect, silence: seconds to wait for a connection, and for the next bytes.
        slowest: bytes per second below which, after `silence` seconds, an answer is given up.
    """

    attempts: int = 4
    connect: float = 10
    silence: float = 60
    slowest: float = 1000


class Download:
    """A downloader for pooch: streams an address to a file, then looks at what came.

    After the call, `found` says what came.
    """

    def __init__(
        self, file: SourceFile, label: str, patience: Patience, progress: Progress
    ) -> None:
        """Prepare to download `file`, called `label` in messages."""
        self.found: Locked | None = None
        self._file, self._label = file, label
        self._patience, self._progress = patience, progress
        self._validator: str | None = None
        self._url = ""

    def __call__(self, url: str, output_file: str, _pooch: object = None) -> None:
        """Download `url` to `output_file`.

        Raises:
            UnavailableError: no (whole) answer, in spite of all attempts.
            RejectedError: what came is too large, or not what it should be.
            OSError: the disk fails.
        """
        path, self._url = Path(output_file), url
        with self._progress.task(self._label) as advance, requests.Session() as session:
            try:
                for attempt in stamina.retry_context(
                    on=self._wait_before_retry,
                    attempts=self._patience.attempts,
                    timeout=None,
                    wait_initial=1,
                    wait_max=30,
                    wait_jitter=1,
                ):
                    with attempt:
                        response = self._attempt(session, path, advance)
            except _Interrupted as error:
                raise UnavailableError(
                    f"{self._label} cannot be downloaded",
                    where=url,
                    expected="the file",
                    found=f"{error}, after {self._patience.attempts} attempts",
                    todo="try again later, or give a mirror",
                ) from error
        inspect(path, self._file, f"{self._label}, from {url}", complete=True)
        self.found = Locked(
            url=url,
            url_after_redirect=recordable(response.url, url),
            sha256=pooch.file_hash(path),
            bytes=path.stat().st_size,
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            fetched_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def _attempt(
        self, session: requests.Session, path: Path, advance: Advance
    ) -> requests.Response:
        there = path.stat().st_size if path.exists() else 0
        # A compressed transfer could be neither measured nor resumed.
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if there and self._validator:
            headers |= {"Range": f"bytes={there}-", "If-Range": self._validator}
        try:
            with session.get(
                self._url,
                headers=headers,
                stream=True,
                timeout=(self._patience.connect, self._patience.silence),
            ) as response:
                self._refuse(response)
                self._receive(response, path, there, advance)
                return response
        except requests.exceptions.SSLError as error:
            raise self._unavailable(f"its certificate is not trusted ({error})") from error
        except (requests.ConnectionError, requests.Timeout, BodyError) as error:
            raise _Interrupted(_reason(error)) from error
        except requests.RequestException as error:
            raise self._unavailable(_reason(error)) from error

    def _wait_before_retry(self, error: Exception) -> bool | float:
        if not isinstance(error, _Interrupted):
            return False
        self._progress.note(f"{self._label}: {error}")
        return True if error.wait is None else error.wait

    def _refuse(self, response: requests.Response) -> None:
        """Stop on any answer that is not the file, or the rest of it."""
        status = response.status_code
        if status in (200, 206):
            return
        answer = f"the answer {status} {response.reason}"
        if status == 416:  # the part we have does not fit the file any more: start anew
            self._validator = None
        if status >= 500 or status in _PASSING_STATUSES:
            raise _Interrupted(answer, _retry_after(response))
        raise self._unavailable(answer)

    def _receive(
        self, response: requests.Response, path: Path, there: int, advance: Advance
    ) -> None:
        encoded = response.headers.get("Content-Encoding", "identity") != "identity"
        before, self._validator = self._validator, None if encoded else _validator(response)
        if response.status_code == 206:
            start, total = content_range(response)
            # Some servers give the rest of another edition, whatever If-Range says.
            if start != there or self._validator not in (before, None):
                self._validator = None
                raise _Interrupted("the answer does not continue what was there")
        else:
            there, total = 0, None if encoded else content_length(response)
        self._refuse_size(total or 0)
        began, arrived = time.monotonic(), 0
        with path.open("ab" if there else "wb") as file:
            while piece := response.raw.read1(_PIECE, decode_content=True):
                file.write(piece)
                arrived += len(piece)
                self._refuse_size(there + arrived)
                advance(there + arrived, total)
                elapsed = time.monotonic() - began
                if elapsed > self._patience.silence and arrived / elapsed < self._patience.slowest:
                    raise _Interrupted(f"{arrived} bytes in {elapsed:.0f} seconds")
        if total is not None and there + arrived != total:
            raise _Interrupted(f"{there + arrived} bytes of the {total} announced")

    def _refuse_size(self, size: int) -> None:
        if size > self._file.bytes.max:
            raise RejectedError(
                f"{self._label} is larger than it should be",
                where=self._url,
                expected=f"at most {self._file.bytes.max} bytes",
                found=f"{size} bytes or more",
                todo="open the source's page; if the size is right, raise `bytes.max` in its YAML",
            )

    def _unavailable(self, found: str) -> UnavailableError:
        return UnavailableError(
            f"{self._label} cannot be downloaded",
            where=self._url,
            expected="the file",
            found=found,
            todo="open the source's page: the address may have changed (`links` in its YAML)",
        )


class _Interrupted(Exception):
    """An attempt failed in a way that may pass; `wait`: seconds the publisher asks for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def _retry_after(response: requests.Response) -> float | None:
    asked = response.headers.get("Retry-After", "")
    try:
        seconds = (
            float(asked)
            if asked.isdecimal()
            else (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        )
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _validator(response: requests.Response) -> str | None:
    """What proves that a later answer continues this one; a weak ETag does not."""
    if response.headers.get("Accept-Ranges", "").casefold() == "none":
        return None
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def content_length(response: requests.Response) -> int | None:
    """The bytes that an answer announces, if it does."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Where a part of a file starts, and the bytes of the whole, as far as the answer tells."""
    found = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not found:
        return None, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def recordable(url: str, asked: str) -> str:
    """The address that answered, as it may be kept and shown."""
    # After a redirect, the query often holds a signature of the moment: not for a versioned file.
    return url if url == asked else urlsplit(url)._replace(query="", fragment="").geturl()


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
