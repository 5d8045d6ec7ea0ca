"""Pipelines: a second thread for work that needs no GIL: deflating, hashing, writing, inflating.

Bounded queues, so that neither side runs away with the memory; an exception on either side
ends both.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

_DEPTH = 8
_PATIENCE = 0.1
"""Seconds between two looks at whether the other side is still there."""


class Sink(Generic[T]):
    """Calls ``consume`` with each item put, in order, on a thread of its own; at most ``depth`` items wait.

    Leaving the block waits until all is consumed, or, by an exception, what is under way; what
    ``consume`` raised is raised by the next ``put`` or there.
    """

    def __init__(self, consume: Callable[[T], object], depth: int = _DEPTH) -> None:
        self._consume = consume
        self._queue: queue.Queue[T | None] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def put(self, item: T) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put(item)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._abandoned = error is not None
        self._queue.put(None)
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        # After an error items are still taken, so that ``put`` never waits for ever.
        while (item := self._queue.get()) is not None:
            if self._error is None and not self._abandoned:
                try:
                    self._consume(item)
                except BaseException as error:  # noqa: BLE001 - handed to the other thread
                    self._error = error


class Ahead(Generic[T]):
    """The items of ``source``, made on a thread of its own from now on, a few items ahead of their use.

    What ``source`` raised is raised after its items. ``close`` ends the thread, whether or not all items were wanted.
    """

    def __init__(self, source: Generator[T, None, None]) -> None:
        self._source = source
        self._items: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(_DEPTH)
        self._abandoned = threading.Event()
        self._end: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._end is None:
            item, self._end = self._items.get()
        if self._end is not None:
            raise self._end
        return item  # type: ignore[return-value]

    def close(self) -> None:
        """Leave what is not made yet. Waits for the item under way."""
        self._abandoned.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            # Closed where it ran: a database connection, say, belongs to one thread.
            with closing(self._source):
                for item in self._source:
                    if not self._offer(item, None):
                        return
        except BaseException as error:  # noqa: BLE001 - handed to the other thread
            self._offer(None, error)
        else:
            self._offer(None, StopIteration())

    def _offer(self, item: T | None, error: BaseException | None) -> bool:
        while not self._abandoned.is_set():
            try:
                self._items.put((item, error), timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False
