"""One small sample for all tests of the room."""

import zipfile
from pathlib import Path

import polars as pl
import pytest

from pipelines.sample import SMALL, write_sample
from pipelines.sample.country import Country, build

from .readers import COMMUTING_CSV, COMMUTING_ZIP, Content, table


@pytest.fixture(scope="session")
def country() -> Country:
    return build(SMALL)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "mirror")


@pytest.fixture(scope="session")
def content(mirror: Path) -> Content:
    """The bytes of the file of a source, or of a member of its zip."""

    def read(name: str, member: str = "") -> bytes:
        found = [path for path in mirror.rglob(name) if path.is_file()]
        assert len(found) == 1, name
        if not member:
            return found[0].read_bytes()
        with zipfile.ZipFile(found[0]) as archive:
            return archive.read(member)

    return read


@pytest.fixture(scope="session")
def communes(content: Content) -> pl.DataFrame:
    return table(content("v_commune_2026.csv"))


@pytest.fixture(scope="session")
def movements(content: Content) -> pl.DataFrame:
    return table(content("v_mvt_commune_2026.csv"))


@pytest.fixture(scope="session")
def flows(content: Content) -> pl.DataFrame:
    frame = table(content(COMMUTING_ZIP, COMMUTING_CSV), ";")
    return frame.rename({"NBFLUX_C22_ACTOCC15P": "flow"}).cast({"flow": pl.Float64})
