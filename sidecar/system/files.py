"""Files: a source that can be read, the file a target stands for, two names of one file, new files for their owner.

What the system says when it refuses is worded by ``os_errors``; knows nothing of ZIP or JSON.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from sidecar.errors.paths import FolderNotFound, IsAFolder, PathNotAllowed
from sidecar.progress import Progress
from sidecar.system import names
from sidecar.system.names import advised, is_device, require_lengths, require_name, shown, usable
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.patience import patiently
from sidecar.system.permissions import make_private

_NOT_EXCLUSIVELY = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What places answer that cannot promise a file to be new."""

_GONE_IN_A_MOMENT = 0x100 | 0x2000
"""FILE_ATTRIBUTE_TEMPORARY, which OneDrive leaves alone, and FILE_ATTRIBUTE_NOT_CONTENT_INDEXED."""


_ENDS_OF_FOLDERS = tuple(filter(None, (os.sep, os.altsep)))
"""With which the name of a folder may end, and that of a file may not."""


def open_source(file_path: str, progress: Progress | None = None) -> BinaryIO:
    """Open a backup for reading, as soon as no other program holds it; the wait is told by way of ``progress``.

    Raises FileNotFound, IsAFolder, PermissionDenied, PathNotAllowed, FileInUse, ReadFailed, Cancelled.
    """
    path = Path(file_path)
    if not file_path:
        raise PathNotAllowed(path=path, detail="it is empty")
    require_lengths(path)
    if is_device(path):
        raise IsAFolder(path=path)
    with file_errors(path):
        # Looked at before it is opened: opening a pipe would wait for its other end.
        if not stat.S_ISREG(usable(path).stat().st_mode):
            raise IsAFolder(path=path)
        file = patiently(lambda: usable(path).open("rb"), path, progress, if_permitted=True)
    try:
        file.seek(0, os.SEEK_END)
    except OSError as error:
        # Such as what /proc holds: called a file, but no more than a stream.
        file.close()
        raise IsAFolder(path=path) from error
    return file


def remove_file(path: Path, progress: Progress | None = None) -> None:
    """Remove a file, if there is one, as soon as no other program holds it.

    Raises OSError, Cancelled.
    """
    patiently(lambda: path.unlink(missing_ok=True), path, progress, if_permitted=True)


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
    if is_device(first) or is_device(second):
        return False
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
    return unicodedata.normalize("NFC", shown(str(name))).casefold()


def resolve_target(file_path: str) -> Path:
    """The file a target path stands for, symlinks followed, whether or not it exists.

    Raises IsAFolder, FolderNotFound, PermissionDenied, PathNotAllowed.
    """
    if not file_path:
        raise PathNotAllowed(path=file_path, detail="it is empty")
    require_name(file_path)
    given = Path(file_path)
    if is_device(given):
        raise IsAFolder(path=given)
    with file_errors(given, Act.SAVE):
        if file_path.endswith(_ENDS_OF_FOLDERS) and not given.is_dir():
            # It would become a file of that name.
            raise advised(FolderNotFound(path=file_path))
        path = usable(resolved(given))
        # By the given name as well: what stands behind a pipe's, such as /dev/stdout, is no path.
        for name in (given, path):
            with suppress(FileNotFoundError):
                if not stat.S_ISREG(name.stat().st_mode):
                    raise IsAFolder(path=given)
        if not path.parent.is_dir():
            raise advised(FolderNotFound(path=given))
    return path


def open_private(path: Path) -> BinaryIO:
    """A new file, readable and writable by its owner only. Raises OSError, also when there is one already."""
    return open(path, "x+b", opener=_owner_only)


def _owner_only(path: str, flags: int) -> int:
    return create_private(Path(path), flags)


def create_private(path: Path, flags: int) -> int:
    """A descriptor of a new file, opened as ``flags`` say, for its owner only. Raises OSError, FileExistsError too."""
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if error.errno not in _NOT_EXCLUSIVELY:
            raise
        # Names of ours are drawn by lot: nobody else makes one of them at the same time.
        descriptor = os.open(path, flags & ~os.O_EXCL | os.O_CREAT | os.O_TRUNC, 0o600)
    make_private(path)
    return descriptor


def mark_temporary(path: Path, libraries: Callable[[str], Any] | None = None) -> bool:
    """Tell Windows that a file is gone in a moment, so that OneDrive does not upload it; answers whether it knows.

    :param libraries: gives a library of Windows by its name.
    """
    if not names.ON_WINDOWS:
        return False
    import ctypes

    load = libraries or ctypes.WinDLL  # type: ignore[attr-defined,unused-ignore]
    return bool(load("kernel32").SetFileAttributesW(ctypes.c_wchar_p(str(path)), ctypes.c_uint(_GONE_IN_A_MOMENT)))
