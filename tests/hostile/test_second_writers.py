"""Backups that another program has read and written again: the same values in another spelling are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import InvalidBackup, InvalidMetadata, WouldLoseData
from tests.support.archives import SHIPPED, entries_of, write
from tests.support.databases import (
    assert_same,
    assert_same_contents,
    bring_in,
    contents,
    copy_of,
    execute,
    fresh,
    query,
    validate,
)

ORIGINAL = SHIPPED.with_suffix(".db")

_NUMBERS = rb'"(priority|order_num|time_estimate|actual_time|paused_time|\w+_count)": ?(-?\d+)'


def _rewritten(tmp_path: Path, change: Callable[[bytes], bytes]) -> Path:
    """A backup of the app's, each of its documents changed; those that say things twice are left out."""
    archive = tmp_path / "again.kpbackup"
    kept = ("metadata.json", "data.json")
    entries = {name: change(content) for name, content in entries_of(SHIPPED).items() if name in kept}
    write(archive, entries)
    return archive


def _changed(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    def changed(content: bytes) -> bytes:
        document = json.loads(content)
        if "tasks" in document:
            change(document)
        return json.dumps(document).encode()

    return _rewritten(tmp_path, changed)


@pytest.mark.parametrize("spelling", [rb'"\1": \2.0', rb'"\1": \2e0', rb'"\1": \2.000E+0'])
def test_whole_numbers_may_be_written_with_a_point_or_an_exponent(spelling: bytes, tmp_path: Path) -> None:
    archive = _rewritten(tmp_path, lambda content: re.sub(_NUMBERS, spelling, content))
    device = copy_of(ORIGINAL, tmp_path / "device")
    assert validate(device, archive).errors == []
    before = contents(device)
    execute(device, "UPDATE tasks SET priority = 77, order_num = -1", "DELETE FROM time_sessions")
    bring_in(device, archive)
    assert_same_contents(contents(device), before)


@pytest.mark.parametrize("value", ["12.5", '"12"', "9007199254740994.0", "true"])
def test_what_is_no_whole_number_is_no_count(value: str, tmp_path: Path) -> None:
    wrong = f'"task_count": {value}'.encode()
    archive = _rewritten(tmp_path, lambda content: re.sub(rb'"task_count": ?\d+', wrong, content))
    with pytest.raises(InvalidMetadata, match="task_count must be a whole number"):
        bring_in(fresh(tmp_path), archive)


def test_what_the_app_reads_over_is_a_loss_that_may_be_allowed(tmp_path: Path) -> None:
    """A key that nobody knows, whatever it holds: the app ignores it, and so may who says so."""

    def add(document: dict[str, Any]) -> None:
        for record in document["tasks"]:
            record |= {"colour": "red", "labels": [{"name": "x"}, None], "more": {}}

    archive = _changed(tmp_path, add)
    device = copy_of(ORIGINAL, tmp_path / "device")
    original = copy_of(ORIGINAL, tmp_path / "original")
    execute(device, "DELETE FROM tasks WHERE rowid > 3")
    before = contents(device)
    with pytest.raises(WouldLoseData, match=r"tasks\.colour"):
        bring_in(device, archive)
    assert_same_contents(contents(device), before)
    bring_in(device, archive, allow_loss=True)
    assert query(device, "SELECT count(*) FROM tasks") == query(original, "SELECT count(*) FROM tasks")


def test_a_list_has_a_place_as_json_where_the_database_has_such_a_column(tmp_path: Path) -> None:
    archive = _changed(
        tmp_path, lambda document: [record.update(labels=["ä", {"n": 1}]) for record in document["tasks"]]
    )
    device = copy_of(ORIGINAL, tmp_path / "device")
    execute(device, "ALTER TABLE tasks ADD COLUMN labels text")
    bring_in(device, archive)
    assert query(device, "SELECT DISTINCT labels FROM tasks") == [('["ä",{"n":1}]',)]


def test_a_number_beyond_all_bounds_is_said_so(tmp_path: Path) -> None:
    huge = b'"confidence": 1e999'
    archive = _rewritten(tmp_path, lambda content: re.sub(rb'"confidence": ?[\d.]+', huge, content, count=1))
    with pytest.raises(InvalidBackup, match="a number in it is larger than any number may be"):
        bring_in(fresh(tmp_path), archive)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_documents_in_utf_16_are_said_to_be(encoding: str, tmp_path: Path) -> None:
    archive = _rewritten(tmp_path, lambda content: f"\ufeff{content.decode()}".encode(encoding))
    device = fresh(tmp_path)
    with pytest.raises(InvalidMetadata, match="it is in UTF-16, and not in UTF-8"):
        bring_in(device, archive)
    assert_same(device, fresh(tmp_path, "again.db"))
