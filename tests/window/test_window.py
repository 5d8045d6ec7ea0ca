"""Export Data, Import Data and Test Backup as the guide describes them, in the app's own window."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.support.archives import TASK, made_of, write
from tests.support.databases import contents, query
from tests.window.conftest import OpenWindow
from tests.window.locks import held
from tests.window.screen import Home, eventually
from tests.window.window import Window

WATCH = """
window.__seen = [];
new MutationObserver(() => {
  const bar = document.querySelector('#progress progress');
  if (bar && window.__seen.at(-1) !== bar.value) window.__seen.push(bar.value);
}).observe(document.body, { subtree: true, childList: true, attributes: true });
"""


def entry(backup: Path, name: str) -> object:
    """One entry of a backup, read by other programs than ours."""
    unzipped = subprocess.run(["unzip", "-p", str(backup), name], capture_output=True, check=True, timeout=60)
    return json.loads(unzipped.stdout)


def test_progress_moves_while_a_large_database_is_exported(
    open_window: OpenWindow, fresh_home: Home, large_database: Path
) -> None:
    fresh_home.database.write_bytes(large_database.read_bytes())
    target = fresh_home.path / "large.kpbackup"
    with open_window(fresh_home) as shown:
        shown.script(WATCH)
        shown.answer_dialogs(save=str(target))
        shown.click("#export")
        assert "Export complete" in shown.text("#success")
        seen = shown.script("return window.__seen")
    assert len(seen) >= 4
    assert seen == sorted(seen)
    (tasks,) = query(large_database, "SELECT count(*) FROM tasks")[0]
    assert entry(target, "metadata.json")["task_count"] == tasks  # type: ignore[index]
    ids = {task["id"] for task in entry(target, "tasks.json")}  # type: ignore[attr-defined]
    assert ids == {row[0] for row in query(large_database, "SELECT id FROM tasks")}


def test_a_backup_comes_back_on_a_new_device_row_by_row(open_window: OpenWindow, home: Home, fresh_home: Home) -> None:
    backup = home.path / "everything.kpbackup"
    with open_window(home) as shown:
        shown.answer_dialogs(save=str(backup))
        shown.click("#export")
        assert shown.text("#success .path") == str(backup)
    before = contents(fresh_home.database)
    with open_window(fresh_home) as shown:
        shown.answer_dialogs(open=str(backup), message="Ok")
        shown.click("#import")
        preview = shown.text("#preview")
        assert re.search(r"Tasks\s+12\b", preview)
        assert "WARNING: This will replace all your current data!" in preview
        assert contents(fresh_home.database) == before
        shown.script("window.__old = true")
        shown.click("#preview button.danger")
        shown.wait_for_reload()
    assert contents(fresh_home.database) == contents(home.database)


def test_the_dialogs_are_asked_for_a_dated_name_and_both_kinds_of_file(shown: Window) -> None:
    shown.answer_dialogs(save=None, open=None)
    shown.click("#export")
    shown.click("#import")
    (_, saved), (_, opened) = eventually(lambda: len(found := shown.dialogs()) == 2 and found, "both dialogs")
    assert re.fullmatch(r"kirapilot-backup-\d{4}-\d\d-\d\d\.kpbackup", saved["options"]["defaultPath"])
    for asked in (saved, opened):
        assert asked["options"]["filters"][0]["extensions"] == ["kpbackup", "zip"]


def test_the_end_of_an_import_shows_the_counts(shown: Window) -> None:
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([TASK]))
    # The answer to the message is not awaited before the page goes: what it was asked is noted where it stays.
    shown.answer_dialogs(open=str(backup), message="Ok")
    shown.script("window.addEventListener('pagehide', () => sessionStorage.setItem('said', JSON.stringify(__dialogs)))")
    shown.script("window.__old = true")
    shown.click("#import")
    shown.click("#preview button.danger")
    shown.wait_for_reload()
    said = json.loads(shown.script("return sessionStorage.getItem('said')"))
    assert said[-1][0] == "message"
    assert "Tasks: 1\nTime sessions: 0" in said[-1][1]["message"]
    assert query(shown.home.database, "SELECT title FROM tasks") == [(TASK["title"],)]


def test_warnings_are_shown_before_anything_is_replaced(shown: Window) -> None:
    backup = shown.home.path / "odd.kpbackup"
    write(backup, made_of([{**TASK, "parent_task_id": "gone"}]))
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    assert "gone" in shown.text("#preview .warning")
    before = contents(shown.home.database)
    shown.click("#preview footer button")
    assert eventually(lambda: shown.is_gone("#preview"), "the preview is closed")
    assert contents(shown.home.database) == before


def test_test_backup_leaves_a_valid_backup_on_the_desktop(shown: Window) -> None:
    shown.click("#test")
    assert "Test backup is valid" in shown.text("#success")
    (made,) = shown.home.desktop.iterdir()
    assert re.fullmatch(r"kirapilot-test-backup-\d{13}\.kpbackup", made.name)
    assert entry(made, "metadata.json")["version"] == "1.0.0"  # type: ignore[index]


def test_cancel_leaves_the_older_backup(shown: Window) -> None:
    target = shown.home.path / "older.kpbackup"
    target.write_bytes(b"an older backup")
    shown.answer_dialogs(save=str(target))
    with held(shown.home.database):
        shown.click("#export")
        shown.click("#cancel")
        assert "Cancelled. Everything is as it was before." in shown.text("#failure")
    assert target.read_bytes() == b"an older backup"


def test_the_whole_way_goes_through_the_systems_own_dialogs(open_window: OpenWindow, home: Home) -> None:
    backup = home.path / "by hand.kpbackup"
    with open_window(home) as shown:
        shown.click("#export")
        shown.native("Export Data")
        shown.keys("key", "ctrl+a")
        shown.keys("type", "--delay", "1", str(backup))
        shown.accept_native("Export Data")
        assert "Export complete" in shown.text("#success")
        assert entry(backup, "metadata.json")["task_count"] == 12  # type: ignore[index]

        shown.click("#import")
        shown.native("Import Data")
        shown.keys("key", "ctrl+l")
        shown.keys("type", "--delay", "1", str(backup))
        shown.accept_native("Import Data")
        shown.script("window.__old = true")
        shown.click("#preview button.danger")
        shown.native("Import Complete")
        shown.accept_native("Import Complete")
        shown.wait_for_reload()


def test_undo_brings_back_what_was_there_before_the_last_import(open_window: OpenWindow, home: Home) -> None:
    before = contents(home.database)
    backup = home.path / "one task.zip"
    write(backup, made_of([TASK]))
    with open_window(home) as shown:
        assert shown.is_gone("#undo")
        shown.script("localStorage.setItem('kirapilot-preferences', '{\"theme\":\"dark\"}')")
        shown.reload()
        shown.call("import_data_from_file", filePath=str(backup), overwrite=True)
        shown.script("localStorage.removeItem('kirapilot-preferences')")
        shown.reload()
        assert query(home.database, "SELECT title FROM tasks") == [(TASK["title"],)]
        shown.script("localStorage.setItem('kirapilot-preferences', '{\"theme\":\"light\"}')")
        shown.reload()
        shown.answer_dialogs(message="Ok", confirm=True)
        shown.script("window.__old = true")
        shown.click("#undo")
        shown.wait_for_reload()
        assert shown.script("return document.documentElement.dataset.theme") == "dark"
    assert contents(home.database) == before
