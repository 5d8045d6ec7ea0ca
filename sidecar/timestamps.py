"""Timestamps as text: the app's stored form, the archive's form, and nothing lost in between.

Stored: ``2026-11-22T16:07:21.689983550+00:00``; in the archive ``...Z``. Nine fraction digits
do not fit a datetime, so datetimes only judge here; the text itself is carried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec

EPOCH = "1970-01-01T00:00:00Z"

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Moments = list[_Moment | None]
_UTC_SUFFIX = "+00:00"

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""msgspec alone takes an offset without a colon, too."""


def is_moment(text: str) -> bool:
    """Whether ``text`` is an RFC 3339 time with an offset, of a day that exists."""
    if not _RFC3339.fullmatch(text):
        return False
    try:
        msgspec.convert(text, _Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def to_archive(stored: Sequence[str | None]) -> list[str | None] | None:
    """A column of stored timestamps in the archive's form, or None when one would not come back as it was."""
    # A text that is empty, or has another middle or ending, becomes "", which is no moment.
    column = [text and (text[:-6] + "Z" if text[10:11] == "T" and text[-6:] == _UTC_SUFFIX else "") for text in stored]
    return column if _all_moments(column) else None


def to_stored(archived: Sequence[str | None]) -> list[str | None] | None:
    """A column of archived timestamps in the stored form, or None when one needs a closer look."""
    column = [text and (text[:-1] + _UTC_SUFFIX if text[-1] == "Z" else text) for text in archived]
    offsets = {text and text[-6:] for text in column}
    separators = {text and text[10:11] for text in column}
    in_form = offsets <= {None, _UTC_SUFFIX} and separators <= {None, "T"}
    return column if in_form and _all_moments(column) else None


def one_to_archive(stored: str) -> tuple[str, bool] | None:
    """One stored timestamp in the archive's form, and whether it comes back as it was; None if it is no time at all.

    ``YYYY-MM-DD HH:MM:SS``, which SQL defaults leave, is a time in UTC.
    """
    faithful = to_archive([stored])
    if faithful and faithful[0]:
        return faithful[0], True
    for text in (stored, stored + "Z"):
        if is_moment(text):
            return to_utc(text, "Z"), False
    return None


def to_utc(text: str, suffix: str = _UTC_SUFFIX) -> str:
    """An RFC 3339 time moved to UTC, its fraction digits kept as they are."""
    whole, fraction = text[:19], text[19:].rstrip("Zz") if text[-1] in "Zz" else text[19:-6]
    offset = "Z" if text[-1] in "Zz" else text[-6:]
    moment = msgspec.convert(f"{whole}{offset}", datetime).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + suffix


def _all_moments(column: list[str | None]) -> bool:
    try:
        msgspec.convert(column, _Moments)
    except msgspec.ValidationError:
        return False
    return True
