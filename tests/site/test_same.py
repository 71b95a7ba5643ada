"""A territory's own page, and the one that scripts fill, say the same; so do both languages."""

import re

import polars as pl
import pytest

from pipelines.answers.language import language
from pipelines.site.naming import file_name

from .windows import READY, RICH_FIRST, SLOW

THIN, NO_BREAK = "\u202f", "\u00a0"
# By section: the text of each heading, paragraph, cell and line, and where its links lead. Spaces
# of typography are kept: they are of the text.
SAID = """() => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const plain = (node) => node.innerText.replace(/[ \\t\\n]+/g, " ").trim();
  const links = (node) => [...node.querySelectorAll("a")]
    .map((a) => a.href.replace(/.*\\/site\\//, "")).join(" ");
  const article = document.querySelector("article");
  const parts = {top: [...article.querySelectorAll(":scope > h1, :scope > .facts")]};
  for (const section of article.querySelectorAll(":scope > section[aria-labelledby]")) {
    const said = section.querySelectorAll("h2, h3, p, th, td, li, summary, dt, dd");
    parts[section.getAttribute("aria-labelledby")] = [...said]
      .filter((one) => !one.closest(".flow-map"));
  }
  return Object.fromEntries(Object.entries(parts).map(([id, found]) => [
    id, found.map((one) => [one.tagName, plain(one), links(one)].join("|"))]));
}"""
LEVELS = ["custom", *(pytest.param(level, marks=SLOW) for level in ("departement", "region"))]
SECTIONS = ("top", "boxes", "flows", "depends_on", "depended_on_by", "negotiate", "not_measured")


def both(window, pages, level, code):
    """What is said of a territory by its page, and by the page that scripts fill."""
    own = window.go(f"{level}/{file_name(code)}.html", "h1").evaluate(SAID)
    filled = window.go(f"place.html#{level}/{file_name(code)}", READY["place"]).evaluate(SAID)
    return own, filled


def differences(own, filled, sections=SECTIONS):
    for section in sections:
        pairs = list(zip(own[section], filled[section], strict=False))
        yield from ((section, *pair) for pair in pairs if pair[0] != pair[1])
        if len(own[section]) != len(filled[section]):
            yield section, len(own[section]), len(filled[section])


def test_scripts_say_of_an_epci_what_its_page_says(pages, window):
    seen = window()
    own, filled = both(seen, pages, "epci", pages.epci)
    assert len(own["boxes"]) > 100 and len(own["depends_on"]) > 50
    found = list(differences(own, filled))
    assert not found


def test_both_name_the_sources(pages, window):
    own, filled = both(window(), pages, "epci", pages.epci)
    assert own["used"] and own["used"] == filled.get("used")


@pytest.mark.parametrize("level", LEVELS)
def test_scripts_say_of_other_levels_what_their_pages_say(level, pages, window):
    seen = window()
    for code in pages.codes(level)[:4]:
        found = list(differences(*both(seen, pages, level, code)))
        assert not found, code


@pytest.mark.slow
def test_scripts_say_of_every_epci_what_its_page_says(pages, window):
    seen = window()
    wrong = {}
    for code in pages.codes("epci"):
        if found := list(differences(*both(seen, pages, "epci", code))):
            wrong[code] = found[:5]
    assert not wrong, wrong


def test_numbers_are_written_alike_by_scripts(pages, window):
    """Thousands, what rounds up to the next size, halves that are halves; in both languages."""
    values = [0, -0.001, 0.126, 0.125, 0.375, 9.994, 9.996, 9.999, 12.25, 12.75, 99.96, 999.94]
    values += [999.96, 1000, 1000.5, 1001.5, 1234567.5, -3.14159, -1234.5, 1e12]
    values += [n / 8 for n in range(400)] + [n * n / 997 for n in range(1, 1500) if n % 997]
    seen = window()
    for code in ("fr", "en"):
        page = seen.see("home", code)
        said = page.evaluate("values => values.map(metabolisme.number)", values)
        assert said == [language(code).number(value) for value in values]
        parts = [n / 999 for n in range(1200)]
        shares = page.evaluate("values => values.map(metabolisme.percent)", parts)
        assert shares == [language(code).percent(value) for value in parts]
        bounds = [
            {"low": low, "high": high} for low in (None, 0.5, 1234.5) for high in (None, 0.5, 9e6)
        ]
        intervals = page.evaluate("values => values.map(metabolisme.interval)", bounds)
        assert intervals == [language(code).interval(one) for one in bounds]


CODES = [
    "243100518",
    "2A",
    "a/b",
    "l'été",
    "<script>",
    "~",
    "~41~",
    "a b%c#d?e&f",
    "😀",
    "é😀𝔸x",
    "",
]


def test_codes_are_named_alike_by_scripts(window):
    page = window().see("home")
    named = page.evaluate("codes => codes.map(metabolisme.fileName)", CODES)
    assert named == [file_name(code) for code in CODES]


def test_scripts_read_the_names_that_python_writes(window):
    page = window().see("home")
    names = [file_name(code) for code in CODES]
    assert page.evaluate("names => names.map(metabolisme.codeOf)", names) == CODES
    back = page.evaluate(
        "codes => codes.map(c => metabolisme.codeOf(metabolisme.fileName(c)))", CODES
    )
    assert back == CODES


def test_scripts_address_pages_as_python_does(pages, window):
    """The address that scripts give to each territory is that of a page that exists."""
    page = window().see("home")
    known = pages.territories.filter(pl.col("level").is_in(["custom", "epci", "departement"]))
    ends = known.select("level", "code").rows()
    found = page.evaluate("ends => ends.map(([l, c]) => metabolisme.address(l, c))", ends)
    assert all((pages.site / at).is_file() for at in found)


# --- languages ---


def test_the_other_language_is_of_the_same_territory(pages, window):
    seen = window()
    page = seen.see("territory")
    page.click("a.language")
    page.wait_for_selector(READY["place"], state="attached")
    assert seen.at == f"en/place.html#epci/{pages.epci}"
    assert page.inner_text("h1") == pages.name("epci", pages.epci)
    assert page.evaluate("document.documentElement.lang") == "en"
    page.click("a.language")
    page.wait_for_selector(READY["place"], state="attached")
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.inner_text("h1") == pages.name("epci", pages.epci)


def test_the_other_language_keeps_what_is_compared_and_mapped(pages, window):
    seen = window()
    for kind in ("compare", "map"):
        page = seen.see(kind)
        hash_ = page.evaluate("location.hash")
        page.click("a.language")
        page.wait_for_selector(READY[kind], state="attached")
        assert seen.at.startswith(f"en/{kind}.html#")
        assert page.evaluate("location.hash") == hash_


@pytest.mark.parametrize("kind", RICH_FIRST)
def test_the_language_link_of_each_page_leads_to_its_like(kind, pages, window):
    page = window().see(kind)
    page.click("a.language")
    page.wait_for_function("document.documentElement.lang === 'en'")
    assert page.inner_text("a.language") == "Français"
    assert page.locator("main h1").count() == 1


def test_an_english_page_speaks_english(pages, window):
    """No French word of the interface, and numbers as they are written in English."""
    page = window().see("territory", "en")
    text = page.inner_text("body")
    for word in ("The five functions", "We depend on", "They depend on us", "What is not measured"):
        assert word in text
    words = "Nous dépendons|Les cinq|observé|modélisé|Imprimer|sur place|réciproque|Indicateur"
    assert not re.search(words, text)
    assert THIN not in text and f"{NO_BREAK}:" not in text
    assert re.search(r"\b\d{1,3},\d{3}\b", text) and re.search(r"\d\.\d+%", text)
    # A semicolon has no space before it in English.
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert " ;" not in page.inner_text("main")


def test_a_french_page_has_french_typography(pages, window):
    page = window().see("territory")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    text = page.inner_text("main")
    assert re.search(rf"\d{THIN}\d{{3}}\b", text) and re.search(rf"\d,\d+{NO_BREAK}%", text)
    assert not re.search(r"\d\.\d", re.sub(r"\(.*?\)", "", page.inner_text("#depends_on ~ .needs")))
    assert not re.search(r"\d %|\d{4,}(?=[^\d])(?<!20\d\d)(?<!\d{5})", page.inner_text(".needs"))


@pytest.mark.slow
def test_the_interface_never_mixes_languages(pages, window):
    """The words of each language's texts, where they differ, are only in its pages."""
    seen = window()
    french, english = (
        seen.see("home", lang).evaluate(
            "Object.values(texts.ui).filter(t => typeof t === 'string')"
        )
        for lang in ("fr", "en")
    )
    differing = {a for a, b in zip(french, english, strict=True) if a != b and len(a) > 9}
    for kind in READY:
        page = seen.see(kind, "en")
        text = page.inner_text("main")
        assert not [one for one in differing if one in text], kind
