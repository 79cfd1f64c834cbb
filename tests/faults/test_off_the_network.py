"""A home lies on an island of the street map, or beyond every street.

Promise: such a family is in the table with every site, off the network by every means, and
counted among those who cannot come; it is never 0 minutes away and never left out.
"""

import geopandas as gpd
import numpy as np
from drawn_streets import at, streets
from families import ZONE, draw_households, draw_sites
from test_vault import student_table

from famgeo.domain import Limits, Meeting
from famgeo.store.vault import open_vault
from famgeo.study.homes import barriers_of
from famgeo.travel.network import Network

TOWN = streets(
    {
        "a": (0, 0),
        "b": (300, 0),
        "c": (300, 300),
        "d": (0, 300),
        "x": (5000, 0),
        "y": (5100, 0),
    },
    [("abcd", {}), ("da", {}), ("xy", {})],
)
HOMES = at((100, 10), (5050, 0), (0, 9000))
"""In town, on the island, and beyond every street."""


def placed(table, lonlat):
    points = gpd.points_from_xy(lonlat[:, 0], lonlat[:, 1], crs="EPSG:4326")
    return table.set_geometry(points)


def test_a_family_off_the_network_is_counted_and_never_at_no_distance(tmp_path):
    homes = placed(draw_households(3, has_car="yes"), HOMES)
    vault = open_vault(tmp_path)
    vault.add_students(student_table([(h, h) for h in homes["household_id"]]), "fall")
    limits = Limits()
    found = barriers_of(
        vault,
        Network(streets=TOWN, timetables=(), limits=limits),
        homes,
        placed(draw_sites(2), at((200, 0), (5050, 0))),
        meeting=Meeting.parse("2020-02-05 18:00/20:00", ZONE),
        limits=limits,
        files={},
        state=vault.state(),
    )
    assert len(found) == len(homes) * 2
    in_town = (found["household_id"] == "h00") & (found["site_id"] == found["site_id"][0])
    assert found.loc[in_town, "reason"].tolist() == [""]
    assert found.loc[in_town, "there_min"].between(0.1, 5).all()
    assert set(found.loc[~in_town, "reason"]) == {"off_network"}
    assert np.isnan(found.loc[~in_town, ["there_min", "home_min"]]).all(axis=None)
