"""Triggers of the live database, set aside while an undo puts rows back, and made again from their own statements.

What a safety copy holds was in this very database: it needs nobody's consent, and nothing that follows from it is to
happen once more. A trigger that forbids, writes into an ordinary table or keeps rows from going would only be in the
way of what is restored to the last byte anyway. One that keeps a virtual table, such as a search index, up to date goes
on doing so: what it writes is in no copy.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sidecar.database.introspection import folded, quote, virtual_tables
from sidecar.errors.databases import UnknownSchema
from sidecar.restore.plan import Plan

_LISTED = "SELECT tbl_name, name, sql FROM main.sqlite_master WHERE type = 'trigger' ORDER BY rowid"


class _Trigger(NamedTuple):
    table: str
    name: str
    sql: str


@contextmanager
def set_aside(connection: sqlite3.Connection, plan: Plan) -> Iterator[None]:
    """Within, in a transaction, no trigger of a table whose rows change does anything, but for virtual tables.

    Afterwards they are there again, to the letter and in their order, by which SQLite lets them take turns; if what is
    within fails, its transaction brings them back. Raises UnknownSchema if one of them cannot be made again.
    """
    changing = {folded(name) for name, account in plan.accounts.items() if account.changes}
    before = _triggers(connection, changing)
    beyond = _beyond_rows(connection)
    aside = [trigger for trigger in before if not beyond.search(trigger.sql)]
    _drop(connection, aside)
    yield
    if not aside:
        return
    tables = {trigger.table for trigger in aside}
    again = [trigger for trigger in before if trigger.table in tables]
    _drop(connection, [trigger for trigger in again if trigger not in aside])
    for trigger in again:
        try:
            connection.execute(trigger.sql)
        except sqlite3.OperationalError as error:
            raise UnknownSchema(detail=f"its trigger {trigger.name} cannot be made again: {error}") from error
    if _triggers(connection, changing) != before:
        raise UnknownSchema(detail=f"its triggers of {', '.join(sorted(tables))} are others when they are made again")


def _triggers(connection: sqlite3.Connection, tables: Collection[str]) -> list[_Trigger]:
    """The triggers of some tables, each table's in their order. One whose text is no text is not among them: it could
    not be made again."""
    found: list[_Trigger] = []
    factory, connection.text_factory = connection.text_factory, bytes
    try:
        listed = connection.execute(_LISTED).fetchall()
        for row in listed:
            try:
                trigger = _Trigger(*(part.decode() for part in row))
            except UnicodeDecodeError:
                continue
            if folded(trigger.table) in tables:
                found.append(trigger)
    finally:
        connection.text_factory = factory
    return sorted(found, key=lambda trigger: folded(trigger.table))


def _beyond_rows(connection: sqlite3.Connection) -> re.Pattern[str]:
    """What a trigger's statement names that writes elsewhere than into ordinary tables: a virtual table, or a view that
    has triggers of its own."""
    views = "SELECT tbl_name FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name IN"
    views += " (SELECT name FROM main.sqlite_master WHERE type = 'view')"
    names = {*virtual_tables(connection), *(name for (name,) in connection.execute(views))}
    spelled = {re.escape(name.replace(mark, mark * 2)) for name in names for mark in ('"', "'", "`")}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(spelled)) or '(?!)'})(?!\w)", re.IGNORECASE)


def _drop(connection: sqlite3.Connection, triggers: Collection[_Trigger]) -> None:
    for trigger in triggers:
        connection.execute(f"DROP TRIGGER main.{quote(trigger.name)}")
