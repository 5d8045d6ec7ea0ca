"""The life of the sidecar under the app: pages that reload or hang, windows that close, processes that are killed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import TASK, entries_of, made_of, write
from tests.support.databases import contents, query
from tests.window.conftest import OpenWindow
from tests.window.locks import held
from tests.window.programs import moved, overheard, requests_in, with_sidecar
from tests.window.screen import DEADLINE, Home, eventually
from tests.window.window import SIDECAR, Window, window

IMPORT, EXPORT = "import_data_from_file", "export_data_to_file"

Display = dict[str, str]


@pytest.fixture
def one_task(tmp_path: Path) -> Path:
    """A backup that holds one task and nothing else."""
    backup = tmp_path / "one task.kpbackup"
    write(backup, made_of([TASK]))
    return backup


def titles(home: Home) -> list[tuple[str]]:
    return query(home.database, "SELECT title FROM tasks ORDER BY title")


def begun(log: Path, method: str) -> None:
    eventually(lambda: requests_in(log)[method], f"the sidecar has {method}")


def all_gone(processes: list[psutil.Process]) -> bool:
    """No process is left. One that waits for a database finds out when it gives up waiting, after 10 seconds."""
    return not psutil.wait_procs(processes, timeout=DEADLINE)[1]


def run_folders(home: Home) -> list[Path]:
    """What the bootloaders of now and before have unpacked."""
    return sorted(home.run_folders.glob("run-*/*")) if home.run_folders.exists() else []


@contextlib.contextmanager
def import_under_way(shown: Window, backup: Path) -> Iterator[None]:
    """An import that has read its backup, and cannot begin its transaction within the block; its end is "first"."""
    shown.watch_progress()
    with held(shown.home.database, "IMMEDIATE"):
        shown.begin("first", "args[0], args[1]", IMPORT, {"filePath": str(backup), "overwrite": True})
        shown.wait_for_phase("apply")
        yield


def nothing_unpacked(home: Home) -> bool:
    """True as soon as the last bootloader has tidied up: it may outlive the app by a moment."""
    return eventually(lambda: not run_folders(home), "nothing is left of what bootloaders unpacked")


@pytest.mark.parametrize("command", [EXPORT, IMPORT])
def test_a_call_runs_once_when_the_page_reloads(
    command: str, app: Path, display: Display, home: Home, one_task: Path, tmp_path: Path
) -> None:
    program, log = overheard(app, tmp_path / "app")
    target = str(home.path / "new.kpbackup") if command == EXPORT else str(one_task)
    more = {} if command == EXPORT else {"overwrite": True}
    with window(program, home, display) as shown:
        with held(home.database):
            shown.begin("first", "args[0], args[1]", command, {"filePath": target, **more})
            begun(log, command)
            shown.reload()
            shown.script("window.__old = true")
        if command == IMPORT:
            # The page of before the import is loaded once more: what it shows is old.
            shown.wait_for_reload()
        ended = shown.call("plugin:kirapilot-backup|inspect_backup", filePath=str(one_task))
        assert ended["value"]["task_count"] == 1, "asked later, answered later: the first is done"
    assert requests_in(log)[command] == 1
    if command == IMPORT:
        assert titles(home) == [(TASK["title"],)]
    else:
        assert entries_of(Path(target))["metadata.json"]


def test_equal_calls_of_two_windows_are_one_and_both_are_answered(
    app: Path, display: Display, home: Home, one_task: Path, tmp_path: Path
) -> None:
    program, log = overheard(app, tmp_path / "app")
    call = ("args[0], args[1]", IMPORT, {"filePath": str(one_task), "overwrite": True})
    with window(program, home, display, "--second-window") as shown:
        first, second = eventually(lambda: len(all_ := shown.driver.window_handles) == 2 and all_, "two windows")
        for handle in (first, second):
            shown.driver.switch_to.window(handle)
            shown.find("#export")
            shown.show_another_page()
        with held(home.database):
            for handle in (first, second):
                shown.driver.switch_to.window(handle)
                shown.begin("imported", *call)
            begun(log, IMPORT)
        for handle in (first, second):
            shown.driver.switch_to.window(handle)
            assert shown.end("imported")["value"]["task_count"] == 1
    assert requests_in(log)[IMPORT] == 1


@pytest.mark.parametrize("victim", ["the one that works", "all of it"])
def test_a_sidecar_killed_in_the_middle_fails_the_call_and_the_next_one_works(
    victim: str, shown: Window, one_task: Path
) -> None:
    before = contents(shown.home.database)
    with import_under_way(shown, one_task):
        bootloader, worker = shown.sidecars()
        for process in [worker, bootloader] if victim == "all of it" else [worker]:
            with contextlib.suppress(
                psutil.NoSuchProcess
            ):  # the bootloader ends with the worker, and may be the quicker one
                process.kill()
        message = shown.end("first")["error"]
    assert "KiraPilot's backup program stopped in the middle of its work." in message
    assert "either as it was or completely replaced" in message
    assert contents(shown.home.database) == before
    assert shown.call(IMPORT, filePath=str(one_task), overwrite=True)["value"]["task_count"] == 1
    assert titles(shown.home) == [(TASK["title"],)]


def test_a_bootloader_killed_in_the_middle_does_not_matter(shown: Window, one_task: Path) -> None:
    with import_under_way(shown, one_task):
        bootloader, _ = shown.sidecars()
        bootloader.kill()
    assert shown.end("first")["value"]["task_count"] == 1
    assert shown.call("validate_backup_file", filePath=str(one_task))["value"]["task_count"] == 1


def test_an_app_killed_in_the_middle_leaves_nothing_behind(open_window: OpenWindow, home: Home, one_task: Path) -> None:
    before = contents(home.database)
    with open_window(home) as shown, import_under_way(shown, one_task):
        sidecars = shown.sidecars()
        shown.process.kill()
        assert all_gone(sidecars), "orphans"
    assert contents(home.database) == before
    assert run_folders(home) == []


@pytest.mark.parametrize("existing", [b"an older backup", None], ids=["over an older backup", "as a new file"])
def test_an_app_killed_during_an_export_leaves_no_half_file(
    existing: bytes | None, open_window: OpenWindow, fresh_home: Home, large_database: Path
) -> None:
    fresh_home.database.write_bytes(large_database.read_bytes())
    folder = fresh_home.path / "backups here"
    folder.mkdir()
    target = folder / "killed.kpbackup"
    if existing is not None:
        target.write_bytes(existing)
    with open_window(fresh_home) as shown:
        shown.watch_progress()
        shown.begin("first", "args[0], args[1]", EXPORT, {"filePath": str(target)})
        shown.wait_for_phase("compress")
        sidecars = shown.sidecars()
        shown.process.kill()
        assert all_gone(sidecars), "orphans"
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    if existing is not None and left != {target.name: existing} and set(left) == {target.name}:
        assert entries_of(target)["manifest.json"], "neither the older backup nor a whole new one"
    else:
        assert left == ({} if existing is None else {target.name: existing})
    assert run_folders(fresh_home) == []


def test_what_a_killed_bootloader_left_is_swept_by_the_next_start(
    open_window: OpenWindow, home: Home, one_task: Path
) -> None:
    with open_window(home) as shown:
        shown.call("validate_backup_file", filePath=str(one_task))
        bootloader, worker = shown.sidecars()
        (unpacked,) = run_folders(home)
        bootloader.kill()
        shown.process.kill()
        assert all_gone([worker])
    assert run_folders(home) == [unpacked]
    with open_window(home) as shown:
        shown.call("validate_backup_file", filePath=str(one_task))
        (now,) = run_folders(home)
        assert now != unpacked
    assert nothing_unpacked(home)


def test_a_window_closed_during_an_import_leaves_the_database_as_it_was(
    open_window: OpenWindow, home: Home, one_task: Path
) -> None:
    before = contents(home.database)
    with open_window(home) as shown, import_under_way(shown, one_task):
        sidecars = shown.sidecars()
        shown.close()
        assert all_gone([*sidecars, shown.process]), "the app does not leave"
    assert contents(home.database) == before
    assert run_folders(home) == []


def test_a_window_closed_while_rows_move_leaves_the_old_or_the_new(
    open_window: OpenWindow, fresh_home: Home, large_backup: Path, large_database: Path
) -> None:
    before = contents(fresh_home.database)
    with open_window(fresh_home) as shown:
        shown.watch_progress()
        shown.begin("first", "args[0], args[1]", IMPORT, {"filePath": str(large_backup), "overwrite": True})
        shown.wait_for_phase("apply")
        sidecars = shown.sidecars()
        shown.close()
        assert all_gone([*sidecars, shown.process]), "the app does not leave"
    after = contents(fresh_home.database)
    assert after in (before, contents(large_database))


def test_a_page_that_is_busy_stops_neither_the_sidecar_nor_the_window(shown: Window) -> None:
    target = shown.home.path / "meanwhile.kpbackup"
    shown.script(
        "window.busy = true; window.__TAURI_INTERNALS__.invoke('export_data_to_file', { filePath: arguments[0] })"
        "  .then((value) => { window.first = { value } }, (error) => { window.first = { error } });"
        "setTimeout(() => { const end = Date.now() + 9000; while (Date.now() < end); window.busy = false }, 0)",
        str(target),
    )
    eventually(target.exists, "the backup is there", seconds=8.5)
    assert shown.end("first")["value"]["task_count"] == 12


def test_a_missing_sidecar_is_told_of(app: Path, display: Display, home: Home, tmp_path: Path) -> None:
    program = moved(app, tmp_path / "app")
    with window(program, home, display) as shown:
        shown.answer_dialogs(save=str(home.path / "new.kpbackup"))
        shown.click("#export")
        said = shown.text("#failure")
        assert "KiraPilot's backup program is missing" in said
        assert str(program.with_name(SIDECAR)) in said
        program.with_name(SIDECAR).symlink_to(app.with_name(SIDECAR))
        backup = str(DATA / f"{EVERY_KIND}.kpbackup")
        assert shown.call("validate_backup_file", filePath=backup)["value"]["task_count"] == 12


def test_a_sidecar_that_may_not_be_run_is_told_of(app: Path, display: Display, home: Home, tmp_path: Path) -> None:
    program = with_sidecar(app, tmp_path / "app", "exit 1")
    program.with_name(SIDECAR).chmod(0o644)
    with window(program, home, display) as shown:
        shown.answer_dialogs(save=str(home.path / "new.kpbackup"))
        shown.click("#export")
        assert "KiraPilot's backup program may not be run. Make" in shown.text("#failure")


def test_a_program_that_is_no_sidecar_is_told_of(app: Path, display: Display, home: Home, tmp_path: Path) -> None:
    program = with_sidecar(app, tmp_path / "app", "echo hello; exit 3")
    with window(program, home, display) as shown:
        shown.answer_dialogs(save=str(home.path / "new.kpbackup"))
        shown.click("#export")
        assert "KiraPilot's backup program stopped in the middle of its work" in shown.text("#failure")


def test_a_home_with_spaces_and_unicode_works(open_window: OpenWindow, tmp_path: Path) -> None:
    home = Home(tmp_path / "Jörg's 家 home").make()
    shutil.copy(DATA / f"{EVERY_KIND}.db", home.database)
    backup = home.path / "Sicherung für 備份.kpbackup"
    with open_window(home) as shown:
        assert shown.call(EXPORT, filePath=str(backup))["value"]["path"] == str(backup)
        assert run_folders(home)
        assert shown.call(IMPORT, filePath=str(backup), overwrite=True)["value"]["task_count"] == 12
    assert nothing_unpacked(home)


def test_the_database_is_the_apps_own_whatever_the_environment_names(open_window: OpenWindow, home: Home) -> None:
    elsewhere = home.path / "elsewhere.db"
    with open_window(home, KIRAPILOT_DATABASE=str(elsewhere)) as shown:
        assert shown.call(EXPORT, filePath=str(home.path / "a.kpbackup"))["value"]["task_count"] == 12
    assert not elsewhere.exists()


def test_an_app_started_through_a_link_finds_its_sidecar(
    app: Path, display: Display, home: Home, tmp_path: Path
) -> None:
    link = tmp_path / "kirapilot"
    link.symlink_to(app)
    with window(link, home, display) as shown:
        backup = str(DATA / f"{EVERY_KIND}.kpbackup")
        assert shown.call("validate_backup_file", filePath=backup)["value"]["task_count"] == 12
