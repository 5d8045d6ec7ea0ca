"""The app's database: opened, read, locked and left as it was.

The only module that connects to it, and ``open_for_import`` is the only place that opens it
for writing. Turns SQLite's errors into those of ``errors``.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sidecar.database.introspection import Schema, quote, read_schema, readable
from sidecar.database.spelling import as_known
from sidecar.errors.base import IF_BROKEN, SidecarError, StartAgain
from sidecar.errors.databases import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseError,
    DatabaseNotFound,
    DatabaseReadOnly,
    NoDatabaseFile,
    NotADatabase,
    NotKiraPilot,
    UnknownSchema,
)
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import DiskFull, FileNotFound, FolderNotFound, PathNotAllowed, ReadFailed
from sidecar.progress import Progress
from sidecar.system.files import same_file
from sidecar.system.names import advised, is_device, require_lengths, sqlite_uri
from sidecar.system.os_errors import Act, is_held, typed
from sidecar.system.paths import default_database, is_homeless

BUSY_SECONDS = 10.0
"""How long a job waits for the app to let go of its database; the app itself gives up after 5 s."""

TRY_MILLISECONDS = 50
"""One try for a lock that may be long in coming: short, because a wait inside SQLite cannot be cancelled."""

STATEMENT_MILLISECONDS = 5000
"""How long any other statement waits: the app holds its locks for moments, and waits as long itself."""

_MAGIC = (b"SQLite format 3\0", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""The first bytes of a database, of a rollback journal, and of a write-ahead log in either order of bytes."""

HEADER_BYTES = 100
"""What every database begins with, before its first page's own content."""

_FORMAT = _MAGIC[0] + bytes((0x10, 0, 1, 1, 0, 64, 32, 32))
"""The magic, pages of 4096 bytes, the format's versions, no bytes kept free, and the constants of the format."""

_ESSENTIAL = {"tasks": {"id", "title"}, "time_sessions": {"id", "task_id"}}
"""What every generation of the app's database has, and hardly any other database."""

_LACKING = ("no such ", "unknown function: ")
"""How SQLite begins to tell of a column, table, function, collation or module that a schema speaks of, or we do."""

_WRITING = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_READONLY,
}
"""SQLite's extended codes for a file that fails when it is written."""


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises while it uses the live database into a SidecarError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _of_sqlite(error, path) from error
    except UnicodeDecodeError as error:
        # SQLite's own message, or a name in the schema, is no text: a sound database's names are.
        raise DatabaseDamaged(path=path, detail="a name in its schema is not UTF-8") from error


@contextmanager
def writing_only_below(folder: Path) -> Iterator[None]:
    """Within, nothing but throw-away files below ``folder`` is written: a write that fails is not the live database's.

    Raises DiskFull and WorkFolderUnusable for it.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF == sqlite3.SQLITE_FULL:
            raise DiskFull(path=folder) from error
        if code in _WRITING:
            raise WorkFolderUnusable(path=folder, detail=str(error)) from error
        raise


def _of_sqlite(error: sqlite3.Error, path: Path) -> SidecarError:
    code = getattr(error, "sqlite_errorcode", 0)
    detail = str(error)
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseBusy(path=path)
        case sqlite3.SQLITE_NOTADB:
            return _advised(NotADatabase(path=path), path.name == default_database().name)
        case sqlite3.SQLITE_FULL:
            return DiskFull(path=path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            if is_held(path, replacing=False):
                return DatabaseBusy(path=path)
            return DatabaseReadOnly(path=path, detail=detail)
        case sqlite3.SQLITE_IOERR:
            return ReadFailed(path=path, detail=detail)
        case sqlite3.SQLITE_NOMEM:
            return StartAgain(detail="the computer is out of memory")
        case sqlite3.SQLITE_ERROR if detail.startswith(_LACKING):
            return UnknownSchema(path=path, detail=detail)
        case _:
            return DatabaseDamaged(path=path, detail=detail)


def _advised(error: SidecarError, may_be_broken: bool) -> SidecarError:
    """The error, with the way out for a database that is the app's, and broken."""
    error.advice = IF_BROKEN if may_be_broken else ""
    return error


def require_file(path: Path) -> None:
    """Raise DatabaseNotFound unless ``path`` is a file; a missing database is never created."""
    if is_homeless(path):
        raise DatabaseNotFound(path=path)
    require_lengths(path)
    if is_device(path):
        raise NoDatabaseFile(path=path)
    try:
        found = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno == errno.EACCES:
            raise DatabaseReadOnly(path=path, detail="permission denied") from error
        told = typed(error, path, Act.STAT)
        if isinstance(told, FileNotFound | FolderNotFound | ReadFailed):
            raise advised(DatabaseNotFound(path=path)) from error
        raise told from error
    except ValueError as error:
        raise PathNotAllowed(detail="it holds a character that no file name can") from error
    if not found:
        raise NoDatabaseFile(path=path)


def require_no_other(path: Path) -> None:
    """Raise for what is surely no database of KiraPilot's: not there, no file, no SQLite, or another program's.

    One that is locked or damaged may be KiraPilot's: it is told of by who uses it.
    """
    try:
        with database_errors(path), closing(open_for_reading(path)) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            _require_essential(as_known(read_schema(connection)), path)
    except (DatabaseNotFound, NotADatabase, NotKiraPilot):
        raise
    except DatabaseError:
        return


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection to the live database that SQLite itself keeps from changing rows.

    Opened read-write all the same: after a crash of the app only a connection that may
    write can roll back its hot journal, as the app would; ``mode=ro`` fails on one and
    ``immutable=1`` reads garbage.
    """
    connection = _open(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def open_for_import(path: Path) -> sqlite3.Connection:
    """The one connection that may change the app's rows; foreign keys are off, the import checks them itself.

    Schema, journal mode and settings of the file stay as they are.
    """
    connection = _open(path)
    # Takes effect outside of a transaction only. With it on, replacing a parent row would
    # cascade into rows that the archive does not speak of.
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.text_factory = readable
    return connection


def open_for_placing(path: Path) -> sqlite3.Connection:
    """A connection through which a whole database takes the place of a broken one, by SQLite's backup interface.

    No statement may come before that: any would read the schema, and fail.
    """
    return _open(path)


def mend_header(path: Path) -> bytes:
    """Let a broken file begin as an empty database does, so that SQLite takes a lock on it; flushed to the disk.

    Answers what it began with. Nothing else of the file is written, and no connection of ours may be open on it.
    Raises OSError.
    """
    with path.open("r+b", buffering=0) as file:
        before = file.read(HEADER_BYTES)
        # A version that is "valid for" another change counter makes SQLite take the size of the file for its own;
        # another counter than before, that the app forgets the pages it has in memory.
        counter = (int.from_bytes(before[24:28], "big") + 1) % (1 << 32)
        words = [counter, 0, 0, 0, 0, 4, 0, 0, 1, *[0] * 8, (counter + 1) % (1 << 32), sqlite3.sqlite_version_info[0]]
        header = _FORMAT + struct.pack(">19I", *words)
        size = os.fstat(file.fileno()).st_size
        try:
            file.seek(0)
            file.write(header)
            os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):  # a disk that goes on failing: the copy that was set aside is kept then
                file.seek(0)
                file.write(before)
                file.truncate(size)
            raise
    return before


def take_back_header(path: Path, before: bytes, size: int) -> None:
    """Undo ``mend_header``, and give the file the size it had: SQLite rounds it up to whole pages. Raises OSError."""
    with path.open("r+b", buffering=0) as file:
        file.write(before)
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)
        os.fsync(file.fileno())


def _open(path: Path) -> sqlite3.Connection:
    require_file(path)
    # No statement here that reads the file: it may be locked, and only ``retrying`` waits for that.
    return sqlite3.connect(sqlite_uri(path, "rw"), uri=True, isolation_level=None)


def retrying(connection: sqlite3.Connection, sql: str, progress: Progress) -> None:
    """Execute a statement that takes a lock, trying for BUSY_SECONDS; cancellable between tries.

    Raises sqlite3.OperationalError (SQLITE_BUSY) when the time is over.
    """
    connection.execute(f"PRAGMA busy_timeout = {TRY_MILLISECONDS}")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        progress.check()
        try:
            connection.execute(sql)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
        else:
            break
    connection.execute(f"PRAGMA busy_timeout = {STATEMENT_MILLISECONDS}")


def live_schema(connection: sqlite3.Connection, path: Path, progress: Progress) -> Schema:
    """The live database's schema, in KiraPilot's spelling. Raises NotKiraPilot for another program's, or an empty."""
    # The first statement that reads the file is where a lock, a hot journal or damage shows.
    retrying(connection, "SELECT 1 FROM main.sqlite_master LIMIT 1", progress)
    schema = as_known(read_schema(connection))
    _require_essential(schema, path)
    return schema


def _require_essential(schema: Schema, path: Path) -> None:
    for table, columns in _ESSENTIAL.items():
        if table not in schema:
            raise _advised(NotKiraPilot(path=path, detail=f'table "{table}"'), not schema)
        missing = columns - schema[table].columns.keys()
        if missing:
            raise NotKiraPilot(path=path, detail=f'column "{table}.{min(missing)}"')


def count_rows(path: Path, tables: Iterable[str], progress: Progress) -> dict[str, int]:
    """Rows of each of the tables that the live database has. Raises DatabaseError and its kin, Cancelled."""
    with database_errors(path), closing(open_for_reading(path)) as connection:
        live = live_schema(connection, path, progress)
        with progress.watching(connection):
            return {
                table: connection.execute(f"SELECT count(*) FROM main.{quote(table)}").fetchone()[0]
                for table in tables
                if table in live
            }


def is_database_file(path: Path, database: Path) -> bool:
    """Whether ``path`` is the live database itself or one of the files SQLite keeps beside it, by whatever name."""
    # Not by the name: the root of a disk has none.
    companions = (database, *(Path(f"{database}{end}") for end in ("-journal", "-wal", "-shm")))
    return any(same_file(path, companion) for companion in companions)


def holds_database(path: Path) -> bool:
    """Whether the file at ``path`` begins as SQLite's files do: a database, a journal, a write-ahead log.

    A network folder that is mounted twice shows one database under two names, and no number tells that they are one.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC[0])).startswith(_MAGIC)
    except (OSError, ValueError):
        # What is not there, or cannot be read, is for the export to judge.
        return False
