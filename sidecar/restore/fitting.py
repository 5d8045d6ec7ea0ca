"""Fitting values to the target: what its columns would make of an archive's values, and of its names.

A column's affinity turns text that looks like a number into one, and numbers into text. The stage holds each value as
the archive says it; here it becomes what the target will hold, and where that could not be turned back, it is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sidecar.database.affinity import INTEGER, NONE, NUMERIC, REAL, TEXT, affinity
from sidecar.database.introspection import Schema, TableSchema, folded, quote
from sidecar.stage.stage import ROW, Stage, StagedTable

_TURNED = {
    NONE: (),
    TEXT: ("integer", "real"),
    NUMERIC: ("text", "real"),
    INTEGER: ("text", "real"),
    REAL: ("text", "integer"),
}
"""Affinity -> storage classes whose values it may turn into another one."""

_FITTED = 'plan."fitted"'

_CAN_BE_TURNED_BACK = (
    "CASE typeof(s.{column}) WHEN 'text' THEN CAST(f.value AS TEXT) IS s.{column}"
    " WHEN 'integer' THEN CAST(f.value AS INTEGER) IS s.{column} ELSE CAST(f.value AS REAL) IS s.{column} END"
)


def fit_names(stage: Stage, live: Schema) -> None:
    """Call staged tables and columns as the target does: to SQLite, the case of a letter makes no other name."""
    by_fold = {folded(name): name for name in live}
    for name, table in list(stage.tables.items()):
        target = by_fold.get(folded(name))
        if target is None:
            continue
        if target != name:
            stage.tables[target] = stage.tables.pop(name)
            table.name = target
        columns = {folded(column): column for column in live[target].columns}
        spelled = {column: columns.get(folded(column), column) for column in table.columns}
        if any(column != own for own, column in spelled.items()):
            table.respell(spelled)


def give_keys(connection: sqlite3.Connection, stage: Stage, live: Schema) -> None:
    """Let staged tables have the columns of the target's keys: without a value, where the archive knows none."""
    for name, table in stage.tables.items():
        for column in live[name].key if name in live else ():
            if column not in table.columns:
                connection.execute(f"ALTER TABLE stage.{quote(name)} ADD COLUMN {quote(column)}")
                table.columns[column] = ""


def fit_values(connection: sqlite3.Connection, stage: Stage, live: Schema) -> tuple[list[str], list[str]]:
    """Turn staged values into what the target's columns will make of them.

    Answers the columns in which values would be lost, as "table.column (N values)", and sentences about those that
    are stored in another way, but could be turned back.
    """
    lost = [
        f"{table}.{column} ({count:,} texts that are none, which this database's encoding cannot hold)"
        for (table, column), count in stage.changed_texts.items()
        if table in live and column in live[table].columns
    ]
    remarks: list[str] = []
    for table in stage.tables.values():
        if not table.carried or not table.rows or table.name not in live:
            continue
        for column in _turning(connection, table, live[table.name]):
            declared = live[table.name].columns[column]
            turned, beyond = _fit(connection, table, column, declared)
            if beyond:
                some = "value that does" if beyond == 1 else "values that do"
                lost.append(f"{table.name}.{column} ({beyond:,} {some} not fit the column)")
            if turned > beyond:
                some, are, mean = (
                    ("value", "is", "it means") if turned - beyond == 1 else ("values", "are", "they mean")
                )
                remarks.append(
                    f"{turned - beyond:,} {some} of {table.name}.{column} {are} stored as this KiraPilot's column is"
                    f" declared ({declared}): {mean} the same"
                )
    return lost, remarks


def _turning(connection: sqlite3.Connection, table: StagedTable, target: TableSchema) -> Iterator[str]:
    """Columns with a value that the target's affinity may turn into another."""
    looked_at = {
        column: _TURNED[affinity(declared, target.strict)]
        for column, declared in target.columns.items()
        if column in table.spoken_of() and _TURNED[affinity(declared, target.strict)]
    }
    if not looked_at:
        return
    found = connection.execute(
        f"SELECT {', '.join(f'max({_is_any(column, classes)})' for column, classes in looked_at.items())}"
        f" FROM stage.{quote(table.name)}"
    ).fetchone()
    yield from (column for column, does in zip(looked_at, found, strict=True) if does)


def _is_any(column: str, classes: tuple[str, ...]) -> str:
    return f"typeof({quote(column)}) IN ({', '.join(map(repr, classes))})"


def _fit(connection: sqlite3.Connection, table: StagedTable, column: str, declared: str) -> tuple[int, int]:
    """Let SQLite itself turn a column's values; how many became others, and how many of these for good."""
    name, staged, row = quote(column), f"stage.{quote(table.name)}", quote(ROW)
    classes = _TURNED[affinity(declared)]
    connection.execute(f"DROP TABLE IF EXISTS {_FITTED}")
    connection.execute(f"CREATE TABLE {_FITTED} (row INTEGER PRIMARY KEY, value {quote(declared)})")
    connection.execute(f"INSERT INTO {_FITTED} SELECT {row}, {name} FROM {staged} WHERE {_is_any(column, classes)}")
    turned, beyond = connection.execute(
        f"SELECT count(*), coalesce(sum(NOT {_CAN_BE_TURNED_BACK.format(column=name)}), 0)"
        f" FROM {_FITTED} f JOIN {staged} s ON s.{row} = f.row WHERE typeof(f.value) != typeof(s.{name})"
    ).fetchone()
    if turned:
        connection.execute(
            f"UPDATE {staged} AS s SET {name} = f.value FROM {_FITTED} f"
            f" WHERE f.row = s.{row} AND typeof(f.value) != typeof(s.{name})"
        )
    connection.execute(f"DROP TABLE {_FITTED}")
    return turned, beyond
