"""Rows of a snapshot -> JSON records, in batches, with constant memory.

Works on a private copy of the database: nothing here is ever near the live one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.archive.forms import ExactCell, Scalar, Stored, column_form, exact_cell, filler, value_form
from sidecar.database.introspection import UTF8, TableSchema, quote
from sidecar.database.models import CONTRACT, KNOWN
from sidecar.export.beyond import too_large

TURNED_ROWS = 200
"""Rows turned at once: so many that a call costs little, so few that they stay in the processor's cache."""

BATCH_BYTES = 2 << 20
"""Bytes of records handed over at a time: each batch makes the threads on both sides wait for each other a little."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Batch:
    """Some records of a table, as JSON, a comma before each."""

    body: memoryview
    rows: int


class Gatherer:
    """Reads one table of a snapshot.

    :param exact: called with each value that its record cannot say.
    :param substituted: counts, per (table, column), the NULLs that the shipped app is shown as something else.
    """

    def __init__(
        self,
        snapshot: sqlite3.Connection,
        table: TableSchema,
        exact: Callable[[ExactCell], object],
        substituted: Counter[tuple[str, str]],
    ) -> None:
        self._snapshot = snapshot
        self._table = table
        self._exact = exact
        self._substituted = substituted
        self._columns = list(table.columns)
        self._forms = [column_form(table.name, column) for column in self._columns]
        self._fillers = _fillers(table)
        self._keys = [*self._columns, *self._fillers]
        # The shipped app sorts the keys of a record; so do we, for those who compare.
        self._order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        self._record = _record_type([self._keys[index] for index in self._order])
        self._done = 0
        self._last: int | None = None
        self._encoding: str = snapshot.execute("PRAGMA main.encoding").fetchone()[0]

    def batches(self) -> Iterator[Batch]:
        """All rows, in the order of the table. Raises sqlite3.Error, BeyondFormat."""
        body = bytearray()
        begun = self._done
        for records in self._turned():
            start = len(body)
            _encoder.encode_into(records, body, -1)
            if len(body) - start > limits.MAX_RECORD_BYTES:
                self._require_readable(records)
            # One array after another in the same bytes: the brackets make way for commas.
            body[start] = ord(",")
            del body[-1]
            self._done += len(records)
            if len(body) >= BATCH_BYTES:
                yield Batch(memoryview(body), self._done - begun)
                body, begun = bytearray(), self._done
        if body:
            yield Batch(memoryview(body), self._done - begun)

    def _turned(self) -> Iterator[list[object]]:
        """All rows as records, some at a time."""
        if self._encoding != UTF8:
            # What is no text in UTF-16 would be turned into other text, and nobody the wiser.
            while records := list(self._one_by_one(TURNED_ROWS)):
                yield records
            return
        cursor: sqlite3.Cursor | None = None
        while True:
            cursor = cursor or self._select(map(quote, self._columns), -1)
            rows = _fetch(cursor)
            if rows is not None and not rows:
                return
            columns = self._convert(rows) if rows is not None else None
            if columns is not None and rows is not None:
                self._last = rows[-1][-1]
                yield self._records(columns)
            else:
                cursor = None
                yield list(self._one_by_one(len(rows) if rows is not None else TURNED_ROWS))

    def _select(self, expressions: Iterable[str], limit: int) -> sqlite3.Cursor:
        """The rows after those that are done; the last column is the rowid where there is one."""
        listed, name, rowid = ", ".join(expressions), quote(self._table.name), self._table.rowid
        if rowid is None:
            order = f"ORDER BY {_list(self._table.key)}" if self._table.key else ""
            sql = f"SELECT {listed}, NULL FROM {name} {order} LIMIT ? OFFSET ?"
            return self._snapshot.execute(sql, (limit, self._done))
        if self._last is None:
            return self._snapshot.execute(f"SELECT {listed}, {rowid} FROM {name} ORDER BY {rowid} LIMIT ?", (limit,))
        sql = f"SELECT {listed}, {rowid} FROM {name} WHERE {rowid} > ? ORDER BY {rowid} LIMIT ?"
        return self._snapshot.execute(sql, (self._last, limit))

    def _require_readable(self, records: list[object]) -> None:
        """Raise BeyondFormat for a record that no import would read."""
        for index, record in enumerate(records, self._done):
            size = len(_encoder.encode(record))
            if size > limits.MAX_RECORD_BYTES:
                raise too_large(self._snapshot, self._table, index, size)

    def _convert(self, rows: list[tuple[Any, ...]]) -> list[Sequence[Scalar]] | None:
        converted: list[Sequence[Scalar]] = []
        for form, column in zip(self._forms, zip(*rows, strict=True), strict=False):
            archived = form(column)
            if archived is None:
                return None
            converted.append(archived)
        return converted

    def _records(self, columns: list[Sequence[Scalar]]) -> list[object]:
        if not columns:
            return []
        every: list[Iterable[Scalar]] = [*columns, *(repeat(value) for value in self._fillers.values())]
        return list(map(self._record, *(every[index] for index in self._order)))

    def _one_by_one(self, limit: int) -> Iterator[object]:
        typed = (f"typeof({name}), {self._bytes_of(name)}" for name in map(quote, self._columns))
        self._snapshot.text_factory = bytes
        try:
            rows = self._select(typed, limit).fetchall()
        finally:
            self._snapshot.text_factory = str
        for index, row in enumerate(rows):
            stored = {
                column: (storage.decode("ascii"), self._as_utf8(storage, raw))
                for column, storage, raw in zip(self._columns, row[:-1:2], row[1:-1:2], strict=True)
            }
            yield self._one(stored, self._done + index)
        if rows:
            self._last = rows[-1][-1]

    def _bytes_of(self, name: str) -> str:
        """SQL for a value, a text as the bytes that are stored."""
        return (
            name
            if self._encoding == UTF8
            else f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        )

    def _as_utf8(self, storage: bytes, raw: Any) -> Any:
        """A text in UTF-8; a surrogate without its other half keeps its place, and is then none."""
        if storage != b"text" or self._encoding == UTF8:
            return raw
        return raw.decode(self._encoding, "surrogatepass").encode("utf-8", "surrogatepass")

    def _one(self, stored: dict[str, Stored], index: int) -> object:
        values: dict[str, Scalar] = {}
        unsaid: list[str] = []
        for column, value in stored.items():
            values[column], faithful = value_form(self._table.name, column, value, stored)
            if not faithful:
                unsaid.append(column)
        row_id = values.get("id")
        for column in unsaid:
            name = row_id if isinstance(row_id, str) else None
            self._exact(exact_cell(self._table.name, index, name, column, stored[column]))
            if stored[column][0] == "null":
                self._substituted[self._table.name, column] += 1
        values.update(self._fillers)
        return self._record(*(values[self._keys[index]] for index in self._order))


def _fetch(cursor: sqlite3.Cursor) -> list[tuple[Any, ...]] | None:
    """The next rows; None when a text among them is not UTF-8."""
    try:
        return cursor.fetchmany(TURNED_ROWS)
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        return None


def _fillers(table: TableSchema) -> dict[str, Scalar]:
    """Keys the shipped app insists on and an older database has no columns for."""
    if table.name not in CONTRACT:
        return {}
    known = KNOWN[table.name]
    return {name: filler(field, {}) for name, field in known.items() if field.required and name not in table.columns}


def _record_type(keys: list[str]) -> Callable[..., object]:
    """A maker of records with these keys, in this order, from values in the same order."""
    names = [f"f{index}" for index in range(len(keys))]
    try:
        return msgspec.defstruct("Record", names, rename=dict(zip(names, keys, strict=True)), gc=False)
    except ValueError:
        # A column name with a quote, a backslash or a control character is no key of a Struct.
        return lambda *values: dict(zip(keys, values, strict=True))


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(quote, columns))
