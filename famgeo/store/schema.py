"""The tables of ``study.db``. Public facts and released figures: nothing here knows a home.

When a column changes, raise ``SCHEMA_VERSION`` and say in ``migrations`` how an older database
becomes a newer one.
"""

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from famgeo.store.audit_guard import AUDIT_GUARD
from famgeo.store.frames import point_table
from famgeo.tables import ASSETS, SCHOOLS

SCHEMA_VERSION = 2

METADATA = MetaData()

STUDY_META = Table(
    "study_meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

SCHOOL_ROWS = point_table("schools", METADATA, SCHOOLS, key=("school_id",))

ASSET_ROWS = point_table(
    "assets",
    METADATA,
    ASSETS,
    Column("revision", Integer, nullable=False, server_default="1"),
    key=("asset_id",),
)

ASSET_HISTORY = Table(
    "asset_history",
    METADATA,
    Column("entry_id", Integer, primary_key=True),
    Column("asset_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # of the asset, after this entry
    Column("kind", Text, nullable=False),  # add, edit, remove or opt_out
    Column("edit_id", Text),  # of the form that was sent; NULL for a file
    Column("before", Text, nullable=False),  # JSON: the fields that changed, as they were
    Column("after", Text, nullable=False),  # JSON: the same fields, as they became
    Column("lost", Text, nullable=False),  # JSON: what was asked for and not taken
    Column("user", Text, nullable=False),
    Column("client_utc", Text),  # as the device's clock had it
    Column("utc", Text, nullable=False),
    UniqueConstraint("edit_id"),
    Index("asset_history_by_asset", "asset_id", "revision"),
)
"""What became of the directory's rows, oldest first. The order is that of ``entry_id``: clocks
differ."""

OPT_OUTS = Table(
    "asset_opt_outs",
    METADATA,
    Column("asset_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("name_digest", Text, nullable=False),  # '' when the asset was not in the directory
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("user", Text, nullable=False),
    Column("utc", Text, nullable=False),
)
"""Who asked not to be listed: known again by id, or by name and place; the name is not kept."""

READS = Table(
    "reads",
    METADATA,
    Column("read_id", Integer, primary_key=True),
    Column("what", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("rows_used", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("refused", Text, nullable=False),  # JSON: [[row, why], …]
    Column("notes", Text, nullable=False),  # JSON: [text, …]
    Column("utc", Text, nullable=False),
)

FILES = Table(
    "files",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("feed_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stored_as", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)

HOME_AREA_ROWS = Table(
    "home_areas",
    METADATA,
    Column("home_area_id", Text, primary_key=True),
    Column("wkb", LargeBinary, nullable=False),
    Column("frozen_on", Text, nullable=False),
)

NEIGHBORHOOD_ROWS = Table(
    "neighborhoods",
    METADATA,
    Column("neighborhood_id", Text, primary_key=True),
    Column("home_area_ids", Text, nullable=False),  # joined by ";"
    Column("frozen_on", Text, nullable=False),
)

RELEASES = Table(
    "releases",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("release_id", Text, nullable=False),
    Column("document", Text, nullable=False),  # JSON; geometry as hexadecimal WKB
    Column("utc", Text, nullable=False),
    UniqueConstraint("release_id"),
)

PLANS = Table(
    "plans",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("settings", Text, nullable=False),  # JSON
    Column("released", Text, nullable=False),  # JSON, as in RELEASES
    Column("utc", Text, nullable=False),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("utc", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False, index=True),
    Column("release_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("previous"),  # no fork: an entry has one successor
    UniqueConstraint("hash"),
)

for _dialect, _statements in AUDIT_GUARD.items():
    for _statement in _statements:
        _trigger = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(AUDIT, "after_create", _trigger.execute_if(dialect=_dialect))

USERS = Table(
    "users",
    METADATA,
    Column("name", Text, primary_key=True),  # NFKC, case folded
    Column("role", Text, nullable=False),
    Column("school_ids", Text, nullable=False),  # joined by ";"
    Column("password", Text),  # argon2id; NULL for who signs in elsewhere
    Column("failures", Integer, nullable=False),
    Column("locked_until", Text),
    Column("active", Boolean, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("token_sha256", Text, primary_key=True),
    Column("user", Text, nullable=False, index=True),
    Column("created", Text, nullable=False),
    Column("expires", Text, nullable=False),
)
