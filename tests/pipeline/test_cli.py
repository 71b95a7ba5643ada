"""The command, as a person or a script starts it."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from pipelines.catalogue.sources import sources


def command(*arguments, home, **environment):
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"METABOLISME_HOME": str(home), "COLUMNS": "200"} | environment,
        timeout=120,
    )


def test_the_command_is_installed():
    (script,) = entry_points(group="console_scripts", name="metabolisme")
    assert script.value == "pipelines.cli:main"


@pytest.mark.slow
def test_a_run_from_nothing(tmp_path):
    done = command("run", "--json", "--out", str(tmp_path / "out"), home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["sample"] and summary["rows"]["territories"] > 600
    assert (tmp_path / "out" / "latest" / "datapackage.json").exists()
    assert (tmp_path / "home" / "dagster" / "history").exists()


def test_sources_are_listed(tmp_path):
    done = command("sources", "list", home=tmp_path)
    assert done.returncode == 0
    assert all(id_ in done.stdout for id_ in sources())
    as_json = command("sources", "list", "--json", home=tmp_path)
    assert {entry["id"] for entry in json.loads(as_json.stdout)} == set(sources())


def test_a_territory_in_the_terminal_and_for_scripts(release, workplace):
    out = ("--out", str(release.parent))
    text = command("territory", "01", "--level", "departement", *out, home=workplace)
    assert text.returncode == 0, text.stderr
    for words in (
        "EXEMPLE",
        "De qui ce territoire dépend",
        "Qui dépend de lui",
        "non mesuré",
        "Se nourrir",
    ):
        assert words in text.stdout
    done = command("territory", "01", "--level", "departement", "--json", *out, home=workplace)
    assert json.loads(done.stdout)["territory"]["code"] == "01"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--bogus"], "No such option"),
        (["run", "--sources", "elsewhere"], "sample or official"),
        (["run", "--vintage", "insee_commuting=1999"], "2019"),
        (["run", "--vintage", "nothing"], "SOURCE=VINTAGE"),
        (["run", "--only", "cooking"], "mobility"),
        (["run", "--mirror", "does-not-exist"], "does-not-exist"),
        (["sources", "fetch", "nothing"], "no such source"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_expected(arguments, said, tmp_path):
    done = command(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_without_a_release_there_is_nothing_to_answer(tmp_path):
    done = command("territory", "Paris", "--out", str(tmp_path), home=tmp_path)
    assert done.returncode == 1
    assert "metabolisme run" in done.stderr
