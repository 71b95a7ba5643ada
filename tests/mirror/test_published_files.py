"""The files of a release: described, with units, in two formats that agree, in a data package."""

import csv
import gzip
import hashlib
import io
import json
import math
from pathlib import Path
from typing import Any

import frictionless
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .runs import Published

pytestmark = pytest.mark.mirror
LEVELS = [
    "commune",
    "epci",
    "departement",
    "region",
    "zone_emploi",
    "bassin_vie",
    "aav",
    "country",
    "scot",
    "pat",
    "pnr",
    "crte",
    "custom",
]
PROFILES = [f"profiles_{level}" for level in LEVELS]
CONTRACT = [
    "territories",
    "territory_members",
    "commune_passage",
    "emission_factors",
    "measures",
    "flows",
    "balances",
    "indicators",
    "dependencies",
    "indicator_catalogue",
    "sources",
    "not_measured",
    "checks",
    *PROFILES,
]
# Integers that count nothing.
WITHOUT_UNIT = {"year", "term_year", "cog_year", "rank"}


def package(release: Published) -> dict[str, Any]:
    return dict(json.loads((release.folder / "datapackage.json").read_text(encoding="utf-8")))


def csv_of(release: Published, table: str) -> Path:
    (path,) = release.folder.glob(f"{table}.csv*")
    return path


def csv_text(release: Published, table: str) -> str:
    content = csv_of(release, table).read_bytes()
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8")


def test_the_tables_of_the_contract_are_there(release_2014: Published) -> None:
    assert set(CONTRACT) - set(release_2014.tables) == set()


def test_every_column_is_described_in_its_file(release_2014: Published) -> None:
    for table in release_2014.tables:
        for field in release_2014.schema(table):
            said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
            assert said.get("description"), f"{table}.{field.name}"
            is_number = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
            if is_number and field.name not in WITHOUT_UNIT:
                assert said.get("unit"), f"{table}.{field.name} has no unit"


def test_parquet_is_compressed_with_zstd(release_2014: Published) -> None:
    for table in release_2014.tables:
        groups = pq.read_metadata(release_2014.folder / f"{table}.parquet")
        for group in range(groups.num_row_groups):
            assert groups.row_group(group).column(0).compression == "ZSTD", table


@pytest.mark.parametrize("table", CONTRACT)
def test_csv_and_parquet_hold_the_same_rows(release_2014: Published, table: str) -> None:
    parquet = release_2014.table(table)
    text = csv_text(release_2014, table)
    plain = pd.read_csv(
        io.StringIO(text),
        dtype={column: str for column in parquet.columns if is_text(parquet[column])},
        keep_default_na=False,
        na_values={column: [""] for column in parquet.columns},
    )
    pd.testing.assert_frame_equal(plain, parquet, check_dtype=False, check_exact=True)


def is_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column) or column.dtype == object


@pytest.mark.parametrize("table", CONTRACT)
def test_csv_is_utf_8_with_commas_points_and_the_columns_of_the_parquet(
    release_2014: Published, table: str
) -> None:
    text = csv_text(release_2014, table)
    assert not text.startswith("\ufeff")
    assert text.endswith("\n")
    header = next(csv.reader(io.StringIO(text)))
    assert header == release_2014.schema(table).names
    path = csv_of(release_2014, table)
    # Compressed above 20 MB.
    assert path.name.endswith(".gz") == (len(text.encode()) > 20_000_000)


@pytest.mark.parametrize(
    ("table", "column", "codes"),
    [
        ("territories", "code", {"01001", "2A004", "97101", "75056", "01"}),
        ("territories", "departement_code", {"01", "2A", "971"}),
        ("territories", "region_code", {"01", "11"}),
        ("territory_members", "commune_code", {"01001", "2A004"}),
        ("measures", "commune_code", {"01001", "2B033"}),
        ("profiles_departement", "code", {"01", "09", "2A", "976"}),
        ("profiles_zone_emploi", "code", {"0051"}),
        ("profiles_aav", "code", {"001"}),
        ("profiles_bassin_vie", "code", {"01004"}),
    ],
)
def test_codes_are_text_and_keep_their_zeros(
    release_2014: Published, table: str, column: str, codes: set[str]
) -> None:
    assert pa.types.is_string(release_2014.schema(table).field(column).type)
    rows = csv.DictReader(io.StringIO(csv_text(release_2014, table)))
    found = {row[column] for row in rows}
    assert codes <= found


@pytest.mark.parametrize("table", CONTRACT)
def test_no_text_is_empty_and_no_number_is_infinite(release_2014: Published, table: str) -> None:
    rows = release_2014.table(table)
    for column in rows:
        if is_text(rows[column]):
            assert not (rows[column] == "").any(), column
        elif pd.api.types.is_float_dtype(rows[column]):
            assert not rows[column].isin([math.inf, -math.inf]).any(), column


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_the_data_package_lists_every_file_with_its_bytes(
    request: pytest.FixtureRequest, year: str
) -> None:
    release = request.getfixturevalue(f"release_{year}")
    listed = {resource["path"]: resource for resource in package(release)["resources"]}
    describing = {"datapackage.json", "catalog.jsonld"}
    on_disk = {path.name for path in release.folder.iterdir() if path.is_file()} - describing
    assert set(listed) == on_disk
    for name, resource in listed.items():
        content = (release.folder / name).read_bytes()
        assert resource["bytes"] == len(content), name
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}", name


def test_the_data_package_describes_the_columns_of_the_files(release_2014: Published) -> None:
    tables = [one for one in package(release_2014)["resources"] if "schema" in one]
    assert len(tables) > 2 * len(CONTRACT)
    for resource in tables:
        schema = release_2014.schema(resource["path"].split(".")[0])
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        assert list(fields) == schema.names, resource["path"]
        for field in schema:
            unit = (field.metadata or {}).get(b"unit")
            assert fields[field.name].get("unit") == (unit.decode() if unit else None)
        assert set(key_of(resource)) <= set(fields)


@pytest.mark.parametrize("year", ["2014", "2019"])
def test_the_data_package_is_valid(request: pytest.FixtureRequest, year: str) -> None:
    release = request.getfixturevalue(f"release_{year}")
    problems = [str(e) for e in frictionless.Package.metadata_validate(package(release))]
    assert problems == []


@pytest.mark.parametrize("table", [*PROFILES, "sources", "checks"])
def test_the_rows_are_as_the_data_package_says(release_2014: Published, table: str) -> None:
    read = frictionless.Package(str(release_2014.folder / "datapackage.json"))
    report = read.get_resource(f"{table}-csv").validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])[:5]


def test_the_data_package_names_sources_and_licence(release_2014: Published) -> None:
    said = package(release_2014)
    assert said["sample"] is False
    # The carpool places are under a licence of their own.
    assert [licence["name"] for licence in said["licenses"]] == ["etalab-2.0", "ODbL-1.0"]
    used = release_2014.rows("sources", status="ok")
    assert {source["sha256"] for source in said["sources"]} == set(used["sha256"])
    assert all(source["path"].startswith("https://") for source in said["sources"])


def key_of(resource: dict[str, Any]) -> list[str]:
    """What names a row once: where a part of it can be empty, it is not called primary."""
    schema = resource["schema"]
    return list(schema["primaryKey"] if "primaryKey" in schema else schema["uniqueKeys"][0])


@pytest.mark.parametrize("table", CONTRACT)
def test_the_key_names_a_row_once(release_2014: Published, table: str) -> None:
    (resource,) = [r for r in package(release_2014)["resources"] if r["path"] == f"{table}.parquet"]
    key = key_of(resource)
    rows = release_2014.table(table)
    assert not rows.duplicated(key).any()
    assert ("primaryKey" in resource["schema"]) == (
        table not in ("not_measured", "commune_passage")
    )
    if "primaryKey" in resource["schema"]:
        assert rows[key].notna().all().all()
