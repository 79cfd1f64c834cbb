"""Which cells to fold so that a small one cannot be told: the cheapest way around it.

A table whose margins are published is a network: places and categories are nodes, hidden cells are
edges, and one table turns into another that fits the same figures by adding and taking away along
cycles. So a hidden cell can be told when it lies on no cycle, and to protect it is to find a cycle
through it: a path from its place to its category (Cox 1995, "Network models for complementary cell
suppression", JASA 90(432); Kelly, Golden and Assad 1992, "Cell suppression: disclosure protection
for sensitive tabular data", Networks 22(4)). Cells that are hidden already cost nothing on the way,
others the families that are then no longer named; and what the path takes from must have k or more.
"""

import heapq
from collections.abc import Iterator

import numpy as np

from famgeo.release.bounds import DISTRICT, Bools, Ints

Cell = tuple[int, int]


def cheapest_detour(
    cell: Cell, *, counts: Ints, shown: Bools, costs: Ints, k: int
) -> list[Cell] | None:
    """Return the shown cells on the cheapest way from a cell's place to its category; None: no way.

    counts, shown, costs : shape (1 + places, categories), row 0 the district. Of equally cheap
    ways the one through earlier places is taken.
    """
    n_places = len(shown)
    price = np.where(shown, costs, 0)
    plenty = shown | (counts >= k)
    goal = n_places + cell[1]
    came, waiting = dict[int, int](), [(0, cell[0], -1)]
    while waiting:
        paid, node, before = heapq.heappop(waiting)
        if node in came:
            continue
        came[node] = before
        if node == goal:
            return [step for step in _steps(came, goal, n_places) if shown[step]]
        onward = node < n_places
        for step in _cells_at(node, shown.shape):
            taken = onward == ((step[0] == DISTRICT) == (cell[0] == DISTRICT))
            if step != cell and (plenty[step] or not taken):
                after = n_places + step[1] if onward else step[0]
                heapq.heappush(waiting, (paid + int(price[step]), after, node))
    return None


def _cells_at(node: int, shape: tuple[int, ...]) -> Iterator[Cell]:
    n_places, n_categories = shape
    if node < n_places:
        return ((node, category) for category in range(n_categories))
    return ((place, node - n_places) for place in range(n_places))


def _steps(came: dict[int, int], node: int, n_places: int) -> Iterator[Cell]:
    """Yield the cells of the way back from a node."""
    while (before := came[node]) >= 0:
        place, category = sorted((before, node))
        yield place, category - n_places
        node = before
