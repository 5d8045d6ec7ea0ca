"""Methods about the live database itself; since protocol version 1.1. Each adapts params and results, as all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.wire.params import CheckDatabaseParams, CompactParams, RepairParams

if TYPE_CHECKING:
    from sidecar.care.answers import CompactResult, DatabaseCheck, RepairResult
    from sidecar.wire.context import Context


def check_database(params: CheckDatabaseParams, context: Context) -> DatabaseCheck:
    """Tell what is wrong with the database as it is now, what it means, and what mends it; changes nothing."""
    from sidecar.care.checking import check_database as check

    return check(context.places, context.progress(params.progress_token), params.quick)


def repair_database(params: RepairParams, context: Context) -> RepairResult:
    """Mend what a check found and KiraPilot would, once all is in a safety copy; undo_last_import takes it back."""
    from sidecar.care.repairing import repair_database as repair

    progress = context.progress(params.progress_token)
    return repair(context.places, progress, params.dry_run, params.preview_token, params.only)


def compact_database(params: CompactParams, context: Context) -> CompactResult:
    """Make the database's file as small as what it holds, if no other program has it open; no value changes."""
    from sidecar.care.compacting import compact_database as compact

    return compact(context.places, context.progress(params.progress_token), params.force)
