"""A rename that has to outlast a power cut: by its folder on POSIX, by the file's new name on Windows."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sidecar.system import names
from sidecar.system.flushing import CANNOT_FLUSH, NOT_FLUSHED, flush_rename


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "a.kpbackup"
    path.write_bytes(b"new")
    return path


def test_windows_flushes_the_file_under_its_new_name(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    monkeypatch.setattr(names, "ON_WINDOWS", True)
    with target.open("rb") as file:
        opened = file.fileno()
        monkeypatch.setattr(os, "fsync", lambda found: flushed.append(os.path.sameopenfile(found, opened)))
        assert flush_rename(target) is None
    assert flushed == [True]
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EIO, NOT_FLUSHED), (errno.ENOSPC, NOT_FLUSHED), (errno.EINVAL, CANNOT_FLUSH), (errno.EBADF, CANNOT_FLUSH)],
)
def test_a_file_that_cannot_be_flushed_again_is_told_of(
    number: int, said: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(names, "ON_WINDOWS", True)
    monkeypatch.setattr(os, "fsync", refuse)
    assert flush_rename(target) == said


def test_a_new_file_that_a_scanner_holds_on_windows_is_no_disk_that_fails(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_arguments: object) -> int:
        raise PermissionError(errno.EACCES, "held")

    monkeypatch.setattr(os, "open", held)
    monkeypatch.setattr(names, "ON_WINDOWS", True)
    assert flush_rename(target) == CANNOT_FLUSH
    monkeypatch.setattr(names, "ON_WINDOWS", False)
    assert flush_rename(target) == NOT_FLUSHED
