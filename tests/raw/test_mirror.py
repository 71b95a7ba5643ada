"""Mirrors: what they hold, what is wrong with them, and their making."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.sources import Source
from pipelines.errors import RejectedError, UnavailableError, UsageError
from pipelines.raw.download import Patience
from pipelines.raw.lock import Lock
from pipelines.raw.mirror import COLUMNS, Mirror, write_mirror
from pipelines.raw.publisher import Publisher
from tests.raw.conftest import CSV, Notes, Web, make_source, make_zip

TWO_FILES = {
    "communes": {"name": "donnees_*.csv", "format": "csv", "bytes": {"min": 9, "max": 10**5}},
    "mayotte": {
        "name": "donnees_communes_mayotte.csv",
        "format": "csv",
        "bytes": {"min": 9, "max": 10**5},
        "optional": True,
    },
}


def two_files(**links: str | None) -> Source:
    return make_source({"communes": None, "mayotte": None} | links, files=TWO_FILES)


def line(path: str, content: bytes = CSV, **changes: str) -> dict[str, str]:
    values = {
        "source_id": "toy",
        "vintage": "2023",
        "path": path,
        "extent": "france",
        "extent_kind": "by_row",
        "layout": "official",
        "official_url": "https://example.org/flows.csv",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": str(len(content)),
    }
    return dict.fromkeys(COLUMNS, "") | values | changes


def make_mirror(folder: Path, *lines: dict[str, str], content: bytes = CSV) -> Mirror:
    folder = folder / "mirror"
    folder.mkdir(exist_ok=True)
    for one in lines:
        path = folder / one["path"]
        if path.resolve().is_relative_to(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    write_manifest(folder, lines)
    return Mirror(folder)


def write_manifest(folder: Path, lines: Any) -> None:
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]) if lines else COLUMNS)
        writer.writeheader()
        writer.writerows(lines)


# --- what a mirror holds


def test_a_file_is_found_and_verified(tmp_path: Path) -> None:
    path = "toy/2023/flows-2023.csv"
    there = make_mirror(
        tmp_path, line(path, extent="reg:11", extent_kind="closed", layout="rebuilt")
    )
    obtained = there.obtain(make_source())["flows"]
    assert obtained.path == tmp_path / "mirror" / path
    assert (obtained.origin, obtained.vintage, obtained.bytes) == ("mirror", "2023", len(CSV))
    assert (obtained.extent, obtained.extent_kind, obtained.layout) == (
        "reg:11",
        "closed",
        "rebuilt",
    )
    assert (obtained.url, obtained.fetched_at) == ("https://example.org/flows.csv", None)
    assert not obtained.complete


def test_an_extra_column_tells_when_it_was_fetched(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv") | {"fetched_at": "2026-11-01T00:00:00Z"})
    assert there.obtain(make_source())["flows"].fetched_at == "2026-11-01T00:00:00Z"


def test_the_newest_vintage_or_the_one_asked_for(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("a/flows.csv"), line("b/flows.csv", vintage="2022"))
    assert there.vintages("toy") == ["2022", "2023"]
    assert there.obtain(make_source())["flows"].vintage == "2023"
    assert there.obtain(make_source(), "2022")["flows"].vintage == "2022"


def test_an_older_vintage_is_better_than_none(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv", vintage="2022"))
    assert there.obtain(make_source())["flows"].vintage == "2022"


def test_what_is_not_there(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv", vintage="2022"))
    with pytest.raises(UnavailableError, match=r"vintages 2022(.*\n)*.*--vintage toy=2022"):
        there.obtain(make_source(), "2023")
    with pytest.raises(UnavailableError, match="no entry of this source"):
        there.obtain(make_source(id="other"))
    with pytest.raises(UsageError, match="no vintage 1999"):
        there.obtain(make_source(), "1999")


def test_a_vintage_the_catalogue_does_not_know(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv", vintage="2024"), line("b/flows.csv"))
    for asked in (None, "2024"):
        with pytest.raises(RejectedError, match=r"add vintage 2024 to sources/toy\.yml"):
            there.obtain(make_source(), asked)
    assert there.obtain(make_source(), "2023")["flows"].vintage == "2023"


def test_the_most_precise_name_wins(tmp_path: Path) -> None:
    there = make_mirror(
        tmp_path,
        line("donnees_communes.csv"),
        line("DONNEES_communes_mayotte.CSV", extent="dep:976"),
    )
    found = {key: one.path.name for key, one in there.obtain(two_files()).items()}
    assert found == {
        "communes": "donnees_communes.csv",
        "mayotte": "DONNEES_communes_mayotte.CSV",
    }


def test_the_file_column_wins_over_names(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("toy/ensemble.zip") | {"file": "communes"})
    assert list(there.obtain(two_files())) == ["communes"]


def test_an_optional_file_may_be_absent_and_no_other(tmp_path: Path) -> None:
    there = make_mirror(
        tmp_path, line("donnees_communes.csv"), line("donnees_communes_mayotte.csv")
    )
    (there.folder / "donnees_communes_mayotte.csv").unlink()
    assert list(there.obtain(two_files())) == ["communes"]
    there = make_mirror(tmp_path, line("donnees_communes_mayotte.csv"))
    with pytest.raises(UnavailableError, match=r"communes \(donnees_\*\.csv\)"):
        there.obtain(two_files())


@pytest.mark.parametrize(
    ("extent", "layout", "fits"),
    [
        ("france", "official", False),
        ("france", "rebuilt", False),
        ("france", "synthetic", True),
        ("france-metropolitaine", "official", False),
        ("dep:29+31+2A", "official", True),
        ("epci:243400017+244200770", "official", True),
        ("sample", "official", True),
        ("partial", "official", True),
    ],
)
def test_only_the_whole_of_france_must_be_large(
    tmp_path: Path, extent: str, layout: str, fits: bool
) -> None:
    small = b"code;name\n"
    there = make_mirror(
        tmp_path, line("flows.csv", small, extent=extent, layout=layout), content=small
    )
    if fits:
        assert there.obtain(make_source())["flows"].bytes == 10
    else:
        with pytest.raises(RejectedError, match="10 bytes"):
            there.obtain(make_source())


# --- what is wrong with a mirror


def test_no_folder_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such mirror folder"):
        Mirror(tmp_path / "nowhere")
    (tmp_path / "readme.txt").touch()
    with pytest.raises(UsageError, match=r"no manifest(.*\n)*.*found: readme\.txt"):
        Mirror(tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"source_id,vintage,path\n", "no extent, extent_kind, layout"),
        (b"", "no source_id"),
        (",".join(COLUMNS).encode() + b"\ntoy,2023\n", "line 2 has too many or too few"),
        (",".join(COLUMNS).encode() + b"\n" + b"," * 20 + b"\n", "line 2 has too many or too few"),
        (",".join(COLUMNS).encode() + b"\n\xe9\xe8", "decode"),
        (",".join(COLUMNS).encode() + b'\n"toy', "end of data"),
    ],
)
def test_a_manifest_that_is_not_readable(tmp_path: Path, text: bytes, found: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(text)
    with pytest.raises(RejectedError, match=found):
        Mirror(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"extent": "reg"},
        {"extent": "France"},
        {"extent": "dep:81 31"},
        {"extent_kind": "open"},
        {"layout": "copied"},
        {"sha256": "abc"},
        {"bytes": "many"},
        {"path": "../flows.csv"},
        {"path": "/etc/flows.csv"},
    ],
)
def test_a_bad_line_rejects_its_source_only(tmp_path: Path, changes: dict[str, str]) -> None:
    (value,) = changes.values()
    there = make_mirror(
        tmp_path, line("flows.csv") | changes, line("other/flows.csv", source_id="other")
    )
    with pytest.raises(RejectedError, match="manifest is wrong about toy 2023") as caught:
        there.obtain(make_source())
    assert value in caught.value.found
    assert there.obtain(make_source(id="other"))


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv"))
    (tmp_path / "secret.csv").write_bytes(CSV)
    (there.folder / "flows.csv").unlink()
    (there.folder / "flows.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(RejectedError, match="leads out of the mirror"):
        there.obtain(make_source())


def test_a_name_that_matches_nothing(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("moves.csv"))
    with pytest.raises(RejectedError, match=r"moves\.csv is none of sources/toy\.yml, files"):
        there.obtain(make_source())


def test_two_lines_for_one_file(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("a/flows.csv"), line("b/flows.csv"))
    with pytest.raises(RejectedError, match=r"a/flows\.csv and b/flows\.csv are both `flows`"):
        there.obtain(make_source())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("flows.csv"))
    (there.folder / "flows.csv").unlink()
    with pytest.raises(UnavailableError, match="names a file that is not there"):
        there.obtain(make_source())


@pytest.mark.parametrize("content", [CSV[:-1], CSV[:-1] + b"!", b""])
def test_a_file_that_differs(tmp_path: Path, content: bytes) -> None:
    there = make_mirror(tmp_path, line("flows.csv"), content=content)
    with pytest.raises(RejectedError, match="not the one of its manifest") as caught:
        there.obtain(make_source())
    assert hashlib.sha256(CSV).hexdigest() in caught.value.expected
    assert hashlib.sha256(content).hexdigest() in caught.value.found


def test_a_file_that_is_what_its_manifest_says_but_no_data(tmp_path: Path) -> None:
    page = b"<html>" + b" " * 200
    there = make_mirror(tmp_path, line("flows.csv", page), content=page)
    with pytest.raises(RejectedError, match="a web page"):
        there.obtain(make_source())


# --- the making of a mirror


def publisher(tmp_path: Path) -> Publisher:
    lock = Lock(tmp_path / "lock.json")
    return Publisher(tmp_path / "cache", lock, patience=Patience(attempts=1, silence=1))


def test_a_mirror_is_made_and_read_again(tmp_path: Path, web: Web) -> None:
    archive = make_zip({"donnees_communes.csv": CSV})
    good = two_files(communes=web.gives("/ensemble.zip", archive))
    lost = make_source({"flows": web.gives("/404.csv", b"", status=404)}, id="lost")
    said = Notes()
    summary = write_mirror(tmp_path / "m", publisher(tmp_path), [good, lost], said)
    assert [one.path for one in summary.obtained] == [tmp_path / "m/toy/2023/communes-ensemble.zip"]
    assert list(summary.unavailable) == ["lost"] and "404" in str(summary.unavailable["lost"])
    assert "lost: " in said
    (obtained,) = Mirror(tmp_path / "m").obtain(good).values()
    assert (obtained.file, obtained.origin, obtained.layout) == ("communes", "mirror", "official")
    assert obtained.fetched_at is not None
    assert obtained.url == f"{web.root}/ensemble.zip"


def test_a_mirror_goes_on_where_it_was(tmp_path: Path, web: Web) -> None:
    urls = {name: web.gives(f"/{name}/flows.csv", CSV) for name in ("a", "b", "c")}
    sources = [make_source({"flows": url}, id=name) for name, url in urls.items()]
    web.gives("/b/flows.csv", b"", status=404)
    first = write_mirror(tmp_path / "m", publisher(tmp_path), sources)
    assert [one.source_id for one in first.obtained] == ["a", "c"]
    (tmp_path / "m" / "c/2023/flows.csv").write_bytes(b"damaged")
    web.requests.clear()
    web.gives("/b/flows.csv", CSV)
    # Another cache: what is sound in the mirror is not asked for again.
    second = write_mirror(tmp_path / "m", publisher(tmp_path / "new"), sources)
    assert [path for path, _ in web.requests] == ["/b/flows.csv", "/c/flows.csv"]
    assert [one.source_id for one in second.kept] == ["a"]
    assert [one.source_id for one in second.obtained] == ["b", "c"]
    assert not second.unavailable
    text = (tmp_path / "m/manifest.csv").read_text()
    third = write_mirror(tmp_path / "m", publisher(tmp_path / "new"), sources)
    assert len(third.kept) == 3 and (tmp_path / "m/manifest.csv").read_text() == text


def test_a_stopped_making_keeps_what_it_had(tmp_path: Path, web: Web) -> None:
    class Stopped:
        def obtain(self, source: Source, vintage: str | None = None) -> Any:
            if source.id == "b":
                raise KeyboardInterrupt
            return publisher(tmp_path).obtain(source, vintage)

    url = web.gives("/flows.csv", CSV)
    sources = [make_source({"flows": url}, id=name) for name in ("a", "b")]
    with pytest.raises(KeyboardInterrupt):
        write_mirror(tmp_path / "m", Stopped(), sources)
    assert Mirror(tmp_path / "m").obtain(sources[0])


def test_what_stood_in_the_manifest_stays(tmp_path: Path, web: Web) -> None:
    by_hand = line("donnees_communes_mayotte.csv", extent="dep:976", remarks="by hand")
    old = make_mirror(
        tmp_path, by_hand | {"note": "kept"}, line("old.csv", vintage="2022") | {"note": ""}
    )
    source = two_files(communes=web.gives("/donnees_communes.csv", CSV))
    write_mirror(old.folder, publisher(tmp_path), [source])
    rows = Mirror(old.folder).rows
    assert {row["path"] for row in rows} == {
        "donnees_communes_mayotte.csv",
        "old.csv",
        "toy/2023/donnees_communes.csv",
    }
    assert {row["note"] for row in rows} == {"kept", ""}
    assert list(Mirror(old.folder).obtain(source)) == ["communes", "mayotte"]


def test_the_vintages_asked_for(tmp_path: Path, web: Web) -> None:
    source = make_source({"flows": web.gives("/flows.csv", CSV)})
    write_mirror(tmp_path / "m", publisher(tmp_path), [source], vintages={"toy": "2022"})
    assert Mirror(tmp_path / "m").vintages("toy") == ["2022"]


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path, web: Web) -> None:
    source = two_files(
        communes=web.gives("/a/export.csv", CSV), mayotte=web.gives("/b/export.csv", CSV + b"1;2\n")
    )
    write_mirror(tmp_path / "m", publisher(tmp_path), [source])
    there = Mirror(tmp_path / "m").obtain(source)
    assert {one.bytes for one in there.values()} == {len(CSV), len(CSV) + 4}


def test_a_mirror_of_a_mirror(tmp_path: Path) -> None:
    there = make_mirror(tmp_path, line("x/flows.csv", vintage="2022", extent="reg:11"))
    summary = write_mirror(tmp_path / "copy", there, [make_source(), make_source(id="no")])
    assert [one.extent for one in summary.obtained] == ["reg:11"]
    assert list(summary.unavailable) == ["no"]
    assert Mirror(tmp_path / "copy").obtain(make_source())["flows"].vintage == "2022"
