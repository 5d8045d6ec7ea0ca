"""systemd: a service and a timer of the user's own.

Read off systemd.service(5), systemd.syntax(7) and systemd.timer(5). With ``Persistent``, a run that was missed while
the computer was off is made up for. ``:`` before the program keeps systemd from filling in variables.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sidecar.errors.jobs import CannotSchedule, TimerRefused
from sidecar.installing import own_files
from sidecar.installing.answers import TimerFile
from sidecar.installing.program import Call
from sidecar.installing.service import DESCRIPTION
from sidecar.installing.system_commands import call, succeeds

UNIT = "kirapilot-backup"

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})|\\(.)|(%)%", re.DOTALL)
_STARTED = re.compile(r'^ExecStart=":((?:[^"\\]|\\.)*)"(.*)', re.MULTILINE)
_BY_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""Starts what systemd takes for no name of a program: one with quotes, backslashes or control characters in it."""


class Systemd:
    """The timers of systemd's manager of the user."""

    name = "systemd"

    def written(self, call: Call) -> list[TimerFile]:
        service, timer = self._paths()
        return [
            TimerFile(path=str(service), content=_service(call)),
            TimerFile(path=str(timer), content=_TIMER),
        ]

    def found(self) -> list[TimerFile]:
        return own_files.read(self._paths())

    def program(self, files: list[TimerFile]) -> str:
        started = _STARTED.search(files[0].content) if files else None
        if started is None:
            return ""
        words = [unquoted(started[1]), *map(unquoted, re.findall(r'"((?:[^"\\]|\\.)*)"', started[2]))]
        return words[len(_BY_SHELL)] if tuple(words[: len(_BY_SHELL)]) == _BY_SHELL else words[0]

    def is_same(self, found: list[TimerFile], written: list[TimerFile]) -> bool:
        return found == written

    def is_active(self) -> bool:
        return all(succeeds([*_SYSTEMCTL, asked, f"{UNIT}.timer"]) for asked in ("is-enabled", "is-active"))

    def switching_on(self) -> list[list[str]]:
        return [[*_SYSTEMCTL, "daemon-reload"], [*_SYSTEMCTL, "enable", "--now", f"{UNIT}.timer"]]

    def switching_off(self) -> list[list[str]]:
        return [[*_SYSTEMCTL, "disable", "--now", f"{UNIT}.timer"], [*_SYSTEMCTL, "daemon-reload"]]

    def switch_on(self, files: list[TimerFile], work_dir: Path) -> None:
        del work_dir
        own_files.write(files, lambda: _call_all(self.switching_on()))

    def switch_off(self) -> None:
        disable, reload = self.switching_off()
        try:
            call(disable)
        except TimerRefused:
            # Of a unit whose file somebody has removed it knows nothing.
            if self.is_active():
                raise
        own_files.remove(self._paths())
        call(reload)

    def _paths(self) -> tuple[Path, Path]:
        home = os.environ.get("XDG_CONFIG_HOME")
        folder = (
            (Path(home) if home and Path(home).is_absolute() else own_files.home() / ".config") / "systemd" / "user"
        )
        return folder / f"{UNIT}.service", folder / f"{UNIT}.timer"


_SYSTEMCTL = ("systemctl", "--user")

_TIMER = f"""\
[Unit]
Description={DESCRIPTION}

[Timer]
OnCalendar=hourly
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
"""


def _service(call: Call) -> str:
    words = [call.program, *call.arguments]
    if _CONTROL.search(call.program) or re.search(r"[\"'\\]", call.program):
        words = [*_BY_SHELL, *words]
    started = " ".join(quoted(word) for word in (f":{words[0]}", *words[1:]))
    lines = [
        "[Unit]",
        f"Description={DESCRIPTION}",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={started}",
        *([f"WorkingDirectory={_folder(call.folder)}"] if call.folder else []),
        "# Another program is at it: nothing is wrong.",
        "SuccessExitStatus=81",
        "Nice=10",
        "IOSchedulingClass=idle",
    ]
    return "\n".join(lines) + "\n"


def quoted(word: str) -> str:
    """A word as it stands in ExecStart: in quotes, with its bytes escaped where they would mean something."""

    def escaped(character: re.Match[str]) -> str:
        return "".join(f"\\x{byte:02x}" for byte in character[0].encode("utf-8", "surrogateescape"))

    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{_CONTROL.sub(escaped, plain)}"'


def unquoted(word: str) -> str:
    """What ``quoted`` made, without its quotes, as it was."""

    def meant(found: re.Match[bytes]) -> bytes:
        return bytes([int(found[1], 16)]) if found[1] else found[2] or found[3]

    return _ESCAPED.sub(meant, word.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _folder(folder: str) -> str:
    """A folder as WorkingDirectory has it: it knows no quotes and no escapes. Raises CannotSchedule."""
    if _CONTROL.search(folder) or folder != folder.strip() or folder.endswith("\\"):
        raise CannotSchedule(detail=f"systemd starts nothing in a folder of such a name ({folder!r})")
    return folder.replace("%", "%%")


def _call_all(commands: list[list[str]]) -> None:
    for command in commands:
        call(command)
