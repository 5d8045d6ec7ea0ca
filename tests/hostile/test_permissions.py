"""Files and folders that a user may not read, write to or enter: each job says which, and changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import PermissionDenied
from sidecar.system.paths import Places
from tests.support import archives, closed, job_process
from tests.support.jobs import JOBS, READING

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def common_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(dir=None if sys.platform == "win32" else "/tmp"))
    folder.chmod(0o755)
    yield folder
    closed.open_again(folder)
    shutil.rmtree(folder)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("job", READING)
def test_a_backup_one_may_not_read_is_told_of(job: str, places: Places, common_folder: Path) -> None:
    backup = Path(shutil.copy(archives.SMALL, common_folder / "a.kpbackup"))
    closed.unreadable(backup)
    outcome = _as_ordinary(job, places, common_folder, str(backup))
    assert outcome["kind"] == PermissionDenied.kind
    assert outcome["changed"] == []


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_one_may_not_write_to_is_told_of(existing: bool, places: Places, common_folder: Path) -> None:
    target = common_folder / "closed" / "a.kpbackup"
    target.parent.mkdir()
    if existing:
        target.write_bytes(b"an older backup")
        if sys.platform == "win32":  # elsewhere it is another's
            closed.unwritable(target)
    closed.unwritable(target.parent)
    outcome = _as_ordinary("export", places, common_folder, str(target))
    assert outcome["kind"] == PermissionDenied.kind
    assert outcome["changed"] == []


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("job", JOBS)
def test_a_folder_one_may_not_enter_is_told_of(job: str, places: Places, common_folder: Path) -> None:
    target = common_folder / "closed" / "a.kpbackup"
    target.parent.mkdir()
    shutil.copy(archives.SMALL, target)
    closed.not_to_enter(target.parent)
    outcome = _as_ordinary(job, places, common_folder, str(target))
    assert outcome["kind"] == PermissionDenied.kind
    assert outcome["changed"] == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ["import", "preview", "validate", "export"])
def test_a_work_folder_one_may_not_write_to_is_told_of(job: str, places: Places, common_folder: Path) -> None:
    work_dir = common_folder / "closed"
    work_dir.mkdir()
    closed.unwritable(work_dir)
    backup = Path(shutil.copy(archives.SMALL, common_folder / "a.kpbackup"))
    backup.chmod(0o644)
    path = str(backup) if job != "export" else str(_open_folder(common_folder) / "a.kpbackup")
    outcome = _as_ordinary(job, places, common_folder, path, work_dir=str(work_dir))
    assert outcome["kind"] == WorkFolderUnusable.kind
    assert outcome["changed"] == []


def _open_folder(common: Path) -> Path:
    folder = common / "open"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    return folder


def _as_ordinary(job: str, places: Places, common: Path, path: str, work_dir: str | None = None) -> dict[str, object]:
    """The outcome of a job for a user who owns nothing of ``common`` but the folder "open" in it."""
    folder = _open_folder(common)
    database = folder / "kirapilot.db"
    shutil.copy(places.database, database)
    database.chmod(0o666)
    shut = [entry for entry in common.iterdir() if entry.is_dir() and not os.access(entry, os.X_OK)]
    assert getattr(os, "geteuid", int)() == 0 or not shut or shut == [common / "closed"]
    return job_process.run(
        {
            "job": job, "database": str(database), "work_dir": work_dir or str(folder / "work"), "path": path,
            "ordinary": True, "watch": [str(common)],
        }
    )  # fmt: skip
