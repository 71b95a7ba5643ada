"""Ask what an address answers, without downloading it."""

from dataclasses import dataclass

import requests
from urllib3.exceptions import HTTPError as BodyError

from pipelines.errors import UnavailableError
from pipelines.raw.download import (
    USER_AGENT,
    Patience,
    content_length,
    content_range,
    recordable,
)
from pipelines.raw.inspection import is_web_page

# Somebody waits for the answers to all addresses: each is asked once, and not for long.
BRIEF = Patience(attempts=1, connect=5, silence=15)
NO_ANSWER = "no answer"
_FIRST = 1024  # bytes that tell a web page from a file
_LOOK = "open the source's page: the address may have changed (`links` in its YAML)"
_MOVED_FOR_GOOD = {301, 308}
_MAY_BE_A_PAGE = ("text/html", "application/xhtml")


@dataclass(frozen=True)
class Answer:
    """What an address says of its file.

    Attributes:
        url: the address that answered, after redirects, as it may be shown.
        redirected, moved: it is not the one asked; the publisher says that this will not change.
        bytes: the size of the whole file, where it is told.
        etag, last_modified: the publisher's own marks of this edition, where there are some.
    """

    url: str
    redirected: bool
    moved: bool
    bytes: int | None
    etag: str | None
    last_modified: str | None


def ask(url: str, label: str, patience: Patience = BRIEF) -> Answer:
    """Ask `url`, which gives the file called `label` in messages, for what it says of it.

    The headers alone are asked for; where they are refused, or tell of a web page, the first
    bytes of the file too.

    Raises:
        UnavailableError: no answer, a refusal, or a web page in place of the file.
    """
    try:
        with requests.Session() as session:
            with _request(session, "HEAD", url, patience) as response:
                pass
            if response.status_code != 200 or _may_be_a_page(response):
                with _request(
                    session, "GET", url, patience, Range=f"bytes=0-{_FIRST - 1}"
                ) as response:
                    # Where the range is ignored, the whole file would follow: it is left there.
                    _refuse(response, response.raw.read(_FIRST, decode_content=True), label, url)
    except requests.exceptions.SSLError as error:
        found = f"its certificate is not trusted: {_said(error)}"
        raise _unavailable(label, url, found, "look at the certificates of this machine") from error
    except (requests.RequestException, BodyError) as error:
        found = f"{NO_ANSWER}: {_said(error)}"
        raise _unavailable(label, url, found, "look at the network, or try again later") from error
    return Answer(
        url=recordable(response.url, url),
        redirected=bool(response.history),
        moved=any(step.status_code in _MOVED_FOR_GOOD for step in response.history),
        bytes=_size(response),
        etag=response.headers.get("ETag"),
        last_modified=response.headers.get("Last-Modified"),
    )


def _request(
    session: requests.Session, method: str, url: str, patience: Patience, **headers: str
) -> requests.Response:
    # As for a download: the size and the marks must be those of the same transfer.
    headers |= {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    return session.request(
        method, url, headers=headers, stream=True, timeout=(patience.connect, patience.silence)
    )


def _refuse(response: requests.Response, head: bytes, label: str, url: str) -> None:
    """Stop on an answer to GET that is not the file, by its status or its first bytes."""
    status = response.status_code
    if status not in (200, 206):
        # No byte at all is a range that cannot be given.
        found = "an empty file" if status == 416 else f"the answer {status} {response.reason}"
        raise _unavailable(label, url, found, _LOOK)
    if is_web_page(head):
        at = f", at {recordable(response.url, url)}" if response.history else ""
        raise _unavailable(label, url, f"a web page in place of the file{at}", _LOOK)


def _unavailable(label: str, url: str, found: str, todo: str) -> UnavailableError:
    return UnavailableError(
        f"{label} is not to be had", where=url, expected="the file", found=found, todo=todo
    )


def _said(error: Exception) -> str:
    """What went wrong, without the objects of the libraries that it went through."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return str(cause).rpartition("): ")[2]


def _may_be_a_page(response: requests.Response) -> bool:
    kind = response.headers.get("Content-Type", "").casefold()
    return not kind or kind.startswith(_MAY_BE_A_PAGE)


def _size(response: requests.Response) -> int | None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    if response.status_code == 206:
        return content_range(response)[1]
    # Some servers announce nothing, in answer to HEAD, by announcing nought.
    return content_length(response) or None
