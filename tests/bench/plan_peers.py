"""Choosing sites against the covering model as it is usually written, solved by HiGHS.

``python tests/bench/plan_peers.py [--families N] [--sites N] [--choose N] [--seconds N]``. The
usual model has a variable and a row for each family, as in spopt's MCLP. Goal: at most a twentieth
of its time, for the same number of families.
"""

import argparse
import time

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack, identity, vstack

from famgeo.plan.covering import cover_well, merge_rows
from famgeo.plan.cutting import prove


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


def main() -> None:
    """Print one line for each drawn town."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--families", type=int, default=10_000)
    asked.add_argument("--sites", type=int, default=200)
    asked.add_argument("--choose", type=int, default=8)
    asked.add_argument("--seconds", type=float, default=60.0)
    n = asked.parse_args()
    for reach, noise in ((0.08, 0.1), (0.12, 0.1), (0.2, 0.1)):
        covers = drawn_town(n.families, n.sites, reach=reach, noise=noise)
        print(compare(covers, n.choose, seconds=n.seconds), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
