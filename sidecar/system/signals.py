"""Ctrl-C, and the other polite requests to stop, as a flag that a job looks at when it can stop cleanly.

Knows nothing of jobs: an :class:`Interrupts` is what Progress takes as ``cancelled``.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_Handler = Callable[[int, FrameType | None], object] | int | None


class Interrupts:
    """While entered, a signal to stop only sets the flag, however often it comes.

    A frozen program gets Ctrl-C twice, from the terminal and passed on by its parent; and an
    impatient user presses it again. Neither may tear a job from its clean-up.
    """

    def __init__(self) -> None:
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
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the signals back; after a request they are ignored, lest a late second one changes the exit code."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._requested else handler)

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

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
        if self._raising:
            self._raising = False
            raise KeyboardInterrupt
