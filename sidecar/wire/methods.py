"""Methods: what can be asked for by name, and the one boundary where exceptions become wire errors.

Each method only adapts params and results; the jobs do the work. Their modules are imported when a
method is first called: this one, with all it imports, is loaded before the first answer. What a method
answers with is therefore said elsewhere, in :mod:`sidecar.description.method_answers`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar import __version__
from sidecar.errors.base import SidecarError
from sidecar.wire import automatic_methods as automatic
from sidecar.wire import care_methods as care
from sidecar.wire import report_methods as pages
from sidecar.wire.conflict_methods import conflicts
from sidecar.wire.context import Context
from sidecar.wire.dispatching import Error, Handler, Success
from sidecar.wire.params import (
    AcceptParams,
    BackupParams,
    CancelParams,
    CheckDatabaseParams,
    CheckParams,
    ClearParams,
    CompactParams,
    CompareParams,
    ConflictsParams,
    ExportParams,
    FindParams,
    ImportParams,
    InitializeParams,
    NoParams,
    NoteParams,
    Params,
    PolicyParams,
    PreviewParams,
    PruneParams,
    RepairParams,
    RunParams,
    UndoParams,
    read_params,
)

if TYPE_CHECKING:
    # What they answer with is loaded with the jobs.
    from sidecar.comparison.answers import Difference, Searched
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

NAME = "kirapilot-sidecar"

PROTOCOL_VERSION = "1.1"
"""Version of the protocol: the second number grows with what is added, the first with what is taken away."""

_logger = logging.getLogger(__name__)


class Method(msgspec.Struct, frozen=True):
    """One method. ``run``'s docstring is its description.

    ``at_once`` methods are answered by the reading thread while a job runs: they must not wait.
    """

    name: str
    run: Callable[[Any, Context], object]
    params: type[Params]
    at_once: bool = False


class Capabilities(msgspec.Struct, kw_only=True):
    """What the sidecar can do: its methods by name, progress, and cancellation."""

    methods: list[str]
    progress: bool = True
    cancel: bool = True


class Initialized(msgspec.Struct, kw_only=True, rename="camel"):
    """Who answers, in which version of the protocol, and the places in force from now on."""

    name: str
    version: str
    protocol_version: str
    capabilities: Capabilities
    database_path: str
    work_dir: str


class Pong(msgspec.Struct, kw_only=True):
    """A sign of life."""

    version: str
    pong: bool = True


def export_data_to_file(params: ExportParams, context: Context) -> ExportResult:
    """Write KiraPilot's data into a backup file, all of it or a part; an older file there is replaced when the new one
    is proved."""
    from sidecar.export.exporting import export_data

    progress = context.progress(params.progress_token)
    return export_data(
        context.places,
        params.file_path,
        progress,
        params.settings,
        params.overwrite_shrunk,
        params.force,
        params.salvage,
        params.selection,
    )


def import_data_from_file(params: ImportParams, context: Context) -> ImportResult:
    """Bring a backup into KiraPilot's database: all of it, or nothing; what it changes is kept in a safety copy."""
    from sidecar.jobs.importing import import_data

    progress = context.progress(params.progress_token)
    return import_data(
        context.places,
        params.file_path,
        params.overwrite,
        progress,
        params.allow_loss,
        params.settings,
        salvage=params.salvage,
        preview_token=params.preview_token,
        selection=params.selection,
        on_conflict=params.on_conflict,
        choices=params.conflict_choices,
    )


def preview_import(params: PreviewParams, context: Context) -> ImportPreview:
    """Tell what an import would do, and change nothing."""
    from sidecar.jobs.importing import preview_import as preview

    progress = context.progress(params.progress_token)
    shown = preview(
        context.places,
        params.file_path,
        params.overwrite,
        progress,
        params.allow_loss,
        salvage=params.salvage,
        selection=params.selection,
        on_conflict=params.on_conflict,
        choices=params.conflict_choices,
        numbered_by=(params.preview_token or None) if params.conflict_choices else None,
        ahead=context.session.conflicts_ahead,
    )
    context.session.note_preview(shown.token, params)
    return shown


def validate_backup_file(params: BackupParams, context: Context) -> BackupMetadata:
    """Check a backup file, and fail with the first error found."""
    from sidecar.jobs.validating import validate_basic

    return validate_basic(context.places, params.file_path, context.progress(params.progress_token))


def validate_backup_comprehensive(params: BackupParams, context: Context) -> BackupValidationResult:
    """Check a backup file and list everything found; fails only when it could not check at all."""
    from sidecar.jobs.validating import validate_comprehensive

    return validate_comprehensive(context.places, params.file_path, context.progress(params.progress_token))


def inspect_backup(params: BackupParams, context: Context) -> BackupSummary:
    """Tell what a backup file says of itself, without judging it."""
    from sidecar.jobs.inspecting import inspect_backup as inspect

    return inspect(params.file_path, context.progress(params.progress_token), context.places)


def undo_last_import(params: UndoParams, context: Context) -> UndoResult:
    """Put back what the last import replaced, from its safety copy; a second undo undoes the first."""
    from sidecar.jobs.undoing import find_copy
    from sidecar.jobs.undoing import undo_last_import as undo

    only = find_copy(context.places, params.to) if params.to is not None else None
    return undo(context.places, context.progress(params.progress_token), params.settings, only=only)


def clear_all_data(params: ClearParams, context: Context) -> ClearResult:
    """Clear every table, once all of it is in a safety copy; undo_last_import brings it back."""
    from sidecar.clearing.clearing import clear_all_data as clear

    progress = context.progress(params.progress_token)
    return clear(context.places, progress, params.app_version, params.settings)


def list_backups(params: NoParams, context: Context) -> BackupList:
    """List all backups there are, the newest first: safety copies, those made by themselves, and others beside them."""
    from sidecar.automatic.shelf import list_all

    return list_all(context.places, context.progress(params.progress_token))


def compare_backups(params: CompareParams, context: Context) -> Difference:
    """Tell how two backups differ, or a backup and the database as it is now, row by row and field by field."""
    from sidecar.comparison.difference import compare_backups as compare

    progress = context.progress(params.progress_token)
    return compare(context.places, params.left, params.right, progress, params.start, params.count)


def find_in_backups(params: FindParams, context: Context) -> Searched:
    """Tell in which backups a task stands, since when, until when, and what changed: by a text or by its id."""
    from sidecar.comparison.history import find_in_backups as find

    return find(context.places, params.query, context.progress(params.progress_token), params.by_id, params.everywhere)


def initialize(params: InitializeParams, context: Context) -> Initialized:
    """Set the places for all later requests, and introduce each other. Optional."""
    places = context.session.move(params.database_path, params.work_dir)
    return Initialized(
        name=NAME,
        version=__version__,
        protocol_version=PROTOCOL_VERSION,
        capabilities=Capabilities(methods=list(METHODS)),
        database_path=str(places.database),
        work_dir=str(places.work_dir),
    )


def ping(_params: NoParams, _context: Context) -> Pong:
    """Give a sign of life, even while a job runs."""
    return Pong(version=__version__)


def cancel_request(params: CancelParams, context: Context) -> None:
    """Cancel a running or queued request, which is then answered with error -32800. Sent as a notification."""
    context.cancel(params.id)


def shutdown(_params: NoParams, _context: Context) -> None:
    """Take no further request but exit; answered when everything before it is."""


def exit_process(_params: NoParams, _context: Context) -> None:
    """Cancel what runs and what is queued, and leave within 2 s: code 0 after shutdown, else 1."""


def discover(_params: NoParams, _context: Context) -> dict[str, Any]:
    """Describe all methods, as an OpenRPC document."""
    from sidecar.description.openrpc import make_document

    return make_document()


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("export_data_to_file", export_data_to_file, ExportParams),
        Method("import_data_from_file", import_data_from_file, ImportParams),
        Method("validate_backup_file", validate_backup_file, BackupParams),
        Method("validate_backup_comprehensive", validate_backup_comprehensive, BackupParams),
        Method("preview_import", preview_import, PreviewParams),
        Method("conflicts", conflicts, ConflictsParams),
        Method("inspect_backup", inspect_backup, BackupParams),
        Method("undo_last_import", undo_last_import, UndoParams),
        Method("clear_all_data", clear_all_data, ClearParams),
        Method("list_backups", list_backups, NoParams),
        Method("compare_backups", compare_backups, CompareParams),
        Method("find_in_backups", find_in_backups, FindParams),
        Method("check_database", care.check_database, CheckDatabaseParams),
        Method("write_report", pages.write_report, pages.ReportParams),
        Method("write_difference", pages.write_difference, pages.DifferencePageParams),
        Method("repair_database", care.repair_database, RepairParams),
        Method("compact_database", care.compact_database, CompactParams),
        Method("get_backup_policy", automatic.get_backup_policy, NoParams),
        Method("set_backup_policy", automatic.set_backup_policy, PolicyParams),
        Method("run_backup_if_due", automatic.run_backup_if_due, RunParams),
        Method("backup_status", automatic.backup_status, NoParams),
        Method("accept_backup_hold", automatic.accept_backup_hold, AcceptParams),
        Method("check_backups", automatic.check_backups, CheckParams),
        Method("drill_backups", automatic.drill_backups, NoParams),
        Method("prune_backups", automatic.prune_backups, PruneParams),
        Method("note_backup", automatic.note_backup, NoteParams),
        Method("ping", ping, NoParams, at_once=True),
        Method("initialize", initialize, InitializeParams),
        Method("shutdown", shutdown, NoParams),
        Method("exit", exit_process, NoParams),
        Method("rpc.discover", discover, NoParams, at_once=True),
        Method("$/cancelRequest", cancel_request, CancelParams, at_once=True),
    )
}


def make_handler(method: Method) -> Handler:
    """The function that jsonrpcserver calls for ``method``: no exception gets past it."""

    def handle(context: Context, /, *args: object, **named: object) -> Any:
        told: SidecarError
        try:
            params = read_params(method.params, args, named)
            return Success(msgspec.to_builtins(method.run(params, context)))
        except SidecarError as error:
            told = error
        except Exception as error:  # noqa: BLE001 -- the last boundary: whatever it is, the caller gets an answer
            from sidecar.system.os_errors import last_resort

            # Its text may hold the user's data, which is for neither the wire nor the log.
            _logger.error("%s failed: %s\n%s", method.name, type(error).__name__, _places_of(error))
            told = last_resort(error)
        return Error(told.code, told.message, told.data())

    return handle


def _places_of(error: BaseException) -> str:
    """Where an exception, and what led to it, was raised: files and lines, nobody's data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    cause = error.__cause__ or error.__context__
    return frames if cause is None else f"{_places_of(cause)}which led to\n{frames}"
