"""The pool: the rows that can be chosen from, as tables of an attached database.

They lie in a stage, when a part of a backup is taken, or in a snapshot of the live database, when a part of that is
exported: what is meant, and what that cannot be without, is found out in the same way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sidecar.archive.part import SETTINGS_TYPE
from sidecar.database.introspection import Schema, folded, quote
from sidecar.database.models import KNOWN, MIGRATIONS
from sidecar.stage.stage import ROW, Stage

_NUMBER = "number"
"""Column that tells the rows of a table apart which has no number of its own for them."""


@dataclass(frozen=True)
class PoolTable:
    """One table: ``source`` is its name in SQL, and ``row`` that of the column that tells its rows apart.

    ``columns`` are those that any row speaks of, ``references`` the declared ones: column -> table and column. Columns
    are ``folded``: what a newer KiraPilot calls ``ID`` or ``Task_ID`` is what its name says; SQL finds either.
    ``filled``: it has rows; ``binary_key``: its keys are the same byte for byte alone.
    """

    name: str
    columns: Collection[str]
    references: Mapping[str, tuple[str, str]]
    source: str
    row: str
    filled: bool
    binary_key: bool


@dataclass(frozen=True)
class Pool:
    """The tables by their names; a type of data that has none here is known all the same."""

    tables: Mapping[str, PoolTable]

    @property
    def types(self) -> list[str]:
        """What may be asked for as a type of data."""
        return [*self.tables, *(name for name in KNOWN if name not in self.tables), SETTINGS_TYPE]

    def filled(self) -> Iterator[PoolTable]:
        """The tables that have rows."""
        return (table for table in self.tables.values() if table.filled)

    def columns_of(self, name: str) -> Collection[str]:
        """The columns of a table; none of one that is not there."""
        return self.tables[name].columns if name in self.tables else ()


def pool_of_stage(stage: Stage) -> Pool:
    """The rows of a backup, whose stage is attached as "stage"."""
    carried = {table.name for table in stage.carried()}
    return Pool(
        {
            name: PoolTable(
                name=name,
                columns=_folded(table.spoken_of() if name in carried else table.columns),
                references={folded(column): (parent, folded(to)) for column, (parent, to) in table.references.items()},
                source=f"stage.{quote(name)}",
                row=quote(ROW),
                filled=name in carried,
                binary_key=True,
            )
            for name, table in stage.tables.items()
        }
    )


def pool_of_database(connection: sqlite3.Connection, schema: Schema, attached: str) -> Pool:
    """The rows of a database, attached under a name, of that schema. "plan" is attached, and takes a copy of a table
    whose rows have no numbers. Raises sqlite3.Error."""
    return Pool(
        {
            name: _of_database(connection, schema, name, f"{attached}.{quote(name)}")
            for name in schema
            if name != MIGRATIONS
        }
    )


def _of_database(connection: sqlite3.Connection, schema: Schema, name: str, source: str) -> PoolTable:
    table, row = schema[name], schema[name].rowid
    if row is None:
        copied = f"plan.{quote('numbered ' + name)}"
        number = next(column for column in _free_names() if column not in {each.lower() for each in table.columns})
        columns = ", ".join(map(quote, table.columns))
        connection.execute(f"CREATE TABLE {copied} AS SELECT row_number() OVER () AS {number}, {columns} FROM {source}")
        source, row = copied, number
    return PoolTable(
        name=name,
        columns=_folded(table.columns),
        references={
            folded(key.column): (key.parent, folded(key.parent_column))
            for key in table.foreign_keys
            if key.parent in schema and key.parent_column in schema[key.parent].columns
        },
        source=source,
        row=row,
        filled=connection.execute(f"SELECT 1 FROM {source} LIMIT 1").fetchone() is not None,
        binary_key=table.binary_key,
    )


def _folded(columns: Collection[str]) -> Collection[str]:
    return set(map(folded, columns))


def _free_names() -> Iterator[str]:
    yield from (f"{_NUMBER}{'_' * length}" for length in range(1_000))
