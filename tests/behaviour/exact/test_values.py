"""Every value comes back: texts, numbers, bytes, times, odd ids, and references that lead nowhere."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sidecar.database.models import KNOWN
from tests.conftest import EVERY_KIND, Copy
from tests.support.databases import (
    assert_nothing_changes,
    assert_same,
    backup,
    bring_in,
    contents,
    counts,
    execute,
    export,
    fresh,
    insert,
    opened,
    query,
    quoted,
    restore,
    value,
)
from tests.support.round_trips import BLOBS, NOT_UTF8, NUMBERS, TEXTS, TIME, assert_the_shipped_app_can_read, round_trip

TIMES = [
    "2025-01-02 03:04:05", "2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05.1+00:00", "2025-01-02T03:04:05.123+00:00",
    "2025-01-02T03:04:05.123000+00:00", "2025-01-02T03:04:05.123456+00:00", "2025-01-02T03:04:05.123456789+00:00",
    "2025-01-02T03:04:05.000000000+00:00", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05.5Z", "2025-01-02T03:04:05z",
    "2025-01-02t03:04:05+00:00", "2025-01-02 03:04:05+00:00", "2025-01-02 03:04:05.25", "2025-01-02T03:04:05-00:00",
    "2025-01-02T05:04:05.123456789+02:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999+00:00",
    "9999-12-31T23:59:59-12:00", "2025-02-30T00:00:00+00:00", "2025-01-02", "2025-01-02T03:04", "1735787045", "",
    "soon", "2025-01-02T03:04:05.+00:00", "2025-01-02T03:04:05.123456789123+00:00", "2025-12-31T23:59:60+00:00",
    "0000-01-01T00:00:00+00:00", "２０25-01-02T03:04:05+00:00", "2025-01-02T03:04:05+00:00 ",
    "2025-01-02T24:00:00+00:00",
    "-2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05+0000", "2025-01-02T03:04:05 +00:00",
]  # fmt: skip


@pytest.mark.slow
def test_every_text_comes_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    for index, text in enumerate(TEXTS):
        insert(source, "tasks", id=f"{index} {text}", title=text, description=text, tags=text, status=text)
        insert(source, "ai_interactions", id=str(index), message=text, response=text, reasoning=text, created_at=TIME)
        insert(source, "user_preferences", id=str(index), working_hours=text, theme=text)
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("table", ["tasks", "ai_interactions", "time_sessions", "ai_suggestions", "logging_config"])
def test_every_value_comes_back_from_every_column(tmp_path: Path, table: str) -> None:
    source = fresh(tmp_path)
    execute(source, f"DELETE FROM {table}")
    known = KNOWN[table]
    least = {name: "x" for name, field in known.items() if not field.null and field.default_sql is None}
    number = 0
    with opened(source) as connection:
        for column, field in known.items():
            if field.primary_key:
                continue
            for odd in (*NUMBERS, *BLOBS, *TIMES, *TEXTS[:12], None):
                if odd is None and not field.null:
                    continue
                number += 1
                row = least | {"id": number if table == "logging_config" else f"row {number}"} | {column: odd}
                marks = ", ".join("?" * len(row))
                columns = ", ".join(map(quoted, row))
                connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
            number += 1
            row_id = number if table == "logging_config" else f"row {number}"
            columns = ", ".join(map(quoted, least | {"id": 0}))
            marks = ", ".join("?" * len(least | {"id": 0}))
            connection.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple((least | {"id": row_id}).values())
            )
            connection.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE id = ?", (NOT_UTF8, row_id))
    assert counts(source)[table] == number
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("odd", [b"\x00\xff", 7, 1.5, "a\x00b", b"", math.inf])
def test_odd_ids_come_back_and_references_to_them_lead_there(tmp_path: Path, odd: object) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id=odd, title="odd")
    insert(source, "tasks", id="plain", title="plain", parent_task_id=odd)
    insert(source, "time_sessions", id=odd, task_id=odd, start_time=TIME)
    insert(source, "task_dependencies", id=odd, task_id=odd, depends_on_id="plain")
    insert(source, "task_dependencies", id="back", task_id="plain", depends_on_id=odd)
    insert(source, "focus_sessions", id=odd, task_id=odd, planned_duration=1)
    insert(source, "threads", id=odd, title="odd", assignment_task_id=odd)
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


def test_an_id_that_is_not_utf8_comes_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    execute(
        source,
        "INSERT INTO tasks (id, title) VALUES (CAST(x'ff' AS TEXT), CAST(x'fe' AS TEXT)), ('b', 'B')",
        "INSERT INTO task_lists (id, name) VALUES (CAST(x'fe' AS TEXT), CAST(x'fe' AS TEXT))",
        "UPDATE tasks SET task_list_id = CAST(x'fe' AS TEXT), parent_task_id = CAST(x'fd' AS TEXT)",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id)"
        " VALUES (CAST(x'fd' AS TEXT), CAST(x'ff' AS TEXT), 'b')",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('back', 'b', CAST(x'ff' AS TEXT))",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('self', 'b', 'b')",
    )
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


@pytest.mark.slow
def test_references_that_lead_nowhere_come_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id="a", title="A", parent_task_id="gone", task_list_id="gone", periodic_template_id="gone")
    insert(source, "time_sessions", id="s", task_id="gone", start_time=TIME)
    insert(source, "task_dependencies", id="d", task_id="gone", depends_on_id="gone")
    insert(source, "focus_sessions", id="f", task_id="gone", planned_duration=1)
    insert(source, "threads", id="h", title="H", assignment_task_id="gone")
    insert(source, "thread_messages", id="m", thread_id="gone", type="user", content="x", timestamp="x")
    archive = round_trip(source, tmp_path)
    assert any("lead nowhere" in line or "do not exist" in line for line in export(source, archive).warnings)
    restored = fresh(tmp_path, "new.db")
    restore(restored, archive)
    assert_same(source, restored)


def test_a_number_in_a_column_of_text_that_no_statement_could_store_stays_where_the_backup_says_the_same(
    database_copy: Copy, tmp_path: Path
) -> None:
    device = database_copy(EVERY_KIND)
    execute(device, "ALTER TABLE tasks ADD COLUMN flag TEXT DEFAULT true")
    assert value(device, "SELECT typeof(flag) FROM tasks") == "integer"
    archive = backup(device, tmp_path / "b.kpbackup")
    before = contents(device)
    for overwrite in (True, False):
        assert_nothing_changes(bring_in(device, archive, overwrite))
        assert contents(device) == before
    execute(device, "UPDATE tasks SET title = 'other' WHERE rowid = 1", "UPDATE tasks SET flag = 2 WHERE rowid = 3")
    result = bring_in(device, archive)
    assert result.tables["tasks"].updated == 2
    assert [line for line in result.warnings if "tasks.flag" in line]
    assert query(device, "SELECT rowid, typeof(flag), flag FROM tasks WHERE rowid IN (1, 3)") == [
        (1, "text", "1"),
        (3, "text", "1"),
    ]
