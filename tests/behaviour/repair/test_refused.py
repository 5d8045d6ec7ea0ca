"""What stops a repair: it is all done or nothing is changed, and says why."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.care import mending, repairing
from sidecar.care.repairing import repair_database
from sidecar.errors.base import Cancelled
from sidecar.errors.databases import (
    CannotRepair,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseNotFound,
    NotADatabase,
    NotKiraPilot,
)
from sidecar.errors.jobs import ChangedSincePreview, SafetyCopyFailed
from sidecar.export import safety_copies
from sidecar.export.safety_copies import all_copies
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.behaviour.repair.repairs import MENDABLE, repair
from tests.behaviour.test_check import zeroed
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.support.databases import execute, value


def test_what_is_no_longer_what_the_preview_showed_is_refused(places: Places) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    shown = repair(places, dry_run=True)
    execute(places.database, MENDABLE["a task in a list that is gone"][1])
    before = places.database.read_bytes()
    for token in (shown.token, "no token", ""):
        with pytest.raises(ChangedSincePreview):
            repair(places, preview_token=token)
    with pytest.raises(ChangedSincePreview):
        repair(places, preview_token=repair(places, dry_run=True).token, only=["list_missing"])
    assert places.database.read_bytes() == before
    assert all_copies(places) == []


def test_an_app_that_writes_meanwhile_is_heeded(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    make, writes = safety_copies.SafetyCopy.make, iter(range(10))

    def make_and_write(copy: safety_copies.SafetyCopy) -> None:
        make(copy)
        if next(writes) < 1:
            execute(places.database, "UPDATE tasks SET title = 'renamed' WHERE rowid = 1")

    monkeypatch.setattr(safety_copies.SafetyCopy, "make", make_and_write)
    assert repair(places).counts == {"owner_missing": 1}
    assert len(all_copies(places)) == 1
    undo_last_import(places, Progress())
    assert value(places.database, "SELECT title FROM tasks WHERE rowid = 1") == "renamed"


@pytest.mark.slow
def test_an_app_that_never_stops_writing_ends_it(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    make = safety_copies.SafetyCopy.make

    def make_and_write(copy: safety_copies.SafetyCopy) -> None:
        make(copy)
        execute(places.database, "UPDATE tasks SET actual_time = actual_time + 1")

    monkeypatch.setattr(safety_copies.SafetyCopy, "make", make_and_write)
    with pytest.raises(DatabaseBusy):
        repair(places)
    assert all_copies(places) == []
    assert value(places.database, "SELECT count(*) FROM time_sessions WHERE id = 'lost'") == 1


def test_without_a_safety_copy_nothing_is_repaired(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    before = places.database.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise SafetyCopyFailed(path=places.database.parent, detail="the disk is full")

    monkeypatch.setattr(safety_copies, "export_data", fail)
    with pytest.raises(SafetyCopyFailed):
        repair(places)
    assert places.database.read_bytes() == before


@pytest.mark.parametrize(
    "obstacle",
    [
        "CREATE TRIGGER keep BEFORE DELETE ON time_sessions BEGIN SELECT raise(ABORT, 'no'); END",
        "CREATE TRIGGER more AFTER DELETE ON time_sessions BEGIN UPDATE tasks SET title = 'x'; END",
    ],
)
def test_a_trigger_that_keeps_a_row_or_changes_others_ends_it(obstacle: str, places: Places) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1], obstacle)
    before = places.database.read_bytes()
    with pytest.raises(CannotRepair):
        repair(places)
    assert places.database.read_bytes() == before
    assert all_copies(places) == []


def test_what_comes_out_otherwise_than_on_the_copy_is_undone(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    before = places.database.read_bytes()
    words = iter(["one", "one", "another"])
    monkeypatch.setattr(mending.Mending, "digest", property(lambda _: next(words, "one")))
    with pytest.raises(CannotRepair):
        repair(places)
    assert places.database.read_bytes() == before


def test_a_copy_that_a_repair_leaves_unsound_ends_it(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    behind_indexes(places.database, "tasks", NEW_TASKS)
    monkeypatch.setattr(mending.Mending, "_rebuild", lambda _self, _indexes: None)
    execute(places.database, MENDABLE["a time session without its task"][1])
    with pytest.raises(CannotRepair):
        repair(places)
    assert value(places.database, "SELECT count(*) FROM time_sessions WHERE id = 'lost'") == 1


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("page", [0, 5])
def test_a_damaged_database_is_not_repaired_in_its_place(page: int, places: Places) -> None:
    zeroed(places.database, page * 4096, 4096)
    before = places.database.read_bytes()
    with pytest.raises((DatabaseDamaged, NotADatabase)) as raised:
        repair(places)
    assert "mport your latest backup as a replacement" in raised.value.message
    assert places.database.read_bytes() == before


def test_an_index_that_tells_differently_is_not_taken_for_the_one_that_is_right(places: Places) -> None:
    behind_indexes(places.database, "tasks", "UPDATE tasks SET id = 'other' WHERE rowid = 2")
    with pytest.raises(DatabaseDamaged):
        repair(places)


def test_missing_empty_and_foreign_databases_are_told_of_as_ever(places: Places, tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound):
        repair(Places(tmp_path / "nowhere.db", places.work_dir))
    foreign = tmp_path / "songs.db"
    execute(foreign, "CREATE TABLE songs (id)")
    with pytest.raises(NotKiraPilot):
        repair(Places(foreign, places.work_dir))
    places.database.write_bytes(b"")
    journal = places.database.with_name("kirapilot.db-journal")
    journal.write_bytes(b"what was")
    with pytest.raises(NotKiraPilot):
        repair(places)
    assert journal.read_bytes() == b"what was"


@pytest.mark.slow
def test_a_repair_is_cancelled_at_any_report_until_it_is_committed(places: Places) -> None:
    execute(places.database, MENDABLE["a time session without its task"][1])
    before = places.database.read_bytes()
    heard: list[str] = []
    repair_database(places, Progress(listen=lambda report: heard.append(report.phase)), True)
    assert heard == ["copy", "pages", "rows"]
    for phase in repairing.PHASES:
        seen: list[str] = []
        progress = Progress(listen=lambda report: seen.append(report.phase), cancelled=lambda: phase in seen)  # noqa: B023
        with pytest.raises(Cancelled):
            repair_database(places, progress, False)
        assert places.database.read_bytes() == before
        assert all_copies(places) == []


def test_a_repair_of_a_database_with_a_write_ahead_log_leaves_it_one(places: Places) -> None:
    execute(places.database, "PRAGMA journal_mode = WAL", MENDABLE["a time session without its task"][1])
    with closing(sqlite3.connect(places.database)) as app:
        assert app.execute("SELECT count(*) FROM time_sessions").fetchone()[0] > 1
        assert repair(places).counts == {"owner_missing": 1}
        assert app.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert app.execute("SELECT count(*) FROM time_sessions WHERE id = 'lost'").fetchone() == (0,)
