from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from sidecar.system.signals import Interrupts

STOPPING = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    STOPPING.append(signal.SIGBREAK)
else:
    STOPPING.append(signal.SIGHUP)


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPPING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_sets_the_flag_and_raises_nothing_however_often_it_comes(number: signal.Signals) -> None:
    with Interrupts() as interrupts:
        assert not interrupts()
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert interrupts()


if sys.platform != "win32":  # test_console_events.py has it for Windows

    def test_a_signal_that_interrupts_no_call_ends_the_wait_for_an_answer() -> None:
        """As one just before the call: here it comes to another thread, while the main one is in the call."""
        read, write = os.pipe()
        ended = threading.Event()
        answered: list[bool] = []

        def signal_itself() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            answered.append(not ended.wait(5))
            if answered[0]:
                # Lest a wait that missed the signal be for ever.
                os.write(write, b"y\n")

        def wait(interrupts: Interrupts) -> None:
            with interrupts.raising(), os.fdopen(read, encoding="utf-8") as answers:
                interrupts.wait_for(answers)

        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        thread = threading.Timer(0.2, signal_itself)
        with Interrupts() as interrupts:
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                wait(interrupts)
            ended.set()
            thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write)
        assert answered == [False]


class Console:
    """Windows' console, as far as a program hears of it."""

    def __init__(self) -> None:
        self.handlers: list[Callable[[int], bool]] = []
        self.waited: list[float] = []

    def listen(self, handler: Callable[[int], bool]) -> Callable[[], object]:
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)


@pytest.mark.parametrize(("event", "waits"), [(1, False), (2, True), (5, True), (6, True)])
def test_what_happens_to_a_console_of_windows_is_a_request_and_its_end_waits_for_the_job(
    event: int, waits: bool
) -> None:
    console = Console()
    with Interrupts(console.listen, console.waited.append) as interrupts:
        (handler,) = console.handlers
        assert not interrupts()
        assert handler(event)
        assert interrupts()
    assert all(0 < seconds < 5 for seconds in console.waited), "Windows ends the process after five seconds"
    assert len(console.waited) == waits
    assert console.handlers == [handler], "it stays: Windows may be within it"


def test_ctrl_c_is_left_to_python_and_a_console_that_says_nothing_is_left_alone() -> None:
    console = Console()
    with Interrupts(console.listen, console.waited.append) as interrupts:
        assert not console.handlers[0](0)
        assert not interrupts()
    assert (console.handlers, console.waited) == ([], [])


def test_the_signals_are_given_back_when_none_came() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_signal_on_the_way_out_does_not_change_the_exit_code() -> None:
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_a_signal_the_parent_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        assert not interrupts()


def test_while_waiting_for_an_answer_the_first_signal_raises_and_a_second_does_not() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.raising():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interrupts()


def test_no_answer_is_waited_for_once_a_signal_has_come() -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interrupts.raising():
            raise AssertionError("waited")
