"""Fetching is polite, goes on where it stopped, and says what to do when there is no network.

A small drawn town is served on loopback in the form of the public map servers' answers.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import osmium
import osmnx
import pytest
import shapely

from famgeo.errors import FamgeoError, FetchError
from famgeo.sources.assets import read_assets
from famgeo.sources.fetch import PAUSES_S, fetch_streets
from famgeo.sources.osm import read_basemap, read_streets

pytestmark = pytest.mark.network

PLACE = "Two Parts, Ohio"
NAME = "Two Parts, Drawn County, Ohio"
#   39.03 +---------------------------+     10 km wide: two parts of 7 km,
#         |  o--o--o--o--o--o--o----|--o  one street across both and beyond
#   39.00 +---------------------------+
#       -84.60                      -84.48
TOWN = shapely.box(-84.60, 39.00, -84.48, 39.03)
N_QUESTIONS = 1 + 2 * 4  # the look-up; streets, rivers, rails and the map of each part


def node(number: int, lon: float, lat: float, **tags: str) -> dict:
    place = {"type": "node", "id": number, "lon": lon, "lat": lat}
    return place | ({"tags": tags} if tags else {})


def way(number: int, nodes: list[int], **tags: str) -> dict:
    return {"type": "way", "id": number, "nodes": nodes, "tags": tags}


NODES = [
    *(node(i, -84.60 + 0.02 * i, 39.015) for i in range(1, 7)),
    node(7, -84.46, 39.015, barrier="bollard", wheelchair="no"),
    *(node(10 + i, -84.59 + 0.001 * (i % 2), 39.010 + 0.001 * (i // 2)) for i in range(4)),
    node(20, -84.585, 39.02, amenity="library", name="West Branch", wheelchair="yes"),
    node(21, -84.48, 39.02, amenity="community_centre", name="=Hall()"),
]
STREETS = [
    way(100, [1, 2, 3, 4, 5, 6, 7], highway="residential", name="Élan Street", sidewalk="both"),
    way(101, [1, 10], highway="steps", handrail="yes", ramp="no"),
]
WATER = [way(200, [12, 13], waterway="stream")]
RAILS = [way(201, [10, 12], railway="tram")]
AREAS = [way(300, [10, 11, 13, 12, 10], building="yes")]
POND = {
    "type": "relation",
    "id": 400,
    "members": [{"type": "way", "ref": 300, "role": "outer"}],
    "tags": {"type": "multipolygon", "natural": "water"},
}
STATUS = "Connected as: 1\nCurrent time: now\nAnnounced endpoint: none\nRate limit: 2\n{slots}\n"


def answer(query: str) -> list[dict]:
    """Return the elements in the asked box, as ``(way[…](poly:…);>;);out;`` would."""
    corners = [float(x) for x in re.search(r"poly:'([^']+)'", query)[1].split()]
    box = shapely.MultiPoint(list(zip(corners[1::2], corners[::2], strict=True))).envelope
    inside = {n["id"] for n in NODES if box.intersects(shapely.Point(n["lon"], n["lat"]))}
    if '["highway"]' in query:
        ways, others = STREETS, []
    elif '["waterway"' in query:
        ways, others = WATER, []
    elif '["railway"' in query:
        ways, others = RAILS, []
    else:
        ways = AREAS
        others = [n for n in NODES if n["id"] in inside and "amenity" in n.get("tags", {})]
    ways = [w for w in ways if inside & set(w["nodes"])]
    needed = {i for w in ways for i in w["nodes"]} - {n["id"] for n in others}
    nodes = [n for n in NODES if n["id"] in needed]
    return [*others, *nodes, *ways, *([POND] if AREAS[0] in ways else [])]


@dataclass
class Town:
    """The servers of the drawn town: what they were asked, and how they are to misbehave."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    faults: dict[int, tuple[int, str]] = field(default_factory=dict)
    slots: str = "2 slots available now."
    found: list[dict] = field(
        default_factory=lambda: [
            {
                "display_name": NAME,
                "importance": 0.5,
                "lat": "39.015",
                "lon": "-84.53",
                "boundingbox": ["39.00", "39.03", "-84.60", "-84.48"],
                "geojson": shapely.geometry.mapping(TOWN),
            }
        ]
    )

    def reply(self, path: str, body: str) -> tuple[int, str]:
        if path.endswith("/status"):
            return 200, STATUS.format(slots=self.slots)
        query = parse_qs(body).get("data", [path])[0]
        self.asked.append(query)
        if fault := self.faults.pop(len(self.asked), None):
            return fault
        if path.startswith("/search"):
            return 200, json.dumps(self.found)
        return 200, json.dumps({"version": 0.6, "elements": answer(query)})


class Handler(BaseHTTPRequestHandler):
    def __init__(self, town: Town, *args: object) -> None:
        self.town = town
        super().__init__(*args)

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.town.agents.add(self.headers["User-Agent"])
        code, text = self.town.reply(self.path, self.rfile.read(size).decode())
        self.send_response(code)
        self.send_header("Content-Length", str(len(text.encode())))
        if code == 429:
            self.send_header("Retry-After", "33")
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET  # noqa: N815 (the name is http.server's)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, town)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        town.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield town
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def slept(monkeypatch) -> list[float]:
    """Record pauses instead of waiting."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture(autouse=True)
def reached(monkeypatch) -> Iterator[set[str]]:
    """Refuse any address but loopback, whatever asks for it."""
    hosts: set[str] = set()
    connect = socket.socket.connect

    def connect_on_loopback(sock: socket.socket, address: tuple) -> None:
        hosts.add(address[0])
        assert address[0] == "127.0.0.1"
        connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect_on_loopback)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield hosts
    assert hosts <= {"127.0.0.1"}


def fetch(town: Town, folder: Path, **options: object):
    servers = {"overpass_url": f"{town.url}/api", "nominatim_url": f"{town.url}/"}
    return fetch_streets(PLACE, folder, **servers, **options)


def objects(path: Path) -> dict[str, dict[str, str]]:
    """Return every element of a file with its tags, by a reader that is not famgeo's."""
    seen: dict[str, dict[str, str]] = {}
    for item in osmium.FileProcessor(str(path)):
        key = f"{item.type_str()}{item.id}"
        assert key not in seen, "an element is written once"
        seen[key] = dict(item.tags)
    return seen


def test_every_element_and_tag_of_the_map_is_in_the_file_once(town, tmp_path, reached):
    fetched = fetch(town, tmp_path)
    written = objects(fetched.streets)
    drawn = [*NODES, *STREETS, *WATER, *RAILS, *AREAS, POND]
    assert written == {f"{e['type'][0]}{e['id']}": e.get("tags", {}) for e in drawn}
    assert fetched.n_streets == len(STREETS)
    assert reached == {"127.0.0.1"}


def test_the_fetched_streets_are_read_as_any_extract(town, tmp_path):
    streets = read_streets(fetch(town, tmp_path).streets).table
    assert set(streets.ways.name) >= {"Élan Street"}
    assert list(streets.nodes.barrier[streets.nodes.node_id == 7]) == ["bollard"]


def test_the_fetched_map_can_be_drawn(town, tmp_path):
    layers = read_basemap(fetch(town, tmp_path).streets)
    drawn = {name: len(layers[name]) for name in ("buildings", "water", "rail", "streets")}
    assert drawn == {"buildings": 1, "water": 1, "rail": 1, "streets": len(STREETS)}


def test_the_fetched_places_are_a_community_directory(town, tmp_path):
    fetched = fetch(town, tmp_path)
    assets = read_assets(fetched.pois).table.set_index("name")
    assert assets.kind.to_dict() == {"West Branch": "library", "=Hall()": "community_centre"}
    assert "'=Hall()" in fetched.pois.read_text(encoding="utf-8-sig")
    assert assets.wheelchair["West Branch"] == "yes"
    assert set(assets.hosts) == {"unknown"}


def test_the_boundary_is_that_of_the_place(town, tmp_path):
    fetched = fetch(town, tmp_path)
    (feature,) = json.loads(fetched.boundary.read_text(encoding="utf-8"))["features"]
    assert feature["properties"] == {
        "name": NAME,
        "source": "© OpenStreetMap contributors, ODbL",
    }
    assert shapely.geometry.shape(feature["geometry"]).equals(TOWN)


def test_only_the_three_files_are_left(town, tmp_path):
    fetch(town, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "boundary.geojson",
        "pois.csv",
        "streets.osm.pbf",
    ]


def test_an_interrupted_fetch_asks_only_for_the_rest(town, tmp_path):
    whole = tmp_path / "whole"
    fetch(town, whole)
    assert len(town.asked) == N_QUESTIONS
    town.asked.clear()

    def stop_at_the_second_part(what: str, _share: float) -> None:
        if "map and places of part 2" in what:
            raise KeyboardInterrupt

    halved = tmp_path / "halved"
    with pytest.raises(KeyboardInterrupt):
        fetch(town, halved, progress=stop_at_the_second_part)
    assert not (halved / "streets.osm.pbf").exists()
    fetched = fetch(town, halved)
    assert len(town.asked) == len(set(town.asked)) == N_QUESTIONS
    assert objects(fetched.streets) == objects(whole / "streets.osm.pbf")


def test_an_answer_torn_by_a_power_cut_is_asked_for_again(town, tmp_path):
    town.faults = {5: (400, "{}")}
    with pytest.raises(FetchError):
        fetch(town, tmp_path)
    (answers,) = tmp_path.iterdir()
    torn = max(answers.iterdir(), key=lambda path: path.stat().st_size)
    torn.write_text(torn.read_text()[:-20])
    town.asked.clear()
    fetch(town, tmp_path)
    assert len(town.asked) == N_QUESTIONS - 4 + 1  # all but the four kept, and the torn one


def test_a_finished_fetch_is_made_anew_the_next_time(town, tmp_path):
    fetch(town, tmp_path)
    first = list(town.asked)
    fetch(town, tmp_path)
    assert town.asked == first * 2


def test_a_busy_server_is_given_the_time_it_asks_for(town, tmp_path, slept):
    town.faults = {2: (429, "busy"), 3: (504, "busy"), 4: (504, "busy")}
    said: list[str] = []
    fetched = fetch(town, tmp_path, progress=lambda what, _share: said.append(what))
    assert fetched.n_streets == len(STREETS)
    waits = [pause for pause in slept if pause > 1]
    assert waits == [33.0, *PAUSES_S[1:3]]
    assert "The map server is busy; asking again in 33 s" in said


def test_an_answer_the_server_could_not_finish_is_not_taken_for_the_whole(town, tmp_path, slept):
    half = json.dumps({"elements": [], "remark": "runtime error: Query timed out"})
    town.faults = {2: (200, half)}
    assert fetch(town, tmp_path).n_streets == len(STREETS)
    assert PAUSES_S[0] in slept


def test_patience_ends(town, tmp_path, slept):
    town.faults = dict.fromkeys(range(2, 99), (504, "busy"))
    with pytest.raises(FetchError, match=r"stays busy.*famgeo add STUDY streets FILE\.osm\.pbf"):
        fetch(town, tmp_path)
    assert [pause for pause in slept if pause > 1] == list(PAUSES_S)
    assert len(town.asked) == 2 + len(PAUSES_S)


def test_a_server_without_a_free_slot_forever_does_not_hold_us_forever(town, tmp_path):
    town.slots = "Currently running queries (pid, space limit, time limit, start time):"
    with pytest.raises(FetchError, match="stays busy"):
        fetch(town, tmp_path)


def test_the_asker_is_named_and_osmnx_is_left_as_it_was(town, tmp_path):
    def state() -> dict[str, object]:
        names = [n for n in dir(osmnx.settings) if not n.startswith("_")]
        return {n: getattr(osmnx.settings, n) for n in names} | {"resolve": socket.getaddrinfo}

    before = state()
    fetch(town, tmp_path)
    assert town.agents == {"famgeo (plans school-family meetings; asks through OSMnx)"}
    assert state() == before


def test_progress_only_grows(town, tmp_path):
    shares: list[float] = []
    fetch(town, tmp_path, progress=lambda _what, share: shares.append(share))
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_place_that_is_not_found_says_how_to_write_it(town, tmp_path):
    town.found = []
    with pytest.raises(
        FetchError, match=r"No place called 'Two Parts, Ohio'.*'Covington, Kentucky'"
    ):
        fetch(town, tmp_path)


def test_a_point_is_not_a_place_to_plan_for(town, tmp_path):
    town.found[0]["geojson"] = {"type": "Point", "coordinates": [-84.5, 39.0]}
    with pytest.raises(FetchError, match="Name the city or county around it"):
        fetch(town, tmp_path)


def test_a_whole_state_is_refused_before_anything_is_asked_of_the_map_server(town, tmp_path):
    town.found[0]["geojson"] = shapely.geometry.mapping(shapely.box(-84.8, 38.4, -80.5, 42.0))
    with pytest.raises(FetchError, match="km²"):
        fetch(town, tmp_path)
    assert len(town.asked) == 1


def test_a_place_without_streets_writes_nothing(town, tmp_path):
    town.found[0]["geojson"] = shapely.geometry.mapping(shapely.box(-80.02, 39.00, -80.0, 39.02))
    with pytest.raises(FetchError, match="no streets"):
        fetch(town, tmp_path)
    assert not (tmp_path / "streets.osm.pbf").exists()


def test_a_failed_fetch_leaves_the_old_files(town, tmp_path):
    old = fetch(town, tmp_path).streets.read_bytes()
    town.faults = {len(town.asked) + 2: (400, "{}")}
    with pytest.raises(FetchError, match="HTTP 400"):
        fetch(town, tmp_path)
    assert (tmp_path / "streets.osm.pbf").read_bytes() == old


def test_a_sign_in_page_is_not_taken_for_a_map(town, tmp_path):
    town.faults = {1: (200, "<html>Welcome to the hotel</html>")}
    with pytest.raises(FetchError, match="sign in"):
        fetch(town, tmp_path)


def test_without_a_network_the_file_to_download_is_named(tmp_path, slept):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(FetchError) as caught:
        fetch(Town(url=closed), tmp_path)
    sentence = str(caught.value)
    assert "offline" in sentence
    assert f"download a .osm.pbf extract that covers {PLACE}" in sentence
    assert "famgeo add STUDY streets FILE.osm.pbf" in sentence
    assert isinstance(caught.value, FamgeoError)
    assert sum(slept) < 10


@pytest.mark.parametrize("place", ["", "   "])
def test_no_place_is_no_question(town, tmp_path, place):
    with pytest.raises(FetchError, match="No place is named"):
        fetch_streets(place, tmp_path, nominatim_url=town.url, overpass_url=town.url)
    assert town.asked == []
