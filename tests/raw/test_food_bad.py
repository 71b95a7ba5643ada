"""Files of food that are not as declared: said with the line of the YAML, or read all the same."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl
import pytest
import xlsxwriter

from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.engine import write_records
from pipelines.errors import RejectedError, UnavailableError
from pipelines.raw.inspection import inspect
from pipelines.raw.lock import Lock
from pipelines.raw.mirror import Mirror
from pipelines.raw.obtaining import write_raw_table, write_sources
from pipelines.raw.publisher import Publisher
from pipelines.raw.reading import Reading, read_table
from pipelines.sample import SMALL, food
from pipelines.sample.base_carbone import base_carbone
from pipelines.sample.country import build
from pipelines.sample.files import Row, Sample
from pipelines.sample.mirror import _manifest_row
from pipelines.sample.workbooks import ods, xls
from pipelines.store import Store
from tests.raw.conftest import make_source, make_zip

Rows = list[list[str | None]]

# The pair of one région: no part of the sample, which writes the national list.
PAT_COMMUNES = b'"","code_insee","code_pat"\n"5","01006","3"\n"14131.1","01009","3"\n'
PAT_PROJECTS = (
    "code_pat;population;rpg_ha;bio_ha;nb_cantines;part_bio;part_sau_pat;part_bio_pat;bio_aura;"
    "part_pop;pop_hab;departemen;nom_du_pat;territoire;echelle;niveau;annee_labe;soutien_pn\r\n"
    '1.0;13;6;3;1;5.4;2.1;1.1;10.2;1.6;13;01 – Nord;PAT du Nord;"CC du Nord\nCC de l’Est";Un;2;'
    "2021;2019-2020\r\n2.0;13;6;3;1;5.4;2.1;1.1;10.2;1.6;13;01 – Sud;PAT du Sud;CC du Sud;Un;1;"
    "2022;2019-2020\r\n"
).encode()


@dataclass(frozen=True)
class File:
    """A file of a source as rows of text, and how they are written."""

    table: str
    name: str
    read: Callable[[Sample], Rows]
    write: Callable[[Rows], bytes]
    number: str | None
    """A column of numbers."""
    skip: int = 0
    distinct: bool = False
    source_id: str = ""

    @property
    def source(self) -> str:
        """The source it is of."""
        return self.source_id or self.table


def csv_rows(content: bytes, delimiter: str, encoding: str) -> Rows:
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))


def csv_bytes(rows: Rows, delimiter: str, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(encoding)


def text_file(
    table: str,
    content: Callable[[Sample], bytes],
    delimiter: str,
    encoding: str,
    number: str | None,
    **options: object,
) -> File:
    return File(
        table,
        "file.csv",
        lambda sample: csv_rows(content(sample), delimiter, encoding),
        lambda rows: csv_bytes(rows, delimiter, encoding),
        number,
        **options,  # type: ignore[arg-type]
    )


def sheet_rows(content: bytes, member: str, sheet: str) -> Rows:
    with io.BytesIO(content) as file:
        book = fastexcel.read_excel(_member(file, member))
    frame = book.load_sheet(sheet, header_row=None, dtypes="string").to_polars()
    return [list(row) for row in frame.iter_rows()]


def _member(file: io.BytesIO, name: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(name)


def with_numbers(rows: Rows) -> list[Row]:
    """Cells of digits as numbers, except the codes of the first column."""
    return [
        [row[0], *(int(c) if c and c.isdigit() and len(c) < 5 else c for c in row[1:])]
        for row in rows
    ]


def json_rows(content: bytes) -> Rows:
    data = json.loads(content)["data"]
    return [list(data[0]), *([_told(value) for value in row.values()] for row in data)]


def _told(value: object) -> str | None:
    return None if value is None else str(value)


def json_bytes(rows: Rows) -> bytes:
    header, *data = rows
    return json.dumps(
        {"count": 1, "data": [dict(zip(header, r, strict=True)) for r in data]}
    ).encode()


RA2020_MEMBER = "RA2020_1013_SAU_Communes.ods"
EPCI_MEMBER = "Intercommunalité - Métropole au 01-01-2019.xls"

FILES = {
    "agreste_ra2020": File(
        "agreste_ra2020",
        "RA2020_1013_SAU_Communes.zip",
        lambda sample: sheet_rows(food.ra2020(sample), RA2020_MEMBER, "RA2020_Communes"),
        lambda rows: make_zip({RA2020_MEMBER: ods({"RA2020_Communes": with_numbers(rows)})}),
        "SAU (en hectares)",
    ),
    "agence_bio": text_file("agence_bio", food.agence_bio, ",", "utf-8", "surfab", distinct=True),
    "inao_aop": text_file("inao_aop", food.inao, ";", "cp1252", None, distinct=True),
    "bnpe_withdrawals": File(
        "bnpe_withdrawals",
        "file.json",
        lambda sample: json_rows(food.bnpe(sample)),
        json_bytes,
        "volume",
    ),
    "ademe_base_carbone": text_file(
        "ademe_base_carbone", base_carbone, ";", "cp1252", "Total poste non décomposé"
    ),
    "pat_national": text_file(
        "pat_perimeters_national", food.pats, ";", "cp1252", None, source_id="pat_perimeters"
    ),
    "pat_communes": text_file(
        "pat_perimeters_communes",
        lambda sample: PAT_COMMUNES,
        ",",
        "utf-8",
        None,
        source_id="pat_perimeters",
    ),
    "pat_projects": text_file(
        "pat_perimeters_projects",
        lambda sample: PAT_PROJECTS,
        ";",
        "utf-8",
        "annee_labe",
        source_id="pat_perimeters",
    ),
    "insee_epci": File(
        "insee_epci",
        "Intercommunalite_Metropole_au_01-01-2019.zip",
        lambda sample: sheet_rows(food.epci_2019(sample), EPCI_MEMBER, "Composition_communale"),
        lambda rows: make_zip({EPCI_MEMBER: xls({"Composition_communale": rows})}),
        None,
        skip=5,
    ),
}
TEXTS = [name for name, file in FILES.items() if file.name == "file.csv"]


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample(build(SMALL))


@dataclass(frozen=True)
class Bench:
    """Reads what a file becomes."""

    folder: Path
    sample: Sample

    def rows(self, file: File) -> Rows:
        """The rows of the sound file, its header first."""
        return file.read(self.sample)[file.skip :]

    def read(self, file: File, rows: Rows) -> pl.DataFrame:
        """Read a file of these rows."""
        above = file.read(self.sample)[: file.skip]
        return self.read_bytes(file, file.write(above + rows))

    def read_bytes(self, file: File, content: bytes, name: str = "") -> pl.DataFrame:
        """Read a file of these bytes."""
        source = sources()[file.source]
        path, store = self.folder / (name or file.name), Store(self.folder / "store")
        path.write_bytes(content)
        vintage = source.vintage("23.6" if file.source == "ademe_base_carbone" else source.newest)
        reading = Reading(source, vintage, file.table, path, complete=False)
        layout = source.files[reading.table.file]
        inspect(path, layout.model_copy(update={"bytes": ANY_SIZE}), file.table, complete=False)
        read_table(reading, tables()[file.table], store)
        return pl.read_parquet(store.path(file.table))

    def refused(self, file: File, rows: Rows) -> str:
        """Why a file of these rows is refused: with the place in the YAML, line and all."""
        with pytest.raises(RejectedError) as caught:
            self.read(file, rows)
        said = " ".join(str(caught.value).split())
        assert re.search(rf"sources/{file.source}\.yml, tables\.{file.table}\S* \(line \d+\)", said)
        return said


ANY_SIZE = sources()["insee_epci"].files["members"].bytes.model_copy(update={"min": 0})


@pytest.fixture
def bench(tmp_path: Path, sample: Sample) -> Bench:
    return Bench(tmp_path, sample)


def used(file: File) -> list[str]:
    """Columns that cannot be missing: our names of them."""
    columns = sources()[file.source].tables[file.table].columns
    return [column.name for column in columns if not column.missing]


def place(file: File, rows: Rows, name: str) -> int:
    """Where a column stands, by our name of it."""
    (column,) = [c for c in sources()[file.source].tables[file.table].columns if c.name == name]
    (at,) = [i for i, header in enumerate(rows[0]) if column.matches(header or "", 2025)]
    return at


@pytest.mark.parametrize("name", FILES)
def test_what_is_sound_is_read(bench: Bench, name: str) -> None:
    file = FILES[name]
    rows = bench.rows(file)
    read = bench.read(file, rows)
    assert len(read) == len({tuple(row) for row in rows[1:]} if file.distinct else rows[1:])
    assert read.height > 1


@pytest.mark.parametrize(("name", "column"), [(n, used(f)[-1]) for n, f in FILES.items()])
def test_a_renamed_column(bench: Bench, name: str, column: str) -> None:
    rows = bench.rows(FILES[name])
    rows[0][place(FILES[name], rows, column)] = "Autre nom"
    assert "Autre nom" in bench.refused(FILES[name], rows)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_column(bench: Bench, name: str) -> None:
    file = FILES[name]
    rows = bench.rows(file)
    at = place(file, rows, used(file)[0])
    without = [row[:at] + row[at + 1 :] for row in rows]
    assert "absent" in bench.refused(file, without)


@pytest.mark.parametrize("name", FILES)
def test_a_column_more(bench: Bench, name: str) -> None:
    rows = [[*row, "1"] for row in bench.rows(FILES[name])]
    rows[0][-1] = "Nouvelle"
    assert "unknown columns: Nouvelle" in bench.refused(FILES[name], rows)


@pytest.mark.parametrize("name", [name for name, file in FILES.items() if file.number])
def test_a_word_for_a_number(bench: Bench, name: str) -> None:
    file = FILES[name]
    rows = bench.rows(file)
    rows[2][rows[0].index(file.number)] = "beaucoup"
    said = bench.refused(file, rows)
    assert re.search(r"1 value\(s\) not a (number|integer) \(.*beaucoup", said)


@pytest.mark.parametrize("name", FILES)
def test_a_row_twice(bench: Bench, name: str) -> None:
    file = FILES[name]
    rows = bench.rows(file)
    twice = [*rows, rows[-1]]
    if file.distinct or file.source == "ademe_base_carbone":
        # Nothing tells the parts of an element apart for sure: the Base Carbone has no key.
        more = 0 if file.distinct else 1
        assert len(bench.read(file, twice)) == len(bench.read(file, rows)) + more
    else:
        assert "2 times" in bench.refused(file, twice)


@pytest.mark.parametrize("name", ["inao_aop", "ademe_base_carbone", "pat_national"])
def test_utf_8_instead_of_windows(bench: Bench, name: str) -> None:
    file = FILES[name]
    rows = bench.rows(file)
    expected = bench.read(file, rows)
    found = bench.read_bytes(file, csv_bytes(rows, ";", "utf-8"))
    assert sorted(found.rows(), key=str) == sorted(expected.rows(), key=str)


@pytest.mark.parametrize("name", TEXTS)
def test_an_encoding_that_is_none_of_ours(bench: Bench, name: str) -> None:
    rows = bench.rows(FILES[name])
    with pytest.raises(RejectedError):
        bench.read_bytes(FILES[name], csv_bytes(rows, ";", "utf-16"))


def test_a_text_of_windows_where_none_is_expected(bench: Bench) -> None:
    file = FILES["agreste_ra2020"]
    content = csv_bytes(bench.rows(file), ";", "cp1252")
    with pytest.raises(RejectedError, match=r"sources/agreste_ra2020\.yml"):
        bench.read_bytes(file, content, "RA2020_1013_SAU_Communes.csv")


# --- the other forms of a file ---


def test_the_census_as_a_text(bench: Bench) -> None:
    file = FILES["agreste_ra2020"]
    rows = bench.rows(file)
    text = csv_bytes(rows, ";", "utf-8")
    read = bench.read_bytes(file, text, "RA2020_1013_SAU_Communes.csv")
    assert read.equals(bench.read(file, rows))
    assert read["farmland_ha"].null_count() == sum(row[2] in (None, "") for row in rows)


def test_the_census_with_decimals_and_empty_rows(bench: Bench) -> None:
    file = FILES["agreste_ra2020"]
    rows = bench.rows(file)
    rows[1][2] = "12,5"
    read = bench.read(file, [*rows, [None] * 6, [None, "Total", "5", None, None, None]])
    assert len(read) == len(rows) - 1
    assert read.filter(commune_code=rows[1][0])["farmland_ha"].item() == 12.5


def test_organic_farming_of_another_edition(bench: Bench) -> None:
    content = (
        "Annee,CodeInseeCommune,CodePostalCommune,SurfAB,SurfBIO,SurfC123,NbExp,SurfBIO_SF,"
        "SurfBIO_GCU,SurfBIO_FR,SurfBIO_LE,SurfBIO_VI,SurfBIO_PP,SurfBIO_AU,Commune\n"
        "2023,1004,01500,10.5,12.25,1.75,2,5,5,1,1,0.25,0,0,Échallond\n"
    ).encode("latin-1")
    read = bench.read_bytes(FILES["agence_bio"], content)
    assert read.rows() == [(2023, "01004", "01500", 2, 10.5, 1.75, 12.25)]


def test_emission_factors_in_a_workbook(bench: Bench) -> None:
    file = FILES["ademe_base_carbone"]
    rows = bench.rows(file)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet, other = book.add_worksheet("Base_Carbone_V23.9"), book.add_worksheet("F1")
        other.write_string(0, 0, "rien")
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                if text and re.fullmatch(r"-?\d+(,\d+)?(E[+-]\d+)?", text):
                    sheet.write_number(number, column, float(text.replace(",", ".")))
                elif text:
                    sheet.write_string(number, column, text)
    found = bench.read_bytes(file, buffer.getvalue(), "Base_Carbone_V23.9.xlsx")
    expected = bench.read(file, rows)
    for name in expected.columns:
        ours, theirs = (frame[name].sort().to_list() for frame in (found, expected))
        assert ours == (pytest.approx(theirs) if expected[name].dtype == pl.Float64 else theirs)


def test_composition_of_epci_in_a_workbook_of_today(bench: Bench) -> None:
    file = FILES["insee_epci"]
    rows = bench.rows(file)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Composition_communale")
        for number, row in enumerate(rows, start=file.skip):
            sheet.write_row(number, 0, row)
    content = make_zip({"EPCI_au_01-01-2019.xlsx": buffer.getvalue()})
    assert bench.read_bytes(file, content).equals(bench.read(file, rows))


@pytest.mark.parametrize("kept", [600, 5_000])
def test_a_workbook_of_excel_97_cut_short(bench: Bench, kept: int) -> None:
    file = FILES["insee_epci"]
    with io.BytesIO(food.epci_2019(bench.sample)) as archive:
        book = _member(archive, EPCI_MEMBER)
    with pytest.raises(RejectedError, match="insee_epci"):
        bench.read_bytes(file, make_zip({EPCI_MEMBER: book[:kept]}))


def test_no_workbook_at_all_under_the_name_of_one(bench: Bench) -> None:
    with pytest.raises(RejectedError):
        bench.read_bytes(FILES["insee_epci"], make_zip({EPCI_MEMBER: b"<html>Not found</html>"}))
    with pytest.raises(RejectedError, match="no workbook"):
        bench.read_bytes(FILES["insee_epci"], b"code;nom\n", "a.xls")


# --- a source of which each file may be absent, but not all ---

OPTIONAL = {
    key: {"name": f"{key}.csv", "format": "csv", "bytes": {"min": 1, "max": 9}, "optional": True}
    for key in ("france", "region")
}


def test_files_without_address_are_not_all_to_be_done_without(tmp_path: Path) -> None:
    source = make_source({"france": None, "region": None}, files=OPTIONAL)
    publisher = Publisher(tmp_path / "cache", Lock(tmp_path / "lock.json"))
    with pytest.raises(UnavailableError, match="toy 2023, france has no known address"):
        publisher.obtain(source)


def test_files_that_a_mirror_lacks_are_not_all_to_be_done_without(
    tmp_path: Path, sample: Sample
) -> None:
    (entry,) = [one for one in food.ENTRIES if one.source_id == "pat_perimeters"]
    path = tmp_path / entry.path
    path.parent.mkdir(parents=True)
    path.write_bytes(entry.content(sample))
    row = _manifest_row(entry, path.read_bytes(), SMALL)
    (tmp_path / "manifest.csv").write_text(pl.DataFrame([row]).write_csv(), encoding="utf-8")
    source = sources()["pat_perimeters"]
    assert list(Mirror(tmp_path).obtain(source)) == ["france"]
    path.unlink()
    with pytest.raises(UnavailableError, match="names a file that is not there"):
        Mirror(tmp_path).obtain(source)


@pytest.mark.parametrize(("content", "status"), [("sound", "ok"), ("cut", "rejected")])
def test_the_state_of_a_source_of_optional_files(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, content: str, status: str
) -> None:
    source, store = sources()["pat_perimeters"], Store(bench.folder / "store")
    monkeypatch.setattr("pipelines.raw.obtaining.sources", lambda: {source.id: source})
    path = bench.folder / "pats.csv"
    path.write_bytes(food.pats(bench.sample) if content == "sound" else b"id;nom\n1;PAT\n")
    row = {"source_id": source.id, "file_role": "france", "vintage": "2025", "path": str(path)}
    row |= {"status": "ok", "extent": "france", "extent_kind": "by_row", "layout": "synthetic"}
    write_records(tables()["source_files"], store, [row])
    for table in source.tables:
        write_raw_table(source, table, store)
    write_sources(store)
    (said,) = pl.read_parquet(store.path("sources")).to_dicts()
    assert said["status"] == status
    assert "regional_communes of pat_perimeters is not there" in said["why"]
