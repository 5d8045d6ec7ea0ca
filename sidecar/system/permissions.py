"""Who may read and write what is made here: its owner alone; and whose it is, when root makes it.

POSIX says it with a mode, when the file is made; Windows knows no modes, and is told an access control list. A file
that takes another's place takes its mode and owner, too.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.system import names

_OWNER_ONLY = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
"""Full access for the system, administrators and the owner, nothing inherited: what Python's mkdir(0o700) sets."""

_FILE_OBJECT, _REVISION = 1, 1
_DACL, _PROTECTED_DACL = 0x4, 0x80000000


@dataclass(frozen=True)
class Owner:
    """Who a file belongs to, by number."""

    user: int
    group: int


def owner_to_be(path: Path) -> Owner | None:
    """Who is to own what is made for the sake of ``path``: its owner where root is at work, else whoever makes it.

    One import with sudo would otherwise leave folders that lock the user out of the next one.
    """
    if sys.platform != "win32" and not names.ON_WINDOWS and os.geteuid() == 0:
        with suppress(OSError):
            found = path.stat()
            return Owner(found.st_uid, found.st_gid)
    return None


def give_to(owner: Owner | None, path: Path) -> None:
    """Make ``path`` the owner's; some file systems know no owners, and that is no failure."""
    if sys.platform != "win32" and owner is not None:
        with suppress(OSError):
            os.chown(path, owner.user, owner.group)


def make_folder(path: Path) -> None:
    """Make one folder, for its owner only: root gives it to the owner of the folder it lies in. Raises OSError."""
    path.mkdir(mode=0o700)
    make_private(path)
    give_to(owner_to_be(path.parent), path)


def take_over(older: Path, path: Path) -> bool:
    """Give ``path`` the mode and the owner of ``older``, as far as the system lets us; False when there is none."""
    try:
        found = older.stat()
    except OSError:
        return False
    if not names.ON_WINDOWS:
        give_to(Owner(found.st_uid, found.st_gid), path)
        with suppress(OSError):
            path.chmod(stat.S_IMODE(found.st_mode) & 0o777)
    return True


def is_write_protected(path: Path) -> bool:
    """Whether a file says of itself that nobody is to write it: no mode lets one, or Windows' attribute forbids it."""
    try:
        return not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    except OSError:
        return False


@contextmanager
def unprotected(path: Path) -> Iterator[None]:
    """Within, a file of Windows may be replaced that says that nobody is to write it; so does what is there afterwards.

    Elsewhere the folder lets a file be replaced, and the new one takes over its mode. Raises OSError.
    """
    if not (names.ON_WINDOWS and is_write_protected(path)):
        yield
        return
    path.chmod(stat.S_IWRITE)
    try:
        yield
    finally:
        with suppress(OSError):
            path.chmod(stat.S_IREAD)


def make_private(path: Path, libraries: Callable[[str], Any] | None = None) -> bool:
    """Keep a new file or folder on Windows to its owner, administrators and the system; answers whether it is.

    Elsewhere its mode does. A disk without access control (FAT32, exFAT) cannot, and is used all the same.

    :param libraries: gives a library of Windows by its name.
    """
    if not names.ON_WINDOWS:
        return True
    # Not above: the program frozen for Linux does without it.
    import ctypes

    load = libraries or ctypes.WinDLL  # type: ignore[attr-defined,unused-ignore]
    advapi32, kernel32 = load("advapi32"), load("kernel32")
    descriptor, dacl = ctypes.c_void_p(), ctypes.c_void_p()
    present, defaulted = ctypes.c_int(), ctypes.c_int()
    if not advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(_OWNER_ONLY), _REVISION, ctypes.byref(descriptor), None
    ):
        return False
    try:
        if not advapi32.GetSecurityDescriptorDacl(
            descriptor, ctypes.byref(present), ctypes.byref(dacl), ctypes.byref(defaulted)
        ):
            return False
        answer: int = advapi32.SetNamedSecurityInfoW(
            ctypes.c_wchar_p(str(path)), _FILE_OBJECT, ctypes.c_uint(_DACL | _PROTECTED_DACL), None, None, dacl, None
        )
        return answer == 0
    finally:
        kernel32.LocalFree(descriptor)
