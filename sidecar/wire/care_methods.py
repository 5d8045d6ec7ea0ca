"""Methods about the live database itself; since protocol version 1.1. Each adapts params and results, as all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.care.answers import DatabaseCheck
from sidecar.wire.params import CheckDatabaseParams

if TYPE_CHECKING:
    from sidecar.wire.context import Context


def check_database(params: CheckDatabaseParams, context: Context) -> DatabaseCheck:
    """Tell what is wrong with the database as it is now, what it means, and what mends it; changes nothing."""
    from sidecar.care.checking import check_database as check

    return check(context.places, context.progress(params.progress_token), params.quick)
