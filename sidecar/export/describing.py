"""What an archive tells of the database besides its rows, read from the snapshot; and how much of it a reader takes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from itertools import islice

import msgspec

from sidecar.archive import limits
from sidecar.database.generations import known_of, statements_by
from sidecar.database.introspection import Schema, TableSchema, readable
from sidecar.database.models import MIGRATIONS
from sidecar.database.statements import read_statements
from sidecar.errors.databases import BeyondFormat
from sidecar.export.gathering import Gatherer

SETTINGS_TABLES = ("user_preferences", "logging_config")
"""Tables that ``settings`` shows once more, for people and for the app; their own entries are what is restored."""


def require_bounds(schema: Schema) -> None:
    """Raise BeyondFormat for more tables or columns than a reader takes, or longer names."""
    if len(schema) > limits.MAX_TABLES:
        raise BeyondFormat(detail=f"{len(schema):,} tables, {limits.MAX_TABLES:,} at most")
    for table in schema.values():
        if len(table.columns) > limits.MAX_COLUMNS:
            raise BeyondFormat(
                detail=f"the table {table.name} has {len(table.columns):,} columns, {limits.MAX_COLUMNS:,} at most"
            )
        longest = max((table.name, *table.columns, *table.columns.values()), key=len)
        if len(longest) > limits.MAX_NAME:
            raise BeyondFormat(
                detail=f"a name of {len(longest):,} characters ({longest[:80]}…), {limits.MAX_NAME:,} at most"
            )


def migrations_of(connection: sqlite3.Connection, schema: Schema) -> list[str | int | float | None]:
    """The names of migrations, for people: whatever stands in their place, as text, and no NULL."""
    if MIGRATIONS not in schema or "version" not in schema[MIGRATIONS].columns:
        return []
    with closing(connection.cursor()) as cursor:
        connection.text_factory = readable
        try:
            found = cursor.execute(
                f"SELECT CASE typeof(version) WHEN 'blob' THEN quote(version) ELSE CAST(version AS TEXT) END"
                f" FROM {MIGRATIONS} WHERE version IS NOT NULL ORDER BY version"
            ).fetchall()
        finally:
            connection.text_factory = str
    return [version for (version,) in found]


def statements_of(connection: sqlite3.Connection, schema: Schema) -> list[str] | None:
    """What makes the tables and indexes of a KiraPilot that the code does not know; None of one that it knows.

    It knows those alone that its own migrations make, to the letter: a column that SQLite works out itself, say, is
    none of those that hold rows, and would be missing in a database that is made anew.
    """
    try:
        made = [entry.sql for entry in read_statements(connection) if not entry.comes_later]
    except sqlite3.OperationalError as error:
        if hasattr(error, "sqlite_errorcode"):
            raise
        # A text that is not UTF-8, which Python's module says in this way: nobody could make the same again.
        return None
    said = [str(version) for version in migrations_of(connection, schema)]
    if {*made} == statements_by(known_of(said)):
        return None
    return made if sum(map(len, made)) <= limits.MAX_SCHEMA else None


def settings_of(connection: sqlite3.Connection, schema: Schema) -> dict[str, msgspec.Raw]:
    """The rows of the settings tables, at most one batch of each: an excerpt, not what is restored."""
    shown: dict[str, msgspec.Raw] = {}
    for name in SETTINGS_TABLES:
        if name in schema:
            gatherer = Gatherer(connection, schema[name], lambda _cell: None, Counter())
            for batch in islice(gatherer.batches(), 1):
                shown[name] = msgspec.Raw(b"[" + bytes(batch.body[1:]) + b"]")
    return shown


def held_by_rows(table: TableSchema) -> list[list[str]]:
    """The unique sets of columns that are stored, so that whoever has the rows can hold them to it."""
    return [list(columns) for columns in table.unique if set(columns) <= table.columns.keys()]
