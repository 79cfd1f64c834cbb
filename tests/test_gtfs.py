"""Reading a timetable: what is right is kept, what is wrong is counted, listed and left out."""

import zipfile

import numpy as np
import pytest
from feeds import FEED, write_feed, zip_of

from famgeo.domain import Answer
from famgeo.errors import SourceError
from famgeo.sources.gtfs import read_timetable

HEAD = "trip_id,arrival_time,departure_time,stop_id,stop_sequence"


@pytest.fixture
def read(tmp_path):
    """Read the drawn feed with some files changed."""

    def _read(folder="", **files):
        path = tmp_path / "feed.zip"
        changed = {f"{name}.txt": text for name, text in files.items()}
        return read_timetable(write_feed(path, changed, folder), feed_id="bus")

    return _read


def clock(table, column="arrival_s"):
    return [f"{s // 3600}:{s // 60 % 60:02}:{s % 60:02}" for s in table.stop_times[column]]


def days(table):
    return [str(d.date()) for d in table.services["date"]]


def whys(got):
    return {(r.row, r.why) for r in got.report.refused}


def test_a_plain_feed_is_read_whole(read):
    got = read()
    assert clock(got.table) == ["8:00:00", "8:05:00", "8:16:00"]
    assert clock(got.table, "departure_s") == ["8:00:00", "8:06:00", "8:16:00"]
    assert got.report.rows_read == got.report.rows_used == 3
    assert got.report.refused == ()
    assert "2020-02-03 to 2020-02-14 (America/New_York)" in str(got.report)


def test_ids_start_with_the_feed(read):
    table = read(trips="route_id,service_id,trip_id,block_id\nR,W,T,7\n").table
    assert table.stops["stop_id"].tolist() == ["bus:A", "bus:B", "bus:C"]
    assert table.trips.iloc[0].tolist() == ["bus:T", "bus:W", "bus:7", "unknown", "bus:R"]
    assert set(table.services["service_id"]) == {"bus:W"}


def test_no_block_stays_no_block(read):
    assert read().table.trips["block_id"].tolist() == [""]


def test_weekdays_run_to_the_last_day_itself(read):
    assert days(read().table) == [f"2020-02-{d:02}" for d in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14)]


def test_exceptions_add_and_remove_days(read):
    table = read(
        calendar_dates="service_id,date,exception_type\nW,20200205,2\nW,20200208,1\nW,20200203,1\n"
    ).table
    assert days(table) == [f"2020-02-{d:02}" for d in (3, 4, 6, 7, 8, 10, 11, 12, 13, 14)]


def test_a_feed_may_have_dates_alone(read):
    table = read(
        calendar=None,
        calendar_dates="service_id,date,exception_type\nW,20200205,1\nW,20200208,1\nW,20200208,2\n",
    ).table
    assert days(table) == ["2020-02-05", "2020-02-08"]


def test_times_may_pass_midnight(read):
    table = read(stop_times=f"{HEAD}\nT,23:55:00,23:55:00,A,1\nT,25:10:00,25:10:00,B,2\n").table
    assert clock(table) == ["23:55:00", "25:10:00"]


def test_rows_are_put_in_the_order_of_their_sequence(read):
    table = read(
        stop_times=f"{HEAD}\nT,8:16:00,8:16:00,C,30\nT,8:05:00,8:05:00,B,4\n"
        "T, 8:00:00 ,8:00:00,A,1\n"
    ).table
    assert table.stops["stop_id"].iloc[table.stop_times["stop"]].tolist() == [
        "bus:A",
        "bus:B",
        "bus:C",
    ]


@pytest.mark.parametrize(
    ("rows", "middle"),
    [
        ("A,1,0\nT,,,B,2,300\nT,8:10:00,8:10:00,C,3,400", "8:07:30"),  # by the feed's distances
        ("A,1,\nT,,,B,2,\nT,8:09:00,8:09:00,C,3,", "8:03:00"),  # A–B is a third of the way
        ("A,1,0\nT,,,B,2,300\nT,8:09:00,8:09:00,C,3,200", "8:03:00"),  # distances that shrink
        ("A,1,\nT,,,A,2,\nT,8:10:00,8:10:00,A,3,", "8:05:00"),  # nowhere to go: evenly
    ],
)
def test_blank_times_are_filled_by_distance_else_evenly(read, rows, middle):
    got = read(stop_times=f"{HEAD},shape_dist_traveled\nT,8:00:00,8:00:00,{rows}\n")
    assert clock(got.table)[1] == middle
    assert "filled in between timepoints: 1." in str(got.report)


def test_a_filled_time_starts_from_the_departure_before(read):
    table = read(
        stop_times=f"{HEAD}\nT,8:00:00,8:03:00,A,1\nT,,,A,2\nT,8:05:00,8:05:00,A,3\n"
    ).table
    assert clock(table) == ["8:00:00", "8:04:00", "8:05:00"]


def test_one_of_two_times_is_enough(read):
    table = read(stop_times=f"{HEAD}\nT,,8:00:00,A,1\nT,8:05:00,,B,2\n").table
    assert clock(table) == clock(table, "departure_s") == ["8:00:00", "8:05:00"]


def test_bad_trips_are_dropped_and_listed_and_the_rest_goes_on(read):
    trips = "\n".join(f"R,{s},{t}" for s, t in (("W", "T"), ("W", "U"), ("W", "V"), ("X", "S")))
    got = read(
        trips=f"route_id,service_id,trip_id\n{trips}\nQ,W,P\nR,W,N\nR,W,L\n",
        stop_times=(
            f"{HEAD}\nT,8:00:00,8:00:00,A,1\nT,8:05:00,8:05:00,B,2\n"  # rows 2, 3: good
            "U,8:00:00,8:00:00,A,1\nU,quarter past,8:15:00,B,2\n"  # 4, 5
            "V,9:00:00,9:00:00,A,1\nV,8:55:00,8:55:00,B,2\n"  # 6, 7
            "S,8:00:00,8:00:00,A,1\nS,8:05:00,8:05:00,B,2\n"  # 8, 9
            "P,8:00:00,8:00:00,A,1\nP,8:05:00,8:05:00,B,2\n"  # 10, 11
            "Z,8:00:00,8:00:00,A,1\n"  # 12
            "T,8:09:00,8:09:00,GONE,3\n"  # 13
            "N,,,A,1\nN,8:05:00,8:05:00,B,2\n"  # 14, 15
            "L,8:05:00,8:05:00,B,2\n"  # 16
        ),
    )
    assert got.table.trips["trip_id"].tolist() == ["bus:T"]
    assert got.report.rows_read == 15
    assert got.report.rows_used == 2
    assert whys(got) == {
        (5, "trip 'U' is not used: a time in this row cannot be read."),
        (7, "trip 'V' is not used: its times run backwards here."),
        (8, "trip 'S' is not used: its service is in no calendar."),
        (10, "trip 'P' is not used: its route is not in routes.txt."),
        (12, "its trip is not in trips.txt"),
        (13, "its stop is not in stops.txt"),
        (14, "trip 'N' is not used: no time at its first or last stop."),
        (16, "trip 'L' is not used: it has a single stop."),
    }


def test_a_time_that_leaves_before_it_arrives_runs_backwards(read):
    with pytest.raises(SourceError, match="no trip that can be used"):
        read(stop_times=f"{HEAD}\nT,8:00:00,8:00:00,A,1\nT,8:05:00,8:04:00,B,2\n")


def test_pickup_and_drop_off_are_kept_and_by_phone_is_no_service(read):
    head = f"{HEAD},pickup_type,drop_off_type"
    got = read(
        stop_times=f"{head}\nT,8:00:00,8:00:00,A,1,0,1\nT,8:05:00,8:05:00,B,2,2,\n"
        "T,8:09:00,8:09:00,C,3,1,3\n"
    )
    times = got.table.stop_times
    assert times["can_board"].tolist() == [True, False, False]
    assert times["can_alight"].tolist() == [False, True, False]
    assert times["by_phone"].tolist() == [False, True, True]
    assert "must be booked, not used as service: 2." in str(got.report)


def test_on_demand_zones_are_skipped_and_counted(read):
    got = read(
        stop_times=f"{HEAD},location_group_id\nT,8:00:00,8:00:00,A,1,\nT,8:05:00,8:05:00,B,2,\n"
        "T,,,,3,zone\n"
    )
    assert got.report.rows_used == 2
    assert "on-demand zones, not scheduled service: 1." in str(got.report)


def test_a_stop_inherits_its_stations_wheelchair_answer(read):
    table = read(
        stops="stop_id,stop_lat,stop_lon,location_type,parent_station,wheelchair_boarding\n"
        "S,39,-84.5,1,,1\nA,39,-84.5,0,S,\nB,39,-84.5,,S,2\nC,39,-84.5,0,,0\n"
    ).table
    assert table.stops["wheelchair"].tolist() == [Answer.YES, Answer.NO, Answer.UNKNOWN]


def test_trips_say_whether_a_wheelchair_user_can_ride(read):
    table = read(
        trips="route_id,service_id,trip_id,wheelchair_accessible\nR,W,T,1\nR,W,U,2\nR,W,V,0\n",
        stop_times=HEAD
        + "".join(f"\n{t},8:00:00,8:00:00,A,1\n{t},8:05:00,8:05:00,B,2" for t in "TUV")
        + "\n",
    ).table
    assert table.trips["wheelchair"].tolist() == ["yes", "no", "unknown"]


def test_a_feed_silent_on_wheelchairs_is_said_to_be_silent(read):
    assert "does not say which stops a wheelchair user can use" in str(read().report)


def test_nobody_boards_at_a_station_or_a_stop_without_a_place(read):
    got = read(
        stops="stop_id,stop_lat,stop_lon,location_type\nA,39,-84.5,1\nB,39.1,-84.5,0\n"
        "C,,-84.5,0\nD,39.2,-84.5,0\n",
        stop_times=f"{HEAD}\nT,8:00:00,8:00:00,A,1\nT,8:05:00,8:05:00,B,2\n"
        "T,8:06:00,8:06:00,C,3\nT,8:09:00,8:09:00,D,4\n",
    )
    assert got.table.stops["stop_id"].tolist() == ["bus:B", "bus:D"]
    assert whys(got) == {
        (2, "its stop is a station or an entrance, not a stop"),
        (4, "its stop has no valid coordinates"),
    }


def test_frequencies_are_exact_or_only_a_headway(read):
    got = read(
        frequencies="trip_id,start_time,end_time,headway_secs,exact_times\n"
        "T,06:00:00,07:00:00,600,1\nT,07:00:00,08:00:00,900,\nNONE,07:00:00,08:00:00,900,\n"
    )
    assert got.table.frequencies["exact"].tolist() == [True, False]
    assert got.table.frequencies["headway_s"].tolist() == [600, 900]
    assert "run every so many minutes, without fixed times: 1;" in str(got.report)
    assert "frequencies.txt: rows that cannot be used: 1." in str(got.report)


def test_in_seat_transfers_are_read_by_trip(read):
    table = read(
        trips="route_id,service_id,trip_id\nR,W,T\nR,W,U\n",
        stop_times=HEAD
        + "".join(f"\n{t},8:00:00,8:00:00,A,1\n{t},8:05:00,8:05:00,B,2" for t in "TU")
        + "\n",
        transfers="from_stop_id,to_stop_id,transfer_type,from_trip_id,to_trip_id\n"
        "B,A,4,T,U\nA,B,2,,\nB,A,5,U,T\n",
    ).table
    assert table.in_seat.to_numpy().tolist() == [[0, 1, True], [1, 0, False]]


def test_one_folder_in_the_zip_is_tolerated_and_said_so(read):
    assert "lie in the folder 'google'" in str(read(folder="google/").report)


def test_a_mark_at_the_start_blanks_in_the_header_and_windows_text_are_read(read):
    table = read(
        agency="﻿agency_name, agency_timezone\r\nBus,America/New_York\r\n",
        stops='stop_id,stop_name,stop_lat,stop_lon\nA,Caf\xe9 "5",39,-84.5\nB,b,39,-84.5\n'
        'C,"two\nlines",39,-84.5\n'.encode("cp1252"),
    ).table
    assert table.timezone == "America/New_York"
    assert table.stops["name"].tolist() == ['Café "5"', "b", "two\nlines"]


def test_a_row_with_too_few_cells_is_filled_and_one_with_too_many_is_noted(read):
    got = read(
        stops="stop_id,stop_lat,stop_lon,stop_name,location_type\n"
        "A,39,-84.5,a,0\nB,39,-84.5\nC,39,-84.5,c,0,what,else\n"
    )
    assert got.table.stops["stop_id"].tolist() == ["bus:A", "bus:B"]
    assert "stops.txt: rows with more cells than the header, not used: 1." in str(got.report)


def test_a_repeated_stop_counts_once(read):
    got = read(stops=FEED["stops.txt"] + "A,Again,40,-80\n")
    assert got.table.stops["name"].tolist()[0] == "First"
    assert "stops.txt: rows that repeat a stop_id: 1;" in str(got.report)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"stops": None}, "lacks stops.txt"),
        ({"calendar": None}, "lacks calendar.txt"),
        ({"agency": "agency_name\nBus\n"}, "agency.txt lacks the column agency_timezone"),
        ({"agency": "agency_timezone\nMars/Base\n"}, "no time zone 'Mars/Base'"),
        ({"agency": "agency_timezone\n\n"}, "names no agency_timezone"),
        ({"trips": "route_id,trip_id\nR,T\n"}, "trips.txt lacks the column service_id"),
        ({"stop_times": f"{HEAD}\n"}, "no trip that can be used"),
        ({"stop_times": ""}, "stop_times.txt lacks the columns"),
        ({"calendar_dates": b"\x00\xff", "calendar": None}, "lacks the columns"),
        (
            {"calendar": FEED["calendar.txt"].replace("1,1,1,1,1", "0,0,0,0,0")},
            "no day of service",
        ),
        (
            {
                "calendar": FEED["calendar.txt"].splitlines()[0]
                + "\nW,1,1,1,1,1,1,1,00010101,99991231" * 9
            },
            "too many years",
        ),
    ],
)
def test_what_is_no_timetable_is_refused_in_one_plain_sentence(read, files, message):
    with pytest.raises(SourceError, match=r"^feed\.zip: ") as error:
        read(**files)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"%PDF-1.7 ...", "this is a PDF document"),
        (b"stop_id,stop_lat\n", "not a zip file"),
        (zip_of({"notes.txt": b"hello"}), "holds no GTFS timetable"),
        (zip_of({n: t.encode() for n, t in FEED.items()})[:-300], "damaged, cut short"),
        (zip_of({f"{i}.txt": b"" for i in range(51)}), "51 files, more than 50"),
        (zip_of({"stops.txt": b"0" * 2_000_000}), "more than 100 times its size"),
        (zip_of({"../stops.txt": b"x"}), "points outside the zip"),
        (zip_of({"/stops.txt": b"x"}), "points outside the zip"),
    ],
)
def test_a_file_that_is_no_safe_zip_is_refused_by_its_content(tmp_path, content, message):
    path = tmp_path / "feed.zip"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read_timetable(path, feed_id="bus")


def test_a_zip_with_one_damaged_file_is_refused(tmp_path):
    path = write_feed(tmp_path / "feed.zip", {"stop_times.txt": FEED["stop_times.txt"] * 50})
    content = bytearray(path.read_bytes())
    start = content.rfind(b"stop_times.txt", 0, content.rfind(b"PK\x01\x02"))
    content[start + 40 : start + 60] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(SourceError, match="damaged"):
        read_timetable(path, feed_id="bus")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        read_timetable(tmp_path / "none.zip", feed_id="bus")
    with pytest.raises(SourceError, match="this is a folder"):
        read_timetable(tmp_path, feed_id="bus")


def test_links_in_a_zip_are_refused(tmp_path):
    path = write_feed(tmp_path / "feed.zip", {})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("shapes.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="points outside the zip"):
        read_timetable(path, feed_id="bus")


@pytest.mark.golden
@pytest.mark.parametrize(
    ("feed", "size", "span", "note"),
    [
        ("nky/gtfs.zip", (1255, 2751, 102049), ("2019-10-31", "2020-08-27"), "wheelchair"),
        (
            "poa/poa_eptc.zip",
            (3986, 2374, 130019),
            ("2019-04-15", "2019-07-15"),
            "timepoints: 125,271.",
        ),
        ("poa/poa_trensurb.zip", (24, 1248, 14855), ("2019-03-01", "2019-12-31"), "wheelchair"),
        ("spo/spo.zip", (654, 36, 860), ("2008-01-01", "2020-05-01"), "on the dot"),
        ("portland/trimet-2routes.zip", (88, 2341, 43813), ("2021-10-17", "2022-01-08"), "stops a"),
    ],
)
def test_real_feeds_are_read_whole(cities, feed, size, span, note):
    got = read_timetable(cities / feed, feed_id="x")
    table, report = got.table, got.report
    assert (len(table.stops), len(table.trips), len(table.stop_times)) == size
    assert report.rows_read == report.rows_used == len(table.stop_times)
    assert (days(table)[0], days(table)[-1]) == span
    assert note in str(report)
    times = table.stop_times
    same = times["trip"].to_numpy()[1:] == times["trip"].to_numpy()[:-1]
    assert (times["departure_s"] >= times["arrival_s"]).all()
    assert (np.diff(times["arrival_s"])[same] >= 0).all()
