"""Public geography: minutes from a home area's streets, in which no family appears.

A home area is coloured by trips from points on its residential streets. They come from the map
and the timetable alone, so they may be computed and shown for any place and any hour.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Limits, Meeting, Mode, Reason
from famgeo.errors import StudyError
from famgeo.study.both_ways import MEANS, Means, both_ways
from famgeo.tables import Streets, Trips
from famgeo.travel.network import Network
from famgeo.travel.times import trips

Floats = NDArray[np.float64]

HOME_STREETS = ("residential", "living_street", "unclassified", "tertiary", "secondary")
POINTS_PER_AREA = 9
CHOICES = {
    "transit": ("transit", "walk"),
    "walk": ("walk", "walk"),
    "drive": ("drive", "drive"),
    "wheelchair": ("transit_step_free", "wheelchair"),
    "bike": ("bike", "bike"),
}
"""What a page offers: the means searched with a timetable, and without one."""


@dataclass(frozen=True, kw_only=True)
class StreetPoints:
    """Points on residential streets: lonlat (n, 2) and the row of the home area each stands for."""

    lonlat: Floats
    area: NDArray[np.int64]


def street_points(areas: gpd.GeoDataFrame, streets: Streets) -> StreetPoints:
    """Pick up to nine street corners in every home area, evenly through its list of corners.

    An area without a residential street is stood for by one point inside it.
    """
    corners = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(*_home_street_nodes(streets).T), crs="EPSG:4326"
    )
    inside = gpd.sjoin(corners, areas[["geometry"]], predicate="within")
    rows, lonlat = [], []
    points = np.column_stack([inside.geometry.x, inside.geometry.y])
    of_area = inside["index_right"].to_numpy()
    for row in range(len(areas)):
        here = points[of_area == row]
        if not len(here):
            inner = areas.geometry.iloc[row].representative_point()
            here = np.array([[inner.x, inner.y]])
        few = np.unique(np.linspace(0, len(here) - 1, POINTS_PER_AREA).round().astype(int))
        lonlat.append(here[few])
        rows.append(np.full(len(few), row))
    return StreetPoints(lonlat=np.vstack(lonlat), area=np.concatenate(rows))


def _home_street_nodes(streets: Streets) -> Floats:
    home = streets.ways["highway"].isin(HOME_STREETS).to_numpy()[streets.way_of]
    used = np.unique(np.concatenate([streets.from_node[home], streets.to_node[home]]))
    nodes = streets.nodes.iloc[used]
    order = np.lexsort([nodes["lat"], nodes["lon"]])
    return nodes[["lon", "lat"]].to_numpy(np.float64)[order]


def area_round_trips(
    network: Network,
    points: StreetPoints,
    area_ids: Sequence[str],
    site_lonlat: Floats,
    *,
    meeting: Meeting,
    means: str,
    limits: Limits,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Return the round trip of every home area to one site, as the middle of its street points.

    Columns: home_area_id; there_min, home_min (NaN = no way); margin_min (minutes after the end
    that the last way home leaves; inf on foot or by own means, NaN when there is none); reason
    (a Reason, or '' when one can come and get home).
    """
    by = _means(means, network)
    scheduled = by.mode is Mode.TRANSIT
    site = np.asarray(site_lonlat, np.float64).reshape(1, 2)
    ways = both_ways(
        network, points.lonlat, site, means=by, meeting=meeting, limits=limits, executor=executor
    )
    table = pd.DataFrame(
        {
            "home_area_id": list(area_ids),
            "there_min": _middle(_minutes(ways.there, limits, scheduled=scheduled)[:, 0], points),
            "home_min": _middle(_minutes(ways.home, limits, scheduled=scheduled)[0], points),
            "margin_min": np.inf,
        }
    )
    if ways.margin is not None:
        on_foot = trips(
            network,
            site,
            points.lonlat,
            Mode.WHEELCHAIR if by.step_free else Mode.WALK,
            depart_at=meeting.ends,
            max_minutes=limits.limit_min,
        ).minutes[0]
        table["margin_min"] = _margins(ways.margin[0], on_foot, points)
    table["reason"] = _reasons(table, limits.limit_min, scheduled=scheduled)
    return table


def _means(name: str, network: Network) -> Means:
    """Return what is searched for a choice on the page: without a timetable, one goes on foot."""
    if name not in CHOICES:
        message = f"There is no means of travel '{name}'. Use one of {', '.join(CHOICES)}."
        raise StudyError(message)
    with_bus, without = CHOICES[name]
    return MEANS[with_bus if network.timetables else without]


def _minutes(found: Trips, limits: Limits, *, scheduled: bool) -> NDArray[np.float32]:
    """Return the minutes; where buses were asked for, a walk beyond the limit is no way."""
    walked = scheduled & (found.rides == 0) & (found.minutes > limits.limit_min)
    return np.where(walked, np.float32(np.nan), found.minutes)


def _middle(minutes: NDArray[np.float32], points: StreetPoints) -> Floats:
    """Return the median of each area's points, where no way counts as endless."""
    endless = pd.Series(np.where(np.isnan(minutes), np.inf, minutes).astype(np.float64))
    middle = endless.groupby(points.area).median().to_numpy()
    return np.where(np.isfinite(middle), middle, np.nan)


def _margins(
    margin: NDArray[np.float32], on_foot: NDArray[np.float32], points: StreetPoints
) -> Floats:
    """Return the middle margin; where home is within a walk, no timetable bounds the way."""
    none = np.where(np.isnan(margin), -np.inf, margin)
    lasting = pd.Series(np.where(np.isfinite(on_foot), np.inf, none).astype(np.float64))
    middle = lasting.groupby(points.area).quantile(0.5, interpolation="lower").to_numpy()
    return np.where(np.isneginf(middle), np.nan, middle)


def _reasons(table: pd.DataFrame, limit_min: float, *, scheduled: bool) -> list[str]:
    there, home = table["there_min"], table["home_min"]
    tests = {
        Reason.NO_TRIP_THERE: there.isna() & scheduled,
        Reason.TOO_LONG_THERE: there.isna() | (there > limit_min),
        Reason.NO_TRIP_HOME: home.isna() & scheduled,
        Reason.TOO_LONG_HOME: home.isna() | (home > limit_min),
    }
    return [str(r) for r in np.select(list(tests.values()), list(map(str, tests)), default="")]
