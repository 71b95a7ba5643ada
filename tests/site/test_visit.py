"""A person visits: every kind of page, and from the first page to a file of figures."""

import csv
import math
import os
import re
import subprocess
import sys
from urllib.request import urlopen

import polars as pl
import pytest

from .windows import ENGLISH_LATER, INDICATOR, READY


@pytest.mark.parametrize("kind", READY)
@pytest.mark.parametrize("lang", ENGLISH_LATER)
@pytest.mark.parametrize("http", [False, True], ids=["folder", "server"])
def test_each_page_works_from_a_folder_and_a_server(kind, lang, http, window):
    """Without a word in the console, a file that is not there, or a request to another host.

    What goes wrong unseen fails the test when its window is closed.
    """
    seen = window()
    page = seen.see(kind, lang, http)
    assert page.evaluate("document.documentElement.lang") == lang
    if page.locator("[data-flows]").count():
        seen.flow_map()
    shown = page.inner_text("main")
    assert "undefined" not in shown and "NaN" not in shown and "null" not in shown
    assert "{}" not in shown and "Chargement" not in shown and "Loading" not in shown


def misspelt(name):
    """A name as one types it in haste: no accent, no capital, a letter doubled, another missing."""
    plain = "".join(sign for sign in name.lower() if sign.isascii())
    middle = len(plain) // 2
    return plain[0] * 2 + plain[1:middle] + plain[middle + 1 :]


def accented(pages):
    """A commune with an accent, whose misspelt name is not that of another."""
    communes = pages.territories.filter(
        (pl.col("level") == "commune") & (pl.col("name").str.len_chars() > 11)
    ).sort("population", descending=True)
    return next(row for row in communes.to_dicts() if not row["name"].isascii())


def test_the_search_forgives_accents_and_case(pages, window):
    import unicodedata

    wanted = accented(pages)
    letters = unicodedata.normalize("NFD", wanted["name"])
    plain = "".join(sign for sign in letters if not unicodedata.combining(sign)).upper()
    page = window().see("home")
    page.fill("#search", plain)
    page.wait_for_selector("#search-options [role=option]")
    assert wanted["name"] in page.locator("#search-options [role=option]").first.inner_text()


def test_the_search_forgives_a_typing_error(pages, window):
    wanted = accented(pages)
    page = window().see("home")
    page.fill("#search", misspelt(wanted["name"]))
    page.wait_for_selector("#search-options [role=option]")
    assert wanted["name"] in page.locator("#search-options").inner_text()


def test_the_search_knows_codes_and_says_when_it_finds_nothing(pages, window):
    page = window().see("home")
    page.fill("#search", pages.epci)
    page.wait_for_selector("#search-options [role=option]")
    assert pages.name("epci", pages.epci) in page.inner_text("#search-options")
    page.fill("#search", "qqqqqqqq")
    page.get_by_text("Aucun territoire ne porte ce nom.").first.wait_for(state="attached")
    page.fill("#search", "")
    page.wait_for_selector("#search-options", state="hidden")


def test_from_the_first_page_to_a_comparison_and_a_file(pages, window, tmp_path):
    """Home, search, territory, partner, comparison, back, and the figures as a file."""
    seen = window()
    page = seen.see("home")
    page.fill("#search", misspelt(pages.name("epci", pages.epci)))
    page.locator("#search-options [role=option]", has_text=pages.epci).click()
    page.wait_for_url("**/epci/*")
    assert page.inner_text("h1") == pages.name("epci", pages.epci)

    first = page.locator("#depends_on ~ .needs .partners a").first
    name = first.inner_text()
    first.click()
    page.wait_for_function("name => document.querySelector('h1').innerText === name", arg=name)
    page.go_back()

    basket = page.locator(".pairs tbody tr, .pairs tr:has(td)").first
    partner = basket.locator("th a").inner_text()
    basket.get_by_role("link", name="Comparer").click()
    page.wait_for_selector("[data-compared] table.compared")
    assert "compare.html#epci/" in seen.at
    heads = page.locator("[data-compared] .bars h2").all_inner_texts()
    assert heads == [pages.name("epci", pages.epci), partner]
    assert page.input_value("#first") == heads[0] and page.input_value("#second") == partner
    page.locator("[data-compared] .bars h2 a").first.click()
    page.wait_for_selector("[data-download]")

    with page.expect_download() as kept:
        page.click("[data-download]")
    assert kept.value.suggested_filename == f"epci_{pages.epci}.csv"
    kept.value.save_as(tmp_path / "file.csv")
    same_figures(tmp_path / "file.csv", pages, "epci", pages.epci)


def test_the_file_of_a_commune_has_its_figures(pages, window, tmp_path):
    page = window().see("place", "en")
    with page.expect_download() as kept:
        page.click("[data-download]")
    kept.value.save_as(tmp_path / "file.csv")
    same_figures(tmp_path / "file.csv", pages, "commune", pages.commune)


def same_figures(path, pages, level, code):
    """The rows of a file are those of the release, with as many decimals as the page shows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    own = (pl.col("level") == level) & (pl.col("code") == code)
    known = pages.table("indicators").filter(own).sort("year")
    expected = known.group_by("indicator").agg(pl.all().last()).sort("indicator")
    assert sorted(row["indicator"] for row in rows) == expected["indicator"].to_list()
    by_indicator = {row["indicator"]: row for row in rows}
    for truth in expected.to_dicts():
        row = by_indicator[truth["indicator"]]
        assert (row["level"], row["code"]) == (level, code)
        assert row["name"] == pages.name(level, code)
        for column in ("value", "low", "high", "coverage"):
            assert near(row[column], truth[column]), (truth["indicator"], column, row[column])
        assert int(row["year"]) == truth["year"] and row["evidence"] == truth["evidence"]
        assert row["unit"] == truth["unit"] and row["label"]


def near(text, value):
    if value is None:
        return text == ""
    return math.isclose(float(text), value, rel_tol=0.006, abs_tol=0.00051)


def test_a_comparison_says_the_release(pages, window):
    a, b = pages.pair
    page = window().see("compare", "en")
    table = page.locator("[data-compared] table.compared").first
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    pairs = pages.table("reciprocity").filter(
        pl.col("level") == "epci",
        pl.col("code_a").is_in([a, b]) & pl.col("code_b").is_in([a, b]),
        pl.max_horizontal("share_of_a", "share_of_b") >= 0.005,
    )
    assert 0 < len(rows) <= pairs.height
    given = {round(value) for value in [*pairs["a_to_b"], *pairs["b_to_a"]] if value}
    jobs = next(row for row in rows if row[0].startswith("Jobs"))
    for cell in jobs[1:3]:
        assert int(re.sub(r"\D", "", cell.split(".")[0])) in {
            n for one in given for n in (one, one - 1)
        }


def test_a_comparison_is_chosen_by_its_two_fields(pages, window):
    a, b = pages.pair
    page = window().go("compare.html", "#first[role=combobox]")
    for field, code in (("#first", a), ("#second", b)):
        page.fill(field, code)
        page.locator(f"{field}-options [role=option]", has_text=code).first.click()
    page.wait_for_selector("[data-compared] table.compared")
    assert page.evaluate("location.hash") == f"#epci/{a}/epci/{b}"
    page.reload()
    page.wait_for_selector("[data-compared] table.compared")


def test_an_indicator_downloads_all_its_values(pages, window, tmp_path):
    page = window().see("indicator")
    with page.expect_download() as kept:
        page.click("[data-download-values]")
    kept.value.save_as(tmp_path / "values.csv")
    with (tmp_path / "values.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    known = pages.table("indicators").filter(indicator=INDICATOR).sort("year")
    latest = known.group_by("level", "code").agg(pl.all().last())
    levels = ("epci", "departement", "region", "zone_emploi")
    expected = {
        (r["level"], r["code"]): r["value"] for r in latest.to_dicts() if r["level"] in levels
    }
    assert {(r["level"], r["code"]): float(r["value"]) for r in rows} == expected
    assert all(row["name"] == pages.name(row["level"], row["code"]) for row in rows)
    assert {row["unit"] for row in rows} == set(known["unit"])


def test_an_indicator_draws_how_it_is_spread_at_each_level(pages, window):
    page = window().see("indicator")
    for level in page.locator("#distribution-level option").evaluate_all(
        "all => all.map(o => o.value)"
    ):
        page.select_option("#distribution-level", level)
        page.wait_for_function(
            "title => [...document.querySelectorAll('[data-distribution] text')]"
            ".some(text => text.textContent === title)",
            arg=page.locator(f"#distribution-level option[value={level}]").inner_text(),
        )
        assert page.locator("[data-distribution] .mark-rect path").count() > 0


def test_the_preview_serves_the_latest_release(release):
    command = [sys.executable, "-m", "pipelines.cli", "serve", "--port", "0"]
    started = subprocess.Popen(
        [*command, "--out", str(release.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "300", "PYTHONUNBUFFERED": "1"},
    )
    try:
        said = started.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+/", said)[0]
        assert release.name in said
        with urlopen(url, timeout=10) as answer:
            assert answer.read() == (release / "site" / "index.html").read_bytes()
    finally:
        started.terminate()
        started.wait(10)
