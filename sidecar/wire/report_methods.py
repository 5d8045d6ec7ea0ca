"""Methods that write pages; since protocol version 1.1. Each adapts params and results, as all methods do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sidecar.wire.params import Params, SideName

if TYPE_CHECKING:
    from sidecar.report.answers import DifferencePage, ReportPage
    from sidecar.wire.context import Context

Target = Annotated[str, Meta(min_length=1, description="Path of the page to write (.html).")]
Force = Annotated[
    bool,
    Meta(description="If true, replaces a page that is there; if false, refuses. No other file is ever replaced."),
]


class ReportParams(Params):
    """The backup that is told of, and the page to write."""

    backup: SideName
    target: Target
    force: Force = False


class DifferencePageParams(Params):
    """The two states of the data to compare, the page to write, and which of the rows that differ it shows."""

    left: SideName
    right: SideName
    target: Target
    force: Force = False
    start: Annotated[int, Meta(ge=0, description="The first row shown, counted from 0 over all tables.")] = 0
    count: Annotated[int, Meta(ge=0, le=10_000, description="Most rows shown.")] = 1_000


def write_report(params: ReportParams, context: Context) -> ReportPage:
    """Write one HTML page about a backup, or the database as it is now: what it holds, and what is wrong with it."""
    from sidecar.report.reporting import write_report as write

    progress = context.progress(params.progress_token)
    return write(context.places, params.backup, params.target, progress, params.force)


def write_difference(params: DifferencePageParams, context: Context) -> DifferencePage:
    """Write one HTML page about how two backups differ, or a backup and the database, row by row, field by field."""
    from sidecar.report.differing import write_difference as write

    progress = context.progress(params.progress_token)
    return write(
        context.places, params.left, params.right, params.target, progress, params.force, params.start, params.count
    )
