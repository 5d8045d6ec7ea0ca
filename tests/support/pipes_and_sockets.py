"""What has the name of a file and is none: named pipes and sockets, as each system has them."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

_SERVED: list[int] = []
"""Handles of the pipes that this process serves on Windows: a pipe is there as long as one of them is open."""


def fifo(path: Path) -> Path:
    """A named pipe with nobody at its other end: at ``path``, or among Windows' pipes, which lie in no folder."""
    if sys.platform != "win32":
        os.mkfifo(path)
        return path
    else:  # noqa: RET505 - type checkers for other systems pass over it
        import _winapi

        pipe = Path(rf"\\.\pipe\{os.getpid()}-{len(_SERVED)}-{path.name}")
        both_ways, only_one, bytes_at_a_time = 3, 0x80000, 0
        _SERVED.append(_winapi.CreateNamedPipe(str(pipe), both_ways | only_one, bytes_at_a_time, 1, 512, 512, 0, 0))
        return pipe


def is_untouched(pipe: Path) -> bool:
    """Whether a pipe of Windows still waits for somebody to open it; elsewhere looking at a pipe leaves no trace."""
    if sys.platform == "win32":
        import _winapi

        try:
            _winapi.WaitNamedPipe(str(pipe), 1)
        except OSError:
            return False
    return True


def unix_socket(path: Path) -> Path:
    """A socket that nobody listens at; skips the test on Windows."""
    if sys.platform != "win32":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
        return path
    pytest.skip("Windows has no sockets in folders")
