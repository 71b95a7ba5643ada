"""The levers are read strictly, name what exists, and say their trigger as a sentence."""

from collections import Counter
from typing import get_args

import pytest
import yaml

from pipelines import paths
from pipelines.catalogue import levers as catalogue
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import (
    Form,
    LeverFunction,
    LeverType,
    condition_records,
    lever_records,
    levers,
    signals,
)
from pipelines.catalogue.tables import column_specs
from pipelines.catalogue.words import functions, needs
from pipelines.errors import CatalogueError

WORDING = {"label": "l", "description": "d"}
LEVER = {
    "function": "energy", "type": "planning", "fr": WORDING, "en": WORDING,
    "when": [[{"of": "car_share_workers", "above": 75}]],
}  # fmt: skip


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Read one lever, of the real one's shape, from a catalogue of its own."""
    known = indicators(), signals(), needs()
    assert all(known)

    def write(**changes):
        (tmp_path / "levers.yml").write_text(yaml.safe_dump({"some": LEVER | changes}), "utf-8")
        monkeypatch.setattr(paths, "CATALOGUE", tmp_path)
        return catalogue.levers.__wrapped__()["some"]

    return write


def when(*conditions):
    return {"when": [list(conditions)]}


def test_every_lever_is_whole():
    for name, one in levers().items():
        for wording in (one.fr, one.en):
            assert wording.label and wording.description.endswith("."), name
            assert not wording.label.endswith("."), name
        assert one.fr != one.en
        assert one.when or one.caveats, name
    for signal in signals().values():
        assert signal.fr and signal.en


def test_every_function_and_type_has_a_lever():
    assert {one.function for one in levers().values()} == {*functions(), "all"}
    assert {one.type for one in levers().values()} == set(get_args(LeverType))
    assert {one.form for one in levers().values()} == {*get_args(Form), None}


def test_conditions_name_what_exists():
    for row in condition_records():
        known = signals() if row["is_signal"] else indicators()
        assert row["unit"] == known[row["term"]].unit, row
    assert len({(r["lever"], r["alternative"], r["condition"]) for r in condition_records()}) == (
        len(condition_records())
    )


def test_a_lever_that_nothing_triggers_says_it_is_not_measured():
    (record,) = [row for row in lever_records() if row["trigger_fr"] is None]
    assert record["lever"] == "rainwater_harvesting"
    assert record["caveats_fr"].startswith("Non mesuré")
    assert record["trigger_en"] is None


def test_a_signal_of_a_need_is_of_one_that_has_a_reach():
    for side in ("surplus", "deficit"):
        ours = {n.removeprefix(f"nearby_{side}_") for n in signals() if f"nearby_{side}_" in n}
        assert ours == {name for name, need in needs().items() if need.reach_km}
    matched = {n.removeprefix("nearby_matches_") for n in signals() if "nearby_matches_" in n}
    assert matched == {need.function for need in needs().values() if need.reach_km}


def test_needs_of_a_cooperation_are_separated_by_commas():
    rows = {row["lever"]: row for row in lever_records()}
    assert rows["shared_food_project"]["needs"] == "cereals, grassland, permanent_crops"
    assert rows["joint_studies"]["needs"] is None
    assert Counter(row["form"] for row in rows.values())["pooling"] == 4


def test_columns_have_the_values_of_the_catalogue():
    for column, values in [
        ("lever_function", LeverFunction), ("type", LeverType), ("form", Form),
        ("comparison", catalogue.Comparison),
    ]:  # fmt: skip
        assert column_specs()[column].values == sorted(get_args(values))


def test_conditions_are_numbered_in_their_alternative():
    rows = [
        (row["alternative"], row["condition"], row["term"], row["is_signal"], row["comparison"],
         row["threshold"], row["unit"])
        for row in condition_records() if row["lever"] == "shared_energy_engineering"
    ]  # fmt: skip
    assert rows[:3] == [
        (1, 1, "reciprocal_baskets", True, "above", 0, "partner"),
        (2, 1, "population", True, "below", 30000, "inhabitant"),
        (2, 2, "electricity_self_sufficiency", False, "above", 100, "percent"),
    ]
    (row,) = [row for row in condition_records() if row["lever"] == "local_facilities"]
    assert (row["comparison"], row["threshold"]) == ("bottom_quartile", None)


@pytest.mark.parametrize(
    ("conditions", "fr", "en"),
    [
        (
            [[{"of": "land_take_trend", "above": 0.5}]],
            "« Rythme de la consommation d'espaces » au-dessus de 0,5",
            "“Trend of the land take” above 0.5",
        ),
        (
            [[{"of": "signal.population", "below": 30000}, {"of": "second_home_rate", "above": 8}]],
            "« Population » au-dessous de 30\u202f000 habitants et"
            " « Résidences secondaires » au-dessus de 8 %",
            "“Population” below 30,000 inhabitants and “Second homes” above 8 %",
        ),
        (
            [
                [{"of": "car_share_workers", "above": 75}],
                [{"of": "short_car_commutes", "quartile": "top"}],
                [{"of": "study_self_containment", "quartile": "bottom"}],
            ],
            "« Part de la voiture » au-dessus de 75 % ; ou « Trajets courts en voiture » dans le"
            " quart le plus haut de son niveau ; ou « Études sur place » dans le quart le plus bas"
            " de son niveau",
            "“Car share” above 75 %; or “Short car commutes” in the highest quarter of its level;"
            " or “Studies where one lives” in the lowest quarter of its level",
        ),
        (
            [[{"of": "signal.reciprocal_baskets", "above": 0}]],
            "« Territoires avec lesquels chacun donne à l'autre » : au moins un",
            "“Territories with which each gives to the other”: one at least",
        ),
        (
            [[{"of": "signal.reciprocal_baskets", "above": 3}]],
            "« Territoires avec lesquels chacun donne à l'autre » au-dessus de 3 partenaires",
            "“Territories with which each gives to the other” above 3 partners",
        ),
    ],
)
def test_a_trigger_is_a_sentence(written, conditions, fr, en):
    lever = written(when=conditions)
    assert (lever.trigger("fr"), lever.trigger("en")) == (fr, en)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "blue"}, ["some.colour", "not permitted", "'blue'"]),
        ({"function": "territory"}, ["some.function", "'territory'"]),
        ({"type": "magic", "form": "sobriety"}, ["some.type", "'magic'", "some.form"]),
        ({"fr": {"label": "l"}}, ["some.fr.description", "field required"]),
        (when(), ["some.when", "an alternative has a condition at least"]),
        (when({"of": "farmland"}), ["some.when.0.0", "one of above, below, quartile"]),
        (
            when({"of": "farmland", "above": 1, "below": 2}),
            ["some.when.0.0", "one of above, below, quartile"],
        ),
        (when({"of": "farmland", "quartile": "third"}), ["some.when.0.0.quartile", "'third'"]),
        (
            when({"of": "signal.population", "quartile": "top"}),
            ["some.when.0.0", "a signal has no quartile"],
        ),
        ({"when": []}, ["some", "says why in its caveats"]),
        ({"needs": ["gas"]}, ["needs are those of a form of cooperation"]),
        (
            when({"of": "farmland", "above": 1}, {"of": "farmland", "below": 2}),
            ["an alternative names a figure once"],
        ),
        (
            {"when": [[{"of": "farmland", "above": 1}], [{"of": "farmland", "above": 2}]]},
            ["farmland has two limits in one lever"],
        ),
        (
            when({"of": "farmlnd", "above": 1}, {"of": "signal.luck", "above": 1}),
            ["levers.yml", "some: farmlnd, some: signal.luck", "indicators.yml", "signals.yml"],
        ),
        # Signals are named as such.
        (when({"of": "population", "above": 1}), ["some: population"]),
        (when({"of": "signal.farmland", "above": 1}), ["some: signal.farmland"]),
        ({"form": "exchange", "needs": ["hay"]}, ["some: hay", "needs.yml"]),
        ({"form": "exchange", "needs": ["cereals"]}, ["some: cereals"]),
    ],
)
def test_what_does_not_fit_is_refused_and_named(written, changes, said):
    with pytest.raises(CatalogueError) as caught:
        written(**changes)
    assert all(words in str(caught.value).replace("value error, ", "") for words in said)


def test_a_lever_of_all_functions_can_be_about_any_need(written):
    lever = written(function="all", form="exchange", needs=["cereals", "gas"])
    assert lever.needs == ["cereals", "gas"]
