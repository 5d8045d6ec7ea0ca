"""Bulk load: rows first, and the indexes of their keys when all are there. For throw-away databases only.

SQLite makes the index of a PRIMARY KEY or UNIQUE constraint with its table, and keeps it up row by row. The app's
keys are random: once their index has outgrown the page cache, each row costs a page read and a page written. In a
table without constraints CREATE UNIQUE INDEX makes the same indexes, and sorts first. On disk the two differ in the
catalogue alone, where a constraint's index has a name of its own kind and no statement
(https://www.sqlite.org/fileformat2.html#storage_of_the_sql_database_schema).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sidecar.database.introspection import TableSchema, quote

_BEYOND = re.compile(r"CHECK|CONFLICT|STRICT|COLLATE", re.IGNORECASE)
"""What a table may ask of its rows besides keys and NOT NULL, and an order of its own, by which conditions of its
indexes go as well: such a table is filled as it is."""

_LITERAL = re.compile(r"[-+]?[0-9.]+|'(?:[^']|'')*'|NULL|TRUE|FALSE|CURRENT_(?:DATE|TIME|TIMESTAMP)", re.IGNORECASE)
"""A default that means the same wherever it is said."""


@dataclass(frozen=True)
class Form:
    """How to make a table: by ``create``, then, when it holds its rows, by the ``keys``: a statement for each index.

    ``made`` is the statement of the catalogue, to which ``declare_keys`` brings it in the end.
    """

    name: str
    made: str
    create: str
    keys: Mapping[str, str]


def form_of(connection: sqlite3.Connection, table: TableSchema, made: str, silent: Collection[str]) -> Form:
    """How to load a table like one of the main database; without any ``keys`` if those must be there from the start.

    :param made: the statement that made the table.
    :param silent: columns that some of the rows to come do not speak of.
    """
    as_it_is = Form(table.name, made, made, {})
    indexes = connection.execute(f"PRAGMA main.index_list({quote(table.name)})").fetchall()
    origins = {name: origin for _, name, _, origin, _ in reversed(indexes) if origin in ("pk", "u")}
    # A key without an index is the rowid itself.
    if not origins or _BEYOND.search(made) or bool(table.key) != ("pk" in origins.values()):
        return as_it_is
    told = connection.execute(f"PRAGMA main.table_xinfo({quote(table.name)})").fetchall()
    defaults = {name: default for _, name, _, _, default, _, _ in told if default is not None and name in silent}
    if not all(map(_LITERAL.fullmatch, defaults.values())):
        return as_it_is
    columns = ", ".join(_column(table, column, defaults.get(column)) for column in table.columns)
    keys = {index: _unique_index(connection, table.name, index) for index in origins}
    return Form(table.name, made, f"CREATE TABLE main.{quote(table.name)} ({columns})", keys)


def may_declare_keys(connection: sqlite3.Connection) -> bool:
    """Whether SQLite lets the catalogue be written, which a vendor's may be told to refuse."""
    connection.execute("PRAGMA writable_schema = ON")
    try:
        with suppress(sqlite3.OperationalError):
            connection.execute("UPDATE main.sqlite_master SET sql = sql WHERE 0")
            return True
        return False
    finally:
        connection.execute("PRAGMA writable_schema = OFF")


def declare_keys(connection: sqlite3.Connection, forms: Iterable[Form]) -> None:
    """Let the catalogue speak of constraints, for whoever opens the database next; nothing may be made after this."""
    connection.execute("PRAGMA writable_schema = ON")
    for form in (form for form in forms if form.keys):
        connection.execute(
            "UPDATE main.sqlite_master SET sql = ? WHERE type = 'table' AND name = ? COLLATE NOCASE",
            (form.made, form.name),
        )
        connection.executemany(
            "UPDATE main.sqlite_master SET sql = NULL, name = ? WHERE type = 'index' AND name = ?",
            [(index, _temporary(index)) for index in form.keys],
        )
    connection.execute("PRAGMA writable_schema = OFF")


def _column(table: TableSchema, column: str, default: str | None) -> str:
    # A type is a name to SQLite, whatever it is made of.
    declared = quote(table.columns[column]) if table.columns[column] else ""
    not_null = "NOT NULL" if column in table.not_null else ""
    return f"{quote(column)} {declared} {not_null} {f'DEFAULT {default}' if default is not None else ''}"


def _unique_index(connection: sqlite3.Connection, table: str, index: str) -> str:
    columns = ", ".join(
        f"{quote(column)} COLLATE {quote(collation)} {'DESC' if descending else 'ASC'}"
        for _, _, column, descending, collation, in_key in connection.execute(
            f"PRAGMA main.index_xinfo({quote(index)})"
        )
        if in_key
    )
    return f"CREATE UNIQUE INDEX main.{quote(_temporary(index))} ON {quote(table)} ({columns})"


def _temporary(index: str) -> str:
    """Names that begin with sqlite_ cannot be given."""
    return f"of {index}"
