"""Targets that are replaced at once or not at all, and the errors of the system in words for people."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.database.connection import is_database_file
from sidecar.errors import IsAFolder, PathNotAllowed, PermissionDenied, SidecarError
from sidecar.system.files import open_source, replacing, resolve_target
from sidecar.system.os_errors import file_errors
from tests.conftest import ROOT

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def test_the_target_is_replaced_at_the_very_end(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def _fail_within(target: Path, error: type[BaseException]) -> None:
    with replacing(target) as file:
        file.write(b"new")
        raise error


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, PermissionDenied])
def test_a_block_that_fails_leaves_the_target_and_no_other_file(
    error: type[BaseException], existing: bool, tmp_path: Path
) -> None:
    target = tmp_path / "a"
    if existing:
        target.write_bytes(b"old")
    with pytest.raises(error):
        _fail_within(target, error)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"] * existing


def test_what_is_written_can_be_read_back_before_it_counts(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as file:
        file.write(b"new")
        file.seek(0)
        assert file.read() == b"new"


@POSIX
@pytest.mark.parametrize("when", ["before it is written", "while it is written"])
def test_what_a_killed_process_left_is_swept_by_the_next(when: str, tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    program = (
        "import os, pathlib, signal, sys\n"
        "from sidecar.system.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as file:\n"
        f"    file.write(b'x' * {100_000 if when.startswith('while') else 0})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(target)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3
    assert target.read_bytes() == b"old"
    with replacing(target) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208
    assert target.read_bytes() == b"new"


def test_a_living_neighbours_file_is_not_swept(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as first:
        first.write(b"first")
        with replacing(tmp_path / "b") as second:
            second.write(b"second")
        assert (tmp_path / "b").read_bytes() == b"second"
    assert (tmp_path / "a").read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]  # noqa: PTH208


def _refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_file_that_cannot_be_removed_changes_no_outcome_and_is_swept_later(tmp_path: Path) -> None:
    """Its lock file stays with it: without that no later sweep would know it for a leftover."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        with replacing(tmp_path / "a") as file:
            file.write(b"new")
        with pytest.raises(RuntimeError):
            _fail_within(tmp_path / "a", RuntimeError)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(list(tmp_path.glob(".kp-*.tmp"))) == 1
    with replacing(tmp_path / "a"):
        pass
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_files_that_only_look_like_leftovers_stay(tmp_path: Path) -> None:
    for name in (".kp-notes.txt", ".kp-1234.tmp", "kp-1.lock"):
        (tmp_path / name).write_bytes(b"mine")
    with replacing(tmp_path / "a"):
        pass
    assert sorted(os.listdir(tmp_path)) == [".kp-1234.tmp", ".kp-notes.txt", "a", "kp-1.lock"]  # noqa: PTH208


@POSIX
def test_the_folder_of_a_link_is_where_the_temporary_file_lies(tmp_path: Path) -> None:
    real = tmp_path / "real" / "a"
    real.parent.mkdir()
    (tmp_path / "link").symlink_to(real)
    target = resolve_target(str(tmp_path / "link"))
    assert target == real
    with replacing(target):
        assert len(list(real.parent.iterdir())) == 2
        assert len(list(tmp_path.iterdir())) == 2


def test_errors_of_the_program_are_not_taken_for_the_systems(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"), file_errors(tmp_path):
        raise ValueError("a bug")


@pytest.mark.parametrize("path", ["", "a\0b", "a\ud800b", "n" * 300])
def test_impossible_names_are_refused_for_reading_and_writing(path: str) -> None:
    for use in (open_source, resolve_target):
        with pytest.raises(SidecarError) as caught:
            use(path)
        assert type(caught.value) is PathNotAllowed
    assert not is_database_file(Path(path), Path("kirapilot.db")) or not path


@POSIX
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for use in (open_source, resolve_target):
        with pytest.raises(IsAFolder):
            use(str(tmp_path / "pipe"))


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no /proc here")
def test_a_stream_that_is_called_a_file_is_none() -> None:
    with pytest.raises(IsAFolder):
        open_source("/proc/version")
    with pytest.raises(PermissionDenied), replacing(Path("/proc/version")):
        pass
