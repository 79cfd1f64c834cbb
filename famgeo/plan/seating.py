"""Choose columns with room for so many: every row is given one place, or none.

The capacitated assignment model, as a mixed program in HiGHS. Rows that are alike are one row of
so many. With the columns chosen, giving out seats is a transportation problem, whose best answers
are whole numbers (Hitchcock 1941), so only the columns need be whole in the program; but for the
worst group's sake, who sits where has to be whole too.
"""

from dataclasses import dataclass, replace

import highspy
import numpy as np
from numpy.typing import NDArray

from famgeo.plan.allowed import Allowed, Chosen
from famgeo.plan.problem import Measure, WorstMean
from famgeo.plan.program import Answer, Program

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

MOST_LINKS = 400_000
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class Room:
    """Rows that want a seat, and the places that have some.

    cost : float64 (rows, places), under ``worst`` where the row can take a seat at the place.
    weight, group : (rows,). column : int64 (places), the column that has the place. seats :
    int64 (places,). enough : for the fewest columns, the total cost that is good enough.
    """

    cost: Floats
    worst: float
    weight: Floats
    group: Longs
    column: Longs
    seats: Longs
    measure: Measure
    enough: float | None = None


@dataclass(frozen=True, kw_only=True)
class Seated:
    """Chosen columns, each row's place (−1 for none), the measure, and what none is under."""

    chosen: Chosen
    place: Longs
    value: float
    bound: float


def seat_best(
    room: Room, allowed: Allowed, start: Chosen | None, *, seconds: float
) -> Seated | None:
    """Return the best choice with seats found in the time; None when there is none or not yet.

    The start is another choice to fall back on. HiGHS is not told of it: given one, it can return
    it for an answer that its presolve took it to be.
    """
    model = _Model(room, allowed)
    answer = model.program.answer(seconds=seconds)
    if answer is None:
        return None
    seatings = [] if start is None else [_seated(room, start, _seat_at(room, start))]
    if len(answer.values):
        chosen = tuple(np.flatnonzero(answer.values[: allowed.n_columns] > HALF).tolist())
        place = model.places(answer.values) if model.whole else _seat_at(room, chosen)
        seatings.append(_seated(room, chosen, place))
    enough = np.inf if room.enough is None else room.enough
    good = [one for one in seatings if room.enough is None or _value(room, one.place) <= enough]
    if not good:
        return None
    best = min(good, key=lambda one: one.value)
    return replace(best, bound=min(model.bound(answer), best.value))


def _seated(room: Room, chosen: Chosen, place: Longs) -> Seated:
    value = _value(room, place) if room.enough is None else float(len(chosen))
    return Seated(chosen=chosen, place=place, value=value, bound=-np.inf)


def _value(room: Room, place: Longs) -> float:
    """Return the measure of a seating."""
    seated = place >= 0
    each = np.full(len(place), room.worst)
    each[seated] = room.cost[seated, place[seated]]
    n_groups = int(room.group.max()) + 1
    totals = np.bincount(room.group, each * room.weight, minlength=n_groups)
    weight = np.bincount(room.group, room.weight, minlength=n_groups)
    return float(room.measure.of(totals.astype(float), weight.astype(float)))


def _seat_at(room: Room, chosen: Chosen) -> Longs:
    """Give out the seats of the chosen columns so that all rows together cost least."""
    here = np.flatnonzero(np.isin(room.column, chosen))
    if not len(here):
        return np.full(len(room.cost), -1)
    few = Room(
        cost=room.cost[:, here],
        worst=room.worst,
        weight=np.maximum(room.weight, 1e-9),
        group=room.group,
        column=np.zeros(len(here), np.int64),
        seats=room.seats[here],
        measure=room.measure,
    )
    classes = _Classes(few)
    program = Program()
    classes.add_seats(program)
    classes.add_limits(program, None)
    answer = program.answer()
    assert answer is not None, "nobody seated is always allowed"
    place = classes.places(answer.values)
    return np.where(place >= 0, here[place], -1)


class _Classes:
    """Rows that are alike taken together, and which places each of them can use.

    of : the class of each row. size : rows in a class. row, place : a class and a place it can
    use, a pair for each variable of the program.
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        keys = np.column_stack([np.minimum(room.cost, room.worst), room.weight, room.group])
        keys = np.ascontiguousarray(keys, np.float64)
        packed = keys.view(np.dtype((np.void, keys.dtype.itemsize * keys.shape[1]))).ravel()
        _, self.first, self.of, self.size = np.unique(
            packed, return_index=True, return_inverse=True, return_counts=True
        )
        cost = room.cost[self.first]
        self.row, self.place = np.nonzero(cost < room.worst)
        self.saved = (cost[self.row, self.place] - room.worst) * room.weight[self.first][self.row]

    def add_seats(self, program: Program, *, paid: bool = True, whole: bool = False) -> None:
        """Add a variable for each pair: how many of a class sit at a place."""
        most = np.minimum(self.size[self.row], self.room.seats[self.place]).astype(float)
        program.add_variables(most, self.saved * paid, whole=whole)

    def add_limits(self, program: Program, columns: int | None) -> None:
        """Seat nobody twice and none too many, nor, of so many columns, at one not chosen."""
        pairs = np.arange(len(self.row)) + (columns or 0)
        ones = np.ones(len(pairs))
        program.add_rows(self.size.astype(float), self.row, pairs, ones)
        room = self.room
        if columns is None:
            program.add_rows(room.seats.astype(float), self.place, pairs, ones)
            return
        every = np.arange(len(room.seats))
        program.add_rows(
            np.zeros(len(every)),
            np.concatenate([self.place, every]),
            np.concatenate([pairs, room.column]),
            np.concatenate([ones, -room.seats.astype(float)]),
        )
        if len(pairs) <= MOST_LINKS:
            key = self.row * columns + room.column[self.place]
            used, link = np.unique(key, return_inverse=True)
            program.add_rows(
                np.zeros(len(used)),
                np.concatenate([link, np.arange(len(used))]),
                np.concatenate([pairs, used % columns]),
                np.concatenate([ones, -self.size[used // columns].astype(float)]),
            )

    def places(self, counts: Floats) -> Longs:
        """Return each row's place from how many of its class sit where."""
        seated = np.rint(counts).astype(np.int64)
        place = np.full(len(self.of), -1)
        members = np.argsort(self.of, kind="stable")
        first = np.concatenate([[0], np.cumsum(self.size)])
        used = np.zeros(len(self.size), np.int64)
        for pair in np.flatnonzero(seated).tolist():
            row = self.row[pair]
            at = first[row] + used[row]
            place[members[at : at + seated[pair]]] = self.place[pair]
            used[row] += seated[pair]
        return place


class _Model:
    """The mixed program: first the columns, then the pairs, then the worst group's mean."""

    def __init__(self, room: Room, allowed: Allowed) -> None:
        self.room, self.columns = room, allowed.n_columns
        self.classes, self.program = _Classes(room), Program()
        self.whole = isinstance(room.measure, WorstMean)
        fewest = room.enough is not None
        for column in range(self.columns):
            self.program.add_variable(
                float(column in allowed.locked), 1, price=float(fewest), whole=True
            )
        self.classes.add_seats(self.program, paid=not (fewest or self.whole), whole=self.whole)
        self.classes.add_limits(self.program, self.columns)
        allowed.add_to(self.program)
        self.nobody = float(room.weight.sum()) * room.worst
        if room.enough is not None:
            pairs = np.arange(len(self.classes.row)) + self.columns
            enough = room.enough - self.nobody
            self.program.add_row(-highspy.kHighsInf, enough, pairs, self.classes.saved)
        if self.whole:
            self._add_worst()

    def _add_worst(self) -> None:
        room, classes = self.room, self.classes
        worst = self.program.add_variable(0, highspy.kHighsInf, price=1.0)
        group = room.group[classes.first][classes.row]
        for one in np.unique(room.group).tolist():
            weight = float(room.weight[room.group == one].sum())
            pairs = np.flatnonzero(group == one)
            if weight > 0:
                by = np.append(-classes.saved[pairs] / weight, 1.0)
                where = np.append(pairs + self.columns, worst)
                self.program.add_row(room.worst, highspy.kHighsInf, where, by)

    def bound(self, answer: Answer) -> float:
        """Return what no choice is under."""
        if self.room.enough is not None:
            return float(np.ceil(answer.bound - 1e-6))
        return answer.bound if self.whole else answer.bound + self.nobody

    def places(self, values: Floats) -> Longs:
        """Return each row's place."""
        return self.classes.places(values[self.columns :][: len(self.classes.row)])
