"""The first page answers in words, says "about", and never more than was released."""

import json
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import drawn
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from famgeo.domain import Limits, Reason, StudySettings
from famgeo.errors import StudyError
from famgeo.settings import bundled
from famgeo.ui import opened, words
from famgeo.ui.cache import told_when_it_left
from famgeo.ui.state import View

EVENING = {"place": "s0", "day": "2026-11-10", "from": "18:30", "to": "20:30", "by": "transit"}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Return a function that opens the app on a drawn study."""

    def start(study: object, **address: str) -> AppTest:
        def open_study(_folder: object, **_database: object) -> object:
            if isinstance(study, Exception):
                raise study
            return study

        monkeypatch.setattr(opened, "open_study", open_study)
        monkeypatch.setenv("FAMGEO_STUDY", str(tmp_path))
        opened._open.cache_clear()
        page = AppTest.from_file(str(bundled() / "app.py"), default_timeout=60)
        for key, value in address.items():
            page.query_params[key] = value
        return page.run()

    return start


def words_of(page: AppTest) -> str:
    """Return the text of a page without its tags."""
    pieces = [
        element.proto.body for element in page.get("html") if "<style" not in element.proto.body
    ]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", " ".join(pieces)))


def map_of(page: AppTest) -> dict[str, object]:
    (component,) = page.get("component_instance")
    return json.loads(component.proto.json_args)


def painted(page: AppTest) -> dict[str, object]:
    call = re.search(r"famgeo\.paint\((\{.*\})\);", str(map_of(page)["feature_group"]))
    assert call
    return json.loads(call.group(1))


def test_the_page_opens_with_the_answer(app) -> None:
    said = words_of(app(drawn.DrawnStudy()))
    assert "On Tuesday 10 November, 18:30 to 20:30, about 160 of 320 families" in said
    assert "have no way to attend at their school. Meeting at these 2 places instead" in said
    assert "leaves about 40 ." in said
    assert "160 can come at their school" in said
    assert "120 more can come with these places" in said


def test_a_count_too_small_to_show_says_so_and_draws_no_bar(app) -> None:
    said = words_of(app(drawn.DrawnStudy(after=None)))
    assert "leaves fewer than 10 ." in said
    assert "can come at their school" not in said
    assert "Fewer than 10 families could come here and get home" in said


def test_when_the_meeting_ends_after_the_last_bus_the_far_bank_has_no_way_home(app) -> None:
    page = app(drawn.DrawnStudy(), **EVENING)
    assert "about 160 families live where a person without a car" in words_of(page)
    assert "About 160 live where the last way home leaves too early." in words_of(page)
    looks = painted(page)["classes"]
    assert {looks[area] for area in ("h08", "h15")} == {"no-way-home"}


def test_when_it_ends_in_time_everyone_gets_home(app) -> None:
    said = words_of(app(drawn.DrawnStudy(), **EVENING | {"to": "20:10"}))
    assert "about 320 families live where" in said
    assert "too early" not in said


def test_moving_the_end_repaints_the_map_and_keeps_it_in_place(app) -> None:
    page = app(drawn.DrawnStudy(), **EVENING)
    before = map_of(page)
    start, end = page.slider(key="hours").value
    page.slider(key="hours").set_value((start, end.replace(hour=20, minute=0))).run()
    after = map_of(page)

    assert before["feature_group"] != after["feature_group"]
    same = ("script", "header", "html", "js_links", "css_links", "id")
    assert [before[key] == after[key] for key in same[:-1]] == [True] * 5


def test_every_estimate_says_about(app) -> None:
    page = app(drawn.DrawnStudy(), **EVENING)
    (now,) = [e.proto.body for e in page.get("html") if 'class="now"' in e.proto.body]
    said = re.sub(r"<[^>]+>", "", now)
    assert [m for m in re.findall(r"(\w+) [\d,]+", said) if m.lower() != "about"] == []


def test_what_is_not_public_reaches_no_element_of_the_page(app) -> None:
    secret = "4 Privet Drive"
    study = drawn.DrawnStudy(
        areas=drawn.home_areas().assign(address=secret), places=drawn.sites().assign(contact=secret)
    )
    page = app(study, **EVENING)
    sent = [
        str(element.proto) for kind in ("html", "component_instance") for element in page.get(kind)
    ]
    assert sent
    assert not any(secret in text for text in sent)


def test_the_map_asks_for_own_files_only(app, tmp_path) -> None:
    sent = map_of(app(drawn.DrawnStudy(tiles=drawn.ground(tmp_path))))
    links = [*sent["js_links"], *sent["css_links"]]
    assert links
    assert all(link.startswith("/public/") for link in links)
    assert '"/study/ground.pmtiles?v=' in sent["script"]
    assert "http" not in sent["script"]


def test_the_map_without_a_background_asks_for_none(app) -> None:
    assert '"ground":null' in map_of(app(drawn.DrawnStudy(tiles=None)))["script"]


def test_a_link_opens_the_same_view(app) -> None:
    page = app(drawn.DrawnStudy(), place="s1", day="2026-10-06", to="19:40", by="walk")
    assert page.selectbox(key="place").value == "s1"
    assert page.date_input(key="day").value == date(2026, 10, 6)
    assert page.slider(key="hours").value[1].strftime("%H:%M") == "19:40"
    assert "a person on foot can come to East Library" in words_of(page)


def test_the_address_keeps_ids_not_labels(app) -> None:
    page = app(drawn.DrawnStudy(), **EVENING)
    page.selectbox(key="place").select("s1").run()
    assert page.query_params["place"] == "s1"
    assert page.query_params["by"] == "transit"


@pytest.mark.parametrize(
    "address",
    [
        {"place": "nowhere", "by": "rocket"},
        {"day": "yesterday", "from": "25:99", "to": ""},
        {"day": "1999-01-01"},
        {"from": "02:00", "to": "23:50"},
        {"place": "<script>alert(1)</script>"},
    ],
)
def test_a_mistyped_link_opens_the_usual_view(app, address: dict[str, str]) -> None:
    page = app(drawn.DrawnStudy(), **address)
    assert not page.exception
    assert page.selectbox(key="place").value == "s0"


def test_a_meeting_that_ends_as_it_starts_is_said_plainly(app) -> None:
    page = app(drawn.DrawnStudy(), **EVENING | {"to": "18:30"})
    assert "must end after it starts" in words_of(page)
    assert not page.exception


def test_without_a_timetable_only_walking_and_driving_are_offered(app) -> None:
    page = app(drawn.DrawnStudy(dates=None))
    assert "no bus timetable yet" in words_of(page)
    assert page.get("button_group")[0].options == ["On foot", "By car"]


def test_without_a_plan_the_meeting_can_still_be_moved_about(app) -> None:
    page = app(drawn.DrawnStudy(planned=False))
    assert words.NO_PLAN in words_of(page)
    assert "At this time, about" in words_of(page)


def test_without_families_the_places_are_shown_and_no_count(app) -> None:
    page = app(drawn.DrawnStudy(released=False))
    assert words.NO_RELEASE in words_of(page)
    assert "about" not in words_of(page)
    assert "West School" in map_of(page)["script"]


def test_without_places_the_page_says_what_to_add(app) -> None:
    page = app(drawn.DrawnStudy(places=drawn.sites().iloc[:0], planned=False))
    assert "famgeo add STUDY schools" in words_of(page)
    assert not page.exception


def test_without_a_study_the_page_says_how_to_begin(monkeypatch) -> None:
    monkeypatch.delenv("FAMGEO_STUDY", raising=False)
    page = AppTest.from_file(str(bundled() / "app.py"), default_timeout=60).run()
    assert "famgeo demo" in words_of(page)
    assert not page.exception


def test_a_damaged_study_is_one_sentence(app) -> None:
    page = app(StudyError("The study district has no famgeo.toml. Make one with: famgeo new."))
    assert "has no famgeo.toml" in words_of(page)
    assert not page.exception


def test_a_defect_of_our_own_is_one_sentence_too(app, monkeypatch) -> None:
    def fail(_study: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(drawn.DrawnStudy, "service_dates", fail)
    page = app(drawn.DrawnStudy())
    assert "failed where it should not have (ZeroDivisionError)" in words_of(page)
    assert not page.exception


def test_a_bike_is_offered_where_families_are_asked_to_ride(app) -> None:
    riding = StudySettings(name="R", timezone="America/Chicago", limits=Limits(bike=True))
    offered = [
        app(study).get("button_group")[0].options
        for study in (drawn.DrawnStudy(), drawn.DrawnStudy(settings=riding))
    ]
    assert ["By bike" in options for options in offered] == [False, True]


def test_the_map_has_a_table_twin(app) -> None:
    (table,) = app(drawn.DrawnStudy(), **EVENING).dataframe
    assert len(table.value) == 16
    assert list(table.value.columns) == [
        "Area",
        "Families",
        "Minutes there",
        "Minutes home",
        "In words",
    ]
    assert (
        table.value["In words"] == "The last way home leaves before the meeting ends."
    ).sum() == 8


def test_names_are_shown_as_they_are_written(app) -> None:
    hostile = "<img src=x onerror=alert(1)> ![x](https://evil.example/x.png)"
    page = app(drawn.DrawnStudy(places=drawn.sites(hostile, "Mill Hall")), **EVENING)
    bodies = " ".join(e.proto.body for e in page.get("html"))
    assert "<img" not in bodies
    assert "&lt;img src=x onerror=alert(1)&gt;" in bodies


def test_the_lengths_of_the_bar_are_true(app) -> None:
    (said,) = [e.proto.body for e in app(drawn.DrawnStudy()).get("html") if "<h1>" in e.proto.body]
    lengths = [int(n) for n in re.findall(r"--families: (\d+)", said)]
    assert lengths == [160, 120, 40]


def test_a_day_without_a_timetable_is_not_changed_in_silence(app) -> None:
    said = words_of(app(drawn.DrawnStudy(), **EVENING | {"day": "2031-01-07"}))
    assert "There is no timetable for Tuesday 7 January 2031; it covers" in said
    assert "There is no timetable for" not in words_of(app(drawn.DrawnStudy(), **EVENING))


# ---- the words themselves ------------------------------------------------------------------------


def trips(**reasons: str) -> pd.DataFrame:
    table = pd.DataFrame({"reason": pd.Series(reasons, dtype=object)})
    return table.assign(there_min=20.0, home_min=20.0, margin_min=np.inf)


def test_an_estimate_counts_the_families_of_each_area_once() -> None:
    said = words.plain(
        words.estimate(
            trips(a="", b="no_trip_home", c="no_trip_there", d="too_long_home"),
            pd.Series({"a": 45, "b": 30, "c": 20, "d": 15}),
            "the library",
            "transit",
            60.0,
        )
    )
    assert said == (
        "At this time, about 50 families live where a person without a car can come "
        "to the library and get home. About 30 live where the last way home leaves too early. "
        "About 20 live where there is no way to get there in time. "
        "About 20 live more than 60 minutes away."
    )


def test_an_estimate_of_nobody_is_fewer_than_ten() -> None:
    said = words.plain(
        words.estimate(trips(a="no_trip_home"), pd.Series({"a": 40}), "the library", "walk", 60.0)
    )
    assert said.startswith("At this time, fewer than 10 families")


@pytest.mark.parametrize("means", words.MEANS)
@pytest.mark.parametrize("reason", ["", *Reason])
def test_every_reason_has_a_plain_sentence(reason: str, means: str) -> None:
    said = words.reason(reason, means, 60.0)
    assert said.endswith(".")
    assert "_" not in said


@pytest.mark.parametrize("reason", ["", *list(Reason)[:6]])
def test_every_look_is_in_the_legend(reason: str) -> None:
    limits = Limits(limit_min=45)
    looks = words.looks(trips(a=reason).assign(there_min=[3.0]), limits)
    assert set(looks) <= {look for look, _ in words.legend(limits)}


@pytest.mark.parametrize(
    ("minutes", "look"),
    [(0, "m0"), (14.9, "m0"), (15, "m1"), (29, "m1"), (30, "m2"), (45, "m3"), (60, "m3")],
)
def test_colours_follow_the_longer_way(minutes: float, look: str) -> None:
    table = trips(a="").assign(there_min=1.0, home_min=float(minutes))
    assert words.looks(table, Limits())["a"] == look


def test_an_area_is_named_by_the_side_of_the_place_it_lies_on() -> None:
    sides = [
        words.area_name("X", east, north) for east, north in [(0, 500), (-500, 0), (-400, -400)]
    ]
    assert sides == ["North of X", "West of X", "South-west of X"]
    assert words.area_name("X", 60, 60) == "Around X"


def test_no_words_claim_a_step_free_way_that_nobody_checked() -> None:
    assert words.STEP_FREE["unknown"] == "Step-free: not known"


def test_a_plan_of_several_evenings_names_the_first_and_the_last() -> None:
    said = words.when(["2026-11-12T18:00/20:00", "2026-11-10T18:30/20:30"])
    assert said == "On 2 evenings from Tuesday 10 November to Thursday 12 November,"


def test_a_meeting_over_midnight_ends_the_next_day() -> None:
    meeting = View(
        site_id="s",
        day=date(2026, 11, 10),
        start=pd.Timestamp("22:00").time(),
        end=pd.Timestamp("00:30").time(),
        means="walk",
    ).meeting(ZoneInfo("America/Chicago"))
    assert meeting.ends.date() == date(2026, 11, 11)


def test_a_long_walk_after_the_last_bus_is_no_way_home() -> None:
    late = trips(a="too_long_home", b="too_long_home", c="").assign(margin_min=[np.nan] * 2 + [5.0])
    early = trips(a="", b="too_long_home", c="").assign(margin_min=[100.0, np.nan, 124.0])

    told = told_when_it_left(late, early, later_min=119.0)

    assert list(told.reason) == ["no_trip_home", "too_long_home", ""]
    assert told.margin_min["a"] == -19.0
    assert np.isnan(told.home_min["a"])
    assert np.isnan(told.margin_min["b"])
    assert told.margin_min["c"] == 5.0


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        (-46.0, "The last way home leaves at 19:44, 46 minutes before the end."),
        (-1.0, "The last way home leaves at 20:29, 1 minute before the end."),
        (0.0, "The last way home leaves just as the meeting ends."),
        (12.4, "The last way home leaves at 20:42, 12 minutes after the end."),
        (np.inf, "They can leave at any time."),
        (np.nan, ""),
    ],
)
def test_the_margin_is_told_in_words(margin: float, said: str) -> None:
    assert words.margin(margin, datetime(2026, 11, 10, 20, 30, tzinfo=UTC)) == said
