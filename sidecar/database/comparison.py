"""Compares two databases value by value, and calls equal only what SQLite stores identically.

Opens both read-only; knows nothing of what the tables mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from sidecar.database.introspection import TableSchema, quote, read_schema
from sidecar.progress import Progress
from sidecar.system.names import sqlite_uri


class TableComparison(msgspec.Struct, frozen=True):
    """Rows of one table in the first database and in the second, and how many have no equal on the other side."""

    rows: int
    restored: int
    different: int


def compare(first: Path, second: Path, ignored: Iterable[str], progress: Progress) -> dict[str, TableComparison]:
    """Compare all tables of both databases but those ``ignored``, by name.

    :raises sqlite3.Error: when one of the files cannot be read.
    :raises Cancelled: when ``progress`` says so.
    """
    with closing(sqlite3.connect(":memory:", uri=True)) as connection, progress.watching(connection):
        for name, path in (("first", first), ("second", second)):
            connection.execute(f"ATTACH ? AS {name}", (sqlite_uri(path, "ro"),))
        left, right = read_schema(connection, "first"), read_schema(connection, "second")
        names = sorted((left.keys() | right.keys()) - set(ignored))
        progress.phase("compare", len(names), "tables", "Comparing every row")
        found = {}
        for name in names:
            found[name] = _compare_table(connection, name, left.get(name), right.get(name))
            progress.advance(1)
        return found


def _compare_table(
    connection: sqlite3.Connection, name: str, left: TableSchema | None, right: TableSchema | None
) -> TableComparison:
    rows = _count(connection, f"first.{quote(name)}") if left else 0
    restored = _count(connection, f"second.{quote(name)}") if right else 0
    if left is None or right is None or left.columns.keys() != right.columns.keys():
        return TableComparison(rows, restored, rows + restored)
    values = _exact_values(left.columns)
    ours, theirs = (f"SELECT {values} FROM {side}.{quote(name)}" for side in ("first", "second"))
    different = sum(_count(connection, f"({one} EXCEPT {other})") for one, other in ((ours, theirs), (theirs, ours)))
    # EXCEPT knows no duplicates: a row restored twice shows in the counts alone.
    return TableComparison(rows, restored, max(different, abs(rows - restored)))


def _exact_values(columns: Iterable[str]) -> str:
    """Each value with its storage class; text is compared as bytes, whatever collation the column has.

    1 and 1.0 differ in class only. Not cast to blobs: a number would keep 15 of its digits.
    """
    return ", ".join(f"typeof({column}), {column} COLLATE BINARY" for column in map(quote, columns))


def _count(connection: sqlite3.Connection, source: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(count)
