"""The work folder: new, private, swept of the dead only, and gone at the end."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.errors.base import SidecarError, StartAgain
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import DiskFull, FileInUse, PathError, PermissionDenied, PlaceUnreachable, ReadFailed
from sidecar.system.workfolder import folder_errors, new_file, require_space, work_folder
from tests.conftest import ROOT
from tests.support.killing import KILLED
from tests.support.made_private import judge


def test_a_folder_is_new_and_empty_and_goes_with_all_it_holds(tmp_path: Path) -> None:
    with work_folder(tmp_path / "deep" / "work") as first, work_folder(tmp_path / "deep" / "work") as second:
        assert first != second
        assert list(first.iterdir()) == []
        (first / "sub").mkdir()
        (first / "sub" / "stage.db").write_bytes(b"x")
    assert list((tmp_path / "deep" / "work").iterdir()) == []


def test_a_folder_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = judge(monkeypatch)
    before = os.umask(0)
    try:
        with work_folder(tmp_path / "work") as folder:
            for made in (folder, tmp_path / "work"):
                assert wrong(made) == ""
                assert sys.platform == "win32" or stat.S_IMODE(made.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_a_failed_job_leaves_nothing_either(tmp_path: Path) -> None:
    def fail() -> None:
        with work_folder(tmp_path / "work") as folder:
            (folder / "stage.db").write_bytes(b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list((tmp_path / "work").iterdir()) == []


def killed_job(base: Path, files: int) -> None:
    """Leave below ``base`` what a killed job leaves, with so many files."""
    program = (
        "import os, pathlib, sys\n"
        "from tests.support.killing import KILL\n"
        "from sidecar.system.workfolder import work_folder\n"
        "with work_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        f"    [(folder / str(n)).write_bytes(b'x') for n in range({files})]\n"
        "    os.kill(os.getpid(), KILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(base)], cwd=ROOT, check=False)
    assert done.returncode == KILLED


@pytest.mark.parametrize("files", [0, 3])
def test_what_a_killed_job_left_is_swept_by_the_next(files: int, tmp_path: Path) -> None:
    killed_job(tmp_path, files)
    assert list(tmp_path.iterdir())
    with work_folder(tmp_path) as folder:
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_living_neighbours_folder_stays(tmp_path: Path) -> None:
    with work_folder(tmp_path) as neighbour:
        (neighbour / "stage.db").write_bytes(b"x")
        with work_folder(tmp_path):
            pass
        assert (neighbour / "stage.db").read_bytes() == b"x"


def _refuse(*_: object, **__: object) -> None:
    """What rmtree does with ignore_errors on a disk that lets nothing be removed."""


def test_a_folder_that_cannot_be_removed_is_swept_later(tmp_path: Path) -> None:
    """Its lock file stays with it: without that no later sweep would know it for a leftover."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", _refuse)
        with work_folder(tmp_path) as folder:
            (folder / "stage.db").write_bytes(b"x")
    assert (folder / "stage.db").exists()
    with work_folder(tmp_path):
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", [0, 0o077])
def test_a_file_is_for_its_owner_only(mask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = judge(monkeypatch)
    before = os.umask(mask)
    try:
        with work_folder(tmp_path) as folder:
            path = new_file(folder, "stage.db")
            assert wrong(path) == ""
            assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.read_bytes() == b""
    finally:
        os.umask(before)


def test_a_file_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    with work_folder(tmp_path) as folder, pytest.raises(WorkFolderUnusable) as caught:
        new_file(folder / "missing", "stage.db")
    assert caught.value.path == str(folder)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, DiskFull),
        (getattr(errno, "EDQUOT", errno.ENOSPC), DiskFull),
        # No folder is to blame for these, and room in it is no help.
        (errno.EMFILE, StartAgain),
        (errno.ENFILE, StartAgain),
        (errno.ENOMEM, StartAgain),
        (errno.EROFS, WorkFolderUnusable),
        (errno.EIO, WorkFolderUnusable),
    ],
)
def test_what_the_system_says_of_a_throw_away_file_is_told_as_what_it_is(
    number: int, told: type[SidecarError], tmp_path: Path
) -> None:
    with pytest.raises(told), folder_errors(tmp_path):
        raise OSError(number, "refused")


def test_other_peoples_files_stay(tmp_path: Path) -> None:
    (tmp_path / "job-application").mkdir()
    (tmp_path / "job-application" / "letter.txt").write_bytes(b"Dear")
    (tmp_path / "notes.txt").write_bytes(b"x")
    with work_folder(tmp_path):
        pass
    assert (tmp_path / "job-application" / "letter.txt").read_bytes() == b"Dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job-application", "notes.txt"]


def test_space_is_asked_for_before_it_is_used(tmp_path: Path) -> None:
    require_space(tmp_path, 1, "a test")
    with pytest.raises(DiskFull) as caught:
        require_space(tmp_path, shutil.disk_usage(tmp_path).total + 1, "a test")
    assert "a test needs" in caught.value.message


@pytest.mark.parametrize("error", [PermissionDenied, ReadFailed, FileInUse, PlaceUnreachable])
def test_a_backup_that_is_made_there_and_refused_is_the_work_folders_fault(
    error: type[PathError], tmp_path: Path
) -> None:
    base, elsewhere = tmp_path / "work", tmp_path / "b.kpbackup"
    with pytest.raises(WorkFolderUnusable) as refused, work_folder(base) as folder:
        raise error(path=folder / "now.kpbackup", detail="Read-only file system")
    assert (refused.value.path, refused.value.detail) == (str(base), "Read-only file system")
    with pytest.raises(error), work_folder(base):
        raise error(path=elsewhere)
