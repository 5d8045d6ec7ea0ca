"""A side of a comparison: found by what a person calls it, and staged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.automatic.shelf import find_backup
from sidecar.comparison.answers import ComparedSide
from sidecar.database.connection import is_database_file
from sidecar.errors.backups import BackupError
from sidecar.errors.jobs import NoSuchCopy
from sidecar.errors.paths import FileNotFound
from sidecar.export.exporting import export_data
from sidecar.jobs.undoing import find_copy
from sidecar.progress import Progress
from sidecar.sources.opening import Opened, opened
from sidecar.sources.recognising import DATABASE
from sidecar.stage.judged import Judged, judged
from sidecar.system.paths import Places
from sidecar.system.workfolder import work_folder

NOW = "now"
"""What the database as it is now is called."""


@dataclass(frozen=True)
class Side:
    """A state of the data, staged."""

    told: ComparedSide
    backup: Judged


def find_side(name: str, places: Places) -> Path:
    """The file that is meant: the database for "now", else by a path, a number of the list, or a safety copy's name.

    Raises FileNotFound, NoSuchBackup.
    """
    if name == NOW:
        return places.database
    path = Path(name)
    if not name or path.exists():
        return path
    if name.isascii() and name.isdecimal():
        return find_backup(places, int(name))
    try:
        return find_copy(places, name)
    except NoSuchCopy as error:
        raise FileNotFound(path=path) from error


@contextmanager
def archived(path: Path, places: Places, progress: Progress) -> Iterator[Opened]:
    """The archive that a side is or stands for: of the database, one that is made of it as it is now.

    Raises PathError, BackupError, DatabaseError, WorkFolderUnusable, DiskFull, Cancelled.
    """
    if not is_database_file(path, places.database):
        with opened(str(path), places, export_data, progress) as given:
            yield given
        return
    with work_folder(places.work_dir) as folder:
        archive = folder / "now.kpbackup"
        export_data(places, str(archive), progress.quietly())
        yield Opened(str(archive), DATABASE, [])


@contextmanager
def _naming(name: str, path: Path) -> Iterator[None]:
    """Say of which side a failure is, where that does not say so itself."""
    try:
        yield
    except BackupError as error:
        if error.path is None:
            error.path, error.reassurance = str(path), f"{name}: "
        raise


@contextmanager
def staged_side(name: str, path: Path, places: Places, progress: Progress) -> Iterator[Side]:
    """The side, staged and held to what was written, whatever its rows may be; the stage is gone at the end.

    Raises PathError, BackupError and DatabaseError for a file that cannot be read, WorkFolderUnusable, Cancelled.
    """
    with (
        _naming(name, path),
        archived(path, places, progress) as given,
        judged(given.path, places.work_dir, progress, rows=False) as backup,
    ):
        backup.remark(given.remarks)
        backup.require_whole()
        for table in backup.stage.carried():
            if table.key:
                backup.stage.index(table.name, table.key)
        backup.stage.close()
        rows = sum(table.rows for table in backup.stage.tables.values() if table.carried)
        created, part = backup.contents.metadata.created_at, backup.contents.part
        yield Side(ComparedSide(name=name, path=str(path), created_at=created, rows=rows, partial=part), backup)
