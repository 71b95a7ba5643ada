"""Perimeters of projects, as each source names their communes."""

import pytest

from tests.sql.rows import by, passage


def perimeters(tiny):
    """`(level, code, commune)` to name and source, each once."""
    found = by(tiny.make("perimeters"), "level", "code", "source_code")
    return {key: (row["name"], row["source_id"]) for key, row in found.items()}


def test_a_commune_can_be_in_several_contracts(tiny):
    tiny.put(
        "anct_programmes",
        [
            {"commune_code": "01001", "crte_codes": "crte-1 ; crte-2"},
            {"commune_code": "01002", "crte_codes": "crte-2"},
            {"commune_code": "01003", "crte_codes": None},
        ],
    )
    of_contracts = (None, "anct_programmes")
    assert perimeters(tiny) == {
        ("crte", "crte-1", "01001"): of_contracts,
        ("crte", "crte-2", "01001"): of_contracts,
        ("crte", "crte-2", "01002"): of_contracts,
    }


def test_a_commune_without_a_park_is_in_none(tiny):
    tiny.put(
        "pnr_perimeters",
        [{"commune_code": "01001", "park": "Haut-Jura"}, {"commune_code": "01002", "park": None}],
    )
    assert perimeters(tiny) == {("pnr", "Haut-Jura", "01001"): (None, "pnr_perimeters")}


@pytest.fixture
def schemes(tiny):
    """Two schemes, one of which is in force, and the names that another source gives."""
    tiny.put(
        "cerema_land_take",
        [
            {"commune_code": code, "scot_name": name, "kind": "naf", "first_year": "23",
             "use": use, "last_year": "24"}
            for code, name in [("01008", "SCoT d'Ève (l')"), ("01009", None)]
            for use in ("art", "hab")
        ],
    )  # fmt: skip
    tiny.put(
        "docurba_scot",
        [
            {"scheme_id": "1", "scheme_name": "SCoT A"},
            {"scheme_id": None, "next_scheme_id": "2", "next_scheme_name": "SCoT B"},
        ],
    )
    return tiny


def in_scheme(procedure, commune, **known):
    row = {"procedure_id": procedure, "commune_code": commune, "commune_type": "COM"}
    return row | {"document_type": "SCOT", "is_in_force": "True"} | known


def test_a_scheme_is_its_communes_where_it_is_in_force(schemes):
    schemes.put(
        "docurba_scot_communes",
        [
            in_scheme("1", "01001"),
            in_scheme("1", "01002", is_in_force="False"),
            in_scheme("1", "01003", commune_type="COMD"),
            in_scheme("1", "01004", document_type="PLUi"),
            in_scheme("2", "01005"),
        ],
    )
    assert perimeters(schemes) == {("scot", "1", "01001"): ("SCoT A", "docurba_scot")}


def test_without_them_the_schemes_that_another_source_names(schemes):
    assert perimeters(schemes) == {
        ("scot", "scot-d-eve-l-", "01008"): ("SCoT d'Ève (l')", "cerema_land_take")
    }


def test_food_projects_of_the_region_only_where_there_is_no_national_list(tiny):
    tiny.put(
        "pat_perimeters_communes",
        [
            {"commune_code": code, "pat_code": project}
            for code, project in [("01001", "1"), ("01001", "2"), ("01002", "2")]
        ],
    )
    tiny.put("pat_perimeters_projects", [{"pat_code": "1", "name": "Bugey"}])
    assert perimeters(tiny) == {
        ("pat", "1", "01001"): ("Bugey", "pat_perimeters"),
        ("pat", "2", "01001"): (None, "pat_perimeters"),
        ("pat", "2", "01002"): (None, "pat_perimeters"),
    }
    tiny.put(
        "pat_perimeters_national",
        [
            # One cell holds all communes, some twice, some after a space.
            {"pat_code": "N1", "official_name": "PAT", "usual_name": "Bien manger",
             "commune_codes": "01001, 2A004,01001"},
            {"pat_code": "N2", "official_name": "PAT 2", "usual_name": None,
             "commune_codes": "01001"},
            {"pat_code": "N3", "official_name": "PAT 3", "commune_codes": None},
        ],
    )  # fmt: skip
    assert perimeters(tiny) == {
        ("pat", "N1", "01001"): ("Bien manger", "pat_perimeters"),
        ("pat", "N1", "2A004"): ("Bien manger", "pat_perimeters"),
        ("pat", "N2", "01001"): ("PAT 2", "pat_perimeters"),
    }


def test_a_perimeter_follows_its_communes_to_the_reference_year(tiny):
    contracts, projects = "anct_programmes", "pat_perimeters"
    tiny.source(contracts, cog_year=2023).source(projects, cog_year=2025)
    tiny.source("insee_cog_communes")
    tiny.put(
        "commune_passage",
        [
            *passage(
                2023, ("01001", "01001", 1), ("01002", "01001", 1), ("15141", "15031", 0.25),
                ("15141", "15141", 0.75),
            ),
            *passage(2025, ("01001", "01001", 1), ("15141", "15141", 1)),
        ],
    )  # fmt: skip
    tiny.put(
        "perimeters",
        [
            {"level": level, "code": code, "source_code": commune, "source_id": source}
            for level, code, commune, source in [
                ("crte", "K", "01001", contracts), ("crte", "K", "01002", contracts),
                ("crte", "K", "15141", contracts), ("pat", "P", "01002", projects),
                ("pat", "P", "15141", projects),
            ]
        ],
    )  # fmt: skip
    rows = tiny.make("territory_members")
    assert [(row["level"], row["code"], row["commune_code"]) for row in rows] == [
        ("crte", "K", "01001"), ("crte", "K", "15031"), ("crte", "K", "15141"),
        ("pat", "P", "15141"),
    ]  # fmt: skip
