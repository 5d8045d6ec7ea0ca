"""Triggers of the database that stand in an import's way: each is told of by the preview as by the import."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import RowsRefused
from sidecar.errors.databases import UnknownSchema
from sidecar.errors.jobs import AccountingMismatch
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import (
    Contents,
    assert_same_contents,
    bring_in,
    contents,
    copy_of,
    execute,
    export,
    fresh,
    insert,
    places_of,
    preview,
    query,
    value,
)
from tests.support.newer import rebuild, run
from tests.support.refusing import backup_of, both_refuse
from tests.support.shipped import shipped_archive, task

OBJECTING = {
    "BEFORE DELETE ON tasks": "that rows of tasks are removed (not so)",
    "BEFORE UPDATE ON threads": "the backup (not so), of threads",
}


@pytest.mark.parametrize("event", OBJECTING)
def test_a_trigger_that_keeps_rows_from_going_or_changing_is_no_damage(tmp_path: Path, event: str) -> None:
    archive = backup_of(tmp_path)
    device = copy_of(tmp_path / "source" / "copy.db", tmp_path / "device")
    insert(device, "tasks", id="own", title="own")
    insert(device, "threads", id="own", title="own", assignment_task_id="own")
    run(device, f"CREATE TRIGGER guard {event} BEGIN SELECT RAISE(ABORT, 'not so'); END")
    if "UPDATE" in event:
        other = copy_of(tmp_path / "source" / "copy.db", tmp_path / "other")
        execute(other, "UPDATE threads SET title = 'another'")
        export(other, archive)
    refused = both_refuse(device, archive, True, RowsRefused)
    assert OBJECTING[event] in refused.message
    assert (refused.kind, refused.exit_code) == ("invalid_backup", 25)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("event", ["BEFORE INSERT", "AFTER INSERT", "AFTER UPDATE"])
@pytest.mark.parametrize("ending", ["ABORT", "FAIL", "ROLLBACK"])
def test_a_trigger_s_own_words_are_told_however_it_ends_what_it_refuses(
    ending: str, event: str, tmp_path: Path
) -> None:
    """FAIL keeps the rows that came before; after ROLLBACK there is no transaction, and a row tried would stay."""
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    if event == "AFTER UPDATE":
        bring_in(device, archive)
        execute(device, "UPDATE tasks SET description = 'another'")
    last = "SELECT {} FROM tasks ORDER BY rowid DESC LIMIT 1"
    row_id, title = (value(tmp_path / "source" / "copy.db", last.format(column)) for column in ("id", "title"))
    run(
        device,
        f"CREATE TRIGGER guard {event} ON tasks WHEN new.title = '{title}' BEGIN SELECT RAISE({ending}, 'not so'); END",
    )
    refused = both_refuse(device, archive, True, RowsRefused)
    named = "rows of the backup (not so), of tasks."
    named = f"a row of the backup (not so), of tasks: {row_id}." if ending != "ROLLBACK" else named
    assert f"refuses {named}" in refused.message


@pytest.mark.parametrize("ending", ["FAIL", "ROLLBACK"])
def test_a_rule_of_a_table_s_own_is_told_however_it_ends_what_it_refuses(ending: str, tmp_path: Path) -> None:
    archive = backup_of(tmp_path, "UPDATE tasks SET description = 'twins' WHERE rowid > 9")
    device = fresh(tmp_path)
    rebuild(device, "tasks", '"description" text', f'"description" text UNIQUE ON CONFLICT {ending}')
    assert "UNIQUE constraint failed: tasks.description" in both_refuse(device, archive, True, RowsRefused).message


def test_a_trigger_that_speaks_of_what_is_not_there_is_no_damage(tmp_path: Path) -> None:
    """SQLite says "no such table": nothing is wrong with the file, and no restore would mend it."""
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    run(device, "CREATE TRIGGER found AFTER INSERT ON tasks BEGIN INSERT INTO found_texts VALUES (new.title); END")
    refused = both_refuse(device, archive, True, UnknownSchema)
    assert "no such table: main.found_texts" in refused.message
    assert "latest backup" not in refused.message


DIARY = ("CREATE TABLE diary (id INTEGER PRIMARY KEY, what TEXT)", "INSERT INTO diary VALUES (1, 'kept')")

WRITING = {
    "changes the row that was just added": (
        "AFTER INSERT ON tasks BEGIN UPDATE tasks SET title = 'X' WHERE id = NEW.id; END"
    ),
    "changes the row that was just updated": (
        "AFTER UPDATE OF title ON tasks BEGIN UPDATE tasks SET priority = 9 WHERE id = NEW.id; END"
    ),
    "changes a row that stays": "AFTER INSERT ON tasks BEGIN UPDATE diary SET what = 'changed'; END",
    "changes a row where another goes": "AFTER DELETE ON tasks BEGIN UPDATE diary SET what = 'changed'; END",
    "adds a row elsewhere": "AFTER INSERT ON tasks BEGIN INSERT INTO diary (what) VALUES ('new'); END",
    "removes a row elsewhere": "AFTER UPDATE ON tasks BEGIN DELETE FROM diary; END",
    "removes one row and adds another": (
        "AFTER INSERT ON tasks BEGIN DELETE FROM diary; INSERT INTO diary VALUES (2, 'instead'); END"
    ),
    "sets a time": "AFTER UPDATE ON tasks BEGIN UPDATE tasks SET updated_at = 'now' WHERE id = NEW.id; END",
}


def _schema(database: Path) -> list[tuple[object, ...]]:
    return query(database, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("trigger", WRITING.values(), ids=[name.replace(" ", "-") for name in WRITING])
def test_a_trigger_that_writes_what_the_backup_does_not_say_is_not_run_and_named(
    trigger: str, overwrite: bool, tmp_path: Path
) -> None:
    """What comes of it is what comes of it without the trigger, which is there again, to the letter."""
    rows = "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('b', 'B'), ('gone', 'G')"
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b", title="B2"), task("c")])
    device = fresh(tmp_path)
    # The rows are of one moment in both.
    run(device, rows, *DIARY)
    without = copy_of(device, tmp_path / "without")
    run(device, f"CREATE TRIGGER meddling  {trigger}")
    schema = _schema(device)
    right = bring_in(without, archive, overwrite)
    foreseen, result = preview(device, archive, overwrite), bring_in(device, archive, overwrite)
    assert right.tables == foreseen.tables == result.tables
    assert contents(device) == contents(without)
    assert _schema(device) == schema
    told = [line for line in result.warnings if "not run" in line]
    assert told == [line for line in foreseen.warnings if "not run" in line]
    # Of a merge, some have nothing to do.
    assert (not told and not overwrite) or told[0].endswith("(meddling)")


def _rows(database: Path) -> Contents:
    """All but what a search index keeps for itself."""
    return {name: rows for name, rows in contents(database).items() if not name.startswith("found")}


def test_triggers_that_log_and_touch_give_way_where_one_that_keeps_a_search_index_goes_on(tmp_path: Path) -> None:
    source = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source")
    run(
        source,
        "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT)",
        "CREATE VIRTUAL TABLE found USING fts5(title, content='tasks', content_rowid='rowid')",
        "CREATE TRIGGER indexed AFTER INSERT ON tasks BEGIN"
        " INSERT INTO found (rowid, title) VALUES (new.rowid, new.title); END",
        "CREATE TRIGGER unindexed AFTER DELETE ON tasks BEGIN"
        " INSERT INTO found (found, rowid, title) VALUES ('delete', old.rowid, old.title); END",
        "CREATE TRIGGER reindexed AFTER UPDATE OF title ON tasks BEGIN"
        " INSERT INTO found (found, rowid, title) VALUES ('delete', old.rowid, old.title);"
        " INSERT INTO found (rowid, title) VALUES (new.rowid, new.title); END",
        "CREATE TRIGGER logged AFTER INSERT ON tasks BEGIN INSERT INTO log (what) VALUES (new.title); END",
        "CREATE TRIGGER unlogged AFTER DELETE ON tasks BEGIN INSERT INTO log (what) VALUES (old.title); END",
        "CREATE TRIGGER touched AFTER UPDATE ON tasks BEGIN UPDATE tasks SET updated_at = 'now' WHERE id = new.id; END",
        "INSERT INTO log (what) SELECT title FROM tasks",
        "INSERT INTO found (found) VALUES ('rebuild')",
        "INSERT INTO tasks (id, title) VALUES ('needle', 'Needle')",
    )
    archive = tmp_path / "b.kpbackup"
    export(source, archive)
    device = copy_of(source, tmp_path / "device")
    run(device, "DELETE FROM tasks WHERE id = 'needle'", "UPDATE tasks SET title = 'other' WHERE rowid < 3")
    insert(device, "tasks", id="own", title="own")
    there, schema = _rows(device), _schema(device)
    foreseen, result = preview(device, archive), bring_in(device, archive)
    assert foreseen.tables == result.tables
    for told in (foreseen.warnings, result.warnings):
        assert any("3 triggers of the database are not run" in line and "(logged, " in line for line in told)
    assert_same_contents(_rows(device), _rows(source))
    assert _schema(device) == schema
    assert query(device, "SELECT title FROM found WHERE found MATCH 'needle'") == [("Needle",)]
    run(device, "INSERT INTO found (found) VALUES ('integrity-check')")
    undo_last_import(places_of(device), Progress())
    assert_same_contents(_rows(device), there)


def test_a_trigger_that_refuses_goes_on_refusing_beside_one_that_logs(tmp_path: Path) -> None:
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    run(
        device,
        *DIARY,
        "CREATE TRIGGER logged BEFORE INSERT ON tasks BEGIN INSERT INTO diary (what) VALUES (new.title); END",
        "CREATE TRIGGER guard AFTER INSERT ON tasks WHEN new.title <> '' BEGIN SELECT RAISE(ABORT, 'not so'); END",
    )
    schema = _schema(device)
    assert "12 rows of the backup (not so)" in both_refuse(device, archive, True, RowsRefused).message
    assert _schema(device) == schema


def test_a_trigger_that_logs_and_refuses_is_heeded(tmp_path: Path) -> None:
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    run(
        device,
        *DIARY,
        "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN"
        " SELECT RAISE(ABORT, 'not so') WHERE new.title = 'z'; INSERT INTO diary (what) VALUES ('more'); END",
    )
    assert "rows: t" in both_refuse(device, archive, True, AccountingMismatch).message
