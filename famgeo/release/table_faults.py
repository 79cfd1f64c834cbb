"""The audit of neighborhoods and their tables: what would be wrong with them, in plain words.

It makes nothing of how they were made: it counts the families of every cell again, looks each
figure up in the ledger, and lets a linear program play the attacker (``bounds``).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from famgeo.release.bounds import DISTRICT, Bools, widths
from famgeo.release.counts import BASE, OTHER, TOP_SHARE, Households, least_shown, left_out
from famgeo.release.folding import Cells
from famgeo.release.neighborhoods import LEAST
from famgeo.release.one_way import cells_of
from famgeo.release.told import Told
from famgeo.tables import ATTRIBUTES, NEIGHBORHOODS, ONE_WAY, Release, split_list
from famgeo.tables.ledger import digest

OVERLAP = 1e-9
SUMS, ENDS = 2, 2
"""A household is in two sums, its place's and its category's; a bound has two ends."""

Faults = Iterator[str]


def neighborhood_faults(release: Release) -> Faults:
    """Say what is wrong with the neighborhoods: unions of whole home areas, large enough."""
    table, areas = release.neighborhoods, release.home_areas.set_index("home_area_id")
    if list(table.columns) != list(NEIGHBORHOODS.columns):
        yield "the neighborhoods have columns beside those allowed"
        return
    members = [split_list(cell) for cell in table["home_area_ids"]]
    named = [area_id for ids in members for area_id in ids]
    if len(table) and sorted(named) != sorted(areas.index):
        yield "the neighborhoods are not made of all home areas, each in one"
        return
    rows = zip(table["families"], table.geometry, members, strict=True)
    for families, shape, ids in rows:
        if families != areas.loc[ids, "families"].sum():
            yield "the families of a neighborhood are not the sum of those of its home areas"
        if families < LEAST:
            yield f"a neighborhood has fewer than {LEAST} families"
        union = shapely.union_all(areas.loc[ids].geometry.to_numpy())
        if shapely.area(shapely.symmetric_difference(shape, union)) > OVERLAP * union.area:
            yield "a neighborhood is drawn otherwise than its home areas"


def table_faults(
    tables: pd.DataFrame, *, groups: pd.DataFrame | None, neighborhood_of: pd.Series, told: Told
) -> Faults:
    """Say what is wrong with the one-way tables; the arguments are those they were made from."""
    if list(tables.columns) != list(ONE_WAY.columns):
        yield "the tables have columns beside those allowed"
        return
    if not set(tables["attribute"]) <= set(ATTRIBUTES):
        yield "a table counts families by what is not allowed"
    if groups is None and len(tables):
        yield "the tables have no families to be held against"
    if groups is None:
        return
    for attribute in ATTRIBUTES:
        cells = cells_of(attribute, groups, neighborhood_of)
        rows = tables[tables["attribute"] == attribute]
        yield from _attribute_faults(cells, rows, told)


def _attribute_faults(cells: Cells, rows: pd.DataFrame, told: Told) -> Faults:
    figures = {
        (place, category): int(families)
        for place, category, families in zip(
            rows["neighborhood_id"], rows["category"], rows["families"], strict=True
        )
    }
    places = [place for place in cells.places if place is not None]
    allowed = {(place, name) for place in places for name in (*cells.categories, OTHER)}
    if not figures.keys() <= allowed:
        yield f"a table of families by {cells.attribute} names what is not there"
        return
    for at, place in enumerate(places):
        table = {name: n for (where, name), n in figures.items() if where == place}
        yield from _table_faults(f"{cells.attribute}", table, cells.row(at), told)
    shown = np.array(
        [[(p, c) in figures and c != OTHER for c in cells.categories] for p in cells.places]
    )
    yield from _line_faults(cells, shown, told)


def _table_faults(
    attribute: str, table: dict[str, int], groups: dict[str, Households], told: Told
) -> Faults:
    """Look at one place's table: each figure, the largest share, and that none stands alone."""
    named = {name: groups[name] for name in table if name != OTHER}
    members = {**named, OTHER: left_out(groups, named)}
    for name, figure in table.items():
        if figure < least_shown(told.k) or figure % BASE:
            yield f"a number of families by {attribute} is under {told.k} or not rounded to {BASE}"
        if figure not in told.figures(members[name]):
            yield f"a number of families by {attribute} was not counted for them"
    if table and max(table.values()) > TOP_SHARE * sum(table.values()):
        yield f"a table of families by {attribute} shows that nearly all are alike"


@dataclass(frozen=True, kw_only=True)
class Line:
    """Hidden cells whose sum follows from what is published, and whom they count.

    moved : how many joined or left since the pattern was kept that hides them; None = no such.
    """

    cells: Bools
    members: Households
    moved: int | None


def _lines(cells: Cells, shown: Bools, told: Told) -> Iterator[Line]:
    """Yield what is left of each place's table, and of each category with a district total."""
    places, categories = np.indices(shown.shape)
    hidden = ~shown & (places != DISTRICT)
    whole = shown[DISTRICT]
    for at, place in enumerate(cells.places):
        if place is not None:
            names = [name for name, yes in zip(cells.categories, shown[at], strict=True) if yes]
            left = left_out(cells.row(at), names)
            here = hidden & (~whole if at == DISTRICT else places == at)
            moved = _moved(told, f"{cells.attribute}/{place}", names, left)
            yield Line(cells=here, members=left, moved=moved)
    for at in np.flatnonzero(whole).tolist():
        column = cells.column(at)
        names = [name for name, yes in zip(column, shown[1:, at], strict=True) if yes]
        left = left_out(column, names)
        moved = _moved(told, f"{cells.attribute}:{cells.categories[at]}", names, left)
        yield Line(cells=hidden & (categories == at), members=left, moved=moved)


def _line_faults(cells: Cells, shown: Bools, told: Told) -> Faults:
    """Look at what is left unnamed: nobody, or enough, and not to be told cell by cell.

    Where one to four joined or left since the pattern was kept, the published is what it was
    without them; so such lines are exempt, and bounds may be narrower by what moved: each who
    moved is in two sums and shifts either end of a bound by one for each.
    """
    lines = list(_lines(cells, shown, told))
    if any(line.moved is None for line in lines):
        yield f"a table of families by {cells.attribute} was not kept as it is shown"
        return
    for line in lines:
        few = 0 < len(line.members) < told.k and not told.figures(line.members)
        if few and not line.moved:
            yield f"a table of families by {cells.attribute} gives away that few are left"
    moved = [line for line in lines if line.moved]
    exempt = np.logical_or.reduce([line.cells for line in moved], initial=False)
    small = (cells.counts > 0) & (cells.counts < told.k) & ~shown & ~exempt
    enough = told.k - ENDS * SUMS * sum(line.moved or 0 for line in moved)
    if enough > 0 and small.any():
        found = widths(cells.counts, shown, sought=small, enough=enough)
        if (found.width[small] < enough).any():
            yield f"the tables of families by {cells.attribute} tell of a group under {told.k}"


def _moved(told: Told, label: str, names: Sequence[str], members: Households) -> int | None:
    """Return how many joined or left since a label's last pattern was kept, if it is this one."""
    ledger = told.ledger
    rows = [row for row, name in enumerate(ledger.labels) if name == label]
    if not rows or json.loads(ledger.patterns[rows[-1]]) != sorted(names):
        return None
    bits = np.unpackbits(ledger.members[rows[-1]], count=len(ledger.digests)).astype(bool)
    then = set(ledger.digests[bits].tolist())
    now = {digest(household, told.secret) for household in members}
    return len(then ^ now) + int(ledger.gone[rows[-1]])
