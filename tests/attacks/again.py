"""Release a district again from other families: the steward's next term, without the travel.

The frozen geography, the key and the ledger are the district's own. A household that joins is a
copy of one that is there, so its journeys are known.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
from districts import District

from famgeo.release.exact import exact_of
from famgeo.release.gate import PlanToShow, make_release
from famgeo.release.holding import Counter
from famgeo.sources.roster import households
from famgeo.store.releases import release_to_json
from famgeo.study.frozen import frozen_geography
from famgeo.study.groups import groups_of
from famgeo.tables import Ledger, Release

TODAY = date(2026, 11, 1)


@dataclass(frozen=True, kw_only=True)
class Families:
    """STUDENTS, and the BARRIERS of their households."""

    students: gpd.GeoDataFrame
    barriers: pd.DataFrame

    @property
    def homes(self) -> gpd.GeoDataFrame:
        """HOUSEHOLDS."""
        return households(self.students)

    def without(self, gone: Sequence[str]) -> "Families":
        """Return the families when some households have left."""
        return Families(
            students=self.students[~self.students["household_id"].isin(gone)].reset_index(
                drop=True
            ),
            barriers=self.barriers[~self.barriers["household_id"].isin(gone)],
        )

    def joined_by(self, like: str, name: str = "NEWHOME", **other: str) -> "Families":
        """Return the families when one joins that is like another but for some columns."""
        new = self.students[self.students["household_id"] == like]
        ids = [f"{name}S{n}" for n in range(len(new))]
        new = new.assign(household_id=name, student_id=ids, **other).astype(
            {"household_id": str, "student_id": str}
        )
        rows = self.barriers[self.barriers["household_id"] == like].assign(household_id=name)
        students = pd.concat([self.students, new], ignore_index=True)
        return Families(
            students=gpd.GeoDataFrame(students, crs=self.students.crs),
            barriers=pd.concat([self.barriers, rows], ignore_index=True),
        )


def families_of(district: District) -> Families:
    """Return the families of a district, with their barriers at the meetings of its plans."""
    meetings = {meeting for r in district.releases for p in r.plans for meeting in p.meetings}
    return Families(
        students=district.vault.students(), barriers=district.barriers(sorted(meetings))
    )


def released(
    district: District, families: Families, *, ledger: Ledger | None = None
) -> tuple[Release, Ledger]:
    """Return a release of these families, and the ledger after it."""
    counter = Counter(
        district.vault.secret(),
        k=district.release.k,
        ledger=district.vault.ledger() if ledger is None else ledger,
    )
    homes = families.homes
    frozen = SimpleNamespace(
        home_areas=district.study.store.home_areas,
        neighborhoods=district.study.store.neighborhoods,
        save_home_areas=lambda *_, **__: None,
        save_neighborhoods=lambda *_, **__: None,
    )
    world = SimpleNamespace(settings=district.study.settings, store=frozen, homes=homes)
    areas, neighborhoods = frozen_geography(world, TODAY, counter)
    release = make_release(
        study=district.study.settings.name,
        households=homes,
        areas=areas,
        counter=counter,
        neighborhoods=neighborhoods,
        groups=groups_of(families.students, homes),
        plans=plans_of(district, families, homes),
    )
    return replace(release, release_id=""), counter.ledger


def plans_of(district: District, families: Families, homes: gpd.GeoDataFrame) -> list[PlanToShow]:
    """Return the plans of the district's newest release, counted on these families."""
    own = homes[["household_id"]].assign(site_id=homes["school_ids"].str.split(";"))
    return [
        PlanToShow(
            name=plan.name,
            exact=exact_of(
                families.barriers,
                households=homes,
                own_sites=own.explode("site_id", ignore_index=True),
                sites=plan.sites.drop(columns="reached"),
                meetings=plan.meetings,
                limit_min=district.study.settings.limits.limit_min,
            ),
            quality=plan.headline.quality,
            settings=plan.settings,
        )
        for plan in district.release.plans
    ]


def first_release(district: District, families: Families) -> tuple[Release, Ledger]:
    """Return the release of the families as they are, made once for each district."""
    if not district.again:
        district.again.append(released(district, families))
    return district.again[0]


def changes(before: Release, after: Release) -> list[str]:
    """Return which rows of a release differ from those of another."""
    one, other = (json.loads(release_to_json(release)) for release in (before, after))
    found = []
    for part in one:
        rows = [one[part], other[part]]
        if all(isinstance(side, list) for side in rows):
            kept = [{json.dumps(row, sort_keys=True) for row in side} for side in rows]
            found += [f"{part}: {row[:200]}" for row in sorted(kept[0] ^ kept[1])]
        elif rows[0] != rows[1]:
            found.append(f"{part}: {rows}")
    return found
