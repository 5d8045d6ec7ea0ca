"""What of a sound database's rows KiraPilot cannot follow, find or read: references, default lists, values, timers.

Reads a private copy whose indexes are whole. What is found is told one by one; what a repair does is ``mending``'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from sidecar.care.findings import Found
from sidecar.care.located import called, located
from sidecar.care.references import LISTS, all_references, unknown_references
from sidecar.database.introspection import Schema, TableSchema, quote
from sidecar.database.models import KNOWN
from sidecar.progress import Progress
from sidecar.stage.records import singular

SESSIONS = "time_sessions"

CLASSES = {
    "text": ("text",),
    "json": ("text",),
    "timestamp": ("text",),
    "boolean": ("integer",),
    "integer": ("integer",),
    "double": ("real", "integer"),
}
"""Kind of a column -> the storage classes in which KiraPilot reads its values."""

_WANTED = {"text": "text", "integer": "a whole number", "real": "a number"}
_HELD = {"text": "text", "integer": "a whole number", "real": "a broken number", "blob": "bytes"}


def look_at_rows(connection: sqlite3.Connection, schema: Schema, found: Found, progress: Progress) -> None:
    """Tell ``found`` of every fault of the rows. Raises sqlite3.Error, Cancelled."""
    looks: tuple[Callable[[sqlite3.Connection, Schema, Found], None], ...] = (
        _references,
        _default_lists,
        _missing_values,
        _wrong_types,
        _without_list,
        _running_timers,
    )
    progress.phase("rows", len(looks), "checks", "Looking at every row")
    with progress.watching(connection):
        for look in looks:
            look(connection, schema, found)
            progress.advance(1)


def _references(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    known = all_references(schema)
    for each in known:
        leads = f"CAST(r.{quote(each.column)} AS TEXT)"
        for where, target in located(connection, schema[each.table], each.broken, leads):
            where |= {"column": each.column, "target": target}
            found.add(each.code, where, Row=called(where), parent=singular(each.parent))
    for table, rows in unknown_references(connection, schema, known):
        found.add("unknown_reference", {"table": table}, rows=f"{rows:,} {'row' if rows == 1 else 'rows'}")


def _default_lists(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if LISTS not in schema or not {"id", "is_default"} <= schema[LISTS].columns.keys():
        return
    defaults = [where for where, _ in located(connection, schema[LISTS], "r.is_default = 1")]
    if not defaults:
        found.add("no_default_list", {"table": LISTS, "column": "is_default"})
    for where in defaults[1:]:
        found.add("second_default_list", where | {"column": "is_default"}, Row=called(where))


def _missing_values(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    for table, column, condition in missing_values(schema):
        for where, _ in located(connection, table, condition):
            found.add("value_missing", where | {"column": column}, Row=called(where))


def missing_values(schema: Schema) -> Iterator[tuple[TableSchema, str, str]]:
    """Columns that KiraPilot reads no row without, though the database does: what finds such rows (``r``)."""
    for name, columns in KNOWN.items():
        for column, field in columns.items() if name in schema else ():
            table = schema[name]
            if field.required and field.default_sql and column in table.columns and column not in table.not_null:
                yield table, column, f"r.{quote(column)} IS NULL"


def _wrong_types(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    for name in filter(schema.__contains__, KNOWN):
        wrong = {
            column: f"typeof(r.{quote(column)}) NOT IN ({', '.join(map(_text, ('null', *CLASSES[field.kind])))})"
            for column, field in KNOWN[name].items()
            if column in schema[name].columns
        }
        # One look at each row; at each column only where there is any such row.
        sql = f"SELECT 1 FROM main.{quote(name)} r WHERE {' OR '.join(wrong.values())} LIMIT 1"
        if connection.execute(sql).fetchone():
            for column, condition in wrong.items():
                _wrong_type(connection, schema[name], column, condition, found)


def _wrong_type(connection: sqlite3.Connection, table: TableSchema, column: str, condition: str, found: Found) -> None:
    wanted = _WANTED[CLASSES[KNOWN[table.name][column].kind][0]]
    for where, held in located(connection, table, condition, f"typeof(r.{quote(column)})"):
        where |= {"column": column, "detail": _HELD[held]}
        found.add("wrong_type", where, Row=called(where), wanted=wanted)


def _without_list(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if "task_list_id" in schema["tasks"].columns:
        for where, _ in located(connection, schema["tasks"], "r.task_list_id IS NULL"):
            found.add("no_list", where | {"column": "task_list_id"}, Row=called(where))


def _running_timers(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if not {"is_active", "start_time"} <= schema[SESSIONS].columns.keys():
        return
    since = "strftime('%Y-%m-%d %H:%M UTC', r.start_time)"
    for where, moment in located(connection, schema[SESSIONS], "r.is_active = 1", since):
        where["detail"] = moment or "some time"
        found.add("running_timer", where, Row=called(where))


def _text(value: str) -> str:
    return f"'{value}'"
