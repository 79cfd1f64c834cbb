"""Draw a release with awkward names, for tests of what is written to files."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from families import draw_sites

from famgeo.tables import Headline, Release, ReleasedPlan

SECRET = "canary-5e1f"  # a column that no file may hold
PAYLOADS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", 'Tom\'s "Hall", east\nwing']


def draw_release(names=("School", "Library"), reached=(120, None), **headline):
    """Return a release of one plan, "autumn", with these sites."""
    sites = draw_sites(len(names), name=list(names), canary=SECRET).assign(
        reached=pd.array(reached, dtype="Int64"),
        capacity=np.where(np.arange(len(names)), np.nan, 80.0),
    )
    hole = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [shapely.box(1, 1, 2, 2).exterior])
    areas = gpd.GeoDataFrame(
        {"home_area_id": ["a1", "a2"], "families": [85, 40], "canary": SECRET},
        geometry=[
            shapely.transform(hole, lambda c: c[:, :2] / 300 - [84.51234567891, -39.0]).reverse(),
            shapely.MultiPolygon(
                [shapely.box(-84.4, 39, -84.3, 39.1), shapely.box(-84.2, 39, -84.1, 39.1)]
            ),
        ],
        crs="EPSG:4326",
    )
    figures = {"no_option_at_school": 45, "no_option_with_plan": None, "quality": "proven best"}
    plan = ReleasedPlan(
        name="autumn",
        meetings=("2020-02-05T18:00/20:00", "2020-02-06T18:00/20:00"),
        headline=Headline(
            families=125,
            by_reason={"no_trip_home": 35, "too_long_home": None},
            **figures | headline,
        ),
        sites=sites,
        settings={"canary": SECRET},
    )
    return Release(
        release_id="r1", study="Riverbend", k=10, home_areas=areas, unmapped=None, plans=(plan,)
    )
