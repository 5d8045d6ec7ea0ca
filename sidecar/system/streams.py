"""Standard streams: which of them a person sits before, and a standard error that never makes anyone wait.

The app's shell reads standard output and standard error through one narrow channel, so a full standard error
(warnings, tracebacks, stray prints) would stop a job in the middle of a transaction. What nobody reads is dropped.
"""

from __future__ import annotations

import io
import os
import queue
import threading
from collections.abc import Callable
from typing import TextIO

WAITING = 1000
"""Most pieces of text that wait to be written; further ones are dropped."""


def is_terminal(stream: TextIO | None, has_console: Callable[[int], bool] | None = None) -> bool:
    """Whether a standard stream is a terminal.

    Windows says so of NUL as well, of which nobody types: there, a console has to be behind the stream.

    :param has_console: whether Windows knows a console behind a descriptor.
    """
    if stream is None or not stream.isatty():
        return False
    # Here, for whoever is no terminal has no use for it: the start of a server.
    from sidecar.system import names

    return not names.ON_WINDOWS or (has_console or _has_console)(stream.fileno())


def _has_console(descriptor: int) -> bool:
    import ctypes
    import msvcrt

    kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    handle = msvcrt.get_osfhandle(descriptor)  # type: ignore[attr-defined,unused-ignore]
    return bool(kernel32.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(ctypes.c_ulong())))


class Diagnostics(io.TextIOBase):
    """A text stream over ``descriptor``; its thread, begun with the first write, is the only one that blocks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pieces: queue.Queue[str | threading.Event] = queue.Queue(WAITING)
        self._begin = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8, whatever the locale."""
        return "utf-8"

    def writable(self) -> bool:
        """True, as long as the process lives."""
        return True

    def fileno(self) -> int:
        """The descriptor, for who must bypass this stream (faulthandler)."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Hand over ``text``, or drop it; never waits."""
        self._start()
        try:
            self._pieces.put_nowait(text)
        except queue.Full:
            return 0
        return len(text)

    def drain(self, seconds: float) -> None:
        """Wait, at most ``seconds``, until everything handed over so far has been written."""
        if self._thread is None:
            return
        written = threading.Event()
        try:
            self._pieces.put(written, timeout=seconds)
        except queue.Full:
            return
        written.wait(seconds)

    def _start(self) -> None:
        with self._begin:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="diagnostics", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        while True:
            piece = self._pieces.get()
            if isinstance(piece, threading.Event):
                piece.set()
                continue
            rest = piece.encode("utf-8", "backslashreplace")
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                continue  # nobody reads it: that is no reason to fail
