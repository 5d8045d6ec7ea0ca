"""What a backup cannot hold, in words by which a person finds it: which row, by its id, and which value."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sidecar.archive import limits
from sidecar.database.introspection import TableSchema, has_id, quote
from sidecar.errors.databases import BeyondFormat
from sidecar.stage.records import named

_LONGEST = 200
"""Most bytes of an id in a sentence: it may be what is too large."""


def too_large(
    snapshot: sqlite3.Connection, table: TableSchema, row: int, size: int, column: str | None = None
) -> BeyondFormat:
    """The error for a row of a table, the ``row``-th from 0 in the order of an export, that takes ``size`` bytes there.

    :param column: the one whose value alone takes that, else the row as a whole does.
    Raises sqlite3.Error.
    """
    row_id, largest, length = _found(snapshot, table, row)
    where = f"{named(table.name)} {row_id or f'{row + 1:,}'}"
    most = f"{limits.MAX_RECORD_BYTES:,} at most"
    if column is not None:
        return BeyondFormat(detail=f"{where} has {length:,} bytes in {column}, which take {size:,} in a backup, {most}")
    return BeyondFormat(detail=f"{where} takes {size:,} bytes, {length:,} of them in {largest}; {most}")


def _found(snapshot: sqlite3.Connection, table: TableSchema, row: int) -> tuple[str | None, str, int]:
    """The row's id, its largest column, and how many bytes that has."""
    order = table.rowid or ", ".join(map(quote, table.key))
    row_id = "CAST(CAST(r.id AS TEXT) AS BLOB)" if has_id(table.columns) else "NULL"
    lengths = ", ".join(f"length(CAST(r.{quote(column)} AS BLOB))" for column in table.columns)
    sql = f"SELECT {row_id}, {lengths} FROM {quote(table.name)} r" + (f" ORDER BY {order}" if order else "")
    with closing(snapshot.execute(f"{sql} LIMIT 1 OFFSET ?", (row,))) as found:
        own, *held = found.fetchone()
    length, largest = max((length or 0, column) for length, column in zip(held, table.columns, strict=True))
    return own and own[:_LONGEST].decode("utf-8", "replace"), largest, length
