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

from collections.abc import Iterator, Sequence
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
    tables.unfold()
    tables.remember()
    return tables.shown


class _Tables:
    """The tables of one attribute while they are folded."""

    shown: Bools

    def __init__(self, cells: Cells, counter: Counter) -> None:
        self.cells, self.counter = cells, counter
        self.figures = np.array([[_figure(c, counter) for c in row] for row in cells.members])
        self.shown = (self.figures > 0) & (np.array(cells.categories) != OTHER)
        self.shown[[name is None for name in cells.places]] = False
        self.held = np.zeros(len(cells.places), dtype=bool)
        self.protecting: list[Cell] = []
        for place in self._named():
            held = counter.held(self._table(place), cells.row(place))
            if held is not None:
                self.shown[place] = np.isin(cells.categories, held)
                self.held[place] = True
        self.as_held = self.shown.copy()
        self.held_in = [
            counter.held(self._label(category), cells.column(category))
            for category in range(len(cells.categories))
        ]

    @property
    def kept(self) -> Bools:
        """Which tables are as they were held."""
        kept: Bools = self.held & (self.shown == self.as_held).all(axis=1)
        return kept

    def left_out(self, place: int) -> Households:
        """Return the households of a place that are in no shown category."""
        return _union(self.cells.members[place], ~self.shown[place])

    def hidden(self, category: int) -> Households:
        """Return the households of a category that no neighborhood's table names."""
        column = [row[category] for row in self.cells.members[1:]]
        return _union(column, ~self.shown[1:, category])

    def fold_lopsided(self) -> bool:
        """Leave a total alone where one group is all of it, or more than 95 %."""
        lopsided = self._lopsided()
        self.shown[lopsided] = False
        return bool(lopsided.any())

    def fold_narrow(self) -> bool:
        """Fold what widens the first bound that is too close; False when none is."""
        if self._settled():
            return False
        counts = self._accepted()
        faults = np.argwhere(narrow(counts, self.shown, k=self.counter.k))
        if not len(faults):
            return False
        self._fold(self._cure(counts, tuple(faults[0].tolist())))
        return True

    def fold_needy(self) -> bool:
        """Fold one more where too few are left out of a place, or hidden of a category."""
        places, categories = self._needy_places(), self._needy_categories()
        needy = self.shown & (places[:, None] if places.any() else categories)
        if not needy.any():
            return False
        self._fold(self._cheapest(needy))
        return True

    def unfold(self) -> None:
        """Show again what later folds made needless, the largest first.

        The cheapest way around one cell is not always a part of the cheapest for all.
        """
        costs = self._costs()
        for cell in sorted(self.protecting, key=lambda cell: (-costs[cell], cell)):
            self.shown[cell] = True
            if self._tells():
                self.shown[cell] = False

    def _tells(self) -> bool:
        """Tell whether what is shown now would have to be folded."""
        needy = (self._lopsided(), self._needy_places(), self._needy_categories())
        return any(some.any() for some in needy) or bool(
            narrow(self._accepted(), self.shown, k=self.counter.k).any()
        )

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

    def _lopsided(self) -> Bools:
        found = np.zeros(len(self.shown), dtype=bool)
        for place in np.flatnonzero(self.shown.any(axis=1)).tolist():
            rest = _figure(self.left_out(place), self.counter)
            sizes = [*self.figures[place][self.shown[place]].tolist(), rest]
            found[place] = max(sizes) > TOP_SHARE * sum(sizes)
        return found

    def _needy_places(self) -> Bools:
        """Return where households are left out, too few to be a group of their own."""
        needy = np.zeros(len(self.shown), dtype=bool)
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

        Where those left out of a held table have no figure they were nobody, and the one to four
        who joined since are in nothing published. Where they have one, they were k or more.
        """
        counts = np.where(self.shown, 0, self.cells.counts)
        asked = [(hidden, self.counter.shows(left)) for hidden, left in self._held_lines()]
        for hidden, _ in (line for line in asked if not line[1]):
            counts[hidden] = 0
        for hidden, _ in (line for line in asked if line[1]):
            largest = np.where(hidden, counts, -1).argmax()
            counts.flat[largest] += max(0, self.counter.k - int(counts[hidden].sum()))
        counts = np.where(self.shown, self.cells.counts, counts)
        counts[DISTRICT] = counts[1:].sum(axis=0)
        return counts

    def _held_lines(self) -> Iterator[tuple[Bools, Households]]:
        """Yield the hidden cells, and who is in them, of every table and category that is held."""
        places, categories = np.indices(self.shown.shape)
        hidden = ~self.shown & (places != DISTRICT)
        whole = self.shown[DISTRICT]
        for at in np.flatnonzero(self.kept).tolist():
            here = hidden & (~whole if at == DISTRICT else places == at)
            if left := self.left_out(at):
                yield here, left
        for category in np.flatnonzero(whole).tolist():
            left = self.hidden(category)
            if left and self._steady(category):
                yield hidden & (categories == category), left

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
