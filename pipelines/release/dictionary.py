"""Describe every published column, in French and English: as a table to filter, and to read."""

import csv
from pathlib import Path

from pipelines.catalogue.tables import ColumnSpec, Table
from pipelines.catalogue.units import units

_HEADER = [
    "table",
    "column",
    "type",
    "unit",
    "unit_fr",
    "unit_en",
    "can_be_empty",
    "in_key",
    "minimum",
    "maximum",
    "values",
    "description_fr",
    "description_en",
]
# A list of values longer than this is that of a table: it is not written out to be read.
_FEW = 12


def write_dictionary(folder: Path, published: list[Table]) -> list[Path]:
    """Write `dictionary.csv` and `dictionary.md`; a row per table and column.

    Returns:
        The two files.
    """
    as_csv, as_text = folder / "dictionary.csv", folder / "dictionary.md"
    with as_csv.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(_row(table, column) for table in published for column in table.columns)
    as_text.write_text(_text(published), encoding="utf-8")
    return [as_csv, as_text]


def _row(table: Table, column: ColumnSpec) -> list[object]:
    unit = units()[column.unit] if column.unit else None
    return [
        table.name,
        column.name,
        column.type,
        column.unit,
        unit and unit.fr,
        unit and unit.en,
        str(column.nullable).lower(),
        str(column.name in table.key).lower(),
        column.minimum,
        column.maximum,
        ", ".join(column.values or []),
        column.description.fr,
        column.description.en,
    ]


def _text(published: list[Table]) -> str:
    lines = [
        "# Dictionnaire · Dictionary",
        "",
        "Les colonnes de chaque table. Une clé (●) nomme une ligne une seule fois ; une colonne "
        "dont le type finit par « ? » peut être vide.",
        "",
        "The columns of each table. A key (●) names a row once; a column whose type ends in “?” "
        "can be empty.",
    ]
    for table in published:
        lines += ["", f"## {table.name}", "", f"{table.title.fr}.", "", f"{table.title.en}.", ""]
        lines += ["| | colonne | type | unité | français | English |", "|---|---|---|---|---|---|"]
        lines += [_line(table, column) for column in table.columns]
    return "\n".join(lines) + "\n"


def _line(table: Table, column: ColumnSpec) -> str:
    values = column.values or []
    listed = f" ({', '.join(values)})" if 0 < len(values) <= _FEW else ""
    cells = [
        "●" if column.name in table.key else "",
        f"`{column.name}`",
        column.type + ("?" if column.nullable else ""),
        units()[column.unit].fr if column.unit else "",
        column.description.fr + listed,
        column.description.en,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
