"""What each system's way of calling a program at times has to offer."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sidecar.installing.answers import TimerFile
from sidecar.installing.program import Call

DESCRIPTION = "KiraPilot: makes a backup if one is due"


class Service(Protocol):
    """One system's timers. All but ``written`` may raise NoTimerService, TimerRefused, PathError."""

    name: str

    def written(self, call: Call) -> list[TimerFile]:
        """What is to be written for a call. Raises CannotSchedule for one that cannot be put into words there."""

    def found(self) -> list[TimerFile]:
        """What is written now; nothing where there is no timer of ours."""

    def program(self, files: list[TimerFile]) -> str:
        """The program that files start; "" where that cannot be told."""

    def is_same(self, found: list[TimerFile], written: list[TimerFile]) -> bool:
        """Whether what is written now says what would be written."""

    def is_active(self) -> bool:
        """Whether the system knows the timer and runs it."""

    def switching_on(self) -> list[list[str]]:
        """The commands of the system that ``switch_on`` calls."""

    def switching_off(self) -> list[list[str]]:
        """The commands of the system that ``switch_off`` calls."""

    def switch_on(self, files: list[TimerFile], work_dir: Path) -> None:
        """Write the files and let the system run them. If it does not take them, all is as it was before."""

    def switch_off(self) -> None:
        """Take the timer away; that there is none is no failure."""
