"""Files that another program holds open on Windows, as scanners and sync clients do: waited for, then named."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.errors.databases import DatabaseBusy
from sidecar.errors.paths import FileInUse
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from sidecar.system import patience
from sidecar.system.files import remove_file
from sidecar.system.paths import Places

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="Windows' ways of sharing an open file")

READ, READ_AND_WRITE, DELETE = 0x1, 0x3, 0x4
SHARED = {"nothing": 0, "read": READ, "read and write": READ_AND_WRITE}
"""What the holder lets others do meanwhile; with DELETE too, a file can be renamed over at once."""


class Holder:
    """Another program that has a file open for reading."""

    def __init__(self, path: Path, shared: int) -> None:
        self._handle = 0
        if sys.platform == "win32":
            self._kernel32 = ctypes.WinDLL("kernel32")
            self._kernel32.CreateFileW.restype = ctypes.c_void_p
            self._handle = self._kernel32.CreateFileW(str(path), 0x80000000, shared, None, 3, 0x80, None)
            assert self._handle != ctypes.c_void_p(-1).value

    def let_go(self) -> None:
        if sys.platform == "win32" and self._handle:
            self._kernel32.CloseHandle(ctypes.c_void_p(self._handle))
            self._handle = 0


@contextmanager
def held(path: Path, shared: int) -> Iterator[Holder]:
    holder = Holder(path, shared)
    try:
        yield holder
    finally:
        holder.let_go()


@pytest.fixture
def backup(places: Places, tmp_path: Path) -> Path:
    """An older backup, whose place a new one is to take."""
    (tmp_path / "backups").mkdir()
    path = tmp_path / "backups" / "a.kpbackup"
    export_data(places, str(path), Progress())
    return path


@pytest.mark.parametrize("shared", SHARED)
def test_a_backup_that_is_held_for_a_while_is_replaced_once_it_is_let_go(
    shared: str, backup: Path, places: Places
) -> None:
    told: list[str] = []
    with held(backup, SHARED[shared]) as holder:

        def listen(message: str) -> None:
            told.append(message)
            if message.startswith("Waiting for another program"):
                holder.let_go()

        before = backup.stat().st_mtime_ns
        fallback = threading.Timer(5, holder.let_go)
        fallback.start()
        export_data(places, str(backup), Progress(listen=lambda report: listen(report.message)))
        fallback.cancel()
    assert backup.stat().st_mtime_ns != before
    assert any(message.startswith("Waiting for another program to let go of a.kpbackup") for message in told)
    assert [path.name for path in backup.parent.iterdir()] == ["a.kpbackup"]
    assert validate_basic(places, str(backup), Progress())


@pytest.mark.parametrize("shared", ["nothing", "read"])
def test_a_backup_that_is_held_for_good_is_in_use_and_stays(
    shared: str, backup: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SECONDS_ON_WINDOWS", 0.3)
    before = backup.read_bytes()
    with held(backup, SHARED[shared]), pytest.raises(FileInUse):
        export_data(places, str(backup), Progress())
    assert backup.read_bytes() == before
    assert [path.name for path in backup.parent.iterdir()] == ["a.kpbackup"]


def test_a_backup_that_may_be_written_to_but_not_renamed_over_is_written_over_and_told_of(
    backup: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SECONDS_ON_WINDOWS", 0.3)
    with held(backup, READ_AND_WRITE):
        result = export_data(places, str(backup), Progress())
    assert any("written in its place" in remark for remark in result.warnings)
    assert [path.name for path in backup.parent.iterdir()] == ["a.kpbackup"]
    assert validate_basic(places, str(backup), Progress())


def test_a_backup_whose_holder_lets_it_be_deleted_is_replaced(backup: Path, places: Places) -> None:
    with held(backup, READ_AND_WRITE | DELETE):
        export_data(places, str(backup), Progress())
    assert [path.name for path in backup.parent.iterdir()] == ["a.kpbackup"]
    assert validate_basic(places, str(backup), Progress())


def test_a_backup_that_nobody_may_read_meanwhile_is_in_use_for_an_import(
    backup: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SECONDS_ON_WINDOWS", 0.3)
    with held(backup, 0), pytest.raises(FileInUse):
        import_data(places, str(backup), False, Progress())
    with held(backup, READ):
        assert import_data(places, str(backup), False, Progress())


def test_a_backup_that_nobody_may_read_for_a_while_is_read_once_it_is_let_go(backup: Path, places: Places) -> None:
    told: list[str] = []
    with held(backup, 0) as holder:

        def listen(message: str) -> None:
            told.append(message)
            holder.let_go()

        assert validate_basic(places, str(backup), Progress(listen=lambda report: listen(report.message)))
    assert told[0].startswith("Waiting for another program to let go of a.kpbackup")


def test_a_file_that_is_held_is_removed_once_it_is_let_go(backup: Path) -> None:
    with held(backup, READ_AND_WRITE) as holder:
        remove_file(backup, Progress(listen=lambda _report: holder.let_go()))
    assert not backup.exists()


@pytest.mark.parametrize("shared", ["nothing", "read"])
def test_a_database_that_is_held_is_in_use(
    shared: str, backup: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SECONDS_ON_WINDOWS", 0.3)
    before = places.database.read_bytes()
    with held(places.database, SHARED[shared]), pytest.raises((FileInUse, DatabaseBusy)):
        import_data(places, str(backup), False, Progress())
    assert places.database.read_bytes() == before
