"""Check: a private copy of the live database looked through, and each fault told with what it means and what mends it.

The database itself is read once, for that copy, and never written; KiraPilot waits for that moment alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.care.answers import DatabaseCheck
from sidecar.care.findings import Found
from sidecar.care.rows import look_at_rows
from sidecar.database.connection import database_errors, live_schema
from sidecar.database.integrity import MOST, Findings, entries, look_into
from sidecar.database.introspection import quote, readable
from sidecar.database.snapshot import take_snapshot
from sidecar.errors.databases import DatabaseBusy, DatabaseError, NotADatabase, NotKiraPilot
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import EMPTY, MISSING, Wreck, diagnose, require_own_journals
from sidecar.system.names import sqlite_uri
from sidecar.system.paths import Places
from sidecar.system.workfolder import require_space, work_errors, work_folder

PHASES = {"copy": 0.1, "pages": 0.5, "rows": 0.4}


@dataclass(frozen=True)
class Copy:
    """A private copy of the live database, which may be written to, and what SQLite finds wrong with it."""

    path: Path
    faults: Findings


def check_database(places: Places, progress: Progress, quick: bool = False) -> DatabaseCheck:
    """Everything that is wrong with the live database, and what mends it.

    :param quick: hold the number of rows against that in each index, where otherwise each row is looked for.
    Raises DatabaseError and its kin for a database that is missing, busy, closed to us or another program's;
    WorkFolderUnusable, DiskFull, Cancelled.
    """
    progress.plan(PHASES)
    try:
        # SQLite is not asked about an empty file: it would remove a journal that lies beside it.
        return _of_wreck(places, progress, quick) if size_of(places.database) == 0 else _look(places, progress, quick)
    except DatabaseBusy:
        raise
    except DatabaseError:
        return _of_wreck(places, progress, quick)


@contextmanager
def examined(places: Places, progress: Progress, quick: bool = False) -> Iterator[Copy]:
    """A private copy, and what SQLite finds wrong with it. Raises what :func:`check_database` does."""
    with work_folder(places.work_dir) as folder:
        progress.phase("copy", 1, "copies", "Copying the database")
        require_own_journals(places.database, places.work_dir, progress)
        require_space(folder, size_of(places.database), "the copy of the database")
        copy = folder / "checked.db"
        take_snapshot(places.database, copy, progress)
        progress.phase("pages", 1, "checks", "Reading every page")
        yield Copy(copy, look_into(copy, progress, whole=not quick))


@contextmanager
def opened(copy: Path, database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a private copy of the live database. Raises DatabaseError and its kin, DiskFull."""
    with (
        database_errors(database),
        work_errors(copy.parent.parent),
        closing(sqlite3.connect(sqlite_uri(copy), uri=True, isolation_level=None)) as connection,
    ):
        connection.text_factory = readable
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


@contextmanager
def telling_of_wrecks(places: Places, progress: Progress) -> Iterator[None]:
    """Of a database that is no longer one, raise what the diagnosis says: with the way out, a restore over it."""
    if size_of(places.database) == 0:
        # SQLite is not asked about an empty file: it would remove a journal that lies beside it.
        _require_no_wreck(places, progress)
    try:
        yield
    except (NotADatabase, NotKiraPilot):
        _require_no_wreck(places, progress)
        raise


def _require_no_wreck(places: Places, progress: Progress) -> None:
    wreck = diagnose(places.database, places.work_dir, progress)
    if isinstance(wreck, Wreck):
        raise wreck.error


def rebuild(connection: sqlite3.Connection, indexes: list[str]) -> None:
    """Build indexes anew from the rows of their tables. Raises sqlite3.IntegrityError where two rows share a key."""
    for index in indexes:
        connection.execute(f"REINDEX main.{quote(index)}")


def _look(places: Places, progress: Progress, quick: bool) -> DatabaseCheck:
    found = Found()
    with examined(places, progress, quick) as copy:
        if copy.faults.damage:
            for complaint in copy.faults.damage:
                found.add("damaged", {"detail": complaint})
            return _answer(places, quick, found)
        with opened(copy.path, places.database) as connection:
            schema = live_schema(connection, places.database, progress)
            free = free_bytes(connection, size_of(copy.path))
            for index in copy.faults.indexes:
                _tell_of_index(connection, index, found)
            if copy.faults.unused:
                more = " and more" if copy.faults.unused >= MOST else ""
                pages = "page" if copy.faults.unused == 1 else "pages"
                found.add("unused_pages", {"detail": f"{copy.faults.unused:,} {pages}{more} of the file"})
            # What is looked for by an index from here on is found.
            rebuild(connection, copy.faults.indexes)
            look_at_rows(connection, schema, found, progress)
            tables = {name: _count(connection, quote(name)) for name in schema}
    return _answer(places, quick, found, tables, free)


def _of_wreck(places: Places, progress: Progress, quick: bool) -> DatabaseCheck:
    """The check of a database that only a restore mends. Raises the error of one that is none, or not there."""
    wreck = diagnose(places.database, places.work_dir, progress)
    if not isinstance(wreck, Wreck):
        return _look(places, progress, quick)
    if wreck.reason == MISSING or wreck.stray:
        raise wreck.error
    found = Found()
    if wreck.reason == EMPTY:
        found.add("empty", {})
    else:
        found.add("damaged", {"detail": wreck.detail})
    return _answer(places, quick, found)


def _tell_of_index(connection: sqlite3.Connection, index: str, found: Found) -> None:
    sql = "SELECT tbl_name FROM main.sqlite_master WHERE type = 'index' AND name = ?"
    (table,) = connection.execute(sql, (index,)).fetchone()
    lacking = _count(connection, f"{quote(table)} NOT INDEXED") - entries(connection, table, index)
    rows = "1 row" if lacking == 1 else f"{lacking:,} rows" if lacking else "rows"
    found.add("index_lacks_rows", {"table": table, "detail": index}, rows=rows)


def _answer(
    places: Places, quick: bool, found: Found, tables: dict[str, int] | None = None, free: int = 0
) -> DatabaseCheck:
    return DatabaseCheck(
        path=str(places.database),
        state=found.state,
        quick=quick,
        findings=found.findings,
        counts=dict(found.counts),
        tables=tables or {},
        size=size_of(places.database),
        free=free,
    )


def size_of(database: Path) -> int:
    """The size of the file; 1 for what is none, which the opening tells of."""
    try:
        return database.stat().st_size if database.is_file() else 1
    except (OSError, ValueError):
        return 1


def free_bytes(connection: sqlite3.Connection, size: int) -> int:
    """Bytes of a file of that size that hold nothing: free pages, and what lies beyond the last one."""
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA main.{name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return max(0, size - int(pages - free) * int(page_bytes))


def _count(connection: sqlite3.Connection, source: str) -> int:
    number: int = connection.execute(f"SELECT count(*) FROM main.{source}").fetchone()[0]
    return number
