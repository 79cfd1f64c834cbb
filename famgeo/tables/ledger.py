"""What was ever published: the counted sets of households, so that small changes stay unseen.

Households stand in it as keyed digests, never by their ids, and it never leaves the vault.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

HIDDEN = -1
"""The figure of a set that was too small to show."""


def digest(household_id: str, secret: bytes) -> int:
    """Return a household's 64-bit name in the ledger; only the holder of the key can make it."""
    return int.from_bytes(hmac.digest(secret, household_id.encode(), hashlib.sha256)[:8])


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Sets of households that were counted, and the figure each was given.

    digests : uint64 (m,), one for each household ever counted. members : uint8 (n, ⌈m/8⌉), one
    row for each set, packed as by ``numpy.packbits``. gone : int64 (n,), how many members were
    erased since. figures : int64 (n,), as published, ``HIDDEN`` = fewer than k. labels, patterns :
    n texts; a set with a label is what a table left out while it showed the categories of its
    pattern. k : the highest threshold ever released with; 0 before the first.
    """

    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    members: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    gone: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    figures: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    labels: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    k: int = 0

    def without(self, erased: Collection[int]) -> "Ledger":
        """Return the ledger without some households: their digests go, the sets count them gone.

        A set's distance to any later set stays what it was, for an erased household is in none.
        """
        leaving = np.isin(self.digests, np.array(sorted(erased), dtype=np.uint64))
        bits = np.unpackbits(self.members, axis=1, count=len(self.digests)).astype(bool)
        return replace(
            self,
            digests=self.digests[~leaving],
            members=np.packbits(bits[:, ~leaving], axis=1),
            gone=self.gone + bits[:, leaving].sum(axis=1),
        )
