"""What the target refuses, row by row: constraints that only the transaction meets.

A statement moves all rows of a table at once, and SQLite names the first constraint that one of them breaks. Here the
rows are tried one at a time, within the same transaction, which is then undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sidecar.database.introspection import Schema, has_id, quote
from sidecar.errors.backups import RowsRefused
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import CannotRemove
from sidecar.restore.plan import Plan, plan_of
from sidecar.stage.stage import ROW, SHAPE

MOST_TRIED = 2_000
"""Rows that are tried one at a time: more would keep the app waiting for long."""

NAMED = 5
"""Rows that are named for each reason."""


@contextmanager
def all_or_nothing(connection: sqlite3.Connection) -> Iterator[None]:
    """Within a transaction: a statement that a constraint ends has changed nothing, not even by a RAISE(FAIL).

    One that ends by a RAISE(ROLLBACK), or a constraint ON CONFLICT ROLLBACK, takes the whole transaction with it.
    """
    connection.execute("SAVEPOINT tried")
    try:
        yield
    except sqlite3.IntegrityError:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO tried")
            connection.execute("RELEASE tried")
        raise
    connection.execute("RELEASE tried")


def refusal(
    connection: sqlite3.Connection, plan: Plan, name: str, action: int, shape: int, one: str, why: Exception
) -> RowsRefused:
    """The error that names the rows of ``name`` that the target refuses.

    :param one: the statement that moves one row: its parameters are the shape and the row of the stage.
    :param why: what SQLite said of all of them together.
    """
    # After a rollback of the target's own there is no transaction: each row that is taken would be there to stay.
    rows = _rows(connection, plan, name, action, shape) if connection.in_transaction else []
    found: dict[str, list[str | None]] = {}
    for number, shown in rows[:MOST_TRIED]:
        try:
            with all_or_nothing(connection):
                connection.execute(one, (shape, number))
        except sqlite3.IntegrityError as error:
            found.setdefault(str(error), []).append(shown)
            if not connection.in_transaction:
                break
    if not found:
        found = {str(why): []}
    more = len(rows) > MOST_TRIED
    return RowsRefused(
        detail="; ".join(_told(name, reason, some, more) for reason, some in found.items()),
        refused=[
            {
                "table": name,
                "reason": reason,
                "rows": None if more or not some else len(some),
                "ids": [shown for shown in some if shown is not None][:NAMED],
            }
            for reason, some in found.items()
        ],
    )


def _rows(
    connection: sqlite3.Connection, plan: Plan, name: str, action: int, shape: int
) -> list[tuple[int, str | None]]:
    """Rows of the stage that were moved together, by number and id: one more than are tried, if there are as many."""
    row = quote(ROW)
    row_id = "CAST(s.id AS TEXT)" if has_id(plan.stage.tables[name].columns) else "NULL"
    return connection.execute(
        f"SELECT s.{row}, {row_id} FROM stage.{quote(name)} s JOIN {plan_of(name)} p ON p.row = s.{row}"
        f" WHERE p.action = {action} AND s.{quote(SHAPE)} = ? ORDER BY s.{row} LIMIT {MOST_TRIED + 1}",
        (shape,),
    ).fetchall()


def _told(name: str, reason: str, ids: Sequence[str | None], more: bool) -> str:
    named = [shown for shown in ids if shown is not None][:NAMED]
    others = ", ..." if len(ids) > len(named) else ""
    listed = f": {', '.join(named)}{others}" if named else ""
    least = "at least " if more else ""
    rows = "a row" if len(ids) == 1 and not more else f"{least}{len(ids):,} rows" if ids else "rows"
    return f"{rows} of the backup ({reason}), of {name}{listed}"


def leading_nowhere(
    connection: sqlite3.Connection, live: Schema, name: str, broken: int, allowed: int, ours: bool
) -> SidecarError:
    """The error for references of a table that would lead nowhere, with the ids of some rows.

    :param ours: whether it is the backup that brings the rows; else it only takes away what they refer to.
    """
    row_id = "CAST(id AS TEXT)" if has_id(live[name].columns) else "NULL"
    check = f"PRAGMA main.foreign_key_check({quote(name)})"
    found = [row for _, row in zip(range(NAMED), connection.execute(check), strict=False)]
    ids: list[str] = []
    for _, rowid, _, _ in found:
        if rowid is not None and live[name].rowid:
            sql = f"SELECT {row_id} FROM main.{quote(name)} WHERE {live[name].rowid} = ?"
            ids += [shown for (shown,) in connection.execute(sql, (rowid,)) if shown is not None]
    parents = ", ".join(sorted({parent for _, _, parent, _ in found})) or "rows"
    listed = f" ({', '.join(ids)}{', ...' if broken > len(ids) else ''})" if ids else ""
    references = "reference" if broken == 1 else "references"
    told = f"{broken:,} {references} of {name} would lead nowhere, where {allowed:,} did before: to {parents}{listed}"
    if not ours:
        return CannotRemove(detail=told)
    reason = f"would lead nowhere: to {parents}"
    refused = {"table": name, "reason": reason, "rows": broken - allowed, "ids": ids}
    return RowsRefused(detail=f"rows of the backup: {told}", refused=[refused])
