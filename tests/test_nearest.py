import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.travel.nearest import make_grid, nearest

metres = st.integers(-2000, 2000).map(lambda d: d / 4)
pieces = st.lists(st.tuples(metres, metres, metres, metres), min_size=1, max_size=25)
points = st.lists(st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=1, max_size=8)


def away(piece, point) -> float:
    a, b, p = np.array(piece[:2]), np.array(piece[2:]), np.array(point)
    run = b - a
    share = np.clip((p - a) @ run / max(run @ run, 1e-12), 0, 1)
    return float(np.hypot(*(p - a - share * run)))


@given(pieces=pieces, points=points, within_m=st.floats(1, 3000))
@settings(max_examples=150)
def test_the_nearest_piece_is_the_one_that_trying_all_finds(pieces, points, within_m):
    grid = make_grid(np.array(pieces, float))
    found = nearest(grid, np.array(points, float), np.full(len(points), within_m))
    for point, piece in zip(points, found, strict=True):
        least = min(away(p, point) for p in pieces)
        if piece >= 0:
            assert away(pieces[piece], point) == pytest.approx(least, abs=1e-6)
            assert least <= within_m + 1e-6
        else:
            assert least > within_m - 1e-6


def test_of_two_at_the_same_distance_the_first_is_taken():
    grid = make_grid(np.array([[0, 10, 100, 10], [0, -10, 100, -10], [0, 10, 100, 10]], float))
    assert nearest(grid, np.array([[50.0, 0.0]]), np.array([20.0])) == [0]


def test_a_long_slanting_piece_is_listed_in_few_cells():
    many = [[i * 100.0, j * 100.0, i * 100.0 + 1, j * 100.0] for i in range(20) for j in range(20)]
    grid = make_grid(np.array([*many, [0, 0, 1900, 1900]], float))
    assert len(grid.piece) < 2 * len(many)


def test_a_single_point_of_street_is_still_found():
    grid = make_grid(np.array([[5.0, 5.0, 5.0, 5.0]]))
    assert list(nearest(grid, np.array([[8.0, 9.0], [80.0, 9.0]]), np.full(2, 6.0))) == [0, -1]
