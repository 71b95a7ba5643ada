"""Show the pages of a release: on a port of this machine, or one territory's on paper."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pipelines.disk import replacing
from pipelines.errors import MetabolismeError, UsageError
from pipelines.site.building import NAME
from pipelines.site.naming import address
from pipelines.site.settings import site_settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# What a page waits for: its data, and its map.
_WAIT_MS, _GIVE_UP_S = 20_000, 120


def pages(folder: Path) -> Path:
    """The pages of a release.

    Raises:
        MetabolismeError: it has none: it was made by an older version.
    """
    site = folder / NAME
    if not (site / "index.html").is_file():
        raise MetabolismeError(
            "this release has no pages", where=str(site), todo="make one: metabolisme run"
        )
    return site


def serve(folder: Path, port: int, started: Callable[[str], Any]) -> None:
    """Serve the pages of a release on this machine only, until interrupted.

    Raises:
        UsageError: the port is taken.
    """
    handler = partial(_Quiet, directory=str(pages(folder)))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise UsageError(
            "the pages cannot be served there",
            where=f"--port {port}",
            found=error.strerror or str(error),
            todo="choose another port",
        ) from error
    with server:
        started(f"http://127.0.0.1:{server.server_port}/")
        server.serve_forever()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of what is asked for: a person looks at the pages, not at this."""


def page(folder: Path, level: str, code: str) -> str:
    """The address of a territory's page in the pages of a release, as a file."""
    where, _, hash_ = address(level, code, site_settings().paged).partition("#")
    # Asked for so that the map is drawn at once: nobody scrolls on paper.
    return f"{(pages(folder) / where).absolute().as_uri()}?print{'#' if hash_ else ''}{hash_}"


def browser() -> str | None:
    """The Chromium of this machine, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def write_pdf(folder: Path, level: str, code: str, target: Path) -> Path:
    """Print a territory's page to a PDF file, by the Chromium of this machine.

    Raises:
        MetabolismeError: there is no Chromium here, or it fails.
    """
    chromium = browser()
    if chromium is None:
        raise MetabolismeError(
            "there is no Chromium here to print with",
            expected=", ".join(BROWSERS),
            todo="install chromium, or open the page in a browser and print it: "
            + page(folder, level, code),
        )
    with replacing(target) as part:
        command = [
            chromium,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--virtual-time-budget={_WAIT_MS}",
            f"--print-to-pdf={part.absolute()}",
            # Its sandbox refuses to run as root, as in a container.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            page(folder, level, code),
        ]
        try:
            ended = subprocess.run(command, capture_output=True, check=False, timeout=_GIVE_UP_S)
            failed = "" if part.is_file() else ended.stderr.decode(errors="replace")[-500:] or "?"
        except subprocess.TimeoutExpired:
            failed = f"nothing in {_GIVE_UP_S} s"
        if failed:
            raise MetabolismeError("the page could not be printed", where=chromium, found=failed)
    return target
