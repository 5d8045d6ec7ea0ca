"""The live database is looked after from the page: checked, repaired, and taken back; made smaller."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.support.databases import altered, assert_same_contents, contents, execute, value
from tests.window.conftest import OpenWindow
from tests.window.screen import Home, eventually
from tests.window.test_window import NAMELESS
from tests.window.window import Window

PLUGIN = "plugin:kirapilot-backup|"
RESTORED = "kirapilot-backup://restored"


def test_what_a_check_finds_is_repaired_as_was_shown_and_all_pages_are_told(shown: Window) -> None:
    database = shown.home.database
    altered(database, "UPDATE tasks SET task_list_id = 'a list that is gone' WHERE title LIKE 'Task 3 %'")
    before = contents(database)
    found = shown.call(PLUGIN + "check_database", quick=True)["value"]
    assert (found["state"], found["counts"]["list_missing"]) == ("findings", 1)
    shown.listen(RESTORED)
    dry = shown.call(PLUGIN + "repair_database", dryRun=True, only=["list_missing"])["value"]
    assert (dry["counts"], dry["safety_copy"]) == ({"list_missing": 1}, None)
    assert contents(database) == before
    done = shown.call(PLUGIN + "repair_database", dryRun=False, only=["list_missing"], previewToken=dry["token"])
    assert done["value"]["safety_copy"]
    assert shown.heard(RESTORED, command="repair_database")["window"] == "main"
    assert value(database, "SELECT count(*) FROM tasks WHERE task_list_id = 'a list that is gone'") == 0
    shown.call(PLUGIN + "undo_last_import", to=done["value"]["safety_copy"])
    assert_same_contents(contents(database), before)


def test_a_database_with_little_to_gain_stays_as_it_is_and_is_compacted_when_asked(shown: Window) -> None:
    before = contents(shown.home.database)
    assert shown.call(PLUGIN + "compact_database")["value"]["compacted"] is False
    assert shown.call(PLUGIN + "compact_database", force=True)["value"]["compacted"] is True
    assert_same_contents(contents(shown.home.database), before)


@pytest.fixture
def roomy(home: Home) -> Home:
    """A user whose database is a file of which most is free."""
    execute(
        home.database,
        "CREATE TABLE filler AS WITH numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)"
        " SELECT n, zeroblob(4000) AS bytes FROM numbers",
        "DROP TABLE filler",
    )
    return home


def test_while_anyone_has_the_file_open_it_is_not_compacted(open_window: OpenWindow, roomy: Home) -> None:
    """As KiraPilot itself has, which keeps its connections until its end."""
    before = roomy.database.read_bytes()
    with open_window(roomy) as shown, closing(sqlite3.connect(roomy.database)) as connection:
        connection.execute("SELECT count(*) FROM tasks").fetchone()
        refused = shown.call(PLUGIN + "compact_database", force=True)["error"]
    assert refused["kind"] == "database_in_use"
    assert roomy.database.read_bytes() == before


def test_the_page_shows_what_to_type_once_the_app_is_closed_and_that_does_it(
    open_window: OpenWindow, roomy: Home
) -> None:
    before, size = contents(roomy.database), roomy.database.stat().st_size
    with open_window(roomy) as shown:
        shown.click("#compact")
        assert "MB are free" in shown.text("#gain")
        line = shown.text("#command")
        assert shown.is_gone("#passing"), "this program stays where it is"
        assert "Close KiraPilot." in shown.text("#compacting ol")
        assert shown.script(NAMELESS) == []
        # By the mouse: what no person has pressed may not copy.
        shown.find("#copy").click()
        assert shown.text("#compacting [role='status']") == "Copied."
        shown.click("#compacting footer button")
        pasted = shown.find("#query")
        pasted.click()
        shown.keys("key", "ctrl+v")
        eventually(lambda: shown.script("return document.querySelector('#query').value") == line, "it is pasted")
        assert roomy.database.stat().st_size == size, "nothing is done before"
    environment = {**os.environ, **roomy.environment()}
    run = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert roomy.database.stat().st_size < size / 2
    assert_same_contents(contents(roomy.database), before)


def test_where_there_is_too_little_to_gain_the_page_says_so_and_shows_no_command(shown: Window) -> None:
    shown.click("#compact")
    assert "too little to gain" in shown.text("#gain")
    assert shown.is_gone("#command")


def test_a_database_that_is_not_sound_is_told_of_instead(open_window: OpenWindow, roomy: Home) -> None:
    with open_window(roomy) as shown:
        with roomy.database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096)
        shown.click("#compact")
        assert "damaged" in shown.text("#compacting")
        assert shown.is_gone("#command")
