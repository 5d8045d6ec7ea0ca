"""What lies beside the database under the names that SQLite gives its journals: whether it is the database's own.

SQLite asks no journal whose it is: at the next opening it plays in whatever has the name, be it of another database,
left there by a sync client, a copied folder, a file that was renamed. So one is tried out on a private copy first.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from sidecar.errors.databases import JournalInTheWay
from sidecar.rescue.wrecks import COMPANIONS, same_bytes
from sidecar.system.files import resolved
from sidecar.system.names import is_device

JOURNAL, WAL = COMPANIONS

NO_LOG = "the database keeps no write-ahead log"
"""What is said of a log that cannot be the database's, whatever state that is in."""

_WAL_HEADER_BYTES = 32
"""A write-ahead log that is no longer holds no page."""

_MAGIC = b"SQLite format 3\0"
_MODES_AT, _COUNTER_AT, _HEADER_BYTES = 18, 24, 28
"""Offsets of the two bytes that say how the database is written, and of its change counter, which ends the third."""

_SUPER_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""With which a journal ends that names a super-journal: number of a page, name, its length, its sum, this."""

_SUPER_BYTES = 20
"""What that record has beside the name."""


def require_files_beside(database: Path) -> None:
    """Raise JournalInTheWay where a folder, a link or a pipe has the name of a journal: SQLite's words name none."""
    for ending in COMPANIONS if (beside := _beside(database)) else ():
        path = beside[ending]
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            continue
        if not stat.S_ISREG(mode):
            raise JournalInTheWay(path=path, detail=_called(mode))


def played_in(database: Path) -> tuple[Path, ...]:
    """The files beside the database that SQLite may play in at its next opening, as far as a glance tells.

    None of a program that has the database open: what that writes is its own, and here for moments.
    """
    found = tuple(path for ending, path in _beside(database).items() if _may_count(path, ending))
    if not found or not (place := resolved(database)).is_file():
        return ()
    # Rarely needed, and what starts other programs takes its time to load.
    from sidecar.database.holders import is_held_with

    if any(is_held_with(path, place) for path in found):
        return ()
    # That took a while: what a program at work had there may be done with.
    return tuple(path for path in found if path.exists())


def recover(copy: Path) -> None:
    """Let SQLite play in what lies beside a private copy; what cannot be played in is found by the check."""
    _forget_super_journal(copy.with_name(f"{copy.name}{JOURNAL}"))
    # What SQLite says of a broken schema need not be UTF-8.
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(copy)) as connection:
        # With a write-ahead log no file for shared memory is needed then.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("SELECT 1 FROM main.sqlite_master LIMIT 1").fetchone()


def misfit(database: Path, recovered: Path) -> str:
    """Why what was played in cannot have been the database's own, even if the result is sound; "" where it can.

    Every transaction raises the file's change counter by one as it ends, VACUUM's and those of the backup interface
    too ("File change counter" in SQLite's file format). So a journal takes it back by one, or leaves it as it is. And a
    database that says that it keeps no write-ahead log has none: SQLite writes that into it before the first page goes
    into one, and takes it back after the last.
    """
    before, after = _head(database), _head(recovered)
    if not before.startswith(_MAGIC) or len(before) < _HEADER_BYTES:
        # What the file says of itself is not to be believed.
        return ""
    counted = {ending for ending, path in _beside(database).items() if _may_count(path, ending)}
    if counted == {WAL} and before[_MODES_AT : _MODES_AT + 2] == b"\1\1":
        return "" if same_bytes(database, recovered) else NO_LOG
    if JOURNAL in counted and (_counter(before) - _counter(after)) % (1 << 32) > 1:
        return "it is of another moment, or of another database"
    return ""


def _counter(head: bytes) -> int:
    return int.from_bytes(head[_COUNTER_AT:_HEADER_BYTES], "big")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)


def _beside(database: Path) -> dict[str, Path]:
    """Ending -> path of what lies beside; SQLite looks beside the file that a link leads to."""
    if is_device(database):
        return {}
    try:
        place = resolved(database)
        return {ending: place.with_name(f"{place.name}{ending}") for ending in COMPANIONS}
    except (OSError, ValueError):
        # An impossible name, or a loop of links: for the opening to tell of.
        return {}


def _may_count(path: Path, ending: str) -> bool:
    """Whether SQLite may find something to play in; a journal that begins with a zero was done with."""
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        # None there; or a name or folder of which the opening tells.
        return False
    if size == 0 or ending == WAL:
        return size > _WAL_HEADER_BYTES
    try:
        with path.open("rb") as file:
            return file.read(1) != b"\0"
    except OSError:
        # For the copy to tell of.
        return True


def _called(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISLNK(mode):
        return "a link"
    return "no file"


def _forget_super_journal(journal: Path) -> None:
    """Take the name of a super-journal that is there out of a copied journal.

    That one is of files of other names, and SQLite would remove it; a journal whose super-journal is gone is done with.
    """
    with suppress(FileNotFoundError), journal.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size < _SUPER_BYTES:
            return
        file.seek(size - 16)
        length, _, magic = (ending := file.read())[:4], ending[4:8], ending[8:]
        begin = size - _SUPER_BYTES - int.from_bytes(length, "big")
        if magic != _SUPER_MAGIC or begin < 0:
            return
        file.seek(begin + 4)
        name = file.read(int.from_bytes(length, "big"))
        with suppress(ValueError):
            if os.path.exists(os.fsdecode(name)):  # noqa: PTH110 - bytes, of any kind
                file.truncate(begin)
