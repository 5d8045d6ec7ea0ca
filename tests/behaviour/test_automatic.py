"""Backups that are made by themselves: when they are due, where they go, and what never happens to them."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.automatic import checking, drilling, own_files, running
from sidecar.automatic.answers import Drill, DrillResult, RunResult
from sidecar.automatic.catalogue import locked, read_catalogue
from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.health import EXIT_CODES, backup_status
from sidecar.automatic.policy import Place, Policy, Trigger
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.retention import Keep
from sidecar.automatic.running import accept, run_backup_if_due
from sidecar.automatic.shelf import list_all, note_backup
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import Cancelled
from sidecar.errors.databases import DatabaseNotFound
from sidecar.errors.jobs import BackupUnderWay, VerificationFailed
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import contents, execute, fresh, restore

MORNING = datetime(2026, 11, 27, 9, tzinfo=UTC)
DAY = timedelta(days=1)


class Device:
    """A database, a policy, and a clock that a test turns."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.now = MORNING

    @property
    def folder(self) -> Path:
        return self.places.database.parent / "backups" / "automatic"

    def policy(self, *folders: Path, keep: Keep | None = None) -> None:
        keep = keep or Keep()
        write_policy(self.places.database, Policy(places=[Place(path=str(folder), keep=keep) for folder in folders]))

    def run(self, trigger: Trigger = "timer", after: timedelta = DAY) -> RunResult:
        self.now += after
        return run_backup_if_due(self.places, trigger, Progress(), clock=lambda: self.now)

    def write(self, sql: str = "UPDATE tasks SET title = title || '.'") -> None:
        execute(self.places.database, sql)


def backups(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.kpbackup"))


@pytest.fixture
def device(places: Places) -> Device:
    return Device(places)


def test_the_first_run_makes_a_backup_beside_the_database_that_restores(device: Device, tmp_path: Path) -> None:
    result = device.run("start")
    assert (result.outcome, result.why) == ("made", "the first one")
    assert result.backup is not None
    assert backups(device.folder) == [Path(result.backup).name]
    assert "2026-11-28" in result.backup
    other = fresh(tmp_path)
    restore(other, Path(result.backup))
    assert contents(other)["tasks"] == contents(device.places.database)["tasks"]


def test_none_is_made_again_before_one_is_due(device: Device) -> None:
    device.run("start")
    device.write()
    assert device.run("timer", timedelta(minutes=5)).outcome == "not_due"
    assert len(backups(device.folder)) == 1


def test_nothing_changed_means_no_new_file(device: Device) -> None:
    device.run()
    result = device.run()
    assert result.outcome == "current"
    assert len(backups(device.folder)) == 1
    assert read_catalogue(device.places.database).last == device.now


def test_a_file_that_was_touched_without_a_change_of_content_makes_none_either(device: Device) -> None:
    device.run()
    device.write("VACUUM")
    assert device.run().outcome == "current"
    assert len(backups(device.folder)) == 1


def test_a_changed_row_makes_one(device: Device) -> None:
    device.run()
    device.write()
    assert device.run().outcome == "made"
    assert len(backups(device.folder)) == 2


def test_one_that_rotted_does_not_stand_for_a_new_one(device: Device) -> None:
    first = Path(device.run().backup or "")
    first.write_bytes(first.read_bytes()[:-1] + b"\x01")
    device.write("VACUUM")
    result = device.run()
    assert (result.outcome, result.backup != str(first)) == ("made", True)


def test_every_place_gets_its_own_and_is_proved_there(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "usb")
    result = device.run()
    assert [place.outcome for place in result.places] == ["made", "copied"]
    (name,) = backups(tmp_path / "usb")
    assert (tmp_path / "usb" / name).read_bytes() == (device.folder / name).read_bytes()
    (entry,) = read_catalogue(device.places.database).places[str(tmp_path / "usb")].entries
    assert entry.is_proved


def test_a_place_that_is_gone_is_a_warning_and_is_caught_up(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    device.run()
    usb.rename(tmp_path / "drawer")
    device.write()
    result = device.run()
    assert [place.outcome for place in result.places] == ["made", "missing"]
    assert result.warnings
    assert not usb.exists()
    (tmp_path / "drawer").rename(usb)
    assert [place.outcome for place in device.run().places] == ["current", "copied"]
    assert backups(usb) == backups(device.folder)


def test_a_place_on_a_disk_that_was_never_there_is_not_made_up(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "no" / "such" / "disk")
    assert [place.outcome for place in device.run().places] == ["made", "missing"]
    assert not (tmp_path / "no").exists()


def test_where_the_first_place_is_gone_the_next_one_gets_the_backup(device: Device, tmp_path: Path) -> None:
    device.policy(tmp_path / "no" / "disk", device.folder)
    assert [place.outcome for place in device.run().places] == ["missing", "made"]


def test_an_emptied_database_is_backed_up_and_pushes_nothing_out(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=1, weekly=0, monthly=0, most=1))
    grow(device)
    device.run()
    device.write("DELETE FROM tasks")
    result = device.run()
    assert (result.outcome, result.removed) == ("made", [])
    assert "tasks: 0 instead of" in result.held
    device.write("INSERT INTO task_lists (id, name, is_default, created_at, updated_at) VALUES ('n', 'n', 0, '', '')")
    device.run()
    assert len(backups(device.folder)) == 3


def grow(device: Device) -> None:
    device.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
        " INSERT INTO tasks (id, title, priority, status, time_estimate, actual_time, created_at, updated_at)"
        " SELECT 'grown-' || i, 'Grown ' || i, 1, 'pending', 0, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM n"
    )


def test_what_retention_lets_go_of_is_removed_once_a_newer_one_is_proved(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=2, weekly=0, monthly=0))
    made = []
    for _ in range(4):
        device.write()
        made.append(Path(device.run().backup or "").name)
    assert backups(device.folder) == made[-2:]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", ["holiday.kpbackup", "kirapilot-2020-01-01T00-00-00-000000Z.kpbackup", "note.txt"])
def test_what_a_person_put_there_stays(device: Device, name: str) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=1, weekly=0, monthly=0))
    device.run()
    shutil.copy(device.folder / backups(device.folder)[0], device.folder / name)
    for _ in range(3):
        device.write()
        device.run()
    assert (device.folder / name).is_file()
    assert len(list(device.folder.iterdir())) == 2


def test_a_file_of_ours_that_somebody_replaced_is_left_alone(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=1, weekly=0, monthly=0))
    mine = Path(device.run().backup or "")
    mine.write_bytes(b"my own words")
    device.write()
    device.run()
    device.write()
    device.run()
    assert mine.read_bytes() == b"my own words"


def test_a_backup_that_somebody_removed_is_no_failure(device: Device) -> None:
    Path(device.run().backup or "").unlink()
    result = device.run()
    assert (result.outcome, result.warnings) == ("made", [])


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("lost", ["removed", "rotten", "unplugged"])
def test_an_older_backup_never_stands_for_the_newest_that_was_lost(device: Device, tmp_path: Path, lost: str) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder)
    device.run()
    device.policy(usb, device.folder) if lost == "unplugged" else None
    device.write()
    newest = Path(device.run("start").backup or "")
    if lost == "rotten":
        newest.write_bytes(newest.read_bytes()[:-1] + b"\x01")
        check_backups(device.places, device.now, Progress(), all_of_them=True)
    elif lost == "removed":
        newest.unlink()
    else:
        (device.folder / newest.name).unlink()
        usb.rename(tmp_path / "drawer")
    result = device.run("start")
    assert result.outcome == "made"
    assert len(backups(device.folder)) >= 2


def test_two_at_once_are_one_and_a_word(device: Device) -> None:
    with locked(device.places.database), pytest.raises(BackupUnderWay):
        device.run()


@pytest.mark.parametrize("step", ["export_data", "write_catalogue"])
def test_a_run_that_fails_says_so_and_the_next_one_mends_it(
    device: Device, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise VerificationFailed(detail="a disk that forgets")

    device.run()
    device.write()
    with monkeypatch.context() as patch:
        patch.setattr(running, step, fail)
        with pytest.raises(VerificationFailed):
            device.run()
    assert device.run().outcome == "made"
    assert read_catalogue(device.places.database).failure is None


def test_one_whose_maker_was_killed_is_taken_up(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_args: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(own_files, "describe", die)
        with pytest.raises(Killed):
            device.run()
    assert len(backups(device.folder)) == 1
    assert device.run().outcome == "current"
    (state,) = read_catalogue(device.places.database).places.values()
    assert [entry.name for entry in state.entries] == backups(device.folder)


def test_one_whose_maker_was_killed_is_taken_up_once_it_can_be_read(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.run()
    device.write()
    with monkeypatch.context() as patch:
        patch.setattr(own_files, "describe", lambda *_: _raise(VerificationFailed(detail="a disk that is not itself")))
        for _ in range(2):
            with pytest.raises(VerificationFailed):
                device.run()
    assert device.run().outcome == "current"
    (state,) = read_catalogue(device.places.database).places.values()
    assert sorted(entry.name for entry in state.entries) == backups(device.folder)


def test_a_copy_that_does_not_read_back_is_no_backup(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.policy(device.folder, tmp_path / "usb")

    def forget(_source: Path, _target: Path, _hash: str, _progress: Progress) -> None:
        raise DamagedBackup(detail="what was written is not what is read back")

    with monkeypatch.context() as patch:
        patch.setattr(own_files, "copy", forget)
        assert [place.outcome for place in device.run().places] == ["made", "failed"]
    assert [place.outcome for place in device.run().places] == ["current", "copied"]


def test_without_a_database_there_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound):
        run_backup_if_due(Places(tmp_path / "none.db", tmp_path / "work"), "timer", Progress())
    assert not (tmp_path / "backups").exists()


def test_a_clock_that_says_the_same_once_more_gives_no_name_twice(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    first = Path(device.run().backup or "")
    first.unlink()
    device.write()
    again = Path(device.run("manual", timedelta()).backup or "")
    assert again.name != first.name
    assert backups(usb) == sorted([first.name, again.name])


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("jump", [-3650, 3650])
def test_a_clock_that_jumps_removes_no_more_than_a_day_would(device: Device, jump: int) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=5, weekly=0, monthly=0))
    for _ in range(6):
        device.write()
        device.run()
    assert len(backups(device.folder)) == 5
    device.write()
    device.run(after=timedelta(days=jump))
    device.write()
    device.run(after=-timedelta(days=jump))
    assert len(backups(device.folder)) >= 4


# -- how they are ------------------------------------------------------------------------


def test_the_status_tells_never_healthy_stale_held_and_failing_apart(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state() -> str:
        return backup_status(device.places, device.now).state

    assert state() == "never"
    grow(device)
    device.run()
    assert state() == "healthy"
    device.now += 10 * DAY
    assert state() == "stale"
    device.run()
    assert state() == "healthy"
    device.write("DELETE FROM tasks")
    device.run()
    assert state() == "held"
    accept(device.places)
    assert state() == "healthy"
    with monkeypatch.context() as patch:
        patch.setattr(running, "export_data", lambda *_: _raise(VerificationFailed(detail="a disk that forgets")))
        grow(device)
        with pytest.raises(VerificationFailed):
            device.run()
    assert state() == "failing"
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES) == 5


def _raise(error: Exception) -> None:
    raise error


def test_a_check_finds_what_rotted_and_the_status_says_so(device: Device) -> None:
    first = Path(device.run().backup or "")
    device.write()
    device.run()
    first.write_bytes(first.read_bytes()[:-1] + b"\x01")
    result = check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert {Path(found.path).name: found.outcome for found in result.checked} == {
        name: "rotten" if name == first.name else "fine" for name in backups(device.folder)
    }
    assert backup_status(device.places, device.now).state == "failing"


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_one_that_rotted_stays_known_and_counts_for_nothing(device: Device) -> None:
    """It is never removed either: it may hold what nothing else does."""
    device.policy(device.folder, keep=Keep(hours=0, daily=2, weekly=0, monthly=0))
    first = Path(device.run().backup or "")
    device.write()
    device.run()
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    for _ in range(4):
        device.write()
        device.run()
    assert first.name in backups(device.folder)
    (place,) = backup_status(device.places, device.now).places
    assert (place.kept, place.rotten, len(backups(device.folder))) == (2, 1, 3)
    listed = list_all(device.places, Progress())
    assert [Path(one.path) for one in listed.automatic if one.rotten] == [first]
    assert listed.manual == []


def test_one_that_rotted_is_failing_until_a_newer_one_is_proved_there(device: Device) -> None:
    first = Path(device.run().backup or "")
    device.write()
    device.run()
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    device.run()
    assert backup_status(device.places, device.now).state == "failing"
    device.write()
    device.run()
    status = backup_status(device.places, device.now)
    assert (status.state, status.places[0].rotten) == ("healthy", 1)
    first.unlink()
    device.run()
    assert backup_status(device.places, device.now).places[0].rotten == 0


def test_one_that_rotted_and_is_stale_besides_is_failing(device: Device) -> None:
    spoil(Path(device.run().backup or ""))
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    device.now += 30 * DAY
    assert backup_status(device.places, device.now).state == "failing"


def test_one_that_rotted_before_it_was_to_go_is_noted_by_the_pruning(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=1, weekly=0, monthly=0))
    first = Path(device.run().backup or "")
    spoil(first)
    device.write()
    assert device.run("start").removed == []
    (place,) = backup_status(device.places, device.now).places
    assert (place.state, place.rotten) == ("failing", 1)
    device.write()
    assert [Path(path).name != first.name for path in device.run("start").removed] == [True]


def test_many_that_rotted_do_not_keep_the_others_from_going(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=9, weekly=0, monthly=0))
    for _ in range(9):
        device.write()
        device.run("start")
    for name in backups(device.folder)[:5]:
        spoil(device.folder / name)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    device.policy(device.folder, keep=Keep(hours=0, daily=1, weekly=0, monthly=0))
    for _ in range(3):
        device.write()
        device.run("start")
    assert len(backups(device.folder)) == 5 + 1


def test_one_whose_bytes_come_back_is_whole_again(device: Device) -> None:
    first = Path(device.run().backup or "")
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert backup_status(device.places, device.now).state == "healthy"


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


def test_a_copy_of_one_that_rotted_is_no_fault_of_the_place_and_the_next_run_mends_it(
    device: Device, tmp_path: Path
) -> None:
    made = Path(device.run("start").backup or "")
    spoil(made)
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    assert [place.outcome for place in device.run("start").places] == ["current", "failed"]
    assert backups(usb) == []
    assert [place.outcome for place in device.run("start").places] == ["made", "copied"]
    assert backup_status(device.places, device.now).places[1].state == "healthy"


def test_a_rotten_copy_is_mended_and_keeps_its_pin(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    made = Path(device.run("start").backup or "")
    note_backup(device.places, 1, "before the move", True)
    spoil(usb / made.name)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert [place.outcome for place in device.run("start").places] == ["current", "copied"]
    assert (usb / made.name).read_bytes() == made.read_bytes()
    listed = list_all(device.places, Progress()).automatic
    assert [(one.pinned, one.note, one.rotten) for one in listed] == [(True, "before the move", "")] * 2


def test_a_check_reads_a_share_and_those_longest_not_looked_at_first(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        device.write()
        device.run()
    monkeypatch.setattr(checking, "SHARE_BYTES", 1)
    seen = [check_backups(device.places, device.now + n * DAY, Progress()).checked[0].path for n in range(1, 4)]
    assert sorted(Path(path).name for path in seen) == backups(device.folder)


def drills_of(result: DrillResult) -> list[Drill]:
    return [place.drill for place in result.places if place.drill]


def test_a_drill_restores_the_newest_of_each_place(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "usb")
    device.run()
    before = device.places.database.read_bytes()
    result = drill_backups(device.places, device.now, Progress())
    assert [drill.outcome for drill in drills_of(result)] == ["fine", "fine"]
    assert device.places.database.read_bytes() == before


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
    monkeypatch.setattr(drilling, "make_generation", lambda *_, **_named: _raise(error))
    (drill,) = drills_of(drill_backups(device.places, device.now, Progress()))
    assert drill.outcome == "not_tried"
    assert drill.detail
    assert backup_status(device.places, device.now).state == "healthy"


# -- looked after by the run of a timer ---------------------------------------------------


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


def test_a_timers_run_re_reads_what_nobody_looked_at_for_a_week(device: Device) -> None:
    first = Path(device.run().backup or "")
    looked = [len(device.run().checked) for _ in range(15)]
    assert [day for day, count in enumerate(looked, 1) if count] == [7, 14]
    first.write_bytes(first.read_bytes()[:-1] + b"\x01")
    for _ in range(5):
        assert device.run().checked == []
    result = device.run()
    assert [one.outcome for one in result.checked if one.path == str(first)] == ["rotten"]
    assert any(str(first) in warning for warning in result.warnings)
    assert backup_status(device.places, device.now).state == "failing"


def test_a_timers_run_reads_a_share_and_the_rest_the_next_time(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SHARE_OF_A_RUN", 1)
    for _ in range(3):
        device.write()
        device.run("start", timedelta(days=2))
    device.now += 30 * DAY
    seen = [[one.path for one in device.run("timer", timedelta(minutes=5)).checked] for _ in range(4)]
    assert sorted(Path(path).name for paths in seen for path in paths) == backups(device.folder)
    assert [len(paths) for paths in seen] == [1, 1, 1, 0]


def test_a_cancel_while_it_looks_after_them_is_no_failure_of_the_run(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "drill_overdue", lambda *_: _raise(Cancelled()))
    result = device.run()
    assert (result.outcome, result.drills, result.warnings) == ("made", [], [])
    assert backup_status(device.places, device.now).state == "healthy"


def test_a_place_that_is_unplugged_keeps_the_outcome_of_its_last_drill(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    device.run()
    usb.rename(tmp_path / "drawer")
    device.run(after=40 * DAY)
    states = read_catalogue(device.places.database).places
    assert [state.drill and (device.now - state.drill.when).days for state in states.values()] == [0, 40]
