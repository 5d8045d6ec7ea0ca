"""The systems' commands, as real processes: what they complain of, and that none is waited for for ever."""

from __future__ import annotations

import sys

import pytest

from sidecar.errors.jobs import NoTimerService, TimerRefused
from sidecar.installing import system_commands


def test_a_program_that_is_not_there_is_a_system_without_timers() -> None:
    with pytest.raises(NoTimerService, match="no-such-program"):
        system_commands.call(["no-such-program"])


def test_what_a_command_complains_of_is_told() -> None:
    complaining = [sys.executable, "-c", "import sys; print('Access is denied.', file=sys.stderr); sys.exit(1)"]
    with pytest.raises(TimerRefused, match=r"says: .*: Access is denied\. Correct"):
        system_commands.call(complaining)
    assert not system_commands.succeeds(complaining)
    assert system_commands.call([sys.executable, "-c", "print('yes')"]) == "yes"


def test_a_command_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_commands, "SECONDS", 0.2)
    with pytest.raises(TimerRefused, match="no answer"):
        system_commands.call(
            [sys.executable, "-c", "import sys; sys.stdin = None; import threading; threading.Event().wait()"]
        )


def test_the_systems_commands_get_no_libraries_of_the_frozen_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/unpacked")
    assert "LD_LIBRARY_PATH" not in system_commands._environment()
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/of the user")
    assert system_commands._environment()["LD_LIBRARY_PATH"] == "/of the user"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp850"])
def test_what_a_command_says_is_read_in_whatever_way_it_is_written(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_commands, "CONSOLE", "cp850")
    saying = f"import sys; sys.stdout.buffer.write({'Jürgen'.encode(encoding)!r})"
    assert system_commands.call([sys.executable, "-c", saying]) == "Jürgen"
