"""The tables of the pipeline and their columns: what each holds, its key, types, units, bounds."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from pipelines import paths
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.loading import Entry, Text, read_entries
from pipelines.catalogue.sources import Source, SourceTable, sources
from pipelines.catalogue.units import check_unit, units
from pipelines.catalogue.words import Level, levels, measures, needs
from pipelines.errors import CatalogueError, first

Stage = Literal["raw", "observations", "ledger", "answers", "release"]
ColumnType = Literal["text", "number", "integer", "boolean", "date", "binary"]

_DUCKDB_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "binary": "BLOB",
}


class ColumnSpec(Entry):
    """One column: the same name is the same quantity, in the same unit, in every table."""

    name: str
    type: ColumnType
    unit: str | None = None
    description: Text
    minimum: float | None = None
    maximum: float | None = None
    values: list[str] | None = None
    nullable: bool = False

    @property
    def duckdb_type(self) -> str:
        """Its type in DuckDB's words; a text of a few values is an enumeration of them."""
        if self.values is None:
            return _DUCKDB_TYPES[self.type]
        # In the order of the alphabet, so that it sorts as the text does.
        return f"ENUM({', '.join(repr(value) for value in self.values)})"

    @model_validator(mode="after")
    def _numbers_have_units(self) -> "ColumnSpec":
        if self.type == "number" and self.unit is None:
            raise ValueError(f"{self.name}: a number has a unit (a ratio has the unit `ratio`)")
        check_unit(self.unit)
        return self


class Table(Entry):
    """One table of the pipeline.

    Attributes:
        stage: the room it is made in; `sql/<stage>/<name>.sql` when a query makes it.
        published: it is part of a release.
        key: the columns that together name a row once; the rows are sorted by `order`.
    """

    name: str
    stage: Stage
    published: bool
    title: Text
    key: list[str]
    order: list[str]
    columns: list[ColumnSpec] = Field(min_length=1)

    @property
    def column_names(self) -> list[str]:
        """The columns, in order."""
        return [column.name for column in self.columns]


class _TableEntry(Entry):
    """A table as `tables.yml` writes it.

    A column whose name ends in `?` can be empty; `status=check_status` is a column named
    `status` that `columns.yml` describes as `check_status`.
    """

    stage: Stage
    published: bool = True
    title: Text
    key: list[str]
    order: list[str] | None = None
    columns: list[str]


class _ColumnEntry(Entry):
    type: ColumnType
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    # A list, or the name of a catalogue whose entries are the only values.
    values: list[str] | Literal["levels", "measures", "needs", "units", "sources"] | None = None
    fr: str
    en: str


@cache
def column_specs() -> dict[str, ColumnSpec]:
    """All columns of `columns.yml`, by name."""
    entries = read_entries(_ColumnEntry, paths.CATALOGUE / "columns.yml")
    return {
        name: ColumnSpec(
            name=name,
            description=Text(fr=entry.fr, en=entry.en),
            values=_values(entry.values),
            **entry.model_dump(exclude={"fr", "en", "values"}),
        )
        for name, entry in entries.items()
    }


def _values(written: list[str] | str | None) -> list[str] | None:
    vocabularies: dict[str, Iterable[str]] = {
        "levels": [*levels(), "foreign", "elsewhere", "unknown"],
        "measures": measures(),
        "needs": needs(),
        "units": units(),
        "sources": sources(),
    }
    if written is None:
        return None
    return sorted(vocabularies[written] if isinstance(written, str) else written)


@cache
def tables() -> dict[str, Table]:
    """All tables, by name, in the order of the stages: those of the sources come first."""
    raw = {
        name: _raw_table(name, table, source.title)
        for source in sources().values()
        for name, table in source.tables.items()
    }
    entries = read_entries(_TableEntry, paths.CATALOGUE / "tables.yml")
    declared = {name: _table(name, entry) for name, entry in entries.items()}
    reported = {
        f"{id_}_measures": _reported(source)
        for id_, source in sources().items()
        if (paths.SQL / "observations" / f"{id_}_measures.sql").exists()
    }
    profiles = {f"profiles_{level}": _profile(level, one) for level, one in levels().items()}
    return raw | reported | declared | profiles


def _table(name: str, entry: _TableEntry) -> Table:
    specs = column_specs()
    written = [(column.removesuffix("?"), column.endswith("?")) for column in entry.columns]
    described = [(*column.partition("=")[::2], nullable) for column, nullable in written]
    names = [column for column, _, _ in described]
    unknown = [spec or column for column, spec, _ in described if (spec or column) not in specs]
    if unknown:
        raise CatalogueError(
            f"table {name} has columns that columns.yml does not describe",
            where="pipelines/catalogue/tables.yml",
            expected="a column of columns.yml",
            found=first(unknown, 20),
            todo="describe them in pipelines/catalogue/columns.yml",
        )
    if strays := sorted(set(entry.key) - set(names)):
        raise CatalogueError(
            f"the key of table {name} names columns it does not have",
            where="pipelines/catalogue/tables.yml",
            found=first(strays),
        )
    return Table(
        name=name,
        stage=entry.stage,
        published=entry.published,
        title=entry.title,
        key=entry.key,
        order=entry.order or entry.key,
        columns=[
            specs[spec or column].model_copy(update={"name": column, "nullable": nullable})
            for column, spec, nullable in described
        ],
    )


def _profile(level: str, about: Level) -> Table:
    specs = column_specs()
    territory = ["code", "name", "departement_code", "region_code", "population", "area_km2"]
    return Table(
        name=f"profiles_{level}",
        stage="answers",
        published=True,
        title=Text(
            fr=f"Profils : une ligne par territoire, une colonne par indicateur ({about.fr})",
            en=f"Profiles: one row per territory, one column per indicator ({about.en})",
        ),
        key=["code"],
        order=["code"],
        columns=[
            specs[name].model_copy(update={"nullable": name not in ("code", "name")})
            for name in territory
        ]
        + [
            ColumnSpec(
                name=id_,
                type="number",
                unit=one.unit,
                description=Text(fr=one.fr.description, en=one.en.description),
                nullable=True,
            )
            for id_, one in indicators().items()
        ],
    )


def _reported(source: Source) -> Table:
    """What a source says of communes (or EPCI), on its own codes."""
    title = Text(
        fr=f"Mesures de « {source.title.fr} », sur ses propres codes",
        en=f"Measures of “{source.title.en}”, on its own codes",
    )
    columns = ["source_code", "measure", "year", "value?", "low?", "high?"]
    key = columns[:3]
    entry = _TableEntry(
        stage="observations", published=False, title=title, key=key, columns=columns
    )
    return _table(f"{source.id}_measures", entry)


def _raw_table(name: str, table: SourceTable, title: Text) -> Table:
    types: dict[str, ColumnType] = {
        "number": "number",
        "integer": "integer",
        "date": "date",
        "geometry": "binary",
    }
    return Table(
        name=name,
        stage="raw",
        published=False,
        title=title,
        key=table.key,
        order=table.key,
        columns=[
            ColumnSpec(
                name=column.name,
                type=types.get(column.type, "text"),
                unit=column.unit,
                description=Text(
                    fr=f"Colonne « {column.published_name} » du fichier",
                    en=f"Column “{column.published_name}” of the file",
                ),
                minimum=column.minimum,
                maximum=column.maximum,
                nullable=column.name not in table.key,
            )
            for column in table.all_columns
        ],
    )
