"""Triggers of the live database, set aside while rows are put in place, and made again from their own statements.

An import honours them, but for those that keep it from writing what the backup says: that log, or set a time of their
own. Such a row is not the backup's, nor would the account balance. One that may refuse, by a RAISE, is always heeded.

An undo asks none of them.
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


NAMED = 5
"""Triggers that are named in one sentence."""

_RAISES = re.compile(r"\bRAISE\b", re.IGNORECASE)
"""A trigger that may refuse. Of the word in a comment the trigger is heeded, as one that says it."""


def has_triggers(connection: sqlite3.Connection) -> bool:
    """Whether the live database has any."""
    return connection.execute("SELECT 1 FROM main.sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone() is not None


def in_the_way(connection: sqlite3.Connection, plan: Plan, meddling: Collection[str]) -> frozenset[str]:
    """Those of the triggers of the tables that change which wrote into other rows, and refuse nothing."""
    beyond, names = _beyond_rows(connection), set(map(folded, meddling))
    return frozenset(
        trigger.name
        for trigger in _triggers(connection, _changing(plan))
        if folded(trigger.name) in names and not beyond.search(trigger.sql) and not _RAISES.search(trigger.sql)
    )


def remark_on(not_run: Collection[str]) -> list[str]:
    """What is said of triggers that an import was carried out without."""
    if not not_run:
        return []
    what = "A trigger of the database is" if len(not_run) == 1 else f"{len(not_run):,} triggers of the database are"
    named = ", ".join(sorted(not_run)[:NAMED]) + (", ..." if len(not_run) > NAMED else "")
    return [f"{what} not run: rows would not be what the backup says ({named})"]


@contextmanager
def set_aside(connection: sqlite3.Connection, plan: Plan, only: Collection[str] | None = None) -> Iterator[None]:
    """Within, in a transaction, no trigger of a table whose rows change does anything, but for virtual tables.

    :param only: the triggers that are meant, else all.

    Afterwards they are there again, to the letter and in their order, by which SQLite lets them take turns; if what is
    within fails, its transaction brings them back. Raises UnknownSchema if one of them cannot be made again.
    """
    changing = _changing(plan)
    before = _triggers(connection, changing)
    beyond = _beyond_rows(connection)
    aside = [trigger for trigger in before if not beyond.search(trigger.sql) and (only is None or trigger.name in only)]
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


def _changing(plan: Plan) -> set[str]:
    return {folded(name) for name, account in plan.accounts.items() if account.changes}


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
