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
from sidecar.automatic.running import run_backup_if_due
from sidecar.database.sample import make_fresh, make_sample
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import execute

AGAIN = 5
DAYS, TASKS_A_DAY = 365, 20
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.automatic", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tasks", type=int, default=2_000, help="tasks of the sample (default: 2,000)")
    parser.add_argument("--year", action="store_true", help="a year of daily backups, of 20 tasks more each day")
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
    """Each day some tasks and their times are new, and a backup is made; what is there after a year is told."""
    source, places = folder / "source.db", Places(folder / "data" / "kirapilot.db", folder / "work")
    make_sample(source, DAYS * TASKS_A_DAY)
    places.database.parent.mkdir()
    make_fresh(places.database)
    made = 0
    for day in range(DAYS):
        _add_a_day(places.database, source, day)
        clock = NOW + timedelta(days=day)
        result = run_backup_if_due(places, "start", Progress(), clock=lambda: clock)  # noqa: B023 - called at once
        made += Path(result.backup or "").stat().st_size
    kept = [path.stat().st_size for path in (places.database.parent / "backups" / "automatic").glob("*.kpbackup")]
    print(f"{DAYS} days of {TASKS_A_DAY} tasks, a database of {places.database.stat().st_size / 1e6:.1f} MB at the end")
    print(f"{len(kept)} backups are kept, of {sum(kept) / 1e6:.1f} MB, the largest {max(kept) / 1e6:.2f} MB")
    print(f"{DAYS} were made, of {made / 1e6:.1f} MB")


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
