"""The backup is at fault, or what was chosen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidecar.errors.base import SidecarError


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


class SelectionError(BackupError):
    """What is to be taken of the backup cannot be. {detail}"""

    kind = "selection_error"


class NothingSelected(SelectionError):
    """Nothing that is there is what was chosen. Choose other lists, types, words or days."""

    kind, code, hint = "nothing_selected", 71, "Choose something that is there."


class NoSuchRows(SelectionError):
    """There are no such {detail}. Look first, and choose what is there."""

    kind, code, hint = "no_such_rows", 72, "Choose something that is there."


class SelectionTurnedRound(SelectionError):
    """The last day chosen lies before the first one, {detail}. Turn them round."""

    kind, code, hint = "days_turned_round", 73, "Turn the days round."


class NotWhole(BackupError):
    """The safety copy holds a part of the data alone ({detail}), and does not stand for all of it. Import it instead:
    that removes nothing."""

    kind, code, hint = "not_whole", 107, "Import it: that removes nothing."
