"""A backup that is looked into: searched, compared with today field by field, and brought back in part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import altered, assert_same_contents, contents, execute, insert, query, value
from tests.window.conftest import OpenWindow
from tests.window.screen import Home, eventually
from tests.window.test_window import NAMELESS, TOO_WIDE
from tests.window.window import Window

GONE = ("51360997-c4a4-4f92-87bc-5b650f91e905", "383b2afe-18d2-4ddc-b998-f739e41b93b9")
"""Tasks 3 and 7 of the database with every kind of row, both in one list; task 3 has a time session."""

CHANGED = "981656c7-a7c0-491a-8c71-bb299e9d74a9"
"""Task 0."""

OTHER = "be1925e5-8e3b-42cf-a71c-3ccae5f93ae2"
"""Task 1."""

THEIRS = "the title of then"
MINE = "the title of today"
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"> & <b>bold</b>"


@pytest.fixture
def backup(home: Home) -> Path:
    """A backup; since then, two tasks have gone with what belonged to them, and a third was renamed."""
    path = home.path / "before.kpbackup"
    altered(home.database, "UPDATE tasks SET title = ? WHERE id = ?", THEIRS, CHANGED)
    exported(home, path)
    for table, column in (("time_sessions", "task_id"), ("task_dependencies", "task_id"), ("tasks", "id")):
        altered(home.database, f"DELETE FROM {table} WHERE {column} IN (?, ?)", *GONE)
    renamed = "UPDATE tasks SET title = ?, updated_at = '2026-11-27T08:00:00.5+00:00' WHERE id = ?"
    altered(home.database, renamed, MINE, CHANGED)
    return path


def exported(home: Home, path: Path) -> None:
    export_data(Places(home.database, home.cache / "work"), str(path), Progress())


@pytest.fixture
def chooser(open_window: OpenWindow, home: Home, backup: Path) -> Iterator[Window]:
    """The window in which that backup is open."""
    with open_window(home) as shown:
        opened(shown, backup)
        yield shown


def opened(shown: Window, backup: Path) -> None:
    shown.answer_dialogs(open=str(backup), message="Ok")
    shown.click("#open")
    shown.find("#entries li")


def search(shown: Window, text: str) -> None:
    field = shown.find("#search")
    field.clear()
    field.send_keys(text)


def titles(shown: Window) -> list[str]:
    return list(shown.script("return [...document.querySelectorAll('#entries .title')].map((one) => one.textContent)"))


def tick(shown: Window, row_id: str) -> None:
    shown.click(f"#entries li[data-id='{row_id}'] input")


def previewed(shown: Window) -> str:
    """What the preview says, once it is worked out."""
    shown.click("#preview-part")
    return shown.text("#outcome")


def brought_back(shown: Window) -> None:
    shown.click("#part footer .primary")
    shown.find("#imported")


def test_one_task_comes_back_the_rest_stays_and_an_undo_takes_it_out_again(chooser: Window) -> None:
    database = chooser.home.database
    before = contents(database)
    search(chooser, "task 3 ")
    eventually(lambda: len(titles(chooser)) == 2, "the task and its time session are found")
    tick(chooser, GONE[0])
    assert chooser.text("#ticked") == "1 entry ticked."
    said = previewed(chooser)
    assert re.search(r"1 task comes back", said)
    assert re.search(r"come along.*1 time session", said, re.DOTALL)
    assert contents(database) == before
    brought_back(chooser)
    after = contents(database)
    assert value(database, "SELECT count(*) FROM tasks WHERE id IN (?, ?)", *GONE) == 1
    added = {name: (after[name][1] - before[name][1]).total() for name in after}
    assert {name: count for name, count in added.items() if count} == {"tasks": 1, "time_sessions": 1}
    assert not any((before[name][1] - after[name][1]).total() for name in before)
    assert "1 task came back" in chooser.text("#imported")
    chooser.click("#undo-now")
    eventually(lambda: chooser.text("#imported").startswith("Import undone"), "the undo is told of")
    assert_same_contents(contents(database), before)
    chooser.leave_imported()


def test_a_whole_list_is_ticked_and_comes_back(chooser: Window) -> None:
    database = chooser.home.database
    labels = chooser.script("return [...document.querySelectorAll('#lists label')].map((one) => one.textContent)")
    (number,) = (index for index, label in enumerate(labels, 1) if "(3 entries)" in label)
    chooser.click(f"#lists label:nth-of-type({number}) input")
    assert chooser.text("#ticked") == "3 entries ticked."
    partly = "return document.querySelectorAll('#lists input')[arguments[0]].indeterminate"
    tick(chooser, GONE[1])
    eventually(lambda: chooser.script(partly, number - 1), "the list is ticked in part")
    tick(chooser, GONE[1])
    assert "2 tasks come back" in previewed(chooser)
    brought_back(chooser)
    assert value(database, "SELECT count(*) FROM tasks WHERE id IN (?, ?)", *GONE) == 2
    assert value(database, "SELECT title FROM tasks WHERE id = ?", CHANGED) == MINE


@pytest.mark.parametrize(("winner", "stays"), [("theirs", THEIRS), ("mine", MINE), ("newer", MINE)])
def test_of_a_task_that_differs_the_one_stays_that_was_chosen(chooser: Window, winner: str, stays: str) -> None:
    database = chooser.home.database
    tick(chooser, CHANGED)
    tick(chooser, GONE[0])
    previewed(chooser)
    chooser.click(f"#winner-{winner}")
    outcome = "1 task becomes as in the backup" if winner == "theirs" else "1 task stays as today"
    eventually(lambda: outcome in chooser.text("#part"), "the preview says so")
    brought_back(chooser)
    assert value(database, "SELECT title FROM tasks WHERE id = ?", CHANGED) == stays
    assert value(database, "SELECT count(*) FROM tasks WHERE id IN (?, ?)", *GONE) == 1


def test_of_several_that_differ_one_is_settled_for_itself(open_window: OpenWindow, home: Home, backup: Path) -> None:
    altered(home.database, "UPDATE tasks SET title = 'another of today' WHERE id = ?", OTHER)
    with open_window(home) as shown:
        opened(shown, backup)
        tick(shown, CHANGED)
        tick(shown, OTHER)
        assert "2 tasks become as in the backup" in previewed(shown)
        number = eventually(lambda: shown.script(NUMBER, MINE), "its conflict is shown")
        assert THEIRS in shown.text(f"#conflicts li[data-number='{number}'] .then")
        shown.script(SELECT, f"#conflicts li[data-number='{number}'] select", "mine")
        shown.find(f"#conflicts li[data-number='{number}'][data-stays='mine']")
        said = shown.text("#outcome")
        assert "1 task becomes as in the backup" in said
        assert "1 task stays as today" in said
        brought_back(shown)
    titles = dict(query(home.database, "SELECT id, title FROM tasks WHERE id IN (?, ?)", CHANGED, OTHER))
    assert titles[CHANGED] == MINE
    assert titles[OTHER].startswith("Task 1 ")


NUMBER = """
const rows = [...document.querySelectorAll('#conflicts li')];
return rows.find((row) => row.querySelector('.title').textContent === arguments[0])?.dataset.number;
"""
"""The number of the conflict with this title."""


def test_both_of_a_task_that_differs_can_stay(chooser: Window) -> None:
    tick(chooser, CHANGED)
    previewed(chooser)
    chooser.click("#winner-both")
    chooser.find("#conflicts li[data-stays='both']")
    brought_back(chooser)
    found = "SELECT title, id = ? FROM tasks WHERE title IN (?, ?) ORDER BY id = ? DESC"
    assert query(chooser.home.database, found, CHANGED, MINE, THEIRS, CHANGED) == [(MINE, 1), (THEIRS, 0)]


def test_a_whole_backup_is_merged_with_what_differs_settled(chooser: Window) -> None:
    chooser.click("#back")
    chooser.click("#import")
    chooser.click("#merge")
    chooser.find("#conflicts li[data-stays='mine']")
    chooser.click("#winner-theirs")
    chooser.find("#conflicts li[data-stays='theirs']")
    assert "Nothing is removed." in chooser.text("#preview")
    chooser.click("#preview footer .primary")
    chooser.find("#imported")
    found = "SELECT count(*) FROM tasks WHERE title = ? OR id IN (?, ?)"
    assert value(chooser.home.database, found, THEIRS, *GONE) == 3


def test_a_choice_that_changes_nothing_cannot_be_confirmed(chooser: Window) -> None:
    tick(chooser, CHANGED)
    previewed(chooser)
    chooser.click("#winner-mine")
    eventually(lambda: "nothing changes" in chooser.text("#part"), "it says so")
    assert chooser.script("return document.querySelector('#part footer .primary').disabled")


def test_a_task_that_differs_is_shown_field_by_field(chooser: Window) -> None:
    chooser.find(f"#entries li[data-id='{CHANGED}'] summary")
    chooser.click(f"#entries li[data-id='{CHANGED}'] summary")
    cells = "[...row.children].map((cell) => cell.innerText)"
    read = f"return [...document.querySelectorAll(arguments[0])].map((row) => {cells})"
    rows = chooser.script(read, f"#entries li[data-id='{CHANGED}'] tbody tr")
    assert rows[0] == ["title", THEIRS, MINE]
    assert [name for name, *_ in rows] == ["title", "updated at"]
    assert chooser.script("return document.querySelector('#entries .today[title*=\"00.5\"]') !== null"), (
        "to the last digit"
    )


def test_what_is_new_since_is_shown_and_cannot_be_ticked(chooser: Window) -> None:
    insert(chooser.home.database, "threads", id="zz new", title="asked today", created_at=NOW, updated_at=NOW)
    chooser.click("#back")
    chooser.click("#open")
    chooser.find("#state")
    chooser.script(SELECT, "#state", "new")
    eventually(lambda: titles(chooser) == ["asked today"], "it is listed")
    assert chooser.script("return document.querySelector('#entries input').disabled")


NOW = "2026-11-28T01:00:00+00:00"

SELECT = """
const select = document.querySelector(arguments[0]);
Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(select, arguments[1]);
select.dispatchEvent(new Event('change', { bubbles: true }));
"""
"""Chooses of a list as a person does."""


def test_what_differs_is_saved_as_a_page(chooser: Window) -> None:
    page = chooser.home.path / "differs.html"
    chooser.answer_dialogs(save=str(page))
    chooser.click("#save-page")
    assert str(page) in chooser.text("#page")
    assert MINE in page.read_text("utf-8")


def test_data_that_changes_after_the_preview_is_not_written_over(chooser: Window) -> None:
    tick(chooser, CHANGED)
    previewed(chooser)
    altered(chooser.home.database, "UPDATE tasks SET title = 'of this minute' WHERE id = ?", CHANGED)
    before = contents(chooser.home.database)
    chooser.click("#part footer .primary")
    assert "changed_since_preview ·" in chooser.text("#failure")
    assert contents(chooser.home.database) == before
    chooser.click("#next")
    assert "1 task becomes as in the backup" in chooser.text("#outcome")
    brought_back(chooser)
    assert value(chooser.home.database, "SELECT title FROM tasks WHERE id = ?", CHANGED) == THEIRS


def test_titles_are_shown_as_they_are_typed_whatever_they_hold(open_window: OpenWindow, home: Home) -> None:
    backup = home.path / "before.kpbackup"
    altered(home.database, "UPDATE tasks SET title = ?, description = ? WHERE id = ?", HOSTILE, HOSTILE, CHANGED)
    altered(home.database, "UPDATE task_lists SET name = ?", HOSTILE)
    exported(home, backup)
    altered(home.database, "UPDATE tasks SET description = ? WHERE id = ?", HOSTILE[::-1], CHANGED)
    with open_window(home) as shown:
        opened(shown, backup)
        assert titles(shown) == [HOSTILE]
        shown.click("#entries summary")
        assert HOSTILE in shown.text("#entries .fields")
        assert HOSTILE in shown.text("#lists")
        shown.script("document.querySelector('#query').scrollIntoView()")
        assert shown.script("return document.querySelectorAll('main img, main b').length") == 0
        assert shown.script("return document.title") != "taken over"


def test_a_long_list_is_turned_page_by_page(open_window: OpenWindow, home: Home) -> None:
    backup = home.path / "before.kpbackup"
    columns = [name for _, name, *_ in query(home.database, "PRAGMA table_info(tasks)") if name not in ("id", "title")]
    others = ", ".join(columns)
    execute(
        home.database,
        "WITH numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 119)"
        f" INSERT INTO tasks (id, title, {others}) SELECT printf('many %03d', n), printf('Many %03d', n), {others}"
        f" FROM numbers, (SELECT {others} FROM tasks LIMIT 1)",
    )
    exported(home, backup)
    execute(home.database, "DELETE FROM tasks WHERE id LIKE 'many %'")
    with open_window(home) as shown:
        opened(shown, backup)
        assert "1 to 50 of 120 entries" in shown.text(".pager")
        shown.click(".pager .next")
        shown.click(".pager .next")
        eventually(lambda: "101 to 120 of 120" in shown.text(".pager"), "the last page is there")
        assert len(titles(shown)) == 20
        assert shown.script("return document.querySelector('.pager .next').disabled")
        search(shown, "many 01")
        eventually(lambda: len(titles(shown)) == 10, "a search begins at the first page")
        shown.click(".found .all input")
        assert shown.text("#ticked") == "10 entries ticked."


def test_a_task_is_found_in_all_backups_and_the_last_that_has_it_is_opened(open_window: OpenWindow, home: Home) -> None:
    with open_window(home) as shown:
        shown.click("#back-up")
        shown.find("#backups li")
        altered(home.database, "DELETE FROM time_sessions WHERE task_id = ?", GONE[0])
        altered(home.database, "DELETE FROM tasks WHERE id = ?", GONE[0])
        shown.find("#query").send_keys("task 3 ")
        shown.click("#find")
        assert shown.text("#found") == "One task, in one backup and today's data."
        assert "Gone since today" in shown.text(".found-task")
        shown.click(".found-task button")
        eventually(lambda: any(title.startswith("Task 3 ") for title in titles(shown)), "its backup is open")
        tick(shown, GONE[0])
        assert "1 task comes back" in previewed(shown)


def test_a_backup_is_opened_from_the_list_and_the_focus_comes_back_to_its_button(
    open_window: OpenWindow, home: Home
) -> None:
    with open_window(home) as shown:
        shown.click("#back-up")
        shown.find("#backups .open")
        shown.script("document.querySelector('#backups .open').focus()")
        shown.click("#backups .open")
        assert "Nothing of it differs" in shown.text("#identical")
        focused = "return document.activeElement.tagName + ' ' + document.activeElement.className"
        eventually(lambda: shown.script(focused).startswith("H1"), "a screen reader reads the new page's title")
        shown.click("#back")
        eventually(lambda: "open" in shown.script(focused), "the focus is where it was")


def test_a_damaged_backup_is_told_of_and_what_can_be_saved_is_offered(shown: Window) -> None:
    backup = shown.home.path / "whole.kpbackup"
    shown.call("export_data_to_file", filePath=str(backup))
    backup.write_bytes(backup.read_bytes()[:-3000])
    shown.answer_dialogs(open=str(backup))
    shown.click("#open")
    assert shown.text("#failure").startswith("Not Opened")
    shown.click("#next")
    eventually(lambda: shown.text("#failure").startswith("Validation Failed"), "what is wrong is listed")
    assert shown.text("#next") == "See what can be saved"


def test_all_of_it_is_used_by_keyboard_has_a_name_and_fits_a_small_window(chooser: Window) -> None:
    chooser.keys("windowsize", "--sync", chooser.native("KiraPilot"), "640", "480")
    eventually(lambda: chooser.script("return innerWidth") <= 640, "the window is small")
    chooser.script("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert chooser.script(NAMELESS) == []
    assert chooser.script(TOO_WIDE) == []
    chooser.script("document.querySelector('#entries input').focus()")
    chooser.keys("key", "space")
    eventually(lambda: chooser.text("#ticked") == "1 entry ticked.", "Space ticks")
    chooser.script("document.querySelector('#preview-part').focus()")
    chooser.keys("key", "Return")
    chooser.text("#outcome")
    focused = "return document.activeElement.innerText"
    assert chooser.script(focused) == "Cancel", "Return brings nothing back"
    assert chooser.script(NAMELESS) == []
    chooser.keys("key", "Escape")
    eventually(lambda: chooser.is_gone("#part"), "Escape closes the preview")
    eventually(lambda: chooser.script(focused) == "Preview…", "the focus is where it was")
    assert chooser.text("#ticked") == "1 entry ticked.", "what was ticked stays so"
