"""What people and accidents do to a page: it says so, and shows the rest."""

import shutil

import polars as pl
import pytest

from pipelines.site.content import PARTS
from pipelines.site.data import hand_over
from pipelines.site.naming import file_name

from .conftest import PERIMETERS, SCRIPT
from .windows import ENGLISH_LATER, INDICATOR, READY, RICH_FIRST

NO_SUCH = "Aucun territoire ne répond à cette adresse."
HASHES = [
    "",
    "#",
    "#epci",
    "#epci/",
    "#epci/000000000",
    "#canton/01",
    "#/",
    "#//",
    "#constructor/name",
    "#__proto__/x",
    "#epci/%E0%A4%A",
    "#epci/%00%FF<b>",
    "#%2e%2e/%2e%2e/etc",
    "#epci/~ffffffff~",
    "#epci/~d800~",
    "#commune/01001/more" + "x" * 2000,
]


def test_an_address_of_no_territory_says_so(window):
    seen = window()
    for hash_ in HASHES[:-1]:
        page = seen.go(f"place.html{hash_}", "[role=alert]")
        assert NO_SUCH in page.inner_text("main"), hash_
        assert "Chargement" not in page.inner_text("main"), hash_


def test_too_long_an_address_still_shows_something(window):
    page = window().go(f"place.html{HASHES[-1]}", "main h1")
    page.wait_for_function("!document.querySelector('main').innerText.includes('Chargement')")
    assert page.inner_text("main h1")


@pytest.mark.parametrize(
    "hash_",
    [
        "#epci/x/epci/y",
        "#canton/x/epci/y",
        "#constructor/a/toString/b",
        "#epci/~ffffffff~/epci/~1~",
    ],
)
def test_a_comparison_of_no_territory_says_so(hash_, window):
    page = window().go(f"compare.html{hash_}", "[data-compared] [role=alert]")
    assert NO_SUCH in page.inner_text("main")


@pytest.mark.parametrize("hash_", ["", "#", "#epci", "#epci/x", "#epci/%E0%A4%A/a", "#////"])
def test_half_a_comparison_asks_for_the_rest(hash_, window):
    page = window().go(f"compare.html{hash_}", "#second[role=combobox]")
    page.wait_for_timeout(200)
    assert "Choisissez deux territoires" in page.inner_text("main")


def test_one_territory_known_and_the_other_not(pages, window):
    page = window().go(f"compare.html#epci/{pages.epci}/epci/x", "[data-compared] [role=alert]")
    assert page.input_value("#first") == pages.name("epci", pages.epci)
    assert page.input_value("#second") == ""


def test_a_territory_compared_with_itself_is_no_error(pages, window):
    page = window().go(
        f"compare.html#epci/{pages.epci}/epci/{pages.epci}", "[data-compared] .notice"
    )
    assert page.locator("[data-compared] section.box").count() == 5


@pytest.mark.parametrize(
    "hash_", ["#nothing", "#%E0%A4%A/x", f"#{INDICATOR}/canton", "#constructor"]
)
def test_a_map_of_nothing_draws_another(hash_, window):
    page = window().go(f"map.html{hash_}", READY["map"])
    assert page.locator("[data-legend] li").count() > 1


def test_a_hash_changed_by_hand_changes_the_territory(pages, window):
    seen = window()
    page = seen.see("place")
    page.evaluate(f"location.hash = '#epci/{pages.epci}'")
    page.wait_for_function(
        "name => document.querySelector('h1').innerText === name",
        arg=pages.name("epci", pages.epci),
    )
    page.evaluate("location.hash = '#epci/none'")
    page.wait_for_selector("[role=alert]")


# --- names that are not only names ---


@pytest.mark.parametrize("code", PERIMETERS)
@pytest.mark.parametrize("lang", ENGLISH_LATER)
def test_a_perimeter_of_bad_taste_is_text_on_its_page(code, lang, pages, window):
    at = (
        f"custom/{file_name(code)}.html"
        if lang == "fr"
        else f"en/place.html#custom/{file_name(code)}"
    )
    page = window().go(at, "h1")
    page.wait_for_function(
        "name => document.querySelector('h1').innerText === name", arg=PERIMETERS[code]
    )
    assert page.title().startswith(PERIMETERS[code])
    assert code in page.inner_text(".facts >> nth=0")


@pytest.mark.parametrize("code", PERIMETERS)
def test_a_perimeter_of_bad_taste_is_text_in_lists(code, pages, window):
    seen = window()
    page = seen.see("territories")
    link = page.get_by_role("link", name=PERIMETERS[code], exact=True)
    link.click()
    page.wait_for_selector("article h1")
    assert page.inner_text("h1") == PERIMETERS[code]
    page = seen.see("home")
    page.fill("#search", PERIMETERS[code])
    option = page.locator("#search-options [role=option]", has_text=PERIMETERS[code])
    option.wait_for()
    option.click()
    page.wait_for_url("**/custom/**")
    assert page.inner_text("h1") == PERIMETERS[code]


@pytest.mark.parametrize("code", PERIMETERS)
def test_a_perimeter_of_bad_taste_is_compared(code, pages, window):
    page = window().go(f"custom/{file_name(code)}.html", "h1")
    page.get_by_role("link", name="Comparer avec un autre").click()
    page.wait_for_selector("#first[role=combobox]")
    page.wait_for_function("document.getElementById('first').value !== ''")
    assert page.input_value("#first") == PERIMETERS[code]
    page.fill("#second", SCRIPT)
    page.locator("#second-options [role=option]", has_text=SCRIPT).click()
    page.wait_for_selector("[data-compared] h2")
    heads = page.locator("[data-compared] .bars h2").all_inner_texts()
    assert heads == [PERIMETERS[code], SCRIPT]
    page.reload()
    page.wait_for_selector("[data-compared] .bars h2")
    assert page.locator("[data-compared] .bars h2").all_inner_texts() == heads


def test_the_map_of_flows_of_a_perimeter_of_bad_taste(pages, window):
    seen = window()
    for code in PERIMETERS:
        page = seen.go(f"custom/{file_name(code)}.html", "h1")
        seen.flow_map()
        assert page.get_attribute("[data-flows] svg", "aria-label").endswith(PERIMETERS[code])


def test_the_file_of_a_perimeter_of_bad_taste(pages, window, tmp_path):
    import csv

    code = next(code for code in PERIMETERS if "/" in code and "'" in code)
    page = window().go(f"custom/{file_name(code)}.html", "h1")
    with page.expect_download() as kept:
        page.click("[data-download]")
    kept.value.save_as(tmp_path / "file.csv")
    with (tmp_path / "file.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20 and {row["name"] for row in rows} == {PERIMETERS[code]}
    assert {row["code"] for row in rows} == {code}


# --- nothing to show ---


def test_a_territory_without_any_figure(damaged, window):
    """Its page says that there is none, and stands."""
    nothing = {part: [] for part in PARTS if part != "pairs"}
    facts = {"name": "Nulle-Part", "parents": [], "at": None, "has_pairs": False}
    hand_over_json(damaged, "epci/none", {"places": {"none": facts}} | nothing)
    hand_over_json(damaged, "search", {"epci": [["none", "Nulle-Part", ""]]})
    seen = window(of=damaged)
    page = seen.go("place.html#epci/none", "[data-fill] .notice")
    text = page.inner_text("main")
    assert "Ce territoire n'a aucun chiffre dans cette version." in text
    assert "Aucun flux n'est connu" in text and page.inner_text("h1") == "Nulle-Part"
    page.evaluate("document.querySelector('[data-flows]').scrollIntoView()")
    page.wait_for_selector("[data-flows]", state="hidden")
    page = seen.go("compare.html#epci/none/epci/none", "[data-compared] .notice")
    assert page.locator("[data-compared] .bars h2").count() == 2


def test_the_own_page_of_a_territory_without_any_figure(release, pages, tmp_path, window):
    """The same, of a release where it has none."""
    import json

    from pipelines.release.changes import none_before
    from pipelines.site.building import write_site

    code = pages.epci
    for path in release.glob("*.parquet"):
        shutil.copy(path, tmp_path)
    for name, keys in (
        ("indicators", ("code",)),
        ("dependencies", ("code",)),
        ("relations", ("code",)),
        ("baskets", ("code_a", "code_b")),
        ("cooperation", ("code_a", "code_b")),
        ("triggered_levers", ("code",)),
        ("reciprocity", ("code_a", "code_b")),
    ):
        rows = pl.read_parquet(tmp_path / f"{name}.parquet")
        for key in keys:
            rows = rows.filter(pl.col(key) != code)
        rows.write_parquet(tmp_path / f"{name}.parquet")
    version = json.loads((release.parent / "latest.json").read_text())["version"]
    site = write_site(tmp_path, version, none_before(tmp_path))
    seen = window(of=type(pages)(tmp_path, "", site))
    page = seen.go(f"epci/{code}.html", "h1")
    own = page.inner_text("main")
    assert "Ce territoire n'a aucun chiffre dans cette version." in own
    assert own.count("Aucun chiffre ici.") == 5 and "None" not in own
    page = seen.go(f"place.html#epci/{code}", "[data-fill] .notice")
    assert "Ce territoire n'a aucun chiffre dans cette version." in page.inner_text("main")


def hand_over_json(pages, name, values):
    import json

    hand_over(pages.site / "data", name, json.dumps(values))


# --- files that are not there, or not whole ---


def lose(pages, name, broken=None):
    path = pages.site / name
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken, encoding="utf-8")


@pytest.mark.parametrize("broken", [None, "metabolisme.got({!r},'AAAA')\n"], ids=["gone", "cut"])
def test_a_file_of_data_that_cannot_be_read_is_named(broken, damaged, window):
    departement = damaged.territories.row(
        by_predicate=(pl.col("level") == "commune") & (pl.col("code") == damaged.commune),
        named=True,
    )["departement_code"]
    name = f"commune/{departement}"
    lose(damaged, f"data/{name}.js", broken and broken.format(name))
    seen = window(of=damaged)
    seen.awaited.append(f"{name}.js")
    page = seen.go(f"place.html#commune/{damaged.commune}", "[role=alert]")
    assert f"data/{name}.js" in page.inner_text("[role=alert]")


def test_an_own_page_without_its_data_still_reads(damaged, window):
    code = damaged.epci
    lose(damaged, f"data/epci/{code}.js")
    seen = window(of=damaged)
    seen.awaited.append(f"{code}.js")
    page = seen.go(f"epci/{code}.html", "h1")
    page.locator("[data-flows]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-flows] [role=alert]")
    assert f"data/epci/{code}.js" in page.inner_text("[data-flows] [role=alert]")
    assert page.locator(".figures td b").count() > 20
    page.click("[data-download]")
    page.wait_for_selector("article > [role=alert]")


def test_without_the_file_of_names(damaged, window):
    lose(damaged, "data/search.js")
    seen = window(of=damaged)
    seen.awaited.append("search.js")
    page = seen.go("index.html", "#search[role=combobox]")
    page.fill("#search", "a")
    page.get_by_text("data/search.js").last.wait_for()
    page = seen.go(f"place.html#epci/{damaged.epci}", "[role=alert]")
    assert "data/search.js" in page.inner_text("[role=alert]")


def test_without_pairs_a_comparison_names_the_file(damaged, window):
    lose(damaged, f"data/pairs/epci/{damaged.epci}.js")
    seen = window(of=damaged)
    seen.awaited.append(f"{damaged.epci}.js")
    page = seen.go(damaged.kinds()["compare"], "[role=alert]")
    assert f"data/pairs/epci/{damaged.epci}.js" in page.inner_text("[role=alert]")


def test_without_the_library_of_charts(damaged, window):
    lose(damaged, "assets/vega.js")
    seen = window(of=damaged)
    seen.awaited.append("vega.js")
    page = seen.go("map.html", "[role=alert]")
    assert "assets/vega.js" in page.inner_text("[role=alert]")
    page = seen.go(f"indicator/{INDICATOR}.html", "[role=alert]")
    assert "assets/vega.js" in page.inner_text("[data-distribution]")
    page = seen.see("place")
    page.locator("[data-flows]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-flows] [role=alert]")
    assert page.locator(".figures td b").count() > 20


@pytest.mark.parametrize("name", ["shapes/epci", f"values/{INDICATOR}"])
def test_a_map_without_its_data_names_the_file(name, damaged, window):
    lose(damaged, f"data/{name}.js")
    seen = window(of=damaged)
    seen.awaited.append(f"{name}.js")
    page = seen.go(f"map.html#{INDICATOR}/epci", "[role=alert]")
    assert f"data/{name}.js" in page.inner_text("[role=alert]")
    assert page.locator("[data-legend] li").count() == 0


def test_a_map_of_flows_without_its_ground_is_drawn(damaged, window):
    lose(damaged, "data/shapes/departement.js")
    seen = window(of=damaged)
    seen.awaited.append("departement.js")
    seen.see("territory")
    seen.flow_map()


# --- scripts disabled ---


@pytest.mark.parametrize("lang", ENGLISH_LATER)
@pytest.mark.parametrize("kind", RICH_FIRST)
def test_without_scripts_nothing_waits(kind, lang, pages, window):
    page = window(java_script_enabled=False).go(pages.kinds(lang)[kind])
    shown = page.locator("body").inner_text()
    assert "Chargement" not in shown and "Loading" not in shown
    for control in page.locator("button, select").all():
        assert not control.is_visible()
    if kind in ("map", "compare", "place") or (kind, lang) == ("territory", "en"):
        assert "JavaScript" in shown


def test_without_scripts_figures_and_lists_are_read(pages, window):
    seen = window(java_script_enabled=False)
    page = seen.see("territory")
    shown = page.locator("main").inner_text()
    figures = pages.table("indicators").filter(level="epci", code=pages.epci)
    assert page.locator(".figures tr:has(td)").count() == figures["indicator"].n_unique()
    assert page.locator(".partners tr:has(td)").count() > 20 and "observé" in shown
    page.locator("details:not([open]) summary").first.click()
    assert page.locator("details[open] table").first.is_visible()
    page.locator("details.need[open] .partners a").first.click()
    page.wait_for_selector("article h1")


def test_without_scripts_the_search_leads_to_the_list(pages, window):
    seen = window(java_script_enabled=False)
    page = seen.see("home")
    page.fill("#search", "anything")
    page.press("#search", "Enter")
    page.wait_for_url("**/territories.html**")
    assert page.locator(".places a").count() == sum(
        len(pages.codes(level)) for level in ("epci", "departement", "region", "custom")
    )
