"""Safety copies: made and proved before an import changes anything, and all that an undo needs."""

from __future__ import annotations

import errno
import itertools
import shutil
import stat
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from sidecar.database import connection as live
from sidecar.errors import (
    Cancelled,
    DatabaseBusy,
    InvalidBackup,
    NoSafetyCopy,
    PlaceUnreachable,
    SafetyCopyFailed,
    SidecarError,
)
from sidecar.export import safety_copies
from sidecar.export.exporting import export_data
from sidecar.export.safety_copies import KEPT, list_copies, moment_of
from sidecar.jobs import comparing, importing
from sidecar.jobs.importing import import_data
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import INTERVAL, Progress, Report
from sidecar.rescue.copy_places import second_folder_of
from sidecar.restore.applying import Outdated, apply
from sidecar.results import ImportResult, UndoResult
from sidecar.system.paths import Places
from tests.campaigns.test_properties import FURTHER, KEYS, ROWS, Rows, fill, in_a_folder
from tests.conftest import DATA, EVERY_KIND
from tests.hostile.test_full_disk import Failing, fail_files
from tests.support import app_process
from tests.support.databases import (
    assert_same_contents,
    bring_in,
    contents,
    copy_of,
    counts,
    emptied,
    execute,
    export,
    fresh,
    opened,
    places_of,
    query,
    restore,
    value,
)
from tests.support.jobs import nothing_changes, said_well, state, without_empty_work_folder

FIRST, SECOND, THIRD = "2025-08-23-first-format", "2025-08-24-task-lists", "2025-09-08-periodic-templates"
GENERATIONS = (FIRST, SECOND, THIRD, EVERY_KIND)
PREFERENCES = "kirapilot-preferences"

Copy = Callable[[str], Path]


def shipped(name: str) -> Path:
    return DATA / f"{name}.kpbackup"


def folder_of(database: Path) -> Path:
    return database.parent / "backups"


def copies(database: Path) -> list[Path]:
    """The safety copies, the newest first, found by their names alone."""
    return sorted(folder_of(database).glob("before-import-*.kpbackup"), reverse=True)


def undo(database: Path, settings: dict[str, Any] | None = None) -> UndoResult:
    return undo_last_import(places_of(database), Progress(), settings)


def restored_from(copy: str | Path, like: Path, folder: Path) -> Path:
    """What a copy brings into a device of the same schema that holds nothing."""
    device = emptied(copy_of(like, folder))
    bring_in(device, Path(copy))
    return device


@pytest.fixture
def device(database_copy: Copy) -> Path:
    return database_copy(EVERY_KIND)


# -- when a copy is made -----------------------------------------------------------------


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", GENERATIONS)
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


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_copies_lie_beside_the_database_itself_not_beside_a_link_to_it(device: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(device)
    result = bring_in(link, shipped(THIRD))
    assert copies(device) == [Path(result.safety_copy or "")]
    assert undo(device).path == result.safety_copy


# -- made before the first row changes, and of the very state --------------------------------


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


# -- when it cannot be made ----------------------------------------------------------------


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


@pytest.mark.parametrize("hindrance", [_a_link_to_nowhere_in_its_place])
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_import_without_a_place_for_its_copy_changes_nothing_and_says_why(
    overwrite: bool, hindrance: Callable[[Path], None], device: Path
) -> None:
    hindrance(device)
    with nothing_changes(device.parent), pytest.raises(SafetyCopyFailed) as raised:
        bring_in(device, shipped(THIRD), overwrite)
    error = said_well(raised.value, SafetyCopyFailed)
    assert error.message.startswith("Nothing was changed and the backup is fine: No safety copy ")
    assert error.path == str(folder_of(device))
    assert "which is not there. Plug its disk in" in error.message


@pytest.mark.slow
def test_whichever_write_flush_or_rename_of_the_copy_fails_there_is_one_or_the_import_stops(device: Path) -> None:
    before = contents(device)
    elsewhere = 0
    for fatal in itertools.count(1):
        was = state(device.parent)
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(fatal, errno.ENOSPC if fatal % 2 else errno.EIO)
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
    assert elsewhere > 10


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


# -- undo ------------------------------------------------------------------------------------


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("backup", GENERATIONS)
@pytest.mark.parametrize("name", GENERATIONS)
def test_an_undo_brings_back_every_byte_of_any_generation_and_a_second_one_takes_it_away_again(
    name: str, backup: str, overwrite: bool, database_copy: Copy
) -> None:
    device = database_copy(name)
    before = contents(device, ())
    done = import_data(places_of(device), str(shipped(backup)), overwrite, Progress(), allow_loss=True)
    after = contents(device, ())
    if done.safety_copy is None:
        assert_same_contents(before, after)
        return
    undone = undo(device)
    assert undone.path == done.safety_copy
    assert undone.safety_copy is not None
    assert undone.safety_copy > undone.path
    assert_same_contents(before, contents(device, ()))
    assert undo(device).path == undone.safety_copy
    assert_same_contents(after, contents(device, ()))
    undo(device)
    assert_same_contents(before, contents(device, ()))


def test_an_undo_brings_back_what_the_backup_did_not_speak_of(device: Path) -> None:
    tied = query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id")
    focus = query(device, "SELECT * FROM focus_sessions ORDER BY id")
    lists = query(device, "SELECT * FROM task_lists ORDER BY id")
    assert focus
    assert any(task for _, task in tied)
    bring_in(device, shipped(THIRD))
    assert query(device, "SELECT * FROM focus_sessions ORDER BY id") == []
    assert query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id") != tied
    assert value(device, "SELECT count(*) FROM task_lists WHERE name LIKE 'Restored list %'") > 0
    undo(device)
    assert query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id") == tied
    assert query(device, "SELECT * FROM focus_sessions ORDER BY id") == focus
    assert query(device, "SELECT * FROM task_lists ORDER BY id") == lists


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    "oddity",
    [
        "DELETE FROM task_lists",
        "UPDATE task_lists SET is_default = 0",
        "UPDATE tasks SET task_list_id = NULL",
        "UPDATE tasks SET task_list_id = 'nowhere', periodic_template_id = 'nowhere', parent_task_id = id",
        "UPDATE tasks SET priority = NULL, created_at = '2026-11-22 16:07:21', title = CAST(x'ff' AS TEXT)",
        "UPDATE time_sessions SET task_id = 'nowhere'",
        "UPDATE threads SET assignment_task_id = 'nowhere'",
    ],
)
def test_an_undo_repairs_nothing(oddity: str, device: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.kpbackup"
    export(device, sound)
    execute(device, oddity)
    before = contents(device)
    for archive in (sound, shipped(THIRD)):
        bring_in(device, archive)
        undo(device)
        assert_same_contents(before, contents(device))


bounded = hypothesis_settings(
    max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
@bounded
@given(ours=ROWS, theirs=ROWS, further=FURTHER, key=KEYS)
def test_any_import_into_any_device_can_be_undone_and_done_again(
    ours: Rows, theirs: Rows, further: list[tuple[Any, Any]], key: str
) -> None:
    def check(folder: Path) -> None:
        (folder / "other").mkdir()
        source, device = fill(fresh(folder / "other", "source.db"), ours), fill(fresh(folder, "device.db"), theirs)
        with opened(device) as connection:
            connection.execute(f"CREATE TABLE further (a, b{key})")
            connection.executemany("INSERT OR IGNORE INTO further VALUES (?, ?)", further)
        archive = folder / "b.kpbackup"
        export(source, archive)
        for overwrite in (False, True):
            before = contents(device)
            done = restore(device, archive, overwrite)
            after = contents(device)
            if done.safety_copy is None:
                assert_same_contents(before, after)
                continue
            undo(device)
            assert_same_contents(before, contents(device))
            undo(device)
            assert_same_contents(after, contents(device))

    in_a_folder(check)


def test_an_undo_where_nothing_was_imported_says_so(device: Path) -> None:
    with nothing_changes(device.parent):
        for job in (undo_last_import, preview_undo):
            with pytest.raises(NoSafetyCopy) as raised:
                job(places_of(device), Progress())
            said_well(raised.value, NoSafetyCopy)


@pytest.mark.slow
def test_a_copy_of_an_import_that_never_happened_is_passed_over(device: Path) -> None:
    """An import was killed after its copy was made: the last one that did happen is undone."""
    before = contents(device)
    done = bring_in(device, shipped(THIRD))
    copy = safety_copies.SafetyCopy(places_of(device), None, Progress)
    copy.make()
    assert copies(device)[0] == copy.path
    assert preview_undo(places_of(device), Progress())[0] == Path(done.safety_copy or "")
    assert undo(device).path == done.safety_copy
    assert_same_contents(before, contents(device))


def test_a_copy_whose_settings_nobody_can_compare_is_not_passed_over(device: Path) -> None:
    """Its import may have changed settings alone: to undo an older one instead would be wrong."""
    bring_in(device, shipped(THIRD))
    copy = safety_copies.SafetyCopy(places_of(device), {PREFERENCES: {"theme": "light"}}, Progress)
    copy.make()
    before = contents(device)
    assert preview_undo(places_of(device), Progress())[0] == copy.path
    undone = undo(device)
    assert (undone.path, undone.settings) == (str(copy.path), {PREFERENCES: {"theme": "light"}})
    assert_same_contents(before, contents(device))


def test_a_damaged_copy_is_not_undone_and_an_older_one_not_in_its_place(device: Path) -> None:
    bring_in(device, shipped(THIRD))
    newest = bring_in(device, shipped(EVERY_KIND)).safety_copy
    damage(Path(newest or ""))
    before = contents(device)
    with nothing_changes(device.parent), pytest.raises(SidecarError) as raised:
        undo(device)
    assert raised.value.blames_backup
    assert raised.value.path == newest
    assert_same_contents(before, contents(device))


def test_a_failed_undo_changes_nothing(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_in(device, shipped(THIRD))

    def fail(*_: object) -> None:
        raise Outdated

    monkeypatch.setattr(importing, "_require_short_lock", lambda *_: (_ for _ in ()).throw(Cancelled()))
    monkeypatch.setattr(importing, "apply", fail)
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        undo(device)


# -- keeping them ----------------------------------------------------------------------------


def import_alternately(device: Path, times: int) -> list[ImportResult]:
    return [bring_in(device, shipped((THIRD, EVERY_KIND)[number % 2])) for number in range(times)]


def import_differently(device: Path, times: int) -> list[ImportResult]:
    """Import one backup after the app changed something each time, so that no two copies are the same."""
    done = []
    for number in range(times):
        execute(device, f"UPDATE tasks SET title = 'state {number} of {times}'")
        done.append(bring_in(device, shipped(THIRD)))
    return done


@pytest.mark.slow
def test_the_newest_copies_are_kept_and_nothing_else_is_removed(device: Path) -> None:
    folder = folder_of(device)
    folder.mkdir()
    mine = [
        "before-import-mine.kpbackup",
        "notes.txt",
        "before-import-20200101T000000.000000Z.kpbackup.bak",
        "a.kpbackup",
    ]
    for name in mine:
        (folder / name).write_text("mine")
    link = folder / "before-import-20200101T000000.000001Z.kpbackup"
    (folder / "before-import-20200101T000000.000002Z.kpbackup").mkdir()
    link.symlink_to(folder / "notes.txt")
    made = [result.safety_copy for result in import_differently(device, KEPT + 3)]
    left = {path.name for path in folder.iterdir()}
    assert left >= {*mine, link.name, "before-import-20200101T000000.000002Z.kpbackup"}
    assert [str(path) for path in list_copies(folder)] == [*made[: -KEPT - 1 : -1], made[0]]


@pytest.mark.slow
def test_looking_through_backups_does_not_push_out_what_was_there_before(device: Path) -> None:
    before = contents(device)
    first = import_alternately(device, 2 * KEPT)[0].safety_copy
    assert first is not None
    assert Path(first) in list_copies(folder_of(device))
    bring_in(device, Path(first))
    assert contents(device) == before


@pytest.mark.slow
def test_equal_contents_count_once(device: Path, database_copy: Copy, tmp_path: Path) -> None:
    """Copies of other contents stay behind any number of two that are made again and again, after a month too."""
    pair = [database_copy(THIRD), database_copy(THIRD)]
    for number, database in enumerate(pair):
        execute(database, f"UPDATE tasks SET title = 'of {number}'")
        export_data(places_of(database), str(tmp_path / f"{number}.kpbackup"), Progress())
    other = [result.safety_copy for result in import_differently(device, KEPT - 3)]
    for path in list_copies(folder_of(device)):
        path.rename(path.with_name(path.name.replace("-import-20", "-import-19")))
    aged = {Path(path).name.replace("-import-20", "-import-19") for path in other if path}
    for number in range(2 * KEPT):
        bring_in(device, tmp_path / f"{number % 2}.kpbackup")
    left = {path.name for path in list_copies(folder_of(device))}
    assert left >= aged
    assert len(left) <= 2 * KEPT


@pytest.mark.slow
@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_the_first_copy_of_a_run_stays_for_thirty_days(device: Path, days: int, stays: bool) -> None:
    first = Path(import_differently(device, 1)[0].safety_copy or "")
    moment = moment_of(first)
    assert moment is not None
    aged = first.with_name(f"before-import-{moment - timedelta(days=days):%Y%m%dT%H%M%S.%f}Z.kpbackup")
    first.rename(aged)
    import_differently(device, KEPT + 2)
    assert aged.is_file() is stays


@pytest.mark.slow
def test_a_damaged_copy_is_the_first_of_no_run(device: Path) -> None:
    import_differently(device, 1)
    (first,) = list_copies(folder_of(device))
    first.write_bytes(b"damaged")
    import_differently(device, KEPT + 2)
    assert not first.exists()


@pytest.mark.slow
@pytest.mark.parametrize("by_a_link", [False, True])
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_the_copy_that_is_imported_is_not_removed(by_a_link: bool, device: Path, tmp_path: Path) -> None:
    oldest = import_alternately(device, KEPT)[0].safety_copy
    assert list_copies(folder_of(device))[-1] == Path(oldest or "")
    execute(device, "DELETE FROM tasks")
    named = Path(oldest or "")
    if by_a_link:
        named = tmp_path / "favourite.kpbackup"
        named.symlink_to(oldest or "")
    assert bring_in(device, named).safety_copy is not None
    assert Path(oldest or "").is_file()
    assert len(list_copies(folder_of(device))) == KEPT + 1


def test_the_only_copy_that_proves_is_never_removed(device: Path) -> None:
    """Any number of damaged ones that claim to be newer do not push it out."""
    folder = folder_of(device)
    folder.mkdir()
    for number in range(KEPT + 5):
        (folder / f"before-import-29990101T000000.{number:06}Z.kpbackup").write_bytes(b"damaged")
    done = bring_in(device, shipped(THIRD))
    listed = list_backups(places_of(device), Progress()).backups
    assert [copy.path for copy in listed if copy.proved] == [done.safety_copy]
    assert listed[0].path == done.safety_copy
    assert len(listed) == KEPT
    assert undo(device).path == done.safety_copy


@pytest.mark.slow
def test_a_failed_import_removes_no_copy(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_alternately(device, KEPT)

    def fail(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(importing, "apply", fail)
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        bring_in(device, shipped(FIRST))


def test_a_copy_made_after_the_clock_was_put_back_is_the_newest_all_the_same(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2020, 1, 1, tzinfo=tz)

    first = bring_in(device, shipped(THIRD)).safety_copy
    before = contents(device)
    monkeypatch.setattr(safety_copies, "datetime", Clock)
    second = bring_in(device, shipped(EVERY_KIND)).safety_copy
    assert [str(path) for path in list_copies(folder_of(device))] == [second, first]
    assert undo(device).path == second
    assert_same_contents(before, contents(device))


@pytest.mark.parametrize(
    "name",
    [
        "before-import-20261322T160721.000000Z.kpbackup", "before-import-99991231T235959.999999Z.kpbackup",
        "before-import-20261122T160721Z.kpbackup", "Before-import-20261122T160721.000000Z.kpbackup",
        "before-import-20261122T160721.000000Z.kpbackup\n", "before-import-２0261122T160721.000000Z.kpbackup", "",
    ],
)  # fmt: skip
def test_a_file_of_another_name_is_no_safety_copy(name: str) -> None:
    assert moment_of(Path("backups", name)) is None


def test_the_name_of_a_copy_is_the_time_it_was_made(device: Path) -> None:
    begun = datetime.now(UTC)
    moment = moment_of(Path(bring_in(device, shipped(THIRD)).safety_copy or ""))
    assert moment is not None
    assert begun <= moment <= datetime.now(UTC)


# -- listing them ----------------------------------------------------------------------------


def damage(archive: Path, name: str = "data.json") -> None:
    """Flip one bit in the packed bytes of an entry."""
    with zipfile.ZipFile(archive) as file:
        info = file.getinfo(name)
        at = info.header_offset + 30 + len(name) + info.compress_size // 2
    raw = bytearray(archive.read_bytes())
    raw[at] ^= 1
    archive.write_bytes(raw)


def listed(device: Path) -> list[tuple[str, bool]]:
    found = list_backups(places_of(device), Progress())
    assert found.folder == str(folder_of(device))
    return [(copy.path, copy.proved) for copy in found.backups]


def test_copies_are_listed_with_what_they_hold_the_newest_first(device: Path) -> None:
    assert listed(device) == []
    tasks = [counts(device)["tasks"]]
    made = []
    for backup in (THIRD, FIRST, EVERY_KIND):
        made.append(bring_in(device, shipped(backup)).safety_copy)
        tasks.append(counts(device)["tasks"])
    found = list_backups(places_of(device), Progress()).backups
    assert [copy.path for copy in found] == made[::-1]
    assert [copy.task_count for copy in found] == tasks[-2::-1]
    for copy in found:
        assert copy.proved
        assert copy.reason is None
        assert copy.size == Path(copy.path).stat().st_size
        assert datetime.fromisoformat(copy.created_at) >= (moment_of(Path(copy.path)) or datetime.max)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("entry", ["data.json", "tasks.json", "metadata.json", "manifest.json", "task_lists.json"])
def test_a_damaged_copy_is_listed_as_such(entry: str, device: Path) -> None:
    good, bad = (result.safety_copy or "" for result in import_alternately(device, 2))
    damage(Path(bad), entry)
    assert listed(device) == [(bad, False), (good, True)]
    damaged = list_backups(places_of(device), Progress()).backups[0]
    assert damaged.reason
    # What it said of itself is shown as long as that can be read.
    assert (damaged.task_count > 0) == (entry not in ("metadata.json", "manifest.json"))
    assert damaged.created_at[:10] == (moment_of(Path(bad)) or datetime.max).isoformat()[:10]


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _of_the_app(path: Path) -> None:
    shutil.copy(shipped(THIRD), path)


def _without_an_entry(path: Path) -> None:
    _rezip(path, lambda name: name != "threads.json")


def _with_one_more(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.json", "[]")


def _with_another_word(path: Path) -> None:
    """A sound archive in every other respect."""
    _rezip(path, change=lambda data: data.replace(b'"status":"pending"', b'"status":"changed"'))


def _rezip(path: Path, keep: Callable[[str], bool] = bool, change: Callable[[bytes], bytes] = bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: change(archive.read(name)) for name in archive.namelist() if keep(name)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("spoil", [_empty, _cut, _of_the_app, _without_an_entry, _with_one_more, _with_another_word])
def test_a_copy_that_is_not_what_was_written_is_not_proved(spoil: Callable[[Path], None], device: Path) -> None:
    copy = bring_in(device, shipped(THIRD)).safety_copy or ""
    spoil(Path(copy))
    assert listed(device) == [(copy, False)]


def test_a_listing_can_be_cancelled_and_shows_its_progress(device: Path) -> None:
    import_alternately(device, 3)
    reports: list[Report] = []
    list_backups(places_of(device), Progress(listen=reports.append))
    assert (reports[0].phase, reports[0].total) == ("prove", 3)
    looks = iter(range(1000))
    with pytest.raises(Cancelled):
        list_backups(places_of(device), Progress(cancelled=lambda: next(looks) > 5))


def test_a_listing_changes_nothing(device: Path) -> None:
    import_alternately(device, 2)
    before = state(device.parent)
    listed(device)
    assert state(device.parent) == before


def test_copies_of_a_missing_database_are_listed_still(device: Path) -> None:
    """It is then that they are needed."""
    (copy,) = (result.safety_copy for result in import_alternately(device, 1))
    device.unlink()
    assert listed(device) == [(copy, True)]


def test_proof_is_of_every_byte(device: Path) -> None:
    """A bit flipped anywhere shows, unless it says nothing: times, and who made the archive."""
    copy = Path(bring_in(device, shipped(THIRD)).safety_copy or "")
    good = copy.read_bytes()
    unseen = []
    for at in range(0, len(good), 61):
        raw = bytearray(good)
        raw[at] ^= 1 << at % 8
        copy.write_bytes(raw)
        if listed(device)[0][1]:
            unseen.append(at)
    data = _data_ranges(good, copy)
    assert not [at for at in unseen if any(start <= at < end for start, end in data)]


def _data_ranges(good: bytes, copy: Path) -> list[tuple[int, int]]:
    """Where the packed bytes of entries lie."""
    copy.write_bytes(good)
    with zipfile.ZipFile(copy) as archive:
        return [
            (start, start + info.compress_size)
            for info in archive.infolist()
            for start in (info.header_offset + 30 + len(info.filename),)
        ]


def test_a_copy_is_damaged_for_lack_of_a_manifest_in_so_many_words(device: Path) -> None:
    copy = bring_in(device, shipped(THIRD)).safety_copy or ""
    _of_the_app(Path(copy))
    assert "manifest.json" in (list_backups(places_of(device), Progress()).backups[0].reason or "")


def test_an_undo_that_passes_copies_over_reports_no_more_than_any_job(device: Path) -> None:
    """The phases come again with each copy that is looked at; each of them reports at once one time alone."""
    bring_in(device, shipped(THIRD))
    for _ in range(4):
        safety_copies.SafetyCopy(places_of(device), None, Progress).make()
    reports: list[Report] = []
    begun = time.monotonic()
    undo_last_import(places_of(device), Progress(listen=reports.append))
    seconds = time.monotonic() - begun
    assert len(reports) <= 4 + seconds / INTERVAL
    percentages = [report.percentage for report in reports]
    assert percentages == sorted(percentages)
