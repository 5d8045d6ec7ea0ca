"""Every problem is told, in the words users know: what is an error, what a warning, and how many of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.results import LINES_SHOWN
from sidecar.stage.problems import WARNINGS_OF_A_KIND
from tests.support.archives import entries_of, write
from tests.support.databases import validate
from tests.support.shipped import dependency, interaction, session, shipped_archive, tampered, task, template, without
from tests.support.verdicts import judged

KEPT = "(it is kept as it is)"


@pytest.mark.slow(but=6)
@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"tasks": [task("a"), task("b", title=7)]}, "Invalid task data at index 1: title must be text"),
        ({"tasks": [task("a", priority="high")]}, "Invalid task data at index 0: priority must be a whole number"),
        ({"tasks": [task("a", priority=2**63)]}, "Invalid task data at index 0: priority must be a whole number"),
        ({"tasks": [task("a", priority=10**40)]}, "Invalid task data at index 0: priority must be a whole number"),
        ({"tasks": [task("a", is_periodic_instance=1)]}, "Invalid task data at index 0: is_periodic_instance must be"),
        ({"tasks": [task("a", tags=["x"])]}, "Invalid task data at index 0: tags must be text"),
        ({"tasks": [task("a", due_date="soon")]}, "Invalid task data at index 0: due_date is not a time such as"),
        ({"tasks": [task("a", due_date="T00:00:00Z")]}, "Invalid task data at index 0: due_date is not"),
        ({"tasks": [task("a", due_date="3.2.2025")]}, "Invalid task data at index 0: due_date is not"),
        ({"tasks": [task("a", priority=1.5)]}, "Invalid task data at index 0: priority must be a whole number"),
        ({"tasks": [task("a", priority=2.0**60)]}, "Invalid task data at index 0: priority must be a whole number"),
        ({"tasks": [7]}, "Invalid task data at index 0"),
        ({"tasks": [task("a"), None]}, "Invalid task data at index 1"),
        ({"tasks": [task("a"), []]}, "Invalid task data at index 1"),
        ({"tasks": [task("a", title=None)]}, "Task at index 0 is missing required fields: title"),
        ({"tasks": [task("a"), without(task("b"), "id")]}, "Task at index 1 is missing required fields: id"),
        ({"tasks": [task("a", created_at=None)]}, "Task at index 0 is missing required fields: created_at"),
        ({"tasks": [{}]}, "Task at index 0 is missing required fields"),
        (
            {"tasks": [task("a")], "time_sessions": [without(session("s", "a"), "start_time")]},
            "Time session at index 0 is missing required fields: start_time",
        ),
        (
            {"time_sessions": [session("s", "a") | {"task_id": None}]},
            "Time session at index 0 is missing required fields",
        ),
        (
            {"ai_interactions": [interaction("i", response=None)]},
            "AI interaction at index 0 is missing required fields",
        ),
        ({"ai_interactions": [interaction("i", confidence="low")]}, "Invalid AI interaction data at index 0"),
        (
            {"periodic_task_templates": [template("t", is_active="yes")]},
            "Invalid periodic task template data at index 0",
        ),
        (
            {"periodic_task_templates": [template("t"), without(template("u"), "recurrence_type")]},
            "Periodic task template at index 1 is missing required field: recurrence_type",
        ),
        ({"tasks": [task("a"), task("b"), task("a")]}, "Duplicate task ID found: a"),
        (
            {"periodic_task_templates": [template("t"), template("t")]},
            "Duplicate periodic task template ID found: t",
        ),
        (
            {"tasks": [task("a")], "time_sessions": [session("s", "a"), session("s", "a")]},
            "Duplicate time session ID found: s",
        ),
        ({"time_sessions": [session("s", "gone")]}, "Time session references non-existent task: gone"),
        (
            {"tasks": [task("a")], "task_dependencies": [dependency("d", "gone", "a")]},
            "Task dependency references non-existent task: gone",
        ),
        (
            {"tasks": [task("a")], "task_dependencies": [dependency("d", "a", "gone")]},
            "Task dependency references non-existent dependency: gone",
        ),
        (
            {
                "tasks": [task("a"), task("b")],
                "task_dependencies": [dependency("d", "a", "b"), dependency("e", "a", "b")],
            },
            "Duplicate task dependency found: a depends on b more than once",
        ),
    ],
)
def test_what_would_break_an_import_is_an_error(
    device: Path, tmp_path: Path, tables: dict[str, Any], message: str
) -> None:
    verdict = judged(device, shipped_archive(tmp_path / "b.kpbackup", **tables))
    assert not verdict.is_valid
    assert any(error.startswith(message) for error in verdict.errors), verdict.errors


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"tasks": [task("a", parent_task_id="gone")]}, f"Task references non-existent parent task: gone {KEPT}"),
        (
            {"tasks": [task("a", periodic_template_id="gone")]},
            f"Periodic task instance references non-existent template: gone {KEPT}",
        ),
        ({"tasks": [task("a", status="odd")]}, f"Task at index 0 has invalid status: odd {KEPT}"),
        ({"tasks": [task("a", tags="no json")]}, f"Task at index 0: tags holds no JSON {KEPT}"),
        (
            {"periodic_task_templates": [template("t", recurrence_type="yearly")]},
            f"Periodic task template at index 0 has invalid recurrence_type: yearly {KEPT}",
        ),
        (
            {"tasks": [task("a")], "task_dependencies": [dependency("d", "a", "a")]},
            f"Task depends on itself: a {KEPT}",
        ),
        (
            {
                "tasks": [task("a"), task("b")],
                "task_dependencies": [dependency("d", "a", "b"), dependency("e", "b", "a")],
            },
            f"Task dependencies form a cycle: a → b → a {KEPT}",
        ),
        (
            {"tasks": [task("a")], "time_sessions": [session("s", "a", end_time="2001-01-01T00:00:00Z")]},
            f"Time session at index 0 ends before it starts {KEPT}",
        ),
        (
            {"tasks": [task("a", task_list_id="gone")]},
            "The backup does not hold its task list (1 task). A list that KiraPilot lacks is made again, as "
            '"Restored list 1" and so on',
        ),
        (
            {
                "tasks": [task("a", task_list_id="x"), task("b", task_list_id="x"), task("c", task_list_id="y")],
                "periodic_task_templates": [template("t", task_list_id="z")],
            },
            "The backup does not hold its 3 task lists (3 tasks, 1 periodic template).",
        ),
        ({"tasks": [task("a"), without(task("b"), "created_at")]}, "tasks without created_at (1): a row that exists"),
        ({"tasks": [task("a", colour="red")]}, "The backup holds tasks.colour, which this KiraPilot does not know"),
        ({}, "Backup contains no tasks or time sessions"),
        ({"ai_interactions": [interaction("i")]}, "Backup contains no tasks or time sessions"),
    ],
)
def test_what_a_live_database_holds_too_or_an_import_repairs_is_a_warning(
    device: Path, tmp_path: Path, tables: dict[str, Any], message: str
) -> None:
    verdict = judged(device, shipped_archive(tmp_path / "b.kpbackup", **tables))
    assert verdict.errors == []
    assert any(warning.startswith(message) for warning in verdict.warnings), verdict.warnings


@pytest.mark.slow
def test_a_large_number_of_tasks_is_worth_a_warning(device: Path, tmp_path: Path) -> None:
    many = [task(str(index)) for index in range(10_001)]
    for tasks, expected in ((many, ["Large number of tasks (10001), import may take time"]), (many[1:], [])):
        verdict = validate(device, shipped_archive(tmp_path / "b.kpbackup", tasks=tasks))
        assert (verdict.errors, verdict.warnings) == ([], expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"version": "2.0.0"}}, "Unsupported backup version: 2.0.0. Expected: 1.0.0"),
        ({"data": {"version": "0.9"}}, "Unsupported backup version: 0.9. Expected: 1.0.0"),
        ({"metadata": {"version": 1}}, "Unsupported backup version: 1. Expected: 1.0.0"),
        ({"metadata": {"version": None}}, "Unsupported backup version: null. Expected: 1.0.0"),
        ({"metadata": {"task_count": "many"}}, "Invalid metadata: "),
        ({"metadata": {"created_at": None}}, "Invalid metadata: "),
        ({"metadata": {"task_count": 3}}, "metadata.json says 3 tasks, the backup holds 0"),
        ({"metadata": {"dependency_count": -1}}, "metadata.json says -1 task_dependencies, the backup holds 0"),
        ({"data": {"tasks": {}}}, "The backup is damaged: data.json: tasks is not a list"),
        ({"data": {"settings": []}}, "The backup is damaged: "),
    ],
)
def test_head_and_data_must_say_what_the_format_says(
    device: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    verdict = judged(device, shipped_archive(tmp_path / "b.kpbackup", **change))
    assert not verdict.is_valid
    assert verdict.errors[0].startswith(message)


@pytest.mark.parametrize("name", ["metadata.json", "data.json"])
def test_an_entry_that_must_be_there_is_missed(device: Path, tmp_path: Path, name: str) -> None:
    entries = entries_of(shipped_archive(tmp_path / "whole.kpbackup"))
    del entries[name]
    verdict = judged(device, write(tmp_path / "b.kpbackup", entries))
    assert verdict.errors[0].startswith(f"Backup file is missing {name}")


@pytest.mark.parametrize("key", ["version", "tasks", "time_sessions", "ai_interactions", "task_dependencies"])
def test_an_array_that_every_generation_has_is_missed(device: Path, tmp_path: Path, key: str) -> None:
    archive = shipped_archive(tmp_path / "whole.kpbackup")
    verdict = judged(device, tampered(archive, tmp_path / "b.kpbackup", lambda entries: entries["data.json"].pop(key)))
    assert verdict.errors[0].startswith(f"Backup file is missing {key} in data.json")


@pytest.mark.slow(but=5)
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("metadata.json", b"{"),
        ("metadata.json", b"[]"),
        ("metadata.json", b"\xff"),
        ("data.json", b""),
        ("data.json", b"[]"),
        ("data.json", b'{"version":"1.0.0","version":"1.0.0"}'),
        ("data.json", b'{"version":"1.0.0","tasks":[}'),
        ("data.json", b'{"version":"1.0.0","tasks":[{"id":"a"}'),
        ("data.json", b'{"version":"1.0.0","tasks":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"),
        ("data.json", b'{"version":"1.0.0","tasks":[{"id":"\xff"}]}'),
        ("data.json", b'{"version":"1.0.0","tasks":[{"id":"a"},]}'),
        ("data.json", b'{"version":"1.0.0"} x'),
        ("tasks.json", b"{}"),
        ("tasks.json", b'[{"id":"a"}'),
    ],
)
def test_an_entry_that_is_not_json_of_the_right_shape_is_refused(
    device: Path, tmp_path: Path, name: str, body: bytes
) -> None:
    entries = entries_of(shipped_archive(tmp_path / "whole.kpbackup"))
    verdict = judged(device, write(tmp_path / "b.kpbackup", entries | {name: body}))
    assert len(verdict.errors) == 1
    assert verdict.metadata is None


def test_a_file_that_is_no_archive_says_so(device: Path, tmp_path: Path) -> None:
    (tmp_path / "b.kpbackup").write_bytes(b"This is a letter.")
    assert judged(device, tmp_path / "b.kpbackup").errors[0].startswith("Invalid ZIP archive: ")


def test_a_file_that_cannot_be_opened_says_so(device: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "gone.kpbackup", tmp_path):
        verdict = validate(device, path)
        assert not verdict.is_valid
        assert verdict.errors[0].startswith("Cannot open backup file: ")


def test_all_problems_are_told_at_once_each_with_its_place(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        metadata={"task_count": 9},
        tasks=[task("a"), task("a", status="odd"), task("b", title=None), task("c", priority=[])],
        time_sessions=[session("s", "gone"), without(session("r", "a"), "task_id")],
        task_dependencies=[dependency("d", "a", "gone")],
        periodic_task_templates=[template("t", start_date="never")],
    )
    verdict = judged(device, archive)
    found = {(p.severity, p.kind, p.table, p.id, p.index, p.column) for p in verdict.problems}
    assert found == {
        ("error", "count_mismatch", "tasks", None, None, None),
        ("error", "duplicate_id", "tasks", "a", None, None),
        ("error", "missing_field", "tasks", "b", 2, "title"),
        ("error", "invalid_record", "tasks", "c", 3, "priority"),
        ("error", "broken_reference", "time_sessions", "s", 0, "task_id"),
        ("error", "missing_field", "time_sessions", "r", 1, "task_id"),
        ("error", "broken_reference", "task_dependencies", "d", 0, "depends_on_id"),
        ("error", "invalid_timestamp", "periodic_task_templates", "t", 0, "start_date"),
        ("warning", "unknown_word", "tasks", "a", 1, "status"),
    }
    assert (verdict.error_count, verdict.warning_count) == (8, 1)
    assert {problem.message for problem in verdict.problems} == {*verdict.errors, *verdict.warnings}
    assert verdict.metadata is not None


@pytest.mark.parametrize("number", [LINES_SHOWN, LINES_SHOWN + 1, 250])
def test_a_dialog_gets_at_most_fifteen_errors_and_a_few_warnings_of_a_kind(
    device: Path, tmp_path: Path, number: int
) -> None:
    tasks = [task(str(index), title=None, status="odd") for index in range(number)]
    verdict = validate(device, shipped_archive(tmp_path / "b.kpbackup", tasks=tasks))
    assert verdict.error_count == verdict.warning_count == number
    assert len(verdict.errors) == LINES_SHOWN
    if number > LINES_SHOWN:
        assert verdict.errors[-1] == f"and {number - LINES_SHOWN + 1} more"
    assert len(verdict.warnings) == WARNINGS_OF_A_KIND + 1
    assert verdict.warnings[-1] == f"and {number - WARNINGS_OF_A_KIND} more"
    assert len(verdict.problems) == 2 * min(number, 100)


def test_some_of_every_kind_of_problem_are_among_the_lines(device: Path, tmp_path: Path) -> None:
    tasks = [*(task(str(index), title=None) for index in range(50)), task("0"), task("x", priority="high")]
    verdict = validate(device, shipped_archive(tmp_path / "b.kpbackup", tasks=tasks))
    assert any(line.startswith("Duplicate task ID") for line in verdict.errors)
    assert any(line.startswith("Invalid task data at index 51") for line in verdict.errors)
