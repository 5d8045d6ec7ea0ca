"""Rows of two stages side by side, table by table, by SQL: memory stays flat, whatever the sides hold.

Which rows differ goes into a third throw-away database, from which pages are read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sidecar.comparison.answers import Change, TableDifference, Values
from sidecar.database.introspection import as_one_text, has_id, quote
from sidecar.merging.answers import shown_value
from sidecar.merging.row_names import list_name, row_name, shortened
from sidecar.selection.days import day_of
from sidecar.stage.stage import ROW, SHAPE, Stage, StagedTable

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Pair:
    """One table as both sides have it."""

    left: StagedTable
    right: StagedTable

    @property
    def name(self) -> str:
        return self.left.name

    def columns(self) -> list[str]:
        """Columns that some record of each side speaks of."""
        spoken = self.right.spoken_of()
        return [column for column in self.left.columns if column in spoken and column in self.left.spoken_of()]

    def one_sided(self) -> list[str]:
        """Columns that only one side speaks of, where both have rows."""
        if not (self.left.rows and self.right.rows):
            return []
        return sorted(self.left.spoken_of() ^ self.right.spoken_of())


def pairs(left: Stage, right: Stage) -> dict[str, Pair | str]:
    """Each table that a side speaks of: as both have it, or "left" or "right" where only that one speaks of it."""
    found: dict[str, Pair | str] = {}
    for name in sorted({table.name for stage in (left, right) for table in stage.tables.values() if table.carried}):
        ours, theirs = left.tables.get(name), right.tables.get(name)
        if ours is not None and theirs is not None and ours.carried and theirs.carried:
            found[name] = Pair(ours, theirs)
        else:
            found[name] = "left" if ours is not None and ours.carried else "right"
    return found


def compare(connection: sqlite3.Connection, pair: Pair) -> TableDifference:
    """Write down which rows of a table differ, and count them. Raises sqlite3.Error."""
    differing = _differing(pair.name)
    connection.execute(f"CREATE TABLE {differing} (number INTEGER PRIMARY KEY, l INTEGER, r INTEGER)")
    if _has_key(connection, pair):
        _by_key(connection, pair, differing)
    else:
        _by_content(connection, pair, differing)
    added, removed, changed = connection.execute(
        f"SELECT count(*) FILTER (WHERE l IS NULL), count(*) FILTER (WHERE r IS NULL),"
        f" count(*) FILTER (WHERE l IS NOT NULL AND r IS NOT NULL) FROM {differing}"
    ).fetchone()
    return TableDifference(
        left=pair.left.rows,
        right=pair.right.rows,
        added=added,
        removed=removed,
        changed=changed,
        same=pair.left.rows - removed - changed,
        columns=pair.one_sided(),
    )


def page(connection: sqlite3.Connection, pair: Pair, start: int, count: int) -> Iterator[Change]:
    """Some of the rows of a table that differ, from the ``start``-th on. Raises sqlite3.Error."""
    columns = pair.columns()
    listed = pair.left.columns.keys() | pair.right.columns.keys()
    shown = ", ".join(f"{side}.{quote(column)}" for side in ("l", "r") for column in columns)
    names = ", ".join(
        part
        for side, where in (("l", "left"), ("r", "right"))
        for part in (_id(side, listed), _label(side, where, listed), _list(side, where, listed), _day(side, pair))
    )
    found = connection.execute(
        f"SELECT d.l IS NULL, d.r IS NULL, l.{quote(SHAPE)}, r.{quote(SHAPE)}, {names}"
        f"{', ' if shown else ''}{shown} FROM {_differing(pair.name)} d"
        f" LEFT JOIN {_table('left', pair.name)} l ON l.{quote(ROW)} = d.l"
        f" LEFT JOIN {_table('right', pair.name)} r ON r.{quote(ROW)} = d.r"
        " ORDER BY d.number LIMIT ? OFFSET ?",
        (count, start),
    )
    for no_left, no_right, left_shape, right_shape, *rest in found:
        (left_id, left_label, left_list, left_day), (right_id, right_label, right_list, right_day) = rest[:4], rest[4:8]
        values = rest[8:]
        yield Change(
            table=pair.name,
            change=ADDED if no_left else REMOVED if no_right else CHANGED,
            id=left_id if no_right else right_id,
            label=shortened(left_label if no_right else right_label),
            task_list=shortened(left_list if no_right else right_list),
            # What would come back of it is the left side's row.
            day=right_day if no_left else left_day,
            fields={}
            if no_left or no_right
            else dict(_fields(columns, values, _shape(pair.left, left_shape), _shape(pair.right, right_shape))),
        )


def _fields(
    columns: Sequence[str], values: Sequence[object], left: Collection[str], right: Collection[str]
) -> Iterator[tuple[str, Values]]:
    for column, one, other in zip(columns, values[: len(columns)], values[len(columns) :], strict=True):
        if column in left and column in right and not _same(one, other):
            yield column, Values(left=shown_value(one), right=shown_value(other))


def _same(one: object, other: object) -> bool:
    """As SQL's IS has it: 1 is 1.0, and bytes are no text."""
    return one == other and isinstance(one, bytes) == isinstance(other, bytes)


def _by_key(connection: sqlite3.Connection, pair: Pair, differing: str) -> None:
    key = " AND ".join(f"r.{quote(column)} = l.{quote(column)}" for column in pair.left.key)
    same = " AND ".join(_equal(pair, column) for column in pair.columns()) or "1"
    connection.execute(
        f"INSERT INTO {differing} (l, r) SELECT l.{quote(ROW)}, r.{quote(ROW)} FROM {_table('left', pair.name)} l"
        f" LEFT JOIN {_table('right', pair.name)} r ON {key} WHERE r.{quote(ROW)} IS NULL OR NOT ({same})"
        f" ORDER BY l.{quote(ROW)}"
    )
    connection.execute(
        f"INSERT INTO {differing} (l, r) SELECT NULL, r.{quote(ROW)} FROM {_table('right', pair.name)} r"
        f" WHERE NOT EXISTS (SELECT 1 FROM {_table('left', pair.name)} l WHERE {key}) ORDER BY r.{quote(ROW)}"
    )


def _by_content(connection: sqlite3.Connection, pair: Pair, differing: str) -> None:
    """Rows that no key tells apart: each stands for one with the same content, as often as there are such."""
    content = as_one_text([quote(column) for column in pair.columns()])
    numbered = {
        side: f"(SELECT {quote(ROW)} AS row, {content} AS c, row_number() OVER (PARTITION BY {content}) AS n"
        f" FROM {_table(side, pair.name)})"
        for side in ("left", "right")
    }
    for own, other, target in (("left", "right", "l"), ("right", "left", "r")):
        connection.execute(
            f"INSERT INTO {differing} ({target}) SELECT o.row FROM {numbered[own]} o"
            f" LEFT JOIN {numbered[other]} t ON t.c = o.c AND t.n = o.n WHERE t.row IS NULL ORDER BY o.row"
        )


def _has_key(connection: sqlite3.Connection, pair: Pair) -> bool:
    """Whether a key tells all rows of both sides apart."""
    key = pair.left.key
    # A side without rows speaks of no column; then the key of the other one will do.
    unspoken = pair.left.rows and pair.right.rows and not set(key) <= set(pair.columns())
    if not key or key != pair.right.key or unspoken:
        return False
    null = " OR ".join(f"{quote(column)} IS NULL" for column in key)
    listed = ", ".join(map(quote, key))
    return not any(
        connection.execute(sql).fetchone()
        for side in ("left", "right")
        for sql in (
            f"SELECT 1 FROM {_table(side, pair.name)} WHERE {null} LIMIT 1",
            f"SELECT 1 FROM {_table(side, pair.name)} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1",
        )
    )


def _equal(pair: Pair, column: str) -> str:
    """SQL: the values are the same, or a record does not speak of the column."""
    name = quote(column)
    silent = [
        f"{side}.{quote(SHAPE)} IN ({', '.join(numbers)})"
        for side, table in (("l", pair.left), ("r", pair.right))
        if (numbers := [str(number) for shape, number in table.shapes.items() if column not in shape])
    ]
    return f"({' OR '.join([*silent, f'l.{name} IS r.{name}'])})"


def _shape(table: StagedTable, number: int | None) -> tuple[str, ...]:
    return next((shape for shape, one in table.shapes.items() if one == number), ())


def _id(side: str, columns: Collection[str]) -> str:
    return f"CAST({side}.id AS TEXT)" if has_id(columns) else "NULL"


def _label(side: str, where: str, columns: Collection[str]) -> str:
    return row_name(columns, row=side, tasks_of=(where,))


def _list(side: str, where: str, columns: Collection[str]) -> str:
    return list_name(columns, row=side, where=where)


def _day(side: str, pair: Pair) -> str:
    day = day_of((pair.left if side == "l" else pair.right).spoken_of(), side)
    return f"CAST({day} AS TEXT)" if day else "NULL"


def _table(side: str, name: str) -> str:
    return f"{quote(side)}.{quote(name)}"


def _differing(name: str) -> str:
    return f"main.{quote('differing ' + name)}"
