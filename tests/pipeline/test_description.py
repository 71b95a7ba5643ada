"""A release says of itself what it holds: for people, for portals, for machines."""

import csv
import hashlib
import json

import polars as pl
import pyarrow.parquet as pq
import rdflib

from pipelines.catalogue.tables import tables

DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
# They describe the others: no file can hold its own checksum.
ITSELF = {"datapackage.json", "catalog.jsonld"}


def dictionary(release):
    with (release / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_dictionary_has_every_column_of_every_file(release):
    said = {(row["table"], row["column"]) for row in dictionary(release)}
    there = {
        (path.stem, name)
        for path in release.glob("*.parquet")
        for name in pq.read_schema(path).names
    }
    assert said == there


def test_every_column_is_described_in_two_languages_and_numbers_have_a_unit(release):
    for row in dictionary(release):
        assert row["description_fr"] and row["description_en"], row
        assert row["type"] != "number" or (row["unit"] and row["unit_fr"] and row["unit_en"]), row


def test_the_dictionary_reads_as_text(release):
    text = (release / "dictionary.md").read_text(encoding="utf-8")
    for name, table in tables().items():
        assert (f"\n## {name}\n" in text) == table.published
    assert "| ● | `level` |" in text


def test_the_data_package_lists_every_file_with_its_checksum(release):
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    listed = {one["path"]: one for one in package["resources"]}
    assert set(listed) == {path.name for path in release.iterdir() if path.is_file()} - ITSELF
    for name, one in listed.items():
        content = (release / name).read_bytes()
        assert one["bytes"] == len(content)
        assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_foreign_keys_name_rows_that_are_there(release):
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    named = {one["name"]: one for one in package["resources"]}
    keys = [
        (one, key)
        for one in named.values()
        if one["format"] == "parquet"
        for key in one.get("schema", {}).get("foreignKeys", [])
    ]
    assert {one["name"] for one, _ in keys} >= {"dependencies-parquet", "triggered_levers-parquet"}
    for one, key in keys:
        target = named[key["reference"]["resource"]]
        theirs = pl.scan_parquet(release / target["path"]).select(key["reference"]["fields"])
        ours = pl.scan_parquet(release / one["path"]).select(key["fields"]).drop_nulls()
        lost = ours.join(
            theirs, left_on=key["fields"], right_on=key["reference"]["fields"], how="anti"
        )
        assert lost.collect().is_empty(), (one["name"], key)


def test_a_portal_reads_the_catalogue(release):
    graph = rdflib.Graph().parse(release / "catalog.jsonld", format="json-ld")
    (dataset,) = graph.subjects(rdflib.RDF.type, DCAT.Dataset)
    files = list(graph.objects(dataset, DCAT.distribution))
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    assert len(files) == len(package["resources"])
    checksums = {
        str(graph.value(graph.value(file, SPDX.checksum), SPDX.checksumValue)) for file in files
    }
    assert checksums == {one["hash"].removeprefix("sha256:") for one in package["resources"]}
    languages = {title.language for title in graph.objects(dataset, rdflib.DCTERMS.title)}
    assert languages == {"fr", "en"}
