"""The Windows task: held against the sequences, types and namespace of the Task Scheduler Schema."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree

import pytest

from sidecar.errors.jobs import CannotSchedule
from sidecar.installing.program import Call
from sidecar.installing.task_scheduler import NAMESPACE, TaskScheduler
from sidecar.installing.timers import install
from sidecar.system.paths import Places
from tests.unit.installing.conftest import PATHS, System

pytestmark = pytest.mark.usefixtures("system")

BOOLEAN, DURATION = re.compile("true|false"), re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?")
ANY = re.compile("(?s).+")

SCHEMA: dict[str, dict[str, re.Pattern[str] | None]] = {
    "Task": dict.fromkeys(("RegistrationInfo", "Triggers", "Principals", "Settings", "Actions")),
    "RegistrationInfo": {"Description": ANY},
    "Triggers": {"CalendarTrigger": None},
    "CalendarTrigger": {
        "Enabled": BOOLEAN,
        "StartBoundary": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
        "EndBoundary": ANY,
        "Repetition": None,
        "ExecutionTimeLimit": DURATION,
        "RandomDelay": DURATION,
        "ScheduleByDay": None,
    },
    "Repetition": {"Interval": DURATION, "Duration": DURATION, "StopAtDurationEnd": BOOLEAN},
    "ScheduleByDay": {"DaysInterval": re.compile(r"\d+")},
    "Principals": {"Principal": None},
    "Principal": {
        "UserId": ANY,
        "LogonType": re.compile("InteractiveToken"),
        "GroupId": ANY,
        "DisplayName": ANY,
        "RunLevel": re.compile("LeastPrivilege|HighestAvailable"),
    },
    "Settings": {
        "MultipleInstancesPolicy": re.compile("Parallel|Queue|IgnoreNew|StopExisting"),
        "DisallowStartIfOnBatteries": BOOLEAN,
        "StopIfGoingOnBatteries": BOOLEAN,
        "StartWhenAvailable": BOOLEAN,
        "RunOnlyIfNetworkAvailable": BOOLEAN,
        "ExecutionTimeLimit": DURATION,
        "Priority": re.compile("10|[0-9]"),
    },
    "Actions": {"Exec": None},
    "Exec": {"Command": ANY, "Arguments": ANY, "WorkingDirectory": ANY},
}
"""Element -> its children in their order, and what the text of each may be; all in one namespace."""


def assert_valid(element: ElementTree.Element) -> None:
    namespace, name = re.fullmatch(r"\{(.+)\}(\w+)", element.tag).groups()  # type: ignore[union-attr]
    assert namespace == NAMESPACE
    children = [child.tag.partition("}")[2] for child in element]
    known = list(SCHEMA[name])
    assert children == sorted(children, key=known.index), f"the order below {name}"
    assert len(set(children)) == len(children)
    for child, text in zip(element, children, strict=True):
        pattern = SCHEMA[name][text]
        if pattern is None:
            assert_valid(child)
        else:
            assert pattern.fullmatch(child.text or ""), f"{text}: {child.text}"


@pytest.mark.parametrize("name", PATHS)
def test_the_task_is_as_its_schema_wants_it(name: str) -> None:
    call = Call(f"C:\\{name}\\p.exe", ("auto", "run", "--database", f"D:\\{name}\\x.db"), f"C:\\{name}")
    task = ElementTree.fromstring(TaskScheduler().written(call)[0].content)
    assert task.get("version") == "1.2"
    assert_valid(task)
    assert task.findtext(f".//{{{NAMESPACE}}}Command") == call.program
    assert task.findtext(f".//{{{NAMESPACE}}}WorkingDirectory") == call.folder
    assert task.findtext(f".//{{{NAMESPACE}}}StartWhenAvailable") == "true"
    # Read by the rules of CommandLineToArgvW, which is what list2cmdline writes for.
    assert words(task.findtext(f".//{{{NAMESPACE}}}Arguments") or "") == list(call.arguments)


def words(line: str) -> list[str]:
    """A command line taken apart as Windows' programs do, said once more."""
    found, word, quoted, begun, backslashes = [], "", False, False, 0
    for character in line:
        if character == "\\":
            backslashes += 1
            begun = True
            continue
        if character == '"':
            word += "\\" * (backslashes // 2)
            if backslashes % 2:
                word += '"'
            else:
                quoted = not quoted
            begun, backslashes = True, 0
            continue
        word, backslashes = word + "\\" * backslashes, 0
        if character in " \t" and not quoted:
            found += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + character, True
    return found + ([word + "\\" * backslashes] if begun else [])


@pytest.mark.parametrize("name", ["a\x01b", "a\udcffb", "%USERNAME%", "%username%", "$(Arg0)"])
def test_what_a_task_would_not_hold_as_it_is_is_refused(name: str) -> None:
    with pytest.raises(CannotSchedule):
        TaskScheduler().written(Call(f"C:\\{name}\\p.exe", (), ""))


def test_it_is_given_to_the_scheduler_as_utf_16_and_the_file_goes(system: System, there: Places) -> None:
    install(there, TaskScheduler(), dry_run=False)
    (create,) = [command for command in system.called if "/Create" in command]
    assert create[0].lower().endswith("system32\\schtasks.exe")
    assert create[create.index("/TN") + 1] == "KiraPilot backup of maria"
    assert list(there.work_dir.rglob("*.xml")) == []
    assert b'encoding="UTF-16"' in system.task


def test_the_users_own_name_is_on_the_task() -> None:
    (file,) = TaskScheduler().written(Call("p.exe", (), ""))
    assert r"<UserId>DESK\maria</UserId>" in file.content


def test_the_schemas_judge_does_judge() -> None:
    content = TaskScheduler().written(Call("p.exe", ("x",), ""))[0].content
    for spoiled in (
        content.replace(NAMESPACE, "http://elsewhere"),
        re.sub(r"(?s)(<Command>.*?</Command>\s*)(<Arguments>.*?</Arguments>)", r"\2\1", content),
        content.replace("PT1H", "an hour"),
    ):
        assert spoiled != content
        with pytest.raises(AssertionError):
            assert_valid(ElementTree.fromstring(spoiled))


def test_the_rules_of_arguments_are_those_of_windows() -> None:
    for arguments in (["a b", 'c"d', "e\\", "f\\\\", "", 'g\\"h'], ["\\\\host\\share dir\\"]):
        assert words(subprocess.list2cmdline(arguments)) == arguments
