"""Files as they come in: schools and the directory in the place of the old, families by student."""

from collections.abc import Set as AbstractSet

import geopandas as gpd
import pandas as pd

from famgeo.tables import some


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


def roster_notes(used: int, added: int, left_out: int, *, whole: bool) -> tuple[str, ...]:
    """Say what a roster did to the vault; small numbers of students are not given."""
    notes = ["Homes are kept in the vault alone."]
    if added + left_out < used:
        notes = [f"New students: {some(added)}; the others were here already."]
    if whole:
        notes.append(
            "Students who are not in this file have left: they are counted no more, and are erased "
            "after 30 days (famgeo purge). To undo it until then: famgeo bring-back"
        )
    if left_out:
        notes.append(f"Students left out because their family was erased: {some(left_out)}.")
    return tuple(notes)
