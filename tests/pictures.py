"""Make the pictures of the README from the sample: `make pictures`."""

import os
import socket
import subprocess
import sys
import time

from playwright.sync_api import Browser, sync_playwright

from pipelines import paths
from pipelines.release.publishing import latest
from pipelines.site import showing
from pipelines.site.content import content

FOLDER = paths.PROJECT / "pipelines" / "site" / "pictures"


def main() -> None:
    """Take each picture anew, from the latest release (of the sample: `make run` first)."""
    release = latest(paths.outputs()).folder
    with content(release) as known:
        if not known.is_sample:
            sys.exit("the latest release is not of the sample: make run")
        epci = max(
            (place for (level, _), place in known.territories.items() if level == "epci"),
            key=lambda place: place["population"],
        )
    site = showing.pages(release).as_uri()
    FOLDER.mkdir(exist_ok=True)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=showing.browser(), args=["--no-sandbox"] if os.geteuid() == 0 else []
        ) as browser,
    ):
        shoot(browser, f"{site}/epci/{epci['code']}.html?print", "territory", 1200, 1500)
        region = epci["region_code"]
        shoot(browser, f"{site}/map.html#job_self_containment/epci/{region}", "map", 1200, 1000)
        with dagster() as address:
            shoot(browser, f"{address}/asset-groups", "graph", 1500, 900, wait=10, skip="Skip")


def shoot(
    browser: Browser,
    address: str,
    name: str,
    width: int,
    height: int,
    wait: float = 2,
    skip: str | None = None,
) -> None:
    """Take one picture, once what stands before it is skipped by the button of that name."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    page.wait_for_timeout(1000 * wait)
    if skip and (button := page.get_by_role("button", name=skip, exact=True)).count():
        button.click()
        page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


class dagster:
    """Dagster's interface on the project's definitions, for as long as it is needed."""

    def __enter__(self) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
        command += ["-m", "pipelines.orchestration.definitions"]
        self.process = subprocess.Popen(command, cwd=paths.PROJECT, stderr=subprocess.DEVNULL)
        for _ in range(120):
            time.sleep(0.5)
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *raised: object) -> None:
        self.process.terminate()
        self.process.wait()


if __name__ == "__main__":
    main()
