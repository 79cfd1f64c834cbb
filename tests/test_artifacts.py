"""Artifacts are found by what they were made from, and made again when damaged."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.domain import Limits, Mode
from famgeo.store.artifacts import artifact, fingerprint, load_arrays, load_or_make, save_arrays
from famgeo.tables import as_points

TABLE = pd.DataFrame({"id": ["a", "b"], "minutes": [1.5, np.nan]})
POINTS = as_points(pd.DataFrame({"id": ["a"]}), np.array([-84.5]), np.array([39.0]))
ARRAYS = {"there/walk": np.array([[1.0, np.nan]], np.float32), "rides": np.array([1], np.int8)}
MADE = {"table": TABLE, "points": POINTS, "arrays": ARRAYS}


def same(one, other):
    if isinstance(one, gpd.GeoDataFrame):
        assert one.crs == other.crs
        assert one.geometry.equals(other.geometry)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        assert one.keys() == other.keys()
        for name, array in one.items():
            assert array.dtype == other[name].dtype
            np.testing.assert_array_equal(array, other[name])
    return True


def never():
    message = "made again"
    raise AssertionError(message)


@pytest.mark.parametrize("kind", MADE)
def test_what_was_made_once_is_read_the_second_time(tmp_path, kind):
    load_or_make(tmp_path, "times", {"of": kind}, lambda: MADE[kind])
    assert same(load_or_make(tmp_path, "times", {"of": kind}, never), MADE[kind])


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("damage", ["cut", "emptied", "flipped"])
def test_a_damaged_artifact_is_made_again(tmp_path, kind, damage):
    load_or_make(tmp_path, "times", {}, lambda: MADE[kind])
    (path,) = (tmp_path / "artifacts").iterdir()
    whole = path.read_bytes()
    harmed = {"cut": whole[: len(whole) // 2], "emptied": b"", "flipped": bytes(len(whole))}
    path.write_bytes(harmed[damage])
    assert same(load_or_make(tmp_path, "times", {}, lambda: MADE[kind]), MADE[kind])
    assert path.read_bytes() == whole


def test_other_inputs_are_another_artifact(tmp_path):
    first = artifact(tmp_path, "times", {"seed": 1}, ending=".npz")
    assert first != artifact(tmp_path, "times", {"seed": 2}, ending=".npz")
    assert first.parent == tmp_path / "artifacts"


def test_a_folder_that_cannot_be_written_costs_only_the_time(tmp_path):
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    assert same(load_or_make(tmp_path, "times", {}, lambda: TABLE), TABLE)


def test_nothing_is_left_beside_a_write_that_failed(tmp_path):
    with pytest.raises(ValueError, match="pickle"):
        save_arrays(tmp_path / "x.npz", {"objects": np.array([{}], dtype=object)})
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_objects_is_never_read(tmp_path):
    np.savez(tmp_path / "x.npz", objects=np.array([{}], dtype=object))
    assert load_arrays(tmp_path / "x.npz") is None


@dataclass(frozen=True)
class Other:
    walk_kmh: float


DIFFERENT = [
    None,
    "",
    "1",
    1,
    1.0,
    True,
    b"1",
    Mode.WALK,
    "walk",
    date(2020, 2, 5),
    datetime(2020, 2, 5, tzinfo=UTC),
    (1, (2, 3)),
    (1, 2, 3),
    ["ab", "c"],
    ["a", "bc"],
    frozenset({"a"}),
    {"a": "b"},
    Limits(),
    Limits(walk_kmh=5.0),
    Other(5.0),
    np.zeros(4),
    np.zeros((2, 2)),
    np.zeros(4, np.float32),
    np.zeros(4, np.int64),
    TABLE,
    TABLE.assign(minutes=[1.5, 2.0]),
    TABLE.rename(columns={"minutes": "seconds"}),
    POINTS,
    POINTS.assign(geometry=POINTS.geometry.translate(1e-9)),
]


def test_different_inputs_have_different_fingerprints():
    prints = [fingerprint({"input": value}) for value in DIFFERENT]
    assert len(set(prints)) == len(DIFFERENT)
    assert prints == [fingerprint({"input": value}) for value in DIFFERENT]


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.floats(), max_size=5))
def test_the_order_of_a_mapping_changes_nothing(inputs):
    assert fingerprint(inputs) == fingerprint(dict(reversed(inputs.items())))


@pytest.mark.parametrize("value", [object(), np.array([{}], dtype=object), lambda: 1])
def test_an_input_that_cannot_be_told_apart_is_refused(value):
    with pytest.raises(TypeError, match="fingerprint"):
        fingerprint({"input": value})
