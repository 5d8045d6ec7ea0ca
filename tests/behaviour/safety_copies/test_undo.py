"""Undo: what a safety copy brings back, and when there is nothing to bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.jobs import NoSafetyCopy
from sidecar.export import safety_copies
from sidecar.jobs import importing
from sidecar.jobs.importing import import_data
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.progress import Progress
from sidecar.restore.applying import Outdated
from tests.campaigns.test_properties import FURTHER, KEYS, ROWS, Rows, fill, in_a_folder
from tests.conftest import EVERY_KIND, REAL, THIRD, Copy
from tests.support.databases import (
    assert_same_contents,
    bring_in,
    contents,
    execute,
    export,
    fresh,
    opened,
    places_of,
    query,
    restore,
    value,
)
from tests.support.jobs import nothing_changes, said_well
from tests.support.safety_copies import copies, damage, shipped, undo
from tests.support.settings import PREFERENCES


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("backup", REAL)
@pytest.mark.parametrize("name", REAL)
def test_an_undo_brings_back_every_byte_of_any_generation_and_a_second_one_takes_it_away_again(
    name: str, backup: str, overwrite: bool, database_copy: Copy
) -> None:
    device = database_copy(name)
    before = contents(device, ())
    done = import_data(places_of(device), str(shipped(backup)), overwrite, Progress(), allow_loss=True)
    after = contents(device, ())
    if done.safety_copy is None:
        assert_same_contents(before, after)
        return
    undone = undo(device)
    assert undone.path == done.safety_copy
    assert undone.safety_copy is not None
    assert undone.safety_copy > undone.path
    assert_same_contents(before, contents(device, ()))
    assert undo(device).path == undone.safety_copy
    assert_same_contents(after, contents(device, ()))
    undo(device)
    assert_same_contents(before, contents(device, ()))


def test_an_undo_brings_back_what_the_backup_did_not_speak_of(device: Path) -> None:
    tied = query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id")
    focus = query(device, "SELECT * FROM focus_sessions ORDER BY id")
    lists = query(device, "SELECT * FROM task_lists ORDER BY id")
    assert focus
    assert any(task for _, task in tied)
    bring_in(device, shipped(THIRD))
    assert query(device, "SELECT * FROM focus_sessions ORDER BY id") == []
    assert query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id") != tied
    assert value(device, "SELECT count(*) FROM task_lists WHERE name LIKE 'Restored list %'") > 0
    undo(device)
    assert query(device, "SELECT id, assignment_task_id FROM threads ORDER BY id") == tied
    assert query(device, "SELECT * FROM focus_sessions ORDER BY id") == focus
    assert query(device, "SELECT * FROM task_lists ORDER BY id") == lists


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    "oddity",
    [
        "DELETE FROM task_lists",
        "UPDATE task_lists SET is_default = 0",
        "UPDATE tasks SET task_list_id = NULL",
        "UPDATE tasks SET task_list_id = 'nowhere', periodic_template_id = 'nowhere', parent_task_id = id",
        "UPDATE tasks SET priority = NULL, created_at = '2026-11-22 16:07:21', title = CAST(x'ff' AS TEXT)",
        "UPDATE time_sessions SET task_id = 'nowhere'",
        "UPDATE threads SET assignment_task_id = 'nowhere'",
    ],
)
def test_an_undo_repairs_nothing(oddity: str, device: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.kpbackup"
    export(device, sound)
    execute(device, oddity)
    before = contents(device)
    for archive in (sound, shipped(THIRD)):
        bring_in(device, archive)
        undo(device)
        assert_same_contents(before, contents(device))


bounded = hypothesis_settings(
    max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
@bounded
@given(ours=ROWS, theirs=ROWS, further=FURTHER, key=KEYS)
def test_any_import_into_any_device_can_be_undone_and_done_again(
    ours: Rows, theirs: Rows, further: list[tuple[Any, Any]], key: str
) -> None:
    def check(folder: Path) -> None:
        (folder / "other").mkdir()
        source, device = fill(fresh(folder / "other", "source.db"), ours), fill(fresh(folder, "device.db"), theirs)
        with opened(device) as connection:
            connection.execute(f"CREATE TABLE further (a, b{key})")
            connection.executemany("INSERT OR IGNORE INTO further VALUES (?, ?)", further)
        archive = folder / "b.kpbackup"
        export(source, archive)
        for overwrite in (False, True):
            before = contents(device)
            done = restore(device, archive, overwrite)
            after = contents(device)
            if done.safety_copy is None:
                assert_same_contents(before, after)
                continue
            undo(device)
            assert_same_contents(before, contents(device))
            undo(device)
            assert_same_contents(after, contents(device))

    in_a_folder(check)


def test_an_undo_where_nothing_was_imported_says_so(device: Path) -> None:
    with nothing_changes(device.parent):
        for job in (undo_last_import, preview_undo):
            with pytest.raises(NoSafetyCopy) as raised:
                job(places_of(device), Progress())
            said_well(raised.value, NoSafetyCopy)


@pytest.mark.slow
def test_a_copy_of_an_import_that_never_happened_is_passed_over(device: Path) -> None:
    """An import was killed after its copy was made: the last one that did happen is undone."""
    before = contents(device)
    done = bring_in(device, shipped(THIRD))
    copy = safety_copies.SafetyCopy(places_of(device), None, Progress)
    copy.make()
    assert copies(device)[0] == copy.path
    assert preview_undo(places_of(device), Progress())[0] == Path(done.safety_copy or "")
    assert undo(device).path == done.safety_copy
    assert_same_contents(before, contents(device))


def test_a_copy_whose_settings_nobody_can_compare_is_not_passed_over(device: Path) -> None:
    """Its import may have changed settings alone: to undo an older one instead would be wrong."""
    bring_in(device, shipped(THIRD))
    copy = safety_copies.SafetyCopy(places_of(device), {PREFERENCES: {"theme": "light"}}, Progress)
    copy.make()
    before = contents(device)
    assert preview_undo(places_of(device), Progress())[0] == copy.path
    undone = undo(device)
    assert (undone.path, undone.settings) == (str(copy.path), {PREFERENCES: {"theme": "light"}})
    assert_same_contents(before, contents(device))


def test_a_damaged_copy_is_not_undone_and_an_older_one_not_in_its_place(device: Path) -> None:
    bring_in(device, shipped(THIRD))
    newest = bring_in(device, shipped(EVERY_KIND)).safety_copy
    damage(Path(newest or ""))
    before = contents(device)
    with nothing_changes(device.parent), pytest.raises(SidecarError) as raised:
        undo(device)
    assert raised.value.blames_backup
    assert raised.value.path == newest
    assert_same_contents(before, contents(device))


def test_a_failed_undo_changes_nothing(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_in(device, shipped(THIRD))

    def fail(*_: object) -> None:
        raise Outdated

    monkeypatch.setattr(importing, "_require_short_lock", lambda *_: (_ for _ in ()).throw(Cancelled()))
    monkeypatch.setattr(importing, "apply", fail)
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        undo(device)
