"""The one place where families are counted for publication, and where a figure is held.

Rounding alone does not hide a family from someone who compares. A count that went from 40 to 45
when one family moved in tells that it was counted; so does a site that shows 45 beside another
that shows 40, when only one family reaches the one and not the other. So a figure, once given to
a set of households, is given again to every set that differs from it by fewer than ``HOLD``: in
the same release, in the next one, for another plan or another limit (rule 8 of the release rules;
Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 5, on linked tables; the
standard it serves is FERPA, 34 CFR 99.31(b): no student is identified, through single or multiple
releases).

Every set that was given a figure holds it for those near it, also one that was itself given
another's: what was published stays until five families have joined or left, whatever it was like
before. So that figures do not creep away from the truth by four families a year, one is given
again only while it is true enough: the set has more than k − 5 households and differs from the
figure by less than 10; and a set is hidden again only under k + 4.

What cannot be had: a figure that follows the truth must change somewhere, and there one family
tips it. That is so where a figure ends to be true enough, and where a set comes nearer to another
that was published than to its own.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from famgeo.errors import ReleaseError
from famgeo.release.counts import BASE, Households, least_shown, left_out, round_count
from famgeo.tables import Ledger
from famgeo.tables.ledger import HIDDEN, digest

HOLD = 5
"""A figure stands until this many households have joined or left the set it was given to."""

Ints = NDArray[np.int64]
NOBODY: Households = frozenset()


class Counter:
    """Answers every count and every decision of a release, and remembers each.

    The first of several sets that are alike is counted and the others get its figure. So the order
    of asking is a part of the answer, and the gate always asks in the same one; but only between
    sets that differ by fewer than ``HOLD``, and only while they are new: what is in the ledger is
    answered alike in any order.
    """

    def __init__(self, secret: bytes, *, k: int = 10, ledger: Ledger | None = None) -> None:
        ledger = Ledger() if ledger is None else ledger
        if k < ledger.k:
            message = (
                f"Figures were released with k = {ledger.k}, so k = {k} would show groups that "
                f"were hidden before. Set k in famgeo.toml to {ledger.k} or more."
            )
            raise ReleaseError(message)
        self.k = k
        self.secret = secret
        self._ledger = ledger if k == ledger.k else replace(ledger, k=k)
        self._sizes = _bits(ledger.members)
        self._unnamed = np.array([not label for label in ledger.labels], dtype=bool)
        self._columns = {name: at for at, name in enumerate(ledger.digests.tolist())}
        self._column_of: dict[str, int] = {}

    @property
    def ledger(self) -> Ledger:
        """Everything counted so far; the ledger that was given, when nothing was added."""
        return self._ledger

    def figure(self, households: Households) -> int | None:
        """Return the figure of a set of households; None when it is too small to show.

        It is that of the nearest set asked before, of equals the first, if that differs by fewer
        than ``HOLD`` and its figure is true enough; else the set is counted, rounded by the key.
        A figure under k is None since k was raised. The same set again is not remembered twice.
        """
        figure, away = self._answer(households)
        if away:
            self._remember(households, figure=HIDDEN if figure is None else figure)
        return figure

    def foretell(self, households: Households) -> int | None:
        """Return the figure a set would be given now, and remember nothing.

        For what may not be shown in the end: a set that is not published holds no figure for
        those near it.
        """
        return self._answer(households)[0]

    def shows(self, households: Households) -> bool:
        """Tell whether a set has a figure: the one question that decides what is shown.

        A set too large to be hidden has one whatever was asked before, and is not remembered.
        """
        return len(households) >= self.k + HOLD - 1 or self.figure(households) is not None

    def pattern(
        self,
        label: str,
        groups: Mapping[str, Households],
        make: Callable[[], Collection[str]],
    ) -> tuple[str, ...]:
        """Return the names of the groups that a table shows, sorted, as held under its label.

        ``groups`` is a partition; ``make`` says which of its names to show when nothing is held.
        A pattern of this label stays while the households it leaves out now differ from those it
        left out then by fewer than ``HOLD`` and each of its groups has a figure; of several, the
        one that differs least, of equals the latest. Without this the first family in an empty
        group would change which others are shown, and a table's shape would betray it.
        """
        held = [row for row, name in enumerate(self._ledger.labels) if name == label]
        away = {row: self._left_out_away(row, groups) for row in held}
        near = [row for row in held if away[row] < HOLD]
        for row in sorted(near, key=lambda row: (away[row], -row)):
            names = self._pattern_of(row)
            if all(self.shows(groups.get(name, NOBODY)) for name in names):
                return names
        names = tuple(sorted(make()))
        self.hold(label, groups, names)
        return names

    def held(self, label: str, groups: Mapping[str, Households]) -> tuple[str, ...] | None:
        """Return the pattern last kept under a label by ``hold``, if it may stay; else None.

        It may stay for the same reasons as in ``pattern``. A pattern that is made together with
        others, such as one table's of many, is asked for here and kept once all are made.
        """
        row = self._latest(label)
        if row is None or self._left_out_away(row, groups) >= HOLD:
            return None
        names = self._pattern_of(row)
        return names if all(self.shows(groups.get(name, NOBODY)) for name in names) else None

    def hold(self, label: str, groups: Mapping[str, Households], names: Collection[str]) -> None:
        """Keep which groups a table shows, and whom it leaves out, under its label."""
        sizes = {name: len(some) for name, some in groups.items() if some and name not in names}
        pattern = json.dumps({"shown": sorted(names), "left_out": sizes})
        self._remember(left_out(groups, names), label=label, pattern=pattern)

    def left_out_then(self, label: str) -> dict[str, int]:
        """Return how many each left-out group had when the label's last pattern was kept."""
        row = self._latest(label)
        sizes: dict[str, int] = {} if row is None else self._kept(row)["left_out"]
        return sizes

    def _latest(self, label: str) -> int | None:
        rows = [row for row, name in enumerate(self._ledger.labels) if name == label]
        return rows[-1] if rows else None

    def _answer(self, households: Households) -> tuple[int | None, int]:
        """Return a set's figure and how far the set is from the one it was given to."""
        row, away = self._nearest(households)
        if row is not None and self._true_enough(row, len(households)):
            return self._given(row), away
        return round_count(households, self.secret, k=self.k), HOLD

    def _nearest(self, households: Households) -> tuple[int | None, int]:
        """Return the nearest set asked before, if fewer than ``HOLD`` away, and how far it is."""
        packed, known, new = self._packed(households)
        extra = self._ledger.gone + new
        # Sets of very different size need no comparing.
        close = self._unnamed & (np.abs(self._sizes - known) + extra < HOLD)
        rows = np.flatnonzero(close)
        away: Ints = _bits(self._ledger.members[rows] ^ packed) + extra[rows]
        if not len(rows) or away.min() >= HOLD:
            return None, HOLD
        return int(rows[np.argmin(away)]), int(away.min())

    def _true_enough(self, row: int, size: int) -> bool:
        figure = self._given(row)
        if figure is None:
            return size < self.k + HOLD - 1
        return size > self.k - HOLD and abs(figure - size) < 2 * BASE

    def _left_out_away(self, row: int, groups: Mapping[str, Households]) -> int:
        packed, _, new = self._packed(left_out(groups, self._pattern_of(row)))
        differ = _bits(self._ledger.members[[row]] ^ packed)
        return int(differ[0] + self._ledger.gone[row]) + new

    def _given(self, row: int) -> int | None:
        figure = int(self._ledger.figures[row])
        return figure if figure >= least_shown(self.k) else None

    def _pattern_of(self, row: int) -> tuple[str, ...]:
        return tuple(self._kept(row)["shown"])

    def _kept(self, row: int) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self._ledger.patterns[row])
        return kept

    def _packed(self, households: Households) -> tuple[NDArray[np.uint8], int, int]:
        """Return a set as a row of the ledger would hold it, how many are in it, how many not."""
        for household in households - self._column_of.keys():
            column = self._columns.get(digest(household, self.secret))
            if column is not None:
                self._column_of[household] = column
        columns = map(self._column_of.get, households)
        known = [column for column in columns if column is not None]
        bits = np.zeros(len(self._ledger.digests), dtype=bool)
        bits[known] = True
        return np.packbits(bits), len(known), len(households) - len(known)

    def _remember(
        self, households: Households, *, figure: int = HIDDEN, label: str = "", pattern: str = ""
    ) -> None:
        """Add a set to the ledger."""
        self._widen(households - self._column_of.keys())
        row, size, _ = self._packed(households)
        ledger = self._ledger
        self._ledger = replace(
            ledger,
            members=np.vstack([ledger.members, row]),
            gone=np.append(ledger.gone, 0),
            figures=np.append(ledger.figures, figure),
            labels=(*ledger.labels, label),
            patterns=(*ledger.patterns, pattern),
        )
        self._sizes = np.append(self._sizes, size)
        self._unnamed = np.append(self._unnamed, not label)

    def _widen(self, households: Households) -> None:
        """Give each household that has none a column, in the order of their digests."""
        named = {digest(household, self.secret) for household in households}
        new = sorted(named - self._columns.keys())
        digests = np.append(self._ledger.digests, np.array(new, dtype=np.uint64))
        self._columns |= {name: at for at, name in enumerate(new, len(self._columns))}
        missing = -(-len(digests) // 8) - self._ledger.members.shape[1]
        members = np.pad(self._ledger.members, ((0, 0), (0, missing)))
        self._ledger = replace(self._ledger, digests=digests, members=members)


def _bits(rows: NDArray[np.uint8]) -> Ints:
    counts: Ints = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
    return counts
