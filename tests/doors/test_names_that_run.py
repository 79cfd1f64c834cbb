"""A name that is a script where it is shown.

The weakness: a place called "${alert(1)}" ran as a script in folium's popups, also after
``html.escape``, because the map's page is a template inside a script inside a page. What closes it:
names reach the map only as JSON in which every sign that could end or open a context is written as
its code, and the map's own script makes text nodes of them. Files are no page: a GeoJSON and a CSV
keep names as they are, as data that reads back the same, and what the terminal prints has lost the
signs that steer it. In a browser, ``tests/browser/test_names_browser.py`` opens every payload and
no dialog appears; ``tests/test_maps.py`` looks into the map's page.
"""

import ast
import csv
import html.parser
import io
import json
from pathlib import Path

import pytest
from released import draw_release
from test_maps import PAYLOADS, home_areas, sites

from famgeo.cli.terminal import plain
from famgeo.domain import ReadReport, Refusal
from famgeo.outputs.geo import write_geojson
from famgeo.outputs.maps import MapView, draw_map, paint
from famgeo.outputs.sheets import write_csv
from famgeo.tables.formulas import no_formula

BROWSER = Path(__file__).parents[1] / "browser"
FEWEST = 30


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, sorted(name for name, _ in attrs)))


def tags(page):
    reader = Tags()
    reader.feed(page)
    return reader.found


def test_thirty_payloads_are_opened_in_a_real_browser():
    assert len(set(PAYLOADS)) >= FEWEST
    source = (BROWSER / "test_names_browser.py").read_text(encoding="utf-8")
    names = {
        a.name
        for n in ast.walk(ast.parse(source))
        if isinstance(n, ast.ImportFrom)
        for a in n.names
    }
    assert "PAYLOADS" in names
    assert "dialog" in (BROWSER / "conftest.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_map_has_the_tags_of_a_map_whatever_the_words_on_it(payload):
    def page(word):
        drawn = draw_map(home_areas(), sites(word), static_url="/public")
        view = MapView(
            looks={"h0": word},
            labels={"h0": word},
            place=word,
            chosen=[word],
            area=word,
            title=word,
            legend=[("m0", word)],
        )
        drawn.add_child(paint(view))
        return drawn.get_root().render()

    assert tags(page(payload)) == tags(page("Hall"))


@pytest.mark.parametrize("audience", ["district", "partner"])
def test_a_geojson_is_data_and_reads_back_every_name(tmp_path, audience):
    release = draw_release(names=PAYLOADS, reached=[50] * len(PAYLOADS))
    path = write_geojson(release, "autumn", tmp_path, audience=audience)[0]
    features = json.loads(path.read_bytes())["features"]
    assert [f["properties"]["name"] for f in features] == list(PAYLOADS)
    assert path.suffix == ".geojson"


def test_a_csv_is_data_and_reads_back_every_name(tmp_path):
    release = draw_release(names=PAYLOADS, reached=[50] * len(PAYLOADS))
    path = write_csv(release, "autumn", tmp_path)[0]
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    assert [row["name"] for row in rows] == [no_formula(name) for name in PAYLOADS]


@pytest.mark.parametrize(
    "steer", ["\x1b[2J", "\x1b]0;x\x07", "\x9b2J", "\u202e", "\u2066", "\x08", "\x00"]
)
def test_a_name_does_not_steer_the_terminal(steer):
    report = ReadReport(
        source=f"a{steer}.csv", rows_read=1, rows_used=0, refused=(Refusal(row=2, why=f"x{steer}"),)
    )
    assert steer[0] not in plain(str(report))
