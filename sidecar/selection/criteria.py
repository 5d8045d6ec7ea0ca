"""Which rows of a pool are meant: each criterion as a condition of SQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from sidecar.database.introspection import Schema, quote
from sidecar.errors.backups import NoSuchRows, SelectionTurnedRound
from sidecar.selection.days import day_of
from sidecar.selection.pool import Pool, PoolTable
from sidecar.selection.request import Selection
from sidecar.selection.words import composed, folded, words_of

LISTS, TASKS = "task_lists", "tasks"

WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
"""A whole number as SQLite spells it, no longer than it holds any."""


_IDS, _LISTS = 'plan."named ids"', 'plan."named lists"'
"""Tables of one column, "value": what was named."""

_NAMED_IDS = f"SELECT value FROM {_IDS}"


def chosen_of(table: str) -> str:
    """Rows of the pool that are chosen: "row", and whether it was brought "along"."""
    return f"plan.{quote('chosen ' + table)}"


class Criteria:
    """A selection, held to one pool and one database. Raises NoSuchRows, SelectionTurnedRound."""

    def __init__(self, connection: sqlite3.Connection, pool: Pool, live: Schema, selection: Selection) -> None:
        self._connection = connection
        self._pool = pool
        self._live = live
        self._selection = selection
        if selection.since and selection.until and selection.since > selection.until:
            raise SelectionTurnedRound(detail=f"{selection.since} to {selection.until}")
        self._require_known(selection.tables or (), pool.types, "types")
        (self._encoding,) = connection.execute("PRAGMA main.encoding").fetchone()
        # Those that are spelled as whole numbers may be numbers, too.
        ids = selection.ids or ()
        self._note(_IDS, [*map(self._bytes, ids), *map(int, filter(WHOLE.fullmatch, ids))])
        if selection.lists is not None:
            self._note(_LISTS, self._found_lists(selection.lists))
        connection.create_function(
            "holds_text", 1, _text_test(selection.text or "", self._encoding), deterministic=True
        )

    def allows(self, table: str) -> bool:
        """Whether rows of a table may be chosen at all."""
        return self._selection.tables is None or table in self._selection.tables

    def choose(self, table: PoolTable) -> None:
        """Note the rows of a table that meet every criterion. Raises sqlite3.Error."""
        conditions = list(self._conditions(table)) if self.allows(table.name) else ["0"]
        where = " AND ".join(f"({one})" for one in conditions) or "1"
        self._connection.execute(
            f"INSERT INTO {chosen_of(table.name)} SELECT s.{table.row}, 0 FROM {table.source} s WHERE {where}"
        )

    def require_all_ids(self) -> None:
        """Raise NoSuchRows if an id that was named is in no table."""
        ids = self._selection.ids or ()
        # One question for each table: thousands may be named.
        found = {
            spelled
            for table in self._pool.filled()
            if ids and "id" in table.columns
            for (spelled,) in self._connection.execute(
                f"SELECT CAST(CAST(id AS TEXT) AS BLOB) FROM {table.source} WHERE id IN ({_NAMED_IDS})"
            )
        }
        there = {row_id for row_id in ids if self._bytes(row_id) in found}
        self._require_known(ids, there, "ids")

    def _conditions(self, table: PoolTable) -> Iterator[str]:
        columns = table.columns
        if self._selection.ids is not None:
            yield f"s.id IN ({_NAMED_IDS})" if "id" in columns else "0"
        if self._selection.lists is not None:
            yield self._in_lists(table, f"SELECT value FROM {_LISTS}")
        if self._selection.text is not None:
            words = (f"holds_text(CAST(s.{quote(column)} AS BLOB))" for column in words_of(table.name, columns))
            yield " OR ".join(words) or "0"
        if self._selection.since or self._selection.until:
            yield self._on_days(table)
        if self._selection.missing and table.name in self._live:
            key = self._live[table.name].key
            same = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in key)
            yield f"NOT EXISTS (SELECT 1 FROM main.{quote(table.name)} m WHERE {same})" if key else "1"

    def _in_lists(self, table: PoolTable, lists: str) -> str:
        of_tasks = f"SELECT t.id FROM {self._pool.tables[TASKS].source} t WHERE t.task_list_id IN ({lists})"
        if table.name == LISTS:
            return f"s.id IN ({lists})"
        if "task_list_id" in table.columns:
            return f"s.task_list_id IN ({lists})"
        return f"s.task_id IN ({of_tasks})" if "task_id" in table.columns else "0"

    def _on_days(self, table: PoolTable) -> str:
        day = day_of(table.columns, "s")
        if day is None:
            return "0"
        bounds = (("<=", self._selection.until), (">=", self._selection.since))
        return " AND ".join(f"{day} {sign} '{bound}'" for sign, bound in bounds if bound)

    def _found_lists(self, wanted: Sequence[str]) -> list[bytes]:
        """The ids of lists that were named, by the names that the backup or the database has for them.

        They are told by their bytes: neither name nor id need be text.
        """
        known: dict[str, set[bytes]] = {}
        for source, columns in self._of_lists():
            if {"id", "name"} <= set(columns):
                named = f"SELECT CAST(id AS BLOB), CAST(name AS BLOB) FROM {source} WHERE id IS NOT NULL"
                for list_id, name in self._connection.execute(named):
                    for text in (name, list_id):
                        known.setdefault(self._told(text), set()).add(list_id)
        if "task_list_id" in self._pool.columns_of(TASKS):
            # The app's own backups name lists by their ids and do not hold them.
            source = self._pool.tables[TASKS].source
            named = f"SELECT DISTINCT CAST(task_list_id AS BLOB) FROM {source} WHERE task_list_id IS NOT NULL"
            for (list_id,) in self._connection.execute(named):
                known.setdefault(self._told(list_id), set()).add(list_id)
        # A name that is there as it is typed means that one alone.
        alike: dict[str, set[bytes]] = {}
        for name, list_ids in known.items():
            alike.setdefault(composed(name), set()).update(list_ids)
        found = {name: known.get(name) or alike.get(composed(name), set()) for name in wanted}
        self._require_known(wanted, {*known, *(name for name in wanted if found[name])}, "task lists")
        return sorted({list_id for name in wanted for list_id in found[name]})

    def _of_lists(self) -> Iterator[tuple[str, Collection[str]]]:
        """Where the names of task lists stand, and the columns that are there."""
        if LISTS in self._pool.tables:
            yield self._pool.tables[LISTS].source, self._pool.columns_of(LISTS)
        if LISTS in self._live:
            yield f"main.{LISTS}", self._live[LISTS].columns

    def _require_known(self, wanted: Sequence[str], known: Collection[str], what: str) -> None:
        unknown = [name for name in dict.fromkeys(wanted) if name not in known]
        if unknown:
            told = [_with_those_meant(name, known) for name in unknown[:5]]
            raise NoSuchRows(detail=f"{what}: {', '.join(told)}{', ...' if len(unknown) > 5 else ''}")

    def _note(self, table: str, values: Iterable[bytes | int]) -> None:
        """Note texts and numbers in a table of "plan": thousands may be named, too many for the text of a statement.

        Texts by their bytes: what is asked for may hold NUL, or half a character. Its column has no type: they are
        compared as the column asks that they are held to.
        """
        # One transaction: each row would take its own.
        self._connection.execute("SAVEPOINT noting")
        self._connection.execute(f"CREATE TABLE {table} (value PRIMARY KEY) WITHOUT ROWID")
        typed = "iif(typeof(?1) = 'blob', CAST(?1 AS TEXT), ?1)"
        self._connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({typed})", ((value,) for value in values))
        self._connection.execute("RELEASE noting")

    def _told(self, value: bytes | None) -> str:
        """A text of the database, as it would be typed."""
        return (value or b"").decode(self._encoding, "surrogateescape" if self._encoding == "UTF-8" else "replace")

    def _bytes(self, value: str) -> bytes:
        """A text as the database has it."""
        return value.encode(self._encoding, "surrogatepass")


def _with_those_meant(name: str, known: Collection[str]) -> str:
    """A name that is not there, and those that are there and differ from it in capitals or spaces alone."""
    meant = sorted({other for other in known if folded(other).split() == folded(name).split()})
    return f"{name} (but {' and '.join(meant[:3])})" if meant else name


def _text_test(text: str, encoding: str) -> Callable[[object], bool]:
    """Whether a text, given by its bytes, holds another one: what is no text in its encoding can be searched too."""
    wanted = folded(text)

    def holds(value: object) -> bool:
        return isinstance(value, bytes) and wanted in folded(value.decode(encoding, "replace"))

    return holds
