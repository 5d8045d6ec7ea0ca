"""Validation: every problem is told, in the words users know; and what it lets through is what an import takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import BackupError
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from sidecar.results import LINES_SHOWN, BackupValidationResult
from sidecar.stage.problems import WARNINGS_OF_A_KIND
from tests.support.archives import entries_of, write
from tests.support.databases import backup, bring_in, execute, fresh, places_of, preview, restore, validate
from tests.support.shipped import (
    as_json,
    dependency,
    interaction,
    session,
    shipped_archive,
    tampered,
    task,
    template,
    without,
)

Entries = dict[str, Any]
Change = Callable[[Entries], object]
Copy = Callable[[str], Path]

KEPT = "(it is kept as it is)"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return fresh(tmp_path)


def judged(device: Path, archive: Path) -> BackupValidationResult:
    """The verdict, held against basic validation, preview and import: none may disagree with it."""
    verdict = validate(device, archive)
    if verdict.is_valid:
        validate_basic(places_of(device), str(archive), Progress())
        for overwrite in (False, True):
            restore(device, archive, overwrite, allow_loss=True)
        return verdict
    before = device.read_bytes()
    attempts: list[Callable[[], object]] = [
        lambda: validate_basic(places_of(device), str(archive), Progress()),
        lambda: preview(device, archive, overwrite=False, allow_loss=True),
        lambda: bring_in(device, archive, overwrite=True, allow_loss=True),
    ]
    for attempt in attempts:
        with pytest.raises(BackupError):
            attempt()
    assert device.read_bytes() == before
    return verdict


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
        ({"tasks": [task("a"), without(task("b"), "created_at")]}, "1 tasks without created_at: a row that exists"),
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


def _drop_task(entries: Entries) -> None:
    entries["data.json"]["tasks"].pop()


def _drop_task_everywhere(entries: Entries) -> None:
    entries["data.json"]["tasks"].pop()
    entries["tasks.json"].pop()


def _drop_session_everywhere(entries: Entries) -> None:
    """Consistent, but for the count of metadata.json and the manifest."""
    entries["data.json"]["time_sessions"].pop()
    entries["time_sessions.json"].pop()


def _count_session_too(entries: Entries) -> None:
    _drop_session_everywhere(entries)
    entries["metadata.json"]["session_count"] -= 1


def _rename_task(entries: Entries) -> None:
    entries["tasks.json"][0]["title"] = "other"


def _reorder_section(entries: Entries) -> None:
    entries["tasks.json"].reverse()


def _reorder_keys(entries: Entries) -> None:
    entries["tasks.json"] = [dict(reversed(record.items())) for record in entries["tasks.json"]]


def _other_settings(entries: Entries) -> None:
    entries["settings.json"] = {"theme": "dark"}


def _more_keys(entries: Entries) -> None:
    entries["metadata.json"]["remark"] = "x"
    entries["data.json"]["remark"] = {"deep": [1, [2]]}
    entries["remarks.json"] = []


def _drop_section(entries: Entries) -> None:
    del entries["tasks.json"]


def _drop_settings(entries: Entries) -> None:
    del entries["settings.json"]


def _unknown_array(entries: Entries) -> None:
    entries["data.json"]["labels"] = [{"id": "x"}, 7]


def _nothing(_entries: Entries) -> None:
    """Only the form of the JSON changes."""


SHIPPED_CHANGES: dict[Callable[[Entries], None], bool] = {
    _nothing: True,
    _drop_task: False,
    _drop_task_everywhere: False,
    _drop_session_everywhere: False,
    _count_session_too: True,
    _rename_task: False,
    _reorder_section: False,
    _reorder_keys: True,
    _other_settings: True,
    _more_keys: True,
    _drop_section: True,
    _drop_settings: True,
    _unknown_array: True,
}
"""What a hand can do to an archive without a manifest, and whether what is left is still a whole backup."""


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("change", SHIPPED_CHANGES, ids=lambda change: change.__name__)
def test_a_shipped_backup_is_held_to_the_agreement_of_its_entries(
    device: Path, real_files: Path, tmp_path: Path, change: Callable[[Entries], None]
) -> None:
    whole = real_files / "2025-09-08-periodic-templates.kpbackup"
    verdict = judged(device, tampered(whole, tmp_path / "b.kpbackup", change))
    assert verdict.is_valid == SHIPPED_CHANGES[change], verdict.errors


def _manifest(change: Callable[[Entries], object]) -> Callable[[Entries], None]:
    def changed(entries: Entries) -> None:
        change(entries["manifest.json"])

    return changed


def _record(table: str, change: Callable[[Entries], object]) -> Callable[[Entries], None]:
    def changed(entries: Entries) -> None:
        for records in (entries.get(f"{table}.json"), entries["data.json"].get(table)):
            if records:
                change(records[0])

    return changed


def _cell(**fields: object) -> Callable[[Entries], None]:
    def changed(entries: Entries) -> None:
        cell = {"table": "tasks", "row": 0, "id": None, "column": "title", "storage": "text", "value": "x"}
        entries["exact.json"] = [cell | fields]

    return changed


def _without(name: str) -> Change:
    return lambda entries: entries.pop(name)


FORGED: dict[str, tuple[Change, bool | None]] = {
    "nothing": (_nothing, True),
    "a record changed": (_record("tasks", lambda record: record.update(title="x")), True),
    "a record of another type": (_record("tasks", lambda record: record.update(title=7)), False),
    "a further record of another type": (_record("threads", lambda record: record.update(title={"a": 1})), False),
    "a further record without its id": (_record("threads", lambda record: record.pop("id")), False),
    "a further record that is empty": (_record("user_preferences", lambda record: record.clear()), None),
    "a further record that is null": (lambda e: e["threads.json"].append(None), False),
    "a further reference that is broken": (_record("threads", lambda r: r.update(assignment_task_id="gone")), False),
    "a further id twice": (lambda e: e["threads.json"].append(e["threads.json"][0]), False),
    "a list without its flag": (_record("task_lists", lambda record: record.pop("is_default")), True),
    "a list that is null": (_record("task_lists", lambda record: record.update(is_default=None)), False),
    "an unknown key that no column has": (_record("tasks", lambda record: record.update(colour="red")), True),
    "an array without a manifest's word": (_manifest(lambda m: m["tables"].pop("tasks")), False),
    "a further table without a manifest's word": (_manifest(lambda m: m["tables"].pop("threads")), None),
    "lists without a manifest's word": (_manifest(lambda m: m["tables"].pop("task_lists")), True),
    "other counts": (_manifest(lambda m: m["tables"]["tasks"].update(rows=7)), False),
    "another entry for a table": (_manifest(lambda m: m["tables"]["threads"].update(entry="tasks.json")), None),
    "data.json for a table": (_manifest(lambda m: m["tables"]["threads"].update(entry="data.json")), False),
    "an entry that is not there": (_manifest(lambda m: m["tables"]["threads"].update(entry="gone.json")), False),
    "a table that is not there": (
        _manifest(lambda m: m["tables"].update(labels={"entry": "labels.json", "rows": 0, "columns": {}, "key": []})),
        None,
    ),
    "a reserved table": (
        lambda e: (
            e.update({"sqlite_x.json": [{"a": 1}]}),
            e["manifest.json"]["tables"].update(
                sqlite_x={"entry": "sqlite_x.json", "rows": 1, "columns": {"a": ""}, "key": ["a"]}
            ),
        ),
        False,
    ),
    "a table twice, by case": (
        _manifest(
            lambda m: m["tables"].update(TASKS={"entry": "tasks.json", "rows": 30, "columns": {"id": ""}, "key": []})
        ),
        False,
    ),
    "a column twice, by case": (_manifest(lambda m: m["tables"]["tasks"]["columns"].update(ID="")), False),
    "a column with the stage's own name": (
        _manifest(lambda m: m["tables"]["tasks"]["columns"].update({"kp row": ""})),
        None,
    ),
    "a thousand columns": (
        _manifest(lambda m: m["tables"]["threads"]["columns"].update({f"c{i}": "" for i in range(3000)})),
        False,
    ),
    "a key that is no column": (
        lambda e: (
            e.update({"labels.json": [{"a": 1}]}),
            e["manifest.json"]["tables"].update(
                labels={"entry": "labels.json", "rows": 1, "columns": {"a": ""}, "key": ["b"]}
            ),
        ),
        False,
    ),
    "a type that is SQL": (
        _manifest(lambda m: m["tables"]["threads"]["columns"].update(title='TEXT DEFAULT (x"; DROP TABLE tasks')),
        True,
    ),
    "a newer revision": (_manifest(lambda m: m.update(revision=99)), False),
    "no revision": (_manifest(lambda m: m.pop("revision")), False),
    "no tables": (_manifest(lambda m: m.update(tables={})), False),
    "tables of another type": (_manifest(lambda m: m.update(tables=[])), False),
    "a negative count of dangling references": (_manifest(lambda m: m["tables"]["tasks"].update(dangling=-1)), None),
    "an exact value": (_cell(), True),
    "an exact value twice": (lambda e: (_cell()(e), e["exact.json"].extend(e["exact.json"])), True),
    "an exact value of no row": (_cell(row=999), False),
    "an exact value of no column": (_cell(column="colour"), False),
    "an exact value of the stage's own column": (_cell(column="kp row", storage="integer", value=5), False),
    "an exact value of no table": (_cell(table="labels"), False),
    "an exact value that contradicts itself": (_cell(storage="integer"), False),
    "an exact value that is not base64": (_cell(value=None, base64="***"), False),
    "an exact integer beyond 64 bits": (_cell(storage="integer", value=2**70), False),
    "an exact null where none may be": (_cell(storage="null", value=None), False),
    "an exact null for a key": (_cell(column="id", storage="null", value=None), False),
    "an exact id of another row": (_cell(column="id", value="other"), False),
    "exact values that are no list": (lambda e: e.update({"exact.json": {}}), False),
    "exact values of another shape": (lambda e: e.update({"exact.json": [{"table": 1}]}), False),
    "no settings": (_without("settings.json"), True),
    "no section": (_without("tasks.json"), True),
    "no further table": (_without("threads.json"), False),
}
"""What a forger who brings the manifest in line can do, and whether that is still a backup; None: either will do."""


@pytest.fixture(scope="module")
def own_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    path = fresh(folder)
    execute(
        path,
        "INSERT INTO tasks (id, title, task_list_id) SELECT 'a', 'A', id FROM task_lists",
        "INSERT INTO tasks (id, title) VALUES ('b', 'B')",
        "UPDATE tasks SET created_at = '2025-01-01T00:00:00+00:00', updated_at = created_at",
        "INSERT INTO time_sessions (id, task_id, start_time) VALUES ('s', 'a', '2025-01-01T00:00:00+00:00')",
        "INSERT INTO threads (id, title, assignment_task_id) VALUES ('h', 'H', 'a')",
        "INSERT INTO thread_messages (id, thread_id, type, content, timestamp) VALUES ('m', 'h', 'user', 'x', 'x')",
        "INSERT INTO user_preferences (id) VALUES ('default')",
        "UPDATE time_sessions SET created_at = start_time",
    )
    return backup(path, folder / "own.kpbackup")


@pytest.mark.slow(but=5)
@pytest.mark.parametrize("what", FORGED)
def test_a_forged_backup_is_refused_whole_or_taken_whole(
    device: Path, own_backup: Path, tmp_path: Path, what: str
) -> None:
    change, expected = FORGED[what]
    verdict = judged(device, tampered(own_backup, tmp_path / "b.kpbackup", change, sealed=True))
    if expected is not None:
        assert verdict.is_valid == expected, verdict.errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _record("tasks", lambda record: record.update(title="x")),
            "tasks.json is not what the backup's manifest says",
        ),
        (_record("threads", lambda record: record.update(title="x")), "threads.json is not what the backup's manifest"),
        (_other_settings, "settings.json is not what the backup's manifest says: it was changed"),
        (_without("threads.json"), "Backup file is missing threads.json"),
    ],
)
def test_a_backup_with_a_manifest_is_held_to_it(
    device: Path, own_backup: Path, tmp_path: Path, change: Change, message: str
) -> None:
    bodies = entries_of(own_backup)
    entries = {name: json.loads(body) for name, body in bodies.items()}
    before = {name: as_json(entry) for name, entry in entries.items()}
    change(entries)
    changed = {
        name: as_json(entry) if as_json(entry) != before[name] else bodies[name] for name, entry in entries.items()
    }
    verdict = judged(device, write(tmp_path / "b.kpbackup", changed))
    assert any(error.startswith(message) for error in verdict.errors), verdict.errors


def test_a_manifest_that_is_not_json_is_refused(device: Path, own_backup: Path, tmp_path: Path) -> None:
    for body in (b"", b"[]", b"{", b"null", b"[" * 100_000):
        entries = entries_of(own_backup) | {"manifest.json": body}
        assert not judged(device, write(tmp_path / "b.kpbackup", entries)).is_valid
