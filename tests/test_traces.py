"""A home is found in a release wherever its coordinates stand; public places are no homes."""

from dataclasses import replace

import numpy as np
import shapely
from released import draw_release

from famgeo.study.traces import homes_in

HOME = np.array([[-99.6771339, 38.2713347]])


def test_a_release_of_squares_and_counts_holds_no_home():
    found, numbers = homes_in(draw_release(), HOME)
    assert found == 0
    assert numbers > 4


def test_a_corner_that_is_a_home_is_found():
    release = draw_release()
    shapes = release.home_areas.geometry.to_list()
    shapes[0] = shapely.union(shapes[0], shapely.box(*HOME[0], *(HOME[0] + 0.001)))
    areas = release.home_areas.set_geometry(shapes, crs="EPSG:4326")
    assert homes_in(replace(release, home_areas=areas), HOME)[0] == 1


def test_a_home_in_a_text_of_the_settings_is_found():
    release = draw_release()
    plan = release.plans[0]
    slipped = {"notes": ["near 38.271335,-99.677134"]}
    release = replace(release, plans=(replace(plan, settings=plan.settings | slipped),))
    assert homes_in(release, HOME)[0] == 1


def test_one_of_two_coordinates_is_no_home():
    release = draw_release()
    plan = release.plans[0]
    slipped = {"notes": ["38.271335"]}
    release = replace(release, plans=(replace(plan, settings=plan.settings | slipped),))
    assert homes_in(release, HOME)[0] == 0


def test_the_point_of_a_chosen_place_is_public():
    release = draw_release()
    site = release.plans[0].sites.geometry.iloc[0]
    assert homes_in(release, np.array([[site.x, site.y]]))[0] == 0
