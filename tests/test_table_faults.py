"""The audit of neighborhoods and tables: every fault that is planted stops the release."""

from dataclasses import replace

import pandas as pd
import pytest
import shapely
from drawn_groups import change_few, draw_groups, draw_map

from famgeo.errors import ReleaseError
from famgeo.release.audit import audit_release
from famgeo.release.folding import _Tables
from famgeo.release.gate import for_partners, make_release
from famgeo.release.holding import Counter

KEY = bytes(range(32))


def release_of(groups, home, counter=None):
    households, areas, neighborhoods = draw_map(home)
    counter = counter or Counter(KEY)
    release = make_release(
        study="Drawn",
        households=households,
        areas=areas,
        counter=counter,
        neighborhoods=neighborhoods,
        groups=groups,
    )
    return release, households, counter


@pytest.fixture(scope="module")
def made():
    groups, home = draw_groups(5, places=4)
    return (groups, *release_of(groups, home))


def audit(made, **changed):
    groups, release, households, counter = made
    audit_release(
        replace(release, **changed),
        households=households,
        groups=groups,
        exact=[],
        ledger=counter.ledger,
        secret=KEY,
    )


def neighborhoods_of(made, **columns):
    return {"neighborhoods": made[1].neighborhoods.assign(**columns)}


def first(made, **values):
    """Return the tables with other values in the first row of a neighborhood's languages."""
    tables = made[1].tables.copy()
    at = tables.index[(tables["attribute"] == "language") & (tables["neighborhood_id"] == "N01")]
    for name, value in values.items():
        tables.loc[at[0], name] = value
    return {"tables": tables}


def moved(made):
    shapes = made[1].neighborhoods.geometry.to_numpy().copy()
    shapes[0] = shapely.transform(shapes[0], lambda corners: corners + 0.001)
    return shapes


def doubled(made):
    """Say of one group another number first, and then its own."""
    tables = made[1].tables
    other = tables[:1].assign(families=tables["families"].iloc[0] + 5)
    return {"tables": pd.concat([other, tables], ignore_index=True)}


FAULTS = {
    "twice": doubled,
    "columns": lambda m: neighborhoods_of(m, students=1),
    "home areas": lambda m: neighborhoods_of(m, home_area_ids="A001"),
    "sum": lambda m: neighborhoods_of(m, families=m[1].neighborhoods["families"] + 5),
    "drawn otherwise": lambda m: {"neighborhoods": m[1].neighborhoods.set_geometry(moved(m))},
    "tables have columns": lambda m: {"tables": m[1].tables.assign(true=1)},
    "by what is not allowed": lambda m: first(m, attribute="income"),
    "not there": lambda m: first(m, category="Klingon"),
    "language names what is not": lambda m: first(m, neighborhood_id="N99"),
    "not rounded": lambda m: first(m, families=m[1].tables["families"].iloc[0] + 1),
    "was not counted": lambda m: first(m, families=500),
    "not kept as it is shown": lambda m: {"tables": m[1].tables.query("category != 'middle'")},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_stops_the_release(made, fault):
    with pytest.raises(ReleaseError, match=fault):
        audit(made, **FAULTS[fault](made))


def test_the_release_as_it_was_made_passes(made):
    audit(made)


def test_a_neighborhood_with_too_few_families_stops_the_release():
    groups, home = draw_groups(1, places=3, families=40)
    with pytest.raises(ReleaseError, match="fewer than 60"):
        release_of(groups, home)


def test_tables_without_families_to_hold_them_against_are_stopped(made):
    with pytest.raises(ReleaseError, match="held against"):
        audit((None, *made[1:]))


@pytest.mark.parametrize("seed", range(4))
def test_tables_folded_too_little_are_stopped(monkeypatch, seed):
    monkeypatch.setattr(_Tables, "fold_narrow", lambda _: False)
    with pytest.raises(ReleaseError, match="tell of a group"):
        release_of(*draw_groups(seed))


@pytest.mark.parametrize(("seed", "change"), [(0, 0), (1, 3), (2, 5), (119, 0), (7, 7)])
def test_a_release_that_is_held_passes_too(seed, change):
    groups, home = draw_groups(seed, places=4)
    release, _, counter = release_of(groups, home)
    fewer, left = change_few(groups, home, change)
    later, _, _ = release_of(fewer, left, Counter(KEY, ledger=counter.ledger))
    pd.testing.assert_frame_equal(later.tables, release.tables)
    assert later.release_id == release.release_id


def test_partners_receive_no_neighborhood_and_no_table(made):
    few = for_partners(made[1])
    assert few.neighborhoods.empty
    assert few.tables.empty
