"""A promise without a test is a hope: every test that SECURITY.md names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
MOST_LINES = 120


def named():
    return sorted(set(re.findall(r"`(tests/[\w/.]*)`", TEXT)))


def test_every_test_that_is_named_is_there():
    assert [name for name in named() if not (ROOT / name).exists()] == []


def test_every_door_is_named():
    doors = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tests/doors").glob("test_*.py")}
    own = {Path(__file__).relative_to(ROOT).as_posix()}
    assert doors - own <= set(named())


def test_every_promise_has_a_test():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.startswith("| promise")]
    assert promises
    assert [row for row in promises if "`tests/" not in row] == []


def test_it_is_short():
    assert len(TEXT.splitlines()) <= MOST_LINES
