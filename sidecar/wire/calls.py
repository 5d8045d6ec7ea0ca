"""Calls: requests with somebody waiting for the answer, queued for the one worker, and cancelled.

Owns who is answered when, and exactly once. Runs nothing itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from sidecar.errors.base import Cancelled, InternalError, SidecarError
from sidecar.wire.messages import Answer, Id, Request, refusal

Reply = Callable[[Answer | None], None]
"""Takes the answer to one element, and never waits; None for a notification, which gets none."""


class Call:
    """One request under way. ``cancelled`` is the flag that its job looks at."""

    def __init__(self, request: Request, reply: Reply) -> None:
        self.request = request
        self.cancelled = threading.Event()
        self._reply = reply
        self._once = threading.Lock()

    def answer(self, answer: Answer | None) -> None:
        """Give the answer; only the first one counts."""
        if self._once.acquire(blocking=False):
            self._reply(answer)

    def refuse(self, error: SidecarError) -> None:
        """Answer with ``error``, or with nothing if it is a notification."""
        self.answer(None if self.request.is_notification else refusal(error, self.request.id))


class Batch:
    """Gathers the answers to one batch and sends them as one array, in the order of the requests."""

    def __init__(self, size: int, send: Callable[[list[Answer]], None]) -> None:
        self._answers: list[Answer | None] = [None] * size
        self._missing = size
        self._send = send
        self._lock = threading.Lock()

    def slot(self, index: int) -> Reply:
        """The reply of the element at ``index``."""

        def reply(answer: Answer | None) -> None:
            with self._lock:
                self._answers[index] = answer
                self._missing -= 1
                complete = not self._missing
            if complete:
                self._send_all()

        return reply

    def _send_all(self) -> None:
        answers = [answer for answer in self._answers if answer is not None]
        if answers:
            self._send(answers)


class Calls:
    """The queue of the one worker: calls are taken in order, and can be cancelled before and after."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queued: deque[Call] = deque()
        self._running: Call | None = None
        self._closed = False
        self._stopped = False

    def put(self, call: Call) -> None:
        """Queue ``call``; never waits."""
        with self._changed:
            if self._stopped:
                call.refuse(Cancelled())
                return
            self._queued.append(call)
            self._changed.notify()

    def take(self) -> Call | None:
        """The next call, once there is one, which is then the running one; None when closed and empty."""
        with self._changed:
            self._running = None
            while not self._queued:
                if self._closed:
                    return None
                self._changed.wait()
            self._running = self._queued.popleft()
            return self._running

    def close(self) -> None:
        """No more will be put: what is queued is still worked off."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def cancel(self, request_id: Id) -> None:
        """Cancel the call of that id, wherever it is; one that is unknown, or finished, is no error."""
        self._cancel(lambda call: _same_id(call.request, request_id))

    def stop(self) -> None:
        """Cancel whatever runs, is queued, or is still put: the worker is to find nothing more to do."""
        with self._changed:
            self._stopped = True
        self._cancel(lambda _: True)
        self.close()

    def abandon(self) -> None:
        """Answer the running call, which did not stop when told to: the process ends without it."""
        running = self._running
        if running is not None:
            running.refuse(InternalError(detail="it did not stop in time; what it had not finished is undone"))

    def _cancel(self, meant: Callable[[Call], bool]) -> None:
        with self._changed:
            if self._running is not None and meant(self._running):
                self._running.cancelled.set()
            queued, self._queued = self._queued, deque()
            for call in queued:
                # Answered before the lock is released: the worker must not find the queue empty, and
                # close the way out, while answers are owed.
                if meant(call) and _can_be_cancelled(call.request):
                    call.refuse(Cancelled())
                else:
                    self._queued.append(call)


def _same_id(request: Request, request_id: Id) -> bool:
    # 1 and "1" are two ids; a notification has none.
    return not request.is_notification and request.id == request_id


def _can_be_cancelled(request: Request) -> bool:
    # shutdown took effect when it was read; "as everything was before" would be a lie.
    return request.method != "shutdown"
