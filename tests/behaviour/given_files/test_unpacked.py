"""A backup that was unpacked into a folder opens in every job as the backup does; another folder is none."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from sidecar.archive import limits
from sidecar.errors.backups import BackupError, LimitExceeded, NotABackup
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.errors.paths import IsAFolder
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.report.reporting import write_report
from sidecar.sources.folders import UNPACKED
from tests.conftest import DATA, GENERATIONS, Cases
from tests.support.databases import contents, execute, export
from tests.support.given_files import OPENS
from tests.support.oracle import Device, judge


def unpacked(device: Device, backup: Path, *below: str) -> Path:
    """What the user chooses from now on: the folder that a backup was unpacked into."""
    device.archive.unlink(missing_ok=True)
    folder = device.archive.joinpath(*below)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(backup) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("below", [(), ("kirapilot-backup", "kirapilot-backup")])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_unpacked_backup_opens(generation: str, below: tuple[str, ...], tmp_path: Path, cases: Cases) -> None:
    backup = DATA / f"{generation}.kpbackup"
    device = Device(tmp_path, backup.with_suffix(".db"))
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    device.keep()
    right = device.imported(backup)
    unpacked(device, backup, *below)
    assert judge(device, right, merge=False) is None
    found = validate_comprehensive(device.places, str(device.archive), Progress())
    assert (found.is_valid, UNPACKED in found.warnings) == (True, True)
    assert inspect_backup(str(device.archive), Progress(), device.places).form == "archive"
    cases.record(OPENS)


def test_what_lies_beside_is_passed_over_and_all_jobs_read_the_same(device: Device, tmp_path: Path) -> None:
    backup = tmp_path / "ours.kpbackup"
    export(device.database, backup)
    folder = unpacked(device, backup)
    for name in (".DS_Store", "._data.json", "Thumbs.db", "read me.txt"):
        (folder / name).write_bytes(b"x")
    (folder / "more").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.json")
        (folder / "link.json").symlink_to(folder / "data.json")
    before = contents(device.database)
    execute(device.database, "DELETE FROM tasks")
    shown = preview_import(device.places, str(folder), True, Progress())
    result = import_data(device.places, str(folder), True, Progress(), preview_token=shown.token)
    assert result.tables == shown.tables
    assert contents(device.database) == before
    assert validate_basic(device.places, str(folder), Progress()).task_count == shown.task_count
    page = tmp_path / "page.html"
    write_report(device.places, str(folder), str(page), Progress())
    assert str(folder) in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["data.json", "metadata.json", "manifest.json"])
def test_a_file_that_every_backup_has_stands_for_all_of_it(name: str, device: Device, tmp_path: Path) -> None:
    backup = tmp_path / "ours.kpbackup"
    export(device.database, backup)
    folder = unpacked(device, backup)
    shown = preview_import(device.places, str(folder / name), True, Progress())
    assert UNPACKED in shown.warnings
    assert shown.tables == preview_import(device.places, str(folder), True, Progress()).tables
    (folder / ("metadata.json" if name == "data.json" else "data.json")).unlink()
    with pytest.raises(NotABackup):
        preview_import(device.places, str(folder / name), True, Progress())


def test_a_file_that_changes_after_the_preview_is_noticed(device: Device, tmp_path: Path) -> None:
    backup = tmp_path / "ours.kpbackup"
    export(device.database, backup)
    folder = unpacked(device, backup)
    execute(device.database, "DELETE FROM tasks")
    token = preview_import(device.places, str(folder), True, Progress()).token
    with (folder / "metadata.json").open("ab") as file:
        file.write(b"\n")
    before = contents(device.database)
    with pytest.raises((ChangedSincePreview, BackupError)):
        import_data(device.places, str(folder), True, Progress(), preview_token=token)
    assert contents(device.database) == before


def test_another_folder_is_told_as_one(device: Device, tmp_path: Path) -> None:
    for name in ("empty", "of files", "of folders", "deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "of files" / "notes.json").write_bytes(b"{}")
    for path in (tmp_path / "of folders" / "a", tmp_path / "of folders" / "b", tmp_path.joinpath("deep", *"abcdef")):
        path.mkdir(parents=True)
        (path / "data.json").write_bytes(b"{}")
    for name in ("empty", "of files", "of folders", "deep"):
        with pytest.raises(IsAFolder):
            preview_import(device.places, str(tmp_path / name), True, Progress())


def test_a_folder_of_too_many_files_is_refused(device: Device, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(limits.MAX_ENTRIES):
        (folder / f"{number}.json").touch()
    (folder / "data.json").touch()
    with pytest.raises(LimitExceeded):
        preview_import(device.places, str(folder), True, Progress())
