"""Counts as they may be shown: none that is small, none that betrays a small one, all rounded.

The steps follow Hundepool et al., Statistical Disclosure Control (Wiley, 2012), chapter 5:
primary suppression by a threshold, complementary suppression of what would give it back, and
unbiased random rounding to a base. Rounding takes its chance from a key and the households
counted, so that the same families always give the same figure and asking again averages nothing
out.

The chance comes from one household of the group, the first by key. Groups that differ by a few
families nearly always share it, and then the larger never shows the smaller figure. If each group
took a chance of its own, a figure that fell although its group grew would prove a gain of one to
three families.
"""

import hashlib
import hmac
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

BASE = 5
TOP_SHARE = 0.95
OTHER = "other"

Households = AbstractSet[str]


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


def apart(part: int | None, whole: int, *, rest: int, k: int = 10) -> int | None:
    """Return a part such that whole − part names no small group (complementary suppression).

    ``part`` and ``whole`` are rounded, ``rest`` is the exact number outside the part. When the
    rest is small the part is shown as the whole: all, or all but fewer than k.

    >>> apart(395, 400, rest=6)
    400
    >>> apart(395, 400, rest=11)
    390
    >>> apart(200, 400, rest=200)
    200
    """
    if part is None:
        return None
    if rest < k:
        return whole
    kept = min(part, whole - least_shown(k))
    return kept if kept >= least_shown(k) else None


def fold(groups: Mapping[str, Households], *, k: int = 10) -> dict[str, Households]:
    """Fold a partition's small groups into ``other`` until each that is left may be shown.

    While ``other`` itself is small, the smallest visible group joins it, for else it would be
    the whole less the visible. Nothing is left, and so the total stands alone, when one group
    would remain or would hold more than 95 %.

    >>> sorted(fold({"a": set("abcdefghijkl"), "b": set("mnopqrstuvwx"), "c": set("y")}, k=10))
    ['b', 'other']
    """
    visible = {name: set(members) for name, members in groups.items() if len(members) >= k}
    small = [members for members in groups.values() if len(members) < k]
    other = visible.pop(OTHER, set()).union(*small)
    while 0 < len(other) < k and visible:
        smallest = min(visible, key=lambda name: (len(visible[name]), name))
        other |= visible.pop(smallest)
    folded: dict[str, Households] = {**visible, OTHER: other} if other else {**visible}
    sizes = [len(members) for members in folded.values()]
    if len(sizes) < 2 or max(sizes) > TOP_SHARE * sum(sizes):  # noqa: PLR2004 - a pair at least
        return {}
    return folded


def _chance(households: Households, secret: bytes) -> float:
    """Return a number in [0, 1) that only the holder of the key can foretell."""
    first = min(_digest(household, secret) for household in households)
    return int.from_bytes(first[-7:]) / 2**56


@lru_cache(maxsize=1 << 18)
def _digest(household: str, secret: bytes) -> bytes:
    """Return a household's place in the order by key, and in its last bytes its chance."""
    return hmac.digest(secret, household.encode(), hashlib.sha256)
