"""Conflicts as people see them: the two rows side by side, by the fields in which they differ. Memory holds a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.database.introspection import has_id, quote
from sidecar.merging.answers import BothValues, Conflict, shown_value
from sidecar.merging.conflicts import BOTH, GIVEN, LISTS, OWN, Conflicts, conflicts_of
from sidecar.merging.likeness import Likeness
from sidecar.merging.row_names import list_name, row_name, shortened
from sidecar.stage.stage import ROW

_STAYS = {OWN: "mine", GIVEN: "theirs", BOTH: "both"}

_NEWER = {1: "theirs", -1: "mine", 0: "tie", None: None}


@dataclass(frozen=True)
class Page:
    """Which conflicts are to be told of: ``most`` of those with the numbers of some ranges, from first to last."""

    ranges: tuple[tuple[int, int], ...]
    most: int


Row = tuple[int, Conflict]
"""The row of the stage, and what is told of it."""


def page(connection: sqlite3.Connection, conflicts: Conflicts, asked: Page) -> list[Row]:
    """The conflicts that were asked for. Raises sqlite3.Error.

    To be read before anything is changed for the sake of those that stay.
    """
    told: list[Row] = []
    for first, last in asked.ranges:
        for name, count in conflicts.counts.items():
            begin, end = max(first - conflicts.offset(name), 1), min(last - conflicts.offset(name), count)
            if begin <= end and len(told) < asked.most:
                told += _rows(connection, conflicts, name, begin, min(end, begin + asked.most - len(told) - 1))
    return told


def _rows(connection: sqlite3.Connection, conflicts: Conflicts, name: str, begin: int, end: int) -> Iterator[Row]:
    table = Likeness(conflicts.stage.tables[name], conflicts.live[name])
    columns = table.columns()
    same = ", ".join(map(table.same, columns))
    values = ", ".join(f"{side}.{quote(column)}" for side in ("m", "s") for column in columns)
    found = connection.execute(
        f"SELECT c.number, c.row, c.later, c.stays, {_named(conflicts, table)}, {same}, {values}"
        f" FROM {conflicts_of(name)} c CROSS JOIN stage.{quote(name)} s ON s.{quote(ROW)} = c.row"
        f" CROSS JOIN main.{quote(name)} m ON {table.key()}"
        " WHERE c.number BETWEEN ? AND ? ORDER BY c.number",
        (begin, end),
    )
    for number, row, later, stays, row_id, label, task_list, *rest in found:
        yield (
            row,
            Conflict(
                number=number + conflicts.offset(name),
                table=name,
                id=row_id,
                label=shortened(label),
                task_list=shortened(task_list),
                newer=_NEWER[later],
                stays=_STAYS[stays],
                reason=None,
                fields=dict(_fields(columns, rest)),
            ),
        )


def _named(conflicts: Conflicts, table: Likeness) -> str:
    """SQL: the id of the database's row, its name, and that of its list."""
    columns = table.live.columns
    row_id = "CAST(m.id AS TEXT)" if has_id(columns) else "NULL"
    of_list = list_name(columns, row="m", where="main") if LISTS in conflicts.live else "NULL"
    return f"{row_id}, {row_name(columns, row='m')}, {of_list}"


def _fields(columns: Sequence[str], found: Sequence[object]) -> Iterator[tuple[str, BothValues]]:
    width = len(columns)
    for column, same, mine, theirs in zip(
        columns, found[:width], found[width : 2 * width], found[2 * width :], strict=True
    ):
        if not same:
            yield column, BothValues(mine=shown_value(mine), theirs=shown_value(theirs))
