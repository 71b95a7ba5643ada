"""How much a territory's page weighs, and how soon it shows."""

from urllib.parse import unquote, urlsplit

import pytest

FIRST_VIEW, IN_ALL = 400_000, 2_500_000
# A phone on a slow network (Lighthouse's profile of a mobile).
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
SLOWER, SOON_MS = 4, 1500


def heaviest(pages, level):
    return max((pages.site / level).glob("*.html"), key=lambda path: path.stat().st_size)


def weights(window):
    """The size of each file asked for, before any compression."""
    asked = {unquote(urlsplit(request.url).path).lstrip("/") for request in window.requests}
    return {
        name: (window.pages.site / name).stat().st_size
        for name in asked
        if (window.pages.site / name).is_file()
    }


@pytest.mark.parametrize("level", ["epci", "departement", "region"])
def test_the_first_view_is_light_and_the_whole_bearable(level, pages, window):
    seen = window(360, 640)
    page = seen.go(f"{level}/{heaviest(pages, level).name}", "h1", http=True)
    page.wait_for_load_state("networkidle")
    first = weights(seen)
    assert any(name.endswith(".html") for name in first) and len(first) >= 4
    assert not any(name.startswith("data/") or "vega" in name for name in first)
    assert sum(first.values()) <= FIRST_VIEW, first
    seen.flow_map()
    page.wait_for_load_state("networkidle")
    whole = weights(seen)
    assert "assets/vega.js" in whole and any(name.startswith("data/shapes") for name in whole)
    assert sum(whole.values()) <= IN_ALL, whole


def test_a_page_filled_by_scripts_is_bearable(pages, window):
    seen = window(360, 640)
    seen.see("place", http=True)
    seen.flow_map()
    assert sum(weights(seen).values()) <= IN_ALL


@pytest.mark.slow
def test_the_map_of_france_is_bearable(pages, window):
    seen = window()
    seen.see("map", http=True)
    assert sum(weights(seen).values()) <= IN_ALL


@pytest.mark.slow
def test_a_territory_shows_soon_on_a_slow_phone(pages, window):
    seen = window(360, 640, is_mobile=True, device_scale_factor=2)
    at = f"epci/{heaviest(pages, 'epci').name}"
    # What the browser itself needs to begin is not the page's.
    seen.go("index.html", "h1", http=True)
    client = seen.page.context.new_cdp_session(seen.page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    client.send("Network.emulateNetworkConditions", NETWORK)
    client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    times = []
    for _ in range(3):
        page = seen.go(at, "h1", http=True)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        times.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
    # The best of three: others work on the same machine.
    assert min(times) < SOON_MS, times
