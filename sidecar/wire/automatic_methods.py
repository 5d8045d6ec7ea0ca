"""Methods about automatic backups; since protocol version 1.1. Each adapts params and results, as all methods do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.wire.params import AcceptParams, CheckParams, NoParams, NoteParams, PolicyParams, PruneParams, RunParams

if TYPE_CHECKING:
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
    from sidecar.wire.context import Context


def get_backup_policy(_params: NoParams, context: Context) -> PolicyFile:
    """Tell whether, when and where backups are made by themselves."""
    from sidecar.automatic.policy_file import read_policy

    return read_policy(context.places.database)


def set_backup_policy(params: PolicyParams, context: Context) -> PolicyFile:
    """Put a policy into force; what it leaves out has its default."""
    from sidecar.automatic.policy_file import put_in_force

    return put_in_force(context.places.database, lambda _before: params.policy)


def run_backup_if_due(params: RunParams, context: Context) -> RunResult:
    """Make a backup if one is due, prove it in every place, and remove what the policy lets go of."""
    from sidecar.automatic.running import run_backup_if_due as run

    progress = context.progress(params.progress_token)
    return run(context.places, params.trigger, progress, params.app_version, params.settings)


def backup_status(_params: NoParams, context: Context) -> BackupStatus:
    """Tell how the automatic backups are: the newest of each place, its age, what is next due, what went wrong."""
    from sidecar.automatic.health import backup_status as status
    from sidecar.automatic.running import now_utc

    return status(context.places, now_utc())


def accept_backup_hold(_params: AcceptParams, context: Context) -> HoldAnswer:
    """Lift the hold on removing old backups, now that a person has looked at why the database shrank."""
    from sidecar.automatic.answers import HoldAnswer
    from sidecar.automatic.running import accept

    return HoldAnswer(lifted=accept(context.places))


def check_backups(params: CheckParams, context: Context) -> CheckResult:
    """Re-read automatic backups, those first that were not looked at for longest, and remember which are whole."""
    from sidecar.automatic.checking import check_backups as check
    from sidecar.automatic.running import now_utc

    progress = context.progress(params.progress_token)
    return check(context.places, now_utc(), progress, all_of_them=params.all_of_them)


def drill_backups(params: NoParams, context: Context) -> DrillResult:
    """Restore the newest backup of each place into a database that is thrown away, and compare every value."""
    from sidecar.automatic.drilling import drill_backups as drill
    from sidecar.automatic.running import now_utc

    return drill(context.places, now_utc(), context.progress(params.progress_token))


def prune_backups(params: PruneParams, context: Context) -> PruneResult:
    """Remove the automatic backups that the policy lets go of, or only tell which, and why each of the others stays."""
    from sidecar.automatic.pruning import prune_backups as prune

    return prune(context.places, context.progress(params.progress_token), dry_run=params.dry_run)


def note_backup(params: NoteParams, context: Context) -> Noted:
    """Pin an automatic backup, so that it is never removed, or put a note to it, in all its places."""
    from sidecar.automatic.shelf import note_backup as note

    return note(context.places, params.number, params.note, params.pinned)
