"""Describe a release in DCAT (JSON-LD), as data portals harvest it."""

import json
from pathlib import Path
from typing import Any

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_FRANCE = "http://publications.europa.eu/resource/authority/country/FRA"
_LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
_FILE_TYPE = "http://publications.europa.eu/resource/authority/file-type/"
_FILE_TYPES = {"csv": "CSV", "parquet": "PARQUET"}


def write_dcat(folder: Path) -> Path:
    """Write `catalog.jsonld` from the release's `datapackage.json`: one dataset, its files.

    Addresses of files are relative: a portal resolves them against where it found this one.
    """
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    dataset = {
        "@context": _CONTEXT,
        "@id": "#dataset",
        "@type": "dcat:Dataset",
        "dct:title": _said(
            "Métabolisme : de qui dépend chaque territoire français, et qui dépend de lui",
            package["title"],
        ),
        "dct:description": package["description"],
        "dct:identifier": f"metabolisme-{package['version']}",
        "dct:spatial": {"@id": _FRANCE},
        "dcat:landingPage": {"@id": "site/index.html"},
        "dct:language": [{"@id": _LANGUAGE + code} for code in ("FRA", "ENG")],
        "dcat:keyword": _KEYWORDS,
        "dct:source": [{"@id": source["path"]} for source in package["sources"] if source["path"]],
        "dct:license": [{"@id": licence["path"]} for licence in package["licenses"]],
        "dcat:distribution": [_distribution(one, package) for one in package["resources"]],
    }
    path = folder / "catalog.jsonld"
    path.write_text(json.dumps(dataset, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


_KEYWORDS = [
    {"@language": language, "@value": word}
    for language, words in {
        "fr": [
            "interdépendances territoriales",
            "réciprocité",
            "mobilité",
            "alimentation",
            "énergie",
            "logement",
            "emploi",
        ],
        "en": [
            "territorial interdependence",
            "reciprocity",
            "mobility",
            "food",
            "energy",
            "housing",
            "employment",
        ],
    }.items()
    for word in words
]


def _distribution(resource: dict[str, Any], package: dict[str, Any]) -> dict[str, Any]:
    found = {
        "@type": "dcat:Distribution",
        "dct:title": _said(
            resource.get("description", resource["name"]), resource.get("title", resource["name"])
        ),
        "dcat:downloadURL": {"@id": resource["path"]},
        "dcat:mediaType": {
            "@id": f"https://www.iana.org/assignments/media-types/{resource['mediatype']}"
        },
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(resource["bytes"])},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": resource["hash"].removeprefix("sha256:"),
        },
        "dct:license": [{"@id": licence["path"]} for licence in package["licenses"]],
    }
    if file_type := _FILE_TYPES.get(resource.get("format", "")):
        found["dct:format"] = {"@id": _FILE_TYPE + file_type}
    return found


def _said(fr: str, en: str) -> list[dict[str, str]]:
    return [{"@language": "fr", "@value": fr}, {"@language": "en", "@value": en}]
