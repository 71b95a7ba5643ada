"""The map of France: shapes, classes, legend, tooltip, links, and what its address keeps."""

import re
from itertools import pairwise

import polars as pl
import pytest

from pipelines.site.settings import site_settings

from .windows import INDICATOR, READY

SHAPES = "[data-canvas] .mark-shape path"
POPULATION_LIKE = "employed_residents"


def latest(pages, indicator, level):
    known = pages.table("indicators").filter(indicator=indicator, level=level).sort("year")
    return known.group_by("code").agg(pl.col("value").last())


def drawn(page):
    """Wait for the map of what is chosen, and count its shapes."""
    page.wait_for_function(
        """() => {
          const said = document.querySelector("[data-canvas] svg")?.getAttribute("aria-label");
          const text = (id) => document.getElementById(id).selectedOptions[0].text;
          return said === `${text("map-indicator")}, ${text("map-level")}`;
        }"""
    )
    return page.locator(SHAPES).count()


def number(text):
    """A number as French writes it."""
    plain = text.replace("\u202f", "").replace(",", ".").replace("\u2212", "-")
    return float(plain)


def legend(page):
    """The classes: from, to, how many; and how many have no value."""
    *classes, none = page.locator("[data-legend] li").all_inner_texts()
    found = [re.fullmatch(r"\s*(.+) à (.+) \((\d+)\)", one).groups() for one in classes]
    ends = [(number(start), number(end), int(n)) for start, end, n in found]
    return ends, int(re.search(r"\((\d+)\)", none)[1])


@pytest.mark.parametrize("level", site_settings().mapped)
def test_each_level_draws_its_territories(level, pages, window):
    page = window().see("map")
    page.select_option("#map-level", level)
    count = drawn(page)
    there = pages.territories.filter(pl.col("level") == level)
    if level == "commune":
        chosen = page.input_value("#map-departement")
        there = there.filter(pl.col("departement_code") == chosen)
        assert page.locator("#map-departement").is_visible()
    else:
        assert not page.locator("#map-departement").is_visible()
    assert count == there.height > 0
    # Each is somewhere on the canvas, and not a point.
    boxes = page.locator(SHAPES).evaluate_all(
        "all => all.map(one => one.getBBox()).map(box => [box.width, box.height])"
    )
    assert all(width > 0.2 and height > 0.2 for width, height in boxes)


@pytest.mark.parametrize("classes", ["quantiles", "fixed"])
@pytest.mark.parametrize("indicator", [INDICATOR, POPULATION_LIKE])
def test_the_legend_covers_all_values_and_counts_each_once(indicator, classes, pages, window):
    page = window().go(f"map.html#{indicator}/epci", READY["map"])
    page.select_option("#map-classes", classes)
    page.wait_for_timeout(300)
    shapes = drawn(page)
    found, none = legend(page)
    values = latest(pages, indicator, "epci")["value"]
    assert sum(n for _, _, n in found) == values.len()
    assert sum(n for _, _, n in found) + none == shapes
    assert found[0][0] == pytest.approx(values.min(), rel=0.01, abs=0.006)
    assert found[-1][1] == pytest.approx(values.max(), rel=0.01, abs=0.006)
    for (_, end, _), (start, _, _) in pairwise(found):
        assert end == start
    for start, end, n in found:
        # Limits are said with fewer decimals than values have.
        room = 0.01 * max(abs(start), abs(end))
        assert n <= values.is_between(start - room, end + room).sum()
    if classes == "quantiles":
        assert max(n for *_, n in found) <= values.len() / len(found) + 2
    else:
        widths = [end - start for start, end, _ in found]
        assert max(widths) <= 1.1 * min(widths)


def test_shades_are_those_of_the_legend(pages, window):
    page = window().go(f"map.html#{INDICATOR}/epci", READY["map"])
    drawn(page)
    fills = page.locator(SHAPES).evaluate_all("all => all.map(one => getComputedStyle(one).fill)")
    shown = page.locator("[data-legend] .swatch").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    found, none = legend(page)
    assert len(shown) == len(set(shown))
    assert [fills.count(colour) for colour in shown] == [n for *_, n in found] + [none]


def test_the_address_keeps_the_choice(pages, window):
    seen = window()
    page = seen.see("map")
    page.select_option("#map-indicator", POPULATION_LIKE)
    page.select_option("#map-level", "commune")
    departement = page.locator("#map-departement option").last.get_attribute("value")
    page.select_option("#map-departement", departement)
    drawn(page)
    hash_ = f"#{POPULATION_LIKE}/commune/{departement}"
    assert page.evaluate("location.hash") == hash_
    page = window().go(f"map.html{hash_}", READY["map"])
    drawn(page)
    chosen = [page.input_value(f"#map-{name}") for name in ("indicator", "level", "departement")]
    assert chosen == [POPULATION_LIKE, "commune", departement]


def test_framing_a_region_draws_it_larger(pages, window):
    page = window().go(f"map.html#{INDICATOR}/departement", READY["map"])
    drawn(page)
    largest = (
        "all => Math.max(...all.map(one => one.getBoundingClientRect().width"
        " * one.getBoundingClientRect().height))"
    )
    before = page.locator(SHAPES).evaluate_all(largest)
    region = page.locator("#map-frame option").nth(2).get_attribute("value")
    page.select_option("#map-frame", region)
    page.wait_for_function(
        f"before => ({largest})([...document.querySelectorAll('{SHAPES}')]) > 1.2 * before",
        arg=before,
    )


def test_a_shape_says_its_value_and_leads_to_its_page(pages, window):
    seen = window()
    page = seen.go(f"map.html#{INDICATOR}/epci", READY["map"])
    drawn(page)
    shape = page.locator(SHAPES).nth(3)
    shape.hover()
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    said = tip.inner_text()
    name = next(name for name in pages.territories.filter(level="epci")["name"] if name in said)
    assert re.search(r"\d|pas de valeur", said)
    shape.click()
    page.wait_for_url("**/epci/*.html")
    assert page.inner_text("h1") == name


def test_a_shape_of_a_commune_leads_to_its_page(pages, window):
    seen = window()
    page = seen.go(f"map.html#{INDICATOR}/commune/01", READY["map"])
    drawn(page)
    page.locator(SHAPES).nth(3).click()
    page.wait_for_selector(READY["place"], state="attached")
    assert seen.at.startswith("place.html#commune/")


def test_the_values_are_listed_beside_the_map(pages, window):
    page = window().go(f"map.html#{INDICATOR}/epci", READY["map"])
    drawn(page)
    page.click("[data-values] summary")
    rows = page.locator("[data-values] tbody tr")
    expected = latest(pages, INDICATOR, "epci").sort("value", descending=True)
    assert rows.count() == expected.height
    assert pages.name("epci", expected["code"][0]) in rows.first.inner_text()


def test_every_indicator_is_drawn(pages, window):
    """One after the other, of the départements: none is blank, none fails."""
    page = window().go(f"map.html#{INDICATOR}/departement", READY["map"])
    for indicator in pages.table("indicator_catalogue")["indicator"].to_list()[::9]:
        page.select_option("#map-indicator", indicator)
        assert drawn(page) == len(pages.codes("departement"))
        known, none = legend(page)
        count = latest(pages, indicator, "departement").height
        assert sum(n for *_, n in known) == count and count + none == len(
            pages.codes("departement")
        )
