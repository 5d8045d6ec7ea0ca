"""The snapshot: a private copy of the live database as of one moment, so that the app waits for that moment alone."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from sidecar.database.connection import (
    BUSY_SECONDS,
    TRY_MILLISECONDS,
    database_errors,
    live_schema,
    open_for_reading,
    retrying,
    writing_only_below,
)
from sidecar.errors.databases import DatabaseBusy
from sidecar.progress import Progress
from sidecar.system.files import open_private
from sidecar.system.os_errors import file_errors
from sidecar.system.workfolder import folder_errors, new_file, work_errors

PIECE_BYTES = 1 << 20
"""Copied between two looks at the cancel flag."""

_WAL = "wal"

_COUNTER_AT = 24
"""Offset of the file change counter, four bytes: "The Database Header" of SQLite's file format."""


def take_snapshot(path: Path, snapshot: Path, progress: Progress) -> None:
    """Copy the live database, as of one moment, to the new file ``snapshot``.

    The app is kept from writing for the time of the copy alone (some 0.1 s for 260 MB, and 0.005 s where the file
    system shares the bytes), where a read transaction held open during an export made its writes fail. Raises
    DatabaseError and its kin, Cancelled, DiskFull, WorkFolderUnusable.
    """
    with database_errors(path), closing(open_for_reading(path)) as live:
        live_schema(live, path, progress)
        with writing_only_below(snapshot.parent.parent):
            if _is_one_file(live):
                _copy_file(live, path, snapshot, progress)
            else:
                _copy_pages(live, path, snapshot, progress)


def _is_one_file(live: sqlite3.Connection) -> bool:
    """Whether a lock on the database makes its file, by itself, all of the database.

    With a write-ahead log it is not; on Windows, SQLite's lock keeps others, us included, from reading the file.
    """
    (mode,) = live.execute("PRAGMA main.journal_mode").fetchone()
    return mode != _WAL and sys.platform != "win32"


def _copy_file(live: sqlite3.Connection, path: Path, snapshot: Path, progress: Progress) -> None:
    """Copy the file as a file, four times as fast as page by page, while a shared lock keeps it as it is."""
    with file_errors(path):
        source = _descriptor(path)
    live.execute("BEGIN")
    # The lock is taken by the first read; a hot journal has been rolled back by then.
    retrying(live, "SELECT 1 FROM main.sqlite_master LIMIT 1", progress)
    with folder_errors(snapshot.parent.parent), open_private(snapshot) as copy:
        position = copy.seek(_copied_by_system(source, copy.fileno(), progress))
        for piece in _pieces(source, path, position):
            progress.check()
            copy.write(piece)
    live.execute("ROLLBACK")


def _copied_by_system(source: int, copy: int, progress: Progress) -> int:
    """How many bytes the system itself copied; a file system that can (Btrfs, XFS) shares them, and copies nothing.

    What it cannot do, or not on these disks, is left to reading and writing, which also tell which of them failed.
    """
    position = 0
    if hasattr(os, "copy_file_range"):
        with suppress(OSError):
            while copied := os.copy_file_range(source, copy, PIECE_BYTES, position, position):
                position += copied
                progress.check()
    return position


def _pieces(source: int, path: Path, position: int) -> Iterator[bytes]:
    while True:
        with file_errors(path):
            piece = _read_at(source, position)
        if not piece:
            return
        yield piece
        position += len(piece)


def _read_at(source: int, position: int) -> bytes:
    if sys.platform == "win32":
        os.lseek(source, position, os.SEEK_SET)
        piece = os.read(source, PIECE_BYTES)
    else:
        # Not preadv, which macOS has since its version 11 alone.
        piece = os.pread(source, PIECE_BYTES, position)
    return piece


def change_counter(path: Path) -> int:
    """The number in the database's first page that every transaction raises which changes the file.

    Not kept by a database with a write-ahead log. Raises PathError and its kin.
    """
    with file_errors(path):
        if sys.platform == "win32":
            with path.open("rb") as file:
                file.seek(_COUNTER_AT)
                counter = file.read(4)
        else:
            counter = os.pread(_descriptor(path), 4, _COUNTER_AT)
    return int.from_bytes(counter, "big")


_kept: dict[tuple[int, int] | tuple[Path], int] = {}
"""The descriptor of the live database last copied, by device and inode, or by name."""


def _descriptor(path: Path) -> int:
    """The database's file, open for reading; left open until another one is asked for.

    POSIX takes all locks that a process has on a file when the process closes any descriptor of
    it: closed here, it would take those of a connection that is at work on the same database.
    """
    found = path.stat()
    # Some file systems have no numbers for files: a name has to do then.
    key = (found.st_dev, found.st_ino) if found.st_ino else (path,)
    if key not in _kept:
        while _kept:
            os.close(_kept.popitem()[1])
        _kept[key] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", getattr(os, "O_BINARY", 0)))
    return _kept[key]


def _copy_pages(live: sqlite3.Connection, path: Path, snapshot: Path, progress: Progress) -> None:
    """Copy by SQLite's backup API, piece by piece, within one read: what others write meanwhile begins nothing anew."""
    deadline = time.monotonic() + BUSY_SECONDS

    def looked(status: int, _remaining: int, _total: int) -> None:
        # Python's loop around the API would wait for a lock for ever.
        progress.check()
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= deadline:
            raise DatabaseBusy(path=path)

    with closing(sqlite3.connect(new_file(snapshot.parent, snapshot.name))) as copy:
        with work_errors(snapshot.parent.parent):
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA journal_mode = OFF")
        live.execute(f"PRAGMA busy_timeout = {TRY_MILLISECONDS}")
        (page_bytes,) = live.execute("PRAGMA main.page_size").fetchone()
        live.execute("BEGIN")
        retrying(live, "SELECT 1 FROM main.sqlite_master LIMIT 1", progress)
        pages = max(PIECE_BYTES // page_bytes, 1)
        live.backup(copy, pages=pages, progress=looked, sleep=TRY_MILLISECONDS / 1000)
        live.execute("ROLLBACK")
