"""The numbers of a job are those of what happened, or it did not happen."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import CannotRemove
from sidecar.errors.jobs import AccountingMismatch, SafetyCopyFailed, VerificationFailed
from sidecar.errors.paths import DiskFull
from sidecar.export.gathering import Batch, Gatherer
from sidecar.jobs.inspecting import inspect_backup
from sidecar.progress import Progress
from sidecar.system import replacing
from sidecar.system.flushing import NOT_FLUSHED
from tests.conftest import EVERY_KIND, Copy
from tests.support.archives import entries_of, write
from tests.support.databases import (
    assert_same,
    backup,
    bring_in,
    copy_of,
    execute,
    export,
    fresh,
    insert,
    preview,
    query,
    restore,
    validate,
)
from tests.support.shipped import dependency, shipped_archive, task


def _device(folder: Path, *statements: str) -> Path:
    """A device with the tasks a, b and gone, and a table of its own that triggers may write to."""
    device = fresh(folder)
    execute(
        device,
        "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('b', 'B'), ('gone', 'G')",
        "CREATE TABLE diary (id INTEGER PRIMARY KEY, what TEXT)",
        "INSERT INTO diary VALUES (1, 'kept')",
        *statements,
    )
    return device


SKIPPING = {
    "skips an insert": "BEFORE INSERT ON tasks WHEN NEW.id = 'c' BEGIN SELECT raise(IGNORE); END",
    "skips an update": "BEFORE UPDATE ON tasks WHEN NEW.id = 'a' BEGIN SELECT raise(IGNORE); END",
    "skips a removal": "BEFORE DELETE ON tasks BEGIN SELECT raise(IGNORE); END",
}


@pytest.mark.parametrize("trigger", SKIPPING.values(), ids=[name.replace(" ", "-") for name in SKIPPING])
def test_a_trigger_that_leaves_out_what_was_asked_for_undoes_the_import(tmp_path: Path, trigger: str) -> None:
    device = _device(tmp_path, f"CREATE TRIGGER meddling {trigger}")
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b", title="B2"), task("c")])
    before = device.read_bytes()
    with pytest.raises(AccountingMismatch, match=r"instead of"):
        bring_in(device, archive)
    assert device.read_bytes() == before


def test_the_refusal_names_the_trigger(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "CREATE TRIGGER meddling AFTER INSERT ON tasks BEGIN"
        " UPDATE diary SET what = 'changed'; SELECT raise(ABORT, 'never') WHERE NEW.id = 'z'; END",
    )
    with pytest.raises(AccountingMismatch, match="triggers of the database change rows: meddling"):
        bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("c")]))


def test_a_trigger_that_keeps_a_search_index_does_not_stop_an_import(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "CREATE VIRTUAL TABLE found USING fts5(title)",
        "CREATE TRIGGER indexing AFTER INSERT ON tasks BEGIN INSERT INTO found (title) VALUES (NEW.title); END",
    )
    bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("c", title="Needle")]))
    assert query(device, "SELECT title FROM found WHERE found MATCH 'needle'") == [("Needle",)]


def test_a_trigger_that_has_nothing_to_do_does_not_stop_an_import(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "CREATE TRIGGER waiting AFTER INSERT ON tasks WHEN NEW.id = 'z' BEGIN DELETE FROM diary; END",
        "CREATE VIEW titles AS SELECT title FROM tasks",
        "CREATE TRIGGER viewing INSTEAD OF INSERT ON titles BEGIN DELETE FROM tasks; END",
    )
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("c")]))


@pytest.mark.parametrize("conflict", ["REPLACE", "IGNORE"])
def test_a_constraint_that_settles_conflicts_by_itself_undoes_the_import(tmp_path: Path, conflict: str) -> None:
    """SQLite counts neither the row that is replaced nor the one that is ignored."""
    device = fresh(tmp_path)
    execute(
        device,
        "CREATE TABLE labels (id TEXT PRIMARY KEY, name TEXT NOT NULL)",
        "INSERT INTO labels VALUES ('1', 'red'), ('2', 'green')",
    )
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(
        device,
        "DROP TABLE labels",
        f"CREATE TABLE labels (id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE CHECK (name != ''),"
        f" kind TEXT DEFAULT 'x' UNIQUE ON CONFLICT {conflict})",
    )
    before = device.read_bytes()
    with pytest.raises(AccountingMismatch):
        bring_in(device, archive)
    assert device.read_bytes() == before


def test_rows_that_lose_a_reference_are_counted_as_they_are_changed(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "INSERT INTO threads (id, title, assignment_task_id) VALUES ('h', 'Talk', 'gone')",
        "CREATE TRIGGER skipping BEFORE UPDATE ON threads BEGIN SELECT raise(IGNORE); END",
    )
    before = device.read_bytes()
    with pytest.raises(AccountingMismatch, match="threads: rows that lose assignment_task_id: 0 instead of 1"):
        bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a")]))
    assert device.read_bytes() == before


def test_kept_rows_are_those_that_no_record_stands_for(tmp_path: Path) -> None:
    device = _device(tmp_path, "CREATE TABLE lines (what TEXT)", "INSERT INTO lines VALUES ('x'), ('y'), (NULL)")
    insert(device, "task_dependencies", id="d", task_id="a", depends_on_id="b")
    execute(device, "INSERT INTO lines VALUES ('x')")
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(device, "DELETE FROM lines WHERE rowid = 1", "INSERT INTO lines VALUES ('z')")
    merged = restore(device, archive, overwrite=False)
    assert (merged.tables["lines"].unchanged, merged.tables["lines"].kept) == (4, 1)
    twice = [dependency("d", "b", "a"), dependency("e", "a", "b")]
    tasks = [task("a"), task("b")]
    merged = restore(
        device, shipped_archive(tmp_path / "c.kpbackup", tasks=tasks, task_dependencies=twice), overwrite=False
    )
    account = merged.tables["task_dependencies"]
    assert (account.unchanged, account.left_out, account.kept) == (1, {"differs_from_database": 1}, 0)


def test_an_export_that_drops_rows_is_found_out(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_copy(EVERY_KIND)
    target = backup(database, tmp_path / "b.kpbackup")
    before, whole = target.read_bytes(), Gatherer.batches

    def forgetful(gatherer: Gatherer) -> Iterator[Batch]:
        for batch in whole(gatherer):
            if gatherer._table.name != "threads":
                yield batch

    monkeypatch.setattr(Gatherer, "batches", forgetful)
    with pytest.raises(VerificationFailed, match="0 of 2 threads were written"):
        export(database, target)
    assert target.read_bytes() == before


# Rows that cannot go


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("clause", ["", "ON DELETE RESTRICT", "ON DELETE SET DEFAULT", "NOT NULL ON DELETE SET NULL"])
def test_the_preview_refuses_what_the_import_would(tmp_path: Path, clause: str) -> None:
    declared, _, action = clause.partition("ON") if clause.startswith("NOT NULL") else ("", "", clause)
    device = _device(
        tmp_path,
        f"CREATE TABLE labels (id TEXT PRIMARY KEY, task_id TEXT {declared} REFERENCES tasks (id)"
        f" {'ON' + action if declared else action})",
        "INSERT INTO labels VALUES ('l', 'gone')",
    )
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a")])
    before = device.read_bytes()
    for job in (preview, bring_in):
        with pytest.raises(CannotRemove, match="Nothing was changed and the backup is fine") as refused:
            job(device, archive)
        assert refused.value.code == 37
    assert device.read_bytes() == before
    restore(device, archive, overwrite=False)


def test_a_reference_of_two_columns_into_a_removed_row_is_refused_in_words_of_its_own(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "CREATE UNIQUE INDEX pair ON tasks (id, title)",
        "CREATE TABLE labels (id TEXT, title TEXT, FOREIGN KEY (id, title) REFERENCES tasks (id, title))",
        "INSERT INTO labels VALUES ('gone', 'G')",
    )
    before = device.read_bytes()
    with pytest.raises(CannotRemove, match="1 reference of labels would lead nowhere"):
        bring_in(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a")]))
    assert device.read_bytes() == before


def test_a_table_whose_rows_have_no_name_is_restored_or_refused_in_clear_words(tmp_path: Path) -> None:
    device = _device(
        tmp_path,
        "CREATE TABLE odd (rowid TEXT, _rowid_ TEXT, oid TEXT)",
        "INSERT INTO odd VALUES ('1', '2', '3'), ('1', '2', '3')",
    )
    original = copy_of(device, tmp_path / "original")
    archive = backup(device, tmp_path / "b.kpbackup")
    restore(device, archive)
    assert_same(device, original)
    execute(device, "INSERT INTO odd VALUES ('4', '5', '6')")
    before = device.read_bytes()
    for job in (preview, bring_in):
        with pytest.raises(CannotRemove, match="rows of odd cannot be told apart, since columns are called rowid"):
            job(device, archive)
    assert device.read_bytes() == before
    restore(device, archive, overwrite=False)
    execute(device, "DELETE FROM odd")
    restore(device, archive)
    assert_same(device, original)


# Disks


Usage = namedtuple("Usage", "total used free")


def test_an_import_that_cannot_fit_beside_the_database_is_refused_before_it_begins(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backup(database_copy(EVERY_KIND), tmp_path / "b.kpbackup")
    device = fresh(tmp_path)
    real = shutil.disk_usage

    def usage(path: Path) -> Any:
        """A disk that is full where the database lies, and nowhere else."""
        return Usage(1000, 1000, 10) if Path(path) == device else real(path)

    before = device.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", usage)
    for job in (preview, bring_in):
        with pytest.raises(DiskFull, match=r"Nothing was changed and the backup is fine.*the import needs"):
            job(device, archive)
    assert device.read_bytes() == before
    monkeypatch.undo()
    bring_in(device, archive)
    monkeypatch.setattr(shutil, "disk_usage", usage)
    again = bring_in(device, archive)
    assert all(account.added == account.updated == 0 for account in again.tables.values()), "nothing needs no space"


@pytest.mark.parametrize("failing", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_a_rename_that_cannot_be_flushed_is_told_of_but_the_new_file_is_there(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    database, target = database_copy(EVERY_KIND), tmp_path / "b.kpbackup"
    target.write_bytes(b"old")
    real = os.fsync

    def fsync(descriptor: int) -> None:
        """A disk that fails when a folder is flushed, or the new file by its own name, as on Windows."""
        found = os.fstat(descriptor)
        is_renamed = os.path.samestat(found, target.stat()) if sys.platform == "win32" else stat.S_ISDIR(found.st_mode)
        if is_renamed:
            raise OSError(failing, os.strerror(failing))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    result = export(database, target)
    assert result.warnings[-1] == NOT_FLUSHED
    assert validate(database, target).is_valid
    monkeypatch.undo()
    assert NOT_FLUSHED not in export(database, target).warnings


def test_a_safety_copy_that_may_not_outlast_a_power_cut_stops_the_import(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, device = backup(database_copy(EVERY_KIND), tmp_path / "b.kpbackup"), fresh(tmp_path)
    before = device.read_bytes()
    monkeypatch.setattr(replacing, "flush_rename", lambda _target: NOT_FLUSHED)
    with pytest.raises(SafetyCopyFailed, match="could not be flushed"):
        bring_in(device, archive)
    assert device.read_bytes() == before
    assert not (device.parent / "backups").exists()


# Settings that are no JSON


@pytest.mark.parametrize("text", [b"{", b"[]", b"", b"\xff{}", b'{"a": 1} x'])
def test_every_job_says_the_same_of_settings_that_are_no_json(tmp_path: Path, text: bytes) -> None:
    device = fresh(tmp_path)
    entries = entries_of(shipped_archive(tmp_path / "a.kpbackup", tasks=[task("a")]))
    archive = write(tmp_path / "b.kpbackup", entries | {"settings.json": text})
    before = device.read_bytes()
    with pytest.raises(DamagedBackup, match=r"settings\.json"):
        inspect_backup(str(archive), Progress())
    assert not validate(device, archive).is_valid
    for job in (preview, bring_in):
        with pytest.raises(SidecarError, match=r"settings\.json") as refused:
            job(device, archive)
        assert type(refused.value) is DamagedBackup
        assert refused.value.data()["salvage"] is True
    assert device.read_bytes() == before
