"""Databases of a newer KiraPilot: whatever its schema asks of rows, or no longer asks, they come back as they were.

Rows are held to the schema of the database that they come from, as the manifest tells it, and to the target's own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from sidecar.errors.backups import InvalidBackup, WouldLoseData
from sidecar.errors.databases import UnknownSchema
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.progress import Progress
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.archives import entries_of, write
from tests.support.databases import (
    assert_same_contents,
    backup,
    bring_in,
    contents,
    copy_of,
    execute,
    export,
    fresh,
    places_of,
    preview,
    query,
    quoted,
    restore,
    validate,
    value,
)
from tests.support.newer import rebuild, run

Migration = Callable[[Path], None]

OTHER = DATA / f"{THIRD}.kpbackup"


def _rebuilt(table: str, old: str, new: str, *then: str) -> Migration:
    def migrate(database: Path) -> None:
        rebuild(database, table, old, new)
        run(database, *then)

    return migrate


def _altered(*statements: str) -> Migration:
    return lambda database: run(database, *statements)


def _other_keys(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA legacy_alter_table = ON; CREATE TABLE t2 AS SELECT * FROM task_dependencies;"
            "DROP TABLE task_dependencies; ALTER TABLE t2 RENAME TO task_dependencies;"
            "INSERT INTO task_dependencies SELECT * FROM task_dependencies LIMIT 1"
        )


MIGRATIONS: dict[str, Migration] = {
    "a title may be missing": _rebuilt(
        "threads", '"title" varchar NOT NULL', '"title" varchar', "UPDATE threads SET title = NULL WHERE rowid = 1"
    ),
    "a task's title may be missing": _rebuilt(
        "tasks", '"title" varchar NOT NULL', '"title" varchar', "UPDATE tasks SET title = NULL WHERE rowid = 2"
    ),
    "a column of threads is gone": _altered("ALTER TABLE threads DROP COLUMN title"),
    "a column of suggestions is gone": _altered("ALTER TABLE ai_suggestions DROP COLUMN description"),
    "task lists have no default": _altered(
        "DROP INDEX IF EXISTS idx_task_lists_default_unique_partial",
        "ALTER TABLE task_lists DROP COLUMN is_default",
    ),
    "task lists have another word for their name": _altered("ALTER TABLE task_lists RENAME COLUMN name TO label"),
    "a column of threads has another name": _altered("ALTER TABLE threads RENAME COLUMN title TO heading"),
    "a column of tasks has another name": _altered("ALTER TABLE tasks RENAME COLUMN description TO body"),
    "a column in other letters": _altered("ALTER TABLE tasks RENAME COLUMN project_id TO Project_ID"),
    "a required column in other letters": _altered("ALTER TABLE tasks RENAME COLUMN status TO Status"),
    "a key in other letters": _altered("ALTER TABLE tasks RENAME COLUMN id TO ID"),
    "a table in other letters": _altered("ALTER TABLE threads RENAME TO t", "ALTER TABLE t RENAME TO Threads"),
    "a table of the contract in other letters": _altered(
        "ALTER TABLE tasks RENAME TO t", "ALTER TABLE t RENAME TO Tasks"
    ),
    "a number that is text": _rebuilt(
        "tasks", '"priority" integer', '"priority" text', "UPDATE tasks SET priority = '01' WHERE rowid < 4"
    ),
    "text that is a number": _rebuilt(
        "threads", '"title" varchar NOT NULL', '"title" double', "UPDATE threads SET title = 0.1 + 0.2"
    ),
    "a column that takes all": _rebuilt(
        "tasks", '"description" text', '"description"',
        "UPDATE tasks SET description = 0.1 + 0.2 WHERE rowid = 1",
        "UPDATE tasks SET description = '007' WHERE rowid = 2",
        "UPDATE tasks SET description = 7 WHERE rowid = 3",
    ),
    "dependencies without a key": _other_keys,
    "a further table in a key of its own case": _altered(
        "CREATE TABLE Labels (Id TEXT PRIMARY KEY, Task_Id TEXT REFERENCES TASKS(ID) ON DELETE CASCADE)",
        "INSERT INTO Labels SELECT 'l', id FROM tasks LIMIT 1",
    ),
    "a reference without regard to case": _altered(
        "CREATE TABLE label (id TEXT PRIMARY KEY COLLATE NOCASE)",
        "CREATE TABLE labelled (id TEXT PRIMARY KEY, label TEXT REFERENCES label(id))",
        "INSERT INTO label VALUES ('Blue')",
        "INSERT INTO labelled VALUES ('x', 'bLUE')",
    ),
    "a reference to a number by text": _altered(
        "CREATE TABLE label (id INTEGER PRIMARY KEY)",
        "CREATE TABLE labelled (id TEXT PRIMARY KEY, label TEXT REFERENCES label(id))",
        "INSERT INTO label VALUES (1)",
        "INSERT INTO labelled VALUES ('x', '1')",
    ),
    "an undeclared reference": _altered(
        "DELETE FROM focus_sessions",
        "CREATE TABLE f2 AS SELECT * FROM focus_sessions",
        "DROP TABLE focus_sessions",
        "ALTER TABLE f2 RENAME TO focus_sessions",
        "INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('f', 'nobody', 5)",
    ),
    "odd names of migrations": _altered(
        "CREATE TABLE s2 (version, applied_at)",
        "DROP TABLE seaql_migrations",
        "ALTER TABLE s2 RENAME TO seaql_migrations",
        "INSERT INTO seaql_migrations VALUES (NULL, 1), (7, NULL), (CAST(x'ff61' AS TEXT), 'x')",
        "INSERT INTO seaql_migrations VALUES (x'00', 2.5), (0.5, 1)",
    ),
    "migrations without versions": _altered("ALTER TABLE seaql_migrations RENAME COLUMN version TO name"),
    "migrations in other letters": _altered("ALTER TABLE seaql_migrations RENAME COLUMN version TO Version"),
}  # fmt: skip


@pytest.fixture(params=MIGRATIONS)
def newer(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    database = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "newer")
    MIGRATIONS[request.param](database)
    return database


@pytest.mark.slow(but=2)
def test_a_backup_of_a_newer_database_is_valid_and_changes_nothing_where_it_came_from(
    newer: Path, tmp_path: Path
) -> None:
    before = contents(newer)
    archive = tmp_path / "b.kpbackup"
    export(newer, archive)
    verdict = validate(newer, archive)
    assert (verdict.is_valid, verdict.errors) == (True, [])
    for overwrite in (True, False):
        assert not any(account.changes for account in preview(newer, archive, overwrite).tables.values())
        bring_in(newer, archive, overwrite)
    assert_same_contents(contents(newer), before)


@pytest.mark.slow(but=2)
def test_a_newer_database_comes_back_whole_into_an_emptied_one(newer: Path, tmp_path: Path) -> None:
    before = contents(newer)
    archive = tmp_path / "b.kpbackup"
    export(newer, archive)
    with closing(sqlite3.connect(newer, isolation_level=None)) as connection:
        for table in before:
            connection.execute(f'DELETE FROM "{table}"')
    result = bring_in(newer, archive)
    assert not any("changes" in line for line in result.warnings)
    assert_same_contents(contents(newer), before)


@pytest.mark.slow(but=1)
def test_an_import_over_a_newer_database_is_undone_to_the_last_byte(newer: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.kpbackup"
    export(newer, archive)
    run(newer, f"UPDATE {_tasks(newer)} SET title = 'changed'", "DELETE FROM time_sessions WHERE rowid > 2")
    before = contents(newer)
    assert bring_in(newer, archive).safety_copy
    preview_undo(places_of(newer), Progress())
    undo_last_import(places_of(newer), Progress())
    assert_same_contents(contents(newer), before)


@pytest.mark.slow(but=2)
def test_an_import_of_an_older_backup_over_a_newer_database_is_undone_to_the_last_byte(newer: Path) -> None:
    before = contents(newer)
    if "label" in dict(query(newer, "SELECT name, 1 FROM pragma_table_info('task_lists')")):
        # Lists that the backup does not carry cannot be made again without a name.
        with pytest.raises(InvalidBackup):
            bring_in(newer, OTHER)
    else:
        assert bring_in(newer, OTHER, allow_loss=True).safety_copy
        undo_last_import(places_of(newer), Progress())
    assert_same_contents(contents(newer), before)


def _tasks(database: Path) -> str:
    return quoted(value(database, "SELECT name FROM sqlite_master WHERE lower(name) = 'tasks'"))


def test_text_that_a_column_would_turn_into_another_number_is_refused_or_told(tmp_path: Path) -> None:
    newer, older = (copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / name) for name in ("newer", "older"))
    rebuild(newer, "tasks", '"priority" integer', '"priority" text')
    run(newer, "UPDATE tasks SET priority = '2'", "UPDATE tasks SET priority = '007' WHERE rowid = 1")
    archive = tmp_path / "b.kpbackup"
    export(newer, archive)
    before = contents(older)
    with pytest.raises(WouldLoseData, match=r"tasks\.priority \(1 value "):
        bring_in(older, archive)
    assert_same_contents(contents(older), before)
    result = bring_in(older, archive, allow_loss=True)
    assert [line for line in result.warnings if "tasks.priority" in line]
    assert query(older, "SELECT DISTINCT typeof(priority), priority FROM tasks ORDER BY 2") == [
        ("integer", 2),
        ("integer", 7),
    ]
    assert not any(account.changes for account in preview(older, archive, allow_loss=True).tables.values())


def test_digits_that_a_text_column_would_drop_are_refused(tmp_path: Path) -> None:
    newer, older = (copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / name) for name in ("newer", "older"))
    rebuild(newer, "threads", '"title" varchar NOT NULL', '"title" double')
    run(newer, "UPDATE threads SET title = 0.5")
    archive = tmp_path / "b.kpbackup"
    export(newer, archive)
    assert any(" the same" in line and " stored as this" in line for line in preview(older, archive).warnings)
    run(newer, "UPDATE threads SET title = 0.1 + 0.2 WHERE rowid = 1")
    export(newer, archive)
    with pytest.raises(WouldLoseData, match=r"threads\.title"):
        preview(older, archive)


def test_a_backup_whose_manifest_holds_odd_migrations_is_read(tmp_path: Path) -> None:
    """As earlier versions wrote them."""
    database = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")
    archive = tmp_path / "b.kpbackup"
    export(database, archive)
    entries = entries_of(archive)
    manifest = json.loads(entries["manifest.json"])
    manifest["migrations"] = [None, 7, 0.5, "m1"]
    write(archive, entries | {"manifest.json": json.dumps(manifest).encode()})
    assert validate(database, archive).is_valid


def test_a_backup_whose_manifest_says_nothing_of_constraints_is_held_to_the_target_alone(tmp_path: Path) -> None:
    """As earlier versions wrote them."""
    database = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")
    MIGRATIONS["a title may be missing"](database)
    archive = tmp_path / "b.kpbackup"
    export(database, archive)
    entries = entries_of(archive)
    manifest = json.loads(entries["manifest.json"])
    assert manifest["tables"]["threads"]["references"]["assignment_task_id"] == ["tasks", "id"]
    for table in manifest["tables"].values():
        for key in ("not_null", "unique", "references"):
            table.pop(key, None)
    write(archive, entries | {"manifest.json": json.dumps(manifest).encode()})
    before = contents(database)
    assert validate(database, archive).is_valid
    execute(database, "UPDATE threads SET title = 'changed'")
    bring_in(database, archive)
    assert_same_contents(contents(database), before)
    assert value(database, "SELECT count(*) FROM threads WHERE title IS NULL") == 1


@pytest.mark.parametrize("overwrite", [True, False])
def test_an_order_that_only_a_newer_kirapilot_knows_hinders_no_import_of_other_tables(
    tmp_path: Path, overwrite: bool
) -> None:
    device = fresh(tmp_path)
    with closing(sqlite3.connect(device)) as connection, connection:
        connection.create_collation("by their language", lambda one, other: (one > other) - (one < other))
        connection.execute('CREATE TABLE notes (id TEXT PRIMARY KEY, note TEXT COLLATE "by their language")')
        connection.execute("CREATE INDEX notes_in_order ON notes (note)")
        connection.execute("INSERT INTO notes VALUES ('a', 'b'), ('b', 'a')")
    before = contents(device)
    restore(device, DATA / f"{THIRD}.kpbackup", overwrite)
    after = contents(device)
    assert after["tasks"] != before["tasks"]
    assert after["notes"] == before["notes"]
    undo_last_import(places_of(device), Progress())
    assert_same_contents(contents(device), before)


@pytest.mark.parametrize("kept", ["", "WITHOUT ROWID"])
def test_a_key_in_an_order_that_only_a_newer_kirapilot_knows_is_met_before_an_import_that_could_not_be_undone(
    tmp_path: Path, kept: str
) -> None:
    device = fresh(tmp_path)
    with closing(sqlite3.connect(device)) as connection, connection:
        connection.create_collation("by their language", lambda one, other: (one > other) - (one < other))
        connection.execute(f'CREATE TABLE notes (id TEXT COLLATE "by their language" PRIMARY KEY, note TEXT) {kept}')
        connection.execute("INSERT INTO notes VALUES ('a', 'b'), ('b', 'a')")
    before = device.read_bytes()
    for job, overwrite in product((preview, bring_in), (True, False)):
        with pytest.raises(UnknownSchema, match="by their language"):
            job(device, DATA / f"{THIRD}.kpbackup", overwrite)
    assert device.read_bytes() == before
    if not kept:
        backup(device, tmp_path / "b.kpbackup")
