"""The safety copy that another process makes while the backup is read: taken where it holds the very state that is
about to be changed, and nowhere else; and that process is never left behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from sidecar.errors.backups import NotABackup
from sidecar.errors.base import Cancelled
from sidecar.export import early_copy, safety_copies
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress, Report
from sidecar.rescue import checking_beside
from sidecar.rescue.diagnosis import require_sound
from sidecar.results import ImportResult
from sidecar.selection.request import Selection
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.behaviour.test_worst_day import WRECKS
from tests.conftest import DATA, THIRD
from tests.support.client import Client
from tests.support.databases import (
    assert_same,
    assert_same_contents,
    contents,
    execute,
    export,
    larger,
    places_of,
    value,
)
from tests.support.safety_copies import copies, folder_of, shipped, undo
from tests.support.worst_days import good_backup_of, home_of, original_of

SPOIL: dict[str, Callable[[Path], object]] = {
    "one page zeroed": WRECKS["one page zeroed"][0],
    "an index that lacks rows": lambda database: behind_indexes(database, "tasks", NEW_TASKS),
}

ONE_TASK = Selection(tables=["tasks"], missing=True)


class Early(early_copy.EarlyCopy):
    """Tells of each copy that was begun early, and what became of it."""

    begun: list[Early]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.was_made = False
        self.begun.append(self)

    def get_done(self) -> None:
        """Wait until the other process has answered: its copy is then of an earlier moment than this."""
        self._reader.join()

    def wait(self, progress: Progress) -> bool:
        self.was_made = super().wait(progress)
        return self.was_made


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> list[Early]:
    """A copy is begun early however small the database is."""
    monkeypatch.setattr(Early, "begun", [], raising=False)
    monkeypatch.setattr(safety_copies, "EarlyCopy", Early)
    monkeypatch.setattr(early_copy, "LEAST_BYTES", 1)
    monkeypatch.setattr(checking_beside, "LEAST_BYTES", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    return Early.begun


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The databases that were checked besides."""
    checked: list[Path] = []

    def look(database: Path, work_dir: Path, size: int, progress: Progress) -> None:
        checked.append(database)
        require_sound(database, work_dir, size, progress)

    monkeypatch.setattr(checking_beside, "require_sound", look)
    monkeypatch.setattr(checking_beside, "first_finding", lambda *_: pytest.fail("checked beside the copy"))
    return checked


@pytest.fixture
def saved(device: Path, tmp_path: Path) -> Path:
    """A backup of the device, which has lost a task since."""
    archive = tmp_path / "saved.kpbackup"
    export(device, archive)
    execute(device, "DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks WHERE parent_task_id IS NULL)")
    return archive


def bring_back(device: Path, archive: Path, progress: Progress | None = None) -> ImportResult:
    return import_data(places_of(device), str(archive), True, progress or Progress(), selection=ONE_TASK)


def when(phase: str, act: Callable[[], object], cancelled: Callable[[], bool] | None = None) -> Progress:
    """Does something when a phase begins."""
    phases: list[str] = []

    def listen(report: Report) -> None:
        if report.phase == phase and phase not in phases:
            phases.append(phase)
            act()

    return Progress(listen=listen, cancelled=cancelled)


def assert_nothing_left(device: Path) -> None:
    assert not psutil.Process().children()
    assert not copies(device)
    assert not folder_of(device).exists()


def test_a_copy_made_while_the_backup_is_read_is_the_one_that_an_undo_brings_back(
    device: Path, saved: Path, early: list[Early]
) -> None:
    before = contents(device, ())
    result = bring_back(device, saved)
    assert result.tables["tasks"].added == 1
    (copy,) = early
    assert copy.was_made
    assert copies(device) == [copy.path] == [Path(str(result.safety_copy))]
    assert not psutil.Process().children()
    undo(device)
    assert_same_contents(before, contents(device, ()))


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["stage", "check", "copy"])
def test_what_the_app_writes_meanwhile_is_in_the_copy(
    phase: str, device: Path, saved: Path, early: list[Early]
) -> None:
    rename = "UPDATE tasks SET title = 'written meanwhile' WHERE id = (SELECT max(id) FROM tasks)"

    def write() -> None:
        early[0].get_done()
        execute(device, rename)

    progress = when(phase, write)
    result = import_data(places_of(device), str(saved), True, progress)
    assert result.safety_copy is not None
    assert value(device, "SELECT count(*) FROM tasks WHERE title = 'written meanwhile'") == 0
    assert len(early) == 1
    assert copies(device) == [Path(result.safety_copy)]
    undo(device)
    assert value(device, "SELECT count(*) FROM tasks WHERE title = 'written meanwhile'") == 1


@pytest.mark.slow
def test_another_copy_is_made_where_the_process_does_not_get_to_its_end(
    device: Path, saved: Path, early: list[Early]
) -> None:
    before = contents(device, ())

    def kill() -> None:
        for process in psutil.Process().children():
            process.kill()

    result = bring_back(device, saved, when("stage", kill))
    assert not early[0].was_made
    assert copies(device) == [Path(str(result.safety_copy))]
    undo(device)
    assert_same_contents(before, contents(device, ()))


@pytest.mark.slow
def test_another_copy_is_made_where_the_process_cannot_be_started(
    device: Path, saved: Path, early: list[Early], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(early_copy, "start_server", start)
    result = bring_back(device, saved)
    assert not early
    assert copies(device) == [Path(str(result.safety_copy))]


def test_nothing_is_left_of_it_where_the_backup_is_none(device: Path, tmp_path: Path, early: list[Early]) -> None:
    (tmp_path / "none.kpbackup").write_bytes(b"not a backup")
    with pytest.raises(NotABackup):
        import_data(places_of(device), str(tmp_path / "none.kpbackup"), True, Progress())
    assert len(early) == 1
    assert_nothing_left(device)


def test_nothing_is_left_of_it_where_nothing_changes(device: Path, tmp_path: Path, early: list[Early]) -> None:
    archive = tmp_path / "same.kpbackup"
    export(device, archive)
    result = import_data(places_of(device), str(archive), True, Progress())
    assert result.safety_copy is None
    assert len(early) == 1
    assert_nothing_left(device)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("phase", ["stage", "copy"])
def test_nothing_is_left_of_it_after_a_cancel(phase: str, device: Path, saved: Path, early: list[Early]) -> None:
    cancelled: list[bool] = []
    progress = when(phase, lambda: cancelled.append(True), lambda: bool(cancelled))
    before = contents(device, ())
    with pytest.raises(Cancelled):
        bring_back(device, saved, progress)
    assert len(early) == 1
    assert_nothing_left(device)
    assert_same_contents(before, contents(device, ()))


def test_a_small_database_is_not_worth_a_process(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert not early_copy.pays(device)
    monkeypatch.setattr(early_copy, "LEAST_BYTES", device.stat().st_size)
    assert early_copy.pays(device)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert not early_copy.pays(device)
    assert not early_copy.pays(device.with_name("missing.db"))


def test_a_database_of_which_a_copy_was_made_is_not_checked_once_more(
    device: Path, saved: Path, early: list[Early], checks: list[Path]
) -> None:
    bring_back(device, saved)
    assert early[0].was_made
    assert not checks


def test_a_database_that_was_written_to_meanwhile_is_checked(
    device: Path, saved: Path, early: list[Early], checks: list[Path]
) -> None:
    def write() -> None:
        early[0].get_done()
        execute(device, "UPDATE tasks SET title = 'written meanwhile'")

    bring_back(device, saved, when("stage", write))
    assert len(checks) == 1


def test_a_backup_that_is_none_is_told_of_before_the_copy_is_made(
    device: Path, tmp_path: Path, early: list[Early], checks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Early, "is_under_way", lambda _: pytest.fail("somebody waits"))
    (tmp_path / "none.kpbackup").write_bytes(b"not a backup")
    with pytest.raises(NotABackup):
        import_data(places_of(device), str(tmp_path / "none.kpbackup"), True, Progress())
    assert len(early) == len(checks) == 1


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("spoil", SPOIL)
def test_a_restore_over_a_broken_database_is_what_it_is_without(
    spoil: str, tmp_path: Path, early: list[Early], checks: list[Path]
) -> None:
    home = home_of(DATA / f"{THIRD}.db", tmp_path)
    archive = good_backup_of(home)
    SPOIL[spoil](home.database)
    spoilt = home.database.read_bytes()
    result = import_data(home, archive, True, Progress())
    assert len(early) == 1
    assert checks
    assert result.safety_copy is None
    assert not copies(home.database)
    assert result.wreck is not None
    assert Path(result.wreck).read_bytes() == spoilt
    assert_same(home.database, original_of(home))
    assert not psutil.Process().children()


def test_an_import_over_a_missing_database_begins_none(tmp_path: Path, early: list[Early]) -> None:
    device = tmp_path / "kirapilot.db"
    result = import_data(places_of(device), str(shipped(THIRD)), True, Progress())
    assert result.rescue is not None
    assert not early


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a second process would have no processor of its own")
def test_the_program_starts_itself_once_more_for_a_large_database_and_nothing_of_that_stays(
    sidecar_command: list[str], tmp_path: Path
) -> None:
    places = larger(tmp_path, 14_000)
    assert places.database.stat().st_size >= early_copy.LEAST_BYTES
    execute(places.database, "DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks)")
    with Client([*sidecar_command, "serve"]) as client:
        client.request("initialize", {"databasePath": str(places.database), "workDir": str(places.work_dir)})
        program = psutil.Process(client.process.pid)
        before = len(program.children(recursive=True))
        params = {
            "filePath": str(tmp_path / "a.kpbackup"),
            "overwrite": False,
            "selection": {"tables": ["tasks"], "missing": True},
            "progressToken": "import",
        }
        client.call("import_data_from_file", params)
        most = before
        while "method" in (message := client.read()):
            most = max(most, len(program.children(recursive=True)))
        assert message["result"]["tables"]["tasks"]["added"] == 1
        assert most > before
        assert len(program.children(recursive=True)) == before
    assert copies(places.database) == [Path(message["result"]["safety_copy"])]
