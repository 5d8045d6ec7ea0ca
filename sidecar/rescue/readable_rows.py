"""Rows of a damaged table, around the pages that cannot be read.

A scan goes up to the first page that fails and down to the last one. What lies between is looked for by the row numbers
that an index of the table still lists, else by halving the range: both are bounded. No row is proved by being read.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from sidecar.database.introspection import TableSchema, quote
from sidecar.errors.base import Cancelled
from sidecar.progress import Progress

Row = tuple[Any, ...]
"""The rowid (None without one), then storage class and value of each column in turn: a text as its stored bytes."""

MOST_PROBES = 4_000
"""Ranges that are halved where no index tells which rows there are: a lost page has some dozens of rows."""

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_TOOBIG}

_MOST_ON_PAGE = 1_000
"""Rows of which more fit on no page of the app's databases."""

_Range = tuple[int, int]


class RowReader:
    """Reads one table of a private copy.

    ``read`` counts the rows handed out; ``lost`` those that an index lists besides, None where nothing tells.
    :param deadline: of ``time.monotonic``: rows that are not read by then are not looked for.
    """

    def __init__(
        self, connection: sqlite3.Connection, table: TableSchema, progress: Progress, deadline: float = float("inf")
    ) -> None:
        self._connection = connection
        self._table = table
        self._progress = progress
        self._deadline = deadline
        self._found: set[int] = set()
        self.read = 0
        self.lost: int | None = 0

    @property
    def is_late(self) -> bool:
        """Whether the time was over before the table was."""
        return time.monotonic() > self._deadline

    def rows(self) -> Iterator[Row]:
        """All rows that can be read, each once. Raises Cancelled."""
        for row in self._around() if self._table.rowid else self._by_key():
            self.read += 1
            yield row

    def _around(self) -> Iterator[Row]:
        left = yield from self._walk((_LOWEST, _HIGHEST))
        if left is not None:
            left = yield from self._walk(left, down=True)
        listed = self._listed()
        if listed is not None:
            missing = sorted(listed - self._found)
            yield from self._singly(missing)
            self.lost = len(listed - self._found)
        elif left is not None:
            self.lost = None
            yield from self._halving(self._likely(left))

    def _walk(self, within: _Range, down: bool = False) -> Generator[Row, None, _Range | None]:
        """The rows of a range; answers what is left of it before a page that cannot be read, None if nothing is."""
        low, high = within
        limit = -1
        while low <= high and not self.is_late:
            at = None
            try:
                for row in self._select(low, high, down, limit):
                    at = row[0]
                    if not low <= at <= high:
                        # A page that belongs elsewhere: SQLite does not look where its search has led it.
                        return low, high
                    low, high = (low, at - 1) if down else (at + 1, high)
                    self._found.add(at)
                    yield row
                    self._progress.check()
            except sqlite3.DatabaseError as error:
                require_damage(error)
                if limit == 1:
                    return low, high
                # The last row before the damage was lost with the step that failed: now one at a time.
                limit = 1
                continue
            if limit == -1 or at is None:
                return None
        return (low, high) if low <= high else None

    def _singly(self, rowids: Iterable[int]) -> Iterator[Row]:
        for rowid in rowids:
            if self.is_late:
                return
            yield from self._walk((rowid, rowid))

    def _halving(self, within: _Range) -> Iterator[Row]:
        ranges = deque([within])
        for _ in range(MOST_PROBES):
            if not ranges or self.is_late:
                return
            low, high = ranges.popleft()
            middle = (low + high) // 2
            for half in ((low, middle), (middle + 1, high)):
                rest = yield from self._walk(half)
                if rest is not None:
                    rest = yield from self._walk(rest, down=True)
                if rest is not None and rest[0] < rest[1]:
                    ranges.append(rest)

    def _likely(self, within: _Range) -> _Range:
        """Where rows may lie at all: SQLite numbers them from 1 on, and so many fit into the file."""
        (size,) = self._connection.execute("PRAGMA main.page_count").fetchone()
        beyond = max(self._found, default=0) + size * _MOST_ON_PAGE
        return max(within[0], 1), min(within[1], beyond)

    def _by_key(self) -> Iterator[Row]:
        """A table without rowids: from its beginning as far as it goes, since only its key tells its rows apart."""
        try:
            for row in self._connection.execute(f"SELECT NULL, {self._values()} FROM main.{self._name} NOT INDEXED"):
                yield row
                self._progress.check()
        except sqlite3.DatabaseError as error:
            require_damage(error)
            self.lost = None

    def _select(self, low: int, high: int, down: bool, limit: int) -> sqlite3.Cursor:
        rowid = self._table.rowid
        return self._connection.execute(
            f"SELECT {rowid}, {self._values()} FROM main.{self._name} NOT INDEXED"
            f" WHERE {rowid} >= ? AND {rowid} <= ? ORDER BY {rowid} {'DESC' if down else ''} LIMIT ?",
            (low, high, limit),
        )

    def _values(self) -> str:
        return ", ".join(
            f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
            for name in map(quote, self._table.columns)
        )

    @property
    def _name(self) -> str:
        return quote(self._table.name)

    def _listed(self) -> set[int] | None:
        """The row numbers that an index of all rows lists; None where none can be read to its end."""
        try:
            indexes = self._connection.execute(f"PRAGMA main.index_list({self._name})").fetchall()
        except sqlite3.DatabaseError as error:
            require_damage(error)
            return None
        for _, index, _, _, partial in indexes:
            if partial:
                continue
            try:
                listed = self._connection.execute(
                    f"SELECT {self._table.rowid} FROM main.{self._name} INDEXED BY {quote(index)}"
                )
                return {rowid for (rowid,) in listed}
            except sqlite3.DatabaseError as error:
                require_damage(error)
        return None


def require_damage(error: sqlite3.DatabaseError) -> None:
    """Raise what is no damage of the copy."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_INTERRUPT:
        raise Cancelled() from error
    if code & 0xFF not in _DAMAGE:
        raise error
