"""Draw families with a neighborhood and what they are counted by, for tests of their tables."""

import numpy as np
import pandas as pd

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
