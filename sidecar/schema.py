"""What a SQLite database really has: its tables, columns, keys and references, read from the file itself.

Nothing here knows which of them KiraPilot means: that is ``models``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ForeignKey:
    """``column`` refers to ``parent``.``parent_column``; ``on_delete`` as SQLite spells it."""

    column: str
    parent: str
    parent_column: str
    on_delete: str


@dataclass(frozen=True)
class TableSchema:
    """One table: ``columns`` maps each stored column to its declared type, in order.

    ``key`` is the primary key's columns (empty without one); ``unique`` the columns of each
    further unique index that covers all rows, ``partly_unique`` of each that covers some;
    ``has_rowid`` is false for WITHOUT ROWID tables.
    """

    name: str
    columns: Mapping[str, str]
    not_null: frozenset[str]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    unique: tuple[tuple[str, ...], ...]
    partly_unique: tuple[tuple[str, ...], ...]
    has_rowid: bool

    @property
    def rowid(self) -> str | None:
        """A name for the rowid that no column has taken; None for WITHOUT ROWID tables."""
        taken = {column.lower() for column in self.columns}
        return next((name for name in ("_rowid_", "oid", "rowid") if self.has_rowid and name not in taken), None)

    @property
    def locator(self) -> tuple[str, ...]:
        """Columns that tell one stored row from another: the rowid, else the key."""
        return (self.rowid,) if self.rowid else self.key


Schema = Mapping[str, TableSchema]


def readable(text: bytes) -> str:
    """For sqlite3's ``text_factory``: texts that are not UTF-8 occur; shown in a message, they need not be exact."""
    return text.decode("utf-8", "replace")


def quote(name: str) -> str:
    """A SQL identifier, quoted, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def read_schema(connection: sqlite3.Connection, database: str = "main") -> Schema:
    """All ordinary tables of an attached database by name; sqlite_*, views and virtual tables are left out.

    Raises sqlite3.DatabaseError when the file cannot be read.
    """
    # A virtual table's shadow tables are its own business: restoring them by hand would corrupt it.
    listing = connection.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = ? AND type = 'table' AND name NOT LIKE 'sqlite\\_%'"
        " ESCAPE '\\' ORDER BY name",
        (database,),
    ).fetchall()
    return {name: _read_table(connection, database, name, not without_rowid) for name, without_rowid in listing}


def _read_table(connection: sqlite3.Connection, database: str, table: str, has_rowid: bool) -> TableSchema:
    # hidden: 0 stored, 1 of a virtual table, 2 and 3 generated, which SQLite computes itself.
    info = connection.execute(
        'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?, ?) WHERE hidden = 0 ORDER BY cid',
        (table, database),
    ).fetchall()
    return TableSchema(
        name=table,
        columns={name: declared for name, declared, _, _ in info},
        not_null=frozenset(name for name, _, not_null, _ in info if not_null),
        key=tuple(name for _, name in sorted((position, name) for name, _, _, position in info if position)),
        foreign_keys=_read_foreign_keys(connection, database, table),
        unique=_read_unique_indexes(connection, database, table, partial=False),
        partly_unique=_read_unique_indexes(connection, database, table, partial=True),
        has_rowid=has_rowid,
    )


def _read_foreign_keys(connection: sqlite3.Connection, database: str, table: str) -> tuple[ForeignKey, ...]:
    # References of several columns at once do not occur in the app; foreign_key_check covers any other.
    # One that names no column of its parent means the parent's key.
    rows = connection.execute(
        'SELECT "from", "table", coalesce("to", (SELECT name FROM pragma_table_xinfo(f."table", :database)'
        " WHERE pk = 1), ''), on_delete FROM pragma_foreign_key_list(:table, :database) f"
        " GROUP BY id HAVING count(*) = 1 ORDER BY id",
        {"table": table, "database": database},
    )
    return tuple(ForeignKey(*row) for row in rows)


def _read_unique_indexes(
    connection: sqlite3.Connection, database: str, table: str, partial: bool
) -> tuple[tuple[str, ...], ...]:
    names = connection.execute(
        "SELECT name FROM pragma_index_list(?, ?) WHERE \"unique\" AND origin != 'pk' AND partial = ? ORDER BY name",
        (table, database, partial),
    ).fetchall()
    columns = [
        connection.execute("SELECT name FROM pragma_index_info(?, ?) ORDER BY seqno", (name, database)).fetchall()
        for (name,) in names
    ]
    # An index over an expression has a NULL for its name.
    return tuple(tuple(name for (name,) in names) for names in columns if all(name for (name,) in names))


def broken_references(connection: sqlite3.Connection, schema: Schema) -> dict[str, int]:
    """References of the main database that lead nowhere, counted per table; declared ones only."""
    counts = {name: _broken_references(connection, table, schema) for name, table in schema.items()}
    return {name: count for name, count in counts.items() if count}


def _broken_references(connection: sqlite3.Connection, table: TableSchema, schema: Schema) -> int:
    declared = _count(connection, "SELECT count(DISTINCT id) FROM pragma_foreign_key_list(?, 'main')", table.name)
    if declared == len(table.foreign_keys) and all(_is_plain(key, table, schema) for key in table.foreign_keys):
        # Reads indexes alone where there are any: a third of the time of foreign_key_check.
        return sum(
            _count(
                connection,
                f"SELECT count(*) FROM main.{quote(table.name)} c WHERE {quote(key.column)} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM main.{quote(key.parent)} p"
                f" WHERE p.{quote(key.parent_column)} = c.{quote(key.column)})",
            )
            for key in table.foreign_keys
        )
    try:
        return _count(connection, "SELECT count(*) FROM pragma_foreign_key_check(?, 'main')", table.name)
    except sqlite3.OperationalError as error:
        # A reference to a column that is not unique: SQLite itself cannot follow it.
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        return 0


def _is_plain(key: ForeignKey, child: TableSchema, schema: Schema) -> bool:
    """Whether ``=`` says what SQLite's own check would: a key of one column, both of one type."""
    parent = schema.get(key.parent)
    return (
        parent is not None
        and parent.key == (key.parent_column,)
        and parent.columns[key.parent_column] == child.columns.get(key.column)
    )


def _count(connection: sqlite3.Connection, sql: str, *arguments: str) -> int:
    count: int = connection.execute(sql, arguments).fetchone()[0]
    return count
