"""Who asked not to be listed in the directory, and how they are known again in a later file.

By id, or by name and place: the same name (case, accents and punctuation aside) within 50 m. The
name itself is not kept, only a salted digest that a later name can be compared with.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from famgeo.errors import StudyError
from famgeo.store.moments import to_text
from famgeo.store.schema import OPT_OUTS

Floats = NDArray[np.float64]

NEAR_M = 50.0
EARTH_M = 6_371_008.8
"""The mean radius of the Earth."""


def note_opt_out(
    connection: Connection,
    asset_id: str,
    row: dict[str, Any] | None,
    *,
    user: str,
    utc: datetime,
) -> None:
    """Remember who asked, in the place of an earlier note; ``row`` as it was listed, if it was."""
    salt = secrets.token_bytes(16)
    forget_opt_out(connection, asset_id)
    noted = {
        "asset_id": asset_id,
        "salt": salt,
        "name_digest": "" if row is None else _digest(row["name"], salt),
        "lon": None if row is None else row["lon"],
        "lat": None if row is None else row["lat"],
        "user": user,
        "utc": to_text(utc),
    }
    connection.execute(insert(OPT_OUTS), noted)


def forget_opt_out(connection: Connection, asset_id: str) -> bool:
    """Let an asset be listed again; tell whether it had asked not to be."""
    mine = OPT_OUTS.c.asset_id == asset_id
    return connection.execute(delete(OPT_OUTS).where(mine)).rowcount > 0


def opted_out(connection: Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Return the ids of the rows that asked not to be listed."""
    asked = connection.execute(select(OPT_OUTS)).mappings().all()
    if not asked or not rows:
        return set()
    lon, lat = (np.array([row[axis] for row in rows], dtype=float) for axis in ("lon", "lat"))
    found = {one["asset_id"] for one in asked}
    out = {row["asset_id"] for row in rows if row["asset_id"] in found}
    for one in asked:
        if one["lon"] is None:
            continue
        for index in np.flatnonzero(_metres(lon, lat, one["lon"], one["lat"]) <= NEAR_M):
            row = rows[int(index)]
            if _digest(row["name"], one["salt"]) == one["name_digest"]:
                out.add(row["asset_id"])
    return out


def refuse_opted_out(connection: Connection, row: dict[str, Any]) -> None:
    """Raise ``StudyError`` when this row asked not to be listed."""
    if opted_out(connection, [row]):
        message = (
            f"'{row['asset_id']}' asked not to be listed in the directory, so it is left out. If "
            "they changed their mind, let them in again first."
        )
        raise StudyError(message)


def _digest(name: str, salt: bytes) -> str:
    return hashlib.sha256(salt + _same_name(name).encode("utf-8", "replace")).hexdigest()


def _same_name(name: str) -> str:
    """Return what two spellings of a name share.

    >>> _same_name(" Café  São-João "), _same_name("cafe sao joao")
    ('cafe sao joao', 'cafe sao joao')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    kept = (c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _metres(lon: Floats, lat: Floats, lon0: float, lat0: float) -> Floats:
    """Return the distances of nearby points (n,) from one, metres; good to 1 % within a km."""
    east = np.radians((lon - lon0 + 180) % 360 - 180) * np.cos(np.radians(lat0))
    metres: Floats = EARTH_M * np.hypot(east, np.radians(lat - lat0))
    return metres
