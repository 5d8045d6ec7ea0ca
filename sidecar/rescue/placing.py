"""A database that was made elsewhere -> the place of the wreck; and a wreck -> back into its place.

Where the broken file is there, the pages are written into it by SQLite's own backup interface, in one transaction with
a journal: a running app sees them, and whatever goes wrong leaves the wreck. Where there is none, or where a wreck has
to come back byte for byte, a flushed file is renamed into place: a running app keeps the file it had open, and has to
be started again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from sidecar.database import connection as live
from sidecar.errors.databases import DatabaseBusy, DatabaseDamaged, NotADatabase
from sidecar.progress import Progress
from sidecar.rescue.wrecks import COMPANIONS, SetAside, pairs, same_bytes
from sidecar.system.files import remove_file, resolved
from sidecar.system.names import sqlite_uri
from sidecar.system.os_errors import file_errors
from sidecar.system.replacing import Saving, replacing

STEP_PAGES = 8
"""Pages written at a time: fewer than any database of the app has, so that the first step is not the last one;
and so few that none has left the memory when the wreck is looked at."""


class Changed(Exception):
    """The wreck is no longer what was set aside: nothing was replaced."""


def put_in_place(made: Path, database: Path, aside: SetAside, progress: Progress, unplayed: bool = False) -> bool:
    """Let the database ``made`` take the place of the wreck that was set aside.

    :param unplayed: what lies beside the wreck, and is set aside as well, must not be played in: it goes first.
    Answers whether it was written into the very file, so that a running app sees it.
    Raises Changed, DatabaseError and its kin, PathError, Cancelled: the wreck is then in its place.
    """
    database = resolved(database)
    progress.phase("apply", made.stat().st_size >> 10, "KiB", "Putting the new database in its place")
    if not aside.was_there:
        _move_in(made, database)
        return False
    with live.database_errors(database), _without_companions(database, aside) if unplayed else nullcontext():
        try:
            _write_into(made, database, aside, progress)
        except sqlite3.Error as error:
            if not _may_be_header(error):
                raise
            _write_into_headless(made, database, aside, progress)
    return True


def put_back(wreck: SetAside, database: Path) -> None:
    """Let a wreck take the place of the database, byte for byte.

    The database file comes first: a journal of its own beside another database would be rolled into that.
    Raises PathError, DatabaseError and its kin: the database is then in its place.
    """
    database = resolved(database)
    kept = {companion: source for source, companion in wreck.files()}
    with _locked(database):
        _replace(database, wreck.path)
        for companion in COMPANIONS:
            beside = database.with_name(f"{database.name}{companion}")
            if companion in kept:
                _replace(beside, kept[companion])
            else:
                with file_errors(beside):
                    remove_file(beside)


@contextmanager
def _without_companions(database: Path, aside: SetAside) -> Iterator[None]:
    """Take away what lies beside a wreck for good; a failure puts it back, unless the wreck is another one by then.

    Raises Changed if it is not what was set aside, PathError.
    """
    kept = {companion: path for path, companion in aside.files() if companion}
    beside = {companion: database.with_name(f"{database.name}{companion}") for companion in COMPANIONS}
    there = {companion: path for companion, path in beside.items() if path.exists()}
    if there.keys() != kept.keys() or not all(same_bytes(path, kept[companion]) for companion, path in there.items()):
        raise Changed
    try:
        for path in there.values():
            with file_errors(path):
                remove_file(path)
        yield
    except BaseException:
        if same_bytes(database, aside.path):
            for companion, path in there.items():
                _replace(path, kept[companion])
        raise


def _may_be_header(error: sqlite3.Error) -> bool:
    """Whether SQLite may have begun no transaction because the file does not begin as a database does."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)


def _write_into_headless(made: Path, database: Path, aside: SetAside, progress: Progress) -> None:
    """The same on a file that begins as no database: it is given such a beginning first, which a failure takes away."""
    with file_errors(database):
        size = database.stat().st_size
        header = live.mend_header(database)
    try:
        _write_into(made, database, aside, progress, header)
    except BaseException:
        with file_errors(database):
            live.take_back_header(database, header, size)
        raise


def _write_into(made: Path, database: Path, aside: SetAside, progress: Progress, header: bytes | None = None) -> None:
    """Write all pages in one transaction; before the first reaches the file, the wreck is held against its copy.

    :param header: what the file began with before it was mended.
    """
    deadline = time.monotonic() + live.BUSY_SECONDS
    looked = False

    def stepped(status: int, _remaining: int, _total: int) -> None:
        nonlocal looked
        progress.advance(0 if status else STEP_PAGES * 4)
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            # Python's loop around the interface would wait for a lock for ever.
            if time.monotonic() >= deadline:
                raise DatabaseBusy(path=database)
        elif not looked:
            # From the first step on nobody else can write, and nothing of ours has left the memory.
            _require_unchanged(wreck.fileno(), aside, header)
            looked = True

    # Closed last: POSIX takes a process's locks on a file when it closes any descriptor of it.
    with (
        database.open("rb") as wreck,
        closing(sqlite3.connect(sqlite_uri(made, "ro"), uri=True)) as source,
        closing(live.open_for_placing(database)) as target,
    ):
        source.backup(target, pages=STEP_PAGES, progress=stepped, sleep=live.TRY_MILLISECONDS / 1000)


def _require_unchanged(wreck: int, aside: SetAside, header: bytes | None) -> None:
    """Raise Changed unless the file still holds what its copy does."""
    with file_errors(aside.path), aside.path.open("rb") as copy:
        for number, (now, before) in enumerate(pairs(wreck, copy.fileno())):
            found = now if header is None or number else header + now[live.HEADER_BYTES :]
            if found != before:
                raise Changed


def _move_in(made: Path, database: Path) -> None:
    """Put a copy of ``made`` where there is no file. What lies beside was no database's: it is set aside as well."""
    if os.path.lexists(database):
        raise Changed
    for companion in COMPANIONS:
        with file_errors(database):
            remove_file(database.with_name(f"{database.name}{companion}"))
    _replace(database, made)


def _replace(target: Path, source: Path) -> None:
    with replacing(Saving(target)) as file, file_errors(source), source.open("rb") as read:
        shutil.copyfileobj(read, file, 1 << 20)


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Within, nobody else writes to the database; a broken one is not in use.

    On Windows nothing can be renamed over a file that is open, ours included.
    """
    if sys.platform != "win32" and database.exists():
        with closing(live.open_for_placing(database)) as connection:
            with suppress(DatabaseDamaged, NotADatabase), live.database_errors(database):
                live.retrying(connection, "BEGIN EXCLUSIVE", Progress())
            yield
    else:
        yield
