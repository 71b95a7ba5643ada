"""The pages without a mouse, without sight, and by the rules of WCAG that a machine can judge."""

from itertools import pairwise

import pytest

from .windows import INDICATOR, READY, RICH_FIRST


def violations(page):
    """What axe finds of a serious or critical kind, with the first places where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (
            one["id"],
            one["impact"],
            len(one["nodes"]),
            [node["html"][:120] for node in one["nodes"][:3]],
        )
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def opened(window, kind, lang="fr"):
    """A page of a kind, served (axe reads its styles), its map drawn and all that folds open."""
    page = window.see(kind, lang, http=True)
    if page.locator("[data-flows]").count():
        window.flow_map()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    return page


@pytest.mark.parametrize("kind", RICH_FIRST)
def test_axe_finds_nothing_serious(kind, window):
    assert not violations(opened(window(), kind))


@pytest.mark.slow
@pytest.mark.parametrize("kind", READY)
@pytest.mark.parametrize(("lang", "width"), [("fr", 360), ("en", 1440), ("en", 360)])
def test_axe_finds_nothing_serious_on_a_phone_nor_in_english(kind, lang, width, window):
    assert not violations(opened(window(width, 740), kind, lang))


def test_axe_finds_nothing_serious_in_an_open_search(window):
    page = window().see("home", http=True)
    for asked in ("a", "qqqqqqqq"):
        page.fill("#search", asked)
        page.wait_for_selector("#search-options li")
        assert not violations(page)


def test_axe_finds_nothing_serious_in_a_message(window):
    page = window().go("place.html#epci/none", "[role=alert]", http=True)
    assert not violations(page)


def focused(page):
    """What has the focus: its id, or its name and text."""
    return page.evaluate(
        "() => { const one = document.activeElement;"
        " return one.id || `${one.tagName} ${one.innerText ?? ''}`.trim(); }"
    )


def tab_to(page, wanted, most=60):
    """Press Tab until what is wanted has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted(focused(page)):
            return
    pytest.fail("the keyboard does not reach it")


def test_a_territory_is_found_with_the_keyboard_alone(pages, window):
    page = window().see("home")
    tab_to(page, lambda id_: id_ == "search", most=12)
    page.keyboard.type(pages.name("epci", pages.epci))
    page.wait_for_selector("#search-options [role=option]")
    assert page.get_attribute("#search", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    option = page.get_attribute("#search", "aria-activedescendant")
    assert page.get_attribute(f"#{option}", "aria-selected") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.get_attribute("#search", "aria-activedescendant") == option
    name = page.locator(f"#{option}").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector("article h1")
    assert page.inner_text("h1") == pages.name("epci", pages.epci) and page.inner_text("h1") in name


def test_escape_and_leaving_close_the_search(window):
    page = window().see("home")
    page.fill("#search", "a")
    page.wait_for_selector("#search-options [role=option]")
    page.keyboard.press("Escape")
    assert page.get_attribute("#search", "aria-expanded") == "false"
    assert page.locator("#search-options").is_hidden()
    page.fill("#search", "b")
    page.wait_for_selector("#search-options [role=option]")
    page.keyboard.press("Tab")
    page.wait_for_selector("#search-options", state="hidden")


def test_what_the_search_finds_is_said(window):
    page = window().see("home")
    page.fill("#search", "a")
    page.wait_for_function("document.querySelector('.search [role=status]').textContent !== ''")
    assert "12" in page.locator(".search [role=status]").text_content()


@pytest.mark.parametrize("kind", RICH_FIRST)
def test_the_first_link_skips_to_the_content(kind, window):
    """And what the page shows stays as it was."""
    seen = window()
    page = seen.see(kind)
    title = page.inner_text("main")[:40]
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert focused(page) == "A Aller au contenu" and skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'content'")
    page.wait_for_timeout(150)
    page.wait_for_selector(READY[kind], state="attached")
    assert page.inner_text("main")[:40] == title


def test_the_skip_link_keeps_what_the_map_shows(window):
    page = window().go(f"map.html#{INDICATOR}/region", READY["map"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    page.wait_for_selector(READY["map"], state="attached")
    chosen = [page.input_value(f"#map-{name}") for name in ("indicator", "level")]
    assert chosen == [INDICATOR, "region"]


def test_the_map_is_chosen_with_the_keyboard(window):
    page = window().see("map")
    for id_ in ("map-indicator", "map-level", "map-frame", "map-classes"):
        tab_to(page, lambda found, id_=id_: found == id_)
    tab_to(page, lambda found: found.startswith("SUMMARY"))
    page.keyboard.press("Enter")
    tab_to(page, lambda found: found.startswith("A "))


def test_the_map_of_flows_is_chosen_with_the_keyboard(window):
    seen = window()
    page = seen.see("territory")
    seen.flow_map()
    page.focus("#flow-need")
    page.keyboard.press("ArrowDown")
    tab_to(page, lambda id_: id_ == "flow-direction", most=1)
    tab_to(page, lambda found: found.startswith("A "), most=40)


@pytest.mark.slow
def test_headings_go_down_one_step_at_a_time(window):
    seen = window()
    for kind in READY:
        page = seen.see(kind)
        found = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))"
        )
        assert found.count(1) == 1 and found[0] == 1, kind
        assert all(b - a <= 1 for a, b in pairwise(found)), kind


def test_pictures_have_a_name(window):
    seen = window()
    for kind in ("territory", "map", "indicator"):
        page = opened(seen, kind)
        names = page.locator("svg[role=img]").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert names and all(len(name) > 5 for name in names)
