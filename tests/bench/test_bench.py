"""``make bench``: every part runs and says its figures; each checks its answers, none its clock."""

import pytest
from run import PARTS, measure


@pytest.mark.bench
@pytest.mark.parametrize("part", PARTS)
def test_every_goal_is_measured(part, cities):
    assert cities
    print(f"\n{part}: {PARTS[part][1]}")  # noqa: T201
    lines = measure(part)
    print("\n".join(f"  {line}" for line in lines))  # noqa: T201
    assert lines
