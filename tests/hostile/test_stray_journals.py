"""Journals that lie beside the database and are not its own: a sound database is never spoilt by one.

SQLite itself would play them in at the very next opening. What is refused leaves every file as it was; what a restore
sets aside is what lay there before anything was opened.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sidecar.automatic.running import run_backup_if_due
from sidecar.care.checking import check_database
from sidecar.care.compacting import compact_database
from sidecar.care.repairing import repair_database
from sidecar.clearing.clearing import clear_all_data
from sidecar.errors.databases import DatabaseDamaged, JournalInTheWay, NotKiraPilot, StrayJournal
from sidecar.errors.paths import DiskFull
from sidecar.export.exporting import export_data
from sidecar.export.shrinking import foresee
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.rescue import placing, raw_copies
from sidecar.system.paths import Places
from tests.conftest import DATA, THIRD
from tests.support.app_process import killed_while_writing, playing
from tests.support.databases import assert_same, execute, query
from tests.support.jobs import nothing_changes
from tests.support.pipes_and_sockets import fifo
from tests.support.worst_days import good_backup_of, home_of, original_of

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def home(tmp_path: Path) -> Places:
    return home_of(DATA / f"{THIRD}.db", tmp_path)


def _beside(home: Places, ending: str) -> Path:
    return home.database.with_name(f"{home.database.name}{ending}")


@contextmanager
def _journal_of(database: Path, *statements: str) -> Iterator[Path]:
    """The hot journal of a transaction that is rolled back in the end, so that the database is what it was."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute("UPDATE tasks SET description = hex(randomblob(3000))")
        yield database.with_name(f"{database.name}-journal")
        connection.execute("ROLLBACK")


def _other(home: Places) -> Path:
    """A database of KiraPilot's whose pages are others."""
    other = home.work_dir.parent / "other.db"
    shutil.copy(home.database, other)
    execute(other, "DELETE FROM ai_interactions", "UPDATE tasks SET title = title || hex(zeroblob(900))")
    query(other, "VACUUM")
    return other


def _journal_of_another(home: Places) -> Path:
    with _journal_of(_other(home)) as journal:
        shutil.copy(journal, _beside(home, "-journal"))
    return _beside(home, "-journal")


def _older_journal(home: Places) -> Path:
    """Of the same database, some changes ago: what it makes is sound, and lacks what was written since."""
    with _journal_of(home.database) as journal:
        kept = shutil.copy(journal, home.work_dir.parent / "kept")
    for number in range(3):
        execute(home.database, f"UPDATE tasks SET title = 'changed {number}'")
    shutil.copy(home.database, original_of(home))
    shutil.copy(kept, _beside(home, "-journal"))
    return _beside(home, "-journal")


def _log_of_another(home: Places) -> Path:
    """All pages of another database, so that what would come of it is sound, and KiraPilot's: but another one."""
    other = _other(home)
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("VACUUM")
        shutil.copy(f"{other}-wal", _beside(home, "-wal"))
    return _beside(home, "-wal")


STRAYS: dict[str, Callable[[Places], Path]] = {
    "a journal of another database": _journal_of_another,
    "an older journal": _older_journal,
    "a log of another database": _log_of_another,
}


def _merge(home: Places) -> object:
    return import_data(home, good_backup_of(home), False, Progress())


def _replace(home: Places) -> object:
    return import_data(home, good_backup_of(home), True, Progress())


JOBS: dict[str, Callable[[Places], object]] = {
    "export": lambda home: export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress()),
    "salvage": lambda home: export_data(
        home, str(home.database.parent.parent / "new.kpbackup"), Progress(), salvage=True
    ),
    "merge": _merge,
    "preview of a merge": lambda home: preview_import(home, good_backup_of(home), False, Progress()),
    "check": lambda home: check_database(home, Progress()),
    "repair": lambda home: repair_database(home, Progress(), dry_run=True),
    "compact": lambda home: compact_database(home, Progress(), force=True),
    "foresee": lambda home: foresee(home, good_backup_of(home), Progress()),
}


@pytest.mark.parametrize("kind", STRAYS)
def test_whatever_reads_the_database_names_the_file_and_leaves_everything_as_it_is(kind: str, home: Places) -> None:
    stray = STRAYS[kind](home)
    with nothing_changes(home.database.parent):
        for job in JOBS.values():
            with pytest.raises(StrayJournal) as caught:
                job(home)
            assert str(stray) in caught.value.message
            assert "move that one file to another folder" in caught.value.message
    stray.unlink()
    assert_same(home.database, original_of(home))
    export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())


@pytest.mark.parametrize(
    "job",
    [
        lambda home: run_backup_if_due(home, "manual", Progress()),
        lambda home: clear_all_data(home, Progress()),
    ],
    ids=["automatic", "clear"],
)
def test_jobs_that_keep_an_account_leave_the_database_and_what_lies_beside_it(
    job: Callable[[Places], object], home: Places
) -> None:
    stray = _journal_of_another(home)
    before = home.database.read_bytes(), stray.read_bytes()
    with pytest.raises(StrayJournal):
        job(home)
    assert (home.database.read_bytes(), stray.read_bytes()) == before


@pytest.mark.parametrize("kind", STRAYS)
def test_a_restore_sets_aside_what_lay_there_before_it_was_opened(kind: str, home: Places) -> None:
    stray = STRAYS[kind](home)
    before = home.database.read_bytes(), stray.read_bytes()
    shown = preview_import(home, good_backup_of(home), True, Progress())
    assert shown.rescue is not None
    assert str(stray) in shown.warnings[0]
    assert (home.database.read_bytes(), stray.read_bytes()) == before
    result = import_data(home, good_backup_of(home), True, Progress())
    assert result.wreck is not None
    ending = stray.name.removeprefix(home.database.name)
    assert (Path(result.wreck).read_bytes(), Path(f"{result.wreck}{ending}").read_bytes()) == before
    assert not stray.exists()
    undo_last_import(home, Progress())
    assert (home.database.read_bytes(), stray.read_bytes()) == before


@pytest.mark.parametrize("kind", ["a journal of another database", "a log of another database"])
def test_a_wreck_with_a_journal_is_kept_as_it_was_before_it_was_opened(kind: str, home: Places) -> None:
    """Without it there is no sound database; with the log there would be one, which is another."""
    journal = STRAYS[kind](home)
    ending = journal.name.removeprefix(home.database.name)
    content = bytearray(home.database.read_bytes())
    content[4096 * 3 : 4096 * 4] = bytes(4096)
    home.database.write_bytes(content)
    before = bytes(content), journal.read_bytes()
    result = import_data(home, good_backup_of(home), True, Progress())
    assert result.wreck is not None
    assert (Path(result.wreck).read_bytes(), Path(f"{result.wreck}{ending}").read_bytes()) == before
    assert query(home.database, "PRAGMA integrity_check") == [("ok",)]


def test_a_wreck_with_a_journal_is_told_of_and_read_without_being_opened(home: Places) -> None:
    _journal_of_another(home)
    content = bytearray(home.database.read_bytes())
    content[4096 * 3 : 4096 * 4] = bytes(4096)
    home.database.write_bytes(content)
    with nothing_changes(home.database.parent):
        with pytest.raises(DatabaseDamaged):
            JOBS["export"](home)
        assert [finding.code for finding in check_database(home, Progress()).findings] == ["damaged"]
        salvaged = export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress(), salvage=True)
    assert salvaged.readable


def test_what_lies_beside_an_empty_file_is_left_there(home: Places) -> None:
    """SQLite would remove it."""
    _journal_of_another(home)
    home.database.write_bytes(b"")
    with nothing_changes(home.database.parent), pytest.raises(NotKiraPilot):
        JOBS["export"](home)


def test_what_a_killed_app_left_is_rolled_back_as_ever(home: Places) -> None:
    journal = killed_while_writing(home.database)
    export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
    assert not journal.exists()
    assert_same(home.database, original_of(home))


def _salted(home: Places) -> Path:
    log = _log_of_another(home)
    content = bytearray(log.read_bytes())
    content[16] ^= 0xFF
    log.write_bytes(content)
    return log


def _made(home: Places, ending: str, content: bytes) -> Path:
    path = _beside(home, ending)
    path.write_bytes(content)
    return path


def _cut(home: Places) -> Path:
    journal = _journal_of_another(home)
    os.truncate(journal, 300)
    return journal


HARMLESS: dict[str, Callable[[Places], Path]] = {
    "zeros": lambda home: _made(home, "-journal", bytes(8192)),
    "empty": lambda home: _made(home, "-journal", b""),
    "cut within its header": _cut,
    "no journal at all": lambda home: _made(home, "-journal", b"a letter to a friend" * 500),
    "a log whose pages are another one's": _salted,
    "a log that is none": lambda home: _made(home, "-wal", b"a letter to a friend" * 500),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_sqlite_plays_nothing_in_from_is_in_nobodys_way(kind: str, home: Places) -> None:
    HARMLESS[kind](home)
    export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
    assert_same(home.database, original_of(home))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "a folder"),
    "a loop": (lambda path: path.symlink_to(path.name), "a link"),
    "a link": (lambda path: path.symlink_to("kirapilot.db"), "a link"),
    "a pipe": (fifo, "no file"),
}


if sys.platform == "win32":
    # Links take rights there that few people have, and no pipe lies in a folder.
    ODD = {"a folder": ODD["a folder"]}


@pytest.mark.parametrize("ending", ["-journal", "-wal"])
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_told_of_by_its_name(kind: str, ending: str, home: Places) -> None:
    make, called = ODD[kind]
    make(_beside(home, ending))
    with nothing_changes(home.database.parent):
        for job in (*JOBS.values(), _replace):
            with pytest.raises(JournalInTheWay) as caught:
                job(home)
            assert f"{_beside(home, ending)} is {called}" in caught.value.message


def test_a_super_journal_that_a_stray_journal_names_is_left_alone(home: Places) -> None:
    """SQLite removes one that no journal of its list names any more."""
    named = home.database.parent / "letters.txt"
    named.write_bytes(b"a letter to a friend")
    journal = _journal_of_another(home)
    name = os.fsencode(named)
    with journal.open("ab") as file:
        file.write((1 << 18).to_bytes(4, "big") + name + len(name).to_bytes(4, "big"))
        file.write((sum(name) % (1 << 32)).to_bytes(4, "big") + b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
    with nothing_changes(home.database.parent), pytest.raises(StrayJournal):
        export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())


def test_what_a_program_at_work_keeps_beside_the_database_is_its_own(
    home: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its journal lies there for moments: nothing is copied to look into that, and nobody is kept waiting."""
    monkeypatch.setattr("sidecar.rescue.diagnosis.copy_database", None)
    with playing("write", home.database):
        assert _beside(home, "-journal").stat().st_size > 0
        export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
    assert_same(home.database, original_of(home))


def test_a_journal_is_back_where_the_new_database_does_not_get_into_place(
    home: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    _journal_of_another(home)

    def full(*_: object) -> None:
        raise DiskFull(path=home.database)

    monkeypatch.setattr(placing, "_write_into", full)
    with nothing_changes(home.database.parent), pytest.raises(DiskFull):
        import_data(home, good_backup_of(home), True, Progress())


def test_an_undo_beside_a_stray_journal_brings_the_copy_back_and_keeps_what_was_there(home: Places) -> None:
    execute(home.database, "UPDATE tasks SET title = 'changed'")
    _replace(home)
    stray = _journal_of_another(home)
    before = home.database.read_bytes(), stray.read_bytes()
    result = undo_last_import(home, Progress())
    assert result.wreck is not None
    assert (Path(result.wreck).read_bytes(), Path(f"{result.wreck}-journal").read_bytes()) == before
    assert set(query(home.database, "SELECT title FROM tasks")) == {("changed",)}


def _in_log_mode(home: Places) -> None:
    query(home.database, "PRAGMA journal_mode = WAL")


def test_the_log_of_a_program_that_was_killed_is_played_in_as_ever(home: Places) -> None:
    _in_log_mode(home)
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("UPDATE tasks SET title = 'in the log'")
        connection.commit()
        left = [(path, path.read_bytes()) for path in (home.database, _beside(home, "-wal"))]
    for path, content in left:
        path.write_bytes(content)
    export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
    assert set(query(home.database, "SELECT title FROM tasks")) == {("in the log",)}


def test_the_log_of_a_program_at_work_is_left_to_it(home: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    _in_log_mode(home)
    monkeypatch.setattr("sidecar.rescue.diagnosis.copy_database", None)
    with playing("commit in log mode", home.database):
        log = _beside(home, "-wal")
        before = log.read_bytes()
        export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
        assert log.read_bytes() == before


def test_a_journal_that_is_done_with_while_it_is_copied_is_nothing_to_tell_of(
    home: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = _journal_of_another(home)
    copied = raw_copies._copy

    def too_late(source: Path, target: Path, progress: Progress) -> None:
        if source == journal:
            journal.unlink()
        copied(source, target, progress)

    monkeypatch.setattr(raw_copies, "_copy", too_late)
    export_data(home, str(home.database.parent.parent / "new.kpbackup"), Progress())
    assert_same(home.database, original_of(home))
