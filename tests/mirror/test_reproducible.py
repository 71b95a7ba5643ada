"""Same input, same bytes: whatever the folder, the process, the threads and the time zone."""

import hashlib
from pathlib import Path

import pytest

from .runs import Published, threads

pytestmark = pytest.mark.mirror


def hashes(release: Published) -> dict[str, str]:
    return {
        str(path.relative_to(release.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(release.folder.rglob("*"))
        if path.is_file()
    }


def test_two_runs_give_the_same_bytes(
    release_2014: Published, release_2014_again: tuple[Published, int]
) -> None:
    again, other_threads = release_2014_again
    assert other_threads != threads(), "both runs had as many threads: nothing is tested"
    assert again.folder != release_2014.folder
    first, second = hashes(release_2014), hashes(again)
    assert set(first) == set(second)
    assert sum(name.endswith(".parquet") for name in first) > 15
    assert [name for name in first if first[name] != second[name]] == []


def test_nothing_published_tells_where_it_was_made(release_2014: Published, mirror: Path) -> None:
    places = [str(release_2014.folder.parents[1]).encode(), str(mirror.absolute()).encode()]
    for path in filter(Path.is_file, release_2014.folder.rglob("*")):
        content = path.read_bytes()
        assert not any(place in content for place in places), path.name
