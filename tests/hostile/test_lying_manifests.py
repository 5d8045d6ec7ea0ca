"""Manifests that lie, and tables whose names do harm: found out, or brought back whatever they are called."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.introspection import quote, read_schema
from sidecar.errors.backups import DamagedBackup, InvalidBackup, LimitExceeded
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.archives import Entries, edited, write
from tests.support.jobs import JUDGING, nothing_changes, refused, verdict_of

pytestmark = pytest.mark.usefixtures("temporary")


def _rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        return {
            name: sorted(connection.execute(f"SELECT * FROM {quote(name.decode())}").fetchall(), key=repr)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        }


def _add_table(name: str, columns: dict[str, str], key: list[str]) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["tables"].update(
        {name: {"entry": "x.json", "rows": 1, "columns": columns, "key": key}}
    )


LYING: dict[str, tuple[Callable[[dict[str, Any]], object], type[SidecarError]]] = {
    "another hash": (lambda m: m["entries"]["threads.json"].update(sha256="0" * 64), InvalidBackup),
    "another size": (lambda m: m["entries"]["threads.json"].update(size=1), InvalidBackup),
    "other rows": (lambda m: m["tables"]["threads"].update(rows=99), InvalidBackup),
    "an entry that is not there": (lambda m: m["entries"].update(gone={"size": 0, "sha256": ""}), InvalidBackup),
    "a table whose entry is not there": (
        lambda m: m["tables"]["threads"].update(entry="gone.json", rows=0),
        InvalidBackup,
    ),
    "a reserved name": (_add_table("sqlite_x", {"a": ""}, ["a"]), DamagedBackup),
    "the schema itself": (_add_table("sqlite_master", {"a": ""}, ["a"]), DamagedBackup),
    "a table in another case": (_add_table("Tasks", {"a": ""}, ["a"]), DamagedBackup),
    "a NUL in a table": (_add_table("a\0b", {"a": ""}, ["a"]), DamagedBackup),
    "a NUL in a column": (_add_table("x", {"a\0": ""}, []), DamagedBackup),
    "a NUL in a type": (_add_table("x", {"a": "TE\0XT"}, []), DamagedBackup),
    "columns in two cases": (_add_table("x", {"a": "", "A": ""}, []), DamagedBackup),
    "a key that is no column": (_add_table("x", {"a": ""}, ["b"]), DamagedBackup),
    "3,000 columns": (_add_table("x", {f"c{i}": "" for i in range(3000)}, []), LimitExceeded),
    "rows without end": (lambda m: m["tables"]["threads"].update(rows=10**30), SidecarError),
    "a revision that is a text": (lambda m: m.update(revision="1"), DamagedBackup),
    "no tables": (lambda m: m.pop("tables"), DamagedBackup),
}


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", LYING)
def test_a_manifest_that_lies_is_found_out(kind: str, own_entries: Entries, places: Places, tmp_path: Path) -> None:
    lie, error = LYING[kind]
    entries = edited(own_entries | {"x.json": b'[{"a": 1}]'}, "manifest.json", lie)
    path = write(tmp_path / "a.zip", entries)
    if error is SidecarError:
        with nothing_changes(tmp_path):
            assert verdict_of(lambda: import_data(places, str(path), True, Progress())) is not None
    else:
        refused(places, path, error, JUDGING)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    "name", ["plan tasks", "gone tasks", "section tasks", "stage", "tasks: id", "", "main", "e'v\"il"]
)
def test_no_name_of_a_table_collides_with_the_programs_own(name: str, places: Places, tmp_path: Path) -> None:
    """A database may hold any table; it comes back whatever it is called."""
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute(f'CREATE TABLE {quote(name)} ("kp row", "kp shape", "row", "action", "" , "rowid" TEXT)')
        connection.execute(f"INSERT INTO {quote(name)} VALUES (1, 2.5, 'three', NULL, x'05', '')")
    path = tmp_path / "a.kpbackup"
    export_data(places, str(path), Progress())
    expected = _rows(places.database)
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute(f"DELETE FROM {quote(name)}")
        connection.execute("DELETE FROM tasks")
        assert name in read_schema(connection)
    import_data(places, str(path), True, Progress())
    assert _rows(places.database) == expected


def test_hostile_names_in_entries_never_become_paths(own_entries: Entries, places: Places, tmp_path: Path) -> None:
    evil = "../../../evil.json"

    def move(manifest: dict[str, Any]) -> None:
        manifest["tables"]["threads"]["entry"] = evil
        manifest["entries"][evil] = manifest["entries"].pop("threads.json")

    entries = edited(own_entries, "manifest.json", move)
    entries[evil] = entries.pop("threads.json")
    with nothing_changes(tmp_path.parent):
        path = write(tmp_path / "a.zip", entries)
        assert validate_comprehensive(places, str(path), Progress()).errors == []
        path.unlink()
