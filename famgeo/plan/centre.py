"""The least highest cost when every group is one row: the p-centre, by covering within a radius.

Minieka (1970): whether some choice serves every row within a radius is a covering question, and
the answer is one of the costs, so halving their range needs few questions.
"""

import time
from dataclasses import replace

import numpy as np

from famgeo.plan.allowed import Bools, Chosen
from famgeo.plan.nearest import Floats
from famgeo.plan.problem import Choice, Problem, WorstMean
from famgeo.plan.program import Answer, Program
from famgeo.plan.swaps import choose_well

HALF = 0.5


def is_centre(problem: Problem) -> bool:
    """Return whether the worst group is to be helped, and each is a single row."""
    single = len(np.unique(problem.nearest.group)) == len(problem.nearest.group)
    return isinstance(problem.measure, WorstMean) and single


def choose_centre(problem: Problem, *, seconds: float) -> Choice | None:
    """Return the choice whose highest cost is least, and what none is under; None when none is."""
    until = time.monotonic() + seconds
    best = choose_well(problem)
    if best is None:
        return None
    each = problem.nearest.weight[problem.nearest.group]
    per_pair = problem.nearest.cost / np.repeat(each, np.diff(problem.nearest.first))
    radii = np.unique(np.concatenate([per_pair, problem.nearest.worst / each]))
    least = _unavoidable(problem, per_pair)
    radii = radii[(radii >= least) & (radii < problem.value(best))]
    low, high = 0, len(radii)
    while low < high and time.monotonic() < until:
        middle = (low + high) // 2
        serves, alone = per_pair <= radii[middle], problem.nearest.worst / each > radii[middle]
        answer = _serve_all(problem, serves, alone, seconds=until - time.monotonic())
        if answer is None:
            low = middle + 1
        elif len(answer.values):
            best, high = _filled(problem, answer.values > HALF), middle
        else:
            break
    value = problem.value(best)
    return Choice(chosen=best, value=value, bound=float(radii[low]) if low < high else value)


def _unavoidable(problem: Problem, per_pair: Floats) -> float:
    """Return what some row costs even when every column is chosen."""
    near = problem.nearest
    lost = near.sunk[near.weight > 0] / near.weight[near.weight > 0]
    return float(max(per_pair[near.first[:-1]].max(initial=0), lost.max(initial=0)))


def _serve_all(problem: Problem, serves: Bools, alone: Bools, *, seconds: float) -> Answer | None:
    """Return an allowed choice that serves every row that cannot stay alone; None if there is none.

    At most as many columns as are asked for: whichever are added harm nobody.
    """
    near, n_columns = problem.nearest, problem.nearest.n_columns
    program = Program()
    program.add_variables(np.ones(n_columns), np.ones(n_columns), whole=True)
    for column in problem.allowed.locked:
        program.changeColBounds(column, 1, 1)
    replace(problem.allowed, least=1).add_to(program)
    row = np.repeat(np.arange(len(near.worst)), np.diff(near.first))[serves]
    program.add_rows(-alone.astype(float), row, near.column[serves], -np.ones(len(row)))
    return program.answer(seconds=seconds)


def _filled(problem: Problem, chosen: Bools) -> Chosen:
    """Add the first columns until there are as many as are asked for."""
    allowed = problem.allowed
    lacking = 0 if allowed.fewer else allowed.n - int(chosen.sum())
    added = np.flatnonzero(~chosen)[:lacking]
    return tuple(sorted([*np.flatnonzero(chosen).tolist(), *added.tolist()]))
