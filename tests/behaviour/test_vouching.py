"""No backup is written that an import would refuse, and none of a database that is damaged takes a good one's place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database import integrity
from sidecar.errors.databases import DatabaseDamaged
from sidecar.errors.jobs import NotImportable
from sidecar.export import vouching
from sidecar.export.vouching import INDEX_DAMAGED
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.databases import assert_same_contents, bring_in, contents, copy_of, execute, export, validate, value

GOOD = DATA / f"{THIRD}.kpbackup"

NEW_TASKS = "INSERT INTO tasks (id, title) SELECT 'new' || id, 'new' FROM tasks LIMIT 3"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "backup.kpbackup"
    path.write_bytes(GOOD.read_bytes())
    return path


def behind_indexes(database: Path, table: str, change: str, kept: str = "0") -> None:
    """Carry out ``change`` while SQLite does not know of a table's indexes, but for those ``kept``."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        where = f"tbl_name = '{table}' AND type = 'index' AND NOT ({kept})"
        rows = connection.execute(f"SELECT * FROM sqlite_master WHERE {where}").fetchall()
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        if any(row[4] is None for row in rows):
            bare = made.replace("PRIMARY KEY", "")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (bare, table))
        connection.execute(f"DELETE FROM sqlite_master WHERE {where}")
    execute(database, change)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (made, table))
        connection.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", rows)


DAMAGES = {
    "an index has rows too many": ("tasks", "DELETE FROM tasks WHERE rowid = 2", "0"),
    "an index tells differently": ("tasks", "UPDATE tasks SET id = 'other' WHERE rowid = 2", "0"),
    "a reference tells differently": ("time_sessions", "UPDATE time_sessions SET task_id = 'x' WHERE rowid = 2", "0"),
    "a key is there twice": ("tasks", "INSERT INTO tasks (id, title) SELECT id, 'twin' FROM tasks LIMIT 1", "0"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_whose_rows_are_in_doubt_is_refused_and_the_older_backup_stays(
    device: Path, older: Path, damage: str
) -> None:
    behind_indexes(device, *DAMAGES[damage])
    with pytest.raises(DatabaseDamaged) as refusal:
        export(device, older)
    assert refusal.value.kind == "database_damaged"
    assert older.read_bytes() == GOOD.read_bytes()
    before = device.read_bytes()
    with pytest.raises(DatabaseDamaged):
        bring_in(device, GOOD, overwrite=False)
    assert device.read_bytes() == before


def test_null_in_a_column_that_must_not_be_null_is_damage(device: Path, older: Path) -> None:
    with closing(sqlite3.connect(device, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'threads'").fetchone()
        bare = made.replace('"title" varchar NOT NULL', '"title" varchar')
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'threads'", (bare,))
    execute(device, "UPDATE threads SET title = NULL WHERE rowid = 1")
    with closing(sqlite3.connect(device, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'threads'", (made,))
    with pytest.raises(DatabaseDamaged, match=r"threads\.title"):
        export(device, older)
    assert older.read_bytes() == GOOD.read_bytes()


def test_an_index_that_lacks_rows_is_told_of_and_the_backup_has_them_all(device: Path, tmp_path: Path) -> None:
    behind_indexes(device, "tasks", NEW_TASKS, kept="name LIKE 'sqlite_autoindex%'")
    archive = tmp_path / "b.kpbackup"
    assert INDEX_DAMAGED in export(device, archive).warnings
    assert validate(device, archive).is_valid
    execute(device, "REINDEX")
    before = contents(device)
    assert bring_in(device, archive).safety_copy is None
    assert_same_contents(contents(device), before)


@pytest.mark.parametrize("kept", ["0", "name LIKE 'sqlite_autoindex%'"])
def test_a_replacement_over_a_stale_index_leaves_no_row_that_the_backup_lacks(device: Path, kept: str) -> None:
    behind_indexes(device, "tasks", NEW_TASKS, kept)
    before = device.read_bytes()
    with pytest.raises(DatabaseDamaged) as refusal:
        bring_in(device, GOOD, overwrite=False)
    assert "Nothing was changed" in refusal.value.message
    assert device.read_bytes() == before
    bring_in(device, GOOD)
    assert value(device, "PRAGMA integrity_check") == "ok"
    assert value(device, "SELECT count(*) FROM tasks NOT INDEXED WHERE id LIKE 'new%'") == 0
    assert bring_in(device, GOOD).safety_copy is None


def test_a_large_database_is_held_to_the_numbers_of_its_indexes(
    device: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "WHOLE_BYTES", 0)
    export(device, older)
    good = older.read_bytes()
    behind_indexes(device, *DAMAGES["an index has rows too many"])
    with pytest.raises(DatabaseDamaged):
        export(device, older)
    assert older.read_bytes() == good


def test_values_that_a_changed_schema_would_not_take_are_no_damage(device: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(device, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY, n TEXT, CHECK (n <> '3'))")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO notes VALUES ('a', '3'), ('b', '4')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'n TEXT', 'n INTEGER') WHERE name = 'notes'")
    archive = tmp_path / "b.kpbackup"
    export(device, archive)
    assert validate(device, archive).is_valid


def test_an_index_by_what_another_program_has_keeps_no_backup_from_being_made(device: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(device)) as connection:
        connection.create_collation("theirs", lambda a, b: (a > b) - (a < b))
        connection.execute("CREATE INDEX by_theirs ON tasks (title COLLATE theirs)")
        connection.commit()
    archive = tmp_path / "b.kpbackup"
    export(device, archive)
    assert validate(device, archive).is_valid


def test_a_backup_that_a_reader_would_refuse_is_not_kept(
    device: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.export.exporting.VERSION", "0.9")
    with pytest.raises(NotImportable):
        export(device, older)
    assert older.read_bytes() == GOOD.read_bytes()


def test_a_backup_whose_rows_a_reader_would_refuse_is_not_kept(
    device: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.export.exporting.plain_references", lambda *_: [_Reference()])
    with pytest.raises(NotImportable):
        export(device, older)
    monkeypatch.setattr(vouching, "FEW_ROWS", 0)
    monkeypatch.setattr(vouching, "ODD_ROWS", 0)
    export(device, older)
    assert not validate(device, older).is_valid, "it is the second look that keeps such a backup away"


class _Reference:
    """A reference that no database has: of every id to another table's."""

    column, parent, parent_column = "id", "logging_config", "id"


def test_tables_of_full_text_are_told_of(device: Path, tmp_path: Path) -> None:
    execute(
        device,
        "CREATE VIRTUAL TABLE notes_fts USING fts5(body)",
        "INSERT INTO notes_fts VALUES ('only here')",
        "CREATE VIRTUAL TABLE titles USING fts5(title, content='tasks')",
        "CREATE VIRTUAL TABLE old_fts USING fts4(body)",
        "INSERT INTO old_fts VALUES ('only here')",
        "CREATE VIRTUAL TABLE places USING rtree(id, x1, x2)",
        "INSERT INTO places VALUES (1, 2, 3)",
    )
    warnings = [line for line in export(device, tmp_path / "b.kpbackup").warnings if "virtual table" in line]
    told = {line.split()[0]: "holds of its own" in line for line in warnings}
    assert told == {"notes_fts": True, "titles": False, "old_fts": True, "places": True}
    assert validate(device, tmp_path / "b.kpbackup").is_valid
    assert value(device, "SELECT count(*) FROM notes_fts") == 1
