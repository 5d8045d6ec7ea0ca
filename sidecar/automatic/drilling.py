"""The drill: the newest backup of each place restored for real, into a database that is thrown away.

What comes out of that database is exported once more: if each section is byte for byte what the backup holds, every
value came back. A backup that was never restored is a hope.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from sidecar.archive.manifest import MANIFEST, Manifest
from sidecar.archive.zip_reading import ZipReader
from sidecar.automatic import own_files
from sidecar.automatic.answers import Drill, DrillResult, PlaceDrill
from sidecar.automatic.catalogue import Catalogue, Entry, PlaceState, locked, read_catalogue, write_catalogue
from sidecar.database.generations import known_of, make_generation
from sidecar.database.introspection import ENCODINGS, UTF8, read_schema
from sidecar.errors.backups import BackupError, DamagedBackup, TooNew, WouldLoseData
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import restore_copy
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import first_finding
from sidecar.rescue.own_schema import make_declared_schema
from sidecar.stage.head import read_head
from sidecar.system.files import open_source
from sidecar.system.names import sqlite_uri
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places
from sidecar.system.workfolder import work_errors, work_folder

PHASES = {"restore": 1.0}

OVERDUE = timedelta(days=30)
"""What was not tried for so long is tried by the run of a timer."""

AGAIN = timedelta(days=1)
"""The same where it could not be tried."""


def drill_backups(places: Places, now: datetime, progress: Progress) -> DrillResult:
    """Restore the newest proved backup of each place, compare every value, and remember the outcome.

    Raises BackupUnderWay, PathError where the catalogue cannot be written, Cancelled. The live database is not opened.
    """
    progress.plan(PHASES)
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        progress.phase("restore", len(catalogue.places), "places", "Trying to restore the newest backups")
        for folder, state in catalogue.places.items():
            _drill(Path(folder), state, places.work_dir, now, progress)
            write_catalogue(places.database, catalogue)
            progress.advance(1)
        return DrillResult(
            places=[PlaceDrill(path=folder, drill=state.drill) for folder, state in catalogue.places.items()]
        )


def drill_overdue(
    catalogue: Catalogue, work_dir: Path, now: datetime, progress: Progress, remember: Callable[[], None]
) -> list[PlaceDrill]:
    """The drill of each place that is there and was not tried for a month, or in vain for a day.

    :param remember: called after each. Raises what it raises, Cancelled.
    """
    tried = []
    for folder, state in catalogue.places.items():
        newest = state.newest_proved()
        if newest is not None and Path(folder).is_dir() and _is_overdue(state.drill, newest, now):
            _drill(Path(folder), state, work_dir, now, progress)
            tried.append(PlaceDrill(path=folder, drill=state.drill))
            remember()
    return tried


def _is_overdue(last: Drill | None, newest: Entry, now: datetime) -> bool:
    if last is None or (last.outcome == "rotten" and last.name != newest.name):
        # What did not come back has a successor, which is to show that it does.
        return True
    # By a clock that was put back, a drill of the future is none.
    return abs(now - last.when) >= (AGAIN if last.outcome == "not_tried" else OVERDUE)


def _drill(folder: Path, state: PlaceState, work_dir: Path, now: datetime, progress: Progress) -> None:
    newest = state.newest_proved()
    if newest is None:
        return
    outcome, detail = "fine", ""
    try:
        detail = _restore(folder / newest.name, newest, work_dir, now, progress)
        outcome = "rotten" if detail else "fine"
    except Cancelled:
        raise
    except (TooNew, WouldLoseData) as error:
        # Of a newer KiraPilot: sound for all that can be told here.
        outcome, detail = "not_tried", error.message
    except BackupError as error:
        outcome, detail = "rotten", error.message
    except SidecarError as error:
        outcome, detail = "not_tried", error.message
    if outcome == "rotten":
        newest.rotten = detail
    state.drill = Drill(when=now, name=newest.name, outcome=outcome, detail=detail)


def _restore(path: Path, entry: Entry, work_dir: Path, now: datetime, progress: Progress) -> str:
    """What does not come back of a backup, in words; "" if all does. Raises what the jobs raise."""
    with open_source(str(path)) as file, file_errors(path, Act.UNPACK):
        _, manifest = read_head(ZipReader(file))
    if manifest is None:
        raise DamagedBackup(detail=f"it has no {MANIFEST}")
    with work_folder(work_dir) as scratch, work_errors(work_dir):
        database, again = scratch / "drill.db", scratch / "again.kpbackup"
        _make_alike(manifest, database, progress)
        device = Places(database, work_dir)
        restore_copy(device, str(path), progress.quietly(), None)
        with closing(sqlite3.connect(sqlite_uri(database, "ro"), uri=True)) as connection:
            leading_nowhere = connection.execute("SELECT count(*) FROM pragma_foreign_key_check").fetchone()[0]
        finding = first_finding(database, progress)
        broken = [] if finding is None else [finding]
        if leading_nowhere > entry.dangling:
            broken.append(f"{leading_nowhere - entry.dangling:,} references lead nowhere")
        export_data(device, str(again), progress.quietly())
        if own_files.describe(again, now, "drill", progress).content != entry.content:
            broken.append("values differ from those of the backup")
    return "; ".join(broken)


def _make_alike(manifest: Manifest, database: Path, progress: Progress) -> None:
    """An empty database like the one that a backup was made of. Raises TooNew where nobody here can make one."""
    encoding = manifest.encoding if manifest.encoding in ENCODINGS else UTF8
    if manifest.schema is not msgspec.UNSET:
        if make_declared_schema(manifest.schema, database, progress, encoding) is None:
            raise TooNew(detail="its tables cannot be made here")
        return
    migrations = known_of([str(version) for version in manifest.migrations])
    make_generation(database, migrations, first_rows=(), encoding=encoding)
    with closing(sqlite3.connect(sqlite_uri(database, "ro"), uri=True)) as connection:
        made = read_schema(connection)
    for name, table in manifest.tables.items():
        if name not in made or dict(made[name].columns) != table.columns:
            raise TooNew(detail=f"nothing tells how its {name} are made")
