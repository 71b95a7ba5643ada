"""Describe a release as a Data Package (v2): every file, its bytes, its columns, its sources."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pooch
import pyarrow.parquet as pq

from pipelines.catalogue.tables import ColumnSpec, Table
from pipelines.checking.checks import refers
from pipelines.store import Store

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_TYPES = {
    "text": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "binary": "string",
}
# The words of the sources' YAML, as the Data Package names licences.
LICENCES = {
    "Licence Ouverte 2.0": {
        "name": "etalab-2.0",
        "title": "Licence Ouverte 2.0",
        "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    },
    "ODbL 1.0": {
        "name": "ODbL-1.0",
        "title": "Open Database License 1.0 (share alike)",
        "path": "https://opendatacommons.org/licenses/odbl/1-0/",
    },
}


@dataclass(frozen=True)
class Member:
    """One file of a release.

    Attributes:
        table: the table it holds; none for a file that describes or shows the others.
    """

    table: Table | None
    path: Path


def write_datapackage(folder: Path, members: list[Member], store: Store) -> None:
    """Write `datapackage.json`; nothing in it depends on when it was written."""
    sources = pq.read_table(store.path("sources")).to_pylist()
    used = [source for source in sources if source["status"] == "ok"]
    synthetic = any(source["layout"] == "synthetic" for source in used)
    package = {
        "$schema": PROFILE,
        "name": "metabolisme",
        "title": "métabolisme: on whom each French territory depends, and who depends on it",
        "description": (
            "SAMPLE: a fictitious country, in the publishers' layouts. No figure is real."
            if synthetic
            else "Dependencies between French territories, computed from open data."
        ),
        "version": version("metabolisme"),
        "sample": synthetic,
        "licenses": [LICENCES[name] for name in sorted({s["licence"] for s in used})],
        "sources": [
            {
                "title": f"{source['title_en']} ({source['vintage']})",
                "path": source["official_url"] or "",
                "publisher": source["publisher"],
                "licence": source["licence"],
                "vintage": source["vintage"],
                "sha256": source["sha256"],
                "extent": source["extent"],
            }
            for source in used
        ],
        "resources": [_resource(member) for member in members],
    }
    text = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")


# What the files of a release are, by their suffix: format, media type, and title if it is no table.
_KINDS = {
    ".parquet": ("parquet", "application/vnd.apache.parquet"),
    ".csv": ("csv", "text/csv"),
    ".md": ("markdown", "text/markdown"),
    ".json": ("json", "application/json"),
    ".fgb": ("flatgeobuf", "application/vnd.flatgeobuf"),
    ".gpkg": ("gpkg", "application/geopackage+sqlite3"),
    ".duckdb": ("duckdb", "application/vnd.duckdb.file"),
}
TITLES = {
    "territories.gpkg": (
        "Territories as map layers, one per level (for QGIS)",
        "Les territoires en couches de carte, une par niveau (pour QGIS)",
    ),
    "metabolisme.duckdb": (
        "All tables as one DuckDB database (1.3 or later)",
        "Toutes les tables en une base DuckDB (1.3 ou plus récent)",
    ),
    "dictionary.csv": ("Dictionary of all columns", "Dictionnaire de toutes les colonnes"),
    "dictionary.md": ("The same, to be read", "Le même, à lire"),
    "changes.json": (
        "What has changed since the release before",
        "Ce qui a changé depuis la version précédente",
    ),
    "changes.md": ("The same, to be read", "Le même, à lire"),
}


def _resource(member: Member) -> dict[str, Any]:
    path = member.path
    layout, mediatype = _KINDS[path.with_suffix("").suffix or path.suffix]
    resource: dict[str, Any] = {
        "name": f"{path.name.partition('.')[0].replace('_', '-')}-{layout}",
        "path": path.name,
        "format": layout,
        "mediatype": mediatype,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{pooch.file_hash(str(path), alg='sha256')}",
    }
    if path.suffix == ".gz":
        resource["compression"] = "gz"
    if layout == "csv":
        resource["encoding"] = "utf-8"
    table = member.table
    if table is None:
        resource["title"], resource["description"] = TITLES[path.name]
        return resource
    schema = {"fields": [_field(column) for column in table.columns]} | _key(table)
    schema |= _foreign_keys(table, layout)
    return resource | {
        "name": f"{table.name}-{layout}",
        "type": "table",
        "title": table.title.en,
        "description": table.title.fr,
        "schema": schema,
    }


def _key(table: Table) -> dict[str, Any]:
    """What names a row once: a primary key, unless a part of it can be empty."""
    empty = {column.name for column in table.columns if column.nullable}
    return {"uniqueKeys": [table.key]} if empty & {*table.key} else {"primaryKey": table.key}


def _foreign_keys(table: Table, layout: str) -> dict[str, Any]:
    """The rows of other tables that it names, in files of the same kind."""
    keys = [
        {
            "fields": one.columns,
            "reference": {"resource": f"{one.of}-{layout}", "fields": one.key},
        }
        for one in refers(table)
    ]
    return {"foreignKeys": keys} if keys else {}


def _field(column: ColumnSpec) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if column.nullable else {"required": True}
    if column.minimum is not None:
        constraints["minimum"] = column.minimum
    if column.maximum is not None:
        constraints["maximum"] = column.maximum
    if column.values is not None:
        constraints["enum"] = column.values
    field: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES[column.type],
        "description": column.description.en,
        "description_fr": column.description.fr,
    }
    if column.unit:
        field["unit"] = column.unit
    if constraints:
        field["constraints"] = constraints
    return field
