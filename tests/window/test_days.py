"""Days, from one to another, among what a backup's entries are looked through by: as a selection has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors.backups import SelectionTurnedRound
from tests.support.databases import altered, contents, query, value
from tests.window.conftest import OpenWindow
from tests.window.screen import Home, eventually
from tests.window.test_choosing import brought_back, exported, opened, previewed, titles
from tests.window.test_window import NAMELESS, TOO_WIDE
from tests.window.window import Window

DAYS = [f"2025-10-0{day}" for day in range(1, 7)]
"""Those on which the time sessions of the database with every kind of row began, one each."""

MOVED = DAYS[2]
"""The day of the one that began on another day according to today's data."""


@pytest.fixture
def chooser(open_window: OpenWindow, home: Home) -> Iterator[Window]:
    """The window in which a backup is open; all time sessions but one have gone since, and what is of another day."""
    backup = home.path / "before.kpbackup"
    exported(home, backup)
    altered(home.database, "DELETE FROM time_sessions WHERE substr(start_time, 1, 10) <> ?", MOVED)
    altered(home.database, "UPDATE time_sessions SET start_time = '2031-01-01T00:00:00.000000000+00:00'")
    altered(home.database, "DELETE FROM task_dependencies")
    with open_window(home) as shown:
        opened(shown, backup)
        yield shown


def set_day(shown: Window, name: str, day: str) -> None:
    """Choose a day as a person does who has a calendar for it."""
    shown.script(
        """
        const field = document.querySelector(arguments[0]);
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, arguments[1]);
        field.dispatchEvent(new Event('input', { bubbles: true }));
        """,
        f"#{name}",
        day,
    )


def shown_are(shown: Window, count: int) -> list[str]:
    eventually(lambda: len(titles(shown)) == count, f"{count} entries are shown")
    return titles(shown)


def days_in(database: Path) -> list[str]:
    return [day for (day,) in query(database, "SELECT substr(start_time, 1, 10) FROM time_sessions ORDER BY 1")]


def test_what_began_in_a_range_of_days_comes_back_and_nothing_else(chooser: Window) -> None:
    database = chooser.home.database
    before = contents(database)
    everything = len(titles(chooser))
    set_day(chooser, "since", DAYS[3])
    shown_are(chooser, everything - 3)
    set_day(chooser, "until", DAYS[4])
    shown_are(chooser, 2)
    chooser.click(".found .all input")
    assert chooser.text("#ticked") == "2 entries ticked."
    assert "2 time sessions come back" in previewed(chooser)
    assert contents(database) == before
    brought_back(chooser)
    assert days_in(database) == [DAYS[3], DAYS[4], "2031-01-01"]
    after = contents(database)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"time_sessions"}


def test_an_entry_that_differs_is_of_the_day_that_the_backup_has(chooser: Window) -> None:
    set_day(chooser, "since", MOVED)
    set_day(chooser, "until", MOVED)
    shown_are(chooser, 1)
    assert "different" in chooser.text("#entries li")
    chooser.click("#entries li input")
    assert "1 time session becomes as in the backup" in previewed(chooser)
    brought_back(chooser)
    assert days_in(chooser.home.database) == [MOVED]


def test_a_range_turned_round_is_told_at_once_and_changes_nothing(chooser: Window) -> None:
    before = contents(chooser.home.database)
    set_day(chooser, "since", DAYS[2])
    set_day(chooser, "until", DAYS[5])
    there = shown_are(chooser, 4)
    chooser.click("#entries li input")
    set_day(chooser, "until", DAYS[0])
    said = chooser.text("#days [role='alert']")
    assert said.startswith(str(SelectionTurnedRound(detail=f"{DAYS[2]} to {DAYS[0]}")))
    assert titles(chooser) == there
    assert chooser.text("#ticked") == "1 entry ticked."
    assert chooser.script(INVALID) == ["since", "until"]
    assert "1 time session" in previewed(chooser)
    chooser.click("#part footer button")
    set_day(chooser, "since", DAYS[0])
    shown_are(chooser, 1)
    assert chooser.is_gone("#days [role='alert']")
    assert chooser.script(INVALID) == []
    assert contents(chooser.home.database) == before


INVALID = "return [...document.querySelectorAll('#days [aria-invalid=true]')].map((one) => one.id)"
"""The fields that a screen reader calls wrong."""

ORDER = """
const fields = [...document.querySelectorAll('.filters input, .filters select, .found input')];
return fields.map((field) => field.id || field.type).slice(0, arguments[0]);
"""


def test_days_are_typed_have_a_name_and_fit_a_small_window(chooser: Window) -> None:
    chooser.native("KiraPilot")
    assert chooser.script(ORDER, 5) == ["search", "kind", "state", "since", "until"], "as they are read, so Tab goes"
    chooser.script("document.querySelector('#since').focus()")
    # By the language of the window: month, day, year.
    for part in ("10", "03", "2025"):
        chooser.keys("type", part)
        chooser.keys("key", "Right")
    eventually(lambda: chooser.script("return document.querySelector('#since').value") == DAYS[2], "the day is typed")
    names = "return [...document.querySelectorAll('#days input')].map((one) => one.labels[0].innerText.trim())"
    assert chooser.script(names) == ["on this day (UTC) or later", "on this day (UTC) or earlier"]
    assert chooser.text("#days legend") == "Begun or made"
    set_day(chooser, "until", DAYS[0])
    chooser.text("#days [role='alert']")
    assert chooser.script(NAMELESS) == []
    chooser.keys("windowsize", "--sync", chooser.native("KiraPilot"), "640", "480")
    eventually(lambda: chooser.script("return innerWidth") <= 640, "the window is small")
    assert chooser.script(TOO_WIDE) == []
    assert value(chooser.home.database, "SELECT count(*) FROM time_sessions") == 1
