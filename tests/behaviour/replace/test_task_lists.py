"""Task lists: those that no backup carries are made again and do not pile up, and one list is the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import (
    assert_nothing_changes,
    assert_same_contents,
    backup,
    contents,
    execute,
    fresh,
    insert,
    preview,
    query,
    restore,
    value,
)
from tests.support.shipped import shipped_archive, task, template, without


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
