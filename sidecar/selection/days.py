"""Of which day a row is: the day on which it began, else that on which it was made, in UTC."""

from __future__ import annotations

from collections.abc import Collection

from sidecar.database.introspection import quote

_ELSEWHERE = "????-??-??[Tt ]??:??:??*[-+][0-9][0-9]:[0-9][0-9]"
"""A time with an offset, in SQLite's GLOB."""

_DAYS = ("start_time", "created_at", "timestamp", "applied_at")
"""Columns that say of which day a row is, the first that a table has."""


def day_of(columns: Collection[str], row: str) -> str | None:
    """SQL: the day of a row of a table with these columns, such as 2026-11-22; None where no column tells it.

    :param row: what the row is called in the statement.
    """
    column = next((column for column in _DAYS if column in columns), None)
    return _day(f"{row}.{quote(column)}") if column else None


def _day(time: str) -> str:
    """The app writes UTC, and so do archives; a hand or another program may have written the time of its own place."""
    told, away = f"substr({time}, 1, 10)", f"substr({time}, -6)"
    back = f"iif({away} < '-', '-', '+') || substr({away}, 2)"
    # Without its fraction: SQLite would round it, into the next day perhaps.
    utc = f"date({told} || ' ' || substr({time}, 12, 8), {back})"
    return f"CASE WHEN {time} GLOB '{_ELSEWHERE}' AND {away} <> '+00:00' THEN coalesce({utc}, {told}) ELSE {told} END"
