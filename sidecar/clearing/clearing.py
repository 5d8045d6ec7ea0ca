"""Clear All Data, step by step: an automatic backup, a safety copy, and then all tables in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sidecar.automatic.running import run_backup_if_due
from sidecar.clearing.emptying import make_emptied
from sidecar.clearing.wording import sentence_of
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.jobs import VerificationFailed, WorkFolderUnusable
from sidecar.errors.paths import DiskFull, PathError
from sidecar.jobs.importing import clear_with
from sidecar.progress import Progress
from sidecar.results import ClearResult
from sidecar.system.paths import Places
from sidecar.system.workfolder import work_folder

PHASES = {"backup": 0.4, "clear": 0.6}


def clear_all_data(
    places: Places,
    progress: Progress,
    app_version: str = "",
    settings: Mapping[str, object] | None = None,
) -> ClearResult:
    """Clear every table of the database, as its app's first start would find it, once all of it is in a safety copy.

    What stays is what a new database has: the default list, the logging settings as they are at first, and the record
    of the migrations. An undo brings back the rest, settings included.

    :param settings: the frontend's own as they are now: they go into the backups, without their secrets.
    Raises DatabaseError and its kin, SafetyCopyFailed, AccountingMismatch, CannotRemove, WorkFolderUnusable, Cancelled;
    the database is then what it was.
    """
    progress.plan(PHASES)
    with work_folder(places.work_dir) as folder:
        # First: a database that cannot be cleared is told of before any backup is made.
        with _work_errors(places.work_dir):
            emptied = make_emptied(places, folder, progress)
        backup, warnings = _backup(places, progress.part("backup", "Making a backup"), app_version, settings)
        cleared = clear_with(places, str(emptied), progress.part("clear", "Clearing all data"), settings)
    tables = {name: account.removed for name, account in cleared.tables.items() if account.removed}
    return ClearResult(
        message=sentence_of(tables, cleared.safety_copy),
        tables=tables,
        safety_copy=cleared.safety_copy,
        backup=backup,
        warnings=[*warnings, *cleared.warnings],
    )


@contextmanager
def _work_errors(folder: Path) -> Iterator[None]:
    """Say of whatever kept the backup of an emptied database from being made that it was the work folder."""
    try:
        yield
    except DiskFull as error:
        raise DiskFull(path=folder) from error
    except (PathError, VerificationFailed) as error:
        raise WorkFolderUnusable(path=folder, detail=error.message.rstrip(".")) from error


def _backup(
    places: Places, progress: Progress, app_version: str, settings: Mapping[str, object] | None
) -> tuple[str | None, list[str]]:
    """The automatic backup that the policy asks for at this moment; that it failed is told, and keeps nobody from
    clearing: the safety copy is still to come."""
    try:
        made = run_backup_if_due(places, "clear", progress, app_version, settings)
    except Cancelled:
        raise
    except SidecarError as error:
        return None, [f"No automatic backup was made before: {error.message}"]
    return made.backup, made.warnings
