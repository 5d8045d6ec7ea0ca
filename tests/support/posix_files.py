"""Files that are none: named pipes and sockets, which Windows does not keep among its files."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest


def fifo(path: Path) -> Path:
    """A named pipe; skips the test on Windows."""
    if sys.platform != "win32":
        os.mkfifo(path)
        return path
    pytest.skip("Windows has no named pipes in folders")


def unix_socket(path: Path) -> Path:
    """A socket that nobody listens at; skips the test on Windows."""
    if sys.platform != "win32":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
        return path
    pytest.skip("Windows has no sockets in folders")
