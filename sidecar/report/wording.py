"""Words and figures of a page: counts, sizes, hours, moments by this place's clock, and text of whoever typed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

LONG, LONGER = 200, 1000
"""Most characters of a title, and of what is said in a chat; a longer one ends with an ellipsis."""

TABLES: Mapping[str, str] = {
    "tasks": "Tasks",
    "task_lists": "Task lists",
    "task_dependencies": "Dependencies",
    "periodic_task_templates": "Repeating tasks",
    "time_sessions": "Time sessions",
    "focus_sessions": "Focus sessions",
    "threads": "Chats",
    "thread_messages": "Chat messages",
    "ai_interactions": "AI interactions",
    "ai_suggestions": "AI suggestions",
    "ai_interaction_logs": "AI logs",
    "tool_execution_logs": "Tool logs",
    "productivity_patterns": "Productivity patterns",
    "user_preferences": "User preferences",
    "logging_config": "Logging settings",
}
"""What people call the app's tables; another one goes by its own name."""

STATUSES: Mapping[str, str] = {
    "in_progress": "In progress",
    "pending": "Pending",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "": "Other",
}
"""Status in the database -> what the app calls it, in the order of a page."""

PRIORITIES = ("Low", "Medium", "High", "Urgent")

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)?")

_ABBREVIATION = re.compile(r"[A-Z]{3,5}")

_UNITS = ("kB", "MB", "GB", "TB")

_SHOWN_OTHERWISE: dict[int, str | None] = {
    # Controls have pictures. What turns the direction of text has no use in an element of its own.
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"},
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
}


def text(value: object, most: int = LONG) -> str:
    """A value as it can stand in a page, which is strict about its characters; cut after ``most`` of them."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    shown = str(value).translate(_SHOWN_OTHERWISE)
    return shown if len(shown) <= most else f"{shown[:most].rstrip()}…"


def number(count: int) -> str:
    """1234567 as ``1,234,567``."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """``1 row``, ``2 rows``, ``2 entries``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{count:,} {noun}s"


def size(octets: int) -> str:
    """Bytes for people, in powers of 1000 as file managers show them: ``812 bytes``, ``24.2 kB``."""
    if octets < 1000:
        return plural(octets, "byte")
    amount = octets / 1000
    for unit in _UNITS:
        # 999.95 would be shown as 1000.0.
        if amount < 999.95 or unit == _UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.1f} {unit}"


def hours(seconds: float) -> str:
    """``0 min``, ``45 min``, ``1 h 05 min``, ``1,234 h``: of many hours nobody counts the minutes."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 6000:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{round(minutes / 60):,} h"


def local(timestamp: object) -> datetime | None:
    """A time of the backup by this place's clock; None for one that no calendar has."""
    found = _TIMESTAMP.fullmatch(timestamp) if isinstance(timestamp, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def moment(timestamp: object) -> str:
    """A time of the backup as ``2026-11-22 17:07``; one that no calendar has as it stands."""
    here = timestamp if isinstance(timestamp, datetime) else local(timestamp)
    return f"{here.astimezone():%Y-%m-%d %H:%M}" if here else text(timestamp, 40)


def moment_here(timestamp: object) -> str:
    """The same with the name of the zone behind it."""
    here = local(timestamp)
    return f"{moment(here)} {zone(here)}" if here else text(timestamp, 40)


def day(timestamp: object) -> str:
    """The day of a time."""
    here = local(timestamp)
    return f"{here:%Y-%m-%d}" if here else text(timestamp, 40)


def week(monday: date) -> str:
    """``2026-11-16``: a week is told by its Monday."""
    return f"{monday:%Y-%m-%d}"


def zone(here: datetime) -> str:
    """The zone of a local time as it is written behind one: CET; by its distance from UTC where it has no such name.

    Windows has long names in the user's language, and some zones have none but a number.
    """
    name = here.tzname() or ""
    if _ABBREVIATION.fullmatch(name):
        return name
    offset = here.isoformat()[-6:]
    return "UTC" if offset == "+00:00" else f"UTC{offset}"


def table(name: str) -> str:
    """What people call a table."""
    return TABLES.get(name) or text(name, 80)


def status(value: object) -> str:
    """What the app calls a status; one that it does not know, as it stands."""
    if not isinstance(value, str):
        return "None"
    return STATUSES.get(value) or text(value, 40)


def priority(value: object) -> str:
    """What the app calls a priority; one that it does not know, as it stands."""
    if isinstance(value, int) and 0 <= value < len(PRIORITIES):
        return PRIORITIES[value]
    return text(value, 20)
