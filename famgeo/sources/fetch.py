"""Fetch a place's streets, map and meeting places by name: the one door to the internet.

osmnx asks the public map servers in its polite way: it waits for a free slot, names the asker and
keeps every answer on disk. Here the place is cut into parts, so that an interrupted fetch goes on
where it stopped, and the raw answers become one file with every tag that the profiles read.

Map data © OpenStreetMap contributors, ODbL 1.0.
"""

import contextlib
import hashlib
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from math import cos, radians
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import geopandas as gpd
import osmnx
import shapely
from shapely.geometry.base import BaseGeometry

from famgeo.errors import FetchError
from famgeo.sources.fetched import Fetched, write_fetched
from famgeo.sources.osm_basemap import AREAS, LINES
from famgeo.sources.osm_pois import KINDS
from famgeo.tables import Progress, no_progress

T = TypeVar("T")

USER_AGENT = "famgeo (plans school-family meetings; asks through OSMnx)"
MAX_AREA_KM2 = 4_000
PART_KM = 7.0
MARGIN_KM = 1.0
PAUSES_S = (5.0, 15.0, 45.0, 120.0)
LOOK_UP_PAUSES_S = (2.0,)  # so that a computer without a network hears so at once
TIMEOUT_S = 180
LOOK_UP_TIMEOUT_S = 20
MAX_WAIT_S = 180.0
MAX_REPLIES = 60
PLATFORM_KEYS = ("public_transport", "railway")  # platforms are walked on, though not drawn

_one_at_a_time = threading.Lock()  # osmnx's settings belong to the whole process


class _BusyError(OSError):
    """The server asks for patience: too many questions, or no time for this one."""

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__()
        self.wait_s = min(wait_s, MAX_WAIT_S)


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """Where questions are asked: which servers, where answers are kept, whom to tell."""

    place: str
    answers: Path
    overpass_url: str | None
    nominatim_url: str | None
    progress: Progress
    share: float = 0.0


def fetch_streets(
    place: str,
    folder: Path,
    *,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
    progress: Progress = no_progress,
) -> Fetched:
    """Fetch the streets, map, meeting places and boundary of a place into a folder.

    Writes ``streets.osm.pbf`` (for ``read_streets``, ``read_basemap``, ``read_pois``),
    ``pois.csv`` (for ``read_assets``) and ``boundary.geojson``. Each appears whole or not at all.
    Answers are kept in the folder until all are there: after an interruption, the same call asks
    only for the rest.

    Parameters
    ----------
    place
        A city, county or town as a map would say it: ``Covington, Kentucky``.
    folder
        Where to write; made when missing.
    overpass_url, nominatim_url
        Servers to ask instead of osmnx's own.
    progress
        Told what is being asked and the share done.

    Raises
    ------
    FetchError
        When there is no network, the place is not found or too large, or the servers refuse.
    """
    desk = _Desk(
        place=place,
        answers=folder / f"answers-{hashlib.sha256(place.encode()).hexdigest()[:12]}",
        overpass_url=overpass_url,
        nominatim_url=nominatim_url,
        progress=progress,
    )
    desk.answers.mkdir(parents=True, exist_ok=True)
    _drop_torn(desk.answers)
    name, boundary = _look_up(desk)
    _ask_all(desk, _parts(boundary))
    progress("Writing streets.osm.pbf, pois.csv and boundary.geojson", 0.92)
    fetched = write_fetched(desk.answers, folder, name=name, boundary=boundary)
    shutil.rmtree(desk.answers)
    progress(str(fetched), 1.0)
    return fetched


def _line_filters() -> list[str]:
    """Ask for every line that is travelled on or drawn, as Overpass filters of ways.

    >>> _line_filters()[0]
    '["highway"]'
    """
    filters = []
    for key, values in (pair for rule in LINES.values() for pair in rule.items()):
        which = f'~"^({"|".join(sorted(values))})$"' if values else ""
        filters.append(f'["{key}"{which}]')
    return sorted(filters)


def _area_tags() -> dict[str, bool | str | list[str]]:
    """Ask for every area that is drawn and every place that may be an asset, as OSM tags."""
    wanted: dict[str, set[str] | None] = {key: {"platform"} for key in PLATFORM_KEYS}
    for key, values in (pair for rule in (*AREAS.values(), KINDS) for pair in rule.items()):
        before = wanted.get(key, set())
        wanted[key] = None if values is None or before is None else before | set(values)
    return {key: True if values is None else sorted(values) for key, values in wanted.items()}


def _drop_torn(answers: Path) -> None:
    """Delete answers that were being written when an earlier fetch was killed."""
    for answer in answers.glob("*.json"):
        try:
            json.loads(answer.read_text(encoding="utf-8"))
        except ValueError:
            answer.unlink()


def _look_up(desk: _Desk) -> tuple[str, BaseGeometry]:
    """Return the full name and the boundary of the place."""
    desk.progress(f"Looking up {desk.place}", 0.0)
    how = "Write it as a city or county and its state or country: 'Covington, Kentucky'."
    if not desk.place.strip():
        message = f"No place is named. {how}"
        raise FetchError(message)
    try:
        found = _ask(
            desk,
            partial(osmnx.geocode_to_gdf, desk.place),
            pauses_s=LOOK_UP_PAUSES_S,
            timeout_s=LOOK_UP_TIMEOUT_S,
        )
    except ValueError as error:
        message = f"No place called '{desk.place}' was found. {how}"
        raise FetchError(message) from error
    except TypeError as error:
        message = (
            f"'{desk.place}' is on the map as a point, without a boundary. "
            "Name the city or county around it."
        )
        raise FetchError(message) from error
    name, area_km2 = str(found.display_name.iloc[0]), _area_km2(found)
    if area_km2 > MAX_AREA_KM2:
        message = (
            f"{name} covers {area_km2:,.0f} km²; the public servers lend themselves to at most "
            f"{MAX_AREA_KM2:,} km². Name a city or county in it, or {_by_hand(desk.place)}"
        )
        raise FetchError(message)
    return name, found.geometry.iloc[0]


def _area_km2(found: gpd.GeoDataFrame) -> float:
    return float(found.to_crs("EPSG:6933").area.iloc[0]) / 1e6


def _parts(boundary: BaseGeometry) -> list[shapely.Polygon]:
    """Cover the boundary and a margin with boxes of about 7 km, each small enough to ask for."""
    degree_km = 111.2
    wide = boundary.buffer(MARGIN_KM / degree_km / cos(radians(boundary.centroid.y)))
    west, south, east, north = wide.bounds
    height = PART_KM / degree_km
    width = height / cos(radians((south + north) / 2))
    boxes = [
        shapely.box(
            west + i * width, south + j * height, west + (i + 1) * width, south + (j + 1) * height
        )
        for j in range(int((north - south) // height) + 1)
        for i in range(int((east - west) // width) + 1)
    ]
    return [part for part in boxes if part.intersects(wide)]


def _ask_all(desk: _Desk, parts: list[shapely.Polygon]) -> None:
    """Ask for the streets, then the map and the places, of every part; answers stay on disk."""
    for number, part in enumerate(parts):
        where = f" of part {number + 1} of {len(parts)}" if len(parts) > 1 else ""
        desk = replace(desk, share=0.05 + 0.85 * number / len(parts))
        desk.progress(f"Asking for the streets{where}", desk.share)
        _ask(
            desk,
            partial(_keep, partial(osmnx.graph_from_polygon, custom_filter=_line_filters()), part),
        )
        desk = replace(desk, share=desk.share + 0.4 / len(parts))
        desk.progress(f"Asking for the map and places{where}", desk.share)
        _ask(desk, partial(_keep, partial(osmnx.features_from_polygon, tags=_area_tags()), part))


def _keep(question: Callable[[shapely.Polygon], object], part: shapely.Polygon) -> None:
    """Ask for the raw answer only: with it on disk, osmnx stops with an ``InterruptedError``."""
    with contextlib.suppress(InterruptedError):
        question(part)


def _ask(
    desk: _Desk,
    question: Callable[[], T],
    *,
    pauses_s: tuple[float, ...] = PAUSES_S,
    timeout_s: int = TIMEOUT_S,
) -> T:
    """Ask through osmnx; when the server is busy or silent, wait longer each time, then give up."""
    try:
        with _osmnx_set_for(desk, timeout_s):
            return question()
    except FetchError:
        raise
    except OSError as error:
        if error.errno is not None:
            message = f"The answers could not be kept in {desk.answers}: {error.strerror}."
            raise FetchError(message) from error
        if not pauses_s:
            _give_up(desk, error)
        wait_s = max(pauses_s[0], getattr(error, "wait_s", 0.0))
    desk.progress(f"The map server is busy; asking again in {wait_s:.0f} s", desk.share)
    time.sleep(wait_s)
    return _ask(desk, question, pauses_s=pauses_s[1:], timeout_s=timeout_s)


def _give_up(desk: _Desk, cause: OSError) -> NoReturn:
    busy = isinstance(cause, _BusyError)
    why = (
        "the map server stays busy"
        if busy
        else "no map server answers; this computer may be offline"
    )
    message = (
        f"{desk.place} was not fetched: {why}. Try again later (what has arrived is kept), or "
        f"{_by_hand(desk.place)}"
    )
    raise FetchError(message) from cause


def _by_hand(place: str) -> str:
    return (
        f"download a .osm.pbf extract that covers {place}, from Geofabrik or BBBike for example, "
        "and add it: famgeo add STUDY streets FILE.osm.pbf"
    )


@contextlib.contextmanager
def _osmnx_set_for(desk: _Desk, timeout_s: int) -> Iterator[None]:
    """Lend osmnx our settings for one question, then put everything back as it was.

    osmnx also pins the server's address for the whole process; that is undone too.
    """
    ours: dict[str, Any] = {
        "cache_folder": desk.answers,
        "use_cache": True,
        "cache_only_mode": True,
        "doh_url_template": None,
        "http_referer": "famgeo",
        "http_user_agent": USER_AGENT,
        "overpass_rate_limit": True,
        "requests_timeout": timeout_s,
        "requests_kwargs": {"hooks": {"response": _listener()}},
    }
    ours |= {"overpass_url": desk.overpass_url} if desk.overpass_url else {}
    ours |= {"nominatim_url": desk.nominatim_url} if desk.nominatim_url else {}
    with _one_at_a_time:
        theirs = {name: getattr(osmnx.settings, name) for name in ours}
        resolve = socket.getaddrinfo
        try:
            for name, value in ours.items():
                setattr(osmnx.settings, name, value)
            yield
        finally:
            socket.getaddrinfo = resolve
            for name, value in theirs.items():
                setattr(osmnx.settings, name, value)


def _listener() -> Callable[..., None]:
    """Hear every reply before osmnx does, so that waiting is bounded and no answer is half."""
    heard = 0

    def listen(reply: Any, *_args: object, **_options: object) -> None:
        nonlocal heard
        heard += 1
        status = reply.status_code
        busy = status in {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
        if busy or heard > MAX_REPLIES:
            wait = reply.headers.get("Retry-After", "")
            raise _BusyError(float(wait) if wait.isdigit() else 0.0)
        if not reply.ok:
            message = f"The map server refused the question (HTTP {status})."
            raise FetchError(message)
        if not reply.url.endswith("/status"):
            _check_body(reply.content)

    return listen


def _check_body(body: bytes) -> None:
    if body.lstrip()[:1] not in {b"{", b"["}:
        message = (
            "The network answered with a page instead of map data; a sign-in page may be in the "
            "way. Open a browser, sign in, and try again."
        )
        raise FetchError(message)
    # Overpass says at the end of an answer that it ran out of time or memory midway.
    if b'"remark"' in body[-4000:]:
        raise _BusyError
