"""Differences: what is told of two states of the data is so, row by row and field by field, and neither is changed."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sidecar.comparison.answers import Difference, Values
from sidecar.comparison.difference import compare_backups
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.errors.jobs import NoSuchBackup, SameSides
from sidecar.errors.paths import FileNotFound
from sidecar.jobs.importing import preview_import
from sidecar.progress import Progress
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import altered, backup, copy_of, opened

GENERATIONS = sorted(path.stem for path in DATA.glob("*.kpbackup"))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"), tmp_path / "work")


@pytest.fixture
def archive(places: Places, tmp_path: Path) -> Path:
    return backup(places.database, tmp_path / "before.kpbackup")


def compared(places: Places, left: object, right: object = "now", **page: int) -> Difference:
    return compare_backups(places, str(left), str(right), Progress(), **page)


def rows_of(database: Path, table: str) -> dict[str, dict[str, Any]]:
    with opened(database) as connection:
        found = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in found.description]
        return {row[names.index("id")]: dict(zip(names, row, strict=True)) for row in found}


def test_a_backup_and_the_database_it_is_of_are_the_same(places: Places, archive: Path) -> None:
    difference = compared(places, archive)
    assert difference.identical
    assert (difference.total, difference.changes) == (0, [])
    assert all(each.left == each.right == each.same for each in difference.tables.values())


def test_each_field_that_changed_is_told_with_both_values(places: Places, archive: Path) -> None:
    before = next(iter(rows_of(places.database, "tasks").values()))
    altered(places.database, "UPDATE tasks SET title = 'Another', priority = 3 WHERE id = ?", before["id"])
    difference = compared(places, archive)
    (change,) = difference.changes
    assert (change.table, change.change, change.id, change.label) == ("tasks", "changed", before["id"], "Another")
    assert change.fields == {
        "title": Values(left=before["title"], right="Another"),
        "priority": Values(left=before["priority"], right=3),
    }
    assert not difference.identical


def test_what_was_added_on_one_side_was_removed_on_the_other(places: Places, archive: Path) -> None:
    altered(places.database, "DELETE FROM thread_messages")
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('new', 'Quite new')")
    there, back = compared(places, archive), compared(places, "now", archive)
    for table, each in there.tables.items():
        mirrored = back.tables[table]
        assert (each.added, each.removed, each.changed) == (mirrored.removed, mirrored.added, mirrored.changed)
    assert there.tables["thread_messages"].removed == there.tables["thread_messages"].left > 0
    assert [(one.label, one.change) for one in there.changes if one.table == "tasks"] == [("Quite new", "added")]


def test_a_task_is_told_with_its_list_and_a_session_with_that_of_its_task(places: Places, archive: Path) -> None:
    lists = rows_of(places.database, "task_lists")
    tasks = rows_of(places.database, "tasks")
    session = next(one for one in rows_of(places.database, "time_sessions").values() if one["task_id"] in tasks)
    task = tasks[session["task_id"]]
    altered(places.database, "UPDATE tasks SET priority = 9 - priority WHERE id = ?", task["id"])
    altered(places.database, "UPDATE time_sessions SET notes = 'changed' WHERE id = ?", session["id"])
    told = {change.table: change.task_list for change in compared(places, archive).changes}
    assert told == dict.fromkeys(("tasks", "time_sessions"), lists[task["task_list_id"]]["name"])


def test_the_day_of_a_change_is_the_one_by_which_a_selection_finds_it(places: Places, archive: Path) -> None:
    # A later day here does not matter: what would come back is the backup's.
    altered(places.database, "UPDATE time_sessions SET start_time = '2031-01-01T00:00:00+00:00'")
    for table in ("task_dependencies", "tasks", "thread_messages", "threads", "ai_interactions"):
        altered(places.database, f"DELETE FROM {table}")
    days = Counter((change.table, change.day) for change in compared(places, archive).changes)
    assert {"2025-10-01", "2025-10-06", "2026-11-22"} < {day for _, day in days}
    tables = sorted({table for table, _ in days})
    for since, until in (("2025-10-02", "2025-10-04"), ("2025-10-06", "2026-11-22")):
        within: Counter[str] = Counter()
        for (table, day), count in days.items():
            within[table] += count if day and since <= day <= until else 0
        chosen = Selection(since=since, until=until, tables=tables)
        selected = preview_import(places, str(archive), False, Progress(), selection=chosen).selected or {}
        assert +Counter({table: each.chosen for table, each in selected.items()}) == +within


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("seed", range(4))
def test_counts_and_changes_are_those_of_a_comparison_by_hand(places: Places, archive: Path, seed: int) -> None:
    before = {table: rows_of(places.database, table) for table in ("tasks", "time_sessions", "task_lists")}
    chance = random.Random(seed)
    for task_id in sorted(before["tasks"]):
        what = chance.choice(["nothing", "nothing", "title", "status", "gone"])
        if what == "gone":
            altered(places.database, "DELETE FROM tasks WHERE id = ?", task_id)
        elif what != "nothing":
            altered(places.database, f"UPDATE tasks SET {what} = {what} || ' too' WHERE id = ?", task_id)
    difference = compared(places, archive)
    for table, left in before.items():
        right = rows_of(places.database, table)
        by_hand = (
            len(right.keys() - left.keys()),
            len(left.keys() - right.keys()),
            sum(left[key] != right[key] for key in left.keys() & right.keys()),
        )
        each = difference.tables[table]
        assert (each.added, each.removed, each.changed) == by_hand
        changed = {one.id: one.fields for one in difference.changes if one.table == table and one.change == "changed"}
        assert changed == {
            key: {
                name: Values(left=value, right=right[key][name])
                for name, value in left[key].items()
                if value != right[key][name]
            }
            for key in left.keys() & right.keys()
            if left[key] != right[key]
        }


@pytest.mark.slow
def test_pages_laid_side_by_side_are_all_changes_in_order(places: Places, archive: Path) -> None:
    altered(places.database, "DELETE FROM time_sessions")
    altered(places.database, "UPDATE tasks SET title = title || '!'")
    whole = compared(places, archive).changes
    assert len(whole) > 7
    paged = [
        one for start in range(0, len(whole), 3) for one in compared(places, archive, start=start, count=3).changes
    ]
    assert paged == whole
    assert compared(places, archive, start=len(whole)).changes == []


def test_rows_without_a_key_are_told_apart_by_their_content(places: Places, tmp_path: Path) -> None:
    altered(places.database, "CREATE TABLE notes (a, b)")
    altered(places.database, "INSERT INTO notes VALUES ('x', 1), ('x', 1), ('y', NULL), (NULL, x'00ff')")
    archive = backup(places.database, tmp_path / "with-notes.kpbackup")
    assert compared(places, archive).identical
    altered(places.database, "DELETE FROM notes WHERE rowid = 1")
    altered(places.database, "INSERT INTO notes VALUES ('z', '1')")
    each = compared(places, archive).tables["notes"]
    assert (each.left, each.right, each.added, each.removed, each.changed, each.same) == (4, 4, 1, 1, 0, 3)


def test_odd_values_are_shown_as_json_can_say_them(places: Places, archive: Path) -> None:
    altered(places.database, "UPDATE tasks SET description = ?, title = ?", b"\x00\x01", "x" * 5000)
    fields = compared(places, archive).changes[0].fields
    assert fields["description"].right == "(2 bytes)"
    assert fields["title"].right == "x" * 2000 + "…"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_backup_of_every_generation_is_a_side(generation: str, places: Places, tmp_path: Path) -> None:
    shipped = DATA / f"{generation}.kpbackup"
    database = copy_of(DATA / f"{generation}.db", tmp_path / "generation")
    difference = compared(Places(database, places.work_dir), shipped)
    # The app's backups write some times with fewer digits than its database: the same moment, in other words.
    for change in difference.changes:
        moments = {
            datetime.fromisoformat(str(value)) for each in change.fields.values() for value in (each.left, each.right)
        }
        assert (change.change, list(change.fields), len(moments)) == ("changed", ["created_at"], 1)
    # The app's own backups say nothing of most tables: that is no difference, and no sameness either.
    assert not difference.identical
    each = difference.tables["tasks"]
    assert (each.added, each.removed, each.right) == (0, 0, len(rows_of(database, "tasks")))
    assert "threads" not in difference.tables or difference.tables["threads"].only == "right"


def test_what_was_not_compared_is_not_the_same(places: Places, archive: Path) -> None:
    altered(places.database, "ALTER TABLE tasks ADD COLUMN mood TEXT")
    altered(places.database, "UPDATE tasks SET mood = 'good'")
    for sides in ((archive, "now"), ("now", archive)):
        difference = compared(places, *sides)
        assert (difference.total, difference.tables["tasks"].columns) == (0, ["mood"])
        assert not difference.identical


def test_neither_side_is_changed(places: Places, archive: Path) -> None:
    altered(places.database, "UPDATE tasks SET title = 'changed'")
    before = archive.read_bytes(), places.database.read_bytes()
    compared(places, archive)
    assert (archive.read_bytes(), places.database.read_bytes()) == before
    assert list(places.work_dir.glob("job-*")) == []


def same_file(_places: Places, archive: Path) -> tuple[str, str]:
    return str(archive), str(archive.parent / "." / archive.name)


def database_twice(places: Places, _archive: Path) -> tuple[str, str]:
    return "now", str(places.database)


def missing(_places: Places, archive: Path) -> tuple[str, str]:
    return str(archive), str(archive.parent / "missing.kpbackup")


def no_such_number(_places: Places, archive: Path) -> tuple[str, str]:
    return str(archive), "7"


def damaged(_places: Places, archive: Path) -> tuple[str, str]:
    whole = archive.read_bytes()
    broken = archive.with_name("damaged.kpbackup")
    broken.write_bytes(whole[: len(whole) // 2])
    return str(broken), "now"


@pytest.mark.parametrize(
    ("sides", "error"),
    [
        (same_file, SameSides),
        (database_twice, SameSides),
        (missing, FileNotFound),
        (no_such_number, NoSuchBackup),
        (damaged, DamagedBackup),
    ],
)
def test_sides_that_cannot_be_compared_are_refused_by_name(
    sides: Callable[[Places, Path], tuple[str, str]], error: type[SidecarError], places: Places, archive: Path
) -> None:
    left, right = sides(places, archive)
    with pytest.raises(error):
        compared(places, left, right)
    assert list(places.work_dir.glob("job-*")) == []


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_sides_the_damaged_one_is_named(place: int, places: Places, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    damaged = tmp_path / "cut.kpbackup"
    damaged.write_bytes(whole[:3000] + bytes(200) + whole[3200:])
    sides = [str(archive), str(archive)]
    sides[place] = str(damaged)
    if place == 0:
        sides[1] = "now"
    with pytest.raises(DamagedBackup, match=f"^{re.escape(str(damaged))}: The backup is damaged") as told:
        compared(places, *sides)
    assert told.value.path == str(damaged)
