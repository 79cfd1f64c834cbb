"""House 1,200 families in the town's buildings, with their children, cars and languages."""

from dataclasses import dataclass

import numpy as np
from shapely.geometry import Point

from .buses import east_of_river
from .ground import to_lonlat
from .houses import Building
from .town import Town

HOUSEHOLDS, STUDENTS, TWO_HOMES = 1200, 1800, 26
RURAL = ((-2950, 2300), (3500, 2000), (1000, 2250))
GRADES = {"E": ("PK", "K", "1", "2", "3", "4", "5"), "M": ("6", "7", "8"),
          "H": ("9", "10", "11", "12")}  # fmt: skip
EVENINGS = ("Mo;Tu;We;Th", "Tu;Th", "Mo;Tu;Th", "Tu;We;Th;Fr", "Mo;We", "Tu;We;Sa", "Mo;Tu;Fr")
ENTERED = ("2026-08-12", "2026-08-12", "2026-08-12", "2026-08-12", "2026-09-08", "2026-10-05")
CONTACT = {"en": ("text", "email", "text", "call", "email"), "es": ("text", "call", "text"),
           "vi": ("call", "text", "visit", "text")}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Area:
    """How the families of one part of town live; shares from 0 to 1."""

    families: float
    car: float
    es: float = 0.05
    vi: float = 0.01


AREAS = {
    "downtown": Area(families=140, car=0.58, es=0.22, vi=0.03),
    "east bank": Area(families=345, car=0.46, es=0.36, vi=0.12),
    "levee heights": Area(families=60, car=0.55, es=0.12, vi=0.50),
    "cannery": Area(families=88, car=0.52, es=0.48, vi=0.04),
    "trailer park": Area(families=80, car=0.55, es=0.55),
    "millside": Area(families=52, car=0.66, es=0.40, vi=0.02),
    "bluffs": Area(families=30, car=0.88),
    "orchard": Area(families=48, car=0.87, es=0.10),
    "clover": Area(families=45, car=0.88, es=0.10),
    "prairie view": Area(families=25, car=0.94),
    "westridge": Area(families=56, car=0.97, es=0.03),
    "northfield": Area(families=22, car=0.95),
    "northgate": Area(families=42, car=0.96, vi=0.05),
    "southfield": Area(families=42, car=0.95, es=0.06),
    "west avenue": Area(families=60, car=0.5, es=0.2, vi=0.04),
    "southside": Area(families=35, car=0.90, es=0.14),
}


@dataclass(frozen=True, kw_only=True)
class Home:
    """One household: where it lives and what the school knows of it."""

    household_id: str
    x: float
    y: float
    area: str
    language: str
    facts: dict[str, str]


def build_roster(town: Town, rng: np.random.Generator) -> list[dict[str, str]]:
    """Return the roster's rows: one for each student and home."""
    homes = [_home(n, x, y, area, rng) for n, (x, y, area) in enumerate(_places(town, rng))]
    rows: list[dict[str, str]] = []
    for home, size in zip(homes, _sizes(rng), strict=True):
        for _ in range(size):
            rows.append(_student(100001 + len(rows), home, rng))
    return _with_second_homes(rows, homes, rng)


def _places(town: Town, rng: np.random.Generator) -> list[tuple[float, float, str]]:
    """Choose the homes: a house takes one family, a block of flats up to nine."""
    places: list[tuple[float, float, str]] = []
    for area, how in AREAS.items():
        units = [b for b in town.buildings if b.quarter == area for _ in range(_flats(b))]
        chosen = rng.choice(len(units), size=int(how.families), replace=False)
        centers = [units[i].shape.centroid for i in sorted(chosen)]
        places += [(c.x, c.y, area) for c in centers]
    along_main = [b for b in town.buildings if b.quarter == "main street" and b.kind == "house"]
    count = HOUSEHOLDS - len(places) - len(RURAL)
    for i in sorted(rng.choice(len(along_main), size=count, replace=False)):
        center = along_main[i].shape.centroid
        places.append((center.x, center.y, _nearest_area(center)))
    places += [(x, y, "rural") for x, y in RURAL]
    return [places[i] for i in rng.permutation(len(places))]


def _flats(building: Building) -> int:
    return {"apartments": 9, "house": 1, "static_caravan": 1}.get(building.kind, 0)


def _nearest_area(place: Point) -> str:
    return "east bank" if east_of_river(place.x, place.y) else "clover"


def _home(n: int, x: float, y: float, area: str, rng: np.random.Generator) -> Home:
    how = AREAS.get(area, Area(families=0, car=1.0))
    draw = rng.random()
    language = "es" if draw < how.es else "vi" if draw < how.es + how.vi else "en"
    car = rng.random() < how.car
    wheelchair = rng.random() < 0.03
    facts = {
        "interpreter_needed": _yes(language != "en" and rng.random() < 0.62),
        "has_car": "unknown" if rng.random() < 0.012 else _yes(car),
        "internet": _yes(rng.random() < (0.95 if car else 0.7)),
        "wheelchair": _yes(wheelchair),
        "preferred_contact": str(rng.choice(CONTACT[language])),
        "entry_date": str(rng.choice(ENTERED)),
        "address_confidential": _yes(rng.random() < 0.008),
        "evenings": str(rng.choice(EVENINGS)) if rng.random() < 0.16 else "",
    }
    return Home(household_id=f"H{n + 1:04d}", x=x, y=y, area=area, language=language, facts=facts)


def _yes(truth: bool) -> str:  # noqa: FBT001 - a fact and its word
    return "yes" if truth else "no"


def _sizes(rng: np.random.Generator) -> list[int]:
    """Give each household one to four students, 1,800 in all."""
    sizes = rng.choice([1, 2, 3, 4], size=HOUSEHOLDS, p=[0.59, 0.31, 0.08, 0.02])
    while (off := STUDENTS - int(sizes.sum())) != 0:
        n = rng.integers(HOUSEHOLDS)
        if 1 <= sizes[n] + np.sign(off) <= 3:
            sizes[n] += np.sign(off)
    return [int(s) for s in sizes]


def _student(number: int, home: Home, rng: np.random.Generator) -> dict[str, str]:
    level = str(rng.choice(["E", "M", "H"], p=[0.50, 0.22, 0.28]))
    return {
        "student_id": str(number),
        "school_id": {"M": "S4", "H": "S5"}.get(level) or _elementary(home),
        "grade": str(rng.choice(GRADES[level])),
        **_at_home(home),
    }


def _at_home(home: Home) -> dict[str, str]:
    lon, lat = to_lonlat(np.array([home.x, home.y]))
    where = {"household_id": home.household_id, "lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}
    return {**where, "home_language": home.language, **home.facts}


def _elementary(home: Home) -> str:
    """Assign the attendance zone; the east bank rides across since its own school closed."""
    if east_of_river(home.x, home.y):
        return "S1" if home.y > -120 else "S3"
    if home.y > 450:
        return "S1"
    return "S2" if home.y > -720 else "S3"


def _with_second_homes(
    rows: list[dict[str, str]], homes: list[Home], rng: np.random.Generator
) -> list[dict[str, str]]:
    """List some children a second time, at the home of their other parent."""
    twice: dict[int, dict[str, str]] = {}
    for i in sorted(rng.choice(len(rows), size=TWO_HOMES, replace=False)):
        other = homes[int(rng.integers(len(homes)))]
        if other.household_id != rows[i]["household_id"] and other.area != "rural":
            twice[int(i)] = {**rows[i], **_at_home(other)}
    return [r for i, row in enumerate(rows) for r in (row, twice.get(i)) if r is not None]
