"""What a SQLite database really has: its tables, columns, keys and references, read from the file itself.

Nothing here knows which of them KiraPilot means: that is ``models``.
"""

from __future__ import annotations

import re
import sqlite3
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
    ``has_rowid`` is false for WITHOUT ROWID tables; ``strict`` true for STRICT ones; ``binary_key`` tells that the
    key's texts are compared byte for byte.
    """

    name: str
    columns: Mapping[str, str]
    not_null: frozenset[str]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    unique: tuple[tuple[str, ...], ...]
    partly_unique: tuple[tuple[str, ...], ...]
    has_rowid: bool
    strict: bool = False
    binary_key: bool = True

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

UTF8 = "UTF-8"
"""The encoding of the app's own databases, as SQLite calls it."""

ENCODINGS = (UTF8, "UTF-16le", "UTF-16be")
"""All that a database's texts can have."""


def readable(text: bytes) -> str:
    """For sqlite3's ``text_factory``: texts that are not UTF-8 occur; shown in a message, they need not be exact."""
    return text.decode("utf-8", "replace")


def folded(name: str) -> str:
    """A name as SQLite compares names: the letters of ASCII alone have no case."""
    return name.lower() if name.isascii() else name.translate(_LOWER)


_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def has_id(columns: Iterable[str]) -> bool:
    """Whether a table with these columns has ids: ``id`` finds them in SQL, however the database spells it."""
    return any(folded(column) == "id" for column in columns)


def quote(name: str) -> str:
    """A SQL identifier, quoted, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def as_one_text(values: Sequence[str]) -> str:
    """SQL: these expressions as one text, which no other values have.

    Put together by halves: each ``||`` is a level, of which SQLite takes a thousand, and a backup holds 500 columns.
    """
    if len(values) > 1:
        half = len(values) // 2
        return f"({as_one_text(values[:half])} || ',' || {as_one_text(values[half:])})"
    # quote() stops at a NUL in a text; hex() does not.
    texts = [f"CASE typeof({one}) WHEN 'text' THEN 't' || hex({one}) ELSE quote({one}) END" for one in values]
    return texts[0] if texts else "''"


def read_schema(connection: sqlite3.Connection, database: str = "main") -> Schema:
    """All ordinary tables of an attached database by name; sqlite_*, views and virtual tables are left out.

    Raises sqlite3.DatabaseError when the file cannot be read.
    """
    # What SQLite makes of its statements hangs on their texts alone, and a job meets the same ones six times: in the
    # database, its snapshots, its safety copy. Asking costs five statements for each table.
    statements = _statements(connection, database)
    if statements is None:
        return _read_tables(connection, database)
    read_as = (connection.text_factory, statements)
    for known, schema in _recently_read:
        if known == read_as:
            return dict(schema)
    found = _read_tables(connection, database)
    if sum(len(text or b"") for row in statements for text in row) <= _MOST_KEPT:
        _recently_read.append((read_as, found))
    return dict(found)


def _read_tables(connection: sqlite3.Connection, database: str) -> dict[str, TableSchema]:
    return {
        name: _read_table(connection, database, name, not without_rowid, strict)
        for name, without_rowid, strict in _listing(connection, database)
    }


_Statements = tuple[tuple[bytes | None, ...], ...]

_recently_read: deque[tuple[tuple[object, _Statements], dict[str, TableSchema]]] = deque(maxlen=4)
"""How texts were read, and the statements -> the schema; the few last ones."""

_MOST_KEPT = 1 << 20
"""Bytes of a schema that is kept: a hostile one may have any size."""


def _statements(connection: sqlite3.Connection, database: str) -> _Statements | None:
    """The statements that made a database, as bytes: they need not be text. None of a wreck: where SQLite is told to
    pass over what it cannot take, it knows less than the statements say, and what that is, it has to be asked."""
    if connection.execute("PRAGMA writable_schema").fetchone() != (0,):
        return None
    columns = ", ".join(f"CAST({column} AS BLOB)" for column in ("type", "name", "tbl_name", "sql"))
    return tuple(connection.execute(f"SELECT {columns} FROM {database}.sqlite_master"))


def table_names(connection: sqlite3.Connection) -> list[str]:
    """The names of what ``read_schema`` reads, at a small part of its time. Raises as it does."""
    return [name for name, _, _ in _listing(connection, "main")]


def _listing(connection: sqlite3.Connection, database: str) -> list[tuple[str, bool, bool]]:
    """Name of each ordinary table, whether it is WITHOUT ROWID, and whether it is STRICT."""
    # Statements, not functions such as pragma_table_list(): a table may have taken that name.
    # A virtual table's shadow tables are its own business: restoring them by hand would corrupt it.
    return sorted(
        (name, bool(without_rowid), bool(strict))
        for schema, name, kind, _, without_rowid, strict in connection.execute(f"PRAGMA {database}.table_list")
        if schema == database and kind == "table" and not name.lower().startswith("sqlite_")
    )


def _read_table(
    connection: sqlite3.Connection, database: str, table: str, has_rowid: bool, strict: bool
) -> TableSchema:
    # hidden: 0 stored, 1 of a virtual table, 2 and 3 generated, which SQLite computes itself.
    info = [column for column in _columns(connection, database, table) if column[6] == 0]
    indexes = connection.execute(f"PRAGMA {database}.index_list({quote(table)})").fetchall()
    return TableSchema(
        name=table,
        columns={name: declared for _, name, declared, *_ in info},
        not_null=frozenset(name for _, name, _, not_null, *_ in info if not_null),
        key=_key(info),
        foreign_keys=_read_foreign_keys(connection, database, table),
        unique=_read_unique(connection, database, indexes, partial=False),
        partly_unique=_read_unique(connection, database, indexes, partial=True),
        has_rowid=has_rowid,
        strict=strict,
        binary_key=_has_binary_key(connection, database, indexes),
    )


Index = tuple[int, str, int, str, int]
"""As PRAGMA index_list tells it: number, name, unique, origin ("c", "u" or "pk"), partial."""


def _columns(connection: sqlite3.Connection, database: str, table: str) -> list[tuple[Any, ...]]:
    """(cid, name, type, notnull, default, place in the key, hidden) of each column."""
    return connection.execute(f"PRAGMA {database}.table_xinfo({quote(table)})").fetchall()


def _key(info: list[tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(name for _, name in sorted((column[5], column[1]) for column in info if column[5]))


def _has_binary_key(connection: sqlite3.Connection, database: str, indexes: Iterable[Index]) -> bool:
    collations = [
        collation
        for _, name, _, origin, _ in indexes
        if origin == "pk"
        for _, _, _, _, collation, in_key in connection.execute(f"PRAGMA {database}.index_xinfo({quote(name)})")
        if in_key
    ]
    return all(folded(collation) == "binary" for collation in collations)


def ask_for_orders(connection: sqlite3.Connection, schema: Schema) -> None:
    """Look at each key whose texts have an order of their own: rows of such a table can be told apart by it alone.

    Raises sqlite3.OperationalError where it is of an order that only the app knows.
    """
    for name, table in schema.items():
        if not table.binary_key:
            key = ", ".join(map(quote, table.key))
            connection.execute(f"SELECT 1 FROM main.{quote(name)} ORDER BY {key} LIMIT 0")


def _foreign_key_list(connection: sqlite3.Connection, database: str, table: str) -> dict[int, list[tuple[Any, ...]]]:
    """Number of each reference -> (id, seq, table, from, to, on update, on delete, match) for each of its columns."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(f"PRAGMA {database}.foreign_key_list({quote(table)})"):
        found.setdefault(row[0], []).append(row)
    return found


def _read_foreign_keys(connection: sqlite3.Connection, database: str, table: str) -> tuple[ForeignKey, ...]:
    # References of several columns at once do not occur in the app; foreign_key_check covers any other.
    # One that names no column of its parent means the parent's key.
    listed = _foreign_key_list(connection, database, table)
    single = [columns[0] for _, columns in sorted(listed.items()) if len(columns) == 1]
    return tuple(
        ForeignKey(column, parent, to or _first(_key(_columns(connection, database, parent))), on_delete)
        for _, _, parent, column, to, _, on_delete, _ in single
    )


def _first(key: tuple[str, ...]) -> str:
    return key[0] if key else ""


def _read_unique(
    connection: sqlite3.Connection, database: str, indexes: Iterable[Index], partial: bool
) -> tuple[tuple[str, ...], ...]:
    wanted = sorted(
        name for _, name, unique, origin, some in indexes if unique and origin != "pk" and bool(some) == partial
    )
    columns = [
        [name for _, _, name in connection.execute(f"PRAGMA {database}.index_info({quote(index)})")] for index in wanted
    ]
    # An index over an expression has a NULL for its name.
    return tuple(tuple(names) for names in columns if all(names))


def virtual_tables(connection: sqlite3.Connection) -> dict[str, tuple[str, bool]]:
    """Virtual tables of the main database -> the module that makes each, and whether they hold rows of their own.

    Those of full text keep them in a table called ``<name>_content``; where there is none, they are an index of
    other rows. Of another module nobody knows: it does if it has any table at its service.
    """
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    shadows = {name for schema, name, kind, *_ in listed if schema == "main" and kind == "shadow"}
    found: dict[str, tuple[str, bool]] = {}
    for name, made in connection.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'table'").fetchall():
        if (module := _USING.search(made or "")) is None:
            continue
        own = [table for table in shadows if table.startswith(f"{name}_")]
        is_text = module[1].lower().startswith("fts")
        holds = any(
            (not is_text or table == f"{name}_content")
            and connection.execute(f"SELECT 1 FROM main.{quote(table)} LIMIT 1").fetchone()
            for table in own
        )
        found[name] = (module[1], bool(holds))
    return found


_USING = re.compile(r"\s*CREATE\s+VIRTUAL\s+TABLE\b.*?\bUSING\s+\"?(\w+)", re.IGNORECASE | re.DOTALL)


def broken_references(
    connection: sqlite3.Connection, schema: Schema, by_scan: bool = False, only: Collection[str] | None = None
) -> dict[str, int]:
    """References of the main database that lead nowhere, counted per table; declared ones only.

    :param by_scan: read the rows themselves, where an index might say something else than its table.
    :param only: the tables whose references are wanted, else those of all.
    """
    looked_at = [name for name in schema if only is None or name in only]
    counts = {name: _broken_references(connection, schema[name], schema, by_scan) for name in looked_at}
    return {name: count for name, count in counts.items() if count}


def _broken_references(connection: sqlite3.Connection, table: TableSchema, schema: Schema, by_scan: bool) -> int:
    declared = len(_foreign_key_list(connection, "main", table.name))
    if declared == len(table.foreign_keys) and all(_is_plain(key, table, schema) for key in table.foreign_keys):
        # Reads indexes alone where there are any, and may: a third of the time of foreign_key_check.
        rows = f"main.{quote(table.name)} c{' NOT INDEXED' if by_scan else ''}"
        return sum(
            _count(
                connection,
                f"SELECT count(*) FROM {rows} WHERE {quote(key.column)} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM main.{quote(key.parent)} p"
                f" WHERE p.{quote(key.parent_column)} = c.{quote(key.column)})",
            )
            for key in table.foreign_keys
        )
    try:
        return sum(1 for _ in connection.execute(f"PRAGMA main.foreign_key_check({quote(table.name)})"))
    except sqlite3.OperationalError as error:
        # A reference to a column that is not unique: SQLite itself cannot follow it.
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        return 0


def plain_references(table: TableSchema, schema: Schema) -> tuple[ForeignKey, ...]:
    """References that whoever has the rows alone can follow: to a key of one column, of one type, byte for byte."""
    return tuple(key for key in table.foreign_keys if _is_plain(key, table, schema) and schema[key.parent].binary_key)


def _is_plain(key: ForeignKey, child: TableSchema, schema: Schema) -> bool:
    """Whether ``=`` says what SQLite's own check would: a key of one column, both of one type."""
    parent = schema.get(key.parent)
    return (
        parent is not None
        and parent.key == (key.parent_column,)
        and parent.columns[key.parent_column] == child.columns.get(key.column)
    )


def _count(connection: sqlite3.Connection, sql: str) -> int:
    count: int = connection.execute(sql).fetchone()[0]
    return count
