"""What an import, or its preview, is asked to do: one value that names it, and by which two of them are told apart."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sidecar.errors.conflicts import NoConflicts, UnseenNumbers
from sidecar.merging.pages import Page
from sidecar.merging.policy import NOTHING_ASKED, Policies
from sidecar.own_json import encoded
from sidecar.selection.request import Selection
from sidecar.system.paths import Places

SEEN = ""
"""Stands for the token of a preview: the numbers are of no earlier one, but what they mean is shown."""


@dataclass(frozen=True)
class Request:
    """What is to be imported, where to, and how; ``preview`` where it is only to be shown.

    ``believing`` where a schema that the code does not know may be made for a database that takes a broken one's
    place; ``page`` the conflicts that a preview is to show. ``numbered_by`` is the token of the preview that gave
    conflicts the numbers by which a preview chooses, SEEN where whoever asks is shown the rows that these numbers mean.
    """

    places: Places
    file_path: str
    overwrite: bool = True
    allow_loss: bool = False
    verbatim: bool = False
    salvage: bool = False
    preview: bool = False
    preview_token: str | None = None
    selection: Selection | None = None
    policies: Policies = NOTHING_ASKED
    believing: bool = True
    clearing: bool = False
    page: Page | None = None
    numbered_by: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether a person sees, or saw, what is done."""
        return self.preview or self.preview_token is not None

    @property
    def has_conflicts(self) -> bool:
        """Whether rows that differ are to be numbered, and settled one by one: in a merge that anybody looks at."""
        return not self.overwrite and (self.is_shown or self.policies.ask)

    @property
    def keeps_all(self) -> bool:
        """Whether no row of the database gives way to one of the backup."""
        return not self.overwrite and not self.policies.ask

    def require_sense(self) -> None:
        """Raise NoConflicts where there are none to be settled, UnseenNumbers for choices by numbers of no preview."""
        if self.overwrite and self.policies.ask:
            raise NoConflicts()
        if self.policies.choices and self.preview_token is None and self.numbered_by is None:
            raise UnseenNumbers()

    def kind(self) -> tuple[object, ...]:
        """What a preview and the import that follows it have in common, besides the backup and the policies."""
        database = os.path.realpath(self.places.database)
        chosen = encoded(self.selection) if self.selection else b""
        return database, self.overwrite, self.allow_loss, self.verbatim, self.salvage, chosen
