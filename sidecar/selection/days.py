"""Of which day a row is: the day on which it began, else that on which it was made, in UTC."""

from __future__ import annotations

from collections.abc import Collection

from sidecar.database.introspection import quote

_DAYS = ("start_time", "created_at", "timestamp", "applied_at")
"""Columns that say of which day a row is, the first that a table has."""


def day_of(columns: Collection[str], row: str) -> str | None:
    """SQL: the day of a row of a table with these columns, such as 2026-11-22; None where no column tells it.

    :param row: what the row is called in the statement.
    """
    column = next((column for column in _DAYS if column in columns), None)
    return f"substr({row}.{quote(column)}, 1, 10)" if column else None
