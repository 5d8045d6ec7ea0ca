"""A backup of a part of the data: complete, marked as what it is, and nothing is ever removed for what it lacks."""

from __future__ import annotations

import json
import random
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sidecar.archive.part import UNKNOWN_PART
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.running import run_backup_if_due
from sidecar.automatic.shelf import list_all
from sidecar.errors.backups import (
    NoSuchRows,
    NothingSelected,
    NotWhole,
    SelectionTurnedRound,
    TooNew,
    UnsupportedVersion,
)
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseDamaged
from sidecar.errors.paths import NameOfWhole, ReplacesWhole
from sidecar.export.exporting import export_data
from sidecar.export.partial import default_name
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of
from sidecar.results import PARTIAL_VERSION, ExportResult
from sidecar.selection.request import PartToExport, Selection
from sidecar.system.paths import Places
from tests.behaviour.test_selection import REFERENCES, dangling, ids_of
from tests.conftest import DATA
from tests.support.databases import (
    altered,
    assert_accounted,
    backup,
    contents,
    copy_of,
    counts,
    emptied,
    fresh,
    query,
    restore,
    value,
)
from tests.support.shipped import tampered

RICH = "2025-09-08-periodic-templates"

PREFERENCES = {"kirapilot-preferences": {"theme": "dark"}}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(copy_of(DATA / f"{RICH}.db", tmp_path / "app"), tmp_path / "work")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "garden-partial.kpbackup"


def exported(places: Places, target: Path, *, settings: Any = None, force: bool = False, **chosen: Any) -> ExportResult:
    """An export of a part, which validates without an error."""
    part = PartToExport(**chosen)
    result = export_data(places, str(target), Progress(), settings, force=force, part=part)
    verdict = validate_comprehensive(places, str(target), Progress())
    assert (verdict.errors, verdict.is_valid) == ([], True)
    return result


def a_list(database: Path) -> tuple[str, str]:
    """Id and name of the list with the most tasks."""
    sql = "SELECT l.id, l.name FROM task_lists l JOIN tasks t ON t.task_list_id = l.id GROUP BY l.id ORDER BY count(*)"
    list_id, name = query(database, f"{sql} DESC LIMIT 1")[0]
    return list_id, name


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


def test_it_says_so_in_its_manifest_and_whoever_reads_it_is_told(places: Places, target: Path) -> None:
    _, name = a_list(places.database)
    result = exported(places, target, lists=[name], since="2025-01-01")
    with zipfile.ZipFile(target) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        versions = [json.loads(archive.read(entry))["version"] for entry in ("metadata.json", "data.json")]
    assert versions == [PARTIAL_VERSION] * 2
    assert manifest["partial"]["criteria"] == {"lists": [name], "since": "2025-01-01"}
    assert manifest["partial"]["tables"]["tasks"]["chosen"] == (result.selected or {})["tasks"].chosen
    summary = inspect_backup(str(target), Progress(), places)
    assert summary.partial == f"task list {name}, from 2025-01-01"
    assert summary.selection == manifest["partial"]["criteria"]
    assert any(name in line for line in summary.warnings)
    verdict = validate_comprehensive(places, str(target), Progress())
    assert any(name in line for line in verdict.warnings)


@pytest.mark.slow
def test_a_whole_backup_says_nothing_of_the_kind(places: Places, tmp_path: Path) -> None:
    whole = backup(places.database, tmp_path / "whole.kpbackup")
    with zipfile.ZipFile(whole) as archive:
        assert "partial" not in json.loads(archive.read("manifest.json"))
    summary = inspect_backup(str(whole), Progress(), places)
    assert (summary.version, summary.partial, summary.selection) == ("1.0.0", None, None)
    assert preview_import(places, str(whole), True, Progress()).partial is None


def test_either_sign_of_a_part_suffices(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    altered(places.database, "INSERT INTO threads (id, title) VALUES ('mine', 'Not in the part')")

    def as_whole(entries: dict[str, Any]) -> None:
        entries["metadata.json"]["version"] = entries["data.json"]["version"] = "1.0.0"

    def without_partial(entries: dict[str, Any]) -> None:
        del entries["manifest.json"]["partial"]

    for number, change in enumerate((as_whole, without_partial)):
        changed = tampered(target, target.with_name(f"{number}.kpbackup"), change, sealed=True)
        assert preview_import(places, str(changed), True, Progress()).partial is not None
        import_data(places, str(changed), True, Progress())
        assert value(places.database, "SELECT count(*) FROM threads WHERE id = 'mine'") == 1


def test_the_shipped_app_and_older_programs_refuse_it_by_its_version(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    with zipfile.ZipFile(target) as archive:
        # "It refuses any other version string": of both entries that say one.
        assert json.loads(archive.read("metadata.json"))["version"] != "1.0.0"
        assert json.loads(archive.read("data.json"))["version"] != "1.0.0"


@pytest.mark.slow
def test_one_of_a_newer_revision_asks_for_an_update(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])

    def newer(entries: dict[str, Any]) -> None:
        entries["manifest.json"]["revision"] = 99

    changed = tampered(target, target.with_name("newer-partial.kpbackup"), newer, sealed=True)
    before = places.database.read_bytes()
    with pytest.raises(TooNew):
        import_data(places, str(changed), True, Progress())
    assert places.database.read_bytes() == before


@pytest.mark.slow
def test_a_version_that_nobody_wrote_is_refused_as_ever(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])

    def unheard_of(entries: dict[str, Any]) -> None:
        entries["metadata.json"]["version"] = "1.0.0-part"

    changed = tampered(target, target.with_name("x.kpbackup"), unheard_of, sealed=True)
    with pytest.raises(UnsupportedVersion, match=r"1\.0\.0-part\."):
        import_data(places, str(changed), True, Progress())


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


def test_its_name_has_to_say_so(places: Places, tmp_path: Path) -> None:
    with pytest.raises(NameOfWhole, match=r"garden-partial\.kpbackup"):
        export_data(places, str(tmp_path / "garden.kpbackup"), Progress(), part=PartToExport(tables=["tasks"]))
    assert not (tmp_path / "garden.kpbackup").exists()
    exported(places, tmp_path / "Garden, PARTIAL.kpbackup", tables=["tasks"])
    exported(places, tmp_path / default_name(date(2026, 11, 28)), tables=["tasks"])
    assert (tmp_path / "kirapilot-backup-2026-11-28-partial.kpbackup").exists()


def test_it_replaces_another_part_and_nothing_else_unless_that_is_meant(places: Places, tmp_path: Path) -> None:
    name = tmp_path / "a-partial-name.kpbackup"
    whole = backup(places.database, name).read_bytes()
    part = PartToExport(tables=["task_lists"])
    with pytest.raises(ReplacesWhole):
        export_data(places, str(name), Progress(), part=part)
    assert name.read_bytes() == whole
    name.write_bytes(b"a letter")
    with pytest.raises(ReplacesWhole):
        export_data(places, str(name), Progress(), part=part)
    assert name.read_bytes() == b"a letter"
    exported(places, name, force=True, tables=["task_lists"])
    exported(places, name, tables=["task_lists"])
    backup(places.database, name)
    assert inspect_backup(str(name), Progress(), places).partial is None


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


def test_a_safety_copy_is_whole_and_a_part_never_stands_for_one(places: Places, target: Path) -> None:
    exported(places, target, tables=["task_lists"])
    altered(places.database, "DELETE FROM task_lists WHERE is_default = 0")
    before = contents(places.database)
    made = import_data(places, str(target), True, Progress())
    assert made.safety_copy is not None
    assert inspect_backup(made.safety_copy, Progress(), places).partial is None
    copy = folder_of(places.database) / "before-import-29990101T000000.000000Z.kpbackup"
    copy.write_bytes(target.read_bytes())
    listed = {Path(one.path).name: one.partial for one in list_backups(places, Progress()).backups}
    assert listed == {copy.name: "type task_lists", Path(made.safety_copy).name: None}
    after = contents(places.database)
    with pytest.raises(NotWhole):
        undo_last_import(places, Progress())
    assert contents(places.database) == after
    copy.unlink()
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_over_a_broken_database_it_is_told_that_there_was_more(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    wreck = b"\0" * 8192
    places.database.write_bytes(wreck)
    result = import_data(places, str(target), True, Progress())
    assert result.rescue is not None
    assert any("holds nothing but that part" in line for line in result.warnings)
    assert result.wreck is not None
    assert Path(result.wreck).read_bytes() == wreck
    assert value(places.database, "SELECT count(*) FROM tasks") == result.task_count


@pytest.mark.slow
def test_rows_that_only_their_bytes_can_tell_come_back_as_they_were(
    places: Places, target: Path, tmp_path: Path
) -> None:
    odd = "INSERT INTO tasks (id, title, description, created_at)"
    altered(places.database, f"{odd} VALUES ('odd', CAST(x'ff41' AS TEXT), x'00', '2026-11-22 16:07:21')")
    exported(places, target, ids=["odd"])
    device = emptied(copy_of(places.database, tmp_path / "device"))
    import_data(Places(device, places.work_dir), str(target), True, Progress())
    columns = "hex(title), typeof(title), hex(description), typeof(description), created_at"
    assert query(device, f"SELECT {columns} FROM tasks") == query(
        places.database, f"SELECT {columns} FROM tasks WHERE id = 'odd'"
    )


@pytest.mark.slow
def test_a_database_with_tables_that_the_code_does_not_know_gives_parts_of_them(places: Places, target: Path) -> None:
    altered(
        places.database,
        "CREATE TABLE notes (place TEXT, part INT, body TEXT, task TEXT REFERENCES tasks(id),"
        " PRIMARY KEY (place, part)) WITHOUT ROWID",
    )
    altered(places.database, "CREATE VIEW shown AS SELECT body FROM notes")
    (task_id,) = query(places.database, "SELECT id FROM tasks LIMIT 1")[0]
    altered(places.database, "INSERT INTO notes VALUES ('a', 2, 'two', NULL), ('a', 1, 'one', ?)", task_id)
    result = exported(places, target, tables=["notes"])
    assert result.tables["notes"] == 2
    assert result.selected is not None
    assert result.selected["tasks"].along >= 1


@pytest.mark.slow
def test_an_index_that_lacks_rows_is_no_ground_to_choose_on(places: Places, target: Path) -> None:
    altered(places.database, "PRAGMA writable_schema = ON")
    with_index = "sqlite_autoindex_tasks_1"
    _unhook(places.database, with_index)
    with pytest.raises(DatabaseDamaged):
        export_data(places, str(target), Progress(), part=PartToExport(tables=["tasks"]))
    assert not target.exists()


def _unhook(database: Path, index: str) -> None:
    """Empty an index, behind SQLite's back."""
    root = value(database, "SELECT rootpage FROM sqlite_master WHERE name = ?", index)
    size = value(database, "PRAGMA page_size")
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x0a" + b"\0\0" + b"\0\0" + size.to_bytes(2, "big") + b"\0")


@pytest.mark.slow
def test_what_is_saved_of_a_damaged_one_is_still_a_part(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks", "time_sessions"])
    whole = target.read_bytes()
    # The directory and the manifest are lost.
    target.write_bytes(whole[: whole.rindex(b"manifest.json", 0, len(whole) - 2_000) - 200])
    before = counts(places.database)
    result = import_data(places, str(target), True, Progress(), salvage=True)
    assert result.partial == UNKNOWN_PART
    assert any("partial" in line for line in result.warnings)
    assert counts(places.database) == before


@pytest.mark.slow
def test_a_part_of_what_can_be_read_of_a_damaged_database_is_saved(places: Places, target: Path) -> None:
    tasks = value(places.database, "SELECT count(*) FROM tasks")
    root = value(places.database, "SELECT rootpage FROM sqlite_master WHERE name = 'ai_interactions'")
    size = value(places.database, "PRAGMA page_size")
    with places.database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(bytes(size))
    part = PartToExport(tables=["tasks"])
    with pytest.raises(DatabaseDamaged):
        export_data(places, str(target), Progress(), part=part)
    assert not target.exists()
    result = export_data(places, str(target), Progress(), salvage=True, part=part)
    assert (result.task_count, result.selected is not None, result.readable is not None) == (tasks, True, True)
    summary = inspect_backup(str(target), Progress(), places)
    assert summary.partial == "type tasks"
    assert any("damaged database" in line for line in summary.warnings)


@pytest.mark.slow
def test_one_that_lies_among_the_automatic_backups_is_listed_as_what_it_is(places: Places, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    write_policy(places.database, Policy(places=[Place(path=str(place))]))
    assert run_backup_if_due(places, "manual", Progress()).backup is not None
    exported(places, place / "garden-partial.kpbackup", tables=["tasks"])
    listed = list_all(places, Progress())
    assert [one.partial for one in listed.manual] == ["type tasks"]
    assert "garden-partial.kpbackup" not in {Path(one.path).name for one in listed.automatic}
