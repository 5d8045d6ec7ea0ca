"""Ctrl-C, and the other polite requests to stop, as a flag that a job looks at when it can stop cleanly.

Knows nothing of jobs: an :class:`Interrupts` is what Progress takes as ``cancelled``.

Windows tells of Ctrl-Break, of a closed console, of log-off and shutdown by calling a handler in a thread of its own,
and after the last three ends the process as soon as that returns, or after five seconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TextIO

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_BREAK, _CLOSED, _LOG_OFF, _SHUTDOWN = 1, 2, 5, 6
"""Windows' numbers for what happens to a console: wincon.h. 0 is Ctrl-C, a signal to Python."""

_SECONDS = 4.5
"""For a job to clean up in before Windows ends the process."""

_OnEvent = Callable[[int], bool]
_Console = Callable[[_OnEvent], Callable[[], object]]

_Handler = Callable[[int, FrameType | None], object] | int | None


class Interrupts:
    """While entered, a signal to stop only sets the flag, however often it comes.

    A frozen program gets Ctrl-C twice, from the terminal and passed on by its parent; and an
    impatient user presses it again. Neither may tear a job from its clean-up.

    :param console: has Windows call what it is given at each event of the console; answers how to end that.
    :param wait: sleeps so many seconds.
    """

    def __init__(self, console: _Console | None = None, wait: Callable[[float], object] = time.sleep) -> None:
        self._console = console or _console_of_windows()
        self._wait = wait
        self._leave_console: Callable[[], object] = bool
        self._requested = False
        self._raising = False
        self._before: dict[signal.Signals, _Handler] = {}

    def __call__(self) -> bool:
        """True once the user wants to stop."""
        return self._requested

    def __enter__(self) -> Interrupts:
        """Take over the signals; those the parent told us to ignore (nohup, a shell's ``&``) stay ignored."""
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._request)
        if self._console is not None:
            self._leave_console = self._console(self._on_event)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the signals back; after a request they are ignored, lest a late second one changes the exit code."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._requested else handler)
        if not self._requested:
            # Otherwise the process is about to end, and Windows may be within the handler.
            self._leave_console()

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within, a signal raises KeyboardInterrupt: only an exception ends a wait for the user's answer."""
        self._raising = True
        try:
            if self._requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._raising = False

    @staticmethod
    def wait_for(stream: TextIO) -> None:
        """Wait until a line can be read from a terminal; a signal that comes at the last moment ends the wait, too.

        Reading alone would wait on: a signal between the last look for one and the system's call interrupts nothing.
        Windows' consoles have no such moment.
        """
        if sys.platform != "win32":
            import select

            woken, wake = os.pipe()
            os.set_blocking(wake, False)
            before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
            try:
                select.select([stream.fileno(), woken], [], [])
            finally:
                signal.set_wakeup_fd(before)
                os.close(woken)
                os.close(wake)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
        if self._raising:
            self._raising = False
            raise KeyboardInterrupt

    def _on_event(self, event: int) -> bool:
        if event not in (_BREAK, _CLOSED, _LOG_OFF, _SHUTDOWN):
            return False
        self._requested = True
        if event != _BREAK:
            # The end of the process, meanwhile, ends this thread, too.
            self._wait(_SECONDS)
        return True


def _console_of_windows() -> _Console | None:
    if sys.platform != "win32":
        return None
    else:  # noqa: RET505 - type checkers for other systems pass over it

        def listen(on_event: _OnEvent) -> Callable[[], object]:
            import ctypes

            kernel32 = ctypes.WinDLL("kernel32")
            routine = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(on_event)
            kernel32.SetConsoleCtrlHandler(routine, True)
            return lambda: kernel32.SetConsoleCtrlHandler(routine, False)

        return listen
