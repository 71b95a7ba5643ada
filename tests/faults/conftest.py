"""One good release for all the tests of the room; each test has its own copy to spoil."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sample import write_sample

from .ground import Ground


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a sound mirror, the tables made from it and their release."""
    folder = tmp_path_factory.mktemp("good")
    write_sample(folder / "mirror")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METABOLISME_HOME", str(folder / "home"))
        Ground(folder / "mirror", folder / "outputs").run()
    return folder


@pytest.fixture
def ground(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A copy of the good mirror, to damage, and of the tables made from it, to make again."""
    for name in ("mirror", "home"):
        shutil.copytree(good / name, tmp_path / name)
    monkeypatch.setenv("METABOLISME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("METABOLISME_OUTPUTS", str(tmp_path / "outputs"))
    yield Ground(tmp_path / "mirror", tmp_path / "outputs")
    shutil.rmtree(tmp_path)


@pytest.fixture
def published(good: Path, ground: Ground) -> Ground:
    """The same, with the good release already there."""
    shutil.copytree(good / "outputs", ground.outputs, symlinks=True)
    return ground
