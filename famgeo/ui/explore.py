"""The first page: the answer in words, then a meeting to move about, then the map.

Only released counts and public geography come here. Moving the meeting changes the geography;
the sentence about it is an estimate and says "about".
"""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from famgeo.domain import timezone
from famgeo.errors import FamgeoError
from famgeo.outputs.maps import MapView
from famgeo.roles import Person, Right, Scope
from famgeo.study.study import Study
from famgeo.tables import Release, ReleasedPlan
from famgeo.ui import show, words
from famgeo.ui.cache import round_trips
from famgeo.ui.forms import choose_view
from famgeo.ui.offline import ground_url
from famgeo.ui.scope import release_for, seen_as
from famgeo.ui.state import View, day_outside, first_view, remember

AREA_KEY = "area"
MAP_KEY = "explore-map"
LOOKED_KEY = "looked"
DEGREE_M = 111_195.0


@dataclass(frozen=True, kw_only=True)
class Explored:
    """What one look at a meeting shows: the view, and one row of travel per home area."""

    view: View
    trips: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class District:
    """What a page shows of a study: public places, and what a person sees of the newest release."""

    study: Study
    person: Person
    sites: gpd.GeoDataFrame
    release: Release | None
    dates: tuple[date, date] | None

    @property
    def plan(self) -> ReleasedPlan | None:
        """The newest released plan."""
        return self.release.plans[-1] if self.release and self.release.plans else None

    @property
    def means(self) -> list[str]:
        """The ways to travel there is data for; a bike only where families are asked to ride."""
        known = [m for m, way in words.MEANS.items() if self.dates or not way.by_timetable]
        return [m for m in known if m != "bike" or self.study.settings.limits.bike]

    @property
    def own_schools(self) -> list[str]:
        """The names of the schools a principal answers for."""
        return list(self.sites["name"][self.sites.site_id.isin(self.person.school_ids)])

    @property
    def families(self) -> pd.Series:
        """Released families by home area."""
        assert self.release is not None
        areas = self.release.home_areas
        return pd.Series(areas.families.to_numpy(), index=areas.home_area_id.to_numpy())


def load(study: Study, person: Person) -> District:
    """Read what the page shows a person; where that fails, say of which study before the reason."""
    try:
        with show.working(first=LOOKED_KEY not in st.session_state):
            return District(
                study=study,
                person=person,
                sites=_schools_first(study.sites()),
                release=_seen(study, person),
                dates=study.service_dates(),
            )
    except FamgeoError:
        show.opening(study.settings.name, words.NOT_READY)
        raise


def headline(district: District) -> None:
    """Say who cannot come and what the plan changes, or what is still missing."""
    name, plan = district.study.settings.name, district.plan
    if plan is not None:
        show.answer(name, words.headline(plan), plan.headline)
    elif district.release is None:
        show.opening(name, words.NO_RELEASE)
    elif not district.person.may(Right.VIEW_PLAN):
        show.opening(name, words.MAP_ALONE)
    else:
        show.opening(name, words.NO_PLAN)
    if district.dates is None:
        show.note(words.NO_TIMETABLE)


def controls(district: District) -> View | None:
    """Let someone move the meeting; None while there is no place to meet."""
    if district.sites.empty:
        show.trouble(words.NO_SITES)
        return None
    names = dict(zip(district.sites.site_id, district.sites["name"], strict=True))
    first = first_view(
        site_ids=list(names), plan=district.plan, dates=district.dates, means=district.means
    )
    asked = day_outside(district.dates)
    if asked and district.dates:
        show.note(words.outside(asked, first.day, district.dates))
    view = choose_view(first, sites=names, means=district.means, dates=district.dates)
    remember(view)
    return view


def look(district: District, view: View) -> Explored | None:
    """Work out how each home area would come and go."""
    if district.release is None or district.release.home_areas.empty:
        return None
    zone = timezone(district.study.settings.timezone)
    meeting = view.meeting(zone)
    with show.working(first=LOOKED_KEY not in st.session_state):
        trips = round_trips(
            district.study,
            district.person,
            district.release,
            site_id=view.site_id,
            meeting=meeting,
            means=view.means,
        )
    st.session_state[LOOKED_KEY] = True
    return Explored(view=view, trips=trips)


def picture(district: District, explored: Explored | None, view: View) -> None:
    """Show the map; beside it what it says in a sentence, and the panel of the area tapped."""
    map_side, panel_side = show.columns([7, 3])
    with map_side:
        show.area_map(
            _areas(district),
            district.sites,
            _painted(district, explored, view),
            ground_url=ground_url(district.study.basemap()),
            key=_map_key(district),
            on_choice=lambda: _take_choice(_map_key(district)),
        )
    with panel_side:
        with st.container(key="says"):
            _say(district, explored)
        with st.container(key="panel"):
            _panel(district, explored)


def details(district: District, explored: Explored | None) -> None:
    """Show the chosen places, and the map as a table."""
    if district.plan is not None:
        show.places(district.plan)
    if explored is not None:
        show.table(_rows(district, explored), on_choice=lambda: _take_row(explored))


def _seen(study: Study, person: Person) -> Release | None:
    release = study.release()
    return release and release_for(person, release, study.schools())


def _schools_first(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    order = np.lexsort([sites["name"].to_numpy(), (sites.kind != "school").to_numpy()])
    return sites.iloc[order].reset_index(drop=True)


def _areas(district: District) -> gpd.GeoDataFrame:
    if district.release is not None:
        return district.release.home_areas
    return gpd.GeoDataFrame({"home_area_id": []}, geometry=[], crs="EPSG:4326")


def _painted(district: District, explored: Explored | None, view: View) -> MapView:
    """Turn the travel rows into looks and labels."""
    limits = district.study.settings.limits
    chosen = list(district.plan.sites.site_id) if district.plan else []
    if explored is None:
        return MapView(looks={}, labels={}, place=view.site_id, chosen=chosen)
    looks = words.looks(explored.trips, limits)
    return MapView(
        looks={str(area): look for area, look in looks.items()},
        labels={str(area): words.label(trip) for area, trip in explored.trips.iterrows()},
        place=view.site_id,
        chosen=chosen,
        area=st.session_state.get(AREA_KEY, ""),
        title=words.LEGEND,
        legend=words.legend(limits),
    )


def _map_key(district: District) -> str:
    """Name the map after what is seen of which release, so new home areas make a new map."""
    seen = "-".join(seen_as(district.person))
    return f"{MAP_KEY}-{seen}-{district.release.release_id if district.release else 'places'}"


def _take_choice(key: str) -> None:
    """Keep the area tapped; move the meeting to the place tapped."""
    kind, chosen = show.choice(key)
    if kind == "area":
        st.session_state[AREA_KEY] = chosen
    elif kind == "site":
        st.session_state["place"] = chosen


def _say(district: District, explored: Explored | None) -> None:
    if district.person.scope(Right.MAP) is Scope.OWN_SCHOOL:
        schools = " and ".join(district.own_schools)
        show.note(words.OWN_AREAS.format(schools) if schools else words.NO_OWN_SCHOOL)
    if explored is None:
        return
    view = explored.view
    place = str(district.sites.set_index("site_id")["name"][view.site_id])
    limit_min = district.study.settings.limits.limit_min
    show.sentence(words.estimate(explored.trips, district.families, place, view.means, limit_min))
    if district.plan is not None:
        show.note(words.COUNTS_ALL)


def _take_row(explored: Explored) -> None:
    """Keep the area whose row was chosen in the table."""
    if (row := show.row_chosen()) is not None:
        st.session_state[AREA_KEY] = str(explored.trips.index[row])


def _panel(district: District, explored: Explored | None) -> None:
    area = st.session_state.get(AREA_KEY, "")
    if explored is None or area not in explored.trips.index:
        show.empty_panel()
        return
    show.area_panel(
        _area_names(district)[area],
        int(district.families[area]),
        explored.trips.loc[area],
        explored.view.means,
        limit_min=district.study.settings.limits.limit_min,
        ends=explored.view.meeting(timezone(district.study.settings.timezone)).ends,
    )


def _area_names(district: District) -> dict[str, str]:
    """Return what each home area is called, by its id: the nearest place and the side of it."""
    areas, sites = _areas(district), district.sites
    middles = areas.geometry.representative_point()
    lon, lat = middles.x.to_numpy()[:, None], middles.y.to_numpy()[:, None]
    east_m = (lon - sites.geometry.x.to_numpy()) * np.cos(np.radians(lat)) * DEGREE_M
    north_m = (lat - sites.geometry.y.to_numpy()) * DEGREE_M
    nearest = np.hypot(east_m, north_m).argmin(axis=1)
    return {
        str(area): words.area_name(
            sites["name"].iloc[place], east_m[row, place], north_m[row, place]
        )
        for row, (area, place) in enumerate(zip(areas.home_area_id, nearest, strict=True))
    }


def _rows(district: District, explored: Explored) -> pd.DataFrame:
    """Return the map as plain columns, one row per home area."""
    limit_min, means = district.study.settings.limits.limit_min, explored.view.means
    trips, names = explored.trips, _area_names(district)
    return pd.DataFrame(
        {
            "Area": [names[str(area)] for area in trips.index],
            "Families": district.families.reindex(trips.index).to_numpy(),
            "Minutes there": trips.there_min.round().to_numpy(),
            "Minutes home": trips.home_min.round().to_numpy(),
            "In words": [words.reason(r, means, limit_min) for r in trips.reason],
        }
    )
