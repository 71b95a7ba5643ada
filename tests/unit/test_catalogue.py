"""The catalogue's files are read strictly: what does not fit is named, all at once."""

import pytest
import yaml

from pipelines import paths
from pipelines.catalogue import units
from pipelines.catalogue.sources import Column, read_source
from pipelines.errors import CatalogueError

SOURCE = yaml.safe_load((paths.SOURCES / "insee_commuting.yml").read_text("utf-8"))


def written(tmp_path, name="insee_commuting", **changes):
    path = tmp_path / f"{name}.yml"
    path.write_text(yaml.safe_dump(SOURCE | changes, allow_unicode=True), encoding="utf-8")
    return path


def test_a_source_reads_back(tmp_path):
    assert read_source(written(tmp_path)).id == "insee_commuting"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "blue"}, ["colour", "not permitted", "'blue'"]),
        ({"publisher": None}, ["publisher", "string"]),
        ({"id": "Insee"}, ["id", "match pattern"]),
        (
            {"vintages": {"2014": {"year": "x", "links": {"flows": None}}}},
            ["vintages.2014.year", "'x'"],
        ),
        ({"vintages": {"2014": {"year": 2014, "links": {}}}}, ["links and files differ", "flows"]),
        ({"functions": ["cooking"], "licence": 3}, ["functions.0", "'cooking'", "licence", "3"]),
    ],
)
def test_mismatches_name_the_field_what_is_expected_and_found(tmp_path, changes, said):
    with pytest.raises(CatalogueError) as caught:
        read_source(written(tmp_path, **changes))
    assert all(words in str(caught.value) for words in ["insee_commuting.yml", *said])


def test_a_source_bears_the_name_of_its_file(tmp_path):
    with pytest.raises(CatalogueError, match="other"):
        read_source(written(tmp_path, name="other"))


def test_broken_yaml_names_the_line(tmp_path):
    path = tmp_path / "broken.yml"
    path.write_text("id: [unclosed\nb: }", encoding="utf-8")
    with pytest.raises(CatalogueError, match="line 2"):
        read_source(path)


def test_a_column_name_that_carries_the_year():
    column = Column.model_validate({"from": "NBFLUX_C{yy}_X", "name": "workers", "type": "text"})
    assert column.matches("nbflux_c09_x", 2009)
    assert not column.matches("NBFLUX_C10_X", 2009)


@pytest.mark.parametrize(
    "column",
    [
        {"name": "a"},
        {"from": "A", "pattern": "A", "name": "a"},
        {"from": "A", "name": "a", "type": "number"},
    ],
)
def test_a_column_is_named_once_and_a_number_has_a_unit(column):
    with pytest.raises(ValueError, match=r"from|unit"):
        Column.model_validate(column)


# --- units ---


def test_every_unit_is_one_that_pint_reads():
    assert {"person", "km", "mwh_per_inhabitant", "unit_of_row"} <= set(units.units())
    assert all(unit.fr and unit.en for unit in units.units().values())


def test_a_unit_that_does_not_parse_is_refused(tmp_path, monkeypatch):
    (tmp_path / "units.yml").write_text("speed: {is: kilometer / fortnite, fr: v, en: v}\n")
    monkeypatch.setattr(paths, "CATALOGUE", tmp_path)
    with pytest.raises(CatalogueError, match="speed is not what pint can read"):
        units.units.__wrapped__()


def test_a_unit_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="'furlong' is not one of"):
        units.check_unit("furlong")
