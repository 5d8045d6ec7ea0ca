"""Cancelled or killed at any moment: what was there is there, or what was to be, and nothing in between."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar import progress
from sidecar.database.introspection import quote
from sidecar.database.sample import make_fresh, make_sample
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.listing import list_backups
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress, Report
from sidecar.system.paths import Places
from tests.conftest import ROOT
from tests.support import archives, job_process
from tests.support.client import DEADLINE
from tests.support.jobs import JOBS, said_well, state, temporary_folder, without_empty_work_folder
from tests.support.killing import KILL, KILLED


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return temporary_folder(tmp_path / "temporary", monkeypatch)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sample.db, of 300 tasks, and its backup."""
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "sample.db", 300)
    export_data(Places(folder / "sample.db", folder / "work"), str(folder / "sample.kpbackup"), Progress())
    return folder


def _path(job: str, tmp_path: Path) -> Path:
    path = tmp_path / "a.kpbackup"
    if job == "export":
        path.write_bytes(b"an older backup")
    else:
        shutil.copy(archives.SHIPPED, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("job", ["export", "import", "preview", "validate", "inspect"])
def test_a_cancel_at_whichever_look_leaves_everything_as_it_was(
    job: str, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "HANDLER_STEPS", 500)  # long statements look often, too
    path = _path(job, tmp_path)
    before = state(tmp_path)
    looks = fatal = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return looks >= fatal

    while True:
        looks, fatal = 0, fatal + 1
        error = _error_of(job, places, path, Progress(cancelled=look))
        if error is None:
            break
        said_well(error, Cancelled)
        assert without_empty_work_folder(state(tmp_path)) == before
    assert looks < fatal
    assert fatal > (20 if job != "inspect" else 1)


def _error_of(job: str, places: Places, path: Path, progress: Progress) -> SidecarError | None:
    try:
        JOBS[job](places, str(path), progress)
    except SidecarError as error:
        return error
    return None


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("job", ["export", "import", "preview", "validate"])
def test_a_cancel_at_whichever_report_leaves_everything_as_it_was(
    job: str, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0)
    path = _path(job, tmp_path)
    before = state(tmp_path)
    for fatal in itertools.count(1):
        reports: list[Report] = []
        listening = Progress(listen=reports.append, cancelled=lambda: len(reports) >= fatal)  # noqa: B023
        error = _error_of(job, places, path, listening)
        if error is None:
            break
        said_well(error, Cancelled)
        assert without_empty_work_folder(state(tmp_path)) == before
    percentages = [report.percentage for report in reports]
    assert percentages == sorted(percentages)
    assert all(0 <= report.done <= report.total for report in reports)


def _contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, of a database that is whole."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {quote(name)}").fetchall(), key=repr) for name in names}


def _die(request: dict[str, Any], seconds: float | None) -> bool:
    """Run a job in a process of its own and kill it, by itself or after a time; whether it was killed."""
    words = job_process.command(request)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        if seconds is not None:
            process.stdout.readline()  # imports are over: the job has begun
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, KILL)
        process.communicate(timeout=2 * DEADLINE)
    assert process.returncode in (0, KILLED)
    return process.returncode != 0


CHOSEN = random.Random(20251122)
MOMENTS = [*((look, None) for look in (2, 9, 17, 26)), *((None, CHOSEN.uniform(0, 0.2)) for _ in range(6))]
"""When to die: at a look for a cancel, or some seconds after the first one."""


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_export_leaves_the_old_backup_or_a_whole_new_one(
    moment: tuple[int | None, float | None], sample: Path, tmp_path: Path
) -> None:
    look, seconds = moment
    target = tmp_path / "target" / "a.kpbackup"
    target.parent.mkdir()
    target.write_bytes(b"an older backup")
    places = Places(sample / "sample.db", tmp_path / "work")
    killed = _die(_request("export", places, target, look), seconds)
    assert killed or seconds is not None
    if target.read_bytes() != b"an older backup":
        assert validate_comprehensive(places, str(target), Progress()).errors == []
    export_data(places, str(target), Progress())
    assert [path.name for path in target.parent.iterdir()] == [target.name], "the next export sweeps"
    assert list(places.work_dir.iterdir()) == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_import_leaves_the_old_rows_or_the_new_ones(
    moment: tuple[int | None, float | None], sample: Path, tmp_path: Path
) -> None:
    look, seconds = moment
    folder = tmp_path / "database"
    folder.mkdir()
    places = Places(folder / "kirapilot.db", tmp_path / "work")
    make_fresh(places.database)
    old = _contents(places.database)
    backup = sample / "sample.kpbackup"
    killed = _die(_request("import", places, backup, look), seconds)
    assert killed or seconds is not None
    found = _contents(places.database)
    assert (
        found == old if look else (found == old or _without_settings(found) == _without_settings(sample / "sample.db"))
    )
    assert validate_basic(places, str(backup), Progress())
    assert list(places.work_dir.iterdir()) == [], "the next job sweeps"
    import_data(places, str(backup), True, Progress())
    assert _without_settings(places.database) == _without_settings(sample / "sample.db")
    assert {path.name for path in folder.iterdir()} <= {"kirapilot.db", "backups"}
    copies = list_backups(places, Progress())
    assert all(copy.proved for copy in copies.backups)
    assert found != old or copies.backups
    assert {path.name for path in Path(copies.folder).glob("*")} == {Path(copy.path).name for copy in copies.backups}


def _without_settings(database: Path | dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    contents = _contents(database) if isinstance(database, Path) else database
    return {name: rows for name, rows in contents.items() if name != "seaql_migrations"}


def _request(job: str, places: Places, path: Path, look: int | None) -> dict[str, Any]:
    return {
        "job": job, "database": str(places.database), "work_dir": str(places.work_dir), "path": str(path),
        "tell": True, "kill_at": look,
    }  # fmt: skip


def test_the_leftovers_of_the_dead_are_swept_and_those_of_the_living_are_not(
    sample: Path, tmp_path: Path, places: Places
) -> None:
    """While a neighbour exports into the same folder, from the same work folder, another export keeps off its files."""
    target = tmp_path / "target"
    target.mkdir()
    neighbours: list[Path] = []
    once = threading.Lock()  # a job's threads all look

    def look() -> bool:
        if list(target.glob(".kp-*.tmp")) and once.acquire(blocking=False):
            export_data(places, str(target / "mine.kpbackup"), Progress())
            neighbours.extend([*target.glob(".kp-*.tmp"), *filter(Path.is_dir, places.work_dir.iterdir())])
        return False

    theirs = Places(sample / "sample.db", places.work_dir)
    export_data(theirs, str(target / "theirs.kpbackup"), Progress(cancelled=look))
    assert len(neighbours) == 2
    assert sorted(path.name for path in target.iterdir()) == ["mine.kpbackup", "theirs.kpbackup"]
    assert list(places.work_dir.iterdir()) == []
    for name in ("mine", "theirs"):
        assert validate_basic(places, str(target / f"{name}.kpbackup"), Progress())


@pytest.mark.slow
def test_two_exports_to_one_file_at_once_leave_one_whole_backup(sample: Path, tmp_path: Path) -> None:
    target = tmp_path / "target" / "a.kpbackup"
    target.parent.mkdir()
    places = Places(sample / "sample.db", tmp_path / "work")
    words = job_process.command(_request("export", places, target, None))
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=2 * DEADLINE)
        assert process.returncode == 0, errors
        assert '"kind": null' in output.splitlines()[-1], output
    assert validate_comprehensive(places, str(target), Progress()).errors == []
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert list(places.work_dir.iterdir()) == []
