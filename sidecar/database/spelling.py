"""Names as KiraPilot spells them: to SQLite, names that differ in the case of ASCII letters alone are one.

A schema says ``project_id`` where the database says ``Project_ID``: a statement finds the column by either, and the
code finds it by the one it knows. What KiraPilot does not know keeps the spelling of the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sidecar.database.introspection import ForeignKey, Schema, TableSchema, folded
from sidecar.database.models import KNOWN, MIGRATIONS

_TABLES: dict[str, str] = {folded(name): name for name in (*KNOWN, MIGRATIONS)}
_COLUMNS = {table: {folded(name): name for name in columns} for table, columns in KNOWN.items()}
_COLUMNS[MIGRATIONS] = {name: name for name in ("version", "applied_at")}


def known_table(name: str) -> str:
    """The table's name as KiraPilot spells it, or as it is."""
    return _TABLES.get(folded(name), name)


def known_columns(table: str, names: Iterable[str]) -> dict[str, str]:
    """Each name of a column -> the same as KiraPilot spells it, for a table by its known name."""
    known = _COLUMNS.get(table, {})
    return {name: known.get(folded(name), name) for name in names}


def as_known(schema: Schema) -> Schema:
    """The schema in KiraPilot's spelling; references lead to tables and columns as these are spelled now."""
    respelled = {known_table(name): _respelled(known_table(name), table) for name, table in schema.items()}
    tables = {folded(name): name for name in respelled}
    return {
        name: replace(table, foreign_keys=tuple(_leading(key, tables, respelled) for key in table.foreign_keys))
        for name, table in respelled.items()
    }


def _respelled(name: str, table: TableSchema) -> TableSchema:
    spelled = known_columns(name, table.columns)
    by_fold = {folded(column): column for column in spelled.values()}

    def each(columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(by_fold.get(folded(column), column) for column in columns)

    return replace(
        table,
        name=name,
        columns={spelled[column]: declared for column, declared in table.columns.items()},
        not_null=frozenset(each(table.not_null)),
        key=each(table.key),
        foreign_keys=tuple(replace(key, column=each([key.column])[0]) for key in table.foreign_keys),
        unique=tuple(map(each, table.unique)),
        partly_unique=tuple(map(each, table.partly_unique)),
    )


def _leading(key: ForeignKey, tables: Mapping[str, str], schema: Schema) -> ForeignKey:
    parent = tables.get(folded(key.parent), key.parent)
    columns = schema[parent].columns if parent in schema else ()
    column = next((name for name in columns if folded(name) == folded(key.parent_column)), key.parent_column)
    return replace(key, parent=parent, parent_column=column)
