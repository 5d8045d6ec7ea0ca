"""What care for the live database costs: ``python -m tests.bench.care [--tasks N]``.

A sample database of which one time session in a hundred belongs to a task that is not there, and of which a fifth of
the pages hold nothing. Beside each job stands what SQLite's own command takes. Each in a process of its own; compare
ratios, machines differ and are shared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from shutil import copyfile

from sidecar.care.checking import check_database
from sidecar.care.compacting import compact_database
from sidecar.care.repairing import repair_database
from sidecar.database.sample import make_sample
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.bench.apart import Job, tell_of_all
from tests.support.databases import execute

EVERY = 100


def _make(folder: Path, tasks: int) -> str:
    database = folder / "made.db"
    make_sample(database, tasks)
    execute(database, f"UPDATE time_sessions SET task_id = 'gone-' || rowid WHERE rowid % {EVERY} = 0")
    execute(database, "DELETE FROM ai_interactions WHERE rowid % 2 = 0")
    return f"{tasks:,} tasks, a database of {database.stat().st_size / 1e6:.1f} MB"


def _fresh(folder: Path) -> Places:
    """The database as it was made: what one job mends is there for the next one."""
    copyfile(folder / "made.db", folder / "kirapilot.db")
    return Places(folder / "kirapilot.db", folder / "work")


def _copied(folder: Path) -> str:
    return f"{_fresh(folder).database.stat().st_size / 1e6:.1f} MB"


def _by_sqlite(folder: Path, sql: str) -> str:
    with closing(sqlite3.connect(_fresh(folder).database)) as connection:
        return str(connection.execute(sql).fetchone())


def _checked(folder: Path, quick: bool) -> str:
    check = check_database(_fresh(folder), Progress(), quick=quick)
    return f"{check.state}, {sum(check.counts.values()):,} findings"


def _repaired(folder: Path, dry_run: bool) -> str:
    result = repair_database(_fresh(folder), Progress(), dry_run)
    return f"{sum(result.counts.values()):,} repairs"


def _compacted(folder: Path) -> str:
    result = compact_database(_fresh(folder), Progress(), force=True)
    return f"{result.before / 1e6:.1f} MB before, {result.after / 1e6:.1f} MB after"


JOBS: Mapping[str, Job] = {
    "the file copied, as before each": _copied,
    "SQLite's quick_check": lambda folder: _by_sqlite(folder, "PRAGMA quick_check"),
    "a quick check": lambda folder: _checked(folder, quick=True),
    "SQLite's integrity_check": lambda folder: _by_sqlite(folder, "PRAGMA integrity_check"),
    "a check": lambda folder: _checked(folder, quick=False),
    "a repair, shown": lambda folder: _repaired(folder, dry_run=True),
    "a repair, with its safety copy": lambda folder: _repaired(folder, dry_run=False),
    "SQLite's VACUUM": lambda folder: _by_sqlite(folder, "VACUUM"),
    "compacted": _compacted,
}

if __name__ == "__main__":
    tell_of_all("tests.bench.care", (__doc__ or "").split("\n")[0], _make, JOBS)
