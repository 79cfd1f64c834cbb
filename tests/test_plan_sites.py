"""Choosing sites: as good as trying every choice, and plain about what cannot be had."""

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from families import THURSDAY, WEDNESDAY, draw_barriers, draw_households, draw_sites
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.domain import MostFamilies
from famgeo.errors import PlanError
from famgeo.plan.covering import cover_well, merge_rows
from famgeo.plan.cutting import prove
from famgeo.plan.hours import open_during
from famgeo.plan.sites import choose_sites

BOTH = (WEDNESDAY, THURSDAY)
HOURS = ("", "Mo-Fr 09:00-21:00", "Th 09:00-21:00", "call first", "Mo-Su 08:00-22:00 unknown")


def plan_of(reasons, goal, *, schools="s00", seconds=60.0, **columns):
    """Plan one meeting for a world drawn as rows of households and columns of sites."""
    reasons = np.asarray(reasons, dtype=object)
    households = draw_households(len(reasons), school_ids=schools)
    sites = draw_sites(reasons.shape[1], **columns)
    table = draw_barriers(households, sites, reasons)
    return choose_sites(table, households, sites, goal, meetings=[WEDNESDAY], seconds=seconds)


def can(rows):
    """Return reasons from words of 1 (can attend) and 0."""
    return [["" if mark == "1" else "no_trip_home" for mark in row] for row in rows]


def random_world(seed, *, families=9, places=6):
    draw = np.random.default_rng(seed)
    households = draw_households(
        families, school_ids=draw.choice(["s00", "s00;s02", "s01"], families)
    )
    sites = draw_sites(
        places,
        wheelchair=draw.choice(["yes", "no", "unknown"], places, p=[0.7, 0.15, 0.15]),
        child_care=draw.choice(["yes", "no", "unknown"], places, p=[0.7, 0.15, 0.15]),
        opening_hours=draw.choice(HOURS, places, p=[0.4, 0.2, 0.1, 0.2, 0.1]),
    )
    share = draw.uniform(0.1, 0.6)
    tables = [
        draw_barriers(
            households,
            sites,
            np.where(draw.random((families, places)) < share, "", "no_trip_home"),
            meeting,
        )
        for meeting in BOTH
    ]
    return households, sites, tables, draw


def random_goal(draw, sites):
    names = sites["site_id"].tolist()
    n = int(draw.integers(1, 5))
    locked = frozenset(draw.choice(names, draw.integers(0, min(n, 2) + 1), replace=False).tolist())
    free = [name for name in names if name not in locked]
    excluded = frozenset(draw.choice(free, draw.integers(0, 3), replace=False).tolist())
    needs = frozenset(["wheelchair", "child_care"][: draw.integers(0, 3)])
    return MostFamilies(n_sites=n, locked=locked, excluded=excluded, needs=needs)


def best_by_trying_all(households, sites, tables, goal, meetings):
    """Return the most families any allowed choice reaches; None when no choice is allowed."""
    known = {"Th 09:00-21:00": [THURSDAY]}
    may = [
        row.site_id
        for row in sites.itertuples()
        if row.site_id not in goal.excluded
        and all(getattr(row, need) == "yes" for need in goal.needs)
        and all(m in known.get(row.opening_hours, BOTH) for m in meetings)
    ]
    if not goal.locked <= set(may) or len(may) < goal.n_sites:
        return None
    able = {
        (row.household_id, row.site_id)
        for table, meeting in zip(tables, BOTH, strict=True)
        for row in table.itertuples()
        if meeting in meetings and row.reason == ""
    }
    return max(
        sum(any((h, s) in able for s in choice) for h in households["household_id"])
        for choice in itertools.combinations(may, goal.n_sites)
        if goal.locked <= set(choice)
    )


def test_no_choice_that_could_be_tried_reaches_more():
    impossible = 0
    for seed in range(200):
        households, sites, tables, draw = random_world(seed)
        goal = random_goal(draw, sites)
        meetings = BOTH[: draw.integers(1, 3)]
        want = best_by_trying_all(households, sites, tables, goal, meetings)
        if want is None:
            impossible += 1
            with pytest.raises(PlanError):
                choose_sites(tables, households, sites, goal, meetings=meetings)
            continue
        plan = choose_sites(tables, households, sites, goal, meetings=meetings)
        assert (plan.reached, plan.best_possible) == (want, want), seed
        assert len(plan.site_ids) == goal.n_sites
        assert goal.locked <= set(plan.site_ids)
    assert 20 < impossible < 150


def test_the_proof_finds_what_a_poor_start_missed():
    for seed in range(120):
        draw = np.random.default_rng(seed)
        n = int(draw.integers(3, 10))
        k = int(draw.integers(1, n))
        covers = np.repeat(draw.random((25, n)) < draw.uniform(0.05, 0.5), 3, axis=0)
        locked = draw.choice(n, draw.integers(0, k), replace=False).tolist()
        demand = merge_rows(covers)
        poor = sorted([*locked, *[c for c in range(n) if c not in locked][: k - len(locked)]])
        found = prove(demand, tuple(poor), locked, seconds=60)
        best = max(
            int(covers[:, choice].any(axis=1).sum())
            for choice in map(list, itertools.combinations(range(n), k))
            if set(locked) <= set(choice)
        )
        assert (found.reached, found.bound) == (best, best), seed
        assert set(locked) <= set(found.chosen)


def hard_demand():
    draw = np.random.default_rng(3)
    return merge_rows(draw.random((400, 60)) < 0.08)


def test_without_time_for_a_proof_the_bound_still_holds():
    demand = hard_demand()
    start = cover_well(demand, 6, [])
    hasty = prove(demand, start, [], seconds=0)
    assert hasty.reached == demand.reached(start)
    assert hasty.bound >= prove(demand, start, [], seconds=1).bound >= hasty.reached


def test_more_time_narrows_the_gap():
    demand = hard_demand()
    start = cover_well(demand, 6, [])
    assert prove(demand, start, [], seconds=2).bound < prove(demand, start, [], seconds=0).bound


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 4))
def test_one_more_site_never_lowers_the_families_reached(seed, n):
    households, sites, tables, _ = random_world(seed)
    sites = sites.assign(opening_hours="")
    fewer, more = (
        choose_sites(tables, households, sites, MostFamilies(n_sites=k), meetings=BOTH)
        for k in (n, n + 1)
    )
    assert more.reached >= fewer.reached
    assert fewer.proven
    assert more.proven


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_locking_a_chosen_site_changes_nothing(seed):
    households, sites, tables, _ = random_world(seed)
    sites = sites.assign(opening_hours="")
    goal = MostFamilies(n_sites=3)
    plan = choose_sites(tables, households, sites, goal, meetings=BOTH)
    for site_id in plan.site_ids:
        locked = replace(goal, locked=frozenset([site_id]))
        again = choose_sites(tables, households, sites, locked, meetings=BOTH)
        assert again.reached == plan.reached


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(seed):
    households, sites, tables, draw = random_world(seed)
    sites = sites.assign(opening_hours="")
    goal = MostFamilies(n_sites=3)

    def mixed(table):
        return table.iloc[draw.permutation(len(table))].reset_index(drop=True)

    plan = choose_sites(tables, households, sites, goal, meetings=BOTH)
    tables = [mixed(t) for t in reversed(tables)]
    again = choose_sites(tables, mixed(households), mixed(sites), goal, meetings=BOTH)
    assert again == plan


def test_a_family_counts_once_and_its_own_school_only_when_chosen():
    plan = plan_of(can(["110", "100", "001", "000"]), MostFamilies(n_sites=1), schools="s00")
    assert (plan.site_ids, plan.families, plan.reached) == (("s00",), 4, 2)
    assert plan.reached_at_school == 2
    elsewhere = plan_of(
        can(["110", "100", "001", "000"]), MostFamilies(n_sites=1, excluded=frozenset(["s00"]))
    )
    assert (elsewhere.reached, elsewhere.reached_at_school) == (1, 2)


def test_a_family_reached_in_either_meeting_is_reached():
    households, sites = draw_households(2), draw_sites(2)
    tables = [
        draw_barriers(households, sites, can(rows), meeting)
        for rows, meeting in zip((["01", "00"], ["00", "01"]), BOTH, strict=True)
    ]
    goal = MostFamilies(n_sites=1)
    plan = choose_sites(tables, households, sites, goal, meetings=BOTH)
    assert (plan.site_ids, plan.reached) == (("s01",), 2)
    assert str(plan) == "1 sites reach 2 of 2 families (proven best); 0 still have no option."


def test_of_equal_choices_the_first_by_id_is_taken():
    assert plan_of(can(["1111"]), MostFamilies(n_sites=2)).site_ids == ("s00", "s01")


def test_nobody_can_come_anywhere():
    plan = plan_of(can(["00", "00"]), MostFamilies(n_sites=1))
    assert (plan.reached, plan.best_possible, plan.proven) == (0, 0, True)


def test_unknown_is_never_what_a_plan_needs():
    plan = plan_of(
        can(["110", "110", "001"]),
        MostFamilies(n_sites=1, needs=frozenset(["wheelchair"])),
        wheelchair=["unknown", "no", "yes"],
    )
    assert plan.site_ids == ("s02",)


@pytest.mark.parametrize(
    ("goal", "columns", "words"),
    [
        ({"locked": ["s01"], "needs": ["wheelchair"]}, {"wheelchair": "unknown"}, "s01"),
        ({"locked": ["s01"]}, {"opening_hours": "Mo-Fr 09:00-19:00"}, "open during every meeting"),
        ({"locked": ["nowhere"]}, {}, "nowhere"),
        ({"excluded": ["nowhere"]}, {}, "nowhere"),
        ({"needs": ["sauna"]}, {}, "sauna"),
        ({"n_sites": 4}, {}, "only 3 can be chosen"),
        (
            {"n_sites": 2, "needs": ["wheelchair"]},
            {"wheelchair": ["yes", "no", "unknown"]},
            "Without 'have wheelchair = yes', 3 could be.",
        ),
    ],
)
def test_what_cannot_be_had_is_named(goal, columns, words):
    goal = {name: value if name == "n_sites" else frozenset(value) for name, value in goal.items()}
    with pytest.raises(PlanError, match=words):
        plan_of(can(["111"]), MostFamilies(**{"n_sites": 1, **goal}), **columns)


def test_a_site_closed_during_a_meeting_is_not_chosen_and_unknown_hours_are_no_bar():
    hours = ["Mo-Fr 09:00-19:59", "ask Thursday", "Mo-Fr 18:00-20:00"]
    plan = plan_of(can(["110", "101", "100"]), MostFamilies(n_sites=2), opening_hours=hours)
    assert plan.site_ids == ("s01", "s02")


@pytest.mark.parametrize(
    ("hours", "is_open"),
    [
        ("24/7", True),
        ("We 18:00-20:00", True),
        ("We 18:01-20:00", False),
        ("We 17:00-19:00,19:30-21:00", False),
        ("Mo-Fr 18:00-02:00", True),
        ("Sa-Su 09:00-18:00", False),
        ("2020 Feb 05 off; Mo-Su 09:00-22:00", True),
        ("Mo-Su 09:00-22:00; 2020 Feb 05 off", False),
        ("", True),
        ("by appointment, maybe", True),
    ],
)
def test_open_means_all_through_the_meeting(hours, is_open):
    assert open_during(hours, WEDNESDAY) is is_open


def test_barriers_that_were_never_found_are_asked_for():
    households, sites = draw_households(1), draw_sites(2)
    table = draw_barriers(households, sites, can(["11"]))
    goal = MostFamilies(n_sites=1)
    with pytest.raises(PlanError, match="2020-02-06T18:00/20:00"):
        choose_sites(table, households, sites, goal, meetings=BOTH)
    with pytest.raises(PlanError, match="s01"):
        choose_sites(
            table[table["site_id"] == "s00"], households, sites, goal, meetings=[WEDNESDAY]
        )
    with pytest.raises(PlanError, match="at least one family"):
        choose_sites(table, households.iloc[:0], sites, goal, meetings=[WEDNESDAY])


def test_planning_prints_nothing():
    code = (
        "import numpy as np; from famgeo.plan.cutting import prove\n"
        "from famgeo.plan.covering import merge_rows\n"
        "demand = merge_rows(np.eye(4, dtype=bool) | (np.arange(4) % 2 == 0))\n"
        "assert prove(demand, (1,), [], seconds=9).reached == 4\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (0, b"", b"")
