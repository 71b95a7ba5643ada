"""What long work says of itself."""

import io

import pytest
from rich.console import Console

from pipelines.raw.progress import RichProgress, Silent


def test_silence() -> None:
    with Silent().task("toy") as advance:
        advance(1, None)
    Silent().note("nothing")


def test_without_a_terminal_each_file_is_a_line() -> None:
    out = io.StringIO()
    with RichProgress(Console(file=out, width=100)) as progress:
        with progress.task("toy 2023, flows") as advance:
            advance(500, 1000)
            advance(0, None)
            advance(1000, 1000)
        progress.note("a [note]")
        with pytest.raises(RuntimeError), progress.task("toy 2022"):
            raise RuntimeError
    assert out.getvalue().split("\n")[:2] == ["toy 2023, flows: 1.0 kB", "a [note]"]
    assert "toy 2022:" not in out.getvalue()


def test_standard_output_is_left_to_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with RichProgress() as progress:
        progress.note("hello")
    captured = capsys.readouterr()
    assert (captured.out, "hello" in captured.err) == ("", True)
