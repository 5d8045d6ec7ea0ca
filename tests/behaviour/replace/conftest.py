"""The device that backups are brought into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import execute, fresh


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device with two tasks, and rows of other tables that are tied to them."""
    path = fresh(tmp_path, "device.db")
    execute(
        path,
        "INSERT INTO task_lists (id, name) VALUES ('home', 'Home')",
        "INSERT INTO tasks (id, title, task_list_id, order_num) VALUES ('a', 'A', 'home', 7), ('b', 'B', 'home', 8)",
        "INSERT INTO time_sessions (id, task_id, start_time) VALUES ('ta', 'a', '2025-01-01T00:00:00+00:00')",
        "INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('fa', 'a', 25), ('fb', 'b', 25)",
        "INSERT INTO threads (id, title, assignment_task_id)"
        " VALUES ('ha', 'a', 'a'), ('hb', 'b', 'b'), ('h', 'x', NULL)",
        "INSERT INTO thread_messages (id, thread_id, type, content, timestamp) VALUES ('m', 'hb', 'user', 'x', 'x')",
        "INSERT INTO periodic_task_templates"
        " (id, title, task_list_id, recurrence_type, start_date, next_generation_date)"
        " VALUES ('t', 'T', 'home', 'daily', '2025-01-01T00:00:00+00:00', '2025-01-02T00:00:00+00:00')",
    )
    return path
