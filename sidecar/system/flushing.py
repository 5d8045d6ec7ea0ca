"""Bringing what was written to the disk itself, as far as each system and each place can."""

from __future__ import annotations

import errno
import os
import sys

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


def flush_folder(folder: os.PathLike[str]) -> str | None:
    """Make a rename in ``folder`` outlast a power cut; answers what to say where that cannot be had.

    Never fails: the file is in place. Windows has no call for it, and its file systems note renames in order.
    """
    if names.ON_WINDOWS:
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            return None if flush_file(descriptor) else CANNOT_FLUSH
        finally:
            os.close(descriptor)
    except OSError as error:
        return CANNOT_FLUSH if error.errno in _CANNOT else NOT_FLUSHED
