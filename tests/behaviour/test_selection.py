"""A part of a backup: what was chosen comes back with what it cannot be without, and nothing else changes."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import NoSuchRows, NothingSelected, SelectionTurnedRound
from sidecar.errors.base import SidecarError
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import altered, backup, contents, copy_of, fresh, opened
from tests.support.shipped import shipped_archive, task, without

RICH = "2025-09-08-periodic-templates"
REFERENCES = (
    ("time_sessions", "task_id", "tasks"),
    ("focus_sessions", "task_id", "tasks"),
    ("task_dependencies", "task_id", "tasks"),
    ("task_dependencies", "depends_on_id", "tasks"),
    ("thread_messages", "thread_id", "threads"),
    ("tool_execution_logs", "interaction_log_id", "ai_interaction_logs"),
    ("threads", "assignment_task_id", "tasks"),
    ("tasks", "parent_task_id", "tasks"),
    ("tasks", "task_list_id", "task_lists"),
    ("tasks", "periodic_template_id", "periodic_task_templates"),
    ("periodic_task_templates", "task_list_id", "task_lists"),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(copy_of(DATA / f"{RICH}.db", tmp_path / "app"), tmp_path / "work")


@pytest.fixture
def archive(places: Places, tmp_path: Path) -> Path:
    return backup(places.database, tmp_path / "before.kpbackup")


def one(database: Path, sql: str, *values: object) -> Any:
    with opened(database) as connection:
        return connection.execute(sql, values).fetchone()


def taken(places: Places, archive: Path, overwrite: bool = False, **chosen: Any) -> ImportResult:
    """An import of a part, which does what its preview said."""
    selection = Selection(**chosen)
    expected = preview_import(places, str(archive), overwrite, Progress(), selection=selection)
    result = import_data(places, str(archive), overwrite, Progress(), selection=selection, preview_token=expected.token)
    assert (result.tables, result.selected) == (expected.tables, expected.selected)
    assert sum(account.removed for account in result.tables.values()) == 0
    return result


def ids_of(database: Path) -> dict[str, set[str]]:
    with opened(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = {}
        for table in tables:
            columns = [row[1] for row in connection.execute(f"SELECT * FROM pragma_table_info('{table}')")]
            if "id" in columns:
                found[table] = {row[0] for row in connection.execute(f"SELECT id FROM {table}")}
        return found


def dangling(database: Path) -> dict[tuple[str, str], int]:
    return {
        (table, column): one(
            database,
            f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {parent})",
        )[0]
        for table, column, parent in REFERENCES
    }


def test_one_task_comes_back_with_its_times_and_nothing_else_changes(places: Places, archive: Path) -> None:
    task_id, sessions = one(
        places.database,
        "SELECT task_id, count(*) FROM time_sessions WHERE task_id IN"
        " (SELECT id FROM tasks WHERE parent_task_id IS NULL) GROUP BY task_id ORDER BY 2 DESC",
    )
    before = contents(places.database)
    altered(places.database, "DELETE FROM tasks WHERE id = ?", task_id)
    altered(places.database, "DELETE FROM time_sessions WHERE task_id = ?", task_id)
    altered(places.database, "DELETE FROM focus_sessions WHERE task_id = ?", task_id)
    altered(places.database, "DELETE FROM task_dependencies WHERE task_id = ? OR depends_on_id = ?", task_id, task_id)
    assert contents(places.database) != before
    result = taken(places, archive, ids=[task_id])
    assert contents(places.database) == before
    assert result.selected is not None
    assert (result.selected["tasks"].chosen, result.selected["tasks"].along) == (1, 0)
    assert result.selected["time_sessions"].along == sessions


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_goes_and_nothing_that_was_not_chosen_changes(places: Places, archive: Path, overwrite: bool) -> None:
    altered(places.database, "UPDATE tasks SET title = title || ' (mine)'")
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('new', 'Not in the backup')")
    chosen, other = [row[0] for row in _rows(places.database, "SELECT id FROM tasks WHERE id <> 'new' LIMIT 2")]
    taken(places, archive, overwrite, ids=[chosen])
    titles = dict(_rows(places.database, "SELECT id, title FROM tasks"))
    assert titles[chosen].endswith(" (mine)") is not overwrite
    assert titles[other].endswith(" (mine)")
    assert titles["new"] == "Not in the backup"


def _rows(database: Path, sql: str) -> list[Any]:
    with opened(database) as connection:
        return connection.execute(sql).fetchall()


def test_a_list_that_was_deleted_comes_back_whole(places: Places, archive: Path) -> None:
    name, list_id = one(
        places.database,
        "SELECT name, id FROM task_lists l WHERE NOT is_default"
        " ORDER BY (SELECT count(*) FROM tasks WHERE task_list_id = l.id) DESC",
    )
    before = contents(places.database)
    mine = "SELECT id FROM tasks WHERE task_list_id = ?"
    for sql in (
        f"DELETE FROM time_sessions WHERE task_id IN ({mine})",
        f"DELETE FROM focus_sessions WHERE task_id IN ({mine})",
        f"DELETE FROM task_dependencies WHERE task_id IN ({mine})",
        f"DELETE FROM task_dependencies WHERE depends_on_id IN ({mine})",
        "DELETE FROM tasks WHERE task_list_id = ?",
        "DELETE FROM periodic_task_templates WHERE task_list_id = ?",
        "DELETE FROM task_lists WHERE id = ?",
    ):
        altered(places.database, sql, list_id)
    taken(places, archive, lists=[name])
    assert contents(places.database) == before


def test_a_subtask_brings_its_parents_along_or_is_untied(places: Places, tmp_path: Path) -> None:
    for task_id, parent in (("p", None), ("c", "p"), ("g", "c"), ("s", "p")):
        altered(
            places.database, "INSERT INTO tasks (id, title, parent_task_id) VALUES (?, ?, ?)", task_id, task_id, parent
        )
    archive = backup(places.database, tmp_path / "family.kpbackup")
    whole = places.database.read_bytes()
    for subtasks, expected in (
        ("with_parents", {"p": None, "c": "p", "g": "c"}),
        ("untied", {"g": None}),
    ):
        places.database.write_bytes(whole)
        altered(places.database, "DELETE FROM tasks WHERE id IN ('p', 'c', 'g', 's')")
        result = taken(places, archive, ids=["g"], subtasks=subtasks)
        family = dict(_rows(places.database, "SELECT id, parent_task_id FROM tasks WHERE id IN ('p', 'c', 'g', 's')"))
        assert family == expected
        assert result.selected is not None
        assert result.selected["tasks"].untied == (subtasks == "untied")


def test_only_what_is_missing_comes(places: Places, archive: Path) -> None:
    gone = [row[0] for row in _rows(places.database, "SELECT id FROM time_sessions LIMIT 5")]
    for session in gone:
        altered(places.database, "DELETE FROM time_sessions WHERE id = ?", session)
    altered(places.database, "UPDATE time_sessions SET notes = 'mine'")
    result = taken(places, archive, overwrite=True, tables=["time_sessions"], missing=True)
    assert result.tables["time_sessions"].added == len(gone)
    assert result.tables["time_sessions"].updated == 0


def test_days_choose_what_began_on_them(places: Places, archive: Path) -> None:
    first, last = one(
        places.database, "SELECT min(substr(start_time, 1, 10)), max(substr(start_time, 1, 10)) FROM time_sessions"
    )
    day = one(places.database, "SELECT substr(start_time, 1, 10) FROM time_sessions ORDER BY 1 LIMIT 1 OFFSET 20")[0]
    assert first < day < last
    altered(places.database, "DELETE FROM time_sessions")
    result = taken(places, archive, tables=["time_sessions"], since=day, until=day)
    days = {row[0] for row in _rows(places.database, "SELECT substr(start_time, 1, 10) FROM time_sessions")}
    assert days == {day}
    assert list(result.selected or {}) == ["time_sessions"]


def test_words_are_found_whatever_their_capitals(places: Places, tmp_path: Path) -> None:
    altered(places.database, "INSERT INTO tasks (id, title, description) VALUES ('w', 'x', 'Das ÜBLICHE Wort')")
    archive = backup(places.database, tmp_path / "words.kpbackup")
    altered(places.database, "DELETE FROM tasks WHERE id = 'w'")
    result = taken(places, archive, text="übliche wort")
    assert result.tables["tasks"].added == 1
    assert one(places.database, "SELECT title FROM tasks WHERE id = 'w'") == ("x",)


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("seed", range(12))
def test_any_selection_is_complete_and_minimal_and_a_second_one_changes_nothing(
    places: Places, archive: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with opened(places.database) as connection:
        for table in ("tasks", "time_sessions", "focus_sessions", "task_dependencies", "threads", "task_lists"):
            for (row_id,) in connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall():
                if chance.random() < 0.5:
                    connection.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))
    whole = ids_of(copy_of(DATA / f"{RICH}.db", archive.parent / "whole"))
    before, dangled = ids_of(places.database), dangling(places.database)
    table = chance.choice(["tasks", "time_sessions", "focus_sessions", "thread_messages", "threads"])
    chosen = chance.sample(sorted(whole[table]), min(3, len(whole[table])))
    result = taken(places, archive, ids=chosen)
    after = ids_of(places.database)
    # Complete: nothing leads nowhere that did not before. Minimal: whatever came was asked for, belongs to what was,
    # or is needed by what came; and what is there already does not come again.
    assert all(count <= dangled[where] for where, count in dangling(places.database).items())
    assert set(chosen) <= after[table]
    needed = set(chosen)
    for child, column, parent in REFERENCES:
        for came in (after[child] - before[child]) | (set(chosen) & after[child]):
            target = one(places.database, f"SELECT {column} FROM {child} WHERE id = ?", came)[0]
            needed.add(target)
            if parent == table and target in chosen:
                needed.add(came)
            if child == "task_dependencies":
                needed.add(came)
    for name, rows in after.items():
        assert rows - before[name] <= needed, name
    assert result.selected is not None
    again = import_data(places, str(archive), False, Progress(), selection=Selection(ids=chosen))
    assert sum(account.changes for account in again.tables.values()) == 0
    assert again.safety_copy is None


@pytest.mark.slow
def test_it_is_undone_to_the_last_byte(places: Places, archive: Path) -> None:
    altered(places.database, "DELETE FROM time_sessions")
    before = contents(places.database)
    taken(places, archive, tables=["time_sessions"])
    assert contents(places.database) != before
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_the_shipped_apps_backups_give_a_part_as_well(tmp_path: Path) -> None:
    places = Places(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"), tmp_path / "work")
    task_id = one(places.database, "SELECT id FROM tasks WHERE task_list_id IS NOT NULL LIMIT 1")[0]
    before = contents(places.database)
    altered(places.database, "DELETE FROM tasks WHERE id = ?", task_id)
    result = taken(places, DATA / f"{EVERY_KIND}.kpbackup", ids=[task_id])
    assert result.tables["tasks"].added == 1
    assert contents(places.database)["tasks"] == before["tasks"]


def unknown_id(**_: str) -> dict[str, Any]:
    return {"ids": ["no-such-id"]}


def unknown_list(**_: str) -> dict[str, Any]:
    return {"lists": ["No such list"]}


def unknown_table(**_: str) -> dict[str, Any]:
    return {"tables": ["no_such_table"]}


def turned_round(**_: str) -> dict[str, Any]:
    return {"since": "2026-02-01", "until": "2026-01-31"}


def nothing(**_: str) -> dict[str, Any]:
    return {"text": "no row has these words"}


def nothing_missing(**_: str) -> dict[str, Any]:
    return {"missing": True}


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        (unknown_id, NoSuchRows),
        (unknown_list, NoSuchRows),
        (unknown_table, NoSuchRows),
        (turned_round, SelectionTurnedRound),
        (nothing, NothingSelected),
        (nothing_missing, NothingSelected),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_changes(
    chosen: Callable[..., dict[str, Any]], error: type[SidecarError], places: Places, archive: Path
) -> None:
    before = places.database.read_bytes()
    with pytest.raises(error):
        import_data(places, str(archive), False, Progress(), selection=Selection(**chosen()))
    assert places.database.read_bytes() == before
    assert list(places.work_dir.glob("job-*")) == []


def test_a_token_is_of_one_selection(places: Places, archive: Path) -> None:
    altered(places.database, "DELETE FROM time_sessions")
    token = preview_import(places, str(archive), False, Progress(), selection=Selection(tables=["time_sessions"])).token
    for other in (None, Selection(tables=["time_sessions"], missing=True)):
        with pytest.raises(ChangedSincePreview):
            import_data(places, str(archive), False, Progress(), preview_token=token, selection=other)


ODD = (
    ("tasks", "status", "'someday'", "invalid status"),
    ("tasks", "tags", "'no JSON'", "holds no JSON"),
    ("tasks", "parent_task_id", "'nobody'", "non-existent parent task"),
    ("tasks", "title", "x'00'", "would not have written"),
    ("time_sessions", "end_time", "'2001-01-01T00:00:00+00:00'", "ends before it starts"),
)
"""Table, column, an odd value of it, and what is said of that."""


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(("table", "column", "odd", "said"), ODD)
def test_warnings_speak_of_what_is_taken_alone(
    places: Places, tmp_path: Path, table: str, column: str, odd: str, said: str
) -> None:
    calm, odd_one = (row[0] for row in _rows(places.database, f"SELECT id FROM {table} ORDER BY id LIMIT 2"))
    # The calm row needs nothing of what is odd.
    altered(places.database, "UPDATE tasks SET parent_task_id = NULL")
    altered(places.database, "UPDATE time_sessions SET end_time = NULL, is_active = 0")
    altered(places.database, f"UPDATE {table} SET {column} = {odd} WHERE id <> ?", calm)
    if table == "tasks":
        altered(places.database, "DELETE FROM task_dependencies")
    archive = backup(places.database, tmp_path / "odd.kpbackup")
    whole = preview_import(places, str(archive), False, Progress())
    assert any(said in line for line in whole.warnings)
    for row_id, told in ((calm, 0), (odd_one, 1)):
        chosen = Selection(ids=[row_id], tables=[table])
        warnings = preview_import(places, str(archive), False, Progress(), selection=chosen).warnings
        assert sum(said in line for line in warnings) == told
        assert not any(line.startswith("and ") for line in warnings)
        assert import_data(places, str(archive), False, Progress(), selection=chosen).warnings == warnings


def test_warnings_about_all_of_a_backup_are_none_of_a_part_and_those_about_its_file_are(
    places: Places, tmp_path: Path
) -> None:
    altered(places.database, "DELETE FROM tasks")
    altered(places.database, "DELETE FROM time_sessions")
    altered(places.database, "DELETE FROM focus_sessions")
    altered(places.database, "DELETE FROM task_dependencies")
    altered(places.database, "UPDATE threads SET assignment_task_id = NULL")
    archive = backup(places.database, tmp_path / "few.kpbackup")
    assert (
        "Backup contains no tasks or time sessions" in preview_import(places, str(archive), False, Progress()).warnings
    )
    with zipfile.ZipFile(archive, "a") as changed:
        changed.writestr("letter.txt", "no part of it")
    part = preview_import(places, str(archive), False, Progress(), selection=Selection(tables=["threads"]))
    (warning,) = part.warnings
    assert "letter.txt" in warning


def test_what_is_said_of_a_part_counts_its_rows(tmp_path: Path) -> None:
    def record(task_id: str) -> dict[str, Any]:
        return without(task(task_id), "order_num")

    archive = shipped_archive(tmp_path / "app.kpbackup", tasks=[task("t1"), *map(record, ("t2", "t3", "t4"))])
    places = Places(fresh(tmp_path), tmp_path / "work")
    whole = preview_import(places, str(archive), False, Progress()).warnings
    assert any(line.startswith("tasks without order_num (3)") for line in whole)
    for chosen, line in ((["t2", "t3"], "tasks without order_num (2)"), (["t1"], None)):
        part = preview_import(places, str(archive), False, Progress(), selection=Selection(ids=chosen)).warnings
        assert [one.partition(":")[0] for one in part if "order_num" in one] == ([line] if line else [])
