"""Databases of other encodings come back, and so does text that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import WouldLoseData
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from tests.support.databases import (
    assert_nothing_changes,
    backup,
    contents,
    execute,
    fresh,
    insert,
    opened,
    places_of,
    query,
    restore,
    validate,
    value,
)
from tests.support.round_trips import NOT_UTF8, TEXTS, round_trip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_database_of_another_encoding_comes_back(tmp_path: Path, encoding: str) -> None:
    utf8, source = fresh(tmp_path), tmp_path / "utf16.db"
    for index, text in enumerate(TEXTS):
        insert(utf8, "tasks", id=str(index), title=text, created_at=None)
    with opened(source) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        for sql in _schema_of(utf8):
            connection.execute(sql)
    for table, (columns, rows) in contents(utf8, ()).items():
        with opened(source) as connection:
            for row in rows:
                values = tuple(stored.decode() if kind == "text" else stored for kind, stored in row)  # type: ignore[attr-defined]
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", values)
    assert value(source, "PRAGMA encoding") == encoding
    assert validate(utf8, round_trip(source, tmp_path)).is_valid


def _schema_of(database: Path) -> list[str]:
    with opened(database) as connection:
        return [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")]


def _in(encoding: str, folder: Path) -> Path:
    """A new device whose database has another encoding than the app's."""
    source, path = fresh(folder), folder / f"{encoding}.db"
    with opened(source) as old, opened(path) as new:
        new.execute(f'PRAGMA encoding = "{encoding}"')
        new.executescript("".join(f"{line}\n" for line in old.iterdump()))
    return path


UNPAIRED = {
    "a first half alone": "a\ud83d",
    "halves in the wrong order": "\ude00\ud83d!",
    "a second half before a letter": "\ude00b",
    "nothing but a half": "\ud800",
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("text", UNPAIRED.values(), ids=UNPAIRED)
def test_half_a_character_comes_back_into_the_same_database_and_by_an_undo(
    tmp_path: Path, encoding: str, text: str
) -> None:
    device = _in(encoding, tmp_path)
    with opened(device) as connection:
        # A literal: a parameter would be taken for UTF-8.
        stored = text.encode(encoding, "surrogatepass").hex()
        connection.execute(f"INSERT INTO tasks (id, title) VALUES ('t', CAST(x'{stored}' AS TEXT))")
        connection.execute(f"INSERT INTO threads (id, title) VALUES (CAST(x'{stored}' AS TEXT), 'x')")
        connection.execute("INSERT INTO tasks (id, title) VALUES ('u', 'whole 😀')")
    raw = "SELECT hex(CAST(title AS BLOB)) FROM tasks UNION ALL SELECT hex(CAST(id AS BLOB)) FROM threads"
    before = query(device, raw)
    assert (text.encode(encoding, "surrogatepass").hex().upper(),) in before
    archive = backup(device, tmp_path / "b.kpbackup")
    assert_nothing_changes(restore(device, archive))
    execute(device, "UPDATE tasks SET title = 'changed'", "DELETE FROM threads")
    restore(device, archive)
    assert query(device, raw) == before
    execute(device, "DELETE FROM tasks WHERE id = 'u'")
    without = query(device, raw)
    restore(device, archive)
    undo_last_import(places_of(device), Progress())
    assert query(device, raw) == without


@pytest.mark.parametrize(("source", "target"), [("UTF-16le", "UTF-8"), ("UTF-8", "UTF-16be")])
def test_text_that_is_none_is_not_turned_into_other_text_by_another_encoding(
    tmp_path: Path, source: str, target: str
) -> None:
    device, other = _in(source, tmp_path), _in(target, tmp_path)
    with opened(device) as connection:
        stored = NOT_UTF8 if source == "UTF-8" else "\ud83d".encode(source, "surrogatepass")
        connection.execute(f"INSERT INTO tasks (id, title) VALUES ('t', CAST(x'{stored.hex()}' AS TEXT))")
    archive = backup(device, tmp_path / "b.kpbackup")
    with pytest.raises(WouldLoseData, match=r"tasks\.title"):
        restore(other, archive)
    assert any("tasks.title" in line for line in restore(other, archive, allow_loss=True).warnings)
