"""How a stored value looks in the archive, and whether it will come back as it was.

Rows are turned a batch at a time, column by column, at the speed of C; a batch with any
surprise in it is turned again value by value. What the archive's form cannot say goes into
``exact.json`` as an :class:`ExactCell`.

Two kinds of table: those of the contract, whose records have the shipped app's types, and
all others, whose values are written as they are stored.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec

from sidecar.archive.timestamps import EPOCH, one_to_archive, to_archive, to_required_archive
from sidecar.database.models import CONTRACT, KNOWN, Column, Reference

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""SQLite's integers; msgspec decodes longer ones, which sqlite3 then refuses."""

Scalar = str | int | float | bool | None
Stored = tuple[str, Any]
"""A value with its storage class: ("text" and "blob", bytes), ("integer", int), ("real", float), ("null", None)."""


_EXACT = 2**53
"""Up to which a float tells all whole numbers apart."""


def as_whole(value: Any) -> Any:
    """A whole number that another program wrote as 1.0 or 1e0; any other value as it is.

    Beyond 2^53 nobody knows which whole number was meant.
    """
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT else value


class ExactCell(msgspec.Struct, omit_defaults=True):
    """One value that its record cannot say: ``row`` is the index of the record in the table's entry.

    ``storage`` is SQLite's storage class; the value stands in ``value`` or, for bytes (a blob,
    or text that is not UTF-8), in ``base64``; infinities are the strings "Infinity" and "-Infinity".
    ``id`` is for people.
    """

    table: str
    row: Int64
    id: str | None
    column: str
    storage: str
    value: str | Int64 | float | None = None
    base64: str | None = None


def exact_cell(table: str, row: int, row_id: str | None, column: str, stored: Stored) -> ExactCell:
    """The cell that brings ``stored`` back byte for byte."""
    storage, raw = stored
    cell = ExactCell(table, row, row_id, column, storage)
    if storage == "real":
        cell.value = raw if math.isfinite(raw) else ("Infinity" if raw > 0 else "-Infinity")
    elif storage == "text" and (text := _decoded(raw)) is not None:
        cell.value = text
    elif isinstance(raw, bytes):
        cell.base64 = base64.b64encode(raw).decode("ascii")
    else:
        cell.value = raw
    return cell


def stored_value(cell: ExactCell) -> Scalar | bytes:
    """The value to bind for a cell; text that is not UTF-8 comes as bytes, to be cast to TEXT.

    Raises ValueError for a cell that contradicts itself.
    """
    if cell.base64 is not None:
        if cell.storage not in ("blob", "text") or cell.value is not None:
            raise ValueError(f"a {cell.storage} cannot be bytes")
        try:
            return base64.b64decode(cell.base64, validate=True)
        except ValueError:
            raise ValueError("its bytes are not base64") from None
    value, storage = cell.value, cell.storage
    if storage == "real" and value in ("Infinity", "-Infinity"):
        return math.inf if value == "Infinity" else -math.inf
    if storage == "real" and isinstance(value, int):
        return float(value)
    expected = {"null": type(None), "text": str, "integer": int, "real": float}.get(storage)
    if expected is None or type(value) is not expected:
        raise ValueError(f"its value is not what a {storage} can be")
    return value


ColumnForm = Callable[[Sequence[Any]], Sequence[Scalar] | None]
"""A column of stored values in the archive's form, or None when one would not come back as it was."""


def column_form(table: str, column: str) -> ColumnForm:
    """How a whole column of a batch is written."""
    field = KNOWN[table].get(column) if table in CONTRACT else None
    if field is None:
        return _verbatim_column
    if leads_beyond_the_contract(field):
        return lambda values: values if set(values) <= {None} else None
    if field.kind == "timestamp":
        return to_required_archive if field.required else to_archive
    held_as, form = _CONTRACT_COLUMNS[field.kind]
    allowed = {held_as} if field.required else {held_as, type(None)}
    return lambda values: form(values) if allowed.issuperset(map(type, values)) else None


def _as_it_is(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _finite(values: Sequence[Any]) -> Sequence[Any] | None:
    return values if all(map(math.isfinite, (value for value in values if type(value) is float))) else None


def _verbatim_column(values: Sequence[Any]) -> Sequence[Scalar] | None:
    types = set(map(type, values))
    if not types <= {str, int, float, type(None)}:
        return None
    return _finite(values) if float in types else values


_BOOLEANS = {0: False, 1: True, None: None}


def _booleans(values: Sequence[Any]) -> Sequence[Scalar] | None:
    return [_BOOLEANS[value] for value in values] if set(values) <= _BOOLEANS.keys() else None


_CONTRACT_COLUMNS: dict[str, tuple[type, ColumnForm]] = {
    "text": (str, _as_it_is),
    "json": (str, _as_it_is),
    "boolean": (int, _booleans),
    "integer": (int, _as_it_is),
    "double": (float, _finite),
}
"""Kind of a column -> the type its values have, NULLs aside, and how they are written."""


def value_form(table: str, column: str, stored: Stored, siblings: dict[str, Stored]) -> tuple[Scalar, bool]:
    """One value in the archive's form, and whether it will come back as it was.

    :param siblings: the row's other values, for a creation time that is missing.
    """
    field = KNOWN[table].get(column) if table in CONTRACT else None
    if field is None:
        return _verbatim_value(stored)
    if leads_beyond_the_contract(field):
        return None, stored[0] == "null"
    value, faithful = _contract_value(field.kind, stored)
    if value is None and field.required:
        return filler(field, siblings), False
    return value, faithful


def leads_beyond_the_contract(field: Column | Reference) -> bool:
    """Whether the shipped app's import loses everything where a value leads nowhere: a template's task list.

    It restores the contract tables alone, after it has deleted what was there. A declared reference to any other
    table then breaks a foreign key on a device that has no such row, so it is null in the record.
    """
    return isinstance(field, Reference) and field.rel_model._meta.table_name not in CONTRACT


def filler(field: Column | Reference, siblings: dict[str, Stored]) -> Scalar:
    """What the shipped app is shown where its model allows no NULL: the column's SQL default.

    A missing creation time is shown as ``updated_at``, else ``start_time``, else 1970.
    """
    if field.kind == "timestamp":
        others = (_contract_value("timestamp", siblings[name])[0] for name in _ELSE_TIMES if name in siblings)
        return next((time for time in others if time), EPOCH)
    if field.default_sql is None:
        return {"integer": 0, "double": 0.0, "boolean": False}.get(field.kind, "")
    if field.kind == "boolean":
        return field.default_sql == "TRUE"
    return int(field.default_sql) if field.kind == "integer" else field.default_sql.strip("'")


_ELSE_TIMES = ("updated_at", "start_time")


def _verbatim_value(stored: Stored) -> tuple[Scalar, bool]:
    storage, raw = stored
    if storage == "text":
        text = _decoded(raw)
        return text, text is not None
    if storage == "real" and not math.isfinite(raw):
        return None, False
    return (None, False) if storage == "blob" else (raw, True)


def _contract_value(kind: str, stored: Stored) -> tuple[Scalar, bool]:
    storage, raw = stored
    if storage == "null":
        return None, True
    if kind in ("text", "json"):
        text = _decoded(raw) if storage == "text" else None
        return (text, True) if text is not None else (_readable(raw), False)
    if kind == "timestamp":
        text = _decoded(raw) if storage == "text" else None
        return one_to_archive(text) or (None, False) if text is not None else (None, False)
    if kind == "boolean":
        return (raw == 1, True) if storage == "integer" and raw in (0, 1) else (None, False)
    if kind == "integer":
        return (raw, True) if storage == "integer" else (None, False)
    return (raw, True) if storage == "real" and math.isfinite(raw) else (None, False)


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _readable(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
