"""Explore: who can come to a meeting and get home again, in words and on a map."""

from famgeo.ui import explore, pages
from famgeo.ui.people import Right, require

with pages.plainly() as study:
    district = explore.load(study, require(Right.MAP))
    explore.headline(district)
    view = explore.controls(district)
    if view is not None:
        explored = explore.look(district, view)
        explore.picture(district, explored, view)
        explore.details(district, explored)
