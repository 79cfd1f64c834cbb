"""The judge's own count: who is truly behind each published figure, written without the gate.

``Cell`` is one published figure with the households it stands for. What the gate takes as one
(a group that is shown with the figure of another that hardly differs) is one here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import geopandas as gpd
import pandas as pd

from famgeo.domain import Reason
from famgeo.tables import ATTRIBUTES, Headline, Release

OTHER = "other"
BANDS = {**dict.fromkeys(("PK", "K", "1", "2", "3", "4", "5"), "elementary")}
BANDS |= {**dict.fromkeys(("6", "7", "8"), "middle"), **dict.fromkeys("9", "high")}
BANDS |= dict.fromkeys(("10", "11", "12"), "high")
MEANS = {"yes": "car", "no": "no car", "unknown": "not known"}

Members = frozenset[str]
NOBODY: Members = frozenset()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A published figure: what it counts, who that is, and what was said.

    ``kinds`` are the kinds of family that its label speaks of, where that is not ``members``: what
    a stranger knows of it.
    """

    name: str
    members: Members
    figure: int
    kinds: frozenset[object] | None = None

    @property
    def described(self) -> frozenset[object]:
        """Whom the label speaks of."""
        return self.members if self.kinds is None else self.kinds


@dataclass(frozen=True, kw_only=True)
class Table:
    """One attribute as two-way sets: places ('' = district) by categories, and what is shown."""

    attribute: str
    places: tuple[str, ...]
    categories: tuple[str, ...]
    members: Mapping[tuple[str, str], Members]
    shown: frozenset[tuple[str, str]]

    def total(self, place: str) -> Members:
        """Return everyone in a place."""
        return frozenset().union(*(self.members[place, name] for name in self.categories))


def lives_in(shapes: gpd.GeoDataFrame, key: str, homes: gpd.GeoDataFrame) -> dict[str, Members]:
    """Return who lives in each shape; the protected are in none."""
    seen = homes.loc[~homes["protected"], ["household_id", "geometry"]]
    joined = gpd.sjoin(seen, shapes[[key, "geometry"]], predicate="within")
    inside = joined.groupby(key)["household_id"].agg(frozenset).to_dict()
    return {name: inside.get(name, NOBODY) for name in shapes[key]}


def categories_of(students: pd.DataFrame, homes: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return each household's one category of each attribute."""
    grades = students.groupby("household_id")["grade"].agg(lambda g: {BANDS[x] for x in g})
    return {
        "language": {h: tongue or "not stated" for h, tongue in _column(homes, "home_language")},
        "grade_band": {home: _one(bands) for home, bands in grades.items()},
        "means": {home: MEANS[answer] for home, answer in _column(homes, "has_car")},
        "school": {home: _one(set(ids.split(";"))) for home, ids in _column(homes, "school_ids")},
    }


def _column(homes: pd.DataFrame, name: str) -> Iterable[tuple[str, str]]:
    return zip(homes["household_id"], homes[name], strict=True)


def _one(found: set[str]) -> str:
    return found.pop() if len(found) == 1 else "several"


def tables_of(
    release: Release, homes: gpd.GeoDataFrame, categories: Mapping[str, Mapping[str, str]]
) -> list[Table]:
    """Return who is in every cell of the one-way tables, shown or not."""
    places = neighborhoods_of(release, homes)
    places = {
        "": frozenset().union(*lives_in(release.home_areas, "home_area_id", homes).values())
    } | places
    return [_table(attribute, release, places, categories[attribute]) for attribute in ATTRIBUTES]


def neighborhoods_of(release: Release, homes: gpd.GeoDataFrame) -> dict[str, Members]:
    """Return who lives in each neighborhood."""
    return (
        lives_in(release.neighborhoods, "neighborhood_id", homes)
        if len(release.neighborhoods)
        else {}
    )


def _table(
    attribute: str, release: Release, places: Mapping[str, Members], of: Mapping[str, str]
) -> Table:
    names = tuple(sorted({of[home] for home in places[""]}))
    rows = release.tables[release.tables["attribute"] == attribute]
    told = zip(rows["neighborhood_id"], rows["category"], strict=True)
    return Table(
        attribute=attribute,
        places=tuple(places),
        categories=names,
        members={
            (place, name): frozenset(home for home in inside if of[home] == name)
            for place, inside in places.items()
            for name in names
        },
        shown=frozenset(cell for cell in told if cell[1] != OTHER),
    )


def map_cells(release: Release, homes: gpd.GeoDataFrame) -> list[Cell]:
    """Return home areas, neighborhoods, and the families of none, as published."""
    areas = lives_in(release.home_areas, "home_area_id", homes)
    hoods = neighborhoods_of(release, homes)
    frames = ((release.home_areas, areas), (release.neighborhoods, hoods))
    cells = [
        Cell(name=name, members=inside[name], figure=int(figure))
        for frame, inside in frames
        for name, figure in zip(inside, frame["families"], strict=True)
    ]
    if release.unmapped is not None:
        none = frozenset(homes["household_id"]) - frozenset().union(*areas.values())
        cells.append(Cell(name="unmapped", members=none, figure=release.unmapped))
    return cells


def table_cells(release: Release, tables: Sequence[Table]) -> list[Cell]:
    """Return the cells of the one-way tables and their totals, as published.

    ``other`` is all that is not shown by name. Each cell says of which kinds of family it speaks:
    a neighborhood and a category of every attribute. Of these only such are thought possible as
    the schools' grades allow, for every stranger knows which school is an elementary school.
    """
    kinds, all_cells = _kinds(tables), []
    hoods = dict(
        zip(
            release.neighborhoods["neighborhood_id"], release.neighborhoods["families"], strict=True
        )
    )
    for place, figure in hoods.items():
        here = frozenset(kind for kind in kinds if kind[0] == place)
        all_cells.append(
            Cell(name=place, members=tables[0].total(place), figure=int(figure), kinds=here)
        )
    for at, table in enumerate(tables, start=1):
        rows = release.tables[release.tables["attribute"] == table.attribute]
        for _, place, name, figure in rows.itertuples(index=False):
            named = {cell[1] for cell in table.shown if cell[0] == place}
            meant = {name} if name != OTHER else set(table.categories) - named
            members = frozenset().union(*(table.members[place, one] for one in meant))
            label = f"{table.attribute} {place} {name}"
            all_cells.append(
                Cell(
                    name=label,
                    members=members,
                    figure=int(figure),
                    kinds=frozenset(
                        kind for kind in kinds if kind[at] in meant and place in {"", kind[0]}
                    ),
                )
            )
    return all_cells


def _kinds(tables: Sequence[Table]) -> list[tuple[str, ...]]:
    """Return every possible kind of family: place, and a category of each attribute."""
    by_name = {table.attribute: table for table in tables}
    places = [place for place in tables[0].places if place] or [""]
    band, school = by_name["grade_band"], by_name["school"]
    possible = {
        (one, other)
        for one in band.categories
        for other in school.categories
        if band.members["", one] & school.members["", other]
    }
    columns = [table.categories for table in tables]
    names = [table.attribute for table in tables]
    at_band, at_school = names.index("grade_band"), names.index("school")
    return [
        (place, *kind)
        for kind in product(*columns)
        if (kind[at_band], kind[at_school]) in possible
        for place in places
    ]


def answer_cells(
    headline: Headline,
    sites: pd.DataFrame,
    barriers: pd.DataFrame,
    homes: pd.DataFrame,
    *,
    label: str,
) -> list[Cell]:
    """Return the cells of one answer about some meetings: totals, reasons, and each site's.

    ``barriers`` are BARRIERS of these meetings, all of them.
    """
    everyone = frozenset(homes["household_id"])
    can = barriers[barriers["reason"] == ""]
    reached = can.groupby("site_id")["household_id"].agg(frozenset).to_dict()
    at_school = reasons_at_school(barriers, homes)
    without = frozenset(at_school)
    some = frozenset().union(*(reached.get(site, NOBODY) for site in sites["site_id"]))
    told = {
        "everyone": (everyone, headline.families),
        "without school": (without, headline.no_option_at_school),
        "without site": (everyone - some, headline.no_option_with_plan),
        **_reasons(headline, at_school),
        **{
            site: (reached.get(site, NOBODY), None if pd.isna(figure) else int(figure))
            for site, figure in zip(sites["site_id"], sites["reached"], strict=True)
        },
    }
    return [
        Cell(name=f"{label} {name}", members=members, figure=figure)
        for name, (members, figure) in told.items()
        if figure is not None
    ]


def _reasons(
    headline: Headline, at_school: Mapping[str, str]
) -> dict[str, tuple[Members, int | None]]:
    named = {name for name in headline.by_reason if name != OTHER}
    groups: dict[str, set[str]] = {name: set() for name in headline.by_reason}
    for home, reason in at_school.items():
        groups.setdefault(reason if reason in named else OTHER, set()).add(home)
    return {f"reason {n}": (frozenset(groups[n]), f) for n, f in headline.by_reason.items()}


def reasons_at_school(barriers: pd.DataFrame, homes: pd.DataFrame) -> dict[str, str]:
    """Return the main reason of each household without an option at any of its schools."""
    order = {"": -1, **{str(reason): at for at, reason in enumerate(Reason)}}
    own = homes[["household_id"]].assign(site_id=homes["school_ids"].str.split(";"))
    rows = barriers.merge(own.explode("site_id"), on=["household_id", "site_id"])
    rows = rows.assign(order=rows["reason"].map(order))
    found = rows.groupby("household_id")["order"].agg(["min", "max"]).reindex(homes["household_id"])
    names = list(order)
    return {
        home: OTHER if pd.isna(best) else names[int(worst) + 1]
        for home, best, worst in found.itertuples()
        if pd.isna(best) or best >= 0
    }
