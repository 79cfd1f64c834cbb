"""Which cells of an attribute's tables are shown by name: as many families as can be.

The tables of all neighborhoods and of the district are one two-way table: its rows are places, row
0 the district, its columns categories. A cell too small to show is folded into ``other`` (primary
suppression), and others must follow it (complementary suppression: Cox 1980; Hundepool et al.,
Statistical Disclosure Control, Wiley 2012, chapter 4.2). Where a linear program bounds a small
hidden cell too closely (``bounds``), the cheapest way around it is folded too (``detours``). The
program sees the simpler cases as well: too few left out of a place, which are its total less the
shown; and too few of a category hidden in all places, which are the district's less the shown.

What has a figure is asked of the counter, so it changes only when a figure does. What cannot be
asked of it, whether anybody is left out at all, is held: a table keeps its pattern while fewer than
five households joined or left those it leaves out, although one to four may then stand alone in
``other``. That tells nothing: what is published is byte for byte what was, with or without them.
For the same reason bounds are taken over hidden cells as they were when their table was accepted.
So a table changes only where five households joined or left, or a figure did; and, last of all,
where such a change in another makes it tell more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np

from famgeo.errors import ReleaseError
from famgeo.release.bounds import DISTRICT, Bools, Ints, narrow
from famgeo.release.counts import OTHER, TOP_SHARE, Households
from famgeo.release.detours import Cell, cheapest_detour
from famgeo.release.holding import Counter

FROZEN = 1_000_000
"""A fold in a table that could stay as it was costs as much as a million families."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Who is in each cell of one attribute.

    places : '' for the district, then the neighborhoods, then None for families in none of them.
    members : for each place, the households of each category. The district has them all.
    """

    attribute: str
    places: tuple[str | None, ...]
    categories: tuple[str, ...]
    members: tuple[tuple[Households, ...], ...]

    @cached_property
    def counts(self) -> Ints:
        """The number of households, shape (places, categories): exact, never to be shown."""
        return np.array([[len(cell) for cell in row] for row in self.members], dtype=np.int64)

    def row(self, place: int) -> dict[str, Households]:
        """Return a place's households by category."""
        return dict(zip(self.categories, self.members[place], strict=True))


def fold(cells: Cells, counter: Counter) -> Bools:
    """Return which cells are shown, shape (places, categories); all that is left is ``other``.

    Folds are made until nothing published tells of fewer than k households. What each place shows
    is then held under ``attribute/place``.
    """
    tables = _Tables(cells, counter)
    while tables.fold_lopsided() or tables.fold_narrow() or tables.fold_needy():
        pass
    tables.unfold()
    tables.count()
    while tables.fold_lopsided() or tables.fold_narrow() or tables.fold_needy():
        tables.count()
    tables.remember()
    return tables.shown


class _Tables:
    """The tables of one attribute while they are folded."""

    shown: Bools

    def __init__(self, cells: Cells, counter: Counter) -> None:
        self.cells, self.counter = cells, counter
        self.figures = self._foretold()
        self.shown = (self.figures > 0) & (np.array(cells.categories) != OTHER)
        self.shown[[name is None for name in cells.places]] = False
        self.held = np.zeros(len(cells.places), dtype=bool)
        self.protecting: list[Cell] = []
        for place in self._named():
            held = counter.held(self._label(place), cells.row(place))
            if held is not None:
                self.shown[place] = np.isin(cells.categories, held)
                self.held[place] = True
        self.as_held = self.shown.copy()

    def _foretold(self) -> Ints:
        """Return the figures of all cells; only those too small to show are counted for good."""
        ask = self.counter.foretell
        for cell in (cell for row in self.cells.members for cell in row if cell):
            if ask(cell) is None:
                self.counter.figure(cell)
        rows = [[(ask(cell) or 0) if cell else 0 for cell in row] for row in self.cells.members]
        return np.array(rows, dtype=np.int64).reshape(self.cells.counts.shape)

    @property
    def kept(self) -> Bools:
        """Which tables are as they were held."""
        kept: Bools = self.held & (self.shown == self.as_held).all(axis=1)
        return kept

    def left_out(self, place: int) -> Households:
        """Return the households of a place that are in no shown category."""
        return _union(self.cells.members[place], ~self.shown[place])

    def fold_lopsided(self) -> bool:
        """Leave a total alone where one group is all of it, or more than 95 %."""
        lopsided = self._lopsided()
        self.shown[lopsided] = False
        return bool(lopsided.any())

    def fold_narrow(self) -> bool:
        """Fold what widens the first bound that is too close; False when none is."""
        counts = self.accepted()
        faults = np.argwhere(narrow(counts, self.shown, k=self.counter.k))
        if len(faults):
            self._fold(self._cure(counts, tuple(faults[0].tolist())))
        return len(faults) > 0

    def fold_needy(self) -> bool:
        """Fold one more in a table whose left-out have no figure although they are not few.

        They are alike to a group that was hidden, and would have a figure soon.
        """
        needy = self.shown & self._needy()[:, None]
        if needy.any():
            self._fold(self._cheapest(needy))
        return bool(needy.any())

    def unfold(self) -> None:
        """Show again what later folds made needless, the largest first.

        The cheapest way around one cell is not always a part of the cheapest for all.
        """
        costs = self._costs()
        for cell in sorted(self.protecting, key=lambda cell: (-costs[cell], cell)):
            self.shown[cell] = True
            told = narrow(self.accepted(), self.shown, k=self.counter.k)
            if told.any() or self._needy().any() or self._lopsided().any():
                self.shown[cell] = False

    def count(self) -> None:
        """Count what is shown for good. A figure may be that of another just counted."""
        for place, category in np.argwhere(self.shown).tolist():
            figure = self.counter.figure(self.cells.members[place][category])
            self.figures[place, category] = figure or 0
            self.shown[place, category] = figure is not None
        for place in np.flatnonzero(self.shown.any(axis=1)).tolist():
            if left := self.left_out(place):
                self.counter.figure(left)

    def remember(self) -> None:
        """Hold every table that is not as it was held."""
        for place in self._named():
            if not self.kept[place]:
                row = self.cells.row(place)
                self.counter.hold(self._label(place), row, self._names(place))

    def accepted(self) -> Ints:
        """Return the counts that are bounded: of a held table, those it was accepted with.

        Who joined or left since is in nothing that was published. So is who joined those that the
        district's table leaves out while it is held as leaving out nobody.
        """
        counts = self.cells.counts.copy()
        for place in (np.flatnonzero(self.kept[1:]) + 1).tolist():
            then = self.counter.left_out_then(self._label(place))
            hidden = ~self.shown[place]
            names = compress(self.cells.categories, hidden)
            counts[place, hidden] = [then.get(name, 0) for name in names]
        if self.kept[DISTRICT] and not any(
            self.counter.left_out_then(self._label(DISTRICT)).values()
        ):
            counts[1:][~self.shown[1:] & ~self.shown[DISTRICT]] = 0
        counts[DISTRICT] = counts[1:].sum(axis=0)
        return counts

    def _lopsided(self) -> Bools:
        found = np.zeros(len(self.shown), dtype=bool)
        for place in np.flatnonzero(self.shown.any(axis=1)).tolist():
            left = self.left_out(place)
            rest = (self.counter.foretell(left) or 0) if left else 0
            sizes = [*self.figures[place][self.shown[place]].tolist(), rest]
            found[place] = max(sizes) > TOP_SHARE * sum(sizes)
        return found

    def _needy(self) -> Bools:
        found = np.zeros(len(self.shown), dtype=bool)
        for place in np.flatnonzero(self.shown.any(axis=1) & ~self.kept).tolist():
            left = self.left_out(place)
            found[place] = bool(left) and self.counter.foretell(left) is None
        return found

    def _cure(self, counts: Ints, cell: Cell) -> list[Cell]:
        """Return the cheapest folds after which a hidden cell can be told less well."""
        way = cheapest_detour(
            cell, counts=counts, shown=self.shown, costs=self._costs(), k=self.counter.k
        )
        return way or self._cheapest(self.shown)

    def _cheapest(self, cells: Bools) -> list[Cell]:
        """Return the cell that costs least of some; of equals the first."""
        costs = np.where(cells, self._costs(), 2 * FROZEN)
        if not cells.any():
            message = "Nothing was released: a neighborhood's total tells of a small group."
            raise ReleaseError(message)
        place, category = np.unravel_index(costs.argmin(), costs.shape)
        return [(int(place), int(category))]

    def _fold(self, cells: Sequence[Cell]) -> None:
        self.protecting += cells
        for cell in cells:
            self.shown[cell] = False

    def _costs(self) -> Ints:
        return np.asarray(self.figures + FROZEN * self.kept[:, None])

    def _named(self) -> list[int]:
        return [at for at, name in enumerate(self.cells.places) if name is not None]

    def _names(self, place: int) -> tuple[str, ...]:
        return tuple(compress(self.cells.categories, self.shown[place]))

    def _label(self, place: int) -> str:
        return f"{self.cells.attribute}/{self.cells.places[place]}"


def _union(cells: Sequence[Households], chosen: Bools) -> Households:
    return frozenset().union(*compress(cells, chosen))
