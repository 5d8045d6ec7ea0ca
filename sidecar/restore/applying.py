"""Plan -> live database, in one transaction: all of it or nothing.

The only module that changes the app's rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sidecar.database.connection import retrying
from sidecar.database.introspection import TableSchema, quote
from sidecar.errors.backups import RowsRefused
from sidecar.errors.jobs import AccountingMismatch
from sidecar.progress import Progress
from sidecar.restore.ledger import Ledger
from sidecar.restore.plan import ADD, UPDATE, Plan, plan_of
from sidecar.restore.refusals import all_or_nothing, leading_nowhere, refusal
from sidecar.restore.removals import gone_of, parents_first, untied_of
from sidecar.restore.triggers import has_triggers, in_the_way, set_aside
from sidecar.stage.stage import ROW, SHAPE


class Outdated(Exception):
    """The app wrote after the difference was worked out, or the safety copy made: nothing was changed."""


def apply(
    connection: sqlite3.Connection,
    plan: Plan,
    version: int,
    progress: Progress,
    renew: Callable[[], None] | None = None,
) -> None:
    """Carry out a difference that was worked out when the live database had ``version``.

    Waits for the lock, then changes, counts, checks references and commits; whatever fails before
    the commit undoes all of it. Raises sqlite3.Error, AccountingMismatch, CannotRemove, RowsRefused,
    UnknownSchema, Cancelled.

    :param renew: works the difference out again, and whatever else depends on the database, while the lock keeps
        the app from writing; without it, :class:`Outdated` is raised if the app wrote in between.
    """
    retrying(connection, "BEGIN IMMEDIATE", progress)
    try:
        with progress.watching(connection):
            if data_version(connection) != version:
                if renew is None:
                    raise Outdated
                renew()
            if plan.verbatim:
                with set_aside(connection, plan):
                    _carry_out(Ledger(connection, plan), plan, progress)
            else:
                _carry_out_past_triggers(connection, plan, progress)
            _check_references(connection, plan)
        # From here on a cancel comes too late: the commit decides.
        retrying(connection, "COMMIT", Progress())
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has changed the live database."""
    version: int = connection.execute("PRAGMA main.data_version").fetchone()[0]
    return version


def _carry_out_past_triggers(connection: sqlite3.Connection, plan: Plan, progress: Progress) -> None:
    """As the database's triggers would have it; without those that are in the way of what the backup says, if any."""
    plan.not_run = frozenset()
    ledger = Ledger(connection, plan)
    if not has_triggers(connection):
        _carry_out(ledger, plan, progress)
        return
    connection.execute("SAVEPOINT honouring")
    try:
        _carry_out(ledger, plan, progress)
    except (AccountingMismatch, RowsRefused):
        if not connection.in_transaction:
            raise
        aside = in_the_way(connection, plan, ledger.meddling)
        if not aside:
            raise
        connection.execute("ROLLBACK TO honouring")
        with set_aside(connection, plan, aside):
            _carry_out(Ledger(connection, plan), plan, progress.quietly())
        plan.not_run = aside
    connection.execute("RELEASE honouring")


def _carry_out(ledger: Ledger, plan: Plan, progress: Progress) -> None:
    try:
        _change(ledger, plan, progress)
        ledger.balance()
    finally:
        ledger.close()


def _change(ledger: Ledger, plan: Plan, progress: Progress) -> None:
    """Removals first: a unique value must be free before its next owner comes.

    Rows go before those that they refer to, and come after them: where a trigger watches over a reference as a foreign
    key would, it finds nothing to do.
    """
    order, incoming = parents_first(plan.live), set(plan.incoming())
    for name in reversed(order):
        with _naming_table(name, "removed"):
            _remove(ledger, plan, name)
    for (name, column), rows in plan.untied.items():
        with _naming_table(name, "changed"):
            _clear(ledger, plan, name, column, rows)
    for name in filter(incoming.__contains__, order):
        with _naming_table(name, "changed"):
            _update(ledger, plan, name)
            _add(ledger, plan, name)
        progress.advance(plan.stage.tables[name].rows)


def _remove(ledger: Ledger, plan: Plan, name: str) -> None:
    account = plan.accounts.get(name)
    if account is None or not account.removed:
        return
    # Without a condition SQLite lets go of whole pages, where it would take row by row out of every index.
    some = f" WHERE ({_locator(plan.live[name])}) IN (SELECT * FROM {gone_of(name)})"
    condition = "" if account.removed == plan.before[name] else some
    removed = ledger.change(f"DELETE FROM main.{quote(name)}{condition}")
    ledger.expect(removed, account.removed, f"{name}: rows removed")


def _clear(ledger: Ledger, plan: Plan, name: str, column: str, rows: int) -> None:
    locator = _locator(plan.live[name])
    cleared = ledger.change(
        f"UPDATE main.{quote(name)} SET {quote(column)} = NULL"
        f" WHERE ({locator}) IN (SELECT * FROM {untied_of(name, column)})"
    )
    ledger.expect(cleared, rows, f"{name}: rows that lose {column}")


def _update(ledger: Ledger, plan: Plan, name: str) -> None:
    account = plan.accounts[name]
    if not account.updated:
        return
    live = plan.live[name]
    _vacate_unique_values(ledger, plan, live)
    key = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in live.key)
    updated = 0
    for shape, number in plan.stage.tables[name].shapes.items():
        columns = [column for column in plan.columns(name, shape) if column in plan.changed[name]]
        if not columns:
            continue
        values = ", ".join(f"{quote(column)} = s.{quote(column)}" for column in columns)
        sql = (
            f"UPDATE main.{quote(name)} AS m SET {values} FROM {_planned(name, UPDATE)}"
            f" AND s.{quote(SHAPE)} = ? AND {key}"
        )
        with _naming_rows(ledger, plan, name, UPDATE, number, f"{sql} AND s.{quote(ROW)} = ?"):
            updated += ledger.change(sql, (number,))
    ledger.expect(updated, account.updated, f"{name}: rows updated")


def _vacate_unique_values(ledger: Ledger, plan: Plan, live: TableSchema) -> None:
    """Two rows that swap a unique value would collide half-way: rows to be updated give theirs up first."""
    key = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in live.key)
    for unique in (*live.unique, *live.partly_unique):
        for shape, number in plan.stage.tables[live.name].shapes.items():
            # Only a value that another one takes the place of right after.
            taken = plan.changed[live.name] & set(shape) - set(live.key)
            column = next((column for column in unique if column in taken), None)
            if column is None:
                continue
            # NULLs never collide; else a number that fits every type, and REAL to the digit.
            nothing = f"-4503599627370496 - s.{quote(ROW)}" if column in live.not_null else "NULL"
            with ledger.heeding_no_checks():
                ledger.change(
                    f"UPDATE main.{quote(live.name)} AS m SET {quote(column)} = {nothing}"
                    f" FROM {_planned(live.name, UPDATE)} AND s.{quote(SHAPE)} = ? AND {key}",
                    (number,),
                )


def _add(ledger: Ledger, plan: Plan, name: str) -> None:
    account = plan.accounts[name]
    if not account.added:
        return
    if name in plan.built and plan.fills(name):
        # Nothing but this very form moves records whole, and indexes in their order.
        moved = ledger.change(f"INSERT INTO main.{quote(name)} SELECT * FROM built.{quote(name)}")
        ledger.expect(moved, account.added, f"{name}: rows added")
        return
    added = 0
    for shape, number in plan.stage.tables[name].shapes.items():
        columns = plan.columns(name, shape)
        # A record without any column that the target has still is a row: of defaults.
        listed = ", ".join(map(quote, columns)) or _locator(plan.live[name])
        values = ", ".join(f"s.{quote(column)}" for column in columns) or "NULL"
        sql = (
            f"INSERT INTO main.{quote(name)} ({listed}) SELECT {values} FROM {_planned(name, ADD)}"
            f" AND s.{quote(SHAPE)} = ?"
        )
        with _naming_rows(ledger, plan, name, ADD, number, f"{sql} AND s.{quote(ROW)} = ?"):
            added += ledger.change(f"{sql} ORDER BY s.{quote(ROW)}", (number,))
    ledger.expect(added, account.added, f"{name}: rows added")


@contextmanager
def _naming_table(name: str, what: str) -> Iterator[None]:
    """Say of a trigger or a constraint that keeps rows from going, or changing, which table's these are.

    Raises RowsRefused.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        refused: dict[str, object] = {"table": name, "reason": str(error), "rows": None, "ids": []}
        raise RowsRefused(detail=f"that rows of {name} are {what} ({error})", refused=[refused]) from error


@contextmanager
def _naming_rows(ledger: Ledger, plan: Plan, name: str, action: int, shape: int, one: str) -> Iterator[None]:
    """Say of a constraint that refuses rows which rows these are. Raises RowsRefused."""
    try:
        # Rows that came before a RAISE(FAIL) would stay, and be in the way of themselves when they are tried again.
        with all_or_nothing(ledger.connection):
            yield
    except sqlite3.IntegrityError as error:
        raise refusal(ledger.connection, plan, name, action, shape, one, error) from error


def _planned(name: str, action: int) -> str:
    """FROM and WHERE for the staged rows (``s``) with an action."""
    row = quote(ROW)
    return f"stage.{quote(name)} s JOIN {plan_of(name)} p ON p.row = s.{row} WHERE p.action = {action}"


def _check_references(connection: sqlite3.Connection, plan: Plan) -> None:
    """No reference leads nowhere that did not before, here or in the database the backup was made from."""
    for name, broken in plan.broken_references(connection).items():
        staged = plan.stage.tables.get(name)
        allowed = plan.broken.get(name, 0) + (staged.dangling if staged else 0)
        if broken > allowed:
            ours = staged is not None and staged.carried
            raise leading_nowhere(connection, plan.live, name, broken, allowed, ours)


def _locator(live: TableSchema) -> str:
    return ", ".join(map(quote, live.locator))
