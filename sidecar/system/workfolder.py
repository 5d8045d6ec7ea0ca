"""The work folder: a place of its own for each job's throw-away files, gone when the job ends.

After a kill the next job sweeps what was left, but only what nobody locks: a neighbour
may be at work.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import peewee

from sidecar.errors.base import StartAgain
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import DiskFull, FileInUse, FileNotFound, PermissionDenied, PlaceUnreachable, ReadFailed
from sidecar.system.files import create_private
from sidecar.system.locks import SUFFIX, Lock, leftovers, new_lock
from sidecar.system.names import sqlite_uri
from sidecar.system.os_errors import Act, typed
from sidecar.system.paths import is_homeless
from sidecar.system.permissions import make_folder

_PREFIX = "job-"
_SQLITE_TEMPORARY = "etilqs_*"

_OF_A_PATH = (FileInUse, FileNotFound, PermissionDenied, PlaceUnreachable, ReadFailed)

THROW_AWAY = {
    "journal_mode": "off",
    "synchronous": "off",
    # Four times the usual: a quarter less time to fill a table.
    "page_size": 16384,
    # KiB; as much again is sorted in memory at a time. With four to six times as much, indexes and groups of a
    # million rows take a tenth more time: what is sorted then outgrows the processor's own cache.
    "cache_size": -4096,
    # One more than the caller's: it sorts one part while the next is read, and saves another tenth.
    "threads": 1,
}
"""Pragmas of a database that a job fills, sorts and throws away."""


@contextmanager
def work_folder(base: Path) -> Iterator[Path]:
    """A new, empty folder below ``base``, locked and readable by its owner only; removed at the end.

    Raises WorkFolderUnusable when it cannot be made, or the system refuses a file in it; DiskFull.
    """
    if is_homeless(base):
        raise WorkFolderUnusable(path=base, detail="your home folder is not known")
    folder = base / f"{_PREFIX}{secrets.token_hex(4)}"
    with folder_errors(base):
        _make_base(base)
        sweep(base)
        # Locked before it exists, so that no neighbour can take it for a leftover.
        lock = new_lock(folder.with_suffix(SUFFIX))
    try:
        with folder_errors(base):
            make_folder(folder)
        with _of_throw_away_files(folder):
            yield folder
    finally:
        _discard(folder, lock)


@contextmanager
def _of_throw_away_files(folder: Path) -> Iterator[None]:
    """Say of what is wrong with a file in a job's folder, whose path nobody chose, that it is the work folder."""
    try:
        yield
    except _OF_A_PATH as error:
        if error.path is None or folder not in Path(error.path).parents:
            raise
        said = error.detail or getattr(error.__cause__, "strerror", None) or error.message
        raise WorkFolderUnusable(path=folder.parent, detail=said) from error


def new_file(folder: Path, name: str) -> Path:
    """An empty file in a job's folder, readable by its owner only. Raises DiskFull, WorkFolderUnusable.

    Made here and not by SQLite, which does not tell why it could not make one.
    """
    path = folder / name
    with folder_errors(folder.parent):
        os.close(create_private(path, os.O_WRONLY))
    return path


@contextmanager
def folder_errors(base: Path) -> Iterator[None]:
    """Turn what the system says of throw-away files below ``base`` into DiskFull, StartAgain and WorkFolderUnusable."""
    try:
        yield
    except OSError as error:
        told = typed(error, base, Act.SAVE)
        if isinstance(told, DiskFull | StartAgain):
            raise told from error
        said = "a file is in its way" if _is_in_the_way(base) else error.strerror or str(error)
        raise WorkFolderUnusable(path=base, detail=said) from error
    except ValueError as error:
        raise WorkFolderUnusable(path=base, detail="no folder can have such a name") from error


def _is_in_the_way(base: Path) -> bool:
    """Whether a file stands where a folder should be: Windows says only that there is no such path."""
    there = next((place for place in (base, *base.parents) if os.path.lexists(place)), None)
    return there is not None and there.is_file()


@contextmanager
def work_errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite says of throw-away files in ``folder`` into DiskFull and WorkFolderUnusable."""
    try:
        yield
    except (sqlite3.Error, peewee.DatabaseError) as error:
        # peewee's errors wrap those of sqlite3.
        cause = error if isinstance(error, sqlite3.Error) else error.__cause__ or error.__context__
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise DiskFull(path=folder) from error
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise WorkFolderUnusable(path=folder, detail=str(error)) from error
        raise


def attach(connection: sqlite3.Connection, name: str, path: Path) -> None:
    """Attach a throw-away database of a job to a connection of the live one. Raises DiskFull, WorkFolderUnusable."""
    with work_errors(path.parent.parent):
        connection.execute(f"ATTACH DATABASE ? AS {name}", (sqlite_uri(path, "rwc"),))
        # Every pragma names its schema: a bare one would hit the live database. Without a journal
        # a throw-away database also keeps a commit from needing a super-journal.
        connection.execute(f"PRAGMA {name}.synchronous = OFF")
        connection.execute(f"PRAGMA {name}.journal_mode = OFF")
        connection.execute(f"PRAGMA {name}.cache_size = -16384")


def sweep(base: Path) -> None:
    """Remove what jobs that were killed left below ``base``: the folders whose lock can be had. Raises OSError."""
    for temporary in base.glob(_SQLITE_TEMPORARY):
        # SQLite unlinks its temporary files as soon as it has made them: one with a name is nobody's.
        with suppress(OSError):
            temporary.unlink()
    for lock in leftovers(base, _PREFIX):
        _discard(lock.path.with_suffix(""), lock)


def _make_base(base: Path) -> None:
    """Make the folder of all jobs, and those above it that are missing."""
    # A drive or a server that is not there is its own parent.
    if base.parent != base and not base.parent.exists():
        _make_base(base.parent)
    try:
        make_folder(base)
    except OSError:
        # Whatever is said: one that is there will do.
        if not base.is_dir():
            raise


def _discard(folder: Path, lock: Lock) -> None:
    """Remove a job's folder and its lock; what cannot be removed keeps its lock file, for a later sweep."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        lock.release()
    else:
        lock.let_go()


def require_space(path: Path, size: int, purpose: str) -> None:
    """Raise DiskFull unless the disk of ``path``, a folder or a file, has ``size`` bytes free, as far as it tells."""
    free = free_space(path)
    if free is not None and free < size:
        raise DiskFull(path=path, detail=f"{purpose} needs {size:,} bytes, {free:,} are free.")


def free_space(path: Path) -> int | None:
    """Bytes free on the disk of ``path``; None where it does not tell: zeros, or an error, as some FUSE mounts do."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return usage.free if usage.total else None
