"""Attack 11: look over the steward's shoulder from another seat.

The attacker is a principal who signs in where the steward just worked: in the same process, in the
same browser tab, minutes after every cache was filled by someone who may see all of the district;
or a partner who is sent a file and compares it with one made from other counts. They search what
they are sent for any home area, neighborhood, figure or corner that is not of their own school. The
attack passes when no byte of the steward's view is in the principal's, whoever came first, and
when a partner's file is the same whatever the families' counts are.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import shapely
from districts import District
from screens import app_on, elements
from streamlit.testing.v1 import AppTest

from famgeo.outputs import EXPORTERS
from famgeo.release.gate import for_partners
from famgeo.roles import MAY, Person, Right, Role, Scope
from famgeo.settings import bundled
from famgeo.tables import Release
from famgeo.ui.scope import release_for

STEWARD = Person(name="ada", role=Role.STEWARD)
PLACE_DECIMALS = 6


def principal_of(district: District) -> Person:
    """Return the principal of the district's first school."""
    own = frozenset(district.study.schools()["school_id"][:1])
    return Person(name="dora", role=Role.PRINCIPAL, school_ids=own)


def steward_bytes(
    seen: bytes, whole: Release, own: Release, *, public: Collection[str] = ()
) -> list[str]:
    """Return what is in a view though it is in the whole release alone: ids and corners.

    A place of the directory may be called like a home area: such ids are ``public``.
    """
    found = [
        f"{column} {name}"
        for part, column in (("home_areas", "home_area_id"), ("neighborhoods", "neighborhood_id"))
        for name in sorted(
            set(getattr(whole, part)[column]) - set(getattr(own, part)[column]) - set(public)
        )
        if re.search(rb"\b" + re.escape(name.encode()) + rb"\b(?!\+)", seen)
    ]
    corners = _corners(whole) - _corners(own)
    return found + [f"corner {corner}" for corner in sorted(corners) if corner.encode() in seen]


def _corners(release: Release) -> set[str]:
    """Return corners as the map is sent them: latitude, then longitude."""
    places = shapely.get_coordinates(release.home_areas.geometry.to_numpy())
    return {f"{round(lat, PLACE_DECIMALS)},{round(lon, PLACE_DECIMALS)}" for lon, lat in places}


def sent_to(page: AppTest) -> bytes:
    """Return all that a page is sent."""
    return b"\n".join(elements(page))


def looked_at(people: list[Person], monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Let people look one after another in the same tab; return what each was sent."""
    page = AppTest.from_file(str(bundled() / "app.py"), default_timeout=120)
    sent = []
    for person in people:
        monkeypatch.setattr("famgeo.ui.people.present", lambda person=person: person)
        page.run()
        assert not page.exception, page.exception
        sent.append(sent_to(page))
    return sent


def own_release(district: District, person: Person) -> Release:
    """Return what a person may see."""
    return release_for(person, district.release, district.study.schools())


def test_after_the_steward_a_principal_is_sent_no_byte_of_the_rest(district, monkeypatch):
    principal = principal_of(district)
    own, public = own_release(district, principal), district.study.sites()["site_id"]
    assert 0 < len(own.home_areas) < len(district.release.home_areas)
    with app_on(district):
        every, few, again = looked_at([STEWARD, principal, STEWARD], monkeypatch)
        (anew,) = looked_at([principal], monkeypatch)
    for seen in (few, anew):
        assert b"famgeo.open" in seen
        assert steward_bytes(seen, district.release, own, public=public) == []
    assert steward_bytes(every, district.release, own) != []
    assert steward_bytes(again, district.release, own) != []


@pytest.mark.xdist_group("attacks-small")
def test_two_principals_see_each_other_s_school_as_little(small, monkeypatch):
    ids = small.study.schools()["school_id"]
    people = [
        Person(name=name, role=Role.PRINCIPAL, school_ids=frozenset({school}))
        for name, school in zip(("dora", "eli"), (ids[0], ids[2]), strict=True)
    ]
    with app_on(small):
        sent = looked_at(people, monkeypatch)
    for person, seen in zip(people, sent, strict=True):
        assert steward_bytes(seen, small.release, own_release(small, person)) == []


def test_no_role_but_steward_and_planner_is_given_a_table_of_other_schools(district):
    for role, rights in MAY.items():
        own = frozenset(district.study.schools()["school_id"][:1])
        seen = own_release(district, Person(name="x", role=role, school_ids=own))
        if rights.get(Right.TABLES) is not Scope.ALL:
            assert set(seen.tables["attribute"]) <= {"school"}
            assert set(seen.tables["category"]) <= own
        if Right.VIEW_PLAN not in rights:
            assert seen.plans == ()


def other_counts(release: Release, more: int = 35) -> Release:
    """Return a release of the same places in which every count of families is another."""
    plans = tuple(
        replace(
            plan,
            headline=replace(
                plan.headline,
                families=plan.headline.families + 4 * more,
                no_option_at_school=more,
                no_option_with_plan=None,
                by_reason={"no_seat": more},
            ),
            sites=plan.sites.assign(reached=pd.array([more] * len(plan.sites), dtype="Int64")),
        )
        for plan in release.plans
    )
    areas = release.home_areas.assign(families=more)
    return replace(release, home_areas=areas, unmapped=more, plans=plans, release_id="other")


def partner_files(release: Release, folder: Path) -> dict[str, bytes]:
    """Return what a partner is sent of a release."""
    theirs = for_partners(release)
    return {
        path.name: path.read_bytes()
        for write in EXPORTERS.values()
        for plan in release.plans
        for path in write(theirs, plan.name, folder, audience="partner")
    }


def test_a_partner_s_file_is_the_same_whatever_the_families_counts_are(district, tmp_path):
    one = partner_files(district.release, tmp_path / "one")
    assert one
    assert partner_files(other_counts(district.release), tmp_path / "other") == one


def test_a_partner_s_release_has_no_shape_and_no_table(district):
    theirs = for_partners(district.release)
    assert (len(theirs.home_areas), len(theirs.neighborhoods), len(theirs.tables)) == (0, 0, 0)
    assert theirs.unmapped is None


WEAK: dict[str, Callable[[Release], Release]] = {
    "nothing is left out": lambda release: release,
    "areas are left in": lambda release: replace(release, tables=release.tables[:0]),
}


@pytest.mark.parametrize("weakness", WEAK)
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_principal_who_is_sent_the_steward_s_view(small, monkeypatch, weakness):
    own = own_release(small, principal_of(small))
    weak = WEAK[weakness](small.release)
    monkeypatch.setattr("famgeo.ui.explore.release_for", lambda *_: weak)
    with app_on(small):
        (seen,) = looked_at([principal_of(small)], monkeypatch)
    assert steward_bytes(seen, small.release, own) != []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_partner_s_file_that_holds_a_count(small, tmp_path, monkeypatch):
    monkeypatch.setattr("famgeo.outputs.exports.PARTNER_COLUMNS", ("site_id", "reached"))
    one = partner_files(small.release, tmp_path / "one")
    assert partner_files(other_counts(small.release), tmp_path / "other") != one
