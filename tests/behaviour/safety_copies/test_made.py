"""Safety copies: made and proved before an import changes anything."""

from __future__ import annotations

import errno
import itertools
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from sidecar.database import connection as live
from sidecar.errors.backups import InvalidBackup
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.databases import DatabaseBusy
from sidecar.errors.jobs import SafetyCopyFailed
from sidecar.errors.paths import PlaceUnreachable
from sidecar.export import safety_copies
from sidecar.export.exporting import export_data
from sidecar.jobs import comparing, importing
from sidecar.jobs.importing import import_data
from sidecar.jobs.listing import list_backups
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress, Report
from sidecar.rescue.copy_places import second_folder_of
from sidecar.restore.applying import apply
from sidecar.system.paths import Places
from tests.conftest import EVERY_KIND, REAL, THIRD, Copy
from tests.hostile.test_full_disk import Failing, fail_files
from tests.support import app_process
from tests.support.databases import (
    assert_same_contents,
    bring_in,
    contents,
    execute,
    export,
    fresh,
    places_of,
    query,
    value,
)
from tests.support.jobs import nothing_changes, said_well, state, without_empty_work_folder
from tests.support.safety_copies import copies, folder_of, restored_from, shipped, undo
from tests.support.settings import PREFERENCES
from tests.support.windows_names import short_name


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", REAL)
def test_an_import_leaves_a_whole_copy_of_what_was_there_before(
    name: str, overwrite: bool, database_copy: Copy, tmp_path: Path
) -> None:
    device = database_copy(name)
    before = contents(device)
    result = bring_in(device, shipped(THIRD if name != THIRD else EVERY_KIND), overwrite, allow_loss=True)
    assert result.safety_copy == str(copies(device)[0])
    verdict = validate_comprehensive(places_of(device), result.safety_copy, Progress())
    assert verdict.errors == []
    assert_same_contents(before, contents(restored_from(result.safety_copy, device, tmp_path / "other")))


def test_an_import_into_a_fresh_database_leaves_a_copy_too(tmp_path: Path) -> None:
    """To have imported the wrong file is as easily undone there as anywhere."""
    device = fresh(tmp_path)
    before = contents(device)
    assert bring_in(device, shipped(THIRD)).safety_copy is not None
    undo(device)
    assert_same_contents(before, contents(device))


@pytest.mark.parametrize("overwrite", [True, False])
def test_an_import_that_changes_nothing_leaves_no_copy(overwrite: bool, device: Path, tmp_path: Path) -> None:
    export(device, tmp_path / "same.kpbackup")
    with nothing_changes(device.parent):
        assert bring_in(device, tmp_path / "same.kpbackup", overwrite).safety_copy is None


def test_an_import_that_changes_settings_alone_leaves_a_copy_of_them(device: Path, tmp_path: Path) -> None:
    archive = str(tmp_path / "same.kpbackup")
    places = places_of(device)
    export_data(places, archive, Progress(), {PREFERENCES: {"theme": "dark"}})
    here = {PREFERENCES: '{"theme":"light","apiKey":"mine"}'}
    done = import_data(places, archive, True, Progress(), settings=here)
    assert done.settings == {PREFERENCES: {"theme": "dark", "apiKey": "mine"}}
    assert done.safety_copy is not None
    # Once they are in localStorage, there is nothing left to change.
    assert import_data(places, archive, True, Progress(), settings=done.settings).safety_copy is None
    undone = undo(device, done.settings)
    assert (undone.path, undone.settings) == (done.safety_copy, {PREFERENCES: {"theme": "light", "apiKey": "mine"}})
    assert undo(device, undone.settings).settings == done.settings


def test_a_preview_leaves_no_copy(device: Path) -> None:
    with nothing_changes(device.parent):
        importing.preview_import(places_of(device), str(shipped(THIRD)), True, Progress())


def test_a_copy_is_for_its_owner_alone(device: Path) -> None:
    result = bring_in(device, shipped(THIRD))
    assert result.safety_copy is not None
    if sys.platform != "win32":
        assert stat.S_IMODE(Path(result.safety_copy).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder_of(device).stat().st_mode) == 0o700


def test_copies_lie_beside_the_database_itself_not_beside_a_link_to_it(device: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    if sys.platform == "win32":
        link = short_name(device)
    else:
        link.symlink_to(device)
    result = bring_in(link, shipped(THIRD))
    assert copies(device) == [Path(result.safety_copy or "")]
    assert undo(device).path == result.safety_copy


def test_the_copy_is_there_and_proves_before_the_first_statement_changes_a_row(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_for_import = live.open_for_import
    seen: list[bool] = []

    def trace(sql: str) -> None:
        if sql.split()[:2] in (["DELETE", "FROM"], ["INSERT", "INTO"]) and sql.split()[2].startswith("main."):
            seen.append(all(copy.proved for copy in list_backups(places_of(device), Progress()).backups))
            assert len(copies(device)) == 1

    def opened_traced(path: Path) -> Any:
        connection = open_for_import(path)
        connection.set_trace_callback(trace)
        return connection

    monkeypatch.setattr(comparing, "open_for_import", opened_traced)
    bring_in(device, shipped(THIRD))
    assert len(seen) > 3
    assert all(seen)


class Writer:
    """The app, which writes one more row at given moments: a change that a copy must hold."""

    def __init__(self, database: Path) -> None:
        self.database, self.written = database, 0

    def write(self) -> None:
        self.written += 1
        execute(self.database, f"INSERT INTO tasks (id, title) VALUES ('meanwhile {self.written}', 'x')")


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("times", [1, comparing.TRIES - 1, comparing.TRIES, comparing.TRIES + 1])
@pytest.mark.parametrize("moment", ["while the copy is made", "before the lock"])
def test_what_the_app_writes_until_the_lock_is_taken_is_in_the_copy(
    moment: str, times: int, device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Writer(device)
    made: list[str] = []

    def apply_late(*arguments: Any) -> None:
        if moment == "before the lock" and app.written < times:
            app.write()
        apply(*arguments)

    def export_and_write(places: Places, path: str, *arguments: Any) -> Any:
        made.append(path)
        result = export_data(places, path, *arguments)
        if moment != "before the lock" and app.written < min(times, comparing.TRIES):
            app.write()
        return result

    monkeypatch.setattr(safety_copies, "export_data", export_and_write)
    monkeypatch.setattr(importing, "apply", apply_late)
    result = bring_in(device, shipped(THIRD))
    assert app.written == min(times, comparing.TRIES + (moment == "before the lock"))
    assert len(made) == min(times, comparing.TRIES) + 1
    # Copies of a state that is no more are gone.
    assert copies(device) == [Path(result.safety_copy or "")]
    found = query(restored_from(copies(device)[0], device, tmp_path / "other"), "SELECT id FROM tasks")
    assert {f"meanwhile {number + 1}" for number in range(app.written)} <= {task for (task,) in found}
    undo(device)
    assert value(device, "SELECT count(*) FROM tasks WHERE id LIKE 'meanwhile %'") == app.written


def test_a_copy_that_would_keep_the_app_waiting_for_too_long_is_not_made_under_the_lock(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Writer(device)

    def apply_late(*arguments: Any) -> None:
        app.write()
        assert len(arguments) == 4, "the lock was to be taken all the same"
        apply(*arguments)

    monkeypatch.setattr(importing, "apply", apply_late)
    monkeypatch.setattr(importing, "LOCK_SECONDS", 0.0)
    with pytest.raises(DatabaseBusy) as raised:
        bring_in(device, shipped(THIRD))
    said_well(raised.value, DatabaseBusy)
    assert app.written == comparing.TRIES
    assert not folder_of(device).exists()
    assert value(device, "SELECT count(*) FROM tasks WHERE id LIKE 'meanwhile %'") == comparing.TRIES


@pytest.mark.slow
def test_an_import_beside_an_app_at_work_loses_none_of_its_writes(device: Path) -> None:
    with app_process.playing("live", device):
        for _ in range(3):
            bring_in(device, shipped(THIRD))
            undo(device)
    # What the app has written goes with an import and comes back with its undo.
    written = value(device, "SELECT count(*) FROM ai_interactions WHERE id LIKE 'app %'")
    last = value(device, "SELECT max(CAST(substr(id, 5) AS INTEGER)) FROM ai_interactions WHERE id LIKE 'app %'")
    assert written > 0
    assert last is not None


def test_an_import_that_fails_after_its_copy_was_made_leaves_none(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        assert len(copies(device)) == 1
        raise Cancelled

    monkeypatch.setattr(importing, "apply", fail)
    before = contents(device)
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        bring_in(device, shipped(THIRD))
    assert_same_contents(before, contents(device))


def test_a_row_that_the_database_refuses_leaves_no_copy(device: Path) -> None:
    execute(device, "CREATE TRIGGER no_more BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END")
    with nothing_changes(device.parent), pytest.raises(InvalidBackup):
        bring_in(device, shipped(THIRD))


def _a_file_in_its_place(device: Path) -> None:
    folder_of(device).write_text("mine")


def _a_link_to_nowhere_in_its_place(device: Path) -> None:
    folder_of(device).symlink_to(device.parent / "nowhere")


def test_a_copy_that_finds_no_place_beside_the_database_lies_in_the_work_folder(device: Path) -> None:
    """Where an undo finds it, and the list; and where it is counted with those that lie beside the database later."""
    _a_file_in_its_place(device)
    before = contents(device)
    first = bring_in(device, shipped(THIRD))
    assert first.safety_copy is not None
    assert Path(first.safety_copy).is_relative_to(places_of(device).work_dir)
    assert any(first.safety_copy in warning and "move it away" in warning for warning in first.warnings)
    (listed,) = list_backups(places_of(device), Progress()).backups
    assert (listed.path, listed.proved) == (first.safety_copy, True)
    assert undo(device).path == first.safety_copy
    assert_same_contents(before, contents(device))
    folder_of(device).unlink()
    second = bring_in(device, shipped(THIRD))
    assert Path(second.safety_copy or "").parent == folder_of(device)
    paths = [copy.path for copy in list_backups(places_of(device), Progress()).backups]
    assert (paths[0], paths[-1]) == (second.safety_copy, first.safety_copy)


def test_other_databases_copies_in_the_same_work_folder_are_not_this_ones(device: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(device, tmp_path / "other" / "kirapilot.db"))
    for database in (device, other):
        _a_file_in_its_place(database)
    work = places_of(device).work_dir
    importing.import_data(Places(other, work), str(shipped(THIRD)), True, Progress())
    made = bring_in(device, shipped(THIRD)).safety_copy
    assert [copy.path for copy in list_backups(places_of(device), Progress()).backups] == [made]
    assert len(list(work.glob("backups-*"))) == 2


def test_without_any_place_for_its_copy_nothing_is_changed(device: Path) -> None:
    _a_file_in_its_place(device)
    second_folder_of(places_of(device)).parent.mkdir(exist_ok=True)
    second_folder_of(places_of(device)).write_text("mine")
    with nothing_changes(device.parent), pytest.raises(SafetyCopyFailed) as raised:
        bring_in(device, shipped(THIRD))
    assert "move it away" in said_well(raised.value, SafetyCopyFailed).message


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_folder_of_copies_whose_disk_is_not_there_is_told_of_by_all(device: Path) -> None:
    _a_link_to_nowhere_in_its_place(device)
    for ask in (lambda: list_backups(places_of(device), Progress()), lambda: undo(device)):
        with pytest.raises(PlaceUnreachable, match="nowhere, which is not there"):
            ask()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_import_without_a_place_for_its_copy_changes_nothing_and_says_why(overwrite: bool, device: Path) -> None:
    _a_link_to_nowhere_in_its_place(device)
    with nothing_changes(device.parent), pytest.raises(SafetyCopyFailed) as raised:
        bring_in(device, shipped(THIRD), overwrite)
    error = said_well(raised.value, SafetyCopyFailed)
    assert error.message.startswith("Nothing was changed and the backup is fine: No safety copy ")
    assert error.path == str(folder_of(device))
    assert "which is not there. Plug its disk in" in error.message


SHARES = 4
"""Runs that the steps of a copy are dealt out to, for all of them one after the other would keep the others waiting."""


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SHARES + 1))
def test_whichever_write_flush_or_rename_of_the_copy_fails_there_is_one_or_the_import_stops(
    first: int, device: Path
) -> None:
    before = contents(device)
    elsewhere = 0
    for fatal in itertools.count(first, SHARES):
        was = state(device.parent)
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(fatal, errno.ENOSPC if fatal // SHARES % 2 else errno.EIO)
            fail_files(patch, failing)
            error = failure_of(device)
        if failing.calls < fatal:
            break
        if error is None:
            (copy,) = list_backups(places_of(device), Progress()).backups
            assert copy.proved
            elsewhere += Path(copy.path).parent != folder_of(device)
            assert undo(device).path == copy.path
            shutil.rmtree(folder_of(device), ignore_errors=True)
            shutil.rmtree(second_folder_of(places_of(device)), ignore_errors=True)
        else:
            assert said_well(error, SafetyCopyFailed).path == str(folder_of(device))
            assert without_empty_work_folder(state(device.parent)) == without_empty_work_folder(was)
        assert_same_contents(before, contents(device))
    assert fatal > 20
    assert elsewhere > 2


def failure_of(device: Path) -> SidecarError | None:
    """How an import of another backup fails."""
    try:
        bring_in(device, shipped(THIRD))
    except SidecarError as error:
        return error
    return None


def test_a_cancel_reaches_the_copy_and_it_shows_its_progress(device: Path) -> None:
    reports: list[Report] = []
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        import_data(
            places_of(device), str(shipped(THIRD)), True,
            Progress(listen=reports.append, cancelled=lambda: any(report.phase == "copy" for report in reports)),
        )  # fmt: skip
    reports.clear()
    import_data(places_of(device), str(shipped(THIRD)), True, Progress(listen=reports.append))
    phases = list(dict.fromkeys(report.phase for report in reports))
    assert phases == ["stage", "check", "copy", "apply"]
    percentages = [report.percentage for report in reports]
    assert percentages == sorted(percentages)
