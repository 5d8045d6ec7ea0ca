"""Merging: the backup adds what is new; where both have a row, the database's own stays and the difference is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.jobs.importing import import_data, preview_import
from sidecar.merging.policy import OnConflict
from sidecar.progress import Progress
from tests.conftest import EVERY_KIND, REAL, THIRD, Copy
from tests.support.databases import (
    assert_nothing_changes,
    assert_same_contents,
    backup,
    contents,
    copy_of,
    counts,
    execute,
    fresh,
    insert,
    places_of,
    preview,
    query,
    restore,
    value,
)
from tests.support.round_trips import TIME
from tests.support.shipped import dependency, session, shipped_archive, task, template, without


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device with two tasks, one waiting for the other."""
    path = fresh(tmp_path, "device.db")
    execute(
        path,
        "INSERT INTO task_lists (id, name) VALUES ('home', 'Home')",
        "INSERT INTO tasks (id, title, task_list_id) VALUES ('a', 'A', 'home'), ('b', 'B', 'home')",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('d', 'a', 'b')",
        "INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('f', 'a', 25)",
    )
    return path


def test_new_rows_are_added_and_no_row_of_the_database_goes(device: Path, tmp_path: Path) -> None:
    before = contents(device)
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("c")], time_sessions=[session("s", "c")], ai_interactions=[]
    )
    result = restore(device, archive, overwrite=False)
    after = contents(device)
    assert all(before[table][1] <= after[table][1] for table in before)
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("b",), ("c",)]
    assert (result.tables["tasks"].added, result.tables["tasks"].kept) == (1, 2)
    assert result.tables["focus_sessions"].kept == 1


def test_identical_rows_count_as_unchanged(database_copy: Copy, tmp_path: Path) -> None:
    source = database_copy(THIRD)
    device = copy_of(source, tmp_path / "device")
    execute(device, "PRAGMA foreign_keys = ON", "DELETE FROM tasks WHERE rowid % 2")
    result = restore(device, backup(source, tmp_path / "b.kpbackup"), overwrite=False)
    assert_same_contents(
        {name: part for name, part in contents(source).items() if name != "threads"},
        {name: part for name, part in contents(device).items() if name != "threads"},
    )
    account = result.tables["tasks"]
    assert (account.read, account.added, account.unchanged, account.left_out) == (30, 15, 15, {})


def test_a_row_with_the_same_id_and_other_content_stays_as_it_is_and_is_reported(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="other"), task("c")])
    before = query(device, "SELECT * FROM tasks WHERE id = 'a'")
    result = restore(device, archive, overwrite=False)
    assert query(device, "SELECT * FROM tasks WHERE id = 'a'") == before
    account = result.tables["tasks"]
    assert (account.added, account.updated, account.left_out) == (1, 0, {"differs_from_database": 1})
    assert account.kept == 1


def test_columns_that_a_record_does_not_speak_of_are_not_compared(device: Path, tmp_path: Path) -> None:
    execute(device, "UPDATE tasks SET created_at = '2025-01-02T03:04:05.123456789+00:00', updated_at = created_at")
    same = {"id": "a", "title": "A", "created_at": "2025-01-02T03:04:05.123456789Z"}
    result = restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[same]), overwrite=False)
    assert (result.tables["tasks"].unchanged, result.tables["tasks"].left_out) == (1, {})


def test_a_pair_of_tasks_that_depend_on_each_other_already_counts_as_unchanged(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a"), task("b")],
        task_dependencies=[dependency("other", "a", "b"), dependency("back", "b", "a")],
    )
    result = restore(device, archive, overwrite=False)
    assert query(device, "SELECT id FROM task_dependencies ORDER BY id") == [("back",), ("d",)]
    account = result.tables["task_dependencies"]
    assert (account.added, account.unchanged, account.left_out) == (1, 1, {})


def test_the_default_list_of_the_backup_stands_for_the_databases_own(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    own = value(device, "SELECT id FROM task_lists")
    execute(
        source,
        "UPDATE task_lists SET id = 'theirs'",
        "INSERT INTO task_lists (id, name) VALUES ('home', 'Home')",
        "INSERT INTO tasks (id, title, task_list_id) VALUES ('a', 'A', 'theirs'), ('b', 'B', 'home')",
        "INSERT INTO periodic_task_templates (id, title, task_list_id, recurrence_type, start_date,"
        " next_generation_date) VALUES ('t', 'T', 'theirs', 'daily', '2025-01-01T00:00:00+00:00',"
        " '2025-01-02T00:00:00+00:00')",
    )
    archive = backup(source, tmp_path / "b.kpbackup")
    result = restore(device, archive, overwrite=False)
    assert query(device, "SELECT id, is_default FROM task_lists ORDER BY id") == [(own, 1), ("home", 0)]
    assert query(device, "SELECT task_list_id FROM tasks ORDER BY id") == [(own,), ("home",)]
    assert query(device, "SELECT task_list_id FROM periodic_task_templates") == [(own,)]
    assert result.tables["task_lists"].left_out == {"default_list_mapped": 1}
    again = restore(device, archive, overwrite=False)
    assert (again.tables["tasks"].unchanged, again.tables["tasks"].left_out) == (2, {})
    assert again.tables["periodic_task_templates"].unchanged == 1


def test_tasks_without_a_list_come_to_the_databases_own_default_list(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    own = value(device, "SELECT id FROM task_lists")
    execute(
        source,
        "UPDATE task_lists SET id = 'theirs'",
        "INSERT INTO tasks (id, title) VALUES ('a', 'A')",
        "DROP INDEX idx_tasks_task_list_id",
        "ALTER TABLE tasks DROP COLUMN task_list_id",
    )
    restore(device, backup(source, tmp_path / "b.kpbackup"), overwrite=False)
    assert query(device, "SELECT task_list_id FROM tasks") == [(own,)]


def test_lists_that_the_backup_names_but_does_not_carry_are_made_again(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("c", task_list_id="lost"), task("e", task_list_id="home")],
        periodic_task_templates=[template("t", task_list_id="lost")],
    )
    result = restore(device, archive, overwrite=False)
    assert query(device, "SELECT name FROM task_lists WHERE id = 'lost'") == [("Restored list 1",)]
    assert result.tables["task_lists"].repaired == 1
    assert_nothing_changes(restore(device, archive, overwrite=False))


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", REAL)
def test_merging_twice_changes_nothing_the_second_time(database_copy: Copy, tmp_path: Path, name: str) -> None:
    archive, device = backup(database_copy(name), tmp_path / "b.kpbackup"), database_copy(THIRD)
    restore(device, archive, overwrite=False)
    between = contents(device)
    result = restore(device, archive, overwrite=False)
    assert_same_contents(between, contents(device))
    assert not any(account.added for account in result.tables.values())


def test_two_devices_merge_into_one(database_copy: Copy, tmp_path: Path) -> None:
    first, second = database_copy(THIRD), database_copy(EVERY_KIND)
    together = copy_of(first, tmp_path / "together")
    restore(together, backup(second, tmp_path / "second.kpbackup"), overwrite=False)
    for table in ("tasks", "time_sessions", "ai_interactions", "task_dependencies", "threads", "thread_messages"):
        assert counts(together)[table] == counts(first)[table] + counts(second)[table]
    assert value(together, "SELECT count(*) FROM task_lists WHERE is_default") == 1
    assert query(together, "PRAGMA foreign_key_check") == []


def test_a_row_that_shares_a_unique_value_with_another_row_is_left_out_and_told(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    for path, row in ((source, "('1', 'same', 'theirs'), ('3', 'new', 'new')"), (device, "('2', 'same', 'own')")):
        execute(
            path,
            'CREATE TABLE labels (id TEXT PRIMARY KEY, "row" TEXT UNIQUE, "action" TEXT)',
            f"INSERT INTO labels VALUES {row}",
        )
    result = restore(device, backup(source, tmp_path / "b.kpbackup"), overwrite=False)
    assert query(device, "SELECT id FROM labels ORDER BY id") == [("2",), ("3",)]
    assert result.tables["labels"].left_out == {"same_values_in_database": 1}


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("policy", ["mine", "theirs", "newer", "both"])
def test_what_belongs_to_a_row_that_is_left_out_is_left_out_too(tmp_path: Path, policy: OnConflict) -> None:
    """Of a newer KiraPilot, in which no two tasks of a list may have one place."""
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    for path, own, tasks in ((source, "s", 2), (device, "d", 1)):
        execute(path, "CREATE UNIQUE INDEX places ON tasks (task_list_id, order_num)")
        default = value(path, "SELECT id FROM task_lists")
        for number in range(tasks):
            name = f"{own}{number}"
            insert(path, "tasks", id=name, title="A", task_list_id=default, order_num=number)
            insert(path, "time_sessions", id=name, task_id=name, start_time=TIME)
            insert(path, "threads", id=name, title="A", assignment_task_id=name)
            insert(path, "thread_messages", id=name, thread_id=name, type="user", content="", timestamp=TIME)
    archive = str(backup(source, tmp_path / "b.kpbackup"))
    for again in (False, True):
        foreseen = preview_import(places_of(device), archive, False, Progress(), on_conflict=policy)
        result = import_data(places_of(device), archive, False, Progress(), on_conflict=policy)
        assert result.tables == foreseen.tables
        assert result.tables["tasks"].left_out == {"same_values_in_database": 1}
        for table in ("time_sessions", "threads", "thread_messages"):
            account = result.tables[table]
            assert (account.added, account.left_out) == (0 if again else 1, {"broken_reference": 1})
        assert query(device, "SELECT id FROM thread_messages ORDER BY id") == [("d0",), ("s1",)]
    assert query(device, "PRAGMA foreign_key_check") == []


def test_rows_without_a_key_are_added_once(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    execute(source, "CREATE TABLE log (at, what)", "INSERT INTO log VALUES (1, 'a'), (1, 'a'), (2, char(98, 0, 1))")
    execute(device, "CREATE TABLE log (at, what)", "INSERT INTO log VALUES (2, char(98, 0, 2)), (3, 'c')")
    archive = backup(source, tmp_path / "b.kpbackup")
    result = restore(device, archive, overwrite=False)
    assert counts(device)["log"] == 5
    assert result.tables["log"].added == 3
    assert_nothing_changes(restore(device, archive, overwrite=False))


def test_a_row_whose_key_is_null_is_added_once(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    make = "CREATE TABLE notes (id TEXT PRIMARY KEY, what TEXT)"
    execute(source, make, "INSERT INTO notes VALUES (NULL, 'x'), ('a', 'y')")
    execute(device, make)
    archive = backup(source, tmp_path / "b.kpbackup")
    restore(device, archive, overwrite=False)
    assert_nothing_changes(restore(device, archive, overwrite=False))
    assert_nothing_changes(restore(device, archive))
    assert contents(source)["notes"] == contents(device)["notes"]


def test_the_preview_of_a_merge_says_why_a_row_is_left_out(device: Path, tmp_path: Path) -> None:
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[without(task("a"), "task_list_id"), task("c")])
    shown = {example.id: example for example in preview(device, archive, overwrite=False).examples["tasks"]}
    assert (shown["a"].action, shown["a"].reason, shown["a"].label) == ("left out", "differs_from_database", "Task a")
    assert (shown["c"].action, shown["c"].reason) == ("add", None)
