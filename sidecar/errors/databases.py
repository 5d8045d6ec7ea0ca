"""KiraPilot's database is at fault, or in the way."""

from __future__ import annotations

from sidecar.errors.base import SidecarError


class DatabaseError(SidecarError):
    """KiraPilot's database cannot be used. {detail}"""

    kind = "database_error"


class DatabaseNotFound(DatabaseError):
    """There is no KiraPilot database at {path}. Start KiraPilot once, name the database file, or import your latest
    backup as a replacement: that makes one."""

    kind, code, hint = "database_not_found", 30, "Start KiraPilot once, name the database, or restore a backup."


class NoDatabaseFile(DatabaseNotFound):
    """{path} is a folder, or something else that is no file, and so no KiraPilot database. Name KiraPilot's database
    file (kirapilot.db), or move away what is there."""

    hint = "Name KiraPilot's database file, or move away what is there."


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


class StrayJournal(DatabaseError):
    """{path} lies beside KiraPilot's database and does not belong to it ({detail}): without that file the database is
    whole, and with it it would be spoilt. Close KiraPilot, move that one file to another folder, then try again."""

    kind, code, hint = "stray_journal", 125, "Close KiraPilot, move that file to another folder, then try again."


class JournalInTheWay(StrayJournal):
    """{path} is {detail}, and has the name of a file that SQLite keeps beside KiraPilot's database. Move it to another
    folder, then try again."""

    hint = "Move it to another folder, then try again."


class UnknownSchema(DatabaseError):
    """KiraPilot's database needs what this program does not have or know ({detail}), and was left as it is. Update
    KiraPilot, then try again."""

    kind, code, hint = "unknown_schema", 66, "Update KiraPilot, then try again."


class DatabaseReadOnly(DatabaseError):
    """KiraPilot's database cannot be opened ({detail}). Check the permissions of {path} and its folder."""

    kind, code, hint = "database_read_only", 35, "Check the permissions of the database and its folder."


class BeyondFormat(DatabaseError):
    """KiraPilot's database holds more than a backup can: {detail}. Shorten that, then export again; until then, copy
    the database file itself, with KiraPilot closed."""

    kind, code, hint = "beyond_format", 36, "Shorten that, then export again."


class CannotRemove(DatabaseError):
    """KiraPilot's database cannot let go of rows that the backup does not have: {detail}. Merge the backup instead."""

    kind, code, hint = "cannot_remove", 37, "Merge the backup: that removes nothing."


class CannotRebuild(DatabaseError):
    """KiraPilot's database is broken, and this program cannot make a new one for the backup ({detail}). Move {path}
    away, start KiraPilot once, which makes one, and import the backup again."""

    kind, code, hint = "cannot_rebuild", 53, "Move the database away, start KiraPilot once, and import again."


class CannotRepair(DatabaseError):
    """KiraPilot's database could not be repaired ({detail}), and was left as it was. Import your latest backup as a
    replacement: that makes a new one where this one is damaged."""

    kind, code, hint, reassures = "cannot_repair", 122, "Import your latest backup as a replacement.", True


class DatabaseInUse(DatabaseError):
    """KiraPilot's database is open in {detail}, and was left as it was. Close KiraPilot and whatever else uses it, then
    try again."""

    kind, code, hint, reassures = "database_in_use", 123, "Close KiraPilot, then try again.", True


class CannotCompact(DatabaseError):
    """KiraPilot's database could not be made smaller ({detail}), and holds what it did. Check the database first."""

    kind, code, hint, reassures = "cannot_compact", 124, "Check the database first.", True
