"""A round trip that changes no byte, and the values that are hardest to bring through one."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from sidecar.database.models import CONTRACT, KNOWN
from tests.support.databases import assert_nothing_changes, assert_same, backup, copy_of, emptied, restore
from tests.support.shipped import entry

TIME = "2025-01-02T03:04:05+00:00"

NOT_UTF8 = b"caf\xe9 \xff\xed\xa0\x80"

TEXTS = [
    "", " ", "NULL", "null", "0", "-0.0", "1e5", "0x10", "\x00", "a\x00b", "".join(map(chr, range(32))), "\x7f\x80\x9f",
    "\u2028\u2029\u200b\u200d\ufeff", "\ufffe\uffff\U0010ffff", "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301é", "\"'\\`/<b>&amp;</b>", "\r\n\r", "x" * 100_000,
    "🌱" * 70_000, '{"a": [1, 2.0, "\\u0000"]}', "\\u0000", "]},{[",
]  # fmt: skip

NUMBERS: list[int | float] = [
    0, 1, 2, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 0.30000000000000004, 1.0, -0.0, 0.0, 5e-324, 1e308, 1e-7,
    1.7976931348623157e308, 123456789012345680.0, 1e16, 1e22, 9007199254740993.0, -9.223372036854775808e18,
    math.inf, -math.inf,
]  # fmt: skip

BLOBS = [b"", b"\x00", b"plain", b"\xff\xfe", bytes(range(256))]

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

APP_TYPES: dict[str, type] = {
    "text": str, "json": str, "timestamp": str, "boolean": bool, "integer": int, "double": float,
}  # fmt: skip


def round_trip(source: Path, folder: Path) -> Path:
    """The archive, after it was restored into an emptied copy, and merged into the source, without changing a byte."""
    archive = backup(source, folder / "b.kpbackup")
    device = emptied(copy_of(source, folder / "emptied"))
    restore(device, archive)
    assert_same(source, device)
    assert_nothing_changes(restore(device, archive))
    assert_same(source, device)
    assert_nothing_changes(restore(device, archive, overwrite=False))
    assert_same(source, device)
    return archive


def assert_the_shipped_app_can_read(archive: Path) -> None:
    """Every record of the contract has the types the app's model has, and the sections repeat data.json."""
    data = entry(archive, "data.json")
    for table in CONTRACT:
        assert entry(archive, f"{table}.json") == data[table]
        for record in data[table]:
            for name, field in KNOWN[table].items():
                _assert_of_type(record[name], field.kind, field.required)


def _assert_of_type(found: Any, kind: str, required: bool) -> None:
    if found is None:
        assert not required
        return
    assert type(found) is APP_TYPES[kind]
    assert kind != "timestamp" or RFC3339.fullmatch(str(found))
