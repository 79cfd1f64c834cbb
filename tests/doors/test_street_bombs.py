"""A small street file that unpacks to gigabytes.

The weakness: .osm.pbf, .osm.gz and .osm.bz2 are packed. osmium bounds one block of a PBF but not
their number, and one index entry is kept for every node. An attacker sends 1 MB that unpacks to
32 MB again and again, until memory or patience is gone. What closes it: before a street file is
read, what it unpacks to is added up from what its blocks say, and refused beyond 30 times its
size (100 for XML); a block that holds more than it said is refused by osmium.
"""

import bz2
import gzip
import zlib

import osmium
import pytest

from famgeo.errors import SourceError
from famgeo.sources.osm import read_basemap, read_pois, read_streets

READERS = (read_streets, read_pois, read_basemap)
NODES = b"".join(b'<node id="%d" version="1" lat="50" lon="10"/>' % i for i in range(1, 40_000))
XML = b"<?xml version='1.0'?><osm version='0.6'>%s</osm>"


def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def block(raw, *, kind=b"OSMData", says=None, size_last=False):
    """Return one block of a PBF; ``says`` is what it claims to unpack to."""
    size = varint(16) + varint(len(raw) if says is None else says)
    packed = zlib.compress(raw)
    data = varint(26) + varint(len(packed)) + packed
    blob = data + size if size_last else size + data
    header = varint(10) + varint(len(kind)) + kind + varint(24) + varint(len(blob))
    return len(header).to_bytes(4, "big") + header + blob


HEADER = block(b"\x22\x0eOsmSchema-V0.6\x22\x0aDenseNodes", kind=b"OSMHeader")
EMPTY = bytes([0x0A, 0x00]) + bytes([0x9A, 0x06, 0x00]) * 5_000_000
"""A block of nothing, 15 MB of it."""


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("size_last", [False, True])
def test_blocks_that_unpack_to_far_more_are_not_unpacked(tmp_path, read, size_last):
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(HEADER + block(EMPTY, size_last=size_last) * 40)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(SourceError, match="would unpack to far more than a street file does"):
        read(path)


@pytest.mark.parametrize("says", [0, 10, 1000])
def test_a_block_that_unpacks_to_more_than_it_says_is_refused(tmp_path, says):
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(HEADER + block(EMPTY, says=says))
    with pytest.raises(SourceError, match="is damaged inside"):
        read_streets(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("read", READERS)
def test_packed_xml_that_unpacks_to_far_more_is_not_read(tmp_path, read, pack):
    path = tmp_path / "town.osm.gz"
    path.write_bytes(pack(XML % (b"<!-- " + b"a" * 90_000_000 + b" -->")))
    assert path.stat().st_size < 200_000
    with pytest.raises(SourceError, match="would unpack to far more than a street file does"):
        read(path)


def test_a_file_that_begins_with_an_endless_head_is_sniffed_in_little(tmp_path):
    path = tmp_path / "town.osm.bz2"
    path.write_bytes(bz2.compress(bytes(300_000_000)))
    assert path.stat().st_size < 4096
    with pytest.raises(SourceError, match="is not an OpenStreetMap file"):
        read_streets(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_an_honest_file_packs_well_and_is_read(tmp_path, pack):
    way = b'<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    path = tmp_path / "town.osm"
    path.write_bytes(pack(XML % (NODES.replace(b'lat="50"', b'lat="51"', 1) + way)))
    assert len(read_streets(path).table.ways) == 1


def test_the_sample_and_what_osmium_writes_are_far_from_the_bound(tmp_path):
    path, again = tmp_path / "town.osm", tmp_path / "town.osm.pbf"
    path.write_bytes(XML % NODES)
    with osmium.SimpleWriter(str(again)) as writer:
        for node in osmium.FileProcessor(str(path)):
            writer.add(node)
    with pytest.raises(SourceError, match="no streets in it"):
        read_streets(again)
