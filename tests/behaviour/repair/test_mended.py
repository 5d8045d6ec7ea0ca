"""What a repair mends: what it said it would, and no other row; an undo brings every byte back."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

from sidecar.care.answers import Repair
from sidecar.care.checking import check_database
from sidecar.care.codes import Mendable
from sidecar.care.findings import KEPT, KINDS
from sidecar.care.mending import REPAIRS
from sidecar.export.safety_copies import all_copies
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.behaviour.repair.repairs import MENDABLE, repair
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.conftest import Cases
from tests.support.databases import contents, execute, insert, opened, query, value

GENERATIONS = ["every-kind-of-row", "2025-08-23-first-format", "2025-08-24-task-lists", "2025-09-08-periodic-templates"]


MENDED = "A repair mends what it said it would, changes no other row, and an undo brings every byte back"


def sound(database: Path) -> bool:
    return query(database, "PRAGMA integrity_check") == [("ok",)]


def test_every_finding_that_a_repair_mends_has_a_repair() -> None:
    assert {code for code, kind in KINDS.items() if kind.remedy == "repair"} == REPAIRS.keys()
    assert {*get_args(Mendable)} == REPAIRS.keys()


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_sound_database_is_left_alone(generation: str, database_copy: Callable[[str], Path], tmp_path: Path) -> None:
    places = Places(database_copy(generation), tmp_path / "work")
    before = places.database.read_bytes()
    result = repair(places)
    assert (result.repairs, result.counts, result.safety_copy) == ([], {}, None)
    assert places.database.read_bytes() == before
    assert all_copies(places) == []


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("fault", MENDABLE)
def test_a_fault_is_mended_as_the_preview_said_and_comes_back_by_an_undo(
    fault: str, places: Places, cases: Cases
) -> None:
    code, statement, column = MENDABLE[fault]
    execute(places.database, statement)
    before = contents(places.database)
    shown = repair(places, dry_run=True)
    assert contents(places.database) == before
    assert [(each.code, each.id, each.column, each.action) for each in shown.repairs] == [
        (code, "lost", column, REPAIRS[code][0])
    ]
    done = repair(places, preview_token=shown.token)
    assert done.repairs == shown.repairs
    assert done.remaining_counts == shown.remaining_counts == check_database(places, Progress()).counts
    assert code not in done.remaining_counts
    assert sound(places.database)
    assert changed_rows(before, contents(places.database)) == {shown.repairs[0].table: 1}
    undone = undo_last_import(places, Progress())
    assert undone.path == done.safety_copy
    assert contents(places.database) == before
    cases.record(MENDED)


def changed_rows(before: Any, after: Any) -> dict[str, int]:
    """Table -> rows that are not what they were, or are gone."""
    return {name: gone.total() for name in before if (gone := before[name][1] - after[name][1])}


def test_what_becomes_of_each_row_is_what_the_app_would_do(places: Places) -> None:
    (default,) = query(places.database, "SELECT id FROM task_lists WHERE is_default")[0]
    for _, statement, _ in MENDABLE.values():
        # One row of each, told apart.
        name = f"lost {statement[:60]}"
        execute(places.database, statement.replace("'lost'", f"'{name.replace(chr(39), '')} {random.random()}'"))
    repair(places)
    lost = "WHERE id LIKE 'lost%'"
    for table in ("time_sessions", "task_dependencies", "thread_messages"):
        assert query(places.database, f"SELECT * FROM {table} {lost}") == []
    assert query(places.database, f"SELECT assignment_task_id FROM threads {lost}") == [(None,)]
    tasks = f"SELECT title, task_list_id, periodic_template_id, status FROM tasks {lost}"
    lists = {row[1] for row in query(places.database, tasks)}
    assert default in lists
    assert {row[2:] for row in query(places.database, tasks)} == {(None, "pending")}


def test_a_time_that_is_missing_is_another_one_of_the_row(places: Places) -> None:
    list_id = value(places.database, "SELECT id FROM task_lists LIMIT 1")
    for task, created, updated in (("a", None, "2026-01-02T03:04:05.123456789+00:00"), ("b", None, None)):
        insert(
            places.database, "tasks", id=task, title="x", task_list_id=list_id, created_at=created, updated_at=updated
        )
    repair(places)
    assert query(places.database, "SELECT created_at, updated_at FROM tasks WHERE id IN ('a', 'b') ORDER BY id") == [
        ("2026-01-02T03:04:05.123456789+00:00", "2026-01-02T03:04:05.123456789+00:00"),
        ("1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00"),
    ]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("seed", range(6))
def test_after_a_repair_of_many_faults_nothing_is_left_and_no_other_row_changed(
    seed: int, database_copy: Callable[[str], Path], tmp_path: Path, cases: Cases
) -> None:
    chance = random.Random(seed)
    places = Places(database_copy(chance.choice(["every-kind-of-row", GENERATIONS[3]])), tmp_path / "work")
    touched = make_faults(places.database, chance)
    before, old = contents(places.database), cells_of(places.database)
    shown = repair(places, dry_run=True)
    done = repair(places, preview_token=shown.token)
    assert done.counts == shown.counts
    assert sum(done.counts.values()) >= touched
    assert not [code for code in check_database(places, Progress()).counts if code in REPAIRS]
    assert not query(places.database, "PRAGMA foreign_key_check")
    assert sound(places.database)
    assert different(old, cells_of(places.database)) == {place for each in done.repairs for place in places_of(each)}
    undo_last_import(places, Progress())
    assert contents(places.database) == before
    cases.record(MENDED)


Place = tuple[str, int, str]
"""Table, row and column; no column for a row that is there on one side alone."""


def cells_of(database: Path) -> dict[Place, object]:
    """Every value of every row by its place, read by no index; and that the row is there."""
    found: dict[Place, object] = {}
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f'SELECT rowid, * FROM "{table}" NOT INDEXED')
            columns = [column[0] for column in rows.description]
            for row in rows:
                found[table, row[0], ""] = True
                found |= {(table, row[0], column): value for column, value in zip(columns[1:], row[1:], strict=True)}
    return found


def different(old: dict[Place, object], new: dict[Place, object]) -> set[Place]:
    """Where the two differ."""
    places = {place for place in old.keys() | new.keys() if old.get(place) != new.get(place)}
    rows = {(table, row) for table, row, column in places if not column}
    return {(table, row, "" if (table, row) in rows else column) for table, row, column in places}


def places_of(each: Repair) -> list[Place]:
    """What a repair says that it changes."""
    if each.table is None or each.rowid is None:
        return []
    column = "is_default" if each.code.endswith("default_list") else each.column or ""
    return [(each.table, each.rowid, "" if each.action == "removed" else column)]


def make_faults(database: Path, chance: random.Random) -> int:
    """Faults of random kinds in random rows; answers the number of rows that have one."""
    touched: set[tuple[str, int]] = set()
    with opened(database) as connection:
        for table, column, wrong in (
            ("time_sessions", "task_id", "gone"),
            ("task_dependencies", "depends_on_id", "gone"),
            ("thread_messages", "thread_id", "gone"),
            ("threads", "assignment_task_id", "gone"),
            ("tasks", "task_list_id", "gone"),
            ("tasks", "periodic_template_id", "gone"),
            ("periodic_task_templates", "task_list_id", "gone"),
            ("tasks", "priority", None),
            ("time_sessions", "is_active", None),
            ("ai_interactions", "created_at", None),
        ):
            for (row,) in connection.execute(f"SELECT rowid FROM {table}").fetchall():
                if chance.random() < 0.3:
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (wrong, row))
                    touched.add((table, row))
        if chance.random() < 0.5:
            connection.execute("UPDATE task_lists SET is_default = 0")
        for (task,) in connection.execute("SELECT id FROM tasks").fetchall():
            if chance.random() < 0.1:
                connection.execute("DELETE FROM tasks WHERE id = ?", (task,))
    if chance.random() < 0.5:
        behind_indexes(database, "tasks", NEW_TASKS)
    still_there = dict[str, set[int]]()
    for table, _ in touched:
        still_there.setdefault(table, {row for (row,) in query(database, f"SELECT rowid FROM {table} NOT INDEXED")})
    return sum(row in still_there[table] for table, row in touched)


def test_an_index_that_lacks_rows_is_built_anew_and_no_row_is_lost_for_it(places: Places) -> None:
    behind_indexes(places.database, "tasks", NEW_TASKS)
    execute(
        places.database,
        "INSERT INTO time_sessions (id, task_id, start_time) SELECT 'of ' || id, id, '2026' FROM tasks NOT INDEXED",
    )
    rows = query(places.database, "SELECT * FROM tasks NOT INDEXED")
    sessions = value(places.database, "SELECT count(*) FROM time_sessions NOT INDEXED")
    result = repair(places, only=["owner_missing"])
    assert {each.action for each in result.repairs} == {"rebuilt"}
    assert result.safety_copy
    assert sound(places.database)
    assert query(places.database, "SELECT * FROM tasks NOT INDEXED") == rows
    assert value(places.database, "SELECT count(*) FROM time_sessions NOT INDEXED") == sessions


def test_what_leads_to_a_row_that_goes_is_mended_too(places: Places) -> None:
    execute(
        places.database,
        "CREATE TABLE notes (id varchar PRIMARY KEY, parent varchar REFERENCES notes (id) ON DELETE CASCADE,"
        " task varchar REFERENCES tasks (id) ON DELETE CASCADE)",
        "INSERT INTO notes VALUES ('a', NULL, 'gone'), ('b', 'a', NULL), ('c', 'b', NULL), ('d', NULL, NULL)",
    )
    assert repair(places).counts == {"owner_missing": 3}
    assert query(places.database, "SELECT id FROM notes") == [("d",)]


@pytest.mark.slow
def test_the_default_list_is_the_one_that_the_app_made_else_the_first_else_a_new_one(places: Places) -> None:
    execute(places.database, "UPDATE task_lists SET is_default = 0")
    repair(places)
    assert query(places.database, "SELECT name FROM task_lists WHERE is_default") == [("Default",)]
    execute(places.database, "UPDATE task_lists SET is_default = 0, name = 'List ' || rowid")
    repair(places)
    assert query(places.database, "SELECT min(rowid) = rowid FROM task_lists WHERE is_default") == [(1,)]
    execute(places.database, "DELETE FROM task_lists")
    result = repair(places)
    assert result.counts["no_default_list"] == 1
    assert result.counts["list_missing"] > 1
    assert query(places.database, "SELECT name, is_default FROM task_lists") == [("Default", 1)]
    assert value(places.database, "SELECT count(DISTINCT task_list_id) FROM tasks") == 1


@pytest.mark.slow
def test_of_several_default_lists_the_first_stays_the_one(places: Places) -> None:
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%is_default%'"
    execute(places.database, f'DROP INDEX "{value(places.database, indexes)}"', "UPDATE task_lists SET is_default = 1")
    before = contents(places.database)
    others = value(places.database, "SELECT count(*) - 1 FROM task_lists")
    assert repair(places).counts == {"second_default_list": others}
    assert query(places.database, "SELECT rowid FROM task_lists WHERE is_default") == [(1,)]
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_only_what_is_asked_for_is_mended(places: Places) -> None:
    for fault in ("a time session without its task", "a task in a list that is gone"):
        execute(places.database, MENDABLE[fault][1])
    result = repair(places, only=["list_missing"])
    assert result.counts == {"list_missing": 1}
    assert result.remaining_counts["owner_missing"] == 1


def test_of_many_repairs_a_hundred_are_told_of_and_all_are_made(places: Places) -> None:
    with opened(places.database) as connection:
        connection.executemany(
            "INSERT INTO time_sessions (id, task_id, start_time) VALUES (?, 'gone', '2026-01-01')",
            [(f"s{number}",) for number in range(KEPT + 50)],
        )
    result = repair(places)
    assert (len(result.repairs), result.counts) == (KEPT, {"owner_missing": KEPT + 50})
    assert value(places.database, "SELECT count(*) FROM time_sessions WHERE task_id = 'gone'") == 0
