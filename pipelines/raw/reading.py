"""Read a publisher's file into a typed table, as its YAML says, or say all that does not fit."""

import csv
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.sources import Column, Source, SourceTable, Vintage
from pipelines.catalogue.tables import Table
from pipelines.disk import disk_errors
from pipelines.errors import RejectedError, first
from pipelines.raw.unpacking import unpack
from pipelines.store import Store


@dataclass(frozen=True)
class Reading:
    """One table to read: which source, which vintage, from which file at hand."""

    source: Source
    vintage: Vintage
    name: str
    path: Path
    complete: bool

    @property
    def table(self) -> SourceTable:
        """The layout of the table."""
        return self.source.tables[self.name]

    @property
    def yaml(self) -> str:
        """Where the layout is declared, for messages."""
        return f"sources/{self.source.id}.yml, tables.{self.name}"


# Bounds of longitude and latitude, lowest then highest.
DEGREES = (180, 90, 180, 90)


def read_table(reading: Reading, table: Table, store: Store) -> int:
    """Read one table of a source into the store, and say how many rows it has.

    Raises:
        RejectedError: the file is not as declared: encoding, columns, values, key, number of
            rows. One message holds all that was found.
    """
    file = reading.source.files[reading.table.file]
    with (
        disk_errors(Path(tempfile.gettempdir())),
        tempfile.TemporaryDirectory(prefix="metabolisme-") as scratch,
        duckdb.connect() as con,
    ):
        path = unpack(reading.path, file.format, reading.table.member, Path(scratch))
        opened = _open(con, path, file.format, reading, Path(scratch))
        columns = _match(opened.header, reading)
        try:
            con.execute(
                f"create table typed as select {_select(columns, reading)} from {opened.relation}",
                opened.parameters,
            )
        except duckdb.Error as error:
            raise _broken(reading, path, str(error)) from error
        if problems := _problems(con, columns, reading):
            raise RejectedError(
                f"{reading.source.id}: the values of {path.name} are not as declared",
                where=f"{path.name}; {reading.yaml}",
                found="; ".join(problems),
                todo="fetch the file again; if the publisher changed it, mend the YAML",
            )
        names = ", ".join(f'"{name}"' for name in table.column_names)
        return store.write(con, table, f"select {names} from typed", notes={"file": path.name})


# --- opening: whatever the format, text columns c0, c1… and their header ---


@dataclass(frozen=True)
class Opened:
    """What to select from (columns c0, c1…), its parameters, and the header of the file."""

    relation: str
    parameters: dict[str, Any]
    header: list[str]


def _open(
    con: duckdb.DuckDBPyConnection, path: Path, file_format: str, reading: Reading, scratch: Path
) -> Opened:
    if file_format == "csv":
        return _open_csv(path, reading, scratch)
    arrow = _sheet(path, reading) if file_format == "xlsx" else _shapes(path, reading)
    names = list(arrow.column_names)
    con.register("frame", arrow.rename_columns([f"c{i}" for i in range(len(names))]))
    return Opened("frame", {}, [_clean(name) for name in names])


def _open_csv(path: Path, reading: Reading, scratch: Path) -> Opened:
    table = reading.table
    path = _as_utf8(path, table.encoding, reading, scratch)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            for _ in range(table.skip):
                lines.readline()
            first_line = next(csv.reader(lines, delimiter=table.delimiter))
        except (UnicodeDecodeError, StopIteration, csv.Error) as error:
            raise _broken(reading, path, str(error) or "no line at all") from error
    _check_last_line(path, reading)
    return Opened(
        "read_csv($path, columns = $columns, header = $header, skip = $skip, delim = $delimiter,"
        " quote = '\"', escape = '\"', nullstr = '', auto_detect = false, strict_mode = true)",
        {
            "path": str(path),
            "columns": {f"c{i}": "VARCHAR" for i in range(len(first_line))},
            "header": table.header,
            "skip": table.skip,
            "delimiter": table.delimiter,
        },
        [_clean(name) for name in first_line]
        if table.header
        else [str(i + 1) for i in range(len(first_line))],
    )


def _as_utf8(path: Path, encoding: str, reading: Reading, scratch: Path) -> Path:
    """The file itself, or rewritten in UTF-8, which is what DuckDB reads (and checks)."""
    if encoding == "utf-8":
        return path
    target = scratch / f"{path.stem}.utf8.csv"
    try:
        with (
            path.open(encoding=encoding, newline="") as read,
            target.open("w", encoding="utf-8", newline="") as written,
        ):
            while chunk := read.read(1 << 22):
                written.write(chunk)
    except UnicodeDecodeError as error:
        raise RejectedError(
            f"{reading.source.id}: {path.name} is not in the declared encoding",
            where=f"{path.name}, about byte {error.start} of a block",
            expected=encoding,
            found=f"byte 0x{error.object[error.start]:02x}",
            todo=f"if the publisher changed it, mend {reading.yaml}.encoding",
        ) from error
    return target


def _check_last_line(path: Path, reading: Reading) -> None:
    # A file cut in its last line would otherwise end on a number that looks right.
    with path.open("rb") as content:
        content.seek(-1, io.SEEK_END)
        if content.read(1) != b"\n":
            raise RejectedError(
                f"{reading.source.id}: {path.name} ends in the middle of a line",
                where=path.name,
                expected="a line break at the end",
                found="none: the file was probably cut short",
                todo="fetch it again",
            )


def _sheet(path: Path, reading: Reading) -> Any:
    import fastexcel
    import pyarrow as pa

    try:
        workbook = fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise _broken(reading, path, str(error)) from error
    wanted = reading.table.sheet or ".*"
    sheets = [name for name in workbook.sheet_names if re.fullmatch(wanted, name, re.IGNORECASE)]
    if len(sheets) != 1:
        raise RejectedError(
            f"{reading.source.id}: the workbook does not have the sheet we read",
            where=path.name,
            expected=wanted,
            found=first(workbook.sheet_names, 20),
            todo=f"mend {reading.yaml}.sheet",
        )
    try:
        sheet = workbook.load_sheet(sheets[0], header_row=reading.table.skip, dtypes="string")
        rows = pa.table(sheet.to_arrow())
    except fastexcel.FastExcelError as error:
        raise _broken(reading, path, f"sheet {sheets[0]}: {error}") from error
    if not rows.column_names:
        raise _broken(
            reading, path, f"sheet {sheets[0]} has no header on line {reading.table.skip + 1}"
        )
    return rows


def _shapes(path: Path, reading: Reading) -> Any:
    import pyarrow as pa
    import pyogrio
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        _, features = pyogrio.read_arrow(path)
    except (DataSourceError, DataLayerError) as error:
        raise _broken(reading, path, str(error)) from error
    if not features.num_rows:
        raise _broken(reading, path, "no shape at all")
    bounds = shapely.total_bounds(shapely.from_wkb(features["wkb_geometry"].to_numpy())).tolist()
    if not all(abs(bound) <= limit for bound, limit in zip(bounds, DEGREES, strict=True)):
        raise RejectedError(
            f"{reading.source.id}: the shapes of {path.name} are not in degrees",
            where=f"{path.name}; {reading.yaml}, geometry",
            expected="longitudes within 180, latitudes within 90 (WGS 84)",
            found=f"shapes from {bounds[:2]} to {bounds[2:]}",
            todo="take the file in WGS 84",
        )
    names = ["geometry" if name == "wkb_geometry" else name for name in features.column_names]
    # Without the field metadata, DuckDB sees plain bytes and not a geometry.
    plain = [features.column(i).cast(features.schema.field(i).type) for i in range(len(names))]
    return pa.table(plain, names=names)


def _clean(header: str) -> str:
    # A second byte-order mark can stand inside the header line (exports of ODRÉ).
    return header.replace("\ufeff", "").strip()


# --- matching the columns of the file with the declared ones ---


def _match(header: list[str], reading: Reading) -> dict[int, Column]:
    """Position in the file -> column; every other column of the file must be a known one."""
    year = reading.vintage.year
    found: dict[int, Column] = {}
    missing = []
    for column in reading.table.columns:
        at = [i for i, name in enumerate(header) if column.matches(name, year)]
        if len(at) == 1:
            found[at[0]] = column
        elif not (column.missing and not at):
            missing.append(f"{column.expected(year)} ({'absent' if not at else 'several times'})")
    unknown = [
        name
        for i, name in enumerate(header)
        if i not in found
        and not any(re.fullmatch(p, name, re.IGNORECASE) for p in reading.table.ignored)
    ]
    if missing or unknown:
        raise RejectedError(
            f"{reading.source.id}: the columns of the file are not the declared ones",
            where=f"{reading.path.name}; {reading.yaml}.columns",
            expected=first(missing, 20) if missing else "no other column than the declared ones",
            found=(f"unknown columns: {first(unknown, 20)}" if unknown else "")
            + f" (the file has: {first(header, 12)})",
            todo="if the publisher renamed or added a column, mend `columns` or `ignored` there",
        )
    return found


def _select(columns: dict[int, Column], reading: Reading) -> str:
    parts = []
    for position, column in columns.items():
        text = f"nullif(trim(c{position}), '')"
        for mark in column.null_marks:
            text = f"nullif({text}, {_literal(mark)})"
        parts.append(f'{_typed(text, column, position, reading.table.decimal)} as "{column.name}"')
        if column.type in ("number", "integer", "date"):
            # What could not be read stays visible until it has been reported.
            parts.append(
                f'case when "{column.name}" is null then {text} end as "unread {column.name}"'
            )
    absent = [c for c in reading.table.columns if c not in columns.values()]
    parts += [f'null as "{column.name}"' for column in absent]
    return ", ".join(parts)


def _typed(text: str, column: Column, position: int, decimal: str) -> str:
    match column.type:
        case "commune":
            lost = f"length({text}) = 4 and regexp_full_match({text}, '\\d{{4}}')"
            return f"case when {lost} then '0' || {text} else {text} end"
        case "number":
            number = f"replace({text}, ',', '.')" if decimal == "," else text
            # NaN and infinity are numbers to DuckDB; to us they are text that is none.
            value = f"try_cast({number} as double)"
            return f"case when isfinite({value}) then {value} end"
        case "integer":
            whole = f"regexp_full_match({text}, '[+-]?\\d+')"
            return f"case when {whole} then try_cast({text} as bigint) end"
        case "date":
            return f"try_cast({text} as date)"
        case "geometry":
            return f"c{position}"
        case _:
            return text


# --- what is wrong with the values ---


def _problems(
    con: duckdb.DuckDBPyConnection, columns: dict[int, Column], reading: Reading
) -> list[str]:
    problems = []
    counted = con.execute("select count(*) from typed").fetchall()[0][0]
    bounds = reading.table.rows
    if counted == 0 or counted > bounds.max or (reading.complete and counted < bounds.min):
        problems.append(f"{counted:,} rows (expected {bounds.min:,} to {bounds.max:,})")
    for column in columns.values():
        if column.type in ("number", "integer", "date"):
            problems += _offenders(
                con,
                f'"unread {column.name}" is not null',
                f"unread {column.name}",
                column,
                f"not a {column.type}",
                reading,
            )
        if column.minimum is not None:
            problems += _offenders(
                con,
                f'"{column.name}" < {column.minimum}',
                column.name,
                column,
                f"below {column.minimum:g}",
                reading,
            )
        if column.maximum is not None:
            problems += _offenders(
                con,
                f'"{column.name}" > {column.maximum}',
                column.name,
                column,
                f"above {column.maximum:g}",
                reading,
            )
        if column.required or column.name in reading.table.key:
            problems += _offenders(
                con, f'"{column.name}" is null', column.name, column, "empty", reading
            )
    return problems + _duplicates(con, reading)


def _offenders(
    con: duckdb.DuckDBPyConnection,
    condition: str,
    shown: str,
    column: Column,
    said: str,
    reading: Reading,
) -> list[str]:
    total = con.execute(f"select count(*) from typed where {condition}").fetchall()[0][0]
    if not total:
        return []
    line = reading.table.skip + (1 if reading.table.header else 0)
    rows = con.execute(
        f"select line + {line}, value from (select row_number() over () as line,"
        f' "{shown}" as value, {condition} as bad from typed) where bad limit 3'
    ).fetchall()
    where = ", ".join(f"line {number}: {value!r}" for number, value in rows)
    return [f"{column.expected(reading.vintage.year)}: {total:,} value(s) {said} ({where})"]


def _duplicates(con: duckdb.DuckDBPyConnection, reading: Reading) -> list[str]:
    if not reading.table.key:
        return []
    key = ", ".join(f'"{name}"' for name in reading.table.key)
    filled = " and ".join(f'"{name}" is not null' for name in reading.table.key)
    count = f"select count(*) - count(distinct ({key})) from typed where {filled}"
    if not con.execute(count).fetchall()[0][0]:
        return []
    rows = con.execute(
        f"select {key}, count(*) from typed where {filled}"
        " group by all having count(*) > 1 order by all limit 3"
    ).fetchall()
    shown = "; ".join(f"{', '.join(map(str, row[:-1]))}: {row[-1]} times" for row in rows)
    return [f"the key ({key}) repeats: {shown}"]


def _broken(reading: Reading, path: Path, said: str) -> RejectedError:
    expected = f"a whole file of format {reading.source.files[reading.table.file].format}"
    if path.suffix.lower() == ".csv":
        expected += f", separated by {reading.table.delimiter!r}"
    return RejectedError(
        f"{reading.source.id}: {path.name} cannot be read",
        where=f"{path.name}; {reading.yaml}",
        expected=expected,
        found=re.sub(r"\s+", " ", said)[:400],
        todo="fetch it again; if the publisher changed its layout, mend the YAML",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
