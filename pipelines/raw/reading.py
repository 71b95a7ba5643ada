"""Read a publisher's file into a typed table, as its YAML says, or say all that does not fit."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from pipelines import engine, paths
from pipelines.catalogue.loading import line_of
from pipelines.catalogue.sources import Column, Source, SourceTable, Vintage
from pipelines.catalogue.tables import Table
from pipelines.disk import disk_errors
from pipelines.errors import RejectedError, first
from pipelines.raw.unpacking import format_of, unpack
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

    def yaml(self, *keys: str | int) -> str:
        """Where a part of the layout is declared, for messages: file, field and line."""
        file = paths.SOURCES / f"{self.source.id}.yml"
        named = ".".join(["tables", self.name, *(key for key in keys if isinstance(key, str))])
        line = line_of(file, "tables", self.name, *keys)
        return f"sources/{file.name}, {named}" + (f" (line {line})" if line else "")

    def yaml_of(self, column: Column) -> str:
        """Where a column is declared."""
        if column not in self.table.columns:
            return self.yaml("long")
        return self.yaml("columns", self.table.columns.index(column))


# Bounds of longitude and latitude, lowest then highest.
DEGREES = (180, 90, 180, 90)
# Lines among which a header is looked for.
_HEADER_WITHIN = 50


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
        engine.limit_memory(con, Path(scratch, "spill"))
        path = unpack(reading.path, file.formats, reading.table.member, Path(scratch))
        opened = _open(con, path, format_of(path, file.formats), reading, Path(scratch))
        found = _match(opened, reading)
        try:
            con.execute(
                f"create table typed as {_query(opened.relation, found, reading)}",
                opened.parameters,
            )
        except duckdb.Error as error:
            raise _broken(reading, path, str(error)) from error
        if problems := _problems(con, found, reading):
            raise RejectedError(
                f"{reading.source.id}: the values of {path.name} are not as declared",
                where=f"{path.name}; {reading.yaml()}",
                found="; ".join(problems),
                todo="fetch the file again; if the publisher changed it, mend the YAML",
            )
        names = ", ".join(f'"{name}"' for name in table.column_names)
        return store.write(con, table, f"select {names} from typed", notes={"file": path.name})


# --- opening: whatever the format, text columns c0, c1… and their header ---


@dataclass(frozen=True)
class Opened:
    """What to select from (columns c0, c1…), its parameters, and the header of the file.

    `skip` is how many lines stand above the header.
    """

    relation: str
    parameters: dict[str, Any]
    header: list[str]
    skip: int = 0


def _open(
    con: duckdb.DuckDBPyConnection, path: Path, file_format: str, reading: Reading, scratch: Path
) -> Opened:
    match file_format:
        case "csv":
            return _open_csv(path, reading, scratch)
        case "json":
            return _open_json(con, path, reading)
        case "parquet":
            return _open_parquet(con, path, reading)
    arrow, skip = (_shapes(path, reading), 0) if file_format == "geojson" else _sheet(path, reading)
    names = list(arrow.column_names)
    con.register("frame", arrow.rename_columns([f"c{i}" for i in range(len(names))]))
    return Opened("frame", {}, [_clean(name) for name in names], skip)


def _header_line(lines: Iterable[Sequence[str | None]], reading: Reading) -> int:
    """How many lines stand above the header, known by the name of the first column declared."""
    column, year = reading.table.columns[0], reading.vintage.year
    for above, cells in enumerate(islice(lines, _HEADER_WITHIN)):
        if any(cell and column.matches(_clean(cell), year) for cell in cells):
            return above
    raise RejectedError(
        f"{reading.source.id}: the header of {reading.path.name} is not found",
        where=f"{reading.path.name}; {reading.yaml_of(column)}",
        expected=f"{column.expected(year)} in one of the first {_HEADER_WITHIN} lines",
        found="no such cell",
        todo="if the publisher renamed the column, mend `columns` there",
    )


def _open_csv(path: Path, reading: Reading, scratch: Path) -> Opened:
    table = reading.table
    path = _as_utf8(path, reading, scratch)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            skip = table.skip
            if skip == "found":
                skip = _header_line(_cells(lines, table.delimiter), reading)
                lines.seek(0)
            for _ in range(skip):
                lines.readline()
            delimiter, first_line = _first_line(lines, table.delimiter)
        except (UnicodeDecodeError, StopIteration, csv.Error) as error:
            raise _broken(reading, path, str(error) or "no line at all") from error
    if not table.last_line_open:
        _check_last_line(path, reading)
    return Opened(
        "read_csv($path, columns = $columns, header = $header, skip = $skip, delim = $delimiter,"
        " quote = '\"', escape = '\"', nullstr = '', auto_detect = false, strict_mode = true)",
        {
            "path": str(path),
            "columns": {f"c{i}": "VARCHAR" for i in range(len(first_line))},
            "header": table.header,
            "skip": skip,
            "delimiter": delimiter,
        },
        [_clean(name) for name in first_line]
        if table.header
        else [str(i + 1) for i in range(len(first_line))],
        skip,
    )


def _cells(lines: Iterator[str], delimiters: str | list[str]) -> Iterator[list[str]]:
    """The cells of every line, whichever of the delimiters allowed parts them."""
    allowed = [delimiters] if isinstance(delimiters, str) else delimiters
    for line in lines:
        yield [cell for d in allowed for row in csv.reader([line], delimiter=d) for cell in row]


def _first_line(lines: Iterator[str], delimiters: str | list[str]) -> tuple[str, list[str]]:
    """The delimiter of a file (of those allowed, the one that splits it most) and its header."""
    record = [next(lines)]
    while "".join(record).count('"') % 2:  # a header may break its line inside quotes
        record.append(next(lines))
    split = {
        delimiter: next(csv.reader(iter(record), delimiter=delimiter))
        for delimiter in ([delimiters] if isinstance(delimiters, str) else delimiters)
    }
    return max(split.items(), key=lambda item: len(item[1]))


def _as_utf8(path: Path, reading: Reading, scratch: Path) -> Path:
    """The file itself, or rewritten in UTF-8, which is what DuckDB reads (and checks).

    Of several encodings declared, the first that fits; the file itself if UTF-8 is the only one.
    """
    declared = reading.table.encoding
    encodings = [declared] if isinstance(declared, str) else declared
    if encodings == ["utf-8"]:
        return path
    target = scratch / f"{path.stem}.utf8.csv"
    for encoding in encodings:
        try:
            with (
                path.open(encoding=encoding, newline="") as read,
                target.open("w", encoding="utf-8", newline="") as written,
            ):
                while chunk := read.read(1 << 22):
                    written.write(chunk)
            return target
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x}"
            place = f"{path.name}, about byte {error.start} of a block"
    raise RejectedError(
        f"{reading.source.id}: {path.name} is not in the declared encoding",
        where=place,
        expected=" or ".join(encodings),
        found=found,
        todo=f"if the publisher changed it, mend {reading.yaml('encoding')}",
    )


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
                todo=f"fetch it again; if it always ends so: last_line_open in {reading.yaml()}",
            )


def _open_json(con: duckdb.DuckDBPyConnection, path: Path, reading: Reading) -> Opened:
    # One object holds all rows: it may be as large as the file.
    rows = (
        f"(select unnest({_name(reading.table.records)}) as r from read_json($path, columns ="
        f" {{{_literal(reading.table.records)}: 'JSON[]'}}, format = 'unstructured',"
        " maximum_object_size = $limit))"
    )
    parameters = {"path": str(path), "limit": max(path.stat().st_size + 1, 1 << 20)}
    try:
        first_row = con.execute(f"select json_keys(r) from {rows} limit 1", parameters).fetchall()
    except duckdb.Error as error:
        raise _broken(reading, path, str(error)) from error
    header = first_row[0][0] if first_row else []
    if not header:
        raise _broken(reading, path, f"no row under “{reading.table.records}”")
    cells = ", ".join(f"r->>{_literal(name)} as c{i}" for i, name in enumerate(header))
    return Opened(f"(select {cells} from {rows})", parameters, [_clean(name) for name in header])


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, reading: Reading) -> Opened:
    parameters = {"path": str(path)}
    try:
        con.execute("describe select * from read_parquet($path)", parameters)
        columns = [(row[0], row[1]) for row in con.fetchall()]
    except duckdb.Error as error:
        raise _broken(reading, path, str(error)) from error
    # A code kept as a floating-point number reads `1.0`.
    cells = ", ".join(
        f"regexp_replace({_name(name)}::varchar, '\\.0$', '') as c{i}"
        if kind in ("DOUBLE", "FLOAT")
        else f"{_name(name)}::varchar as c{i}"
        for i, (name, kind) in enumerate(columns)
    )
    return Opened(
        f"(select {cells} from read_parquet($path))", parameters, [_clean(n) for n, _ in columns]
    )


def _sheet(path: Path, reading: Reading) -> tuple[Any, int]:
    """A sheet as a table of text, and how many lines stand above its header."""
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
            todo=f"mend {reading.yaml('sheet')}",
        )
    try:
        skip = reading.table.skip
        if skip == "found":
            top = workbook.load_sheet(
                sheets[0], header_row=None, skip_rows=0, n_rows=_HEADER_WITHIN, dtypes="string"
            )
            columns = pa.table(top.to_arrow()).to_pydict().values()
            skip = _header_line(zip(*columns, strict=True), reading)
        sheet = workbook.load_sheet(sheets[0], header_row=skip, dtypes="string")
        rows = pa.table(sheet.to_arrow())
    except fastexcel.FastExcelError as error:
        raise _broken(reading, path, f"sheet {sheets[0]}: {error}") from error
    if not rows.column_names:
        raise _broken(reading, path, f"sheet {sheets[0]} has no header on line {skip + 1}")
    return rows, skip


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
            where=f"{path.name}; {reading.yaml()}, geometry",
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


@dataclass(frozen=True)
class Found:
    """Where the file has what the YAML declares.

    Attributes:
        columns: position in the file -> column.
        long: position in the file -> what its header says, by group of the `long` pattern.
        above: lines above the first row, the header included.
    """

    columns: dict[int, Column]
    long: dict[int, dict[str, str]]
    above: int


def _match(opened: Opened, reading: Reading) -> Found:
    """Find the declared columns; every other column of the file must be a known one."""
    header, year, table = opened.header, reading.vintage.year, reading.table
    columns: dict[int, Column] = {}
    missing, mend = [], []
    for column in table.columns:
        at = [i for i, name in enumerate(header) if column.matches(name, year)]
        if len(at) == 1:
            columns[at[0]] = column
        elif not (column.missing and not at):
            missing.append(f"{column.expected(year)} ({'absent' if not at else 'several times'})")
            mend.append(reading.yaml_of(column))
    long = {}
    if table.long:
        pattern = re.compile(table.long.pattern, re.IGNORECASE)
        long = {
            i: met.groupdict()
            for i, name in enumerate(header)
            if i not in columns and (met := pattern.fullmatch(name))
        }
        if not long:
            missing.append(f"any column like {table.long.pattern}")
            mend.append(reading.yaml("long"))
    unknown = [
        name
        for i, name in enumerate(header)
        if i not in columns
        and i not in long
        and not any(re.fullmatch(p, name, re.IGNORECASE) for p in table.ignored)
    ]
    if unknown:
        mend.append(reading.yaml("ignored" if table.ignored else "columns"))
    if missing or unknown:
        raise RejectedError(
            f"{reading.source.id}: the columns of the file are not the declared ones",
            where=f"{reading.path.name}; {first(mend, 5)}",
            expected=first(missing, 20) if missing else "no other column than the declared ones",
            found=(f"unknown columns: {first(unknown, 20)}" if unknown else "")
            + f" (the file has: {first(header, 12)})",
            todo="if the publisher renamed or added a column, mend `columns` or `ignored` there",
        )
    return Found(columns, long, opened.skip + (1 if table.header else 0))


def _query(relation: str, found: Found, reading: Reading) -> str:
    """The rows as declared: typed, long where asked, without blank or repeated rows."""
    table = reading.table
    if table.long:
        cells = ", ".join(
            "{"
            + ", ".join(f"{_name(k)}: {_literal(v)}" for k, v in groups.items())
            + f", cell: c{position}}}"
            for position, groups in found.long.items()
        )
        relation = f"(select *, unnest([{cells}], recursive := true) from {relation})"
        kept = ["nullif(trim(cell), '') is not null"]
    else:
        kept = []
    if table.blank_rows:
        kept.append("(" + " or ".join(f"{_name(k)} is not null" for k in table.key) + ")")
    where = f" where {' and '.join(kept)}" if kept else ""
    distinct = "distinct " if table.distinct else ""
    return f"select {distinct}{_select(found, reading)} from {relation}{where}"


def _select(found: Found, reading: Reading) -> str:
    table = reading.table
    texts = [(f"c{position}", column) for position, column in found.columns.items()]
    if table.long:
        texts.append(("cell", table.long.value))
    parts = []
    for cell, column in texts:
        text = f"nullif(trim({cell}), '')"
        for mark in column.null_marks:
            text = f"nullif({text}, {_literal(mark)})"
        value = cell if column.type == "geometry" else _typed(text, column, table.decimal)
        parts.append(f"{value} as {_name(column.name)}")
        if column.type in ("number", "integer", "date"):
            # What could not be read stays visible until it has been reported.
            unread = f"case when {_name(column.name)} is null then {text} end"
            parts.append(f"{unread} as {_name('unread ' + column.name)}")
    parts += [_name(group) for group in (table.long.groups if table.long else [])]
    absent = [c for c in table.columns if c not in found.columns.values()]
    return ", ".join(parts + [f"null as {_name(column.name)}" for column in absent])


def _typed(text: str, column: Column, decimal: str) -> str:
    match column.type:
        case "commune":
            lost = f"length({text}) = 4 and regexp_full_match({text}, '\\d{{4}}')"
            return f"case when {lost} then '0' || {text} else {text} end"
        case "code":
            # Numbered codes that went through a spreadsheet.
            return f"case when {text} like '%.0' then {text}[:-3] else {text} end"
        case "number":
            number = f"replace({text}, ',', '.')" if decimal == "," else text
            # Thousands can be apart by a space that does not break.
            apart = f"regexp_replace({number}, '[\\x{{00A0}}\\x{{202F}}]', '', 'g')"
            value = f"coalesce(try_cast({number} as double), try_cast({apart} as double))"
            # NaN and infinity are numbers to DuckDB; to us they are text that is none.
            return f"case when isfinite({value}) then {value} end"
        case "integer":
            whole = f"regexp_full_match({text}, '[+-]?\\d+')"
            return f"case when {whole} then try_cast({text} as bigint) end"
        case "date":
            return f"try_cast({text} as date)"
        case _:
            return text


# --- what is wrong with the values ---


def _problems(con: duckdb.DuckDBPyConnection, found: Found, reading: Reading) -> list[str]:
    problems = []
    counted = con.execute("select count(*) from typed").fetchall()[0][0]
    bounds = reading.table.rows
    if counted == 0 or counted > bounds.max or (reading.complete and counted < bounds.min):
        problems.append(f"{counted:,} rows (expected {bounds.min:,} to {bounds.max:,})")
    columns = list(found.columns.values())
    for column in columns + ([reading.table.long.value] if reading.table.long else []):
        if column.type in ("number", "integer", "date"):
            problems += _offenders(
                con,
                f'"unread {column.name}" is not null',
                f"unread {column.name}",
                column,
                f"not a {column.type}",
                reading,
                found.above,
            )
        if column.minimum is not None:
            problems += _offenders(
                con,
                f'"{column.name}" < {column.minimum}',
                column.name,
                column,
                f"below {column.minimum:g}",
                reading,
                found.above,
            )
        if column.maximum is not None:
            problems += _offenders(
                con,
                f'"{column.name}" > {column.maximum}',
                column.name,
                column,
                f"above {column.maximum:g}",
                reading,
                found.above,
            )
        if column.required or column.name in reading.table.key:
            problems += _offenders(
                con, f'"{column.name}" is null', column.name, column, "empty", reading, found.above
            )
    return problems + _duplicates(con, reading)


def _offenders(
    con: duckdb.DuckDBPyConnection,
    condition: str,
    shown: str,
    column: Column,
    said: str,
    reading: Reading,
    above: int,
) -> list[str]:
    total = con.execute(f"select count(*) from typed where {condition}").fetchall()[0][0]
    if not total:
        return []
    rows = con.execute(
        f"select line + {above}, value from (select row_number() over () as line,"
        f' "{shown}" as value, {condition} as bad from typed) where bad limit 3'
    ).fetchall()
    # Where rows were dropped or unfolded, their place in the file is lost.
    placed = not (reading.table.long or reading.table.distinct or reading.table.blank_rows)
    where = ", ".join(f"line {n}: {value!r}" if placed else repr(value) for n, value in rows)
    name, yaml = column.expected(reading.vintage.year), reading.yaml_of(column)
    return [f"{name}: {total:,} value(s) {said} ({where}; {yaml})"]


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
    formats = " or ".join(reading.source.files[reading.table.file].formats)
    expected = f"a whole file of format {formats}"
    if path.suffix.lower() == ".csv":
        expected += f", separated by {reading.table.delimiter!r}"
    return RejectedError(
        f"{reading.source.id}: {path.name} cannot be read",
        where=f"{path.name}; {reading.yaml()}",
        expected=expected,
        found=re.sub(r"\s+", " ", said)[:400],
        todo="fetch it again; if the publisher changed its layout, mend the YAML",
    )


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
