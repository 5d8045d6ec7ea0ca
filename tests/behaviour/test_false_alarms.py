"""Sound databases of which SQLite's own check complains all the same: no alarm, and no damage is passed over for it.

Up to 3.40 it takes one column for another in a table that has no rowid and whose key does not come first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.automatic.drilling import drill_backups
from sidecar.care.checking import check_database
from sidecar.database import integrity
from sidecar.database.integrity import look_into
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.system.names import sqlite_uri
from tests.conftest import DATA, EVERY_KIND
from tests.support.automatic_device import Device
from tests.support.databases import (
    assert_same_contents,
    backup,
    bring_in,
    contents,
    copy_of,
    execute,
    places_of,
    preview,
    query,
    restore,
)
from tests.support.newer import run

TABLE = (
    "CREATE TABLE tags_of_tasks (note {any}, weight integer NOT NULL, tag text NOT NULL, task_id text NOT NULL,"
    " PRIMARY KEY (task_id, tag)) WITHOUT ROWID{strict}"
)
FILL = "INSERT INTO tags_of_tasks SELECT NULL, rowid, 'tag ' || rowid, id FROM tasks"
STRICT = {False: TABLE.format(any="text", strict=""), True: TABLE.format(any="any", strict=", STRICT")}


@pytest.fixture(params=[False, True], ids=["ordinary", "strict"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "home").rename(tmp_path / "home" / "kirapilot.db")
    run(made, STRICT[request.param], FILL)
    return made


def test_names_of_two_lines_alarm_nobody(tmp_path: Path) -> None:
    made = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path)
    columns = '"two\nlines" integer, "of\nthem" integer NOT NULL, name text PRIMARY KEY'
    run(made, f'CREATE TABLE "a.b\n\u2028c" ({columns}) WITHOUT ROWID')
    run(made, """INSERT INTO "a.b\n\u2028c" VALUES (1, 2, 'three')""")
    assert look_into(made, Progress(), whole=True) == integrity.Findings()


def test_a_value_that_is_worked_out_and_not_stored_alarms_nobody(tmp_path: Path) -> None:
    made = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path)
    run(made, "CREATE TABLE ratings (id TEXT PRIMARY KEY, given ANY, stars REAL AS (given)) STRICT")
    run(made, "INSERT INTO ratings VALUES ('one', 'many'), ('two', 2.5)")
    assert query(made, "PRAGMA integrity_check") == [("non-REAL value in ratings.stars",)]
    assert look_into(made, Progress(), whole=True) == integrity.Findings()


def spoiled(database: Path) -> None:
    """A value that the schema does not allow, as damage leaves one."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        changed = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'tags_of_tasks'"
        connection.execute(changed, ("weight integer NOT NULL", "weight integer"))
        connection.execute("PRAGMA schema_version = 9000")
    run(database, "UPDATE tags_of_tasks SET weight = NULL WHERE tag = 'tag 3'", "PRAGMA writable_schema = ON")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(changed, ("weight integer", "weight integer NOT NULL"))
        connection.execute("PRAGMA schema_version = 9001")


def with_stale_index(database: Path, change: str) -> None:
    """A further table whose one index knows nothing of the last change; the other two do."""
    run(database, "CREATE TABLE zoo (id text NOT NULL PRIMARY KEY, name text)", "CREATE INDEX by_name ON zoo (name)")
    run(database, "CREATE INDEX by_both ON zoo (id, name)", "INSERT INTO zoo SELECT id, title FROM tasks")
    assert look_into(database, Progress(), whole=True) == integrity.Findings()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name = 'by_name'")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'by_name'")
        connection.execute("PRAGMA schema_version = 9000")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(change)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_schema SELECT * FROM aside")
        connection.execute("DROP TABLE aside")
        connection.execute("PRAGMA schema_version = 9001")


@pytest.mark.slow(but=1)
def test_a_sound_database_is_backed_up_restored_and_undone(database: Path, tmp_path: Path) -> None:
    before = contents(database)
    archive = backup(database, tmp_path / "b.kpbackup")
    execute(database, "DELETE FROM tags_of_tasks WHERE weight > 3", "UPDATE tasks SET title = 'changed'")
    between = contents(database)
    result = restore(database, archive)
    assert result.rescue is None
    assert_same_contents(contents(database), before)
    undo_last_import(places_of(database), Progress())
    assert_same_contents(contents(database), between)


@pytest.mark.slow(but=0)
def test_a_sound_database_is_called_sound_given_as_a_backup_and_in_a_drill(database: Path, tmp_path: Path) -> None:
    assert check_database(places_of(database), Progress()).counts.get("damaged", 0) == 0
    other = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "other")
    run(other, STRICT[False])
    restore(other, database)
    assert_same_contents(contents(other), contents(database))
    device = Device(places_of(database))
    device.policy(tmp_path / "usb")
    device.run()
    (drilled,) = drill_backups(device.places, device.now, Progress()).places
    assert drilled.drill is not None
    assert (drilled.drill.outcome, drilled.drill.detail) == ("fine", "")


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("most", [integrity.MOST, 3])
@pytest.mark.parametrize("change", ["DELETE FROM zoo WHERE rowid = 2", "INSERT INTO zoo VALUES ('new', 'Newt')"])
def test_what_is_wrong_besides_is_found(
    change: str, database: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many false alarms come first."""
    with_stale_index(database, change)
    monkeypatch.setattr(integrity, "MOST", most)
    for whole in (True, False):
        found = look_into(database, Progress(), whole=whole)
        if change.startswith("DELETE"):
            assert found == integrity.Findings(damage=["index by_name does not tell what its table does"])
        else:
            assert found == integrity.Findings(indexes=["by_name"])


def test_a_value_that_the_schema_does_not_allow_is_still_damage(database: Path) -> None:
    spoiled(database)
    found = look_into(database, Progress(), whole=True)
    assert found.damage[0] in ("NULL value in tags_of_tasks.weight", "NULL value in tags_of_tasks.tag")


def _not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a scanner keeps the new file for itself."""
    monkeypatch.setattr(integrity, "sqlite_uri", lambda path, mode: sqlite_uri(path / "below a file", mode))


def _not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[str]:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    monkeypatch.setattr(integrity, "_true_complaints", fail)


@pytest.mark.parametrize("fault", [_not_opened, _not_read])
def test_a_copy_that_cannot_be_read_is_no_damage_of_the_database(
    fault: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path)
    archive = backup(database, tmp_path / "b.kpbackup")
    before = database.read_bytes()
    fault(monkeypatch)
    for job in (preview, bring_in):
        with pytest.raises(WorkFolderUnusable):
            job(database, archive)
    with pytest.raises(WorkFolderUnusable):
        check_database(places_of(database), Progress())
    assert database.read_bytes() == before
