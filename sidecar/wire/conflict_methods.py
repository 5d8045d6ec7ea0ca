"""The method that shows the conflicts of a preview; since protocol version 1.1. It adapts params and result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.wire.params import ConflictsParams

if TYPE_CHECKING:
    from sidecar.merging.answers import Conflicts
    from sidecar.wire.context import Context


def conflicts(params: ConflictsParams, context: Context) -> Conflicts:
    """Show the rows of a previewed merge that differ from the database's, by their numbers, field by field."""
    from sidecar.errors.conflicts import UnknownPreview
    from sidecar.jobs.conflicts import list_conflicts
    from sidecar.jobs.request import Request
    from sidecar.merging.policy import policies_of

    shown = context.session.previews.get(params.token)
    if shown is None:
        raise UnknownPreview()
    places, asked = shown
    request = Request(
        places,
        asked.file_path,
        asked.overwrite,
        asked.allow_loss,
        salvage=asked.salvage,
        preview_token=params.token,
        selection=asked.selection,
        policies=policies_of(asked.on_conflict, asked.conflict_choices),
    )
    progress, ahead = context.progress(params.progress_token), context.session.conflicts_ahead
    return list_conflicts(request, progress, params.start, params.count, ahead)
