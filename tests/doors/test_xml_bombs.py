"""XML that grows without end, or that takes other files into itself.

The weakness: XML may define entities, made of each other or of other files. An attacker sends a
workbook or a street file of a few kB that grows to gigabytes ("billion laughs"), or that holds
whatever /etc/passwd holds. What closes it: the parsers in use (expat in Python and in osmium)
refuse both; these tests keep it so.
"""

import bz2
import gzip

import pytest
from hostile import LAUGHS, workbook, workbook_with

from famgeo.errors import SourceError
from famgeo.sources.osm import read_basemap, read_pois, read_streets
from famgeo.sources.places import read_places

SECRET = "canary-5e1f"
STREET = (
    '<node id="1" lat="50" lon="10"/><node id="2" lat="50.1" lon="10"/>'
    '<node id="3" lat="50" lon="10"><tag k="amenity" v="library"/><tag k="name" v="{0}"/></node>'
    '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/><tag k="name" v="{0}"/></way>'
)
PARTS = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml")


def definitions(tmp_path):
    """Return DOCTYPEs and an entity of each that must never be taken in."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    address = secret.as_uri()
    return {
        "laughs": (f"<!DOCTYPE x [{LAUGHS}]>", "&l11;"),
        "one long": (f'<!DOCTYPE x [<!ENTITY a "{"a" * 60_000}">]>', "&a;" * 4_000),
        "file": (f'<!DOCTYPE x [<!ENTITY a SYSTEM "{address}">]>', "&a;"),
        "path": (f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret}">]>', "&a;"),
        "address": ('<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>', "&a;"),
        "parameter": (f'<!DOCTYPE x [<!ENTITY % a SYSTEM "{address}"> %a;]>', ""),
        "outside": (f'<!DOCTYPE x SYSTEM "{address}">', ""),
    }


KINDS = ("laughs", "one long", "file", "path", "address", "parameter", "outside")


def what_comes_of(read, path):
    """Return what was read, or the error it was refused with."""
    try:
        return read(path)
    except SourceError as error:
        return error


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("kind", KINDS)
def test_a_street_file_takes_nothing_into_itself(tmp_path, kind, pack):
    doctype, entity = definitions(tmp_path)[kind]
    path = tmp_path / "town.osm"
    xml = f"<?xml version='1.0'?>{doctype}<osm version='0.6'>{STREET.format(entity)}</osm>"
    path.write_bytes(pack(xml.encode()))
    for read in (read_streets, read_pois, read_basemap):
        got = what_comes_of(read, path)
        assert entity == "" or isinstance(got, SourceError)
        assert SECRET not in repr(got)


def test_the_same_street_file_without_a_definition_is_read(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(f"<?xml version='1.0'?><osm version='0.6'>{STREET.format('Hall')}</osm>")
    assert len(read_streets(path).table.ways) == 1
    assert read_pois(path).table["name"].tolist() == ["Hall"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_workbook_takes_nothing_into_itself(tmp_path, kind, part):
    doctype, entity = definitions(tmp_path)[kind]

    def change(xml):
        head, at, body = xml.partition("?>") if xml.startswith("<?xml") else ("", "", xml)
        return head + at + doctype + body.replace("HERE", entity)

    path = tmp_path / "places.xlsx"
    path.write_bytes(workbook_with(part, change))
    got = what_comes_of(read_places, path)
    shown = str(got) if isinstance(got, SourceError) else "".join(got.table["id"])
    assert SECRET not in shown
    assert len(shown) < 1_000


def test_the_same_workbook_without_a_definition_is_read(tmp_path):
    path = tmp_path / "places.xlsx"
    path.write_bytes(workbook())
    assert read_places(path).table["id"].tolist() == ["HERE"]
