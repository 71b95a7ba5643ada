"""Our run of the slice: the recipes themselves, without Dagster; geography is made before."""

import os
from pathlib import Path

from pipelines.recipes import in_order, recipes
from pipelines.settings import Settings
from pipelines.store import Store
from tests.bench.measuring import report, step

SLICE = {
    "read and verify": ["insee_commuting"],
    "to the reference communes": ["reported_flows", "census_flows"],
    "the ledger": ["flows"],
    "sums at all levels": ["territory_flows"],
}
settings = Settings(origin="mirror", mirror=Path(os.environ["BENCH_MIRROR"]))
store = Store(settings.tables)
# Everything the slice reads is made before, and not counted.
for recipe in in_order():
    if not store.path(recipe.table.name).exists():
        recipe.make(store, settings)
    if recipe.table.name == "dependencies":
        break
for label, names in SLICE.items():
    with step(label):
        for name in names:
            recipes()[name].make(store, settings)
with step("ranked partners, with names"):
    recipes()["dependencies"].make(store, settings)
report(list(SLICE))
