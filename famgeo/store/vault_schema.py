"""The tables of ``vault.db``: homes, what is derived from them, and what is owed to families.

A new table is made when an older vault is opened.
"""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

from famgeo.store.frames import point_table
from famgeo.store.published import ledger_table
from famgeo.tables import STUDENTS

METADATA = MetaData()

STUDENT_ROWS = point_table("students", METADATA, STUDENTS, key=("student_id", "household_id"))

DEPARTED_ROWS = point_table(
    "departed",
    METADATA,
    STUDENTS,
    Column("left_at", Text, nullable=False),
    key=("student_id", "household_id"),
)
"""Students whom the newest whole enrolment no longer names: counted nowhere, erased in 30 days."""

SOURCES = Table(
    "sources",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

BARRIER_TABLES = Table(
    "barriers",
    METADATA,
    Column("meeting_id", Text, primary_key=True),
    Column("parquet", LargeBinary, nullable=False),
)

LEDGER_ROWS = ledger_table(METADATA)

TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("erased_on", Text, nullable=False),
)

ROSTER_READS = Table(
    "roster_reads",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("what", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("report", Text, nullable=False),  # JSON
    Column("utc", Text, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("question", Text, primary_key=True),
    Column("utc", Text, nullable=False),
)

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("hash", Text, nullable=False),
)
