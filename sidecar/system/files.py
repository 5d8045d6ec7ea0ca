"""Backup files as files: a source that can be read, a target that is replaced at once or not at all.

What the system says when it refuses is worded by ``os_errors``; knows nothing of ZIP or JSON.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from sidecar.errors import FolderNotFound, IsAFolder, PathNotAllowed
from sidecar.system.names import require_lengths, require_name, usable
from sidecar.system.os_errors import Act, file_errors

_TEMP_PREFIX, _TEMP_SUFFIX, _LOCK_SUFFIX = ".kp-", ".tmp", ".lock"
"""Short, so that a target whose name is as long as the file system allows has room for it."""

_LOCK_SECONDS = 5
"""Longest wait for a lock that at most a sweeping neighbour holds, for a moment."""

NOT_FLUSHED = (
    "The backup is complete and in place, but its folder could not be flushed to the disk: wait a minute before you"
    " switch the computer off or unplug the disk, and check that disk"
)
"""What to say when the rename may not outlast a power cut."""


def open_source(file_path: str) -> BinaryIO:
    """Open a backup for reading. Raises FileNotFound, IsAFolder, PermissionDenied, PathNotAllowed, ReadFailed."""
    path = Path(file_path)
    if not file_path:
        raise PathNotAllowed(path=path, detail="it is empty")
    require_lengths(path)
    with file_errors(path):
        # Looked at before it is opened: opening a pipe would wait for its other end.
        if not stat.S_ISREG(usable(path).stat().st_mode):
            raise IsAFolder(path=path)
        file = usable(path).open("rb")
    try:
        file.seek(0, os.SEEK_END)
    except OSError as error:
        # Such as what /proc holds: called a file, but no more than a stream.
        file.close()
        raise IsAFolder(path=path) from error
    return file


def resolved(path: Path) -> Path:
    """``path`` with its symbolic links followed, whether or not it exists. Raises OSError, ValueError."""
    try:
        return path.resolve()
    except RuntimeError as error:  # until Python 3.13: links that lead back to themselves
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def same_file(first: Path, second: Path) -> bool:
    """Whether two names stand for one file, or would, if they stood for any; links are followed.

    Device and inode decide where they can. Some file systems have no such numbers, or one for each name; so names in
    one folder that differ in case alone, or in how their accents are put together, are taken for one as well: where
    they are two, refusing the second costs a choice, and where they are one, not seeing it would cost the file.
    """
    with suppress(OSError, ValueError):
        one, other = first.stat(), second.stat()
        if one.st_ino and os.path.samestat(one, other):
            return True
    with suppress(OSError, ValueError):
        one_path, other_path = resolved(first), resolved(second)
        if _folded(one_path) == _folded(other_path):
            return True
        if _folded(one_path.name) == _folded(other_path.name):
            folder = one_path.parent.stat()
            return bool(folder.st_ino) and os.path.samestat(folder, other_path.parent.stat())
    return False


def _folded(name: Path | str) -> str:
    return unicodedata.normalize("NFC", str(name)).casefold()


def resolve_target(file_path: str) -> Path:
    """The file a target path stands for, symlinks followed, whether or not it exists.

    Raises IsAFolder, FolderNotFound, PermissionDenied, PathNotAllowed.
    """
    if not file_path:
        raise PathNotAllowed(path=file_path, detail="it is empty")
    require_name(file_path)
    given = Path(file_path)
    with file_errors(given, Act.SAVE):
        path = usable(resolved(given))
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise IsAFolder(path=given)
        if not path.parent.is_dir():
            raise FolderNotFound(path=given)
    return path


@contextmanager
def replacing(target: Path, remarks: list[str] | None = None) -> Iterator[BinaryIO]:
    """A new file, readable and writable, that takes the place of ``target`` when the block ends well.

    It lies beside the target, is readable by its owner only, and is flushed to the disk before
    it is renamed over the target in one step. When the block raises, or the process dies, the
    target is what it was; a file left by a killed process is removed by the next use.
    Once it is renamed the new file is in place, whatever happens: that its folder could not be flushed
    is no failure, but a sentence in ``remarks``.
    Raises SidecarErrors for the file system's.
    """
    with file_errors(target, Act.SAVE):
        _sweep(target.parent)
        temporary = target.parent / f"{_TEMP_PREFIX}{secrets.token_hex(4)}{_TEMP_SUFFIX}"
        # Locked before it exists, so that no neighbour can take it for a leftover.
        lock = new_lock(temporary.with_suffix(_LOCK_SUFFIX))
    try:
        with file_errors(target, Act.SAVE), open_private(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with file_errors(target, Act.RENAME):
            temporary.replace(target)
        if not _flush_folder(target.parent) and remarks is not None:
            remarks.append(NOT_FLUSHED)
    finally:
        _discard(temporary, lock)


def new_lock(path: Path) -> FileLock:
    """A lock at a path that nobody else uses, held; ``let_go`` of it. Raises OSError where no file can be made."""
    try:
        # FileLock would try for ever where a folder takes no new files.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileNotFoundError as error:
        raise PermissionError(errno.EACCES, "the folder takes no new files") from error
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        path.unlink(missing_ok=True)
        raise PermissionError(errno.EACCES, "files in the folder cannot be locked") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return lock


def let_go(lock: FileLock) -> None:
    """Release a lock and remove its file."""
    lock.release()
    with suppress(OSError):  # on Windows a sweeping neighbour may have it open; then it removes it
        Path(lock.lock_file).unlink(missing_ok=True)


def open_private(path: Path) -> BinaryIO:
    """A new file, readable and writable by its owner only. Raises OSError, also when there is one already."""
    return open(path, "x+b", opener=_owner_only)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sweep(folder: Path) -> None:
    """Remove what killed exports left in ``folder``: temp files whose lock can be had."""
    for lock_path in folder.glob(f"{_TEMP_PREFIX}*{_LOCK_SUFFIX}"):
        lock = FileLock(lock_path)
        try:
            lock.acquire(blocking=False)
        except (Timeout, OSError):
            # In use by a neighbour, or not ours to remove: neither is this export's concern.
            continue
        _discard(lock_path.with_suffix(_TEMP_SUFFIX), lock)


def _discard(temporary: Path, lock: FileLock) -> None:
    """Remove a temp file and its lock; what cannot be removed keeps its lock file, for a later sweep to find it by."""
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        # Whether the target was replaced is decided already: no failure here changes that.
        lock.release()
    else:
        let_go(lock)


def _flush_folder(folder: Path) -> bool:
    """Make a rename in ``folder`` outlast a power cut, where the platform can; answers whether that failed not."""
    if sys.platform == "win32":
        return True
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a folder at all.
        return error.errno in (errno.EINVAL, errno.ENOTSUP)
    return True
