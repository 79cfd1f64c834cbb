"""Attack 5: take what is visible from the total.

The attacker knows every published figure before it was rounded and subtracts, in every table, all
that is shown from its total: what is left is what was hidden, however many parts are shown. In
each neighborhood the total less its categories, for each category the district less its
neighborhoods, all families less those a meeting leaves out. Then they bound each hidden count: no
more than what its neighborhood and its category leave, and no less than what its neighborhood
leaves once the other hidden counts are as large as they can be (the bounds of Fréchet). The attack
passes when what is left is nobody or k families or more, and when no hidden count of 1 to k − 1 is
bounded more closely than k.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from test_03_differencing import answers_of, told_apart
from truth import Cell, Table, map_cells


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A published total and the published parts of it."""

    name: str
    whole: frozenset[str]
    parts: tuple[frozenset[str], ...]

    @property
    def hidden(self) -> frozenset[str]:
        """Who is in the total and in no part."""
        return self.whole - frozenset().union(*self.parts)


def small_remainders(sums: Iterable[Sum], *, k: int) -> list[str]:
    """Return the totals that leave 1 to k − 1 families when their parts are taken away."""
    return [total.name for total in sums if 0 < len(total.hidden) < k]


def sums_of_tables(tables: Iterable[Table]) -> Iterator[Sum]:
    """Yield each place less its shown categories, and each category less its shown places."""
    for table in tables:
        for place in table.places:
            shown = [table.members[cell] for cell in sorted(table.shown) if cell[0] == place]
            if shown:
                name = f"{table.attribute} in {place or 'the district'}"
                yield Sum(name=name, whole=table.total(place), parts=tuple(shown))
        for category in table.categories:
            cells = [cell for cell in sorted(table.shown) if cell[1] == category and cell[0]]
            if ("", category) in table.shown and cells:
                parts = tuple(table.members[cell] for cell in cells)
                whole = table.members["", category]
                yield Sum(name=f"{table.attribute} {category}", whole=whole, parts=parts)


def sums_of_answers(answers: Iterable[list[Cell]], *, k: int) -> Iterator[Sum]:
    """Yield everyone less each count, and those without an option at school less their reasons."""
    for cells in answers:
        everyone, *parts = told_apart(cells, k=k)
        for cell in parts:
            yield Sum(name=f"not {cell.name}", whole=everyone.members, parts=(cell.members,))
        reasons = tuple(cell.members for cell in cells if "reason" in cell.name)
        without = next((c for c in cells if c.name.endswith("without school")), None)
        if reasons and without:
            yield Sum(name="without school less reasons", whole=without.members, parts=reasons)


def narrow_widths(tables: Iterable[Table], *, k: int) -> list[str]:
    """Return the hidden counts of 1 to k − 1 that are bounded to within fewer than k."""
    found = []
    for table in tables:
        for place, category in sorted(table.members.keys() - table.shown):
            true = len(table.members[place, category])
            low, high = bounds(table, place, category)
            assert low <= true <= high
            if 0 < true < k and high - low < k:
                found.append(f"{table.attribute} {place} {category}: {low} to {high}")
    return found


def bounds(table: Table, place: str, category: str) -> tuple[int, int]:
    """Return the least and the most a hidden cell can be, by subtracting what is shown."""
    left = _left(table, [(place, name) for name in table.categories])
    most = min(left, _left_of_category(table, category))
    others = [c for c in table.categories if c != category and (place, c) not in table.shown]
    least = left - sum(min(left, _left_of_category(table, name)) for name in others)
    return max(0, least), most


def _left(table: Table, cells: list[tuple[str, str]]) -> int:
    return sum(len(table.members[cell]) for cell in cells if cell not in table.shown)


def _left_of_category(table: Table, category: str) -> float:
    """Return what the neighborhoods' tables leave of a category with a published total."""
    if ("", category) not in table.shown:
        return float("inf")
    return _left(table, [(place, category) for place in table.places if place])


def test_no_total_of_the_tables_leaves_a_small_group(district):
    sums = list(sums_of_tables(district.tables))
    assert len(sums) > 4
    assert small_remainders(sums, k=district.release.k) == []


def test_no_answer_about_a_meeting_leaves_a_small_group(district):
    k = district.release.k
    sums = list(sums_of_answers(answers_of(district).values(), k=k))
    assert len(sums) > 10
    assert small_remainders(sums, k=k) == []


def test_no_hidden_count_is_bounded_more_closely_than_k(district):
    hidden = {
        (table.attribute, cell)
        for table in district.tables
        for cell, members in table.members.items()
        if 0 < len(members) < district.release.k
    }
    assert len(hidden) > 3
    assert narrow_widths(district.tables, k=district.release.k) == []


def test_what_is_shown_adds_up_to_no_more_than_there_are(district):
    """The neighborhoods' totals are the sums of their home areas', as printed."""
    figures = {c.name: c.figure for c in map_cells(district.release, district.homes)}
    for hood, ids in zip(
        district.release.neighborhoods["neighborhood_id"],
        district.release.neighborhoods["home_area_ids"],
        strict=True,
    ):
        assert figures[hood] == sum(figures[area] for area in ids.split(";"))


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_folding_that_stops_at_the_threshold(small):
    """Show every category of k or more, and no complement is looked at: primary suppression."""
    weak = [
        Table(
            attribute=table.attribute,
            places=table.places,
            categories=table.categories,
            members=table.members,
            shown=frozenset(cell for cell, who in table.members.items() if len(who) >= 10),
        )
        for table in small.tables
    ]
    assert small_remainders(sums_of_tables(weak), k=small.release.k) != []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_place_that_nearly_everyone_reaches(small):
    everyone, *_ = next(iter(answers_of(small).values()))
    most = Cell(name="at A1", members=frozenset(sorted(everyone.members)[3:]), figure=285)
    found = small_remainders(sums_of_answers([[everyone, most]], k=10), k=10)
    assert found == ["not at A1"]


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_category_that_is_hidden_in_one_place_only(small):
    """Hide the smallest cell alone: its row and its column both tell it."""
    table = small.tables[0]
    hidden = min(table.members, key=lambda cell: (not cell[0], len(table.members[cell]) or 1000))
    weak = Table(
        attribute=table.attribute,
        places=table.places,
        categories=table.categories,
        members=table.members,
        shown=frozenset(table.members.keys() - {hidden}),
    )
    size = len(table.members[hidden])
    assert 0 < size < small.release.k
    assert bounds(weak, *hidden) == (size, size)
    assert len(narrow_widths([weak], k=small.release.k)) == 1
