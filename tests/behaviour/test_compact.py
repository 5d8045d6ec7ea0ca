"""Compact: the file gets smaller, every value stays what it was, and whatever ends it leaves the file as it was."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.care import compacting
from sidecar.care.answers import CompactResult
from sidecar.care.compacting import compact_database
from sidecar.database import connection as live
from sidecar.database.digest import Digest, take_digest
from sidecar.errors.base import Cancelled
from sidecar.errors.databases import (
    CannotCompact,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseInUse,
    DatabaseNotFound,
    NotKiraPilot,
)
from sidecar.errors.paths import DiskFull
from sidecar.progress import Progress
from sidecar.system import workfolder
from sidecar.system.paths import Places
from tests.behaviour.test_check import zeroed
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.conftest import EVERY_KIND, Cases, Copy
from tests.support.databases import contents, counts, execute, opened, query
from tests.support.made_private import judge

GENERATIONS = [EVERY_KIND, "2025-08-23-first-format", "2025-08-24-task-lists", "2025-09-08-periodic-templates"]

SAME = "A compacted database holds every value it held, in its own order, schema and settings"


def compact(places: Places, **options: Any) -> CompactResult:
    return compact_database(places, Progress(), **options)


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_texts_in_another_encoding_are_compacted(encoding: str, database_copy: Copy, tmp_path: Path) -> None:
    database = database_copy(EVERY_KIND)
    with closing(sqlite3.connect(database)) as connection:
        statements = [*connection.iterdump()]
    database.unlink()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f'PRAGMA encoding = "{encoding}"')
        for statement in statements:
            connection.execute(statement)
        connection.execute("UPDATE tasks SET title = 'a' || char(0) || 'Größe' WHERE rowid = 1")
    before = contents(database)
    assert compact(Places(database, tmp_path / "work"), force=True).compacted
    assert contents(database) == before


def with_room(database: Path) -> Path:
    """The database with a megabyte of pages that hold nothing."""
    execute(database, "CREATE TABLE filler AS SELECT randomblob(1000000) AS bytes")
    execute(database, "DROP TABLE filler")
    return database


def whole(database: Path) -> object:
    """All that a database holds, row by row in its order, and what its file says of itself."""
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        entries = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        names = [name.decode() for kind, name, _ in entries if kind == b"table"]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        settings = ("journal_mode", "encoding", "page_size", "auto_vacuum", "user_version", "application_id")
        return entries, rows, [connection.execute(f"PRAGMA {name}").fetchone() for name in settings]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_file_gets_smaller_and_holds_all_it_held(
    generation: str, mode: str, database_copy: Callable[[str], Path], tmp_path: Path, cases: Cases
) -> None:
    places = Places(with_room(database_copy(generation)), tmp_path / "work")
    execute(places.database, f"PRAGMA journal_mode = {mode}", "PRAGMA user_version = 7")
    before, held, rows = whole(places.database), contents(places.database), counts(places.database)
    size = places.database.stat().st_size
    result = compact(places)
    assert result.compacted
    assert (result.before, result.after) == (size, places.database.stat().st_size)
    assert result.before - result.after >= 1_000_000
    assert result.free >= 1_000_000
    assert result.tables == rows
    assert whole(places.database) == before
    assert contents(places.database) == held
    assert query(places.database, "PRAGMA integrity_check") == [("ok",)]
    assert query(places.database, "PRAGMA freelist_count") == [(0,)]
    assert {path.name for path in places.database.parent.iterdir()} == {"kirapilot.db"}
    cases.record(SAME)


@pytest.mark.slow
def test_where_little_is_gained_nothing_is_done_unless_asked_for(places: Places) -> None:
    before = places.database.read_bytes()
    result = compact(places)
    assert (result.compacted, result.before, result.after) == (False, len(before), len(before))
    assert places.database.read_bytes() == before
    assert compact(places, force=True).compacted


def test_texts_bytes_numbers_and_tables_of_any_kind_stay_what_they_are(places: Places) -> None:
    execute(
        places.database,
        "CREATE TABLE odd (a, b INTEGER PRIMARY KEY AUTOINCREMENT)",
        "CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
        "CREATE VIRTUAL TABLE words USING fts5(text)",
        "INSERT INTO odd (a) VALUES (x'6162'), ('ab'), (1), (1.0), (9e999), (NULL), (CAST(x'ff' AS TEXT))",
        "INSERT INTO keyed VALUES ('z', 1), ('a', 2)",
        "INSERT INTO words VALUES ('water the plants')",
        "DELETE FROM odd WHERE b = 2",
        "CREATE TRIGGER t AFTER INSERT ON keyed BEGIN DELETE FROM odd; END",
    )
    with_room(places.database)
    before = query(places.database, "SELECT typeof(a), hex(a), b FROM odd")
    result = compact(places)
    assert query(places.database, "SELECT typeof(a), hex(a), b FROM odd") == before
    assert query(places.database, "SELECT seq FROM sqlite_sequence WHERE name = 'odd'") == [(7,)]
    assert query(places.database, "SELECT * FROM words WHERE words MATCH 'plants'") == [("water the plants",)]
    assert result.tables["odd"] == 6
    assert result.tables["keyed"] == 2


@contextmanager
def another_program(database: Path, mode: str = "idle") -> Iterator[None]:
    """A process of its own that has the database open; "idle" does nothing with it, "reading" reads it."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('SELECT count(*) FROM tasks').fetchone();"
        "sys.argv[2] == 'idle' or (c.execute('BEGIN'), c.execute('SELECT id FROM tasks').fetchone());"
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(database), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"open\n" or sys.platform == "win32"
        yield
        process.stdin.close()


@pytest.mark.parametrize("mode", ["idle", "reading"])
def test_a_database_that_another_program_has_open_is_left_alone(mode: str, places: Places) -> None:
    before = with_room(places.database).read_bytes()
    with another_program(places.database, mode), pytest.raises(DatabaseInUse) as raised:
        compact(places)
    assert "process" in raised.value.message or sys.platform == "win32"
    assert places.database.read_bytes() == before
    assert compact(places).compacted


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_where_the_system_does_not_tell_who_has_it_open_the_lock_does(
    mode: str, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_room(places.database)
    execute(places.database, f"PRAGMA journal_mode = {mode}")
    monkeypatch.setattr(compacting, "others_with", lambda _path: None)
    monkeypatch.setattr(live, "BUSY_SECONDS", 0.2)
    size = places.database.stat().st_size
    with another_program(places.database, "reading"), pytest.raises(DatabaseBusy):
        compact(places)
    assert places.database.stat().st_size == size


def test_what_was_written_meanwhile_is_not_lost(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    with_room(places.database)
    made = compacting._made_smaller

    def make_and_write(*arguments: Any) -> Digest:
        execute(places.database, "UPDATE tasks SET title = 'renamed' WHERE rowid = 1")
        return made(*arguments)

    monkeypatch.setattr(compacting, "_made_smaller", make_and_write)
    with pytest.raises(DatabaseBusy):
        compact(places)
    assert query(places.database, "SELECT title FROM tasks WHERE rowid = 1") == [("renamed",)]


def test_a_smaller_copy_that_is_not_the_same_is_not_put_in_place(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = with_room(places.database).read_bytes()
    words = iter(["one", "another"])
    monkeypatch.setattr(compacting, "take_digest", lambda *_: Digest(next(words), {}))
    with pytest.raises(CannotCompact):
        compact(places)
    assert places.database.read_bytes() == before


def test_a_file_that_does_not_read_back_as_written_gets_back_what_it_held(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, size = whole(with_room(places.database)), places.database.stat().st_size
    calls: list[int] = []

    def digest(connection: sqlite3.Connection, progress: Progress) -> Digest:
        calls.append(1)
        return take_digest(connection, progress) if len(calls) < 3 else Digest("otherwise", {})

    monkeypatch.setattr(compacting, "take_digest", digest)
    with pytest.raises(CannotCompact):
        compact(places)
    assert whole(places.database) == before
    assert places.database.stat().st_size == size


def test_room_is_asked_for_before_anything_is_written(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    size = with_room(places.database).stat().st_size
    monkeypatch.setattr(workfolder, "free_space", lambda _path: 2 * size)
    with pytest.raises(DiskFull) as raised:
        compact(places)
    assert f"{3 * size:,} bytes" in raised.value.message
    assert not list(places.work_dir.rglob("*"))


@pytest.mark.slow
def test_it_is_cancelled_at_any_report_and_the_file_is_what_it_was(places: Places) -> None:
    before = with_room(places.database).read_bytes()
    for phase in compacting.PHASES:
        seen: list[str] = []
        progress = Progress(listen=lambda report: seen.append(report.phase), cancelled=lambda: phase in seen)  # noqa: B023
        with pytest.raises(Cancelled):
            compact_database(places, progress)
        assert places.database.read_bytes() == before
    assert not [path for path in places.work_dir.iterdir() if path.is_dir()]


def test_it_is_cancelled_between_pages_and_the_file_is_what_it_was(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = with_room(places.database).read_bytes()
    monkeypatch.setattr(compacting, "STEP_PAGES", 8)
    asked: list[int] = []

    def in_the_middle() -> bool:
        # The journal is there once the first pages are about to be written.
        asked.append(1)
        return places.database.with_name("kirapilot.db-journal").exists() and len(asked) % 3 == 0

    with pytest.raises(Cancelled):
        compact_database(places, Progress(cancelled=in_the_middle))
    assert places.database.read_bytes() == before


def test_whatever_is_written_is_for_its_owner_only(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    with_room(places.database).chmod(0o600)
    wrong = judge(monkeypatch)
    found: dict[str, str] = {}

    def look() -> bool:
        for folder in (places.work_dir, places.database.parent):
            found.update({path.name.split("-")[0]: wrong(path) for path in folder.rglob("*") if not is_apps(path)})
        return False

    def is_apps(path: Path) -> bool:
        # By its mode the database tells what SQLite's journal is to have.
        return sys.platform == "win32" and path.name.startswith(places.database.name)

    before = os.umask(0)
    try:
        compact_database(places, Progress(cancelled=look))
    finally:
        os.umask(before)
    assert {"checked.db", "smaller.db"} <= found.keys()
    assert {name: said for name, said in found.items() if said} == {}


def test_damaged_lacking_missing_and_foreign_databases_are_left_alone(places: Places, tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound):
        compact(Places(tmp_path / "nowhere.db", places.work_dir))
    foreign = tmp_path / "songs.db"
    execute(foreign, "CREATE TABLE songs (id)")
    with pytest.raises(NotKiraPilot):
        compact(Places(foreign, places.work_dir))
    behind_indexes(places.database, "tasks", NEW_TASKS)
    before = places.database.read_bytes()
    with pytest.raises(CannotCompact, match="repair it first"):
        compact(places, force=True)
    assert places.database.read_bytes() == before
    zeroed(places.database, 5 * 4096, 4096)
    before = places.database.read_bytes()
    with pytest.raises(DatabaseDamaged):
        compact(places, force=True)
    assert places.database.read_bytes() == before


def test_a_digest_tells_what_is_stored_apart(tmp_path: Path) -> None:
    words = set()
    stored = ("1", "1.0", "'1'", "x'31'", "NULL", "''", "x''", "9e999", "-9e999", "CAST(x'ff' AS TEXT)", "x'ff'")
    for number, literal in enumerate(stored):
        path = tmp_path / f"{number}.db"
        execute(path, "CREATE TABLE t (a)", f"INSERT INTO t VALUES ({literal})")
        with opened(path) as connection:
            words.add(take_digest(connection, Progress()).word)
    assert len(words) == len(stored)
