"""Rows and their columns: which go, which become what the backup says, and which stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import InvalidBackup
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.databases import (
    assert_nothing_changes,
    assert_same_contents,
    backup,
    bring_in,
    contents,
    execute,
    fresh,
    insert,
    opened,
    query,
    restore,
    value,
)
from tests.support.shipped import session, shipped_archive, task, without


def test_rows_that_the_backup_does_not_have_go_and_the_others_become_what_it_says(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", title="Alpha"), task("c")],
        time_sessions=[session("tc", "c")],
    )
    result = restore(device, archive)
    assert query(device, "SELECT id, title FROM tasks ORDER BY id") == [("a", "Alpha"), ("c", "Task c")]
    assert query(device, "SELECT id, task_id FROM time_sessions") == [("tc", "c")]
    account = result.tables["tasks"]
    assert (account.read, account.added, account.updated, account.unchanged, account.removed) == (2, 1, 1, 0, 1)


def test_focus_sessions_and_threads_stay_tied_to_tasks_that_survive(device: Path, tmp_path: Path) -> None:
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b", title="other")]))
    assert query(device, "SELECT id, task_id FROM focus_sessions ORDER BY id") == [("fa", "a"), ("fb", "b")]
    tied = "SELECT id, assignment_task_id FROM threads ORDER BY id"
    assert query(device, tied) == [("h", None), ("ha", "a"), ("hb", "b")]


def test_focus_sessions_of_removed_tasks_go_and_their_threads_are_untied_and_both_are_counted(
    device: Path, tmp_path: Path
) -> None:
    result = restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a")]))
    assert query(device, "SELECT id FROM focus_sessions") == [("fa",)]
    tied = "SELECT id, assignment_task_id FROM threads ORDER BY id"
    assert query(device, tied) == [("h", None), ("ha", "a"), ("hb", None)]
    assert query(device, "SELECT id FROM thread_messages") == [("m",)]
    focus, threads = result.tables["focus_sessions"], result.tables["threads"]
    assert (focus.removed, focus.kept) == (1, 1)
    assert (threads.untied, threads.kept, threads.removed) == (1, 3, 0)


def test_tables_that_the_backup_does_not_carry_stay_as_they_are(device: Path, tmp_path: Path) -> None:
    before = contents(device)
    archive = shipped_archive(tmp_path / "b.kpbackup", templates=False, tasks=[task("a"), task("b")])
    restore(device, archive)
    after = contents(device)
    spoken = {"tasks", "time_sessions", "ai_interactions", "task_dependencies"}
    assert_same_contents(
        {name: part for name, part in before.items() if name not in spoken},
        {name: part for name, part in after.items() if name not in spoken},
    )


def test_a_table_that_the_backup_carries_empty_is_emptied(device: Path, tmp_path: Path) -> None:
    result = restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b")]))
    assert value(device, "SELECT count(*) FROM periodic_task_templates") == 0
    assert result.tables["periodic_task_templates"].removed == 1


def test_an_absent_column_keeps_the_value_of_a_row_and_an_explicit_null_is_null(device: Path, tmp_path: Path) -> None:
    absent = [without(task(name), "task_list_id", "order_num", "due_date") for name in ("a", "c")]
    execute(device, "UPDATE tasks SET due_date = 'soon', description = 'text'")
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[*absent, task("b", order_num=9)]))
    default = value(device, "SELECT id FROM task_lists WHERE is_default")
    columns = "id, task_list_id, order_num, due_date, description"
    assert query(device, f"SELECT {columns} FROM tasks ORDER BY id") == [
        ("a", "home", 7, "soon", None),
        ("b", None, 9, None, None),
        ("c", default, 0, None, None),
    ]


def test_an_absent_column_of_a_new_row_takes_the_default_of_the_schema(device: Path, tmp_path: Path) -> None:
    bare = {"id": "new", "title": "New"}
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[bare]))
    new = "SELECT status, priority, tags, description, is_periodic_instance, created_at NOT NULL FROM tasks"
    assert query(device, new) == [("pending", 1, "[]", "", 0, 1)]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("value", 1, 1.0),
        ("value", 0.0, "0.0"),
        ("value", "a", b"a"),
        ("value", "", None),
        ("value", "a\x00b", "a\x00c"),
        ("word TEXT COLLATE NOCASE", "a", "A"),
        ("word TEXT COLLATE RTRIM", "a", "a "),
        ("number NUMERIC", 2**53 + 1, 2**53),
        ("number REAL", 0.3, 0.30000000000000004),
    ],
)
@pytest.mark.parametrize("key", ["id TEXT PRIMARY KEY", "id"])
def test_a_value_that_differs_in_the_slightest_is_brought_back(
    tmp_path: Path, key: str, column: str, first: object, second: object
) -> None:
    device, name = fresh(tmp_path), column.split()[0]
    execute(device, f"CREATE TABLE labels ({key}, {column})")
    insert(device, "labels", id="a", **{name: first})
    before = contents(device)
    archive = backup(device, tmp_path / "b.kpbackup")
    with opened(device) as connection:
        connection.execute(f"UPDATE labels SET {name} = ?", (second,))
    assert contents(device) != before
    restore(device, archive)
    assert_same_contents(before, contents(device))


def test_a_key_that_ignores_case_is_one_key_and_comes_back_in_its_own_case(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(device, "CREATE TABLE labels (id TEXT COLLATE NOCASE PRIMARY KEY, value)")
    insert(device, "labels", id="a", value=1)
    before = contents(device)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(device, "UPDATE labels SET id = 'A', value = 2")
    result = restore(device, archive)
    assert (result.tables["labels"].updated, result.tables["labels"].removed) == (1, 0)
    assert_same_contents(before, contents(device))


@pytest.mark.parametrize("refusal", ["CHECK (length(colour) < 3)", "NOT NULL DEFAULT 'x'"])
def test_a_row_that_a_constraint_of_the_target_refuses_is_no_damage_to_the_database(
    tmp_path: Path, refusal: str
) -> None:
    device = fresh(tmp_path)
    execute(device, f"ALTER TABLE tasks ADD COLUMN colour TEXT {refusal}")
    before = device.read_bytes()
    colour = "scarlet" if "CHECK" in refusal else None
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", colour=colour)])
    with pytest.raises(InvalidBackup) as refused:
        bring_in(device, archive)
    assert refused.value.message.startswith("Nothing was changed and the backup is fine: ")
    assert "refuses a row of the backup" in refused.value.message
    assert device.read_bytes() == before


def test_overwriting_twice_changes_nothing_the_second_time(database_copy: Copy, tmp_path: Path) -> None:
    archive, device = backup(database_copy(THIRD), tmp_path / "b.kpbackup"), database_copy(EVERY_KIND)
    restore(device, archive)
    between = contents(device)
    assert_nothing_changes(restore(device, archive))
    assert_same_contents(between, contents(device))
