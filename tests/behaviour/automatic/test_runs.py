"""A run: when a backup is made, into which places, and what comes of one that fails or is killed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.automatic import own_files, running
from sidecar.automatic.catalogue import locked, read_catalogue
from sidecar.automatic.checking import check_backups
from sidecar.automatic.health import backup_status
from sidecar.automatic.policy import Trigger
from sidecar.automatic.running import run_backup_if_due
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.databases import DatabaseNotFound
from sidecar.errors.jobs import BackupUnderWay, VerificationFailed
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.automatic_device import Device, backups, spoil, throw
from tests.support.databases import contents, fresh, restore


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


@pytest.mark.parametrize("trigger", ["timer", "manual", "update"])
def test_where_nothing_changed_one_that_rotted_does_not_stand_for_now(trigger: Trigger, device: Device) -> None:
    device.run()
    spoil(device.folder / backups(device.folder)[0])
    result = device.run(trigger)
    assert (result.outcome, len(backups(device.folder))) == ("made", 2)
    assert backup_status(device.places, device.now).places[0].rotten == 1


@pytest.mark.parametrize(("trigger", "outcome"), [("timer", "current"), ("update", "made"), ("clear", "made")])
def test_a_large_one_is_read_before_something_that_may_need_it(
    trigger: Trigger, outcome: str, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.run()
    spoil(device.folder / backups(device.folder)[0])
    monkeypatch.setattr(running, "WHOLE_BYTES", 0)
    assert device.run(trigger).outcome == outcome


def test_a_changed_row_makes_one(device: Device) -> None:
    device.run()
    device.write()
    assert device.run().outcome == "made"
    assert len(backups(device.folder)) == 2


@pytest.mark.slow
def test_every_place_gets_its_own_and_is_proved_there(device: Device, tmp_path: Path) -> None:
    device.policy(device.folder, tmp_path / "usb")
    result = device.run()
    assert [place.outcome for place in result.places] == ["made", "copied"]
    (name,) = backups(tmp_path / "usb")
    assert (tmp_path / "usb" / name).read_bytes() == (device.folder / name).read_bytes()
    (entry,) = read_catalogue(device.places.database).places[str(tmp_path / "usb")].entries
    assert entry.is_proved


@pytest.mark.slow
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


@pytest.mark.slow
def test_one_whose_maker_was_killed_is_taken_up_once_it_can_be_read(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.run()
    device.write()
    with monkeypatch.context() as patch:
        patch.setattr(own_files, "describe", lambda *_: throw(VerificationFailed(detail="a disk that is not itself")))
        for _ in range(2):
            with pytest.raises(VerificationFailed):
                device.run()
    assert device.run().outcome == "current"
    (state,) = read_catalogue(device.places.database).places.values()
    assert sorted(entry.name for entry in state.entries) == backups(device.folder)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_clock_that_says_the_same_once_more_gives_no_name_twice(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    first = Path(device.run().backup or "")
    first.unlink()
    device.write()
    again = Path(device.run("manual", timedelta()).backup or "")
    assert again.name != first.name
    assert backups(usb) == sorted([first.name, again.name])
