"""Files of energy that are not as declared: refused by name and line, or read as said."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import RejectedError

from .spoiled import (
    Cells,
    changed,
    content,
    read,
    renamed,
    with_another,
    with_row_twice,
    with_word,
    without,
)

REGISTRY, BIOMETHANE = "odre_electricity_registry", "odre_biomethane"
CONSUMPTION, HEAT = "ore_consumption", "sdes_heat_networks"
# A number that is read, as the publisher calls it, and as the YAML does.
NUMBERS = {
    REGISTRY: ("puismaxinstallee", "puismaxinstallee"),
    BIOMETHANE: ("Capacite de production (GWh/an)", "capacite_de_production_gwh_an"),
    CONSUMPTION: ("Conso totale (MWh)", "conso[ _]totale"),
    HEAT: ("CONSOTOT", "CONSOTOT"),
}
FIELDS = {
    "Annee mise en service": "annee_mes",
    "Nom du site": "nom_du_projet",
    "Type de site": "site",
    "Commune": "commune",
    "Coordonnees": "coordonnees",
    "Code EPCI": "code_epci",
    "EPCI": "nom_epci",
    "Departement": "departement",
    "Region": "region",
    "Date de mise en service": "date_de_mes",
    "Reseau": "grx_demandeur",
    "Type de Réseau": "type_de_reseau",
    "Capacite de production (GWh/an)": "capacite_de_production_gwh_an",
    "Gestionnaire de registre": "gestionnaire_de_registre",
    "N° de PITD/PITP": "ndeg_de_pitd_pitp",
    "Code Departement": "code_dep",
    "Code Region": "procede",
    "Augmentation prévue ?": "augmentation_prevue",
    "ID unique projet": "id_unique_projet",
    "Date de fermeture du site": "date_de_fermeture_du_site",
    "Site ouvert ?": "site_ouvert",
    "Code Commune Courant": "current_code",
}
KEYS = {
    "OPERATEUR": "operateur",
    "FILIERE": "filiere",
    "Année": "annee",
    "Code Commune": "code_commune",
    "Code Département": "code_departement",
    "CODE CATEGORIE CONSOMMATION": "code_categorie_consommation",
    "Nb sites": "nb_sites",
    "Conso totale (MWh)": "conso_totale_mwh",
    "Nombre de mailles secretisées": "nombre_de_mailles_secretisees",
}


def refusal(source_id: str, file: bytes, folder: Path) -> str:
    """Why the file is refused; it must say where in the YAML."""
    with pytest.raises(RejectedError) as refused:
        read(source_id, source_id, file, folder)
    message = str(refused.value)
    assert re.search(rf"sources/{source_id}\.yml, tables\.{source_id}.*\(line \d+\)", message)
    return message


def bad(source_id: str, change: Callable[[Cells], Cells], delimiter: str = ";") -> bytes:
    return changed(content(source_id), delimiter, change)


@pytest.mark.parametrize("source_id", NUMBERS)
@pytest.mark.parametrize("change", [renamed, without])
def test_a_column_that_is_not_there(
    source_id: str, change: Callable[[str], Callable[[Cells], Cells]], tmp_path: Path
) -> None:
    column, known_as = NUMBERS[source_id]
    message = refusal(source_id, bad(source_id, change(column)), tmp_path)
    assert known_as in message and "(absent)" in message


@pytest.mark.parametrize("source_id", NUMBERS)
def test_a_column_nobody_announced(source_id: str, tmp_path: Path) -> None:
    message = refusal(source_id, bad(source_id, with_another), tmp_path)
    assert "unknown columns: nouveau" in message


@pytest.mark.parametrize("source_id", [BIOMETHANE, CONSUMPTION, HEAT])
def test_another_encoding(source_id: str, tmp_path: Path) -> None:
    file = content(source_id).decode().encode("cp1252", errors="replace")
    assert "cannot be read" in refusal(source_id, file, tmp_path)


@pytest.mark.parametrize("source_id", NUMBERS)
def test_a_word_where_a_number_is_due(source_id: str, tmp_path: Path) -> None:
    column, known_as = NUMBERS[source_id]
    message = refusal(source_id, bad(source_id, with_word(column)), tmp_path)
    assert re.search(rf"{re.escape(known_as)}.*1 value\(s\) not a number", message)
    assert "line 5: 'environ'" in message


@pytest.mark.parametrize("source_id", [BIOMETHANE, HEAT])
def test_a_row_told_twice_is_refused(source_id: str, tmp_path: Path) -> None:
    assert "repeats" in refusal(source_id, bad(source_id, with_row_twice), tmp_path)


@pytest.mark.parametrize("source_id", [REGISTRY, CONSUMPTION])
def test_rows_alike_are_rows(source_id: str, tmp_path: Path) -> None:
    # Two plants can be alike in all we read, and so can two secrets.
    rows = read(source_id, source_id, bad(source_id, with_row_twice), tmp_path)
    assert len(rows) == content(source_id).count(b"\n")


def test_the_registry_of_older_days(tmp_path: Path) -> None:
    def older(rows: Cells) -> Cells:
        names = {"codeinseecommune": "codeINSEECommune", "puismaxinstallee": "puisMaxInstallee"}
        return [[names.get(name.lstrip("\ufeff"), name) for name in rows[0]], *rows[1:]]

    before = read(REGISTRY, REGISTRY, content(REGISTRY), tmp_path)
    file = bad(REGISTRY, older).decode("utf-8-sig").encode("latin-1", errors="replace")
    assert read(REGISTRY, REGISTRY, file, tmp_path).equals(before)


def test_blank_energy_is_unknown_and_less_than_none_is_possible(tmp_path: Path) -> None:
    rows = read(REGISTRY, REGISTRY, content(REGISTRY), tmp_path)
    energy = rows["energy_injected_kwh"]
    assert energy.null_count() > 10 and energy.min() == -104_000
    assert rows["capacity_kw"].null_count() == 0


def test_a_power_below_zero(tmp_path: Path) -> None:
    def below(rows: Cells) -> Cells:
        at = rows[0].index("puismaxinstallee")
        return [rows[0], [*rows[1][:at], "-3", *rows[1][at + 1 :]], *rows[2:]]

    assert "below 0" in refusal(REGISTRY, bad(REGISTRY, below), tmp_path)


def test_fields_instead_of_labels(tmp_path: Path) -> None:
    def fields(rows: Cells) -> Cells:
        return [[FIELDS[name.lstrip("\ufeff")] for name in rows[0]], *rows[1:]]

    before = read(BIOMETHANE, BIOMETHANE, content(BIOMETHANE), tmp_path)
    after = read(BIOMETHANE, BIOMETHANE, bad(BIOMETHANE, fields), tmp_path)
    assert after.equals(before)


def test_keys_instead_of_labels_and_commas(tmp_path: Path) -> None:
    def keys(rows: Cells) -> Cells:
        names = [name.lstrip("\ufeff") for name in rows[0]]
        kept = [i for i, name in enumerate(names) if name in KEYS]
        return [[KEYS[names[i]] for i in kept], *([row[i] for i in kept] for row in rows[1:])]

    before = read(CONSUMPTION, CONSUMPTION, content(CONSUMPTION), tmp_path)
    text = bad(CONSUMPTION, keys).decode()
    assert "," not in text
    after = read(CONSUMPTION, CONSUMPTION, text.replace(";", ",").encode(), tmp_path)
    assert after.drop("sector_code").equals(before.drop("sector_code"))
    assert after["sector_code"].null_count() == len(after)


def test_a_secret_is_no_number(tmp_path: Path) -> None:
    rows = read(HEAT, HEAT, content(HEAT), tmp_path)
    hidden = content(HEAT).decode().count('"secret"')
    assert 0 < rows["delivered_mwh"].null_count() < hidden
    assert rows["production_mwh"].null_count() == 0


def test_descriptions_above_the_header(tmp_path: Path) -> None:
    before = read(HEAT, HEAT, content(HEAT), tmp_path)
    width = content(HEAT).split(b"\n", 1)[0].count(b";")
    described = b'"Description"' + b';"Une colonne"' * width + b"\n" + content(HEAT)
    assert read(HEAT, HEAT, described, tmp_path).equals(before)


def test_half_a_file(tmp_path: Path) -> None:
    file = content(REGISTRY)[:-9]
    with pytest.raises(RejectedError, match="ends in the middle of a line"):
        read(REGISTRY, REGISTRY, file, tmp_path)
    with pytest.raises(RejectedError, match="cannot be read"):
        read(CONSUMPTION, CONSUMPTION, content(CONSUMPTION)[:-12], tmp_path)


def test_what_no_row_may_lack(tmp_path: Path) -> None:
    def without_kind(rows: Cells) -> Cells:
        at = rows[0].index("FILIERE")
        return [rows[0], [*rows[1][:at], "", *rows[1][at + 1 :]], *rows[2:]]

    message = refusal(HEAT, bad(HEAT, without_kind), tmp_path)
    assert "FILIERE: 1 value(s) empty" in message
    frame = read(HEAT, HEAT, content(HEAT), tmp_path)
    assert frame.select(pl.col("filiere").is_in(["C", "F"]).all()).item()
