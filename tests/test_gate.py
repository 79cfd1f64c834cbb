"""The gate: what leaves tells of no small group, and a release that would is stopped."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.domain import Meeting, MostFamilies, Plan, Reason
from famgeo.errors import ReleaseError
from famgeo.release.areas import cut_home_areas, households_in_areas, refit_areas
from famgeo.release.audit import audit_release
from famgeo.release.exact import exact_of, exact_plan
from famgeo.release.gate import (
    PlanToShow,
    _content_hash,
    for_partners,
    make_release,
    release_barriers,
)
from famgeo.release.holding import Counter
from famgeo.tables import as_points, lonlat

KEY = bytes(range(32))
K = 10
SITES = ("S1", "L1", "L2")
ZONE = ZoneInfo("America/New_York")
MEETING = Meeting(
    arrive_by=datetime(2020, 2, 5, 18, tzinfo=ZONE), ends=datetime(2020, 2, 5, 20, tzinfo=ZONE)
)
REASONS = [str(reason) for reason in Reason]


def household_table(n, seed=1, protected_one_in=50):
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "household_id": [f"H{number:04}" for number in range(n)],
            "protected": draw.integers(0, protected_one_in, n) == 0,
        }
    )
    return as_points(table, draw.normal(-84.51, 0.01, n), draw.normal(39.01, 0.01, n))


def site_table(names=SITES):
    table = pd.DataFrame(
        {
            "site_id": names,
            "name": [f"Place {name}" for name in names],
            "kind": ["school" if name.startswith("S") else "library" for name in names],
            "capacity": 100.0,
            "wheelchair": "yes",
            "languages": "",
            "child_care": "unknown",
            "opening_hours": "",
            "cost_usd": np.nan,
        }
    )
    return as_points(table, np.full(len(names), -84.5), np.full(len(names), 39.0))


def barrier_table(households, reasons):
    """Draw BARRIERS from the reasons of every household at every site, '' = can attend."""
    pairs = pd.MultiIndex.from_product(
        [households["household_id"], SITES], names=["household_id", "site_id"]
    ).to_frame(index=False)
    return pairs.assign(meeting_id=MEETING.meeting_id, reason=np.asarray(reasons).ravel())


def world(n, seed, share=0.5):
    households = household_table(n, seed)
    draw = np.random.default_rng(seed)
    reasons = draw.choice(REASONS, (n, 3))
    reasons[draw.random((n, 3)) < share] = ""
    own = households[["household_id"]].assign(site_id="S1")
    return households, barrier_table(households, reasons), own


def exact_world(n, seed, share=0.5):
    households, barriers, own = world(n, seed, share)
    exact = exact_of(
        barriers,
        households=households,
        own_sites=own,
        sites=site_table(),
        meetings=(MEETING.meeting_id,),
    )
    return households, exact


def areas_of(households):
    return cut_home_areas(lonlat(households[~households["protected"]]), k=K)


def released(households, exact, **others):
    plans = (PlanToShow(name="p", exact=exact, quality="proven best", settings={"sites": 3}),)
    given_or = {"areas": areas_of(households), "plans": plans, "counter": Counter(KEY)} | others
    return make_release(study="Riverbend", households=households, **given_or)


def audited(release, households, exact, counter):
    """Audit a release of one plan once more, against what a counter counted."""
    ledger = counter.ledger
    audit_release(release, households=households, exact=exact, ledger=ledger, secret=KEY)


WORLDS = st.tuples(
    st.integers(30, 300), st.integers(0, 1000), st.sampled_from([0, 0.02, 0.3, 0.9, 0.99, 1])
)


@settings(max_examples=20)
@given(WORLDS)
def test_no_figure_or_difference_of_a_release_tells_of_one_to_nine_families(drawn):
    households, exact = exact_world(*drawn)
    release = released(households, exact)
    head = release.plans[0].headline
    parts = [head.no_option_at_school, head.no_option_with_plan]
    parts += [None if pd.isna(n) else int(n) for n in release.plans[0].sites["reached"]]
    shown = [part for part in parts if part is not None]
    shown += [head.families - part for part in shown if part != head.families]
    shown += [*release.home_areas["families"], *(n for n in head.by_reason.values())]
    assert all(figure >= K and figure % 5 == 0 for figure in shown)
    if head.by_reason:
        assert sum(head.by_reason.values()) == head.no_option_at_school
    if head.no_option_with_plan and exact.without_site < exact.without_school:
        gain = head.no_option_at_school - head.no_option_with_plan
        assert gain == 0 or gain >= K


@settings(max_examples=20)
@given(WORLDS)
def test_the_families_of_a_release_are_the_sum_of_what_is_shown(drawn):
    households, exact = exact_world(*drawn)
    release = released(households, exact)
    total = int(release.home_areas["families"].sum()) + (release.unmapped or 0)
    assert release.plans[0].headline.families == total
    spread = 5 * (len(release.home_areas) + 1) + K
    assert abs(total - len(households)) <= spread


def test_the_same_study_is_the_same_release_and_row_order_changes_nothing():
    households, barriers, own = world(200, 5)
    meetings, areas = (MEETING.meeting_id,), areas_of(households)
    mixed = households.sample(frac=1, random_state=1)
    one, other = (
        released(
            table,
            exact_of(rows, households=table, own_sites=own, sites=site_table(), meetings=meetings),
            areas=areas,
        )
        for table, rows in ((households, barriers), (mixed, barriers[::-1]))
    )
    assert one.release_id == other.release_id
    assert one.plans[0].headline == other.plans[0].headline


def test_moving_homes_inside_their_areas_changes_nothing_that_is_shown():
    households, exact = exact_world(300, 6)
    areas = areas_of(households)
    of = households_in_areas(areas, households)
    moved = households.copy()
    for area_id, shape in zip(areas["home_area_id"], areas.geometry, strict=True):
        moved.loc[of == area_id, "geometry"] = shape.representative_point()
    before = released(households, exact, areas=areas)
    assert before.release_id == released(moved, exact, areas=areas).release_id


def without(households, exact, name):
    """Let one family leave the district."""
    left = households[households["household_id"] != name].reset_index(drop=True)
    fewer = replace(
        exact,
        everyone=exact.everyone - {name},
        at_school={h: reason for h, reason in exact.at_school.items() if h != name},
        reached={site: members - {name} for site, members in exact.reached.items()},
    )
    return left, fewer


@settings(max_examples=25)
@given(WORLDS, st.integers(0, 10_000), st.booleans())
def test_a_family_that_joins_or_leaves_changes_no_byte_unless_an_area_merged(drawn, at, joins):
    with_it = exact_world(*drawn)
    name = f"H{at % drawn[0]:04}"
    worlds = [with_it, without(*with_it, name)]
    before, after = worlds[::-1] if joins else worlds
    areas = areas_of(before[0])
    fitted = refit_areas(areas, lonlat(after[0][~after[0]["protected"]]), k=K)
    if areas.empty or len(fitted) != len(areas):
        return
    counter = Counter(KEY)
    first = released(*before, areas=areas, counter=counter)
    second = released(*after, areas=fitted, counter=Counter(KEY, ledger=counter.ledger))
    assert first.release_id == second.release_id


def test_the_name_of_a_release_covers_every_field():
    households, exact = exact_world(300, 6)
    good = released(households, exact)
    plan = good.plans[0]
    others = [
        replace(good, study="Other"),
        replace(good, k=11),
        replace(good, unmapped=15),
        replace(good, home_areas=good.home_areas.iloc[1:]),
        replace(good, home_areas=good.home_areas.set_geometry(good.home_areas.translate(1))),
        replace(good, tables=pd.DataFrame({"attribute": ["language"]})),
        replace(good, neighborhoods=good.home_areas),
        replace(good, plans=(replace(plan, sites=plan.sites.assign(cost_usd=5.0)),)),
        replace(good, plans=(replace(plan, settings={}),)),
        tampered(good, quality="other"),
    ]
    names = {_content_hash(release) for release in (good, *others)}
    assert len(names) == 1 + len(others)
    assert good.release_id in names


def test_another_key_rounds_differently():
    households, exact = exact_world(300, 7)
    assert released(households, exact).release_id != (
        released(households, exact, counter=Counter(bytes(32))).release_id
    )


def test_protected_families_are_counted_but_not_mapped():
    households, exact = exact_world(200, 8)
    mapped = households.assign(protected=np.arange(200) < 40)
    release = released(mapped, exact)
    assert release.unmapped in range(40, 50, 5)
    assert release.home_areas["families"].sum() <= 160 + 5 * len(release.home_areas)


def test_the_main_reason_is_the_one_furthest_along_the_way():
    households = household_table(1)
    two_schools = pd.DataFrame({"household_id": ["H0000", "H0000"], "site_id": ["S1", "L1"]})
    sites, meetings = site_table(), (MEETING.meeting_id,)

    def reason(at_one, at_other):
        rows = barrier_table(households, [at_one, at_other, ""])
        exact = exact_of(
            rows, households=households, own_sites=two_schools, sites=sites, meetings=meetings
        )
        return exact.at_school

    assert reason("no_trip_there", "no_trip_home") == {"H0000": "no_trip_home"}
    assert reason("no_trip_home", "off_network") == {"H0000": "no_trip_home"}
    assert reason("no_trip_home", "") == {}


def test_a_family_whose_school_was_not_asked_has_another_reason():
    households, barriers, own = world(20, 1)
    exact = exact_of(
        barriers,
        households=households,
        own_sites=own[:5],
        sites=site_table(),
        meetings=(MEETING.meeting_id,),
    )
    assert [exact.at_school[h] for h in households["household_id"][5:]] == ["other"] * 15


def plan_for(reached):
    return Plan(
        site_ids=("L1",),
        meetings=(MEETING,),
        goal=MostFamilies(n_sites=1),
        families=100,
        reached=reached,
        reached_at_school=0,
        best_possible=100,
    )


def test_a_plan_is_held_against_the_barriers():
    households, barriers, own = world(100, 2)
    can = barriers[(barriers["site_id"] == "L1") & (barriers["reason"] == "")]
    tables = {"households": households, "own_sites": own, "sites": site_table()}
    exact = exact_plan(plan_for(len(can)), barriers, **tables)
    assert exact.reached == {"L1": frozenset(can["household_id"])}
    with pytest.raises(ReleaseError, match="does not agree"):
        exact_plan(plan_for(len(can) + 1), barriers, **tables)


def test_an_area_that_became_too_small_must_be_merged_first():
    households, exact = exact_world(200, 9)
    areas = areas_of(households)
    of = households_in_areas(areas, households)
    left = households[of != areas["home_area_id"].iloc[0]]
    with pytest.raises(ReleaseError, match="merged with a neighbor"):
        released(left, exact, areas=areas)
    fitted = refit_areas(areas, lonlat(left[~left["protected"]]), k=K)
    assert len(released(left, exact, areas=fitted, plans=()).home_areas) < len(areas)


def test_a_study_with_too_few_families_releases_nothing():
    households, exact = exact_world(9, 1)
    with pytest.raises(ReleaseError, match="fewer than 10 families"):
        released(households, exact)


def tampered(release, **changes):
    plan = release.plans[0]
    headline = replace(plan.headline, **changes)
    return replace(release, plans=(replace(plan, headline=headline),))


def test_every_fault_stops_a_release():
    households, exact = exact_world(300, 3)
    counter = Counter(KEY)
    good = released(households, exact, counter=counter)
    plan, areas = good.plans[0], good.home_areas
    home = areas.assign(families=areas["families"].where(areas.index > 0, 7))
    bad = {
        "under 10": tampered(good, no_option_at_school=5, by_reason={}),
        "not rounded": tampered(good, no_option_with_plan=81),
        "gives away": tampered(good, no_option_with_plan=plan.headline.families - 5),
        "add up": tampered(good, no_option_at_school=plan.headline.no_option_at_school + 5),
        "not one of those": tampered(good, by_reason={"lives at 12 Elm": 10}),
        "families of a home area": replace(good, home_areas=home),
        "home area was not counted": replace(good, home_areas=areas.assign(families=95)),
        "plan was not counted": tampered(good, no_option_with_plan=100),
        "reason .* was not counted": tampered(good, by_reason=_moved(plan.headline.by_reason)),
        "not the sum of those on the map": tampered(good, families=plan.headline.families + 5),
        "another k": replace(good, k=15),
        "plan p says it was counted with another k": tampered(good, k=99),
        "other meetings": replace(good, plans=(replace(plan, meetings=("2020-02-06",)),)),
        "beside those allowed": replace(good, home_areas=areas.assign(poorest=1)),
        "sites of plan p have": replace(
            good, plans=(replace(plan, sites=plan.sites.assign(nearest="H1")),)
        ),
        "overlap": replace(good, home_areas=_with_shape(areas, areas.geometry.iloc[1])),
        "outside any home area": replace(good, unmapped=3),
    }
    audited(good, households, [exact], counter)
    for words, release in bad.items():
        with pytest.raises(ReleaseError, match=words):
            audited(release, households, [exact], counter)
    with pytest.raises(ReleaseError, match="no exact figures"):
        audited(good, households, [], counter)
    with pytest.raises(ReleaseError, match="other families"):
        audited(good, households[1:], [exact], counter)


def test_a_home_on_the_corner_of_an_area_stops_a_release():
    households, exact = exact_world(300, 3)
    counter = Counter(KEY)
    good = released(households, exact, counter=counter)
    corner = shapely.get_coordinates(good.home_areas.geometry)[0]
    row = households.index[households["protected"]][0]
    households.loc[row, "geometry"] = shapely.Point(corner)
    with pytest.raises(ReleaseError, match="is a home"):
        audited(good, households, [exact], counter)


def _moved(by_reason):
    """Count ten families under another reason: the sum stays."""
    (one, figure), (other, more), *rest = by_reason.items()
    return {one: figure + 10, other: more - 10, **dict(rest)}


def _with_shape(areas, shape):
    """Replace the first area's shape by one that holds its families still."""
    changed = areas.copy()
    changed.loc[0, "geometry"] = shapely.union(changed.geometry[0], shape)
    return changed


def test_settings_that_are_not_json_are_refused():
    households, exact = exact_world(100, 3)
    plan = PlanToShow(name="p", exact=exact, quality="", settings={"homes": households})
    with pytest.raises(ReleaseError, match="settings"):
        released(households, exact, plans=(plan,))


def test_barriers_leave_by_the_same_gate():
    households, exact = exact_world(300, 4)
    counter = Counter(KEY)
    release = released(households, exact, counter=counter)
    barriers = release_barriers(exact, release=release, counter=counter)
    assert barriers.headline.families == release.plans[0].headline.families
    assert barriers.headline.by_reason == release.plans[0].headline.by_reason
    assert barriers.sites["reached"].equals(release.plans[0].sites["reached"])
    assert "geometry" not in barriers.sites
    assert not isinstance(barriers.sites, gpd.GeoDataFrame)


@settings(max_examples=20)
@given(WORLDS)
def test_partners_get_no_count_under_twenty_and_no_home_area(drawn):
    households, exact = exact_world(*drawn)
    few = for_partners(released(households, exact))
    head = few.plans[0].headline
    assert few.home_areas.empty
    assert few.unmapped is None
    assert head.by_reason == {}
    shown = [head.no_option_at_school, head.no_option_with_plan]
    shown += [None if pd.isna(n) else int(n) for n in few.plans[0].sites["reached"]]
    for figure in shown:
        assert figure is None or figure >= 20
        assert figure is None or head.families - figure == 0 or head.families - figure >= 20
