"""A program on a terminal of its own: what a person would see, type and press."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import tests.support.posix_only  # noqa: F401 - skips its importers on Windows

if sys.platform != "win32":
    import fcntl
    import termios

CTRL_C = "\x03"
CTRL_D = "\x04"

PATIENCE = 60
"""Seconds after which a program that shows nothing has failed its test."""


class PseudoTerminal:
    """Starts ``command`` with a terminal for its standard input, output and error, and for its Ctrl-C.

    :param stdout: a file for its standard output, as after ``>`` in a shell.
    :param size: lines and columns.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdout: int | None = None,
        size: tuple[int, int] = (40, 200),
    ) -> None:
        self._master, terminal = os.openpty()  # type: ignore[attr-defined,unused-ignore]
        _tell(terminal, "TIOCSWINSZ", struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", **(env or {})},
            stdin=terminal,
            stdout=terminal if stdout is None else stdout,
            stderr=terminal,
            start_new_session=True,
            # Without a controlling terminal Ctrl-C would be a character like any other.
            preexec_fn=lambda: _tell(terminal, "TIOCSCTTY", 0),
        )
        os.close(terminal)
        self.seen = ""

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def until(self, text: str) -> None:
        """Read until ``text`` has been shown."""
        while text not in self.seen:
            if not self._read():
                raise AssertionError(f"ended without showing {text!r}:\n{self.seen}")

    def press(self, keys: str) -> None:
        """Type ``keys``."""
        os.write(self._master, keys.encode())

    def finish(self) -> int:
        """Read to the end, and return the exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        if not ready:
            raise AssertionError(f"nothing for {PATIENCE} s after:\n{self.seen}")
        try:
            octets = os.read(self._master, 65_536)
        except OSError:
            # Linux says EIO when the last program has left the terminal.
            return False
        self.seen += octets.decode("utf-8", "replace")
        return bool(octets)


def _tell(terminal: int, request: str, value: bytes | int) -> None:
    if sys.platform != "win32":
        fcntl.ioctl(terminal, getattr(termios, request), value)
