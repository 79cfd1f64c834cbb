"""The tables of ``study.db``. Public facts and released figures: nothing here knows a home.

When a column changes, raise ``SCHEMA_VERSION`` and say in ``studies`` how an older file becomes
a newer one.
"""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

from famgeo.store.frames import point_table
from famgeo.tables import ASSETS, SCHOOLS

SCHEMA_VERSION = 1

METADATA = MetaData()

STUDY_META = Table(
    "study_meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

SCHOOL_ROWS = point_table("schools", METADATA, SCHOOLS, key=("school_id",))

ASSET_ROWS = point_table("assets", METADATA, ASSETS, key=("asset_id",))

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
