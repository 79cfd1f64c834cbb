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

from famgeo.travel.walks import LONGEST_S, MOST_RIDES, Feet, Walks

NEVER = np.int32(2**30)
"""Later than any time of a service day: no label."""
NOBODY = np.int64(1 << 62)
"""The number of no journey; with a walk added, still greater than any journey."""
LONGEST_CM = (1 << 23) - 1
"""A walk to the first stop and between stops counts as at most this; so does the walk home."""
_AFTER, _RIDES, _WALK = 45, 41, 17
_BOTH_CM = 2 * LONGEST_CM + 1

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
        after_s = self.numbers.T >> _AFTER
        return np.where(after_s > self.limit_s, NEVER, after_s + self.begin_s).astype(np.int32)

    @property
    def start_s(self) -> Ints:
        """The latest start that still catches the journey's first vehicle."""
        return (self.begin_s + LONGEST_S - (self.numbers.T & LONGEST_S)).astype(np.int32)

    @property
    def walk_m(self) -> Floats:
        """Metres on foot, to the centimetre."""
        return (((self.numbers.T >> _WALK) & _BOTH_CM) / 100).astype(np.float32)

    @property
    def rides(self) -> Small:
        """Vehicles boarded, 1 or more."""
        return ((self.numbers.T >> _RIDES) & MOST_RIDES).astype(np.int8)


@njit(cache=True, nogil=True)
def as_number(after_s: int, rides: int, walk_m: float, start_s: int) -> int:
    """Return a journey as a number; both times count from the start of the search."""
    walk_cm = min(int(np.rint(walk_m * 100)), LONGEST_CM)
    times = (after_s << _AFTER) | (LONGEST_S - start_s)
    return times | (rides << _RIDES) | (walk_cm << _WALK)


@njit(cache=True, nogil=True)
def of_number(number: int) -> tuple[int, int, float, int]:
    """Return the seconds, rides, metres on foot and latest start of a journey."""
    walk_m = ((number >> _WALK) & _BOTH_CM) / 100
    start_s = LONGEST_S - (number & LONGEST_S)
    return number >> _AFTER, (number >> _RIDES) & MOST_RIDES, walk_m, start_s


def feet_as_numbers(doors: Walks) -> Longs:
    """Return each walk as the number it adds to a journey."""
    walk_cm = np.minimum(np.rint(doors.metres * 100.0), LONGEST_CM)
    seconds = doors.seconds.astype(np.int64)
    return np.bitwise_or(seconds << _AFTER, walk_cm.astype(np.int64) << _WALK)


@njit(cache=True, nogil=True)
def walk_to_doors(at: Longs, doors: Feet, feet: Longs, numbers: Longs, first: int) -> None:
    """Write the best journey to every target, for the sources from ``first`` on.

    ``at`` (stops, sources) are the best journeys to stops.
    """
    start, stop, _, _ = doors
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
