"""Rows that other programs and hands have left, chosen like any other: times of other places, ids that are numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.comparison.difference import compare_backups
from sidecar.errors.backups import NothingSelected
from sidecar.jobs.importing import import_data
from sidecar.merging.policy import OnConflict
from sidecar.progress import Progress
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.support.databases import altered, backup, contents, fresh, places_of, preview, query
from tests.support.partial_exports import exported

DAY = "2026-03-30"
ON_THAT_DAY = (
    "2026-03-30T00:00:00.000000000+00:00",
    "2026-03-30 00:00:00",
    "2026-03-30T23:59:59.999999999Z",
    "2026-03-29T23:30:00-05:00",
    "2026-03-29 12:00:00-12:00",
    "2026-03-29t20:15:00.999999999-03:45",
    "2026-03-31T13:59:59.999999999+14:00",
    "2026-03-31T02:00:00+23:00",
    "2026-03-30T12:00:60Z",
)
ON_OTHERS = (
    "2026-03-29T23:59:59.999999999+00:00",
    "2026-03-31 00:00:00",
    "2026-03-30T01:00:00+14:00",
    "2026-03-30T23:30:00.5-00:30",
    "2026-03-30T12:00:00-12:00",
    "9999-12-31T23:59:59.999-12:00",
    "0001-01-01T00:00:00+14:00",
    "+12026-03-30T00:00:00Z",
    "30.03.2026",
    "",
    None,
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return places_of(fresh(tmp_path))


def told(time: str | None) -> str:
    """What a row is known by in which a time stands."""
    return f"<{time}>"


def taken(places: Places, archive: Path, **chosen: Any) -> None:
    import_data(places, str(archive), False, Progress(), selection=Selection(**chosen))


def test_a_day_is_that_of_utc_wherever_a_time_was_written(places: Places, tmp_path: Path) -> None:
    for number, time in enumerate((*ON_THAT_DAY, *ON_OTHERS)):
        sql = "INSERT INTO ai_interactions (id, message, response, created_at) VALUES (?, ?, '', ?)"
        altered(places.database, sql, f"i{number}", told(time), time)
    archive, part = backup(places.database, tmp_path / "b.kpbackup"), tmp_path / "partial.kpbackup"
    exported(places, part, since=DAY, until=DAY)
    altered(places.database, "DELETE FROM ai_interactions")
    taken(places, archive, since=DAY, until=DAY)
    assert [time for (time,) in query(places.database, "SELECT created_at FROM ai_interactions ORDER BY rowid")] == [
        *ON_THAT_DAY
    ]
    # What a comparison calls the day of a row is the day that finds it.
    others = compare_backups(places, str(archive), str(part), Progress()).changes
    assert [each.label for each in others if each.table == "ai_interactions"] == [told(time) for time in ON_OTHERS]
    assert DAY not in {change.day for change in others}
    altered(places.database, "DELETE FROM ai_interactions")
    all_of_them = compare_backups(places, "now", str(archive), Progress()).changes
    assert [change.label for change in all_of_them if change.day == DAY] == [told(time) for time in ON_THAT_DAY]


def test_a_row_whose_id_is_a_number_is_chosen_by_it(places: Places, tmp_path: Path) -> None:
    altered(places.database, "CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT)")
    altered(places.database, "CREATE TABLE marks (id TEXT PRIMARY KEY, name TEXT)")
    for table in ("labels", "marks"):
        for number in (0, 7, -7, 70, 2**53 + 1):
            altered(places.database, f"INSERT INTO {table} VALUES (?, ?)", number, f"{number}")
    archive = backup(places.database, tmp_path / "b.kpbackup")
    exported(places, part := tmp_path / "partial.kpbackup", ids=["7", "-7", "9007199254740993"])
    for source in (archive, part):
        for table in ("labels", "marks"):
            altered(places.database, f"DELETE FROM {table}")
        taken(places, source, ids=["7", "-7", "9007199254740993"])
        assert query(places.database, "SELECT id FROM labels ORDER BY id") == [(-7,), (7,), (2**53 + 1,)]
        assert query(places.database, "SELECT id FROM marks ORDER BY rowid") == [("7",), ("-7",), ("9007199254740993",)]


@pytest.mark.parametrize("policy", ["mine", "theirs"])
def test_a_row_that_stays_as_it_is_brings_nothing_along(policy: OnConflict, places: Places, tmp_path: Path) -> None:
    for sql in (
        "INSERT INTO task_lists (id, name) VALUES ('l', 'Gone')",
        "INSERT INTO tasks (id, title, task_list_id) VALUES ('p', 'Parent', 'l')",
        "INSERT INTO tasks (id, title, task_list_id, parent_task_id) VALUES ('t', 'Moved', 'l', 'p')",
    ):
        altered(places.database, sql)
    archive = backup(places.database, tmp_path / "b.kpbackup")
    altered(places.database, "DELETE FROM task_lists WHERE id = 'l'")
    altered(places.database, "DELETE FROM tasks WHERE id = 'p'")
    altered(places.database, "UPDATE tasks SET parent_task_id = NULL, task_list_id = (SELECT id FROM task_lists)")
    before = contents(places.database)
    chosen = Selection(ids=["t"])
    result = import_data(places, str(archive), False, Progress(), selection=chosen, on_conflict=policy)
    came = {name: account.added for name, account in result.tables.items() if account.added}
    assert came == ({} if policy == "mine" else {"task_lists": 1, "tasks": 1})
    assert (contents(places.database) == before) is (policy == "mine")


def test_what_could_only_come_with_something_else_is_nothing(places: Places, tmp_path: Path) -> None:
    for task in ("a", "b"):
        altered(places.database, "INSERT INTO tasks (id, title) VALUES (?, ?)", task, task)
    altered(places.database, "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('d', 'a', 'b')")
    archive = backup(places.database, tmp_path / "b.kpbackup")
    altered(places.database, "DELETE FROM task_dependencies")
    altered(places.database, "DELETE FROM tasks WHERE id = 'b'")
    for chosen in ({"tables": ["task_dependencies"]}, {"ids": ["d"]}):
        with pytest.raises(NothingSelected, match="come with their tasks"):
            taken(places, archive, **chosen)
    # A backup without any settings has none to bring.
    with pytest.raises(NothingSelected):
        taken(places, archive, tables=["settings"])
    taken(places, archive, ids=["b"], tables=["tasks", "task_dependencies"])
    assert query(places.database, "SELECT id FROM task_dependencies") == [("d",)]


@pytest.fixture
def spelled(places: Places, tmp_path: Path) -> Path:
    """A backup of rows whose columns a newer KiraPilot spells with capitals."""
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('t', 'a task')")
    altered(
        places.database,
        'CREATE TABLE labels ("ID" TEXT PRIMARY KEY, "Title" TEXT, "Task_ID" varchar REFERENCES tasks (id),'
        ' "Created_At" TEXT, "Task_List_ID" TEXT)',
    )
    lists = "(SELECT id FROM task_lists WHERE is_default = 1)"
    altered(places.database, f"INSERT INTO labels VALUES ('l', 'a word', 't', '{DAY} 12:00:00', {lists})")
    altered(places.database, "INSERT INTO labels VALUES ('other', 'another', NULL, '2020-01-01', 'another')")
    return backup(places.database, tmp_path / "b.kpbackup")


@pytest.mark.parametrize(
    "chosen",
    [
        {"ids": ["l"]},
        {"tables": ["labels"], "text": "WORD"},
        {"tables": ["labels"], "since": DAY},
        {"tables": ["labels"], "lists": ["To Do"]},
    ],
)
def test_columns_are_found_by_their_names_however_these_are_spelled(
    chosen: dict[str, Any], spelled: Path, places: Places
) -> None:
    for table in ("labels", "tasks"):
        altered(places.database, f"DELETE FROM {table}")
    if "lists" in chosen:
        chosen = chosen | {"lists": [query(places.database, "SELECT name FROM task_lists WHERE is_default = 1")[0][0]]}
    taken(places, spelled, **chosen)
    assert query(places.database, 'SELECT "ID" FROM labels') == [("l",)]
    assert query(places.database, "SELECT id FROM tasks") == [("t",)]


def test_an_exported_part_and_a_preview_know_rows_by_ids_and_tasks_however_these_are_spelled(
    spelled: Path, places: Places, tmp_path: Path
) -> None:
    assert spelled.exists()
    part = tmp_path / "one partial.kpbackup"
    exported(places, part, ids=["l"])
    altered(places.database, "DELETE FROM labels")
    shown = preview(places.database, part, False)
    assert [(one.id, one.label) for one in shown.examples["labels"]] == [("l", "a task")]


def test_thousands_of_ids_are_found_whether_they_are_texts_or_numbers_or_named_twice(
    places: Places, tmp_path: Path
) -> None:
    altered(places.database, "CREATE TABLE labels (id PRIMARY KEY)")
    numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 8000)"
    altered(places.database, f"{numbers} INSERT INTO labels SELECT iif(i % 2, i, CAST(i AS TEXT)) FROM n")
    archive = backup(places.database, tmp_path / "b.kpbackup")
    altered(places.database, "DELETE FROM labels")
    taken(places, archive, ids=[*map(str, range(1, 7_001)), "7", "8"])
    assert query(places.database, "SELECT count(*), sum(typeof(id) = 'text') FROM labels") == [(7_000, 3_500)]
