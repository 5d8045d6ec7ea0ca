"""What may be asked for of a backup, and what is told of how it was met."""

from __future__ import annotations

from sidecar.archive.part import Part


class PartToExport(Part, forbid_unknown_fields=True):
    """Rows of the database: those that meet each of the criteria that are given."""


class Selection(Part, forbid_unknown_fields=True):
    """Rows of a backup: those that meet each of the criteria that are given.

    ``missing``: only what the database has not, by its id.
    """

    missing: bool = False
