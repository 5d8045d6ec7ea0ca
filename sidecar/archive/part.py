"""A part of the data: how an archive, and whoever asks for one, says which; what is told of it.

Loaded before the first answer, and so without all that reads archives.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

NAMED, LONGEST_NAMED = 3, 60
"""Most names of each sort that are told of a part, and most characters of each."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$")]


SETTINGS_TYPE = "settings"
"""The type of data that is no table: the frontend's settings."""


class Part(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A part of the data: the rows that meet each of the criteria that are given, and what those cannot be without.

    ``tables``: of these types, by the names of their tables; "settings" are the frontend's. ``lists``: in these task
    lists, by name or id; with a task, what belongs to it. ``ids``: with these ids, of whatever type. ``text``: with
    this text in a title or other words, whatever its capitals. ``since``, ``until``: begun, else made, on these days
    and between (UTC). ``subtasks``: "with_parents" brings along the tasks that they are parts of, "untied" makes them
    tasks of their own where those are not there.
    """

    tables: list[Name] | None = None
    lists: list[Name] | None = None
    ids: list[Name] | None = None
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    since: Day | None = None
    until: Day | None = None
    subtasks: Literal["with_parents", "untied"] = "with_parents"

    @property
    def has_settings(self) -> bool:
        """Whether the frontend's settings are meant."""
        return SETTINGS_TYPE in (self.tables or ())

    def __str__(self) -> str:
        """The criteria in words; "" for none."""
        named = (("task list", self.lists), ("type", self.tables), ("id", self.ids))
        words = [f"{what}{'s' if len(some) > 1 else ''} {_some(some)}" for what, some in named if some]
        words += [f"with the text {_cut(self.text)}"] if self.text else []
        words += [f"{bound} {day}" for bound, day in (("from", self.since), ("to", self.until)) if day]
        return ", ".join(words)


def _some(names: list[str]) -> str:
    shown = ", ".join(map(_cut, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED:,} more"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAMED else f"{text[: LONGEST_NAMED - 1]}…"


def remark_on_part(part: str) -> str:
    """What is said of an archive that holds a part of the data."""
    return f"This backup is partial ({part}): an import of it removes nothing"
