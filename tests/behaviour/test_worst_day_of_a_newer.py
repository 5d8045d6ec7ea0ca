"""A restore over a broken database of a KiraPilot that the code does not know: its own schema is made anew."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.errors.paths import DiskFull
from sidecar.jobs import rescuing
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.rescue import rebuilding
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.automatic_device import throw
from tests.support.databases import Contents, assert_same, assert_same_contents, backup, contents, execute, query
from tests.support.newer import make_newer
from tests.support.worst_days import good_backup_of, home_of, original_of

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
VERSIONS = "SELECT version, applied_at FROM seaql_migrations ORDER BY version"
PAGE = 4096


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """A newer KiraPilot's database, and a backup of it beside its folder."""
    database = Path(shutil.copy(DATA / f"{EVERY_KIND}.db", tmp_path / "newer.db"))
    make_newer(database)
    return home_of(database, tmp_path)


def _zero(database: Path, table: str) -> None:
    """The first page of a table or an index."""
    ((page,),) = query(database, "SELECT rootpage FROM sqlite_master WHERE name = ?", table)
    content = database.read_bytes()
    database.write_bytes(content[: PAGE * (page - 1)] + bytes(PAGE) + content[PAGE * page :])


def _headless(database: Path) -> None:
    database.write_bytes(bytes(100) + database.read_bytes()[100:])


def _cut(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2 + 1000])


WRECKS: dict[str, Callable[[Path], object]] = {
    "a page of its rows zeroed": lambda database: _zero(database, "tasks"),
    "a page of its own table zeroed": lambda database: _zero(database, "habits"),
    "the record of its migrations zeroed": lambda database: _zero(database, "seaql_migrations"),
    "the index of that record zeroed": lambda database: _zero(database, "sqlite_autoindex_seaql_migrations_1"),
    "header gone": _headless,
}

LOST: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda database: database.write_bytes(b""),
    "first page zeroed": lambda database: database.write_bytes(bytes(PAGE) + database.read_bytes()[PAGE:]),
    "cut": _cut,
    "a letter of a column's name": lambda database: _misspell(database, '"mood"'),
    "a letter of a statement": lambda database: _misspell(database, "NOT NULL CHECK (name"),
}
"""Where the schema itself is lost, or cannot be vouched for."""


def _misspell(database: Path, words: str) -> None:
    """Flip a bit of the schema's text, which no sum of SQLite's holds, and zero a page of rows besides."""
    _zero(database, "tasks")
    content = database.read_bytes()
    at = content.index(words.encode()) + 2
    database.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_has_the_broken_one_s_schema_and_is_undone_and_redone(kind: str, home: Places) -> None:
    WRECKS[kind](home.database)
    wreck = home.database.read_bytes()
    foreseen = preview_import(home, good_backup_of(home), True, Progress())
    assert home.database.read_bytes() == wreck
    result = import_data(home, good_backup_of(home), True, Progress(), preview_token=foreseen.token)
    assert result.tables == foreseen.tables
    assert result.rescue is not None
    _require_as_it_was(home)
    versions = [version for version, _ in query(original_of(home), VERSIONS)]
    assert result.rescue.migrations == [version for version, _ in query(home.database, VERSIONS)] == versions

    assert undo_last_import(home, Progress()).path == result.wreck
    assert home.database.read_bytes() == wreck
    undo_last_import(home, Progress())
    _require_as_it_was(home)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", [*LOST])
def test_a_restore_where_the_schema_cannot_be_read_has_the_backup_s_tables_and_indexes(kind: str, home: Places) -> None:
    LOST[kind](home.database)
    wreck = _bytes(home.database)
    foreseen = preview_import(home, good_backup_of(home), True, Progress())
    result = import_data(home, good_backup_of(home), True, Progress(), preview_token=foreseen.token)
    assert result.tables == foreseen.tables
    assert query(home.database, "PRAGMA integrity_check") == [("ok",)]
    assert rescuing.DECLARED in result.warnings
    assert_same_contents(contents(home.database), _without_search(contents(original_of(home))))
    made = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    ordinary = f"{made} AND name NOT LIKE 'found%' ORDER BY rowid"
    assert query(home.database, ordinary) == query(original_of(home), ordinary)
    versions = "SELECT version FROM seaql_migrations ORDER BY version"
    assert query(home.database, versions) == query(original_of(home), versions)
    if wreck is not None:
        undo_last_import(home, Progress())
        assert _bytes(home.database) == wreck


def _without_search(tables: Contents) -> Contents:
    return {name: table for name, table in tables.items() if not name.startswith("found")}


def _require_as_it_was(home: Places) -> None:
    assert query(home.database, "PRAGMA integrity_check") == [("ok",)]
    expected, held = contents(original_of(home)), contents(home.database)
    assert_same_contents(held, expected)
    assert query(home.database, SCHEMA) == query(original_of(home), SCHEMA)
    with closing(sqlite3.connect(home.database)) as app:
        app.execute("INSERT INTO tasks (id, title) VALUES ('later', 'zebra')")
        found = app.execute("SELECT t.id FROM found f JOIN tasks t ON t.rowid = f.rowid WHERE found MATCH 'zebra'")
        assert found.fetchall() == [("later",)]
        assert app.execute("SELECT count(*) FROM busy").fetchone()[0] > 0
        assert app.execute("SELECT energy FROM tasks WHERE id = 'later'").fetchone() == (0.5,)


def test_a_backup_of_before_the_update_comes_into_the_newer_schema(home: Places) -> None:
    older = DATA / f"{EVERY_KIND}.db"
    archive = backup(Path(shutil.copy(older, home.database.parent.parent / "older.db")), home.work_dir.parent / "o.zip")
    _zero(home.database, "tasks")
    result = import_data(home, str(archive), True, Progress())
    assert result.rescue is not None
    assert result.rescue.migrations[-1] == "m20270101_000020_create_habits_table"
    assert query(home.database, SCHEMA) == query(original_of(home), SCHEMA)
    assert query(home.database, "SELECT id, title FROM tasks ORDER BY id") == query(
        older, "SELECT id, title FROM tasks ORDER BY id"
    )


@pytest.mark.slow
def test_a_newer_schema_that_refuses_an_older_backup_gives_way_to_the_backup_s(home: Places) -> None:
    """The app brings the older one up to date at its next start, as it did before."""
    older = Path(shutil.copy(DATA / f"{EVERY_KIND}.db", home.database.parent.parent / "older.db"))
    archive = backup(older, home.database.parent.parent / "o.kpbackup")
    execute(home.database, "DELETE FROM tasks", "CREATE UNIQUE INDEX one_each ON tasks (priority)")
    _zero(home.database, "threads")
    foreseen = preview_import(home, str(archive), True, Progress())
    result = import_data(home, str(archive), True, Progress(), preview_token=foreseen.token)
    assert result.tables == foreseen.tables
    assert result.rescue is not None
    assert result.rescue.migrations[-1] == "m20240101_000019_create_periodic_task_indexes"
    assert_same(home.database, older)


def test_a_newer_schema_whose_first_rows_nobody_knows_gives_way_too(home: Places) -> None:
    execute(home.database, "ALTER TABLE task_lists RENAME COLUMN is_default TO comes_first")
    _zero(home.database, "tasks")
    result = import_data(home, str(DATA / f"{THIRD}.kpbackup"), True, Progress())
    assert result.rescue is not None
    assert result.rescue.migrations[-1] == "m20240101_000019_create_periodic_task_indexes"
    assert query(home.database, "SELECT count(*) FROM task_lists WHERE is_default") == [(1,)]
    assert query(home.database, "SELECT count(*) FROM tasks") == [(result.tables["tasks"].read,)]


def test_a_disk_that_is_full_is_no_word_on_the_newer_schema(home: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    _zero(home.database, "tasks")
    before = home.database.read_bytes()
    monkeypatch.setattr(rebuilding, "add_first_rows", lambda *_: throw(error))
    with pytest.raises(DiskFull):
        import_data(home, good_backup_of(home), True, Progress())
    assert home.database.read_bytes() == before


ALIKE: dict[str, Callable[[Path], object]] = {
    "a column that SQLite works out": lambda database: execute(
        database,
        "ALTER TABLE tasks ADD COLUMN short TEXT GENERATED ALWAYS AS (substr(title, 1, 3)) VIRTUAL",
        "CREATE INDEX by_short ON tasks (short)",
    ),
    "another word for the default list": lambda database: execute(
        database, "ALTER TABLE task_lists RENAME COLUMN is_default TO comes_first"
    ),
    "an index more": lambda database: execute(database, "CREATE INDEX by_title ON tasks (title, status)"),
    "texts in UTF-16": lambda database: _in_utf16(database, "cast(x'00d84100' AS TEXT)"),
    "texts in UTF-16, bytes turned": lambda database: _in_utf16(database, "'Größe'", "UTF-16be"),
}


def _in_utf16(database: Path, text: str, encoding: str = "UTF-16le") -> None:
    """The same database with its texts in another encoding, half a character among them."""
    with closing(sqlite3.connect(database)) as connection:
        statements = [*connection.iterdump()]
    database.unlink()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f'PRAGMA encoding = "{encoding}"')
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"UPDATE tasks SET description = {text} WHERE rowid = 1")


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", ALIKE)
def test_a_database_of_known_tables_comes_back_as_it_was_made(kind: str, tmp_path: Path) -> None:
    database = Path(shutil.copy(DATA / f"{EVERY_KIND}.db", tmp_path / "other.db"))
    ALIKE[kind](database)
    home = home_of(database, tmp_path)
    home.database.write_bytes(b"")
    import_data(home, good_backup_of(home), True, Progress())
    assert_same(home.database, original_of(home))
    made = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
    for question in (made, "PRAGMA encoding"):
        assert query(home.database, question) == query(original_of(home), question)
