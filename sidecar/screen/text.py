"""Plain text that lines up: tables, numbers, sizes, dates, and text that cannot disturb a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

# A page and a terminal say them alike.
from sidecar.report.wording import number as number
from sidecar.report.wording import plural as plural
from sidecar.report.wording import size as size
from sidecar.report.wording import zone

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)?")

_JOINING = frozenset(["\u200d", *map(chr, range(0xE0020, 0xE0080))])
"""The joiner of emoji, and the tags that spell a region's flag: no signs of their own."""

_WEEK = 7

_LAST_PLAIN = 0x2000
"""Characters up to here are letters and signs of text, which nothing joins."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Lines of a table, two spaces between its columns.

    :param align: one letter for each column, "l" or "r". Text of unknown length belongs in the last column.
    """
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(columns(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(
            f"{cell}{' ' * (width - columns(cell))}" if side == "l" else f"{' ' * (width - columns(cell))}{cell}"
            for cell, width, side in zip(row, widths, align, strict=True)
        ).rstrip()
        for row in cells
    ]


def printable(text: str) -> str:
    """``text`` on one line, with what could move a cursor, ring a bell or fail to encode written as an escape.

    A backup is somebody else's file until proved: its text must not control the terminal. What joins an emoji
    family, or makes a flag, stays within it.
    """
    if text.isprintable():
        return text
    return "".join(char if _harmless(char, before) else _escaped(char) for before, char in _with_the_one_before(text))


def columns(text: str) -> int:
    """Columns of a terminal that ``text`` takes: two for a wide character, none for an accent of its own."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def cut(text: str, most: int) -> str:
    """``text``, or as much of its beginning as leaves room for an ellipsis; what people see as one sign stays whole."""
    if columns(text) <= most:
        return text
    from wcwidth import iter_graphemes

    kept, room = "", most - 1
    for sign in iter_graphemes(text):
        room -= columns(sign)
        if room < 0:
            break
        kept += sign
    return f"{kept}…"


def _with_the_one_before(text: str) -> Iterator[tuple[str, str]]:
    return zip(f" {text}", text, strict=False)


def _harmless(char: str, before: str) -> bool:
    return char.isprintable() or (char in _JOINING and ord(before) > _LAST_PLAIN)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def when(timestamp: str) -> str:
    """``2026-11-22T16:07:21.689983550Z`` as ``2026-11-22 17:07:21 CET``, by the clock of this place, which is named.

    Anything else as it is, made printable.
    """
    found = _TIMESTAMP.fullmatch(timestamp)
    if found is None:
        return printable(timestamp)
    try:
        here = datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").astimezone()
        return f"{here:%Y-%m-%d %H:%M:%S} {zone(here)}"
    except (ValueError, OverflowError, OSError):
        # A day that no calendar, or not this system's, has.
        return f"{found[1]} {found[2]} UTC"


def relative(moment: datetime, now: datetime) -> str:
    """``today 09:12``, ``yesterday 18:04``, ``Monday 18:04`` within a week, else ``2026-11-22 18:04``; local time."""
    here, today = moment.astimezone(), now.astimezone().date()
    days = (here.date() - today).days
    day = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)
    if day is None:
        day = f"{here:%A}" if -_WEEK < days < 0 else f"{here:%Y-%m-%d}"
    return f"{day} {here:%H:%M}"


def lately(timestamp: str, now: datetime) -> str:
    """A time out of a backup as ``relative`` tells it; as ``when`` does where it is none that a calendar has."""
    if _TIMESTAMP.fullmatch(timestamp) is None:
        return when(timestamp)
    try:
        moment = datetime.fromisoformat(timestamp)
        return relative(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)
    except (ValueError, OverflowError, OSError):
        return when(timestamp)
