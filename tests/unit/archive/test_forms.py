"""How a value looks in the archive, and what says the values that a record cannot."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from sidecar.archive.forms import ExactCell, Stored, column_form, exact_cell, filler, stored_value, value_form
from sidecar.database.models import KNOWN


@pytest.mark.parametrize(
    ("column", "values", "archived"),
    [
        ("title", ["a", "b\x00", ""], ["a", "b\x00", ""]),
        ("is_periodic_instance", [0, 1], [False, True]),
        ("due_date", ["2025-01-02T03:04:05.5+00:00", None], ["2025-01-02T03:04:05.5Z", None]),
        ("priority", [1, -(2**63)], [1, -(2**63)]),
        ("colour", ["x", 1, 1.5, None], ["x", 1, 1.5, None]),
        # Each of these needs a look at every single value.
        ("title", ["a", 7], None),
        ("title", ["a", b"b"], None),
        ("title", ["a", None], None),
        ("is_periodic_instance", [0, 2], None),
        ("is_periodic_instance", [0, 1.0], None),
        ("is_periodic_instance", [0, None], None),
        ("due_date", ["2025-01-02 03:04:05"], None),
        ("due_date", [7], None),
        ("priority", [1.5], None),
        ("priority", ["high"], None),
        ("colour", [math.inf], None),
        ("colour", [b""], None),
    ],
)
def test_a_column_is_turned_at_once_if_all_its_values_come_back(
    column: str, values: list[Any], archived: list[Any] | None
) -> None:
    turned = column_form("tasks", column)(values)
    assert (None if turned is None else list(turned)) == archived


def test_tables_beyond_the_contract_are_written_as_they_are_stored() -> None:
    for column in ("created_at", "title", "unheard_of"):
        assert column_form("threads", column)(["soon", 1, 2.5, None]) == ["soon", 1, 2.5, None]
        assert column_form("unheard_of", column)([0, 1]) == [0, 1]


@pytest.mark.parametrize(
    ("column", "stored", "form"),
    [
        ("title", ("text", b"a"), ("a", True)),
        ("title", ("text", b"\xff"), ("�", False)),
        ("title", ("blob", b"a"), ("a", False)),
        ("title", ("integer", 7), ("7", False)),
        ("title", ("null", None), ("", False)),
        ("description", ("null", None), (None, True)),
        ("priority", ("real", 1.5), (1, False)),
        ("priority", ("null", None), (1, False)),
        ("status", ("null", None), ("pending", False)),
        ("is_periodic_instance", ("integer", 2), (False, False)),
        ("due_date", ("text", b"soon"), (None, False)),
        ("created_at", ("blob", b"\x00"), ("2025-01-02T03:04:05Z", False)),
        ("colour", ("blob", b"a"), (None, False)),
        ("colour", ("real", math.inf), (None, False)),
    ],
)
def test_what_a_record_cannot_say_is_shown_to_the_app_as_something_it_can_read(
    column: str, stored: Stored, form: tuple[Any, bool]
) -> None:
    siblings: dict[str, Stored] = {"updated_at": ("text", b"2025-01-02 03:04:05")}
    assert value_form("tasks", column, stored, siblings) == form


def test_a_missing_time_is_shown_as_the_next_best_of_the_row() -> None:
    created = KNOWN["time_sessions"]["created_at"]
    start: Stored = ("text", b"2024-01-01T00:00:00+00:00")
    assert filler(created, {"start_time": start}) == "2024-01-01T00:00:00Z"
    assert filler(created, {"start_time": start, "updated_at": ("text", b"2025-01-01T00:00:00Z")}) == (
        "2025-01-01T00:00:00Z"
    )
    assert filler(created, {"start_time": ("null", None)}) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "stored",
    [
        ("null", None), ("integer", -(2**63)), ("integer", 2**63 - 1), ("real", 1.0), ("real", -0.0), ("real", 5e-324),
        ("real", math.inf), ("real", -math.inf), ("real", 1e22), ("text", b""), ("text", b"a\x00b"), ("text", b"\xff"),
        ("text", "\u2028".encode()), ("blob", b""), ("blob", b"\x00\xff"),
    ],
)  # fmt: skip
def test_an_exact_value_survives_the_way_through_json(stored: Stored) -> None:
    storage, raw = stored
    cell = exact_cell("tasks", 0, "a", "title", stored)
    back = msgspec.json.decode(msgspec.json.encode(cell), type=ExactCell)
    assert (back.table, back.row, back.id, back.column, back.storage) == ("tasks", 0, "a", "title", storage)
    found = stored_value(back)
    found = found.encode() if storage == "text" and isinstance(found, str) else found
    assert (type(found), repr(found)) == (type(raw), repr(raw))


@pytest.mark.parametrize(
    "cell",
    [
        ExactCell("t", 0, None, "c", "integer", "7"),
        ExactCell("t", 0, None, "c", "integer", 7.0),
        ExactCell("t", 0, None, "c", "text", 7),
        ExactCell("t", 0, None, "c", "null", "x"),
        ExactCell("t", 0, None, "c", "blob", "x"),
        ExactCell("t", 0, None, "c", "blob"),
        ExactCell("t", 0, None, "c", "real", "NaN"),
        ExactCell("t", 0, None, "c", "date", "x"),
        ExactCell("t", 0, None, "c", "blob", None, "***"),
        ExactCell("t", 0, None, "c", "integer", None, "AAAA"),
        ExactCell("t", 0, None, "c", "null", None, "AAAA"),
        ExactCell("t", 0, None, "c", "text", "x", "AAAA"),
    ],
)
def test_an_exact_value_that_contradicts_itself_is_refused(cell: ExactCell) -> None:
    with pytest.raises(ValueError, match=r"."):
        stored_value(cell)
