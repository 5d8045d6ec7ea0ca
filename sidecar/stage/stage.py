"""The stage: a throw-away SQLite file that holds what an archive says, table by table.

Every check is a query over it, every import moves rows out of it with SQL: so validation,
preview and import cannot disagree, and memory stays flat. It is filled and checked on its
own connection; ``importing`` attaches it beside the live database.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path

import msgspec
import peewee

from sidecar.archive import limits
from sidecar.archive.forms import ExactCell, Scalar, stored_value
from sidecar.archive.manifest import TableManifest
from sidecar.database.introspection import quote, readable
from sidecar.database.models import KNOWN, UNIQUE, Reference
from sidecar.database.spelling import known_columns, known_table
from sidecar.errors.backups import DamagedBackup, LimitExceeded
from sidecar.stage.records import Rows
from sidecar.system.workfolder import THROW_AWAY, new_file

_MARK = secrets.token_hex(8)
"""In every name of the stage's own: a database, and a hostile archive too, may use any other."""


def own(name: str) -> str:
    """A name for a table, column or index of the stage's own, unlike any of an archive."""
    return f"{name} {_MARK}"


ROW, SHAPE = own("row"), own("shape")
"""Columns of every staged table: the index of the record, and which columns it speaks of."""


@dataclass
class StagedTable:
    """One staged table.

    ``carried`` tells whether the archive speaks of the table at all; ``shapes`` the columns each
    kind of record speaks of, by the number in its SHAPE column; ``folded`` the columns' names as SQLite compares them.

    What its rows are held to is what the source's own schema asked, where the archive says so, else what
    KiraPilot's does (``held_to_source`` tells which): ``key``, ``not_null``, ``unique``, ``references``
    (column -> table and column). ``dangling`` counts rows with a declared reference that led nowhere in the source.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    carried: bool = False
    rows: int = 0
    stores_all: bool = True
    held_to_source: bool = False
    dangling: int = 0
    not_null: frozenset[str] = frozenset()
    unique: tuple[tuple[str, ...], ...] = ()
    references: dict[str, tuple[str, str]] = field(default_factory=dict)
    shapes: dict[tuple[str, ...], int] = field(default_factory=dict)
    folded: set[bytes] = field(default_factory=set)

    def spoken_of(self) -> set[str]:
        """Columns that some record speaks of."""
        return {column for shape in self.shapes for column in shape}

    def respell(self, spelled: Mapping[str, str]) -> None:
        """Call columns by other spellings of their names: what SQLite holds to be the same name."""
        self.columns = {spelled[column]: declared for column, declared in self.columns.items()}
        self.key = tuple(spelled[column] for column in self.key)
        self.shapes = {tuple(spelled[column] for column in columns): number for columns, number in self.shapes.items()}


class Stage:
    """A stage in ``folder``. Every table the code knows is there from the start, empty.

    :param encoding: the text encoding of the database it will be attached to: SQLite attaches no other.
    """

    def __init__(self, folder: Path, encoding: str = "UTF-8") -> None:
        self.path = new_file(folder, "stage.db")
        self.encoding = encoding
        self.changed_texts: Counter[tuple[str, str]] = Counter()
        """(table, column) -> texts that were none in the source, and cannot be stored here as they were there."""
        self._database = peewee.SqliteDatabase(
            str(self.path),
            pragmas={"encoding": f'"{encoding}"', "foreign_keys": "off", **THROW_AWAY},
        )
        self.connection: sqlite3.Connection = self._database.connection()  # type: ignore[no-untyped-call]
        # SQLite's own temporary files go where the stage lies: /tmp may be memory. Deprecated by SQLite for being
        # process-wide, which is what is wanted here; all jobs of a process have one work folder.
        with suppress(UnicodeEncodeError):  # a path that is no text cannot be said in SQL
            self.connection.execute(
                f"PRAGMA temp_store_directory = '{str(folder.parent).replace(chr(39), 2 * chr(39))}'"
            )
        self.connection.text_factory = readable
        self.connection.execute("BEGIN")
        self.tables: dict[str, StagedTable] = {}
        self._folded: set[bytes] = set()
        for name, columns in KNOWN.items():
            key = tuple(column for column, field in columns.items() if field.primary_key)
            table = self.add_table(name, {column: field.field_type for column, field in columns.items()}, key)
            table.not_null = frozenset(column for column, field in columns.items() if not field.null)
            table.unique = UNIQUE.get(name, ())
            table.references = {
                column: (field.rel_model._meta.table_name, "id")
                for column, field in columns.items()
                if isinstance(field, Reference)
            }

    def close(self) -> None:
        """Make the stage ready to be attached by another connection; may be called again."""
        if not self._database.is_closed():
            try:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")
            finally:
                self._database.close()

    def add_table(self, name: str, columns: Mapping[str, str], key: Sequence[str]) -> StagedTable:
        """The table, made or given the columns it lacks.

        Raises DamagedBackup for names that SQLite refuses or cannot tell apart, LimitExceeded.
        """
        table = self.tables.get(name)
        if table is None:
            _require_new(name, self._folded, "tables", limits.MAX_STAGED_TABLES)
            if not set(key) <= columns.keys() or len(set(key)) < len(key):
                raise DamagedBackup(detail=f"the key of {name} is none of its columns")
            table = StagedTable(name, {}, tuple(key))
        missing = {column: declared for column, declared in columns.items() if column not in table.columns}
        if missing and table.rows:
            for column, declared in missing.items():
                self._add_column(table, column, declared)
        elif missing or name not in self.tables:
            # Made anew: for each column added to a table, SQLite would read the whole schema again.
            for column, declared in missing.items():
                _require_column(table, column, declared)
                table.columns[column] = declared
            self._create(table)
        return table

    def declare(self, name: str, described: TableManifest) -> StagedTable:
        """A table that the archive speaks of, held from now on to what its manifest says of the source.

        Raises DamagedBackup for a manifest that contradicts itself, LimitExceeded.
        """
        table = known_table(name)
        spelled = known_columns(table, described.columns)
        unique = [*(described.unique or []), described.key]
        said = {*chain.from_iterable(unique), *(described.not_null or ()), *(described.references or ())}
        if not said <= spelled.keys() or max(map(len, unique)) > len(spelled):
            raise DamagedBackup(detail=f"the manifest's word on {name} is of columns that it does not have")
        if len(set(spelled.values())) < len(spelled):
            raise DamagedBackup(detail=f"it has two columns in {name} that differ in case alone")
        key = tuple(spelled[column] for column in described.key)
        staged = self.add_table(table, {spelled[column]: typed for column, typed in described.columns.items()}, key)
        if staged.carried:
            raise DamagedBackup(detail=f"it has two tables that differ in case alone ({name})")
        staged.carried, staged.held_to_source = True, True
        staged.key, staged.dangling = key, described.dangling
        staged.not_null = frozenset(spelled[column] for column in described.not_null or ())
        staged.unique = tuple(tuple(spelled[column] for column in columns) for columns in described.unique or ())
        staged.references = {
            spelled[column]: (known_table(parent), known_columns(known_table(parent), [to])[to])
            for column, (parent, to) in (described.references or {}).items()
        }
        return staged

    def fill(self, name: str, rows: Rows, stored: Rows | None = None) -> None:
        """Store rows of a table, or those of them that are to be ``stored``; all of them count.

        Raises LimitExceeded, DamagedBackup.
        """
        table = self.tables[name]
        for column in rows.columns:
            if column not in table.columns:
                self._add_column(table, column, "")
        shape = table.shapes.setdefault(rows.columns, len(table.shapes))
        if shape >= limits.MAX_SHAPES:
            raise LimitExceeded(
                detail=f"the records of {name} have more than {limits.MAX_SHAPES} different sets of keys"
            )
        columns = ", ".join(map(quote, (ROW, SHAPE, *rows.columns)))
        marks = ", ".join("?" * (len(rows.columns) + 2))
        stored = stored or rows
        self.connection.executemany(
            f"INSERT INTO {quote(name)} ({columns}) VALUES ({marks})",
            zip(stored.indexes, repeat(shape), *stored.values, strict=False),
        )
        table.rows += len(rows.indexes)
        table.stores_all = table.stores_all and stored is rows

    def set_exact(self, cells: Iterable[ExactCell], source: str = "UTF-8") -> Iterator[str]:
        """Put the values that records could not say into their rows; answers what was wrong with each that failed.

        :param source: the encoding of the database that they are of.
        """
        for cell in map(as_known_cell, cells):
            table = self.tables.get(cell.table)
            if table is None or cell.column not in table.columns:
                yield f'"{cell.table}" has no "{cell.column}"'
                continue
            try:
                value = stored_value(cell)
            except ValueError as error:
                yield f"{cell.table}.{cell.column}: {error}"
                continue
            if value is None and cell.column in table.not_null:
                yield f"{cell.table}.{cell.column} cannot be null"
                continue
            is_no_text = False
            if cell.storage == "text" and isinstance(value, bytes):
                is_no_text, value = True, self._as_stored(value, source, cell)
            where = f"WHERE {quote(ROW)} = ?"
            changed = self.connection.execute(
                f"UPDATE {quote(cell.table)} SET {quote(cell.column)} = ? {where}", (value, cell.row)
            ).rowcount
            if is_no_text:
                # Once it is stored: bytes that come from outside are UTF-8 to a cast, whatever the database's encoding.
                self.connection.execute(
                    f"UPDATE {quote(cell.table)} SET {quote(cell.column)} = CAST({quote(cell.column)} AS TEXT) {where}",
                    (cell.row,),
                )
            if changed != 1 and (table.stores_all or not 0 <= cell.row < table.rows):
                yield f"{cell.table} has no record {cell.row}"

    def _as_stored(self, text: bytes, source: str, cell: ExactCell) -> bytes:
        """The bytes of a text that is none, as they lie in a database of this encoding; noted if they mean another."""
        if (source == "UTF-8") != (self.encoding == "UTF-8"):
            self.changed_texts[cell.table, cell.column] += 1
        if self.encoding == "UTF-8":
            return text
        try:
            decoded = text.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            decoded = text.decode("utf-8", "replace")
        return decoded.encode(self.encoding, "surrogatepass")

    def carried(self) -> Iterator[StagedTable]:
        """The tables that the archive speaks of, and has rows for."""
        return (table for table in list(self.tables.values()) if table.carried and table.rows)

    def columns_of(self, name: str) -> Collection[str]:
        """The columns of a table; none of one that is not staged."""
        return self.tables[name].columns if name in self.tables else ()

    def index(self, name: str, columns: Sequence[str]) -> None:
        """An index for the checks and the import; made after the rows are in."""
        label = quote(own(f"{name}: {', '.join(columns)}"))
        listed = ", ".join(map(quote, columns))
        self.connection.execute(f"CREATE INDEX IF NOT EXISTS {label} ON {quote(name)} ({listed})")

    def query(self, sql: str, *arguments: Scalar) -> sqlite3.Cursor:
        return self.connection.execute(sql, arguments)

    def number(self, sql: str, *arguments: Scalar) -> int:
        """The one number a query answers."""
        value: int = self.connection.execute(sql, arguments).fetchone()[0]
        return value

    def differing_row(self, first: str, second: str) -> int | None:
        """Index of the first record in which two staged tables differ, None if they hold the same."""
        one, other = self.add_table(first, {}, ()), self.add_table(second, {}, ())
        columns = {**one.columns, **other.columns}
        for table in (one, other):
            self.add_table(table.name, columns, ())
        same = " AND ".join(f"a.{quote(column)} IS b.{quote(column)}" for column in (ROW, *columns))
        differing = (
            f"SELECT min(a.{quote(ROW)}) FROM {quote(left)} a"
            f" WHERE NOT EXISTS (SELECT 1 FROM {quote(right)} b WHERE {same})"
            for left, right in ((first, second), (second, first))
        )
        found = [row for sql in differing for (row,) in self.query(sql) if row is not None]
        return min(found, default=None)

    def _create(self, table: StagedTable) -> StagedTable:
        # Without a type a column takes each value as it is: text that looks like a number stays text.
        columns = "".join(f", {quote(column)}" for column in table.columns)
        if table.name in self.tables:
            self.connection.execute(f"DROP TABLE {quote(table.name)}")
        self.connection.execute(
            f"CREATE TABLE {quote(table.name)} ({quote(ROW)} INTEGER PRIMARY KEY, {quote(SHAPE)} INTEGER{columns})"
        )
        self.tables[table.name] = table
        return table

    def _add_column(self, table: StagedTable, column: str, declared: str) -> None:
        if column in table.columns:
            return
        _require_column(table, column, declared)
        self.connection.execute(f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column)}")
        table.columns[column] = declared


def _require_column(table: StagedTable, column: str, declared: str) -> None:
    _require_new(column, table.folded, f"columns in {table.name}", limits.MAX_COLUMNS)
    if "\0" in declared:
        raise DamagedBackup(detail=f"{table.name}.{column} has a type that cannot be")
    if len(declared) > limits.MAX_NAME:
        raise LimitExceeded(detail=f"{table.name}.{column} has a type of {len(declared):,} characters")


def _require_new(name: str, known: set[bytes], what: str, most: int) -> None:
    """Add a name to those known, as SQLite compares them. Raises DamagedBackup, LimitExceeded."""
    folded = _folded(name)
    if folded in known:
        raise DamagedBackup(detail=f"it has two {what} that differ in case alone ({name})")
    if "\0" in name or (what == "tables" and folded.startswith(b"sqlite_")):
        raise DamagedBackup(detail=f"it has {what} with names that cannot be")
    if len(name) > limits.MAX_NAME:
        raise LimitExceeded(detail=f"it has {what} with names of {len(name):,} characters")
    if len(known) >= most:
        raise LimitExceeded(detail=f"it has more than {most:,} {what}")
    known.add(folded)


def as_known_cell(cell: ExactCell) -> ExactCell:
    """The same cell, its table and column spelled as KiraPilot does."""
    table = known_table(cell.table)
    column = known_columns(table, [cell.column])[cell.column]
    if (table, column) == (cell.table, cell.column):
        return cell
    return msgspec.structs.replace(cell, table=table, column=column)


def _folded(name: str) -> bytes:
    """As SQLite compares names: the letters of ASCII alone have no case."""
    return name.encode("utf-8", "surrogatepass").lower()
