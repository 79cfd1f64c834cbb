"""What a release is good for: how fine its map is, how much it names, and why not more."""

import json

import pytest
from drawn_groups import draw_groups, draw_map

from famgeo.release.gate import make_release
from famgeo.release.holding import Counter
from famgeo.release.utility import utility_of
from famgeo.tables import ATTRIBUTES

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def made():
    groups, home = draw_groups(5, places=4)
    households, areas, hoods = draw_map(home)
    counter = Counter(KEY)
    release = make_release(
        study="Drawn",
        households=households,
        areas=areas,
        counter=counter,
        neighborhoods=hoods,
        groups=groups,
    )
    return release, households, groups, counter


def test_a_release_is_measured_by_its_own_figures(made):
    release, households, groups, counter = made
    before = counter.ledger
    found = utility_of(release, households=households, groups=groups, counter=counter)
    assert (found.home_areas, found.neighborhoods) == (8, 4)
    assert found.median_km2 == pytest.approx(1.113 * 1.106, rel=0.01)
    named = release.tables.query("neighborhood_id != '' and category != 'other'")
    for attribute in ATTRIBUTES:
        families = named[named["attribute"] == attribute]["families"].sum()
        whole = release.neighborhoods["families"].sum()
        assert found.named[attribute] == pytest.approx(families / whole, abs=0.001)
    assert counter.ledger is before


def test_every_count_of_a_neighborhood_is_named_or_has_a_reason_why_not(made):
    release, households, groups, counter = made
    found = utility_of(release, households=households, groups=groups, counter=counter)
    rows = release.tables.query("attribute == 'school' and category != 'other'")
    named = (rows["neighborhood_id"] != "").sum()
    assert named + sum(found.folded["school"].values()) == 4 * groups["school"].nunique()


def test_it_says_so_in_words_and_in_json(made):
    release, households, groups, counter = made
    found = utility_of(release, households=households, groups=groups, counter=counter)
    assert str(found).startswith("8 home areas, half of them under 1.23 km²")
    assert "By grade band: " in str(found)
    assert json.loads(json.dumps(found.as_json()))["neighborhoods"] == 4
