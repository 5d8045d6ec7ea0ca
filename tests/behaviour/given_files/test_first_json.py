"""The JSON that the first releases saved opens as a backup, record by record, and is bounded like one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.errors.backups import DamagedBackup, LimitExceeded, NotABackup
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.sources import first_json as first_json_module
from tests.conftest import Cases
from tests.support.databases import contents, query
from tests.support.given_files import OPENS, give
from tests.support.oracle import Device, judge

NOW = "2025-08-14T09:30:00.125Z"


def first_json(**changed: Any) -> dict[str, Any]:
    """What the first releases saved, with every key that they had."""
    task = {
        "id": "t1", "title": "Plan", "description": "", "priority": 2, "status": "in_progress", "dependencies": [],
        "timeEstimate": 90, "actualTime": 12.5, "tags": ["a", "b ü"], "subtasks": [], "createdAt": NOW,
        "updatedAt": NOW, "dueDate": "2025-09-01T00:00:00.000Z",
    }  # fmt: skip
    document: dict[str, Any] = {
        "tasks": [task, task | {"id": "t2", "title": "Do", "dependencies": ["t1", "gone", "t1"], "projectId": "p"}],
        "timeSessions": [
            {
                "id": "s1", "taskId": "t1", "startTime": NOW, "endTime": "2025-08-14T10:30:00.125Z",
                "pausedTime": 90_500, "isActive": False, "notes": "n", "createdAt": NOW,
                "breaks": [{"id": "b", "startTime": NOW, "endTime": NOW, "reason": "tea"}],
            },
        ],
        "focusSessions": [
            {
                "id": "f1", "taskId": "t2", "plannedDuration": 25, "distractionCount": 1, "distractionLevel": "minimal",
                "notes": "", "breaks": [], "metrics": {"deep": 1}, "createdAt": NOW, "focusScore": 7.5,
            },
        ],
        "preferences": {"theme": "dark", "aiSettings": {"model": "m", "geminiApiKey": "AIza" + "x" * 35}},
        "privacySettings": {"analytics": False},
        "aiConversations": [
            {
                "id": "a1", "message": "hi", "response": "hello", "timestamp": NOW, "reasoning": "because",
                "actions": [{"type": "CREATE_TASK"}], "suggestions": [],
            },
        ],
        "exportMetadata": {"version": "1.0", "exportDate": NOW, "appVersion": "KiraPilot v1.0"},
    }  # fmt: skip
    return document | changed


def _give_json(device: Device, document: object) -> None:
    give(device, json.dumps(document, indent=2, ensure_ascii=False).encode())


def test_the_json_of_the_first_releases_opens(device: Device, cases: Cases) -> None:
    _give_json(device, first_json())
    assert judge(device) is None
    verdict = validate_comprehensive(device.places, str(device.archive), Progress())
    assert verdict.metadata is not None
    counts = verdict.metadata
    assert (counts.task_count, counts.session_count, counts.ai_interaction_count, counts.dependency_count) == (
        2,
        1,
        1,
        1,
    )
    assert counts.created_at == NOW
    assert any(
        "1 task_dependencies on a task that the backup does not hold is left out" in one for one in verdict.warnings
    )
    summary = inspect_backup(str(device.archive), Progress(), device.places)
    assert (summary.form, summary.generation, summary.writer) == ("json", "2025-08 (JSON)", "kirapilot")
    assert summary.tables == {
        "tasks": 2, "time_sessions": 1, "ai_interactions": 1, "task_dependencies": 1, "focus_sessions": 1,
    }  # fmt: skip
    result = import_data(device.places, str(device.archive), True, Progress())
    assert result.settings is not None
    assert result.settings["kirapilot-preferences"] == {"theme": "dark", "aiSettings": {"model": "m"}}
    asked = {
        "SELECT id, title, time_estimate, actual_time, tags, due_date, project_id, dependencies FROM tasks": {
            ("t1", "Plan", 90, 12, '["a","b ü"]', "2025-09-01T00:00:00.000+00:00", None, "[]"),
            ("t2", "Do", 90, 12, '["a","b ü"]', "2025-09-01T00:00:00.000+00:00", "p", '["t1","gone","t1"]'),
        },
        "SELECT id, task_id, start_time, paused_time, is_active FROM time_sessions": {
            ("s1", "t1", "2025-08-14T09:30:00.125+00:00", 90_500, 0)
        },
        "SELECT task_id, depends_on_id FROM task_dependencies": {("t2", "t1")},
        "SELECT id, task_id, focus_score, metrics FROM focus_sessions": {("f1", "t2", 7.5, '{"deep":1}')},
        "SELECT id, action_taken, reasoning FROM ai_interactions": {("a1", '[{"type":"CREATE_TASK"}]', "because")},
    }
    assert {sql: set(query(device.database, sql)) for sql in asked} == asked
    cases.record(OPENS)


def test_lists_that_are_empty_leave_what_the_database_holds(device: Device) -> None:
    before = contents(device.database, ())
    _give_json(device, first_json(tasks=[], timeSessions=[], focusSessions=[], aiConversations=[]))
    assert judge(device, before) is None
    lines = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert (
        "It holds no tasks, timeSessions, aiConversations, focusSessions: those of KiraPilot stay as they are" in lines
    )


def test_a_session_whose_task_is_gone_is_left_out_and_counted(device: Device) -> None:
    sessions = first_json()["timeSessions"]
    _give_json(device, first_json(timeSessions=[*sessions, sessions[0] | {"id": "s2", "taskId": "gone"}]))
    assert judge(device) is None
    lines = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert "1 time_sessions of a task that the backup does not hold is left out" in lines


@pytest.mark.slow
def test_a_record_that_is_wrong_is_named_as_in_any_backup(device: Device) -> None:
    tasks = first_json()["tasks"]
    for wrong, words in (
        ({"priority": "high"}, "Invalid task data at index 1: priority must be a whole number"),
        ({"dueDate": "soon"}, "Invalid task data at index 1: due_date is not a time"),
        ({"title": None}, "Task at index 1 is missing required fields: title"),
    ):
        _give_json(device, first_json(tasks=[tasks[0], tasks[1] | wrong]))
        verdict = validate_comprehensive(device.places, str(device.archive), Progress())
        assert any(words in line for line in verdict.errors), verdict
        assert judge(device, merge=False) == "invalid_backup"


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("one_of_two", [True, False])
@pytest.mark.parametrize(
    ("array", "key", "record"),
    [
        ("tasks", "id", "Task"), ("tasks", "title", "Task"), ("timeSessions", "startTime", "Time session"),
        ("timeSessions", "taskId", "Time session"), ("aiConversations", "response", "AI interaction"),
        ("focusSessions", "id", "Focus session"), ("focusSessions", "taskId", "Focus session"),
        ("focusSessions", "plannedDuration", "Focus session"),
    ],
)  # fmt: skip
def test_what_a_record_lacks_is_told_by_the_validation_too(
    array: str, key: str, record: str, one_of_two: bool, device: Device
) -> None:
    whole = first_json()[array][0]
    lacking = {name: value for name, value in whole.items() if name != key}
    records = [whole, lacking | ({} if key == "id" else {"id": "other"})] if one_of_two else [lacking]
    _give_json(device, first_json(**{"timeSessions": [], "focusSessions": [], array: records}))
    verdict = validate_comprehensive(device.places, str(device.archive), Progress())
    expected = f"{record} at index {len(records) - 1} is missing required fields"
    assert [line.partition(":")[0] for line in verdict.errors] == [expected]
    assert judge(device, merge=False) == "invalid_backup"


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_half_a_character_is_shown_as_one_that_is_unknown(
    size: int, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JavaScript cuts texts within an emoji, and writes what is left of it as an escape."""
    monkeypatch.setattr(first_json_module, "_PIECE_BYTES", size)
    titles = ["cut \ud83d", "\ude00\ud83d turned", "whole \U0001f600", "spelled \\ud83d", "\\\ud83d\\"]
    tasks = [first_json()["tasks"][0] | {"id": str(number), "title": one} for number, one in enumerate(titles)]
    give(device, json.dumps(first_json(tasks=tasks, timeSessions=[], focusSessions=[])).encode())
    assert judge(device) is None
    result = import_data(device.places, str(device.archive), True, Progress())
    assert "Half a character, which no text can hold, is shown as \ufffd (4 times)" in result.warnings
    assert [title for (title,) in query(device.database, "SELECT title FROM tasks ORDER BY id")] == [
        "cut \ufffd", "\ufffd\ufffd turned", "whole \U0001f600", "spelled \\ud83d", "\\\ufffd\\",
    ]  # fmt: skip


HOSTILE: dict[str, tuple[Callable[[], bytes], type[Exception]]] = {
    "a list that is none": (lambda: json.dumps(first_json(tasks={"a": 1})).encode(), NotABackup),
    "cut": (lambda: json.dumps(first_json()).encode()[:-40], DamagedBackup),
    "a key twice": (lambda: json.dumps(first_json()).encode()[:-1] + b', "tasks": []}', DamagedBackup),
    "nested without end": (
        lambda: json.dumps(first_json(tasks=[])).encode().replace(b'"tasks": []', b'"tasks": [' + b"[" * 99_999),
        LimitExceeded,
    ),
    "not UTF-8": (lambda: json.dumps(first_json()).encode().replace(b"Plan", b"\xff\xfe"), NotABackup),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_that_was_made_to_do_harm_is_refused(kind: str, device: Device) -> None:
    make, error = HOSTILE[kind]
    give(device, make())
    assert judge(device) is not None
    with pytest.raises(error):
        validate_basic(device.places, str(device.archive), Progress())


@pytest.mark.slow
def test_json_beyond_what_a_page_could_save_is_refused_unread(device: Device) -> None:
    with device.archive.open("wb") as file:
        file.write(b'{"tasks": [')
        file.truncate(limits.MAX_FIRST_JSON_BYTES + 1)
    judge(device, only=LimitExceeded)
