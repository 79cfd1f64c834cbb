"""The directory: two edits of one asset never lose a word, and who opted out stays out."""

import math
import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import shapely
from databases import at_once, opened_again, url_of
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from famgeo.errors import StudyError, TableError
from famgeo.store.asset_fields import FIELDS, fields_of, meet, row_of
from famgeo.store.asset_history import Conflict, Merged
from famgeo.store.studies import new_study, open_study_store
from famgeo.tables import as_points

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
M_PER_DEGREE = 111_195
LIBRARY = {
    "asset_id": "A1",
    "name": "Bücherei am Fluss",
    "kind": "library",
    "hosts": "yes",
    "capacity": 40.0,
    "geometry": (-89.4, 43.07),
}


@pytest.fixture
def store(tmp_path, database_url):
    return new_study(
        tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago", url=database_url
    )


@pytest.fixture
def directory(store):
    store.directory.add_asset(LIBRARY, **form(1))
    return store.directory


def form(number, user="cleo", client_utc=NOON, utc=NOON):
    """Draw a form: its number is what the device made for it."""
    return {"edit_id": UUID(int=number), "user": user, "client_utc": client_utc, "utc": utc}


def table(*rows):
    """Draw ASSETS from (id, name, lon, lat)."""
    ids, names, lon, lat = zip(*rows, strict=True) if rows else ((),) * 4
    frame = pd.DataFrame(
        {
            "asset_id": pd.Series(ids, dtype=str),
            "name": pd.Series(names, dtype=str),
            "kind": "library",
            "organization": "",
            "hosts": "yes",
            "capacity": np.nan,
            "wheelchair": "unknown",
            "languages": "",
            "child_care": "unknown",
            "opening_hours": "",
            "cost_usd": np.nan,
            "verified_on": "",
            "source": "file",
        },
        index=range(len(ids)),
    )
    return as_points(frame, np.array(lon, dtype=float), np.array(lat, dtype=float))


def names(directory):
    listed = directory.assets()
    return dict(zip(listed["asset_id"], listed["name"], strict=True))


def test_an_added_asset_is_listed_with_what_is_known_of_it(directory, store):
    (row,) = opened_again(store).assets().to_dict("records")
    assert (row["name"], row["capacity"], row["wheelchair"]) == ("Bücherei am Fluss", 40, "unknown")
    assert math.isnan(row["cost_usd"])
    assert (row["geometry"].x, row["geometry"].y) == (-89.4, 43.07)
    listed = directory.asset("A1")
    assert (listed.revision, set(listed.fields)) == (1, set(FIELDS))


def test_an_asset_without_an_id_is_named_by_its_form(directory):
    new = {"name": "Parish hall", "geometry": shapely.Point(-89.3, 43.1)}
    first = directory.add_asset(new, **form(2))
    assert directory.add_asset(new, **form(2)) == first
    assert directory.add_asset(new, **form(3)).asset_id != first.asset_id
    assert len(directory.assets()) == 3


def test_edits_of_different_fields_merge(directory):
    first = directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2, "cleo"))
    second = directory.edit_asset(
        "A1", {"languages": "es", "hosts": "yes"}, base_revision=1, **form(3, "ben")
    )
    assert first == Merged(asset_id="A1", revision=2, entry_id=2, changed={"capacity": 60.0})
    assert second == Merged(asset_id="A1", revision=3, entry_id=3, changed={"languages": "es"})
    fields = directory.asset("A1").fields
    assert (fields["capacity"], fields["languages"]) == (60, "es")


def test_two_values_of_one_field_are_both_kept_and_both_shown(directory):
    directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2, "cleo"))
    met = directory.edit_asset(
        "A1", {"capacity": 80, "child_care": "yes"}, base_revision=1, **form(3, "ben")
    )
    assert met == Conflict(
        asset_id="A1",
        revision=3,
        entry_id=3,
        changed={"child_care": "yes"},
        theirs={"capacity": 60.0},
        yours={"capacity": 80.0},
    )
    assert directory.asset("A1").fields["capacity"] == 60
    assert directory.asset("A1").fields["child_care"] == "yes"
    last = directory.asset_history("A1")[-1]
    assert (last.user, last.lost) == ("ben", {"capacity": [60.0, 80.0]})
    decided = directory.edit_asset("A1", met.yours, base_revision=met.revision, **form(4, "ben"))
    assert decided.changed == {"capacity": 80.0}
    assert directory.asset("A1").fields["capacity"] == 80


def test_the_same_value_twice_is_no_conflict(directory):
    directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2))
    again = directory.edit_asset("A1", {"capacity": 60.0}, base_revision=1, **form(3, "ben"))
    assert again == Merged(asset_id="A1", revision=2, entry_id=3, changed={})


def test_a_point_moves_as_a_whole(directory):
    directory.edit_asset("A1", {"geometry": [-89.4, 43.08]}, base_revision=1, **form(2))
    met = directory.edit_asset("A1", {"geometry": (-89.5, 43.07)}, base_revision=1, **form(3))
    assert met.theirs == {"geometry": [-89.4, 43.08]}
    assert met.yours == {"geometry": [-89.5, 43.07]}


@pytest.mark.parametrize("changes", [{"capacity": 60}, {"capacity": 80, "languages": "es"}])
def test_the_same_form_twice_changes_nothing(directory, changes):
    directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2))
    first = directory.edit_asset("A1", changes, base_revision=1, **form(3))
    directory.edit_asset("A1", {"capacity": 5}, base_revision=first.revision, **form(4))
    before = directory.asset("A1"), directory.asset_history("A1")
    later = form(3, utc=NOON + HOUR)
    assert directory.edit_asset("A1", changes, base_revision=1, **later) == first
    assert (directory.asset("A1"), directory.asset_history("A1")) == before


def test_clocks_are_kept_and_the_order_is_that_of_the_revisions(directory):
    early, late = NOON - 48 * HOUR, NOON + 999 * HOUR
    directory.edit_asset("A1", {"name": "B"}, base_revision=1, **form(2, client_utc=late))
    directory.edit_asset("A1", {"name": "C"}, base_revision=2, **form(3, client_utc=early))
    entries = directory.asset_history("A1")
    assert [(e.revision, e.client_utc, e.utc) for e in entries] == [
        (1, NOON, NOON),
        (2, late, NOON),
        (3, early, NOON),
    ]
    assert directory.asset("A1").fields["name"] == "C"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "no field 'colour'. The fields are: name, kind"),
        ({"asset_id": "A2"}, "no field 'asset_id'"),
        ({"capacity": "many"}, "'capacity' of an asset is 'many'; it must be a number"),
        ({"capacity": math.inf}, "must be a number"),
        ({"capacity": True}, "must be a number"),
        ({"capacity": -1}, "column capacity"),
        ({"name": 3}, "'name' of an asset is 3; it must be a text"),
        ({"name": ""}, "column name"),
        ({"hosts": "perhaps"}, "column hosts"),
        ({"kind": "castle"}, "column kind"),
        ({"geometry": (0, 91)}, "a longitude and a latitude"),
        ({"geometry": "here"}, "a longitude and a latitude"),
        ({"geometry": None}, "a longitude and a latitude"),
        ({"geometry": (math.nan, 43)}, "a longitude and a latitude"),
    ],
)
def test_a_field_that_cannot_be_changes_nothing(directory, changes, words):
    with pytest.raises((StudyError, TableError), match=words):
        directory.edit_asset("A1", {"hosts": "no", **changes}, base_revision=1, **form(2))
    assert directory.asset("A1").revision == 1
    assert len(directory.asset_history("A1")) == 1


def test_a_new_asset_needs_a_name_and_a_place(directory):
    with pytest.raises(TableError, match="column name"):
        directory.add_asset({"geometry": (0, 0)}, **form(2))
    with pytest.raises((StudyError, TableError)):
        directory.add_asset({"name": "Hall"}, **form(3))
    with pytest.raises(StudyError, match="'A1' in the directory already"):
        directory.add_asset(LIBRARY, **form(4))


def test_who_edits_what_is_not_there_is_told(directory):
    with pytest.raises(StudyError, match="no 'A9' in the directory"):
        directory.edit_asset("A9", {}, base_revision=1, **form(2))
    with pytest.raises(StudyError, match="no revision 7; the newest is 1"):
        directory.edit_asset("A1", {}, base_revision=7, **form(3))


def test_an_edit_is_taken_back_as_an_edit(directory):
    edit = directory.edit_asset("A1", {"name": "B", "capacity": 9}, base_revision=1, **form(2))
    directory.edit_asset("A1", {"capacity": 12}, base_revision=2, **form(3))
    back = directory.undo(edit.entry_id, **form(4, "ben"))
    assert back.changed == {"name": "Bücherei am Fluss"}
    assert (back.theirs, back.yours) == ({"capacity": 12.0}, {"capacity": 40.0})
    assert directory.undo(edit.entry_id, **form(4, "ben")) == back
    directory.undo(back.entry_id, **form(5))
    assert directory.asset("A1").fields["name"] == "B"


def test_adding_and_removing_are_taken_back(directory):
    removed = directory.remove_asset("A1", base_revision=1, **form(2))
    assert names(directory) == {}
    directory.undo(removed.entry_id, **form(3))
    assert names(directory) == {"A1": "Bücherei am Fluss"}
    again = directory.asset("A1").revision
    assert again == 3
    with pytest.raises(StudyError, match="changed since"):
        directory.undo(1, **form(4))
    directory.undo(directory.asset_history("A1")[-1].entry_id, **form(5))
    assert names(directory) == {}
    with pytest.raises(StudyError, match="nothing to take back"):
        directory.undo(99, **form(6))


def test_an_asset_that_was_changed_since_is_not_removed(directory):
    directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2))
    with pytest.raises(StudyError, match="changed since you looked"):
        directory.remove_asset("A1", base_revision=1, **form(3))


def test_an_edit_of_an_earlier_life_meets_the_new_one(directory):
    """Removed and listed again by a file, an asset goes on counting its revisions."""
    directory.remove_asset("A1", base_revision=1, **form(2))
    directory.save_assets(table(("A1", "Library", -89.4, 43.07)), utc=NOON)
    met = directory.edit_asset("A1", {"name": "Mine"}, base_revision=1, **form(3))
    assert (met.theirs, met.yours) == ({"name": "Library"}, {"name": "Mine"})


def test_a_file_is_one_entry_for_each_row_that_it_changes(directory):
    first = [("A1", "One", 0, 0), ("A2", "Two", 1, 1), ("A3", "Three", 2, 2)]
    directory.save_assets(table(*first), user="ada", utc=NOON)
    second = [("A2", "Two", 1, 1), ("A3", "Drei", 2, 2.5), ("A4", "Four", 3, 3)]
    assert directory.save_assets(table(*second), user="ada", utc=NOON + HOUR) == 0
    assert names(directory) == {"A2": "Two", "A3": "Drei", "A4": "Four"}
    kinds = {
        asset_id: [entry.kind for entry in directory.asset_history(asset_id)]
        for asset_id in ("A1", "A2", "A3", "A4")
    }
    assert kinds == {
        "A1": ["add", "edit", "remove"],
        "A2": ["add"],
        "A3": ["add", "edit"],
        "A4": ["add"],
    }
    last = directory.asset_history("A3")[-1]
    assert (last.before, last.after) == (
        {"name": "Three", "geometry": [2.0, 2.0]},
        {"name": "Drei", "geometry": [2.0, 2.5]},
    )
    assert (last.user, last.client_utc, last.utc) == ("ada", None, NOON + HOUR)
    assert directory.asset("A3").revision == 2
    directory.save_assets(table(), utc=NOON)
    assert names(directory) == {}


def test_the_same_file_twice_is_no_entry(directory):
    for _ in range(2):
        directory.save_assets(table(("A1", "One", 0, 0)), utc=NOON)
    assert len(directory.asset_history("A1")) == 2


def test_a_form_and_a_file_that_change_one_field_meet(directory):
    directory.save_assets(table(("A1", "One", 0, 0)), utc=NOON)
    met = directory.edit_asset("A1", {"name": "Uno"}, base_revision=1, **form(2))
    assert (met.theirs, met.yours) == ({"name": "One"}, {"name": "Uno"})


def north(metres):
    return 43.07 + metres / M_PER_DEGREE


@pytest.mark.parametrize(
    ("row", "left_out"),
    [
        (("A1", "Anything", 10, 10), 1),
        (("B1", "Bücherei am Fluss", -89.4, 43.07), 1),
        (("B1", " BUCHEREI, am  fluss!", -89.4, north(49)), 1),
        (("B1", "Bücherei am Fluss", -89.4, north(51)), 0),
        (("B1", "Bücherei", -89.4, 43.07), 0),
    ],
)
def test_who_opted_out_is_kept_out_of_a_later_file(directory, row, left_out):
    directory.opt_out("A1", user="ada", utc=NOON)
    assert names(directory) == {}
    assert directory.save_assets(table(row, ("C1", "Clinic", 5, 5)), utc=NOON) == left_out
    assert len(names(directory)) == 2 - left_out


def test_an_opt_out_leaves_no_value_behind(directory, store):
    directory.edit_asset("A1", {"organization": "Verein"}, base_revision=1, **form(2))
    directory.opt_out("A1", user="ada", utc=NOON)
    entries = directory.asset_history("A1")
    assert [entry.kind for entry in entries] == ["add", "edit", "opt_out"]
    assert not any(entry.before or entry.after or entry.lost for entry in entries)
    if store.database.engine.dialect.name == "sqlite":
        held = b"".join(path.read_bytes() for path in store.folder.glob("study.db*"))
        assert b"Verein" not in held
        assert "Bücherei".encode() not in held


def test_who_opted_out_comes_back_by_no_form(directory):
    directory.add_asset({**LIBRARY, "asset_id": "A2", "name": "Other"}, **form(2))
    entry_id = directory.asset_history("A1")[-1].entry_id
    directory.opt_out("A1", user="ada", utc=NOON)
    for attempt in (
        lambda: directory.add_asset(LIBRARY, **form(3)),
        lambda: directory.add_asset({**LIBRARY, "asset_id": "A3"}, **form(4)),
        lambda: directory.edit_asset("A2", {"name": LIBRARY["name"]}, base_revision=1, **form(5)),
        lambda: directory.undo(entry_id, **form(6)),
        lambda: directory.edit_asset("A1", {"name": "x"}, base_revision=1, **form(7)),
    ):
        with pytest.raises(StudyError, match=r"asked not to be listed|in the directory"):
            attempt()
    assert names(directory) == {"A2": "Other"}


def test_who_changed_their_mind_is_listed_again(directory):
    directory.opt_out("A1", user="ada", utc=NOON)
    directory.opt_out("A1", user="ada", utc=NOON)
    assert directory.opt_in("A1")
    assert not directory.opt_in("A1")
    directory.add_asset(LIBRARY, **form(2))
    assert directory.asset("A1").revision == 4


def test_an_id_that_is_not_listed_can_opt_out(directory):
    directory.opt_out("Z9", user="ada", utc=NOON)
    assert directory.save_assets(table(("Z9", "Zoo", 1, 1)), utc=NOON) == 1


VALUES = st.fixed_dictionaries({}, optional=dict.fromkeys("abc", st.integers(0, 2)))


@given(
    st.fixed_dictionaries(dict.fromkeys("abc", st.integers(0, 2))),
    VALUES,
    st.sets(st.sampled_from("abc")),
)
def test_every_change_is_taken_or_shown_or_true_already(current, changes, since):
    taken, lost = meet(current, changes, since)
    for name, value in changes.items():
        stays = current[name] == value
        assert (name in taken) + (name in lost) + stays == 1
        assert taken.get(name, value) == value
        assert lost.get(name, [current[name], value]) == [current[name], value]
    assert not set(taken) & since
    assert set(lost) <= since


def test_fields_and_row_are_the_same_asset(directory):
    fields = directory.asset("A1").fields
    assert fields_of(row_of("A1", fields)) == fields


def edit_many(folder, url, first):
    directory = open_study_store(folder, url=url).directory
    for number in range(first, first + 10):
        base = directory.asset("A1").revision
        directory.edit_asset("A1", {"capacity": number}, base_revision=base, **form(number))


def edit_range(folder, url):
    edit_many(folder, url, 1000 * os.getpid())


def test_programs_that_edit_at_once_lose_no_word(directory, store):
    assert at_once(4, edit_range, store.folder, url_of(store)) == [0] * 4
    entries = directory.asset_history("A1")[1:]
    asked = {v for e in entries for v in [e.after.get("capacity"), *e.lost.get("capacity", [])[1:]]}
    assert len(entries) == 40
    assert len(asked - {None}) == 40
    revisions = [entry.revision for entry in entries]
    assert revisions == sorted(revisions)


def test_an_edit_is_whole_or_has_not_happened(directory):
    with directory.database.writing() as connection:
        connection.execute(text("DROP TABLE asset_history"))
    with pytest.raises(StudyError):
        directory.edit_asset("A1", {"capacity": 60}, base_revision=1, **form(2))
    assert directory.asset("A1").fields["capacity"] == 40
