"""The frontend's settings in a backup: taken from the page, without secrets, and put back into it for good."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import TASK, entries_of, made_of, write
from tests.support.databases import query
from tests.window.conftest import OpenWindow
from tests.window.locks import held
from tests.window.screen import Home, eventually
from tests.window.window import Window

PREFERENCES, PRIVACY = "kirapilot-preferences", "kirapilot-privacy-settings"

THEIRS: dict[str, dict[str, Any]] = {
    PREFERENCES: {
        "theme": "dark",
        "workingHours": {"start": "06:30", "end": "14:30"},
        "aiSettings": {"geminiApiKey": "AIza-of-the-old-device", "responseStyle": "detailed"},
    },
    PRIVACY: {"storeConversations": False},
}
"""Settings of the device that is backed up."""

OURS: dict[str, dict[str, Any]] = {
    PREFERENCES: {
        "theme": "light",
        "workingHours": {"start": "09:00", "end": "17:00"},
        "aiSettings": {"geminiApiKey": "AIza-of-this-device", "responseStyle": "balanced"},
    },
    PRIVACY: {"storeConversations": True},
}
"""Settings of the device that the backup goes to."""

RESTORED: dict[str, dict[str, Any]] = {**THEIRS, PREFERENCES: {**THEIRS[PREFERENCES], "aiSettings": {
    "geminiApiKey": "AIza-of-this-device", "responseStyle": "detailed",
}}}  # fmt: skip
"""What that device has then: its own key stays."""


def keep(shown: Window, settings: Mapping[str, object]) -> None:
    """Settings as the app's own page has them, in its state and in localStorage."""
    for key, value in settings.items():
        shown.script("localStorage.setItem(arguments[0], arguments[1])", key, json.dumps(value))
    shown.reload()


def kept(shown: Window) -> dict[str, Any]:
    """What stands in localStorage."""
    texts = shown.script("return { ...localStorage }")
    return {key: json.loads(texts[key]) for key in (PREFERENCES, PRIVACY) if key in texts}


@pytest.fixture
def backup(open_window: OpenWindow, home: Home) -> Path:
    """A backup of the old device, with its settings."""
    target = home.path / "old device.kpbackup"
    with open_window(home) as shown:
        keep(shown, {**THEIRS, "kira_api_key": "sk-elsewhere", "unrelated": "word-of-no-interest"})
        assert shown.call("export_data_to_file", filePath=str(target))["value"]["task_count"] == 12
    return target


@contextmanager
def on_this_device(open_window: OpenWindow, home: Home, *arguments: str) -> Iterator[Window]:
    with open_window(home, *arguments) as shown:
        keep(shown, OURS)
        yield shown


def test_a_backup_holds_the_settings_and_no_secret(backup: Path) -> None:
    entries = entries_of(backup)
    settings = json.loads(entries["settings.json"])
    expected = json.loads(json.dumps(THEIRS))
    assert settings[PREFERENCES]["theme"] == "dark"
    assert settings[PREFERENCES]["workingHours"] == expected[PREFERENCES]["workingHours"]
    assert settings[PRIVACY] == expected[PRIVACY]
    for name, content in entries.items():
        for secret in (b"AIza-of", b"sk-elsewhere", b"word-of-no-interest", b"kira_api_key"):
            assert secret not in content, name


def test_an_import_brings_the_settings_back_and_keeps_this_devices_key(
    backup: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        shown.answer_dialogs(open=str(backup))
        shown.click("#import")
        shown.click("#preview button.danger")
        shown.leave_imported()
        assert kept(shown) == RESTORED
        assert shown.script("return document.documentElement.dataset.theme") == "dark"
        shown.process.kill()
    with open_window(fresh_home) as shown:
        assert kept(shown) == RESTORED


OVERWRITING = {
    "a change of the page's state": """
        document.querySelectorAll('.tab')[0].click();
        setTimeout(() => {
          const theme = document.querySelector('#theme');
          theme.value = 'auto';
          theme.dispatchEvent(new Event('change', { bubbles: true }));
          window.__written = true;
        }, 50);
    """,
    "setItem": "localStorage.setItem('kirapilot-preferences', '{\"theme\":\"light\"}'); window.__written = true",
    "an assignment": "localStorage['kirapilot-preferences'] = '{\"theme\":\"light\"}'; window.__written = true",
    "removeItem": "localStorage.removeItem('kirapilot-privacy-settings'); window.__written = true",
    "a deletion": "delete localStorage['kirapilot-privacy-settings']; window.__written = true",
    "clear": "localStorage.clear(); window.__written = true",
    "a listener to the page's end": """
        for (const end of ['beforeunload', 'pagehide', 'unload'])
          window.addEventListener(end, () => { localStorage['kirapilot-preferences'] = '{"theme":"light"}' });
        window.__written = true;
    """,
}
"""Ways in which a page that does not know of the import writes its old state."""


@pytest.mark.parametrize("way", OVERWRITING)
def test_the_old_page_does_not_overwrite_them_before_it_reloads(
    way: str, backup: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        result = shown.call("import_data_from_file", filePath=str(backup), overwrite=True)["value"]
        assert result["settings_restored"] is True
        assert "settings" not in result
        shown.script(OVERWRITING[way])
        eventually(lambda: shown.script("return window.__written"), "the old page has written")
        shown.reload()
        assert kept(shown) == RESTORED


def test_after_the_reload_the_page_writes_its_settings_again(
    backup: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        shown.call("import_data_from_file", filePath=str(backup), overwrite=True)
        shown.reload()
        shown.script("document.querySelectorAll('.tab')[0].click()")
        shown.click("#store-conversations")
        eventually(lambda: kept(shown)[PRIVACY] == {"storeConversations": True}, "the change is kept")


def test_a_backup_without_settings_leaves_those_of_the_device_and_says_so(
    tmp_path: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    bare = tmp_path / "bare.kpbackup"
    write(bare, made_of([TASK]))
    with on_this_device(open_window, fresh_home) as shown:
        result = shown.call("import_data_from_file", filePath=str(bare), overwrite=True)["value"]
        assert [line for line in result["warnings"] if "those of this device stay as they are" in line]
        shown.reload()
        assert kept(shown) == OURS


NO_ANSWER = """
const real = window.fetch;
window.fetch = (resource, options) =>
  decodeURIComponent(String(resource)).includes('plugin:event|emit') ? new Promise(() => {}) : real(resource, options);
"""
"""Makes a page that keeps to itself what it is asked for."""


def test_a_page_that_does_not_answer_keeps_its_settings_and_the_import_says_so(
    backup: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        shown.script(NO_ANSWER)
        result = shown.call("import_data_from_file", filePath=str(backup), overwrite=True)["value"]
        assert result["task_count"] == 12
        assert [line for line in result["warnings"] if "the app's page did not answer" in line]
        shown.reload()
        assert kept(shown) == OURS


def test_an_export_without_an_answer_of_the_page_goes_on_and_says_so(
    tmp_path: Path, open_window: OpenWindow, home: Home
) -> None:
    target = tmp_path / "without settings.kpbackup"
    with on_this_device(open_window, home) as shown:
        shown.script(NO_ANSWER)
        result = shown.call("export_data_to_file", filePath=str(target))["value"]
    assert result["task_count"] == 12
    assert [line for line in result["warnings"] if "its page did not answer" in line]
    assert PREFERENCES not in json.loads(entries_of(target)["settings.json"])


def test_a_page_that_was_reloaded_during_the_import_is_reloaded_once_more(
    backup: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        reloaded_meanwhile(shown, backup)
        assert kept(shown) == RESTORED
        assert shown.script("return document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("page", ["answers", "does not answer"])
def test_so_it_is_where_the_backup_holds_no_settings_or_the_page_tells_none(
    page: str, open_window: OpenWindow, fresh_home: Home
) -> None:
    with on_this_device(open_window, fresh_home) as shown:
        if page == "does not answer":
            shown.script(NO_ANSWER)
        reloaded_meanwhile(shown, DATA / f"{EVERY_KIND}.kpbackup")
        assert kept(shown) == OURS
    assert query(fresh_home.database, "SELECT count(*) FROM tasks") == [(12,)]


def test_a_page_that_was_not_reloaded_during_the_import_is_left_alone(
    tmp_path: Path, open_window: OpenWindow, fresh_home: Home
) -> None:
    bare = tmp_path / "bare.kpbackup"
    write(bare, made_of([TASK]))
    with on_this_device(open_window, fresh_home) as shown:
        shown.script("window.__old = true")
        assert shown.call("import_data_from_file", filePath=str(bare), overwrite=True)["value"]["task_count"] == 1
        # Asked later, answered later: a reload would have begun by then.
        shown.call("plugin:kirapilot-backup|inspect_backup", filePath=str(bare))
        assert shown.script("return window.__old") is True


def reloaded_meanwhile(shown: Window, backup: Path) -> None:
    """An import during which the page is loaded again; and what comes then, once it has been loaded once more."""
    shown.watch_progress()
    with held(shown.home.database, "IMMEDIATE"):
        call = {"filePath": str(backup), "overwrite": True}
        shown.begin("first", "args[0], args[1]", "import_data_from_file", call)
        shown.wait_for_phase("apply")
        shown.reload()
        shown.script("window.__old = true")
    shown.wait_for_reload()


def test_another_window_does_not_overwrite_them_either(backup: Path, open_window: OpenWindow, fresh_home: Home) -> None:
    with open_window(fresh_home, "--second-window") as shown:
        first, second = eventually(lambda: len(all_ := shown.driver.window_handles) == 2 and all_, "two windows")
        shown.driver.switch_to.window(second)
        shown.find("#export")
        shown.show_another_page()
        shown.driver.switch_to.window(first)
        keep(shown, OURS)
        shown.call("import_data_from_file", filePath=str(backup), overwrite=True)
        shown.driver.switch_to.window(second)
        shown.script("localStorage.setItem('kirapilot-preferences', '{\"theme\":\"light\"}')")
        shown.driver.switch_to.window(first)
        assert kept(shown) == RESTORED
