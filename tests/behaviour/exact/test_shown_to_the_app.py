"""What the shipped app finds in a backup of ours: only what it can read, and all that it restores."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.database.models import KNOWN
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.databases import (
    backup,
    copy_of,
    counts,
    emptied,
    execute,
    export,
    fresh,
    insert,
    opened,
    validate,
    value,
)
from tests.support.round_trips import TIME, round_trip
from tests.support.shipped import entry

PARENTS_FIRST = ("periodic_task_templates", "tasks", "time_sessions", "ai_interactions", "task_dependencies")


@pytest.mark.slow
def test_a_missing_time_is_shown_to_the_app_as_another_time_of_the_row(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    for name, created, updated in (("a", None, TIME), ("b", None, None), ("c", "soon", "2025-01-02 03:04:05")):
        insert(source, "tasks", id=name, title=name, created_at=created, updated_at=updated)
    insert(source, "time_sessions", id="s", task_id="a", start_time="2024-01-02T03:04:05.5+00:00", created_at=None)
    archive = round_trip(source, tmp_path)
    shown = {record["id"]: (record["created_at"], record["updated_at"]) for record in entry(archive, "tasks.json")}
    time, epoch = "2025-01-02T03:04:05Z", "1970-01-01T00:00:00Z"
    assert shown == {"a": (time, time), "b": (epoch, epoch), "c": (time, time)}
    assert entry(archive, "time_sessions.json")[0]["created_at"] == "2024-01-02T03:04:05.5Z"
    warnings = export(source, archive).warnings
    assert "tasks without created_at (2): kept as they are; an older KiraPilot is shown a default instead" in warnings


@pytest.mark.slow
def test_nulls_that_the_apps_model_forbids_are_shown_as_the_default_of_their_column(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    nullable = [name for name, field in KNOWN["tasks"].items() if field.null]
    insert(source, "tasks", id="a", title="A", **dict.fromkeys(nullable))
    archive = round_trip(source, tmp_path)
    shown = entry(archive, "tasks.json")[0]
    assert {name: shown[name] for name in nullable if shown[name] is not None} == {
        "priority": 1, "status": "pending", "time_estimate": 0, "actual_time": 0, "order_num": 0,
        "is_periodic_instance": False, "created_at": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z",
    }  # fmt: skip


def test_an_archive_of_plain_rows_has_no_exact_values(database_copy: Copy, tmp_path: Path) -> None:
    archive = backup(emptied(database_copy(EVERY_KIND)), tmp_path / "b.kpbackup")
    assert "exact.json" not in entry(archive, "manifest.json")["entries"]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", [EVERY_KIND, THIRD])
def test_the_shipped_app_restores_our_backup_on_a_new_device_and_ours_loses_nothing_by_that(
    database_copy: Copy, tmp_path: Path, name: str
) -> None:
    source, device = database_copy(name), fresh(tmp_path)
    archive = round_trip(source, tmp_path)
    assert validate(source, archive).warnings == validate(source, without_lists_of_templates(source, tmp_path)).warnings
    data = entry(archive, "data.json")
    # As that app does: what is there goes, then a row for each record, under the foreign keys of a device that has
    # a default list of its own and no other.
    with opened(device) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table in reversed(PARENTS_FIRST):
            connection.execute(f"DELETE FROM {table}")
        for table in PARENTS_FIRST:
            for record in data[table]:
                columns = ", ".join(record)
                connection.execute(
                    f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(record))})", [*record.values()]
                )
        connection.commit()
        counted = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in PARENTS_FIRST}
    assert counted == {table: counts(source)[table] for table in PARENTS_FIRST}
    assert value(source, "SELECT count(*) FROM periodic_task_templates WHERE task_list_id IS NOT NULL") > 0


def without_lists_of_templates(source: Path, folder: Path) -> Path:
    """A backup of the same rows, but for what is told exactly of them."""
    plain = copy_of(source, folder / "plain")
    execute(plain, "UPDATE periodic_task_templates SET task_list_id = NULL")
    return backup(plain, folder / "plain.kpbackup")
