"""What the system says of a file, in words for people: one table, by what was being done, of errno and winerror.

The same number means another thing for another act: ENOENT is a file that is not there when it is opened, and a name
or a folder that cannot be saved to when it is written. Only ``typed`` looks at either number; whoever does something
to a file says which act it is.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from sidecar.errors.base import InternalError, SidecarError, StartAgain
from sidecar.errors.paths import (
    DiskFull,
    FileInUse,
    FileNotFound,
    FileTooLarge,
    FolderNotFound,
    IsAFolder,
    PathNotAllowed,
    PermissionDenied,
    PlaceUnreachable,
    ReadFailed,
)
from sidecar.system.names import advised


class Act(Enum):
    """What was being done to a file when the system refused."""

    OPEN = "open"
    STAT = "stat"
    LIST = "list"
    UNPACK = "unpack"
    SAVE = "save"
    LOCK = "lock"
    FLUSH = "flush"
    RENAME = "rename"
    REMOVE = "remove"


WRITING = frozenset({Act.SAVE, Act.LOCK, Act.FLUSH, Act.RENAME})
"""Acts of which nobody wants to hear that a file is not there: it is being made."""

_NAMING = frozenset({Act.OPEN, Act.STAT, Act.LIST, Act.SAVE, Act.RENAME})
"""Acts that hand a name to the system, which may refuse the name itself."""


def _numbers(*names: str) -> frozenset[int]:
    """Those of the names that this system knows."""
    return frozenset(number for name in names if (number := getattr(errno, name, None)) is not None)


_DENIED = _numbers("EACCES", "EPERM", "EROFS")
_IN_USE = _numbers("EBUSY", "ETXTBSY", "EAGAIN", "EDEADLK", "EDEADLOCK")
_FULL = _numbers("ENOSPC", "EDQUOT")
_SPENT = _numbers("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS")
_AWAY = _numbers(
    "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ENONET", "ENOLINK", "ESTALE",
    "ENOTCONN", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ESHUTDOWN", "EPIPE", "EREMOTE", "EREMOTEIO", "ECOMM",
    "EREMCHG", "EPROTO", "ENODEV", "ENXIO", "ENOMEDIUM", "EMEDIUMTYPE", "ENOKEY", "EKEYEXPIRED", "EKEYREVOKED",
)  # fmt: skip
"""Disks that were pulled out, network drives that do not answer, and those that want to be signed in to again."""

_BY_WINERROR: dict[type[SidecarError], frozenset[int]] = {
    # 391 and 397: a cloud drive is at work on the file.
    FileInUse: frozenset({32, 33, 108, 142, 170, 212, 303, 391, 397, 1224, 2404}),
    PermissionDenied: frozenset({5, 19, 65, 82, 381, 395, 1307, 1314, 6000, 6002}),
    DiskFull: frozenset({39, 112, 314, 387, 1295}),
    FileTooLarge: frozenset({223}),
    # 36 and 68: more files open, and more names, than the network takes.
    StartAgain: frozenset({4, 8, 14, 36, 68, 1450, 1455}),
    PathNotAllowed: frozenset({123, 161, 206, 1921}),
    FolderNotFound: frozenset({3, 267}),
    # A pipe: served badly, busy, with somebody at its other end, or with nobody.
    IsAFolder: frozenset({230, 231, 535, 536}),
    # A drive that is not there or not ready; networks; and the cloud files of OneDrive, iCloud and their like (358 to
    # 404, and those that came later) which are a name here, and lie elsewhere.
    PlaceUnreachable: frozenset(
        {
            15, 20, 21, 51, 52, 53, 54, 55, 57, 58, 59, 64, 67, 70, 71, 72, 88, 121, 240, 426, 433, 434, 475, 476,
            1006, 1115, 1167, 1203, 1219, 1222, 1225, 1231, 1232, 1233, 1235, 1236, 1237, 1256, 1326, 1396, 1909,
            *range(358, 405),
        }
    ),
}  # fmt: skip
"""Windows' own numbers (winerror.h), which say more than the errno that Python makes of them: EINVAL, for most."""

_WINERROR_NOT_FOUND, _ACCESS_DENIED = 2, 5
_READ, _WRITE, _DELETE, _OPEN_EXISTING = 0x80000000, 0x40000000, 0x00010000, 3
"""For CreateFileW: winnt.h, fileapi.h."""

_HRESULT, _WIN32 = 0x80070000, 0xFFFF0000
"""Some calls answer an HRESULT: 0x8007 before the number that is meant."""

_CLOUD = range(358, 405)
_SCANNED = frozenset({225, 226})
_ODD = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]|[. ]$')
"""What file systems other than one's own do not take in a name."""


@contextmanager
def file_errors(path: Path, act: Act = Act.OPEN) -> Iterator[None]:
    """Turn OSErrors about ``path``, met in ``act``, into SidecarErrors that say what to do."""
    try:
        yield
    except OSError as error:
        raise typed(error, path, act) from error
    except UnicodeEncodeError as error:
        raise PathNotAllowed(path=path, detail="it holds a character that no file name can") from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        raise PathNotAllowed(path=path, detail="it holds a NUL character") from error


def typed(error: OSError, path: Path, act: Act) -> SidecarError:
    """The SidecarError for what the system said of ``path``; never one for "unexpected"."""
    said = error.strerror or type(error).__name__
    number = winerror(error)
    if error.errno == errno.EACCES and number in (None, _ACCESS_DENIED) and is_held(path):
        return FileInUse(path=path)
    if number is not None and number != _WINERROR_NOT_FOUND:
        for kind, numbers in _BY_WINERROR.items():
            # A cloud drive's number may be in two rows: the first one says more.
            if number in _SCANNED:
                return FileInUse(path=path, detail="A virus scanner keeps it back.")
            if number in numbers:
                return _worded(kind, path, act, _in_the_cloud(number, said))
    return _by_errno(error.errno or 0, path, act, said)


def last_resort(error: Exception) -> SidecarError:
    """What to say of an exception that nobody on its way had a word for.

    A system that refuses something is no fault of the program, whoever asked; and a one-file program lives in the
    folder of temporary files, which some systems clear while it waits: what it has not loaded by then is gone.
    """
    if isinstance(error, MemoryError):
        return StartAgain(detail="the computer is out of memory")
    if _own_files_are_gone(error):
        return StartAgain(detail="its own files were cleared away from the folder of temporary files")
    if isinstance(error, OSError):
        return typed(error, Path(os.fsdecode(error.filename or "a file")), Act.UNPACK)
    return InternalError(detail=type(error).__name__)


def _own_files_are_gone(error: Exception) -> bool:
    unpacked: str | None = getattr(sys, "_MEIPASS", None)
    if unpacked is None:
        return False
    named = getattr(error, "filename", None)
    return isinstance(error, ImportError) or (isinstance(named, str) and named.startswith(unpacked))


def winerror(error: OSError) -> int | None:
    """Windows' own number of an error, without what HRESULTs put before it; None anywhere else."""
    number: int | None = getattr(error, "winerror", None)
    if number is None:
        return None
    number &= 0xFFFFFFFF
    return number & 0xFFFF if number & _WIN32 == _HRESULT else number


def is_held(path: Path, replacing: bool = True) -> bool:
    """Whether another program has a file open on Windows in a way that keeps us from it; False anywhere else.

    Python's own ``open`` says "permission denied" of that, and so does a rename: an open for all that may be done to a
    file tells the two apart, whatever it lets others do.

    :param replacing: whether the file is to be renamed, or renamed over; a database of ours, which is open, is not.
    """
    if sys.platform != "win32":
        return False
    else:  # noqa: RET505 - type checkers for other systems pass over it
        import ctypes

        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateFileW.restype = ctypes.c_void_p
        for access in (_READ | _WRITE | (_DELETE if replacing else 0), _READ):
            handle = kernel32.CreateFileW(ctypes.c_wchar_p(str(path)), access, 7, None, _OPEN_EXISTING, 0, None)
            if handle != ctypes.c_void_p(-1).value:
                kernel32.CloseHandle(ctypes.c_void_p(handle))
            elif ctypes.get_last_error() in (32, 33):
                return True
        return False


def _by_errno(number: int, path: Path, act: Act, said: str) -> SidecarError:
    for kind, numbers in (
        (PermissionDenied, _DENIED),
        (FileInUse, _IN_USE),
        (DiskFull, _FULL),
        (StartAgain, _SPENT),
        (PlaceUnreachable, _AWAY),
    ):
        if number in numbers:
            return _worded(kind, path, act, said)
    match number:
        case errno.EFBIG:
            return FileTooLarge(path=path)
        case errno.ENOENT:
            return _missing(path, act)
        case errno.ENOTDIR:
            return advised(FolderNotFound(path=path))
        case errno.EISDIR:
            return IsAFolder(path=path)
        case errno.ENAMETOOLONG:
            return PathNotAllowed(path=path, detail="it is too long")
        case errno.ELOOP:
            return PathNotAllowed(path=path, detail="its links lead in a circle")
        case errno.EILSEQ:
            return PathNotAllowed(path=path, detail="it holds a character that the disk does not take")
        case errno.EINVAL if act in _NAMING and _ODD.search(path.name):
            return PathNotAllowed(path=path, detail="it holds a character that the disk does not take")
    return ReadFailed(path=path, detail=said)


def _missing(path: Path, act: Act) -> SidecarError:
    """What ENOENT means: of a file that is being made, its folder is gone, or its name is not taken."""
    if act is Act.LIST:
        return PlaceUnreachable(path=path, detail="the folder is not there")
    if act not in WRITING:
        return advised(FileNotFound(path=path))
    try:
        # Of a folder that was removed there is still ".", where nothing can be made.
        there = path.parent.is_dir() and (path.is_absolute() or Path.cwd().is_dir())
    except OSError:
        there = False
    if there:
        return PathNotAllowed(path=path, detail=f"{path.parent} takes no file of that name")
    return advised(FolderNotFound(path=path))


def _worded(kind: type[SidecarError], path: Path, act: Act, said: str) -> SidecarError:
    if kind is PathNotAllowed:
        return advised(PathNotAllowed(path=path, detail=said))
    if kind is FolderNotFound:
        return advised(FolderNotFound(path=path) if act in WRITING else FileNotFound(path=path))
    if kind in (PermissionDenied, DiskFull, FileInUse, IsAFolder):
        # Their sentences say it all; what the system calls it helps nobody.
        return kind(path=path)
    return kind(path=path, detail=said)


def _in_the_cloud(number: int, said: str) -> str:
    return f"it lies in a cloud drive, which does not give it ({said})" if number in _CLOUD else said
