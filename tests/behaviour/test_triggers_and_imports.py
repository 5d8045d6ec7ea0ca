"""Triggers of the database that stand in an import's way: each is told of by the preview as by the import."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import RowsRefused
from sidecar.errors.databases import UnknownSchema
from sidecar.errors.jobs import AccountingMismatch
from tests.support.databases import bring_in, copy_of, execute, export, fresh, insert, value
from tests.support.newer import rebuild, run
from tests.support.refusing import backup_of, both_refuse

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


def test_a_trigger_that_writes_into_an_ordinary_table_is_told_of_by_the_preview(tmp_path: Path) -> None:
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    run(device, "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN UPDATE tasks SET title = title WHERE id = new.id; END")
    assert "rows: t" in both_refuse(device, archive, True, AccountingMismatch).message
