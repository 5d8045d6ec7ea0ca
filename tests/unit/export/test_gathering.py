"""Records of a table: of any number of rows one array, however many are turned and handed over at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.export import gathering
from tests.support import archives
from tests.support.databases import execute, export, fresh


@pytest.mark.parametrize("most", [1, 20_000, gathering.BATCH_BYTES])
def test_every_row_of_a_large_table_is_a_record_in_its_order(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "BATCH_BYTES", most)
    rows = 3 * gathering.TURNED_ROWS + 1
    database = fresh(tmp_path)
    execute(
        database,
        f"WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
        " INSERT INTO tasks (id, title, created_at) SELECT 't' || i, 'Task ' || i, '2026-11-22T16:07:21+00:00' FROM n",
    )
    export(database, tmp_path / "b.kpbackup")
    entries = archives.entries_of(tmp_path / "b.kpbackup")
    for tasks in (json.loads(entries["tasks.json"]), json.loads(entries["data.json"])["tasks"]):
        assert [task["id"] for task in tasks] == [f"t{number}" for number in range(1, rows + 1)]
