"""Small stores and releases, made by hand: a few territories, what is known of them, from where."""

import copy
from pathlib import Path
from typing import Any

from pipelines import engine
from pipelines.catalogue.tables import tables
from pipelines.store import Store

Records = dict[str, list[dict[str, Any]]]

COMMUNES = [f"{number:05}" for number in range(1001, 1121)]
EPCI = [f"2000000{number:02}" for number in range(10)]
INDICATOR, MEASURE = "employed_residents", "population"


def records() -> Records:
    """120 communes in 10 EPCI; one measure, one indicator, from three sources."""
    territories = [("commune", code) for code in COMMUNES] + [("epci", code) for code in EPCI]
    return {
        "sources": [
            source("insee_cog_communes"),
            source("dgcl_epci"),
            source("insee_populations"),
            source("insee_commuting"),
            source("lovac", status="unavailable", sha256=None, extent=None, vintage=None),
        ],
        "checks": [
            {
                "check_id": "valid",
                "table_name": "measures",
                "severity": "blocking",
                "status": "passed",
                "message": "rows that break the schema",
            }
        ],
        "territories": [
            {
                "level": level,
                "code": code,
                "name": f"Le {code}",
                "n_communes": 1,
                "cog_year": 2026,
            }
            for level, code in territories
        ],
        "measures": [
            {
                "commune_code": code,
                "measure": MEASURE,
                "year": 2023,
                "value": 100.0,
                "unit": "inhabitant",
                "evidence": "observed",
                "source_id": "insee_populations",
            }
            for code in COMMUNES
        ],
        "indicators": [
            {
                "level": level,
                "code": code,
                "indicator": INDICATOR,
                "function": "work",
                "value": 100.0 + place,
                "unit": "person",
                "year": 2022,
                "years": "2022",
                "evidence": "observed",
                "coverage": 1.0,
            }
            for place, (level, code) in enumerate(territories)
        ],
        "indicator_catalogue": [
            {
                "indicator": INDICATOR,
                "function": "work",
                "label_fr": "Actifs",
                "label_en": "Workers",
                "description_fr": "-",
                "description_en": "-",
                "formula": "jobs.demand",
                "unit": "person",
                "reading": "none",
                "evidence": "observed",
                "source_ids": "insee_commuting",
            }
        ],
    }


def source(id_: str, **said: Any) -> dict[str, Any]:
    """A row of `sources`."""
    return {
        "source_id": id_,
        "publisher": "Insee",
        "title_fr": id_,
        "title_en": id_,
        "licence": "Licence Ouverte 2.0",
        "vintage": "2026",
        "sha256": "0" * 64,
        "extent": "france",
        "layout": "official",
        "grain": "commune",
        "status": "ok",
    } | said


def small_release(folder: Path, content: Records) -> Path:
    """The Parquet files of a few tables, as a release has them."""
    for name, rows in copy.deepcopy(content).items():
        engine.write_records(tables()[name], Store(folder), rows)
    return folder


def small_store(folder: Path, content: Records) -> Store:
    """All tables, empty but for a few."""
    store = Store(folder)
    for table in tables().values():
        if table.name not in content:
            store.write_empty(table)
    small_release(folder, content)
    return store
