"""What automatic backups cost: ``python -m tests.bench.automatic [--tasks N] [--year]``.

Prints the time of each step on a sample database, and how long the processor was at work for it, all threads together.
Machines differ and are shared: the least of several is told where a step can be done again.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.policy import Trigger
from sidecar.automatic.retention import Keep, Standing, judge
from sidecar.automatic.running import run_backup_if_due
from sidecar.database.sample import make_fresh, make_sample
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import execute

AGAIN = 5
DAYS, TASKS_A_DAY = 365, 20
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.automatic", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tasks", type=int, default=2_000, help="tasks of the sample (default: 2,000)")
    parser.add_argument("--year", action="store_true", help="the size of a year of backups, of 20 tasks more each day")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.year:
            _live_a_year(Path(folder))
        else:
            _measure(Path(folder), options.tasks)


def _measure(folder: Path, tasks: int) -> None:
    places = Places(folder / "kirapilot.db", folder / "work")
    make_sample(places.database, tasks)

    def run(trigger: Trigger, days: int) -> None:
        run_backup_if_due(places, trigger, Progress(), clock=lambda: NOW + timedelta(days=days))

    print(f"{tasks:,} tasks, a database of {places.database.stat().st_size / 1e6:.1f} MB")
    _tell("a backup is made", 1, lambda: run("start", 0))
    _tell("due, and nothing changed", AGAIN, lambda: run("manual", 0))
    _tell("not due", AGAIN, lambda: run("start", 0))
    execute(places.database, "UPDATE tasks SET title = title || '.'")
    _tell("the next day's backup", 1, lambda: run("start", 1))
    _tell("both re-read", AGAIN, lambda: check_backups(places, NOW, Progress(), all_of_them=True))
    _tell("the newest restored on trial", 1, lambda: drill_backups(places, NOW, Progress()))


def _live_a_year(folder: Path) -> None:
    """Each day some tasks and their times are new; a backup is made on each day of which one is there after a year."""
    source, places = folder / "source.db", Places(folder / "data" / "kirapilot.db", folder / "work")
    make_sample(source, DAYS * TASKS_A_DAY)
    places.database.parent.mkdir()
    make_fresh(places.database)
    daily = [Standing(name=str(day), moment=NOW + timedelta(days=day)) for day in range(DAYS)]
    kept = {int(verdict.name) for verdict in judge(daily, Keep()) if verdict.stays}
    sizes = []
    for day in range(DAYS):
        _add_a_day(places.database, source, day)
        if day in kept:
            made = folder / f"{day}.kpbackup"
            export_data(places, str(made), Progress())
            sizes.append(made.stat().st_size)
    print(f"{DAYS} days of {TASKS_A_DAY} tasks, a database of {places.database.stat().st_size / 1e6:.1f} MB at the end")
    print(f"{len(sizes)} backups are there, of {sum(sizes) / 1e6:.1f} MB, the newest of {sizes[-1] / 1e6:.2f} MB")


def _add_a_day(database: Path, source: Path, day: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS source", (str(source),))
        batch = f"SELECT id FROM source.tasks ORDER BY rowid LIMIT {TASKS_A_DAY} OFFSET {day * TASKS_A_DAY}"
        connection.execute("INSERT OR IGNORE INTO task_lists SELECT * FROM source.task_lists")
        connection.execute(f"INSERT INTO tasks SELECT * FROM source.tasks WHERE id IN ({batch})")
        connection.execute(f"INSERT INTO time_sessions SELECT * FROM source.time_sessions WHERE task_id IN ({batch})")
        connection.commit()


def _tell(step: str, times: int, act: Callable[[], object]) -> None:
    seconds, worked = [], []
    for _ in range(times):
        begun, at_work = time.perf_counter(), time.process_time()
        act()
        seconds.append(time.perf_counter() - begun)
        worked.append(time.process_time() - at_work)
    print(f"{step:<30} {min(seconds) * 1000:>9,.1f} ms, at work {min(worked) * 1000:>9,.1f} ms", flush=True)


if __name__ == "__main__":
    main()
