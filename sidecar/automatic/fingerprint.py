"""The fingerprint of a database file: whether anything can have been committed since it was last looked at.

A fingerprint that is the same means that nothing was committed; one that differs means that one has to look. SQLite
counts every commit in the file's header; the system notes every write, and a time of change that nobody can set. A
file with a journal or a write-ahead log beside it is never called unchanged: what counts may lie there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sidecar.system.os_errors import file_errors

WHOLE_BYTES = 8 << 20
"""Files up to this size are read whole, in a few milliseconds: no clock of a file system is relied on then."""

_HEADER_BYTES = 100
_BESIDE = ("-journal", "-wal")


def take_fingerprint(database: Path) -> str | None:
    """A text that no other state of the file has; None where there is something beside it that might count.

    Raises PathError for a file that cannot be read.
    """
    with file_errors(database), database.open("rb") as file:
        if any(_has_bytes(database.with_name(database.name + suffix)) for suffix in _BESIDE):
            return None
        before = _stat(database)
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr(before).encode())
        digest.update(file.read(WHOLE_BYTES if before[0] <= WHOLE_BYTES else _HEADER_BYTES))
        # Written to while it was read: neither the one state nor the other.
        return digest.hexdigest() if _stat(database) == before else None


def count_commits(database: Path) -> int | None:
    """How often something was committed, as the file's header says: a number that wraps around at 2**32.

    None for a database that keeps a write-ahead log, whose commits are not counted there. Raises PathError.
    """
    with file_errors(database), database.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    is_counted = len(header) == _HEADER_BYTES and header[18] == 1
    return int.from_bytes(header[24:28], "big") if is_counted else None


def _stat(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
