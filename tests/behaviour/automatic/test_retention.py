"""What a run removes, and what never goes: what a person put there, and the last of what was lost."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.automatic.checking import check_backups
from sidecar.automatic.health import backup_status
from sidecar.automatic.retention import Keep
from sidecar.automatic.shelf import list_all
from sidecar.progress import Progress
from tests.support.automatic_device import Device, backups, grow, spoil


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
