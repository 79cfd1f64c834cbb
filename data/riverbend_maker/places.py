"""List the schools and the community's assets, and put each at a real street.

Every name is invented, and none is a person's. ``x`` and ``y`` are where a place should stand;
it is moved to the nearest street, set back from it.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.ops import nearest_points

from .quarters import SCHOOL_GROUNDS
from .weave import Way

SCHOOLS = (
    # id, name, level, wheelchair, first and last bell
    ("S1", "Northfield Elementary", "E", "yes", "08:10", "15:10"),
    ("S2", "Prairie View Elementary", "E", "yes", "08:10", "15:10"),
    ("S3", "Southfield Elementary", "E", "unknown", "08:25", "15:25"),
    ("S4", "Riverbend Middle", "M", "yes", "07:45", "14:50"),
    ("S5", "Riverbend High", "H", "yes", "07:40", "14:45"),
)

PLACE_COLUMNS = (
    "name", "kind", "organization", "x", "y", "hosts", "capacity", "wheelchair", "languages",
    "child_care", "opening_hours", "cost_usd", "verified_on",
)  # fmt: skip
PLACES = """
Riverbend Central Library|library|Riverbend Public Library|-420|110|yes|120|yes|en;es;vi|yes|Mo-Th 09:00-21:00; Fr,Sa 09:00-17:00|0|2026-08-24
East Bank Library|library|Riverbend Public Library|1780|200|yes|60|yes|en;es;vi|no|Mo-Th 11:00-21:00; Sa 10:00-16:00|0|2026-08-24
Northgate Library Corner|library|Riverbend Public Library|-1300|1900|yes|35|yes|en|no|Mo,We 12:00-19:00; Sa 10:00-14:00|0|2026-06-02
Old East Bank School Community Center|community_centre|City of Riverbend|1930|-330|yes|180|yes|en;es;vi|yes|Mo-Fr 08:00-22:00; Sa 09:00-18:00|0|2026-09-01
Millside Community Center|community_centre|City of Riverbend|-330|-1050|yes|140|yes|en;es|yes|Mo-Sa 09:00-22:00|20|2026-09-01
Westridge Recreation Center|community_centre|City of Riverbend|-2300|760|yes|220|yes|en|yes|Mo-Su 06:00-22:00|60|2026-07-15
Sunflower Park Club Room|community_centre|Sunflower Park Residents|3560|-1225|yes|40|unknown|en;es|no|Mo-Su 08:00-21:30|0|2026-08-19
Bluffs Neighborhood House|community_centre|Bluffs Association|-470|950|yes|50|no|en|no|Tu-Th 16:00-21:00|0|2026-03-11
Church of the Three Bridges|place_of_worship|Church of the Three Bridges|280|-240|yes|200|yes|en|yes|Mo-Fr 09:00-21:30; Su 08:00-13:00|0|2026-08-05
Iglesia Puerta del Sol|place_of_worship|Iglesia Puerta del Sol|1530|-560|yes|150|yes|es;en|yes|Mo-Fr 17:00-22:00; Su 08:00-20:00|0|2026-08-12
Lotus Pond Temple|place_of_worship|Lotus Pond Temple|2200|520|yes|110|unknown|vi;en|no|Mo-Su 07:00-21:00|0|2026-08-13
Prairie Light Mosque|place_of_worship|Prairie Light Mosque|-1180|-330|yes|90|yes|en|yes|Mo-Su 06:00-22:00|0|2026-05-20
Meadow Chapel|place_of_worship|Meadow Chapel|-1650|-720|yes|80|no|en|yes|We 17:00-21:00; Su 08:00-12:30|0|2026-02-17
Hillcrest Tabernacle|place_of_worship|Hillcrest Tabernacle|-120|1180|unknown|160|unknown|en|unknown|Su 09:00-13:00|0|2026-01-28
Northfield Fellowship|place_of_worship|Northfield Fellowship|-1560|1280|yes|130|yes|en|yes|Mo-Th 08:00-21:00; Su 08:00-13:00|25|2026-07-30
Light on the Levee Church|place_of_worship|Light on the Levee Church|1430|330|yes|100|yes|en;vi|yes|Mo-Fr 10:00-21:00; Su 08:00-14:00|0|2026-08-12
South Fork Synagogue|place_of_worship|South Fork Synagogue|-330|-1650|no|70|yes|en|no|Fr 17:00-20:00; Sa 08:00-13:00|0|2026-04-09
Heron River Health Center|clinic|Heron River Health|-80|-190|yes|30|yes|en;es;vi|no|Mo-Fr 08:00-20:30|0|2026-08-20
East Bank Clinic|clinic|Heron River Health|1710|-180|yes|25|yes|en;es|no|Mo,We,Fr 08:00-17:00; Tu,Th 08:00-20:00|0|2026-08-20
Southfield Family Clinic|clinic|Heron River Health|-1390|-1320|unknown|20|yes|en;es|unknown|Mo-Fr 08:00-18:00|0|2026-02-06
Prairie Park Lodge|park|Riverbend Parks|-1800|740|yes|150|yes|en|no|Mo-Su 08:00-22:00|75|2026-06-18
Courthouse Square Pavilion|park|Riverbend Parks|-320|-60|yes|90|yes|en;es|no|Mo-Su 07:00-22:00|40|2026-06-18
Levee Green Shelter|park|Riverbend Parks|1340|-180|yes|60|yes|en;es|no|Mo-Su 07:00-21:00|15|2026-06-18
Cannery Green Shelter|park|Riverbend Parks|2260|-1180|yes|50|unknown|en|no|Mo-Su 07:00-21:00|15|2026-05-05
Overlook Shelter|park|Riverbend Parks|60|880|no|40|no|en|no|Mo-Su 07:00-sunset|15|2026-05-05
East Bank Food Pantry|food_pantry|Full Table Network|1870|40|yes|45|yes|en;es;vi|no|Tu,Th 10:00-20:00; Sa 09:00-13:00|0|2026-08-27
Full Table Pantry|food_pantry|Full Table Network|-560|-300|unknown|40|yes|en;es|no|Mo-Fr 10:00-18:00|0|2026-08-27
Southside Pantry|food_pantry|Full Table Network|-60|-1560|no||no|en;es|no|We 15:00-19:00; Sa 09:00-12:00|0|2026-01-15
New Roots Welcome Center|social_service|New Roots|2010|330|yes|70|yes|en;es;vi|yes|Mo-Th 09:00-21:00; Fr 09:00-17:00|0|2026-09-03
Riverbend Legal Help Desk|social_service|Open Door Services|-180|170|no|15|yes|en;es|no|Mo-Fr 09:00-17:00|0|2026-03-24
Housing and Heating Office|social_service|City of Riverbend|-650|-120|unknown|25|yes|en;es;vi|no|Mo-Fr 08:00-17:00|0|2026-07-08
Sprout Child Care Downtown|child_care|Sprout Child Care|-500|-520|yes|40|yes|en;es|yes|Mo-Fr 06:30-20:30|30|2026-08-18
Sprout Child Care East|child_care|Sprout Child Care|2100|-640|yes|40|yes|en;es|yes|Mo-Fr 06:30-20:30|30|2026-08-18
Little Herons Nursery|child_care|Little Herons|-2440|-330|no|30|unknown|en|yes|Mo-Fr 07:00-18:00|0|2026-02-25
Heron Valley Community College|college|Heron Valley Community College|-1050|330|yes|300|yes|en;es|yes|Mo-Fr 07:00-22:00; Sa 08:00-16:00|0|2026-08-10
College East Bank Annex|college|Heron Valley Community College|2330|-380|yes|90|yes|en;es|no|Mo-Th 08:00-21:30|0|2026-08-10
Grange Hall|hall|Riverbend Grange|-2160|-1330|yes|160|no|en|no|Mo-Su 09:00-23:00|80|2026-04-22
Cannery Workers Hall|hall|Cannery Workers Local|2070|-1000|yes|170|unknown|en;es|no|Mo-Sa 08:00-22:00|35|2026-08-06
Levee Heights Firehouse Hall|hall|Riverbend Fire Department|2410|700|unknown|80|yes|en|no|Mo-Su 08:00-21:30|0|2026-07-21
Cong Dong Cultural House|hall|Vietnamese Community of Riverbend|1870|650|yes|95|yes|vi;en|yes|Mo-Fr 16:00-22:00; Sa,Su 09:00-22:00|0|2026-08-13
Two Rivers Market|business|Two Rivers Market|1630|90|no||yes|en;es|no|Mo-Su 07:00-22:00|0|2026-08-27
Wash House Laundry|business|Wash House Laundry|1780|-760|unknown|20|yes|en;es|no|Mo-Su 06:00-23:00|0|2026-05-14
Depot Diner Back Room|business|Depot Diner|-770|-130|yes|45|yes|en|no|Mo-Sa 06:00-21:00|25|2026-07-02
Sunflower Park parent liaison|person|Sunflower Park Residents|3600|-1390|no||unknown|es;en|no||0|2026-08-19
Adult Learning Storefront|other|Riverbend Schools|-20|60|yes|50|yes|en;es;vi|yes|Mo-Th 12:00-21:00|0|2026-08-31
""".strip()  # noqa: E501 - one place a line reads best

FOOTPRINT_M = {"library": (34, 24), "community_centre": (40, 28), "place_of_worship": (32, 18),
               "college": (60, 34), "hall": (30, 20), "clinic": (28, 18), "park": (14, 10),
               "person": (9, 5)}  # fmt: skip
BUILDING_TAG = {"place_of_worship": "church", "college": "college", "hall": "civic",
                "library": "civic", "community_centre": "civic", "clinic": "clinic",
                "park": "roof", "child_care": "kindergarten"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Building:
    """A footprint in metres, what it is, and the quarter it stands in."""

    shape: Polygon
    kind: str
    quarter: str = ""


def place_rows() -> list[dict[str, str]]:
    """Read the table above into one dictionary a place."""
    rows = [line.split("|") for line in PLACES.splitlines()]
    return [dict(zip(PLACE_COLUMNS, row, strict=True)) for row in rows]


def rectangle(
    center: tuple[float, float], along: tuple[float, float], wide_m: float, deep_m: float
) -> Polygon:
    """Draw a rectangle about a point, its width along a unit vector."""
    x, y = along
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (wide_m / 2, deep_m / 2)
    return Polygon(corners @ np.array([(x, y), (-y, x)]) + center)


def place_buildings(ways: list[Way]) -> list[Building]:
    """Set each place's building back from the street nearest to where it should stand."""
    walkable = [w.line for w in ways if w.tags.get("highway") not in {None, "steps", "footway"}]
    tree = shapely.STRtree(walkable)
    made: list[Building] = []
    for row in place_rows():
        wide, deep = FOOTPRINT_M.get(row["kind"], (22, 15))
        wanted = shapely.Point(float(row["x"]), float(row["y"]))
        shape = _beside_street(wanted, walkable[int(tree.nearest(wanted))], wide, deep, tree)
        made.append(Building(shape=shape, kind=BUILDING_TAG.get(row["kind"], "commercial")))
    return made


def _beside_street(
    wanted: shapely.Point, street: shapely.LineString, wide_m: float, deep_m: float,
    streets: shapely.STRtree,
) -> Polygon:  # fmt: skip
    """Try spots along the street, nearest first, until the footprint is clear of all streets."""
    at = street.project(wanted)
    side = _side(street, at, wanted)
    for shift in (0, 12, -12, 24, -24, 40, -40, 60, -60, 80, -80):
        for turn in (side, -side):
            where = min(max(at + shift, 1.0), street.length - 1.0)
            foot = street.interpolate(where)
            along = _direction(street, where)
            back = turn * (deep_m / 2 + 10)
            center = (foot.x - along[1] * back, foot.y + along[0] * back)
            shape = rectangle(center, along, wide_m, deep_m)
            if not len(streets.query(shape, predicate="dwithin", distance=6)):
                return shape
    message = f"There is no room for a building near {wanted.x:.0f}, {wanted.y:.0f}."
    raise ValueError(message)


def _direction(line: shapely.LineString, at_m: float) -> tuple[float, float]:
    a, b = line.interpolate(max(at_m - 2, 0)), line.interpolate(min(at_m + 2, line.length))
    length = a.distance(b)
    return ((b.x - a.x) / length, (b.y - a.y) / length)


def _side(line: shapely.LineString, at_m: float, wanted: shapely.Point) -> float:
    x, y = _direction(line, at_m)
    foot, _ = nearest_points(line, wanted)
    return 1.0 if x * (wanted.y - foot.y) - y * (wanted.x - foot.x) >= 0 else -1.0


def school_buildings() -> list[Building]:
    """Put a main hall and a gym on each school's grounds."""
    made = []
    for ground in SCHOOL_GROUNDS.values():
        west, _, east, north = ground.bounds
        hall = shapely.box(west + 22, north - 62, east - 30, north - 24)
        wing = shapely.box(west + 22, north - 92, west + 58, north - 24)
        made.append(Building(shape=hall.union(wing), kind="school"))
    return made
