"""What a stranger could work out: the least and the most a hidden count can be.

The attacker's problem of Fischetti and Salazar-González (2001), "Solving the cell suppression
problem on tabular data with linear constraints", Management Science 47(7): every published figure
is an equation over the hidden cells, and the range of a hidden cell is what a linear program finds
when it makes the cell as small and as large as the equations allow. Here the attacker is given
more than is ever printed: all figures before rounding.

For each attribute the cells are neighborhoods × categories. Rows add up to the neighborhoods'
totals, and columns to the district's total of a category where that is shown. Such a program is a
flow on a network (Cox 1980, "Suppression methodology and statistical disclosure control", JASA
75(370)), so its extremes are whole numbers.
"""

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from famgeo.errors import ReleaseError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DISTRICT = 0
OPTIONS: dict[str, bool | int | str] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "solver": "simplex",
    "simplex_strategy": 4,  # primal: only the cost changes, so the last answer stays allowed
}


@dataclass(frozen=True, kw_only=True)
class Range:
    """The least and the most each cell can be, shape (1 + places, categories)."""

    least: Floats
    most: Floats

    @property
    def width(self) -> Floats:
        """How far apart they are; at least this where the search was cut short."""
        return self.most - self.least


def widths(cells: Ints, shown: Bools, *, sought: Bools, enough: float = np.inf) -> Range:
    """Bound hidden cells from everything published.

    cells : the true counts, shape (1 + places, categories); row 0 is the district, the sum of the
        others. shown : which of them are published by name; the total of every place is, too.
    sought : the hidden cells to bound; others get bounds that may be too narrow.
    enough : stop widening a cell that is known to be this wide.
    Raises ``ReleaseError`` when the solver is not sure.
    """
    attacker = _Attacker(cells, shown)
    for row, column in np.argwhere(sought & ~shown).tolist():
        for sense in (highspy.ObjSense.kMaximize, highspy.ObjSense.kMinimize):
            if attacker.most[row, column] - attacker.least[row, column] < enough:
                attacker.push(row, column, sense)
    return Range(least=attacker.least, most=attacker.most)


def narrow(cells: Ints, shown: Bools, *, k: int) -> Bools:
    """Return which hidden cells of 1 to k − 1 households can be told to within fewer than k."""
    small = (cells > 0) & (cells < k) & ~shown
    return np.asarray(small & (widths(cells, shown, sought=small, enough=k).width < k))


class _Attacker:
    """One model for all cells: only the cost changes, so each answer starts from the last.

    Every answer is a table that fits what is published, so it widens the range of all cells and
    most need no program of their own.
    """

    def __init__(self, cells: Ints, shown: Bools) -> None:
        self._cells = cells
        self.least, self.most = cells.astype(float), cells.astype(float)
        self._rows, self._columns = np.nonzero(~shown[1:])
        self._every = np.arange(len(self._rows), dtype=np.int32)
        self._solver = Solver(_program(cells, shown, self._rows, self._columns))

    def push(self, row: int, column: int, sense: highspy.ObjSense) -> None:
        """Make one cell as large or as small as it can be, and learn from the table found."""
        if not len(self._every):
            return  # Every place shows all it has, so there is one table alone.
        inside = (self._rows == row - 1) | (row == DISTRICT)
        cost = (inside & (self._columns == column)).astype(float)
        self._solver.changeColsCost(len(self._every), self._every, cost)
        self._solver.changeObjectiveSense(sense)
        self._learn(self._solver.answer())

    def _learn(self, hidden: Floats) -> None:
        table = self._cells.astype(float)
        table[1:][self._rows, self._columns] = hidden
        table[DISTRICT] = table[1:].sum(axis=0)
        self.least, self.most = np.minimum(self.least, table), np.maximum(self.most, table)


def _program(cells: Ints, shown: Bools, rows: Ints, columns: Ints) -> highspy.HighsLp:
    """Return the equations: the hidden of each place, and of each category shown district-wide."""
    places, categories = cells[1:].shape
    hidden = np.zeros((places, categories), dtype=np.int64)
    hidden[rows, columns] = cells[1:][rows, columns]
    sums = np.concatenate([hidden.sum(axis=1), hidden.sum(axis=0)]).astype(float)
    free = np.concatenate([np.zeros(places, dtype=bool), ~shown[DISTRICT]])
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(rows), len(sums)
    program.col_cost_, program.col_lower_ = np.zeros(len(rows)), np.zeros(len(rows))
    program.col_upper_ = hidden.sum(axis=1)[rows].astype(float)
    program.row_lower_ = np.where(free, -highspy.kHighsInf, sums)
    program.row_upper_ = np.where(free, highspy.kHighsInf, sums)
    program.a_matrix_ = incidence(rows, places + columns)
    return program


class Solver(highspy.Highs):
    """HiGHS on one thread, for a small program that is solved again with other costs."""

    def __init__(self, program: highspy.HighsLp) -> None:
        # Highs.__init__ greets on standard output, where a command may be writing JSON.
        super(highspy.Highs, self).__init__()
        for option, value in OPTIONS.items():
            self.setOptionValue(option, value)
        self.passModel(program)

    def answer(self) -> Floats:
        """Return the best values, whole numbers; raises ``ReleaseError`` when they are not sure."""
        self.run()
        status = self.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            message = f"Nothing was released: the solver is not sure what tables tell ({status})."
            raise ReleaseError(message)
        values: Floats = np.rint(np.array(self.getSolution().col_value))
        return values


def incidence(one: Ints, other: Ints) -> highspy.HighsSparseMatrix:
    """Return the matrix of a graph: each column has a 1 in two rows."""
    matrix = highspy.HighsSparseMatrix()
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = np.arange(0, 2 * len(one) + 1, 2, dtype=np.int32)
    matrix.index_ = np.column_stack([one, other]).ravel().astype(np.int32)
    matrix.value_ = np.ones(2 * len(one))
    return matrix
