"""A part of a backup: of the rows that are not meant only those are stored that may be needed, and all comes as if all
were."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from sidecar.archive.forms import ExactCell
from sidecar.errors.backups import NothingSelected
from sidecar.jobs import comparing
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.selection.closure import wanted_by
from sidecar.selection.request import Selection
from sidecar.stage.judged import judged
from sidecar.stage.records import Rows
from sidecar.stage.stage import Stage
from sidecar.stage.wanted import ALL, Wanted
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, REAL
from tests.support.databases import altered, backup, contents, copy_of, fresh, opened, places_of, query

NOTE = "note"
TABLES = ("tasks", "time_sessions", "focus_sessions", "threads", "thread_messages", "ai_interactions", "task_lists")


def stored(places: Places, archive: Path, selection: Selection) -> dict[str, int]:
    """Rows of each table that are stored for a selection; that all are counted and nothing is wrong is seen to."""
    with judged(str(archive), places.work_dir, Progress(), wanted=wanted_by(selection)) as part:
        rows = {table.name: table.rows for table in part.stage.carried()}
        found = {name: part.stage.number(f'SELECT count(*) FROM "{name}"') for name in rows}
        part.require_valid()
    with judged(str(archive), places.work_dir, Progress()) as whole:
        assert rows == {table.name: table.rows for table in whole.stage.carried()}
    return found


def imported(places: Places, archive: Path, selection: Selection) -> ImportResult:
    result = import_data(places, str(archive), False, Progress(), selection=selection)
    return msgspec.structs.replace(result, safety_copy=None)


def outcome(places: Places, archive: Path, selection: Selection) -> ImportResult | str:
    try:
        return imported(places, archive, selection)
    except NothingSelected as error:
        return error.message


@pytest.mark.slow(but=4)
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", REAL)
def test_what_comes_is_what_would_come_of_all_that_is_stored(
    name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(f"{name} {seed}")
    places = places_of(copy_of(DATA / f"{name}.db", tmp_path / "app"))
    archive = backup(places.database, tmp_path / "b.kpbackup")
    tables = [table for table in TABLES if table in contents(places.database)]
    ids = {str(row_id) for table in tables for (row_id,) in query(places.database, f"SELECT id FROM {table}")}
    some = chance.sample(sorted(ids), min(len(ids), chance.choice([1, 3, 9])))
    types = chance.sample(tables, 3)
    chosen = Selection(
        ids=some if seed % 3 < 2 else None,
        tables=types if seed % 3 > 0 else None,
        missing=chance.random() < 0.5,
        subtasks=chance.choice(["with_parents", "untied"]),
    )
    with opened(places.database) as connection:
        for table in tables:
            connection.execute(f"DELETE FROM {table} WHERE rowid % 3 = {seed % 3}")
    device = shutil.copy(places.database, tmp_path / "kept.db")

    came = outcome(places, archive, chosen)
    after = contents(places.database)
    shutil.copy(device, places.database)
    monkeypatch.setattr(comparing, "wanted_by", lambda _: ALL)
    assert outcome(places, archive, chosen) == came
    assert contents(places.database) == after


def test_of_rows_that_nothing_refers_to_only_those_in_question_are_stored(tmp_path: Path) -> None:
    places = places_of(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"))
    (task,) = query(places.database, "SELECT task_id FROM time_sessions GROUP BY task_id ORDER BY count(*) DESC")[0]
    (message,) = query(places.database, "SELECT min(id) FROM thread_messages")[0]
    archive = backup(places.database, tmp_path / "b.kpbackup")
    found = stored(places, archive, Selection(ids=[task, message]))
    for table, where in (
        ("tasks", "1"),
        ("task_dependencies", "1"),
        ("threads", "1"),
        ("time_sessions", f"task_id = '{task}'"),
        ("thread_messages", f"id = '{message}'"),
        ("ai_interactions", "0"),
    ):
        assert found[table] == query(places.database, f"SELECT count(*) FROM {table} WHERE {where}")[0][0], table


def test_of_other_types_than_are_meant_only_rows_are_stored_that_others_refer_to(tmp_path: Path) -> None:
    places = places_of(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"))
    archive = backup(places.database, tmp_path / "b.kpbackup")
    found = stored(places, archive, Selection(tables=["time_sessions"], text="a"))
    kept = {"tasks", "task_lists", "periodic_task_templates", "threads", "ai_interaction_logs", "time_sessions"}
    for table, rows in found.items():
        there = query(places.database, f"SELECT count(*) FROM {table}")[0][0]
        assert there, table
        assert rows == (there if table in kept else 0), table


def an_id_that_is_no_text(database: Path) -> str:
    """Of a record that holds an empty id, since the real one is not text."""
    altered(database, "UPDATE time_sessions SET id = CAST(id AS BLOB) WHERE id = (SELECT min(id) FROM time_sessions)")
    return str(query(database, "SELECT task_id FROM time_sessions WHERE typeof(id) = 'blob'")[0][0])


def a_newer_table_that_refers_to_them(database: Path) -> str:
    (kind,) = query(database, "SELECT type FROM pragma_table_info('time_sessions') WHERE name = 'id'")[0]
    altered(database, f"CREATE TABLE notes (id TEXT PRIMARY KEY, session {kind} REFERENCES time_sessions(id))")
    altered(database, f"INSERT INTO notes SELECT '{NOTE}', min(id) FROM time_sessions WHERE NOT is_active")
    return NOTE


OF_CHOSEN: dict[Callable[[Path], str], str] = {
    an_id_that_is_no_text: "typeof(id) = 'blob'",
    a_newer_table_that_refers_to_them: "id = (SELECT session FROM notes)",
}
"""What comes along, and cannot be told from the record of it."""


@pytest.mark.parametrize("made", OF_CHOSEN)
def test_all_are_stored_where_their_records_do_not_say_which_are_needed(
    made: Callable[[Path], str], tmp_path: Path
) -> None:
    places = places_of(copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "app"))
    chosen = made(places.database)
    archive = backup(places.database, tmp_path / "b.kpbackup")
    before = contents(places.database)
    sessions = query(places.database, "SELECT count(*) FROM time_sessions")[0][0]
    assert stored(places, archive, Selection(ids=[chosen]))["time_sessions"] == sessions
    altered(places.database, f"DELETE FROM time_sessions WHERE {OF_CHOSEN[made]}")
    altered(places.database, f"DELETE FROM {'notes' if chosen == NOTE else 'tasks'} WHERE id = ?", chosen)
    imported(places, archive, Selection(ids=[chosen]))
    assert contents(places.database) == before


def test_an_id_spelled_as_a_number_is_looked_for_as_both(tmp_path: Path) -> None:
    places = places_of(fresh(tmp_path))
    for row_id in ("7", "07", "8"):
        altered(places.database, "INSERT INTO ai_interactions (id, message, response) VALUES (?, 'm', 'r')", row_id)
    archive = backup(places.database, tmp_path / "b.kpbackup")
    assert stored(places, archive, Selection(ids=["7"]))["ai_interactions"] == 1
    assert wanted_by(Selection(ids=["7", "07", "x"])).values == {"7", 7, "07", "x"}


def test_a_cell_of_a_record_that_is_not_stored_is_no_fault_and_one_of_no_record_is(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    rows = Rows(("id", "title"), range(3), [("a", "b", "c"), ("A", "B", "C")])
    stage.fill("tasks", rows, Wanted(columns={"tasks": ["id"]}, values=frozenset({"b"})).of("tasks", rows))
    cells = [ExactCell("tasks", row, None, "title", "text", f"{row}") for row in (0, 1, 2, 3, -1)]
    assert list(stage.set_exact(cells)) == ["tasks has no record 3", "tasks has no record -1"]
    assert stage.query("SELECT id, title FROM tasks").fetchall() == [("b", "1")]
    assert stage.tables["tasks"].rows == 3
    stage.close()
