"""What was read into a study: from which file, with what result, and when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select

from famgeo.domain import ReadReport, Refusal
from famgeo.store.engine import Database
from famgeo.store.schema import READS


@dataclass(frozen=True, kw_only=True)
class StoredRead:
    """One ``add``: what was read, from a file with which content, with what result, and when."""

    what: str
    sha256: str
    report: ReadReport
    utc: datetime


def stored_reads(database: Database) -> list[StoredRead]:
    """Return every reading, oldest first."""
    with database.reading() as connection:
        rows = connection.execute(select(READS).order_by(READS.c.read_id)).mappings()
        return [_stored_read(row) for row in rows]


def store_read(database: Database, read: StoredRead) -> None:
    """Note one reading. A report holds no home, by the rule of every reader."""
    report = read.report
    row = {
        "what": read.what,
        "source": report.source,
        "sha256": read.sha256,
        "rows_read": report.rows_read,
        "rows_used": report.rows_used,
        "unit": report.unit,
        "refused": json.dumps([[r.row, r.why] for r in report.refused]),
        "notes": json.dumps(report.notes),
        "utc": read.utc.isoformat(),
    }
    with database.writing() as connection:
        connection.execute(insert(READS), row)


def _stored_read(row: RowMapping) -> StoredRead:
    refused: Sequence[tuple[int, str]] = json.loads(row["refused"])
    report = ReadReport(
        source=row["source"],
        rows_read=row["rows_read"],
        rows_used=row["rows_used"],
        refused=tuple(Refusal(row=number, why=why) for number, why in refused),
        notes=tuple(json.loads(row["notes"])),
        unit=row["unit"],
    )
    return StoredRead(
        what=row["what"],
        sha256=row["sha256"],
        report=report,
        utc=datetime.fromisoformat(row["utc"]),
    )
