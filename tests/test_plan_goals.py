"""Every goal with every side constraint: as good as trying every choice, and proven to be."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from families import THURSDAY, WEDNESDAY, draw_barriers, draw_households, draw_sites

from famgeo.errors import PlanError
from famgeo.goals import (
    FairestReach,
    FairestTrips,
    FewestSites,
    KolmPollak,
    MostFamilies,
    ShortestTrips,
)
from famgeo.plan.sites import choose_sites
from famgeo.plan.verify import verify_plan

BOTH = (WEDNESDAY, THURSDAY)
KINDS = (MostFamilies, ShortestTrips, FairestReach, FairestTrips, KolmPollak, FewestSites)


class World:
    """A few families and sites, all drawn from one seed, and arrays to count by hand."""

    def __init__(self, seed, *, families=10, places=6):
        draw = self.draw = np.random.default_rng(seed)
        self.households = draw_households(families)
        self.sites = draw_sites(
            places,
            kind=draw.choice(["school", "library"], places),
            wheelchair=draw.choice(["yes", "no", "unknown"], places, p=[0.6, 0.2, 0.2]),
            child_care=draw.choice(["yes", "no", "unknown"], places, p=[0.6, 0.2, 0.2]),
            languages=draw.choice(["", "es", "es;so", "so"], places),
            cost_usd=draw.choice([0.0, 50.0, 80.5, 120.0, np.nan], places),
            capacity=draw.choice([1.0, 3.0, 5.0, 8.0, np.nan], places),
        )
        self.minutes = np.where(
            draw.random((2, families, places)) < draw.uniform(0.2, 0.7),
            draw.integers(4, 60, (2, families, places)).astype(float) * 2,
            np.inf,
        )
        self.tables = [self._table(*one) for one in zip(BOTH, self.minutes, strict=True)]

    def _table(self, meeting, minutes):
        reasons = np.where(np.isfinite(minutes), "", "no_trip_home")
        table = draw_barriers(self.households, self.sites, reasons, meeting)
        half = np.where(np.isfinite(minutes), minutes, np.nan).ravel() / 2
        return table.assign(there_min=half, home_min=half)

    def ids(self):
        return self.households["household_id"].tolist()

    def goal(self, kind, *, seats=False):
        """Draw a goal of this kind that asks for some of everything."""
        draw, names = self.draw, self.sites["site_id"].tolist()
        locked = draw.choice(names, draw.integers(0, 2), replace=False).tolist()
        free = [name for name in names if name not in locked]
        asked = {
            "locked": frozenset(locked),
            "excluded": frozenset(draw.choice(free, draw.integers(0, 2), replace=False).tolist()),
            "budget_usd": draw.choice([None, None, 200.0, 450.0]),
            "accessible": int(draw.integers(0, 3)),
            "child_care": int(draw.integers(0, 2)),
            "off_site": int(draw.integers(0, 2)),
            "speaking": [{}, {"es": 1}, {"es": 1, "so": 2}][draw.integers(0, 3)],
            "seats_each": int(draw.integers(1, 3)) if seats else None,
        }
        if draw.random() < 0.5:
            asked["weights"] = {h: float(draw.choice([0, 1, 2, 2.5])) for h in self.ids()[1:]}
        if kind is FewestSites:
            return kind(share=float(draw.choice([0.3, 0.5, 0.8])), **asked)
        if kind in {FairestReach, FairestTrips}:
            asked["groups"] = {h: str(draw.choice(["a", "b", "c"])) for h in self.ids()}
        return kind(n_sites=int(draw.integers(1, 5)), **asked)

    def choices(self, goal, n_meetings):
        """Yield every choice of sites that keeps what the goal asks."""
        rows = {row.site_id: row for row in self.sites.itertuples()}
        may = [s for s in sorted(rows) if s not in goal.excluded]
        if goal.budget_usd is not None:
            may = [s for s in may if not np.isnan(rows[s].cost_usd)]
        if goal.seats_each is not None:
            may = [s for s in may if not np.isnan(rows[s].capacity)]
        most = goal.most_sites or len(may)
        exactly = goal.budget_usd is None and goal.most_sites is not None
        for n in range(most if exactly else 1, most + 1):
            for choice in itertools.combinations(may, n):
                here = [rows[s] for s in choice]
                if (
                    goal.locked <= set(choice)
                    and sum(r.wheelchair == "yes" for r in here) >= goal.accessible
                    and sum(r.child_care == "yes" for r in here) >= goal.child_care
                    and sum(r.kind != "school" for r in here) >= goal.off_site
                    and all(
                        sum(word in r.languages.split(";") for r in here) >= least
                        for word, least in goal.speaking.items()
                    )
                    and (
                        goal.budget_usd is None
                        or sum(r.cost_usd for r in here) * n_meetings <= goal.budget_usd + 1e-6
                    )
                ):
                    yield choice

    def measure(self, goal, minutes, kappa):
        """Return the goal's measure of each family's minutes, shape (families,); inf = none."""
        ids = self.ids()
        weight = np.array([goal.weights.get(h, 1.0) for h in ids])
        able = np.isfinite(minutes)
        if isinstance(goal, MostFamilies):
            return weight[able].sum()
        if isinstance(goal, FewestSites):
            return weight[able].sum() / weight.sum()
        given_up = np.minimum(minutes, getattr(goal, "no_option_min", 1))
        if isinstance(goal, ShortestTrips):
            return np.average(given_up, weights=weight)
        if isinstance(goal, KolmPollak):
            return np.log(np.average(np.exp(-kappa * given_up), weights=weight)) / -kappa
        groups = np.array([goal.groups[h] for h in ids])
        counted = [g for g in sorted(set(groups)) if weight[groups == g].sum() > 0]
        of = able if isinstance(goal, FairestReach) else given_up
        means = [np.average(of[groups == g], weights=weight[groups == g]) for g in counted]
        return min(means) if isinstance(goal, FairestReach) else max(means)

    def kappa(self, goal, minutes):
        if not isinstance(goal, KolmPollak):
            return None
        weight = np.array([goal.weights.get(h, 1.0) for h in self.ids()])
        best = minutes.min(axis=1)
        weight, best = weight[np.isfinite(best)], best[np.isfinite(best)]
        return goal.epsilon * (weight * best).sum() / (weight * best**2).sum()

    def best(self, goal, meetings):
        """Return the best measure of all choices; None when nothing is allowed."""
        cube = self.minutes[: len(meetings)]
        choices = list(self.choices(goal, len(meetings)))
        may = self._candidates(goal)
        kappa = self.kappa(goal, cube[:, :, may].min(axis=0)) if may else None
        names = self.sites["site_id"].tolist()
        values = []
        for choice in choices:
            at = [names.index(s) for s in choice]
            value = self.measure(goal, cube[:, :, at].min(axis=(0, 2)), kappa)
            if not isinstance(goal, FewestSites):
                values.append(value)
            elif value >= goal.share - 1e-9:
                values.append(len(choice))
        if not values:
            return None
        return max(values) if goal.more_is_better else min(values)

    def _candidates(self, goal):
        return [
            i
            for i, r in enumerate(self.sites.itertuples())
            if r.site_id not in goal.excluded
            and (goal.budget_usd is None or not np.isnan(r.cost_usd))
            and (goal.seats_each is None or not np.isnan(r.capacity))
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_no_choice_that_could_be_tried_is_better(kind):
    impossible = 0
    for seed in range(60):
        world = World(seed)
        goal = world.goal(kind)
        meetings = BOTH[: world.draw.integers(1, 3)]
        want = world.best(goal, meetings)
        if want is None:
            impossible += 1
            with pytest.raises(PlanError):
                choose_sites(world.tables, world.households, world.sites, goal, meetings=meetings)
            continue
        plan = choose_sites(world.tables, world.households, world.sites, goal, meetings=meetings)
        assert plan.measure == pytest.approx(want, rel=1e-6), seed
        assert plan.proven, seed
        verify_plan(plan, pd.concat(world.tables), world.households, world.sites)
        assert plan.site_ids in set(world.choices(goal, len(meetings))), seed
    assert 3 < impossible < 50


def seatings(world, goal, choice, meetings):
    """Yield the minutes of every way to give out the seats of these sites."""
    names = world.sites["site_id"].tolist()
    at = [(m, names.index(s)) for m in range(len(meetings)) for s in choice]
    room = [int(world.sites["capacity"][j] // goal.seats_each) for _, j in at]
    cube = world.minutes
    ways = [
        [None, *(p for p, (m, j) in enumerate(at) if np.isfinite(cube[m, h, j]))]
        for h in range(len(world.households))
    ]
    for taken in itertools.product(*ways):
        if all(taken.count(p) <= seats for p, seats in enumerate(room)):
            yield np.array(
                [np.inf if p is None else cube[at[p][0], h, at[p][1]] for h, p in enumerate(taken)]
            )


@pytest.mark.parametrize("kind", KINDS)
def test_no_way_to_give_out_seats_is_better(kind):
    compared = 0
    for seed in range(60):
        world = World(seed, families=5, places=4)
        goal = world.goal(kind, seats=True)
        if kind is not FewestSites:
            goal = replace(goal, n_sites=min(goal.n_sites, 3))
        choices = list(world.choices(goal, 1))
        values = []
        if choices:
            kappa = world.kappa(goal, world.minutes[0][:, world._candidates(goal)])
            for choice in choices:
                each = [
                    world.measure(goal, one, kappa)
                    for one in seatings(world, goal, choice, BOTH[:1])
                ]
                best = max(each) if goal.more_is_better or kind is FewestSites else min(each)
                if kind is not FewestSites:
                    values.append(best)
                elif best >= goal.share - 1e-9:
                    values.append(-len(choice))
        ask = (world.tables, world.households, world.sites, goal)
        if not values:
            with pytest.raises(PlanError):
                choose_sites(*ask, meetings=BOTH[:1])
            continue
        compared += 1
        plan = choose_sites(*ask, meetings=BOTH[:1])
        want = max(values) if goal.more_is_better or kind is FewestSites else min(values)
        assert plan.measure == pytest.approx(abs(want), rel=1e-6), seed
        assert plan.proven, seed
        verify_plan(plan, pd.concat(world.tables), world.households, world.sites)
        assert plan.site_ids in choices, seed
    assert compared > 15
