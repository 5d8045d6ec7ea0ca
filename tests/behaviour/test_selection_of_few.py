"""A few rows out of many: they come as they were, and what it takes to choose them does not grow with the others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database.connection import live_schema, open_for_import
from sidecar.database.sample import make_sample
from sidecar.errors.backups import RowsRefused
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.restore.plan import Plan
from sidecar.restore.target_rules import Fitted
from sidecar.selection.closure import select
from sidecar.selection.request import Selection
from sidecar.stage.judged import judged
from sidecar.system.paths import Places
from sidecar.system.workfolder import attach, new_file
from tests.support.databases import altered, backup, contents, opened

VALUES = (b"\0\xff", 1.0, "a\0b", "1", 1, float("inf"), -(2**63), 0.1, "", b"", None, "text")
FEW = 4


def made(folder: Path, tasks: int) -> Places:
    places = Places(folder / "app" / "kirapilot.db", folder / "work")
    places.database.parent.mkdir(parents=True)
    make_sample(places.database, tasks)
    return places


@pytest.mark.parametrize("chosen", [FEW, len(VALUES) - 1], ids=["a few of many", "most of them"])
def test_every_value_of_a_part_comes_back_as_it_was(tmp_path: Path, chosen: int) -> None:
    places = made(tmp_path, 10)
    altered(places.database, "CREATE TABLE notes (id TEXT PRIMARY KEY, body)")
    for number, value in enumerate(VALUES):
        altered(places.database, "INSERT INTO notes (id, body) VALUES (?, ?)", f"n{number}", value)
    archive = backup(places.database, tmp_path / "b.kpbackup")
    whole = contents(places.database)
    altered(places.database, "DELETE FROM notes WHERE rowid <= ?", chosen)
    ids = [f"n{number}" for number in range(chosen)]
    result = import_data(places, str(archive), False, Progress(), selection=Selection(ids=ids))
    assert result.tables["notes"].added == chosen
    assert contents(places.database) == whole


def steps(folder: Path, tasks: int) -> int:
    """What SQLite takes to choose one task, and to work out what becomes of it, in some of its own steps."""
    places = made(folder, tasks)
    archive = backup(places.database, folder / "b.kpbackup")
    with opened(places.database) as connection:
        (task_id,) = connection.execute("SELECT id FROM tasks ORDER BY id LIMIT 1").fetchone()
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    with judged(str(archive), places.work_dir, Progress()) as backed_up:
        backed_up.stage.close()
        with closing(open_for_import(places.database)) as live:
            schema = live_schema(live, places.database, Progress())
            attach(live, "stage", backed_up.stage.path)
            attach(live, "plan", new_file(backed_up.stage.path.parent, "plan.db"))
            live.set_progress_handler(count, 10)
            select(live, backed_up.stage, schema, Selection(ids=[task_id], tables=["tasks"]), Progress())
            live.set_progress_handler(None, 0)
            plan = Plan(False, schema, backed_up.stage, Fitted(adding=True))
            plan.work_out(live, Progress())
            assert plan.accounts["tasks"].unchanged == 1
    return counted


def test_to_choose_one_task_takes_no_longer_the_more_there_are(tmp_path: Path) -> None:
    assert steps(tmp_path / "many", 300) < 2 * steps(tmp_path / "few", 30)


def test_references_are_looked_at_where_rows_come_and_what_was_broken_elsewhere_stays(tmp_path: Path) -> None:
    places = made(tmp_path, 20)
    altered(places.database, "CREATE TABLE labels (id TEXT PRIMARY KEY, task TEXT REFERENCES tasks (id))")
    altered(places.database, "INSERT INTO labels SELECT 'l' || rowid, id FROM tasks WHERE rowid > 18")
    archive = backup(places.database, tmp_path / "b.kpbackup")
    altered(places.database, "DELETE FROM labels WHERE id = 'l19'")
    # Broken by whoever wrote without foreign keys: none of an import's business, unless it adds to it.
    with closing(sqlite3.connect(places.database)) as connection, connection:
        connection.execute("INSERT INTO focus_sessions (id, task_id, planned_duration) VALUES ('f', 'gone', 25)")
        _, (goes,) = connection.execute("SELECT id FROM tasks ORDER BY rowid DESC LIMIT 2").fetchall()
        connection.execute("DELETE FROM tasks WHERE id = ?", (goes,))
        before = connection.execute("SELECT * FROM focus_sessions").fetchall()
    with pytest.raises(RowsRefused):
        import_data(places, str(archive), False, Progress(), selection=Selection(ids=["l19"]))
    import_data(places, str(archive), False, Progress(), selection=Selection(ids=["l19", goes]))
    with opened(places.database) as connection:
        assert connection.execute("SELECT count(*) FROM labels").fetchone() == (2,)
        assert connection.execute("SELECT * FROM focus_sessions").fetchall() == before
