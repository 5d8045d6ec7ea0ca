"""Parts of databases that are broken, hold odd values, or tables that the code does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.archive.manifest import UNKNOWN_PART
from sidecar.errors.databases import DatabaseDamaged
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.progress import Progress
from sidecar.selection.request import PartToExport
from sidecar.system.paths import Places
from tests.support.databases import altered, copy_of, counts, emptied, query, value
from tests.support.partial_exports import exported


def test_over_a_broken_database_it_is_told_that_there_was_more(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    wreck = b"\0" * 8192
    places.database.write_bytes(wreck)
    result = import_data(places, str(target), True, Progress())
    assert result.rescue is not None
    assert any("holds nothing but that part" in line for line in result.warnings)
    assert result.wreck is not None
    assert Path(result.wreck).read_bytes() == wreck
    assert value(places.database, "SELECT count(*) FROM tasks") == result.task_count


@pytest.mark.slow
def test_rows_that_only_their_bytes_can_tell_come_back_as_they_were(
    places: Places, target: Path, tmp_path: Path
) -> None:
    odd = "INSERT INTO tasks (id, title, description, created_at)"
    altered(places.database, f"{odd} VALUES ('odd', CAST(x'ff41' AS TEXT), x'00', '2026-11-22 16:07:21')")
    exported(places, target, ids=["odd"])
    device = emptied(copy_of(places.database, tmp_path / "device"))
    import_data(Places(device, places.work_dir), str(target), True, Progress())
    columns = "hex(title), typeof(title), hex(description), typeof(description), created_at"
    assert query(device, f"SELECT {columns} FROM tasks") == query(
        places.database, f"SELECT {columns} FROM tasks WHERE id = 'odd'"
    )


@pytest.mark.slow
def test_a_database_with_tables_that_the_code_does_not_know_gives_parts_of_them(places: Places, target: Path) -> None:
    altered(
        places.database,
        "CREATE TABLE notes (place TEXT, part INT, body TEXT, task TEXT REFERENCES tasks(id),"
        " PRIMARY KEY (place, part)) WITHOUT ROWID",
    )
    altered(places.database, "CREATE VIEW shown AS SELECT body FROM notes")
    (task_id,) = query(places.database, "SELECT id FROM tasks LIMIT 1")[0]
    altered(places.database, "INSERT INTO notes VALUES ('a', 2, 'two', NULL), ('a', 1, 'one', ?)", task_id)
    result = exported(places, target, tables=["notes"])
    assert result.tables["notes"] == 2
    assert result.selected is not None
    assert result.selected["tasks"].along >= 1


@pytest.mark.slow
def test_an_index_that_lacks_rows_is_no_ground_to_choose_on(places: Places, target: Path) -> None:
    altered(places.database, "PRAGMA writable_schema = ON")
    with_index = "sqlite_autoindex_tasks_1"
    _unhook(places.database, with_index)
    with pytest.raises(DatabaseDamaged):
        export_data(places, str(target), Progress(), part=PartToExport(tables=["tasks"]))
    assert not target.exists()


def _unhook(database: Path, index: str) -> None:
    """Empty an index, behind SQLite's back."""
    root = value(database, "SELECT rootpage FROM sqlite_master WHERE name = ?", index)
    size = value(database, "PRAGMA page_size")
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x0a" + b"\0\0" + b"\0\0" + size.to_bytes(2, "big") + b"\0")


@pytest.mark.slow
def test_what_is_saved_of_a_damaged_one_is_still_a_part(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks", "time_sessions"])
    whole = target.read_bytes()
    # The directory and the manifest are lost.
    target.write_bytes(whole[: whole.rindex(b"manifest.json", 0, len(whole) - 2_000) - 200])
    before = counts(places.database)
    result = import_data(places, str(target), True, Progress(), salvage=True)
    assert result.partial == UNKNOWN_PART
    assert any("partial" in line for line in result.warnings)
    assert counts(places.database) == before


@pytest.mark.slow
def test_a_part_of_what_can_be_read_of_a_damaged_database_is_saved(places: Places, target: Path) -> None:
    tasks = value(places.database, "SELECT count(*) FROM tasks")
    root = value(places.database, "SELECT rootpage FROM sqlite_master WHERE name = 'ai_interactions'")
    size = value(places.database, "PRAGMA page_size")
    with places.database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(bytes(size))
    part = PartToExport(tables=["tasks"])
    with pytest.raises(DatabaseDamaged):
        export_data(places, str(target), Progress(), part=part)
    assert not target.exists()
    result = export_data(places, str(target), Progress(), salvage=True, part=part)
    assert (result.task_count, result.selected is not None, result.readable is not None) == (tasks, True, True)
    summary = inspect_backup(str(target), Progress(), places)
    assert summary.partial == "type tasks"
    assert any("damaged database" in line for line in summary.warnings)
