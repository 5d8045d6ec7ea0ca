"""Groups: which task lists and types of data a backup holds, and how much of each, for whoever chooses among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.database.introspection import quote
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.sources.opening import opened
from sidecar.stage.judged import judged
from sidecar.stage.stage import Stage
from sidecar.system.paths import Places

LISTS, TASKS = "task_lists", "tasks"

PHASES = {"stage": 1.0}


@dataclass(frozen=True)
class ListOfTasks:
    """A task list, by its id; ``name`` is None where the backup names it and does not hold it."""

    list_id: str
    name: str | None
    tasks: int


@dataclass(frozen=True)
class Groups:
    """What there is to choose from: task lists, those with the most tasks first, and rows of each type of data."""

    created_at: str
    lists: list[ListOfTasks]
    types: dict[str, int]


def read_groups(places: Places, file_path: str, progress: Progress) -> Groups:
    """The groups of a backup. Raises PathError, BackupError, WorkFolderUnusable, DiskFull, Cancelled."""
    progress.plan(PHASES)
    with (
        opened(file_path, places, export_data, progress) as given,
        judged(given.path, places.work_dir, progress, rows=False) as backup,
    ):
        backup.require_whole()
        types = {table.name: table.rows for table in backup.stage.carried()}
        lists = sorted(_lists(backup.stage), key=lambda one: (-one.tasks, one.name or ""))
        return Groups(backup.contents.metadata.created_at, lists, types)


def _lists(stage: Stage) -> Iterator[ListOfTasks]:
    named: dict[str, str] = dict(stage.query(f"SELECT CAST(id AS TEXT), CAST(name AS TEXT) FROM {LISTS}").fetchall())
    sql = f"SELECT CAST(task_list_id AS TEXT), count(*) FROM {quote(TASKS)} WHERE task_list_id IS NOT NULL GROUP BY 1"
    tasks: dict[str, int] = dict(stage.query(sql).fetchall())
    for list_id in {**named, **tasks}:
        yield ListOfTasks(list_id, named.get(list_id), tasks.get(list_id, 0))
