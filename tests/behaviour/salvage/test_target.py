"""What a salvage does to the database: it adds and updates, and no row and no list of it goes or gives way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.errors.backups import WouldLoseData
from sidecar.errors.databases import DatabaseBusy
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress, Report
from tests.support.archives import Entries, write
from tests.support.databases import bring_in, execute, fresh, insert, places_of, query, value
from tests.support.salvages import damaged, report_of, salvage


def test_replacing_updates_and_adds_but_removes_nothing(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    row = json.loads(own["tasks.json"])[0]
    insert(device, "tasks", id=row["id"], title="Older")
    insert(device, "tasks", id="mine", title="Mine")
    insert(device, "time_sessions", id="s", task_id="mine", start_time="2026-01-01T00:00:00+00:00")
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "tasks.json", "threads.json"))
    account = result.tables["tasks"]
    assert (account.added, account.updated, account.kept, account.removed) == (11, 1, 1, 0)
    assert value(device, "SELECT title FROM tasks WHERE id = ?", row["id"]) == row["title"]
    assert value(device, "SELECT title FROM tasks WHERE id = 'mine'") == "Mine"
    again = salvage(device, tmp_path / "b.kpbackup")
    assert all(account.added == account.updated == 0 for account in again.tables.values())


def test_merging_leaves_the_rows_of_the_database_as_they_are(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    insert(device, "tasks", id=json.loads(own["tasks.json"])[0]["id"], title="Older")
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "data.json"), overwrite=False)
    assert result.tables["tasks"].left_out == {"differs_from_database": 1}
    assert value(device, "SELECT count(*) FROM tasks WHERE title = 'Older'") == 1


def test_a_whole_backup_is_taken_whole_and_called_so(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    result = salvage(device, write(tmp_path / "b.kpbackup", own))
    report = report_of(result)
    assert (report.complete, report.exact, report.damage, report.records) == (True, True, [], [])
    assert any("The backup is whole" in warning for warning in result.warnings)
    assert result.task_count == 12
    assert bring_in(device, tmp_path / "b.kpbackup").salvage is None


@pytest.mark.parametrize("overwrite", [True, False])
def test_there_is_one_default_list_and_no_list_gives_way(own: Entries, tmp_path: Path, overwrite: bool) -> None:
    device = fresh(tmp_path)
    [(mine,)] = query(device, "SELECT id FROM task_lists WHERE is_default")
    salvage(device, damaged(own, tmp_path / "b.kpbackup", "threads.json"), overwrite)
    assert query(device, "SELECT id FROM task_lists WHERE is_default") == [(mine,)]
    lists = {row["id"] for row in json.loads(own["task_lists.json"]) if overwrite or not row["is_default"]}
    assert {row_id for (row_id,) in query(device, "SELECT id FROM task_lists")} == lists | {mine}
    assert query(device, "SELECT id FROM tasks WHERE task_list_id NOT IN (SELECT id FROM task_lists)") == []


def test_lists_that_are_lost_are_made_again_so_that_grouping_survives(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "task_lists.json"))
    account = result.tables["task_lists"]
    assert account.repaired == account.added > 0
    assert sum(account.left_out.values()) == len(json.loads(own["task_lists.json"]))
    assert query(device, "SELECT id FROM tasks WHERE task_list_id NOT IN (SELECT id FROM task_lists)") == []


def test_a_table_that_the_target_lacks_is_still_a_loss_to_be_allowed(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(device, "DROP TABLE focus_sessions")
    archive = damaged(own, tmp_path / "b.kpbackup", "data.json")
    with pytest.raises(WouldLoseData):
        import_data(places_of(device), str(archive), True, Progress(), salvage=True)
    result = salvage(device, archive, allow_loss=True)
    assert result.tables["focus_sessions"].left_out == {"no_such_table": 1}


def test_when_the_app_writes_meanwhile_a_salvage_says_so_and_changes_nothing(own: Entries, tmp_path: Path) -> None:
    """What it took may refer to a row that the app has just removed."""
    device, archive = fresh(tmp_path), damaged(own, tmp_path / "b.kpbackup", "tasks.json")
    written: list[str] = []

    def write_once(report: Report) -> None:
        if report.phase == "copy" and not written:
            written.append("x")
            insert(device, "tasks", id="x", title="Of the app")

    with pytest.raises(DatabaseBusy):
        import_data(places_of(device), str(archive), True, Progress(listen=write_once), salvage=True)
    assert query(device, "SELECT id FROM tasks") == [("x",)]
    assert not list((device.parent / "backups").glob("*")), "nor is a safety copy of nothing left"


def test_a_salvage_leaves_nothing_behind(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    salvage(device, damaged(own, tmp_path / "b.kpbackup", "tasks.json"))
    assert list((tmp_path / "work").iterdir()) == []
