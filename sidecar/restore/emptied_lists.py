"""Task lists that an earlier import made again, and in which a replacing one leaves nothing: they go.

An archive without task lists leaves the database's own alone. Replaced by several such archives in turn, a database
would gather lists that nobody made and nothing is in. The rule is in protocol/IMPORT.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sidecar.database.introspection import Schema, TableSchema, quote
from sidecar.stage.stage import SHAPE, Stage

LISTS = "task_lists"
NAMING_LISTS = (("tasks", "task_list_id"), ("periodic_task_templates", "task_list_id"))
"""What refers to a task list, declared or not."""

RESTORED = "Restored list "
"""What a list that is made again is called, before its number."""

_SHAPE = {"id", "name", "is_default", "created_at", "updated_at"}
"""Columns without which nobody can tell who made a list; any further one must say nothing."""

_BY_DEFAULT = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
"""A time that the schema gave: the app itself writes a T, and touches ``updated_at`` with every change."""


def emptied_lists(connection: sqlite3.Connection, stage: Stage, live: Schema) -> list[str]:
    """The ids of the database's lists that a replacement by the stage is to remove.

    Each is as an import left it (its name, its two times, not the default), and no row names it that will be there.
    """
    lists = live[LISTS]
    if not set(lists.columns) >= _SHAPE:
        return []
    silent = "".join(f" AND {quote(column)} IS NULL" for column in lists.columns if column not in _SHAPE)
    untouched = (
        f"SELECT id FROM main.task_lists WHERE typeof(id) = 'text' AND name GLOB '{RESTORED}[1-9]*'"
        f" AND name NOT GLOB '{RESTORED}*[^0-9]*' AND is_default = 0 AND created_at IS updated_at"
        f" AND created_at GLOB '{_BY_DEFAULT}'{silent}"
    )
    # Mostly there are none: then no row is read for it.
    if connection.execute(f"{untouched} LIMIT 1").fetchone() is None:
        return []
    named = " UNION ALL ".join(_names(stage, live))
    where = f" AND id NOT IN (SELECT list FROM ({named}) WHERE list IS NOT NULL)" if named else ""
    return [list_id for (list_id,) in connection.execute(f"{untouched}{where} ORDER BY id")]


def _names(stage: Stage, live: Schema) -> Iterator[str]:
    """SQL for the lists that rows name: those that come, and those that may stay."""
    for table in live.values():
        meant = {column for name, column in NAMING_LISTS if name == table.name}
        declared = {key.column for key in table.foreign_keys if key.parent == LISTS}
        for column in sorted((meant | declared) & set(table.columns)):
            yield from _names_in(stage, table, quote(column), column)


def _names_in(stage: Stage, table: TableSchema, name: str, column: str) -> Iterator[str]:
    staged = stage.tables.get(table.name)
    own = f"SELECT m.{name} AS list FROM main.{quote(table.name)} m"
    if staged is None or not staged.carried or not table.key:
        yield own
    if staged is None or not staged.carried:
        return
    if column in staged.spoken_of():
        yield f"SELECT {name} AS list FROM stage.{quote(table.name)}"
    silent = [str(number) for shape, number in staged.shapes.items() if column not in shape]
    if silent and table.key:
        # A record that does not speak of its list leaves the row where it is.
        key = " AND ".join(f"m.{quote(part)} = s.{quote(part)}" for part in table.key)
        yield f"{own} JOIN stage.{quote(table.name)} s ON {key} WHERE s.{quote(SHAPE)} IN ({', '.join(silent)})"
