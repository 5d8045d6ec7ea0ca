"""Bringing what was written to the disk itself, as far as each system and each place can."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from sidecar.system import names

if sys.platform == "win32":
    _FULL: int | None = None
else:
    import fcntl

    # macOS: fsync hands the bytes to the disk, which may keep them in its memory; this one waits for the platter.
    _FULL = getattr(fcntl, "F_FULLFSYNC", None)

_CANNOT = frozenset(
    number
    for name in ("EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EPERM", "ENOTTY", "ENODEV")
    if (number := getattr(errno, name, None)) is not None
)
"""What places answer that know no flush; anything else is a disk that failed."""

NOT_FLUSHED = (
    "The backup is complete and in place, but its folder could not be flushed to the disk: wait a minute before you"
    " switch the computer off or unplug the disk, and check that disk"
)
"""What to say when the rename may not outlast a power cut."""

CANNOT_FLUSH = (
    "The backup is complete and in place, but this place does not let it be flushed to its disk at once: wait a minute"
    " before you switch the computer off or unplug the disk"
)
"""What to say where a place has no way to promise it."""


def flush_file(descriptor: int) -> bool:
    """Bring an open file to the disk; False where the place cannot be told to. Raises OSError of a disk that fails."""
    if sys.platform != "win32" and _FULL is not None:
        try:
            fcntl.fcntl(descriptor, _FULL)
        except OSError:
            # Network drives and some disks do not know it; the plain flush tells what is wrong otherwise.
            return _flushed(descriptor)
        return True
    return _flushed(descriptor)


def _flushed(descriptor: int) -> bool:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    return True


def flush_rename(target: Path) -> str | None:
    """Make the rename that gave ``target`` its name outlast a power cut; answers what to say where that cannot be had.

    Never fails: the file is in place. POSIX flushes the folder. Windows flushes no folder: there the file is flushed
    once more, under its new name, and NTFS brings the log with it that its rename stands in. Source of that:
    PostgreSQL's durable_rename; not seen at work.
    """
    try:
        descriptor = _open_renamed(target)
    except OSError as error:
        # Windows: who holds the new file for a moment, a scanner say, is no disk that fails.
        return CANNOT_FLUSH if names.ON_WINDOWS or error.errno in _CANNOT else NOT_FLUSHED
    try:
        return None if flush_file(descriptor) else CANNOT_FLUSH
    except OSError:
        return NOT_FLUSHED
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _open_renamed(target: Path) -> int:
    if names.ON_WINDOWS:
        return os.open(target, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    return os.open(target.parent, os.O_RDONLY)
