"""The live database is looked after from the page: checked, repaired, and taken back; made smaller."""

from __future__ import annotations

from tests.support.databases import altered, assert_same_contents, contents, value
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
