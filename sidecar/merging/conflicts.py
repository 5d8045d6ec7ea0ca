"""The conflicts of a merge: rows of one id that differ, numbered, and which of the two stays.

Numbers go by the names of the tables, and within one by the places of the records in the backup. They are those of
rows as backup and database have them: whatever is asked for, the same two have the same conflicts.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sidecar.database.introspection import Schema, quote
from sidecar.database.models import KNOWN, Column, Reference
from sidecar.merging.likeness import Likeness
from sidecar.merging.policy import BOTH_STAY, MINE, NEWER, THEIRS, OnConflict, Policies
from sidecar.progress import Progress
from sidecar.stage.stage import ROW, Stage

OWN, GIVEN, BOTH, KEPT, REFUSED = range(1, 6)
"""Whose row stays: the database's own; the one that the backup gives; both, which they do already if it is KEPT; the
database's own, since no second row can be."""

_STAYS: Mapping[OnConflict, int] = {MINE: OWN, THEIRS: GIVEN, BOTH_STAY: BOTH}

LISTS = "task_lists"

SESSIONS, RUNNING = "time_sessions", "is_active"
"""Timers, and whether one runs."""

TOUCHED = "updated_at"
"""Says when a row was last changed, in the tables that have it."""


def conflicts_of(table: str) -> str:
    """Conflicts of a table: "number" within it, "row" of the stage, "later", "stays", "tie".

    ``later`` is 1 where the backup's row was changed later, -1 where the database's was, 0 for one moment, NULL where
    neither tells of any. ``tie``: the later one was asked for, and there is none.
    """
    return f"plan.{quote('conflict ' + table)}"


@dataclass
class Conflicts:
    """The conflicts of one merge. ``counts`` has how many there are, for each table that has any; ``ties`` how many of
    these were settled by nothing but their content, ``refused`` of how many both were to be kept, and cannot be.
    """

    stage: Stage
    live: Schema
    policies: Policies
    mapped: Collection[int] = ()
    counts: dict[str, int] = field(default_factory=dict)
    ties: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def offset(self, table: str) -> int:
        """What is to be added to a number within a table."""
        return sum(count for name, count in self.counts.items() if name < table)

    def settle(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Number the conflicts, and say of each which row stays. Needs ``order_of``. Raises sqlite3.Error, NoSuchTable,
        Cancelled.

        The stage has been fitted to the target, but for what depends on who stays.
        """
        self.counts, self.ties, self.refused = {}, {}, {}
        self.policies.require_tables({*self.stage.tables, *self.live})
        tables = [
            Likeness(self.stage.tables[name], self.live[name])
            for name in sorted(self.stage.tables)
            if name in self.live and self.stage.tables[name].carried
        ]
        for table in tables:
            progress.check()
            if count := self._number(connection, table):
                self.counts[table.live.name] = count
        for table in tables:
            if table.live.name in self.counts:
                progress.check()
                self._choose(connection, table)

    def remarks(self) -> Iterator[str]:
        """What is said of those that nothing but their content settled, and of those of which both cannot stay."""
        for table, rows in self.ties.items():
            yield (
                f"{_differing(rows, table)}, and neither side is the later one: the same of the two stays on every"
                " device"
            )
        for table, rows in self.refused.items():
            yield f"{_differing(rows, table)}, and cannot stand twice: {'yours stays' if rows == 1 else 'yours stay'}"

    def digest(self, connection: sqlite3.Connection) -> str:
        """What tells these conflicts from others: which number is which record, and which of the two is later."""
        digest = hashlib.sha256()
        for name in self.counts:
            digest.update(f"{name}\n".encode("utf-8", "surrogatepass"))
            for row in connection.execute(f"SELECT number, row, later FROM {conflicts_of(name)} ORDER BY number"):
                digest.update(repr(row).encode())
        return digest.hexdigest()

    def _number(self, connection: sqlite3.Connection, table: Likeness) -> int:
        """Note the conflicts of a table, in which the database's rows stay as yet; answers how many there are."""
        name, conflicts = table.live.name, conflicts_of(table.live.name)
        connection.execute(f"DROP TABLE IF EXISTS {conflicts}")
        connection.execute(
            f"CREATE TABLE {conflicts} (number INTEGER PRIMARY KEY, row INTEGER NOT NULL UNIQUE, later INTEGER,"
            " stays INTEGER NOT NULL, tie INTEGER NOT NULL)"
        )
        return connection.execute(
            f"INSERT INTO {conflicts} (row, later, stays, tie) SELECT s.{quote(ROW)}, {_later(table)}, {OWN}, 0"
            f" FROM stage.{quote(name)} s CROSS JOIN main.{quote(name)} m ON {table.key()}"
            f" WHERE NOT ({table.all_same()}){self._without(name)} ORDER BY s.{quote(ROW)}"
        ).rowcount

    def _without(self, name: str) -> str:
        rows = ", ".join(map(str, self.mapped)) if name == LISTS else ""
        return f" AND s.{quote(ROW)} NOT IN ({rows})" if rows else ""

    def _choose(self, connection: sqlite3.Connection, table: Likeness) -> None:
        """Say which rows of a table stay: by what was asked for of it, and then of single ones."""
        name = table.live.name
        _apply(connection, table, self.policies.of(name), 1, self.counts[name])
        for first, last, keep in self.policies.within(self.offset(name), self.counts[name]):
            _apply(connection, table, keep, first, last)
        (ties,) = connection.execute(f"SELECT count(*) FROM {conflicts_of(name)} WHERE tie").fetchone()
        if ties:
            self.ties[name] = ties


def _differing(rows: int, table: str) -> str:
    return f"1 row of {table} differs" if rows == 1 else f"{rows:,} rows of {table} differ"


def _apply(connection: sqlite3.Connection, table: Likeness, policy: OnConflict, first: int, last: int) -> None:
    name, conflicts = table.live.name, conflicts_of(table.live.name)
    some = f"number BETWEEN {first} AND {last}"
    if policy != NEWER:
        connection.execute(f"UPDATE {conflicts} SET stays = {_STAYS[policy]}, tie = 0 WHERE {some}")
        return
    connection.execute(
        f"UPDATE {conflicts} SET stays = iif(later = 1, {GIVEN}, {OWN}), tie = coalesce(later, 0) = 0 WHERE {some}"
    )
    # Wherever the two meet, the same of them has to win: what they hold is all that tells them apart.
    connection.execute(
        f"UPDATE {conflicts} SET stays = {GIVEN} WHERE tie AND {some} AND row IN (SELECT s.{quote(ROW)}"
        f" FROM stage.{quote(name)} s CROSS JOIN main.{quote(name)} m ON {table.key()}"
        f" WHERE s.{quote(ROW)} IN (SELECT row FROM {conflicts} WHERE tie AND {some})"
        f" AND {_prevails(table)})"
    )


def _prevails(table: Likeness) -> str:
    """SQL: of two rows of one moment it is the backup's that stays, whichever of two devices asks."""
    content = f"{table.content('s')} > {table.content('m')}"
    if table.live.name != SESSIONS or RUNNING not in table.columns():
        return content
    # Where another timer runs, the one that stays is stopped: a device that stopped it would never let it run.
    runs = [f"{row}.{RUNNING} IS 1" for row in ("s", "m")]
    return f"(({runs[0]}) < ({runs[1]}) OR (({runs[0]}) = ({runs[1]}) AND {content}))"


def _later(table: Likeness) -> str:
    """SQL: which of the two rows is later, as "later" has it."""
    theirs, mine = _moment(table, "s"), _moment(table, "m")
    return (
        f"CASE WHEN {theirs} IS NULL AND {mine} IS NULL THEN NULL WHEN {theirs} IS {mine} THEN 0"
        f" WHEN {mine} IS NULL OR {theirs} > {mine} THEN 1 ELSE -1 END"
    )


def _moment(table: Likeness, row: str) -> str:
    """SQL: when a row was last changed; of a table that does not say so, the latest moment that the row tells of."""
    columns = table.columns()
    known = KNOWN.get(table.live.name, {})
    times = [TOUCHED] if TOUCHED in columns else [name for name in columns if name in known and _is_time(known[name])]
    if not times:
        return "NULL"
    moments = ", ".join(_order(f"{row}.{quote(column)}") for column in times)
    return f"nullif(max({moments}, ''), '')"


def _order(value: str) -> str:
    """SQL: what orders a time; an empty text for what is none, text in no encoding included."""
    return f"coalesce(iif(typeof({value}) = 'text', order_of(CAST({value} AS BLOB)), NULL), '')"


def _is_time(column: Column | Reference) -> bool:
    return column.kind == "timestamp"
