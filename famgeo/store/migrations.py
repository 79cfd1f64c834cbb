"""Which form a database has, and how an older one becomes today's.

A step makes what is missing as ``schema`` has it today, so the steps stay right when later ones
are added. All steps of an upgrade happen in one transaction, or none does.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Column, Connection, delete, insert, inspect, select
from sqlalchemy.schema import CreateColumn

from famgeo.errors import StudyError
from famgeo.store.engine import Database
from famgeo.store.schema import ASSET_ROWS, METADATA, SCHEMA_VERSION, STUDY_META


def make_tables(database: Database) -> None:
    """Make an empty study's tables in a database.

    What an interrupted ``new`` left behind is taken over. Raises ``StudyError`` when the database
    holds a study already.
    """
    with database.writing() as connection:
        if inspect(connection).has_table(STUDY_META.name):
            _upgrade(connection, database.label)
            _refuse_content(connection, database.label)
        METADATA.create_all(connection)
        _note_version(connection)


def bring_up_to_date(database: Database) -> None:
    """Bring a study's database to today's form, in place; today's is only read.

    Raises ``StudyError``: damaged, made by a newer famgeo, or of an older form where it may not be
    written.
    """
    with database.reading() as connection:
        found = _version(connection, database.label)
    if found < SCHEMA_VERSION:
        with database.writing() as connection:
            _upgrade(connection, database.label)


def _upgrade(connection: Connection, label: str) -> None:
    # Read again: another program may have upgraded it while this one waited for its turn.
    found = _version(connection, label)
    for version in range(found + 1, SCHEMA_VERSION + 1):
        STEPS[version](connection)
    if found < SCHEMA_VERSION:
        _note_version(connection)


def _version(connection: Connection, label: str) -> int:
    wanted = select(STUDY_META.c.value).where(STUDY_META.c.key == "schema_version")
    found = connection.execute(wanted).scalar()
    if found is None or not found.isdigit() or int(found) < 1:
        message = f"{label} is damaged and cannot be used. Put back a copy from a backup."
        raise StudyError(message)
    if int(found) > SCHEMA_VERSION:
        message = (
            f"{label} was made by a newer famgeo (its form is {found}, this one knows "
            f"{SCHEMA_VERSION}). Update famgeo and open it again."
        )
        raise StudyError(message)
    return int(found)


def _note_version(connection: Connection) -> None:
    connection.execute(delete(STUDY_META).where(STUDY_META.c.key == "schema_version"))
    connection.execute(insert(STUDY_META), {"key": "schema_version", "value": str(SCHEMA_VERSION)})


def _refuse_content(connection: Connection, label: str) -> None:
    filled = [
        table.name
        for table in METADATA.sorted_tables
        if table is not STUDY_META and connection.execute(select(table).limit(1)).first()
    ]
    if filled:
        message = (
            f"{label} holds a study already (its {filled[0]}). Open that study, or choose another "
            "database."
        )
        raise StudyError(message)


def _add_column(connection: Connection, column: "Column[object]") -> None:
    table = column.table.name
    if column.name in {found["name"] for found in inspect(connection).get_columns(table)}:
        return
    form = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {form}")


def _to_2(connection: Connection) -> None:
    """Neighborhoods, the audit, users and sessions, and a directory with a history."""
    METADATA.create_all(connection)
    _add_column(connection, ASSET_ROWS.c.revision)


STEPS: Mapping[int, Callable[[Connection], None]] = {2: _to_2}
"""How a database of the form before becomes one of this form."""
