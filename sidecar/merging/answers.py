"""What is told of conflicts, as structs: the words of the wire and of ``--json``."""

from __future__ import annotations

import msgspec

Value = str | int | float | None
"""A value as it is shown: bytes by their number, a long text by its beginning."""

LONGEST = 2_000
"""Most characters of a value that is shown."""


def shown_value(value: object) -> Value:
    """A value of SQLite as JSON and people can take it."""
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    assert value is None or isinstance(value, (int, float))
    return value


class BothValues(msgspec.Struct, kw_only=True):
    """A field that differs: the database's value, and the backup's."""

    mine: Value
    theirs: Value


class Conflict(msgspec.Struct, kw_only=True):
    """Two rows of one id that differ, by the number that the preview gave them.

    ``label`` is what a person knows the database's row by, ``task_list`` the name of its list; null where there is
    none. ``fields`` are the columns that differ. ``newer`` is "mine", "theirs" or, for two rows of one moment, "tie";
    null where neither tells of any. ``stays`` is what the import that was previewed does: "mine", "theirs" or "both".
    ``reason`` says why the database's row stays though another was asked for, as ``left_out`` of the table does; null
    elsewhere.
    """

    number: int
    table: str
    id: str | None
    label: str | None
    task_list: str | None
    newer: str | None
    stays: str
    reason: str | None
    fields: dict[str, BothValues]


class Conflicts(msgspec.Struct, kw_only=True):
    """Some of the conflicts of a preview, in the order of their numbers, which go from 1 to ``total``."""

    token: str
    total: int
    conflicts: list[Conflict]
