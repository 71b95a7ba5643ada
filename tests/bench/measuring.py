"""Seconds of each step within a process, and the peak memory of the process."""

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

_seconds: dict[str, float] = {}


@contextmanager
def step(name: str) -> Iterator[None]:
    """Time a block."""
    start = time.perf_counter()
    yield
    _seconds[name] = time.perf_counter() - start


def report(to_all_levels: list[str]) -> None:
    """Print all steps, and the sum of those that bring the file to all levels, as JSON."""
    total = {"to all levels": sum(_seconds[name] for name in to_all_levels)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(_seconds | total | {"peak MB": peak}))
