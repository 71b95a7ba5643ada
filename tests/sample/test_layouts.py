"""Each file to the byte: header, newline, quotes, encoding, preamble, members."""

import io
import json
import re
import zipfile

import polars as pl
import pytest

from .readers import (
    COMMUTING_CSV,
    COMMUTING_ZIP,
    COMPARATEUR_CSV,
    COMPARATEUR_ZIP,
    ZONING_XLSX,
    ZONING_ZIP,
    Content,
    sheet,
    table,
)

NAME = '"TNCC","NCC","NCCENR","LIBELLE"'
QUOTED = {
    "v_commune_2026.csv": f'"TYPECOM","COM","REG","DEP","CTCD","ARR",{NAME},"CAN","COMPARENT"',
    "v_mvt_commune_2026.csv": (
        '"MOD","DATE_EFF","TYPECOM_AV","COM_AV","TNCC_AV","NCC_AV","NCCENR_AV","LIBELLE_AV",'
        '"TYPECOM_AP","COM_AP","TNCC_AP","NCC_AP","NCCENR_AP","LIBELLE_AP"'
    ),
    "v_departement_2026.csv": f'"DEP","REG","CHEFLIEU",{NAME}',
    "v_region_2026.csv": f'"REG","CHEFLIEU",{NAME}',
}
ZONING_HEADER = (
    "CODGEO;LIBGEO;DEP;REG;EPCI;NATURE_EPCI;ARR;CV;ZE2020;UU2020;TUU2017;TDUU2017;AAV2020;"
    "TAAV2017;TDAAV2017;CATEAAV2020;BV2012"
)
EPCI_HEADER = (
    "dept;siren;raison_sociale;nature_juridique;mode_financ;nb_membres;total_pop_tot;"
    "total_pop_mun;dep_com;insee;siren_membre;nom_membre;ptot_2025;pmun_2025"
)
COMPARATEUR_HEADER = (
    "CODGEO;P18_POP;P13_POP;SUPERF;NAIS1318;DECE1318;P18_MEN;NAISD20;DECESD20;P18_LOG;P18_RP;"
    "P18_RSECOCC;P18_LOGVAC;P18_RP_PROP;NBMENFISC19;PIMP19;MED19;TP6019;P18_EMPLT;P18_EMPLT_SAL;"
    "P13_EMPLT;P18_POP1564;P18_CHOM1564;P18_ACT1564;ETTOT18;ETAZ18;ETBE18;ETFZ18;ETGU18;ETGZ18;"
    "ETOQ18;ETTEF118;ETTEFP1018"
)


def is_crlf(content: bytes) -> bool:
    return content.endswith(b"\r\n") and content.count(b"\n") == content.count(b"\r\n")


def is_lf(content: bytes) -> bool:
    return content.endswith(b"\n") and b"\r" not in content


def members(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
        return archive.namelist()


@pytest.mark.parametrize("name", QUOTED)
def test_cog_files_quote_everything(content: Content, name: str) -> None:
    text = content(name)
    assert text.startswith(QUOTED[name].encode() + b"\r\n")
    assert is_crlf(text)
    assert all(re.fullmatch(r'"[^"]*"(,"[^"]*")*', line) for line in text.decode().splitlines())


def test_populations(content: Content) -> None:
    text = content("donnees_communes.csv")
    header = "REG;Région;DEP;CODARR;CODCAN;CODCOM;COM;Commune;PMUN;PCAP;PTOT\r\n"
    assert text.startswith(header.encode())
    assert is_crlf(text)
    assert b'"' not in text


def test_populations_of_mayotte(content: Content) -> None:
    text = content("donnees_communes_mayotte.csv")
    assert text.startswith(
        b"CODREG;REG;DEP;CODARR;CODCAN;CODCOM;COM;PMUN;PCAP;PTOT\n06;;976;;;601;;"
    )
    assert is_lf(text)


def test_epci(content: Content) -> None:
    text = content("epcicom2025.xlsx")
    rows = sheet(text, "Epcicom2025", header_row=0)
    assert ";".join(rows.columns) == EPCI_HEADER
    with zipfile.ZipFile(io.BytesIO(text)) as book:
        cells = book.read("xl/worksheets/sheet1.xml").decode()
    assert re.search(r'<c r="B2"><v>299\d{6}</v></c>', cells), "numbers of EPCI are numbers"
    assert re.search(r'<c r="J2" t="s">', cells), "codes of communes are texts"
    last = len(rows) + 2
    row = re.search(rf'<row r="{last}".*?</row></sheetData>', cells)
    assert row, "a row after the last"
    assert "<v>" not in row.group()


def test_zonings(content: Content) -> None:
    assert members(content(ZONING_ZIP)) == [ZONING_XLSX]
    book = content(ZONING_ZIP, ZONING_XLSX)
    for name, header in {
        "COM": ZONING_HEADER,
        "ARM": f"{ZONING_HEADER};COM",
        "Zones_supra_communales": "NIVGEO;CODGEO;LIBGEO;NB_COM",
        "Variables": "VAR_ID;VAR_LIB;VAR_LIB_LONG",
    }.items():
        rows = sheet(book, name)
        assert rows.item(0, 0) == "Liste des communes au 1er janvier 2022"
        assert ";".join(rows.row(5)) == header
        assert all(value is None for row in rows.head(4).rows() for value in row[1:])
        assert rows.row(4).count(None) == (rows.width if name == "Variables" else 0)
    assert sheet(book, "Documentation").height > 5


def test_comparateur(content: Content) -> None:
    meta_csv = "meta_base_cc_comparateur.CSV"
    assert members(content(COMPARATEUR_ZIP)) == [COMPARATEUR_CSV, meta_csv]
    text = content(COMPARATEUR_ZIP, COMPARATEUR_CSV)
    assert text.startswith(f"{COMPARATEUR_HEADER}\r\n".encode())
    assert is_crlf(text)
    assert not re.search(rb"\.0[;\r]", text), "whole numbers have no decimals"
    assert re.search(rb";\d+\.\d{8,}", text), "others have up to 15 digits"
    meta = content(COMPARATEUR_ZIP, meta_csv)
    assert meta.startswith(b"COD_VAR;LIB_VAR;LIB_VAR_LONG;COD_MOD;LIB_MOD;TYPE_VAR;LONG_VAR\r\n")
    assert is_crlf(meta)


def test_commuting(content: Content) -> None:
    assert members(content(COMMUTING_ZIP)) == [COMMUTING_CSV]
    text = content(COMMUTING_ZIP, COMMUTING_CSV)
    assert text.startswith(b"CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C22_ACTOCC15P\n")
    assert is_lf(text)
    assert b'"' not in text
    values = table(text, ";")["NBFLUX_C22_ACTOCC15P"]
    assert values.str.contains(r"^\d+(\.\d+)?$").all()
    digits = values.str.replace(".", "", literal=True).str.strip_chars_start("0").str.len_chars()
    assert digits.max() == 15


def test_foreign_codes(content: Content) -> None:
    text = content("insee_RP2021_mobpro_border_cities.csv")
    rows = table(text, header=False)
    assert rows.width == 2
    assert is_lf(text)
    assert rows.to_series(0).str.contains(r"^(AL|BE|LU|SU)...$|^MO001$|^ZZZZZ$|^99999$").all()
    assert rows.to_series(0).to_list()[-2:] == ["ZZZZZ", "99999"]


def test_contours(content: Content) -> None:
    collection = json.loads(content("communes-1000m.geojson"))
    assert collection["type"] == "FeatureCollection"
    names = ["code", "nom", "departement", "region", "commune", "plm", "epci"]
    assert all(list(feature["properties"]) == names for feature in collection["features"])


def test_anct_programmes(content: Content) -> None:
    text = content("ngeo-anct-cog2023.csv")
    assert text.startswith(
        b'"insee_com","lib_com","id_pvd","id_ti","id_crte","id_acv","id_ami","id_fabp","id_amm",'
        b'"id_habinclus","id_cite","id_cde","id_fs","id_acv2","id_va","id_site"\r\n'
    )
    assert is_crlf(text)
    assert b'""' not in text, "none is an empty field, not empty quotes"


@pytest.mark.parametrize(
    "name", ["v_commune_2026.csv", "donnees_communes.csv", "ngeo-anct-cog2023.csv"]
)
def test_no_byte_order_mark(content: Content, name: str) -> None:
    assert not content(name).startswith(b"\xef\xbb\xbf")
    assert isinstance(pl.read_csv(io.BytesIO(content(name)), infer_schema=False), pl.DataFrame)
