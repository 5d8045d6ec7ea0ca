"""What checking, repairing and compacting answer, as structs: the words of the wire and of ``--json``."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One thing about the database that is not as it should be, or that is good to know.

    ``severity`` is "damage" (rows are in doubt), "fault" or "note" (nothing has to be done). ``remedy`` is what mends
    it: "repair", "import" (of a backup), "app" (by itself, at its next start) or "none". ``message`` tells both to a
    person. ``target`` is what a reference leads to; ``label`` what a person knows the row by; ``detail`` what SQLite
    says, the name of an index, or since when a timer runs.
    """

    code: str
    severity: str
    remedy: str
    message: str
    table: str | None = None
    id: str | None = None
    rowid: int | None = None
    column: str | None = None
    target: str | None = None
    label: str | None = None
    detail: str | None = None


class DatabaseCheck(msgspec.Struct, kw_only=True):
    """What a check found: ``state`` is "healthy", "findings" or "damaged"; notes alone leave a database healthy.

    ``findings`` holds the first 100 of each code, ``counts`` says how many there are of each. ``tables`` is the rows
    per table, empty where the file is damaged. ``size`` is of the file, ``free`` of its pages that hold nothing, both
    in bytes.
    """

    path: str
    state: str
    quick: bool
    findings: list[Finding]
    counts: dict[str, int]
    tables: dict[str, int]
    size: int
    free: int
