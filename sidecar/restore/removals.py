"""Rows of the live database that will go, and what becomes of those that refer to them.

Written into the throw-away database "plan"; which rows are to go is said by the plan.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from sidecar.database.introspection import ForeignKey, Schema, TableSchema, quote
from sidecar.database.models import KNOWN
from sidecar.errors.databases import CannotRemove


def gone_of(table: str) -> str:
    """Locators of live rows that will be removed."""
    return f"plan.{quote('gone ' + table)}"


def untied_of(table: str, column: str) -> str:
    """Locators of live rows that will lose a reference."""
    # With a length in front, no two pairs of names can look alike.
    return f"plan.{quote(f'untied {len(table)} {table} {column}')}"


def make_gone(connection: sqlite3.Connection, live: TableSchema) -> None:
    """Let no row of a table go as yet."""
    columns = ", ".join(f"k{index}" for index in range(max(len(live.locator), 1)))
    connection.execute(f"DROP TABLE IF EXISTS {gone_of(live.name)}")
    connection.execute(f"CREATE TABLE {gone_of(live.name)} ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID")


def located(live: TableSchema, alias: str) -> str:
    """SQL: what tells one stored row of a table from another."""
    return ", ".join(f"{alias}.{quote(column)}" for column in live.locator) or "NULL"


def require_locator(connection: sqlite3.Connection, live: TableSchema, rows: str) -> None:
    """Raise CannotRemove if ``rows`` finds any in a table that has no name for one of its rows."""
    if not live.locator and connection.execute(f"{rows} LIMIT 1").fetchone():
        names = ", ".join(name for name in live.columns if name.lower() in ("rowid", "_rowid_", "oid"))
        raise CannotRemove(detail=f"rows of {live.name} cannot be told apart, since columns are called {names}")


def follow_references(
    connection: sqlite3.Connection, live: Schema, replaced: Collection[str]
) -> dict[tuple[str, str], int]:
    """What the app's own foreign keys do when rows go: rows of tables that stay go too, or lose the reference.

    :param replaced: tables that hold what the archive says afterwards, whatever their rows refer to.
    Answers, per table and column, how many rows lose the reference. Raises CannotRemove.
    """
    staying = [table for table in live.values() if table.name not in replaced]
    changed = True
    while changed:
        changed = False
        for child, reference in _references(staying, live):
            if reference.on_delete == "CASCADE":
                changed |= _cascade(connection, live, child, reference)
    untied: dict[tuple[str, str], int] = {}
    for child, reference in _references(staying, live):
        if reference.on_delete != "CASCADE":
            rows = _untie(connection, live, child, reference)
            if reference.on_delete == "SET NULL":
                untied[child.name, reference.column] = rows
    return untied


def parents_first(live: Schema) -> list[str]:
    """The tables, each after those that its rows refer to, declared or meant; in a circle, as it comes."""
    placed: dict[str, None] = {}
    for name in live:
        path = [name]
        while path:
            missing = (parent for parent in _parents(live[path[-1]]) if parent in live and parent not in placed)
            above = next((parent for parent in missing if parent not in path), None)
            if above is None:
                placed[path.pop()] = None
            else:
                path.append(above)
    return list(placed)


def _parents(table: TableSchema) -> list[str]:
    meant = {field.meant for name, field in KNOWN.get(table.name, {}).items() if field.meant and name in table.columns}
    return sorted(meant | {key.parent for key in table.foreign_keys})


def _references(tables: Collection[TableSchema], live: Schema) -> Iterator[tuple[TableSchema, ForeignKey]]:
    for child in tables:
        for reference in child.foreign_keys:
            if reference.parent in live and reference.parent_column in live[reference.parent].columns:
                yield child, reference


def _cascade(connection: sqlite3.Connection, live: Schema, child: TableSchema, reference: ForeignKey) -> bool:
    orphans = _orphans(live, child, reference)
    require_locator(connection, child, orphans)
    return connection.execute(f"INSERT OR IGNORE INTO {gone_of(child.name)} {orphans}").rowcount > 0


def _untie(connection: sqlite3.Connection, live: Schema, child: TableSchema, reference: ForeignKey) -> int:
    """Note the rows that lose a reference, and count them. Raises CannotRemove if they insist on it."""
    untied = untied_of(child.name, reference.column)
    connection.execute(f"DROP TABLE IF EXISTS {untied}")
    orphans = _orphans(live, child, reference)
    require_locator(connection, child, orphans)
    connection.execute(
        f"CREATE TABLE {untied} AS {orphans} AND ({located(child, 'c')}) NOT IN (SELECT * FROM {gone_of(child.name)})"
    )
    rows: int = connection.execute(f"SELECT count(*) FROM {untied}").fetchone()[0]
    if rows and (reference.on_delete != "SET NULL" or reference.column in child.not_null):
        raise CannotRemove(detail=f"{rows:,} {child.name} insist on the {reference.parent} they refer to")
    return rows


def _orphans(live: Schema, child: TableSchema, reference: ForeignKey) -> str:
    parent = live[reference.parent]
    return (
        f"SELECT {located(child, 'c')} FROM main.{quote(child.name)} c WHERE c.{quote(reference.column)} IN"
        f" (SELECT p.{quote(reference.parent_column)} FROM main.{quote(parent.name)} p"
        f" WHERE ({located(parent, 'p')}) IN (SELECT * FROM {gone_of(parent.name)}))"
    )
