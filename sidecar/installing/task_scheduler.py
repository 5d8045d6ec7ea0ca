"""The Windows task scheduler: a task of the user's own, while the user is logged on.

Read off the Task Scheduler Schema, whose sequences fix the order of elements. With ``StartWhenAvailable``, a run that
was missed while the computer was off is made up for. Neither mains power nor a network is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from sidecar.errors.jobs import CannotSchedule, TimerRefused
from sidecar.installing.answers import TimerFile
from sidecar.installing.program import Call
from sidecar.installing.service import DESCRIPTION
from sidecar.installing.system_commands import call, succeeds
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import work_folder

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FILLED_IN = re.compile(r"%([^%]+)%|\$\(")
"""What the scheduler fills in, and knows no escape for: variables of the environment, and its own."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-16"?>\n'


class TaskScheduler:
    """The tasks of the task scheduler, by its command."""

    name = "task_scheduler"

    def written(self, call: Call) -> list[TimerFile]:
        return [TimerFile(path=_task(), content=_definition(call))]

    def found(self) -> list[TimerFile]:
        # Asked first: that there is none is no failure, and is told in the system's own language.
        if not self.is_active():
            return []
        return [TimerFile(path=_task(), content=call([_schtasks(), "/Query", "/TN", _task(), "/XML"]))]

    def program(self, files: list[TimerFile]) -> str:
        return _actions(files).get("Command", "")

    def is_same(self, found: list[TimerFile], written: list[TimerFile]) -> bool:
        # The scheduler gives back its own wording of what it was given.
        return bool(found) and _actions(found) == _actions(written)

    def is_active(self) -> bool:
        return succeeds([_schtasks(), "/Query", "/TN", _task()])

    def switching_on(self) -> list[list[str]]:
        return [[_schtasks(), "/Create", "/TN", _task(), "/XML", "FILE", "/F"]]

    def switching_off(self) -> list[list[str]]:
        return [[_schtasks(), "/Delete", "/TN", _task(), "/F"]]

    def switch_on(self, files: list[TimerFile], work_dir: Path) -> None:
        with work_folder(work_dir) as scratch:
            path = scratch / "task.xml"
            with file_errors(path, Act.SAVE):
                path.write_bytes(files[0].content.encode("utf-16"))
            call([str(path) if word == "FILE" else word for word in self.switching_on()[0]])

    def switch_off(self) -> None:
        try:
            call(self.switching_off()[0])
        except TimerRefused:
            if self.is_active():
                raise


def _actions(files: list[TimerFile]) -> dict[str, str]:
    """What a task starts: the texts of Command, Arguments and WorkingDirectory, of those that it has."""
    from xml.etree import ElementTree

    try:
        found = (
            ElementTree.fromstring(files[0].content).find(f"{_named('Actions')}/{_named('Exec')}") if files else None
        )
    except (ElementTree.ParseError, ValueError):
        return {}
    return {} if found is None else {part.tag.rpartition("}")[2]: part.text or "" for part in found}


def _definition(call: Call) -> str:
    # Not above: elsewhere the frozen program does without both.
    import subprocess
    from xml.etree import ElementTree

    for text in (call.program, *call.arguments, call.folder):
        _require_plain(text)
    started = {"Command": call.program, "Arguments": subprocess.list2cmdline(call.arguments)}
    if call.folder:
        started["WorkingDirectory"] = call.folder
    ElementTree.register_namespace("", NAMESPACE)
    task = ElementTree.Element(_named("Task"), version="1.2")
    _fill(
        task,
        {
            "RegistrationInfo": {"Description": DESCRIPTION},
            "Triggers": {"CalendarTrigger": _EVERY_HOUR},
            "Principals": {"Principal": _user() | {"LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}},
            "Settings": _SETTINGS,
            "Actions": {"Exec": started},
        },
    )
    for element, attribute in ((task[2][0], "id"), (task[4], "Context")):
        element.set(attribute, "Author")
    ElementTree.indent(task)
    return _DECLARATION + ElementTree.tostring(task, encoding="unicode") + "\n"


_EVERY_HOUR = {
    "Enabled": "true",
    "StartBoundary": "2026-01-01T00:07:00",
    "Repetition": {"Interval": "PT1H", "Duration": "P1D", "StopAtDurationEnd": "false"},
    "ScheduleByDay": {"DaysInterval": "1"},
}

_SETTINGS = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "ExecutionTimeLimit": "PT2H",
    "Priority": "7",
}


def _fill(element: Element, children: Mapping[str, object]) -> None:
    """Add children, in that order: what is a mapping has children itself."""
    from xml.etree import ElementTree

    for name, content in children.items():
        child = ElementTree.SubElement(element, _named(name))
        if isinstance(content, Mapping):
            _fill(child, content)
        else:
            child.text = str(content)


def _named(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _require_plain(text: str) -> None:
    """Raise CannotSchedule for what the task would not hold as it is."""
    if _NOT_XML.search(text):
        raise CannotSchedule(detail=f"{text!r} holds characters that no task can hold")
    for found in _FILLED_IN.finditer(text):
        if found[1] is None or found[1].upper() in {name.upper() for name in os.environ}:
            raise CannotSchedule(detail=f"the task scheduler would read {found[0]} in {text!r} as a variable")


def _user() -> dict[str, str]:
    """The user of the task, who is the only one who may see it."""
    domain, name = os.environ.get("USERDOMAIN"), os.environ.get("USERNAME")
    return {"UserId": f"{domain}\\{name}"} if domain and name else {}


def _task() -> str:
    """The name of the task: tasks of all users lie in one folder."""
    return f"KiraPilot backup of {os.environ.get('USERNAME', 'this user')}"


def _schtasks() -> str:
    # Not by PATH, in which anything may stand before it.
    return str(PureWindowsPath(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "schtasks.exe"))
