"""Names of files, the flat map, figures in words, choices of the site: without a browser."""

import re

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.answers.language import language
from pipelines.catalogue.loading import read_yaml
from pipelines.site.naming import address, file_name
from pipelines.site.projection import flat
from pipelines.site.settings import SiteSettings, site_settings

CODES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
THIN, NO_BREAK, MINUS = "\u202f", "\u00a0", "\u2212"


@given(CODES)
def test_a_name_of_file_is_safe_and_gives_the_code_back(code):
    name = file_name(code)
    assert re.fullmatch(r"[A-Za-z0-9_~-]*", name)
    assert re.sub("~([0-9a-f]+)~", lambda point: chr(int(point[1], 16)), name) == code


@given(CODES, CODES)
def test_two_codes_never_share_a_file(one, other):
    assert (file_name(one) == file_name(other)) == (one == other)


def test_a_code_of_insee_is_its_own_name():
    assert [file_name(code) for code in ("2A004", "243100518")] == ["2A004", "243100518"]


def test_an_address_is_a_page_or_a_hash():
    assert address("epci", "243100518", ["epci"]) == "epci/243100518.html"
    assert address("epci", "243100518", []) == "place.html#epci/243100518"
    assert address("custom", "a/b#c", ["custom"]) == "custom/a~2f~b~23~c.html"


def test_the_mainland_is_in_lambert_93():
    points = np.array([[2.3522, 48.8566], [-1.68, 48.11], [9.15, 42.31], [3.0, 46.5]])
    # Lambert-93 written out, beside the code of the registry.
    written = "+proj=lcc +lat_1=49 +lat_2=44 +lat_0=46.5 +lon_0=3 +x_0=700000 +y_0=6600000"
    to_plane = pyproj.Proj(f"{written} +ellps=GRS80")
    expected = np.column_stack(to_plane(points[:, 0], points[:, 1])) / site_settings().grid_m
    assert np.allclose(flat(points), expected, atol=0.05)
    assert np.allclose(flat(points)[3] * site_settings().grid_m, (700_000, 6_600_000), atol=1)


OVERSEAS = {
    "guadeloupe": (-61.5, 16.2),
    "martinique": (-61.0, 14.6),
    "guyane": (-53.0, 4.0),
    "la_reunion": (55.5, -21.1),
    "mayotte": (45.15, -12.8),
}


@pytest.mark.parametrize("name", OVERSEAS)
def test_overseas_is_brought_beside_the_mainland(name):
    inset = site_settings().overseas[name]
    west, south, east, north = inset.box
    corners = np.array([[west, south], [east, north], [(west + east) / 2, (south + north) / 2]])
    low, high, middle = flat(corners) * site_settings().grid_m / 1000
    assert np.allclose(middle, inset.at)
    # Near enough, and north of south; Brittany begins 120 km east of the axis.
    assert (low > -200).all() and high[0] < 150 and 6000 < low[1] < high[1] < 7200
    (here,) = flat(np.array([OVERSEAS[name]])) * site_settings().grid_m / 1000
    assert (low < here).all() and (here < high).all()
    # A degree of latitude is 111 km, at the scale of the inset.
    assert (high[1] - low[1]) / (north - south) / inset.scale == pytest.approx(111.2, abs=0.2)


def test_overseas_territories_do_not_overlap():
    frames = [
        flat(np.array([inset.box[:2], inset.box[2:]]))
        for inset in site_settings().overseas.values()
    ]
    for i, one in enumerate(frames):
        for other in frames[:i]:
            assert (one[1] <= other[0]).any() or (other[1] <= one[0]).any()


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [
        (0, "0", "0"),
        (-0.001, "0", "0"),
        (0.126, "0,13", "0.13"),
        (9.5, "9,5", "9.5"),
        (12.34, "12,3", "12.3"),
        (999.96, f"1{THIN}000", "1,000"),
        (1234.5, f"1{THIN}234", "1,234"),
        (67_000_000, f"67{THIN}000{THIN}000", "67,000,000"),
        (-1234.4, f"{MINUS}1{THIN}234", f"{MINUS}1,234"),
    ],
)
def test_numbers(value, fr, en):
    assert language("fr").number(value) == fr
    assert language("en").number(value) == en


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [
        (0, "partenaire", "partners"),
        (1, "partenaire", "partner"),
        (1.5, "partenaire", "partners"),
        (1.996, "partenaires", "partners"),
        (2, "partenaires", "partners"),
    ],
)
def test_a_unit_agrees_with_its_number(value, fr, en):
    assert language("fr").beside("partner", value) == f" {fr}"
    assert language("en").beside("partner", value) == f" {en}"
    # A symbol does not.
    assert language("fr").beside("mwh", value) == language("en").beside("mwh", value) == " MWh"


def test_percent_and_interval():
    french, english = language("fr"), language("en")
    assert french.percent(0.1234) == f"12,3{NO_BREAK}%"
    assert english.percent(0.1234) == "12.3%"
    between = {"low": 1.5, "high": 2000.0}
    assert french.interval(between) == f"1,5 à 2{THIN}000"
    assert english.interval(between) == "1.5 to 2,000"
    assert french.interval({"low": 3.0, "high": None}) == "au moins 3"
    assert english.interval({"low": 3.0, "high": None}) == "at least 3"
    for silent in ({"low": None, "high": None}, {"low": 2.0, "high": 2.0}):
        assert french.interval(silent) == english.interval(silent) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"paged": ["epci", "canton"]}, "canton"),
        ({"mapped": ["epci"]}, "a tolerance for each level"),
        ({"sizes": [1000, 200]}, "in order"),
        ({"colours": {"food": "#000000"}}, "a colour for each function"),
        ({"peers": 0}, "peers"),
        ({"partners": 0}, "partners"),
        ({"grid_m": 0}, "grid_m"),
        ({"overseas": {"x": {"box": [0, 0, 1, 1], "at": [0, 0], "scale": 0}}}, "scale"),
        ({"colour": "#000000"}, "colour"),
    ],
)
def test_bad_choices_are_refused(changed, said):
    from pipelines.site import settings

    chosen = read_yaml(settings.Path(settings.__file__).with_name("site.yml"))
    assert SiteSettings.model_validate(chosen) == site_settings()
    with pytest.raises(ValueError, match=said):
        SiteSettings.model_validate(chosen | changed)


def test_a_colour_is_written_in_full():
    colours = dict.fromkeys(site_settings().colours, "red")
    with pytest.raises(ValueError, match="colours"):
        SiteSettings.model_validate(site_settings().model_dump() | {"colours": colours})
