"""A mirror that is not what its manifest says, and manifests that say nothing."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import MetabolismeError
from pipelines.raw.mirror import COLUMNS

from .damage import WEB_PAGE, Row, edit_manifest, file_of, state
from .ground import Ground, rejected, says, tells

REQUIRED, OPTIONAL = "insee_populations", "insee_commuting"


def fails(ground: Ground, *words: object) -> None:
    with pytest.raises(MetabolismeError) as caught:
        ground.make("source_files")
    assert type(caught.value).__module__ == "pipelines.errors"
    tells(str(caught.value), *words, "what to do")


# --- the manifest as a whole ---


def test_there_is_no_manifest(ground: Ground) -> None:
    (ground.mirror / "manifest.csv").unlink()
    fails(ground, ground.mirror, "manifest.csv")


def test_there_is_no_folder(ground: Ground) -> None:
    fails(Ground(ground.mirror / "nowhere", ground.outputs), ground.mirror / "nowhere")


def test_the_folder_is_a_file(ground: Ground) -> None:
    fails(Ground(file_of(ground.mirror, REQUIRED), ground.outputs), "no such mirror folder")


NONSENSE: dict[str, bytes] = {
    "a web page": WEB_PAGE,
    "nothing": b"",
    "an archive": b"PK\x03\x04" + bytes(range(256)),
    "JSON": b'{"message": "not found"}',
    "another encoding": ",".join([*COLUMNS, "é"]).encode("latin-1") + b"\n",
    "semicolons": ";".join(COLUMNS).encode() + b"\n",
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE)
def test_the_manifest_is_something_else(ground: Ground, content: bytes) -> None:
    (ground.mirror / "manifest.csv").write_bytes(content)
    fails(ground, ground.mirror / "manifest.csv", "found")


@pytest.mark.parametrize("column", COLUMNS)
def test_the_manifest_lacks_a_column(ground: Ground, column: str) -> None:
    path = ground.mirror / "manifest.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, [name for name in COLUMNS if name != column], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)
    fails(ground, path, f"no {column}")


def test_a_line_of_the_manifest_is_cut(ground: Ground) -> None:
    path = ground.mirror / "manifest.csv"
    kept = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*kept[:4], kept[4][:30], *kept[5:]]) + "\n", encoding="utf-8")
    fails(ground, path, "line 5")


def test_only_the_header(ground: Ground) -> None:
    edit_manifest(ground.mirror, lambda rows: [])
    fails(ground, "insee_populations", "dgcl_epci", "manifest.csv")


# --- a file that is not the one of its line ---


def _unlink(path: Path) -> None:
    path.unlink()


def _replace(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def unavailable(ground: Ground, source_id: str, *words: object) -> None:
    if source_id == REQUIRED:
        with pytest.raises(MetabolismeError) as caught:
            ground.read(source_id)
        says(caught.value, source_id, *words)
    else:
        row = ground.read(source_id)
        assert row["status"] == "unavailable"
        # What is published does not tell the folders of a machine.
        tells(row["why"], source_id, *(Path(str(word)).name for word in words))


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
@pytest.mark.parametrize("accident", [_replace, _shorten])
def test_another_content(ground: Ground, source_id: str, accident: Callable[[Path], None]) -> None:
    path = file_of(ground.mirror, source_id)
    accident(path)
    rejected(ground, source_id, path.name, "sha256")


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
def test_another_checksum_of_the_same_size(ground: Ground, source_id: str) -> None:
    state(ground.mirror, source_id, sha256="0" * 64)
    rejected(ground, source_id, file_of(ground.mirror, source_id).name, "0" * 64)


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
@pytest.mark.parametrize("accident", [_unlink, _folder, _dangle])
def test_no_file(ground: Ground, source_id: str, accident: Callable[[Path], None]) -> None:
    path = file_of(ground.mirror, source_id)
    accident(path)
    unavailable(ground, source_id, path)


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("extent", "partout"),
        ("extent_kind", "ouvert"),
        ("layout", "autre"),
        ("sha256", "abc"),
        ("bytes", "beaucoup"),
        ("path", "../ailleurs.csv"),
        ("path", "/etc/hostname"),
    ],
)
def test_a_line_says_nonsense(ground: Ground, source_id: str, column: str, value: str) -> None:
    def change(rows: list[Row]) -> list[Row]:
        first = next(row for row in rows if row["source_id"] == source_id)
        return [row | {column: value} if row is first else row for row in rows]

    edit_manifest(ground.mirror, change)
    rejected(ground, source_id, "manifest.csv", value)


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
def test_a_vintage_that_the_catalogue_does_not_know(ground: Ground, source_id: str) -> None:
    state(ground.mirror, source_id, vintage="1999")
    rejected(ground, source_id, "1999", f"sources/{source_id}.yml")


@pytest.mark.parametrize("source_id", [REQUIRED, OPTIONAL])
def test_a_line_twice(ground: Ground, source_id: str) -> None:
    edit_manifest(
        ground.mirror, lambda rows: rows + [r for r in rows if r["source_id"] == source_id][:1]
    )
    rejected(ground, source_id, "manifest.csv", file_of(ground.mirror, source_id).name)


def test_an_optional_file_of_a_required_source_is_not_there(ground: Ground) -> None:
    (ground.mirror / "insee_populations/2023/donnees_communes_mayotte.csv").unlink()
    row = ground.read("insee_populations")
    assert row["status"] == "ok"
    tells(row["why"], "mayotte")
    ground.make("communes")
    outcome = ground.check("communes")["communes_populated"]
    assert outcome.status == "warned" and "97601" in outcome.message
