from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, tzinfo

import pytest

from sidecar.report.wording import zone
from sidecar.screen.text import columns, cut, number, plural, printable, size, table, when


def test_columns_line_up_and_numbers_stand_on_the_right() -> None:
    lines = table(("table", "rows"), [("tasks", "1,234"), ("time_sessions", "7")], "lr")
    assert lines == ["table           rows", "tasks          1,234", "time_sessions      7"]


def test_a_cell_cannot_control_the_terminal_or_break_its_row() -> None:
    assert table(("name",), [("\x1b[2Ja\nb\x07",)], "l")[1] == "\\x1b[2Ja\\nb\\x07"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Übung 😀", "Übung 😀"),
        ("a\u2028b", "a\\u2028b"),
        ("\u202eevil", "\\u202eevil"),
        ("half \udcff", "half \\udcff"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_text_is_shown_as_it_is_or_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (20_314, "20.3 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (101_000_000, "101.0 MB"),
        (2_060_000_000, "2.1 GB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_sizes_are_shown_in_the_unit_a_file_manager_uses(octets: int, shown: str) -> None:
    assert size(octets) == shown


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        ("2026-11-22T16:07:21.689983550Z", "2026-11-22 16:07:21 UTC"),
        ("2026-11-22T16:07:21+00:00", "2026-11-22 16:07:21 UTC"),
        ("2026-11-22 16:07:21", "2026-11-22 16:07:21 UTC"),
        ("2026-11-22T16:07:21+02:00", "2026-11-22T16:07:21+02:00"),
        ("yesterday\n", "yesterday\\n"),
        ("", ""),
    ],
)
def test_only_a_utc_timestamp_is_rewritten_for_people(timestamp: str, shown: str) -> None:
    assert when(timestamp) == shown


class _Zone(tzinfo):
    """A zone that a system calls by a name of its own."""

    def __init__(self, name: str | None, minutes: int) -> None:
        self._name, self._offset = name, timedelta(minutes=minutes)

    def tzname(self, _: datetime | None) -> str | None:
        return self._name

    def utcoffset(self, _: datetime | None) -> timedelta:
        return self._offset

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta()


@pytest.mark.parametrize(
    ("name", "minutes", "shown"),
    [
        ("CET", 60, "CET"),
        ("W. Europe Standard Time", 60, "UTC+01:00"),
        ("Hora estándar romance", 60, "UTC+01:00"),
        ("Greenwich Standard Time", 0, "UTC"),
        ("+0545", 345, "UTC+05:45"),
        ("-03", -180, "UTC-03:00"),
        (None, 0, "UTC"),
    ],
)
def test_a_zone_without_a_short_name_is_told_by_its_distance(name: str | None, minutes: int, shown: str) -> None:
    assert zone(datetime(2026, 11, 22, 16, tzinfo=_Zone(name, minutes))) == shown


def test_counts_have_thousands_separators_and_the_right_plural() -> None:
    assert (number(1_234_567), plural(1, "row"), plural(2_000, "row")) == ("1,234,567", "1 row", "2,000 rows")


FAMILY = "👨‍👩‍👧‍👦"


def test_signs_that_people_see_as_one_stay_whole() -> None:
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert printable(f"{FAMILY} {flag} e\u0301") == f"{FAMILY} {flag} e\u0301"
    assert cut(f"ab{FAMILY}cd", 5) == f"ab{FAMILY}…"
    assert cut(f"ab{FAMILY}cd", 4) == "ab…"
    assert cut("short", 5) == "short"


@pytest.mark.parametrize("text", ["\u200devil", "a\u200db", "\U000e0041", "a\U000e0041"])
def test_what_joins_nothing_is_shown_as_an_escape(text: str) -> None:
    assert "\\" in printable(text)


def test_columns_line_up_by_what_a_terminal_shows() -> None:
    lines = table(("name", "n"), [(FAMILY, "1"), ("日本", "22"), ("abc", "333")], "lr")
    assert [columns(line) for line in lines] == [9, 9, 9, 9]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' time zone is not in the environment")
def test_times_are_those_of_this_place_which_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    _follow_the_environment()
    try:
        assert when("2026-07-22T23:07:21.689983550Z") == "2026-07-23 01:07:21 CEST"
        assert when("2026-11-22 16:07:21") == "2026-11-22 17:07:21 CET"
    finally:
        monkeypatch.undo()
        _follow_the_environment()
    assert when("2026-02-31T00:00:00Z") == "2026-02-31 00:00:00 UTC"


def _follow_the_environment() -> None:
    if sys.platform != "win32":
        time.tzset()
