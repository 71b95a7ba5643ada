"""On paper: at most four pages, with the map; and the command that makes the PDF."""

import os
import re
import subprocess
import sys

import pytest

from pipelines.site.naming import address
from pipelines.site.settings import site_settings

MOST = 4


def printed(window, at):
    """How many pages a page of the site makes on paper; none but A4."""
    where, _, hash_ = at.partition("#")
    page = window.go(f"{where}?print{'#' if hash_ else ''}{hash_}")
    page.wait_for_selector("[data-flows] svg path", state="attached")
    return sheets(page.pdf(prefer_css_page_size=True))


def sheets(pdf):
    assert pdf.startswith(b"%PDF")
    for width, height in re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf):
        assert (round(float(width)), round(float(height))) == (595, 842)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def of(pages, level, code):
    return address(level, code, site_settings().paged)


def test_a_territory_prints_on_four_pages(pages, window):
    seen = window()
    for level, code in (("epci", pages.epci), ("commune", pages.commune)):
        assert 1 <= printed(seen, of(pages, level, code)) <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("level", ["epci", "departement", "region", "custom"])
def test_every_territory_prints_on_four_pages(level, pages, window):
    seen = window()
    counts = {}
    for code in pages.codes(level):
        counts[code] = printed(seen, of(pages, level, code))
    assert not {code: n for code, n in counts.items() if n > MOST}


def test_paper_has_the_words_and_no_controls(pages, window):
    seen = window()
    page = seen.go(of(pages, "epci", pages.epci) + "?print")
    page.wait_for_selector("[data-flows] svg path", state="attached")
    page.emulate_media(media="print")
    for part in ("h1", ".boxes", "[data-flows] svg", "#negotiate", ".missing", ".levers"):
        assert page.locator(part).first.is_visible(), part
    for part in (".bar", ".actions", "footer", ".choices", ".skip"):
        assert not page.locator(part).first.is_visible(), part
    # What a need's heading folds on screen is unfolded on paper.
    for table in page.locator(".need table.partners").all()[:8]:
        assert table.locator("tr:has(td)").first.is_visible()


def command(*arguments, release, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "sheet", *arguments, "--out", str(release.parent)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "400"} | environment,
        timeout=180,
    )


@pytest.mark.parametrize("level", ["epci", "commune"])
def test_a_sheet_is_made_by_the_command(level, pages, release, tmp_path, chromium_path):
    code = pages.epci if level == "epci" else pages.commune
    done = command(code, "--level", level, "--pdf", release=release, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = tmp_path / f"{level}-{code}.pdf"
    assert str(made.name) in done.stdout
    pdf = made.read_bytes()
    assert 1 <= sheets(pdf) <= MOST
    # The map and the figures are there: a page that still waits is light.
    assert len(pdf) > 40_000
    assert [one.name for one in tmp_path.iterdir()] == [made.name]


@pytest.mark.slow
def test_a_sheet_goes_where_one_says(pages, release, tmp_path, chromium_path):
    target = tmp_path / "deep" / "my sheet.pdf"
    target.parent.mkdir()
    done = command(
        pages.codes("region")[0], "--level", "region", "--pdf", "--file", str(target),
        release=release, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sheets(target.read_bytes()) >= 1


def test_without_a_browser_the_command_says_so(pages, release, tmp_path):
    asked = (pages.epci, "--level", "epci", "--pdf")
    done = command(*asked, release=release, cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "there is no Chromium here" in done.stderr and "install chromium" in done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_a_browser_that_fails_leaves_nothing(pages, release, tmp_path):
    fake = tmp_path / "bin" / "chromium"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    asked = (pages.epci, "--level", "epci", "--pdf")
    path = f"{fake.parent}:/usr/bin:/bin"
    done = command(*asked, release=release, cwd=tmp_path, PATH=path)
    assert done.returncode == 1 and "cannot open display" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["bin"]


def test_the_command_says_where_a_page_stands(pages, release, tmp_path):
    done = command(pages.epci, "--level", "epci", release=release, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip() == (pages.site / f"epci/{pages.epci}.html").as_uri()


def test_a_sheet_of_nobody_is_wrong_usage(release, tmp_path):
    done = command("Nowhere-on-Sea", "--pdf", release=release, cwd=tmp_path)
    assert done.returncode == 2 and "Nowhere-on-Sea" in done.stderr
