"""Both of two rows are kept: the backup's comes in under an id of its own, once, and what comes in with it follows."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from sidecar.jobs.conflicts import list_conflicts
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.request import Request
from sidecar.jobs.undoing import undo_last_import
from sidecar.merging.policy import ByTable, policies_of
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.system.paths import Places
from tests.support.databases import backup, contents, copy_of, counts, execute, fresh, insert, query, value

NOW = "2027-01-01T00:00:00+00:00"


@pytest.fixture
def here(tmp_path: Path) -> Places:
    """A device with a task X in a list, a task Y, a session of X, a dependency, and a thread about X with a message."""
    database = fresh(tmp_path)
    insert(database, "task_lists", id="list", name="Garden", is_default=0)
    insert(database, "tasks", id="X", title="Task", task_list_id="list", updated_at=NOW)
    insert(database, "tasks", id="Y", title="Other", task_list_id="list", updated_at=NOW)
    insert(database, "time_sessions", id="known", task_id="X", start_time=NOW)
    insert(database, "task_dependencies", id="D", task_id="X", depends_on_id="Y")
    insert(database, "threads", id="thread", title="About", assignment_task_id="X", created_at=NOW, updated_at=NOW)
    insert(database, "thread_messages", id="m1", thread_id="thread", type="user", content="one", timestamp=NOW)
    return Places(database, tmp_path / "work")


@pytest.fixture
def there(here: Places, tmp_path: Path) -> Path:
    """A database of another device, which was the same once: X is another there, and more has come to it."""
    database = copy_of(here.database, tmp_path / "there")
    execute(database, "UPDATE tasks SET title = 'Theirs' WHERE id = 'X'")
    insert(database, "time_sessions", id="new", task_id="X", start_time=NOW)
    insert(database, "tasks", id="child", title="Part", parent_task_id="X", task_list_id="list")
    insert(database, "tasks", id="Z", title="Third", task_list_id="list")
    insert(database, "task_dependencies", id="D2", task_id="Z", depends_on_id="X")
    insert(database, "threads", id="second", title="More", assignment_task_id="X", created_at=NOW, updated_at=NOW)
    return database


def merged(places: Places, archive: Path, policy: ByTable = "both") -> ImportResult:
    """A merge that does what its preview said."""
    expected = preview_import(places, str(archive), False, Progress(), on_conflict=policy)
    before = counts(places.database)
    result = import_data(places, str(archive), False, Progress(), on_conflict=policy, preview_token=expected.token)
    assert (result.tables, result.warnings) == (expected.tables, expected.warnings)
    after = counts(places.database)
    assert all(before[name] + account.added == after[name] for name, account in result.tables.items())
    return result


def second(places: Places, table: str = "tasks", title: str = "Theirs") -> str:
    column = "name" if table == "task_lists" else "title"
    found = query(places.database, f"SELECT id FROM {table} WHERE {column} = ?", title)
    assert len(found) == 1
    return str(found[0][0])


def test_both_rows_stay_and_what_comes_in_follows_the_backups(here: Places, there: Path, tmp_path: Path) -> None:
    merged(here, backup(there, tmp_path / "there.kpbackup"))
    twin = second(here)
    assert uuid.UUID(twin).version == 5
    assert value(here.database, "SELECT title FROM tasks WHERE id = 'X'") == "Task"
    led = {
        "SELECT task_id FROM time_sessions WHERE id = 'known'": "X",
        "SELECT task_id FROM time_sessions WHERE id = 'new'": twin,
        "SELECT parent_task_id FROM tasks WHERE id = 'child'": twin,
        "SELECT task_id FROM task_dependencies WHERE id = 'D'": "X",
        "SELECT depends_on_id FROM task_dependencies WHERE id = 'D2'": twin,
        "SELECT assignment_task_id FROM threads WHERE id = 'thread'": "X",
        "SELECT assignment_task_id FROM threads WHERE id = 'second'": twin,
    }
    assert {sql: value(here.database, sql) for sql in led} == led


@pytest.mark.slow
def test_a_second_merge_changes_nothing_and_undo_brings_all_of_it_back(
    here: Places, there: Path, tmp_path: Path
) -> None:
    archive = backup(there, tmp_path / "there.kpbackup")
    before = contents(here.database)
    assert sum(account.changes for account in merged(here, archive).tables.values()) == 6
    after = contents(here.database)
    for _ in range(2):
        again = merged(here, archive)
        assert sum(account.changes for account in again.tables.values()) == 0
        assert again.safety_copy is None
        assert contents(here.database) == after
    undo_last_import(here, Progress())
    assert contents(here.database) == before


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("policy", ["mine", "theirs", "newer", "both"])
def test_what_followed_is_no_conflict_later(policy: ByTable, here: Places, there: Path, tmp_path: Path) -> None:
    archive = backup(there, tmp_path / "there.kpbackup")
    merged(here, archive)
    request = Request(here, str(archive), overwrite=False, policies=policies_of(policy))
    assert [(one.number, one.id) for one in list_conflicts(request, Progress()).conflicts] == [(1, "X")]
    merged(here, archive, policy)
    twin = second(here) if policy in ("mine", "both") else None
    assert value(here.database, "SELECT task_id FROM time_sessions WHERE id = 'new'") != "X"
    assert twin is None or value(here.database, "SELECT parent_task_id FROM tasks WHERE id = 'child'") == twin


def test_rows_of_a_second_row_may_be_kept_twice_themselves(here: Places, there: Path, tmp_path: Path) -> None:
    execute(there, "UPDATE time_sessions SET notes = 'theirs' WHERE id = 'known'")
    archive = backup(there, tmp_path / "there.kpbackup")
    merged(here, archive)
    twin = second(here)
    found = query(here.database, "SELECT task_id, notes FROM time_sessions WHERE id NOT IN ('new') ORDER BY notes")
    assert [(task, notes or "") for task, notes in found] == [("X", ""), (twin, "theirs")]
    after = contents(here.database)
    merged(here, archive)
    assert contents(here.database) == after


@pytest.mark.slow
def test_a_row_that_came_in_and_was_changed_here_is_kept_twice_once(here: Places, there: Path, tmp_path: Path) -> None:
    archive = backup(there, tmp_path / "there.kpbackup")
    merged(here, archive)
    execute(here.database, "UPDATE tasks SET title = 'Part, changed here' WHERE id = 'child'")
    merged(here, archive)
    assert value(here.database, "SELECT parent_task_id FROM tasks WHERE title = 'Part'") == second(here)
    after = contents(here.database)
    merged(here, archive)
    assert contents(here.database) == after


@pytest.mark.slow
def test_a_second_row_that_is_in_the_backup_as_well_comes_in_once(here: Places, there: Path, tmp_path: Path) -> None:
    """The other device kept both, of a backup of this one: it has the second row by the id that it would get here."""
    archive = backup(there, tmp_path / "there.kpbackup")
    merged(here, archive)
    twin = second(here)
    insert(there, "tasks", id=twin, title="Theirs, by its second id", task_list_id="list")
    both_in_it = backup(there, tmp_path / "both.kpbackup")
    execute(
        here.database, f"DELETE FROM tasks WHERE id = '{twin}'", f"DELETE FROM time_sessions WHERE task_id = '{twin}'"
    )
    merged(here, both_in_it)
    assert value(here.database, "SELECT title FROM tasks WHERE id = ?", twin) == "Theirs, by its second id"
    assert value(here.database, "SELECT task_id FROM time_sessions WHERE id = 'new'") == twin
    after = contents(here.database)
    merged(here, both_in_it)
    assert contents(here.database) == after


def test_a_name_that_must_be_its_own_gets_a_number(here: Places, there: Path, tmp_path: Path) -> None:
    execute(here.database, "CREATE UNIQUE INDEX one_name ON task_lists (name)")
    execute(here.database, "ALTER TABLE task_lists ADD COLUMN color TEXT")
    insert(here.database, "task_lists", id="taken", name="Garden (2)", is_default=0)
    execute(
        there, "ALTER TABLE task_lists ADD COLUMN color TEXT", "UPDATE task_lists SET color = 'red' WHERE id = 'list'"
    )
    archive = backup(there, tmp_path / "there.kpbackup")
    merged(here, archive)
    twin = second(here, "task_lists", "Garden (3)")
    assert value(here.database, "SELECT task_list_id FROM tasks WHERE id = 'Z'") == twin
    assert value(here.database, "SELECT task_list_id FROM tasks WHERE id = 'X'") == "list"
    after = contents(here.database)
    merged(here, archive)
    assert contents(here.database) == after


def test_a_name_that_is_no_text_gets_its_number_and_stays_what_it_is(here: Places, there: Path, tmp_path: Path) -> None:
    execute(here.database, "CREATE UNIQUE INDEX one_name ON task_lists (name)")
    for database in (here.database, there):
        execute(database, "UPDATE task_lists SET name = CAST(x'47ff' AS TEXT) WHERE id = 'list'")
    execute(there, "UPDATE task_lists SET updated_at = '2020-01-01T00:00:00+00:00' WHERE id = 'list'")
    merged(here, backup(there, tmp_path / "there.kpbackup"))
    names = query(here.database, "SELECT hex(CAST(name AS BLOB)) FROM task_lists WHERE name >= 'G' ORDER BY 1")
    assert ("47FF",) in names
    assert (b"G\xff (2)".hex().upper(),) in names


def test_what_cannot_stand_twice_is_told_and_stays(here: Places, there: Path, tmp_path: Path) -> None:
    execute(there, "UPDATE task_lists SET name = 'Their default' WHERE is_default = 1")
    execute(there, "UPDATE task_dependencies SET created_at = '2020-01-01T00:00:00+00:00' WHERE id = 'D'")
    execute(here.database, "UPDATE tasks SET description = id")
    execute(here.database, "CREATE UNIQUE INDEX one_description ON tasks (description)")
    execute(there, "UPDATE tasks SET description = id")
    archive = backup(there, tmp_path / "there.kpbackup")
    result = merged(here, archive)
    for table in ("task_lists", "task_dependencies", "tasks"):
        assert f"1 row of {table} differs, and cannot stand twice: yours stays" in result.warnings
    assert query(here.database, "SELECT title FROM tasks WHERE id = 'X' OR title = 'Theirs'") == [("Task",)]
    assert value(here.database, "SELECT task_id FROM time_sessions WHERE id = 'new'") == "X"
    request = Request(here, str(archive), overwrite=False, policies=policies_of("both"))
    told = {(one.table, one.stays, one.reason) for one in list_conflicts(request, Progress()).conflicts}
    assert told == {(table, "mine", "cannot_be_two") for table in ("task_lists", "task_dependencies", "tasks")}


def test_a_row_under_the_id_of_the_row_it_belongs_to_stays_alone(here: Places, there: Path, tmp_path: Path) -> None:
    """Details of a task, in a table of a newer KiraPilot."""
    for database in (here.database, there):
        execute(database, "CREATE TABLE details (task TEXT PRIMARY KEY REFERENCES tasks (id), text)")
        insert(database, "details", task="X", text="mine" if database == here.database else "theirs")
    insert(there, "details", task="Z", text="new")
    result = merged(here, backup(there, tmp_path / "a.kpbackup"))
    assert "1 row of details differs, and cannot stand twice: yours stays" in result.warnings
    assert query(here.database, "SELECT * FROM details ORDER BY task") == [("X", "mine"), ("Z", "new")]
    assert query(here.database, "PRAGMA foreign_key_check") == []


def test_a_timer_that_runs_in_the_second_row_is_stopped_where_another_one_runs(
    here: Places, there: Path, tmp_path: Path
) -> None:
    execute(here.database, "UPDATE time_sessions SET is_active = 1")
    execute(there, "UPDATE time_sessions SET is_active = 1, notes = 'theirs' WHERE id = 'known'")
    archive = backup(there, tmp_path / "there.kpbackup")
    assert any("added as stopped" in line for line in merged(here, archive).warnings)
    assert query(here.database, "SELECT id FROM time_sessions WHERE is_active = 1") == [("known",)]
    after = contents(here.database)
    assert not any("stopped" in line for line in merged(here, archive).warnings)
    assert contents(here.database) == after
