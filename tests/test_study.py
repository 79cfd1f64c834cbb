"""The whole road: files in, a plan out; what is public needs no vault."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
import shapely

from famgeo.domain import Limits, Meeting, MostFamilies
from famgeo.errors import PlanError, StudyError
from famgeo.settings import bundled
from famgeo.store.vault import open_vault
from famgeo.study.geography import street_points
from famgeo.study.study import create_study, open_study

RIVERBEND = bundled() / "data" / "riverbend"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def filled(folder, *, transit=True):
    """Make the sample district's study in a folder."""
    study = create_study(folder, name="Riverbend", timezone="America/Chicago")
    study.add_streets(RIVERBEND / "streets.osm.pbf", now=NOW)
    if transit:
        study.add_transit(RIVERBEND / "gtfs.zip", now=NOW)
    study.add_schools(RIVERBEND / "schools.csv", now=NOW)
    study.add_assets(RIVERBEND / "assets.csv", now=NOW)
    study.add_roster(open_vault(folder), RIVERBEND / "roster.csv", now=NOW)
    return study


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The sample district with one plan."""
    study = filled(tmp_path_factory.mktemp("studies") / "riverbend")
    study.plan(
        open_vault(study.folder), MostFamilies(n_sites=3), [evening(study)], name="three", now=NOW
    )
    return study


def evening(study, hours="18:30/20:30"):
    return Meeting.parse(f"2026-12-08 {hours}", study.zone)


def plan_for(study, **changes):
    """Plan three sites for the evening, with other wishes."""
    goal = MostFamilies(**{"n_sites": 3, **changes})
    return study.plan(open_vault(study.folder), goal, [evening(study)], name="try", now=NOW)


def test_a_plan_names_its_sites_and_can_be_made_again_from_its_settings(planned):
    plan = planned.release().plans[-1]
    settings = plan.settings
    again = planned.plan(
        open_vault(planned.folder),
        MostFamilies(n_sites=settings["sites"]),
        [Meeting.parse(text, planned.zone) for text in settings["meetings"]],
        name="again",
        now=NOW,
    )
    assert list(again.sites["site_id"]) == list(plan.sites["site_id"])
    assert again.headline == plan.headline


def test_a_locked_site_is_in_and_an_excluded_one_is_out(planned):
    plan = plan_for(planned, locked=frozenset({"A33"}), excluded=frozenset({"A01"}))
    assert "A33" in set(plan.sites["site_id"])
    assert "A01" not in set(plan.sites["site_id"])


def test_what_every_site_needs_it_has(planned):
    plan = plan_for(planned, needs=frozenset({"wheelchair", "child_care"}))
    assert (plan.sites["wheelchair"] == "yes").all()
    assert (plan.sites["child_care"] == "yes").all()


def test_the_release_that_was_stored_is_the_one_that_was_made(planned):
    stored = open_study(planned.folder).release()
    assert stored.release_id == planned.release().release_id
    assert stored.home_areas["families"].ge(10).all()


def test_home_areas_stay_where_they_were_cut(planned):
    before = planned.release().home_areas
    plan_for(planned)
    after = planned.release().home_areas
    assert list(before["home_area_id"]) == list(after["home_area_id"])
    assert before.geometry.geom_equals(after.geometry).all()


def test_every_area_has_a_round_trip_or_a_reason(planned):
    ways = planned.round_trips("S1", evening(planned), "transit")
    assert list(ways["home_area_id"]) == list(planned.release().home_areas["home_area_id"])
    can = ways["reason"] == ""
    assert 0 < can.sum() < len(ways)
    assert (ways.loc[can, ["there_min", "home_min"]] <= 60).all(axis=None)
    assert ways.loc[can, "margin_min"].notna().all()


def test_a_car_reaches_what_the_bus_does_not(planned):
    bus = planned.round_trips("S1", evening(planned), "transit")
    car = planned.round_trips("S1", evening(planned), "drive")
    assert (car["reason"] == "").sum() > (bus["reason"] == "").sum()
    assert np.isinf(car["margin_min"]).all()


def test_on_foot_is_never_quicker_than_by_any_bus_or_foot(planned):
    bus = planned.round_trips("A02", evening(planned), "transit")
    foot = planned.round_trips("A02", evening(planned), "walk")
    both = foot["there_min"].notna()
    assert (bus["there_min"][both] <= foot["there_min"][both] + 0.02).all()


def test_the_last_bus_to_the_east_bank_decides_who_gets_home(planned):
    early = planned.round_trips("S1", evening(planned, "18:00/19:30"), "transit")
    late = planned.round_trips("S1", evening(planned, "18:00/20:30"), "transit")
    assert (early["reason"] == "").sum() > (late["reason"] == "").sum()


def test_street_points_lie_in_their_own_area(planned):
    areas = planned.release().home_areas
    points = street_points(areas, planned.network.streets)
    assert set(points.area) == set(range(len(areas)))
    shapes = areas.geometry.to_numpy()[points.area]
    assert all(s.intersects(p) for s, p in zip(shapes, shapely.points(points.lonlat), strict=True))


def test_an_unknown_site_and_an_unknown_means_are_refused_in_words(planned):
    with pytest.raises(StudyError, match="no site 'A99'"):
        planned.round_trips("A99", evening(planned), "transit")
    with pytest.raises(StudyError, match="no means of travel 'rocket'"):
        planned.round_trips("S1", evening(planned), "rocket")
    with pytest.raises(PlanError, match="no site A99"):
        planned.barriers(open_vault(planned.folder), [evening(planned)], site_ids=["A99"], now=NOW)


def test_a_shorter_limit_never_leaves_fewer_without_an_option(planned):
    vault = open_vault(planned.folder)
    hour = planned.barriers(vault, [evening(planned)], now=NOW)
    half = planned.barriers(vault, [evening(planned)], limit_min=30, now=NOW)
    assert half.headline.no_option_at_school >= hour.headline.no_option_at_school


def test_two_evenings_leave_no_more_without_an_option_than_one(planned):
    vault = open_vault(planned.folder)
    other = Meeting.parse("2026-12-09 16:00/17:30", planned.zone)
    one = planned.barriers(vault, [evening(planned)], now=NOW)
    two = planned.barriers(vault, [evening(planned), other], now=NOW)
    assert two.headline.no_option_at_school <= one.headline.no_option_at_school


def test_a_study_without_a_timetable_plans_on_foot_and_by_car(tmp_path):
    study = filled(tmp_path / "walkers", transit=False)
    plan = study.plan(open_vault(study.folder), MostFamilies(n_sites=2), [evening(study)], now=NOW)
    assert len(plan.sites) == 2
    assert study.service_dates() is None
    ways = study.round_trips("S1", evening(study), "transit")
    assert np.isinf(ways["margin_min"]).all()


def test_a_study_says_what_it_lacks_one_thing_at_a_time(tmp_path):
    study = create_study(tmp_path / "empty", name="Empty", timezone="America/Chicago")
    goal, vault = MostFamilies(n_sites=1), open_vault(study.folder)
    with pytest.raises(StudyError, match="no families yet"):
        study.plan(vault, goal, [evening(study)], now=NOW)
    study.add_roster(vault, RIVERBEND / "roster.csv", now=NOW)
    with pytest.raises(StudyError, match="no streets yet"):
        study.plan(vault, goal, [evening(study)], now=NOW)
    with pytest.raises(StudyError, match="no plan yet"):
        study.round_trips("S1", evening(study), "walk")


def test_the_same_roster_twice_adds_no_one(planned):
    vault = open_vault(planned.folder)
    before = len(vault.students())
    planned.add_roster(vault, RIVERBEND / "roster.csv", now=NOW)
    assert len(vault.students()) == before


def test_check_finds_a_damaged_database_that_can_still_be_read(tmp_path):
    study = create_study(tmp_path / "hurt", name="Hurt", timezone="America/Chicago")
    study.add_schools(RIVERBEND / "schools.csv", now=NOW)
    with closing(sqlite3.connect(study.folder / "study.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (study.folder / "study.db").open("r+b") as file:
        file.seek(36)  # how many pages are free, in the header of every SQLite file
        file.write((7).to_bytes(4, "big"))
    opened = open_study(study.folder)
    found = opened.findings(today=date(2026, 12, 1), vault=open_vault(study.folder))
    assert any("study.db is damaged. Put back a copy" in f.what for f in found)


def test_findings_tell_what_is_old_and_what_is_not_known(planned):
    vault = open_vault(planned.folder)
    fresh = planned.findings(today=date(2026, 12, 1), vault=vault)
    assert not any(f.severity == "missing" for f in fresh)
    assert any("step-free" in f.what for f in fresh)
    later = planned.findings(today=date(2028, 1, 1), vault=vault)
    assert any("covers 2026-08-01 to 2027-06-30" in f.what for f in later)


def test_limits_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="walk_kmh"):
        replace(Limits(), walk_kmh=0)


@pytest.mark.parametrize("city", ["nky"])
def test_a_real_district_goes_from_files_to_a_released_plan(cities, city, tmp_path):
    folder = cities / city
    study = create_study(tmp_path / city, name=city, timezone="America/New_York")
    vault = open_vault(study.folder)
    study.add_roster(vault, folder / "roster.csv", now=NOW)
    study.add_schools(folder / "schools.csv", now=NOW)
    study.add_assets(folder / "assets.csv", now=NOW)
    study.add_streets(folder / "streets.osm.pbf", now=NOW)
    study.add_transit(folder / "gtfs.zip", now=NOW)
    meeting = Meeting.parse("2020-02-05 18:00/20:00", study.zone)
    plan = study.plan(vault, MostFamilies(n_sites=5), [meeting], name="five", now=NOW)
    assert plan.headline.quality == "proven best"
    assert plan.headline.no_option_with_plan < plan.headline.no_option_at_school
    assert study.release().home_areas["families"].min() >= 10
    assert plan.sites["reached"].dropna().min() >= 10


def told(study, **changes):
    """Return what the check of a study says on a day its timetable covers."""
    vault = open_vault(study.folder)
    return {f.what: f for f in study.findings(today=date(2026, 12, 1), vault=vault, **changes)}


def roster_with(tmp_path, **changes):
    """Write the sample roster with the first rows changed."""
    table = pd.read_csv(RIVERBEND / "roster.csv", dtype=str, keep_default_na=False)
    for column, (rows, value) in changes.items():
        table.loc[: rows - 1, column] = value
    table.to_csv(tmp_path / "roster.csv", index=False)
    return tmp_path / "roster.csv"


def test_of_the_sample_district_only_its_remote_farms_are_doubtful(planned):
    doubtful = [what for what, f in told(planned).items() if f.severity == "doubtful"]
    assert all("too far from any street" in what for what in doubtful)


@pytest.mark.parametrize(
    ("rows", "school", "said"),
    [(40, "S77", "S77."), (3, "12 Elm Street", "ids that only a few students have.")],
)
def test_a_school_no_file_has_is_named_without_a_count_and_never_by_a_few(
    tmp_path, rows, school, said
):
    study = create_study(tmp_path / "ours", name="Ours", timezone="America/Chicago")
    vault = open_vault(study.folder)
    study.add_roster(vault, roster_with(tmp_path, school_id=(rows, school)), now=NOW)
    study.add_schools(RIVERBEND / "schools.csv", now=NOW)
    found = told(study)[f"Students go to schools that are not in the schools file: {said}"]
    assert found.severity == "doubtful"


@pytest.mark.parametrize(("rows", "words"), [(4, "fewer than 10"), (100, None)])
def test_homes_off_the_streets_are_told_by_a_released_count_alone(tmp_path, rows, words):
    study = create_study(tmp_path / "ours", name="Ours", timezone="America/Chicago")
    vault = open_vault(study.folder)
    far = roster_with(tmp_path, lon=(rows, "-99.60"), lat=(rows, "38.35"))
    study.add_roster(vault, far, now=NOW)
    study.add_streets(RIVERBEND / "streets.osm.pbf", now=NOW)
    (line,) = [what for what in told(study) if "too far from any street" in what]
    count = line.removeprefix("Families who live too far from any street on the map: ")
    assert count == f"{words}." if words else int(count.rstrip(".")) % 5 == 0
    assert "99.6" not in line


def test_places_and_timetables_of_another_city_are_named(tmp_path):
    study = create_study(tmp_path / "ours", name="Ours", timezone="America/New_York")
    schools = pd.read_csv(RIVERBEND / "schools.csv").assign(lat=41.0)
    schools.to_csv(tmp_path / "schools.csv", index=False)
    study.add_assets(RIVERBEND / "assets.csv", now=NOW)
    study.add_transit(RIVERBEND / "gtfs.zip", now=NOW)
    study.add_schools(tmp_path / "schools.csv", now=NOW)
    said = " ".join(told(study))
    assert "over 30 km from every school: A01, A02" in said
    assert "and 33 others" in said
    assert "No stop of the timetable 'gtfs' is within 30 km of a school." in said
    assert "'gtfs' is in America/Chicago, the study in America/New_York" in said


def test_a_plan_on_a_street_file_that_is_gone_says_which_to_add_again(tmp_path):
    study = filled(tmp_path / "ours", transit=False)
    for file in (study.folder / "files").iterdir():
        file.write_bytes(b"x")
    with pytest.raises(StudyError, match=r"copy of streets\.osm\.pbf is missing or damaged"):
        plan_for(open_study(study.folder))


def test_barriers_say_that_nothing_runs_on_the_day_and_end_a_sentence_with_a_stop(planned):
    vault = open_vault(planned.folder)
    sunday = Meeting.parse("2026-12-06 18:30/20:30", planned.zone)
    found = planned.barriers(vault, [sunday], site_ids=["S1"], now=NOW)
    assert "Nothing runs on Sunday 2026-12-06" in str(found)
    bare = replace(found, headline=replace(found.headline, by_reason={}), notes=())
    assert str(bare).splitlines()[0].endswith("at their own school and get home.")
    assert not planned.barriers(vault, [evening(planned)], now=NOW).notes
