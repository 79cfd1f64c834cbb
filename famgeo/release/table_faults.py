"""The audit of neighborhoods and their tables: what would be wrong with them, in plain words.

It makes nothing of how they were made: it counts the families of every cell again, looks each
figure up in the ledger, and lets a linear program play the attacker (``bounds``). Who joined or
left a table's left-out since it was accepted, four at most, is in nothing published: so hidden
cells are bounded as the ledger has them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from famgeo.release.bounds import DISTRICT, Bools, narrow
from famgeo.release.counts import BASE, OTHER, TOP_SHARE, Households, least_shown, left_out
from famgeo.release.folding import Cells
from famgeo.release.neighborhoods import LEAST
from famgeo.release.one_way import cells_of
from famgeo.release.told import TELLS_APART, Told
from famgeo.tables import ATTRIBUTES, NEIGHBORHOODS, ONE_WAY, Release, split_list
from famgeo.tables.ledger import digest

OVERLAP = 1e-9

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
    if tables.duplicated(["attribute", "neighborhood_id", "category"]).any():
        yield "a table counts the same families twice"
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
    yield from _bound_faults(cells, shown, told)


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


def _bound_faults(cells: Cells, shown: Bools, told: Told) -> Faults:
    """Let the attacker bound every hidden cell, as it was when its table was accepted."""
    counts = cells.counts.copy()
    for at, place in enumerate(cells.places):
        if place is None:
            continue
        names = [name for name, yes in zip(cells.categories, shown[at], strict=True) if yes]
        kept = _kept(told, f"{cells.attribute}/{place}")
        if kept is None or kept.shown != names or kept.away(cells.row(at), told) >= TELLS_APART:
            yield f"a table of families by {cells.attribute} was not kept as it is shown"
            return
        counts[at] = [
            n if yes else kept.left_out.get(name, 0)
            for name, n, yes in zip(cells.categories, counts[at], shown[at], strict=True)
        ]
    if not counts[DISTRICT][~shown[DISTRICT]].any():
        counts[1:][~shown[1:] & ~shown[DISTRICT]] = 0
    counts[DISTRICT] = counts[1:].sum(axis=0)
    if narrow(counts, shown, k=told.k).any():
        yield f"the tables of families by {cells.attribute} tell of a group under {told.k}"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the ledger says of a table: what it shows, and whom it left out when it was accepted.

    left_out : how many of each category; members : who, by digest; gone : how many more since
    erased.
    """

    shown: list[str]
    left_out: dict[str, int]
    members: frozenset[int]
    gone: int

    def away(self, groups: dict[str, Households], told: Told) -> int:
        """Return how many joined or left those that are left out."""
        now = {digest(household, told.secret) for household in left_out(groups, self.shown)}
        return len(self.members ^ now) + self.gone


def _kept(told: Told, label: str) -> Kept | None:
    ledger = told.ledger
    rows = [row for row, name in enumerate(ledger.labels) if name == label]
    if not rows:
        return None
    bits = np.unpackbits(ledger.members[rows[-1]], count=len(ledger.digests)).astype(bool)
    members = frozenset(ledger.digests[bits].tolist())
    return Kept(
        **json.loads(ledger.patterns[rows[-1]]), members=members, gone=int(ledger.gone[rows[-1]])
    )
