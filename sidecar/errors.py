"""Every way a job can end badly: one class per outcome, nothing imported.

Tree::

    SidecarError
    ├── PathError              the path given cannot be used
    │   ├── FileNotFound  FolderNotFound  IsAFolder  PathNotAllowed  SameFile  WriteProtected
    │   └── PermissionDenied  DiskFull  FileTooLarge  FileInUse  ReadFailed  PlaceUnreachable
    ├── BackupError            the backup file is at fault
    │   ├── NotABackup  DamagedBackup  MissingData  InvalidMetadata  LimitExceeded  PartialBackup
    │   └── UnsupportedVersion  SeveralBackups  TooNew  InvalidBackup (RowsRefused)  WouldLoseData  NothingToSalvage
    ├── DatabaseError          the app's database is at fault, or in the way
    │   └── DatabaseNotFound  DatabaseBusy  NotADatabase  NotKiraPilot
    │       DatabaseDamaged  DatabaseReadOnly  BeyondFormat  CannotRemove  CannotRebuild  UnknownSchema
    ├── WorkFolderUnusable  VerificationFailed  NotImportable  AccountingMismatch
    ├── SameSides  NoConflicts  SelectionError (NothingSelected  NoSuchRows  SelectionTurnedRound), a BackupError
    ├── SafetyCopyFailed  NoSafetyCopy  NothingReplaced  ChangedSincePreview
    ├── InvalidPolicy  BackupUnderWay  NoSuchBackup  NoSuchCopy
    ├── Cancelled  StartAgain
    └── InternalError

A class's docstring is its sentence for the user: what happened, then what to do.
``{path}`` and ``{detail}`` are filled in. ``code`` is the JSON-RPC error code and,
for the positive ones, the exit code of the command line; both are listed in
protocol/ERRORS.md and never change once published.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import ClassVar

LONGEST_DETAIL = 1000
"""Most characters of a detail: an archive decides how long its names are."""


IF_BROKEN = (
    "If it is, it is broken: import your latest backup as a replacement, which makes a new database and keeps the"
    " broken file beside it."
)
"""Advice behind "name KiraPilot's database file", for whoever did."""


class SidecarError(Exception):
    """Something went wrong. {detail}"""

    kind: ClassVar[str] = "error"
    code: ClassVar[int] = 1
    hint: ClassVar[str] = ""
    blames_backup: ClassVar[bool] = False
    reassures: ClassVar[bool] = False
    """Whether the sentence says by itself that nothing was changed."""

    def __init__(self, *, path: object = None, detail: str = "") -> None:
        self.path = None if path is None else str(path)
        self.detail = detail if len(detail) <= LONGEST_DETAIL else f"{detail[: LONGEST_DETAIL - 1]}…"
        self.reassurance = ""
        self.advice = ""
        self.suggestion = ""
        sentence = " ".join((inspect.getdoc(type(self)) or "").split())
        super().__init__(sentence.format(path=self.path or "", detail=self.detail).strip())

    @property
    def message(self) -> str:
        """A few sentences for the user: reassurance first, and what else could be tried last, where there is any."""
        sentence = f"{self.reassurance}{self.args[0]}"
        for more in filter(None, (self.advice, self.suggestion)):
            sentence = f"{sentence}{'' if sentence.endswith(('.', ')')) else '.'} {more}"
        return sentence

    def __str__(self) -> str:
        return self.message

    @property
    def exit_code(self) -> int:
        """Exit code of the command line, 1 to 255."""
        return self.code if 0 < self.code < 256 else 1

    def data(self) -> dict[str, object]:
        """The ``data`` member of the JSON-RPC error: kind, hint, and what is known of path, detail and salvage."""
        data: dict[str, object] = {"kind": self.kind, "hint": self.hint}
        if self.path is not None:
            data["path"] = self.path
        if self.detail:
            data["detail"] = self.detail
        if self.suggestion:
            data["salvage"] = True
        return data


class PathError(SidecarError):
    """The path {path} cannot be used. {detail}"""

    kind = "path_error"


class FileNotFound(PathError):
    """There is no file at {path}. Check the name, or choose the file again."""

    kind, code, hint = "file_not_found", 10, "Choose a file that exists."


class FolderNotFound(PathError):
    """The folder of {path} does not exist. Create it, or choose another place to save."""

    kind, code, hint = "folder_not_found", 11, "Choose a folder that exists."


class IsAFolder(PathError):
    """{path} is a folder or not an ordinary file. Choose a file instead."""

    kind, code, hint = "is_a_folder", 12, "Choose a file, not a folder."


class PathNotAllowed(PathError):
    """The path cannot be used as a file name ({detail}). Choose a shorter or simpler name."""

    kind, code, hint = "path_not_allowed", 13, "Choose a shorter or simpler name."


class SameFile(PathError):
    """{path} is KiraPilot's own database, another program's, or a part of one. Choose another file for the backup."""

    kind, code, hint = "same_file", 14, "The backup and the database must be two files."


class PermissionDenied(PathError):
    """You do not have permission to use {path}. Choose another place, or change its permissions."""

    kind, code, hint = "permission_denied", 15, "Choose a place you may write to."


class DiskFull(PathError):
    """There is not enough free space for {path}. Free some space, or choose another disk. {detail}"""

    kind, code, hint = "disk_full", 16, "Free some disk space and try again."


class FileInUse(PathError):
    """{path} is in use by another program. Close that program, or choose another name. {detail}"""

    kind, code, hint = "file_in_use", 17, "Close the program that uses the file."


class ReadFailed(PathError):
    """Reading or writing {path} failed: {detail}. Check the disk, or use a copy on another one."""

    kind, code, hint = "io_error", 18, "Check the disk or the network drive."


class FileTooLarge(PathError):
    """{path} would be larger than its disk lets a file be (FAT32: 4 GiB). Choose a disk formatted as exFAT or NTFS."""

    kind, code, hint = "file_too_large", 56, "Choose a disk that is formatted as exFAT or NTFS."


class PlaceUnreachable(PathError):
    """{path} cannot be reached: {detail}. Plug its disk in, or connect to its network or cloud drive, and try again."""

    kind, code, hint = "place_unreachable", 57, "Plug the disk in, or check the connection."


class WriteProtected(PathError):
    """{path} is write-protected, and was not replaced. Choose another name, or allow that it is replaced."""

    kind, code, hint = "write_protected", 58, "Choose another name, or agree to replace it (param force)."


class BackupError(SidecarError):
    """The backup file cannot be used. {detail}"""

    kind, blames_backup = "backup_error", True


class NotABackup(BackupError):
    """Invalid ZIP archive: {detail}. Choose a KiraPilot backup (.kpbackup or .zip)."""

    kind, code, hint = "not_a_backup", 20, "Choose a KiraPilot backup."


class DamagedBackup(BackupError):
    """The backup is damaged: {detail}. Use another copy of it, or an older backup."""

    kind, code, hint = "damaged", 21, "Use another copy or an older backup."


class MissingData(BackupError):
    """Backup file is missing {detail}. Choose a file that KiraPilot exported."""

    kind, code, hint = "missing_data", 22, "Choose a file that KiraPilot exported."


class InvalidMetadata(BackupError):
    """Invalid metadata: {detail}. Use another copy of the backup, or an older one."""

    kind, code, hint = "invalid_metadata", 28, "Use another copy or an older backup."


class UnsupportedVersion(BackupError):
    """Unsupported backup version: {detail}. Expected: 1.0.0. Choose a backup that KiraPilot exported."""

    kind, code, hint = "unsupported_version", 23, "Choose a backup of version 1.0.0."


class PartialBackup(BackupError):
    """{detail}. Replacing your data with it would remove what it lacks. Merge it instead, or import it with salvage:
    neither removes anything."""

    kind, code, hint = "partial_backup", 55, "Merge it, or import it with salvage: neither removes anything."


class SeveralBackups(BackupError):
    """The ZIP holds {detail}. Unpack it, and choose one of them."""

    kind, code, hint = "several_backups", 60, "Unpack the ZIP and choose one of the backups in it."


class TooNew(BackupError):
    """The backup was made by a newer KiraPilot ({detail}). Update KiraPilot first, then import it."""

    kind, code, hint = "too_new", 24, "Update KiraPilot first."


class InvalidBackup(BackupError):
    """{detail}"""

    kind, code, hint = "invalid_backup", 25, "Validate or preview the backup to see every problem."


class RowsRefused(InvalidBackup):
    """KiraPilot's database refuses {detail}. Update KiraPilot, then import it again."""

    blames_backup = False

    def __init__(self, *, detail: str, refused: Sequence[Mapping[str, object]]) -> None:
        super().__init__(detail=detail)
        # For each reason: the table, the reason in SQLite's words, how many rows, the ids of some.
        self.refused = refused

    def data(self) -> dict[str, object]:
        """As of every error, and ``refused``: which rows, and why."""
        return super().data() | {"refused": [dict(rows) for rows in self.refused]}


class LimitExceeded(BackupError):
    """The backup goes beyond what a KiraPilot backup can hold: {detail}. Choose another file."""

    kind, code, hint = "limit_exceeded", 26, "Choose a file that KiraPilot exported."


class WouldLoseData(BackupError):
    """This KiraPilot has no place for part of the backup: {detail}. Update KiraPilot first, or allow the loss."""

    kind, code, hint = "would_lose_data", 27, "Update KiraPilot first."


class NothingToSalvage(BackupError):
    """Nothing in the backup can be proved to be what it was, so nothing was taken: {detail}. Use another copy of it."""

    kind, code, hint = "nothing_to_salvage", 29, "Use another copy or an older backup."


class DatabaseError(SidecarError):
    """KiraPilot's database cannot be used. {detail}"""

    kind = "database_error"


class DatabaseNotFound(DatabaseError):
    """There is no KiraPilot database at {path}. Start KiraPilot once, name the database file, or import your latest
    backup as a replacement: that makes one."""

    kind, code, hint = "database_not_found", 30, "Start KiraPilot once, name the database, or restore a backup."


class DatabaseBusy(DatabaseError):
    """KiraPilot's database is busy: another program is using it. Wait a moment and try again. {detail}"""

    kind, code, hint = "database_busy", 31, "Wait a moment and try again."


class NotADatabase(DatabaseError):
    """{path} is not a SQLite database. Name KiraPilot's database file (kirapilot.db)."""

    kind, code, hint = "not_a_database", 32, "Name KiraPilot's database file."


class NotKiraPilot(DatabaseError):
    """{path} is a database, but not KiraPilot's: it has no {detail}. Name KiraPilot's database file."""

    kind, code, hint = "not_kirapilot", 33, "Name KiraPilot's database file."


class DatabaseDamaged(DatabaseError):
    """KiraPilot's database is damaged ({detail}). Import your latest backup as a replacement: a new database is made of
    it, and the damaged file is kept beside."""

    kind, code = "database_damaged", 34
    hint = "Import your latest backup as a replacement, or export what can still be read (param salvage)."


class UnknownSchema(DatabaseError):
    """KiraPilot's database needs what this program does not have or know ({detail}), and was left as it is. Update
    KiraPilot, then try again."""

    kind, code, hint = "unknown_schema", 66, "Update KiraPilot, then try again."


class DatabaseReadOnly(DatabaseError):
    """KiraPilot's database cannot be opened ({detail}). Check the permissions of {path} and its folder."""

    kind, code, hint = "database_read_only", 35, "Check the permissions of the database and its folder."


class BeyondFormat(DatabaseError):
    """KiraPilot's database holds more than a backup can: {detail}. Shorten it in KiraPilot, then export again."""

    kind, code, hint = "beyond_format", 36, "Shorten what is too long, and export again."


class CannotRemove(DatabaseError):
    """KiraPilot's database cannot let go of rows that the backup does not have: {detail}. Merge the backup instead."""

    kind, code, hint = "cannot_remove", 37, "Merge the backup: that removes nothing."


class CannotRebuild(DatabaseError):
    """KiraPilot's database is broken, and this program cannot make a new one for the backup ({detail}). Move {path}
    away, start KiraPilot once, which makes one, and import the backup again."""

    kind, code, hint = "cannot_rebuild", 53, "Move the database away, start KiraPilot once, and import again."


class WorkFolderUnusable(SidecarError):
    """The work folder {path} cannot be used ({detail}). Make room in it, let it be written to, or name another one."""

    kind, code, hint = "work_folder_unusable", 40, "Name another work folder."


class VerificationFailed(SidecarError):
    """The new backup did not read back as written ({detail}) and was not kept. Check the disk, and export again."""

    kind, code, hint = "verification_failed", 41, "Check the disk and export again."


class NotImportable(SidecarError):
    """The new backup could not be imported again ({detail}) and was not kept. Keep a copy of kirapilot.db instead."""

    kind, code, hint = "not_importable", 50, "Keep a copy of the database file, and report this."


class AccountingMismatch(SidecarError):
    """The import was undone because its row counts did not agree ({detail})."""

    kind, code, hint = "accounting_mismatch", 42, "Nothing was changed. Tell those who made what it names."


class SafetyCopyFailed(SidecarError):
    """No safety copy of the present data could be made in {path}, and none of it is replaced without one: {detail}."""

    kind, code, hint = "safety_copy_failed", 43, "Make room in that folder, or let it be written to, and try again."


class NoSafetyCopy(SidecarError):
    """There is nothing to undo: {path} holds no safety copy. Import a backup of your own instead."""

    kind, code, hint = "no_safety_copy", 44, "Import a backup of your own instead."


class NothingReplaced(SidecarError):
    """There is nothing to undo: the last import found no database, and made {path}. Import a backup of your own
    instead."""

    kind, code, hint = "nothing_replaced", 54, "Import a backup of your own instead."


class ChangedSincePreview(SidecarError):
    """Nothing was changed, for this is no longer what the preview showed: {detail}. Look at a new preview first."""

    kind, code, hint, reassures = "changed_since_preview", 65, "Preview the backup again, then import it.", True


class InvalidPolicy(SidecarError):
    """The policy of automatic backups cannot be used: {detail}. Correct that, or leave it out for its default."""

    kind, code, hint = "invalid_policy", 80, "Correct the value that is named."


class BackupUnderWay(SidecarError):
    """Another program is making automatic backups of this database right now. Wait until it is done."""

    kind, code, hint = "backup_under_way", 81, "Wait a moment and try again."


class NoSuchBackup(SidecarError):
    """There is no automatic backup {detail}. List the backups, and name one of those."""

    kind, code, hint = "no_such_backup", 82, "List the backups first."


class NoSuchCopy(SidecarError):
    """There is no safety copy {detail}. List the backups, and name one of those."""

    kind, code, hint = "no_such_copy", 83, "List the backups first."


class SameSides(SidecarError):
    """Both sides are the same file, {path}: there is nothing to compare. Name another backup, or "now"."""

    kind, code, hint = "same_sides", 74, "Name two different backups, or one and the database."


class NoTimerService(SidecarError):
    """No timer of this system can be set from here ({detail}). Let any other timer call: kirapilot-sidecar auto run."""

    kind, code, hint = "no_timer_service", 84, "Let cron, or any other timer, call: kirapilot-sidecar auto run."


class TimerRefused(SidecarError):
    """The system did not take the timer, and it is as it was before. It says: {detail}. Correct that, and try again."""

    kind, code, hint = "timer_refused", 85, "Correct what it says, from a session of the user's own."


class CannotSchedule(SidecarError):
    """No timer can start this program, or not with these paths: {detail}. Use other paths."""

    kind, code, hint = "cannot_schedule", 86, "Copy the program, or name the database, by another path."


class NoConflicts(SidecarError):
    """A replacement has no conflicts to settle, since the backup's rows take the place of all. Merge instead, or leave
    the choice out."""

    kind, code, hint = "no_conflicts", 75, "Leave onConflict out, or set overwrite to false."


class SelectionError(BackupError):
    """What is to be taken of the backup cannot be. {detail}"""

    kind = "selection_error"


class NothingSelected(SelectionError):
    """Nothing in the backup is what was chosen. Choose other lists, types, words or days."""

    kind, code, hint = "nothing_selected", 71, "Choose something that the backup holds."


class NoSuchRows(SelectionError):
    """The backup holds no such {detail}. Look into it first, and choose what is there."""

    kind, code, hint = "no_such_rows", 72, "Choose something that the backup holds."


class SelectionTurnedRound(SelectionError):
    """The last day chosen lies before the first one, {detail}. Turn them round."""

    kind, code, hint = "days_turned_round", 73, "Turn the days round."


class Cancelled(SidecarError):
    """Cancelled. Everything is as it was before."""

    kind, code, hint, reassures = "cancelled", -32800, "Start again when you like.", True

    @property
    def exit_code(self) -> int:
        """130, as a shell reports an interrupt."""
        return 130


class StartAgain(SidecarError):
    """The backup tool cannot go on: {detail}. Start KiraPilot again, and then try again."""

    kind, code, hint = "start_again", 59, "Start KiraPilot again."


class InternalError(SidecarError):
    """The backup tool failed in a way it did not expect ({detail}). Please report this."""

    kind, code, hint = "internal_error", -32603, "Please report this."

    @property
    def exit_code(self) -> int:
        """70, EX_SOFTWARE of sysexits."""
        return 70
