"""What comparing and choosing cost beside other ways: ``python -m tests.bench.comparison [--tasks N]``.

Two backups of a sample database, one of its tasks in a hundred another in the second. Beside a comparison stands a
naive one, which loads both data.json and compares dicts; beside both, and beside one task brought back, what an import
takes to stage one of them. Each in a process of its own; compare ratios, machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar.comparison.difference import compare_backups
from sidecar.comparison.history import find_in_backups
from sidecar.database.sample import make_sample
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.report.differing import write_difference
from sidecar.report.reporting import write_report
from sidecar.selection.request import Selection
from sidecar.stage.judged import judged
from sidecar.system.paths import Places
from tests.support.databases import execute

if sys.platform == "win32":

    def _peak() -> float:
        """Windows is not asked."""
        return 0.0

else:
    import resource

    def _peak() -> float:
        """The most memory this process had, in MB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


RUNS = 3
EVERY = 100


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.comparison", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of the sample (default: 10,000)")
    parser.add_argument("--job", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        _measured(options.job[0], Path(options.job[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, too: a child's memory is counted from what its parent had.
        _run(f"{options.tasks}", folder)
        print(f"{options.tasks:,} tasks, {options.tasks // EVERY:,} of them changed; the least of {RUNS} runs")
        for name in JOBS:
            runs = [_run(name, folder) for _ in range(RUNS)]
            seconds = min(run["seconds"] for run in runs)
            print(f"{name:38} {seconds:8.2f} s  {max(run['memory'] for run in runs):8.0f} MB  {runs[0]['answer']}")


def _made(folder: Path, tasks: int) -> str:
    places = _places(folder)
    make_sample(places.database, tasks)
    export_data(places, str(folder / "before.kpbackup"), Progress())
    execute(places.database, f"UPDATE tasks SET title = title || '!' WHERE rowid % {EVERY} = 0")
    export_data(places, str(folder / "after.kpbackup"), Progress())
    _lose_a_task(places.database)
    return f"{tasks:,} tasks made"


def _lose_a_task(database: Path) -> None:
    execute(database, "DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks)")


def _places(folder: Path) -> Places:
    return Places(folder / "kirapilot.db", folder / "work")


def _run(name: str, folder: str) -> Mapping[str, Any]:
    words = [sys.executable, "-m", "tests.bench.comparison", "--job", name, folder]
    told: Mapping[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return told


def _measured(name: str, folder: Path) -> None:
    begun = time.perf_counter()
    answer = _made(folder, int(name)) if name.isdecimal() else JOBS[name](folder)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "memory": _peak(), "answer": answer}))


def _staged(folder: Path) -> str:
    with judged(str(folder / "after.kpbackup"), folder / "work", Progress()) as backup:
        return f"{backup.contents.metadata.task_count:,} tasks staged"


def _compared(folder: Path) -> str:
    before, after = (str(folder / f"{name}.kpbackup") for name in ("before", "after"))
    difference = compare_backups(_places(folder), before, after, Progress())
    return f"{difference.tables['tasks'].changed:,} tasks changed"


def _reported(folder: Path) -> str:
    target = folder / "report.html"
    page = write_report(_places(folder), str(folder / "after.kpbackup"), str(target), Progress(), force=True)
    return f"a page of {page.size:,} bytes"


def _difference_page(folder: Path) -> str:
    before, after = (str(folder / f"{name}.kpbackup") for name in ("before", "after"))
    target = folder / "difference.html"
    page = write_difference(_places(folder), before, after, str(target), Progress(), force=True)
    return f"a page of {page.size:,} bytes"


def _naively(folder: Path) -> str:
    """As one would do it in ten lines: all of both in memory, by id."""
    sides = []
    for name in ("before", "after"):
        with zipfile.ZipFile(folder / f"{name}.kpbackup") as archive:
            held = {
                entry: json.loads(archive.read(entry))
                for entry in archive.namelist()
                if entry not in ("manifest.json", "metadata.json", "data.json")
            }
        sides.append(
            {
                (entry, record.get("id")): record
                for entry, records in held.items()
                if isinstance(records, list)
                for record in records
            }
        )
    before, after = sides
    changed = [key for key in before.keys() & after.keys() if before[key] != after[key]]
    return f"{sum(entry == 'tasks.json' for entry, _ in changed):,} tasks changed"


def _brought_back(folder: Path) -> str:
    selection = Selection(tables=["tasks"], missing=True)
    result = import_data(_places(folder), str(folder / "after.kpbackup"), False, Progress(), selection=selection)
    _lose_a_task(_places(folder).database)
    return f"{result.tables['tasks'].added} task brought back"


def _found(folder: Path) -> str:
    return f"{len(find_in_backups(_places(folder), 'no such title', Progress()).tasks)} tasks in the database"


JOBS: Mapping[str, Callable[[Path], str]] = {
    "one backup staged, as for an import": _staged,
    "two backups compared": _compared,
    "the same, naively": _naively,
    "one task brought back": _brought_back,
    "a text searched in the database": _found,
    "a page about a backup": _reported,
    "a page about the difference": _difference_page,
}

if __name__ == "__main__":
    main()
