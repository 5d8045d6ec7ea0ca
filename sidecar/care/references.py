"""References of rows to rows in the live database, declared and meant, and what becomes of a row whose leads nowhere.

What KiraPilot would do is done: a declared reference says it itself, and the app keeps to it when it removes a row. Of
those that are only meant, it clears the one to a template, moves a task without a list into the default one, and leaves
the one to a parent task.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sidecar.database.introspection import Schema, broken_references, plain_references, quote
from sidecar.database.models import KNOWN

LISTS = "task_lists"
"""The table of task lists."""

_MEANT = {LISTS: "list_missing", "periodic_task_templates": "template_missing", "tasks": "parent_missing"}
"""Where a reference of tasks that is only meant leads to -> the code of a finding about it."""

_DECLARED = {"CASCADE": "owner_missing", "SET NULL": "tie_missing"}


@dataclass(frozen=True)
class Leading:
    """A reference: ``code`` is that of a finding about it, which says what becomes of the row."""

    table: str
    column: str
    parent: str
    parent_column: str
    code: str

    @property
    def broken(self) -> str:
        """The condition of a row (``r``) whose reference leads nowhere."""
        return (
            f"r.{quote(self.column)} IS NOT NULL AND NOT EXISTS (SELECT 1"
            f" FROM main.{quote(self.parent)} p WHERE p.{quote(self.parent_column)} = r.{quote(self.column)})"
        )


def all_references(schema: Schema) -> list[Leading]:
    """Every reference of a database about which this program knows what KiraPilot would do."""
    meant = [
        Leading(name, column, parent, "id", _MEANT[parent])
        for name, column, parent in _meant()
        if name in schema and column in schema[name].columns
        if parent in schema and schema[parent].key == ("id",)
    ]
    # What a newer app declares of these as well is followed as they are meant: no task goes because its list is gone.
    followed = {(each.table, each.column) for each in meant}
    declared = [
        Leading(name, key.column, key.parent, key.parent_column, _DECLARED[key.on_delete])
        for name, table in schema.items()
        for key in plain_references(table, schema)
        if key.on_delete in _DECLARED and (name, key.column) not in followed
        if not (key.on_delete == "SET NULL" and key.column in table.not_null)
    ]
    return [*declared, *meant]


def _meant() -> Iterator[tuple[str, str, str]]:
    for name, columns in KNOWN.items():
        for column, field in columns.items():
            if field.meant:
                yield name, column, field.meant


def unknown_references(
    connection: sqlite3.Connection, schema: Schema, known: Iterable[Leading]
) -> Iterator[tuple[str, int]]:
    """Tables with rows that break a declared reference which is none of the known ones, and how many these are."""
    for name, broken in broken_references(connection, schema).items():
        declared = {key.column for key in schema[name].foreign_keys}
        ours = [each for each in known if each.table == name and each.column in declared]
        rows = f"SELECT count(*) FROM main.{quote(name)} r WHERE"
        told = sum(connection.execute(f"{rows} {each.broken}").fetchone()[0] for each in ours)
        if broken > told:
            yield name, broken - told
