"""The passage of commune codes to 2026, against INSEE's log replayed apart."""

import pandas as pd
import pytest

from .runs import Published
from .truth import Truth

pytestmark = pytest.mark.mirror
YEARS = [2014, 2021, 2022, 2023, 2025, 2026]
COUNTS = {2021: 34_965, 2022: 34_955, 2023: 34_945, 2025: 34_875, 2026: 34_875}
SPLIT_SINCE_2021 = {
    "60054": {"60054", "60694"},
    "85084": {"85084", "85165", "85212"},
    "15141": {"15031", "15035", "15047", "15141", "15171"},
}


def passage(release: Published, year: int, *kinds: str) -> pd.DataFrame:
    rows = release.rows("commune_passage", cog_year=year)
    return rows[rows["passage"].isin(kinds)]


@pytest.mark.parametrize("year", YEARS)
def test_codes_alive_that_year_go_where_the_log_says(
    release_2014: Published, truth: Truth, year: int
) -> None:
    alive = truth.cog.alive(year)
    assert len(alive) == COUNTS.get(year, len(alive))
    communes = set(truth.cog.communes)
    due = {
        (code, successor)
        for code, successors in truth.cog.forward(alive, year).items()
        for successor in successors & communes
    }
    found = passage(release_2014, year, "same", "mapped", "split")
    assert set(zip(found["source_code"], found["commune_code"], strict=True)) == due
    # Rewritten by INSEE, the log leads two or three codes older than 2018 nowhere.
    lost = alive - {code for code, _ in due}
    assert len(lost) <= (3 if year < 2018 else 0)
    assert lost <= set(passage(release_2014, year, "unmapped")["source_code"])


@pytest.mark.parametrize("year", YEARS)
def test_arrondissements_are_folded_whatever_the_year(
    release_2014: Published, truth: Truth, year: int
) -> None:
    found = passage(release_2014, year, "folded")
    folded = dict(zip(found["source_code"], found["commune_code"], strict=True))
    assert folded == truth.cog.districts
    assert set(found["weight"]) == {1.0}


@pytest.mark.parametrize(("code", "successors"), SPLIT_SINCE_2021.items())
@pytest.mark.parametrize("year", [2021, 2023])
def test_a_split_commune_is_shared_out_by_population(
    release_2014: Published, truth: Truth, code: str, successors: set[str], year: int
) -> None:
    found = passage(release_2014, year, "split")
    assert set(found["source_code"]) == set(SPLIT_SINCE_2021)
    parts = found[found["source_code"] == code].set_index("commune_code")["weight"]
    people = {one: truth.populations[one] for one in successors}
    due = {one: count / sum(people.values()) for one, count in people.items()}
    assert parts.to_dict() == pytest.approx(due, rel=1e-9)


@pytest.mark.parametrize("year", YEARS)
def test_the_shares_of_a_code_make_one(release_2014: Published, year: int) -> None:
    rows = release_2014.rows("commune_passage", cog_year=year)
    assert (rows.groupby("source_code")["weight"].sum() - 1).abs().max() < 1e-9
    assert (rows.groupby("source_code")["weight"].size() >= 1).all()
