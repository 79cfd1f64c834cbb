"""Damage done to real files, as the same seed does it again: to bytes, tables, archives, trees.

Every mutation takes a ``random.Random`` and returns a changed copy.
"""

import csv
import io
import json
import zipfile
import zlib

NASTY = (
    *("", " ", "0", "-0", "1", "-1", "1e999", "-1e308", "9" * 400, "nan", "inf", "-inf", "0x1F"),
    *("NULL", "None", "true", "no", "yes", "\0", "\x1b[2J", "\x7f", '"', "'", '"",', ";", "\t"),
    *("\n", "\r\n", "=1+1", "'=1", "@SUM(1)", "${alert(1)}", "<b>", "../..", "/etc/passwd", "\\"),
    *("C:\\con", "２３", "٣", "−5", "1,5", "1.234,5", "$1,200", "2020-02-30", "99991231"),
    "00000000",
    *("25:61:00", "239:59:59", "-1:00:00", "8h", "24:00", "Mo-Fr 09:00-17:00", "Mo-Fr 99:99-1:1"),
    *("\ufeff", "\u202e", "\ud7ff", "\U0010ffff", "é" * 300, "a" * 5000, "Europe/Helsinki"),
    *("../../etc/localtime", "America", "2147483648", "-2147483649", "9223372036854775808"),
)
NUMBERS = (
    *(0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
    *(2**63 - 1, 2**64 - 1),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32", "utf-7")


def flipped(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def cut(chance, data):
    return data[: chance.randrange(len(data) + 1)]


def spliced(chance, data):
    """Copy a piece of the file to another place in it, many times now and then."""
    start, at = (chance.randrange(len(data) + 1) for _ in range(2))
    piece = data[start : start + chance.choice((1, 4, 30, 300, 5000))]
    return data[:at] + piece * chance.choice((1, 1, 2, 50)) + data[at:]


def without_a_piece(chance, data):
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 2, 8, 100, 2000)) :]


def with_noise(chance, data):
    at = chance.randrange(len(data) + 1)
    noise = chance.choice((b"\0" * 8, b"\xff" * 8, chance.randbytes(16), b"\xed\xa0\x80"))
    return data[:at] + noise + data[at + chance.choice((0, len(noise))) :]


def with_number(chance, data):
    """Write a number at the edge of its kind over the bytes at some place."""
    width, order = chance.choice((1, 2, 4, 8)), chance.choice(("little", "big"))
    number = (chance.choice(NUMBERS) % (1 << 8 * width)).to_bytes(width, order)
    at = chance.randrange(len(data) + 1)
    return data[:at] + number + data[at + width :]


BYTES = (flipped, flipped, cut, spliced, without_a_piece, with_noise, with_number, with_number)


def damaged(chance, data):
    """Return bytes damaged once, twice or three times."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = chance.choice(BYTES)(chance, data)
    return data


def damaged_text(chance, text, words=NASTY):
    """Put nasty words into a text, or take pieces out, or damage its bytes."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(text) + 1)
        gone = chance.choice((0, 0, 1, 5, 40))
        text = text[:at] + chance.choice(words) + text[at + gone :]
    data = text.encode("utf-8", "surrogatepass")
    return damaged(chance, data) if chance.random() < 0.2 else data


def rows_of(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def damaged_rows(chance, rows):
    """Return a table with cells, columns or rows swapped, repeated, lost or replaced."""
    rows = [list(row) for row in rows]
    for _ in range(chance.choice((1, 1, 2, 5))):
        _damage_rows(chance, rows)
    return rows


def _any_cell(chance, rows):
    row = chance.choice(rows)
    return row, chance.randrange(len(row))


def _swap_cells(chance, rows):
    (a, i), (b, j) = _any_cell(chance, rows), _any_cell(chance, rows)
    a[i], b[j] = b[j], a[i]


def _replace_cell(chance, rows):
    row, i = _any_cell(chance, rows)
    row[i] = chance.choice(NASTY)


def _misfit_cell(chance, rows):
    row, i = _any_cell(chance, rows)
    row[i : i + 1] = chance.choice(([], ["", ""], ["x"] * 50))


def _shuffle_columns(chance, rows):
    order = chance.sample(range(len(rows[0])), len(rows[0]))
    rows[:] = [[row[i] for i in order if i < len(row)] for row in rows]


def _copy_column(chance, rows):
    width = min(map(len, rows))
    source, target = chance.randrange(width), chance.randrange(width)
    for row in rows[chance.choice((0, 1)) :]:
        row[target] = row[source]


def _replace_column(chance, rows):
    column, word = chance.randrange(min(map(len, rows))), chance.choice(NASTY)
    for row in rows[1:]:
        row[column] = word


def _repeat_row(chance, rows):
    rows.insert(chance.randrange(len(rows) + 1), list(chance.choice(rows)))


def _lose_row(chance, rows):
    del rows[chance.randrange(len(rows))]


def _swap_rows(chance, rows):
    a, b = chance.randrange(len(rows)), chance.randrange(len(rows))
    rows[a], rows[b] = rows[b], rows[a]


DAMAGES = (
    *(_swap_cells, _replace_cell, _misfit_cell, _shuffle_columns, _copy_column, _replace_column),
    *(_repeat_row, _lose_row, _swap_rows),
)


def _damage_rows(chance, rows):
    if rows and all(rows):
        chance.choice(DAMAGES)(chance, rows)


def csv_bytes(chance, rows):
    """Write rows as CSV in some dialect and some encoding."""
    text = io.StringIO(newline="")
    delimiter, end = chance.choice(",,,;\t|"), chance.choice(("\r\n", "\n"))
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    plain = chance.random() < 0.6
    return text.getvalue().encode("utf-8" if plain else chance.choice(ENCODINGS), "replace")


def damaged_table(chance, data):
    """Return a CSV file damaged as a table, as bytes, or both."""
    data = csv_bytes(chance, damaged_rows(chance, rows_of(data)))
    return damaged(chance, data) if chance.random() < 0.25 else data


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def zipped(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def damaged_zip(chance, data, damage_one):
    """Return a zip with a member damaged, renamed, lost or doubled; or damaged as bytes."""
    if chance.random() < 0.15:
        return damaged(chance, data)
    members = members_of(data)
    at = chance.randrange(len(members))
    name, content = members[at]
    what = chance.random()
    if what < 0.8:
        members[at] = (name, damage_one(chance, name, content))
    elif what < 0.87:
        del members[at]
    elif what < 0.94:
        where = chance.choice(("../", "/", "sub/", "a/b/", "\\", ""))
        members[at] = (where + name.upper(), content)
    else:
        members.append((chance.choice(members)[0] + " ", content))
    return zipped(members)


def damaged_tree(chance, tree):
    """Return a JSON value with a value somewhere in it replaced, lost, doubled or nested."""
    text = json.dumps(tree)
    if chance.random() < 0.2:
        return damaged_text(chance, text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        tree = _damaged_value(chance, tree)
    return json.dumps(tree).encode()


def _damaged_value(chance, tree):
    if chance.random() < 0.2 or not tree or not isinstance(tree, dict | list):
        deep = {"type": "GeometryCollection", "geometries": []}
        for _ in range(chance.choice((1, 5, 200))):
            deep = {"type": "GeometryCollection", "geometries": [deep]}
        return chance.choice((*NASTY, None, True, 0, -1, 1e308, 10**30, [], {}, [[]], [1], deep))
    key = chance.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
    copy = tree.copy()
    if chance.random() < 0.1:
        del copy[key]
    elif chance.random() < 0.1 and isinstance(copy, list):
        copy.append(copy[key])
    else:
        copy[key] = _damaged_value(chance, copy[key])
    return copy


def blocks_of(data):
    """Return the blocks of an OSM PBF: their kinds and what they unpack to."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        header = dict(_fields(data[at + 4 : at + 4 + size]))
        at += 4 + size
        blob = dict(_fields(data[at : at + header[3]]))
        found.append((header[1], zlib.decompress(blob[3]) if 3 in blob else blob[1]))
        at += header[3]
    return found


def pbf(blocks, *, says=lambda size: size):
    """Write blocks as an OSM PBF; ``says`` may lie about what a block unpacks to."""
    parts = []
    for kind, raw in blocks:
        blob = _varint(16) + _varint(says(len(raw))) + _measured(3, zlib.compress(raw))
        header = _measured(1, kind) + _varint(24) + _varint(len(blob))
        parts += [len(header).to_bytes(4, "big"), header, blob]
    return b"".join(parts)


def damaged_pbf(chance, data):
    """Return a PBF with what its blocks hold damaged, or their order, sizes or bytes."""
    if chance.random() < 0.25:
        return damaged(chance, data)
    blocks = blocks_of(data)
    at = chance.randrange(len(blocks))
    what = chance.randrange(5)
    if what <= 1:
        blocks[at] = (blocks[at][0], damaged(chance, blocks[at][1]))
    elif what == 2:
        blocks[at] = (chance.choice((b"OSMHeader", b"OSMData", b"Other", b"")), blocks[at][1])
    elif what == 3:
        blocks = chance.sample(blocks, len(blocks)) + blocks[: chance.choice((0, 1, 3))]
    else:
        return pbf(blocks, says=lambda size: chance.choice((size, 0, size * 2, *NUMBERS[:9])))
    return pbf(blocks)


def _fields(data):
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        value, at = _number(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        yield key >> 3, value


def _number(data, at):
    value = place = 0
    while True:
        value |= (data[at] & 0x7F) << place
        place, at = place + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def _varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _measured(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content
