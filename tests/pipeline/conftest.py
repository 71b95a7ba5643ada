"""The whole graph on the sample, once, through Dagster as on a server."""

import pytest

from pipelines.orchestration.running import run_alone
from pipelines.settings import Settings

PERIMETERS = "perimeter_code,perimeter_name,commune_code\n"


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A working folder of its own for the session."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("METABOLISME_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def steps():
    """The steps that the run reported, in order."""
    return []


@pytest.fixture(scope="session")
def perimeters(workplace):
    """A user's file: two perimeters that overlap, a code that no longer exists among them."""
    path = workplace / "perimeters.csv"
    path.write_text(
        PERIMETERS + "p1,Le bassin d'en haut,75101\np1,Le bassin d'en haut,01001\n"
        "p2,« Deux & trois »,01001\np2,« Deux & trois »,27058\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="session")
def release(workplace, tmp_path_factory, steps, perimeters):
    """The folder of a release of the sample."""
    settings = Settings(outputs=tmp_path_factory.mktemp("outputs"), perimeters=perimeters)
    run = run_alone(settings, lambda step, seconds: steps.append(step))
    assert run.error is None
    return run.folder
