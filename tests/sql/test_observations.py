"""Bringing facts to the communes of the reference year."""

import pytest

PASSAGE = [
    # 75101 and 75102 fold into 75056; 01001 and 01002 have merged; 15141 was split.
    ("75101", "75056", 1.0, "folded"),
    ("75102", "75056", 1.0, "folded"),
    ("75056", "75056", 1.0, "same"),
    ("01001", "01001", 1.0, "same"),
    ("01002", "01001", 1.0, "mapped"),
    ("15141", "15031", 0.25, "split"),
    ("15141", "15141", 0.75, "split"),
]
COMMUNES = {"75056": "75", "01001": "01", "15031": "15", "15141": "15"}


@pytest.fixture
def geography(tiny):
    tiny.put(
        "commune_passage",
        [
            {
                "cog_year": 2026, "source_code": old, "commune_code": new, "weight": weight,
                "weight_basis": "whole", "passage": how, "n_successors": 1,
            }
            for old, new, weight, how in PASSAGE
        ],
    )  # fmt: skip
    tiny.put(
        "communes",
        [
            {"commune_code": c, "name": c, "departement_code": d, "region_code": "R",
             "population": 20_000 if c == "75056" else 900, "landmass": "mainland"}
            for c, d in COMMUNES.items()
        ],
    )  # fmt: skip
    return tiny


def commuting(tiny, flows, **source):
    tiny.source("insee_commuting", **source)
    tiny.put(
        "insee_commuting",
        [
            {"residence_code": r, "workplace_code": w, "workplace_name": w, "workers": n}
            for (r, w), n in flows.items()
        ],
    )
    rows = tiny.make("reported_flows", "census_flows")
    return {(r["residence_code"], r["other_code"]): r for r in rows}


def test_arrondissements_fold_on_both_sides(geography):
    found = commuting(
        geography, {("75101", "75102"): 10, ("75102", "01001"): 3, ("01001", "75101"): 4}
    )
    assert {pair: row["people"] for pair, row in found.items()} == {
        ("75056", "75056"): 10, ("75056", "01001"): 3, ("01001", "75056"): 4,
    }  # fmt: skip


def test_flows_of_merged_communes_add_up_and_of_split_ones_share_out(geography):
    found = commuting(
        geography, {("01002", "01001"): 8, ("01001", "15141"): 4, ("15141", "15141"): 16}
    )
    workers = {pair: row["people"] for pair, row in found.items()}
    assert workers["01001", "01001"] == 8
    assert (workers["01001", "15031"], workers["01001", "15141"]) == (1, 3)
    assert workers["15031", "15141"] == 3
    assert sum(workers.values()) == 28


def test_no_worker_is_lost_abroad_or_on_an_unknown_code(geography):
    found = commuting(
        geography,
        {
            ("01001", "SUC1L"): 5,
            ("01001", "ZZZZZ"): 2,
            ("01001", "01999"): 1,
            ("98999", "01001"): 4,
        },
    )
    assert {pair[1] for pair in found} == {"SUC1L", "ZZZZZ", "XXXXX", "01001"}
    assert found["01001", "XXXXX"]["people"] == 1
    assert found["XXXXX", "01001"]["people"] == 4


@pytest.mark.parametrize(
    ("residence", "year", "weight"),
    [
        ("75101", 2022, (3.4 - 1) * 1.3),
        ("01001", 2022, (5 - 1) * 1.3),
        ("01001", 2014, (4 - 1) * 1.3),
    ],
)
def test_what_a_respondent_weighs(geography, residence, year, weight):
    (row,) = commuting(geography, {(residence, "01001"): 50}, year=year).values()
    assert row["unit_weight"] == pytest.approx(weight)


def test_zones_follow_the_commune_that_kept_its_code(geography):
    for source in ("insee_cog_communes", "insee_zonings", "anct_programmes"):
        geography.source(source)
    geography.put(
        "insee_zonings",
        [
            {
                "commune_code": "01001",
                "zone_emploi_code": "0001",
                "bassin_vie_code": "B1",
                "aav_code": "000",
            },
            {
                "commune_code": "01002",
                "zone_emploi_code": "0002",
                "bassin_vie_code": "B2",
                "aav_code": "A2",
            },
            {
                "commune_code": "15141",
                "zone_emploi_code": "0003",
                "bassin_vie_code": "ZZZZZ",
                "aav_code": "A3",
            },
        ],
    )
    geography.put("anct_programmes", [{"commune_code": "01001", "crte_codes": "k1 ; k2"}])
    geography.put(
        "user_perimeters",
        [{"code": "P", "name": "P", "source_code": c} for c in ("01002", "75101")],
    )
    found = {
        (r["level"], r["code"], r["commune_code"])
        for r in geography.make("perimeters", "territory_members")
    }
    assert {f for f in found if f[0] in ("zone_emploi", "bassin_vie", "aav", "crte", "custom")} == {
        ("zone_emploi", "0001", "01001"), ("zone_emploi", "0003", "15031"),
        ("zone_emploi", "0003", "15141"),
        ("bassin_vie", "B1", "01001"),
        # 01001 is outside every attraction area, though the part that joined it was in one.
        ("aav", "A3", "15031"), ("aav", "A3", "15141"),
        ("crte", "k1", "01001"), ("crte", "k2", "01001"),
        ("custom", "P", "01001"), ("custom", "P", "75056"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("extent", "kind", "rows", "columns"),
    [
        ("france", "by_row", set(COMMUNES), set(COMMUNES)),
        ("france-metropolitaine", "by_row", set(COMMUNES), set(COMMUNES)),
        ("dep:15", "by_row", {"15031", "15141"}, set()),
        ("dep:15+75", "closed", {"15031", "15141", "75056"}, {"15031", "15141", "75056"}),
        ("reg:R", "by_row", set(COMMUNES), set(COMMUNES)),
        ("partial", "by_row", set(), set()),
        ("sample", "by_row", set(), set()),
    ],
)
def test_for_whom_a_source_is_complete(geography, extent, kind, rows, columns):
    geography.source("insee_commuting", extent=extent, extent_kind=kind)
    levels = {
        "departement": COMMUNES,
        "region": dict.fromkeys(COMMUNES, "R"),
        "country": dict.fromkeys(COMMUNES, "FR"),
    }
    geography.put(
        "territory_members",
        [
            {"level": lv, "code": code, "commune_code": c}
            for lv, of in levels.items()
            for c, code in of.items()
        ],
    )
    found = geography.make("source_extents")
    assert {r["commune_code"] for r in found if r["as_row"]} == rows
    assert {r["commune_code"] for r in found if r["as_column"]} == columns
