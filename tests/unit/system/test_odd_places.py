"""Places that cannot replace a file at once, by the next best way; what each could not do is told."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.base import Cancelled
from sidecar.errors.jobs import VerificationFailed
from sidecar.errors.paths import DiskFull, ReadFailed
from sidecar.progress import Progress, Report
from sidecar.system import locks, names, patience
from sidecar.system import replacing as module
from sidecar.system.flushing import CANNOT_FLUSH, NOT_FLUSHED
from sidecar.system.locks import ABANDONED_SECONDS
from sidecar.system.replacing import MOVED_ASIDE, WRITTEN_OVER, WRITTEN_PLAINLY, Saving, replacing


class Place:
    """A folder as an awkward file system shows it: what it refuses, with which errno, is put into the fields."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = str(folder)
        self.rename: int | None = None
        self.rename_over: int | None = None
        self.rename_times = 1 << 30
        self.both_ways: int | None = None
        self.new: int | None = None
        self.exclusive: int | None = None
        self.flush: int | None = None
        self.flush_rename: int | None = None
        self.lock: int | None = None
        self.write_after: int | None = None
        self.tried: list[str] = []
        self._real: dict[str, Callable[..., Any]] = {}
        for library, name, ours in (
            (os, "open", self._open), (os, "rename", self._rename), (os, "replace", self._replace),
            (os, "fsync", self._fsync),
        ):  # fmt: skip
            self._real[name] = getattr(library, name)
            patch.setattr(library, name, ours)
        if sys.platform != "win32":
            import fcntl

            self._real["flock"] = fcntl.flock
            patch.setattr(fcntl, "flock", self._flock)
        else:
            # Of the library there is no other name to take its lock by.
            from filelock import _windows

            self._real["flock"] = _windows.lock_fd_nonblocking
            patch.setattr(_windows, "lock_fd_nonblocking", self._flock)

    def _here(self, path: object) -> bool:
        return str(path).startswith(self.folder)

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if self._here(path):
            name = os.path.basename(path)  # noqa: PTH119
            self.tried.append(f"open {name}")
            if self.both_ways and flags & os.O_RDWR:
                raise OSError(self.both_ways, "both ways")
            if self.exclusive and flags & os.O_EXCL:
                raise OSError(self.exclusive, "exclusive")
            if self.new and flags & os.O_CREAT and name.startswith((".", "older")):
                raise OSError(self.new, "new")
        descriptor: int = self._real["open"](path, flags, mode, **more)
        return descriptor

    def _rename(self, old: Any, new: Any, how: str = "rename") -> None:
        if self._here(new):
            self.tried.append("rename")
            number = self.rename or (self.rename_over if os.path.lexists(new) else None)
            if number and self.rename_times:
                self.rename_times -= 1
                raise OSError(number, "rename")
        self._real[how](old, new)

    def _replace(self, old: Any, new: Any) -> None:
        self._rename(old, new, "replace")

    def _path_of(self, descriptor: int) -> str:
        if sys.platform == "win32":
            import ctypes
            import msvcrt

            name = ctypes.create_unicode_buffer(names.LONGEST_PATH)
            handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
            assert ctypes.WinDLL("kernel32").GetFinalPathNameByHandleW(handle, name, len(name), 0)
            path = names.shown(name.value)
        else:
            path = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        return path

    def _is_folder(self, descriptor: int) -> bool:
        return stat.S_ISDIR(os.fstat(descriptor).st_mode)

    def _fsync(self, descriptor: int) -> None:
        found = self._path_of(descriptor)
        # Windows flushes no folder, but the file once more by the name that it has got.
        is_rename = not Path(found).name.startswith(".") if sys.platform == "win32" else self._is_folder(descriptor)
        number = self.flush_rename if is_rename else self.flush
        if self._here(found) and number:
            raise OSError(number, "fsync")
        self._real["fsync"](descriptor)

    def _flock(self, descriptor: int, *operation: int) -> object:
        if self.lock and self._here(self._path_of(descriptor)):
            raise OSError(self.lock, "flock")
        return self._real["flock"](descriptor, *operation)


TOLD = pytest.mark.skipif(sys.platform == "darwin", reason="what a descriptor is of is told by /proc, and on Windows")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("place", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "job").mkdir()
    for name in ("_SECONDS_ELSEWHERE", "_SECONDS_ON_WINDOWS"):
        monkeypatch.setattr(patience, name, 0.05)
    # Windows: what it calls a refusal is a neighbour's lock to the library, which waits for it.
    monkeypatch.setattr(locks, "_SECONDS", 0.05)
    return Place(tmp_path / "place", monkeypatch)


def _save(tmp_path: Path, older: bytes | None = b"old") -> Saving:
    target = tmp_path / "place" / "a"
    if older is not None:
        target.write_bytes(older)
    saving = Saving(target, tmp_path / "work" / "job")
    with replacing(saving) as file:
        file.write(b"nxw")
        file.seek(1)
        file.write(b"e")
        file.seek(0)
        assert file.read() == b"new"
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["a"]
    return saving


REFUSALS = sorted({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EACCES, errno.EIO, errno.EEXIST})


@TOLD
@pytest.mark.parametrize("older", [None, b"old"], ids=["new", "over an older one"])
@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
@pytest.mark.parametrize(
    ("flaw", "remarks"),
    [
        ("both_ways", []),
        ("rename", [WRITTEN_OVER]),
        ("rename_over", [MOVED_ASIDE]),
        ("new", [WRITTEN_OVER]),
        ("lock", []),
    ],
)
def test_a_place_that_takes_a_plain_write_takes_a_new_file(
    flaw: str, remarks: list[str], number: int, older: bytes | None, place: Place, tmp_path: Path
) -> None:
    setattr(place, flaw, number)
    saving = _save(tmp_path, older)
    if older is None:
        remarks = [WRITTEN_PLAINLY] if remarks == [WRITTEN_OVER] else []
    assert saving.remarks == remarks


@TOLD
@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF])
def test_a_place_that_knows_no_flush_takes_a_new_file_and_it_is_said(number: int, place: Place, tmp_path: Path) -> None:
    place.flush = number
    assert _save(tmp_path).remarks == [CANNOT_FLUSH]
    place.flush, place.flush_rename = None, number
    assert _save(tmp_path).remarks == [CANNOT_FLUSH]


@pytest.mark.slow(but=45)
@TOLD
@pytest.mark.parametrize("number", errno.errorcode)
def test_a_folder_that_cannot_be_flushed_is_a_remark_whatever_it_says(
    number: int, place: Place, tmp_path: Path
) -> None:
    place.flush_rename = number
    (said,) = _save(tmp_path).remarks
    assert said in (CANNOT_FLUSH, NOT_FLUSHED)


@TOLD
def test_a_place_that_can_hardly_do_anything_takes_a_new_file(place: Place, tmp_path: Path) -> None:
    place.both_ways = place.rename = place.exclusive = place.flush = place.flush_rename = place.lock = errno.EOPNOTSUPP
    assert _save(tmp_path).remarks == [CANNOT_FLUSH, WRITTEN_OVER]


@TOLD
def test_a_disk_that_fails_to_flush_is_a_failure_and_the_older_file_stays(place: Place, tmp_path: Path) -> None:
    for number, kind in ((errno.EIO, ReadFailed), (errno.ENOSPC, DiskFull)):
        place.flush = number
        with pytest.raises(kind):
            _save(tmp_path)
        assert [path.read_bytes() for path in (tmp_path / "place").iterdir()] == [b"old"]


@TOLD
@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.ETXTBSY])
def test_a_rename_refused_for_a_moment_is_tried_again_and_told(number: int, place: Place, tmp_path: Path) -> None:
    place.rename, place.rename_times = number, 2
    told: list[Report] = []
    saving = Saving(tmp_path / "place" / "a", tmp_path / "work" / "job", Progress({"x": 1}, told.append))
    saving.target.write_bytes(b"old")
    with replacing(saving) as file:
        file.write(b"new")
    assert saving.target.read_bytes() == b"new"
    assert saving.remarks == []
    assert place.tried.count("rename") == 3
    assert [report.message for report in told] == ["Waiting for another program to let go of a"]


@TOLD
def test_a_wait_for_another_program_can_be_cancelled(place: Place, tmp_path: Path) -> None:
    place.rename = errno.EBUSY
    saving = Saving(tmp_path / "place" / "a", tmp_path / "work" / "job", Progress(cancelled=lambda: True))
    saving.target.write_bytes(b"old")
    with pytest.raises(Cancelled), replacing(saving) as file:
        file.write(b"new")
    assert [path.read_bytes() for path in (tmp_path / "place").iterdir()] == [b"old"]


@TOLD
def test_an_older_file_comes_back_when_writing_over_it_fails(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.rename = errno.EOPNOTSUPP
    real, calls = module._require_same, []

    def lying(source: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) == 1:
            raise VerificationFailed(path=path, detail="a test")
        real(source, path)

    monkeypatch.setattr(module, "_require_same", lying)
    with pytest.raises(VerificationFailed):
        _save(tmp_path)
    assert [path.read_bytes() for path in (tmp_path / "place").iterdir()] == [b"old"]


@TOLD
def test_an_older_file_that_cannot_be_put_back_is_kept_and_its_place_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.rename = errno.EOPNOTSUPP

    def lying(_source: Path, path: Path) -> None:
        raise VerificationFailed(path=path, detail="a test")

    monkeypatch.setattr(module, "_require_same", lying)
    with pytest.raises(ReadFailed, match="lies in") as caught:
        _save(tmp_path)
    (saved,) = (tmp_path / "work").glob("older-*")
    assert str(saved) in caught.value.message
    assert saved.read_bytes() == b"old"


@TOLD
def test_what_a_plain_write_does_not_get_to_the_place_is_seen(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read back by a handle of its own, all of it."""
    place.rename = errno.EOPNOTSUPP
    real = module._copy

    def cut(source: Path, path: Path, saving: Saving) -> None:
        real(source, path, saving)
        if source.name.endswith(".tmp"):
            path.write_bytes(b"ne")

    monkeypatch.setattr(module, "_copy", cut)
    with pytest.raises(VerificationFailed):
        _save(tmp_path)
    assert (tmp_path / "place" / "a").read_bytes() == b"old"


@TOLD
def test_another_name_of_the_older_file_keeps_what_it_holds(place: Place, tmp_path: Path) -> None:
    place.rename = errno.EOPNOTSUPP
    (tmp_path / "place" / "a").write_bytes(b"old")
    (tmp_path / "kept").hardlink_to(tmp_path / "place" / "a")
    _save(tmp_path, None)
    assert (tmp_path / "kept").read_bytes() == b"old"


@TOLD
def test_leftovers_are_swept_by_age_where_there_are_no_locks(place: Place, tmp_path: Path) -> None:
    place.lock = errno.ENOLCK
    for name, age in (("old", ABANDONED_SECONDS + 60), ("young", ABANDONED_SECONDS - 60)):
        for suffix in (".tmp", ".lock"):
            path = tmp_path / "place" / f".kp-{name}{suffix}"
            path.write_bytes(b"")
            os.utime(path, (path.stat().st_mtime - age,) * 2)
    with replacing(Saving(tmp_path / "place" / "a")) as file:
        file.write(b"new")
    assert sorted(os.listdir(tmp_path / "place")) == [".kp-young.lock", ".kp-young.tmp", "a"]  # noqa: PTH208
