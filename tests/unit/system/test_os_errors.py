"""Every number the system has for a failure, in every act: a right sentence, and never one about something else."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from sidecar.errors.base import InternalError, SidecarError, StartAgain
from sidecar.errors.paths import (
    DiskFull,
    FileInUse,
    FileNotFound,
    FileTooLarge,
    FolderNotFound,
    IsAFolder,
    PathNotAllowed,
    PermissionDenied,
    PlaceUnreachable,
    ReadFailed,
)
from sidecar.system.os_errors import WRITING, Act, file_errors, last_resort, typed
from tests.conftest import Cases

TOLD = "Whatever the system says of a file, in whatever act, is told as what it is"

WINDOWS = sorted({*range(1, 500), 1006, *range(1115, 1122), *range(1200, 1260), 1295, 1326, 1450, 1455, 1921, 6000})
"""winerror.h as far as files go: sharing (5, 32, 33), names, networks (51 to 71, 12xx), scanners, cloud files."""


def _windows(number: int) -> OSError:
    """An OSError as Python makes it on Windows: an errno of its own choice, EINVAL for what it does not know."""
    error = OSError({2: errno.ENOENT, 3: errno.ENOENT, 5: errno.EACCES}.get(number, errno.EINVAL), f"winerror {number}")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    return error


def _check(error: OSError, path: Path, act: Act) -> SidecarError:
    with pytest.raises(SidecarError) as caught, file_errors(path, act):
        raise error
    told = caught.value
    assert not isinstance(told, InternalError)
    assert type(told) is not SidecarError
    assert told.hint
    assert 0 < told.exit_code < 70
    assert "{" not in told.message
    assert told.message.endswith((".", ")")) or "  " not in told.message
    if act in WRITING:
        assert not isinstance(told, FileNotFound), "what is being saved is not there, of course"
        assert "There is no file" not in told.message
    else:
        assert not isinstance(told, FolderNotFound) or error.errno == errno.ENOTDIR
    return told


@pytest.mark.parametrize("act", Act)
def test_every_errno_is_told_as_something_that_can_be_foreseen(act: Act, tmp_path: Path, cases: Cases) -> None:
    for number in errno.errorcode:
        _check(OSError(number, os.strerror(number)), tmp_path / "a.kpbackup", act)
    cases.record(TOLD, len(errno.errorcode))


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("act", Act)
def test_every_winerror_is_told_as_something_that_can_be_foreseen(act: Act, tmp_path: Path, cases: Cases) -> None:
    for number in WINDOWS:
        told = _check(_windows(number), tmp_path / "a.kpbackup", act)
        for form in (0x80070000 + number, 0x80070000 + number - (1 << 32)):
            assert type(_check(_windows(form), tmp_path / "a.kpbackup", act)) is type(told) or number in (2, 3, 5)
    cases.record(TOLD, 3 * len(WINDOWS))


AWAY = ("ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ESTALE", "ENOTCONN", "ENETDOWN", "ENODEV", "ENXIO", "ENOMEDIUM")


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("name", [name for name in AWAY if hasattr(errno, name)])
def test_a_place_that_does_not_answer_is_told_as_such(name: str, act: Act, tmp_path: Path) -> None:
    told = typed(OSError(getattr(errno, name), "gone"), tmp_path / "a", act)
    assert type(told) is PlaceUnreachable
    assert "Plug its disk in" in told.message


EXACTLY: dict[tuple[int, Act], type[SidecarError]] = {
    (errno.EFBIG, Act.SAVE): FileTooLarge,
    (errno.EFBIG, Act.FLUSH): FileTooLarge,
    (errno.ENOSPC, Act.SAVE): DiskFull,
    (errno.EDQUOT, Act.SAVE): DiskFull,
    (errno.ENOENT, Act.OPEN): FileNotFound,
    (errno.ENOENT, Act.STAT): FileNotFound,
    (errno.ENOENT, Act.LIST): PlaceUnreachable,
    (errno.ENOENT, Act.RENAME): PathNotAllowed,
    (errno.EACCES, Act.OPEN): PermissionDenied,
    (errno.EROFS, Act.SAVE): PermissionDenied,
    (errno.EBUSY, Act.RENAME): FileInUse,
    (errno.EISDIR, Act.OPEN): IsAFolder,
    (errno.ENAMETOOLONG, Act.SAVE): PathNotAllowed,
    (errno.EINVAL, Act.SAVE): ReadFailed,
    (errno.EINVAL, Act.FLUSH): ReadFailed,
    (errno.EIO, Act.UNPACK): ReadFailed,
    (errno.EMFILE, Act.OPEN): StartAgain,
    (errno.ENOMEM, Act.UNPACK): StartAgain,
}


@pytest.mark.parametrize(("number", "act"), EXACTLY, ids=str)
def test_each_errno_has_its_class(number: int, act: Act, tmp_path: Path) -> None:
    assert type(typed(OSError(number, os.strerror(number)), tmp_path / "a", act)) is EXACTLY[number, act]


def test_a_refused_argument_is_the_name_only_where_the_name_is_odd(tmp_path: Path) -> None:
    error = OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    other_slash = () if sys.platform == "win32" else ("a\\b",)
    for name in ("backup 12:30.kpbackup", "a?", "a*", 'a"', "a|b", "a<", "a.", "a ", "a\tb", *other_slash):
        assert type(typed(error, tmp_path / name, Act.SAVE)) is PathNotAllowed
        assert type(typed(error, tmp_path / name, Act.FLUSH)) is ReadFailed
    assert type(typed(error, tmp_path / "a b.kpbackup", Act.SAVE)) is ReadFailed


def test_what_is_not_there_when_it_is_saved_is_its_folder(tmp_path: Path) -> None:
    error = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert type(typed(error, tmp_path / "gone" / "a", Act.SAVE)) is FolderNotFound


EXACTLY_ON_WINDOWS: dict[int, type[SidecarError]] = {
    5: PermissionDenied, 19: PermissionDenied, 32: FileInUse, 33: FileInUse, 225: FileInUse, 112: DiskFull,
    223: FileTooLarge, 123: PathNotAllowed, 206: PathNotAllowed, 53: PlaceUnreachable, 64: PlaceUnreachable,
    67: PlaceUnreachable, 1231: PlaceUnreachable, 21: PlaceUnreachable, 8: StartAgain, 1117: ReadFailed,
    362: PlaceUnreachable, 385: PlaceUnreachable, 389: PlaceUnreachable, 404: PlaceUnreachable, 426: PlaceUnreachable,
    391: FileInUse, 395: PermissionDenied,
}  # fmt: skip


@pytest.mark.parametrize("number", EXACTLY_ON_WINDOWS)
def test_each_winerror_has_its_class(number: int, tmp_path: Path) -> None:
    for error in (_windows(number), _windows(0x80070000 + number)):
        assert type(typed(error, tmp_path / "a", Act.SAVE)) is EXACTLY_ON_WINDOWS[number]


def test_a_cloud_drive_is_named(tmp_path: Path) -> None:
    assert "cloud drive" in typed(_windows(0x80070185), tmp_path / "a", Act.OPEN).message
    assert "virus scanner" in typed(_windows(225), tmp_path / "a", Act.OPEN).message


def test_what_nobody_had_a_word_for_is_told_as_what_the_system_refused() -> None:
    assert type(last_resort(OSError(errno.ENOSPC, "full", "/a/b"))) is DiskFull
    assert type(last_resort(OSError(errno.EIO, "failed"))) is ReadFailed
    assert type(last_resort(MemoryError())) is StartAgain
    assert type(last_resort(ImportError("no such module"))) is InternalError, "a fault of ours where it is not frozen"
    assert type(last_resort(KeyError("a"))) is InternalError


def test_a_one_file_program_whose_files_were_cleared_away_asks_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    gone = FileNotFoundError(errno.ENOENT, "no such file", str(tmp_path / "base_library.zip"))
    for error in (ImportError("libsqlite3.so"), ModuleNotFoundError("_sqlite3"), gone):
        told = last_resort(error)
        assert type(told) is StartAgain
        assert "Start KiraPilot again" in told.message
    assert type(last_resort(FileNotFoundError(errno.ENOENT, "no such file", "/elsewhere"))) is FileNotFound
