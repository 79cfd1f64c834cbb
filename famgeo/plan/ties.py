"""Of plans that reach equally many families, take one with shorter trips.

Where a few sites reach everyone who can be reached, many choices are equally good and the families
would be sent across town for nothing. The reach stays what was proven; the trips are shortened by
swaps (Teitz and Bart 1968) and are not themselves proven to be the shortest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Chosen = tuple[int, ...]


def shortened(minutes: Floats, chosen: Sequence[int], locked: Sequence[int]) -> Chosen:
    """Swap sites, always the best swap, while the reach holds and the trips get shorter.

    minutes : shape (households, sites), there and home together; inf where a family cannot attend.
    Returns the positions of as many sites, sorted, the locked ones among them.

    >>> minutes = np.array([[9.0, 3.0], [5.0, 4.0]])
    >>> shortened(minutes, [0], [])
    (1,)
    """
    reachable = minutes[np.isfinite(minutes).any(axis=1)]
    beyond = 1.0 + np.nansum(np.where(np.isfinite(reachable), reachable, np.nan))
    cost = np.where(np.isfinite(reachable), reachable, beyond)
    now, free = list(chosen), [i for i, site in enumerate(chosen) if site not in locked]
    total = _total(cost, now)
    while free:
        totals = np.array([_with_each(cost, now, i) for i in free])
        place, site = np.unravel_index(int(totals.argmin()), totals.shape)
        if totals[place, site] >= total - 1e-6:
            break
        now[free[int(place)]] = int(site)
        total = _total(cost, now)
    return tuple(sorted(now))


def _total(cost: Floats, chosen: Sequence[int]) -> float:
    return float(cost[:, list(chosen)].min(axis=1).sum()) if len(cost) else 0.0


def _with_each(cost: Floats, chosen: Sequence[int], place: int) -> Floats:
    """Return the total with each site in the place of one; inf for those already chosen."""
    others = [site for i, site in enumerate(chosen) if i != place]
    rest = cost[:, others].min(axis=1) if others else np.full(len(cost), np.inf)
    totals: Floats = np.minimum(cost, rest[:, None]).sum(axis=0)
    totals[list(chosen)] = np.inf
    return totals
