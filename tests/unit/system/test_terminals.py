"""What is a terminal: on Windows, what has a console; elsewhere, what says so."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from sidecar.system import names
from sidecar.system.streams import is_terminal


class Stream(io.StringIO):
    def __init__(self, says_so: bool) -> None:
        super().__init__()
        self._says_so = says_so

    def isatty(self) -> bool:
        return self._says_so

    def fileno(self) -> int:
        return 7


@pytest.mark.parametrize("has_console", [False, True])
@pytest.mark.parametrize("says_so", [False, True])
@pytest.mark.parametrize("on_windows", [False, True])
def test_a_terminal_is_what_says_so_and_on_windows_has_a_console(
    on_windows: bool, says_so: bool, has_console: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", on_windows)
    asked: list[int] = []

    def console(descriptor: int) -> bool:
        asked.append(descriptor)
        return has_console

    assert is_terminal(Stream(says_so), console) == (says_so and (has_console or not on_windows))
    assert asked == ([7] if says_so and on_windows else [])


def test_nothing_is_no_terminal_and_neither_is_the_file_that_takes_everything(tmp_path: Path) -> None:
    assert not is_terminal(None)
    with (tmp_path / "a").open("w", encoding="utf-8") as file, Path(os.devnull).open("r+", encoding="utf-8") as nowhere:
        assert not is_terminal(file)
        assert nowhere.isatty() == (sys.platform == "win32"), "which is why Windows is asked for a console"
        assert not is_terminal(nowhere)
