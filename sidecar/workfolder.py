"""The work folder: a place of its own for each job's throw-away files, gone when the job ends.

After a kill the next job sweeps what was left, but only what nobody locks: a neighbour
may be at work.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sidecar.errors import DiskFull, WorkFolderUnusable

_PREFIX = "job-"
_LOCK = "lock"
_UNUSED_SECONDS = 3600


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
        raise WorkFolderUnusable(path=base, detail=error.strerror or str(error)) from error
    lock = FileLock(folder / _LOCK)
    lock.acquire()
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove the folders of jobs that were killed: those whose lock can be had."""
    for folder in base.glob(_PREFIX + "*"):
        try:
            with FileLock(folder / _LOCK, blocking=False):
                # Nobody holds it, but a neighbour may have made it this very moment, and lock it next.
                used = any(entry.name != _LOCK for entry in os.scandir(folder))
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
