"""Standard error that never makes anyone wait."""

from __future__ import annotations

import os
import threading

from sidecar.system.streams import WAITING, Diagnostics


def read_all(descriptor: int) -> bytes:
    """Everything until the writing end is closed."""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def test_text_is_written_in_order_in_utf8() -> None:
    reading, writing = os.pipe()
    stream = Diagnostics(writing)
    stream.write("é\n")
    stream.write("\udce9\n")
    stream.drain(10)
    os.close(writing)
    assert read_all(reading) == "é\n\\udce9\n".encode()


def test_writing_never_waits_and_drops_what_nobody_reads() -> None:
    reading, writing = os.pipe()
    stream = Diagnostics(writing)
    lengths = [stream.write("x" * 100_000) for _ in range(WAITING + 100)]
    assert lengths[0] == 100_000
    assert lengths[-1] == 0
    stream.drain(0.01)
    os.close(reading)


def test_reader_that_vanished_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = Diagnostics(writing)
    stream.write("x")
    stream.drain(10)
    os.close(writing)


def test_no_thread_is_begun_for_nothing() -> None:
    before = threading.active_count()
    Diagnostics(2).drain(10)
    assert threading.active_count() == before
