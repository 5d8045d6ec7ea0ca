"""A wreck, or a database that was kept as a file, back into its place, byte for byte, as an undo does it.

What is there now is kept first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sidecar.archive.settings import read_settings
from sidecar.database.connection import open_for_reading
from sidecar.database.digest import take_digest
from sidecar.errors.databases import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseNotFound,
    JournalInTheWay,
    NotADatabase,
    NotKiraPilot,
    StrayJournal,
)
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.export.safety_copies import SafetyCopy
from sidecar.jobs.keeping_wrecks import keep_wreck
from sidecar.progress import Progress
from sidecar.rescue.placing import put_back
from sidecar.rescue.wrecks import SetAside, file_state, same_bytes
from sidecar.results import ImportPreview, UndoResult
from sidecar.system.files import resolved
from sidecar.system.names import sqlite_uri
from sidecar.system.paths import Places

PHASES = {"copy": 0.8, "apply": 0.2}

_AGAIN = "A second undo brings back what was there now"
BROKEN = f"This is the broken database as it was: KiraPilot cannot use it. {_AGAIN}"
WHOLE = f"This is the database as it was before the import, as a file. {_AGAIN}"
RESTART = "Restart KiraPilot: until then it uses the database that was there"


def is_in_place(wreck: SetAside, database: Path, progress: Progress) -> bool:
    """Whether the database is this very wreck, or holds just what was kept: an undo has put it back already.

    Raises PathError, Cancelled.
    """
    database = resolved(database)
    if not database.is_file():
        return False
    return same_bytes(wreck.path, database) or (wreck.is_sound and _same_data(wreck.path, database, progress))


def _same_data(kept: Path, database: Path, progress: Progress) -> bool:
    """With a write-ahead log the file alone does not say what is in it."""
    try:
        with (
            closing(sqlite3.connect(sqlite_uri(kept, "ro"), uri=True)) as first,
            closing(open_for_reading(database)) as second,
        ):
            return take_digest(first, progress) == take_digest(second, progress)
    except (sqlite3.Error, DatabaseError):
        # It is broken now, or busy: what keeps it from being replaced is told then.
        return False


def put_wreck_back(
    places: Places,
    wreck: SetAside,
    progress: Progress,
    settings: Mapping[str, object] | None,
    agreed: str | None,
) -> UndoResult:
    """Put a wreck back, once what is there now has been kept: in a safety copy, or set aside if it is broken as well.

    :param agreed: token of the preview that was agreed to.
    Raises ChangedSincePreview, SafetyCopyFailed, PathError, DatabaseError and their kin, Cancelled: the database is
    then what it was.
    """
    progress.plan(PHASES)
    if agreed not in (None, _token(places, wreck)):
        raise ChangedSincePreview(detail="KiraPilot's data has changed")
    device = read_settings(settings)
    copy = SafetyCopy(places, settings, lambda: progress.part("copy", "Saving the present data"))
    aside: SetAside | None = None
    try:
        aside = _keep(places, copy, progress)
        what = "database" if wreck.is_sound else "broken database"
        progress.phase("apply", 1, "files", f"Putting the {what} back")
        put_back(wreck, places.database)
    except BaseException:
        copy.discard()
        if aside is not None:
            aside.remove()
        raise
    copy.settle(str(wreck.path))
    remarks = (*copy.warnings, *(aside.remarks if aside is not None else ()))
    return UndoResult(
        created_at=_said(wreck),
        path=str(wreck.path),
        overwrite=True,
        tables={},
        settings=None,
        safety_copy=str(copy.path) if copy.path else None,
        wreck=str(aside.path) if aside is not None and aside.was_there else None,
        warnings=[_what_it_is(wreck), RESTART, *(device.warnings if copy.path else ()), *remarks],
    )


def preview_wreck(places: Places, wreck: SetAside) -> ImportPreview:
    """What putting a wreck back would do, which is not a matter of rows."""
    kind = "the copy of the database that was made before the import" if wreck.is_sound else "the broken database"
    what = f"All data in {places.database} gives way to {kind}, after a safety copy of it has been made"
    return ImportPreview(
        created_at=_said(wreck),
        overwrite=True,
        tables={},
        examples={},
        warnings=[what, _what_it_is(wreck)],
        token=_token(places, wreck),
    )


def _what_it_is(wreck: SetAside) -> str:
    return WHOLE if wreck.is_sound else BROKEN


def _token(places: Places, wreck: SetAside) -> str:
    return f"{wreck.path.name}-{file_state(places.database)}"


def _keep(places: Places, copy: SafetyCopy, progress: Progress) -> SetAside | None:
    """Make the safety copy; of what no safety copy can be made, because it is broken itself, set aside the file."""
    try:
        copy.make()
    except JournalInTheWay:
        raise
    except (DatabaseNotFound, DatabaseDamaged, NotADatabase, NotKiraPilot, StrayJournal):
        return keep_wreck(places, progress)
    return None


def _said(wreck: SetAside) -> str:
    return wreck.moment.isoformat().replace("+00:00", "Z")
