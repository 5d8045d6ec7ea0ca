"""What automatic backups cost: ``python -m tests.bench.automatic [--tasks N]``.

Prints the time of each step on a sample database. Machines differ and are shared: the least of several is told where a
step can be done again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.policy import Trigger
from sidecar.automatic.running import run_backup_if_due
from sidecar.database.sample import make_sample
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import execute

AGAIN = 5
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.automatic", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tasks", type=int, default=2_000, help="tasks of the sample (default: 2,000)")
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), parser.parse_args().tasks)


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


def _tell(step: str, times: int, act: Callable[[], object]) -> None:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    print(f"{step:<30} {min(seconds) * 1000:>9,.1f} ms")


if __name__ == "__main__":
    main()
