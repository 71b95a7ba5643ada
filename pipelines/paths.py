"""Where things are: the project's own folders, and the folder it works in."""

import os
from pathlib import Path

PROJECT = Path(os.environ.get("METABOLISME_PROJECT", Path(__file__).resolve().parents[1]))
SOURCES = PROJECT / "sources"
SQL = PROJECT / "sql"
CATALOGUE = Path(__file__).resolve().parent / "catalogue"


def home() -> Path:
    """The working folder (downloads, tables, Dagster's history): never part of a release."""
    return Path(os.environ.get("METABOLISME_HOME", PROJECT / ".metabolisme")).absolute()


def outputs() -> Path:
    """The folder of the releases, unless the caller names another."""
    return Path(os.environ.get("METABOLISME_OUTPUTS", PROJECT / "outputs")).absolute()
