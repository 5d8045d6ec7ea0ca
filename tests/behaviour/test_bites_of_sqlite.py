"""What bites with SQLite: one test for each trap, that fails without its cure."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.database import connection as live
from sidecar.errors.base import Cancelled
from sidecar.errors.databases import CannotRemove, DatabaseBusy
from sidecar.errors.jobs import AccountingMismatch
from sidecar.export.exporting import export_data
from sidecar.jobs import comparing, importing
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress, Report
from sidecar.restore import prebuilt_tables
from sidecar.restore.applying import apply
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.databases import (
    assert_same,
    assert_same_contents,
    backup,
    bring_in,
    contents,
    copy_of,
    emptied,
    execute,
    export,
    fresh,
    insert,
    opened,
    places_of,
    query,
    restore,
    tracing,
    value,
)
from tests.support.shipped import shipped_archive, task

NEW = "INSERT INTO tasks (id, title) VALUES ('written meanwhile', 'x')"


class App:
    """The app, at work in the middle of a job: writes at the first report of a phase, and does not wait for a lock."""

    def __init__(self, path: Path, phase: str) -> None:
        self._path, self._phase = path, phase
        self.wrote = False

    def __call__(self, report: Report) -> None:
        if report.phase == self._phase and not self.wrote:
            write_now(self._path)
            self.wrote = True


def write_now(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(NEW)
        connection.commit()


@pytest.mark.parametrize("phase", ["compress", "verify"])
def test_the_app_can_write_while_an_export_runs_and_the_backup_is_of_one_moment(
    database_copy: Copy, tmp_path: Path, phase: str
) -> None:
    device = database_copy(THIRD)
    before = copy_of(device, tmp_path / "before")
    app = App(device, phase)
    export_data(places_of(device), str(tmp_path / "b.kpbackup"), Progress(listen=app))
    assert app.wrote
    restored = emptied(copy_of(before, tmp_path / "restored"))
    restore(restored, tmp_path / "b.kpbackup")
    assert_same(before, restored)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("phase", ["stage", "check", "apply"])
def test_the_app_can_write_until_rows_move_and_what_it_wrote_is_seen(
    database_copy: Copy, tmp_path: Path, phase: str
) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    before = contents(device)
    app = App(device, phase)
    result = import_data(places_of(device), str(archive), True, Progress(listen=app))
    assert app.wrote
    assert result.tables["tasks"].removed == 1
    assert_same_contents(before, contents(device))


def test_what_the_app_writes_just_before_the_lock_is_seen_too(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    before = contents(device)

    def apply_late(*arguments: object) -> None:
        if not value(device, "SELECT count(*) FROM tasks WHERE id = 'written meanwhile'"):
            write_now(device)
        apply(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "apply", apply_late)
    assert bring_in(device, archive).tables["tasks"].removed == 1
    assert_same_contents(before, contents(device))


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the connection to the live database executes during imports."""
    statements: list[str] = []
    monkeypatch.setattr(comparing, "open_for_import", tracing(live.open_for_import, statements))
    return statements


def test_the_transaction_writes_the_live_database_only(database_copy: Copy, tmp_path: Path, traced: list[str]) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(device, "DELETE FROM tasks WHERE rowid % 2", "UPDATE tasks SET title = 'x'", NEW)
    bring_in(device, archive)
    within = traced[traced.index("BEGIN IMMEDIATE") : traced.index("COMMIT")]
    writing = [sql for sql in within if sql.split()[0] in ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")]
    assert len(writing) >= 3
    assert all(sql.split()[1 if sql.startswith("UPDATE") else 2].startswith("main.") for sql in writing)


def test_what_locks_the_app_out_is_no_more_than_must_be(database_copy: Copy, tmp_path: Path, traced: list[str]) -> None:
    """A column in which no row differs is not written, nor its indexes; a table that is emptied is emptied at once."""
    database = database_copy(EVERY_KIND)
    archive = backup(database, tmp_path / "a.kpbackup")
    execute(database, "UPDATE tasks SET title = title || '!'")
    traced.clear()
    bring_in(database, archive)
    (updating,) = [sql for sql in traced if sql.startswith('UPDATE main."tasks"')]
    assert updating.startswith('UPDATE main."tasks" AS m SET "title" = s."title" FROM')
    empty = backup(fresh(tmp_path), tmp_path / "empty.kpbackup")
    traced.clear()
    bring_in(database, empty)
    assert 'DELETE FROM main."tasks"' in traced
    assert value(database, "SELECT count(*) FROM tasks") == 0


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_table_filled_from_nothing_is_made_beforehand_and_holds_the_same(
    overwrite: bool, tmp_path: Path, database_copy: Copy, monkeypatch: pytest.MonkeyPatch, traced: list[str]
) -> None:
    """Odd tables are filled row by row as ever: with triggers, generated columns, without a rowid, counting by hand."""
    source, by_rows, beforehand = database_copy(EVERY_KIND), fresh(tmp_path, "1.db"), fresh(tmp_path, "2.db")
    odd = [
        "CREATE TABLE keyed (id TEXT PRIMARY KEY, n INT) WITHOUT ROWID",
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT)",
        "CREATE TABLE generated (id TEXT PRIMARY KEY, n INT, twice INT AS (n * 2) STORED)",
        "CREATE TABLE watched (id TEXT PRIMARY KEY, n INT CHECK (n > 0), t TEXT DEFAULT 'x' UNIQUE)",
        "CREATE TRIGGER t BEFORE INSERT ON watched BEGIN SELECT RAISE(ABORT, 'never') WHERE new.n = 4711; END",
    ]
    for path in (source, by_rows, beforehand):
        execute(path, *odd)
    execute(source, *(f"INSERT INTO {name} (id, n) VALUES ('7', 1)" for name in ("keyed", "generated", "watched")))
    execute(source, "INSERT INTO counted (id, n) VALUES (7, 1)")
    archive = backup(source, tmp_path / "a.kpbackup")
    bring_in(by_rows, archive, overwrite)
    assert not [sql for sql in traced if "built" in sql]
    monkeypatch.setattr(prebuilt_tables, "WORTH_ROWS", 1)
    traced.clear()
    bring_in(beforehand, archive, overwrite)
    moved = {sql for sql in traced if sql.endswith(('built."tasks"', 'built."time_sessions"'))}
    assert moved == {f'INSERT INTO main."{name}" SELECT * FROM built."{name}"' for name in ("tasks", "time_sessions")}
    odd_ones = ("keyed", "counted", "generated", "watched")
    assert not [sql for sql in traced if sql.endswith(tuple(f'built."{name}"' for name in odd_ones))]
    assert_same_contents(contents(by_rows), contents(beforehand))
    rows = [query(path, "SELECT rowid, id FROM tasks") for path in (by_rows, beforehand)]
    assert rows[0] == rows[1]
    with closing(sqlite3.connect(beforehand)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_table_that_is_not_empty_any_more_is_filled_row_by_row(
    tmp_path: Path, database_copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app adds a row in the last moment, when the table stands ready already."""
    monkeypatch.setattr(prebuilt_tables, "WORTH_ROWS", 1)
    archive = backup(database_copy(EVERY_KIND), tmp_path / "a.kpbackup")
    device = fresh(tmp_path)

    def apply_late(*arguments: Any, **named: Any) -> None:
        execute(device, NEW.replace("INSERT", "INSERT OR IGNORE"))
        apply(*arguments, **named)

    monkeypatch.setattr(importing, "apply", apply_late)
    result = bring_in(device, archive, overwrite=False)
    assert result.tables["tasks"].kept == 1
    assert value(device, "SELECT count(*) FROM tasks") == result.tables["tasks"].added + 1


def test_no_pragma_of_an_import_changes_how_the_live_database_is_written(
    database_copy: Copy, tmp_path: Path, traced: list[str]
) -> None:
    device = database_copy(THIRD)
    bring_in(device, backup(device, tmp_path / "b.kpbackup"))
    pragmas = [sql.removeprefix("PRAGMA ") for sql in traced if sql.startswith("PRAGMA")]
    of_files = [pragma for pragma in pragmas if "synchronous" in pragma or "journal" in pragma or "locking" in pragma]
    # A bare one is about the live database.
    assert {pragma.partition(".")[0] for pragma in of_files} <= {"stage", "plan"}
    assert "stage.synchronous = OFF" in of_files


def test_replacing_rows_with_identical_ones_does_not_cascade_into_tables_the_backup_lacks(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    insert(device, "tasks", id="a", title="A")
    insert(device, "focus_sessions", id="f", task_id="a", planned_duration=25)
    insert(device, "threads", id="h", title="H", assignment_task_id="a")
    before = {name: contents(device)[name] for name in ("focus_sessions", "threads")}
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="A")]))
    assert {name: contents(device)[name] for name in before} == before


@pytest.mark.parametrize("clause", ["", "ON DELETE RESTRICT", "ON DELETE SET DEFAULT"])
def test_a_row_that_others_insist_on_is_not_removed(tmp_path: Path, clause: str) -> None:
    device = fresh(tmp_path)
    execute(device, f"CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id) {clause})")
    insert(device, "tasks", id="a", title="A")
    insert(device, "labels", id="l", task_id="a")
    before = device.read_bytes()
    with pytest.raises(CannotRemove, match="1 labels insist on the tasks they refer to"):
        bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("b")]))
    assert device.read_bytes() == before


@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
def test_an_import_whose_rows_do_not_add_up_is_undone(tmp_path: Path, event: str) -> None:
    device = fresh(tmp_path)
    execute(
        device,
        "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('gone', 'G')",
        # One that may refuse is never left out.
        f"CREATE TRIGGER meddling AFTER {event} ON tasks BEGIN"
        " DELETE FROM logging_config; SELECT raise(ABORT, 'never') WHERE 0; END",
    )
    before = device.read_bytes()
    with pytest.raises(AccountingMismatch):
        bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b")]))
    assert device.read_bytes() == before


def test_what_reads_the_live_database_cannot_write_to_it(database_copy: Copy) -> None:
    reading = closing(live.open_for_reading(database_copy(THIRD)))
    with reading as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute(NEW)


def test_a_null_among_the_ids_of_lists_does_not_hide_that_another_list_is_missing(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(
        device,
        "DROP TABLE task_lists",
        "CREATE TABLE task_lists (id varchar PRIMARY KEY, name varchar, is_default boolean, created_at, updated_at)",
        "INSERT INTO task_lists (id, name) VALUES (NULL, 'Nameless')",
    )
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", task_list_id="lost")]))
    assert query(device, "SELECT name FROM task_lists WHERE id = 'lost'") == [("Restored list 1",)]


def test_the_hot_journal_of_a_killed_app_is_rolled_back_as_the_app_would(database_copy: Copy, tmp_path: Path) -> None:
    device, crashed = database_copy(THIRD), tmp_path / "crashed.db"
    with closing(sqlite3.connect(device)) as app:
        app.execute("PRAGMA cache_size = 1")
        app.execute("UPDATE tasks SET title = 'half written', description = hex(zeroblob(4000))")
        app.execute("UPDATE time_sessions SET notes = hex(zeroblob(4000))")
        for end in ("", "-journal"):
            shutil.copy(f"{device}{end}", f"{crashed}{end}")
        app.rollback()
    assert crashed.with_name("crashed.db-journal").stat().st_size
    assert crashed.read_bytes() != device.read_bytes()
    restored = emptied(copy_of(device, tmp_path / "restored"))
    restore(restored, backup(crashed, tmp_path / "b.kpbackup"))
    assert_same(device, restored)


def test_a_wait_for_a_busy_database_can_be_cancelled(database_copy: Copy, tmp_path: Path) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    asked = iter(range(1_000_000))
    jobs: list[Callable[[Progress], object]] = [
        lambda progress: export_data(places_of(device), str(tmp_path / "c.kpbackup"), progress),
        lambda progress: import_data(places_of(device), str(archive), True, progress),
    ]
    with opened(device) as app:
        app.execute("BEGIN EXCLUSIVE")
        for job in jobs:
            with pytest.raises(Cancelled):
                job(Progress(cancelled=lambda: next(asked) % 8 == 7))


def test_a_database_that_stays_busy_is_told_after_a_while(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    monkeypatch.setattr(live, "BUSY_SECONDS", 0.1)
    with opened(device) as app:
        app.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy):
            export(device, tmp_path / "c.kpbackup")
        with pytest.raises(DatabaseBusy) as busy:
            bring_in(device, archive)
    assert busy.value.message.startswith("Nothing was changed")


def test_a_long_statement_can_be_cancelled() -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    progress = Progress(cancelled=lambda: True)
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(Cancelled), progress.watching(connection):
        connection.execute(endless).fetchone()
