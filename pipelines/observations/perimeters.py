"""The user's perimeters: a CSV of lists of communes, old codes accepted."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.errors import MetabolismeError, first
from pipelines.store import Store

HEADER = ["perimeter_code", "perimeter_name", "commune_code"]
READS = frozenset({"commune_passage"})


def write_user_perimeters(store: Store, path: Path | None, cog_year: int) -> int:
    """Make `user_perimeters` from a CSV `perimeter_code,perimeter_name,commune_code`.

    Commas or semicolons, UTF-8. A commune code of any year is accepted: it stands for its
    successors. A code whose leading zero a spreadsheet has eaten gets it back.

    Raises:
        MetabolismeError: all that is wrong with the file, in one message.
    """
    table = tables()["user_perimeters"]
    if path is None:
        return store.write_empty(table)
    lines = _read(path)
    problems = _problems(lines, _known_codes(store, cog_year))
    if problems:
        raise MetabolismeError(
            "the perimeter file cannot be used",
            where=str(path),
            expected=",".join(HEADER) + ", one line per commune of each perimeter",
            found="; ".join(problems),
            todo="mend these lines and run again",
        )
    return engine.write_records(
        table,
        store,
        [dict(zip(("code", "name", "source_code"), line.values, strict=True)) for line in lines],
    )


@dataclass(frozen=True)
class Line:
    """One line of the file: its number, and its cells."""

    number: int
    cells: list[str]

    @property
    def fits(self) -> bool:
        """Whether it has three cells, all filled."""
        return len(self.cells) == len(HEADER) and all(self.cells)

    @property
    def values(self) -> tuple[str, str, str]:
        """Code and name of the perimeter, and code of the commune."""
        code, name, commune = self.cells
        return code, name, _commune(commune)


def _read(path: Path) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MetabolismeError(
            "the perimeter file cannot be read",
            where=str(path),
            expected="a CSV file in UTF-8",
            found=str(error),
            todo="save it as CSV UTF-8",
        ) from error
    header = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if ";" in header else ",", strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows += ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
    except csv.Error as error:
        raise MetabolismeError(
            "the perimeter file is not well-formed CSV",
            where=str(path),
            expected="a line per commune; a quote that opens also closes",
            found=f"{error}, on line(s) {len(rows) and rows[-1][0] + 1} to {reader.line_num}",
            todo="mend that line",
        ) from error
    if not rows or [name.lower() for name in rows[0][1]] != HEADER:
        raise MetabolismeError(
            "the perimeter file does not have the columns of one",
            where=f"{path}, line 1",
            expected=",".join(HEADER),
            found=header.strip() or "an empty file",
            todo="rename the columns",
        )
    return [Line(number, cells) for number, cells in rows[1:] if any(cells)]


def _commune(code: str) -> str:
    return f"0{code}" if len(code) == 4 and code.isdigit() else code


def _known_codes(store: Store, cog_year: int) -> set[str]:
    with engine.connection(store) as con:
        engine.attach(con, store, READS)
        rows = con.execute(
            "select source_code from commune_passage"
            " where cog_year = $year and commune_code is not null",
            {"year": cog_year},
        ).fetchall()
    return {row[0] for row in rows}


def _problems(lines: list[Line], known: set[str]) -> list[str]:
    problems = [] if lines else ["no line below the header"]
    if odd := [line.number for line in lines if not line.fits]:
        problems.append(f"an empty cell, or more or fewer than three, on line(s) {first(odd)}")
    values = [line.values for line in lines if line.fits]
    if strange := sorted({commune for _, _, commune in values} - known):
        problems.append(f"unknown commune(s): {first(strange, 10)}")
    counted = Counter((code, commune) for code, _, commune in values)
    if twice := [f"{code}/{commune}" for (code, commune), n in counted.items() if n > 1]:
        problems.append(f"commune(s) given twice for a perimeter: {first(twice, 10)}")
    names: dict[str, set[str]] = {}
    for code, name, _ in values:
        names.setdefault(code, set()).add(name)
    if several := [code for code, given in names.items() if len(given) > 1]:
        problems.append(f"perimeter(s) with several names: {first(several, 10)}")
    return problems
