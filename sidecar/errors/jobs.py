"""A job cannot be done, or its proof failed: imports, undos, automatic backups, timers, comparisons."""

from __future__ import annotations

from sidecar.errors.base import SidecarError


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

    kind, code = "safety_copy_failed", 43
    hint = "Make room in that folder, let it be written to, or plug its disk in, and try again."


class NoSafetyCopy(SidecarError):
    """There is nothing to undo: {path} holds no safety copy. Import a backup of your own instead."""

    kind, code, hint = "no_safety_copy", 44, "Import a backup of your own instead."


class NothingReplaced(SidecarError):
    """There is nothing to undo: the last import found no database, and made {path}. Import a backup of your own
    instead."""

    kind, code, hint = "nothing_replaced", 54, "Import a backup of your own instead."


class ChangedSincePreview(SidecarError):
    """Nothing was changed, for this is no longer what the preview showed: {detail}. Look at a new preview first."""

    kind, code, hint, reassures = "changed_since_preview", 65, "Look at a new preview, then agree to that.", True


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
