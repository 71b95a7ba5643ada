"""A file that is not the one of the catalogue: broken, cut, empty, a web page, other letters."""

import csv
from collections.abc import Callable

import pytest

from .damage import (
    WEB_PAGE,
    Change,
    cells,
    damage,
    damage_whole,
    features,
    file_of,
    flipped,
    halved,
    header,
    hollow,
    lines,
    packed,
    reordered,
    sheet,
    state,
    text,
    with_cell,
    without_column,
    workbook,
)
from .ground import Ground, rejected

COMMUNES = "insee_cog_communes"
POPULATIONS = "insee_populations"
EPCI = "dgcl_epci"
FLOWS = "insee_commuting"
BASE = "insee_comparateur"
ZONINGS = "insee_zonings"
CONTOURS = "etalab_commune_contours"
PROGRAMMES = "anct_programmes"
ABROAD = "insee_foreign_codes"

PLAIN = [COMMUNES, PROGRAMMES]  # a required and an optional one, as texts of commas
ARCHIVES = [EPCI, FLOWS, ZONINGS]  # a workbook is an archive too
ALL = [COMMUNES, POPULATIONS, EPCI, FLOWS, BASE, ZONINGS, CONTOURS, PROGRAMMES, ABROAD]


# --- archives ---


@pytest.mark.parametrize("source_id", ARCHIVES)
def test_a_cut_archive(ground: Ground, source_id: str) -> None:
    path = damage_whole(ground.mirror, source_id, halved)
    rejected(ground, source_id, path.name, "zip")


@pytest.mark.parametrize("source_id", ARCHIVES)
def test_an_archive_damaged_in_the_middle(ground: Ground, source_id: str) -> None:
    path = damage_whole(ground.mirror, source_id, flipped)
    rejected(ground, source_id, path.name, "zip")


@pytest.mark.parametrize("change", [halved, flipped])
def test_a_broken_archive_of_a_required_text(ground: Ground, change: Change) -> None:
    path = damage_whole(
        ground.mirror,
        POPULATIONS,
        lambda content: change(packed("donnees_communes.csv")(content)),
    )
    rejected(ground, POPULATIONS, path.name, "zip")


def test_a_required_text_in_an_archive_is_read(ground: Ground) -> None:
    damage_whole(ground.mirror, POPULATIONS, packed("donnees_communes.csv"))
    assert ground.read(POPULATIONS)["status"] == "ok"


def test_an_archive_without_the_member(ground: Ground) -> None:
    path = damage_whole(ground.mirror, FLOWS, lambda content: packed("notes.csv")(b"a;b\n1;2\n"))
    rejected(ground, FLOWS, path.name, "notes.csv", "base-flux-mobilite")


def test_an_archive_in_which_the_member_is_empty(ground: Ground) -> None:
    damage(ground.mirror, FLOWS, lambda content: b"")
    rejected(ground, FLOWS, "base-flux-mobilite-domicile-lieu-travail-2022.csv")


@pytest.mark.parametrize("source_id", [EPCI, ZONINGS])
def test_a_sound_archive_that_is_no_workbook_inside(ground: Ground, source_id: str) -> None:
    damage(ground.mirror, source_id, hollow)
    rejected(ground, source_id, ".xlsx")


# --- empty, or something else ---


@pytest.mark.parametrize("source_id", ALL)
def test_an_empty_file(ground: Ground, source_id: str) -> None:
    path = damage_whole(ground.mirror, source_id, lambda content: b"")
    rejected(ground, source_id, path.name, "an empty file")


@pytest.mark.parametrize("source_id", ALL)
def test_a_web_page_in_its_place(ground: Ground, source_id: str) -> None:
    path = damage_whole(ground.mirror, source_id, lambda content: WEB_PAGE)
    rejected(ground, source_id, path.name, "a web page")


@pytest.mark.parametrize("source_id", [FLOWS, BASE])
def test_a_web_page_in_the_archive(ground: Ground, source_id: str) -> None:
    damage(ground.mirror, source_id, lambda content: WEB_PAGE)
    rejected(ground, source_id, "CODGEO", "DOCTYPE")


@pytest.mark.parametrize("source_id", PLAIN)
def test_only_the_header(ground: Ground, source_id: str) -> None:
    path = damage(ground.mirror, source_id, lines(lambda all_: all_[:1]))
    rejected(ground, source_id, path.name, "0 rows")


# --- cut ---


@pytest.mark.parametrize("source_id", [COMMUNES, POPULATIONS, FLOWS, BASE, PROGRAMMES, ABROAD])
def test_a_text_cut_in_a_line(ground: Ground, source_id: str) -> None:
    path = damage(
        ground.mirror,
        source_id,
        lines(lambda all_: [*all_[: len(all_) // 2], all_[len(all_) // 2][:9]]),
    )
    shown = {FLOWS: "lieu-travail-2022.csv", BASE: "base_cc_comparateur"}
    rejected(ground, source_id, shown.get(source_id, path.name), "middle of a line", "cut short")


@pytest.mark.parametrize("source_id", [COMMUNES, PROGRAMMES, FLOWS])
def test_a_line_in_the_middle_that_lacks_cells(ground: Ground, source_id: str) -> None:
    damage(
        ground.mirror, source_id, lines(lambda all_: [*all_[:9], all_[9][:8] + b"\n", *all_[10:]])
    )
    rejected(ground, source_id, "Line: 10")


def test_geographic_data_cut_short(ground: Ground) -> None:
    path = damage(ground.mirror, CONTOURS, halved)
    rejected(ground, CONTOURS, path.name)


def test_a_required_text_cut_between_two_lines(ground: Ground) -> None:
    # As large as the real one: only the number of rows tells.
    regions = [f"{n:02d},{n:02d}001,0,NOM,Nom,{'Région ' * 6}{n}" for n in range(1, 19)]
    whole = "\n".join(["REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE", *regions]) + "\n"
    path = damage(
        ground.mirror,
        "insee_cog_regions",
        lambda content: "\n".join(whole.splitlines()[:-1]).encode() + b"\n",
    )
    state(ground.mirror, "insee_cog_regions", layout="official")
    rejected(ground, "insee_cog_regions", path.name, "17 rows", "18")


def test_an_optional_text_cut_between_two_lines(ground: Ground) -> None:
    path = damage(
        ground.mirror,
        ABROAD,
        lambda content: b"".join(b"BE%03d,COMMUNE\n" % n for n in range(100, 3_000)),
    )
    state(ground.mirror, ABROAD, layout="official")
    rejected(ground, ABROAD, path.name, "2,900 rows", "4,000")


@pytest.mark.parametrize("source_id", PLAIN)
def test_a_file_far_smaller_than_the_whole_of_france(ground: Ground, source_id: str) -> None:
    state(ground.mirror, source_id, layout="official")
    rejected(ground, source_id, file_of(ground.mirror, source_id).name, "bytes")


# --- columns ---


def _renamed(old: str, new: str) -> Callable[[list[str]], list[str]]:
    return lambda names: [new if name == old else name for name in names]


COLUMNS = [
    (COMMUNES, "COM"),
    (POPULATIONS, "PMUN"),
    (FLOWS, "NBFLUX_C22_ACTOCC15P"),
    (BASE, "SUPERF"),
    (PROGRAMMES, "id_crte"),
]


@pytest.mark.parametrize(("source_id", "column"), COLUMNS)
def test_a_missing_column(ground: Ground, source_id: str, column: str) -> None:
    path = damage(ground.mirror, source_id, cells(without_column(column)))
    rejected(ground, source_id, path.name, f"{column} (absent)", f"sources/{source_id}.yml")


@pytest.mark.parametrize(("source_id", "column"), COLUMNS)
def test_a_renamed_column(ground: Ground, source_id: str, column: str) -> None:
    path = damage(ground.mirror, source_id, header(_renamed(column, "NEUVE")))
    rejected(ground, source_id, path.name, f"{column} (absent)", "unknown columns: NEUVE")


@pytest.mark.parametrize(("source_id", "column"), COLUMNS)
def test_an_unknown_column(ground: Ground, source_id: str, column: str) -> None:
    path = damage(
        ground.mirror,
        source_id,
        cells(lambda rows: [[*rows[0], "NEUVE"], *([*row, "1"] for row in rows[1:])]),
    )
    rejected(ground, source_id, path.name, "unknown columns: NEUVE", f"sources/{source_id}.yml")


@pytest.mark.parametrize("source_id", PLAIN)
def test_a_column_twice(ground: Ground, source_id: str) -> None:
    path = damage(ground.mirror, source_id, cells(lambda rows: [[row[1], *row] for row in rows]))
    if source_id == COMMUNES:
        rejected(ground, source_id, path.name, "COM (several times)")
    else:
        # A repeated column that is not used changes nothing.
        assert ground.read(source_id)["status"] == "ok"


def test_a_file_without_header_with_a_column_more(ground: Ground) -> None:
    path = damage(ground.mirror, ABROAD, cells(lambda rows: [[*row, "x"] for row in rows]))
    rejected(ground, ABROAD, path.name, "unknown columns: 3")


SHEETS = [(EPCI, "Epcicom2025", 0, "insee"), (ZONINGS, "COM", 5, "CODGEO")]


@pytest.mark.parametrize(("source_id", "name", "line", "column"), SHEETS)
def test_a_renamed_column_of_a_workbook(
    ground: Ground, source_id: str, name: str, line: int, column: str
) -> None:
    def change(rows: list[list[str]]) -> list[list[str]]:
        return [
            _renamed(column, "NEUVE")(row) if number == line else row
            for number, row in enumerate(rows)
        ]

    path = damage(ground.mirror, source_id, workbook(sheet(name, change)))
    rejected(ground, source_id, path.name, f"{column} (absent)", "unknown columns: NEUVE")


@pytest.mark.parametrize(("source_id", "name", "line", "column"), SHEETS)
def test_a_workbook_without_the_sheet(
    ground: Ground, source_id: str, name: str, line: int, column: str
) -> None:
    damage(
        ground.mirror,
        source_id,
        workbook(lambda sheets: {"Feuil1" if n == name else n: s for n, s in sheets.items()}),
    )
    rejected(ground, source_id, ".xlsx", "Feuil1", f"sources/{source_id}.yml", "sheet")


@pytest.mark.parametrize(("source_id", "name", "line", "column"), SHEETS)
def test_a_workbook_whose_sheet_is_empty(
    ground: Ground, source_id: str, name: str, line: int, column: str
) -> None:
    damage(ground.mirror, source_id, workbook(sheet(name, lambda rows: [])))
    rejected(ground, source_id, ".xlsx", f"sources/{source_id}.yml")


def test_geographic_data_without_a_property(ground: Ground) -> None:
    path = damage(
        ground.mirror, CONTOURS, features(lambda all_: [f["properties"].pop("code") for f in all_])
    )
    rejected(ground, CONTOURS, path.name, "code (absent)")


def test_geographic_data_without_features(ground: Ground) -> None:
    path = damage(ground.mirror, CONTOURS, features(lambda all_: all_.clear()))
    rejected(ground, CONTOURS, path.name)


# --- what changes nothing ---


def _upper(names: list[str]) -> list[str]:
    return [name.swapcase() for name in names]


HARMLESS: dict[str, Change] = {
    "columns in another order": cells(reordered),
    "another case of the header": header(_upper),
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "LF": lambda content: content.replace(b"\r\n", b"\n"),
    "all quoted": cells(lambda rows: rows, csv.QUOTE_ALL),
    "quoted where needed": cells(lambda rows: rows, csv.QUOTE_MINIMAL),
    "spaces around the header": header(lambda names: [f" {name} " for name in names]),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("source_id", [COMMUNES, FLOWS])
def test_a_harmless_change(ground: Ground, source_id: str, change: Change) -> None:
    before = ground.table(source_id)
    damage(ground.mirror, source_id, change)
    assert ground.read(source_id)["status"] == "ok"
    assert ground.table(source_id).equals(before)


@pytest.mark.parametrize(
    ("source_id", "name", "line"), [(EPCI, "Epcicom2025", 0), (ZONINGS, "COM", 5)]
)
def test_columns_of_a_workbook_in_another_order(
    ground: Ground, source_id: str, name: str, line: int
) -> None:
    before = ground.table(source_id)
    damage(
        ground.mirror,
        source_id,
        workbook(
            sheet(
                name,
                lambda rows: [*rows[:line], _upper(rows[line])[::-1], *reordered(rows[line + 1 :])],
            )
        ),
    )
    assert ground.read(source_id)["status"] == "ok"
    assert ground.table(source_id).equals(before)


def test_a_byte_order_mark_before_a_file_without_header(ground: Ground) -> None:
    before = ground.table(ABROAD)
    damage(ground.mirror, ABROAD, lambda content: b"\xef\xbb\xbf" + content)
    assert ground.read(ABROAD)["status"] == "ok"
    assert ground.table(ABROAD).equals(before)


# --- letters ---


@pytest.mark.parametrize("source_id", [COMMUNES, POPULATIONS, FLOWS, PROGRAMMES])
def test_another_encoding(ground: Ground, source_id: str) -> None:
    damage(ground.mirror, source_id, lambda c: c.decode().encode("latin-1", "replace"))
    rejected(ground, source_id, ".csv", "utf-8")


@pytest.mark.parametrize(("source_id", "column"), [(COMMUNES, "LIBELLE"), (FLOWS, "L_DCLT")])
def test_one_stray_byte_far_in_the_file(ground: Ground, source_id: str, column: str) -> None:
    marked = cells(with_cell(column, "Ch§tel", line=701))
    damage(ground.mirror, source_id, lambda c: marked(c).replace("§".encode(), b"\xe2"))
    rejected(ground, source_id, ".csv", "Line: 701", "utf-8")


@pytest.mark.parametrize("source_id", PLAIN)
def test_sixteen_bits_a_letter(ground: Ground, source_id: str) -> None:
    path = damage(ground.mirror, source_id, lambda c: c.decode().encode("utf-16"))
    rejected(ground, source_id, path.name, "no text")


@pytest.mark.parametrize("source_id", PLAIN)
def test_another_separator(ground: Ground, source_id: str) -> None:
    path = damage(ground.mirror, source_id, text(lambda t: t.replace(",", ";")))
    rejected(ground, source_id, path.name, "absent")
