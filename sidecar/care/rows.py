"""What of a sound database's rows KiraPilot cannot follow, find or read: references, default lists, values, timers.

Reads a private copy whose indexes are whole. What is found is told one by one; what a repair does is ``mending``'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from sidecar.care.findings import Found
from sidecar.care.references import LISTS, all_references, unknown_references
from sidecar.database.introspection import Schema, TableSchema, quote
from sidecar.database.models import KNOWN
from sidecar.merging.row_names import row_name, shortened
from sidecar.progress import Progress
from sidecar.stage.records import named, singular

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
        target = f"CAST(r.{quote(each.column)} AS TEXT)"
        for where in _rows(connection, schema[each.table], each.broken, target):
            leads = {"parent": singular(each.parent), "target": where.pop("extra")}
            where |= {"column": each.column, "target": leads["target"]}
            found.add(each.code, where, Row=_row(where), parent=leads["parent"])
    for table, rows in unknown_references(connection, schema, known):
        found.add("unknown_reference", {"table": table}, rows=f"{rows:,} rows")


def _default_lists(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if LISTS not in schema or not {"id", "is_default"} <= schema[LISTS].columns.keys():
        return
    defaults = list(_rows(connection, schema[LISTS], f"FROM main.{LISTS} r WHERE r.is_default = 1"))
    if not defaults:
        found.add("no_default_list", {"table": LISTS, "column": "is_default"})
    for where in defaults[1:]:
        del where["extra"]
        found.add("second_default_list", where | {"column": "is_default"}, Row=_row(where))


def _missing_values(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    for table, column, condition in missing_values(schema):
        for where in _rows(connection, table, f"FROM main.{quote(table.name)} r WHERE {condition}"):
            del where["extra"]
            found.add("value_missing", where | {"column": column}, Row=_row(where))


def missing_values(schema: Schema) -> Iterator[tuple[TableSchema, str, str]]:
    """Columns that KiraPilot reads no row without, though the database does: what finds such rows (``r``)."""
    for name, columns in KNOWN.items():
        for column, field in columns.items() if name in schema else ():
            table = schema[name]
            if field.required and field.default_sql and column in table.columns and column not in table.not_null:
                yield table, column, f"r.{quote(column)} IS NULL"


def _wrong_types(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    for name in KNOWN.keys() & schema.keys():
        table = schema[name]
        wrong = {
            column: f"typeof(r.{quote(column)}) NOT IN ({', '.join(map(_text, ('null', *CLASSES[field.kind])))})"
            for column, field in KNOWN[name].items()
            if column in table.columns
        }
        rows = f"FROM main.{quote(name)} r WHERE"
        # One look at each row; at each column only where there is any such row.
        if connection.execute(f"SELECT 1 {rows} {' OR '.join(wrong.values())} LIMIT 1").fetchone() is None:
            continue
        for column, condition in wrong.items():
            wanted = _WANTED[CLASSES[KNOWN[name][column].kind][0]]
            for where in _rows(connection, table, f"{rows} {condition}", f"typeof(r.{quote(column)})"):
                where["detail"] = _HELD[where.pop("extra")]
                found.add("wrong_type", where | {"column": column}, Row=_row(where), wanted=wanted)


def _without_list(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if "task_list_id" in schema["tasks"].columns:
        for where in _rows(connection, schema["tasks"], "FROM main.tasks r WHERE r.task_list_id IS NULL"):
            del where["extra"]
            found.add("no_list", where | {"column": "task_list_id"}, Row=_row(where))


def _running_timers(connection: sqlite3.Connection, schema: Schema, found: Found) -> None:
    if not {"is_active", "start_time"} <= schema[SESSIONS].columns.keys():
        return
    running, since = f"FROM main.{SESSIONS} r WHERE r.is_active = 1", "strftime('%Y-%m-%d %H:%M UTC', r.start_time)"
    for where in _rows(connection, schema[SESSIONS], running, since):
        where["detail"] = where.pop("extra") or "some time"
        found.add("running_timer", where, Row=_row(where))


def _rows(
    connection: sqlite3.Connection, table: TableSchema, which: str, extra: str = "NULL"
) -> Iterator[dict[str, Any]]:
    """Where each row lies that FROM and WHERE (``which``) name, as fields of a finding, and ``extra`` of it."""
    rowid = f"r.{table.rowid}" if table.rowid else "NULL"
    row_id = "CAST(r.id AS TEXT)" if "id" in table.columns else "NULL"
    sql = f"SELECT {rowid}, {row_id}, {row_name(table.columns, 'r', ('main',))}, {extra} {which} ORDER BY 1, 2"
    for place, own, label, more in connection.execute(sql):
        yield {"table": table.name, "rowid": place, "id": own, "label": shortened(label), "extra": more}


def _row(where: dict[str, Any]) -> str:
    called = named(where["table"])
    return f"{called} {where['id']}" if where["id"] is not None else f"{called} in row {where['rowid']}"


def _text(value: str) -> str:
    return f"'{value}'"
