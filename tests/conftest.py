"""A folder of tests shares what takes long to make: it runs in one process, two side by side."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFolder(LoadScopeScheduling):
    """Give each folder of tests to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.removeprefix("tests/").partition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)
