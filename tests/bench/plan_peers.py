"""Choosing sites against the models as they are usually written, solved by HiGHS.

``python tests/bench/plan_peers.py [--families N] [--sites N] [--choose N] [--seconds N] [--usual N]
[--many]``. The usual covering model has a variable and a row for each family, as in spopt's MCLP;
the usual p-median a variable and a row for each family and site. Goal: at most a twentieth of
their time, for the same answer. The usual p-median is given only so many families (``--usual``),
for it does not fit otherwise; of all of them, and of 100,000 × 500 (``--many``), ours is timed
alone.
"""

import argparse
import resource
import time

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack, identity, vstack

from famgeo.plan.allowed import any_of
from famgeo.plan.covering import cover_well, merge_rows
from famgeo.plan.cutting import prove
from famgeo.plan.median import choose_best
from famgeo.plan.nearest import nearest_of
from famgeo.plan.problem import Problem, Total

NO_OPTION_MIN = 240.0
BLOCK_ROWS = 10_000


def drawn_town(
    families: int, sites: int, *, reach: float, noise: float, seed: int = 1
) -> np.ndarray:
    """Return who can attend where: families in twelve clusters, half of them reach farther."""
    draw = np.random.default_rng(seed)
    centres = draw.random((12, 2))
    homes = centres[draw.integers(0, 12, families)] + draw.normal(0, 0.12, (families, 2))
    far = np.linalg.norm(homes[:, None] - draw.random((sites, 2))[None], axis=2)
    limit = np.where(draw.random(families) < 0.5, reach, reach * 1.6)
    return far * (1 + noise * draw.normal(size=far.shape)) < limit[:, None]


def usual_model(covers: np.ndarray, n: int, *, seconds: float) -> tuple[float, float]:
    """Return the families reached and the bound, from one row and one variable a family."""
    families, sites = covers.shape
    rows = vstack(
        [
            hstack([csr_array(-covers.astype(float)), identity(families)]),
            csr_array(np.r_[np.ones(sites), np.zeros(families)][None]),
        ]
    ).tocsr()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + families, families + 1
    lp.col_cost_ = np.r_[np.zeros(sites), np.ones(families)]
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
    lp.row_lower_ = np.r_[np.full(families, -highspy.kHighsInf), n]
    lp.row_upper_ = np.r_[np.zeros(families), n]
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    return solved(lp, rows, seconds=seconds)


def compare(covers: np.ndarray, n: int, *, seconds: float) -> str:
    """Solve one town both ways and say how they compare."""
    start = time.perf_counter()
    demand = merge_rows(covers)
    ours = prove(demand, cover_well(demand, n, []), [], seconds=60)
    our_s = time.perf_counter() - start
    start = time.perf_counter()
    reached, bound = usual_model(covers, n, seconds=seconds)
    their_s = time.perf_counter() - start
    if round(reached) == round(bound):
        assert ours.reached == ours.bound == round(reached), "two proofs disagree"
    assert ours.reached <= round(bound + 0.5)
    assert round(reached) <= ours.bound
    gap = 100 * (ours.bound - ours.reached) / max(ours.bound, 1)
    return (
        f"{covers.mean():.0%} of pairs can attend: {ours.reached:,} families, gap {gap:.1f} %, in "
        f"{our_s:.1f} s; usual model {reached:,.0f}, gap {100 * (bound - reached) / bound:.1f} %, "
        f"{their_s / our_s:.0f} times as long" + (", stopped" if their_s >= seconds else "")
    )


def drawn_minutes(families: int, sites: int, seed: int = 1) -> np.ndarray:
    """Return minutes there and home: homes in twelve clusters, straight ways, at most 50."""
    draw = np.random.default_rng(seed)
    centres = draw.random((12, 2))
    homes = centres[draw.integers(0, 12, families)] + draw.normal(0, 0.12, (families, 2))
    places = draw.random((sites, 2))
    minutes = np.empty((families, sites), np.float32)
    for some in range(0, families, BLOCK_ROWS):
        rows = homes[some : some + BLOCK_ROWS]
        minutes[some : some + len(rows)] = 3 + 60 * np.linalg.norm(rows[:, None] - places, axis=2)
    minutes[minutes > 50] = np.inf
    return minutes


def usual_median(minutes: np.ndarray, n: int, *, seconds: float) -> tuple[float, float]:
    """Return the total and its bound, from a variable and a row for each family and site."""
    families, sites = minutes.shape
    cost = np.column_stack([np.minimum(minutes, NO_OPTION_MIN), np.full(families, NO_OPTION_MIN)])
    pairs = families * (sites + 1)
    served = csr_array(
        (np.ones(pairs), (np.arange(pairs) // (sites + 1), np.arange(pairs))), (families, pairs)
    )
    real = np.flatnonzero(np.arange(pairs) % (sites + 1) < sites)
    linked = csr_array((np.ones(len(real)), (np.arange(len(real)), real)), (len(real), pairs))
    chosen = csr_array(
        (-np.ones(len(real)), (np.arange(len(real)), real % (sites + 1))), (len(real), sites)
    )
    rows = vstack(
        [
            hstack([csr_array((families, sites)), served]),
            hstack([chosen, linked]),
            csr_array(np.r_[np.ones(sites), np.zeros(pairs)][None]),
        ]
    ).tocsr()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + pairs, rows.shape[0]
    lp.col_cost_ = np.r_[np.zeros(sites), cost.ravel()]
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
    lp.row_lower_ = np.r_[np.ones(families), np.full(len(real), -highspy.kHighsInf), n]
    lp.row_upper_ = np.r_[np.ones(families), np.zeros(len(real)), n]
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * sites + [part] * pairs
    return solved(lp, rows, seconds=seconds)


def solved(lp: highspy.HighsLp, rows: csr_array, *, seconds: float) -> tuple[float, float]:
    """Return the value and the bound HiGHS finds on one thread."""
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
    lp.a_matrix_.value_ = rows.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS' own signature
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", seconds)
    solver.passModel(lp)
    solver.run()
    info = solver.getInfo()
    return info.objective_function_value, info.mip_dual_bound


def our_median(minutes: np.ndarray, n: int) -> tuple[float, float, float]:
    """Return the total, its bound and the seconds they took."""
    start = time.perf_counter()
    problem = Problem(
        nearest=nearest_of(minutes, np.full(len(minutes), NO_OPTION_MIN)),
        allowed=any_of(n, minutes.shape[1]),
        measure=Total(),
    )
    choice = choose_best(problem, seconds=60)
    assert choice is not None
    return choice.value, choice.bound, time.perf_counter() - start


def alone(families: int, sites: int, n: int) -> str:
    """Choose for the shortest trips and say how good that is, and what it took."""
    value, bound, seconds = our_median(drawn_minutes(families, sites), n)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"shortest trips, {families:,} × {sites}, {n} sites: gap "
        f"{100 * (value - bound) / bound:.3f} % in {seconds:.1f} s, {memory:.1f} GB at most"
    )


def compare_medians(families: int, sites: int, n: int, *, seconds: float) -> str:
    """Solve one small town for the shortest trips both ways and say how they compare."""
    minutes = drawn_minutes(families, sites)
    value, bound, our_s = our_median(minutes, n)
    start = time.perf_counter()
    theirs, their_bound = usual_median(minutes, n, seconds=seconds)
    their_s = time.perf_counter() - start
    assert value <= theirs * (1 + 1e-6)
    assert their_bound <= value * (1 + 1e-6)
    return (
        f"shortest trips, {families:,} × {sites}: gap {100 * (value - bound) / bound:.3f} % in "
        f"{our_s:.2f} s; usual model gap {100 * (theirs - their_bound) / theirs:.1f} %, "
        f"{their_s / our_s:.0f} times as long" + (", stopped" if their_s >= seconds else "")
    )


def main() -> None:
    """Print one line for each drawn town."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--families", type=int, default=10_000)
    asked.add_argument("--sites", type=int, default=200)
    asked.add_argument("--choose", type=int, default=8)
    asked.add_argument("--seconds", type=float, default=60.0)
    asked.add_argument("--usual", type=int, default=1_000)
    asked.add_argument("--many", action="store_true")
    n = asked.parse_args()
    for reach, noise in ((0.08, 0.1), (0.12, 0.1), (0.2, 0.1)):
        covers = drawn_town(n.families, n.sites, reach=reach, noise=noise)
        print(compare(covers, n.choose, seconds=n.seconds), flush=True)  # noqa: T201
    print(compare_medians(n.usual, n.sites, n.choose, seconds=n.seconds), flush=True)  # noqa: T201
    print(alone(n.families, n.sites, n.choose), flush=True)  # noqa: T201
    if n.many:
        print(alone(100_000, 500, 10), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
