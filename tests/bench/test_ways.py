"""Each way still runs, and times the same steps: on the small country, where time says nothing."""

from pathlib import Path

import pytest

from pipelines.sample import SMALL

from .__main__ import WAYS, prepare, timed
from .models import timed_models

STEPS = {"read and verify", "to the reference communes", "the ledger", "sums at all levels"}
ASKED = {
    "floor": {"read CSV, write Parquet"},
    "ours": STEPS | {"ranked partners, with names"},
    "pandas_script": STEPS,
}


@pytest.mark.slow
def test_the_ways_run(tmp_path: Path) -> None:
    environment = prepare(tmp_path, SMALL)
    for way in WAYS:
        measured = timed(way, environment)
        assert set(measured) == {*ASKED[way], "to all levels", "peak MB"}
        assert all(figure > 0 for figure in measured.values()), way


def test_the_models_run() -> None:
    assert all(seconds > 0 for seconds in timed_models(40).values())
