"""Locks beside throw-away files: whoever holds one is at work, and what nobody holds is a leftover, to be swept.

That is all they are for. Where a place has no locks (NFS without its daemon, WebDAV, some FUSE), work goes on without:
a neighbour there cannot take one either, so it removes what is two days old, and nothing younger.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sidecar.system.files import create_private

SUFFIX = ".lock"

_SECONDS = 5
"""Longest wait for a lock that at most a sweeping neighbour holds, for a moment."""

ABANDONED_SECONDS = 2 * 24 * 3600
"""Age from which a leftover is one where locks cannot tell: no job takes that long, and few clocks are so wrong."""


@dataclass(frozen=True)
class Lock:
    """A lock file of ours; ``native`` is the system's lock on it, None where the place has none."""

    path: Path
    native: FileLock | None

    def release(self) -> None:
        """Hold it no longer; its file stays, for a later sweep to find what it speaks of."""
        if self.native is not None:
            with suppress(OSError):
                self.native.release()

    def let_go(self) -> None:
        """Hold it no longer, and remove its file."""
        self.release()
        with suppress(OSError):  # on Windows a sweeping neighbour may have it open; then it removes it
            self.path.unlink(missing_ok=True)


def new_lock(path: Path) -> Lock:
    """A lock at a path that nobody else uses, held. Raises OSError where no file can be made."""
    try:
        # FileLock would try for ever where a folder takes no new files.
        os.close(create_private(path, os.O_WRONLY))
    except FileNotFoundError as error:
        if not path.parent.is_dir():
            raise
        raise PermissionError(errno.EACCES, "the folder takes no new files") from error
    native = _native(path)
    try:
        native.acquire(timeout=_SECONDS)
    except (Timeout, OSError):
        return Lock(path, None)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Lock(path, native)


def take(path: Path) -> Lock | None:
    """The lock on a file that is there, if it can be had at once; None where a neighbour holds it, or nobody can."""
    native = _native(path)
    try:
        native.acquire(blocking=False)
    except (Timeout, OSError):
        return None
    return Lock(path, native)


def leftovers(folder: Path, prefix: str) -> Iterator[Lock]:
    """The locks of what killed jobs left in ``folder``, each taken; what a neighbour holds is passed over."""
    for path in folder.glob(f"{prefix}*{SUFFIX}"):
        native = _native(path)
        try:
            native.acquire(blocking=False)
        except Timeout:
            continue
        except OSError:
            if _is_abandoned(path):
                yield Lock(path, None)
            continue
        yield Lock(path, native)


def _native(path: Path) -> FileLock:
    # Its file stays when it is released, on Windows too: it is what a later sweep finds a leftover by. Its soft lock
    # is no choice where there are no locks: one of a killed job would be held for ever.
    return FileLock(path, preserve_lock_file=True, fallback_to_soft=False)


def _is_abandoned(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > ABANDONED_SECONDS
    return False
