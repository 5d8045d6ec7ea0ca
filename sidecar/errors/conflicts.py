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


class NoSuchTable(ConflictError):
    """Neither the backup nor KiraPilot has a table called {detail}, so nothing can be chosen for its rows. Name tables
    as the preview does."""

    kind, code, hint = "no_such_table", 78, "Name the tables as the preview does, or * for the rest."


class InvalidChoice(ConflictError):
    """It cannot be told what is to stay: {detail}. Name each conflict once, and the smaller number first."""

    kind, code, hint = "invalid_choice", 79, "Name each conflict once."


class UnseenNumbers(ConflictError):
    """Conflicts were chosen by their numbers, but no preview is named whose numbers these are. Preview the merge, and
    give its token with the choices."""

    kind, code, hint = "unseen_numbers", 100, "Give the token of the preview that numbered the conflicts."
