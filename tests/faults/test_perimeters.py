"""The user's perimeter file may be nonsense; it is refused whole, with all that is wrong."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import MetabolismeError
from pipelines.release.publishing import latest

from .damage import state
from .ground import Ground, photograph, says, tells
from .test_command_line import FAILED, WELL, metabolisme

HEADER = "perimeter_code,perimeter_name,commune_code\n"
GOOD = "S1,SCoT du Val,01001\nS1,SCoT du Val,01002\nS2,Pays d’en haut,01003\n"


def drawn(ground: Ground, content: str | bytes) -> pl.DataFrame:
    path = ground.mirror / "mine.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    ground.drawing(path).make("user_perimeters")
    return ground.table("user_perimeters")


def refused(ground: Ground, content: str | bytes, *words: object) -> None:
    with pytest.raises(MetabolismeError) as caught:
        drawn(ground, content)
    says(caught.value, ground.mirror / "mine.csv", *words)


def test_the_good_one(ground: Ground) -> None:
    assert drawn(ground, HEADER + GOOD)["source_code"].to_list() == ["01001", "01002", "01003"]


HARMLESS = {
    "semicolons": (HEADER + GOOD).replace(",", ";"),
    "lost zeros": (HEADER + GOOD).replace(",01", ",1"),
    "a byte order mark": "\ufeff" + HEADER + GOOD,
    "CRLF": (HEADER + GOOD).replace("\n", "\r\n"),
    "quotes": "".join(
        f'"{line}"\n' for line in (HEADER + GOOD).replace(",", '","').split("\n")[:-1]
    ),
    "another case of the header": HEADER.upper() + GOOD,
    "no line break at the end": (HEADER + GOOD).strip(),
    "empty lines": HEADER + "\n" + GOOD + "\n\n",
    "empty lines of a spreadsheet": HEADER + GOOD + ",,\n,,\n",
    "spaces": (HEADER + GOOD).replace(",", " , "),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change(ground: Ground, content: str) -> None:
    expected = [("S1", "SCoT du Val", c) for c in ("01001", "01002")]
    assert drawn(ground, content).rows() == [*expected, ("S2", "Pays d’en haut", "01003")]


def test_a_comma_within_a_name(ground: Ground) -> None:
    assert drawn(ground, HEADER + 'S1,"Val, Pays et Monts",01001\n')["name"].to_list() == [
        "Val, Pays et Monts"
    ]


def test_a_code_of_the_past_stands_for_its_successor(ground: Ground) -> None:
    passage = ground.table("commune_passage")
    year = passage["cog_year"].max()
    old, new = (
        passage.filter(pl.col("passage") == "other_year", cog_year=year)
        .filter(pl.col("commune_code").is_not_null(), n_successors=1)
        .select("source_code", "commune_code")
        .row(0)
    )
    # The old and the new name of the same commune, in one perimeter.
    drawn(ground, HEADER + f"S1,Val,{old}\nS1,Val,{new}\n")
    ground.make("territory_members")
    assert ground.check("territory_members")["valid"].status == "passed"
    assert ground.table("territory_members").filter(level="custom")["commune_code"].to_list() == [
        new
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("S1,Val,99999\nS1,Val,Paris\n", ["unknown commune", "99999", "Paris"]),
        ("S1,Val,01001\nS1,Val,01001\n", ["twice", "S1/01001"]),
        ("S1,Val,01001\nS1,Val,1001\n", ["twice", "S1/01001"]),
        ("S1,Val,01001\nS1,Mont,01002\n", ["several names", "S1"]),
        ("S1,Val,01001\n,Val,01002\n", ["empty cell", "line(s) 3"]),
        ("S1,Val,01001\nS1,,01002\n", ["empty cell", "line(s) 3"]),
        ("S1,Val,01001\nS1,Val,\n", ["empty cell", "line(s) 3"]),
        ("S1,Val,01001\n\n\nS1,Val,\n", ["empty cell", "line(s) 5"]),
        ("S1,Val,01001\nS1,Val\n", ["line(s) 3"]),
        ("S1,Val,01001\nS1,Val, Pays et Monts,01002\n", ["line(s) 3"]),
        ("S1,Val,01001,01002,01003\n", ["line(s) 2"]),
        ("", ["no line"]),
        (GOOD + 'S3,"Monts,01004\nS3,Monts,01005\n', ["line(s) 5"]),
    ],
)
def test_lines_that_are_wrong(ground: Ground, lines: str, words: list[str]) -> None:
    refused(ground, HEADER + lines, *words)


def test_all_that_is_wrong_is_said_at_once(ground: Ground) -> None:
    lines = "S1,Val,99999\nS1,Mont,01001\nS1,Val,01001\n,Val,01002\n"
    refused(ground, HEADER + lines, "99999", "several names", "twice", "line(s) 5")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "code,nom,insee\n" + GOOD,
        GOOD,
        "perimeter_code,perimeter_name\nS1,Val\n",
        HEADER.replace(",", "\t") + GOOD,
        "<!DOCTYPE html>\n<html></html>\n",
    ],
    ids=["empty", "a line break", "other names", "no header", "a column less", "tabs", "a page"],
)
def test_another_header(ground: Ground, content: str) -> None:
    refused(ground, content, "line 1", "perimeter_code,perimeter_name,commune_code")


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + "S1,Hérault,01001\n").encode("latin-1"),
        (HEADER + GOOD).encode("utf-16"),
        b"PK\x03\x04" + bytes(range(256)),
    ],
    ids=["latin-1", "utf-16", "a workbook"],
)
def test_another_encoding(ground: Ground, content: bytes) -> None:
    refused(ground, content, "UTF-8")


def test_a_name_without_end(ground: Ground) -> None:
    # Beyond what one cell of a CSV may hold, the reader gives up.
    refused(ground, HEADER + 'S1,"' + "Val,01001\n" * 20_000)


def test_a_cell_of_zeros(ground: Ground) -> None:
    refused(ground, HEADER + "S1,Val,\0\0\n", "unknown commune")


def test_a_folder(ground: Ground) -> None:
    with pytest.raises(MetabolismeError) as caught:
        ground.drawing(ground.mirror).make("user_perimeters")
    says(caught.value, ground.mirror)


def test_no_file(ground: Ground, tmp_path: Path) -> None:
    with pytest.raises(MetabolismeError) as caught:
        ground.drawing(tmp_path / "nowhere.csv").make("user_perimeters")
    says(caught.value, "nowhere.csv")


@pytest.mark.slow
def test_a_refused_file_leaves_the_release(published: Ground) -> None:
    before = photograph(published.outputs)
    path = published.mirror / "mine.csv"
    path.write_text(HEADER + "S1,Val,99999\n", encoding="utf-8")
    with pytest.raises(MetabolismeError, match="99999"):
        published.drawing(path).run()
    assert photograph(published.outputs) == before


# --- whole runs, with Dagster: long ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["empty file", "perimeter_code,perimeter_name,commune_code"]),
        (HEADER + GOOD + "S2,Pays d’en haut,01003\n", ["twice", "S2/01003"]),
    ],
    ids=["an empty file", "a commune twice"],
)
def test_the_command_fails_and_leaves_the_release(
    published: Ground, content: str, words: list[str]
) -> None:
    before = photograph(published.outputs)
    path = published.mirror / "mine.csv"
    path.write_text(content, encoding="utf-8")
    ended = metabolisme("run", "--mirror", published.mirror, "--perimeters", path)
    assert ended.code == FAILED
    tells(ended.err, path, "what to do", *words)
    assert photograph(published.outputs) == before


@pytest.mark.slow
def test_a_country_a_commune_and_what_lies_outside_the_flows(published: Ground) -> None:
    state(published.mirror, "insee_commuting", extent="dep:01", extent_kind="by_row")
    communes = published.table("communes").sort("commune_code")
    every = communes["commune_code"].to_list()
    far = communes.filter(departement_code="60")["commune_code"].to_list()
    lists = {"whole": every, "single": ["01001"], "far": far}
    path = published.mirror / "mine.csv"
    lines = [f"{code},Val,{commune}" for code, codes in lists.items() for commune in codes]
    path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    old = latest(published.outputs)
    ended = metabolisme("run", "--mirror", published.mirror, "--perimeters", path)
    assert ended.code == WELL, ended.err + ended.out
    new = latest(published.outputs)
    assert new.version != old.version

    def read(name: str) -> pl.DataFrame:
        return pl.read_parquet(new.folder / f"{name}.parquet").filter(level="custom")

    counts = read("territories").select("code", "n_communes")
    assert dict(counts.iter_rows()) == {code: len(codes) for code, codes in lists.items()}
    # One commune is in the extent of the flows; the country and the others are not.
    jobs = pl.col("need") == "jobs"
    assert set(read("dependencies").filter(jobs)["code"]) == {"single"}
    said = read("not_measured").filter(jobs, pl.col("indicator").is_null())
    assert set(said["code"]) & {"far", "*"} and set(said["code"]) & {"whole", "*"}
    assert said["reason_en"].str.contains("dep:01").all()
    # What is counted or attributed elsewhere stands.
    assert set(read("dependencies").filter(need="housing")["code"]) == set(lists)
    assert set(read("dependencies").filter(need="cereals")["code"]) == set(lists)
