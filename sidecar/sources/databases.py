"""A database given as a backup: its raw copy in the work folder is proved before it counts as one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sidecar.database.integrity import look_through
from sidecar.errors.backups import DamagedBackup, NotABackup
from sidecar.progress import Progress


def require_sound(copy: Path, progress: Progress) -> None:
    """Raise DamagedBackup for a copy of a database that SQLite does not find sound."""
    try:
        with closing(sqlite3.connect(copy)) as connection, progress.watching(connection):
            # What a crash left beside it is rolled back by this.
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
            findings = look_through(connection)
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            # Nothing but its first bytes says that it ever was one.
            raise NotABackup(detail="it begins as a database, and is none that SQLite can read") from error
        raise DamagedBackup(detail="it is a database that SQLite cannot read") from error
    except UnicodeDecodeError as error:
        # SQLite names the part of the schema that it cannot read, byte for byte.
        raise DamagedBackup(detail="it is a database that SQLite cannot read") from error
    if findings.damage or findings.indexes:
        raise DamagedBackup(detail="it is a database, and parts of it are not as SQLite left them")
