"""What a backup of a part of the data holds: what was chosen, all that belongs to it, and nothing else."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import NoSuchRows, NothingSelected, SelectionTurnedRound
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.selection.request import PartToExport, Selection
from sidecar.system.paths import Places
from tests.behaviour.test_selection import REFERENCES, dangling, ids_of
from tests.support.databases import (
    altered,
    assert_accounted,
    contents,
    copy_of,
    counts,
    emptied,
    fresh,
    query,
    restore,
    value,
)
from tests.support.partial_exports import a_list, exported

PREFERENCES = {"kirapilot-preferences": {"theme": "dark"}}


def test_a_list_goes_to_another_device_with_all_that_belongs_to_it(
    places: Places, target: Path, tmp_path: Path
) -> None:
    list_id, name = a_list(places.database)
    result = exported(places, target, lists=[name])
    device = fresh(tmp_path)
    restore(device, target, overwrite=False)
    tasks = query(places.database, "SELECT * FROM tasks WHERE task_list_id = ? ORDER BY id", list_id)
    assert query(device, "SELECT * FROM tasks WHERE task_list_id = ? ORDER BY id", list_id) == tasks
    sessions = value(
        places.database,
        "SELECT count(*) FROM time_sessions WHERE task_id IN (SELECT id FROM tasks WHERE task_list_id = ?)",
        list_id,
    )
    assert (result.session_count, value(device, "SELECT count(*) FROM time_sessions")) == (sessions, sessions)
    assert value(device, "SELECT count(*) FROM task_lists WHERE is_default = 1") == 1
    assert result.selected is not None
    assert result.tables == dict.fromkeys(result.tables, 0) | {
        name: rows.chosen + rows.along for name, rows in result.selected.items()
    }


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("seed", range(12))
def test_any_part_is_complete_and_minimal(places: Places, target: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole, before = ids_of(places.database), contents(places.database)
    table = chance.choice(["tasks", "time_sessions", "focus_sessions", "thread_messages", "threads", "task_lists"])
    chosen = chance.sample(sorted(whole[table]), min(3, len(whole[table])))
    result = exported(places, target, ids=chosen)
    assert contents(places.database) == before
    device = emptied(copy_of(places.database, tmp_path / "device"))
    restore(device, target)
    here = ids_of(device)
    assert set(chosen) <= here[table]
    assert sum(dangling(device).values()) == 0
    needed = set(chosen)
    for child, column, parent in REFERENCES:
        for row_id in here[child]:
            leads_to = value(device, f"SELECT {column} FROM {child} WHERE id = ?", row_id)
            needed.add(leads_to)
            if (parent == table and leads_to in chosen) or child == "task_dependencies":
                needed.add(row_id)
    # The list that every database has, and that a list of the part may have become.
    assert all(rows <= needed | whole["task_lists"] for rows in here.values())
    assert result.selected is not None
    assert result.selected[table].chosen == len(chosen)


@pytest.mark.slow
def test_days_and_types_choose_as_in_an_import(places: Places, target: Path) -> None:
    day = value(places.database, "SELECT substr(start_time, 1, 10) FROM time_sessions ORDER BY 1 LIMIT 1 OFFSET 20")
    result = exported(places, target, tables=["time_sessions"], since=day, until=day)
    on_it = value(places.database, "SELECT count(*) FROM time_sessions WHERE substr(start_time, 1, 10) = ?", day)
    assert result.selected is not None
    assert (result.selected["time_sessions"].chosen, result.session_count) == (on_it, on_it)
    assert result.selected["tasks"].chosen == 0
    assert result.selected["tasks"].along > 0


@pytest.mark.slow
def test_a_subtask_brings_its_parents_or_becomes_a_task_of_its_own(places: Places, target: Path) -> None:
    for task_id, parent in (("p", None), ("c", "p"), ("g", "c")):
        altered(places.database, "INSERT INTO tasks (id, title, parent_task_id) VALUES (?, ?, ?)", task_id, "t", parent)
    before = contents(places.database)
    with_parents = exported(places, target, ids=["g"])
    untied = exported(places, target, ids=["g"], subtasks="untied")
    assert (with_parents.task_count, untied.task_count) == (3, 1)
    assert untied.selected is not None
    assert untied.selected["tasks"].untied == 1
    with zipfile.ZipFile(target) as archive:
        assert [task["parent_task_id"] for task in json.loads(archive.read("tasks.json"))] == [None]
    assert contents(places.database) == before


@pytest.mark.parametrize("overwrite", [True, False])
def test_importing_a_part_removes_nothing_whatever_is_asked_for(places: Places, target: Path, overwrite: bool) -> None:
    (task_id,) = query(places.database, "SELECT id FROM tasks WHERE parent_task_id IS NULL LIMIT 1")[0]
    exported(places, target, ids=[task_id])
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('new', 'Later than the backup')")
    altered(places.database, "UPDATE tasks SET title = 'mine'")
    before, held = counts(places.database), contents(places.database)
    expected = preview_import(places, str(target), overwrite, Progress())
    result = import_data(places, str(target), overwrite, Progress(), preview_token=expected.token)
    assert (result.tables, result.partial) == (expected.tables, expected.partial)
    assert result.partial == f"id {task_id}"
    assert any("partial" in line and "removes nothing" in line for line in expected.warnings)
    assert_accounted(result, before, counts(places.database))
    assert sum(account.removed for account in result.tables.values()) == 0
    assert (value(places.database, "SELECT title FROM tasks WHERE id = ?", task_id) == "mine") is not overwrite
    others = "SELECT count(*) FROM tasks WHERE title = 'mine'"
    assert value(places.database, others) == before["tasks"] - overwrite
    if overwrite:
        undo_last_import(places, Progress())
        assert contents(places.database) == held


@pytest.mark.slow(but=3)
@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        ({}, NothingSelected),
        ({"tables": []}, NothingSelected),
        ({"lists": []}, NothingSelected),
        ({"subtasks": "untied"}, NothingSelected),
        ({"text": "no row has these words"}, NothingSelected),
        ({"tables": ["settings"]}, NothingSelected),
        ({"ids": ["no-such-id"]}, NoSuchRows),
        ({"lists": ["No such list"]}, NoSuchRows),
        ({"tables": ["no_such_table"]}, NoSuchRows),
        ({"since": "2026-02-01", "until": "2026-01-31"}, SelectionTurnedRound),
    ],
)
def test_what_cannot_be_chosen_leaves_no_file(
    chosen: dict[str, Any], error: type[SidecarError], places: Places, target: Path
) -> None:
    with pytest.raises(error):
        export_data(places, str(target), Progress(), part=PartToExport(**chosen))
    assert not target.exists()
    assert list(places.work_dir.glob("job-*")) == []


@pytest.mark.slow
def test_settings_are_in_it_only_when_they_are_asked_for(places: Places, target: Path) -> None:
    exported(places, target, settings=PREFERENCES, tables=["tasks"])
    assert "kirapilot-preferences" not in inspect_backup(str(target), Progress(), places).settings
    result = exported(places, target, settings=PREFERENCES, tables=["settings"])
    assert (sum(result.tables.values()), result.selected) == (0, {})
    before = contents(places.database)
    restored = import_data(places, str(target), True, Progress(), settings={})
    assert restored.settings == PREFERENCES
    assert contents(places.database) == before


@pytest.mark.slow
def test_a_part_of_a_backup_brings_settings_only_when_they_are_asked_for(places: Places, tmp_path: Path) -> None:
    whole = tmp_path / "whole.kpbackup"
    export_data(places, str(whole), Progress(), PREFERENCES)
    for tables, settings in ((["tasks"], None), (["tasks", "settings"], PREFERENCES), (["settings"], PREFERENCES)):
        chosen = Selection(tables=tables)
        assert import_data(places, str(whole), True, Progress(), selection=chosen).settings == settings
