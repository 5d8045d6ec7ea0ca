"""Databases with more, or with fewer, tables and columns than the backup: what stays, and what has no place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import WouldLoseData
from tests.conftest import FIRST, THIRD, Copy
from tests.support.databases import (
    assert_same_contents,
    backup,
    contents,
    copy_of,
    execute,
    fresh,
    preview,
    query,
    restore,
    validate,
    value,
)
from tests.support.shipped import tampered


def test_a_device_without_the_table_refuses_rows_it_has_no_place_for(database_copy: Copy, tmp_path: Path) -> None:
    archive, device = backup(database_copy(THIRD), tmp_path / "b.kpbackup"), database_copy(FIRST)
    before = device.read_bytes()
    for overwrite in (True, False):
        with pytest.raises(WouldLoseData) as refused:
            preview(device, archive, overwrite)
        assert "threads" in refused.value.message
        assert "tasks.task_list_id" in refused.value.message
        with pytest.raises(WouldLoseData):
            restore(device, archive, overwrite)
    assert device.read_bytes() == before


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_loss_that_is_allowed_is_counted_and_told(database_copy: Copy, tmp_path: Path, overwrite: bool) -> None:
    archive, device = backup(database_copy(THIRD), tmp_path / "b.kpbackup"), database_copy(FIRST)
    result = restore(device, archive, overwrite, allow_loss=True)
    assert result.tables["threads"].left_out == {"no_such_table": 3}
    assert result.tables["threads"].read == 3
    assert any("tasks.task_list_id (" in warning for warning in result.warnings)
    assert any("threads" in warning for warning in result.warnings)


def test_nothing_is_lost_where_what_has_no_place_says_no_more_than_a_default(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    execute(source, "INSERT INTO tasks (id, title) VALUES ('a', 'A')", "CREATE TABLE empty (id INTEGER PRIMARY KEY)")
    for column in ("order_num", "generation_date"):
        execute(device, f"ALTER TABLE tasks DROP COLUMN {column}")
    result = restore(device, backup(source, tmp_path / "b.kpbackup"))
    assert query(device, "SELECT id FROM tasks") == [("a",)]
    assert not any("no place" in warning for warning in result.warnings)


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_newer_database_keeps_the_columns_and_tables_the_backup_has_never_heard_of(
    database_copy: Copy, tmp_path: Path, overwrite: bool
) -> None:
    device = database_copy(THIRD)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(
        device,
        "ALTER TABLE tasks ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",
        "UPDATE tasks SET colour = 'red ' || rowid, title = 'changed'",
        "CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE)",
        "INSERT INTO labels SELECT 'label ' || id, id FROM tasks",
        "INSERT INTO tasks (id, title) VALUES ('new', 'New')",
        "INSERT INTO labels VALUES ('new', 'new'), ('loose', NULL)",
    )
    before = query(device, "SELECT id, colour FROM tasks WHERE id != 'new' ORDER BY id")
    labels = query(device, "SELECT * FROM labels WHERE id != 'new' ORDER BY id")
    result = restore(device, archive, overwrite)
    assert query(device, "SELECT id, colour FROM tasks WHERE id != 'new' ORDER BY id") == before
    assert query(device, "SELECT * FROM labels WHERE id != 'new' ORDER BY id") == labels
    assert (result.tables["labels"].removed, result.tables["labels"].kept) == ((1, 31) if overwrite else (0, 32))


def test_a_backup_of_a_newer_database_brings_its_tables_and_columns_where_there_is_a_place(tmp_path: Path) -> None:
    newer = (
        "ALTER TABLE tasks ADD COLUMN colour TEXT DEFAULT 'grey'",
        "CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE)",
    )
    source, device, older = (fresh(tmp_path, f"{name}.db") for name in ("source", "device", "older"))
    execute(source, *newer, "INSERT INTO tasks (id, title, colour) VALUES ('a', 'A', 'red')")
    execute(source, "INSERT INTO labels VALUES ('l', 'a')")
    execute(device, *newer)
    archive = backup(source, tmp_path / "b.kpbackup")
    warnings = "\n".join(validate(device, archive).warnings)
    assert "holds labels, which this KiraPilot does not know" in warnings
    assert "holds tasks.colour, which this KiraPilot does not know" in warnings
    restore(device, archive)
    assert_same_contents(contents(source), contents(device))
    with pytest.raises(WouldLoseData):
        restore(older, archive)
    result = restore(older, archive, allow_loss=True)
    assert result.tables["labels"].left_out == {"no_such_table": 1}
    assert query(older, "SELECT id FROM tasks") == [("a",)]


def test_migrations_are_never_restored(tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "source.db"), fresh(tmp_path, "device.db")
    execute(source, "INSERT INTO seaql_migrations VALUES ('m_of_tomorrow', 1)")

    def claim_rows(entries: dict[str, object]) -> None:
        entries["seaql_migrations.json"] = [{"version": "m_of_a_forger", "applied_at": 1}]

    archive = backup(source, tmp_path / "b.kpbackup")
    for each in (archive, tampered(archive, tmp_path / "forged.kpbackup", claim_rows, sealed=True)):
        restore(device, each)
        assert value(device, "SELECT count(*) FROM seaql_migrations") == 19
        copy_of(device, tmp_path / "copy")
