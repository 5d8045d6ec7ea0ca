"""A schema that this program does not know, made anew without its rows: what a restore fills where it is vouched for.

Of a KiraPilot to come, the broken file tells what its tables are, or else the backup, if that was made of one. The file
is believed only if SQLite finds the part of it that holds the schema sound and makes of each of its statements what
stands there; of the backup, tables and indexes alone are made.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sidecar.database.connection import live_schema
from sidecar.database.generations import known_of, make_generation
from sidecar.database.introspection import UTF8, Schema, quote
from sidecar.database.models import MIGRATIONS as RECORD
from sidecar.database.statements import Statement, read_statements
from sidecar.errors.databases import NotKiraPilot
from sidecar.progress import Progress
from sidecar.rescue.readable_rows import require_damage
from sidecar.rescue.reading_out import open_wreck
from sidecar.system.workfolder import new_file, work_errors

_OURS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT}
"""SQLite's codes for what is the matter with the work folder, or with nothing."""


@dataclass(frozen=True)
class OwnSchema:
    """A database at ``path`` with tables and indexes, without rows but its ``migrations``.

    ``migrations`` is None where the record of them cannot be read; ``later`` are the statements that are for when the
    rows are in it.
    """

    path: Path
    schema: Schema
    migrations: tuple[str, ...] | None
    later: tuple[str, ...] = ()

    def record(self, migrations: Sequence[str]) -> None:
        """Let the app's record say these, as made now."""
        now = int(time.time())
        with work_errors(self.path.parent.parent), closing(sqlite3.connect(self.path)) as made, made:
            made.executemany(
                f"INSERT INTO {quote(RECORD)} (version, applied_at) VALUES (?, ?)",
                [(version, now) for version in migrations],
            )


def make_own_schema(copy: Path, progress: Progress, encoding: str = UTF8) -> OwnSchema | None:
    """That of a broken database, of which ``copy`` is a private copy in a job's folder; None if it is not vouched for.

    :param encoding: of the texts of the new one, whatever that of the broken one was.
    Raises WorkFolderUnusable, DiskFull, Cancelled.
    """
    with work_errors(copy.parent.parent), open_wreck(copy) as source:
        if source is None:
            return None
        with progress.watching(source):
            path = copy.with_name(f"{copy.stem}-alike.db")
            return _made(path, lambda made: _make_alike(source, made, path, progress, encoding))


def make_declared_schema(
    statements: Sequence[str], path: Path, progress: Progress, encoding: str = UTF8
) -> OwnSchema | None:
    """That which a backup says its database had, at ``path``; None if it is none. Raises as ``make_own_schema``."""

    def make(made: sqlite3.Connection) -> OwnSchema | None:
        with progress.watching(made):
            made.execute(f'PRAGMA encoding = "{encoding}"')
            for statement in statements:
                made.execute(statement)
        found = read_statements(made)
        # Whoever wrote the archive: nothing but tables and indexes came of it.
        if [entry.sql for entry in found] != [*statements] or any(entry.comes_later for entry in found):
            return None
        return OwnSchema(path, live_schema(made, path, progress), None)

    with work_errors(path.parent.parent):
        return _made(path, make)


def _made(path: Path, make: Callable[[sqlite3.Connection], OwnSchema | None]) -> OwnSchema | None:
    """What ``make`` makes in a new database, None if SQLite does not take it or it is not the app's."""
    new_file(path.parent, path.name)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as made:
            for pragma in ("page_size = 4096", "journal_mode = DELETE", "synchronous = OFF"):
                made.execute(f"PRAGMA {pragma}")
            return make(made)
    except (sqlite3.Error, sqlite3.Warning, NotKiraPilot) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OURS:
            raise
        return None


def _make_alike(
    source: sqlite3.Connection, made: sqlite3.Connection, path: Path, progress: Progress, encoding: str
) -> OwnSchema | None:
    if not _is_sound(source, "sqlite_schema"):
        return None
    said = read_statements(source)
    later = [entry for entry in said if entry.comes_later]
    made.execute(f'PRAGMA encoding = "{encoding}"')
    made.execute("BEGIN")
    for entry in said:
        if not entry.comes_later:
            made.execute(entry.sql)
    for number in ("user_version", "application_id"):
        (value,) = source.execute(f"PRAGMA main.{number}").fetchone()
        made.execute(f"PRAGMA main.{number} = {value:d}")
    made.execute("SAVEPOINT later")
    for entry in later:
        made.execute(entry.sql)
    # What a statement makes is what the file says of it: neither its name nor its text was damaged.
    agrees = set(read_statements(made)) == set(said)
    made.execute("ROLLBACK TO later")
    if not agrees or RECORD not in {entry.name for entry in said}:
        return None
    migrations = _copy_migrations(source, made)
    made.execute("COMMIT")
    if migrations is not None and not _is_as_known(said, migrations, path):
        return None
    return OwnSchema(path, live_schema(made, path, progress), migrations, tuple(entry.sql for entry in later))


def _is_sound(source: sqlite3.Connection, table: str) -> bool:
    """Whether SQLite finds nothing wrong with a table, the schema's own among them, and its indexes."""
    try:
        found = source.execute(f"PRAGMA main.integrity_check({quote(table)})").fetchall()
    except sqlite3.DatabaseError as error:
        require_damage(error)
        return False
    return found == [("ok",)]


def _copy_migrations(source: sqlite3.Connection, made: sqlite3.Connection) -> tuple[str, ...] | None:
    """Copy the app's record of its migrations; answers them, None where it is not sound."""
    if not _is_sound(source, RECORD):
        return None
    rows = source.execute(f"SELECT version, applied_at FROM main.{quote(RECORD)} ORDER BY version").fetchall()
    versions = tuple(version for version, _ in rows)
    if not versions or not all(isinstance(version, str) for version in versions):
        return None
    made.executemany(f"INSERT INTO {quote(RECORD)} (version, applied_at) VALUES (?, ?)", rows)
    return versions


def _is_as_known(said: Sequence[Statement], migrations: Sequence[str], path: Path) -> bool:
    """Whether the schema is what migrations make that the code knows all of; of others nobody can tell."""
    known = known_of(migrations)
    if len(known) != len(migrations):
        return True
    compared = new_file(path.parent, f"{path.stem}-known.db")
    make_generation(compared, known, first_rows=())
    with closing(sqlite3.connect(compared)) as connection:
        return set(read_statements(connection)) == set(said)
