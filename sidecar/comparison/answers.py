"""What comparisons answer, as structs: the words of the wire and of ``--json``."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sidecar.merging.answers import Value


class ComparedSide(msgspec.Struct, kw_only=True):
    """One side of a comparison: the name it was asked for by, the file it is, and when that was made, if it says so.

    ``partial`` says of a backup of a part of the data which part: what it does not hold may have been there.
    """

    name: str
    path: str
    created_at: str
    rows: int
    partial: str | None = None


class TableDifference(msgspec.Struct, kw_only=True):
    """How one table differs, in rows: ``left`` = ``removed`` + ``changed`` + ``same``, and ``right`` = ``added`` +
    ``changed`` + ``same``.

    ``only`` is "left" or "right" where the other side does not speak of the table at all: then nothing is compared.
    ``columns`` are those that only one side speaks of: they are not compared either.
    """

    left: int
    right: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    same: int = 0
    only: str | None = None
    columns: list[str] = []


class Values(msgspec.Struct, kw_only=True):
    """The two values of a field that differs."""

    left: Value
    right: Value


class Change(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One row that differs: "added" (on the right side only), "removed" (on the left only) or "changed".

    ``label`` is what a person knows the row by, ``task_list`` the name of its list. ``day`` is the one by which a
    selection of days finds the row, of the left side where that has it: begun, else made, on it (UTC). ``fields`` are
    the columns that differ, each with its left and its right value.
    """

    table: str
    change: str
    id: str | None = None
    label: str | None = None
    task_list: str | None = None
    day: str | None = None
    fields: dict[str, Values] = {}


class Difference(msgspec.Struct, kw_only=True):
    """How two states of the data differ: counts for each table, and a page of the rows, ``start`` being its first."""

    left: ComparedSide
    right: ComparedSide
    identical: bool
    tables: dict[str, TableDifference]
    changes: list[Change]
    start: int
    total: int
    warnings: list[str]


class Version(msgspec.Struct, kw_only=True):
    """A task, or another row, as it stands in some backups, one after the other: from ``first_backup`` to
    ``last_backup``, ``backups`` of them.

    ``fields`` are those that were other in the version before it; empty for the first, and where the row had been gone
    and came back as it was.
    """

    first_backup: str
    last_backup: str
    since: datetime
    until: datetime
    backups: int
    title: str
    task_list: str | None = None
    status: Value = None
    fields: list[str] = []


class Found(msgspec.Struct, kw_only=True):
    """One task that was looked for, or another row; ``table`` says of which type it is.

    ``vanished``: the time of the first backup in which it stood no more, else null.
    """

    id: str
    title: str
    versions: list[Version]
    vanished: datetime | None = None
    in_database: bool = False
    table: str = "tasks"


class Searched(msgspec.Struct, kw_only=True):
    """Where a task or a text stands: the tasks found, and what could not be looked into, a line each.

    ``others`` are rows of other types, where those were asked for.
    """

    query: str
    tasks: list[Found]
    backups: int
    more: int
    warnings: list[str]
    others: list[Found] = []
