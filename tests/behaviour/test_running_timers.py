"""A timer that runs in a backup is told of, and a merge never leaves two running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import undo_last_import
from sidecar.merging.policy import OnConflict
from sidecar.progress import Progress
from sidecar.selection.request import Selection
from tests.conftest import THIRD, Copy
from tests.support.databases import bring_in, execute, export, insert, places_of, preview, query, restore

OLD, NEW = "2025-09-09T08:00:00.123456789+00:00", "2026-11-27T01:00:00+00:00"


def running(device: Path) -> list[tuple[str, str | None]]:
    return query(device, "SELECT id, end_time FROM time_sessions WHERE is_active = 1 ORDER BY id")


def start(device: Path, name: str, moment: str) -> None:
    (task,) = query(device, "SELECT id FROM tasks ORDER BY id LIMIT 1")[0]
    insert(
        device, "time_sessions", id=name, task_id=task, start_time=moment, paused_time=0, is_active=1, created_at=moment
    )


@pytest.fixture
def devices(database_copy: Copy) -> tuple[Path, Path]:
    """Two devices with the same tasks on which nothing runs."""
    both = database_copy(THIRD), database_copy(THIRD)
    for device in both:
        execute(device, "UPDATE time_sessions SET is_active = 0, end_time = coalesce(end_time, start_time)")
    return both


@pytest.fixture
def source(devices: tuple[Path, Path]) -> Path:
    """A device on which a timer has been running for long."""
    start(devices[0], "old", OLD)
    return devices[0]


@pytest.fixture
def device(devices: tuple[Path, Path]) -> Path:
    return devices[1]


@pytest.fixture
def archive(source: Path, tmp_path: Path) -> Path:
    return Path(export(source, tmp_path / "b.kpbackup").path)


def about_timers(warnings: list[str]) -> list[str]:
    return [warning for warning in warnings if "timer" in warning]


def test_a_replacement_brings_a_running_timer_back_as_it_was_and_says_so(device: Path, archive: Path) -> None:
    start(device, "own", NEW)
    (warning,) = about_timers(restore(device, archive).warnings)
    assert warning.startswith("A timer is running in the backup, since 2025-09-09 08:00 UTC: it runs on")
    assert running(device) == [("old", None)]


def test_a_merge_adds_a_second_timer_as_stopped_at_the_time_of_the_backup(device: Path, archive: Path) -> None:
    start(device, "own", NEW)
    result = restore(device, archive, overwrite=False)
    (warning,) = about_timers(result.warnings)
    assert "since 2025-09-09 08:00 UTC: another one runs already" in warning
    assert running(device) == [("own", None)]
    assert query(device, "SELECT start_time, end_time, is_active FROM time_sessions WHERE id = 'old'") == [
        (OLD, result.created_at.replace("Z", "+00:00"), 0)
    ]


def test_a_merge_where_nothing_runs_lets_the_latest_run_on(device: Path, source: Path, tmp_path: Path) -> None:
    start(source, "newer", NEW)
    archive = Path(export(source, tmp_path / "two.kpbackup").path)
    warnings = about_timers(restore(device, archive, overwrite=False).warnings)
    assert ["since 2026-11-27 01:00 UTC: it runs on" in line for line in warnings] == [True, False]
    assert "since 2025-09-09 08:00 UTC: another one runs" in warnings[1]
    assert running(device) == [("newer", None)]


def test_a_session_begun_after_the_backup_by_another_clock_does_not_end_before_it_began(
    device: Path, source: Path, tmp_path: Path
) -> None:
    execute(source, "UPDATE time_sessions SET start_time = '2999-01-01T00:00:00+00:00' WHERE id = 'old'")
    archive = Path(export(source, tmp_path / "late.kpbackup").path)
    start(device, "own", NEW)
    bring_in(device, archive, overwrite=False)
    assert query(device, "SELECT end_time FROM time_sessions WHERE id = 'old'") == [("2999-01-01T00:00:00+00:00",)]


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_timer_that_runs_here_as_it_does_in_the_backup_is_no_news(
    source: Path, archive: Path, overwrite: bool
) -> None:
    result = restore(source, archive, overwrite=overwrite)
    assert about_timers(result.warnings) == []
    assert not any(account.changes for account in result.tables.values())
    assert running(source) == [("old", None)]


def test_a_merge_done_again_changes_nothing_more(device: Path, archive: Path) -> None:
    start(device, "own", NEW)
    bring_in(device, archive, overwrite=False)
    again = bring_in(device, archive, overwrite=False)
    assert not any(account.changes for account in again.tables.values())
    assert about_timers(again.warnings) == []


def test_an_undo_puts_a_running_timer_back_without_a_word(device: Path, archive: Path) -> None:
    start(device, "own", NEW)
    bring_in(device, archive)
    assert about_timers(undo_last_import(places_of(device), Progress()).warnings) == []
    assert running(device) == [("own", None)]


def test_many_timers_are_told_of_in_few_lines(device: Path, source: Path, tmp_path: Path) -> None:
    for index in range(9):
        start(source, f"t{index}", NEW)
    archive = Path(export(source, tmp_path / "many.kpbackup").path)
    assert about_timers(preview(device, archive).warnings)[-1] == "The same of 7 more timers"
    assert len(about_timers(preview(device, archive).warnings)) == 4


def test_what_is_no_time_is_not_repeated(device: Path, source: Path, tmp_path: Path) -> None:
    execute(source, "UPDATE time_sessions SET start_time = 'secret words here+00:00' WHERE id = 'old'")
    archive = Path(export(source, tmp_path / "odd.kpbackup").path)
    (warning,) = about_timers(preview(device, archive).warnings)
    assert "since some time" in warning
    assert "secret" not in warning


@pytest.mark.parametrize("asked", [{"on_conflict": "theirs"}, {"on_conflict": "newer"}, {"overwrite": True}])
def test_a_timer_that_the_import_itself_stops_keeps_none_from_running_on(
    asked: dict[str, Any], devices: tuple[Path, Path], tmp_path: Path
) -> None:
    source, device = devices
    for each in devices:
        start(each, "both", OLD)
    execute(source, f"UPDATE time_sessions SET is_active = 0, end_time = '{NEW}' WHERE id = 'both'")
    start(source, "later", NEW)
    archive = Path(export(source, tmp_path / "later.kpbackup").path)
    selection = Selection(tables=["time_sessions"]) if "overwrite" in asked else None
    arguments = {"overwrite": False, "progress": Progress(), "selection": selection, **asked}
    result = import_data(places_of(device), str(archive), **arguments)
    assert ["it runs on after the import" in line for line in about_timers(result.warnings)] == [True]
    assert running(device) == [("later", None)]
    again = import_data(places_of(device), str(archive), **arguments)
    assert not any(account.changes for account in again.tables.values())


@pytest.mark.parametrize("policy", ["both", "theirs", "newer", "mine"])
def test_a_timer_that_a_merge_stopped_is_no_other_one_to_the_next(
    policy: OnConflict, device: Path, archive: Path
) -> None:
    start(device, "own", NEW)
    for _ in range(3):
        before = query(device, "SELECT * FROM time_sessions ORDER BY id")
        shown = preview_import(places_of(device), str(archive), False, Progress(), on_conflict=policy)
        import_data(places_of(device), str(archive), False, Progress(), on_conflict=policy)
    assert shown.conflicts == 0
    assert query(device, "SELECT * FROM time_sessions ORDER BY id") == before
    assert running(device) == [("own", None)]
    # One that somebody has changed since is a conflict like any other.
    execute(device, "UPDATE time_sessions SET notes = 'mine' WHERE id = 'old'")
    assert preview_import(places_of(device), str(archive), False, Progress(), on_conflict=policy).conflicts == 1


def test_what_one_device_has_stopped_the_other_does_not_run_for_ever(
    devices: tuple[Path, Path], tmp_path: Path
) -> None:
    # Timers that run though they have ended, as a hand may leave them: the two rows tell of the same moment.
    for device, running_there, own in ((devices[0], 1, "a"), (devices[1], 0, "b")):
        start(device, "both", OLD)
        execute(device, f"UPDATE time_sessions SET is_active = {running_there}, end_time = '{NEW}' WHERE id = 'both'")
        start(device, own, "2026-11-27T02:00:00+00:00")
    for _ in range(2):
        for number, (source, device) in enumerate((devices, devices[::-1])):
            archive = Path(export(source, tmp_path / f"{number}.kpbackup").path)
            import_data(places_of(device), str(archive), False, Progress(), on_conflict="newer")
    both = [query(device, "SELECT id, is_active, end_time FROM time_sessions ORDER BY id") for device in devices]
    assert both[0] == both[1]
    assert len(running(devices[0])) <= 1
