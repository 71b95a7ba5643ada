"""Files of land, forests and homes that are not as declared: refused, or read as said."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import RejectedError

from .spoiled import (
    Cells,
    changed,
    content,
    read,
    renamed,
    with_another,
    with_row_twice,
    with_word,
    without,
)

COVER, AREA, STOCK = "aldo_land_cover", "aldo_forest_area", "aldo_forest_stock"
HARVEST, EPCI = "aldo_wood_harvest", "aldo_epci"
TAKE, LOVAC, SITADEL = "cerema_land_take", "lovac", "sitadel"
# Delimiter, a column that must be there, a number, and how the YAML calls that.
LAYOUT = {
    COVER: (",", "siren", "112", "[1-5]"),
    AREA: (",", "total", "total", "total"),
    STOCK: (",", "SUPERFICIE", "SUPERFICIE", "SUPERFICIE"),
    HARVEST: (",", "recolteBo", "recolteBo", "recolteBo"),
    EPCI: (",", "nom", "populationTotale", "populationTotale"),
    TAKE: (",", "surfcom2025", "art23hab24", "(naf|art)"),
    LOVAC: (";", "pp_vacant_plus_2ans_26", "pp_vacant_26", "pp_vacant_26"),
    SITADEL: (";", "TYPE_LGT", "LOG_AUT", "LOG_AUT"),
}


def utf8(source_id: str) -> bytes:
    """The bytes of a file, without byte-order mark, in UTF-8."""
    file = content(source_id)
    return file.decode("cp1252" if source_id == LOVAC else "utf-8-sig").encode()


def bad(source_id: str, change: Callable[[Cells], Cells]) -> bytes:
    return changed(utf8(source_id), LAYOUT[source_id][0], change)


def refusal(source_id: str, file: bytes, folder: Path) -> str:
    """Why the file is refused; it must say where in the YAML."""
    with pytest.raises(RejectedError) as refused:
        read(source_id, source_id, file, folder)
    message = str(refused.value)
    assert re.search(rf"sources/{source_id}\.yml, tables\.{source_id}.*\(line \d+\)", message)
    return message


def table(source_id: str, file: bytes, folder: Path) -> pl.DataFrame:
    return read(source_id, source_id, file, folder).sort(pl.all())


@pytest.mark.parametrize("source_id", LAYOUT)
@pytest.mark.parametrize("change", [renamed, without])
def test_a_column_that_is_not_there(
    source_id: str, change: Callable[[str], Callable[[Cells], Cells]], tmp_path: Path
) -> None:
    column = LAYOUT[source_id][1]
    message = refusal(source_id, bad(source_id, change(column)), tmp_path)
    # The year of the surface is that of the edition: its column is known by a pattern.
    assert f"{column} (absent)".replace("2025 ", "20\\d\\d ") in message


@pytest.mark.parametrize("source_id", LAYOUT)
def test_a_column_nobody_announced(source_id: str, tmp_path: Path) -> None:
    message = refusal(source_id, bad(source_id, with_another), tmp_path)
    assert "unknown columns: nouveau" in message


@pytest.mark.parametrize(("source_id", "column"), [(COVER, "112"), (TAKE, "art23hab24")])
def test_a_class_by_another_name(source_id: str, column: str, tmp_path: Path) -> None:
    message = refusal(source_id, bad(source_id, renamed(column)), tmp_path)
    assert f"unknown columns: {column}_2" in message


@pytest.mark.parametrize("source_id", LAYOUT)
def test_another_encoding(source_id: str, tmp_path: Path) -> None:
    refusal(source_id, utf8(source_id).decode().encode("utf-16"), tmp_path)


@pytest.mark.parametrize("source_id", [STOCK, EPCI, TAKE])
def test_letters_of_another_encoding(source_id: str, tmp_path: Path) -> None:
    file = utf8(source_id).decode().replace("∙", "·").encode("cp1252")
    assert "cannot be read" in refusal(source_id, file, tmp_path)


def test_vacancy_in_either_encoding(tmp_path: Path) -> None:
    before = table(LOVAC, content(LOVAC), tmp_path)
    assert table(LOVAC, utf8(LOVAC), tmp_path).equals(before)


@pytest.mark.parametrize("source_id", LAYOUT)
def test_a_word_where_a_number_is_due(source_id: str, tmp_path: Path) -> None:
    _, _, column, known_as = LAYOUT[source_id]
    message = refusal(source_id, bad(source_id, with_word(column)), tmp_path)
    assert re.search(rf"{re.escape(known_as)}.*1 value\(s\) not a (number|integer)", message)
    assert "'environ'" in message


@pytest.mark.parametrize("source_id", [COVER, EPCI, TAKE, LOVAC])
def test_a_row_told_twice_is_refused(source_id: str, tmp_path: Path) -> None:
    assert "repeats" in refusal(source_id, bad(source_id, with_row_twice), tmp_path)


@pytest.mark.parametrize("source_id", [AREA, STOCK, HARVEST])
def test_a_row_told_twice_counts_once(source_id: str, tmp_path: Path) -> None:
    before = table(source_id, content(source_id), tmp_path)
    assert table(source_id, bad(source_id, with_row_twice), tmp_path).equals(before)
    lines = [line for line in utf8(source_id).splitlines()[1:] if line.strip(b",")]
    assert len(before) == len(set(lines)) < len(lines)


@pytest.mark.parametrize(
    ("source_id", "column"), [(AREA, "total"), (STOCK, "SUPERFICIE"), (HARVEST, "recolteBo")]
)
def test_a_row_told_in_two_ways_is_refused(source_id: str, column: str, tmp_path: Path) -> None:
    def two_ways(rows: Cells) -> Cells:
        other = list(rows[-2])
        other[rows[0].index(column)] = "1"
        return [*rows, other]

    assert "repeats" in refusal(source_id, bad(source_id, two_ways), tmp_path)


def test_months_of_two_communes_that_became_one_are_rows(tmp_path: Path) -> None:
    rows = table(SITADEL, bad(SITADEL, with_row_twice), tmp_path)
    assert len(rows) == content(SITADEL).count(b"\n")
    assert rows.select("commune_code", "year", "month", "dwelling_type").is_duplicated().any()


def test_descriptions_above_the_header(tmp_path: Path) -> None:
    described = b'"Le mois"' + b';"Une colonne"' * 5 + b"\n" + content(SITADEL)
    after = table(SITADEL, described, tmp_path)
    assert after.equals(table(SITADEL, content(SITADEL), tmp_path))


def test_a_month_that_is_none(tmp_path: Path) -> None:
    def thirteenth(rows: Cells) -> Cells:
        return [rows[0], [rows[1][0], "13", *rows[1][2:]], *rows[2:]]

    message = refusal(SITADEL, bad(SITADEL, thirteenth), tmp_path)
    assert "MOIS: 1 value(s) above 12 (line 2" in message


def test_secrets_and_thousands(tmp_path: Path) -> None:
    rows = table(LOVAC, content(LOVAC), tmp_path)
    cells = [line.split(";") for line in utf8(LOVAC).decode().splitlines()]
    for name, column in (
        ("pp_vacant_plus_2ans_26", "long_vacant"),
        ("ff_pp_total_25", "private_dwellings"),
    ):
        texts = [row[cells[0].index(name)] for row in cells[1:]]
        assert rows[column].null_count() == texts.count("s") > 0
        due = sum(int(text.replace("\u00a0", "")) for text in texts if text != "s")
        assert rows[column].sum() == due
        assert any("\u00a0" in text for text in texts)


def test_the_stock_of_an_older_name_or_none(tmp_path: Path) -> None:
    def older(rows: Cells) -> Cells:
        return [[name.replace("ff_pp_total", "pp_total") for name in rows[0]], *rows[1:]]

    before = table(LOVAC, content(LOVAC), tmp_path)
    assert table(LOVAC, bad(LOVAC, older), tmp_path).equals(before)
    after = table(LOVAC, bad(LOVAC, without("ff_pp_total_25")), tmp_path)
    assert after["private_dwellings"].null_count() == len(after)


def test_blank_cells_and_lines_are_no_land_cover(tmp_path: Path) -> None:
    rows = table(COVER, content(COVER), tmp_path)
    header, *cells = [line.split(",") for line in utf8(COVER).decode().splitlines()]
    filled = sum(bool(cell) for row in cells for cell in row[1:])
    assert len(rows) == filled < len(cells) * (len(header) - 2)
    assert rows["siren"].null_count() == 0


def test_land_take_with_other_commas(tmp_path: Path) -> None:
    text = utf8(TAKE).decode()
    assert ";" not in text
    before = table(TAKE, content(TAKE), tmp_path)
    after = table(TAKE, text.replace(",", ";").encode(), tmp_path)
    assert after.equals(before) and before["taken_m2"].min() == -1


def test_land_given_back_is_refused(tmp_path: Path) -> None:
    def given_back(rows: Cells) -> Cells:
        at = rows[0].index("art23hab24")
        return [rows[0], [*rows[1][:at], "-400.0", *rows[1][at + 1 :]], *rows[2:]]

    assert "below -10" in refusal(TAKE, bad(TAKE, given_back), tmp_path)


def test_half_a_file(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="ends in the middle of a line"):
        read(TAKE, TAKE, content(TAKE)[:-4], tmp_path)
    with pytest.raises(RejectedError, match="cannot be read"):
        read(SITADEL, SITADEL, content(SITADEL)[:-6], tmp_path)
