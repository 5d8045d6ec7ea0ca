"""Databases that are missing, foreign, damaged, closed or in use: each its own error, and nothing changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database import connection as live
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseNotFound,
    DatabaseReadOnly,
    NoDatabaseFile,
    NotADatabase,
    NotKiraPilot,
)
from sidecar.errors.paths import PathNotAllowed
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support import app_process, archives, closed, job_process
from tests.support.databases import contents
from tests.support.jobs import JOBS, ON_THE_DATABASE, WRITING_THE_DATABASE, nothing_changes, refusal
from tests.support.pipes_and_sockets import fifo, is_untouched

NO_TEXT = [] if sys.platform == "win32" else ["a\ud800b"]
"""A name that is half a character: Windows takes it."""

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BUSY_SECONDS", 0.1)


def _path(job: str, tmp_path: Path) -> str:
    """A good backup to read, or a place to write one to."""
    path = tmp_path / "a.kpbackup"
    if job != "export":
        shutil.copy(archives.SHIPPED, path)
    return str(path)


def _refused(job: str, places: Places, tmp_path: Path, kind: type[SidecarError]) -> SidecarError:
    path = _path(job, tmp_path)
    with nothing_changes(tmp_path):
        error = refusal(job, places, path, kind)
    assert not error.blames_backup
    if job != "export":
        assert error.message.startswith("Nothing was changed"), error.message
    return error


def _another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)")


def _a_namesake(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE tasks (number INTEGER PRIMARY KEY, title TEXT)")
        connection.execute("CREATE TABLE time_sessions (id, task_id)")


def _damaged(path: Path) -> None:
    """Overwritten from the second page on: the schema can still be read, no row can."""
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xa5" * (len(content) - 4096 * 2)
    path.write_bytes(content)


def _schema_damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xa5" * (4096 - 100)
    path.write_bytes(content)


def _remade_as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _remade_as_pipe(path: Path) -> Path:
    path.unlink()
    return fifo(path)


def _remade_as_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


BAD: dict[str, tuple[Callable[[Path], Path | object], type[SidecarError]]] = {
    "missing": (Path.unlink, DatabaseNotFound),
    "a folder": (_remade_as_folder, NoDatabaseFile),
    "the root of a disk": (lambda path: Path(path.anchor), NoDatabaseFile),
    "a pipe": (_remade_as_pipe, NoDatabaseFile),
    "a link to itself": (_remade_as_loop, PathNotAllowed),
    "not SQLite": (lambda path: path.write_bytes(b"a letter to a friend" * 1000), NotADatabase),
    "a backup": (lambda path: shutil.copy(archives.SMALL, path), NotADatabase),
    "empty": (lambda path: path.write_bytes(b""), NotKiraPilot),
    "another program's": (_another_program, NotKiraPilot),
    "a namesake": (_a_namesake, NotKiraPilot),
    "one page long": (lambda path: os.truncate(path, 4096), DatabaseDamaged),
    "overwritten": (_damaged, DatabaseDamaged),
    "overwritten in its schema": (_schema_damaged, DatabaseDamaged),
}
"""Kind of database -> what makes one of a good one, and its path where that is another; and the error that it has."""

NO_WRECKS = ["a folder", "a pipe", "a link to itself", "the root of a disk", "another program's", "a namesake"]
"""What no restore takes the place of; that it does of all others is for behaviour/test_worst_day.py."""

if sys.platform == "win32":
    # Links take rights there that few people have.
    del BAD["a link to itself"]
    BAD["a device"] = (lambda path: path.with_name("CON"), NoDatabaseFile)
    BAD["a name that no disk takes"] = (lambda path: path.with_name("kirapilot?.db"), PathNotAllowed)
    NO_WRECKS[2:3] = ["a device", "a name that no disk takes"]


@pytest.mark.parametrize(
    ("kind", "job"),
    [
        (kind, job)
        for kind in BAD
        for job in (("export", "merge", "import", "preview") if kind in NO_WRECKS else ("export", "merge"))
    ],
)
def test_a_database_that_cannot_be_used_has_an_error_of_its_own(
    kind: str, job: str, places: Places, tmp_path: Path
) -> None:
    spoil, error = BAD[kind]
    made = spoil(places.database)
    database = made if isinstance(made, Path) else places.database
    message = _refused(job, Places(database, places.work_dir), tmp_path, error).message
    # What nothing takes the place of, no import replaces: none is advised.
    assert ("as a replacement" in message) == (kind not in NO_WRECKS), message
    assert kind != "a pipe" or is_untouched(database)


@pytest.mark.parametrize("job", ["import", "preview", "merge"])
@pytest.mark.parametrize("content", [b"a letter to a friend" * 1000, archives.SMALL.read_bytes()], ids=["text", "ZIP"])
def test_a_file_of_another_name_that_was_no_database_is_not_replaced(
    content: bytes, job: str, places: Places, tmp_path: Path
) -> None:
    other = places.database.with_name("letter.txt")
    other.write_bytes(content)
    error = _refused(job, Places(other, places.work_dir), tmp_path, NotADatabase)
    assert "as a replacement" not in error.message


def test_a_database_of_another_name_of_which_hardly_anything_is_left_is_moved_away_first(
    places: Places, tmp_path: Path
) -> None:
    other = Places(places.database.with_name("mine.db"), places.work_dir)
    other.database.write_bytes(places.database.read_bytes()[:200])
    for job in ("preview", "import"):
        assert "move it to another folder first" in _refused(job, other, tmp_path, DatabaseDamaged).message
    other.database.rename(tmp_path / "kept.db")
    import_data(other, str(archives.SMALL), True, Progress())
    assert contents(other.database)["tasks"][1]


@pytest.mark.parametrize("job", ON_THE_DATABASE)
@pytest.mark.parametrize("name", ["n" * 300, "a\0b", *NO_TEXT])
def test_a_database_with_an_impossible_name_is_told_of(name: str, job: str, places: Places, tmp_path: Path) -> None:
    _refused(job, Places(tmp_path / name, places.work_dir), tmp_path, PathNotAllowed)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_pages_overwritten_in_the_middle_never_become_a_backup_or_half_an_import(
    job: str, places: Places, tmp_path: Path
) -> None:
    """Whatever page it is: an error, or the page did not matter; never a partial success."""
    path = _path(job, tmp_path)
    pristine = places.database.read_bytes()
    kinds = set()
    for page in range(2, len(pristine) // 4096, 8):
        spoiled = pristine[: page * 4096] + b"\xff" * 4096 + pristine[(page + 1) * 4096 :]
        places.database.write_bytes(spoiled)
        try:
            JOBS[job](places, path, Progress())
        except SidecarError as error:
            kinds.add(type(error))
            assert places.database.read_bytes() == spoiled
            assert job != "export" or not Path(path).exists()
        else:
            Path(path).unlink() if job == "export" else None
        assert [entry.name for entry in tmp_path.glob("*.db-journal")] == []
        assert list(places.work_dir.iterdir()) == []
    # A replacement takes the place of what is broken.
    assert kinds == (set() if job in ("import", "preview") else {DatabaseDamaged})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_a_database_that_stays_locked_is_busy(job: str, places: Places, tmp_path: Path) -> None:
    with app_process.playing("BEGIN EXCLUSIVE", places.database):
        error = _refused(job, places, tmp_path, DatabaseBusy)
    if job != "export":
        assert error.message.startswith("Nothing was changed and the backup is fine: ")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("job", ["import", "preview"])
def test_a_busy_database_does_not_vouch_for_a_backup_that_is_damaged(job: str, places: Places, tmp_path: Path) -> None:
    damaged = Path(_path(job, tmp_path))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with app_process.playing("BEGIN EXCLUSIVE", places.database):
        refusal(job, places, str(damaged), DamagedBackup)


@pytest.mark.slow(but=2)
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("job", WRITING_THE_DATABASE)
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN"])
def test_an_app_that_reads_or_writes_all_along_keeps_an_import_out(
    lock: str, job: str, places: Places, tmp_path: Path
) -> None:
    with app_process.playing(lock, places.database):
        path = _path(job, tmp_path)
        before = places.database.read_bytes()
        error = refusal(job, places, path, DatabaseBusy)
        assert error.message.startswith("Nothing was changed and the backup is fine: ")
        assert places.database.read_bytes() == before


@pytest.mark.parametrize("job", ["export", "preview"])
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN"])
def test_an_app_that_reads_or_has_not_committed_is_no_hindrance_to_readers(
    lock: str, job: str, places: Places, tmp_path: Path
) -> None:
    with app_process.playing(lock, places.database):
        JOBS[job](places, _path(job, tmp_path), Progress())


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_a_database_that_is_let_go_of_is_waited_for(job: str, places: Places, tmp_path: Path) -> None:
    with app_process.playing("BEGIN EXCLUSIVE", places.database) as app:
        looks = 0

        def let_go() -> bool:
            nonlocal looks
            looks += 1
            if looks == 6 and app.stdin is not None:
                app.stdin.close()
            return False

        JOBS[job](places, _path(job, tmp_path), Progress(cancelled=let_go))
        assert looks >= 6


@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_waiting_for_a_database_can_be_cancelled(job: str, places: Places, tmp_path: Path) -> None:
    from sidecar.errors.base import Cancelled

    looks = iter([False] * 4)
    path = _path(job, tmp_path)
    with (
        app_process.playing("BEGIN EXCLUSIVE", places.database),
        nothing_changes(tmp_path),
        pytest.raises(Cancelled),
    ):
        JOBS[job](places, path, Progress(cancelled=lambda: next(looks, True)))


def _titles(database: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT title FROM tasks ORDER BY id").fetchall()


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ["export", "preview", "import", "merge"])
def test_what_a_killed_app_had_not_committed_is_not_there(job: str, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "before.kpbackup"
    export_data(places, str(path), Progress())
    titles = _titles(places.database)
    journal = app_process.killed_while_writing(places.database)
    if job == "export":
        path = tmp_path / "after.kpbackup"
    JOBS[job](places, str(path), Progress())
    assert not journal.exists()
    assert _titles(places.database) == titles
    if job == "export":
        import_data(places, str(path), True, Progress())
        assert _titles(places.database) == titles


@pytest.fixture
def common_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(dir=None if sys.platform == "win32" else "/tmp"))
    folder.chmod(0o777)
    yield folder
    closed.open_again(folder)
    shutil.rmtree(folder)


def _in_a_closed_folder(places: Places, common: Path) -> Path:
    database = common / "closed" / "kirapilot.db"
    database.parent.mkdir()
    for file in places.database.parent.iterdir():
        shutil.copy(file, database.parent)
    return database


def _as_ordinary(job: str, database: Path, common: Path) -> dict[str, object]:
    path = _path(job, common)
    if job != "export":
        Path(path).chmod(0o644)
    return job_process.run(
        {
            "job": job, "database": str(database), "work_dir": str(common / "work"), "path": path,
            "ordinary": True, "watch": [str(common)],
        }
    )  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ["export", "import"])
def test_a_hot_journal_in_a_folder_that_cannot_be_written_is_told_of(
    job: str, places: Places, common_folder: Path
) -> None:
    app_process.killed_while_writing(places.database)
    database = _in_a_closed_folder(places, common_folder)
    for file in database.parent.iterdir():
        closed.unwritable(file)
    closed.unwritable(database.parent)
    outcome = _as_ordinary(job, database, common_folder)
    assert outcome["kind"] == DatabaseReadOnly.kind
    assert outcome["changed"] == []


@pytest.mark.parametrize("job", ["export", "import"])
def test_a_database_one_may_not_read_is_told_of(job: str, places: Places, common_folder: Path) -> None:
    database = _in_a_closed_folder(places, common_folder)
    closed.unreadable(database)
    outcome = _as_ordinary(job, database, common_folder)
    assert outcome["kind"] == DatabaseReadOnly.kind
    assert outcome["changed"] == []


@pytest.mark.parametrize("job", ["export", "import"])
def test_a_database_in_a_folder_one_may_not_enter_is_told_of(job: str, places: Places, common_folder: Path) -> None:
    database = _in_a_closed_folder(places, common_folder)
    closed.not_to_enter(database.parent)
    outcome = _as_ordinary(job, database, common_folder)
    assert outcome["kind"] == DatabaseReadOnly.kind
    assert outcome["changed"] == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("shut", ["file", "folder"])
def test_a_database_one_may_not_write_is_told_of(shut: str, places: Places, common_folder: Path) -> None:
    database = _in_a_closed_folder(places, common_folder)
    database.chmod(0o666)
    database.parent.chmod(0o777)
    closed.unwritable(database if shut == "file" else database.parent)
    outcome = _as_ordinary("import", database, common_folder)
    # In a folder that takes no new files the safety copy has its second place; SQLite's journal has none.
    assert outcome["kind"] == DatabaseReadOnly.kind
    assert outcome["changed"] == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ["export", "preview"])
def test_a_database_one_may_only_read_can_be_read(job: str, places: Places, common_folder: Path) -> None:
    database = _in_a_closed_folder(places, common_folder)
    closed.unwritable(database)
    closed.unwritable(database.parent)
    assert _as_ordinary(job, database, common_folder)["kind"] is None
