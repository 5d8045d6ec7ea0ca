"""launchd: an agent of the user's own.

Read off launchd.plist(5). With ``StartCalendarInterval``, a run that was missed while the computer slept is made up for
when it wakes; ``RunAtLoad`` makes up for the time when it was off. No shell reads the arguments, so nothing is escaped.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from sidecar.errors.jobs import CannotSchedule
from sidecar.installing import own_files
from sidecar.installing.answers import TimerFile
from sidecar.installing.program import Call
from sidecar.installing.system_commands import call, succeeds

LABEL = "app.kirapilot.backup"

_LAUNCHCTL = "/bin/launchctl"

_UNLOADING = 5.0
"""Seconds to wait at most until an agent is gone."""


class Launchd:
    """The agents of launchd's domain of the user."""

    name = "launchd"

    def written(self, call: Call) -> list[TimerFile]:
        return [TimerFile(path=str(self._path()), content=_agent(call))]

    def found(self) -> list[TimerFile]:
        return own_files.read([self._path()])

    def program(self, files: list[TimerFile]) -> str:
        import plistlib
        from xml.parsers.expat import ExpatError

        try:
            return str(plistlib.loads(files[0].content.encode())["ProgramArguments"][0]) if files else ""
        except (ExpatError, plistlib.InvalidFileException, KeyError, IndexError, TypeError, ValueError):
            return ""

    def is_same(self, found: list[TimerFile], written: list[TimerFile]) -> bool:
        return found == written

    def is_active(self) -> bool:
        return succeeds([_LAUNCHCTL, "print", f"{_domain()}/{LABEL}"])

    def switching_on(self) -> list[list[str]]:
        return [*self.switching_off(), [_LAUNCHCTL, "bootstrap", _domain(), str(self._path())]]

    def switching_off(self) -> list[list[str]]:
        return [[_LAUNCHCTL, "bootout", f"{_domain()}/{LABEL}"]]

    def switch_on(self, files: list[TimerFile], work_dir: Path) -> None:
        del work_dir
        own_files.write(files, self._load_anew)

    def switch_off(self) -> None:
        self._unload()
        own_files.remove([self._path()])

    def _load_anew(self) -> None:
        # What is loaded is what was read then, whatever the file says now.
        self._unload()
        call(self.switching_on()[-1])

    def _unload(self) -> None:
        if not self.is_active():
            return
        call(self.switching_off()[0])
        # It answers before it is done, and until then nothing of that label can be loaded.
        patience = time.monotonic() + _UNLOADING
        while self.is_active() and time.monotonic() < patience:
            time.sleep(0.1)

    def _path(self) -> Path:
        return own_files.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"


def _agent(call: Call) -> str:
    # Not above: elsewhere the frozen program does without it.
    import plistlib

    told: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": [call.program, *call.arguments],
        "StartCalendarInterval": {"Minute": 7},
        "RunAtLoad": True,
        "ProcessType": "Background",
        "LowPriorityIO": True,
    }
    if call.folder:
        told["WorkingDirectory"] = call.folder
    try:
        return plistlib.dumps(told, sort_keys=False).decode("utf-8")
    except ValueError as error:
        raise CannotSchedule(detail="a path holds characters that no property list can hold") from error


def _domain() -> str:
    return f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
