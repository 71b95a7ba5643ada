"""The site of one sample release, a browser to look at it, and a server of files."""

import csv
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.recipes import make_all
from pipelines.settings import Settings
from pipelines.site.showing import BROWSERS

from .windows import Pages, Window

SCRIPT = "<script>alert(1)</script>"
# Code → name: what a person may write in a file of perimeters, and must come out as text.
PERIMETERS = {
    "<script>alert(2)</script>": SCRIPT,
    'l\'été/100 % "co" & 😀': "L'« été » & \"d'en\" <b>haut</b>",
    "img": "<img src=x onerror=alert(3)>",
}
COMMUNES = ("75101", "01001", "27058")


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """The folder of a release of the sample, with perimeters of bad taste."""
    home = tmp_path_factory.mktemp("home")
    drawn = home / "perimeters.csv"
    with drawn.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["perimeter_code", "perimeter_name", "commune_code"])
        lines.writerows([*one, commune] for one in PERIMETERS.items() for commune in COMMUNES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METABOLISME_HOME", str(home))
        settings = Settings(outputs=tmp_path_factory.mktemp("outputs"), perimeters=drawn)
        yield make_all(settings).folder


@pytest.fixture(scope="session")
def pages(release):
    """The site: where its pages are, and whom they speak of."""
    with served(release / "site") as url:
        yield Pages(release, url)


@pytest.fixture
def damaged(pages, tmp_path):
    """A copy of the site, to spoil."""
    shutil.copytree(pages.site, tmp_path / "site")
    return Pages(pages.release, "", tmp_path / "site")


class served:
    """Serve a folder on a free port, for a while."""

    def __init__(self, folder):
        handler = partial(Quiet, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def chromium_path():
    """The Chromium of this machine; in CI there must be one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"no browser is installed: none of {', '.join(BROWSERS)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def chromium(chromium_path):
    """One browser for the session."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium, pages):
    """Open windows; what goes wrong unseen in one of them fails the test that opened it."""
    opened = []

    def open_(width=1440, height=900, of=pages, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(10_000)
        opened.append(Window(context.new_page(), of))
        return opened[-1]

    yield open_
    unseen = [one.unseen() for one in opened]
    for one in opened:
        one.page.context.close()
    assert not any(unseen), unseen
