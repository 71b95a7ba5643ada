"""The user's perimeters: a CSV of lists of communes, old codes accepted."""

import csv
from collections import Counter
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
        [{"code": code, "name": name, "source_code": commune} for code, name, commune in lines],
    )


def _read(path: Path) -> list[tuple[str, str, str]]:
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
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in header else ","))
    if not rows or [name.strip().lower() for name in rows[0]] != HEADER:
        raise MetabolismeError(
            "the perimeter file does not have the columns of one",
            where=f"{path}, line 1",
            expected=",".join(HEADER),
            found=header.strip() or "an empty file",
            todo="rename the columns",
        )
    cells = [[cell.strip() for cell in row] + [""] * 3 for row in rows[1:] if any(row)]
    return [(code, name, _commune(commune)) for code, name, commune, *_ in cells]


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


def _problems(lines: list[tuple[str, str, str]], known: set[str]) -> list[str]:
    problems = [] if lines else ["no line below the header"]
    if empty := [n for n, line in enumerate(lines, start=2) if not all(line)]:
        problems.append(f"empty cell on line(s) {first(empty)}")
    if strange := sorted({commune for _, _, commune in lines if commune and commune not in known}):
        problems.append(f"unknown commune(s): {first(strange, 10)}")
    counted = Counter((code, commune) for code, _, commune in lines)
    if twice := [f"{code}/{commune}" for (code, commune), n in counted.items() if n > 1]:
        problems.append(f"commune(s) given twice for a perimeter: {first(twice, 10)}")
    names: dict[str, set[str]] = {}
    for code, name, _ in lines:
        names.setdefault(code, set()).add(name)
    if several := [code for code, given in names.items() if len(given) > 1]:
        problems.append(f"perimeter(s) with several names: {first(several, 10)}")
    return problems
