"""Backups that are made by themselves while the app is open, and what its page shows of them."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import entries_of
from tests.support.client import PATIENCE
from tests.support.databases import contents, execute, query
from tests.window.conftest import OpenWindow
from tests.window.locks import held
from tests.window.programs import overheard, requests_in
from tests.window.screen import Home, eventually
from tests.window.test_window import NAMELESS, TOO_WIDE
from tests.window.window import Window, window

SOON = "--backups-after=0.5"
"""Seconds of quiet after which the app asks for a backup."""

ENDS_WITHIN = 2.0
"""Seconds after which nothing is left of an app that is closed while a backup is made by itself."""

STATUS = "kirapilot-backup://status"
RUN = "run_backup_if_due"


def automatic(home: Home) -> list[Path]:
    """The backups that were made by themselves, the oldest first."""
    return sorted((home.database.parent / "backups/automatic").glob("*.kpbackup"))


def says(shown: Window, words: str) -> str:
    """What the status line says, once that is in it."""
    look = lambda: re.search(words, line := shown.text("#status").strip()) and line  # noqa: E731
    return eventually(look, f"the status says {words!r}")


@contextmanager
def run_under_way(
    app: Path, display: dict[str, str], home: Home, folder: Path
) -> Iterator[tuple[Window, list[psutil.Process]]]:
    """The app with an automatic backup that cannot go on within the block; with the processes of its sidecar."""
    program, log = overheard(app, folder)
    with held(home.database), window(program, home, display, SOON) as shown:
        eventually(lambda: requests_in(log)[RUN], "the sidecar is asked for a backup")
        yield shown, shown.sidecars()


def is_over(process: psutil.Process) -> bool:
    """Whether it has ended, even if nobody has asked how."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_at_the_first_start_a_backup_appears_and_the_page_says_so(open_window: OpenWindow, home: Home) -> None:
    with open_window(home, SOON) as shown:
        shown.listen(STATUS)
        said = says(shown, "^Last backup: ")
        assert re.fullmatch(r"Last backup: today \d\d:\d\d, proved\. 1 kept in one place\.", said)
        told = shown.heard(STATUS, state="healthy")
        (place,) = told["places"]
        (backup,) = automatic(home)
        assert place["newest"] == backup.name
    assert entries_of(backup)["metadata.json"]


def test_a_person_does_not_wait_for_a_backup_that_runs_by_itself(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    backup = str(DATA / f"{EVERY_KIND}.kpbackup")
    with run_under_way(app, display, home, tmp_path / "app") as (shown, _):
        # It would wait for the database for 10 seconds.
        begun = time.monotonic()
        assert shown.call("validate_backup_file", filePath=backup)["value"]["task_count"] == 12
        assert time.monotonic() - begun < 5
        assert automatic(home) == []


def test_a_run_that_gave_way_is_made_up_for_once_it_is_quiet_again(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    program, log = overheard(app, tmp_path / "app")
    with window(program, home, display, SOON) as shown:
        with held(home.database):
            eventually(lambda: requests_in(log)[RUN], "the sidecar is asked for a backup")
            shown.call("validate_backup_file", filePath=str(DATA / f"{EVERY_KIND}.kpbackup"))
        says(shown, "^Last backup: today")
    assert len(automatic(home)) == 1
    assert requests_in(log)[RUN] >= 2


@pytest.mark.parametrize("hangs", [False, True], ids=["it heeds its end", "it hangs"])
def test_an_app_that_is_closed_does_not_wait_for_a_backup_that_runs_by_itself(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path, hangs: bool
) -> None:
    with run_under_way(app, display, home, tmp_path / "app") as (shown, sidecars):
        for process in sidecars if hangs else ():
            process.suspend()
        shown.close()
        closed = time.monotonic()
        eventually(lambda: all(map(is_over, [shown.process, *sidecars])), "nothing of it runs")
        # They would wait for the database for 10 seconds.
        assert time.monotonic() - closed < ENDS_WITHIN * PATIENCE
    assert automatic(home) == []


def test_a_shrunk_database_is_held_until_a_person_has_looked(open_window: OpenWindow, home: Home) -> None:
    with open_window(home) as shown:
        shown.click("#back-up")
        says(shown, r"1 kept in one place")
        execute(home.database, "DELETE FROM tasks WHERE rowid > 3")
        shown.click("#back-up")
        told = shown.text("#hold")
        assert "Your data has shrunk" in told
        assert re.search(r"\b3\b.*\b12\b|\b12\b.*\b3\b", told), "how far"
        assert len(automatic(home)) == 2, "it is backed up, beside the other"
        shown.listen(STATUS)
        shown.click("#accept")
        assert shown.heard(STATUS, state="healthy")["hold"] is None
        eventually(lambda: shown.is_gone("#hold"), "the hold is gone")


def test_a_backup_is_restored_from_the_list(open_window: OpenWindow, home: Home) -> None:
    before = contents(home.database)
    with open_window(home) as shown:
        shown.click("#back-up")
        shown.find("#backups li")
        execute(home.database, "UPDATE tasks SET title = 'spoiled'", "DELETE FROM time_sessions")
        shown.click("#backups li .restore")
        assert "Import this backup?" in shown.text("#preview")
        shown.click("#preview button.danger")
        shown.leave_imported()
        assert contents(home.database) == before


def test_a_backup_is_restored_by_its_number(shown: Window) -> None:
    before = contents(shown.home.database)
    made = shown.call(f"plugin:kirapilot-backup|{RUN}", trigger="update")["value"]
    assert (made["outcome"], made["why"]) == ("made", "before an update")
    execute(shown.home.database, "DELETE FROM tasks")
    missing = shown.call("plugin:kirapilot-backup|restore_backup", number=7)["error"]
    assert missing["kind"] == "no_such_backup"
    restored = shown.call("plugin:kirapilot-backup|restore_backup", number=1)["value"]
    assert restored["task_count"] == 12
    assert contents(shown.home.database) == before


def test_all_data_is_cleared_and_comes_back(open_window: OpenWindow, home: Home) -> None:
    before = contents(home.database)
    with open_window(home) as shown:
        shown.script("localStorage.setItem('kirapilot-preferences', '{\"theme\":\"dark\"}')")
        shown.reload()
        shown.answer_dialogs(message="Ok")
        shown.click("#clear")
        said = shown.text("#cleared")
        assert "Successfully cleared all data: 12 tasks, 6 time sessions, 5 AI interactions, 2 dependencies" in said
        assert query(home.database, "SELECT count(*) FROM threads") == [(0,)]
        assert shown.script("return localStorage.getItem('kirapilot-preferences')") is None
        shown.click("#undo-clear")
        shown.leave_imported()
        assert contents(home.database) == before
        assert shown.script("return document.documentElement.dataset.theme") == "dark"
    assert len(automatic(home)) == 1, "one was made before"


def test_the_apps_own_command_answers_the_sentence_that_its_page_shows(shown: Window) -> None:
    said = shown.call("clear_all_data")["value"]
    assert said.startswith("Successfully cleared all data: 12 tasks, 6 time sessions,")
    assert str(shown.home.database.parent / "backups") in said
    shown.call("plugin:kirapilot-backup|undo_last_import")
    assert query(shown.home.database, "SELECT count(*) FROM tasks") == [(12,)]


def test_backups_are_pinned_and_noted(shown: Window) -> None:
    shown.click("#back-up")
    shown.click("#backups .pin")
    eventually(lambda: "pinned" in shown.text("#backups .what"), "it is pinned")
    shown.click("#backups .noted")
    shown.find("#backups .noting input").send_keys("before the move")
    shown.click("#backups .noting .primary")
    eventually(lambda: "before the move" in shown.text("#backups"), "the note is shown")
    shown.reload()
    assert "before the move" in shown.text("#backups")


def test_the_policy_is_shown_and_changed(shown: Window) -> None:
    elsewhere = shown.home.path / "stick"
    elsewhere.mkdir()
    shown.answer_dialogs(open=str(elsewhere))
    shown.find("#policy")
    shown.script("document.querySelector('#policy').open = true")
    shown.click("#policy-drill")
    shown.click("#policy-add")
    eventually(lambda: str(elsewhere) in shown.text("#policy .places"), "the place is listed")
    shown.click("#policy-save")
    eventually(lambda: "Saved." in shown.text("#policy"), "it is saved")
    policy = json.loads((shown.home.database.parent / "backup-policy.json").read_text("utf-8"))
    assert policy["drill"] is False
    assert [place["path"] for place in policy["places"]] == ["backups/automatic", str(elsewhere)]
    shown.click("#back-up")
    says(shown, "1 kept in 2 places")
    assert len(list(elsewhere.glob("*.kpbackup"))) == 1


def test_all_of_it_has_a_name_and_fits_a_small_window(shown: Window) -> None:
    shown.click("#back-up")
    shown.find("#backups li")
    shown.find("#policy")
    shown.script("document.querySelector('#policy').open = true")
    assert shown.script(NAMELESS) == []
    shown.keys("windowsize", "--sync", shown.native("KiraPilot"), "640", "480")
    eventually(lambda: shown.script("return innerWidth") <= 640, "the window is small")
    assert shown.script(TOO_WIDE) == []


def test_backups_that_fail_are_told_of_by_a_dialog_once_a_week(open_window: OpenWindow, home: Home) -> None:
    (home.database.parent / "backups").mkdir()
    (home.database.parent / "backups/automatic").write_text("a file in the place of the folder", encoding="utf-8")
    title = "KiraPilot's backups"
    with open_window(home, SOON, "--warn") as shown:
        shown.native(title)
        assert "failing" in shown.find("#status").get_attribute("class")
    with open_window(home, SOON, "--warn") as shown:
        shown.listen(STATUS)
        shown.heard(STATUS, state="failing")
        shown.click("#back-up")
        shown.click("#failure footer button")
        assert not shown.native_window(title), "it was said already"


def test_a_place_that_has_been_away_for_long_is_told_of_by_a_dialog_once_a_week(
    open_window: OpenWindow, home: Home
) -> None:
    stick = home.path / "stick"
    stick.mkdir()
    title = "KiraPilot's backups"
    with open_window(home) as shown:
        places = [{"path": "backups/automatic"}, {"path": str(stick)}]
        shown.call("plugin:kirapilot-backup|set_backup_policy", policy={"places": places})
        shown.click("#back-up")
        says(shown, "1 kept in 2 places")
    long_unplugged(home, stick)
    with open_window(home, SOON, "--warn") as shown:
        shown.native(title)
        assert "stale" in shown.find("#status").get_attribute("class")
        says(shown, rf"long ago, for {stick} is not there")
    with open_window(home, SOON, "--warn") as shown:
        shown.listen(STATUS)
        shown.heard(STATUS, state="stale")
        assert not shown.native_window(title), "it was said already"


def long_unplugged(home: Home, stick: Path) -> None:
    """A place that was last there ten days ago."""
    file = home.database.parent / "backups/automatic.json"
    catalogue = json.loads(file.read_text("utf-8"))
    state = catalogue["places"][str(stick)]
    ten_days_ago = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    state["current"] = state["entries"][0]["made"] = state["entries"][0]["moment"] = ten_days_ago
    file.write_text(json.dumps(catalogue), "utf-8")
    shutil.rmtree(stick)


def test_before_an_update_is_installed_a_backup_is_made_with_the_settings_of_the_page(shown: Window) -> None:
    shown.script("localStorage.setItem('kirapilot-preferences', '{\"theme\":\"dark\"}')")
    made = shown.call("prepare_update")["value"]
    assert (made["outcome"], made["why"]) == ("made", "before an update")
    (backup,) = automatic(shown.home)
    assert json.loads(entries_of(backup)["settings.json"])["kirapilot-preferences"]["theme"] == "dark"
    says(shown, "^Last backup: today")
    assert shown.call("prepare_update")["value"]["outcome"] == "current", "nothing has changed since"
