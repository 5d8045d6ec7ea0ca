"""Checks: every backup is read again in its turn, by itself or in the run of a timer, and what rotted is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.automatic import checking, running
from sidecar.automatic.checking import check_backups
from sidecar.automatic.health import backup_status
from sidecar.progress import Progress
from tests.support.automatic_device import DAY, Device, backups, spoil


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


def test_one_whose_bytes_come_back_is_whole_again(device: Device) -> None:
    first = Path(device.run().backup or "")
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    spoil(first)
    check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert backup_status(device.places, device.now).state == "healthy"


def test_a_check_reads_a_share_and_those_longest_not_looked_at_first(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        device.write()
        device.run()
    monkeypatch.setattr(checking, "SHARE_BYTES", 1)
    seen = [check_backups(device.places, device.now + n * DAY, Progress()).checked[0].path for n in range(1, 4)]
    assert sorted(Path(path).name for path in seen) == backups(device.folder)


def test_a_timers_run_re_reads_what_nobody_looked_at_for_a_week(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As one that is large.
    monkeypatch.setattr(running, "WHOLE_BYTES", 0)
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
