"""Validation: archive -> stage -> check. Reports all problems, not the first; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sidecar.archive.settings import read_settings, restore_settings
from sidecar.errors.backups import BackupError
from sidecar.errors.databases import CannotRemove
from sidecar.errors.paths import PathError
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.results import LINES_SHOWN, BackupMetadata, BackupValidationResult, Problem
from sidecar.sources.opening import opened
from sidecar.stage.judged import PHASES, Judged, judged
from sidecar.stage.problems import ERROR, WARNING, Problems
from sidecar.system.paths import Places


def validate_basic(places: Places, file_path: str, progress: Progress) -> BackupMetadata:
    """The metadata of a valid backup.

    Raises InvalidBackup for any problem that is an error, BackupError and PathError for a file
    that cannot be read, Cancelled.
    """
    progress.plan(PHASES)
    with _judged(places, file_path, progress) as backup:
        backup.require_valid()
        return backup.contents.metadata


def validate_comprehensive(places: Places, file_path: str, progress: Progress) -> BackupValidationResult:
    """Everything that is wrong with a backup; ``is_valid`` is false for anything wrong with the file itself.

    Raises only for a failure that is not the file's: WorkFolderUnusable, DiskFull, Cancelled.
    """
    progress.plan(PHASES)
    try:
        with _judged(places, file_path, progress) as backup:
            for line in restore_settings(backup.contents.settings, read_settings(None)).warnings:
                backup.problems.warning("setting_left_out", line)
            return _result(backup.problems, backup.contents.metadata)
    except BackupError as error:
        return _unreadable(error.kind, error.message)
    except PathError as error:
        if error.path != str(Path(file_path)):
            raise
        return _unreadable(error.kind, f"Cannot open backup file: {error.message}")


def validate_against(
    places: Places, file_path: str, progress: Progress, verdict: BackupValidationResult
) -> BackupValidationResult:
    """A verdict, and whether the database takes the backup as a replacement: what it would refuse is an error.

    Raises DatabaseError and its kin for a database that cannot be used, PathError, WorkFolderUnusable, Cancelled.
    """
    # A validation alone does without all that an import needs.
    from sidecar.jobs.importing import preview_import

    if not verdict.is_valid:
        return verdict
    try:
        preview = preview_import(places, file_path, True, progress)
    except (BackupError, CannotRemove) as error:
        problem = Problem("error", error.kind, error.message)
        return msgspec.structs.replace(
            verdict,
            is_valid=False,
            errors=[error.message],
            error_count=1,
            problems=[problem, *verdict.problems],
        )
    more = [line for line in preview.warnings if line not in verdict.warnings]
    return msgspec.structs.replace(
        verdict,
        warnings=[*verdict.warnings, *more][:LINES_SHOWN],
        warning_count=verdict.warning_count + len(more),
        problems=[*verdict.problems, *(Problem("warning", "target", line) for line in more)],
    )


@contextmanager
def _judged(places: Places, file_path: str, progress: Progress) -> Iterator[Judged]:
    with (
        opened(file_path, places, export_data, progress) as given,
        judged(given.path, places.work_dir, progress) as backup,
    ):
        backup.remark(given.remarks)
        yield backup


def _unreadable(kind: str, message: str) -> BackupValidationResult:
    problems = Problems()
    problems.error(kind, message)
    return _result(problems, None)


def _result(problems: Problems, metadata: BackupMetadata | None) -> BackupValidationResult:
    return BackupValidationResult(
        is_valid=problems.count(ERROR) == 0,
        errors=problems.lines(ERROR),
        warnings=problems.lines(WARNING),
        metadata=metadata,
        problems=problems.kept(),
        error_count=problems.count(ERROR),
        warning_count=problems.count(WARNING),
    )
