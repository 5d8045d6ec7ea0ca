"""How automatic backups are: what the status says of them, and what becomes of those that rotted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.automatic import running
from sidecar.automatic.checking import check_backups
from sidecar.automatic.health import EXIT_CODES, backup_status
from sidecar.automatic.running import accept
from sidecar.automatic.shelf import list_all, note_backup
from sidecar.errors.jobs import VerificationFailed
from sidecar.progress import Progress
from tests.support.automatic_device import DAY, Device, backups, grow, spoil, throw


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
        patch.setattr(running, "export_data", lambda *_: throw(VerificationFailed(detail="a disk that forgets")))
        grow(device)
        with pytest.raises(VerificationFailed):
            device.run()
    assert state() == "failing"
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES) == 5


def test_one_that_rotted_does_not_stand_for_a_new_one(device: Device) -> None:
    first = Path(device.run().backup or "")
    first.write_bytes(first.read_bytes()[:-1] + b"\x01")
    device.write("VACUUM")
    result = device.run()
    assert (result.outcome, result.backup != str(first)) == ("made", True)


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


def test_a_copy_of_one_that_rotted_is_no_fault_of_the_place_and_the_next_run_mends_it(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As one that is large: that is read when it is copied.
    monkeypatch.setattr(running, "WHOLE_BYTES", 0)
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
