"""The second thread: in order, bounded, and never left behind, whichever side fails or leaves first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

import pytest

from sidecar.system.pipeline import Ahead, Sink

T = TypeVar("T")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_a_sink_consumes_everything_in_order_on_another_thread() -> None:
    consumed: list[tuple[int, int]] = []
    _put(lambda item: consumed.append((item, threading.get_ident())), 100)
    assert [number for number, _ in consumed] == list(range(100))
    assert {thread for _, thread in consumed} != {threading.get_ident()}


def _refuse(number: int) -> None:
    if number == 3:
        raise OSError("disk full")


def _put(consume: Callable[[int], object], count: int) -> None:
    with Sink(consume) as sink:
        for number in range(count):
            sink.put(number)


def test_what_a_sink_raises_ends_the_block() -> None:
    with pytest.raises(OSError, match="disk full"):
        _put(_refuse, 1000)


def test_what_a_sink_raises_at_the_last_item_is_raised_too() -> None:
    with pytest.raises(OSError, match="disk full"):
        _put(_refuse, 4)


def test_the_blocks_own_error_comes_first() -> None:
    sink = Sink(_refuse)

    def cancelled() -> None:
        with sink:
            sink.put(3)
            raise ValueError("cancelled")

    with pytest.raises(ValueError, match="cancelled"):
        cancelled()


def test_nothing_is_consumed_after_an_error() -> None:
    consumed: list[int] = []

    def consume(number: int) -> None:
        _refuse(number)
        consumed.append(number)

    with pytest.raises(OSError, match="disk full"):
        _put(consume, 1000)
    assert consumed == [0, 1, 2]


def _generated(items: Sequence[T]) -> Generator[T, None, None]:
    yield from items


def test_items_made_ahead_come_in_order() -> None:
    for items in (range(1000), (), [None, None]):
        with closing(Ahead(_generated(items))) as made:
            assert list(made) == list(items)
            assert list(made) == []


def test_a_source_is_only_a_few_items_ahead() -> None:
    made = 0

    def source() -> Generator[int, None, None]:
        nonlocal made
        for number in range(1000):
            made = number
            yield number

    with closing(Ahead(source())) as items:
        assert next(items) == 0
        assert made < 20


def test_a_source_is_begun_before_anything_is_asked_of_it() -> None:
    begun = threading.Event()

    def source() -> Generator[int, None, None]:
        begun.set()
        yield 1

    with closing(Ahead(source())):
        assert begun.wait(10)


def test_what_a_source_raises_is_raised_after_its_items() -> None:
    def source() -> Generator[int, None, None]:
        yield 1
        raise OSError("cut short")

    with closing(Ahead(source())) as items:
        assert next(items) == 1
        for _ in range(2):
            with pytest.raises(OSError, match="cut short"):
                next(items)


def test_a_source_that_is_left_is_left_alone() -> None:
    closed = threading.Event()

    def source() -> Generator[int, None, None]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    with closing(Ahead(source())) as items:
        for item in items:
            if item == 10:
                break
    assert closed.is_set()
