"""A database that holds more than a backup can: an older backup can be imported, and an undo brings all of it back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sidecar.archive import limits
from sidecar.errors.databases import BeyondFormat
from sidecar.errors.jobs import NoSafetyCopy, SafetyCopyFailed
from sidecar.errors.paths import PermissionDenied
from sidecar.export import safety_copies
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import find_copy, preview_undo, undo_last_import
from sidecar.progress import Progress
from tests.support.databases import (
    assert_same,
    bring_in,
    contents,
    copy_of,
    execute,
    export,
    places_of,
    query,
    value,
)
from tests.support.safety_copies import copies, folder_of, undo

MANY = ", ".join(f"c{index}" for index in range(limits.MAX_COLUMNS + 100))

BEYOND: dict[str, tuple[str, str]] = {
    "a table of too many columns": (f"CREATE TABLE wide ({MANY})", "the table wide has 600 columns"),
    "a value that is too long": (
        "INSERT INTO tasks (id, title, description) VALUES ('long', 'Long', hex(zeroblob(35000000)))",
        "Task long takes 70,000",
    ),
}


@pytest.fixture
def saved(device: Path, tmp_path: Path) -> Path:
    archive = tmp_path / "saved.kpbackup"
    export(device, archive)
    return archive


def wide(device: Path) -> None:
    execute(device, BEYOND["a table of too many columns"][0], "UPDATE tasks SET title = 'of now'")


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("log", [False, True], ids=["one file", "with a write-ahead log"])
@pytest.mark.parametrize("kind", BEYOND)
def test_an_older_backup_comes_back_and_an_undo_takes_it_away(
    kind: str, log: bool, device: Path, saved: Path, tmp_path: Path
) -> None:
    statement, said = BEYOND[kind]
    execute(device, *(["PRAGMA journal_mode = WAL"] if log else []), statement, "UPDATE tasks SET title = 'of now'")
    with pytest.raises(BeyondFormat):
        export(device, tmp_path / "new.kpbackup")
    before = copy_of(device, tmp_path / "before")

    result = bring_in(device, saved, overwrite=False)
    assert result.safety_copy is None
    result = bring_in(device, saved)
    assert result.safety_copy is not None
    kept = Path(result.safety_copy)
    assert (kept.parent, kept.suffix) == (folder_of(device), ".db")
    assert not copies(device)
    (warning,) = (line for line in result.warnings if "safety copy" in line)
    assert said in warning
    assert str(kept) in warning
    assert_same(kept, before)
    assert not query(device, "SELECT 1 FROM tasks WHERE title = 'of now'")
    restored = copy_of(device, tmp_path / "restored")

    (listed,) = list_backups(places_of(device), Progress()).wrecks
    assert (listed.path, listed.sound) == (str(kept), True)

    named, foreseen = preview_undo(places_of(device), Progress())
    undone = undo(device)
    assert named == Path(undone.path) == kept
    assert undone.warnings[0] == foreseen.warnings[1]
    assert "broken" not in " ".join([*undone.warnings, *foreseen.warnings])
    assert_same(device, before)
    again = undo(device)
    assert again.path == undone.safety_copy
    assert_same(device, restored)


def test_an_import_that_fails_leaves_no_copy_and_one_that_was_killed_is_passed_over(
    device: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide(device)
    before = contents(device)
    monkeypatch.setattr("sidecar.jobs.importing.apply", lambda *_: pytest.fail("the disk is gone"))
    with pytest.raises(pytest.fail.Exception):
        bring_in(device, saved)
    monkeypatch.undo()
    assert not folder_of(device).exists()
    assert contents(device) == before

    result = bring_in(device, saved)
    shutil.copy(str(result.safety_copy), device)
    with pytest.raises(NoSafetyCopy):
        undo(device)
    assert contents(device) == before


def test_where_no_place_takes_it_nothing_is_replaced(
    device: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide(device)
    before = contents(device)

    def full(*_: object) -> list[str]:
        raise PermissionDenied(path=device)

    monkeypatch.setattr(safety_copies, "copy_proved", full)
    with pytest.raises(SafetyCopyFailed):
        bring_in(device, saved)
    assert contents(device) == before
    assert not folder_of(device).exists()


def test_in_the_work_folder_it_is_told_of_and_found(device: Path, saved: Path) -> None:
    wide(device)
    before = contents(device)
    folder_of(device).write_text("in the way", encoding="utf-8")
    result = bring_in(device, saved)
    assert result.safety_copy is not None
    assert Path(result.safety_copy).is_relative_to(places_of(device).work_dir)
    assert [line for line in result.warnings if "lies in the work folder" in line]
    assert [line for line in result.warnings if "600 columns" in line]
    folder_of(device).unlink()
    undo(device)
    assert contents(device) == before


def test_it_can_be_brought_back_by_its_name_when_newer_ones_are_there(device: Path, saved: Path) -> None:
    wide(device)
    before = contents(device)
    first = Path(str(bring_in(device, saved).safety_copy))
    execute(device, "UPDATE tasks SET title = 'later'")
    bring_in(device, saved)
    assert value(device, "SELECT count(*) FROM pragma_table_info('wide')") == limits.MAX_COLUMNS + 100
    places = places_of(device)
    undo_last_import(places, Progress(), only=find_copy(places, first.stem))
    assert contents(device) == before


def test_a_copy_that_no_reader_would_take_gives_way_to_the_database_itself(
    device: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(device, "UPDATE tasks SET title = 'of now'")
    before = contents(device)
    monkeypatch.setattr("sidecar.export.exporting.VERSION", "0.9")
    result = bring_in(device, saved)
    assert Path(str(result.safety_copy)).suffix == ".db"
    assert not copies(device)
    undo(device)
    assert contents(device) == before
