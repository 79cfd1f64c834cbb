"""A choice of sites that no handful of families decides.

Which sites are chosen is seen by everybody. If one family tipped the choice, who may lock and
exclude sites could ask of any street whether a family lives there. So choices whose reach differs
by fewer than five families count as equally good. Among them the trips of many decide, and where
fewer than five families would notice, the order of ids does. What this costs is at most four
families, and it is said with the plan. A tipping point remains, as with any figure that follows
the truth; there it tells of five families, not of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.plan.allowed import Allowed, Chosen

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

NO_OPTION_MIN = 240.0
"""What a family without an option counts as: two hours each way, the longest that is searched."""


@dataclass(frozen=True, kw_only=True)
class Trips:
    """What any choice is judged by. cost, able : shape (households, sites). least : reach."""

    cost: Floats
    able: Bools
    allowed: Allowed
    least: int

    def swaps(self, now: Sequence[int], place: int) -> tuple[Floats, Ints, Bools]:
        """Return what putting each site in the place of a chosen one would do.

        The minutes of all families, how many families' minutes change, and whether the swap is
        allowed and reaches enough: three arrays of shape (sites,).
        """
        others = [site for at, site in enumerate(now) if at != place]
        rest = self.cost[:, others].min(axis=1, initial=NO_OPTION_MIN)
        best: Floats = np.minimum(self.cost, rest[:, None])
        otherwise: Bools = np.asarray(self.able[:, others].any(axis=1))
        reach = (self.able | otherwise[:, None]).sum(axis=0)
        felt: Ints = np.count_nonzero(best != best[:, [now[place]]], axis=0)
        swaps: Bools = self.allowed.swaps(now)
        may: Bools = swaps[:, place] & (reach >= self.least)
        return best.sum(axis=0), felt, may


def settled(minutes: Floats, chosen: Sequence[int], allowed: Allowed, *, apart: int) -> Chosen:
    """Return a choice of as many sites that fewer than ``apart`` families cannot decide.

    minutes : shape (households, sites), there and home together; inf where a family cannot attend.
    Its reach is less than ``apart`` below that of ``chosen``. 1 gives back what was chosen, but
    for sites that make no difference to anyone.

    >>> minutes = np.where([[1, 1, 0]] * 9 + [[0, 0, 1]], 10.0, np.inf)
    >>> may = Allowed(n=2, least=2, locked=(0,), sides=np.empty((0, 3)), low=np.empty(0),
    ...     high=np.empty(0))
    >>> settled(minutes, (0, 2), may, apart=5), settled(minutes, (0, 2), may, apart=1)
    ((0, 1), (0, 2))
    """
    able = np.isfinite(minutes)
    least = int(np.count_nonzero(able[:, list(chosen)].any(axis=1))) - apart + 1
    cost = np.where(able, minutes, NO_OPTION_MIN)
    trips = Trips(cost=cost, able=able, allowed=allowed, least=least)
    now = _nearer(trips, list(chosen), apart=apart)
    for place in range(len(now)):
        _, felt, may = trips.swaps(now, place)
        same = np.flatnonzero(may & (felt < apart))
        if len(same) and same[0] < now[place]:
            now[place] = int(same[0])
    return tuple(sorted(now))


def _nearer(trips: Trips, now: list[int], *, apart: int) -> list[int]:
    """Swap, always the best swap, while the trips get shorter and enough families feel it."""
    total = float(trips.cost[:, now].min(axis=1, initial=NO_OPTION_MIN).sum())
    while True:
        found = []
        for place in range(len(now)):
            totals, felt, may = trips.swaps(now, place)
            worth = np.where(may & (felt >= apart), totals, np.inf)
            found.append((float(worth.min()), place, int(worth.argmin())))
        best, place, site = min(found)
        if best >= total - 1.0:  # a minute in all is no reason to move
            return now
        total, now[place] = best, site
