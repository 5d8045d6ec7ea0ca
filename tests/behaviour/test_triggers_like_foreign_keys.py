"""Triggers that watch over references as foreign keys would: rows go before what they refer to, and come after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.database.introspection import ForeignKey, TableSchema
from sidecar.restore.removals import parents_first
from tests.support.databases import backup, contents, execute, fresh, preview, query, restore

BEGUN = "2026-01-01T00:00:00+00:00"
WATCHING = {
    "what belongs to a row goes with it": (
        "AFTER DELETE ON tasks BEGIN DELETE FROM time_sessions WHERE task_id = OLD.id;"
        " DELETE FROM task_dependencies WHERE OLD.id IN (task_id, depends_on_id); END"
    ),
    "a row stays while others need it": (
        "BEFORE DELETE ON tasks WHEN EXISTS (SELECT 1 FROM time_sessions WHERE task_id = OLD.id)"
        " BEGIN SELECT raise(ABORT, 'needed'); END"
    ),
    "a row comes to what is there": (
        "BEFORE INSERT ON task_dependencies WHEN NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.task_id)"
        " BEGIN SELECT raise(ABORT, 'of no task'); END"
    ),
    "a list is one that is there": (
        "BEFORE INSERT ON periodic_task_templates"
        " WHEN NEW.task_list_id NOT IN (SELECT id FROM task_lists) BEGIN SELECT raise(ABORT, 'of no list'); END"
    ),
}


def _filled(folder: Path, name: str) -> Path:
    database = fresh(folder, f"{name}.db")
    execute(
        database,
        f"INSERT INTO tasks (id, title) VALUES ('{name} 1', 'A'), ('{name} 2', 'B')",
        f"INSERT INTO time_sessions (id, task_id, start_time) VALUES ('{name} s', '{name} 1', '{BEGUN}')",
        f"INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('{name} d', '{name} 1', '{name} 2')",
        f"INSERT INTO task_lists (id, name, is_default) VALUES ('{name} l', '{name}', 0)",
        "INSERT INTO periodic_task_templates (id, title, task_list_id, recurrence_type, start_date,"
        f" next_generation_date) VALUES ('{name} p', 'P', '{name} l', 'daily', '{BEGUN}', '{BEGUN}')",
    )
    return database


@pytest.mark.parametrize("trigger", WATCHING.values(), ids=[name.replace(" ", "-") for name in WATCHING])
def test_they_find_nothing_to_do_when_a_backup_replaces_all_there_is(tmp_path: Path, trigger: str) -> None:
    source, device = _filled(tmp_path, "theirs"), _filled(tmp_path, "mine")
    archive = backup(source, tmp_path / "b.kpbackup")
    execute(device, f"CREATE TRIGGER watching {trigger}")
    expected = preview(device, archive)
    assert restore(device, archive).tables == expected.tables
    assert contents(device) == contents(source)
    assert query(device, "SELECT sql FROM sqlite_master WHERE type = 'trigger'") == [
        (f"CREATE TRIGGER watching {trigger}",)
    ]


def test_tables_that_refer_to_each_other_in_a_circle_come_as_they_are_and_each_once() -> None:
    def table(name: str, *parents: str) -> TableSchema:
        keys = tuple(ForeignKey(f"of {parent}", parent, "id", "CASCADE") for parent in parents)
        return TableSchema(name, {"id": "TEXT"}, frozenset(), ("id",), keys, (), (), True)

    tables = [table("a", "b"), table("b", "c", "b"), table("c", "a", "nowhere"), table("d", "c"), table("e")]
    assert parents_first({each.name: each for each in tables}) == ["c", "b", "a", "d", "e"]
