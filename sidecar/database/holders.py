"""Who else has the database open: as far as the system tells, and for what a lock alone does not show.

A program that has a database open and does nothing with it just then holds no lock on it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")
"""Where Linux shows the processes, and what each has open."""

_LISTER = "/usr/sbin/lsof"
"""Where macOS has what lists open files, whatever the PATH of a program that was started from the Dock."""

_PATIENCE = 10.0
"""Seconds that the list may take: a network drive that is gone can keep it for ever."""

_READ_WRITE, _OPEN_EXISTING, _IN_USE = 0xC0000000, 3, (32, 33)
"""Of Windows: what is asked for, of a file that is there; and the numbers that say that another program has it."""

ANOTHER = "another program"
"""What stands for a program whose name the system does not tell."""


def others_with(path: Path) -> list[str] | None:
    """The programs, other than this one, that have the file open: a name and a number each; None if nobody can tell.

    Of Windows to be asked before this process opens the file itself. Programs of other users may be left out.
    """
    if sys.platform == "win32":
        return _on_windows(path)
    else:  # noqa: RET505 - type checkers for other systems pass over it
        return sorted(_by_proc(path)) if (_PROCESSES / "self" / "fd").is_dir() else by_lister(path)


def is_held_with(companion: Path, database: Path) -> bool:
    """Whether a program, perhaps this one, has both files open: the one beside the database is in use then.

    Where nobody can tell, it is not. Raises no error.
    """
    if sys.platform == "win32":
        # This program may have the database open itself, which would be all that is seen of it.
        return bool(_on_windows(companion))
    else:  # noqa: RET505 - type checkers for other systems pass over it
        if not (_PROCESSES / "self" / "fd").is_dir():
            return bool({*(by_lister(companion) or ())} & {*(by_lister(database) or ())})
        with suppress(OSError):
            wanted = companion.stat(), database.stat()
            for process in _PROCESSES.iterdir():
                if process.name.isdigit() and all(_has_open(process, file) for file in wanted):
                    return True
        return False


def _by_proc(path: Path) -> Iterator[str]:
    with suppress(OSError):
        wanted = path.stat()
        for process in _PROCESSES.iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid() and _has_open(process, wanted):
                yield f"{_name_of(process)} (process {process.name})"


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    # A process may end meanwhile, and those of others are closed to us.
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(descriptor.stat(), wanted):
                    return True
    return False


def _name_of(process: Path) -> str:
    with suppress(OSError):
        return (process / "comm").read_text("utf-8", "replace").strip()
    return ANOTHER


def by_lister(path: Path) -> list[str] | None:
    """By ``lsof``, which macOS has; None where it is not there, or does not answer in time."""
    program = shutil.which("lsof") or _LISTER
    try:
        # It exits with 1 where nobody has the file open.
        told = subprocess.run(
            [program, "-w", "-F", "pc", "--", str(path)], capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return list(_listed(told.stdout.decode("utf-8", "replace")))


def _listed(text: str) -> Iterator[str]:
    """From lines of one field each: p and the number of a process, then c and its name."""
    process = ""
    for line in text.splitlines():
        if line.startswith("p"):
            process = line[1:]
        elif line.startswith("c") and process and process != str(os.getpid()):
            yield f"{line[1:]} (process {process})"


def _on_windows(path: Path) -> list[str] | None:
    if sys.platform != "win32":
        return None
    else:  # noqa: RET505 - type checkers for other systems pass over it
        import ctypes

        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateFileW.restype = ctypes.c_void_p
        # Shared with nobody: that fails while anyone has it open, however much they share.
        handle = kernel32.CreateFileW(ctypes.c_wchar_p(str(path)), _READ_WRITE, 0, None, _OPEN_EXISTING, 0, None)
        if handle != ctypes.c_void_p(-1).value:
            kernel32.CloseHandle(ctypes.c_void_p(handle))
            return []
        return [ANOTHER] if ctypes.get_last_error() in _IN_USE else None
