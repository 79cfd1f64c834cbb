"""Schools and the community directory as they come in: file by file, in the place of the old."""

from collections.abc import Set as AbstractSet

import geopandas as gpd
import pandas as pd


def put_together(
    before: gpd.GeoDataFrame, new: gpd.GeoDataFrame, key: str, *, joining: bool
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return what a study holds once a file is in, and what that did to what was there.

    A file takes the place of all that was there; one that is ``joining`` an earlier file of the
    same command adds to it, and its rows take the place of those of the same id.
    """
    again = before[key].isin(new[key])
    if not joining:
        gone = len(before) - int(again.sum())
        note = f"In the place of what was there: {gone:,} of {len(before):,} left."
        return new, (note,) if gone else ()
    both = pd.concat([before[~again], new], ignore_index=True)
    note = f"Taken from this file though an earlier one has them too: {int(again.sum()):,}."
    return gpd.GeoDataFrame(both, geometry="geometry", crs=new.crs), (note,) if again.any() else ()


def clash(school_ids: AbstractSet[str], asset_ids: AbstractSet[str]) -> str:
    """Say which ids name a school and a place in the directory at once; '' when none does."""
    both = sorted(school_ids & asset_ids)
    if not both:
        return ""
    return f"The same id names a school and a place in the directory: {', '.join(both)}."
