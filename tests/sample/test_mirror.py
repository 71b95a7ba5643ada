"""The mirror folder: its manifest, its sameness, its safety."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipelines.catalogue.sources import read_only
from pipelines.sample import NATIONAL, SMALL, write_sample
from pipelines.sample.mirror import MANIFEST, STAMP

COLUMNS = (
    "source_id,vintage,path,extent,extent_kind,layout,publisher,title,official_url,licence,"
    "sha256,bytes,remarks"
)


def vintages() -> set[tuple[str, str]]:
    """Every source that is read, with a vintage of its catalogue."""
    return {(id_, vintage) for id_, source in read_only().items() for vintage in source.vintages}


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def manifest_of(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / MANIFEST, infer_schema=False)


def test_the_manifest_says_what_is_there(mirror: Path) -> None:
    manifest = manifest_of(mirror)
    assert (mirror / MANIFEST).read_bytes().startswith(f"{COLUMNS}\r\n".encode())
    assert set(manifest.select("source_id", "vintage").iter_rows()) <= vintages()
    assert set(manifest["source_id"]) == set(read_only())
    for row in manifest.iter_rows(named=True):
        content = (mirror / row["path"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["bytes"] == str(len(content))
        assert row["path"].startswith(f"{row['source_id']}/{row['vintage']}/")
    assert set(manifest["path"]) == set(bytes_of(mirror)) - {MANIFEST, STAMP}


def test_the_manifest_owns_up_to_the_fiction(mirror: Path) -> None:
    manifest = manifest_of(mirror)
    assert manifest["layout"].unique().to_list() == ["synthetic"]
    assert manifest["title"].str.contains("synthétiques").all()
    assert manifest["remarks"].str.starts_with("synthetic").all()
    extents = {"france", "france-metropolitaine", "dep:976", "partial"}
    assert set(manifest["extent"]) == extents
    assert manifest["official_url"].str.starts_with("https://").all()


def test_the_same_bytes_every_time(mirror: Path, tmp_path: Path) -> None:
    assert bytes_of(write_sample(tmp_path / "again")) == bytes_of(mirror)


def test_the_same_bytes_whatever_the_number_of_threads(mirror: Path, tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, pipelines.sample as sample;"
        "sample.write_sample(pathlib.Path(sys.argv[1]))"
    )
    environment = os.environ | {"POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "7"}
    folder = tmp_path / "alone"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment)
    assert bytes_of(folder) == bytes_of(mirror)


def test_a_complete_sample_is_left_as_it_is(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "mirror", SMALL, only=["insee_cog_regions"])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_sample(folder, SMALL, only=["insee_cog_regions"]) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_damaged_or_other_sample_is_replaced(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "mirror", SMALL, only=["insee_cog_regions"])
    regions = folder / "insee_cog_regions/2026/v_region_2026.csv"
    whole = regions.read_bytes()
    regions.write_bytes(whole[:40])
    write_sample(folder, SMALL, only=["insee_cog_regions"])
    assert regions.read_bytes() == whole
    write_sample(folder, SMALL, only=["insee_cog_departements"])
    assert not regions.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mirror"]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="something else"):
        write_sample(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_an_interrupted_generation_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.sample.mirror._manifest_row", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "mirror")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="insee_moods"):
        write_sample(tmp_path / "mirror", only=["insee_moods"])


@pytest.mark.slow
def test_the_national_size(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "national", NATIONAL, only=["insee_commuting", "dgcl_epci"])
    assert set(manifest_of(folder)["source_id"]) == {"insee_commuting", "dgcl_epci"}
