"""The app at work beside a job: none of its statements fails, and its database keeps its settings and its schema."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sidecar.database.sample import make_sample
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support import app_process, archives
from tests.support.jobs import JOBS, ON_THE_DATABASE

TASKS = 10_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A database of 10,000 tasks, and a backup of it beside it."""
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "kirapilot.db", TASKS)
    places = Places(folder / "kirapilot.db", folder / "work")
    export_data(places, str(folder / "sample.kpbackup"), Progress())
    return places


@pytest.fixture
def large(sample: Places, tmp_path: Path) -> Places:
    """A copy of the large database, one task of which was changed since the backup."""
    places = Places(Path(shutil.copy(sample.database, tmp_path / "kirapilot.db")), tmp_path / "work")
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute("UPDATE tasks SET title = 'changed', status = 'completed'")
        connection.execute("DELETE FROM ai_interactions WHERE rowid % 2")
    return places


def _settings(database: Path) -> dict[str, object]:
    with closing(sqlite3.connect(database)) as connection:
        names = ("journal_mode", "page_size", "user_version", "application_id", "encoding", "auto_vacuum")
        found: dict[str, object] = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in names}
        found["schema"] = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        ).fetchall()
        found["schema_version"] = connection.execute("PRAGMA schema_version").fetchone()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_no_statement_of_the_app_fails_while_a_job_runs(
    job: str, sample: Places, large: Places, tmp_path: Path
) -> None:
    backup = sample.database.with_name("sample.kpbackup")
    path = str(tmp_path / "a.kpbackup") if job == "export" else str(backup)
    before = _settings(large.database)
    with app_process.playing("live", large.database):
        JOBS[job](large, path, Progress())
    assert _settings(large.database) == before
    if job == "export":
        assert validate_comprehensive(large, path, Progress()).errors == []


@pytest.mark.slow
def test_many_short_jobs_beside_the_app_all_succeed(places: Places, tmp_path: Path) -> None:
    """A lock that the app holds for a moment is waited for, wherever in a job it is met."""
    path = str(tmp_path / "a.kpbackup")
    export_data(places, path, Progress())
    with app_process.playing("live", places.database):
        for _ in range(8):
            for job in ON_THE_DATABASE:
                JOBS[job](places, path, Progress())


@pytest.mark.slow
def test_an_export_shows_one_moment(large: Places, tmp_path: Path) -> None:
    """The app adds a record and changes a task in one transaction: a backup has both or neither."""
    with closing(sqlite3.connect(large.database)) as connection, connection:
        connection.execute("UPDATE tasks SET title = 'none' WHERE rowid <= 50")
        connection.execute("DELETE FROM ai_interactions")
    with app_process.playing("live", large.database):
        export_data(large, str(tmp_path / "a.kpbackup"), Progress())
    restored = Places(Path(shutil.copy(large.database, tmp_path / "restored.db")), large.work_dir)
    import_data(restored, str(tmp_path / "a.kpbackup"), True, Progress())
    with closing(sqlite3.connect(restored.database)) as connection:
        added = connection.execute("SELECT count(*) FROM ai_interactions WHERE id LIKE 'app %'").fetchone()[0]
        titles = {title for (title,) in connection.execute("SELECT title FROM tasks WHERE rowid <= 50")}
    last = {f"written by the app {turn}" for turn in range(max(added - 50, 0), added)}
    assert titles - {"none"} == last


@pytest.mark.parametrize("overwrite", [True, False])
def test_settings_that_are_not_the_usual_ones_stay_too(overwrite: bool, places: Places, tmp_path: Path) -> None:
    path = str(tmp_path / "a.kpbackup")
    export_data(places, path, Progress())
    with closing(sqlite3.connect(places.database)) as connection:
        connection.execute("PRAGMA user_version = 4711")
        connection.execute("PRAGMA application_id = 815")
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("DELETE FROM ai_interactions")
        connection.commit()
    before = _settings(places.database)
    import_data(places, path, overwrite, Progress())
    assert _settings(places.database) == before
    assert before["journal_mode"] == ("wal",)


@pytest.mark.slow
def test_a_job_beside_the_app_is_right_or_refused_never_mixed(sample: Places, large: Places) -> None:
    """What the app writes while an import is being worked out is either replaced with the rest, or written after it."""
    backup = str(sample.database.with_name("sample.kpbackup"))
    with app_process.playing("live", large.database):
        try:
            result = import_data(large, backup, True, Progress())
        except SidecarError as error:
            pytest.fail(f"the import did not wait: {error!r}")
    assert sum(account.read for account in result.tables.values()) > TASKS
    with closing(sqlite3.connect(large.database)) as connection:
        changed = connection.execute("SELECT count(*) FROM tasks WHERE title = 'changed'").fetchone()
        assert changed == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ON_THE_DATABASE)
def test_a_lock_of_a_moment_is_waited_for_wherever_it_is_met(job: str, places: Places, tmp_path: Path) -> None:
    path = str(tmp_path / "a.kpbackup" if job == "export" else archives.SHIPPED)
    pristine = places.database.read_bytes()
    moment = 3
    while True:
        places.database.write_bytes(pristine)
        looks = _with_a_lock_at(moment, job, places, path)
        if looks < moment:
            return
        moment += 14


def _with_a_lock_at(moment: int, job: str, places: Places, path: str) -> int:
    """Run a job; at the given look for a cancel, another connection takes the database for a tenth of a second."""
    looks = 0
    timers: list[threading.Timer] = []
    with closing(sqlite3.connect(places.database, timeout=0, isolation_level=None, check_same_thread=False)) as app:

        def look() -> bool:
            nonlocal looks
            looks += 1
            if looks == moment:
                with suppress(sqlite3.OperationalError):  # locked: the import is at its transaction
                    app.execute("BEGIN EXCLUSIVE")
                    timers.append(threading.Timer(0.1, lambda: app.execute("ROLLBACK")))
                    timers[0].start()
            return False

        JOBS[job](places, path, Progress(cancelled=look))
        for timer in timers:
            timer.join()
    return looks


def test_a_safety_copy_that_is_made_under_an_import_s_lock_leaves_it_locked(tmp_path: Path) -> None:
    """Whoever closes a file lets go of all locks that the process has on it (POSIX): nothing but SQLite may open it."""
    places = Places(tmp_path / "kirapilot.db", tmp_path / "work")
    make_sample(places.database, 20)
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('DELETE FROM ai_interactions')"
    with closing(sqlite3.connect(places.database, isolation_level=None)) as importing:
        importing.execute("BEGIN IMMEDIATE")
        export_data(places, str(tmp_path / "copy.kpbackup"), Progress())
        app = subprocess.run([sys.executable, "-c", script, places.database], capture_output=True, check=False)
    assert b"database is locked" in app.stderr
