"""Attack 1: look for one household everywhere.

The attacker knows a family, its ids, its contact and the exact point where it lives, and holds
everything that leaves the vault: what a browser is sent, every exported file unpacked, all that
the commands printed (as JSON too, and the report of a defect), the public database with its
journal, what is kept to be faster, what was left in the folder for temporary files, and the
addresses of pages. They look for the family as text, as numbers of eight and of four bytes, as
well-known binary, in metres on every plane a map could use, as geohash, and each in hexadecimal
and in base64. The attack passes when nothing is found, of the canary or of any household's id.
"""

import base64
import gzip
import hashlib
import json
import re
import zipfile
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pytest
import shapely
from districts import CONTACT, ERASED, ERASED_HOME, HOUSEHOLD, SLIPPED, STUDENT, District
from screens import in_a_browser, screens, served
from traces import Canary, geohash, layers, layers_of_file

Seen = Iterable[tuple[str, bytes]]


def canary_of(district: District) -> Canary:
    """Return what to look for in a district."""
    lon, lat = district.town.canary
    return Canary(
        words=(STUDENT, HOUSEHOLD, CONTACT, SLIPPED, "Canary L"),
        lon=lon,
        lat=lat,
        metric_epsg=district.town.metric_epsg,
    )


def erased_of(district: District) -> Canary:
    """Return the household that was erased, to look for in the vault too."""
    lon, lat = district.town.erased
    metric = district.town.metric_epsg
    return Canary(words=(ERASED, ERASED_HOME), lon=lon, lat=lat, metric_epsg=metric)


def found_in(seen: Seen, district: District) -> dict[str, list[str]]:
    """Return where the canary, or any household's id, was found, and in which form."""
    canary = canary_of(district)
    ids = {household.encode() for household in district.homes["household_id"]}
    found: dict[str, list[str]] = {}
    for where, data in seen:
        told = canary.traces_in(data)
        told += ["household ids"] * (not ids.isdisjoint(re.findall(rb"[A-Za-z0-9]{4,}", data)))
        found |= {where: told} if told else {}
    return found


def files_of(district: District, *, but: Iterable[str] = ()) -> Seen:
    """Yield every public file in all its layers, but copies of what was public before."""
    known = set(but)
    for path in district.public_files():
        if hashlib.sha256(path.read_bytes()).hexdigest() not in known:
            yield from layers_of_file(path)


def public_inputs(district: District) -> set[str]:
    """Return the hashes of the street and timetable files, which hold no family."""
    stored = [file for kind in ("streets", "transit") for file in district.study.store.files(kind)]
    return {file.sha256 for file in stored}


def test_no_public_file_or_export_holds_the_canary(district):
    files = {path.suffix for path in district.public_files()}
    assert files >= {".db", ".db-wal", ".toml", ".csv", ".geojson", ".pmtiles"}
    assert found_in(files_of(district, but=public_inputs(district)), district) == {}


def test_no_command_says_a_word_of_the_canary_even_when_it_fails(district):
    said = [
        (said.command, said.text.encode())
        for said in district.said
        if not said.command.startswith("look")  # it shows one family, to the steward
    ]
    assert sum("KeyError" in text.decode() for _, text in said) == 2
    assert sum("--json" in command for command, _ in said) >= 5
    assert found_in(said, district) == {}


@pytest.mark.xdist_group("attacks-small")
def test_an_erased_family_is_nowhere_not_even_in_the_vault(small):
    district, finch = small, erased_of(small)
    files = [p for p in district.folder.rglob("*") if p.is_file()]
    assert {"vault.db"} <= {path.name for path in files}
    known = public_inputs(district)
    left = {
        where: told
        for path in files
        if hashlib.sha256(path.read_bytes()).hexdigest() not in known
        for where, data in layers_of_file(path)
        if (told := finch.traces_in(data))
    }
    assert left == {}


def test_the_public_database_knows_nothing_of_a_roster(district):
    assert {read.what for read in district.study.store.reads()} == {
        *("streets", "transit", "schools", "assets")
    }


def test_nothing_is_left_among_the_temporary_files(district):
    assert [path for path in district.left.rglob("*") if path.is_file()] == []


def test_no_screen_is_sent_the_canary(district):
    sent = [(f"element {n}", data) for n, data in enumerate(screens(district))]
    assert len(sent) > 50
    assert found_in(sent, district) == {}


@pytest.mark.browser
@pytest.mark.xdist_group("attacks-riverbend")
def test_no_frame_source_or_address_in_a_browser_holds_the_canary(district_of):
    district = district_of("riverbend")
    with served(district) as (address, said):
        seen = [layer for name, data in in_a_browser(address) for layer in layers(name, data)]
    kinds = {name.split(" ")[0] for name, _ in seen}
    assert kinds >= {"websocket", "page", "address", "answer"}
    assert found_in([*seen, ("log", "".join(said).encode())], district) == {}


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_where_the_canary_is(small):
    where = small.folder / "vault.db"
    told = {trace for traces in found_in(layers_of_file(where), small).values() for trace in traces}
    assert {f"word {STUDENT}", f"word {CONTACT}", "degrees x binary", "household ids"} <= told


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb"])
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_when_homes_are_exported(small, tmp_path, ending):
    homes = small.homes[small.homes["household_id"] == HOUSEHOLD][["geometry"]]
    homes.to_file(tmp_path / f"homes.{ending}")
    assert found_in(layers_of_file(tmp_path / f"homes.{ending}"), small)


@pytest.mark.parametrize(
    ("form", "trace"),
    [
        (lambda p, _: p.wkb_hex.encode(), "wkb in hex"),
        (lambda p, _: f"at {p.x:.6f}".encode(), "degrees x text"),
        (lambda p, _: f"<p>{p.y:.4f}, {p.x:.4f}</p>".encode(), "degrees to 4 decimals"),
        (lambda p, _: f"{p.x:.5f};{p.y:.5f}".replace(".", ",").encode(), "degrees to 5 decimals"),
        (lambda _, m: f"POINT ({m.x:.0f} {m.y:.0f})".encode(), "3857 metres"),
        (lambda _, m: json.dumps({"x": round(m.x, 2)}).encode(), "3857 x text"),
        (lambda _, m: shapely.to_wkb(m, byte_order=0), "3857 x binary"),
        (lambda p, _: np.array([p.x, p.y], np.float32).tobytes(), "degrees float32"),
        (lambda p, _: base64.b64encode(b"home: " + shapely.to_wkb(p)), "wkb in base64"),
        (lambda p, _: geohash(p.x, p.y, 9).upper().encode(), "geohash"),
        (lambda p, _: gzip.compress(f"{p.x}".encode()), "degrees x text"),
    ],
)
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_on_the_home_in_any_form(small, form, trace):
    point = shapely.Point(small.town.canary)
    metres = gpd.GeoSeries([point], crs=4326).to_crs(3857)[0]
    found = found_in(layers("hidden", form(point, metres)), small)
    assert trace in {name for traces in found.values() for name in traces}


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_inside_a_zip_and_in_a_name(small, tmp_path):
    with zipfile.ZipFile(tmp_path / "plan.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sites.csv", f"id\r\n{HOUSEHOLD}\r\n")
    (tmp_path / f"{STUDENT}.csv").touch()
    assert found_in(layers_of_file(tmp_path / "plan.zip"), small)
    assert found_in(layers_of_file(tmp_path / f"{STUDENT}.csv"), small)
