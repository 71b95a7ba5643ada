"""What is found of one thing that a run needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import MetabolismeError

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """How one thing stands.

    Attributes:
        about: the thing.
        status: `failed` would make a run fail; `warning` would not, but a person should know.
        found, expected: what there is, and what there should be.
        todo: what the reader can do about it; empty where all is well.
    """

    about: str
    status: Status
    found: str
    expected: str = ""
    todo: str = ""


def worst(findings: Iterable[Finding]) -> Status:
    """The gravest status there is."""
    there = {finding.status for finding in findings}
    return "failed" if "failed" in there else "warning" if "warning" in there else "ok"


def of_error(about: str, error: MetabolismeError, status: Status = "failed") -> Finding:
    """What an error tells, as a finding."""
    where = f" ({error.where})" if error.where else ""
    found = f": {error.found}" if error.found else ""
    return Finding(about, status, f"{error.what}{where}{found}", error.expected, error.todo)
