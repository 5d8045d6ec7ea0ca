"""Import and its preview: archive -> stage -> check -> plan -> (safety copy -> apply in one transaction)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import msgspec

from sidecar.archive.settings import read_settings
from sidecar.errors.databases import DatabaseBusy
from sidecar.export.safety_copies import SafetyCopy
from sidecar.jobs.comparing import TRIES, Target, compared, fitting
from sidecar.jobs.conflicts import FIRST, ReadAhead
from sidecar.jobs.request import SEEN, Request
from sidecar.jobs.rescuing import Rebuilding
from sidecar.merging.answers import Conflict, Conflicts
from sidecar.merging.pages import Page
from sidecar.merging.policy import MINE, ByTable, Choice, policies_of
from sidecar.progress import Progress
from sidecar.restore.applying import Outdated, apply
from sidecar.restore.prebuilt_tables import build
from sidecar.restore.triggers import remark_on
from sidecar.results import ImportPreview, ImportResult
from sidecar.selection.request import Selection
from sidecar.system.paths import Places

PHASES = {"stage": 0.4, "check": 0.15, "copy": 0.2, "apply": 0.25}
PREVIEW_PHASES = {"stage": 0.75, "check": 0.25}

CHOSEN_SHOWN = 50
"""Most conflicts that were chosen by their numbers and are shown."""

LOCK_SECONDS = 4.0
"""Longest the app may be kept from writing, as far as that is foreseen; it waits for 5 s."""

ROW_SECONDS = 15e-6
"""What a changed row costs while the app is locked out."""


def import_data(
    places: Places,
    file_path: str,
    overwrite: bool,
    progress: Progress,
    allow_loss: bool = False,
    settings: Mapping[str, object] | None = None,
    salvage: bool = False,
    preview_token: str | None = None,
    selection: Selection | None = None,
    on_conflict: ByTable = MINE,
    choices: Sequence[Choice] = (),
) -> ImportResult:
    """Bring a backup into the live database, in one transaction, once a safety copy of what is there has been made.

    :param overwrite: replace what the archive speaks of; else merge, where the database's rows win.
    :param allow_loss: leave out what the target has no place for, instead of raising WouldLoseData.
    :param settings: the frontend's own as they are now: they go into the safety copy without their secrets, which
        go into what the result hands back.
    :param salvage: of a damaged archive take what can be proved, and remove nothing; else refuse it whole.
    :param preview_token: of the preview that was agreed to: what it showed is done, or nothing.
    :param selection: take this part of the backup alone, and remove nothing; ``overwrite`` then says which of two
        rows of one id stays.
    :param on_conflict: which of them stays in a merge, for all tables or by table; nothing is removed then.
    :param choices: the same of single conflicts, by the numbers that a preview gave them; ``preview_token`` is then of
        the preview that showed these choices.
    Raises ConflictError, BackupError, PathError, DatabaseError and their kin, SafetyCopyFailed, AccountingMismatch,
    ChangedSincePreview, Cancelled; the database is then what it was.
    """
    progress.plan(PHASES)
    request = Request(
        places,
        file_path,
        overwrite,
        allow_loss,
        salvage=salvage,
        preview_token=preview_token,
        selection=selection,
        policies=policies_of(on_conflict, choices),
    )
    return fitting(request, lambda fit: _import(fit, progress, settings))


def restore_copy(
    places: Places,
    file_path: str,
    progress: Progress,
    settings: Mapping[str, object] | None,
    preview_token: str | None = None,
) -> ImportResult:
    """Bring a safety copy back: as ``import_data`` replaces, but nothing is repaired, whatever the copy holds."""
    progress.plan(PHASES)
    request = Request(places, file_path, verbatim=True, preview_token=preview_token)
    return fitting(request, lambda fit: _import(fit, progress, settings))


def clear_with(places: Places, emptied: str, progress: Progress, settings: Mapping[str, object] | None) -> ImportResult:
    """Replace all there is by the backup of an emptied database: as ``import_data`` replaces.

    :param settings: the frontend's, which the page is about to remove: they alone are worth a safety copy, too.
    """
    progress.plan(PHASES)
    return _import(Request(places, emptied, clearing=True), progress, settings)


def preview_import(
    places: Places,
    file_path: str,
    overwrite: bool,
    progress: Progress,
    allow_loss: bool = False,
    salvage: bool = False,
    selection: Selection | None = None,
    on_conflict: ByTable = MINE,
    choices: Sequence[Choice] = (),
    numbered_by: str | None = None,
    ahead: ReadAhead | None = None,
) -> ImportPreview:
    """What ``import_data`` with the same arguments would do to the database as it is now; changes nothing.

    :param numbered_by: the token of the preview that gave conflicts the numbers by which ``choices`` names them.
    :param ahead: where the first conflicts of a merge are kept, for whoever asks to see them next.
    Raises what ``import_data`` raises, but for SafetyCopyFailed.
    """
    progress.plan(PREVIEW_PHASES)
    request = Request(
        places,
        file_path,
        overwrite,
        allow_loss,
        salvage=salvage,
        preview=True,
        selection=selection,
        policies=policies_of(on_conflict, choices),
        numbered_by=numbered_by,
        page=FIRST if ahead is not None and not overwrite else None,
    )
    shown, conflicts = fitting(request, lambda fit: _preview_chosen(fit, progress))
    if ahead is not None and not overwrite:
        asked = replace(request, preview=False, preview_token=shown.token, numbered_by=None, page=None)
        ahead.keep(asked, Conflicts(token=shown.token, total=shown.conflicts, conflicts=conflicts))
    return shown


def preview_chosen(request: Request, progress: Progress) -> tuple[ImportPreview, list[Conflict]]:
    """The preview of a request, and of the conflicts that it chooses by their numbers the first few, field by field.

    Raises what ``preview_import`` raises.
    """
    progress.plan(PREVIEW_PHASES)
    ranges = tuple((choice.first, choice.end) for choice in request.policies.choices)
    asked = replace(request, preview=True, page=Page(ranges, CHOSEN_SHOWN), numbered_by=request.numbered_by or SEEN)
    return fitting(asked, lambda fit: _preview_chosen(fit, progress))


def _preview_chosen(request: Request, progress: Progress) -> tuple[ImportPreview, list[Conflict]]:
    with compared(request, progress) as target:
        return target.preview(), target.shown


def preview_restore(places: Places, file_path: str, progress: Progress) -> tuple[ImportPreview, bool]:
    """What ``restore_copy`` would do, and whether the copy holds settings of the frontend."""
    progress.plan(PREVIEW_PHASES)
    return fitting(Request(places, file_path, verbatim=True, preview=True), lambda fit: _preview(fit, progress))


def _preview(request: Request, progress: Progress) -> tuple[ImportPreview, bool]:
    """The preview, and whether the backup holds settings of the frontend."""
    with compared(request, progress) as target:
        restored = target.restored(read_settings(None))
        return target.preview(), restored.values is not None


def _import(request: Request, progress: Progress, settings: Mapping[str, object] | None) -> ImportResult:
    device = read_settings(settings)
    saving = SafetyCopy(request.places, settings, lambda: progress.part("copy", "Saving the present data"))
    with saving as copy, compared(request, progress, copy) as target:
        restored = target.restored(device)
        if target.rebuilding is None:
            _carry_out(target, copy, restored.differ or (request.clearing and bool(device.clean)), progress)
            copy.settle(request.file_path)
        else:
            # One may have been begun before the database was seen to be broken.
            copy.discard()
            _rebuild(target, target.rebuilding, progress)
        # That a cleared database is empty is no news.
        told = remark_on(target.plan.not_run) if request.clearing else [*target.warnings(), *restored.warnings]
        return ImportResult(
            **msgspec.structs.asdict(target.backup.contents.metadata),
            overwrite=request.overwrite,
            tables=target.plan.accounts,
            warnings=[*told, *(device.warnings if copy.path else ()), *copy.warnings],
            settings=restored.values,
            safety_copy=str(copy.path) if copy.path else None,
            salvage=target.report(),
            wreck=target.rebuilding.kept if target.rebuilding else None,
            rescue=target.rescue(),
            selected=target.selected,
            partial=target.backup.contents.part,
        )


def _carry_out(target: Target, copy: SafetyCopy, settings_differ: bool, progress: Progress) -> None:
    """Make the safety copy, and apply the difference to the very state that the copy holds.

    The app may write while the copy is made, so the copy is made first without a lock, and thrown away if the app
    did write. Only after some tries is it made while the app waits, and only if that is foreseen not to take too long.
    """

    def keep() -> None:
        if settings_differ or target.plan.changes():
            # What the comparison has read needs no memory while the copy is made.
            target.connection.execute("PRAGMA shrink_memory")
            copy.make()
        else:
            copy.discard()

    def renew() -> None:
        target.work_out_again(progress)
        keep()

    with suppress(sqlite3.IntegrityError):
        # A row that its table refuses is met again, and named, where rows move one by one.
        build(target.connection, target.plan, progress)
    try:
        for turn in range(TRIES):
            target.catch_up(progress)
            keep()
            if turn == 0:
                progress.phase("apply", target.rows(), "rows", "Importing")
            with suppress(Outdated):
                apply(target.connection, target.plan, target.version, progress)
                return
        _require_short_lock(target, copy)
        apply(target.connection, target.plan, target.version, progress, renew)
    except BaseException:
        if not target.connection.in_transaction:
            copy.discard()
        raise


def _rebuild(target: Target, rebuilding: Rebuilding, progress: Progress) -> None:
    """Apply the difference to the database that is being made, which nobody else sees, and let it take its place."""
    with suppress(sqlite3.IntegrityError):
        # As of a sound database: met again, and named.
        build(target.connection, target.plan, progress)
    apply(target.connection, target.plan, target.version, progress)
    rebuilding.carry_out(target.connection, progress)


def _require_short_lock(target: Target, copy: SafetyCopy) -> None:
    """Raise DatabaseBusy if making the copy under the lock would keep the app waiting for longer than it does."""
    foreseen = copy.seconds + target.seconds + target.plan.effort() * ROW_SECONDS
    if foreseen > LOCK_SECONDS:
        raise DatabaseBusy(
            path=target.request.places.database, detail="It was written to each time the safety copy was being made."
        )
