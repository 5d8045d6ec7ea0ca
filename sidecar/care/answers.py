"""What checking, repairing and compacting answer, as structs: the words of the wire and of ``--json``."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One thing about the database that is not as it should be, or that is good to know.

    ``severity`` is "damage" (rows are in doubt), "fault" or "note" (nothing has to be done). ``remedy`` is what mends
    it: "repair", "import" (of a backup), "compact" (with force), "app" (by itself, at its next start) or "none".
    ``message`` tells both to a person. ``target`` is what a reference leads to; ``label`` what a person knows the row
    by; ``detail`` what SQLite says, the name of an index, how many pages, or since when a timer runs.
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


class Repair(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One thing that a repair does: about the finding ``code``, to one row or index.

    ``action`` is "rebuilt" (an index), "removed", "untied", "moved", "chosen", "changed" or "filled"; the other fields
    are those of a finding, as it was before.
    """

    code: str
    action: str
    message: str
    table: str | None = None
    id: str | None = None
    rowid: int | None = None
    column: str | None = None
    target: str | None = None
    label: str | None = None
    detail: str | None = None


class RepairResult(msgspec.Struct, kw_only=True):
    """What a repair did, or with ``dry_run`` would do: ``repairs`` holds the first 100 of each code, ``counts`` all.

    ``remaining`` and ``remaining_counts`` are the findings that it does not mend, each with what does. ``safety_copy``
    is the path of the backup of what was there before, which an undo puts back; null where nothing was changed.
    ``token`` stands for all that would be done: a repair that is given it as ``previewToken`` does this, or refuses.
    """

    path: str
    dry_run: bool
    repairs: list[Repair]
    counts: dict[str, int]
    remaining: list[Finding]
    remaining_counts: dict[str, int]
    safety_copy: str | None
    token: str
    warnings: list[str]


class CompactResult(msgspec.Struct, kw_only=True):
    """What compacting did: the size of the file ``before`` and ``after``, in bytes, and how many were ``free``.

    ``compacted`` is false where too little would have been gained: then nothing was done. ``tables`` is the rows of
    each table that were compared, value by value, before and after.
    """

    path: str
    compacted: bool
    before: int
    after: int
    free: int
    tables: dict[str, int] = {}
