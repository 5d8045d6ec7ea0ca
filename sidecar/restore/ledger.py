"""The account of an import, kept while its rows change and balanced inside the transaction.

Every row that an import means to change is counted by the statement that changes it; what it did not
mean to is found by what SQLite counts besides, triggers included. Whatever does not balance undoes all of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sidecar.database.introspection import folded, quote
from sidecar.errors.jobs import AccountingMismatch
from sidecar.restore.plan import Plan
from sidecar.results import TableAccount

_WRITING = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}


class Tally:
    """Counts the rows that change within a transaction on ``connection``, on purpose and besides; closed by ``close``.

    ``meddling``: the triggers that wrote into such tables.

    :param ordinary: the tables whose rows nobody else is to change.
    """

    def __init__(self, connection: sqlite3.Connection, ordinary: Iterable[str]) -> None:
        self.connection = connection
        self._meant = 0
        self._before = connection.total_changes
        self.meddling: set[str] = set()
        self._running: set[str] = set()
        self._ordinary = set(map(folded, ordinary))
        connection.set_authorizer(self._note)

    def close(self) -> None:
        """Look at no further statement."""
        self.connection.set_authorizer(None)

    def change(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Carry out one statement that changes rows on purpose; answers how many it changed itself."""
        changed = max(self.connection.execute(sql, arguments).rowcount, 0)
        self._meant += changed
        return changed

    def expect(self, counted: int, expected: int, what: str) -> None:
        """Raise AccountingMismatch unless the two are the same."""
        if counted != expected:
            raise self._mismatch(f"{what}: {counted:,} instead of {expected:,}")

    def require_nothing_besides(self) -> None:
        """Raise AccountingMismatch if a trigger has changed rows."""
        if self.meddling:
            self.expect(self.connection.total_changes - self._before, self._meant, "rows changed in all")

    def _note(self, action: int, table: str | None, _: str | None, database: str | None, trigger: str | None) -> int:
        """Asked by SQLite about each part of a statement, those of triggers included."""
        if trigger is not None:
            self._running.add(trigger)
        ordinary = database == "main" and table is not None and folded(table) in self._ordinary
        if trigger is not None and action in _WRITING and ordinary:
            # What a trigger writes elsewhere, such as into a search index, is the database's own affair.
            self.meddling.add(trigger)
        return sqlite3.SQLITE_OK

    def _mismatch(self, what: str) -> AccountingMismatch:
        if self.meddling:
            return AccountingMismatch(detail=f"{what}; triggers of the database change rows: {_few(self.meddling)}")
        if self._running:
            # One that raises IGNORE says nothing, and keeps a row as it is.
            return AccountingMismatch(detail=f"{what}; triggers of the database take part: {_few(self._running)}")
        if yielding := self._yielding():
            detail = f"{what}; the database leaves rows out, or replaces them, by its own rules on {_few(yielding)}"
            return AccountingMismatch(detail=detail)
        return AccountingMismatch(detail=f"{what}; please report this")

    def _yielding(self) -> set[str]:
        """Tables that settle conflicts by themselves: ON CONFLICT IGNORE, or REPLACE."""
        made = self.connection.execute("SELECT name FROM main.sqlite_master WHERE sql LIKE '%ON CONFLICT%'")
        return {name for (name,) in made}


def _few(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:3])


class Ledger(Tally):
    """The tally of an import, held against its plan; closed by ``balance``, or by ``close``."""

    def __init__(self, connection: sqlite3.Connection, plan: Plan) -> None:
        super().__init__(connection, plan.live)
        self._difference = plan

    @contextmanager
    def heeding_no_checks(self) -> Iterator[None]:
        """Within, a value that is there for a moment only need not keep to the CHECKs of its table."""
        pragma = "ignore_check_constraints"
        (ignored,) = self.connection.execute(f"PRAGMA {pragma}").fetchone()
        self.connection.execute(f"PRAGMA {pragma} = ON")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA {pragma} = {ignored}")

    def balance(self) -> None:
        """Raise AccountingMismatch unless all rows are accounted for, in answer and database."""
        self.close()
        for name, account in self._difference.accounts.items():
            self._require_fates(name, account)
        for name, before in self._difference.before.items():
            account = self._difference.accounts.get(name, TableAccount())
            self.expect(self._held(name), before - account.removed + account.added, f"{name}: rows in the end")
        self.require_nothing_besides()

    def _held(self, name: str) -> int:
        counted = f"SELECT count(*) FROM main.{quote(name)}"
        try:
            # The smallest index will do: much less is read within the transaction.
            return int(self.connection.execute(counted).fetchone()[0])
        except sqlite3.OperationalError:
            # An index in an order that only a newer app knows: had its table been changed, that would have failed.
            return int(self.connection.execute(f"{counted} NOT INDEXED").fetchone()[0])

    def _require_fates(self, name: str, account: TableAccount) -> None:
        fates = account.added + account.updated + account.unchanged + sum(account.left_out.values())
        self.expect(fates, account.read + account.repaired, f"{name}: fates of its records")
        counts = (account.read, account.added, account.updated, account.unchanged, account.repaired, account.kept)
        if min(*counts, account.removed, account.untied, *account.left_out.values(), 0) < 0:
            raise self._mismatch(f"{name}: a count below zero")
