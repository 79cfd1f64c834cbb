"""Linear and mixed programs in HiGHS: one thread, and not a word on standard output."""

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from famgeo.errors import PlanError

Floats = NDArray[np.float64]
FINISHED = highspy.HighsModelStatus.kOptimal
IMPOSSIBLE = {
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
}
OUT_OF_TIME = highspy.HighsModelStatus.kTimeLimit


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A program's least value, no value being under ``bound``; its variables, their reduced costs.

    values : float64 (variables,), empty when the time was up before any were found.
    """

    value: float
    bound: float
    values: Floats
    reduced: Floats


class Program(highspy.Highs):
    """A program to minimise that can grow and be solved again from where it was."""

    def __init__(self) -> None:
        # Highs.__init__ greets on standard output, where a command may be writing JSON.
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS' own signature
        self.setOptionValue("threads", 1)
        self.setOptionValue("mip_rel_gap", 0.0)
        self.setOptionValue("mip_abs_gap", 1e-7)

    def add_variable(
        self, low: float, high: float, *, price: float = 0.0, whole: bool = False
    ) -> int:
        """Add a variable and return its position."""
        self.addVar(low, high)
        at: int = self.getNumCol() - 1
        self.changeColCost(at, price)
        if whole:
            self.changeColIntegrality(at, highspy.HighsVarType.kInteger)
        return at

    def add_row(self, low: float, high: float, where: NDArray[np.integer], by: Floats) -> None:
        """Add a row: low ≤ the sum of these variables times ``by`` ≤ high."""
        used = by != 0
        self.addRow(
            low, high, int(used.sum()), where[used].astype(np.int32), by[used].astype(float)
        )

    def add_variables(self, high: Floats, price: Floats, *, whole: bool = False) -> None:
        """Add variables from 0 to ``high``."""
        first, n = self.getNumCol(), len(high)
        self.addVars(n, np.zeros(n), high)
        every = np.arange(first, first + n, dtype=np.int32)
        self.changeColsCost(n, every, price)
        if whole:
            self.changeColsIntegrality(n, every, np.ones(n, np.uint8))

    def add_rows(
        self, high: Floats, row: NDArray[np.integer], where: NDArray[np.integer], by: Floats
    ) -> None:
        """Add rows: the sum of variables times ``by`` ≤ high; one entry for each pair of both."""
        order = np.argsort(row, kind="stable")
        start = np.searchsorted(row[order], np.arange(len(high))).astype(np.int32)
        low = np.full(len(high), -highspy.kHighsInf)
        self.addRows(
            len(high), low, high, len(row), start, where[order].astype(np.int32), by[order]
        )

    def answer(self, *, seconds: float | None = None) -> Answer | None:
        """Return the answer, or None when nothing is allowed.

        Raises ``PlanError`` when the solver gives up, but not for lack of time.
        """
        if seconds is not None:
            self.setOptionValue("time_limit", max(seconds, 0.0))
        self.run()
        status, info = self.getModelStatus(), self.getInfo()
        if status in IMPOSSIBLE:
            return None
        if status not in {FINISHED, OUT_OF_TIME}:
            message = f"The solver gave up on this plan ({status}). Ask for one site fewer or more."
            raise PlanError(message)
        is_mip = any(kind != highspy.HighsVarType.kContinuous for kind in self.getLp().integrality_)
        solution = self.getSolution()
        found = bool(solution.value_valid) and info.primal_solution_status == 2  # noqa: PLR2004 - HiGHS' word for feasible
        return Answer(
            value=info.objective_function_value,
            bound=info.mip_dual_bound if is_mip else info.objective_function_value,
            values=np.array(solution.col_value) if found else np.zeros(0),
            reduced=np.array(solution.col_dual),
        )
