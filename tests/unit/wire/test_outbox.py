"""The way out: order, newest progress, and readers that stop or vanish."""

from __future__ import annotations

import threading

from sidecar.wire.outbox import Outbox
from tests.support.client import DEADLINE


class Pipe:
    """A reader that takes one message whenever it is told to."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.entered = threading.Semaphore(0)
        self.room = threading.Semaphore(0)

    def write(self, message: object) -> None:
        self.entered.release()
        self.room.acquire()
        self.taken.append(message)


def never_broken() -> None:
    raise AssertionError("nothing broke")


def write_all(outbox: Outbox) -> None:
    """Close the outbox, and run it to its end."""
    outbox.close()
    outbox.run()


def test_answers_are_all_kept_and_in_order() -> None:
    taken: list[object] = []
    outbox = Outbox(taken.append, never_broken)
    for number in range(1000):
        outbox.post(number)
    write_all(outbox)
    assert taken == list(range(1000))


def test_only_the_newest_progress_of_each_request_waits() -> None:
    taken: list[object] = []
    outbox = Outbox(taken.append, never_broken)
    for number in range(1000):
        outbox.post_newest("a", f"a{number}")
        outbox.post_newest("b", f"b{number}")
    write_all(outbox)
    assert taken == ["a999", "b999"]


def test_progress_never_comes_after_the_answer_to_its_request() -> None:
    taken: list[object] = []
    outbox = Outbox(taken.append, never_broken)
    outbox.post_newest("a", "10 %")
    outbox.post("something else")
    outbox.post_newest("a", "100 %")
    outbox.post("answer to a")
    write_all(outbox)
    assert taken == ["100 %", "something else", "answer to a"]


def test_posting_does_not_wait_for_a_reader_that_stopped() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe.write, never_broken)
    thread = threading.Thread(target=outbox.run)
    thread.start()
    outbox.post("first")
    assert pipe.entered.acquire(timeout=DEADLINE)
    for number in range(1000):
        outbox.post_newest("a", number)
    outbox.post("last")
    outbox.close()
    assert pipe.taken == []
    pipe.room.release(3)
    thread.join(DEADLINE)
    assert pipe.taken == ["first", 999, "last"]


def test_broken_reader_is_told_once_and_the_rest_dropped() -> None:
    tries: list[object] = []
    told: list[bool] = []

    def write(message: object) -> None:
        tries.append(message)
        raise BrokenPipeError

    outbox = Outbox(write, lambda: told.append(True))
    outbox.post("first")
    outbox.post("second")
    write_all(outbox)
    assert tries == ["first"]
    assert told == [True]
