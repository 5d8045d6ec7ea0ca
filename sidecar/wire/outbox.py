"""The outbox, the way out: one thread writes, and nobody who posts ever waits for it.

A page that stops reading stops this thread only: no job, no transaction waits on it. Answers are all
kept, in order; of the progress of one request only the newest report waits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable


class Outbox:
    """Messages on their way to whoever reads them.

    :param write: sends one message, blocking as it must; raises OSError when nobody will read any more.
    :param broken: called once, on the writing thread, after that OSError; what is posted then is dropped.
    """

    def __init__(self, write: Callable[[object], None], broken: Callable[[], None]) -> None:
        self._write = write
        self._broken = broken
        self._changed = threading.Condition()
        self._waiting: OrderedDict[object, object] = OrderedDict()
        self._closed = False

    def post(self, message: object) -> None:
        """Send ``message`` after all that waits."""
        self.post_newest(object(), message)

    def post_newest(self, key: object, message: object) -> None:
        """Send ``message`` in place of the one of the same ``key`` that still waits, if there is one."""
        with self._changed:
            self._waiting[key] = message
            self._changed.notify()

    def close(self) -> None:
        """Nothing more will be posted: :meth:`run` ends when all that waits is written."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def run(self) -> None:
        """The writing thread: send what is posted, until closed and empty."""
        write = self._write
        while (message := self._take()) is not None:
            try:
                write(message)
            except OSError:
                write = _drop
                self._broken()

    def _take(self) -> object | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            return self._waiting.popitem(last=False)[1]


def _drop(message: object) -> None:
    """Write to nobody."""
