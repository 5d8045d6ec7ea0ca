"""Whatever a live database holds comes back row by row, byte by byte: on a new device, and on its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.databases import BeyondFormat
from sidecar.results import COUNT_OF
from tests.conftest import REAL, THIRD, Copy
from tests.support.archives import entries_of
from tests.support.databases import (
    assert_nothing_changes,
    assert_same,
    backup,
    copy_of,
    counts,
    emptied,
    execute,
    export,
    fresh,
    query,
    restore,
    validate,
    value,
)
from tests.support.shipped import entry


def test_a_backup_restores_on_a_new_device_though_a_periodic_template_belongs_to_a_task_list(
    database_copy: Copy, tmp_path: Path
) -> None:
    source, device = database_copy(THIRD), fresh(tmp_path)
    assert value(source, "SELECT count(*) FROM periodic_task_templates WHERE task_list_id IS NOT NULL")
    restore(device, backup(source, tmp_path / "own.kpbackup"))
    assert_same(source, device)


def test_a_backup_of_the_shipped_app_restores_on_a_new_device_though_it_carries_no_task_lists(
    real_files: Path, tmp_path: Path
) -> None:
    source, device = real_files / f"{THIRD}.db", fresh(tmp_path)
    result = restore(device, real_files / f"{THIRD}.kpbackup")
    assert counts(device)["tasks"] == 30
    grouping = "SELECT id, task_list_id FROM {} ORDER BY id"
    for table in ("tasks", "periodic_task_templates"):
        assert query(device, grouping.format(table)) == query(source, grouping.format(table))
    assert result.tables["task_lists"].repaired == 5
    restored = {name for (name,) in query(device, "SELECT name FROM task_lists")}
    assert restored == {"Default", *(f"Restored list {number}" for number in range(1, 6))}
    assert query(device, "PRAGMA foreign_key_check") == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", REAL)
def test_every_real_database_comes_back_on_a_new_device(database_copy: Copy, tmp_path: Path, name: str) -> None:
    source, device = database_copy(name), emptied(database_copy(name))
    restore(device, backup(source, tmp_path / "own.kpbackup"))
    assert_same(source, device)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", REAL)
def test_every_real_database_comes_back_by_way_of_the_newest_generation(
    database_copy: Copy, tmp_path: Path, name: str
) -> None:
    source, newest = database_copy(name), fresh(tmp_path)
    restore(newest, backup(source, tmp_path / "own.kpbackup"))
    again = emptied(copy_of(source, tmp_path / "again"))
    # What a new device has of its own and an old one no place for is left out.
    restore(again, backup(newest, tmp_path / "newest.kpbackup"), allow_loss=True)
    assert_same(source, again)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_backup_changes_nothing_on_the_device_it_came_from(
    database_copy: Copy, tmp_path: Path, name: str, overwrite: bool
) -> None:
    device = database_copy(name)
    before = copy_of(device, tmp_path / "before")
    assert_nothing_changes(restore(device, backup(device, tmp_path / "own.kpbackup"), overwrite))
    assert_same(before, device, ignored=())


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", REAL)
def test_a_backup_brings_back_what_was_changed_since(database_copy: Copy, tmp_path: Path, name: str) -> None:
    device = database_copy(name)
    before = copy_of(device, tmp_path / "before")
    archive = backup(device, tmp_path / "own.kpbackup")
    execute(
        device,
        "PRAGMA foreign_keys = ON",
        "UPDATE tasks SET title = 'changed', created_at = NULL WHERE rowid % 3 = 0",
        "DELETE FROM tasks WHERE rowid % 3 = 1",
        "DELETE FROM ai_interactions",
        "INSERT INTO tasks (id, title) VALUES ('new', 'New')",
        "INSERT INTO time_sessions (id, task_id, start_time) VALUES ('new', 'new', '2026-01-01 00:00:00')",
        "INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('new', 'new', 25)",
        "UPDATE productivity_patterns SET sample_size = 99",
    )
    result = restore(device, archive)
    assert result.tables["tasks"].updated
    assert result.tables["focus_sessions"].removed == 1
    assert_same(before, device, ignored=())


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", REAL)
def test_an_export_of_an_import_says_what_the_first_export_said(database_copy: Copy, tmp_path: Path, name: str) -> None:
    source, device = database_copy(name), emptied(database_copy(name))
    first, second = backup(source, tmp_path / "first.kpbackup"), tmp_path / "second.kpbackup"
    restore(device, first)
    export(device, second)
    differing = {"metadata.json", "data.json", "manifest.json"}
    ours, theirs = entries_of(first), entries_of(second)
    assert ours.keys() == theirs.keys()
    for entry_name in ours.keys() - differing:
        assert sorted(map(str, entry(first, entry_name))) == sorted(map(str, entry(second, entry_name)))
    for entry_name in differing - {"manifest.json"}:
        assert _without_time(entry(first, entry_name)) == _without_time(entry(second, entry_name))


@pytest.mark.parametrize("name", REAL)
def test_all_eight_entries_of_the_format_are_there_and_agree(database_copy: Copy, tmp_path: Path, name: str) -> None:
    archive = backup(database_copy(name), tmp_path / "own.kpbackup")
    data, metadata = entry(archive, "data.json"), entry(archive, "metadata.json")
    assert metadata.keys() == {"version", "created_at", *COUNT_OF.values()}
    assert list(data) == ["version", "created_at", *COUNT_OF, "settings"]
    assert (data["version"], data["created_at"]) == (metadata["version"], metadata["created_at"])
    for table, count in COUNT_OF.items():
        assert entry(archive, f"{table}.json") == data[table]
        assert len(data[table]) == metadata[count]
    assert entry(archive, "settings.json") == data["settings"]


@pytest.mark.parametrize("name", REAL)
def test_neither_export_nor_validation_nor_preview_writes_to_the_database(
    database_copy: Copy, tmp_path: Path, name: str
) -> None:
    device = database_copy(name)
    before = device.read_bytes()
    export(device, tmp_path / "own.kpbackup")
    validate(device, tmp_path / "own.kpbackup")
    assert device.read_bytes() == before


def test_an_import_leaves_schema_and_settings_of_the_database_as_they_were(database_copy: Copy, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    pragmas = ("journal_mode", "page_size", "encoding", "user_version", "auto_vacuum", "application_id")
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    settings = [value(device, f"PRAGMA {name}") for name in pragmas]
    before = query(device, schema), query(device, "SELECT * FROM seaql_migrations")
    restore(device, backup(database_copy(THIRD), tmp_path / "own.kpbackup"))
    assert (query(device, schema), query(device, "SELECT * FROM seaql_migrations")) == before
    assert [value(device, f"PRAGMA {name}") for name in pragmas] == settings
    assert value(device, "PRAGMA integrity_check") == "ok"


def _without_time(document: dict[str, object]) -> dict[str, object]:
    return {
        key: sorted(map(str, part)) if isinstance(part, list) else part
        for key, part in document.items()
        if key != "created_at"
    }


@pytest.mark.slow
def test_a_row_that_no_import_would_read_is_refused_by_the_export(database_copy: Copy, tmp_path: Path) -> None:
    device = database_copy(THIRD)
    execute(device, "INSERT INTO tasks (id, title, description) VALUES ('a', 'Long', hex(zeroblob(35000000)))")
    found = r"Task a takes 70,000,\d{3} bytes, 70,000,000 of them in description; 67,108,864 at most"
    with pytest.raises(BeyondFormat, match=found):
        export(device, tmp_path / "b.kpbackup")
    assert not (tmp_path / "b.kpbackup").exists()


@pytest.mark.slow
def test_a_value_of_bytes_that_no_import_would_read_is_refused_by_the_export(
    database_copy: Copy, tmp_path: Path
) -> None:
    device = database_copy(THIRD)
    execute(device, "INSERT INTO tasks (id, title) VALUES ('a', zeroblob(60000000))")
    with pytest.raises(BeyondFormat, match=r"Task a has 60,000,000 bytes in title, which take"):
        export(device, tmp_path / "b.kpbackup")


def test_more_columns_than_an_import_would_read_are_refused_by_the_export(database_copy: Copy, tmp_path: Path) -> None:
    device = database_copy(THIRD)
    execute(device, f"CREATE TABLE wide ({', '.join(f'c{index}' for index in range(600))})")
    with pytest.raises(BeyondFormat, match="wide has 600 columns"):
        export(device, tmp_path / "b.kpbackup")
