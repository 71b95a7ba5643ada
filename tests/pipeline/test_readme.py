"""The README's snippets run as they stand, beside a release."""

import re
import shutil
import subprocess

import pytest

from pipelines import paths

README = (paths.SQL.parent / "README.md").read_text(encoding="utf-8")


def snippets(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def beside(release, tmp_path, monkeypatch):
    """A folder from which `outputs/latest` is the release."""
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "latest").symlink_to(release, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("snippet", snippets("python"), ids=["polars", "pandas"])
def test_python(beside, snippet):
    *before, last = snippet.strip().splitlines()
    names = {}
    exec("\n".join(before), names)
    assert len(eval(last, names)) > 10


@pytest.mark.parametrize("snippet", snippets("r"), ids=["r"])
def test_r(beside, snippet):
    rscript = shutil.which("Rscript")
    if (
        rscript is None
        or subprocess.run(
            [rscript, "-e", "library(arrow); library(dplyr)"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("R with arrow and dplyr is not at hand")
    subprocess.run([rscript, "-e", snippet], check=True)
