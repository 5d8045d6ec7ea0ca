"""What can still be read of a broken database -> a sound one, private, with the broken one's own schema.

Works on a copy of the wreck, into which SQLite may roll what lay beside it. Rows are taken as they are read, and none
is proved by that; a row that its own table refuses is one of those that are lost.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.database.connection import mend_header
from sidecar.database.introspection import TableSchema, quote, read_schema, readable, table_names
from sidecar.database.models import MIGRATIONS
from sidecar.progress import Progress
from sidecar.rescue.readable_rows import Row, RowReader, require_damage
from sidecar.results import ReadableTable
from sidecar.system.workfolder import folder_errors, new_file, work_errors


@dataclass
class ReadOut:
    """The sound database at ``path``, and what of each table is in it; ``complete`` unless the time was over.

    ``unmade`` names what of the schema could not be made again; ``all_tables`` tells whether the schema was read to
    its end.
    """

    path: Path
    tables: dict[str, ReadableTable] = field(default_factory=dict)
    unmade: list[str] = field(default_factory=list)
    complete: bool = True
    all_tables: bool = True

    @property
    def rows(self) -> int:
        """Rows that could be read."""
        return sum(table.read for table in self.tables.values())


def read_out(wreck: Path, progress: Progress, seconds: float = float("inf")) -> ReadOut | None:
    """All that can be read of ``wreck``, a private copy in a job's folder; None where it no longer tells its tables.

    :param seconds: after which no further rows are looked for.
    Raises WorkFolderUnusable, DiskFull, Cancelled.
    """
    deadline = time.monotonic() + seconds
    with open_wreck(wreck) as source:
        if source is None:
            return None
        with progress.watching(source):
            return _read_out(source, wreck, progress, deadline)


def _read_out(source: sqlite3.Connection, wreck: Path, progress: Progress, deadline: float) -> ReadOut:
    found = ReadOut(new_file(wreck.parent, f"{wreck.stem}-read.db"))
    with work_errors(wreck.parent.parent), closing(sqlite3.connect(found.path, isolation_level=None)) as made:
        made.execute("PRAGMA synchronous = OFF")
        made.execute("PRAGMA ignore_check_constraints = ON")
        found.unmade = make_alike(source, made)
        found.all_tables = _is_whole(source)
        there = set(table_names(made))
        for name, table in read_schema(source).items():
            if name not in there:
                found.tables[name] = ReadableTable(read=0, lost=None)
                continue
            reader = RowReader(source, table, progress, deadline)
            refused = _fill(made, table, reader.rows())
            lost = None if reader.lost is None else reader.lost + refused
            if name != MIGRATIONS:
                # The app's record of its migrations is nobody's data.
                found.tables[name] = ReadableTable(read=reader.read - refused, lost=lost)
            found.complete = found.complete and not reader.is_late
        _make(made, _statements(source, "view", "trigger"), found.unmade)
    return found


def make_alike(source: sqlite3.Connection, made: sqlite3.Connection) -> list[str]:
    """Tables and indexes of ``source`` in the new database ``made``; answers the names of those it does not take."""
    (encoding,) = source.execute("PRAGMA main.encoding").fetchone()
    made.execute(f'PRAGMA encoding = "{encoding}"')
    unmade: list[str] = []
    _make(made, _statements(source, "table"), unmade)
    _make(made, _statements(source, "index"), unmade)
    for number in ("user_version", "application_id"):
        (value,) = source.execute(f"PRAGMA main.{number}").fetchone()
        made.execute(f"PRAGMA main.{number} = {value:d}")
    return unmade


def _statements(source: sqlite3.Connection, *kinds: str) -> Iterator[tuple[str, str]]:
    """Name and text of what makes the schema: of ordinary tables, and of what hangs on them."""
    ordinary = set(table_names(source))
    for kind, name, sql in _entries(source):
        wanted = kind in kinds and (kind != "table" or name in ordinary)
        if wanted and sql.lstrip()[:6].upper() == "CREATE":
            yield name, sql


def _entries(source: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Kind, name and text of each entry of the schema, up to the first that cannot be read."""
    found: list[tuple[str, str, str]] = []
    rows = source.execute("SELECT type, name, sql FROM main.sqlite_master WHERE typeof(sql) = 'text' ORDER BY rowid")
    try:
        found.extend(rows)
    except sqlite3.DatabaseError as error:
        require_damage(error)
    return found


def _is_whole(source: sqlite3.Connection) -> bool:
    """Whether the schema can be read to its end."""
    try:
        source.execute("SELECT count(*), total(length(sql)) FROM main.sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        require_damage(error)
        return False
    return True


def _make(made: sqlite3.Connection, statements: Iterator[tuple[str, str]], unmade: list[str]) -> None:
    for name, sql in statements:
        try:
            made.execute(sql)
        except (sqlite3.OperationalError, sqlite3.Warning, sqlite3.ProgrammingError) as error:
            # The last of them for a NUL in a statement; for two in one as well, from Python 3.12 on.
            if getattr(error, "sqlite_errorcode", 1) & 0xFF != sqlite3.SQLITE_ERROR:
                raise
            unmade.append(name)


def _fill(made: sqlite3.Connection, table: TableSchema, rows: Iterator[Row]) -> int:
    """Put rows in; answers how many were refused."""
    names = ", ".join(map(quote, table.columns))
    value = "CASE ? WHEN 'text' THEN CAST(? AS TEXT) ELSE ? END"
    sql = f"INSERT INTO main.{quote(table.name)} ({names}) VALUES ({', '.join([value] * len(table.columns))})"
    refused = 0
    made.execute("BEGIN")
    for row in rows:
        values = [part for kind, raw in zip(row[1::2], row[2::2], strict=True) for part in (kind, raw, raw)]
        try:
            made.execute(sql, values)
        except sqlite3.IntegrityError:
            refused += 1
    made.execute("COMMIT")
    return refused


@contextmanager
def open_wreck(wreck: Path) -> Iterator[sqlite3.Connection | None]:
    """A copy of a wreck, with a header of our own making where its own leads nowhere; None if that does not help."""
    connection = _tried(wreck)
    if connection is None:
        with folder_errors(wreck.parent.parent):
            mend_header(wreck)
        connection = _tried(wreck)
    if connection is None:
        yield None
        return
    with closing(connection):
        yield connection


def _tried(wreck: Path) -> sqlite3.Connection | None:
    """A connection that can tell the tables of the file."""
    connection = sqlite3.connect(wreck, isolation_level=None)
    try:
        connection.text_factory = readable
        # An entry of the schema that cannot be read is passed over, where SQLite would refuse the whole.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        if table_names(connection):
            return connection
    except sqlite3.DatabaseError:
        # The caller tries again, with another header.
        connection.close()
        return None
    connection.close()
    return None
