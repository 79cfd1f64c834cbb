"""Attack 4: solve for what was hidden.

The attacker writes every published figure, before it was rounded, as an equation over the cells
nobody showed: home areas add up to neighborhoods, neighborhoods to the district, categories to
their place, places to the district's category, the same families once by language, once by grade,
by means and by school, at every zoom together. A linear program then says how small and how large
each hidden cell can be, and so can every sum that was never printed (the attacker's problem of
Fischetti and Salazar-González 2001). It is written here on its own and solved by SciPy. The attack
passes when no hidden count of 1 to k − 1 families is known to within fewer than k.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_matrix
from truth import Table, lives_in, neighborhoods_of


@dataclass(frozen=True, kw_only=True)
class Equations:
    """What is published of one attribute: sums of cells (place, category) and what they are.

    The cells are those of the neighborhoods; what is said of the district is a sum of them.
    """

    cells: tuple[tuple[str, str], ...]
    sums: tuple[tuple[tuple[tuple[str, str], ...], int], ...]


def equations_of(table: Table) -> Equations:
    """Return every published equation: totals of places, shown cells, and what they leave."""
    places = [place for place in table.places if place] or [""]
    cells = tuple((place, name) for place in places for name in table.categories)
    sums = []
    for place in places:
        row = tuple((place, name) for name in table.categories)
        sums.append((row, len(table.total(place))))
    for place, name in sorted(table.shown):
        inside = tuple((at, name) for at in places) if place == "" else ((place, name),)
        sums.append((inside, len(table.members[place, name])))
    return Equations(cells=cells, sums=tuple(sums))


def known_too_well(table: Table, *, k: int) -> list[str]:
    """Return the hidden cells of 1 to k − 1 families that the equations bound to within k."""
    published = equations_of(table)
    at = {cell: column for column, cell in enumerate(published.cells)}
    rows = [(row, at[c]) for row, (cells, _) in enumerate(published.sums) for c in cells]
    lines, columns = np.array(rows).T
    shape = (len(published.sums), len(at))
    matrix = coo_matrix((np.ones(len(rows)), (lines, columns)), shape=shape).tocsr()
    totals = np.array([total for _, total in published.sums], float)
    found = []
    for target, members in hidden_sums(table):
        if 0 < members < k:
            cost = np.zeros(len(at))
            cost[[at[cell] for cell in target]] = 1
            low, high = (
                sign * linprog(sign * cost, A_eq=matrix, b_eq=totals, method="highs").fun
                for sign in (1, -1)
            )
            assert low - 1e-6 <= members <= high + 1e-6
            if high - low < k - 1e-6:
                found.append(f"{table.attribute} {target}: {low:.0f} to {high:.0f}")
    return found


def hidden_sums(table: Table) -> list[tuple[tuple[tuple[str, str], ...], int]]:
    """Return each hidden cell, and for each category all of it in no neighborhood's table."""
    places = [place for place in table.places if place] or [""]
    alone = [
        (((place, name),), len(table.members[place, name]))
        for place in places
        for name in table.categories
        if (place, name) not in table.shown
    ]
    unnamed = [
        (cells, sum(len(table.members[cell]) for cell in cells))
        for name in table.categories
        if (cells := tuple((p, name) for p in places if (p, name) not in table.shown))
    ]
    return [*alone, *unnamed]


def test_the_tables_together_tell_no_hidden_count_to_within_k(district):
    assert [table.attribute for table in district.tables] == [
        *("language", "grade_band", "means", "school")
    ]
    for table in district.tables:
        assert known_too_well(table, k=district.release.k) == []


def test_home_areas_neighborhoods_and_the_district_are_one_geography(district):
    """No figure of one zoom can be held against another: they are sums of the same areas."""
    release, homes = district.release, district.homes
    areas = lives_in(release.home_areas, "home_area_id", homes)
    listed = [ids.split(";") for ids in release.neighborhoods["home_area_ids"]]
    assert sorted(area for ids in listed for area in ids) == sorted(areas)
    for ids, members in zip(listed, neighborhoods_of(release, homes).values(), strict=True):
        assert frozenset().union(*(areas[area] for area in ids)) == members


def test_every_release_keeps_the_shapes_of_the_first(district):
    """Two cuts of one map would overlap in slivers, each a small group."""
    first = district.releases[0]
    for release in district.releases:
        assert release.home_areas.geometry.geom_equals(first.home_areas.geometry).all()
        assert release.neighborhoods.geometry.geom_equals(first.neighborhoods.geometry).all()


def test_every_release_shows_the_same_tables(district):
    tables = [release.tables.to_csv() for release in district.releases]
    assert len(set(tables)) == 1


def weaker(table: Table, shown: Sequence[tuple[str, str]]) -> Table:
    """Return a table that shows these cells."""
    return replace(table, shown=frozenset(shown))


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_tables_folded_place_by_place_alone(small):
    """Fold in each place until its rest is large enough, and never look along the categories."""
    k, found = small.release.k, []
    for table in small.tables:
        shown = []
        for place, cells in groupby(sorted(table.members), key=lambda cell: cell[0]):
            sized = sorted(cells, key=lambda cell: len(table.members[cell]))
            while (sized and 0 < _rest(table, place, sized) < k) or _small(table, sized, k):
                sized = sized[1:]
            shown += sized
        found += known_too_well(weaker(table, shown), k=k)
    assert found != []


def _rest(table: Table, place: str, shown: Sequence[tuple[str, str]]) -> int:
    return len(table.total(place)) - sum(len(table.members[cell]) for cell in shown)


def _small(table: Table, sized: Sequence[tuple[str, str]], k: int) -> bool:
    return bool(sized) and len(table.members[sized[0]]) < k


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_tables_that_are_not_folded_at_all(small):
    k = small.release.k
    for table in small.tables:
        every = [cell for cell, members in table.members.items() if len(members) >= k]
        if len(every) < len(table.members):
            found = known_too_well(weaker(table, every), k=k)
            if found:
                return
    pytest.fail("nothing was found in tables that are not folded")


def test_it_solves_a_table_that_can_be_solved_by_hand():
    """Rows 12 and 12, columns 15 and 9, nothing inside shown: a cell is 3 to 12, no closer."""
    names = [f"h{n}" for n in range(24)]
    members = {
        ("", "a"): frozenset(names[:15]),
        ("", "b"): frozenset(names[15:]),
        ("N1", "a"): frozenset(names[:8]),
        ("N1", "b"): frozenset(names[15:19]),
        ("N2", "a"): frozenset(names[8:15]),
        ("N2", "b"): frozenset(names[19:]),
    }
    table = Table(
        attribute="x",
        places=("", "N1", "N2"),
        categories=("a", "b"),
        members=members,
        shown=frozenset({("", "a"), ("", "b")}),
    )
    assert [f.split(": ")[1] for f in known_too_well(table, k=10)][:2] == ["3 to 12", "0 to 9"]
    assert known_too_well(table, k=9) == []
