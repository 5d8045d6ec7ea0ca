"""Drills: the newest backup of each place is restored on trial, by itself or in the run of a timer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sidecar.automatic import drilling, running
from sidecar.automatic.answers import Drill, DrillResult
from sidecar.automatic.catalogue import read_catalogue
from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.health import backup_status
from sidecar.automatic.policy import Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.errors.base import Cancelled
from sidecar.progress import Progress
from tests.support.automatic_device import DAY, Device, throw
from tests.support.databases import execute, opened


def test_what_a_drill_found_is_not_taken_back_by_a_check(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path(device.run("start").backup or "")
    with monkeypatch.context() as patch:
        patch.setattr(drilling, "_restore", lambda *_: "values differ from those of the backup")
        drill_backups(device.places, device.now, Progress())
    result = check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert [one.outcome for one in result.checked] == ["rotten"]
    assert device.run().outcome == "made"
    status = backup_status(device.places, device.now)
    assert (status.state, status.places[0].kept) == ("healthy", 1)
    assert made.is_file()


def drills_of(result: DrillResult) -> list[Drill]:
    return [place.drill for place in result.places if place.drill]


def test_a_drill_restores_the_newest_of_each_place(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "usb")
    device.run()
    before = device.places.database.read_bytes()
    result = drill_backups(device.places, device.now, Progress())
    assert [drill.outcome for drill in drills_of(result)] == ["fine", "fine"]
    assert device.places.database.read_bytes() == before


ALTERED: dict[str, tuple[str, ...]] = {
    "a table": ("CREATE TABLE label (id TEXT PRIMARY KEY, name TEXT)", "INSERT INTO label VALUES ('a', 'b')"),
    "a column that SQLite works out": (
        "ALTER TABLE tasks ADD COLUMN short TEXT GENERATED ALWAYS AS (substr(title, 1, 3)) VIRTUAL",
        "CREATE INDEX by_short ON tasks (short)",
    ),
    "a column of another name": ("ALTER TABLE threads RENAME COLUMN title TO heading",),
    "a unique index less": ("DROP INDEX idx_task_lists_default_unique_partial", "UPDATE task_lists SET is_default = 1"),
    "a rule that rows break": (
        "CREATE TABLE step (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 0))",
        "PRAGMA ignore_check_constraints = ON",
        "INSERT INTO step (n) VALUES (-1)",
    ),
    "a trigger that writes": (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT)",
        "CREATE TRIGGER noted AFTER INSERT ON tasks BEGIN INSERT INTO log (what) VALUES (new.id); END",
    ),
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", ALTERED)
def test_a_drill_restores_what_a_database_holds_that_the_code_does_not_know(kind: str, device: Device) -> None:
    execute(device.places.database, *ALTERED[kind])
    device.run()
    (drill,) = drills_of(drill_backups(device.places, device.now, Progress()))
    assert (drill.outcome, drill.detail) == ("fine", "")


def test_a_drill_of_a_backup_whose_tables_nobody_here_can_make_was_not_tried(device: Device) -> None:
    """As by a collation of the app's own: that the backup is rotten nobody could say."""
    with opened(device.places.database) as connection:
        connection.create_collation("KIRA", lambda left, right: (left > right) - (left < right))
        connection.execute("CREATE TABLE label (id TEXT PRIMARY KEY, name TEXT COLLATE KIRA UNIQUE)")
    device.run()
    (drill,) = drills_of(drill_backups(device.places, device.now, Progress()))
    assert drill.outcome == "not_tried"
    assert "made by a newer KiraPilot" in drill.detail


@pytest.mark.slow
def test_a_drill_finds_what_is_rotten_and_what_could_not_be_tried(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "usb")
    made = Path(device.run().backup or "")
    data = bytearray(made.read_bytes())
    data[len(data) // 2] ^= 255
    made.write_bytes(data)
    (tmp_path / "usb").rename(tmp_path / "drawer")
    drills = drills_of(drill_backups(device.places, device.now, Progress()))
    assert [drill.outcome for drill in drills] == ["rotten", "not_tried"]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR])
def test_a_drill_that_finds_no_room_could_not_be_tried(
    device: Device, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = code
    device.run("start")
    monkeypatch.setattr(drilling, "make_generation", lambda *_, **_named: throw(error))
    (drill,) = drills_of(drill_backups(device.places, device.now, Progress()))
    assert drill.outcome == "not_tried"
    assert drill.detail
    assert backup_status(device.places, device.now).state == "healthy"


@pytest.mark.slow
def test_a_timers_run_tries_the_newest_once_a_month_and_no_other_run_does(device: Device) -> None:
    assert device.run("start").drills == []
    assert [drill.drill and drill.drill.outcome for drill in device.run().drills] == ["fine"]
    tried = [len(device.run().drills) for _ in range(61)]
    assert [day for day, count in enumerate(tried, 1) if count] == [30, 60]
    device.now -= 400 * DAY
    assert len(device.run().drills) == 1


def test_a_timers_run_tries_none_where_the_policy_says_so(device: Device) -> None:
    write_policy(device.places.database, Policy(drill=False))
    assert device.run().drills == []
    assert device.run("start").drills == []


def test_a_cancel_while_it_looks_after_them_is_no_failure_of_the_run(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "drill_overdue", lambda *_: throw(Cancelled()))
    result = device.run()
    assert (result.outcome, result.drills, result.warnings) == ("made", [], [])
    assert backup_status(device.places, device.now).state == "healthy"


@pytest.mark.slow
def test_a_place_that_is_unplugged_keeps_the_outcome_of_its_last_drill(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    device.run()
    usb.rename(tmp_path / "drawer")
    device.run(after=40 * DAY)
    states = read_catalogue(device.places.database).places
    assert [state.drill and (device.now - state.drill.when).days for state in states.values()] == [0, 40]
