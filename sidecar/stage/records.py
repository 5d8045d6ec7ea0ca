"""Records of an archive -> rows as the database stores them, with every problem noted.

A batch whose records all have the same keys and the expected types is decoded by msgspec at
once and turned column by column; any other is looked at record by record, so that each
problem is reported with its index. Knows the contract's types, not where rows go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.archive.forms import Int64, Scalar, as_whole
from sidecar.archive.timestamps import is_moment, odd_to_stored, to_stored, to_utc
from sidecar.database.models import CONTRACT, KNOWN, Column, Reference
from sidecar.database.spelling import known_columns, known_table
from sidecar.errors.backups import DamagedBackup, LimitExceeded
from sidecar.json_wording import in_words
from sidecar.stage.problems import Problems

_SHAPES_KEPT = 50
"""Sets of keys with a decoder of their own; records with any other are looked at one by one."""

_SCALAR = str | Int64 | float | bool | None
_TYPES: dict[str, Any] = {
    "text": str,
    "json": str,
    "timestamp": str,
    "boolean": bool,
    "integer": Int64,
    "double": float,
}
_NAMES = {
    "text": "text",
    "json": "text",
    "timestamp": "a time such as 2026-11-22T16:07:21Z",
    "boolean": "true or false",
    "integer": "a whole number",
    "double": "a number",
}

_raws = msgspec.json.Decoder(list[msgspec.Raw])

SINGULAR = {
    "tasks": "task",
    "time_sessions": "time session",
    "ai_interactions": "AI interaction",
    "task_dependencies": "task dependency",
    "periodic_task_templates": "periodic task template",
    "task_lists": "task list",
    "threads": "thread",
    "thread_messages": "thread message",
    "focus_sessions": "focus session",
    "productivity_patterns": "productivity pattern",
    "ai_suggestions": "AI suggestion",
    "ai_interaction_logs": "log entry",
    "tool_execution_logs": "tool call",
}
"""Table -> what one of its rows is called in a message; other tables are named as they are."""


def singular(table: str) -> str:
    """What to call one row of a table, in the middle of a sentence."""
    return SINGULAR.get(table, f"{table} record")


def named(table: str) -> str:
    """The same at the start of a sentence."""
    name = singular(table)
    return name[0].upper() + name[1:]


@dataclass(frozen=True)
class Rows:
    """Rows with the same columns, ready to be stored: ``indexes`` of their records, ``values`` column by column."""

    columns: tuple[str, ...]
    indexes: Sequence[int]
    values: Sequence[Sequence[Scalar]]


@dataclass(frozen=True)
class _Shape:
    """A set of keys, a decoder for records that have just these, and which of them are filler."""

    keys: tuple[str, ...]
    decoder: msgspec.json.Decoder[list[Any]] | None
    real: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """A batch that is JSON: either typed records of one shape, or raw ones to be looked at one by one."""

    shape: _Shape | None
    records: list[Any]
    body: bytes


class RecordReader:
    """Reads the records of one table.

    :param columns: the source's columns as its manifest names them; other keys are filler for the
        shipped app. None without a manifest: then every key is a column. Rows name them as KiraPilot does.
    """

    def __init__(self, table: str, columns: Mapping[str, str] | None, problems: Problems) -> None:
        self.table = table
        self._columns = columns
        self._spelled = known_columns(known_table(table), columns or ())
        self._problems = problems
        self._fields: Mapping[str, Column | Reference] = KNOWN[table] if table in CONTRACT else {}
        self._shape: _Shape | None = None
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._seen: set[str] = set()
        self._none = 0
        self.count = 0

    def decode(self, body: bytes) -> Batch:
        """One batch, without side effects. Raises msgspec.DecodeError for what is not JSON."""
        if self._shape is not None and self._shape.decoder is not None:
            try:
                return Batch(self._shape, self._shape.decoder.decode(body), body)
            except msgspec.DecodeError:
                pass  # not as expected, if it is JSON at all: looked at below
        records = _raws.decode(body)
        shape = self._shape_of(records[0]) if records else None
        if shape is not None and shape is not self._shape and shape.decoder is not None:
            try:
                return Batch(shape, shape.decoder.decode(body), body)
            except msgspec.DecodeError:
                pass
        return Batch(None, records, body)

    def rows(self, batch: Batch) -> Iterator[Rows]:
        """The rows of a batch; problems are noted. Raises LimitExceeded."""
        columns = self._fast(batch)
        if columns is not None and batch.shape is not None:
            self._shape = batch.shape
            names = self._names(batch.shape.keys[index] for index in batch.shape.real)
            indexes = range(self.count, self.count + len(batch.records))
            yield Rows(names, indexes, columns)
        else:
            yield from self._one_by_one(_raws.decode(batch.body))
        self.count += len(batch.records)

    def _fast(self, batch: Batch) -> list[Sequence[Scalar]] | None:
        shape = batch.shape
        if shape is None:
            return None
        columns: list[Sequence[Scalar]] = list(zip(*map(msgspec.structs.astuple, batch.records), strict=True))
        stored: list[Sequence[Scalar]] = []
        for index in shape.real:
            field = self._fields.get(shape.keys[index])
            column: Any = columns[index]
            if field is not None and field.kind == "timestamp":
                column = to_stored(column)
            if column is None:
                return None
            stored.append(column)
        return stored or None

    def _one_by_one(self, records: list[msgspec.Raw]) -> Iterator[Rows]:
        for index, raw in enumerate(records, self.count):
            row = self._one(raw, index)
            if self._none > limits.MAX_NO_RECORDS:
                raise DamagedBackup(detail=f"more than {limits.MAX_NO_RECORDS:,} records of {self.table} are none")
            yield Rows(self._names(row), (index,), [(value,) for value in row.values()])

    def _names(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._spelled.get(key, key) for key in keys)

    def _one(self, raw: msgspec.Raw, index: int) -> dict[str, Scalar]:
        try:
            record = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError as error:
            self._none += 1
            self._invalid(index, None, None, in_words(error))
            return {}
        except RecursionError as error:
            raise LimitExceeded(detail=f"a {singular(self.table)} is nested too deeply") from error
        self._note(record)
        self._none += not record
        row_id = record.get("id")
        row: dict[str, Scalar] = {}
        wrong = 0
        for key, value in record.items():
            if self._columns is None or key in self._columns:
                row[key] = self._value(key, value, index, row_id if isinstance(row_id, str) else None)
                wrong += row[key] is None and value is not None
        if not wrong:
            self._require(row, index)
        return row

    def _value(self, key: str, value: Any, index: int, row_id: str | None) -> Scalar:
        """The value to store; None, and a problem noted, for one that cannot be."""
        field = self._fields.get(key)
        if field is None and self._columns is None:
            # The app reads over what it does not know; whether there is a place for it is for the target to say.
            value = _as_text(value)
        elif field is not None and field.kind == "integer":
            value = as_whole(value)
        try:
            scalar: Scalar = msgspec.convert(value, _TYPES[field.kind] | None if field else _SCALAR)
        except msgspec.ValidationError:
            wanted = _NAMES[field.kind] if field else "text, a number, true, false or null"
            self._invalid(index, row_id, key, f"{key} must be {wanted}")
            return None
        if field is None or field.kind != "timestamp" or not isinstance(scalar, str):
            return scalar
        return to_utc(scalar) if is_moment(scalar) else self._odd_time(scalar, index, row_id, key)

    def _odd_time(self, text: str, index: int, row_id: str | None, column: str) -> str | None:
        """An unusual time as it is stored; None, and a problem noted, for what is no date at all."""
        where: dict[str, Any] = {"table": self.table, "row_id": row_id, "index": index, "column": column}
        stored = odd_to_stored(text)
        if stored is None:
            message = f"Invalid {singular(self.table)} data at index {index}: {column} is not {_NAMES['timestamp']}"
            self._problems.error("invalid_timestamp", message, **where)
        else:
            message = f"{named(self.table)} at index {index}: {column} is an unusual time (it is kept as it is)"
            self._problems.warning("odd_timestamp", message, **where)
        return stored

    def _require(self, row: dict[str, Scalar], index: int) -> None:
        """Note what must not be missing: NOT NULL without a default, or null where the app's model has no null."""
        for name, field in self._fields.items():
            if self._columns is not None and name not in self._columns:
                continue
            explicit = name in row and row[name] is None
            if (explicit and field.required) or (name not in row and field.required and field.default_sql is None):
                self._missing(row, index, name)

    def _missing(self, row: dict[str, Scalar], index: int, column: str) -> None:
        row_id = row.get("id")
        if self.table == "periodic_task_templates":
            message = f"Periodic task template at index {index} is missing required field: {column}"
        else:
            message = f"{named(self.table)} at index {index} is missing required fields: {column}"
        self._problems.error(
            "missing_field", message, table=self.table,
            row_id=row_id if isinstance(row_id, str) else None, index=index, column=column,
        )  # fmt: skip

    def _invalid(self, index: int, row_id: str | None, column: str | None, what: str) -> None:
        self._problems.error(
            "invalid_record", f"Invalid {singular(self.table)} data at index {index}: {what}",
            table=self.table, row_id=row_id, index=index, column=column,
        )  # fmt: skip

    def _note(self, keys: Collection[str]) -> None:
        """Raise LimitExceeded for keys that are too many or too long, taken with those of the records before."""
        if self._seen.issuperset(keys):
            return
        if len(keys) <= limits.MAX_RECORD_KEYS:
            self._seen.update(keys)
        if max(len(keys), len(self._seen)) > limits.MAX_RECORD_KEYS:
            raise LimitExceeded(
                detail=f"the records of {self.table} have more than {limits.MAX_RECORD_KEYS:,} different keys"
            )
        if max(map(len, keys)) > limits.MAX_NAME:
            raise LimitExceeded(
                detail=f"the records of {self.table} have keys of more than {limits.MAX_NAME:,} characters"
            )

    def _shape_of(self, raw: msgspec.Raw) -> _Shape | None:
        try:
            keys = tuple(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
        except msgspec.DecodeError:
            return None
        self._note(keys)
        if keys not in self._shapes:
            if len(self._shapes) >= _SHAPES_KEPT:
                return None
            self._shapes[keys] = self._new_shape(keys)
        return self._shapes[keys]

    def _new_shape(self, keys: tuple[str, ...]) -> _Shape:
        real = tuple(i for i, key in enumerate(keys) if self._columns is None or key in self._columns)
        complete = not any(
            field.required and field.default_sql is None and name not in keys
            for name, field in self._fields.items()
            if self._columns is None or name in self._columns
        )
        fields = tuple((key, self._type(key, i in real)) for i, key in enumerate(keys))
        return _Shape(keys, _decoder(fields) if complete else None, real)

    def _type(self, key: str, real: bool) -> Any:
        if not real:
            return msgspec.Raw
        field = self._fields.get(key)
        if field is None:
            return _SCALAR
        return _TYPES[field.kind] if field.required else _TYPES[field.kind] | None


def _as_text(value: Any) -> Any:
    """A list or an object as KiraPilot keeps them, as JSON; any other value as it is."""
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


@lru_cache(_SHAPES_KEPT)
def _decoder(fields: tuple[tuple[str, Any], ...]) -> msgspec.json.Decoder[list[Any]] | None:
    """For arrays of records that have just these keys, each of its type; kept, for it takes longer than a small table.

    None where a key is no field of a Struct: one with a quote, a backslash or a control character.
    """
    numbered = [(f"f{number}", kind) for number, (_, kind) in enumerate(fields)]
    spelled = {f"f{number}": key for number, (key, _) in enumerate(fields)}
    try:
        record = msgspec.defstruct("Record", numbered, rename=spelled, forbid_unknown_fields=True, gc=False)
    except ValueError:
        return None
    return msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
