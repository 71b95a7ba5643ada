"""The sources: what exists, where, in which layout, under which licence (`sources/<id>.yml`)."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines import paths
from pipelines.catalogue.loading import Entry, Text, read_yaml, validate
from pipelines.errors import UsageError, first

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Function = Literal["territory", "cohabit", "food", "energy", "work", "mobility"]
Format = Literal["csv", "xlsx", "xls", "ods", "geojson", "json", "parquet"]
Encoding = Literal["utf-8", "cp1252", "latin-1"]


class Bounds(Entry):
    """Smallest and largest plausible size: bytes of a file, or rows of a table."""

    min: int = Field(ge=0)
    max: int = Field(gt=0)


class Vintage(Entry):
    """One edition of a source.

    Attributes:
        year: the year the figures speak of.
        cog_year: the year of the *code officiel géographique* its commune codes belong to.
        links: the publisher's address of each file (null: none is known).
        sha256: the publisher's own checksum of a file, where it is known.
    """

    year: int = Field(ge=1900, le=2100)
    cog_year: int | None = Field(default=None, ge=1943, le=2100)
    links: dict[str, str | None]
    sha256: dict[str, str] = {}


class SourceFile(Entry):
    """One file of a source: how it is recognised in a mirror, what it must look like.

    Attributes:
        name: pattern of its name in a mirror (as in a shell: `*.zip`).
        format: what it holds, or may hold; it may come in a zip archive, even one inside another.
        optional: the source can be used without it.
    """

    name: str
    format: Format | list[Format]
    bytes: Bounds
    optional: bool = False

    @property
    def formats(self) -> list[Format]:
        """The formats it may have."""
        return self.format if isinstance(self.format, list) else [self.format]


class Column(Entry):
    """One column we use, by its name at the publisher (or a pattern of it).

    In `from` and `pattern`, `{yy}` stands for the two last digits of the vintage's year and
    `{yy-1}` for those of the year before; in a file without header, columns are named `1`, `2`…

    Attributes:
        name: our name.
        type: `code` is text that is never a number; `commune` a code whose lost leading zero is
            given back; `number` follows the table's decimal mark.
        unit: the unit of a number, as in the catalogue of units.
        required: a row without it is an error, as one without a part of the key.
        null_marks: texts that stand for an absent value (secret, not available).
        missing: some vintages do not have the column; it is then empty.
    """

    source_name: str | None = Field(default=None, alias="from")
    pattern: str | None = None
    name: Identifier
    type: Literal["commune", "code", "text", "number", "integer", "date", "geometry"] = "text"
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    null_marks: list[str] = []
    missing: bool = False

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.source_name is None) == (self.pattern is None):
            raise ValueError("a column has either `from` or `pattern`")
        if self.type in ("number", "integer") and self.unit is None:
            raise ValueError("a number has a unit")
        return self

    @property
    def published_name(self) -> str:
        """Its name (or pattern of names) at the publisher, as the YAML writes it."""
        return self.source_name or self.pattern or ""

    def expected(self, year: int) -> str:
        """The name (or pattern of names) of this column in the vintage of `year`."""
        digits = {"{yy}": f"{year % 100:02d}", "{yy-1}": f"{(year - 1) % 100:02d}"}
        return re.sub(r"\{yy(-1)?\}", lambda met: digits[met[0]], self.published_name)

    def matches(self, header: str, year: int) -> bool:
        """Whether a column of the file, by its header, is this one (case does not matter)."""
        if self.source_name is not None:
            return header.casefold() == self.expected(year).casefold()
        return re.fullmatch(self.expected(year), header, re.IGNORECASE) is not None


class Long(Entry):
    """Many columns of one kind, whose headers say what each is about: they become rows.

    Attributes:
        pattern: matches their headers; its named groups become columns of text, so that the
            header `naf23art24` can be read as a year and a use.
        value: the column that holds the cells; an empty cell makes no row.
    """

    pattern: str
    value: Column

    @property
    def groups(self) -> list[str]:
        """The columns that come from the header, in the order of the pattern."""
        return list(re.compile(self.pattern).groupindex)


class SourceTable(Entry):
    """One table read from a file of the source.

    Attributes:
        file: the file it stands in; `member`: pattern of its name inside an archive.
        delimiter, encoding: one, or those that editions differ in (tried in this order).
        header: the first line is a header (without one, columns are taken in order).
        skip: lines above the header (`found`: those above the line that holds the name of the
            first column declared). `sheet`: pattern of the name of a workbook's sheet.
        records: in JSON, the name under which the list of rows stands.
        last_line_open: the publisher ends the file without a line break.
        rows: bounds for a file that covers the whole of France.
        distinct: rows that are the same in every column we read are one row.
        blank_rows: rows without anything in their key are left out; else they are an error.
        key: columns that together name a row once.
        long: columns that become rows.
        ignored: patterns of the columns we know and do not use; any other is an error.
    """

    file: str
    member: str | None = None
    sheet: str | None = None
    delimiter: str | list[str] = ","
    encoding: Encoding | list[Encoding] = "utf-8"
    decimal: Literal[".", ","] = "."
    header: bool = True
    skip: int | Literal["found"] = 0
    records: str = "data"
    last_line_open: bool = False
    rows: Bounds
    distinct: bool = False
    blank_rows: bool = False
    key: list[str] = []
    columns: list[Column]
    long: Long | None = None
    ignored: list[str] = []

    @property
    def all_columns(self) -> list[Column]:
        """The columns of the table as we read it, those made of headers included."""
        if self.long is None:
            return self.columns
        made = [Column(pattern=self.long.pattern, name=name) for name in self.long.groups]
        return [*self.columns, *made, self.long.value]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [c.name for c in self.all_columns]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"columns named twice: {first(twice)}")
        if unknown := set(self.key) - set(names):
            raise ValueError(f"the key names columns that are not there: {first(sorted(unknown))}")
        return self


class Source(Entry):
    """One source of open data, as its publisher distributes it.

    Attributes:
        status: `planned` is known and not read yet: `caveats` say why.
        extent: for whom the publisher's own files are complete, in the words of a manifest.
        measures: what it says of communes; `sql/observations/<id>_measures.sql` brings it out,
            if no query of another table does.
        facts: what it says of territories that is no sum (`sql/ledger/territory_facts.sql`).
        leans_on: sources without which nothing can be made of it.
        grain: what its codes name: communes, or the EPCI of an earlier year.
        required: without it there is no release (geography and population only).
        vintages: by name, as in a mirror; the newest is the last in text order.
    """

    id: Identifier
    title: Text
    publisher: str
    licence: str
    functions: list[Function]
    pages: list[str]
    status: Literal["read", "planned"] = "read"
    extent: str = "france"
    measures: list[str] = []
    facts: list[str] = []
    leans_on: list[str] = []
    grain: Literal["commune", "epci"] = "commune"
    required: bool = False
    vintages: dict[str, Vintage] = {}
    files: dict[str, SourceFile] = {}
    tables: dict[Identifier, SourceTable] = {}
    caveats: list[Text] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [
            f"table {name} reads file {table.file}, which is not declared"
            for name, table in self.tables.items()
            if table.file not in self.files
        ]
        problems += [
            f"vintage {name}: links and files differ ({first(sorted(odd))})"
            for name, vintage in self.vintages.items()
            if (odd := set(vintage.links) ^ set(self.files))
        ]
        if (self.status == "read") != bool(self.vintages):
            problems.append("a source that is read has vintages, a planned one has none")
        if self.status == "planned" and not self.caveats:
            problems.append("a planned source says why in its caveats")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def newest(self) -> str:
        """The name of the newest vintage."""
        return max(self.vintages)

    def vintage(self, name: str) -> Vintage:
        """A vintage by name.

        Raises:
            UsageError: there is none of that name.
        """
        if name not in self.vintages:
            raise UsageError(
                f"{self.id} has no vintage {name}",
                where=f"sources/{self.id}.yml, vintages",
                expected=first(sorted(self.vintages), 20),
                found=name,
                todo="choose one of these, or add the vintage to the YAML",
            )
        return self.vintages[name]


def read_source(path: Path) -> Source:
    """Read and validate one source file.

    Raises:
        CatalogueError: all that does not follow the schema, in one message.
    """
    content = read_yaml(path)
    source = validate(Source, content, path)
    validate(_named_after(path.stem), {"id": source.id}, path)
    return source


def read_only() -> dict[str, Source]:
    """The sources that are read, without the planned ones, by id."""
    return {id_: source for id_, source in sources().items() if source.status == "read"}


@cache
def sources(folder: Path = paths.SOURCES) -> dict[str, Source]:
    """All sources of the catalogue, by id."""
    return {path.stem: read_source(path) for path in sorted(folder.glob("*.yml"))}


def _named_after(stem: str) -> type[Entry]:
    class NamedAfterItsFile(Entry):
        id: Annotated[str, Field(pattern=f"^{re.escape(stem)}$")]

    return NamedAfterItsFile
