"""Backups that somebody changed: what is in one must agree with itself, and with its manifest where it has one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import THIRD
from tests.support.archives import entries_of, write
from tests.support.databases import backup, execute, fresh
from tests.support.shipped import as_json, tampered
from tests.support.verdicts import judged

Entries = dict[str, Any]

Change = Callable[[Entries], object]


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
    whole = real_files / f"{THIRD}.kpbackup"
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


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("what", FORGED)
def test_a_forged_backup_is_refused_whole_or_taken_whole(
    device: Path, own_backup: Path, tmp_path: Path, what: str
) -> None:
    change, expected = FORGED[what]
    verdict = judged(device, tampered(own_backup, tmp_path / "b.kpbackup", change, sealed=True))
    if expected is not None:
        assert verdict.is_valid == expected, verdict.errors


@pytest.mark.slow(but=2)
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
