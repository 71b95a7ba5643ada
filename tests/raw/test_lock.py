"""The record of what was downloaded."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.errors import CatalogueError, MetabolismeError, RejectedError
from pipelines.raw.lock import Lock, Locked


def locked(sha256: str = "a" * 64, url: str = "https://example.org/f.csv") -> Locked:
    return Locked(
        url=url, url_after_redirect=url, sha256=sha256, bytes=3, fetched_at="2026-11-25T00:00:00Z"
    )


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(tmp_path / "sources" / "lock.json")


def test_an_absent_lock_is_empty(lock: Lock) -> None:
    assert lock.get("toy", "2023", "flows") is None


def test_what_is_put_is_got(lock: Lock) -> None:
    lock.put("toy", "2023", "flows", locked())
    assert Lock(lock.path).get("toy", "2023", "flows") == locked()
    assert lock.get("toy", "2022", "flows") is None


def test_its_text_does_not_depend_on_the_order(lock: Lock, tmp_path: Path) -> None:
    other = Lock(tmp_path / "other.json")
    for name in ("b", "a"):
        lock.put(name, "2023", "flows", locked())
    for name in ("a", "b"):
        other.put(name, "2023", "flows", locked())
    assert lock.path.read_text() == other.path.read_text()
    assert lock.path.read_text().endswith("}\n")


def test_another_content_needs_acceptance(lock: Lock) -> None:
    lock.put("toy", "2023", "flows", locked("a" * 64))
    with pytest.raises(RejectedError, match="--accept toy") as caught:
        lock.put("toy", "2023", "flows", locked("b" * 64))
    assert "a" * 64 in caught.value.expected and "b" * 64 in caught.value.found
    assert lock.put("toy", "2023", "flows", locked("b" * 64), accept=True).sha256 == "b" * 64
    assert lock.get("toy", "2023", "flows") == locked("b" * 64)


def test_the_same_content_at_a_new_address_is_recorded(lock: Lock) -> None:
    lock.put("toy", "2023", "flows", locked())
    lock.put("toy", "2023", "flows", locked(url="https://example.org/new.csv"))
    assert lock.get("toy", "2023", "flows") == locked(url="https://example.org/new.csv")


@pytest.mark.parametrize("text", ["", "{", '{"toy": {"2023": {"flows": {"url": 1}}}}', "[]"])
def test_a_lock_that_is_not_readable_is_said(lock: Lock, text: str) -> None:
    lock.path.parent.mkdir()
    lock.path.write_text(text)
    with pytest.raises(CatalogueError, match=r"lock\.json"):
        lock.get("toy", "2023", "flows")


def test_many_writers_lose_nothing(lock: Lock) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Lock(lock.path).put(f"toy{n}", "1", "f", locked()), range(24)))
    assert len(json.loads(lock.path.read_text())) == 24


def test_a_failed_write_leaves_the_old_lock(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.put("toy", "2023", "flows", locked())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MetabolismeError, match="the disk is full"):
        lock.put("other", "2023", "flows", locked())
    assert list(json.loads(lock.path.read_text())) == ["toy"]
    assert [p.name for p in lock.path.parent.iterdir() if p.suffix == ".part"] == []
