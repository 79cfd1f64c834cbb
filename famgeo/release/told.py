"""The ledger read a second time, by the audit: what was counted, and with what figure.

Written without the counter, so that a fault in the one is seen by the other.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from famgeo.release.counts import Households, least_shown
from famgeo.tables import Ledger
from famgeo.tables.ledger import digest

TELLS_APART = 5
"""Two sets that differ by fewer households than this may share a figure."""

FAR = 10
"""No figure is this far from the number it stands for."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a ledger says of figures; ``secret`` is the key its households are named by."""

    ledger: Ledger
    secret: bytes
    k: int
    names: dict[str, int] = field(default_factory=dict)

    def figures(self, households: Households) -> set[int]:
        """Return every figure given to a set that is nearly this one, as far as it is true of it.

        True is a figure that is less than ``FAR`` from the number, which is more than k − 5.
        """
        if len(households) <= self.k - TELLS_APART:
            return set()
        ledger, mine = self.ledger, self._named(households)
        known = np.isin(ledger.digests, np.array(sorted(mine), dtype=np.uint64))
        size = np.bitwise_count(ledger.members).sum(axis=1, dtype=np.int64)
        wanted = (
            np.array([not label for label in ledger.labels], dtype=bool)
            & (ledger.figures >= least_shown(self.k))
            & (np.abs(ledger.figures - len(households)) < FAR)
            & (np.abs(size - known.sum()) < TELLS_APART)
        )
        away = self._differing(wanted, known) + ledger.gone[wanted] + len(mine) - known.sum()
        return set(ledger.figures[wanted][away < TELLS_APART].tolist())

    def _differing(self, rows: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.int64]:
        members = np.unpackbits(self.ledger.members[rows], axis=1, count=len(known)).astype(bool)
        differing: NDArray[np.int64] = (members != known).sum(axis=1)
        return differing

    def _named(self, households: Households) -> set[int]:
        for household in households - self.names.keys():
            self.names[household] = digest(household, self.secret)
        return {self.names[household] for household in households}
