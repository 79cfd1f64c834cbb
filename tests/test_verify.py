"""A plan passes its check as it was made, and with any single claim changed it does not."""

from dataclasses import replace

import numpy as np
import pytest
from families import THURSDAY, WEDNESDAY, draw_barriers, draw_households, draw_sites

from famgeo.domain import MostFamilies
from famgeo.errors import PlanError
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
