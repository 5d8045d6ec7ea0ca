"""What may be asked for of a backup, and what is told of how it was met."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]


OnConflict = Literal["mine", "theirs", "newer"]
"""Of two rows of one id that differ, which stays when a backup is merged: the database's, the backup's, or the one that
was changed later."""

MINE: OnConflict = "mine"
NEWER: OnConflict = "newer"


class Selection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Rows of a backup: those that meet each of the criteria that are given.

    ``tables``: of these types, by the names of their tables. ``lists``: in these task lists, by name or id; with a
    task, what belongs to it. ``ids``: with these ids, of whatever type. ``text``: with this text in a title or other
    words, whatever its capitals. ``since``, ``until``: begun, else made, on these days and between (UTC).
    ``missing``: only what the database has not, by its id. ``subtasks``: "with_parents" brings along the tasks that
    they are parts of, "untied" makes them tasks of their own where those are not there.
    """

    tables: list[Name] | None = None
    lists: list[Name] | None = None
    ids: list[Name] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    since: Day | None = None
    until: Day | None = None
    missing: bool = False
    subtasks: Literal["with_parents", "untied"] = "with_parents"
