"""A screen that nobody sees, the users who sit before it, and a deadline on every wait."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from tests.support.client import PATIENCE

DEADLINE = 30.0 * PATIENCE
"""Seconds that anything may take before the test fails."""

TOOLS = ("Xvfb", "WebKitWebDriver", "tauri-driver", "xdotool", "dbus-daemon")

T = TypeVar("T")


def eventually(look: Callable[[], T | Literal[False] | None], what: str, seconds: float = DEADLINE) -> T:
    """What ``look`` answers once it is true; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return seen


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[subprocess.Popen[Any]]:
    """A process of ours, gone at the end of the block."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextmanager
def screen(size: str = "1280x900") -> Iterator[dict[str, str]]:
    """The environment of a display of its own, with a session bus."""
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with ExitStack() as stack:
        xvfb = subprocess.Popen(words, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.enter_context(ended(xvfb))
        os.close(write)
        with os.fdopen(read) as number:
            display = f":{number.readline().strip()}"
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
        )
        stack.enter_context(ended(bus))
        assert bus.stdout is not None
        with bus.stdout as output:
            address = output.readline().strip()
        yield {"DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": address}


@dataclass(frozen=True)
class Home:
    """A user of the app: a home folder, and what lies where in it."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / ".local/share/kirapilot/kirapilot.db"

    @property
    def desktop(self) -> Path:
        return self.path / "Desktop"

    @property
    def cache(self) -> Path:
        return self.path / ".cache"

    @property
    def run_folders(self) -> Path:
        """Where the sidecar's bootloader unpacks itself."""
        return self.cache / "com.example.kirapilot-backup/kirapilot-sidecar"

    def make(self) -> Home:
        for folder in (self.database.parent, self.desktop, self.cache, self.path / ".config"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.path / ".config/user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Desktop"\n', encoding="utf-8")
        return self

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.path),
            "XDG_DATA_HOME": str(self.path / ".local/share"),
            "XDG_CONFIG_HOME": str(self.path / ".config"),
            "XDG_CACHE_HOME": str(self.cache),
        }
