"""Draw families with a neighborhood and what they are counted by, for tests of their tables."""

import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.tables import as_points

STEP = 0.01

LANGUAGES = ("en", "es", "vi", "ar", "so", "fr")
CATEGORIES = {
    "grade_band": (("elementary", "middle", "high", "several"), (0.4, 0.2, 0.25, 0.15)),
    "means": (("car", "no car", "not known"), (0.8, 0.18, 0.02)),
    "school": (("s1", "s2", "s3", "s4", "several"), (0.3, 0.2, 0.15, 0.15, 0.2)),
}


def draw_groups(seed, *, places=6, families=90):
    """Return what each household is counted by, and its neighborhood by household_id."""
    draw = np.random.default_rng(seed)
    n = places * families
    ids = [f"h{number:05d}" for number in range(n)]
    columns = {"language": draw.choice(LANGUAGES, n, p=draw.dirichlet((8, 3, 1, 0.5, 0.4, 0.3)))}
    for name, (values, shares) in CATEGORIES.items():
        columns[name] = draw.choice(values, n, p=shares)
    groups = pd.DataFrame({"household_id": ids, **columns})
    home = [f"N{place + 1:02d}" for place in draw.integers(0, places, n)]
    return groups, pd.Series(home, index=ids, dtype=str)


def change_few(groups, home, seed, *, at_most=4):
    """Let one to four households leave, come, move to another neighborhood, or change."""
    draw = np.random.default_rng(seed)
    groups, home = groups.copy(), home.copy()
    for number in range(draw.integers(1, at_most + 1)):
        at = int(draw.integers(len(groups)))
        one = groups["household_id"].iloc[at]
        match draw.integers(4):
            case 0:
                groups = groups.drop(index=groups.index[at])
                home = home.drop(one)
            case 1:
                new = groups.iloc[[at]].assign(household_id=f"new{number}")
                new["language"] = draw.choice([*LANGUAGES, "never seen"])
                groups = pd.concat([groups, new])
                home[f"new{number}"] = draw.choice(home.unique())
            case 2:
                home[one] = draw.choice(home.unique())
            case _:
                other = groups.iloc[int(draw.integers(len(groups))), 2:]
                groups.iloc[at, 1] = draw.choice([*LANGUAGES, "never seen"])
                groups.iloc[at, 2:] = other.to_numpy()
        groups = groups.reset_index(drop=True)
    return groups, home


def draw_map(home):
    """Return HOUSEHOLDS in their neighborhoods, the home areas, and the neighborhoods.

    Each neighborhood is two squares, one above the other; N01 is the westernmost.
    """
    column = home.str[1:].astype(int).to_numpy() - 1
    places = int(column.max()) + 1
    # A household lives where its id says, whoever else is drawn.
    spots = np.array([divmod(zlib.crc32(one.encode()) % 10_000, 100) for one in home.index]) / 100
    homes = pd.DataFrame({"household_id": home.index, "protected": False})
    lon, lat = (column + 0.005 + 0.99 * spots[:, 0]) * STEP, (0.005 + 1.98 * spots[:, 1]) * STEP
    households = as_points(homes, lon, lat)
    squares = [(c, r) for c in range(places) for r in range(2)]
    areas = gpd.GeoDataFrame(
        {"home_area_id": [f"A{n:03d}" for n in range(1, 2 * places + 1)]},
        geometry=[
            shapely.box(c * STEP, r * STEP, (c + 1) * STEP, (r + 1) * STEP) for c, r in squares
        ],
        crs="EPSG:4326",
    )
    neighborhoods = pd.DataFrame(
        {
            "neighborhood_id": [f"N{n + 1:02d}" for n in range(places)],
            "home_area_ids": [f"A{2 * n + 1:03d};A{2 * n + 2:03d}" for n in range(places)],
        }
    )
    return households, areas, neighborhoods
