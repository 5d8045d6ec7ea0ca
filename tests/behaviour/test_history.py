"""Where a task stands: in which backups, since when, what changed in between, and when it vanished."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sidecar.automatic.running import run_backup_if_due
from sidecar.comparison.answers import Found, Searched
from sidecar.comparison.difference import compare_backups
from sidecar.comparison.history import MOST, find_in_backups
from sidecar.comparison.sides import NOW
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.selection.request import PartToExport
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import altered, copy_of, opened
from tests.support.shipped import tampered


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"), tmp_path / "work")


def backed_up(places: Places) -> str:
    made = run_backup_if_due(places, "manual", Progress()).backup
    assert made is not None
    return made


def found(places: Places, query: str, by_id: bool = False) -> Searched:
    return find_in_backups(places, query, Progress(), by_id)


def one(searched: Searched) -> Found:
    (task,) = searched.tasks
    assert searched.warnings == []
    return task


def test_a_task_is_followed_from_its_first_backup_until_it_vanished(places: Places) -> None:
    altered(places.database, "INSERT INTO tasks (id, title, status) VALUES ('t', 'Buy Ärmel', 'pending')")
    first = backed_up(places)
    altered(places.database, "UPDATE tasks SET status = 'completed', updated_at = 'later' WHERE id = 't'")
    second = backed_up(places)
    altered(places.database, "UPDATE tasks SET title = 'Buy sleeves' WHERE id = 't'")
    third = backed_up(places)
    altered(places.database, "DELETE FROM tasks WHERE id = 't'")
    fourth = backed_up(places)

    task = one(found(places, "ÄRMEL"))
    assert [version.first_backup for version in task.versions] == [first, second, third]
    assert [version.fields for version in task.versions] == [[], ["status"], ["title"]]
    assert [version.status for version in task.versions] == ["pending", "completed", "completed"]
    assert task.title == "Buy sleeves"
    assert not task.in_database
    assert task.vanished is not None
    assert task.versions[-1].until <= task.vanished <= datetime.now(UTC)
    assert fourth not in {version.last_backup for version in task.versions}
    assert found(places, "t", by_id=True).tasks == [task]


def test_a_task_that_came_back_did_not_stand_in_between(places: Places) -> None:
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('t', 'To and fro')")
    made = []
    for change in ("UPDATE tasks SET tags = '[1]'", "DELETE", "INSERT", "DELETE", "INSERT"):
        if change == "DELETE":
            altered(places.database, "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM tasks WHERE id = 't'")
            altered(places.database, "DELETE FROM tasks WHERE id = 't'")
        elif change == "INSERT":
            altered(places.database, "INSERT INTO tasks SELECT * FROM kept")
            altered(places.database, "UPDATE kept SET status = 'completed'")
        else:
            altered(places.database, f"{change} WHERE id = 't'")
        made.append(backed_up(places))
    task = one(found(places, "to and fro"))
    spans = [(version.first_backup, version.last_backup, version.backups, version.fields) for version in task.versions]
    assert spans == [
        (made[0], made[0], 1, []),
        (made[2], made[2], 1, []),
        (made[4], NOW, 2, ["status"]),
    ]
    assert (task.vanished, task.in_database) == (None, True)


def test_what_stands_unchanged_is_one_version_however_many_backups_hold_it(places: Places) -> None:
    with opened(places.database) as connection:
        task_id, title = connection.execute("SELECT id, title FROM tasks LIMIT 1").fetchone()
    backed_up(places)
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('other', 'Another')")
    backed_up(places)
    task = one(found(places, task_id, by_id=True))
    (version,) = task.versions
    assert (version.title, version.backups, version.last_backup) == (title, 3, NOW)
    assert task.in_database
    assert task.vanished is None


def test_a_backup_that_cannot_be_read_is_a_warning_and_the_others_are_searched(places: Places) -> None:
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('t', 'Needle')")
    broken = Path(backed_up(places))
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('u', 'Hay')")
    backed_up(places)
    broken.write_bytes(broken.read_bytes()[:3000])
    searched = found(places, "needle")
    (warning,) = searched.warnings
    assert broken.name in warning
    assert [task.id for task in searched.tasks] == ["t"]
    assert searched.backups == 1


@pytest.mark.parametrize("entry", ["tasks.json", "task_lists.json", "exact.json"])
@pytest.mark.parametrize("by_id", [False, True])
def test_whatever_of_a_backup_cannot_be_read_is_a_warning(places: Places, entry: str, by_id: bool) -> None:
    altered(places.database, "INSERT INTO tasks (id, title, created_at) VALUES ('needle', 'Needle', NULL)")
    broken = Path(backed_up(places))
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('u', 'Hay')")
    backed_up(places)
    with zipfile.ZipFile(broken) as archive:
        info = archive.getinfo(entry)
    packed = bytearray(broken.read_bytes())
    packed[info.header_offset + 30 + len(entry) + info.compress_size // 2] ^= 0x55
    broken.write_bytes(packed)
    searched = found(places, "needle", by_id)
    (warning,) = searched.warnings
    assert broken.name in warning
    assert [task.id for task in searched.tasks] == ["needle"]
    assert searched.backups == 1


def test_a_template_that_changes_its_list_is_another_version(places: Places) -> None:
    altered(places.database, "UPDATE periodic_task_templates SET task_list_id = NULL, title = 'Needle' WHERE rowid = 1")
    backed_up(places)
    altered(
        places.database,
        "UPDATE periodic_task_templates SET task_list_id = (SELECT id FROM task_lists WHERE name = 'Home')"
        " WHERE rowid = 1",
    )
    backed_up(places)
    (template,) = find_in_backups(places, "needle", Progress(), everywhere=True).others
    assert [(version.fields, version.task_list) for version in template.versions] == [
        ([], None),
        (["task_list_id"], "Home"),
    ]
    assert template.in_database


def test_a_field_that_is_empty_stays_so_whatever_stands_in_for_it(places: Places) -> None:
    altered(places.database, "INSERT INTO tasks (id, title, created_at) VALUES ('t', 'Needle', NULL)")
    backed_up(places)
    altered(places.database, "UPDATE tasks SET status = 'completed', updated_at = '2026-01-01 00:00:00' WHERE id = 't'")
    assert [version.fields for version in one(found(places, "needle")).versions] == [[], ["status"]]


def test_a_text_that_many_tasks_hold_says_how_many_more_there_are(places: Places) -> None:
    for number in range(MOST + 5):
        altered(places.database, "INSERT INTO tasks (id, title) VALUES (?, ?)", f"n{number}", f"Wanted {number}")
    searched = found(places, "wanted")
    assert (len(searched.tasks), searched.more) == (MOST, 5)


def test_nothing_found_is_an_answer(places: Places) -> None:
    backed_up(places)
    searched = found(places, "no such text")
    assert (searched.tasks, searched.more, searched.backups) == ([], 0, 1)


def test_a_backup_of_a_part_tells_of_what_it_holds_and_says_nothing_of_the_rest(places: Places, tmp_path: Path) -> None:
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('t', 'Held'), ('u', 'Not held')")
    place = Path(backed_up(places)).parent
    altered(places.database, "UPDATE tasks SET title = 'Held still' WHERE id = 't'")
    made = tmp_path / "one-partial.kpbackup"
    export_data(places, str(made), Progress(), part=PartToExport(ids=["t"]))

    def later(entries: dict[str, Any]) -> None:
        entries["metadata.json"]["created_at"] = "2999-01-01T00:00:00Z"

    partial = tampered(made, place / made.name, later, sealed=True)
    altered(places.database, "DELETE FROM tasks WHERE id = 'u'")
    held = one(found(places, "t", by_id=True)).versions[-1]
    assert (held.first_backup, held.last_backup, held.backups) == (str(partial), NOW, 2)
    gone = one(found(places, "u", by_id=True))
    assert [version.backups for version in gone.versions] == [1]
    assert gone.vanished is not None
    assert gone.vanished.year < 2999


def test_a_side_that_is_a_part_is_told_of(places: Places, tmp_path: Path) -> None:
    partial = tmp_path / "one-partial.kpbackup"
    export_data(places, str(partial), Progress(), part=PartToExport(tables=["task_lists"]))
    difference = compare_backups(places, str(partial), NOW, Progress())
    assert (difference.left.partial, difference.right.partial) == ("type task_lists", None)
    assert any("partial" in line for line in difference.warnings)


WORDY = (
    ("task_lists", "INSERT INTO task_lists (id, name) VALUES ('x', 'The Zyklop list')"),
    ("periodic_task_templates", "UPDATE periodic_task_templates SET title = 'Feed the Zyklop'"),
    ("time_sessions", "UPDATE time_sessions SET notes = 'with ZYKLOP'"),
    ("focus_sessions", "UPDATE focus_sessions SET notes = 'zyklop again'"),
    ("threads", "UPDATE threads SET title = 'Zyklop'"),
    ("thread_messages", "UPDATE thread_messages SET content = 'What is a zyklop?'"),
    ("ai_interactions", "UPDATE ai_interactions SET response = 'A Zyklop has one eye.'"),
)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(("table", "sql"), WORDY)
def test_words_are_found_in_other_rows_where_that_is_asked_for(places: Places, table: str, sql: str) -> None:
    altered(places.database, sql)
    told = find_in_backups(places, "zyklop", Progress(), everywhere=True)
    assert {row.table for row in told.others} == {table}
    assert all("zyklop" in row.title.casefold() or table == "ai_interactions" for row in told.others)
    assert all(row.in_database and len(row.versions) == 1 for row in told.others)
    assert (told.tasks, found(places, "zyklop").others) == ([], [])
    (first, *_) = told.others
    (by_id,) = find_in_backups(places, first.id, Progress(), by_id=True, everywhere=True).others
    assert by_id.id == first.id


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(("table", "sql"), WORDY)
def test_a_part_is_chosen_by_words_of_every_type(places: Places, tmp_path: Path, table: str, sql: str) -> None:
    altered(places.database, sql)
    part = PartToExport(text="zyklop")
    result = export_data(places, str(tmp_path / "x-partial.kpbackup"), Progress(), part=part)
    assert result.selected is not None
    assert {name for name, rows in result.selected.items() if rows.chosen} == {table}


def test_tasks_are_found_by_their_tags(places: Places) -> None:
    altered(places.database, "INSERT INTO tasks (id, title, tags) VALUES ('t', 'x', ?)", '["Größe"]')
    assert one(found(places, "GRÖSSE")).id == "t"
