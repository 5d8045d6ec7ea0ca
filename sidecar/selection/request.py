"""What may be asked for of a backup, and what is told of how it was met."""

from __future__ import annotations

import re

from sidecar.archive.part import Part

NO_DAY = "is not a day like 2026-11-22"
"""Said of what ought to be one, by whatever way it was asked for."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, spelled as days are compared: 2026-11-22, and not otherwise."""
    from datetime import date

    try:
        # Other spellings of ISO 8601, such as 20261122, are taken by later Pythons alone.
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _require_days(part: Part) -> None:
    """Raise ValueError, as a decoder takes it, for a bound that is no day.

    Of what is asked for: an archive may say of itself what an earlier version took.
    """
    for field, day in (("since", part.since), ("until", part.until)):
        if day is not None and not is_day(day):
            raise ValueError(f"`{field}` {NO_DAY}")


class PartToExport(Part, forbid_unknown_fields=True):
    """Rows of the database: those that meet each of the criteria that are given."""

    def __post_init__(self) -> None:
        _require_days(self)


class Selection(Part, forbid_unknown_fields=True):
    """Rows of a backup: those that meet each of the criteria that are given.

    ``missing``: only what the database has not, by its id.
    """

    missing: bool = False

    def __post_init__(self) -> None:
        _require_days(self)
