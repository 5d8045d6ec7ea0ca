"""Replacing: what the backup speaks of becomes what it says; what it does not speak of stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import InvalidBackup, WouldLoseData
from tests.conftest import EVERY_KIND, FIRST, THIRD, Copy
from tests.support.databases import (
    assert_nothing_changes,
    assert_same_contents,
    backup,
    bring_in,
    contents,
    copy_of,
    execute,
    fresh,
    insert,
    opened,
    preview,
    query,
    restore,
    validate,
    value,
)
from tests.support.shipped import dependency, session, shipped_archive, tampered, task, template, without


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device with two tasks, and rows of other tables that are tied to them."""
    path = fresh(tmp_path, "device.db")
    execute(
        path,
        "INSERT INTO task_lists (id, name) VALUES ('home', 'Home')",
        "INSERT INTO tasks (id, title, task_list_id, order_num) VALUES ('a', 'A', 'home', 7), ('b', 'B', 'home', 8)",
        "INSERT INTO time_sessions (id, task_id, start_time) VALUES ('ta', 'a', '2025-01-01T00:00:00+00:00')",
        "INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('fa', 'a', 25), ('fb', 'b', 25)",
        "INSERT INTO threads (id, title, assignment_task_id)"
        " VALUES ('ha', 'a', 'a'), ('hb', 'b', 'b'), ('h', 'x', NULL)",
        "INSERT INTO thread_messages (id, thread_id, type, content, timestamp) VALUES ('m', 'hb', 'user', 'x', 'x')",
        "INSERT INTO periodic_task_templates"
        " (id, title, task_list_id, recurrence_type, start_date, next_generation_date)"
        " VALUES ('t', 'T', 'home', 'daily', '2025-01-01T00:00:00+00:00', '2025-01-02T00:00:00+00:00')",
    )
    return path


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


def test_task_lists_that_are_named_but_not_carried_are_made_again_in_the_order_of_the_backup(
    device: Path, tmp_path: Path
) -> None:
    execute(device, "INSERT INTO task_lists (id, name) VALUES ('mine', 'Restored list 2')")
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", task_list_id="z"), task("b", task_list_id="home"), task("c", task_list_id="y")],
        periodic_task_templates=[template("t", task_list_id="x"), template("u", task_list_id="z")],
    )
    result = restore(device, archive)
    restored = "SELECT name, id FROM task_lists WHERE name LIKE 'Restored%' ORDER BY name"
    assert {row for row in query(device, restored) if row[1] != "mine"} == {
        ("Restored list 1", "x"),
        ("Restored list 3", "z"),
        ("Restored list 4", "y"),
    }
    assert result.tables["task_lists"].repaired == result.tables["task_lists"].added == 3
    assert query(device, "SELECT task_list_id FROM tasks ORDER BY id") == [("z",), ("home",), ("y",)]
    assert query(device, "PRAGMA foreign_key_check") == []
    assert_nothing_changes(restore(device, archive))


def test_what_is_said_of_lists_that_are_made_again_names_them_as_the_app_will_show_them(
    device: Path, tmp_path: Path
) -> None:
    one = shipped_archive(
        tmp_path / "one.kpbackup", tasks=[task("a", task_list_id="x"), task("b", task_list_id="home")]
    )
    assert preview(device, one).warnings == [
        'A task list that is in neither the backup nor KiraPilot is made again as "Restored list 1" (1 task).'
        " You can rename it"
    ]
    many = [task(f"a{number}", task_list_id=f"list {number % 4}") for number in range(9)]
    templates = [template("t", task_list_id="list 0")]
    four = shipped_archive(tmp_path / "four.kpbackup", tasks=many, periodic_task_templates=templates)
    assert preview(device, four).warnings == [
        "Task lists that are in neither the backup nor KiraPilot are made again as"
        ' "Restored list 1" (3 tasks, 1 periodic template), "Restored list 2" (2 tasks) and 2 more. You can rename them'
    ]
    known = shipped_archive(tmp_path / "known.kpbackup", tasks=[task("a", task_list_id="home")])
    assert preview(device, known).warnings == []


def of_lists(path: Path, *lists: str) -> Path:
    """A backup of the app with a task in each of some lists, which it does not carry."""
    return shipped_archive(path, tasks=[task(f"in {name}", task_list_id=name) for name in lists])


def restored_lists(database: Path) -> list[tuple[object, ...]]:
    return query(database, "SELECT name, id FROM task_lists WHERE name LIKE 'Restored%' ORDER BY name")


@pytest.mark.slow
def test_lists_made_again_do_not_pile_up_when_backups_are_replaced_in_turns(device: Path, tmp_path: Path) -> None:
    first = of_lists(tmp_path / "first.kpbackup", "a", "b", "c")
    second = of_lists(tmp_path / "second.kpbackup", "d", "e")
    third = of_lists(tmp_path / "third.kpbackup", "e", "home")
    other = query(device, "SELECT * FROM task_lists ORDER BY id")
    for archive, number, lists in ((first, 1, "abc"), (second, 4, "de"), (first, 1, "abc"), (second, 4, "de")):
        result = restore(device, archive)
        expected = [(f"Restored list {counted}", name) for counted, name in enumerate(lists, number)]
        assert restored_lists(device) == expected
        assert_nothing_changes(restore(device, archive))
    assert result.tables["task_lists"].removed == 3
    assert restore(device, third).tables["task_lists"].removed == 1
    assert restored_lists(device) == [("Restored list 5", "e")]
    restore(device, of_lists(tmp_path / "last.kpbackup", "home"))
    assert query(device, "SELECT * FROM task_lists ORDER BY id") == other


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    "touched",
    [
        "UPDATE task_lists SET name = 'Garden' WHERE id = 'a'",
        "UPDATE task_lists SET name = 'Restored list of mine' WHERE id = 'a'",
        "UPDATE task_lists SET updated_at = '2026-11-22T16:07:21.683122053+00:00' WHERE id = 'a'",
        "UPDATE task_lists SET is_default = (id = 'a')",
        "ALTER TABLE task_lists ADD COLUMN colour; UPDATE task_lists SET colour = 'red' WHERE id = 'a'",
        "CREATE TABLE boards (id TEXT PRIMARY KEY, list TEXT REFERENCES task_lists);"
        " INSERT INTO boards VALUES ('b', 'a')",
    ],
)
def test_a_list_made_again_stays_once_someone_made_it_his_own(device: Path, tmp_path: Path, touched: str) -> None:
    restore(device, of_lists(tmp_path / "first.kpbackup", "a"))
    for statement in touched.split("; "):
        execute(device, statement)
    restore(device, of_lists(tmp_path / "second.kpbackup", "home"))
    assert query(device, "SELECT id FROM task_lists WHERE id = 'a'") == [("a",)]


def test_a_list_made_again_stays_where_a_task_stays_in_it(device: Path, tmp_path: Path) -> None:
    restore(device, of_lists(tmp_path / "first.kpbackup", "a"))
    silent = without(task("in a"), "task_list_id")
    restore(device, shipped_archive(tmp_path / "second.kpbackup", tasks=[silent, task("b", task_list_id="home")]))
    assert query(device, "SELECT task_list_id FROM tasks WHERE id = 'in a'") == [("a",)]
    assert restored_lists(device) == [("Restored list 1", "a")]
    restore(device, of_lists(tmp_path / "third.kpbackup", "home"), overwrite=False)
    assert restored_lists(device) == [("Restored list 1", "a")]


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("defaults", [0, 1, 2])
@pytest.mark.parametrize("own_carried", [False, True])
@pytest.mark.parametrize("merging", [False, True])
def test_the_database_keeps_exactly_one_default_list(
    tmp_path: Path, defaults: int, own_carried: bool, merging: bool
) -> None:
    source, target = fresh(tmp_path, "source.db"), fresh(tmp_path, "target.db")
    execute(source, "DELETE FROM task_lists", "DROP INDEX idx_task_lists_default_unique_partial")
    own = value(target, "SELECT id FROM task_lists")
    for index in range(3):
        insert(source, "task_lists", id=f"list {index}", name=f"List {index}", is_default=index < defaults)
    if own_carried:
        insert(source, "task_lists", id=own, name="Theirs", is_default=0)
    for index in range(3):
        insert(source, "tasks", id=f"task {index}", title="x", task_list_id=f"list {index}")
    archive = backup(source, tmp_path / "b.kpbackup")
    restore(target, archive, overwrite=not merging)
    default = query(target, "SELECT id FROM task_lists WHERE is_default = 1")
    assert default == [(own if merging or not defaults else "list 0",)]
    assert query(target, "SELECT id FROM task_lists WHERE is_default NOT IN (0, 1)") == []
    lost = "SELECT id FROM tasks WHERE task_list_id NOT IN (SELECT id FROM task_lists)"
    assert query(target, lost) == []
    assert_nothing_changes_but_mapped(restore(target, archive, overwrite=not merging))


def assert_nothing_changes_but_mapped(result: object) -> None:
    """The default list that stands for the archive's is counted as left out, each time."""
    tables = result.tables  # type: ignore[attr-defined]
    for name, account in tables.items():
        mapped = account.left_out.get("default_list_mapped", 0)
        assert account.unchanged + mapped + account.left_out.get("differs_from_database", 0) == account.read, name
        assert (account.added, account.updated, account.removed) == (0, 0, 0), name


def test_two_dependencies_swap_their_pairs(device: Path, tmp_path: Path) -> None:
    execute(
        device,
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('1', 'a', 'b'), ('2', 'b', 'a')",
    )
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a"), task("b")],
        task_dependencies=[dependency("1", "b", "a"), dependency("2", "a", "b"), dependency("3", "a", "a")],
    )
    restore(device, archive)
    pairs = "SELECT id, task_id, depends_on_id FROM task_dependencies ORDER BY id"
    assert query(device, pairs) == [("1", "b", "a"), ("2", "a", "b"), ("3", "a", "a")]


def test_a_pair_moves_to_another_id(device: Path, tmp_path: Path) -> None:
    execute(device, "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('1', 'a', 'b')")
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("a"), task("b")], task_dependencies=[dependency("0", "a", "b")]
    )
    restore(device, archive)
    assert query(device, "SELECT id FROM task_dependencies") == [("0",)]


def test_the_default_flag_moves_from_one_list_to_another(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(device, "INSERT INTO task_lists (id, name) VALUES ('0', 'Second'), ('z', 'Third')")
    before = contents(device)
    archive = backup(device, tmp_path / "b.kpbackup")
    for heir in ("0", "z"):
        execute(
            device, "UPDATE task_lists SET is_default = 0", f"UPDATE task_lists SET is_default = 1 WHERE id = '{heir}'"
        )
        restore(device, archive)
        assert_same_contents(before, contents(device))


def test_a_unique_value_that_the_backup_does_not_speak_of_stays(device: Path, tmp_path: Path) -> None:
    execute(
        device,
        "ALTER TABLE tasks ADD COLUMN short_code TEXT",
        "UPDATE tasks SET short_code = 'code ' || id",
        "CREATE UNIQUE INDEX short ON tasks (short_code)",
    )
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="new"), task("b", title="new")])
    restore(device, archive)
    assert query(device, "SELECT short_code FROM tasks ORDER BY id") == [("code a",), ("code b",)]


@pytest.mark.parametrize("declared", ["INTEGER NOT NULL UNIQUE", "INTEGER UNIQUE CHECK (rank < 10)"])
@pytest.mark.parametrize("strict", ["", "STRICT"])
def test_unique_numbers_swap_whatever_their_column_allows(tmp_path: Path, declared: str, strict: str) -> None:
    device = fresh(tmp_path)
    execute(
        device,
        f"CREATE TABLE ranks (id TEXT PRIMARY KEY, rank {declared}) {strict}",
        "INSERT INTO ranks VALUES ('a', 1), ('b', 2), ('c', 3)",
    )
    before = contents(device)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(device, "UPDATE ranks SET rank = 9 - rank", "UPDATE ranks SET rank = 9 - rank * 2 + rank - 5")
    execute(device, "DELETE FROM ranks", "INSERT INTO ranks VALUES ('a', 2), ('b', 3), ('c', 1)")
    restore(device, archive)
    assert_same_contents(before, contents(device))


@pytest.mark.slow(but=4)
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


def test_a_device_without_the_table_refuses_rows_it_has_no_place_for(database_copy: Copy, tmp_path: Path) -> None:
    archive, device = backup(database_copy(THIRD), tmp_path / "b.kpbackup"), database_copy(FIRST)
    before = device.read_bytes()
    for overwrite in (True, False):
        with pytest.raises(WouldLoseData) as refused:
            preview(device, archive, overwrite)
        assert "threads" in refused.value.message
        assert "tasks.task_list_id" in refused.value.message
        with pytest.raises(WouldLoseData):
            restore(device, archive, overwrite)
    assert device.read_bytes() == before


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_loss_that_is_allowed_is_counted_and_told(database_copy: Copy, tmp_path: Path, overwrite: bool) -> None:
    archive, device = backup(database_copy(THIRD), tmp_path / "b.kpbackup"), database_copy(FIRST)
    result = restore(device, archive, overwrite, allow_loss=True)
    assert result.tables["threads"].left_out == {"no_such_table": 3}
    assert result.tables["threads"].read == 3
    assert any("tasks.task_list_id (" in warning for warning in result.warnings)
    assert any("threads" in warning for warning in result.warnings)


def test_nothing_is_lost_where_what_has_no_place_says_no_more_than_a_default(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    execute(source, "INSERT INTO tasks (id, title) VALUES ('a', 'A')", "CREATE TABLE empty (id INTEGER PRIMARY KEY)")
    for column in ("order_num", "generation_date"):
        execute(device, f"ALTER TABLE tasks DROP COLUMN {column}")
    result = restore(device, backup(source, tmp_path / "b.kpbackup"))
    assert query(device, "SELECT id FROM tasks") == [("a",)]
    assert not any("no place" in warning for warning in result.warnings)


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_newer_database_keeps_the_columns_and_tables_the_backup_has_never_heard_of(
    database_copy: Copy, tmp_path: Path, overwrite: bool
) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(
        device,
        "ALTER TABLE tasks ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",
        "UPDATE tasks SET colour = 'red ' || rowid, title = 'changed'",
        "CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE)",
        "INSERT INTO labels SELECT 'label ' || id, id FROM tasks",
        "INSERT INTO tasks (id, title) VALUES ('new', 'New')",
        "INSERT INTO labels VALUES ('new', 'new'), ('loose', NULL)",
    )
    before = query(device, "SELECT id, colour FROM tasks WHERE id != 'new' ORDER BY id")
    labels = query(device, "SELECT * FROM labels WHERE id != 'new' ORDER BY id")
    result = restore(device, archive, overwrite)
    assert query(device, "SELECT id, colour FROM tasks WHERE id != 'new' ORDER BY id") == before
    assert query(device, "SELECT * FROM labels WHERE id != 'new' ORDER BY id") == labels
    assert (result.tables["labels"].removed, result.tables["labels"].kept) == ((1, 31) if overwrite else (0, 32))


def test_a_backup_of_a_newer_database_brings_its_tables_and_columns_where_there_is_a_place(tmp_path: Path) -> None:
    newer = (
        "ALTER TABLE tasks ADD COLUMN colour TEXT DEFAULT 'grey'",
        "CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE)",
    )
    source, device, older = (fresh(tmp_path, f"{name}.db") for name in ("source", "device", "older"))
    execute(source, *newer, "INSERT INTO tasks (id, title, colour) VALUES ('a', 'A', 'red')")
    execute(source, "INSERT INTO labels VALUES ('l', 'a')")
    execute(device, *newer)
    archive = backup(source, tmp_path / "b.kpbackup")
    warnings = "\n".join(validate(device, archive).warnings)
    assert "holds labels, which this KiraPilot does not know" in warnings
    assert "holds tasks.colour, which this KiraPilot does not know" in warnings
    restore(device, archive)
    assert_same_contents(contents(source), contents(device))
    with pytest.raises(WouldLoseData):
        restore(older, archive)
    result = restore(older, archive, allow_loss=True)
    assert result.tables["labels"].left_out == {"no_such_table": 1}
    assert query(older, "SELECT id FROM tasks") == [("a",)]


def test_migrations_are_never_restored(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    execute(source, "INSERT INTO seaql_migrations VALUES ('m_of_tomorrow', 1)")

    def claim_rows(entries: dict[str, object]) -> None:
        entries["seaql_migrations.json"] = [{"version": "m_of_a_forger", "applied_at": 1}]

    archive = backup(source, tmp_path / "b.kpbackup")
    for each in (archive, tampered(archive, tmp_path / "forged.kpbackup", claim_rows, sealed=True)):
        restore(device, each)
        assert value(device, "SELECT count(*) FROM seaql_migrations") == 19
        copy_of(device, tmp_path / "copy")
