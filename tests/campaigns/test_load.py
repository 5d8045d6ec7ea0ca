"""The app at work beside jobs on 100,000 tasks: none of its statements waits for too long, and no backup is mixed.

It lasts minutes, and is left out of a usual run: ``python -m pytest -m exhaustive tests/campaigns/test_load.py``.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database.sample import make_fresh
from sidecar.errors.databases import DatabaseBusy
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import Cases
from tests.support import app_process, archives
from tests.support.databases import larger
from tests.support.jobs import JOBS, WRITING_THE_DATABASE

TASKS = 100_000
APP_SECONDS = 5.0
"""After these a statement of the app fails."""

WAITED = "No statement of the app, reads included, fails for waiting while a job runs at 100,000 tasks"
ONE_MOMENT = "An export is one consistent moment, whatever the app writes meanwhile"

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A database of 100,000 tasks, 200,000 time sessions and 50,000 AI rows, and a backup of it beside it."""
    return larger(tmp_path_factory.mktemp("sample"), TASKS)


def _fresh(_sample: Places, path: Path) -> None:
    make_fresh(path)


def _same(sample: Places, path: Path) -> None:
    shutil.copy(sample.database, path)


def _edited(sample: Places, path: Path) -> None:
    """Every row of the three large tables is another one than in the backup."""
    shutil.copy(sample.database, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, column in (("tasks", "title"), ("time_sessions", "notes"), ("ai_interactions", "response")):
            connection.execute(f"UPDATE {table} SET {column} = 'edited ' || rowid")


def _of_another_device(sample: Places, path: Path) -> None:
    """No row has an id that the backup knows."""
    shutil.copy(sample.database, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        renamed = {
            "tasks": ["id"],
            "time_sessions": ["id", "task_id"],
            "ai_interactions": ["id"],
            "threads": ["assignment_task_id"],
        }
        for table, columns in renamed.items():
            named = ", ".join(f"{column} = 'other ' || {column}" for column in columns)
            connection.execute(f"UPDATE {table} SET {named}")
        connection.execute("DELETE FROM task_dependencies")
        connection.execute("DELETE FROM focus_sessions")
        connection.execute("UPDATE tasks SET parent_task_id = NULL")


SITUATIONS = {"fresh": _fresh, "same": _same, "edited": _edited, "of another device": _of_another_device}


@pytest.mark.parametrize("quietly", [True, False], ids=["app that reads", "app that writes"])
@pytest.mark.parametrize("job", ["export", "preview", "import", "merge"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_statement_of_the_app_fails_for_waiting(
    situation: str, job: str, quietly: bool, sample: Places, tmp_path: Path, cases: Cases
) -> None:
    """An app that writes twenty times a second may keep an import out, which says so; one that reads does not."""
    database = tmp_path / "kirapilot.db"
    SITUATIONS[situation](sample, database)
    places = Places(database, tmp_path / "work")
    path = tmp_path / "new.kpbackup" if job == "export" else sample.database.with_name("a.kpbackup")
    began = time.monotonic()
    said = None
    with app_process.measured(database, quietly) as app:
        try:
            JOBS[job](places, str(path), Progress())
        except DatabaseBusy as error:
            said = error.message
        if job == "export":
            _require_one_moment(path)
            cases.record(ONE_MOMENT)
    assert app["failures"] == []
    if said is not None:
        assert not quietly
        assert job in WRITING_THE_DATABASE
        assert said.startswith("Nothing was changed and the backup is fine: ")
    waits = " ".join(f"{kind} {seconds:.2f} s" for kind, seconds in app["longest"].items())
    app_kind = "reads" if quietly else "writes"
    what = f"longest waits of an app that {app_kind}, {job}, {situation}"
    cases.measured(what, f"{waits} (job {time.monotonic() - began:.1f} s)")
    cases.record(WAITED, sum(app["done"].values()))
    assert max(app["longest"].values()) < APP_SECONDS
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def _require_one_moment(path: Path) -> None:
    """The app adds a record and changes a task in one transaction: a backup has both or neither."""
    entries = archives.entries_of(path)
    added = [int(turn) for turn in re.findall(rb'"id":"app (\d+)"', entries["ai_interactions.json"])]
    titles = [int(turn) for turn in re.findall(rb'"title":"written by the app (\d+)"', entries["tasks.json"])]
    if json.loads(entries["metadata.json"])["task_count"]:
        assert max(added, default=-1) == max(titles, default=-1)


def test_many_exports_are_each_one_moment(sample: Places, tmp_path: Path, cases: Cases) -> None:
    """For a minute or two; the app writes twenty times a second."""
    database = tmp_path / "kirapilot.db"
    shutil.copy(sample.database, database)
    places = Places(database, tmp_path / "work")
    with app_process.measured(database) as app:
        for _ in range(15):
            export_data(places, str(tmp_path / "new.kpbackup"), Progress())
            _require_one_moment(tmp_path / "new.kpbackup")
            cases.record(ONE_MOMENT)
    assert app["failures"] == []
    assert app["done"]["write"] > 100
    cases.measured("longest wait of the app, fifteen exports in a row", f"{max(app['longest'].values()):.2f} s")


def test_an_import_that_cannot_get_the_lock_says_so_in_time(sample: Places, tmp_path: Path) -> None:
    database = tmp_path / "kirapilot.db"
    shutil.copy(sample.database, database)
    places = Places(database, tmp_path / "work")
    locked_out: list[float] = []

    def impatient() -> bool:
        locked_out.append(time.monotonic())
        return False

    with app_process.playing("BEGIN IMMEDIATE", database), pytest.raises(DatabaseBusy) as caught:
        import_data(places, str(sample.database.with_name("a.kpbackup")), True, Progress(cancelled=impatient))
    assert caught.value.message.startswith("Nothing was changed and the backup is fine: ")
    assert list(places.work_dir.iterdir()) == []
