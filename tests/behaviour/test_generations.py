"""Backups of the shipped app, of all three generations: read on any device, nothing of them lost."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from sidecar.results import COUNT_OF
from tests.conftest import FIRST, REAL, SECOND, THIRD, Copy
from tests.support.databases import (
    Cell,
    assert_nothing_changes,
    backup,
    cells,
    contents,
    copy_of,
    counts,
    execute,
    fresh,
    query,
    restore,
    validate,
    value,
)
from tests.support.shipped import entry


def spoken_of(archive: Path) -> dict[str, list[str]]:
    """Table -> the columns that a shipped backup speaks of."""
    data = entry(archive, "data.json")
    return {table: sorted(data[table][0]) for table in COUNT_OF if data.get(table)}


def in_one_form(rows: Counter[tuple[Cell, ...]]) -> Counter[tuple[Cell, ...]]:
    """Rows as the shipped app says them: SQL's own form of a time, and zeros at its end, become the app's."""
    return Counter({tuple(map(_in_one_form, row)): number for row, number in rows.items()})


_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)((?:\.(?:\d{3})*?\d{2}[1-9])?)(?:\.?(?:000)+)?(?:\+00:00)?")


def _in_one_form(cell: Cell) -> Cell:
    storage, stored = cell
    found = _TIME.fullmatch(stored) if isinstance(stored, bytes) else None
    return (storage, b"%bT%b%b+00:00" % found.groups()) if found else cell


@pytest.mark.parametrize("name", REAL)
def test_a_shipped_backup_is_valid_and_its_counts_are_shown(real_files: Path, tmp_path: Path, name: str) -> None:
    verdict = validate(fresh(tmp_path), real_files / f"{name}.kpbackup")
    assert (verdict.is_valid, verdict.errors) == (True, [])
    metadata, held = verdict.metadata, counts(real_files / f"{name}.db")
    assert metadata is not None
    for table, count in COUNT_OF.items():
        assert getattr(metadata, count) == held.get(table, 0)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", REAL)
def test_a_shipped_backup_restores_on_a_new_device(real_files: Path, tmp_path: Path, name: str) -> None:
    archive, source, device = real_files / f"{name}.kpbackup", real_files / f"{name}.db", fresh(tmp_path)
    restore(device, archive)
    for table, columns in spoken_of(archive).items():
        assert cells(device, table, columns) == in_one_form(cells(source, table, columns)), table
    assert query(device, "PRAGMA foreign_key_check") == []


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", REAL)
def test_a_shipped_backup_restores_on_the_device_it_came_from(
    database_copy: Copy, real_files: Path, tmp_path: Path, name: str
) -> None:
    archive, device = real_files / f"{name}.kpbackup", database_copy(name)
    before = copy_of(device, tmp_path / "before")
    restore(device, archive)
    spoken = spoken_of(archive)
    for table, (columns, rows) in contents(before).items():
        kept = in_one_form(rows) if table in spoken else rows
        assert cells(device, table, columns) == kept, table


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", REAL)
def test_restoring_on_the_same_device_keeps_focus_sessions_and_threads_tied_to_their_tasks(
    database_copy: Copy, real_files: Path, name: str
) -> None:
    device = database_copy(name)
    tied = ["SELECT id, task_id FROM focus_sessions ORDER BY id"]
    if name != FIRST:
        tied.append("SELECT id, assignment_task_id FROM threads ORDER BY id")
    before = [query(device, sql) for sql in tied]
    assert all(any(task for _, task in rows) for rows in before)
    restore(device, real_files / f"{name}.kpbackup")
    assert [query(device, sql) for sql in tied] == before


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("overwrite", [True, False])
def test_restoring_a_shipped_backup_twice_changes_nothing_the_second_time(
    real_files: Path, tmp_path: Path, name: str, overwrite: bool
) -> None:
    archive, device = real_files / f"{name}.kpbackup", fresh(tmp_path)
    restore(device, archive, overwrite)
    assert_nothing_changes(restore(device, archive, overwrite))


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_an_older_backup_keeps_the_tables_its_generation_did_not_have(
    database_copy: Copy, real_files: Path, name: str
) -> None:
    device = database_copy(THIRD)
    younger = ("periodic_task_templates", "task_lists", "logging_config", "user_preferences", "ai_suggestions")
    before = {table: contents(device)[table] for table in younger}
    restore(device, real_files / f"{name}.kpbackup")
    after = contents(device)
    for table, rows in before.items():
        # Lists may be made again; none goes.
        assert rows[1] <= after[table][1], table


def test_tasks_of_the_first_generation_go_to_the_default_list(real_files: Path, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    restore(device, real_files / f"{FIRST}.kpbackup")
    default = value(device, "SELECT id FROM task_lists WHERE is_default")
    assert query(device, "SELECT DISTINCT task_list_id FROM tasks") == [(default,)]
    assert value(device, "SELECT count(*) FROM task_lists") == 1


def test_a_column_that_an_older_backup_lacks_keeps_its_value_and_a_new_row_takes_the_default(
    database_copy: Copy, real_files: Path
) -> None:
    device = database_copy(FIRST)
    for column in ("task_list_id varchar", "order_num integer DEFAULT 0", "periodic_template_id varchar"):
        execute(device, f"ALTER TABLE tasks ADD COLUMN {column}")
    execute(
        device,
        "UPDATE tasks SET order_num = 100 + rowid, task_list_id = 'mine', periodic_template_id = 'template'",
        "UPDATE tasks SET title = 'changed' WHERE rowid % 2",
        "DELETE FROM tasks WHERE rowid = 4",
    )
    gone = value(device, "SELECT count(*) FROM tasks")
    restore(device, real_files / f"{FIRST}.kpbackup")
    kept = (
        "SELECT count(*) FROM tasks WHERE order_num > 100 AND task_list_id = 'mine' AND periodic_template_id NOT NULL"
    )
    assert value(device, kept) == gone
    new = "SELECT order_num, task_list_id, periodic_template_id FROM tasks WHERE order_num <= 100"
    assert query(device, new) == [(0, None, None)]


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_database_of_an_older_generation_takes_its_own_shipped_backup_and_ours(
    database_copy: Copy, real_files: Path, tmp_path: Path, name: str
) -> None:
    device = database_copy(name)
    own = backup(device, tmp_path / "own.kpbackup")
    before = contents(device)
    restore(device, real_files / f"{name}.kpbackup")
    restore(device, own)
    assert contents(device) == before
