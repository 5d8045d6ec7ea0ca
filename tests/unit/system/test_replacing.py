"""Targets that are replaced at once or not at all, by files of which none is left over."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.errors.paths import PermissionDenied
from sidecar.system import flushing
from sidecar.system.permissions import Owner
from sidecar.system.replacing import Saving, replacing
from tests.conftest import ROOT
from tests.support.killing import KILLED


def test_the_target_is_replaced_at_the_very_end(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with replacing(Saving(target)) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def _fail_within(target: Path, error: type[BaseException]) -> None:
    with replacing(Saving(target)) as file:
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
    with replacing(Saving(tmp_path / "a")) as file:
        file.write(b"new")
        file.seek(0)
        assert file.read() == b"new"


@pytest.mark.parametrize("when", ["before it is written", "while it is written"])
def test_what_a_killed_process_left_is_swept_by_the_next(when: str, tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    program = (
        "import os, pathlib, sys\n"
        "from tests.support.killing import KILL\n"
        "from sidecar.system.replacing import Saving, replacing\n"
        "with replacing(Saving(pathlib.Path(sys.argv[1]))) as file:\n"
        f"    file.write(b'x' * {100_000 if when.startswith('while') else 0})\n"
        "    os.kill(os.getpid(), KILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(target)], cwd=ROOT, check=False)
    assert done.returncode == KILLED
    assert len(list(tmp_path.iterdir())) == 3
    assert target.read_bytes() == b"old"
    with replacing(Saving(target)) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208
    assert target.read_bytes() == b"new"


def test_a_living_neighbours_file_is_not_swept(tmp_path: Path) -> None:
    with replacing(Saving(tmp_path / "a")) as first:
        first.write(b"first")
        with replacing(Saving(tmp_path / "b")) as second:
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
        with replacing(Saving(tmp_path / "a")) as file:
            file.write(b"new")
        with pytest.raises(RuntimeError):
            _fail_within(tmp_path / "a", RuntimeError)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(list(tmp_path.glob(".kp-*.tmp"))) == 1
    with replacing(Saving(tmp_path / "a")):
        pass
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_files_that_only_look_like_leftovers_stay(tmp_path: Path) -> None:
    for name in (".kp-notes.txt", ".kp-1234.tmp", "kp-1.lock"):
        (tmp_path / name).write_bytes(b"mine")
    with replacing(Saving(tmp_path / "a")):
        pass
    assert sorted(os.listdir(tmp_path)) == [".kp-1234.tmp", ".kp-notes.txt", "a", "kp-1.lock"]  # noqa: PTH208


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="root alone gives files away")
def test_what_root_saves_belongs_to_whom_it_is_for(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with replacing(Saving(target, owner=Owner(12345, 23456))) as file:
        file.write(b"new")
    assert (target.stat().st_uid, target.stat().st_gid) == (12345, 23456)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.chmod(0o640)
    with replacing(Saving(target)) as file:
        file.write(b"newer")
    assert (target.stat().st_uid, target.stat().st_gid) == (12345, 23456)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640, "what is replaced gives its mode and owner"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fcntl to ask for it")
def test_a_full_flush_is_asked_for_where_a_flush_promises_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: F_FULLFSYNC first, and fsync for disks that do not know it."""
    asked: list[int] = []

    class Control:
        refused = False

        def fcntl(self, _descriptor: int, what: int) -> None:
            asked.append(what)
            if self.refused:
                raise OSError(errno.ENOTSUP, "not known")

    control = Control()
    monkeypatch.setattr(flushing, "fcntl", control, raising=False)
    monkeypatch.setattr(flushing, "_FULL", 51)
    plain: list[int] = []
    monkeypatch.setattr(os, "fsync", plain.append)
    with (tmp_path / "a").open("wb") as file:
        assert flushing.flush_file(file.fileno())
        assert (asked, plain) == ([51], [])
        control.refused = True
        assert flushing.flush_file(file.fileno())
        assert (asked, plain) == ([51, 51], [file.fileno()])
