"""In which encoding the command line writes."""

from __future__ import annotations

import io
import sys

import pytest

from sidecar.screen.terminal import Terminal
from sidecar.system import names
from sidecar.system.signals import Interrupts

TITLE = "Jürgen's 家 ☂"


@pytest.mark.parametrize(
    ("on_windows", "written"),
    [(True, TITLE.encode()), (False, TITLE.encode("cp1252", "backslashreplace"))],
)
def test_windows_code_page_spoils_no_pipe_and_elsewhere_the_locale_is_kept(
    on_windows: bool, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", on_windows)
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="cp1252", newline=""))
    terminal = Terminal(Interrupts())
    terminal.say(TITLE)
    assert pipe.getvalue() == written + b"\n"
