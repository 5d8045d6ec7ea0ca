"""Files and folders that one may not read, write to or enter: by a mode on POSIX, by an access list on Windows.

Root passes over modes, and so a job under them runs as an ordinary user (``job_process``). Of an access list nobody is
excepted; under wine they are modes, too, and hold where its root has laid that right down, as `.ci/windows` does.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

_READ, _TRAVERSE, _ATTRIBUTES = 0x1, 0x20, 0x80
_WRITE = 0x2 | 0x4 | 0x10 | 0x40 | 0x100
"""Rights to a file or a folder (winnt.h): to all that changes it or what is in it, but not to remove itself."""


def unreadable(path: Path) -> None:
    """Close a file to whoever would read it."""
    _close(path, 0, _READ, lambda: path.open("rb").close())


def unwritable(path: Path) -> None:
    """Close a file, or a folder, to whoever would write to it."""
    if path.is_dir():
        _close(path, 0o555, _WRITE, lambda: _try_to_make(path / "tried"))
    else:
        _close(path, 0o444, _WRITE, lambda: path.open("r+b").close())


def not_to_enter(folder: Path) -> None:
    """Close a folder, and what is in it."""
    _close(folder, 0, _READ | _TRAVERSE | _ATTRIBUTES, lambda: os.listdir(folder))  # noqa: PTH208 - it says why not


def _try_to_make(folder: Path) -> None:
    folder.mkdir()
    folder.rmdir()


if sys.platform != "win32":

    def _close(path: Path, mode: int, *_: object) -> None:
        path.chmod(mode)

    def open_again(folder: Path) -> None:
        """Open what was closed in a folder, so that it can be removed."""
        for inner in folder.iterdir():
            if inner.is_dir():
                inner.chmod(0o755)

else:
    _FILE_OBJECT, _OWNER, _DACL, _PROTECTED = 1, 0x1, 0x4, 0x80000000
    _READ_CONTROL, _WRITE_DAC, _BACKUP_SEMANTICS, _OPEN_EXISTING, _SHARED = 0x20000, 0x40000, 0x02000000, 3, 7

    _keys: list[ctypes.c_void_p] = []
    """Handles by which what is closed can be opened again, made while it was open: wine gives none later."""

    def _close(path: Path, _mode: int, denied: int, attempt: Callable[[], object]) -> None:
        key = _key(path)
        _keys.append(key)
        # What is denied comes first; whatever is in a folder inherits it.
        _set_access(key, f"D:P(D;OICI;{denied:#x};;;{_owner(key)})(A;OICI;FA;;;WD)")
        with suppress(PermissionError):
            attempt()
            pytest.skip("wine's: as root it lets everything through")

    def open_again(folder: Path) -> None:
        """Open whatever was closed, so that ``folder`` can be removed."""
        assert folder.is_dir()
        while _keys:
            key = _keys.pop()
            _set_access(key, "D:P(A;OICI;FA;;;WD)")
            ctypes.WinDLL("kernel32").CloseHandle(key)

    def _key(path: Path) -> ctypes.c_void_p:
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.CreateFileW.restype = ctypes.c_void_p
        access = _READ_CONTROL | _WRITE_DAC
        handle = kernel32.CreateFileW(str(path), access, _SHARED, None, _OPEN_EXISTING, _BACKUP_SEMANTICS, None)
        assert handle != ctypes.c_void_p(-1).value
        return ctypes.c_void_p(handle)

    def _owner(key: ctypes.c_void_p) -> str:
        """Whose it is, as an access list names people."""
        advapi32, kernel32 = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        owner, descriptor, wording = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_wchar_p()
        found = (ctypes.byref(owner), None, None, None, ctypes.byref(descriptor))
        assert not advapi32.GetSecurityInfo(key, _FILE_OBJECT, _OWNER, *found)
        assert advapi32.ConvertSidToStringSidW(owner, ctypes.byref(wording))
        name = wording.value or ""
        kernel32.LocalFree(wording)
        kernel32.LocalFree(descriptor)
        return name

    def _set_access(key: ctypes.c_void_p, wording: str) -> None:
        advapi32, kernel32 = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        descriptor, dacl, known = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int()
        assert advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            ctypes.c_wchar_p(wording), 1, ctypes.byref(descriptor), None
        )
        try:
            list_of = (ctypes.byref(known), ctypes.byref(dacl), ctypes.byref(known))
            assert advapi32.GetSecurityDescriptorDacl(descriptor, *list_of)
            what = ctypes.c_uint(_DACL | _PROTECTED)
            assert not advapi32.SetSecurityInfo(key, _FILE_OBJECT, what, None, None, dacl, None)
        finally:
            kernel32.LocalFree(descriptor)
