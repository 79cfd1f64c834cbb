"""Draw a made-up roster from where people live, for trying things out without a real family.

Homes are drawn inside population polygons, in proportion to people; what a family has and needs
follows simple, stated shares. Nothing is taken from any real family.
"""

from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from famgeo.domain import WEEKDAYS, Answer
from famgeo.errors import SourceError
from famgeo.sources.population import KM_PER_DEGREE, WGS84, read_population
from famgeo.tables import STUDENTS, check, lonlat
from famgeo.tables.formulas import no_formula

GRADES = ("K", *(str(grade) for grade in range(1, 13)))
LEVEL_GRADES = {"E": GRADES[:6], "M": GRADES[6:9], "H": GRADES[9:]}
LEVEL_WORDS = {
    "E": ("e", "elem", "elementary", "primary", "grade school"),
    "M": ("m", "middle", "junior high", "intermediate"),
    "H": ("h", "high", "secondary", "senior high"),
}
SIBLINGS = (0.55, 0.30, 0.11, 0.04)
"""Shares of families with 1, 2, 3 and 4 students."""
LANGUAGE_SHARES = {"es": 0.14, "sw": 0.04, "ar": 0.035, "ne": 0.03, "fr": 0.02}
MOST_OTHER_LANGUAGES = 0.85
CLUSTERS = 3
CLUSTER_SHARE = 0.08
"""Breadth of a language cluster, as a share of the district's diagonal."""
CLUSTER_LIFT = 6.0
INTERPRETER_SHARE = 0.65
WHEELCHAIR_SHARE = 0.02
PROTECTED_SHARE = 0.005
CAR_SHARES = (0.96, 0.66)
"""Share with a car in the sparsest and in the densest area."""
INTERNET_SHARES = (0.95, 0.78)
"""Share with internet, of families with a car and without one."""
STATED_EVENINGS_SHARE = 0.7
FREE_EVENING_SHARE = 0.55
CONTACTS = {"text": 0.55, "email": 0.25, "call": 0.15, "visit": 0.05}
ENTRY_SHARES = {0: 0.6, 49: 0.2, 111: 0.2}
"""Days after the start of the school year on which students enter."""
SCHOOL_NOISE = 0.25
"""Spread of how near a school seems: the sigma of a log-normal factor on its distance."""
DECIMALS = 6
MAX_TRIES = 200
CHUNK = 50_000

ROSTER_COLUMNS = {
    "student_id": "student_id",
    "household_id": "household_id",
    "school_id": "school_id",
    "grade": "grade",
    "home_language": "home_language",
    "interpreter": "interpreter_needed",
    "wheelchair": "wheelchair",
    "has_car": "has_car",
    "internet": "internet",
    "evenings": "evenings",
    "contact": "preferred_contact",
    "entered_on": "entry_date",
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def synth_families(
    population: Path,
    *,
    people_field: str,
    households: int,
    schools: gpd.GeoDataFrame,
    seed: int,
    year_starts: date = date(2019, 8, 14),
) -> gpd.GeoDataFrame:
    """Draw families (STUDENTS) from population polygons; the same seed draws the same families.

    population : shapefile, GeoPackage, GeoJSON, or CSV of cell centres (lon, lat, people_field).
    schools : SCHOOLS; each student goes to a near school of the level of its grade.
    Raises ``SourceError`` when the population or the schools cannot be used.
    """
    if households < 1 or schools.empty:
        message = "Families need at least one household and one school; ask for more or add one."
        raise SourceError(message)
    rng = np.random.default_rng(seed)
    areas = read_population(population, people_field=people_field)
    where = _homes_by_area(areas, households, rng)
    homes = _points_in(areas.geometry.to_numpy()[where], rng)
    family = _families(homes, _crowding(areas)[where], year_starts, rng)
    return _students(family, homes, schools.sort_values("school_id"), rng)


def write_roster(students: gpd.GeoDataFrame, path: Path) -> None:
    """Write students (STUDENTS) as the roster CSV that ``read_roster`` reads.

    Text that a spreadsheet would run as a formula gets an apostrophe, which reading takes off.
    """
    table = pd.DataFrame({c: students[c].map(no_formula) for c in ROSTER_COLUMNS})
    at = lonlat(students)
    table.insert(4, "lon", at[:, 0].round(7))
    table.insert(5, "lat", at[:, 1].round(7))
    table["address_confidential"] = np.where(students["protected"], "yes", "no")
    try:
        table.rename(columns=ROSTER_COLUMNS).to_csv(path, index=False, encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or "there is no such folder"
        message = f"{path} cannot be written: {reason}. Choose another place with --out."
        raise SourceError(message) from error


def _homes_by_area(areas: gpd.GeoDataFrame, households: int, rng: np.random.Generator) -> Ints:
    """Draw each household's area in proportion to people, in an order that tells nothing."""
    people = areas["people"].to_numpy()
    drawn = rng.multinomial(households, people / people.sum())
    return rng.permutation(np.repeat(np.arange(len(areas)), drawn))


def _points_in(shapes: NDArray[np.object_], rng: np.random.Generator) -> Floats:
    """Draw one point uniformly inside each shape: in its box, again until it is inside."""
    shapely.prepare(shapes)
    west, south, east, north = shapely.bounds(shapes).T
    inner = shapely.point_on_surface(shapes)
    points = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    left = np.arange(len(shapes))
    for _ in range(MAX_TRIES):
        lon, lat = rng.uniform(west[left], east[left]), rng.uniform(south[left], north[left])
        inside = shapely.contains_xy(shapes[left], lon, lat)
        points[left[inside]] = np.column_stack([lon, lat])[inside]
        left = left[~inside]
        if not len(left):
            break
    return points.round(DECIMALS)


def _crowding(areas: gpd.GeoDataFrame) -> Floats:
    """Return how dense each area is, from 0 (sparsest) to 1, ranked by the people it holds."""
    middle = np.radians(areas.geometry.bounds[["miny", "maxy"]].mean(axis=1).to_numpy())
    square_km = shapely.area(areas.geometry.to_numpy()) * np.cos(middle) * KM_PER_DEGREE**2
    order = np.argsort(areas["people"].to_numpy() / square_km, kind="stable")
    people = areas["people"].to_numpy()[order]
    rank = np.empty(len(areas))
    rank[order] = (people.cumsum() - people / 2) / people.sum()
    return rank


def _families(
    homes: Floats, crowding: Floats, year_starts: date, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw what each household has, needs and says, one row for each home."""
    n = len(homes)
    sparse, dense = CAR_SHARES
    car = rng.random(n) < sparse + (dense - sparse) * crowding
    language = _languages(homes, rng)
    interpreter = (language != "en") & (rng.random(n) < INTERPRETER_SHARE)
    with_car, without = INTERNET_SHARES
    online = rng.random(n) < np.where(car, with_car, without)
    days = list(ENTRY_SHARES)
    entered = [(year_starts + timedelta(days=d)).isoformat() for d in days]
    return pd.DataFrame(
        {
            "household_id": [f"H{i:06}" for i in range(n)],
            "students": rng.choice(np.arange(1, 5), n, p=SIBLINGS),
            "home_language": language,
            "interpreter": _yes_no(interpreter),
            "has_car": _yes_no(car),
            "internet": _yes_no(online),
            "evenings": _evenings(n, rng),
            "contact": rng.choice(list(CONTACTS), n, p=list(CONTACTS.values())),
            "entered_on": rng.choice(entered, n, p=list(ENTRY_SHARES.values())),
            "protected": rng.random(n) < PROTECTED_SHARE,
        }
    )


def _languages(homes: Floats, rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw home languages that live together: each has a few middles where it is commoner."""
    spread = max(float(np.linalg.norm(np.ptp(homes, axis=0))) * CLUSTER_SHARE, 1e-9)
    chances = []
    for share in LANGUAGE_SHARES.values():
        middles = homes[rng.integers(len(homes), size=CLUSTERS)]
        gaps = np.linalg.norm(homes[:, None] - middles, axis=2) / spread
        pull = 0.3 + CLUSTER_LIFT * np.exp(-0.5 * gaps**2).sum(axis=1)
        chances.append(share * pull / pull.mean())
    other = np.array(chances)
    other *= np.minimum(1.0, MOST_OTHER_LANGUAGES / np.maximum(other.sum(axis=0), 1e-9))
    steps = other.cumsum(axis=0)
    chosen = (rng.random(len(homes)) >= steps).sum(axis=0)
    return np.asarray(np.array([*LANGUAGE_SHARES, "en"])[chosen])


def _evenings(n: int, rng: np.random.Generator) -> list[str]:
    free = rng.random((n, 5)) < FREE_EVENING_SHARE
    free[rng.random(n) >= STATED_EVENINGS_SHARE] = False
    return [";".join(d for d, f in zip(WEEKDAYS, row, strict=False) if f) for row in free]


def _students(
    family: pd.DataFrame, homes: Floats, schools: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Give each household its students, each with a grade and a school of that level."""
    home = np.repeat(np.arange(len(family)), family["students"])
    grade = rng.integers(len(GRADES), size=len(home))
    nearest = _schools_by_level(homes, schools, rng)
    level = np.repeat(np.arange(len(LEVEL_GRADES)), [len(g) for g in LEVEL_GRADES.values()])
    rows = family.drop(columns="students").iloc[home].reset_index(drop=True)
    rows.insert(0, "student_id", [f"{100_001 + i}" for i in range(len(home))])
    rows["school_id"] = schools["school_id"].to_numpy()[nearest[level[grade], home]]
    rows["grade"] = np.array(GRADES)[grade]
    rows["wheelchair"] = _yes_no(rng.random(len(home)) < WHEELCHAIR_SHARE)
    points = shapely.points(homes[home])
    return check(gpd.GeoDataFrame(rows, geometry=points, crs=WGS84), STUDENTS)


def _schools_by_level(homes: Floats, schools: gpd.GeoDataFrame, rng: np.random.Generator) -> Ints:
    """Return, per level and home, the position of the school that seems nearest to the family."""
    at = lonlat(schools)
    scale = np.array([np.cos(np.radians(at[:, 1].mean())), 1.0])
    levels = np.array([_level(text) for text in schools["level"]])
    nearest = np.empty((len(LEVEL_GRADES), len(homes)), dtype=np.int64)
    for row, level in enumerate(LEVEL_GRADES):
        fits = np.flatnonzero((levels == level) | (levels == ""))
        fits = fits if len(fits) else np.arange(len(schools))
        for start in range(0, len(homes), CHUNK):
            part = homes[start : start + CHUNK]
            gaps = np.linalg.norm((part[:, None] - at[fits]) * scale, axis=2)
            seems = gaps * rng.lognormal(0.0, SCHOOL_NOISE, gaps.shape)
            nearest[row, start : start + CHUNK] = fits[seems.argmin(axis=1)]
    return nearest


def _level(text: str) -> str:
    """Return E, M or H for a school's level; '' for a school of all grades, or not stated."""
    word = text.strip().casefold().removesuffix(" school")
    return next((level for level, words in LEVEL_WORDS.items() if word in words), "")


def _yes_no(flags: NDArray[np.bool_]) -> NDArray[np.str_]:
    return np.where(flags, Answer.YES.value, Answer.NO.value)
