"""Of plans that reach equally many families, take one with shorter trips.

Where a few sites reach everyone who can be reached, many choices are equally good and the families
would be sent across town for nothing. The reach stays what was proven; the trips are shortened by
swaps (Teitz and Bart 1968) and are not themselves proven to be the shortest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from famgeo.plan.allowed import Allowed, Chosen

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
ENDLESS = np.iinfo(np.int64).max


def shortened(
    minutes: Floats,
    chosen: Sequence[int],
    locked: Sequence[int],
    allowed: Allowed | None = None,
) -> Chosen:
    """Swap sites, always the best swap, while the reach holds and the trips get shorter.

    minutes : shape (households, sites), there and home together; inf where a family cannot attend.
    allowed : sums that each swap must keep, if any. Returns the positions of as many sites,
    sorted, the locked ones among them.

    >>> minutes = np.array([[9.0, 3.0], [5.0, 4.0]])
    >>> shortened(minutes, [0], [])
    (1,)
    """
    cost = _whole_cost(minutes[np.isfinite(minutes).any(axis=1)])
    now, free = list(chosen), [i for i, site in enumerate(chosen) if site not in locked]
    total = int(cost[:, now].min(axis=1).sum())
    while free:
        totals = np.array([_with_each(cost, now, i) for i in free])
        if allowed is not None:
            totals[~allowed.swaps(now)[:, free].T] = ENDLESS
        place, site = np.unravel_index(int(totals.argmin()), totals.shape)
        if totals[place, site] >= total:
            break
        now[free[int(place)]] = int(site)
        total = int(totals[place, site])
    return tuple(sorted(now))


def _whole_cost(minutes: Floats) -> Whole:
    """Return minutes as whole thousandths, whose sums are exact, so that no swap can go in circles.

    A family that is not reached costs more than all other trips together can.
    """
    able = np.isfinite(minutes)
    cost = np.where(able, np.rint(np.where(able, minutes, 0) * 1000), 0).astype(np.int64)
    return np.where(able, cost, 1 + cost.max(axis=1, initial=0).sum())


def _with_each(cost: Whole, chosen: Sequence[int], place: int) -> Whole:
    """Return the total with each site in the place of one; endless for those already chosen."""
    others = [site for i, site in enumerate(chosen) if i != place]
    rest = cost[:, others].min(axis=1, initial=ENDLESS)
    totals: Whole = np.minimum(cost, rest[:, None]).sum(axis=0)
    totals[list(chosen)] = ENDLESS
    return totals
