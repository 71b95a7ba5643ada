"""Queries on tiny tables: write a few rows, run one query, read it back."""

import pytest

from pipelines import engine
from pipelines.catalogue import levers, words
from pipelines.catalogue.tables import tables
from pipelines.recipes import recipes
from pipelines.settings import Settings
from pipelines.store import Store

CATALOGUES = {
    "level_catalogue": words.level_records,
    "need_catalogue": words.need_records,
    "measure_catalogue": words.measure_records,
    "attribution_catalogue": words.attribution_records,
    "factor_catalogue": words.factor_records,
    "source_measures": words.source_measure_records,
    "levers": levers.lever_records,
    "lever_conditions": levers.condition_records,
}


class Tiny:
    """A store of tiny tables."""

    def __init__(self, folder):
        self.store = Store(folder)
        for name, records in CATALOGUES.items():
            self.put(name, records())

    def put(self, name, records):
        """Write rows; a column that is not given is empty."""
        engine.write_records(tables()[name], self.store, list(records))
        return self

    def source(self, source_id, **known):
        """One row of `sources`, beside those already there."""
        row = {"source_id": source_id, "publisher": "p", "title_fr": "t", "title_en": "t"}
        row |= {"licence": "l", "status": "ok", "extent": "france", "extent_kind": "by_row"}
        row |= {
            "year": 2022,
            "cog_year": 2026,
            "vintage": "2022",
            "layout": "official",
            "grain": "commune",
        }
        rows = self.get("sources") if self.store.path("sources").exists() else []
        return self.put("sources", [*rows, row | known])

    def make(self, *names):
        """Run the recipes named, in order, and read the last one back.

        Upstream tables that were not written are empty.
        """
        for name in names:
            for read in recipes()[name].reads:
                if not self.store.path(read).exists():
                    self.store.write_empty(tables()[read])
            recipes()[name].make(self.store, Settings())
        return self.get(names[-1])

    def get(self, name):
        """All rows of a table, as dictionaries."""
        with engine.connection(self.store) as con:
            engine.attach(con, self.store, frozenset({name}))
            cursor = con.execute(f"select * from {name} order by all")
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def tiny(tmp_path):
    return Tiny(tmp_path / "tables")
