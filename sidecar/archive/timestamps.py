"""Timestamps as text: the app's stored form, the archive's form, and nothing lost in between.

Stored: ``2026-11-22T16:07:21.689983550+00:00``; in the archive ``...Z``. Nine fraction digits
do not fit a datetime, so datetimes only judge here; the text itself is carried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

EPOCH = "1970-01-01T00:00:00Z"

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Moments = list[_Moment]
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


_ODD = re.compile(r"[+-]?\d{4,6}-\d{1,2}-\d{1,2}([Tt ][\dTtZz:.,+ -]{0,64})?", re.ASCII)
_ODD_UTC = re.compile(r"[+-]?\d{4,6}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?[Zz]", re.ASCII)


def odd_to_stored(text: str) -> str | None:
    """The stored form of a time that is none to ``is_moment``, nothing of it rounded; None for what is no date at all.

    The app itself writes such: a year beyond 9999 ("+10000-..."), a leap second, the last half microsecond of 9999.
    """
    if not _ODD.fullmatch(text):
        return None
    return f"{text[:-1]}{_UTC_SUFFIX}" if _ODD_UTC.fullmatch(text) else text


_BY_DEFAULT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def order_of(text: object) -> str | None:
    """What orders stored times as they happened, to the last digit, whatever their fractions; None for no time.

    Compared as text: a year of four digits, nine digits of a second, all in UTC. A time without an offset is UTC: the
    schema's own CURRENT_TIMESTAMP is so.
    """
    if not isinstance(text, str):
        return None
    text = f"{text}Z" if _BY_DEFAULT.fullmatch(text) else text
    if not is_moment(text):
        return None
    fraction = text[19:].partition("+")[0].partition("-")[0].strip("Zz.")
    moment = datetime.fromisoformat(f"{text[:10]}T{text[11:19]}{_offset(text)}").astimezone(UTC)
    return f"{moment.isoformat(timespec='seconds')[:19]}.{fraction:0<9}"


def order_within(encoding: str) -> Callable[[object], str | None]:
    """:func:`order_of` for SQL, of a text given by its bytes: sqlite3 calls nothing with a text that is none.

    :param encoding: of the database's texts.
    """

    def order(stored: object) -> str | None:
        return order_of(stored.decode(encoding, "replace")) if isinstance(stored, bytes) else None

    return order


def _offset(text: str) -> str:
    return _UTC_SUFFIX if text[-1] in "Zz" else text[-6:]


def to_archive(stored: Sequence[Any]) -> Sequence[str | None] | None:
    """A column of stored timestamps in the archive's form, or None when one would not come back as it was.

    What is neither text nor None would not.
    """
    if None not in stored:
        return to_required_archive(stored)
    present = to_required_archive([text for text in stored if text is not None])
    return None if present is None else _with_nulls(stored, present)


def to_required_archive(stored: Sequence[Any]) -> Sequence[str] | None:
    """The same of a column where NULL would not come back either."""
    return _rewritten(stored, (_UTC_SUFFIX,), _UTC_SUFFIX, "Z")


def to_stored(archived: Sequence[str | None]) -> Sequence[str | None] | None:
    """A column of archived timestamps in the stored form, or None when one needs a closer look."""
    present = _rewritten([text for text in archived if text is not None], (_UTC_SUFFIX, "Z"), "Z", _UTC_SUFFIX)
    return None if present is None else _with_nulls(archived, present)


def _with_nulls(column: Sequence[str | None], present: Sequence[str]) -> Sequence[str | None]:
    """``column`` with its texts replaced by those of ``present``, in order."""
    if len(present) == len(column):
        return present
    texts = iter(present)
    return [None if text is None else next(texts) for text in column]


def _rewritten(column: Sequence[Any], endings: tuple[str, ...], old: str, new: str) -> list[str] | None:
    """The column, ``old`` endings made ``new``; None unless each is a moment with a T and one of ``endings``.

    Worked on as one long text, which takes a third of the time. Counting is enough: a moment has at
    most one T and one ending, so as many as there are moments means one in each.
    """
    if not column:
        return []
    try:
        joined = "\n".join(column)
    except TypeError:
        return None
    replaced = joined.replace(old, new)
    rewritten = replaced.split("\n")
    # How much shorter the text is tells how many were replaced, sooner than counting them.
    ended = (len(joined) - len(replaced)) // (len(old) - len(new))
    ended += sum(joined.count(ending) for ending in endings if ending != old)
    if len(rewritten) == joined.count("T") == ended == len(column) and _all_moments(rewritten):
        return rewritten
    return None


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


def _all_moments(column: list[str]) -> bool:
    try:
        msgspec.convert(column, _Moments)
    except msgspec.ValidationError:
        return False
    return True
