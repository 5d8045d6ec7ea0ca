"""A database given as a backup: copied into the work folder, with what SQLite keeps beside it, and proved there.

The file itself is only ever read: what a crash left to be rolled back is rolled back in the copy.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sidecar.database.integrity import look_through
from sidecar.errors.backups import DamagedBackup, NotABackup
from sidecar.errors.paths import FileInUse
from sidecar.progress import Progress
from sidecar.system.os_errors import file_errors
from sidecar.system.workfolder import folder_errors, new_file, require_space

COMPANIONS = ("-journal", "-wal")
"""Endings of the files beside a database that hold a part of it."""

_PIECE_BYTES = 1 << 20


def copy_database(source: Path, folder: Path, progress: Progress) -> Path:
    """Copy a database and its companions, as of one moment.

    Raises FileInUse if one of them changed meanwhile, PathError, DiskFull, WorkFolderUnusable, Cancelled.
    """
    copy = folder / "given.db"
    with file_errors(source):
        before = _states(source)
    require_space(folder, sum(size for _, size, _ in before), "a copy of the database")
    for ending, _, _ in before:
        _copy(source.with_name(source.name + ending), copy.with_name(copy.name + ending), progress)
    with file_errors(source):
        if _states(source) != before:
            raise FileInUse(path=source, detail="It was written to while it was read.")
    return copy


def require_sound(copy: Path, progress: Progress) -> None:
    """Raise DamagedBackup for a copy of a database that SQLite does not find sound."""
    try:
        with closing(sqlite3.connect(copy)) as connection, progress.watching(connection):
            # What a crash left beside it is rolled back by this.
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
            findings = look_through(connection)
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            # Nothing but its first bytes says that it ever was one.
            raise NotABackup(detail="it begins as a database, and is none that SQLite can read") from error
        raise DamagedBackup(detail="it is a database that SQLite cannot read") from error
    if findings.damage or findings.indexes:
        raise DamagedBackup(detail="it is a database, and parts of it are not as SQLite left them")


def _states(source: Path) -> list[tuple[str, int, int]]:
    """Ending, size and time of the last change of each file that there is."""
    found = []
    for ending in ("", *COMPANIONS):
        path = source.with_name(source.name + ending)
        if not ending or path.is_file():
            state = path.stat()
            found.append((ending, state.st_size, state.st_mtime_ns))
    return found


def _copy(source: Path, target: Path, progress: Progress) -> None:
    new_file(target.parent, target.name)
    with folder_errors(target.parent.parent), target.open("wb") as copy:
        for piece in _pieces(source):
            progress.check()
            copy.write(piece)


def _pieces(source: Path) -> Iterator[bytes]:
    with file_errors(source):
        file = source.open("rb")
    with file:
        while True:
            with file_errors(source):
                piece = os.read(file.fileno(), _PIECE_BYTES)
            if not piece:
                return
            yield piece
