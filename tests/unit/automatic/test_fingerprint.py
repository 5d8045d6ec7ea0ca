"""The fingerprint: no change that was committed goes unseen, whatever the size of the file and its journal's mode."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.automatic import fingerprint
from sidecar.automatic.fingerprint import count_commits, take_fingerprint
from sidecar.errors.paths import PathError
from tests.support.databases import execute, query

CHANGES = [
    "UPDATE tasks SET title = title || 'x' WHERE rowid = 1",
    "UPDATE tasks SET priority = CASE priority WHEN 1 THEN 2 ELSE 1 END WHERE rowid = 1",
    "DELETE FROM thread_messages WHERE rowid = (SELECT max(rowid) FROM thread_messages)",
    "INSERT INTO task_dependencies SELECT 'new', task_id, task_id, created_at FROM task_dependencies LIMIT 1",
    "CREATE TABLE further (a)",
    "PRAGMA user_version = 7",
]


@pytest.fixture(params=["read whole", "by its header"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "by its header":
        monkeypatch.setattr(fingerprint, "WHOLE_BYTES", 0)
    return str(request.param)


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize("sql", CHANGES)
def test_whatever_is_committed_is_seen(sql: str, fresh_database: Path) -> None:
    before = take_fingerprint(fresh_database)
    assert before is not None
    assert take_fingerprint(fresh_database) == before
    execute(fresh_database, sql)
    assert take_fingerprint(fresh_database) != before


@pytest.mark.usefixtures("by")
def test_commits_in_quick_succession_are_each_seen(fresh_database: Path) -> None:
    seen = set()
    for number in range(200):
        execute(fresh_database, f"UPDATE tasks SET title = '{number % 2}' WHERE rowid = 1")
        seen.add(take_fingerprint(fresh_database))
    assert len(seen) == 200


@pytest.mark.usefixtures("by")
def test_a_change_whose_time_was_put_back_is_seen(fresh_database: Path) -> None:
    times = fresh_database.stat()
    before = take_fingerprint(fresh_database)
    execute(fresh_database, CHANGES[0])
    os.utime(fresh_database, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert take_fingerprint(fresh_database) != before


@pytest.mark.usefixtures("by")
def test_reading_changes_nothing(fresh_database: Path) -> None:
    before = take_fingerprint(fresh_database)
    query(fresh_database, "SELECT * FROM tasks")
    assert take_fingerprint(fresh_database) == before


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_what_lies_beside_the_file_might_count(suffix: str, fresh_database: Path) -> None:
    fresh_database.with_name(f"{fresh_database.name}{suffix}").write_bytes(b"\0" * 512)
    assert take_fingerprint(fresh_database) is None


def test_a_commit_into_a_write_ahead_log_is_seen(fresh_database: Path) -> None:
    with closing(sqlite3.connect(fresh_database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(CHANGES[0])
        connection.commit()
        assert take_fingerprint(fresh_database) is None
        assert count_commits(fresh_database) is None


def test_a_file_that_is_written_to_meanwhile_has_none(fresh_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat: Callable[[Path], tuple[int, ...]] = fingerprint._stat

    def write_first(path: Path) -> tuple[int, ...]:
        found = stat(path)
        execute(path, CHANGES[0])
        return found

    monkeypatch.setattr(fingerprint, "_stat", write_first)
    assert take_fingerprint(fresh_database) is None


def test_commits_are_counted(fresh_database: Path) -> None:
    before = count_commits(fresh_database)
    assert before is not None
    for _ in range(3):
        execute(fresh_database, CHANGES[0])
    assert count_commits(fresh_database) == before + 3


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(PathError):
        take_fingerprint(tmp_path / "none.db")
