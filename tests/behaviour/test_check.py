"""Check: every fault of a live database is told of with what it means and what mends it, and nothing is written."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.care.answers import DatabaseCheck, Finding
from sidecar.care.checking import check_database
from sidecar.care.compacting import compact_database
from sidecar.care.findings import KEPT, KINDS
from sidecar.database import connection as live
from sidecar.errors.base import Cancelled
from sidecar.errors.databases import DatabaseBusy, DatabaseNotFound, NotKiraPilot
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import DiskFull
from sidecar.progress import Progress, Report
from sidecar.system import workfolder
from sidecar.system.paths import Places
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.conftest import Cases
from tests.support.databases import altered, counts, execute, insert, opened, query, value

GENERATIONS = ["2025-08-23-first-format", "2025-08-24-task-lists", "2025-09-08-periodic-templates"]

TOLD = "What is wrong with a database is found, told with what it means and what mends it; the database is not written"


def check(places: Places, quick: bool = False) -> DatabaseCheck:
    return check_database(places, Progress(), quick)


def only(found: DatabaseCheck, code: str) -> Finding:
    """The one finding of that code."""
    (finding,) = (each for each in found.findings if each.code == code)
    return finding


def some_id(database: Path, table: str) -> str:
    return str(value(database, f"SELECT id FROM {table} ORDER BY rowid LIMIT 1"))


FAULTS: dict[str, tuple[str, str, str | None]] = {
    "a time session without its task": (
        "owner_missing",
        "INSERT INTO time_sessions (id, task_id, start_time) VALUES ('lost', 'gone', '2026-01-01T00:00:00+00:00')",
        "task_id",
    ),
    "a dependency on a task that is gone": (
        "owner_missing",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) SELECT 'lost', id, 'gone' FROM tasks LIMIT 1",
        "depends_on_id",
    ),
    "a message without its thread": (
        "owner_missing",
        "INSERT INTO thread_messages (id, thread_id, type, content, timestamp)"
        " VALUES ('lost', 'gone', 'user', 'hello', '2026-01-01T00:00:00+00:00')",
        "thread_id",
    ),
    "a thread about a task that is gone": (
        "tie_missing",
        "INSERT INTO threads (id, title, assignment_task_id) VALUES ('lost', 'chat', 'gone')",
        "assignment_task_id",
    ),
    "a task in a list that is gone": (
        "list_missing",
        "INSERT INTO tasks (id, title, task_list_id) VALUES ('lost', 'x', 'gone')",
        "task_list_id",
    ),
    "a task of a template that is gone": (
        "template_missing",
        "INSERT INTO tasks (id, title, task_list_id, periodic_template_id)"
        " SELECT 'lost', 'x', id, 'gone' FROM task_lists LIMIT 1",
        "periodic_template_id",
    ),
    "a subtask of a task that is gone": (
        "parent_missing",
        "INSERT INTO tasks (id, title, task_list_id, parent_task_id)"
        " SELECT 'lost', 'x', id, 'gone' FROM task_lists LIMIT 1",
        "parent_task_id",
    ),
    "a task without a list": ("no_list", "INSERT INTO tasks (id, title) VALUES ('lost', 'x')", "task_list_id"),
    "a task without a status": (
        "value_missing",
        "INSERT INTO tasks (id, title, task_list_id, status) SELECT 'lost', 'x', id, NULL FROM task_lists LIMIT 1",
        "status",
    ),
    "a task with words for its priority": (
        "wrong_type",
        "INSERT INTO tasks (id, title, task_list_id, priority) SELECT 'lost', 'x', id, 'high' FROM task_lists LIMIT 1",
        "priority",
    ),
    "a task with bytes for its title": (
        "wrong_type",
        "INSERT INTO tasks (id, title, task_list_id) SELECT 'lost', x'00ff', id FROM task_lists LIMIT 1",
        "title",
    ),
    "a time session with a broken number of seconds": (
        "wrong_type",
        "INSERT INTO time_sessions (id, task_id, start_time, paused_time)"
        " SELECT 'lost', id, '2026-01-01T00:00:00+00:00', 1.5 FROM tasks LIMIT 1",
        "paused_time",
    ),
    "a timer that runs": (
        "running_timer",
        "INSERT INTO time_sessions (id, task_id, start_time, is_active)"
        " SELECT 'lost', id, '2026-01-01T00:00:00+00:00', 1 FROM tasks LIMIT 1",
        None,
    ),
}
"""What is wrong: the code of the finding, the statement that makes it so, and the column."""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_real_database_is_healthy(
    generation: str, database_copy: Callable[[str], Path], tmp_path: Path, cases: Cases
) -> None:
    places = Places(database_copy(generation), tmp_path / "work")
    found = check(places)
    assert (found.state, found.findings, found.counts) == ("healthy", [], {})
    assert found.tables == counts(places.database)
    assert found.size == places.database.stat().st_size
    cases.record(TOLD)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_of_with_its_row_and_what_mends_it(fault: str, places: Places, cases: Cases) -> None:
    code, statement, column = FAULTS[fault]
    execute(places.database, "UPDATE time_sessions SET is_active = 0", statement)
    before = hashlib.sha256(places.database.read_bytes()).digest()
    found = check(places)
    assert found.counts == {code: 1}
    finding = only(found, code)
    assert (finding.id, finding.column) == ("lost", column)
    assert finding.table is not None
    assert finding.rowid == value(places.database, f"SELECT rowid FROM {finding.table} WHERE id = 'lost'")
    assert "lost" in finding.message
    assert (finding.severity, finding.remedy) == (KINDS[code].severity, KINDS[code].remedy)
    assert found.state == ("healthy" if finding.severity == "note" else "findings")
    assert hashlib.sha256(places.database.read_bytes()).digest() == before
    cases.record(TOLD)


def test_pages_that_nothing_uses_are_noted_and_a_compaction_mends_them(places: Places, cases: Cases) -> None:
    """The list of free pages was lost: no row is the worse for it, and no backup."""
    execute(places.database, "UPDATE time_sessions SET is_active = 0", "DELETE FROM ai_interactions")
    execute(places.database, "DROP TABLE tool_execution_logs", "DROP TABLE productivity_patterns")
    with places.database.open("r+b") as file:
        file.seek(32)
        lost = int.from_bytes(file.read(8)[4:], "big")
        file.seek(32)
        file.write(bytes(8))
    found = check(places)
    assert (found.state, found.counts) == ("healthy", {"unused_pages": 1})
    finding = only(found, "unused_pages")
    assert (finding.severity, finding.remedy, finding.detail) == ("note", "compact", f"{lost} pages of the file")
    compact_database(places, Progress(), force=True)
    assert check(places).counts == {}
    assert query(places.database, "PRAGMA integrity_check") == [("ok",)]
    cases.record(TOLD)


def test_what_a_reference_leads_to_is_told_and_the_row_by_the_name_a_person_gave_it(places: Places) -> None:
    insert(places.database, "tasks", id="lost", title="Water the plants", task_list_id="gone")
    finding = only(check(places), "list_missing")
    assert (finding.target, finding.label) == ("gone", "Water the plants")
    assert "Water the plants" not in finding.message


def test_a_database_without_a_default_list_and_one_with_two(places: Places) -> None:
    execute(places.database, "UPDATE task_lists SET is_default = 0")
    assert only(check(places), "no_default_list").remedy == "repair"
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%is_default%'"
    execute(places.database, f'DROP INDEX "{value(places.database, indexes)}"')
    execute(places.database, "UPDATE task_lists SET is_default = 1")
    lists = value(places.database, "SELECT count(*) FROM task_lists")
    assert check(places).counts["second_default_list"] == lists - 1 > 0


@pytest.mark.parametrize("quick", [True, False])
def test_an_index_that_lacks_rows_is_told_of_and_no_row_is_blamed_for_it(
    quick: bool, places: Places, cases: Cases
) -> None:
    behind_indexes(places.database, "tasks", NEW_TASKS)
    altered(
        places.database,
        "INSERT INTO time_sessions (id, task_id, start_time) SELECT 'of ' || id, id, '2026' FROM tasks NOT INDEXED",
    )
    found = check(places, quick)
    assert "owner_missing" not in found.counts, "their tasks are there, whatever the index of tasks says"
    lacking = [each for each in found.findings if each.code == "index_lacks_rows"]
    assert lacking
    assert {each.table for each in lacking} == {"tasks"}
    assert all("3 rows" in each.message for each in lacking)
    assert found.state == "findings"
    cases.record(TOLD)


def test_an_index_that_tells_differently_from_its_table_is_damage_that_the_quick_check_passes_over(
    places: Places,
) -> None:
    behind_indexes(places.database, "tasks", "UPDATE tasks SET id = 'other' WHERE rowid = 2")
    assert check(places).state == "damaged"
    assert "damaged" not in check(places, quick=True).counts


def test_a_reference_of_a_newer_app_that_is_broken_is_told_of_and_left(places: Places) -> None:
    execute(
        places.database,
        "CREATE TABLE moods (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id))",
        "INSERT INTO moods VALUES ('m', 'gone')",
    )
    finding = only(check(places), "unknown_reference")
    assert (finding.table, finding.remedy) == ("moods", "none")


def test_of_many_findings_a_hundred_are_told_of_and_all_counted(places: Places) -> None:
    with opened(places.database) as connection:
        connection.executemany(
            "INSERT INTO time_sessions (id, task_id, start_time) VALUES (?, 'gone', '2026-01-01')",
            [(f"s{number}",) for number in range(KEPT + 50)],
        )
    found = check(places)
    assert found.counts["owner_missing"] == KEPT + 50
    assert sum(each.code == "owner_missing" for each in found.findings) == KEPT


def test_pages_that_hold_nothing_are_counted(places: Places) -> None:
    with opened(places.database) as connection:
        connection.execute("CREATE TABLE filler AS SELECT randomblob(400000) AS b")
    execute(places.database, "DROP TABLE filler")
    found = check(places)
    assert found.free >= 400_000
    assert found.size == places.database.stat().st_size


def zeroed(path: Path, start: int, length: int) -> None:
    whole = bytearray(path.read_bytes())
    whole[start : start + length] = bytes(length)
    path.write_bytes(whole)


@pytest.mark.parametrize("page", [0, 5, 20])
def test_a_damaged_file_is_told_of_as_such_and_stays_as_it_is(page: int, places: Places, cases: Cases) -> None:
    zeroed(places.database, page * 4096, 4096)
    before = places.database.read_bytes()
    found = check(places)
    assert (found.state, [*found.counts], found.tables) == ("damaged", ["damaged"], {})
    assert found.findings[0].remedy == "import"
    assert places.database.read_bytes() == before
    cases.record(TOLD)


def test_an_empty_file_is_told_of_and_keeps_the_journal_beside_it(places: Places) -> None:
    places.database.write_bytes(b"")
    journal = places.database.with_name("kirapilot.db-journal")
    journal.write_bytes(b"what was")
    found = check(places)
    assert (found.state, [*found.counts]) == ("damaged", ["empty"])
    assert journal.read_bytes() == b"what was"


@pytest.mark.slow
def test_a_missing_a_foreign_and_a_busy_database_are_errors(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DatabaseNotFound):
        check(Places(tmp_path / "nowhere.db", places.work_dir))
    foreign = tmp_path / "songs.db"
    execute(foreign, "CREATE TABLE songs (id)")
    with pytest.raises(NotKiraPilot):
        check(Places(foreign, places.work_dir))
    monkeypatch.setattr(live, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(places.database, isolation_level=None)) as app:
        app.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy):
            check(places)


def test_a_check_reports_and_is_cancelled_at_each_report(places: Places) -> None:
    reports: list[Report] = []
    check_database(places, Progress(listen=reports.append))
    # On a slow machine a phase reports more than once.
    assert list(dict.fromkeys(report.phase for report in reports)) == ["copy", "pages", "rows"]
    for last in range(3):
        heard: list[Report] = []
        with pytest.raises(Cancelled):
            check_database(places, Progress(listen=heard.append, cancelled=lambda: len(heard) > last))  # noqa: B023
    assert not [path for path in places.work_dir.iterdir() if path.is_dir()]


def test_a_check_without_room_or_a_work_folder_says_so(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    places.work_dir.write_text("a file", "utf-8")
    with pytest.raises(WorkFolderUnusable):
        check(places)
    places.work_dir.unlink()
    monkeypatch.setattr(workfolder, "free_space", lambda _path: 1000)
    with pytest.raises(DiskFull):
        check(places)
