"""Counts as they may be shown: none that is small, none that betrays a small one, all rounded.

The steps follow Hundepool et al., Statistical Disclosure Control (Wiley, 2012), chapter 5:
primary suppression by a threshold, complementary suppression of what would give it back, and
unbiased random rounding to a base. Rounding takes its chance from a key and the households
counted, so that the same families always give the same figure and asking again averages nothing
out. What is decided here is decided by figures, never by exact counts: so a decision is held as
long as the figures are (``release.holding``), and tells no more than they do.

The chance comes from one household of the group, the first by key. Groups that differ by a few
families nearly always share it, and then the larger never shows the smaller figure. If each group
took a chance of its own, a figure that fell although its group grew would prove a gain of one to
three families.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

BASE = 5
TOP_SHARE = 0.95
OTHER = "other"

Households = AbstractSet[str]
Figure = Callable[[Households], int | None]
"""Gives a set of households the figure it is shown with; None when it is too small."""


def round_count(households: Households, secret: bytes, *, k: int = 10) -> int | None:
    """Return a count rounded to 5, up or down by the key; None when there are fewer than k.

    Zero is None too: a printed 0 says of every family in a group that it is not counted. The
    chance to go up is the remainder's share of 5, so a sum of many is right on average, and no
    count moves by 5 or more, except up to the least that is shown.

    >>> round_count({f"H{n}" for n in range(40)}, bytes(32))
    40
    >>> round_count({"H1", "H2"}, bytes(32)) is None
    True
    """
    if len(households) < k:
        return None
    down, remainder = divmod(len(households), BASE)
    up = _chance(households, secret) < remainder / BASE
    return max((down + up) * BASE, least_shown(k))


def least_shown(k: int) -> int:
    """Return the smallest figure that is ever printed: k, up to the next multiple of 5."""
    return -(-k // BASE) * BASE


def apart(part: int | None, whole: int, *, rest_shows: bool, k: int = 10) -> int | None:
    """Return a part such that whole − part names no small group (complementary suppression).

    ``part`` and ``whole`` are figures; ``rest_shows`` says whether what is outside the part has a
    figure of its own. When it has none the part is shown as the whole: all, or all but a few.

    >>> apart(395, 400, rest_shows=False)
    400
    >>> apart(395, 400, rest_shows=True)
    390
    >>> apart(200, 400, rest_shows=True)
    200
    """
    if part is None:
        return None
    kept = min(part, whole - least_shown(k)) if rest_shows else whole
    return kept if kept >= least_shown(k) else None


def fold(groups: Mapping[str, Households], figure: Figure) -> tuple[str, ...]:
    """Return which groups of a partition are shown by name; the others are shown as ``other``.

    Shown is what has a figure. While ``other`` has households and no figure, the smallest shown
    group joins it, for else it would be the whole less the shown. None is shown, and so the total
    stands alone, when one figure would remain or would be more than 95 %.

    >>> people = {"a": set("abcdefghijkl"), "b": set("mnopqrstuvwx"), "c": set("y")}
    >>> fold(people, lambda group: len(group) if len(group) >= 10 else None)
    ('b',)
    """
    figures = {name: figure(members) for name, members in groups.items() if name != OTHER}
    shown = {name: count for name, count in figures.items() if count is not None}
    rest = left_out(groups, shown)
    while shown and rest and figure(rest) is None:
        del shown[min(shown, key=lambda name: (shown[name], name))]
        rest = left_out(groups, shown)
    counts = [*shown.values(), (figure(rest) or 0) if rest else 0]
    alone = max(counts) > TOP_SHARE * sum(counts) or not shown
    return () if alone else tuple(sorted(shown))


def left_out(groups: Mapping[str, Households], names: Collection[str]) -> Households:
    """Return the households of all groups but those named."""
    rest = [members for name, members in groups.items() if name not in names]
    return frozenset().union(*rest)


def _chance(households: Households, secret: bytes) -> float:
    """Return a number in [0, 1) that only the holder of the key can foretell."""
    first = min(_digest(household, secret) for household in households)
    return int.from_bytes(first[-7:]) / 2**56


@lru_cache(maxsize=1 << 18)
def _digest(household: str, secret: bytes) -> bytes:
    """Return a household's place in the order by key, and in its last bytes its chance."""
    return hmac.digest(secret, household.encode(), hashlib.sha256)
