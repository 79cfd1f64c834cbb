"""A plan passes its check as it was made, and with any single claim changed it does not."""

from dataclasses import replace

import numpy as np
import pytest
from families import THURSDAY, WEDNESDAY, draw_barriers, draw_households, draw_sites

from famgeo.domain import MostFamilies
from famgeo.errors import PlanError
from famgeo.goals import FewestSites, ShortestTrips
from famgeo.plan.sites import choose_sites
from famgeo.plan.verify import verify_plan

GOAL = MostFamilies(
    n_sites=3,
    locked=frozenset(["s03"]),
    excluded=frozenset(["s01"]),
    needs=frozenset(["wheelchair"]),
)
COLUMNS = {
    "wheelchair": ["yes", "yes", "unknown", "yes", "yes", "yes", "yes", "yes"],
    "opening_hours": ["", "", "", "", "Mo-Su 08:00-21:00", "Mo-Tu 08:00-21:00", "", ""],
}


def world(seed, goal=GOAL, families=30):
    draw = np.random.default_rng(seed)
    households = draw_households(
        families, school_ids=draw.choice(["s00", "s02;s06", "s07"], families)
    )
    sites = draw_sites(8, **COLUMNS)
    barriers = draw_barriers(
        households, sites, np.where(draw.random((families, 8)) < 0.25, "", "too_long_there")
    )
    plan = choose_sites(barriers, households, sites, goal, meetings=[WEDNESDAY])
    return plan, barriers, households, sites


@pytest.mark.parametrize("seed", range(25))
def test_what_was_chosen_holds(seed):
    draw = np.random.default_rng(seed)
    goal = replace(GOAL, n_sites=int(draw.integers(1, 6)))
    verify_plan(*world(seed, goal))


def with_sites(plan, *site_ids):
    return replace(plan, site_ids=site_ids)


def with_goal(plan, **changes):
    return replace(plan, goal=replace(plan.goal, **changes))


def other_sites(plan):
    """Return the locked site and two that may be chosen but were not."""
    return ("s03", *sorted({"s00", "s04", "s06", "s07"} - set(plan.site_ids))[:2])


CHANGES = {
    "families is": lambda p: replace(p, families=p.families + 1),
    "reached is": lambda p: replace(p, reached=p.reached - 1),
    "reached_at_school is": lambda p: replace(p, reached_at_school=p.reached_at_school + 1),
    "best_possible is": lambda p: replace(p, best_possible=p.best_possible - 1),
    "can attend anywhere": lambda p: replace(p, best_possible=p.families + 1),
    "there is no site s99": lambda p: with_sites(p, "s99", *p.site_ids[1:]),
    "different ones were asked": lambda p: with_sites(p, *p.site_ids[:2], p.site_ids[0]),
    "it has 3 sites where 2": lambda p: with_goal(p, n_sites=2),
    "s03 was to be chosen": lambda p: with_sites(p, *(s for s in p.site_ids if s != "s03")),
    "s03 was not to be chosen": lambda p: with_goal(
        p, locked=frozenset(), excluded=frozenset(["s03"])
    ),
    "s01 was not to be chosen": lambda p: with_sites(p, "s01", "s03", p.site_ids[-1]),
    "s02 is not known to have wheelchair": lambda p: with_sites(p, "s02", "s03", p.site_ids[-1]),
    "not known to have child_care": lambda p: with_goal(p, needs=frozenset(["child_care"])),
    "s05 is closed": lambda p: with_sites(p, "s03", "s05", p.site_ids[-1]),
    "meeting nobody was asked about": lambda p: replace(p, meetings=(THURSDAY,)),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_changed_claim_is_named(words):
    plan, *tables = world(7)
    said = words.replace("meeting nobody was asked about", "reached is")
    with pytest.raises(PlanError, match=said):
        verify_plan(CHANGES[words](plan), *tables)


@pytest.mark.parametrize("seed", range(10))
def test_a_worse_choice_cannot_claim_to_be_the_best(seed):
    plan, barriers, households, sites = world(seed)
    worse = with_sites(plan, *other_sites(plan))
    able = barriers[(barriers["reason"] == "") & barriers["site_id"].isin(worse.site_ids)]
    reached = able["household_id"].nunique()
    assert reached < plan.reached
    with pytest.raises(PlanError, match="best_possible"):
        verify_plan(
            replace(worse, reached=reached, best_possible=reached), barriers, households, sites
        )


def test_a_bound_that_is_not_yet_closed_holds():
    plan, *tables = world(3)
    verify_plan(replace(plan, best_possible=plan.reached + 1), *tables)


def test_a_plan_of_older_barriers_is_refused():
    plan, barriers, households, sites = world(5)
    at_first = (barriers["site_id"] == plan.site_ids[0]) & (barriers["reason"] == "")
    newer = barriers.assign(reason=barriers["reason"].mask(at_first, "no_trip_home"))
    with pytest.raises(PlanError, match="reached is"):
        verify_plan(plan, newer, households, sites)


def test_every_fault_is_told_at_once():
    plan, *tables = world(7)
    wrong = replace(plan, families=plan.families + 1, reached=plan.reached + 1)
    with pytest.raises(PlanError, match=r"families is .* reached is"):
        verify_plan(wrong, *tables)


RICH = ShortestTrips(
    n_sites=3,
    budget_usd=300.0,
    accessible=1,
    child_care=1,
    off_site=1,
    speaking={"es": 1},
)


def rich_world(goal=RICH):
    draw = np.random.default_rng(4)
    households = draw_households(24, school_ids="s01")
    sites = draw_sites(
        6,
        kind=["school", "school", "library", "library", "school", "school"],
        wheelchair=["yes", "no", "yes", "no", "unknown", "no"],
        child_care=["no", "no", "yes", "yes", "no", "unknown"],
        languages=["es", "", "es", "es", "", ""],
        cost_usd=[50.0, 60.0, 120.0, 110.0, np.nan, 400.0],
        capacity=[3.0, 4.0, 5.0, 6.0, np.nan, 2.0],
    )
    minutes = draw.integers(5, 60, (24, 6)).astype(float)
    barriers = draw_barriers(
        households, sites, np.where(draw.random((24, 6)) < 0.5, "", "too_long_there")
    ).assign(there_min=minutes.ravel(), home_min=minutes.ravel())
    plan = choose_sites(barriers, households, sites, goal, meetings=[WEDNESDAY])
    return plan, barriers, households, sites


def better_by(plan, minutes):
    return replace(plan, value=plan.value - minutes, best_possible=plan.best_possible - minutes)


SUMS = {
    "value is": lambda p: replace(p, value=p.value + 1),
    "worse than what is easy": lambda p: replace(p, best_possible=p.best_possible + 50),
    "better than all sites together": lambda p: replace(p, best_possible=1.0),
    "value is not": lambda p: better_by(p, 1),
    "no more than the budget": lambda p: with_goal(p, budget_usd=1.0),
    "sites are accessible where 3": lambda p: with_goal(p, accessible=3),
    "sites have child care where 3": lambda p: with_goal(p, child_care=3),
    "sites are not at a school where 3": lambda p: with_goal(p, off_site=3),
    "sites list so where 1": lambda p: with_goal(p, speaking={"so": 1}),
    "are not known to cost": lambda p: with_sites(p, "s02", "s04"),
}


@pytest.mark.parametrize("words", SUMS)
def test_a_changed_sum_is_named(words):
    plan, *tables = rich_world()
    verify_plan(plan, *tables)
    with pytest.raises(PlanError, match=words):
        verify_plan(SUMS[words](plan), *tables)


def moved(plan, household, place):
    return replace(plan, seats={**plan.seats, household: place})


def test_a_false_seat_is_named():
    goal = ShortestTrips(n_sites=3, seats_each=1)
    plan, barriers, households, sites = rich_world(goal)
    tables = (barriers, households, sites)
    verify_plan(plan, *tables)
    assert set(plan.seats.values()) <= {(s, WEDNESDAY.meeting_id) for s in plan.site_ids}
    able = barriers[barriers["reason"] == ""].groupby("household_id")["site_id"].agg(set)
    nowhere = next(h for h in plan.seats if plan.site_ids[0] not in able[h])
    with pytest.raises(PlanError, match="where it cannot attend"):
        verify_plan(moved(plan, nowhere, (plan.site_ids[0], WEDNESDAY.meeting_id)), *tables)
    other = next(s for s in able.iloc[0] if s not in plan.site_ids)
    with pytest.raises(PlanError, match="not chosen"):
        verify_plan(moved(plan, able.index[0], (other, WEDNESDAY.meeting_id)), *tables)
    with pytest.raises(PlanError, match="over its capacity"):
        verify_plan(plan, barriers, households, sites.assign(capacity=1.0))
    with pytest.raises(PlanError, match="reached is"):
        verify_plan(replace(plan, seats=dict(list(plan.seats.items())[1:])), *tables)


def test_fewer_sites_that_were_enough_are_named():
    plan, *tables = rich_world(FewestSites(share=0.5))
    verify_plan(plan, *tables)
    padded = replace(
        plan,
        site_ids=tuple(sorted({"s00", "s01", "s02", "s03"})),
        value=4.0,
        best_possible=4.0,
    )
    reached = tables[0][(tables[0]["reason"] == "") & tables[0]["site_id"].isin(padded.site_ids)]
    padded = replace(padded, reached=reached["household_id"].nunique())
    with pytest.raises(PlanError, match="worse than what is easy"):
        verify_plan(padded, *tables)
    with pytest.raises(PlanError, match="smaller share"):
        verify_plan(with_goal(plan, share=1.0), *tables)
