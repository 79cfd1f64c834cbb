"""The parts of the search, each held to trying every choice, also where it takes short cuts."""

import itertools
import time

import numpy as np
import pytest

from famgeo.plan import lagrange, median, swaps
from famgeo.plan.allowed import Allowed, any_of
from famgeo.plan.benders import prove
from famgeo.plan.lagrange import Prices
from famgeo.plan.median import choose_best
from famgeo.plan.nearest import nearest_of
from famgeo.plan.problem import Problem, Total, WorstMean
from famgeo.plan.program import Program
from famgeo.plan.swaps import choose_well, improve


def drawn(seed, *, rows=60, columns=9, choose=3, measure=None):
    draw = np.random.default_rng(seed)
    cost = draw.uniform(1, 50, (rows, columns))
    cost[draw.random((rows, columns)) < 0.3] = np.inf
    group = draw.integers(0, 3, rows)
    weight = draw.integers(0, 4, rows).astype(float)
    worst = draw.uniform(40, 90, rows)
    problem = Problem(
        nearest=nearest_of(cost, worst, weight=weight, group=group),
        allowed=any_of(choose, columns, locked=[int(draw.integers(columns))]),
        measure=measure or Total(),
    )
    by_hand = {}
    for choice in itertools.combinations(range(columns), choose):
        if set(problem.allowed.locked) <= set(choice):
            each = np.minimum(cost[:, choice].min(axis=1), worst) * weight
            totals = np.bincount(group, each, minlength=3)
            weights = np.bincount(group, weight, minlength=3)
            total = not isinstance(problem.measure, WorstMean)
            by_hand[choice] = totals.sum() if total else (totals / weights).max()
    return problem, by_hand


def test_a_choice_costs_what_its_nearest_columns_do():
    problem, by_hand = drawn(0)
    assert len(by_hand) > 20
    for choice, value in by_hand.items():
        assert problem.value(choice) == pytest.approx(value)


@pytest.mark.parametrize("measure", [Total(), WorstMean()])
def test_no_move_betters_an_improved_choice(measure):
    for seed in range(20):
        problem, by_hand = drawn(seed, measure=measure)
        found = improve(problem, next(iter(by_hand)))
        guide = {
            choice: float(measure.guide(problem.nearest.totals(choice), problem.nearest.weight))
            for choice in by_hand
        }
        near = [choice for choice in by_hand if len(set(choice) - set(found)) == 1]
        assert guide[found] <= min(guide[choice] for choice in near) * (1 + 1e-8)


def test_no_choice_is_under_the_bound_of_the_prices_and_the_best_keeps_to_what_is_ruled():
    for seed in range(40):
        problem, by_hand = drawn(seed)
        best = min(by_hand.values())
        prices = Prices(problem, next(iter(by_hand)))
        for _ in range(12):
            prices.run(5, until=np.inf)
            assert prices.bound <= best * (1 + 1e-9)
            better = [c for c, value in by_hand.items() if value < prices.value * (1 - 1e-6)]
            assert all(prices.may[list(choice)].all() for choice in better)
            assert all(set(np.flatnonzero(prices.must)) <= set(choice) for choice in better)


@pytest.mark.parametrize("few", [0, 20])
def test_the_best_is_found_and_proven_by_prices_and_by_programs(monkeypatch, few):
    monkeypatch.setattr(median, "FEW", few)
    monkeypatch.setattr(lagrange, "ROUNDS", 8)
    for seed in range(40):
        problem, by_hand = drawn(seed)
        choice = choose_best(problem, seconds=60)
        assert choice.value == pytest.approx(min(by_hand.values()))
        assert choice.bound == pytest.approx(choice.value, rel=1e-6)
        assert choice.chosen in by_hand


def test_of_many_rows_some_lead_the_search_and_all_prove_it(monkeypatch):
    for module in (lagrange, swaps):
        monkeypatch.setattr(module, "MANY_ROWS", 30)
        monkeypatch.setattr(module, "SAMPLE_ROWS", 12)
    monkeypatch.setattr(lagrange, "ROUNDS_A_TURN", 4)
    for seed in range(40):
        problem, by_hand = drawn(seed)
        choice = choose_best(problem, seconds=60)
        assert choice.value == pytest.approx(min(by_hand.values()))
        assert choice.bound == pytest.approx(choice.value, rel=1e-6)


@pytest.mark.parametrize("measure", [Total(), WorstMean()])
def test_the_programs_alone_prove_the_best_from_a_poor_start(measure):
    for seed in range(20):
        problem, by_hand = drawn(seed, measure=measure)
        start = max(by_hand, key=by_hand.get)
        choice = prove(problem, start, (), until=time.monotonic() + 60)
        assert choice.value == pytest.approx(min(by_hand.values()))
        assert choice.bound == pytest.approx(choice.value, rel=1e-6)


def test_what_is_left_after_some_columns_are_sure_costs_the_same():
    for seed in range(10):
        problem, by_hand = drawn(seed, choose=4)
        sure = problem.allowed.locked
        free = [c for c in range(9) if c not in sure][:6]
        left = problem.only(free, sure)
        for choice in itertools.combinations(range(6), 3):
            whole = tuple(sorted([*sure, *(free[c] for c in choice)]))
            assert left.value(choice) == pytest.approx(by_hand[whole])


def test_good_enough_is_where_the_search_may_stop():
    problem, by_hand = drawn(3)
    values = sorted(by_hand.values())
    for enough in (values[0], values[len(values) // 2]):
        aim = Problem(
            nearest=problem.nearest, allowed=problem.allowed, measure=Total(), enough=enough + 1e-6
        )
        assert choose_best(aim, seconds=60).value <= enough + 1e-6
    beyond = Problem(
        nearest=problem.nearest, allowed=problem.allowed, measure=Total(), enough=values[0] - 1
    )
    assert choose_best(beyond, seconds=60).bound > values[0] - 1


def test_most_liked_keeps_the_sums():
    for seed in range(30):
        draw = np.random.default_rng(seed)
        sides = draw.integers(0, 4, (2, 7)).astype(float)
        allowed = Allowed(
            n=3,
            least=int(draw.integers(1, 4)),
            locked=(2,),
            sides=sides,
            low=np.array([4.0, -np.inf]),
            high=np.array([np.inf, 6.0]),
        )
        wish = draw.uniform(0, 1, 7)
        every = [
            choice
            for n in range(allowed.least, 4)
            for choice in itertools.combinations(range(7), n)
            if 2 in choice and sides[0, choice].sum() >= 4 and sides[1, choice].sum() <= 6
        ]
        liked = allowed.most_liked(wish)
        if not every:
            assert liked is None
            continue
        assert liked in every
        assert allowed.allows(liked)
        assert wish[list(liked)].sum() == pytest.approx(max(wish[list(c)].sum() for c in every))


def test_nobody_to_serve_is_served_by_any_choice():
    nobody = Problem(
        nearest=nearest_of(np.full((3, 4), np.inf), np.ones(3)),
        allowed=any_of(2, 4),
        measure=Total(),
    )
    choice = choose_best(nobody, seconds=60)
    assert (choice.value, choice.bound, len(choice.chosen)) == (3.0, 3.0, 2)


def test_a_program_without_an_answer_says_so():
    program = Program()
    program.add_variable(0, 1)
    program.add_row(2, 3, np.arange(1), np.ones(1))
    assert program.answer() is None


def test_the_same_problem_gives_the_same_choice():
    one, other = (choose_well(drawn(5)[0]) for _ in range(2))
    assert one == other
