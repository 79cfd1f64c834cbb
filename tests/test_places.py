"""Coordinates are compared with where points should be; a fix is proposed and never applied."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.errors import SourceError
from famgeo.sources.places import coordinates, distance_km, read_places
from famgeo.tables import lonlat

DISTRICT = (-84.7, 38.9, -84.3, 39.1)
HERE = ("-84.5", "39.0")


def reasons(points, *, district=DISTRICT, show=True):
    table = pd.DataFrame(points, columns=["lon", "lat"], dtype="str")
    return coordinates(table, district=district, show_figures=show).reasons.tolist()


def write(folder, text):
    path = folder / "places.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lon", "lat", "why"),
    [
        ("", "", "no coordinates; write its lon and lat"),
        ("", "39", "lon is blank"),
        ("-84.5", "", "lat is blank"),
        ("west", "39", "lon is not a number"),
        ("-84.5", "nan", "lat is not a number"),
        ("-84.5", "inf", "lat is not a number"),
        ("39.0", "-84.5", "lat -84.5 and lon 39.0 look swapped"),
        ("-39.1", "84.5", "lat 84.5 and lon -39.1 look swapped"),
        ("39.0", "-95", "lat -95 and lon 39.0 look swapped"),
        ("84.5", "39.0", "lat 39.0 and lon 84.5 are far away; lon looks to have the wrong sign"),
        (
            "-84.5",
            "-39.0",
            "lat -39.0 and lon -84.5 are far away; lat looks to have the wrong sign",
        ),
        ("0", "0.0", "lat 0.0 and lon 0 are 0, which is in the ocean"),
        ("-200", "99", "lat 99 and lon -200 are not on earth: lat is outside −90 to 90"),
        ("-200", "39", "lat 39 and lon -200 are not on earth: lon is outside −180 to 180"),
        ("-80.0", "39.0", "lat 39.0 and lon -80.0 are far outside the district; check them"),
        ("716000.5", "4319000", "a map projection's metres or feet; export them as WGS 84 degrees"),
    ],
)
def test_each_wrong_point_is_refused_with_its_reason(lon, lat, why):
    assert reasons([HERE, (lon, lat)])[0] == ""
    assert reasons([HERE, (lon, lat)])[1].endswith(why)


def test_the_reason_for_a_home_holds_no_figure():
    points = [("39.0", "-84.5"), ("-80.0", "39.0"), ("84.5", "39.0"), ("0", "0"), ("1e5", "4e6")]
    told = reasons(points, show=False)
    assert told[0] == "lat and lon look swapped"
    assert not any(figure in why for why in told for figure in ("39", "84.5", "80.0", "1e5"))


def test_a_district_is_grown_by_half_its_size_and_at_least_a_tenth_of_a_degree():
    assert reasons([("-84.11", "39.19")]) == [""]
    assert reasons([("-84.09", "39.0")]) != [""]
    point = (-84.5, 39.0, -84.5, 39.0)
    assert reasons([("-84.41", "39.09"), ("-84.39", "39.0")], district=point)[0] == ""
    assert reasons([("-84.41", "39.09"), ("-84.39", "39.0")], district=point)[1] != ""


def test_without_a_district_points_are_compared_with_the_files_own_middle():
    near = [(f"{-84.5 + i / 100}", "39.0") for i in range(5)]
    told = reasons([*near, ("-81.0", "39.0"), ("39.0", "-84.5")], district=None)
    assert told[:5] == [""] * 5
    assert "over 200 km from the middle" in told[5]
    assert told[6].endswith("look swapped")


def test_a_file_that_is_swapped_throughout_is_found_without_a_district():
    told = reasons([(f"{39 + i / 100}", "-84.5") for i in range(9)], district=None)
    assert all(why.endswith("look swapped") for why in told)


def test_decimal_commas_are_read_when_the_file_uses_them(tmp_path):
    got = read_places(write(tmp_path, "id;lon;lat\na;-84,5;39,25\nb;−84,4;39\n"))
    assert lonlat(got.table).tolist() == [[-84.5, 39.25], [-84.4, 39.0]]
    assert any("Decimal commas" in note for note in got.report.notes)


def test_a_lone_decimal_comma_among_points_is_refused(tmp_path):
    got = read_places(write(tmp_path, 'id,lon,lat\na,-84.5,39.2\nb,-84.4,"39,2"\n'))
    assert [(r.row, r.why) for r in got.report.refused] == [(3, "lat is not a number")]


def test_places_with_the_same_id_are_all_set_aside(tmp_path):
    got = read_places(write(tmp_path, "id,lon,lat\na,1,2\nb,1,2\na,1,3\n,1,2\n"))
    assert got.table["id"].tolist() == ["b"]
    assert [r.row for r in got.report.refused] == [2, 4, 5]
    assert "rows 2 and 4" in got.report.refused[0].why


def test_a_file_with_no_usable_row_says_why_for_each(tmp_path):
    got = read_places(write(tmp_path, "id,lon,lat\na,x,2\nb,,\n"))
    assert len(got.table) == 0
    assert str(got.report).startswith("places.csv: 0 of 2 places used.")


def test_places_need_their_columns(tmp_path):
    with pytest.raises(SourceError, match="lacks the column lat"):
        read_places(write(tmp_path, "id,lon\na,1\n"))


@given(
    st.lists(
        st.tuples(st.floats(-179, 179), st.floats(-60, 80)).filter(lambda p: p != (0, 0)),
        min_size=1,
        max_size=4,
    )
)
def test_every_written_point_is_read_back_exactly(points):
    table = pd.DataFrame([(f"{x:.7f}", f"{y:.7f}") for x, y in points], columns=["lon", "lat"])
    read = coordinates(table.astype("str"), district=None, show_figures=True)
    good = (read.reasons == "").to_numpy()
    assert good.sum() + (table.astype(float) == 0).all(axis=1).sum() == len(points)
    assert np.array_equal(read.lon[good], table["lon"].astype(float)[good])


def test_one_degree_of_latitude_is_111_km():
    got = distance_km(np.array([10.0]), np.array([50.0]), 10.0, 51.0)
    assert got == pytest.approx([111.195], abs=0.01)


def test_real_cells_are_all_read(cities):
    assert len(read_places(cities / "poa/poa_hexgrid.csv").table) == 1227
