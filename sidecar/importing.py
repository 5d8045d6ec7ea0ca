"""Import and its preview: archive -> stage -> check -> difference -> (apply in one transaction)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sidecar.applying import apply, data_version
from sidecar.database import (
    database_errors,
    is_database_file,
    live_schema,
    open_for_import,
    open_for_reading,
    writing_only_below,
)
from sidecar.difference import Difference
from sidecar.errors import InvalidBackup, SameFile, SidecarError
from sidecar.places import Places
from sidecar.policies import apply_policies
from sidecar.problems import WARNING
from sidecar.progress import Progress
from sidecar.results import ImportPreview, ImportResult
from sidecar.settings import read_settings, restore_settings
from sidecar.validation import Judged, judged
from sidecar.workfolder import new_file, work_errors

PHASES = {"stage": 0.5, "check": 0.1, "apply": 0.4}


def import_data(
    places: Places,
    file_path: str,
    overwrite: bool,
    progress: Progress,
    allow_loss: bool = False,
    settings: Mapping[str, object] | None = None,
) -> ImportResult:
    """Bring a backup into the live database, in one transaction.

    :param overwrite: replace what the archive speaks of; else merge, where the database's rows win.
    :param allow_loss: leave out what the target has no place for, instead of raising WouldLoseData.
    :param settings: the frontend's own as they are now; their secrets go into what the result hands back.
    Raises BackupError, PathError, DatabaseError and their kin, AccountingMismatch, Cancelled; the
    database is then what it was.
    """
    device = read_settings(settings)
    with _compared(places, file_path, overwrite, progress, allow_loss) as target:
        restored = restore_settings(target.backup.contents.settings, device)
        apply(target.connection, target.difference, target.version, progress)
        return ImportResult(
            **msgspec.structs.asdict(target.backup.contents.metadata),
            overwrite=overwrite,
            tables=target.difference.accounts,
            warnings=[*target.warnings(), *restored.warnings],
            settings=restored.values,
        )


def preview_import(
    places: Places, file_path: str, overwrite: bool, progress: Progress, allow_loss: bool = False
) -> ImportPreview:
    """What ``import_data`` with the same arguments would do to the database as it is now; changes nothing.

    Raises what ``import_data`` raises.
    """
    with _compared(places, file_path, overwrite, progress, allow_loss) as target:
        difference = target.difference
        return ImportPreview(
            **msgspec.structs.asdict(target.backup.contents.metadata),
            overwrite=overwrite,
            tables=difference.accounts,
            examples={name: difference.examples(target.connection, name) for name in difference.accounts},
            warnings=target.warnings(),
        )


@dataclass
class _Target:
    """The live database with a judged backup beside it, and the difference between the two."""

    connection: sqlite3.Connection
    backup: Judged
    difference: Difference
    version: int

    def warnings(self) -> list[str]:
        return [*self.backup.problems.lines(WARNING), *self.difference.policy.warnings]


@contextmanager
def _compared(
    places: Places, file_path: str, overwrite: bool, progress: Progress, allow_loss: bool
) -> Iterator[_Target]:
    progress.plan(PHASES)
    if file_path and is_database_file(Path(file_path), places.database):
        raise SameFile(path=file_path)
    with _reassuring("Nothing was changed: "):
        # A database that cannot be used is told of at once, not after a minute of reading.
        encoding = _encoding(places.database, progress)
    with judged(file_path, places.work_dir, progress, encoding) as backup:
        backup.require_valid()
        backup.stage.close()
        with (
            _reassuring("Nothing was changed and the backup is fine: "),
            database_errors(places.database),
            closing(open_for_import(places.database)) as connection,
            _refusals(),
        ):
            yield _compare(connection, places.database, backup, overwrite, allow_loss, progress)


def _compare(
    connection: sqlite3.Connection,
    database: Path,
    backup: Judged,
    overwrite: bool,
    allow_loss: bool,
    progress: Progress,
) -> _Target:
    live = live_schema(connection, database, progress)
    connection.execute("PRAGMA main.cache_size = -49152")
    _attach(connection, "stage", backup.stage.path)
    # A database of its own: in the stage, any name of a table could be the archive's.
    _attach(connection, "plan", new_file(backup.stage.path.parent, "plan.db"))
    progress.phase("apply", sum(table.rows for table in backup.stage.tables.values()), "rows", "Importing")
    # Up to here and on to the transaction, only throw-away databases are written.
    with writing_only_below(backup.stage.path.parent.parent), progress.watching(connection):
        version = data_version(connection)
        policy = apply_policies(connection, backup.stage, live, overwrite, allow_loss)
        difference = Difference(overwrite, live, backup.stage, policy)
        difference.work_out(connection, progress)
    return _Target(connection, backup, difference, version)


def _attach(connection: sqlite3.Connection, name: str, path: Path) -> None:
    with work_errors(path.parent.parent):
        connection.execute(f"ATTACH DATABASE ? AS {name}", (f"{path.absolute().as_uri()}?mode=rwc",))
        # Every pragma names its schema: a bare one would hit the live database. Without a journal
        # a throw-away database also keeps a commit from needing a super-journal.
        connection.execute(f"PRAGMA {name}.synchronous = OFF")
        connection.execute(f"PRAGMA {name}.journal_mode = OFF")
        connection.execute(f"PRAGMA {name}.cache_size = -16384")


def _encoding(database: Path, progress: Progress) -> str:
    with database_errors(database), closing(open_for_reading(database)) as connection:
        live_schema(connection, database, progress)
        encoding: str = connection.execute("PRAGMA main.encoding").fetchone()[0]
        return encoding


@contextmanager
def _reassuring(words: str) -> Iterator[None]:
    """Say of every failure that is not the file's that the file is not to blame."""
    try:
        yield
    except SidecarError as error:
        if not error.blames_backup:
            error.reassurance = words
        raise


@contextmanager
def _refusals() -> Iterator[None]:
    """A constraint of the target that refuses a row is no damage to the database."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise InvalidBackup(
            detail=f"Nothing was changed: the database refuses a row of the backup ({error})"
        ) from error
