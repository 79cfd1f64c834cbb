"""Which cells of an attribute's tables are shown by name: as many families as can be.

The tables of all neighborhoods and of the district are one two-way table: its rows are places, row
0 the district, its columns categories. A cell too small to show is folded into ``other`` (primary
suppression); then others must follow it (complementary suppression: Cox 1980; Hundepool et al.,
Statistical Disclosure Control, Wiley 2012, chapter 4.2):

- in a place, while the folded households are too few to show: they are its total less the shown;
- in a category, while its households not shown in any place are too few: they are the district's
  less the shown;
- where a linear program bounds a small hidden cell too closely all the same (``bounds``).

Every question is asked of the counter, so a fold changes only when a figure does. What cannot be
asked of it, whether anybody is left out at all, is held: a table keeps its pattern while fewer than
five households joined or left those it leaves out, although one to four may then stand alone in
``other``. That tells nothing: what is published is byte for byte what was, with or without them.
"""

from collections.abc import Iterable, Iterator, Sequence
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

    def column(self, category: int) -> dict[str, Households]:
        """Return a category's households by place, the district left out."""
        names = [f"{at}" if name is None else name for at, name in enumerate(self.places)]
        return {names[at]: self.members[at][category] for at in range(1, len(names))}


def fold(cells: Cells, counter: Counter) -> Bools:
    """Return which cells are shown, shape (places, categories); all that is left is ``other``.

    Folds are made until nothing published tells of fewer than k households. What is shown is then
    remembered under ``attribute/place`` and ``attribute:category``.
    """
    tables = _Tables(cells, counter)
    while tables.fold_lopsided() or tables.fold_narrow() or tables.fold_needy():
        pass
    tables.remember()
    return tables.shown


class _Tables:
    """The tables of one attribute while they are folded; ``kept`` says which may stay as held."""

    shown: Bools

    def __init__(self, cells: Cells, counter: Counter) -> None:
        self.cells, self.counter = cells, counter
        self.figures = np.array([[_figure(c, counter) for c in row] for row in cells.members])
        self.shown = (self.figures > 0) & (np.array(cells.categories) != OTHER)
        self.shown[[name is None for name in cells.places]] = False
        self.kept = np.zeros(len(cells.places), dtype=bool)
        for place in self._named():
            held = counter.held(self._table(place), cells.row(place))
            if held is not None:
                self.shown[place] = np.isin(cells.categories, held)
                self.kept[place] = True
        self.held_in = [
            counter.held(self._label(category), cells.column(category))
            for category in range(len(cells.categories))
        ]

    def left_out(self, place: int) -> Households:
        """Return the households of a place that are in no shown category."""
        return _union(self.cells.members[place], ~self.shown[place])

    def hidden(self, category: int) -> Households:
        """Return the households of a category that no neighborhood's table names."""
        column = [row[category] for row in self.cells.members[1:]]
        return _union(column, ~self.shown[1:, category])

    def fold_lopsided(self) -> bool:
        """Leave a total alone where one group is all of it, or more than 95 %."""
        changed = False
        for place in np.flatnonzero(self.shown.any(axis=1)).tolist():
            sizes = [*self.figures[place][self.shown[place]], self._other(place)]
            several = np.count_nonzero(sizes) > 1
            if not several or max(sizes) > TOP_SHARE * sum(sizes):
                named = np.flatnonzero(self.shown[place]).tolist()
                self._fold([(place, category) for category in named])
                changed = True
        return changed

    def fold_needy(self) -> bool:
        """Fold one more where too few are left out of a place, or hidden of a category."""
        for place in np.flatnonzero(self._needy_places()).tolist():
            self._fold(self._cheapest(self.shown & (np.arange(len(self.kept)) == place)[:, None]))
            return True
        for category in np.flatnonzero(self._needy_categories()).tolist():
            names = np.arange(len(self.cells.categories))
            self._fold(self._cheapest(self.shown & (names == category)))
            return True
        return False

    def fold_narrow(self) -> bool:
        """Fold the cell that best widens the first bound that is too close; False when none is."""
        if self._settled():
            return False
        counts = self._accepted()
        faults = np.argwhere(narrow(counts, self.shown, k=self.counter.k))
        if not len(faults):
            return False
        self._fold(self._cure(counts, tuple(faults[0].tolist())))
        return True

    def remember(self) -> None:
        """Hold every table and every category that is not as it was held."""
        for place in self._named():
            if not self.kept[place]:
                row = self.cells.row(place)
                self.counter.hold(self._table(place), row, self._names(place))
        for category in np.flatnonzero(self.shown[DISTRICT]).tolist():
            if not self._steady(category):
                column = self.cells.column(category)
                self.counter.hold(self._label(category), column, self._showing(category))

    def _needy_places(self) -> Bools:
        """Return where households are left out, too few to be a group of their own."""
        needy = np.zeros(len(self.kept), dtype=bool)
        for place in np.flatnonzero(self.shown.any(axis=1) & ~self.kept).tolist():
            left = self.left_out(place)
            needy[place] = bool(left) and not self.counter.shows(left)
        return needy

    def _needy_categories(self) -> Bools:
        """Return which have a district total and, in no place's table, too few households."""
        needy = np.zeros(len(self.cells.categories), dtype=bool)
        for category in np.flatnonzero(self.shown[DISTRICT]).tolist():
            hidden = self.hidden(category)
            alone = bool(hidden) and not self.counter.shows(hidden)
            needy[category] = alone and not self._steady(category)
        return needy

    def _settled(self) -> bool:
        """Tell whether nothing changed that a bound depends on: then it holds as it did."""
        totals = np.flatnonzero(self.shown[DISTRICT]).tolist()
        tables = all(self.kept[place] for place in self._named())
        return tables and all(self._steady(category) for category in totals)

    def _steady(self, category: int) -> bool:
        """Tell whether a category's hidden households are those that were hidden, or near."""
        return self.held_in[category] == self._showing(category)

    def _accepted(self) -> Ints:
        """Return the counts as they stood when what is held was accepted, or near enough.

        Where the left-out have no figure they were nobody, and the one to four who joined since
        are in nothing published. Where they have one, they were k or more.
        """
        counts = np.where(self.shown, 0, self.cells.counts)
        asked = [(hidden, self.counter.shows(left)) for hidden, left in self._lines() if left]
        for hidden, _ in (line for line in asked if not line[1]):
            counts[hidden] = 0
        for hidden, _ in (line for line in asked if line[1]):
            largest = np.where(hidden, counts, -1).argmax()
            counts.flat[largest] += max(0, self.counter.k - int(counts[hidden].sum()))
        counts = np.where(self.shown, self.cells.counts, counts)
        counts[DISTRICT] = counts[1:].sum(axis=0)
        return counts

    def _lines(self) -> Iterator[tuple[Bools, Households]]:
        """Yield, for everything published that they are the rest of, hidden cells and who is in."""
        whole = self.shown[DISTRICT]
        for place in self._named():
            hidden = ~self.shown
            if place == DISTRICT:
                hidden[:, whole] = False
            else:
                hidden[np.arange(len(hidden)) != place] = False
            hidden[DISTRICT] = False
            yield hidden, self.left_out(place)
        for category in np.flatnonzero(whole).tolist():
            hidden = ~self.shown
            hidden[:, np.arange(len(whole)) != category] = False
            hidden[DISTRICT] = False
            yield hidden, self.hidden(category)

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

    def _fold(self, cells: Iterable[Cell]) -> None:
        for place, category in cells:
            self.shown[place, category] = False
            self.kept[place] = False

    def _costs(self) -> Ints:
        return np.asarray(self.figures + FROZEN * self.kept[:, None])

    def _other(self, place: int) -> int:
        left = self.left_out(place)
        return _figure(left, self.counter)

    def _named(self) -> list[int]:
        return [at for at, name in enumerate(self.cells.places) if name is not None]

    def _names(self, place: int) -> tuple[str, ...]:
        return tuple(compress(self.cells.categories, self.shown[place]))

    def _showing(self, category: int) -> tuple[str, ...]:
        return tuple(sorted(compress(self.cells.column(category), self.shown[1:, category])))

    def _table(self, place: int) -> str:
        return f"{self.cells.attribute}/{self.cells.places[place]}"

    def _label(self, category: int) -> str:
        return f"{self.cells.attribute}:{self.cells.categories[category]}"


def _figure(households: Households, counter: Counter) -> int:
    return (counter.figure(households) or 0) if households else 0


def _union(cells: Sequence[Households], chosen: Bools) -> Households:
    return frozenset().union(*compress(cells, chosen))
