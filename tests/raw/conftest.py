"""A small source, archives to order, and a web server that misbehaves on demand."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stamina

from pipelines.catalogue.sources import Source
from pipelines.raw.progress import Silent

CSV = b"code;name\n" + b"".join(b"%05d;commune\n" % n for n in range(2000))


def make_source(links: dict[str, str | None] | None = None, **changes: Any) -> Source:
    """A source of one CSV file (`flows`), or of as many as `files` says."""
    content: dict[str, Any] = {
        "id": "toy",
        "title": {"fr": "Jouet", "en": "Toy"},
        "publisher": "Office",
        "licence": "Licence Ouverte 2.0",
        "functions": ["work"],
        "pages": [],
        "vintages": {
            "2022": {"year": 2022, "links": links or {"flows": None}},
            "2023": {"year": 2023, "links": links or {"flows": None}},
        },
        "files": {
            "flows": {"name": "flows*.csv", "format": "csv", "bytes": {"min": 100, "max": 100_000}}
        },
        "tables": {},
    }
    return Source.model_validate(content | changes)


def make_zip(members: dict[str, bytes]) -> bytes:
    """An archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers each path as the test asked."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        web = self.server.web
        web.requests.append((self.path, dict(self.headers)))
        web.methods.append(self.command)
        self.close_connection = True
        # In some tests the client goes away.
        with suppress(ConnectionError):
            web.answers[self.path](self)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def reply(
        self, body: bytes, status: int = 200, announced: int | None = None, **headers: str
    ) -> None:
        """Answer, possibly announcing another length than the body's."""
        self.head(len(body) if announced is None else announced, status, **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, length: int | None, status: int = 200, **headers: str) -> None:
        """Send the status and the headers (`_` stands for `-`)."""
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """A server that its handlers know by the web it serves."""

    daemon_threads = True
    web: "Web"


@dataclass
class Web:
    """What the server answers, and what it was asked."""

    root: str
    answers: dict[str, Callable[[Handler], None]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def at(self, path: str, answer: Callable[[Handler], None]) -> str:
        """Answer `path` so, and return its address."""
        self.answers[path] = answer
        return self.root + path

    def gives(self, path: str, body: bytes, **options: Any) -> str:
        """Answer `path` with a body."""
        return self.at(path, lambda handler: handler.reply(body, **options))


@pytest.fixture
def web() -> Iterator[Web]:
    server = Server(("127.0.0.1", 0), Handler)
    server.web = Web(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield server.web
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


class Notes(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def note(self, message: str) -> None:
        self.messages.append(message)

    def __contains__(self, text: str) -> bool:
        return any(text in message for message in self.messages)
