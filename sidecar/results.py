"""What the jobs answer: the structs of the frontend's contract, and what was added to them.

The frontend reads BackupMetadata and BackupValidationResult by these very keys; keys
may be added, none taken away or renamed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

VERSION = "1.0.0"
"""The only backup version there is of all of the data: all shipped generations say it."""

PARTIAL_VERSION = "1.0.0-partial"
"""What a backup of a part of the data says (since 1.1): the shipped app, whose import removes all that a backup lacks,
refuses any version but its own, and says which it found."""

LINES_SHOWN = 15
"""Most lines of errors, or of warnings: more push the buttons of a native dialog off the screen."""

RECORDS_SHOWN = 100
"""Most records that a salvage names one by one."""

PROBLEMS_SHOWN = 100
"""Most structured problems of each severity in one answer."""


class BackupMetadata(msgspec.Struct, kw_only=True):
    """Version, time (RFC 3339, UTC) and the five counts that the frontend shows."""

    version: str = VERSION
    created_at: str = ""
    task_count: int = 0
    session_count: int = 0
    ai_interaction_count: int = 0
    dependency_count: int = 0
    periodic_template_count: int = 0


COUNT_OF = {
    "tasks": "task_count",
    "time_sessions": "session_count",
    "ai_interactions": "ai_interaction_count",
    "task_dependencies": "dependency_count",
    "periodic_task_templates": "periodic_template_count",
}
"""Table of the contract -> the count of BackupMetadata that speaks of it."""


class Problem(msgspec.Struct, omit_defaults=True, frozen=True):
    """One thing that is wrong with a backup: ``severity`` is "error" or "warning"; ``index`` counts records from 0."""

    severity: str
    kind: str
    message: str
    table: str | None = None
    id: str | None = None
    index: int | None = None
    column: str | None = None


class BackupValidationResult(msgspec.Struct, kw_only=True):
    """At most 15 lines each of errors and warnings; ``problems`` holds the first 100 of each, structured."""

    is_valid: bool
    errors: list[str]
    warnings: list[str]
    metadata: BackupMetadata | None
    problems: list[Problem] = []
    error_count: int = 0
    warning_count: int = 0


class ReadableTable(msgspec.Struct, kw_only=True, frozen=True):
    """One table of a damaged database: rows that could be read, and rows that are known to be lost; ``lost`` is null
    where nothing tells how many."""

    read: int
    lost: int | None


class SelectedTable(msgspec.Struct, kw_only=True):
    """Rows of one table: ``chosen`` by the criteria, and brought ``along``, since those cannot be without them or they
    belong to them; ``untied``: subtasks that become tasks of their own."""

    chosen: int
    along: int
    untied: int = 0


class ExportResult(BackupMetadata, kw_only=True):
    """BackupMetadata, and where the archive lies, its size in bytes, rows per table, and what to know of it.

    ``older`` is the path of the backup that lay there before, where it was kept since it holds far more; else null.
    ``readable`` is what could be read of a damaged database, per table; null where the backup holds everything.
    ``selected``, since 1.1: of an export of a part of the data, the rows of each table that were chosen, and brought
    along; else null.
    """

    path: str
    size: int
    tables: dict[str, int]
    warnings: list[str]
    older: str | None = None
    readable: dict[str, ReadableTable] | None = None
    selected: dict[str, SelectedTable] | None = None


class Example(msgspec.Struct, omit_defaults=True):
    """One row behind a count of a preview: its id, a name a person knows it by, and why, if left out."""

    action: str
    id: str | None
    label: str | None = None
    reason: str | None = None


class TableAccount(msgspec.Struct, kw_only=True):
    """What an import does to one table, in rows.

    ``read`` + ``repaired`` = ``added`` + ``updated`` + ``unchanged`` + the sum of ``left_out``
    (reason -> rows); ``repaired`` rows are made because the archive names but does not carry them.
    On the database's side: ``removed`` rows go, ``kept`` rows are not spoken of by the archive and
    stay, ``untied`` rows stay but lose a reference to a removed row.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: dict[str, int] = {}
    repaired: int = 0
    removed: int = 0
    kept: int = 0
    untied: int = 0

    @property
    def changes(self) -> int:
        """Rows of the database that are not what they were."""
        return self.added + self.updated + self.removed + self.untied


class LeftOut(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One record that a salvage left out: of which table, why, and its id and its index in the backup where known."""

    table: str
    reason: str
    id: str | None = None
    index: int | None = None


class SalvagedTable(msgspec.Struct, kw_only=True):
    """One table of a damaged backup, in records: how many it says it held (null where it no longer says), how many
    are taken, how many are left out, by reason, and how many lose a reference to a row that is not there."""

    expected: int | None
    taken: int
    left_out: dict[str, int] = {}
    cleared: int = 0


class SalvageReport(msgspec.Struct, kw_only=True):
    """What a salvage got out of a damaged backup, and what not.

    ``complete``: nothing is missing. ``exact``: no value stands in for another that only a lost part of the backup
    could say. ``damage``: what is wrong with the file, a line each. ``records``: the first 100 left out, one by one.
    """

    complete: bool
    exact: bool
    damage: list[str]
    tables: dict[str, SalvagedTable]
    records: list[LeftOut]


class WreckTable(msgspec.Struct, kw_only=True):
    """One table of a broken database: rows that can still be read, and how many of them the backup has, by their id;
    ``in_backup`` is null where rows have no id."""

    read: int
    in_backup: int | None


class Rescue(msgspec.Struct, kw_only=True):
    """That the database is, or was, no database any more, and is made anew for the backup.

    ``reason`` is "missing", "empty" or "damaged", ``detail`` what is the matter in a few words; ``migrations`` are
    those of the new database. ``in_place``: it was written into the very file, where a running app sees it; null in a
    preview. ``readable``, since 1.1: what can still be read of the broken database, per table; null where it was not
    looked for, since there is nothing, too much of it, or it was written to just then.
    """

    reason: str
    detail: str
    migrations: list[str]
    in_place: bool | None = None
    readable: dict[str, WreckTable] | None = None


class ImportPreview(BackupMetadata, kw_only=True):
    """What an import would do: BackupMetadata of the archive, and per table the account and some examples.

    ``token`` stands for all of it: an import that is given it as ``previewToken`` does this, or refuses. ``partial``,
    since 1.1, says of a backup of a part of the data which part, in words; it is null for a whole one. ``conflicts``,
    since 1.1, counts the rows of a merge that differ from the database's of the same id: their numbers are 1 to that.
    """

    overwrite: bool
    tables: dict[str, TableAccount]
    examples: dict[str, list[Example]]
    warnings: list[str]
    salvage: SalvageReport | None = None
    token: str
    rescue: Rescue | None = None
    selected: dict[str, SelectedTable] | None = None
    partial: str | None = None
    conflicts: int = 0


class ImportResult(BackupMetadata, kw_only=True):
    """What an import did: BackupMetadata of the archive, and the account per table.

    ``safety_copy`` is the path of the backup of what was there before; null where nothing was changed, and where
    there was nothing sound: ``wreck`` is then the path of the broken file's copy, null if there was none.
    ``settings`` are the frontend's, to be put into localStorage as they are: key -> JSON value, with the device's
    own API keys in their places; null where the backup has none. ``partial`` as in a preview.
    """

    overwrite: bool
    tables: dict[str, TableAccount]
    warnings: list[str]
    settings: dict[str, Any] | None
    safety_copy: str | None
    salvage: SalvageReport | None = None
    wreck: str | None = None
    rescue: Rescue | None = None
    selected: dict[str, SelectedTable] | None = None
    partial: str | None = None


class UndoResult(ImportResult, kw_only=True):
    """What an undo did: the ImportResult of the safety copy at ``path``, which was put back."""

    path: str


class ClearResult(msgspec.Struct, kw_only=True):
    """What was cleared: ``tables`` holds the rows that went, for each table that had any.

    ``message`` tells all of it, made to be shown. ``safety_copy`` is the backup of what was there, which an undo puts
    back; null where there was nothing. ``backup`` is the automatic one, made or found to be current just before;
    null where the policy asks for none, or it failed, which ``warnings`` tells.
    """

    message: str
    tables: dict[str, int]
    safety_copy: str | None
    backup: str | None
    warnings: list[str]


class SafetyCopyState(BackupMetadata, kw_only=True):
    """One safety copy: what it holds as it says itself, its size in bytes, and whether every byte of it proves.

    ``reason`` says why it does not; the counts of one that cannot be read at all are 0. ``partial``, since 1.1, says of
    a file that holds a part of the data, and was only given a safety copy's name, which part.
    """

    path: str
    size: int
    proved: bool
    reason: str | None
    partial: str | None = None


class AutomaticBackup(msgspec.Struct, kw_only=True):
    """One backup that was made by itself, in one ``place``; its copies in other places have the same ``number``.

    ``why`` says what made it due, ``app_version`` is the app's as it said itself; ``size`` is in bytes. ``proved`` is
    when every byte was last found right, null for never; ``rotten`` says what is wrong with it, "" for nothing.
    ``present`` is false while its place is not there: a disk that is unplugged. A pinned one never goes by itself.
    """

    number: int
    path: str
    place: str
    present: bool
    made: datetime
    why: str
    app_version: str
    rows: dict[str, int]
    size: int
    proved: datetime | None
    rotten: str
    pinned: bool
    note: str


class ManualBackup(msgspec.Struct, kw_only=True):
    """A backup that somebody put into a place; it is never removed. ``size`` is in bytes; ``partial``, since 1.1, says
    of one that holds a part of the data which part."""

    path: str
    place: str
    size: int
    changed: datetime
    partial: str | None = None


class WreckState(msgspec.Struct, kw_only=True):
    """A broken database that a restore has set aside: its path, its size in bytes, and when (RFC 3339, UTC).

    ``sound``: it is none, but the safety copy of a database that no backup can hold, which was kept as a file.
    """

    path: str
    size: int
    created_at: str
    sound: bool = False


class BackupList(msgspec.Struct, kw_only=True):
    """The safety copies of the database in force, the newest first, and their folder, which need not exist.

    Besides, the backups made by themselves, the newest first, and those that lie in their places and are none of them.
    ``wrecks`` are the broken databases that restores have set aside, and safety copies that are databases, the newest
    first; none is ever removed.
    ``others`` are the paths of copies and wrecks of other databases in this one's folder, the newest first.
    """

    folder: str
    backups: list[SafetyCopyState]
    automatic: list[AutomaticBackup] = msgspec.field(default_factory=list)
    manual: list[ManualBackup] = msgspec.field(default_factory=list)
    wrecks: list[WreckState] = msgspec.field(default_factory=list)
    others: list[str] = msgspec.field(default_factory=list)


class EntrySummary(msgspec.Struct, kw_only=True):
    """One entry of an archive: its name, its bytes unpacked and packed, its records (null for a single object)."""

    name: str
    size: int
    packed: int
    rows: int | None = None


class BackupSummary(BackupMetadata, kw_only=True):
    """What is in an archive, as it says of itself, without judging it.

    ``writer`` is who made it ("kirapilot" for the shipped app); ``revision`` its manifest's, null without one;
    ``migrations`` those of the database it was made from; ``tables`` the rows per table. ``form`` is what was given:
    "archive", "database" or "json" (then ``entries`` is empty); ``warnings`` say what of the file is no part of it.
    ``partial``, since 1.1, says of a backup of a part of the data which part, in words; ``selection`` by which
    criteria, as an export was given them. Both are null for a whole one.
    """

    path: str
    size: int
    writer: str
    generation: str
    revision: int | None
    migrations: list[str]
    tables: dict[str, int]
    entries: list[EntrySummary]
    settings: list[str]
    form: str = "archive"
    warnings: list[str] = []
    partial: str | None = None
    selection: dict[str, Any] | None = None
