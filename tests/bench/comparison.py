"""What comparing and choosing cost beside other ways: ``python -m tests.bench.comparison [--tasks N]``.

Two backups of a sample database, one of its tasks in a hundred another in the second. Beside a comparison stands a
naive one, which loads both data.json and compares dicts; beside both, and beside one task brought back, what an import
takes to stage one of them; beside parts exported, the export of everything. Each in a process of its own; compare
ratios, machines differ and are shared.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sidecar.archive.part import Part
from sidecar.comparison.difference import compare_backups
from sidecar.comparison.history import find_in_backups
from sidecar.database.sample import make_sample
from sidecar.export.exporting import export_data
from sidecar.jobs.conflicts import list_conflicts
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.request import Request
from sidecar.progress import Progress
from sidecar.report.differing import write_difference
from sidecar.report.reporting import write_report
from sidecar.selection.request import Selection
from sidecar.stage.judged import judged
from sidecar.system.paths import Places
from tests.bench.apart import Job, tell_of_all
from tests.support.databases import execute

EVERY = 100
"""One task in so many is another one in the second backup."""


def _make(folder: Path, tasks: int) -> str:
    places = _places(folder)
    make_sample(places.database, tasks)
    export_data(places, str(folder / "before.kpbackup"), Progress())
    execute(places.database, f"UPDATE tasks SET title = title || '!' WHERE rowid % {EVERY} = 0")
    export_data(places, str(folder / "after.kpbackup"), Progress())
    _lose_a_task(places.database)
    return f"{tasks:,} tasks, {tasks // EVERY:,} of them changed"


def _lose_a_task(database: Path) -> None:
    execute(database, "DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks)")


def _places(folder: Path) -> Places:
    return Places(folder / "kirapilot.db", folder / "work")


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


def _merge_previewed(folder: Path) -> str:
    preview = preview_import(_places(folder), str(folder / "before.kpbackup"), False, Progress())
    return f"{preview.conflicts:,} conflicts"


def _conflicts_shown(folder: Path) -> str:
    """What a page costs whose preview is done already."""
    request = Request(_places(folder), str(folder / "before.kpbackup"), overwrite=False)
    listed = list_conflicts(request, Progress(), 1, 100)
    return f"{len(listed.conflicts)} of {listed.total:,} field by field"


def _all_exported(folder: Path) -> str:
    return _exported(folder, None)


def _task_exported(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "kirapilot.db")) as connection:
        (task,) = connection.execute("SELECT max(id) FROM tasks").fetchone()
    return _exported(folder, Part(ids=[task]))


def _sessions_exported(folder: Path) -> str:
    return _exported(folder, Part(tables=["time_sessions"]))


def _exported(folder: Path, part: Part | None) -> str:
    target = folder / f"{'whole' if part is None else 'partial'}.kpbackup"
    result = export_data(_places(folder), str(target), Progress(), part=part, force=True)
    return f"{result.task_count:,} tasks, {target.stat().st_size / 1e6:.1f} MB"


JOBS: Mapping[str, Job] = {
    "one backup staged, as for an import": _staged,
    "two backups compared": _compared,
    "the same, naively": _naively,
    "one task brought back": _brought_back,
    "a text searched in the database": _found,
    "a page about a backup": _reported,
    "a page about the difference": _difference_page,
    "a merge previewed": _merge_previewed,
    "a hundred of its conflicts": _conflicts_shown,
    "an export of everything": _all_exported,
    "an export of one task": _task_exported,
    "an export of all time sessions": _sessions_exported,
}

if __name__ == "__main__":
    tell_of_all("tests.bench.comparison", (__doc__ or "").split("\n")[0], _make, JOBS)
