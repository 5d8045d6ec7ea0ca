"""What each method answers with: the type of its result, and the families of its errors.

Stands apart from the methods themselves, which are loaded before the first answer: only a description needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar.automatic.answers import (
    BackupStatus,
    CheckResult,
    DrillResult,
    HoldAnswer,
    Noted,
    PruneResult,
    RunResult,
)
from sidecar.automatic.policy import PolicyFile
from sidecar.care.answers import CompactResult, DatabaseCheck, RepairResult
from sidecar.comparison.answers import Difference, Searched
from sidecar.errors.backups import BackupError, SelectionError
from sidecar.errors.base import Cancelled, InternalError, SidecarError, StartAgain
from sidecar.errors.conflicts import ConflictError
from sidecar.errors.databases import DatabaseError, DatabaseNotFound, NotADatabase, NotKiraPilot
from sidecar.errors.jobs import (
    AccountingMismatch,
    BackupUnderWay,
    ChangedSincePreview,
    NoSafetyCopy,
    NoSuchBackup,
    NoSuchCopy,
    NotImportable,
    SafetyCopyFailed,
    SameSides,
    VerificationFailed,
    WorkFolderUnusable,
)
from sidecar.errors.paths import PathError
from sidecar.merging.answers import Conflicts
from sidecar.report.answers import DifferencePage, ReportPage
from sidecar.results import (
    BackupList,
    BackupMetadata,
    BackupSummary,
    BackupValidationResult,
    ClearResult,
    ExportResult,
    ImportPreview,
    ImportResult,
    UndoResult,
)
from sidecar.wire.messages import InvalidParams, InvalidRequest
from sidecar.wire.methods import Initialized, Pong


class Answer(msgspec.Struct, frozen=True):
    """The type of a method's result, and the families of errors that it may answer with besides those of any method."""

    result: Any
    errors: tuple[type[SidecarError], ...] = ()


_FILES = (PathError, BackupError, WorkFolderUnusable, Cancelled)
_EXPORT = (PathError, DatabaseError, WorkFolderUnusable, VerificationFailed, NotImportable, Cancelled)
_EXPORT_OF_A_PART = (*_EXPORT, SelectionError)
_PREVIEW = (*_FILES, DatabaseError, ConflictError)
_IMPORT = (*_PREVIEW, SafetyCopyFailed, AccountingMismatch, ChangedSincePreview)
_COMPARE = (*_FILES, DatabaseError, SameSides, NoSuchBackup)
_CLEARING = (BackupError, SafetyCopyFailed, AccountingMismatch)
_CARE = (PathError, DatabaseError, WorkFolderUnusable, Cancelled)
_REPAIR = (*_CARE, SafetyCopyFailed, ChangedSincePreview)
_NOT_OURS = (DatabaseNotFound, NotADatabase, NotKiraPilot)
_AUTOMATIC = (PathError, *_NOT_OURS, BackupUnderWay, Cancelled)

ANSWERS: Mapping[str, Answer] = {
    "export_data_to_file": Answer(ExportResult, _EXPORT_OF_A_PART),
    "import_data_from_file": Answer(ImportResult, _IMPORT),
    "validate_backup_file": Answer(BackupMetadata, _FILES),
    "validate_backup_comprehensive": Answer(BackupValidationResult, (WorkFolderUnusable, Cancelled)),
    "preview_import": Answer(ImportPreview, _PREVIEW),
    "conflicts": Answer(Conflicts, (*_PREVIEW, ChangedSincePreview)),
    "inspect_backup": Answer(BackupSummary, _FILES),
    "undo_last_import": Answer(UndoResult, (*_IMPORT, NoSafetyCopy, NoSuchCopy)),
    "clear_all_data": Answer(ClearResult, (*_EXPORT, *_CLEARING)),
    "list_backups": Answer(BackupList, (PathError, Cancelled)),
    "compare_backups": Answer(Difference, _COMPARE),
    "find_in_backups": Answer(Searched, (PathError, WorkFolderUnusable, Cancelled)),
    "check_database": Answer(DatabaseCheck, _CARE),
    "write_report": Answer(ReportPage, _COMPARE),
    "write_difference": Answer(DifferencePage, _COMPARE),
    "repair_database": Answer(RepairResult, _REPAIR),
    "compact_database": Answer(CompactResult, _CARE),
    "get_backup_policy": Answer(PolicyFile, (PathError,)),
    "set_backup_policy": Answer(PolicyFile, (PathError, *_NOT_OURS)),
    "run_backup_if_due": Answer(RunResult, (*_EXPORT, BackupUnderWay)),
    "backup_status": Answer(BackupStatus, (PathError,)),
    "accept_backup_hold": Answer(HoldAnswer, _AUTOMATIC),
    "check_backups": Answer(CheckResult, _AUTOMATIC),
    "drill_backups": Answer(DrillResult, _AUTOMATIC),
    "prune_backups": Answer(PruneResult, _AUTOMATIC),
    "note_backup": Answer(Noted, (*_AUTOMATIC, NoSuchBackup)),
    "ping": Answer(Pong),
    "initialize": Answer(Initialized),
    "shutdown": Answer(None),
    "exit": Answer(None),
    "rpc.discover": Answer(dict[str, Any]),
    "$/cancelRequest": Answer(None),
}
"""Of every method: a test holds the results against what the methods' functions say of themselves."""

ALWAYS_POSSIBLE = (InvalidRequest, InvalidParams, StartAgain, InternalError)
"""Errors that any method may answer with."""
