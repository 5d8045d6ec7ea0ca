"""What exact.json can say to do harm: cells that fit nowhere, and one that is given twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup, InvalidBackup, LimitExceeded
from sidecar.errors.base import SidecarError
from tests.support.archives import Entries, resigned, write
from tests.support.databases import Contents, query
from tests.support.oracle import Device, judge
from tests.support.spoiling import Spoil, nested


def _cell(**changes: Any) -> dict[str, Any]:
    return {"table": "tasks", "row": 0, "id": None, "column": "title", "storage": "text", "value": "x"} | changes


def _exact(text: str | bytes) -> Spoil:
    data = text.encode() if isinstance(text, str) else text
    return lambda entries: resigned(entries | {"exact.json": data})


def _cells(*changes: dict[str, Any]) -> Spoil:
    return _exact(json.dumps([_cell(**change) for change in changes]))


EXACT: dict[str, tuple[Spoil, type[SidecarError]]] = {
    "no such table": (_cells({"table": "nowhere"}), InvalidBackup),
    "the schema": (_cells({"table": "sqlite_master"}), InvalidBackup),
    "a table of a megabyte's name": (_cells({"table": "t" * 1_000_000}), InvalidBackup),
    "no such column": (_cells({"column": "nothing"}), InvalidBackup),
    "the rowid": (_cells({"column": "rowid"}), InvalidBackup),
    "SQL for a column": (_cells({"column": 'title" = 1; --'}), InvalidBackup),
    "a row below the first": (_cells({"row": -1}), InvalidBackup),
    "a row beyond the last": (_cells({"row": 10**6}), InvalidBackup),
    "a row of 63 bits": (_cells({"row": 2**63 - 1}), InvalidBackup),
    "a row of 64 bits": (_cells({"row": 2**63}), DamagedBackup),
    "a row with a fraction": (_cells({"row": 0.5}), DamagedBackup),
    "a row that is true": (_cells({"row": True}), DamagedBackup),
    "no row": (_exact('[{"table": "tasks"}]'), DamagedBackup),
    "an unknown storage class": (_cells({"storage": "datetime"}), InvalidBackup),
    "a text called a number": (_cells({"storage": "integer"}), InvalidBackup),
    "a number of 64 bits": (_cells({"storage": "integer", "value": 2**63}), DamagedBackup),
    "a number without end": (_exact(json.dumps([_cell(value=7)]).replace("7", "1e999")), DamagedBackup),
    "base64 that is none": (_cells({"storage": "blob", "value": None, "base64": "!!!"}), InvalidBackup),
    "base64 that is not ASCII": (_cells({"storage": "blob", "value": None, "base64": "é==="}), InvalidBackup),
    "bytes and a value": (_cells({"storage": "blob", "base64": "AA=="}), InvalidBackup),
    "null where none may be": (_cells({"storage": "null", "value": None}), InvalidBackup),
    "one id in two rows": (_cells({"column": "id"}, {"column": "id", "row": 1}), InvalidBackup),
    "an object": (_exact("{}"), DamagedBackup),
    "nothing": (_exact(""), DamagedBackup),
    "nesting without end": (_exact("[" * 100_000), LimitExceeded),
    "nesting in a cell": (_exact(json.dumps([_cell(value=7)]).replace("7", nested(5000))), LimitExceeded),
    "UTF-16": (_exact(json.dumps([_cell()]).encode("utf-16")), DamagedBackup),
    "half a surrogate pair": (_cells({"value": "\ud800"}), DamagedBackup),
}  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", EXACT)
def test_cells_that_fit_nowhere_are_refused(kind: str, own: tuple[Entries, Contents], device: Device) -> None:
    spoil, error = EXACT[kind]
    write(device.archive, spoil(own[0]))
    judge(device, only=error)


def test_a_cell_given_twice_counts_as_the_last_says(own: tuple[Entries, Contents], device: Device) -> None:
    write(device.archive, _cells({}, {"value": "last"})(own[0]))
    assert judge(device) is None
    device.imported(device.archive)
    assert query(device.database, "SELECT count(*) FROM tasks WHERE title = 'last'") == [(0,)]
