"""Export Data, Import Data and Test Backup as the guide describes them, in the app's own window."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.support.archives import TASK, made_of, write
from tests.support.databases import contents, execute, query
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


NAMELESS = """
const named = (element) => element.textContent?.trim() || element.getAttribute('aria-label') || element.labels?.length;
return [...document.querySelectorAll('button, input, select, dialog, progress, nav, section')]
  .filter((element) => !named(element)).map((element) => element.outerHTML);
"""
"""What a screen reader could not call by a name; what is folded up as well, which has no ``innerText``."""

TOO_WIDE = """
const isTooWide = (one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1;
return [document.documentElement, ...document.querySelectorAll('main *')]
  .filter((one) => isTooWide(one) && getComputedStyle(one).display !== 'inline')
  .map((one) => one.outerHTML.slice(0, 300));
"""
"""What would have to be scrolled sideways."""


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
        shown.answer_dialogs(open=str(backup))
        shown.click("#import")
        preview = shown.text("#preview")
        assert re.search(r"Tasks\s+12\b", preview)
        assert "WARNING: This will replace all your current data!" in preview
        assert contents(fresh_home.database) == before
        shown.click("#preview button.danger")
        shown.leave_imported()
    assert contents(fresh_home.database) == contents(home.database)


def test_the_dialogs_are_asked_for_a_dated_name_and_both_kinds_of_file(shown: Window) -> None:
    shown.answer_dialogs(save=None, open=None)
    shown.click("#export")
    shown.click("#import")
    (_, saved), (_, opened) = eventually(lambda: len(found := shown.dialogs()) == 2 and found, "both dialogs")
    assert re.fullmatch(r"kirapilot-backup-\d{4}-\d\d-\d\d\.kpbackup", saved["options"]["defaultPath"])
    for asked in (saved, opened):
        assert asked["options"]["filters"][0]["extensions"] == ["kpbackup", "zip"]


def test_the_end_of_an_import_shows_the_counts_the_warnings_and_the_safety_copy(shown: Window) -> None:
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([{**TASK, "task_list_id": "list of another device"}]))
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    shown.click("#preview button.danger")
    said = shown.text("#imported")
    assert said.startswith("Import complete")
    assert re.search(r"Tasks\s+1\b", said)
    assert 'made again as "Restored list 1" (1 task)' in said
    (copy,) = (shown.home.database.parent / "backups").iterdir()
    assert str(copy) in said
    shown.leave_imported()
    assert query(shown.home.database, "SELECT title FROM tasks") == [(TASK["title"],)]


def test_an_import_is_undone_from_the_dialog_that_tells_of_it(shown: Window) -> None:
    before = contents(shown.home.database)
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([TASK]))
    shown.answer_dialogs(open=str(backup), message="Ok")
    shown.click("#import")
    shown.click("#preview button.danger")
    shown.click("#undo-now")
    eventually(lambda: shown.text("#imported").startswith("Import undone"), "the undo is told of")
    assert contents(shown.home.database) == before
    shown.leave_imported()


def test_a_merge_adds_and_leaves_what_is_here(shown: Window) -> None:
    before = query(shown.home.database, "SELECT * FROM tasks ORDER BY id")
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([{**TASK, "id": "zz new"}]))
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    assert not re.search(r"\b0 removed", shown.text("#preview .changes"))
    shown.click("#merge")
    eventually(lambda: "1 added, 0 changed, 0 removed" in shown.text("#preview .changes"), "the merge is previewed")
    assert "Nothing is changed or removed" in shown.text("#preview")
    shown.click("#preview button.primary")
    shown.leave_imported()
    after = query(shown.home.database, "SELECT * FROM tasks ORDER BY id")
    assert after[:-1] == before
    assert after[-1][0] == "zz new"


def test_of_a_damaged_backup_what_can_be_saved_is_offered_shown_and_imported(shown: Window) -> None:
    backup = shown.home.path / "whole.kpbackup"
    shown.call("export_data_to_file", filePath=str(backup))
    execute(shown.home.database, "DELETE FROM task_dependencies", "DELETE FROM time_sessions", "DELETE FROM tasks")
    # The end of the file is lost: its manifest, and the directory.
    backup.write_bytes(backup.read_bytes()[:-3000])
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    refusal = shown.text("#failure")
    assert refusal.startswith("Validation Failed")
    assert refusal.count("damaged ·") == 1
    shown.click("#next")
    assert re.search(r"tasks: 12\b", shown.text("#salvaged"))
    assert "nothing is removed" in shown.text("#preview")
    shown.click("#preview button.primary")
    shown.leave_imported()
    assert query(shown.home.database, "SELECT count(*) FROM tasks") == [(12,)]


def test_a_backup_that_changes_after_it_was_shown_is_refused_and_shown_again(shown: Window) -> None:
    backup = shown.home.path / "synchronised.zip"
    write(backup, made_of([TASK]))
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    shown.find("#preview button.danger:enabled")
    before = contents(shown.home.database)
    write(backup, made_of([TASK, {**TASK, "id": "another"}]))
    shown.click("#preview button.danger")
    assert "changed_since_preview ·" in shown.text("#failure")
    assert contents(shown.home.database) == before
    shown.click("#next")
    assert re.search(r"Tasks\s+2\b", shown.text("#preview"))


def test_a_failure_of_the_plugins_own_commands_says_more_than_a_sentence(shown: Window) -> None:
    missing = str(shown.home.path / "gone.kpbackup")
    failure = shown.call("plugin:kirapilot-backup|preview_import", filePath=missing, overwrite=True)["error"]
    assert failure["kind"] == "file_not_found"
    assert failure["message"].startswith("There is no file at ")
    assert failure["hint"]
    assert failure["path"] == missing
    assert failure["salvage"] is False


def test_a_failure_of_the_apps_own_commands_is_a_sentence_and_an_event_says_more(shown: Window) -> None:
    missing = str(shown.home.path / "gone.kpbackup")
    shown.listen("kirapilot-backup://finished")
    sentence = shown.call("validate_backup_file", filePath=missing)["error"]
    assert sentence.startswith("There is no file at ")
    told = shown.heard("kirapilot-backup://finished", command="validate_backup_file")
    assert (told["succeeded"], told["filePath"]) == (False, missing)
    assert (told["error"]["message"], told["error"]["kind"]) == (sentence, "file_not_found")


def test_the_page_is_used_by_keyboard(shown: Window) -> None:
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([TASK]))
    shown.answer_dialogs(open=str(backup))
    shown.native("KiraPilot")
    focused = "return document.activeElement.id || document.activeElement.innerText"
    shown.script("document.querySelector('#export').focus()")
    shown.keys("key", "Tab")
    eventually(lambda: shown.script(focused) == "import", "Tab goes on to the next button")
    shown.keys("key", "Return")
    shown.find("#preview button.danger:enabled")
    assert shown.script(focused) == "Cancel", "Return replaces nothing"
    shown.keys("key", "Escape")
    eventually(lambda: shown.is_gone("#preview"), "Escape closes the dialog")
    eventually(lambda: shown.script(focused) == "import", "the focus is where it was")


def test_everything_that_can_be_used_has_a_name(shown: Window) -> None:
    backup = shown.home.path / "one task.zip"
    write(backup, made_of([TASK]))
    shown.answer_dialogs(open=str(backup))
    shown.click("#import")
    shown.find("#preview button.danger:enabled")
    assert shown.script(NAMELESS) == []
    shown.click("#preview footer button")
    shown.script("document.querySelectorAll('.tab')[0].click()")
    shown.find("#theme")
    assert shown.script(NAMELESS) == []


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
        shown.click("#preview button.danger")
        shown.leave_imported()


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
        shown.answer_dialogs(message="Ok")
        shown.click("#undo")
        shown.leave_imported()
        assert shown.script("return document.documentElement.dataset.theme") == "dark"
    assert contents(home.database) == before
