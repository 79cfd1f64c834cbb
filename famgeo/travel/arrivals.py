"""From the stops a scan reached to every door: the best journey of each pair, as one number.

A journey is an int64 that sorts as journeys are preferred: seconds since the start (17 bits), rides
(4), centimetres on foot (24), seconds left after the latest start (17). The walk to a door is a
number of the same kind, so to walk home is to add, and to choose is to take the least: for many
sources at once, without a branch.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.walks import LONGEST_S, MOST_RIDES, Walks

NEVER = np.int32(2**30)
"""Later than any time of a service day: no label."""
NOBODY = 1 << 62
"""The number of no journey; with a walk added, still greater than any journey."""
SECONDS, RIDES, _WALK = 45, 41, 17
ONE_SECOND, ONE_RIDE = 1 << SECONDS, 1 << RIDES
START = LONGEST_S
"""The number of a journey that has just begun."""
_WALKS_CM = (1 << (RIDES - _WALK)) - 1
_WALK_CM = _WALKS_CM // (MOST_RIDES + 1)
"""One walk counts as at most 10 km, so that all walks of a journey have room."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Small = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best journeys of a scan; the properties are arrays of shape (sources, targets).

    numbers : int64 (targets, sources). begin_s : when every journey may start. limit_s : the most
    seconds from there to the end.
    """

    numbers: Longs
    begin_s: int
    limit_s: int

    @property
    def time_s(self) -> Ints:
        """Earliest arrival; ``NEVER`` = none."""
        after_s = self.numbers.T >> SECONDS
        return np.where(after_s > self.limit_s, NEVER, after_s + self.begin_s).astype(np.int32)

    @property
    def start_s(self) -> Ints:
        """The latest start that still catches the journey's first vehicle."""
        return (self.begin_s + LONGEST_S - (self.numbers.T & LONGEST_S)).astype(np.int32)

    @property
    def walk_m(self) -> Floats:
        """Metres on foot, to the centimetre."""
        return (((self.numbers.T >> _WALK) & _WALKS_CM) / 100).astype(np.float32)

    @property
    def rides(self) -> Small:
        """Vehicles boarded, 1 or more."""
        return ((self.numbers.T >> RIDES) & MOST_RIDES).astype(np.int8)


@njit(cache=True, nogil=True)
def of_number(number: int) -> tuple[int, int, float, int]:
    """Return the seconds, rides, metres on foot and latest start of a journey."""
    walk_m = ((number >> _WALK) & _WALKS_CM) / 100
    start_s = LONGEST_S - (number & LONGEST_S)
    return number >> SECONDS, (number >> RIDES) & MOST_RIDES, walk_m, start_s


def feet_as_numbers(feet: Walks) -> Longs:
    """Return each walk as the number it adds to a journey."""
    walk_cm = np.minimum(np.rint(feet.metres * 100.0), _WALK_CM)
    seconds = feet.seconds.astype(np.int64)
    numbers: Longs = (seconds << SECONDS) | (walk_cm.astype(np.int64) << _WALK)
    return numbers


@njit(cache=True, nogil=True)
def walk_to_doors(at: Longs, doors: tuple[Longs, Ints, Longs], numbers: Longs, first: int) -> None:
    """Write the best journey to every target, for the sources from ``first`` on.

    ``at`` (stops, sources) are the best journeys to stops.
    """
    start, stop, feet = doors
    n = at.shape[1]
    best = np.empty(n, np.int64)
    for target in range(len(start) - 1):
        best[:] = NOBODY
        for k in range(start[target], start[target + 1]):
            reached, walk = at[stop[k]], feet[k]
            for s in range(n):
                best[s] = min(best[s], reached[s] + walk)
        for s in range(n):
            numbers[target, first + s] = best[s]
