"""The systems' own commands, played: what was called, and a timer that is there or not."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sidecar.installing import system_commands
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND

PATHS = [
    "plain",
    "with a space",
    "100% %h %i",
    "$HOME ${x}",
    'double " quotes',
    "single ' quotes",
    "back\\slash\\",
    "é ß 日本 😀",
    "; | & < > ` #",
    "--option=x",
]
"""What the name of a folder may hold that some system could take for something else."""


class System:
    """One system: the commands it was given, which of them fail, and whether it knows the timer."""

    def __init__(self) -> None:
        self.called: list[list[str]] = []
        self.failing: str | None = None
        self.active = False
        self.task = b""

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        self.called.append(list(command))
        words = " ".join(command)
        if self.failing and self.failing in words:
            return subprocess.CompletedProcess(command, 1, b"", b"no bus.\n")
        if any(word in words for word in ("is-enabled", "is-active", " print ", "/Query")):
            told = self.task if "/XML" in command else b""
            return subprocess.CompletedProcess(command, 0 if self.active else 3, told, b"")
        if "/Create" in command:
            # As the scheduler does: what it gives back is in the code page of a console.
            self.task = Path(command[command.index("/XML") + 1]).read_bytes().decode("utf-16").encode()
        self.active = any(word in words for word in ("enable --now", "bootstrap", "/Create"))
        return subprocess.CompletedProcess(command, 0, b"", b"")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> System:
    """The system of this test; its files lie in a home of its own."""
    found = System()
    monkeypatch.setattr(system_commands, "_run", found.run)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("USERNAME", "maria")
    monkeypatch.setenv("USERDOMAIN", "DESK")
    return found


@pytest.fixture
def there(tmp_path: Path) -> Places:
    """A database that is there."""
    database = tmp_path / "kirapilot.db"
    database.write_bytes((DATA / f"{EVERY_KIND}.db").read_bytes())
    return Places(database, tmp_path / "work")
