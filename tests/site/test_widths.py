"""From a phone to a wide screen: nothing runs over the edge, nothing is cut."""

import pytest

from .windows import ENGLISH_LATER, READY, SLOW

# Cells, headings, buttons and lines whose text is wider than their box, or tables wider than
# theirs (but those that scroll on their own).
OVER = """() => {
  const box = (one) => one.getBoundingClientRect();
  const shown = (one) => one.checkVisibility({contentVisibilityAuto: true}) && box(one).width > 1
    && !one.closest(".hidden");
  const over = [];
  const texts = "th, td, li, summary, h1, h2, h3, button, .button, dd, dt, p";
  for (const one of document.querySelectorAll(texts)) {
    const by = one.scrollWidth - one.clientWidth;
    if (shown(one) && by > 1 && getComputedStyle(one).display !== "inline")
      over.push(`${one.tagName} ${one.innerText.slice(0, 60)}, by ${by}`);
  }
  for (const one of document.querySelectorAll("table, svg, select, input")) {
    if (!shown(one) || one.closest(".wide, .map")) continue;
    const frame = one.closest(".box, .need, main, header");
    const by = box(one).right - box(frame).right;
    if (by > 1) over.push(`${one.tagName} in ${frame.className}, by ${Math.round(by)}`);
  }
  return over;
}"""
TALL = """() => [document.documentElement.scrollWidth, window.innerWidth]"""


@pytest.mark.parametrize("width", [360, pytest.param(768, marks=SLOW), 1440])
@pytest.mark.parametrize("lang", ENGLISH_LATER)
def test_nothing_runs_over_nor_is_cut(lang, width, window):
    seen = window(width, 800)
    wrong = {}
    for kind in READY:
        page = seen.see(kind, lang)
        if page.locator("[data-flows]").count():
            seen.flow_map()
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        document, screen = page.evaluate(TALL)
        found = page.evaluate(OVER)
        if document > screen:
            found.append(f"the page: {document} > {screen}")
        if found:
            wrong[kind] = found[:6]
    assert not wrong, wrong


@pytest.mark.parametrize("width", [360, 1440])
def test_the_map_of_france_fits(width, window):
    page = window(width, 800).see("map")
    for classes in ("quantiles", "fixed"):
        page.select_option("#map-classes", classes)
        frame, svg, legend = (
            page.locator(one).bounding_box()
            for one in ("[data-canvas]", "[data-canvas] svg", "[data-legend]")
        )
        assert svg["x"] >= frame["x"] - 1
        assert svg["x"] + svg["width"] <= frame["x"] + frame["width"] + 1 <= width + 1
        assert legend["x"] + legend["width"] <= width
        # The legend is beside or below, never over.
        beside = legend["x"] >= frame["x"] + frame["width"]
        assert beside or legend["y"] >= frame["y"] + frame["height"]


def test_the_bar_of_a_phone_does_not_overlap(window):
    page = window(360, 740).see("home")
    boxes = [one.bounding_box() for one in page.locator(".bar > a, .bar nav a, .bar input").all()]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = (
                one["x"] >= other["x"] + other["width"] - 1
                or other["x"] >= one["x"] + one["width"] - 1
                or one["y"] >= other["y"] + other["height"] - 1
                or other["y"] >= one["y"] + one["height"] - 1
            )
            assert apart


def test_the_list_of_the_search_fits_a_phone(window):
    page = window(360, 740).see("home")
    page.fill("#search", "a")
    page.wait_for_selector("#search-options [role=option]")
    box = page.locator("#search-options").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["width"] > 200


@pytest.mark.slow
def test_a_page_four_times_as_large_reads_without_scrolling_sideways(window):
    """WCAG's reflow: 1280 pixels at 400 %."""
    seen = window(320, 256)
    for kind in READY:
        page = seen.see(kind)
        document, screen = page.evaluate(TALL)
        assert document <= screen, kind
