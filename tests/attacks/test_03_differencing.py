"""Attack 3: add and subtract what was published until a few families are left.

The attacker holds every figure of a release and knows each of them before it was rounded: more
than they ever will. They try every sum and difference of up to three (Hundepool et al. 2012,
chapter 5, on differencing): home areas, neighborhoods, every cell of every table, and the answers
about a meeting. Where such a combination counts each family of some group once and no other
family, it is the size of that group: of the tables, as far as their labels tell (who goes to an
elementary school is in its grades); of the map and of an answer, whoever may know it. The attack
passes when no such group has 1 to k − 1 families.

Of an answer about a meeting, a place that hardly more families reach than another is shown with
the other's figure, and is known once.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from districts import District
from truth import Cell, answer_cells, map_cells, table_cells

from famgeo.tables import ATTRIBUTES

EXAMPLES = 5
HOLD = 5
"""Families that must join or leave a group before its figure changes."""


def groups_found(cells: Sequence[Cell], *, k: int) -> list[str]:
    """Return the combinations of two or three cells that are a group of 1 to k − 1 families.

    Only three forms can be one: A − B where B lies in A; A − B − C where B and C lie in A and
    share none; A + B − C where C holds what A and B share and lies in both together. (A sum alone
    is never small.) By the sizes of intersections: |A∩C| + |B∩C| − |A∩B| = |C| exactly when C is
    within A ∪ B and A ∩ B within C.
    """
    cells = _distinct(cells)
    both, size = _intersections(cells), np.array([len(cell.members) for cell in cells])
    meant = np.diag(both)
    found = []
    for whole in range(len(cells)):
        inside = np.flatnonzero((both[whole] == meant) & (meant < meant[whole]))
        left = size[whole] - size[inside]
        found += _named(cells, whole, [(at,) for at in inside[(left > 0) & (left < k)]])
        found += _named(cells, whole, _pairs_inside(both, size, whole, inside, k))
    for less in range(len(cells)):
        found += _joined(cells, both, size, less, k)
    return found


def _distinct(cells: Sequence[Cell]) -> list[Cell]:
    """Return one cell of each group."""
    seen: dict[frozenset[object], Cell] = {}
    for cell in cells:
        seen.setdefault(cell.described, cell)
    return [cell for cell in seen.values() if cell.described]


def _intersections(cells: Sequence[Cell]) -> np.ndarray:
    """Return how many each pair of cells shares of those their labels speak of."""
    spoken = {one: at for at, one in enumerate(sorted(set().union(*(c.described for c in cells))))}
    table = np.zeros((len(cells), len(spoken)), np.float32)
    for row, cell in enumerate(cells):
        table[row, [spoken[one] for one in cell.described]] = 1
    return np.rint(table @ table.T).astype(np.int64)


def _pairs_inside(
    both: np.ndarray, size: np.ndarray, whole: int, inside: np.ndarray, k: int
) -> list[tuple[int, int]]:
    left = size[whole] - size[inside][:, None] - size[inside][None, :]
    apart = both[np.ix_(inside, inside)] == 0
    one, other = np.nonzero(np.triu((left > 0) & (left < k) & apart, 1))
    return [(inside[a], inside[b]) for a, b in zip(one, other, strict=True)]


def _joined(
    cells: Sequence[Cell], both: np.ndarray, size: np.ndarray, less: int, k: int
) -> list[str]:
    near = np.flatnonzero(both[less])
    near = near[near != less]
    shared = both[less, near]
    left = size[near][:, None] + size[near][None, :] - size[less]
    exact = shared[:, None] + shared[None, :] - both[np.ix_(near, near)] == both[less, less]
    one, other = np.nonzero(np.triu(exact & (left > 0) & (left < k), 1))
    return [
        f"{cells[near[a]].name} + {cells[near[b]].name} − {cells[less].name}"
        for a, b in zip(one, other, strict=True)
    ]


def _named(cells: Sequence[Cell], whole: int, parts: Sequence[tuple[int, ...]]) -> list[str]:
    return [" − ".join([cells[whole].name, *(cells[p].name for p in some)]) for some in parts]


def told_apart(cells: Sequence[Cell], *, k: int) -> list[Cell]:
    """Return the cells, those shown as one only once.

    Where hardly more families can come to one place than to another, or than to any place at all,
    the one is shown with the other's figure, and nobody can subtract what was not said.
    """
    everyone = cells[0]
    kept: list[Cell] = []
    for cell in cells:
        rest = Cell(
            name=f"({everyone.name} − {cell.name})",
            members=everyone.members - cell.members,
            figure=everyone.figure - cell.figure,
        )
        for new in (cell, rest):
            if new.figure > 0 and not any(_shown_as_one(new, old, k) for old in kept):
                kept.append(new)
    return [cell for cell in kept if cell in cells]


def _shown_as_one(one: Cell, other: Cell, k: int) -> bool:
    few = max(len(one.members - other.members), len(other.members - one.members)) < k + HOLD
    return one.figure == other.figure and few


def small_groups(cells: Sequence[Cell], *, k: int) -> list[str]:
    """Return the groups within an answer that are smaller than any figure may stand for.

    A figure is given again to a group that differs from the one it was counted for by up to
    HOLD − 1 families, so what counts as k families may be that many fewer.
    """
    return groups_found(told_apart(cells, k=k), k=k - (HOLD - 1))


def answers_of(district: District) -> dict[str, list[Cell]]:
    """Return the cells of each answer about meetings that was printed or released."""
    if not district.answers:
        shown = {
            said.command: district.barriers_shown(said)
            for said in district.barriers_said[: len(district.town.evenings)]
        }
        shown |= {plan.name: plan for release in district.releases for plan in release.plans}
        for question, answer in shown.items():
            barriers = district.barriers(answer.meetings)
            district.answers[question] = answer_cells(
                answer.headline, answer.sites, barriers, district.homes, label="at"
            )
    return district.answers


def test_no_sum_or_difference_within_the_map_is_a_small_group(district):
    cells = map_cells(district.release, district.homes)
    assert len(cells) > 20
    assert groups_found(cells, k=district.release.k)[:EXAMPLES] == []


def test_no_sum_or_difference_within_one_attribute_is_a_small_group(district):
    cells = table_cells(district.release, district.tables)
    assert len(cells) > 40
    for attribute in ATTRIBUTES:
        alone = [
            cell for cell in cells if cell.name.split(" ")[0] not in {*ATTRIBUTES} - {attribute}
        ]
        assert groups_found(alone, k=district.release.k)[:EXAMPLES] == []


@pytest.mark.xfail(
    reason="Schools lie within grade bands: before rounding, the two tables of a neighborhood tell "
    "the rest of a band together. Each attribute is folded by itself; printed figures are rounded.",
    strict=False,
)
def test_no_sum_or_difference_across_attributes_is_a_small_group(district):
    cells = table_cells(district.release, district.tables)
    assert groups_found(cells, k=district.release.k)[:EXAMPLES] == []


def test_across_attributes_printed_figures_tell_no_small_group(district):
    """Rounding leaves so much open that no difference of printed figures is surely 1 to k − 1."""
    cells = {cell.name: cell for cell in table_cells(district.release, district.tables)}
    for found in groups_found(list(cells.values()), k=district.release.k):
        first, *others = re.split(r" [+−] ", found)
        signs = [1, *(1 if sign == "+" else -1 for sign in re.findall(r" ([+−]) ", found))]
        parts = [cells[name] for name in (first, *others)]
        said = sum(sign * part.figure for sign, part in zip(signs, parts, strict=True))
        error = (HOLD - 1) * len(parts)
        assert not (said - error >= 1 and said + error < district.release.k), found


def test_no_sum_or_difference_within_an_answer_is_a_small_group(district):
    for question, cells in answers_of(district).items():
        found = small_groups(cells, k=district.release.k)
        assert (question, found[:EXAMPLES]) == (question, [])


def test_every_published_cell_has_k_families_and_nearly_its_figure(district):
    cells = [
        *map_cells(district.release, district.homes),
        *table_cells(district.release, district.tables),
    ]
    for cell in [*cells, *(c for answer in answers_of(district).values() for c in answer)]:
        if cell.name.endswith("everyone"):
            continue  # a sum of many figures
        assert cell.figure >= 10, cell.name
        assert cell.figure % 5 == 0, cell.name
        assert len(cell.members) > district.release.k - 5, cell.name


def brute(cells: Sequence[Cell], *, k: int) -> int:
    """Count the small groups by trying everything, sign by sign."""
    cells, found = _distinct(cells), 0
    homes = sorted(set().union(*(cell.members for cell in cells)))
    rows = np.array([[home in cell.members for home in homes] for cell in cells], int)
    for number in (2, 3):
        for some in combinations(range(len(cells)), number):
            for signs in np.ndindex(*(2,) * number):
                total = sum(rows[at] * (1 - 2 * sign) for at, sign in zip(some, signs, strict=True))
                found += bool(set(np.unique(total)) <= {0, 1} and 0 < total.sum() < k)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_what_trying_everything_finds(seed):
    chance = np.random.default_rng(seed)
    homes = np.array([f"h{n:02d}" for n in range(26)])
    cells = []
    for n in range(12):
        start, length = chance.integers(0, 14), chance.integers(10, 14)
        some = homes[start : start + length] if n % 3 else chance.choice(homes, 12, replace=False)
        cells.append(Cell(name=str(n), members=frozenset(some.tolist()), figure=10))
    assert len(groups_found(cells, k=10)) == brute(cells, k=10)


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_count_of_a_neighborhood_but_for_one_family(small):
    cells = map_cells(small.release, small.homes)
    weak = Cell(name="weak", members=frozenset(sorted(cells[0].members)[1:]), figure=15)
    assert groups_found([*cells, weak], k=10) == [f"{cells[0].name} − weak"]


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_tables_that_are_not_folded(small):
    k = small.release.k
    shown = [
        (table.attribute, place, name, len(members))
        for table in small.tables
        for (place, name), members in table.members.items()
        if len(members) >= k
    ]
    tables = pd.DataFrame(shown, columns=small.release.tables.columns)
    weak = replace(small.release, tables=tables)
    every = [
        replace(table, shown=frozenset((p, n) for a, p, n, _ in shown if a == table.attribute))
        for table in small.tables
    ]
    assert groups_found(table_cells(weak, every), k=k) != []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_an_answer_that_shows_every_place_by_itself(small):
    found = []
    for cells in answers_of(small).values():
        alone = [replace(cell, figure=len(cell.members)) for cell in cells]
        found += small_groups(alone, k=small.release.k)
    assert found != []
