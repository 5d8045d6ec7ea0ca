"""A database of KiraPilot opens as an export of it does, with what a crash left beside it; it is not written."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.errors.backups import DamagedBackup
from sidecar.errors.paths import FileInUse, SameFile
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from sidecar.rescue import raw_copies
from tests.conftest import DATA, REAL, Cases
from tests.support.archives import SHIPPED
from tests.support.databases import contents, execute, query
from tests.support.given_files import OPENS, give, gzipped, zipped
from tests.support.oracle import Device, judge


def _as_it_is(path: Path) -> bytes:
    return path.read_bytes()


DATABASES: dict[str, Callable[[Path], bytes]] = {
    "a database": _as_it_is,
    "gzipped": lambda path: gzipped(path.read_bytes()),
    "in a ZIP": lambda path: zipped("KiraPilot/kirapilot.db")(path.read_bytes()),
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("generation", REAL)
def test_a_database_of_kirapilot_opens_as_an_export_of_it_does(
    kind: str, generation: str, tmp_path: Path, cases: Cases
) -> None:
    given = DATA / f"{generation}.db"
    device = Device(tmp_path, given)
    right = contents(given, ())
    execute(device.database, "UPDATE tasks SET title = 'changed'", "DELETE FROM time_sessions")
    device.keep()
    give(device, DATABASES[kind](given))
    assert judge(device, right, merge=False) is None
    summary = inspect_backup(str(device.archive), Progress(), device.places)
    assert (summary.form, summary.entries, summary.revision) == ("database", [], None)
    assert summary.size == device.archive.stat().st_size
    cases.record(OPENS)


def test_what_a_crash_left_beside_a_database_is_rolled_back_and_the_file_is_not_written(tmp_path: Path) -> None:
    device = Device(tmp_path)
    right = contents(device.database, ())
    journal = Path(f"{device.archive}-journal")
    with closing(sqlite3.connect(device.database)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN")
        database.execute("UPDATE tasks SET title = hex(zeroblob(3000))")
        shutil.copy(device.database, device.archive)
        shutil.copy(f"{device.database}-journal", journal)
        database.execute("ROLLBACK")
    before = device.archive.read_bytes(), journal.read_bytes()
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    import_data(device.places, str(device.archive), True, Progress())
    assert contents(device.database, ()) == right
    assert (device.archive.read_bytes(), journal.read_bytes()) == before


def test_a_write_ahead_log_beside_a_database_is_a_part_of_it(tmp_path: Path) -> None:
    device = Device(tmp_path)
    with closing(sqlite3.connect(device.database)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE tasks SET title = 'in the log'")
        database.commit()
        shutil.copy(device.database, device.archive)
        shutil.copy(f"{device.database}-wal", f"{device.archive}-wal")
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    import_data(device.places, str(device.archive), True, Progress())
    assert set(query(device.database, "SELECT title FROM tasks")) == {("in the log",)}


def test_a_journal_of_another_database_beside_the_given_one_is_named(tmp_path: Path) -> None:
    device = Device(tmp_path)
    shutil.copy(device.database, device.archive)
    journal = Path(f"{device.archive}-journal")
    other = tmp_path / "other.db"
    shutil.copy(device.database, other)
    execute(other, "DELETE FROM ai_interactions", "UPDATE tasks SET title = hex(zeroblob(900))")
    with closing(sqlite3.connect(other)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN")
        database.execute("UPDATE tasks SET title = hex(zeroblob(3000))")
        shutil.copy(f"{other}-journal", journal)
        database.execute("ROLLBACK")
    before = device.archive.read_bytes(), journal.read_bytes()
    with pytest.raises(DamagedBackup, match="-journal lies beside it"):
        import_data(device.places, str(device.archive), True, Progress())
    assert (device.archive.read_bytes(), journal.read_bytes()) == before
    journal.unlink()
    validate_basic(device.places, str(device.archive), Progress())


def test_a_database_that_is_written_to_while_it_is_read_is_in_use(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SHIPPED.with_suffix(".db"), device.archive)

    def written(source: Path, target: Path, progress: Progress) -> None:
        copied(source, target, progress)
        os.utime(source, ns=(1, 1))

    copied = raw_copies._copy
    monkeypatch.setattr(raw_copies, "_copy", written)
    with pytest.raises(FileInUse):
        validate_basic(device.places, str(device.archive), Progress())


def test_the_live_database_is_no_backup_of_itself(device: Device) -> None:
    for job in (validate_basic, lambda places, path, progress: preview_import(places, path, True, progress)):
        with pytest.raises(SameFile):
            job(device.places, str(device.database), Progress())


def _overwritten(data: bytes) -> bytes:
    return data[: len(data) // 2] + b"\xa5" * 9000 + data[len(data) // 2 + 9000 :]


def _unspeakable(data: bytes) -> bytes:
    """SQLite's own words for it are not UTF-8: it names the table byte for byte."""
    return data.replace(b"time_sessions", b"\xd2ime_sess\xffon\xd2").replace(b"CREATE TABLE", b"CREATE TABLX")


@pytest.mark.parametrize(
    "spoil",
    [_overwritten, _unspeakable, lambda data: data[:-5000], lambda data: data[:100] + b"\xff" * 4000],
)
def test_a_damaged_database_is_told_as_damaged(spoil: Callable[[bytes], bytes], device: Device) -> None:
    give(device, spoil(SHIPPED.with_suffix(".db").read_bytes()))
    judge(device, only=DamagedBackup)
