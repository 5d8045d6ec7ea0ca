"""Rows that differ cannot be settled, or shown, as it was asked for."""

from __future__ import annotations

from sidecar.errors.base import SidecarError


class ConflictError(SidecarError):
    """The rows that differ cannot be settled so. {detail}"""

    kind = "conflict_error"


class NoConflicts(ConflictError):
    """A replacement has no conflicts to settle, since the backup's rows take the place of all. Merge instead, or leave
    the choice out."""

    kind, code, hint = "no_conflicts", 75, "Leave onConflict out, or set overwrite to false."


class UnknownPreview(ConflictError):
    """There is no preview of this token here: only the latest previews of a running sidecar can be looked into. Preview
    the backup again."""

    kind, code, hint = "unknown_preview", 76, "Preview the backup again, and use its token."


class NoSuchConflict(ConflictError):
    """There is no conflict {detail}. Preview the merge, and name numbers that it has."""

    kind, code, hint = "no_such_conflict", 77, "Use the numbers of the preview."
