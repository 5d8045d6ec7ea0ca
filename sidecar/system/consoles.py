"""Terminals: whether a person sees what is written, and types what is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from sidecar.system import names


def is_terminal(stream: TextIO | None, has_console: Callable[[int], bool] | None = None) -> bool:
    """Whether a standard stream is a terminal.

    Windows says so of NUL as well, of which nobody types: there, a console has to be behind the stream.

    :param has_console: whether Windows knows a console behind a descriptor.
    """
    if stream is None or not stream.isatty():
        return False
    return not names.ON_WINDOWS or (has_console or _has_console)(stream.fileno())


def _has_console(descriptor: int) -> bool:
    import ctypes
    import msvcrt

    kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    handle = msvcrt.get_osfhandle(descriptor)  # type: ignore[attr-defined,unused-ignore]
    return bool(kernel32.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(ctypes.c_ulong())))
