from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

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
