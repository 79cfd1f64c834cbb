"""Hostile files for the tests of the doors."""

import copy
import io
import zipfile

import openpyxl
from feeds import FEED

SHARED = "xl/sharedStrings.xml"
LAUGHS = "".join(
    f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' if i else '<!ENTITY l0 "ha">' for i in range(12)
)
"""Twelve entities, each ten of the one before: "&l11;" is 200 GB of laughter."""


def workbook(rows=(("id", "lon", "lat"), ("HERE", 10.5, 50.5))):
    book, data = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(data)
    return with_shared_texts(data.getvalue())


def with_shared_texts(data):
    """Return a workbook with the text HERE in the part where spreadsheet programs keep texts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if SHARED in parts:
        return data
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/%s" ContentType="%s"/></Types>' % (SHARED.encode(), kind)
    types, sheet = "[Content_Types].xml", "xl/worksheets/sheet1.xml"
    parts[types] = parts[types].replace(b"</Types>", override)
    inline = b't="inlineStr"><is><t>HERE</t></is>'
    parts[sheet] = parts[sheet].replace(inline, b't="s"><v>0</v>')
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts[SHARED] = b'<sst xmlns="%s"><si><t>HERE</t></si></sst>' % main
    return zip_of(parts)


def workbook_with(part, change, data=None):
    """Return a workbook with the text of one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data or workbook())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    return zip_of(parts)


def zip_of(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def feed(**more):
    """Return a timetable that can be used, with more files in it."""
    return zip_of({**FEED, **more})


def zip_with(change, **more):
    """Return a timetable of which one entry of the list of files is changed by ``change``."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**FEED, **more}.items():
            info = zipfile.ZipInfo(name)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        change(archive.filelist)
    return data.getvalue()


def overlapping(n, last="last.txt"):
    """Return a zip of one packed file that is listed n times: n times as much, and no bigger."""
    import random  # noqa: PLC0415

    core = random.Random(1).randbytes(21_000) + bytes(1_900_000)

    def again(entries):
        entries[:] = [entries[-1]]
        for i in range(1, n):
            entry = copy.copy(entries[0])
            entry.filename = f"file{i}.txt"
            entries.append(entry)
        entries[-1].filename = last

    return zip_with(again, **{"core.txt": core})
