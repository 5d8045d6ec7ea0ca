"""Calls: the queue of the one worker, batches, and cancellation."""

from __future__ import annotations

import pytest

from sidecar.wire.calls import Batch, Call, Calls
from sidecar.wire.messages import Answer, Request

CANCELLED = -32800


class Caller:
    """Makes calls, and keeps the answers."""

    def __init__(self) -> None:
        self.answers: list[Answer | None] = []

    def call(self, request_id: object = None, method: str = "m") -> Call:
        return Call(Request({"jsonrpc": "2.0", "id": request_id, "method": method}), self.answers.append)

    def notify(self) -> Call:
        return Call(Request({"jsonrpc": "2.0", "method": "m"}), self.answers.append)

    def cancelled(self) -> list[object]:
        """The ids answered as cancelled, in order."""
        return [answer["id"] for answer in self.answers if answer and answer["error"]["code"] == CANCELLED]


def put_all(*queued: Call) -> Calls:
    """A closed queue of these calls."""
    calls = Calls()
    for call in queued:
        calls.put(call)
    calls.close()
    return calls


def test_calls_are_taken_in_order_and_then_none() -> None:
    caller = Caller()
    first, second = caller.call(1), caller.call(2)
    calls = put_all(first, second)
    assert [calls.take(), calls.take(), calls.take()] == [first, second, None]


def test_queued_call_is_answered_when_cancelled_and_never_taken() -> None:
    caller = Caller()
    first, second = caller.call(1), caller.call(2)
    calls = put_all(first, second)
    calls.cancel(1)
    assert caller.cancelled() == [1]
    assert [calls.take(), calls.take()] == [second, None]


def test_running_call_is_flagged_and_left_to_answer_itself() -> None:
    caller = Caller()
    call = caller.call(1)
    calls = put_all(call)
    calls.take()
    calls.cancel(1)
    assert call.cancelled.is_set()
    assert caller.answers == []


@pytest.mark.parametrize("other", ["1", 2, None])
def test_cancelling_another_id_leaves_a_call_alone(other: str | int | None) -> None:
    caller = Caller()
    running, queued = caller.call(1), caller.call(1)
    calls = put_all(running, queued)
    calls.take()
    calls.cancel(other)
    assert not running.cancelled.is_set()
    assert calls.take() is queued


def test_cancel_reaches_every_call_of_an_id_used_twice() -> None:
    caller = Caller()
    running, queued = caller.call(1), caller.call(1)
    calls = put_all(running, queued)
    calls.take()
    calls.cancel(1)
    assert running.cancelled.is_set()
    assert caller.cancelled() == [1]


def test_finished_call_is_not_reached_by_a_late_cancel() -> None:
    caller = Caller()
    first, second = caller.call(1), caller.call(2)
    calls = put_all(first, second)
    calls.take()
    calls.take()
    calls.cancel(1)
    assert not first.cancelled.is_set()


def test_notification_has_no_id_to_cancel_it_by() -> None:
    caller = Caller()
    notification = caller.notify()
    calls = put_all(notification)
    calls.cancel(None)
    assert calls.take() is notification


def test_stop_cancels_what_runs_what_waits_and_what_is_still_put() -> None:
    caller = Caller()
    running = caller.call(1)
    calls = Calls()
    calls.put(running)
    calls.take()
    calls.put(caller.call(2))
    calls.put(caller.notify())
    calls.stop()
    calls.put(caller.call(3))
    assert running.cancelled.is_set()
    assert caller.cancelled() == [2, 3]
    assert calls.take() is None


def test_shutdown_cannot_be_cancelled() -> None:
    caller = Caller()
    shutdown = caller.call(1, "shutdown")
    calls = put_all(shutdown)
    calls.cancel(1)
    calls.stop()
    assert calls.take() is shutdown


def test_call_is_answered_once() -> None:
    caller = Caller()
    call = caller.call(1)
    call.answer({"id": 1, "result": "first"})
    call.answer({"id": 1, "result": "second"})
    assert caller.answers == [{"id": 1, "result": "first"}]


def test_batch_is_sent_when_its_last_answer_is_there_in_the_order_of_its_requests() -> None:
    sent: list[list[Answer]] = []
    batch = Batch(3, sent.append)
    batch.slot(2)({"id": 3})
    batch.slot(0)({"id": 1})
    assert sent == []
    batch.slot(1)(None)
    assert sent == [[{"id": 1}, {"id": 3}]]


def test_batch_of_notifications_is_not_answered() -> None:
    sent: list[list[Answer]] = []
    batch = Batch(2, sent.append)
    batch.slot(0)(None)
    batch.slot(1)(None)
    assert sent == []
