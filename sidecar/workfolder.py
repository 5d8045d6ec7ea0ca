"""The work folder: a place of its own for each job's throw-away files, gone when the job ends.

After a kill the next job sweeps what was left, but only what nobody locks: a neighbour
may be at work.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee
from filelock import FileLock, Timeout

from sidecar.errors import DiskFull, SidecarError, WorkFolderUnusable

_PREFIX = "job-"
_LOCK = "lock"
_UNUSED_SECONDS = 3600
_LOCK_SECONDS = 5


@contextmanager
def work_folder(base: Path) -> Iterator[Path]:
    """A new, empty, locked folder below ``base``, readable by its owner only; removed at the end.

    Raises WorkFolderUnusable when it cannot be made.
    """
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(base)
        # mkdtemp creates the folder with mode 0700.
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    except OSError as error:
        raise _unusable(base, error) from error
    except ValueError as error:
        raise WorkFolderUnusable(path=base, detail="no folder can have such a name") from error
    lock = FileLock(folder / _LOCK)
    try:
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except OSError as error:  # a Timeout, too
            raise _unusable(base, error) from error
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _unusable(base: Path, error: OSError) -> SidecarError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return DiskFull(path=base)
    return WorkFolderUnusable(path=base, detail=error.strerror or str(error))


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


def _sweep(base: Path) -> None:
    """Remove the folders of jobs that were killed: those whose lock can be had."""
    for folder in base.glob(_PREFIX + "*"):
        try:
            with FileLock(folder / _LOCK, blocking=False), os.scandir(folder) as entries:
                # Nobody holds it, but a neighbour may have made it this very moment, and lock it next.
                used = any(entry.name != _LOCK for entry in entries)
                stale = used or time.time() - folder.stat().st_mtime > _UNUSED_SECONDS
        except (Timeout, OSError):
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Raise DiskFull unless the disk of ``folder`` has ``size`` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DiskFull(path=folder, detail=f"{purpose} needs {size:,} bytes, {free:,} are free.")
