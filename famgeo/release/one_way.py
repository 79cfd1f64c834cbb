"""One-way tables: families by language, grade band, means and school, in each neighborhood.

One attribute at a time, never two together, in one set of neighborhoods and in the whole district:
a fixed family of tables, so that what all of them tell together can be bounded (``folding``).
"""

from itertools import compress

import numpy as np
import pandas as pd

from famgeo.release.bounds import Bools
from famgeo.release.counts import OTHER, left_out
from famgeo.release.folding import Cells, fold
from famgeo.release.holding import Counter
from famgeo.tables import ATTRIBUTES, ONE_WAY, check, no_tables


def one_way_tables(
    groups: pd.DataFrame, neighborhood_of: pd.Series, counter: Counter
) -> pd.DataFrame:
    """Return ONE_WAY: the released figures of every table, for mapped families only.

    groups : household_id and a category of each of ATTRIBUTES. neighborhood_of : the
        neighborhood_id of each household that lives in a home area, '' where there are no
        neighborhoods; indexed by household_id. Households not in it are in no table.
    Raises ``ReleaseError`` when a table would tell of a small group however it is folded.
    """
    rows = []
    for attribute in ATTRIBUTES:
        cells = cells_of(attribute, groups, neighborhood_of)
        rows += _rows(cells, fold(cells, counter), counter)
    return (
        check(pd.DataFrame(rows, columns=list(ONE_WAY.columns)), ONE_WAY) if rows else no_tables()
    )


def cells_of(attribute: str, groups: pd.DataFrame, neighborhood_of: pd.Series) -> Cells:
    """Return who is in each cell of an attribute, places and categories in order."""
    mapped = groups[groups["household_id"].isin(neighborhood_of.index)]
    place = mapped["household_id"].map(neighborhood_of)
    homes = mapped["household_id"].groupby([place, mapped[attribute]]).agg(frozenset).to_dict()
    ids = sorted(set(place))
    categories = tuple(sorted(set(mapped[attribute])))
    inner = tuple(tuple(homes.get((at, name), frozenset()) for name in categories) for at in ids)
    whole = tuple(frozenset().union(*column) for column in zip(*inner, strict=True))
    return Cells(
        attribute=attribute,
        places=("", *(at or None for at in ids)),
        categories=categories,
        members=(whole, *inner),
    )


def _rows(cells: Cells, shown: Bools, counter: Counter) -> list[tuple[str, str, str, int]]:
    """Return the figures of the shown cells and, where there is one, of all that is left."""
    rows = []
    for at in np.flatnonzero(shown.any(axis=1)).tolist():
        groups = cells.row(at)
        named = list(compress(cells.categories, shown[at]))
        rest = left_out(groups, named)
        figures = [(name, counter.figure(groups[name])) for name in named]
        figures += [(OTHER, counter.figure(rest))] if rest else []
        place = cells.places[at] or ""
        rows += [(cells.attribute, place, name, n) for name, n in figures if n is not None]
    return rows
