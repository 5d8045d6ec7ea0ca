"""What was made for its owner only: told by its mode on POSIX, and on Windows by the list that it was given.

Wine answers lists of its own making when it is asked for one: so the calls are noted that give it.
"""

from __future__ import annotations

import ctypes
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Judge = Callable[[Path], str]
"""Answers what is wrong with who may use a file or folder; "" if it is for its owner only."""


class _Noting:
    """Windows' library of access lists, with an ear: what was given one, with success, by its number."""

    def __init__(self, library: Any, given: set[tuple[int, int]]) -> None:
        self._library, self._given = library, given

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name)
        if name != "SetNamedSecurityInfoW":
            return function

        def note(path: Any, *arguments: Any) -> int:
            answer: int = function(path, *arguments)
            if answer == 0:
                self._given.add(_number(Path(path.value)))
            return answer

        return note


def judge(patch: pytest.MonkeyPatch) -> Judge:
    """A judge of what is made from now on."""
    if sys.platform != "win32":
        return _by_mode
    else:  # noqa: RET505 - type checkers for other systems pass over it
        given: set[tuple[int, int]] = set()
        load = ctypes.WinDLL

        def noting(name: str, **options: Any) -> Any:
            library = load(name, **options)
            return _Noting(library, given) if name == "advapi32" else library

        patch.setattr(ctypes, "WinDLL", noting)
        # What lies in a folder with a list of its own inherits that; what is renamed keeps it.
        return lambda path: "" if given.intersection(map(_number, (path, *path.parents))) else "no list, nor inherited"


def _number(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _by_mode(path: Path) -> str:
    mode = stat.S_IMODE(path.lstat().st_mode)
    return oct(mode) if mode & 0o077 else ""
