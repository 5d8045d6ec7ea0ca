"""A disk that is full, or that may not be written: what was there stays as it was, and the message names the disk.

A small disk is mounted for one process alone where the system lets people do so; a limit on the size of
files does everywhere.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from sidecar.database.sample import make_fresh, make_sample
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseReadOnly
from sidecar.errors.jobs import VerificationFailed, WorkFolderUnusable
from sidecar.errors.paths import DiskFull, PermissionDenied, ReadFailed
from sidecar.export.exporting import export_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system import files
from sidecar.system.paths import Places
from tests.support import job_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits and mounts")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sample.db, of 300 tasks, its backup, and a fresh database."""
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "sample.db", 300)
    make_fresh(folder / "fresh.db")
    export_data(Places(folder / "sample.db", folder / "work"), str(folder / "sample.kpbackup"), Progress())
    return folder


@functools.cache
def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return job_process.may_mount(Path(folder))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder to mount a small disk at."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _may_mount():
        pytest.skip("this system does not let people mount a disk of their own")
    return folder


def _run(sample: Path, disk: Path, size: int, **request: Any) -> dict[str, Any]:
    """The outcome of a job with a small disk."""
    usual = {
        "database": str(sample / "sample.db"), "work_dir": str(sample / "work"), "watch": [str(disk), str(sample)],
        "disk": {"at": str(disk), "size": size, "read_only": request.pop("read_only", False)},
    }  # fmt: skip
    return job_process.run(usual | request, alone=True)


@pytest.mark.parametrize("size", [16 << 10, 300 << 10])
def test_an_export_to_a_full_disk_leaves_the_old_backup(size: int, sample: Path, disk: Path) -> None:
    small = sample / "old.kpbackup"
    small.write_bytes(b"an older backup")
    target = str(disk / "a.kpbackup")
    outcome = _run(sample, disk, size, job="export", path=target, copies=[[str(small), target]])
    assert (outcome["kind"], outcome["path"]) == (DiskFull.kind, target)
    assert outcome["changed"] == []


@pytest.mark.slow
def test_a_page_on_a_full_disk_is_not_left_in_half(sample: Path, disk: Path) -> None:
    target = str(disk / "page.html")
    outcome = _run(sample, disk, 32 << 10, job="report", path=target)
    assert (outcome["kind"], outcome["path"]) == (DiskFull.kind, target)
    assert outcome["changed"] == []


@pytest.mark.parametrize("job", ["export", "validate"])
def test_a_work_folder_without_space_is_told_of_at_once(job: str, sample: Path, disk: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "new.kpbackup" if job == "export" else sample / "sample.kpbackup")
    outcome = _run(sample, disk, 64 << 10, job=job, path=path, work_dir=str(disk / "work"))
    assert outcome["kind"] == DiskFull.kind
    assert outcome["path"].startswith(str(disk))
    assert outcome["changed"] == []
    assert not Path(path).exists() or job != "export"


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    ("job", "size"), [("export", 300 << 10), ("import", 300 << 10), ("preview", 300 << 10), ("validate", 16 << 10)]
)
def test_a_work_folder_that_fills_up_is_told_of(size: int, job: str, sample: Path, disk: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "new.kpbackup" if job == "export" else sample / "sample.kpbackup")
    outcome = _run(sample, disk, size, job=job, path=path, work_dir=str(disk / "work"), unforeseen=True)
    assert (outcome["kind"], outcome["path"]) == (DiskFull.kind, str(disk / "work"))
    assert outcome["changed"] == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("unforeseen", [True, False])
@pytest.mark.parametrize(("spare", "kind"), [(4 << 10, DiskFull), (300 << 10, DiskFull)])
@pytest.mark.parametrize("job", ["import", "merge"])
def test_an_import_into_a_full_disk_leaves_the_database_as_it_was(
    job: str, spare: int, kind: type[SidecarError], unforeseen: bool, sample: Path, disk: Path
) -> None:
    database = str(disk / "kirapilot.db")
    size = (sample / "fresh.db").stat().st_size + spare
    outcome = _run(
        sample, disk, size, job=job, path=str(sample / "sample.kpbackup"), database=database,
        copies=[[str(sample / "fresh.db"), database]], unforeseen=unforeseen,
    )  # fmt: skip
    if not unforeseen:
        kind = DiskFull
    path = database if kind is DiskFull else str(disk / "backups")
    assert (outcome["kind"], outcome["path"]) == (kind.kind, path)
    assert outcome["message"].startswith("Nothing was changed and the backup is fine: ")
    assert ("the import needs" in outcome["message"]) is not unforeseen
    assert outcome["changed"] == []


def test_an_export_to_a_disk_that_may_not_be_written_is_told_of(sample: Path, disk: Path) -> None:
    target = str(disk / "a.kpbackup")
    outcome = _run(sample, disk, 1 << 20, job="export", path=target, read_only=True)
    assert outcome["kind"] == PermissionDenied.kind
    assert outcome["changed"] == []


def test_a_backup_on_a_disk_that_may_not_be_written_is_read(sample: Path, disk: Path) -> None:
    backup = str(disk / "a.kpbackup")
    outcome = _run(
        sample, disk, 1 << 20, job="validate", path=backup, copies=[[str(sample / "sample.kpbackup"), backup]],
        read_only=True,
    )  # fmt: skip
    assert outcome["kind"] is None


def test_a_work_folder_on_a_disk_that_may_not_be_written_is_told_of(sample: Path, disk: Path) -> None:
    path = str(sample / "sample.kpbackup")
    outcome = _run(sample, disk, 1 << 20, job="validate", path=path, work_dir=str(disk / "work"), read_only=True)
    assert outcome["kind"] == WorkFolderUnusable.kind
    assert outcome["changed"] == []


@pytest.mark.slow
def test_a_database_on_a_disk_that_may_not_be_written_can_be_exported_only(sample: Path, disk: Path) -> None:
    database, path = str(disk / "kirapilot.db"), str(sample / "sample.kpbackup")
    request: dict[str, Any] = {"database": database, "copies": [[str(sample / "fresh.db"), database]]}
    outcome = _run(sample, disk, 1 << 20, job="import", path=path, read_only=True, **request)
    # The safety copy has found its second place by then.
    assert outcome["kind"] == DatabaseReadOnly.kind
    assert outcome["changed"] == []
    target = str(sample.parent / "from-read-only.kpbackup")
    assert _run(sample, disk, 1 << 20, job="export", path=target, read_only=True, **request)["kind"] is None


@pytest.mark.parametrize("largest", [4096, 300_000])
def test_an_export_beyond_the_largest_file_leaves_the_old_backup(largest: int, places: Places, tmp_path: Path) -> None:
    make_sample(tmp_path / "sample.db", 300)
    target = tmp_path / "target" / "a.kpbackup"
    target.parent.mkdir()
    target.write_bytes(b"an older backup")
    outcome = job_process.run(
        {
            "job": "export", "database": str(places.database), "work_dir": str(places.work_dir), "path": str(target),
            "largest": largest, "watch": [str(tmp_path)],
        }
        | ({"database": str(tmp_path / "sample.db")} if largest > 4096 else {})
    )  # fmt: skip
    assert outcome["kind"] in (DiskFull.kind, WorkFolderUnusable.kind, "io_error")
    assert outcome["changed"] == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("largest", [4096, 300_000])
@pytest.mark.parametrize("job", ["import", "merge"])
def test_an_import_beyond_the_largest_file_leaves_the_database_as_it_was(
    job: str, largest: int, sample: Path, tmp_path: Path
) -> None:
    database = Path(shutil.copy(sample / "fresh.db", tmp_path / "kirapilot.db"))
    outcome = job_process.run(
        {
            "job": job, "database": str(database), "work_dir": str(tmp_path / "work"),
            "path": str(sample / "sample.kpbackup"), "largest": largest, "watch": [str(tmp_path)],
        }
    )  # fmt: skip
    assert outcome["kind"] in (DiskFull.kind, WorkFolderUnusable.kind, "io_error")
    assert outcome["changed"] == []
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# The N-th write, flush or rename of an export fails, for N = 1, 2, 3... until none is left to fail.


class Failing:
    """Lets all but the N-th call pass."""

    def __init__(self, fatal: int, code: int) -> None:
        self.fatal, self.code, self.calls = fatal, code, 0

    def step(self) -> None:
        self.calls += 1
        if self.calls == self.fatal:
            raise OSError(self.code, os.strerror(self.code))


class _File:
    """A file whose writes and flushes may fail."""

    def __init__(self, file: BinaryIO, failing: Failing) -> None:
        self._file, self._failing = file, failing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _File:
        return self

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        self._failing.step()
        return self._file.write(data)

    def read(self, size: int = -1) -> bytes:
        self._failing.step()
        return self._file.read(size)

    def flush(self) -> None:
        self._failing.step()
        self._file.flush()


def fail_files(patch: pytest.MonkeyPatch, failing: Failing) -> None:
    real_fsync, real_replace = os.fsync, Path.replace

    def opened(path: Path, mode: str, opener: Callable[[str, int], int]) -> _File:
        file = open(path, mode, opener=opener)  # noqa: SIM115 - closed by its wrapper
        return _File(cast(BinaryIO, file), failing)

    def fsync(descriptor: int) -> None:
        failing.step()
        real_fsync(descriptor)

    def replace(path: Path, target: Path) -> Path:
        failing.step()
        return real_replace(path, target)

    patch.setattr(files, "open", opened, raising=False)
    patch.setattr(os, "fsync", fsync)
    patch.setattr(Path, "replace", replace)


@pytest.mark.slow
def test_whichever_write_flush_or_rename_fails_the_old_backup_stays(places: Places, tmp_path: Path) -> None:
    target = tmp_path / "target" / "a.kpbackup"
    target.parent.mkdir()
    for fatal in itertools.count(1):
        target.write_bytes(b"an older backup")
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(fatal, errno.ENOSPC if fatal % 2 else errno.EIO)
            fail_files(patch, failing)
            failed = _export_fails(places, target)
        assert [path.name for path in target.parent.iterdir()] == [target.name]
        assert list(places.work_dir.iterdir()) == []
        if target.read_bytes() != b"an older backup":
            assert validate_comprehensive(places, str(target), Progress()).errors == []
            # Once renamed, there is only the flush of the folder left to fail.
            assert not failed or failing.calls == fatal
        else:
            assert failed
        if failing.calls < fatal:
            assert not failed
            assert fatal > 20
            return


def _export_fails(places: Places, target: Path) -> bool:
    try:
        export_data(places, str(target), Progress())
    except (DiskFull, ReadFailed, VerificationFailed, WorkFolderUnusable):
        return True
    return False
