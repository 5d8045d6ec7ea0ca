"""Windows' other names of one file, where POSIX has symbolic links: its short name, and its name behind a prefix."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from pathlib import Path

OTHER_NAMES = ["short name", "behind a prefix"] if sys.platform == "win32" else []
"""Ways to name a file by something else than its path; no rights are needed for any, as they are for links there."""


def other_name(way: str, path: Path) -> Path:
    """Another name of a file or a folder that is there; its own where a disk of Windows makes no short names."""
    return short_name(path) if way == "short name" else Path(f"\\\\?\\{path}")


if sys.platform == "win32":

    def short_name(path: Path) -> Path:
        """``path`` with the name of eight letters and three that it has from DOS' days."""
        kernel32, found = ctypes.WinDLL("kernel32"), wintypes.WIN32_FIND_DATAW()
        kernel32.FindFirstFileW.restype = ctypes.c_void_p
        search = kernel32.FindFirstFileW(ctypes.c_wchar_p(str(path)), ctypes.byref(found))
        assert search != ctypes.c_void_p(-1).value
        kernel32.FindClose(ctypes.c_void_p(search))
        return path.with_name(found.cAlternateFileName or path.name)

else:

    def short_name(path: Path) -> Path:
        return path
